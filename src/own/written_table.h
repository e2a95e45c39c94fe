/*
 * written_table.h
 *		A table of ours that is being written: rows appended many at a time, updated,
 *		deleted, and their index entries kept.
 */
#ifndef CLIENTELE_WRITTEN_TABLE_H
#define CLIENTELE_WRITTEN_TABLE_H

#include "postgres.h"

#include "executor/tuptable.h"
#include "utils/rel.h"

typedef struct ClienteleWrittenTable ClienteleWrittenTable;

/* The table of that name in clientele_data, as it is named there. */
extern Oid	clientele_data_table(const char *population, const char *kind, int version);

/*
 * Opens it in the current memory context, as the current user, who must be allowed to
 * write.  What would happen to rows beside their being written (triggers, rules, row
 * security) would not happen here, so it is refused.  An error cleans up.
 */
extern ClienteleWrittenTable *clientele_write_begin(Oid table);
extern Relation clientele_write_relation(const ClienteleWrittenTable *table);

/* An empty slot; fill in its values and nulls and hand it to one of the next two. */
extern TupleTableSlot *clientele_write_row(ClienteleWrittenTable *table);

/* Adds that row.  It is there at the latest after the end. */
extern void clientele_write_append(ClienteleWrittenTable *table);

/* Puts that row into the place of the one in `old`, which a scan of the table has found. */
extern void clientele_write_update(ClienteleWrittenTable *table, TupleTableSlot *old);
extern void clientele_write_delete(ClienteleWrittenTable *table, TupleTableSlot *old);

extern void clientele_write_end(ClienteleWrittenTable *table);

#endif							/* CLIENTELE_WRITTEN_TABLE_H */
