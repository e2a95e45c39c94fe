/*
 * fdw_plan.c
 *		The foreign data wrapper as the planner sees it: which conditions a scan can
 *		use, and what it costs.
 *
 * as_of comes from a constant or, mostly, from a join with the one row of a clock;
 * a key from a constant or from the rows of a join.  There is a path for each way.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/stratnum.h"
#include "access/sysattr.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "commands/defrem.h"
#include "foreign/fdwapi.h"
#include "foreign/foreign.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "optimizer/planmain.h"
#include "optimizer/restrictinfo.h"
#include "utils/lsyscache.h"
#include "utils/selfuncs.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

#include "compat.h"
#include "fdw.h"
#include "mark.h"
#include "population.h"

/* Where no statistics tell. */
#define POPULATION_GUESS 10000
#define STALE_GUESS 100
#define MARKED_GUESS 100

/* Beginning to evaluate opens a query for each source; and what a customer costs. */
#define EVALUATE_STARTUP_COST 10.0
#define EVALUATE_KEY_COST 1.0		/* found by an index */
#define EVALUATE_ROW_COST 0.1		/* one after the other */
#define MARK_STARTUP_COST 0.5

/* More than any setting adds to what it disables: the scan would be an error. */
#define REFUSED_COST 1.0e14

/* The conditions among some clauses; NULL = none of that kind. */
typedef struct Conditions
{
	Expr	   *value[CLIENTELE_NCONDITIONS];
} Conditions;

/* A foreign table as its columns are found in clauses; in fdw_private of its relation. */
typedef struct ForeignRelation
{
	ClienteleForeignOptions options;
	AttrNumber	as_of_column;
	AttrNumber	key_column;
	Oid			key_type;
	Oid			key_collation;
} ForeignRelation;

/*
 * Clauses
 */

static bool
is_column(const Node *node, const RelOptInfo *rel, AttrNumber column)
{
	while (node && IsA(node, RelabelType))
		node = (const Node *) ((const RelabelType *) node)->arg;
	return node && IsA(node, Var) && column != InvalidAttrNumber &&
		((const Var *) node)->varno == (int) rel->relid && ((const Var *) node)->varattno == column &&
		((const Var *) node)->varlevelsup == 0;
}

/* Whether the value is known before the scan begins, and stays the same during it. */
static bool
is_given(PlannerInfo *root, const RelOptInfo *rel, Node *value)
{
	return !bms_is_member(rel->relid, pull_varnos(root, value)) &&
		!contain_volatile_functions(value) && !contain_subplans(value);
}

static bool
is_integer(Oid type)
{
	return clientele_key_family(type) == CLIENTELE_KEY_INTEGER;
}

/*
 * The strategy of an operator in the btree family of the column's type, where the
 * executor can turn the right operand into that type; else InvalidStrategy.
 */
static StrategyNumber
strategy_of(Oid operator, Oid column_type)
{
	Oid			family = lookup_type_cache(column_type, TYPECACHE_BTREE_OPFAMILY)->btree_opf;
	int			strategy;
	Oid			left;
	Oid			right;

	if (!OidIsValid(operator) || !OidIsValid(family) || !op_in_opfamily(operator, family))
		return InvalidStrategy;
	get_op_opfamily_properties(operator, family, false, &strategy, &left, &right);
	return left == right || (is_integer(left) && is_integer(right)) ? (StrategyNumber) strategy : InvalidStrategy;
}

/* Equality is that of bytes in every deterministic collation; order needs the key's own. */
static bool
collation_fits(const ForeignRelation *table, Oid collation, StrategyNumber strategy)
{
	if (!OidIsValid(table->key_collation))
		return true;
	return strategy == BTEqualStrategyNumber ? get_collation_isdeterministic(collation) :
		collation == table->key_collation;
}

static void
note(Conditions *conditions, ClienteleCondition kind, Expr *value)
{
	if (conditions->value[kind] == NULL)
		conditions->value[kind] = value;
}

