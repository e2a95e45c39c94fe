/*
 * next_tier.c
 *		next_tier of a customer of a population: what would give her a better label,
 *		and when time alone will give her another.
 *
 * Nothing is inverted on paper.  The constants that sums and counts are compared with
 * say which amounts are worth a try; the evaluator says of each, folded as one more
 * payment of today, what the label would be; and where one suffices and the next smaller
 * one does not, that is the answer.  So it holds for whatever a definition consists of,
 * and for all that such a payment would count in besides.
 *
 * Until when an offer stands, and what happens if nothing happens, is found by going
 * from horizon to horizon, where the evaluator is asked again.
 */
#include "postgres.h"

#include "common/int.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "base/local_time.h"
#include "base/result_row.h"
#include "compat.h"
#include "engine/kept_level.h"
#include "question/next_tier.h"

/* How far ahead is looked: stated in the function's comment. */
#define LOOK_AHEAD_DAYS 1826
#define LOOK_AHEAD_STEPS 1000

/* The columns of next_tier(); their order is that of the SQL declaration. */
enum Column
{
	COLUMN_KIND, COLUMN_STEP, COLUMN_ITEM, COLUMN_VALUE, COLUMN_CONDITION, COLUMN_MISSING, COLUMN_UNIT, COLUMN_UNTIL,
	COLUMN_FROM_LABEL, COLUMN_TO_LABEL, COLUMN_FROM_SCORE, COLUMN_TO_SCORE, COLUMN_NOTE
};

/* A characteristic, an axis, or a clause, as it is at one instant. */
typedef struct Factor
{
	const char *name;
	const char *value;
	const char *condition;		/* the range that applies; the clause */
	const char *state;			/* what the label depends on */
	int			rung;			/* of a ladder: whose clause it is; else -1 */
} Factor;

/* Where a definition puts the customer at one instant. */
typedef struct Standing
{
	const char *label;
	Datum		score;			/* 0 = none */
	int			place;			/* of the label: the lower, the better */
	int			rung;			/* the first that holds, which a kept level may be better than */
	int			digits[CLIENTELE_RFM_AXES];	/* of grids with a built-in scheme, whose labels
											 * have no order but that of their axes */
	TimestampTz until;			/* the label holds at least so long */
	bool		clause_holds;	/* the one that is asked about */
	int			nitems;
	Factor	   *items;
} Standing;

/* So much of a lever suffices, and gives that. */
typedef struct Gain
{
	ClienteleSupposition supposed;
	Standing	after;
} Gain;

/* The call. */
typedef struct Question
{
	FunctionCallInfo fcinfo;
	const ClienteleAsked *asked;
	const ClienteleDefinition *definition;
	Standing	now;
	Standing	base;			/* what is looked for is better: as now, or what a mere event
								 * of the kind gives already */
	TimestampTz limit;			/* nobody looks beyond */
	List	   *levers;			/* what could move the definition */
	List	   *gains;			/* what of it suffices alone */
	int			clause;			/* number of the line that is to hold; -1: the label is what
								 * matters */
	int			step;			/* rows so far; some belong together */
} Question;

/* ---------- where she stands ---------- */

static bool
same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool
has_ordered_labels(const ClienteleDefinition *definition)
{
	return definition->kind != CLIENTELE_RFM_GRID || definition->scheme == NULL;
}

/* Labels are ordered as they are defined; those of a scheme by what their axes score. */
static bool
is_better(const Question *question, const Standing *one, const Standing *other)
{
	if (same_text(one->label, other->label))
		return false;
	if (has_ordered_labels(question->definition))
		return one->place < other->place;
	for (int axis = 0; axis < CLIENTELE_RFM_AXES; axis++)
	{
		if (one->digits[axis] < other->digits[axis])
			return false;
	}
	return true;
}

