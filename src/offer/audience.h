/*
 * audience.h
 *		Whether a promotion is for a customer, as his profile says.
 *
 * A customer is asked about for many promotions at once: his profile is read at most once
 * for each instant that matters (now, just before the bill, when a term began).
 */
#ifndef CLIENTELE_AUDIENCE_H
#define CLIENTELE_AUDIENCE_H

#include "postgres.h"

#include "utils/jsonb.h"
#include "utils/snapshot.h"

#include "offer/offered.h"

typedef struct ClienteleAudience ClienteleAudience;

/*
 * In the current memory context.  The key is of the customer table's type.  The snapshot,
 * registered or active until the end, is of this moment: it sees what this transaction
 * has written.  The bill may be NULL.
 */
extern ClienteleAudience *clientele_audience_begin(const ClientelePopulation *population, Oid key_type, Datum key,
												   TimestampTz now, const ClienteleBill *bill, Snapshot snapshot);

/* The same as of another instant, with what is known today. */
extern ClienteleAudience *clientele_audience_begin_at(const ClientelePopulation *population, Oid key_type, Datum key,
													  TimestampTz as_of, const ClienteleBill *bill, Snapshot snapshot);

/* From now on only an older version of a promotion is asked about: ->bound is that, ->audience is set to fit. */
extern void clientele_audience_use_version(ClienteleAudience *audience, ClienteleOffered *promotion);

/* Whether there is such a customer, who has not been forgotten. */
extern bool clientele_audience_exists(ClienteleAudience *audience);

/* The same, where his profile may not be needed. */
extern bool clientele_audience_is_there(ClienteleAudience *audience);

/* Whether he has refused automated decisions. */
extern bool clientele_audience_refused(ClienteleAudience *audience);

/* Whether chance has left him out: see clientele.offered_promotion.holdout. */
extern bool clientele_audience_held_out(ClienteleAudience *audience, const ClienteleOffered *promotion);

/* Whether he is meant; if not, the parts of the condition that do not hold. */
extern bool clientele_audience_meets(ClienteleAudience *audience, const ClienteleOffered *promotion,
									 int *nunmet, const char ***unmet);

/* What the metric of "measure" has accumulated since the term began; false = unknown, or there is none. */
extern bool clientele_audience_spent(ClienteleAudience *audience, const ClienteleOffered *promotion, ClienteleDecimal *spent);

/*
 * What has decided, to be kept: {"as_of": ..., "model_version": 3, "values": {"member": "A"}, "spent": 60000}.
 */
extern Jsonb *clientele_audience_evidence(ClienteleAudience *audience, const ClienteleOffered *promotion);

extern void clientele_audience_end(ClienteleAudience *audience);

#endif							/* CLIENTELE_AUDIENCE_H */
