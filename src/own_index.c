/*
 * own_index.c
 *		Entries of our own tables' indexes.
 *
 * What an index wants to know of a row, and of which rows, the executor finds out anew for each statement: for
 * one row that is more work than its entries.  The session keeps it, until PostgreSQL says that the
 * table or one of its indexes has changed.
 */
#include "postgres.h"

#include "access/genam.h"
#include "catalog/index.h"
#include "executor/executor.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/relcache.h"

#include "own_index.h"

typedef struct KeptIndexes
{
	Oid			table;			/* the key */
	bool		valid;
	bool		changed;		/* since it was begun */
	MemoryContext context;		/* of all below; NULL: nothing was kept yet */
	EState	   *estate;
	TupleTableSlot *row;
	int			count;
	Oid		   *indexes;
	IndexInfo **infos;
} KeptIndexes;

static HTAB *kept_indexes = NULL;

/* ---------- open ---------- */

Relation
clientele_open_index(ClienteleOpenIndexes *indexes, Oid index)
{
	MemoryContext caller;
	Relation	relation;
	ListCell   *cell;

	foreach(cell, indexes->open)
		if (RelationGetRelid((Relation) lfirst(cell)) == index)
			return lfirst(cell);
	relation = index_open(index, indexes->lock);
	caller = MemoryContextSwitchTo(indexes->context);
	indexes->open = lappend(indexes->open, relation);
	MemoryContextSwitchTo(caller);
	return relation;
}

void
clientele_close_indexes(ClienteleOpenIndexes *indexes)
{
	ListCell   *cell;

	foreach(cell, indexes->open)
		index_close(lfirst(cell), indexes->lock);
	list_free(indexes->open);
	indexes->open = NIL;
}

/* ---------- kept ---------- */

static bool
has_index(const KeptIndexes *kept, Oid index)
{
	for (int i = 0; i < kept->count; i++)
		if (kept->indexes[i] == index)
			return true;
	return false;
}

static void
forget(Datum arg, Oid relation)
{
	HASH_SEQ_STATUS status;
	KeptIndexes *kept;

	(void) arg;
	hash_seq_init(&status, kept_indexes);
	while ((kept = hash_seq_search(&status)) != NULL)
		if (!OidIsValid(relation) || kept->table == relation || has_index(kept, relation))
		{
			kept->valid = false;
			kept->changed = true;
		}
}

static void
begin_keeping(void)
{
	HASHCTL		control = {.keysize = sizeof(Oid),.entrysize = sizeof(KeptIndexes)};

	kept_indexes = hash_create("clientele indexes", 16, &control, HASH_ELEM | HASH_BLOBS);
	CacheRegisterRelcacheCallback(forget, (Datum) 0);
}

static void
compile(KeptIndexes *kept, Relation table)
{
	MemoryContext caller = MemoryContextSwitchTo(kept->context);
	List	   *list = RelationGetIndexList(table);
	ListCell   *cell;

	kept->changed = false;
	kept->indexes = palloc(mul_size(list_length(list) + 1, sizeof(Oid)));
	kept->infos = palloc(mul_size(list_length(list) + 1, sizeof(IndexInfo *)));
	kept->estate = CreateExecutorState();
	kept->row = MakeSingleTupleTableSlot(CreateTupleDescCopy(RelationGetDescr(table)), &TTSOpsVirtual);
	foreach(cell, list)
	{
		Relation	index = index_open(lfirst_oid(cell), RowExclusiveLock);
		IndexInfo  *info = BuildIndexInfo(index);

		info->ii_PredicateState = ExecPrepareQual(info->ii_Predicate, kept->estate);
		info->ii_ExpressionsState = ExecPrepareExprList(info->ii_Expressions, kept->estate);
		kept->indexes[kept->count] = lfirst_oid(cell);
		kept->infos[kept->count++] = info;
		index_close(index, RowExclusiveLock);
	}
	kept->valid = !kept->changed;
	MemoryContextSwitchTo(caller);
}

static KeptIndexes *
indexes_of(Relation table)
{
	Oid			relation = RelationGetRelid(table);
	KeptIndexes *kept;
	bool		found;

	if (kept_indexes == NULL)
		begin_keeping();
	kept = hash_search(kept_indexes, &relation, HASH_ENTER, &found);
	if (!found)
		memset((char *) kept + sizeof(Oid), 0, sizeof(KeptIndexes) - sizeof(Oid));
	if (kept->valid)
		return kept;
	kept->count = 0;
	if (kept->context != NULL)
		MemoryContextDelete(kept->context);
	kept->context = NULL;
	kept->context = AllocSetContextCreate(CacheMemoryContext, "clientele indexes", ALLOCSET_SMALL_SIZES);
	compile(kept, table);
	return kept;
}

/* ---------- entries ---------- */

static void
enter(KeptIndexes *kept, int number, Relation table, ClienteleOpenIndexes *indexes, ItemPointer place)
{
	IndexInfo	info = *kept->infos[number];	/* what an access method keeps in it is of this row */
	Datum		values[INDEX_MAX_KEYS];
	bool		nulls[INDEX_MAX_KEYS];
	Relation	index = clientele_open_index(indexes, kept->indexes[number]);

	info.ii_Context = CurrentMemoryContext;
	FormIndexDatum(&info, kept->row, kept->estate, values, nulls);
	index_insert(index, values, nulls, place, table, info.ii_Unique ? UNIQUE_CHECK_YES : UNIQUE_CHECK_NO,
				 false, &info);
	clientele_index_insert_cleanup(index, &info);
}

void
clientele_own_enter(Relation table, ClienteleOpenIndexes *indexes, ItemPointer place, const Datum *values, const bool *nulls,
					ClienteleUpdatedIndexes updated)
{
	KeptIndexes *kept = indexes_of(table);
	ExprContext *context = GetPerTupleExprContext(kept->estate);
	int			ncolumns = RelationGetNumberOfAttributes(table);

	ResetExprContext(context);
	ExecClearTuple(kept->row);
	memcpy(kept->row->tts_values, values, ncolumns * sizeof(Datum));
	memcpy(kept->row->tts_isnull, nulls, ncolumns * sizeof(bool));
	context->ecxt_scantuple = ExecStoreVirtualTuple(kept->row);
	for (int i = 0; i < kept->count; i++)
	{
		const IndexInfo *info = kept->infos[i];

		if (info->ii_ReadyForInserts && clientele_index_is_updated(info, updated) && ExecQual(info->ii_PredicateState, context))
			enter(kept, i, table, indexes, place);
	}
	ExecClearTuple(kept->row);
}
