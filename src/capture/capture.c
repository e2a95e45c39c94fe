/*
 * capture.c
 *		A change in a clinic's table becomes a mark.
 *
 * One row trigger per relation, whatever the number of populations, appends marks
 * and does nothing else: it looks nothing up in the clinic's tables, takes no lock
 * that a writer or reader could wait for, and does not fail because of our
 * definitions.  What it cannot tell the customer of, it marks "everyone" for.
 *
 * Three things are remembered between rows:
 *
 *		plans	what to do for a relation, per backend, thrown away by relcache
 *				invalidation and read anew under the latest snapshot: that of a
 *				REPEATABLE READ transaction may be older than a publish
 *		seen	the marks that this transaction has made, so that it makes each
 *				only once; forgotten when a subtransaction aborts, because its
 *				marks are gone, and when it grows too large: a mark too many does
 *				no harm, a mark too few does
 *		waiting	keys that are still to be marked.  A till marks at once.  Who imports
 *				marks thousands, and entering them in the index in no order would be
 *				the dearest part: beyond a few they wait until this transaction reads
 *				marks or ends, and are then entered in order
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/relation.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/partition.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "common/hashfn.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/uuid.h"

#include "capture/capture.h"
#include "capture/mark.h"
#include "compat.h"
#include "own/quiet_read.h"

PG_FUNCTION_INFO_V1(clientele_capture);

/* Marks remembered in a transaction, and the bytes they may take. */
#define SEEN_MARKS_MAX 65536
#define SEEN_BYTES_MAX (16 * 1024 * 1024)

/* ---------- what to do for a relation ---------- */

/* What a change leads to. */
typedef enum Target
{
	TARGET_KEY,					/* the customer whose key is in a column */
	TARGET_LINK,				/* those to whom a link leads from a column */
	TARGET_EVERYONE
} Target;

/* One row of clientele.watch, for one relation's row type. */
typedef struct Watch
{
	Oid			mark_relation;
	Target		target;
	int16		link;			/* LINK: its number */
	AttrNumber	key;			/* KEY, LINK: the column; else 0 */
	ClienteleKeyFamily family;	/* of that column */
	Oid			key_type;		/* KEY: the type that the mark table wants */
	bool		every_update;	/* a watched column is not there to be compared */
	int			ncolumns;
	AttrNumber *columns;		/* an UPDATE counts if one of them changes, or key */
} Watch;

typedef struct CapturePlan
{
	Oid			relation;		/* hash key */
	bool		valid;
	MemoryContext context;		/* holds what follows; NULL = nothing read yet */
	int			nsources;
	Oid		   *sources;		/* the relation and the tables that it is part of */
	int			nwatches;
	Watch	   *watches;
} CapturePlan;

static HTAB *plans = NULL;		/* NULL before the first change in this backend */
static uint64 invalidations = 0;

/* ---------- marks made in this transaction ---------- */

/* A mark as bytes: equal marks, equal bytes. */
typedef struct Image
{
	uint32		size;
	const char *bytes;
} Image;

typedef struct SeenMark
{
	Image		image;
	uint32		hash;
	char		status;
} SeenMark;

#define SH_PREFIX seen
#define SH_ELEMENT_TYPE SeenMark
#define SH_KEY_TYPE Image
#define SH_KEY image
#define SH_HASH_KEY(table, key) hash_bytes((const unsigned char *) (key).bytes, (int) (key).size)
#define SH_EQUAL(table, a, b) ((a).size == (b).size && memcmp((a).bytes, (b).bytes, (a).size) == 0)
#define SH_STORE_HASH
#define SH_GET_HASH(table, element) (element)->hash
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

static MemoryContext seen_context = NULL;	/* NULL = nothing seen; ends with the
											 * transaction */
static seen_hash *seen_marks;
static Size seen_bytes;

void
clientele_capture_forget(void)
{
	if (seen_context)
		MemoryContextDelete(seen_context);
	seen_context = NULL;
}

