/*
 * claim_give.c
 *		What a claim gives when it is redeemed, beside reducing the bill: stored value, points and
 *		gifts go to the ledger; coupons are claims by themselves.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

#include "base/local_time.h"
#include "claim/claim.h"
#include "ledger/ledger.h"
#include "stock/stock.h"

static int
whole_number(ClienteleDecimal number)
{
	return DatumGetInt32(DirectFunctionCall1(numeric_int4, NumericGetDatum(clientele_decimal_to_numeric(number))));
}

/* ---------- the ledger ---------- */

static bool
has_account(const ClientelePromotionBenefit *benefit)
{
	return benefit->kind == CLIENTELE_STORED_VALUE || benefit->kind == CLIENTELE_POINTS || benefit->kind == CLIENTELE_GIFT;
}

static DateADT
today(const ClienteleRequest *request, pg_tz **zone)
{
	*zone = clientele_branch_zone(&request->population, NULL);
	return clientele_local_date(request->now, *zone);
}

/* The end of the last of so many days after that one; 0 = never. */
static TimestampTz
end_of_days(int valid_days, DateADT day, pg_tz *zone)
{
	return valid_days == 0 ? DT_NOEND : clientele_instant((Timestamp) (day + valid_days + 1) * USECS_PER_DAY, zone);
}

/* Nothing that was written by hand has its number: whoever repeats that is answered by all entries that have it. */
static void
check_request(const ClienteleRequest *request)
{
	ClienteleLedgerRequest written;

	if (request->id != NULL && clientele_ledger_find_request(request->population.id, request->id, &written))
		clientele_request_refuse_other(request, psprintf("it was a %s in the ledger", written.verb));
}

static ClienteleLedgerEntry
entry_of(const ClienteleRequest *request, const ClienteleOwnRow *claim, const ClientelePromotionBenefit *benefit,
		 ClienteleDecimal amount)
{
	pg_tz	   *zone;
	DateADT		day = today(request, &zone);
	ClienteleLedgerEntry entry = {
		.population_id = request->population.id,
		.key = clientele_claim_text(claim, CLAIM_KEY),
		.account = benefit->kind == CLIENTELE_GIFT ? "gift" : clientele_benefit_kinds[benefit->kind],
		.item = benefit->kind == CLIENTELE_GIFT ? benefit->item : "",
		.amount = amount,
		.valid_until = end_of_days(benefit->valid_days, day, zone),
		.claim_id = DatumGetInt64(claim->values[CLAIM_ID]),
		.request_id = request->id,
		.at = request->now,
		.actor = request->caller,
	};

	return entry;
}

/* ---------- coupons ---------- */

static const ClienteleOffered *
coupon_promotion(const ClienteleRequest *request, const ClientelePromotionBenefit *benefit)
{
	const ClienteleOffered *promotion = clientele_offered_find(&request->population, benefit->coupon);

	clientele_stock_share(&request->population, promotion->id);
	return clientele_offered_find(&request->population, benefit->coupon);
}

void
clientele_give_reserve(const ClienteleRequest *request, const ClientelePromotionBenefit *benefit, ClienteleDecimal given,
					   ClienteleReasons *reasons)
{
	const ClienteleOffered *coupon;
	pg_tz	   *zone;
	uint32		lack;

	if (benefit->kind != CLIENTELE_COUPON)
		return;
	coupon = coupon_promotion(request, benefit);
	if (coupon->state == CLIENTELE_ENDED)
	{
		clientele_reasons_add(reasons, CLIENTELE_ERRCODE_NOT_ELIGIBLE, CLIENTELE_REASON_ENDED, psprintf("%s has ended", benefit->coupon));
		return;
	}
	lack = clientele_stock_take(&request->population, coupon, NULL, today(request, &zone), whole_number(given),
								CLIENTELE_ZERO, request->now);
	if (lack != 0)
		clientele_reasons_add(reasons, CLIENTELE_ERRCODE_SOLD_OUT, CLIENTELE_REASON_SOLD_OUT,
							  psprintf("there are not enough coupons of %s left", benefit->coupon));
}

void
clientele_give_unreserve(const ClienteleRequest *request, const ClientelePromotionBenefit *benefit, ClienteleDecimal given)
{
	pg_tz	   *zone;

	if (benefit->kind == CLIENTELE_COUPON)
		clientele_stock_give_back(&request->population, coupon_promotion(request, benefit)->id, NULL, today(request, &zone),
								  whole_number(given), CLIENTELE_ZERO);
}

/* Until the end of the last of so many days, or of the term. */
static TimestampTz
coupon_term(const ClientelePromotion *coupon, int valid_days, DateADT day, pg_tz *zone)
{
	return Min(clientele_claim_term_end(coupon, zone), end_of_days(valid_days, day, zone));
}

