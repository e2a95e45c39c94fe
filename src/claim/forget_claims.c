/*
 * forget_claims.c
 *		A forgotten customer's claims, ledger and memberships: the money stays, he does not.
 *
 * Rows are kept under a pseudonym, so that stock, budgets, liabilities and reports add up as
 * before; what he holds and has not used is free again.  His till waits: whoever claims
 * for him holds the same lock, so that no row comes after this has looked.  And what he holds is
 * locked before it is looked at, because others bring back what has expired, and hand on coupons.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "utils/builtins.h"

#include "claim/claim.h"
#include "own/fresh.h"
#include "own/own_table.h"
#include "population/customer.h"

PG_FUNCTION_INFO_V1(clientele_forget_claims);

#define HIS_CLAIMS "(SELECT c.claim_id FROM clientele.claim AS c WHERE c.population_id = $1 AND c.key = $2)"
#define NOBODY "('forgotten:' || gen_random_uuid())"

/* $1 the population, $2 his key, $3 what stands in its place, $4 who forgets him. */
static const char *const statements[] = {
	"SELECT clientele.give_back_for($4, c.claim_id, " NOBODY ", NULL, NULL, NULL) FROM clientele.claim AS c"
	" WHERE c.population_id = $1 AND c.key = $2 AND c.state = 'held' AND c.expires_at > clientele.wall_clock()",
	/* answers are numbers, by which later refunds reckon */
	"UPDATE clientele.claim_step AS s SET request_id = NULL, reason = NULL,"
	" bill = clientele.anonymous_bill(s.bill), evidence = s.evidence - 'values'"
	" WHERE s.claim_id IN " HIS_CLAIMS,
	/* coupons that went through his hands: how he got them, and to whom they went */
	"UPDATE clientele.claim_step AS s SET request_id = NULL, evidence = s.evidence - 'values'"
	" WHERE s.step = 'claim' AND s.claim_id IN ("
	" SELECT DISTINCT ON (t.claim_id) CASE WHEN t.evidence ->> 'from' = $2 THEN t.claim_id END FROM clientele.claim_step AS t"
	" WHERE t.population_id = $1 AND t.step = 'transfer' ORDER BY t.claim_id, t.at)",
	"UPDATE clientele.claim_step AS s SET request_id = NULL, reason = $3, evidence = s.evidence - 'values'"
	" WHERE s.population_id = $1 AND s.step = 'transfer' AND s.reason = $2",
	"UPDATE clientele.claim_step AS s SET evidence = s.evidence || jsonb_build_object('from', $3)"
	" WHERE s.population_id = $1 AND s.step = 'transfer' AND s.evidence ->> 'from' = $2",
	"UPDATE clientele.coupon_code AS d SET code = " NOBODY " WHERE d.population_id = $1 AND d.claim_id IN " HIS_CLAIMS,
	"UPDATE clientele.claim AS c SET key = $3, bill = clientele.anonymous_bill(c.bill), bill_id = NULL"
	" WHERE c.population_id = $1 AND c.key = $2",
	"UPDATE clientele.ledger_entry AS e SET key = $3, reason = NULL,"
	" request_id = clientele.pseudonym($1, e.request_id), refund_of = clientele.pseudonym($1, e.refund_of)"
	" WHERE e.population_id = $1 AND e.key = $2",
	"UPDATE clientele.membership AS m SET key = $3, request_id = clientele.pseudonym($1, m.request_id), reason = NULL"
	" WHERE m.population_id = $1 AND m.key = $2",
	"DELETE FROM clientele.refusal AS r WHERE r.population_id = $1 AND r.key = $2",
	"DELETE FROM clientele.impression AS i WHERE i.population_id = $1 AND i.key = $2",
	"DELETE FROM clientele.frozen_audience AS f WHERE f.population_id = $1 AND f.key = $2",
	/* one that goes on needs to know how far it is; it ends soon */
	"UPDATE clientele.coupon_batch AS b SET last_key = NULL"
	" WHERE b.population_id = $1 AND b.last_key = $2 AND b.ended_at IS NOT NULL"
};

/* Of what he holds, expired or not, the numbers in a column: of claims, or of the teams that they are in. */
static List *
list_held(int population_id, Datum key, int column)
{
	ClienteleOwnTable *claims = clientele_own_open("claim");
	List	   *names = NIL;
	ScanKeyData keys[2];
	ClienteleOwnRow claim;

	clientele_own_keys_of(keys, population_id, TextDatumGetCString(key));
	clientele_own_find(claims, "claim_of_customer", 2, keys);
	while (clientele_own_next(claims, &claim))
		if (clientele_claim_is(&claim, "held") && !claim.nulls[column])
			names = lappend(names, psprintf(INT64_FORMAT, DatumGetInt64(claim.values[column])));
	clientele_own_close(claims);
	return names;
}

static void
lock_held(ClienteleFreshLock kind, int population_id, Datum key, int column)
{
	ListCell   *cell;

	foreach(cell, list_held(population_id, key, column))
		clientele_fresh_lock(kind, population_id, lfirst(cell));
}

/* forget_claims(caller, population_id, key, pseudonym) */
Datum
clientele_forget_claims(PG_FUNCTION_ARGS)
{
	const Oid	types[] = {INT4OID, TEXTOID, TEXTOID, REGROLEOID};
	Datum		arguments[] = {PG_GETARG_DATUM(1), PG_GETARG_DATUM(2), PG_GETARG_DATUM(3), PG_GETARG_DATUM(0)};

	clientele_customer_lock_to_forget(PG_GETARG_INT32(1), text_to_cstring(PG_GETARG_TEXT_PP(2)));
	lock_held(CLIENTELE_LOCK_TEAM, PG_GETARG_INT32(1), PG_GETARG_DATUM(2), CLAIM_TEAM);
	lock_held(CLIENTELE_LOCK_CLAIM, PG_GETARG_INT32(1), PG_GETARG_DATUM(2), CLAIM_ID);
	SPI_connect();
	for (int i = 0; i < (int) lengthof(statements); i++)
		(void) clientele_fresh_run(statements[i], lengthof(types), types, arguments, NULL);
	SPI_finish();
	PG_RETURN_VOID();
}