/* Notes a mark; true if this transaction has already made it. */
static bool
already_seen(const Image *image)
{
	SeenMark   *mark;
	char	   *copy;
	bool		found;

	if (seen_context && (seen_marks->members >= SEEN_MARKS_MAX || seen_bytes >= SEEN_BYTES_MAX))
		clientele_capture_forget();
	if (!seen_context)
	{
		MemoryContext context = AllocSetContextCreate(TopTransactionContext, "clientele marks of this transaction",
													  ALLOCSET_DEFAULT_SIZES);

		seen_marks = seen_create(context, 64, NULL);
		seen_bytes = 0;
		seen_context = context;
	}
	if (seen_lookup(seen_marks, *image))
		return true;

	copy = MemoryContextAlloc(seen_context, image->size);
	memcpy(copy, image->bytes, image->size);
	mark = seen_insert(seen_marks, *image, &found);
	mark->image.bytes = copy;
	seen_bytes += image->size;
	return false;
}

/* ---------- values to marks ---------- */

/* A key, freed from the type of the column it was found in. */
typedef struct Key
{
	int64		integer;
	const char *bytes;			/* uuid, text */
	Size		size;
} Key;

static void
read_key(Key *key, ClienteleKeyFamily family, Oid type, Datum value)
{
	switch (family)
	{
		case CLIENTELE_KEY_INTEGER:
			key->integer = type == INT2OID ? DatumGetInt16(value) :
				type == INT4OID ? DatumGetInt32(value) : DatumGetInt64(value);
			key->bytes = (const char *) &key->integer;
			key->size = sizeof(int64);
			break;
		case CLIENTELE_KEY_UUID:
			key->bytes = (const char *) DatumGetUUIDP(value)->data;
			key->size = UUID_LEN;
			break;
		case CLIENTELE_KEY_TEXT:
			{
				text	   *string = DatumGetTextPP(value);

				key->bytes = VARDATA_ANY(string);
				key->size = VARSIZE_ANY_EXHDR(string);
				break;
			}
		case CLIENTELE_KEY_NONE:
			elog(ERROR, "not a key");
	}
}

/* The key as the mark table's type has it; false if no customer can have this key. */
static bool
key_datum(const Watch *watch, const Key *key, Datum *datum)
{
	switch (watch->key_type)
	{
		case INT2OID:
			*datum = Int16GetDatum((int16) key->integer);
			return key->integer >= PG_INT16_MIN && key->integer <= PG_INT16_MAX;
		case INT4OID:
			*datum = Int32GetDatum((int32) key->integer);
			return key->integer >= PG_INT32_MIN && key->integer <= PG_INT32_MAX;
		case INT8OID:
			*datum = Int64GetDatum(key->integer);
			return true;
		case UUIDOID:
			*datum = UUIDPGetDatum((pg_uuid_t *) key->bytes);
			return true;
		default:
			*datum = PointerGetDatum(cstring_to_text_with_len(key->bytes, (int) key->size));
			return true;
	}
}

/* The key as clientele.link's readers compare it: in its text form. */
static Datum
key_text(ClienteleKeyFamily family, const Key *key)
{
	switch (family)
	{
		case CLIENTELE_KEY_INTEGER:
			return CStringGetTextDatum(psprintf(INT64_FORMAT, key->integer));
		case CLIENTELE_KEY_UUID:
			return CStringGetTextDatum(DatumGetCString(DirectFunctionCall1(uuid_out,
																		   UUIDPGetDatum((const pg_uuid_t *) key->bytes))));
		default:
			return PointerGetDatum(cstring_to_text_with_len(key->bytes, (int) key->size));
	}
}

#define IMAGE_HEADER (sizeof(Oid) + sizeof(int16) + 1)

