/*
 * stored.c
 *		The stored rows of a version: loaded, refreshed, and compared with those of the
 *		version before.
 *
 * What a scan of the engine says of a customer is held against his stored row, byte by
 * byte: values that are equal have equal bytes, because they were made by the same model
 * for the same column.  Were they not, a row would be written once too much.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_index.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "tcop/dest.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

#include "compat.h"
#include "own/written_table.h"
#include "refresh/flips.h"
#include "refresh/stored.h"

/* The columns of what a scan says: the key, the outputs, the tags, due_at. */
#define FRESH_KEY 0
#define FRESH_FIRST_OUTPUT 1

/* ------------------------------------------------------------------
 * Rows by their indexes
 * ------------------------------------------------------------------ */

/* Rows of a table, found by an index or read in its order. */
typedef struct RowScan
{
	Relation	index;
	IndexScanDesc scan;
	ScanDirection direction;
	ScanKeyData condition;		/* on the index's first column */
	TupleTableSlot *slot;
	MemoryContext context;		/* an index scan keeps what it has allocated */
} RowScan;

static void
begin_scan(RowScan *scan, Relation relation, Oid index, ScanDirection direction, int nconditions)
{
	if (!OidIsValid(index))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("table \"%s\" has lost an index", RelationGetRelationName(relation)),
				 errhint("Tables in schema clientele_data are not to be altered.")));
	scan->direction = direction;
	scan->index = index_open(index, AccessShareLock);
	scan->scan = clientele_index_beginscan(relation, scan->index, GetActiveSnapshot(), nconditions);
	scan->slot = table_slot_create(relation, NULL);
	scan->context = CurrentMemoryContext;
}

static Oid
key_index(Relation relation)
{
	list_free(RelationGetIndexList(relation));
	return relation->rd_pkindex;
}

/* To find rows by their keys. */
static void
begin_lookup(RowScan *scan, Relation relation)
{
	Form_pg_attribute key = TupleDescAttr(RelationGetDescr(relation), STORED_KEY);

	begin_scan(scan, relation, key_index(relation), ForwardScanDirection, 1);
	ScanKeyEntryInitialize(&scan->condition, 0, 1, BTEqualStrategyNumber, InvalidOid, key->attcollation,
						   get_opcode(lookup_type_cache(key->atttypid, TYPECACHE_EQ_OPR)->eq_opr), (Datum) 0);
}

/* To read all rows from the greatest key down: so they were loaded, and so they lie. */
static void
begin_ordered(RowScan *scan, Relation relation)
{
	begin_scan(scan, relation, key_index(relation), BackwardScanDirection, 0);
	index_rescan(scan->scan, NULL, 0, NULL, 0);
}

/* To read the rows that have come due, the earliest first. */
static void
begin_due(RowScan *scan, Relation relation, TimestampTz clock)
{
	List	   *indexes = RelationGetIndexList(relation);
	Oid			index = InvalidOid;
	ListCell   *cell;

	foreach(cell, indexes)
	{
		HeapTuple	tuple = SearchSysCache1(INDEXRELID, ObjectIdGetDatum(lfirst_oid(cell)));

		if (!HeapTupleIsValid(tuple))
			elog(ERROR, "cache lookup failed for index %u", lfirst_oid(cell));
		if (((Form_pg_index) GETSTRUCT(tuple))->indkey.values[0] == STORED_DUE_AT + 1)
			index = lfirst_oid(cell);
		ReleaseSysCache(tuple);
	}
	list_free(indexes);
	begin_scan(scan, relation, index, ForwardScanDirection, 1);
	ScanKeyInit(&scan->condition, 1, BTLessEqualStrategyNumber, F_TIMESTAMPTZ_LE, TimestampTzGetDatum(clock));
	index_rescan(scan->scan, &scan->condition, 1, NULL, 0);
}