static void
stand_by_card(const Question *question, const ClientelePerson *person, bool full, Standing *standing)
{
	ClienteleScoredCard scored;
	int			number = question->asked->definition;

	clientele_person_score(person, number, &scored);
	while (standing->place < scored.card->ntiers &&
		   !same_text(scored.card->tiers[standing->place].label, standing->label))
		standing->place++;
	if (!full)
		return;
	if (scored.result.known)
		standing->score = clientele_score_datum(scored.result.score);
	standing->items = palloc0(mul_size(sizeof(Factor), scored.card->ncharacteristics));
	for (int i = 0; i < scored.card->ncharacteristics; i++)
	{
		const ClienteleCardCharacteristic *characteristic = &scored.card->characteristics[i];
		const ClienteleCardPart *part = &scored.result.parts[i];
		Factor	   *item = &standing->items[standing->nitems++];

		item->name = characteristic->name;
		item->rung = -1;
		if (characteristic->value_rule != CLIENTELE_CARD_NO_RULE)
			item->value = scored.answers.string(scored.answers.source, characteristic->value_rule);
		item->condition = part->bin ? clientele_scorecard_bin_text(characteristic, part->bin) : NULL;
		item->state = !part->known ? "unknown" :
			psprintf("%s * %s", clientele_decimal_to_string(clientele_decimal_trim(part->points)),
					 clientele_decimal_to_string(clientele_decimal_trim(part->weight)));
	}
}

static void
stand_by_axes(const Question *question, const ClientelePerson *person, bool full, Standing *standing)
{
	int			number = question->asked->definition;
	const ClienteleEngineDefinition *bound = clientele_person_bound(person, number);

	standing->until = Min(standing->until, clientele_person_until(person, bound->score));
	for (int axis = 0; axis < CLIENTELE_RFM_AXES; axis++)
	{
		if (bound->axes[axis]->state != CLIENTELE_NULL)
			standing->digits[axis] = (int) bound->axes[axis]->u.integer;
	}
	if (!full)
		return;
	if (bound->score->state != CLIENTELE_NULL)
		standing->score = NumericGetDatum(clientele_decimal_to_numeric(clientele_cell_number(bound->score)));
	standing->items = palloc0(sizeof(Factor) * CLIENTELE_RFM_AXES);
	for (int axis = 0; axis < CLIENTELE_RFM_AXES; axis++)
	{
		Factor	   *item = &standing->items[standing->nitems++];

		item->name = clientele_rfm_axis_names[axis];
		item->value = clientele_person_string(person, bound->values[axis], CLIENTELE_NUMBER);
		item->condition = item->state = clientele_person_range(person, number, axis);
		item->rung = -1;
	}
}

static void
stand_by_clauses(const Question *question, const ClientelePerson *person, Standing *standing)
{
	const ClienteleEngineDefinition *bound = clientele_person_bound(person, question->asked->definition);

	standing->items = palloc0(mul_size(sizeof(Factor), Max(bound->nconditions, 1)));
	for (int i = 0; i < bound->nconditions; i++)
	{
		const ClienteleEngineCondition *line = &bound->conditions[i];
		Factor	   *item = &standing->items[standing->nitems];

		if (line->line != CLIENTELE_LINE_CLAUSE)
			continue;
		item->name = clientele_person_item(person, line);
		item->value = clientele_person_string(person, line->value, line->type);
		item->condition = clientele_person_condition(person, line);
		item->state = line->holds->state == CLIENTELE_TRUE ? "holds" : "does not";
		item->rung = line->part;
		standing->nitems++;
	}
}

