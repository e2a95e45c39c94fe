/*
 * row_call.c
 *		The frame of the SQL functions that evaluate a rule on a row.
 *
 * A call site keeps what it has compiled for as long as the query runs.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "nodes/nodeFuncs.h"
#include "nodes/primnodes.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/typcache.h"

#include "base/local_time.h"
#include "expression/row_call.h"

/* Rules kept compiled at one call site. */
#define CACHED_RULES 64

typedef struct CachedRule
{
	MemoryContext context;		/* holds everything below; NULL = never used */
	ClienteleRowType row;
	struct varlena *rule;		/* the value it was compiled from */
	void	   *built;			/* NULL = compiling it failed */
} CachedRule;

typedef struct CallSite
{
	MemoryContext context;		/* lives as long as the call site */
	ClienteleRowKind kind;		/* what the function is declared to take */
	TupleDesc	columns;		/* COLUMNS: their names and types */
	int			rule_argument;	/* where the rule stands; as_of and time_zone
								 * follow it */
	bool		rule_is_constant;
	CachedRule *latest;
	CachedRule	rules[CACHED_RULES];
	text	   *zone_name;		/* the zone argument last seen, or NULL ... */
	pg_tz	   *zone;			/* ... and the zone of that name */
} CallSite;

/* The expression behind an argument, or NULL where the caller tells none. */
static Node *
argument_expression(FmgrInfo *flinfo, int argument)
{
	Node	   *expression = flinfo->fn_expr;
	List	   *arguments = NIL;

	if (expression && IsA(expression, FuncExpr))
		arguments = ((FuncExpr *) expression)->args;
	else if (expression && IsA(expression, OpExpr))
		arguments = ((OpExpr *) expression)->args;
	return list_length(arguments) > argument ? list_nth(arguments, argument) : NULL;
}

static bool
argument_is_constant(FmgrInfo *flinfo, int argument)
{
	Node	   *expression = argument_expression(flinfo, argument);

	return expression && IsA(expression, Const);
}

/* The columns among the arguments of a call that the planner made. */
static TupleDesc
columns_descriptor(FunctionCallInfo fcinfo)
{
	TupleDesc	descriptor;
	Datum	   *names;
	int			count;

	if (PG_ARGISNULL(CLIENTELE_FIRST_COLUMN - 1))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("the names of the columns must not be NULL")));
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(CLIENTELE_FIRST_COLUMN - 1),
					  TEXTOID, -1, false, TYPALIGN_INT, &names, NULL, &count);
	if (count != PG_NARGS() - CLIENTELE_FIRST_COLUMN)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%d names stand for %d columns", count, PG_NARGS() - CLIENTELE_FIRST_COLUMN),
				 errhint("Call the function that takes a whole row; the planner makes this call of it.")));

	descriptor = CreateTemplateTupleDesc(count);
	for (int i = 0; i < count; i++)
	{
		int			argument = CLIENTELE_FIRST_COLUMN + i;
		Node	   *expression = argument_expression(fcinfo->flinfo, argument);

		TupleDescInitEntry(descriptor, (AttrNumber) (i + 1), TextDatumGetCString(names[i]),
						   exprType(expression), exprTypmod(expression), 0);
		TupleDescInitEntryCollation(descriptor, (AttrNumber) (i + 1), exprCollation(expression));
	}
	return descriptor;
}

/* What the function is declared to take, found once. */
static CallSite *
call_site(FunctionCallInfo fcinfo)
{
	FmgrInfo   *flinfo = fcinfo->flinfo;
	CallSite   *site = flinfo->fn_extra;
	MemoryContext old_context;
	Oid		   *argument_types;
	int			nargs;

	if (site)
		return site;
	(void) get_func_signature(flinfo->fn_oid, &argument_types, &nargs);
	site = MemoryContextAllocZero(flinfo->fn_mcxt, sizeof(CallSite));
	site->context = flinfo->fn_mcxt;
	site->kind = argument_types[0] == JSONBOID ? CLIENTELE_ROW_JSONB :
		argument_types[0] == RECORDOID ? CLIENTELE_ROW_COMPOSITE : CLIENTELE_ROW_COLUMNS;
	site->rule_argument = site->kind == CLIENTELE_ROW_COLUMNS ? 0 : 1;
	site->rule_is_constant = argument_is_constant(flinfo, site->rule_argument);
	if (site->kind == CLIENTELE_ROW_COLUMNS)
	{
		old_context = MemoryContextSwitchTo(flinfo->fn_mcxt);
		site->columns = columns_descriptor(fcinfo);
		MemoryContextSwitchTo(old_context);
	}
	flinfo->fn_extra = site;
	return site;
}

