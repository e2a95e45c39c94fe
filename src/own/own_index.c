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
#include "nodes/nodeFuncs.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/relcache.h"

#include "own/own_index.h"

/* Which rows an index is of. */
typedef struct Wanted
{
	AttrNumber	present;		/* those with that column; 0: it takes more to say */
	int			same_as;		/* those of that other index before it; -1: none */
} Wanted;

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
	Wanted	   *wanted;
	bool	   *answers;			/* for the row at hand */
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

/* IS NOT NULL, as most of ours say, needs no evaluation; what another index says has been evaluated for that. */
static Wanted
wanted_of(const KeptIndexes *kept, List *predicate)
{
	Wanted		wanted = {0, -1};
	NullTest   *test = list_length(predicate) == 1 && IsA(linitial(predicate), NullTest) ? linitial(predicate) : NULL;

	if (test != NULL && test->nulltesttype == IS_NOT_NULL && IsA(test->arg, Var))
		wanted.present = ((Var *) test->arg)->varattno;
	for (int i = 0; predicate != NIL && i < kept->count; i++)
		if (equal(kept->infos[i]->ii_Predicate, predicate))
			wanted.same_as = i;
	return wanted;
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
	kept->wanted = palloc(mul_size(list_length(list) + 1, sizeof(Wanted)));
	kept->answers = palloc(mul_size(list_length(list) + 1, sizeof(bool)));
	kept->estate = CreateExecutorState();
	kept->row = MakeSingleTupleTableSlot(CreateTupleDescCopy(RelationGetDescr(table)), &TTSOpsVirtual);
	foreach(cell, list)
	{
		Relation	index = index_open(lfirst_oid(cell), RowExclusiveLock);
		IndexInfo  *info = BuildIndexInfo(index);

		info->ii_PredicateState = ExecPrepareQual(info->ii_Predicate, kept->estate);
		info->ii_ExpressionsState = ExecPrepareExprList(info->ii_Expressions, kept->estate);
		kept->wanted[kept->count] = wanted_of(kept, info->ii_Predicate);
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

/* Whether an index is of the row at hand. */
static bool
is_wanted(KeptIndexes *kept, int number, const bool *nulls, ExprContext *context)
{
	const Wanted *wanted = &kept->wanted[number];

	if (wanted->same_as >= 0)
		return kept->answers[wanted->same_as];
	if (wanted->present > 0)
		return !nulls[wanted->present - 1];
	return ExecQual(kept->infos[number]->ii_PredicateState, context);
}

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

		kept->answers[i] = is_wanted(kept, i, nulls, context);
		if (kept->answers[i] && info->ii_ReadyForInserts && clientele_index_is_updated(info, updated))
			enter(kept, i, table, indexes, place);
	}
	ExecClearTuple(kept->row);
}
