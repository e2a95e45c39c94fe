/*
 * owner.c
 *		Whose rights count: what is done in an owner's name.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_class.h"
#include "catalog/pg_proc.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "storage/lock.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "compat.h"
#include "own/own_relation.h"
#include "population/owner.h"

PG_FUNCTION_INFO_V1(clientele_owner_query);
PG_FUNCTION_INFO_V1(clientele_lock);
PG_FUNCTION_INFO_V1(clientele_lock_view);

static Oid
population_table(void)
{
	return clientele_own_relation("population");
}

Oid
clientele_extension_owner(void)
{
	Oid			table = population_table();
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(table));
	Oid			owner;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for relation %u", table);
	owner = ((Form_pg_class) GETSTRUCT(tuple))->relowner;
	ReleaseSysCache(tuple);
	return owner;
}

static void
set_locally(const char *name, const char *value)
{
	(void) set_config_option(name, value, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
}

ClienteleRole
clientele_become(Oid role)
{
	ClienteleRole before;

	GetUserIdAndSecContext(&before.user, &before.security);
	before.guc_level = NewGUCNestLevel();
	SetUserIdAndSecContext(role, before.security | SECURITY_LOCAL_USERID_CHANGE |
						   SECURITY_RESTRICTED_OPERATION);
	set_locally("search_path", "pg_catalog, pg_temp");
	set_locally("row_security", "off");

	/* what a refresh executes is run once, and compiling it takes longer than running it */
	set_locally("jit", "off");
	/* a batch of wide rows is sorted and joined in memory */
	if (work_mem < 64 * 1024)
		set_locally("work_mem", "64MB");
	return before;
}

void
clientele_become_again(const ClienteleRole *before)
{
	AtEOXact_GUC(false, before->guc_level);
	SetUserIdAndSecContext(before->user, before->security);
}

int
clientele_population_of_caller(const char *name)
{
	Oid			types[] = {REGROLEOID, TEXTOID};
	Datum		arguments[] = {ObjectIdGetDatum(GetUserId()), CStringGetTextDatum(name)};
	ClienteleRole before = clientele_become(clientele_extension_owner());
	int			population_id;
	bool		isnull;

	if (SPI_execute_with_args("SELECT (clientele.readable_population($1, $2)).population_id",
							  2, types, arguments, NULL, false, 1) != SPI_OK_SELECT)
		elog(ERROR, "the population could not be read");
	population_id = DatumGetInt32(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
	SPI_freetuptable(SPI_tuptable);
	clientele_become_again(&before);
	return population_id;
}

void
clientele_lock_population(int population_id)
{
	LOCKTAG		tag;

	SET_LOCKTAG_OBJECT(tag, MyDatabaseId, population_table(), (Oid) population_id, 0);
	(void) LockAcquire(&tag, ExclusiveLock, false, false);
}

Datum
clientele_lock(PG_FUNCTION_ARGS)
{
	clientele_lock_population(PG_GETARG_INT32(0));
	PG_RETURN_VOID();
}

/* LOCK TABLE would lock what the view reads, too. */
Datum
clientele_lock_view(PG_FUNCTION_ARGS)
{
	LockRelationOid(PG_GETARG_OID(0), AccessExclusiveLock);
	PG_RETURN_VOID();
}

/*
 * A query over tables of the population's owner, in his name; not for callers.  It sees this
 * moment, also what was committed after the transaction's snapshot, before a lock was had; called by
 * its STABLE name it only reads, in the snapshot of the caller's statement.
 */
Datum
clientele_owner_query(PG_FUNCTION_ARGS)
{
	char	   *sql = text_to_cstring(PG_GETARG_TEXT_PP(1));
	ClienteleRole before;
	SPIPlanPtr	plan;
	int			status;

	InitMaterializedSRF(fcinfo, 0);
	SPI_connect();
	before = clientele_become(PG_GETARG_OID(0));
	if (func_volatile(fcinfo->flinfo->fn_oid) == PROVOLATILE_STABLE)
		status = SPI_execute(sql, true, 0);
	else if ((plan = SPI_prepare(sql, 0, NULL)) == NULL)
		status = SPI_result;
	else
		status = SPI_execute_snapshot(plan, NULL, NULL, GetLatestSnapshot(), InvalidSnapshot, false, true, 0);
	if (status < 0)
		elog(ERROR, "the query failed: %s", sql);
	clientele_become_again(&before);
	if (SPI_tuptable != NULL)
		for (uint64 i = 0; i < SPI_processed; i++)
			tuplestore_puttuple(((ReturnSetInfo *) fcinfo->resultinfo)->setResult, SPI_tuptable->vals[i]);
	SPI_finish();
	return (Datum) 0;
}
