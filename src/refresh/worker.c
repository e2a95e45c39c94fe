/*
 * worker.c
 *		The background worker: keeps the populations of one database fresh.
 *
 * It looks whether a population has marks, due rows or a version to build, refreshes it
 * as anybody may, and sleeps until somebody commits marks or the next row comes due. It
 * sleeps outside of any transaction.  Where commits cannot wake it, it looks again after
 * each nap: without preload, and while there are prepared transactions, because who
 * commits one of these knows nothing of the marks in it.
 *
 * A population that cannot be refreshed is tried again after growing pauses, and keeps
 * nobody from the others.  The worker ends where its session is in somebody's way, or
 * what it depends on changes; whoever started it starts another.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/pg_database.h"
#include "catalog/pg_type.h"
#include "commands/dbcommands.h"
#include "commands/extension.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "nodes/params.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/lock.h"
#include "storage/sinval.h"
#include "tcop/pquery.h"
#include "tcop/tcopprot.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/portal.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "base/clock.h"
#include "compat.h"
#include "population/owner.h"
#include "refresh/worker.h"

/* How long it may take to notice that the database is wanted: DROP DATABASE waits for 5 s. */
#define PROBE_MS 2000

/* How often to look for the extension, where it is not there. */
#define ABSENT_MS 60000

typedef struct Population
{
	int			id;
	NameData	name;
	bool		listed;			/* seen by the latest look */
	bool		wanted;			/* there is something to refresh */
	TimestampTz due_at;			/* when time alone will change a row; or never */
	int			failures;		/* in a row */
	TimestampTz retry_at;		/* after a failure, not before */
	bool		recovered;		/* no failure is written down */
} Population;

typedef struct Worker
{
	bool		launched;		/* by the launcher, who starts another */
	char	   *database;
	char	   *role;			/* as it was set when we connected */
	MemoryContext memory;		/* of one look */
	List	   *populations;
	bool		blind;			/* commits may come that do not wake us */
	bool		absent;			/* there is no extension */
	int			failures;		/* of looks, in a row */
	ErrorData  *error;			/* of the population that is served; NULL = it went well */
	TimestampTz looked_at;		/* when the latest look ended */
	TimestampTz look_at;		/* look, though nobody asks */
} Worker;

/* ------------------------------------------------------------------
 * Transactions
 * ------------------------------------------------------------------ */

static void
say_whose(void *population)
{
	errcontext("clientele worker, population \"%s\"", NameStr(((Population *) population)->name));
}

/* Does something in a transaction.  NULL, or the error, which is logged. */
static ErrorData *
attempt(void (*work) (Worker *, Population *), Worker *worker, Population *population)
{
	ErrorContextCallback context = {.callback = say_whose,.arg = population,.previous = error_context_stack};
	ErrorData  *volatile error = NULL;

	PG_TRY();
	{
		if (population != NULL)
			error_context_stack = &context;
		SetCurrentStatementStartTimestamp();
		StartTransactionCommand();
		work(worker, population);
		CommitTransactionCommand();
	}
	PG_CATCH();
	{
		HOLD_INTERRUPTS();
		QueryCancelPending = false;
		MemoryContextSwitchTo(worker->memory);
		error = CopyErrorData();
		EmitErrorReport();
		AbortCurrentTransaction();
		FlushErrorState();
		RESUME_INTERRUPTS();
	}
	PG_END_TRY();
	error_context_stack = context.previous;
	MemoryContextSwitchTo(worker->memory);
	return error;
}

/* Statements on our catalog, as the extension's owner. */
static ClienteleRole
catalog_open(void)
{
	PushActiveSnapshot(GetTransactionSnapshot());
	SPI_connect();
	return clientele_become(clientele_extension_owner());
}

static void
catalog_close(const ClienteleRole *before)
{
	clientele_become_again(before);
	SPI_finish();
	PopActiveSnapshot();
}

static void
run(const char *sql, int nargs, Oid *types, Datum *values, const char *nulls)
{
	if (SPI_execute_with_args(sql, nargs, types, values, nulls, false, 0) < 0)
		elog(ERROR, "a statement of the worker failed: %s", sql);
}

static Datum
answer(uint64 row, int column, bool *isnull)
{
	return SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column, isnull);
}

