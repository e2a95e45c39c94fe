/*
 * expression_print.c
 *		A syntax tree's canonical text, which parses back to the same tree.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "expression/expression_function.h"
#include "expression/expression_parse.h"

/* The printer's levels of precedence, loosest first; see expression_gram.y. */
typedef enum Level
{
	LEVEL_OR,
	LEVEL_AND,
	LEVEL_NOT,
	LEVEL_IS,
	LEVEL_COMPARISON,
	LEVEL_PREDICATE,
	LEVEL_SUM,
	LEVEL_TERM,
	LEVEL_FACTOR,
	LEVEL_PRIMARY
} Level;

static void print_node(StringInfo out, const ClienteleNode *node, Level level);

static void
print_quoted(StringInfo out, const char *text, char quote)
{
	appendStringInfoChar(out, quote);
	for (; *text; text++)
	{
		if (*text == quote)
			appendStringInfoChar(out, quote);
		appendStringInfoChar(out, *text);
	}
	appendStringInfoChar(out, quote);
}

static void
print_path(StringInfo out, const ClienteleNode *name)
{
	for (; name; name = name->next_name)
	{
		if (clientele_name_is_plain(name->string))
			appendStringInfoString(out, name->string);
		else
			print_quoted(out, name->string, '"');
		if (name->next_name)
			appendStringInfoChar(out, '.');
	}
}

static void
print_operands(StringInfo out, const ClienteleNode *first, Level level, const char *separator)
{
	for (const ClienteleNode *operand = first; operand; operand = operand->next)
	{
		if (operand != first)
			appendStringInfoString(out, separator);
		print_node(out, operand, level);
	}
}

/* A binary operator that leans to the left: its right operand binds tighter. */
static void
print_binary(StringInfo out, const ClienteleNode *node, Level level, const char *sign)
{
	print_node(out, node->first, level);
	appendStringInfo(out, " %s ", sign);
	print_node(out, node->first->next, level + 1);
}

static void
print_case(StringInfo out, const ClienteleNode *node)
{
	const ClienteleNode *at = node->first;

	appendStringInfoString(out, "case");
	for (; at && at->next; at = at->next->next)
	{
		appendStringInfoString(out, " when ");
		print_node(out, at, LEVEL_OR);
		appendStringInfoString(out, " then ");
		print_node(out, at->next, LEVEL_OR);
	}
	if (at)
	{
		appendStringInfoString(out, " else ");
		print_node(out, at, LEVEL_OR);
	}
	appendStringInfoString(out, " end");
}

static void
print_span(StringInfo out, const ClienteleNode *length, ClienteleUnit unit)
{
	static const char *const names[] = {"hour", "day", "week", "month", "year"};

	if (length->kind == CLIENTELE_NODE_NAME)
		print_path(out, length);
	else
		appendStringInfoString(out, length->string);
	appendStringInfo(out, " %s%s", names[unit],
					 length->kind == CLIENTELE_NODE_NUMBER && strcmp(length->string, "1") == 0 ? "" : "s");
}

static void
print_window(StringInfo out, const ClienteleWindow *window)
{
	switch (window->kind)
	{
		case CLIENTELE_WINDOW_ALL:
			break;
		case CLIENTELE_WINDOW_LAST:
			appendStringInfoString(out, " last ");
			print_span(out, window->from, window->from_unit);
			break;
		case CLIENTELE_WINDOW_BETWEEN:
			appendStringInfoString(out, " from ");
			print_span(out, window->from, window->from_unit);
			appendStringInfoString(out, " ago to ");
			print_span(out, window->to, window->to_unit);
			appendStringInfoString(out, " ago");
			break;
		case CLIENTELE_WINDOW_SINCE:
			appendStringInfoString(out, " since ");
			print_node(out, window->from, LEVEL_PRIMARY);
			break;
	}
}

static void
print_call(StringInfo out, const ClienteleNode *node)
{
	const ClienteleAggregate *extras = node->aggregate;

	appendStringInfo(out, "%s(%s", clientele_function_info(node->function)->name,
					 extras && extras->distinct ? "distinct " : "");
	print_operands(out, node->first, LEVEL_OR, ", ");
	if (extras)
	{
		if (extras->by)
		{
			appendStringInfoString(out, " by ");
			print_node(out, extras->by, LEVEL_PRIMARY);
		}
		if (extras->where)
		{
			appendStringInfoString(out, " where ");
			print_node(out, extras->where, LEVEL_OR);
		}
		print_window(out, &extras->window);
	}
	appendStringInfoChar(out, ')');
}