/* The next row; NULL at the end. */
static TupleTableSlot *
next_row(RowScan *scan)
{
	MemoryContext caller = MemoryContextSwitchTo(scan->context);
	bool		found = index_getnext_slot(scan->scan, scan->direction, scan->slot);

	MemoryContextSwitchTo(caller);
	return found ? scan->slot : NULL;
}

static TupleTableSlot *
row_of(RowScan *scan, Datum key)
{
	scan->condition.sk_argument = key;
	index_rescan(scan->scan, &scan->condition, 1, NULL, 0);
	return next_row(scan);
}

static void
end_scan(RowScan *scan)
{
	index_endscan(scan->scan);
	ExecDropSingleTupleTableSlot(scan->slot);
	index_close(scan->index, AccessShareLock);
}

/* ------------------------------------------------------------------
 * The stored rows of a version, to be written
 * ------------------------------------------------------------------ */

typedef struct Stored
{
	const ClienteleEngine *engine;
	ClienteleWrittenTable *table;
	TupleDesc	columns;
} Stored;

static void
check_columns(const Stored *stored)
{
	const ClienteleEngine *engine = stored->engine;
	TupleDesc	columns = stored->columns;
	bool		fits = columns->natts == engine->noutputs + STORED_FIRST_OUTPUT + 1;

	for (int i = 0; fits && i < columns->natts; i++)
		fits = getBaseType(TupleDescAttr(columns, i)->atttypid) ==
			(i == STORED_KEY ? engine->key_type :
			 i < STORED_FIRST_OUTPUT ? TIMESTAMPTZOID :
			 i - STORED_FIRST_OUTPUT < engine->noutputs ? engine->outputs[i - STORED_FIRST_OUTPUT].type : TEXTARRAYOID);
	if (!fits)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("columns of the stored rows are not those of version %d of their population", engine->version),
				 errhint("Tables in schema clientele_data are not to be altered.  If a column that the version reads has got another type, "
						 "give it back its type, or publish again.")));
}

static Stored
open_stored(const char *population, const ClienteleEngine *engine)
{
	Stored		stored = {.engine = engine};

	stored.table = clientele_write_begin(clientele_data_table(population, "stored", engine->version));
	stored.columns = RelationGetDescr(clientele_write_relation(stored.table));
	check_columns(&stored);
	return stored;
}

static char *
key_text(const ClienteleEngine *engine, Datum key)
{
	Oid			output;
	bool		is_varlena;

	getTypeOutputInfo(engine->key_type, &output, &is_varlena);
	return OidOutputFunctionCall(output, key);
}

/* Makes what a scan says of a customer the row that is written next. */
static void
put_row(const Stored *stored, const Datum *values, const bool *nulls, TimestampTz at)
{
	int			rest = stored->engine->noutputs + 1;	/* outputs and tags */
	TupleTableSlot *row = clientele_write_row(stored->table);
	Datum		due_at = values[FRESH_FIRST_OUTPUT + rest];
	bool		never = nulls[FRESH_FIRST_OUTPUT + rest];

	/* it would stay at this row for ever */
	if (!never && DatumGetTimestampTz(due_at) <= at)
		elog(ERROR, "customer %s as of %s is due at once, at %s", key_text(stored->engine, values[FRESH_KEY]),
			 pstrdup(timestamptz_to_str(at)), timestamptz_to_str(DatumGetTimestampTz(due_at)));
	row->tts_values[STORED_KEY] = values[FRESH_KEY];
	row->tts_isnull[STORED_KEY] = nulls[FRESH_KEY];
	row->tts_values[STORED_EVALUATED_AT] = TimestampTzGetDatum(at);
	row->tts_isnull[STORED_EVALUATED_AT] = false;
	row->tts_values[STORED_DUE_AT] = due_at;
	row->tts_isnull[STORED_DUE_AT] = never;
	memcpy(&row->tts_values[STORED_FIRST_OUTPUT], &values[FRESH_FIRST_OUTPUT], sizeof(Datum) * rest);
	memcpy(&row->tts_isnull[STORED_FIRST_OUTPUT], &nulls[FRESH_FIRST_OUTPUT], sizeof(bool) * rest);
}

