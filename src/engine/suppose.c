/*
 * suppose.c
 *		What if something more happened: which kinds of events would move a
 *		definition, and folding those that have not happened.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "compat.h"
#include "engine/suppose.h"

/* More than anybody would ask for: events, and units of an amount. */
#define MOST_EVENTS 1000
#define MOST_UNITS INT64CONST(1000000000000000)

/* Decimals of an amount whose column does not say. */
#define AMOUNT_DECIMALS 2

/* Which aggregates something is computed from. */
typedef struct Reach
{
	const ClienteleEngineParts *parts;
	const ClienteleNode ***slots;	/* by source and slot: the aggregate; NULL = none of them */
	bool	   *definitions;	/* seen already */
} Reach;

/* ---------- which aggregates ---------- */

static void reach_definition(Reach *reach, int number);

static void
reach_aggregate(Reach *reach, const ClienteleNode *node)
{
	const char *text = clientele_engine_event_meaning(reach->parts, clientele_expression_print(node));

	for (int s = 0; s < reach->parts->nsources; s++)
	{
		const ClienteleEngineSource *source = &reach->parts->sources[s];

		for (int i = 0; i < source->fold.nslots; i++)
		{
			if (strcmp(source->model->name, node->first->string) == 0 && strcmp(source->slot_texts[i], text) == 0)
				reach->slots[s][i] = node;
		}
	}
}

static void
reach_node(Reach *reach, const ClienteleNode *node)
{
	const char *suffix;
	int			number = -1;

	check_stack_depth();
	if (node->kind == CLIENTELE_NODE_AGGREGATE)
	{
		reach_aggregate(reach, node);
		return;
	}
	if (node->kind == CLIENTELE_NODE_NAME && node->next_name == NULL)
		number = clientele_model_meant(reach->parts->model, node->string, &suffix);
	else if (node->kind == CLIENTELE_NODE_CALL && node->function == CLIENTELE_FN_HAS_TAG)
		number = clientele_engine_find_tag(reach->parts->model, node->first->string);
	if (number >= 0)
		reach_definition(reach, number);
	for (const ClienteleNode *operand = node->first; operand; operand = operand->next)
		reach_node(reach, operand);
}

static void
reach_text(Reach *reach, const char *text)
{
	if (text)
		reach_node(reach, clientele_engine_customers_own(reach->parts, text));
}

static void
reach_definition(Reach *reach, int number)
{
	const ClienteleDefinition *definition = &reach->parts->model->definitions[number];
	ClienteleRule *rules;
	int			nrules = 0;

	if (reach->definitions[number] || definition->kind == CLIENTELE_PARAMETER)
		return;
	reach->definitions[number] = true;
	reach_text(reach, definition->expression);
	for (int axis = 0; axis < CLIENTELE_RFM_AXES; axis++)
		reach_text(reach, definition->axes[axis]);

	/* what a grid's groups name is the grid's own */
	for (int i = 0; i < definition->nrungs && definition->kind == CLIENTELE_LADDER; i++)
		reach_text(reach, definition->rungs[i].when);
	if (definition->kind == CLIENTELE_CARD)
	{
		rules = clientele_scorecard_written_rules(definition->card, &nrules);
		for (int i = 0; i < nrules; i++)
			reach_text(reach, rules[i].text);
	}
}

static Reach
begin_reach(const ClienteleEngineParts *parts)
{
	Reach		reach = {.parts = parts};

	reach.definitions = palloc0(mul_size(sizeof(bool), Max(parts->model->ndefinitions, 1)));
	reach.slots = palloc(mul_size(sizeof(*reach.slots), Max(parts->nsources, 1)));
	for (int s = 0; s < parts->nsources; s++)
		reach.slots[s] = palloc0(mul_size(sizeof(ClienteleNode *), Max(parts->sources[s].fold.nslots, 1)));
	return reach;
}

/* ---------- levers ---------- */

/* What an aggregate asks of an event, one by one. */
static List *
conditions_of(const ClienteleNode *aggregate)
{
	const ClienteleNode *where = aggregate->aggregate->where;
	List	   *result = NIL;

	if (where == NULL)
		return NIL;
	if (where->kind != CLIENTELE_NODE_AND)
		return list_make1(clientele_expression_print(where));
	for (const ClienteleNode *operand = where->first; operand; operand = operand->next)
		result = lappend(result, clientele_expression_print(operand));
	return result;
}

static bool
is_in(const List *texts, const char *text)
{
	ListCell   *cell;

	foreach(cell, texts)
	{
		if (strcmp(lfirst(cell), text) == 0)
			return true;
	}
	return false;
}

static bool
are_in(const List *texts, const List *some)
{
	ListCell   *cell;

	foreach(cell, some)
	{
		if (!is_in(texts, lfirst(cell)))
			return false;
	}
	return true;
}

