/*
 * ledger.c
 *		Points, stored value and gifts: what customers have, exactly.
 *
 * A lot's own entry and those that name it add up to what is left of it.  On a lot time does
 * not go back, whatever clocks do: so what is left of one is at no instant less than nothing,
 * nor more than was given.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "fresh.h"
#include "ledger.h"
#include "statement.h"

/* The arguments of every statement here. */
enum
{
	POPULATION,					/* $1 */
	KEY,
	ACCOUNT,
	ITEM,						/* $4 */
	AMOUNT,
	VALID_UNTIL,
	CLAIM,						/* $7 */
	REQUEST,
	AT,
	ACTOR,						/* $10 */
	REASON,
	REFUND_OF,
	NARGS
};

static const Oid argument_types[NARGS] = {
	INT4OID, TEXTOID, TEXTOID, TEXTOID, NUMERICOID, TIMESTAMPTZOID, INT8OID, TEXTOID, TIMESTAMPTZOID, NAMEOID, TEXTOID,
	TEXTOID
};

#define COLUMNS "(population_id, key, account, item, amount, lot, valid_until, claim_id, request_id, at, actor, reason, refund_of)"

/*
 * Divides $5 among the lots of "lot" (number, latest, remaining, valid_until), in that order, and
 * enters it with that sign; all of it or nothing.
 */
#define SPREAD(sign, order) \
	"INSERT INTO clientele.ledger_entry " COLUMNS \
	" SELECT $1, $2, $3, $4, " sign "part.amount, part.number, NULL, $7, $8, greatest($9, part.latest), $10, $11, $12" \
	" FROM (SELECT lot.*, least(lot.remaining, $5 - (sum(lot.remaining) OVER (ORDER BY " order ") - lot.remaining)) AS amount," \
	"              row_number() OVER (ORDER BY " order ") AS place, sum(lot.remaining) OVER () AS total" \
	"       FROM lot) AS part" \
	" WHERE part.amount > 0 AND part.total >= $5 ORDER BY part.place"

/* What expires first is used first; what expires last comes back first. */
#define TAKE SPREAD("-", "lot.valid_until, lot.number")
#define PUT_BACK SPREAD("", "lot.valid_until DESC, lot.number DESC")

/* The lots of an account that have anything left. */
#define ACCOUNT_LOTS \
	"SELECT coalesce(e.lot, e.entry_id) AS number, max(e.at) AS latest, sum(e.amount) AS remaining, max(e.valid_until) AS valid_until" \
	" FROM clientele.ledger_entry AS e" \
	" WHERE e.population_id = $1 AND e.key = $2 AND e.account = $3 AND e.item = $4" \
	" GROUP BY 1 HAVING sum(e.amount) > 0"

/* The lots that a claim has given, expired or not. */
#define CLAIM_LOTS \
	"SELECT l.entry_id AS number, greatest(l.at, u.latest) AS latest, l.amount + coalesce(u.amount, 0) AS remaining, l.valid_until" \
	" FROM clientele.ledger_entry AS l" \
	"      CROSS JOIN LATERAL (SELECT max(e.at) AS latest, sum(e.amount) AS amount" \
	"                          FROM clientele.ledger_entry AS e WHERE e.lot = l.entry_id) AS u" \
	" WHERE l.claim_id = $7 AND l.lot IS NULL AND l.amount + coalesce(u.amount, 0) > 0"

/* What a request has used of each lot, and has not come back. */
#define SPENT_LOTS \
	"SELECT s.lot AS number, (SELECT max(e.at) FROM clientele.ledger_entry AS e WHERE e.lot = s.lot) AS latest," \
	"       -s.amount - coalesce((SELECT sum(e.amount) FROM clientele.ledger_entry AS e" \
	"                             WHERE e.lot = s.lot AND e.refund_of = $12), 0) AS remaining, l.valid_until" \
	" FROM clientele.ledger_entry AS s JOIN clientele.ledger_entry AS l ON l.entry_id = s.lot" \
	" WHERE s.population_id = $1 AND s.request_id = $12 AND s.amount < 0 AND s.claim_id IS NULL"

