/*
 * promotion_parse.c
 *		From the JSON text of a promotion to a checked ClientelePromotion.
 *
 * json_read.h says how strict it is.  What a column of the profile means is not looked
 * at here; but a bill is the same everywhere, so that a name it lacks is refused.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "base/json_read.h"
#include "base/local_time.h"
#include "base/nearest_name.h"
#include "compat.h"
#include "promotion/promotion.h"
#include "promotion/promotion_names.h"

#define TYPE_NAME "promotion"

#define PROMOTION_EXAMPLE \
	"A promotion looks like {\"term\": {\"from\": \"2026-07-01\", \"to\": \"2026-07-31\"}, \"branches\": \"all\", " \
	"\"spend\": {\"at_least\": 50000, \"measure\": \"bill\"}, \"benefit\": {\"kind\": \"amount off\", \"amount\": 5000}, " \
	"\"after_refund\": \"recompute\"}."
#define DATE_HINT "Write a day as \"2026-07-01\"."
#define HOURS_HINT "Write hours such as {\"from\": \"10:00\", \"to\": \"21:00\"}, of one day, up to \"24:00\"."
#define DAYS_HINT "Write weekdays as 1 (Monday) to 7 (Sunday), such as [6, 7]."
#define BRANCHES_HINT "Write \"all\", which includes new ones, or a list such as [\"1\", \"3\"]."
#define SPEND_HINT "Write {\"at_least\": 50000, \"measure\": \"bill\"}, or the name of a metric as the measure."
#define STEPS_HINT "Steps look like [{\"at_least\": 300, \"off\": 50}, {\"at_least\": 1000, \"off\": 200}]."
#define AUDIENCE_HINT "Write \"term start\" (a frozen list), \"bill\" (before this bill) or \"bill including it\"."
#define NUMBER_LIMIT 1000000000

/* Longer group buys and holds are promotions of their own. */
#define MOST_HOURS 720
#define MOST_MINUTES 525600
#define MOST_JOINERS 1000
#define MOST_VALID_DAYS 3660
#define MOST_BRANCHES 1000

/* Each is a claim of its own. */
#define MOST_COUPONS 1000

typedef ClienteleJsonPlace Place;
typedef ClienteleJsonReader Reader;
typedef ClienteleJsonShape Shape;

const char *const clientele_benefit_kinds[CLIENTELE_BENEFIT_KINDS] = {
	[CLIENTELE_AMOUNT_OFF] = "amount off",
	[CLIENTELE_PERCENT_OFF] = "percent off",
	[CLIENTELE_FIXED_PRICE] = "fixed price",
	[CLIENTELE_SPEND_AND_REDUCE] = "spend and reduce",
	[CLIENTELE_GIFT] = "gift",
	[CLIENTELE_COUPON] = "coupon",
	[CLIENTELE_STORED_VALUE] = "stored value",
	[CLIENTELE_POINTS] = "points"
};

const char *const clientele_audience_times[CLIENTELE_AUDIENCE_TIMES] = {
	[CLIENTELE_AT_TERM_START] = "term start",
	[CLIENTELE_AT_BILL] = "bill",
	[CLIENTELE_AT_BILL_INCLUDED] = "bill including it"
};

const char *const clientele_refund_rules[CLIENTELE_REFUND_RULES] = {
	[CLIENTELE_RECOMPUTE] = "recompute",
	[CLIENTELE_PROPORTIONAL] = "proportional",
	[CLIENTELE_KEEP] = "none"
};

const char *const clientele_limit_periods[CLIENTELE_LIMIT_PERIODS] = {"day", "week", "month", "year"};

static const char *const rounding_modes[] = {"half up", "half even"};

enum PromotionKey
{
	KEY_TERM, KEY_BRANCHES, KEY_AUDIENCE, KEY_AUDIENCE_AT, KEY_PERSONAL, KEY_BILL, KEY_SPEND, KEY_BENEFIT, KEY_ROUNDING,
	KEY_STOCK, KEY_BUDGET, KEY_PRIORITY, KEY_EXCLUSIVE_GROUP, KEY_STACKS, KEY_CLAIM_TERM, KEY_AFTER_REFUND, KEY_NEEDS,
	PROMOTION_KEYS
};
static const char *const promotion_keys[PROMOTION_KEYS] = {
	"term", "branches", "audience", "audience_at", "personal", "bill", "spend", "benefit", "rounding",
	"stock", "budget", "priority", "exclusive_group", "stacks", "claim_term", "after_refund", "needs"
};
static const Shape promotion_shape = {PROMOTION_KEYS, promotion_keys, PROMOTION_EXAMPLE};

enum TermKey
{
	TERM_FROM, TERM_TO, TERM_DAYS, TERM_HOURS, TERM_KEYS
};
static const char *const term_keys[TERM_KEYS] = {"from", "to", "days", "hours"};
static const Shape term_shape = {
	TERM_KEYS, term_keys,
	"A term looks like {\"from\": \"2026-07-01\", \"to\": \"2026-07-31\", \"days\": [6, 7], "
	"\"hours\": {\"from\": \"10:00\", \"to\": \"21:00\"}}; all but \"from\" may be left out."
};

static const char *const hours_keys[] = {"from", "to"};
static const Shape hours_shape = {lengthof(hours_keys), hours_keys, HOURS_HINT};