/* ------------------------------------------------------------------
 * Loading
 * ------------------------------------------------------------------ */

typedef struct Loader
{
	DestReceiver receiver;		/* first */
	Stored		stored;
} Loader;

static void
begin_load(DestReceiver *self, int operation, TupleDesc columns)
{
	(void) operation;
	if (columns->natts != ((Loader *) self)->stored.columns->natts)
		elog(ERROR, "rows of %d columns cannot be stored", columns->natts);
}

/* A row of the foreign table: as_of, and what a scan says. */
static bool
load_row(TupleTableSlot *slot, DestReceiver *self)
{
	const Stored *stored = &((Loader *) self)->stored;

	slot_getallattrs(slot);
	put_row(stored, slot->tts_values + 1, slot->tts_isnull + 1, DatumGetTimestampTz(slot->tts_values[0]));
	clientele_write_append(stored->table);
	return true;
}

static void
nothing_to_do(DestReceiver *self)
{
	(void) self;
}

int64
clientele_stored_load(const char *population, ClienteleEngine *engine, const char *query,
					  int nargs, Oid *types, Datum *values, const char *nulls)
{
	Loader		loader = {
		.receiver = {
			.receiveSlot = load_row,
			.rStartup = begin_load,
			.rShutdown = nothing_to_do,
			.rDestroy = nothing_to_do,
			.mydest = DestIntoRel
		},
		.stored = open_stored(population, engine)
	};
	SPIExecuteOptions options = {.params = makeParamList(nargs),.dest = &loader.receiver};

	for (int i = 0; i < nargs; i++)
		options.params->params[i] = (ParamExternData)
		{
			.value = values[i],
			.isnull = nulls[i] == 'n',
			.pflags = PARAM_FLAG_CONST,
			.ptype = types[i]
		};

	/* what may run in parallel, may not take one any more */
	(void) GetCurrentTransactionId();
	if (SPI_execute_extended(query, &options) != SPI_OK_SELECT)
		elog(ERROR, "customers could not be evaluated: %s", query);
	clientele_write_end(loader.stored.table);
	return (int64) SPI_processed;
}

/* ------------------------------------------------------------------
 * Refreshing
 * ------------------------------------------------------------------ */

typedef struct RefreshRun
{
	Stored		stored;
	RowScan		old;
	ClienteleScan *scan;
	ClienteleFeed *feed;
	TypeCacheEntry *key_type;
	ClienteleFollowed *followed;
	TimestampTz clock;
	const char *cause;
	MemoryContext scratch;		/* of one customer */
} RefreshRun;

/* Which labels of the scan's customer somebody has pinned or freed since; NULL: none. */
static const bool *
pinned_since(const RefreshRun *run, TimestampTz before)
{
	const ClienteleFollowed *followed = run->followed;
	bool	   *pinned = palloc0(sizeof(bool) * Max(followed->count, 1));
	bool		any = false;

	for (int i = 0; i < followed->count; i++)
		any |= pinned[i] = clientele_scan_pin_changed(run->scan, followed->names[i], before);
	return any ? pinned : NULL;
}

static void
log_flips(const RefreshRun *run, Datum key, TupleTableSlot *old, const Datum *values, const bool *nulls,
		  TimestampTz at, const char *cause)
{
	ClienteleSegments before;
	ClienteleSegments after;

	if (old)
	{
		slot_getallattrs(old);
		before = clientele_segments(run->followed, old->tts_values + STORED_FIRST_OUTPUT, old->tts_isnull + STORED_FIRST_OUTPUT);
	}
	if (values)
	{
		after = clientele_segments(run->followed, values + FRESH_FIRST_OUTPUT, nulls + FRESH_FIRST_OUTPUT);
		after.pinned = pinned_since(run, old ? DatumGetTimestampTz(old->tts_values[STORED_EVALUATED_AT]) : DT_NOBEGIN);
	}
	clientele_feed_log(run->feed, key, old ? &before : NULL, values ? &after : NULL, at, cause);
}

