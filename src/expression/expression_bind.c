/*
 * expression_bind.c
 *		The compiler: from syntax trees to a program, in a scope of names.
 *
 * Two walks meet in each node: type_of looks upward from the leaves for what an
 * expression is, emit carries downward what is wanted of it.  What is open from
 * below (a 'string', null, a JSON key) takes the type that is wanted from above,
 * as SQL's untyped literals do.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "storage/shmem.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "base/local_time.h"
#include "expression/expression_bind.h"
#include "expression/expression_function.h"
#include "expression/horizon.h"

struct ClienteleBinder
{
	ClienteleScope *scope;
	ClienteleProgram *program;
	int			allocated;		/* instructions there is room for */
	int			zoned_allocated;
	int			texts_allocated;
	int			rule;			/* the rule being compiled, and its text */
	const char *text;
	int			level;			/* of selection, at this point of the program */
	int		   *shared;			/* instructions whose results others may use */
	int			nshared;
	int			shared_allocated;
	const ClienteleCell **lasting;	/* registers of constants and columns, and those
									 * that the caller heeds */
	int			nlasting;
	int			lasting_allocated;
};

/* A register, and whether the expression that filled it may overwrite it. */
typedef struct Value
{
	ClienteleCell *cells;
	bool		owned;
	bool		constant;		/* the same in every row, at any time */
} Value;

static ClienteleType type_of(ClienteleBinder *binder, const ClienteleNode *node);
static Value emit(ClienteleBinder *binder, const ClienteleNode *node, ClienteleType wanted);

/* ---------- errors ---------- */

int
clientele_bind_error_position(const ClienteleBinder *binder, const ClienteleNode *node)
{
	/* what is bound beside a rule, such as a column for an aggregate, has no text */
	return binder->text ? clientele_expression_position(binder->text, node->location) : 0;
}

static void
type_error(const ClienteleBinder *binder, const ClienteleNode *node, const char *message, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("%s", message),
			 hint ? errhint("%s", hint) : 0,
			 clientele_bind_error_position(binder, node)));
}

static void
refuse_in_row(const ClienteleBinder *binder, const ClienteleNode *node, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("%s works only in the definitions of a population, where it has events and tags to look at",
					clientele_function_info(node->function)->name),
			 errhint("%s", hint),
			 clientele_bind_error_position(binder, node)));
}

/* ---------- the program under construction ---------- */

ClienteleCell *
clientele_bind_register(ClienteleBinder *binder)
{
	ClienteleProgram *program = binder->program;
	ClienteleCell *cells;

	if (!program->timed)
		return palloc0(mul_size(sizeof(ClienteleCell), program->capacity));

	cells = palloc0(mul_size(sizeof(ClienteleCell) + sizeof(TimestampTz), program->capacity));
	for (int i = 0; i < program->capacity; i++)
		clientele_horizons(program, cells)[i] = DT_NOEND;
	return cells;
}

/* Notes that who reads a register need not ask until when it holds. */
static void
note_lasting(ClienteleBinder *binder, const ClienteleCell *cells)
{
	if (!binder->program->timed)
		return;
	if (binder->nlasting == binder->lasting_allocated)
	{
		binder->lasting_allocated *= 2;
		binder->lasting = repalloc(binder->lasting, mul_size(sizeof(ClienteleCell *), binder->lasting_allocated));
	}
	binder->lasting[binder->nlasting++] = cells;
}

void
clientele_bind_needs_zone(ClienteleBinder *binder)
{
	binder->program->needs_zone = true;
}

static ClienteleInstruction *
add_instruction(ClienteleBinder *binder, const ClienteleNode *node, ClienteleOp op)
{
	ClienteleProgram *program = binder->program;
	ClienteleInstruction *added;

	if (program->length == binder->allocated)
	{
		binder->allocated *= 2;
		program->instructions = repalloc(program->instructions,
										 mul_size(sizeof(ClienteleInstruction), binder->allocated));
	}
	added = &program->instructions[program->length++];
	memset(added, 0, sizeof(*added));
	added->op = op;
	added->highest = CLIENTELE_UNBOUNDED_ABOVE;
	added->lowest = CLIENTELE_UNBOUNDED_BELOW;
	added->detail = palloc0(sizeof(ClienteleDetail));
	added->detail->rule = binder->rule;
	added->detail->location = node ? node->location : 0;
	return added;
}

/* A value in a register that is not ours to overwrite. */
static Value
borrowed(ClienteleCell *cells)
{
	Value		value = {cells, false, false};

	return value;
}

/* An instruction with up to two operands and a fresh register for its result. */
static Value
add_operation(ClienteleBinder *binder, const ClienteleNode *node, ClienteleOp op,
			  ClienteleCell *a, ClienteleCell *b)
{
	ClienteleInstruction *added = add_instruction(binder, node, op);
	Value		result = {clientele_bind_register(binder), true, false};

	added->a = a;
	added->b = b;
	added->target = result.cells;
	return result;
}

/*
 * The same of a value that many rules ask for, such as the days since the last
 * visit: computed once, and so not to be overwritten.  Only what is computed for
 * every row can be shared.
 */
static Value
add_shared_operation(ClienteleBinder *binder, const ClienteleNode *node, ClienteleOp op,
					 ClienteleCell *a, ClienteleCell *b)
{
	ClienteleCell *cells;

	for (int i = 0; i < binder->nshared; i++)
	{
		const ClienteleInstruction *other = &binder->program->instructions[binder->shared[i]];

		if (other->op == op && other->a == a && other->b == b)
			return borrowed(other->target);
	}

	cells = add_operation(binder, node, op, a, b).cells;
	if (binder->level == 0)
	{
		if (binder->nshared == binder->shared_allocated)
		{
			binder->shared_allocated *= 2;
			binder->shared = repalloc(binder->shared, mul_size(sizeof(int), binder->shared_allocated));
		}
		binder->shared[binder->nshared++] = binder->program->length - 1;
	}
	return borrowed(cells);
}

/* An instruction that changes its first operand. */
static void
add_in_place(ClienteleBinder *binder, ClienteleOp op, ClienteleCell *a, ClienteleCell *b)
{
	ClienteleInstruction *added = add_instruction(binder, NULL, op);

	added->a = a;
	added->b = b;
}

