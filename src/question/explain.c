/*
 * explain.c
 *		explain of one customer: why the answer of a definition is what it is, and
 *		until when.  And the frame of all calls that ask about one.
 *
 * First the answer, then line by line what it rests on; what a line names is unfolded
 * beneath it, down to the aggregates and columns, where it is named first.  Whoever may
 * read the population's view may ask; the tables are read as its owner.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"

#include "base/clock.h"
#include "base/nearest_name.h"
#include "base/result_row.h"
#include "compat.h"
#include "engine/by_hand.h"
#include "engine/engine_catalog.h"
#include "engine/kept_level.h"
#include "population/owner.h"
#include "population/reader.h"
#include "question/next_tier.h"

PG_FUNCTION_INFO_V1(clientele_explain);
PG_FUNCTION_INFO_V1(clientele_explain_next_tier);
PG_FUNCTION_INFO_V1(clientele_explain_model);

typedef struct Population
{
	int			id;
	int			version;		/* 0 = none is live yet */
	Oid			owner;
	NameData	name;
	NameData	target_schema;
} Population;

/* The call. */
typedef struct Explanation
{
	FunctionCallInfo fcinfo;
	ClientelePerson person;
	bool	   *unfolded;		/* by definition */
} Explanation;

/* ---------- whom it is about ---------- */

static Datum
found(int column, bool *isnull)
{
	return SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, column, isnull);
}

static bool
find_population(text *name, Population *population)
{
	Oid			types[1] = {TEXTOID};
	Datum		values[1] = {PointerGetDatum(name)};
	ClienteleRole caller = clientele_become(clientele_extension_owner());
	bool		isnull;
	bool		exists;

	SPI_connect();
	SPI_execute_with_args("SELECT population_id, live_version, owner::pg_catalog.oid, name, target_schema"
						  " FROM clientele.population WHERE name = $1",
						  1, types, values, NULL, true, 1);
	exists = SPI_processed == 1;
	if (exists)
	{
		population->id = DatumGetInt32(found(1, &isnull));
		population->version = DatumGetInt32(found(2, &isnull));
		if (isnull)
			population->version = 0;
		population->owner = DatumGetObjectId(found(3, &isnull));
		population->name = *DatumGetName(found(4, &isnull));
		population->target_schema = *DatumGetName(found(5, &isnull));
	}
	SPI_finish();
	clientele_become_again(&caller);
	return exists;
}

/* ---------- what is asked about ---------- */

static bool
has_label(const ClienteleDefinition *definition)
{
	return definition->kind != CLIENTELE_PARAMETER && definition->kind != CLIENTELE_METRIC;
}

static int
find_definition(const ClienteleModel *model, const char *name, bool labels_only)
{
	ClienteleNearestName nearest;
	const char *hint;

	clientele_nearest_begin(&nearest, name);
	for (int i = 0; i < model->ndefinitions; i++)
	{
		const ClienteleDefinition *definition = &model->definitions[i];
		bool		fits = !labels_only || has_label(definition);

		if (strcmp(definition->name, name) == 0)
		{
			if (fits)
				return i;
			ereport(ERROR,
					(errcode(ERRCODE_WRONG_OBJECT_TYPE),
					 errmsg("\"%s\" is a %s and gives no label", name, clientele_definition_kinds[definition->kind]),
					 errhint("Ask about a scorecard, a ladder, a grid or a tag; explain tells about other definitions.")));
		}
		if (fits)
			clientele_nearest_offer(&nearest, definition->name);
	}
	hint = clientele_nearest_result(&nearest);
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("the live version has no definition \"%s\"", name),
			 hint ? errhint("Perhaps you mean '%s'.", hint) :
			 errhint("SELECT * FROM clientele.definitions('...') lists them; "
					 "what has been defined since needs to be published.")));
	return -1;
}

/* ---------- rows of explain() ---------- */

/* Their order is that of the SQL declaration. */
enum ExplainColumn
{
	EXPLAIN_ITEM, EXPLAIN_VALUE, EXPLAIN_CONDITION, EXPLAIN_HOLDS, EXPLAIN_POINTS, EXPLAIN_WEIGHT,
	EXPLAIN_CONTRIBUTION, EXPLAIN_REASON, EXPLAIN_VALID_UNTIL, EXPLAIN_DEPTH
};

