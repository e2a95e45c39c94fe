/*
 * tag_list.c
 *		A customer's tags as people read them: a column of every view.
 *
 * array_to_string() looks for the type's output function and formats each element,
 * which is a tenth of what evaluating a customer costs.
 */
#include "postgres.h"

#include "access/tupmacs.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/array.h"

#include "compat.h"

PG_FUNCTION_INFO_V1(clientele_tag_list);

/* tag_list(tags): 'a, b, c'; as array_to_string(tags, ', '), which leaves out NULLs. */
Datum
clientele_tag_list(PG_FUNCTION_ARGS)
{
	ArrayType  *array = PG_GETARG_ARRAYTYPE_P(0);
	int			count = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	const bits8 *present = ARR_NULLBITMAP(array);
	const char *from = ARR_DATA_PTR(array);
	text	   *list = palloc(VARHDRSZ + ARR_SIZE(array) + mul_size(strlen(", "), count));
	char	   *to = VARDATA(list);
	bool		first = true;

	for (int i = 0; i < count; i++)
	{
		Size		length;

		if (present && !(present[i / 8] & (1 << (i % 8))))
			continue;
		length = VARSIZE_ANY_EXHDR(from);
		if (!first)
		{
			*to++ = ',';
			*to++ = ' ';
		}
		first = false;
		memcpy(to, VARDATA_ANY(from), length);
		to += length;
		from = (const char *) att_align_nominal(from + VARSIZE_ANY(from), TYPALIGN_INT);
	}
	SET_VARSIZE(list, to - (char *) list);
	PG_RETURN_TEXT_P(list);
}
