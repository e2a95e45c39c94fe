/*
 * row_call.h
 *		The frame of the SQL functions that evaluate a rule on a row.
 */
#ifndef CLIENTELE_ROW_CALL_H
#define CLIENTELE_ROW_CALL_H

#include "fmgr.h"

#include "expression/row_rules.h"

/*
 * The frame of a SQL function of either of these forms:
 *
 *		f(row record or jsonb, rule [, as_of, time_zone])
 *		f_columns(rule, as_of, time_zone, names text[], VARIADIC "any")
 *
 * The second is what the planner makes of the first where it can.
 *
 * clientele_row_call reads the arguments, and compiles the rule by `build` where
 * this call site has not compiled the same rule for the same row type before
 * (a bounded number of them is kept, so a join with a table of rules does not
 * compile again for each pair).  `build` runs in a memory context that lives as
 * long as what it returns.
 */
typedef void *(*ClienteleBuild) (Datum rule, const ClienteleRowType *row);

typedef struct ClienteleRowCall
{
	Datum		row;
	ClienteleClock clock;
	void	   *built;			/* NULL where the row or the rule is NULL */
} ClienteleRowCall;

/* Where the columns begin among the arguments of f_columns. */
#define CLIENTELE_FIRST_COLUMN 4

extern void clientele_row_call(FunctionCallInfo fcinfo, ClienteleBuild build, ClienteleRowCall *call);

#endif							/* CLIENTELE_ROW_CALL_H */
