/*
 * stale.h
 *		Customers whose stored row cannot be served, as one snapshot sees them.
 *
 * A stored row is served if nobody has marked its customer, directly or by a link or
 * as one of everyone, and if evaluated_at <= as_of < due_at.  Call these functions
 * as the population's owner.
 */
#ifndef CLIENTELE_STALE_H
#define CLIENTELE_STALE_H

#include "postgres.h"

#include "port/atomics.h"
#include "utils/snapshot.h"
#include "utils/timestamp.h"

#include "engine/engine.h"
#include "population/key_list.h"
#include "population/population.h"

typedef struct ClienteleStale ClienteleStale;

/*
 * Begins to read in the current memory context; the snapshot and the population
 * stay until the close.
 */
extern ClienteleStale *clientele_stale_open(const ClientelePopulation *population, Oid key_type,
											Oid key_collation, Snapshot snapshot);
extern void clientele_stale_close(ClienteleStale *stale);

/* Whether everyone is marked: then the lists below are not all of it. */
extern bool clientele_stale_everyone(const ClienteleStale *stale);

/* Whether a customer is marked, where not everyone is. */
extern bool clientele_stale_is_marked(const ClienteleStale *stale, Datum key);

/* The marked ones among some customers, in the current memory context. */
extern ClienteleKeyList *clientele_stale_marked(ClienteleStale *stale, const ClienteleKeys *among);

/* And those whose stored row of a version is due at as_of, or younger than it. */
extern ClienteleKeyList *clientele_stale_keys(ClienteleStale *stale, int version, TimestampTz as_of,
											  const ClienteleKeys *among);

/*
 * Counts customers who are evaluated because they are stale, in all processes of a scan:
 * an error if there are more of them than clientele.live_limit allows.
 */
extern void clientele_stale_count(const ClienteleStale *stale, pg_atomic_uint64 *evaluated, uint64 more);

#endif							/* CLIENTELE_STALE_H */
