/*
 * person.c
 *		One customer, evaluated to be asked about a definition.
 *
 * By the engine that evaluates everyone, in an instance that also has the clauses of
 * all conditions in registers of their own.
 */
#include "postgres.h"

#include "compat.h"
#include "question/person.h"

bool
clientele_person_begin(const ClienteleAsked *asked, TimestampTz at, const ClienteleSupposition *supposed,
						ClientelePerson *person)
{
	ClienteleEngine *engine = asked->is_taken ? asked->engine :
		clientele_engine_take(asked->engine, CLIENTELE_TO_EXPLAIN);
	Datum	   *values = palloc(sizeof(Datum) * (engine->noutputs + 3));
	bool	   *nulls = palloc(sizeof(bool) * (engine->noutputs + 3));

	person->parts = engine->parts;
	person->scan = clientele_scan_begin_taken(engine, at, &asked->keys, asked->snapshot);
	clientele_scan_suppose(person->scan, supposed);
	if (clientele_scan_next(person->scan, values, nulls))
		return true;
	clientele_person_end(person);
	return false;
}

/* What fails here is nothing that anybody is served. */
static void
forget_failures(const ClienteleEngineParts *parts)
{
	parts->program->failures = 0;
	for (int i = 0; i < parts->nsources; i++)
		parts->sources[i].program->failures = parts->sources[i].fold.failures = 0;
}

void
clientele_person_end(ClientelePerson *person)
{
	forget_failures(person->parts);
	clientele_scan_end(person->scan);
}

TimestampTz
clientele_person_until(const ClientelePerson *person, const ClienteleCell *cell)
{
	return clientele_horizons(person->parts->program, cell)[0];
}

char *
clientele_person_string(const ClientelePerson *person, const ClienteleCell *cell, ClienteleType type)
{
	return clientele_cell_to_string(cell, type, person->parts->zone);
}

const char *
clientele_person_range(const ClientelePerson *person, int grid, int axis)
{
	const ClienteleEngineDefinition *bound = clientele_person_bound(person, grid);
	const ClienteleRfmGrid *cuts = &bound->cuts[clientele_variant_of(bound->variants, 0)];
	const ClienteleCell *score = bound->axes[axis];
	int			ncuts = cuts->ncuts[axis];
	int			bin;

	if (score->state == CLIENTELE_NULL)
		return "missing";
	bin = axis == CLIENTELE_RECENCY ? ncuts + 1 - (int) score->u.integer : (int) score->u.integer - 1;
	return clientele_range_to_string(bin == 0 ? NULL : &cuts->cuts[axis][bin - 1],
									 bin == ncuts ? NULL : &cuts->cuts[axis][bin]);
}

void
clientele_person_score(const ClientelePerson *person, int card, ClienteleScoredCard *scored)
{
	ClienteleEngineCard *state = clientele_person_bound(person, card)->card;

	memset(scored, 0, sizeof(*scored));
	scored->answers = clientele_engine_card_answers(state, 0);
	scored->card = state->card;
	scored->result.parts = state->parts;
	clientele_scorecard_score(scored->card, &scored->answers, &scored->result);
}

const ClienteleStatement *
clientele_person_statement(const ClientelePerson *person, int definition)
{
	const ClienteleByHand *by_hand = person->parts->by_hand;

	return by_hand ? clientele_by_hand_standing(by_hand, 0, clientele_person_definition(person, definition)->name) : NULL;
}

const char *
clientele_person_item(const ClientelePerson *person, const ClienteleEngineCondition *line)
{
	return line->item ? line->item : clientele_engine_show(person->parts, line->measured);
}

const char *
clientele_person_condition(const ClientelePerson *person, const ClienteleEngineCondition *line)
{
	if (line->rule)
		return clientele_engine_show(person->parts, line->rule);
	return line->line == CLIENTELE_LINE_RUNG ? "otherwise" : NULL;
}

const char *
clientele_person_keeps(const ClientelePerson *person, int definition)
{
	const ClienteleKeep *keep = clientele_person_definition(person, definition)->keep;
	char	   *text = clientele_keep_text(keep);

	if (keep->number == NULL || clientele_node_is_literal(keep->number))
		return text;
	return psprintf("%s: %s", text, clientele_engine_show(person->parts, clientele_expression_print(keep->number)));
}

int
clientele_person_rung(const ClientelePerson *person, int definition)
{
	const ClienteleEngineDefinition *bound = clientele_person_bound(person, definition);

	for (int i = 0; i < bound->nconditions; i++)
	{
		const ClienteleEngineCondition *line = &bound->conditions[i];

		if (line->line == CLIENTELE_LINE_RUNG && line->holds->state == CLIENTELE_TRUE)
			return line->part;
	}
	return -1;
}
