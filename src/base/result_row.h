/*
 * result_row.h
 *		A row of a set-returning function's result, filled column by column.
 */
#ifndef CLIENTELE_RESULT_ROW_H
#define CLIENTELE_RESULT_ROW_H

#include "fmgr.h"
#include "utils/timestamp.h"

#include "base/decimal.h"

#define CLIENTELE_RESULT_COLUMNS 16

typedef struct ClienteleResultRow
{
	Datum		values[CLIENTELE_RESULT_COLUMNS];
	bool		nulls[CLIENTELE_RESULT_COLUMNS];
} ClienteleResultRow;

/* What is not set afterwards stays NULL. */
extern void clientele_result_clear(ClienteleResultRow *row);
extern void clientele_result_set(ClienteleResultRow *row, int column, Datum value);

/* Text and numbers are NULL where the pointer is. */
extern void clientele_result_set_text(ClienteleResultRow *row, int column, const char *text);
extern void clientele_result_set_number(ClienteleResultRow *row, int column, const ClienteleDecimal *number);

/* NULL where the horizon never comes. */
extern void clientele_result_set_horizon(ClienteleResultRow *row, int column, TimestampTz until);

/* Adds it to the result of a call that has begun with InitMaterializedSRF. */
extern void clientele_result_put(FunctionCallInfo fcinfo, ClienteleResultRow *row);

#endif							/* CLIENTELE_RESULT_ROW_H */
