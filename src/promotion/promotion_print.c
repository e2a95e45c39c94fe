/*
 * promotion_print.c
 *		A promotion's canonical text.
 *
 * As a scorecard's: keys stand in one order, defaults are left out; lists that have no
 * order are sorted.
 */
#include "postgres.h"

#include "utils/json.h"

#include "base/json_write.h"
#include "base/local_time.h"
#include "promotion/promotion.h"

static void
append_int(StringInfo out, const char *key, int64 value)
{
	clientele_json_append_number(out, key, clientele_decimal_from_int64(value));
}

static void
append_boolean(StringInfo out, const char *key, bool value)
{
	clientele_json_append_key(out, key);
	appendStringInfoString(out, value ? "true" : "false");
}

static void
append_object(StringInfo out, const char *key)
{
	clientele_json_append_key(out, key);
	appendStringInfoChar(out, '{');
}

static char *
time_of_day(int minutes)
{
	return psprintf("%02d:%02d", minutes / 60, minutes % 60);
}

static void
append_days(StringInfo out, uint8 days)
{
	const char *separator = "[";

	clientele_json_append_key(out, "days");
	for (int day = 1; day <= 7; day++)
	{
		if (!(days & (1 << (day - 1))))
			continue;
		appendStringInfo(out, "%s%d", separator, day);
		separator = ", ";
	}
	appendStringInfoChar(out, ']');
}

static void
append_term(StringInfo out, const ClientelePromotionTerm *term)
{
	append_object(out, "term");
	clientele_json_append_text(out, "from", clientele_date_to_string(term->from));
	if (!DATE_IS_NOEND(term->to))
		clientele_json_append_text(out, "to", clientele_date_to_string(term->to));
	if (term->days != CLIENTELE_ALL_DAYS)
		append_days(out, term->days);
	if (term->minutes_from != 0 || term->minutes_to != CLIENTELE_MINUTES_PER_DAY)
	{
		append_object(out, "hours");
		clientele_json_append_text(out, "from", time_of_day(term->minutes_from));
		clientele_json_append_text(out, "to", time_of_day(term->minutes_to));
		appendStringInfoChar(out, '}');
	}
	appendStringInfoChar(out, '}');
}

static void
append_branches(StringInfo out, const ClientelePromotion *promotion)
{
	if (promotion->nbranches == 0)
	{
		clientele_json_append_text(out, "branches", "all");
		return;
	}
	clientele_json_append_key(out, "branches");
	for (int i = 0; i < promotion->nbranches; i++)
	{
		appendStringInfoString(out, i == 0 ? "[" : ", ");
		escape_json(out, promotion->branches[i]);
	}
	appendStringInfoChar(out, ']');
}

static void
append_audience(StringInfo out, const ClientelePromotion *promotion)
{
	if (promotion->audience != NULL)
	{
		clientele_json_append_text(out, "audience", promotion->audience);
		clientele_json_append_text(out, "audience_at", clientele_audience_times[promotion->audience_at]);
	}
	if (promotion->personal != (promotion->audience != NULL))
		append_boolean(out, "personal", promotion->personal);
}

static void
append_spend(StringInfo out, const ClientelePromotion *promotion)
{
	if (!promotion->has_spend)
		return;
	append_object(out, "spend");
	clientele_json_append_number(out, "at_least", promotion->at_least);
	clientele_json_append_text(out, "measure", promotion->measure ? promotion->measure : "bill");
	appendStringInfoChar(out, '}');
}

static void
append_steps(StringInfo out, const ClientelePromotionBenefit *benefit)
{
	clientele_json_append_key(out, "steps");
	for (int i = 0; i < benefit->nsteps; i++)
	{
		appendStringInfoString(out, i == 0 ? "[{" : ", {");
		clientele_json_append_number(out, "at_least", benefit->steps[i].at_least);
		clientele_json_append_number(out, "off", benefit->steps[i].off);
		appendStringInfoChar(out, '}');
	}
	appendStringInfoChar(out, ']');
	if (benefit->repeat)
		append_boolean(out, "repeat", true);
}

static void
append_pieces(StringInfo out, const ClientelePromotionBenefit *benefit)
{
	if (benefit->quantity != 1)
		append_int(out, "quantity", benefit->quantity);
	if (benefit->kind == CLIENTELE_GIFT)
		clientele_json_append_number(out, "value", benefit->amount);
}

