/*
 * rfm.h
 *		What one customer did, in one small value.
 */
#ifndef CLIENTELE_RFM_H
#define CLIENTELE_RFM_H

#include "fmgr.h"
#include "utils/timestamp.h"

#include "base/decimal.h"
#include "base/local_time.h"

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

/* Calendar days from the last event to today; negative if it lies ahead. */
extern int32 clientele_rfm_days(const ClienteleRfm *rfm, const ClienteleToday *today);

#endif							/* CLIENTELE_RFM_H */
