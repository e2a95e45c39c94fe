/*
 * evaluate.c
 *		The evaluator: runs a program over a block of rows.
 *
 * Each instruction is a small static function looping over the selected rows.
 * What an instruction means for one row stands in a function of its own where
 * it is more than a line.
 */
#include "postgres.h"

#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

#include "base/local_time.h"
#include "expression/horizon.h"
#include "expression/jsonb_value.h"
#include "expression/program.h"

#define FOR_EACH_ROW CLIENTELE_FOR_EACH_ROW

typedef ClienteleSelection Selection;

/*
 * For instructions that most rules consist of: they become part of the loop, and
 * for a block of one row the loop over rows disappears.  They get a copy of the
 * instruction, because the compiler must assume that what they write to a row could
 * change the instruction itself.
 */
#define HOT static pg_attribute_always_inline

/*
 * Rows that are all selected have a loop of their own, which need not look them up.
 * In timed programs no truth goes into the one that stands in the target: the
 * compiler may know.
 */
#define RUN_HOT(function) \
	do { \
		ClienteleInstruction copy = *at; \
		\
		if (timed) \
		{ \
			copy.highest = CLIENTELE_UNBOUNDED_ABOVE; \
			copy.lowest = CLIENTELE_UNBOUNDED_BELOW; \
		} \
		if (rows.rows == NULL) \
			function(&copy, (Selection) {NULL, rows.count}); \
		else \
			function(&copy, rows); \
	} while (0)

/* ---------- errors ---------- */

/*
 * A row's value cannot be had.  One customer must not stop a batch: in a lenient
 * program that makes it NULL, and is counted.
 */
static void
no_value(ClienteleProgram *program, const ClienteleInstruction *at, int row, int sqlstate,
		 const char *message, const char *hint)
{
	if (program->lenient)
	{
		program->failures++;
		at->target[row].state = CLIENTELE_NULL;
		return;
	}
	ereport(ERROR,
			(errcode(sqlstate),
			 errmsg("%s", message),
			 hint ? errhint("%s", hint) : 0,
			 clientele_expression_position(program->texts[at->detail->rule], at->detail->location)));
}

/* ---------- comparison ---------- */

/*
 * Delivers an instruction's truth value; where AND or OR would have been the
 * next step, into the truth that stands there.
 */
static inline void
put_state(const ClienteleInstruction *at, int row, uint8 state)
{
	uint8	   *there = &at->target[row].state;

	if (at->highest == CLIENTELE_UNBOUNDED_ABOVE && at->lowest == CLIENTELE_UNBOUNDED_BELOW)
		*there = state;
	else
		*there = Max(Min(state, *there | at->highest), *there & at->lowest);
}

static inline void
put_truth(const ClienteleInstruction *at, int row, bool truth)
{
	put_state(at, row, truth ? CLIENTELE_TRUE : CLIENTELE_FALSE);
}

/* The same of values whose states are or'ed in `states`; none may be a boolean. */
static inline void
put_truth_if_known(const ClienteleInstruction *at, int row, bool truth, uint8 states)
{
	put_state(at, row, states == CLIENTELE_KNOWN ? truth * CLIENTELE_TRUE : CLIENTELE_NULL);
}

static inline bool
either_is_null(const ClienteleCell *a, const ClienteleCell *b)
{
	return a->state == CLIENTELE_NULL || b->state == CLIENTELE_NULL;
}

/*
 * Numbers of one scale are compared whether they are known or not: no branch is
 * better than one that cannot be foreseen.
 */
HOT void
compare_number(const ClienteleInstruction *at, Selection rows)
{
	FOR_EACH_ROW(i, rows)
	{
		const ClienteleCell *a = &at->a[i];
		const ClienteleCell *b = &at->b[i];
		uint8		states = a->state | b->state;
		int			order = 0;

		if (likely(a->scale == b->scale && a->scale >= 0))
			order = (a->u.integer > b->u.integer) - (a->u.integer < b->u.integer);
		else if (states == CLIENTELE_KNOWN)
			order = clientele_decimal_compare_slow(clientele_cell_number(a), clientele_cell_number(b));
		put_truth_if_known(at, i, clientele_comparison_holds(at->comparison, order), states);
	}
}

