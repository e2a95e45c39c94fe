/*
 * impression.c
 *		record_impression(): the application has shown offers to a customer.
 *
 * What a customer was shown is written under his lock, as what he claims: who forgets him meanwhile has what was
 * written before, and leaves nobody to write of afterwards; and of one row there is one writer, so that what is
 * there already is found before it is written, whatever the transaction's snapshot.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/fmgrprotos.h"

#include "base/clock.h"
#include "claim/claim.h"
#include "own/fresh.h"
#include "population/customer.h"
#include "population/reader.h"

PG_FUNCTION_INFO_V1(clientele_record_impression);

/* Columns of clientele.impression, all of them its key. */
enum
{
	IMPRESSION_POPULATION, IMPRESSION_KEY, IMPRESSION_PROMOTION, IMPRESSION_HOUR, IMPRESSION_BRANCH, IMPRESSION_STAFF,
	IMPRESSION_COLUMNS
};

/* ---------- what was shown ---------- */

static ArrayType *
promotions_argument(FunctionCallInfo fcinfo, int argument)
{
	if (PG_ARGISNULL(argument) || array_contains_nulls(PG_GETARG_ARRAYTYPE_P(argument)))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 PG_ARGISNULL(argument) ? errmsg("promotions must not be null") : errmsg("a promotion must not be null"),
				 errhint("Give the names of what was shown: ARRAY(SELECT promotion FROM clientele.offers(...) WHERE eligible).  Nothing was shown: '{}'.")));
	return PG_GETARG_ARRAYTYPE_P(argument);
}

/* As the clock of the branch has it. */
static TimestampTz
beginning_of_hour(TimestampTz at, pg_tz *zone)
{
	return DatumGetTimestampTz(DirectFunctionCall3(timestamptz_trunc_zone, CStringGetTextDatum("hour"), TimestampTzGetDatum(at),
												   CStringGetTextDatum(pg_get_timezone_name(zone))));
}

static Datum
text_or_empty(text *said)
{
	return said ? PointerGetDatum(said) : CStringGetTextDatum("");
}

/* ---------- rows ---------- */

static bool
is_there(ClienteleOwnTable *impressions, const ClienteleOwnRow *row)
{
	static const RegProcedure equality[IMPRESSION_COLUMNS] = {F_INT4EQ, F_TEXTEQ, F_INT4EQ, F_TIMESTAMPTZ_EQ, F_TEXTEQ, F_TEXTEQ};
	ScanKeyData keys[IMPRESSION_COLUMNS];
	ClienteleOwnRow found;

	for (int i = 0; i < IMPRESSION_COLUMNS; i++)
		clientele_own_key(&keys[i], i + 1, BTEqualStrategyNumber, equality[i], row->values[i]);
	return clientele_own_get(impressions, "impression_pkey", IMPRESSION_COLUMNS, keys, &found);
}

/* How many are new; a promotion may be named twice. */
static int
write_impressions(ClienteleOwnTable *impressions, const ClientelePopulation *population, ClienteleOwnRow *row, ArrayType *promotions)
{
	int			count = 0;
	Datum	   *names;
	int			nnames;

	deconstruct_array(promotions, TEXTOID, -1, false, TYPALIGN_INT, &names, NULL, &nnames);
	for (int i = 0; i < nnames; i++)
	{
		const ClienteleOffered *promotion = clientele_offered_find(population, TextDatumGetCString(names[i]));

		CHECK_FOR_INTERRUPTS();
		row->values[IMPRESSION_PROMOTION] = Int32GetDatum(promotion->id);
		if (is_there(impressions, row))
			continue;
		clientele_own_insert(impressions, row);
		count++;
	}
	return count;
}

/* ---------- the function ---------- */

/* record_impression(caller, population, key, promotions, bill) */
Datum
clientele_record_impression(PG_FUNCTION_ARGS)
{
	static const ClienteleRight right_to_claim = {"claim", "INSERT"};
	ClientelePopulation population;
	ClienteleWish shown = {0};
	ArrayType  *promotions;
	ClienteleBill *bill;
	ClienteleOwnTable *impressions;
	ClienteleOwnRow row = {0};
	int			count;

	PreventCommandIfReadOnly("record_impression()");
	clientele_population_get(clientele_text_argument(fcinfo, 1, "population"), &population);
	clientele_population_hold(&population);
	clientele_check_allowed(PG_GETARG_OID(0), &population, 1, &right_to_claim);
	clientele_wish_key(&shown, &population, clientele_text_argument(fcinfo, 2, "key"));
	promotions = promotions_argument(fcinfo, 3);
	bill = PG_ARGISNULL(4) ? NULL : clientele_bill_read(PG_GETARG_JSONB_P(4));

	clientele_fresh_lock(CLIENTELE_LOCK_CUSTOMER, population.id, shown.key_text);
	impressions = clientele_own_open("impression");
	clientele_customer_check(population.id, shown.key_text);
	row.values[IMPRESSION_POPULATION] = Int32GetDatum(population.id);
	row.values[IMPRESSION_KEY] = CStringGetTextDatum(shown.key_text);
	row.values[IMPRESSION_HOUR] =
		TimestampTzGetDatum(beginning_of_hour(clientele_clock_now(), clientele_branch_zone(&population, bill ? bill->branch : NULL)));
	row.values[IMPRESSION_BRANCH] = text_or_empty(bill ? bill->branch : NULL);
	row.values[IMPRESSION_STAFF] = text_or_empty(bill ? bill->staff : NULL);
	count = write_impressions(impressions, &population, &row, promotions);
	clientele_own_close(impressions);
	PG_RETURN_INT32(count);
}