/* True for instructions whose result is a truth that they find themselves. */
static bool
finds_truth(ClienteleOp op)
{
	switch (op)
	{
		case CLIENTELE_OP_IS_NULL:
		case CLIENTELE_OP_NOT:
		case CLIENTELE_OP_IS_TRUE:
		case CLIENTELE_OP_COMPARE_NUMBER:
		case CLIENTELE_OP_COMPARE_INTEGER:
		case CLIENTELE_OP_COMPARE_TEXT:
		case CLIENTELE_OP_COMPARE_BOOLEAN:
		case CLIENTELE_OP_COMPARE_JSON:
		case CLIENTELE_OP_IN:
		case CLIENTELE_OP_LIKE:
		case CLIENTELE_OP_STARTS_WITH:
		case CLIENTELE_OP_CONTAINS:
			return true;
		default:
			return false;
	}
}

/*
 * result AND value, or result OR value.  The instruction that has just found the
 * value does it itself where it can; not where both sides have a horizon.
 */
static void
add_logic(ClienteleBinder *binder, bool conjunction, ClienteleCell *result, Value value)
{
	ClienteleInstruction *last = &binder->program->instructions[binder->program->length - 1];

	if (binder->program->timed || !value.owned || last->target != value.cells || !finds_truth((ClienteleOp) last->op) ||
		last->highest != CLIENTELE_UNBOUNDED_ABOVE || last->lowest != CLIENTELE_UNBOUNDED_BELOW)
	{
		add_in_place(binder, conjunction ? CLIENTELE_OP_AND : CLIENTELE_OP_OR, result, value.cells);
		return;
	}
	last->target = result;
	if (conjunction)
		last->highest = CLIENTELE_BOUNDED_ABOVE;
	else
		last->lowest = CLIENTELE_BOUNDED_BELOW;
}

static void
add_move(ClienteleBinder *binder, ClienteleCell *target, ClienteleCell *from)
{
	ClienteleInstruction *added = add_instruction(binder, NULL, CLIENTELE_OP_MOVE);

	added->target = target;
	added->a = from;
}

/* The value in a register that may be changed. */
static ClienteleCell *
own(ClienteleBinder *binder, Value value)
{
	ClienteleCell *copy;

	if (value.owned)
		return value.cells;
	copy = clientele_bind_register(binder);
	add_move(binder, copy, value.cells);
	return copy;
}

/*
 * Narrows the selection; returns the instruction's index, for the jump that
 * leave() fills in.
 */
static int
add_selection(ClienteleBinder *binder, ClienteleOp op, ClienteleTest test, ClienteleCell *tested)
{
	ClienteleInstruction *added = add_instruction(binder, NULL, op);

	added->test = test;
	added->a = tested;
	if (op == CLIENTELE_OP_ENTER)
	{
		binder->level++;
		binder->program->depth = Max(binder->program->depth, binder->level);
	}
	return binder->program->length - 1;
}

/*
 * Ends a selection.  Its ENTER and NARROWs, from `first` on at the same depth,
 * jump here when no row is left.
 */
static void
leave(ClienteleBinder *binder, int first)
{
	ClienteleProgram *program = binder->program;
	int			here = program->length;
	int			depth = 0;

	for (int i = first; i < here; i++)
	{
		ClienteleInstruction *at = &program->instructions[i];

		if (at->op == CLIENTELE_OP_ENTER && depth++ == 0)
			at->jump = here;
		else if (at->op == CLIENTELE_OP_NARROW && depth == 1)
			at->jump = here;
		else if (at->op == CLIENTELE_OP_LEAVE)
			depth--;
	}
	add_instruction(binder, NULL, CLIENTELE_OP_LEAVE);
	binder->level--;
}

/* ---------- types ---------- */

static bool
is_enum(const ClienteleColumn *column)
{
	return column && column->kind == CLIENTELE_COLUMN_ENUM;
}

/* What the name stands for. */
static ClienteleOperand
resolve(ClienteleBinder *binder, const ClienteleNode *name)
{
	return binder->scope->resolve(binder->scope, binder, name);
}

static ClienteleOperand
resolve_aggregate(ClienteleBinder *binder, const ClienteleNode *node)
{
	if (binder->scope->aggregate == NULL)
		refuse_in_row(binder, node, "Aggregate in SQL and pass the result as a column of the row.");
	return binder->scope->aggregate(binder->scope, binder, node);
}

/* The column a node names, whose type reads the literals beside it; or NULL. */
static const ClienteleColumn *
column_of(ClienteleBinder *binder, const ClienteleNode *node)
{
	return node->kind == CLIENTELE_NODE_NAME ? resolve(binder, node).column : NULL;
}

/* The one type of several expressions, ANY if all are open. */
static ClienteleType
join_types(ClienteleBinder *binder, ClienteleType type, const ClienteleNode *node)
{
	ClienteleType other = type_of(binder, node);

	if (type == CLIENTELE_ANY || other == type)
		return other;
	if (other != CLIENTELE_ANY)
		type_error(binder, node,
				   psprintf("a %s stands beside a %s", clientele_type_name(other), clientele_type_name(type)),
				   (type == CLIENTELE_DATE && other == CLIENTELE_TIMESTAMP) ||
				   (type == CLIENTELE_TIMESTAMP && other == CLIENTELE_DATE) ?
				   "A day is not an instant: take the timestamp's day, as in date(paid_at) = today()." :
				   type == CLIENTELE_NUMBER || other == CLIENTELE_NUMBER ?
				   "Numbers are written without quotes, text in single quotes." : NULL);
	return type;
}

static ClienteleType
type_of_sum(ClienteleBinder *binder, const ClienteleNode *node)
{
	const ClienteleNode *left_node = node->first;
	const ClienteleNode *right_node = node->first->next;
	ClienteleType left = type_of(binder, left_node);
	ClienteleType right = type_of(binder, right_node);

	if (left == CLIENTELE_DATE && right == CLIENTELE_NUMBER)
		return CLIENTELE_DATE;
	if (node->kind == CLIENTELE_NODE_ADD && left == CLIENTELE_NUMBER && right == CLIENTELE_DATE)
		return CLIENTELE_DATE;
	if (node->kind == CLIENTELE_NODE_SUBTRACT && right == CLIENTELE_DATE &&
		(left == CLIENTELE_DATE || left == CLIENTELE_ANY))
		return CLIENTELE_NUMBER;
	if (left == CLIENTELE_DATE && right == CLIENTELE_ANY && node->kind == CLIENTELE_NODE_SUBTRACT)
		type_error(binder, right_node, "a date minus what: another date, or days?",
				   "Write date '2026-01-01' or a plain number; for the days since, days_since(x).");
	if (left == CLIENTELE_DATE || (right == CLIENTELE_DATE && node->kind == CLIENTELE_NODE_ADD))
		return CLIENTELE_DATE;
	if (left == CLIENTELE_TIMESTAMP || right == CLIENTELE_TIMESTAMP)
		type_error(binder, node, "timestamps cannot be added or subtracted",
				   "Count calendar days with days_since(paid_at), or take the day: date(paid_at) + 7.");
	return CLIENTELE_NUMBER;
}

