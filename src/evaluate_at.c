/*
 * evaluate_at.c
 *		Customers, each evaluated at an instant of his own, by one scan.
 *
 * What a foreign table `all` says for one as_of after the other, without a scan for
 * each: a refresh steps rows from where they came due.
 */
#include "postgres.h"

#include "access/table.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "compat.h"
#include "engine.h"
#include "fdw.h"
#include "population.h"
#include "owner.h"
#include "reader.h"

PG_FUNCTION_INFO_V1(clientele_evaluate_at);

/* The foreign table `all` whose row type that is, opened. */
static Relation
table_of(Oid row_type, ClienteleForeignOptions *options)
{
	Oid			table = get_typ_typrelid(row_type);

	if (OidIsValid(table) && get_rel_relkind(table) == RELKIND_FOREIGN_TABLE)
	{
		LockRelationOid(table, AccessShareLock);
		clientele_foreign_options(table, options);
		if (options->rows == CLIENTELE_FOREIGN_ALL)
			return table_open(table, NoLock);
	}
	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("type %s is not that of the customers of a version", format_type_be(row_type)),
			 errhint("Pass a row of a foreign table with rows 'all', for example NULL::clientele_data.customer_all_1.")));
}

static void
check_caller(const ClientelePopulation *population)
{
	if (!has_privs_of_role(GetUserId(), population->owner))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("only the owner of population \"%s\" may have its customers evaluated so", NameStr(population->name)),
				 errhint("Use the population's view, or profile(%s, key, as_of).",
						 quote_literal_cstr(NameStr(population->name)))));
}

static void
refuse_arrays(const char *why)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("keys and instants do not make pairs: %s", why),
			 errhint("Pass an instant for each key, in ascending order, for example ARRAY[7, 3], ARRAY['2026-03-01', '2026-03-02']::timestamptz[].")));
}

static int
elements_of(ArrayType *array, Oid type, const char *wrong_type, Datum **elements)
{
	int16		length;
	bool		by_value;
	char		alignment;
	int			count;

	if (ARR_ELEMTYPE(array) != type)
		refuse_arrays(wrong_type);
	if (array_contains_nulls(array))
		refuse_arrays("one is null");
	get_typlenbyvalalign(type, &length, &by_value, &alignment);
	deconstruct_array(array, type, length, by_value, alignment, elements, NULL, &count);
	return count;
}

static void
read_pairs(FunctionCallInfo fcinfo, Oid key_type, ClienteleKeys *keys)
{
	TimestampTz *instants;
	Datum	   *values;

	keys->kind = CLIENTELE_KEYS_LIST;
	keys->nlist = elements_of(PG_GETARG_ARRAYTYPE_P(1), key_type, "the keys are not of the population's type", &keys->list);
	if (elements_of(PG_GETARG_ARRAYTYPE_P(2), TIMESTAMPTZOID, "", &values) != keys->nlist)
		refuse_arrays("they are not of one length");
	instants = palloc(mul_size(sizeof(TimestampTz), Max(keys->nlist, 1)));
	for (int i = 0; i < keys->nlist; i++)
	{
		instants[i] = DatumGetTimestampTz(values[i]);
		if (TIMESTAMP_NOT_FINITE(instants[i]))
			clientele_refuse_eternity();
		if (i > 0 && instants[i] < instants[i - 1])
			refuse_arrays("instants go back");
	}
	keys->instants = instants;
}

static void
put_rows(ReturnSetInfo *result, ClienteleEngine *engine, const ClienteleKeys *keys)
{
	Snapshot	snapshot = RegisterSnapshot(GetActiveSnapshot());
	Datum	   *values = palloc(sizeof(Datum) * (engine->noutputs + 4));
	bool	   *nulls = palloc(sizeof(bool) * (engine->noutputs + 4));
	ClienteleScan *scan = clientele_scan_begin(engine, keys->instants[0], keys, snapshot);

	nulls[0] = false;
	while (clientele_scan_next(scan, values + 1, nulls + 1))
	{
		values[0] = TimestampTzGetDatum(clientele_scan_as_of(scan));
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	clientele_scan_end(scan);
	UnregisterSnapshot(snapshot);
}

/* evaluate_at(NULL::clientele_data."<p>_all_<v>", keys, instants) */
Datum
clientele_evaluate_at(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	ClienteleForeignOptions options;
	Relation	table = table_of(get_fn_expr_argtype(fcinfo->flinfo, 0), &options);
	ClientelePopulation population;
	ClienteleEngine *engine;
	ClienteleKeys keys = {0};
	ClienteleRole caller;

	InitMaterializedSRF(fcinfo, 0);
	clientele_population_get(options.population, &population);
	check_caller(&population);
	caller = clientele_become(population.owner);
	engine = clientele_engine_get(population.id, options.version);
	clientele_engine_check_columns(engine, table, 1);
	table_close(table, NoLock);
	if (!PG_ARGISNULL(1) && !PG_ARGISNULL(2))
		read_pairs(fcinfo, engine->key_type, &keys);
	if (keys.nlist > 0)
		put_rows(result, engine, &keys);
	clientele_become_again(&caller);
	return (Datum) 0;
}
