/*
 * benefit_row.c
 *		What a promotion gives, as columns of a row.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "benefit_row.h"
#include "compat.h"

Datum
clientele_text_array(int count, const char *const *elements)
{
	Datum	   *texts = palloc(mul_size(Max(count, 1), sizeof(Datum)));

	for (int i = 0; i < count; i++)
		texts[i] = CStringGetTextDatum(elements[i]);
	return PointerGetDatum(construct_array(texts, count, TEXTOID, -1, false, TYPALIGN_INT));
}

void
clientele_benefit_row_set(ClienteleResultRow *row, int column, const ClientelePromotionBenefit *benefit, bool eligible,
						  const ClienteleDecimal *amount, const ClienteleDecimal *value, const ClienteleDecimal *given)
{
	bool		pieces = benefit->kind == CLIENTELE_GIFT || benefit->kind == CLIENTELE_COUPON;
	bool		has_value = pieces ? benefit->kind == CLIENTELE_GIFT : benefit->kind != CLIENTELE_POINTS;

	clientele_result_set_text(row, column, clientele_benefit_kinds[benefit->kind]);
	clientele_result_set_text(row, column + 4, benefit->item);
	clientele_result_set_text(row, column + 5, benefit->coupon);
	if (benefit->valid_days != 0)
		clientele_result_set(row, column + 7, Int32GetDatum(benefit->valid_days));
	if (!eligible)
		return;
	clientele_result_set_number(row, column + 1, clientele_reduces_bill(benefit->kind) ? amount : NULL);
	clientele_result_set_number(row, column + 2, has_value ? value : NULL);
	clientele_result_set_number(row, column + 3, benefit->kind == CLIENTELE_POINTS ? given : NULL);
	clientele_result_set_number(row, column + 6, pieces ? given : NULL);
}
