/*
 * benefit_row.c
 *		What a promotion gives, as columns of a row.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "compat.h"
#include "promotion/benefit_row.h"

/* Made once: a hundred rows say little else. */
static Datum
kind_text(ClienteleBenefitKind kind)
{
	static text *texts[CLIENTELE_BENEFIT_KINDS];

	if (texts[kind] == NULL)
	{
		MemoryContext caller = MemoryContextSwitchTo(TopMemoryContext);

		texts[kind] = cstring_to_text(clientele_benefit_kinds[kind]);
		MemoryContextSwitchTo(caller);
	}
	return PointerGetDatum(texts[kind]);
}

static Datum
no_texts(void)
{
	static ArrayType *array = NULL;

	if (array == NULL)
	{
		MemoryContext caller = MemoryContextSwitchTo(TopMemoryContext);

		array = construct_empty_array(TEXTOID);
		MemoryContextSwitchTo(caller);
	}
	return PointerGetDatum(array);
}

Datum
clientele_text_array(int count, const char *const *elements)
{
	Datum	   *texts;

	if (count == 0)
		return no_texts();
	texts = palloc(mul_size(count, sizeof(Datum)));
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

	clientele_result_set(row, column, kind_text(benefit->kind));
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
