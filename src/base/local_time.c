/*
 * local_time.c
 *		Instants and calendar days in a time zone.
 */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/datetime.h"

#include "base/day_clock.h"
#include "base/local_time.h"
#include "compat.h"

/* Beyond these no date lies, and a number of days leads from none to another. */
#define EARLIEST_YEAR	(-4713)
#define LATEST_YEAR		JULIAN_MAXYEAR
#define MANY_DAYS		(INT64CONST(1) << 33)

PG_FUNCTION_INFO_V1(clientele_check_time_zone);

/*
 * A POSIX rule such as UTC+8, which core takes for a zone eight hours west of
 * Greenwich, while whoever writes it means China.
 */
static bool
is_posix_rule(const char *name)
{
	const char *sign = strpbrk(name, "+-");

	return strpbrk(name, "<,") != NULL ||
		(sign != NULL && sign[1] >= '0' && sign[1] <= '9' &&
		 strchr(name, '/') == NULL && strcmp(sign + 1, "0") != 0);
}

pg_tz *
clientele_zone(text *name)
{
	char	   *zone_name = text_to_cstring(name);
	pg_tz	   *zone;

	if (is_posix_rule(zone_name))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("time zone \"%s\" is a POSIX rule, in which a plus sign means west", zone_name),
				 errhint("Give a name that pg_timezone_names lists, such as 'Asia/Shanghai'.")));
	zone = pg_tzset(zone_name);

	if (zone == NULL || !pg_tz_acceptable(zone))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("time zone \"%s\" is not known", zone_name),
				 errhint("Give a name that pg_timezone_names lists, such as 'Asia/Shanghai'.")));
	pfree(zone_name);
	return zone;
}

Datum
clientele_check_time_zone(PG_FUNCTION_ARGS)
{
	(void) clientele_zone(PG_GETARG_TEXT_PP(0));
	PG_RETURN_VOID();
}

DateADT
clientele_local_date(TimestampTz instant, pg_tz *zone)
{
	return clientele_day_at(clientele_day_clock(zone), instant);
}

TimestampTz
clientele_instant(Timestamp local, pg_tz *zone)
{
	struct pg_tm fields;
	fsec_t		fraction;
	int			offset;
	TimestampTz instant;

	if (TIMESTAMP_NOT_FINITE(local))
		return local;
	if (timestamp2tm(local, NULL, &fields, &fraction, NULL, NULL) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("timestamp out of range")));
	offset = DetermineTimeZoneOffset(&fields, zone);
	if (tm2timestamp(&fields, fraction, &offset, &instant) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("timestamp out of range")));
	return instant;
}

static void
split_date(DateADT date, int *year, int *month, int *day)
{
	j2date(date + POSTGRES_EPOCH_JDATE, year, month, day);
}

/*
 * today minus n months keeps the day of the month where the month has it, and
 * takes the month's last day otherwise.  So 31 March is one month after 28
 * February, and 30 March is too.
 */
int
clientele_months_between(DateADT date, DateADT today)
{
	int			year;
	int			month;
	int			day;
	int			today_year;
	int			today_month;
	int			today_day;
	int			months;

	split_date(date, &year, &month, &day);
	split_date(today, &today_year, &today_month, &today_day);
	months = (today_year - year) * 12 + (today_month - month);

	/*
	 * That many months back leads into date's month: to today's day of it, or to
	 * its last day, which is never before date.
	 */
	return today_day < day ? months - 1 : months;
}

int
clientele_years_between(DateADT date, DateADT today)
{
	int			months = clientele_months_between(date, today);

	/* rounded down also for a date ahead */
	return months >= 0 ? months / 12 : -((11 - months) / 12);
}

/* The first day that is at least so many months after the date. */
static int64
first_day_months_since(DateADT date, int64 n)
{
	int			year;
	int			month;
	int			day;
	int64		months;

	split_date(date, &year, &month, &day);
	months = year * INT64CONST(12) + (month - 1) + n;
	if (months < EARLIEST_YEAR * INT64CONST(12))
		return PG_INT64_MIN;
	if (months >= LATEST_YEAR * INT64CONST(12))
		return PG_INT64_MAX;
	year = (int) (months / 12 - (months % 12 < 0));
	month = (int) (months - year * INT64CONST(12)) + 1;

	/* a shorter month has passed when the next begins */
	if (day > day_tab[isleap(year)][month - 1])
	{
		day = 1;
		year += month / 12;
		month = month % 12 + 1;
	}
	return (int64) date2j(year, month, day) - POSTGRES_EPOCH_JDATE;
}

int64
clientele_first_day_since(DateADT date, ClienteleUnit unit, int64 n)
{
	if (DATE_IS_NOBEGIN(date))
		return PG_INT64_MIN;
	if (DATE_IS_NOEND(date) || n > MANY_DAYS)
		return PG_INT64_MAX;
	if (n < -MANY_DAYS)
		return PG_INT64_MIN;
	switch (unit)
	{
		case CLIENTELE_DAYS:
			return date + n;
		case CLIENTELE_WEEKS:
			return date + 7 * n;
		case CLIENTELE_MONTHS:
			return first_day_months_since(date, n);
		case CLIENTELE_YEARS:
			return first_day_months_since(date, 12 * n);
		case CLIENTELE_HOURS:
			break;
	}
	elog(ERROR, "unit %d is no calendar unit", (int) unit);
	return 0;
}

