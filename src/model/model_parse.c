/*
 * model_parse.c
 *		From the JSON text of a model to a checked ClienteleModel.
 *
 * json_read.h says how strict it is.  What an expression's names mean is not
 * looked at here.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/timestamp.h"

#include "base/iso_time.h"
#include "base/json_read.h"
#include "compat.h"
#include "expression/formula.h"
#include "model/model.h"

#define TYPE_NAME "model"

#define MODEL_EXAMPLE \
	"A model looks like {\"time_zone\": \"Asia/Shanghai\", \"sources\": [{\"name\": \"payment\"}], " \
	"\"definitions\": [{\"kind\": \"tag\", \"name\": \"vip\", \"when\": \"sum(payment.amount) > 50000\"}]}."
#define RUNGS_EXAMPLE \
	"Rules look like [{\"label\": \"new\", \"when\": \"count(visit) = 1\"}, {\"label\": \"other\"}], " \
	"where the last takes all others."

/* The most decimals of a metric. */
#define MAX_SCALE CLIENTELE_DECIMAL_MAX_SCALE

/* An event may be a year ahead. */
#define MAX_FUTURE_TOLERANCE ((int64) 366 * USECS_PER_DAY)

typedef ClienteleJsonPlace Place;
typedef ClienteleJsonReader Reader;
typedef ClienteleJsonShape Shape;

const char *const clientele_definition_kinds[CLIENTELE_DEFINITION_KINDS] = {
	[CLIENTELE_PARAMETER] = "parameter",
	[CLIENTELE_METRIC] = "metric",
	[CLIENTELE_RFM_GRID] = "rfm",
	[CLIENTELE_CARD] = "scorecard",
	[CLIENTELE_LADDER] = "ladder",
	[CLIENTELE_TAG] = "tag"
};

/* Every column of the view that is no definition's. */
static const char *const reserved_names[] = {
	"as_of", "due_at", "evaluated_at", "model_version", "tags"
};

/* The numbers beside a label: columns NAME_r and so on. */
static const char *const grid_suffixes[] = {"_score", "_r", "_f", "_m"};
#define LONGEST_SUFFIX 6

enum ModelKey
{
	MODEL_TIME_ZONE, MODEL_BRANCH, MODEL_SOURCES, MODEL_DEFINITIONS, MODEL_KEYS
};
static const char *const model_keys[MODEL_KEYS] = {"time_zone", "branch", "sources", "definitions"};
static const Shape model_shape = {
	MODEL_KEYS, model_keys, "A model has the keys \"time_zone\", \"branch\", \"sources\" and \"definitions\"."
};

enum SourceKey
{
	SOURCE_NAME, SOURCE_AMOUNT, SOURCE_REVENUE, SOURCE_BRANCH, SOURCE_FILTER, SOURCE_FUTURE_TOLERANCE, SOURCE_KEYS
};
static const char *const source_keys[SOURCE_KEYS] = {
	"name", "amount", "revenue", "branch", "filter", "future_tolerance"
};
static const Shape source_shape = {
	SOURCE_KEYS, source_keys,
	"A source has the keys \"name\", \"amount\", \"revenue\", \"branch\", \"filter\" and \"future_tolerance\"."
};

/* The first two keys of every definition. */
enum DefinitionKey
{
	DEFINITION_KIND, DEFINITION_NAME, DEFINITION_KEYS
};

enum ParameterKey
{
	PARAMETER_VALUE = DEFINITION_KEYS, PARAMETER_BRANCHES, PARAMETER_KEYS
};
static const char *const parameter_keys[PARAMETER_KEYS] = {"kind", "name", "value", "branches"};

enum MetricKey
{
	METRIC_VALUE = DEFINITION_KEYS, METRIC_SCALE, METRIC_KEYS
};
static const char *const metric_keys[METRIC_KEYS] = {"kind", "name", "value", "scale"};

enum GridKey
{
	GRID_RECENCY = DEFINITION_KEYS, GRID_FREQUENCY, GRID_MONETARY, GRID_BINS, GRID_METHOD, GRID_CUTS,
	GRID_CALIBRATED_AT, GRID_SCHEME, GRID_HIGH_FROM, GRID_GROUPS, GRID_KEYS
};
static const char *const grid_keys[GRID_KEYS] = {
	"kind", "name", "recency", "frequency", "monetary", "bins", "method", "cuts", "calibrated_at",
	"scheme", "high_from", "groups"
};

