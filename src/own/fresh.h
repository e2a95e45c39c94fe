/*
 * fresh.h
 *		Lock, then look: how limits hold at every isolation level.
 *
 * Who takes something that others want as well first takes a lock, which he keeps until
 * his transaction ends, and then looks with a snapshot that is younger than the lock.  So
 * he sees all that anybody has taken, also in a REPEATABLE READ transaction that began
 * long before; and what he then updates nobody else has touched.
 *
 * The locks are PostgreSQL's own heavyweight locks, on our table of claims: they are
 * seen in pg_locks, deadlocks are found, and a prepared transaction keeps them, also through
 * a crash.  Two names with the same hash share a lock, and wait for each other for nothing.
 */
#ifndef CLIENTELE_FRESH_H
#define CLIENTELE_FRESH_H

#include "postgres.h"

/* In the order in which they are taken; of several of one kind, ascending by clientele_fresh_order. */
typedef enum ClienteleFreshLock
{
	CLIENTELE_LOCK_REQUEST = 1, /* a request id of a population */
	CLIENTELE_LOCK_CUSTOMER,	/* a key of a population */
	CLIENTELE_LOCK_CROWD,		/* some of its keys: shared by who says something of one, not by who forgets one */
	CLIENTELE_LOCK_TEAM,		/* the claim that began it */
	CLIENTELE_LOCK_BATCH,		/* a batch of codes: shared by who claims one */
	CLIENTELE_LOCK_CLAIM,		/* a claim, or a code that becomes one */
	CLIENTELE_LOCK_PROMOTION,	/* its limits: shared by who takes and gives back, not by who changes them */
	CLIENTELE_LOCK_SWEEP,		/* a promotion: bringing back what has expired */
	CLIENTELE_LOCK_STOCK		/* a stripe of a scope */
} ClienteleFreshLock;

extern uint32 clientele_fresh_order(ClienteleFreshLock kind, int population_id, const char *name);
extern void clientele_fresh_lock(ClienteleFreshLock kind, int population_id, const char *name);

/* Together with others who do the same. */
extern void clientele_fresh_share(ClienteleFreshLock kind, int population_id, const char *name);

/* False if somebody else has it. */
extern bool clientele_fresh_try(ClienteleFreshLock kind, int population_id, const char *name);

/*
 * The same, but a transaction that has ended does not count: it lets its locks go one after the
 * other, and who has just got one of them would find another still taken.
 */
extern bool clientele_fresh_try_ended(ClienteleFreshLock kind, int population_id, const char *name);

/* What was locked and only looked at may be let go; who has locked it before keeps it. */
extern void clientele_fresh_unlock(ClienteleFreshLock kind, int population_id, const char *name);

/*
 * Runs a statement, whose plan the session keeps, under a snapshot of this moment.  Within
 * SPI.  Returns the number of rows; clientele_answer and its like read the one row.
 */
extern uint64 clientele_fresh_run(const char *sql, int nargs, const Oid *types, const Datum *values, const char *nulls);

/* An error unless commits wait until they are safe on disk. */
extern void clientele_fresh_check_commit(void);

#endif							/* CLIENTELE_FRESH_H */
