/*
 * benefit.c
 *		What a promotion gives on a bill, and what is missing.
 *
 * Every condition is asked, so that all that is missing can be told at once.  A
 * promotion that would reduce nothing is not to be had: taking it would only use it up.
 */
#include "postgres.h"

#include "utils/datetime.h"

#include "base/local_time.h"
#include "promotion/promotion.h"

#define BIT(reason) (1u << CLIENTELE_REASON_##reason)

bool
clientele_reduces_bill(ClienteleBenefitKind kind)
{
	return kind == CLIENTELE_AMOUNT_OFF || kind == CLIENTELE_PERCENT_OFF || kind == CLIENTELE_FIXED_PRICE ||
		kind == CLIENTELE_SPEND_AND_REDUCE;
}

bool
clientele_gives_money(ClienteleBenefitKind kind)
{
	return clientele_reduces_bill(kind) || kind == CLIENTELE_STORED_VALUE;
}

/* ---------- when and where ---------- */

static ClienteleMoment
moment_of_fields(const struct pg_tm *fields)
{
	ClienteleMoment moment;

	moment.day = date2j(fields->tm_year, fields->tm_mon, fields->tm_mday) - POSTGRES_EPOCH_JDATE;
	moment.minute = fields->tm_hour * MINS_PER_HOUR + fields->tm_min;
	return moment;
}

static void
refuse_instant(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
			 errmsg("the instant of a bill is out of range")));
}

ClienteleMoment
clientele_moment(TimestampTz at, pg_tz *zone)
{
	struct pg_tm fields;
	fsec_t		fraction;
	int			offset;

	if (TIMESTAMP_NOT_FINITE(at) || timestamp2tm(at, &offset, &fields, &fraction, NULL, zone) != 0)
		refuse_instant();
	return moment_of_fields(&fields);
}

ClienteleMoment
clientele_moment_of_local(Timestamp local)
{
	struct pg_tm fields;
	fsec_t		fraction;

	if (TIMESTAMP_NOT_FINITE(local) || timestamp2tm(local, NULL, &fields, &fraction, NULL, NULL) != 0)
		refuse_instant();
	return moment_of_fields(&fields);
}

uint32
clientele_promotion_outside(const ClientelePromotion *promotion, ClienteleMoment moment)
{
	const ClientelePromotionTerm *term = &promotion->term;
	uint32		reasons = 0;

	if (moment.day < term->from)
		reasons |= BIT(EARLY);
	if (moment.day > term->to)
		reasons |= BIT(LATE);
	if (!(term->days & (1 << (clientele_weekday_of(moment.day) - 1))))
		reasons |= BIT(DAY);
	if (moment.minute < term->minutes_from || moment.minute >= term->minutes_to)
		reasons |= BIT(HOUR);
	return reasons;
}

static bool
text_is(const text *value, const char *word)
{
	size_t		length = VARSIZE_ANY_EXHDR(value);

	return strlen(word) == length && memcmp(VARDATA_ANY(value), word, length) == 0;
}

static bool
in_branches(const ClientelePromotion *promotion, const text *branch)
{
	if (promotion->nbranches == 0)
		return true;
	for (int i = 0; i < promotion->nbranches && branch != NULL; i++)
	{
		if (text_is(branch, promotion->branches[i]))
			return true;
	}
	return false;
}

/* ---------- how much ---------- */

/* The lines that a benefit applies to. */
typedef struct Base
{
	const ClienteleBill *bill;
	const bool *applies;		/* NULL = all */
	bool		empty;			/* no line, though lines are asked for */
	ClienteleDecimal amount;	/* of these lines */
} Base;

static bool
line_counts(const Base *base, const ClientelePromotionBenefit *benefit, int line)
{
	if (base->applies != NULL && !base->applies[line])
		return false;
	return benefit->kind != CLIENTELE_FIXED_PRICE || text_is(base->bill->lines[line].item, benefit->item);
}