enum CardKey
{
	CARD_CARD = DEFINITION_KEYS, CARD_KEEP, CARD_KEYS
};
static const char *const card_keys[CARD_KEYS] = {"kind", "name", "card", "keep"};

enum LadderKey
{
	LADDER_RULES = DEFINITION_KEYS, LADDER_KEEP, LADDER_KEYS
};
static const char *const ladder_keys[LADDER_KEYS] = {"kind", "name", "rules", "keep"};

enum TagKey
{
	TAG_WHEN = DEFINITION_KEYS, TAG_FAMILY, TAG_KEYS
};
static const char *const tag_keys[TAG_KEYS] = {"kind", "name", "when", "family"};

/* By ClienteleDefinitionKind. */
static const Shape definition_shapes[CLIENTELE_DEFINITION_KINDS] = {
	[CLIENTELE_PARAMETER] = {
		PARAMETER_KEYS, parameter_keys,
		"A parameter looks like {\"kind\": \"parameter\", \"name\": \"dormant_days\", \"value\": 180, "
		"\"branches\": {\"pudong\": 90}}."
	},
	[CLIENTELE_METRIC] = {
		METRIC_KEYS, metric_keys,
		"A metric looks like {\"kind\": \"metric\", \"name\": \"spend\", \"value\": \"sum(payment.net)\", \"scale\": 2}."
	},
	[CLIENTELE_RFM_GRID] = {
		GRID_KEYS, grid_keys,
		"An RFM grid has the keys \"recency\", \"frequency\", \"monetary\", \"bins\", \"method\", \"cuts\", "
		"\"calibrated_at\", and \"scheme\" with \"high_from\", or \"groups\"."
	},
	[CLIENTELE_CARD] = {
		CARD_KEYS, card_keys,
		"A scorecard looks like {\"kind\": \"scorecard\", \"name\": \"tier\", \"card\": {\"method\": ...}}."
	},
	[CLIENTELE_LADDER] = {
		LADDER_KEYS, ladder_keys,
		"A ladder looks like {\"kind\": \"ladder\", \"name\": \"stage\", \"rules\": [{\"label\": \"new\", "
		"\"when\": \"count(visit) = 1\"}, {\"label\": \"other\"}]}."
	},
	[CLIENTELE_TAG] = {
		TAG_KEYS, tag_keys,
		"A tag looks like {\"kind\": \"tag\", \"name\": \"vip\", \"when\": \"spend > 50000\", \"family\": \"value\"}."
	},
};

enum RungKey
{
	RUNG_LABEL, RUNG_WHEN, RUNG_KEYS
};
static const char *const rung_keys[RUNG_KEYS] = {"label", "when"};
static const Shape rung_shape = {RUNG_KEYS, rung_keys, RUNGS_EXAMPLE};

/* ---------- parts ---------- */

/* A list that may be empty, but must be there. */
static bool
check_array(const Reader *reader, const Place *place, const ClienteleJson *value)
{
	if (!clientele_json_require(reader, place->up, value, place->key, MODEL_EXAMPLE))
		return false;
	return value->kind == CLIENTELE_JSON_ARRAY ||
		clientele_json_refuse_kind(reader, place, value, "a list", MODEL_EXAMPLE);
}

static bool
read_expression(const Reader *reader, const Place *up, const ClienteleJson *value, const char *key,
				const char *hint, const char **result)
{
	Place		place = {up, key, 0, NULL};

	if (!clientele_json_require(reader, up, value, key, hint) ||
		!clientele_json_read_expression(reader, &place, value, result))
		return false;
	if (strlen(*result) > CLIENTELE_RULE_TEXT_MAX)
		return clientele_json_refuse(reader, &place, ERRCODE_PROGRAM_LIMIT_EXCEEDED,
									 "Split it into several, each with a name of its own.",
									 psprintf("the expression is %zu bytes long, but at most %d bytes are allowed",
											  strlen(*result), CLIENTELE_RULE_TEXT_MAX));
	return true;
}

/* ---------- sources ---------- */

/* Only money can be revenue. */
static bool
read_revenue(const Reader *reader, const Place *up, const ClienteleJson *value, ClienteleModelSource *source)
{
	static const char hint[] = "Write true where the amounts of the source are revenue, and leave it out elsewhere.";
	Place		place = {up, source_keys[SOURCE_REVENUE], 0, NULL};

	if (value == NULL)
		return true;
	if (value->kind != CLIENTELE_JSON_TRUE)
		return clientele_json_refuse(reader, &place, ERRCODE_INVALID_PARAMETER_VALUE, hint,
									 psprintf("%s is not true", clientele_json_show(value)));
	if (source->amount == NULL)
		return clientele_json_refuse(reader, &place, ERRCODE_INVALID_PARAMETER_VALUE,
									 "Say which column is money: \"amount\": \"net\".", "the source has no amount");
	source->revenue = true;
	return true;
}

