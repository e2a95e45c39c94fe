/*
 * rfm_score.c
 *		Scores by an RFM grid, and the groups that scores fall into.
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "compat.h"
#include "rfm/rfm_cuts.h"

PG_FUNCTION_INFO_V1(clientele_rfm_score);
PG_FUNCTION_INFO_V1(clientele_rfm_score_rfm);
PG_FUNCTION_INFO_V1(clientele_rfm_group);

/*
 * Scores
 */

int
clientele_rfm_axis_score(const ClienteleRfmGrid *grid, ClienteleRfmAxis axis, ClienteleDecimal value)
{
	int			reached = 0;

	while (reached < grid->ncuts[axis] &&
		   clientele_decimal_compare(grid->cuts[axis][reached], value) <= 0)
		reached++;
	return axis == CLIENTELE_RECENCY ? grid->ncuts[axis] - reached + 1 : reached + 1;
}

void
clientele_rfm_values(const ClienteleRfm *rfm, const ClienteleToday *today, ClienteleDecimal *values)
{
	values[CLIENTELE_RECENCY] = clientele_decimal_from_int64(clientele_rfm_days(rfm, today));
	values[CLIENTELE_FREQUENCY] = clientele_decimal_from_int64(rfm->count);
	values[CLIENTELE_MONETARY] = clientele_rfm_sum(rfm);
}

/*
 * What a call site of rfm_score keeps: the grid it saw last, unpacked.  One
 * query mostly scores by one grid.
 */
typedef struct ScoreCache
{
	MemoryContext context;		/* of `value` alone; reset when the grid changes */
	struct varlena *value;		/* the argument as it came, or NULL */
	ClienteleRfmGrid grid;		/* of `value` */
	ClienteleToday today;
} ScoreCache;

static ScoreCache *
get_cache(FunctionCallInfo fcinfo, int cuts_argument)
{
	ScoreCache *cache = fcinfo->flinfo->fn_extra;
	struct varlena *value = PG_DETOAST_DATUM_PACKED(PG_GETARG_DATUM(cuts_argument));
	MemoryContext caller;

	if (cache == NULL)
	{
		cache = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(ScoreCache));
		cache->context = AllocSetContextCreate(fcinfo->flinfo->fn_mcxt, "clientele RFM grid",
											   ALLOCSET_SMALL_SIZES);
		fcinfo->flinfo->fn_extra = cache;
	}
	if (cache->value != NULL && VARSIZE_ANY(cache->value) == VARSIZE_ANY(value) &&
		memcmp(cache->value, value, VARSIZE_ANY(value)) == 0)
		return cache;

	cache->value = NULL;
	MemoryContextReset(cache->context);
	caller = MemoryContextSwitchTo(cache->context);
	value = memcpy(palloc(VARSIZE_ANY(value)), value, VARSIZE_ANY(value));
	clientele_rfm_cuts_read(PointerGetDatum(value), &cache->grid);
	cache->value = value;
	MemoryContextSwitchTo(caller);
	return cache;
}

static int
score(const ClienteleRfmGrid *grid, const ClienteleDecimal *values)
{
	int			result = 0;

	for (int axis = 0; axis < CLIENTELE_RFM_AXES; axis++)
		result = result * 10 + clientele_rfm_axis_score(grid, axis, values[axis]);
	return result;
}

Datum
clientele_rfm_score(PG_FUNCTION_ARGS)
{
	ScoreCache *cache = get_cache(fcinfo, 3);
	ClienteleDecimal values[CLIENTELE_RFM_AXES];

	for (int axis = 0; axis < CLIENTELE_RFM_AXES; axis++)
		if (!clientele_decimal_from_datum(PG_GETARG_DATUM(axis), &values[axis]))
			PG_RETURN_NULL();
	PG_RETURN_INT32(score(&cache->grid, values));
}

