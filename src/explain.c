/*
 * explain.c
 *		explain and next_tier of one customer: why the answer of a definition is what
 *		it is, and until when.
 *
 * The customer is evaluated by the engine that evaluates everyone, in an instance
 * that also has the conditions of tags and ladders in registers of their own.  Whoever
 * may read the population's view may ask; the tables are read as its owner.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"

#include "by_hand.h"
#include "clock.h"
#include "compat.h"
#include "engine_catalog.h"
#include "kept_level.h"
#include "nearest_name.h"
#include "owner.h"
#include "reader.h"
#include "result_row.h"
#include "scorecard_rows.h"

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

/* A definition, and the customer whom it is asked about: the only row of the block. */
typedef struct Subject
{
	const ClienteleEngineParts *parts;
	const ClienteleDefinition *definition;
	const ClienteleEngineDefinition *bound;
} Subject;

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

static void
refuse_other_kind(const ClienteleDefinition *definition)
{
	ereport(ERROR,
			(errcode(ERRCODE_WRONG_OBJECT_TYPE),
			 errmsg("\"%s\" is no scorecard but of kind %s", definition->name,
					clientele_definition_kinds[definition->kind]),
			 errhint("Only scorecards have tiers; explain tells about other definitions.")));
}

static int
find_definition(const ClienteleModel *model, const char *name, bool cards_only)
{
	ClienteleNearestName nearest;
	const char *hint;

	clientele_nearest_begin(&nearest, name);
	for (int i = 0; i < model->ndefinitions; i++)
	{
		const ClienteleDefinition *definition = &model->definitions[i];
		bool		fits = !cards_only || definition->kind == CLIENTELE_CARD;

		if (strcmp(definition->name, name) == 0)
		{
			if (!fits)
				refuse_other_kind(definition);
			return i;
		}
		if (fits)
			clientele_nearest_offer(&nearest, definition->name);
	}
	hint = clientele_nearest_result(&nearest);
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("the live version has no %s \"%s\"", cards_only ? "scorecard" : "definition", name),
			 hint ? errhint("Perhaps you mean '%s'.", hint) :
			 errhint("SELECT * FROM clientele.definitions('...') lists them; "
					 "what has been defined since needs to be published.")));
	return -1;
}

static TimestampTz
until(const Subject *subject, const ClienteleCell *cell)
{
	return clientele_horizons(subject->parts->program, cell)[0];
}

static const char *
string(const Subject *subject, const ClienteleCell *cell, ClienteleType type)
{
	return clientele_cell_to_string(cell, type, subject->parts->zone);
}

/* ---------- rows of explain() ---------- */

/* Their order is that of the SQL declaration. */
enum ExplainColumn
{
	EXPLAIN_ITEM, EXPLAIN_VALUE, EXPLAIN_CONDITION, EXPLAIN_HOLDS, EXPLAIN_POINTS, EXPLAIN_WEIGHT,
	EXPLAIN_CONTRIBUTION, EXPLAIN_REASON, EXPLAIN_VALID_UNTIL
};

static void
begin_row(ClienteleResultRow *row, const char *item, const char *value, const char *condition, TimestampTz valid_until)
{
	clientele_result_clear(row);
	clientele_result_set_text(row, EXPLAIN_ITEM, item);
	clientele_result_set_text(row, EXPLAIN_VALUE, value);
	clientele_result_set_text(row, EXPLAIN_CONDITION, condition);
	clientele_result_set_horizon(row, EXPLAIN_VALID_UNTIL, valid_until);
}

static void
explain_parameter(FunctionCallInfo fcinfo, const Subject *subject)
{
	ClienteleResultRow row;

	begin_row(&row, subject->definition->name, string(subject, subject->bound->cells, CLIENTELE_NUMBER), NULL,
			  until(subject, subject->bound->cells));
	clientele_result_put(fcinfo, &row);
}

static void
explain_metric(FunctionCallInfo fcinfo, const Subject *subject)
{
	const ClienteleEngineDefinition *bound = subject->bound;
	ClienteleResultRow row;

	begin_row(&row, subject->definition->name, string(subject, bound->cells, bound->type),
			  subject->definition->expression, until(subject, bound->cells));
	clientele_result_put(fcinfo, &row);
}

static void
explain_conditions(FunctionCallInfo fcinfo, const Subject *subject)
{
	for (int i = 0; i < subject->bound->nconditions; i++)
	{
		const ClienteleEngineCondition *condition = &subject->bound->conditions[i];
		ClienteleResultRow row;

		begin_row(&row, condition->item,
				  condition->value ? string(subject, condition->value, condition->type) : NULL,
				  condition->text, until(subject, condition->holds));
		if (condition->holds->state != CLIENTELE_NULL)
			clientele_result_set(&row, EXPLAIN_HOLDS, BoolGetDatum(condition->holds->state == CLIENTELE_TRUE));
		clientele_result_put(fcinfo, &row);
	}
}

