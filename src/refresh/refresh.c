/*
 * refresh.c
 *		CALL refresh: a published version is built and shown, changed facts are taken
 *		in, and rows that have come due step on.
 *
 * A batch is a transaction.  It begins by locking the population, so that all who
 * write stored rows, feed and versions do so one after the other, and each statement
 * after that has a snapshot of its own, younger than the lock.  From this follows
 * what concurrency may not break:
 *
 * - Marks are deleted by one statement, and their customers evaluated by a later one:
 *	 a writer whose mark was deleted has committed, so the evaluation sees his facts.
 *	 A mark that comes after the deletion stays for the next time.
 * - The older reading never overwrites the younger: nobody reads, waits, and writes.
 * - Marks stay while a version is being built, for its rows may be older than they are.
 *
 * Whatever a batch did is committed with its progress or not at all, so a refresh may
 * be cancelled or killed anywhere and begun again.
 */
#include "postgres.h"

#include "access/transam.h"
#include "access/xact.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/relcache.h"
#include "utils/snapmgr.h"

#include "base/clock.h"
#include "base/statement.h"
#include "capture/capture.h"
#include "compat.h"
#include "engine/engine.h"
#include "population/owner.h"
#include "refresh/stored.h"
#include "stock/expiry.h"

PG_FUNCTION_INFO_V1(clientele_refresh);

/*
 * Customers of a batch, unless the caller says how many.  Building, nobody waits for us, and
 * processes that help have to be started for each batch.
 */
#define BATCH 10000
#define BUILD_BATCH 100000

typedef struct Refresh
{
	int			population_id;
	int			batch;			/* customers who are evaluated in one transaction ... */
	int			build_batch;	/* ... and when a version is built */
	bool		atomic;			/* all in the caller's transaction */
	MemoryContext memory;		/* lives until the call ends */
	ClienteleRole caller;

	/* The population as it is under the lock; read again by each batch. */
	char	   *name;
	Oid			owner;
	int			live_version;	/* 0 = none */
	int			next_version;	/* 0 = none */
	Oid			key_type;
	char	   *built_from;		/* of the next version: customers from this key on are
								 * stored; NULL: none is yet, or all */
	bool		built;			/* all of its customers are, and found by indexes */
	const char *key;			/* quoted */
	const char *relation;		/* quoted */
	bool		paused;			/* changes make no marks */
	bool		summed;			/* up by days: who pays is to be counted anew */

	/* For those who watch */
	int64		run;			/* 0 = not begun */
	const char *phase;
	int64		done;
	int64		total;
} Refresh;

/* ------------------------------------------------------------------
 * Statements
 * ------------------------------------------------------------------ */

/* The name of one of the population's tables; version 0 where there is one for all. */
static char *
table_name(const Refresh *refresh, const char *kind, int version)
{
	return version == 0 ?
		psprintf("clientele_data.%s", quote_identifier(psprintf("%s_%s", refresh->name, kind))) :
		psprintf("clientele_data.%s", quote_identifier(psprintf("%s_%s_%d", refresh->name, kind, version)));
}

/* ------------------------------------------------------------------
 * Batches
 * ------------------------------------------------------------------ */

static void
read_population(Refresh *refresh)
{
	Oid			type = INT4OID;
	Datum		id = Int32GetDatum(refresh->population_id);
	bool		isnull;

	if (clientele_run("SELECT p.name::text, p.owner::oid, coalesce(p.live_version, 0), coalesce(p.next_version, 0),"
					  " a.atttypid, quote_ident(p.key_column), p.relation::text, p.capture_paused, v.built_from,"
					  " EXISTS (SELECT FROM pg_index AS i WHERE i.indisprimary"
					  "         AND i.indrelid = to_regclass(clientele.data_table(p.name, 'stored', p.next_version))),"
					  " EXISTS (SELECT FROM clientele.summary AS s WHERE s.population_id = p.population_id)"
					  " FROM clientele.population AS p"
					  " LEFT JOIN clientele.version AS v ON v.population_id = p.population_id AND v.version = p.next_version"
					  " JOIN pg_attribute AS a ON a.attrelid = p.relation AND a.attname = p.key_column"
					  " WHERE p.population_id = $1", 1, &type, &id, NULL) != 1)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("population \"%s\" has been dropped, or its table or key", refresh->name)));
	refresh->owner = DatumGetObjectId(clientele_answer(2, &isnull));
	refresh->live_version = DatumGetInt32(clientele_answer(3, &isnull));
	refresh->next_version = DatumGetInt32(clientele_answer(4, &isnull));
	refresh->key_type = DatumGetObjectId(clientele_answer(5, &isnull));
	refresh->key = clientele_answer_text(refresh->memory, 6);
	refresh->relation = clientele_answer_text(refresh->memory, 7);
	refresh->paused = DatumGetBool(clientele_answer(8, &isnull));
	refresh->built_from = clientele_answer_text(refresh->memory, 9);
	refresh->built = DatumGetBool(clientele_answer(10, &isnull));
	refresh->summed = DatumGetBool(clientele_answer(11, &isnull));
	SPI_freetuptable(SPI_tuptable);
}