/* The same of a number with a constant: its units lie in a range, or they do not. */
HOT void
compare_with_constant(const ClienteleInstruction *at, Selection rows)
{
	const ClienteleRange *ranges = at->detail->ranges;
	bool		outside = at->comparison == CLIENTELE_NE;

	FOR_EACH_ROW(i, rows)
	{
		const ClienteleCell *a = &at->a[i];
		bool		truth = false;

		if (likely((uint32) a->scale <= CLIENTELE_DECIMAL_MAX_SCALE))
			truth = ((a->u.integer >= ranges[a->scale].low) & (a->u.integer <= ranges[a->scale].high)) != outside;
		else if (a->state == CLIENTELE_KNOWN)
			truth = clientele_comparison_holds(at->comparison,
											   clientele_decimal_compare_slow(clientele_cell_number(a),
																			  clientele_cell_number(&at->b[i])));
		put_truth_if_known(at, i, truth, a->state);
	}
}

HOT void
compare_integer(const ClienteleInstruction *at, Selection rows)
{
	FOR_EACH_ROW(i, rows)
	{
		const ClienteleCell *a = &at->a[i];
		const ClienteleCell *b = &at->b[i];
		int			order = (a->u.integer > b->u.integer) - (a->u.integer < b->u.integer);

		put_truth_if_known(at, i, clientele_comparison_holds(at->comparison, order), a->state | b->state);
	}
}

/* Most unequal texts differ in length, or at an end. */
static inline bool
text_equal(const ClienteleCell *a, const ClienteleCell *b)
{
	return a->scale == b->scale && a->ends == b->ends &&
		(a->scale <= 2 || memcmp(VARDATA_ANY(a->u.text), VARDATA_ANY(b->u.text), a->scale) == 0);
}

HOT void
compare_text(const ClienteleInstruction *at, Selection rows)
{
	FOR_EACH_ROW(i, rows)
	{
		const ClienteleCell *a = &at->a[i];
		const ClienteleCell *b = &at->b[i];

		if (unlikely((a->state | b->state) != CLIENTELE_KNOWN))
			put_state(at, i, CLIENTELE_NULL);
		else if (at->comparison == CLIENTELE_EQ || at->comparison == CLIENTELE_NE)
			put_truth(at, i, text_equal(a, b) == (at->comparison == CLIENTELE_EQ));
		else
			put_truth(at, i, clientele_comparison_holds(at->comparison, clientele_compare_text(a->u.text, b->u.text)));
	}
}

HOT void
compare_boolean(const ClienteleInstruction *at, Selection rows)
{
	FOR_EACH_ROW(i, rows)
	{
		const ClienteleCell *a = &at->a[i];
		const ClienteleCell *b = &at->b[i];

		if (either_is_null(a, b))
			put_state(at, i, CLIENTELE_NULL);
		else
			put_truth(at, i, clientele_comparison_holds(at->comparison, (a->state > b->state) - (a->state < b->state)));
	}
}

/* Two json values of which only the data tells the types. */
static void
compare_json(ClienteleProgram *program, const ClienteleInstruction *at, Selection rows)
{
	FOR_EACH_ROW(i, rows)
	{
		int			order;

		if (either_is_null(&at->a[i], &at->b[i]))
			put_state(at, i, CLIENTELE_NULL);
		else if (clientele_jsonb_compare(&at->a[i], &at->b[i], at->comparison, &order))
			put_truth(at, i, clientele_comparison_holds(at->comparison, order));
		else
			no_value(program, at, i, ERRCODE_DATATYPE_MISMATCH,
					 psprintf("a json %s cannot be compared with a json %s this way",
							  clientele_jsonb_kind(&at->a[i]), clientele_jsonb_kind(&at->b[i])),
					 NULL);
	}
}

/* Up to this length, looking at each is faster than a binary search. */
#define SHORT_LIST 8

static inline bool
cells_equal(ClienteleType type, const ClienteleCell *a, const ClienteleCell *b)
{
	return type == CLIENTELE_TEXT ? text_equal(a, b) : clientele_compare_cells(type, a, b) == 0;
}

static bool
short_list_contains(const ClienteleInstruction *at, const ClienteleCell *wanted)
{
	for (int i = 0; i < at->detail->list_length; i++)
	{
		if (cells_equal(at->value_type, wanted, &at->detail->list[i]))
			return true;
	}
	return false;
}

