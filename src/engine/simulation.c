/*
 * simulation.c
 *		Customers under several models at once, counted by the labels that they have in
 *		the live one and would have in the drafts; or listed, where these differ.
 *
 * One engine evaluates all models, so facts are folded once.  A register of labels
 * becomes a column of numbers, each the number of a label; two such columns make a pair,
 * and a pair that stands for several drafts is counted once.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "common/int.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "compat.h"
#include "engine/by_hand.h"
#include "engine/engine_catalog.h"
#include "engine/simulation.h"

/* Number of a customer who has no label, or not the tag. */
#define NO_LABEL 0

/* Labels of a block whose numbers are remembered by where they stand. */
#define REMEMBERED 64

/* Amounts below it, of a whole block, add up within 64 bits. */
#define SHORT_AMOUNT (INT64CONST(1) << 53)

typedef struct Label
{
	uint32		status;
	int			number;
	const text *name;
} Label;

static inline uint32
hash_label(const text *name)
{
	return hash_bytes((const unsigned char *) VARDATA_ANY(name), (int) VARSIZE_ANY_EXHDR(name));
}

static inline bool
same_label(const text *a, const text *b)
{
	return VARSIZE_ANY_EXHDR(a) == VARSIZE_ANY_EXHDR(b) &&
		memcmp(VARDATA_ANY(a), VARDATA_ANY(b), VARSIZE_ANY_EXHDR(a)) == 0;
}

#define SH_PREFIX labels
#define SH_ELEMENT_TYPE Label
#define SH_KEY_TYPE const text *
#define SH_KEY name
#define SH_HASH_KEY(table, key) hash_label(key)
#define SH_EQUAL(table, a, b) same_label(a, b)
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

/* Customers who have one label now and one then. */
typedef struct Movers
{
	uint32		status;
	uint64		labels;			/* the numbers of both */
	int64		customers;
	ClienteleDecimal revenue;
} Movers;

#define SH_PREFIX groups
#define SH_ELEMENT_TYPE Movers
#define SH_KEY_TYPE uint64
#define SH_KEY labels
#define SH_HASH_KEY(table, key) murmurhash32((uint32) ((key) >> 32) * 65599 + (uint32) (key))
#define SH_EQUAL(table, a, b) ((a) == (b))
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

/* A register, as numbers of labels. */
typedef struct Column
{
	const ClienteleCell *cells; /* NULL: no definition gives the tag, but ... */
	const ClienteleByHand *by_hand; /* ... people do */
	int			tag;			/* its number, if it is one; else NO_LABEL */
	int			numbers[CLIENTELE_CUSTOMERS_CAPACITY];
	const text *texts[REMEMBERED];	/* of this block */
	int			text_numbers[REMEMBERED];
} Column;

/* A definition as it is and as it would be. */
typedef struct Pair
{
	const char *definition;
	const Column *from;			/* NULL: there is none */
	const Column *to;
	bool		is_tag;			/* on both sides, or on one and none on the other */
	groups_hash *groups;		/* but of tags ... */
	Movers		kept;			/* ... these */
	Movers		gained;
	Movers		lost;
} Pair;

/* What stands for a definition of a draft. */
typedef struct Outcome
{
	int			draft;
	Pair	   *pair;
} Outcome;

struct ClienteleSimulator
{
	MemoryContext context;
	MemoryContext row_context;	/* until the next row */
	ClienteleSimulation question;
	bool		moves;
	ClienteleEngine *engine;
	FmgrInfo	key_output;
	ClienteleScan *scan;		/* NULL: nothing is being read */

	labels_hash *labels;
	int			nlabels;
	int			labels_allocated;
	const text **label_names;	/* by number */
	List	   *columns;		/* of Column */
	List	   *pairs;			/* of Pair */
	int			noutcomes;
	Outcome    *outcomes;

	/* the block */
	int			nrows;
	const Datum *keys;
	bool		money_is_short; /* all of it is below SHORT_AMOUNT, ... */
	int			money_scale;	/* ... with as many decimals */
	int64		money[CLIENTELE_CUSTOMERS_CAPACITY];

	/* where the rows are */
	int			row;			/* moves: of the block */
	int			outcome;
	bool		summed;			/* sums: they are ready */
	bool		in_outcome;
	groups_iterator iterator;
};

/* ---------- the question ---------- */

