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
#include "utils/memutils.h"

#include "base/result_row.h"
#include "compat.h"
#include "expression/row_call.h"
#include "scorecard/scorecard_rows.h"

PG_FUNCTION_INFO_V1(clientele_score);
PG_FUNCTION_INFO_V1(clientele_tier);
PG_FUNCTION_INFO_V1(clientele_reasons);
PG_FUNCTION_INFO_V1(clientele_reason_codes);
PG_FUNCTION_INFO_V1(clientele_next_tier);

/* A card bound to a row type, with room for what one call needs. */
typedef struct BoundCard
{
	ClienteleScoredCard scored; /* the row at hand */
	ClienteleRowRules *rules;	/* NULL if the card has no expression at all */
} BoundCard;

static bool
card_rule_number(void *source, int rule, ClienteleDecimal *result)
{
	return clientele_row_rules_number(source, rule, result);
}

static char *
card_rule_string(void *source, int rule)
{
	char	   *string;

	return clientele_row_rules_text(source, rule, &string) ? string : NULL;
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
	const ClienteleScorecard *card = clientele_scorecard_parse(clientele_rule_text_get(&clientele_scorecard_type, rule), NULL);

	/* a row has columns, but no parameters */
	card = clientele_scorecard_resolve(card, NULL, "the card");

	check_written_rules(card, row);
	if (card->nrules > 0)
		bound->rules = clientele_row_rules_bind(row, card->nrules, clientele_scorecard_rules(card), false);
	bound->scored.card = card;
	bound->scored.answers.number = card_rule_number;
	bound->scored.answers.string = card_rule_string;
	bound->scored.answers.source = bound->rules;
	bound->scored.result.parts = palloc0(card->ncharacteristics * sizeof(ClienteleCardPart));
	return bound;
}

/*
 * Scores the row of a call; NULL where there is no row or no card.  The answer
 * holds until the next call.
 */
static ClienteleScoredCard *
score_row(FunctionCallInfo fcinfo)
{
	ClienteleRowCall call;
	BoundCard  *bound;
	ClienteleScoredCard *scored;

	clientele_row_call(fcinfo, bind_card, &call);
	bound = call.built;
	if (bound == NULL)
		return NULL;
	if (bound->rules != NULL)
		clientele_row_rules_evaluate(bound->rules, call.row, &call.clock);
	scored = &bound->scored;
	clientele_scorecard_score(scored->card, &scored->answers, &scored->result);
	if (scored->result.overflow)
		clientele_refuse_score_overflow();
	return scored;
}

Datum
clientele_score(PG_FUNCTION_ARGS)
{
	ClienteleScoredCard *scored = score_row(fcinfo);

	if (scored == NULL || !scored->result.known)
		PG_RETURN_NULL();
	PG_RETURN_DATUM(clientele_score_datum(scored->result.score));
}

Datum
clientele_tier(PG_FUNCTION_ARGS)
{
	ClienteleScoredCard *scored = score_row(fcinfo);

	if (scored == NULL || scored->result.tier == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(scored->result.tier->label));
}

Datum
clientele_reason_codes(PG_FUNCTION_ARGS)
{
	ClienteleScoredCard *scored = score_row(fcinfo);
	const char **codes;
	Datum	   *elements;
	int			ncodes;

	if (scored == NULL || !scored->result.known || !scored->card->has_reason_codes)
		PG_RETURN_NULL();

	codes = palloc(scored->card->ncharacteristics * sizeof(char *));
	elements = palloc(scored->card->ncharacteristics * sizeof(Datum));
	ncodes = clientele_scorecard_reason_codes(scored->card, &scored->result, codes);
	if (ncodes < 0)
		clientele_refuse_score_overflow();
	for (int i = 0; i < ncodes; i++)
		elements[i] = CStringGetTextDatum(codes[i]);
	PG_RETURN_ARRAYTYPE_P(construct_array(elements, ncodes, TEXTOID, -1, false, TYPALIGN_INT));
}

/* The columns of reasons(); their order is that of the SQL declaration. */
enum ReasonColumn
{
	REASON_ITEM, REASON_VALUE, REASON_CONDITION, REASON_POINTS, REASON_WEIGHT, REASON_CONTRIBUTION, REASON_REASON
};

static void
put_reason(FunctionCallInfo fcinfo, const ClienteleCardReason *reason)
{
	ClienteleResultRow row;

	clientele_result_clear(&row);
	clientele_result_set_text(&row, REASON_ITEM, reason->item);
	clientele_result_set_text(&row, REASON_VALUE, reason->value);
	clientele_result_set_text(&row, REASON_CONDITION, reason->condition);
	clientele_result_set_number(&row, REASON_POINTS, reason->points);
	clientele_result_set_number(&row, REASON_WEIGHT, reason->weight);
	clientele_result_set_number(&row, REASON_CONTRIBUTION, reason->contribution);
	clientele_result_set_text(&row, REASON_REASON, reason->reason);
	clientele_result_put(fcinfo, &row);
}

Datum
clientele_reasons(PG_FUNCTION_ARGS)
{
	ClienteleScoredCard *scored = score_row(fcinfo);
	ClienteleCardReason *reasons;
	int			nreasons;

	InitMaterializedSRF(fcinfo, 0);
	if (scored == NULL)
		return (Datum) 0;

	reasons = palloc((scored->card->ncharacteristics + 1) * sizeof(ClienteleCardReason));
	nreasons = clientele_card_reasons(scored, reasons);
	for (int i = 0; i < nreasons; i++)
		put_reason(fcinfo, &reasons[i]);
	return (Datum) 0;
}

Datum
clientele_next_tier(PG_FUNCTION_ARGS)
{
	ClienteleScoredCard *scored = score_row(fcinfo);

	InitMaterializedSRF(fcinfo, 0);
	if (scored != NULL)
		clientele_card_put_steps(fcinfo, scored);
	return (Datum) 0;
}
