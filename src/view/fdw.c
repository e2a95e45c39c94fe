/*
 * fdw.c
 *		The foreign data wrapper: its options, and a scan while it runs.
 *
 * Whoever may select from a foreign table reads what the population's owner sees: each
 * call into the engine is made as the owner, in a restricted security context.  An
 * error puts the caller back, as it does for any function.
 */
#include "postgres.h"

#include "access/parallel.h"
#include "access/reloptions.h"
#include "access/sysattr.h"
#include "catalog/pg_foreign_table.h"
#include "catalog/pg_type.h"
#include "commands/defrem.h"
#include "commands/explain.h"
#include "executor/executor.h"
#include "foreign/fdwapi.h"
#include "foreign/foreign.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "base/clock.h"
#include "capture/capture.h"
#include "capture/mark.h"
#include "compat.h"
#include "engine/engine_catalog.h"
#include "engine/simulation.h"
#include "view/fdw.h"
#include "view/key_ranges.h"
#include "view/live.h"
#include "view/stale.h"

PG_FUNCTION_INFO_V1(clientele_fdw_handler);
PG_FUNCTION_INFO_V1(clientele_fdw_validator);

const char *const clientele_foreign_rows_name[] = {
	[CLIENTELE_FOREIGN_LIVE] = "live",
	[CLIENTELE_FOREIGN_ALL] = "all",
	[CLIENTELE_FOREIGN_STALE] = "stale",
	[CLIENTELE_FOREIGN_MARKED] = "marked",
	[CLIENTELE_FOREIGN_SIMULATED] = "simulated",
};

/*
 * Options
 */

static ClienteleForeignRows
rows_option(const char *value)
{
	for (size_t i = 0; i < lengthof(clientele_foreign_rows_name); i++)
		if (strcmp(value, clientele_foreign_rows_name[i]) == 0)
			return (ClienteleForeignRows) i;
	ereport(ERROR,
			(errcode(ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE),
			 errmsg("option rows cannot be \"%s\"", value),
			 errhint("It is 'live', 'all', 'stale', 'marked' or 'simulated'.")));
}

static int
version_option(const char *value)
{
	char	   *end;
	long		version;

	errno = 0;
	version = strtol(value, &end, 10);
	if (errno != 0 || *end != '\0' || version < 1 || version > INT_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE),
				 errmsg("option version cannot be \"%s\"", value),
				 errhint("It is the number that clientele.publish has returned, for example '1'.")));
	return (int) version;
}

/* Reads the options of a foreign table; the validator's way to check them, too. */
static void
read_options(List *list, ClienteleForeignOptions *options)
{
	const char *rows = NULL;
	ListCell   *cell;

	memset(options, 0, sizeof(*options));
	foreach(cell, list)
	{
		DefElem    *option = lfirst_node(DefElem, cell);

		if (strcmp(option->defname, "population") == 0)
			options->population = defGetString(option);
		else if (strcmp(option->defname, "version") == 0)
			options->version = version_option(defGetString(option));
		else if (strcmp(option->defname, "rows") == 0)
		{
			rows = defGetString(option);
			options->rows = rows_option(rows);
		}
		else
			ereport(ERROR,
					(errcode(ERRCODE_FDW_INVALID_OPTION_NAME),
					 errmsg("a foreign table of clientele has no option \"%s\"", option->defname),
					 errhint("Its options are population, version and rows.")));
	}
	if (rows == NULL || (options->population == NULL && options->rows != CLIENTELE_FOREIGN_SIMULATED) ||
		(options->rows == CLIENTELE_FOREIGN_MARKED || options->rows == CLIENTELE_FOREIGN_SIMULATED) != (options->version == 0))
		ereport(ERROR,
				(errcode(ERRCODE_FDW_DYNAMIC_PARAMETER_VALUE_NEEDED),
				 errmsg("a foreign table of clientele needs the options population and rows, and version unless rows is 'marked'"),
				 errhint("For example: OPTIONS (population 'customer', version '1', rows 'all').")));
}

void
clientele_foreign_options(Oid table, ClienteleForeignOptions *options)
{
	read_options(GetForeignTable(table)->options, options);
}

