/*
 * result_row.c
 *		A row of a set-returning function's result, filled column by column.
 */
#include "postgres.h"

#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/tuplestore.h"

#include "base/result_row.h"

void
clientele_result_clear(ClienteleResultRow *row)
{
	memset(row->values, 0, sizeof(row->values));
	memset(row->nulls, true, sizeof(row->nulls));
}

void
clientele_result_set(ClienteleResultRow *row, int column, Datum value)
{
	row->values[column] = value;
	row->nulls[column] = false;
}

void
clientele_result_set_text(ClienteleResultRow *row, int column, const char *text)
{
	if (text != NULL)
		clientele_result_set(row, column, CStringGetTextDatum(text));
}

void
clientele_result_set_number(ClienteleResultRow *row, int column, const ClienteleDecimal *number)
{
	Datum		value;

	if (number == NULL)
		return;
	value = NumericGetDatum(clientele_decimal_to_numeric(*number));
	if (number->scale != 0)
		value = DirectFunctionCall1(numeric_trim_scale, value);
	clientele_result_set(row, column, value);
}

void
clientele_result_set_horizon(ClienteleResultRow *row, int column, TimestampTz until)
{
	if (!TIMESTAMP_IS_NOEND(until))
		clientele_result_set(row, column, TimestampTzGetDatum(until));
}

void
clientele_result_put(FunctionCallInfo fcinfo, ClienteleResultRow *row)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;

	Assert(result->setDesc->natts <= CLIENTELE_RESULT_COLUMNS);
	tuplestore_putvalues(result->setResult, result->setDesc, row->values, row->nulls);
}
