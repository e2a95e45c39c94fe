/*
 * offered.h
 *		The promotions of a population, compiled, as the session keeps them.
 */
#ifndef CLIENTELE_OFFERED_H
#define CLIENTELE_OFFERED_H

#include "postgres.h"

#include "pgtime.h"

#include "population.h"
#include "promotion.h"

typedef enum ClienteleOfferedState
{
	CLIENTELE_DRAFT,			/* never published */
	CLIENTELE_PUBLISHED,
	CLIENTELE_PAUSED,
	CLIENTELE_ENDED
} ClienteleOfferedState;

/* A row of clientele.offered_promotion, and the version that applies. */
typedef struct ClienteleOffered
{
	int			id;
	NameData	name;
	text	   *name_text;		/* the same */
	ClienteleOfferedState state;
	int			version;
	bool		automatic;		/* an earn rule */
	ClienteleDecimal holdout;	/* per cent */
	bool		is_frozen;		/* the list of its audience has been made */
	const ClienteleBoundPromotion *bound;	/* NULL: a draft */
	struct ClienteleAudienceRules *audience;	/* profile_rules.h; NULL = everybody */
	struct ClienteleOfferRow *rows;	/* offers.c: what was said of it last */
} ClienteleOffered;

typedef struct ClienteleOfferedList
{
	struct ClienteleProfile *profile;	/* the same: what they ask of a customer */
	int			count;
	const ClienteleOffered *promotions; /* the larger priority first, then the smaller id */
} ClienteleOfferedList;

/*
 * All that are published, paused or ended; as last committed, whatever the transaction's
 * snapshot.  What these functions return is good until the transaction ends; asked again,
 * they may know better.
 */
extern const ClienteleOfferedList *clientele_offered_all(const ClientelePopulation *population);

/* For one promotion: as it is said to who may not have it, and to who may; none yet.  offers.c. */
extern struct ClienteleOfferRow *clientele_offer_rows(void);

/* The one of that name; an error if there is none, or only a draft. */
extern const ClienteleOffered *clientele_offered_find(const ClientelePopulation *population, const char *name);

/* A version, which may be an older one: what was claimed by it is redeemed and refunded by it. */
extern const ClienteleBoundPromotion *clientele_offered_version(int promotion_id, int version);

/* The zone of a branch; where none is set, or the branch is NULL, the population's. */
extern pg_tz *clientele_branch_zone(const ClientelePopulation *population, const text *branch);

#endif							/* CLIENTELE_OFFERED_H */
