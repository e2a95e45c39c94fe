/*
 * rfm_cuts.c
 *		SQL type rfm_cuts: where the bins of an RFM grid begin, and scores by it.
 *
 * Cuts are frozen numbers.  Computing them (the aggregate) is a calibration
 * that somebody decides on; scoring only compares with them, so a customer's
 * score never changes because somebody else paid.
 *
 * A value belongs to the bin above all cuts that are less than or equal to it:
 * intervals are [low, high), a value equal to a cut counts as high.  Of recency
 * that is the older side, hence the lower score.
 *
 * Heavy duplicates (most customers of a new clinic came once) make neighbouring
 * cuts equal.  They stay, and the bin between them stays empty: dropping one
 * would change what the best score means.  In text such a cut is written "=".
 */
#include "postgres.h"

#include <ctype.h>

#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "libpq/pqformat.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/memutils.h"
#include "utils/tuplesort.h"
#include "utils/typcache.h"

#include "compat.h"
#include "rfm.h"
#include "rfm_cuts.h"

#define HEADER_SIZE offsetof(ClienteleRfmCuts, data)

PG_FUNCTION_INFO_V1(clientele_rfm_cuts_in);
PG_FUNCTION_INFO_V1(clientele_rfm_cuts_out);
PG_FUNCTION_INFO_V1(clientele_rfm_cuts_recv);
PG_FUNCTION_INFO_V1(clientele_rfm_cuts_send);
PG_FUNCTION_INFO_V1(clientele_rfm_cuts_eq);
PG_FUNCTION_INFO_V1(clientele_rfm_cuts_ne);
PG_FUNCTION_INFO_V1(clientele_rfm_cuts_hash);
PG_FUNCTION_INFO_V1(clientele_rfm_cuts_of_axis);
PG_FUNCTION_INFO_V1(clientele_rfm_cuts_add);
PG_FUNCTION_INFO_V1(clientele_rfm_cuts_add_rfm);
PG_FUNCTION_INFO_V1(clientele_rfm_cuts_final);
PG_FUNCTION_INFO_V1(clientele_rfm_score);
PG_FUNCTION_INFO_V1(clientele_rfm_score_rfm);
PG_FUNCTION_INFO_V1(clientele_rfm_group);

static const char *const axis_names[CLIENTELE_RFM_AXES] = {"recency", "frequency", "monetary"};

#define EXAMPLE "recency 30, 90, 180, 365; frequency 2, 4, 8, 12; monetary 500, 2000, 8000, 20000"

/*
 * The value itself
 */

static void
corrupted(const char *what)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATA_CORRUPTED),
			 errmsg("value of type rfm_cuts is damaged: %s", what)));
}

void
clientele_rfm_cuts_read(Datum value, ClienteleRfmGrid *grid)
{
	ClienteleRfmCuts *cuts = (ClienteleRfmCuts *) PG_DETOAST_DATUM(value);
	char	   *p = cuts->data;
	char	   *end = (char *) cuts + VARSIZE(cuts);

	if (VARSIZE(cuts) < HEADER_SIZE)
		corrupted("it is too short");
	if (cuts->version != CLIENTELE_RFM_CUTS_VERSION)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("value of type rfm_cuts has format version %d, this library reads %d",
						cuts->version, CLIENTELE_RFM_CUTS_VERSION),
				 errhint("If a newer clientele wrote it, install that release on this server.")));

	for (int axis = 0; axis < CLIENTELE_RFM_AXES; axis++)
	{
		grid->ncuts[axis] = cuts->ncuts[axis];
		if (grid->ncuts[axis] < 1 || grid->ncuts[axis] > CLIENTELE_RFM_MAX_CUTS)
			corrupted("an axis has no or too many cuts");
		for (int i = 0; i < grid->ncuts[axis]; i++)
		{
			if (end - p < (ptrdiff_t) (VARHDRSZ + sizeof(uint16)) ||
				VARSIZE(p) < VARHDRSZ + sizeof(uint16) || INTALIGN(VARSIZE(p)) > (Size) (end - p))
				corrupted("it ends early");
			if (!clientele_decimal_from_numeric((Numeric) p, &grid->cuts[axis][i]))
				corrupted("a cut is not finite");
			p += INTALIGN(VARSIZE(p));
		}
	}
}

