/*
 * engine_query.c
 *		The queries through which an engine reads the clinic's tables.
 *
 * Customers come in the order of their keys, descending, as do events (if there are any), each
 * customer's newest first: an index (key, time), read backwards, has both orders.
 * Of a list of customers, the order is the list's.
 *
 * The first column is what customers and events are merged by: the key, or the
 * place in the list.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "engine/engine_parts.h"

/* What is said of a key, given the shape; $1 and $2 are keys. */
static void
append_key_condition(StringInfo query, ClienteleShape shape, const char *key)
{
	switch (shape)
	{
		case CLIENTELE_SHAPE_ALL:
			break;
		case CLIENTELE_SHAPE_FROM:
			appendStringInfo(query, " AND %s >= $1", key);
			break;
		case CLIENTELE_SHAPE_BELOW:
			appendStringInfo(query, " AND %s < $1", key);
			break;
		case CLIENTELE_SHAPE_BETWEEN:
			appendStringInfo(query, " AND %s >= $1 AND %s < $2", key, key);
			break;
		case CLIENTELE_SHAPE_LIST:
			appendStringInfo(query, " AND %s = k.key", key);
			break;
		case CLIENTELE_SHAPE_ONE:
			appendStringInfo(query, " AND %s = $1", key);
			break;
	}
}

static int
key_arguments(ClienteleShape shape)
{
	return shape == CLIENTELE_SHAPE_ALL ? 0 : shape == CLIENTELE_SHAPE_BETWEEN ? 2 : 1;
}

static ClienteleQuery *
prepare(const ClienteleEngine *engine, ClienteleShape shape, const char *sql, bool time_bound)
{
	Oid			types[3];
	int			nargs = key_arguments(shape);

	types[0] = types[1] = shape == CLIENTELE_SHAPE_LIST ? engine->key_array_type : engine->key_type;
	if (time_bound)
		types[nargs++] = TIMESTAMPTZOID;
	return clientele_query_prepare(sql, nargs, types);
}

static void
append_columns(StringInfo query, const ClienteleInput *input, int part)
{
	for (int i = 0; i < input->ncolumns; i++)
		appendStringInfo(query, ", %s AS c%d", input->columns[i].sql[part], i);
}

/* Whether there is anything to merge customers with. */
static bool
has_events(const ClienteleEngineParts *parts)
{
	for (int i = 0; i < parts->nsources; i++)
	{
		if (parts->sources[i].fold.nslots > 0)
			return true;
	}
	return parts->by_hand != NULL;
}

/*
 * Each customer of a list, in its order, by a short look into the index: a planner that
 * counts on no page being in memory would rather read the whole table.
 */
static void
append_listed_customers(StringInfo query, const ClienteleEngineParts *parts, const char *key)
{
	appendStringInfo(query, "SELECT k.n, c.* FROM pg_catalog.unnest($1) WITH ORDINALITY k(key, n) "
					 "CROSS JOIN LATERAL (SELECT %s", key);
	append_columns(query, &parts->customers, 0);
	appendStringInfoString(query, " FROM ");
	clientele_append_table(query, parts->customers.parts[0]);
	appendStringInfo(query, " WHERE %s = k.key OFFSET 0) c", key);
}

ClienteleQuery *
clientele_customers_query(ClienteleEngine *engine, ClienteleShape shape)
{
	ClienteleEngineParts *parts = engine->parts;
	const char *key = psprintf("t0.%s", quote_identifier(engine->key_column));
	StringInfoData query;

	if (parts->queries[shape])
		return parts->queries[shape];

	initStringInfo(&query);
	if (shape == CLIENTELE_SHAPE_LIST && clientele_column_is_indexed(engine->relation, get_attnum(engine->relation, engine->key_column)))
		append_listed_customers(&query, parts, key);
	else
	{
		appendStringInfo(&query, "SELECT %s, %s",
						 shape == CLIENTELE_SHAPE_LIST ? "k.n" :
						 shape == CLIENTELE_SHAPE_ONE ? "1::pg_catalog.int8" : key, key);
		append_columns(&query, &parts->customers, 0);
		appendStringInfoString(&query, " FROM ");
		if (shape == CLIENTELE_SHAPE_LIST)
			appendStringInfoString(&query, "pg_catalog.unnest($1) WITH ORDINALITY k(key, n) CROSS JOIN ");
		clientele_append_table(&query, parts->customers.parts[0]);
		appendStringInfoString(&query, " WHERE true");
		append_key_condition(&query, shape, key);
		if (shape == CLIENTELE_SHAPE_LIST)
			appendStringInfoString(&query, " ORDER BY k.n");
		else if (shape != CLIENTELE_SHAPE_ONE && has_events(parts))
			appendStringInfo(&query, " ORDER BY %s DESC", key);
	}
	return parts->queries[shape] = prepare(engine, shape, query.data, false);
}

