/*
 * bill_lines.c
 *		The money of a bill, as SQL sees it: in all, and by its lines.
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"

#include "base/result_row.h"
#include "compat.h"
#include "promotion/promotion.h"

PG_FUNCTION_INFO_V1(clientele_bill_amount);
PG_FUNCTION_INFO_V1(clientele_bill_lines);

/* The columns of bill_lines. */
enum
{
	LINE_NUMBER,
	LINE_ITEM,
	LINE_CATEGORY,
	LINE_QUANTITY,
	LINE_PRICE,
	LINE_AMOUNT,
	LINE_SHARE
};

Datum
clientele_bill_amount(PG_FUNCTION_ARGS)
{
	PG_RETURN_NUMERIC(clientele_decimal_to_numeric(clientele_bill_read(PG_GETARG_JSONB_P(0))->amount));
}

/* Divides by weights.  What the first n get is rounded, so that nothing is lost by rounding. */
static void
divide(ClienteleDecimal given, ClienteleRounding rounding, int count, ClienteleDecimal *weights)
{
	ClienteleDecimal whole = CLIENTELE_ZERO;
	ClienteleDecimal part = CLIENTELE_ZERO;
	ClienteleDecimal before = CLIENTELE_ZERO;

	for (int i = 0; i < count; i++)
		whole = clientele_money_add(whole, weights[i]);
	if (clientele_decimal_sign(whole) == 0)
		return;
	for (int i = 0; i < count; i++)
	{
		ClienteleDecimal upto;

		part = clientele_money_add(part, weights[i]);
		upto = clientele_decimal_compare(part, whole) == 0 ? given : clientele_money_share(given, part, whole, rounding);
		weights[i] = clientele_money_subtract(upto, before);
		before = upto;
	}
}

static void
put_line(FunctionCallInfo fcinfo, int number, const ClienteleBillLine *line, const ClienteleDecimal *share)
{
	ClienteleResultRow row;

	clientele_result_clear(&row);
	clientele_result_set(&row, LINE_NUMBER, Int32GetDatum(number));
	clientele_result_set(&row, LINE_ITEM, PointerGetDatum(line->item));
	if (line->category != NULL)
		clientele_result_set(&row, LINE_CATEGORY, PointerGetDatum(line->category));
	clientele_result_set_number(&row, LINE_QUANTITY, &line->quantity);
	clientele_result_set_number(&row, LINE_PRICE, line->has_price ? &line->price : NULL);
	clientele_result_set_number(&row, LINE_AMOUNT, &line->amount);
	clientele_result_set_number(&row, LINE_SHARE, share);
	clientele_result_put(fcinfo, &row);
}

/* bill_lines(bill [, promotion, given]) */
Datum
clientele_bill_lines(PG_FUNCTION_ARGS)
{
	ClienteleDecimal *shares = NULL;
	ClienteleBill *bill;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
		return (Datum) 0;
	bill = clientele_bill_read(PG_GETARG_JSONB_P(0));
	if (!PG_ARGISNULL(1) && !PG_ARGISNULL(2))
	{
		ClienteleBoundPromotion *bound = clientele_promotion_bind(PG_GETARG_DATUM(1));
		ClienteleDecimal given;

		if (!clientele_decimal_from_datum(PG_GETARG_DATUM(2), &given) || clientele_decimal_sign(given) < 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("given is not a sum of money")));
		shares = palloc(mul_size(Max(bill->nlines, 1), sizeof(ClienteleDecimal)));
		clientele_promotion_weights(bound, bill, shares);
		divide(given, bound->promotion->rounding, bill->nlines, shares);
	}
	for (int i = 0; i < bill->nlines; i++)
		put_line(fcinfo, i + 1, &bill->lines[i], shares ? &shares[i] : NULL);
	return (Datum) 0;
}
