/*
 * expression_tree.c
 *		Building the syntax tree.
 *
 * Every rule about what may stand where that needs no column's type is checked
 * here, while the tree is built: so a bad rule is refused where it is typed.
 */
#include "postgres.h"

#include <ctype.h>

#include "mb/pg_wchar.h"

#include "base/iso_time.h"
#include "expression/expression_function.h"
#include "expression/expression_parse.h"
#include "expression/expression_tree.h"

/* The most digits a number may have when written out without an exponent. */
#define MAX_DIGITS 1000

/* How many columns of a wrong rule a message shows, before and after the place. */
#define EXCERPT_BEFORE 50
#define EXCERPT_AFTER 25

const char *
clientele_type_name(ClienteleType type)
{
	switch (type)
	{
		case CLIENTELE_ANY:
			return "unknown";
		case CLIENTELE_BOOLEAN:
			return "boolean";
		case CLIENTELE_NUMBER:
			return "number";
		case CLIENTELE_TEXT:
			return "text";
		case CLIENTELE_DATE:
			return "date";
		case CLIENTELE_TIMESTAMP:
			return "timestamp";
		case CLIENTELE_TEXT_ARRAY:
			return "text array";
	}
	return "?";
}

/* ---------- errors ---------- */

int
clientele_expression_position(const char *text, int location)
{
	internalerrposition(pg_mbstrlen_with_len(text, location) + 1);
	internalerrquery(text);
	return 0;
}

/*
 * The line of the text that holds the place, cut to what fits, and a caret under
 * the place.
 *
 * Where the text is a literal in a SQL statement, the server points its cursor
 * at the literal, and clients show no other: so the message brings its own.
 */
static char *
excerpt(const char *text, int location)
{
	StringInfoData out;
	StringInfoData caret;
	const char *start = text + location;
	const char *at;
	int			columns = 0;

	while (start > text && start[-1] != '\n')
		start--;
	for (at = start; at < text + location; at += pg_mblen(at))
		columns += Max(pg_dsplen(at), 0);

	initStringInfo(&out);
	initStringInfo(&caret);
	if (columns > EXCERPT_BEFORE)
	{
		appendStringInfoString(&out, "...");
		appendStringInfoString(&caret, "   ");
		for (; columns > EXCERPT_BEFORE; start += pg_mblen(start))
			columns -= Max(pg_dsplen(start), 0);
	}
	appendStringInfoSpaces(&caret, columns);
	for (at = start, columns = 0; *at && *at != '\n' && columns < EXCERPT_BEFORE + EXCERPT_AFTER; at += pg_mblen(at))
	{
		/* a tab's width is the terminal's secret */
		if (*at == '\t')
			appendStringInfoChar(&out, ' ');
		else
			appendBinaryStringInfo(&out, at, pg_mblen(at));
		columns += Max(pg_dsplen(at), 0);
	}
	if (*at && *at != '\n')
		appendStringInfoString(&out, "...");
	return psprintf("%s\n%s^", out.data, caret.data);
}

void
clientele_parse_error(ClienteleParser *parser, int sqlstate, int location,
					  const char *message, const char *hint)
{
	parser->failed = true;
	errsave(parser->escontext,
			(errcode(sqlstate),
			 errmsg("%s", message),
			 errdetail("At the mark:\n%s", excerpt(parser->text, location)),
			 hint ? errhint("%s", hint) : 0,
			 clientele_expression_position(parser->text, location)));
}

static ClienteleNode *
refuse(ClienteleParser *parser, int location, const char *message, const char *hint)
{
	clientele_parse_error(parser, ERRCODE_SYNTAX_ERROR, location, message, hint);
	return NULL;
}

/* ---------- literals ---------- */

/*
 * A number written out: no exponent, no leading zeros, no bare decimal point.
 * The decimals stay as typed, since they are the number's SQL scale.  NULL if it
 * has too many digits.
 */
