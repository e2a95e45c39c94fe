/*
 * claim_decide.c
 *		Whether a customer may have a promotion: all that is asked before it is taken, with
 *		every reason why not.
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/snapmgr.h"

#include "claim/claim.h"
#include "own/fresh.h"
#include "stock/stock.h"

/* ---------- what is asked ---------- */

void
clientele_asked_begin(ClienteleAsked *asked, const ClienteleRequest *request, Oid key_type, Datum key,
					  const char *key_text, const ClienteleBill *bill)
{
	clientele_fresh_lock(CLIENTELE_LOCK_CUSTOMER, request->population.id, key_text);
	asked->request = request;
	asked->key = key_text;
	asked->bill = bill;
	asked->zone = clientele_branch_zone(&request->population, bill ? bill->branch : NULL);
	asked->moment = clientele_moment(request->now, asked->zone);
	asked->snapshot = RegisterSnapshot(GetLatestSnapshot());
	asked->audience = clientele_audience_begin(&request->population, key_type, key, request->now, bill, asked->snapshot);
	asked->claims = clientele_own_open("claim");
	clientele_own_look_as_of(asked->claims, asked->snapshot);
	clientele_bill_claims_read(&asked->bill_claims, &request->population, asked->claims, key_text, bill, request->now);
}

void
clientele_asked_check_customer(const ClienteleAsked *asked)
{
	if (!clientele_audience_is_there(asked->audience))
		ereport(ERROR,
				(errcode(ERRCODE_NO_DATA_FOUND),
				 errmsg("population \"%s\" has no customer %s", NameStr(asked->request->population.name), asked->key)));
}

void
clientele_asked_end(ClienteleAsked *asked)
{
	clientele_own_close(asked->claims);
	clientele_audience_end(asked->audience);
	UnregisterSnapshot(asked->snapshot);
}

static const ClienteleDecimal *
find_spent(const ClienteleAsked *asked, const ClienteleOffered *promotion, ClienteleDecimal *spent)
{
	return promotion->bound->promotion->measure != NULL &&
		clientele_audience_spent(asked->audience, promotion, spent) ? spent : NULL;
}

/* ---------- claiming ---------- */

static void
decide_state(const ClienteleOffered *promotion, ClienteleReasons *reasons)
{
	const char *name = NameStr(promotion->name);

	if (promotion->state == CLIENTELE_PAUSED)
		clientele_reasons_add(reasons, CLIENTELE_ERRCODE_NOT_ELIGIBLE, CLIENTELE_REASON_PAUSED, psprintf("%s is paused", name));
	else if (promotion->state == CLIENTELE_ENDED)
		clientele_reasons_add(reasons, CLIENTELE_ERRCODE_NOT_ELIGIBLE, CLIENTELE_REASON_ENDED, psprintf("%s has ended", name));
}

static void
decide_customer(const ClienteleAsked *asked, const ClienteleOffered *promotion, ClienteleReasons *reasons)
{
	const char **unmet;
	int			nunmet;

	if (promotion->bound->promotion->personal && clientele_audience_refused(asked->audience))
		clientele_reasons_add(reasons, CLIENTELE_ERRCODE_NOT_ELIGIBLE, CLIENTELE_REASON_REFUSED, "the customer does not want automated decisions");
	if (clientele_audience_held_out(asked->audience, promotion))
		clientele_reasons_add(reasons, CLIENTELE_ERRCODE_NOT_ELIGIBLE, CLIENTELE_REASON_HELD_OUT, "left out by chance, to measure what the promotion brings");
	if (clientele_audience_meets(asked->audience, promotion, &nunmet, &unmet))
		return;
	for (int i = 0; i < nunmet; i++)
		clientele_reasons_add(reasons, CLIENTELE_ERRCODE_NOT_ELIGIBLE, CLIENTELE_REASON_AUDIENCE, unmet[i]);
}

static void
decide_branch_stock(const ClienteleBill *bill, const ClientelePromotion *promotion, ClienteleReasons *reasons)
{
	if (bill->branch == NULL && promotion->stock.per_branch != CLIENTELE_NO_LIMIT)
		clientele_reasons_add(reasons, CLIENTELE_ERRCODE_NOT_ELIGIBLE, CLIENTELE_REASON_BRANCH_STOCK,
							  "each branch has its own stock, but the bill does not say its branch");
}