static ClienteleType
type_of_case(ClienteleBinder *binder, const ClienteleNode *node)
{
	ClienteleType type = CLIENTELE_ANY;
	const ClienteleNode *at = node->first;

	for (; at && at->next; at = at->next->next)
		type = join_types(binder, type, at->next);
	if (at)
		type = join_types(binder, type, at);
	return type;
}

static ClienteleType
type_of_call(ClienteleBinder *binder, const ClienteleNode *node)
{
	ClienteleType type = CLIENTELE_ANY;

	switch (node->function)
	{
		case CLIENTELE_FN_COALESCE:
		case CLIENTELE_FN_GREATEST:
		case CLIENTELE_FN_LEAST:
			for (const ClienteleNode *argument = node->first; argument; argument = argument->next)
				type = join_types(binder, type, argument);
			return type;
		case CLIENTELE_FN_CONTAINS:
		case CLIENTELE_FN_HAS_TAG:
		case CLIENTELE_FN_STARTS_WITH:
			return CLIENTELE_BOOLEAN;
		case CLIENTELE_FN_DATE:
		case CLIENTELE_FN_TODAY:
			return CLIENTELE_DATE;
		case CLIENTELE_FN_NOW:
			return CLIENTELE_TIMESTAMP;
		default:
			return CLIENTELE_NUMBER;
	}
}

static ClienteleType
type_of(ClienteleBinder *binder, const ClienteleNode *node)
{
	check_stack_depth();
	switch (node->kind)
	{
		case CLIENTELE_NODE_STRING:
		case CLIENTELE_NODE_NULL:
			return CLIENTELE_ANY;
		case CLIENTELE_NODE_NUMBER:
		case CLIENTELE_NODE_MULTIPLY:
		case CLIENTELE_NODE_DIVIDE:
		case CLIENTELE_NODE_NEGATE:
			return CLIENTELE_NUMBER;
		case CLIENTELE_NODE_DATE:
			return CLIENTELE_DATE;
		case CLIENTELE_NODE_TIMESTAMP:
			return CLIENTELE_TIMESTAMP;
		case CLIENTELE_NODE_NAME:
			return resolve(binder, node).type;
		case CLIENTELE_NODE_ADD:
		case CLIENTELE_NODE_SUBTRACT:
			return type_of_sum(binder, node);
		case CLIENTELE_NODE_CASE:
			return type_of_case(binder, node);
		case CLIENTELE_NODE_CALL:
			return type_of_call(binder, node);
		case CLIENTELE_NODE_AGGREGATE:
			return resolve_aggregate(binder, node).type;
		default:
			return CLIENTELE_BOOLEAN;
	}
}

/* ---------- literals ---------- */

static Value
constant(ClienteleBinder *binder, ClienteleCell cell)
{
	Value		value = {clientele_bind_register(binder), false, true};

	for (int i = 0; i < binder->program->capacity; i++)
		value.cells[i] = cell;
	note_lasting(binder, value.cells);
	return value;
}

static Value
boolean_constant(ClienteleBinder *binder, bool truth)
{
	ClienteleCell cell = {0};

	cell.state = truth ? CLIENTELE_TRUE : CLIENTELE_FALSE;
	return constant(binder, cell);
}

static Value
null_constant(ClienteleBinder *binder)
{
	ClienteleCell cell = {0};

	cell.state = CLIENTELE_NULL;
	return constant(binder, cell);
}

/* A wall clock's reading, which the zone of the call will turn into an instant. */
static Value
zoned_constant(ClienteleBinder *binder, Timestamp local)
{
	ClienteleProgram *program = binder->program;
	ClienteleCell cell = {0};
	Value		value = constant(binder, cell);

	if (program->nzoned == binder->zoned_allocated)
	{
		binder->zoned_allocated *= 2;
		program->zoned = repalloc(program->zoned,
								  mul_size(sizeof(ClienteleZonedConstant), binder->zoned_allocated));
	}
	program->zoned[program->nzoned].target = value.cells;
	program->zoned[program->nzoned].local = local;
	program->nzoned++;
	program->needs_zone = true;
	return value;
}

static void
literal_error(const ClienteleBinder *binder, const ClienteleNode *node, ClienteleType wanted, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
			 errmsg("'%s' is not a %s", node->string, clientele_type_name(wanted)),
			 hint ? errhint("%s", hint) : 0,
			 clientele_bind_error_position(binder, node)));
}

/* The literal's cell; a timestamp without an offset is left to the caller. */
static ClienteleCell
literal_cell(ClienteleBinder *binder, const ClienteleNode *node, ClienteleType wanted)
{
	ClienteleCell cell = {0};
	ClienteleDecimal number;
	ClienteleIsoTime time;
	bool		truth;

	cell.state = CLIENTELE_KNOWN;
	switch (wanted)
	{
		case CLIENTELE_NUMBER:
			if (!clientele_decimal_from_string(node->string, &number))
				literal_error(binder, node, wanted, NULL);
			clientele_cell_set_number(&cell, number);
			break;
		case CLIENTELE_BOOLEAN:
			if (!parse_bool(node->string, &truth))
				literal_error(binder, node, wanted, "Write true or false.");
			cell.state = truth ? CLIENTELE_TRUE : CLIENTELE_FALSE;
			break;
		case CLIENTELE_DATE:
			if (!clientele_iso_date(node->string, &time))
				literal_error(binder, node, wanted, "Write date '2026-06-30'.");
			cell.u.integer = clientele_iso_to_date(&time);
			break;
		case CLIENTELE_TIMESTAMP:
			if (!clientele_iso_timestamp(node->string, &time))
				literal_error(binder, node, wanted, "Write timestamp '2026-06-30 18:00'.");
			cell.u.integer = time.has_offset ? clientele_iso_to_instant(&time) : clientele_iso_to_local(&time);
			break;
		case CLIENTELE_TEXT:
		case CLIENTELE_ANY:
			clientele_cell_set_text(&cell, cstring_to_text(node->string));
			break;
		case CLIENTELE_TEXT_ARRAY:
			type_error(binder, node, "there are no text array literals", "Write contains(interests, 'skin').");
			break;
	}
	return cell;
}

