/*
 * fdw_plan.c
 *		The foreign data wrapper as the planner sees it: which conditions a scan can
 *		use, and what it costs.
 *
 * as_of comes from a constant or, mostly, from a join with the one row of a clock;
 * a key from a constant or from the rows of a join.  There is a path for each way.
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "access/stratnum.h"
#include "access/sysattr.h"
#include "catalog/namespace.h"
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

#include "capture/mark.h"
#include "compat.h"
#include "engine/simulation.h"
#include "population/population_size.h"
#include "view/fdw.h"
#include "view/key_ranges.h"

/* Where no statistics tell. */
#define POPULATION_GUESS 10000
#define STALE_GUESS 100
#define MARKED_GUESS 100

/* Nobody can tell how many customers will move, and of sums there are few. */
#define SIMULATED_GUESS 1000

/* Beginning to evaluate opens a query for each source; and what a customer costs. */
#define EVALUATE_STARTUP_COST 10.0
#define EVALUATE_KEY_COST 1.0		/* found by an index */
#define EVALUATE_ROW_COST 0.1		/* one after the other */
#define MARK_STARTUP_COST 0.5

/*
 * Beginning in one more process: it compiles the model, which takes about as long as the
 * process itself.
 */
#define PROCESS_STARTUP_COST parallel_setup_cost

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
	bool		is_found;		/* else using it will be an error */
	ClientelePopulation population;
	bool		has_size;
	ClientelePopulationSize size;	/* read when a scan without a list of keys is looked at */
	AttrNumber	as_of_column;
	AttrNumber	key_column;
	AttrNumber	question_column;
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
		(int) ((const Var *) node)->varno == (int) rel->relid && ((const Var *) node)->varattno == column &&
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
		else if (is_column(column, rel, table->question_column) && IsA(value, Const) &&
				 strategy_of(operator, JSONBOID) == BTEqualStrategyNumber)
			note(conditions, CLIENTELE_QUESTION, (Expr *) value);
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

/* Customers that a scan without conditions yields. */
static double
customers_of(const ForeignRelation *table)
{
	if (!table->is_found)
		return POPULATION_GUESS;
	switch (table->options.rows)
	{
		case CLIENTELE_FOREIGN_LIVE:
		case CLIENTELE_FOREIGN_ALL:
		case CLIENTELE_FOREIGN_SIMULATED:
			break;
		case CLIENTELE_FOREIGN_STALE:
			return Min(STALE_GUESS, clientele_table_tuples(table->population.relation, POPULATION_GUESS));
		case CLIENTELE_FOREIGN_MARKED:
			return clientele_table_tuples(clientele_mark_relation(table->options.population), MARKED_GUESS);
	}
	return clientele_table_tuples(table->population.relation, POPULATION_GUESS);
}

/* Live rows are read from the stored ones, found by their primary key. */
static ClientelePopulationSize
size_of_stored(const ForeignRelation *table)
{
	const char *name = psprintf("%s_stored_%d", table->options.population, table->options.version);
	Oid			stored = get_relname_relid(name, get_namespace_oid("clientele_data", false));

	return (ClientelePopulationSize)
	{
		.pages = OidIsValid(stored) ? clientele_table_pages(stored) : 0,
		.by_index = enable_indexscan
	};
}

static const ClientelePopulationSize *
size_of(const RelOptInfo *rel)
{
	ForeignRelation *table = rel->fdw_private;

	if (!table->has_size && table->is_found)
		table->size = table->options.rows == CLIENTELE_FOREIGN_LIVE ? size_of_stored(table) :
			clientele_population_size(&table->population);
	table->has_size = true;
	return &table->size;
}

