/*
 * scorecard_rows.h
 *		A scored card in words: how the score came about, and how to get further.
 *
 * For one row (reasons, next_tier of layer 1) and for a customer of a population
 * (explain, next_tier of layer 2).
 */
#ifndef CLIENTELE_SCORECARD_ROWS_H
#define CLIENTELE_SCORECARD_ROWS_H

#include "fmgr.h"

#include "scorecard/scorecard.h"

/* A card, what its expressions answer, and what clientele_scorecard_score made of it. */
typedef struct ClienteleScoredCard
{
	const ClienteleScorecard *card;
	ClienteleCardAnswers answers;
	ClienteleCardResult result;
} ClienteleScoredCard;

/* Stands in the place of a characteristic's number. */
#define CLIENTELE_CARD_INITIAL (-1)

/* What a characteristic, or the initial score, adds to a score; NULL = unknown, or none. */
typedef struct ClienteleCardReason
{
	int			characteristic;
	const char *item;
	const char *value;
	const char *condition;
	const ClienteleDecimal *points;
	const ClienteleDecimal *weight;
	const ClienteleDecimal *contribution;
	const char *reason;
} ClienteleCardReason;

/*
 * The reasons, in the card's order; there is room for one more than the card has
 * characteristics.  Returns their count.
 */
extern int	clientele_card_reasons(const ClienteleScoredCard *scored, ClienteleCardReason *reasons);

/* Adds the ways to the next tier to the result of next_tier() of a row: a row for each. */
extern void clientele_card_put_steps(FunctionCallInfo fcinfo, const ClienteleScoredCard *scored);

/* Why a step has no required value, or what is peculiar about it; NULL = nothing. */
extern const char *clientele_card_step_note(const ClienteleCardStep *step);

/* A score as it is shown, with both decimals. */
extern Datum clientele_score_datum(ClienteleDecimal score);

extern void clientele_refuse_score_overflow(void);

#endif							/* CLIENTELE_SCORECARD_ROWS_H */
