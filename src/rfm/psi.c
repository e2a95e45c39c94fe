/*
 * psi.c
 *		Population stability index: has the distribution moved?
 *
 *		PSI = sum over bins of (a - e) * ln(a / e)
 *
 * where e and a are the shares of a bin in the expected and in the actual
 * population (the symmetric Kullback-Leibler divergence, or Jeffreys'; as a
 * scorecard measure: Siddiqi, Credit Risk Scorecards, 2006).  Each share is
 * first raised to the floor, since the logarithm has no value for an empty bin.
 * Shares are not scaled again after that.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "common/int.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "base/language.h"
#include "compat.h"

PG_FUNCTION_INFO_V1(clientele_psi);
PG_FUNCTION_INFO_V1(clientele_psi_band);

#define EXAMPLE_HINT "For example: psi('{40,30,30}', '{35,30,35}', 1e-6)."

/* One side of the comparison. */
typedef struct Population
{
	const char *name;			/* of the argument, for messages */
	int			nbins;
	const int64 *counts;
	int64		total;			/* of counts; > 0 */
} Population;

static void
read_population(Population *population, const char *name, ArrayType *array)
{
	population->name = name;
	population->nbins = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	population->counts = (const int64 *) ARR_DATA_PTR(array);
	population->total = 0;

	if (ARR_NDIM(array) != 1)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("%s must be an array of one dimension and not empty, it has %d dimensions",
						name, ARR_NDIM(array)),
				 errhint(EXAMPLE_HINT)));
	if (array_contains_nulls(array))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s contains a null count", name),
				 errhint("Write 0 for an empty bin, for example coalesce(n, 0).")));
	for (int i = 0; i < population->nbins; i++)
	{
		if (population->counts[i] < 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("count of bin %d of %s is negative: " INT64_FORMAT,
							i + 1, name, population->counts[i]),
					 errhint(EXAMPLE_HINT)));
		if (pg_add_s64_overflow(population->total, population->counts[i], &population->total))
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("sum of the counts of %s is out of range for type bigint", name)));
	}
	if (population->total == 0)
		ereport(ERROR,
				(errcode(ERRCODE_DIVISION_BY_ZERO),
				 errmsg("%s counts nobody in any bin", name),
				 errhint("Compare only populations that have members.")));
}

/* The share of a bin, at least the floor. */
static double
floored_share(const Population *population, int bin, double floor)
{
	return fmax((double) population->counts[bin] / (double) population->total, floor);
}

/* What one bin adds: never negative, and 0 where the shares are equal. */
static double
divergence(const Population *expected, const Population *actual, int bin, double floor)
{
	double		e = floored_share(expected, bin, floor);
	double		a = floored_share(actual, bin, floor);

	if (e == a)
		return 0;
	if (e == 0 || a == 0)
		ereport(ERROR,
				(errcode(ERRCODE_DIVISION_BY_ZERO),
				 errmsg("bin %d of %s is empty, and the floor is 0",
						bin + 1, e == 0 ? expected->name : actual->name),
				 errhint("Give a least share for empty bins, for example 1e-6, or join the bin with its neighbour.")));
	return (a - e) * log(a / e);
}

/* psi(expected, actual, floor) */
Datum
clientele_psi(PG_FUNCTION_ARGS)
{
	double		floor = PG_GETARG_FLOAT8(2);
	Population	expected;
	Population	actual;
	double		sum = 0;

	if (!(floor >= 0 && floor < 1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("floor must be a share from 0 to less than 1, not %g", floor),
				 errhint("Use 0 for no floor, or for example 1e-6.")));
	read_population(&expected, "expected", PG_GETARG_ARRAYTYPE_P(0));
	read_population(&actual, "actual", PG_GETARG_ARRAYTYPE_P(1));
	if (expected.nbins != actual.nbins)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("expected has %d bins, actual %d", expected.nbins, actual.nbins),
				 errhint("Count both populations by the same bins, with 0 for an empty one.")));

	for (int bin = 0; bin < expected.nbins; bin++)
		sum += divergence(&expected, &actual, bin, floor);
	PG_RETURN_FLOAT8(sum);
}

/* The usual bands: from which index on, and what is to be done. */
typedef struct Band
{
	double		from;
	ClienteleWords words;
} Band;

static const Band bands[] = {
	{0.25, {"recalibrate", "需重新标定"}},
	{0.10, {"watch", "关注"}},
	{0, {"stable", "稳定"}}
};

/* psi_band(psi, language) */
Datum
clientele_psi_band(PG_FUNCTION_ARGS)
{
	double		psi = PG_GETARG_FLOAT8(0);
	const Band *band = bands;

	if (!(psi >= 0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%g is no population stability index", psi),
				 errhint("It is 0 or more, as psi(expected, actual, floor) answers.")));
	while (psi < band->from)
		band++;
	PG_RETURN_DATUM(clientele_words_in(&band->words, PG_GETARG_DATUM(1)));
}