/* The share of customers below a bound, by the statistics of the key; < 0: they do not say. */
static double
share_below(PlannerInfo *root, RelOptInfo *rel, HeapTuple statistics, Expr *bound)
{
	const ForeignRelation *table = rel->fdw_private;
	TypeCacheEntry *type = lookup_type_cache(table->key_type, TYPECACHE_BTREE_OPFAMILY);
	Const	   *value = (Const *) estimate_expression_value(root, (Node *) bound);
	VariableStatData data = {
		.rel = rel,
		.statsTuple = statistics,
		.vartype = table->key_type,
		.atttype = table->key_type,
		.acl_ok = true
	};
	Oid			operator;
	FmgrInfo	compare;

	if (!IsA(value, Const) || value->constisnull)
		return -1;
	operator = get_opfamily_member(type->btree_opf, type->btree_opintype,
								   is_integer(table->key_type) ? value->consttype : type->btree_opintype,
								   BTLessStrategyNumber);
	if (!OidIsValid(operator))
		return -1;
	fmgr_info(get_opcode(operator), &compare);
	return ineq_histogram_selectivity(root, &data, operator, &compare, false, false, table->key_collation,
									  value->constvalue, value->consttype);
}

/* The share of customers in the range that the conditions give. */
static double
share_of_range(PlannerInfo *root, RelOptInfo *rel, const Conditions *conditions)
{
	const ForeignRelation *table = rel->fdw_private;
	Expr	   *from = conditions->value[CLIENTELE_KEY_FROM];
	Expr	   *below = conditions->value[CLIENTELE_KEY_BELOW];
	HeapTuple	statistics = (from || below) && table->is_found ? clientele_key_statistics(&table->population) : NULL;
	double		low = from ? 1 - DEFAULT_INEQ_SEL : 0;
	double		high = !below ? 1 : from ? low + DEFAULT_RANGE_INEQ_SEL : DEFAULT_INEQ_SEL;

	if (HeapTupleIsValid(statistics))
	{
		double		known_low = from ? share_below(root, rel, statistics, from) : 0;
		double		known_high = below ? share_below(root, rel, statistics, below) : 1;

		if (known_low >= 0 && known_high >= 0)
		{
			low = known_low;
			high = known_high;
		}
		ReleaseSysCache(statistics);
	}
	return Max(high - low, 0);
}

/* Whether the conditions say nothing of keys, or only between which they are. */
static bool
is_range(const Conditions *conditions)
{
	return !conditions->value[CLIENTELE_KEY_IS] && !conditions->value[CLIENTELE_KEY_MISSING] &&
		!conditions->value[CLIENTELE_KEY_AMONG];
}

/* Customers whom the conditions leave: those are evaluated. */
static double
estimate_customers(PlannerInfo *root, RelOptInfo *rel, const Conditions *conditions)
{
	double		customers = rel->tuples;

	if (conditions->value[CLIENTELE_KEY_IS] || conditions->value[CLIENTELE_KEY_MISSING])
		return 1;
	if (conditions->value[CLIENTELE_KEY_AMONG])
		return clamp_row_est(Min(customers, clientele_array_length(root, (Node *) conditions->value[CLIENTELE_KEY_AMONG])));
	return clamp_row_est(customers * share_of_range(root, rel, conditions));
}

/* Clauses on columns other than as_of and key: there are no statistics, but defaults. */
static double
estimate_rows(PlannerInfo *root, RelOptInfo *rel, List *clauses, const Conditions *conditions)
{
	const ForeignRelation *table = rel->fdw_private;
	List	   *others = NIL;
	ListCell   *cell;

	if (table->options.rows == CLIENTELE_FOREIGN_SIMULATED)
		return Min(rel->tuples, SIMULATED_GUESS);
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

	return (table->as_of_column != InvalidAttrNumber && conditions->value[CLIENTELE_AS_OF] == NULL) ||
		(table->question_column != InvalidAttrNumber && conditions->value[CLIENTELE_QUESTION] == NULL);
}

/* What a scan costs that may be shared among processes. */
typedef struct ScanCost
{
	double		customers;
	Cost		startup;
	Cost		whole;			/* for each process */
	Cost		run;			/* divided */
} ScanCost;

