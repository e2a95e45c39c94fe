/*
 * key_list.c
 *		Keys of customers: collected in any order, then ascending and none twice.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/datum.h"
#include "utils/memutils.h"

#include "compat.h"
#include "population/key_list.h"

ClienteleKeyList *
clientele_key_list(Oid type, Oid collation)
{
	ClienteleKeyList *list = palloc0(sizeof(ClienteleKeyList));

	list->type = lookup_type_cache(type, TYPECACHE_CMP_PROC_FINFO);
	list->collation = collation;
	list->capacity = 16;
	list->keys = palloc(sizeof(Datum) * list->capacity);
	return list;
}

void
clientele_key_list_add(ClienteleKeyList *list, Datum key)
{
	MemoryContext caller = MemoryContextSwitchTo(GetMemoryChunkContext(list));

	if (list->count == list->capacity)
	{
		list->capacity *= 2;
		list->keys = repalloc_huge(list->keys, mul_size(sizeof(Datum), list->capacity));
	}
	list->keys[list->count++] = datumCopy(key, list->type->typbyval, list->type->typlen);
	MemoryContextSwitchTo(caller);
}

int
clientele_key_compare(const ClienteleKeyList *list, Datum a, Datum b)
{
	return DatumGetInt32(FunctionCall2Coll(&list->type->cmp_proc_finfo, list->collation, a, b));
}

static int
compare(const void *a, const void *b, void *list)
{
	return clientele_key_compare(list, *(const Datum *) a, *(const Datum *) b);
}

void
clientele_key_list_sort(ClienteleKeyList *list)
{
	int			kept = 0;

	qsort_arg(list->keys, list->count, sizeof(Datum), compare, list);
	for (int i = 0; i < list->count; i++)
		if (kept == 0 || clientele_key_compare(list, list->keys[kept - 1], list->keys[i]) != 0)
			list->keys[kept++] = list->keys[i];
	list->count = kept;
}

int
clientele_key_list_rank(const ClienteleKeyList *list, Datum key)
{
	int			low = 0;
	int			high = list->count;

	while (low < high)
	{
		int			middle = low + (high - low) / 2;

		if (clientele_key_compare(list, list->keys[middle], key) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool
clientele_key_list_has(const ClienteleKeyList *list, Datum key)
{
	int			rank = clientele_key_list_rank(list, key);

	return rank > 0 && clientele_key_compare(list, list->keys[rank - 1], key) == 0;
}
