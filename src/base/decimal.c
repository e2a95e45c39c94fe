/*
 * decimal.c
 *		Exact numbers, fast while they are short.
 *
 * The stored form of numeric
 * --------------------------
 * This file reads and writes the bytes of a numeric itself, because going
 * through numeric's own functions costs more than the arithmetic.  The bytes
 * are private to core's numeric.c, but they are also what lies in every table:
 * pg_upgrade keeps data files, so they have not changed since the short header
 * came with 9.1 (infinity, new in 14, took a header value that meant nothing
 * before) and cannot change without breaking every upgraded database.
 *
 * After the varlena header comes a 16-bit header in native byte order:
 *
 *		00dd dddd dddd dddd		long, positive: d = display scale
 *		01dd dddd dddd dddd		long, negative
 *		10sd dddd dwww wwww		short: s = sign, d = display scale,
 *								w = weight (7 bits, two's complement)
 *		11.. .... .... ....		NaN or infinity
 *
 * The long form has a 16-bit weight next.  Then follow base-10000 digits, 16
 * bits each: the first counts 10000^weight, each next one 10000 times less.
 * Zero digits at both ends are not stored; no digit at all is zero.
 */
#include "postgres.h"

#include <ctype.h>
#include <math.h>

#include "common/int.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

#include "base/decimal.h"
#include "compat.h"

#define FORM_MASK				0xC000
#define FORM_LONG_NEGATIVE		0x4000
#define FORM_SHORT				0x8000
#define FORM_SPECIAL			0xC000
#define LONG_SCALE_MASK			0x3FFF
#define SHORT_SIGN				0x2000
#define SHORT_SCALE_MASK		0x1F80
#define SHORT_SCALE_SHIFT		7
#define SHORT_WEIGHT_SIGN		0x0040
#define SHORT_WEIGHT_MASK		0x003F

#define BASE					10000
#define BASE_DECIMALS			4	/* decimal digits in one base-10000 digit */

/* A 64-bit integer aligned to a scale touches at most this many digits. */
#define MAX_SHORT_DIGITS		7

/* What numeric can hold; numeric_in throws beyond. */
#define NUMERIC_MAX_INTEGER_DIGITS	((32767 + 1) * BASE_DECIMALS)
#define NUMERIC_MAX_DECIMALS		16383

typedef enum StoredKind
{
	STORED_SHORT,				/* fits the short form */
	STORED_LONG,				/* finite, but only as a numeric */
	STORED_SPECIAL				/* NaN or infinity */
} StoredKind;

static const int64 power_of_ten[CLIENTELE_DECIMAL_MAX_SCALE + 1] = {
	INT64CONST(1),
	INT64CONST(10),
	INT64CONST(100),
	INT64CONST(1000),
	INT64CONST(10000),
	INT64CONST(100000),
	INT64CONST(1000000),
	INT64CONST(10000000),
	INT64CONST(100000000),
	INT64CONST(1000000000),
	INT64CONST(10000000000),
	INT64CONST(100000000000),
	INT64CONST(1000000000000),
	INT64CONST(10000000000000),
	INT64CONST(100000000000000),
	INT64CONST(1000000000000000),
	INT64CONST(10000000000000000),
	INT64CONST(100000000000000000),
	INT64CONST(1000000000000000000)
};

static inline ClienteleDecimal
make_short(int64 units, int scale)
{
	ClienteleDecimal result;

	result.u.units = units;
	result.scale = scale;
	return result;
}

static inline ClienteleDecimal
make_numeric(Numeric numeric)
{
	ClienteleDecimal result;

	result.u.numeric = numeric;
	result.scale = CLIENTELE_DECIMAL_IS_NUMERIC;
	return result;
}

static inline bool
is_short(ClienteleDecimal value)
{
	return value.scale >= 0;
}

