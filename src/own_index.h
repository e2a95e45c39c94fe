/*
 * own_index.h
 *		Entries of our own tables' indexes.
 */
#ifndef CLIENTELE_OWN_INDEX_H
#define CLIENTELE_OWN_INDEX_H

#include "postgres.h"

#include "access/tableam.h"
#include "storage/itemptr.h"
#include "utils/relcache.h"

#include "compat.h"

/*
 * Enters a row that has just been written at that place of a table, which is open for
 * writing, in all indexes that are to have it; of a row that was there before, `updated` says which those are.
 */
extern void clientele_own_enter(Relation table, ItemPointer place, const Datum *values, const bool *nulls,
								ClienteleUpdatedIndexes updated);

#endif							/* CLIENTELE_OWN_INDEX_H */