static bool
same_value(Form_pg_attribute column, Datum a, bool a_null, Datum b, bool b_null)
{
	if (a_null || b_null)
		return a_null == b_null;
	return datum_image_eq(a, b, column->attbyval, column->attlen);
}

/* Whether a stored row has the key, due_at, outputs and tags that a scan says. */
static bool
is_as_stored(const RefreshRun *run, TupleTableSlot *old, const Datum *values, const bool *nulls)
{
	int			rest = run->stored.engine->noutputs + 1;
	TupleDesc	columns = run->stored.columns;

	slot_getallattrs(old);
	if (!same_value(TupleDescAttr(columns, STORED_KEY), old->tts_values[STORED_KEY], false, values[FRESH_KEY], false) ||
		!same_value(TupleDescAttr(columns, STORED_DUE_AT), old->tts_values[STORED_DUE_AT], old->tts_isnull[STORED_DUE_AT],
					values[FRESH_FIRST_OUTPUT + rest], nulls[FRESH_FIRST_OUTPUT + rest]))
		return false;
	for (int i = 0; i < rest; i++)
	{
		int			s = STORED_FIRST_OUTPUT + i;
		int			f = FRESH_FIRST_OUTPUT + i;

		if (!same_value(TupleDescAttr(columns, s), old->tts_values[s], old->tts_isnull[s], values[f], nulls[f]))
			return false;
	}
	return true;
}

/* What a scan says of a customer; whether a row was written. */
static bool
store_customer(RefreshRun *run, Datum *values, bool *nulls, TimestampTz at)
{
	TupleTableSlot *old = row_of(&run->old, values[FRESH_KEY]);

	if (old && is_as_stored(run, old, values, nulls))
		return false;
	log_flips(run, values[FRESH_KEY], old, values, nulls, at, run->cause);
	put_row(&run->stored, values, nulls, at);
	if (old)
		clientele_write_update(run->stored.table, old);
	else
		clientele_write_append(run->stored.table);
	return true;
}

/* A customer who is not there, as far as evaluations can see. */
static bool
remove_customer(RefreshRun *run, Datum key)
{
	TupleTableSlot *old = row_of(&run->old, key);

	if (old == NULL)
		return false;
	log_flips(run, key, old, NULL, NULL, run->clock, "fact");
	clientele_write_delete(run->stored.table, old);
	return true;
}

/* Whether the scan has come to the customer at that place of the list. */
static bool
is_next(const RefreshRun *run, const ClienteleScan *scan, Datum key, const ClienteleKeys *customers, int place)
{
	return clientele_scan_as_of(scan) == customers->instants[place] &&
		DatumGetInt32(FunctionCall2Coll(&run->key_type->cmp_proc_finfo, run->stored.engine->key_collation,
										key, customers->list[place])) == 0;
}

/* The scan goes along the list, and passes those who are not there. */
static int64
store_customers(RefreshRun *run, const ClienteleKeys *customers)
{
	ClienteleScan *scan = run->scan;
	int			nvalues = run->stored.engine->noutputs + 3;
	Datum	   *values = palloc(sizeof(Datum) * nvalues);
	bool	   *nulls = palloc(sizeof(bool) * nvalues);
	bool		found = clientele_scan_next(scan, values, nulls);
	int64		written = 0;
	MemoryContext caller = MemoryContextSwitchTo(run->scratch);

	for (int i = 0; i < customers->nlist; i++)
	{
		if (found && is_next(run, scan, values[FRESH_KEY], customers, i))
		{
			written += store_customer(run, values, nulls, customers->instants[i]);
			MemoryContextReset(run->scratch);
			found = clientele_scan_next(scan, values, nulls);
		}
		else
			written += remove_customer(run, customers->list[i]);
	}
	MemoryContextSwitchTo(caller);
	if (found)
		elog(ERROR, "customer %s was evaluated out of turn", key_text(run->stored.engine, values[FRESH_KEY]));
	return written;
}