void
clientele_foreign_key(Oid table, const ClienteleForeignOptions *options, const ClientelePopulation *population,
					  Oid *type, Oid *collation)
{
	AttrNumber	column = clientele_foreign_key_column(options);
	int32		typmod;

	if (column != InvalidAttrNumber)
		get_atttypetypmodcoll(table, column, type, &typmod, collation);
	else
	{
		column = get_attnum(population->relation, NameStr(population->key_column));
		get_atttypetypmodcoll(population->relation, column, type, &typmod, collation);
		*type = getBaseType(*type);
	}
}

Datum
clientele_fdw_validator(PG_FUNCTION_ARGS)
{
	List	   *list = untransformRelOptions(PG_GETARG_DATUM(0));
	ClienteleForeignOptions options;

	if (PG_GETARG_OID(1) == ForeignTableRelationId)
		read_options(list, &options);
	else if (list != NIL)
		ereport(ERROR,
				(errcode(ERRCODE_FDW_INVALID_OPTION_NAME),
				 errmsg("option \"%s\" does not belong here", linitial_node(DefElem, list)->defname),
				 errhint("Only foreign tables of clientele have options.")));
	PG_RETURN_VOID();
}

/*
 * A scan
 *
 * It goes through parts of the keys that are asked for: alone through all at once, with
 * others through ranges, of which each process takes the next when it has done one.
 */

/* What the processes of a parallel scan share. */
typedef struct SharedRun
{
	int			processes;
	ClienteleKeyRanges ranges;
	TimestampTz as_of;			/* of all of them */
	pg_atomic_uint64 evaluated;
	pg_atomic_uint64 failures;	/* values that workers could not have */
} SharedRun;

typedef struct ForeignRun
{
	ClienteleForeignOptions options;
	ClientelePopulation population;
	Oid			key_type;
	Oid			key_collation;
	List	   *kinds;			/* conditions, and ... */
	List	   *values;			/* ... their ExprStates */
	const List *needed;			/* columns that the query looks at; 0 or less: all */
	ClienteleKeyList *cuts;		/* PARALLEL: between ranges of keys ... */
	bool		by_index;		/* ... of which each is read alone */
	SharedRun  *shared;			/* NULL: no other process has a part */
	Datum		question;		/* SIMULATED */
	ClienteleStale *stale;		/* the marks; NULL = not read yet */
	MemoryContext query_context;	/* until the end */
	MemoryContext scan_context; /* until the next ReScan: all below */
	bool		started;
	TimestampTz as_of;
	ClienteleKeys keys;			/* all that are asked for; but ... */
	bool		key_missing;	/* ... none: only customers without a key */
	bool		exhausted;		/* no part is left */
	ClienteleSimulator *simulator;	/* SIMULATED; NULL = not begun yet */
	MemoryContext part_context; /* until the next part: */
	ClienteleLive *live;		/* LIVE */
	ClienteleScan *customers;	/* ALL, STALE */
	pg_atomic_uint64 evaluated; /* unless shared: stale customers */
	ClienteleKeyList *marked;	/* MARKED */
	int			next_marked;
	bool		everyone;		/* MARKED: the row that stands for everyone is due */
} ForeignRun;

typedef struct Caller
{
	Oid			user;
	int			security;
} Caller;

static Caller
become_owner(const ForeignRun *run)
{
	Caller		caller;

	GetUserIdAndSecContext(&caller.user, &caller.security);
	SetUserIdAndSecContext(run->population.owner, caller.security | SECURITY_LOCAL_USERID_CHANGE |
						   SECURITY_RESTRICTED_OPERATION);
	return caller;
}

static void
become_caller(Caller caller)
{
	SetUserIdAndSecContext(caller.user, caller.security);
}

/*
 * Whose table it is grants the right to read it, and may change its options: so he must
 * be one who could act as the population's owner anyway.
 */
static void
check_table_owner(Relation table, const ClientelePopulation *population)
{
	if (!has_privs_of_role(table->rd_rel->relowner, population->owner))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("foreign table \"%s\" shows population \"%s\", but the table's owner may not act for the population's",
						RelationGetRelationName(table), NameStr(population->name)),
				 errhint("The table must belong to the role %s.",
						 quote_identifier(GetUserNameFromId(population->owner, false)))));
}

static void
refuse_unsaid(ForeignScanState *node, const char *problem, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_FDW_DYNAMIC_PARAMETER_VALUE_NEEDED),
			 errmsg("the query does not say %s \"%s\" is to be evaluated", problem,
					RelationGetRelationName(node->ss.ss_currentRelation)),
			 errhint("%s", hint)));
}