static void explain_definition(Explanation *explanation, int number, int depth);

static void
begin_row(ClienteleResultRow *row, int depth, const char *item, const char *value, const char *condition,
		  TimestampTz valid_until)
{
	clientele_result_clear(row);
	clientele_result_set_text(row, EXPLAIN_ITEM, item);
	clientele_result_set_text(row, EXPLAIN_VALUE, value);
	clientele_result_set_text(row, EXPLAIN_CONDITION, condition);
	clientele_result_set_horizon(row, EXPLAIN_VALID_UNTIL, valid_until);
	clientele_result_set(row, EXPLAIN_DEPTH, Int32GetDatum(depth));
}

static void
put_row(Explanation *explanation, ClienteleResultRow *row)
{
	clientele_result_put(explanation->fcinfo, row);
}

static void
set_holds(ClienteleResultRow *row, const ClienteleCell *truth)
{
	if (truth->state != CLIENTELE_NULL)
		clientele_result_set(row, EXPLAIN_HOLDS, BoolGetDatum(truth->state == CLIENTELE_TRUE));
}

/* ---------- lines beneath an answer ---------- */

/* Whether a line says no more than the definition will that it names. */
static bool
is_but_a_name(const Explanation *explanation, const ClienteleEngineCondition *line)
{
	int			number;

	if (line->line != CLIENTELE_LINE_VALUE || list_length(line->definitions) != 1)
		return false;
	number = linitial_int(line->definitions);
	return !explanation->unfolded[number] &&
		strcmp(line->measured, clientele_person_definition(&explanation->person, number)->name) == 0;
}

static void
unfold(Explanation *explanation, const List *definitions, int depth)
{
	ListCell   *cell;

	foreach(cell, definitions)
	{
		if (!explanation->unfolded[lfirst_int(cell)])
			explain_definition(explanation, lfirst_int(cell), depth);
	}
}

static void
explain_line(Explanation *explanation, const ClienteleEngineCondition *line, int depth)
{
	const ClientelePerson *person = &explanation->person;
	ClienteleResultRow row;

	if (is_but_a_name(explanation, line))
	{
		unfold(explanation, line->definitions, depth);
		return;
	}
	begin_row(&row, depth, clientele_person_item(person, line),
			  line->value ? clientele_person_string(person, line->value, line->type) : NULL,
			  clientele_person_condition(person, line),
			  clientele_person_until(person, line->holds ? line->holds : line->value));
	if (line->holds)
		set_holds(&row, line->holds);
	put_row(explanation, &row);
	unfold(explanation, line->definitions, depth + 1);
}

/* Those of a characteristic or an axis; bin: points are computed from what that one says. */
static void
explain_part(Explanation *explanation, int number, int part, int bin, int depth)
{
	const ClienteleEngineDefinition *bound = clientele_person_bound(&explanation->person, number);
	int			skipped = INT_MAX;

	for (int i = 0; i < bound->nconditions; i++)
	{
		const ClienteleEngineCondition *line = &bound->conditions[i];

		if (line->line == CLIENTELE_LINE_RUNG)
			break;
		if (line->part != part || line->depth > skipped)
			continue;
		skipped = INT_MAX;
		if (line->line == CLIENTELE_LINE_POINTS && line->bin != bin)
			skipped = line->depth;
		else
			explain_line(explanation, line, depth + line->depth);
	}
}

/* All of them. */
static void
explain_lines(Explanation *explanation, int number, int depth)
{
	const ClienteleEngineDefinition *bound = clientele_person_bound(&explanation->person, number);

	for (int i = 0; i < bound->nconditions; i++)
		explain_line(explanation, &bound->conditions[i], depth + bound->conditions[i].depth);
}

