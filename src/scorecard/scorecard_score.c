/*
 * scorecard_score.c
 *		Points, score, tier, reason codes and the way to the next tier.
 *
 * All of it is exact.  A weighted score is a quotient; it is never rounded on
 * the way, since a quotient cut to 79.995 and then rounded would be 80.00 and
 * another tier where the true one is just below.
 */
#include "postgres.h"

#include "common/int.h"

#include "scorecard/scorecard.h"

/* Contributions are cut after so many decimals. */
#define CONTRIBUTION_DECIMALS 6

static ClienteleDecimal
decimal(int64 units, int scale)
{
	ClienteleDecimal result;

	result.u.units = units;
	result.scale = scale;
	return result;
}

/* value * 10^exponent, if it still fits. */
static bool
shift_left(int64 value, int exponent, int64 *result)
{
	*result = value;
	while (exponent-- > 0)
	{
		if (pg_mul_s64_overflow(*result, 10, result))
			return false;
	}
	return true;
}

/* Below: the same for numbers that are short, and stay so. */
static bool
short_quotient_floor(ClienteleDecimal dividend, ClienteleDecimal divisor, int places, ClienteleDecimal *result)
{
	int			exponent;
	int64		numerator;
	int64		denominator;

	if (dividend.scale == CLIENTELE_DECIMAL_IS_NUMERIC || divisor.scale == CLIENTELE_DECIMAL_IS_NUMERIC)
		return false;

	/* units / 10^scale over units / 10^scale, in units of 10^-places */
	exponent = places + divisor.scale - dividend.scale;
	if (!shift_left(dividend.u.units, Max(exponent, 0), &numerator) ||
		!shift_left(divisor.u.units, Max(-exponent, 0), &denominator))
		return false;
	*result = decimal(numerator / denominator, places);
	return true;
}

/* Whether number * divisor <= dividend.  Answers false on overflow. */
static bool
product_fits(ClienteleDecimal number, ClienteleDecimal divisor, ClienteleDecimal dividend, bool *fits)
{
	ClienteleDecimal product;

	if (!clientele_decimal_multiply(number, divisor, &product))
		return false;
	*fits = clientele_decimal_compare(product, dividend) <= 0;
	return true;
}

/*
 * The largest number with `places` decimals that is not above dividend /
 * divisor, which are >= 0 and > 0.  Division may round, so its answer is only a
 * first guess, which multiplication then proves or corrects.
 */
static bool
quotient_floor(ClienteleDecimal dividend, ClienteleDecimal divisor, int places, ClienteleDecimal *result)
{
	ClienteleDecimal unit = decimal(1, places);
	ClienteleDecimal next;
	bool		fits;

	if (short_quotient_floor(dividend, divisor, places, result))
		return true;
	if (!clientele_decimal_divide(dividend, divisor, result))
		return false;
	*result = clientele_decimal_round(*result, places);

	/* Down to the first that fits ... */
	while (product_fits(*result, divisor, dividend, &fits) && !fits)
	{
		if (!clientele_decimal_subtract(*result, unit, result))
			return false;
	}
	/* ... and up to the last. */
	for (;;)
	{
		if (!clientele_decimal_add(*result, unit, &next) ||
			!product_fits(next, divisor, dividend, &fits))
			return false;
		if (!fits)
			return true;
		*result = next;
	}
}

/*
 * Points of a weighted card are not negative; those of an additive card may be, where
 * half goes away from zero, as in SQL's round().
 */
bool
clientele_scorecard_round(const ClienteleScorecard *card, ClienteleDecimal points, ClienteleDecimal weight,
						  ClienteleDecimal *score)
{
	ClienteleDecimal half;

	if (!card->weighted)
	{
		*score = clientele_decimal_round(points, CLIENTELE_SCORE_DECIMALS);
		return true;
	}

	/* floor(points / weight + 0.005) */
	if (!clientele_decimal_multiply(weight, decimal(5, CLIENTELE_SCORE_DECIMALS + 1), &half) ||
		!clientele_decimal_add(points, half, &points))
		return false;
	return quotient_floor(points, weight, CLIENTELE_SCORE_DECIMALS, score);
}

/* The first range that ends above the value; the last one is open. */
static const ClienteleCardBin *
find_range(const ClienteleCardCharacteristic *characteristic, ClienteleDecimal value)
{
	const ClienteleCardBin *bin = characteristic->bins;

	while (bin->has_below && clientele_decimal_compare(value, bin->below) >= 0)
		bin++;
	return bin;
}

