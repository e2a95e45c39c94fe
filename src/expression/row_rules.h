/*
 * row_rules.h
 *		Expressions bound to a row type, and their values for one row.
 *
 * This is what the SQL functions of layer 1 (matches, matching, score, tier,
 * ...) stand on: bind once per query, evaluate once per row, read the answers.
 */
#ifndef CLIENTELE_ROW_RULES_H
#define CLIENTELE_ROW_RULES_H

#include "access/tupdesc.h"
#include "fmgr.h"
#include "utils/timestamp.h"

#include "base/decimal.h"
#include "expression/program.h"

typedef enum ClienteleRowKind
{
	CLIENTELE_ROW_COMPOSITE,	/* a composite value */
	CLIENTELE_ROW_JSONB,		/* a jsonb object: names are its keys */
	CLIENTELE_ROW_COLUMNS		/* an array of NullableDatum; see row_support.c */
} ClienteleRowKind;

/* What the functions were given as a row. */
typedef struct ClienteleRowType
{
	ClienteleRowKind kind;
	Oid			type;			/* COMPOSITE: the type ... */
	int32		typmod;			/* ... with its registered record number */
	uint64		identifier;		/* changes when the type is altered */
	TupleDesc	columns;		/* COLUMNS: their names and types */
} ClienteleRowType;

/* One expression and the type its place demands of it. */
typedef struct ClienteleRule
{
	const char *text;			/* any expression text; canonical or not */
	ClienteleType wanted;		/* CLIENTELE_ANY: whatever it is */
	const char *place;			/* where it stands in a larger rule, for the
								 * context of errors; NULL = nowhere */
} ClienteleRule;

typedef struct ClienteleRowRules ClienteleRowRules;

/*
 * Binds in the current memory context, where the result lives.  Timed: also to say
 * until when answers hold; then what would be an error in a row is NULL.
 */
extern ClienteleRowRules *clientele_row_rules_bind(const ClienteleRowType *row, int nrules,
												   const ClienteleRule *rules, bool timed);

/* Evaluates all rules on a row of the kind they are bound to. */
extern void clientele_row_rules_evaluate(ClienteleRowRules *rules, Datum row, const ClienteleClock *clock);

/*
 * The answers, valid until the next evaluation.  The readers of values return
 * false where the value is unknown (NULL).
 */
extern ClienteleType clientele_row_rules_type(const ClienteleRowRules *rules, int rule);
extern bool clientele_row_rules_holds(const ClienteleRowRules *rules, int rule);
extern int	clientele_row_rules_which_hold(const ClienteleRowRules *rules, int *holding);
extern bool clientele_row_rules_number(const ClienteleRowRules *rules, int rule, ClienteleDecimal *result);
extern bool clientele_row_rules_text(const ClienteleRowRules *rules, int rule, char **result);	/* any type, as text */
extern TimestampTz clientele_row_rules_valid_until(const ClienteleRowRules *rules, int rule);	/* timed */

#endif							/* CLIENTELE_ROW_RULES_H */
