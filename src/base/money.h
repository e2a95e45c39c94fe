/*
 * money.h
 *		Exact sums of money, and rounding them once.
 *
 * No float, no rounding on the way: products and sums are exact decimals, and what is
 * given or taken back is rounded at the end, in the way its promotion states.
 */
#ifndef CLIENTELE_MONEY_H
#define CLIENTELE_MONEY_H

#include "base/decimal.h"

typedef struct ClienteleRounding
{
	int			decimals;		/* 0 .. CLIENTELE_MONEY_DECIMALS */
	bool		half_even;		/* else half up */
} ClienteleRounding;

/* Currencies have up to four. */
#define CLIENTELE_MONEY_DECIMALS 4

#define CLIENTELE_ZERO clientele_decimal_from_int64(0)

/* As clientele_decimal_*, of numbers so short that nothing overflows. */
extern ClienteleDecimal clientele_money_add(ClienteleDecimal a, ClienteleDecimal b);
extern ClienteleDecimal clientele_money_subtract(ClienteleDecimal a, ClienteleDecimal b);
extern ClienteleDecimal clientele_money_multiply(ClienteleDecimal a, ClienteleDecimal b);

extern ClienteleDecimal clientele_money_least(ClienteleDecimal a, ClienteleDecimal b);
extern ClienteleDecimal clientele_money_greatest(ClienteleDecimal a, ClienteleDecimal b);

/* Of numbers that are not negative: a number, or an exact quotient, rounded once. */
extern ClienteleDecimal clientele_money_round(ClienteleDecimal value, ClienteleRounding rounding);
extern ClienteleDecimal clientele_money_share(ClienteleDecimal value, ClienteleDecimal part, ClienteleDecimal whole,
											  ClienteleRounding rounding);

/* How often a whole `part` goes into a value that is not negative. */
extern ClienteleDecimal clientele_money_times(ClienteleDecimal value, ClienteleDecimal part);

#endif							/* CLIENTELE_MONEY_H */