/* The same day of the month, or the month's last where it has no such day. */
static int64
months_before(DateADT date, int64 n)
{
	int			year;
	int			month;
	int			day;
	int64		months;

	split_date(date, &year, &month, &day);
	months = year * INT64CONST(12) + (month - 1) - n;
	if (months < 12 * INT64CONST(-4712))
		return PG_INT64_MIN;
	year = (int) (months >= 0 ? months / 12 : -((11 - months) / 12));
	month = (int) (months - year * INT64CONST(12)) + 1;
	return date2j(year, month, Min(day, day_tab[isleap(year)][month - 1])) - POSTGRES_EPOCH_JDATE;
}

DateADT
clientele_day_before(DateADT date, ClienteleUnit unit, int64 n)
{
	int64		day;

	if (DATE_NOT_FINITE(date))
		return date;
	switch (unit)
	{
		case CLIENTELE_DAYS:
			day = date - n;
			break;
		case CLIENTELE_WEEKS:
			day = date - 7 * n;
			break;
		case CLIENTELE_MONTHS:
			day = months_before(date, n);
			break;
		case CLIENTELE_YEARS:
			day = months_before(date, 12 * n);
			break;
		default:
			elog(ERROR, "unit %d is no calendar unit", (int) unit);
			return 0;
	}
	return day < DATETIME_MIN_JULIAN - POSTGRES_EPOCH_JDATE ? DATEVAL_NOBEGIN : (DateADT) day;
}

int
clientele_month_of(DateADT date)
{
	int			year;
	int			month;
	int			day;

	split_date(date, &year, &month, &day);
	return month;
}

int
clientele_day_of(DateADT date)
{
	int			year;
	int			month;
	int			day;

	split_date(date, &year, &month, &day);
	return day;
}

int
clientele_weekday_of(DateADT date)
{
	int			weekday = j2day(date + POSTGRES_EPOCH_JDATE);

	return weekday == 0 ? 7 : weekday;
}

DateADT
clientele_iso_to_date(const ClienteleIsoTime *time)
{
	return date2j(time->year, time->month, time->day) - POSTGRES_EPOCH_JDATE;
}

Timestamp
clientele_iso_to_local(const ClienteleIsoTime *time)
{
	int64		seconds = (time->hour * 60 + time->minute) * 60 + time->second;

	return (int64) clientele_iso_to_date(time) * USECS_PER_DAY + seconds * USECS_PER_SEC + time->microsecond;
}

TimestampTz
clientele_iso_to_instant(const ClienteleIsoTime *time)
{
	return clientele_iso_to_local(time) - (int64) time->offset * USECS_PER_SEC;
}

char *
clientele_date_to_string(DateADT date)
{
	int			year;
	int			month;
	int			day;

	if (DATE_IS_NOBEGIN(date))
		return pstrdup("-infinity");
	if (DATE_IS_NOEND(date))
		return pstrdup("infinity");
	split_date(date, &year, &month, &day);
	return psprintf("%04d-%02d-%02d%s", year > 0 ? year : 1 - year, month, day, year > 0 ? "" : " BC");
}

char *
clientele_instant_to_string(TimestampTz instant, pg_tz *zone)
{
	struct pg_tm fields;
	fsec_t		fraction;
	int			offset = 0;
	const char *zone_name;
	char		buffer[MAXDATELEN + 1];

	if (TIMESTAMP_IS_NOBEGIN(instant))
		return pstrdup("-infinity");
	if (TIMESTAMP_IS_NOEND(instant))
		return pstrdup("infinity");
	if (timestamp2tm(instant, &offset, &fields, &fraction, &zone_name, zone ? zone : pg_tzset("UTC")) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("timestamp out of range")));
	EncodeDateTime(&fields, fraction, true, offset, NULL, USE_ISO_DATES, buffer);
	return pstrdup(buffer);
}

void
clientele_today(ClienteleToday *today, TimestampTz as_of, text *time_zone)
{
	Size		length = VARSIZE_ANY_EXHDR(time_zone);

	if (today->valid && today->as_of == as_of &&
		strlen(today->zone_name) == length &&
		memcmp(today->zone_name, VARDATA_ANY(time_zone), length) == 0)
		return;

	if (TIMESTAMP_NOT_FINITE(as_of))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("as_of cannot be %s", TIMESTAMP_IS_NOEND(as_of) ? "infinity" : "-infinity"),
				 errhint("Give a finite instant, for example now() or '2024-06-30 12:00+08'.")));
	today->valid = false;
	today->zone = clientele_zone(time_zone);	/* a longer name is none */
	today->day = clientele_local_date(as_of, today->zone);
	today->as_of = as_of;
	memcpy(today->zone_name, VARDATA_ANY(time_zone), length);
	today->zone_name[length] = '\0';
	today->valid = true;
}
