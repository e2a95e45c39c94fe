/*
 * engine_parts.h
 *		What a compiled model consists of: shared by engine.c, which makes it, and
 *		scan.c, which runs it.
 *
 *	customers' table --columns--> registers --+
 *											  +--program--> registers --> outputs, tags
 *	event tables --columns--> events' blocks --fold--+
 */
#ifndef CLIENTELE_ENGINE_PARTS_H
#define CLIENTELE_ENGINE_PARTS_H

#include "column.h"
#include "engine.h"
#include "expression_bind.h"
#include "fold.h"
#include "model.h"
#include "stream.h"
#include "table_path.h"

/* Customers in a block; a question about one customer has a block of one. */
#define CLIENTELE_CUSTOMERS_CAPACITY 256

/* A column that some expression names. */
typedef struct ClienteleInputColumn
{
	const char **sql;			/* in the query, one for each part ... */
	AttrNumber *attributes;		/* ... and in that part's table; 0 where a foreign
								 * key leads to another */
	ClienteleColumn *column;
	ClienteleCell *cells;		/* where it is read to */
} ClienteleInputColumn;

/* Tables that are read as one (the parts of a source), and their columns. */
typedef struct ClienteleInput
{
	const char *name;			/* of the source, for messages; NULL: customers */
	int			nparts;
	ClienteleTablePaths **parts;
	int			ncolumns;
	int			allocated;
	ClienteleInputColumn *columns;
} ClienteleInput;

/* The ways to ask for customers; each has its own query. */
typedef enum ClienteleShape
{
	CLIENTELE_SHAPE_ALL,
	CLIENTELE_SHAPE_FROM,		/* low <= key */
	CLIENTELE_SHAPE_BELOW,		/* key < high */
	CLIENTELE_SHAPE_BETWEEN,
	CLIENTELE_SHAPE_LIST,
	CLIENTELE_SHAPE_ONE
} ClienteleShape;

#define CLIENTELE_SHAPES 6

typedef struct ClienteleEngineSource
{
	ClienteleScope scope;		/* of the conditions on its events; first */
	ClienteleEngine *engine;
	const ClienteleModelSource *model;
	ClienteleInput input;
	const char **key_sql;		/* one for each part */
	const char **time_sql;
	AttrNumber *key_attributes; /* as of an input column */
	AttrNumber *time_attributes;
	Oid			key_type;
	Oid			time_type;		/* date, timestamp, timestamptz */
	ClienteleBinder *binder;
	ClienteleProgram *program;	/* conditions and filter; none: NULL */
	ClienteleCell *filter;		/* truths, or NULL */
	ClienteleEvents events;
	ClienteleFold fold;
	int			slots_allocated;
	int			windows_allocated;
	const char **slot_texts;	/* each slot's aggregate, to find it again */
	ClienteleType *slot_types;
	ClienteleQuery *queries[CLIENTELE_SHAPES];
} ClienteleEngineSource;

/* A scorecard in the program: scored where its expressions have been evaluated. */
typedef struct ClienteleEngineCard
{
	ClienteleEngine *engine;
	const ClienteleScorecard *card;
	ClienteleCell **answers;	/* register of each of its expressions */
	int			ndeciding;		/* registers that decide until when the score holds */
	ClienteleCell **deciding;
	ClienteleCell *score;
	ClienteleCell *tier;
	text	  **tiers;			/* labels, in the card's order */
	ClienteleCardPart *parts;	/* scratch */
	int			row;			/* being scored */
} ClienteleEngineCard;

/* How a definition stands in the program. */
typedef struct ClienteleEngineDefinition
{
	enum
	{
		CLIENTELE_UNBOUND,
		CLIENTELE_BINDING,
		CLIENTELE_BOUND
	}			state;
	ClienteleType type;
	ClienteleCell *cells;		/* a metric's value, a label, a tag's truth */
	ClienteleCell *score;		/* of grids and cards */
	ClienteleCell *axes[CLIENTELE_RFM_AXES];	/* of grids */
} ClienteleEngineDefinition;

/* A name that only expressions of our own making use. */
typedef struct ClienteleLocalName
{
	const char *name;
	ClienteleType type;
	ClienteleCell *cells;
} ClienteleLocalName;

typedef struct ClienteleEngineParts
{
	ClienteleScope scope;		/* of the definitions; first */
	ClienteleEngine *engine;
	MemoryContext context;		/* holds all of it */
	MemoryContext block_context;	/* what one block of customers needs */
	bool		in_use;			/* a scan runs it */
	bool		stale;			/* a table has changed: compile anew */
	int			capacity;
	ClienteleModel *model;
	pg_tz	   *zone;
	ClienteleDayClock *days;
	ClienteleInput customers;
	int			nsources;
	ClienteleEngineSource *sources;
	ClienteleEngineDefinition *definitions;
	int			nlocals;
	ClienteleLocalName *locals;
	ClienteleBinder *binder;
	ClienteleProgram *program;
	ClienteleCell **output_cells;
	ClienteleCell **tag_cells;
	text	  **tag_texts;
	ClienteleQuery *queries[CLIENTELE_SHAPES];
	int			nrelations;		/* tables whose changes make it stale */
	Oid		   *relations;
} ClienteleEngineParts;

/* An instance that nobody uses, for blocks of one or of many; compiled if need be. */
extern ClienteleEngine *clientele_engine_take(const ClienteleEngine *engine, bool single);
extern void clientele_engine_give_back(ClienteleEngine *engine);

/* engine_query.c: the query of that shape for customers, or for a source's events. */
extern ClienteleQuery *clientele_customers_query(ClienteleEngine *engine, ClienteleShape shape);
extern ClienteleQuery *clientele_events_query(ClienteleEngine *engine, ClienteleEngineSource *source,
											  ClienteleShape shape);

/* Whether that query's last argument is the instant before which no event matters. */
extern bool clientele_events_bound(const ClienteleEngineSource *source, TimestampTz *bound);

#endif							/* CLIENTELE_ENGINE_PARTS_H */
