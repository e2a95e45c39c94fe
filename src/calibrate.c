/*
 * calibrate.c
 *		Looking at a draft: does it compile, and what are the values that a grid's
 *		cut points are to divide?
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"

#include "compat.h"
#include "engine_catalog.h"
#include "model.h"
#include "owner.h"

PG_FUNCTION_INFO_V1(clientele_check_model);
PG_FUNCTION_INFO_V1(clientele_grid_values);

static char *
model_argument(Datum model)
{
	return clientele_rule_text_get(&clientele_model_type, model);
}

/* check_model(population_id, model): an error where it does not fit the tables. */
Datum
clientele_check_model(PG_FUNCTION_ARGS)
{
	(void) clientele_engine_of_model(PG_GETARG_INT32(0), model_argument(PG_GETARG_DATUM(1)), CLIENTELE_FOR_ONE, NULL);
	PG_RETURN_VOID();
}

static void
put_values(ReturnSetInfo *result, ClienteleEngine *engine, TimestampTz as_of)
{
	ClienteleKeys keys = {.kind = CLIENTELE_KEYS_ALL};
	Snapshot	snapshot = RegisterSnapshot(GetActiveSnapshot());
	ClienteleScan *scan = clientele_scan_begin_taken(engine, as_of, &keys, snapshot);
	Datum		values[CLIENTELE_RFM_AXES + 3];
	bool		nulls[CLIENTELE_RFM_AXES + 3];

	/* the key comes before them, tags and due_at after */
	while (clientele_scan_next(scan, values, nulls))
		tuplestore_putvalues(result->setResult, result->setDesc, values + 1, nulls + 1);
	clientele_scan_end(scan);
	UnregisterSnapshot(snapshot);
}

/* grid_values(population_id, model, grid, as_of): the axes' values of all customers. */
Datum
clientele_grid_values(PG_FUNCTION_ARGS)
{
	ClienteleEngine *engine;
	ClienteleRole caller;

	InitMaterializedSRF(fcinfo, 0);
	engine = clientele_engine_of_model(PG_GETARG_INT32(0), model_argument(PG_GETARG_DATUM(1)),
									   CLIENTELE_TO_CALIBRATE, text_to_cstring(PG_GETARG_TEXT_PP(2)));
	caller = clientele_become(engine->owner);
	put_values((ReturnSetInfo *) fcinfo->resultinfo, engine, PG_GETARG_TIMESTAMPTZ(3));
	clientele_become_again(&caller);
	return (Datum) 0;
}
