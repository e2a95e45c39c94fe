/*
 * benefit_row.h
 *		What a promotion gives, as columns of a row.
 */
#ifndef CLIENTELE_BENEFIT_ROW_H
#define CLIENTELE_BENEFIT_ROW_H

#include "base/result_row.h"
#include "promotion/promotion.h"

/*
 * From a column on: kind, amount, value, points, item, coupon, quantity, valid_days.  Without
 * eligibility only what a promotion says of itself.
 */
#define CLIENTELE_BENEFIT_COLUMNS 8
extern void clientele_benefit_row_set(ClienteleResultRow *row, int column, const ClientelePromotionBenefit *benefit,
									  bool eligible, const ClienteleDecimal *amount, const ClienteleDecimal *value,
									  const ClienteleDecimal *given);

extern Datum clientele_text_array(int count, const char *const *elements);

/* The policy of best_promotions and best_offers; promotion_functions.c. */
extern ClienteleOfferPolicy clientele_policy_argument(FunctionCallInfo fcinfo, int argument);

#endif							/* CLIENTELE_BENEFIT_ROW_H */