/*
 * A batch has a snapshot of its own, younger than all that the transaction has done, and
 * memory of its own.
 */
typedef struct Batch
{
	MemoryContext caller;
	MemoryContext context;
	Snapshot	snapshot;
} Batch;

static Batch
begin_batch(void)
{
	Batch		batch;

	CommandCounterIncrement();
	PushActiveSnapshot(GetTransactionSnapshot());
	batch.snapshot = RegisterSnapshot(GetActiveSnapshot());
	batch.context = AllocSetContextCreate(CurrentMemoryContext, "clientele stored rows", ALLOCSET_DEFAULT_SIZES);
	batch.caller = MemoryContextSwitchTo(batch.context);
	return batch;
}

static void
end_batch(const Batch *batch)
{
	UnregisterSnapshot(batch->snapshot);
	PopActiveSnapshot();
	MemoryContextSwitchTo(batch->caller);
	MemoryContextDelete(batch->context);
}

static void
evaluate_and_store(const Batch *batch, const char *population, ClienteleEngine *engine, const ClienteleKeys *customers,
				   TimestampTz clock, const char *cause, ClienteleTally *tally)
{
	RefreshRun	run = {.clock = clock,.cause = cause};

	run.stored = open_stored(population, engine);
	run.key_type = lookup_type_cache(engine->key_type, TYPECACHE_CMP_PROC_FINFO);
	run.scratch = AllocSetContextCreate(batch->context, "clientele customer", ALLOCSET_DEFAULT_SIZES);
	begin_lookup(&run.old, clientele_write_relation(run.stored.table));
	run.followed = clientele_followed(engine);
	run.feed = clientele_feed_open(population, engine->key_type, engine->version, clock, run.followed->count, run.followed->names);
	run.scan = clientele_scan_begin(engine, customers->instants[0], customers, batch->snapshot);

	tally->asked += customers->nlist;
	tally->written += store_customers(&run, customers);

	clientele_scan_end(run.scan);
	end_scan(&run.old);
	clientele_write_end(run.stored.table);
	tally->logged += clientele_feed_close(run.feed);
}

void
clientele_stored_refresh(const char *population, ClienteleEngine *engine, Datum *keys, int nkeys,
						 TimestampTz clock, ClienteleTally *tally)
{
	Batch		batch = begin_batch();
	TimestampTz *instants = palloc(mul_size(sizeof(TimestampTz), nkeys));
	ClienteleKeys customers = {.kind = CLIENTELE_KEYS_LIST,.list = keys,.nlist = nkeys,.instants = instants};

	for (int i = 0; i < nkeys; i++)
		instants[i] = clock;
	evaluate_and_store(&batch, population, engine, &customers, clock, "fact", tally);
	end_batch(&batch);
}

/* ------------------------------------------------------------------
 * Stepping
 * ------------------------------------------------------------------ */

typedef struct Due
{
	Datum		key;
	TimestampTz at;
} Due;

/* By instants, and by keys where these are equal. */
static int
compare_due(const void *a, const void *b, void *engine)
{
	const Due  *first = a;
	const Due  *second = b;
	FmgrInfo   *compare;

	if (first->at != second->at)
		return first->at < second->at ? -1 : 1;
	compare = &lookup_type_cache(((ClienteleEngine *) engine)->key_type, TYPECACHE_CMP_PROC_FINFO)->cmp_proc_finfo;
	return DatumGetInt32(FunctionCall2Coll(compare, ((ClienteleEngine *) engine)->key_collation, first->key, second->key));
}

