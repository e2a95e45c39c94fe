/*
 * arguments.c
 *		Arguments that must not be NULL, of functions of which others may be.
 */
#include "postgres.h"

#include "utils/lsyscache.h"

#include "base/arguments.h"

void
clientele_check_given(FunctionCallInfo fcinfo, int argument, const char *name)
{
	if (PG_ARGISNULL(argument))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s must not be null", name)));
}

/* Only our own functions call internal ones, and give what they need; but a superuser can call everything. */
void
clientele_require_arguments(FunctionCallInfo fcinfo, uint32 needed)
{
	for (int i = 0; i < PG_NARGS(); i++)
		if ((needed & CLIENTELE_ARGUMENT(i)) != 0 && PG_ARGISNULL(i))
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("argument %d of clientele.%s must not be null", i + 1, get_func_name(fcinfo->flinfo->fn_oid))));
}
