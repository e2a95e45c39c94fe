%code requires {
/*
 * expression_gram.y
 *		The sentences of the expression language: SQL's conditions, and
 *		aggregates over the events of a source.
 *
 * The levels of precedence are written out as rules, loosest first, and the
 * printer in expression_tree.c follows the same order.
 */
#include "postgres.h"

#include "expression/expression_parse.h"
}

%code {
#include "expression/expression_scan.h"

/* the parser's own stack lives and dies with the caller's memory context */
#define YYMALLOC palloc
#define YYFREE pfree

static void clientele_yyerror(ClienteleLocation *location, ClienteleParser *parser, yyscan_t scanner,
							  const char *message);

/* stops at the first error, also at one that was only saved */
#define CHECK(node) \
	do { if ((node) == NULL) YYABORT; } while (0)

#pragma GCC diagnostic ignored "-Wsign-compare"
}

%define api.pure full
%define api.prefix {clientele_yy}
%define api.location.type {ClienteleLocation}
%locations
%initial-action { @$ = 0; }
%code {
#define YYLLOC_DEFAULT(Current, Rhs, N) \
	do { (Current) = (N) ? YYRHSLOC(Rhs, 1) : YYRHSLOC(Rhs, 0); } while (0)
}
%parse-param {ClienteleParser *parser}
%parse-param {void *scanner}
%lex-param {void *scanner}
%expect 0

%union
{
	const char *string;
	ClienteleNode *node;
	ClienteleAggregate *aggregate;
	ClienteleWindow *window;
	ClienteleComparison comparison;
	ClienteleUnit unit;
	bool		flag;
}

%token <string> NUMBER STRING NAME
%token NOT_EQUAL LESS_EQUAL GREATER_EQUAL
%token AND BETWEEN CASE DISTINCT ELSE END FALSE_WORD FROM IN IS LIKE NOT NULL_WORD OR THEN TO TRUE_WORD WHEN WHERE
%token <string> AGO BY DATE DAY DAYS HOUR HOURS LAST MONTH MONTHS SINCE TIMESTAMP WEEK WEEKS YEAR YEARS

%type <node> expression or_level and_level not_level is_level comparison predicate sum term factor primary
%type <node> literal path call list whens length opt_where opt_by
%type <aggregate> extras
%type <window> opt_window
%type <string> name
%type <comparison> comparison_operator
%type <unit> unit
%type <flag> opt_not opt_distinct

%%

expression:
	or_level
		{
			(void) yynerrs;		/* counted by bison, read by nobody: clang warns */
			parser->result = clientele_finish(parser, $1);
			CHECK(parser->result);
			$$ = parser->result;
		}
	;

or_level:
	and_level
	| or_level OR and_level
		{ $$ = clientele_make_chain(parser, CLIENTELE_NODE_OR, @2, $1, $3); CHECK($$); }
	;

and_level:
	not_level
	| and_level AND not_level
		{ $$ = clientele_make_chain(parser, CLIENTELE_NODE_AND, @2, $1, $3); CHECK($$); }
	;

not_level:
	is_level
	| NOT not_level
		{ $$ = clientele_make_operator(parser, CLIENTELE_NODE_NOT, @1, $2, NULL); CHECK($$); }
	;

is_level:
	comparison
	| is_level IS opt_not NULL_WORD
		{
			$$ = clientele_make_operator(parser, CLIENTELE_NODE_IS_NULL, @2, $1, NULL);
			CHECK($$);
			$$->negated = $3;
		}
	;

comparison:
	predicate
	| predicate comparison_operator predicate
		{ $$ = clientele_make_comparison(parser, $2, @2, $1, $3); CHECK($$); }
	;

comparison_operator:
	'='					{ $$ = CLIENTELE_EQ; }
	| NOT_EQUAL			{ $$ = CLIENTELE_NE; }
	| '<'				{ $$ = CLIENTELE_LT; }
	| LESS_EQUAL		{ $$ = CLIENTELE_LE; }
	| '>'				{ $$ = CLIENTELE_GT; }
	| GREATER_EQUAL		{ $$ = CLIENTELE_GE; }
	;

predicate:
	sum
	| sum opt_not BETWEEN sum AND sum
		{ $$ = clientele_make_between(parser, $1, $4, $6, $2, @3); CHECK($$); }
	| sum opt_not IN '(' list ')'
		{ $$ = clientele_finish_in(parser, $1, $5, $2, @3); CHECK($$); }
	| sum opt_not LIKE sum
		{ $$ = clientele_make_like(parser, $1, $4, $2, @3); CHECK($$); }
	;

