/*
 * population.h
 *		What is registered of a population, read past all permissions: whoever may
 *		read a population's view need not read the catalog.
 */
#ifndef CLIENTELE_POPULATION_H
#define CLIENTELE_POPULATION_H

#include "postgres.h"

#include "access/attnum.h"
#include "nodes/pg_list.h"

typedef struct ClientelePopulation
{
	int			id;
	NameData	name;
	Oid			relation;		/* the customer table */
	NameData	key_column;
	NameData	target_schema;	/* of its views */
	Oid			owner;
	Oid			marks;			/* the mark table; InvalidOid: it is missing */
} ClientelePopulation;

/* False if there is none of that name. */
extern bool clientele_population_find(const char *name, ClientelePopulation *population);

/* The same by its number. */
extern bool clientele_population_find_id(int id, ClientelePopulation *population);

/* An error if there is none, with a hint. */
extern void clientele_population_get(const char *name, ClientelePopulation *population);

/* Until the end of the transaction it is not dropped: for who writes of it without any other lock on it.  An error if it has been. */
extern void clientele_population_hold(const ClientelePopulation *population);

/* The same by its number. */
extern void clientele_population_hold_id(int id, ClientelePopulation *population);

/* The column of a population's table that has its customers' keys; an error if the clinic has taken it away. */
extern AttrNumber clientele_population_key(Oid relation, const char *column);

/* Its type, which may be a domain. */
extern Oid clientele_population_key_type(const ClientelePopulation *population);

/* A relation of a source: a row of clientele.source. */
typedef struct ClientelePopulationSource
{
	Oid			relation;
	char	   *key_path;
} ClientelePopulationSource;

extern List *clientele_population_sources(const ClientelePopulation *population);

/* How changed lines lead to customers: a row of clientele.link. */
typedef struct ClienteleLink
{
	int			number;
	Oid			relation;
	NameData	unique_column;
	char	   *key_path;
} ClienteleLink;

/* The link of that number; palloc'd. */
extern ClienteleLink *clientele_population_link(const ClientelePopulation *population, int number);

#endif							/* CLIENTELE_POPULATION_H */
