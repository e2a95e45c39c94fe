/*
 * own_table.h
 *		Rows of our own catalog, found by an index and written one by one, as what is most
 *		in a hurry needs them: without a plan, and as they are this moment, whatever the
 *		transaction's snapshot.
 *
 * Whoever reads a row in order to change it has locked what it stands for (fresh.h).
 * No predicate locks are taken, so serializable transactions do not fail for it.
 */
#ifndef CLIENTELE_OWN_TABLE_H
#define CLIENTELE_OWN_TABLE_H

#include "postgres.h"

#include "access/skey.h"
#include "storage/itemptr.h"
#include "utils/snapshot.h"

typedef struct ClienteleOwnTable ClienteleOwnTable;

/* The most columns that one of them has. */
#define CLIENTELE_OWN_COLUMNS 24

typedef struct ClienteleOwnRow
{
	ItemPointerData place;
	Datum		values[CLIENTELE_OWN_COLUMNS];	/* column 1 is values[0] */
	bool		nulls[CLIENTELE_OWN_COLUMNS];
} ClienteleOwnRow;

/* The table of that name in schema clientele, in the current memory context.  An error cleans up. */
extern ClienteleOwnTable *clientele_own_open(const char *name);

/* Only to look things up, as a registered or active snapshot sees them; also on a standby. */
extern ClienteleOwnTable *clientele_own_open_as_of(const char *name, Snapshot snapshot);

/* From now on it is looked at as such a snapshot sees it, also what is open for writing. */
extern void clientele_own_look_as_of(ClienteleOwnTable *table, Snapshot snapshot);
extern void clientele_own_close(ClienteleOwnTable *table);

/* For the column at that place of an index, from 1; texts compare bytewise. */
extern void clientele_own_key(ScanKey key, AttrNumber place, StrategyNumber strategy, RegProcedure function, Datum value);
extern void clientele_own_key_equal(ScanKey key, AttrNumber place, Oid type, Datum value);

/* For indexes that begin with a text and the number of its population: the text is first because it tells rows apart. */
extern void clientele_own_keys_of(ScanKey keys, int population_id, const char *text);

/*
 * Begins to look up rows by an index, in its order.  Each is copied into the current memory context.
 * Afterwards they may be written, or others looked up.
 */
extern void clientele_own_find(ClienteleOwnTable *table, const char *index, int nkeys, ScanKey keys);
extern bool clientele_own_next(ClienteleOwnTable *table, ClienteleOwnRow *row);

/* The same without a copy: good until the next. */
extern bool clientele_own_next_in_place(ClienteleOwnTable *table, ClienteleOwnRow *row);
extern void clientele_own_found(ClienteleOwnTable *table);

/* The only one, or none. */
extern bool clientele_own_get(ClienteleOwnTable *table, const char *index, int nkeys, ScanKey keys, ClienteleOwnRow *row);

/*
 * Visible to what is looked up afterwards.  Unique indexes hold; other constraints are ours to keep: compiling
 * them for each row would be a fifth of a claim.
 */
extern void clientele_own_insert(ClienteleOwnTable *table, const ClienteleOwnRow *row);
extern void clientele_own_update(ClienteleOwnTable *table, const ClienteleOwnRow *row);
extern void clientele_own_delete(ClienteleOwnTable *table, const ClienteleOwnRow *row);

/* The next number of a sequence of ours. */
extern int64 clientele_own_number(const char *sequence);

#endif							/* CLIENTELE_OWN_TABLE_H */
