/*
 * quiet_read.h
 *		Reading tables of our own and leaving no trace in the clinic's transactions.
 */
#ifndef CLIENTELE_QUIET_READ_H
#define CLIENTELE_QUIET_READ_H

#include "postgres.h"

#include "access/itup.h"
#include "access/sdir.h"
#include "access/skey.h"
#include "access/xlogdefs.h"
#include "utils/rel.h"
#include "utils/snapshot.h"

typedef struct ClienteleQuietRead ClienteleQuietRead;

/*
 * The rows of a heap table that an MVCC snapshot sees: all of them (index NULL),
 * or those that an index finds by the keys.  Unlike the executor's scans it takes
 * no predicate locks, so that two serializable transactions that both read a
 * table of ours never fail for it; and the snapshot may be any registered or
 * active one, also one that is newer than the transaction's.  Works on a standby.
 */
extern ClienteleQuietRead *clientele_quiet_read_begin(Relation table, Relation index, Snapshot snapshot,
													  int nkeys, ScanKey keys);

/* The next row, which stays where it is until the next call or the end; NULL = no more. */
extern HeapTuple clientele_quiet_read_next(ClienteleQuietRead *scan);

/*
 * By an index: how old the latest row's page was when the row was looked at.  As long as the page
 * stays as old, nobody has changed anything on it.
 */
extern XLogRecPtr clientele_quiet_read_page_lsn(const ClienteleQuietRead *scan);

/*
 * The same in an index's order or against it.  With `entries`, the index has all that
 * is wanted: its entries are read instead of the rows.
 */
extern ClienteleQuietRead *clientele_quiet_read_begin_in_order(Relation table, Relation index, ScanDirection direction,
															   bool entries, Snapshot snapshot, int nkeys, ScanKey keys);
extern IndexTuple clientele_quiet_read_next_entry(ClienteleQuietRead *scan);

/*
 * To be ended soon: meanwhile the page of the latest row, and that of the index,
 * stay pinned, and VACUUM may wait for them.
 */
extern void clientele_quiet_read_end(ClienteleQuietRead *scan);

#endif							/* CLIENTELE_QUIET_READ_H */
