/*
 * scorecard_parse.c
 *		From the JSON text of a scorecard to a checked ClienteleScorecard.
 *
 * A card decides what customers are offered, so what is missing or contradictory
 * is refused; json_read.h says how.
 */
#include "postgres.h"

#include "base/json_read.h"
#include "compat.h"
#include "scorecard/scorecard.h"

#define TYPE_NAME "scorecard"

#define CARD_EXAMPLE \
	"A scorecard looks like {\"method\": \"weighted\", \"characteristics\": [{\"name\": \"loyalty\", " \
	"\"weight\": 10, \"value\": \"visits\", \"bins\": [{\"below\": 5, \"points\": 20}, {\"points\": 100}]}], " \
	"\"tiers\": [{\"label\": \"strategic\", \"at_least\": 80}]}."
#define RANGES_EXAMPLE \
	"Ranges ascend and the last one is open, such as " \
	"[{\"below\": 10, \"points\": 20}, {\"below\": 50, \"points\": 60}, {\"points\": 100}]."
#define CONDITIONS_EXAMPLE \
	"Conditions look like [{\"when\": \"city = 'Suzhou'\", \"points\": 60}, {\"points\": 20}], " \
	"where the last bin takes all others."

typedef ClienteleJsonPlace Place;
typedef ClienteleJsonShape Shape;

typedef struct CardReader
{
	const ClienteleJsonReader *json;
	const Place *place;			/* of the card: NULL = it is the whole text */
	ClienteleScorecard *card;
} CardReader;

enum CardKey
{
	CARD_METHOD, CARD_INITIAL, CARD_BASELINE, CARD_ALGORITHM, CARD_CHARACTERISTICS, CARD_TIERS, CARD_KEYS
};
static const char *const card_keys[CARD_KEYS] = {
	"method", "initial", "baseline", "reason_code_algorithm", "characteristics", "tiers"
};
static const Shape card_shape = {
	CARD_KEYS, card_keys,
	"A card has the keys \"method\", \"initial\", \"baseline\", \"reason_code_algorithm\", "
	"\"characteristics\" and \"tiers\"."
};

enum CharacteristicKey
{
	CHAR_NAME, CHAR_WEIGHT, CHAR_VALUE, CHAR_BASELINE, CHAR_REASON_CODE, CHAR_BINS, CHAR_MISSING, CHAR_KEYS
};
static const char *const characteristic_keys[CHAR_KEYS] = {
	"name", "weight", "value", "baseline", "reason_code", "bins", "missing"
};
static const Shape characteristic_shape = {
	CHAR_KEYS, characteristic_keys,
	"A characteristic has the keys \"name\", \"weight\", \"value\", \"baseline\", \"reason_code\", "
	"\"bins\" and \"missing\"."
};

enum BinKey
{
	BIN_BELOW, BIN_WHEN, BIN_POINTS, BIN_REASON, BIN_REASON_CODE, BIN_KEYS
};
static const char *const bin_keys[BIN_KEYS] = {"below", "when", "points", "reason", "reason_code"};
static const Shape bin_shape = {
	BIN_KEYS, bin_keys,
	"A bin has the keys \"below\" or \"when\", \"points\", \"reason\" and \"reason_code\"."
};

enum TierKey
{
	TIER_LABEL, TIER_AT_LEAST, TIER_KEYS
};
static const char *const tier_keys[TIER_KEYS] = {"label", "at_least"};
static const Shape tier_shape = {
	TIER_KEYS, tier_keys,
	"A tier looks like {\"label\": \"strategic\", \"at_least\": 80}."
};

static bool
refuse(CardReader *reader, const Place *place, int sqlstate, const char *hint, const char *message)
{
	return clientele_json_refuse(reader->json, place, sqlstate, hint, message);
}

static bool
refuse_missing_key(CardReader *reader, const Place *place, const char *key, const char *hint)
{
	return clientele_json_refuse_missing(reader->json, place, key, hint);
}

/* A number, or the text of an expression that computes one. */
static bool
read_amount(CardReader *reader, const Place *place, const ClienteleJson *value, ClienteleCardAmount *result)
{
	result->expression = NULL;
	result->number = clientele_decimal_from_int64(0);
	if (value->kind == CLIENTELE_JSON_STRING)
		return clientele_json_read_expression(reader->json, place, value, &result->expression);
	return clientele_json_read_number(reader->json, place, value, &result->number);
}

