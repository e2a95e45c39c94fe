/*
 * money.c
 *		Exact sums of money, and rounding them once.
 */
#include "postgres.h"

#include "base/money.h"

static void
check_fits(bool fits)
{
	if (!fits)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("a sum of money is too large")));
}

ClienteleDecimal
clientele_money_add(ClienteleDecimal a, ClienteleDecimal b)
{
	ClienteleDecimal result;

	check_fits(clientele_decimal_add(a, b, &result));
	return result;
}

ClienteleDecimal
clientele_money_subtract(ClienteleDecimal a, ClienteleDecimal b)
{
	ClienteleDecimal result;

	check_fits(clientele_decimal_subtract(a, b, &result));
	return result;
}

ClienteleDecimal
clientele_money_multiply(ClienteleDecimal a, ClienteleDecimal b)
{
	ClienteleDecimal result;

	check_fits(clientele_decimal_multiply(a, b, &result));
	return result;
}

ClienteleDecimal
clientele_money_least(ClienteleDecimal a, ClienteleDecimal b)
{
	return clientele_decimal_compare(a, b) <= 0 ? a : b;
}

ClienteleDecimal
clientele_money_greatest(ClienteleDecimal a, ClienteleDecimal b)
{
	return clientele_decimal_compare(a, b) >= 0 ? a : b;
}

/*
 * The greatest number of units that goes into value / whole, and what is left of the
 * value then.  A quotient has only so many decimals, so its last unit is checked.
 */
static ClienteleDecimal
whole_units(ClienteleDecimal value, ClienteleDecimal whole, ClienteleDecimal unit, ClienteleDecimal *rest)
{
	ClienteleDecimal step = clientele_money_multiply(whole, unit);
	ClienteleDecimal units;

	check_fits(clientele_decimal_divide(value, step, &units));
	units = clientele_decimal_floor(units);
	*rest = clientele_money_subtract(value, clientele_money_multiply(units, step));
	while (clientele_decimal_sign(*rest) < 0)
	{
		units = clientele_money_subtract(units, clientele_decimal_from_int64(1));
		*rest = clientele_money_add(*rest, step);
	}
	while (clientele_decimal_compare(*rest, step) >= 0)
	{
		units = clientele_money_add(units, clientele_decimal_from_int64(1));
		*rest = clientele_money_subtract(*rest, step);
	}
	return units;
}

static bool
is_odd(ClienteleDecimal whole_number)
{
	ClienteleDecimal half = clientele_money_multiply(whole_number, (ClienteleDecimal) {{5}, 1});

	return clientele_decimal_compare(half, clientele_decimal_floor(half)) != 0;
}

static ClienteleDecimal
round_quotient(ClienteleDecimal value, ClienteleDecimal whole, ClienteleRounding rounding)
{
	ClienteleDecimal unit = {{1}, rounding.decimals};
	ClienteleDecimal rest;
	ClienteleDecimal units = whole_units(value, whole, unit, &rest);
	int			half = clientele_decimal_compare(clientele_money_add(rest, rest),
												 clientele_money_multiply(whole, unit));

	if (half > 0 || (half == 0 && (!rounding.half_even || is_odd(units))))
		units = clientele_money_add(units, clientele_decimal_from_int64(1));
	return clientele_money_multiply(units, unit);
}

ClienteleDecimal
clientele_money_round(ClienteleDecimal value, ClienteleRounding rounding)
{
	if (value.scale >= 0 && value.scale <= rounding.decimals)
		return value;
	if (!rounding.half_even)
		return clientele_decimal_round(value, rounding.decimals);
	return round_quotient(value, clientele_decimal_from_int64(1), rounding);
}

ClienteleDecimal
clientele_money_share(ClienteleDecimal value, ClienteleDecimal part, ClienteleDecimal whole,
					  ClienteleRounding rounding)
{
	return round_quotient(clientele_money_multiply(value, part), whole, rounding);
}

ClienteleDecimal
clientele_money_times(ClienteleDecimal value, ClienteleDecimal part)
{
	ClienteleDecimal rest;

	return whole_units(value, part, clientele_decimal_from_int64(1), &rest);
}
