/*
 * claim.h
 *		Claims: what customers have taken of promotions, for those who write them.
 */
#ifndef CLIENTELE_CLAIM_H
#define CLIENTELE_CLAIM_H

#include "postgres.h"

#include "fmgr.h"
#include "nodes/pg_list.h"
#include "utils/jsonb.h"
#include "utils/timestamp.h"

#include "base/arguments.h"
#include "offer/audience.h"
#include "offer/offered.h"
#include "own/own_table.h"

/* Columns of clientele.claim; releases only append to them. */
enum
{
	CLAIM_ID, CLAIM_POPULATION, CLAIM_PROMOTION, CLAIM_VERSION, CLAIM_KEY, CLAIM_STATE, CLAIM_CLAIMED_AT,
	CLAIM_EXPIRES_AT, CLAIM_REDEEMED_AT, CLAIM_DAY, CLAIM_BRANCH, CLAIM_STAFF, CLAIM_BILL, CLAIM_AMOUNT, CLAIM_VALUE,
	CLAIM_GIVEN, CLAIM_REFUNDED, CLAIM_TAKEN_BACK, CLAIM_ORIGIN, CLAIM_ORIGIN_ID, CLAIM_TRANSFERABLE, CLAIM_TEAM,
	CLAIM_BILL_ID
};

/* Columns of clientele.claim_step. */
enum
{
	STEP_POPULATION, STEP_CLAIM, STEP_STEP, STEP_REQUEST, STEP_AT, STEP_ACTOR, STEP_REDEEMED, STEP_AMOUNT, STEP_REASON,
	STEP_BILL, STEP_ANSWER, STEP_EVIDENCE
};

/* What is decided, not what is wrong. */
#define CLIENTELE_ERRCODE_NOT_ELIGIBLE MAKE_SQLSTATE('C', 'L', '0', '0', '1')
#define CLIENTELE_ERRCODE_SOLD_OUT MAKE_SQLSTATE('C', 'L', '0', '0', '2')
#define CLIENTELE_ERRCODE_CLAIM_OVER MAKE_SQLSTATE('C', 'L', '0', '0', '3')
#define CLIENTELE_ERRCODE_TEAM_INCOMPLETE MAKE_SQLSTATE('C', 'L', '0', '0', '4')
#define CLIENTELE_ERRCODE_OTHER_REQUEST MAKE_SQLSTATE('C', 'L', '0', '0', '5')

/* ---------- who asks: claim_request.c ---------- */

/* A request of an application, in whose name and when. */
typedef struct ClienteleRequest
{
	ClientelePopulation population;
	Oid			caller;
	const char *id;				/* the application's number of it; NULL: it is part of another */
	TimestampTz now;
	ClienteleOwnTable *steps;	/* where it is looked for and written down; NULL: nothing is */
} ClienteleRequest;

/* Who may neither act as the population's owner nor has INSERT on its view NAME_claim is refused. */
extern void clientele_request_begin(ClienteleRequest *request, Oid caller, const char *population, const char *id);

/* The same where a claim leads to the population; what may not be seen is not there. */
extern void clientele_request_begin_with_claim(ClienteleRequest *request, Oid caller, int64 claim_id, const char *id,
											   ClienteleOwnRow *claim);

/* For who has found the population, and the right, otherwise. */
extern void clientele_request_start(ClienteleRequest *request, Oid caller, const char *id);

extern void clientele_request_end(ClienteleRequest *request);

/* Locks the request; whether it has been answered before, and by which step. */
extern bool clientele_request_answered(const ClienteleRequest *request, ClienteleOwnRow *step);

/* Where requests are written down; and an error if one is elsewhere than in its own place.  After its lock. */
typedef enum ClienteleRequestPlace
{
	CLIENTELE_REQUEST_OF_CLAIM,
	CLIENTELE_REQUEST_OF_LEDGER,
	CLIENTELE_REQUEST_OF_MEMBERSHIP,
	CLIENTELE_REQUEST_OF_BATCH
} ClienteleRequestPlace;

extern void clientele_request_refuse_elsewhere(ClienteleRequestPlace own, int population_id, const char *id);

/* An error: the number has been used for something else. */
extern void clientele_request_refuse_other(const ClienteleRequest *request, const char *what_differs);

/* Compares what was asked with what is. */
extern void clientele_request_compare_verb(const ClienteleRequest *request, const ClienteleOwnRow *step, const char *verb);
extern void clientele_request_compare_claim(const ClienteleRequest *request, const ClienteleOwnRow *step, int64 claim_id);
extern void clientele_request_compare_bill(const ClienteleRequest *request, const ClienteleOwnRow *step, const Jsonb *bill);

/* Arguments that must not be NULL. */
extern char *clientele_text_argument(FunctionCallInfo fcinfo, int argument, const char *name);
extern int64 clientele_claim_argument(FunctionCallInfo fcinfo, int argument);