static void
find_base(const ClienteleBoundPromotion *bound, const ClienteleBill *bill, Base *base)
{
	const ClientelePromotionBenefit *benefit = &bound->promotion->benefit;

	base->bill = bill;
	base->applies = clientele_promotion_lines(bound, bill);
	base->empty = false;
	base->amount = bill->amount;
	if (base->applies == NULL && benefit->kind != CLIENTELE_FIXED_PRICE)
		return;
	base->empty = true;
	base->amount = CLIENTELE_ZERO;
	for (int i = 0; i < bill->nlines; i++)
	{
		if (!line_counts(base, benefit, i))
			continue;
		base->empty = false;
		base->amount = clientele_money_add(base->amount, bill->lines[i].amount);
	}
}

static ClienteleDecimal
percent_off(const ClientelePromotion *promotion, ClienteleDecimal amount)
{
	const ClienteleDecimal hundredth = {{1}, 2};
	ClienteleDecimal off = clientele_money_multiply(clientele_money_multiply(amount, promotion->benefit.percent),
													hundredth);

	off = clientele_money_round(off, promotion->rounding);
	return promotion->benefit.has_at_most ? clientele_money_least(off, promotion->benefit.at_most) : off;
}

/* Above the fixed price; a line that is cheaper already stays so. */
static ClienteleDecimal
price_difference(const ClientelePromotion *promotion, const Base *base)
{
	ClienteleDecimal off = CLIENTELE_ZERO;

	for (int i = 0; i < base->bill->nlines; i++)
	{
		const ClienteleBillLine *line = &base->bill->lines[i];
		ClienteleDecimal price = clientele_money_multiply(line->quantity, promotion->benefit.amount);

		if (line_counts(base, &promotion->benefit, i) && clientele_decimal_compare(line->amount, price) > 0)
			off = clientele_money_add(off, clientele_money_subtract(line->amount, price));
	}
	return clientele_money_round(off, promotion->rounding);
}

/* The number of steps reached; of a repeated one, of multiples. */
static ClienteleDecimal
steps_off(const ClientelePromotionBenefit *benefit, ClienteleDecimal amount)
{
	if (benefit->repeat)
		return clientele_money_multiply(clientele_money_times(amount, benefit->steps[0].at_least),
										benefit->steps[0].off);
	for (int i = benefit->nsteps - 1; i >= 0; i--)
	{
		if (clientele_decimal_compare(amount, benefit->steps[i].at_least) >= 0)
			return benefit->steps[i].off;
	}
	return CLIENTELE_ZERO;
}

/* What is given on so much money, in its own unit. */
static ClienteleDecimal
given_on(const ClientelePromotion *promotion, const Base *base, ClienteleDecimal amount)
{
	const ClientelePromotionBenefit *benefit = &promotion->benefit;

	switch (benefit->kind)
	{
		case CLIENTELE_AMOUNT_OFF:
			return clientele_money_least(benefit->amount, amount);
		case CLIENTELE_PERCENT_OFF:
			return clientele_money_least(percent_off(promotion, amount), amount);
		case CLIENTELE_FIXED_PRICE:
			return clientele_money_least(price_difference(promotion, base), amount);
		case CLIENTELE_SPEND_AND_REDUCE:
			return steps_off(benefit, amount);
		case CLIENTELE_GIFT:
		case CLIENTELE_COUPON:
			return clientele_decimal_from_int64(benefit->quantity);
		case CLIENTELE_STORED_VALUE:
			return benefit->amount;
		case CLIENTELE_POINTS:
			break;
	}
	if (!benefit->has_per)
		return clientele_decimal_from_int64(benefit->points);
	return clientele_money_multiply(clientele_money_times(amount, benefit->per),
									clientele_decimal_from_int64(benefit->points));
}

/* How a reduction is divided: by what its lines come to, or are above the fixed price. */
void
clientele_promotion_weights(const ClienteleBoundPromotion *bound, const ClienteleBill *bill, ClienteleDecimal *weights)
{
	const ClientelePromotionBenefit *benefit = &bound->promotion->benefit;
	Base		base = {.bill = bill,.applies = clientele_promotion_lines(bound, bill)};

	for (int i = 0; i < bill->nlines; i++)
	{
		const ClienteleBillLine *line = &bill->lines[i];

		weights[i] = line_counts(&base, benefit, i) ? line->amount : CLIENTELE_ZERO;
		if (benefit->kind == CLIENTELE_FIXED_PRICE)
			weights[i] = clientele_money_greatest(CLIENTELE_ZERO, clientele_money_subtract(weights[i],
												  clientele_money_multiply(line->quantity, benefit->amount)));
	}
}

