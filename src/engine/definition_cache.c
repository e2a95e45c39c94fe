/*
 * definition_cache.c
 *		The engines that the session has compiled.
 *
 * A version never changes, so an engine is good until a table that it reads does.
 * An engine in use is taken: two scans at once get two.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

#include "capture/mark.h"
#include "compat.h"
#include "engine/by_hand.h"
#include "engine/engine_catalog.h"
#include "engine/engine_parts.h"
#include "population/owner.h"
#include "population/population.h"

static MemoryContext cache_context = NULL;
static List *engines = NIL;		/* of ClienteleEngine, in cache_context */
static uint64 changes = 0;		/* of any table, that we have heard of */

/* ---------- invalidation ---------- */

static void
relation_changed(Datum argument, Oid relation)
{
	ListCell   *cell;

	(void) argument;
	changes++;
	foreach(cell, engines)
	{
		ClienteleEngineParts *parts = ((ClienteleEngine *) lfirst(cell))->parts;

		if (relation == InvalidOid || list_member_oid(parts->relations, relation))
			parts->stale = true;
	}
}

/* An enum's label may have got another name. */
static void
enum_changed(Datum argument, int cache, uint32 hash)
{
	(void) cache;
	(void) hash;
	relation_changed(argument, InvalidOid);
}

static void
free_queries(ClienteleQuery **queries)
{
	for (int shape = 0; shape < CLIENTELE_SHAPES; shape++)
	{
		if (queries[shape])
			clientele_query_free(queries[shape]);
		queries[shape] = NULL;
	}
}

static void
free_engine(ClienteleEngine *engine)
{
	ClienteleEngineParts *parts = engine->parts;

	free_queries(parts->queries);
	for (int i = 0; i < parts->nsources; i++)
		free_queries(parts->sources[i].queries);
	if (parts->by_hand)
		free_queries(parts->by_hand->source.queries);
	MemoryContextDelete(parts->context);
}

/*
 * Engines that have to be compiled anew are freed.  When a transaction fails, the memory
 * of its scans may be freed only after this: what they hold waits for the next end.
 */
static void
end_of_transaction(XactEvent event, void *argument)
{
	(void) argument;
	if (event != XACT_EVENT_COMMIT && event != XACT_EVENT_ABORT && event != XACT_EVENT_PREPARE)
		return;
	for (int i = list_length(engines) - 1; i >= 0; i--)
	{
		ClienteleEngine *engine = list_nth(engines, i);

		if (engine->parts->stale && !engine->parts->in_use)
		{
			engines = list_delete_nth_cell(engines, i);
			free_engine(engine);
		}
	}
}

static void
begin_cache(void)
{
	if (cache_context)
		return;
	CacheRegisterRelcacheCallback(relation_changed, (Datum) 0);
	CacheRegisterSyscacheCallback(ENUMOID, enum_changed, (Datum) 0);
	RegisterXactCallback(end_of_transaction, NULL);
	cache_context = AllocSetContextCreate(TopMemoryContext, "clientele engines", ALLOCSET_DEFAULT_SIZES);
}

/* ---------- the catalog ---------- */

static const char *
row_text(uint64 row, int column, MemoryContext context)
{
	char	   *value = SPI_getvalue(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column);

	return value ? MemoryContextStrdup(context, value) : NULL;
}

static Oid
row_oid(uint64 row, int column)
{
	bool		isnull;

	return DatumGetObjectId(SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column, &isnull));
}

/* Marks and stored rows have the key's type as it was: others would not be found in them. */
static void
refuse_other_keys(const ClienteleCatalogModel *catalog, const char *population)
{
	Oid			marks = clientele_mark_relation(population);
	AttrNumber	key = get_attnum(catalog->relation, catalog->key_column);
	Oid			type;
	Oid			type_before;
	Oid			collation;
	Oid			collation_before;
	int32		typmod;

	if (!OidIsValid(marks))
		return;
	get_atttypetypmodcoll(catalog->relation, key, &type, &typmod, &collation);
	get_atttypetypmodcoll(marks, 1, &type_before, &typmod, &collation_before);
	if (type != type_before || collation != collation_before)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("population \"%s\" is broken: its key %s was of another type or collation", population,
						quote_identifier(catalog->key_column)),
				 errhint("ALTER TABLE %s ALTER COLUMN %s TYPE %s%s%s;",
						 quote_qualified_identifier(get_namespace_name(get_rel_namespace(catalog->relation)), get_rel_name(catalog->relation)),
						 quote_identifier(catalog->key_column), format_type_be(type_before),
						 OidIsValid(collation_before) ? " COLLATE " : "",
						 OidIsValid(collation_before) ? quote_identifier(get_collation_name(collation_before)) : "")));
}

