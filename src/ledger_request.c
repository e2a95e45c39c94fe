/*
 * ledger_request.c
 *		What is written into the ledger by hand, once for each request: credit, spend, refund.
 *
 * A request's own entries are its memory: they say what was asked, and what was left right after them is
 * what was answered.  For one customer they are numbered in the order of writing, because who
 * writes has the lock.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/datum.h"

#include "clock.h"
#include "fresh.h"
#include "ledger.h"
#include "statement.h"

PG_FUNCTION_INFO_V1(clientele_write_ledger);

#define ERRCODE_CLIENTELE_REQUEST_USED MAKE_SQLSTATE('C', 'L', '0', '0', '5')
#define ERRCODE_CLIENTELE_NOT_ENOUGH MAKE_SQLSTATE('C', 'L', '0', '0', '6')

/* The arguments of write_ledger, and of what is asked of a request. */
enum
{
	POPULATION,					/* $1 */
	CALLER,
	VERB,
	REQUEST,					/* $4 */
	KEY,
	ACCOUNT,
	ITEM,						/* $7 */
	AMOUNT,
	VALID_UNTIL,
	REFUND_OF,					/* $10 */
	REASON,
	NARGS
};

static const Oid argument_types[NARGS] = {
	INT4OID, OIDOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, NUMERICOID, TIMESTAMPTZOID, TEXTOID, TEXTOID
};

/* What differs from the request of that id, and what was left after it; no row: there is none. */
static const char *const find_request =
"SELECT concat_ws(', ', CASE WHEN r.verb <> $3 THEN 'the call' END, CASE WHEN r.key <> $5 THEN 'key' END,"
"                 CASE WHEN r.account <> $6 THEN 'account' END, CASE WHEN r.item <> $7 THEN 'item' END,"
"                 CASE WHEN r.amount <> $8 THEN 'amount' END, CASE WHEN r.valid_until IS DISTINCT FROM $9 THEN 'valid_until' END,"
"                 CASE WHEN r.refund_of IS DISTINCT FROM $10 THEN 'spent' END,"
"                 CASE WHEN r.reason IS DISTINCT FROM $11 THEN 'reason' END),"
"       (SELECT coalesce(sum(l.remaining), 0)"
"        FROM (SELECT sum(e.amount) AS remaining FROM clientele.ledger_entry AS e"
"              WHERE e.population_id = $1 AND e.key = r.key AND e.account = r.account AND e.item = r.item AND e.entry_id <= r.last_entry"
"              GROUP BY coalesce(e.lot, e.entry_id) HAVING coalesce(max(e.valid_until) > r.at, true)) AS l)"
" FROM (SELECT CASE WHEN bool_or(claim_id IS NOT NULL) THEN 'claim' WHEN bool_or(lot IS NULL) THEN 'credit'"
"                   WHEN min(amount) < 0 THEN 'spend' ELSE 'refund' END AS verb,"
"              min(key) AS key, min(account) AS account, min(item) AS item, abs(sum(amount)) AS amount,"
"              max(valid_until) AS valid_until, min(refund_of) AS refund_of, min(reason) AS reason,"
"              max(entry_id) AS last_entry, max(at) AS at"
"       FROM clientele.ledger_entry WHERE population_id = $1 AND request_id = $4 HAVING count(*) > 0) AS r";

static const char *const find_claim = "SELECT 1 FROM clientele.claim_step WHERE population_id = $1 AND request_id = $4";

static char *
text_argument(FunctionCallInfo fcinfo, int i)
{
	return PG_ARGISNULL(i) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(i));
}

/* Runs one of the above. */
static uint64
ask(FunctionCallInfo fcinfo, const char *sql)
{
	Datum		values[NARGS];
	char		nulls[NARGS + 1];

	for (int i = 0; i < NARGS; i++)
	{
		values[i] = fcinfo->args[i].value;
		nulls[i] = fcinfo->args[i].isnull ? 'n' : ' ';
	}
	nulls[NARGS] = '\0';
	return clientele_fresh_run(sql, NARGS, argument_types, values, nulls);
}

static void
refuse_used(const char *request_id, const char *differs)
{
	ereport(ERROR,
			(errcode(ERRCODE_CLIENTELE_REQUEST_USED),
			 errmsg("request \"%s\" was something else", request_id),
			 errdetail("Different: %s.", differs),
			 errhint("A repetition says the same; what is new needs an id of its own.")));
}

/* What was left after the request, in the caller's memory; false: it has not been made yet. */
static bool
answered(FunctionCallInfo fcinfo, MemoryContext caller, Datum *balance)
{
	bool		isnull;
	char	   *differs;

	if (ask(fcinfo, find_claim) > 0)
		refuse_used(text_argument(fcinfo, REQUEST), "the call");
	if (ask(fcinfo, find_request) == 0)
		return false;
	differs = clientele_answer_text(CurrentMemoryContext, 1);
	if (*differs)
		refuse_used(text_argument(fcinfo, REQUEST), differs);
	*balance = clientele_answer(2, &isnull);
	MemoryContextSwitchTo(caller);
	*balance = datumCopy(*balance, false, -1);
	return true;
}