/* A member of `up` that may be absent: a number that is the same for all customers. */
static bool
read_bound(CardReader *reader, const Place *up, const ClienteleJson *value, bool *present,
		   ClienteleDecimal *number, const char **formula)
{
	Place		place = {up, NULL, 0, NULL};

	*present = value != NULL;
	*number = clientele_decimal_from_int64(0);
	if (value == NULL)
		return true;
	place.key = value->key;
	return clientele_json_read_bound(reader->json, &place, value, number, formula);
}

static bool
is_between_0_and_100(ClienteleDecimal number)
{
	return clientele_decimal_sign(number) >= 0 &&
		clientele_decimal_compare(number, clientele_decimal_from_int64(100)) <= 0;
}

static bool
read_points(CardReader *reader, const Place *up, const ClienteleJson *value, ClienteleCardAmount *result)
{
	static const char hint[] = "The points of a weighted card run from 0 to 100, such as {\"points\": 40}.";
	Place		place = {up, bin_keys[BIN_POINTS], 0, NULL};

	if (value == NULL)
		return refuse_missing_key(reader, up, bin_keys[BIN_POINTS],
								  "Say what the bin awards, such as {\"points\": 40}.");
	if (!read_amount(reader, &place, value, result))
		return false;
	if (reader->card->weighted && result->expression != NULL && !clientele_is_formula(result->expression))
		return refuse(reader, &place, ERRCODE_INVALID_PARAMETER_VALUE, hint,
					  psprintf("computed points (%s) on a weighted card", clientele_json_show(value)));
	if (reader->card->weighted && !is_between_0_and_100(result->number))
		return refuse(reader, &place, ERRCODE_INVALID_PARAMETER_VALUE, hint,
					  psprintf("%s is not between 0 and 100",
							   clientele_json_show(value)));
	return true;
}

/* What every bin has, be it a range, a condition or `missing`. */
static bool
read_award(CardReader *reader, const Place *place, const ClienteleJson **members, ClienteleCardBin *bin)
{
	if (!read_points(reader, place, members[BIN_POINTS], &bin->points) ||
		!clientele_json_read_optional_text(reader->json, place, members[BIN_REASON], &bin->reason) ||
		!clientele_json_read_optional_text(reader->json, place, members[BIN_REASON_CODE], &bin->reason_code))
		return false;
	if (bin->reason_code != NULL)
		reader->card->has_reason_codes = true;
	return true;
}

static bool
read_bin(CardReader *reader, const Place *place, const ClienteleJson *value, ClienteleCardBin *bin)
{
	const ClienteleJson *members[BIN_KEYS];

	memset(bin, 0, sizeof(*bin));
	if (!clientele_json_read_object(reader->json, place, value, &bin_shape, members))
		return false;
	if (members[BIN_BELOW] != NULL && members[BIN_WHEN] != NULL)
		return refuse(reader, place, ERRCODE_INVALID_PARAMETER_VALUE, RANGES_EXAMPLE,
					  "both \"below\" and \"when\" in one bin");
	if (!read_bound(reader, place, members[BIN_BELOW], &bin->has_below, &bin->below, &bin->below_formula))
		return false;
	if (members[BIN_WHEN] != NULL)
	{
		Place		when = {place, bin_keys[BIN_WHEN], 0, NULL};

		if (!clientele_json_read_expression(reader->json, &when, members[BIN_WHEN], &bin->when))
			return false;
	}
	return read_award(reader, place, members, bin);
}

static bool
read_missing(CardReader *reader, const Place *up, const ClienteleJson *value, ClienteleCardBin **result)
{
	static const char hint[] = "It looks like {\"points\": 0, \"reason\": \"not known\"}.";
	Place		place = {up, characteristic_keys[CHAR_MISSING], 0, NULL};
	const ClienteleJson *members[BIN_KEYS];

	*result = NULL;
	if (value == NULL)
		return true;

	*result = palloc0(sizeof(ClienteleCardBin));
	if (!clientele_json_read_object(reader->json, &place, value, &bin_shape, members))
		return false;
	for (int key = BIN_BELOW; key <= BIN_WHEN; key++)
	{
		if (members[key] != NULL)
			return refuse(reader, &place, ERRCODE_INVALID_PARAMETER_VALUE, hint,
						  psprintf("key \"%s\" does not belong here", bin_keys[key]));
	}
	return read_award(reader, &place, members, *result);
}