static void
note_comparison(PlannerInfo *root, const RelOptInfo *rel, const OpExpr *clause, Conditions *conditions)
{
	const ForeignRelation *table = rel->fdw_private;

	if (list_length(clause->args) != 2)
		return;
	for (int side = 0; side < 2; side++)
	{
		Node	   *column = list_nth(clause->args, side);
		Node	   *value = list_nth(clause->args, 1 - side);
		Oid			operator = side == 0 ? clause->opno : get_commutator(clause->opno);
		StrategyNumber strategy;

		if (is_column(column, rel, table->as_of_column) && is_given(root, rel, value) &&
			strategy_of(operator, TIMESTAMPTZOID) == BTEqualStrategyNumber)
			note(conditions, CLIENTELE_AS_OF, (Expr *) value);
		else if (is_column(column, rel, table->key_column) && is_given(root, rel, value))
		{
			strategy = strategy_of(operator, table->key_type);
			if (!collation_fits(table, clause->inputcollid, strategy))
				continue;
			if (strategy == BTEqualStrategyNumber)
				note(conditions, CLIENTELE_KEY_IS, (Expr *) value);
			else if (strategy == BTGreaterEqualStrategyNumber)
				note(conditions, CLIENTELE_KEY_FROM, (Expr *) value);
			else if (strategy == BTLessStrategyNumber)
				note(conditions, CLIENTELE_KEY_BELOW, (Expr *) value);
		}
	}
}

static void
note_clause(PlannerInfo *root, const RelOptInfo *rel, Expr *clause, Conditions *conditions)
{
	const ForeignRelation *table = rel->fdw_private;

	if (IsA(clause, OpExpr))
		note_comparison(root, rel, (OpExpr *) clause, conditions);
	else if (IsA(clause, ScalarArrayOpExpr))
	{
		const ScalarArrayOpExpr *among = (const ScalarArrayOpExpr *) clause;

		if (among->useOr && is_column(linitial(among->args), rel, table->key_column) &&
			is_given(root, rel, lsecond(among->args)) &&
			strategy_of(among->opno, table->key_type) == BTEqualStrategyNumber &&
			collation_fits(table, among->inputcollid, BTEqualStrategyNumber))
			note(conditions, CLIENTELE_KEY_AMONG, lsecond(among->args));
	}
	else if (IsA(clause, NullTest))
	{
		const NullTest *test = (const NullTest *) clause;

		if (test->nulltesttype == IS_NULL && is_column((Node *) test->arg, rel, table->key_column))
			note(conditions, CLIENTELE_KEY_MISSING, (Expr *) makeBoolConst(true, false));
	}
}

/* Clauses are RestrictInfos. */
static Conditions
find_conditions(PlannerInfo *root, const RelOptInfo *rel, List *clauses)
{
	Conditions	conditions = {{0}};
	ListCell   *cell;

	foreach(cell, clauses)
		note_clause(root, rel, lfirst_node(RestrictInfo, cell)->clause, &conditions);
	return conditions;
}

/*
 * Size and cost
 */

static double
tuples_of(Oid relation, double guess)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relation));
	double		tuples = -1;

	if (HeapTupleIsValid(tuple))
	{
		tuples = ((Form_pg_class) GETSTRUCT(tuple))->reltuples;
		ReleaseSysCache(tuple);
	}
	return tuples > 0 ? tuples : guess;
}

/* Customers that a scan without conditions yields. */
static double
customers_of(const ClienteleForeignOptions *options)
{
	ClientelePopulation population;

	if (!clientele_population_find(options->population, &population))
		return POPULATION_GUESS;	/* using it will be an error */
	switch (options->rows)
	{
		case CLIENTELE_FOREIGN_LIVE:
		case CLIENTELE_FOREIGN_ALL:
			break;
		case CLIENTELE_FOREIGN_STALE:
			return Min(STALE_GUESS, tuples_of(population.relation, POPULATION_GUESS));
		case CLIENTELE_FOREIGN_MARKED:
			return tuples_of(clientele_mark_relation(options->population), MARKED_GUESS);
	}
	return tuples_of(population.relation, POPULATION_GUESS);
}

/* Customers whom the conditions leave: those are evaluated. */
static double
estimate_customers(PlannerInfo *root, const RelOptInfo *rel, const Conditions *conditions)
{
	double		customers = rel->tuples;

	if (conditions->value[CLIENTELE_KEY_IS] || conditions->value[CLIENTELE_KEY_MISSING])
		return 1;
	if (conditions->value[CLIENTELE_KEY_AMONG])
		return clamp_row_est(Min(customers, clientele_array_length(root, (Node *) conditions->value[CLIENTELE_KEY_AMONG])));
	if (conditions->value[CLIENTELE_KEY_FROM] && conditions->value[CLIENTELE_KEY_BELOW])
		customers *= DEFAULT_RANGE_INEQ_SEL;
	else if (conditions->value[CLIENTELE_KEY_FROM] || conditions->value[CLIENTELE_KEY_BELOW])
		customers *= DEFAULT_INEQ_SEL;
	return clamp_row_est(customers);
}

