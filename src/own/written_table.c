/*
 * written_table.c
 *		A table of ours that is being written: rows appended many at a time, updated,
 *		deleted, and their index entries kept.
 *
 * What COPY and logical replication do for any table, without a plan of the executor
 * for each row.
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"

#include "compat.h"
#include "own/written_table.h"

/* Rows that are added at once: more than a page holds, so that most pages are full. */
#define ROWS_AT_ONCE 256

struct ClienteleWrittenTable
{
	Relation	relation;
	EState	   *estate;
	ResultRelInfo *result;
	EPQState	epq;			/* without triggers nobody looks at it */
	BulkInsertState bulk;		/* NULL: nothing has been added yet */
	MemoryContext context;		/* until the end */
	MemoryContext scratch;		/* what one call into the table needs */
	TupleTableSlot *row;		/* of an update */
	int			nrows;			/* to be added */
	TupleTableSlot *rows[ROWS_AT_ONCE];
};

Oid
clientele_data_table(const char *population, const char *kind, int version)
{
	const char *name = version == 0 ? psprintf("%s_%s", population, kind) :
		psprintf("%s_%s_%d", population, kind, version);
	Oid			table = get_relname_relid(name, get_namespace_oid("clientele_data", false));

	if (!OidIsValid(table))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("table clientele_data.%s is missing", quote_identifier(name)),
				 errhint("Tables in schema clientele_data are made with a population and its versions.  Publish again: SELECT clientele.publish(%s);",
						 quote_literal_cstr(population))));
	return table;
}

static void
check_rights(Relation relation)
{
	AclMode		wanted = ACL_INSERT | ACL_UPDATE | ACL_DELETE | ACL_SELECT;

	if (pg_class_aclmask(RelationGetRelid(relation), GetUserId(), wanted, ACLMASK_ALL) != wanted)
		aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_TABLE, RelationGetRelationName(relation));
}

static void
refuse_strange(Relation relation)
{
	const char *what = relation->rd_rel->relkind != RELKIND_RELATION ? "is not a plain table" :
		relation->trigdesc != NULL ? "has triggers" :
		relation->rd_rules != NULL ? "has rules" :
		check_enable_rls(RelationGetRelid(relation), InvalidOid, true) == RLS_ENABLED ? "has row security that its owner is subject to" : NULL;

	if (what)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("table \"%s\" %s, which a refresh would pass by", RelationGetRelationName(relation), what),
				 errhint("Tables in schema clientele_data are not to be altered.  Follow what changes by clientele.changes_since().")));
}

ClienteleWrittenTable *
clientele_write_begin(Oid id)
{
	ClienteleWrittenTable *table = palloc0(sizeof(ClienteleWrittenTable));

	table->relation = table_open(id, RowExclusiveLock);
	check_rights(table->relation);
	refuse_strange(table->relation);
	table->context = CurrentMemoryContext;
	table->scratch = AllocSetContextCreate(CurrentMemoryContext, "clientele written rows", ALLOCSET_DEFAULT_SIZES);
	table->estate = CreateExecutorState();
	table->result = makeNode(ResultRelInfo);
	InitResultRelInfo(table->result, table->relation, 0, NULL, 0);
	ExecOpenIndices(table->result, false);
	table->row = table_slot_create(table->relation, NULL);
	return table;
}

Relation
clientele_write_relation(const ClienteleWrittenTable *table)
{
	return table->relation;
}

TupleTableSlot *
clientele_write_row(ClienteleWrittenTable *table)
{
	return ExecClearTuple(table->row);
}

/* Adds the rows that have been collected. */
static void
flush(ClienteleWrittenTable *table)
{
	MemoryContext caller;

	if (table->nrows == 0)
		return;
	caller = MemoryContextSwitchTo(table->context);
	if (table->bulk == NULL)
		table->bulk = GetBulkInsertState();
	MemoryContextSwitchTo(table->scratch);
	table_multi_insert(table->relation, table->rows, table->nrows, GetCurrentCommandId(true), 0, table->bulk);
	for (int i = 0; i < table->nrows; i++)
	{
		if (table->result->ri_NumIndices > 0)
		{
			list_free(clientele_insert_index_tuples(table->result, table->rows[i], table->estate));
			ResetPerTupleExprContext(table->estate);
		}
		ExecClearTuple(table->rows[i]);
	}
	MemoryContextSwitchTo(caller);
	MemoryContextReset(table->scratch);
	table->nrows = 0;
}

/* The rows that are collected keep what is in them; the caller's memory is not theirs. */
void
clientele_write_append(ClienteleWrittenTable *table)
{
	TupleTableSlot *row = table->row;

	ExecStoreVirtualTuple(row);
	if (table->relation->rd_att->constr)
	{
		ExecConstraints(table->result, row, table->estate);
		ResetPerTupleExprContext(table->estate);
	}
	ExecMaterializeSlot(row);
	if (table->rows[table->nrows] == NULL)
	{
		MemoryContext caller = MemoryContextSwitchTo(table->context);

		table->rows[table->nrows] = table_slot_create(table->relation, NULL);
		MemoryContextSwitchTo(caller);
	}
	table->row = table->rows[table->nrows];
	table->rows[table->nrows++] = row;
	if (table->nrows == ROWS_AT_ONCE)
		flush(table);
}

void
clientele_write_update(ClienteleWrittenTable *table, TupleTableSlot *old)
{
	MemoryContext caller = MemoryContextSwitchTo(table->scratch);

	ExecStoreVirtualTuple(table->row);
	table->estate->es_snapshot = GetActiveSnapshot();
	ExecSimpleRelationUpdate(table->result, table->estate, &table->epq, old, table->row);
	ExecClearTuple(table->row);
	ResetPerTupleExprContext(table->estate);
	MemoryContextSwitchTo(caller);
	MemoryContextReset(table->scratch);
}

void
clientele_write_delete(ClienteleWrittenTable *table, TupleTableSlot *old)
{
	table->estate->es_snapshot = GetActiveSnapshot();
	ExecSimpleRelationDelete(table->result, table->estate, &table->epq, old);
}

void
clientele_write_end(ClienteleWrittenTable *table)
{
	flush(table);
	if (table->bulk)
	{
		FreeBulkInsertState(table->bulk);
		table_finish_bulk_insert(table->relation, 0);
	}
	for (int i = 0; i < ROWS_AT_ONCE && table->rows[i]; i++)
		ExecDropSingleTupleTableSlot(table->rows[i]);
	ExecDropSingleTupleTableSlot(table->row);
	ExecCloseIndices(table->result);
	FreeExecutorState(table->estate);
	MemoryContextDelete(table->scratch);
	table_close(table->relation, NoLock);
	pfree(table);
}
