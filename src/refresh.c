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

#include "access/xact.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/relcache.h"

#include "capture.h"
#include "clock.h"
#include "compat.h"
#include "owner.h"

PG_FUNCTION_INFO_V1(clientele_refresh);

typedef struct Refresh
{
	int			population_id;
	int			batch;
	bool		atomic;			/* all in the caller's transaction */
	MemoryContext memory;		/* lives until the call ends */
	ClienteleRole caller;

	/* The population as it is under the lock; read again by each batch. */
	char	   *name;
	Oid			owner;
	int			live_version;	/* 0 = none */
	int			next_version;	/* 0 = none */
	Oid			key_type;
	const char *key;			/* quoted */
	const char *relation;		/* quoted */
	bool		paused;			/* changes make no marks */

	/* For those who watch */
	int64		run;			/* 0 = not begun */
	const char *phase;
	int64		done;
	int64		total;
} Refresh;

/* What a phase has done, for its notice. */
typedef struct Tally
{
	int64		asked;
	int64		written;
	int64		logged;
} Tally;

/* ------------------------------------------------------------------
 * Statements
 * ------------------------------------------------------------------ */

static uint64
run(const char *sql, int nargs, Oid *types, Datum *values, const char *nulls)
{
	if (SPI_execute_with_args(sql, nargs, types, values, nulls, false, 0) < 0)
		elog(ERROR, "a statement of refresh failed: %s", sql);
	return SPI_processed;
}

/* A column of the one row that the last statement returned. */
static Datum
answer(int column, bool *isnull)
{
	if (SPI_processed != 1)
		elog(ERROR, "one row was expected, not " UINT64_FORMAT, SPI_processed);
	return SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, column, isnull);
}

static int64
answer_int64(int column)
{
	bool		isnull;
	Datum		value = answer(column, &isnull);

	return isnull ? 0 : DatumGetInt64(value);
}

static char *
answer_text(const Refresh *refresh, int column)
{
	char	   *value = SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, column);

	return value == NULL ? NULL : MemoryContextStrdup(refresh->memory, value);
}

/* The name of one of the population's tables; version 0 where there is one for all. */
static char *
table_name(const Refresh *refresh, const char *kind, int version)
{
	return version == 0 ?
		psprintf("clientele_data.%s", quote_identifier(psprintf("%s_%s", refresh->name, kind))) :
		psprintf("clientele_data.%s", quote_identifier(psprintf("%s_%s_%d", refresh->name, kind, version)));
}

/* A statement that sql/install/77_refresh.sql writes. */
static char *
written_statement(const Refresh *refresh, const char *function, int first, int second, const char *kind)
{
	Oid			types[] = {INT4OID, INT4OID, kind != NULL ? TEXTOID : INT4OID};
	Datum		values[] = {Int32GetDatum(refresh->population_id), Int32GetDatum(first),
	kind != NULL ? CStringGetTextDatum(kind) : Int32GetDatum(second)};
	char		nulls[] = {' ', first == 0 ? 'n' : ' ', ' '};
	char	   *text;

	run(psprintf("SELECT clientele.%s($1, $2, $3)", function), 3, types, values, nulls);
	text = answer_text(refresh, 1);
	SPI_freetuptable(SPI_tuptable);
	return text;
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

	if (run("SELECT p.name::text, p.owner::oid, coalesce(p.live_version, 0), coalesce(p.next_version, 0),"
			" a.atttypid, quote_ident(p.key_column), p.relation::text, p.capture_paused"
			" FROM clientele.population AS p"
			" JOIN pg_attribute AS a ON a.attrelid = p.relation AND a.attname = p.key_column"
			" WHERE p.population_id = $1", 1, &type, &id, NULL) != 1)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("population \"%s\" has been dropped, or its table or key", refresh->name)));
	refresh->owner = DatumGetObjectId(answer(2, &isnull));
	refresh->live_version = DatumGetInt32(answer(3, &isnull));
	refresh->next_version = DatumGetInt32(answer(4, &isnull));
	refresh->key_type = DatumGetObjectId(answer(5, &isnull));
	refresh->key = answer_text(refresh, 6);
	refresh->relation = answer_text(refresh, 7);
	refresh->paused = DatumGetBool(answer(8, &isnull));
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

	run("SELECT clientele.note_progress($1, $2, $3, $4, $5, $6)", 6, types, values, nulls);
	refresh->run = answer_int64(1);
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

	run("SELECT DISTINCT relation::oid FROM clientele.watch WHERE population_id = $1", 1, &type, &id, NULL);
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

	run("SELECT xmin FROM clientele.version WHERE population_id = $1 AND version = $2", 2, types, values, NULL);
	here = TransactionIdIsCurrentTransactionId(DatumGetTransactionId(answer(1, &isnull)));
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