static void
read_standing(const Question *question, const ClientelePerson *person, bool full, Standing *standing)
{
	int			number = question->asked->definition;
	const ClienteleDefinition *definition = question->definition;
	const ClienteleCell *cell = clientele_person_bound(person, number)->by_rules;
	int			rung;

	standing->until = clientele_person_until(person, cell);
	if (definition->kind == CLIENTELE_TAG)
	{
		standing->place = cell->state == CLIENTELE_TRUE ? 0 : 1;
		standing->label = standing->place == 0 ? definition->name : NULL;
	}
	else
		standing->label = clientele_person_string(person, cell, CLIENTELE_TEXT);
	if (question->clause >= 0)
		standing->clause_holds =
			clientele_person_bound(person, number)->conditions[question->clause].holds->state == CLIENTELE_TRUE;
	if (definition->nrungs > 0)
	{
		rung = clientele_person_rung(person, number);
		standing->rung = rung >= 0 ? rung : definition->nrungs;
		while (standing->place < definition->nrungs &&
			   !same_text(definition->rungs[standing->place].label, standing->label))
			standing->place++;
	}

	/* an offer is one by the rules, also where a level would be kept after it */
	if (clientele_person_bound(person, number)->kept)
		standing->until = Min(standing->until,
							  clientele_kept_level_explain(clientele_person_bound(person, number)->kept).by_rules_until);

	if (definition->kind == CLIENTELE_CARD)
		stand_by_card(question, person, full, standing);
	else if (definition->kind == CLIENTELE_RFM_GRID)
		stand_by_axes(question, person, full, standing);
	else if (full)
		stand_by_clauses(question, person, standing);
}

/* Evaluates the customer; false if there is none. */
static bool
stand(const Question *question, TimestampTz at, const ClienteleSupposition *supposed, bool full, Standing *standing)
{
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext scratch = AllocSetContextCreate(caller, "clientele what if", ALLOCSET_SMALL_SIZES);
	ClientelePerson person;
	bool		exists;

	CHECK_FOR_INTERRUPTS();
	memset(standing, 0, sizeof(*standing));
	MemoryContextSwitchTo(scratch);
	exists = clientele_person_begin(question->asked, at, supposed, &person);
	if (exists)
	{
		MemoryContextSwitchTo(caller);
		read_standing(question, &person, full, standing);
		clientele_person_end(&person);
	}
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(scratch);
	return exists;
}

/* ---------- rows ---------- */

static void
begin_row(const Question *question, ClienteleResultRow *row, const char *kind, const Standing *from, const Standing *to)
{
	clientele_result_clear(row);
	clientele_result_set_text(row, COLUMN_KIND, kind);
	clientele_result_set_text(row, COLUMN_FROM_LABEL, from->label);
	clientele_result_set(row, COLUMN_STEP, Int32GetDatum(question->step));
	if (from->score)
		clientele_result_set(row, COLUMN_FROM_SCORE, from->score);
	if (to == NULL)
		return;
	clientele_result_set_text(row, COLUMN_TO_LABEL, to->label);
	if (to->score)
		clientele_result_set(row, COLUMN_TO_SCORE, to->score);
}

static const char *
listed(const char *list, const char *text)
{
	return list == NULL ? text : text == NULL ? list : psprintf("%s; %s", list, text);
}

/*
 * The items that make the difference between two standings: what they are called, their
 * values in the one and their conditions in the other.
 */
static void
set_difference(ClienteleResultRow *row, const Standing *before, const Standing *after, int rung,
			   const Standing *values, const Standing *conditions)
{
	const char *names = NULL;
	const char *value = NULL;
	const char *condition = NULL;

	for (int i = 0; i < before->nitems; i++)
	{
		if (same_text(before->items[i].state, after->items[i].state) ||
			(before->items[i].rung >= 0 && before->items[i].rung != rung))
			continue;
		names = listed(names, before->items[i].name);
		value = listed(value, values->items[i].value);
		condition = listed(condition, conditions->items[i].condition);
	}
	clientele_result_set_text(row, COLUMN_ITEM, names);
	clientele_result_set_text(row, COLUMN_VALUE, value);
	clientele_result_set_text(row, COLUMN_CONDITION, condition);
}

/* ---------- what suffices ---------- */

static bool
suffices(const Question *question, const ClienteleSupposition *supposed)
{
	Standing	then;

	return stand(question, question->asked->as_of, supposed, false, &then) &&
		(question->clause >= 0 ? then.clause_holds : is_better(question, &then, &question->base));
}

