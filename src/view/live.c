/*
 * live.c
 *		Customers as they are now: stored rows that still hold, and the others
 *		evaluated, in one snapshot and at one instant.
 *
 * Stored rows are read once.  Those that do not hold any more are remembered by
 * their keys, joined by the marked customers, and evaluated in blocks at the end.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/skey.h"
#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/typcache.h"

#include "engine/stream.h"
#include "own/quiet_read.h"
#include "refresh/stored.h"
#include "view/live.h"

/* Columns of the foreign table, from 0 on, and how many beside the outputs. */
#define LIVE_AS_OF 0
#define LIVE_KEY 1
#define LIVE_FIRST_OUTPUT 2
#define LIVE_FIXED 5

struct ClienteleLive
{
	const ClientelePopulation *population;
	int			version;
	Relation	table;			/* the foreign table ... */
	TupleDesc	columns;		/* ... and its columns */
	int			noutputs;		/* and after them the tags */
	ClienteleStale *stale;
	TimestampTz as_of;
	ClienteleKeys keys;
	const List *needed;			/* columns that are looked at; 0 or less: all */
	Snapshot	snapshot;
	MemoryContext context;		/* in which all of this is, and the scan */

	ClienteleStream *stored;	/* NULL once all are read */
	Relation	one_table;		/* one customer is asked for: where the stored row is ... */
	Relation	one_index;
	ClienteleQuietRead *one;	/* ... being read; NULL: no more */
	bool		one_late;		/* ... and whether it does not hold */
	const ClienteleKeyList *marked; /* several are asked for: these are marked; NULL: nobody */
	ClienteleKeyList *late;		/* several: customers to evaluate */
	ClienteleScan *evaluated;	/* they are being; NULL: not begun */
	bool		all_evaluated;
	pg_atomic_uint64 *nevaluated;	/* by all processes of the scan */
};

/* ---------- the stored rows ---------- */

static char *
stored_name(const ClienteleLive *live)
{
	return psprintf("%s_stored_%d", NameStr(live->population->name), live->version);
}

/* What should be a stored row's columns, but is not as it was made, would be misread. */
static void
check_stored(const ClienteleLive *live, TupleDesc columns)
{
	bool		fits = columns->natts == live->noutputs + 4;

	for (int i = 0; fits && i < columns->natts; i++)
		fits = TupleDescAttr(columns, i)->atttypid ==
			(i == STORED_EVALUATED_AT || i == STORED_DUE_AT ? TIMESTAMPTZOID :
			 TupleDescAttr(live->columns, i == STORED_KEY ? LIVE_KEY : i - STORED_FIRST_OUTPUT + LIVE_FIRST_OUTPUT)->atttypid);
	if (!fits)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("columns of table \"%s\" are not those of version %d", stored_name(live), live->version),
				 errhint("Tables in schema clientele_data are not to be altered.  Publish again: SELECT clientele.publish(%s);",
						 quote_literal_cstr(NameStr(live->population->name)))));
}

/* ---------- what has been looked through already ---------- */

/* Stored rows whose columns fit a foreign table's, until one of them changes: a till would look at each column again. */
typedef struct Fitting
{
	Oid			stored;			/* InvalidOid: no entry */
	Oid			live;
} Fitting;

/* As many populations are seldom asked about; two that share an entry take turns. */
#define MOST_FITTING 16

static Fitting fitting[MOST_FITTING];

static void
relation_changed(Datum argument, Oid relation)
{
	(void) argument;
	for (int i = 0; i < MOST_FITTING; i++)
		if (!OidIsValid(relation) || fitting[i].stored == relation || fitting[i].live == relation)
			fitting[i].stored = InvalidOid;
}

static void
check_stored_once(const ClienteleLive *live, Relation stored)
{
	static bool listens = false;
	Fitting    *known = &fitting[RelationGetRelid(stored) % MOST_FITTING];

	if (known->stored == RelationGetRelid(stored) && known->live == RelationGetRelid(live->table))
		return;
	if (!listens)
		CacheRegisterRelcacheCallback(relation_changed, (Datum) 0);
	listens = true;
	check_stored(live, RelationGetDescr(stored));
	*known = (Fitting) {RelationGetRelid(stored), RelationGetRelid(live->table)};
}

/* ---------- one row, or many ---------- */

