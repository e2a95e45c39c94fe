/*
 * scorecard_functions.c
 *		score, tier, reasons, reason_codes and next_tier of a row or a jsonb
 *		object.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/memutils.h"
#include "utils/tuplestore.h"

#include "compat.h"
#include "row_call.h"
#include "scorecard.h"

PG_FUNCTION_INFO_V1(clientele_score);
PG_FUNCTION_INFO_V1(clientele_tier);
PG_FUNCTION_INFO_V1(clientele_reasons);
PG_FUNCTION_INFO_V1(clientele_reason_codes);
PG_FUNCTION_INFO_V1(clientele_next_tier);

/* A card bound to a row type, with room for what one call needs. */
typedef struct BoundCard
{
	ClienteleScorecard *card;
	ClienteleRowRules *rules;	/* NULL if the card has no expression at all */
	ClienteleCardAnswers answers;	/* reads them */
	ClienteleCardResult result; /* of the row at hand */
} BoundCard;

static bool
card_rule_number(void *source, int rule, ClienteleDecimal *result)
{
	return clientele_row_rules_number(source, rule, result);
}

/* Reports what does not fit the row, at the place where its author wrote it. */
static void
check_written_rules(const ClienteleScorecard *card, const ClienteleRowType *row)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "clientele card", ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);
	ClienteleRule *rules;
	int			nrules;

	rules = clientele_scorecard_written_rules(card, &nrules);
	(void) clientele_row_rules_bind(row, nrules, rules, false);
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);
}

static void *
bind_card(Datum rule, const ClienteleRowType *row)
{
	BoundCard  *bound = palloc0(sizeof(BoundCard));

	bound->card = clientele_scorecard_parse(clientele_rule_text_get(&clientele_scorecard_type, rule), NULL);
	check_written_rules(bound->card, row);
	if (bound->card->nrules > 0)
		bound->rules = clientele_row_rules_bind(row, bound->card->nrules, clientele_scorecard_rules(bound->card),
												false);
	bound->answers.number = card_rule_number;
	bound->answers.source = bound->rules;
	bound->result.parts = palloc0(bound->card->ncharacteristics * sizeof(ClienteleCardPart));
	return bound;
}

static void
refuse_overflow(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("the score is too large for a number"),
			 errhint("Bound what the card computes, such as \"points\": \"least(amount / 100, 50)\".")));
}

/*
 * Scores the row of a call; NULL where there is no row or no card.  The answer
 * holds until the next call.
 */
static BoundCard *
score_row(FunctionCallInfo fcinfo)
{
	ClienteleRowCall call;
	BoundCard  *bound;

	clientele_row_call(fcinfo, bind_card, &call);
	bound = call.built;
	if (bound == NULL)
		return NULL;
	if (bound->rules != NULL)
		clientele_row_rules_evaluate(bound->rules, call.row, &call.clock);
	clientele_scorecard_score(bound->card, &bound->answers, &bound->result);
	if (bound->result.overflow)
		refuse_overflow();
	return bound;
}

/* Scores show both decimals, also where they are 0. */
static Datum
score_datum(ClienteleDecimal score)
{
	return DirectFunctionCall2(numeric_round, NumericGetDatum(clientele_decimal_to_numeric(score)),
							   Int32GetDatum(CLIENTELE_SCORE_DECIMALS));
}

Datum
clientele_score(PG_FUNCTION_ARGS)
{
	BoundCard  *bound = score_row(fcinfo);

	if (bound == NULL || !bound->result.known)
		PG_RETURN_NULL();
	PG_RETURN_DATUM(score_datum(bound->result.score));
}

Datum
clientele_tier(PG_FUNCTION_ARGS)
{
	BoundCard  *bound = score_row(fcinfo);

	if (bound == NULL || bound->result.tier == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(bound->result.tier->label));
}

