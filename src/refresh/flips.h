/*
 * flips.h
 *		The change feed of a population: what became different of its customers.
 */
#ifndef CLIENTELE_FLIPS_H
#define CLIENTELE_FLIPS_H

#include "postgres.h"

#include "utils/timestamp.h"

#include "engine/engine.h"

/*
 * Whose changes the feed follows: what has labels, and the metric that is the branch.
 * clientele.followed() says the same in SQL.
 */
typedef struct ClienteleFollowed
{
	const ClienteleEngine *engine;
	int			count;
	const char **names;			/* ascending bytewise */
	const ClienteleOutput **outputs;
} ClienteleFollowed;

extern ClienteleFollowed *clientele_followed(const ClienteleEngine *engine);

/* What the feed follows of a customer's row. */
typedef struct ClienteleSegments
{
	const Datum *labels;		/* in the order of the feed's names */
	const bool *label_nulls;
	Datum		tags;			/* text[], ascending bytewise, none twice */
	const bool *pinned;			/* of a later row: which labels somebody has pinned, or
								 * freed, since the row before; NULL: none */
} ClienteleSegments;

/* Of a customer whose outputs these are, and after them his tags; in the current memory context. */
extern ClienteleSegments clientele_segments(const ClienteleFollowed *followed, const Datum *outputs, const bool *nulls);

/* The value of a column that is followed, as the feed writes it. */
extern Datum clientele_label(Datum value, Oid type);

typedef struct ClienteleFeed ClienteleFeed;

/*
 * Opens the feed to append to it, in the current memory context, as the current user.
 * names: of what has labels, ascending bytewise.
 */
extern ClienteleFeed *clientele_feed_open(const char *population, Oid key_type, int version,
										  TimestampTz recorded_at, int nlabels, const char *const *names);

/* Logs what is different, and whether anything is; NULL: there was, or is, no row. */
extern bool clientele_feed_log(ClienteleFeed *feed, Datum key, const ClienteleSegments *before,
							   const ClienteleSegments *after, TimestampTz effective_at, const char *cause);

/* How many labels and tags were logged. */
extern int64 clientele_feed_close(ClienteleFeed *feed);

#endif							/* CLIENTELE_FLIPS_H */