static bool
read_future_tolerance(const Reader *reader, const Place *up, const ClienteleJson *value, int64 *result)
{
	static const char hint[] = "Write seconds from 0 to 31622400 (366 days), such as 300.";
	Place		place = {up, source_keys[SOURCE_FUTURE_TOLERANCE], 0, NULL};
	ClienteleDecimal seconds;
	ClienteleDecimal microseconds;

	if (value == NULL)
		return true;
	if (!clientele_json_read_number(reader, &place, value, &seconds))
		return false;
	if (clientele_decimal_sign(seconds) < 0 ||
		clientele_decimal_compare(seconds, clientele_decimal_from_int64(MAX_FUTURE_TOLERANCE / USECS_PER_SEC)) > 0 ||
		!clientele_decimal_multiply(seconds, clientele_decimal_from_int64(USECS_PER_SEC), &microseconds))
		return clientele_json_refuse(reader, &place, ERRCODE_INVALID_PARAMETER_VALUE, hint,
									 psprintf("%s is not one of them", clientele_json_show(value)));
	microseconds = clientele_decimal_trim(clientele_decimal_round(microseconds, 0));
	*result = microseconds.u.units;
	return true;
}

static bool
read_source(const Reader *reader, const Place *list, int number, const ClienteleJson *value,
			ClienteleModelSource *sources)
{
	ClienteleModelSource *source = &sources[number];
	Place		place = {list, NULL, number, NULL};
	const ClienteleJson *members[SOURCE_KEYS];

	if (!clientele_json_read_object(reader, &place, value, &source_shape, members) ||
		!clientele_json_read_name(reader, &place, members[SOURCE_NAME], source_keys[SOURCE_NAME], &source->name))
		return false;
	place.title = psprintf("source %s", clientele_json_show_text(source->name));
	for (int i = 0; i < number; i++)
	{
		if (strcmp(sources[i].name, source->name) == 0)
			return clientele_json_refuse(reader, &place, ERRCODE_DUPLICATE_OBJECT,
										 "Each source has a name of its own.", "the name is taken");
	}
	if (members[SOURCE_FILTER] != NULL &&
		!read_expression(reader, &place, members[SOURCE_FILTER], source_keys[SOURCE_FILTER], source_shape.hint,
						 &source->filter))
		return false;
	return clientele_json_read_optional_column(reader, &place, members[SOURCE_AMOUNT], &source->amount) &&
		read_revenue(reader, &place, members[SOURCE_REVENUE], source) &&
		clientele_json_read_optional_column(reader, &place, members[SOURCE_BRANCH], &source->branch) &&
		read_future_tolerance(reader, &place, members[SOURCE_FUTURE_TOLERANCE], &source->future_tolerance);
}

static bool
read_sources(const Reader *reader, const ClienteleJson *value, ClienteleModel *model)
{
	Place		place = {NULL, model_keys[MODEL_SOURCES], 0, NULL};
	int			i = 0;

	if (!check_array(reader, &place, value))
		return false;
	if (value->nchildren > CLIENTELE_MAX_SOURCES)
		return clientele_json_refuse(reader, &place, ERRCODE_PROGRAM_LIMIT_EXCEEDED,
									 psprintf("A population has at most %d sources.", CLIENTELE_MAX_SOURCES),
									 psprintf("%d sources", value->nchildren));
	model->nsources = value->nchildren;
	model->sources = palloc0(mul_size(Max(value->nchildren, 1), sizeof(ClienteleModelSource)));
	for (const ClienteleJson *source = value->first; source != NULL; source = source->next, i++)
	{
		if (!read_source(reader, &place, i, source, model->sources))
			return false;
	}
	return true;
}

/* ---------- definitions ---------- */

/* What a ladder or a card may say of how its level is kept. */
static bool
read_keep(const Reader *reader, const Place *up, const ClienteleJson *value, ClienteleDefinition *definition)
{
	Place		place = {up, "keep", 0, NULL};

	if (value == NULL)
		return true;
	definition->keep = clientele_keep_read(reader, &place, value);
	return definition->keep != NULL;
}

