/*
 * claim_expiry.c
 *		What was held and not used in time is back in the stock: without a job, by the first
 *		who finds the stock empty.
 *
 * One at a time sweeps a promotion: who comes meanwhile waits for him, and finds what he has
 * brought back.  So that what is left of a stock that is never empty is counted fast, some claims,
 * and refreshes, sweep as well; they wait for nobody.
 */
#include "postgres.h"

#include "access/stratnum.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/snapmgr.h"

#include "claim/claim.h"
#include "own/fresh.h"
#include "stock/expiry.h"
#include "stock/stock.h"

/* So many at a time, so that nobody waits for long. */
#define SWEPT_AT_ONCE 64

/* Begins to look at the promotion's held claims whose time was over then, the oldest first. */
static void
find_expired(ClienteleOwnTable *claims, int promotion_id, TimestampTz now)
{
	ScanKeyData keys[2];

	clientele_own_key_equal(&keys[0], 1, INT4OID, Int32GetDatum(promotion_id));
	clientele_own_key(&keys[1], 2, BTLessEqualStrategyNumber, F_TIMESTAMPTZ_LE, TimestampTzGetDatum(now));
	clientele_own_find(claims, "claim_expiring", 2, keys);
}

static int
list_expired(ClienteleOwnTable *claims, int promotion_id, TimestampTz now, int64 *numbers, int most)
{
	ClienteleOwnRow row;
	int			count = 0;

	find_expired(claims, promotion_id, now);
	while (count < most && clientele_own_next(claims, &row))
		numbers[count++] = DatumGetInt64(row.values[CLAIM_ID]);
	clientele_own_found(claims);
	return count;
}

/* False where it is not to wait, but would have to. */
static bool
give_back(const ClientelePopulation *population, const ClienteleOwnRow *claim, bool wait)
{
	ClienteleDecimal value = clientele_claim_number(claim, CLAIM_VALUE);

	if (!wait)
		return clientele_stock_try_give_back(population, DatumGetInt32(claim->values[CLAIM_PROMOTION]),
											 clientele_claim_text(claim, CLAIM_BRANCH),
											 DatumGetDateADT(claim->values[CLAIM_DAY]), value);
	clientele_claim_give_back_stock(population, claim, 1, value);
	return true;
}

/* Whoever is at it, has it: he may be redeeming it at an instant before ours. */
static bool
expire(const ClientelePopulation *population, ClienteleOwnTable *claims, ClienteleOwnTable *steps, int64 claim_id,
	   TimestampTz now, bool wait)
{
	ClienteleOwnRow row;
	ClienteleOwnRow step = {.nulls = {[STEP_REQUEST] = true,[STEP_REDEEMED] = true,[STEP_AMOUNT] = true,
		[STEP_REASON] = true,[STEP_BILL] = true,[STEP_ANSWER] = true,[STEP_EVIDENCE] = true}};

	if (!clientele_claim_try_lock(population->id, claim_id) || !clientele_claim_get(claims, claim_id, &row) ||
		!clientele_claim_is(&row, "held") || clientele_claim_is_held(&row, now) || !give_back(population, &row, wait))
		return false;
	clientele_claim_set_text(&row, CLAIM_STATE, "expired");
	clientele_own_update(claims, &row);
	step.values[STEP_POPULATION] = Int32GetDatum(population->id);
	step.values[STEP_CLAIM] = Int64GetDatum(claim_id);
	step.values[STEP_STEP] = CStringGetTextDatum("expire");
	step.values[STEP_AT] = row.values[CLAIM_EXPIRES_AT];
	step.values[STEP_ACTOR] = DirectFunctionCall1(namein, CStringGetDatum(GetUserNameFromId(GetOuterUserId(), false)));
	clientele_own_insert(steps, &step);
	return true;
}

/*
 * A few of them; the promotion is locked, and its sweep.  For stock that others hold it is waited only
 * where nothing has come back yet: who has something back has what they may be waiting for.
 */
