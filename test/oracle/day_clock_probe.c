/*
 * day_clock_probe.c
 *		src/base/day_clock.c as SQL functions, to be compared with AT TIME ZONE.
 *
 * A module of its own, with day_clock.c inside: the library exports no such
 * functions.  Built and used by test/scripts/day_clock.sh.
 */
#include "../../src/base/day_clock.c"
#include "../../src/base/local_time.c"

#include "fmgr.h"

PG_MODULE_MAGIC;

#define PROBE(name) \
	PG_FUNCTION_INFO_V1(name); \
	Datum name(PG_FUNCTION_ARGS); \
	Datum name(PG_FUNCTION_ARGS)

static ClienteleDayClock *
clock_of(text *zone)
{
	return clientele_day_clock(clientele_zone(zone));
}

PROBE(probe_at)
{
	PG_RETURN_DATEADT(clientele_day_at(clock_of(PG_GETARG_TEXT_PP(1)), PG_GETARG_TIMESTAMPTZ(0)));
}

PROBE(probe_first)
{
	PG_RETURN_TIMESTAMPTZ(clientele_day_begin(clock_of(PG_GETARG_TEXT_PP(1)), PG_GETARG_DATEADT(0))->first);
}

PROBE(probe_settled)
{
	PG_RETURN_TIMESTAMPTZ(clientele_day_begin(clock_of(PG_GETARG_TEXT_PP(1)), PG_GETARG_DATEADT(0))->settled);
}

PROBE(probe_comes)
{
	PG_RETURN_TIMESTAMPTZ(clientele_day_comes(clock_of(PG_GETARG_TEXT_PP(1)), PG_GETARG_DATEADT(0),
											  PG_GETARG_TIMESTAMPTZ(2)));
}

PROBE(probe_retreat)
{
	PG_RETURN_TIMESTAMPTZ(clientele_day_retreat(clock_of(PG_GETARG_TEXT_PP(1)), PG_GETARG_TIMESTAMPTZ(0)));
}

/* The first day that is n units after the date; NULL where no day is. */
PROBE(probe_since)
{
	int64		day = clientele_first_day_since(PG_GETARG_DATEADT(0), (ClienteleUnit) PG_GETARG_INT32(1),
												PG_GETARG_INT64(2));

	if (!IS_VALID_DATE(day))
		PG_RETURN_NULL();
	PG_RETURN_DATEADT((DateADT) day);
}
