/*
 * claim_decide.c
 *		Whether a customer may have a promotion: all that is asked before it is taken, with
 *		every reason why not.
 */
#include "postgres.h"

#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "claim.h"
#include "fresh.h"
#include "offer.h"
#include "stock.h"

/* ---------- reasons ---------- */

void
clientele_reasons_add(ClienteleReasons *reasons, int errcode, const char *word, const char *sentence)
{
	if (reasons->words == NIL)
		reasons->errcode = errcode;
	reasons->words = lappend(reasons->words, unconstify(char *, word));
	reasons->sentences = lappend(reasons->sentences, unconstify(char *, sentence));
}

/* What the bill says, and who the customer is, before what is left. */
static void
add_all(ClienteleReasons *reasons, const ClienteleOfferAnswer *answer)
{
	bool		eligible = answer->benefit.reasons == 0 && (answer->refusals & ((1u << CLIENTELE_REFUSED_TOTAL) - 1)) == 0;
	const char **words;
	char	  **sentences;
	int			count = clientele_offer_reasons(answer, &words, &sentences);

	for (int i = 0; i < count; i++)
		clientele_reasons_add(reasons, eligible ? CLIENTELE_ERRCODE_SOLD_OUT : CLIENTELE_ERRCODE_NOT_ELIGIBLE,
							  words[i], sentences[i]);
}

static const ClienteleStockLeft unlimited = {CLIENTELE_NO_LIMIT, CLIENTELE_NO_LIMIT, CLIENTELE_NO_LIMIT, false, {{0}, 0}};

void
clientele_reasons_add_lack(ClienteleReasons *reasons, uint32 lack, const ClienteleOffered *promotion,
						   const ClienteleBenefit *benefit)
{
	ClienteleOfferAnswer answer = {.offered = promotion,.benefit = *benefit};
	ClienteleStockLeft left = unlimited;

	if (lack & CLIENTELE_LACK_TOTAL)
		left.total = 0;
	if (lack & CLIENTELE_LACK_BRANCH)
		left.branch = 0;
	if (lack & CLIENTELE_LACK_DAY)
		left.day = 0;
	left.has_budget = (lack & CLIENTELE_LACK_BUDGET) != 0;
	clientele_offer_limit(&answer, &left, CLIENTELE_NO_LIMIT, CLIENTELE_NO_LIMIT);
	add_all(reasons, &answer);
}

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
	if (!clientele_audience_exists(asked->audience))
		ereport(ERROR,
				(errcode(ERRCODE_NO_DATA_FOUND),
				 errmsg("population \"%s\" has no customer %s", NameStr(request->population.name), key_text)));
}

void
clientele_asked_end(ClienteleAsked *asked)
{
	clientele_audience_end(asked->audience);
	UnregisterSnapshot(asked->snapshot);
}

/* ---------- claiming ---------- */

void
clientele_decide_claim(const ClienteleAsked *asked, const ClienteleOffered *promotion, ClienteleReasons *reasons,
					   ClienteleBenefit *benefit)
{
	ClienteleOfferAnswer answer;
	int			of_customer;
	int			of_period;

	clientele_offer_examine(asked->audience, promotion, asked->bill, asked->moment, &answer);
	clientele_stock_left_of_limits(&asked->request->population, asked->key, promotion, asked->moment.day,
								   asked->request->now, asked->snapshot, &of_customer, &of_period);
	clientele_offer_limit(&answer, &unlimited, of_customer, of_period);
	add_all(reasons, &answer);
	*benefit = answer.benefit;
}

/* ---------- redeeming ---------- */

/* The customer was meant when he claimed it: only the bill is looked at. */
void
clientele_decide_redeem(const ClienteleAsked *asked, const ClienteleOffered *promotion, bool look_at_term,
						ClienteleReasons *reasons, ClienteleBenefit *benefit)
{
	const ClientelePromotion *definition = promotion->bound->promotion;
	ClienteleOfferAnswer answer = {.offered = promotion,.remaining = CLIENTELE_NO_LIMIT};
	ClienteleDecimal spent;
	const ClienteleDecimal *known = definition->measure != NULL &&
		clientele_audience_spent(asked->audience, promotion, &spent) ? &spent : NULL;
	uint32		outside = look_at_term ? 0 : clientele_promotion_outside(definition, asked->moment);

	clientele_promotion_benefit(promotion->bound, asked->bill, asked->moment, known, &answer.benefit);
	if (outside != 0 && (answer.benefit.reasons & ~outside) == 0)
		clientele_promotion_benefit_anytime(promotion->bound, asked->bill, known, &answer.benefit);
	else
		answer.benefit.reasons &= ~outside;
	if (asked->bill->branch == NULL && definition->stock.per_branch != CLIENTELE_NO_LIMIT)
		answer.refusals |= 1u << CLIENTELE_REFUSED_NO_BRANCH;
	add_all(reasons, &answer);
	*benefit = answer.benefit;
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