/* What pg_stat_activity says of us, until the batch ends. */
static void
announce(const Refresh *refresh)
{
	char	   *text = psprintf("clientele refresh %s %s", refresh->name, refresh->phase);

	if (refresh->total > 0)
		text = psprintf("%s %d%%", text, (int) (Min(refresh->done, refresh->total) * 100 / refresh->total));
	(void) set_config_option("application_name", text, PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
}

static void
batch_begin(Refresh *refresh)
{
	if (!refresh->atomic)
		XactIsoLevel = XACT_READ_COMMITTED; /* whatever the session's default is */
	refresh->caller = clientele_become(clientele_extension_owner());
	announce(refresh);
	clientele_lock_population(refresh->population_id);
	read_population(refresh);
}

static void
note_progress(Refresh *refresh, bool finished)
{
	Oid			types[] = {INT4OID, INT8OID, TEXTOID, INT8OID, INT8OID, BOOLOID};
	Datum		values[] = {Int32GetDatum(refresh->population_id), Int64GetDatum(refresh->run),
		CStringGetTextDatum(refresh->phase), Int64GetDatum(refresh->done), Int64GetDatum(refresh->total),
	BoolGetDatum(finished)};
	char		nulls[] = {' ', refresh->run == 0 ? 'n' : ' ', ' ', ' ', ' ', ' '};

	clientele_run("SELECT clientele.note_progress($1, $2, $3, $4, $5, $6)", 6, types, values, nulls);
	refresh->run = clientele_answer_int64(1);
	SPI_freetuptable(SPI_tuptable);
}

static void
batch_end(Refresh *refresh)
{
	clientele_become_again(&refresh->caller);
	if (!refresh->atomic)
	{
		SPI_commit();
		SPI_start_transaction();
	}
}

static void
phase_begin(Refresh *refresh, const char *phase, int64 total)
{
	refresh->phase = phase;
	refresh->done = 0;
	refresh->total = total;
}

/* ------------------------------------------------------------------
 * Building a version
 * ------------------------------------------------------------------ */

/* The tables whose changes make marks, and their partitions. */
static List *
watched_relations(const Refresh *refresh)
{
	Oid			type = INT4OID;
	Datum		id = Int32GetDatum(refresh->population_id);
	List	   *relations = NIL;
	MemoryContext old;

	clientele_run("SELECT DISTINCT relation::oid FROM clientele.watch WHERE population_id = $1", 1, &type, &id, NULL);
	old = MemoryContextSwitchTo(refresh->memory);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		bool		isnull;
		Oid			relation = DatumGetObjectId(SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1, &isnull));

		relations = list_concat_unique_oid(relations, find_all_inheritors(relation, NoLock, NULL));
	}
	MemoryContextSwitchTo(old);
	SPI_freetuptable(SPI_tuptable);
	return relations;
}

static bool
published_here(const Refresh *refresh, int version)
{
	Oid			types[] = {INT4OID, INT4OID};
	Datum		values[] = {Int32GetDatum(refresh->population_id), Int32GetDatum(version)};
	bool		isnull;
	bool		here;

	clientele_run("SELECT xmin FROM clientele.version WHERE population_id = $1 AND version = $2", 2, types, values, NULL);
	here = TransactionIdIsCurrentTransactionId(DatumGetTransactionId(clientele_answer(1, &isnull)));
	SPI_freetuptable(SPI_tuptable);
	return here;
}

/*
 * Nobody else can see what this transaction has published, so others' changes would
 * make no marks for it; unless none are possible, because it has locked the tables too.
 */