static Value
emit_literal(ClienteleBinder *binder, const ClienteleNode *node, ClienteleType wanted)
{
	ClienteleIsoTime time;

	switch (node->kind)
	{
		case CLIENTELE_NODE_NULL:
			return null_constant(binder);
		case CLIENTELE_NODE_TRUE:
			return boolean_constant(binder, true);
		case CLIENTELE_NODE_FALSE:
			return boolean_constant(binder, false);
		default:
			if (wanted == CLIENTELE_TIMESTAMP && clientele_iso_timestamp(node->string, &time) && !time.has_offset)
				return zoned_constant(binder, clientele_iso_to_local(&time));
			return constant(binder, literal_cell(binder, node, wanted));
	}
}

/*
 * The literal as it is when compared with a column: an enum's label must exist,
 * a uuid gets its canonical form, a number the column's decimals.
 */
static const ClienteleNode *
literal_beside_column(ClienteleBinder *binder, const ClienteleNode *literal, const ClienteleColumn *column)
{
	const char *problem = NULL;
	const char *hint = NULL;
	const char *string;
	ClienteleNode *copy;

	if (column == NULL ||
		literal->kind != (column->type == CLIENTELE_NUMBER ? CLIENTELE_NODE_NUMBER : CLIENTELE_NODE_STRING))
		return literal;
	string = clientele_column_literal(column, literal->string, &problem, &hint);
	if (string == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("%s", problem),
				 hint ? errhint("%s", hint) : 0,
				 clientele_bind_error_position(binder, literal)));
	copy = palloc(sizeof(ClienteleNode));
	*copy = *literal;
	copy->string = string;
	return copy;
}

/* ---------- names and time ---------- */

static Value
emit_name(ClienteleBinder *binder, const ClienteleNode *node, ClienteleType wanted)
{
	ClienteleOperand operand = resolve(binder, node);
	ClienteleInstruction *added;
	Value		value;

	if (operand.literal)
		return emit_literal(binder, operand.literal, wanted);
	if (operand.column || operand.is_json)
		note_lasting(binder, operand.cells);
	if (!operand.is_json)
		return borrowed(operand.cells);

	/*
	 * Read where it is used, as what it is used: so a condition can guard the
	 * reading, and one key may hold numbers in some documents and text in others.
	 */
	value = add_operation(binder, node, CLIENTELE_OP_JSON, operand.cells, NULL);
	added = &binder->program->instructions[binder->program->length - 1];
	added->detail->name = node;
	added->detail->path = operand.json_path;
	added->value_type = wanted;
	return value;
}

static Value
read_today(ClienteleBinder *binder)
{
	ClienteleProgram *program = binder->program;

	if (program->today == NULL)
		program->today = clientele_bind_register(binder);
	program->needs_as_of = true;
	program->needs_zone = true;
	return borrowed(program->today);
}

static Value
read_now(ClienteleBinder *binder)
{
	ClienteleProgram *program = binder->program;

	if (program->now == NULL)
		program->now = clientele_bind_register(binder);
	program->needs_as_of = true;
	return borrowed(program->now);
}

/* A date, taken from a timestamp where the expression is one. */
static Value
emit_day(ClienteleBinder *binder, const ClienteleNode *node)
{
	ClienteleType type = type_of(binder, node);

	if (type == CLIENTELE_TIMESTAMP)
	{
		Value		instant = emit(binder, node, CLIENTELE_TIMESTAMP);

		binder->program->needs_zone = true;
		return add_shared_operation(binder, node, CLIENTELE_OP_LOCAL_DATE, instant.cells, NULL);
	}
	if (type != CLIENTELE_DATE && type != CLIENTELE_ANY)
		type_error(binder, node, psprintf("a date or timestamp is needed here, not a %s", clientele_type_name(type)),
				   NULL);
	return emit(binder, node, CLIENTELE_DATE);
}

/* ---------- booleans ---------- */

/*
 * True for an operand that costs less than finding out whether it is needed,
 * and cannot fail: comparing columns with each other, with constants, or with
 * today.
 */
static bool
is_cheap(ClienteleBinder *binder, const ClienteleNode *node)
{
	if (clientele_node_is_literal(node))
		return true;
	switch (node->kind)
	{
		case CLIENTELE_NODE_NAME:
			return resolve(binder, node).type != CLIENTELE_ANY;
		case CLIENTELE_NODE_CALL:
			if (node->function != CLIENTELE_FN_DAYS_SINCE || type_of(binder, node->first) != CLIENTELE_DATE)
				return false;
			break;
		case CLIENTELE_NODE_COMPARE:
		case CLIENTELE_NODE_BETWEEN:
		case CLIENTELE_NODE_IS_NULL:
		case CLIENTELE_NODE_NOT:
			break;
		default:
			return false;
	}
	for (const ClienteleNode *operand = node->first; operand; operand = operand->next)
	{
		if (!is_cheap(binder, operand))
			return false;
	}
	return true;
}

/*
 * True for an operand that may have no value, which is an error, or a failure that
 * a timed program counts.
 */
static bool
can_fail(ClienteleBinder *binder, const ClienteleNode *node)
{
	switch (node->kind)
	{
		case CLIENTELE_NODE_NAME:
			return resolve(binder, node).is_json;
		case CLIENTELE_NODE_MULTIPLY:
		case CLIENTELE_NODE_DIVIDE:
		case CLIENTELE_NODE_ADD:
			return true;
		case CLIENTELE_NODE_SUBTRACT:
			if (type_of(binder, node->first->next) != CLIENTELE_DATE)
				return true;
			break;
		case CLIENTELE_NODE_AGGREGATE:
			return false;
		default:
			break;
	}
	for (const ClienteleNode *operand = node->first; operand; operand = operand->next)
	{
		if (can_fail(binder, operand))
			return true;
	}
	return false;
}

/*
 * Whether an operand is evaluated only where it is needed.  A timed program wants
 * to know until when each side holds, so it leaves out only what could fail.
 */
static bool
is_guarded(ClienteleBinder *binder, const ClienteleNode *node)
{
	return binder->program->timed ? can_fail(binder, node) : !is_cheap(binder, node);
}

/*
 * a and b and c: once a row is known to be false, what is dear or could fail is
 * not evaluated for it.  OR is the mirror image.
 */