/* Native-order 16 bits from an address that may be odd. */
static inline uint16
read_uint16(const char *address)
{
	uint16		value;

	memcpy(&value, address, sizeof(value));
	return value;
}

/* The digits of a number, once its header is understood. */
typedef struct StoredNumber
{
	bool		negative;
	int			scale;			/* display scale */
	int			weight;			/* of the first digit */
	int			ndigits;
	const char *digits;			/* possibly unaligned */
} StoredNumber;

/* Understands the header; false for NaN and infinity. */
static inline bool
read_header(const char *data, Size length, StoredNumber *number)
{
	uint16		header = read_uint16(data);
	Size		header_size;

	if ((header & FORM_MASK) == FORM_SHORT)
	{
		number->negative = (header & SHORT_SIGN) != 0;
		number->scale = (header & SHORT_SCALE_MASK) >> SHORT_SCALE_SHIFT;
		number->weight = (int) (header & SHORT_WEIGHT_MASK) -
			((header & SHORT_WEIGHT_SIGN) ? SHORT_WEIGHT_SIGN : 0);
		header_size = sizeof(uint16);
	}
	else if ((header & FORM_MASK) == FORM_SPECIAL)
		return false;
	else
	{
		number->negative = (header & FORM_MASK) == FORM_LONG_NEGATIVE;
		number->scale = header & LONG_SCALE_MASK;
		number->weight = (int16) read_uint16(data + sizeof(uint16));
		header_size = 2 * sizeof(uint16);
	}
	number->ndigits = (int) ((length - header_size) / sizeof(uint16));
	number->digits = data + header_size;
	return true;
}

/*
 * Digits to units.  All digits but the last are whole; the last may reach
 * below the display scale, where it has zeros only.
 */
static inline bool
digits_to_units(const StoredNumber *number, int64 *units)
{
	int			last = number->ndigits - 1;
	int			shift;			/* decimals between the last digit and scale */
	int64		sum = 0;
	int64		digit;

	if (number->scale > CLIENTELE_DECIMAL_MAX_SCALE)
		return false;
	if (last < 0)
	{
		*units = 0;
		return true;
	}

	shift = (number->weight - last) * BASE_DECIMALS + number->scale;
	if (shift <= -BASE_DECIMALS || shift > CLIENTELE_DECIMAL_MAX_SCALE)
		return false;

	for (int i = 0; i < last; i++)
	{
		digit = read_uint16(number->digits + i * sizeof(uint16));
		if (pg_mul_s64_overflow(sum, BASE, &sum) ||
			pg_add_s64_overflow(sum, digit, &sum))
			return false;
	}

	digit = read_uint16(number->digits + last * sizeof(uint16));
	if (shift >= 0)
	{
		if (pg_mul_s64_overflow(sum, BASE, &sum) ||
			pg_add_s64_overflow(sum, digit, &sum) ||
			pg_mul_s64_overflow(sum, power_of_ten[shift], &sum))
			return false;
	}
	else
	{
		/* Divisors that the compiler knows: a division by a variable is slow. */
		int64		hidden;

		switch (shift)
		{
			case -1:
				hidden = digit % 10;
				digit /= 10;
				break;
			case -2:
				hidden = digit % 100;
				digit /= 100;
				break;
			default:
				hidden = digit % 1000;
				digit /= 1000;
				break;
		}
		if (unlikely(hidden != 0))
			return false;
		if (pg_mul_s64_overflow(sum, power_of_ten[BASE_DECIMALS + shift], &sum) ||
			pg_add_s64_overflow(sum, digit, &sum))
			return false;
	}

	/* The magnitude fitted, so its negative does.  (-2^63 stays a numeric.) */
	*units = number->negative ? -sum : sum;
	return true;
}

static inline StoredKind
read_stored(const char *data, Size length, ClienteleDecimal *result)
{
	StoredNumber number;
	int64		units;

	if (unlikely(!read_header(data, length, &number)))
		return STORED_SPECIAL;
	if (unlikely(!digits_to_units(&number, &units)))
		return STORED_LONG;
	*result = make_short(units, number.scale);
	return STORED_SHORT;
}