/* Every rung but the last has a condition. */
static bool
read_rungs(const Reader *reader, const Place *up, const ClienteleJson *value, ClienteleDefinition *definition)
{
	Place		list = {up, value->key, 0, NULL};
	int			i = 0;

	if (!clientele_json_check_list(reader, &list, value, RUNGS_EXAMPLE))
		return false;
	definition->nrungs = value->nchildren;
	definition->rungs = palloc0(mul_size(value->nchildren, sizeof(ClienteleRung)));
	for (const ClienteleJson *element = value->first; element != NULL; element = element->next, i++)
	{
		ClienteleRung *rung = &definition->rungs[i];
		Place		place = {&list, NULL, i, NULL};
		Place		label = {&place, rung_keys[RUNG_LABEL], 0, NULL};
		const ClienteleJson *members[RUNG_KEYS];

		if (!clientele_json_read_object(reader, &place, element, &rung_shape, members) ||
			!clientele_json_require(reader, &place, members[RUNG_LABEL], rung_keys[RUNG_LABEL], RUNGS_EXAMPLE) ||
			!clientele_json_read_text(reader, &label, members[RUNG_LABEL], &rung->label))
			return false;
		if (members[RUNG_WHEN] == NULL && element->next == NULL)
			return true;
		if (!read_expression(reader, &place, members[RUNG_WHEN], rung_keys[RUNG_WHEN], RUNGS_EXAMPLE, &rung->when))
			return false;
	}
	return true;
}

static int
compare_branches(const void *a, const void *b)
{
	return strcmp(((const ClienteleBranchValue *) a)->branch, ((const ClienteleBranchValue *) b)->branch);
}

static bool
read_branch_values(const Reader *reader, const Place *up, const ClienteleJson *value, ClienteleDefinition *parameter)
{
	Place		list = {up, parameter_keys[PARAMETER_BRANCHES], 0, NULL};
	const char *hint = definition_shapes[CLIENTELE_PARAMETER].hint;

	if (value->kind != CLIENTELE_JSON_OBJECT)
		return clientele_json_refuse_kind(reader, &list, value, "an object", hint);
	parameter->branches = palloc(mul_size(Max(value->nchildren, 1), sizeof(ClienteleBranchValue)));
	for (const ClienteleJson *member = value->first; member != NULL; member = member->next)
	{
		Place		place = {&list, member->key, 0, NULL};
		ClienteleDecimal number;

		if (member->key[0] == '\0')
			return clientele_json_refuse(reader, &list, ERRCODE_INVALID_PARAMETER_VALUE, hint, "a branch without a name");
		if (!clientele_json_read_number(reader, &place, member, &number))
			return false;
		parameter->branches[parameter->nbranches].branch = member->key;
		parameter->branches[parameter->nbranches++].value = clientele_decimal_to_string(number);
	}
	qsort(parameter->branches, parameter->nbranches, sizeof(ClienteleBranchValue), compare_branches);
	for (int i = 1; i < parameter->nbranches; i++)
	{
		if (compare_branches(&parameter->branches[i - 1], &parameter->branches[i]) == 0)
			return clientele_json_refuse(reader, &list, ERRCODE_INVALID_PARAMETER_VALUE, hint,
										 psprintf("branch %s stands twice",
												  clientele_json_show_text(parameter->branches[i].branch)));
	}
	return true;
}

static bool
read_parameter(const Reader *reader, const Place *place, const ClienteleJson **members, ClienteleDefinition *parameter)
{
	Place		value_place = {place, parameter_keys[PARAMETER_VALUE], 0, NULL};
	ClienteleDecimal number;

	if (!clientele_json_require(reader, place, members[PARAMETER_VALUE], value_place.key,
					   definition_shapes[CLIENTELE_PARAMETER].hint) ||
		!clientele_json_read_number(reader, &value_place, members[PARAMETER_VALUE], &number))
		return false;
	parameter->expression = clientele_decimal_to_string(number);
	return members[PARAMETER_BRANCHES] == NULL ||
		read_branch_values(reader, place, members[PARAMETER_BRANCHES], parameter);
}

static bool
read_metric(const Reader *reader, const Place *place, const ClienteleJson **members, ClienteleDefinition *metric)
{
	metric->scale = CLIENTELE_METRIC_SCALE;
	return read_expression(reader, place, members[METRIC_VALUE], metric_keys[METRIC_VALUE],
						   definition_shapes[CLIENTELE_METRIC].hint, &metric->expression) &&
		clientele_json_read_optional_int(reader, place, members[METRIC_SCALE], 0, MAX_SCALE, &metric->scale);
}

