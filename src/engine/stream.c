/*
 * stream.c
 *		Rows of a query, pulled one at a time from PostgreSQL's executor.
 *
 * Plans come from the plan cache, so they follow the tables they read, and the role
 * they run as where row security matters.  They never are parallel: whoever pulls a
 * stream may do anything between two rows.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/params.h"
#include "tcop/dest.h"
#include "tcop/tcopprot.h"
#include "utils/guc.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/plancache.h"
#include "utils/resowner.h"
#include "utils/snapmgr.h"

#include "compat.h"
#include "engine/stream.h"

struct ClienteleQuery
{
	CachedPlanSource *source;
};

struct ClienteleStream
{
	ClienteleQuietRows *quiet;	/* rows that no query has read; else: */
	CachedPlan *plan;
	ResourceOwner owner;		/* of the reference to ->plan */
	QueryDesc  *execution;
};

/* A caret under the user's query must not point to a place in ours. */
static void
place_is_in_our_query(void *sql)
{
	int			position = geterrposition();

	if (position > 0)
	{
		errposition(0);
		internalerrposition(position);
		internalerrquery(sql);
	}
}

static void
set_here(const char *name, const char *value)
{
	(void) set_config_option(name, value, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
}

/*
 * Settings under which a query is analyzed, until that level is left; it may happen
 * whenever a plan is asked for.  Whoever has called us does not choose our operators.
 * And row security that would hide rows is an error: from half of the facts one gets a
 * wrong segment, not half a segment.
 */
static int
enter_our_settings(void)
{
	int			level = NewGUCNestLevel();

	set_here("search_path", "pg_catalog, pg_temp");
	set_here("row_security", "off");
	set_here("jit", "off");		/* the columns of a scan, no expressions */
	return level;
}

static ClienteleQuery *
prepare(const char *sql, int nargs, const Oid *types, bool fixed_columns)
{
	ClienteleQuery *query;
	CachedPlanSource *source;
	RawStmt    *statement;
	int			level;
	ErrorContextCallback place = {.callback = place_is_in_our_query,.arg = unconstify(char *, sql)};

	place.previous = error_context_stack;
	error_context_stack = &place;
	level = enter_our_settings();

	statement = linitial_node(RawStmt, pg_parse_query(sql));
	source = CreateCachedPlan(statement, sql, CMDTAG_SELECT);
	CompleteCachedPlan(source,
					   pg_analyze_and_rewrite_fixedparams(statement, sql, types, nargs, NULL),
					   NULL, unconstify(Oid *, types), nargs, NULL, NULL, 0, fixed_columns);

	AtEOXact_GUC(true, level);
	error_context_stack = place.previous;

	query = MemoryContextAlloc(TopMemoryContext, sizeof(ClienteleQuery));
	SaveCachedPlan(source);
	query->source = source;
	return query;
}

ClienteleQuery *
clientele_query_prepare(const char *sql, int nargs, const Oid *types)
{
	return prepare(sql, nargs, types, true);
}

/* A query that is kept for the session, found by a hash of its text and its parameters' types. */
typedef struct KeptQuery
{
	uint64		hash;			/* the key */
	ClienteleQuery *query;
} KeptQuery;

static HTAB *kept_queries = NULL;

/*
 * Queries whose tables have changed, or are gone.  Who still needs one will have it
 * prepared again; a session that sees many populations come and go keeps none of theirs.
 */
static void
forget_changed_queries(void)
{
	HASH_SEQ_STATUS status;
	KeptQuery  *kept;

	hash_seq_init(&status, kept_queries);
	while ((kept = hash_seq_search(&status)) != NULL)
	{
		if (kept->query->source->is_valid)
			continue;
		clientele_query_free(kept->query);
		(void) hash_search(kept_queries, &kept->hash, HASH_REMOVE, NULL);
	}
}

static bool
is_query(const CachedPlanSource *source, const char *sql, int nargs, const Oid *types)
{
	return strcmp(source->query_string, sql) == 0 && source->num_params == nargs &&
		memcmp(source->param_types, types, sizeof(Oid) * nargs) == 0;
}

ClienteleQuery *
clientele_query_kept(const char *sql, int nargs, const Oid *types)
{
	uint64		hash = hash_bytes_extended((const unsigned char *) sql, (int) strlen(sql),
										   hash_bytes_extended((const unsigned char *) types, (int) sizeof(Oid) * nargs, 0));
	KeptQuery  *kept;
	ClienteleQuery *query;
	bool		found;

	if (kept_queries == NULL)
	{
		HASHCTL		control = {.keysize = sizeof(uint64),.entrysize = sizeof(KeptQuery)};

		kept_queries = hash_create("clientele queries", 32, &control, HASH_ELEM | HASH_BLOBS);
	}
	kept = hash_search(kept_queries, &hash, HASH_FIND, NULL);
	if (kept && kept->query->source->is_valid && is_query(kept->query->source, sql, nargs, types))
		return kept->query;

	forget_changed_queries();
	query = prepare(sql, nargs, types, false);
	kept = hash_search(kept_queries, &hash, HASH_ENTER, &found);
	if (found)
		clientele_query_free(kept->query);
	kept->query = query;
	return query;
}

void
clientele_query_free(ClienteleQuery *query)
{
	DropCachedPlan(query->source);
	pfree(query);
}

static ParamListInfo
parameters(const CachedPlanSource *source, const Datum *arguments, const bool *nulls)
{
	ParamListInfo list;

	if (source->num_params == 0)
		return NULL;
	list = makeParamList(source->num_params);
	for (int i = 0; i < source->num_params; i++)
		list->params[i] = (ParamExternData)
		{
			.value = arguments[i],
			.isnull = nulls && nulls[i],
			.pflags = PARAM_FLAG_CONST,
			.ptype = source->param_types[i]
		};
	return list;
}

/* Whether the snapshot has to be made the active one: mostly it is already. */
static bool
activate(Snapshot snapshot)
{
	if (ActiveSnapshotSet() && GetActiveSnapshot() == snapshot)
		return false;
	PushActiveSnapshot(snapshot);
	return true;
}

static void
deactivate(bool activated)
{
	if (activated)
		PopActiveSnapshot();
}

ClienteleStream *
clientele_stream_open(ClienteleQuery *query, const Datum *arguments, const bool *nulls,
					  Snapshot snapshot)
{
	CachedPlanSource *source = query->source;
	ClienteleStream *stream = palloc0(sizeof(ClienteleStream));
	ParamListInfo list = parameters(source, arguments, nulls);
	bool		activated = activate(snapshot);
	int			level;
	ErrorContextCallback place = {
		.callback = place_is_in_our_query,
		.arg = unconstify(char *, source->query_string)
	};

	place.previous = error_context_stack;
	error_context_stack = &place;
	level = enter_our_settings();

	stream->owner = CurrentResourceOwner;
	stream->plan = GetCachedPlan(source, list, stream->owner, NULL);

	AtEOXact_GUC(true, level);
	error_context_stack = place.previous;

	/* the query may be freed before the stream is closed; the plan is ours */
	stream->execution = CreateQueryDesc(linitial_node(PlannedStmt, stream->plan->stmt_list),
										pstrdup(source->query_string), snapshot, InvalidSnapshot,
										None_Receiver, list, NULL, 0);
	ExecutorStart(stream->execution, 0);
	deactivate(activated);
	return stream;
}

ClienteleStream *
clientele_stream_open_quiet(const ClienteleQuietPlan *plan, Datum key, const TimestampTz *since, Snapshot snapshot)
{
	ClienteleStream *stream = palloc0(sizeof(ClienteleStream));

	stream->quiet = clientele_quiet_rows_read(plan, key, since, snapshot);
	return stream;
}

TupleDesc
clientele_stream_columns(const ClienteleStream *stream)
{
	return stream->execution->tupDesc;
}

static TupleTableSlot *
next_of_query(ClienteleStream *stream)
{
	EState	   *estate = stream->execution->estate;
	MemoryContext caller = MemoryContextSwitchTo(estate->es_query_cxt);
	bool		activated = activate(stream->execution->snapshot);
	TupleTableSlot *slot;

	ResetPerTupleExprContext(estate);
	slot = ExecProcNode(stream->execution->planstate);
	if (!TupIsNull(slot) && estate->es_junkFilter)
		slot = ExecFilterJunk(estate->es_junkFilter, slot);

	deactivate(activated);
	MemoryContextSwitchTo(caller);
	return TupIsNull(slot) ? NULL : slot;
}

TupleTableSlot *
clientele_stream_next(ClienteleStream *stream)
{
	CHECK_FOR_INTERRUPTS();
	return stream->quiet ? clientele_quiet_rows_next(stream->quiet) : next_of_query(stream);
}

void
clientele_stream_close(ClienteleStream *stream)
{
	if (stream->quiet)
		clientele_quiet_rows_end(stream->quiet);
	else
	{
		ExecutorFinish(stream->execution);
		ExecutorEnd(stream->execution);
		FreeQueryDesc(stream->execution);
		ReleaseCachedPlan(stream->plan, stream->owner);
	}
	pfree(stream);
}