static char *
plain_number(const char *text)
{
	StringInfoData digits;
	StringInfoData plain;
	long		exponent = 0;
	long		point;			/* how many of the digits stand before it */
	long		decimals;
	bool		seen_point = false;

	initStringInfo(&digits);
	point = 0;
	for (; *text && *text != 'e' && *text != 'E'; text++)
	{
		if (*text == '.')
			seen_point = true;
		else
		{
			appendStringInfoChar(&digits, *text);
			if (!seen_point)
				point++;
		}
	}
	if (*text)
	{
		errno = 0;
		exponent = strtol(text + 1, NULL, 10);
		if (errno != 0 || exponent > MAX_DIGITS || exponent < -MAX_DIGITS)
			return NULL;
	}
	point += exponent;
	decimals = Max(digits.len - point, 0);
	if (digits.len + labs(exponent) > MAX_DIGITS)
		return NULL;

	initStringInfo(&plain);
	for (long i = Min(point, 0); i < Max(point, digits.len); i++)
	{
		if (i == point && decimals > 0)
		{
			if (plain.len == 0)
				appendStringInfoChar(&plain, '0');
			appendStringInfoChar(&plain, '.');
		}
		appendStringInfoChar(&plain, i >= 0 && i < digits.len ? digits.data[i] : '0');
		if (i < point && plain.len == 1 && plain.data[0] == '0')
			plain.data[--plain.len] = '\0';
	}
	if (plain.len == 0)
		appendStringInfoChar(&plain, '0');
	return plain.data;
}

static bool
number_is_zero(const char *plain)
{
	return plain[strspn(plain, "-0.")] == '\0';
}

ClienteleNode *
clientele_make_node(ClienteleParser *parser, ClienteleNodeKind kind, int location)
{
	ClienteleNode *node = palloc0(sizeof(ClienteleNode));

	(void) parser;
	node->kind = kind;
	node->location = location;
	node->height = 1;
	return node;
}

ClienteleNode *
clientele_make_literal(ClienteleParser *parser, ClienteleNodeKind kind, const char *string, int location)
{
	ClienteleNode *node = clientele_make_node(parser, kind, location);
	ClienteleIsoTime time;

	node->string = string;
	switch (kind)
	{
		case CLIENTELE_NODE_NUMBER:
			node->string = plain_number(string);
			if (node->string == NULL)
			{
				clientele_parse_error(parser, ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE, location,
									  psprintf("number has more than %d digits", MAX_DIGITS), NULL);
				return NULL;
			}
			break;
		case CLIENTELE_NODE_DATE:
			if (!clientele_iso_date(string, &time))
			{
				clientele_parse_error(parser, ERRCODE_INVALID_DATETIME_FORMAT, location,
									  psprintf("\"%s\" is not a date", string),
									  "Write year, month and day, as in date '2026-06-30'.");
				return NULL;
			}
			node->string = clientele_iso_print(&time, false);
			break;
		case CLIENTELE_NODE_TIMESTAMP:
			if (!clientele_iso_timestamp(string, &time))
			{
				clientele_parse_error(parser, ERRCODE_INVALID_DATETIME_FORMAT, location,
									  psprintf("\"%s\" is not a timestamp", string),
									  "Write it as in timestamp '2026-06-30 18:00' or, with an offset, '2026-06-30 18:00+08:00'.");
				return NULL;
			}
			node->string = clientele_iso_print(&time, true);
			break;
		default:
			break;
	}
	return node;
}

bool
clientele_node_is_literal(const ClienteleNode *node)
{
	switch (node->kind)
	{
		case CLIENTELE_NODE_NUMBER:
		case CLIENTELE_NODE_STRING:
		case CLIENTELE_NODE_TRUE:
		case CLIENTELE_NODE_FALSE:
		case CLIENTELE_NODE_NULL:
		case CLIENTELE_NODE_DATE:
		case CLIENTELE_NODE_TIMESTAMP:
			return true;
		default:
			return false;
	}
}

/* ---------- operators ---------- */

static bool
is_now(const ClienteleNode *node)
{
	return node->kind == CLIENTELE_NODE_CALL && node->function == CLIENTELE_FN_NOW;
}

/*
 * Appends an operand.  Depth is capped here, where every tree grows, so that no
 * later walk can exhaust the stack.
 */
ClienteleNode *
clientele_add_operand(ClienteleParser *parser, ClienteleNode *parent, ClienteleNode *operand)
{
	/*
	 * now() moves with every instant, so a value made of it would never keep
	 * still.  Beside a comparison there is one instant at which it matters.
	 */
	if (is_now(operand) && parent->kind != CLIENTELE_NODE_COMPARE && parent->kind != CLIENTELE_NODE_BETWEEN)
		return refuse(parser, operand->location, "now() may only be compared",
					  "Write booked_at > now(), or use today() or days_since(booked_at).");

	if (parent->first)
		parent->last->next = operand;
	else
		parent->first = operand;
	parent->last = operand;

	parent->height = Max(parent->height, operand->height + 1);
	if (parent->height > CLIENTELE_MAX_HEIGHT)
	{
		clientele_parse_error(parser, ERRCODE_STATEMENT_TOO_COMPLEX, parent->location,
							  psprintf("expression is nested more than %d levels deep", CLIENTELE_MAX_HEIGHT),
							  NULL);
		return NULL;
	}
	return parent;
}