static JsonbValue *
question_value(Datum question, const char *name)
{
	return getKeyJsonValueFromContainer(&DatumGetJsonbP(question)->root, name, (int) strlen(name), NULL);
}

static char *
text_of(const JsonbValue *value)
{
	if (value == NULL || value->type == jbvNull)
		return NULL;
	if (value->type != jbvString)
		elog(ERROR, "a question has something else where a text should stand");
	return pnstrdup(value->val.string.val, value->val.string.len);
}

char *
clientele_simulation_population(Datum question)
{
	char	   *name = text_of(question_value(question, "population"));

	if (name == NULL)
		elog(ERROR, "a question names no population");
	return name;
}

static void
read_drafts(ClienteleSimulation *simulation, const JsonbValue *drafts)
{
	JsonbContainer *array;

	if (drafts == NULL || drafts->type != jbvBinary)
		elog(ERROR, "a question has no drafts");
	array = drafts->val.binary.data;
	simulation->ndrafts = (int) JsonContainerSize(array);
	simulation->drafts = palloc(mul_size(sizeof(char *), Max(simulation->ndrafts, 1)));
	for (int i = 0; i < simulation->ndrafts; i++)
		simulation->drafts[i] = text_of(getIthJsonbValueFromContainer(array, i));
}

static void
read_question(ClienteleSimulator *simulator, Datum question)
{
	const JsonbValue *moves = question_value(question, "moves");

	simulator->question.live = text_of(question_value(question, "live"));
	simulator->question.revenue = text_of(question_value(question, "revenue"));
	simulator->question.name = text_of(question_value(question, "name"));
	simulator->moves = moves && moves->type == jbvBool && moves->val.boolean;
	read_drafts(&simulator->question, question_value(question, "drafts"));
}

/* ---------- what is to be counted ---------- */

/* The number of a label, which is copied if it is met for the first time. */
static int
number_of(ClienteleSimulator *simulator, const text *name)
{
	bool		found;
	Label	   *label = labels_insert(simulator->labels, name, &found);
	MemoryContext old_context;

	if (found)
		return label->number;
	old_context = MemoryContextSwitchTo(simulator->context);
	label->name = DatumGetTextPCopy(PointerGetDatum(name));
	label->number = ++simulator->nlabels;
	if (label->number == simulator->labels_allocated)
	{
		simulator->labels_allocated *= 2;
		simulator->label_names = repalloc(simulator->label_names, mul_size(sizeof(text *), simulator->labels_allocated));
	}
	simulator->label_names[label->number] = label->name;
	MemoryContextSwitchTo(old_context);
	return label->number;
}

/* The column of a definition in a model; NULL if it has none of that name. */
static const Column *
find_column(ClienteleSimulator *simulator, const ClienteleEngineModel *model, const char *name, bool *is_tag)
{
	Column	   *column;
	ListCell   *cell;
	int			tag;
	int			i = 0;

	while (i < model->model->ndefinitions &&
		   !(strcmp(model->model->definitions[i].name, name) == 0 &&
			 clientele_is_simulated(&simulator->question, &model->model->definitions[i])))
		i++;
	if (i == model->model->ndefinitions)
		return NULL;
	*is_tag = model->model->definitions[i].kind == CLIENTELE_TAG;
	tag = *is_tag ? number_of(simulator, cstring_to_text(name)) : NO_LABEL;
	foreach(cell, simulator->columns)
	{
		column = lfirst(cell);
		if (column->cells == model->definitions[i].cells && column->tag == tag)
			return column;
	}
	column = palloc0(sizeof(Column));
	column->cells = model->definitions[i].cells;
	column->tag = tag;
	simulator->columns = lappend(simulator->columns, column);
	return column;
}

/* The column of a tag that only people give, by a model that does not define it; NULL: they give none. */
static const Column *
find_given(ClienteleSimulator *simulator, const ClienteleEngineModel *model, const Column *defined)
{
	Column	   *column;
	ListCell   *cell;

	if (model->by_hand == NULL || defined == NULL || defined->tag == NO_LABEL)
		return NULL;
	foreach(cell, simulator->columns)
	{
		column = lfirst(cell);
		if (column->by_hand == model->by_hand && column->tag == defined->tag)
			return column;
	}
	column = palloc0(sizeof(Column));
	column->by_hand = model->by_hand;
	column->tag = defined->tag;
	simulator->columns = lappend(simulator->columns, column);
	return column;
}