/*
 * No aggregate looks further back than its window: if all have one, older events
 * need not be read.
 */
bool
clientele_events_bound(const ClienteleEngineSource *source, const ClienteleFold *fold, TimestampTz *bound)
{
	*bound = DT_NOEND;
	if (source->time_type != TIMESTAMPTZOID)
		return false;
	for (int i = 0; i < fold->nwindows; i++)
	{
		if (!fold->windows[i].has_low)
			return false;
		*bound = Min(*bound, fold->windows[i].low);
	}
	return fold->nwindows > 0;
}

/* As where latest(visit) stands beside aggregates of windows. */
bool
clientele_events_newest_bound(const ClienteleEngineSource *source, const ClienteleFold *fold, TimestampTz *bound)
{
	(void) source;
	*bound = DT_NOEND;
	for (int i = 0; i < fold->nslots; i++)
	{
		const ClienteleSlot *slot = &fold->slots[i];
		const ClienteleFoldWindow *window = &fold->windows[slot->window];

		if (window->has_low)
			*bound = Min(*bound, window->low);
		else if (slot->function != CLIENTELE_FN_LATEST || slot->condition)
			return false;
	}
	return fold->nslots > 0 && fold->disorder == 0;
}

static void
append_part(StringInfo query, const ClienteleEngineSource *source, int part, ClienteleShape shape, bool time_bound)
{
	const char *key = source->key_sql[part];
	const char *time = source->time_sql[part];

	appendStringInfoString(query, "SELECT ");
	if (shape < CLIENTELE_SHAPE_LIST)
		appendStringInfo(query, "%s AS k, ", key);
	appendStringInfo(query, "%s AS t", time);
	append_columns(query, &source->input, part);
	appendStringInfoString(query, " FROM ");
	clientele_append_table(query, source->input.parts[part]);
	appendStringInfo(query, " WHERE %s IS NOT NULL AND %s IS NOT NULL", key, time);
	append_key_condition(query, shape, key);
	if (time_bound)
		appendStringInfo(query, " AND %s >= $%d", time, key_arguments(shape) + 1);
}

static void
append_parts(StringInfo query, const ClienteleEngineSource *source, ClienteleShape shape, bool time_bound)
{
	for (int part = 0; part < source->input.nparts; part++)
	{
		if (part > 0)
			appendStringInfoString(query, " UNION ALL ");
		append_part(query, source, part, shape, time_bound);
	}
}

/*
 * Customer by customer, each with a short look into an index, events need not be
 * sorted over all customers of a list.  Without an index one would rather read the
 * table once.
 */
static bool
is_read_by_customer(const ClienteleEngineSource *source)
{
	for (int part = 0; part < source->input.nparts; part++)
	{
		if (source->key_attributes[part] == 0 ||
			!clientele_column_is_indexed(source->input.parts[part]->relation, source->key_attributes[part]))
			return false;
	}
	return true;
}

ClienteleQuery *
clientele_events_query(ClienteleEngine *engine, ClienteleEngineSource *source, ClienteleShape shape)
{
	StringInfoData query;
	TimestampTz bound;
	bool		time_bound = clientele_events_bound(source, &source->fold, &bound);

	if (source->queries[shape])
		return source->queries[shape];

	initStringInfo(&query);
	if (shape == CLIENTELE_SHAPE_LIST)
	{
		appendStringInfoString(&query, "SELECT k.n, e.* FROM pg_catalog.unnest($1) WITH ORDINALITY k(key, n) "
							   "CROSS JOIN LATERAL (");
		append_parts(&query, source, shape, time_bound);
		appendStringInfoString(&query, is_read_by_customer(source) ? " ORDER BY t DESC) e" : ") e ORDER BY k.n, e.t DESC");
	}
	else if (shape == CLIENTELE_SHAPE_ONE)
	{
		appendStringInfoString(&query, "SELECT 1::pg_catalog.int8, e.* FROM (");
		append_parts(&query, source, shape, time_bound);
		appendStringInfoString(&query, ") e ORDER BY e.t DESC");
	}
	else
	{
		appendStringInfoString(&query, "SELECT e.* FROM (");
		append_parts(&query, source, shape, time_bound);
		appendStringInfoString(&query, ") e ORDER BY e.k DESC, e.t DESC");
	}
	return source->queries[shape] = prepare(engine, shape, query.data, time_bound);
}