/* Writes a step; what is not filled in is NULL. */
typedef struct ClienteleStep
{
	int64		claim_id;
	const char *step;
	const bool *redeemed;
	const ClienteleDecimal *amount;
	const char *reason;
	Jsonb	   *bill;
	Jsonb	   *answer;
	Jsonb	   *evidence;
} ClienteleStep;

extern void clientele_step_write(const ClienteleRequest *request, const ClienteleStep *step);

/* ---------- rows: claim_row.c ---------- */

/* An error: what was there is not any more, because somebody has dropped the population. */
extern void clientele_refuse_gone(const char *what);

/* The claim of that number, as it is this moment; false if there is none. */
extern bool clientele_claim_get(ClienteleOwnTable *claims, int64 claim_id, ClienteleOwnRow *row);

/* Until the end of the transaction only we change it. */
extern void clientele_claim_lock(int population_id, int64 claim_id);
extern bool clientele_claim_try_lock(int population_id, int64 claim_id);

/* The same with its customer and its team before it; the row is read anew. */
extern void clientele_claim_lock_all(const ClienteleRequest *request, ClienteleOwnTable *claims, ClienteleOwnRow *claim);

/* What it says, whatever the clock says. */
extern bool clientele_claim_is(const ClienteleOwnRow *row, const char *state);

/* Held, and its time is not over. */
extern bool clientele_claim_is_held(const ClienteleOwnRow *row, TimestampTz now);

/* The number, or zero where it is NULL; and setting one. */
extern ClienteleDecimal clientele_claim_number(const ClienteleOwnRow *row, int column);
extern void clientele_claim_set(ClienteleOwnRow *row, int column, Datum value);
extern void clientele_claim_set_text(ClienteleOwnRow *row, int column, const char *text);
extern void clientele_claim_set_number(ClienteleOwnRow *row, int column, ClienteleDecimal number);
extern void clientele_claim_set_benefit(ClienteleOwnRow *row, const ClienteleBenefit *benefit, ClienteleBenefitKind kind);
extern void clientele_claim_set_bill(ClienteleOwnRow *row, Jsonb *document, const ClienteleBill *bill);

/* NULL where it is. */
extern char *clientele_claim_text(const ClienteleOwnRow *row, int column);
extern Jsonb *clientele_claim_json(const ClienteleOwnRow *row, int column);

/* Whether it was somebody else's when it was claimed. */
extern bool clientele_claim_was_transferred(int64 claim_id);

/* A new one, held, of this moment, which nobody has written yet; its day is that in the zone of its branch. */
extern void clientele_claim_make(ClienteleOwnRow *row, const ClienteleRequest *request, const char *key,
								 const ClienteleOffered *promotion, DateADT day, TimestampTz expires_at);

/* Until when a claim of this moment is held, as the promotion says. */
extern TimestampTz clientele_claim_term(const ClientelePromotion *promotion, TimestampTz now, pg_tz *zone);
extern TimestampTz clientele_claim_term_end(const ClientelePromotion *promotion, pg_tz *zone);

extern void clientele_claim_give_back_stock(const ClientelePopulation *population, const ClienteleOwnRow *claim,
											int claims, ClienteleDecimal value);

/* The promotion of that number, as it is; whoever takes or gives back of it has shared its lock. */
extern const ClienteleOffered *clientele_offered_number(const ClientelePopulation *population, int promotion_id);

/* ---------- why not: claim_reasons.c ---------- */

typedef struct ClienteleReasons
{
	List	   *words;			/* of const char * ... */
	List	   *sentences;		/* ... for each */
	int			errcode;		/* of the first */
} ClienteleReasons;

extern void clientele_reasons_add(ClienteleReasons *reasons, int errcode, ClienteleReason reason, const char *sentence);

/* What a ClienteleStockLack says; what is left of the customer's own limits; what the bill and the moment say. */
extern void clientele_reasons_add_lack(ClienteleReasons *reasons, uint32 lack, const char *promotion);
extern void clientele_reasons_add_limits(ClienteleReasons *reasons, const ClienteleOffered *promotion, int of_customer,
										 int of_period);
extern void clientele_reasons_add_benefit(ClienteleReasons *reasons, const ClientelePromotion *promotion,
										  const ClienteleBenefit *benefit);

/* ---------- what the bill has been given already: claim_bill.c ---------- */

/* Of the customer, held or redeemed for the bill. */
typedef struct ClienteleBillClaim
{
	int64		id;
	const char *name;			/* of its promotion ... */
	const ClientelePromotion *promotion;	/* ... as of the version that it was claimed by */
} ClienteleBillClaim;