/* A bin that takes whatever the bins before it left. */
static bool
is_open(const ClienteleCardBin *bin)
{
	return !bin->has_below && bin->when == NULL;
}

/*
 * Finds out whether the bins are ranges or conditions.  A single open bin is a
 * range if there is a value: it then awards its points to whoever has one.
 */
static bool
classify_bins(CardReader *reader, const Place *bins_place, ClienteleCardCharacteristic *characteristic)
{
	bool		ranges = false;
	bool		conditions = false;

	for (int i = 0; i < characteristic->nbins; i++)
	{
		Place		place = {bins_place, NULL, i, NULL};

		ranges |= characteristic->bins[i].has_below;
		conditions |= (characteristic->bins[i].when != NULL);
		if (ranges && conditions)
			return refuse(reader, &place, ERRCODE_INVALID_PARAMETER_VALUE,
						  "Use \"below\" in all bins of a characteristic or \"when\" in all, but for the last.",
						  "\"below\" and \"when\" are mixed");
	}
	characteristic->by_range = ranges || (!conditions && characteristic->value != NULL);
	return true;
}

static bool
check_open_bins(CardReader *reader, const Place *bins_place, const ClienteleCardCharacteristic *characteristic)
{
	const char *hint = characteristic->by_range ? RANGES_EXAMPLE : CONDITIONS_EXAMPLE;
	int			last = characteristic->nbins - 1;

	for (int i = 0; i < last; i++)
	{
		Place		place = {bins_place, NULL, i + 1, NULL};

		if (is_open(&characteristic->bins[i]))
			return refuse(reader, &place, ERRCODE_INVALID_PARAMETER_VALUE, hint,
						  "the bin can never apply: the one before it is open");
	}

	if (characteristic->by_range && !is_open(&characteristic->bins[last]))
	{
		Place		place = {bins_place, NULL, last, NULL};

		return refuse(reader, &place, ERRCODE_INVALID_PARAMETER_VALUE, hint,
					  psprintf("the last range ends at %s, so values from there on have no points",
							   characteristic->bins[last].below_formula ? characteristic->bins[last].below_formula :
							   clientele_decimal_to_string(characteristic->bins[last].below)));
	}
	return true;
}

static bool
check_limits_ascend(CardReader *reader, const Place *bins_place, const ClienteleCardCharacteristic *characteristic)
{
	for (int i = 1; i < characteristic->nbins; i++)
	{
		const ClienteleCardBin *before = &characteristic->bins[i - 1];
		const ClienteleCardBin *bin = &characteristic->bins[i];
		Place		bin_place = {bins_place, NULL, i, NULL};
		Place		place = {&bin_place, bin_keys[BIN_BELOW], 0, NULL};
		int			order;

		if (!bin->has_below || bin->below_formula || before->below_formula)
			continue;
		order = clientele_decimal_compare(before->below, bin->below);
		if (order >= 0)
			return refuse(reader, &place, ERRCODE_INVALID_PARAMETER_VALUE, RANGES_EXAMPLE,
						  psprintf(order == 0 ? "%s is the limit of the bin before it too" :
								   "%s is less than the limit of the bin before it",
								   clientele_decimal_to_string(bin->below)));
	}
	return true;
}

static bool
read_bins(CardReader *reader, const Place *up, const ClienteleJson *value,
		  ClienteleCardCharacteristic *characteristic)
{
	Place		place = {up, characteristic_keys[CHAR_BINS], 0, NULL};
	int			i = 0;

	if (value == NULL)
		return refuse_missing_key(reader, up, characteristic_keys[CHAR_BINS], RANGES_EXAMPLE);
	if (!clientele_json_check_list(reader->json, &place, value, RANGES_EXAMPLE))
		return false;

	characteristic->nbins = value->nchildren;
	characteristic->bins = palloc0(value->nchildren * sizeof(ClienteleCardBin));
	for (const ClienteleJson *bin = value->first; bin != NULL; bin = bin->next, i++)
	{
		Place		bin_place = {&place, NULL, i, NULL};

		if (!read_bin(reader, &bin_place, bin, &characteristic->bins[i]))
			return false;
	}

	if (!classify_bins(reader, &place, characteristic) ||
		!check_open_bins(reader, &place, characteristic))
		return false;
	if (!characteristic->by_range)
		return true;
	if (characteristic->value == NULL)
		return refuse_missing_key(reader, up, characteristic_keys[CHAR_VALUE],
								  "Say what the ranges are ranges of, such as \"value\": \"visits\".");
	return check_limits_ascend(reader, &place, characteristic);
}

