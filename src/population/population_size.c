/*
 * population_size.c
 *		How much there is to read of a population, by PostgreSQL's statistics.
 *
 * The planner asks, so nothing here is an error: what is broken will be one when it is
 * read.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "optimizer/cost.h"
#include "utils/syscache.h"

#include "compat.h"
#include "population/population_size.h"
#include "population/table_path.h"

/* Where no statistics tell. */
#define EVENTS_GUESS 10000

double
clientele_table_tuples(Oid relation, double guess)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relation));
	double		tuples = -1;

	if (HeapTupleIsValid(tuple))
	{
		tuples = ((Form_pg_class) GETSTRUCT(tuple))->reltuples;
		ReleaseSysCache(tuple);
	}
	return tuples > 0 ? tuples : guess;
}

/* Of the table itself; one that is partitioned has none, but says -1. */
static double
own_pages(Oid relation)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relation));
	double		pages = 0;

	if (HeapTupleIsValid(tuple))
	{
		pages = Max(((Form_pg_class) GETSTRUCT(tuple))->relpages, 0);
		ReleaseSysCache(tuple);
	}
	return pages;
}

double
clientele_table_pages(Oid relation)
{
	double		pages = 0;
	ListCell   *cell;

	foreach(cell, find_all_inheritors(relation, NoLock, NULL))
		pages += own_pages(lfirst_oid(cell));
	return pages;
}

ClientelePopulationSize
clientele_population_size(const ClientelePopulation *population)
{
	ClientelePopulationSize size = {
		.pages = clientele_table_pages(population->relation),
		.by_index = enable_indexscan || enable_indexonlyscan
	};
	ListCell   *cell;

	foreach(cell, clientele_population_sources(population))
	{
		const ClientelePopulationSource *source = lfirst(cell);

		size.pages += clientele_table_pages(source->relation);
		size.events += clientele_table_tuples(source->relation, EVENTS_GUESS);
		size.by_index &= clientele_path_is_indexed(source->relation, clientele_expression_parse(source->key_path, NULL));
	}
	return size;
}