static void
append_benefit(StringInfo out, const ClientelePromotionBenefit *benefit)
{
	append_object(out, "benefit");
	clientele_json_append_text(out, "kind", clientele_benefit_kinds[benefit->kind]);
	clientele_json_append_text(out, "item", benefit->item);
	clientele_json_append_text(out, "coupon", benefit->coupon);
	switch (benefit->kind)
	{
		case CLIENTELE_AMOUNT_OFF:
		case CLIENTELE_STORED_VALUE:
			clientele_json_append_number(out, "amount", benefit->amount);
			break;
		case CLIENTELE_PERCENT_OFF:
			clientele_json_append_number(out, "percent", benefit->percent);
			if (benefit->has_at_most)
				clientele_json_append_number(out, "at_most", benefit->at_most);
			break;
		case CLIENTELE_FIXED_PRICE:
			clientele_json_append_number(out, "price", benefit->amount);
			break;
		case CLIENTELE_SPEND_AND_REDUCE:
			append_steps(out, benefit);
			break;
		case CLIENTELE_GIFT:
		case CLIENTELE_COUPON:
			append_pieces(out, benefit);
			break;
		case CLIENTELE_POINTS:
			if (benefit->has_per)
				clientele_json_append_number(out, "per", benefit->per);
			append_int(out, "points", benefit->points);
			break;
	}
	if (benefit->valid_days != 0)
		append_int(out, "valid_days", benefit->valid_days);
	clientele_json_append_text(out, "applies_to", benefit->applies_to);
	appendStringInfoChar(out, '}');
}

static void
append_rounding(StringInfo out, ClienteleRounding rounding)
{
	bool		other_decimals = rounding.decimals != CLIENTELE_DEFAULT_DECIMALS;

	if (!other_decimals && !rounding.half_even)
		return;
	append_object(out, "rounding");
	if (other_decimals)
		append_int(out, "decimals", rounding.decimals);
	if (rounding.half_even)
		clientele_json_append_text(out, "mode", "half even");
	appendStringInfoChar(out, '}');
}

static void
append_limit(StringInfo out, const char *key, int limit)
{
	if (limit != CLIENTELE_NO_LIMIT)
		append_int(out, key, limit);
}

static bool
has_limit(const ClientelePromotionStock *stock)
{
	return stock->total != CLIENTELE_NO_LIMIT || stock->per_branch != CLIENTELE_NO_LIMIT ||
		stock->per_day != CLIENTELE_NO_LIMIT || stock->per_customer != CLIENTELE_NO_LIMIT ||
		stock->per_period != CLIENTELE_NO_LIMIT;
}

static void
append_stock(StringInfo out, const ClientelePromotionStock *stock)
{
	if (!has_limit(stock))
		return;
	append_object(out, "stock");
	append_limit(out, "total", stock->total);
	append_limit(out, "per_branch", stock->per_branch);
	append_limit(out, "per_day", stock->per_day);
	append_limit(out, "per_customer", stock->per_customer);
	if (stock->per_period != CLIENTELE_NO_LIMIT)
	{
		append_object(out, "per_period");
		append_int(out, "claims", stock->per_period);
		clientele_json_append_text(out, "period", clientele_limit_periods[stock->period - CLIENTELE_DAYS]);
		appendStringInfoChar(out, '}');
	}
	appendStringInfoChar(out, '}');
}

char *
clientele_promotion_print(const ClientelePromotion *promotion)
{
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfoChar(&out, '{');
	append_term(&out, &promotion->term);
	append_branches(&out, promotion);
	append_audience(&out, promotion);
	clientele_json_append_text(&out, "bill", promotion->bill);
	append_spend(&out, promotion);
	append_benefit(&out, &promotion->benefit);
	append_rounding(&out, promotion->rounding);
	append_stock(&out, &promotion->stock);
	if (promotion->has_budget)
		clientele_json_append_number(&out, "budget", promotion->budget);
	if (promotion->priority != 0)
		append_int(&out, "priority", promotion->priority);
	clientele_json_append_text(&out, "exclusive_group", promotion->exclusive_group);
	if (!promotion->stacks)
		append_boolean(&out, "stacks", false);
	if (promotion->claim_minutes != 0)
	{
		append_object(&out, "claim_term");
		append_int(&out, "minutes", promotion->claim_minutes);
		appendStringInfoChar(&out, '}');
	}
	clientele_json_append_text(&out, "after_refund", clientele_refund_rules[promotion->after_refund]);
	if (promotion->joiners != 0)
	{
		append_object(&out, "needs");
		append_int(&out, "joiners", promotion->joiners);
		append_object(&out, "within");
		append_int(&out, "hours", promotion->within_hours);
		appendStringInfoString(&out, "}}");
	}
	appendStringInfoChar(&out, '}');
	return out.data;
}
