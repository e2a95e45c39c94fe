/*
 * claim_reasons.c
 *		Every reason why a customer may not have a promotion, as the application reads it: a word and a sentence.
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "claim/claim.h"
#include "compat.h"
#include "stock/stock.h"

void
clientele_reasons_add(ClienteleReasons *reasons, int errcode, ClienteleReason reason, const char *sentence)
{
	if (reasons->words == NIL)
		reasons->errcode = errcode;
	reasons->words = lappend(reasons->words, unconstify(char *, clientele_reason_words[reason]));
	reasons->sentences = lappend(reasons->sentences, unconstify(char *, sentence));
}

static void
add_shared_limit(ClienteleReasons *reasons, uint32 lack, ClienteleStockLack limit, ClienteleReason reason, const char *sentence)
{
	if (lack & limit)
		clientele_reasons_add(reasons, CLIENTELE_ERRCODE_SOLD_OUT, reason, sentence);
}

void
clientele_reasons_add_lack(ClienteleReasons *reasons, uint32 lack, const char *promotion)
{
	if (lack == 0)
		return;
	add_shared_limit(reasons, lack, CLIENTELE_LACK_TOTAL, CLIENTELE_REASON_SOLD_OUT, psprintf("%s is sold out", promotion));
	add_shared_limit(reasons, lack, CLIENTELE_LACK_BRANCH, CLIENTELE_REASON_BRANCH_STOCK, psprintf("%s is sold out in this branch", promotion));
	add_shared_limit(reasons, lack, CLIENTELE_LACK_DAY, CLIENTELE_REASON_DAY_STOCK, psprintf("%s is sold out today", promotion));
	add_shared_limit(reasons, lack, CLIENTELE_LACK_BUDGET, CLIENTELE_REASON_BUDGET, psprintf("the budget of %s is used up", promotion));
}

void
clientele_reasons_add_benefit(ClienteleReasons *reasons, const ClientelePromotion *promotion, const ClienteleBenefit *benefit)
{
	ClienteleReason *why = palloc(mul_size(CLIENTELE_REASONS_OF_BILL + benefit->nunmet, sizeof(ClienteleReason)));
	char	  **sentences = palloc(mul_size(CLIENTELE_REASONS_OF_BILL + benefit->nunmet, sizeof(char *)));
	int			count = clientele_benefit_reasons(promotion, benefit, why, sentences);

	for (int i = 0; i < count; i++)
		clientele_reasons_add(reasons, CLIENTELE_ERRCODE_NOT_ELIGIBLE, why[i], sentences[i]);
}

void
clientele_reasons_add_limits(ClienteleReasons *reasons, const ClienteleOffered *promotion, int of_customer, int of_period)
{
	const ClientelePromotionStock *limits = &promotion->bound->promotion->stock;

	if (of_customer == 0)
		clientele_reasons_add(reasons, CLIENTELE_ERRCODE_SOLD_OUT, CLIENTELE_REASON_CUSTOMER_LIMIT,
							  psprintf("the customer has had it %d time%s already", limits->per_customer, limits->per_customer == 1 ? "" : "s"));
	if (of_period == 0)
		clientele_reasons_add(reasons, CLIENTELE_ERRCODE_SOLD_OUT, CLIENTELE_REASON_PERIOD_LIMIT,
							  psprintf("the customer has had it %d time%s this %s already", limits->per_period,
									   limits->per_period == 1 ? "" : "s", clientele_limit_periods[limits->period - CLIENTELE_DAYS]));
}