/* A cut that is no number, read as an expression. */
static bool
read_cut_formula(const Reader *reader, const Place *place, const char **formula)
{
	ClienteleJson item = {.kind = CLIENTELE_JSON_STRING,.text = *formula};
	ClienteleDecimal ignored;

	return *formula == NULL || clientele_json_read_bound(reader, place, &item, &ignored, formula);
}

static bool
read_cuts(const Reader *reader, const Place *up, const ClienteleJson *value, ClienteleDefinition *grid)
{
	Place		place = {up, grid_keys[GRID_CUTS], 0, NULL};
	const char *text;
	char	   *fault;

	if (value == NULL || value->kind == CLIENTELE_JSON_NULL)
		return true;
	if (!clientele_json_read_text(reader, &place, value, &text))
		return false;
	fault = clientele_rfm_grid_parse(text, &grid->cuts, grid->cut_formulas);
	if (fault != NULL)
		return clientele_json_refuse(reader, &place, ERRCODE_INVALID_TEXT_REPRESENTATION, CLIENTELE_RFM_CUTS_HINT,
									 fault);
	grid->has_cuts = true;
	for (int axis = 0; axis < CLIENTELE_RFM_AXES; axis++)
	{
		for (int i = 0; i < grid->cuts.ncuts[axis]; i++)
		{
			if (!read_cut_formula(reader, &place, &grid->cut_formulas[axis][i]))
				return false;
		}
	}
	return true;
}

/* The instant of a calibration, which means the same in every zone. */
static bool
read_calibrated_at(const Reader *reader, const Place *up, const ClienteleJson *value, ClienteleDefinition *grid)
{
	Place		place = {up, grid_keys[GRID_CALIBRATED_AT], 0, NULL};
	const char *text;
	ClienteleIsoTime time;

	if (!clientele_json_read_optional_text(reader, up, value, &text))
		return false;
	if (text == NULL)
		return true;
	if (!clientele_iso_timestamp(text, &time) || !time.has_offset)
		return clientele_json_refuse(reader, &place, ERRCODE_INVALID_PARAMETER_VALUE,
									 "Write an instant such as \"2026-06-30 12:00:00+08:00\".",
									 psprintf("%s is none", clientele_json_show(value)));
	if (!grid->has_cuts)
		return clientele_json_refuse(reader, &place, ERRCODE_INVALID_PARAMETER_VALUE,
									 "Leave it out; calibrate writes it beside the cuts that it finds.",
									 "there are no \"cuts\"");
	grid->calibrated_at = clientele_iso_print(&time, true);
	return true;
}

static bool
check_method(const Reader *reader, const Place *place, const ClienteleDefinition *grid)
{
	const char *hint;
	char	   *fault = clientele_rfm_method_fault(grid->method, grid->bins, &hint);

	return fault == NULL || clientele_json_refuse(reader, place, ERRCODE_INVALID_PARAMETER_VALUE, hint, fault);
}

/* The bins there will be on an axis, or are: cuts that are given decide. */
static int
most_bins(const ClienteleDefinition *grid)
{
	int			bins = 0;

	if (!grid->has_cuts)
		return grid->bins;
	for (int axis = 0; axis < CLIENTELE_RFM_AXES; axis++)
		bins = Max(bins, grid->cuts.ncuts[axis] + 1);
	return bins;
}

static bool
check_scheme(const Reader *reader, const Place *place, const ClienteleDefinition *grid)
{
	const char *hint;
	bool		has_high_from = grid->high_from != 0 || grid->high_from_formula != NULL;
	int			high_from = grid->high_from != 0 ? grid->high_from : 2;
	char	   *fault = clientele_rfm_scheme_fault(grid->scheme, has_high_from ? &high_from : NULL, &hint);

	if (fault == NULL && most_bins(grid) > clientele_rfm_scheme_bins(grid->scheme, has_high_from))
	{
		bool		eight = strcmp(grid->scheme, "eight") == 0;

		fault = psprintf(eight ? "scheme \"%s\" needs \"high_from\" with %d bins" :
						 "scheme \"%s\" is not made for %d bins", grid->scheme, most_bins(grid));
		hint = eight ? "Say which score of an axis is the first that counts as high, such as \"high_from\": 4." :
			"Use 5 bins, or scheme \"eight\" with \"high_from\".";
	}
	return fault == NULL || clientele_json_refuse(reader, place, ERRCODE_INVALID_PARAMETER_VALUE, hint, fault);
}