/* ---------- what is missing ---------- */

/* The next amount at which more is given; false where there is none. */
static bool
next_threshold(const ClientelePromotionBenefit *benefit, ClienteleDecimal amount, ClienteleDecimal *threshold)
{
	bool		multiple = benefit->kind == CLIENTELE_POINTS && benefit->has_per;
	ClienteleDecimal unit = benefit->per;

	if (benefit->kind == CLIENTELE_SPEND_AND_REDUCE)
	{
		multiple = benefit->repeat;
		unit = benefit->steps[0].at_least;
		for (int i = 0; i < benefit->nsteps && !multiple; i++)
		{
			*threshold = benefit->steps[i].at_least;
			if (clientele_decimal_compare(amount, *threshold) < 0)
				return true;
		}
	}
	if (multiple)
		*threshold = clientele_money_multiply(clientele_money_add(clientele_money_times(amount, unit),
																  clientele_decimal_from_int64(1)), unit);
	return multiple;
}

static void
need_more(ClienteleBenefit *result, ClienteleDecimal wanted, ClienteleDecimal have)
{
	ClienteleDecimal more = clientele_money_subtract(wanted, have);

	result->spend_more = result->has_more ? clientele_money_greatest(result->spend_more, more) : more;
	result->has_more = true;
}

/* The threshold of "spend", then that of the benefit itself. */
static void
look_ahead(const ClientelePromotion *promotion, const Base *base, const ClienteleDecimal *spent,
		   ClienteleBenefit *result)
{
	const ClientelePromotionBenefit *benefit = &promotion->benefit;
	ClienteleDecimal measured = promotion->measure == NULL ? base->bill->amount : spent ? *spent : CLIENTELE_ZERO;
	ClienteleDecimal threshold;
	bool		below_benefit;

	if (promotion->has_spend && clientele_decimal_compare(measured, promotion->at_least) < 0)
	{
		result->reasons |= BIT(SPEND);
		need_more(result, promotion->at_least, measured);
	}
	below_benefit = next_threshold(benefit, base->amount, &threshold);
	if (below_benefit && clientele_decimal_sign(result->given) == 0)
	{
		result->reasons |= BIT(SPEND);
		need_more(result, threshold, base->amount);
	}
	else if (below_benefit && !result->has_more)
		need_more(result, threshold, base->amount);

	/* more of which line is not known where only some of them count */
	result->has_then = result->has_more && benefit->applies_to == NULL && benefit->kind != CLIENTELE_FIXED_PRICE;
	if (result->has_then)
		result->given_then = given_on(promotion, base, clientele_money_add(base->amount, result->spend_more));
}

static void
value_given(const ClientelePromotionBenefit *benefit, ClienteleBenefit *result)
{
	if (clientele_reduces_bill(benefit->kind))
		result->amount = result->given;
	if (clientele_gives_money(benefit->kind))
		result->value = result->given;
	else if (benefit->kind == CLIENTELE_GIFT)
		result->value = clientele_money_multiply(result->given, benefit->amount);
}

static void
find_benefit(const ClienteleBoundPromotion *bound, const ClienteleBill *bill, uint32 reasons,
			 const ClienteleDecimal *spent, ClienteleBenefit *result)
{
	const ClientelePromotion *promotion = bound->promotion;
	Base		base;

	memset(result, 0, sizeof(*result));
	result->reasons = reasons;
	result->nunmet = clientele_promotion_unmet(bound, bill, &result->unmet);
	if (result->nunmet > 0)
		result->reasons |= BIT(BILL);
	find_base(bound, bill, &base);
	if (base.empty)
		result->reasons |= BIT(LINES);
	result->given = given_on(promotion, &base, base.amount);
	look_ahead(promotion, &base, spent, result);
	if (clientele_decimal_sign(result->given) == 0 && !(result->reasons & (BIT(LINES) | BIT(SPEND))))
		result->reasons |= BIT(NOTHING);

	result->eligible = result->reasons == 0;
	if (result->eligible)
		value_given(&promotion->benefit, result);
	else
		result->given = CLIENTELE_ZERO;
}

