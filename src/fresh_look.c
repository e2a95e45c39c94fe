/*
 * fresh_look.c
 *		"Lock, then look" (fresh.h) for functions in PL/pgSQL, whose own statements see what
 *		their transaction's snapshot sees.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datum.h"

#include "fresh.h"
#include "statement.h"

PG_FUNCTION_INFO_V1(clientele_lock_request);
PG_FUNCTION_INFO_V1(clientele_fresh_look);

/* lock_request(population_id int, request_id text, key text) */
Datum
clientele_lock_request(PG_FUNCTION_ARGS)
{
	clientele_fresh_check_commit();
	clientele_fresh_lock(CLIENTELE_LOCK_REQUEST, PG_GETARG_INT32(0), text_to_cstring(PG_GETARG_TEXT_PP(1)));
	clientele_fresh_lock(CLIENTELE_LOCK_CUSTOMER, PG_GETARG_INT32(0), text_to_cstring(PG_GETARG_TEXT_PP(2)));
	PG_RETURN_VOID();
}

/* fresh_look(query text, VARIADIC arguments text[]) */
Datum
clientele_fresh_look(PG_FUNCTION_ARGS)
{
	MemoryContext caller = CurrentMemoryContext;
	Datum	   *values;
	bool	   *isnull;
	char	   *nulls;
	Oid		   *types;
	int			n;
	Datum		answer = (Datum) 0;
	bool		nothing = true;

	deconstruct_array(PG_GETARG_ARRAYTYPE_P(1), TEXTOID, -1, false, TYPALIGN_INT, &values, &isnull, &n);
	nulls = palloc(n + 1);
	types = palloc(sizeof(Oid) * (n + 1));
	for (int i = 0; i < n; i++)
	{
		types[i] = TEXTOID;
		nulls[i] = isnull[i] ? 'n' : ' ';
	}
	SPI_connect();
	if (clientele_fresh_run(text_to_cstring(PG_GETARG_TEXT_PP(0)), n, types, values, nulls) > 0)
		answer = clientele_answer(1, &nothing);
	if (!nothing)
	{
		MemoryContextSwitchTo(caller);
		answer = datumCopy(answer, false, -1);
	}
	SPI_finish();
	if (nothing)
		PG_RETURN_NULL();
	PG_RETURN_DATUM(answer);
}