static void
begin(ForeignScanState *node, int flags)
{
	ForeignScan *plan = castNode(ForeignScan, node->ss.ps.plan);
	ForeignRun *run;
	List	   *cuts = lthird(plan->fdw_private);

	if (flags & EXEC_FLAG_EXPLAIN_ONLY)
		return;
	clientele_capture_write();
	node->fdw_state = run = palloc0(sizeof(ForeignRun));
	read_options(lfourth(plan->fdw_private), &run->options);
	if (run->options.population == NULL)
		refuse_unsaid(node, "by what question", "Ask clientele.simulate or clientele.simulate_moves.");
	clientele_population_get(run->options.population, &run->population);
	check_table_owner(node->ss.ss_currentRelation, &run->population);
	clientele_foreign_key(RelationGetRelid(node->ss.ss_currentRelation), &run->options, &run->population,
						  &run->key_type, &run->key_collation);
	run->kinds = linitial(plan->fdw_private);
	run->needed = lsecond(plan->fdw_private);
	run->values = ExecInitExprList(plan->fdw_exprs, (PlanState *) node);
	if (plan->scan.plan.parallel_aware)
	{
		run->by_index = intVal(linitial(cuts));
		run->cuts = clientele_key_cuts_list(list_copy_tail(cuts, 1), run->key_type, run->key_collation);
	}
	pg_atomic_init_u64(&run->evaluated, 0);
	run->query_context = CurrentMemoryContext;
	run->scan_context = AllocSetContextCreate(CurrentMemoryContext, "clientele foreign scan", ALLOCSET_DEFAULT_SIZES);
	run->part_context = AllocSetContextCreate(run->query_context, "clientele part of a scan", ALLOCSET_DEFAULT_SIZES);
}

/*
 * What is asked for
 */

/* Where a value lies, seen from a type of integers: below it, in it, above it. */
static int
fit_integer(Datum value, Oid type, Oid key_type, Datum *key)
{
	int64		number = type == INT2OID ? DatumGetInt16(value) :
		type == INT4OID ? DatumGetInt32(value) : DatumGetInt64(value);
	int64		low = key_type == INT2OID ? PG_INT16_MIN : key_type == INT4OID ? PG_INT32_MIN : PG_INT64_MIN;
	int64		high = key_type == INT2OID ? PG_INT16_MAX : key_type == INT4OID ? PG_INT32_MAX : PG_INT64_MAX;

	*key = key_type == INT2OID ? Int16GetDatum((int16) number) :
		key_type == INT4OID ? Int32GetDatum((int32) number) : Int64GetDatum(number);
	return number < low ? -1 : number > high ? 1 : 0;
}

/* Turns a value into a key; what is not 0 is no key, but lies on that side of all. */
static int
fit_key(const ForeignRun *run, Datum value, Oid type, Datum *key)
{
	int16		length;
	bool		by_value;

	if (clientele_key_family(run->key_type) == CLIENTELE_KEY_INTEGER &&
		clientele_key_family(type) == CLIENTELE_KEY_INTEGER)
		return fit_integer(value, type, run->key_type, key);
	get_typlenbyval(run->key_type, &length, &by_value);
	*key = datumCopy(value, by_value, length);
	return 0;
}

static void
fit_array(const ForeignRun *run, Datum value, ClienteleKeys *keys)
{
	ArrayType  *array = DatumGetArrayTypeP(value);
	ClienteleKeyList *list = clientele_key_list(run->key_type, run->key_collation);
	int16		length;
	bool		by_value;
	char		alignment;
	Datum	   *elements;
	bool	   *nulls;
	int			count;

	get_typlenbyvalalign(ARR_ELEMTYPE(array), &length, &by_value, &alignment);
	deconstruct_array(array, ARR_ELEMTYPE(array), length, by_value, alignment, &elements, &nulls, &count);
	for (int i = 0; i < count; i++)
	{
		Datum		key;

		if (!nulls[i] && fit_key(run, elements[i], ARR_ELEMTYPE(array), &key) == 0)
			clientele_key_list_add(list, key);
	}
	clientele_key_list_sort(list);
	keys->kind = CLIENTELE_KEYS_LIST;
	keys->list = list->keys;
	keys->nlist = list->count;
}

/*
 * Narrows the keys by one condition; false: no customer fulfils it.  One key is the
 * narrowest, then a list, then a range; kinds come in that order.
 */