static const char *const spend_keys[] = {"at_least", "measure"};
static const Shape spend_shape = {lengthof(spend_keys), spend_keys, SPEND_HINT};

static const char *const step_keys[] = {"at_least", "off"};
static const Shape step_shape = {lengthof(step_keys), step_keys, STEPS_HINT};

static const char *const rounding_keys[] = {"decimals", "mode"};
static const Shape rounding_shape = {
	lengthof(rounding_keys), rounding_keys,
	"Write {\"decimals\": 2, \"mode\": \"half up\"}, or \"half even\"."
};

enum StockKey
{
	STOCK_TOTAL, STOCK_PER_BRANCH, STOCK_PER_DAY, STOCK_PER_CUSTOMER, STOCK_PER_PERIOD, STOCK_KEYS
};
static const char *const stock_keys[STOCK_KEYS] = {"total", "per_branch", "per_day", "per_customer", "per_period"};
static const Shape stock_shape = {
	STOCK_KEYS, stock_keys,
	"A stock has the keys \"total\", \"per_branch\", \"per_day\", \"per_customer\" and \"per_period\"; "
	"what is left out has no limit."
};

static const char *const period_keys[] = {"claims", "period"};
static const Shape period_shape = {
	lengthof(period_keys), period_keys,
	"Write {\"claims\": 1, \"period\": \"month\"}; periods are \"day\", \"week\", \"month\" and \"year\"."
};

static const char *const claim_term_keys[] = {"minutes"};
static const Shape claim_term_shape = {lengthof(claim_term_keys), claim_term_keys, "Write {\"minutes\": 30}."};

static const char *const needs_keys[] = {"joiners", "within"};
static const Shape needs_shape = {
	lengthof(needs_keys), needs_keys, "Write {\"joiners\": 3, \"within\": {\"hours\": 24}}."
};
static const char *const within_keys[] = {"hours"};
static const Shape within_shape = {lengthof(within_keys), within_keys, "Write {\"hours\": 24}."};

/* The keys that benefits have; each kind some of them. */
enum BenefitKey
{
	BENEFIT_KIND, BENEFIT_APPLIES_TO, BENEFIT_AMOUNT, BENEFIT_PERCENT, BENEFIT_AT_MOST, BENEFIT_ITEM, BENEFIT_PRICE,
	BENEFIT_STEPS, BENEFIT_REPEAT, BENEFIT_QUANTITY, BENEFIT_VALUE, BENEFIT_COUPON, BENEFIT_VALID_DAYS, BENEFIT_PER,
	BENEFIT_POINTS, BENEFIT_KEYS
};
static const char *const benefit_keys[BENEFIT_KEYS] = {
	"kind", "applies_to", "amount", "percent", "at_most", "item", "price",
	"steps", "repeat", "quantity", "value", "coupon", "valid_days", "per",
	"points"
};
static const Shape benefit_shape = {
	BENEFIT_KEYS, benefit_keys, "A benefit looks like {\"kind\": \"amount off\", \"amount\": 5000}."
};

#define KEY(name) (1 << BENEFIT_##name)

typedef struct BenefitForm
{
	int			needed;
	int			allowed;		/* beside these */
	const char *hint;
} BenefitForm;

/* By ClienteleBenefitKind. */
static const BenefitForm benefit_forms[CLIENTELE_BENEFIT_KINDS] = {
	[CLIENTELE_AMOUNT_OFF] = {
		KEY(AMOUNT), KEY(APPLIES_TO), "Write {\"kind\": \"amount off\", \"amount\": 5000}."
	},
	[CLIENTELE_PERCENT_OFF] = {
		KEY(PERCENT), KEY(AT_MOST) | KEY(APPLIES_TO), "Write {\"kind\": \"percent off\", \"percent\": 10, \"at_most\": 2000}."
	},
	[CLIENTELE_FIXED_PRICE] = {
		KEY(ITEM) | KEY(PRICE), KEY(APPLIES_TO), "Write {\"kind\": \"fixed price\", \"item\": \"facial\", \"price\": 9800}."
	},
	[CLIENTELE_SPEND_AND_REDUCE] = {
		KEY(STEPS), KEY(REPEAT) | KEY(APPLIES_TO),
		"Write {\"kind\": \"spend and reduce\", \"steps\": [{\"at_least\": 300, \"off\": 50}], \"repeat\": true}."
	},
	[CLIENTELE_GIFT] = {
		KEY(ITEM) | KEY(VALUE), KEY(QUANTITY) | KEY(VALID_DAYS) | KEY(APPLIES_TO),
		"Write {\"kind\": \"gift\", \"item\": \"mask\", \"quantity\": 1, \"value\": 300}."
	},
	[CLIENTELE_COUPON] = {
		KEY(COUPON), KEY(QUANTITY) | KEY(VALID_DAYS) | KEY(APPLIES_TO),
		"Write {\"kind\": \"coupon\", \"coupon\": \"autumn\", \"quantity\": 1, \"valid_days\": 90}."
	},
	[CLIENTELE_STORED_VALUE] = {
		KEY(AMOUNT), KEY(VALID_DAYS) | KEY(APPLIES_TO), "Write {\"kind\": \"stored value\", \"amount\": 500}, or with \"valid_days\": 365."
	},
	[CLIENTELE_POINTS] = {
		KEY(POINTS), KEY(PER) | KEY(VALID_DAYS) | KEY(APPLIES_TO),
		"Write {\"kind\": \"points\", \"points\": 1000}, or with \"per\": 100 for each full hundred."
	}
};

