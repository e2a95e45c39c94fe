/*
 * profile_now.c
 *		One customer's profile as it is now, read as the population's view says, past the executor.
 *
 * At a till a profile is one row of one foreign table, which the engine hands out without
 * a plan.  Starting a query for it would cost more than the row.  Which table and which of its columns,
 * the view says each time: so another version is noticed as any query would notice it.
 */
#include "postgres.h"

#include "access/relation.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "nodes/nodeFuncs.h"
#include "nodes/parsenodes.h"
#include "nodes/primnodes.h"
#include "rewrite/rewriteHandler.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "base/clock.h"
#include "capture/capture.h"
#include "offer/profile_now.h"
#include "view/live.h"

extern Datum clientele_tag_list(PG_FUNCTION_ARGS);

/* The key's column in the foreign table, from 0. */
#define LIVE_KEY 1

/* What a column of the view is. */
typedef struct Shown
{
	AttrNumber	place;			/* a column of the foreign table; 0: a number */
	bool		is_list;		/* its tags, as text */
	Datum		number;
	Oid			type;
} Shown;

/* ---------- what the view says ---------- */

/* The only table that the view reads, whole; InvalidOid: it does something else. */
static Oid
table_of(const Query *query)
{
	const RangeTblRef *from;
	const RangeTblEntry *entry;

	if (list_length(query->jointree->fromlist) != 1 || !IsA(linitial(query->jointree->fromlist), RangeTblRef) ||
		query->jointree->quals != NULL || query->havingQual != NULL || query->limitCount != NULL || query->limitOffset != NULL)
		return InvalidOid;
	from = linitial(query->jointree->fromlist);
	entry = list_nth(query->rtable, from->rtindex - 1);
	return entry->rtekind == RTE_RELATION && entry->relkind == RELKIND_FOREIGN_TABLE ? entry->relid : InvalidOid;
}

/* A column of the view; false if it is none as clientele makes them, or not the one any more that had the name. */
static bool
find_shown(const Query *query, AttrNumber column, const char *name, Shown *shown)
{
	const TargetEntry *entry = column > 0 && column <= list_length(query->targetList) ?
		list_nth_node(TargetEntry, query->targetList, column - 1) : NULL;
	const Node *what = entry ? (Node *) entry->expr : NULL;

	memset(shown, 0, sizeof(Shown));
	if (what == NULL || strcmp(entry->resname, name) != 0)
		return false;
	shown->type = exprType(what);
	if (IsA(what, FuncExpr) && list_length(((const FuncExpr *) what)->args) == 1 &&
		strcmp(get_func_name(((const FuncExpr *) what)->funcid), "tag_list") == 0)
	{
		shown->is_list = true;
		what = linitial(((const FuncExpr *) what)->args);
	}
	if (IsA(what, Var))
		shown->place = ((const Var *) what)->varattno;
	else if (IsA(what, Const) && shown->type == INT4OID && !((const Const *) what)->constisnull)
		shown->number = ((const Const *) what)->constvalue;
	else
		return false;
	return shown->place >= 0;
}

/* All that are read, in the order of CLIENTELE_PROFILE_... */
static bool
find_all_shown(const ClienteleProfile *profile, const Query *query, Shown *shown)
{
	static const char *const names[] = {"model_version", "tags"};

	for (int i = 0; i < CLIENTELE_PROFILE_FIRST_NAMED; i++)
		if (!find_shown(query, profile->fixed[i], names[i], &shown[i]))
			return false;
	if (shown[CLIENTELE_PROFILE_MODEL_VERSION].place != 0)
		return false;
	for (int i = 0; i < profile->nnamed; i++)
	{
		const ClienteleNamedColumn *named = &profile->named[i];

		if (!find_shown(query, named->place, named->name, &shown[CLIENTELE_PROFILE_FIRST_NAMED + i]) ||
			shown[CLIENTELE_PROFILE_FIRST_NAMED + i].type != named->oid)
			return false;
	}
	return true;
}

/* ---------- the row ---------- */

/* The foreign table of the view's version, whose owner may act as the population's. */
static bool
is_live_table(Relation table, const ClienteleProfile *profile, Oid key_type, int version)
{
	char		name[NAMEDATALEN];

	snprintf(name, sizeof(name), "%s_live_%d", profile->population, version);
	return strcmp(RelationGetRelationName(table), name) == 0 &&
		RelationGetNamespace(table) == get_namespace_oid("clientele_data", true) &&
		TupleDescAttr(RelationGetDescr(table), LIVE_KEY)->atttypid == key_type &&
		has_privs_of_role(table->rd_rel->relowner, profile->owner);
}

