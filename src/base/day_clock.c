/*
 * day_clock.c
 *		The calendar days of one time zone: which day an instant is on, fast, and
 *		when a day comes.
 *
 * Everything is derived from two questions to PostgreSQL's zone data: the offset
 * at an instant, and the next turn, where it may change.  Turns and beginnings of
 * days are whole seconds.
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "base/day_clock.h"

#define NEVER			PG_INT64_MAX
#define EPOCH_DAYS		(POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE)
#define LAST_DAY		(TIMESTAMP_END_JULIAN - POSTGRES_EPOCH_JDATE)
#define FIRST_DAY		(DATETIME_MIN_JULIAN - POSTGRES_EPOCH_JDATE)

/* No zone is farther from Greenwich. */
#define GREATEST_OFFSET (25 * SECS_PER_HOUR)

/* After so long the calendar repeats itself, and with it a zone's rule. */
#define WHOLE_CYCLE		((int64) 146097 * SECS_PER_DAY)

/*
 * Time is cut into spans of about 48 days.  What the offset is in one, with at
 * most one turn, is found once and kept; together the kept ones cover 17 years.
 */
#define SPAN_BITS		22
#define SPANS			128

typedef struct Span
{
	int64		number;			/* seconds >> SPAN_BITS */
	pg_time_t	turn;
	int32		before;			/* the offset before the turn ... */
	int32		after;			/* ... and from it on */
	bool		restless;		/* there are more turns */
} Span;

#define DAYS			4096

struct ClienteleDayClock
{
	ClienteleDayClock *next;	/* of another zone */
	pg_tz	   *zone;
	TimestampTz retreat_after;	/* from here on ... */
	TimestampTz retreat;		/* ... this is the next retreat */
	Span		spans[SPANS];
	ClienteleDayBegin days[DAYS];
};

/* The session's clocks, the latest first. */
static ClienteleDayClock *clocks = NULL;

ClienteleDayClock *
clientele_day_clock(pg_tz *zone)
{
	ClienteleDayClock **link = &clocks;
	ClienteleDayClock *clock;

	if (likely(clocks && clocks->zone == zone))
		return clocks;

	while (*link && (*link)->zone != zone)
		link = &(*link)->next;
	clock = *link;
	if (clock)
		*link = clock->next;
	else
	{
		clock = MemoryContextAllocZero(TopMemoryContext, sizeof(ClienteleDayClock));
		clock->zone = zone;
		clock->retreat_after = DT_NOEND;
		for (int i = 0; i < SPANS; i++)
			clock->spans[i].number = PG_INT64_MAX;
	}
	clock->next = clocks;
	clocks = clock;
	return clock;
}

/* ---------- seconds since 1970, as the zone data count ---------- */

static inline pg_time_t
seconds_of(TimestampTz instant)
{
	/* rounded down also before 2000 */
	return instant / USECS_PER_SEC - (instant % USECS_PER_SEC < 0) + (int64) EPOCH_DAYS * SECS_PER_DAY;
}

static TimestampTz
instant_of(pg_time_t seconds)
{
	int64		since_2000 = seconds - (int64) EPOCH_DAYS * SECS_PER_DAY;

	if (since_2000 < MIN_TIMESTAMP / USECS_PER_SEC)
		return DT_NOBEGIN;
	if (since_2000 >= END_TIMESTAMP / USECS_PER_SEC)
		return DT_NOEND;
	return since_2000 * USECS_PER_SEC;
}

static int32
offset_at(const ClienteleDayClock *clock, pg_time_t seconds)
{
	const struct pg_tm *local = pg_localtime(&seconds, clock->zone);

	if (local == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("timestamp out of range")));
	return (int32) local->tm_gmtoff;
}

/* The first second after this one at which the offset may change. */
static pg_time_t
next_turn(const ClienteleDayClock *clock, pg_time_t seconds)
{
	long int	before_offset;
	long int	after_offset;
	int			before_is_dst;
	int			after_is_dst;
	pg_time_t	turn;

	if (pg_next_dst_boundary(&seconds, &before_offset, &before_is_dst, &turn,
							 &after_offset, &after_is_dst, clock->zone) != 1)
		return NEVER;
	return turn;
}

/* ---------- the day of an instant ---------- */

