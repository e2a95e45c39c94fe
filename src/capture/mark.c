/*
 * mark.c
 *		The mark table of a population: whose profile may have changed.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/pg_am.h"
#include "catalog/pg_index.h"
#include "catalog/pg_type.h"
#include "executor/tuptable.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "nodes/execnodes.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/relcache.h"
#include "utils/snapmgr.h"

#include "capture/capture.h"
#include "capture/mark.h"
#include "compat.h"
#include "own/quiet_read.h"
#include "refresh/worker.h"

PG_FUNCTION_INFO_V1(clientele_pending_marks);
PG_FUNCTION_INFO_V1(clientele_is_marked);
PG_FUNCTION_INFO_V1(clientele_append_mark_of_everyone);

/* The table's columns. */
enum
{
	MARK_KEY = 1,
	MARK_LINK,
	MARK_LINK_KEY,
	MARK_COLUMNS = MARK_LINK_KEY
};

struct ClienteleMarks
{
	MemoryContext context;		/* where it was opened */
	Relation	table;
	Relation	index;
	Snapshot	snapshot;
	ClienteleQuietRead *whole;	/* NULL before the first */
	bool		everyone;
	int			nlinks;
	ClienteleMark *links;
	char	   *link_key;		/* of the latest mark, or NULL */
};

ClienteleKeyFamily
clientele_key_family(Oid type)
{
	switch (getBaseType(type))
	{
		case INT2OID:
		case INT4OID:
		case INT8OID:
			return CLIENTELE_KEY_INTEGER;
		case UUIDOID:
			return CLIENTELE_KEY_UUID;
		case TEXTOID:
		case VARCHAROID:
			return CLIENTELE_KEY_TEXT;
		default:
			return CLIENTELE_KEY_NONE;
	}
}

static Oid
key_type_of(Relation table)
{
	return getBaseType(TupleDescAttr(RelationGetDescr(table), MARK_KEY - 1)->atttypid);
}

/*
 * Whether a relation is made as mark tables are.  Its owner may have altered it,
 * and it is read and written by the place of its columns.
 */
static bool
is_mark_table(Relation relation)
{
	TupleDesc	descriptor = RelationGetDescr(relation);

	if (relation->rd_rel->relkind != RELKIND_RELATION || relation->rd_tableam != GetHeapamTableAmRoutine() ||
		descriptor->natts != MARK_COLUMNS)
		return false;
	for (int i = 0; i < descriptor->natts; i++)
		if (TupleDescAttr(descriptor, i)->attisdropped || TupleDescAttr(descriptor, i)->attgenerated)
			return false;
	return clientele_key_family(key_type_of(relation)) != CLIENTELE_KEY_NONE &&
		TupleDescAttr(descriptor, MARK_LINK - 1)->atttypid == INT2OID &&
		TupleDescAttr(descriptor, MARK_LINK_KEY - 1)->atttypid == TEXTOID;
}

/*
 * Entries are made without evaluating anything, so an index must be on columns; and
 * nobody waits for an equal mark, so none may be unique.
 */
static bool
index_is_plain(Relation index)
{
	return heap_attisnull(index->rd_indextuple, Anum_pg_index_indexprs, NULL) &&
		heap_attisnull(index->rd_indextuple, Anum_pg_index_indpred, NULL) &&
		!index->rd_index->indisexclusion && !index->rd_index->indisunique;
}

/* ---------- writing ---------- */

static bool
indexes_are_plain(CatalogIndexState indexes)
{
	for (int i = 0; i < indexes->ri_NumIndices; i++)
		if (!index_is_plain(indexes->ri_IndexRelationDescs[i]))
			return false;
	return true;
}

Oid
clientele_mark_relation(const char *population)
{
	Oid			schema = get_namespace_oid("clientele_data", true);
	char	   *name = psprintf("%s_mark", population);
	Oid			relation = OidIsValid(schema) ? get_relname_relid(name, schema) : InvalidOid;

	pfree(name);
	return relation;
}

/* A mark table, ready to be appended to. */
typedef struct Appender
{
	Relation	table;
	CatalogIndexState indexes;	/* NULL = nothing can be appended */
} Appender;

