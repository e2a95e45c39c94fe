/*
 * offered.c
 *		The promotions of a population, compiled, as the session keeps them.
 *
 * They are the newest committed ones, as the server reads its own catalogs, whatever the
 * transaction's snapshot.  All is kept until a trigger on the tables that it comes from
 * says that something has changed, or the population's view, which audiences are
 * compiled against, is another.  What is let go then is freed when the transaction ends.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "commands/trigger.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "base/local_time.h"
#include "base/nearest_name.h"
#include "compat.h"
#include "expression/cell.h"
#include "offer/offered.h"
#include "offer/profile_rules.h"
#include "own/own_relation.h"
#include "own/quiet_read.h"

PG_FUNCTION_INFO_V1(clientele_offers_changed);

/* Columns of the tables that are read; releases only append to them. */
enum
{
	OFFERED_POPULATION = 1,
	OFFERED_ID = 2,
	OFFERED_NAME = 3,
	OFFERED_STATE = 4,
	OFFERED_VERSION = 5,
	OFFERED_AUTOMATIC = 9,
	OFFERED_HOLDOUT = 10,
	OFFERED_FROZEN_AT = 11,

	VERSION_PROMOTION = 2,
	VERSION_VERSION = 3,
	VERSION_DEFINITION = 4,

	ZONE_POPULATION = 1,
	ZONE_BRANCH = 2,
	ZONE_ZONE = 3,

	POPULATION_ID = 1,
	POPULATION_ZONE = 5
};

typedef struct BranchZone
{
	text	   *branch;
	pg_tz	   *zone;
} BranchZone;

/* What is kept of a population: its zones, and its promotions once they are asked for. */
typedef struct KeptList
{
	int			population_id;	/* the key */
	ClienteleOfferedList list;	/* .profile is NULL before */
	pg_tz	   *zone;
	int			nbranches;
	BranchZone *branches;
} KeptList;

typedef struct VersionKey
{
	int			promotion_id;
	int			version;
} VersionKey;

typedef struct KeptVersion
{
	VersionKey	key;
	const ClienteleBoundPromotion *bound;
} KeptVersion;

static MemoryContext kept = NULL;	/* all below; NULL = nothing is kept */
static HTAB *lists;
static HTAB *versions;
static bool is_stale = false;
static Oid	offered_table = InvalidOid; /* as of the last reading */

/* ---------- what the session keeps ---------- */

/* Where promotions are being compiled, it may be what they read. */
static void
relation_changed(Datum argument, Oid relation)
{
	HASH_SEQ_STATUS status;
	KeptList   *entry;

	(void) argument;
	if (kept == NULL || is_stale)
		return;
	is_stale = !OidIsValid(relation) || relation == offered_table;
	hash_seq_init(&status, lists);
	while ((entry = hash_seq_search(&status)) != NULL)
		is_stale = is_stale || entry->list.profile == NULL || clientele_profile_reads(entry->list.profile, relation);
}

