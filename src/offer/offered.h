/*
 * offered.h
 *		The promotions of a population, compiled, as the session keeps them.
 */
#ifndef CLIENTELE_OFFERED_H
#define CLIENTELE_OFFERED_H

#include "postgres.h"

#include "access/htup.h"
#include "pgtime.h"

#include "population/population.h"
#include "promotion/promotion.h"

typedef enum ClienteleOfferedState
{
	CLIENTELE_DRAFT,			/* never published */
	CLIENTELE_PUBLISHED,
	CLIENTELE_PAUSED,
	CLIENTELE_ENDED
} ClienteleOfferedState;

/*
 * Most customers are told of a promotion what the one before was told.  All that a row of offers
 * says follows from the promotion and from this: the bill, too, has no other part in it.
 */
typedef struct ClienteleOfferSaid
{
	ClienteleDecimal given;		/* 0 to who may not have it, or has no bill */
	ClienteleDecimal spend_more;	/* 0 = no threshold is ahead */
	ClienteleDecimal given_then;
	int			remaining;
	List	   *words;
	List	   *sentences;
} ClienteleOfferSaid;

typedef struct ClienteleOfferRow
{
	HeapTuple	row;			/* NULL = none yet */
	ClienteleOfferSaid said;
} ClienteleOfferRow;

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
	ClienteleOfferRow *rows;	/* what was said of it last to who may not have it, and to who may */
} ClienteleOffered;

typedef struct ClienteleOfferedList
{
	struct ClienteleProfile *profile;	/* the same: what they ask of a customer */
	int			count;
	const ClienteleOffered *promotions; /* the larger priority first, then the smaller id */
	const ClienteleOffered **by_id; /* the same, to be searched: a claim should not have to touch all of them */
	const ClienteleOffered **by_name;
} ClienteleOfferedList;

/*
 * All that are published, paused or ended; as last committed, whatever the transaction's
 * snapshot.  What these functions return is good until the transaction ends; asked again,
 * they may know better.
 */
extern const ClienteleOfferedList *clientele_offered_all(const ClientelePopulation *population);

/* The one of that number; NULL if there is none. */
extern const ClienteleOffered *clientele_offered_by_id(const ClientelePopulation *population, int promotion_id);

/* The one of that name; an error if there is none, or only a draft. */
extern const ClienteleOffered *clientele_offered_find(const ClientelePopulation *population, const char *name);

/* A version, which may be an older one: what was claimed by it is redeemed and refunded by it. */
extern const ClienteleBoundPromotion *clientele_offered_version(int promotion_id, int version);

/* The zone of a branch; where none is set, or the branch is NULL, the population's. */
extern pg_tz *clientele_branch_zone(const ClientelePopulation *population, const text *branch);

#endif							/* CLIENTELE_OFFERED_H */
