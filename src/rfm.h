/*
 * rfm.h
 *		What one customer did, in one small value.
 */
#ifndef CLIENTELE_RFM_H
#define CLIENTELE_RFM_H

#include "fmgr.h"
#include "pgtime.h"
#include "utils/date.h"
#include "utils/timestamp.h"

#include "decimal.h"

/* The format below; every reader checks it, so a later one can be told apart. */
#define CLIENTELE_RFM_VERSION 1

/*
 * SQL type rfm, as it lies in memory and, byte for byte, in tables.
 *
 * It is also the state of the aggregates that make it, updated in place: one
 * allocation per customer, and nothing to serialize for parallel workers or
 * other servers.
 *
 * A value stands for at least one event.  A customer without any is NULL.
 */
typedef struct ClienteleRfm
{
	int32		vl_len_;		/* varlena header, not to be touched directly */
	uint16		version;		/* CLIENTELE_RFM_VERSION */
	int16		scale;			/* of the sum: see ClienteleDecimal */
	TimestampTz first;			/* the earliest event; finite */
	TimestampTz last;			/* the latest event; finite, >= first */
	int64		count;			/* of events; >= 1, and 1 only if first = last */
	int64		units;			/* the sum, if scale says it is short; else 0 */
	char		numeric[FLEXIBLE_ARRAY_MEMBER]; /* the sum, if it is not: a
												 * numeric with its own four-byte
												 * header */
} ClienteleRfm;

/* Detoasts, and checks the version and that the parts fit together. */
extern ClienteleRfm *clientele_rfm_get(Datum value);

/* The sum; may point into its argument. */
extern ClienteleDecimal clientele_rfm_sum(const ClienteleRfm *rfm);

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

/* Calendar days from the last event to today; negative if it lies ahead. */
extern int32 clientele_rfm_days(const ClienteleRfm *rfm, const ClienteleToday *today);

#endif							/* CLIENTELE_RFM_H */
