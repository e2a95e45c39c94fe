/*
 * rfm_calibrate.c
 *		The aggregate rfm_cuts: cut points from the customers there are.
 *
 * Quantiles need the values in order.  They go into three tuplesorts, which
 * spill to disk at work_mem, so memory does not grow with the number of
 * customers.  Means and equal widths need only running totals.
 *
 * Cut k of b bins, of n sorted values x[0..n-1]:
 *
 *		quantile	x[h] + f * (x[h+1] - x[h]), h + f = (n-1) * k / b
 *					(type 7 of Hyndman and Fan, as percentile_cont and R)
 *		r-rfm		quantile + 1, as R's package rfm does
 *		median		quantile, two bins
 *		mean		sum / n, two bins
 *		width		min + k * (max - min) / b
 *
 * A cut that falls between values is rounded to EXTRA_DECIMALS decimals more
 * than they have: readable, short to compare with, and still on the same side
 * of both neighbours, since it lies at least a ninth of their distance away.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/memutils.h"
#include "utils/tuplesort.h"
#include "utils/typcache.h"

#include "compat.h"
#include "rfm/rfm_cuts.h"

PG_FUNCTION_INFO_V1(clientele_rfm_cuts_add);
PG_FUNCTION_INFO_V1(clientele_rfm_cuts_add_rfm);
PG_FUNCTION_INFO_V1(clientele_rfm_cuts_final);

#define EXTRA_DECIMALS 6

typedef enum CutMethod
{
	METHOD_QUANTILE,
	METHOD_R_RFM,
	METHOD_MEDIAN,
	METHOD_MEAN,
	METHOD_WIDTH
} CutMethod;

static const struct
{
	const char *name;
	bool		sorts;			/* needs the values in order */
	bool		halves;			/* makes two bins, whatever the data */
}			methods[] = {
	[METHOD_QUANTILE] = {"quantile", true, false},
	[METHOD_R_RFM] = {"r-rfm", true, false},
	[METHOD_MEDIAN] = {"median", true, true},
	[METHOD_MEAN] = {"mean", false, true},
	[METHOD_WIDTH] = {"width", false, false},
};

/* Running totals of one axis; numerics are owned by the state. */
typedef struct AxisTotals
{
	ClienteleDecimal sum;		/* for METHOD_MEAN */
	ClienteleDecimal least;		/* for METHOD_WIDTH */
	ClienteleDecimal greatest;	/* for METHOD_WIDTH */
} AxisTotals;

typedef struct CutsState
{
	MemoryContext context;		/* where the state lives */
	CutMethod	method;			/* of the first row; the others must agree */
	int			bins;			/* likewise */
	int64		nrows;			/* customers counted so far */
	Tuplesortstate *sorts[CLIENTELE_RFM_AXES];	/* NULL if not needed, or ended */
	AxisTotals	totals[CLIENTELE_RFM_AXES];
	ClienteleToday today;		/* of the overload on rfm */
} CutsState;

/* The sorts own temporary files, which no memory context closes. */
static void
end_sorts(Datum arg)
{
	CutsState  *state = (CutsState *) DatumGetPointer(arg);

	for (int axis = 0; axis < CLIENTELE_RFM_AXES; axis++)
	{
		if (state->sorts[axis] != NULL)
			tuplesort_end(state->sorts[axis]);
		state->sorts[axis] = NULL;
	}
}

/* The number of the method, or of methods where there is none of that name. */
static int
find_method(const char *name)
{
	int			method = 0;

	while (method < (int) lengthof(methods) && strcmp(name, methods[method].name) != 0)
		method++;
	return method;
}

char *
clientele_rfm_method_fault(const char *name, int bins, const char **hint)
{
	int			method = find_method(name);

	if (method == (int) lengthof(methods))
	{
		*hint = "Use 'quantile', 'r-rfm', 'median', 'mean' or 'width'.";
		return psprintf("\"%s\" is not a method of finding RFM cuts", name);
	}
	if (methods[method].halves ? bins == 2 : bins >= 2 && bins <= CLIENTELE_RFM_MAX_BINS)
		return NULL;
	*hint = methods[method].halves ?
		"It splits at one value: use 2 bins, or method 'quantile' for more." :
		psprintf("Use 2 to %d bins, for example 5.", CLIENTELE_RFM_MAX_BINS);
	return psprintf("method \"%s\" cannot make %d bins", name, bins);
}

static void
called_by_hand(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("this function works only inside the aggregate rfm_cuts"),
			 errhint("Call the aggregate: SELECT rfm_cuts(recency, frequency, monetary, 5, 'quantile') FROM customer.")));
}