static void
refuse_unwatched(const Refresh *refresh, List *relations)
{
	ListCell   *cell;

	foreach(cell, relations)
	{
		Relation	relation = RelationIdGetRelation(lfirst_oid(cell));
		bool		locked = RelationIsValid(relation) && CheckRelationLockedByMe(relation, ShareLock, true);

		if (!locked)
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("version %d of population \"%s\" was published by this transaction",
							refresh->next_version, refresh->name),
					 errdetail("Others may be writing to %s and not know yet what it watches.",
							   get_rel_name(lfirst_oid(cell))),
					 errhint("COMMIT before CALL clientele.refresh(%s).", quote_literal_cstr(refresh->name))));
		RelationClose(relation);
	}
}

/*
 * Who had begun to write before the version was published may not have made marks
 * for all that it watches: wait for them, blocking nobody, as CREATE INDEX
 * CONCURRENTLY does.  Every snapshot after that sees what they wrote.
 */
static void
wait_for_writers(List *relations)
{
	List	   *tags = NIL;
	ListCell   *cell;

	foreach(cell, relations)
	{
		LOCKTAG    *tag = palloc(sizeof(LOCKTAG));

		SET_LOCKTAG_RELATION(*tag, MyDatabaseId, lfirst_oid(cell));
		tags = lappend(tags, tag);
	}
	WaitForLockersMultiple(tags, ShareLock, false);
}

/* Keys from here on are stored: as text, because versions have keys of various types. */
static void
note_built_from(const Refresh *refresh, Datum key)
{
	Oid			types[] = {INT4OID, INT4OID, TEXTOID};
	Oid			output;
	bool		is_varlena;
	Datum		values[3];

	getTypeOutputInfo(refresh->key_type, &output, &is_varlena);
	values[0] = Int32GetDatum(refresh->population_id);
	values[1] = Int32GetDatum(refresh->next_version);
	values[2] = CStringGetTextDatum(OidOutputFunctionCall(output, key));
	clientele_run("UPDATE clientele.version SET built_from = $3 WHERE population_id = $1 AND version = $2", 3, types, values, NULL);
}

/* The key that was noted so; of a domain, its base type is enough. */
static Datum
built_from(const Refresh *refresh)
{
	Oid			base = getBaseType(refresh->key_type);
	Oid			input;
	Oid			parameter;

	getTypeInputInfo(base, &input, &parameter);
	return OidInputFunctionCall(input, refresh->built_from, parameter, -1);
}

/*
 * Where the next range of customers begins, of those below a key: at most as many as a
 * batch has.  False: it is the last one, and has no beginning.
 */
static bool
next_range(const Refresh *refresh, Datum high, char no_high, Datum *low)
{
	Oid			types[] = {refresh->key_type, INT4OID};
	Datum		arguments[] = {high, Int32GetDatum(refresh->build_batch - 1)};
	char		nulls[] = {no_high, ' '};
	int16		length;
	bool		byval;
	bool		isnull;
	bool		found;

	get_typlenbyval(refresh->key_type, &length, &byval);
	found = clientele_run(psprintf("SELECT %s FROM %s %s ORDER BY %s DESC OFFSET $2 LIMIT 1", refresh->key, refresh->relation,
								   no_high == 'n' ? "" : psprintf("WHERE %s < $1", refresh->key), refresh->key),
						  2, types, arguments, nulls) == 1;
	if (found)
		*low = datumCopy(clientele_answer(1, &isnull), byval, length);
	SPI_freetuptable(SPI_tuptable);
	return found;
}

/* Stores a range of customers; true if it was the last. */
static bool
build_range(Refresh *refresh)
{
	Oid			types[] = {TIMESTAMPTZOID, refresh->key_type, refresh->key_type};
	Datum		values[] = {TimestampTzGetDatum(clientele_clock_now()), (Datum) 0, (Datum) 0};
	char		nulls[] = {' ', ' ', ' '};
	ClienteleRole before = clientele_become(refresh->owner);

	if (refresh->built_from)
		values[2] = built_from(refresh);
	else
		nulls[2] = 'n';
	if (!next_range(refresh, values[2], nulls[2], &values[1]))
		nulls[1] = 'n';
	refresh->done += clientele_stored_load(refresh->name, clientele_engine_get(refresh->population_id, refresh->next_version),
										   psprintf("SELECT * FROM %s AS a WHERE a.as_of = $1%s%s",
													table_name(refresh, "all", refresh->next_version),
													nulls[1] == 'n' ? "" : psprintf(" AND a.%s >= $2", refresh->key),
													nulls[2] == 'n' ? "" : psprintf(" AND a.%s < $3", refresh->key)),
										   3, types, values, nulls);
	clientele_become_again(&before);
	if (nulls[1] != 'n')
		note_built_from(refresh, values[1]);
	return nulls[1] == 'n';
}