ClienteleRfmCuts *
clientele_rfm_cuts_make(const ClienteleRfmGrid *grid)
{
	Numeric		numerics[CLIENTELE_RFM_AXES][CLIENTELE_RFM_MAX_CUTS];
	Size		size = HEADER_SIZE;
	ClienteleRfmCuts *cuts;
	char	   *p;

	for (int axis = 0; axis < CLIENTELE_RFM_AXES; axis++)
		for (int i = 0; i < grid->ncuts[axis]; i++)
		{
			numerics[axis][i] = clientele_decimal_to_numeric(clientele_decimal_trim(grid->cuts[axis][i]));
			size += INTALIGN(VARSIZE(numerics[axis][i]));
		}

	cuts = palloc0(size);		/* the padding is compared, too */
	SET_VARSIZE(cuts, size);
	cuts->version = CLIENTELE_RFM_CUTS_VERSION;
	p = cuts->data;
	for (int axis = 0; axis < CLIENTELE_RFM_AXES; axis++)
	{
		cuts->ncuts[axis] = grid->ncuts[axis];
		for (int i = 0; i < grid->ncuts[axis]; i++)
		{
			memcpy(p, numerics[axis][i], VARSIZE(numerics[axis][i]));
			p += INTALIGN(VARSIZE(numerics[axis][i]));
		}
	}
	return cuts;
}

/*
 * Text form: recency N, N, ...; frequency N, N, ...; monetary N, N, ...
 */

Datum
clientele_rfm_cuts_out(PG_FUNCTION_ARGS)
{
	ClienteleRfmGrid grid;
	StringInfoData text;

	clientele_rfm_cuts_read(PG_GETARG_DATUM(0), &grid);
	initStringInfo(&text);
	for (int axis = 0; axis < CLIENTELE_RFM_AXES; axis++)
	{
		ClienteleDecimal *cuts = grid.cuts[axis];

		appendStringInfo(&text, "%s%s ", axis > 0 ? "; " : "", axis_names[axis]);
		for (int i = 0; i < grid.ncuts[axis]; i++)
		{
			bool		repeated = i > 0 && clientele_decimal_compare(cuts[i - 1], cuts[i]) == 0;

			appendStringInfo(&text, "%s%s", i > 0 ? ", " : "",
							 repeated ? "=" : clientele_decimal_to_string(cuts[i]));
		}
	}
	PG_RETURN_CSTRING(text.data);
}

static const char *
skip_space(const char *p)
{
	while (isspace((unsigned char) *p))
		p++;
	return p;
}

/* The next item of a list, without the space around it. */
static char *
get_item(const char **p)
{
	const char *start = skip_space(*p);
	const char *end = start + strcspn(start, ",;");

	*p = end;
	while (end > start && isspace((unsigned char) end[-1]))
		end--;
	return pnstrdup(start, end - start);
}

/* Adds one cut to an axis; answers what is wrong with it, or NULL. */
static char *
parse_cut(const char *item, ClienteleRfmGrid *grid, int axis)
{
	int			n = grid->ncuts[axis];
	ClienteleDecimal *cut = &grid->cuts[axis][n];

	if (n == CLIENTELE_RFM_MAX_CUTS)
		return psprintf("%s has more than %d cuts; a score has room for %d bins.",
						axis_names[axis], CLIENTELE_RFM_MAX_CUTS, CLIENTELE_RFM_MAX_BINS);
	if (strcmp(item, "=") == 0)
	{
		if (n == 0)
			return psprintf("\"=\" repeats the cut before it, but it is the first of %s.", axis_names[axis]);
		*cut = cut[-1];
	}
	else
	{
		if (!clientele_decimal_from_string(item, cut))
			return psprintf("\"%s\", cut %d of %s, is not a finite number.", item, n + 1, axis_names[axis]);
		if (n > 0 && clientele_decimal_compare(cut[-1], *cut) == 0)
			return psprintf("Cut %d of %s, %s, stands there twice; for a bin that stays empty write \"=\".",
							n + 1, axis_names[axis], item);
		if (n > 0 && clientele_decimal_compare(cut[-1], *cut) > 0)
			return psprintf("Cut %d of %s, %s, is less than the one before it.", n + 1, axis_names[axis], item);
	}
	grid->ncuts[axis]++;
	return NULL;
}