/* ---------- parts ---------- */

/* A number above 0. */
static bool
read_positive(const Reader *reader, const Place *up, const ClienteleJson *value, const char *key, const char *hint,
			  ClienteleDecimal *result)
{
	Place		place = {up, key, 0, NULL};

	if (!clientele_json_require(reader, up, value, key, hint) ||
		!clientele_json_read_number(reader, &place, value, result))
		return false;
	if (clientele_decimal_sign(*result) <= 0)
		return clientele_json_refuse(reader, &place, ERRCODE_INVALID_PARAMETER_VALUE, hint,
									 psprintf("%s is not above 0", clientele_json_show(value)));
	*result = clientele_decimal_trim(*result);
	if (clientele_decimal_compare(*result, clientele_decimal_from_int64(INT64CONST(1000000000000))) >= 0 ||
		clientele_decimal_scale(*result) > CLIENTELE_BILL_DECIMALS)
		return clientele_json_refuse(reader, &place, ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE, hint,
									 psprintf("%s has more than %d digits before the point, or more than %d after it",
											  clientele_json_show(value), CLIENTELE_BILL_DIGITS, CLIENTELE_BILL_DECIMALS));
	return true;
}

/* Money that is given has no more decimals than what is rounded. */
static bool
read_money(const Reader *reader, const Place *up, const ClienteleJson *value, const char *key, const char *hint,
		   const ClientelePromotion *promotion, ClienteleDecimal *result)
{
	Place		place = {up, key, 0, NULL};

	if (!read_positive(reader, up, value, key, hint, result))
		return false;
	if (clientele_decimal_scale(*result) > promotion->rounding.decimals)
		return clientele_json_refuse(reader, &place, ERRCODE_INVALID_PARAMETER_VALUE,
									 "Money that is given has as many decimals as \"rounding\" says; 2 where it is left out.",
									 psprintf("%s has more than %d decimals", clientele_json_show(value),
											  promotion->rounding.decimals));
	return true;
}

static bool
read_boolean(const Reader *reader, const Place *up, const ClienteleJson *value, bool *result)
{
	Place		place = {up, NULL, 0, NULL};

	if (value == NULL)
		return true;
	place.key = value->key;
	if (value->kind != CLIENTELE_JSON_TRUE && value->kind != CLIENTELE_JSON_FALSE)
		return clientele_json_refuse_kind(reader, &place, value, "true or false", "Write true or false, without quotes.");
	*result = value->kind == CLIENTELE_JSON_TRUE;
	return true;
}

/* A whole number that must be there. */
static bool
read_int(const Reader *reader, const Place *up, const ClienteleJson *value, const char *key, const char *hint,
		 int low, int high, int *result)
{
	return clientele_json_require(reader, up, value, key, hint) &&
		clientele_json_read_optional_int(reader, up, value, low, high, result);
}

/* ---------- expressions over a bill ---------- */

static const char *
name_fault(const ClienteleNode *name, int nnames, const ClienteleName *names, const char **hint)
{
	ClienteleNearestName nearest;
	StringInfoData known;

	clientele_nearest_begin(&nearest, name->string);
	initStringInfo(&known);
	for (int i = 0; i < nnames; i++)
	{
		if (name->next_name == NULL && strcmp(name->string, names[i].name) == 0)
			return NULL;
		clientele_nearest_offer(&nearest, names[i].name);
		appendStringInfo(&known, "%s%s", i == 0 ? "" : ", ", names[i].name);
	}
	*hint = clientele_nearest_result(&nearest) == NULL ? psprintf("There are: %s.", known.data) :
		psprintf("Perhaps you mean %s.  There are: %s.", clientele_nearest_result(&nearest), known.data);
	return psprintf(name->next_name ? "%s has no parts" : "unknown name %s", name->string);
}

/* What an expression over a bill cannot have; NULL = nothing of that. */
static const char *
tree_fault(const ClienteleNode *node, int nnames, const ClienteleName *names, const char **hint)
{
	const char *fault = NULL;

	check_stack_depth();
	if (node->kind == CLIENTELE_NODE_NAME)
		return name_fault(node, nnames, names, hint);
	*hint = "Days and hours stand in \"term\", what a customer is in \"audience\".";
	if (node->kind == CLIENTELE_NODE_AGGREGATE)
		return "it asks for an aggregate over events";
	if (node->kind == CLIENTELE_NODE_TIMESTAMP)
		return "it asks for an instant";
	if (node->kind == CLIENTELE_NODE_CALL)
	{
		switch (node->function)
		{
			case CLIENTELE_FN_HAS_TAG:
				return "it asks for a tag of the customer";
			case CLIENTELE_FN_AGE:
			case CLIENTELE_FN_DAYS_SINCE:
			case CLIENTELE_FN_MONTHS_SINCE:
			case CLIENTELE_FN_NOW:
			case CLIENTELE_FN_TODAY:
			case CLIENTELE_FN_YEARS_SINCE:
				return "it asks for the time of the call";
			default:
				break;
		}
	}
	for (const ClienteleNode *operand = node->first; operand != NULL && fault == NULL; operand = operand->next)
		fault = tree_fault(operand, nnames, names, hint);
	return fault;
}