static Relation
open_stored(const ClienteleLive *live)
{
	Oid			relation = get_relname_relid(stored_name(live), get_namespace_oid("clientele_data", false));

	if (!OidIsValid(relation))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("the stored rows of version %d of population \"%s\" are missing",
						live->version, NameStr(live->population->name)),
				 errhint("Publish again: SELECT clientele.publish(%s);",
						 quote_literal_cstr(NameStr(live->population->name)))));
	return table_open(relation, AccessShareLock);
}

/* The row of one customer, by the primary key. */
static void
begin_one(ClienteleLive *live)
{
	Relation	stored = open_stored(live);
	Form_pg_attribute key = TupleDescAttr(RelationGetDescr(stored), STORED_KEY);
	ScanKeyData condition;

	check_stored_once(live, stored);
	list_free(RelationGetIndexList(stored));
	live->one_table = stored;
	live->one_index = index_open(stored->rd_pkindex, AccessShareLock);
	ScanKeyEntryInitialize(&condition, 0, 1, BTEqualStrategyNumber, InvalidOid, key->attcollation,
						   get_opcode(lookup_type_cache(key->atttypid, TYPECACHE_EQ_OPR)->eq_opr), live->keys.low);
	live->one = clientele_quiet_read_begin(stored, live->one_index, live->snapshot, 1, &condition);
}

static void
end_one(ClienteleLive *live)
{
	if (live->one == NULL)
		return;
	clientele_quiet_read_end(live->one);
	index_close(live->one_index, AccessShareLock);
	table_close(live->one_table, AccessShareLock);
	live->one = NULL;
}

/* The query that reads many rows: only the outputs that are needed. */
static ClienteleStream *
read_many(ClienteleLive *live, const List *columns)
{
	Bitmapset  *needed = NULL;
	const ListCell *cell;
	const char *key = quote_identifier(NameStr(live->population->key_column));
	StringInfoData query;
	ClienteleStream *stream;
	Oid			key_type = TupleDescAttr(live->columns, LIVE_KEY)->atttypid;
	Oid			types[2];
	Datum		arguments[2];
	int			nargs = 0;
	int16		length;
	bool		by_value;
	char		alignment;

	foreach(cell, columns)
		needed = bms_add_member(needed, Max(lfirst_int(cell), 0));
	table_close(open_stored(live), NoLock);
	initStringInfo(&query);
	appendStringInfo(&query, "SELECT %s, evaluated_at, due_at", key);
	for (int i = 0; i <= live->noutputs; i++)
	{
		Form_pg_attribute column = TupleDescAttr(live->columns, LIVE_FIRST_OUTPUT + i);

		if (bms_is_member(0, needed) || bms_is_member(LIVE_FIRST_OUTPUT + i + 1, needed))
			appendStringInfo(&query, ", %s", quote_identifier(NameStr(column->attname)));
		else
			appendStringInfo(&query, ", NULL::%s", format_type_be_qualified(column->atttypid));
	}
	appendStringInfo(&query, " FROM clientele_data.%s WHERE true", quote_identifier(stored_name(live)));
	types[0] = types[1] = key_type;
	if (live->keys.kind == CLIENTELE_KEYS_LIST)
	{
		get_typlenbyvalalign(key_type, &length, &by_value, &alignment);
		types[0] = get_array_type(key_type);
		arguments[nargs++] = PointerGetDatum(construct_array(live->keys.list, live->keys.nlist, key_type,
															 length, by_value, alignment));
		appendStringInfo(&query, " AND %s = ANY ($1)", key);
	}
	if (live->keys.kind == CLIENTELE_KEYS_RANGE && live->keys.has_low)
	{
		arguments[nargs++] = live->keys.low;
		appendStringInfo(&query, " AND %s >= $%d", key, nargs);
	}
	if (live->keys.kind == CLIENTELE_KEYS_RANGE && live->keys.has_high)
	{
		arguments[nargs++] = live->keys.high;
		appendStringInfo(&query, " AND %s < $%d", key, nargs);
	}
	stream = clientele_stream_open(clientele_query_kept(query.data, nargs, types), arguments, NULL, live->snapshot);
	check_stored(live, clientele_stream_columns(stream));
	return stream;
}

/* ---------- rows that hold ---------- */

