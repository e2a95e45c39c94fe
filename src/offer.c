/*
 * offer.c
 *		Whether a customer is to have a promotion on a bill.
 */
#include "postgres.h"

#include "compat.h"
#include "offer.h"

static const char *const refusal_words[CLIENTELE_REFUSALS] = {
	[CLIENTELE_REFUSED_AUDIENCE] = "audience",
	[CLIENTELE_REFUSED_AUTOMATION] = "refused",
	[CLIENTELE_REFUSED_HOLDOUT] = "held out",
	[CLIENTELE_REFUSED_PAUSED] = "paused",
	[CLIENTELE_REFUSED_ENDED] = "ended",
	[CLIENTELE_REFUSED_NO_BRANCH] = "branch",
	[CLIENTELE_REFUSED_TOTAL] = "sold out",
	[CLIENTELE_REFUSED_BRANCH] = "branch stock",
	[CLIENTELE_REFUSED_DAY] = "day stock",
	[CLIENTELE_REFUSED_BUDGET] = "budget",
	[CLIENTELE_REFUSED_CUSTOMER] = "customer limit",
	[CLIENTELE_REFUSED_PERIOD] = "period limit"
};

static void
refuse(ClienteleOfferAnswer *answer, ClienteleRefusal refusal)
{
	answer->refusals |= 1u << refusal;
	answer->eligible = false;
}

static void
examine_bill(ClienteleAudience *audience, const ClienteleBill *bill, ClienteleMoment moment, ClienteleOfferAnswer *answer)
{
	const ClienteleBoundPromotion *bound = answer->offered->bound;
	ClienteleDecimal spent;
	bool		known = bound->promotion->has_spend && bound->promotion->measure != NULL &&
		clientele_audience_spent(audience, answer->offered, &spent);

	clientele_promotion_benefit(bound, bill, moment, known ? &spent : NULL, &answer->benefit);
}

void
clientele_offer_examine(ClienteleAudience *audience, const ClienteleOffered *offered, const ClienteleBill *bill,
						ClienteleMoment moment, ClienteleOfferAnswer *answer)
{
	memset(answer, 0, sizeof(ClienteleOfferAnswer));
	answer->offered = offered;
	answer->remaining = CLIENTELE_NO_LIMIT;
	if (bill != NULL)
		examine_bill(audience, bill, moment, answer);
	else
		answer->benefit.reasons = clientele_promotion_outside(offered->bound->promotion, moment);
	answer->eligible = answer->benefit.reasons == 0;

	if (!clientele_audience_meets(audience, offered, &answer->nunmet, &answer->unmet))
		refuse(answer, CLIENTELE_REFUSED_AUDIENCE);
	if (offered->bound->promotion->personal && clientele_audience_refused(audience))
		refuse(answer, CLIENTELE_REFUSED_AUTOMATION);
	if (clientele_audience_held_out(audience, offered))
		refuse(answer, CLIENTELE_REFUSED_HOLDOUT);
	if (offered->state == CLIENTELE_PAUSED)
		refuse(answer, CLIENTELE_REFUSED_PAUSED);
	if (offered->state == CLIENTELE_ENDED)
		refuse(answer, CLIENTELE_REFUSED_ENDED);
	if (bill != NULL && bill->branch == NULL && offered->bound->promotion->stock.per_branch != CLIENTELE_NO_LIMIT)
		refuse(answer, CLIENTELE_REFUSED_NO_BRANCH);
}

static void
limit(ClienteleOfferAnswer *answer, ClienteleRefusal refusal, int left)
{
	answer->remaining = Min(answer->remaining, left);
	if (left <= 0)
		refuse(answer, refusal);
}

/* Whether the money that is left pays for this benefit; where it is not known yet, for anything. */
static bool
is_paid_for(const ClienteleOfferAnswer *answer, const ClienteleStockLeft *left)
{
	if (clientele_decimal_sign(answer->benefit.value) > 0)
		return clientele_decimal_compare(answer->benefit.value, left->budget) <= 0;
	return !clientele_gives_money(answer->offered->bound->promotion->benefit.kind) || clientele_decimal_sign(left->budget) > 0;
}