Datum
clientele_reason_codes(PG_FUNCTION_ARGS)
{
	BoundCard  *bound = score_row(fcinfo);
	const char **codes;
	Datum	   *elements;
	int			ncodes;

	if (bound == NULL || !bound->result.known || !bound->card->has_reason_codes)
		PG_RETURN_NULL();

	codes = palloc(bound->card->ncharacteristics * sizeof(char *));
	elements = palloc(bound->card->ncharacteristics * sizeof(Datum));
	ncodes = clientele_scorecard_reason_codes(bound->card, &bound->result, codes);
	if (ncodes < 0)
		refuse_overflow();
	for (int i = 0; i < ncodes; i++)
		elements[i] = CStringGetTextDatum(codes[i]);
	PG_RETURN_ARRAYTYPE_P(construct_array(elements, ncodes, TEXTOID, -1, false, TYPALIGN_INT));
}

/*
 * A row of a result, filled column by column; what is not set stays NULL.
 */
#define MAX_COLUMNS 12

typedef struct ResultRow
{
	Datum		values[MAX_COLUMNS];
	bool		nulls[MAX_COLUMNS];
} ResultRow;

static void
clear_row(ResultRow *row)
{
	memset(row->values, 0, sizeof(row->values));
	memset(row->nulls, true, sizeof(row->nulls));
}

static void
set_datum(ResultRow *row, int column, Datum value)
{
	row->values[column] = value;
	row->nulls[column] = false;
}

static void
set_text(ResultRow *row, int column, const char *text)
{
	if (text != NULL)
		set_datum(row, column, CStringGetTextDatum(text));
}

static void
set_number(ResultRow *row, int column, ClienteleDecimal number)
{
	set_datum(row, column,
			  DirectFunctionCall1(numeric_trim_scale, NumericGetDatum(clientele_decimal_to_numeric(number))));
}

static void
put_row(FunctionCallInfo fcinfo, ResultRow *row)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;

	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, row->values, row->nulls);
}

/* A characteristic's value as text; NULL where it is unknown or has none. */
static const char *
value_text(const BoundCard *bound, const ClienteleCardCharacteristic *characteristic)
{
	char	   *text;

	if (characteristic->value_rule == CLIENTELE_CARD_NO_RULE ||
		!clientele_row_rules_text(bound->rules, characteristic->value_rule, &text))
		return NULL;
	return text;
}

/* The columns of reasons(); their order is that of the SQL declaration. */
enum ReasonColumn
{
	REASON_ITEM, REASON_VALUE, REASON_CONDITION, REASON_POINTS, REASON_WEIGHT, REASON_CONTRIBUTION, REASON_REASON
};

/* The initial score, so that the contributions add up. */
static void
put_initial(FunctionCallInfo fcinfo, const BoundCard *bound)
{
	ResultRow	row;

	if (clientele_decimal_sign(bound->card->initial) == 0)
		return;
	clear_row(&row);
	set_text(&row, REASON_ITEM, "initial");
	set_number(&row, REASON_POINTS, bound->card->initial);
	if (bound->result.known)
		set_number(&row, REASON_CONTRIBUTION, bound->card->initial);
	put_row(fcinfo, &row);
}

static void
put_reason(FunctionCallInfo fcinfo, const BoundCard *bound, int number, const ClienteleDecimal *contributions)
{
	const ClienteleCardCharacteristic *characteristic = &bound->card->characteristics[number];
	const ClienteleCardPart *part = &bound->result.parts[number];
	ResultRow	row;

	clear_row(&row);
	set_text(&row, REASON_ITEM, characteristic->name);
	set_text(&row, REASON_VALUE, value_text(bound, characteristic));
	if (part->bin != NULL)
	{
		set_text(&row, REASON_CONDITION, clientele_scorecard_bin_text(characteristic, part->bin));
		set_text(&row, REASON_REASON, part->bin->reason);
	}
	if (part->known)
	{
		set_number(&row, REASON_POINTS, part->points);
		if (bound->card->weighted)
			set_number(&row, REASON_WEIGHT, part->weight);
	}
	if (contributions != NULL)
		set_number(&row, REASON_CONTRIBUTION, contributions[number]);
	put_row(fcinfo, &row);
}

