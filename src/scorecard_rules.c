/*
 * scorecard_rules.c
 *		The expressions a scorecard consists of, numbered.
 */
#include "postgres.h"

#include "scorecard.h"

static bool
has_computed_points(const ClienteleCardCharacteristic *characteristic)
{
	if (characteristic->missing != NULL && characteristic->missing->points.expression != NULL)
		return true;
	for (int i = 0; i < characteristic->nbins; i++)
	{
		if (characteristic->bins[i].points.expression != NULL)
			return true;
	}
	return false;
}

void
clientele_scorecard_number_rules(ClienteleScorecard *card)
{
	int			next = 0;

	for (int i = 0; i < card->ncharacteristics; i++)
	{
		ClienteleCardCharacteristic *characteristic = &card->characteristics[i];

		characteristic->weight_rule = characteristic->weight.expression ? next++ : CLIENTELE_CARD_NO_RULE;
		characteristic->value_rule = characteristic->value ? next++ : CLIENTELE_CARD_NO_RULE;
		for (int bin = 0; bin < characteristic->nbins; bin++)
			characteristic->bins[bin].when_rule =
				characteristic->bins[bin].when ? next++ : CLIENTELE_CARD_NO_RULE;
		characteristic->points_rule = has_computed_points(characteristic) ? next++ : CLIENTELE_CARD_NO_RULE;
	}
	card->nrules = next;
}

/* Amounts stand in parentheses, so that a sign or an operator cannot tear apart. */
static void
append_amount(StringInfo out, const ClienteleCardAmount *amount)
{
	appendStringInfo(out, "(%s)",
					 amount->expression ? amount->expression : clientele_decimal_to_string(amount->number));
}

static void
append_bin_condition(StringInfo out, const ClienteleCardCharacteristic *characteristic, const ClienteleCardBin *bin)
{
	if (bin->when != NULL)
		appendStringInfoString(out, bin->when);
	else if (bin->has_below)
		appendStringInfo(out, "(%s) < (%s)", characteristic->value, clientele_decimal_to_string(bin->below));
	else if (characteristic->by_range)
		appendStringInfo(out, "(%s) is not null", characteristic->value);
	else
		appendStringInfoString(out, "true");
}

/*
 * The points of whichever bin applies, as one expression.  CASE stops at the
 * first condition that holds, so points such as 100 / visits are not computed
 * for those whom a bin before has already taken.
 */
static char *
points_case(const ClienteleCardCharacteristic *characteristic)
{
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfoString(&out, "case");
	for (int i = 0; i < characteristic->nbins; i++)
	{
		appendStringInfoString(&out, " when ");
		append_bin_condition(&out, characteristic, &characteristic->bins[i]);
		appendStringInfoString(&out, " then ");
		append_amount(&out, &characteristic->bins[i].points);
	}
	if (characteristic->missing != NULL)
	{
		appendStringInfoString(&out, " else ");
		append_amount(&out, &characteristic->missing->points);
	}
	appendStringInfoString(&out, " end");
	return out.data;
}

static void
set_rule(ClienteleRule *rules, int number, const char *text, ClienteleType wanted, char *place)
{
	if (number == CLIENTELE_CARD_NO_RULE)
		return;
	rules[number].text = text;
	rules[number].wanted = wanted;
	rules[number].place = place;
}

ClienteleRule *
clientele_scorecard_rules(const ClienteleScorecard *card)
{
	ClienteleRule *rules = palloc0(Max(card->nrules, 1) * sizeof(ClienteleRule));

	for (int i = 0; i < card->ncharacteristics; i++)
	{
		const ClienteleCardCharacteristic *characteristic = &card->characteristics[i];

		set_rule(rules, characteristic->weight_rule, characteristic->weight.expression, CLIENTELE_NUMBER,
				 psprintf("characteristics[%d].weight of a scorecard", i));
		set_rule(rules, characteristic->value_rule, characteristic->value,
				 characteristic->by_range ? CLIENTELE_NUMBER : CLIENTELE_ANY,
				 psprintf("characteristics[%d].value of a scorecard", i));
		for (int bin = 0; bin < characteristic->nbins; bin++)
			set_rule(rules, characteristic->bins[bin].when_rule, characteristic->bins[bin].when,
					 CLIENTELE_BOOLEAN,
					 psprintf("characteristics[%d].bins[%d].when of a scorecard", i, bin));
		if (characteristic->points_rule != CLIENTELE_CARD_NO_RULE)
			set_rule(rules, characteristic->points_rule, points_case(characteristic), CLIENTELE_NUMBER,
					 psprintf("points of characteristics[%d] of a scorecard", i));
	}
	return rules;
}
