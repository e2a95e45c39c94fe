/*
 * population_size.h
 *		How much there is to read of a population, by PostgreSQL's statistics.
 */
#ifndef CLIENTELE_POPULATION_SIZE_H
#define CLIENTELE_POPULATION_SIZE_H

#include "postgres.h"

#include "population/population.h"

typedef struct ClientelePopulationSize
{
	double		pages;			/* of customers and events */
	double		events;
	bool		by_index;		/* some customers are found without reading all events */
} ClientelePopulationSize;

extern ClientelePopulationSize clientele_population_size(const ClientelePopulation *population);

/* Of a table with its partitions. */
extern double clientele_table_pages(Oid relation);

/* Or a guess, where no statistics tell. */
extern double clientele_table_tuples(Oid relation, double guess);

#endif							/* CLIENTELE_POPULATION_SIZE_H */