/* The bin that applies; NULL = none does, and `missing` is not given. */
static const ClienteleCardBin *
find_bin(const ClienteleCardCharacteristic *characteristic, const ClienteleCardAnswers *answers)
{
	ClienteleDecimal answer;

	if (characteristic->by_range)
	{
		if (!answers->number(answers->source, characteristic->value_rule, &answer))
			return characteristic->missing;
		return find_range(characteristic, answer);
	}

	/* A lone bin without a condition. */
	if (characteristic->bin_rule == CLIENTELE_CARD_NO_RULE)
		return characteristic->bins;
	if (!answers->number(answers->source, characteristic->bin_rule, &answer))
		return characteristic->missing;
	return &characteristic->bins[clientele_decimal_floor(answer).u.units];
}

/* The value of a number or an expression; false where it is unknown. */
static bool
find_amount(const ClienteleCardAmount *amount, int rule, const ClienteleCardAnswers *answers,
			ClienteleDecimal *result)
{
	if (amount->expression != NULL)
		return answers->number(answers->source, rule, result);
	*result = amount->number;
	return true;
}

/* A weight computed below zero is as good as none. */
static void
score_part(const ClienteleCardCharacteristic *characteristic, const ClienteleCardAnswers *answers,
		   ClienteleCardPart *part)
{
	part->points = part->weight = clientele_decimal_from_int64(0);
	part->bin = find_bin(characteristic, answers);
	part->known = part->bin != NULL &&
		find_amount(&part->bin->points, characteristic->points_rule, answers, &part->points) &&
		find_amount(&characteristic->weight, characteristic->weight_rule, answers, &part->weight) &&
		clientele_decimal_sign(part->weight) >= 0;
}

/* sum += weight * points */
static bool
add_product(ClienteleDecimal *sum, ClienteleDecimal weight, ClienteleDecimal points)
{
	ClienteleDecimal product;

	return clientele_decimal_multiply(weight, points, &product) &&
		clientele_decimal_add(*sum, product, sum);
}

static bool
sum_parts(const ClienteleScorecard *card, ClienteleCardResult *result)
{
	result->points = card->initial;
	result->weight = clientele_decimal_from_int64(0);
	for (int i = 0; i < card->ncharacteristics; i++)
	{
		const ClienteleCardPart *part = &result->parts[i];

		if (!add_product(&result->points, part->weight, part->points) ||
			!clientele_decimal_add(result->weight, part->weight, &result->weight))
			return false;
	}
	if (!card->weighted)
		result->weight = clientele_decimal_from_int64(1);
	return true;
}

static const ClienteleCardTier *
find_tier(const ClienteleScorecard *card, ClienteleDecimal score)
{
	for (int i = 0; i < card->ntiers; i++)
	{
		const ClienteleCardTier *tier = &card->tiers[i];

		if (!tier->has_at_least || clientele_decimal_compare(score, tier->at_least) >= 0)
			return tier;
	}
	return NULL;
}

void
clientele_scorecard_score(const ClienteleScorecard *card, const ClienteleCardAnswers *answers,
						  ClienteleCardResult *result)
{
	bool		known = true;

	result->known = false;
	result->overflow = false;
	result->tier = NULL;
	for (int i = 0; i < card->ncharacteristics; i++)
	{
		score_part(&card->characteristics[i], answers, &result->parts[i]);
		known &= result->parts[i].known;
	}
	if (!known)
		return;

	if (!sum_parts(card, result))
	{
		result->overflow = true;
		return;
	}
	/* All weights are computed, and all came to 0. */
	if (clientele_decimal_sign(result->weight) == 0)
		return;
	if (!clientele_scorecard_round(card, result->points, result->weight, &result->score))
	{
		result->overflow = true;
		return;
	}
	result->known = true;
	result->tier = find_tier(card, result->score);
}

/*
 * Shares of a quotient do not add up to it once they are rounded.  So it is the
 * running sum that is cut, and each part gets what its step adds.
 */
bool
clientele_scorecard_contributions(const ClienteleScorecard *card, const ClienteleCardResult *result,
								  ClienteleDecimal *contributions)
{
	ClienteleDecimal sum = clientele_decimal_from_int64(0);
	ClienteleDecimal before = clientele_decimal_from_int64(0);

	for (int i = 0; i < card->ncharacteristics; i++)
	{
		const ClienteleCardPart *part = &result->parts[i];
		ClienteleDecimal share;

		if (!card->weighted)
		{
			contributions[i] = part->points;
			continue;
		}
		if (!add_product(&sum, part->weight, part->points) ||
			!quotient_floor(sum, result->weight, CONTRIBUTION_DECIMALS, &share) ||
			!clientele_decimal_subtract(share, before, &contributions[i]))
			return false;
		before = share;
	}
	return true;
}

