/*
 * server_numeric.c
 *		Numeric: reading, writing and comparing its stored form.
 *
 * decimal.c keeps short numbers to itself and hands the rest to the server.
 * Here is what it hands over when a value is only read and written; arithmetic
 * is not reached.
 */
#include "server.h"

#include <ctype.h>

#include "libpq/pqformat.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"

#define BASE			10000
#define BASE_DECIMALS	4
#define NEGATIVE		0x4000
#define MAX_SCALE		0x3FFF

/* Digits in base 10000; the first counts BASE^weight. */
typedef struct Number
{
	bool		negative;
	int			scale;
	int			weight;
	int			ndigits;
	int16	   *digits;
} Number;

static void
out_of_range(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE), errmsg("value overflows numeric format")));
}

static Number
load(Numeric numeric)
{
	const char *data = VARDATA_ANY((const void *) numeric);
	int			length = (int) VARSIZE_ANY_EXHDR((const void *) numeric);
	Number		number = {0};
	uint16		header;
	int			header_size = sizeof(uint16);

	memcpy(&header, data, sizeof(header));
	if ((header & 0xC000) == 0x8000)
	{
		number.negative = (header & 0x2000) != 0;
		number.scale = (header & 0x1F80) >> 7;
		number.weight = (header & 0x3F) - (header & 0x40);
	}
	else
	{
		int16		weight;

		if ((header & 0xC000) == 0xC000)
			server_fail("a numeric that is not finite", NULL, NULL);
		memcpy(&weight, data + sizeof(uint16), sizeof(weight));
		number.negative = (header & NEGATIVE) != 0;
		number.scale = header & MAX_SCALE;
		number.weight = weight;
		header_size = 2 * sizeof(uint16);
	}
	number.ndigits = (length - header_size) / (int) sizeof(int16);
	number.digits = palloc(length);
	memcpy(number.digits, data + header_size, number.ndigits * sizeof(int16));
	return number;
}

/* Stores without zero digits at the ends, under the shortest header. */
static Numeric
store(Number number)
{
	int			first = 0;
	uint16		header[2];
	int			header_size;
	Size		size;
	char	   *result;

	while (number.ndigits > first && number.digits[number.ndigits - 1] == 0)
		number.ndigits--;
	for (; first < number.ndigits && number.digits[first] == 0; first++)
		number.weight--;
	if (first == number.ndigits)
	{
		number.weight = 0;
		number.negative = false;
	}
	if (number.scale <= 63 && number.weight >= -64 && number.weight <= 63)
	{
		header[0] = (uint16) (0x8000 | (number.negative ? 0x2000 : 0) | (number.scale << 7) | (number.weight & 0x7F));
		header_size = sizeof(uint16);
	}
	else
	{
		if (number.weight != (int16) number.weight || number.scale > MAX_SCALE)
			out_of_range();
		header[0] = (uint16) ((number.negative ? NEGATIVE : 0) | number.scale);
		header[1] = (uint16) (int16) number.weight;
		header_size = 2 * sizeof(uint16);
	}
	size = VARHDRSZ + header_size + sizeof(int16) * (number.ndigits - first);
	result = palloc(size);
	SET_VARSIZE(result, size);
	memcpy(result + VARHDRSZ, header, header_size);
	memcpy(result + VARHDRSZ + header_size, number.digits + first, sizeof(int16) * (number.ndigits - first));
	return (Numeric) result;
}

/* The decimal digit that counts 10^power. */
static int
decimal_digit(const Number *number, int power)
{
	static const int divisors[BASE_DECIMALS] = {1000, 100, 10, 1};
	int			place = (number->weight + 1) * BASE_DECIMALS - 1 - power;

	if (place < 0 || place >= number->ndigits * BASE_DECIMALS)
		return 0;
	return number->digits[place / BASE_DECIMALS] / divisors[place % BASE_DECIMALS] % 10;
}

static char *
print(const Number *number)
{
	int			whole = Max((number->weight + 1) * BASE_DECIMALS, 1);
	char	   *text = palloc(whole + number->scale + 3);
	char	   *out = text;

	if (number->negative)
		*out++ = '-';
	while (whole > 1 && decimal_digit(number, whole - 1) == 0)
		whole--;
	for (int power = whole - 1; power >= 0; power--)
		*out++ = (char) ('0' + decimal_digit(number, power));
	if (number->scale > 0)
		*out++ = '.';
	for (int power = -1; power >= -number->scale; power--)
		*out++ = (char) ('0' + decimal_digit(number, power));
	*out = '\0';
	return text;
}

/* Only finite decimal numbers are handed over, spaces around them allowed. */
Datum
numeric_in(PG_FUNCTION_ARGS)
{
	const char *text = PG_GETARG_CSTRING(0);
	Number		number = {0};
	int			length = (int) strlen(text);
	char	   *digits = palloc(length + 1);
	int			ndigits = 0;
	int			after_point = 0;
	int			exponent = 0;
	int			highest;
	bool		point = false;

	while (isspace((unsigned char) *text))
		text++;
	if (*text == '+' || *text == '-')
		number.negative = *text++ == '-';
	for (; isdigit((unsigned char) *text) || (*text == '.' && !point); text++)
	{
		if (*text == '.')
			point = true;
		else
		{
			digits[ndigits++] = (char) (*text - '0');
			after_point += point;
		}
	}
	if (ndigits == 0)
		server_fail("numeric_in was given no number", PG_GETARG_CSTRING(0), NULL);
	if (*text == 'e' || *text == 'E')
	{
		char	   *end;
		long		value = strtol(text + 1, &end, 10);

		exponent = (int) Max(Min(value, 1000000L), -1000000L);
		text = end;
	}
	while (isspace((unsigned char) *text))
		text++;
	if (*text != '\0')
		server_fail("numeric_in was given more than a number", PG_GETARG_CSTRING(0), text);

	number.scale = Max(after_point - exponent, 0);
	if (number.scale > MAX_SCALE)
		out_of_range();

	/* power of ten of the first digit, and of the group it is in */
	highest = ndigits - 1 - after_point + exponent;
	number.weight = highest >= 0 ? highest / BASE_DECIMALS : -((BASE_DECIMALS - 1 - highest) / BASE_DECIMALS);
	number.ndigits = ndigits / BASE_DECIMALS + 2;
	number.digits = palloc0(number.ndigits * sizeof(int16));
	for (int i = 0; i < ndigits; i++)
	{
		int			power = highest - i;
		int			group = power >= 0 ? power / BASE_DECIMALS : -((BASE_DECIMALS - 1 - power) / BASE_DECIMALS);
		int			digit = digits[i];

		for (power -= group * BASE_DECIMALS; power > 0; power--)
			digit *= 10;
		number.digits[number.weight - group] += digit;
	}
	PG_RETURN_POINTER(store(number));
}

