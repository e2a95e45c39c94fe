/*
 * expression.c
 *		The SQL type clientele.expression: input, output, and what it reads.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "base/result_row.h"
#include "compat.h"
#include "expression/expression.h"
#include "expression/expression_tree.h"

static char *canonical_expression(const char *text, struct Node *escontext);

const ClienteleRuleTextType clientele_expression_type = {"expression", 1, CLIENTELE_RULE_TEXT_MAX, canonical_expression};

PG_FUNCTION_INFO_V1(clientele_expression_in);
PG_FUNCTION_INFO_V1(clientele_expression_out);
PG_FUNCTION_INFO_V1(clientele_expression_recv);
PG_FUNCTION_INFO_V1(clientele_expression_send);
PG_FUNCTION_INFO_V1(clientele_expression_eq);
PG_FUNCTION_INFO_V1(clientele_expression_ne);
PG_FUNCTION_INFO_V1(clientele_expression_hash);
PG_FUNCTION_INFO_V1(clientele_expression_identifiers);
PG_FUNCTION_INFO_V1(clientele_expression_forgets);
PG_FUNCTION_INFO_V1(clientele_expression_words);
PG_FUNCTION_INFO_V1(clientele_expression_conditions);

static char *
canonical_expression(const char *text, struct Node *escontext)
{
	ClienteleNode *tree = clientele_expression_parse(text, escontext);

	return tree ? clientele_expression_print(tree) : NULL;
}

Datum
clientele_expression_in(PG_FUNCTION_ARGS)
{
	Datum		value = clientele_rule_text_in(&clientele_expression_type, PG_GETARG_CSTRING(0), fcinfo->context);

	if (value == (Datum) 0)
		PG_RETURN_NULL();
	return value;
}

Datum
clientele_expression_out(PG_FUNCTION_ARGS)
{
	PG_RETURN_CSTRING(DatumGetExpressionText(PG_GETARG_DATUM(0)));
}

Datum
clientele_expression_recv(PG_FUNCTION_ARGS)
{
	return clientele_rule_text_recv(&clientele_expression_type, (StringInfo) PG_GETARG_POINTER(0));
}

Datum
clientele_expression_send(PG_FUNCTION_ARGS)
{
	return clientele_rule_text_send(&clientele_expression_type, PG_GETARG_DATUM(0));
}

Datum
clientele_expression_eq(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(clientele_rule_text_equal(&clientele_expression_type, PG_GETARG_DATUM(0), PG_GETARG_DATUM(1)));
}

Datum
clientele_expression_ne(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(!clientele_rule_text_equal(&clientele_expression_type, PG_GETARG_DATUM(0), PG_GETARG_DATUM(1)));
}

Datum
clientele_expression_hash(PG_FUNCTION_ARGS)
{
	return UInt32GetDatum(clientele_rule_text_hash(&clientele_expression_type, PG_GETARG_DATUM(0)));
}

/* ---------- the names an expression reads ---------- */

typedef struct NameList
{
	char	  **names;
	int			count;
	int			allocated;
} NameList;

static void
add_name(NameList *list, const char *source, const ClienteleNode *path)
{
	StringInfoData name;

	initStringInfo(&name);
	if (source)
		appendStringInfo(&name, "%s.", source);
	for (; path; path = path->next_name)
		appendStringInfo(&name, "%s%s", path->string, path->next_name ? "." : "");

	if (list->count == list->allocated)
	{
		list->allocated *= 2;
		list->names = repalloc(list->names, sizeof(char *) * list->allocated);
	}
	list->names[list->count++] = name.data;
}

/*
 * Collects names.  Inside an aggregate's where, a name is a column of its
 * source.
 */
static void
collect_names(NameList *list, const ClienteleNode *node, const char *source)
{
	if (node == NULL)
		return;
	if (node->kind == CLIENTELE_NODE_NAME)
		add_name(list, source, node);
	for (const ClienteleNode *operand = node->first; operand; operand = operand->next)
		collect_names(list, operand, source);
	if (node->aggregate)
	{
		const ClienteleAggregate *extras = node->aggregate;

		collect_names(list, extras->by, source);
		collect_names(list, extras->where, node->first->string);
		if (extras->window.kind != CLIENTELE_WINDOW_SINCE)
		{
			collect_names(list, extras->window.from, NULL);
			collect_names(list, extras->window.to, NULL);
		}
	}
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *) a, *(char *const *) b);
}