static bool
narrow(const ForeignRun *run, ClienteleCondition kind, Datum value, Oid type, ClienteleKeys *keys)
{
	int			side;

	switch (kind)
	{
		case CLIENTELE_KEY_IS:
			keys->kind = CLIENTELE_KEYS_ONE;
			return fit_key(run, value, type, &keys->low) == 0;
		case CLIENTELE_KEY_AMONG:
			if (keys->kind != CLIENTELE_KEYS_ALL)
				return true;
			fit_array(run, value, keys);
			return keys->nlist > 0;
		case CLIENTELE_KEY_FROM:
			if (keys->kind != CLIENTELE_KEYS_ALL)
				return true;
			side = fit_key(run, value, type, &keys->low);
			keys->has_low = side == 0;
			if (side == 0)
				keys->kind = CLIENTELE_KEYS_RANGE;
			return side <= 0;
		case CLIENTELE_KEY_BELOW:
			if (keys->kind != CLIENTELE_KEYS_ALL && keys->kind != CLIENTELE_KEYS_RANGE)
				return true;
			side = fit_key(run, value, type, &keys->high);
			keys->has_high = side == 0;
			if (side == 0)
				keys->kind = CLIENTELE_KEYS_RANGE;
			return side >= 0;
		case CLIENTELE_AS_OF:
		case CLIENTELE_KEY_MISSING:
		case CLIENTELE_QUESTION:
		case CLIENTELE_NCONDITIONS:
			break;
	}
	return true;
}

/* Evaluates the conditions; false: no row can fulfil them. */
static bool
evaluate_conditions(ForeignScanState *node, ClienteleKeys *keys, bool *has_as_of, bool *key_missing)
{
	ForeignRun *run = node->fdw_state;
	ListCell   *kind_cell;
	ListCell   *value_cell;

	memset(keys, 0, sizeof(*keys));
	keys->kind = CLIENTELE_KEYS_ALL;
	*has_as_of = *key_missing = false;
	forboth(kind_cell, run->kinds, value_cell, run->values)
	{
		ClienteleCondition kind = (ClienteleCondition) lfirst_int(kind_cell);
		ExprState  *state = lfirst_node(ExprState, value_cell);
		bool		is_null;
		Datum		value = ExecEvalExprSwitchContext(state, node->ss.ps.ps_ExprContext, &is_null);

		if (kind == CLIENTELE_AS_OF)
			*has_as_of = true;
		if (is_null)
			return false;
		if (kind == CLIENTELE_AS_OF)
			run->as_of = DatumGetTimestampTz(value);
		else if (kind == CLIENTELE_KEY_MISSING)
			*key_missing = true;
		else if (kind == CLIENTELE_QUESTION)
			run->question = value;
		else if (!narrow(run, kind, value, exprType((Node *) state->expr), keys))
			return false;
	}
	return true;
}

/*
 * Customers who are evaluated
 */

static ClienteleStale *
stale_of(ForeignScanState *node)
{
	ForeignRun *run = node->fdw_state;
	MemoryContext caller = MemoryContextSwitchTo(run->query_context);

	if (run->stale == NULL)
		run->stale = clientele_stale_open(&run->population, run->key_type, run->key_collation,
										  node->ss.ps.state->es_snapshot);
	MemoryContextSwitchTo(caller);
	return run->stale;
}

static pg_atomic_uint64 *
evaluated_by(ForeignRun *run)
{
	return run->shared ? &run->shared->evaluated : &run->evaluated;
}

/* Narrows the keys to those that are stale; false: none is. */
static bool
narrow_to_stale(ForeignScanState *node, ClienteleKeys *keys)
{
	ForeignRun *run = node->fdw_state;
	ClienteleStale *stale = stale_of(node);
	ClienteleKeyList *list;

	if (clientele_stale_everyone(stale))
		return true;
	list = clientele_stale_keys(stale, run->options.version, run->as_of, keys);
	clientele_stale_count(stale, evaluated_by(run), list->count);
	if (list->count == 0)
		return false;
	if (list->count == 1)
		*keys = (ClienteleKeys) {.kind = CLIENTELE_KEYS_ONE,.low = list->keys[0]};
	else
		*keys = (ClienteleKeys) {.kind = CLIENTELE_KEYS_LIST,.list = list->keys,.nlist = list->count};
	return true;
}

