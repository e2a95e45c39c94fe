/*
 * profile_now.h
 *		One customer's profile as it is now, read as the population's view says, past the executor.
 */
#ifndef CLIENTELE_PROFILE_NOW_H
#define CLIENTELE_PROFILE_NOW_H

#include "postgres.h"

#include "utils/snapshot.h"

#include "offer/profile_rules.h"

typedef enum ClienteleProfileNow
{
	CLIENTELE_PROFILE_IS_THERE,
	CLIENTELE_PROFILE_NONE,		/* there is no such customer */
	CLIENTELE_PROFILE_ASK_VIEW	/* the view shows more than a row of the engine: it is to be asked */
} ClienteleProfileNow;

/*
 * The columns of the view that the profile reads, CLIENTELE_PROFILE_..., in the current memory
 * context.  As the population's owner.
 */
extern ClienteleProfileNow clientele_profile_now(const ClienteleProfile *profile, const ClientelePopulation *population,
												 Oid key_type, Datum key, Snapshot snapshot, Datum *values, bool *nulls);

#endif							/* CLIENTELE_PROFILE_NOW_H */
