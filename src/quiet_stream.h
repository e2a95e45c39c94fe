/*
 * quiet_stream.h
 *		The rows with one key, read from tables without a predicate lock.
 *
 * In a serializable transaction the executor locks the pages of an index that it
 * has read.  Customers share such pages: two payments, each followed by a look at
 * its own customer's profile, would fail for it, though neither saw the other.
 */
#ifndef CLIENTELE_QUIET_STREAM_H
#define CLIENTELE_QUIET_STREAM_H

#include "stream.h"

typedef struct ClienteleQuietRows ClienteleQuietRows;

extern ClienteleQuietRows *clientele_quiet_rows_read(int ntables, const ClienteleQuietTable *tables,
													 Oid key_type, Datum key, bool sorted, Snapshot snapshot);
extern TupleTableSlot *clientele_quiet_rows_next(ClienteleQuietRows *rows);
extern void clientele_quiet_rows_end(ClienteleQuietRows *rows);

#endif							/* CLIENTELE_QUIET_STREAM_H */