static const ClienteleSlot *
slot_of(const ClienteleEngineParts *parts, const ClienteleLever *lever)
{
	return &parts->sources[lever->source].fold.slots[lever->slot];
}

bool
clientele_lever_includes(const ClienteleEngineParts *parts, const ClienteleLever *general, const ClienteleLever *special)
{
	return general->source == special->source && general->by_amount == special->by_amount &&
		(!general->by_amount || slot_of(parts, general)->argument == slot_of(parts, special)->argument) &&
		are_in(special->conditions, general->conditions);
}

static int
amount_decimals(const ClienteleEngineSource *source, const ClienteleCell *cells)
{
	for (int i = 0; i < source->input.ncolumns; i++)
	{
		const ClienteleColumn *column = source->input.columns[i].column;

		if (source->input.columns[i].cells != cells)
			continue;
		switch (column->kind)
		{
			case CLIENTELE_COLUMN_INT2:
			case CLIENTELE_COLUMN_INT4:
			case CLIENTELE_COLUMN_INT8:
				return 0;
			default:
				return column->decimals ? column->decimals : AMOUNT_DECIMALS;
		}
	}
	return AMOUNT_DECIMALS;
}

/* What of an event's effects does not depend on what is not known of it. */
static bool
can_move(const ClienteleSlot *slot)
{
	switch (slot->function)
	{
		case CLIENTELE_FN_COUNT:
			return slot->argument == NULL;
		case CLIENTELE_FN_EARLIEST:
		case CLIENTELE_FN_LATEST:
			return true;
		case CLIENTELE_FN_MODE:
			return false;
		default:
			return slot->argument_type == CLIENTELE_NUMBER;
	}
}

static List *
add_lever(const Reach *reach, List *levers, int s, int slot, bool by_amount)
{
	const ClienteleEngineParts *parts = reach->parts;
	const ClienteleEngineSource *source = &parts->sources[s];
	const ClienteleNode *tree = reach->slots[s][slot];
	ClienteleLever *lever = palloc0(sizeof(ClienteleLever));
	ListCell   *cell;

	lever->source = s;
	lever->slot = slot;
	lever->by_amount = by_amount;
	lever->conditions = conditions_of(tree);
	foreach(cell, levers)
	{
		if (clientele_lever_includes(parts, lfirst(cell), lever) && clientele_lever_includes(parts, lever, lfirst(cell)))
			return levers;
	}
	if (by_amount)
		lever->decimals = amount_decimals(source, source->fold.slots[slot].argument);
	lever->counts = palloc(mul_size(sizeof(bool), source->fold.nslots));
	for (int i = 0; i < source->fold.nslots; i++)
		lever->counts[i] = reach->slots[s][i] && are_in(lever->conditions, conditions_of(reach->slots[s][i]));
	lever->unit = by_amount ? clientele_expression_print(tree->first) : source->model->name;
	if (tree->aggregate->where)
		lever->unit = psprintf("%s where %s", lever->unit,
							   clientele_engine_show(parts, clientele_expression_print(tree->aggregate->where)));
	return lappend(levers, lever);
}

static int
compare_levers(const ListCell *a, const ListCell *b)
{
	const ClienteleLever *one = lfirst(a);
	const ClienteleLever *other = lfirst(b);

	if (one->by_amount != other->by_amount)
		return one->by_amount ? 1 : -1;
	if (list_length(one->conditions) != list_length(other->conditions))
		return list_length(one->conditions) < list_length(other->conditions) ? -1 : 1;
	return one->source != other->source ? one->source - other->source : one->slot - other->slot;
}

List *
clientele_levers(const ClienteleEngineParts *parts, int definition)
{
	Reach		reach = begin_reach(parts);
	List	   *levers = NIL;

	reach_definition(&reach, definition);
	for (int s = 0; s < parts->nsources; s++)
	{
		for (int i = 0; i < parts->sources[s].fold.nslots; i++)
		{
			const ClienteleSlot *slot = &parts->sources[s].fold.slots[i];

			if (reach.slots[s][i] == NULL || !can_move(slot))
				continue;

			/* that an amount is not needed is found first */
			levers = add_lever(&reach, levers, s, i, false);
			if (slot->argument)
				levers = add_lever(&reach, levers, s, i, true);
		}
	}
	list_sort(levers, compare_levers);
	return levers;
}

bool
clientele_lever_moves(const ClienteleEngineParts *parts, const ClienteleLever *lever, const char *expression)
{
	Reach		reach = begin_reach(parts);

	reach_text(&reach, expression);
	for (int i = 0; i < parts->sources[lever->source].fold.nslots; i++)
	{
		if (reach.slots[lever->source][i] && lever->counts[i])
			return true;
	}
	return false;
}

/* ---------- how much ---------- */

ClienteleDecimal
clientele_lever_amount(const ClienteleLever *lever, int64 size)
{
	ClienteleDecimal amount;

	amount.u.units = size;
	amount.scale = lever->by_amount ? lever->decimals : 0;
	return amount;
}