/* Reading the events, or stored rows, of a share of the customers. */
static void
add_reading(const RelOptInfo *rel, double share, ScanCost *cost)
{
	const ClientelePopulationSize *size = size_of(rel);

	if (size->by_index)
		cost->run += share * (size->pages * seq_page_cost + size->events * (cpu_index_tuple_cost + cpu_tuple_cost));
	else
	{
		cost->whole += size->pages * seq_page_cost + size->events * cpu_tuple_cost;
		cost->run += share * size->events * 2 * cpu_operator_cost * log2(Max(size->events, 2));
	}
}

static ScanCost
estimate_cost(PlannerInfo *root, RelOptInfo *rel, const Conditions *conditions, int nclauses)
{
	const ForeignRelation *table = rel->fdw_private;
	ScanCost	cost = {.customers = estimate_customers(root, rel, conditions)};
	Cost		each = cpu_tuple_cost + rel->baserestrictcost.per_tuple + nclauses * cpu_operator_cost;

	cost.startup = rel->baserestrictcost.startup;
	switch (table->options.rows)
	{
		case CLIENTELE_FOREIGN_MARKED:
			cost.startup += MARK_STARTUP_COST;
			break;
		case CLIENTELE_FOREIGN_STALE:
			cost.startup += EVALUATE_STARTUP_COST;
			each += EVALUATE_KEY_COST;
			break;
		case CLIENTELE_FOREIGN_LIVE:
			cost.startup += EVALUATE_STARTUP_COST;
			if (is_range(conditions))
				add_reading(rel, cost.customers / Max(rel->tuples, 1), &cost);
			break;
		case CLIENTELE_FOREIGN_ALL:
		case CLIENTELE_FOREIGN_SIMULATED:
			cost.startup += EVALUATE_STARTUP_COST;
			each += is_range(conditions) ? EVALUATE_ROW_COST : EVALUATE_KEY_COST;
			if (is_range(conditions))
				add_reading(rel, cost.customers / Max(rel->tuples, 1), &cost);
			break;
	}
	if (is_refused(rel, conditions))
		cost.startup += REFUSED_COST;
	cost.run += cost.customers * each;
	return cost;
}

/* Whom the question that is asked is about; NULL: none is. */
static const char *
population_of_question(PlannerInfo *root, const RelOptInfo *rel)
{
	Conditions	conditions = find_conditions(root, rel, rel->baserestrictinfo);
	const Const *question = (const Const *) conditions.value[CLIENTELE_QUESTION];

	return question && !question->constisnull ? clientele_simulation_population(question->constvalue) : NULL;
}

static void
get_size(PlannerInfo *root, RelOptInfo *rel, Oid table_id)
{
	ForeignRelation *table = palloc0(sizeof(ForeignRelation));
	Conditions	conditions;

	clientele_foreign_options(table_id, &table->options);
	table->as_of_column = clientele_foreign_as_of_column(&table->options);
	table->key_column = clientele_foreign_key_column(&table->options);
	table->question_column = clientele_foreign_question_column(&table->options);
	rel->fdw_private = table;
	if (table->question_column != InvalidAttrNumber)
		table->options.population = population_of_question(root, rel);
	table->is_found = table->options.population &&
		clientele_population_find(table->options.population, &table->population);
	if (table->is_found || table->key_column != InvalidAttrNumber)
		clientele_foreign_key(table_id, &table->options, &table->population, &table->key_type, &table->key_collation);

	rel->tuples = customers_of(table);
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
	ScanCost	cost;
	ForeignPath *path;

	if (is_refused(rel, &conditions) && !bms_equal(outer, rel->lateral_relids))
		return;					/* one refused path is enough */
	if (parameters)
		parameters->ppi_rows = rows;
	cost = estimate_cost(root, rel, &conditions, list_length(joins));
	path = clientele_foreign_path(root, rel, rows, is_refused(rel, &conditions) ? 1 : 0,
								  cost.startup, cost.startup + cost.whole + cost.run, outer);

	/* as a whole by one worker, it would not be of one instant with the leader's */
	path->path.parallel_safe = false;
	add_path(rel, (Path *) path);
}

/* By how many processes work is divided, the leader counted as the planner does. */
static double
divisor_of(int workers)
{
	return workers + (parallel_leader_participation ? Max(1.0 - 0.3 * workers, 0) : 0);
}