static Level
node_level(const ClienteleNode *node)
{
	switch (node->kind)
	{
		case CLIENTELE_NODE_OR:
			return LEVEL_OR;
		case CLIENTELE_NODE_AND:
			return LEVEL_AND;
		case CLIENTELE_NODE_NOT:
			return LEVEL_NOT;
		case CLIENTELE_NODE_IS_NULL:
			return LEVEL_IS;
		case CLIENTELE_NODE_COMPARE:
			return LEVEL_COMPARISON;
		case CLIENTELE_NODE_BETWEEN:
		case CLIENTELE_NODE_IN:
		case CLIENTELE_NODE_LIKE:
			return LEVEL_PREDICATE;
		case CLIENTELE_NODE_ADD:
		case CLIENTELE_NODE_SUBTRACT:
			return LEVEL_SUM;
		case CLIENTELE_NODE_MULTIPLY:
		case CLIENTELE_NODE_DIVIDE:
			return LEVEL_TERM;
		case CLIENTELE_NODE_NEGATE:
			return LEVEL_FACTOR;
		default:
			return LEVEL_PRIMARY;
	}
}

/* Prints a node where the grammar wants one of at least `level`. */
static void
print_node(StringInfo out, const ClienteleNode *node, Level level)
{
	static const char *const comparisons[] = {"=", "<>", "<", "<=", ">", ">="};
	const char *negation = node->negated ? "not " : "";
	bool		bracketed = node_level(node) < level;

	check_stack_depth();
	if (bracketed)
		appendStringInfoChar(out, '(');

	switch (node->kind)
	{
		case CLIENTELE_NODE_NUMBER:
			appendStringInfoString(out, node->string);
			break;
		case CLIENTELE_NODE_STRING:
			print_quoted(out, node->string, '\'');
			break;
		case CLIENTELE_NODE_TRUE:
			appendStringInfoString(out, "true");
			break;
		case CLIENTELE_NODE_FALSE:
			appendStringInfoString(out, "false");
			break;
		case CLIENTELE_NODE_NULL:
			appendStringInfoString(out, "null");
			break;
		case CLIENTELE_NODE_DATE:
			appendStringInfo(out, "date '%s'", node->string);
			break;
		case CLIENTELE_NODE_TIMESTAMP:
			appendStringInfo(out, "timestamp '%s'", node->string);
			break;
		case CLIENTELE_NODE_NAME:
			print_path(out, node);
			break;
		case CLIENTELE_NODE_OR:
			print_operands(out, node->first, LEVEL_AND, " or ");
			break;
		case CLIENTELE_NODE_AND:
			print_operands(out, node->first, LEVEL_NOT, " and ");
			break;
		case CLIENTELE_NODE_NOT:
			appendStringInfoString(out, "not ");
			print_node(out, node->first, LEVEL_NOT);
			break;
		case CLIENTELE_NODE_IS_NULL:
			print_node(out, node->first, LEVEL_IS);
			appendStringInfo(out, " is %snull", negation);
			break;
		case CLIENTELE_NODE_COMPARE:
			print_node(out, node->first, LEVEL_PREDICATE);
			appendStringInfo(out, " %s ", comparisons[node->comparison]);
			print_node(out, node->first->next, LEVEL_PREDICATE);
			break;
		case CLIENTELE_NODE_BETWEEN:
			print_node(out, node->first, LEVEL_SUM);
			appendStringInfo(out, " %sbetween ", negation);
			print_operands(out, node->first->next, LEVEL_SUM, " and ");
			break;
		case CLIENTELE_NODE_IN:
			print_node(out, node->first, LEVEL_SUM);
			appendStringInfo(out, " %sin (", negation);
			print_operands(out, node->first->next, LEVEL_OR, ", ");
			appendStringInfoChar(out, ')');
			break;
		case CLIENTELE_NODE_LIKE:
			print_node(out, node->first, LEVEL_SUM);
			appendStringInfo(out, " %slike ", negation);
			print_node(out, node->first->next, LEVEL_SUM);
			break;
		case CLIENTELE_NODE_ADD:
			print_binary(out, node, LEVEL_SUM, "+");
			break;
		case CLIENTELE_NODE_SUBTRACT:
			print_binary(out, node, LEVEL_SUM, "-");
			break;
		case CLIENTELE_NODE_MULTIPLY:
			print_binary(out, node, LEVEL_TERM, "*");
			break;
		case CLIENTELE_NODE_DIVIDE:
			print_binary(out, node, LEVEL_TERM, "/");
			break;
		case CLIENTELE_NODE_NEGATE:
			/* two minus signs in a row would begin a comment in SQL */
			appendStringInfoChar(out, '-');
			print_node(out, node->first, LEVEL_PRIMARY);
			break;
		case CLIENTELE_NODE_CASE:
			print_case(out, node);
			break;
		case CLIENTELE_NODE_CALL:
		case CLIENTELE_NODE_AGGREGATE:
			print_call(out, node);
			break;
	}

	if (bracketed)
		appendStringInfoChar(out, ')');
}

char *
clientele_expression_print(const ClienteleNode *tree)
{
	StringInfoData out;

	initStringInfo(&out);
	print_node(&out, tree, LEVEL_OR);
	return out.data;
}
