/*
 * clock.c
 *		What time it is for every path that evaluates; the settings.
 */
#include "postgres.h"

#include <limits.h>

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/guc.h"

#include "base/clock.h"
#include "base/local_time.h"
#include "compat.h"

PG_FUNCTION_INFO_V1(clientele_wall_clock);
PG_FUNCTION_INFO_V1(clientele_elapsed);

int			clientele_live_limit = 0;

static char *clock_setting = NULL;
static TimestampTz clock_instant = 0;	/* DT_NOBEGIN: the wall clock's */

/*
 * The instant is read once, when it is set: it has its own offset, so that it does
 * not depend on the session's time zone.
 */
static bool
check_clock(char **value, void **extra, GucSource source)
{
	ClienteleIsoTime time;
	TimestampTz instant = DT_NOBEGIN;

	(void) source;
	if (*value != NULL && **value != '\0')
	{
		if (!clientele_iso_timestamp(*value, &time) || !time.has_offset)
		{
			GUC_check_errdetail("It must be an instant with its offset, or empty for the wall clock.");
			GUC_check_errhint("For example: SET clientele.clock = '2026-06-12 10:00:00+08'.");
			return false;
		}
		instant = clientele_iso_to_instant(&time);
	}
	*extra = guc_malloc(LOG, sizeof(TimestampTz));
	if (*extra == NULL)
		return false;
	*(TimestampTz *) *extra = instant;
	return true;
}

static void
assign_clock(const char *value, void *extra)
{
	(void) value;
	clock_instant = *(TimestampTz *) extra;
}

TimestampTz
clientele_clock_now(void)
{
	return TIMESTAMP_IS_NOBEGIN(clock_instant) ? GetCurrentTimestamp() : clock_instant;
}

void
clientele_define_settings(void)
{
	DefineCustomStringVariable("clientele.clock",
							   "The instant that all of clientele takes for now; empty = the wall clock.",
							   "For tests and demonstrations: moves time without waiting for it.",
							   &clock_setting, "", PGC_SUSET, 0,
							   check_clock, assign_clock, NULL);
	DefineCustomIntVariable("clientele.live_limit",
							"Customers whom one query may evaluate because their stored rows are stale; 0 = any number.",
							"More are an error that names clientele.refresh.",
							&clientele_live_limit, 0, 0, INT_MAX, PGC_USERSET, 0,
							NULL, NULL, NULL);
}

/* wall_clock(): the instant that a read is about, unless it names another. */
Datum
clientele_wall_clock(PG_FUNCTION_ARGS)
{
	(void) fcinfo;
	PG_RETURN_TIMESTAMPTZ(clientele_clock_now());
}

/* Whether the argument is that word. */
static bool
is_unit(text *unit, const char *word)
{
	return VARSIZE_ANY_EXHDR(unit) == strlen(word) &&
		memcmp(VARDATA_ANY(unit), word, strlen(word)) == 0;
}

/* elapsed(unit, since, as_of, time_zone): days_since() and its kin, for a stored date. */
Datum
clientele_elapsed(PG_FUNCTION_ARGS)
{
	text	   *unit = PG_GETARG_TEXT_PP(0);
	DateADT		since = PG_GETARG_DATEADT(1);
	ClienteleToday *today = fcinfo->flinfo->fn_extra;

	if (today == NULL)
		today = fcinfo->flinfo->fn_extra =
			MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(ClienteleToday));
	clientele_today(today, PG_GETARG_TIMESTAMPTZ(2), PG_GETARG_TEXT_PP(3));

	if (DATE_NOT_FINITE(since))
		PG_RETURN_NULL();
	if (is_unit(unit, "days"))
		PG_RETURN_INT32(today->day - since);
	if (is_unit(unit, "months"))
		PG_RETURN_INT32(clientele_months_between(since, today->day));
	if (is_unit(unit, "years"))
		PG_RETURN_INT32(clientele_years_between(since, today->day));
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unit \"%s\" is not known", text_to_cstring(unit)),
			 errhint("The units are 'days', 'months' and 'years'.")));
}