static void
begin_cache(void)
{
	static bool is_registered = false;
	HASHCTL		list = {.keysize = sizeof(int),.entrysize = sizeof(KeptList)};
	HASHCTL		version = {.keysize = sizeof(VersionKey),.entrysize = sizeof(KeptVersion)};

	if (!is_registered)
		CacheRegisterRelcacheCallback(relation_changed, (Datum) 0);
	is_registered = true;
	AcceptInvalidationMessages();
	if (kept != NULL && is_stale)
	{
		MemoryContextSetParent(kept, TopTransactionContext);
		kept = NULL;
	}
	if (kept != NULL)
		return;
	is_stale = false;
	kept = AllocSetContextCreate(TopMemoryContext, "clientele promotions", ALLOCSET_DEFAULT_SIZES);
	list.hcxt = version.hcxt = kept;
	lists = hash_create("clientele promotions", 8, &list, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	versions = hash_create("clientele versions", 64, &version, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	offered_table = clientele_own_relation("offered_promotion");
}

/* Trigger of the tables that the above comes from. */
Datum
clientele_offers_changed(PG_FUNCTION_ARGS)
{
	if (!CALLED_AS_TRIGGER(fcinfo))
		elog(ERROR, "clientele_offers_changed was not called as a trigger");
	CacheInvalidateRelcacheByRelid(clientele_own_relation("offered_promotion"));
	return PointerGetDatum(NULL);
}

/* ---------- the catalog ---------- */

typedef struct CatalogRead
{
	Relation	table;
	Relation	index;
	Snapshot	snapshot;
	ClienteleQuietRead *scan;
} CatalogRead;

/* Rows of one of our tables, by the first columns of its primary key. */
static void
begin_read(CatalogRead *read, const char *name, int nkeys, const int *keys)
{
	ScanKeyData conditions[2];

	read->table = table_open(clientele_own_relation(name), AccessShareLock);
	list_free(RelationGetIndexList(read->table));
	read->index = index_open(read->table->rd_pkindex, AccessShareLock);
	read->snapshot = RegisterSnapshot(GetLatestSnapshot());
	for (int i = 0; i < nkeys; i++)
		ScanKeyInit(&conditions[i], i + 1, BTEqualStrategyNumber, F_INT4EQ, Int32GetDatum(keys[i]));
	read->scan = clientele_quiet_read_begin(read->table, read->index, read->snapshot, nkeys, conditions);
}

static void
end_read(CatalogRead *read)
{
	clientele_quiet_read_end(read->scan);
	UnregisterSnapshot(read->snapshot);
	index_close(read->index, AccessShareLock);
	table_close(read->table, AccessShareLock);
}

static Datum
column(const CatalogRead *read, HeapTuple row, int number, bool *isnull)
{
	return heap_getattr(row, number, RelationGetDescr(read->table), isnull);
}

static ClienteleOfferedState
state_of(const char *word)
{
	static const char *const words[] = {"draft", "published", "paused", "ended"};

	for (size_t i = 0; i < lengthof(words); i++)
	{
		if (strcmp(word, words[i]) == 0)
			return (ClienteleOfferedState) i;
	}
	elog(ERROR, "state %s of a promotion is not known", word);
	return CLIENTELE_ENDED;
}

/* False for one that was never published. */
static bool
read_offered(const CatalogRead *read, HeapTuple row, ClienteleOffered *offered)
{
	bool		isnull;
	Datum		version = column(read, row, OFFERED_VERSION, &isnull);
	Datum		holdout;

	if (isnull)
		return false;
	memset(offered, 0, sizeof(ClienteleOffered));
	offered->version = DatumGetInt32(version);
	offered->id = DatumGetInt32(column(read, row, OFFERED_ID, &isnull));
	offered->name = *DatumGetName(column(read, row, OFFERED_NAME, &isnull));
	offered->name_text = cstring_to_text(NameStr(offered->name));
	offered->state = state_of(TextDatumGetCString(column(read, row, OFFERED_STATE, &isnull)));
	offered->automatic = DatumGetBool(column(read, row, OFFERED_AUTOMATIC, &isnull));
	holdout = PointerGetDatum(PG_DETOAST_DATUM_COPY(column(read, row, OFFERED_HOLDOUT, &isnull)));
	if (!clientele_decimal_from_datum(holdout, &offered->holdout))
		elog(ERROR, "the holdout of promotion %d is no number", offered->id);
	(void) column(read, row, OFFERED_FROZEN_AT, &isnull);
	offered->is_frozen = !isnull;
	offered->rows = palloc0(mul_size(2, sizeof(ClienteleOfferRow)));
	return true;
}

static const ClienteleBoundPromotion *
read_version(int promotion_id, int version)
{
	int			keys[] = {promotion_id, version};
	CatalogRead read;
	HeapTuple	row;
	bool		isnull;
	ClienteleBoundPromotion *bound;

	begin_read(&read, "promotion_version", 2, keys);
	row = clientele_quiet_read_next(read.scan);
	if (row == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("version %d of promotion %d does not exist any more", version, promotion_id),
				 errhint("Its population has been dropped meanwhile.")));
	bound = clientele_promotion_bind(PointerGetDatum(PG_DETOAST_DATUM_COPY(column(&read, row, VERSION_DEFINITION, &isnull))));
	end_read(&read);
	return bound;
}

static const ClienteleBoundPromotion *
version_of(int promotion_id, int version)
{
	VersionKey	key = {promotion_id, version};
	KeptVersion *entry = hash_search(versions, &key, HASH_FIND, NULL);
	const ClienteleBoundPromotion *bound;
	MemoryContext caller;

	if (entry != NULL)
		return entry->bound;
	caller = MemoryContextSwitchTo(kept);
	bound = read_version(promotion_id, version);
	MemoryContextSwitchTo(caller);
	entry = hash_search(versions, &key, HASH_ENTER, NULL);
	entry->bound = bound;
	return bound;
}

static int
compare_offered(const void *a, const void *b)
{
	const ClienteleOffered *left = a;
	const ClienteleOffered *right = b;
	int			left_priority = left->bound->promotion->priority;
	int			right_priority = right->bound->promotion->priority;

	if (left_priority != right_priority)
		return left_priority > right_priority ? -1 : 1;
	return left->id < right->id ? -1 : left->id > right->id;
}

static int
compare_ids(const void *a, const void *b)
{
	int			left = (*(const ClienteleOffered *const *) a)->id;
	int			right = (*(const ClienteleOffered *const *) b)->id;

	return left < right ? -1 : left > right;
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp(NameStr((*(const ClienteleOffered *const *) a)->name), NameStr((*(const ClienteleOffered *const *) b)->name));
}

static const ClienteleOffered **
sorted(const ClienteleOfferedList *list, int (*compare) (const void *, const void *))
{
	const ClienteleOffered **pointers = palloc(mul_size(Max(list->count, 1), sizeof(ClienteleOffered *)));

	for (int i = 0; i < list->count; i++)
		pointers[i] = &list->promotions[i];
	qsort(pointers, list->count, sizeof(ClienteleOffered *), compare);
	return pointers;
}

static const ClienteleOffered *
search(const ClienteleOfferedList *list, const ClienteleOffered **pointers, const ClienteleOffered *wanted,
	   int (*compare) (const void *, const void *))
{
	const ClienteleOffered **found = bsearch(&wanted, pointers, list->count, sizeof(ClienteleOffered *), compare);

	return found ? *found : NULL;
}

static ClienteleOffered *
read_promotions(int population_id, int *count)
{
	int			allocated = 16;
	ClienteleOffered *promotions = palloc(mul_size(allocated, sizeof(ClienteleOffered)));
	CatalogRead read;
	HeapTuple	row;

	*count = 0;
	begin_read(&read, "offered_promotion", 1, &population_id);
	while ((row = clientele_quiet_read_next(read.scan)) != NULL)
	{
		if (*count == allocated)
		{
			allocated *= 2;
			promotions = repalloc(promotions, mul_size(allocated, sizeof(ClienteleOffered)));
		}
		*count += read_offered(&read, row, &promotions[*count]);
	}
	end_read(&read);
	return promotions;
}

static void
read_zones(const ClientelePopulation *population, KeptList *list)
{
	int			allocated = 8;
	CatalogRead read;
	HeapTuple	row;
	bool		isnull;

	begin_read(&read, "population", 1, &list->population_id);
	row = clientele_quiet_read_next(read.scan);
	if (row == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("population \"%s\" does not exist any more", NameStr(population->name)),
				 errhint("Somebody has dropped it meanwhile.")));
	list->zone = clientele_zone(DatumGetTextPP(column(&read, row, POPULATION_ZONE, &isnull)));
	end_read(&read);

	list->nbranches = 0;
	list->branches = palloc(mul_size(allocated, sizeof(BranchZone)));
	begin_read(&read, "branch_zone", 1, &list->population_id);
	while ((row = clientele_quiet_read_next(read.scan)) != NULL)
	{
		if (list->nbranches == allocated)
		{
			allocated *= 2;
			list->branches = repalloc(list->branches, mul_size(allocated, sizeof(BranchZone)));
		}
		list->branches[list->nbranches].branch = DatumGetTextPCopy(column(&read, row, ZONE_BRANCH, &isnull));
		list->branches[list->nbranches++].zone = clientele_zone(DatumGetTextPP(column(&read, row, ZONE_ZONE, &isnull)));
	}
	end_read(&read);
}