ClienteleNode *
clientele_make_operator(ClienteleParser *parser, ClienteleNodeKind kind, int location,
						ClienteleNode *left, ClienteleNode *right)
{
	ClienteleNode *node = clientele_make_node(parser, kind, location);

	if (clientele_add_operand(parser, node, left) == NULL ||
		(right != NULL && clientele_add_operand(parser, node, right) == NULL))
		return NULL;
	return node;
}

/* a and b and c is one node with three operands, however it was bracketed. */
ClienteleNode *
clientele_make_chain(ClienteleParser *parser, ClienteleNodeKind kind, int location,
					 ClienteleNode *left, ClienteleNode *right)
{
	ClienteleNode *chain = left;

	if (left->kind != kind)
	{
		chain = clientele_make_node(parser, kind, location);
		if (clientele_add_operand(parser, chain, left) == NULL)
			return NULL;
	}
	if (right->kind != kind)
		return clientele_add_operand(parser, chain, right);

	chain->last->next = right->first;
	chain->last = right->last;
	chain->height = Max(chain->height, right->height);
	return chain;
}

ClienteleNode *
clientele_make_comparison(ClienteleParser *parser, ClienteleComparison comparison, int location,
						  ClienteleNode *left, ClienteleNode *right)
{
	ClienteleNode *node;

	if (left->kind == CLIENTELE_NODE_NULL || right->kind == CLIENTELE_NODE_NULL)
		return refuse(parser, left->kind == CLIENTELE_NODE_NULL ? left->location : right->location,
					  "a comparison with null is never true",
					  "Write is null or is not null.");

	node = clientele_make_operator(parser, CLIENTELE_NODE_COMPARE, location, left, right);
	if (node)
		node->comparison = comparison;
	return node;
}

/* The minus sign of a number becomes part of it. */
ClienteleNode *
clientele_make_negation(ClienteleParser *parser, int location, ClienteleNode *operand)
{
	if (operand->kind != CLIENTELE_NODE_NUMBER)
		return clientele_make_operator(parser, CLIENTELE_NODE_NEGATE, location, operand, NULL);

	if (operand->string[0] == '-')
		operand->string++;
	else if (!number_is_zero(operand->string))
		operand->string = psprintf("-%s", operand->string);
	operand->location = location;
	return operand;
}

ClienteleNode *
clientele_make_between(ClienteleParser *parser, ClienteleNode *value, ClienteleNode *low,
					   ClienteleNode *high, bool negated, int location)
{
	ClienteleNode *node = clientele_make_node(parser, CLIENTELE_NODE_BETWEEN, location);

	if (low->kind == CLIENTELE_NODE_NULL || high->kind == CLIENTELE_NODE_NULL)
		return refuse(parser, low->kind == CLIENTELE_NODE_NULL ? low->location : high->location,
					  "a comparison with null is never true",
					  "Leave the open side away: amount >= 100.");
	node->negated = negated;
	if (clientele_add_operand(parser, node, value) == NULL ||
		clientele_add_operand(parser, node, low) == NULL ||
		clientele_add_operand(parser, node, high) == NULL)
		return NULL;
	return node;
}

ClienteleNode *
clientele_finish_in(ClienteleParser *parser, ClienteleNode *value, ClienteleNode *list,
					bool negated, int location)
{
	ClienteleNode *node = clientele_make_node(parser, CLIENTELE_NODE_IN, location);
	ClienteleNode *next;

	node->negated = negated;
	if (clientele_add_operand(parser, node, value) == NULL)
		return NULL;
	for (ClienteleNode *item = list->first; item; item = next)
	{
		next = item->next;
		item->next = NULL;
		if (!clientele_node_is_literal(item))
			return refuse(parser, item->location, "a list after in takes literals only",
						  "Write in ('a', 'b'), or compare with = and or.");
		if (item->kind == CLIENTELE_NODE_NULL)
			return refuse(parser, item->location, "null in a list never matches",
						  "Write is null beside it: tier in ('a', 'b') or tier is null.");
		if (clientele_add_operand(parser, node, item) == NULL)
			return NULL;
	}
	return node;
}