/* Whether the mark is new in this transaction. */
static bool
is_new(const Watch *watch, Target target, const Key *key)
{
	char		bytes[IMAGE_HEADER + CLIENTELE_MARK_KEY_MAX];
	Image		image = {IMAGE_HEADER, bytes};

	memcpy(bytes, &watch->mark_relation, sizeof(Oid));
	memcpy(bytes + sizeof(Oid), &watch->link, sizeof(int16));
	bytes[IMAGE_HEADER - 1] = (char) target;
	if (target == TARGET_EVERYONE)
		memset(bytes + sizeof(Oid), 0, sizeof(int16));
	else
	{
		memcpy(bytes + IMAGE_HEADER, key->bytes, key->size);
		image.size += key->size;
	}
	return !already_seen(&image);
}

/* ---------- marks that wait ---------- */

/* A transaction marks so many at once; and so many may wait. */
#define MARKS_AT_ONCE 32
#define MARKS_WAITING_MAX 65536

/* Keys for one mark table. */
typedef struct Waiting
{
	struct Waiting *next;
	Oid			mark_relation;
	Oid			key_type;
	ClienteleKeyFamily family;
	int16		key_length;
	bool		key_byval;
	int			count;
	int			room;
	int			written;		/* so many of them are, by a subtransaction */
	Datum	   *keys;
} Waiting;

static MemoryContext waiting_context = NULL;	/* NULL = nothing waits; ends with
												 * the transaction */
static Waiting *waiting;

static void
forget_waiting(void)
{
	if (waiting_context)
		MemoryContextDelete(waiting_context);
	waiting_context = NULL;
	waiting = NULL;
}

/* The order of the index, or near it: of text the bytes'. */
static int
compare_keys(const void *a, const void *b, void *arg)
{
	const Waiting *list = arg;
	Key			left;
	Key			right;
	int			order;

	read_key(&left, list->family, list->key_type, *(const Datum *) a);
	read_key(&right, list->family, list->key_type, *(const Datum *) b);
	if (list->family == CLIENTELE_KEY_INTEGER)
		return (left.integer > right.integer) - (left.integer < right.integer);
	order = memcmp(left.bytes, right.bytes, Min(left.size, right.size));
	return order != 0 ? order : (left.size > right.size) - (left.size < right.size);
}

/*
 * What a subtransaction writes may go with it, and must then be written again: it
 * is kept until nothing can take it back but the end of the transaction.
 */
void
clientele_capture_write(void)
{
	for (Waiting *list = waiting; list; list = list->next)
	{
		Datum	   *keys = list->keys + list->written;
		int			count = list->count - list->written;

		if (count == 0)
			continue;
		qsort_arg(keys, count, sizeof(Datum), compare_keys, list);
		clientele_mark_keys(list->mark_relation, list->key_type, keys, count);
		list->written = list->count;
	}
	if (waiting && GetCurrentTransactionNestLevel() == 1)
		forget_waiting();
}

static Waiting *
waiting_for(const Watch *watch)
{
	Waiting    *list;

	if (!waiting_context)
		waiting_context = AllocSetContextCreate(TopTransactionContext, "clientele marks that wait", ALLOCSET_DEFAULT_SIZES);
	for (list = waiting; list; list = list->next)
		if (list->mark_relation == watch->mark_relation && list->key_type == watch->key_type)
			return list;
	list = MemoryContextAlloc(waiting_context, sizeof(Waiting));
	list->mark_relation = watch->mark_relation;
	list->key_type = watch->key_type;
	list->family = clientele_key_family(watch->key_type);
	get_typlenbyval(watch->key_type, &list->key_length, &list->key_byval);
	list->count = 0;
	list->written = 0;
	list->room = MARKS_AT_ONCE;
	list->keys = MemoryContextAlloc(waiting_context, sizeof(Datum) * list->room);
	list->next = waiting;
	waiting = list;
	return list;
}