Datum
clientele_expression_identifiers(PG_FUNCTION_ARGS)
{
	ClienteleNode *tree = clientele_expression_parse(DatumGetExpressionText(PG_GETARG_DATUM(0)), NULL);
	NameList	list;
	Datum	   *elements;
	int			count = 0;

	list.count = 0;
	list.allocated = 16;
	list.names = palloc(sizeof(char *) * list.allocated);
	collect_names(&list, tree, NULL);
	qsort(list.names, list.count, sizeof(char *), compare_names);

	elements = palloc(sizeof(Datum) * Max(list.count, 1));
	for (int i = 0; i < list.count; i++)
	{
		if (i == 0 || strcmp(list.names[i - 1], list.names[i]) != 0)
			elements[count++] = CStringGetTextDatum(list.names[i]);
	}
	PG_RETURN_ARRAYTYPE_P(construct_array(elements, count, TEXTOID, -1, false, TYPALIGN_INT));
}

/* Whether it has an aggregate with a window that moves: what that counts it does not count for good. */
static bool
forgets(const ClienteleNode *node)
{
	const ClienteleAggregate *extras = node->aggregate;

	check_stack_depth();
	if (extras != NULL && (extras->window.kind == CLIENTELE_WINDOW_LAST || extras->window.kind == CLIENTELE_WINDOW_BETWEEN))
		return true;
	for (const ClienteleNode *operand = node->first; operand; operand = operand->next)
	{
		if (forgets(operand))
			return true;
	}
	return false;
}

Datum
clientele_expression_forgets(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(forgets(clientele_expression_parse(DatumGetExpressionText(PG_GETARG_DATUM(0)), NULL)));
}

static void
put_word(FunctionCallInfo fcinfo, const ClienteleNode *name, const ClienteleNode *word)
{
	ClienteleResultRow row;

	if (name->kind != CLIENTELE_NODE_NAME || name->next_name != NULL || word->kind != CLIENTELE_NODE_STRING)
		return;
	clientele_result_clear(&row);
	clientele_result_set_text(&row, 0, name->string);
	clientele_result_set_text(&row, 1, word->string);
	clientele_result_put(fcinfo, &row);
}

static void
put_words(FunctionCallInfo fcinfo, const ClienteleNode *node)
{
	check_stack_depth();
	if (node->kind == CLIENTELE_NODE_COMPARE)
	{
		put_word(fcinfo, node->first, node->first->next);
		put_word(fcinfo, node->first->next, node->first);
	}
	else if (node->kind == CLIENTELE_NODE_IN)
	{
		for (const ClienteleNode *word = node->first->next; word; word = word->next)
			put_word(fcinfo, node->first, word);
	}
	for (const ClienteleNode *operand = node->first; operand; operand = operand->next)
		put_words(fcinfo, operand);
}

/* The words that names are compared with. */
Datum
clientele_expression_words(PG_FUNCTION_ARGS)
{
	InitMaterializedSRF(fcinfo, 0);
	put_words(fcinfo, clientele_expression_parse(DatumGetExpressionText(PG_GETARG_DATUM(0)), NULL));
	return (Datum) 0;
}

/* The operands of the outermost AND, or the whole. */
Datum
clientele_expression_conditions(PG_FUNCTION_ARGS)
{
	ClienteleNode *tree = clientele_expression_parse(DatumGetExpressionText(PG_GETARG_DATUM(0)), NULL);
	ArrayBuildState *parts = initArrayResult(TEXTOID, CurrentMemoryContext, false);

	for (const ClienteleNode *part = tree->kind == CLIENTELE_NODE_AND ? tree->first : tree; part != NULL;
		 part = part == tree ? NULL : part->next)
		accumArrayResult(parts, CStringGetTextDatum(clientele_expression_print(part)), false, TEXTOID, CurrentMemoryContext);
	PG_RETURN_DATUM(makeArrayResult(parts, CurrentMemoryContext));
}