/* How far a part is on the bad side of its baseline, times its weight. */
static bool
part_distance(const ClienteleScorecard *card, int number, const ClienteleCardPart *part, ClienteleDecimal *result)
{
	const ClienteleCardCharacteristic *characteristic = &card->characteristics[number];
	ClienteleDecimal baseline = characteristic->has_baseline ? characteristic->baseline : card->baseline;

	if (!clientele_decimal_subtract(baseline, part->points, result) ||
		!clientele_decimal_multiply(*result, part->weight, result))
		return false;
	if (card->points_above)
		*result = clientele_decimal_negate(*result);
	return true;
}

/* A reason code, and the distances of all parts that share it. */
typedef struct RankedCode
{
	const char *code;
	int			position;		/* of the first characteristic that gave it */
	ClienteleDecimal distance;
} RankedCode;

/* Largest distance first, then the order of the card. */
static int
compare_ranked_codes(const void *a, const void *b)
{
	const RankedCode *one = a;
	const RankedCode *other = b;
	int			order = clientele_decimal_compare(other->distance, one->distance);

	return order != 0 ? order : one->position - other->position;
}

static RankedCode *
find_ranked_code(RankedCode *ranked, int *nranked, const char *code, int position)
{
	for (int i = 0; i < *nranked; i++)
	{
		if (strcmp(ranked[i].code, code) == 0)
			return &ranked[i];
	}
	ranked[*nranked].code = code;
	ranked[*nranked].position = position;
	ranked[*nranked].distance = clientele_decimal_from_int64(0);
	return &ranked[(*nranked)++];
}

int
clientele_scorecard_reason_codes(const ClienteleScorecard *card, const ClienteleCardResult *result,
								 const char **codes)
{
	RankedCode *ranked = palloc(card->ncharacteristics * sizeof(RankedCode));
	int			nranked = 0;
	int			ncodes = 0;

	for (int i = 0; i < card->ncharacteristics; i++)
	{
		const ClienteleCardPart *part = &result->parts[i];
		const char *own = part->bin->reason_code;
		RankedCode *code = find_ranked_code(ranked, &nranked, own ? own : card->characteristics[i].reason_code, i);
		ClienteleDecimal distance;

		if (!part_distance(card, i, part, &distance) ||
			!clientele_decimal_add(code->distance, distance, &code->distance))
			return -1;
	}

	qsort(ranked, nranked, sizeof(RankedCode), compare_ranked_codes);
	while (ncodes < nranked && clientele_decimal_sign(ranked[ncodes].distance) > 0)
	{
		codes[ncodes] = ranked[ncodes].code;
		ncodes++;
	}
	return ncodes;
}

const ClienteleCardTier *
clientele_scorecard_next_tier(const ClienteleScorecard *card, const ClienteleCardResult *result)
{
	if (!result->known)
		return NULL;
	for (int i = card->ntiers - 1; i >= 0; i--)
	{
		const ClienteleCardTier *tier = &card->tiers[i];

		if (tier->has_at_least && clientele_decimal_compare(tier->at_least, result->score) > 0)
			return tier;
	}
	return NULL;
}

/* The score if one part had other points; false on overflow. */
static bool
score_with_points(const ClienteleScorecard *card, const ClienteleCardResult *result, const ClienteleCardPart *part,
				  ClienteleDecimal points, ClienteleCardStep *step)
{
	ClienteleDecimal sum = result->points;

	return clientele_decimal_subtract(points, part->points, &step->points_needed) &&
		add_product(&sum, part->weight, step->points_needed) &&
		clientele_scorecard_round(card, sum, result->weight, &step->score);
}

/*
 * How far a value is from a range: up to its lower limit, which belongs to it,
 * or (<= 0) down to its upper one, which does not.
 */
static bool
distance_to_range(const ClienteleCardCharacteristic *characteristic, int bin, ClienteleDecimal value,
				  ClienteleDecimal *result)
{
	const ClienteleCardBin *bins = characteristic->bins;

	if (bin > 0 && clientele_decimal_compare(value, bins[bin - 1].below) < 0)
		return clientele_decimal_subtract(bins[bin - 1].below, value, result);
	return clientele_decimal_subtract(bins[bin].below, value, result);
}

