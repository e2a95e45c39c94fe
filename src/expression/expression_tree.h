/*
 * expression_tree.h
 *		The syntax tree of the expression language.
 *
 * The parser builds it, the printer turns it into canonical text, the binder
 * compiles it for a row type.  It knows names only as they were written: the
 * parser looks into no catalog.
 */
#ifndef CLIENTELE_EXPRESSION_TREE_H
#define CLIENTELE_EXPRESSION_TREE_H

#include "postgres.h"

struct Node;

/* Types of the language. */
typedef enum ClienteleType
{
	CLIENTELE_ANY,				/* open: NULL, an untyped 'string', a JSON key */
	CLIENTELE_BOOLEAN,
	CLIENTELE_NUMBER,
	CLIENTELE_TEXT,
	CLIENTELE_DATE,				/* a calendar day */
	CLIENTELE_TIMESTAMP,		/* an instant */
	CLIENTELE_TEXT_ARRAY
} ClienteleType;

extern const char *clientele_type_name(ClienteleType type);

typedef enum ClienteleNodeKind
{
	/* literals: text in ->string */
	CLIENTELE_NODE_NUMBER,
	CLIENTELE_NODE_STRING,
	CLIENTELE_NODE_TRUE,
	CLIENTELE_NODE_FALSE,
	CLIENTELE_NODE_NULL,
	CLIENTELE_NODE_DATE,
	CLIENTELE_NODE_TIMESTAMP,
	/* a name, or a path of names: ->string, then ->next_name */
	CLIENTELE_NODE_NAME,
	/* operators: operands in ->first and their ->next */
	CLIENTELE_NODE_OR,			/* two or more operands */
	CLIENTELE_NODE_AND,
	CLIENTELE_NODE_NOT,
	CLIENTELE_NODE_COMPARE,		/* ->comparison */
	CLIENTELE_NODE_BETWEEN,		/* value, low, high; ->negated */
	CLIENTELE_NODE_IN,			/* value, then the literals; ->negated */
	CLIENTELE_NODE_LIKE,		/* value, pattern; ->negated */
	CLIENTELE_NODE_IS_NULL,		/* ->negated */
	CLIENTELE_NODE_ADD,
	CLIENTELE_NODE_SUBTRACT,
	CLIENTELE_NODE_MULTIPLY,
	CLIENTELE_NODE_DIVIDE,
	CLIENTELE_NODE_NEGATE,
	/* when, then, when, then, ..., and the else where their count is odd */
	CLIENTELE_NODE_CASE,
	CLIENTELE_NODE_CALL,		/* ->function; arguments */
	CLIENTELE_NODE_AGGREGATE	/* ->function; ->aggregate */
} ClienteleNodeKind;

typedef enum ClienteleComparison
{
	CLIENTELE_EQ,
	CLIENTELE_NE,
	CLIENTELE_LT,
	CLIENTELE_LE,
	CLIENTELE_GT,
	CLIENTELE_GE
} ClienteleComparison;

typedef enum ClienteleFunction
{
	/* functions of the row and the time */
	CLIENTELE_FN_ABS,
	CLIENTELE_FN_AGE,
	CLIENTELE_FN_COALESCE,
	CLIENTELE_FN_CONTAINS,
	CLIENTELE_FN_DATE,
	CLIENTELE_FN_DAY,
	CLIENTELE_FN_DAYS_SINCE,
	CLIENTELE_FN_FLOOR,
	CLIENTELE_FN_GREATEST,
	CLIENTELE_FN_HAS_TAG,
	CLIENTELE_FN_LEAST,
	CLIENTELE_FN_MONTH,
	CLIENTELE_FN_MONTHS_SINCE,
	CLIENTELE_FN_NOW,
	CLIENTELE_FN_ROUND,
	CLIENTELE_FN_STARTS_WITH,
	CLIENTELE_FN_TODAY,
	CLIENTELE_FN_WEEKDAY,
	CLIENTELE_FN_YEARS_SINCE,
	/* aggregates over the events of a source */
	CLIENTELE_FN_AVG,
	CLIENTELE_FN_COUNT,
	CLIENTELE_FN_EARLIEST,
	CLIENTELE_FN_FIRST,
	CLIENTELE_FN_LAST,
	CLIENTELE_FN_LATEST,
	CLIENTELE_FN_MAX,
	CLIENTELE_FN_MIN,
	CLIENTELE_FN_MODE,
	CLIENTELE_FN_SUM
} ClienteleFunction;

typedef enum ClienteleUnit
{
	CLIENTELE_HOURS,
	CLIENTELE_DAYS,
	CLIENTELE_WEEKS,
	CLIENTELE_MONTHS,
	CLIENTELE_YEARS
} ClienteleUnit;

typedef struct ClienteleNode ClienteleNode;

typedef enum ClienteleWindowKind
{
	CLIENTELE_WINDOW_ALL,		/* all time up to as_of */
	CLIENTELE_WINDOW_LAST,		/* last 7 days */
	CLIENTELE_WINDOW_BETWEEN,	/* from 180 days ago to 90 days ago */
	CLIENTELE_WINDOW_SINCE		/* since date '2026-01-01' */
} ClienteleWindowKind;

/* How far an aggregate looks back.  Lengths are numbers or parameters' names. */
typedef struct ClienteleWindow
{
	ClienteleWindowKind kind;
	ClienteleNode *from;		/* LAST, BETWEEN: a length; SINCE: the date */
	ClienteleUnit from_unit;
	ClienteleNode *to;			/* BETWEEN only */
	ClienteleUnit to_unit;
} ClienteleWindow;

/* What an aggregate has beside its argument, which is ->first. */
typedef struct ClienteleAggregate
{
	bool		distinct;
	ClienteleNode *by;			/* mode(s.col by sum(s.amount)): the sum */
	ClienteleNode *where;		/* a condition on the event, or NULL */
	ClienteleWindow window;
} ClienteleAggregate;

struct ClienteleNode
{
	ClienteleNodeKind kind;
	int			location;		/* byte offset in the parsed text, for errors */
	int			height;			/* 1 + the highest child's; capped, so that no
								 * recursion over a tree can run away */
	bool		negated;
	ClienteleComparison comparison;
	ClienteleFunction function;
	const char *string;			/* literals: canonical text; names: as folded */
	ClienteleNode *next_name;	/* names: the next part of the path */
	ClienteleNode *first;		/* operands, in order ... */
	ClienteleNode *last;		/* ... and the last of them, for appending */
	ClienteleNode *next;		/* the next operand of the same parent */
	ClienteleAggregate *aggregate;
	ClienteleType type;			/* filled by the binder */
};

/* Deeper nesting is refused with 54001. */
#define CLIENTELE_MAX_HEIGHT 200

extern bool clientele_node_is_literal(const ClienteleNode *node);

/* The tree's canonical text; it parses back to the same tree. */
extern char *clientele_expression_print(const ClienteleNode *tree);

/*
 * Parses text.  With an ErrorSaveContext a mistake gives NULL and a filled
 * context; otherwise it is thrown, with the position of the word it is about.
 */
extern ClienteleNode *clientele_expression_parse(const char *text, struct Node *escontext);

/* An error about the place `location` of `text`: its cursor position. */
extern int	clientele_expression_position(const char *text, int location);

#endif							/* CLIENTELE_EXPRESSION_TREE_H */