static bool
size_suffices(const Question *question, const ClienteleLever *lever, int64 size, const ClienteleSupposition *also)
{
	ClienteleSupposition supposed = {lever, size, also};

	return suffices(question, &supposed);
}

/* The least size between one that does not suffice and one that does. */
static int64
least_between(const Question *question, const ClienteleLever *lever, int64 too_small, int64 enough,
			  const ClienteleSupposition *also)
{
	/* mostly it is a threshold already */
	int64		tried = enough - 1;

	while (enough - too_small > 1)
	{
		if (size_suffices(question, lever, tried, also))
			enough = tried;
		else
			too_small = tried;
		tried = too_small + (enough - too_small) / 2;
	}
	return enough;
}

/* The least size of which a lever suffices; 0 where none is known. */
static int64
find_size(Question *question, const ClienteleLever *lever)
{
	ClienteleSupposition mere = {lever, 0, NULL};
	Standing	then;
	int64	   *sizes = NULL;
	int64		too_small = 0;
	int			nsizes = 0;
	ClientelePerson person;

	if (clientele_person_begin(question->asked, question->asked->as_of, NULL, &person))
	{
		nsizes = clientele_lever_sizes(person.parts, lever, &sizes);
		clientele_person_end(&person);
	}

	/* an event whatever its amount is another lever's answer */
	question->base = question->now;
	if (lever->by_amount && stand(question, question->asked->as_of, &mere, false, &then))
	{
		if (question->clause >= 0 && then.clause_holds)
			return 0;
		if (is_better(question, &then, &question->now))
			question->base = then;
	}
	for (int i = 0; i < nsizes; i++)
	{
		if (size_suffices(question, lever, sizes[i], NULL))
			return least_between(question, lever, too_small, sizes[i], NULL);
		too_small = sizes[i];
	}
	return 0;
}

/*
 * Until when an offer stands: made then, it would not give a label as good any more.
 * DT_NOEND: as far as anybody looks.
 */
static TimestampTz
stands_until(const Question *question, const ClienteleSupposition *supposed, const Standing *promised, const char **note)
{
	Standing	then = *promised;
	TimestampTz at = question->asked->as_of;

	for (int steps = 0; steps < LOOK_AHEAD_STEPS; steps++)
	{
		if (then.until > question->limit)
			return DT_NOEND;
		at = then.until;
		if (!stand(question, at, supposed, false, &then) ||
			(!same_text(then.label, promised->label) && !is_better(question, &then, promised)))
			return at;
	}
	*note = "at least until then";
	return at;
}

/* What is missing, and what that gives. */
static void
begin_gain(const Question *question, ClienteleResultRow *row, const ClienteleSupposition *gain,
		   const ClienteleSupposition *all, const Standing *after)
{
	ClienteleDecimal missing = clientele_lever_amount(gain->lever, gain->size);
	const char *note = NULL;

	begin_row(question, row, "gain", &question->now, after);
	clientele_result_set_number(row, COLUMN_MISSING, &missing);
	clientele_result_set_text(row, COLUMN_UNIT, gain->lever->unit);
	clientele_result_set_horizon(row, COLUMN_UNTIL, stands_until(question, all, after, &note));
	clientele_result_set_text(row, COLUMN_NOTE, note);
}

/* Its item is what the last unit changes. */
static void
put_gain(Question *question, const Gain *gain)
{
	ClienteleSupposition less = {gain->supposed.lever, gain->supposed.size - 1, NULL};
	ClienteleResultRow row;
	Standing	before;

	if (!stand(question, question->asked->as_of, &less, true, &before))
		return;
	question->step++;
	begin_gain(question, &row, &gain->supposed, &gain->supposed, &gain->after);
	set_difference(&row, &before, &gain->after, gain->after.rung, &question->now, &gain->after);
	clientele_result_put(question->fcinfo, &row);
}