static bool
holds(const ClienteleLive *live, const Datum *stored, const bool *nulls)
{
	return DatumGetTimestampTz(stored[STORED_EVALUATED_AT]) <= live->as_of &&
		(nulls[STORED_DUE_AT] || DatumGetTimestampTz(stored[STORED_DUE_AT]) > live->as_of) &&
		(live->marked == NULL || !clientele_key_list_has(live->marked, stored[STORED_KEY]));
}

static void
put_off(ClienteleLive *live, Datum key)
{
	MemoryContext caller = MemoryContextSwitchTo(live->context);

	if (live->keys.kind == CLIENTELE_KEYS_ONE)
		live->one_late = true;
	else
		clientele_key_list_add(live->late, key);
	MemoryContextSwitchTo(caller);
}

/* Hands out a stored row, or puts its customer off. */
static bool
hand_out(ClienteleLive *live, const Datum *stored, const bool *stored_nulls, Datum *values, bool *nulls)
{
	int			last = live->noutputs + LIVE_FIRST_OUTPUT;	/* the tags */

	if (!holds(live, stored, stored_nulls))
	{
		put_off(live, stored[STORED_KEY]);
		return false;
	}
	values[LIVE_AS_OF] = TimestampTzGetDatum(live->as_of);
	nulls[LIVE_AS_OF] = false;
	values[LIVE_KEY] = stored[STORED_KEY];
	nulls[LIVE_KEY] = false;
	memcpy(&values[LIVE_FIRST_OUTPUT], &stored[STORED_FIRST_OUTPUT], sizeof(Datum) * (live->noutputs + 1));
	memcpy(&nulls[LIVE_FIRST_OUTPUT], &stored_nulls[STORED_FIRST_OUTPUT], sizeof(bool) * (live->noutputs + 1));
	values[last + 1] = stored[STORED_EVALUATED_AT];
	nulls[last + 1] = false;
	values[last + 2] = stored[STORED_DUE_AT];
	nulls[last + 2] = stored_nulls[STORED_DUE_AT];
	return true;
}

/* Where fewer are needed, the others are not looked at: of a wide row most of the work is finding where columns are. */
#define FEW_COLUMNS 4

static bool
needs_few(const ClienteleLive *live)
{
	const ListCell *cell;

	foreach(cell, live->needed)
		if (lfirst_int(cell) <= 0)
			return false;
	return list_length(live->needed) <= FEW_COLUMNS;
}

static void
take_apart(const ClienteleLive *live, HeapTuple row, TupleDesc columns, Datum *values, bool *nulls)
{
	const ListCell *cell;

	if (!needs_few(live))
	{
		heap_deform_tuple(row, columns, values, nulls);
		return;
	}
	memset(values, 0, sizeof(Datum) * columns->natts);
	memset(nulls, true, sizeof(bool) * columns->natts);
	for (int i = 0; i < STORED_FIRST_OUTPUT; i++)
		values[i] = heap_getattr(row, i + 1, columns, &nulls[i]);
	foreach(cell, live->needed)
	{
		int			i = lfirst_int(cell) - 1 - LIVE_FIRST_OUTPUT + STORED_FIRST_OUTPUT;

		if (i >= STORED_FIRST_OUTPUT && i < columns->natts)
			values[i] = heap_getattr(row, i + 1, columns, &nulls[i]);
	}
}

/* The row is handed out as it lies in its page, which stays until the next call. */
static bool
next_one(ClienteleLive *live, Datum *values, bool *nulls)
{
	TupleDesc	columns = RelationGetDescr(live->one_table);
	HeapTuple	found = clientele_quiet_read_next(live->one);

	if (found)
	{
		Datum	   *stored = palloc(sizeof(Datum) * columns->natts);
		bool	   *stored_nulls = palloc(sizeof(bool) * columns->natts);

		take_apart(live, found, columns, stored, stored_nulls);
		if (hand_out(live, stored, stored_nulls, values, nulls))
			return true;
	}
	end_one(live);
	return false;
}

static bool
next_stored(ClienteleLive *live, Datum *values, bool *nulls)
{
	TupleTableSlot *slot;

	if (live->one)
		return next_one(live, values, nulls);
	while (live->stored && (slot = clientele_stream_next(live->stored)) != NULL)
	{
		slot_getallattrs(slot);
		if (hand_out(live, slot->tts_values, slot->tts_isnull, values, nulls))
			return true;
	}
	if (live->stored)
		clientele_stream_close(live->stored);
	live->stored = NULL;
	return false;
}