static bool
check_missing_can_apply(CardReader *reader, const Place *up, const ClienteleCardCharacteristic *characteristic)
{
	Place		place = {up, characteristic_keys[CHAR_MISSING], 0, NULL};

	if (characteristic->missing != NULL && !characteristic->by_range &&
		is_open(&characteristic->bins[characteristic->nbins - 1]))
		return refuse(reader, &place, ERRCODE_INVALID_PARAMETER_VALUE,
					  "Leave out \"missing\", or put a condition into the last bin, such as "
					  "{\"when\": \"city is not null\", \"points\": 20}.",
					  "it can never apply: the last bin takes every customer");
	return true;
}

static bool
read_weight(CardReader *reader, const Place *up, const ClienteleJson *value, ClienteleCardAmount *result)
{
	static const char hint[] = "Weights are numbers from 0 up, such as \"weight\": 40.";
	Place		place = {up, characteristic_keys[CHAR_WEIGHT], 0, NULL};

	if (!reader->card->weighted)
	{
		if (value != NULL)
			return refuse(reader, &place, ERRCODE_INVALID_PARAMETER_VALUE,
						  "Leave out \"weight\", or write \"method\": \"weighted\".",
						  "an additive card has no weights");
		result->expression = NULL;
		result->number = clientele_decimal_from_int64(1);
		return true;
	}

	if (value == NULL)
		return refuse_missing_key(reader, up, characteristic_keys[CHAR_WEIGHT], hint);
	if (!read_amount(reader, &place, value, result))
		return false;
	if (result->expression == NULL && clientele_decimal_sign(result->number) < 0)
		return refuse(reader, &place, ERRCODE_INVALID_PARAMETER_VALUE, hint,
					  psprintf("%s is negative",
							   clientele_json_show(value)));
	return true;
}

static bool
read_name(CardReader *reader, const Place *up, const ClienteleJson *value, int number)
{
	Place		place = {up, characteristic_keys[CHAR_NAME], 0, NULL};
	ClienteleCardCharacteristic *all = reader->card->characteristics;

	if (value == NULL)
		return refuse_missing_key(reader, up, characteristic_keys[CHAR_NAME],
								  "Name each characteristic, such as \"name\": \"loyalty\".");
	if (!clientele_json_read_text(reader->json, &place, value, &all[number].name))
		return false;
	for (int i = 0; i < number; i++)
	{
		if (strcmp(all[i].name, all[number].name) == 0)
			return refuse(reader, &place, ERRCODE_INVALID_PARAMETER_VALUE,
						  "Each characteristic has a name of its own, such as \"loyalty\".",
						  psprintf("characteristics[%d] is called %s too", i, clientele_json_show_text(all[i].name)));
	}
	return true;
}

static bool
read_characteristic(CardReader *reader, const Place *place, const ClienteleJson *value, int number)
{
	ClienteleCardCharacteristic *characteristic = &reader->card->characteristics[number];
	const ClienteleJson *members[CHAR_KEYS];

	if (!clientele_json_read_object(reader->json, place, value, &characteristic_shape, members) ||
		!read_name(reader, place, members[CHAR_NAME], number) ||
		!read_weight(reader, place, members[CHAR_WEIGHT], &characteristic->weight))
		return false;
	if (members[CHAR_VALUE] != NULL)
	{
		Place		value_place = {place, characteristic_keys[CHAR_VALUE], 0, NULL};

		if (!clientele_json_read_expression(reader->json, &value_place, members[CHAR_VALUE], &characteristic->value))
			return false;
	}
	if (!clientele_json_read_optional_number(reader->json, place, members[CHAR_BASELINE], &characteristic->has_baseline,
											 &characteristic->baseline) ||
		!clientele_json_read_optional_text(reader->json, place, members[CHAR_REASON_CODE], &characteristic->reason_code) ||
		!read_bins(reader, place, members[CHAR_BINS], characteristic) ||
		!read_missing(reader, place, members[CHAR_MISSING], &characteristic->missing))
		return false;
	if (characteristic->reason_code != NULL)
		reader->card->has_reason_codes = true;
	return check_missing_can_apply(reader, place, characteristic);
}

