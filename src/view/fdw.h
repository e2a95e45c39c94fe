/*
 * fdw.h
 *		What the planner's half and the executor's half of the foreign data wrapper
 *		tell each other.
 *
 * A foreign table of server clientele shows customers as they are evaluated while
 * they are read:
 *
 *	rows 'live'		(as_of, key, outputs ..., tags, evaluated_at, due_at): every customer
 *					now; as_of says when that is
 *	rows 'all'		(as_of, key, outputs ..., tags, due_at): every customer at an instant
 *					that the query chooses
 *	rows 'stale'	the same columns: customers whose stored row cannot be served
 *	rows 'marked'	(key): customers whose facts have changed since they were stored;
 *					a NULL stands for everyone
 *	rows 'simulated'	(as_of, question, draft, definition, from_label, to_label, customers,
 *					revenue, key): what a question that the query asks has for an answer, in
 *					parts that are to be added up (see simulation.h)
 */
#ifndef CLIENTELE_FDW_H
#define CLIENTELE_FDW_H

#include "postgres.h"

#include "nodes/nodes.h"

#include "population/population.h"

struct FdwRoutine;

typedef enum ClienteleForeignRows
{
	CLIENTELE_FOREIGN_LIVE,
	CLIENTELE_FOREIGN_ALL,
	CLIENTELE_FOREIGN_STALE,
	CLIENTELE_FOREIGN_MARKED,
	CLIENTELE_FOREIGN_SIMULATED
} ClienteleForeignRows;

typedef struct ClienteleForeignOptions
{
	const char *population;		/* NULL: SIMULATED, until the question is known */
	int			version;		/* 0: MARKED and SIMULATED have none */
	ClienteleForeignRows rows;
} ClienteleForeignOptions;

extern const char *const clientele_foreign_rows_name[];

/* The options of a foreign table, which the validator has checked. */
extern void clientele_foreign_options(Oid table, ClienteleForeignOptions *options);

/* Of the keys of the customers, which the table's own column has, if it has one. */
extern void clientele_foreign_key(Oid table, const ClienteleForeignOptions *options,
								  const ClientelePopulation *population, Oid *type, Oid *collation);

/*
 * Column numbers.  MARKED has no as_of, and that of LIVE is not the query's to choose; the
 * key of SIMULATED is text that no scan can be narrowed by.
 */
static inline AttrNumber
clientele_foreign_as_of_column(const ClienteleForeignOptions *options)
{
	return options->rows == CLIENTELE_FOREIGN_MARKED || options->rows == CLIENTELE_FOREIGN_LIVE ?
		InvalidAttrNumber : 1;
}

static inline AttrNumber
clientele_foreign_key_column(const ClienteleForeignOptions *options)
{
	return options->rows == CLIENTELE_FOREIGN_SIMULATED ? InvalidAttrNumber :
		options->rows == CLIENTELE_FOREIGN_MARKED ? 1 : 2;
}

static inline AttrNumber
clientele_foreign_question_column(const ClienteleForeignOptions *options)
{
	return options->rows == CLIENTELE_FOREIGN_SIMULATED ? 2 : InvalidAttrNumber;
}

/*
 * What a query says of as_of and key, as far as it saves work.  All of it but a list of
 * keys and a question is checked once more on the rows, so a scan may yield more than was asked for.  Each kind has
 * a value, KEY_MISSING too: true.  In a plan fdw_private is a list of the kinds, one
 * of the columns that are needed, one for a parallel scan of whether ranges are
 * read by index and where to cut (see key_ranges.h), and the table's options;
 * fdw_exprs lists the values.
 */
typedef enum ClienteleCondition
{
	CLIENTELE_AS_OF,			/* as_of = value */
	CLIENTELE_KEY_IS,			/* key = value */
	CLIENTELE_KEY_AMONG,		/* key = ANY (value) */
	CLIENTELE_KEY_FROM,			/* key >= value */
	CLIENTELE_KEY_BELOW,		/* key < value */
	CLIENTELE_KEY_MISSING,		/* key IS NULL */
	CLIENTELE_QUESTION,			/* question = value, which is a constant */
	CLIENTELE_NCONDITIONS
} ClienteleCondition;

/* The callbacks of fdw_plan.c. */
extern void clientele_foreign_plan_callbacks(struct FdwRoutine *routine);

#endif							/* CLIENTELE_FDW_H */
