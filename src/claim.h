/*
 * claim.h
 *		Claims: what customers have taken of promotions, for those who write them.
 */
#ifndef CLIENTELE_CLAIM_H
#define CLIENTELE_CLAIM_H

#include "postgres.h"

#include "utils/jsonb.h"
#include "utils/timestamp.h"

#include "offered.h"
#include "own_table.h"

/* Columns of clientele.claim; releases only append to them. */
enum
{
	CLAIM_ID, CLAIM_POPULATION, CLAIM_PROMOTION, CLAIM_VERSION, CLAIM_KEY, CLAIM_STATE, CLAIM_CLAIMED_AT,
	CLAIM_EXPIRES_AT, CLAIM_REDEEMED_AT, CLAIM_DAY, CLAIM_BRANCH, CLAIM_STAFF, CLAIM_BILL, CLAIM_AMOUNT, CLAIM_VALUE,
	CLAIM_GIVEN, CLAIM_REFUNDED, CLAIM_TAKEN_BACK, CLAIM_ORIGIN, CLAIM_ORIGIN_ID, CLAIM_TRANSFERABLE, CLAIM_TEAM,
	CLAIM_COLUMNS
};

/* Columns of clientele.claim_step. */
enum
{
	STEP_POPULATION, STEP_CLAIM, STEP_STEP, STEP_REQUEST, STEP_AT, STEP_ACTOR, STEP_REDEEMED, STEP_AMOUNT, STEP_REASON,
	STEP_BILL, STEP_ANSWER, STEP_EVIDENCE
};

/* Refusals: what is decided, not what is wrong. */
#define CLIENTELE_ERRCODE_NOT_ELIGIBLE MAKE_SQLSTATE('C', 'L', '0', '0', '1')
#define CLIENTELE_ERRCODE_SOLD_OUT MAKE_SQLSTATE('C', 'L', '0', '0', '2')
#define CLIENTELE_ERRCODE_CLAIM_OVER MAKE_SQLSTATE('C', 'L', '0', '0', '3')
#define CLIENTELE_ERRCODE_TEAM_INCOMPLETE MAKE_SQLSTATE('C', 'L', '0', '0', '4')
#define CLIENTELE_ERRCODE_OTHER_REQUEST MAKE_SQLSTATE('C', 'L', '0', '0', '5')

/* ---------- rows: claim_row.c ---------- */

/* The claim of that number, as it is this moment; false if there is none. */
extern bool clientele_claim_get(ClienteleOwnTable *claims, int64 claim_id, ClienteleOwnRow *row);

/* Until the end of the transaction only we change it. */
extern void clientele_claim_lock(int population_id, int64 claim_id);
extern bool clientele_claim_try_lock(int population_id, int64 claim_id);

/* What it says, whatever the clock says. */
extern bool clientele_claim_is(const ClienteleOwnRow *row, const char *state);

/* Held, and its time is not over. */
extern bool clientele_claim_is_held(const ClienteleOwnRow *row, TimestampTz now);

/* Number, or zero where it is NULL. */
extern ClienteleDecimal clientele_claim_number(const ClienteleOwnRow *row, int column);

extern void clientele_own_set(ClienteleOwnRow *row, int column, Datum value);

/* As last committed; the caller has locked what he relies on. */
extern void clientele_claim_give_back_stock(const ClientelePopulation *population, const ClienteleOwnRow *claim,
											int claims, ClienteleDecimal value);

#endif							/* CLIENTELE_CLAIM_H */