static void
explain_tag(FunctionCallInfo fcinfo, const Subject *subject)
{
	const ClienteleCell *cell = subject->bound->by_rules;
	bool		holds = cell->state == CLIENTELE_TRUE;
	ClienteleResultRow row;

	begin_row(&row, subject->definition->name, holds ? "true" : "false", subject->definition->expression,
			  until(subject, cell));
	clientele_result_set(&row, EXPLAIN_HOLDS, BoolGetDatum(holds));
	clientele_result_put(fcinfo, &row);
	explain_conditions(fcinfo, subject);
}

/* Where the level is kept: what it would be now, since when it is, and until when it is safe. */
static void
explain_kept(FunctionCallInfo fcinfo, const Subject *subject)
{
	ClienteleKeptAnswer answer;
	const char *since;
	ClienteleResultRow row;

	if (subject->bound->kept == NULL)
		return;
	answer = clientele_kept_level_explain(subject->bound->kept);
	begin_row(&row, "by the rules now", answer.by_rules, NULL, answer.by_rules_until);
	clientele_result_put(fcinfo, &row);
	since = clientele_instant_to_string(answer.since, subject->parts->zone);
	begin_row(&row, "kept", TIMESTAMP_IS_NOBEGIN(answer.since) ? NULL :
			  psprintf(answer.since_earlier ? "since %s or earlier" : "since %s", since),
			  clientele_keep_text(subject->definition->keep), answer.safe_until);
	clientele_result_put(fcinfo, &row);
}

static void
explain_ladder(FunctionCallInfo fcinfo, const Subject *subject)
{
	const ClienteleCell *cell = subject->bound->by_rules;
	ClienteleResultRow row;

	begin_row(&row, "label", string(subject, cell, CLIENTELE_TEXT), NULL, until(subject, cell));
	clientele_result_put(fcinfo, &row);
	explain_kept(fcinfo, subject);
	explain_conditions(fcinfo, subject);
}

/* The range between cut points that a score stands for. */
static const char *
bin_text(const ClienteleRfmGrid *grid, int axis, int64 score)
{
	int			ncuts = grid->ncuts[axis];
	int			bin = axis == CLIENTELE_RECENCY ? ncuts + 1 - (int) score : (int) score - 1;

	return clientele_range_to_string(bin == 0 ? NULL : &grid->cuts[axis][bin - 1],
									 bin == ncuts ? NULL : &grid->cuts[axis][bin]);
}

static void
explain_axis(FunctionCallInfo fcinfo, const Subject *subject, int axis)
{
	const ClienteleCell *score = subject->bound->axes[axis];
	bool		known = score->state != CLIENTELE_NULL;
	ClienteleDecimal points = clientele_cell_number(score);
	ClienteleResultRow row;

	begin_row(&row, clientele_rfm_axis_names[axis], string(subject, subject->bound->values[axis], CLIENTELE_NUMBER),
			  known ? bin_text(&subject->bound->cuts[clientele_variant_of(subject->bound->variants, 0)], axis, score->u.integer) : "missing", until(subject, score));
	clientele_result_set_number(&row, EXPLAIN_POINTS, known ? &points : NULL);
	clientele_result_put(fcinfo, &row);
}

static void
explain_grid(FunctionCallInfo fcinfo, const Subject *subject)
{
	const ClienteleEngineDefinition *bound = subject->bound;
	const char *score = string(subject, bound->score, CLIENTELE_NUMBER);
	ClienteleResultRow row;

	begin_row(&row, "label", string(subject, bound->by_rules, CLIENTELE_TEXT),
			  score ? psprintf("score %s", score) : "no score",
			  Min(until(subject, bound->by_rules), until(subject, bound->score)));
	clientele_result_put(fcinfo, &row);
	for (int axis = 0; axis < CLIENTELE_RFM_AXES; axis++)
		explain_axis(fcinfo, subject, axis);
}

static void
score_card(ClienteleEngineCard *card, ClienteleScoredCard *scored)
{
	memset(scored, 0, sizeof(*scored));
	scored->answers = clientele_engine_card_answers(card, 0);
	scored->card = card->card;
	scored->result.parts = card->parts;
	clientele_scorecard_score(scored->card, &scored->answers, &scored->result);
}

static void
explain_reason(FunctionCallInfo fcinfo, const ClienteleEngineCard *card, const ClienteleCardReason *reason)
{
	ClienteleResultRow row;

	begin_row(&row, reason->item, reason->value, reason->condition,
			  reason->characteristic == CLIENTELE_CARD_INITIAL ? DT_NOEND :
			  clientele_engine_card_until(card, reason->characteristic, 0));
	clientele_result_set_number(&row, EXPLAIN_POINTS, reason->points);
	clientele_result_set_number(&row, EXPLAIN_WEIGHT, reason->weight);
	clientele_result_set_number(&row, EXPLAIN_CONTRIBUTION, reason->contribution);
	clientele_result_set_text(&row, EXPLAIN_REASON, reason->reason);
	clientele_result_put(fcinfo, &row);
}