/* A ladder's rungs, or a grid's groups: the first that holds applies. */
static void
explain_rungs(Explanation *explanation, int number, int depth)
{
	const ClientelePerson *person = &explanation->person;
	const ClienteleEngineDefinition *bound = clientele_person_bound(person, number);
	int			applies = clientele_person_rung(person, number);
	bool		among_rungs = false;

	for (int i = 0; i < bound->nconditions; i++)
	{
		const ClienteleEngineCondition *line = &bound->conditions[i];
		ClienteleResultRow row;

		among_rungs |= line->line == CLIENTELE_LINE_RUNG;
		if (!among_rungs)
			continue;
		if (line->line != CLIENTELE_LINE_RUNG)
		{
			explain_line(explanation, line, depth + line->depth);
			continue;
		}
		begin_row(&row, depth + 1, line->item, NULL, clientele_person_condition(person, line),
				  clientele_person_until(person, line->holds));
		set_holds(&row, line->holds);
		if (line->holds->state == CLIENTELE_TRUE)
			clientele_result_set_text(&row, EXPLAIN_REASON, line->part == applies ? "applies" : "an earlier one applies");
		put_row(explanation, &row);
	}
}

/* ---------- answers ---------- */

/* What an answer is called: where it is not asked for itself, by its definition. */
static const char *
answer_item(const Explanation *explanation, int number, int depth, const char *item)
{
	return depth == 0 ? item : clientele_person_definition(&explanation->person, number)->name;
}

static void
explain_parameter(Explanation *explanation, int number, int depth)
{
	const ClientelePerson *person = &explanation->person;
	const ClienteleCell *cell = clientele_person_bound(person, number)->cells;
	ClienteleResultRow row;

	begin_row(&row, depth, clientele_person_definition(person, number)->name,
			  clientele_person_string(person, cell, CLIENTELE_NUMBER), NULL, clientele_person_until(person, cell));
	put_row(explanation, &row);
}

/* The first line is the value itself, before it is rounded. */
static void
explain_metric(Explanation *explanation, int number, int depth)
{
	const ClientelePerson *person = &explanation->person;
	const ClienteleDefinition *definition = clientele_person_definition(person, number);
	const ClienteleEngineDefinition *bound = clientele_person_bound(person, number);
	ClienteleResultRow row;

	begin_row(&row, depth, definition->name, clientele_person_string(person, bound->cells, bound->type),
			  clientele_engine_show(person->parts, definition->expression),
			  clientele_person_until(person, bound->cells));
	put_row(explanation, &row);
	if (bound->nconditions > 0)
		unfold(explanation, bound->conditions[0].definitions, depth + 1);
	for (int i = 1; i < bound->nconditions; i++)
		explain_line(explanation, &bound->conditions[i], depth + bound->conditions[i].depth);
}

static void
explain_tag(Explanation *explanation, int number, int depth)
{
	const ClientelePerson *person = &explanation->person;
	const ClienteleDefinition *definition = clientele_person_definition(person, number);
	const ClienteleCell *cell = clientele_person_bound(person, number)->by_rules;
	bool		holds = cell->state == CLIENTELE_TRUE;
	ClienteleResultRow row;

	begin_row(&row, depth, definition->name, holds ? "true" : "false",
			  clientele_node_is_literal(clientele_expression_parse(definition->expression, NULL)) ? "only people give it" :
			  clientele_engine_show(person->parts, definition->expression), clientele_person_until(person, cell));
	clientele_result_set(&row, EXPLAIN_HOLDS, BoolGetDatum(holds));
	put_row(explanation, &row);
	explain_lines(explanation, number, depth);
}

/* Where the level is kept: what it would be now, since when it is, and until when it is safe. */
static void
explain_kept(Explanation *explanation, int number, int depth)
{
	const ClientelePerson *person = &explanation->person;
	ClienteleKeptAnswer answer;
	const char *since;
	ClienteleResultRow row;

	if (clientele_person_bound(person, number)->kept == NULL)
		return;
	answer = clientele_kept_level_explain(clientele_person_bound(person, number)->kept);
	begin_row(&row, depth + 1, "by the rules now", answer.by_rules, NULL, answer.by_rules_until);
	put_row(explanation, &row);
	since = clientele_instant_to_string(answer.since, person->parts->zone);
	begin_row(&row, depth + 1, "kept", TIMESTAMP_IS_NOBEGIN(answer.since) ? NULL :
			  psprintf(answer.since_earlier ? "since %s or earlier" : "since %s", since),
			  clientele_person_keeps(person, number), answer.safe_until);
	put_row(explanation, &row);
}

