/*
 * row_support.c
 *		What the planner is told about functions of a whole row.
 *
 * matches(customer, rule) receives the row as one composite value: the executor
 * reads every column, detoasts what is out of line and packs all of it, for us
 * to unpack a few.  Where the rule is a constant, its names are known when the
 * query is planned; the call then becomes
 *
 *		matches_columns(rule, as_of, time_zone, names, customer.a, customer.b)
 *
 * which reads these columns and nothing else.  The answer is the same.  Where
 * that is not certain, the call stays as it is.
 */
#include "postgres.h"

#include "access/tupdesc.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "nodes/pathnodes.h"
#include "nodes/supportnodes.h"
#include "optimizer/optimizer.h"
#include "parser/parse_func.h"
#include "parser/parsetree.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

#include "compat.h"
#include "expression/expression.h"
#include "expression/row_call.h"
#include "scorecard/scorecard.h"

PG_FUNCTION_INFO_V1(clientele_row_support);
PG_FUNCTION_INFO_V1(clientele_card_support);

/* A virtual generated column has no value of its own to read (18 and later). */
#define GENERATED_VIRTUAL 'v'

/* ---------- names ---------- */

static void
add_name(List **names, const char *name)
{
	ListCell   *cell;

	foreach(cell, *names)
	{
		if (strcmp(lfirst(cell), name) == 0)
			return;
	}
	*names = lappend(*names, unconstify(char *, name));
}

/* False if the tree holds something that no row can answer. */
static bool
collect_names(List **names, const ClienteleNode *node)
{
	if (node->kind == CLIENTELE_NODE_AGGREGATE)
		return false;
	if (node->kind == CLIENTELE_NODE_NAME)
		add_name(names, node->string);
	for (const ClienteleNode *operand = node->first; operand; operand = operand->next)
	{
		if (!collect_names(names, operand))
			return false;
	}
	return true;
}

/* Collects the columns that a constant reads; false if no row can answer it. */
typedef bool (*NamesOf) (const Const *rule, List **names);

/* Of an expression, or an array of them. */
static bool
names_of_rule(const Const *rule, List **names)
{
	Datum	   *elements;
	bool	   *nulls;
	int			count;

	if (!OidIsValid(get_element_type(rule->consttype)))
		return collect_names(names, clientele_expression_parse(DatumGetExpressionText(rule->constvalue), NULL));

	deconstruct_array(DatumGetArrayTypeP(rule->constvalue), get_element_type(rule->consttype),
					  -1, false, TYPALIGN_INT, &elements, &nulls, &count);
	for (int i = 0; i < count; i++)
	{
		if (!nulls[i] &&
			!collect_names(names, clientele_expression_parse(DatumGetExpressionText(elements[i]), NULL)))
			return false;
	}
	return true;
}

static bool
names_of_card(const Const *rule, List **names)
{
	ClienteleScorecard *card = clientele_scorecard_parse(clientele_rule_text_get(&clientele_scorecard_type,
																				 rule->constvalue), NULL);
	int			nrules;
	ClienteleRule *rules = clientele_scorecard_written_rules(card, &nrules);

	for (int i = 0; i < nrules; i++)
	{
		if (!collect_names(names, clientele_expression_parse(rules[i].text, NULL)))
			return false;
	}
	return true;
}

/* ---------- columns ---------- */

/*
 * A whole row on the far side of an outer join is NULL where there is none,
 * while its columns would make a row of NULLs.
 */
static bool
rows_may_be_missing(PlannerInfo *root)
{
	ListCell   *cell;

	if (root->parse->groupingSets)
		return true;
	foreach(cell, root->parse->rtable)
	{
		RangeTblEntry *entry = lfirst_node(RangeTblEntry, cell);

		if (entry->rtekind == RTE_JOIN && IS_OUTER_JOIN(entry->jointype))
			return true;
	}
	return false;
}

static Expr *
column_of_variable(const Var *row, AttrNumber attribute, Oid type, int32 typmod, Oid collation)
{
	Var		   *column = copyObjectImpl(row);

	column->varattno = attribute;
	column->vartype = type;
	column->vartypmod = typmod;
	column->varcollid = collation;
	column->varattnosyn = attribute;
	return (Expr *) column;
}

static Expr *
column_of_type(const Var *row, const char *name)
{
	TupleDesc	descriptor = lookup_rowtype_tupdesc(row->vartype, -1);
	Expr	   *column = NULL;

	for (int i = 0; i < descriptor->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(descriptor, i);

		if (!attribute->attisdropped && strcmp(NameStr(attribute->attname), name) == 0 &&
			attribute->attgenerated != GENERATED_VIRTUAL)
			column = column_of_variable(row, attribute->attnum, attribute->atttypid,
										attribute->atttypmod, attribute->attcollation);
	}
	ReleaseTupleDesc(descriptor);
	return column;
}

static Expr *
column_of_subquery(const Var *row, RangeTblEntry *entry, const char *name)
{
	ListCell   *cell;

	foreach(cell, entry->subquery->targetList)
	{
		TargetEntry *target = lfirst_node(TargetEntry, cell);

		if (target->resjunk || target->resno > list_length(entry->eref->colnames))
			continue;
		if (strcmp(strVal(list_nth(entry->eref->colnames, target->resno - 1)), name) == 0)
			return column_of_variable(row, target->resno, exprType((Node *) target->expr),
									  exprTypmod((Node *) target->expr),
									  exprCollation((Node *) target->expr));
	}
	return NULL;
}