static bool
check_weights(CardReader *reader, const Place *place)
{
	ClienteleScorecard *card = reader->card;

	if (!card->weighted)
		return true;
	for (int i = 0; i < card->ncharacteristics; i++)
	{
		ClienteleCardAmount *weight = &card->characteristics[i].weight;

		if (weight->expression != NULL || clientele_decimal_sign(weight->number) > 0)
			return true;
	}
	return refuse(reader, place, ERRCODE_INVALID_PARAMETER_VALUE,
				  "At least one characteristic needs a weight above 0, such as \"weight\": 40.",
				  "all weights are 0");
}

static bool
read_characteristics(CardReader *reader, const ClienteleJson *value)
{
	ClienteleScorecard *card = reader->card;
	Place		place = {reader->place, card_keys[CARD_CHARACTERISTICS], 0, NULL};
	int			i = 0;

	if (value == NULL)
		return refuse_missing_key(reader, reader->place, card_keys[CARD_CHARACTERISTICS], CARD_EXAMPLE);
	if (!clientele_json_check_list(reader->json, &place, value, CARD_EXAMPLE))
		return false;

	card->ncharacteristics = value->nchildren;
	card->characteristics = palloc0(value->nchildren * sizeof(ClienteleCardCharacteristic));
	for (const ClienteleJson *member = value->first; member != NULL; member = member->next, i++)
	{
		Place		member_place = {&place, NULL, i, NULL};

		if (!read_characteristic(reader, &member_place, member, i))
			return false;
	}
	return check_weights(reader, &place);
}

/* Once there are reason codes, whichever bin applies has one, and a baseline. */
static bool
check_reason_codes(CardReader *reader)
{
	ClienteleScorecard *card = reader->card;
	Place		list = {reader->place, card_keys[CARD_CHARACTERISTICS], 0, NULL};

	if (!card->has_reason_codes)
		return true;
	for (int i = 0; i < card->ncharacteristics; i++)
	{
		ClienteleCardCharacteristic *characteristic = &card->characteristics[i];
		Place		place = {&list, NULL, i, NULL};
		bool		complete = (characteristic->missing == NULL || characteristic->missing->reason_code != NULL);

		for (int bin = 0; bin < characteristic->nbins; bin++)
			complete &= (characteristic->bins[bin].reason_code != NULL);
		if (characteristic->reason_code == NULL && !complete)
			return refuse(reader, &place, ERRCODE_INVALID_PARAMETER_VALUE,
						  "Where one characteristic has a reason code, each needs one, or one in each of its "
						  "bins, such as \"reason_code\": \"RC1\".",
						  psprintf("no reason code for %s", clientele_json_show_text(characteristic->name)));
		if (!characteristic->has_baseline && !card->has_baseline)
			return refuse(reader, &place, ERRCODE_INVALID_PARAMETER_VALUE,
						  "Reason codes are ranked by the distance to a baseline, such as \"baseline\": 20 "
						  "in the characteristic or in the card.",
						  psprintf("no baseline for %s", clientele_json_show_text(characteristic->name)));
	}
	return true;
}

static bool
check_at_least(CardReader *reader, const Place *place, ClienteleDecimal at_least)
{
	if (clientele_decimal_compare(at_least, clientele_decimal_round(at_least, CLIENTELE_SCORE_DECIMALS)) != 0)
		return refuse(reader, place, ERRCODE_INVALID_PARAMETER_VALUE,
					  "Scores are rounded to 2 decimals before they meet a tier; write a limit such as 79.95.",
					  psprintf("%s has more than %d decimals",
							   clientele_decimal_to_string(at_least), CLIENTELE_SCORE_DECIMALS));
	if (reader->card->weighted && !is_between_0_and_100(at_least))
		return refuse(reader, place, ERRCODE_INVALID_PARAMETER_VALUE,
					  "A weighted score runs from 0 to 100; leave out \"at_least\" for a tier that takes all "
					  "that is left.",
					  psprintf("%s is not between 0 and 100", clientele_decimal_to_string(at_least)));
	return true;
}