/* Reads "name cut, cut, ..." up to a semicolon or the end. */
static char *
parse_axis(const char **p, ClienteleRfmGrid *grid, int axis)
{
	size_t		length = strlen(axis_names[axis]);
	char	   *fault;

	grid->ncuts[axis] = 0;
	*p = skip_space(*p);
	if (strncmp(*p, axis_names[axis], length) != 0 || !isspace((unsigned char) (*p)[length]))
		return psprintf("The word \"%s\" and its cuts are missing or not in their place.", axis_names[axis]);
	*p += length;

	for (;;)
	{
		fault = parse_cut(get_item(p), grid, axis);
		if (fault != NULL || **p != ',')
			return fault;
		(*p)++;
	}
}

static char *
parse_grid(const char *p, ClienteleRfmGrid *grid)
{
	for (int axis = 0; axis < CLIENTELE_RFM_AXES; axis++)
	{
		char	   *fault;

		if (axis > 0 && *p == ';')
			p++;
		fault = parse_axis(&p, grid, axis);
		if (fault != NULL)
			return fault;
	}
	return *p == '\0' ? NULL : "Something follows the cuts of monetary.";
}

Datum
clientele_rfm_cuts_in(PG_FUNCTION_ARGS)
{
	const char *input = PG_GETARG_CSTRING(0);
	ClienteleRfmGrid grid;
	char	   *fault = parse_grid(input, &grid);

	if (fault != NULL)
		ereturn(fcinfo->context, (Datum) 0,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("invalid input syntax for type rfm_cuts: \"%s\"", input),
				 errdetail_internal("%s", fault),
				 errhint("Write the cuts of each axis in ascending order, for example " EXAMPLE ".")));
	PG_RETURN_POINTER(clientele_rfm_cuts_make(&grid));
}

/*
 * Binary form: int16 version, then for each axis the number of cuts in one
 * byte and the cuts in numeric's own binary form.
 */

Datum
clientele_rfm_cuts_send(PG_FUNCTION_ARGS)
{
	ClienteleRfmGrid grid;
	StringInfoData message;

	clientele_rfm_cuts_read(PG_GETARG_DATUM(0), &grid);
	pq_begintypsend(&message);
	pq_sendint16(&message, CLIENTELE_RFM_CUTS_VERSION);
	for (int axis = 0; axis < CLIENTELE_RFM_AXES; axis++)
	{
		pq_sendbyte(&message, grid.ncuts[axis]);
		for (int i = 0; i < grid.ncuts[axis]; i++)
		{
			Numeric		cut = clientele_decimal_to_numeric(grid.cuts[axis][i]);
			bytea	   *bytes = DatumGetByteaPP(DirectFunctionCall1(numeric_send, NumericGetDatum(cut)));

			pq_sendbytes(&message, VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes));
		}
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&message));
}

static void
receive_axis(StringInfo message, ClienteleRfmGrid *grid, int axis)
{
	ClienteleDecimal *cuts = grid->cuts[axis];

	grid->ncuts[axis] = pq_getmsgbyte(message);
	if (grid->ncuts[axis] < 1 || grid->ncuts[axis] > CLIENTELE_RFM_MAX_CUTS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("binary value of type rfm_cuts has %d cuts of %s, 1 to %d expected",
						grid->ncuts[axis], axis_names[axis], CLIENTELE_RFM_MAX_CUTS)));
	for (int i = 0; i < grid->ncuts[axis]; i++)
	{
		Datum		cut = DirectFunctionCall3(numeric_recv, PointerGetDatum(message),
											  ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));

		if (!clientele_decimal_from_numeric(DatumGetNumeric(cut), &cuts[i]))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
					 errmsg("cut %d of %s is not finite", i + 1, axis_names[axis])));
		if (i > 0 && clientele_decimal_compare(cuts[i - 1], cuts[i]) > 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
					 errmsg("cut %d of %s is less than the one before it", i + 1, axis_names[axis])));
	}
}

