/*
 * scorecard_rules.c
 *		The expressions a scorecard consists of, numbered.
 */
#include "postgres.h"

#include "scorecard/scorecard.h"

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

static bool
has_conditions(const ClienteleCardCharacteristic *characteristic)
{
	return !characteristic->by_range && characteristic->bins[0].when != NULL;
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
		characteristic->bin_rule = has_conditions(characteristic) ? next++ : CLIENTELE_CARD_NO_RULE;
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
append_bin_condition(StringInfo out, const ClienteleCardCharacteristic *characteristic,
					 const ClienteleCardBin *bin)
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

/* The number of the bin that applies, from 0; NULL where none does. */
static char *
bin_case(const ClienteleCardCharacteristic *characteristic)
{
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfoString(&out, "case");
	for (int i = 0; i < characteristic->nbins; i++)
	{
		appendStringInfoString(&out, " when ");
		append_bin_condition(&out, characteristic, &characteristic->bins[i]);
		appendStringInfo(&out, " then %d", i);
	}
	appendStringInfoString(&out, " end");
	return out.data;
}

/* The points of the bin that applies. */
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

static ClienteleType
value_type(const ClienteleCardCharacteristic *characteristic)
{
	return characteristic->by_range ? CLIENTELE_NUMBER : CLIENTELE_ANY;
}

static void
set_rule(ClienteleRule *rule, const char *text, ClienteleType wanted, const char *place)
{
	rule->text = text;
	rule->wanted = wanted;
	rule->place = place;
}

ClienteleRule *
clientele_scorecard_rules(const ClienteleScorecard *card)
{
	ClienteleRule *rules = palloc0(Max(card->nrules, 1) * sizeof(ClienteleRule));

	for (int i = 0; i < card->ncharacteristics; i++)
	{
		const ClienteleCardCharacteristic *characteristic = &card->characteristics[i];
		const char *place = psprintf("characteristics[%d] of a scorecard", i);

		if (characteristic->weight_rule != CLIENTELE_CARD_NO_RULE)
			set_rule(&rules[characteristic->weight_rule], characteristic->weight.expression,
					 CLIENTELE_NUMBER, place);
		if (characteristic->value_rule != CLIENTELE_CARD_NO_RULE)
			set_rule(&rules[characteristic->value_rule], characteristic->value, value_type(characteristic), place);
		if (characteristic->bin_rule != CLIENTELE_CARD_NO_RULE)
			set_rule(&rules[characteristic->bin_rule], bin_case(characteristic), CLIENTELE_NUMBER, place);
		if (characteristic->points_rule != CLIENTELE_CARD_NO_RULE)
			set_rule(&rules[characteristic->points_rule], points_case(characteristic), CLIENTELE_NUMBER, place);
	}
	return rules;
}

/* Adds an expression, if it is one, to rules of which there are *nrules. */
static void
add_written_rule(ClienteleRule *rules, int *nrules, const char *text, ClienteleType wanted, char *place)
{
	if (text != NULL)
		set_rule(&rules[(*nrules)++], text, wanted, place);
}

static void
add_written_bin(ClienteleRule *rules, int *nrules, const ClienteleCardBin *bin, const char *place)
{
	add_written_rule(rules, nrules, bin->when, CLIENTELE_BOOLEAN, psprintf("%s.when of a scorecard", place));
	add_written_rule(rules, nrules, bin->points.expression, CLIENTELE_NUMBER,
					 psprintf("%s.points of a scorecard", place));
}

ClienteleRule *
clientele_scorecard_written_rules(const ClienteleScorecard *card, int *nrules)
{
	ClienteleRule *rules;
	int			room = 0;

	/* A weight, a value and `missing`, and at most two in each bin. */
	for (int i = 0; i < card->ncharacteristics; i++)
		room += 3 + 2 * card->characteristics[i].nbins;
	rules = palloc0(room * sizeof(ClienteleRule));

	*nrules = 0;
	for (int i = 0; i < card->ncharacteristics; i++)
	{
		const ClienteleCardCharacteristic *characteristic = &card->characteristics[i];
		const char *place = psprintf("characteristics[%d]", i);

		add_written_rule(rules, nrules, characteristic->weight.expression, CLIENTELE_NUMBER,
						 psprintf("%s.weight of a scorecard", place));
		add_written_rule(rules, nrules, characteristic->value, value_type(characteristic),
						 psprintf("%s.value of a scorecard", place));
		for (int bin = 0; bin < characteristic->nbins; bin++)
			add_written_bin(rules, nrules, &characteristic->bins[bin], psprintf("%s.bins[%d]", place, bin));
		if (characteristic->missing != NULL)
			add_written_bin(rules, nrules, characteristic->missing, psprintf("%s.missing", place));
	}
	return rules;
}
