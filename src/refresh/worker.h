/*
 * worker.h
 *		The background worker, which keeps a database's populations fresh.
 *
 * worker.c is the worker; worker_wake.c wakes it when somebody commits; worker_launch.c
 * starts it.
 */
#ifndef CLIENTELE_WORKER_H
#define CLIENTELE_WORKER_H

#include "postgres.h"

#include "postmaster/bgworker.h"
#include "utils/timestamp.h"

/* Once, when the library is loaded. */
extern void clientele_worker_load(void);

/* ---------- settings ---------- */

extern char *clientele_worker_role; /* whom it connects as; empty = the bootstrap superuser */
extern int	clientele_worker_naptime;	/* milliseconds that it rests between two looks */

/* ---------- waking ---------- */

/* Whoever makes work for the worker says so; it is woken if and when he commits. */
extern void clientele_wake_worker_at_commit(void);

/*
 * The worker's side.  Without shared memory of ours (the library was not preloaded)
 * nobody wakes it, and it has to look by itself.
 */
extern void clientele_wake_load(void);
extern bool clientele_wake_is_possible(void);
extern void clientele_wake_listen(void);
extern bool clientele_wake_is_asked(void);
extern void clientele_wake_answer(void);

/* ---------- starting ---------- */

/* A worker for a database; with a launcher, its latch is set when the worker ends. */
extern bool clientele_worker_register(const char *database, bool launched, BackgroundWorkerHandle **handle);

/* When to try again after so many failures in a row: in a second, two, four ... a minute. */
extern TimestampTz clientele_worker_retry_at(int failures);

extern PGDLLEXPORT void clientele_worker_main(Datum launched);
extern PGDLLEXPORT void clientele_launcher_main(Datum unused);

#endif							/* CLIENTELE_WORKER_H */