static int
sweep(const ClientelePopulation *population, ClienteleOwnTable *claims, int promotion_id, TimestampTz now, bool wait)
{
	ClienteleOwnTable *steps = clientele_own_open("claim_step");
	int64		numbers[SWEPT_AT_ONCE];
	int			count = list_expired(claims, promotion_id, now, numbers, SWEPT_AT_ONCE);
	int			nswept = 0;

	for (int i = 0; i < count; i++)
		nswept += expire(population, claims, steps, numbers[i], now, wait && nswept == 0);
	clientele_own_close(steps);
	return nswept;
}

static bool
any_expired(ClienteleOwnTable *claims, int promotion_id, TimestampTz now)
{
	int64		number;

	return list_expired(claims, promotion_id, now, &number, 1) > 0;
}

/* Codes nobody has claimed in time. */
static int
count_codes(int promotion_id, TimestampTz now)
{
	Snapshot	snapshot = RegisterSnapshot(GetLatestSnapshot());
	int			count = clientele_codes_expired(promotion_id, now, snapshot);

	UnregisterSnapshot(snapshot);
	return count;
}

/* What others have brought back while they were waited for is there for us, too. */
static void
let_go_if_none(const ClientelePopulation *population, int promotion_id, int nswept)
{
	if (nswept == 0)
		clientele_fresh_unlock(CLIENTELE_LOCK_SWEEP, population->id, psprintf("%d", promotion_id));
}

int
clientele_claim_sweep(const ClientelePopulation *population, int promotion_id, TimestampTz now)
{
	ClienteleOwnTable *claims = clientele_own_open("claim");
	int64		numbers[SWEPT_AT_ONCE];
	int			nclaims = list_expired(claims, promotion_id, now, numbers, SWEPT_AT_ONCE);
	int			ncodes = count_codes(promotion_id, now);
	int			nback = 0;

	if (nclaims > 0 || ncodes > 0)
	{
		clientele_fresh_lock(CLIENTELE_LOCK_SWEEP, population->id, psprintf("%d", promotion_id));
		nback = Max(nclaims - list_expired(claims, promotion_id, now, numbers, SWEPT_AT_ONCE), 0) +
			Max(ncodes - count_codes(promotion_id, now), 0);
		nback += sweep(population, claims, promotion_id, now, true);
		nback += clientele_codes_sweep(population, promotion_id, now);
	}
	clientele_own_close(claims);
	return nback;
}

int
clientele_claim_sweep_if_free(const ClientelePopulation *population, int promotion_id, TimestampTz now)
{
	ClienteleOwnTable *claims = clientele_own_open("claim");
	int			nswept = 0;

	if (any_expired(claims, promotion_id, now) &&
		clientele_fresh_try(CLIENTELE_LOCK_SWEEP, population->id, psprintf("%d", promotion_id)))
	{
		nswept = sweep(population, claims, promotion_id, now, false);
		let_go_if_none(population, promotion_id, nswept);
	}
	clientele_own_close(claims);
	return nswept;
}

int
clientele_claim_sweep_oldest(const ClientelePopulation *population, TimestampTz now)
{
	ClienteleOwnTable *claims = clientele_own_open("claim");
	ClienteleOwnRow oldest;
	ScanKeyData keys[2];
	bool		found;
	int			promotion_id;

	clientele_own_key_equal(&keys[0], 1, INT4OID, Int32GetDatum(population->id));
	clientele_own_key(&keys[1], 2, BTLessEqualStrategyNumber, F_TIMESTAMPTZ_LE, TimestampTzGetDatum(now));
	found = clientele_own_get(claims, "claim_held", 2, keys, &oldest);
	clientele_own_close(claims);
	if (!found)
		return 0;
	promotion_id = DatumGetInt32(oldest.values[CLAIM_PROMOTION]);
	clientele_stock_share(population, promotion_id);
	return clientele_claim_sweep_if_free(population, promotion_id, now);
}