/* False if there is no such table. */
static bool
append_begin(Appender *to, Oid mark_relation)
{
	to->table = try_relation_open(mark_relation, RowExclusiveLock);
	to->indexes = NULL;
	if (to->table == NULL)
		return false;
	if (is_mark_table(to->table))
	{
		to->indexes = CatalogOpenIndexes(to->table);
		if (!indexes_are_plain(to->indexes))
		{
			CatalogCloseIndexes(to->indexes);
			to->indexes = NULL;
		}
	}
	return true;
}

static void
append_end(Appender *to)
{
	if (to->indexes)
	{
		CatalogCloseIndexes(to->indexes);
		clientele_wake_worker_at_commit();
	}

	/* Until the transaction ends the mark must not lose its table. */
	relation_close(to->table, NoLock);
}

/* The indexes learn of a row; they are on columns, and not unique. */
static void
enter(const Appender *to, ItemPointer place, const Datum *values, const bool *nulls)
{
	for (int i = 0; i < to->indexes->ri_NumIndices; i++)
	{
		IndexInfo  *info = to->indexes->ri_IndexRelationInfo[i];
		Datum		index_values[INDEX_MAX_KEYS];
		bool		index_nulls[INDEX_MAX_KEYS];

		if (!info->ii_ReadyForInserts)
			continue;
		for (int column = 0; column < info->ii_NumIndexAttrs; column++)
		{
			index_values[column] = values[info->ii_IndexAttrNumbers[column] - 1];
			index_nulls[column] = nulls[info->ii_IndexAttrNumbers[column] - 1];
		}
		index_insert(to->indexes->ri_IndexRelationDescs[i], index_values, index_nulls, place, to->table,
					 UNIQUE_CHECK_NO, false, info);
	}
}

/* Appends a row to the heap and the indexes, without triggers, rights or row security. */
static void
append(Oid mark_relation, Oid key_type, Datum *values, bool *nulls)
{
	Appender	to;

	if (!append_begin(&to, mark_relation))
		return;
	if (to.indexes)
	{
		HeapTuple	tuple;

		/* Without its type a key is no key, and the mark one of everyone. */
		if (!nulls[MARK_KEY - 1] && key_type != key_type_of(to.table))
			nulls[MARK_KEY - 1] = true;
		tuple = heap_form_tuple(RelationGetDescr(to.table), values, nulls);
		simple_heap_insert(to.table, tuple);
		enter(&to, &tuple->t_self, values, nulls);
		heap_freetuple(tuple);
	}
	append_end(&to);
}

void
clientele_mark_key(Oid mark_relation, Oid key_type, Datum key)
{
	Datum		values[MARK_COLUMNS] = {key, 0, 0};
	bool		nulls[MARK_COLUMNS] = {false, true, true};

	append(mark_relation, key_type, values, nulls);
}

/* As many rows as go through the heap at a time. */
#define MARKS_AT_A_TIME 256

void
clientele_mark_keys(Oid mark_relation, Oid key_type, const Datum *keys, int count)
{
	Appender	to;
	TupleTableSlot *slots[MARKS_AT_A_TIME];
	int			nslots = Min(count, MARKS_AT_A_TIME);

	if (!append_begin(&to, mark_relation))
		return;
	if (!to.indexes || key_type != key_type_of(to.table))
	{
		append_end(&to);
		clientele_mark_everyone(mark_relation);
		return;
	}
	for (int i = 0; i < nslots; i++)
		slots[i] = MakeSingleTupleTableSlot(RelationGetDescr(to.table), &TTSOpsVirtual);
	for (int done = 0; done < count; done += nslots)
	{
		int			rows = Min(count - done, nslots);

		CHECK_FOR_INTERRUPTS();
		for (int i = 0; i < rows; i++)
		{
			ExecClearTuple(slots[i]);
			memset(slots[i]->tts_isnull, true, MARK_COLUMNS * sizeof(bool));
			slots[i]->tts_values[MARK_KEY - 1] = keys[done + i];
			slots[i]->tts_isnull[MARK_KEY - 1] = false;
			ExecStoreVirtualTuple(slots[i]);
		}
		heap_multi_insert(to.table, slots, rows, FirstCommandId, 0, NULL);
		for (int i = 0; i < rows; i++)
			enter(&to, &slots[i]->tts_tid, slots[i]->tts_values, slots[i]->tts_isnull);
	}
	for (int i = 0; i < nslots; i++)
		ExecDropSingleTupleTableSlot(slots[i]);
	append_end(&to);
}