static void
find_row_type(const CallSite *site, Datum row, ClienteleRowType *type)
{
	memset(type, 0, sizeof(*type));
	type->kind = site->kind;
	type->columns = site->columns;
	if (site->kind == CLIENTELE_ROW_COMPOSITE)
	{
		HeapTupleHeader header = DatumGetHeapTupleHeader(row);

		/*
		 * A named type's row has no record number; recent minor releases keep
		 * a version of the row in that place.
		 */
		type->type = HeapTupleHeaderGetTypeId(header);
		type->typmod = type->type == RECORDOID ? HeapTupleHeaderGetTypMod(header) : -1;
		type->identifier = assign_record_type_identifier(type->type, type->typmod);
	}
}

static bool
is_cached(const CallSite *site, const CachedRule *cached, struct varlena *rule, const ClienteleRowType *row)
{
	if (cached == NULL || cached->built == NULL || memcmp(&cached->row, row, sizeof(*row)) != 0)
		return false;
	return site->rule_is_constant ||
		(VARSIZE_ANY(cached->rule) == VARSIZE_ANY(rule) &&
		 memcmp(cached->rule, rule, VARSIZE_ANY(rule)) == 0);
}

/* Compiles into a slot; an error leaves the slot empty. */
static void
compile(CallSite *site, CachedRule *slot, struct varlena *rule, const ClienteleRowType *row,
		ClienteleBuild build)
{
	MemoryContext old_context;

	slot->built = NULL;
	if (slot->context)
		MemoryContextReset(slot->context);
	else
		slot->context = AllocSetContextCreate(site->context, "clientele rule", ALLOCSET_SMALL_SIZES);

	old_context = MemoryContextSwitchTo(slot->context);
	slot->row = *row;
	slot->rule = palloc(VARSIZE_ANY(rule));
	memcpy(slot->rule, rule, VARSIZE_ANY(rule));
	slot->built = build(PointerGetDatum(slot->rule), row);
	MemoryContextSwitchTo(old_context);
}

static void *
compiled(CallSite *site, Datum rule_datum, Datum row_datum, ClienteleBuild build)
{
	struct varlena *rule = PG_DETOAST_DATUM_PACKED(rule_datum);
	ClienteleRowType row;
	CachedRule *slot;

	find_row_type(site, row_datum, &row);
	if (!is_cached(site, site->latest, rule, &row))
	{
		uint32		hash = hash_bytes((unsigned char *) rule, (int) VARSIZE_ANY(rule));

		hash = hash_combine(hash, hash_bytes((unsigned char *) &row, sizeof(row)));
		slot = &site->rules[hash % CACHED_RULES];
		if (!is_cached(site, slot, rule, &row))
			compile(site, slot, rule, &row, build);
		site->latest = slot;
	}
	if ((Pointer) rule != DatumGetPointer(rule_datum))
		pfree(rule);
	return site->latest->built;
}

static pg_tz *
zone_argument(CallSite *site, text *name)
{
	if (site->zone_name == NULL || clientele_compare_text(site->zone_name, name) != 0)
	{
		pg_tz	   *zone = clientele_zone(name);
		text	   *copy = MemoryContextAlloc(site->context, VARSIZE_ANY(name));

		memcpy(copy, name, VARSIZE_ANY(name));
		if (site->zone_name)
			pfree(site->zone_name);
		site->zone_name = copy;
		site->zone = zone;
	}
	return site->zone;
}

void
clientele_row_call(FunctionCallInfo fcinfo, ClienteleBuild build, ClienteleRowCall *call)
{
	CallSite   *site = call_site(fcinfo);
	int			rule = site->rule_argument;
	int			as_of = rule + 1;
	int			zone = rule + 2;

	memset(call, 0, sizeof(*call));
	if (PG_ARGISNULL(rule) || (site->kind != CLIENTELE_ROW_COLUMNS && PG_ARGISNULL(0)))
		return;

	call->row = site->kind == CLIENTELE_ROW_COLUMNS ?
		PointerGetDatum(&fcinfo->args[CLIENTELE_FIRST_COLUMN]) : PG_GETARG_DATUM(0);
	if (PG_NARGS() > as_of && !PG_ARGISNULL(as_of))
	{
		call->clock.has_as_of = true;
		call->clock.as_of = PG_GETARG_TIMESTAMPTZ(as_of);
	}
	if (PG_NARGS() > zone && !PG_ARGISNULL(zone))
		call->clock.zone = zone_argument(site, PG_GETARG_TEXT_PP(zone));
	call->built = compiled(site, PG_GETARG_DATUM(rule), call->row, build);
}
