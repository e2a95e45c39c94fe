/*
 * promotion.h
 *		A promotion as one value, SQL type promotion; and what it gives on a bill.
 *
 * Everything here is a pure function of its arguments: no table is read, nothing is
 * taken.  Who may have a promotion, and how much of it is left, is asked elsewhere.
 *
 *	{"term": {"from": "2026-07-01", "to": "2026-07-31", "days": [6, 7],
 *			  "hours": {"from": "10:00", "to": "21:00"}},
 *	 "branches": "all" or ["1", "3"],
 *	 "audience": "member = 'A'", "audience_at": "term start", "bill" or "bill including it", "personal": true,
 *	 "bill": "channel = 'store' and amount > 100",
 *	 "spend": {"at_least": 50000, "measure": "bill" or the name of a metric},
 *	 "benefit": {"kind": "amount off", "amount": 5000, "applies_to": "category = 'skin'"},
 *	 "rounding": {"decimals": 2, "mode": "half up" or "half even"},
 *	 "stock": {"total": 500, "per_branch": 100, "per_day": 50, "per_customer": 1,
 *			   "per_period": {"claims": 1, "period": "month"}},
 *	 "budget": 1000000, "priority": 10, "exclusive_group": "july", "stacks": true,
 *	 "claim_term": {"minutes": 30}, "after_refund": "recompute", "proportional" or "none",
 *	 "needs": {"joiners": 3, "within": {"hours": 24}}}
 */
#ifndef CLIENTELE_PROMOTION_H
#define CLIENTELE_PROMOTION_H

#include "postgres.h"

#include "pgtime.h"
#include "utils/date.h"

#include "base/money.h"
#include "base/rule_text.h"
#include "expression/expression_tree.h"
#include "promotion/bill.h"
#include "promotion/reason.h"

typedef enum ClienteleBenefitKind
{
	CLIENTELE_AMOUNT_OFF,
	CLIENTELE_PERCENT_OFF,
	CLIENTELE_FIXED_PRICE,
	CLIENTELE_SPEND_AND_REDUCE,
	CLIENTELE_GIFT,
	CLIENTELE_COUPON,
	CLIENTELE_STORED_VALUE,
	CLIENTELE_POINTS
} ClienteleBenefitKind;

/* The words for them, by ClienteleBenefitKind. */
#define CLIENTELE_BENEFIT_KINDS 8
extern const char *const clientele_benefit_kinds[CLIENTELE_BENEFIT_KINDS];

/* At which instant the audience is looked at. */
typedef enum ClienteleAudienceAt
{
	CLIENTELE_AT_TERM_START,	/* a frozen list */
	CLIENTELE_AT_BILL,			/* before this bill */
	CLIENTELE_AT_BILL_INCLUDED
} ClienteleAudienceAt;

#define CLIENTELE_AUDIENCE_TIMES 3
extern const char *const clientele_audience_times[CLIENTELE_AUDIENCE_TIMES];

/* What of a benefit is taken back when its bill is refunded. */
typedef enum ClienteleAfterRefund
{
	CLIENTELE_RECOMPUTE,		/* what it would not have given on what is left */
	CLIENTELE_PROPORTIONAL,		/* the refunded share */
	CLIENTELE_KEEP				/* nothing: "none" */
} ClienteleAfterRefund;

#define CLIENTELE_REFUND_RULES 3
extern const char *const clientele_refund_rules[CLIENTELE_REFUND_RULES];

/* The calendar periods of a limit: a ClienteleUnit from CLIENTELE_DAYS on. */
#define CLIENTELE_LIMIT_PERIODS 4
extern const char *const clientele_limit_periods[CLIENTELE_LIMIT_PERIODS];

#define CLIENTELE_ALL_DAYS 0x7F
#define CLIENTELE_MINUTES_PER_DAY 1440

/* Of rounding, where a promotion says nothing of it. */
#define CLIENTELE_DEFAULT_DECIMALS 2

typedef struct ClientelePromotionTerm
{
	DateADT		from;			/* local days, both included */
	DateADT		to;				/* DATEVAL_NOEND: without end */
	uint8		days;			/* bit weekday - 1, ISO */
	int			minutes_from;	/* of the local day, the end excluded; 0 and 1440: */
	int			minutes_to;		/* all day */
} ClientelePromotionTerm;

typedef struct ClientelePromotionStep
{
	ClienteleDecimal at_least;	/* > 0 */
	ClienteleDecimal off;		/* > 0, and not above at_least */
} ClientelePromotionStep;