static void
start_live(ForeignScanState *node, ClienteleKeys *keys)
{
	ForeignRun *run = node->fdw_state;

	run->live = clientele_live_begin(&run->population, run->options.version, node->ss.ss_currentRelation,
									 run->needed, stale_of(node), run->as_of, keys, node->ss.ps.state->es_snapshot,
									 evaluated_by(run));
}

static void
start_evaluation(ForeignScanState *node, ClienteleKeys *keys)
{
	ForeignRun *run = node->fdw_state;
	ClienteleEngine *engine = clientele_engine_get(run->population.id, run->options.version);

	clientele_engine_check_columns(engine, node->ss.ss_currentRelation, 1);
	if (run->options.rows == CLIENTELE_FOREIGN_STALE && !narrow_to_stale(node, keys))
		return;
	run->customers = clientele_scan_begin(engine, run->as_of, keys, node->ss.ps.state->es_snapshot);
}

/* Each process compiles the models for itself, and once. */
static ClienteleSimulator *
simulator_of(ForeignRun *run)
{
	MemoryContext caller_context = MemoryContextSwitchTo(run->scan_context);

	if (run->simulator == NULL)
		run->simulator = clientele_simulator_begin(run->population.id, run->question);
	MemoryContextSwitchTo(caller_context);
	return run->simulator;
}

/* What is asked for, and as of when. */
static void
evaluate_question(ForeignScanState *node)
{
	ForeignRun *run = node->fdw_state;
	MemoryContext caller_context = MemoryContextSwitchTo(run->scan_context);
	bool		has_as_of;

	run->exhausted = !evaluate_conditions(node, &run->keys, &has_as_of, &run->key_missing);
	if (clientele_foreign_as_of_column(&run->options) != InvalidAttrNumber && !has_as_of)
		refuse_unsaid(node, "as of when",
					  "Add a condition that as_of equals one instant, for example as_of = now(). "
					  "A function that changes within a query, as clientele.wall_clock() does, belongs into a WITH ... AS MATERIALIZED before.");
	if (run->options.rows == CLIENTELE_FOREIGN_LIVE)
		run->as_of = clientele_clock_now();
	run->exhausted |= run->key_missing && run->options.rows != CLIENTELE_FOREIGN_MARKED;
	MemoryContextSwitchTo(caller_context);
}

static void
start_marked(ForeignScanState *node, const ClienteleKeys *keys)
{
	ForeignRun *run = node->fdw_state;
	ClienteleStale *stale = stale_of(node);

	if (!run->key_missing)
		run->marked = clientele_stale_marked(stale, keys);
	run->everyone = clientele_stale_everyone(stale);
}

static void
start_part(ForeignScanState *node, ClienteleKeys *keys)
{
	ForeignRun *run = node->fdw_state;

	switch (run->options.rows)
	{
		case CLIENTELE_FOREIGN_MARKED:
			start_marked(node, keys);
			break;
		case CLIENTELE_FOREIGN_LIVE:
			start_live(node, keys);
			break;
		case CLIENTELE_FOREIGN_ALL:
		case CLIENTELE_FOREIGN_STALE:
			start_evaluation(node, keys);
			break;
		case CLIENTELE_FOREIGN_SIMULATED:
			clientele_simulator_read(simulator_of(run), run->as_of, keys, node->ss.ps.state->es_snapshot);
			break;
	}
}

/* Ends what has been started, but keeps the marks: the snapshot is the same. */
static void
stop_part(ForeignRun *run)
{
	Caller		caller = become_owner(run);

	if (run->customers)
		clientele_scan_end(run->customers);
	if (run->live)
		clientele_live_end(run->live);
	if (run->simulator)
		clientele_simulator_stop(run->simulator);
	become_caller(caller);
	run->customers = NULL;
	run->live = NULL;
	run->marked = NULL;
	run->next_marked = 0;
	run->everyone = false;
	MemoryContextReset(run->part_context);
}

/* Goes on to the next part; false: there is none. */
static bool
next_part(ForeignScanState *node)
{
	ForeignRun *run = node->fdw_state;
	ClienteleKeys keys = run->keys;
	MemoryContext caller_context;
	Caller		caller;

	if (run->exhausted)
		return false;
	run->exhausted = run->shared == NULL;
	if (run->shared && !clientele_key_ranges_take(&run->shared->ranges, run->cuts, &keys))
	{
		run->exhausted = true;
		return false;
	}
	stop_part(run);
	caller_context = MemoryContextSwitchTo(run->part_context);
	caller = become_owner(run);
	start_part(node, &keys);
	become_caller(caller);
	MemoryContextSwitchTo(caller_context);
	return true;
}