/*
 * All rows are there, and that they have indexes says so.  Readers choose rows by few
 * columns; what is known of these makes their plans.
 */
static void
finish_rows(const Refresh *refresh)
{
	ClienteleRole before;

	clientele_run(psprintf("SELECT clientele.index_stored(%d, %d)", refresh->population_id, refresh->next_version),
				  0, NULL, NULL, NULL);
	before = clientele_become(refresh->owner);
	clientele_run(psprintf("ANALYZE %s (%s, evaluated_at, due_at)", table_name(refresh, "stored", refresh->next_version), refresh->key),
				  0, NULL, NULL, NULL);
	clientele_become_again(&before);
}

static int64
count_rows(const Refresh *refresh, const char *query)
{
	ClienteleRole before = clientele_become(refresh->owner);
	int64		rows;

	clientele_run(query, 0, NULL, NULL, NULL);
	rows = clientele_answer_int64(1);
	SPI_freetuptable(SPI_tuptable);
	clientele_become_again(&before);
	return rows;
}

/* What the feed follows in the version that is shown, or in the next. */
static ClienteleLabelled *
labels_of_both(const Refresh *refresh, int *count)
{
	Oid			types[] = {INT4OID, INT4OID, INT4OID};
	Datum		values[] = {
		Int32GetDatum(refresh->population_id), Int32GetDatum(refresh->live_version), Int32GetDatum(refresh->next_version)
	};
	ClienteleLabelled *labels;

	*count = (int) clientele_run("SELECT d ->> 'name', bool_or(v.version = $2), bool_or(v.version = $3)"
								 " FROM clientele.version AS v CROSS JOIN LATERAL (SELECT v.model::text::jsonb) AS m (model),"
								 " jsonb_array_elements(m.model -> 'definitions') AS d"
								 " WHERE v.population_id = $1 AND v.version IN ($2, $3)"
								 " AND (d ->> 'kind' IN ('rfm', 'scorecard', 'ladder') OR d ->> 'name' = m.model ->> 'branch')"
								 " GROUP BY 1 ORDER BY (d ->> 'name') COLLATE \"C\"", 3, types, values, NULL);
	labels = palloc(sizeof(ClienteleLabelled) * Max(*count, 1));
	for (int i = 0; i < *count; i++)
	{
		HeapTuple	row = SPI_tuptable->vals[i];
		bool		isnull;

		labels[i].name = SPI_getvalue(row, SPI_tuptable->tupdesc, 1);
		labels[i].before = DatumGetBool(SPI_getbinval(row, SPI_tuptable->tupdesc, 2, &isnull));
		labels[i].after = DatumGetBool(SPI_getbinval(row, SPI_tuptable->tupdesc, 3, &isnull));
	}
	SPI_freetuptable(SPI_tuptable);
	return labels;
}

/*
 * The feed learns what a version changes.  The first one changes nothing: what it
 * finds is where the feed begins.
 */
static int64
log_switch(const Refresh *refresh)
{
	TimestampTz clock = clientele_clock_now();
	ClienteleLabelled *labels;
	ClienteleRole before;
	int			nlabels;
	int64		logged;

	if (refresh->live_version == 0)
		return 0;
	labels = labels_of_both(refresh, &nlabels);
	before = clientele_become(refresh->owner);
	logged = clientele_stored_log_switch(refresh->name, refresh->live_version, refresh->next_version, clock, nlabels, labels);
	clientele_become_again(&before);
	return logged;
}

