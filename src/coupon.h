/*
 * coupon.h
 *		Coupons: claims that have not met a bill, when they are issued, claimed by a code, handed on.
 */
#ifndef CLIENTELE_COUPON_H
#define CLIENTELE_COUPON_H

#include "postgres.h"

#include "utils/timestamp.h"

#include "offered.h"

/*
 * Until when a coupon that is had now can be used: not beyond the promotion's term.  An error if that
 * is over.
 */
extern TimestampTz clientele_coupon_expires(const ClientelePopulation *population, const ClienteleOffered *offered,
											TimestampTz valid_until, TimestampTz now);

#endif							/* CLIENTELE_COUPON_H */
