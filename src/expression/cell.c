/*
 * cell.c
 *		One value of the expression language: its order, and its text.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"

#include "base/local_time.h"
#include "expression/cell.h"
#include "expression/jsonb_value.h"

int
clientele_compare_text(const text *a, const text *b)
{
	size_t		a_length = VARSIZE_ANY_EXHDR(a);
	size_t		b_length = VARSIZE_ANY_EXHDR(b);
	int			order = memcmp(VARDATA_ANY(a), VARDATA_ANY(b), Min(a_length, b_length));

	if (order == 0)
		return (a_length > b_length) - (a_length < b_length);
	return order < 0 ? -1 : 1;
}

int
clientele_compare_cells(ClienteleType type, const ClienteleCell *a, const ClienteleCell *b)
{
	switch (type)
	{
		case CLIENTELE_NUMBER:
			return clientele_decimal_compare(clientele_cell_number(a), clientele_cell_number(b));
		case CLIENTELE_TEXT:
			return clientele_compare_text(a->u.text, b->u.text);
		case CLIENTELE_DATE:
		case CLIENTELE_TIMESTAMP:
			return (a->u.integer > b->u.integer) - (a->u.integer < b->u.integer);
		case CLIENTELE_BOOLEAN:
			return (a->state > b->state) - (a->state < b->state);
		case CLIENTELE_ANY:
		case CLIENTELE_TEXT_ARRAY:
			break;
	}
	elog(ERROR, "cells of type %d have no order", (int) type);
	return 0;
}

/* The greatest number of so many decimals that is not above the constant; false: too great or small. */
static bool
floor_units(ClienteleDecimal constant, int scale, int64 *units, bool *exact)
{
	ClienteleDecimal scaled;

	if (constant.scale <= scale)
	{
		scaled = clientele_decimal_round(constant, scale);
		*units = scaled.u.units;
		*exact = true;
		return scaled.scale == scale;
	}
	scaled = (ClienteleDecimal) {{constant.u.units}, constant.scale - scale};
	*units = clientele_decimal_floor(scaled).u.units;
	*exact = clientele_decimal_compare(clientele_decimal_from_int64(*units), scaled) == 0;
	return true;
}

ClienteleRange
clientele_comparison_range(ClienteleComparison comparison, ClienteleDecimal constant, int scale)
{
	const ClienteleRange all = {PG_INT64_MIN, PG_INT64_MAX};
	const ClienteleRange none = {PG_INT64_MAX, PG_INT64_MIN};
	bool		below = comparison == CLIENTELE_LT || comparison == CLIENTELE_LE;
	bool		above = comparison == CLIENTELE_GT || comparison == CLIENTELE_GE;
	int64		units;
	bool		exact;

	if (!floor_units(constant, scale, &units, &exact))
		return (clientele_decimal_sign(constant) > 0 ? below : above) ? all : none;
	if (!below && !above)
		return exact ? (ClienteleRange) {units, units} : none;
	if (comparison == CLIENTELE_LE || (comparison == CLIENTELE_LT && !exact))
		return (ClienteleRange) {PG_INT64_MIN, units};
	if (comparison == CLIENTELE_LT)
		return units == PG_INT64_MIN ? none : (ClienteleRange) {PG_INT64_MIN, units - 1};
	if (comparison == CLIENTELE_GE && exact)
		return (ClienteleRange) {units, PG_INT64_MAX};
	return units == PG_INT64_MAX ? none : (ClienteleRange) {units + 1, PG_INT64_MAX};
}

char *
clientele_cell_to_string(const ClienteleCell *cell, ClienteleType type, pg_tz *zone)
{
	if (cell->state == CLIENTELE_NULL)
		return NULL;
	switch (type)
	{
		case CLIENTELE_BOOLEAN:
			return pstrdup(cell->state == CLIENTELE_TRUE ? "true" : "false");
		case CLIENTELE_NUMBER:
			return clientele_decimal_to_string(clientele_cell_number(cell));
		case CLIENTELE_TEXT:
			return text_to_cstring(cell->u.text);
		case CLIENTELE_DATE:
			return clientele_date_to_string((DateADT) cell->u.integer);
		case CLIENTELE_TIMESTAMP:
			return clientele_instant_to_string(cell->u.integer, zone);
		case CLIENTELE_TEXT_ARRAY:
			return OidOutputFunctionCall(F_ARRAY_OUT, PointerGetDatum(cell->u.array));
		case CLIENTELE_ANY:
			return clientele_jsonb_to_string(cell);
	}
	elog(ERROR, "cells of type %d have no text", (int) type);
	return NULL;
}