static bool
list_contains(const ClienteleInstruction *at, const ClienteleCell *wanted)
{
	int			low = 0;
	int			high = at->detail->list_length - 1;

	if (at->detail->list_length <= SHORT_LIST)
		return short_list_contains(at, wanted);
	while (low <= high)
	{
		int			middle = (low + high) / 2;
		int			order = clientele_compare_cells(at->value_type, wanted, &at->detail->list[middle]);

		if (order == 0)
			return true;
		if (order < 0)
			high = middle - 1;
		else
			low = middle + 1;
	}
	return false;
}

static void
test_in(const ClienteleInstruction *at, Selection rows)
{
	FOR_EACH_ROW(i, rows)
	{
		if (at->a[i].state == CLIENTELE_NULL)
			put_state(at, i, CLIENTELE_NULL);
		else
			put_truth(at, i, list_contains(at, &at->a[i]) != at->negated);
	}
}

static void
test_like(const ClienteleInstruction *at, Selection rows)
{
	FOR_EACH_ROW(i, rows)
	{
		if (at->a[i].state == CLIENTELE_NULL)
			put_state(at, i, CLIENTELE_NULL);
		else
			put_truth(at, i, DatumGetBool(DirectFunctionCall2Coll(textlike, C_COLLATION_OID,
														   PointerGetDatum(at->a[i].u.text),
														   PointerGetDatum(at->detail->list->u.text))) != at->negated);
	}
}

static void
test_starts_with(const ClienteleInstruction *at, Selection rows)
{
	FOR_EACH_ROW(i, rows)
	{
		const ClienteleCell *a = &at->a[i];
		const ClienteleCell *b = &at->b[i];

		if (either_is_null(a, b))
			put_state(at, i, CLIENTELE_NULL);
		else
		{
			size_t		length = VARSIZE_ANY_EXHDR(b->u.text);

			put_truth(at, i, length <= VARSIZE_ANY_EXHDR(a->u.text) &&
					  memcmp(VARDATA_ANY(a->u.text), VARDATA_ANY(b->u.text), length) == 0);
		}
	}
}

static bool
array_contains(ArrayType *array, const ClienteleCell *wanted)
{
	Datum	   *elements;
	bool	   *nulls;
	int			count;

	deconstruct_array(array, ARR_ELEMTYPE(array), -1, false, TYPALIGN_INT, &elements, &nulls, &count);
	for (int i = 0; i < count; i++)
	{
		ClienteleCell element;

		if (nulls[i])
			continue;
		clientele_cell_set_text(&element, (text *) DatumGetPointer(elements[i]));
		if (text_equal(&element, wanted))
			return true;
	}
	return false;
}

static void
test_contains(const ClienteleInstruction *at, Selection rows)
{
	FOR_EACH_ROW(i, rows)
	{
		if (either_is_null(&at->a[i], &at->b[i]))
			put_state(at, i, CLIENTELE_NULL);
		else
			put_truth(at, i, array_contains(at->a[i].u.array, &at->b[i]));
	}
}

HOT void
test_null(const ClienteleInstruction *at, Selection rows)
{
	FOR_EACH_ROW(i, rows)
		put_truth(at, i, (at->a[i].state == CLIENTELE_NULL) != at->negated);
}

/* ---------- booleans ---------- */

HOT void
do_and(const ClienteleInstruction *at, Selection rows)
{
	FOR_EACH_ROW(i, rows)
		at->a[i].state = Min(at->a[i].state, at->b[i].state);
}

HOT void
do_or(const ClienteleInstruction *at, Selection rows)
{
	FOR_EACH_ROW(i, rows)
		at->a[i].state = Max(at->a[i].state, at->b[i].state);
}

HOT void
do_not(const ClienteleInstruction *at, Selection rows)
{
	FOR_EACH_ROW(i, rows)
		put_state(at, i, CLIENTELE_TRUE - at->a[i].state);
}

HOT void
test_true(const ClienteleInstruction *at, Selection rows)
{
	FOR_EACH_ROW(i, rows)
		put_truth(at, i, at->a[i].state == CLIENTELE_TRUE);
}

/* ---------- any type ---------- */

HOT void
move(const ClienteleInstruction *at, Selection rows)
{
	FOR_EACH_ROW(i, rows)
		at->target[i] = at->a[i];
}

