/*
 * lint_card.c
 *		Scorecards: bins that nothing falls into, tiers that no score reaches.
 *
 * A card has finitely many scores, if its points and weights are numbers: the sums of one bin
 * of each characteristic.  They are all tried, as long as they are not too many; then only
 * the lowest and the highest are kept.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/json.h"

#include "compat.h"
#include "lint/lint.h"

#define MOST_SCORES 20000

/* Scores that a card can come to, ascending. */
typedef struct Scores
{
	bool		known;			/* false: points or weights are computed */
	bool		all;			/* each of them is there; else what lies between may be, too */
	int			count;
	ClienteleDecimal *values;
} Scores;

static const ClienteleLintWords range_words = {
	.rules = "bin",
	.overlap = CLIENTELE_LINT_NOTE,
	.gap = CLIENTELE_LINT_WARNING,
	.otherwise = "They have no score at all. If they are to have one, write \"missing\": {\"points\": 0}."
};

static const ClienteleLintWords condition_words = {
	.rules = "bin",
	.overlap = CLIENTELE_LINT_NOTE,
	.gap = CLIENTELE_LINT_WARNING,
	.before = "{\"when\": ",
	.after = ", \"points\": 0}",
	.otherwise = "{\"points\": 0}, as without a bin they have no score at all"
};

static char *
json_text(const char *text)
{
	StringInfoData out;

	initStringInfo(&out);
	escape_json(&out, text);
	return out.data;
}

/* ---------- bins as rules ---------- */

static char *
range_condition(const ClienteleCardCharacteristic *characteristic, int number)
{
	const ClienteleCardBin *bin = &characteristic->bins[number];
	const char *value = characteristic->value;
	char	   *from = number == 0 ? NULL :
		psprintf("(%s) >= (%s)", value, clientele_decimal_to_string(characteristic->bins[number - 1].below));

	if (!bin->has_below)
		return from ? from : psprintf("(%s) is not null", value);
	return psprintf("%s%s(%s) < (%s)", from ? from : "", from ? " and " : "", value, clientele_decimal_to_string(bin->below));
}

static ClienteleLintRule *
bin_rules(const ClienteleCardCharacteristic *characteristic)
{
	ClienteleLintRule *rules = palloc0(mul_size(sizeof(ClienteleLintRule), characteristic->nbins));

	for (int i = 0; i < characteristic->nbins; i++)
	{
		const ClienteleCardBin *bin = &characteristic->bins[i];

		rules[i].when = characteristic->by_range ? range_condition(characteristic, i) : bin->when;
		rules[i].name = psprintf("bin %d of %s (%s)", i + 1, json_text(characteristic->name),
								 clientele_scorecard_bin_text(characteristic, bin));
	}
	return rules;
}

/* ---------- scores ---------- */

static bool
find_amount(ClienteleLintScope *scope, const ClienteleCardAmount *amount, ClienteleDecimal *value)
{
	*value = amount->number;
	return amount->expression == NULL ||
		clientele_lint_constant(scope, clientele_expression_parse(amount->expression, NULL), value);
}

static int
compare_decimals(const void *a, const void *b)
{
	return clientele_decimal_compare(*(const ClienteleDecimal *) a, *(const ClienteleDecimal *) b);
}

/* Ascending, each once, and not too many. */
static void
settle(Scores *scores)
{
	int			kept = 0;

	qsort(scores->values, scores->count, sizeof(ClienteleDecimal), compare_decimals);
	for (int i = 0; i < scores->count; i++)
	{
		if (kept == 0 || clientele_decimal_compare(scores->values[kept - 1], scores->values[i]) != 0)
			scores->values[kept++] = scores->values[i];
	}
	if (kept > MOST_SCORES)
	{
		scores->values[1] = scores->values[kept - 1];
		scores->all = false;
		kept = 2;
	}
	scores->count = kept;
}

/* The points that a characteristic can award; false where they are computed. */
static bool
find_points(ClienteleLint *lint, const ClienteleCardCharacteristic *characteristic, ClienteleDecimal *points, int *npoints)
{
	ClienteleLintScope scope;
	ClienteleLintRule *rules = bin_rules(characteristic);
	ClienteleDiagram rest = CLIENTELE_EVERY_CELL;
	bool		is_certain;

	clientele_lint_scope(&scope, lint, NULL, NULL);
	is_certain = clientele_lint_find_cells(&scope, rules, characteristic->nbins);
	*npoints = 0;
	for (int i = 0; i < characteristic->nbins; i++)
	{
		if (is_certain && rules[i].reached == CLIENTELE_NO_CELL)
			continue;
		if (!find_amount(&scope, &characteristic->bins[i].points, &points[(*npoints)++]))
			return false;
		rest = clientele_cells_without(&scope.space, rest, rules[i].holds);
	}
	if (characteristic->missing == NULL || (is_certain && rest == CLIENTELE_NO_CELL))
		return true;
	return find_amount(&scope, &characteristic->missing->points, &points[(*npoints)++]);
}