typedef struct ClienteleBillClaims
{
	List	   *claims;			/* of ClienteleBillClaim * */
	ClienteleDecimal off;		/* what they reduce the bill by */
} ClienteleBillClaims;

/* After the customer's lock.  Without a bill that has a number there are none. */
extern void clientele_bill_claims_read(ClienteleBillClaims *claims, const ClientelePopulation *population, ClienteleOwnTable *table,
									   const char *key, const ClienteleBill *bill, TimestampTz now);

/* What the bill can still be reduced by. */
extern ClienteleDecimal clientele_bill_claims_room(const ClienteleBillClaims *claims, const ClienteleBill *bill);

/* What keeps a promotion from being had beside them; and no more than there is room for. */
extern void clientele_bill_claims_decide(const ClienteleBillClaims *claims, const ClienteleBill *bill, const ClienteleOffered *promotion,
										 ClienteleReasons *reasons, ClienteleBenefit *benefit);

/* ---------- what is asked: claim_decide.c ---------- */

/* What is known of the customer, the bill and the moment. */
typedef struct ClienteleAsked
{
	const ClienteleRequest *request;
	const char *key;
	ClienteleAudience *audience;
	Snapshot	snapshot;
	ClienteleOwnTable *claims;	/* looked at as of it */
	const ClienteleBill *bill;	/* NULL: none yet */
	ClienteleBillClaims bill_claims;	/* what it has been given already */
	pg_tz	   *zone;			/* of its branch */
	ClienteleMoment moment;
} ClienteleAsked;

/* Locks the customer, and looks. */
extern void clientele_asked_begin(ClienteleAsked *asked, const ClienteleRequest *request, Oid key_type, Datum key,
								  const char *key_text, const ClienteleBill *bill);
extern void clientele_asked_end(ClienteleAsked *asked);

/* An error if there is no such customer: cheap once his profile has been read. */
extern void clientele_asked_check_customer(const ClienteleAsked *asked);

/* All reasons why the customer may not claim it, limits that are shared aside; and what it gives on the bill. */
extern void clientele_decide_claim(const ClienteleAsked *asked, const ClienteleOffered *promotion,
								   ClienteleReasons *reasons, ClienteleBenefit *benefit);

/* The same in two halves, for who asks about many promotions at once: without limits; and the customer's own. */
extern void clientele_decide_offer(const ClienteleAsked *asked, const ClienteleOffered *promotion,
								   ClienteleReasons *reasons, ClienteleBenefit *benefit);
struct ClienteleStockLeft;

/* Bits of ClienteleStockLack: what there is too little of. */
extern uint32 clientele_decide_lack(const ClienteleAsked *asked, const ClienteleBenefit *benefit,
									const struct ClienteleStockLeft *left);

/*
 * The same by looking, before anything is taken: what else is against it where it is refused anyway, and whether there
 * is any money left where there is no bill that takes of it.
 */
extern void clientele_decide_untaken(const ClienteleAsked *asked, const ClienteleOffered *promotion, uint32 limits,
									 const ClienteleBenefit *benefit, ClienteleReasons *reasons);

/*
 * The same when what was claimed without a bill meets one, by the version of the claim.  Who asked for it himself
 * did so in the term; what he was given can only be used in it.
 */
extern void clientele_decide_redeem(const ClienteleAsked *asked, const ClienteleOffered *promotion, bool look_at_term,
									ClienteleReasons *reasons, ClienteleBenefit *benefit);

/* The values that decided; NULL: none of the customer's. */
extern Jsonb *clientele_decide_evidence(const ClienteleAsked *asked, const ClienteleOffered *promotion);

/* ---------- taking: claim.c ---------- */

/* What is wanted. */
typedef struct ClienteleWish
{
	Oid			key_type;
	Datum		key;
	char	   *key_text;		/* canonical */
	char	   *promotion;
	char	   *code;			/* by which it is claimed; NULL: by the promotion's name */
	Jsonb	   *document;
	ClienteleBill *bill;		/* the same, read; NULL: a coupon for later */
	bool		redeem;
	int64		team;			/* 0 = none */
	const char *policy;			/* claim_best: by which they are chosen; NULL: this one is asked for */
} ClienteleWish;

/* What has been decided. */
typedef struct ClienteleFound
{
	const ClienteleOffered *promotion;
	ClienteleBenefit benefit;
	TimestampTz expires_at;
	bool		completes_team;
	const ClienteleOwnRow *batch;	/* of the code that it is claimed by; NULL: by none */
} ClienteleFound;

struct ClienteleClaimAnswer;

extern void clientele_wish_key(ClienteleWish *wish, const ClientelePopulation *population, char *text);

/* An error unless the step was made for the same wish; a promotion that is NULL is not compared. */
extern void clientele_wish_compare(const ClienteleRequest *request, const ClienteleWish *wish, const ClienteleOwnRow *step);