static bool
read_high_from(const Reader *reader, const Place *up, const ClienteleJson *value, ClienteleDefinition *grid)
{
	Place		place = {up, grid_keys[GRID_HIGH_FROM], 0, NULL};
	ClienteleDecimal ignored;

	if (value != NULL && value->kind == CLIENTELE_JSON_STRING)
		return clientele_json_read_bound(reader, &place, value, &ignored, &grid->high_from_formula);
	return clientele_json_read_optional_int(reader, up, value, 2, CLIENTELE_RFM_MAX_BINS, &grid->high_from);
}

/* Its label is by a built-in scheme, or by groups that the author made up. */
static bool
read_groups(const Reader *reader, const Place *place, const ClienteleJson **members, ClienteleDefinition *grid)
{
	static const char hint[] =
		"Name a scheme, such as \"scheme\": \"eight\", or list groups, such as "
		"\"groups\": [{\"label\": \"best\", \"when\": \"r + f + m > 12\"}, {\"label\": \"rest\"}].";

	if (!clientele_json_read_optional_text(reader, place, members[GRID_SCHEME], &grid->scheme) ||
		!read_high_from(reader, place, members[GRID_HIGH_FROM], grid))
		return false;
	if ((grid->scheme == NULL) == (members[GRID_GROUPS] == NULL))
		return clientele_json_refuse(reader, place, ERRCODE_INVALID_PARAMETER_VALUE, hint,
									 grid->scheme == NULL ? "neither \"scheme\" nor \"groups\"" :
									 "both \"scheme\" and \"groups\"");
	if (grid->scheme != NULL)
		return check_scheme(reader, place, grid);
	if (members[GRID_HIGH_FROM] != NULL)
		return clientele_json_refuse(reader, place, ERRCODE_INVALID_PARAMETER_VALUE,
									 "Leave it out; only scheme 'eight' splits scores into high and low.",
									 "\"high_from\" beside \"groups\"");
	return read_rungs(reader, place, members[GRID_GROUPS], grid);
}

static bool
read_grid(const Reader *reader, const Place *place, const ClienteleJson **members, ClienteleDefinition *grid)
{
	for (int axis = 0; axis < CLIENTELE_RFM_AXES; axis++)
	{
		if (!read_expression(reader, place, members[GRID_RECENCY + axis], grid_keys[GRID_RECENCY + axis],
							 definition_shapes[CLIENTELE_RFM_GRID].hint, &grid->axes[axis]))
			return false;
	}
	grid->bins = 5;
	if (!clientele_json_read_optional_int(reader, place, members[GRID_BINS], 2, CLIENTELE_RFM_MAX_BINS, &grid->bins) ||
		!clientele_json_read_optional_text(reader, place, members[GRID_METHOD], &grid->method))
		return false;
	if (grid->method == NULL)
		grid->method = "quantile";
	return check_method(reader, place, grid) &&
		read_cuts(reader, place, members[GRID_CUTS], grid) &&
		read_calibrated_at(reader, place, members[GRID_CALIBRATED_AT], grid) &&
		read_groups(reader, place, members, grid);
}

static bool
read_card(const Reader *reader, const Place *place, const ClienteleJson **members, ClienteleDefinition *definition)
{
	Place		card_place = {place, card_keys[CARD_CARD], 0, NULL};

	if (!clientele_json_require(reader, place, members[CARD_CARD], card_place.key, definition_shapes[CLIENTELE_CARD].hint))
		return false;
	definition->card = clientele_scorecard_read(reader, &card_place, members[CARD_CARD]);
	return definition->card != NULL && read_keep(reader, place, members[CARD_KEEP], definition);
}

static bool
read_ladder(const Reader *reader, const Place *place, const ClienteleJson **members, ClienteleDefinition *ladder)
{
	return clientele_json_require(reader, place, members[LADDER_RULES], ladder_keys[LADDER_RULES],
						 definition_shapes[CLIENTELE_LADDER].hint) &&
		read_rungs(reader, place, members[LADDER_RULES], ladder) &&
		read_keep(reader, place, members[LADDER_KEEP], ladder);
}

static bool
read_tag(const Reader *reader, const Place *place, const ClienteleJson **members, ClienteleDefinition *tag)
{
	return read_expression(reader, place, members[TAG_WHEN], tag_keys[TAG_WHEN],
						   definition_shapes[CLIENTELE_TAG].hint, &tag->expression) &&
		clientele_json_read_optional_text(reader, place, members[TAG_FAMILY], &tag->family);
}

/* The member of that key, wherever it stands; it is read for good later. */
static const ClienteleJson *
find_member(const ClienteleJson *object, const char *key)
{
	const ClienteleJson *member = object->first;

	while (member != NULL && strcmp(member->key, key) != 0)
		member = member->next;
	return member;
}