/* ------------------------------------------------------------------
 * Leaving
 * ------------------------------------------------------------------ */

/*
 * There is one worker in a database, and it holds this: of the kind of advisory locks,
 * because others end with a transaction that fails, but none that SQL can ask for.
 */
static LOCKTAG
worker_lock(void)
{
	LOCKTAG		tag;

	SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, DatabaseRelationId, MyDatabaseId, 3);
	return tag;
}

/* Ends the process.  Whom nobody looks after sees to a successor. */
pg_noreturn static void
leave(Worker *worker, const char *why, bool for_good)
{
	ereport(LOG, (errmsg("clientele worker leaves database \"%s\": %s", worker->database, why)));
	if (!worker->launched && !for_good)
	{
		LOCKTAG		tag = worker_lock();

		LockRelease(&tag, ExclusiveLock, true);
		if (!clientele_worker_register(worker->database, false, NULL))
			ereport(LOG,
					(errmsg("there is no background worker left to come after it"),
					 errhint("SELECT clientele.start_worker() in database \"%s\".", worker->database)));
	}
	proc_exit(0);
}

/* ------------------------------------------------------------------
 * What there is to do
 * ------------------------------------------------------------------ */

static Population *
find_population(Worker *worker, int id)
{
	ListCell   *cell;
	Population *population;
	MemoryContext old;

	foreach(cell, worker->populations)
		if (((Population *) lfirst(cell))->id == id)
			return lfirst(cell);
	old = MemoryContextSwitchTo(TopMemoryContext);
	population = palloc0(sizeof(Population));
	population->id = id;
	worker->populations = lappend(worker->populations, population);
	MemoryContextSwitchTo(old);
	return population;
}

static void
list_populations(Worker *worker, Population *unused)
{
	ListCell   *item;
	ClienteleRole before;
	bool		isnull;

	(void) unused;
	foreach(item, worker->populations)
		((Population *) lfirst(item))->listed = false;
	worker->blind = !clientele_wake_is_possible();
	worker->absent = !OidIsValid(get_extension_oid("clientele", true));
	if (worker->absent)
		return;

	before = catalog_open();
	run("SELECT population_id, name FROM clientele.population ORDER BY population_id", 0, NULL, NULL, NULL);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		Population *population = find_population(worker, DatumGetInt32(answer(i, 1, &isnull)));

		population->listed = true;
		population->name = *DatumGetName(answer(i, 2, &isnull));
	}
	run("SELECT FROM pg_prepared_xacts WHERE database = current_database() LIMIT 1", 0, NULL, NULL, NULL);
	worker->blind |= SPI_processed > 0;
	catalog_close(&before);
}

static void
forget_dropped(Worker *worker)
{
	ListCell   *cell;

	foreach(cell, worker->populations)
	{
		Population *population = lfirst(cell);

		if (population->listed)
			continue;
		worker->populations = foreach_delete_current(worker->populations, cell);
		pfree(population);
	}
}

static void
look_at_population(Worker *worker, Population *population)
{
	Oid			type = INT4OID;
	Datum		id = Int32GetDatum(population->id);
	ClienteleRole before;
	TimestampTz due_at;
	bool		isnull;

	(void) worker;
	before = catalog_open();
	run("SELECT wanted, due_at FROM clientele.refresh_wanted($1)", 1, &type, &id, NULL);
	population->wanted = DatumGetBool(answer(0, 1, &isnull));
	due_at = DatumGetTimestampTz(answer(0, 2, &isnull));
	/* due_at goes by clientele.clock, the time that we sleep by the wall clock */
	population->due_at = isnull ? DT_NOEND : due_at - clientele_clock_now() + GetCurrentTimestamp();
	catalog_close(&before);
}

/* ------------------------------------------------------------------
 * Doing it
 * ------------------------------------------------------------------ */

/*
 * CALL clientele.refresh(population), as the role that we have connected as.  It commits
 * on the way, so it is run as if a client had sent it.
 */
