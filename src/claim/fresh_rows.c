/*
 * fresh_rows.c
 *		"Lock, then look" (fresh.h) for functions in PL/pgSQL, whose own statements see what
 *		their transaction's snapshot sees, and leave predicate locks.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"

#include "base/arguments.h"
#include "base/result_row.h"
#include "base/statement.h"
#include "claim/claim.h"
#include "compat.h"
#include "own/fresh.h"
#include "own/own_table.h"
#include "population/customer.h"

PG_FUNCTION_INFO_V1(clientele_lock_request);
PG_FUNCTION_INFO_V1(clientele_lock_customer);
PG_FUNCTION_INFO_V1(clientele_check_customer);
PG_FUNCTION_INFO_V1(clientele_fresh_memberships);
PG_FUNCTION_INFO_V1(clientele_earned);
PG_FUNCTION_INFO_V1(clientele_owed_now);
PG_FUNCTION_INFO_V1(clientele_delete_of_population);

/* lock_request(population_id int, request_id text, key text) */
Datum
clientele_lock_request(PG_FUNCTION_ARGS)
{
	ClientelePopulation population;

	clientele_fresh_check_commit();
	clientele_population_hold_id(PG_GETARG_INT32(0), &population);
	clientele_fresh_lock(CLIENTELE_LOCK_REQUEST, PG_GETARG_INT32(0), text_to_cstring(PG_GETARG_TEXT_PP(1)));
	clientele_fresh_lock(CLIENTELE_LOCK_CUSTOMER, PG_GETARG_INT32(0), text_to_cstring(PG_GETARG_TEXT_PP(2)));
	clientele_request_refuse_elsewhere(CLIENTELE_REQUEST_OF_MEMBERSHIP, PG_GETARG_INT32(0), text_to_cstring(PG_GETARG_TEXT_PP(1)));
	PG_RETURN_VOID();
}

/* lock_customer(population_id int, key text) */
Datum
clientele_lock_customer(PG_FUNCTION_ARGS)
{
	clientele_fresh_lock(CLIENTELE_LOCK_CUSTOMER, PG_GETARG_INT32(0), text_to_cstring(PG_GETARG_TEXT_PP(1)));
	PG_RETURN_VOID();
}

/* check_customer(population_id int, key text) */
Datum
clientele_check_customer(PG_FUNCTION_ARGS)
{
	clientele_customer_check(PG_GETARG_INT32(0), text_to_cstring(PG_GETARG_TEXT_PP(1)));
	PG_RETURN_VOID();
}

/* fresh_memberships(population_id int, key text, request_id text) */
Datum
clientele_fresh_memberships(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	bool		of_customer = !PG_ARGISNULL(1);
	ClienteleOwnTable *memberships;
	ClienteleOwnRow row;
	ScanKeyData keys[2];

	clientele_require_arguments(fcinfo, CLIENTELE_ARGUMENT(0) | CLIENTELE_ARGUMENT(of_customer ? 1 : 2));
	InitMaterializedSRF(fcinfo, 0);
	memberships = clientele_own_open("membership");
	clientele_own_keys_of(keys, PG_GETARG_INT32(0), text_to_cstring(PG_GETARG_TEXT_PP(of_customer ? 1 : 2)));
	clientele_own_find(memberships, of_customer ? "membership_of_customer" : "membership_of_request", 2, keys);
	while (clientele_own_next(memberships, &row))
		tuplestore_putvalues(result->setResult, result->setDesc, row.values, row.nulls);
	clientele_own_close(memberships);
	return (Datum) 0;
}

/* delete_of_population(relation regclass, population_id int): also what was written after the transaction's snapshot */
Datum
clientele_delete_of_population(PG_FUNCTION_ARGS)
{
	Oid			type = INT4OID;
	Datum		population_id = PG_GETARG_DATUM(1);
	char	   *relation = DatumGetCString(DirectFunctionCall1(regclassout, PG_GETARG_DATUM(0)));

	SPI_connect();
	(void) clientele_fresh_run(psprintf("DELETE FROM %s WHERE population_id = $1", relation), 1, &type, &population_id, NULL);
	SPI_finish();
	PG_RETURN_VOID();
}

/* owed_now(population_id int): also what was given after the transaction's snapshot */
Datum
clientele_owed_now(PG_FUNCTION_ARGS)
{
	Oid			type = INT4OID;
	Datum		population_id = PG_GETARG_DATUM(0);
	MemoryContext caller = CurrentMemoryContext;
	char	   *owed;

	SPI_connect();
	(void) clientele_fresh_run("SELECT string_agg(format('%s %s', trim_scale(o.amount), o.what), ', ' ORDER BY o.what) FROM clientele.owed($1) AS o",
							   1, &type, &population_id, NULL);
	owed = clientele_answer_text(caller, 1);
	SPI_finish();
	if (owed == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(owed));
}

/* earned(population_id int, request_id text) */
Datum
clientele_earned(PG_FUNCTION_ARGS)
{
	char	   *request_id = text_to_cstring(PG_GETARG_TEXT_PP(1));
	ClienteleOwnTable *steps;
	ClienteleOwnTable *claims;
	ClienteleOwnRow step;
	ClienteleOwnRow claim;
	ScanKeyData keys[2];

	InitMaterializedSRF(fcinfo, 0);
	steps = clientele_own_open("claim_step");
	claims = clientele_own_open("claim");
	for (int n = 1;; n++)
	{
		ClienteleResultRow row;

		clientele_own_keys_of(keys, PG_GETARG_INT32(0), psprintf("%s/%d", request_id, n));
		if (!clientele_own_get(steps, "claim_step_request", 2, keys, &step))
			break;
		if (!clientele_claim_get(claims, DatumGetInt64(step.values[STEP_CLAIM]), &claim))
			clientele_refuse_gone(psprintf("claim %lld", (long long) DatumGetInt64(step.values[STEP_CLAIM])));
		clientele_result_clear(&row);
		clientele_result_set(&row, 0, Int32GetDatum(n));
		clientele_result_set(&row, 1, claim.values[CLAIM_PROMOTION]);
		clientele_result_put(fcinfo, &row);
	}
	clientele_own_close(claims);
	clientele_own_close(steps);
	return (Datum) 0;
}