/* Whether the mark can wait; it does then. */
static bool
may_wait(const Watch *watch, Datum key)
{
	Waiting    *list;
	MemoryContext caller;

	if (seen_marks->members <= MARKS_AT_ONCE)
		return false;
	list = waiting_for(watch);
	if (list->count == MARKS_WAITING_MAX)
	{
		if (GetCurrentTransactionNestLevel() > 1)
			return false;
		clientele_capture_write();
		list = waiting_for(watch);
	}
	if (list->count == list->room)
	{
		list->room *= 2;
		list->keys = repalloc(list->keys, sizeof(Datum) * list->room);
	}
	caller = MemoryContextSwitchTo(waiting_context);
	list->keys[list->count++] = datumCopy(key, list->key_byval, list->key_length);
	MemoryContextSwitchTo(caller);
	return true;
}

/* ---------- the ends of transactions ---------- */

static void
at_transaction_end(XactEvent event, void *arg)
{
	(void) arg;
	switch (event)
	{
		case XACT_EVENT_PRE_COMMIT:
		case XACT_EVENT_PRE_PREPARE:
			if (waiting)
			{
				/* a key that is long may have to go out of line */
				PushActiveSnapshot(GetTransactionSnapshot());
				clientele_capture_write();
				PopActiveSnapshot();
			}
			break;
		case XACT_EVENT_COMMIT:
		case XACT_EVENT_ABORT:
		case XACT_EVENT_PREPARE:
			clientele_capture_forget();
			forget_waiting();
			break;
		default:
			break;
	}
}

static void
at_subtransaction_end(SubXactEvent event, SubTransactionId mine, SubTransactionId parent, void *arg)
{
	(void) mine;
	(void) parent;
	(void) arg;
	if (event != SUBXACT_EVENT_ABORT_SUB)
		return;
	clientele_capture_forget();
	for (Waiting *list = waiting; list; list = list->next)
		list->written = 0;
}

/* ---------- rows to marks ---------- */

static void
mark_everyone(const Watch *watch)
{
	if (is_new(watch, TARGET_EVERYONE, NULL))
		clientele_mark_everyone(watch->mark_relation);
}

/* Marks whom a row leads to. */
static void
mark_row(const Watch *watch, TupleDesc descriptor, HeapTuple row)
{
	Datum		value;
	bool		isnull;
	Key			key;

	if (watch->target == TARGET_EVERYONE)
	{
		mark_everyone(watch);
		return;
	}
	value = heap_getattr(row, watch->key, descriptor, &isnull);
	if (isnull)
		return;
	read_key(&key, watch->family, getBaseType(TupleDescAttr(descriptor, watch->key - 1)->atttypid), value);
	if (key.size > CLIENTELE_MARK_KEY_MAX)
		mark_everyone(watch);
	else if (is_new(watch, watch->target, &key))
	{
		Datum		datum;

		if (watch->target == TARGET_LINK)
			clientele_mark_link(watch->mark_relation, watch->link, key_text(watch->family, &key));
		else if (key_datum(watch, &key, &datum) && !may_wait(watch, datum))
			clientele_mark_key(watch->mark_relation, watch->key_type, datum);
	}
}

/* Equal bytes: may say "changed" of equal values, never "unchanged" of others. */
static bool
column_changed(AttrNumber column, TupleDesc descriptor, HeapTuple old_row, HeapTuple new_row)
{
	Form_pg_attribute attribute = TupleDescAttr(descriptor, column - 1);
	bool		old_isnull;
	bool		new_isnull;
	Datum		old_value = heap_getattr(old_row, column, descriptor, &old_isnull);
	Datum		new_value = heap_getattr(new_row, column, descriptor, &new_isnull);

	if (old_isnull || new_isnull)
		return old_isnull != new_isnull;
	return !datumIsEqual(old_value, new_value, attribute->attbyval, attribute->attlen);
}

static bool
update_counts(const Watch *watch, TupleDesc descriptor, HeapTuple old_row, HeapTuple new_row)
{
	if (watch->every_update || (watch->key > 0 && column_changed(watch->key, descriptor, old_row, new_row)))
		return true;
	for (int i = 0; i < watch->ncolumns; i++)
		if (column_changed(watch->columns[i], descriptor, old_row, new_row))
			return true;
	return false;
}

