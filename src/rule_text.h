/*
 * rule_text.h
 *		How a rule is stored: as its own canonical text, under a version word.
 *
 * expression and scorecard are languages.  Their values are stored as the text
 * that their output function prints, and compiled when they are bound to a row
 * type, once per query.  So there is no second format that could disagree with
 * the first, no offset that could overflow, and hostile bytes meet nothing but
 * the parser.
 */
#ifndef CLIENTELE_RULE_TEXT_H
#define CLIENTELE_RULE_TEXT_H

#include "lib/stringinfo.h"

struct Node;

/* The longest rule, in bytes; a longer one is refused with 54000. */
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
} ClienteleRuleTextType;

extern Datum clientele_rule_text_make(const ClienteleRuleTextType *type, const char *text, size_t length);

/* The text as a palloc'd C string; an unknown version is an error. */
extern char *clientele_rule_text_get(const ClienteleRuleTextType *type, Datum value);

/* Binary form: one version byte, then the text in the client's encoding. */
extern Datum clientele_rule_text_send(const ClienteleRuleTextType *type, Datum value);
extern char *clientele_rule_text_recv(const ClienteleRuleTextType *type, StringInfo message);

/* Refuses text longer than CLIENTELE_RULE_TEXT_MAX; every input function's first step. */
extern bool clientele_rule_text_check_length(const ClienteleRuleTextType *type, size_t length,
											 struct Node *escontext);

#endif							/* CLIENTELE_RULE_TEXT_H */
