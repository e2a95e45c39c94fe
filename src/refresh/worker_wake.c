/*
 * worker_wake.c
 *		Whoever commits marks wakes the worker of his database.
 *
 * That needs shared memory, so the library must be preloaded: a row for each worker, with
 * its database and its latch.  Rows are claimed and read without locks, for a commit must
 * neither wait nor fail.  A latch that is read too late belongs to another process by then,
 * which wakes up for nothing.
 */
#include "postgres.h"

#include "access/xact.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "port/atomics.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/lwlock.h"
#include "storage/shmem.h"

#include "compat.h"
#include "refresh/worker.h"

PG_FUNCTION_INFO_V1(clientele_wake_worker);

typedef struct Listener
{
	pg_atomic_uint32 pid;		/* whose row it is; 0 = nobody's */
	pg_atomic_uint32 database;	/* 0 while the rest is not valid */
	pg_atomic_uint32 asked;		/* somebody has committed since the worker's last look */
	Latch	   *latch;
} Listener;

static Listener *listeners = NULL;	/* max_worker_processes; NULL: not preloaded */
static Listener *own = NULL;
static bool wake_at_commit = false;

static void (*previous_request) (void) = NULL;
static shmem_startup_hook_type previous_startup = NULL;

/* ---------- whoever commits ---------- */

static void
wake(void)
{
	/* What is committed must be seen by a worker whose row looks as if he had been asked already. */
	pg_memory_barrier();
	for (int i = 0; i < max_worker_processes; i++)
	{
		Listener   *listener = &listeners[i];

		if (pg_atomic_read_u32(&listener->database) != MyDatabaseId)
			continue;
		pg_read_barrier();
		if (pg_atomic_read_u32(&listener->asked) == 0 && pg_atomic_exchange_u32(&listener->asked, 1) == 0)
			SetLatch(listener->latch);
	}
}

static void
at_transaction_end(XactEvent event, void *arg)
{
	(void) arg;
	if (!wake_at_commit)
		return;
	switch (event)
	{
		case XACT_EVENT_COMMIT:
		case XACT_EVENT_PREPARE:	/* the worker looks by itself until it is committed */
			wake();
			wake_at_commit = false;
			break;
		case XACT_EVENT_ABORT:
			wake_at_commit = false;
			break;
		default:
			break;
	}
}

void
clientele_wake_worker_at_commit(void)
{
	wake_at_commit = listeners != NULL;
}

/* wake_worker(): for work that is no mark. */
Datum
clientele_wake_worker(PG_FUNCTION_ARGS)
{
	(void) fcinfo;
	clientele_wake_worker_at_commit();
	PG_RETURN_VOID();
}

/* ---------- the worker ---------- */

static void
stop_listening(int code, Datum arg)
{
	(void) code;
	(void) arg;
	pg_atomic_write_u32(&own->database, InvalidOid);
	pg_write_barrier();
	pg_atomic_write_u32(&own->pid, 0);
	own = NULL;
}

bool
clientele_wake_is_possible(void)
{
	return listeners != NULL;
}

/* There is a row for every background worker that there can be. */
void
clientele_wake_listen(void)
{
	for (int i = 0; own == NULL && listeners != NULL && i < max_worker_processes; i++)
	{
		uint32		nobody = 0;

		if (pg_atomic_compare_exchange_u32(&listeners[i].pid, &nobody, (uint32) MyProcPid))
			own = &listeners[i];
	}
	if (own == NULL)
		return;
	own->latch = MyLatch;
	pg_atomic_write_u32(&own->asked, 0);
	pg_write_barrier();
	pg_atomic_write_u32(&own->database, MyDatabaseId);
	before_shmem_exit(stop_listening, (Datum) 0);
}

bool
clientele_wake_is_asked(void)
{
	return own != NULL && pg_atomic_read_u32(&own->asked) != 0;
}

/* Before the worker looks: whoever commits from here on asks again. */
void
clientele_wake_answer(void)
{
	if (own != NULL)
		(void) pg_atomic_exchange_u32(&own->asked, 0);
}

/* ---------- when the library is loaded ---------- */

static Size
shared_size(void)
{
	return mul_size(max_worker_processes, sizeof(Listener));
}

static void
request_shared_memory(void)
{
	if (previous_request != NULL)
		previous_request();
	RequestAddinShmemSpace(shared_size());
}

static void
make_shared_memory(void)
{
	bool		found;

	if (previous_startup != NULL)
		previous_startup();
	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	listeners = ShmemInitStruct("clientele workers", shared_size(), &found);
	for (int i = 0; !found && i < max_worker_processes; i++)
	{
		pg_atomic_init_u32(&listeners[i].pid, 0);
		pg_atomic_init_u32(&listeners[i].database, InvalidOid);
		pg_atomic_init_u32(&listeners[i].asked, 0);
		listeners[i].latch = NULL;
	}
	LWLockRelease(AddinShmemInitLock);
}

void
clientele_wake_load(void)
{
	if (!process_shared_preload_libraries_in_progress)
		return;
	clientele_hook_shmem_request(request_shared_memory, previous_request);
	previous_startup = shmem_startup_hook;
	shmem_startup_hook = make_shared_memory;
	RegisterXactCallback(at_transaction_end, NULL);
}