static CutsState *
start_state(FunctionCallInfo fcinfo, MemoryContext context, int bins, const text *method)
{
	MemoryContext caller = MemoryContextSwitchTo(context);
	CutsState  *state = palloc0(sizeof(CutsState));
	char	   *name = text_to_cstring(method);
	const char *hint;
	char	   *fault = clientele_rfm_method_fault(name, bins, &hint);

	if (fault != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s", fault),
				 errhint("%s", hint)));
	state->context = context;
	state->method = (CutMethod) find_method(name);
	state->bins = bins;

	if (methods[state->method].sorts)
	{
		Oid			less = lookup_type_cache(NUMERICOID, TYPECACHE_LT_OPR)->lt_opr;
		int			memory = Max(work_mem / CLIENTELE_RFM_AXES, 64);

		for (int axis = 0; axis < CLIENTELE_RFM_AXES; axis++)
			state->sorts[axis] = tuplesort_begin_datum(NUMERICOID, less, InvalidOid, false, memory,
													   NULL, TUPLESORT_NONE);
		AggRegisterCallback(fcinfo, end_sorts, PointerGetDatum(state));
	}
	MemoryContextSwitchTo(caller);
	return state;
}

/* The state of this call, made by the first row and agreed to by the others. */
static CutsState *
get_state(FunctionCallInfo fcinfo, int bins_argument)
{
	MemoryContext context;
	CutsState  *state;
	int			bins;
	const text *method;

	if (!AggCheckCallContext(fcinfo, &context))
		called_by_hand();
	if (PG_ARGISNULL(bins_argument) || PG_ARGISNULL(bins_argument + 1))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("bins and method of rfm_cuts must not be null"),
				 errhint("For example: rfm_cuts(recency, frequency, monetary, 5, 'quantile').")));
	bins = PG_GETARG_INT32(bins_argument);
	method = PG_GETARG_TEXT_PP(bins_argument + 1);

	if (PG_ARGISNULL(0))
		return start_state(fcinfo, context, bins, method);

	state = (CutsState *) PG_GETARG_POINTER(0);
	if (bins != state->bins ||
		VARSIZE_ANY_EXHDR(method) != strlen(methods[state->method].name) ||
		memcmp(VARDATA_ANY(method), methods[state->method].name, VARSIZE_ANY_EXHDR(method)) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("bins and method of rfm_cuts must be the same for all rows"),
				 errdetail("The first row says %d and \"%s\", another %d and \"%s\".",
						   state->bins, methods[state->method].name, bins, text_to_cstring(method)),
				 errhint("Use GROUP BY to make several grids in one query.")));
	return state;
}

/* Stores a number for the time of the aggregation. */
static void
keep(CutsState *state, ClienteleDecimal *slot, ClienteleDecimal value)
{
	Numeric		old = slot->scale == CLIENTELE_DECIMAL_IS_NUMERIC ? slot->u.numeric : NULL;

	if (value.scale == CLIENTELE_DECIMAL_IS_NUMERIC)
	{
		Size		size = VARSIZE(value.u.numeric);
		Numeric		copy = MemoryContextAlloc(state->context, size);

		memcpy(copy, value.u.numeric, size);
		value.u.numeric = copy;
	}
	*slot = value;
	if (old != NULL)
		pfree(old);
}

pg_noreturn static void
out_of_range(int axis)
{
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("cuts of %s overflow numeric format", clientele_rfm_axis_names[axis])));
	pg_unreachable();
}

static void
add_to_totals(CutsState *state, int axis, ClienteleDecimal value)
{
	AxisTotals *totals = &state->totals[axis];
	ClienteleDecimal sum;

	if (state->method == METHOD_MEAN)
	{
		if (!clientele_decimal_add(totals->sum, value, &sum))
			out_of_range(axis);
		keep(state, &totals->sum, sum);
		return;
	}
	if (state->nrows == 0 || clientele_decimal_compare(value, totals->least) < 0)
		keep(state, &totals->least, value);
	if (state->nrows == 0 || clientele_decimal_compare(value, totals->greatest) > 0)
		keep(state, &totals->greatest, value);
}

static void
add_customer(CutsState *state, const ClienteleDecimal *values)
{
	for (int axis = 0; axis < CLIENTELE_RFM_AXES; axis++)
	{
		if (methods[state->method].sorts)
			tuplesort_putdatum(state->sorts[axis],
							   NumericGetDatum(clientele_decimal_to_numeric(values[axis])), false);
		else
			add_to_totals(state, axis, values[axis]);
	}
	state->nrows++;
}

/*
 * Transition function.  A customer with an unknown value has no score, so he
 * has no part in the cuts either.
 */
Datum
clientele_rfm_cuts_add(PG_FUNCTION_ARGS)
{
	CutsState  *state = get_state(fcinfo, 4);
	ClienteleDecimal values[CLIENTELE_RFM_AXES];

	for (int axis = 0; axis < CLIENTELE_RFM_AXES; axis++)
		if (PG_ARGISNULL(1 + axis) ||
			!clientele_decimal_from_datum(PG_GETARG_DATUM(1 + axis), &values[axis]))
			PG_RETURN_POINTER(state);
	add_customer(state, values);
	PG_RETURN_POINTER(state);
}

/* The same on a summary, as_of and time zone. */
Datum
clientele_rfm_cuts_add_rfm(PG_FUNCTION_ARGS)
{
	CutsState  *state = get_state(fcinfo, 4);
	ClienteleDecimal values[CLIENTELE_RFM_AXES];

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2) || PG_ARGISNULL(3))
		PG_RETURN_POINTER(state);
	clientele_today(&state->today, PG_GETARG_TIMESTAMPTZ(2), PG_GETARG_TEXT_PP(3));
	clientele_rfm_values(clientele_rfm_get(PG_GETARG_DATUM(1)), &state->today, values);
	add_customer(state, values);
	PG_RETURN_POINTER(state);
}

