/*
 * expression_parse.h
 *		What the scanner and the grammar of the expression language share.
 *
 * Private to expression_scan.l, expression_gram.y and expression_tree.c.
 */
#ifndef CLIENTELE_EXPRESSION_PARSE_H
#define CLIENTELE_EXPRESSION_PARSE_H

#include "lib/stringinfo.h"

#include "compat.h"
#include "expression/expression_tree.h"

/* The state of one parse.  All of it dies with the caller's memory context. */
typedef struct ClienteleParser
{
	const char *text;			/* the whole input, for messages: flex writes
								 * into its own copy */
	struct Node *escontext;		/* where a soft error goes, or NULL */
	bool		failed;			/* an error was saved in escontext */
	int			parentheses;	/* open ones, at the scanner's place */
	StringInfoData quoted;		/* the quoted text being scanned ... */
	int			quoted_at;		/* ... and where it began */
	ClienteleNode *result;
} ClienteleParser;

/* A place in the text, as a byte offset. */
typedef int ClienteleLocation;

/* Saves or throws an error about a place in the text.  `hint` may be NULL. */
extern void clientele_parse_error(ClienteleParser *parser, int sqlstate, int location,
								  const char *message, const char *hint);

/*
 * Constructors, called by the grammar.  They return NULL after an error that
 * was saved; a NULL operand then passes through.
 */
extern ClienteleNode *clientele_make_node(ClienteleParser *parser, ClienteleNodeKind kind, int location);
extern ClienteleNode *clientele_make_literal(ClienteleParser *parser, ClienteleNodeKind kind,
											 const char *string, int location);
extern ClienteleNode *clientele_add_operand(ClienteleParser *parser, ClienteleNode *parent, ClienteleNode *operand);
extern ClienteleNode *clientele_make_operator(ClienteleParser *parser, ClienteleNodeKind kind, int location,
											  ClienteleNode *left, ClienteleNode *right);
extern ClienteleNode *clientele_make_chain(ClienteleParser *parser, ClienteleNodeKind kind, int location,
										   ClienteleNode *left, ClienteleNode *right);
extern ClienteleNode *clientele_make_comparison(ClienteleParser *parser, ClienteleComparison comparison,
												int location, ClienteleNode *left, ClienteleNode *right);
extern ClienteleNode *clientele_make_negation(ClienteleParser *parser, int location, ClienteleNode *operand);
extern ClienteleNode *clientele_finish_in(ClienteleParser *parser, ClienteleNode *value,
										  ClienteleNode *list, bool negated, int location);
extern ClienteleNode *clientele_make_like(ClienteleParser *parser, ClienteleNode *value,
										  ClienteleNode *pattern, bool negated, int location);
extern ClienteleNode *clientele_make_between(ClienteleParser *parser, ClienteleNode *value, ClienteleNode *low,
											 ClienteleNode *high, bool negated, int location);
extern ClienteleNode *clientele_make_call(ClienteleParser *parser, const char *name, int location,
										  ClienteleNode *arguments, ClienteleAggregate *extras);
extern ClienteleNode *clientele_finish(ClienteleParser *parser, ClienteleNode *tree);

/* True if `name` can stand unquoted and be read back as itself. */
extern bool clientele_name_is_plain(const char *name);

/* The text of full-width punctuation at `text`, and what to type instead. */
extern const char *clientele_look_alike(const char *text, int *length);

#endif							/* CLIENTELE_EXPRESSION_PARSE_H */