/* SQL's least and greatest: nulls do not take part. */
static void
keep_extreme(const ClienteleInstruction *at, Selection rows, int sign)
{
	FOR_EACH_ROW(i, rows)
	{
		if (at->b[i].state == CLIENTELE_NULL)
			continue;
		if (at->a[i].state == CLIENTELE_NULL ||
			sign * clientele_compare_cells(at->value_type, &at->b[i], &at->a[i]) > 0)
			at->a[i] = at->b[i];
	}
}

/* ---------- numbers ---------- */

typedef bool (*BinaryNumber) (ClienteleDecimal a, ClienteleDecimal b, ClienteleDecimal *result);

static void
binary_number(ClienteleProgram *program, const ClienteleInstruction *at, Selection rows,
			  BinaryNumber function)
{
	FOR_EACH_ROW(i, rows)
	{
		ClienteleDecimal result;

		if (either_is_null(&at->a[i], &at->b[i]))
			at->target[i].state = CLIENTELE_NULL;
		else if (function(clientele_cell_number(&at->a[i]), clientele_cell_number(&at->b[i]), &result))
			clientele_cell_set_number(&at->target[i], result);
		else
			no_value(program, at, i, ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE, "number out of range", NULL);
	}
}

static void
divide(ClienteleProgram *program, const ClienteleInstruction *at, Selection rows)
{
	FOR_EACH_ROW(i, rows)
	{
		ClienteleDecimal result;

		if (either_is_null(&at->a[i], &at->b[i]))
			at->target[i].state = CLIENTELE_NULL;
		else if (clientele_decimal_sign(clientele_cell_number(&at->b[i])) == 0)
			no_value(program, at, i, ERRCODE_DIVISION_BY_ZERO, "division by zero",
					 "Guard it: case when visits <> 0 then spend / visits end.");
		else if (clientele_decimal_divide(clientele_cell_number(&at->a[i]), clientele_cell_number(&at->b[i]), &result))
			clientele_cell_set_number(&at->target[i], result);
		else
			no_value(program, at, i, ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE, "number out of range", NULL);
	}
}

typedef ClienteleDecimal (*UnaryNumber) (ClienteleDecimal value);

static void
unary_number(const ClienteleInstruction *at, Selection rows, UnaryNumber function)
{
	FOR_EACH_ROW(i, rows)
	{
		if (at->a[i].state == CLIENTELE_NULL)
			at->target[i].state = CLIENTELE_NULL;
		else
			clientele_cell_set_number(&at->target[i], function(clientele_cell_number(&at->a[i])));
	}
}

static void
round_number(const ClienteleInstruction *at, Selection rows)
{
	FOR_EACH_ROW(i, rows)
	{
		if (at->a[i].state == CLIENTELE_NULL)
			at->target[i].state = CLIENTELE_NULL;
		else
			clientele_cell_set_number(&at->target[i],
									  clientele_decimal_round(clientele_cell_number(&at->a[i]), at->detail->places));
	}
}

/* ---------- time ---------- */

static void
local_date(const ClienteleProgram *program, const ClienteleInstruction *at, Selection rows)
{
	FOR_EACH_ROW(i, rows)
	{
		if (at->a[i].state == CLIENTELE_NULL)
			at->target[i].state = CLIENTELE_NULL;
		else
			clientele_cell_set_integer(&at->target[i], clientele_local_date(at->a[i].u.integer, program->zone));
	}
}

/* The whole number of days in a cell; false where there is none. */
static bool
whole_days(ClienteleProgram *program, const ClienteleInstruction *at, int row,
		   const ClienteleCell *cell, int64 *result)
{
	ClienteleDecimal days = clientele_cell_number(cell);
	ClienteleDecimal whole = clientele_decimal_round(days, 0);

	if (clientele_decimal_compare(days, whole) != 0)
	{
		no_value(program, at, row, ERRCODE_INVALID_PARAMETER_VALUE,
				 psprintf("%s is not a whole number of days", clientele_decimal_to_string(days)),
				 "Round it first: birthday + round(x).");
		return false;
	}
	if (whole.scale != 0 || whole.u.units > PG_INT32_MAX || whole.u.units < PG_INT32_MIN)
	{
		no_value(program, at, row, ERRCODE_DATETIME_VALUE_OUT_OF_RANGE, "date out of range", NULL);
		return false;
	}
	*result = whole.u.units;
	return true;
}