/* What an object is must be known before its keys can be judged. */
static bool
read_kind(const Reader *reader, const Place *up, const ClienteleJson *value, ClienteleDefinitionKind *result)
{
	int			kind = 0;

	if (!clientele_json_read_word(reader, up, value, "kind", CLIENTELE_DEFINITION_KINDS, clientele_definition_kinds,
								  "Write \"parameter\", \"metric\", \"rfm\", \"scorecard\", \"ladder\" or \"tag\".",
								  &kind))
		return false;
	*result = (ClienteleDefinitionKind) kind;
	return true;
}

static bool
read_definition(const Reader *reader, const Place *list, int number, const ClienteleJson *value,
				ClienteleDefinition *definition)
{
	Place		place = {list, NULL, number, NULL};
	const ClienteleJson *members[GRID_KEYS];	/* no kind has more */

	if (value->kind != CLIENTELE_JSON_OBJECT)
		return clientele_json_refuse_kind(reader, &place, value, "an object",
										  definition_shapes[CLIENTELE_TAG].hint);
	if (!clientele_json_read_name(reader, &place, find_member(value, "name"), "name", &definition->name))
		return false;
	place.title = psprintf("definition %s", clientele_json_show_text(definition->name));
	if (!read_kind(reader, &place, find_member(value, "kind"), &definition->kind) ||
		!clientele_json_read_object(reader, &place, value, &definition_shapes[definition->kind], members))
		return false;

	switch (definition->kind)
	{
		case CLIENTELE_PARAMETER:
			return read_parameter(reader, &place, members, definition);
		case CLIENTELE_METRIC:
			return read_metric(reader, &place, members, definition);
		case CLIENTELE_RFM_GRID:
			return read_grid(reader, &place, members, definition);
		case CLIENTELE_CARD:
			return read_card(reader, &place, members, definition);
		case CLIENTELE_LADDER:
			return read_ladder(reader, &place, members, definition);
		case CLIENTELE_TAG:
			return read_tag(reader, &place, members, definition);
	}
	return false;
}

/* ---------- names and columns, each of which belongs to one definition ---------- */

typedef struct Claim
{
	const char *name;
	const ClienteleDefinition *owner;
} Claim;

static int
compare_claims(const void *a, const void *b)
{
	const Claim *one = a;
	const Claim *other = b;
	int			order = strcmp(one->name, other->name);

	if (order != 0)
		return order;
	return (one->owner > other->owner) - (one->owner < other->owner);
}

/* How many numbers stand beside its label. */
static int
count_suffixes(const ClienteleDefinition *definition)
{
	switch (definition->kind)
	{
		case CLIENTELE_RFM_GRID:
			return lengthof(grid_suffixes);
		case CLIENTELE_CARD:
			return 1;
		default:
			return 0;
	}
}

static bool
refuse_name(const Reader *reader, const ClienteleDefinition *definition, const char *message)
{
	Place		place = {NULL, NULL, 0, NULL};

	place.title = psprintf("definition %s", clientele_json_show_text(definition->name));
	return clientele_json_refuse(reader, &place, ERRCODE_DUPLICATE_OBJECT, "Choose another name.", message);
}

static bool
claim_names(const Reader *reader, const ClienteleDefinition *definition, Claim *claims, int *nclaims)
{
	int			nsuffixes = count_suffixes(definition);

	if (nsuffixes > 0 && strlen(definition->name) + LONGEST_SUFFIX >= NAMEDATALEN)
		return refuse_name(reader, definition, psprintf("the column \"%s_score\" would have more than %d bytes",
														definition->name, NAMEDATALEN - 1));
	claims[(*nclaims)++] = (Claim) {definition->name, definition};
	for (int i = 0; i < nsuffixes; i++)
		claims[(*nclaims)++] = (Claim) {psprintf("%s%s", definition->name, grid_suffixes[i]), definition};
	for (int i = 0; i < (int) lengthof(reserved_names); i++)
	{
		if (strcmp(definition->name, reserved_names[i]) == 0)
			return refuse_name(reader, definition, "every view has a column of this name");
	}
	return true;
}

