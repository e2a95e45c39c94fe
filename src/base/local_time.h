/*
 * local_time.h
 *		Instants and calendar days in a time zone.
 *
 * A day is a calendar day of the zone: it may have 23, 24 or 25 hours, or not
 * exist at all.
 */
#ifndef CLIENTELE_LOCAL_TIME_H
#define CLIENTELE_LOCAL_TIME_H

#include "postgres.h"

#include "pgtime.h"
#include "utils/date.h"
#include "utils/timestamp.h"

#include "base/iso_time.h"
#include "expression/expression_tree.h"

/* The zone of that name; an unknown one is an error with a hint. */
extern pg_tz *clientele_zone(text *name);

/* The calendar day of an instant; infinity stays infinity.  See day_clock.h. */
extern DateADT clientele_local_date(TimestampTz instant, pg_tz *zone);

/* The instant of a wall clock's reading, as SQL's AT TIME ZONE finds it. */
extern TimestampTz clientele_instant(Timestamp local, pg_tz *zone);

/* The greatest n with today - n months >= date; negative where date is ahead. */
extern int	clientele_months_between(DateADT date, DateADT today);

/* The same in whole years. */
extern int	clientele_years_between(DateADT date, DateADT today);

/*
 * The first day D with D minus n units >= date: on which an event of that date
 * leaves the window of the last n units.  Beyond all days where no day is.
 */
extern int64 clientele_first_day_since(DateADT date, ClienteleUnit unit, int64 n);

/* Date minus n units, as SQL subtracts an interval; -infinity before all days. */
extern DateADT clientele_day_before(DateADT date, ClienteleUnit unit, int64 n);

extern int	clientele_month_of(DateADT date);
extern int	clientele_day_of(DateADT date);
extern int	clientele_weekday_of(DateADT date);	/* ISO: Monday 1 .. Sunday 7 */

extern DateADT clientele_iso_to_date(const ClienteleIsoTime *time);

/* The wall clock's reading, offset ignored; and the instant where one is given. */
extern Timestamp clientele_iso_to_local(const ClienteleIsoTime *time);
extern TimestampTz clientele_iso_to_instant(const ClienteleIsoTime *time);

/* YYYY-MM-DD; infinity and -infinity spelled so. */
extern char *clientele_date_to_string(DateADT date);

/* ISO 8601 with the zone's offset, or in UTC without a zone. */
extern char *clientele_instant_to_string(TimestampTz instant, pg_tz *zone);

/*
 * The as_of and time_zone arguments of a call, resolved.  One query mostly
 * passes the same two for every row, so a call site keeps them here.
 */
typedef struct ClienteleToday
{
	bool		valid;			/* false: nothing resolved yet */
	TimestampTz as_of;			/* finite */
	DateADT		day;			/* of as_of in the zone */
	pg_tz	   *zone;			/* owned by core, lives as long as the process */
	char		zone_name[TZ_STRLEN_MAX + 1];	/* as the caller wrote it */
} ClienteleToday;

/* Fills `today` unless it already stands for these arguments. */
extern void clientele_today(ClienteleToday *today, TimestampTz as_of, text *time_zone);

#endif							/* CLIENTELE_LOCAL_TIME_H */
