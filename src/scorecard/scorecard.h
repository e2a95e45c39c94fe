/*
 * scorecard.h
 *		Scorecards: a customer's values become points, points a score, the score
 *		a tier.
 *
 * Terms are those of PMML's Scorecard element: a card has characteristics; each
 * has bins (PMML: attributes), of which one applies to a customer and awards
 * its points (partial score); a reason code names why points were lost against
 * a baseline.
 *
 *		text --parse--> ClienteleScorecard --print--> canonical text
 *					 |
 *					 +--rules--> expressions, bound by the caller
 *					 |
 *		answers -----+--score--> ClienteleCardResult
 *
 * Where a number is the same for all customers -- a limit, the points of a weighted card --
 * a formula over parameters may stand for it.  A card that has some is resolved before it
 * is asked for rules or scored: then each is a number.
 *
 * Nothing here knows what a row is.  Scoring asks its caller for the value of
 * expression number n, so a row, a jsonb object and a population's registers
 * are scored by the same code.
 */
#ifndef CLIENTELE_SCORECARD_H
#define CLIENTELE_SCORECARD_H

#include "base/decimal.h"
#include "base/json_read.h"
#include "base/rule_text.h"
#include "expression/expression_tree.h"
#include "expression/formula.h"
#include "expression/row_rules.h"

/* Scores are rounded to this many decimals before they meet a tier. */
#define CLIENTELE_SCORE_DECIMALS 2

/* Stands in the place of a rule's number where there is no expression. */
#define CLIENTELE_CARD_NO_RULE (-1)

/* A number, or an expression that computes it for each customer. */
typedef struct ClienteleCardAmount
{
	const char *expression;		/* canonical text; NULL = it is ->number */
	ClienteleDecimal number;
} ClienteleCardAmount;

/* What one range or condition of a characteristic awards. */
typedef struct ClienteleCardBin
{
	bool		has_below;		/* a range: from the bin before it ... */
	ClienteleDecimal below;		/* ... up to here, exclusive */
	const char *below_formula;	/* in place of the number, or NULL */
	const char *when;			/* a condition; NULL = none */
	ClienteleCardAmount points;
	const char *reason;			/* free text for people; NULL = none */
	const char *reason_code;	/* NULL = the characteristic's */
} ClienteleCardBin;

/*
 * One characteristic.  Its bins are either ranges of its value in ascending
 * order, the last one open, or conditions of which the first that holds counts
 * (the last may have none: otherwise).
 */
typedef struct ClienteleCardCharacteristic
{
	const char *name;			/* unique within the card */
	ClienteleCardAmount weight; /* weighted cards only */
	const char *value;			/* canonical expression; NULL only where the
								 * bins are conditions, which can do without */
	bool		by_range;
	int			nbins;
	ClienteleCardBin *bins;
	ClienteleCardBin *missing;	/* what applies when no bin does; NULL = the
								 * customer then has no score at all */
	const char *reason_code;	/* of bins that have none of their own */
	bool		has_baseline;	/* else the card's baseline counts */
	ClienteleDecimal baseline;

	/* Numbers among the card's rules, or CLIENTELE_CARD_NO_RULE. */
	int			weight_rule;
	int			value_rule;
	int			bin_rule;		/* number of the bin that applies, where bins
								 * are conditions */
	int			points_rule;	/* its points, where any are an expression */
} ClienteleCardCharacteristic;

/* A name for the scores from at_least up to the next tier. */
typedef struct ClienteleCardTier
{
	const char *label;			/* unique within the card */
	bool		has_at_least;	/* false: it takes every score below the others */
	ClienteleDecimal at_least;	/* inclusive, at most two decimals */
	const char *at_least_formula;	/* in place of the number, or NULL */
} ClienteleCardTier;

typedef struct ClienteleScorecard
{
	bool		weighted;		/* else additive */
	ClienteleDecimal initial;	/* additive cards start from here */
	const char *initial_formula;	/* in place of the number, or NULL */
	bool		has_baseline;
	ClienteleDecimal baseline;	/* of characteristics without their own */
	bool		points_above;	/* reasons are points above, not below it */
	bool		has_reason_codes;
	int			ncharacteristics;
	ClienteleCardCharacteristic *characteristics;
	int			ntiers;
	ClienteleCardTier *tiers;	/* highest first, the one without at_least last;
								 * where there are formulas, as written */
	int			nrules;			/* how many expressions it consists of */
} ClienteleScorecard;

/*
 * Reads and checks the JSON text of a card.  With an ErrorSaveContext a mistake
 * gives NULL and a filled context (from 16), otherwise it is thrown.
 */
extern ClienteleScorecard *clientele_scorecard_parse(const char *text, struct Node *escontext);

/* The same from JSON that is a part of another text, at the place `place`. */
extern ClienteleScorecard *clientele_scorecard_read(const ClienteleJsonReader *json, const ClienteleJsonPlace *place,
													const ClienteleJson *value);

/*
 * The formulas of a card, of which there are *nformulas; weights and points among them
 * only if they are nothing but arithmetic.
 */
extern const char **clientele_scorecard_formulas(const ClienteleScorecard *card, int *nformulas);

/*
 * The card with numbers in the place of formulas, or the card itself if it has none.  Weights
 * and points of additive cards that name other things than parameters stay as they are.  An
 * error where a name is unknown or the numbers do not fit together; it calls the card `title`.
 */