/* All that is asked but limits. */
void
clientele_decide_offer(const ClienteleAsked *asked, const ClienteleOffered *promotion, ClienteleReasons *reasons,
					   ClienteleBenefit *benefit)
{
	const ClientelePromotion *definition = promotion->bound->promotion;
	ClienteleDecimal spent;

	decide_state(promotion, reasons);
	decide_customer(asked, promotion, reasons);
	if (asked->bill != NULL)
	{
		clientele_promotion_benefit(promotion->bound, asked->bill, asked->moment, find_spent(asked, promotion, &spent), benefit);
		clientele_bill_claims_decide(&asked->bill_claims, asked->bill, promotion, reasons, benefit);
	}
	else
	{
		memset(benefit, 0, sizeof(ClienteleBenefit));
		benefit->reasons = clientele_promotion_outside(definition, asked->moment);
	}
	if (benefit->reasons != 0)
		clientele_reasons_add_benefit(reasons, definition, benefit);
	if (asked->bill != NULL)
		decide_branch_stock(asked->bill, definition, reasons);
}

void
clientele_decide_claim(const ClienteleAsked *asked, const ClienteleOffered *promotion, ClienteleReasons *reasons,
					   ClienteleBenefit *benefit)
{
	int			of_customer;
	int			of_period;

	clientele_decide_offer(asked, promotion, reasons, benefit);
	clientele_asked_check_customer(asked);
	clientele_stock_left_of_limits(asked->claims, &asked->request->population, asked->key, promotion, asked->moment.day,
								   asked->request->now, &of_customer, &of_period);
	clientele_reasons_add_limits(reasons, promotion, of_customer, of_period);
}

/* ---------- the limits that are shared ---------- */

/* Whether the money that is left does not pay for it; or, of what is not worth anything yet, whether there is none. */
static bool
is_too_dear(const ClienteleAsked *asked, const ClienteleBenefit *benefit, const ClienteleStockLeft *left)
{
	bool		has_value = asked->bill != NULL && benefit->reasons == 0;

	if (!left->has_budget)
		return false;
	return has_value ? clientele_decimal_compare(benefit->value, left->budget) > 0 : clientele_decimal_sign(left->budget) <= 0;
}

uint32
clientele_decide_lack(const ClienteleAsked *asked, const ClienteleBenefit *benefit, const ClienteleStockLeft *left)
{
	return (left->total <= 0 ? CLIENTELE_LACK_TOTAL : 0) | (left->branch <= 0 ? CLIENTELE_LACK_BRANCH : 0) |
		(left->day <= 0 ? CLIENTELE_LACK_DAY : 0) | (is_too_dear(asked, benefit, left) ? CLIENTELE_LACK_BUDGET : 0);
}

void
clientele_decide_untaken(const ClienteleAsked *asked, const ClienteleOffered *promotion, uint32 limits,
						 const ClienteleBenefit *benefit, ClienteleReasons *reasons)
{
	const char *branch = asked->bill && asked->bill->branch ? text_to_cstring(asked->bill->branch) : NULL;
	Snapshot	snapshot;
	ClienteleStockLeft left;

	if (reasons->words == NIL && (asked->bill != NULL || !promotion->bound->promotion->has_budget))
		return;
	snapshot = RegisterSnapshot(GetLatestSnapshot());
	clientele_stock_left(&asked->request->population, 1, &promotion, branch, &asked->moment.day, asked->request->now, snapshot, &left);
	UnregisterSnapshot(snapshot);
	clientele_reasons_add_lack(reasons, clientele_decide_lack(asked, benefit, &left) & limits, NameStr(promotion->name));
}

/* ---------- redeeming ---------- */

void
clientele_decide_redeem(const ClienteleAsked *asked, const ClienteleOffered *promotion, bool look_at_term,
						ClienteleReasons *reasons, ClienteleBenefit *benefit)
{
	const ClientelePromotion *definition = promotion->bound->promotion;
	uint32		outside = look_at_term ? 0 : clientele_promotion_outside(definition, asked->moment);
	ClienteleDecimal spent;

	clientele_promotion_benefit(promotion->bound, asked->bill, asked->moment, find_spent(asked, promotion, &spent), benefit);
	if (outside != 0 && (benefit->reasons & ~outside) == 0)
	{
		clientele_promotion_benefit_anytime(promotion->bound, asked->bill, find_spent(asked, promotion, &spent), benefit);
		outside = 0;
	}
	benefit->reasons &= ~outside;
	clientele_bill_claims_decide(&asked->bill_claims, asked->bill, promotion, reasons, benefit);
	clientele_reasons_add_benefit(reasons, definition, benefit);
	decide_branch_stock(asked->bill, definition, reasons);
}

/* ---------- evidence ---------- */

Jsonb *
clientele_decide_evidence(const ClienteleAsked *asked, const ClienteleOffered *promotion)
{
	const ClientelePromotion *definition = promotion->bound->promotion;

	if (definition->audience == NULL && definition->measure == NULL)
		return NULL;
	return clientele_audience_evidence(asked->audience, promotion);
}