/* An escape character must have something to escape. */
static bool
pattern_ends_in_escape(const char *pattern)
{
	for (; *pattern; pattern++)
	{
		if (*pattern == '\\' && *++pattern == '\0')
			return true;
	}
	return false;
}

ClienteleNode *
clientele_make_like(ClienteleParser *parser, ClienteleNode *value, ClienteleNode *pattern,
					bool negated, int location)
{
	ClienteleNode *node;

	if (pattern->kind != CLIENTELE_NODE_STRING)
		return refuse(parser, pattern->location, "the pattern after like must be a string",
					  "Write name like '%skin%'.");
	if (pattern_ends_in_escape(pattern->string))
	{
		clientele_parse_error(parser, ERRCODE_INVALID_ESCAPE_SEQUENCE, pattern->location,
							  "the pattern after like ends with its escape character",
							  "Write \\\\ for a backslash itself.");
		return NULL;
	}
	node = clientele_make_operator(parser, CLIENTELE_NODE_LIKE, location, value, pattern);
	if (node)
		node->negated = negated;
	return node;
}

/* ---------- calls ---------- */

static int
count_operands(const ClienteleNode *node)
{
	int			count = 0;

	for (const ClienteleNode *operand = node ? node->first : NULL; operand; operand = operand->next)
		count++;
	return count;
}

static bool
has_aggregate_clause(const ClienteleAggregate *extras)
{
	return extras->distinct || extras->by || extras->where || extras->window.kind != CLIENTELE_WINDOW_ALL;
}

/* Checks that the argument of an aggregate names a source, or a source's column. */
static bool
check_aggregate_argument(ClienteleParser *parser, const ClienteleFunctionInfo *info,
						 const ClienteleNode *argument, bool distinct)
{
	bool		takes_source = (info->function == CLIENTELE_FN_COUNT && !distinct) ||
		info->function == CLIENTELE_FN_EARLIEST || info->function == CLIENTELE_FN_LATEST;

	if (argument->kind == CLIENTELE_NODE_NAME && takes_source == (argument->next_name == NULL))
		return true;
	refuse(parser, argument->location,
		   takes_source ? psprintf("%s takes the name of a source", info->name) :
		   psprintf("%s takes a source's column", info->name),
		   psprintf("Write %s.", distinct ? "count(distinct visit.branch_id)" : info->example));
	return false;
}

/* An aggregate's condition looks at one event, which has no events of its own. */
static const ClienteleNode *
find_aggregate(const ClienteleNode *node)
{
	const ClienteleNode *found = NULL;

	if (node->kind == CLIENTELE_NODE_AGGREGATE)
		return node;
	for (const ClienteleNode *operand = node->first; operand && !found; operand = operand->next)
		found = find_aggregate(operand);
	return found;
}

/* A window's length is a whole number; what a parameter holds is checked later. */
static bool
check_length(ClienteleParser *parser, const ClienteleNode *length)
{
	if (length == NULL || length->kind != CLIENTELE_NODE_NUMBER ||
		(strspn(length->string, "0123456789") == strlen(length->string) && strlen(length->string) <= 6))
		return true;
	refuse(parser, length->location, "a window's length is a whole number of at most 6 digits",
		   "Write last 90 days.");
	return false;
}

static bool
check_clauses(ClienteleParser *parser, const ClienteleAggregate *extras)
{
	const ClienteleNode *inner = extras->where ? find_aggregate(extras->where) : NULL;

	if (inner)
	{
		refuse(parser, inner->location, "an aggregate cannot stand inside another's where",
			   "Its condition looks at one event's columns: count(payment where amount > 100).");
		return false;
	}
	return check_length(parser, extras->window.from) && check_length(parser, extras->window.to);
}

