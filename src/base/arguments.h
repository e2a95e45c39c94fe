/*
 * arguments.h
 *		Arguments that must not be NULL, of functions of which others may be.
 */
#ifndef CLIENTELE_ARGUMENTS_H
#define CLIENTELE_ARGUMENTS_H

#include "postgres.h"

#include "fmgr.h"

/* An error that says which of a user's arguments is missing. */
extern void clientele_check_given(FunctionCallInfo fcinfo, int argument, const char *name);

/* The same of an internal function's, which has no user: a bit for each, argument 0 is the lowest. */
extern void clientele_require_arguments(FunctionCallInfo fcinfo, uint32 needed);

#define CLIENTELE_ARGUMENT(number) ((uint32) 1 << (number))
#define CLIENTELE_ARGUMENTS_BELOW(number) (CLIENTELE_ARGUMENT(number) - 1)

#endif							/* CLIENTELE_ARGUMENTS_H */
