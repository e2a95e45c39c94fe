/*
 * local_day.h
 *		Instants as calendar days of a time zone.
 */
#ifndef CLIENTELE_LOCAL_DAY_H
#define CLIENTELE_LOCAL_DAY_H

#include "fmgr.h"
#include "pgtime.h"
#include "utils/timestamp.h"

/*
 * The as_of and time_zone arguments of a call, resolved.  One query mostly
 * passes the same two for every row, so a call site keeps them here.
 */
typedef struct ClienteleToday
{
	bool		valid;
	TimestampTz as_of;
	int32		day;			/* of as_of in the zone; see clientele_local_day */
	pg_tz	   *zone;			/* owned by core, lives as long as the process */
	char		zone_name[TZ_STRLEN_MAX + 1];	/* as the caller wrote it */
} ClienteleToday;

/* Fills `today` unless it already stands for these arguments. */
extern void clientele_today(ClienteleToday *today, TimestampTz as_of, const text *time_zone);

/* The zone of this name; an unknown one is an error with a hint. */
extern pg_tz *clientele_time_zone(const char *name);

/* The calendar day of a finite instant, in days since 2000-01-01 as SQL's date. */
extern int32 clientele_local_day(TimestampTz instant, pg_tz *zone);

#endif							/* CLIENTELE_LOCAL_DAY_H */