/* ---------- reading what to do ---------- */

/* A table of ours; NULL if there is none. */
static Relation
open_own_table(const char *name)
{
	Oid			schema = get_namespace_oid("clientele", true);
	Oid			table = OidIsValid(schema) ? get_relname_relid(name, schema) : InvalidOid;

	return OidIsValid(table) ? try_relation_open(table, AccessShareLock) : NULL;
}

/* The number of a column that has a value in every row; 0 = there is none. */
static AttrNumber
column_number(TupleDesc descriptor, const char *name)
{
	for (int i = 0; i < descriptor->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(descriptor, i);

		if (!attribute->attisdropped && strcmp(NameStr(attribute->attname), name) == 0)
			return clientele_is_virtual(attribute) ? 0 : attribute->attnum;
	}
	return 0;
}

/* A column of one of our own tables. */
static Datum
own_column(Relation table, HeapTuple row, const char *name, bool *isnull)
{
	AttrNumber	column = column_number(RelationGetDescr(table), name);

	if (column == 0)
		elog(ERROR, "table \"%s\" has no column \"%s\"", RelationGetRelationName(table), name);
	return heap_getattr(row, column, RelationGetDescr(table), isnull);
}

/* The mark table of a population; InvalidOid if it has none, or is paused. */
static Oid
mark_relation_of(int32 population_id, Snapshot snapshot)
{
	Relation	table = open_own_table("population");
	ClienteleQuietRead *scan;
	HeapTuple	row;
	Oid			mark_relation = InvalidOid;

	if (!table)
		return InvalidOid;
	scan = clientele_quiet_read_begin(table, NULL, snapshot, 0, NULL);
	while ((row = clientele_quiet_read_next(scan)) != NULL)
	{
		bool		isnull;

		if (DatumGetInt32(own_column(table, row, "population_id", &isnull)) == population_id &&
			!DatumGetBool(own_column(table, row, "capture_paused", &isnull)))
			mark_relation = clientele_mark_relation(NameStr(*DatumGetName(own_column(table, row, "name", &isnull))));
	}
	clientele_quiet_read_end(scan);
	table_close(table, AccessShareLock);
	return mark_relation;
}

/* The columns whose change counts. */
static void
read_watched_columns(Watch *watch, TupleDesc descriptor, Datum names)
{
	Datum	   *elements;
	int			count;

	deconstruct_array(DatumGetArrayTypeP(names), NAMEOID, NAMEDATALEN, false, TYPALIGN_CHAR, &elements, NULL, &count);
	watch->columns = palloc(sizeof(AttrNumber) * Max(count, 1));
	for (int i = 0; i < count; i++)
	{
		AttrNumber	column = column_number(descriptor, NameStr(*DatumGetName(elements[i])));

		if (column == 0)
			watch->every_update = true;
		else
			watch->columns[watch->ncolumns++] = column;
	}
}

/*
 * The column that leads to the customer.  Without it everyone is marked, once per
 * transaction: when the definition is mended, nothing has been missed.
 */
static void
read_key_column(Watch *watch, TupleDesc descriptor, Datum name, bool isnull)
{
	ClienteleKeyFamily wanted;

	watch->key = isnull ? 0 : column_number(descriptor, NameStr(*DatumGetName(name)));
	if (watch->key != 0)
		watch->family = clientele_key_family(TupleDescAttr(descriptor, watch->key - 1)->atttypid);
	watch->key_type = getBaseType(get_atttype(watch->mark_relation, 1));
	wanted = watch->target == TARGET_LINK ? watch->family : clientele_key_family(watch->key_type);
	if (watch->family == CLIENTELE_KEY_NONE || watch->family != wanted)
	{
		watch->target = TARGET_EVERYONE;
		watch->every_update = true;
		watch->key = 0;
	}
}

