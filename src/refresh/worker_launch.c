/*
 * worker_launch.c
 *		Starting workers: by a launcher, for the databases that a setting lists, if the
 *		library is preloaded; or by hand.
 *
 * The server itself restarts only the launcher.  A worker that ends has ended; who knows
 * whether there is to be another is the launcher.
 */
#include "postgres.h"

#include "access/xlog.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "tcop/tcopprot.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/varlena.h"

#include "compat.h"
#include "refresh/worker.h"

PG_FUNCTION_INFO_V1(clientele_launch_worker);
PG_FUNCTION_INFO_V1(clientele_worker_is_listed);

char	   *clientele_worker_role = NULL;
int			clientele_worker_naptime = 200;

static char *databases = NULL;

/* A database that has a worker, or is to have one. */
typedef struct Place
{
	char		database[NAMEDATALEN];
	BackgroundWorkerHandle *handle; /* NULL: none at the moment */
	TimestampTz started_at;
	TimestampTz start_at;		/* while there is none */
	int			failures;		/* workers that ended soon, in a row */
} Place;

static List *places = NIL;		/* the launcher's */

/* A worker that has lived as long has not failed. */
#define LONG_LIFE_MS 60000

TimestampTz
clientele_worker_retry_at(int failures)
{
	int			seconds = failures > 6 ? 60 : Min(1 << (failures - 1), 60);

	return TimestampTzPlusMilliseconds(GetCurrentTimestamp(), seconds * 1000L);
}

bool
clientele_worker_register(const char *database, bool launched, BackgroundWorkerHandle **handle)
{
	BackgroundWorker worker = {
		.bgw_name = "clientele worker",
		.bgw_type = "clientele worker",
		.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION,
		.bgw_start_time = BgWorkerStart_RecoveryFinished,
		.bgw_restart_time = BGW_NEVER_RESTART,
		.bgw_library_name = "clientele",
		.bgw_function_name = "clientele_worker_main",
		.bgw_main_arg = BoolGetDatum(launched),
		.bgw_notify_pid = MyProcPid,
	};

	strlcpy(worker.bgw_extra, database, BGW_EXTRALEN);
	return RegisterDynamicBackgroundWorker(&worker, handle);
}

/* ------------------------------------------------------------------
 * The launcher
 * ------------------------------------------------------------------ */

/* The names in the setting; false if it is no list. */
static bool
listed(const char *setting, List **names)
{
	return SplitIdentifierString(pstrdup(setting), ',', names);
}

static bool
is_among(const char *database, List *names)
{
	ListCell   *cell;

	foreach(cell, names)
		if (strcmp(lfirst(cell), database) == 0)
			return true;
	return false;
}

static Place *
find_place(List *places, const char *database)
{
	ListCell   *cell;

	foreach(cell, places)
		if (strcmp(((Place *) lfirst(cell))->database, database) == 0)
			return lfirst(cell);
	return NULL;
}

/* Makes the places those of the setting; what is waited for is tried at once. */
static void
follow_setting(void)
{
	List	   *kept = NIL;
	List	   *names;
	ListCell   *cell;

	(void) listed(databases, &names);
	foreach(cell, places)
	{
		Place	   *place = lfirst(cell);

		if (is_among(place->database, names))
		{
			place->start_at = 0;
			place->failures = 0;
			kept = lappend(kept, place);
			continue;
		}
		if (place->handle != NULL)
			TerminateBackgroundWorker(place->handle);
		pfree(place);
	}
	foreach(cell, names)
	{
		Place	   *place;

		if (find_place(kept, lfirst(cell)) != NULL)
			continue;
		place = palloc0(sizeof(Place));
		strlcpy(place->database, lfirst(cell), NAMEDATALEN);
		kept = lappend(kept, place);
	}
	list_free(places);
	places = kept;
}

/* Notices that a worker has ended, and starts one where it is time. */
static void
attend(Place *place)
{
	pid_t		pid;

	if (place->handle != NULL && GetBackgroundWorkerPid(place->handle, &pid) == BGWH_STOPPED)
	{
		pfree(place->handle);
		place->handle = NULL;
		if (TimestampDifferenceExceeds(place->started_at, GetCurrentTimestamp(), LONG_LIFE_MS))
			place->failures = 0;
		place->start_at = clientele_worker_retry_at(++place->failures);
	}
	if (place->handle != NULL || GetCurrentTimestamp() < place->start_at)
		return;
	place->started_at = GetCurrentTimestamp();
	if (!clientele_worker_register(place->database, true, &place->handle))
	{
		place->handle = NULL;
		place->start_at = clientele_worker_retry_at(++place->failures);
		ereport(LOG,
				(errmsg("clientele has no background worker left for database \"%s\"", place->database),
				 errhint("Raise max_worker_processes.")));
	}
}

