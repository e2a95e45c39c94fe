/*
 * claim_give_back.c
 *		give_back(): what is held is released, what was redeemed is refunded, whole or in part.
 *
 * All is reckoned in totals since the redemption, and what is answered is the difference to what was
 * answered before: so nothing is lost or gained by rounding, and what an earlier refund could not cover,
 * a later one does.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"

#include "base/jsonb_object.h"
#include "base/result_row.h"
#include "claim/claim.h"
#include "stock/stock.h"

PG_FUNCTION_INFO_V1(clientele_give_back);

/* What is given back. */
typedef struct Wish
{
	bool		has_amount;
	ClienteleDecimal amount;
	const char *reason;
	Jsonb	   *kept;
} Wish;

/* What is taken back by one step, or by all so far. */
typedef struct Sums
{
	ClienteleDecimal taken_back;
	ClienteleDecimal from_balance;
	ClienteleDecimal from_refund;
	ClienteleDecimal uncovered;
} Sums;

typedef struct Answer
{
	int64		claim_id;
	const char *state;
	const char *rule;
	ClienteleDecimal refunded_total;
	Sums		step;
} Answer;

/* ---------- kept ---------- */

static Jsonb *
answer_to_json(const Answer *answer, const Wish *wish)
{
	ClienteleJsonbObject object;

	clientele_jsonb_begin(&object);
	clientele_jsonb_put_text(&object, "state", answer->state);
	clientele_jsonb_put_text(&object, "rule", answer->rule);
	/* as it was asked: what is released has no amount */
	if (wish->has_amount)
		clientele_jsonb_put_number(&object, "asked", wish->amount);
	clientele_jsonb_put_number(&object, "refunded_total", answer->refunded_total);
	clientele_jsonb_put_number(&object, "taken_back", answer->step.taken_back);
	clientele_jsonb_put_number(&object, "from_balance", answer->step.from_balance);
	clientele_jsonb_put_number(&object, "from_refund", answer->step.from_refund);
	clientele_jsonb_put_number(&object, "uncovered", answer->step.uncovered);
	return clientele_jsonb_end(&object);
}

static void
answer_of_step(Answer *answer, const ClienteleOwnRow *step)
{
	Jsonb	   *document = clientele_claim_json(step, STEP_ANSWER);

	answer->claim_id = DatumGetInt64(step->values[STEP_CLAIM]);
	answer->state = clientele_jsonb_text(document, "state");
	answer->rule = clientele_jsonb_text(document, "rule");
	answer->refunded_total = clientele_jsonb_number(document, "refunded_total");
	answer->step.taken_back = clientele_jsonb_number(document, "taken_back");
	answer->step.from_balance = clientele_jsonb_number(document, "from_balance");
	answer->step.from_refund = clientele_jsonb_number(document, "from_refund");
	answer->step.uncovered = clientele_jsonb_number(document, "uncovered");
}

static void
compare_wish(const ClienteleRequest *request, const Wish *wish, const ClienteleOwnRow *step)
{
	const char *reason = clientele_claim_text(step, STEP_REASON);
	Jsonb	   *answer = clientele_claim_json(step, STEP_ANSWER);

	clientele_request_compare_bill(request, step, wish->kept);
	if (wish->has_amount != clientele_jsonb_has(answer, "asked") ||
		(wish->has_amount && clientele_decimal_compare(wish->amount, clientele_jsonb_number(answer, "asked")) != 0))
		clientele_request_refuse_other(request, "its amount was another");
	if ((reason == NULL) != (wish->reason == NULL) || (reason != NULL && strcmp(reason, wish->reason) != 0))
		clientele_request_refuse_other(request, "its reason was another");
}

/* ---------- what has been told before ---------- */

/* What earlier refunds have taken back, and what the metric said when it was redeemed; false: nothing is known of it. */
static bool
read_steps(int64 claim_id, Sums *before, ClienteleDecimal *spent)
{
	ClienteleOwnTable *steps = clientele_own_open("claim_step");
	ScanKeyData key;
	ClienteleOwnRow step;
	bool		has_spent = false;

	before->taken_back = before->from_balance = before->from_refund = before->uncovered = CLIENTELE_ZERO;
	clientele_own_key_equal(&key, 1, INT8OID, Int64GetDatum(claim_id));
	clientele_own_find(steps, "claim_step_of_claim", 1, &key);
	while (clientele_own_next(steps, &step))
	{
		Jsonb	   *evidence = clientele_claim_json(&step, STEP_EVIDENCE);
		Answer		answer;

		if (evidence != NULL && clientele_jsonb_has(evidence, "spent"))
		{
			*spent = clientele_jsonb_number(evidence, "spent");
			has_spent = true;
		}
		if (strcmp(clientele_claim_text(&step, STEP_STEP), "give back") != 0)
			continue;
		answer_of_step(&answer, &step);
		before->taken_back = clientele_money_add(before->taken_back, answer.step.taken_back);
		before->from_balance = clientele_money_add(before->from_balance, answer.step.from_balance);
		before->from_refund = clientele_money_add(before->from_refund, answer.step.from_refund);
		before->uncovered = clientele_money_add(before->uncovered, answer.step.uncovered);
	}
	clientele_own_close(steps);
	return has_spent;
}