opt_not:
	%empty				{ $$ = false; }
	| NOT				{ $$ = true; }
	;

sum:
	term
	| sum '+' term
		{ $$ = clientele_make_operator(parser, CLIENTELE_NODE_ADD, @2, $1, $3); CHECK($$); }
	| sum '-' term
		{ $$ = clientele_make_operator(parser, CLIENTELE_NODE_SUBTRACT, @2, $1, $3); CHECK($$); }
	;

term:
	factor
	| term '*' factor
		{ $$ = clientele_make_operator(parser, CLIENTELE_NODE_MULTIPLY, @2, $1, $3); CHECK($$); }
	| term '/' factor
		{ $$ = clientele_make_operator(parser, CLIENTELE_NODE_DIVIDE, @2, $1, $3); CHECK($$); }
	;

factor:
	primary
	| '-' factor
		{ $$ = clientele_make_negation(parser, @1, $2); CHECK($$); }
	| '+' factor
		{ $$ = $2; }
	;

primary:
	literal
	| path
	| call
	| '(' or_level ')'
		{ $$ = $2; }
	| CASE whens END
		{ $$ = $2; }
	| CASE whens ELSE or_level END
		{ $$ = clientele_add_operand(parser, $2, $4); CHECK($$); }
	;

whens:
	WHEN or_level THEN or_level
		{
			$$ = clientele_make_node(parser, CLIENTELE_NODE_CASE, @1);
			CHECK(clientele_add_operand(parser, $$, $2));
			CHECK(clientele_add_operand(parser, $$, $4));
		}
	| whens WHEN or_level THEN or_level
		{
			$$ = $1;
			CHECK(clientele_add_operand(parser, $$, $3));
			CHECK(clientele_add_operand(parser, $$, $5));
		}
	;

literal:
	NUMBER
		{ $$ = clientele_make_literal(parser, CLIENTELE_NODE_NUMBER, $1, @1); CHECK($$); }
	| STRING
		{ $$ = clientele_make_literal(parser, CLIENTELE_NODE_STRING, $1, @1); CHECK($$); }
	| DATE STRING
		{ $$ = clientele_make_literal(parser, CLIENTELE_NODE_DATE, $2, @1); CHECK($$); }
	| TIMESTAMP STRING
		{ $$ = clientele_make_literal(parser, CLIENTELE_NODE_TIMESTAMP, $2, @1); CHECK($$); }
	| TRUE_WORD
		{ $$ = clientele_make_node(parser, CLIENTELE_NODE_TRUE, @1); }
	| FALSE_WORD
		{ $$ = clientele_make_node(parser, CLIENTELE_NODE_FALSE, @1); }
	| NULL_WORD
		{ $$ = clientele_make_node(parser, CLIENTELE_NODE_NULL, @1); }
	;

path:
	name
		{ $$ = clientele_make_literal(parser, CLIENTELE_NODE_NAME, $1, @1); CHECK($$); }
	| path '.' name
		{
			ClienteleNode *part = clientele_make_literal(parser, CLIENTELE_NODE_NAME, $3, @3);
			ClienteleNode *end = $1;

			CHECK(part);
			while (end->next_name)
				end = end->next_name;
			end->next_name = part;
			$$ = $1;
		}
	;

name:
	NAME
	| AGO
	| BY
	| DATE
	| DAY
	| DAYS
	| HOUR
	| HOURS
	| LAST
	| MONTH
	| MONTHS
	| SINCE
	| TIMESTAMP
	| WEEK
	| WEEKS
	| YEAR
	| YEARS
	;

call:
	name '(' ')'
		{ $$ = clientele_make_call(parser, $1, @1, NULL, NULL); CHECK($$); }
	| name '(' opt_distinct list extras ')'
		{
			$5->distinct = $3;
			$$ = clientele_make_call(parser, $1, @1, $4, $5);
			CHECK($$);
		}
	| name '(' '*' ')'
		{
			clientele_parse_error(parser, ERRCODE_SYNTAX_ERROR, @3, "* cannot be counted",
								  "Name the source to count, as in count(payment).");
			YYABORT;
		}
	;

opt_distinct:
	%empty				{ $$ = false; }
	| DISTINCT			{ $$ = true; }
	;

/* A list is the operands of a node that nobody else sees. */
list:
	or_level
		{
			$$ = clientele_make_node(parser, CLIENTELE_NODE_CALL, @1);
			CHECK(clientele_add_operand(parser, $$, $1));
		}
	| list ',' or_level
		{
			$$ = $1;
			CHECK(clientele_add_operand(parser, $$, $3));
		}
	;

