/*
 * quiet_stream.c
 *		The rows with one key, read from tables without a predicate lock.
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
#include "quiet_read.h"
#include "quiet_stream.h"

struct ClienteleQuietRows
{
	Tuplesortstate *rows;		/* all of them; spills to disk if need be */
	TupleTableSlot *slot;
};

/* A plain table, without row security, all of which the current user may read. */
bool
clientele_can_read_quietly(Oid relation)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relation));
	Form_pg_class form;
	bool		can;

	if (!HeapTupleIsValid(tuple))
		return false;
	form = (Form_pg_class) GETSTRUCT(tuple);
	can = form->relkind == RELKIND_RELATION && !form->relhassubclass && form->relam == HEAP_TABLE_AM_OID &&
		pg_class_aclcheck(relation, GetUserId(), ACL_SELECT) == ACLCHECK_OK &&
		check_enable_rls(relation, InvalidOid, true) == RLS_NONE;
	ReleaseSysCache(tuple);
	return can;
}

/* What compares a column of a btree family with a key for equality. */
static Oid
equality(Oid family, Oid column_type, Oid key_type)
{
	Oid			operator = get_opfamily_member(family, column_type, key_type, BTEqualStrategyNumber);

	return OidIsValid(operator) ? get_opcode(operator) : InvalidOid;
}

/* An index that begins with the column, open; NULL if there is none. */
static Relation
open_index(Relation table, AttrNumber column)
{
	List	   *indexes = RelationGetIndexList(table);
	ListCell   *cell;

	foreach(cell, indexes)
	{
		Relation	index = index_open(lfirst_oid(cell), AccessShareLock);

		if (index->rd_rel->relam == BTREE_AM_OID && index->rd_index->indisvalid && !index->rd_index->indcheckxmin &&
			index->rd_index->indkey.values[0] == column && RelationGetIndexPredicate(index) == NIL &&
			index->rd_indcollation[0] == TupleDescAttr(RelationGetDescr(table), column - 1)->attcollation)
			return index;
		index_close(index, AccessShareLock);
	}
	return NULL;
}

/* The condition that column `number` of the index, or of the table, equals the key. */
static void
set_scan_key(ScanKey scan_key, Relation table, AttrNumber column, AttrNumber number, Oid family, Oid key_type, Datum key)
{
	Form_pg_attribute attribute = TupleDescAttr(RelationGetDescr(table), column - 1);
	Oid			type = getBaseType(attribute->atttypid);
	Oid			procedure;

	type = type == VARCHAROID ? TEXTOID : type;
	key_type = key_type == VARCHAROID ? TEXTOID : key_type;
	procedure = equality(family, type, key_type);
	if (!OidIsValid(procedure))
		elog(ERROR, "a %s cannot be compared with a %s", format_type_be(type), format_type_be(key_type));
	ScanKeyEntryInitialize(scan_key, 0, number, BTEqualStrategyNumber, key_type, attribute->attcollation, procedure, key);
}

static void
put_row(ClienteleQuietRows *rows, const ClienteleQuietTable *from, Relation table, HeapTuple tuple)
{
	TupleTableSlot *slot = rows->slot;

	ExecClearTuple(slot);
	slot->tts_values[0] = Int64GetDatum(1);
	slot->tts_isnull[0] = false;
	for (int i = 0; i < from->ncolumns; i++)
		slot->tts_values[i + 1] = heap_getattr(tuple, from->columns[i], RelationGetDescr(table), &slot->tts_isnull[i + 1]);
	ExecStoreVirtualTuple(slot);
	tuplesort_puttupleslot(rows->rows, slot);
}

static void
read_table(ClienteleQuietRows *rows, const ClienteleQuietTable *from, Oid key_type, Datum key, Snapshot snapshot)
{
	Relation	table = table_open(from->relation, AccessShareLock);
	Relation	index = open_index(table, from->key);
	Oid			column_type = getBaseType(TupleDescAttr(RelationGetDescr(table), from->key - 1)->atttypid);
	ScanKeyData scan_key;
	ClienteleQuietRead *scan;
	HeapTuple	tuple;

	set_scan_key(&scan_key, table, from->key, index ? 1 : from->key,
				 index ? index->rd_opfamily[0] : get_opclass_family(GetDefaultOpClass(column_type, BTREE_AM_OID)),
				 key_type, key);
	scan = clientele_quiet_read_begin(table, index, snapshot, 1, &scan_key);
	while ((tuple = clientele_quiet_read_next(scan)) != NULL)
		put_row(rows, from, table, tuple);
	clientele_quiet_read_end(scan);
	if (index)
		index_close(index, AccessShareLock);
	table_close(table, AccessShareLock);
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

ClienteleQuietRows *
clientele_quiet_rows_read(int ntables, const ClienteleQuietTable *tables, Oid key_type, Datum key,
						  bool sorted, Snapshot snapshot)
{
	ClienteleQuietRows *rows = palloc(sizeof(ClienteleQuietRows));
	TupleDesc	type = row_type(&tables[0]);
	AttrNumber	column = sorted ? 2 : 1;
	Oid			column_type = TupleDescAttr(type, column - 1)->atttypid;
	Oid			greater = lookup_type_cache(column_type, TYPECACHE_GT_OPR)->gt_opr;
	Oid			collation = InvalidOid;
	bool		nulls_first = false;

	rows->slot = MakeSingleTupleTableSlot(type, &TTSOpsVirtual);
	rows->rows = tuplesort_begin_heap(type, 1, &column, &greater, &collation, &nulls_first, work_mem, NULL, TUPLESORT_NONE);
	for (int i = 0; i < ntables; i++)
		read_table(rows, &tables[i], key_type, key, snapshot);
	tuplesort_performsort(rows->rows);
	ExecDropSingleTupleTableSlot(rows->slot);
	rows->slot = MakeSingleTupleTableSlot(type, &TTSOpsMinimalTuple);
	return rows;
}

TupleTableSlot *
clientele_quiet_rows_next(ClienteleQuietRows *rows)
{
	return tuplesort_gettupleslot(rows->rows, true, false, rows->slot, NULL) ? rows->slot : NULL;
}

void
clientele_quiet_rows_end(ClienteleQuietRows *rows)
{
	tuplesort_end(rows->rows);
	ExecDropSingleTupleTableSlot(rows->slot);
	pfree(rows);
}
