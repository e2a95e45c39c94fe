/*
 * tag_flips.c
 *		Which tags have come and gone between two rows of a customer.
 *
 * Both lists are as the engine makes them: ascending bytewise, none twice.  So one
 * walk along both finds the differences.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "cell.h"

PG_FUNCTION_INFO_V1(clientele_tag_flips);

typedef struct TagList
{
	Datum	   *tags;
	int			count;
	int			next;
} TagList;

typedef struct Walk
{
	TagList		before;
	TagList		after;
} Walk;

static TagList
read_list(FunctionCallInfo fcinfo, int argument)
{
	TagList		list = {NULL, 0, 0};

	if (!PG_ARGISNULL(argument))
		deconstruct_array(PG_GETARG_ARRAYTYPE_P(argument), TEXTOID, -1, false, TYPALIGN_INT,
						  &list.tags, NULL, &list.count);
	return list;
}

/* < 0: only the first list has its next tag; > 0: only the second. */
static int
compare_next(const Walk *walk)
{
	if (walk->before.next == walk->before.count)
		return 1;
	if (walk->after.next == walk->after.count)
		return -1;
	return clientele_compare_text(DatumGetTextPP(walk->before.tags[walk->before.next]),
								  DatumGetTextPP(walk->after.tags[walk->after.next]));
}

static Datum
flip(FuncCallContext *call, Datum tag, bool came)
{
	Datum		values[3] = {tag, tag, tag};
	bool		nulls[3] = {false, came, !came};

	return HeapTupleGetDatum(heap_form_tuple(call->tuple_desc, values, nulls));
}

/* tag_flips(before text[], after text[]) */
Datum
clientele_tag_flips(PG_FUNCTION_ARGS)
{
	FuncCallContext *call;
	Walk	   *walk;

	if (SRF_IS_FIRSTCALL())
	{
		MemoryContext caller;
		TupleDesc	type;

		call = SRF_FIRSTCALL_INIT();
		caller = MemoryContextSwitchTo(call->multi_call_memory_ctx);
		if (get_call_result_type(fcinfo, NULL, &type) != TYPEFUNC_COMPOSITE)
			elog(ERROR, "return type must be a row type");
		call->tuple_desc = BlessTupleDesc(type);
		call->user_fctx = walk = palloc(sizeof(Walk));
		walk->before = read_list(fcinfo, 0);
		walk->after = read_list(fcinfo, 1);
		MemoryContextSwitchTo(caller);
	}
	call = SRF_PERCALL_SETUP();
	walk = call->user_fctx;
	while (walk->before.next < walk->before.count || walk->after.next < walk->after.count)
	{
		int			order = compare_next(walk);

		if (order < 0)
			SRF_RETURN_NEXT(call, flip(call, walk->before.tags[walk->before.next++], false));
		if (order > 0)
			SRF_RETURN_NEXT(call, flip(call, walk->after.tags[walk->after.next++], true));
		walk->before.next++;
		walk->after.next++;
	}
	SRF_RETURN_DONE(call);
}