static uint64
run(const char *sql, const ClienteleLedgerEntry *entry)
{
	Datum		values[NARGS] = {0};
	char		nulls[NARGS + 1];
	NameData	actor;

	memset(nulls, ' ', NARGS);
	nulls[NARGS] = '\0';
	namestrcpy(&actor, GetUserNameFromId(entry->actor, false));
	values[POPULATION] = Int32GetDatum(entry->population_id);
	values[KEY] = CStringGetTextDatum(entry->key);
	values[ACCOUNT] = CStringGetTextDatum(entry->account);
	values[ITEM] = CStringGetTextDatum(entry->item);
	values[AMOUNT] = NumericGetDatum(clientele_decimal_to_numeric(entry->amount));
	values[VALID_UNTIL] = TimestampTzGetDatum(entry->valid_until);
	values[CLAIM] = Int64GetDatum(entry->claim_id);
	values[AT] = TimestampTzGetDatum(entry->at);
	values[ACTOR] = NameGetDatum(&actor);
	if (entry->request_id)
		values[REQUEST] = CStringGetTextDatum(entry->request_id);
	else
		nulls[REQUEST] = 'n';
	if (entry->reason)
		values[REASON] = CStringGetTextDatum(entry->reason);
	else
		nulls[REASON] = 'n';
	if (entry->refund_of)
		values[REFUND_OF] = CStringGetTextDatum(entry->refund_of);
	else
		nulls[REFUND_OF] = 'n';
	if (entry->claim_id == 0)
		nulls[CLAIM] = 'n';
	if (TIMESTAMP_NOT_FINITE(entry->valid_until))
		nulls[VALID_UNTIL] = 'n';
	return clientele_fresh_run(sql, NARGS, argument_types, values, nulls);
}

/* The number that the last statement has answered, which SPI keeps until its end. */
static ClienteleDecimal
answered_decimal(void)
{
	bool		isnull;
	Datum		value = clientele_answer(1, &isnull);
	ClienteleDecimal result;

	if (isnull || !clientele_decimal_from_datum(value, &result))
		elog(ERROR, "a sum of the ledger is no number");
	return result;
}

int64
clientele_ledger_give(const ClienteleLedgerEntry *entry)
{
	run("INSERT INTO clientele.ledger_entry " COLUMNS
		" VALUES ($1, $2, $3, $4, $5, NULL, $6, $7, $8, $9, $10, $11, NULL) RETURNING entry_id", entry);
	return clientele_answer_int64(1);
}

bool
clientele_ledger_use(const ClienteleLedgerEntry *entry)
{
	return run("WITH lot AS (" ACCOUNT_LOTS " AND coalesce(max(e.valid_until) > $9, true)) " TAKE, entry) > 0;
}

bool
clientele_ledger_refund(const ClienteleLedgerEntry *entry)
{
	return run("WITH lot AS (SELECT * FROM (" SPENT_LOTS ") AS spent WHERE spent.remaining > 0) " PUT_BACK, entry) > 0;
}

ClienteleDecimal
clientele_ledger_left_of_claim(int64 claim_id)
{
	static const Oid types[1] = {INT8OID};
	Datum		values[1] = {Int64GetDatum(claim_id)};

	clientele_fresh_run("SELECT coalesce(sum(l.amount + coalesce((SELECT sum(u.amount) FROM clientele.ledger_entry AS u"
						"                                         WHERE u.lot = l.entry_id), 0)), 0)"
						" FROM clientele.ledger_entry AS l WHERE l.claim_id = $1 AND l.lot IS NULL", 1, types, values, NULL);
	return answered_decimal();
}

void
clientele_ledger_take_back(const ClienteleLedgerEntry *entry)
{
	ClienteleLedgerEntry taken = *entry;
	ClienteleDecimal left = clientele_ledger_left_of_claim(entry->claim_id);

	if (clientele_decimal_compare(left, entry->amount) < 0)
		taken.amount = left;
	if (clientele_decimal_sign(taken.amount) > 0 && run("WITH lot AS (" CLAIM_LOTS ") " TAKE, &taken) == 0)
		elog(ERROR, "claim %lld has less in the ledger than its sum", (long long) entry->claim_id);
}

ClienteleDecimal
clientele_ledger_balance(int population_id, const char *key, const char *account, const char *item, TimestampTz at)
{
	static const Oid types[5] = {INT4OID, TEXTOID, TEXTOID, TEXTOID, TIMESTAMPTZOID};
	Datum		values[5] = {
		Int32GetDatum(population_id), CStringGetTextDatum(key), CStringGetTextDatum(account), CStringGetTextDatum(item),
		TimestampTzGetDatum(at)
	};

	clientele_fresh_run("SELECT coalesce(sum(lot.remaining), 0) FROM (" ACCOUNT_LOTS ") AS lot"
						" WHERE coalesce(lot.valid_until > $5, true)", 5, types, values, NULL);
	return answered_decimal();
}