static void
add_days(ClienteleProgram *program, const ClienteleInstruction *at, Selection rows)
{
	FOR_EACH_ROW(i, rows)
	{
		int64		days;
		int64		date;

		if (either_is_null(&at->a[i], &at->b[i]))
		{
			at->target[i].state = CLIENTELE_NULL;
			continue;
		}
		if (!whole_days(program, at, i, &at->b[i], &days))
			continue;
		date = at->a[i].u.integer;
		if (!DATE_NOT_FINITE((DateADT) date))
			date += at->negated ? -days : days;
		if (!DATE_NOT_FINITE((DateADT) at->a[i].u.integer) && !IS_VALID_DATE(date))
			no_value(program, at, i, ERRCODE_DATETIME_VALUE_OUT_OF_RANGE, "date out of range", NULL);
		else
			clientele_cell_set_integer(&at->target[i], date);
	}
}

/* Between a day and eternity there is no number of days. */
static void
days_between(const ClienteleInstruction *at, Selection rows)
{
	FOR_EACH_ROW(i, rows)
	{
		const ClienteleCell *a = &at->a[i];
		const ClienteleCell *b = &at->b[i];

		if (either_is_null(a, b) ||
			DATE_NOT_FINITE((DateADT) a->u.integer) || DATE_NOT_FINITE((DateADT) b->u.integer))
			at->target[i].state = CLIENTELE_NULL;
		else
			clientele_cell_set_integer(&at->target[i], a->u.integer - b->u.integer);
	}
}

/* Applies an instruction that reads one finite date. */
static void
date_part(const ClienteleProgram *program, const ClienteleInstruction *at, Selection rows)
{
	FOR_EACH_ROW(i, rows)
	{
		DateADT		date = (DateADT) at->a[i].u.integer;
		int			part = 0;

		if (at->a[i].state == CLIENTELE_NULL || DATE_NOT_FINITE(date))
		{
			at->target[i].state = CLIENTELE_NULL;
			continue;
		}
		switch (at->op)
		{
			case CLIENTELE_OP_MONTHS_SINCE:
				part = clientele_months_between(date, program->today_date);
				break;
			case CLIENTELE_OP_YEARS_SINCE:
				part = clientele_years_between(date, program->today_date);
				break;
			case CLIENTELE_OP_MONTH:
				part = clientele_month_of(date);
				break;
			case CLIENTELE_OP_DAY:
				part = clientele_day_of(date);
				break;
			case CLIENTELE_OP_WEEKDAY:
				part = clientele_weekday_of(date);
				break;
			default:
				Assert(false);
		}
		clientele_cell_set_integer(&at->target[i], part);
	}
}

/* ---------- json ---------- */

/* A path as the rule has it, for a message. */
static char *
whole_name(const ClienteleNode *name)
{
	char	   *text = pstrdup(name->string);

	for (name = name->next_name; name; name = name->next_name)
		text = psprintf("%s.%s", text, name->string);
	return text;
}

static void
read_json(ClienteleProgram *program, const ClienteleInstruction *at, Selection rows)
{
	FOR_EACH_ROW(i, rows)
	{
		if (at->a[i].state == CLIENTELE_NULL)
			at->target[i].state = CLIENTELE_NULL;
		else if (!clientele_jsonb_read(at->a[i].u.pointer, at->detail->path, at->value_type,
									  program->zone, &at->target[i]))
			no_value(program, at, i, ERRCODE_DATATYPE_MISMATCH,
					 psprintf("\"%s\" holds a json %s where a %s is needed",
							  whole_name(at->detail->name), clientele_jsonb_kind(&at->target[i]),
							  clientele_type_name(at->value_type)),
					 at->value_type == CLIENTELE_TIMESTAMP ?
					 "Write it as \"2026-06-30 18:00\" or, with an offset, \"2026-06-30 18:00+08:00\"." :
					 at->value_type == CLIENTELE_DATE ?
					 "Write it as \"2026-06-30\"." : NULL);
	}
}

/* ---------- selection ---------- */