/* Whether a wider kind of event, and no more of it, gives as much. */
static bool
is_included(const Question *question, const ClienteleEngineParts *parts, const Gain *gain)
{
	ListCell   *cell;

	foreach(cell, question->gains)
	{
		const Gain *other = lfirst(cell);

		if (other->supposed.size <= gain->supposed.size && !is_better(question, &gain->after, &other->after) &&
			clientele_lever_includes(parts, other->supposed.lever, gain->supposed.lever))
			return true;
	}
	return false;
}

static void
put_gains(Question *question, const ClienteleEngineParts *parts)
{
	ListCell   *cell;

	foreach(cell, question->levers)
	{
		Gain	   *gain = palloc0(sizeof(Gain));

		gain->supposed.lever = lfirst(cell);
		gain->supposed.size = find_size(question, gain->supposed.lever);
		if (gain->supposed.size > 0 &&
			stand(question, question->asked->as_of, &gain->supposed, true, &gain->after) &&
			!is_included(question, parts, gain))
			question->gains = lappend(question->gains, gain);
	}
	question->base = question->now;
	foreach(cell, question->gains)
		put_gain(question, lfirst(cell));
}

static ClienteleSupposition *
new_supposition(const ClienteleLever *lever, int64 size, const ClienteleSupposition *also)
{
	ClienteleSupposition *supposed = palloc(sizeof(ClienteleSupposition));

	*supposed = (ClienteleSupposition) {lever, size, also};
	return supposed;
}

/* ---------- clauses of a better rung ---------- */

/*
 * The clauses that a rung, or a tag, consists of and that do not hold, as numbers of
 * lines.  *all: they must all hold; else one of them suffices.
 */
static List *
unmet_clauses(const Question *question, const ClientelePerson *person, int rung, bool *all)
{
	const ClienteleEngineDefinition *bound = clientele_person_bound(person, question->asked->definition);
	const char *rule = rung >= 0 ? question->definition->rungs[rung].when : question->definition->expression;
	int			depth = rung >= 0 ? 2 : 1;
	List	   *clauses = NIL;

	*all = clientele_expression_parse(rule, NULL)->kind != CLIENTELE_NODE_OR;
	for (int i = 0; i < bound->nconditions; i++)
	{
		const ClienteleEngineCondition *line = &bound->conditions[i];

		if (line->depth == depth && (rung < 0 || line->part == rung) && line->holds &&
			line->holds->state != CLIENTELE_TRUE)
			clauses = lappend_int(clauses, i);
	}
	return clauses;
}

/*
 * Why nothing is missing that could be done about what an expression says.  NULL where some
 * event that moves it suffices already.
 */
static const char *
obstacle(const Question *question, const ClienteleEngineParts *parts, const char *expression)
{
	ListCell   *cell;

	foreach(cell, question->gains)
	{
		if (clientele_lever_moves(parts, ((Gain *) lfirst(cell))->supposed.lever, expression))
			return NULL;
	}
	foreach(cell, question->levers)
	{
		if (clientele_lever_moves(parts, lfirst(cell), expression))
			return "no number of events and no amount suffices";
	}
	return "no event changes it";
}

static void
set_obstacle(ClienteleResultRow *row, const char *note, TimestampTz until)
{
	clientele_result_set_text(row, COLUMN_NOTE, TIMESTAMP_IS_NOEND(until) ? note : psprintf("%s; time may", note));
	clientele_result_set_horizon(row, COLUMN_UNTIL, until);
}

static void
set_clause(ClienteleResultRow *row, const ClientelePerson *person, const ClienteleEngineCondition *line)
{
	clientele_result_set_text(row, COLUMN_ITEM, clientele_person_item(person, line));
	clientele_result_set_text(row, COLUMN_VALUE, clientele_person_string(person, line->value, line->type));
	clientele_result_set_text(row, COLUMN_CONDITION, clientele_person_condition(person, line));
}

