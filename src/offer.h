/*
 * offer.h
 *		Whether a customer is to have a promotion on a bill: all that is looked at before
 *		stock and limits, in one place for who previews and who takes.
 */
#ifndef CLIENTELE_OFFER_H
#define CLIENTELE_OFFER_H

#include "postgres.h"

#include "audience.h"
#include "stock.h"

/* Why he is not to have it, beside what the bill says; bits of ->refusals. */
typedef enum ClienteleRefusal
{
	CLIENTELE_REFUSED_AUDIENCE, /* he is not meant */
	CLIENTELE_REFUSED_AUTOMATION,	/* he does not want to be decided about */
	CLIENTELE_REFUSED_HOLDOUT,	/* chance has left him out */
	CLIENTELE_REFUSED_PAUSED,
	CLIENTELE_REFUSED_ENDED,
	CLIENTELE_REFUSED_NO_BRANCH,	/* each has its own stock, and the bill does not say which it is */
	CLIENTELE_REFUSED_TOTAL,	/* none is left ... */
	CLIENTELE_REFUSED_BRANCH,	/* ... in this branch */
	CLIENTELE_REFUSED_DAY,		/* ... today */
	CLIENTELE_REFUSED_BUDGET,	/* ... of the money */
	CLIENTELE_REFUSED_CUSTOMER, /* he has had what one customer may have ... */
	CLIENTELE_REFUSED_PERIOD,	/* ... in this period */
	CLIENTELE_REFUSALS
} ClienteleRefusal;

typedef struct ClienteleOfferAnswer
{
	const ClienteleOffered *offered;
	bool		eligible;
	uint32		refusals;
	ClienteleBenefit benefit;
	int			nunmet;			/* REFUSED_AUDIENCE: the parts that do not hold */
	const char **unmet;
	int			remaining;		/* how many he could still have; CLIENTELE_NO_LIMIT */
} ClienteleOfferAnswer;

/*
 * The moment is that of the bill's branch.  Without a bill (NULL) only what can be said
 * before there is one.  Stock and the customer's limits are not asked.
 */
extern void clientele_offer_examine(ClienteleAudience *audience, const ClienteleOffered *offered,
									const ClienteleBill *bill, ClienteleMoment moment, ClienteleOfferAnswer *answer);

/* Takes in what is left. */
extern void clientele_offer_limit(ClienteleOfferAnswer *answer, const ClienteleStockLeft *left, int left_of_customer,
								  int left_in_period);

/* All reasons in a word and a sentence each; returns how many. */
extern int	clientele_offer_reasons(const ClienteleOfferAnswer *answer, const char ***words, char ***sentences);

#endif							/* CLIENTELE_OFFER_H */