void
clientele_mark_link(Oid mark_relation, int16 link, Datum link_key)
{
	Datum		values[MARK_COLUMNS] = {0, Int16GetDatum(link), link_key};
	bool		nulls[MARK_COLUMNS] = {true, false, false};

	append(mark_relation, InvalidOid, values, nulls);
}

void
clientele_mark_everyone(Oid mark_relation)
{
	Datum		values[MARK_COLUMNS] = {0, 0, 0};
	bool		nulls[MARK_COLUMNS] = {true, true, true};

	append(mark_relation, InvalidOid, values, nulls);
}

/* ---------- reading ---------- */

static void
read_mark(ClienteleMarks *marks, HeapTuple tuple, ClienteleMark *mark)
{
	TupleDesc	descriptor = RelationGetDescr(marks->table);
	Datum		link_key;
	bool		isnull;

	mark->key = heap_getattr(tuple, MARK_KEY, descriptor, &isnull);
	mark->has_key = !isnull;
	mark->link = DatumGetInt16(heap_getattr(tuple, MARK_LINK, descriptor, &isnull));
	link_key = heap_getattr(tuple, MARK_LINK_KEY, descriptor, &isnull);
	mark->has_link = !isnull;
	mark->link_key = mark->has_link ? TextDatumGetCString(link_key) : NULL;
}

static void
refuse(Relation table, const char *reason)
{
	const char *schema = get_namespace_name(RelationGetNamespace(table));
	const char *name = RelationGetRelationName(table);

	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("\"%s.%s\" is not, or no longer, a table of marks", schema, name),
			 errdetail_internal("%s", reason),
			 errhint("A mark table has the columns key, link smallint, link_key text, and CREATE INDEX ON %s (key).",
					 quote_qualified_identifier(schema, name))));
}

/* The index on the key, by which everything but the whole is read. */
static Relation
open_key_index(Relation table)
{
	List	   *indexes = RelationGetIndexList(table);
	Relation	key_index = NULL;
	ListCell   *cell;

	foreach(cell, indexes)
	{
		Relation	index = index_open(lfirst_oid(cell), AccessShareLock);
		Form_pg_index form = index->rd_index;

		if (!index_is_plain(index))
			refuse(table, "It has an index that is unique, or on an expression or a part: no mark is entered.");
		if (!key_index && form->indisvalid && form->indkey.values[0] == MARK_KEY && index->rd_rel->relam == BTREE_AM_OID)
			key_index = index;
		else
			index_close(index, AccessShareLock);
	}
	list_free(indexes);
	if (!key_index)
		refuse(table, "It has no index on its key.");
	return key_index;
}

/* Marks without a key are few; a reader needs to know them before anything else. */
static void
read_marks_without_key(ClienteleMarks *marks)
{
	ScanKeyData key;
	ClienteleQuietRead *scan;
	HeapTuple	tuple;
	int			room = 0;

	ScanKeyEntryInitialize(&key, SK_ISNULL | SK_SEARCHNULL, 1, InvalidStrategy, InvalidOid, InvalidOid, InvalidOid, 0);
	scan = clientele_quiet_read_begin(marks->table, marks->index, marks->snapshot, 1, &key);
	while ((tuple = clientele_quiet_read_next(scan)) != NULL)
	{
		ClienteleMark mark;

		read_mark(marks, tuple, &mark);
		if (!mark.has_link)
		{
			marks->everyone = true;
			continue;
		}
		if (marks->nlinks == room)
		{
			room = Max(8, room * 2);
			marks->links = marks->links ?
				repalloc(marks->links, mul_size(room, sizeof(ClienteleMark))) :
				palloc(mul_size(room, sizeof(ClienteleMark)));
		}
		marks->links[marks->nlinks++] = mark;
	}
	clientele_quiet_read_end(scan);
}

ClienteleMarks *
clientele_marks_open(Oid mark_relation, Snapshot snapshot)
{
	ClienteleMarks *marks = palloc0(sizeof(ClienteleMarks));

	clientele_capture_write();
	marks->context = CurrentMemoryContext;
	marks->table = table_open(mark_relation, AccessShareLock);
	if (!is_mark_table(marks->table))
		refuse(marks->table, "Its columns are others.");
	marks->index = open_key_index(marks->table);
	marks->snapshot = snapshot;
	read_marks_without_key(marks);
	return marks;
}

Oid
clientele_marks_key_type(const ClienteleMarks *marks)
{
	return key_type_of(marks->table);
}

