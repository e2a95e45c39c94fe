/*
 * stale.c
 *		Customers whose stored row cannot be served, as one snapshot sees them.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "base/clock.h"
#include "capture/mark.h"
#include "compat.h"
#include "engine/stream.h"
#include "expression/expression_tree.h"
#include "population/table_path.h"
#include "view/stale.h"

struct ClienteleStale
{
	const ClientelePopulation *population;
	Oid			key_type;
	Oid			key_collation;
	Snapshot	snapshot;
	ClienteleMarks *marks;
	ClienteleKeyList *linked;	/* customers to whom the marks of links lead */
	ClienteleKeyList *marked;	/* and all that are marked; NULL = not needed yet */
};

/* Runs a query, and adds the keys in its first column to a list. */
static void
add_keys_of_query(ClienteleKeyList *list, const char *sql, int nargs, const Oid *types,
				  const Datum *arguments, Snapshot snapshot)
{
	ClienteleStream *stream = clientele_stream_open(clientele_query_kept(sql, nargs, types),
													arguments, NULL, snapshot);
	TupleTableSlot *slot;

	while ((slot = clientele_stream_next(stream)) != NULL)
	{
		bool		is_null;
		Datum		key = slot_getattr(slot, 1, &is_null);

		if (!is_null)
			clientele_key_list_add(list, key);
	}
	clientele_stream_close(stream);
}

/* A column of a link's relation, or at the end of a path from it. */
static ClientelePathColumn *
link_column(const ClienteleStale *stale, ClienteleTablePaths *table, const ClienteleNode *path)
{
	const char *problem;
	const char *hint;
	const ClienteleNode *place;
	ClientelePathColumn *column = clientele_table_path(table, path, &problem, &hint, &place);

	if (column == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("a change in %s leads to no customer of population \"%s\" any more: %s",
						get_rel_name(table->relation), NameStr(stale->population->name), problem),
				 hint ? errhint("%s", hint) : 0));
	return column;
}

/* The customers to whom some values of one link lead. */
static void
add_linked(ClienteleStale *stale, int number, Datum *values, int count)
{
	ClienteleLink *link = clientele_population_link(stale->population, number);
	ClienteleTablePaths *table = clientele_table_paths(link->relation, 0);
	ClienteleNode unique = {.string = NameStr(link->unique_column)};
	ClientelePathColumn *key = link_column(stale, table, clientele_expression_parse(link->key_path, NULL));
	ClientelePathColumn *value = link_column(stale, table, &unique);
	StringInfoData query;
	Oid			types[1] = {TEXTARRAYOID};
	Datum		arguments[1];

	initStringInfo(&query);
	appendStringInfo(&query, "SELECT %s::%s FROM ", key->sql, format_type_be_qualified(stale->key_type));
	clientele_append_table(&query, table);
	appendStringInfo(&query, " WHERE %s = ANY ($1::%s[])", value->sql, format_type_be_qualified(value->type));
	arguments[0] = PointerGetDatum(construct_array(values, count, TEXTOID, -1, false, TYPALIGN_INT));
	add_keys_of_query(stale->linked, query.data, 1, types, arguments, stale->snapshot);
}

static int
compare_links(const void *a, const void *b)
{
	return ((const ClienteleMark *) a)->link - ((const ClienteleMark *) b)->link;
}

/* Resolves the marks of links: one query for each link. */
static void
resolve_links(ClienteleStale *stale)
{
	int			count;
	const ClienteleMark *found = clientele_marks_links(stale->marks, &count);
	ClienteleMark *links;
	Datum	   *values;
	int			nvalues = 0;

	if (count == 0)
		return;
	links = palloc(mul_size(sizeof(ClienteleMark), count));
	values = palloc(mul_size(sizeof(Datum), count));
	memcpy(links, found, mul_size(sizeof(ClienteleMark), count));
	qsort(links, count, sizeof(ClienteleMark), compare_links);
	for (int i = 0; i < count; i++)
	{
		values[nvalues++] = CStringGetTextDatum(links[i].link_key);
		if (i + 1 == count || links[i + 1].link != links[i].link)
		{
			add_linked(stale, links[i].link, values, nvalues);
			nvalues = 0;
		}
	}
	clientele_key_list_sort(stale->linked);
}

