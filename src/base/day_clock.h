/*
 * day_clock.h
 *		The calendar days of one time zone: which day an instant is on, fast, and
 *		when a day comes.
 *
 * The calendar of a zone is not a straight line.  A day may have no midnight (Sao
 * Paulo until 2018), not exist (Apia, 30 December 2011), or be left and entered
 * again: St. John's until 2011 put its clocks back at 00:01 to 23:01 of the day
 * before.  So "from midnight on it is the day or later" is true only of a settled
 * day, and where a zone goes back a day is asked beforehand.
 */
#ifndef CLIENTELE_DAY_CLOCK_H
#define CLIENTELE_DAY_CLOCK_H

#include "postgres.h"

#include "pgtime.h"
#include "utils/date.h"
#include "utils/timestamp.h"

typedef struct ClienteleDayClock ClienteleDayClock;

/*
 * Between the two instants it may be either side of the day's beginning; the same
 * but for a retreat.  -infinity and infinity where instants do not reach.
 */
typedef struct ClienteleDayBegin
{
	bool		known;			/* day_clock.c's own */
	DateADT		day;
	TimestampTz first;			/* the first instant that is on the day or later */
	TimestampTz settled;		/* from here on all are */
} ClienteleDayBegin;

/* The clock of a zone.  Lives as long as the session, as the zone does. */
extern ClienteleDayClock *clientele_day_clock(pg_tz *zone);

/* The calendar day of an instant; infinity stays infinity. */
extern DateADT clientele_day_at(ClienteleDayClock *clock, TimestampTz instant);

/* When a day begins; valid until the next call. */
extern const ClienteleDayBegin *clientele_day_begin(ClienteleDayClock *clock, DateADT day);

/*
 * The first instant after `after`, which is on an earlier day, that is on the day
 * or later; infinity where there is none.
 */
extern TimestampTz clientele_day_comes(ClienteleDayClock *clock, int64 day, TimestampTz after);

/* The first instant after `after` at which the day goes back; infinity: never. */
extern TimestampTz clientele_day_retreat(ClienteleDayClock *clock, TimestampTz after);

#endif							/* CLIENTELE_DAY_CLOCK_H */
