/*
 * claim_row.c
 *		Claims as rows: finding, locking, reading them.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"

#include "claim.h"
#include "fresh.h"
#include "stock.h"

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
	return clientele_fresh_try(CLIENTELE_LOCK_CLAIM, population_id, psprintf(INT64_FORMAT, claim_id));
}

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

void
clientele_own_set(ClienteleOwnRow *row, int column, Datum value)
{
	row->values[column] = value;
	row->nulls[column] = false;
}

void
clientele_claim_give_back_stock(const ClientelePopulation *population, const ClienteleOwnRow *claim, int claims,
								ClienteleDecimal value)
{
	clientele_stock_give_back(population, DatumGetInt32(claim->values[CLAIM_PROMOTION]),
							  claim->nulls[CLAIM_BRANCH] ? NULL : TextDatumGetCString(claim->values[CLAIM_BRANCH]),
							  DatumGetDateADT(claim->values[CLAIM_DAY]), claims, value);
}