static bool
read_condition(const Reader *reader, const Place *up, const ClienteleJson *value, int nnames,
			   const ClienteleName *names, const char **result)
{
	Place		place = {up, NULL, 0, NULL};
	const char *fault;
	const char *hint;

	if (!clientele_json_read_optional_expression(reader, up, value, result))
		return false;
	if (*result == NULL)
		return true;
	place.key = value->key;
	fault = tree_fault(clientele_expression_parse(*result, NULL), nnames, names, &hint);
	return fault == NULL || clientele_json_refuse(reader, &place, ERRCODE_INVALID_PARAMETER_VALUE, hint, fault);
}

/* ---------- term ---------- */

static bool
read_date(const Reader *reader, const Place *up, const ClienteleJson *value, const char *key, DateADT *result)
{
	Place		place = {up, key, 0, NULL};
	ClienteleIsoTime time;
	const char *text;

	if (!clientele_json_require(reader, up, value, key, DATE_HINT) ||
		!clientele_json_read_text(reader, &place, value, &text))
		return false;
	if (!clientele_iso_date(text, &time))
		return clientele_json_refuse(reader, &place, ERRCODE_INVALID_TEXT_REPRESENTATION, DATE_HINT,
									 psprintf("%s is no day", clientele_json_show(value)));
	*result = clientele_iso_to_date(&time);
	return true;
}

/* HH:MM, up to 24:00. */
static bool
read_minutes(const Reader *reader, const Place *up, const ClienteleJson *value, const char *key, int *result)
{
	Place		place = {up, key, 0, NULL};
	const char *text;

	if (!clientele_json_require(reader, up, value, key, HOURS_HINT) ||
		!clientele_json_read_text(reader, &place, value, &text))
		return false;
	if (strlen(text) == 5 && strspn(text, "0123456789") == 2 && text[2] == ':' && strspn(text + 3, "0123456789") == 2)
	{
		int			minutes = (text[3] - '0') * 10 + (text[4] - '0');

		*result = ((text[0] - '0') * 10 + (text[1] - '0')) * 60 + minutes;
		if (minutes < 60 && *result <= CLIENTELE_MINUTES_PER_DAY)
			return true;
	}
	return clientele_json_refuse(reader, &place, ERRCODE_INVALID_TEXT_REPRESENTATION, HOURS_HINT,
								 psprintf("%s is no time of day", clientele_json_show(value)));
}

static bool
read_hours(const Reader *reader, const Place *up, const ClienteleJson *value, ClientelePromotionTerm *term)
{
	Place		place = {up, term_keys[TERM_HOURS], 0, NULL};
	const ClienteleJson *members[lengthof(hours_keys)];

	if (value == NULL)
		return true;
	if (!clientele_json_read_object(reader, &place, value, &hours_shape, members) ||
		!read_minutes(reader, &place, members[0], hours_keys[0], &term->minutes_from) ||
		!read_minutes(reader, &place, members[1], hours_keys[1], &term->minutes_to))
		return false;
	return term->minutes_from < term->minutes_to ||
		clientele_json_refuse(reader, &place, ERRCODE_INVALID_PARAMETER_VALUE, HOURS_HINT, "\"to\" is not after \"from\"");
}

static bool
read_days(const Reader *reader, const Place *up, const ClienteleJson *value, uint8 *days)
{
	Place		list = {up, term_keys[TERM_DAYS], 0, NULL};
	int			i = 0;

	if (value == NULL)
		return true;
	if (!clientele_json_check_list(reader, &list, value, DAYS_HINT))
		return false;
	*days = 0;
	for (const ClienteleJson *day = value->first; day != NULL; day = day->next, i++)
	{
		Place		place = {&list, NULL, i, NULL};
		ClienteleDecimal number;

		if (!clientele_json_read_number(reader, &place, day, &number))
			return false;
		number = clientele_decimal_trim(number);
		if (number.scale != 0 || number.u.units < 1 || number.u.units > 7)
			return clientele_json_refuse(reader, &place, ERRCODE_INVALID_PARAMETER_VALUE, DAYS_HINT,
										 psprintf("%s is no weekday", clientele_json_show(day)));
		if (*days & (1 << (number.u.units - 1)))
			return clientele_json_refuse(reader, &place, ERRCODE_INVALID_PARAMETER_VALUE, DAYS_HINT,
										 psprintf("%s stands twice", clientele_json_show(day)));
		*days |= 1 << (number.u.units - 1);
	}
	return true;
}

