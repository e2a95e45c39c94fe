/*
 * promotion_refund.c
 *		What of a benefit is taken back when its bill is refunded.
 *
 * All numbers are totals: of several refunds, the second takes back what is taken back
 * after both, less what the first took.  So nothing is lost or gained by rounding, and
 * after the last one all is back.
 */
#include "postgres.h"

#include "promotion/promotion.h"

static void
refuse(const char *message, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("%s", message),
			 errhint("%s", hint)));
}

static ClienteleDecimal
refunded_money(const ClienteleBill *bill, const ClienteleDecimal *refunded, const ClienteleBill *kept)
{
	ClienteleDecimal result;

	if (refunded == NULL && kept == NULL)
		refuse("how much is refunded is not given", "Give the money as refunded, or what is left of the bill as kept.");
	result = refunded ? *refunded : clientele_money_subtract(bill->amount, kept->amount);
	if (clientele_decimal_sign(result) < 0 || clientele_decimal_compare(result, bill->amount) > 0)
		refuse(psprintf("%s cannot be refunded of a bill of %s", clientele_decimal_to_string(result),
						clientele_decimal_to_string(bill->amount)),
			   "Give all that has been refunded of this bill so far, this refund included.");
	if (kept != NULL && clientele_decimal_compare(clientele_money_subtract(bill->amount, kept->amount), result) != 0)
		refuse(psprintf("%s is refunded of a bill of %s, but %s is kept", clientele_decimal_to_string(result),
						clientele_decimal_to_string(bill->amount), clientele_decimal_to_string(kept->amount)),
			   "Give one of the two.");
	return result;
}

/* What it would have given on what is left. */
static ClienteleDecimal
given_on_kept(const ClienteleBoundPromotion *bound, const ClienteleBill *bill, ClienteleDecimal refunded,
			  const ClienteleBill *kept, const ClienteleDecimal *spent)
{
	ClienteleBill rest = *bill;
	ClienteleBenefit benefit;
	ClienteleDecimal spent_left;

	if (kept == NULL && clientele_promotion_sees_lines(bound))
		refuse("which lines are refunded is not known, but the promotion looks at lines",
			   "Give what is left of the bill as kept.");
	if (bound->promotion->measure != NULL && spent == NULL)
		refuse(psprintf("what the metric %s said is not given", bound->promotion->measure),
			   "Give as spent what it said with the whole bill.");
	rest.amount = clientele_money_subtract(bill->amount, refunded);
	if (spent != NULL)
		spent_left = clientele_money_subtract(*spent, refunded);
	clientele_promotion_benefit_anytime(bound, kept ? kept : &rest, spent ? &spent_left : NULL, &benefit);
	return benefit.given;
}

static ClienteleDecimal
taken_back(const ClienteleBoundPromotion *bound, const ClienteleBill *bill, ClienteleDecimal given,
		   ClienteleDecimal refunded, const ClienteleBill *kept, const ClienteleDecimal *spent)
{
	const ClientelePromotion *promotion = bound->promotion;
	ClienteleRounding rounding = promotion->rounding;

	if (promotion->after_refund == CLIENTELE_KEEP)
		return CLIENTELE_ZERO;
	/* also of a bill of 0, such as that of a gift for a birthday */
	if (clientele_decimal_compare(refunded, bill->amount) == 0)
		return given;
	if (clientele_decimal_sign(refunded) == 0)
		return CLIENTELE_ZERO;
	if (promotion->after_refund == CLIENTELE_RECOMPUTE)
		return clientele_money_greatest(clientele_money_subtract(given, given_on_kept(bound, bill, refunded, kept, spent)),
										CLIENTELE_ZERO);
	if (!clientele_gives_money(promotion->benefit.kind))
		rounding.decimals = 0;
	return clientele_money_least(clientele_money_share(given, refunded, bill->amount, rounding), given);
}

void
clientele_promotion_refund(const ClienteleBoundPromotion *bound, const ClienteleBill *bill, ClienteleDecimal given,
						   const ClienteleDecimal *refunded, const ClienteleBill *kept, ClienteleDecimal used,
						   const ClienteleDecimal *spent, ClienteleRefund *refund)
{
	ClienteleBenefitKind kind = bound->promotion->benefit.kind;
	ClienteleDecimal rest;

	if (clientele_decimal_sign(given) < 0)
		refuse("what was given is below 0", "Give the benefit in its own unit: money, points or pieces.");
	if (clientele_decimal_sign(used) < 0 || clientele_decimal_compare(used, given) > 0)
		refuse(psprintf("%s of %s given cannot be used", clientele_decimal_to_string(used),
						clientele_decimal_to_string(given)),
			   "Give what has been used so far of this benefit.");
	refund->refunded = refunded_money(bill, refunded, kept);
	refund->taken_back = taken_back(bound, bill, given, refund->refunded, kept, spent);

	/* what reduced the bill was used there */
	refund->from_balance = clientele_reduces_bill(kind) ? CLIENTELE_ZERO :
		clientele_money_least(refund->taken_back, clientele_money_subtract(given, used));
	rest = clientele_money_subtract(refund->taken_back, refund->from_balance);
	refund->from_refund = clientele_gives_money(kind) ? clientele_money_least(rest, refund->refunded) : CLIENTELE_ZERO;
	refund->uncovered = clientele_money_subtract(rest, refund->from_refund);
}