bool
clientele_marks_everyone(const ClienteleMarks *marks)
{
	return marks->everyone;
}

const ClienteleMark *
clientele_marks_links(const ClienteleMarks *marks, int *count)
{
	*count = marks->nlinks;
	return marks->links;
}

bool
clientele_marks_probe(const ClienteleMarks *marks, Datum key)
{
	Relation	index = marks->index;
	Oid			type = index->rd_opcintype[0];
	Oid			equal = get_opfamily_member(index->rd_opfamily[0], type, type, BTEqualStrategyNumber);
	ScanKeyData scan_key;
	ClienteleQuietRead *scan;
	bool		found;

	ScanKeyEntryInitialize(&scan_key, 0, 1, BTEqualStrategyNumber, InvalidOid,
						   index->rd_indcollation[0], get_opcode(equal), key);
	scan = clientele_quiet_read_begin(marks->table, index, marks->snapshot, 1, &scan_key);
	found = clientele_quiet_read_next(scan) != NULL;
	clientele_quiet_read_end(scan);
	return found;
}

bool
clientele_marks_next(ClienteleMarks *marks, ClienteleMark *mark)
{
	MemoryContext caller = MemoryContextSwitchTo(marks->context);
	HeapTuple	tuple;

	if (!marks->whole)
		marks->whole = clientele_quiet_read_begin(marks->table, NULL, marks->snapshot, 0, NULL);
	if (marks->link_key)
		pfree(marks->link_key);
	marks->link_key = NULL;
	tuple = clientele_quiet_read_next(marks->whole);
	if (tuple)
	{
		read_mark(marks, tuple, mark);
		marks->link_key = unconstify(char *, mark->link_key);
	}
	MemoryContextSwitchTo(caller);
	return tuple != NULL;
}

void
clientele_marks_close(ClienteleMarks *marks)
{
	if (marks->whole)
		clientele_quiet_read_end(marks->whole);
	index_close(marks->index, AccessShareLock);
	table_close(marks->table, AccessShareLock);
	for (int i = 0; i < marks->nlinks; i++)
		pfree(unconstify(char *, marks->links[i].link_key));
	if (marks->links)
		pfree(marks->links);
	if (marks->link_key)
		pfree(marks->link_key);
	pfree(marks);
}

/* ---------- what SQL sees of it ---------- */

/* pending_marks(mark_relation regclass) */
Datum
clientele_pending_marks(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	ClienteleMarks *marks;
	ClienteleMark mark;
	Oid			key_type;

	InitMaterializedSRF(fcinfo, 0);
	marks = clientele_marks_open(PG_GETARG_OID(0), GetActiveSnapshot());
	key_type = clientele_marks_key_type(marks);
	while (clientele_marks_next(marks, &mark))
	{
		Datum		values[MARK_COLUMNS] = {0, Int16GetDatum(mark.link), 0};
		bool		nulls[MARK_COLUMNS] = {!mark.has_key, !mark.has_link, !mark.link_key};

		if (mark.has_key)
		{
			Oid			output;
			bool		is_varlena;

			getTypeOutputInfo(key_type, &output, &is_varlena);
			values[0] = CStringGetTextDatum(OidOutputFunctionCall(output, mark.key));
		}
		if (mark.link_key)
			values[2] = CStringGetTextDatum(mark.link_key);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	clientele_marks_close(marks);
	return (Datum) 0;
}

/* is_marked(mark_relation regclass, key text) */
Datum
clientele_is_marked(PG_FUNCTION_ARGS)
{
	ClienteleMarks *marks = clientele_marks_open(PG_GETARG_OID(0), GetActiveSnapshot());
	Oid			input;
	Oid			parameter;
	Datum		key;
	bool		answer;

	getTypeInputInfo(clientele_marks_key_type(marks), &input, &parameter);
	key = OidInputFunctionCall(input, text_to_cstring(PG_GETARG_TEXT_PP(1)), parameter, -1);
	answer = clientele_marks_everyone(marks) || clientele_marks_probe(marks, key);
	clientele_marks_close(marks);
	PG_RETURN_BOOL(answer);
}

/* append_mark_of_everyone(mark_relation regclass) */
Datum
clientele_append_mark_of_everyone(PG_FUNCTION_ARGS)
{
	clientele_mark_everyone(PG_GETARG_OID(0));
	PG_RETURN_VOID();
}
