/*
 * next_tier.h
 *		What would give a customer a better label, and when time alone gives another.
 */
#ifndef CLIENTELE_NEXT_TIER_H
#define CLIENTELE_NEXT_TIER_H

#include "question/person.h"

/* Adds the rows of next_tier() for a customer to the result; none if he does not exist. */
extern void clientele_next_tier_put(FunctionCallInfo fcinfo, const ClienteleAsked *asked);

#endif							/* CLIENTELE_NEXT_TIER_H */