/* Clauses of which each alone suffices, but which no event is known to fulfil. */
static void
put_obstacles(Question *question, const ClientelePerson *person, const List *clauses, const char *label)
{
	const ClienteleEngineDefinition *bound = clientele_person_bound(person, question->asked->definition);
	Standing	to = {.label = label};
	ListCell   *cell;

	foreach(cell, clauses)
	{
		const ClienteleEngineCondition *line = &bound->conditions[lfirst_int(cell)];
		const char *note = obstacle(question, person->parts, line->rule);
		TimestampTz until = clientele_person_until(person, line->holds);
		ClienteleResultRow row;

		if (note == NULL)
			continue;
		question->step++;
		begin_row(question, &row, "gain", &question->now, &to);
		set_clause(&row, person, line);
		set_obstacle(&row, note, until);
		clientele_result_put(question->fcinfo, &row);
	}
}

/* The first lever, and as much of it, that fulfils a clause; NULL if none does. */
static ClienteleSupposition *
fulfil(Question *question, int clause)
{
	ListCell   *cell;
	ClienteleSupposition *found = NULL;

	question->clause = clause;
	foreach(cell, question->levers)
	{
		int64		size = find_size(question, lfirst(cell));

		if (size > 0)
		{
			found = new_supposition(lfirst(cell), size, NULL);
			break;
		}
	}
	question->clause = -1;
	question->base = question->now;
	return found;
}

/* As much of each as is needed beside the others. */
static void
reduce(const Question *question, const List *gains)
{
	ListCell   *cell;
	ListCell   *other;

	foreach(cell, gains)
	{
		ClienteleSupposition *gain = lfirst(cell);
		ClienteleSupposition *others = NULL;

		foreach(other, gains)
		{
			const ClienteleSupposition *also = lfirst(other);

			if (also != gain && also->size > 0)
				others = new_supposition(also->lever, also->size, others);
		}
		gain->size = others && suffices(question, others) ? 0 :
			least_between(question, gain->lever, 0, gain->size, others);
	}
}

/* What together fulfils the clauses of a rung: a row for each.  False if nothing does. */
static bool
put_together(Question *question, const ClientelePerson *person, const List *clauses)
{
	const ClienteleEngineDefinition *bound = clientele_person_bound(person, question->asked->definition);
	ClienteleSupposition *all = NULL;
	List	   *gains = NIL;
	ListCell   *cell;
	ListCell   *clause;
	Standing	after;

	foreach(cell, clauses)
	{
		ClienteleSupposition *gain = fulfil(question, lfirst_int(cell));

		if (gain == NULL)
			return false;
		gains = lappend(gains, gain);
		all = new_supposition(gain->lever, gain->size, all);
	}
	if (!suffices(question, all))
		return false;
	reduce(question, gains);

	all = NULL;
	foreach(cell, gains)
	{
		const ClienteleSupposition *gain = lfirst(cell);

		if (gain->size > 0)
			all = new_supposition(gain->lever, gain->size, all);
	}
	if (!stand(question, question->asked->as_of, all, true, &after))
		return false;
	question->step++;
	forboth(cell, gains, clause, clauses)
	{
		const ClienteleSupposition *gain = lfirst(cell);
		ClienteleResultRow row;

		if (gain->size == 0)
			continue;
		begin_gain(question, &row, gain, all, &after);
		set_clause(&row, person, &bound->conditions[lfirst_int(clause)]);
		clientele_result_put(question->fcinfo, &row);
	}
	return true;
}

/* The conditions of better rungs, from the nearest on; of a tag, its own. */
static void
put_clauses(Question *question, const ClientelePerson *person)
{
	bool		is_tag = question->definition->kind == CLIENTELE_TAG;
	bool		together = question->gains == NIL;

	for (int rung = question->now.place - 1; rung >= 0; rung--)
	{
		const char *label = is_tag ? question->definition->name : question->definition->rungs[rung].label;
		bool		all;
		List	   *clauses;

		if (same_text(label, question->now.label))
			continue;
		clauses = unmet_clauses(question, person, is_tag ? -1 : rung, &all);
		if (!all || list_length(clauses) == 1)
			put_obstacles(question, person, clauses, label);
		else if (together && clauses != NIL && put_together(question, person, clauses))
			together = false;
	}
}

