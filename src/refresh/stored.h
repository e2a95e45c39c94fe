/*
 * stored.h
 *		The stored rows of a version: loaded, refreshed, and compared with those of the
 *		version before.
 *
 * All of it runs as the population's owner, who owns them, under the population's lock.
 */
#ifndef CLIENTELE_STORED_H
#define CLIENTELE_STORED_H

#include "postgres.h"

#include "engine/engine.h"

/* The columns of a stored row, from 0 on; the outputs are followed by the tags. */
#define STORED_KEY 0
#define STORED_EVALUATED_AT 1
#define STORED_DUE_AT 2
#define STORED_FIRST_OUTPUT 3

/* What was done. */
typedef struct ClienteleTally
{
	int64		asked;
	int64		written;
	int64		logged;
} ClienteleTally;

/*
 * Adds the rows that a query over the version's foreign table `all` returns, in whatever
 * order; how many they were.  The query may be executed in parallel.  Within SPI.
 */
extern int64 clientele_stored_load(const char *population, ClienteleEngine *engine, const char *query,
								   int nargs, Oid *types, Datum *values, const char *nulls);

/*
 * Evaluates customers as of now; writes the rows that became different, in the order of
 * keys, and logs what flipped.  The keys ascend, none twice.  Who is not there any more
 * has no row any more.
 */
extern void clientele_stored_refresh(const char *population, ClienteleEngine *engine, Datum *keys, int nkeys,
									 TimestampTz clock, ClienteleTally *tally);

/*
 * Does so for those who have come due, each as of that instant, the earliest first; how
 * many they were, at most the limit.
 */
extern int	clientele_stored_step(const char *population, ClienteleEngine *engine, TimestampTz clock, int limit,
								  ClienteleTally *tally);

/* What has labels, in one of two versions or both. */
typedef struct ClienteleLabelled
{
	const char *name;
	bool		before;
	bool		after;
} ClienteleLabelled;

/* Logs what flips where one version takes another's place; labels ascend bytewise. */
extern int64 clientele_stored_log_switch(const char *population, int before, int after, TimestampTz clock,
										 int nlabels, const ClienteleLabelled *labels);

#endif							/* CLIENTELE_STORED_H */
