/*
 * population.c
 *		What is registered of a population, read past all permissions.
 *
 * The newest committed rows, as the server reads its own catalogs; what is read here
 * never changes while a population exists.  So the session keeps it for as long as
 * there is the population's mark table, which comes and goes with it.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "capture/mark.h"
#include "own/own_relation.h"
#include "population/population.h"

/* Columns of clientele.population, source and link; releases only append to them. */
enum
{
	POPULATION_ID = 1,
	POPULATION_NAME = 2,
	POPULATION_RELATION = 3,
	POPULATION_KEY_COLUMN = 4,
	POPULATION_TARGET_SCHEMA = 6,
	POPULATION_OWNER = 7,

	SOURCE_POPULATION = 1,
	SOURCE_RELATION = 4,
	SOURCE_KEY_PATH = 5,

	LINK_POPULATION = 1,
	LINK_NUMBER = 2,
	LINK_RELATION = 3,
	LINK_UNIQUE_COLUMN = 4,
	LINK_KEY_PATH = 5
};

static Relation
open_catalog(const char *name)
{
	return table_open(clientele_own_relation(name), AccessShareLock);
}

static Datum
column(HeapTuple row, Relation relation, int number)
{
	bool		is_null;
	Datum		value = heap_getattr(row, number, RelationGetDescr(relation), &is_null);

	if (is_null)
		elog(ERROR, "column %d of %s is null", number, RelationGetRelationName(relation));
	return value;
}

static bool
read_population(ScanKey key, ClientelePopulation *population)
{
	Relation	relation = open_catalog("population");
	SysScanDesc scan;
	HeapTuple	row;

	scan = systable_beginscan(relation, InvalidOid, false, NULL, 1, key);
	row = systable_getnext(scan);
	if (HeapTupleIsValid(row))
	{
		population->id = DatumGetInt32(column(row, relation, POPULATION_ID));
		population->name = *DatumGetName(column(row, relation, POPULATION_NAME));
		population->relation = DatumGetObjectId(column(row, relation, POPULATION_RELATION));
		population->key_column = *DatumGetName(column(row, relation, POPULATION_KEY_COLUMN));
		population->target_schema = *DatumGetName(column(row, relation, POPULATION_TARGET_SCHEMA));
		population->owner = DatumGetObjectId(column(row, relation, POPULATION_OWNER));
		population->marks = clientele_mark_relation(NameStr(population->name));
	}
	systable_endscan(scan);
	table_close(relation, AccessShareLock);
	return HeapTupleIsValid(row);
}

/* ---------- what the session keeps ---------- */

typedef struct KnownPopulation
{
	NameData	name;			/* the key */
	bool		valid;
	ClientelePopulation population;
} KnownPopulation;

static HTAB *known = NULL;
static uint64 changes = 0;		/* of any table, that we have heard of */

static void
relation_changed(Datum argument, Oid relation)
{
	HASH_SEQ_STATUS status;
	KnownPopulation *entry;

	(void) argument;
	changes++;
	hash_seq_init(&status, known);
	while ((entry = hash_seq_search(&status)) != NULL)
		if (!OidIsValid(relation) || entry->population.marks == relation)
			entry->valid = false;
}

static void
begin_cache(void)
{
	HASHCTL		control = {.keysize = sizeof(NameData),.entrysize = sizeof(KnownPopulation)};

	if (known)
		return;
	known = hash_create("clientele populations", 8, &control, HASH_ELEM | HASH_STRINGS);
	CacheRegisterRelcacheCallback(relation_changed, (Datum) 0);
}

static void
keep(const ClientelePopulation *population)
{
	KnownPopulation *entry = hash_search(known, NameStr(population->name), HASH_ENTER, NULL);

	entry->population = *population;
	entry->valid = true;
}

bool
clientele_population_find(const char *name, ClientelePopulation *population)
{
	KnownPopulation *entry;
	ScanKeyData key;
	uint64		changes_before;

	begin_cache();
	entry = hash_search(known, name, HASH_FIND, NULL);
	if (entry && entry->valid)
	{
		*population = entry->population;
		return true;
	}
	changes_before = changes;
	ScanKeyInit(&key, POPULATION_NAME, BTEqualStrategyNumber, F_NAMEEQ, CStringGetDatum(name));
	if (!read_population(&key, population))
		return false;
	if (OidIsValid(population->marks) && changes == changes_before)
		keep(population);
	return true;
}

