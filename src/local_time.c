/*
 * local_time.c
 *		Instants and calendar days in a time zone.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/datetime.h"

#include "local_time.h"

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

DateADT
clientele_local_date(TimestampTz instant, pg_tz *zone)
{
	pg_time_t	seconds;
	struct pg_tm *local;

	if (TIMESTAMP_IS_NOBEGIN(instant))
		return DATEVAL_NOBEGIN;
	if (TIMESTAMP_IS_NOEND(instant))
		return DATEVAL_NOEND;

	/* whole seconds since 1970, rounded down also before it */
	seconds = instant / USECS_PER_SEC - (instant % USECS_PER_SEC < 0 ? 1 : 0);
	seconds += (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * SECS_PER_DAY;
	local = pg_localtime(&seconds, zone);
	if (local == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("timestamp out of range")));
	return date2j(local->tm_year + 1900, local->tm_mon + 1, local->tm_mday) - POSTGRES_EPOCH_JDATE;
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