/*
 * The next range is [low, high): at most a batch of customers below those that are
 * built.  high is null at first, low is null in the last range.
 */
static void
next_range(const Refresh *refresh, Datum *values, char *nulls)
{
	Datum		bound = values[2];
	char		none = nulls[2];
	Oid			types[] = {refresh->key_type, INT4OID};
	int16		length;
	bool		byval;
	bool		isnull;
	char	   *below;

	get_typlenbyval(refresh->key_type, &length, &byval);
	/* not min(): uuid has one from 18 on only */
	run(psprintf("SELECT least((SELECT %1$s FROM %2$s ORDER BY %1$s LIMIT 1), $1)",
				 refresh->key, table_name(refresh, "stored", refresh->next_version)),
		1, types, &bound, &none);
	values[2] = answer(1, &isnull);
	nulls[2] = isnull ? 'n' : ' ';
	if (!isnull)
		values[2] = datumCopy(values[2], byval, length);
	SPI_freetuptable(SPI_tuptable);

	below = isnull ? "" : psprintf("WHERE %s < $1", refresh->key);
	{
		Datum		arguments[] = {values[2], Int32GetDatum(refresh->batch - 1)};
		char		argument_nulls[] = {nulls[2], ' '};

		nulls[1] = 'n';
		if (run(psprintf("SELECT %s FROM %s %s ORDER BY %s DESC OFFSET $2 LIMIT 1",
						 refresh->key, refresh->relation, below, refresh->key),
				2, types, arguments, argument_nulls) == 1)
		{
			MemoryContext old = MemoryContextSwitchTo(refresh->memory);

			values[1] = datumCopy(answer(1, &isnull), byval, length);
			nulls[1] = ' ';
			MemoryContextSwitchTo(old);
		}
		SPI_freetuptable(SPI_tuptable);
	}
}

/* One range of customers; true if it was the last.  *bound: what is done, or null. */
static bool
build_range(Refresh *refresh, const char *statement, Datum *bound, char *none)
{
	Oid			types[] = {TIMESTAMPTZOID, refresh->key_type, refresh->key_type};
	Datum		values[] = {TimestampTzGetDatum(clientele_clock_now()), (Datum) 0, *bound};
	char		nulls[] = {' ', 'n', *none};
	ClienteleRole before = clientele_become(refresh->owner);

	next_range(refresh, values, nulls);
	refresh->done += run(psprintf("%s%s%s", statement,
								  nulls[1] == 'n' ? "" : psprintf(" AND a.%s >= $2", refresh->key),
								  nulls[2] == 'n' ? "" : psprintf(" AND a.%s < $3", refresh->key)),
						 3, types, values, nulls);
	clientele_become_again(&before);
	*bound = values[1];
	*none = nulls[1];
	return nulls[1] == 'n';
}

static int64
count_rows(const Refresh *refresh, const char *query)
{
	ClienteleRole before = clientele_become(refresh->owner);
	int64		rows;

	run(query, 0, NULL, NULL, NULL);
	rows = answer_int64(1);
	SPI_freetuptable(SPI_tuptable);
	clientele_become_again(&before);
	return rows;
}

