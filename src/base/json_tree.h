/*
 * json_tree.h
 *		JSON text as a tree that keeps what jsonb forgets.
 *
 * A definition that somebody typed must be refused where it says a thing twice;
 * jsonb keeps the last of two equal keys in silence.  This tree keeps every
 * member, in order, and every number as it was spelled.
 */
#ifndef CLIENTELE_JSON_TREE_H
#define CLIENTELE_JSON_TREE_H

#include "postgres.h"

typedef enum ClienteleJsonKind
{
	CLIENTELE_JSON_OBJECT,
	CLIENTELE_JSON_ARRAY,
	CLIENTELE_JSON_STRING,
	CLIENTELE_JSON_NUMBER,
	CLIENTELE_JSON_TRUE,
	CLIENTELE_JSON_FALSE,
	CLIENTELE_JSON_NULL
} ClienteleJsonKind;

typedef struct ClienteleJson ClienteleJson;

struct ClienteleJson
{
	ClienteleJsonKind kind;
	const char *key;			/* unescaped; NULL unless it stands in an object */
	const char *text;			/* strings: unescaped; other scalars: as
								 * spelled; NULL for objects and arrays */
	ClienteleJson *parent;
	ClienteleJson *first;		/* members or elements, in the text's order */
	ClienteleJson *last;
	ClienteleJson *next;
	int			nchildren;
};

/*
 * Reads one JSON text.  A mistake is reported as one of the type `type_name`
 * with the hint `hint`; with an ErrorSaveContext that leaves NULL.
 */
extern ClienteleJson *clientele_json_tree_read(const char *text, const char *type_name, const char *hint,
										  struct Node *escontext);

/* The same tree of a stored document. */
struct JsonbContainer;
extern ClienteleJson *clientele_json_tree_of_jsonb(struct JsonbContainer *document);

/* Takes the first member of that key out of an object; NULL where there is none, or no object. */
extern ClienteleJson *clientele_json_take_member(ClienteleJson *object, const char *key);

/* A value or a text as an error message shows it: cut when long. */
extern char *clientele_json_show(const ClienteleJson *value);
extern char *clientele_json_show_text(const char *text);

#endif							/* CLIENTELE_JSON_TREE_H */