/* A tier against those before it in the text. */
static bool
check_tier_differs(CardReader *reader, const Place *place, int number)
{
	ClienteleCardTier *tiers = reader->card->tiers;
	ClienteleCardTier *tier = &tiers[number];

	for (int i = 0; i < number; i++)
	{
		if (strcmp(tiers[i].label, tier->label) == 0)
			return refuse(reader, place, ERRCODE_INVALID_PARAMETER_VALUE, "Each tier has a label of its own.",
						  psprintf("tiers[%d] has the label %s too", i, clientele_json_show_text(tier->label)));
		if (!tiers[i].has_at_least && !tier->has_at_least)
			return refuse(reader, place, ERRCODE_INVALID_PARAMETER_VALUE, tier_shape.hint,
						  psprintf("tiers[%d] has no \"at_least\" either", i));
		if (tiers[i].has_at_least && tier->has_at_least && !tiers[i].at_least_formula && !tier->at_least_formula &&
			clientele_decimal_compare(tiers[i].at_least, tier->at_least) == 0)
			return refuse(reader, place, ERRCODE_INVALID_PARAMETER_VALUE,
						  "Each tier starts at a score of its own.",
						  psprintf("tiers[%d] starts at %s too", i, clientele_decimal_to_string(tier->at_least)));
	}
	return true;
}

static bool
read_tier(CardReader *reader, const Place *place, const ClienteleJson *value, int number)
{
	ClienteleCardTier *tier = &reader->card->tiers[number];
	Place		label = {place, tier_keys[TIER_LABEL], 0, NULL};
	Place		at_least = {place, tier_keys[TIER_AT_LEAST], 0, NULL};
	const ClienteleJson *members[TIER_KEYS];

	if (!clientele_json_read_object(reader->json, place, value, &tier_shape, members))
		return false;
	if (members[TIER_LABEL] == NULL)
		return refuse_missing_key(reader, place, tier_keys[TIER_LABEL], tier_shape.hint);
	if (!clientele_json_read_text(reader->json, &label, members[TIER_LABEL], &tier->label) ||
		!read_bound(reader, place, members[TIER_AT_LEAST], &tier->has_at_least, &tier->at_least, &tier->at_least_formula))
		return false;
	if (tier->has_at_least && tier->at_least_formula == NULL && !check_at_least(reader, &at_least, tier->at_least))
		return false;
	return check_tier_differs(reader, place, number);
}

/* Highest first; the tier that takes the rest last.  No two are equal. */
static int
compare_tiers(const void *a, const void *b)
{
	const ClienteleCardTier *one = a;
	const ClienteleCardTier *other = b;

	if (one->has_at_least != other->has_at_least)
		return one->has_at_least ? -1 : 1;
	return clientele_decimal_compare(other->at_least, one->at_least);
}

/* Where they start is not known here: what is known must be in order. */
static bool
check_tiers_descend(CardReader *reader, const Place *list)
{
	const ClienteleScorecard *card = reader->card;

	for (int i = 1; i < card->ntiers; i++)
	{
		Place		place = {list, NULL, i, NULL};

		if (!card->tiers[i - 1].has_at_least)
			return refuse(reader, &place, ERRCODE_INVALID_PARAMETER_VALUE,
						  "Where tiers start at parameters, write the highest first, and the one that takes the rest last.",
						  "the tier can never apply: the one before it takes all that is left");
	}
	return true;
}

static bool
has_tier_formulas(const ClienteleScorecard *card)
{
	for (int i = 0; i < card->ntiers; i++)
	{
		if (card->tiers[i].at_least_formula)
			return true;
	}
	return false;
}

/*
 * The order of tiers in the text means nothing, as each says where it starts:
 * whatever it is, the card has them sorted.  Where some start at formulas, they must be
 * written in order, so that no parameter turns it over unnoticed.
 */