static Pair *
find_pair(ClienteleSimulator *simulator, const char *name, const Column *from, const Column *to, bool is_tag)
{
	Pair	   *pair;
	ListCell   *cell;

	foreach(cell, simulator->pairs)
	{
		pair = lfirst(cell);
		if (pair->from == from && pair->to == to && strcmp(pair->definition, name) == 0)
			return pair;
	}
	pair = palloc0(sizeof(Pair));
	pair->definition = name;
	pair->from = from;
	pair->to = to;
	pair->is_tag = is_tag;
	pair->groups = groups_create(simulator->context, 16, NULL);
	simulator->pairs = lappend(simulator->pairs, pair);
	return pair;
}

static void
add_outcome(ClienteleSimulator *simulator, int draft, const char *name)
{
	const ClienteleEngineModel *models = simulator->engine->parts->models;
	bool		was_tag = true;
	bool		is_tag = true;
	const Column *from = find_column(simulator, &models[0], name, &was_tag);
	const Column *to = find_column(simulator, &models[draft], name, &is_tag);

	if (from == NULL)
		from = find_given(simulator, &models[0], to);
	else if (to == NULL)
		to = find_given(simulator, &models[draft], from);

	/* nobody moves where both are the same */
	if (from == to && (from == NULL || simulator->moves))
		return;
	simulator->outcomes[simulator->noutcomes].draft = draft;
	simulator->outcomes[simulator->noutcomes++].pair = find_pair(simulator, name, from, to, was_tag && is_tag);
}

static bool
has_definition(const ClienteleModel *model, const char *name)
{
	for (int i = 0; i < model->ndefinitions; i++)
	{
		if (strcmp(model->definitions[i].name, name) == 0)
			return true;
	}
	return false;
}

/* Of each draft, its definitions, and those that only the live model has. */
static void
add_outcomes(ClienteleSimulator *simulator)
{
	const ClienteleEngineModel *models = simulator->engine->parts->models;
	const ClienteleModel *live = models[0].model;
	Size		most = 1;

	for (int m = 1; m <= simulator->question.ndrafts; m++)
		most += models[m].model->ndefinitions + live->ndefinitions;
	simulator->outcomes = palloc(mul_size(sizeof(Outcome), most));
	for (int m = 1; m <= simulator->question.ndrafts; m++)
	{
		const ClienteleModel *draft = models[m].model;

		for (int i = 0; i < draft->ndefinitions; i++)
			add_outcome(simulator, m, draft->definitions[i].name);
		for (int i = 0; i < live->ndefinitions; i++)
		{
			if (!has_definition(draft, live->definitions[i].name))
				add_outcome(simulator, m, live->definitions[i].name);
		}
	}
}

ClienteleSimulator *
clientele_simulator_begin(int population_id, Datum question)
{
	ClienteleSimulator *simulator = palloc0(sizeof(ClienteleSimulator));
	Oid			output;
	bool		is_varlena;

	simulator->context = CurrentMemoryContext;
	simulator->row_context = AllocSetContextCreate(CurrentMemoryContext, "clientele simulated row", ALLOCSET_SMALL_SIZES);
	read_question(simulator, question);
	simulator->engine = clientele_engine_of_simulation(population_id, &simulator->question);
	getTypeOutputInfo(simulator->engine->key_type, &output, &is_varlena);
	fmgr_info(output, &simulator->key_output);
	simulator->labels = labels_create(simulator->context, 64, NULL);
	simulator->labels_allocated = 64;
	simulator->label_names = palloc(sizeof(text *) * simulator->labels_allocated);
	add_outcomes(simulator);
	return simulator;
}

/* ---------- a block ---------- */

static void
number_tags(Column *column, int nrows)
{
	for (int row = 0; row < nrows; row++)
		column->numbers[row] = column->cells[row].state == CLIENTELE_TRUE ? column->tag : NO_LABEL;
}

static void
number_given_tags(const ClienteleSimulator *simulator, Column *column, int nrows)
{
	for (int row = 0; row < nrows; row++)
	{
		ListCell   *cell;

		column->numbers[row] = NO_LABEL;
		foreach(cell, clientele_by_hand_tags(column->by_hand, row))
		{
			if (same_label(lfirst(cell), simulator->label_names[column->tag]))
				column->numbers[row] = column->tag;
		}
	}
}

