/*
 * rule_text.h
 *		How a rule is stored: as its own canonical text, under a version word.
 *
 * expression, scorecard, model and promotion are languages.  Their values are stored
 * as the text that their output function prints, and compiled when they are bound to
 * what they are asked of, once per query.  So there is no second format that could
 * disagree with the first, no offset that could overflow, and hostile bytes meet
 * nothing but the parser.
 */
#ifndef CLIENTELE_RULE_TEXT_H
#define CLIENTELE_RULE_TEXT_H

#include "lib/stringinfo.h"

struct Node;

/* The longest expression, scorecard or promotion, in bytes. */
#define CLIENTELE_RULE_TEXT_MAX (64 * 1024)

typedef struct ClienteleRuleText
{
	int32		vl_len_;		/* varlena header, not to be touched directly */
	uint32		version;		/* of the language the text is written in; the
								 * first thing every reader checks */
	char		text[FLEXIBLE_ARRAY_MEMBER];	/* canonical, no terminating NUL */
} ClienteleRuleText;

/* What tells one such type from another. */
typedef struct ClienteleRuleTextType
{
	const char *name;			/* SQL name, for messages */
	uint32		version;		/* written into every value, demanded of it */
	int			max_length;		/* in bytes; a longer text is refused with 54000 */

	/* The canonical form of anybody's text; NULL after a soft error. */
	char	   *(*canonical) (const char *text, struct Node *escontext);
} ClienteleRuleTextType;

/* The text of a stored value as a palloc'd C string; an unknown version is an error. */
extern char *clientele_rule_text_get(const ClienteleRuleTextType *type, Datum value);

/*
 * Input and output.  Whatever way a rule comes in, it goes through the parser;
 * after a soft error the result is 0.  The binary form is one version byte, then
 * the text in the client's encoding.
 */
extern Datum clientele_rule_text_in(const ClienteleRuleTextType *type, const char *text, struct Node *escontext);
extern Datum clientele_rule_text_recv(const ClienteleRuleTextType *type, StringInfo message);
extern Datum clientele_rule_text_send(const ClienteleRuleTextType *type, Datum value);

/* Canonical text is unique, so equal rules are equal bytes. */
extern bool clientele_rule_text_equal(const ClienteleRuleTextType *type, Datum a, Datum b);
extern uint32 clientele_rule_text_hash(const ClienteleRuleTextType *type, Datum value);

#endif							/* CLIENTELE_RULE_TEXT_H */