static bool
read_term(const Reader *reader, const ClienteleJson *value, ClientelePromotionTerm *term)
{
	Place		place = {NULL, promotion_keys[KEY_TERM], 0, NULL};
	const ClienteleJson *members[TERM_KEYS];

	term->to = DATEVAL_NOEND;
	term->days = CLIENTELE_ALL_DAYS;
	term->minutes_to = CLIENTELE_MINUTES_PER_DAY;
	if (!clientele_json_require(reader, NULL, value, place.key, PROMOTION_EXAMPLE) ||
		!clientele_json_read_object(reader, &place, value, &term_shape, members) ||
		!read_date(reader, &place, members[TERM_FROM], term_keys[TERM_FROM], &term->from) ||
		(members[TERM_TO] != NULL && !read_date(reader, &place, members[TERM_TO], term_keys[TERM_TO], &term->to)))
		return false;
	if (term->to < term->from)
		return clientele_json_refuse(reader, &place, ERRCODE_INVALID_PARAMETER_VALUE,
									 "Both days are included; for one day write it twice.", "\"to\" is before \"from\"");
	return read_days(reader, &place, members[TERM_DAYS], &term->days) &&
		read_hours(reader, &place, members[TERM_HOURS], term);
}

/* ---------- who, where, on what ---------- */

static int
compare_branches(const void *a, const void *b)
{
	return strcmp(*(const char *const *) a, *(const char *const *) b);
}

static bool
read_branches(const Reader *reader, const ClienteleJson *value, ClientelePromotion *promotion)
{
	Place		list = {NULL, promotion_keys[KEY_BRANCHES], 0, NULL};
	int			i = 0;

	if (!clientele_json_require(reader, NULL, value, list.key, BRANCHES_HINT))
		return false;
	if (value->kind == CLIENTELE_JSON_STRING && strcmp(value->text, "all") == 0)
		return true;
	if (!clientele_json_check_list(reader, &list, value, BRANCHES_HINT))
		return false;
	if (value->nchildren > MOST_BRANCHES)
		return clientele_json_refuse(reader, &list, ERRCODE_PROGRAM_LIMIT_EXCEEDED, BRANCHES_HINT,
									 psprintf("more than %d branches", MOST_BRANCHES));
	promotion->nbranches = value->nchildren;
	promotion->branches = palloc(mul_size(value->nchildren, sizeof(char *)));
	for (const ClienteleJson *branch = value->first; branch != NULL; branch = branch->next, i++)
	{
		Place		place = {&list, NULL, i, NULL};

		if (!clientele_json_read_text(reader, &place, branch, &promotion->branches[i]) ||
			!clientele_json_check_length(reader, &place, branch, promotion->branches[i]))
			return false;
	}
	qsort(promotion->branches, promotion->nbranches, sizeof(char *), compare_branches);
	for (i = 1; i < promotion->nbranches; i++)
	{
		if (strcmp(promotion->branches[i - 1], promotion->branches[i]) == 0)
			return clientele_json_refuse(reader, &list, ERRCODE_INVALID_PARAMETER_VALUE, BRANCHES_HINT,
										 psprintf("%s stands twice", clientele_json_show_text(promotion->branches[i])));
	}
	return true;
}

static bool
read_audience(const Reader *reader, const ClienteleJson **members, ClientelePromotion *promotion)
{
	Place		place = {NULL, promotion_keys[KEY_AUDIENCE_AT], 0, NULL};
	int			at = 0;

	if (!clientele_json_read_optional_expression(reader, NULL, members[KEY_AUDIENCE], &promotion->audience))
		return false;
	promotion->personal = promotion->audience != NULL;
	if (!read_boolean(reader, NULL, members[KEY_PERSONAL], &promotion->personal))
		return false;
	if (promotion->audience == NULL)
		return members[KEY_AUDIENCE_AT] == NULL ||
			clientele_json_refuse(reader, &place, ERRCODE_INVALID_PARAMETER_VALUE,
								  "Leave it out: without \"audience\" everybody is meant.", "there is no audience");
	if (!clientele_json_read_word(reader, NULL, members[KEY_AUDIENCE_AT], place.key, CLIENTELE_AUDIENCE_TIMES,
								  clientele_audience_times, AUDIENCE_HINT, &at))
		return false;
	promotion->audience_at = (ClienteleAudienceAt) at;
	return true;
}

static bool
read_spend(const Reader *reader, const ClienteleJson *value, ClientelePromotion *promotion)
{
	Place		place = {NULL, promotion_keys[KEY_SPEND], 0, NULL};
	const ClienteleJson *members[lengthof(spend_keys)];

	if (value == NULL)
		return true;
	if (!clientele_json_read_object(reader, &place, value, &spend_shape, members) ||
		!read_positive(reader, &place, members[0], spend_keys[0], SPEND_HINT, &promotion->at_least) ||
		!clientele_json_require(reader, &place, members[1], spend_keys[1], SPEND_HINT) ||
		!clientele_json_read_name(reader, &place, members[1], spend_keys[1], &promotion->measure))
		return false;
	if (strcmp(promotion->measure, "bill") == 0)
		promotion->measure = NULL;
	promotion->has_spend = true;
	return true;
}

/* ---------- benefit ---------- */

