/*
 * promotion_combine.c
 *		Several promotions on one bill: which of them.
 *
 * Each benefit is that on the original bill; together they reduce it to nothing at most,
 * in their order.  So what a set of promotions is worth does not depend on the order,
 * and the best set is found by looking at all, leaving out those that cannot be better.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "promotion.h"

const char *const clientele_offer_policies[CLIENTELE_OFFER_POLICIES] = {
	[CLIENTELE_BEST_FOR_CUSTOMER] = "best for customer",
	[CLIENTELE_PRIORITY_ORDER] = "priority order",
	[CLIENTELE_FIRST] = "first"
};

/* What the customer gets; compared in this order. */
typedef struct Worth
{
	ClienteleDecimal money;		/* off the bill, gifts, stored value */
	ClienteleDecimal points;
	ClienteleDecimal coupons;
} Worth;

/* What promotions give together before the bill's amount limits it. */
typedef struct Sum
{
	ClienteleDecimal off;
	ClienteleDecimal other;		/* money that is not off the bill */
	ClienteleDecimal points;
	ClienteleDecimal coupons;
} Sum;

typedef struct Search
{
	ClienteleOffer *offers[CLIENTELE_EXACT_OFFERS]; /* in their order */
	int			noffers;
	Sum			rest[CLIENTELE_EXACT_OFFERS + 1];	/* of those from here on that stack */
	ClienteleDecimal limit;		/* the bill's amount */
	uint32		best;			/* the best set so far: bit i = offers[i] */
	int			best_count;
	Worth		best_worth;
} Search;

static Sum
sum_with(Sum sum, const ClienteleOffer *offer)
{
	ClienteleBenefitKind kind = offer->promotion->benefit.kind;
	const ClienteleBenefit *benefit = &offer->benefit;

	sum.off = clientele_money_add(sum.off, benefit->amount);
	sum.other = clientele_money_add(sum.other, clientele_money_subtract(benefit->value, benefit->amount));
	if (kind == CLIENTELE_POINTS)
		sum.points = clientele_money_add(sum.points, benefit->given);
	if (kind == CLIENTELE_COUPON)
		sum.coupons = clientele_money_add(sum.coupons, benefit->given);
	return sum;
}

static Sum
sum_both(Sum a, Sum b)
{
	return (Sum) {
		clientele_money_add(a.off, b.off), clientele_money_add(a.other, b.other),
		clientele_money_add(a.points, b.points), clientele_money_add(a.coupons, b.coupons)
	};
}

static Worth
worth_of(Sum sum, ClienteleDecimal limit)
{
	return (Worth) {
		clientele_money_add(clientele_money_least(sum.off, limit), sum.other), sum.points, sum.coupons
	};
}

static int
compare_worth(Worth a, Worth b)
{
	int			order = clientele_decimal_compare(a.money, b.money);

	if (order == 0)
		order = clientele_decimal_compare(a.points, b.points);
	return order != 0 ? order : clientele_decimal_compare(a.coupons, b.coupons);
}

/* Worth more, or as much with fewer, or as many of which the first that differs comes earlier. */
static void
consider(Search *search, uint32 set, int count, Sum sum)
{
	Worth		worth = worth_of(sum, search->limit);
	int			order = compare_worth(worth, search->best_worth);
	uint32		difference = set ^ search->best;

	if (order == 0)
		order = search->best_count - count;
	if (order == 0 && difference != 0)
		order = (set & (difference & -difference)) ? 1 : -1;
	if (order <= 0)
		return;
	search->best = set;
	search->best_count = count;
	search->best_worth = worth;
}

static bool
group_is_free(const Search *search, uint32 set, const ClienteleOffer *offer)
{
	const char *group = offer->promotion->exclusive_group;

	for (int i = 0; i < search->noffers && group != NULL; i++)
	{
		const char *taken = search->offers[i]->promotion->exclusive_group;

		if ((set & (1u << i)) && taken != NULL && strcmp(taken, group) == 0)
			return false;
	}
	return true;
}

/* All sets of those that stack, which begin with `set` of the first `next`. */
static void
look_through(Search *search, int next, uint32 set, int count, Sum sum)
{
	const ClienteleOffer *offer;
	int			order;

	CHECK_FOR_INTERRUPTS();
	order = compare_worth(worth_of(sum_both(sum, search->rest[next]), search->limit), search->best_worth);
	if (order < 0 || (order == 0 && count > search->best_count))
		return;
	if (next == search->noffers)
	{
		consider(search, set, count, sum);
		return;
	}
	offer = search->offers[next];
	if (offer->promotion->stacks && group_is_free(search, set, offer))
		look_through(search, next + 1, set | (1u << next), count + 1, sum_with(sum, offer));
	look_through(search, next + 1, set, count, sum);
}

/* ---------- which are looked at ---------- */

static int
compare_order(const void *a, const void *b)
{
	const ClienteleOffer *left = a;
	const ClienteleOffer *right = b;

	if (left->promotion->priority != right->promotion->priority)
		return left->promotion->priority > right->promotion->priority ? -1 : 1;
	return (left->position > right->position) - (left->position < right->position);
}