/* Bits of ClienteleStockLack; the promotion is locked. */
extern uint32 clientele_claim_take_stock(const ClienteleAsked *asked, const ClienteleFound *found);
extern void clientele_claim_put_back_stock(const ClienteleAsked *asked, const ClienteleFound *found);

/* The rows, when everything has been taken; gives what is redeemed. */
extern void clientele_claim_write(const ClienteleAsked *asked, const ClienteleWish *wish, const ClienteleFound *found,
								  struct ClienteleClaimAnswer *answer);

/* ---------- the answer: claim_answer.c ---------- */

typedef struct ClienteleClaimAnswer
{
	int64		claim_id;		/* 0: refused, for these reasons: */
	int			promotion_id;	/* 0: none, or it was asked for by its name */
	const char *promotion;		/* its name; NULL: nobody has asked for it */
	ClienteleReasons reasons;
	const char *state;
	const ClientelePromotionBenefit *benefit;
	bool		has_given;		/* it has met a bill: */
	ClienteleDecimal amount;
	ClienteleDecimal value;
	ClienteleDecimal given;
	TimestampTz expires_at;
	bool		completes_team;
	const char *policy;			/* by which claim_best has chosen it; NULL: it was asked for */
} ClienteleClaimAnswer;

/* Members that are there where a claim has completed its team, and where it is one of claim_best. */
#define CLIENTELE_COMPLETES_TEAM "completes_team"
#define CLIENTELE_POLICY "policy"

extern void clientele_answer_of_claim(ClienteleClaimAnswer *answer, const ClienteleOwnRow *claim,
									  const ClientelePromotion *promotion);
extern Jsonb *clientele_answer_to_json(const ClienteleClaimAnswer *answer);

/* What was answered when a step was made; its claim leads to the rest. */
extern void clientele_answer_of_step(ClienteleClaimAnswer *answer, const ClienteleOwnRow *step);

/* So that an answer can tell of which promotion it is. */
extern void clientele_answer_name(ClienteleClaimAnswer *answer, const ClientelePopulation *population);

/* claim_id .. quantity, then expires_at, reasons, missing unless it was redeemed, and the promotion, if the result has a column for it. */
extern void clientele_answer_put(FunctionCallInfo fcinfo, const ClienteleClaimAnswer *answer);
extern Datum clientele_answer_row(FunctionCallInfo fcinfo, const ClienteleClaimAnswer *answer);
extern Datum clientele_answer_row_of_redeemed(FunctionCallInfo fcinfo, const ClienteleClaimAnswer *answer);

/* Raises the refusal. */
extern void clientele_answer_refuse(const ClienteleClaimAnswer *answer, const char *what);

/* A row of the function's result type, which the call site keeps. */
extern Datum clientele_row_of_call(FunctionCallInfo fcinfo, Datum *values, bool *nulls);

/* ---------- what is given when it is redeemed: claim_give.c ---------- */

/* Coupons come out of stock: reasons why there are none, or they are taken. */
extern void clientele_give_reserve(const ClienteleRequest *request, const ClientelePromotionBenefit *benefit,
								   ClienteleDecimal given, ClienteleReasons *reasons);
extern void clientele_give_unreserve(const ClienteleRequest *request, const ClientelePromotionBenefit *benefit,
									 ClienteleDecimal given);

/* To the customer of the claim, by the claim. */
extern void clientele_give(const ClienteleRequest *request, const ClienteleOwnRow *claim,
						   const ClientelePromotionBenefit *benefit, ClienteleDecimal given);

/* What of it is not used, and taking so much of that back. */
extern ClienteleDecimal clientele_given_left(const ClienteleOwnRow *claim, const ClientelePromotionBenefit *benefit);
extern void clientele_give_take_back(const ClienteleRequest *request, const ClienteleOwnRow *claim,
									 const ClientelePromotionBenefit *benefit, ClienteleDecimal amount);

/* ---------- buying together: claim_team.c ---------- */

/* Until the end of the transaction only we change who is in it. */
extern void clientele_team_lock(const ClienteleRequest *request, int64 team);

/* How many there are, and how many there must be; whether there once were so many, which is for good. */
extern int	clientele_team_count(int64 team, TimestampTz now);
extern int	clientele_team_size(int64 team);
extern bool clientele_team_is_complete(int64 team);

/* Reasons why the customer cannot join it, after its lock; else until when his claim is held. */
extern void clientele_team_join(const ClienteleAsked *asked, const ClienteleOffered *promotion, int64 team,
								ClienteleReasons *reasons, TimestampTz *expires_at, bool *is_complete);

/* All of it are held as long as a claim of this moment. */
extern void clientele_team_complete(const ClienteleRequest *request, int64 team, TimestampTz expires_at);

#endif							/* CLIENTELE_CLAIM_H */
