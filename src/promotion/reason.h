/*
 * reason.h
 *		Why a promotion is not to be had: a word for each reason, and what people read for it.
 */
#ifndef CLIENTELE_REASON_H
#define CLIENTELE_REASON_H

#include "postgres.h"

/* The first ones are decided by bill and moment alone, and are the bits of ClienteleBenefit.reasons. */
typedef enum ClienteleReason
{
	CLIENTELE_REASON_EARLY,		/* before the term */
	CLIENTELE_REASON_LATE,		/* after it */
	CLIENTELE_REASON_DAY,
	CLIENTELE_REASON_HOUR,
	CLIENTELE_REASON_BRANCH,
	CLIENTELE_REASON_BILL,
	CLIENTELE_REASON_LINES,		/* nothing that it applies to */
	CLIENTELE_REASON_SPEND,
	CLIENTELE_REASON_NOTHING,	/* it would reduce nothing */
	CLIENTELE_REASONS_OF_BILL,

	CLIENTELE_REASON_AUDIENCE = CLIENTELE_REASONS_OF_BILL,
	CLIENTELE_REASON_REFUSED,	/* it is an automated decision, which the customer does not want */
	CLIENTELE_REASON_HELD_OUT,
	CLIENTELE_REASON_EXCLUSIVE, /* the bill has another that it is not had together with */
	CLIENTELE_REASON_PAUSED,
	CLIENTELE_REASON_ENDED,
	CLIENTELE_REASON_SOLD_OUT,
	CLIENTELE_REASON_BRANCH_STOCK,
	CLIENTELE_REASON_DAY_STOCK,
	CLIENTELE_REASON_BUDGET,
	CLIENTELE_REASON_CUSTOMER_LIMIT,
	CLIENTELE_REASON_PERIOD_LIMIT,
	CLIENTELE_REASON_TEAM,
	CLIENTELE_REASON_CODE,
	CLIENTELE_REASONS
} ClienteleReason;

/* By ClienteleReason. */
extern const char *const clientele_reason_words[CLIENTELE_REASONS];

#endif							/* CLIENTELE_REASON_H */