static void
read_population(ClienteleCatalogModel *catalog, MemoryContext context)
{
	Oid			types[2] = {INT4OID, INT4OID};
	Datum		values[2] = {Int32GetDatum(catalog->population_id), Int32GetDatum(catalog->version)};

	SPI_execute_with_args("SELECT p.relation::pg_catalog.oid, p.owner::pg_catalog.oid, p.key_column, v.model::pg_catalog.text, p.name"
						  " FROM clientele.population p LEFT JOIN clientele.version v"
						  " ON v.population_id = p.population_id AND v.version = $2"
						  " WHERE p.population_id = $1",
						  2, types, values, NULL, true, 0);
	if (SPI_processed == 0 || (catalog->model == NULL && SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 4) == NULL))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("population %d has no version %d", catalog->population_id, catalog->version)));
	catalog->relation = row_oid(0, 1);
	catalog->owner = row_oid(0, 2);
	catalog->key_column = row_text(0, 3, context);
	if (catalog->model == NULL)
		catalog->model = row_text(0, 4, context);
	(void) clientele_population_key(catalog->relation, catalog->key_column);
	refuse_other_keys(catalog, SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 5));
	catalog->by_hand = get_relname_relid(psprintf("%s_manual", SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 5)),
										 get_namespace_oid("clientele_data", false));
}

static void
read_sources(ClienteleCatalogModel *catalog, MemoryContext context)
{
	Oid			types[1] = {INT4OID};
	Datum		values[1] = {Int32GetDatum(catalog->population_id)};

	SPI_execute_with_args("SELECT name, relation::pg_catalog.oid, key_path, occurred_at_path"
						  " FROM clientele.source WHERE population_id = $1 ORDER BY name, part",
						  1, types, values, NULL, true, 0);
	catalog->nsources = (int) SPI_processed;
	catalog->sources = MemoryContextAlloc(context, mul_size(sizeof(ClienteleCatalogSource), Max(SPI_processed, 1)));
	for (int i = 0; i < catalog->nsources; i++)
	{
		ClienteleCatalogSource *source = &catalog->sources[i];

		source->name = row_text(i, 1, context);
		source->relation = row_oid(i, 2);
		source->key_path = row_text(i, 3, context);
		source->occurred_at_path = row_text(i, 4, context);
		if (get_rel_name(source->relation) == NULL)
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_TABLE),
					 errmsg("source \"%s\" is broken: its table does not exist any more", source->name),
					 errhint("Drop the source, or register the new table: SELECT drop_source(...); SELECT add_source(...);")));
	}
}

static void
read_catalog(ClienteleCatalogModel *catalog)
{
	MemoryContext context = CurrentMemoryContext;
	ClienteleRole before = clientele_become(clientele_extension_owner());

	SPI_connect();
	read_population(catalog, context);
	read_sources(catalog, context);
	SPI_finish();
	clientele_become_again(&before);
}

/* ---------- taking ---------- */

/*
 * Locks the tables as queries do that read them: from here on they stay what they are.
 * False if one has become something else than what was compiled.
 */
static bool
lock_tables(const ClienteleEngine *engine)
{
	ListCell   *cell;

	foreach(cell, engine->parts->relations)
		LockRelationOid(lfirst_oid(cell), AccessShareLock);
	return !engine->parts->stale;
}

static ClienteleEngine *
compile_as_seen(ClienteleCatalogModel *catalog, ClienteleEnginePurpose purpose)
{
	uint64		changes_before = changes;
	ClienteleEngine *engine;
	MemoryContext old_context;

	read_catalog(catalog);

	/* an error leaves what has been made to the current context */
	engine = clientele_engine_compile(catalog, purpose);
	MemoryContextSetParent(engine->parts->context, cache_context);
	old_context = MemoryContextSwitchTo(cache_context);
	engines = lappend(engines, engine);
	MemoryContextSwitchTo(old_context);
	engine->parts->stale = changes != changes_before;
	return engine;
}