/* By what each is worth alone, the most first; else in their order, which is that in memory. */
static int
compare_alone(const void *a, const void *b)
{
	const ClienteleOffer *left = *(ClienteleOffer *const *) a;
	const ClienteleOffer *right = *(ClienteleOffer *const *) b;
	Sum			none = {CLIENTELE_ZERO, CLIENTELE_ZERO, CLIENTELE_ZERO, CLIENTELE_ZERO};
	Sum			left_sum = sum_with(none, left);
	Sum			right_sum = sum_with(none, right);
	int			order = compare_worth(worth_of(right_sum, right_sum.off), worth_of(left_sum, left_sum.off));

	return order != 0 ? order : (left > right) - (left < right);
}

static int
compare_memory(const void *a, const void *b)
{
	const ClienteleOffer *left = *(ClienteleOffer *const *) a;
	const ClienteleOffer *right = *(ClienteleOffer *const *) b;

	return (left > right) - (left < right);
}

static void
take_candidates(Search *search, ClienteleOffer *offers, int noffers)
{
	ClienteleOffer **candidates = palloc(mul_size(Max(noffers, 1), sizeof(ClienteleOffer *)));

	for (int i = 0; i < noffers; i++)
		candidates[i] = &offers[i];
	search->noffers = Min(noffers, CLIENTELE_EXACT_OFFERS);
	if (noffers > CLIENTELE_EXACT_OFFERS)
	{
		qsort(candidates, noffers, sizeof(ClienteleOffer *), compare_alone);
		qsort(candidates, search->noffers, sizeof(ClienteleOffer *), compare_memory);
	}
	memcpy(search->offers, candidates, search->noffers * sizeof(ClienteleOffer *));
	pfree(candidates);
}

static void
choose_best(ClienteleOffer *offers, int noffers, ClienteleDecimal limit)
{
	Sum			none = {CLIENTELE_ZERO, CLIENTELE_ZERO, CLIENTELE_ZERO, CLIENTELE_ZERO};
	Search		search;

	memset(&search, 0, sizeof(search));
	search.limit = limit;
	search.best_worth = worth_of(none, limit);
	take_candidates(&search, offers, noffers);
	search.rest[search.noffers] = none;
	for (int i = search.noffers - 1; i >= 0; i--)
	{
		search.rest[i] = search.rest[i + 1];
		if (search.offers[i]->promotion->stacks)
			search.rest[i] = sum_with(search.rest[i], search.offers[i]);
		else
			consider(&search, 1u << i, 1, sum_with(none, search.offers[i]));
	}
	look_through(&search, 0, 0, 0, none);
	for (int i = 0; i < search.noffers; i++)
		search.offers[i]->chosen = (search.best & (1u << i)) != 0;
}

/* ---------- the other policies ---------- */

static bool
fits_chosen(const ClienteleOffer *offers, int offer)
{
	const char *group = offers[offer].promotion->exclusive_group;

	for (int i = 0; i < offer; i++)
	{
		const ClientelePromotion *chosen = offers[i].promotion;

		if (!offers[i].chosen)
			continue;
		if (!chosen->stacks || !offers[offer].promotion->stacks)
			return false;
		if (group != NULL && chosen->exclusive_group != NULL && strcmp(group, chosen->exclusive_group) == 0)
			return false;
	}
	return true;
}

static void
choose_in_order(ClienteleOffer *offers, int noffers, ClienteleDecimal left)
{
	for (int i = 0; i < noffers; i++)
	{
		bool		useless = clientele_reduces_bill(offers[i].promotion->benefit.kind) && clientele_decimal_sign(left) == 0;

		offers[i].chosen = !useless && fits_chosen(offers, i);
		if (offers[i].chosen)
			left = clientele_money_subtract(left, clientele_money_least(offers[i].benefit.amount, left));
	}
}

void
clientele_offers_choose(ClienteleOffer *offers, int noffers, ClienteleDecimal bill_amount,
						ClienteleOfferPolicy policy)
{
	ClienteleDecimal left = bill_amount;

	qsort(offers, noffers, sizeof(ClienteleOffer), compare_order);
	for (int i = 0; i < noffers; i++)
		offers[i].chosen = false;
	switch (policy)
	{
		case CLIENTELE_BEST_FOR_CUSTOMER:
			choose_best(offers, noffers, bill_amount);
			break;
		case CLIENTELE_PRIORITY_ORDER:
			choose_in_order(offers, noffers, bill_amount);
			break;
		case CLIENTELE_FIRST:
			if (noffers > 0)
				offers[0].chosen = true;
			break;
	}
	for (int i = 0; i < noffers; i++)
	{
		offers[i].amount = offers[i].chosen ? clientele_money_least(offers[i].benefit.amount, left) : CLIENTELE_ZERO;
		left = clientele_money_subtract(left, offers[i].amount);
	}
}