static bool
read_steps(const Reader *reader, const Place *up, const ClienteleJson *value, const ClientelePromotion *promotion,
		   ClientelePromotionBenefit *benefit)
{
	Place		list = {up, benefit_keys[BENEFIT_STEPS], 0, NULL};
	int			i = 0;

	if (!clientele_json_check_list(reader, &list, value, STEPS_HINT))
		return false;
	benefit->nsteps = value->nchildren;
	benefit->steps = palloc0(mul_size(value->nchildren, sizeof(ClientelePromotionStep)));
	for (const ClienteleJson *element = value->first; element != NULL; element = element->next, i++)
	{
		ClientelePromotionStep *step = &benefit->steps[i];
		Place		place = {&list, NULL, i, NULL};
		const ClienteleJson *members[lengthof(step_keys)];

		if (!clientele_json_read_object(reader, &place, element, &step_shape, members) ||
			!read_positive(reader, &place, members[0], step_keys[0], STEPS_HINT, &step->at_least) ||
			!read_money(reader, &place, members[1], step_keys[1], STEPS_HINT, promotion, &step->off))
			return false;
		if (clientele_decimal_compare(step->off, step->at_least) > 0)
			return clientele_json_refuse(reader, &place, ERRCODE_INVALID_PARAMETER_VALUE, STEPS_HINT,
										 "\"off\" is more than \"at_least\"");
		if (i > 0 && (clientele_decimal_compare(step->at_least, step[-1].at_least) <= 0 ||
					  clientele_decimal_compare(step->off, step[-1].off) <= 0))
			return clientele_json_refuse(reader, &place, ERRCODE_INVALID_PARAMETER_VALUE,
										 "Each step asks for more than the one before, and gives more.",
										 "the step is not above the one before");
	}
	if (benefit->repeat && benefit->nsteps > 1)
		return clientele_json_refuse(reader, &list, ERRCODE_INVALID_PARAMETER_VALUE,
									 "For every multiple there is one step: [{\"at_least\": 300, \"off\": 50}].",
									 "several steps with \"repeat\"");
	return true;
}

/* Which keys a kind of benefit needs and allows. */
static bool
check_form(const Reader *reader, const Place *place, const ClienteleJson **members, const BenefitForm *form,
		   const char *kind)
{
	for (int key = BENEFIT_KIND + 1; key < BENEFIT_KEYS; key++)
	{
		if ((form->needed & (1 << key)) && members[key] == NULL)
			return clientele_json_refuse_missing(reader, place, benefit_keys[key], form->hint);
		if (members[key] != NULL && !((form->needed | form->allowed) & (1 << key)))
			return clientele_json_refuse(reader, place, ERRCODE_INVALID_TEXT_REPRESENTATION, form->hint,
										 psprintf("key \"%s\" has no meaning for %s", benefit_keys[key], kind));
	}
	return true;
}

static bool
read_percent(const Reader *reader, const Place *up, const ClienteleJson *value, const char *hint,
			 ClienteleDecimal *result)
{
	Place		place = {up, benefit_keys[BENEFIT_PERCENT], 0, NULL};

	if (!read_positive(reader, up, value, place.key, hint, result))
		return false;
	return clientele_decimal_compare(*result, clientele_decimal_from_int64(100)) <= 0 ||
		clientele_json_refuse(reader, &place, ERRCODE_INVALID_PARAMETER_VALUE, hint,
							  psprintf("%s is above 100", clientele_json_show(value)));
}

/* What a form allows has been checked: a member that is there is to be read. */
static bool
read_benefit_members(const Reader *reader, const Place *place, const ClienteleJson **members, const char *hint,
					 const ClientelePromotion *promotion, ClientelePromotionBenefit *benefit)
{
	static const int money[] = {BENEFIT_AMOUNT, BENEFIT_PRICE, BENEFIT_VALUE};
	static const int names[] = {BENEFIT_ITEM, BENEFIT_COUPON};
	int			points = 0;

	for (int i = 0; i < (int) lengthof(money); i++)
	{
		if (members[money[i]] != NULL &&
			!read_money(reader, place, members[money[i]], benefit_keys[money[i]], hint, promotion, &benefit->amount))
			return false;
	}
	for (int i = 0; i < (int) lengthof(names); i++)
	{
		const char **name = names[i] == BENEFIT_ITEM ? &benefit->item : &benefit->coupon;
		Place		name_place = {place, benefit_keys[names[i]], 0, NULL};

		if (members[names[i]] != NULL &&
			(!clientele_json_read_text(reader, &name_place, members[names[i]], name) ||
			 !clientele_json_check_length(reader, &name_place, members[names[i]], *name)))
			return false;
	}
	if (members[BENEFIT_PERCENT] != NULL &&
		!read_percent(reader, place, members[BENEFIT_PERCENT], hint, &benefit->percent))
		return false;
	benefit->has_at_most = members[BENEFIT_AT_MOST] != NULL;
	if (benefit->has_at_most &&
		!read_money(reader, place, members[BENEFIT_AT_MOST], benefit_keys[BENEFIT_AT_MOST], hint, promotion,
					&benefit->at_most))
		return false;
	benefit->has_per = members[BENEFIT_PER] != NULL;
	if (benefit->has_per &&
		!read_positive(reader, place, members[BENEFIT_PER], benefit_keys[BENEFIT_PER], hint, &benefit->per))
		return false;
	if (!read_boolean(reader, place, members[BENEFIT_REPEAT], &benefit->repeat) ||
		(members[BENEFIT_STEPS] != NULL &&
		 !read_steps(reader, place, members[BENEFIT_STEPS], promotion, benefit)))
		return false;
	benefit->quantity = 1;
	if (!clientele_json_read_optional_int(reader, place, members[BENEFIT_QUANTITY], 1,
										  benefit->kind == CLIENTELE_COUPON ? MOST_COUPONS : NUMBER_LIMIT,
										  &benefit->quantity) ||
		!clientele_json_read_optional_int(reader, place, members[BENEFIT_VALID_DAYS], 1, MOST_VALID_DAYS,
										  &benefit->valid_days) ||
		!clientele_json_read_optional_int(reader, place, members[BENEFIT_POINTS], 1, NUMBER_LIMIT, &points))
		return false;
	benefit->points = points;
	return true;
}