static bool
check_aggregate(ClienteleParser *parser, const ClienteleFunctionInfo *info,
				const ClienteleNode *argument, const ClienteleAggregate *extras, int location)
{
	if (extras->distinct && info->function != CLIENTELE_FN_COUNT)
	{
		refuse(parser, location, psprintf("%s does not take distinct", info->name),
			   "Only count does: count(distinct visit.branch_id).");
		return false;
	}
	if (extras->by && (info->function != CLIENTELE_FN_MODE || extras->by->function != CLIENTELE_FN_SUM ||
					   extras->by->kind != CLIENTELE_NODE_AGGREGATE || has_aggregate_clause(extras->by->aggregate)))
	{
		refuse(parser, extras->by->location, "by takes a plain sum, and only in mode",
			   "Write mode(payment.category by sum(payment.amount) last 180 days).");
		return false;
	}
	return check_aggregate_argument(parser, info, argument, extras->distinct);
}

/* An argument that says how, not what: it must be known before any row is read. */
static bool
check_literal_argument(ClienteleParser *parser, const ClienteleFunctionInfo *info,
					   const ClienteleNode *argument, ClienteleNodeKind kind)
{
	if (argument == NULL || argument->kind == kind)
		return true;
	refuse(parser, argument->location,
		   psprintf("%s takes a %s here", info->name, kind == CLIENTELE_NODE_STRING ? "string" : "number"),
		   psprintf("Write %s.", info->example));
	return false;
}

static bool
round_places_are_valid(const char *number)
{
	/* no zeros lead, so three digits are enough to see, and few enough for an int */
	return strspn(number, "0123456789") == strlen(number) && strlen(number) <= 3 && atoi(number) <= 100;
}

ClienteleNode *
clientele_make_call(ClienteleParser *parser, const char *name, int location,
					ClienteleNode *arguments, ClienteleAggregate *extras)
{
	const char *nearest = NULL;
	const ClienteleFunctionInfo *info = clientele_function_find(name, &nearest);
	int			count = count_operands(arguments);
	ClienteleNode *node;
	ClienteleNode *next;

	if (info == NULL)
	{
		clientele_parse_error(parser, ERRCODE_UNDEFINED_FUNCTION, location,
							  psprintf("there is no function %s", name),
							  nearest ? psprintf("Perhaps you mean %s, as in %s.", nearest,
												 clientele_function_find(nearest, &nearest)->example) : NULL);
		return NULL;
	}
	if (count < info->min_arguments || count > info->max_arguments)
		return refuse(parser, location,
					  info->min_arguments == info->max_arguments ?
					  psprintf("%s takes %d argument%s, not %d", name, info->min_arguments,
							   info->min_arguments == 1 ? "" : "s", count) :
					  psprintf("%s takes %d to %d arguments, not %d", name,
							   info->min_arguments, info->max_arguments, count),
					  psprintf("Write %s.", info->example));

	node = clientele_make_node(parser, info->is_aggregate ? CLIENTELE_NODE_AGGREGATE : CLIENTELE_NODE_CALL, location);
	node->function = info->function;

	if (info->is_aggregate)
	{
		if (!check_aggregate(parser, info, arguments->first, extras, location) ||
			!check_clauses(parser, extras))
			return NULL;
		node->aggregate = extras;
		if (extras->where)
			node->height = extras->where->height + 1;
		if (extras->where && is_now(extras->where))
			return refuse(parser, extras->where->location, "now() may only be compared", NULL);
	}
	else if (extras && has_aggregate_clause(extras))
		return refuse(parser, location,
					  psprintf("%s takes no distinct, by, where or window", name),
					  "Only aggregates over a source do, as in count(payment last 7 days).");

	for (ClienteleNode *argument = arguments ? arguments->first : NULL; argument; argument = next)
	{
		next = argument->next;
		argument->next = NULL;
		if (clientele_add_operand(parser, node, argument) == NULL)
			return NULL;
	}

	if (info->function == CLIENTELE_FN_HAS_TAG &&
		!check_literal_argument(parser, info, node->first, CLIENTELE_NODE_STRING))
		return NULL;
	if (info->function == CLIENTELE_FN_ROUND && node->first->next != NULL)
	{
		if (!check_literal_argument(parser, info, node->first->next, CLIENTELE_NODE_NUMBER))
			return NULL;
		if (!round_places_are_valid(node->first->next->string))
			return refuse(parser, node->first->next->location,
						  "round takes 0 to 100 decimals", "Write round(amount, 2).");
	}
	return node;
}

/* The checks that want the whole tree. */
ClienteleNode *
clientele_finish(ClienteleParser *parser, ClienteleNode *tree)
{
	if (is_now(tree))
		return refuse(parser, tree->location, "now() may only be compared",
					  "Write booked_at > now(), or use today().");
	return tree;
}