/* Nearly all labels of a register are one of a few texts. */
static void
number_labels(ClienteleSimulator *simulator, Column *column, int nrows)
{
	memset(column->texts, 0, sizeof(column->texts));
	for (int row = 0; row < nrows; row++)
	{
		const text *label = column->cells[row].u.text;
		int			place = (int) (((uintptr_t) label / sizeof(void *)) % REMEMBERED);

		if (column->cells[row].state == CLIENTELE_NULL)
		{
			column->numbers[row] = NO_LABEL;
			continue;
		}
		if (column->texts[place] != label)
		{
			column->texts[place] = label;
			column->text_numbers[place] = number_of(simulator, label);
		}
		column->numbers[row] = column->text_numbers[place];
	}
}

static ClienteleDecimal
money_of(const ClienteleSimulator *simulator, int row)
{
	const ClienteleCell *cell = &simulator->engine->parts->revenue[row];

	return cell->state == CLIENTELE_NULL ? clientele_decimal_from_int64(0) : clientele_cell_number(cell);
}

/* The money of the block in one scale, if it is as short as money is. */
static void
read_money(ClienteleSimulator *simulator)
{
	int			scale = 0;

	simulator->money_is_short = true;
	if (simulator->engine->parts->revenue == NULL)
	{
		memset(simulator->money, 0, sizeof(simulator->money));
		return;
	}
	for (int row = 0; row < simulator->nrows; row++)
		scale = Max(scale, money_of(simulator, row).scale);
	simulator->money_scale = scale;
	for (int row = 0; row < simulator->nrows; row++)
	{
		ClienteleDecimal money = money_of(simulator, row);

		if (money.scale >= 0 && money.scale < scale)
			money = clientele_decimal_round(money, scale);
		if (money.scale != scale || money.u.units >= SHORT_AMOUNT || money.u.units <= -SHORT_AMOUNT)
		{
			simulator->money_is_short = false;
			return;
		}
		simulator->money[row] = money.u.units;
	}
}

/* The sum's memory is not to grow with what is added to it. */
static void
add_long_money(ClienteleSimulator *simulator, ClienteleDecimal *sum, ClienteleDecimal money)
{
	MemoryContext old_context = MemoryContextSwitchTo(simulator->context);
	ClienteleDecimal before = *sum;

	if (!clientele_decimal_add(before, money, sum))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("the revenue of some label is out of range")));
	if (sum->scale == CLIENTELE_DECIMAL_IS_NUMERIC && sum->u.numeric == money.u.numeric &&
		money.scale == CLIENTELE_DECIMAL_IS_NUMERIC)
		sum->u.numeric = DatumGetNumericCopy(NumericGetDatum(money.u.numeric));
	if (before.scale == CLIENTELE_DECIMAL_IS_NUMERIC &&
		!(sum->scale == CLIENTELE_DECIMAL_IS_NUMERIC && sum->u.numeric == before.u.numeric))
		pfree(before.u.numeric);
	MemoryContextSwitchTo(old_context);
}

static inline void
add_money(ClienteleSimulator *simulator, ClienteleDecimal *sum, int64 units)
{
	int64		total;

	if (likely(sum->scale == simulator->money_scale && !pg_add_s64_overflow(sum->u.units, units, &total)))
		sum->u.units = total;
	else if (units != 0)
		add_long_money(simulator, sum, (ClienteleDecimal) {{units}, simulator->money_scale});
}

/* ---------- counting ---------- */

static void
count_tag(ClienteleSimulator *simulator, Pair *pair)
{
	static const int nobody[CLIENTELE_CUSTOMERS_CAPACITY] = {NO_LABEL};
	const int  *from = pair->from ? pair->from->numbers : nobody;
	const int  *to = pair->to ? pair->to->numbers : nobody;
	int64		customers[3] = {0};
	int64		money[3] = {0};

	/* without a branch, which could not be foreseen */
	for (int row = 0; row < simulator->nrows; row++)
	{
		int64		had = from[row] != NO_LABEL;
		int64		has = to[row] != NO_LABEL;

		customers[0] += had & has;
		customers[1] += ~had & has;
		customers[2] += had & ~has;
		money[0] += simulator->money[row] & -(had & has);
		money[1] += simulator->money[row] & -(~had & has);
		money[2] += simulator->money[row] & -(had & ~has);
	}
	pair->kept.customers += customers[0];
	pair->gained.customers += customers[1];
	pair->lost.customers += customers[2];
	add_money(simulator, &pair->kept.revenue, money[0]);
	add_money(simulator, &pair->gained.revenue, money[1]);
	add_money(simulator, &pair->lost.revenue, money[2]);
}