ClienteleStale *
clientele_stale_open(const ClientelePopulation *population, Oid key_type, Oid key_collation,
					 Snapshot snapshot)
{
	ClienteleStale *stale = palloc0(sizeof(ClienteleStale));

	if (!OidIsValid(population->marks))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("the marks of population \"%s\" are missing", NameStr(population->name)),
				 errhint("Its tables in schema clientele_data are made with it: drop the population and create it again.")));
	stale->marks = clientele_marks_open(population->marks, snapshot);
	if (clientele_marks_key_type(stale->marks) != getBaseType(key_type))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("the marks of population \"%s\" have keys of another type than %s",
						NameStr(population->name), format_type_be(key_type)),
				 errhint("Tables in schema clientele_data are made by clientele.publish, and not to be altered.")));
	stale->population = population;
	stale->key_type = key_type;
	stale->key_collation = key_collation;
	stale->snapshot = snapshot;
	stale->linked = clientele_key_list(key_type, key_collation);
	resolve_links(stale);
	return stale;
}

void
clientele_stale_close(ClienteleStale *stale)
{
	clientele_marks_close(stale->marks);
}

bool
clientele_stale_everyone(const ClienteleStale *stale)
{
	return clientele_marks_everyone(stale->marks);
}

static bool
in_range(const ClienteleKeyList *list, const ClienteleKeys *range, Datum key)
{
	return (!range->has_low || clientele_key_compare(list, key, range->low) >= 0) &&
		(!range->has_high || clientele_key_compare(list, key, range->high) < 0);
}

bool
clientele_stale_is_marked(const ClienteleStale *stale, Datum key)
{
	return clientele_key_list_has(stale->linked, key) || clientele_marks_probe(stale->marks, key);
}

static void
add_if_marked(ClienteleStale *stale, ClienteleKeyList *list, Datum key)
{
	if (clientele_stale_is_marked(stale, key))
		clientele_key_list_add(list, key);
}

/* All marked customers; read once, because the snapshot stays the same. */
static const ClienteleKeyList *
all_marked(ClienteleStale *stale)
{
	MemoryContext caller = MemoryContextSwitchTo(GetMemoryChunkContext(stale));
	ClienteleMark mark;

	if (stale->marked == NULL)
	{
		ClienteleKeyList *list = clientele_key_list(stale->key_type, stale->key_collation);

		while (clientele_marks_next(stale->marks, &mark))
			if (mark.has_key)
				clientele_key_list_add(list, mark.key);
		for (int i = 0; i < stale->linked->count; i++)
			clientele_key_list_add(list, stale->linked->keys[i]);
		clientele_key_list_sort(list);
		stale->marked = list;
	}
	MemoryContextSwitchTo(caller);
	return stale->marked;
}

static void
add_marked(ClienteleStale *stale, ClienteleKeyList *list, const ClienteleKeys *among)
{
	const ClienteleKeyList *marked;

	switch (among->kind)
	{
		case CLIENTELE_KEYS_ONE:
			add_if_marked(stale, list, among->low);
			break;
		case CLIENTELE_KEYS_LIST:
			for (int i = 0; i < among->nlist; i++)
				add_if_marked(stale, list, among->list[i]);
			break;
		case CLIENTELE_KEYS_ALL:
		case CLIENTELE_KEYS_RANGE:
			marked = all_marked(stale);
			for (int i = 0; i < marked->count; i++)
				if (in_range(marked, among, marked->keys[i]))
					clientele_key_list_add(list, marked->keys[i]);
			break;
	}
}

ClienteleKeyList *
clientele_stale_marked(ClienteleStale *stale, const ClienteleKeys *among)
{
	ClienteleKeyList *list = clientele_key_list(stale->key_type, stale->key_collation);

	add_marked(stale, list, among);
	clientele_key_list_sort(list);
	return list;
}