static void
explain_ladder(Explanation *explanation, int number, int depth)
{
	const ClientelePerson *person = &explanation->person;
	const ClienteleCell *cell = clientele_person_bound(person, number)->by_rules;
	ClienteleResultRow row;

	begin_row(&row, depth, answer_item(explanation, number, depth, "label"),
			  clientele_person_string(person, cell, CLIENTELE_TEXT), NULL, clientele_person_until(person, cell));
	put_row(explanation, &row);
	explain_kept(explanation, number, depth);
	explain_rungs(explanation, number, depth);
}

static void
explain_axis(Explanation *explanation, int number, int axis, int depth)
{
	const ClientelePerson *person = &explanation->person;
	const ClienteleDefinition *definition = clientele_person_definition(person, number);
	const ClienteleEngineDefinition *bound = clientele_person_bound(person, number);
	const ClienteleCell *score = bound->axes[axis];
	ClienteleDecimal points = clientele_cell_number(score);
	ClienteleResultRow row;

	begin_row(&row, depth + 1, clientele_rfm_axis_names[axis],
			  clientele_person_string(person, bound->values[axis], CLIENTELE_NUMBER),
			  clientele_person_range(person, number, axis), clientele_person_until(person, score));
	if (score->state != CLIENTELE_NULL)
	{
		clientele_result_set_number(&row, EXPLAIN_POINTS, &points);
		if (definition->scheme && strcmp(definition->scheme, "eight") == 0 && definition->high_from_formula == NULL)
		{
			int			high_from = definition->high_from ? definition->high_from : 2;

			clientele_result_set_text(&row, EXPLAIN_REASON,
									  psprintf(score->u.integer >= high_from ? "high: %d or more" : "low: below %d", high_from));
		}
	}
	put_row(explanation, &row);
	explain_part(explanation, number, axis, -1, depth);
}

static void
explain_grid(Explanation *explanation, int number, int depth)
{
	const ClientelePerson *person = &explanation->person;
	const ClienteleEngineDefinition *bound = clientele_person_bound(person, number);
	const char *score = clientele_person_string(person, bound->score, CLIENTELE_NUMBER);
	ClienteleResultRow row;

	begin_row(&row, depth, answer_item(explanation, number, depth, "label"),
			  clientele_person_string(person, bound->by_rules, CLIENTELE_TEXT),
			  score ? psprintf("score %s", score) : "no score",
			  Min(clientele_person_until(person, bound->by_rules), clientele_person_until(person, bound->score)));
	put_row(explanation, &row);
	for (int axis = 0; axis < CLIENTELE_RFM_AXES; axis++)
		explain_axis(explanation, number, axis, depth);
	explain_rungs(explanation, number, depth);
}

/* A reason is free text, a code, or both. */
static const char *
reason_text(const ClienteleCardReason *reason, const ClienteleCardCharacteristic *characteristic,
			const ClienteleCardBin *bin)
{
	const char *code = bin && bin->reason_code ? bin->reason_code : characteristic->reason_code;

	if (bin == NULL || code == NULL)
		return reason->reason;
	return reason->reason ? psprintf("%s: %s", code, reason->reason) : code;
}