static void
fill_span(const ClienteleDayClock *clock, Span *span, int64 number)
{
	pg_time_t	start = number * (INT64CONST(1) << SPAN_BITS);
	pg_time_t	end = start + (INT64CONST(1) << SPAN_BITS);

	span->before = offset_at(clock, start);
	span->after = span->before;
	span->restless = false;
	span->turn = next_turn(clock, start);
	if (span->turn < end)
	{
		span->after = offset_at(clock, span->turn);
		span->restless = next_turn(clock, span->turn) < end;
	}
	span->number = number;
}

/* The day that a wall clock shows so many seconds after 1970 begins on it. */
static inline DateADT
day_of_local(int64 seconds)
{
	return (DateADT) (seconds / SECS_PER_DAY - (seconds % SECS_PER_DAY < 0) - EPOCH_DAYS);
}

DateADT
clientele_day_at(ClienteleDayClock *clock, TimestampTz instant)
{
	pg_time_t	seconds;
	int64		number;
	Span	   *span;

	if (TIMESTAMP_IS_NOBEGIN(instant))
		return DATEVAL_NOBEGIN;
	if (TIMESTAMP_IS_NOEND(instant))
		return DATEVAL_NOEND;

	seconds = seconds_of(instant);
	number = seconds >> SPAN_BITS;
	span = &clock->spans[number & (SPANS - 1)];
	if (unlikely(span->number != number))
		fill_span(clock, span, number);
	if (unlikely(span->restless))
		return day_of_local(seconds + offset_at(clock, seconds));
	return day_of_local(seconds + (seconds < span->turn ? span->before : span->after));
}

/* ---------- when a day comes ---------- */

/* The day's midnight in a zone of no offset. */
static pg_time_t
plain_midnight(DateADT day)
{
	return ((int64) day + EPOCH_DAYS) * SECS_PER_DAY;
}

/* The first second, not before `from`, that is on the day or later. */
static pg_time_t
first_second(const ClienteleDayClock *clock, DateADT day, pg_time_t from)
{
	from = Max(from, plain_midnight(day) - GREATEST_OFFSET);
	for (;;)
	{
		pg_time_t	turn = next_turn(clock, from);
		pg_time_t	begin = Max(from, plain_midnight(day) - offset_at(clock, from));

		if (begin < turn)
			return begin;
		from = turn;
	}
}

/* The first second from which on all are on the day or later. */
static pg_time_t
settled_second(const ClienteleDayClock *clock, DateADT day)
{
	pg_time_t	from = plain_midnight(day) - GREATEST_OFFSET;
	pg_time_t	settled = from;

	while (from < plain_midnight(day) + GREATEST_OFFSET)
	{
		pg_time_t	turn = next_turn(clock, from);
		pg_time_t	begin = plain_midnight(day) - offset_at(clock, from);

		if (begin > from)
			settled = Min(begin, turn);
		from = turn;
	}
	return settled;
}

const ClienteleDayBegin *
clientele_day_begin(ClienteleDayClock *clock, DateADT day)
{
	ClienteleDayBegin *begin = &clock->days[(uint32) day % DAYS];

	if (begin->known && begin->day == day)
		return begin;

	if (day > LAST_DAY)
		begin->first = begin->settled = DT_NOEND;
	else if (day < FIRST_DAY)
		begin->first = begin->settled = DT_NOBEGIN;
	else
	{
		begin->first = instant_of(first_second(clock, day, PG_INT64_MIN));
		begin->settled = instant_of(settled_second(clock, day));
	}
	begin->day = day;
	begin->known = true;
	return begin;
}

TimestampTz
clientele_day_comes(ClienteleDayClock *clock, int64 day, TimestampTz after)
{
	TimestampTz first;

	if (day > LAST_DAY)
		return DT_NOEND;
	day = Max(day, FIRST_DAY);
	first = clientele_day_begin(clock, (DateADT) day)->first;

	/* it has come before, and gone again */
	if (first <= after)
		first = instant_of(first_second(clock, (DateADT) day, seconds_of(after) + 1));
	return first;
}

TimestampTz
clientele_day_retreat(ClienteleDayClock *clock, TimestampTz after)
{
	pg_time_t	start = seconds_of(after);
	pg_time_t	turn = start;

	if (after >= clock->retreat_after && after < clock->retreat)
		return clock->retreat;

	clock->retreat_after = after;
	clock->retreat = DT_NOEND;
	while ((turn = next_turn(clock, turn)) != NEVER && turn - start <= WHOLE_CYCLE)
	{
		if (day_of_local(turn - 1 + offset_at(clock, turn - 1)) > day_of_local(turn + offset_at(clock, turn)))
		{
			clock->retreat = instant_of(turn);
			break;
		}
	}
	return clock->retreat;
}