bool
clientele_decimal_from_numeric(Numeric value, ClienteleDecimal *result)
{
	const char *data = VARDATA_ANY((const void *) value);
	Size		length = VARSIZE_ANY_EXHDR((const void *) value);

	switch (read_stored(data, length, result))
	{
		case STORED_SHORT:
			return true;
		case STORED_LONG:

			/*
			 * Core's functions want a four-byte header.  A value this long
			 * that came straight from a tuple can lack it.
			 */
			*result = make_numeric(VARATT_IS_1B((const void *) value) ?
								   DatumGetNumeric(NumericGetDatum(value)) : value);
			return true;
		default:
			return false;
	}
}

bool
clientele_decimal_from_datum(Datum value, ClienteleDecimal *result)
{
	struct varlena *stored = (struct varlena *) DatumGetPointer(value);

	if (unlikely(VARATT_IS_EXTENDED(stored) && !VARATT_IS_SHORT(stored)))
		stored = pg_detoast_datum(stored);
	return clientele_decimal_from_numeric((Numeric) stored, result);
}

bool
clientele_decimal_from_float8(float8 value, ClienteleDecimal *result)
{
	/* Fifteen digits is what float8::numeric keeps. */
	if (fabs(value) < 1e15 && value == rint(value))
	{
		*result = clientele_decimal_from_int64((int64) value);
		return true;
	}
	if (isnan(value) || isinf(value))
		return false;
	return clientele_decimal_from_numeric(DatumGetNumeric(DirectFunctionCall1(float8_numeric,
																			  Float8GetDatum(value))),
										  result);
}

/* Writes a short value as numeric_in would have stored it. */
static Numeric
short_to_numeric(int64 units, int scale)
{
	uint64		magnitude = units < 0 ? (uint64) 0 - (uint64) units : (uint64) units;
	uint16		digits[MAX_SHORT_DIGITS];	/* last digit first */
	int			ndigits = 0;
	int			weight;
	int			first = 0;
	int			partial = scale % BASE_DECIMALS;	/* decimals in the last digit */
	uint16		header;
	Size		size;
	struct varlena *result;
	char	   *out;

	weight = -(scale / BASE_DECIMALS);
	if (partial > 0)
	{
		/* The last digit holds only `partial` decimals: pad it on the right. */
		digits[ndigits++] = (uint16) ((magnitude % power_of_ten[partial]) *
									  power_of_ten[BASE_DECIMALS - partial]);
		magnitude /= power_of_ten[partial];
		weight--;
	}
	while (magnitude > 0)
	{
		digits[ndigits++] = (uint16) (magnitude % BASE);
		magnitude /= BASE;
	}
	weight += ndigits - 1;

	while (ndigits > 0 && digits[ndigits - 1] == 0)
	{
		ndigits--;
		weight--;
	}
	while (first < ndigits && digits[first] == 0)
		first++;
	if (first == ndigits)
		weight = 0;

	header = FORM_SHORT | (units < 0 ? SHORT_SIGN : 0) |
		(uint16) (scale << SHORT_SCALE_SHIFT) |
		(uint16) (weight & (SHORT_WEIGHT_SIGN | SHORT_WEIGHT_MASK));

	size = VARHDRSZ + sizeof(uint16) * (1 + ndigits - first);
	result = palloc(size);
	SET_VARSIZE(result, size);
	out = VARDATA(result);
	memcpy(out, &header, sizeof(header));
	for (int i = ndigits - 1; i >= first; i--)
	{
		out += sizeof(uint16);
		memcpy(out, &digits[i], sizeof(uint16));
	}
	return (Numeric) result;
}

