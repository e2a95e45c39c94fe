/*
 * key_ranges.c
 *		The keys of a population as ranges that several processes take in turn.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_class.h"
#include "catalog/pg_statistic.h"
#include "nodes/makefuncs.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "compat.h"
#include "view/key_ranges.h"

/* More would make plans large, and ranges too short to be worth a query. */
#define MOST_CUTS 400

/*
 * What a process takes at first is this share of its share: large, so that few queries
 * are run; what it takes in the end is small, so that nobody waits long for the last.
 */
#define TURNS 2

/* ---------- planning ---------- */

HeapTuple
clientele_key_statistics(const ClientelePopulation *population)
{
	AttrNumber	column = get_attnum(population->relation, NameStr(population->key_column));
	bool		partitioned = get_rel_relkind(population->relation) == RELKIND_PARTITIONED_TABLE;

	return SearchSysCache3(STATRELATTINH, ObjectIdGetDatum(population->relation), Int16GetDatum(column),
						   BoolGetDatum(partitioned));
}

/* The inner bounds of the histogram: what lies beyond the outer ones is next to nothing. */
static ClienteleKeyList *
histogram_bounds(HeapTuple statistics, Oid key_type, Oid key_collation)
{
	ClienteleKeyList *list = clientele_key_list(key_type, key_collation);
	AttStatsSlot slot;

	if (!get_attstatsslot(&slot, statistics, STATISTIC_KIND_HISTOGRAM, InvalidOid, ATTSTATSSLOT_VALUES))
		return list;
	if (slot.valuetype == key_type)
	{
		int			step = (slot.nvalues + MOST_CUTS - 1) / MOST_CUTS;

		for (int i = step; i < slot.nvalues - 1; i += step)
			clientele_key_list_add(list, slot.values[i]);
	}
	free_attstatsslot(&slot);

	/* whatever order they were in when statistics were made */
	clientele_key_list_sort(list);
	return list;
}

List *
clientele_key_cuts(const ClientelePopulation *population, Oid key_type, Oid key_collation)
{
	HeapTuple	statistics = clientele_key_statistics(population);
	ClienteleKeyList *list;
	List	   *cuts = NIL;

	if (!HeapTupleIsValid(statistics))
		return NIL;
	list = histogram_bounds(statistics, key_type, key_collation);
	for (int i = 0; i < list->count; i++)
		cuts = lappend(cuts, makeConst(key_type, -1, key_collation, list->type->typlen, list->keys[i], false,
									   list->type->typbyval));
	ReleaseSysCache(statistics);
	return cuts;
}

/* ---------- execution: range i lies below cut i, and not below cut i - 1 ---------- */

ClienteleKeyList *
clientele_key_cuts_list(List *cuts, Oid key_type, Oid key_collation)
{
	ClienteleKeyList *list = clientele_key_list(key_type, key_collation);
	ListCell   *cell;

	foreach(cell, cuts)
		clientele_key_list_add(list, lfirst_node(Const, cell)->constvalue);
	return list;
}

void
clientele_key_ranges_offer(ClienteleKeyRanges *ranges, const ClienteleKeyList *cuts,
						   const ClienteleKeys *keys, int processes, bool by_index)
{
	uint32		first = keys->has_low ? clientele_key_list_rank(cuts, keys->low) : 0;

	ranges->end = (keys->has_high ? clientele_key_list_rank(cuts, keys->high) : cuts->count) + 1;
	ranges->divisor = processes * TURNS;
	ranges->least = by_index || ranges->end <= first ? 1 : (ranges->end - first + processes - 1) / processes;
	pg_atomic_init_u32(&ranges->next, first);
}

bool
clientele_key_ranges_take(ClienteleKeyRanges *ranges, const ClienteleKeyList *cuts, ClienteleKeys *keys)
{
	uint32		from = pg_atomic_read_u32(&ranges->next);
	uint32		to;

	do
	{
		if (from >= ranges->end)
			return false;
		to = Min(from + Max((ranges->end - from) / ranges->divisor, ranges->least), ranges->end);
	} while (!pg_atomic_compare_exchange_u32(&ranges->next, &from, to));

	if (from > 0 && (!keys->has_low || clientele_key_compare(cuts, keys->low, cuts->keys[from - 1]) < 0))
	{
		keys->has_low = true;
		keys->low = cuts->keys[from - 1];
	}
	if (to <= (uint32) cuts->count && (!keys->has_high || clientele_key_compare(cuts, keys->high, cuts->keys[to - 1]) > 0))
	{
		keys->has_high = true;
		keys->high = cuts->keys[to - 1];
	}
	keys->kind = CLIENTELE_KEYS_RANGE;
	return true;
}