static Value
emit_chain(ClienteleBinder *binder, const ClienteleNode *node)
{
	bool		conjunction = node->kind == CLIENTELE_NODE_AND;
	ClienteleTest undecided = conjunction ? CLIENTELE_TEST_NOT_FALSE : CLIENTELE_TEST_NOT_TRUE;
	Value		result = {own(binder, emit(binder, node->first, CLIENTELE_BOOLEAN)), true, false};
	int			first = -1;

	for (const ClienteleNode *operand = node->first->next; operand; operand = operand->next)
	{
		Value		value;

		if (is_guarded(binder, operand))
		{
			int			selection = add_selection(binder, first < 0 ? CLIENTELE_OP_ENTER : CLIENTELE_OP_NARROW,
												  undecided, result.cells);

			if (first < 0)
				first = selection;
		}
		value = emit(binder, operand, CLIENTELE_BOOLEAN);
		add_logic(binder, conjunction, result.cells, value);

		/* whether the next side is needed for the value is not the question here */
		if (binder->program->timed && first >= 0)
		{
			leave(binder, first);
			first = -1;
		}
	}
	if (first >= 0)
		leave(binder, first);
	return result;
}

static Value
emit_not(ClienteleBinder *binder, const ClienteleNode *node, Value value)
{
	return add_operation(binder, node, CLIENTELE_OP_NOT, value.cells, NULL);
}

/* ---------- comparisons ---------- */

static void
check_comparable(ClienteleBinder *binder, const ClienteleNode *node, ClienteleType type,
				 bool ordering, const ClienteleColumn *column)
{
	if (type == CLIENTELE_TEXT_ARRAY)
		type_error(binder, node, "text arrays cannot be compared", "Write contains(interests, 'skin').");
	if (ordering && type == CLIENTELE_BOOLEAN)
		type_error(binder, node, "booleans have no order", "Compare them with = or <>.");
	if (ordering && is_enum(column))
		type_error(binder, node, "an enum's values have no order here",
				   "List them: level in ('gold', 'platinum').");
}

/* The type in which two operands are compared. */
static ClienteleType
comparison_type(ClienteleBinder *binder, const ClienteleNode *left, const ClienteleNode *right)
{
	ClienteleType type = join_types(binder, type_of(binder, left), right);

	/* 'text' beside a JSON key makes it text; two keys are left to the data */
	if (type == CLIENTELE_ANY &&
		(left->kind != CLIENTELE_NODE_NAME || right->kind != CLIENTELE_NODE_NAME))
		return CLIENTELE_TEXT;
	return type;
}

/*
 * A number compared with a constant: whether its units lie between two others, which
 * are found beforehand for each scale that it may have.
 */
static const ClienteleRange *
ranges(ClienteleComparison comparison, const ClienteleCell *constant)
{
	ClienteleRange *result;

	if (constant->state == CLIENTELE_NULL || constant->scale == CLIENTELE_DECIMAL_IS_NUMERIC)
		return NULL;
	result = palloc(sizeof(ClienteleRange) * (CLIENTELE_DECIMAL_MAX_SCALE + 1));
	for (int scale = 0; scale <= CLIENTELE_DECIMAL_MAX_SCALE; scale++)
		result[scale] = clientele_comparison_range(comparison, clientele_cell_number(constant), scale);
	return result;
}

static Value
add_comparison(ClienteleBinder *binder, const ClienteleNode *node, ClienteleType type,
			   ClienteleComparison comparison, Value left, Value right)
{
	ClienteleOp op = CLIENTELE_OP_COMPARE_INTEGER;
	ClienteleInstruction *added;
	Value		result;

	if (type == CLIENTELE_NUMBER && left.constant)
	{
		Value		swapped = left;

		left = right;
		right = swapped;
		comparison = clientele_comparison_mirrored(comparison);
	}
	switch (type)
	{
		case CLIENTELE_NUMBER:
			op = CLIENTELE_OP_COMPARE_NUMBER;
			break;
		case CLIENTELE_TEXT:
			op = CLIENTELE_OP_COMPARE_TEXT;
			break;
		case CLIENTELE_BOOLEAN:
			op = CLIENTELE_OP_COMPARE_BOOLEAN;
			break;
		case CLIENTELE_ANY:
			op = CLIENTELE_OP_COMPARE_JSON;
			break;
		default:
			break;
	}
	result = add_operation(binder, node, op, left.cells, right.cells);
	added = &binder->program->instructions[binder->program->length - 1];
	added->comparison = comparison;
	added->detail->constant = right.constant ? right.cells : NULL;
	if (type == CLIENTELE_NUMBER && right.constant && binder->program->capacity > 1)
		added->detail->ranges = ranges(comparison, right.cells);
	return result;
}

static Value
emit_comparison(ClienteleBinder *binder, const ClienteleNode *node)
{
	const ClienteleNode *left = node->first;
	const ClienteleNode *right = node->first->next;
	bool		ordering = node->comparison != CLIENTELE_EQ && node->comparison != CLIENTELE_NE;
	const ClienteleColumn *left_column = column_of(binder, left);
	const ClienteleColumn *right_column = column_of(binder, right);
	ClienteleType type;
	Value		left_value;
	Value		right_value;

	left = literal_beside_column(binder, left, right_column);
	right = literal_beside_column(binder, right, left_column);
	type = comparison_type(binder, left, right);
	check_comparable(binder, node, type, ordering, is_enum(left_column) ? left_column : right_column);
	left_value = emit(binder, left, type);
	right_value = emit(binder, right, type);
	return add_comparison(binder, node, type, node->comparison, left_value, right_value);
}

static Value
emit_between(ClienteleBinder *binder, const ClienteleNode *node)
{
	const ClienteleNode *value_node = node->first;
	const ClienteleColumn *column = column_of(binder, value_node);
	const ClienteleNode *low_node = literal_beside_column(binder, value_node->next, column);
	const ClienteleNode *high_node = literal_beside_column(binder, value_node->next->next, column);
	ClienteleType type = join_types(binder, join_types(binder, type_of(binder, value_node), low_node), high_node);
	Value		value;
	Value		result;
	Value		other;
	int			selection = -1;

	if (type == CLIENTELE_ANY)
		type = CLIENTELE_TEXT;
	check_comparable(binder, node, type, true, column);
	value = emit(binder, value_node, type);
	result = add_comparison(binder, node, type, CLIENTELE_GE, value, emit(binder, low_node, type));
	if (is_guarded(binder, high_node))
		selection = add_selection(binder, CLIENTELE_OP_ENTER, CLIENTELE_TEST_NOT_FALSE, result.cells);
	other = add_comparison(binder, node, type, CLIENTELE_LE, value, emit(binder, high_node, type));
	add_logic(binder, true, result.cells, other);
	if (selection >= 0)
		leave(binder, selection);
	return node->negated ? emit_not(binder, node, result) : result;
}

static int
compare_list_cells(const void *a, const void *b, void *type)
{
	return clientele_compare_cells(*(ClienteleType *) type, a, b);
}

