/*
 * claim_row.c
 *		Claims as rows: finding, locking, reading, making them.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"

#include "base/local_time.h"
#include "claim/claim.h"
#include "own/fresh.h"
#include "stock/stock.h"

/* ---------- finding, locking ---------- */

void
clientele_refuse_gone(const char *what)
{
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("%s does not exist any more", what),
			 errhint("Its population has been dropped meanwhile.")));
}

bool
clientele_claim_get(ClienteleOwnTable *claims, int64 claim_id, ClienteleOwnRow *row)
{
	ScanKeyData key;

	clientele_own_key_equal(&key, 1, INT8OID, Int64GetDatum(claim_id));
	return clientele_own_get(claims, "claim_pkey", 1, &key, row);
}

void
clientele_claim_lock(int population_id, int64 claim_id)
{
	clientele_fresh_lock(CLIENTELE_LOCK_CLAIM, population_id, psprintf(INT64_FORMAT, claim_id));
}

bool
clientele_claim_try_lock(int population_id, int64 claim_id)
{
	return clientele_fresh_try_ended(CLIENTELE_LOCK_CLAIM, population_id, psprintf(INT64_FORMAT, claim_id));
}

void
clientele_team_lock(const ClienteleRequest *request, int64 team)
{
	clientele_fresh_lock(CLIENTELE_LOCK_TEAM, request->population.id, psprintf(INT64_FORMAT, team));
}

/* While we wait for the customer, he may give it to another. */
void
clientele_claim_lock_all(const ClienteleRequest *request, ClienteleOwnTable *claims, ClienteleOwnRow *claim)
{
	int64		claim_id = DatumGetInt64(claim->values[CLAIM_ID]);
	char	   *key;

	do
	{
		key = clientele_claim_text(claim, CLAIM_KEY);
		clientele_fresh_lock(CLIENTELE_LOCK_CUSTOMER, request->population.id, key);
		if (!claim->nulls[CLAIM_TEAM])
			clientele_team_lock(request, DatumGetInt64(claim->values[CLAIM_TEAM]));
		clientele_claim_lock(request->population.id, claim_id);
		if (!clientele_claim_get(claims, claim_id, claim))
			clientele_refuse_gone(psprintf("claim %lld", (long long) claim_id));
	}
	while (strcmp(clientele_claim_text(claim, CLAIM_KEY), key) != 0);
}

/* ---------- reading ---------- */

bool
clientele_claim_is(const ClienteleOwnRow *row, const char *state)
{
	text	   *says = DatumGetTextPP(row->values[CLAIM_STATE]);

	return VARSIZE_ANY_EXHDR(says) == strlen(state) && memcmp(VARDATA_ANY(says), state, strlen(state)) == 0;
}

bool
clientele_claim_is_held(const ClienteleOwnRow *row, TimestampTz now)
{
	return clientele_claim_is(row, "held") && DatumGetTimestampTz(row->values[CLAIM_EXPIRES_AT]) > now;
}

ClienteleDecimal
clientele_claim_number(const ClienteleOwnRow *row, int column)
{
	ClienteleDecimal number = CLIENTELE_ZERO;

	if (!row->nulls[column] && !clientele_decimal_from_datum(row->values[column], &number))
		elog(ERROR, "column %d of a claim is not a finite number", column + 1);
	return number;
}

char *
clientele_claim_text(const ClienteleOwnRow *row, int column)
{
	return row->nulls[column] ? NULL : TextDatumGetCString(row->values[column]);
}

Jsonb *
clientele_claim_json(const ClienteleOwnRow *row, int column)
{
	return row->nulls[column] ? NULL : DatumGetJsonbP(row->values[column]);
}

bool
clientele_claim_was_transferred(int64 claim_id)
{
	ClienteleOwnTable *steps = clientele_own_open("claim_step");
	ScanKeyData key;
	ClienteleOwnRow step;
	bool		found = false;

	clientele_own_key_equal(&key, 1, INT8OID, Int64GetDatum(claim_id));
	clientele_own_find(steps, "claim_step_of_claim", 1, &key);
	while (!found && clientele_own_next(steps, &step))
		found = strcmp(clientele_claim_text(&step, STEP_STEP), "transfer") == 0;
	clientele_own_close(steps);
	return found;
}

/* ---------- setting ---------- */

void
clientele_claim_set(ClienteleOwnRow *row, int column, Datum value)
{
	row->values[column] = value;
	row->nulls[column] = false;
}

