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

#include "compat.h"
#include "promotion/promotion.h"

const char *const clientele_offer_policies[CLIENTELE_OFFER_POLICIES] = {
	[CLIENTELE_BEST_FOR_CUSTOMER] = "best for customer",
	[CLIENTELE_PRIORITY_ORDER] = "priority order",
	[CLIENTELE_FIRST] = "first"
};

bool
clientele_promotions_exclude(const ClientelePromotion *a, const ClientelePromotion *b)
{
	return !a->stacks || !b->stacks ||
		(a->exclusive_group != NULL && b->exclusive_group != NULL && strcmp(a->exclusive_group, b->exclusive_group) == 0);
}

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

typedef struct Candidate
{
	ClienteleOffer *offer;
	Sum			sum;			/* of it alone */
	ClienteleDecimal money;		/* sum.off and sum.other */
	uint32		group;			/* a bit for its exclusive group; 0 = none */
} Candidate;

/*
 * All sets are looked through, those with an earlier promotion first.  So of two that
 * are alike the one that was found first stays.  From a set on nothing is found where
 * all the rest together would not make it better than the best; to be as good with
 * fewer, the rest must do so in fewer promotions.
 */
typedef struct Search
{
	int			ncandidates;
	Candidate	candidates[CLIENTELE_EXACT_OFFERS]; /* in their order */
	Sum			rest[CLIENTELE_EXACT_OFFERS + 1];	/* at most, of those from here on that stack */
	ClienteleDecimal most[CLIENTELE_EXACT_OFFERS + 1][CLIENTELE_EXACT_OFFERS + 1];	/* of so many of them */
	ClienteleDecimal limit;		/* the bill's amount */
	uint32		best;			/* the best set so far: bit i = candidates[i] */
	int			best_count;
	Worth		best_worth;
} Search;

static const Sum nothing;