static bool
read_benefit(const Reader *reader, const ClienteleJson *value, ClientelePromotion *promotion)
{
	ClientelePromotionBenefit *benefit = &promotion->benefit;
	Place		place = {NULL, promotion_keys[KEY_BENEFIT], 0, NULL};
	const ClienteleJson *members[BENEFIT_KEYS];
	const BenefitForm *form;
	int			kind = 0;

	if (!clientele_json_require(reader, NULL, value, place.key, PROMOTION_EXAMPLE) ||
		!clientele_json_read_object(reader, &place, value, &benefit_shape, members) ||
		!clientele_json_read_word(reader, &place, members[BENEFIT_KIND], benefit_keys[BENEFIT_KIND],
								  CLIENTELE_BENEFIT_KINDS, clientele_benefit_kinds,
								  "Kinds are \"amount off\", \"percent off\", \"fixed price\", \"spend and reduce\", \"gift\", "
								  "\"coupon\", \"stored value\" and \"points\".", &kind))
		return false;
	benefit->kind = (ClienteleBenefitKind) kind;
	form = &benefit_forms[kind];
	return check_form(reader, &place, members, form, clientele_benefit_kinds[kind]) &&
		read_benefit_members(reader, &place, members, form->hint, promotion, benefit) &&
		read_condition(reader, &place, members[BENEFIT_APPLIES_TO], CLIENTELE_LINE_NAMES, clientele_line_names,
					   &benefit->applies_to);
}

static bool
read_rounding(const Reader *reader, const ClienteleJson *value, ClienteleRounding *rounding)
{
	Place		place = {NULL, promotion_keys[KEY_ROUNDING], 0, NULL};
	const ClienteleJson *members[lengthof(rounding_keys)];
	int			mode = 0;

	rounding->decimals = CLIENTELE_DEFAULT_DECIMALS;
	if (value == NULL)
		return true;
	if (!clientele_json_read_object(reader, &place, value, &rounding_shape, members) ||
		!clientele_json_read_optional_int(reader, &place, members[0], 0, CLIENTELE_MONEY_DECIMALS, &rounding->decimals))
		return false;
	if (members[1] != NULL &&
		!clientele_json_read_word(reader, &place, members[1], rounding_keys[1], lengthof(rounding_modes), rounding_modes,
								  rounding_shape.hint, &mode))
		return false;
	rounding->half_even = mode == 1;
	return true;
}

/* ---------- limits ---------- */

static bool
read_period(const Reader *reader, const Place *up, const ClienteleJson *value, ClientelePromotionStock *stock)
{
	Place		place = {up, stock_keys[STOCK_PER_PERIOD], 0, NULL};
	const ClienteleJson *members[lengthof(period_keys)];
	int			period = 0;

	if (value == NULL)
		return true;
	if (!clientele_json_read_object(reader, &place, value, &period_shape, members) ||
		!read_int(reader, &place, members[0], period_keys[0], period_shape.hint, 1, NUMBER_LIMIT, &stock->per_period) ||
		!clientele_json_read_word(reader, &place, members[1], period_keys[1], CLIENTELE_LIMIT_PERIODS,
								  clientele_limit_periods, period_shape.hint, &period))
		return false;
	stock->period = (ClienteleUnit) (CLIENTELE_DAYS + period);
	return true;
}

static bool
read_stock(const Reader *reader, const ClienteleJson *value, ClientelePromotionStock *stock)
{
	Place		place = {NULL, promotion_keys[KEY_STOCK], 0, NULL};
	const ClienteleJson *members[STOCK_KEYS];

	stock->total = stock->per_branch = stock->per_day = stock->per_customer = stock->per_period = CLIENTELE_NO_LIMIT;
	stock->period = CLIENTELE_DAYS;
	if (value == NULL)
		return true;
	return clientele_json_read_object(reader, &place, value, &stock_shape, members) &&
		clientele_json_read_optional_int(reader, &place, members[STOCK_TOTAL], 1, NUMBER_LIMIT, &stock->total) &&
		clientele_json_read_optional_int(reader, &place, members[STOCK_PER_BRANCH], 1, NUMBER_LIMIT, &stock->per_branch) &&
		clientele_json_read_optional_int(reader, &place, members[STOCK_PER_DAY], 1, NUMBER_LIMIT, &stock->per_day) &&
		clientele_json_read_optional_int(reader, &place, members[STOCK_PER_CUSTOMER], 1, NUMBER_LIMIT,
										 &stock->per_customer) &&
		read_period(reader, &place, members[STOCK_PER_PERIOD], stock);
}