Datum
clientele_rfm_cuts_recv(PG_FUNCTION_ARGS)
{
	StringInfo	message = (StringInfo) PG_GETARG_POINTER(0);
	int			version = pq_getmsgint(message, 2);
	ClienteleRfmGrid grid;

	if (version != CLIENTELE_RFM_CUTS_VERSION)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("binary value of type rfm_cuts has format version %d, %d expected",
						version, CLIENTELE_RFM_CUTS_VERSION)));
	for (int axis = 0; axis < CLIENTELE_RFM_AXES; axis++)
		receive_axis(message, &grid, axis);
	PG_RETURN_POINTER(clientele_rfm_cuts_make(&grid));
}

/*
 * Equality, and reading single cuts
 */

static bool
same_bytes(FunctionCallInfo fcinfo)
{
	struct varlena *a = PG_DETOAST_DATUM_PACKED(PG_GETARG_DATUM(0));
	struct varlena *b = PG_DETOAST_DATUM_PACKED(PG_GETARG_DATUM(1));

	return VARSIZE_ANY_EXHDR(a) == VARSIZE_ANY_EXHDR(b) &&
		memcmp(VARDATA_ANY(a), VARDATA_ANY(b), VARSIZE_ANY_EXHDR(a)) == 0;
}

Datum
clientele_rfm_cuts_eq(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(same_bytes(fcinfo));
}

Datum
clientele_rfm_cuts_ne(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(!same_bytes(fcinfo));
}

Datum
clientele_rfm_cuts_hash(PG_FUNCTION_ARGS)
{
	struct varlena *cuts = PG_DETOAST_DATUM_PACKED(PG_GETARG_DATUM(0));

	return hash_any((const unsigned char *) VARDATA_ANY(cuts), VARSIZE_ANY_EXHDR(cuts));
}

/* cuts(rfm_cuts, axis): the numbers of one axis, ascending. */
Datum
clientele_rfm_cuts_of_axis(PG_FUNCTION_ARGS)
{
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(1));
	ClienteleRfmGrid grid;
	Datum		elements[CLIENTELE_RFM_MAX_CUTS];

	clientele_rfm_cuts_read(PG_GETARG_DATUM(0), &grid);
	for (int axis = 0; axis < CLIENTELE_RFM_AXES; axis++)
	{
		if (strcmp(name, axis_names[axis]) != 0)
			continue;
		for (int i = 0; i < grid.ncuts[axis]; i++)
			elements[i] = NumericGetDatum(clientele_decimal_to_numeric(grid.cuts[axis][i]));
		PG_RETURN_ARRAYTYPE_P(construct_array(elements, grid.ncuts[axis], NUMERICOID, -1, false, TYPALIGN_INT));
	}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("\"%s\" is not an axis of an RFM grid", name),
			 errhint("Use 'recency', 'frequency' or 'monetary'.")));
}

