/*
 * engine_columns.c
 *		What SQL asks of an engine itself: the columns that a version's rows have, for
 *		those who make tables of them (model_columns); whether a foreign table has them;
 *		and how many values could not be had.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/rel.h"

#include "compat.h"
#include "engine/engine_catalog.h"

PG_FUNCTION_INFO_V1(clientele_model_columns);
PG_FUNCTION_INFO_V1(clientele_failed_values);

static const char *const role_names[] = {
	[CLIENTELE_OUTPUT_VALUE] = "value",
	[CLIENTELE_OUTPUT_ELAPSED] = "elapsed",
	[CLIENTELE_OUTPUT_LABEL] = "label",
	[CLIENTELE_OUTPUT_SCORE] = "score",
	[CLIENTELE_OUTPUT_PART] = "part"
};

/* The type of a foreign table's column; the first is at place 0. */
static Oid
column_type(const ClienteleEngine *engine, int place)
{
	if (place == 1)
		return engine->key_type;
	if (place > 1 && place < engine->noutputs + 2)
		return engine->outputs[place - 2].type;
	return place == engine->noutputs + 2 ? TEXTARRAYOID : TIMESTAMPTZOID;
}

void
clientele_engine_check_columns(const ClienteleEngine *engine, Relation table, int ntimes)
{
	TupleDesc	columns = RelationGetDescr(table);
	bool		fits = columns->natts == engine->noutputs + 3 + ntimes;

	for (int i = 0; fits && i < columns->natts; i++)
		fits = !TupleDescAttr(columns, i)->attisdropped && TupleDescAttr(columns, i)->atttypid == column_type(engine, i);
	if (!fits)
		ereport(ERROR,
				(errcode(ERRCODE_FDW_INVALID_COLUMN_NUMBER),
				 errmsg("columns of foreign table \"%s\" are not those of version %d of its population",
						RelationGetRelationName(table), engine->version),
				 errhint("It is not to be altered.  If a column that the version reads has got another type, "
						 "give it back its type, or publish again.")));
}

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