/* What a budget counts must have a value in money. */
static bool
read_budget(const Reader *reader, const ClienteleJson *value, ClientelePromotion *promotion)
{
	Place		place = {NULL, promotion_keys[KEY_BUDGET], 0, NULL};

	if (value == NULL)
		return true;
	if (promotion->benefit.kind == CLIENTELE_POINTS || promotion->benefit.kind == CLIENTELE_COUPON)
		return clientele_json_refuse(reader, &place, ERRCODE_INVALID_PARAMETER_VALUE,
									 "Limit how many there are instead: \"stock\": {\"total\": 500}.",
									 psprintf("%s have no value in money",
											  promotion->benefit.kind == CLIENTELE_POINTS ? "points" : "coupons"));
	promotion->has_budget = true;
	return read_positive(reader, NULL, value, place.key, "Write money above 0, such as 1000000.", &promotion->budget);
}

static bool
read_claim_term(const Reader *reader, const ClienteleJson *value, int *minutes)
{
	Place		place = {NULL, promotion_keys[KEY_CLAIM_TERM], 0, NULL};
	const ClienteleJson *members[lengthof(claim_term_keys)];

	return value == NULL ||
		(clientele_json_read_object(reader, &place, value, &claim_term_shape, members) &&
		 read_int(reader, &place, members[0], claim_term_keys[0], claim_term_shape.hint, 1, MOST_MINUTES, minutes));
}

static bool
read_needs(const Reader *reader, const ClienteleJson *value, ClientelePromotion *promotion)
{
	Place		place = {NULL, promotion_keys[KEY_NEEDS], 0, NULL};
	Place		within = {&place, needs_keys[1], 0, NULL};
	const ClienteleJson *members[lengthof(needs_keys)];
	const ClienteleJson *hours[lengthof(within_keys)];

	return value == NULL ||
		(clientele_json_read_object(reader, &place, value, &needs_shape, members) &&
		 read_int(reader, &place, members[0], needs_keys[0], needs_shape.hint, 2, MOST_JOINERS, &promotion->joiners) &&
		 clientele_json_require(reader, &place, members[1], needs_keys[1], needs_shape.hint) &&
		 clientele_json_read_object(reader, &within, members[1], &within_shape, hours) &&
		 read_int(reader, &within, hours[0], within_keys[0], within_shape.hint, 1, MOST_HOURS, &promotion->within_hours));
}

static bool
read_after_refund(const Reader *reader, const ClienteleJson *value, ClientelePromotion *promotion)
{
	Place		place = {NULL, promotion_keys[KEY_AFTER_REFUND], 0, NULL};
	int			rule = 0;

	if (!clientele_json_read_word(reader, NULL, value, place.key, CLIENTELE_REFUND_RULES, clientele_refund_rules,
								  "Say what becomes of it when the bill is refunded: \"recompute\", \"proportional\" or \"none\".",
								  &rule))
		return false;
	promotion->after_refund = (ClienteleAfterRefund) rule;
	if (promotion->after_refund == CLIENTELE_PROPORTIONAL &&
		(promotion->benefit.kind == CLIENTELE_GIFT || promotion->benefit.kind == CLIENTELE_COUPON))
		return clientele_json_refuse(reader, &place, ERRCODE_INVALID_PARAMETER_VALUE,
									 "Write \"recompute\" or \"none\".", "pieces are not divided");
	return true;
}

/* ---------- the whole ---------- */

static bool
read_promotion(const Reader *reader, const ClienteleJson *value, ClientelePromotion *promotion)
{
	const ClienteleJson *members[PROMOTION_KEYS];

	promotion->stacks = true;
	return clientele_json_read_object(reader, NULL, value, &promotion_shape, members) &&
		read_term(reader, members[KEY_TERM], &promotion->term) &&
		read_branches(reader, members[KEY_BRANCHES], promotion) &&
		read_audience(reader, members, promotion) &&
		read_condition(reader, NULL, members[KEY_BILL], CLIENTELE_BILL_NAMES, clientele_bill_names, &promotion->bill) &&
		read_spend(reader, members[KEY_SPEND], promotion) &&
		read_rounding(reader, members[KEY_ROUNDING], &promotion->rounding) &&
		read_benefit(reader, members[KEY_BENEFIT], promotion) &&
		read_stock(reader, members[KEY_STOCK], &promotion->stock) &&
		read_budget(reader, members[KEY_BUDGET], promotion) &&
		clientele_json_read_optional_int(reader, NULL, members[KEY_PRIORITY], -NUMBER_LIMIT, NUMBER_LIMIT,
										 &promotion->priority) &&
		clientele_json_read_optional_text(reader, NULL, members[KEY_EXCLUSIVE_GROUP], &promotion->exclusive_group) &&
		read_boolean(reader, NULL, members[KEY_STACKS], &promotion->stacks) &&
		read_claim_term(reader, members[KEY_CLAIM_TERM], &promotion->claim_minutes) &&
		read_after_refund(reader, members[KEY_AFTER_REFUND], promotion) &&
		read_needs(reader, members[KEY_NEEDS], promotion);
}

ClientelePromotion *
clientele_promotion_parse(const char *text, struct Node *escontext)
{
	Reader		reader = {TYPE_NAME, escontext};
	ClientelePromotion *promotion = palloc0(sizeof(ClientelePromotion));
	ClienteleJson *tree = clientele_json_tree_read(text, TYPE_NAME, PROMOTION_EXAMPLE, escontext);

	if (tree == NULL || !read_promotion(&reader, tree, promotion))
		return NULL;
	return promotion;
}
