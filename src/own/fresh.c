/*
 * fresh.c
 *		Lock, then look: how limits hold at every isolation level.
 */
#include "postgres.h"

#include "access/xact.h"
#include "access/xlog.h"
#include "common/hashfn.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "storage/lock.h"
#include "storage/procarray.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "own/fresh.h"
#include "own/own_relation.h"

/* Of 0.1 ms: nobody takes so long to let go of his locks, or something is wrong with him. */
#define MOST_TRIES 10000

/* ---------- locks ---------- */

uint32
clientele_fresh_order(ClienteleFreshLock kind, int population_id, const char *name)
{
	uint32		hash = hash_bytes((const unsigned char *) name, (int) strlen(name));

	return hash_combine(hash, murmurhash32((uint32) population_id * 8 + kind));
}

/* Beneath our table of claims there is nothing with these numbers. */
static LOCKTAG
lock_tag(ClienteleFreshLock kind, int population_id, const char *name)
{
	Oid			table = clientele_own_relation("claim");
	LOCKTAG		tag;

	SET_LOCKTAG_OBJECT(tag, MyDatabaseId, table, clientele_fresh_order(kind, population_id, name), kind);
	return tag;
}

/* What others have committed while we waited, caches are to know as well. */
static bool
acquire(LOCKTAG tag, LOCKMODE mode, bool wait)
{
	if (LockAcquire(&tag, mode, false, !wait) == LOCKACQUIRE_NOT_AVAIL)
		return false;
	AcceptInvalidationMessages();
	return true;
}

void
clientele_fresh_lock(ClienteleFreshLock kind, int population_id, const char *name)
{
	(void) acquire(lock_tag(kind, population_id, name), ExclusiveLock, true);
}

void
clientele_fresh_share(ClienteleFreshLock kind, int population_id, const char *name)
{
	(void) acquire(lock_tag(kind, population_id, name), ShareLock, true);
}

bool
clientele_fresh_try(ClienteleFreshLock kind, int population_id, const char *name)
{
	return acquire(lock_tag(kind, population_id, name), ExclusiveLock, false);
}

/* Whether anybody has it whose transaction still runs, or waits to be committed. */
static bool
is_held(LOCKTAG tag)
{
	VirtualTransactionId *holder = GetLockConflicts(&tag, ExclusiveLock, NULL);

	/* a transaction that has ended is nobody's here, but a prepared one until its locks are gone */
	while (VirtualTransactionIdIsValid(*holder) && VirtualTransactionIdIsRecoveredPreparedXact(*holder) &&
		   !TransactionIdIsInProgress(holder->localTransactionId))
		holder++;
	return VirtualTransactionIdIsValid(*holder);
}

bool
clientele_fresh_try_ended(ClienteleFreshLock kind, int population_id, const char *name)
{
	LOCKTAG		tag = lock_tag(kind, population_id, name);

	for (int tries = 0; tries < MOST_TRIES; tries++)
	{
		if (acquire(tag, ExclusiveLock, false))
			return true;
		if (is_held(tag))
			return false;
		CHECK_FOR_INTERRUPTS();
		pg_usleep(100);
	}
	return false;
}

void
clientele_fresh_unlock(ClienteleFreshLock kind, int population_id, const char *name)
{
	LOCKTAG		tag = lock_tag(kind, population_id, name);

	(void) LockRelease(&tag, ExclusiveLock, false);
}

/* ---------- statements ---------- */

typedef struct KeptPlan
{
	struct KeptPlan *next;
	SPIPlanPtr	plan;
	int			nargs;
	Oid			types[FLEXIBLE_ARRAY_MEMBER];
	/* and the statement's text */
} KeptPlan;

#define BUCKETS 64

static KeptPlan *kept_plans[BUCKETS];

static char *
text_of(KeptPlan *kept)
{
	return (char *) &kept->types[kept->nargs];
}

static SPIPlanPtr
prepare(const char *sql, int nargs, const Oid *types)
{
	SPIPlanPtr	plan = SPI_prepare(sql, nargs, unconstify(Oid *, types));

	if (plan == NULL || SPI_keepplan(plan) != 0)
		elog(ERROR, "a statement of clientele failed: %s", sql);
	return plan;
}

static SPIPlanPtr
plan_of(const char *sql, int nargs, const Oid *types)
{
	KeptPlan  **bucket = &kept_plans[hash_bytes((const unsigned char *) sql, (int) strlen(sql)) % BUCKETS];
	SPIPlanPtr	plan;
	KeptPlan   *kept;

	for (kept = *bucket; kept != NULL; kept = kept->next)
	{
		if (kept->nargs == nargs && memcmp(kept->types, types, nargs * sizeof(Oid)) == 0 && strcmp(text_of(kept), sql) == 0)
			return kept->plan;
	}
	plan = prepare(sql, nargs, types);
	kept = MemoryContextAlloc(TopMemoryContext, offsetof(KeptPlan, types) + nargs * sizeof(Oid) + strlen(sql) + 1);
	kept->plan = plan;
	kept->nargs = nargs;
	memcpy(kept->types, types, nargs * sizeof(Oid));
	strcpy(text_of(kept), sql);
	kept->next = *bucket;
	*bucket = kept;
	return plan;
}

uint64
clientele_fresh_run(const char *sql, int nargs, const Oid *types, const Datum *values, const char *nulls)
{
	SPIPlanPtr	plan = plan_of(sql, nargs, types);

	if (SPI_execute_snapshot(plan, unconstify(Datum *, values), nulls, GetLatestSnapshot(), InvalidSnapshot,
							 false, true, 0) < 0)
		elog(ERROR, "a statement of clientele failed: %s", sql);
	return SPI_processed;
}

/* ---------- commits ---------- */

/* Whoever turns it off afterwards, in this transaction, does so in vain. */
void
clientele_fresh_check_commit(void)
{
	if (RecoveryInProgress())
		ereport(ERROR,
				(errcode(ERRCODE_READ_ONLY_SQL_TRANSACTION),
				 errmsg("nothing can be taken or given on a standby"),
				 errhint("Ask the primary server.")));
	if (XactReadOnly)
		ereport(ERROR,
				(errcode(ERRCODE_READ_ONLY_SQL_TRANSACTION),
				 errmsg("nothing can be taken or given in a read-only transaction"),
				 errhint("BEGIN READ WRITE;")));
	if (synchronous_commit == SYNCHRONOUS_COMMIT_OFF)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("nothing can be taken or given while synchronous_commit is off"),
				 errdetail("A crash could lose what the customer has been told."),
				 errhint("SET synchronous_commit = on;")));
	ForceSyncCommit();
}
