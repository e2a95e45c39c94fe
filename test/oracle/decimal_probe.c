/*
 * decimal_probe.c
 *		src/base/decimal.c as SQL functions, to be compared with numeric's own.
 *
 * A module of its own, with decimal.c inside: the library exports no such
 * functions.  Built and used by test/scripts/decimal.sh.
 */
#include "../../src/base/decimal.c"

PG_MODULE_MAGIC;

#define BINARY(operation) \
	PG_FUNCTION_INFO_V1(probe_##operation); \
	Datum probe_##operation(PG_FUNCTION_ARGS); \
	Datum \
	probe_##operation(PG_FUNCTION_ARGS) \
	{ \
		ClienteleDecimal a, \
					b, \
					result; \
\
		if (!clientele_decimal_from_datum(PG_GETARG_DATUM(0), &a) || \
			!clientele_decimal_from_datum(PG_GETARG_DATUM(1), &b) || \
			!clientele_decimal_##operation(a, b, &result)) \
			PG_RETURN_NULL(); \
		PG_RETURN_NUMERIC(clientele_decimal_to_numeric(result)); \
	}

#define UNARY(operation, call) \
	PG_FUNCTION_INFO_V1(probe_##operation); \
	Datum probe_##operation(PG_FUNCTION_ARGS); \
	Datum \
	probe_##operation(PG_FUNCTION_ARGS) \
	{ \
		ClienteleDecimal a; \
\
		if (!clientele_decimal_from_datum(PG_GETARG_DATUM(0), &a)) \
			PG_RETURN_NULL(); \
		PG_RETURN_NUMERIC(clientele_decimal_to_numeric(call)); \
	}

BINARY(add)
BINARY(subtract)
BINARY(multiply)
BINARY(divide)
UNARY(same, a)
UNARY(negate, clientele_decimal_negate(a))
UNARY(absolute, clientele_decimal_absolute(a))
UNARY(floor, clientele_decimal_floor(a))
UNARY(trim, clientele_decimal_trim(a))
UNARY(round, clientele_decimal_round(a, PG_GETARG_INT32(1)))
UNARY(sign, clientele_decimal_from_int64(clientele_decimal_sign(a)))
UNARY(scale, clientele_decimal_from_int64(clientele_decimal_scale(a)))
UNARY(is_short, clientele_decimal_from_int64(is_short(a)))

PG_FUNCTION_INFO_V1(probe_compare);
PG_FUNCTION_INFO_V1(probe_from_float8);
PG_FUNCTION_INFO_V1(probe_from_string);
PG_FUNCTION_INFO_V1(probe_to_string);
Datum		probe_compare(PG_FUNCTION_ARGS);
Datum		probe_from_float8(PG_FUNCTION_ARGS);
Datum		probe_from_string(PG_FUNCTION_ARGS);
Datum		probe_to_string(PG_FUNCTION_ARGS);

Datum
probe_compare(PG_FUNCTION_ARGS)
{
	ClienteleDecimal a,
				b;

	if (!clientele_decimal_from_datum(PG_GETARG_DATUM(0), &a) ||
		!clientele_decimal_from_datum(PG_GETARG_DATUM(1), &b))
		PG_RETURN_NULL();
	PG_RETURN_INT32(clientele_decimal_compare(a, b));
}

Datum
probe_from_float8(PG_FUNCTION_ARGS)
{
	ClienteleDecimal a;

	if (!clientele_decimal_from_float8(PG_GETARG_FLOAT8(0), &a))
		PG_RETURN_NULL();
	PG_RETURN_NUMERIC(clientele_decimal_to_numeric(a));
}

Datum
probe_from_string(PG_FUNCTION_ARGS)
{
	ClienteleDecimal a;

	if (!clientele_decimal_from_string(PG_GETARG_CSTRING(0), &a))
		PG_RETURN_NULL();
	PG_RETURN_NUMERIC(clientele_decimal_to_numeric(a));
}

Datum
probe_to_string(PG_FUNCTION_ARGS)
{
	ClienteleDecimal a;

	if (!clientele_decimal_from_datum(PG_GETARG_DATUM(0), &a))
		PG_RETURN_NULL();
	PG_RETURN_CSTRING(clientele_decimal_to_string(a));
}