/* Whoever launches after us knows nothing of our workers, and starts his own. */
static void
end_workers(int code, Datum arg)
{
	ListCell   *cell;

	(void) code;
	(void) arg;
	foreach(cell, places)
		if (((Place *) lfirst(cell))->handle != NULL)
			TerminateBackgroundWorker(((Place *) lfirst(cell))->handle);
}

void
clientele_launcher_main(Datum unused)
{
	(void) unused;
	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	pqsignal(SIGTERM, die);
	BackgroundWorkerUnblockSignals();

	/* Without a database: only to be seen in pg_stat_activity. */
	BackgroundWorkerInitializeConnection(NULL, NULL, 0);
	pgstat_report_activity(STATE_IDLE, "looking after workers");
	MemoryContextSwitchTo(TopMemoryContext);
	follow_setting();
	before_shmem_exit(end_workers, (Datum) 0);

	for (;;)
	{
		long		timeout = -1;
		ListCell   *cell;

		foreach(cell, places)
		{
			Place	   *place = lfirst(cell);

			attend(place);
			if (place->handle == NULL)
			{
				long		left = TimestampDifferenceMilliseconds(GetCurrentTimestamp(), place->start_at) + 1;

				timeout = timeout < 0 ? left : Min(timeout, left);
			}
		}
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_EXIT_ON_PM_DEATH | (timeout < 0 ? 0 : WL_TIMEOUT),
						 timeout, PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
		if (ProcDiePending)
			proc_exit(1);		/* the server starts another, if it is not stopping */
		QueryCancelPending = false;
		CHECK_FOR_INTERRUPTS();
		if (ConfigReloadPending)
		{
			ConfigReloadPending = false;
			ProcessConfigFile(PGC_SIGHUP);
			follow_setting();
		}
	}
}

/* ------------------------------------------------------------------
 * By hand
 * ------------------------------------------------------------------ */

/* worker_is_listed(database): whether a launcher looks after it. */
Datum
clientele_worker_is_listed(PG_FUNCTION_ARGS)
{
	List	   *names;

	PG_RETURN_BOOL(clientele_wake_is_possible() && listed(databases, &names) &&
				   is_among(NameStr(*PG_GETARG_NAME(0)), names));
}

/* launch_worker(database): starts a worker that nobody looks after, and returns its pid. */
Datum
clientele_launch_worker(PG_FUNCTION_ARGS)
{
	BackgroundWorkerHandle *handle;
	pid_t		pid;

	if (RecoveryInProgress())
		ereport(ERROR,
				(errcode(ERRCODE_READ_ONLY_SQL_TRANSACTION),
				 errmsg("a standby has no clientele worker"),
				 errhint("What the primary's worker writes arrives here by itself.")));
	if (!clientele_worker_register(NameStr(*PG_GETARG_NAME(0)), false, &handle))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_RESOURCES),
				 errmsg("there is no background worker left"),
				 errhint("Raise max_worker_processes.")));
	if (WaitForBackgroundWorkerStartup(handle, &pid) != BGWH_STARTED)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_RESOURCES),
				 errmsg("the clientele worker did not start"),
				 errhint("The server's log says why.")));
	PG_RETURN_INT32((int32) pid);
}

/* ------------------------------------------------------------------
 * When the library is loaded
 * ------------------------------------------------------------------ */

static bool
check_databases(char **value, void **extra, GucSource source)
{
	List	   *names;

	(void) extra;
	(void) source;
	if (listed(*value, &names))
		return true;
	GUC_check_errdetail("It must be a list of database names.");
	GUC_check_errhint("For example: clientele.databases = 'clinic, \"Chain West\"'.");
	return false;
}

void
clientele_worker_load(void)
{
	DefineCustomStringVariable("clientele.databases",
							   "The databases in which a background worker keeps populations fresh.",
							   "Names with capitals stand in double quotes. Needs shared_preload_libraries = 'clientele'.",
							   &databases, "", PGC_SIGHUP, GUC_LIST_INPUT, check_databases, NULL, NULL);
	DefineCustomStringVariable("clientele.worker_role",
							   "The role that background workers connect as; empty = the bootstrap superuser.",
							   "It must have the LOGIN attribute and be a member of the owners of populations.",
							   &clientele_worker_role, "", PGC_SIGHUP, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("clientele.worker_naptime",
							"How long a background worker rests from one look for changes to the next.",
							"Commits wake it; where they cannot, it looks as often as this.",
							&clientele_worker_naptime, 200, 10, 60000, PGC_SIGHUP, GUC_UNIT_MS, NULL, NULL, NULL);
	clientele_wake_load();
	if (process_shared_preload_libraries_in_progress && !IsBinaryUpgrade)
	{
		BackgroundWorker launcher = {
			.bgw_name = "clientele launcher",
			.bgw_type = "clientele launcher",
			.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION,
			.bgw_start_time = BgWorkerStart_RecoveryFinished,
			.bgw_restart_time = 5,
			.bgw_library_name = "clientele",
			.bgw_function_name = "clientele_launcher_main",
		};

		RegisterBackgroundWorker(&launcher);
	}
}
