/*
 * tags.c
 *		What became of a customer's tags.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "compat.h"

PG_FUNCTION_INFO_V1(clientele_tags_without);

static int
compare_tags(Datum a, Datum b)
{
	text	   *x = DatumGetTextPP(a);
	text	   *y = DatumGetTextPP(b);
	Size		x_length = VARSIZE_ANY_EXHDR(x);
	Size		y_length = VARSIZE_ANY_EXHDR(y);
	int			order = memcmp(VARDATA_ANY(x), VARDATA_ANY(y), Min(x_length, y_length));

	return order != 0 ? order : (x_length > y_length) - (x_length < y_length);
}

static Datum *
members(FunctionCallInfo fcinfo, int argument, int *count)
{
	Datum	   *elements;
	bool	   *nulls;

	*count = 0;
	if (PG_ARGISNULL(argument))
		return NULL;
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(argument), TEXTOID, -1, false, TYPALIGN_INT, &elements, &nulls, count);
	for (int i = 0; i < *count; i++)
		if (nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("a tag must not be null")));
	return elements;
}

Datum
clientele_tags_without(PG_FUNCTION_ARGS)
{
	int			ntags;
	int			nothers;
	Datum	   *tags = members(fcinfo, 0, &ntags);
	Datum	   *others = members(fcinfo, 1, &nothers);
	int			nresult = 0;

	for (int i = 0, j = 0; i < ntags; i++)
	{
		int			order = -1;

		while (j < nothers && (order = compare_tags(tags[i], others[j])) > 0)
			j++;
		if (j >= nothers || order != 0)
			tags[nresult++] = tags[i];
	}
	if (nresult == 0)
		PG_RETURN_ARRAYTYPE_P(construct_empty_array(TEXTOID));
	PG_RETURN_ARRAYTYPE_P(construct_array(tags, nresult, TEXTOID, -1, false, TYPALIGN_INT));
}
