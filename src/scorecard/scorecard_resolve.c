/*
 * scorecard_resolve.c
 *		A card's formulas, and the card with their values in their place.
 *
 * What is resolved is written out and read again, so that the numbers are judged by the
 * rules that hold for numbers.
 */
#include "postgres.h"

#include "compat.h"
#include "scorecard/scorecard.h"

/* Calls a function with each formula there may be, and what it is of. */
typedef void (*Visitor) (void *argument, ClienteleDecimal *number, const char **formula, const char *what);
typedef void (*AmountVisitor) (void *argument, ClienteleCardAmount *amount, bool computed, const char *what);

typedef struct Visit
{
	Visitor		bound;			/* a number that is always the same */
	AmountVisitor amount;		/* one that may be computed for each customer */
	void	   *argument;
} Visit;

static void
visit_bin(const Visit *visit, const ClienteleScorecard *card, ClienteleCardBin *bin, const char *place)
{
	if (bin->has_below)
		visit->bound(visit->argument, &bin->below, &bin->below_formula, psprintf("%s.below", place));
	visit->amount(visit->argument, &bin->points, !card->weighted, psprintf("%s.points", place));
}

/* Every place of a card at which a formula may stand. */
static void
visit_card(const Visit *visit, ClienteleScorecard *card)
{
	visit->bound(visit->argument, &card->initial, &card->initial_formula, "initial");
	for (int i = 0; i < card->ncharacteristics; i++)
	{
		ClienteleCardCharacteristic *characteristic = &card->characteristics[i];
		const char *place = psprintf("characteristics[%d]", i);

		visit->amount(visit->argument, &characteristic->weight, true, psprintf("%s.weight", place));
		for (int bin = 0; bin < characteristic->nbins; bin++)
			visit_bin(visit, card, &characteristic->bins[bin], psprintf("%s.bins[%d]", place, bin));
		if (characteristic->missing != NULL)
			visit_bin(visit, card, characteristic->missing, psprintf("%s.missing", place));
	}
	for (int i = 0; i < card->ntiers; i++)
		visit->bound(visit->argument, &card->tiers[i].at_least, &card->tiers[i].at_least_formula,
					 psprintf("tiers[%d].at_least", i));
}

/* ---------- listing ---------- */

typedef struct Listing
{
	int			count;
	int			allocated;
	const char **formulas;
} Listing;

static void
list_bound(void *argument, ClienteleDecimal *number, const char **formula, const char *what)
{
	Listing    *listing = argument;

	(void) number;
	(void) what;
	if (*formula == NULL)
		return;
	if (listing->count == listing->allocated)
	{
		listing->allocated *= 2;
		listing->formulas = repalloc(listing->formulas, mul_size(sizeof(char *), listing->allocated));
	}
	listing->formulas[listing->count++] = *formula;
}

static void
list_amount(void *argument, ClienteleCardAmount *amount, bool computed, const char *what)
{
	(void) computed;
	if (amount->expression != NULL && clientele_is_formula(amount->expression))
		list_bound(argument, NULL, &amount->expression, what);
}

const char **
clientele_scorecard_formulas(const ClienteleScorecard *card, int *nformulas)
{
	Listing		listing = {0, 8, palloc(8 * sizeof(char *))};
	Visit		visit = {list_bound, list_amount, &listing};

	visit_card(&visit, unconstify(ClienteleScorecard *, card));
	*nformulas = listing.count;
	return listing.formulas;
}

/* ---------- resolving ---------- */

typedef struct Resolver
{
	const ClienteleParameters *parameters;
	const char *title;
} Resolver;

static void
resolve_bound(void *argument, ClienteleDecimal *number, const char **formula, const char *what)
{
	const Resolver *resolver = argument;

	if (*formula == NULL)
		return;
	*number = clientele_formula_value(*formula, resolver->parameters, psprintf("%s: %s", resolver->title, what));
	*formula = NULL;
}

static void
resolve_amount(void *argument, ClienteleCardAmount *amount, bool computed, const char *what)
{
	const Resolver *resolver = argument;

	if (amount->expression == NULL || !clientele_is_formula(amount->expression))
		return;
	if (computed && (resolver->parameters == NULL || clientele_formula_unknown(amount->expression, resolver->parameters)))
		return;
	resolve_bound(argument, &amount->number, &amount->expression, what);
}

static void *
copied(const void *list, int count, Size size)
{
	void	   *copy = palloc(mul_size(Max(count, 1), size));

	if (count > 0)
		memcpy(copy, list, count * size);
	return copy;
}

static ClienteleScorecard *
copy_card(const ClienteleScorecard *card)
{
	ClienteleScorecard *copy = copied(card, 1, sizeof(ClienteleScorecard));

	copy->characteristics = copied(card->characteristics, card->ncharacteristics, sizeof(ClienteleCardCharacteristic));
	for (int i = 0; i < card->ncharacteristics; i++)
	{
		ClienteleCardCharacteristic *characteristic = &copy->characteristics[i];

		characteristic->bins = copied(characteristic->bins, characteristic->nbins, sizeof(ClienteleCardBin));
		if (characteristic->missing != NULL)
			characteristic->missing = copied(characteristic->missing, 1, sizeof(ClienteleCardBin));
	}
	copy->tiers = copied(card->tiers, card->ntiers, sizeof(ClienteleCardTier));
	return copy;
}

/* Reading has sorted them. */
static void
check_tiers_stand(const ClienteleScorecard *written, const ClienteleScorecard *resolved, const char *title)
{
	for (int i = 0; i < written->ntiers; i++)
	{
		const ClienteleCardTier *tier = &resolved->tiers[i];

		if (strcmp(written->tiers[i].label, tier->label) != 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("%s: tier %s starts at %s, above tier %s that is written before it", title,
							clientele_json_show_text(tier->label), clientele_decimal_to_string(tier->at_least),
							clientele_json_show_text(written->tiers[i].label)),
					 errhint("Change the parameters, or write the highest tier first.")));
	}
}

const ClienteleScorecard *
clientele_scorecard_resolve(const ClienteleScorecard *card, const ClienteleParameters *parameters, const char *title)
{
	ClienteleJsonReader reader = {"scorecard", NULL};
	ClienteleJsonPlace place = {NULL, NULL, 0, title};
	Resolver	resolver = {parameters, title};
	Visit		visit = {resolve_bound, resolve_amount, &resolver};
	ClienteleScorecard *copy;
	const ClienteleScorecard *resolved;
	int			nformulas;

	(void) clientele_scorecard_formulas(card, &nformulas);
	if (nformulas == 0)
		return card;
	copy = copy_card(card);
	visit_card(&visit, copy);
	resolved = clientele_scorecard_read(&reader, &place,
										clientele_json_tree_read(clientele_scorecard_print(copy), reader.type_name, "", NULL));
	check_tiers_stand(card, resolved, title);
	return resolved;
}
