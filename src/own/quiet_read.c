/*
 * quiet_read.c
 *		Reading tables of our own and leaving no trace in the clinic's transactions.
 *
 * PostgreSQL takes predicate locks for MVCC snapshots only.  So the scan runs
 * under SnapshotAny, which finds every version of every row, and each version is
 * then held against the snapshot here, under the lock of its page.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/heapam.h"
#include "access/relscan.h"
#include "access/tableam.h"
#include "access/visibilitymap.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"

#include "compat.h"
#include "own/quiet_read.h"

struct ClienteleQuietRead
{
	Relation	table;
	Snapshot	snapshot;
	TableScanDesc whole;		/* either this ... */
	IndexScanDesc by_index;		/* ... or this */
	ScanDirection direction;	/* by index */
	MemoryContext context;		/* by index: an index scan keeps what it has allocated */
	bool		hints;			/* by index: dead entries are pointed out to others */
	Buffer		buffer;			/* by index: page of the latest row, pinned */
	XLogRecPtr	page_lsn;		/* by index: of that page, when the row was looked at */
	Buffer		visibility;		/* entries: page of the visibility map, pinned */
	HeapTupleData tuple;		/* by index: the latest row */
};

static ClienteleQuietRead *
begin(Relation table, Snapshot snapshot)
{
	ClienteleQuietRead *scan = palloc0(sizeof(ClienteleQuietRead));

	Assert(IsMVCCSnapshot(snapshot));
	if (table->rd_tableam != GetHeapamTableAmRoutine())
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("table \"%s\" is not a heap", RelationGetRelationName(table)),
				 errhint("Put it back: ALTER TABLE %s SET ACCESS METHOD heap;",
						 quote_qualified_identifier(get_namespace_name(RelationGetNamespace(table)), RelationGetRelationName(table)))));
	scan->table = table;
	scan->snapshot = snapshot;
	scan->buffer = InvalidBuffer;
	scan->visibility = InvalidBuffer;
	return scan;
}

static ClienteleQuietRead *
begin_by_index(Relation table, Relation index, ScanDirection direction, bool entries, bool hints, Snapshot snapshot,
			   int nkeys, ScanKey keys)
{
	ClienteleQuietRead *scan = begin(table, snapshot);

	scan->direction = direction;
	scan->context = CurrentMemoryContext;
	scan->hints = hints;
	scan->by_index = clientele_index_beginscan(table, index, SnapshotAny, nkeys);
	scan->by_index->xs_want_itup = entries;
	index_rescan(scan->by_index, keys, nkeys, NULL, 0);
	return scan;
}

ClienteleQuietRead *
clientele_quiet_read_begin(Relation table, Relation index, Snapshot snapshot, int nkeys, ScanKey keys)
{
	ClienteleQuietRead *scan;

	if (index)
		return begin_by_index(table, index, ForwardScanDirection, false, true, snapshot, nkeys, keys);
	scan = begin(table, snapshot);
	scan->whole = table_beginscan_strat(table, SnapshotAny, nkeys, keys, true, false);
	return scan;
}

ClienteleQuietRead *
clientele_quiet_read_begin_in_order(Relation table, Relation index, ScanDirection direction, bool entries,
									Snapshot snapshot, int nkeys, ScanKey keys)
{
	return begin_by_index(table, index, direction, entries, false, snapshot, nkeys, keys);
}

static HeapTuple
next_of_whole(ClienteleQuietRead *scan)
{
	HeapTuple	tuple;

	while ((tuple = heap_getnext(scan->whole, ForwardScanDirection)) != NULL)
	{
		Buffer		buffer = ((HeapScanDesc) scan->whole)->rs_cbuf;
		bool		visible;

		CHECK_FOR_INTERRUPTS();
		LockBuffer(buffer, BUFFER_LOCK_SHARE);
		visible = HeapTupleSatisfiesVisibility(tuple, scan->snapshot, buffer);
		LockBuffer(buffer, BUFFER_LOCK_UNLOCK);
		if (visible)
			break;
	}
	return tuple;
}

/* Whether all versions at one place of the index, on a page that is locked, are dead to everyone. */
static bool
is_dead(ClienteleQuietRead *scan, ItemPointer place)
{
	GlobalVisState *horizon = GlobalVisTestFor(scan->table);
	ItemPointerData version = *place;
	HeapTupleData tuple;
	bool		first = true;

	while (heap_hot_search_buffer(&version, scan->table, scan->buffer, SnapshotAny, &tuple, NULL, first))
	{
		if (!HeapTupleIsSurelyDead(&tuple, horizon))
			return false;
		first = false;
	}
	return true;
}

