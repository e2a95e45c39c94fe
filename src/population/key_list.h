/*
 * key_list.h
 *		Keys of customers: collected in any order, then ascending and none twice.
 */
#ifndef CLIENTELE_KEY_LIST_H
#define CLIENTELE_KEY_LIST_H

#include "postgres.h"

#include "utils/typcache.h"

typedef struct ClienteleKeyList
{
	TypeCacheEntry *type;
	Oid			collation;
	int			count;
	int			capacity;
	Datum	   *keys;
} ClienteleKeyList;

/* An empty list in the current memory context, where its keys will be, too. */
extern ClienteleKeyList *clientele_key_list(Oid type, Oid collation);

/* Adds a copy of the key. */
extern void clientele_key_list_add(ClienteleKeyList *list, Datum key);

/* Call it after the last key is added, and before one is looked for. */
extern void clientele_key_list_sort(ClienteleKeyList *list);

/* How many keys of the list are not above the key; whether it is among them. */
extern int	clientele_key_list_rank(const ClienteleKeyList *list, Datum key);
extern bool clientele_key_list_has(const ClienteleKeyList *list, Datum key);

/* < 0, 0, > 0 */
extern int	clientele_key_compare(const ClienteleKeyList *list, Datum a, Datum b);

#endif							/* CLIENTELE_KEY_LIST_H */
