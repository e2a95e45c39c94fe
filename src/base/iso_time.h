/*
 * iso_time.h
 *		Dates and instants as ISO 8601 text, independent of DateStyle.
 *
 * The readers are strict: every field in range, no surrounding space, and but for
 * the last one four-digit years from 0001.  They know nothing of time zones beyond
 * a numeric offset.
 */
#ifndef CLIENTELE_ISO_TIME_H
#define CLIENTELE_ISO_TIME_H

#include "postgres.h"

typedef struct ClienteleIsoTime
{
	int			year;
	int			month;
	int			day;
	bool		has_time;		/* false: a date alone, and all below is zero */
	int			hour;
	int			minute;
	int			second;
	int			microsecond;
	bool		has_offset;		/* false: to be read in the population's zone */
	int			offset;			/* seconds east of UTC */
} ClienteleIsoTime;

/* YYYY-MM-DD */
extern bool clientele_iso_date(const char *text, ClienteleIsoTime *result);

/* YYYY-MM-DD[( |T)HH:MM[:SS[.ffffff]][Z|(+|-)HH[[:]MM]]] */
extern bool clientele_iso_timestamp(const char *text, ClienteleIsoTime *result);

/*
 * YYYY-MM-DD HH:MM:SS[.ffffff]+00[ BC], with up to six digits of the year: every
 * instant as it is printed in UTC, and nothing but that form.  Reads on from *at.
 * Years before 1 are counted down, 1 BC is 0.
 */
extern bool clientele_iso_utc(const char **at, ClienteleIsoTime *result);

/* The canonical text of either of the first two. */
extern char *clientele_iso_print(const ClienteleIsoTime *time, bool with_time);

#endif							/* CLIENTELE_ISO_TIME_H */
