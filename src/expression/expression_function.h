/*
 * expression_function.h
 *		The names of the expression language's functions and aggregates.
 */
#ifndef CLIENTELE_EXPRESSION_FUNCTION_H
#define CLIENTELE_EXPRESSION_FUNCTION_H

#include "expression/expression_tree.h"

typedef struct ClienteleFunctionInfo
{
	ClienteleFunction function;
	const char *name;
	bool		is_aggregate;	/* over a source's events */
	int			min_arguments;
	int			max_arguments;
	const char *example;		/* a right call, for hints */
} ClienteleFunctionInfo;

/* How many arguments coalesce, least and greatest take. */
#define CLIENTELE_MAX_ARGUMENTS 100

/* NULL if there is none of that name; `nearest` is then what may be meant, or NULL. */
extern const ClienteleFunctionInfo *clientele_function_find(const char *name, const char **nearest);

extern const ClienteleFunctionInfo *clientele_function_info(ClienteleFunction function);

#endif							/* CLIENTELE_EXPRESSION_FUNCTION_H */