Datum
clientele_reasons(PG_FUNCTION_ARGS)
{
	BoundCard  *bound = score_row(fcinfo);
	ClienteleDecimal *contributions = NULL;

	InitMaterializedSRF(fcinfo, 0);
	if (bound == NULL)
		return (Datum) 0;

	if (bound->result.known)
	{
		contributions = palloc(bound->card->ncharacteristics * sizeof(ClienteleDecimal));
		if (!clientele_scorecard_contributions(bound->card, &bound->result, contributions))
			refuse_overflow();
	}
	put_initial(fcinfo, bound);
	for (int i = 0; i < bound->card->ncharacteristics; i++)
		put_reason(fcinfo, bound, i, contributions);
	return (Datum) 0;
}

/* The columns of next_tier(); their order is that of the SQL declaration. */
enum StepColumn
{
	STEP_ITEM, STEP_VALUE, STEP_CONDITION, STEP_REQUIRED_VALUE, STEP_POINTS, STEP_POINTS_NEEDED,
	STEP_SCORE, STEP_TIER, STEP_NEXT_SCORE, STEP_NEXT_TIER, STEP_NOTE
};

static const char *
step_note(const ClienteleCardStep *step)
{
	switch (step->obstacle)
	{
		case CLIENTELE_CARD_UNKNOWN:
			return "unknown: until it is known, there is no score";
		case CLIENTELE_CARD_CONDITION:
			return "a condition, not a range: no required value";
		case CLIENTELE_CARD_COMPUTED:
			return "computed points: no required value";
		case CLIENTELE_CARD_NO_VALUE:
			return "the value is missing now";
		case CLIENTELE_CARD_NO_OBSTACLE:
			break;
	}
	if (clientele_decimal_sign(step->change) > 0)
		return NULL;
	return "must fall below the required value";
}

/* The limit of the bin that is nearer to the value. */
static ClienteleDecimal
required_value(const ClienteleCardCharacteristic *characteristic, const ClienteleCardStep *step)
{
	int			limit = clientele_decimal_sign(step->change) > 0 ? step->bin - 1 : step->bin;

	return characteristic->bins[limit].below;
}

static void
put_step(FunctionCallInfo fcinfo, const BoundCard *bound, const ClienteleCardStep *step)
{
	const ClienteleCardCharacteristic *characteristic = &bound->card->characteristics[step->characteristic];
	const ClienteleCardPart *part = &bound->result.parts[step->characteristic];
	const ClienteleCardTier *next = clientele_scorecard_next_tier(bound->card, &bound->result);
	ResultRow	row;

	clear_row(&row);
	set_text(&row, STEP_ITEM, characteristic->name);
	set_text(&row, STEP_VALUE, value_text(bound, characteristic));
	if (step->bin >= 0)
	{
		set_text(&row, STEP_CONDITION,
				 clientele_scorecard_bin_text(characteristic, &characteristic->bins[step->bin]));
		set_number(&row, STEP_POINTS_NEEDED, step->points_needed);
		set_datum(&row, STEP_NEXT_SCORE, score_datum(step->score));
	}
	if (step->has_change)
		set_number(&row, STEP_REQUIRED_VALUE, required_value(characteristic, step));
	if (part->known)
		set_number(&row, STEP_POINTS, part->points);
	if (bound->result.known)
		set_datum(&row, STEP_SCORE, score_datum(bound->result.score));
	if (bound->result.tier != NULL)
		set_text(&row, STEP_TIER, bound->result.tier->label);
	if (next != NULL)
		set_text(&row, STEP_NEXT_TIER, next->label);
	set_text(&row, STEP_NOTE, step_note(step));
	put_row(fcinfo, &row);
}

Datum
clientele_next_tier(PG_FUNCTION_ARGS)
{
	BoundCard  *bound = score_row(fcinfo);
	ClienteleCardStep *steps;
	int			nsteps;

	InitMaterializedSRF(fcinfo, 0);
	if (bound == NULL)
		return (Datum) 0;

	steps = palloc(bound->card->ncharacteristics * sizeof(ClienteleCardStep));
	nsteps = clientele_scorecard_steps(bound->card, &bound->result, &bound->answers, steps);
	for (int i = 0; i < nsteps; i++)
		put_step(fcinfo, bound, &steps[i]);
	return (Datum) 0;
}
