/*
 * expiry.h
 *		What has expired of promotions, claims and codes: that it comes back into the stock.
 */
#ifndef CLIENTELE_EXPIRY_H
#define CLIENTELE_EXPIRY_H

#include "postgres.h"

#include "utils/snapshot.h"
#include "utils/timestamp.h"

#include "population/population.h"

/*
 * Codes that nobody has claimed in time: how many there are whose stock has not come back, and having that of a
 * batch back; returns how many came.  coupon_code_expiry.c, for the sweep.
 */
extern int	clientele_codes_expired(int promotion_id, TimestampTz now, Snapshot snapshot);
extern int	clientele_codes_sweep(const ClientelePopulation *population, int promotion_id, TimestampTz now);

/*
 * Brings what has expired of a promotion, which is locked, back into the stock, so much of it at a time.  The first returns
 * how much has come back, whoever has brought it; the second waits for nobody, and returns how many claims.
 * claim_expiry.c.
 */
extern int	clientele_claim_sweep(const ClientelePopulation *population, int promotion_id, TimestampTz now);
extern int	clientele_claim_sweep_if_free(const ClientelePopulation *population, int promotion_id, TimestampTz now);

/* The same of the promotion that has the oldest, which it locks; 0 if there are none, or somebody else is at it. */
extern int	clientele_claim_sweep_oldest(const ClientelePopulation *population, TimestampTz now);

#endif							/* CLIENTELE_EXPIRY_H */