typedef struct ClientelePromotionBenefit
{
	ClienteleBenefitKind kind;
	const char *applies_to;		/* expression over a line; NULL = the whole bill */
	ClienteleDecimal amount;	/* AMOUNT_OFF, STORED_VALUE: the money; FIXED_PRICE:
								 * of one unit; GIFT: what a piece is worth */
	ClienteleDecimal percent;	/* PERCENT_OFF: above 0, up to 100 */
	bool		has_at_most;	/* PERCENT_OFF */
	ClienteleDecimal at_most;
	int			nsteps;			/* SPEND_AND_REDUCE: both of a step ascend */
	ClientelePromotionStep *steps;
	bool		repeat;			/* SPEND_AND_REDUCE: the one step, for each multiple */
	const char *item;			/* FIXED_PRICE, GIFT */
	const char *coupon;			/* COUPON: name of the promotion that it is for */
	int			quantity;		/* GIFT, COUPON: pieces */
	int			valid_days;		/* what stays with the customer; 0 = for good, a COUPON as
								 * long as that promotion runs */
	int64		points;			/* POINTS */
	bool		has_per;		/* POINTS: for each full `per` */
	ClienteleDecimal per;
} ClientelePromotionBenefit;

/* Limits in claims; CLIENTELE_NO_LIMIT where there is none. */
#define CLIENTELE_NO_LIMIT PG_INT32_MAX

typedef struct ClientelePromotionStock
{
	int			total;
	int			per_branch;
	int			per_day;		/* of the local day, in all branches together */
	int			per_customer;
	int			per_period;		/* of one customer ... */
	ClienteleUnit period;		/* ... in a calendar period: CLIENTELE_DAYS .. YEARS */
} ClientelePromotionStock;

typedef struct ClientelePromotion
{
	ClientelePromotionTerm term;
	int			nbranches;		/* 0 = all, also those to come */
	const char **branches;		/* ascending */
	const char *audience;		/* expression over the profile; NULL = everybody */
	ClienteleAudienceAt audience_at;
	bool		personal;		/* an automated decision about a person */
	const char *bill;			/* expression over the bill; NULL = any */
	bool		has_spend;
	ClienteleDecimal at_least;	/* > 0 */
	const char *measure;		/* name of a metric; NULL = the bill's amount */
	ClientelePromotionBenefit benefit;
	ClienteleRounding rounding;
	ClientelePromotionStock stock;
	bool		has_budget;
	ClienteleDecimal budget;	/* > 0 */
	int			priority;		/* the larger comes first */
	const char *exclusive_group;	/* NULL = none */
	bool		stacks;			/* false: alone on its bill */
	int			claim_minutes;	/* 0: a claim is held until the term's end */
	ClienteleAfterRefund after_refund;
	int			joiners;		/* group buy; 0 = none */
	int			within_hours;	/* for them to come together */
} ClientelePromotion;

extern const ClienteleRuleTextType clientele_promotion_type;

/*
 * Reads and checks the text of a promotion.  Expressions over the bill and its lines
 * may only name what a bill has; those over the profile are checked where there is one.
 */
extern ClientelePromotion *clientele_promotion_parse(const char *text, struct Node *escontext);
extern char *clientele_promotion_print(const ClientelePromotion *promotion);

/* ---------- compiled: promotion_bind.c ---------- */

typedef struct ClientelePromotionRules ClientelePromotionRules;

/* Everything that is needed to ask it, in the memory context current at its making. */
typedef struct ClienteleBoundPromotion
{
	ClientelePromotion *promotion;
	ClientelePromotionRules *rules; /* promotion_bind.c's own */
} ClienteleBoundPromotion;

/*
 * Of a stored value.  An expression of the wrong type is an error, so that whoever keeps
 * a promotion for use binds it once before.
 */
extern ClienteleBoundPromotion *clientele_promotion_bind(Datum value);

/*
 * The parts of the condition on the bill that do not hold, as text; a part is what
 * stands between the outermost ANDs.  Returns how many there are.
 */
extern int	clientele_promotion_unmet(const ClienteleBoundPromotion *bound, const ClienteleBill *bill,
									  const char ***unmet);

/* To which lines the benefit applies; NULL = to all. */
extern bool *clientele_promotion_lines(const ClienteleBoundPromotion *bound, const ClienteleBill *bill);

/* Whether anything but the bill's amount, branch, channel or staff is looked at. */
extern bool clientele_promotion_sees_lines(const ClienteleBoundPromotion *bound);

/* ---------- what it gives: benefit.c ---------- */

/* The instant as the branch's wall clock has it. */
typedef struct ClienteleMoment
{
	DateADT		day;
	int			minute;			/* of the day */
} ClienteleMoment;

typedef struct ClienteleBenefit
{
	bool		eligible;		/* as far as bill and moment decide */
	uint32		reasons;		/* why not: a bit for each ClienteleReason of
								 * the bill */
	ClienteleDecimal amount;	/* what the bill is reduced by */
	ClienteleDecimal value;		/* what it is worth in money: amount, the gift, the stored
								 * value; 0 for points and coupons */
	ClienteleDecimal given;		/* in its own unit: money, points or pieces */
	bool		has_more;		/* there is a threshold ahead: */
	ClienteleDecimal spend_more;	/* so much more would reach it ... */
	bool		has_then;
	ClienteleDecimal given_then;	/* ... and then this would be given */
	int			nunmet;			/* REASON_BILL: the parts that do not hold */
	const char **unmet;
} ClienteleBenefit;

