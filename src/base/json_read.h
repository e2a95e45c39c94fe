/*
 * json_read.h
 *		Reading definitions from JSON: strictly, with the place of a mistake.
 *
 * Nothing is guessed: whatever is unknown, said twice or of another kind is
 * refused, with the place where it stands, as in characteristics[2].bins[0].points
 * (counted from 0).
 *
 * Every reader returns false once a mistake has been reported, which happens only
 * where the caller asked for soft errors; what was read is then of no use.
 */
#ifndef CLIENTELE_JSON_READ_H
#define CLIENTELE_JSON_READ_H

#include "base/decimal.h"
#include "base/json_tree.h"

struct Node;

/* A step on the way from the whole text to one of its parts. */
typedef struct ClienteleJsonPlace
{
	const struct ClienteleJsonPlace *up;	/* NULL = the whole text */
	const char *key;			/* NULL = an element of an array ... */
	int			index;			/* ... with this number ... */
	const char *title;			/* ... or, better for its reader, this name */
} ClienteleJsonPlace;

typedef struct ClienteleJsonReader
{
	const char *type_name;		/* of the SQL type, for messages */
	struct Node *escontext;
} ClienteleJsonReader;

/* The keys an object may have. */
typedef struct ClienteleJsonShape
{
	int			nkeys;
	const char *const *keys;
	const char *hint;			/* names them all */
} ClienteleJsonShape;

/* Report a mistake; always false, for the caller to return. */
extern bool clientele_json_refuse(const ClienteleJsonReader *reader, const ClienteleJsonPlace *place,
								  int sqlstate, const char *hint, const char *message);
extern bool clientele_json_refuse_kind(const ClienteleJsonReader *reader, const ClienteleJsonPlace *place,
									   const ClienteleJson *value, const char *wanted, const char *hint);
extern bool clientele_json_refuse_missing(const ClienteleJsonReader *reader, const ClienteleJsonPlace *place,
										  const char *key, const char *hint);

/* A member that must be there. */
extern bool clientele_json_require(const ClienteleJsonReader *reader, const ClienteleJsonPlace *up,
								   const ClienteleJson *value, const char *key, const char *hint);

/* Sorts an object's members by the shape's keys; a key that is not there is NULL. */
extern bool clientele_json_read_object(const ClienteleJsonReader *reader, const ClienteleJsonPlace *place,
									   const ClienteleJson *value, const ClienteleJsonShape *shape,
									   const ClienteleJson **members);

/* A list that is not empty. */
extern bool clientele_json_check_list(const ClienteleJsonReader *reader, const ClienteleJsonPlace *place,
									  const ClienteleJson *value, const char *hint);

/* Text that is not empty, and a number of up to 18 digits before and after the point. */
extern bool clientele_json_read_text(const ClienteleJsonReader *reader, const ClienteleJsonPlace *place,
									 const ClienteleJson *value, const char **result);
extern bool clientele_json_read_number(const ClienteleJsonReader *reader, const ClienteleJsonPlace *place,
									   const ClienteleJson *value, ClienteleDecimal *result);

/* Text by which something is looked up: an error if it is too long for that (text_length.h). */
extern bool clientele_json_check_length(const ClienteleJsonReader *reader, const ClienteleJsonPlace *place,
										const ClienteleJson *value, const char *text);

/* A member of `up` that must be there: a name of 1 to 63 bytes. */
extern bool clientele_json_read_name(const ClienteleJsonReader *reader, const ClienteleJsonPlace *up,
									 const ClienteleJson *value, const char *key, const char **result);

/* A member of `up` that must be there: one of so many words; which, counted from 0. */
extern bool clientele_json_read_word(const ClienteleJsonReader *reader, const ClienteleJsonPlace *up,
									 const ClienteleJson *value, const char *key, int nwords,
									 const char *const *words, const char *hint, int *result);

/* Checks an expression and gives its canonical text. */
extern bool clientele_json_read_expression(const ClienteleJsonReader *reader, const ClienteleJsonPlace *place,
										   const ClienteleJson *value, const char **result);

/* Members of `up` that may be absent: NULL, or not present and 0; a whole number keeps its default. */
extern bool clientele_json_read_optional_text(const ClienteleJsonReader *reader, const ClienteleJsonPlace *up,
											  const ClienteleJson *value, const char **result);
extern bool clientele_json_read_optional_number(const ClienteleJsonReader *reader, const ClienteleJsonPlace *up,
												const ClienteleJson *value, bool *present,
												ClienteleDecimal *result);
extern bool clientele_json_read_optional_int(const ClienteleJsonReader *reader, const ClienteleJsonPlace *up,
											 const ClienteleJson *value, int low, int high, int *result);
extern bool clientele_json_read_optional_expression(const ClienteleJsonReader *reader, const ClienteleJsonPlace *up,
													const ClienteleJson *value, const char **result);

/* A column, or a path to one, as expressions write it. */
extern bool clientele_json_read_optional_column(const ClienteleJsonReader *reader, const ClienteleJsonPlace *up,
												const ClienteleJson *value, const char **result);

#endif							/* CLIENTELE_JSON_READ_H */