void
clientele_promotion_benefit(const ClienteleBoundPromotion *bound, const ClienteleBill *bill, ClienteleMoment moment,
							const ClienteleDecimal *spent, ClienteleBenefit *benefit)
{
	uint32		reasons = clientele_promotion_outside(bound->promotion, moment);

	if (!in_branches(bound->promotion, bill->branch))
		reasons |= BIT(BRANCH);
	find_benefit(bound, bill, reasons, spent, benefit);
}

void
clientele_promotion_benefit_anytime(const ClienteleBoundPromotion *bound, const ClienteleBill *bill,
									const ClienteleDecimal *spent, ClienteleBenefit *benefit)
{
	find_benefit(bound, bill, 0, spent, benefit);
}

void
clientele_benefit_limit(ClienteleBenefit *benefit, ClienteleDecimal room)
{
	if (!benefit->eligible || clientele_decimal_compare(benefit->amount, room) <= 0)
		return;
	benefit->given = benefit->amount = benefit->value = room;
	if (clientele_decimal_sign(room) == 0)
	{
		benefit->eligible = false;
		benefit->reasons |= BIT(NOTHING);
	}
}

/* ---------- in words ---------- */

static char *
days_text(uint8 days)
{
	static const char *const names[] = {"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"};
	StringInfoData out;

	initStringInfo(&out);
	for (int i = 0; i < 7; i++)
	{
		if (days & (1 << i))
			appendStringInfo(&out, "%s%s", out.len == 0 ? "only on " : ", ", names[i]);
	}
	return out.data;
}

static char *
branches_text(const ClientelePromotion *promotion)
{
	StringInfoData out;

	initStringInfo(&out);
	for (int i = 0; i < promotion->nbranches; i++)
		appendStringInfo(&out, "%s%s", i == 0 ? "only in branch " : ", ", promotion->branches[i]);
	return out.data;
}

static char *
lines_text(const ClientelePromotionBenefit *benefit)
{
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfoString(&out, "no line is meant");
	if (benefit->kind == CLIENTELE_FIXED_PRICE)
		appendStringInfo(&out, ": item %s", benefit->item);
	if (benefit->applies_to != NULL)
		appendStringInfo(&out, "%s%s", benefit->kind == CLIENTELE_FIXED_PRICE ? " and " : ": ", benefit->applies_to);
	return out.data;
}

static char *
reason_text(const ClientelePromotion *promotion, const ClienteleBenefit *benefit, ClienteleReason reason)
{
	const ClientelePromotionTerm *term = &promotion->term;

	switch (reason)
	{
		case CLIENTELE_REASON_EARLY:
			return psprintf("from %s on", clientele_date_to_string(term->from));
		case CLIENTELE_REASON_LATE:
			return psprintf("until %s", clientele_date_to_string(term->to));
		case CLIENTELE_REASON_DAY:
			return days_text(term->days);
		case CLIENTELE_REASON_HOUR:
			return psprintf("from %02d:%02d to %02d:%02d", term->minutes_from / 60, term->minutes_from % 60,
							term->minutes_to / 60, term->minutes_to % 60);
		case CLIENTELE_REASON_BRANCH:
			return branches_text(promotion);
		case CLIENTELE_REASON_LINES:
			return lines_text(&promotion->benefit);
		case CLIENTELE_REASON_SPEND:
			return psprintf("spend %s more", clientele_decimal_to_string(benefit->spend_more));
		case CLIENTELE_REASON_NOTHING:
			return pstrdup("reduces nothing here");
		default:
			elog(ERROR, "reason %d has no text", (int) reason);
			return NULL;
	}
}

int
clientele_benefit_reasons(const ClientelePromotion *promotion, const ClienteleBenefit *benefit,
						  ClienteleReason *why, char **sentences)
{
	int			count = 0;

	for (int reason = 0; reason < CLIENTELE_REASONS_OF_BILL; reason++)
	{
		if (!(benefit->reasons & (1u << reason)))
			continue;
		for (int i = 0; i < (reason == CLIENTELE_REASON_BILL ? benefit->nunmet : 1); i++)
		{
			why[count] = (ClienteleReason) reason;
			sentences[count++] = reason == CLIENTELE_REASON_BILL ? pstrdup(benefit->unmet[i]) :
				reason_text(promotion, benefit, (ClienteleReason) reason);
		}
	}
	return count;
}