extern ClienteleMoment clientele_moment(TimestampTz at, pg_tz *zone);
extern ClienteleMoment clientele_moment_of_local(Timestamp local);

/* The reasons by the term alone; 0 = in it. */
extern uint32 clientele_promotion_outside(const ClientelePromotion *promotion, ClienteleMoment moment);

/*
 * What it gives on a bill.  `spent` is what the metric of "measure" says; NULL = not
 * known.  Without eligibility the amounts are 0.  What it allocates goes to the current
 * memory context.
 */
extern void clientele_promotion_benefit(const ClienteleBoundPromotion *bound, const ClienteleBill *bill,
										ClienteleMoment moment, const ClienteleDecimal *spent,
										ClienteleBenefit *benefit);

/* The same without term and branch: what it would give if these were met. */
extern void clientele_promotion_benefit_anytime(const ClienteleBoundPromotion *bound, const ClienteleBill *bill,
												const ClienteleDecimal *spent, ClienteleBenefit *benefit);

/* The same where the bill has room for no more than so much: what reduces it is less then, or is not to be had. */
extern void clientele_benefit_limit(ClienteleBenefit *benefit, ClienteleDecimal room);

/* What each line counts when a benefit is divided among them; 0 = it is not meant. */
extern void clientele_promotion_weights(const ClienteleBoundPromotion *bound, const ClienteleBill *bill,
										ClienteleDecimal *weights);

/* All reasons, each with a sentence, at most CLIENTELE_REASONS_OF_BILL and ->nunmet; returns how many. */
extern int	clientele_benefit_reasons(const ClientelePromotion *promotion, const ClienteleBenefit *benefit,
									  ClienteleReason *why, char **sentences);

/* Whether it reduces a bill, and whether what it gives is money. */
extern bool clientele_reduces_bill(ClienteleBenefitKind kind);
extern bool clientele_gives_money(ClienteleBenefitKind kind);

/* ---------- several on one bill: promotion_combine.c ---------- */

typedef enum ClienteleOfferPolicy
{
	CLIENTELE_BEST_FOR_CUSTOMER,
	CLIENTELE_PRIORITY_ORDER,
	CLIENTELE_FIRST
} ClienteleOfferPolicy;

#define CLIENTELE_OFFER_POLICIES 3
extern const char *const clientele_offer_policies[CLIENTELE_OFFER_POLICIES];

/* Whether the two are not had on one bill: one of them stands alone, or both are of one exclusive group. */
extern bool clientele_promotions_exclude(const ClientelePromotion *a, const ClientelePromotion *b);

/* Among more than so many, the best is found among those that are worth most. */
#define CLIENTELE_EXACT_OFFERS 20

/* A promotion that is to be had on this bill. */
typedef struct ClienteleOffer
{
	const ClientelePromotion *promotion;
	int			position;		/* among equal priorities; no two are equal */
	ClienteleBenefit benefit;	/* of it alone */
	bool		chosen;			/* the answer ... */
	ClienteleDecimal amount;	/* ... and what of benefit.amount the bill has room for */
} ClienteleOffer;

/*
 * Chooses among offers, which are sorted into the order in which they apply: the
 * larger priority first, then the smaller position.
 */
extern void clientele_offers_choose(ClienteleOffer *offers, int noffers, ClienteleDecimal bill_amount,
									ClienteleOfferPolicy policy);

/* ---------- afterwards: promotion_refund.c ---------- */

typedef struct ClienteleRefund
{
	ClienteleDecimal refunded;	/* money of the bill */
	ClienteleDecimal taken_back;	/* in the benefit's own unit, of what was given: */
	ClienteleDecimal from_balance;	/* what is not used yet ... */
	ClienteleDecimal from_refund;	/* ... money kept from what is paid out ... */
	ClienteleDecimal uncovered; /* ... and what neither covers */
} ClienteleRefund;

/*
 * What is taken back, in total, once `refunded` in total has been refunded.  `kept` is
 * the bill without the refunded part, or NULL where its amount says enough; `refunded`
 * may be NULL where it is given.  `used` is what of `given` has been spent.
 */
extern void clientele_promotion_refund(const ClienteleBoundPromotion *bound, const ClienteleBill *bill,
									   ClienteleDecimal given, const ClienteleDecimal *refunded,
									   const ClienteleBill *kept, ClienteleDecimal used,
									   const ClienteleDecimal *spent, ClienteleRefund *refund);

#endif							/* CLIENTELE_PROMOTION_H */
