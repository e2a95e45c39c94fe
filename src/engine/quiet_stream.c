/*
 * quiet_stream.c
 *		The rows with one key, read from tables without a predicate lock.
 *
 * An index (key, time) is read against its order, so the newest come first; if it has
 * all columns, it is all that is read.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/skey.h"
#include "access/stratnum.h"
#include "access/table.h"
#include "catalog/pg_am.h"
#include "catalog/pg_class.h"
#include "catalog/pg_index.h"
#include "catalog/pg_opfamily.h"
#include "catalog/pg_type.h"
#include "commands/defrem.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/rls.h"
#include "utils/syscache.h"
#include "utils/tuplesort.h"
#include "utils/typcache.h"

#include "compat.h"
#include "engine/quiet_stream.h"
#include "own/quiet_read.h"

/* How one of the tables is read. */
typedef struct TablePlan
{
	Oid			relation;
	AttrNumber	last;			/* of the columns: as far as rows are taken apart */
	const AttrNumber *columns;	/* in the table, or with `entries` in the index */
	Oid			index;			/* InvalidOid: none, all of the table is read */
	ScanDirection direction;
	bool		entries;		/* the index has all columns */
	ScanKeyData keys[2];		/* the key; and the first column, if ... */
	bool		has_since;		/* ... it can be bounded */
} TablePlan;

struct ClienteleQuietPlan
{
	int			ntables;
	TablePlan  *tables;
	TupleDesc	rows;			/* int8, and the columns */
	bool		indexed;		/* all of them */
	bool		sort;			/* rows do not come as they are wanted */
};

struct ClienteleQuietRows
{
	const ClienteleQuietPlan *plan;
	TupleTableSlot *slot;

	/* a table that is being read ... */
	Relation	table;
	Relation	index;
	ClienteleQuietRead *scan;
	TupleTableSlot *row;		/* of the table; NULL: entries */

	Tuplesortstate *sorted;		/* ... or rows of all, in order; spills to disk if need be */
};

/* ---------- which tables, and how ---------- */

/* What compares a column of a btree family with a key. */
static Oid
comparison(Oid family, Oid column_type, Oid key_type, StrategyNumber strategy)
{
	Oid			operator = get_opfamily_member(family, column_type, key_type, strategy);

	return OidIsValid(operator) ? get_opcode(operator) : InvalidOid;
}

static bool
is_plain(Relation table)
{
	return table->rd_rel->relkind == RELKIND_RELATION && !table->rd_rel->relhassubclass &&
		table->rd_rel->relam == HEAP_TABLE_AM_OID;
}

bool
clientele_quiet_allowed(const ClienteleQuietPlan *plan)
{
	for (int i = 0; i < plan->ntables; i++)
		if (pg_class_aclcheck(plan->tables[i].relation, GetUserId(), ACL_SELECT) != ACLCHECK_OK ||
			check_enable_rls(plan->tables[i].relation, InvalidOid, true) != RLS_NONE)
			return false;
	return true;
}

/* Whether the index, among rows with one key, has those with the greatest in a column at one end. */
static bool
is_ordered_by(Relation index, AttrNumber column)
{
	return index->rd_index->indnkeyatts > 1 && index->rd_index->indkey.values[1] == column &&
		index->rd_opfamily[1] == lookup_type_cache(index->rd_opcintype[1], TYPECACHE_BTREE_OPFAMILY)->btree_opf &&
		!OidIsValid(index->rd_indcollation[1]);
}

/* Where in the index the columns are; NULL if it has not all, as they are in the table. */
static AttrNumber *
index_columns(Relation table, Relation index, const ClienteleQuietTable *from)
{
	AttrNumber *places = palloc(sizeof(AttrNumber) * from->ncolumns);

	for (int i = 0; i < from->ncolumns; i++)
	{
		places[i] = InvalidAttrNumber;
		for (int place = 0; place < index->rd_index->indnatts; place++)
			if (index->rd_index->indkey.values[place] == from->columns[i] &&
				TupleDescAttr(RelationGetDescr(index), place)->atttypid ==
				TupleDescAttr(RelationGetDescr(table), from->columns[i] - 1)->atttypid)
				places[i] = (AttrNumber) (place + 1);
		if (places[i] == InvalidAttrNumber)
			return NULL;
	}
	return places;
}