Datum
numeric_out(PG_FUNCTION_ARGS)
{
	Number		number = load(PG_GETARG_NUMERIC(0));

	PG_RETURN_CSTRING(print(&number));
}

char *
numeric_normalize(Numeric numeric)
{
	Number		number = load(numeric);
	char	   *text = print(&number);
	char	   *end = text + strlen(text);

	if (strchr(text, '.') != NULL)
	{
		while (end[-1] == '0')
			end--;
		if (end[-1] == '.')
			end--;
		*end = '\0';
	}
	return text;
}

Datum
numeric_recv(PG_FUNCTION_ARGS)
{
	StringInfo	message = (StringInfo) PG_GETARG_POINTER(0);
	Number		number = {0};
	int			sign;
	int			kept;

	number.ndigits = (uint16) pq_getmsgint(message, 2);
	number.weight = (int16) pq_getmsgint(message, 2);
	sign = (uint16) pq_getmsgint(message, 2);
	number.scale = (uint16) pq_getmsgint(message, 2);
	if (sign != 0 && sign != NEGATIVE && (sign & 0xC000) != 0xC000)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION), errmsg("invalid sign in external \"numeric\" value")));
	if (number.scale > MAX_SCALE)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION), errmsg("invalid scale in external \"numeric\" value")));
	/* a count without its digits is an error anyway: do not make room for it */
	number.digits = palloc0((Min(number.ndigits, message->len) + 1) * sizeof(int16));
	for (int i = 0; i < number.ndigits; i++)
	{
		number.digits[i] = (int16) pq_getmsgint(message, 2);
		if (number.digits[i] < 0 || number.digits[i] >= BASE)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION), errmsg("invalid digit in external \"numeric\" value")));
	}
	if ((sign & 0xC000) == 0xC000)
	{
		static const uint16 not_a_number = 0xC000;
		char	   *special = palloc(VARHDRSZ + sizeof(uint16));

		SET_VARSIZE(special, VARHDRSZ + sizeof(uint16));
		memcpy(special + VARHDRSZ, &not_a_number, sizeof(uint16));
		PG_RETURN_POINTER(special);
	}

	/* digits below the scale are cut off */
	number.negative = sign == NEGATIVE;
	kept = (number.weight + 1) * BASE_DECIMALS + number.scale;
	if (kept <= 0)
		number.ndigits = 0;
	else if (kept < number.ndigits * BASE_DECIMALS)
	{
		int			partial = kept % BASE_DECIMALS;
		int			divisor = 1;

		number.ndigits = (kept + BASE_DECIMALS - 1) / BASE_DECIMALS;
		for (int i = partial; partial > 0 && i < BASE_DECIMALS; i++)
			divisor *= 10;
		number.digits[number.ndigits - 1] -= number.digits[number.ndigits - 1] % divisor;
	}
	PG_RETURN_POINTER(store(number));
}

Datum
numeric_send(PG_FUNCTION_ARGS)
{
	Number		number = load(PG_GETARG_NUMERIC(0));
	StringInfoData message;

	pq_begintypsend(&message);
	pq_sendint16(&message, number.ndigits);
	pq_sendint16(&message, number.weight);
	pq_sendint16(&message, number.negative ? NEGATIVE : 0);
	pq_sendint16(&message, number.scale);
	for (int i = 0; i < number.ndigits; i++)
		pq_sendint16(&message, number.digits[i]);
	PG_RETURN_BYTEA_P(pq_endtypsend(&message));
}

static int
compare_magnitudes(const Number *a, const Number *b)
{
	if (a->ndigits == 0 || b->ndigits == 0)
		return (a->ndigits > 0) - (b->ndigits > 0);
	if (a->weight != b->weight)
		return a->weight > b->weight ? 1 : -1;
	for (int i = 0; i < Max(a->ndigits, b->ndigits); i++)
	{
		int			x = i < a->ndigits ? a->digits[i] : 0;
		int			y = i < b->ndigits ? b->digits[i] : 0;

		if (x != y)
			return x > y ? 1 : -1;
	}
	return 0;
}

Datum
numeric_cmp(PG_FUNCTION_ARGS)
{
	Number		a = load(PG_GETARG_NUMERIC(0));
	Number		b = load(PG_GETARG_NUMERIC(1));

	if (a.negative != b.negative && (a.ndigits > 0 || b.ndigits > 0))
		PG_RETURN_INT32(a.negative ? -1 : 1);
	PG_RETURN_INT32(a.negative ? compare_magnitudes(&b, &a) : compare_magnitudes(&a, &b));
}