/* The feed and the views go over to the version in one moment. */
static void
switch_version(Refresh *refresh)
{
	int			version = refresh->next_version;
	Oid			types[] = {INT4OID, INT4OID};
	Datum		values[] = {Int32GetDatum(refresh->population_id), Int32GetDatum(version)};
	bool		isnull;
	int64		logged = log_switch(refresh);

	clientele_run("SELECT clientele.switch_version($1, $2)", 2, types, values, NULL);
	if (!DatumGetBool(clientele_answer(1, &isnull)))
		ereport(ERROR,
				(errcode(ERRCODE_LOCK_NOT_AVAILABLE),
				 errmsg("version %d of population \"%s\" stands ready, but its views are in use", version, refresh->name),
				 errdetail("Readers go on with version %d.", refresh->live_version),
				 errhint("CALL clientele.refresh(%s) again when they have ended their transactions.",
						 quote_literal_cstr(refresh->name))));
	SPI_freetuptable(SPI_tuptable);
	ereport(NOTICE,
			(errmsg("population \"%s\": version %d is built and shown, " INT64_FORMAT " changes",
					refresh->name, version, logged)));
}

/*
 * Builds the published version, if there is one.  Another publish may replace it
 * between two batches, another refresh may build and show it: then begin again.
 */
static void
build(Refresh *refresh)
{
	for (;;)
	{
		List	   *relations;
		int			version;

		batch_begin(refresh);
		version = refresh->next_version;
		if (version == 0)
		{
			batch_end(refresh);
			return;
		}
		relations = watched_relations(refresh);
		if (published_here(refresh, version))
			refuse_unwatched(refresh, relations);
		phase_begin(refresh, "build", count_rows(refresh, psprintf("SELECT count(*) FROM %s", refresh->relation)));
		note_progress(refresh, false);
		batch_end(refresh);

		wait_for_writers(relations);

		for (;;)
		{
			batch_begin(refresh);
			if (refresh->next_version != version)
				break;
			if (refresh->built)
			{
				switch_version(refresh);
				batch_end(refresh);
				return;
			}
			if (build_range(refresh))
				finish_rows(refresh);
			note_progress(refresh, false);
			batch_end(refresh);
		}
		batch_end(refresh);
	}
}

/* ------------------------------------------------------------------
 * Facts and time
 * ------------------------------------------------------------------ */

/*
 * Marks that name no customer become marks that do: of a changed line, of the customers
 * whom it leads to now; of a change that concerns everyone, of everybody known and stored.
 *
 * Everyone is marked also when more is watched, or capture resumes.  Who had begun to
 * write before may know nothing of it and make no mark: the mark of everyone stands
 * for his, and may not be taken before he has ended.
 */
static void
spell_out_marks(const Refresh *refresh)
{
	List	   *relations = watched_relations(refresh);
	char	   *mark = table_name(refresh, "mark", 0);
	char	   *stored = table_name(refresh, "stored", refresh->live_version);
	char	   *marked = table_name(refresh, "marked", 0);
	ClienteleRole before = clientele_become(refresh->owner);
	Oid			type = TIDOID;
	Datum		places;
	bool		none;
	bool		isnull;
	bool		everyone;

	clientele_run(psprintf("SELECT array_agg(ctid), bool_or(link IS NULL) FROM %s WHERE key IS NULL", mark), 0, NULL, NULL, NULL);
	places = clientele_answer(1, &none);
	if (!none)
	{
		places = datumCopy(places, false, -1);
		everyone = DatumGetBool(clientele_answer(2, &isnull));
		SPI_freetuptable(SPI_tuptable);
		if (everyone)
			wait_for_writers(relations);
		clientele_run(psprintf("INSERT INTO %s (key) (SELECT key FROM %s WHERE key IS NOT NULL%s) EXCEPT SELECT key FROM %s", mark, marked,
							   everyone ? psprintf(" UNION ALL SELECT %s FROM %s UNION ALL SELECT %s FROM %s",
												   refresh->key, stored, refresh->key, refresh->relation) : "",
							   mark), 0, NULL, NULL, NULL);
		type = get_array_type(TIDOID);
		clientele_run(psprintf("DELETE FROM %s WHERE ctid = ANY ($1)", mark), 1, &type, &places, NULL);
		clientele_capture_forget();
	}
	else
		SPI_freetuptable(SPI_tuptable);
	clientele_become_again(&before);
}

/* What these customers have paid may be something else now: see clientele.summarise(). */
static void
count_anew(const Refresh *refresh, ArrayType *keys)
{
	Oid			type = get_array_type(ARR_ELEMTYPE(keys));
	Datum		value = PointerGetDatum(keys);

	clientele_run(psprintf("INSERT INTO %s (key) SELECT unnest($1)", table_name(refresh, "recount", 0)), 1, &type, &value, NULL);
}