/* ---------- refunding ---------- */

static ClienteleDecimal
refunded_in_all(const ClienteleOwnRow *claim, const ClienteleBill *bill, const ClienteleBill *kept, const Wish *wish)
{
	ClienteleDecimal before = clientele_claim_number(claim, CLAIM_REFUNDED);
	ClienteleDecimal total = wish->has_amount ? clientele_money_add(before, wish->amount) :
		kept != NULL ? clientele_money_subtract(bill->amount, kept->amount) : bill->amount;

	if (clientele_decimal_compare(total, bill->amount) > 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s cannot be refunded: of the bill of %s, %s has been refunded already",
						clientele_decimal_to_string(wish->amount), clientele_decimal_to_string(bill->amount),
						clientele_decimal_to_string(before))));
	if (clientele_decimal_compare(total, before) < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s of the bill of %s are kept, but %s has been refunded already",
						clientele_decimal_to_string(kept->amount), clientele_decimal_to_string(bill->amount),
						clientele_decimal_to_string(before)),
				 errhint("kept is what is left after all refunds.")));
	return total;
}

/*
 * What all refunds together take back.  Not less than before: what a smaller bill would give more is
 * nothing that a refund gives.
 */
static void
take_back_in_all(const ClienteleBoundPromotion *bound, const ClienteleOwnRow *claim, const ClienteleBill *bill,
				 const ClienteleBill *kept, ClienteleDecimal refunded, const ClienteleDecimal *spent, const Sums *before,
				 Sums *total)
{
	const ClientelePromotionBenefit *benefit = &bound->promotion->benefit;
	ClienteleDecimal given = clientele_claim_number(claim, CLAIM_GIVEN);
	ClienteleDecimal used = given;
	ClienteleRefund refund;

	if (!clientele_reduces_bill(benefit->kind))
		used = clientele_money_subtract(clientele_money_subtract(given, before->from_balance), clientele_given_left(claim, benefit));
	clientele_promotion_refund(bound, bill, given, &refunded, kept, used, spent, &refund);
	if (clientele_decimal_compare(refund.taken_back, before->taken_back) < 0)
	{
		*total = *before;
		return;
	}
	total->taken_back = refund.taken_back;
	total->from_balance = refund.from_balance;
	total->from_refund = refund.from_refund;
	total->uncovered = refund.uncovered;
}

static void
subtract(const Sums *total, const Sums *before, Sums *step)
{
	step->taken_back = clientele_money_subtract(total->taken_back, before->taken_back);
	step->from_balance = clientele_money_subtract(total->from_balance, before->from_balance);
	step->from_refund = clientele_money_subtract(total->from_refund, before->from_refund);
	step->uncovered = clientele_money_subtract(total->uncovered, before->uncovered);
}

/* The part of the benefit's worth in money that stands for so much of what was given. */
static ClienteleDecimal
value_of(const ClientelePromotionBenefit *benefit, ClienteleDecimal given)
{
	if (clientele_gives_money(benefit->kind))
		return given;
	return benefit->kind == CLIENTELE_GIFT ? clientele_money_multiply(given, benefit->amount) : CLIENTELE_ZERO;
}

static void
refund(const ClienteleRequest *request, ClienteleOwnTable *claims, ClienteleOwnRow *claim, const Wish *wish, Answer *answer,
	   ClienteleDecimal *amount)
{
	const ClienteleBoundPromotion *bound = clientele_offered_version(DatumGetInt32(claim->values[CLAIM_PROMOTION]),
																	 DatumGetInt32(claim->values[CLAIM_VERSION]));
	const ClientelePromotionBenefit *benefit = &bound->promotion->benefit;
	const ClienteleBill *bill = clientele_bill_read(clientele_claim_json(claim, CLAIM_BILL));
	const ClienteleBill *kept = wish->kept ? clientele_bill_read(wish->kept) : NULL;
	ClienteleDecimal refunded = refunded_in_all(claim, bill, kept, wish);
	bool		whole = clientele_decimal_compare(refunded, bill->amount) == 0;
	ClienteleDecimal spent;
	bool		has_spent;
	Sums		before;
	Sums		total;
	ClienteleDecimal value_back;

	has_spent = read_steps(answer->claim_id, &before, &spent);
	take_back_in_all(bound, claim, bill, kept, refunded, has_spent ? &spent : NULL, &before, &total);
	subtract(&total, &before, &answer->step);
	*amount = clientele_money_subtract(refunded, clientele_claim_number(claim, CLAIM_REFUNDED));

	/* whole: all of its value that has not come back yet */
	value_back = value_of(benefit, answer->step.taken_back);
	if (whole)
		value_back = clientele_money_subtract(clientele_claim_number(claim, CLAIM_VALUE), value_of(benefit, before.taken_back));
	answer->refunded_total = refunded;
	answer->rule = clientele_refund_rules[bound->promotion->after_refund];
	clientele_claim_set_number(claim, CLAIM_REFUNDED, refunded);
	clientele_claim_set_number(claim, CLAIM_TAKEN_BACK, total.taken_back);
	if (whole)
		clientele_claim_set_text(claim, CLAIM_STATE, "returned");
	clientele_own_update(claims, claim);
	/* its own stock first, as it is taken */
	clientele_claim_give_back_stock(&request->population, claim, whole ? 1 : 0, value_back);
	clientele_give_take_back(request, claim, benefit, answer->step.from_balance);
}

