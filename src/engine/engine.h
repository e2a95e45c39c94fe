/*
 * engine.h
 *		A published model, compiled against the clinic's tables, and the customers
 *		it is asked about.
 *
 * Whoever wants segments -- the live branch of a view, a refresh, a rebuild, a
 * question at the till -- begins a scan, and gets one row for each customer.
 */
#ifndef CLIENTELE_ENGINE_H
#define CLIENTELE_ENGINE_H

#include "postgres.h"

#include "utils/relcache.h"
#include "utils/snapshot.h"
#include "utils/timestamp.h"

typedef enum ClienteleOutputRole
{
	CLIENTELE_OUTPUT_VALUE,		/* a metric */
	CLIENTELE_OUTPUT_ELAPSED,	/* a metric of elapsed time: the day from which it
								 * counts, in ->unit */
	CLIENTELE_OUTPUT_LABEL,		/* of a grid, card or ladder */
	CLIENTELE_OUTPUT_SCORE,		/* the number beside the label: NAME_score */
	CLIENTELE_OUTPUT_PART		/* NAME_r, NAME_f, NAME_m */
} ClienteleOutputRole;

/* A column of the result, between the key and the tags. */
typedef struct ClienteleOutput
{
	const char *name;			/* of the column */
	const char *definition;		/* whose answer it is */
	ClienteleOutputRole role;
	Oid			type;			/* bool, int4, int8, numeric, text, date, timestamptz */
	int32		typmod;
	const char *unit;			/* ELAPSED: days, months, years; else NULL */
} ClienteleOutput;

/* A population's model, compiled.  Kept by the session; see definition_cache.c. */
typedef struct ClienteleEngine
{
	int			population_id;
	int			version;
	Oid			relation;		/* the customer table */
	Oid			owner;			/* with whose rights everything is read */
	const char *key_column;
	Oid			key_type;
	Oid			key_array_type;
	Oid			key_collation;
	int			noutputs;
	ClienteleOutput *outputs;
	int			ntags;
	const char **tags;			/* ascending, bytewise */
	struct ClienteleEngineParts *parts; /* engine.c's own */
} ClienteleEngine;

/* Which customers. */
typedef struct ClienteleKeys
{
	enum
	{
		CLIENTELE_KEYS_ALL,
		CLIENTELE_KEYS_RANGE,	/* low <= key < high, where given */
		CLIENTELE_KEYS_LIST,
		CLIENTELE_KEYS_ONE
	}			kind;
	bool		has_low;
	bool		has_high;
	Datum		low;			/* ONE: the key */
	Datum		high;
	Datum	   *list;			/* LIST: keys, none null, none twice at one instant */
	int			nlist;
	const TimestampTz *instants;	/* LIST: of each, ascending; NULL: all at the
									 * scan's as_of */
} ClienteleKeys;

typedef struct ClienteleScan ClienteleScan;

/*
 * The engine of a version that the session has perhaps compiled before.  Valid
 * until the end of the transaction at least: the tables that it reads are locked.
 * A source that does not fit its model any more (a column renamed) is an error that
 * says so.
 */
extern ClienteleEngine *clientele_engine_get(int population_id, int version);

/*
 * An error if the columns of a foreign table are not those of the engine, so that values
 * would be misread: as_of, key, outputs ..., tags, and some timestamps.
 */
extern void clientele_engine_check_columns(const ClienteleEngine *engine, Relation table, int ntimes);

/*
 * Evaluates customers at an instant under a registered snapshot.  Runs queries
 * with the rights of whoever is the current user: become the owner before, for
 * each call.
 */
extern ClienteleScan *clientele_scan_begin(ClienteleEngine *engine, TimestampTz as_of,
										   const ClienteleKeys *keys, Snapshot snapshot);

/*
 * The next customer, of a list in its order, else in none to rely on; false at the end.  values and nulls
 * hold the key, the outputs, the tags (text[]), and due_at (null: never); they are
 * valid until the next call.
 */
extern bool clientele_scan_next(ClienteleScan *scan, Datum *values, bool *nulls);

/* The instant at which the latest one was evaluated. */
extern TimestampTz clientele_scan_as_of(const ClienteleScan *scan);

/*
 * Whether a label of his is another than at an evaluation before because somebody has
 * pinned it, or taken a pin away.
 */
extern bool clientele_scan_pin_changed(const ClienteleScan *scan, const char *definition, TimestampTz before);
extern void clientele_scan_end(ClienteleScan *scan);

#endif							/* CLIENTELE_ENGINE_H */
