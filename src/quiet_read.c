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
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "utils/snapmgr.h"

#include "compat.h"
#include "quiet_read.h"

struct ClienteleQuietRead
{
	Relation	table;
	Snapshot	snapshot;
	TableScanDesc whole;		/* either this ... */
	IndexScanDesc by_index;		/* ... or this */
	Buffer		buffer;			/* by index: page of the latest row, pinned */
	HeapTupleData tuple;		/* by index: the latest row */
};

ClienteleQuietRead *
clientele_quiet_read_begin(Relation table, Relation index, Snapshot snapshot, int nkeys, ScanKey keys)
{
	ClienteleQuietRead *scan = palloc0(sizeof(ClienteleQuietRead));

	Assert(IsMVCCSnapshot(snapshot));
	if (table->rd_tableam != GetHeapamTableAmRoutine())
		elog(ERROR, "table \"%s\" is not a heap", RelationGetRelationName(table));
	scan->table = table;
	scan->snapshot = snapshot;
	scan->buffer = InvalidBuffer;
	if (index)
	{
		scan->by_index = clientele_index_beginscan(table, index, SnapshotAny, nkeys);
		index_rescan(scan->by_index, keys, nkeys, NULL, 0);
	}
	else
		scan->whole = table_beginscan_strat(table, SnapshotAny, nkeys, keys, true, false);
	return scan;
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

/*
 * Looks for a visible row among the versions at one place of the index; they are
 * all on one page.  Says whether all are dead to everyone.
 */
static bool
visible_version(ClienteleQuietRead *scan, ItemPointer place, bool *all_dead)
{
	ItemPointerData version = *place;
	bool		visible = false;
	bool		first = true;

	scan->buffer = ReleaseAndReadBuffer(scan->buffer, scan->table, ItemPointerGetBlockNumber(&version));
	LockBuffer(scan->buffer, BUFFER_LOCK_SHARE);
	*all_dead = true;
	while (heap_hot_search_buffer(&version, scan->table, scan->buffer, SnapshotAny, &scan->tuple, NULL, first))
	{
		visible = HeapTupleSatisfiesVisibility(&scan->tuple, scan->snapshot, scan->buffer);
		if (visible)
			break;
		*all_dead = *all_dead && !RecoveryInProgress() &&
			HeapTupleIsSurelyDead(&scan->tuple, GlobalVisTestFor(scan->table));
		first = false;
	}
	LockBuffer(scan->buffer, BUFFER_LOCK_UNLOCK);
	return visible;
}

static HeapTuple
next_by_index(ClienteleQuietRead *scan)
{
	ItemPointer place;

	while ((place = index_getnext_tid(scan->by_index, ForwardScanDirection)) != NULL)
	{
		bool		all_dead;

		CHECK_FOR_INTERRUPTS();
		if (visible_version(scan, place, &all_dead))
			return &scan->tuple;

		/* As PostgreSQL does, so that nobody has to walk over it again. */
		if (!scan->by_index->xactStartedInRecovery)
			scan->by_index->kill_prior_tuple = all_dead;
	}
	return NULL;
}

HeapTuple
clientele_quiet_read_next(ClienteleQuietRead *scan)
{
	return scan->whole ? next_of_whole(scan) : next_by_index(scan);
}

void
clientele_quiet_read_end(ClienteleQuietRead *scan)
{
	if (BufferIsValid(scan->buffer))
		ReleaseBuffer(scan->buffer);
	if (scan->by_index)
		index_endscan(scan->by_index);
	if (scan->whole)
		table_endscan(scan->whole);
	pfree(scan);
}