/*
 * Takes a batch of marks and evaluates their customers; the number of marks.  Only marks of
 * transactions that had begun before `end`: were those of all that come meanwhile taken too,
 * busy tills would keep a refresh at work for ever.
 */
static int64
take_facts(const Refresh *refresh, TransactionId end, ClienteleTally *tally)
{
	ClienteleRole before = clientele_become(refresh->owner);
	char	   *mark = table_name(refresh, "mark", 0);
	Oid			types[] = {INT4OID, XIDOID};
	Datum		values[] = {Int32GetDatum(refresh->batch), TransactionIdGetDatum(end)};
	SPITupleTable *answered;
	bool		isnull;
	int64		taken;

	clientele_run(psprintf("WITH taken AS (DELETE FROM %s WHERE ctid = ANY (ARRAY(SELECT ctid FROM %s"
						   " WHERE key IS NOT NULL AND age(xmin) > age($2) LIMIT $1))"
						   " RETURNING key) SELECT count(*), array_agg(DISTINCT key ORDER BY key) FROM taken", mark, mark),
				  2, types, values, NULL);
	answered = SPI_tuptable;
	taken = clientele_answer_int64(1);
	if (taken > 0)
	{
		ArrayType  *marked = DatumGetArrayTypeP(clientele_answer(2, &isnull));
		Datum	   *keys;
		int			nkeys;
		int16		length;
		bool		byval;
		char		alignment;

		if (refresh->summed)
			count_anew(refresh, marked);
		get_typlenbyvalalign(ARR_ELEMTYPE(marked), &length, &byval, &alignment);
		deconstruct_array(marked, ARR_ELEMTYPE(marked), length, byval, alignment, &keys, NULL, &nkeys);
		clientele_capture_forget();
		clientele_stored_refresh(refresh->name, clientele_engine_get(refresh->population_id, refresh->live_version),
								 keys, nkeys, clientele_clock_now(), tally);
		pfree(keys);
	}
	SPI_freetuptable(answered);
	clientele_become_again(&before);
	return taken;
}

/* Steps a batch of rows to where they came due; how many there were. */
static int64
take_time(const Refresh *refresh, TimestampTz clock, ClienteleTally *tally)
{
	ClienteleRole before = clientele_become(refresh->owner);
	int64		taken = clientele_stored_step(refresh->name, clientele_engine_get(refresh->population_id, refresh->live_version),
											  clock, refresh->batch, tally);

	clientele_become_again(&before);
	return taken;
}

/* A version was published: its rows must find the marks that are there. */
static bool
superseded(const Refresh *refresh, int version)
{
	return refresh->next_version != 0 || refresh->live_version != version;
}

/* Customers of whom something changed; false if a version came between. */
static bool
drain_facts(Refresh *refresh)
{
	ClienteleTally tally = {0};
	TransactionId end;
	int			version;
	int64		taken;

	batch_begin(refresh);
	if (refresh->next_version != 0)
	{
		batch_end(refresh);
		return false;
	}
	version = refresh->live_version;
	if (version == 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("population \"%s\" has no published version", refresh->name),
				 errhint("SELECT clientele.publish(%s);", quote_literal_cstr(refresh->name))));
	if (refresh->paused)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("capture of population \"%s\" is paused, so nobody knows what changes", refresh->name),
				 errhint("SELECT clientele.resume_capture(%s);", quote_literal_cstr(refresh->name))));
	clientele_run(psprintf("SELECT clientele.drop_old_versions(%d)", refresh->population_id), 0, NULL, NULL, NULL);
	spell_out_marks(refresh);
	phase_begin(refresh, "facts", count_rows(refresh, psprintf("SELECT count(*) FROM %s", table_name(refresh, "mark", 0))));
	end = ReadNextTransactionId();
	batch_end(refresh);

	do
	{
		batch_begin(refresh);
		if (superseded(refresh, version))
		{
			batch_end(refresh);
			return false;
		}
		taken = take_facts(refresh, end, &tally);
		refresh->done += taken;
		if (taken > 0)
			note_progress(refresh, false);
		batch_end(refresh);
	} while (taken == refresh->batch);

	if (tally.asked > 0)
		ereport(NOTICE,
				(errmsg("population \"%s\": " INT64_FORMAT " customers marked, " INT64_FORMAT " rows written, " INT64_FORMAT " changes",
						refresh->name, tally.asked, tally.written, tally.logged)));
	return true;
}