static bool
check_names(const Reader *reader, const ClienteleModel *model)
{
	Claim	   *claims = palloc(mul_size(Max(model->ndefinitions, 1), (1 + lengthof(grid_suffixes)) * sizeof(Claim)));
	int			nclaims = 0;

	for (int i = 0; i < model->ndefinitions; i++)
	{
		const ClienteleDefinition *definition = &model->definitions[i];

		if (definition->kind == CLIENTELE_TAG && strchr(definition->name, ',') != NULL)
			return refuse_name(reader, definition, "the view shows tags as one text, with commas between them");
		if (!claim_names(reader, definition, claims, &nclaims))
			return false;
	}
	qsort(claims, nclaims, sizeof(Claim), compare_claims);
	for (int i = 1; i < nclaims; i++)
	{
		const ClienteleDefinition *first = claims[i - 1].owner;
		const ClienteleDefinition *second = claims[i].owner;

		if (strcmp(claims[i - 1].name, claims[i].name) != 0)
			continue;
		if (strcmp(first->name, second->name) == 0)
			return refuse_name(reader, second, "the name stands twice");
		return refuse_name(reader, second, psprintf("its column \"%s\" is a column of definition \"%s\" too",
													claims[i].name, first->name));
	}
	return true;
}

static bool
read_definitions(const Reader *reader, const ClienteleJson *value, ClienteleModel *model)
{
	Place		place = {NULL, model_keys[MODEL_DEFINITIONS], 0, NULL};
	int			i = 0;

	if (!check_array(reader, &place, value))
		return false;
	model->ndefinitions = value->nchildren;
	model->definitions = palloc0(mul_size(Max(value->nchildren, 1), sizeof(ClienteleDefinition)));
	for (const ClienteleJson *definition = value->first; definition != NULL; definition = definition->next, i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (!read_definition(reader, &place, i, definition, &model->definitions[i]))
			return false;
	}
	return check_names(reader, model);
}

/* ---------- the whole ---------- */

/* Without a branch of the customer's, a value of a branch is for nobody. */
static bool
check_no_branches(const Reader *reader, const ClienteleModel *model)
{
	for (int i = 0; i < model->ndefinitions; i++)
	{
		Place		place = {NULL, NULL, 0, NULL};

		place.title = psprintf("parameter %s", clientele_json_show_text(model->definitions[i].name));
		if (model->definitions[i].nbranches > 0)
			return clientele_json_refuse(reader, &place, ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
										 "First say which metric tells a customer's branch: SELECT clientele.set_branch('...', 'home_branch');",
										 "it has values for branches, but nothing says which branch a customer belongs to");
	}
	return true;
}

/* The branch of a customer is one of the metrics. */
static bool
read_branch(const Reader *reader, const ClienteleJson *value, ClienteleModel *model)
{
	Place		place = {NULL, model_keys[MODEL_BRANCH], 0, NULL};

	if (value == NULL)
		return check_no_branches(reader, model);
	if (!clientele_json_read_name(reader, NULL, value, place.key, &model->branch))
		return false;
	for (int i = 0; i < model->ndefinitions; i++)
	{
		if (strcmp(model->definitions[i].name, model->branch) == 0 && model->definitions[i].kind == CLIENTELE_METRIC)
			return true;
	}
	return clientele_json_refuse(reader, &place, ERRCODE_UNDEFINED_OBJECT,
								 "Name a metric that says which branch a customer belongs to, such as last(payment.branch_id).",
								 psprintf("there is no metric %s", clientele_json_show_text(model->branch)));
}

ClienteleModel *
clientele_model_read(const ClienteleJsonReader *reader, const ClienteleJson *json)
{
	Place		zone = {NULL, model_keys[MODEL_TIME_ZONE], 0, NULL};
	ClienteleModel *model = palloc0(sizeof(ClienteleModel));
	const ClienteleJson *members[MODEL_KEYS];

	if (!clientele_json_read_object(reader, NULL, json, &model_shape, members) ||
		!clientele_json_require(reader, NULL, members[MODEL_TIME_ZONE], zone.key, MODEL_EXAMPLE) ||
		!clientele_json_read_text(reader, &zone, members[MODEL_TIME_ZONE], &model->time_zone) ||
		!read_sources(reader, members[MODEL_SOURCES], model) ||
		!read_definitions(reader, members[MODEL_DEFINITIONS], model) ||
		!read_branch(reader, members[MODEL_BRANCH], model))
		return NULL;
	return model;
}

ClienteleModel *
clientele_model_parse(const char *text, struct Node *escontext)
{
	Reader		reader = {TYPE_NAME, escontext};
	ClienteleJson *json = clientele_json_tree_read(text, TYPE_NAME, MODEL_EXAMPLE, escontext);

	return json ? clientele_model_read(&reader, json) : NULL;
}