static void
give_coupons(const ClienteleRequest *request, const ClienteleOwnRow *claim, const ClientelePromotionBenefit *benefit, int count)
{
	const ClienteleOffered *coupon = coupon_promotion(request, benefit);
	ClienteleOwnTable *claims = clientele_own_open("claim");
	ClienteleRequest part = *request;
	pg_tz	   *zone;
	DateADT		day = today(request, &zone);
	TimestampTz expires_at = coupon_term(coupon->bound->promotion, benefit->valid_days, day, zone);

	part.id = NULL;
	for (int i = 0; i < count; i++)
	{
		ClienteleOwnRow row;
		ClienteleClaimAnswer answer;
		ClienteleStep step = {.step = "claim"};
		bool		redeemed = false;

		clientele_claim_make(&row, request, clientele_claim_text(claim, CLAIM_KEY), coupon, day, expires_at);
		clientele_claim_set_text(&row, CLAIM_ORIGIN, "benefit");
		clientele_claim_set(&row, CLAIM_ORIGIN_ID, claim->values[CLAIM_ID]);
		clientele_own_insert(claims, &row);
		clientele_answer_of_claim(&answer, &row, coupon->bound->promotion);
		step.claim_id = answer.claim_id;
		step.redeemed = &redeemed;
		step.answer = clientele_answer_to_json(&answer);
		clientele_step_write(&part, &step);
	}
	clientele_own_close(claims);
}

/* The claims that a claim has given and that are in that state, ascending. */
static List *
given_claims(const ClienteleOwnRow *claim, const char *state)
{
	ClienteleOwnTable *claims = clientele_own_open("claim");
	List	   *numbers = NIL;
	ScanKeyData key;
	ClienteleOwnRow row;

	clientele_own_key_equal(&key, 1, INT8OID, claim->values[CLAIM_ID]);
	clientele_own_find(claims, "claim_by_origin", 1, &key);
	while (clientele_own_next(claims, &row))
	{
		int64	   *number;

		if (!clientele_claim_is(&row, state) || strcmp(clientele_claim_text(&row, CLAIM_ORIGIN), "benefit") != 0)
			continue;
		number = palloc(sizeof(int64));
		*number = DatumGetInt64(row.values[CLAIM_ID]);
		numbers = lappend(numbers, number);
	}
	clientele_own_close(claims);
	return numbers;
}

/* Whether it was in that state, and is not any more.  The stock of what has expired has come back before. */
static bool
release_coupon(const ClienteleRequest *request, ClienteleOwnTable *claims, int64 claim_id, const char *state)
{
	ClienteleRequest part = *request;
	ClienteleStep step = {.claim_id = claim_id,.step = "give back",.reason = "the bill that gave it was refunded"};
	bool		held = strcmp(state, "held") == 0;
	ClienteleOwnRow row;

	clientele_claim_lock(request->population.id, claim_id);
	if (!clientele_claim_get(claims, claim_id, &row) || !clientele_claim_is(&row, state))
		return false;
	clientele_claim_set_text(&row, CLAIM_STATE, "released");
	clientele_own_update(claims, &row);
	part.id = NULL;
	clientele_step_write(&part, &step);
	if (held)
	{
		clientele_stock_share(&request->population, DatumGetInt32(row.values[CLAIM_PROMOTION]));
		clientele_claim_give_back_stock(&request->population, &row, 1, clientele_claim_number(&row, CLAIM_VALUE));
	}
	return true;
}

static int
release_coupons(const ClienteleRequest *request, const ClienteleOwnRow *claim, const char *state, int most)
{
	ClienteleOwnTable *claims = clientele_own_open("claim");
	int			count = 0;
	ListCell   *cell;

	foreach(cell, given_claims(claim, state))
		if (count < most)
			count += release_coupon(request, claims, *(int64 *) lfirst(cell), state);
	clientele_own_close(claims);
	return count;
}

/* ---------- giving and taking back ---------- */

void
clientele_give(const ClienteleRequest *request, const ClienteleOwnRow *claim, const ClientelePromotionBenefit *benefit,
			   ClienteleDecimal given)
{
	ClienteleLedgerEntry entry = entry_of(request, claim, benefit, given);

	if (clientele_decimal_sign(given) <= 0)
		return;
	if (has_account(benefit))
	{
		check_request(request);
		SPI_connect();
		(void) clientele_ledger_give(&entry);
		SPI_finish();
	}
	else if (benefit->kind == CLIENTELE_COUPON)
		give_coupons(request, claim, benefit, whole_number(given));
}

ClienteleDecimal
clientele_given_left(const ClienteleOwnRow *claim, const ClientelePromotionBenefit *benefit)
{
	ClienteleDecimal left = CLIENTELE_ZERO;

	if (has_account(benefit))
	{
		SPI_connect();
		left = clientele_ledger_left_of_claim(DatumGetInt64(claim->values[CLAIM_ID]));
		if (left.scale == CLIENTELE_DECIMAL_IS_NUMERIC)
			left.u.numeric = DatumGetNumeric(SPI_datumTransfer(NumericGetDatum(left.u.numeric), false, -1));
		SPI_finish();
	}
	else if (benefit->kind == CLIENTELE_COUPON)
		left = clientele_decimal_from_int64(list_length(given_claims(claim, "held")) + list_length(given_claims(claim, "expired")));
	return left;
}

void
clientele_give_take_back(const ClienteleRequest *request, const ClienteleOwnRow *claim,
						 const ClientelePromotionBenefit *benefit, ClienteleDecimal amount)
{
	ClienteleLedgerEntry entry = entry_of(request, claim, benefit, amount);

	if (clientele_decimal_sign(amount) <= 0)
		return;
	if (has_account(benefit))
	{
		check_request(request);
		SPI_connect();
		clientele_ledger_take_back(&entry);
		SPI_finish();
	}
	else if (benefit->kind == CLIENTELE_COUPON)
	{
		int			count = whole_number(amount);

		count -= release_coupons(request, claim, "held", count);
		(void) release_coupons(request, claim, "expired", count);
	}
}