static void
refresh_population(Worker *worker, Population *population)
{
	const char *sql = "CALL clientele.refresh($1)";
	const Oid	type = TEXTOID;
	ParamListInfo parameters;
	List	   *plans;
	Portal		portal = CreateNewPortal();

	/* what is made here outlives this transaction */
	MemoryContextSwitchTo(worker->memory);
	parameters = makeParamList(1);
	parameters->params[0].value = CStringGetTextDatum(NameStr(population->name));
	parameters->params[0].isnull = false;
	parameters->params[0].pflags = PARAM_FLAG_CONST;
	parameters->params[0].ptype = type;

	PushActiveSnapshot(GetTransactionSnapshot());
	plans = pg_plan_queries(pg_analyze_and_rewrite_fixedparams(linitial_node(RawStmt, pg_parse_query(sql)),
															   sql, &type, 1, NULL), sql, 0, NULL);
	PopActiveSnapshot();
	portal->visible = false;
	PortalDefineQuery(portal, NULL, sql, CMDTAG_CALL, plans, NULL);
	PortalStart(portal, parameters, 0, InvalidSnapshot);
	(void) clientele_portal_run(portal, FETCH_ALL, true, None_Receiver, None_Receiver, NULL);
	PortalDrop(portal, false);
}

/* What status() says of it. */
static void
write_outcome(Worker *worker, Population *population)
{
	ErrorData  *error = worker->error;
	Oid			types[] = {INT4OID, INT4OID, TEXTOID, TEXTOID};
	Datum		values[] = {Int32GetDatum(population->id), Int32GetDatum(population->failures),
		error ? CStringGetTextDatum(error->message) : (Datum) 0,
	error && error->hint ? CStringGetTextDatum(error->hint) : (Datum) 0};
	char		nulls[] = {' ', ' ', error ? ' ' : 'n', error && error->hint ? ' ' : 'n'};
	ClienteleRole before;

	before = catalog_open();
	run("SELECT clientele.note_worker_outcome($1, $2, $3, $4)", 4, types, values, nulls);
	catalog_close(&before);
}

static void
serve(Worker *worker, Population *population)
{
	population->wanted = false;
	worker->error = attempt(look_at_population, worker, population);
	if (worker->error == NULL && population->wanted)
	{
		pgstat_report_activity(STATE_RUNNING, psprintf("refreshing population %s", NameStr(population->name)));
		worker->error = attempt(refresh_population, worker, population);
	}
	if (worker->error != NULL)
	{
		population->recovered = false;
		population->retry_at = clientele_worker_retry_at(++population->failures);
		(void) attempt(write_outcome, worker, population);
	}
	else if (!population->recovered)
	{
		population->failures = 0;
		population->recovered = attempt(write_outcome, worker, population) == NULL;
	}
}

/* When to look at a population, though nobody asks. */
static TimestampTz
next_look(const Population *population)
{
	if (population->failures > 0)
		return population->retry_at;
	if (population->wanted)
		return DT_NOBEGIN;		/* it was refreshed: see when it comes due */
	return population->due_at;
}

/* Looks at everything once, and does what is to be done. */
static void
look(Worker *worker)
{
	ListCell   *cell;

	pgstat_report_activity(STATE_RUNNING, "looking for changes");
	clientele_wake_answer();
	worker->look_at = DT_NOEND;
	if (attempt(list_populations, worker, NULL) != NULL)
		worker->look_at = clientele_worker_retry_at(++worker->failures);
	else if (worker->absent)
	{
		if (!worker->launched)
			leave(worker, "it has no extension clientele", true);
		worker->look_at = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), ABSENT_MS);
	}
	else
	{
		worker->failures = 0;
		forget_dropped(worker);
		if (worker->blind)
			worker->look_at = DT_NOBEGIN;
		foreach(cell, worker->populations)
		{
			Population *population = lfirst(cell);

			if (population->failures == 0 || population->retry_at <= GetCurrentTimestamp())
				serve(worker, population);
			worker->look_at = Min(worker->look_at, next_look(population));
		}
	}
	MemoryContextReset(worker->memory);
	worker->looked_at = GetCurrentTimestamp();

	/* autovacuum shall know what we have deleted */
	pgstat_report_stat(true);
	if (worker->absent)
		pgstat_report_activity(STATE_IDLE, "waiting for CREATE EXTENSION clientele");
	else if (worker->blind || TIMESTAMP_NOT_FINITE(worker->look_at))
		pgstat_report_activity(STATE_IDLE, "waiting for changes");
	else
		pgstat_report_activity(STATE_IDLE, psprintf("waiting for changes, at most until %s",
													timestamptz_to_str(worker->look_at)));
	MemoryContextReset(worker->memory);
}