static void
start(ForeignScanState *node)
{
	ForeignRun *run = node->fdw_state;

	evaluate_question(node);
	if (run->shared)
		run->as_of = run->shared->as_of;
	run->started = true;
}

/* The next row of MARKED: keys, and NULL for everyone. */
static bool
next_marked(ForeignRun *run, TupleTableSlot *slot)
{
	slot->tts_isnull[0] = run->everyone;
	if (run->everyone)
		run->everyone = false;
	else if (run->marked && run->next_marked < run->marked->count)
		slot->tts_values[0] = run->marked->keys[run->next_marked++];
	else
		return false;
	return true;
}

/* The next row of LIVE. */
static bool
next_live(ForeignRun *run, TupleTableSlot *slot)
{
	Caller		caller;
	bool		found;

	if (run->live == NULL)
		return false;
	caller = become_owner(run);
	found = clientele_live_next(run->live, slot->tts_values, slot->tts_isnull);
	become_caller(caller);
	return found;
}

/* The next row of ALL and STALE: as_of, and what the engine says. */
static bool
next_customer(ForeignRun *run, TupleTableSlot *slot)
{
	Caller		caller;
	bool		found;

	if (run->customers == NULL)
		return false;
	caller = become_owner(run);
	found = clientele_scan_next(run->customers, slot->tts_values + 1, slot->tts_isnull + 1);
	become_caller(caller);
	if (!found)
		return false;
	if (run->options.rows == CLIENTELE_FOREIGN_STALE && clientele_stale_everyone(run->stale))
		clientele_stale_count(run->stale, evaluated_by(run), 1);
	slot->tts_values[0] = TimestampTzGetDatum(run->as_of);
	slot->tts_isnull[0] = false;
	return true;
}

/* The next row of SIMULATED: of the part, or of the sums in the end. */
static bool
next_simulated(ForeignRun *run, TupleTableSlot *slot, bool sums)
{
	Caller		caller;
	bool		found;

	if (run->simulator == NULL)
		return false;
	caller = become_owner(run);
	found = (sums ? clientele_simulator_next_sum : clientele_simulator_next) (run->simulator, slot->tts_values + 2,
																			  slot->tts_isnull + 2);
	become_caller(caller);
	if (!found)
		return false;
	slot->tts_values[0] = TimestampTzGetDatum(run->as_of);
	slot->tts_values[1] = run->question;
	slot->tts_isnull[0] = slot->tts_isnull[1] = false;
	return true;
}

static bool
next_row(ForeignRun *run, TupleTableSlot *slot)
{
	switch (run->options.rows)
	{
		case CLIENTELE_FOREIGN_MARKED:
			return next_marked(run, slot);
		case CLIENTELE_FOREIGN_LIVE:
			return next_live(run, slot);
		case CLIENTELE_FOREIGN_SIMULATED:
			return next_simulated(run, slot, false);
		default:
			return next_customer(run, slot);
	}
}

static TupleTableSlot *
iterate(ForeignScanState *node)
{
	ForeignRun *run = node->fdw_state;
	TupleTableSlot *slot = node->ss.ss_ScanTupleSlot;

	ExecClearTuple(slot);
	if (!run->started)
		start(node);
	while (!next_row(run, slot))
		if (!next_part(node))
			return next_simulated(run, slot, true) ? ExecStoreVirtualTuple(slot) : slot;
	return ExecStoreVirtualTuple(slot);
}

static void
stop(ForeignRun *run)
{
	stop_part(run);
	run->started = false;
	pg_atomic_write_u64(&run->evaluated, 0);
	run->simulator = NULL;
	MemoryContextReset(run->scan_context);
}

static void
rescan(ForeignScanState *node)
{
	stop(node->fdw_state);
}

static void
end(ForeignScanState *node)
{
	ForeignRun *run = node->fdw_state;

	if (run == NULL)
		return;
	stop(run);
	if (run->stale)
		clientele_stale_close(run->stale);
}

/*
 * Several processes
 */

static Size
estimate_shared(ForeignScanState *node, ParallelContext *context)
{
	(void) node;
	(void) context;
	return sizeof(SharedRun);
}

