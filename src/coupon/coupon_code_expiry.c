/*
 * coupon_code_expiry.c
 *		Codes that nobody has claimed in time: what they kept is back in the stock, as what claims held
 *		is (claim_expiry.c), without a job.
 *
 * Who claims a code shares the lock of its batch, so that nobody is at it when they are counted;
 * and who comes after that finds the batch returned.
 */
#include "postgres.h"

#include "access/stratnum.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/fmgroids.h"

#include "claim/claim.h"
#include "coupon/coupon.h"
#include "own/fresh.h"
#include "stock/expiry.h"
#include "stock/stock.h"

bool
clientele_batch_get(ClienteleOwnTable *batches, Datum batch_id, ClienteleOwnRow *row)
{
	ScanKeyData key;

	clientele_own_key_equal(&key, 1, INT8OID, batch_id);
	return clientele_own_get(batches, "coupon_batch_pkey", 1, &key, row);
}

char *
clientele_batch_name(Datum batch_id)
{
	return psprintf(INT64_FORMAT, DatumGetInt64(batch_id));
}

/* The codes of a batch that are still to be had. */
static int
count_unclaimed(Datum batch_id)
{
	ClienteleOwnTable *codes = clientele_own_open("coupon_code");
	ScanKeyData key;
	ClienteleOwnRow code;
	int			count = 0;

	clientele_own_key_equal(&key, 1, INT8OID, batch_id);
	clientele_own_find(codes, "coupon_code_of_batch", 1, &key);
	while (clientele_own_next_in_place(codes, &code))
	{
		CHECK_FOR_INTERRUPTS();
		count += code.nulls[CODE_CLAIM];
	}
	clientele_own_close(codes);
	return count;
}

/* Begins to look at the promotion's batches whose time is over, and that have not been returned. */
static void
find_expired(ClienteleOwnTable *batches, int promotion_id, TimestampTz now)
{
	ScanKeyData keys[2];

	clientele_own_key_equal(&keys[0], 1, INT4OID, Int32GetDatum(promotion_id));
	clientele_own_key(&keys[1], 2, BTLessEqualStrategyNumber, F_TIMESTAMPTZ_LE, TimestampTzGetDatum(now));
	clientele_own_find(batches, "coupon_batch_expiring", 2, keys);
}

int
clientele_codes_expired(int promotion_id, TimestampTz now, Snapshot snapshot)
{
	ClienteleOwnTable *batches = clientele_own_open_as_of("coupon_batch", snapshot);
	ClienteleOwnRow batch;
	int			count = 0;

	find_expired(batches, promotion_id, now);
	while (clientele_own_next(batches, &batch))
		count += count_unclaimed(batch.values[BATCH_ID]);
	clientele_own_close(batches);
	return count;
}

int
clientele_batch_return(const ClientelePopulation *population, ClienteleOwnTable *batches, ClienteleOwnRow *batch)
{
	int			count = count_unclaimed(batch->values[BATCH_ID]);

	clientele_claim_set(batch, BATCH_RETURNED, Int32GetDatum(count));
	clientele_own_update(batches, batch);
	clientele_stock_unreserve(population, DatumGetInt32(batch->values[BATCH_PROMOTION]), count);
	return count;
}

/* Of one batch, if nobody is at it; it may have been returned since it was found. */
static int
sweep_batch(const ClientelePopulation *population, ClienteleOwnTable *batches, Datum batch_id)
{
	ClienteleOwnRow batch;

	if (!clientele_fresh_try_ended(CLIENTELE_LOCK_BATCH, population->id, clientele_batch_name(batch_id)) ||
		!clientele_batch_get(batches, batch_id, &batch) || !batch.nulls[BATCH_RETURNED])
		return 0;
	return clientele_batch_return(population, batches, &batch);
}

/* Until some have come; what is behind is there the next time. */
int
clientele_codes_sweep(const ClientelePopulation *population, int promotion_id, TimestampTz now)
{
	ClienteleOwnTable *batches = clientele_own_open("coupon_batch");
	ClienteleOwnRow batch;
	List	   *expired = NIL;
	ListCell   *cell;
	int			count = 0;

	find_expired(batches, promotion_id, now);
	while (clientele_own_next(batches, &batch))
		expired = lappend(expired, DatumGetPointer(batch.values[BATCH_ID]));
	clientele_own_found(batches);
	foreach(cell, expired)
	{
		CHECK_FOR_INTERRUPTS();
		count = sweep_batch(population, batches, PointerGetDatum(lfirst(cell)));
		if (count > 0)
			break;
	}
	clientele_own_close(batches);
	return count;
}