/* What was spent says whose it is. */
static void
find_spent(FunctionCallInfo fcinfo, MemoryContext caller)
{
	bool		isnull;

	if (ask(fcinfo, "SELECT key, account, item FROM clientele.ledger_entry"
			" WHERE population_id = $1 AND request_id = $10 AND lot IS NOT NULL AND amount < 0 AND claim_id IS NULL LIMIT 1") == 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("nothing was spent by request \"%s\"", text_argument(fcinfo, REFUND_OF)),
				 errhint("Give the request_id with which clientele.spend was called.")));
	MemoryContextSwitchTo(caller);
	for (int i = 0; i < 3; i++)
	{
		fcinfo->args[KEY + i].value = datumCopy(clientele_answer(i + 1, &isnull), false, -1);
		fcinfo->args[KEY + i].isnull = false;
	}
}

static ClienteleLedgerEntry
make_entry(FunctionCallInfo fcinfo)
{
	ClienteleLedgerEntry entry = {
		.population_id = PG_GETARG_INT32(POPULATION),
		.key = text_argument(fcinfo, KEY),
		.account = text_argument(fcinfo, ACCOUNT),
		.item = text_argument(fcinfo, ITEM),
		.valid_until = PG_ARGISNULL(VALID_UNTIL) ? DT_NOEND : PG_GETARG_TIMESTAMPTZ(VALID_UNTIL),
		.request_id = text_argument(fcinfo, REQUEST),
		.at = clientele_clock_now(),
		.actor = PG_GETARG_OID(CALLER),
		.reason = text_argument(fcinfo, REASON),
		.refund_of = text_argument(fcinfo, REFUND_OF),
	};

	if (!clientele_decimal_from_datum(PG_GETARG_DATUM(AMOUNT), &entry.amount))
		elog(ERROR, "an amount of the ledger is no number");
	return entry;
}

static void
refuse_past(const ClienteleLedgerEntry *entry)
{
	if (entry->valid_until <= entry->at)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("what is given now cannot end at %s", timestamptz_to_str(entry->valid_until)),
				 errhint("NULL means that it stays; otherwise give an instant ahead.")));
}

static void
refuse_spending(const ClienteleLedgerEntry *entry)
{
	ClienteleDecimal balance = clientele_ledger_balance(entry->population_id, entry->key, entry->account, entry->item, entry->at);

	ereport(ERROR,
			(errcode(ERRCODE_CLIENTELE_NOT_ENOUGH),
			 errmsg("%s%s%s: there are %s, and %s were to be used", entry->account, *entry->item ? " " : "", entry->item,
					clientele_decimal_to_string(balance), clientele_decimal_to_string(entry->amount)),
			 errdetail("Nothing was used."),
			 errhint("clientele.account_statement says what has become of it.")));
}

static void
refuse_refund(const ClienteleLedgerEntry *entry)
{
	ereport(ERROR,
			(errcode(ERRCODE_CLIENTELE_NOT_ENOUGH),
			 errmsg("request \"%s\" has not spent so much: %s of %s were to come back", entry->refund_of,
					clientele_decimal_to_string(entry->amount), entry->account),
			 errdetail("What has come back already counts."),
			 errhint("Give at most what is left of that spending.")));
}

static void
write_entries(const ClienteleLedgerEntry *entry, const char *verb)
{
	if (strcmp(verb, "credit") == 0)
	{
		refuse_past(entry);
		(void) clientele_ledger_give(entry);
	}
	else if (strcmp(verb, "spend") == 0)
	{
		if (!clientele_ledger_use(entry))
			refuse_spending(entry);
	}
	else if (!clientele_ledger_refund(entry))
		refuse_refund(entry);
}

/* write_ledger(population_id, caller, verb, request_id, key, account, item, amount, valid_until, refund_of, reason) */
Datum
clientele_write_ledger(PG_FUNCTION_ARGS)
{
	MemoryContext caller = CurrentMemoryContext;
	int			population_id = PG_GETARG_INT32(POPULATION);
	char	   *verb = text_argument(fcinfo, VERB);
	Datum		balance;

	clientele_fresh_check_commit();
	SPI_connect();
	clientele_fresh_lock(CLIENTELE_LOCK_REQUEST, population_id, text_argument(fcinfo, REQUEST));
	if (!answered(fcinfo, caller, &balance))
	{
		ClienteleLedgerEntry entry;

		if (!PG_ARGISNULL(REFUND_OF))
			find_spent(fcinfo, caller);
		clientele_fresh_lock(CLIENTELE_LOCK_CUSTOMER, population_id, text_argument(fcinfo, KEY));
		entry = make_entry(fcinfo);
		write_entries(&entry, verb);
		if (!answered(fcinfo, caller, &balance))
			elog(ERROR, "an entry of the ledger is not there");
	}
	SPI_finish();
	PG_RETURN_DATUM(balance);
}