static Sum
sum_of(const ClienteleOffer *offer)
{
	ClienteleBenefitKind kind = offer->promotion->benefit.kind;
	const ClienteleBenefit *benefit = &offer->benefit;

	return (Sum) {
		benefit->amount, clientele_money_subtract(benefit->value, benefit->amount),
		kind == CLIENTELE_POINTS ? benefit->given : CLIENTELE_ZERO,
		kind == CLIENTELE_COUPON ? benefit->given : CLIENTELE_ZERO
	};
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

/* Worth more, or as much with fewer. */
static void
consider(Search *search, uint32 set, int count, Sum sum)
{
	Worth		worth = worth_of(sum, search->limit);
	int			order = compare_worth(worth, search->best_worth);

	if (order < 0 || (order == 0 && count >= search->best_count))
		return;
	search->best = set;
	search->best_count = count;
	search->best_worth = worth;
}

static bool
may_be_better(const Search *search, int next, int count, Sum sum)
{
	Worth		bound = worth_of(sum_both(sum, search->rest[next]), search->limit);
	int			order = compare_worth(bound, search->best_worth);
	int			more = search->best_count - 1 - count;

	if (order != 0)
		return order > 0;
	return more >= 0 &&
		clientele_decimal_compare(clientele_money_add(clientele_money_add(sum.off, sum.other),
													  search->most[next][Min(more, search->ncandidates - next)]),
								  search->best_worth.money) >= 0;
}

/* All sets that are `set` of the first `next`, and something of the others. */
static void
look_through(Search *search, int next, uint32 set, int count, uint32 groups, Sum sum)
{
	const Candidate *candidate = &search->candidates[next];

	CHECK_FOR_INTERRUPTS();

	/* what stands alone can still follow nothing */
	if (count > 0 && !may_be_better(search, next, count, sum))
		return;
	if (next == search->ncandidates)
	{
		consider(search, set, count, sum);
		return;
	}
	if (!candidate->offer->promotion->stacks)
	{
		if (count == 0)
			consider(search, 1u << next, 1, candidate->sum);
	}
	else if ((groups & candidate->group) == 0)
		look_through(search, next + 1, set | (1u << next), count + 1, groups | candidate->group,
					 sum_both(sum, candidate->sum));
	look_through(search, next + 1, set, count, groups, sum);
}

/* ---------- bounds ---------- */

/* What of two sums is at most taken where only one of them can be. */
static Sum
greater_of(Sum a, Sum b)
{
	return (Sum) {
		clientele_money_greatest(a.off, b.off), clientele_money_greatest(a.other, b.other),
		clientele_money_greatest(a.points, b.points), clientele_money_greatest(a.coupons, b.coupons)
	};
}

static int
compare_money(const void *a, const void *b)
{
	return clientele_decimal_compare(*(const ClienteleDecimal *) b, *(const ClienteleDecimal *) a);
}

/* Of those from `next` on: of a group one counts at most. */
static void
find_bounds(Search *search, int next)
{
	Sum			sums[CLIENTELE_EXACT_OFFERS];
	ClienteleDecimal money[CLIENTELE_EXACT_OFFERS];
	uint32		groups[CLIENTELE_EXACT_OFFERS];
	int			count = 0;

	for (int i = next; i < search->ncandidates; i++)
	{
		const Candidate *candidate = &search->candidates[i];
		int			same = 0;

		if (!candidate->offer->promotion->stacks)
			continue;
		while (same < count && (groups[same] & candidate->group) == 0)
			same++;
		if (same == count)
		{
			sums[count] = candidate->sum;
			money[count] = candidate->money;
			groups[count++] = candidate->group;
			continue;
		}
		sums[same] = greater_of(sums[same], candidate->sum);
		money[same] = clientele_money_greatest(money[same], candidate->money);
	}
	search->rest[next] = nothing;
	for (int i = 0; i < count; i++)
		search->rest[next] = sum_both(search->rest[next], sums[i]);
	qsort(money, count, sizeof(ClienteleDecimal), compare_money);
	search->most[next][0] = CLIENTELE_ZERO;
	for (int i = 1; i <= search->ncandidates - next; i++)
		search->most[next][i] = i > count ? search->most[next][i - 1] :
			clientele_money_add(search->most[next][i - 1], money[i - 1]);
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
	int			order = compare_worth(worth_of(sum_of(right), right->benefit.amount),
									  worth_of(sum_of(left), left->benefit.amount));

	return order != 0 ? order : (left > right) - (left < right);
}

static int
compare_memory(const void *a, const void *b)
{
	const ClienteleOffer *left = *(ClienteleOffer *const *) a;
	const ClienteleOffer *right = *(ClienteleOffer *const *) b;

	return (left > right) - (left < right);
}

static uint32
group_bit(const Search *search, const ClientelePromotion *promotion)
{
	if (promotion->exclusive_group == NULL)
		return 0;
	for (int i = 0; i < search->ncandidates; i++)
	{
		const char *group = search->candidates[i].offer->promotion->exclusive_group;

		if (group != NULL && strcmp(group, promotion->exclusive_group) == 0)
			return search->candidates[i].group;
	}
	return 1u << search->ncandidates;
}

static void
take_candidates(Search *search, ClienteleOffer *offers, int noffers)
{
	ClienteleOffer **taken = palloc(mul_size(Max(noffers, 1), sizeof(ClienteleOffer *)));
	int			count = Min(noffers, CLIENTELE_EXACT_OFFERS);

	for (int i = 0; i < noffers; i++)
		taken[i] = &offers[i];
	if (noffers > CLIENTELE_EXACT_OFFERS)
	{
		qsort(taken, noffers, sizeof(ClienteleOffer *), compare_alone);
		qsort(taken, count, sizeof(ClienteleOffer *), compare_memory);
	}
	for (int i = 0; i < count; i++)
	{
		Candidate  *candidate = &search->candidates[i];

		candidate->offer = taken[i];
		candidate->sum = sum_of(taken[i]);
		candidate->money = clientele_money_add(candidate->sum.off, candidate->sum.other);
		candidate->group = group_bit(search, taken[i]->promotion);
		search->ncandidates++;
	}
	pfree(taken);
}

static void
choose_best(ClienteleOffer *offers, int noffers, ClienteleDecimal limit)
{
	Search		search;

	memset(&search, 0, sizeof(search));
	search.limit = limit;
	take_candidates(&search, offers, noffers);
	for (int next = 0; next <= search.ncandidates; next++)
		find_bounds(&search, next);
	look_through(&search, 0, 0, 0, 0, nothing);
	for (int i = 0; i < search.ncandidates; i++)
		search.candidates[i].offer->chosen = (search.best & (1u << i)) != 0;
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
