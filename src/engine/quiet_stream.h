/*
 * quiet_stream.h
 *		The rows with one key, read from tables without a predicate lock.
 *
 * In a serializable transaction the executor locks the pages of an index that it
 * has read.  Customers share such pages: two payments, each followed by a look at
 * its own customer's profile, would fail for it, though neither saw the other.
 * And there is no plan to be started for a handful of rows.
 */
#ifndef CLIENTELE_QUIET_STREAM_H
#define CLIENTELE_QUIET_STREAM_H

#include "postgres.h"

#include "executor/tuptable.h"
#include "utils/snapshot.h"
#include "utils/timestamp.h"

/* A table in which rows with one key are looked for. */
typedef struct ClienteleQuietTable
{
	Oid			relation;
	AttrNumber	key;
	int			ncolumns;
	const AttrNumber *columns;
} ClienteleQuietTable;

typedef struct ClienteleQuietPlan ClienteleQuietPlan;
typedef struct ClienteleQuietRows ClienteleQuietRows;

/*
 * How the rows of several tables (alike in their columns) are read that have a key: int8 1,
 * and the columns.  With `sorted`, those with the greatest first column come first.  Good,
 * like what is allocated of it in the current memory context, until one of the tables
 * changes.  NULL where a query is needed: partitions, other kinds of relations.
 */
extern ClienteleQuietPlan *clientele_quiet_plan(int ntables, const ClienteleQuietTable *tables, Oid key_type, bool sorted);

/* Whether each table has an index that finds the key. */
extern bool clientele_quiet_is_indexed(const ClienteleQuietPlan *plan);

/* Whether the current user may read all of the tables, and row security hides nothing. */
extern bool clientele_quiet_allowed(const ClienteleQuietPlan *plan);

/* Rows with a first column before `since` (NULL: none) may be left out. */
extern ClienteleQuietRows *clientele_quiet_rows_read(const ClienteleQuietPlan *plan, Datum key, const TimestampTz *since,
													 Snapshot snapshot);
extern TupleTableSlot *clientele_quiet_rows_next(ClienteleQuietRows *rows);
extern void clientele_quiet_rows_end(ClienteleQuietRows *rows);

#endif							/* CLIENTELE_QUIET_STREAM_H */