static int64
count_due(const Refresh *refresh, TimestampTz clock)
{
	return count_rows(refresh, psprintf("SELECT count(*) FROM %s WHERE due_at <= %s",
										table_name(refresh, "stored", refresh->live_version),
										quote_literal_cstr(timestamptz_to_str(clock))));
}

/* Rows that are due step from horizon to horizon, the earliest first. */
static bool
drain_time(Refresh *refresh)
{
	ClienteleTally tally = {0};
	TimestampTz clock = clientele_clock_now();
	int			version = refresh->live_version;
	int64		taken;

	phase_begin(refresh, "time", 0);
	do
	{
		batch_begin(refresh);
		if (superseded(refresh, version))
		{
			batch_end(refresh);
			return false;
		}
		taken = take_time(refresh, clock, &tally);
		refresh->done += taken;
		if (refresh->total == 0)
			refresh->total = taken < refresh->batch ? taken : taken + count_due(refresh, clock);
		if (taken > 0)
			note_progress(refresh, false);
		batch_end(refresh);
	} while (taken > 0);

	if (tally.asked > 0)
		ereport(NOTICE,
				(errmsg("population \"%s\": " INT64_FORMAT " rows came due, " INT64_FORMAT " changes",
						refresh->name, tally.asked, tally.logged)));
	return true;
}

/* ------------------------------------------------------------------
 * Claims
 * ------------------------------------------------------------------ */

/* What was held and not used in time; it is free in any case, but counting it takes time. */
static void
sweep_claims(Refresh *refresh)
{
	TimestampTz clock = clientele_clock_now();
	ClientelePopulation population;
	int			swept;

	clientele_population_get(refresh->name, &population);
	phase_begin(refresh, "claims", 0);
	do
	{
		refresh->caller = clientele_become(clientele_extension_owner());
		PushActiveSnapshot(GetTransactionSnapshot());
		swept = clientele_claim_sweep_oldest(&population, clock);
		PopActiveSnapshot();
		refresh->done += swept;
		batch_end(refresh);
	} while (swept > 0);
}

/* ------------------------------------------------------------------
 * CALL refresh
 * ------------------------------------------------------------------ */

static bool
is_atomic(FunctionCallInfo fcinfo)
{
	return !(fcinfo->context != NULL && IsA(fcinfo->context, CallContext) &&
			 !castNode(CallContext, fcinfo->context)->atomic);
}

Datum
clientele_refresh(PG_FUNCTION_ARGS)
{
	Refresh		refresh = {.atomic = is_atomic(fcinfo),.phase = "begins"};

	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("population must not be null")));
	refresh.batch = PG_ARGISNULL(1) ? BATCH : PG_GETARG_INT32(1);
	refresh.build_batch = PG_ARGISNULL(1) ? BUILD_BATCH : refresh.batch;
	if (refresh.batch < 1 || refresh.batch > 1000000)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("a batch of %d customers is not possible", refresh.batch),
				 errhint("Give a number from 1 to 1000000, e.g. batch => 10000.")));
	if (refresh.atomic && IsolationUsesXactSnapshot())
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TRANSACTION_STATE),
				 errmsg("refresh must see what others commit meanwhile, which this transaction's isolation level forbids"),
				 errhint("CALL it outside a transaction block, or BEGIN ISOLATION LEVEL READ COMMITTED.")));

	SPI_connect_ext(refresh.atomic ? 0 : SPI_OPT_NONATOMIC);
	clientele_capture_write();
	refresh.memory = CurrentMemoryContext;
	refresh.name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	refresh.population_id = clientele_population_of_caller(refresh.name);
	if (!refresh.atomic)
	{
		/* The first batch, too, shall have a transaction of its own. */
		SPI_commit();
		SPI_start_transaction();
	}

	do
		build(&refresh);
	while (!drain_facts(&refresh) || !drain_time(&refresh));
	sweep_claims(&refresh);

	if (refresh.run != 0)
	{
		batch_begin(&refresh);
		note_progress(&refresh, true);
		batch_end(&refresh);
	}
	SPI_finish();
	PG_RETURN_VOID();
}