/* ---------- characteristics of a card ---------- */

static const char *
step_obstacle(const Question *question, const ClienteleEngineParts *parts,
			  const ClienteleCardCharacteristic *characteristic, const ClienteleCardStep *step)
{
	const char *note = characteristic->value ? obstacle(question, parts, characteristic->value) : NULL;

	if (characteristic->value && note == NULL)
		return NULL;
	for (int i = 0; i < characteristic->nbins && !characteristic->by_range; i++)
	{
		if (characteristic->bins[i].when && (note = obstacle(question, parts, characteristic->bins[i].when)) == NULL)
			return NULL;
	}
	return step->obstacle == CLIENTELE_CARD_UNKNOWN || step->obstacle == CLIENTELE_CARD_COMPUTED ?
		clientele_card_step_note(step) : note;
}

/* Those that suffice alone, but that no event is known to change so. */
static void
put_characteristics(Question *question, const ClientelePerson *person)
{
	ClienteleScoredCard scored;
	ClienteleCardStep *steps;
	const ClienteleCardTier *next;
	int			nsteps;

	clientele_person_score(person, question->asked->definition, &scored);
	steps = palloc(mul_size(sizeof(ClienteleCardStep), scored.card->ncharacteristics));
	nsteps = clientele_scorecard_steps(scored.card, &scored.result, &scored.answers, steps);
	next = clientele_scorecard_next_tier(scored.card, &scored.result);
	for (int i = 0; i < nsteps; i++)
	{
		const ClienteleCardStep *step = &steps[i];
		const ClienteleCardCharacteristic *characteristic = &scored.card->characteristics[step->characteristic];
		const char *note = step_obstacle(question, person->parts, characteristic, step);
		Standing	to = {.label = next ? next->label : NULL};
		ClienteleResultRow row;

		if (note == NULL || (next && next - scored.card->tiers >= question->now.place))
			continue;
		if (step->bin >= 0)
			to.score = clientele_score_datum(step->score);
		question->step++;
		begin_row(question, &row, "gain", &question->now, &to);
		clientele_result_set_text(&row, COLUMN_ITEM, characteristic->name);
		if (characteristic->value_rule != CLIENTELE_CARD_NO_RULE)
			clientele_result_set_text(&row, COLUMN_VALUE, scored.answers.string(scored.answers.source, characteristic->value_rule));
		if (step->bin >= 0)
			clientele_result_set_text(&row, COLUMN_CONDITION,
									  clientele_scorecard_bin_text(characteristic, &characteristic->bins[step->bin]));
		if (step->has_change && clientele_decimal_sign(step->change) > 0)
		{
			clientele_result_set_number(&row, COLUMN_MISSING, &step->change);
			clientele_result_set_text(&row, COLUMN_UNIT, clientele_engine_show(person->parts, characteristic->value));
		}
		set_obstacle(&row, note, clientele_engine_card_until(clientele_person_bound(person, question->asked->definition)->card,
															 step->characteristic, 0));
		clientele_result_put(question->fcinfo, &row);
	}
}

/* ---------- what time alone does ---------- */

/* One change of the label, and the items that made it; false if it is the last to look for. */
static bool
put_change(Question *question, TimestampTz at)
{
	ClienteleResultRow row;
	Standing	before;
	Standing	after;
	bool		worse;

	if (!stand(question, at - 1, NULL, true, &before) || !stand(question, at, NULL, true, &after))
		return false;
	worse = is_better(question, &before, &after);
	question->step++;
	begin_row(question, &row, worse ? "lose" : "change", &before, &after);

	/* a rung is lost by its own clauses, or by those of one before it */
	set_difference(&row, &before, &after, Min(before.rung, after.rung), &after, worse ? &before : &after);
	if (row.nulls[COLUMN_ITEM] && question->definition->keep)
	{
		clientele_result_set_text(&row, COLUMN_ITEM, "kept");
		clientele_result_set_text(&row, COLUMN_CONDITION, clientele_keep_text(question->definition->keep));
	}
	clientele_result_set_horizon(&row, COLUMN_UNTIL, at);
	clientele_result_put(question->fcinfo, &row);
	return !worse;
}