static bool
read_tiers(CardReader *reader, const ClienteleJson *value)
{
	ClienteleScorecard *card = reader->card;
	Place		place = {reader->place, card_keys[CARD_TIERS], 0, NULL};
	int			i = 0;

	if (value == NULL)
		return true;
	if (!clientele_json_check_list(reader->json, &place, value, tier_shape.hint))
		return false;

	card->ntiers = value->nchildren;
	card->tiers = palloc0(value->nchildren * sizeof(ClienteleCardTier));
	for (const ClienteleJson *tier = value->first; tier != NULL; tier = tier->next, i++)
	{
		Place		tier_place = {&place, NULL, i, NULL};

		if (!read_tier(reader, &tier_place, tier, i))
			return false;
	}
	if (has_tier_formulas(card))
		return check_tiers_descend(reader, &place);
	qsort(card->tiers, card->ntiers, sizeof(ClienteleCardTier), compare_tiers);
	return true;
}

/* One of two words. */
static bool
read_choice(CardReader *reader, const Place *place, const ClienteleJson *value, const char *no, const char *yes,
			bool *result)
{
	char	   *hint = psprintf("Write \"%s\" or \"%s\".", yes, no);

	if (value->kind != CLIENTELE_JSON_STRING)
		return clientele_json_refuse_kind(reader->json, place, value, "a text", hint);
	*result = strcmp(value->text, yes) == 0;
	if (!*result && strcmp(value->text, no) != 0)
		return refuse(reader, place, ERRCODE_INVALID_PARAMETER_VALUE, hint,
					  psprintf("unknown word %s",
							   clientele_json_show(value)));
	return true;
}

static bool
read_method(CardReader *reader, const ClienteleJson *value)
{
	Place		place = {reader->place, card_keys[CARD_METHOD], 0, NULL};

	if (value == NULL)
		return refuse_missing_key(reader, reader->place, card_keys[CARD_METHOD],
								  "Write \"method\": \"weighted\" or \"method\": \"additive\".");
	return read_choice(reader, &place, value, "additive", "weighted", &reader->card->weighted);
}

static bool
read_algorithm(CardReader *reader, const ClienteleJson *value)
{
	Place		place = {reader->place, card_keys[CARD_ALGORITHM], 0, NULL};

	if (value == NULL)
		return true;
	return read_choice(reader, &place, value, "points_below", "points_above", &reader->card->points_above);
}

static bool
read_initial(CardReader *reader, const ClienteleJson *value)
{
	ClienteleScorecard *card = reader->card;
	Place		place = {reader->place, card_keys[CARD_INITIAL], 0, NULL};
	bool		present;

	if (!read_bound(reader, reader->place, value, &present, &card->initial, &card->initial_formula))
		return false;
	if (card->weighted && (card->initial_formula || clientele_decimal_sign(card->initial) != 0))
		return refuse(reader, &place, ERRCODE_INVALID_PARAMETER_VALUE,
					  "Leave out \"initial\", or write \"method\": \"additive\".",
					  psprintf("a weighted card starts at 0, not at %s", clientele_json_show(value)));
	return true;
}

ClienteleScorecard *
clientele_scorecard_read(const ClienteleJsonReader *json, const ClienteleJsonPlace *place,
						 const ClienteleJson *value)
{
	CardReader	reader = {json, place, palloc0(sizeof(ClienteleScorecard))};
	const ClienteleJson *members[CARD_KEYS];

	if (!clientele_json_read_object(json, place, value, &card_shape, members) ||
		!read_method(&reader, members[CARD_METHOD]) ||
		!read_initial(&reader, members[CARD_INITIAL]) ||
		!clientele_json_read_optional_number(json, place, members[CARD_BASELINE], &reader.card->has_baseline,
											 &reader.card->baseline) ||
		!read_algorithm(&reader, members[CARD_ALGORITHM]) ||
		!read_characteristics(&reader, members[CARD_CHARACTERISTICS]) ||
		!read_tiers(&reader, members[CARD_TIERS]) ||
		!check_reason_codes(&reader))
		return NULL;
	clientele_scorecard_number_rules(reader.card);
	return reader.card;
}

ClienteleScorecard *
clientele_scorecard_parse(const char *text, struct Node *escontext)
{
	ClienteleJsonReader reader = {TYPE_NAME, escontext};
	ClienteleJson *json = clientele_json_tree_read(text, TYPE_NAME, CARD_EXAMPLE, escontext);

	return json ? clientele_scorecard_read(&reader, NULL, json) : NULL;
}