/* Tables are locked when it is known which; if one changed before, once more. */
static ClienteleEngine *
compile_catalog(ClienteleCatalogModel *catalog, ClienteleEnginePurpose purpose)
{
	ClienteleEngine *engine = compile_as_seen(catalog, purpose);

	return lock_tables(engine) ? engine : compile_as_seen(catalog, purpose);
}

static ClienteleEngine *
compile(int population_id, int version, ClienteleEnginePurpose purpose)
{
	ClienteleCatalogModel catalog = {.population_id = population_id,.version = version};

	return compile_catalog(&catalog, purpose);
}

/* An engine that is no version's. */
static ClienteleEngine *
compile_once(ClienteleCatalogModel *catalog, ClienteleEnginePurpose purpose)
{
	ClienteleEngine *engine;

	begin_cache();
	AcceptInvalidationMessages();
	engine = compile_catalog(catalog, purpose);

	/* nobody will ask for it again */
	engine->parts->stale = true;
	return engine;
}

ClienteleEngine *
clientele_engine_of_model(int population_id, const char *model, ClienteleEnginePurpose purpose, const char *grid)
{
	ClienteleCatalogModel catalog = {.population_id = population_id,.model = model,.grid = grid};

	return compile_once(&catalog, purpose);
}

ClienteleEngine *
clientele_engine_of_simulation(int population_id, const ClienteleSimulation *simulation)
{
	ClienteleCatalogModel catalog = {.population_id = population_id,.model = simulation->live,.simulation = simulation};

	return compile_once(&catalog, CLIENTELE_TO_SIMULATE);
}

static bool
is_of(const ClienteleEngine *engine, int population_id, int version)
{
	return engine->population_id == population_id && engine->version == version && !engine->parts->stale;
}

ClienteleEngine *
clientele_engine_get(int population_id, int version)
{
	ListCell   *cell;

	begin_cache();
	AcceptInvalidationMessages();
	foreach(cell, engines)
	{
		ClienteleEngine *engine = lfirst(cell);

		if (!is_of(engine, population_id, version))
			continue;
		if (lock_tables(engine))
			return engine;
		break;
	}
	return compile(population_id, version, CLIENTELE_FOR_ONE);
}

ClienteleEngine *
clientele_engine_take(const ClienteleEngine *model, ClienteleEnginePurpose purpose)
{
	bool		by_hand = clientele_by_hand_is_used(model->parts->statements);
	ClienteleEngine *engine = NULL;
	ListCell   *cell;

	foreach(cell, engines)
	{
		ClienteleEngine *candidate = lfirst(cell);

		if (is_of(candidate, model->population_id, model->version) &&
			!candidate->parts->in_use && candidate->parts->purpose == purpose &&
			(candidate->parts->by_hand != NULL || !by_hand))
		{
			engine = candidate;
			break;
		}
	}
	return engine ? engine : compile(model->population_id, model->version, purpose);
}

int64
clientele_engine_failures(int population_id)
{
	int64		failures = 0;
	ListCell   *cell;

	foreach(cell, engines)
	{
		ClienteleEngine *engine = lfirst(cell);
		ClienteleEngineParts *parts = engine->parts;

		if (engine->population_id != population_id)
			continue;
		failures += parts->program->failures;
		parts->program->failures = 0;
		for (int i = 0; i < parts->nsources; i++)
		{
			failures += parts->sources[i].program->failures + parts->sources[i].fold.failures;
			parts->sources[i].program->failures = 0;
			parts->sources[i].fold.failures = 0;
		}
	}
	return failures;
}

void
clientele_engine_add_failures(int population_id, int64 failures)
{
	ListCell   *cell;

	foreach(cell, engines)
	{
		ClienteleEngine *engine = lfirst(cell);

		if (engine->population_id != population_id)
			continue;
		engine->parts->program->failures += failures;
		break;
	}
}