/* ---------- customers who are evaluated ---------- */

/* Narrows the keys to customers who are to be evaluated; false: there are none. */
static bool
narrow_to_late(ClienteleLive *live, ClienteleKeys *keys)
{
	if (clientele_stale_everyone(live->stale))
		return true;
	if (keys->kind == CLIENTELE_KEYS_ONE)
		return live->one_late;
	for (int i = 0; live->marked && i < live->marked->count; i++)
		clientele_key_list_add(live->late, live->marked->keys[i]);
	clientele_key_list_sort(live->late);
	clientele_stale_count(live->stale, live->nevaluated, live->late->count);
	*keys = (ClienteleKeys) {.kind = CLIENTELE_KEYS_LIST,.list = live->late->keys,.nlist = live->late->count};
	return live->late->count > 0;
}

static void
begin_evaluation(ClienteleLive *live)
{
	ClienteleKeys keys = live->keys;
	MemoryContext caller = MemoryContextSwitchTo(live->context);

	live->all_evaluated = true;
	if (narrow_to_late(live, &keys))
	{
		ClienteleEngine *engine = clientele_engine_get(live->population->id, live->version);

		clientele_engine_check_columns(engine, live->table, 2);
		live->evaluated = clientele_scan_begin(engine, live->as_of, &keys, live->snapshot);
	}
	MemoryContextSwitchTo(caller);
}

static bool
next_evaluated(ClienteleLive *live, Datum *values, bool *nulls)
{
	int			last = live->noutputs + LIVE_FIRST_OUTPUT;

	if (!live->all_evaluated)
		begin_evaluation(live);
	if (live->evaluated == NULL || !clientele_scan_next(live->evaluated, &values[LIVE_KEY], &nulls[LIVE_KEY]))
		return false;
	if (clientele_stale_everyone(live->stale))
		clientele_stale_count(live->stale, live->nevaluated, 1);

	/* a scan's last column is due_at */
	values[last + 2] = values[last + 1];
	nulls[last + 2] = nulls[last + 1];
	values[LIVE_AS_OF] = values[last + 1] = TimestampTzGetDatum(live->as_of);
	nulls[LIVE_AS_OF] = nulls[last + 1] = false;
	return true;
}

/* ---------- the interface ---------- */

ClienteleLive *
clientele_live_begin(const ClientelePopulation *population, int version, Relation table, const List *needed,
					 ClienteleStale *stale, TimestampTz as_of, const ClienteleKeys *keys, Snapshot snapshot,
					 pg_atomic_uint64 *evaluated)
{
	ClienteleLive *live = palloc0(sizeof(ClienteleLive));
	TupleDesc	columns = RelationGetDescr(table);
	Form_pg_attribute key = TupleDescAttr(columns, LIVE_KEY);
	ClienteleKeyList *marked;

	live->population = population;
	live->version = version;
	live->table = table;
	live->columns = columns;
	live->noutputs = columns->natts - LIVE_FIXED;
	live->stale = stale;
	live->as_of = as_of;
	live->keys = *keys;
	live->needed = needed;
	live->snapshot = snapshot;
	live->nevaluated = evaluated;
	live->context = CurrentMemoryContext;
	if (clientele_stale_everyone(stale))
		return live;

	if (keys->kind == CLIENTELE_KEYS_ONE)
	{
		live->one_late = clientele_stale_is_marked(stale, keys->low);
		if (!live->one_late)
			begin_one(live);
		return live;
	}
	live->late = clientele_key_list(key->atttypid, key->attcollation);
	marked = clientele_stale_marked(stale, keys);
	live->marked = marked->count > 0 ? marked : NULL;
	live->stored = read_many(live, needed);
	return live;
}

bool
clientele_live_next(ClienteleLive *live, Datum *values, bool *nulls)
{
	return next_stored(live, values, nulls) || next_evaluated(live, values, nulls);
}

void
clientele_live_end(ClienteleLive *live)
{
	end_one(live);
	if (live->stored)
		clientele_stream_close(live->stored);
	if (live->evaluated)
		clientele_scan_end(live->evaluated);
}
