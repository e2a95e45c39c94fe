/*
 * iso_time.c
 *		Dates and instants as ISO 8601 text, independent of DateStyle.
 */
#include "postgres.h"

#include "lib/stringinfo.h"

#include "base/iso_time.h"

/* Reads between `fewest` and `most` digits. */
static bool
read_digits(const char **at, int fewest, int most, int *value)
{
	int			count = 0;

	*value = 0;
	for (; count < most && **at >= '0' && **at <= '9'; count++)
		*value = *value * 10 + (*(*at)++ - '0');
	return count >= fewest;
}

static bool
read_char(const char **at, char wanted)
{
	if (**at != wanted)
		return false;
	(*at)++;
	return true;
}

static int
days_in_month(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool		leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return month == 2 && leap ? 29 : days[month - 1];
}

static bool
read_date_fields(const char **at, int most_year_digits, ClienteleIsoTime *result)
{
	return read_digits(at, 4, most_year_digits, &result->year) && read_char(at, '-') &&
		read_digits(at, 2, 2, &result->month) && read_char(at, '-') &&
		read_digits(at, 2, 2, &result->day) && result->year >= 1;
}

static bool
date_exists(const ClienteleIsoTime *time)
{
	return time->month >= 1 && time->month <= 12 &&
		time->day >= 1 && time->day <= days_in_month(time->year, time->month);
}

static bool
read_date(const char **at, ClienteleIsoTime *result)
{
	return read_date_fields(at, 4, result) && date_exists(result);
}

/* The decimals of a second; at most six, since an instant has no more. */
static bool
read_fraction(const char **at, int *microsecond)
{
	int			scale = 100000;

	if (**at < '0' || **at > '9')
		return false;
	*microsecond = 0;
	for (; **at >= '0' && **at <= '9'; (*at)++)
	{
		if (scale == 0)
			return false;
		*microsecond += (**at - '0') * scale;
		scale /= 10;
	}
	return true;
}

static bool
read_clock(const char **at, bool seconds_wanted, ClienteleIsoTime *result)
{
	if (!read_digits(at, 2, 2, &result->hour) || !read_char(at, ':') ||
		!read_digits(at, 2, 2, &result->minute))
		return false;
	if (read_char(at, ':'))
	{
		if (!read_digits(at, 2, 2, &result->second))
			return false;
		if (read_char(at, '.') && !read_fraction(at, &result->microsecond))
			return false;
	}
	else if (seconds_wanted)
		return false;
	return result->hour <= 23 && result->minute <= 59 && result->second <= 59;
}

static bool
read_offset(const char **at, ClienteleIsoTime *result)
{
	int			hours;
	int			minutes = 0;
	int			sign = **at == '-' ? -1 : 1;

	if (read_char(at, 'Z') || read_char(at, 'z'))
	{
		result->has_offset = true;
		return true;
	}
	if (!read_char(at, '+') && !read_char(at, '-'))
		return **at == '\0';
	if (!read_digits(at, 2, 2, &hours))
		return false;
	if (**at != '\0' && (read_char(at, ':') || true) && !read_digits(at, 2, 2, &minutes))
		return false;
	result->has_offset = true;
	result->offset = sign * (hours * 3600 + minutes * 60);
	return hours <= 15 && minutes <= 59;
}

bool
clientele_iso_date(const char *text, ClienteleIsoTime *result)
{
	memset(result, 0, sizeof(*result));
	return read_date(&text, result) && *text == '\0';
}

bool
clientele_iso_timestamp(const char *text, ClienteleIsoTime *result)
{
	memset(result, 0, sizeof(*result));
	if (!read_date(&text, result))
		return false;
	if (*text == '\0')
		return true;
	if (*text != ' ' && *text != 'T' && *text != 't')
		return false;
	text++;
	result->has_time = true;
	return read_clock(&text, false, result) && read_offset(&text, result) && *text == '\0';
}

bool
clientele_iso_utc(const char **at, ClienteleIsoTime *result)
{
	memset(result, 0, sizeof(*result));
	result->has_time = true;
	result->has_offset = true;
	if (!read_date_fields(at, 6, result) || !read_char(at, ' ') ||
		!read_clock(at, true, result) || strncmp(*at, "+00", 3) != 0)
		return false;
	*at += 3;
	if (strncmp(*at, " BC", 3) == 0)
	{
		*at += 3;
		result->year = 1 - result->year;
	}
	return date_exists(result);
}

char *
clientele_iso_print(const ClienteleIsoTime *time, bool with_time)
{
	StringInfoData text;

	initStringInfo(&text);
	appendStringInfo(&text, "%04d-%02d-%02d", time->year, time->month, time->day);
	if (!with_time)
		return text.data;
	appendStringInfo(&text, " %02d:%02d:%02d", time->hour, time->minute, time->second);
	if (time->microsecond != 0)
	{
		appendStringInfo(&text, ".%06d", time->microsecond);
		while (text.data[text.len - 1] == '0')
			text.data[--text.len] = '\0';
	}
	if (time->has_offset)
	{
		int			offset = abs(time->offset);

		appendStringInfo(&text, "%c%02d:%02d", time->offset < 0 ? '-' : '+',
						 offset / 3600, offset % 3600 / 60);
	}
	return text.data;
}
