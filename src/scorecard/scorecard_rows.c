/*
 * scorecard_rows.c
 *		A scored card in words: how the score came about, and how to get further.
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

#include "base/result_row.h"
#include "scorecard/scorecard_rows.h"

void
clientele_refuse_score_overflow(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("the score is too large for a number"),
			 errhint("Bound what the card computes, such as \"points\": \"least(amount / 100, 50)\".")));
}

/* Both decimals, also where they are 0. */
Datum
clientele_score_datum(ClienteleDecimal score)
{
	return DirectFunctionCall2(numeric_round, NumericGetDatum(clientele_decimal_to_numeric(score)),
							   Int32GetDatum(CLIENTELE_SCORE_DECIMALS));
}

/* A characteristic's value as text; NULL where it is unknown or has none. */
static const char *
value_text(const ClienteleScoredCard *scored, const ClienteleCardCharacteristic *characteristic)
{
	if (characteristic->value_rule == CLIENTELE_CARD_NO_RULE)
		return NULL;
	return scored->answers.string(scored->answers.source, characteristic->value_rule);
}

/* ---------- how it came about ---------- */

static void
fill_reason(const ClienteleScoredCard *scored, int number, const ClienteleDecimal *contributions,
			ClienteleCardReason *reason)
{
	const ClienteleCardCharacteristic *characteristic = &scored->card->characteristics[number];
	const ClienteleCardPart *part = &scored->result.parts[number];

	reason->characteristic = number;
	reason->item = characteristic->name;
	reason->value = value_text(scored, characteristic);
	if (part->bin != NULL)
	{
		reason->condition = clientele_scorecard_bin_text(characteristic, part->bin);
		reason->reason = part->bin->reason;
	}
	if (part->known)
	{
		reason->points = &part->points;
		if (scored->card->weighted)
			reason->weight = &part->weight;
	}
	if (contributions != NULL)
		reason->contribution = &contributions[number];
}

int
clientele_card_reasons(const ClienteleScoredCard *scored, ClienteleCardReason *reasons)
{
	const ClienteleScorecard *card = scored->card;
	ClienteleDecimal *contributions = NULL;
	int			nreasons = 0;

	memset(reasons, 0, sizeof(ClienteleCardReason) * (card->ncharacteristics + 1));
	if (scored->result.known)
	{
		contributions = palloc(card->ncharacteristics * sizeof(ClienteleDecimal));
		if (!clientele_scorecard_contributions(card, &scored->result, contributions))
			clientele_refuse_score_overflow();
	}
	if (clientele_decimal_sign(card->initial) != 0)
	{
		/* so that the contributions add up */
		reasons[nreasons].characteristic = CLIENTELE_CARD_INITIAL;
		reasons[nreasons].item = "initial";
		reasons[nreasons].points = &card->initial;
		reasons[nreasons++].contribution = scored->result.known ? &card->initial : NULL;
	}
	for (int i = 0; i < card->ncharacteristics; i++)
		fill_reason(scored, i, contributions, &reasons[nreasons++]);
	return nreasons;
}

/* ---------- how to get further ---------- */

/* The columns of next_tier(); their order is that of the SQL declaration. */
enum StepColumn
{
	STEP_ITEM, STEP_VALUE, STEP_CONDITION, STEP_REQUIRED_VALUE, STEP_POINTS, STEP_POINTS_NEEDED,
	STEP_SCORE, STEP_TIER, STEP_NEXT_SCORE, STEP_NEXT_TIER, STEP_NOTE
};

const char *
clientele_card_step_note(const ClienteleCardStep *step)
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
static const ClienteleDecimal *
required_value(const ClienteleCardCharacteristic *characteristic, const ClienteleCardStep *step)
{
	int			limit = clientele_decimal_sign(step->change) > 0 ? step->bin - 1 : step->bin;

	return &characteristic->bins[limit].below;
}

static void
put_step(FunctionCallInfo fcinfo, const ClienteleScoredCard *scored, const ClienteleCardStep *step)
{
	const ClienteleCardCharacteristic *characteristic = &scored->card->characteristics[step->characteristic];
	const ClienteleCardPart *part = &scored->result.parts[step->characteristic];
	const ClienteleCardTier *next = clientele_scorecard_next_tier(scored->card, &scored->result);
	ClienteleResultRow row;

	clientele_result_clear(&row);
	clientele_result_set_text(&row, STEP_ITEM, characteristic->name);
	clientele_result_set_text(&row, STEP_VALUE, value_text(scored, characteristic));
	if (step->bin >= 0)
	{
		clientele_result_set_text(&row, STEP_CONDITION,
								  clientele_scorecard_bin_text(characteristic, &characteristic->bins[step->bin]));
		clientele_result_set_number(&row, STEP_POINTS_NEEDED, &step->points_needed);
		clientele_result_set(&row, STEP_NEXT_SCORE, clientele_score_datum(step->score));
	}
	if (step->has_change)
		clientele_result_set_number(&row, STEP_REQUIRED_VALUE, required_value(characteristic, step));
	if (part->known)
		clientele_result_set_number(&row, STEP_POINTS, &part->points);
	if (scored->result.known)
		clientele_result_set(&row, STEP_SCORE, clientele_score_datum(scored->result.score));
	if (scored->result.tier != NULL)
		clientele_result_set_text(&row, STEP_TIER, scored->result.tier->label);
	if (next != NULL)
		clientele_result_set_text(&row, STEP_NEXT_TIER, next->label);
	clientele_result_set_text(&row, STEP_NOTE, clientele_card_step_note(step));
	clientele_result_put(fcinfo, &row);
}

void
clientele_card_put_steps(FunctionCallInfo fcinfo, const ClienteleScoredCard *scored)
{
	ClienteleCardStep *steps = palloc(scored->card->ncharacteristics * sizeof(ClienteleCardStep));
	int			nsteps = clientele_scorecard_steps(scored->card, &scored->result, &scored->answers, steps);

	for (int i = 0; i < nsteps; i++)
		put_step(fcinfo, scored, &steps[i]);
}
