/*
 * own_index.h
 *		Entries of our own tables' indexes.
 */
#ifndef CLIENTELE_OWN_INDEX_H
#define CLIENTELE_OWN_INDEX_H

#include "postgres.h"

#include "access/tableam.h"
#include "nodes/pg_list.h"
#include "storage/lockdefs.h"
#include "storage/itemptr.h"
#include "utils/relcache.h"

#include "compat.h"

/* Indexes of a table, each opened when it is first needed, until all are closed. */
typedef struct ClienteleOpenIndexes
{
	LOCKMODE	lock;
	MemoryContext context;		/* of the list */
	List	   *open;			/* of Relation */
} ClienteleOpenIndexes;

extern Relation clientele_open_index(ClienteleOpenIndexes *indexes, Oid index);
extern void clientele_close_indexes(ClienteleOpenIndexes *indexes);

/*
 * Enters a row that has just been written at that place of a table, which is open for
 * writing, in all indexes that are to have it; of a row that was there before, `updated` says which those are.
 */
extern void clientele_own_enter(Relation table, ClienteleOpenIndexes *indexes, ItemPointer place, const Datum *values,
								const bool *nulls, ClienteleUpdatedIndexes updated);

#endif							/* CLIENTELE_OWN_INDEX_H */
