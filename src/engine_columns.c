/*
 * engine_columns.c
 *		What SQL asks of an engine itself: the columns that a version's stored profiles
 *		have, and how many values could not be had.
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"

#include "compat.h"
#include "engine_catalog.h"

PG_FUNCTION_INFO_V1(clientele_model_columns);
PG_FUNCTION_INFO_V1(clientele_failed_values);

static const char *const role_names[] = {
	[CLIENTELE_OUTPUT_VALUE] = "value",
	[CLIENTELE_OUTPUT_ELAPSED] = "elapsed",
	[CLIENTELE_OUTPUT_LABEL] = "label",
	[CLIENTELE_OUTPUT_SCORE] = "score",
	[CLIENTELE_OUTPUT_PART] = "part"
};

static Datum
name_datum(const char *name)
{
	return DirectFunctionCall1(namein, CStringGetDatum(name));
}

/* model_columns(population_id, version): compiles the version, or says why not. */
Datum
clientele_model_columns(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	ClienteleEngine *engine;

	InitMaterializedSRF(fcinfo, 0);
	engine = clientele_engine_get(PG_GETARG_INT32(0), PG_GETARG_INT32(1));
	for (int i = 0; i < engine->noutputs; i++)
	{
		const ClienteleOutput *output = &engine->outputs[i];
		Datum		values[5];
		bool		nulls[5] = {false};

		values[0] = name_datum(output->name);
		values[1] = name_datum(output->definition);
		values[2] = CStringGetTextDatum(role_names[output->role]);
		values[3] = CStringGetTextDatum(format_type_with_typemod(output->type, output->typmod));
		nulls[4] = output->unit == NULL;
		if (output->unit)
			values[4] = CStringGetTextDatum(output->unit);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}

/* failed_values(population_id): since the last call in this session. */
Datum
clientele_failed_values(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(clientele_engine_failures(PG_GETARG_INT32(0)));
}