/* What the leader decides for all: as of when, and which keys there are to be taken. */
static void
offer(ForeignScanState *node)
{
	ForeignRun *run = node->fdw_state;

	evaluate_question(node);
	run->shared->as_of = run->as_of;
	clientele_key_ranges_offer(&run->shared->ranges, run->cuts, &run->keys, run->shared->processes,
							   run->by_index);
}

/*
 * Workers compile the engine for themselves.  The leader does it before, even if it will
 * take no part: so what is wrong is found before they start, and tables stay locked.
 */
static void
initialize_shared(ForeignScanState *node, ParallelContext *context, void *coordinate)
{
	ForeignRun *run = node->fdw_state;
	Caller		caller;

	run->shared = coordinate;
	run->shared->processes = context->nworkers + 1;
	pg_atomic_init_u64(&run->shared->evaluated, 0);
	pg_atomic_init_u64(&run->shared->failures, 0);
	offer(node);
	caller = become_owner(run);
	if (run->options.rows == CLIENTELE_FOREIGN_ALL)
		(void) clientele_engine_get(run->population.id, run->options.version);
	else if (run->options.rows == CLIENTELE_FOREIGN_SIMULATED)
		(void) simulator_of(run);
	become_caller(caller);
}

/* What workers could not evaluate is the leader's to tell. */
static void
take_over_failures(ForeignRun *run)
{
	clientele_engine_add_failures(run->population.id, (int64) pg_atomic_exchange_u64(&run->shared->failures, 0));
}

static void
reinitialize_shared(ForeignScanState *node, ParallelContext *context, void *coordinate)
{
	ForeignRun *run = node->fdw_state;

	(void) context;
	(void) coordinate;
	take_over_failures(run);
	pg_atomic_write_u64(&run->shared->evaluated, 0);
	offer(node);
}

static void
initialize_worker(ForeignScanState *node, shm_toc *toc, void *coordinate)
{
	(void) toc;
	((ForeignRun *) node->fdw_state)->shared = coordinate;
}

/* The shared memory may be gone after this. */
static void
shutdown_shared(ForeignScanState *node)
{
	ForeignRun *run = node->fdw_state;

	if (run->shared == NULL)
		return;
	if (IsParallelWorker())
		(void) pg_atomic_fetch_add_u64(&run->shared->failures, clientele_engine_failures(run->population.id));
	else
		take_over_failures(run);
	run->shared = NULL;
	run->exhausted = true;
}

static void
explain(ForeignScanState *node, ExplainState *es)
{
	static const char *const condition_text[] = {
		[CLIENTELE_AS_OF] = "as_of =",
		[CLIENTELE_KEY_IS] = "key =",
		[CLIENTELE_KEY_AMONG] = "key = ANY",
		[CLIENTELE_KEY_FROM] = "key >=",
		[CLIENTELE_KEY_BELOW] = "key <",
		[CLIENTELE_KEY_MISSING] = "key IS NULL",
		[CLIENTELE_QUESTION] = "question =",
	};
	ForeignScan *plan = castNode(ForeignScan, node->ss.ps.plan);
	ClienteleForeignOptions options;
	List	   *conditions = NIL;
	ListCell   *cell;

	read_options(lfourth(plan->fdw_private), &options);
	if (options.population)
		ExplainPropertyText("Population", options.population, es);
	if (options.version > 0)
		ExplainPropertyInteger("Version", NULL, options.version, es);
	ExplainPropertyText("Customers", clientele_foreign_rows_name[options.rows], es);
	foreach(cell, (List *) linitial(plan->fdw_private))
		conditions = lappend(conditions, unconstify(char *, condition_text[lfirst_int(cell)]));
	if (conditions != NIL)
		ExplainPropertyList("Found By", conditions, es);
}

Datum
clientele_fdw_handler(PG_FUNCTION_ARGS)
{
	FdwRoutine *routine = makeNode(FdwRoutine);

	(void) fcinfo;
	clientele_foreign_plan_callbacks(routine);
	routine->BeginForeignScan = begin;
	routine->IterateForeignScan = iterate;
	routine->ReScanForeignScan = rescan;
	routine->EndForeignScan = end;
	routine->ExplainForeignScan = explain;
	routine->EstimateDSMForeignScan = estimate_shared;
	routine->InitializeDSMForeignScan = initialize_shared;
	routine->ReInitializeDSMForeignScan = reinitialize_shared;
	routine->InitializeWorkerForeignScan = initialize_worker;
	routine->ShutdownForeignScan = shutdown_shared;
	PG_RETURN_POINTER(routine);
}