/* Clauses on columns other than as_of and key: there are no statistics, but defaults. */
static double
estimate_rows(PlannerInfo *root, RelOptInfo *rel, List *clauses, const Conditions *conditions)
{
	List	   *others = NIL;
	ListCell   *cell;

	foreach(cell, clauses)
	{
		Conditions	own = find_conditions(root, rel, list_make1(lfirst(cell)));
		bool		counted = false;

		for (int i = 0; i < CLIENTELE_NCONDITIONS; i++)
			counted |= own.value[i] != NULL;
		if (!counted)
			others = lappend(others, lfirst(cell));
	}
	return clamp_row_est(estimate_customers(root, rel, conditions) *
						 clauselist_selectivity(root, others, (int) rel->relid, JOIN_INNER, NULL));
}

static bool
is_refused(const RelOptInfo *rel, const Conditions *conditions)
{
	const ForeignRelation *table = rel->fdw_private;

	return table->as_of_column != InvalidAttrNumber && conditions->value[CLIENTELE_AS_OF] == NULL;
}

static void
estimate_cost(PlannerInfo *root, const RelOptInfo *rel, const Conditions *conditions, int nclauses,
			  Cost *startup, Cost *total)
{
	const ForeignRelation *table = rel->fdw_private;
	double		customers = estimate_customers(root, rel, conditions);
	Cost		each = cpu_tuple_cost + rel->baserestrictcost.per_tuple + nclauses * cpu_operator_cost;

	*startup = rel->baserestrictcost.startup;
	switch (table->options.rows)
	{
		case CLIENTELE_FOREIGN_MARKED:
			*startup += MARK_STARTUP_COST;
			break;
		case CLIENTELE_FOREIGN_LIVE:
			*startup += EVALUATE_STARTUP_COST;
			break;
		case CLIENTELE_FOREIGN_STALE:
			*startup += EVALUATE_STARTUP_COST;
			each += EVALUATE_KEY_COST;
			break;
		case CLIENTELE_FOREIGN_ALL:
			*startup += EVALUATE_STARTUP_COST;
			each += conditions->value[CLIENTELE_KEY_IS] || conditions->value[CLIENTELE_KEY_AMONG] ?
				EVALUATE_KEY_COST : EVALUATE_ROW_COST;
			break;
	}
	if (is_refused(rel, conditions))
		*startup += REFUSED_COST;
	*total = *startup + customers * each;
}

static void
get_size(PlannerInfo *root, RelOptInfo *rel, Oid table_id)
{
	ForeignRelation *table = palloc0(sizeof(ForeignRelation));
	Conditions	conditions;
	int32		typmod;

	clientele_foreign_options(table_id, &table->options);
	table->as_of_column = clientele_foreign_as_of_column(&table->options);
	table->key_column = clientele_foreign_key_column(&table->options);
	get_atttypetypmodcoll(table_id, table->key_column, &table->key_type, &typmod, &table->key_collation);
	rel->fdw_private = table;

	rel->tuples = customers_of(&table->options);
	conditions = find_conditions(root, rel, rel->baserestrictinfo);
	rel->rows = estimate_rows(root, rel, rel->baserestrictinfo, &conditions);
}

/*
 * Paths
 */

static void
add_one_path(PlannerInfo *root, RelOptInfo *rel, Relids outer)
{
	ParamPathInfo *parameters = get_baserel_parampathinfo(root, rel, outer);
	List	   *joins = parameters ? parameters->ppi_clauses : NIL;
	List	   *clauses = list_concat_copy(rel->baserestrictinfo, joins);
	Conditions	conditions = find_conditions(root, rel, clauses);
	double		rows = estimate_rows(root, rel, clauses, &conditions);
	Cost		startup;
	Cost		total;

	if (is_refused(rel, &conditions) && !bms_equal(outer, rel->lateral_relids))
		return;					/* one refused path is enough */
	if (parameters)
		parameters->ppi_rows = rows;
	estimate_cost(root, rel, &conditions, list_length(joins), &startup, &total);
	add_path(rel, (Path *) clientele_foreign_path(root, rel, rows, is_refused(rel, &conditions) ? 1 : 0,
												  startup, total, outer));
}

static bool
member_is_column(PlannerInfo *root, RelOptInfo *rel, EquivalenceClass *class, EquivalenceMember *member,
				 void *column)
{
	(void) root;
	(void) class;
	return is_column((Node *) member->em_expr, rel, *(AttrNumber *) column);
}