/* The scan of all customers, or of a range of keys, by several processes. */
static void
add_parallel_path(PlannerInfo *root, RelOptInfo *rel, const Conditions *conditions)
{
	const ForeignRelation *table = rel->fdw_private;
	ScanCost	cost = estimate_cost(root, rel, conditions, 0);
	double		share = cost.customers / Max(rel->tuples, 1);
	int			workers = compute_parallel_worker(rel, size_of(rel)->pages * share, -1, max_parallel_workers_per_gather);
	double		divisor = divisor_of(workers);
	List	   *cuts;
	ForeignPath *path;

	if (workers <= 0 || !table->is_found)
		return;
	cuts = clientele_key_cuts(&table->population, table->key_type, table->key_collation);
	if (cuts == NIL)
		return;
	cost.startup += PROCESS_STARTUP_COST;
	path = clientele_foreign_path(root, rel, clamp_row_est(rel->rows / divisor), 0,
								  cost.startup, cost.startup + cost.whole + cost.run / divisor, NULL);
	path->path.parallel_aware = true;
	path->path.parallel_workers = workers;
	path->fdw_private = lcons(makeInteger(size_of(rel)->by_index), cuts);
	add_partial_path(rel, (Path *) path);
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
	if (rel->consider_parallel && rel->lateral_relids == NULL && is_range(&own) && !is_refused(rel, &own))
		add_parallel_path(root, rel, &own);
}

/*
 * A scan finds just the customers of a list, and to look for each in the list once
 * more would cost more than to evaluate him.  And it answers just the question.
 */
static List *
without_found(PlannerInfo *root, const RelOptInfo *rel, List *clauses, const Conditions *conditions)
{
	List	   *rest = NIL;
	ListCell   *cell;

	foreach(cell, clauses)
	{
		Conditions	own = find_conditions(root, rel, list_make1(lfirst(cell)));
		bool		is_list = own.value[CLIENTELE_KEY_AMONG] && !conditions->value[CLIENTELE_KEY_IS] &&
			own.value[CLIENTELE_KEY_AMONG] == conditions->value[CLIENTELE_KEY_AMONG];
		bool		is_question = own.value[CLIENTELE_QUESTION] &&
			own.value[CLIENTELE_QUESTION] == conditions->value[CLIENTELE_QUESTION];

		if (!is_list && !is_question)
			rest = lappend(rest, lfirst(cell));
	}
	return rest;
}

/* Marked and stale customers are few. */
static bool
may_be_shared(PlannerInfo *root, RelOptInfo *rel, RangeTblEntry *entry)
{
	ClienteleForeignOptions options;

	(void) root;
	(void) rel;
	clientele_foreign_options(entry->relid, &options);
	return options.rows == CLIENTELE_FOREIGN_LIVE || options.rows == CLIENTELE_FOREIGN_ALL ||
		options.rows == CLIENTELE_FOREIGN_SIMULATED;
}

/* The table's options, and whose customers it shows if the question says so. */
static List *
options_of(const RelOptInfo *rel, Oid table_id)
{
	const ForeignRelation *table = rel->fdw_private;
	List	   *options = GetForeignTable(table_id)->options;

	if (table->question_column == InvalidAttrNumber || table->options.population == NULL)
		return options;
	return lappend(list_copy(options), makeDefElem("population",
												  (Node *) makeString(pstrdup(table->options.population)), -1));
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
	clauses = without_found(root, rel, clauses, &conditions);
	return make_foreignscan(targets, extract_actual_clauses(clauses, false), rel->relid, values,
							list_make4(kinds, needed, path->fdw_private, options_of(rel, table_id)), NIL, NIL, outer_plan);
}

void
clientele_foreign_plan_callbacks(FdwRoutine *routine)
{
	routine->GetForeignRelSize = get_size;
	routine->GetForeignPaths = get_paths;
	routine->GetForeignPlan = get_plan;
	routine->IsForeignScanParallelSafe = may_be_shared;
}