/* Instants without an offset are known only at run time: x = a or x = b or ... */
static Value
emit_in_timestamps(ClienteleBinder *binder, const ClienteleNode *node)
{
	Value		value = emit(binder, node->first, CLIENTELE_TIMESTAMP);
	Value		result = {own(binder, boolean_constant(binder, false)), true, false};

	for (const ClienteleNode *item = node->first->next; item; item = item->next)
	{
		Value		equal = add_comparison(binder, node, CLIENTELE_TIMESTAMP, CLIENTELE_EQ, value,
										   emit(binder, item, CLIENTELE_TIMESTAMP));

		add_logic(binder, false, result.cells, equal);
	}
	return node->negated ? emit_not(binder, node, result) : result;
}

static Value
emit_in(ClienteleBinder *binder, const ClienteleNode *node)
{
	const ClienteleColumn *column = column_of(binder, node->first);
	ClienteleType type = type_of(binder, node->first);
	ClienteleInstruction *added;
	ClienteleCell *list;
	int			length = 0;
	Value		value;
	Value		result;

	for (const ClienteleNode *item = node->first->next; item; item = item->next, length++)
		type = join_types(binder, type, item);
	if (type == CLIENTELE_ANY)
		type = CLIENTELE_TEXT;
	check_comparable(binder, node, type, false, column);
	if (type == CLIENTELE_TIMESTAMP)
		return emit_in_timestamps(binder, node);

	list = palloc(mul_size(sizeof(ClienteleCell), length));
	length = 0;
	for (const ClienteleNode *item = node->first->next; item; item = item->next)
	{
		const ClienteleNode *literal = literal_beside_column(binder, item, column);

		list[length++] = emit_literal(binder, literal, type).cells[0];
	}
	qsort_arg(list, length, sizeof(ClienteleCell), compare_list_cells, &type);

	value = emit(binder, node->first, type);
	result = add_operation(binder, node, CLIENTELE_OP_IN, value.cells, NULL);
	added = &binder->program->instructions[binder->program->length - 1];
	added->negated = node->negated;
	added->value_type = type;
	added->detail->list = list;
	added->detail->list_length = length;
	return result;
}

static Value
emit_like(ClienteleBinder *binder, const ClienteleNode *node)
{
	Value		value = emit(binder, node->first, CLIENTELE_TEXT);
	Value		pattern = emit_literal(binder, node->first->next, CLIENTELE_TEXT);
	Value		result = add_operation(binder, node, CLIENTELE_OP_LIKE, value.cells, NULL);
	ClienteleInstruction *added = &binder->program->instructions[binder->program->length - 1];

	added->detail->list = pattern.cells;
	added->detail->list_length = 1;
	added->negated = node->negated;
	return result;
}

static Value
emit_is_null(ClienteleBinder *binder, const ClienteleNode *node)
{
	Value		value = emit(binder, node->first, CLIENTELE_ANY);
	Value		result = add_operation(binder, node, CLIENTELE_OP_IS_NULL, value.cells, NULL);

	binder->program->instructions[binder->program->length - 1].negated = node->negated;
	return result;
}

/* ---------- arithmetic ---------- */

static Value
emit_sum(ClienteleBinder *binder, const ClienteleNode *node)
{
	const ClienteleNode *left = node->first;
	const ClienteleNode *right = node->first->next;
	bool		minus = node->kind == CLIENTELE_NODE_SUBTRACT;
	ClienteleType type = type_of_sum(binder, node);
	bool		left_is_date = type_of(binder, left) == CLIENTELE_DATE;
	bool		right_is_date = type_of(binder, right) == CLIENTELE_DATE;
	Value		a;
	Value		b;

	if (type == CLIENTELE_NUMBER && right_is_date)
	{
		a = emit(binder, left, CLIENTELE_DATE);
		b = emit(binder, right, CLIENTELE_DATE);
		return add_operation(binder, node, CLIENTELE_OP_DAYS_BETWEEN, a.cells, b.cells);
	}
	if (type == CLIENTELE_DATE)
	{
		Value		result;

		a = emit(binder, left_is_date ? left : right, CLIENTELE_DATE);
		b = emit(binder, left_is_date ? right : left, CLIENTELE_NUMBER);
		result = add_operation(binder, node, CLIENTELE_OP_ADD_DAYS, a.cells, b.cells);
		binder->program->instructions[binder->program->length - 1].negated = minus;
		return result;
	}
	a = emit(binder, left, CLIENTELE_NUMBER);
	b = emit(binder, right, CLIENTELE_NUMBER);
	return add_operation(binder, node, minus ? CLIENTELE_OP_SUBTRACT : CLIENTELE_OP_ADD, a.cells, b.cells);
}

static Value
emit_numeric(ClienteleBinder *binder, const ClienteleNode *node, ClienteleOp op)
{
	Value		a = emit(binder, node->first, CLIENTELE_NUMBER);
	Value		b = borrowed(NULL);

	if (node->first->next)
		b = emit(binder, node->first->next, CLIENTELE_NUMBER);
	return add_operation(binder, node, op, a.cells, b.cells);
}

/* ---------- conditional values ---------- */

/*
 * Notes that a condition decides about a value, which in a timed program holds no
 * longer than all conditions did that were asked before it.  `asked` is what has
 * been noted so far, and what is returned then.
 */
static ClienteleCell *
note_condition(ClienteleBinder *binder, ClienteleCell *asked, const ClienteleCell *condition)
{
	if (!binder->program->timed)
		return NULL;
	if (asked == NULL)
		return add_operation(binder, NULL, CLIENTELE_OP_UNTIL, unconstify(ClienteleCell *, condition), NULL).cells;
	add_in_place(binder, CLIENTELE_OP_SOONER, asked, unconstify(ClienteleCell *, condition));
	return asked;
}

/* Moves the value that the conditions asked so far have chosen. */
static void
add_choice(ClienteleBinder *binder, ClienteleCell *target, Value chosen, ClienteleCell *asked)
{
	add_move(binder, target, chosen.cells);
	if (asked)
		add_in_place(binder, CLIENTELE_OP_SOONER, target, asked);
}