static KeptList *
list_of(const ClientelePopulation *population)
{
	KeptList   *entry;
	KeptList	list = {.population_id = population->id};
	MemoryContext caller;

	begin_cache();
	entry = hash_search(lists, &population->id, HASH_FIND, NULL);
	if (entry != NULL)
		return entry;

	caller = MemoryContextSwitchTo(kept);
	read_zones(population, &list);
	MemoryContextSwitchTo(caller);

	entry = hash_search(lists, &population->id, HASH_ENTER, NULL);
	*entry = list;
	return entry;
}

static ClienteleOfferedList
compile_promotions(const ClientelePopulation *population, pg_tz *zone)
{
	ClienteleOfferedList list;
	ClienteleOffered *promotions = read_promotions(population->id, &list.count);

	list.profile = clientele_profile_begin(population, zone);
	for (int i = 0; i < list.count; i++)
	{
		promotions[i].bound = version_of(promotions[i].id, promotions[i].version);
		promotions[i].audience = clientele_audience_bind(list.profile, promotions[i].bound->promotion);
	}
	qsort(promotions, list.count, sizeof(ClienteleOffered), compare_offered);
	list.promotions = promotions;
	list.by_id = sorted(&list, compare_ids);
	list.by_name = sorted(&list, compare_names);
	return list;
}