/* ROW(...) with names, as a subquery that was pulled up leaves it. */
static Expr *
column_of_row(const RowExpr *row, const char *name)
{
	ListCell   *column;
	ListCell   *column_name;

	if (row->row_typeid != RECORDOID)
		return NULL;
	forboth(column, row->args, column_name, row->colnames)
	{
		if (strcmp(strVal(lfirst(column_name)), name) == 0)
			return lfirst(column);
	}
	return NULL;
}

/* The column of that name of a row, or NULL where it cannot be had. */
static Expr *
column_of(PlannerInfo *root, Node *row, const char *name)
{
	if (IsA(row, Var))
	{
		RangeTblEntry *entry;

		if (root == NULL)
			return column_of_type((Var *) row, name);
		entry = rt_fetch(((Var *) row)->varno, root->parse->rtable);
		if (entry->rtekind == RTE_RELATION && ((Var *) row)->vartype != RECORDOID)
			return column_of_type((Var *) row, name);
		if (entry->rtekind == RTE_SUBQUERY && ((Var *) row)->vartype == RECORDOID && entry->subquery)
			return column_of_subquery((Var *) row, entry, name);
		return NULL;
	}
	return IsA(row, RowExpr) ? column_of_row((RowExpr *) row, name) : NULL;
}

/*
 * True if the row's columns can stand for the row.
 *
 * Without a query (root is NULL) this is about an index, a check or a generated
 * column, where the row is the table's own and there.  It must become there what
 * it becomes in queries, or the planner would not know an index's expression again.
 */
static bool
row_can_be_split(PlannerInfo *root, Node *row)
{
	if (IsA(row, Var))
	{
		Var		   *variable = (Var *) row;

		if (root == NULL)
			return variable->varattno == InvalidAttrNumber && variable->varlevelsup == 0 &&
				variable->vartype != RECORDOID;
		return variable->varattno == InvalidAttrNumber && variable->varlevelsup == 0 &&
			!IS_SPECIAL_VARNO(variable->varno) && !clientele_row_of_returning(variable) &&
			!rows_may_be_missing(root);
	}
	return IsA(row, RowExpr) && !contain_volatile_functions(row);
}

/* ---------- the new call ---------- */

/* NAME_columns beside the function NAME, which may be an operator's. */
static Oid
columns_function(Oid function, Oid rule_type)
{
	Oid			types[] = {rule_type, TIMESTAMPTZOID, TEXTOID, TEXTARRAYOID, ANYOID};
	char	   *name = get_func_name(function);
	char	   *suffix = strstr(name, "_operator");

	if (suffix)
		*suffix = '\0';
	return LookupFuncName(list_make2(makeString(get_namespace_name(get_func_namespace(function))),
									 makeString(psprintf("%s_columns", name))),
						  lengthof(types), types, true);
}

static Const *
names_constant(const List *names)
{
	Datum	   *elements = palloc(sizeof(Datum) * list_length(names));
	int			count = 0;
	ListCell   *cell;

	foreach(cell, names)
		elements[count++] = CStringGetTextDatum(lfirst(cell));
	return makeConst(TEXTARRAYOID, -1, InvalidOid, -1,
					 PointerGetDatum(construct_array(elements, count, TEXTOID, -1, false, TYPALIGN_INT)),
					 false, false);
}

/* The argument, or NULL of its type where the call has none. */
static Node *
argument_or_null(const FuncExpr *call, int argument, Oid type)
{
	if (list_length(call->args) > argument)
		return list_nth(call->args, argument);
	return (Node *) makeNullConst(type, -1, InvalidOid);
}

static Node *
split_row(PlannerInfo *root, const FuncExpr *call, NamesOf names_of)
{
	Node	   *row = linitial(call->args);
	Const	   *rule = lsecond(call->args);
	List	   *names = NIL;
	List	   *arguments;
	Oid			function;
	ListCell   *cell;

	if (!IsA(rule, Const) || rule->constisnull || !row_can_be_split(root, row) ||
		!names_of(rule, &names) || names == NIL ||
		list_length(names) > FUNC_MAX_ARGS - CLIENTELE_FIRST_COLUMN)
		return NULL;
	function = columns_function(call->funcid, rule->consttype);
	if (!OidIsValid(function))
		return NULL;

	arguments = list_make4(rule, argument_or_null(call, 2, TIMESTAMPTZOID),
						   argument_or_null(call, 3, TEXTOID), names_constant(names));
	foreach(cell, names)
	{
		Expr	   *column = column_of(root, row, lfirst(cell));

		/* an unknown name is reported when the call is evaluated, if it is */
		if (column == NULL)
			return NULL;
		arguments = lappend(arguments, column);
	}
	return (Node *) makeFuncExpr(function, call->funcresulttype, arguments,
								 call->funccollid, call->inputcollid, COERCE_EXPLICIT_CALL);
}

static Node *
answer(Node *request, NamesOf names_of)
{
	if (!IsA(request, SupportRequestSimplify))
		return NULL;
	return split_row(((SupportRequestSimplify *) request)->root,
					 ((SupportRequestSimplify *) request)->fcall, names_of);
}

Datum
clientele_row_support(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(answer((Node *) PG_GETARG_POINTER(0), names_of_rule));
}

Datum
clientele_card_support(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(answer((Node *) PG_GETARG_POINTER(0), names_of_card));
}