Numeric
clientele_decimal_to_numeric(ClienteleDecimal value)
{
	return is_short(value) ? short_to_numeric(value.u.units, value.scale) : value.u.numeric;
}

/*
 * What a decimal number is made of, before it is known whether it fits.
 */
typedef struct NumberText
{
	bool		negative;
	const char *digits;			/* first character after the sign */
	const char *end;			/* after the mantissa */
	int			whole;			/* digits before the point */
	int			decimals;		/* digits after it */
	bool		has_exponent;
	int			exponent;		/* clamped: beyond +-1e6 nothing fits */
} NumberText;

static const char *
skip_space(const char *p)
{
	while (isspace((unsigned char) *p))
		p++;
	return p;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Splits [space] [sign] digits [. digits] [e [sign] digits] [space]. */
static bool
scan_number(const char *text, NumberText *number)
{
	const char *p = skip_space(text);

	memset(number, 0, sizeof(*number));
	if (*p == '+' || *p == '-')
		number->negative = *p++ == '-';
	number->digits = p;
	for (; is_digit(*p); p++)
		number->whole++;
	if (*p == '.')
		for (p++; is_digit(*p); p++)
			number->decimals++;
	if (number->whole + number->decimals == 0)
		return false;
	number->end = p;

	if (*p == 'e' || *p == 'E')
	{
		bool		negative = false;

		p++;
		number->has_exponent = true;
		if (*p == '+' || *p == '-')
			negative = *p++ == '-';
		if (!is_digit(*p))
			return false;
		for (; is_digit(*p); p++)
			if (number->exponent < 1000000)
				number->exponent = number->exponent * 10 + (*p - '0');
		if (negative)
			number->exponent = -number->exponent;
	}
	return *skip_space(p) == '\0';
}

/* The common case, without numeric_in: no exponent and a value that fits. */
static bool
scanned_to_units(const NumberText *number, int64 *units)
{
	int64		sum = 0;

	if (number->has_exponent || number->decimals > CLIENTELE_DECIMAL_MAX_SCALE)
		return false;
	for (const char *p = number->digits; p < number->end; p++)
		if (*p != '.' &&
			(pg_mul_s64_overflow(sum, 10, &sum) ||
			 pg_add_s64_overflow(sum, *p - '0', &sum)))
			return false;
	*units = number->negative ? -sum : sum;
	return true;
}

bool
clientele_decimal_from_string(const char *text, ClienteleDecimal *result)
{
	NumberText	number;
	int64		units;
	Datum		numeric;

	if (!scan_number(text, &number))
		return false;
	if (scanned_to_units(&number, &units))
	{
		*result = make_short(units, number.decimals);
		return true;
	}

	/* Refuse here what numeric_in would throw on. */
	if (number.whole + number.exponent > NUMERIC_MAX_INTEGER_DIGITS ||
		number.decimals - number.exponent > NUMERIC_MAX_DECIMALS)
		return false;
	numeric = DirectFunctionCall3(numeric_in, CStringGetDatum(text),
								  ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
	return clientele_decimal_from_numeric(DatumGetNumeric(numeric), result);
}

char *
clientele_decimal_to_string(ClienteleDecimal value)
{
	return numeric_normalize(clientele_decimal_to_numeric(value));
}

char *
clientele_range_to_string(const ClienteleDecimal *from, const ClienteleDecimal *below)
{
	if (from == NULL && below == NULL)
		return pstrdup("any value");
	if (from == NULL)
		return psprintf("< %s", clientele_decimal_to_string(*below));
	if (below == NULL)
		return psprintf(">= %s", clientele_decimal_to_string(*from));
	return psprintf(">= %s and < %s", clientele_decimal_to_string(*from), clientele_decimal_to_string(*below));
}

/* Back to the short form, if the value fits. */
static ClienteleDecimal
shorten(Numeric value)
{
	ClienteleDecimal result;

	if (!clientele_decimal_from_numeric(value, &result))
		elog(ERROR, "arithmetic on finite numbers gave no finite number");
	return result;
}

ClienteleDecimal
clientele_decimal_trim(ClienteleDecimal value)
{
	if (!is_short(value))
	{
		char	   *text = numeric_normalize(value.u.numeric);

		return shorten(DatumGetNumeric(DirectFunctionCall3(numeric_in, CStringGetDatum(text),
														   ObjectIdGetDatum(InvalidOid),
														   Int32GetDatum(-1))));
	}
	while (value.scale > 0 && value.u.units % 10 == 0)
	{
		value.u.units /= 10;
		value.scale--;
	}
	return value;
}

static StoredNumber
read_numeric(Numeric value)
{
	StoredNumber number;

	if (!read_header(VARDATA_ANY((const void *) value), VARSIZE_ANY_EXHDR((const void *) value), &number))
		elog(ERROR, "a decimal that is not finite");
	return number;
}

int
clientele_decimal_sign(ClienteleDecimal value)
{
	StoredNumber number;

	if (is_short(value))
		return (value.u.units > 0) - (value.u.units < 0);
	number = read_numeric(value.u.numeric);
	if (number.ndigits == 0)
		return 0;
	return number.negative ? -1 : 1;
}

int
clientele_decimal_scale(ClienteleDecimal value)
{
	return is_short(value) ? value.scale : read_numeric(value.u.numeric).scale;
}

/* The same value in more decimals; false if that does not fit. */
static inline bool
rescale_up(int64 units, int from, int to, int64 *result)
{
	return !pg_mul_s64_overflow(units, power_of_ten[to - from], result);
}

/* Brings two short values to the larger of their scales. */
static inline bool
align(ClienteleDecimal *a, ClienteleDecimal *b)
{
	if (!is_short(*a) || !is_short(*b))
		return false;
	if (a->scale < b->scale)
	{
		if (!rescale_up(a->u.units, a->scale, b->scale, &a->u.units))
			return false;
		a->scale = b->scale;
	}
	else if (b->scale < a->scale)
	{
		if (!rescale_up(b->u.units, b->scale, a->scale, &b->u.units))
			return false;
		b->scale = a->scale;
	}
	return true;
}

/*
 * Two short values of unlike scale: what overflows when it is brought to the
 * other's scale is larger in magnitude than anything that fits there.
 */
static int
compare_scaled(int64 few, int few_scale, int64 many, int many_scale)
{
	int64		scaled;

	if (!rescale_up(few, few_scale, many_scale, &scaled))
		return few < 0 ? -1 : 1;
	return (scaled > many) - (scaled < many);
}

int
clientele_decimal_compare_slow(ClienteleDecimal a, ClienteleDecimal b)
{
	if (is_short(a) && is_short(b))
		return a.scale <= b.scale ?
			compare_scaled(a.u.units, a.scale, b.u.units, b.scale) :
			-compare_scaled(b.u.units, b.scale, a.u.units, a.scale);

	return DatumGetInt32(DirectFunctionCall2(numeric_cmp,
											 NumericGetDatum(clientele_decimal_to_numeric(a)),
											 NumericGetDatum(clientele_decimal_to_numeric(b))));
}

typedef Numeric (*NumericOperator) (Numeric a, Numeric b, bool *failed);

/* The exact road: core's own operator, and back to short if that fits. */
static bool
by_numeric(NumericOperator operate, ClienteleDecimal a, ClienteleDecimal b, ClienteleDecimal *result)
{
	bool		failed = false;
	Numeric		numeric;

	numeric = operate(clientele_decimal_to_numeric(a), clientele_decimal_to_numeric(b), &failed);
	if (failed)
		return false;
	*result = shorten(numeric);
	return true;
}

bool
clientele_decimal_add(ClienteleDecimal a, ClienteleDecimal b, ClienteleDecimal *result)
{
	ClienteleDecimal x = a,
				y = b;
	int64		sum;

	if (likely(align(&x, &y)) && likely(!pg_add_s64_overflow(x.u.units, y.u.units, &sum)))
	{
		*result = make_short(sum, x.scale);
		return true;
	}
	return by_numeric(numeric_add_opt_error, a, b, result);
}

bool
clientele_decimal_subtract(ClienteleDecimal a, ClienteleDecimal b, ClienteleDecimal *result)
{
	ClienteleDecimal x = a,
				y = b;
	int64		difference;

	if (likely(align(&x, &y)) && likely(!pg_sub_s64_overflow(x.u.units, y.u.units, &difference)))
	{
		*result = make_short(difference, x.scale);
		return true;
	}
	return by_numeric(numeric_sub_opt_error, a, b, result);
}

bool
clientele_decimal_multiply(ClienteleDecimal a, ClienteleDecimal b, ClienteleDecimal *result)
{
	int64		product;

	if (likely(is_short(a) && is_short(b) &&
			   a.scale + b.scale <= CLIENTELE_DECIMAL_MAX_SCALE) &&
		likely(!pg_mul_s64_overflow(a.u.units, b.u.units, &product)))
	{
		*result = make_short(product, a.scale + b.scale);
		return true;
	}
	return by_numeric(numeric_mul_opt_error, a, b, result);
}

/*
 * Always by numeric: how many decimals a quotient has is numeric's own choice,
 * and the sum of this file is to give the same digits.
 */
bool
clientele_decimal_divide(ClienteleDecimal a, ClienteleDecimal b, ClienteleDecimal *result)
{
	if (clientele_decimal_sign(b) == 0)
		return false;
	return by_numeric(numeric_div_opt_error, a, b, result);
}

ClienteleDecimal
clientele_decimal_negate(ClienteleDecimal value)
{
	if (likely(is_short(value) && value.u.units != PG_INT64_MIN))
		return make_short(-value.u.units, value.scale);
	return shorten(DatumGetNumeric(DirectFunctionCall1(numeric_uminus,
													   NumericGetDatum(clientele_decimal_to_numeric(value)))));
}

ClienteleDecimal
clientele_decimal_absolute(ClienteleDecimal value)
{
	return clientele_decimal_sign(value) < 0 ? clientele_decimal_negate(value) : value;
}

ClienteleDecimal
clientele_decimal_floor(ClienteleDecimal value)
{
	int64		whole;

	if (!is_short(value))
		return shorten(DatumGetNumeric(DirectFunctionCall1(numeric_floor,
														   NumericGetDatum(value.u.numeric))));
	whole = value.u.units / power_of_ten[value.scale];
	if (value.u.units < 0 && whole * power_of_ten[value.scale] != value.u.units)
		whole--;
	return clientele_decimal_from_int64(whole);
}

/* Drops `dropped` decimals of a short value, half away from zero. */
static int64
round_units(int64 units, int dropped)
{
	int64		divisor = power_of_ten[dropped];
	int64		quotient = units / divisor;
	int64		rest = units % divisor;

	/* The remainder has the dividend's sign; doubling it could overflow. */
	if (rest >= divisor - rest)
		return quotient + 1;
	if (-rest >= divisor + rest)
		return quotient - 1;
	return quotient;
}

ClienteleDecimal
clientele_decimal_round(ClienteleDecimal value, int places)
{
	int64		units;

	if (is_short(value) && places >= 0 && places <= CLIENTELE_DECIMAL_MAX_SCALE)
	{
		if (places < value.scale)
			return make_short(round_units(value.u.units, value.scale - places), places);
		if (rescale_up(value.u.units, value.scale, places, &units))
			return make_short(units, places);
	}
	return shorten(DatumGetNumeric(DirectFunctionCall2(numeric_round,
													   NumericGetDatum(clientele_decimal_to_numeric(value)),
													   Int32GetDatum(places))));
}
