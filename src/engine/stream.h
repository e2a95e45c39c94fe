/*
 * stream.h
 *		Rows of a query, pulled one at a time from PostgreSQL's executor.
 *
 * What SPI's cursors do, without a copy of every row: the slot that the plan's
 * top node returns is handed on as it is.  Several streams may be open at once,
 * and stay open between calls of whoever pulls them.
 */
#ifndef CLIENTELE_STREAM_H
#define CLIENTELE_STREAM_H

#include "postgres.h"

#include "executor/tuptable.h"
#include "utils/snapshot.h"

#include "engine/quiet_stream.h"

/*
 * A prepared SELECT, kept until it is freed; replanned when tables change.  Where its
 * columns have changed by then, or row security would hide rows, opening it is an error.
 */
typedef struct ClienteleQuery ClienteleQuery;

typedef struct ClienteleStream ClienteleStream;

extern ClienteleQuery *clientele_query_prepare(const char *sql, int nargs, const Oid *types);
extern void clientele_query_free(ClienteleQuery *query);

/*
 * The query of that text and those types, prepared when the session first asks for it,
 * and again when tables have changed.  Not to be freed; to be opened at once.  Tables of
 * these names may be others by then, with other columns: whoever asks makes sure of their
 * types, or looks at them when the stream is open.
 */
extern ClienteleQuery *clientele_query_kept(const char *sql, int nargs, const Oid *types);

/*
 * Begins to run the query under a registered snapshot, in the current memory context
 * and resource owner, as the current user.  An error cleans up as it does for any query.
 * Arguments passed by reference must live until the stream is closed.
 */
extern ClienteleStream *clientele_stream_open(ClienteleQuery *query, const Datum *arguments,
											  const bool *nulls, Snapshot snapshot);

/* The columns of a query's rows, as it is being run. */
extern TupleDesc clientele_stream_columns(const ClienteleStream *stream);

/* Or the rows with one key, past the executor: see quiet_stream.h. */
extern ClienteleStream *clientele_stream_open_quiet(const ClienteleQuietPlan *plan, Datum key, const TimestampTz *since,
													Snapshot snapshot);

/* The next row, valid until the next call; NULL at the end. */
extern TupleTableSlot *clientele_stream_next(ClienteleStream *stream);
extern void clientele_stream_close(ClienteleStream *stream);

#endif							/* CLIENTELE_STREAM_H */
