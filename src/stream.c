/*
 * stream.c
 *		Rows of a query, pulled one at a time from PostgreSQL's executor.
 *
 * Plans come from the plan cache, so they follow the tables they read, and the role
 * they run as where row security matters.  They never are parallel: whoever pulls a
 * stream may do anything between two rows.
 */
#include "postgres.h"

#include "access/xact.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/params.h"
#include "tcop/dest.h"
#include "tcop/tcopprot.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/plancache.h"
#include "utils/resowner.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"

#include "compat.h"
#include "stream.h"

struct ClienteleQuery
{
	CachedPlanSource *source;
};

struct ClienteleStream
{
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

/*
 * Until the level is left, row security that would hide rows is an error: from half
 * of the facts one gets a wrong segment, not half a segment.  It counts where a
 * query is analyzed and rewritten, which may happen whenever a plan is asked for.
 */
static int
refuse_row_security(void)
{
	int			level = NewGUCNestLevel();

	if (row_security)
		(void) set_config_option("row_security", "off", PGC_USERSET, PGC_S_SESSION,
								 GUC_ACTION_SAVE, true, 0, false);
	return level;
}

ClienteleQuery *
clientele_query_prepare(const char *sql, int nargs, const Oid *types)
{
	ClienteleQuery *query;
	CachedPlanSource *source;
	RawStmt    *statement;
	int			level;
	ErrorContextCallback place = {.callback = place_is_in_our_query,.arg = unconstify(char *, sql)};

	place.previous = error_context_stack;
	error_context_stack = &place;
	level = refuse_row_security();

	statement = linitial_node(RawStmt, pg_parse_query(sql));
	source = CreateCachedPlan(statement, sql, CMDTAG_SELECT);
	CompleteCachedPlan(source,
					   pg_analyze_and_rewrite_fixedparams(statement, sql, types, nargs, NULL),
					   NULL, unconstify(Oid *, types), nargs, NULL, NULL, 0, true);

	AtEOXact_GUC(true, level);
	error_context_stack = place.previous;

	query = MemoryContextAlloc(TopMemoryContext, sizeof(ClienteleQuery));
	SaveCachedPlan(source);
	query->source = source;
	return query;
}

void
clientele_query_free(ClienteleQuery *query)
{
	DropCachedPlan(query->source);
	pfree(query);
}

TupleDesc
clientele_query_columns(const ClienteleQuery *query)
{
	return query->source->resultDesc;
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
	ClienteleStream *stream = palloc(sizeof(ClienteleStream));
	ParamListInfo list = parameters(source, arguments, nulls);
	bool		activated = activate(snapshot);
	int			level;
	ErrorContextCallback place = {
		.callback = place_is_in_our_query,
		.arg = unconstify(char *, source->query_string)
	};

	place.previous = error_context_stack;
	error_context_stack = &place;
	level = refuse_row_security();

	stream->owner = CurrentResourceOwner;
	stream->plan = GetCachedPlan(source, list, stream->owner, NULL);

	AtEOXact_GUC(true, level);
	error_context_stack = place.previous;

	stream->execution = CreateQueryDesc(linitial_node(PlannedStmt, stream->plan->stmt_list),
										source->query_string, snapshot, InvalidSnapshot,
										None_Receiver, list, NULL, 0);
	ExecutorStart(stream->execution, 0);
	deactivate(activated);
	return stream;
}

TupleTableSlot *
clientele_stream_next(ClienteleStream *stream)
{
	EState	   *estate = stream->execution->estate;
	MemoryContext caller = MemoryContextSwitchTo(estate->es_query_cxt);
	bool		activated = activate(stream->execution->snapshot);
	TupleTableSlot *slot;

	CHECK_FOR_INTERRUPTS();
	ResetPerTupleExprContext(estate);
	slot = ExecProcNode(stream->execution->planstate);
	if (!TupIsNull(slot) && estate->es_junkFilter)
		slot = ExecFilterJunk(estate->es_junkFilter, slot);

	deactivate(activated);
	MemoryContextSwitchTo(caller);
	return TupIsNull(slot) ? NULL : slot;
}

void
clientele_stream_close(ClienteleStream *stream)
{
	ExecutorFinish(stream->execution);
	ExecutorEnd(stream->execution);
	FreeQueryDesc(stream->execution);
	ReleaseCachedPlan(stream->plan, stream->owner);
	pfree(stream);
}
