/*
 * local_day.c
 *		Instants as calendar days of a time zone.
 *
 * Zones are named as in pg_timezone_names.  The abbreviations that SQL's AT
 * TIME ZONE takes as well are refused: CST alone is three zones, and which one
 * it means is a setting of the server.
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/datetime.h"

#include "compat.h"
#include "local_day.h"

pg_tz *
clientele_time_zone(const char *name)
{
	pg_tz	   *zone = strlen(name) <= TZ_STRLEN_MAX ? pg_tzset(name) : NULL;

	if (zone == NULL || !pg_tz_acceptable(zone))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("time zone \"%s\" is not known", name),
				 errhint("Use a name from pg_timezone_names, for example 'Asia/Shanghai'.")));
	return zone;
}

int32
clientele_local_day(TimestampTz instant, pg_tz *zone)
{
	struct pg_tm tm;
	fsec_t		fsec;
	int			offset;

	if (TIMESTAMP_NOT_FINITE(instant) ||
		timestamp2tm(instant, &offset, &tm, &fsec, NULL, zone) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("%s has no calendar day",
						TIMESTAMP_IS_NOBEGIN(instant) ? "-infinity" :
						TIMESTAMP_IS_NOEND(instant) ? "infinity" : "an instant out of range"),
				 errhint("Give a finite instant, for example now() or '2024-06-30 12:00+08'.")));
	return date2j(tm.tm_year, tm.tm_mon, tm.tm_mday) - POSTGRES_EPOCH_JDATE;
}

void
clientele_today(ClienteleToday *today, TimestampTz as_of, const text *time_zone)
{
	Size		length = VARSIZE_ANY_EXHDR(time_zone);

	if (today->valid && today->as_of == as_of &&
		strlen(today->zone_name) == length &&
		memcmp(today->zone_name, VARDATA_ANY(time_zone), length) == 0)
		return;

	today->valid = false;
	today->zone = clientele_time_zone(text_to_cstring(time_zone));
	today->day = clientele_local_day(as_of, today->zone);
	today->as_of = as_of;
	memcpy(today->zone_name, VARDATA_ANY(time_zone), length);
	today->zone_name[length] = '\0';
	today->valid = true;
}