/* Whether a cell in that state passes the test; a table of bits, as above. */
static inline bool
passes(ClienteleTest test, uint8 state)
{
	enum
	{
		FALSE_PASSES = 1 << CLIENTELE_FALSE,
		NULL_PASSES = 1 << CLIENTELE_NULL,
		TRUE_PASSES = 1 << CLIENTELE_TRUE
	};
	static const uint8 passing[] = {
		[CLIENTELE_TEST_ALL] = FALSE_PASSES | NULL_PASSES | TRUE_PASSES,
		[CLIENTELE_TEST_NOT_FALSE] = NULL_PASSES | TRUE_PASSES,
		[CLIENTELE_TEST_NOT_TRUE] = FALSE_PASSES | NULL_PASSES,
		[CLIENTELE_TEST_TRUE] = TRUE_PASSES,
		[CLIENTELE_TEST_NULL] = NULL_PASSES
	};

	return (passing[test] >> state) & 1;
}

/* Writes the rows that pass to `to`, which may be where they come from. */
static int
select_rows(const ClienteleInstruction *at, Selection rows, int *to)
{
	const ClienteleCell *a = at->a;
	ClienteleTest test = (ClienteleTest) at->test;
	int			count = 0;

	/* without a branch, which could not be foreseen */
	FOR_EACH_ROW(i, rows)
	{
		to[count] = i;
		count += passes(test, a[i].state);
	}
	return count;
}

/* ---------- the loop ---------- */

/*
 * Runs the program.  `single` and `timed` are constants to the compiler: for one
 * row, a selection is nothing but a jump; and only timed programs ask at each
 * instruction until when its result holds.  They ask before it changes an operand.
 */
static pg_attribute_always_inline void
run(ClienteleProgram *program, int nrows, const bool single, const bool timed)
{
	const ClienteleInstruction *at = program->instructions;
	Selection	rows = {NULL, single ? 1 : nrows};
	int			level = 0;

	for (;; at++)
	{
		if (timed && !at->lasting)
			clientele_horizons_of_result(program, at, rows);
		switch ((ClienteleOp) at->op)
		{
			case CLIENTELE_OP_ENTER:
			case CLIENTELE_OP_NARROW:
				if (single)
				{
					if (!passes(at->test, at->a->state))
						at = &program->instructions[at->jump];
					break;
				}
				if (at->op == CLIENTELE_OP_ENTER)
				{
					program->outer[level] = rows.count;
					level++;
				}
				rows.count = select_rows(at, rows, program->selected[level]);
				rows.rows = program->selected[level];
				if (rows.count == 0)
					at = &program->instructions[at->jump - 1];
				break;
			case CLIENTELE_OP_LEAVE:
				if (single)
					break;
				level--;
				rows.rows = level == 0 ? NULL : program->selected[level];
				rows.count = program->outer[level];
				break;
			case CLIENTELE_OP_MOVE:
				RUN_HOT(move);
				break;
			case CLIENTELE_OP_UNTIL:
			case CLIENTELE_OP_SOONER:
				break;
			case CLIENTELE_OP_IS_NULL:
				RUN_HOT(test_null);
				break;
			case CLIENTELE_OP_LEAST:
				keep_extreme(at, rows, -1);
				break;
			case CLIENTELE_OP_GREATEST:
				keep_extreme(at, rows, 1);
				break;
			case CLIENTELE_OP_AND:
				RUN_HOT(do_and);
				break;
			case CLIENTELE_OP_OR:
				RUN_HOT(do_or);
				break;
			case CLIENTELE_OP_NOT:
				RUN_HOT(do_not);
				break;
			case CLIENTELE_OP_IS_TRUE:
				RUN_HOT(test_true);
				break;
			case CLIENTELE_OP_COMPARE_NUMBER:
				if (single || at->detail->ranges == NULL)
					RUN_HOT(compare_number);
				else
					RUN_HOT(compare_with_constant);
				break;
			case CLIENTELE_OP_COMPARE_INTEGER:
				RUN_HOT(compare_integer);
				break;
			case CLIENTELE_OP_COMPARE_TEXT:
				RUN_HOT(compare_text);
				break;
			case CLIENTELE_OP_COMPARE_BOOLEAN:
				RUN_HOT(compare_boolean);
				break;
			case CLIENTELE_OP_COMPARE_JSON:
				compare_json(program, at, rows);
				break;
			case CLIENTELE_OP_IN:
				test_in(at, rows);
				break;
			case CLIENTELE_OP_LIKE:
				test_like(at, rows);
				break;
			case CLIENTELE_OP_STARTS_WITH:
				test_starts_with(at, rows);
				break;
			case CLIENTELE_OP_CONTAINS:
				test_contains(at, rows);
				break;
			case CLIENTELE_OP_ADD:
				binary_number(program, at, rows, clientele_decimal_add);
				break;
			case CLIENTELE_OP_SUBTRACT:
				binary_number(program, at, rows, clientele_decimal_subtract);
				break;
			case CLIENTELE_OP_MULTIPLY:
				binary_number(program, at, rows, clientele_decimal_multiply);
				break;
			case CLIENTELE_OP_DIVIDE:
				divide(program, at, rows);
				break;
			case CLIENTELE_OP_NEGATE:
				unary_number(at, rows, clientele_decimal_negate);
				break;
			case CLIENTELE_OP_ABS:
				unary_number(at, rows, clientele_decimal_absolute);
				break;
			case CLIENTELE_OP_FLOOR:
				unary_number(at, rows, clientele_decimal_floor);
				break;
			case CLIENTELE_OP_ROUND:
				round_number(at, rows);
				break;
			case CLIENTELE_OP_LOCAL_DATE:
				local_date(program, at, rows);
				break;
			case CLIENTELE_OP_ADD_DAYS:
				add_days(program, at, rows);
				break;
			case CLIENTELE_OP_DAYS_BETWEEN:
				days_between(at, rows);
				break;
			case CLIENTELE_OP_MONTHS_SINCE:
			case CLIENTELE_OP_YEARS_SINCE:
			case CLIENTELE_OP_MONTH:
			case CLIENTELE_OP_DAY:
			case CLIENTELE_OP_WEEKDAY:
				date_part(program, at, rows);
				break;
			case CLIENTELE_OP_JSON:
				read_json(program, at, rows);
				break;
			case CLIENTELE_OP_CALL:
				at->detail->call(at->detail->argument, nrows);
				break;
			case CLIENTELE_OP_END:
				return;
		}
	}
}