/* ---------- the interface ---------- */

const ClienteleOfferedList *
clientele_offered_all(const ClientelePopulation *population)
{
	KeptList   *list = list_of(population);
	MemoryContext caller;

	if (list->list.profile == NULL)
	{
		caller = MemoryContextSwitchTo(kept);
		list->list = compile_promotions(population, list->zone);
		MemoryContextSwitchTo(caller);
	}
	return &list->list;
}

static bool
is_draft(const ClientelePopulation *population, const char *name)
{
	CatalogRead read;
	HeapTuple	row;
	bool		isnull;
	bool		found = false;

	begin_read(&read, "offered_promotion", 1, &population->id);
	while (!found && (row = clientele_quiet_read_next(read.scan)) != NULL)
		found = strcmp(NameStr(*DatumGetName(column(&read, row, OFFERED_NAME, &isnull))), name) == 0;
	end_read(&read);
	return found;
}

const ClienteleOffered *
clientele_offered_by_id(const ClientelePopulation *population, int promotion_id)
{
	const ClienteleOfferedList *list = clientele_offered_all(population);
	ClienteleOffered wanted = {.id = promotion_id};

	return search(list, list->by_id, &wanted, compare_ids);
}

pg_noreturn static void
refuse_name(const ClientelePopulation *population, const ClienteleOfferedList *list, const char *name)
{
	ClienteleNearestName nearest;

	if (is_draft(population, name))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("promotion \"%s\" of population \"%s\" is only a draft", name, NameStr(population->name)),
				 errhint("Publish it: SELECT clientele.publish_promotion(%s, %s, 'why');",
						 quote_literal_cstr(NameStr(population->name)), quote_literal_cstr(name))));
	clientele_nearest_begin(&nearest, name);
	for (int i = 0; i < list->count; i++)
		clientele_nearest_offer(&nearest, NameStr(list->promotions[i].name));
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("population \"%s\" has no promotion \"%s\"", NameStr(population->name), name),
			 clientele_nearest_result(&nearest) ?
			 errhint("Perhaps you mean \"%s\".", clientele_nearest_result(&nearest)) :
			 errhint("SELECT name FROM clientele.promotions(%s) lists them.",
					 quote_literal_cstr(NameStr(population->name)))));
}

const ClienteleOffered *
clientele_offered_find(const ClientelePopulation *population, const char *name)
{
	const ClienteleOfferedList *list = clientele_offered_all(population);
	const ClienteleOffered *found = NULL;
	ClienteleOffered wanted;

	if (strlen(name) < NAMEDATALEN)
	{
		namestrcpy(&wanted.name, name);
		found = search(list, list->by_name, &wanted, compare_names);
	}
	if (found == NULL)
		refuse_name(population, list, name);
	return found;
}

const ClienteleBoundPromotion *
clientele_offered_version(int promotion_id, int version)
{
	begin_cache();
	return version_of(promotion_id, version);
}

pg_tz *
clientele_branch_zone(const ClientelePopulation *population, const text *branch)
{
	const KeptList *list = list_of(population);

	for (int i = 0; branch != NULL && i < list->nbranches; i++)
	{
		if (clientele_compare_text(list->branches[i].branch, branch) == 0)
			return list->branches[i].zone;
	}
	return list->zone;
}