static void
explain_reason(Explanation *explanation, int number, const ClienteleScoredCard *scored,
			   const ClienteleCardReason *reason, int depth)
{
	ClienteleEngineCard *card = clientele_person_bound(&explanation->person, number)->card;
	bool		is_initial = reason->characteristic == CLIENTELE_CARD_INITIAL;
	const ClienteleCardCharacteristic *characteristic = is_initial ? NULL :
		&scored->card->characteristics[reason->characteristic];
	const ClienteleCardBin *bin = is_initial ? NULL : scored->result.parts[reason->characteristic].bin;
	ClienteleResultRow row;

	begin_row(&row, depth + 1, reason->item, reason->value,
			  bin && bin->when ? clientele_engine_show(explanation->person.parts, bin->when) : reason->condition,
			  is_initial ? DT_NOEND : clientele_engine_card_until(card, reason->characteristic, 0));
	clientele_result_set_number(&row, EXPLAIN_POINTS, reason->points);
	clientele_result_set_number(&row, EXPLAIN_WEIGHT, reason->weight);
	clientele_result_set_number(&row, EXPLAIN_CONTRIBUTION, reason->contribution);
	if (!is_initial)
		clientele_result_set_text(&row, EXPLAIN_REASON, reason_text(reason, characteristic, bin));
	put_row(explanation, &row);
	if (!is_initial)
		explain_part(explanation, number, reason->characteristic,
					 bin == NULL ? -1 : bin == characteristic->missing ? characteristic->nbins :
					 (int) (bin - characteristic->bins), depth);
}

static void
explain_card(Explanation *explanation, int number, int depth)
{
	const ClientelePerson *person = &explanation->person;
	const ClienteleCell *cell = clientele_person_bound(person, number)->by_rules;
	ClienteleCardReason *reasons;
	ClienteleScoredCard scored;
	int			nreasons;
	ClienteleResultRow row;

	clientele_person_score(person, number, &scored);
	reasons = palloc((scored.card->ncharacteristics + 1) * sizeof(ClienteleCardReason));
	begin_row(&row, depth, answer_item(explanation, number, depth, "tier"),
			  clientele_person_string(person, cell, CLIENTELE_TEXT), NULL, clientele_person_until(person, cell));
	if (scored.result.known)
		clientele_result_set(&row, EXPLAIN_POINTS, clientele_score_datum(scored.result.score));
	put_row(explanation, &row);
	explain_kept(explanation, number, depth);
	nreasons = clientele_card_reasons(&scored, reasons);
	for (int i = 0; i < nreasons; i++)
		explain_reason(explanation, number, &scored, &reasons[i], depth);
}

/* What somebody has said comes first; the rows after it are what the rules say. */
static void
explain_by_hand(Explanation *explanation, int number, int depth)
{
	const ClienteleStatement *said = clientele_person_statement(&explanation->person, number);
	ClienteleResultRow row;

	if (said == NULL)
		return;
	begin_row(&row, depth, said->label ? "pin" : "by hand", said->label ? text_to_cstring(said->label) : "true",
			  psprintf("by %s", said->author), said->until);
	clientele_result_set(&row, EXPLAIN_HOLDS, BoolGetDatum(true));
	clientele_result_set_text(&row, EXPLAIN_REASON, said->note);
	put_row(explanation, &row);
}

static void
explain_definition(Explanation *explanation, int number, int depth)
{
	check_stack_depth();
	explanation->unfolded[number] = true;
	explain_by_hand(explanation, number, depth);
	switch (clientele_person_definition(&explanation->person, number)->kind)
	{
		case CLIENTELE_PARAMETER:
			explain_parameter(explanation, number, depth);
			break;
		case CLIENTELE_METRIC:
			explain_metric(explanation, number, depth);
			break;
		case CLIENTELE_RFM_GRID:
			explain_grid(explanation, number, depth);
			break;
		case CLIENTELE_CARD:
			explain_card(explanation, number, depth);
			break;
		case CLIENTELE_LADDER:
			explain_ladder(explanation, number, depth);
			break;
		case CLIENTELE_TAG:
			explain_tag(explanation, number, depth);
			break;
	}
}

/* The rows of explain(); none if the customer does not exist. */
static void
explain(FunctionCallInfo fcinfo, const ClienteleAsked *asked)
{
	Explanation explanation = {.fcinfo = fcinfo};

	if (!clientele_person_begin(asked, asked->as_of, NULL, &explanation.person))
		return;
	explanation.unfolded = palloc0(sizeof(bool) * explanation.person.parts->model->ndefinitions);
	explain_definition(&explanation, asked->definition, 0);
	clientele_person_end(&explanation.person);
}

/* ---------- the call ---------- */

typedef void (*PutRows) (FunctionCallInfo fcinfo, const ClienteleAsked *asked);

