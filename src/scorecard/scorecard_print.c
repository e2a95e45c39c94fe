/*
 * scorecard_print.c
 *		A scorecard's canonical text.
 *
 * Keys stand in one order, defaults are left out, numbers are plain decimals,
 * expressions are as their own printer writes them.  So two cards that say the
 * same in this language are the same text, and comparing texts compares cards.
 */
#include "postgres.h"

#include "base/json_write.h"
#include "scorecard/scorecard.h"

static void
append_amount(StringInfo out, const char *key, const ClienteleCardAmount *amount)
{
	if (amount->expression != NULL)
		clientele_json_append_text(out, key, amount->expression);
	else
		clientele_json_append_number(out, key, amount->number);
}

static void
append_bound(StringInfo out, const char *key, ClienteleDecimal number, const char *formula)
{
	if (formula != NULL)
		clientele_json_append_text(out, key, formula);
	else
		clientele_json_append_number(out, key, number);
}

static void
append_bin(StringInfo out, const ClienteleCardBin *bin)
{
	appendStringInfoChar(out, '{');
	if (bin->has_below)
		append_bound(out, "below", bin->below, bin->below_formula);
	clientele_json_append_text(out, "when", bin->when);
	append_amount(out, "points", &bin->points);
	clientele_json_append_text(out, "reason", bin->reason);
	clientele_json_append_text(out, "reason_code", bin->reason_code);
	appendStringInfoChar(out, '}');
}

static void
append_characteristic(StringInfo out, const ClienteleScorecard *card,
					  const ClienteleCardCharacteristic *characteristic)
{
	appendStringInfoChar(out, '{');
	clientele_json_append_text(out, "name", characteristic->name);
	if (card->weighted)
		append_amount(out, "weight", &characteristic->weight);
	clientele_json_append_text(out, "value", characteristic->value);
	if (characteristic->has_baseline)
		clientele_json_append_number(out, "baseline", characteristic->baseline);
	clientele_json_append_text(out, "reason_code", characteristic->reason_code);
	clientele_json_append_key(out, "bins");
	for (int i = 0; i < characteristic->nbins; i++)
	{
		appendStringInfoString(out, i == 0 ? "[" : ", ");
		append_bin(out, &characteristic->bins[i]);
	}
	appendStringInfoChar(out, ']');
	if (characteristic->missing != NULL)
	{
		clientele_json_append_key(out, "missing");
		append_bin(out, characteristic->missing);
	}
	appendStringInfoChar(out, '}');
}

static void
append_tier(StringInfo out, const ClienteleCardTier *tier)
{
	appendStringInfoChar(out, '{');
	clientele_json_append_text(out, "label", tier->label);
	if (tier->has_at_least)
		append_bound(out, "at_least", tier->at_least, tier->at_least_formula);
	appendStringInfoChar(out, '}');
}

char *
clientele_scorecard_print(const ClienteleScorecard *card)
{
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfoChar(&out, '{');
	clientele_json_append_text(&out, "method", card->weighted ? "weighted" : "additive");
	if (card->initial_formula != NULL || clientele_decimal_sign(card->initial) != 0)
		append_bound(&out, "initial", card->initial, card->initial_formula);
	if (card->has_baseline)
		clientele_json_append_number(&out, "baseline", card->baseline);
	if (card->points_above)
		clientele_json_append_text(&out, "reason_code_algorithm", "points_above");

	clientele_json_append_key(&out, "characteristics");
	for (int i = 0; i < card->ncharacteristics; i++)
	{
		appendStringInfoString(&out, i == 0 ? "[" : ", ");
		append_characteristic(&out, card, &card->characteristics[i]);
	}
	appendStringInfoChar(&out, ']');

	if (card->ntiers > 0)
		clientele_json_append_key(&out, "tiers");
	for (int i = 0; i < card->ntiers; i++)
	{
		appendStringInfoString(&out, i == 0 ? "[" : ", ");
		append_tier(&out, &card->tiers[i]);
	}
	appendStringInfoString(&out, card->ntiers > 0 ? "]}" : "}");
	return out.data;
}