/* Adds to each score each of the points, times the weight. */
static bool
add_points(Scores *scores, const ClienteleDecimal *points, int npoints, ClienteleDecimal weight)
{
	ClienteleDecimal *sums = MemoryContextAllocHuge(CurrentMemoryContext,
													mul_size(sizeof(ClienteleDecimal), mul_size(Max(scores->count, 1), Max(npoints, 1))));
	int			count = 0;

	for (int i = 0; i < npoints; i++)
	{
		ClienteleDecimal product;

		if (!clientele_decimal_multiply(weight, points[i], &product))
			return false;
		for (int j = 0; j < scores->count; j++)
		{
			if (!clientele_decimal_add(scores->values[j], product, &sums[count++]))
				return false;
		}
	}
	CHECK_FOR_INTERRUPTS();
	pfree(scores->values);
	scores->values = sums;
	scores->count = count;
	settle(scores);
	return true;
}

static Scores
find_scores(ClienteleLint *lint, const ClienteleScorecard *card)
{
	Scores		scores = {.all = true,.count = 1,.values = palloc(sizeof(ClienteleDecimal))};
	ClienteleLintScope scope;
	ClienteleDecimal weight = clientele_decimal_from_int64(0);

	clientele_lint_scope(&scope, lint, NULL, NULL);
	scores.values[0] = card->initial;
	for (int i = 0; i < card->ncharacteristics; i++)
	{
		const ClienteleCardCharacteristic *characteristic = &card->characteristics[i];
		ClienteleDecimal *points = palloc(mul_size(sizeof(ClienteleDecimal), characteristic->nbins + 1));
		ClienteleDecimal own_weight;
		int			npoints;

		if (!find_amount(&scope, &characteristic->weight, &own_weight) || clientele_decimal_sign(own_weight) < 0 ||
			!find_points(lint, characteristic, points, &npoints) || npoints == 0 ||
			!add_points(&scores, points, npoints, own_weight) || !clientele_decimal_add(weight, own_weight, &weight))
			return scores;
	}
	if (card->weighted && clientele_decimal_sign(weight) == 0)
		return scores;
	for (int i = 0; i < scores.count; i++)
	{
		if (!clientele_scorecard_round(card, scores.values[i], weight, &scores.values[i]))
			return scores;
	}
	scores.known = scores.count > 0;
	settle(&scores);
	return scores;
}

ClienteleDomain
clientele_lint_card_scores(ClienteleLint *lint, const ClienteleDefinition *definition)
{
	Scores		scores = find_scores(lint, definition->card);
	ClienteleDomain domain = {.type = CLIENTELE_NUMBER,.nullable = true,.decimals = CLIENTELE_SCORE_DECIMALS};

	domain.has_lowest = domain.has_highest = scores.known;
	if (scores.known)
	{
		domain.lowest = scores.values[0];
		domain.highest = scores.values[scores.count - 1];
	}
	return domain;
}

/* ---------- tiers ---------- */

static bool
is_score_between(const Scores *scores, const ClienteleDecimal *from, const ClienteleDecimal *below)
{
	if (!scores->all)
		return (from == NULL || clientele_decimal_compare(scores->values[scores->count - 1], *from) >= 0) &&
			(below == NULL || clientele_decimal_compare(scores->values[0], *below) < 0);
	for (int i = 0; i < scores->count; i++)
	{
		if ((from == NULL || clientele_decimal_compare(scores->values[i], *from) >= 0) &&
			(below == NULL || clientele_decimal_compare(scores->values[i], *below) < 0))
			return true;
	}
	return false;
}

static void
check_tiers(ClienteleLint *lint, const ClienteleScorecard *card)
{
	Scores		scores = find_scores(lint, card);
	const ClienteleDecimal *below = NULL;
	char	   *span;

	if (!scores.known)
		return;
	span = psprintf("The lowest score is %s, the highest %s.", clientele_decimal_to_string(scores.values[0]),
					clientele_decimal_to_string(scores.values[scores.count - 1]));
	for (int i = 0; i < card->ntiers; i++)
	{
		const ClienteleCardTier *tier = &card->tiers[i];
		const ClienteleDecimal *from = tier->has_at_least ? &tier->at_least : NULL;

		if (!is_score_between(&scores, from, below))
			clientele_lint_say(lint, CLIENTELE_LINT_WARNING,
							   psprintf("tier %s can never be reached: no score is %s", json_text(tier->label),
										clientele_range_to_string(from, below)), span);
		below = from;
	}
	if (below && is_score_between(&scores, NULL, below))
		clientele_lint_say(lint, CLIENTELE_LINT_WARNING,
						   psprintf("scores below %s have no tier", clientele_decimal_to_string(*below)),
						   psprintf("%s End with a tier for all others: {\"label\": \"...\"}.", span));
}

/* ---------- the whole ---------- */

void
clientele_lint_card(ClienteleLint *lint, const ClienteleDefinition *definition)
{
	const ClienteleScorecard *card = definition->card;

	for (int i = 0; i < card->ncharacteristics; i++)
	{
		const ClienteleCardCharacteristic *characteristic = &card->characteristics[i];
		ClienteleLintWords words = characteristic->by_range ? range_words : condition_words;
		ClienteleLintScope scope;

		/* who falls into no bin, is missing */
		if (characteristic->missing)
			words.gap = NULL;
		clientele_lint_scope(&scope, lint, NULL, NULL);
		clientele_lint_rules(&scope, bin_rules(characteristic), characteristic->nbins, &words);
	}
	check_tiers(lint, card);
}