void
clientele_claim_set_text(ClienteleOwnRow *row, int column, const char *text)
{
	row->nulls[column] = text == NULL;
	if (text != NULL)
		row->values[column] = CStringGetTextDatum(text);
}

void
clientele_claim_set_number(ClienteleOwnRow *row, int column, ClienteleDecimal number)
{
	clientele_claim_set(row, column, NumericGetDatum(clientele_decimal_to_numeric(number)));
}

void
clientele_claim_set_benefit(ClienteleOwnRow *row, const ClienteleBenefit *benefit, ClienteleBenefitKind kind)
{
	if (clientele_reduces_bill(kind))
		clientele_claim_set_number(row, CLAIM_AMOUNT, benefit->amount);
	if (clientele_gives_money(kind) || kind == CLIENTELE_GIFT)
		clientele_claim_set_number(row, CLAIM_VALUE, benefit->value);
	clientele_claim_set_number(row, CLAIM_GIVEN, benefit->given);
}

void
clientele_claim_set_bill(ClienteleOwnRow *row, Jsonb *document, const ClienteleBill *bill)
{
	clientele_claim_set(row, CLAIM_BILL, JsonbPGetDatum(document));
	if (bill->bill_id != NULL)
		clientele_claim_set(row, CLAIM_BILL_ID, PointerGetDatum(bill->bill_id));
	if (bill->branch != NULL)
		clientele_claim_set(row, CLAIM_BRANCH, PointerGetDatum(bill->branch));
	if (bill->staff != NULL)
		clientele_claim_set(row, CLAIM_STAFF, PointerGetDatum(bill->staff));
}

/* ---------- making ---------- */

TimestampTz
clientele_claim_term_end(const ClientelePromotion *promotion, pg_tz *zone)
{
	if (DATE_NOT_FINITE(promotion->term.to))
		return DT_NOEND;
	return clientele_instant((Timestamp) (promotion->term.to + 1) * USECS_PER_DAY, zone);
}

TimestampTz
clientele_claim_term(const ClientelePromotion *promotion, TimestampTz now, pg_tz *zone)
{
	if (promotion->claim_minutes > 0)
		return now + promotion->claim_minutes * USECS_PER_MINUTE;
	return clientele_claim_term_end(promotion, zone);
}

void
clientele_claim_make(ClienteleOwnRow *row, const ClienteleRequest *request, const char *key,
					 const ClienteleOffered *promotion, DateADT day, TimestampTz expires_at)
{
	memset(row->nulls, true, sizeof(row->nulls));
	clientele_claim_set(row, CLAIM_ID, Int64GetDatum(clientele_own_number("claim_claim_id_seq")));
	clientele_claim_set(row, CLAIM_POPULATION, Int32GetDatum(request->population.id));
	clientele_claim_set(row, CLAIM_PROMOTION, Int32GetDatum(promotion->id));
	clientele_claim_set(row, CLAIM_VERSION, Int32GetDatum(promotion->version));
	clientele_claim_set_text(row, CLAIM_KEY, key);
	clientele_claim_set_text(row, CLAIM_STATE, "held");
	clientele_claim_set(row, CLAIM_CLAIMED_AT, TimestampTzGetDatum(request->now));
	clientele_claim_set(row, CLAIM_EXPIRES_AT, TimestampTzGetDatum(expires_at));
	clientele_claim_set(row, CLAIM_DAY, DateADTGetDatum(day));
	clientele_claim_set_number(row, CLAIM_REFUNDED, CLIENTELE_ZERO);
	clientele_claim_set_number(row, CLAIM_TAKEN_BACK, CLIENTELE_ZERO);
	clientele_claim_set_text(row, CLAIM_ORIGIN, "claim");
	clientele_claim_set(row, CLAIM_TRANSFERABLE, BoolGetDatum(false));
}

/* ---------- the promotion, and its stock ---------- */

const ClienteleOffered *
clientele_offered_number(const ClientelePopulation *population, int promotion_id)
{
	const ClienteleOffered *found = clientele_offered_by_id(population, promotion_id);

	if (found == NULL)
		clientele_refuse_gone(psprintf("promotion %d", promotion_id));
	return found;
}

void
clientele_claim_give_back_stock(const ClientelePopulation *population, const ClienteleOwnRow *claim, int claims,
								ClienteleDecimal value)
{
	clientele_stock_give_back(population, DatumGetInt32(claim->values[CLAIM_PROMOTION]),
							  clientele_claim_text(claim, CLAIM_BRANCH), DatumGetDateADT(claim->values[CLAIM_DAY]),
							  claims, value);
}