extras:
	opt_by opt_where opt_window
		{
			$$ = palloc0(sizeof(ClienteleAggregate));
			$$->by = $1;
			$$->where = $2;
			$$->window = *$3;
		}
	;

opt_by:
	%empty				{ $$ = NULL; }
	| BY call			{ $$ = $2; }
	;

opt_where:
	%empty				{ $$ = NULL; }
	| WHERE or_level	{ $$ = $2; }
	;

opt_window:
	%empty
		{
			$$ = palloc0(sizeof(ClienteleWindow));
			$$->kind = CLIENTELE_WINDOW_ALL;
		}
	| LAST length unit
		{
			$$ = palloc0(sizeof(ClienteleWindow));
			$$->kind = CLIENTELE_WINDOW_LAST;
			$$->from = $2;
			$$->from_unit = $3;
		}
	| FROM length unit AGO TO length unit AGO
		{
			$$ = palloc0(sizeof(ClienteleWindow));
			$$->kind = CLIENTELE_WINDOW_BETWEEN;
			$$->from = $2;
			$$->from_unit = $3;
			$$->to = $6;
			$$->to_unit = $7;
		}
	| SINCE DATE STRING
		{
			$$ = palloc0(sizeof(ClienteleWindow));
			$$->kind = CLIENTELE_WINDOW_SINCE;
			$$->from = clientele_make_literal(parser, CLIENTELE_NODE_DATE, $3, @2);
			CHECK($$->from);
		}
	;

length:
	NUMBER
		{ $$ = clientele_make_literal(parser, CLIENTELE_NODE_NUMBER, $1, @1); CHECK($$); }
	| name
		{ $$ = clientele_make_literal(parser, CLIENTELE_NODE_NAME, $1, @1); CHECK($$); }
	;

unit:
	HOUR				{ $$ = CLIENTELE_HOURS; }
	| HOURS				{ $$ = CLIENTELE_HOURS; }
	| DAY				{ $$ = CLIENTELE_DAYS; }
	| DAYS				{ $$ = CLIENTELE_DAYS; }
	| WEEK				{ $$ = CLIENTELE_WEEKS; }
	| WEEKS				{ $$ = CLIENTELE_WEEKS; }
	| MONTH				{ $$ = CLIENTELE_MONTHS; }
	| MONTHS			{ $$ = CLIENTELE_MONTHS; }
	| YEAR				{ $$ = CLIENTELE_YEARS; }
	| YEARS				{ $$ = CLIENTELE_YEARS; }
	;

%%

/* How long the word at `text` is, for a message: never half a character. */
static int
word_length(const char *text)
{
	int			length = 0;

	while (text[length] == '_' || text[length] == '$' || IS_HIGHBIT_SET(text[length]) ||
		   (text[length] >= '0' && text[length] <= '9') ||
		   (text[length] >= 'a' && text[length] <= 'z') ||
		   (text[length] >= 'A' && text[length] <= 'Z'))
		length++;
	return length ? length : 1;
}

static void
clientele_yyerror(ClienteleLocation *location, ClienteleParser *parser, yyscan_t scanner,
				  const char *message)
{
	const char *at = parser->text + *location;

	(void) scanner;

	/* the scanner has reported a better reason */
	if (parser->failed)
		return;

	/* bison's stack is full: the only other thing it has to say */
	if (strstr(message, "memory") != NULL)
		clientele_parse_error(parser, ERRCODE_STATEMENT_TOO_COMPLEX, *location,
							  psprintf("expression is nested more than %d levels deep", CLIENTELE_MAX_HEIGHT),
							  NULL);
	else if (*at == '\0')
		clientele_parse_error(parser, ERRCODE_SYNTAX_ERROR, *location,
							  parser->text[strspn(parser->text, " \t\n\r\f\v")] == '\0' ?
							  "expression is empty" : "expression ends too early",
							  "A complete one: gender = 'F' and age(birthday) >= 18.");
	else
		clientele_parse_error(parser, ERRCODE_SYNTAX_ERROR, *location,
							  psprintf("syntax error in expression at or near \"%.*s\"",
									   *at == '\'' || *at == '"' ? 1 + word_length(at + 1) : word_length(at), at),
							  NULL);
}

ClienteleNode *
clientele_expression_parse(const char *text, struct Node *escontext)
{
	ClienteleParser parser = {0};
	yyscan_t	scanner;
	int			outcome;

	parser.text = text;
	parser.escontext = escontext;
	scanner = clientele_scanner_open(&parser);
	outcome = clientele_yyparse(&parser, scanner);
	clientele_scanner_close(scanner);
	return outcome == 0 && !parser.failed ? parser.result : NULL;
}