/* The least size that is not below a number; false where there is none. */
static bool
size_of(const ClienteleLever *lever, ClienteleDecimal number, int64 *size)
{
	ClienteleDecimal unit = clientele_lever_amount(lever, 1);

	if (!clientele_decimal_divide(number, unit, &number))
		return false;
	number = clientele_decimal_negate(clientele_decimal_floor(clientele_decimal_negate(number)));
	number = clientele_decimal_trim(number);
	if (number.scale != 0)
		return false;
	*size = number.u.units;
	return true;
}

static int
compare_sizes(const void *a, const void *b)
{
	int64		one = *(const int64 *) a;
	int64		other = *(const int64 *) b;

	return (one > other) - (one < other);
}

/* Whether the constants that an aggregate is compared with say how much is missing. */
static bool
is_measured(const ClienteleEngineParts *parts, const ClienteleLever *lever, int slot)
{
	const ClienteleEngineSource *source = &parts->sources[lever->source];

	return lever->counts[slot] && (lever->by_amount ?
								   source->fold.slots[slot].argument == slot_of(parts, lever)->argument :
								   source->fold.slots[slot].argument == NULL);
}

int
clientele_lever_sizes(const ClienteleEngineParts *parts, const ClienteleLever *lever, int64 **sizes)
{
	const ClienteleFold *fold = &parts->sources[lever->source].fold;
	int64		most = lever->by_amount ? MOST_UNITS : MOST_EVENTS;
	int			room = 64;
	int			count = 0;
	int			kept = 0;
	int64	   *found;

	for (int i = 0; i < fold->nslots; i++)
		room += 2 * fold->slots[i].ncrossings;
	found = palloc(mul_size(sizeof(int64), room));

	for (int64 size = 1; size <= most; size *= lever->by_amount ? 10 : 2)
		found[count++] = size;
	for (int i = 0; i < fold->nslots; i++)
	{
		const ClienteleSlot *slot = &fold->slots[i];

		if (!is_measured(parts, lever, i) || slot->result->state == CLIENTELE_NULL)
			continue;
		for (int c = 0; c < slot->ncrossings; c++)
		{
			ClienteleDecimal missing;
			int64		size;

			if (!clientele_decimal_subtract(slot->crossings[c].constant, clientele_cell_number(slot->result), &missing) ||
				!size_of(lever, missing, &size) || size < 1 || size >= most)
				continue;
			found[count++] = size;
			found[count++] = size + 1;
		}
	}
	qsort(found, count, sizeof(int64), compare_sizes);
	for (int i = 0; i < count; i++)
	{
		if (kept == 0 || found[i] != found[kept - 1])
			found[kept++] = found[i];
	}
	*sizes = found;
	return kept;
}

/* ---------- folding ---------- */

static void
suppose(ClienteleEngineSource *source, const ClienteleLever *lever, int64 size, TimestampTz at)
{
	ClienteleFold *fold = &source->fold;
	ClienteleCell *saved = palloc(mul_size(sizeof(ClienteleCell), 2 * fold->nslots));

	/* a condition may be a constant, whose register nobody fills again */
	for (int i = 0; i < fold->nslots; i++)
	{
		const ClienteleSlot *slot = &fold->slots[i];

		if (slot->condition)
			saved[2 * i] = *slot->condition;
		if (slot->argument)
			saved[2 * i + 1] = *slot->argument;
	}
	for (int i = 0; i < fold->nslots; i++)
	{
		const ClienteleSlot *slot = &fold->slots[i];

		if (slot->condition)
			slot->condition->state = CLIENTELE_FALSE;
		if (slot->argument)
			slot->argument->state = CLIENTELE_NULL;
	}

	/* a register may be that of others as well, which nobody notices */
	for (int i = 0; i < fold->nslots; i++)
	{
		if (fold->slots[i].condition && lever->counts[i])
			fold->slots[i].condition->state = CLIENTELE_TRUE;
	}
	if (lever->by_amount)
		clientele_cell_set_number(fold->slots[lever->slot].argument, clientele_lever_amount(lever, size));
	source->events.at[0] = at;
	clientele_fold_suppose(fold, &source->events, lever->by_amount ? 1 : (int) size);
	for (int i = fold->nslots - 1; i >= 0; i--)
	{
		const ClienteleSlot *slot = &fold->slots[i];

		if (slot->condition)
			*slot->condition = saved[2 * i];
		if (slot->argument)
			*slot->argument = saved[2 * i + 1];
	}
}

void
clientele_suppose_events(ClienteleEngineSource *source, const ClienteleSupposition *supposed, TimestampTz at)
{
	for (; supposed; supposed = supposed->also)
	{
		if (&source->engine->parts->sources[supposed->lever->source] == source)
			suppose(source, supposed->lever, supposed->size, at);
	}
}