static Movers *
find_group(Pair *pair, int from, int to)
{
	bool		found;
	Movers	   *group = groups_insert(pair->groups, (uint64) from << 32 | (uint32) to, &found);

	if (!found)
	{
		group->customers = 0;
		group->revenue = clientele_decimal_from_int64(0);
	}
	return group;
}

static inline int
number_at(const Column *column, int row)
{
	return column ? column->numbers[row] : NO_LABEL;
}

static void
count_labels(ClienteleSimulator *simulator, Pair *pair)
{
	for (int row = 0; row < simulator->nrows; row++)
	{
		Movers	   *group = find_group(pair, number_at(pair->from, row), number_at(pair->to, row));

		group->customers++;
		if (simulator->money_is_short)
			add_money(simulator, &group->revenue, simulator->money[row]);
		else
			add_long_money(simulator, &group->revenue, money_of(simulator, row));
	}
}

static void
count_block(ClienteleSimulator *simulator)
{
	ListCell   *cell;

	foreach(cell, simulator->pairs)
	{
		Pair	   *pair = lfirst(cell);

		if (pair->is_tag && simulator->money_is_short)
			count_tag(simulator, pair);
		else
			count_labels(simulator, pair);
	}
}

/* ---------- reading ---------- */

void
clientele_simulator_read(ClienteleSimulator *simulator, TimestampTz as_of, const ClienteleKeys *keys, Snapshot snapshot)
{
	MemoryContext old_context = MemoryContextSwitchTo(simulator->context);

	simulator->scan = clientele_scan_begin_taken(simulator->engine, as_of, keys, snapshot);
	simulator->nrows = simulator->row = simulator->outcome = 0;
	MemoryContextSwitchTo(old_context);
}

/* False: there is no further block. */
static bool
read_block(ClienteleSimulator *simulator)
{
	ListCell   *cell;

	simulator->nrows = clientele_scan_next_block(simulator->scan, &simulator->keys);
	simulator->row = simulator->outcome = 0;
	foreach(cell, simulator->columns)
	{
		Column	   *column = lfirst(cell);

		if (column->cells == NULL)
			number_given_tags(simulator, column, simulator->nrows);
		else if (column->tag != NO_LABEL)
			number_tags(column, simulator->nrows);
		else
			number_labels(simulator, column, simulator->nrows);
	}
	return simulator->nrows > 0;
}

static void
put_label(const ClienteleSimulator *simulator, ClienteleSimulationColumn column, int number, Datum *values, bool *nulls)
{
	nulls[column] = number == NO_LABEL;
	if (number != NO_LABEL)
		values[column] = PointerGetDatum(simulator->label_names[number]);
}

/* A row but for the key. */
static void
put_row(ClienteleSimulator *simulator, const Outcome *outcome, int from, int to, int64 customers,
		ClienteleDecimal revenue, Datum *values, bool *nulls)
{
	memset(nulls, false, CLIENTELE_SIMULATION_COLUMNS);
	values[CLIENTELE_SIMULATION_DRAFT] = Int32GetDatum(outcome->draft);
	values[CLIENTELE_SIMULATION_DEFINITION] = CStringGetTextDatum(outcome->pair->definition);
	put_label(simulator, CLIENTELE_SIMULATION_FROM, from, values, nulls);
	put_label(simulator, CLIENTELE_SIMULATION_TO, to, values, nulls);
	values[CLIENTELE_SIMULATION_CUSTOMERS] = Int64GetDatum(customers);
	nulls[CLIENTELE_SIMULATION_REVENUE] = simulator->engine->parts->revenue == NULL;
	if (simulator->engine->parts->revenue)
		values[CLIENTELE_SIMULATION_REVENUE] = NumericGetDatum(clientele_decimal_to_numeric(revenue));
	nulls[CLIENTELE_SIMULATION_KEY] = true;
}