/* What an index that begins with the key is good for; 0: it cannot be used. */
static int
usefulness(Relation table, Relation index, const ClienteleQuietTable *from, bool sorted)
{
	if (index->rd_rel->relam != BTREE_AM_OID || !index->rd_index->indisvalid || index->rd_index->indcheckxmin ||
		index->rd_index->indkey.values[0] != from->key || RelationGetIndexPredicate(index) != NIL ||
		index->rd_indcollation[0] != TupleDescAttr(RelationGetDescr(table), from->key - 1)->attcollation)
		return 0;
	return 1 + (sorted && is_ordered_by(index, from->columns[0]) ? 2 : 0) + (index_columns(table, index, from) != NULL ? 1 : 0);
}

static Relation
open_best_index(Relation table, const ClienteleQuietTable *from, bool sorted)
{
	List	   *indexes = RelationGetIndexList(table);
	Relation	best = NULL;
	int			best_use = 0;
	ListCell   *cell;

	foreach(cell, indexes)
	{
		Relation	index = index_open(lfirst_oid(cell), AccessShareLock);
		int			use = usefulness(table, index, from, sorted);

		if (use <= best_use)
		{
			index_close(index, AccessShareLock);
			continue;
		}
		if (best)
			index_close(best, AccessShareLock);
		best = index;
		best_use = use;
	}
	list_free(indexes);
	return best;
}

/* The condition that a column of the index, or of the table, equals the key. */
static void
set_key(ScanKey scan_key, Relation table, AttrNumber column, AttrNumber number, Oid family, Oid key_type)
{
	Form_pg_attribute attribute = TupleDescAttr(RelationGetDescr(table), column - 1);
	Oid			type = getBaseType(attribute->atttypid);
	Oid			procedure;

	type = type == VARCHAROID ? TEXTOID : type;
	key_type = key_type == VARCHAROID ? TEXTOID : key_type;
	procedure = comparison(family, type, key_type, BTEqualStrategyNumber);
	if (!OidIsValid(procedure))
		elog(ERROR, "a %s cannot be compared with a %s", format_type_be(type), format_type_be(key_type));
	ScanKeyEntryInitialize(scan_key, 0, number, BTEqualStrategyNumber, key_type, attribute->attcollation, procedure, (Datum) 0);
}

static void
plan_index(TablePlan *plan, Relation table, Relation index, const ClienteleQuietTable *from, bool sorted)
{
	AttrNumber *places = index_columns(table, index, from);

	plan->index = RelationGetRelid(index);
	plan->direction = ForwardScanDirection;
	if (places)
	{
		plan->entries = true;
		plan->columns = places;
	}
	if (sorted && is_ordered_by(index, from->columns[0]))
	{
		plan->direction = index->rd_indoption[1] & INDOPTION_DESC ? ForwardScanDirection : BackwardScanDirection;
		plan->has_since = index->rd_opcintype[1] == TIMESTAMPTZOID;
	}
	if (plan->has_since)
		ScanKeyEntryInitialize(&plan->keys[1], 0, 2, BTGreaterEqualStrategyNumber, TIMESTAMPTZOID, InvalidOid,
							   F_TIMESTAMPTZ_GE, (Datum) 0);
}