/*
 * Where a page has more room than that, it is not tidied at each visit, which would have to look at all of its rows, but
 * when somebody has walked over so many versions of one.
 */
#define MUCH_ROOM (BLCKSZ / 4)
#define MANY_VERSIONS 8

/* Looked at without a lock, like PostgreSQL does: it is a hint. */
static bool
is_crowded(Page page)
{
	return PageIsFull(page) || PageGetHeapFreeSpace(page) < MUCH_ROOM;
}

/* Finds the version that is seen at one place of the index, on a page that is locked; how many it is behind. */
static bool
walk(ClienteleQuietRead *scan, ItemPointer place, int most, int *walked)
{
	ItemPointerData version = *place;

	scan->page_lsn = BufferGetLSNAtomic(scan->buffer);
	for (*walked = 0; *walked < most; (*walked)++)
	{
		if (!heap_hot_search_buffer(&version, scan->table, scan->buffer, SnapshotAny, &scan->tuple, NULL, *walked == 0))
			return false;
		if (HeapTupleSatisfiesVisibility(&scan->tuple, scan->snapshot, scan->buffer))
			return true;
	}
	return false;
}

/*
 * Looks for a visible row among the versions at one place of the index; they are
 * all on one page.  If there is none: whether the place may be forgotten.
 */
static bool
visible_version(ClienteleQuietRead *scan, ItemPointer place, bool *forget)
{
	Buffer		before = scan->buffer;
	int			most = scan->hints ? MANY_VERSIONS : INT_MAX;
	bool		visible;
	int			walked;

	scan->buffer = ReleaseAndReadBuffer(scan->buffer, scan->table, ItemPointerGetBlockNumber(place));
	if (scan->hints && scan->buffer != before && is_crowded(BufferGetPage(scan->buffer)))
		heap_page_prune_opt(scan->table, scan->buffer);
	LockBuffer(scan->buffer, BUFFER_LOCK_SHARE);
	visible = walk(scan, place, most, &walked);
	if (walked == most)
	{
		LockBuffer(scan->buffer, BUFFER_LOCK_UNLOCK);
		heap_page_prune_opt(scan->table, scan->buffer);
		LockBuffer(scan->buffer, BUFFER_LOCK_SHARE);
		visible = walk(scan, place, INT_MAX, &walked);
	}
	*forget = !visible && scan->hints && !scan->by_index->xactStartedInRecovery && is_dead(scan, place);
	LockBuffer(scan->buffer, BUFFER_LOCK_UNLOCK);
	return visible;
}

static ItemPointer
next_tid(ClienteleQuietRead *scan)
{
	MemoryContext caller = MemoryContextSwitchTo(scan->context);
	ItemPointer place = index_getnext_tid(scan->by_index, scan->direction);

	MemoryContextSwitchTo(caller);
	return place;
}

/*
 * Moves to the next place of the index with a row that the snapshot sees.  Whose entries
 * are enough need not look at a page on which everybody sees every row.
 */
static bool
next_place(ClienteleQuietRead *scan, bool entries)
{
	ItemPointer place;

	while ((place = next_tid(scan)) != NULL)
	{
		bool		forget;

		CHECK_FOR_INTERRUPTS();
		if (entries && VM_ALL_VISIBLE(scan->table, ItemPointerGetBlockNumber(place), &scan->visibility))
			return true;
		if (visible_version(scan, place, &forget))
			return true;

		/* As PostgreSQL does, so that nobody has to walk over it again. */
		scan->by_index->kill_prior_tuple = forget;
	}
	return false;
}

HeapTuple
clientele_quiet_read_next(ClienteleQuietRead *scan)
{
	if (scan->whole)
		return next_of_whole(scan);
	return next_place(scan, false) ? &scan->tuple : NULL;
}

XLogRecPtr
clientele_quiet_read_page_lsn(const ClienteleQuietRead *scan)
{
	return scan->page_lsn;
}

IndexTuple
clientele_quiet_read_next_entry(ClienteleQuietRead *scan)
{
	return next_place(scan, true) ? scan->by_index->xs_itup : NULL;
}

void
clientele_quiet_read_end(ClienteleQuietRead *scan)
{
	if (BufferIsValid(scan->buffer))
		ReleaseBuffer(scan->buffer);
	if (BufferIsValid(scan->visibility))
		ReleaseBuffer(scan->visibility);
	if (scan->by_index)
		index_endscan(scan->by_index);
	if (scan->whole)
		table_endscan(scan->whole);
	pfree(scan);
}