static void
explain_card(FunctionCallInfo fcinfo, const Subject *subject)
{
	ClienteleEngineCard *card = subject->bound->card;
	ClienteleScoredCard scored;
	ClienteleCardReason *reasons = palloc((card->card->ncharacteristics + 1) * sizeof(ClienteleCardReason));
	int			nreasons;
	ClienteleResultRow row;

	score_card(card, &scored);
	begin_row(&row, "tier", string(subject, subject->bound->by_rules, CLIENTELE_TEXT), NULL,
			  until(subject, subject->bound->by_rules));
	if (scored.result.known)
		clientele_result_set(&row, EXPLAIN_POINTS, clientele_score_datum(scored.result.score));
	clientele_result_put(fcinfo, &row);
	explain_kept(fcinfo, subject);
	nreasons = clientele_card_reasons(&scored, reasons);
	for (int i = 0; i < nreasons; i++)
		explain_reason(fcinfo, card, &reasons[i]);
}

/* What somebody has said comes first; the rows after it are what the rules say. */
static void
explain_by_hand(FunctionCallInfo fcinfo, const Subject *subject)
{
	const ClienteleByHand *by_hand = subject->parts->by_hand;
	const ClienteleStatement *said = by_hand == NULL ? NULL :
		clientele_by_hand_standing(by_hand, 0, subject->definition->name);
	ClienteleResultRow row;

	if (said == NULL)
		return;
	begin_row(&row, said->label ? "pin" : "by hand", said->label ? text_to_cstring(said->label) : "true",
			  psprintf("by %s", said->author), said->until);
	clientele_result_set(&row, EXPLAIN_HOLDS, BoolGetDatum(true));
	clientele_result_set_text(&row, EXPLAIN_REASON, said->note);
	clientele_result_put(fcinfo, &row);
}

static void
explain(FunctionCallInfo fcinfo, const Subject *subject)
{
	explain_by_hand(fcinfo, subject);
	switch (subject->definition->kind)
	{
		case CLIENTELE_PARAMETER:
			explain_parameter(fcinfo, subject);
			break;
		case CLIENTELE_METRIC:
			explain_metric(fcinfo, subject);
			break;
		case CLIENTELE_RFM_GRID:
			explain_grid(fcinfo, subject);
			break;
		case CLIENTELE_CARD:
			explain_card(fcinfo, subject);
			break;
		case CLIENTELE_LADDER:
			explain_ladder(fcinfo, subject);
			break;
		case CLIENTELE_TAG:
			explain_tag(fcinfo, subject);
			break;
	}
}

static void
list_steps(FunctionCallInfo fcinfo, const Subject *subject)
{
	TimestampTz by = until(subject, subject->bound->card->score);
	ClienteleScoredCard scored;

	score_card(subject->bound->card, &scored);
	clientele_card_put_steps(fcinfo, &scored, &by);
}

/* ---------- the call ---------- */

/* Evaluates the customer, and has the definition's rows put; none if he does not exist. */
static void
answer_about(FunctionCallInfo fcinfo, ClienteleEngine *taken, char *key, TimestampTz as_of, int definition, bool steps)
{
	ClienteleKeys keys = {.kind = CLIENTELE_KEYS_ONE};
	Snapshot	snapshot = RegisterSnapshot(GetActiveSnapshot());
	Datum	   *values = palloc(sizeof(Datum) * (taken->noutputs + 3));
	bool	   *nulls = palloc(sizeof(bool) * (taken->noutputs + 3));
	ClienteleScan *scan;

	keys.low = clientele_key_of_text(taken->key_type, key);
	scan = clientele_scan_begin_taken(taken, as_of, &keys, snapshot);
	if (clientele_scan_next(scan, values, nulls))
	{
		Subject		subject;

		subject.parts = taken->parts;
		subject.definition = &taken->parts->model->definitions[definition];
		subject.bound = &taken->parts->definitions[definition];

		(steps ? list_steps : explain) (fcinfo, &subject);
	}
	clientele_scan_end(scan);
	UnregisterSnapshot(snapshot);
}

static Datum
answer(FunctionCallInfo fcinfo, bool steps)
{
	Population	population;
	ClienteleRole caller;
	ClienteleEngine *engine;
	char	   *key;
	char	   *name;
	int			definition;

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
	engine = clientele_engine_get(population.id, population.version);
	definition = find_definition(engine->parts->model, name, steps);
	answer_about(fcinfo, clientele_engine_take(engine, CLIENTELE_TO_EXPLAIN), key,
				 PG_ARGISNULL(3) ? clientele_clock_now() : PG_GETARG_TIMESTAMPTZ(3), definition, steps);
	clientele_become_again(&caller);
	return (Datum) 0;
}

Datum
clientele_explain(PG_FUNCTION_ARGS)
{
	return answer(fcinfo, false);
}

Datum
clientele_explain_next_tier(PG_FUNCTION_ARGS)
{
	return answer(fcinfo, true);
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
	ClienteleRole caller;

	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; i < model->ndefinitions; i++)
	{
		if (strcmp(model->definitions[i].name, name) != 0)
			continue;
		caller = clientele_become(engine->owner);
		answer_about(fcinfo, engine, text_to_cstring(PG_GETARG_TEXT_PP(2)), PG_GETARG_TIMESTAMPTZ(4), i, false);
		clientele_become_again(&caller);
	}
	return (Datum) 0;
}
