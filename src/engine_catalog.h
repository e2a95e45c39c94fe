/*
 * engine_catalog.h
 *		What the catalog says of a population and a version, and the engines that
 *		the session has compiled from it.
 */
#ifndef CLIENTELE_ENGINE_CATALOG_H
#define CLIENTELE_ENGINE_CATALOG_H

#include "engine_parts.h"

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
 * Values of a population that could not be had (a division by zero, a number too
 * large) since the last time this was asked, in this session; and some that another
 * process has counted for it.
 */
extern int64 clientele_engine_failures(int population_id);
extern void clientele_engine_add_failures(int population_id, int64 failures);

#endif							/* CLIENTELE_ENGINE_CATALOG_H */
