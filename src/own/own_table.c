/*
 * own_table.c
 *		Rows of our own catalog, found by an index and written one by one.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "commands/sequence.h"
#include "executor/tuptable.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "compat.h"
#include "own/own_index.h"
#include "own/own_relation.h"
#include "own/own_table.h"
#include "own/quiet_read.h"

struct ClienteleOwnTable
{
	Relation	relation;
	ClienteleOpenIndexes indexes;
	Snapshot	as_of;			/* looked at as of it; NULL: as it is this moment */
	Snapshot	snapshot;		/* of rows that are being looked up ... */
	ClienteleQuietRead *scan;	/* NULL: none are */
	TupleTableSlot *row;		/* that is being written; NULL: none yet */
};

static ClienteleOwnTable *
open_table(const char *name, LOCKMODE lock)
{
	ClienteleOwnTable *table = palloc0(sizeof(ClienteleOwnTable));

	table->relation = table_open(clientele_own_relation(name), lock);
	table->indexes.lock = lock;
	table->indexes.context = CurrentMemoryContext;
	Assert(RelationGetNumberOfAttributes(table->relation) <= CLIENTELE_OWN_COLUMNS);
	return table;
}

ClienteleOwnTable *
clientele_own_open(const char *name)
{
	return open_table(name, RowExclusiveLock);
}

ClienteleOwnTable *
clientele_own_open_as_of(const char *name, Snapshot snapshot)
{
	ClienteleOwnTable *table = open_table(name, AccessShareLock);

	table->as_of = snapshot;
	return table;
}

void
clientele_own_look_as_of(ClienteleOwnTable *table, Snapshot snapshot)
{
	table->as_of = snapshot;
}

void
clientele_own_close(ClienteleOwnTable *table)
{
	clientele_own_found(table);
	clientele_close_indexes(&table->indexes);
	if (table->row != NULL)
		ExecDropSingleTupleTableSlot(table->row);
	table_close(table->relation, NoLock);
	pfree(table);
}

/* ---------- looking up ---------- */

/* Of the types that our indexes have. */
static RegProcedure
equality(Oid type)
{
	switch (type)
	{
		case INT2OID:
			return F_INT2EQ;
		case INT4OID:
			return F_INT4EQ;
		case INT8OID:
			return F_INT8EQ;
		case TEXTOID:
			return F_TEXTEQ;
		case NAMEOID:
			return F_NAMEEQ;
		default:
			elog(ERROR, "no index of clientele is on a column of type %u", type);
			return InvalidOid;
	}
}

void
clientele_own_key_equal(ScanKey key, AttrNumber place, Oid type, Datum value)
{
	clientele_own_key(key, place, BTEqualStrategyNumber, equality(type), value);
}

void
clientele_own_key(ScanKey key, AttrNumber place, StrategyNumber strategy, RegProcedure function, Datum value)
{
	ScanKeyEntryInitialize(key, 0, place, strategy, InvalidOid, C_COLLATION_OID, function, value);
}

void
clientele_own_keys_of(ScanKey keys, int population_id, const char *text)
{
	clientele_own_key_equal(&keys[0], 1, TEXTOID, CStringGetTextDatum(text));
	clientele_own_key_equal(&keys[1], 2, INT4OID, Int32GetDatum(population_id));
}

void
clientele_own_find(ClienteleOwnTable *table, const char *index, int nkeys, ScanKey keys)
{
	Relation	relation = clientele_open_index(&table->indexes, clientele_own_relation(index));

	clientele_own_found(table);
	table->snapshot = RegisterSnapshot(table->as_of ? table->as_of : GetLatestSnapshot());
	table->scan = clientele_quiet_read_begin(table->relation, relation, table->snapshot, nkeys, keys);
}

static bool
next_row(ClienteleOwnTable *table, ClienteleOwnRow *row, bool copy)
{
	HeapTuple	tuple = clientele_quiet_read_next(table->scan);

	if (tuple == NULL)
		return false;
	if (copy)
		tuple = heap_copytuple(tuple);
	row->place = tuple->t_self;
	heap_deform_tuple(tuple, RelationGetDescr(table->relation), row->values, row->nulls);
	return true;
}

bool
clientele_own_next(ClienteleOwnTable *table, ClienteleOwnRow *row)
{
	return next_row(table, row, true);
}

bool
clientele_own_next_in_place(ClienteleOwnTable *table, ClienteleOwnRow *row)
{
	return next_row(table, row, false);
}

void
clientele_own_found(ClienteleOwnTable *table)
{
	if (table->scan == NULL)
		return;
	clientele_quiet_read_end(table->scan);
	UnregisterSnapshot(table->snapshot);
	table->scan = NULL;
}

bool
clientele_own_get(ClienteleOwnTable *table, const char *index, int nkeys, ScanKey keys, ClienteleOwnRow *row)
{
	bool		found;

	clientele_own_find(table, index, nkeys, keys);
	found = clientele_own_next(table, row);
	clientele_own_found(table);
	return found;
}

/* ---------- writing ---------- */

static TupleTableSlot *
slot_of(ClienteleOwnTable *table, const ClienteleOwnRow *row)
{
	int			ncolumns = RelationGetNumberOfAttributes(table->relation);

	clientele_own_found(table);
	if (table->row == NULL)
		table->row = table_slot_create(table->relation, NULL);
	ExecClearTuple(table->row);
	memcpy(table->row->tts_values, row->values, ncolumns * sizeof(Datum));
	memcpy(table->row->tts_isnull, row->nulls, ncolumns * sizeof(bool));
	return ExecStoreVirtualTuple(table->row);
}

void
clientele_own_insert(ClienteleOwnTable *table, const ClienteleOwnRow *row)
{
	TupleTableSlot *slot = slot_of(table, row);

	table_tuple_insert(table->relation, slot, GetCurrentCommandId(true), 0, NULL);
	clientele_own_enter(table->relation, &table->indexes, &slot->tts_tid, row->values, row->nulls, CLIENTELE_ALL_INDEXES);
	CommandCounterIncrement();
}

void
clientele_own_update(ClienteleOwnTable *table, const ClienteleOwnRow *row)
{
	ItemPointerData place = row->place;
	TupleTableSlot *slot = slot_of(table, row);
	ClienteleUpdatedIndexes updated;

	simple_table_tuple_update(table->relation, &place, slot, GetActiveSnapshot(), &updated);
	if (updated)
		clientele_own_enter(table->relation, &table->indexes, &slot->tts_tid, row->values, row->nulls, updated);
	CommandCounterIncrement();
}

void
clientele_own_delete(ClienteleOwnTable *table, const ClienteleOwnRow *row)
{
	ItemPointerData place = row->place;

	clientele_own_found(table);
	simple_table_tuple_delete(table->relation, &place, GetActiveSnapshot());
	CommandCounterIncrement();
}

int64
clientele_own_number(const char *sequence)
{
	return nextval_internal(clientele_own_relation(sequence), false);
}