static bool
read_watch(Watch *watch, Relation relation, Relation table, HeapTuple row, Snapshot snapshot)
{
	TupleDesc	descriptor = RelationGetDescr(relation);
	bool		isnull;
	char	   *role = TextDatumGetCString(own_column(table, row, "role", &isnull));
	Datum		key_column;

	memset(watch, 0, sizeof(Watch));
	watch->mark_relation = mark_relation_of(DatumGetInt32(own_column(table, row, "population_id", &isnull)), snapshot);
	if (!OidIsValid(watch->mark_relation))
		return false;
	watch->target = strcmp(role, "lookup") == 0 ? TARGET_EVERYONE :
		strcmp(role, "line") == 0 ? TARGET_LINK : TARGET_KEY;
	watch->link = DatumGetInt16(own_column(table, row, "link", &isnull));
	read_watched_columns(watch, descriptor, own_column(table, row, "columns", &isnull));
	key_column = own_column(table, row, "key_column", &isnull);
	if (watch->target != TARGET_EVERYONE)
		read_key_column(watch, descriptor, key_column, isnull);
	else if (!isnull)
	{
		watch->key = column_number(descriptor, NameStr(*DatumGetName(key_column)));
		watch->every_update = watch->every_update || watch->key == 0;
	}
	return true;
}

/* The relation and the partitioned tables above it. */
static Oid *
sources_of(Oid relation, int *count)
{
	List	   *ancestors = get_rel_relispartition(relation) ? get_partition_ancestors(relation) : NIL;
	Oid		   *sources = palloc(sizeof(Oid) * (list_length(ancestors) + 1));
	ListCell   *cell;

	*count = 0;
	sources[(*count)++] = relation;
	foreach(cell, ancestors)
		sources[(*count)++] = lfirst_oid(cell);
	return sources;
}

static bool
is_source(const Oid *sources, int nsources, Oid relation)
{
	for (int i = 0; i < nsources; i++)
		if (sources[i] == relation)
			return true;
	return false;
}

/* The rows of clientele.watch for some relations, one call each. */
typedef void (*WatchRowFunction) (Relation table, HeapTuple row, Snapshot snapshot, void *context);

static void
each_watch_row(const Oid *sources, int nsources, WatchRowFunction function, void *context)
{
	Relation	table = open_own_table("watch");
	Snapshot	snapshot;
	ClienteleQuietRead *scan;
	HeapTuple	row;

	if (!table)
		return;
	snapshot = RegisterSnapshot(GetLatestSnapshot());
	scan = clientele_quiet_read_begin(table, NULL, snapshot, 0, NULL);
	while ((row = clientele_quiet_read_next(scan)) != NULL)
	{
		bool		isnull;

		if (is_source(sources, nsources, DatumGetObjectId(own_column(table, row, "relation", &isnull))))
			function(table, row, snapshot, context);
	}
	clientele_quiet_read_end(scan);
	UnregisterSnapshot(snapshot);
	table_close(table, AccessShareLock);
}

typedef struct PlanReader
{
	CapturePlan	   *plan;
	Relation	relation;
} PlanReader;

static void
add_watch(Relation table, HeapTuple row, Snapshot snapshot, void *context)
{
	PlanReader *reader = context;
	CapturePlan	   *plan = reader->plan;

	plan->watches = plan->nwatches == 0 ? palloc(sizeof(Watch)) :
		repalloc(plan->watches, sizeof(Watch) * (plan->nwatches + 1));
	if (read_watch(&plan->watches[plan->nwatches], reader->relation, table, row, snapshot))
		plan->nwatches++;
}

