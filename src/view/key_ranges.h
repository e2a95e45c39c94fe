/*
 * key_ranges.h
 *		The keys of a population as ranges that several processes take in turn.
 *
 * The planner cuts where statistics say that there are about as many customers on both
 * sides.  However old they are, every key is in just one range, because the cuts ascend
 * and the outermost ranges are open.
 */
#ifndef CLIENTELE_KEY_RANGES_H
#define CLIENTELE_KEY_RANGES_H

#include "postgres.h"

#include "nodes/pg_list.h"
#include "port/atomics.h"

#include "engine/engine.h"
#include "population/key_list.h"
#include "population/population.h"

/* Where to cut, as Consts; NIL where no statistics tell. */
extern List *clientele_key_cuts(const ClientelePopulation *population, Oid key_type, Oid key_collation);

/* The same for the executor. */
extern ClienteleKeyList *clientele_key_cuts_list(List *cuts, Oid key_type, Oid key_collation);

/* The statistics themselves; to be released if they are valid. */
extern HeapTuple clientele_key_statistics(const ClientelePopulation *population);

/* In shared memory: which ranges nobody has taken yet. */
typedef struct ClienteleKeyRanges
{
	pg_atomic_uint32 next;
	uint32		end;
	uint32		least;			/* so many are taken at once, if there are ... */
	uint32		divisor;		/* ... or this part of those that are left */
} ClienteleKeyRanges;

/*
 * All ranges that have some of the keys are there to be taken.  Where a range cannot be
 * read without reading everything, each process gets as few as possible.
 */
extern void clientele_key_ranges_offer(ClienteleKeyRanges *ranges, const ClienteleKeyList *cuts,
									   const ClienteleKeys *keys, int processes, bool by_index);

/* Takes ranges that lie together, and narrows the keys to them; false: none are left. */
extern bool clientele_key_ranges_take(ClienteleKeyRanges *ranges, const ClienteleKeyList *cuts, ClienteleKeys *keys);

#endif							/* CLIENTELE_KEY_RANGES_H */