/*
 * Calibration: the aggregate rfm_cuts
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

static CutMethod
find_method(const char *name)
{
	for (int i = 0; i < (int) lengthof(methods); i++)
		if (strcmp(name, methods[i].name) == 0)
			return (CutMethod) i;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("\"%s\" is not a method of finding RFM cuts", name),
			 errhint("Use 'quantile', 'r-rfm', 'median', 'mean' or 'width'.")));
}

static void
check_bins(int bins, CutMethod method)
{
	if (methods[method].halves ? bins != 2 : bins < 2 || bins > CLIENTELE_RFM_MAX_BINS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("method \"%s\" cannot make %d bins", methods[method].name, bins),
				 methods[method].halves ?
				 errhint("It splits at one value: use 2 bins, or method 'quantile' for more.") :
				 errhint("Use 2 to %d bins, for example 5.", CLIENTELE_RFM_MAX_BINS)));
}

static CutsState *
start_state(FunctionCallInfo fcinfo, MemoryContext context, int bins, const text *method)
{
	MemoryContext caller = MemoryContextSwitchTo(context);
	CutsState  *state = palloc0(sizeof(CutsState));

	state->context = context;
	state->method = find_method(text_to_cstring(method));
	state->bins = bins;
	check_bins(bins, state->method);

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
		elog(ERROR, "transition function of rfm_cuts called outside an aggregate");
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

static pg_attribute_noreturn() void
out_of_range(int axis)
{
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("cuts of %s overflow numeric format", axis_names[axis])));
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

/* Recency, frequency and monetary value of a summary. */
static void
rfm_values(const ClienteleRfm *rfm, const ClienteleToday *today, ClienteleDecimal *values)
{
	values[CLIENTELE_RECENCY] = clientele_decimal_from_int64(clientele_rfm_days(rfm, today));
	values[CLIENTELE_FREQUENCY] = clientele_decimal_from_int64(rfm->count);
	values[CLIENTELE_MONETARY] = clientele_rfm_sum(rfm);
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
	rfm_values(clientele_rfm_get(PG_GETARG_DATUM(1)), &state->today, values);
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
		elog(ERROR, "final function of rfm_cuts called outside an aggregate");
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

/*
 * Scores
 */

int
clientele_rfm_axis_score(const ClienteleRfmGrid *grid, ClienteleRfmAxis axis, ClienteleDecimal value)
{
	int			reached = 0;

	while (reached < grid->ncuts[axis] &&
		   clientele_decimal_compare(grid->cuts[axis][reached], value) <= 0)
		reached++;
	return axis == CLIENTELE_RECENCY ? grid->ncuts[axis] - reached + 1 : reached + 1;
}

/*
 * What a call site of rfm_score keeps: the grid it saw last, unpacked.  One
 * query mostly scores by one grid.
 */
typedef struct ScoreCache
{
	MemoryContext context;		/* of `value` alone; reset when the grid changes */
	struct varlena *value;		/* the argument as it came, or NULL */
	ClienteleRfmGrid grid;		/* of `value` */
	ClienteleToday today;
} ScoreCache;

static ScoreCache *
get_cache(FunctionCallInfo fcinfo, int cuts_argument)
{
	ScoreCache *cache = fcinfo->flinfo->fn_extra;
	struct varlena *value = PG_DETOAST_DATUM_PACKED(PG_GETARG_DATUM(cuts_argument));
	MemoryContext caller;

	if (cache == NULL)
	{
		cache = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(ScoreCache));
		cache->context = AllocSetContextCreate(fcinfo->flinfo->fn_mcxt, "clientele RFM grid",
											   ALLOCSET_SMALL_SIZES);
		fcinfo->flinfo->fn_extra = cache;
	}
	if (cache->value != NULL && VARSIZE_ANY(cache->value) == VARSIZE_ANY(value) &&
		memcmp(cache->value, value, VARSIZE_ANY(value)) == 0)
		return cache;

	cache->value = NULL;
	MemoryContextReset(cache->context);
	caller = MemoryContextSwitchTo(cache->context);
	value = memcpy(palloc(VARSIZE_ANY(value)), value, VARSIZE_ANY(value));
	clientele_rfm_cuts_read(PointerGetDatum(value), &cache->grid);
	cache->value = value;
	MemoryContextSwitchTo(caller);
	return cache;
}

static int
score(const ClienteleRfmGrid *grid, const ClienteleDecimal *values)
{
	int			result = 0;

	for (int axis = 0; axis < CLIENTELE_RFM_AXES; axis++)
		result = result * 10 + clientele_rfm_axis_score(grid, axis, values[axis]);
	return result;
}

