/*
 * server_time.c
 *		Instants in UTC, as the server reads and writes them.
 */
#include "server.h"

#include "miscadmin.h"
#include "utils/datetime.h"
#include "utils/timestamp.h"

const int	day_tab[2][13] = {
	{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31, 0},
	{31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31, 0}
};

/* The Julian day of a date, counted by Fliegel and Van Flandern's way. */
int
date2j(int year, int month, int day)
{
	int64		shift = (14 - month) / 12;
	int64		years = (int64) year + 4800 - shift;
	int64		months = month + 12 * shift - 3;

	return (int) (day + (153 * months + 2) / 5 + 365 * years + years / 4 - years / 100 + years / 400 - 32045);
}

void
j2date(int julian, int *year, int *month, int *day)
{
	int64		a = (int64) julian + 32044;
	int64		b = (4 * a + 3) / 146097;
	int64		c = a - 146097 * b / 4;
	int64		d = (4 * c + 3) / 1461;
	int64		e = c - 1461 * d / 4;
	int64		m = (5 * e + 2) / 153;

	*day = (int) (e - (153 * m + 2) / 5 + 1);
	*month = (int) (m + 3 - 12 * (m / 10));
	*year = (int) (100 * b + d - 4800 + m / 10);
}

/* Of all zones there is UTC, and nobody looks into it. */
pg_tz *
pg_tzset(const char *name)
{
	static char utc;

	if (strcmp(name, "UTC") != 0)
		server_fail("a time zone in input or output", name, NULL);
	return (pg_tz *) &utc;
}

int
timestamp2tm(Timestamp dt, int *tzp, struct pg_tm *tm, fsec_t *fsec, const char **tzn, pg_tz *attimezone)
{
	int64		days = dt / USECS_PER_DAY;
	int64		rest = dt % USECS_PER_DAY;

	(void) tzn;
	(void) attimezone;
	if (tzp)
		*tzp = 0;
	if (rest < 0)
	{
		rest += USECS_PER_DAY;
		days--;
	}
	days += POSTGRES_EPOCH_JDATE;
	if (days < 0 || days > PG_INT32_MAX)
		return -1;
	memset(tm, 0, sizeof(*tm));
	j2date((int) days, &tm->tm_year, &tm->tm_mon, &tm->tm_mday);
	tm->tm_hour = (int) (rest / USECS_PER_HOUR);
	tm->tm_min = (int) (rest / USECS_PER_MINUTE % MINS_PER_HOUR);
	tm->tm_sec = (int) (rest / USECS_PER_SEC % SECS_PER_MINUTE);
	*fsec = (fsec_t) (rest % USECS_PER_SEC);
	return 0;
}

int
tm2timestamp(struct pg_tm *tm, fsec_t fsec, int *tzp, Timestamp *result)
{
	int64		days;

	*result = 0;
	if (!IS_VALID_JULIAN(tm->tm_year, tm->tm_mon, tm->tm_mday))
		return -1;
	days = (int64) date2j(tm->tm_year, tm->tm_mon, tm->tm_mday) - POSTGRES_EPOCH_JDATE;
	if (__builtin_mul_overflow(days, USECS_PER_DAY, result) ||
		__builtin_add_overflow(*result,
							   ((tm->tm_hour * 60 + tm->tm_min) * 60 + tm->tm_sec) * USECS_PER_SEC + fsec,
							   result))
		return -1;
	if (tzp)
		*result += *tzp * USECS_PER_SEC;
	return IS_VALID_TIMESTAMP(*result) ? 0 : -1;
}

/* ISO dates in UTC, which is all that is asked for. */
void
EncodeDateTime(struct pg_tm *tm, fsec_t fsec, bool print_tz, int tz, const char *tzn, int style, char *str)
{
	(void) tzn;
	if (!print_tz || tz != 0 || style != USE_ISO_DATES)
		server_fail("an instant in a form that depends on settings", NULL, NULL);
	str += sprintf(str, "%04d-%02d-%02d %02d:%02d:%02d", tm->tm_year > 0 ? tm->tm_year : 1 - tm->tm_year,
				   tm->tm_mon, tm->tm_mday, tm->tm_hour, tm->tm_min, tm->tm_sec);
	if (fsec != 0)
	{
		str += sprintf(str, ".%06d", fsec);
		while (str[-1] == '0')
			*--str = '\0';
	}
	strcpy(str, tm->tm_year > 0 ? "+00" : "+00 BC");
}