static void
read_plan(CapturePlan *plan, Relation relation)
{
	PlanReader	reader = {plan, relation};
	uint64		before = invalidations;
	MemoryContext caller;

	plan->nwatches = 0;
	plan->nsources = 0;
	if (plan->context)
		MemoryContextDelete(plan->context);
	plan->context = NULL;
	plan->context = AllocSetContextCreate(CacheMemoryContext, "clientele capture", ALLOCSET_SMALL_SIZES);
	caller = MemoryContextSwitchTo(plan->context);
	plan->sources = sources_of(RelationGetRelid(relation), &plan->nsources);
	each_watch_row(plan->sources, plan->nsources, add_watch, &reader);
	MemoryContextSwitchTo(caller);

	/* What has been changed meanwhile is read at the next row. */
	plan->valid = invalidations == before;
}

static void
at_invalidation(Datum arg, Oid relation)
{
	HASH_SEQ_STATUS status;
	CapturePlan	   *plan;

	(void) arg;
	invalidations++;
	hash_seq_init(&status, plans);
	while ((plan = hash_seq_search(&status)) != NULL)
		if (!OidIsValid(relation) || is_source(plan->sources, plan->nsources, relation))
			plan->valid = false;
}

static void
prepare_backend(void)
{
	HASHCTL		control = {.keysize = sizeof(Oid), .entrysize = sizeof(CapturePlan), .hcxt = CacheMemoryContext};

	plans = hash_create("clientele capture", 64, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	CacheRegisterRelcacheCallback(at_invalidation, 0);
	RegisterXactCallback(at_transaction_end, NULL);
	RegisterSubXactCallback(at_subtransaction_end, NULL);
}

static const CapturePlan *
find_plan(Relation relation)
{
	Oid			relid = RelationGetRelid(relation);
	CapturePlan	   *plan;
	bool		found;

	if (!plans)
		prepare_backend();

	/*
	 * A transaction that executes one prepared statement over and over takes no
	 * new lock, and would learn nothing of what others have committed.
	 */
	AcceptInvalidationMessages();
	plan = hash_search(plans, &relid, HASH_ENTER, &found);
	if (!found)
	{
		plan->valid = false;
		plan->context = NULL;
		plan->nsources = 0;
	}
	if (!plan->valid)
		read_plan(plan, relation);
	return plan;
}

static void
note_watched(Relation table, HeapTuple row, Snapshot snapshot, void *context)
{
	(void) table;
	(void) row;
	(void) snapshot;
	*(bool *) context = true;
}

bool
clientele_capture_is_watched(Oid relation)
{
	int			nsources;
	Oid		   *sources = sources_of(relation, &nsources);
	bool		watched = false;

	each_watch_row(sources, nsources, note_watched, &watched);
	pfree(sources);
	return watched;
}

void
clientele_watch_changed(Oid relation)
{
	/* A relation that is gone has been invalidated by its end. */
	if (SearchSysCacheExists1(RELOID, ObjectIdGetDatum(relation)))
		CacheInvalidateRelcacheByRelid(relation);
}

/* ---------- the trigger ---------- */

static void
capture_row(const Watch *watch, const TriggerData *trigger)
{
	TupleDesc	descriptor = RelationGetDescr(trigger->tg_relation);
	HeapTuple	row = trigger->tg_trigtuple;

	if (TRIGGER_FIRED_BY_UPDATE(trigger->tg_event))
	{
		if (!update_counts(watch, descriptor, row, trigger->tg_newtuple))
			return;
		mark_row(watch, descriptor, trigger->tg_newtuple);
	}
	mark_row(watch, descriptor, row);
}

/* capture() */
Datum
clientele_capture(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	const CapturePlan *plan;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_AFTER(trigger->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("capture() is for AFTER triggers"),
				 errhint("The trigger is made by add_source() and create_population().")));

	plan = find_plan(trigger->tg_relation);
	for (int i = 0; i < plan->nwatches; i++)
	{
		if (TRIGGER_FIRED_FOR_ROW(trigger->tg_event))
			capture_row(&plan->watches[i], trigger);
		else
			mark_everyone(&plan->watches[i]);
	}
	return PointerGetDatum(NULL);
}
