/*
 * iso_time.h
 *		Dates and instants as ISO 8601 text, independent of DateStyle.
 *
 * The readers are strict: four-digit years from 0001, every field in range, no
 * surrounding space.  They know nothing of time zones beyond a numeric offset.
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

/* The canonical text of either. */
extern char *clientele_iso_print(const ClienteleIsoTime *time, bool with_time);

#endif							/* CLIENTELE_ISO_TIME_H */