/* dividend / divisor, rounded to EXTRA_DECIMALS more decimals than the dividend */
static ClienteleDecimal
divide_rounded(int axis, ClienteleDecimal dividend, int64 divisor)
{
	ClienteleDecimal quotient;

	if (!clientele_decimal_divide(dividend, clientele_decimal_from_int64(divisor), &quotient))
		out_of_range(axis);
	return clientele_decimal_round(quotient, clientele_decimal_scale(dividend) + EXTRA_DECIMALS);
}

/* low + numerator / denominator * (high - low) */
static ClienteleDecimal
interpolate(int axis, ClienteleDecimal low, ClienteleDecimal high, int64 numerator, int64 denominator)
{
	ClienteleDecimal part;

	if (!clientele_decimal_subtract(high, low, &part) ||
		!clientele_decimal_multiply(part, clientele_decimal_from_int64(numerator), &part) ||
		!clientele_decimal_add(low, divide_rounded(axis, part, denominator), &part))
		out_of_range(axis);
	return part;
}

/* Sorted values, read once from the least to the greatest. */
typedef struct SortedReader
{
	Tuplesortstate *sort;
	int64		count;			/* of values */
	int64		next;			/* rank of the value to be read next */
	ClienteleDecimal last[2];	/* the values of ranks next - 2 and next - 1 */
} SortedReader;

/*
 * Makes the reader stand behind the values of `rank` and `rank` + 1 (or behind
 * the last).  Ranks must not decrease from call to call.
 */
static void
read_pair(SortedReader *reader, int64 rank)
{
	int64		end = Min(rank + 2, reader->count);

	if (reader->next < rank)
	{
		if (!tuplesort_skiptuples(reader->sort, rank - reader->next, true))
			elog(ERROR, "sort of RFM values ended early");
		reader->next = rank;
	}
	for (; reader->next < end; reader->next++)
	{
		Datum		value;
		bool		isnull;

		if (!clientele_tuplesort_getdatum(reader->sort, &value, &isnull))
			elog(ERROR, "sort of RFM values ended early");
		reader->last[0] = reader->last[1];
		if (!clientele_decimal_from_numeric(DatumGetNumeric(value), &reader->last[1]))
			elog(ERROR, "sort of RFM values returned one that was not put in");
	}
}

static ClienteleDecimal
quantile(SortedReader *reader, int axis, int k, int bins)
{
	/* (n-1) * k / bins, without overflow for any n */
	int64		last = reader->count - 1;
	int64		rank = last / bins * k + last % bins * k / bins;
	int64		rest = last % bins * k % bins;

	read_pair(reader, rank);
	if (rank == last)
		return reader->last[1];
	if (rest == 0)
		return reader->last[0];
	return interpolate(axis, reader->last[0], reader->last[1], rest, bins);
}

static void
quantile_cuts(CutsState *state, int axis, ClienteleDecimal *cuts)
{
	SortedReader reader = {0};

	reader.sort = state->sorts[axis];
	reader.count = state->nrows;
	tuplesort_performsort(reader.sort);

	for (int k = 1; k < state->bins; k++)
	{
		ClienteleDecimal cut = quantile(&reader, axis, k, state->bins);

		if (state->method == METHOD_R_RFM &&
			!clientele_decimal_add(cut, clientele_decimal_from_int64(1), &cut))
			out_of_range(axis);
		cuts[k - 1] = cut;
	}
}

static void
axis_cuts(CutsState *state, int axis, ClienteleDecimal *cuts)
{
	AxisTotals *totals = &state->totals[axis];

	switch (state->method)
	{
		case METHOD_QUANTILE:
		case METHOD_R_RFM:
		case METHOD_MEDIAN:
			quantile_cuts(state, axis, cuts);
			break;
		case METHOD_MEAN:
			cuts[0] = divide_rounded(axis, totals->sum, state->nrows);
			break;
		case METHOD_WIDTH:
			for (int k = 1; k < state->bins; k++)
				cuts[k - 1] = interpolate(axis, totals->least, totals->greatest, k, state->bins);
			break;
	}
}

Datum
clientele_rfm_cuts_final(PG_FUNCTION_ARGS)
{
	CutsState  *state = PG_ARGISNULL(0) ? NULL : (CutsState *) PG_GETARG_POINTER(0);
	ClienteleRfmGrid grid;

	if (!AggCheckCallContext(fcinfo, NULL))
		called_by_hand();
	if (state == NULL || state->nrows == 0)
		PG_RETURN_NULL();

	for (int axis = 0; axis < CLIENTELE_RFM_AXES; axis++)
	{
		grid.ncuts[axis] = state->bins - 1;
		axis_cuts(state, axis, grid.cuts[axis]);
	}
	end_sorts(PointerGetDatum(state));
	PG_RETURN_POINTER(clientele_rfm_cuts_make(&grid));
}