/* Whether its rows come as they are wanted. */
static bool
plan_table(TablePlan *plan, const ClienteleQuietTable *from, Oid key_type, bool sorted)
{
	Relation	table = table_open(from->relation, AccessShareLock);
	Relation	index = open_best_index(table, from, sorted);
	Oid			column_type = getBaseType(TupleDescAttr(RelationGetDescr(table), from->key - 1)->atttypid);
	bool		in_order = !sorted || (index && is_ordered_by(index, from->columns[0]));

	plan->relation = from->relation;
	plan->columns = from->columns;
	for (int i = 0; i < from->ncolumns; i++)
		plan->last = Max(plan->last, from->columns[i]);
	set_key(&plan->keys[0], table, from->key, index ? 1 : from->key,
			index ? index->rd_opfamily[0] : get_opclass_family(GetDefaultOpClass(column_type, BTREE_AM_OID)), key_type);
	if (index)
	{
		plan_index(plan, table, index, from, sorted);
		index_close(index, AccessShareLock);
	}
	table_close(table, AccessShareLock);
	return in_order;
}

/* int8, and the columns of a table. */
static TupleDesc
row_type(const ClienteleQuietTable *from)
{
	TupleDesc	type = CreateTemplateTupleDesc(from->ncolumns + 1);

	TupleDescInitEntry(type, 1, NULL, INT8OID, -1, 0);
	for (int i = 0; i < from->ncolumns; i++)
	{
		Oid			column_type;
		int32		typmod;
		Oid			collation;

		get_atttypetypmodcoll(from->relation, from->columns[i], &column_type, &typmod, &collation);
		TupleDescInitEntry(type, i + 2, NULL, column_type, typmod, 0);
		TupleDescInitEntryCollation(type, i + 2, collation);
	}
	return type;
}

static bool
are_plain(int ntables, const ClienteleQuietTable *tables)
{
	for (int i = 0; i < ntables; i++)
	{
		Relation	table = table_open(tables[i].relation, AccessShareLock);
		bool		plain = is_plain(table);

		table_close(table, AccessShareLock);
		if (!plain)
			return false;
	}
	return true;
}

ClienteleQuietPlan *
clientele_quiet_plan(int ntables, const ClienteleQuietTable *tables, Oid key_type, bool sorted)
{
	ClienteleQuietPlan *plan;

	if (!are_plain(ntables, tables))
		return NULL;
	plan = palloc0(sizeof(ClienteleQuietPlan));
	plan->ntables = ntables;
	plan->tables = palloc0(sizeof(TablePlan) * ntables);
	plan->rows = row_type(&tables[0]);
	plan->indexed = true;
	plan->sort = ntables > 1;
	for (int i = 0; i < ntables; i++)
	{
		plan->sort |= !plan_table(&plan->tables[i], &tables[i], key_type, sorted);
		plan->indexed &= OidIsValid(plan->tables[i].index);
	}
	return plan;
}

bool
clientele_quiet_is_indexed(const ClienteleQuietPlan *plan)
{
	return plan->indexed;
}

/* ---------- rows ---------- */

static void
begin_table(ClienteleQuietRows *rows, const TablePlan *plan, Datum key, const TimestampTz *since, Snapshot snapshot)
{
	ScanKeyData keys[2];
	int			nkeys = plan->has_since && since ? 2 : 1;

	memcpy(keys, plan->keys, sizeof(keys));
	keys[0].sk_argument = key;
	if (nkeys > 1)
		keys[1].sk_argument = TimestampTzGetDatum(*since);
	rows->table = table_open(plan->relation, AccessShareLock);
	if (OidIsValid(plan->index))
	{
		rows->index = index_open(plan->index, AccessShareLock);
		rows->scan = clientele_quiet_read_begin_in_order(rows->table, rows->index, plan->direction, plan->entries,
														 snapshot, nkeys, keys);
	}
	else
		rows->scan = clientele_quiet_read_begin(rows->table, NULL, snapshot, nkeys, keys);
	if (!plan->entries)
		rows->row = MakeSingleTupleTableSlot(RelationGetDescr(rows->table), &TTSOpsHeapTuple);
}