static Datum
copy(const Shown *shown, Form_pg_attribute column, Datum value)
{
	if (shown->is_list)
		return DirectFunctionCall1(clientele_tag_list, value);
	return datumCopy(value, column->attbyval, column->attlen);
}

/* Its values stay where they are only as long as the row is read. */
static void
copy_row(const ClienteleProfile *profile, TupleDesc columns, const Shown *shown, const Datum *row, const bool *row_nulls,
		 MemoryContext context, Datum *values, bool *nulls)
{
	MemoryContext before = MemoryContextSwitchTo(context);

	for (int i = 0; i < CLIENTELE_PROFILE_FIRST_NAMED + profile->nnamed; i++)
	{
		int			at = shown[i].place - 1;

		nulls[i] = at >= 0 && row_nulls[at];
		if (i == CLIENTELE_PROFILE_TAGS && !profile->tags_read)
			nulls[i] = true;
		if (!nulls[i])
			values[i] = at < 0 ? shown[i].number : copy(&shown[i], TupleDescAttr(columns, at), row[at]);
	}
	MemoryContextSwitchTo(before);
}

/* The columns of the foreign table that are copied. */
static List *
columns_needed(const ClienteleProfile *profile, const Shown *shown)
{
	List	   *needed = NIL;

	for (int i = 0; i < CLIENTELE_PROFILE_FIRST_NAMED + profile->nnamed; i++)
		if (shown[i].place > 0 && (i != CLIENTELE_PROFILE_TAGS || profile->tags_read))
			needed = lappend_int(needed, shown[i].place);
	return needed;
}

static bool
read_row(const ClienteleProfile *profile, const ClientelePopulation *population, Relation table, const Shown *shown,
		 Datum key, Snapshot snapshot, MemoryContext context, Datum *values, bool *nulls)
{
	TupleDesc	columns = RelationGetDescr(table);
	Form_pg_attribute key_column = TupleDescAttr(columns, LIVE_KEY);
	ClienteleKeys keys = {.kind = CLIENTELE_KEYS_ONE,.low = key};
	Datum	   *row = palloc(mul_size(columns->natts, sizeof(Datum)));
	bool	   *row_nulls = palloc(mul_size(columns->natts, sizeof(bool)));
	pg_atomic_uint64 evaluated;
	ClienteleStale *stale;
	ClienteleLive *live;
	bool		found;

	pg_atomic_init_u64(&evaluated, 0);
	stale = clientele_stale_open(population, key_column->atttypid, key_column->attcollation, snapshot);
	live = clientele_live_begin(population, DatumGetInt32(shown[CLIENTELE_PROFILE_MODEL_VERSION].number), table,
								columns_needed(profile, shown), stale, clientele_clock_now(), &keys, snapshot, &evaluated);
	found = clientele_live_next(live, row, row_nulls);
	if (found)
		copy_row(profile, columns, shown, row, row_nulls, context, values, nulls);
	clientele_live_end(live);
	clientele_stale_close(stale);
	return found;
}

ClienteleProfileNow
clientele_profile_now(const ClienteleProfile *profile, const ClientelePopulation *population, Oid key_type, Datum key,
					  Snapshot snapshot, Datum *values, bool *nulls)
{
	ClienteleProfileNow result = CLIENTELE_PROFILE_ASK_VIEW;
	Relation	view = OidIsValid(profile->view) ? try_relation_open(profile->view, AccessShareLock) : NULL;
	MemoryContext here;
	MemoryContext caller;
	Shown	   *shown;
	const Query *query;
	Relation	table;

	if (view == NULL)
		return result;
	here = AllocSetContextCreate(CurrentMemoryContext, "clientele profile", ALLOCSET_DEFAULT_SIZES);
	caller = MemoryContextSwitchTo(here);
	shown = palloc(mul_size(CLIENTELE_PROFILE_FIRST_NAMED + profile->nnamed, sizeof(Shown)));
	clientele_capture_write();
	query = get_view_query(view);
	table = OidIsValid(table_of(query)) && find_all_shown(profile, query, shown) ?
		try_relation_open(table_of(query), AccessShareLock) : NULL;
	if (table != NULL && is_live_table(table, profile, key_type, DatumGetInt32(shown[CLIENTELE_PROFILE_MODEL_VERSION].number)))
	{
		PushActiveSnapshot(snapshot);
		result = read_row(profile, population, table, shown, key, snapshot, caller, values, nulls) ?
			CLIENTELE_PROFILE_IS_THERE : CLIENTELE_PROFILE_NONE;
		PopActiveSnapshot();
	}
	if (table != NULL)
		relation_close(table, NoLock);
	relation_close(view, NoLock);
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(here);
	return result;
}