static void
ask(FunctionCallInfo fcinfo, ClienteleAsked *asked, char *key, TimestampTz as_of, PutRows put)
{
	asked->keys.low = clientele_key_of_text(asked->engine->key_type, key);
	asked->as_of = as_of;
	asked->snapshot = RegisterSnapshot(GetActiveSnapshot());
	put(fcinfo, asked);
	UnregisterSnapshot(asked->snapshot);
}

static Datum
answer(FunctionCallInfo fcinfo, PutRows put, bool labels_only)
{
	ClienteleAsked asked = {.keys = {.kind = CLIENTELE_KEYS_ONE}};
	Population	population;
	ClienteleRole caller;
	char	   *key;
	char	   *name;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(2))
		return (Datum) 0;
	key = clientele_key_argument(fcinfo, 1);
	name = text_to_cstring(PG_GETARG_TEXT_PP(2));
	if (!PG_ARGISNULL(3) && TIMESTAMP_NOT_FINITE(PG_GETARG_TIMESTAMPTZ(3)))
		clientele_refuse_eternity();
	if (!find_population(PG_GETARG_TEXT_PP(0), &population) ||
		!clientele_may_ask(NameStr(population.target_schema), NameStr(population.name), population.owner))
		return (Datum) 0;
	if (population.version == 0)
		clientele_refuse_unpublished(NameStr(population.name));

	caller = clientele_become(population.owner);
	asked.engine = clientele_engine_get(population.id, population.version);
	asked.definition = find_definition(asked.engine->parts->model, name, labels_only);
	ask(fcinfo, &asked, key, PG_ARGISNULL(3) ? clientele_clock_now() : PG_GETARG_TIMESTAMPTZ(3), put);
	clientele_become_again(&caller);
	return (Datum) 0;
}

Datum
clientele_explain(PG_FUNCTION_ARGS)
{
	return answer(fcinfo, explain, false);
}

Datum
clientele_explain_next_tier(PG_FUNCTION_ARGS)
{
	return answer(fcinfo, clientele_next_tier_put, true);
}

/* ---------- under a model that is no version ---------- */

/* A model that a call site has compiled; it is good until the end of the transaction. */
typedef struct ModelCall
{
	const char *text;
	ClienteleEngine *engine;
	struct ModelCall *next;
} ModelCall;

static ClienteleEngine *
engine_of_call(FunctionCallInfo fcinfo, int population_id, const char *text)
{
	ModelCall  *call = fcinfo->flinfo->fn_extra;
	MemoryContext old_context;

	while (call && strcmp(call->text, text) != 0)
		call = call->next;
	if (call)
		return call->engine;
	old_context = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
	call = palloc(sizeof(ModelCall));
	call->text = pstrdup(text);
	call->engine = clientele_engine_of_model(population_id, text, CLIENTELE_TO_EXPLAIN, NULL);
	call->next = fcinfo->flinfo->fn_extra;
	fcinfo->flinfo->fn_extra = call;
	MemoryContextSwitchTo(old_context);
	return call->engine;
}

/*
 * explain_model(population_id, model, key, name, as_of): the rows of explain by any
 * model; none if it has no such definition.
 */
Datum
clientele_explain_model(PG_FUNCTION_ARGS)
{
	ClienteleEngine *engine = engine_of_call(fcinfo, PG_GETARG_INT32(0),
											 clientele_rule_text_get(&clientele_model_type, PG_GETARG_DATUM(1)));
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(3));
	const ClienteleModel *model = engine->parts->model;
	ClienteleAsked asked = {.engine = engine,.is_taken = true,.keys = {.kind = CLIENTELE_KEYS_ONE}};
	ClienteleRole caller;

	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; i < model->ndefinitions; i++)
	{
		if (strcmp(model->definitions[i].name, name) != 0)
			continue;
		caller = clientele_become(engine->owner);
		asked.definition = i;
		ask(fcinfo, &asked, text_to_cstring(PG_GETARG_TEXT_PP(2)), PG_GETARG_TIMESTAMPTZ(4), explain);
		clientele_become_again(&caller);
	}
	return (Datum) 0;
}