static Value
emit_case(ClienteleBinder *binder, const ClienteleNode *node, ClienteleType wanted)
{
	Value		result = {clientele_bind_register(binder), true, false};
	ClienteleCell *asked = NULL;
	const ClienteleNode *at = node->first;
	int			remaining = add_selection(binder, CLIENTELE_OP_ENTER, CLIENTELE_TEST_ALL, result.cells);

	for (; at && at->next; at = at->next->next)
	{
		Value		condition = emit(binder, at, CLIENTELE_BOOLEAN);
		int			chosen;

		asked = note_condition(binder, asked, condition.cells);
		chosen = add_selection(binder, CLIENTELE_OP_ENTER, CLIENTELE_TEST_TRUE, condition.cells);
		add_choice(binder, result.cells, emit(binder, at->next, wanted), asked);
		leave(binder, chosen);
		add_selection(binder, CLIENTELE_OP_NARROW, CLIENTELE_TEST_NOT_TRUE, condition.cells);
	}
	add_choice(binder, result.cells, at ? emit(binder, at, wanted) : null_constant(binder), asked);
	leave(binder, remaining);
	return result;
}

/*
 * In a timed program the result is a copy also of a first argument that could be
 * overwritten, so that horizon.c sees what the first argument is.
 */
static Value
emit_coalesce(ClienteleBinder *binder, const ClienteleNode *node, ClienteleType wanted)
{
	Value		first = emit(binder, node->first, wanted);
	Value		result;
	ClienteleCell *asked = NULL;
	int			missing;

	if (binder->program->timed)
		first.owned = false;
	result = first;
	result.cells = own(binder, first);
	result.owned = true;
	result.constant = false;
	missing = add_selection(binder, CLIENTELE_OP_ENTER, CLIENTELE_TEST_NULL, result.cells);
	for (const ClienteleNode *argument = node->first->next; argument; argument = argument->next)
	{
		asked = note_condition(binder, asked, result.cells);
		add_choice(binder, result.cells, emit(binder, argument, wanted), asked);
		if (argument->next)
			add_selection(binder, CLIENTELE_OP_NARROW, CLIENTELE_TEST_NULL, result.cells);
	}
	leave(binder, missing);
	return result;
}

static Value
emit_extreme(ClienteleBinder *binder, const ClienteleNode *node, ClienteleType wanted)
{
	Value		result = {NULL, true, false};

	/* of open types only whether all are null is asked, and that needs no order */
	if (wanted == CLIENTELE_ANY)
		return emit_coalesce(binder, node, wanted);
	check_comparable(binder, node, wanted, true, NULL);
	result.cells = own(binder, emit(binder, node->first, wanted));
	for (const ClienteleNode *argument = node->first->next; argument; argument = argument->next)
	{
		add_in_place(binder, node->function == CLIENTELE_FN_LEAST ? CLIENTELE_OP_LEAST : CLIENTELE_OP_GREATEST,
					 result.cells, emit(binder, argument, wanted).cells);
		binder->program->instructions[binder->program->length - 1].value_type = wanted;
	}
	return result;
}

/* ---------- calls ---------- */

static Value
emit_since(ClienteleBinder *binder, const ClienteleNode *node, ClienteleOp op)
{
	Value		day = emit_day(binder, node->first);

	/* these two read today's date from the program itself */
	(void) read_today(binder);
	return add_shared_operation(binder, node, op, day.cells, NULL);
}

static Value
emit_call(ClienteleBinder *binder, const ClienteleNode *node, ClienteleType wanted)
{
	Value		a;
	Value		b;

	switch (node->function)
	{
		case CLIENTELE_FN_COALESCE:
			return emit_coalesce(binder, node, wanted);
		case CLIENTELE_FN_GREATEST:
		case CLIENTELE_FN_LEAST:
			return emit_extreme(binder, node, wanted);
		case CLIENTELE_FN_ABS:
			return emit_numeric(binder, node, CLIENTELE_OP_ABS);
		case CLIENTELE_FN_FLOOR:
			return emit_numeric(binder, node, CLIENTELE_OP_FLOOR);
		case CLIENTELE_FN_ROUND:
			a = emit(binder, node->first, CLIENTELE_NUMBER);
			a = add_operation(binder, node, CLIENTELE_OP_ROUND, a.cells, NULL);
			if (node->first->next)
				binder->program->instructions[binder->program->length - 1].detail->places =
					atoi(node->first->next->string);
			return a;
		case CLIENTELE_FN_TODAY:
			return read_today(binder);
		case CLIENTELE_FN_NOW:
			return read_now(binder);
		case CLIENTELE_FN_DATE:
			return emit_day(binder, node->first);
		case CLIENTELE_FN_DAYS_SINCE:
			a = emit_day(binder, node->first);
			return add_shared_operation(binder, node, CLIENTELE_OP_DAYS_BETWEEN, read_today(binder).cells, a.cells);
		case CLIENTELE_FN_MONTHS_SINCE:
			return emit_since(binder, node, CLIENTELE_OP_MONTHS_SINCE);
		case CLIENTELE_FN_AGE:
		case CLIENTELE_FN_YEARS_SINCE:
			return emit_since(binder, node, CLIENTELE_OP_YEARS_SINCE);
		case CLIENTELE_FN_MONTH:
			return add_shared_operation(binder, node, CLIENTELE_OP_MONTH, emit_day(binder, node->first).cells, NULL);
		case CLIENTELE_FN_DAY:
			return add_shared_operation(binder, node, CLIENTELE_OP_DAY, emit_day(binder, node->first).cells, NULL);
		case CLIENTELE_FN_WEEKDAY:
			return add_shared_operation(binder, node, CLIENTELE_OP_WEEKDAY, emit_day(binder, node->first).cells, NULL);
		case CLIENTELE_FN_CONTAINS:
			a = emit(binder, node->first, CLIENTELE_TEXT_ARRAY);
			b = emit(binder, node->first->next, CLIENTELE_TEXT);
			return add_operation(binder, node, CLIENTELE_OP_CONTAINS, a.cells, b.cells);
		case CLIENTELE_FN_STARTS_WITH:
			a = emit(binder, node->first, CLIENTELE_TEXT);
			b = emit(binder, node->first->next, CLIENTELE_TEXT);
			return add_operation(binder, node, CLIENTELE_OP_STARTS_WITH, a.cells, b.cells);
		case CLIENTELE_FN_HAS_TAG:
			if (binder->scope->tag == NULL)
				refuse_in_row(binder, node, "Ask an array column: contains(tags, 'vip').");

			/* a tag is there or not, so that has_tag is never unknown */
			return add_operation(binder, node, CLIENTELE_OP_IS_TRUE,
								 binder->scope->tag(binder->scope, binder, node).cells, NULL);
		default:
			break;
	}
	elog(ERROR, "function %d is no call", (int) node->function);
	return null_constant(binder);
}

/* ---------- the walk ---------- */