static void
end_table(ClienteleQuietRows *rows)
{
	if (rows->row)
		ExecDropSingleTupleTableSlot(rows->row);
	clientele_quiet_read_end(rows->scan);
	if (rows->index)
		index_close(rows->index, AccessShareLock);
	table_close(rows->table, AccessShareLock);
	rows->row = NULL;
	rows->scan = NULL;
	rows->index = rows->table = NULL;
}

/* The next row of the table into the slot. */
static bool
next_of_table(ClienteleQuietRows *rows, const TablePlan *plan)
{
	TupleTableSlot *slot = rows->slot;
	int			ncolumns = rows->plan->rows->natts - 1;

	ExecClearTuple(slot);
	if (plan->entries)
	{
		IndexTuple	entry = clientele_quiet_read_next_entry(rows->scan);

		if (entry == NULL)
			return false;
		for (int i = 0; i < ncolumns; i++)
			slot->tts_values[i + 1] = index_getattr(entry, plan->columns[i], RelationGetDescr(rows->index), &slot->tts_isnull[i + 1]);
	}
	else
	{
		HeapTuple	tuple = clientele_quiet_read_next(rows->scan);

		if (tuple == NULL)
			return false;
		ExecStoreHeapTuple(tuple, rows->row, false);
		slot_getsomeattrs(rows->row, plan->last);
		for (int i = 0; i < ncolumns; i++)
		{
			slot->tts_values[i + 1] = rows->row->tts_values[plan->columns[i] - 1];
			slot->tts_isnull[i + 1] = rows->row->tts_isnull[plan->columns[i] - 1];
		}
	}
	slot->tts_values[0] = Int64GetDatum(1);
	slot->tts_isnull[0] = false;
	ExecStoreVirtualTuple(slot);
	return true;
}

static void
sort_tables(ClienteleQuietRows *rows, Datum key, const TimestampTz *since, Snapshot snapshot)
{
	TupleDesc	type = rows->plan->rows;
	AttrNumber	column = 2;
	Oid			greater = lookup_type_cache(TupleDescAttr(type, 1)->atttypid, TYPECACHE_GT_OPR)->gt_opr;
	Oid			collation = InvalidOid;
	bool		nulls_first = false;

	rows->sorted = tuplesort_begin_heap(type, 1, &column, &greater, &collation, &nulls_first, work_mem, NULL, TUPLESORT_NONE);
	for (int i = 0; i < rows->plan->ntables; i++)
	{
		begin_table(rows, &rows->plan->tables[i], key, since, snapshot);
		while (next_of_table(rows, &rows->plan->tables[i]))
			tuplesort_puttupleslot(rows->sorted, rows->slot);
		end_table(rows);
	}
	tuplesort_performsort(rows->sorted);
	ExecDropSingleTupleTableSlot(rows->slot);
	rows->slot = MakeSingleTupleTableSlot(type, &TTSOpsMinimalTuple);
}

ClienteleQuietRows *
clientele_quiet_rows_read(const ClienteleQuietPlan *plan, Datum key, const TimestampTz *since, Snapshot snapshot)
{
	ClienteleQuietRows *rows = palloc0(sizeof(ClienteleQuietRows));

	rows->plan = plan;
	rows->slot = MakeSingleTupleTableSlot(plan->rows, &TTSOpsVirtual);
	if (plan->sort)
		sort_tables(rows, key, since, snapshot);
	else
		begin_table(rows, &plan->tables[0], key, since, snapshot);
	return rows;
}

TupleTableSlot *
clientele_quiet_rows_next(ClienteleQuietRows *rows)
{
	if (rows->sorted)
		return tuplesort_gettupleslot(rows->sorted, true, false, rows->slot, NULL) ? rows->slot : NULL;
	return next_of_table(rows, &rows->plan->tables[0]) ? rows->slot : NULL;
}

void
clientele_quiet_rows_end(ClienteleQuietRows *rows)
{
	if (rows->sorted)
		tuplesort_end(rows->sorted);
	else
		end_table(rows);
	ExecDropSingleTupleTableSlot(rows->slot);
	pfree(rows);
}