/* ------------------------------------------------------------------
 * Sleeping
 * ------------------------------------------------------------------ */

/*
 * Whoever drops, copies, moves or renames the database has locked it, and waits for its
 * sessions to end.  A new session would wait for that lock.
 */
static bool
database_is_wanted(void)
{
	LOCKTAG		tag;

	SET_LOCKTAG_OBJECT(tag, InvalidOid, DatabaseRelationId, MyDatabaseId, 0);
	if (LockAcquire(&tag, RowExclusiveLock, true, true) == LOCKACQUIRE_NOT_AVAIL)
		return true;
	LockRelease(&tag, RowExclusiveLock, true);
	return false;
}

/* Until it is time to look. */
static void
rest(Worker *worker)
{
	for (;;)
	{
		TimestampTz now = GetCurrentTimestamp();
		TimestampTz rested_at = TimestampTzPlusMilliseconds(worker->looked_at, clientele_worker_naptime);
		long		left = TimestampDifferenceMilliseconds(now, clientele_wake_is_asked() ? rested_at :
														   Max(rested_at, worker->look_at));

		if (left <= 0 || now < worker->looked_at)	/* or somebody has put the clock back */
			return;
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
						 Min(left, PROBE_MS), PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
		if (ProcDiePending)
			proc_exit(0);
		QueryCancelPending = false;
		CHECK_FOR_INTERRUPTS();
		if (catchupInterruptPending)
			ProcessCatchupInterrupt();
		if (ConfigReloadPending)
		{
			ConfigReloadPending = false;
			ProcessConfigFile(PGC_SIGHUP);
			if (strcmp(worker->role, clientele_worker_role) != 0)
				leave(worker, "clientele.worker_role has changed", false);
			worker->look_at = DT_NOBEGIN;
		}
		if (database_is_wanted())
			leave(worker, "somebody drops, copies, moves or renames it", false);
	}
}

/* ------------------------------------------------------------------
 * The process
 * ------------------------------------------------------------------ */

static bool
is_template(void)
{
	HeapTuple	tuple;
	bool		template;

	StartTransactionCommand();
	tuple = SearchSysCache1(DATABASEOID, ObjectIdGetDatum(MyDatabaseId));
	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for database %u", MyDatabaseId);
	template = ((Form_pg_database) GETSTRUCT(tuple))->datistemplate;
	ReleaseSysCache(tuple);
	CommitTransactionCommand();
	return template;
}

void
clientele_worker_main(Datum launched)
{
	Worker		worker = {.launched = DatumGetBool(launched)};
	LOCKTAG		tag;

	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	pqsignal(SIGTERM, die);
	BackgroundWorkerUnblockSignals();

	worker.database = MyBgworkerEntry->bgw_extra;
	worker.role = MemoryContextStrdup(TopMemoryContext, clientele_worker_role);
	BackgroundWorkerInitializeConnection(worker.database, *worker.role == '\0' ? NULL : worker.role, 0);
	SetConfigOption("application_name", "clientele worker", PGC_USERSET, PGC_S_SESSION);

	if (is_template())
		ereport(FATAL,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("clientele has no worker in \"%s\", which is a template", worker.database),
				 errhint("Take it out of clientele.databases, or: ALTER DATABASE %s IS_TEMPLATE false;",
						 quote_identifier(worker.database))));
	tag = worker_lock();
	if (LockAcquire(&tag, ExclusiveLock, true, true) == LOCKACQUIRE_NOT_AVAIL)
	{
		ereport(LOG, (errmsg("database \"%s\" already has a clientele worker", worker.database)));
		proc_exit(0);
	}
	clientele_wake_listen();
	worker.memory = AllocSetContextCreate(TopMemoryContext, "clientele worker", ALLOCSET_DEFAULT_SIZES);
	MemoryContextSwitchTo(worker.memory);

	for (;;)
	{
		look(&worker);
		rest(&worker);
	}
}