/* Whether one step is a smaller change than another of the same characteristic. */
static bool
is_smaller_step(const ClienteleCardStep *step, const ClienteleCardStep *other)
{
	int			order;

	if (other->bin < 0)
		return true;
	if (step->has_change)
	{
		order = clientele_decimal_compare(clientele_decimal_absolute(step->change),
										  clientele_decimal_absolute(other->change));
		if (order != 0)
			return order < 0;
		/* Up is reached where down must be exceeded. */
		return clientele_decimal_sign(step->change) > clientele_decimal_sign(other->change);
	}
	return clientele_decimal_compare(step->points_needed, other->points_needed) < 0;
}

/* The smallest step by which one characteristic alone reaches a score. */
static bool
find_step(const ClienteleScorecard *card, const ClienteleCardResult *result, const ClienteleCardAnswers *answers,
		  int number, ClienteleDecimal target, ClienteleCardStep *best)
{
	const ClienteleCardCharacteristic *characteristic = &card->characteristics[number];
	const ClienteleCardPart *part = &result->parts[number];
	ClienteleDecimal value;
	bool		has_value = characteristic->by_range &&
		answers->number(answers->source, characteristic->value_rule, &value);
	bool		computed = false;

	memset(best, 0, sizeof(*best));
	best->characteristic = number;
	best->bin = -1;

	for (int bin = 0; bin < characteristic->nbins; bin++)
	{
		ClienteleCardStep step = *best;

		if (characteristic->bins[bin].points.expression != NULL)
		{
			computed = true;
			continue;
		}
		if (part->bin == &characteristic->bins[bin])
			continue;
		step.bin = bin;
		if (!score_with_points(card, result, part, characteristic->bins[bin].points.number, &step) ||
			clientele_decimal_compare(step.score, target) < 0)
			continue;
		step.has_change = has_value && distance_to_range(characteristic, bin, value, &step.change);
		step.obstacle = has_value ? CLIENTELE_CARD_NO_OBSTACLE :
			characteristic->by_range ? CLIENTELE_CARD_NO_VALUE : CLIENTELE_CARD_CONDITION;
		if (is_smaller_step(&step, best))
			*best = step;
	}

	if (best->bin < 0 && computed && clientele_decimal_sign(part->weight) > 0)
	{
		best->obstacle = CLIENTELE_CARD_COMPUTED;
		return true;
	}
	return best->bin >= 0;
}

/* Fewest points first, those without a bin last, then the order of the card. */
static int
compare_steps(const void *a, const void *b)
{
	const ClienteleCardStep *one = a;
	const ClienteleCardStep *other = b;
	int			order;

	if ((one->bin < 0) != (other->bin < 0))
		return one->bin < 0 ? 1 : -1;
	order = clientele_decimal_compare(one->points_needed, other->points_needed);
	return order != 0 ? order : one->characteristic - other->characteristic;
}

/* A customer without a score gets one once these are known. */
static int
list_unknown(const ClienteleScorecard *card, const ClienteleCardResult *result, ClienteleCardStep *steps)
{
	int			nsteps = 0;

	for (int i = 0; i < card->ncharacteristics; i++)
	{
		if (result->parts[i].known)
			continue;
		memset(&steps[nsteps], 0, sizeof(ClienteleCardStep));
		steps[nsteps].characteristic = i;
		steps[nsteps].bin = -1;
		steps[nsteps].obstacle = CLIENTELE_CARD_UNKNOWN;
		nsteps++;
	}
	return nsteps;
}

int
clientele_scorecard_steps(const ClienteleScorecard *card, const ClienteleCardResult *result,
						  const ClienteleCardAnswers *answers, ClienteleCardStep *steps)
{
	const ClienteleCardTier *next = clientele_scorecard_next_tier(card, result);
	int			nsteps = 0;

	if (!result->known)
		return list_unknown(card, result, steps);
	if (next == NULL)
		return 0;
	for (int i = 0; i < card->ncharacteristics; i++)
	{
		if (find_step(card, result, answers, i, next->at_least, &steps[nsteps]))
			nsteps++;
	}
	qsort(steps, nsteps, sizeof(ClienteleCardStep), compare_steps);
	return nsteps;
}

char *
clientele_scorecard_bin_text(const ClienteleCardCharacteristic *characteristic, const ClienteleCardBin *bin)
{
	int			number = bin - characteristic->bins;

	if (bin == characteristic->missing)
		return pstrdup("missing");
	if (bin->when != NULL)
		return pstrdup(bin->when);
	if (!characteristic->by_range)
		return pstrdup("otherwise");
	return clientele_range_to_string(number == 0 ? NULL : &characteristic->bins[number - 1].below,
									 bin->has_below ? &bin->below : NULL);
}