/* The rows that came due first, at most so many. */
static int
read_due(const char *population, ClienteleEngine *engine, TimestampTz clock, int limit, Due **result)
{
	Relation	relation = table_open(clientele_data_table(population, "stored", engine->version), AccessShareLock);
	Form_pg_attribute key = TupleDescAttr(RelationGetDescr(relation), STORED_KEY);
	int			allocated = 64;
	Due		   *due = palloc(sizeof(Due) * allocated);
	int			count = 0;
	TupleTableSlot *row;
	RowScan		scan;

	begin_due(&scan, relation, clock);
	while (count < limit && (row = next_row(&scan)) != NULL)
	{
		CHECK_FOR_INTERRUPTS();
		if (count == allocated)
		{
			allocated *= 2;
			due = repalloc_huge(due, mul_size(sizeof(Due), allocated));
		}
		slot_getsomeattrs(row, STORED_DUE_AT + 1);
		due[count].key = datumCopy(row->tts_values[STORED_KEY], key->attbyval, key->attlen);
		due[count++].at = DatumGetTimestampTz(row->tts_values[STORED_DUE_AT]);
	}
	end_scan(&scan);
	table_close(relation, NoLock);
	qsort_arg(due, count, sizeof(Due), compare_due, engine);
	*result = due;
	return count;
}

int
clientele_stored_step(const char *population, ClienteleEngine *engine, TimestampTz clock, int limit, ClienteleTally *tally)
{
	Batch		batch = begin_batch();
	ClienteleKeys customers = {.kind = CLIENTELE_KEYS_LIST};
	TimestampTz *instants;
	Due		   *due;

	customers.nlist = read_due(population, engine, clock, limit, &due);
	customers.list = palloc(mul_size(sizeof(Datum), Max(customers.nlist, 1)));
	customers.instants = instants = palloc(mul_size(sizeof(TimestampTz), Max(customers.nlist, 1)));
	for (int i = 0; i < customers.nlist; i++)
	{
		customers.list[i] = due[i].key;
		instants[i] = due[i].at;
	}
	if (customers.nlist > 0)
		evaluate_and_store(&batch, population, engine, &customers, clock, "time", tally);
	end_batch(&batch);
	return customers.nlist;
}

/* ------------------------------------------------------------------
 * One version in another's place
 * ------------------------------------------------------------------ */

/* Stored rows from the greatest key down, of which only labels and tags count. */
typedef struct SegmentScan
{
	Relation	table;
	RowScan		rows;
	TupleTableSlot *row;		/* NULL: there are no more */
	AttrNumber	tags;
	AttrNumber *labels;			/* 0: this version has none of that name */
	ClienteleSegments segments;
	Datum	   *values;			/* of ->segments ... */
	bool	   *nulls;
	MemoryContext made;			/* ... those that are no text in the table */
} SegmentScan;

/* A label, or the branch, of the row that is read. */
static Datum
read_label(SegmentScan *scan, AttrNumber attribute, bool *isnull)
{
	Datum		value = slot_getattr(scan->row, attribute, isnull);
	MemoryContext caller = MemoryContextSwitchTo(scan->made);

	if (!*isnull)
		value = clientele_label(value, getBaseType(TupleDescAttr(RelationGetDescr(scan->table), attribute - 1)->atttypid));
	MemoryContextSwitchTo(caller);
	return value;
}

static void
read_segments(SegmentScan *scan, int nlabels)
{
	bool		isnull;

	scan->row = next_row(&scan->rows);
	if (scan->row == NULL)
		return;
	slot_getallattrs(scan->row);
	MemoryContextReset(scan->made);
	for (int i = 0; i < nlabels; i++)
	{
		scan->nulls[i] = true;
		if (scan->labels[i] != InvalidAttrNumber)
			scan->values[i] = read_label(scan, scan->labels[i], &scan->nulls[i]);
	}
	scan->segments = (ClienteleSegments)
	{
		scan->values, scan->nulls, slot_getattr(scan->row, scan->tags, &isnull), NULL
	};
}