void
clientele_offer_limit(ClienteleOfferAnswer *answer, const ClienteleStockLeft *left, int left_of_customer, int left_in_period)
{
	limit(answer, CLIENTELE_REFUSED_TOTAL, left->total);
	limit(answer, CLIENTELE_REFUSED_BRANCH, left->branch);
	limit(answer, CLIENTELE_REFUSED_DAY, left->day);
	if (left->has_budget && !is_paid_for(answer, left))
		limit(answer, CLIENTELE_REFUSED_BUDGET, 0);
	limit(answer, CLIENTELE_REFUSED_CUSTOMER, left_of_customer);
	limit(answer, CLIENTELE_REFUSED_PERIOD, left_in_period);
}

/* ---------- in words ---------- */

static char *
refusal_text(const ClientelePromotion *promotion, ClienteleRefusal refusal)
{
	const ClientelePromotionStock *stock = &promotion->stock;

	switch (refusal)
	{
		case CLIENTELE_REFUSED_AUTOMATION:
			return pstrdup("the customer does not want automated decisions");
		case CLIENTELE_REFUSED_HOLDOUT:
			return pstrdup("left out by chance, to measure what the promotion brings");
		case CLIENTELE_REFUSED_PAUSED:
			return pstrdup("the promotion is paused");
		case CLIENTELE_REFUSED_ENDED:
			return pstrdup("the promotion has ended");
		case CLIENTELE_REFUSED_NO_BRANCH:
			return psprintf("each branch has %d, but the bill does not say its branch", stock->per_branch);
		case CLIENTELE_REFUSED_TOTAL:
			return psprintf("all %d are taken", stock->total);
		case CLIENTELE_REFUSED_BRANCH:
			return psprintf("all %d of this branch are taken", stock->per_branch);
		case CLIENTELE_REFUSED_DAY:
			return psprintf("all %d of this day are taken", stock->per_day);
		case CLIENTELE_REFUSED_BUDGET:
			return psprintf("the budget of %s is spent", clientele_decimal_to_string(promotion->budget));
		case CLIENTELE_REFUSED_CUSTOMER:
			return psprintf("each customer has %d at most", stock->per_customer);
		case CLIENTELE_REFUSED_PERIOD:
			return psprintf("each customer has %d a %s at most", stock->per_period,
							clientele_limit_periods[stock->period - CLIENTELE_DAYS]);
		case CLIENTELE_REFUSED_AUDIENCE:
		case CLIENTELE_REFUSALS:
			break;
	}
	elog(ERROR, "refusal %d has no text", (int) refusal);
	return NULL;
}

int
clientele_offer_reasons(const ClienteleOfferAnswer *answer, const char ***words, char ***sentences)
{
	const ClientelePromotion *promotion = answer->offered->bound->promotion;
	Size		most = (Size) CLIENTELE_REASONS + CLIENTELE_REFUSALS + answer->benefit.nunmet + answer->nunmet;
	int			count;

	*words = palloc(mul_size(most, sizeof(char *)));
	*sentences = palloc(mul_size(most, sizeof(char *)));
	count = clientele_benefit_reasons(promotion, &answer->benefit, *words, *sentences);
	for (int refusal = 0; refusal < CLIENTELE_REFUSALS; refusal++)
	{
		if (!(answer->refusals & (1u << refusal)))
			continue;
		for (int i = 0; i < (refusal == CLIENTELE_REFUSED_AUDIENCE ? answer->nunmet : 1); i++)
		{
			(*words)[count] = refusal_words[refusal];
			(*sentences)[count++] = refusal == CLIENTELE_REFUSED_AUDIENCE ? pstrdup(answer->unmet[i]) :
				refusal_text(promotion, (ClienteleRefusal) refusal);
		}
	}
	return count;
}