Datum
clientele_rfm_score(PG_FUNCTION_ARGS)
{
	ScoreCache *cache = get_cache(fcinfo, 3);
	ClienteleDecimal values[CLIENTELE_RFM_AXES];

	for (int axis = 0; axis < CLIENTELE_RFM_AXES; axis++)
		if (!clientele_decimal_from_datum(PG_GETARG_DATUM(axis), &values[axis]))
			PG_RETURN_NULL();
	PG_RETURN_INT32(score(&cache->grid, values));
}

Datum
clientele_rfm_score_rfm(PG_FUNCTION_ARGS)
{
	ScoreCache *cache = get_cache(fcinfo, 3);
	ClienteleDecimal values[CLIENTELE_RFM_AXES];

	clientele_today(&cache->today, PG_GETARG_TIMESTAMPTZ(1), PG_GETARG_TEXT_PP(2));
	rfm_values(clientele_rfm_get(PG_GETARG_DATUM(0)), &cache->today, values);
	PG_RETURN_INT32(score(&cache->grid, values));
}

/*
 * Groups
 */

/* One segment: the scores of each axis it reaches from and to. */
typedef struct Segment
{
	const char *label;
	struct
	{
		int			from;
		int			to;
	}			range[CLIENTELE_RFM_AXES];
} Segment;

/* R package rfm, vignette of release 0.3; the first that matches counts. */
static const Segment r_rfm_segments[] = {
	{"Champions", {{5, 5}, {5, 5}, {5, 5}}},
	{"Potential Loyalist", {{3, 5}, {3, 5}, {2, 5}}},
	{"Loyal Customers", {{2, 4}, {2, 4}, {2, 4}}},
	{"Promising", {{3, 4}, {1, 3}, {3, 5}}},
	{"New Customers", {{4, 5}, {1, 3}, {1, 5}}},
	{"Can't Lose Them", {{1, 2}, {3, 4}, {4, 5}}},
	{"At Risk", {{1, 2}, {2, 5}, {4, 5}}},
	{"Need Attention", {{1, 3}, {3, 5}, {3, 5}}},
	{"About To Sleep", {{2, 3}, {1, 3}, {1, 4}}},
	{"Lost", {{1, 1}, {1, 5}, {1, 5}}},
};

/* The same package up to release 0.2. */
static const Segment r_rfm_02_segments[] = {
	{"Champions", {{4, 5}, {4, 5}, {4, 5}}},
	{"Loyal Customers", {{2, 5}, {3, 5}, {3, 5}}},
	{"Potential Loyalist", {{3, 5}, {1, 3}, {1, 3}}},
	{"New Customers", {{4, 5}, {1, 1}, {1, 1}}},
	{"Promising", {{3, 4}, {1, 1}, {1, 1}}},
	{"Need Attention", {{2, 3}, {2, 3}, {2, 3}}},
	{"About To Sleep", {{2, 3}, {1, 2}, {1, 2}}},
	{"At Risk", {{1, 2}, {2, 5}, {2, 5}}},
	{"Can't Lose Them", {{1, 1}, {4, 5}, {4, 5}}},
	{"Lost", {{1, 2}, {1, 2}, {1, 2}}},
};

#define R_RFM_BINS 5

/* By monetary, recency and frequency: 0 = low, 1 = high. */
static const char *const eight_labels[2][2][2] = {
	{{"一般挽留", "一般保持"}, {"一般发展", "一般价值"}},
	{{"重要挽留", "重要保持"}, {"重要发展", "重要价值"}},
};

#define EIGHT_WITHOUT_SCORE "未成交"

static void
split_score(int score, int *digits)
{
	int			rest = score;

	for (int axis = CLIENTELE_RFM_AXES - 1; axis >= 0; axis--)
	{
		digits[axis] = rest % 10;
		rest /= 10;
	}
	if (score < 0 || rest != 0 || digits[0] == 0 || digits[1] == 0 || digits[2] == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%d is not an RFM score", score),
				 errhint("A score is three digits from 1 to 9, recency * 100 + frequency * 10 + monetary, for example 545.")));
}