Datum
clientele_rfm_score_rfm(PG_FUNCTION_ARGS)
{
	ScoreCache *cache = get_cache(fcinfo, 3);
	ClienteleDecimal values[CLIENTELE_RFM_AXES];

	clientele_today(&cache->today, PG_GETARG_TIMESTAMPTZ(1), PG_GETARG_TEXT_PP(2));
	clientele_rfm_values(clientele_rfm_get(PG_GETARG_DATUM(0)), &cache->today, values);
	PG_RETURN_INT32(score(&cache->grid, values));
}

/*
 * Groups
 */

/* One segment: the scores of each axis it reaches from and to. */
typedef struct Segment
{
	const char *label;
	struct
	{
		int			from;
		int			to;
	}			range[CLIENTELE_RFM_AXES];
} Segment;

/* R package rfm, vignette of release 0.3; the first that matches counts. */
static const Segment r_rfm_segments[] = {
	{"Champions", {{5, 5}, {5, 5}, {5, 5}}},
	{"Potential Loyalist", {{3, 5}, {3, 5}, {2, 5}}},
	{"Loyal Customers", {{2, 4}, {2, 4}, {2, 4}}},
	{"Promising", {{3, 4}, {1, 3}, {3, 5}}},
	{"New Customers", {{4, 5}, {1, 3}, {1, 5}}},
	{"Can't Lose Them", {{1, 2}, {3, 4}, {4, 5}}},
	{"At Risk", {{1, 2}, {2, 5}, {4, 5}}},
	{"Need Attention", {{1, 3}, {3, 5}, {3, 5}}},
	{"About To Sleep", {{2, 3}, {1, 3}, {1, 4}}},
	{"Lost", {{1, 1}, {1, 5}, {1, 5}}},
};

/* The same package up to release 0.2. */
static const Segment r_rfm_02_segments[] = {
	{"Champions", {{4, 5}, {4, 5}, {4, 5}}},
	{"Loyal Customers", {{2, 5}, {3, 5}, {3, 5}}},
	{"Potential Loyalist", {{3, 5}, {1, 3}, {1, 3}}},
	{"New Customers", {{4, 5}, {1, 1}, {1, 1}}},
	{"Promising", {{3, 4}, {1, 1}, {1, 1}}},
	{"Need Attention", {{2, 3}, {2, 3}, {2, 3}}},
	{"About To Sleep", {{2, 3}, {1, 2}, {1, 2}}},
	{"At Risk", {{1, 2}, {2, 5}, {2, 5}}},
	{"Can't Lose Them", {{1, 1}, {4, 5}, {4, 5}}},
	{"Lost", {{1, 2}, {1, 2}, {1, 2}}},
};

#define R_RFM_BINS 5

/* By monetary, recency and frequency: 0 = low, 1 = high. */
static const char *const eight_labels[2][2][2] = {
	{{"一般挽留", "一般保持"}, {"一般发展", "一般价值"}},
	{{"重要挽留", "重要保持"}, {"重要发展", "重要价值"}},
};

#define EIGHT_WITHOUT_SCORE "未成交"

static void
split_score(int score, int *digits)
{
	int			rest = score;

	for (int axis = CLIENTELE_RFM_AXES - 1; axis >= 0; axis--)
	{
		digits[axis] = rest % 10;
		rest /= 10;
	}
	if (score < 0 || rest != 0 || digits[0] == 0 || digits[1] == 0 || digits[2] == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%d is not an RFM score", score),
				 errhint("A score is three digits from 1 to 9, recency * 100 + frequency * 10 + monetary, for example 545.")));
}

static const char *
group_of_eight(const int *digits, const int *high_from)
{
	int			high[CLIENTELE_RFM_AXES];

	for (int axis = 0; axis < CLIENTELE_RFM_AXES; axis++)
	{
		if (high_from == NULL && digits[axis] > 2)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("scheme \"eight\" needs high_from for scores of more than two bins, and %s scores %d",
							clientele_rfm_axis_names[axis], digits[axis]),
					 errhint("Say from which score on an axis counts as high, for example rfm_group(score, 'eight', 4).")));
		high[axis] = digits[axis] >= (high_from == NULL ? 2 : *high_from);
	}
	return eight_labels[high[CLIENTELE_MONETARY]][high[CLIENTELE_RECENCY]][high[CLIENTELE_FREQUENCY]];
}

