/*
 * decimal.h
 *		Exact numbers, fast while they are short.
 *
 * Money and counts nearly always fit into 64 bits with a few decimals.  Such a
 * number is kept as an integer count of 10^-scale units; everything else falls
 * back to PostgreSQL's own numeric.  Both forms are exact and mix freely: no
 * result depends on which form a value happens to have.
 *
 * That holds because the scale of the short form is always the display scale
 * that the numeric would have: 1.50 is 150 units of scale 2, never 15 of scale
 * 1.  SQL's division chooses the number of its decimals by the display scales
 * of its operands, so dropping a zero could change a digit of a quotient.
 */
#ifndef CLIENTELE_DECIMAL_H
#define CLIENTELE_DECIMAL_H

#include "utils/numeric.h"

/* The most decimals the short form carries (10^18 still fits into 64 bits). */
#define CLIENTELE_DECIMAL_MAX_SCALE 18

/* Stands in the place of the scale when the value is a numeric. */
#define CLIENTELE_DECIMAL_IS_NUMERIC (-1)

typedef struct ClienteleDecimal
{
	union
	{
		int64		units;		/* value * 10^scale */
		Numeric		numeric;	/* never NaN or infinite; not owned */
	}			u;
	int			scale;			/* 0 .. CLIENTELE_DECIMAL_MAX_SCALE, or
								 * CLIENTELE_DECIMAL_IS_NUMERIC */
} ClienteleDecimal;

static inline ClienteleDecimal
clientele_decimal_from_int64(int64 value)
{
	ClienteleDecimal result;

	result.u.units = value;
	result.scale = 0;
	return result;
}

/*
 * Conversions.  Those that return bool answer false for NaN and infinity, which
 * count as unknown everywhere in clientele.
 *
 * from_numeric takes a detoasted numeric, also one that still has the one-byte
 * header it had in its tuple; from_datum takes a numeric as it comes out of a
 * tuple and detoasts what must be.  What fits the short form is read where it
 * lies, without allocating; else the result may point into the argument.
 */
extern bool clientele_decimal_from_numeric(Numeric value, ClienteleDecimal *result);
extern bool clientele_decimal_from_datum(Datum value, ClienteleDecimal *result);
extern bool clientele_decimal_from_float8(float8 value, ClienteleDecimal *result);
extern Numeric clientele_decimal_to_numeric(ClienteleDecimal value);

/*
 * Reads an unsigned or signed decimal number as numeric_in does; false if it is
 * none.  Never throws.  (The hexadecimal and underscored forms that numeric_in
 * learned in 16 are refused on every release, so that a text means the same on
 * all of them.)
 */
extern bool clientele_decimal_from_string(const char *text, ClienteleDecimal *result);

/* Canonical text: plain digits, no exponent, no trailing zero decimals. */
extern char *clientele_decimal_to_string(ClienteleDecimal value);

/* A half-open range in words, such as ">= 10 and < 20"; NULL = open on that side. */
extern char *clientele_range_to_string(const ClienteleDecimal *from, const ClienteleDecimal *below);

/* The same number without trailing zero decimals: 1.50 becomes 1.5. */
extern ClienteleDecimal clientele_decimal_trim(ClienteleDecimal value);

extern int	clientele_decimal_sign(ClienteleDecimal value);

/* The display scale: how many decimals SQL would print. */
extern int	clientele_decimal_scale(ClienteleDecimal value);
extern int	clientele_decimal_compare_slow(ClienteleDecimal a, ClienteleDecimal b);

/*
 * Arithmetic, as SQL's numeric operators, display scale included.  Answers
 * false on overflow (and division on a zero divisor).
 */
extern bool clientele_decimal_add(ClienteleDecimal a, ClienteleDecimal b, ClienteleDecimal *result);
extern bool clientele_decimal_subtract(ClienteleDecimal a, ClienteleDecimal b, ClienteleDecimal *result);
extern bool clientele_decimal_multiply(ClienteleDecimal a, ClienteleDecimal b, ClienteleDecimal *result);
extern bool clientele_decimal_divide(ClienteleDecimal a, ClienteleDecimal b, ClienteleDecimal *result);
extern ClienteleDecimal clientele_decimal_negate(ClienteleDecimal value);
extern ClienteleDecimal clientele_decimal_absolute(ClienteleDecimal value);
extern ClienteleDecimal clientele_decimal_floor(ClienteleDecimal value);

/* Half away from zero, as SQL's round(numeric, int). */
extern ClienteleDecimal clientele_decimal_round(ClienteleDecimal value, int places);

static inline int
clientele_decimal_compare(ClienteleDecimal a, ClienteleDecimal b)
{
	if (likely(a.scale == b.scale && a.scale >= 0))
		return (a.u.units > b.u.units) - (a.u.units < b.u.units);
	return clientele_decimal_compare_slow(a, b);
}

#endif							/* CLIENTELE_DECIMAL_H */