/* ---------- releasing ---------- */

/* What has expired is over already; whoever gives it back need not know. */
static void
release(const ClienteleRequest *request, ClienteleOwnTable *claims, ClienteleOwnRow *claim)
{
	if (clientele_claim_is(claim, "expired"))
		return;
	clientele_claim_set_text(claim, CLAIM_STATE, clientele_claim_is_held(claim, request->now) ? "released" : "expired");
	clientele_own_update(claims, claim);
	clientele_claim_give_back_stock(&request->population, claim, 1, clientele_claim_number(claim, CLAIM_VALUE));
}

/* ---------- the function ---------- */

static void
give_back(const ClienteleRequest *request, ClienteleOwnRow *claim, const Wish *wish, Answer *answer)
{
	ClienteleOwnTable *claims = clientele_own_open("claim");
	ClienteleDecimal amount = CLIENTELE_ZERO;
	ClienteleStep step = {.step = "give back",.amount = &amount,.reason = wish->reason,.bill = wish->kept};

	clientele_claim_lock_all(request, claims, claim);
	memset(answer, 0, sizeof(Answer));
	answer->claim_id = DatumGetInt64(claim->values[CLAIM_ID]);
	answer->rule = "none";
	clientele_stock_share(&request->population, DatumGetInt32(claim->values[CLAIM_PROMOTION]));
	if (clientele_claim_is(claim, "held") || clientele_claim_is(claim, "expired"))
		release(request, claims, claim);
	else if (clientele_claim_is(claim, "redeemed"))
		refund(request, claims, claim, wish, answer, &amount);
	else
		ereport(ERROR,
				(errcode(CLIENTELE_ERRCODE_CLAIM_OVER),
				 errmsg("claim %lld has been %s already", (long long) answer->claim_id, clientele_claim_text(claim, CLAIM_STATE)),
				 errhint("A request that is repeated has the same number, and is answered as it was.")));
	answer->state = clientele_claim_text(claim, CLAIM_STATE);
	clientele_own_close(claims);
	step.claim_id = answer->claim_id;
	step.answer = answer_to_json(answer, wish);
	clientele_step_write(request, &step);
}

static Datum
answer_row(FunctionCallInfo fcinfo, const Answer *answer)
{
	ClienteleResultRow row;

	clientele_result_clear(&row);
	clientele_result_set(&row, 0, Int64GetDatum(answer->claim_id));
	clientele_result_set_text(&row, 1, answer->state);
	clientele_result_set_text(&row, 2, answer->rule);
	clientele_result_set_number(&row, 3, &answer->refunded_total);
	clientele_result_set_number(&row, 4, &answer->step.taken_back);
	clientele_result_set_number(&row, 5, &answer->step.from_balance);
	clientele_result_set_number(&row, 6, &answer->step.from_refund);
	clientele_result_set_number(&row, 7, &answer->step.uncovered);
	return clientele_row_of_call(fcinfo, row.values, row.nulls);
}

/* caller, claim_id, request_id, amount, reason, kept */
Datum
clientele_give_back(PG_FUNCTION_ARGS)
{
	ClienteleRequest request;
	ClienteleOwnRow claim;
	ClienteleOwnRow step;
	Answer		answer;
	Wish		wish = {.has_amount = !PG_ARGISNULL(3),.reason = PG_ARGISNULL(4) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(4)),
		.kept = PG_ARGISNULL(5) ? NULL : PG_GETARG_JSONB_P(5)};
	int64		claim_id = clientele_claim_argument(fcinfo, 1);

	if (wish.has_amount && (!clientele_decimal_from_datum(PG_GETARG_DATUM(3), &wish.amount) || clientele_decimal_sign(wish.amount) <= 0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s cannot be given back", DatumGetCString(DirectFunctionCall1(numeric_out, PG_GETARG_DATUM(3)))),
				 errhint("Give the money of the bill that is refunded now, or NULL for all of it.")));
	clientele_request_begin_with_claim(&request, PG_GETARG_OID(0), claim_id,
									   clientele_text_argument(fcinfo, 2, "request_id"), &claim);
	if (clientele_request_answered(&request, &step))
	{
		clientele_request_compare_verb(&request, &step, "give back");
		clientele_request_compare_claim(&request, &step, claim_id);
		compare_wish(&request, &wish, &step);
		answer_of_step(&answer, &step);
	}
	else
		give_back(&request, &claim, &wish, &answer);
	clientele_request_end(&request);
	return answer_row(fcinfo, &answer);
}
