/*
 * stock.h
 *		What is left of the limits that customers share: taking of it, giving back.
 *
 * A scope (all, a branch, a day, the budget) has several rows, its stripes.  Who takes one
 * locks a stripe that nobody else has locked, and takes from it; only when no free stripe has
 * anything left he waits for those that others hold, because they may roll back.
 */
#ifndef CLIENTELE_STOCK_H
#define CLIENTELE_STOCK_H

#include "postgres.h"

#include "utils/snapshot.h"
#include "utils/timestamp.h"

#include "offer/offered.h"
#include "own/own_table.h"

/* Which limits have nothing left; 0 = all was taken. */
typedef enum ClienteleStockLack
{
	CLIENTELE_LACK_TOTAL = 1,
	CLIENTELE_LACK_BRANCH = 2,
	CLIENTELE_LACK_DAY = 4,
	CLIENTELE_LACK_BUDGET = 8,
	CLIENTELE_LACK_ANY = 15
} ClienteleStockLack;

/*
 * Takes one claim, or a number of them, worth `value` together, of what is there: out of all those limits of the promotion
 * whose bits (ClienteleStockLack) are given, or out of none.
 */
extern uint32 clientele_stock_try(const ClientelePopulation *population, const ClienteleOffered *promotion, uint32 limits,
								  const char *branch, DateADT day, int claims, ClienteleDecimal value);

/* ---------- stock_take.c ---------- */

/*
 * The same out of every limit; what has expired comes back first, if there is not enough.  After the customer's
 * lock and the promotion's.
 */
extern uint32 clientele_stock_take(const ClientelePopulation *population, const ClienteleOffered *promotion,
								   const char *branch, DateADT day, int claims, ClienteleDecimal value, TimestampTz now);

/*
 * For codes: the total alone, which they keep until somebody claims them; what else it then takes, and
 * giving back either.
 */
extern uint32 clientele_stock_reserve(const ClientelePopulation *population, const ClienteleOffered *promotion, int claims,
									  TimestampTz now);
extern uint32 clientele_stock_take_reserved(const ClientelePopulation *population, const ClienteleOffered *promotion,
											const char *branch, DateADT day, ClienteleDecimal value, TimestampTz now);
extern void clientele_stock_unreserve(const ClientelePopulation *population, int promotion_id, int claims);
extern void clientele_stock_give_back_reserved(const ClientelePopulation *population, int promotion_id,
											   const char *branch, DateADT day, ClienteleDecimal value);

/* What could not be taken before the bill was known: of its branch, and the budget. */
extern uint32 clientele_stock_take_of_bill(const ClientelePopulation *population, const ClienteleOffered *promotion,
										   const char *branch, ClienteleDecimal value, TimestampTz now);

/* ---------- stock.c ---------- */

/*
 * Gives back claims, or money of the budget; limits that are not kept any more are left out.
 * After the promotion's lock.
 */
extern void clientele_stock_give_back(const ClientelePopulation *population, int promotion_id,
									  const char *branch, DateADT day, int claims, ClienteleDecimal value);

/* The same of one claim, or false where that would have to wait for somebody: then nothing is given back. */
extern bool clientele_stock_try_give_back(const ClientelePopulation *population, int promotion_id,
										  const char *branch, DateADT day, ClienteleDecimal value);

/* What is left now, expired claims included; CLIENTELE_NO_LIMIT where there is none. */
typedef struct ClienteleStockLeft
{
	int			total;
	int			branch;
	int			day;
	bool		has_budget;
	ClienteleDecimal budget;
} ClienteleStockLeft;

/* For promotions[i], into left[i]; a few index scans for all together. */
extern void clientele_stock_left(const ClientelePopulation *population, int count, const ClienteleOffered *const *promotions,
								 const char *branch, const DateADT *days, TimestampTz now, Snapshot snapshot,
								 ClienteleStockLeft *left);

/* What the customer may still claim himself (per_customer, per_period); CLIENTELE_NO_LIMIT where there is none. */
extern void clientele_stock_left_of_limits(ClienteleOwnTable *claims, const ClientelePopulation *population, const char *key,
										   const ClienteleOffered *promotion, DateADT day, TimestampTz now,
										   int *of_customer, int *of_period);

/* The same for promotions[i], by one look at all claims of the customer. */
extern void clientele_stock_left_of_all_limits(ClienteleOwnTable *claims, const ClientelePopulation *population, const char *key,
											   int count, const ClienteleOffered *const *promotions, DateADT day,
											   TimestampTz now, int *of_customer, int *of_period);

/*
 * Until the end of the transaction the limits of a promotion, and whether it is paused, stay as they are; ask
 * for it afterwards.  Who publishes, pauses or ends it (lock_stock) keeps everybody from taking and giving back.
 */
extern void clientele_stock_share(const ClientelePopulation *population, int promotion_id);

#endif							/* CLIENTELE_STOCK_H */