/* Clauses that join the relation with others by as_of or key. */
static List *
join_clauses(PlannerInfo *root, RelOptInfo *rel)
{
	const ForeignRelation *table = rel->fdw_private;
	AttrNumber	columns[] = {table->as_of_column, table->key_column};
	List	   *clauses = NIL;
	ListCell   *cell;

	foreach(cell, rel->joininfo)
		if (join_clause_is_movable_to(lfirst_node(RestrictInfo, cell), rel))
			clauses = lappend(clauses, lfirst(cell));
	if (rel->has_eclass_joins)
		for (size_t i = 0; i < lengthof(columns); i++)
			clauses = list_concat(clauses,
								  generate_implied_equalities_for_column(root, rel, member_is_column, &columns[i],
																		 rel->lateral_referencers));
	return clauses;
}

static List *
add_relids(List *sets, Relids relids)
{
	ListCell   *cell;

	foreach(cell, sets)
		if (bms_equal(lfirst(cell), relids))
			return sets;
	return lappend(sets, relids);
}

static void
get_paths(PlannerInfo *root, RelOptInfo *rel, Oid table_id)
{
	Conditions	own = find_conditions(root, rel, rel->baserestrictinfo);
	List	   *as_of_outers = list_make1(NULL);
	List	   *key_outers = list_make1(NULL);
	List	   *outers = list_make1(bms_copy(rel->lateral_relids));
	ListCell   *cell;
	ListCell   *as_of;
	ListCell   *key;

	(void) table_id;
	foreach(cell, join_clauses(root, rel))
	{
		RestrictInfo *clause = lfirst_node(RestrictInfo, cell);
		Relids		others = bms_del_member(bms_copy(clause->clause_relids), (int) rel->relid);
		Conditions	joined = find_conditions(root, rel, list_make1(clause));

		if (joined.value[CLIENTELE_AS_OF] && !own.value[CLIENTELE_AS_OF])
			as_of_outers = add_relids(as_of_outers, others);
		if ((joined.value[CLIENTELE_KEY_IS] || joined.value[CLIENTELE_KEY_AMONG] ||
			 joined.value[CLIENTELE_KEY_FROM] || joined.value[CLIENTELE_KEY_BELOW]) &&
			!own.value[CLIENTELE_KEY_IS])
			key_outers = add_relids(key_outers, others);
	}
	foreach(as_of, as_of_outers)
		foreach(key, key_outers)
			outers = add_relids(outers, bms_union(rel->lateral_relids,
												  bms_union(lfirst(as_of), lfirst(key))));
	foreach(cell, outers)
		add_one_path(root, rel, lfirst(cell));
}

/*
 * A scan finds just the customers of a list, and to look for each in the list once
 * more would cost more than to evaluate him.
 */
static List *
without_list(PlannerInfo *root, const RelOptInfo *rel, List *clauses, const Conditions *conditions)
{
	List	   *rest = NIL;
	ListCell   *cell;

	if (conditions->value[CLIENTELE_KEY_AMONG] == NULL || conditions->value[CLIENTELE_KEY_IS])
		return clauses;
	foreach(cell, clauses)
	{
		Conditions	own = find_conditions(root, rel, list_make1(lfirst(cell)));

		if (own.value[CLIENTELE_KEY_AMONG] != conditions->value[CLIENTELE_KEY_AMONG])
			rest = lappend(rest, lfirst(cell));
	}
	return rest;
}

static ForeignScan *
get_plan(PlannerInfo *root, RelOptInfo *rel, Oid table_id, ForeignPath *path, List *targets,
		 List *clauses, Plan *outer_plan)
{
	Conditions	conditions = find_conditions(root, rel, clauses);
	List	   *kinds = NIL;
	List	   *values = NIL;
	List	   *needed = NIL;
	Bitmapset  *columns = NULL;
	int			column = -1;

	(void) path;
	pull_varattnos((Node *) rel->reltarget->exprs, rel->relid, &columns);
	pull_varattnos((Node *) extract_actual_clauses(clauses, false), rel->relid, &columns);
	while ((column = bms_next_member(columns, column)) >= 0)
		needed = lappend_int(needed, column + FirstLowInvalidHeapAttributeNumber);

	for (int i = 0; i < CLIENTELE_NCONDITIONS; i++)
		if (conditions.value[i])
		{
			kinds = lappend_int(kinds, i);
			values = lappend(values, copyObjectImpl(conditions.value[i]));
		}
	clauses = without_list(root, rel, clauses, &conditions);
	return make_foreignscan(targets, extract_actual_clauses(clauses, false), rel->relid, values,
							list_make3(kinds, needed, GetForeignTable(table_id)->options), NIL, NIL, outer_plan);
}

void
clientele_foreign_plan_callbacks(FdwRoutine *routine)
{
	routine->GetForeignRelSize = get_size;
	routine->GetForeignPaths = get_paths;
	routine->GetForeignPlan = get_plan;
}