void
clientele_program_run(ClienteleProgram *program, int nrows)
{
	CHECK_FOR_INTERRUPTS();
	Assert(nrows <= program->capacity);
	if (program->timed)
	{
		if (nrows == 1)
			run(program, 1, true, true);
		else
			run(program, nrows, false, true);
	}
	else if (nrows == 1)
		run(program, 1, true, false);
	else
		run(program, nrows, false, false);
}

/* ---------- the clock ---------- */

static void
fill(ClienteleProgram *program, ClienteleCell *target, int64 value)
{
	for (int i = 0; i < program->capacity; i++)
		clientele_cell_set_integer(&target[i], value);
}

void
clientele_program_set_clock(ClienteleProgram *program, const ClienteleClock *clock)
{
	const char *example = "Pass both after the rule, such as now() and 'Asia/Shanghai'.";
	bool		was_set;

	if (program->needs_as_of && !clock->has_as_of)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("the rule depends on the time, but as_of is not given"),
				 errhint("%s", example)));
	if (program->needs_as_of && TIMESTAMP_NOT_FINITE(clock->as_of))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("as_of must be a finite instant"),
				 errhint("%s", example)));
	if (program->needs_zone && clock->zone == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("the rule depends on calendar days, but time_zone is not given"),
				 errhint("%s", example)));

	if (program->zone != clock->zone)
	{
		program->zone = clock->zone;
		program->clock_is_set = false;
		if (clock->zone)
			for (int i = 0; i < program->nzoned; i++)
				fill(program, program->zoned[i].target,
					 clientele_instant(program->zoned[i].local, clock->zone));
	}
	if (!clock->has_as_of || (program->clock_is_set && program->as_of == clock->as_of))
		return;

	was_set = program->clock_is_set;
	program->as_of = clock->as_of;
	program->clock_is_set = true;
	if (program->now)
		fill(program, program->now, clock->as_of);
	if (program->needs_zone && program->needs_as_of)
	{
		DateADT		today = clientele_local_date(clock->as_of, clock->zone);

		if (program->today && !(was_set && program->today_date == today))
			fill(program, program->today, today);
		program->today_date = today;
	}
	if (program->timed)
		clientele_horizons_set_clock(program);
}