static void
put_move(ClienteleSimulator *simulator, const Outcome *outcome, int row, Datum *values, bool *nulls)
{
	MemoryContext old_context;

	MemoryContextReset(simulator->row_context);
	old_context = MemoryContextSwitchTo(simulator->row_context);
	put_row(simulator, outcome, number_at(outcome->pair->from, row), number_at(outcome->pair->to, row), 1,
			simulator->engine->parts->revenue ? money_of(simulator, row) : clientele_decimal_from_int64(0),
			values, nulls);
	values[CLIENTELE_SIMULATION_KEY] = CStringGetTextDatum(OutputFunctionCall(&simulator->key_output, simulator->keys[row]));
	nulls[CLIENTELE_SIMULATION_KEY] = false;
	MemoryContextSwitchTo(old_context);
}

/* The next move in the block; false: there is none. */
static bool
next_move(ClienteleSimulator *simulator, Datum *values, bool *nulls)
{
	for (; simulator->row < simulator->nrows; simulator->row++, simulator->outcome = 0)
	{
		while (simulator->outcome < simulator->noutcomes)
		{
			const Outcome *outcome = &simulator->outcomes[simulator->outcome++];
			int			row = simulator->row;

			if (number_at(outcome->pair->from, row) == number_at(outcome->pair->to, row))
				continue;
			put_move(simulator, outcome, row, values, nulls);
			return true;
		}
	}
	return false;
}

void
clientele_simulator_stop(ClienteleSimulator *simulator)
{
	if (simulator->scan)
		clientele_scan_end(simulator->scan);
	simulator->scan = NULL;
}

bool
clientele_simulator_next(ClienteleSimulator *simulator, Datum *values, bool *nulls)
{
	if (simulator->scan == NULL)
		return false;
	while (!simulator->moves && read_block(simulator))
	{
		read_money(simulator);
		count_block(simulator);
	}
	while (simulator->moves)
	{
		if (next_move(simulator, values, nulls))
			return true;
		if (!read_block(simulator))
			break;
	}
	clientele_simulator_stop(simulator);
	return false;
}

/* ---------- sums ---------- */

static void
add_group(ClienteleSimulator *simulator, Pair *pair, int from, int to, const Movers *more)
{
	Movers	   *group;

	if (more->customers == 0)
		return;
	group = find_group(pair, from, to);
	group->customers += more->customers;
	add_long_money(simulator, &group->revenue, more->revenue);
}

/* From here on all groups are in their tables. */
static void
end_counting(ClienteleSimulator *simulator)
{
	ListCell   *cell;

	foreach(cell, simulator->pairs)
	{
		Pair	   *pair = lfirst(cell);
		int			tag = pair->is_tag ? (pair->from ? pair->from : pair->to)->tag : NO_LABEL;

		add_group(simulator, pair, tag, tag, &pair->kept);
		add_group(simulator, pair, NO_LABEL, tag, &pair->gained);
		add_group(simulator, pair, tag, NO_LABEL, &pair->lost);
	}
	simulator->outcome = 0;
	simulator->summed = true;
}

/* The next group of the outcomes; NULL: there is none. */
static const Movers *
next_group(ClienteleSimulator *simulator)
{
	for (; simulator->outcome < simulator->noutcomes; simulator->outcome++)
	{
		const Pair *pair = simulator->outcomes[simulator->outcome].pair;
		const Movers *group;

		if (!simulator->in_outcome)
			groups_start_iterate(pair->groups, &simulator->iterator);
		simulator->in_outcome = true;
		while ((group = groups_iterate(pair->groups, &simulator->iterator)) != NULL)
		{
			/* of those who neither have nor get a tag there is nothing to say */
			if (!pair->is_tag || group->labels != 0)
				return group;
		}
		simulator->in_outcome = false;
	}
	return NULL;
}

bool
clientele_simulator_next_sum(ClienteleSimulator *simulator, Datum *values, bool *nulls)
{
	MemoryContext old_context;
	const Movers *group;

	if (simulator->moves)
		return false;
	if (!simulator->summed)
		end_counting(simulator);
	group = next_group(simulator);
	if (group == NULL)
		return false;
	MemoryContextReset(simulator->row_context);
	old_context = MemoryContextSwitchTo(simulator->row_context);
	put_row(simulator, &simulator->outcomes[simulator->outcome], (int) (group->labels >> 32), (int) (group->labels & PG_UINT32_MAX),
			group->customers, group->revenue, values, nulls);
	MemoryContextSwitchTo(old_context);
	return true;
}