static bool
segment_matches(const Segment *segment, const int *digits)
{
	for (int axis = 0; axis < CLIENTELE_RFM_AXES; axis++)
		if (digits[axis] < segment->range[axis].from || digits[axis] > segment->range[axis].to)
			return false;
	return true;
}

static const char *
group_by_table(const char *scheme, const Segment *segments, int nsegments, const int *digits)
{
	for (int axis = 0; axis < CLIENTELE_RFM_AXES; axis++)
		if (digits[axis] > R_RFM_BINS)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("scheme \"%s\" is made for %d bins, but %s scores %d",
							scheme, R_RFM_BINS, clientele_rfm_axis_names[axis], digits[axis]),
					 errhint("Score by %d bins, or use scheme 'eight' with high_from.", R_RFM_BINS)));
	for (int i = 0; i < nsegments; i++)
		if (segment_matches(&segments[i], digits))
			return segments[i].label;
	return "Others";
}

char *
clientele_rfm_scheme_fault(const char *scheme, const int *high_from, const char **hint)
{
	bool		eight = strcmp(scheme, "eight") == 0;

	if (!eight && strcmp(scheme, "r-rfm") != 0 && strcmp(scheme, "r-rfm-0.2") != 0)
	{
		*hint = "Use 'eight', 'r-rfm' or 'r-rfm-0.2'.";
		return psprintf("\"%s\" is not a scheme of RFM groups", scheme);
	}
	if (high_from == NULL)
		return NULL;
	if (!eight)
	{
		*hint = "Leave it out; only scheme 'eight' splits scores into high and low.";
		return psprintf("scheme \"%s\" takes no high_from", scheme);
	}
	if (*high_from < 2 || *high_from > CLIENTELE_RFM_MAX_BINS)
	{
		*hint = psprintf("Give the lowest score that counts as high, from 2 to %d, for example 4 of 5.",
						 CLIENTELE_RFM_MAX_BINS);
		return psprintf("high_from cannot be %d", *high_from);
	}
	return NULL;
}

int
clientele_rfm_scheme_bins(const char *scheme, bool has_high_from)
{
	if (strcmp(scheme, "eight") != 0)
		return R_RFM_BINS;
	return has_high_from ? CLIENTELE_RFM_MAX_BINS : 2;
}

const char *
clientele_rfm_group_label(const char *scheme, const int *score, const int *high_from)
{
	const char *hint;
	char	   *fault = clientele_rfm_scheme_fault(scheme, high_from, &hint);
	bool		eight = strcmp(scheme, "eight") == 0;
	bool		r_rfm = strcmp(scheme, "r-rfm") == 0;
	int			digits[CLIENTELE_RFM_AXES];

	if (fault != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s", fault),
				 errhint("%s", hint)));
	if (score == NULL)
		return eight ? EIGHT_WITHOUT_SCORE : NULL;

	split_score(*score, digits);
	if (eight)
		return group_of_eight(digits, high_from);
	if (r_rfm)
		return group_by_table(scheme, r_rfm_segments, lengthof(r_rfm_segments), digits);
	return group_by_table(scheme, r_rfm_02_segments, lengthof(r_rfm_02_segments), digits);
}

/* rfm_group(score, scheme, high_from): a NULL score may have a group, too. */
Datum
clientele_rfm_group(PG_FUNCTION_ARGS)
{
	int			score = PG_ARGISNULL(0) ? 0 : PG_GETARG_INT32(0);
	int			high_from = PG_ARGISNULL(2) ? 0 : PG_GETARG_INT32(2);
	const char *label;

	if (PG_ARGISNULL(1))
		PG_RETURN_NULL();
	label = clientele_rfm_group_label(text_to_cstring(PG_GETARG_TEXT_PP(1)),
									  PG_ARGISNULL(0) ? NULL : &score,
									  PG_ARGISNULL(2) ? NULL : &high_from);
	if (label == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(pg_any_to_server(label, strlen(label), PG_UTF8)));
}
