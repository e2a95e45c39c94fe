/*
 * live.h
 *		Customers as they are now: stored rows that still hold, and the others
 *		evaluated, in one snapshot and at one instant.
 *
 * What a row consists of is what the foreign table says that shows it:
 *
 *		as_of, key, outputs ..., tags, evaluated_at, due_at
 *
 * while the stored row is key, evaluated_at, due_at, outputs ..., tags.  Call these
 * functions as the population's owner.
 */
#ifndef CLIENTELE_LIVE_H
#define CLIENTELE_LIVE_H

#include "postgres.h"

#include "nodes/pg_list.h"
#include "utils/relcache.h"

#include "view/stale.h"

typedef struct ClienteleLive ClienteleLive;

/*
 * Begins in the current memory context.  Only the columns in `needed` (numbers of
 * the foreign table, from 1 on; 0 or less: all) need be right in rows that were stored.
 * Who is evaluated is counted in `evaluated` (see clientele_stale_count).
 */
extern ClienteleLive *clientele_live_begin(const ClientelePopulation *population, int version, Relation table,
										   const List *needed, ClienteleStale *stale, TimestampTz as_of,
										   const ClienteleKeys *keys, Snapshot snapshot,
										   pg_atomic_uint64 *evaluated);

/* The next customer, in no order; valid until the next call. */
extern bool clientele_live_next(ClienteleLive *live, Datum *values, bool *nulls);
extern void clientele_live_end(ClienteleLive *live);

#endif							/* CLIENTELE_LIVE_H */