/* Readers that come now shall find good plans. */
static void
analyze_stored(const Refresh *refresh)
{
	ClienteleRole before = clientele_become(refresh->owner);

	run(psprintf("ANALYZE %s", table_name(refresh, "stored", refresh->next_version)), 0, NULL, NULL, NULL);
	clientele_become_again(&before);
}

/*
 * The feed learns what a version changes.  The first one changes nothing: what it
 * finds is where the feed begins.
 */
static int64
log_switch(Refresh *refresh)
{
	Oid			clock_type = TIMESTAMPTZOID;
	Datum		clock = TimestampTzGetDatum(clientele_clock_now());
	char	   *statement;
	ClienteleRole before;
	int64		logged;

	if (refresh->live_version == 0)
		return 0;
	statement = written_statement(refresh, "publish_statement", refresh->live_version, refresh->next_version, NULL);
	before = clientele_become(refresh->owner);
	run(statement, 1, &clock_type, &clock, NULL);
	logged = answer_int64(1);
	SPI_freetuptable(SPI_tuptable);
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

	run("SELECT clientele.switch_version($1, $2)", 2, types, values, NULL);
	if (!DatumGetBool(answer(1, &isnull)))
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
		char	   *statement;
		int			version;
		Datum		bound = (Datum) 0;
		char		none = 'n';
		bool		last = false;

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
		statement = written_statement(refresh, "refresh_statement", version, 0, "build");
		phase_begin(refresh, "build", count_rows(refresh, psprintf("SELECT count(*) FROM %s", refresh->relation)));
		note_progress(refresh, false);
		batch_end(refresh);

		wait_for_writers(relations);

		for (;;)
		{
			batch_begin(refresh);
			if (refresh->next_version != version)
				break;
			if (last)
			{
				switch_version(refresh);
				batch_end(refresh);
				return;
			}
			last = build_range(refresh, statement, &bound, &none);
			if (last)
				analyze_stored(refresh);
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

	run(psprintf("SELECT array_agg(ctid), bool_or(link IS NULL) FROM %s WHERE key IS NULL", mark), 0, NULL, NULL, NULL);
	places = answer(1, &none);
	if (!none)
	{
		places = datumCopy(places, false, -1);
		everyone = DatumGetBool(answer(2, &isnull));
		SPI_freetuptable(SPI_tuptable);
		if (everyone)
			wait_for_writers(relations);
		run(psprintf("INSERT INTO %s (key) (SELECT key FROM %s WHERE key IS NOT NULL%s) EXCEPT SELECT key FROM %s", mark, marked,
					 everyone ? psprintf(" UNION ALL SELECT %s FROM %s UNION ALL SELECT %s FROM %s",
										 refresh->key, stored, refresh->key, refresh->relation) : "",
					 mark), 0, NULL, NULL, NULL);
		type = get_array_type(TIDOID);
		run(psprintf("DELETE FROM %s WHERE ctid = ANY ($1)", mark), 1, &type, &places, NULL);
		clientele_capture_forget();
	}
	else
		SPI_freetuptable(SPI_tuptable);
	clientele_become_again(&before);
}

/* What both statements return: how many were asked for, written, logged. */
static int64
count_outcome(Tally *tally)
{
	int64		asked = answer_int64(1);

	tally->asked += asked;
	tally->written += answer_int64(2);
	tally->logged += answer_int64(3);
	SPI_freetuptable(SPI_tuptable);
	return asked;
}

/* Takes a batch of marks and evaluates their customers; the number of marks. */
static int64
take_facts(const Refresh *refresh, const char *statement, Tally *tally)
{
	ClienteleRole before = clientele_become(refresh->owner);
	char	   *mark = table_name(refresh, "mark", 0);
	Oid			batch_type = INT4OID;
	Datum		batch = Int32GetDatum(refresh->batch);
	Oid			types[] = {get_array_type(refresh->key_type), TIMESTAMPTZOID};
	Datum		values[2];
	bool		isnull;
	int64		taken;

	run(psprintf("WITH taken AS (DELETE FROM %s WHERE ctid = ANY (ARRAY(SELECT ctid FROM %s WHERE key IS NOT NULL LIMIT $1))"
				 " RETURNING key) SELECT count(*), array_agg(DISTINCT key) FROM taken", mark, mark),
		1, &batch_type, &batch, NULL);
	taken = answer_int64(1);
	values[0] = answer(2, &isnull);
	if (!isnull)
		values[0] = datumCopy(values[0], false, -1);
	SPI_freetuptable(SPI_tuptable);
	if (taken > 0)
	{
		clientele_capture_forget();
		values[1] = TimestampTzGetDatum(clientele_clock_now());
		run(statement, 2, types, values, NULL);
		count_outcome(tally);
		pfree(DatumGetPointer(values[0]));
	}
	clientele_become_again(&before);
	return taken;
}

/* Steps a batch of rows to where they came due; how many there were. */
static int64
take_time(const Refresh *refresh, const char *statement, TimestampTz clock, Tally *tally)
{
	ClienteleRole before = clientele_become(refresh->owner);
	Oid			types[] = {INT4OID, TIMESTAMPTZOID};
	Datum		values[] = {Int32GetDatum(refresh->batch), TimestampTzGetDatum(clock)};
	int64		taken;

	run(statement, 2, types, values, NULL);
	taken = count_outcome(tally);
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
	Tally		tally = {0};
	char	   *statement;
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
	run(psprintf("SELECT clientele.drop_old_versions(%d)", refresh->population_id), 0, NULL, NULL, NULL);
	spell_out_marks(refresh);
	statement = written_statement(refresh, "refresh_statement", version, 0, "facts");
	phase_begin(refresh, "facts", count_rows(refresh, psprintf("SELECT count(*) FROM %s", table_name(refresh, "mark", 0))));
	batch_end(refresh);

	do
	{
		batch_begin(refresh);
		if (superseded(refresh, version))
		{
			batch_end(refresh);
			return false;
		}
		taken = take_facts(refresh, statement, &tally);
		refresh->done += taken;
		if (taken > 0)
			note_progress(refresh, false);
		batch_end(refresh);
	} while (taken == refresh->batch);	/* who marks faster than we read is served next time */

	if (tally.asked > 0)
		ereport(NOTICE,
				(errmsg("population \"%s\": " INT64_FORMAT " customers marked, " INT64_FORMAT " rows written, " INT64_FORMAT " changes",
						refresh->name, tally.asked, tally.written, tally.logged)));
	return true;
}

/* Rows that are due step from horizon to horizon, the earliest first. */
static bool
drain_time(Refresh *refresh)
{
	Tally		tally = {0};
	TimestampTz clock = clientele_clock_now();
	char	   *statement;
	int			version;
	int64		taken;

	batch_begin(refresh);
	version = refresh->live_version;
	statement = written_statement(refresh, "refresh_statement", version, 0, "time");
	phase_begin(refresh, "time",
				count_rows(refresh, psprintf("SELECT count(*) FROM %s WHERE due_at <= %s",
											 table_name(refresh, "stored", version),
											 quote_literal_cstr(timestamptz_to_str(clock)))));
	batch_end(refresh);

	do
	{
		batch_begin(refresh);
		if (superseded(refresh, version))
		{
			batch_end(refresh);
			return false;
		}
		taken = take_time(refresh, statement, clock, &tally);
		refresh->done += taken;
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

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("population and batch must not be null")));
	refresh.batch = PG_GETARG_INT32(1);
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

	if (refresh.run != 0)
	{
		batch_begin(&refresh);
		note_progress(&refresh, true);
		batch_end(&refresh);
	}
	SPI_finish();
	PG_RETURN_VOID();
}
