/*
 * engine_catalog.h
 *		What the catalog says of a population and a version, and the engines that
 *		the session has compiled from it.
 */
#ifndef CLIENTELE_ENGINE_CATALOG_H
#define CLIENTELE_ENGINE_CATALOG_H

#include "engine/engine_parts.h"

/* One relation of a source. */
typedef struct ClienteleCatalogSource
{
	const char *name;
	Oid			relation;
	const char *key_path;
	const char *occurred_at_path;
} ClienteleCatalogSource;

typedef struct ClienteleCatalogModel
{
	int			population_id;
	int			version;
	Oid			relation;
	Oid			owner;
	const char *key_column;
	Oid			by_hand;		/* the table of tags and pins; or InvalidOid */
	const char *model;			/* its text */
	const char *grid;			/* TO_CALIBRATE: whose axes */
	const struct ClienteleSimulation *simulation;	/* TO_SIMULATE: what ->model is compared
													 * with */
	int			nsources;
	ClienteleCatalogSource *sources;	/* ordered by name, and part */
} ClienteleCatalogModel;

/* engine.c: compiles, in a memory context of its own below the current one. */
extern ClienteleEngine *clientele_engine_compile(const ClienteleCatalogModel *catalog, ClienteleEnginePurpose purpose);

/*
 * definition_cache.c: compiles a model that is no version, against the population's
 * tables as they are.  It lasts until the end of the transaction.
 */
extern ClienteleEngine *clientele_engine_of_model(int population_id, const char *model,
												  ClienteleEnginePurpose purpose, const char *grid);

/*
 * The same for several models at once: facts are folded once, and what means the same
 * in several is evaluated once.  Their labels and tags are in the engine's parts, in
 * ->models: first the one to compare with.
 */
typedef struct ClienteleSimulation
{
	const char *live;			/* a model's text */
	int			ndrafts;
	const char **drafts;
	const char *revenue;		/* an expression of the first draft; NULL: none */
	const char *name;			/* of the only definition of interest; NULL: all */
} ClienteleSimulation;

/* Whether a definition is of interest: a label or a tag. */
static inline bool
clientele_is_simulated(const ClienteleSimulation *simulation, const ClienteleDefinition *definition)
{
	return definition->kind != CLIENTELE_PARAMETER && definition->kind != CLIENTELE_METRIC &&
		(simulation->name == NULL || strcmp(definition->name, simulation->name) == 0);
}

extern ClienteleEngine *clientele_engine_of_simulation(int population_id, const ClienteleSimulation *simulation);

/*
 * Values of a population that could not be had (a division by zero, a number too
 * large) since the last time this was asked, in this session; and some that another
 * process has counted for it.
 */
extern int64 clientele_engine_failures(int population_id);
extern void clientele_engine_add_failures(int population_id, int64 failures);

#endif							/* CLIENTELE_ENGINE_CATALOG_H */