bool
clientele_population_find_id(int id, ClientelePopulation *population)
{
	HASH_SEQ_STATUS status;
	KnownPopulation *entry;
	ScanKeyData key;

	begin_cache();
	hash_seq_init(&status, known);
	while ((entry = hash_seq_search(&status)) != NULL)
	{
		if (entry->valid && entry->population.id == id)
		{
			*population = entry->population;
			hash_seq_term(&status);
			return true;
		}
	}
	ScanKeyInit(&key, POPULATION_ID, BTEqualStrategyNumber, F_INT4EQ, Int32GetDatum(id));
	return read_population(&key, population) &&
		clientele_population_find(pstrdup(NameStr(population->name)), population);
}

void
clientele_population_get(const char *name, ClientelePopulation *population)
{
	if (!clientele_population_find(name, population))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("population \"%s\" does not exist", name),
				 errhint("A population has the name of its view of customers: 'customer' is that of segments.customer.")));
}

/* Of all that drop_population locks, the mark table is the one that every population has. */
void
clientele_population_hold(const ClientelePopulation *population)
{
	if (OidIsValid(population->marks))
		LockRelationOid(population->marks, AccessShareLock);
	if (!SearchSysCacheExists1(RELOID, ObjectIdGetDatum(population->marks)))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("population \"%s\" does not exist any more", NameStr(population->name)),
				 errhint("Somebody has dropped it meanwhile.")));
}

void
clientele_population_hold_id(int id, ClientelePopulation *population)
{
	if (!clientele_population_find_id(id, population))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("population %d does not exist any more", id),
				 errhint("Somebody has dropped it meanwhile.")));
	clientele_population_hold(population);
}

AttrNumber
clientele_population_key(Oid relation, const char *column)
{
	AttrNumber	key = get_attnum(relation, column);

	if (key != InvalidAttrNumber)
		return key;
	if (get_rel_name(relation) == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("the population is broken: its table does not exist any more"),
				 errhint("SELECT * FROM clientele.status(...) says how to repair it.")));
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_COLUMN),
			 errmsg("the population is broken: its table has no column %s any more", quote_identifier(column)),
			 errhint("Give the column its name back: ALTER TABLE ... RENAME COLUMN ... TO %s;", quote_identifier(column))));
}

Oid
clientele_population_key_type(const ClientelePopulation *population)
{
	return get_atttype(population->relation, clientele_population_key(population->relation, NameStr(population->key_column)));
}

List *
clientele_population_sources(const ClientelePopulation *population)
{
	Relation	relation = open_catalog("source");
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	row;
	List	   *sources = NIL;

	ScanKeyInit(&key, SOURCE_POPULATION, BTEqualStrategyNumber, F_INT4EQ, Int32GetDatum(population->id));
	scan = systable_beginscan(relation, InvalidOid, false, NULL, 1, &key);
	while (HeapTupleIsValid(row = systable_getnext(scan)))
	{
		ClientelePopulationSource *source = palloc(sizeof(ClientelePopulationSource));

		source->relation = DatumGetObjectId(column(row, relation, SOURCE_RELATION));
		source->key_path = TextDatumGetCString(column(row, relation, SOURCE_KEY_PATH));
		sources = lappend(sources, source);
	}
	systable_endscan(scan);
	table_close(relation, AccessShareLock);
	return sources;
}

ClienteleLink *
clientele_population_link(const ClientelePopulation *population, int number)
{
	Relation	relation = open_catalog("link");
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple	row;
	ClienteleLink *link = palloc(sizeof(ClienteleLink));

	ScanKeyInit(&keys[0], LINK_POPULATION, BTEqualStrategyNumber, F_INT4EQ, Int32GetDatum(population->id));
	ScanKeyInit(&keys[1], LINK_NUMBER, BTEqualStrategyNumber, F_INT2EQ, Int16GetDatum((int16) number));
	scan = systable_beginscan(relation, InvalidOid, false, NULL, 2, keys);
	row = systable_getnext(scan);
	if (!HeapTupleIsValid(row))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("population \"%s\" has a mark of link %d, which does not exist",
						NameStr(population->name), number),
				 errhint("Run SELECT clientele.mark_all('%s').", NameStr(population->name))));
	link->number = number;
	link->relation = DatumGetObjectId(column(row, relation, LINK_RELATION));
	link->unique_column = *DatumGetName(column(row, relation, LINK_UNIQUE_COLUMN));
	link->key_path = TextDatumGetCString(column(row, relation, LINK_KEY_PATH));
	systable_endscan(scan);
	table_close(relation, AccessShareLock);
	return link;
}