extern const ClienteleScorecard *clientele_scorecard_resolve(const ClienteleScorecard *card,
															 const ClienteleParameters *parameters, const char *title);

/* The card's canonical text; it parses back to the same card. */
extern char *clientele_scorecard_print(const ClienteleScorecard *card);

/* The stored form's name and version. */
extern const ClienteleRuleTextType clientele_scorecard_type;

/*
 * Numbers a card's expressions: fills every ..._rule and nrules.  Parsing does
 * it; who changes a card's expressions does it again.
 */
extern void clientele_scorecard_number_rules(ClienteleScorecard *card);

/*
 * The expressions to evaluate, card->nrules of them, in the order of their
 * numbers.  Those for conditions and for points are made up of a
 * characteristic's bins, as one CASE each: it stops where a bin applies, so
 * that neither the conditions nor the points of bins after it are evaluated,
 * which might divide by zero.
 */
extern ClienteleRule *clientele_scorecard_rules(const ClienteleScorecard *card);

/*
 * The expressions as the author wrote them, each with its place.  Who binds
 * these first reports mistakes where they are.
 */
extern ClienteleRule *clientele_scorecard_written_rules(const ClienteleScorecard *card, int *nrules);

/* Where scoring gets the value of an expression from. */
typedef struct ClienteleCardAnswers
{
	/* False where the value is unknown. */
	bool		(*number) (void *source, int rule, ClienteleDecimal *result);

	/* A value of any type, as text; NULL where it is unknown. */
	char	   *(*string) (void *source, int rule);
	void	   *source;
} ClienteleCardAnswers;

/* What a characteristic came to for one customer. */
typedef struct ClienteleCardPart
{
	const ClienteleCardBin *bin;	/* the bin that applies, perhaps ->missing;
									 * NULL = none */
	bool		known;			/* points, and weight if any, are known */
	ClienteleDecimal points;
	ClienteleDecimal weight;	/* 1 on additive cards */
} ClienteleCardPart;

typedef struct ClienteleCardResult
{
	ClienteleCardPart *parts;	/* one per characteristic, by the caller */
	bool		known;			/* every part is known, and so is the score */
	bool		overflow;		/* it is not, as a number grew too large */
	ClienteleDecimal points;	/* sum of weight * points, and the initial score */
	ClienteleDecimal weight;	/* sum of weights; 1 on additive cards */
	ClienteleDecimal score;		/* points / weight, rounded */
	const ClienteleCardTier *tier;	/* NULL = below the lowest, or no tiers */
} ClienteleCardResult;

/* Scores one customer.  result->parts has room for every characteristic. */
extern void clientele_scorecard_score(const ClienteleScorecard *card, const ClienteleCardAnswers *answers,
									  ClienteleCardResult *result);

/* The score of so many points: points / weight, rounded half up.  False if a number grew too large. */
extern bool clientele_scorecard_round(const ClienteleScorecard *card, ClienteleDecimal points, ClienteleDecimal weight,
									  ClienteleDecimal *score);

/*
 * What each characteristic contributes to a known score, to six decimals.
 * Whatever the weights, the contributions (and the initial score) add up to the
 * score before rounding, cut after six decimals.  False if a number grew too
 * large.
 */
extern bool clientele_scorecard_contributions(const ClienteleScorecard *card, const ClienteleCardResult *result,
											  ClienteleDecimal *contributions);

/*
 * The reason codes of a known score, the weightiest first; returns their count,
 * or -1 if a number grew too large.
 */
extern int	clientele_scorecard_reason_codes(const ClienteleScorecard *card, const ClienteleCardResult *result,
											 const char **codes);

/* Why a step has no required value. */
typedef enum ClienteleCardObstacle
{
	CLIENTELE_CARD_NO_OBSTACLE,
	CLIENTELE_CARD_UNKNOWN,		/* the characteristic has no points yet, so the
								 * customer has no score */
	CLIENTELE_CARD_CONDITION,	/* the bin is a condition, not a range */
	CLIENTELE_CARD_COMPUTED,	/* the points are an expression */
	CLIENTELE_CARD_NO_VALUE		/* the value is missing now */
} ClienteleCardObstacle;

/* A way to the next tier by changing one characteristic alone. */
typedef struct ClienteleCardStep
{
	int			characteristic;
	int			bin;			/* to be reached; -1 where none can be named */
	ClienteleCardObstacle obstacle;
	bool		has_change;		/* how far the value is from that bin; a */
	ClienteleDecimal change;	/* negative change must be exceeded */
	ClienteleDecimal points_needed; /* more than now; if bin >= 0 */
	ClienteleDecimal score;		/* what the score would be; if bin >= 0 */
} ClienteleCardStep;

/* The tier above the result's, or NULL where there is none. */
extern const ClienteleCardTier *clientele_scorecard_next_tier(const ClienteleScorecard *card,
															  const ClienteleCardResult *result);

/*
 * The steps that lead to it, fewest points first; steps has room for every
 * characteristic.  Returns their count.
 */
extern int	clientele_scorecard_steps(const ClienteleScorecard *card, const ClienteleCardResult *result,
									  const ClienteleCardAnswers *answers, ClienteleCardStep *steps);

/* A bin's range or condition in words, such as ">= 10 and < 20". */
extern char *clientele_scorecard_bin_text(const ClienteleCardCharacteristic *characteristic,
										  const ClienteleCardBin *bin);

#endif							/* CLIENTELE_SCORECARD_H */
