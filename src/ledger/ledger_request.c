/*
 * ledger_request.c
 *		What is written into the ledger by hand, once for each request: credit, spend, refund.
 *
 * A request's own entries are its memory: they say what was asked, and what was left right after
 * them is what was answered.
 */
#include "postgres.h"

#include "fmgr.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"

#include "base/arguments.h"
#include "base/clock.h"
#include "claim/claim.h"
#include "ledger/ledger.h"
#include "own/fresh.h"
#include "population/customer.h"

PG_FUNCTION_INFO_V1(clientele_write_ledger);

#define ERRCODE_CLIENTELE_NOT_ENOUGH MAKE_SQLSTATE('C', 'L', '0', '0', '6')

static char *
text_argument(FunctionCallInfo fcinfo, int i)
{
	return PG_ARGISNULL(i) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(i));
}

/* A refund says what was spent, anything else whose account it is. */
static void
require_arguments(FunctionCallInfo fcinfo)
{
	const uint32 of_all = CLIENTELE_ARGUMENTS_BELOW(4) | CLIENTELE_ARGUMENT(7);
	const uint32 of_account = CLIENTELE_ARGUMENT(4) | CLIENTELE_ARGUMENT(5) | CLIENTELE_ARGUMENT(6);

	clientele_require_arguments(fcinfo, of_all | (PG_ARGISNULL(9) ? of_account : 0));
}

/* write_ledger(population_id, caller, verb, request_id, key, account, item, amount, valid_until, refund_of, reason) */
static ClienteleLedgerRequest
wanted_request(FunctionCallInfo fcinfo)
{
	ClienteleLedgerRequest wanted = {
		.verb = text_argument(fcinfo, 2),
		.entry = {
			.population_id = PG_GETARG_INT32(0),
			.actor = PG_GETARG_OID(1),
			.request_id = text_argument(fcinfo, 3),
			.key = text_argument(fcinfo, 4),
			.account = text_argument(fcinfo, 5),
			.item = text_argument(fcinfo, 6),
			.valid_until = PG_ARGISNULL(8) ? DT_NOEND : PG_GETARG_TIMESTAMPTZ(8),
			.refund_of = text_argument(fcinfo, 9),
			.reason = text_argument(fcinfo, 10),
		}
	};

	if (!clientele_decimal_from_datum(PG_GETARG_DATUM(7), &wanted.entry.amount))
		elog(ERROR, "an amount of the ledger is no number");
	return wanted;
}

/* ---------- repetitions ---------- */

static void
refuse_used(const char *request_id, const char *differs)
{
	ereport(ERROR,
			(errcode(CLIENTELE_ERRCODE_OTHER_REQUEST),
			 errmsg("request \"%s\" was something else", request_id),
			 errdetail("Different: %s.", differs),
			 errhint("A repetition says the same; what is new needs an id of its own.")));
}

static void
compare(StringInfo differs, const char *name, const char *written, const char *wanted)
{
	if (strcmp(written ? written : "", wanted ? wanted : "") != 0)
		appendStringInfo(differs, "%s%s", differs->len > 0 ? ", " : "", name);
}

static void
refuse_other(const ClienteleLedgerRequest *written, const ClienteleLedgerRequest *wanted)
{
	StringInfoData differs;

	initStringInfo(&differs);
	compare(&differs, "the call", written->verb, wanted->verb);
	if (differs.len == 0)
	{
		/* A refund does not say whose it is: what was spent does. */
		if (wanted->entry.key)
		{
			compare(&differs, "key", written->entry.key, wanted->entry.key);
			compare(&differs, "account", written->entry.account, wanted->entry.account);
			compare(&differs, "item", written->entry.item, wanted->entry.item);
		}
		if (clientele_decimal_compare(written->entry.amount, wanted->entry.amount) != 0)
			compare(&differs, "amount", "", "other");
		if (written->entry.valid_until != wanted->entry.valid_until)
			compare(&differs, "valid_until", "", "other");
		compare(&differs, "spent", written->entry.refund_of, wanted->entry.refund_of);
		compare(&differs, "reason", written->entry.reason, wanted->entry.reason);
	}
	if (differs.len > 0)
		refuse_used(wanted->entry.request_id, differs.data);
}

/* ---------- new ones ---------- */

/* What was spent says whose it is. */
static void
find_spent(ClienteleLedgerEntry *entry)
{
	ClienteleLedgerRequest spent;

	if (!clientele_ledger_find_request(entry->population_id, entry->refund_of, &spent) || strcmp(spent.verb, "spend") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("nothing was spent by request \"%s\"", entry->refund_of),
				 errhint("Give the request_id with which clientele.spend was called.")));
	entry->key = spent.entry.key;
	entry->account = spent.entry.account;
	entry->item = spent.entry.item;
}

static void
refuse_past(const ClienteleLedgerEntry *entry)
{
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
write_entries(const ClienteleLedgerRequest *wanted)
{
	const ClienteleLedgerEntry *entry = &wanted->entry;

	if (strcmp(wanted->verb, "credit") == 0)
	{
		if (entry->valid_until <= entry->at)
			refuse_past(entry);
		(void) clientele_ledger_give(entry);
	}
	else if (strcmp(wanted->verb, "spend") == 0)
	{
		if (!clientele_ledger_use(entry))
			refuse_spending(entry);
	}
	else if (!clientele_ledger_refund(entry))
		refuse_refund(entry);
}

/* Under the lock of the request. */
static void
write_once(ClienteleLedgerRequest *wanted)
{
	ClienteleLedgerEntry *entry = &wanted->entry;

	clientele_request_refuse_elsewhere(CLIENTELE_REQUEST_OF_LEDGER, entry->population_id, entry->request_id);
	if (entry->refund_of)
		find_spent(entry);
	clientele_fresh_lock(CLIENTELE_LOCK_CUSTOMER, entry->population_id, entry->key);
	if (entry->refund_of)
		find_spent(entry);		/* he may have been forgotten meanwhile */
	if (strcmp(wanted->verb, "credit") == 0)
		clientele_customer_check(entry->population_id, unconstify(char *, entry->key));
	entry->at = clientele_clock_now();
	write_entries(wanted);
}

Datum
clientele_write_ledger(PG_FUNCTION_ARGS)
{
	ClienteleLedgerRequest wanted;
	ClienteleLedgerEntry *entry = &wanted.entry;
	ClienteleLedgerRequest written;
	ClientelePopulation population;

	require_arguments(fcinfo);
	wanted = wanted_request(fcinfo);
	clientele_fresh_check_commit();
	clientele_population_hold_id(entry->population_id, &population);
	clientele_fresh_lock(CLIENTELE_LOCK_REQUEST, entry->population_id, entry->request_id);
	if (clientele_ledger_find_request(entry->population_id, entry->request_id, &written))
		refuse_other(&written, &wanted);
	else
	{
		write_once(&wanted);
		if (!clientele_ledger_find_request(entry->population_id, entry->request_id, &written))
			elog(ERROR, "an entry of the ledger is not there");
	}
	PG_RETURN_NUMERIC(clientele_decimal_to_numeric(clientele_ledger_balance_after(&written)));
}
