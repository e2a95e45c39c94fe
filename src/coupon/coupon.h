/*
 * coupon.h
 *		Coupons: claims that have not met a bill, when they are issued, claimed by a code, handed on.
 */
#ifndef CLIENTELE_COUPON_H
#define CLIENTELE_COUPON_H

#include "postgres.h"

#include "offer/audience.h"
#include "own/own_table.h"

/* Columns of clientele.coupon_code and of clientele.coupon_batch; releases only append to them. */
enum
{
	CODE_POPULATION, CODE_CODE, CODE_BATCH, CODE_CLAIM
};

enum
{
	BATCH_ID, BATCH_POPULATION, BATCH_PROMOTION, BATCH_KIND, BATCH_SEGMENT, BATCH_QUANTITY, BATCH_DONE, BATCH_LEFT_OUT,
	BATCH_LAST_KEY, BATCH_TRANSFERABLE, BATCH_VALID_UNTIL, BATCH_AUTHOR, BATCH_REQUEST, BATCH_BEGAN_AT, BATCH_UPDATED_AT,
	BATCH_ENDED_AT, BATCH_RETURNED, BATCH_NOTE
};

/* A code as it is stored, of what somebody has typed; NULL: it is not one.  coupon_code.c. */
extern char *clientele_code_read(const text *typed);

/* The batch of that number, as it is this moment; false if there is none. */
extern bool clientele_batch_get(ClienteleOwnTable *batches, Datum batch_id, ClienteleOwnRow *row);

/* The name of its lock, which who claims a code shares. */
extern char *clientele_batch_name(Datum batch_id);

/* Has the stock of its codes that nobody has claimed back; after its lock.  How many they are. */
extern int	clientele_batch_return(const ClientelePopulation *population, ClienteleOwnTable *batches, ClienteleOwnRow *batch);

/* Why a customer is not given a coupon. */
typedef enum ClienteleCouponRefusal
{
	CLIENTELE_COUPON_REFUSED,	/* he refuses automated decisions */
	CLIENTELE_COUPON_HELD_OUT,
	CLIENTELE_COUPON_AUDIENCE,
	CLIENTELE_COUPON_LIMIT,		/* he has what one customer may have */
	CLIENTELE_COUPON_REFUSALS	/* he is given one */
} ClienteleCouponRefusal;

/*
 * Looks at a customer, after his lock and the promotion's.  is_personal: he has been
 * chosen by what his profile says, whatever the promotion is.
 */
extern ClienteleCouponRefusal clientele_coupon_refusal(const ClientelePopulation *population, const ClienteleOffered *offered,
													   ClienteleAudience *audience, const char *key, bool is_personal,
													   TimestampTz now, Snapshot snapshot);

#endif							/* CLIENTELE_COUPON_H */
