/*
 * rfm_cuts.c
 *		SQL type rfm_cuts: where the bins of an RFM grid begin.
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
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

#include "compat.h"
#include "rfm/rfm_cuts.h"

#define HEADER_SIZE offsetof(ClienteleRfmCuts, data)

PG_FUNCTION_INFO_V1(clientele_rfm_cuts_in);
PG_FUNCTION_INFO_V1(clientele_rfm_cuts_out);
PG_FUNCTION_INFO_V1(clientele_rfm_cuts_recv);
PG_FUNCTION_INFO_V1(clientele_rfm_cuts_send);
PG_FUNCTION_INFO_V1(clientele_rfm_cuts_eq);
PG_FUNCTION_INFO_V1(clientele_rfm_cuts_ne);
PG_FUNCTION_INFO_V1(clientele_rfm_cuts_hash);
PG_FUNCTION_INFO_V1(clientele_rfm_cuts_of_axis);

const char *const clientele_rfm_axis_names[CLIENTELE_RFM_AXES] = {"recency", "frequency", "monetary"};

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

char *
clientele_rfm_grid_print(const ClienteleRfmGrid *grid, const ClienteleRfmFormulas *formulas)
{
	StringInfoData text;

	initStringInfo(&text);
	for (int axis = 0; axis < CLIENTELE_RFM_AXES; axis++)
	{
		const ClienteleDecimal *cuts = grid->cuts[axis];

		appendStringInfo(&text, "%s%s ", axis > 0 ? "; " : "", clientele_rfm_axis_names[axis]);
		for (int i = 0; i < grid->ncuts[axis]; i++)
		{
			const char *formula = formulas ? formulas[axis][i] : NULL;
			const char *before = formulas && i > 0 ? formulas[axis][i - 1] : NULL;
			bool		repeated = i > 0 && !formula && !before && clientele_decimal_compare(cuts[i - 1], cuts[i]) == 0;

			appendStringInfo(&text, "%s%s", i > 0 ? ", " : "",
							 formula ? formula : repeated ? "=" : clientele_decimal_to_string(cuts[i]));
		}
	}
	return text.data;
}

Datum
clientele_rfm_cuts_out(PG_FUNCTION_ARGS)
{
	ClienteleRfmGrid grid;

	clientele_rfm_cuts_read(PG_GETARG_DATUM(0), &grid);
	PG_RETURN_CSTRING(clientele_rfm_grid_print(&grid, NULL));
}

static const char *
skip_space(const char *p)
{
	while (isspace((unsigned char) *p))
		p++;
	return p;
}

/* Where an item ends; a name in double quotes may hold anything. */
static const char *
item_end(const char *p)
{
	bool		quoted = false;

	for (; *p != '\0' && (quoted || (*p != ',' && *p != ';')); p++)
	{
		if (*p == '"')
			quoted = !quoted;
	}
	return p;
}

/* The next item of a list, without the space around it. */
static char *
get_item(const char **p)
{
	const char *start = skip_space(*p);
	const char *end = item_end(start);

	*p = end;
	while (end > start && isspace((unsigned char) end[-1]))
		end--;
	return pnstrdup(start, end - start);
}

/* Adds one cut to an axis; answers what is wrong with it, or NULL. */
static char *
parse_cut(const char *item, ClienteleRfmGrid *grid, ClienteleRfmFormulas *formulas, int axis)
{
	int			n = grid->ncuts[axis];
	ClienteleDecimal *cut = &grid->cuts[axis][n];
	bool		after_number = n > 0 && (formulas == NULL || formulas[axis][n - 1] == NULL);

	if (n == CLIENTELE_RFM_MAX_CUTS)
		return psprintf("%s has more than %d cuts; a score has room for %d bins.",
						clientele_rfm_axis_names[axis], CLIENTELE_RFM_MAX_CUTS, CLIENTELE_RFM_MAX_BINS);
	if (strcmp(item, "=") == 0)
	{
		if (n == 0)
			return psprintf("\"=\" repeats the cut before it, but it is the first of %s.", clientele_rfm_axis_names[axis]);
		*cut = cut[-1];
		if (!after_number)
			formulas[axis][n] = formulas[axis][n - 1];
	}
	else if (formulas != NULL && item[0] != '\0' && !clientele_decimal_from_string(item, cut))
	{
		formulas[axis][n] = item;
		*cut = clientele_decimal_from_int64(0);
	}
	else
	{
		if (!clientele_decimal_from_string(item, cut))
			return psprintf("\"%s\", cut %d of %s, is not a finite number.", item, n + 1, clientele_rfm_axis_names[axis]);
		if (after_number && clientele_decimal_compare(cut[-1], *cut) == 0)
			return psprintf("Cut %d of %s, %s, stands there twice; for a bin that stays empty write \"=\".",
							n + 1, clientele_rfm_axis_names[axis], item);
		if (after_number && clientele_decimal_compare(cut[-1], *cut) > 0)
			return psprintf("Cut %d of %s, %s, is less than the one before it.", n + 1, clientele_rfm_axis_names[axis], item);
	}
	grid->ncuts[axis]++;
	return NULL;
}

/* Reads "name cut, cut, ..." up to a semicolon or the end. */
static char *
parse_axis(const char **p, ClienteleRfmGrid *grid, ClienteleRfmFormulas *formulas, int axis)
{
	size_t		length = strlen(clientele_rfm_axis_names[axis]);
	char	   *fault;

	grid->ncuts[axis] = 0;
	*p = skip_space(*p);
	if (strncmp(*p, clientele_rfm_axis_names[axis], length) != 0 || !isspace((unsigned char) (*p)[length]))
		return psprintf("The word \"%s\" and its cuts are missing or not in their place.", clientele_rfm_axis_names[axis]);
	*p += length;

	for (;;)
	{
		fault = parse_cut(get_item(p), grid, formulas, axis);
		if (fault != NULL || **p != ',')
			return fault;
		(*p)++;
	}
}

char *
clientele_rfm_grid_parse(const char *p, ClienteleRfmGrid *grid, ClienteleRfmFormulas *formulas)
{
	if (formulas != NULL)
		memset(formulas, 0, sizeof(ClienteleRfmFormulas) * CLIENTELE_RFM_AXES);
	for (int axis = 0; axis < CLIENTELE_RFM_AXES; axis++)
	{
		char	   *fault;

		if (axis > 0 && *p == ';')
			p++;
		fault = parse_axis(&p, grid, formulas, axis);
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
	char	   *fault = clientele_rfm_grid_parse(input, &grid, NULL);

	if (fault != NULL)
		ereturn(fcinfo->context, (Datum) 0,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("invalid input syntax for type rfm_cuts: \"%s\"", input),
				 errdetail_internal("%s", fault),
				 errhint(CLIENTELE_RFM_CUTS_HINT)));
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
						grid->ncuts[axis], clientele_rfm_axis_names[axis], CLIENTELE_RFM_MAX_CUTS)));
	for (int i = 0; i < grid->ncuts[axis]; i++)
	{
		Datum		cut = DirectFunctionCall3(numeric_recv, PointerGetDatum(message),
											  ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));

		if (!clientele_decimal_from_numeric(DatumGetNumeric(cut), &cuts[i]))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
					 errmsg("cut %d of %s is not finite", i + 1, clientele_rfm_axis_names[axis])));
		if (i > 0 && clientele_decimal_compare(cuts[i - 1], cuts[i]) > 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
					 errmsg("cut %d of %s is less than the one before it", i + 1, clientele_rfm_axis_names[axis])));
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
		if (strcmp(name, clientele_rfm_axis_names[axis]) != 0)
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