/* The parameters of a query. */
typedef struct Arguments
{
	int			count;
	Oid			types[3];
	Datum		values[3];
} Arguments;

static int
add_argument(Arguments *arguments, Oid type, Datum value)
{
	arguments->types[arguments->count] = type;
	arguments->values[arguments->count] = value;
	return ++arguments->count;
}

/* Appends which customers are asked for: AND ... */
static void
append_among(StringInfo condition, Arguments *arguments, const char *key,
			 const ClienteleStale *stale, const ClienteleKeys *among)
{
	int16		length;
	bool		by_value;
	char		alignment;

	switch (among->kind)
	{
		case CLIENTELE_KEYS_ALL:
			break;
		case CLIENTELE_KEYS_ONE:
			appendStringInfo(condition, " AND %s = $%d", key,
							 add_argument(arguments, stale->key_type, among->low));
			break;
		case CLIENTELE_KEYS_LIST:
			get_typlenbyvalalign(stale->key_type, &length, &by_value, &alignment);
			appendStringInfo(condition, " AND %s = ANY ($%d)", key,
							 add_argument(arguments, get_array_type(stale->key_type),
										  PointerGetDatum(construct_array(among->list, among->nlist, stale->key_type,
																		  length, by_value, alignment))));
			break;
		case CLIENTELE_KEYS_RANGE:
			if (among->has_low)
				appendStringInfo(condition, " AND %s >= $%d", key,
								 add_argument(arguments, stale->key_type, among->low));
			if (among->has_high)
				appendStringInfo(condition, " AND %s < $%d", key,
								 add_argument(arguments, stale->key_type, among->high));
			break;
	}
}

/* Two queries in one, so that each may have its index. */
static void
add_untimely(ClienteleStale *stale, ClienteleKeyList *list, int version, TimestampTz as_of,
			 const ClienteleKeys *among)
{
	const char *stored = quote_identifier(psprintf("%s_stored_%d", NameStr(stale->population->name), version));
	const char *key = quote_identifier(NameStr(stale->population->key_column));
	const char *type = format_type_be_qualified(stale->key_type);
	Arguments	arguments = {0};
	StringInfoData condition;

	(void) add_argument(&arguments, TIMESTAMPTZOID, TimestampTzGetDatum(as_of));
	initStringInfo(&condition);
	append_among(&condition, &arguments, key, stale, among);
	add_keys_of_query(list,
					  psprintf("SELECT %s::%s FROM clientele_data.%s WHERE due_at <= $1%s"
							   " UNION ALL "
							   "SELECT %s::%s FROM clientele_data.%s WHERE evaluated_at > $1%s",
							   key, type, stored, condition.data, key, type, stored, condition.data),
					  arguments.count, arguments.types, arguments.values, stale->snapshot);
}

ClienteleKeyList *
clientele_stale_keys(ClienteleStale *stale, int version, TimestampTz as_of, const ClienteleKeys *among)
{
	ClienteleKeyList *list = clientele_key_list(stale->key_type, stale->key_collation);

	add_marked(stale, list, among);
	if (among->kind != CLIENTELE_KEYS_ONE || list->count == 0)
		add_untimely(stale, list, version, as_of, among);
	clientele_key_list_sort(list);
	return list;
}

void
clientele_stale_count(const ClienteleStale *stale, pg_atomic_uint64 *evaluated, uint64 more)
{
	const char *population = NameStr(stale->population->name);

	if (clientele_live_limit == 0 || pg_atomic_add_fetch_u64(evaluated, more) <= (uint64) clientele_live_limit)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
			 errmsg("more than %d customers of population \"%s\" are stale and would be evaluated by this query",
					clientele_live_limit, population),
			 errdetail("The setting clientele.live_limit allows no more."),
			 errhint("Run CALL clientele.refresh(%s).", quote_literal_cstr(population))));
}