static const char *
group_of_eight(const int *digits, const int *high_from)
{
	int			high[CLIENTELE_RFM_AXES];

	if (high_from != NULL && (*high_from < 2 || *high_from > CLIENTELE_RFM_MAX_BINS))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("high_from cannot be %d", *high_from),
				 errhint("Give the lowest score that counts as high, from 2 to %d, for example 4 of 5.",
						 CLIENTELE_RFM_MAX_BINS)));
	for (int axis = 0; axis < CLIENTELE_RFM_AXES; axis++)
	{
		if (high_from == NULL && digits[axis] > 2)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("scheme \"eight\" needs high_from for scores of more than two bins, and %s scores %d",
							axis_names[axis], digits[axis]),
					 errhint("Say from which score on an axis counts as high, for example rfm_group(score, 'eight', 4).")));
		high[axis] = digits[axis] >= (high_from == NULL ? 2 : *high_from);
	}
	return eight_labels[high[CLIENTELE_MONETARY]][high[CLIENTELE_RECENCY]][high[CLIENTELE_FREQUENCY]];
}

static bool
segment_matches(const Segment *segment, const int *digits)
{
	for (int axis = 0; axis < CLIENTELE_RFM_AXES; axis++)
		if (digits[axis] < segment->range[axis].from || digits[axis] > segment->range[axis].to)
			return false;
	return true;
}

static const char *
group_by_table(const char *scheme, const Segment *segments, int nsegments, const int *digits)
{
	for (int axis = 0; axis < CLIENTELE_RFM_AXES; axis++)
		if (digits[axis] > R_RFM_BINS)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("scheme \"%s\" is made for %d bins, but %s scores %d",
							scheme, R_RFM_BINS, axis_names[axis], digits[axis]),
					 errhint("Score by %d bins, or use scheme 'eight' with high_from.", R_RFM_BINS)));
	for (int i = 0; i < nsegments; i++)
		if (segment_matches(&segments[i], digits))
			return segments[i].label;
	return "Others";
}

const char *
clientele_rfm_group_label(const char *scheme, const int *score, const int *high_from)
{
	bool		eight = strcmp(scheme, "eight") == 0;
	bool		r_rfm = strcmp(scheme, "r-rfm") == 0;
	int			digits[CLIENTELE_RFM_AXES];

	if (!eight && !r_rfm && strcmp(scheme, "r-rfm-0.2") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"%s\" is not a scheme of RFM groups", scheme),
				 errhint("Use 'eight', 'r-rfm' or 'r-rfm-0.2'.")));
	if (high_from != NULL && !eight)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("scheme \"%s\" takes no high_from", scheme),
				 errhint("Leave it out; only scheme 'eight' splits scores into high and low.")));
	if (score == NULL)
		return eight ? EIGHT_WITHOUT_SCORE : NULL;

	split_score(*score, digits);
	if (eight)
		return group_of_eight(digits, high_from);
	if (r_rfm)
		return group_by_table(scheme, r_rfm_segments, lengthof(r_rfm_segments), digits);
	return group_by_table(scheme, r_rfm_02_segments, lengthof(r_rfm_02_segments), digits);
}

/* rfm_group(score, scheme, high_from): a NULL score may have a group, too. */
Datum
clientele_rfm_group(PG_FUNCTION_ARGS)
{
	int			score = PG_ARGISNULL(0) ? 0 : PG_GETARG_INT32(0);
	int			high_from = PG_ARGISNULL(2) ? 0 : PG_GETARG_INT32(2);
	const char *label;

	if (PG_ARGISNULL(1))
		PG_RETURN_NULL();
	label = clientele_rfm_group_label(text_to_cstring(PG_GETARG_TEXT_PP(1)),
									  PG_ARGISNULL(0) ? NULL : &score,
									  PG_ARGISNULL(2) ? NULL : &high_from);
	if (label == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(pg_any_to_server(label, strlen(label), PG_UTF8)));
}