/* A version that cannot be compiled any more still has its columns. */
static void
begin_segment_scan(SegmentScan *scan, const char *population, int version, int nlabels)
{
	scan->table = table_open(clientele_data_table(population, "stored", version), AccessShareLock);
	if (pg_class_aclcheck(RelationGetRelid(scan->table), GetUserId(), ACL_SELECT) != ACLCHECK_OK)
		aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_TABLE, RelationGetRelationName(scan->table));
	scan->tags = get_attnum(RelationGetRelid(scan->table), "tags");
	if (scan->tags == InvalidAttrNumber)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("table \"%s\" has no column tags any more", RelationGetRelationName(scan->table)),
				 errhint("Tables in schema clientele_data are not to be altered.")));
	begin_ordered(&scan->rows, scan->table);
	scan->labels = palloc0(sizeof(AttrNumber) * Max(nlabels, 1));
	scan->values = palloc0(sizeof(Datum) * Max(nlabels, 1));
	scan->nulls = palloc0(sizeof(bool) * Max(nlabels, 1));
	scan->made = AllocSetContextCreate(CurrentMemoryContext, "clientele labels", ALLOCSET_SMALL_SIZES);
}

static void
end_segment_scan(SegmentScan *scan)
{
	end_scan(&scan->rows);
	table_close(scan->table, NoLock);
}

/* Which of two rows comes first, the greater key; a missing one comes last. */
static int
compare_rows(const SegmentScan *before, const SegmentScan *after, FmgrInfo *compare)
{
	if (before->row == NULL || after->row == NULL)
		return (before->row == NULL) - (after->row == NULL);
	return DatumGetInt32(FunctionCall2Coll(compare, TupleDescAttr(RelationGetDescr(after->table), STORED_KEY)->attcollation,
										   after->row->tts_values[STORED_KEY], before->row->tts_values[STORED_KEY]));
}

static void
log_difference(ClienteleFeed *feed, const SegmentScan *before, const SegmentScan *after, int order, TimestampTz clock)
{
	TupleTableSlot *row = order >= 0 ? after->row : before->row;

	clientele_feed_log(feed, row->tts_values[STORED_KEY], order <= 0 ? &before->segments : NULL, order >= 0 ? &after->segments : NULL,
					   order >= 0 ? DatumGetTimestampTz(row->tts_values[STORED_EVALUATED_AT]) : clock, "publish");
}

int64
clientele_stored_log_switch(const char *population, int old_version, int new_version, TimestampTz clock,
							int nlabels, const ClienteleLabelled *labels)
{
	Batch		batch = begin_batch();
	SegmentScan before = {0};
	SegmentScan after = {0};
	const char **names = palloc(sizeof(char *) * Max(nlabels, 1));
	TypeCacheEntry *key_type;
	ClienteleFeed *feed;
	int64		logged;

	begin_segment_scan(&before, population, old_version, nlabels);
	begin_segment_scan(&after, population, new_version, nlabels);
	for (int i = 0; i < nlabels; i++)
	{
		names[i] = labels[i].name;
		if (labels[i].before)
			before.labels[i] = get_attnum(RelationGetRelid(before.table), labels[i].name);
		if (labels[i].after)
			after.labels[i] = get_attnum(RelationGetRelid(after.table), labels[i].name);
	}
	key_type = lookup_type_cache(TupleDescAttr(RelationGetDescr(after.table), STORED_KEY)->atttypid, TYPECACHE_CMP_PROC_FINFO);
	feed = clientele_feed_open(population, getBaseType(key_type->type_id), new_version, clock, nlabels, names);

	read_segments(&before, nlabels);
	read_segments(&after, nlabels);
	while (before.row || after.row)
	{
		int			order = compare_rows(&before, &after, &key_type->cmp_proc_finfo);

		CHECK_FOR_INTERRUPTS();
		log_difference(feed, &before, &after, order, clock);
		if (order <= 0)
			read_segments(&before, nlabels);
		if (order >= 0)
			read_segments(&after, nlabels);
	}

	end_segment_scan(&before);
	end_segment_scan(&after);
	logged = clientele_feed_close(feed);
	end_batch(&batch);
	return logged;
}
