/*
 * coupon_code.c
 *		The codes of coupons: random, and such that a mistyped one is known.
 *
 * A code has sixteen characters of an alphabet of 23: digits and letters of which no two look alike, and
 * without vowels, so that no words come of them.  Fifteen are random, which is 67 bits: who
 * tries codes finds none.  The last one is a check character: it makes the sum of all characters, each
 * times its weight, a multiple of 23.  That is a prime, and weights are different and below it: so any
 * single wrong character changes the remainder, and so does any exchange of two different ones.
 *
 * Of what people type, capitals, hyphens, spaces, and the full width of Chinese keyboards do not
 * matter; and a letter that is not of the alphabet counts as the character that it looks like.
 */
#include "postgres.h"

#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"

#include "coupon/coupon.h"

PG_FUNCTION_INFO_V1(clientele_check_code);
PG_FUNCTION_INFO_V1(clientele_random_code);

#define LENGTH 16
#define BASE 23
static const char alphabet[BASE + 1] = "23456789CDFHJKMNPRTVWXY";

/* Letters that are read as the character beneath. */
static const char mistaken[] = "BGSUZ";
static const char meant[] = "865V2";

/* What the characters before the check character add up to; weights fall to 1, which is that of the check character. */
static int
remainder_of(const char *code, int length)
{
	int			sum = 0;

	for (int i = 0; i < length; i++)
		sum += (LENGTH - i) * (int) (strchr(alphabet, code[i]) - alphabet);
	return sum % BASE;
}

/* random_code() */
Datum
clientele_random_code(PG_FUNCTION_ARGS)
{
	char		code[LENGTH];
	int			length = 0;

	(void) fcinfo;
	while (length < LENGTH - 1)
	{
		uint8		bytes[LENGTH];

		if (!pg_strong_random(bytes, sizeof(bytes)))
			ereport(ERROR,
					(errcode(ERRCODE_INTERNAL_ERROR),
					 errmsg("the system has no random numbers that cannot be guessed")));

		/* the bytes that would make some characters more likely than others are left out */
		for (int i = 0; i < LENGTH && length < LENGTH - 1; i++)
			if (bytes[i] < 256 / BASE * BASE)
				code[length++] = alphabet[bytes[i] % BASE];
	}
	code[length] = alphabet[(BASE - remainder_of(code, length)) % BASE];
	PG_RETURN_TEXT_P(cstring_to_text_with_len(code, LENGTH));
}

/* The next character as it is meant; '\0': none is of its kind. */
static char
read_character(const char **at, const char *end)
{
	const unsigned char *s = (const unsigned char *) *at;
	char		c = **at;
	const char *mistake;
	int			length = Min(pg_mblen(*at), (int) (end - *at));

	*at += length;
	if (length == 3 && GetDatabaseEncoding() == PG_UTF8)
	{
		pg_wchar	wide = utf8_to_unicode(s);

		if (wide >= 0xFF01 && wide <= 0xFF5E)	/* full width */
			c = (char) (wide - 0xFF01 + '!');
		else if (wide == 0x3000 || (wide >= 0x2010 && wide <= 0x2015))	/* a wide space, dashes */
			c = '-';
		else
			return '\0';
	}
	else if (length > 1)
		return '\0';
	c = pg_ascii_toupper((unsigned char) c);
	mistake = c == '\0' ? NULL : strchr(mistaken, c);
	return mistake ? meant[mistake - mistaken] : c;
}

/* The characters of what somebody has typed; false: it is not a code. */
static bool
read_code(const text *typed, char *code)
{
	const char *at = VARDATA_ANY(typed);
	const char *end = at + VARSIZE_ANY_EXHDR(typed);
	int			length = 0;

	while (at < end)
	{
		char		c = read_character(&at, end);

		if (c == '-' || c == ' ' || c == '\t' || c == '\n' || c == '\r')
			continue;
		if (c == '\0' || strchr(alphabet, c) == NULL || length == LENGTH)
			return false;
		code[length++] = c;
	}
	return length == LENGTH && remainder_of(code, LENGTH) == 0;
}

char *
clientele_code_read(const text *typed)
{
	char		code[LENGTH];

	return read_code(typed, code) ? pnstrdup(code, LENGTH) : NULL;
}

/* check_code(text) */
Datum
clientele_check_code(PG_FUNCTION_ARGS)
{
	char		code[LENGTH];

	PG_RETURN_BOOL(read_code(PG_GETARG_TEXT_PP(0), code));
}