/* Compiles a node, whose value must be of the type wanted (ANY: its own). */
static Value
emit(ClienteleBinder *binder, const ClienteleNode *node, ClienteleType wanted)
{
	ClienteleType type = type_of(binder, node);

	check_stack_depth();
	if (wanted == CLIENTELE_ANY)
		wanted = type;
	else if (type != CLIENTELE_ANY && type != wanted)
		type_error(binder, node,
				   psprintf("a %s is needed here, not a %s", clientele_type_name(wanted), clientele_type_name(type)),
				   wanted == CLIENTELE_BOOLEAN ? "Compare it with something: visits > 0." : NULL);

	if (clientele_node_is_literal(node))
		return emit_literal(binder, node, wanted);
	switch (node->kind)
	{
		case CLIENTELE_NODE_NAME:
			return emit_name(binder, node, wanted);
		case CLIENTELE_NODE_OR:
		case CLIENTELE_NODE_AND:
			return emit_chain(binder, node);
		case CLIENTELE_NODE_NOT:
			return emit_not(binder, node, emit(binder, node->first, CLIENTELE_BOOLEAN));
		case CLIENTELE_NODE_COMPARE:
			return emit_comparison(binder, node);
		case CLIENTELE_NODE_BETWEEN:
			return emit_between(binder, node);
		case CLIENTELE_NODE_IN:
			return emit_in(binder, node);
		case CLIENTELE_NODE_LIKE:
			return emit_like(binder, node);
		case CLIENTELE_NODE_IS_NULL:
			return emit_is_null(binder, node);
		case CLIENTELE_NODE_ADD:
		case CLIENTELE_NODE_SUBTRACT:
			return emit_sum(binder, node);
		case CLIENTELE_NODE_MULTIPLY:
			return emit_numeric(binder, node, CLIENTELE_OP_MULTIPLY);
		case CLIENTELE_NODE_DIVIDE:
			return emit_numeric(binder, node, CLIENTELE_OP_DIVIDE);
		case CLIENTELE_NODE_NEGATE:
			return emit_numeric(binder, node, CLIENTELE_OP_NEGATE);
		case CLIENTELE_NODE_CASE:
			return emit_case(binder, node, wanted);
		case CLIENTELE_NODE_CALL:
			return emit_call(binder, node, wanted);
		case CLIENTELE_NODE_AGGREGATE:
			return borrowed(resolve_aggregate(binder, node).cells);
		default:
			break;
	}
	elog(ERROR, "unexpected node %d", (int) node->kind);
	return null_constant(binder);
}

/* ---------- the interface ---------- */

ClienteleBinder *
clientele_bind_begin(ClienteleScope *scope, int capacity, bool timed)
{
	ClienteleBinder *binder = palloc0(sizeof(ClienteleBinder));
	ClienteleProgram *program = palloc0(sizeof(ClienteleProgram));

	program->capacity = capacity;
	program->timed = timed;
	program->lenient = timed;
	binder->allocated = 64;
	program->instructions = palloc(sizeof(ClienteleInstruction) * binder->allocated);
	binder->zoned_allocated = 4;
	program->zoned = palloc(sizeof(ClienteleZonedConstant) * binder->zoned_allocated);
	binder->shared_allocated = 16;
	binder->shared = palloc(sizeof(int) * binder->shared_allocated);
	binder->lasting_allocated = 16;
	binder->lasting = palloc(sizeof(ClienteleCell *) * binder->lasting_allocated);
	binder->texts_allocated = 16;
	program->texts = palloc(sizeof(char *) * binder->texts_allocated);
	binder->program = program;
	binder->scope = scope;
	binder->rule = -1;
	return binder;
}

ClienteleCell *
clientele_bind_rule(ClienteleBinder *binder, const char *text, ClienteleType wanted, ClienteleType *type)
{
	ClienteleNode *tree = clientele_expression_parse(text, NULL);

	binder->rule++;
	binder->text = pstrdup(text);
	if (binder->rule == binder->texts_allocated)
	{
		binder->texts_allocated *= 2;
		binder->program->texts = repalloc(binder->program->texts,
										  mul_size(sizeof(char *), binder->texts_allocated));
	}
	binder->program->texts[binder->rule] = binder->text;

	*type = wanted == CLIENTELE_ANY ? type_of(binder, tree) : wanted;

	/* a bare string is text; a bare JSON key stays open */
	if (*type == CLIENTELE_ANY && tree->kind != CLIENTELE_NODE_NAME)
		*type = CLIENTELE_TEXT;
	return emit(binder, tree, *type).cells;
}

ClienteleCell *
clientele_bind_round(ClienteleBinder *binder, ClienteleCell *cells, int places)
{
	Value		rounded = add_operation(binder, NULL, CLIENTELE_OP_ROUND, cells, NULL);

	binder->program->instructions[binder->program->length - 1].detail->places = places;
	return rounded.cells;
}

void
clientele_bind_call(ClienteleBinder *binder, void (*call) (void *argument, int nrows), void *argument)
{
	ClienteleInstruction *added = add_instruction(binder, NULL, CLIENTELE_OP_CALL);

	Assert(binder->level == 0);
	added->detail->call = call;
	added->detail->argument = argument;
}

ClienteleCell *
clientele_bind_elapsed_since(const ClienteleBinder *binder, const ClienteleCell *cells)
{
	for (int i = binder->program->length - 1; i >= 0; i--)
	{
		const ClienteleInstruction *at = &binder->program->instructions[i];

		if (at->target == cells)
			return at->op == CLIENTELE_OP_DAYS_BETWEEN ? at->b : at->a;
	}
	elog(ERROR, "no instruction measures elapsed time");
	return NULL;
}

bool
clientele_bind_needs_as_of(const ClienteleBinder *binder)
{
	return binder->program->needs_as_of;
}

void
clientele_bind_lenient(ClienteleBinder *binder)
{
	binder->program->lenient = true;
}

void
clientele_bind_heeded(ClienteleBinder *binder, const ClienteleCell *cells)
{
	note_lasting(binder, cells);
}

ClienteleProgram *
clientele_bind_program(const ClienteleBinder *binder)
{
	return binder->program;
}

ClienteleProgram *
clientele_bind_end(ClienteleBinder *binder)
{
	ClienteleProgram *program = binder->program;

	add_instruction(binder, NULL, CLIENTELE_OP_END);
	program->selected = palloc(sizeof(int *) * (program->depth + 1));
	program->outer = palloc(sizeof(int) * (program->depth + 1));
	for (int level = 0; level <= program->depth; level++)
		program->selected[level] = palloc(mul_size(sizeof(int), program->capacity));
	if (program->timed)
		clientele_horizons_prepare(program, binder->lasting, binder->nlasting);
	return program;
}