static void
put_changes(Question *question)
{
	Standing	before = question->now;
	Standing	then = question->now;

	for (int steps = 0; steps < LOOK_AHEAD_STEPS && then.until <= question->limit; steps++)
	{
		TimestampTz at = then.until;

		if (!stand(question, at, NULL, false, &then))
			return;
		if (same_text(then.label, before.label))
			continue;
		if (!put_change(question, at))
			return;
		before = then;
	}
}

/* ---------- what keeps the label ---------- */

static void
put_kept(Question *question, const ClientelePerson *person)
{
	ClienteleKeptLevel *kept = clientele_person_bound(person, question->asked->definition)->kept;
	ClienteleResultRow row;

	if (kept == NULL || question->now.label == NULL)
		return;
	question->step++;
	begin_row(question, &row, "keep", &question->now, &question->now);
	clientele_result_set_text(&row, COLUMN_ITEM, "kept");
	clientele_result_set_text(&row, COLUMN_VALUE, question->now.label);
	clientele_result_set_text(&row, COLUMN_CONDITION, clientele_person_keeps(person, question->asked->definition));
	clientele_result_set_horizon(&row, COLUMN_UNTIL, clientele_kept_level_explain(kept).safe_until);
	clientele_result_put(question->fcinfo, &row);
}

/* As long as it stands it is the label, whatever the rows after it say: they follow the rules. */
static void
put_by_hand(Question *question, const ClientelePerson *person)
{
	const ClienteleStatement *said = clientele_person_statement(person, question->asked->definition);
	const char *label = said == NULL ? NULL : said->label ? text_to_cstring(said->label) : question->definition->name;
	ClienteleResultRow row;

	if (said == NULL)
		return;
	clientele_result_clear(&row);
	clientele_result_set_text(&row, COLUMN_KIND, "keep");
	clientele_result_set(&row, COLUMN_STEP, Int32GetDatum(++question->step));
	clientele_result_set_text(&row, COLUMN_ITEM, said->label ? "pin" : "by hand");
	clientele_result_set_text(&row, COLUMN_VALUE, label);
	clientele_result_set_text(&row, COLUMN_CONDITION, psprintf("by %s", said->author));
	clientele_result_set_horizon(&row, COLUMN_UNTIL, said->until);
	clientele_result_set_text(&row, COLUMN_FROM_LABEL, label);
	clientele_result_set_text(&row, COLUMN_TO_LABEL, label);
	clientele_result_set_text(&row, COLUMN_NOTE, said->note);
	clientele_result_put(question->fcinfo, &row);
}

/* ---------- the whole ---------- */

void
clientele_next_tier_put(FunctionCallInfo fcinfo, const ClienteleAsked *asked)
{
	Question	question = {.fcinfo = fcinfo,.asked = asked,.clause = -1};
	ClientelePerson person;

	if (pg_add_s64_overflow(asked->as_of, LOOK_AHEAD_DAYS * USECS_PER_DAY, &question.limit))
		question.limit = DT_NOEND - 1;
	question.definition = &asked->engine->parts->model->definitions[asked->definition];
	if (!clientele_person_begin(asked, asked->as_of, NULL, &person))
		return;
	question.levers = clientele_levers(person.parts, asked->definition);
	read_standing(&question, &person, true, &question.now);
	put_by_hand(&question, &person);
	put_kept(&question, &person);
	put_gains(&question, person.parts);
	if (question.definition->kind == CLIENTELE_CARD)
		put_characteristics(&question, &person);
	else if (question.definition->kind != CLIENTELE_RFM_GRID)
		put_clauses(&question, &person);
	clientele_person_end(&person);
	put_changes(&question);
}
