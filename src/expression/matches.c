/*
 * matches.c
 *		The SQL functions that evaluate expressions on a row or a jsonb document.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "storage/shmem.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/numeric.h"

#include "expression/expression.h"
#include "expression/row_call.h"

PG_FUNCTION_INFO_V1(clientele_matches);
PG_FUNCTION_INFO_V1(clientele_matching);
PG_FUNCTION_INFO_V1(clientele_evaluate_number);
PG_FUNCTION_INFO_V1(clientele_evaluate_text);
PG_FUNCTION_INFO_V1(clientele_valid_until);

/* Several rules bound together; the array's NULL elements are left out. */
typedef struct Matching
{
	ClienteleRowRules *rules;
	int			nrules;
	int		   *positions;		/* of each rule in the array, from 1 */
	int		   *matched;		/* scratch for one row's answer */
} Matching;

static ClienteleRowRules *
bind_one(Datum rule, const ClienteleRowType *row, ClienteleType wanted, bool timed)
{
	ClienteleRule spec;

	spec.text = DatumGetExpressionText(rule);
	spec.wanted = wanted;
	spec.place = NULL;
	return clientele_row_rules_bind(row, 1, &spec, timed);
}

static void *
build_condition(Datum rule, const ClienteleRowType *row)
{
	return bind_one(rule, row, CLIENTELE_BOOLEAN, false);
}

static void *
build_number(Datum rule, const ClienteleRowType *row)
{
	return bind_one(rule, row, CLIENTELE_NUMBER, false);
}

static void *
build_any(Datum rule, const ClienteleRowType *row)
{
	return bind_one(rule, row, CLIENTELE_ANY, false);
}

static void *
build_timed(Datum rule, const ClienteleRowType *row)
{
	return bind_one(rule, row, CLIENTELE_ANY, true);
}

static void *
build_matching(Datum rule, const ClienteleRowType *row)
{
	ArrayType  *array = DatumGetArrayTypeP(rule);
	Matching   *matching = palloc0(sizeof(Matching));
	ClienteleRule *specs;
	Datum	   *elements;
	bool	   *nulls;
	int			count;

	if (ARR_NDIM(array) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("the array of rules has %d dimensions, but must have one", ARR_NDIM(array)),
				 errhint("Build it with array_agg(rule ORDER BY position).")));
	deconstruct_array(array, ARR_ELEMTYPE(array), -1, false, TYPALIGN_INT, &elements, &nulls, &count);

	specs = palloc(mul_size(sizeof(ClienteleRule), Max(count, 1)));
	matching->positions = palloc(mul_size(sizeof(int), Max(count, 1)));
	matching->matched = palloc(mul_size(sizeof(int), Max(count, 1)));
	for (int i = 0; i < count; i++)
	{
		if (nulls[i])
			continue;
		specs[matching->nrules].text = DatumGetExpressionText(elements[i]);
		specs[matching->nrules].wanted = CLIENTELE_BOOLEAN;
		specs[matching->nrules].place = NULL;
		matching->positions[matching->nrules++] = i + 1;
	}
	matching->rules = clientele_row_rules_bind(row, matching->nrules, specs, false);
	return matching;
}

/* matches(row, rule [, as_of, time_zone]): true only if the rule is true. */
Datum
clientele_matches(PG_FUNCTION_ARGS)
{
	ClienteleRowCall call;

	clientele_row_call(fcinfo, build_condition, &call);
	if (call.built == NULL)
		PG_RETURN_BOOL(false);
	clientele_row_rules_evaluate(call.built, call.row, &call.clock);
	PG_RETURN_BOOL(clientele_row_rules_holds(call.built, 0));
}

static ArrayType *
position_array(const Matching *matching, int count)
{
	Size		size;
	ArrayType  *array;
	int32	   *positions;

	if (count == 0)
		return construct_empty_array(INT4OID);
	size = ARR_OVERHEAD_NONULLS(1) + sizeof(int32) * count;
	array = palloc(size);
	SET_VARSIZE(array, size);
	array->ndim = 1;
	array->dataoffset = 0;
	array->elemtype = INT4OID;
	ARR_DIMS(array)[0] = count;
	ARR_LBOUND(array)[0] = 1;
	positions = (int32 *) ARR_DATA_PTR(array);
	for (int i = 0; i < count; i++)
		positions[i] = matching->positions[matching->matched[i]];
	return array;
}

/* matching(row, rules [, as_of, time_zone]): the positions of those that hold. */
Datum
clientele_matching(PG_FUNCTION_ARGS)
{
	ClienteleRowCall call;
	Matching   *matching;
	int			count = 0;

	clientele_row_call(fcinfo, build_matching, &call);
	if (call.built == NULL)
		PG_RETURN_ARRAYTYPE_P(construct_empty_array(INT4OID));
	matching = call.built;
	clientele_row_rules_evaluate(matching->rules, call.row, &call.clock);
	count = clientele_row_rules_which_hold(matching->rules, matching->matched);
	PG_RETURN_ARRAYTYPE_P(position_array(matching, count));
}

Datum
clientele_evaluate_number(PG_FUNCTION_ARGS)
{
	ClienteleRowCall call;
	ClienteleDecimal number;

	clientele_row_call(fcinfo, build_number, &call);
	if (call.built == NULL)
		PG_RETURN_NULL();
	clientele_row_rules_evaluate(call.built, call.row, &call.clock);
	if (!clientele_row_rules_number(call.built, 0, &number))
		PG_RETURN_NULL();

	/* a numeric may live in memory that the next row takes away */
	return datumCopy(NumericGetDatum(clientele_decimal_to_numeric(number)), false, -1);
}

Datum
clientele_evaluate_text(PG_FUNCTION_ARGS)
{
	ClienteleRowCall call;
	char	   *text;

	clientele_row_call(fcinfo, build_any, &call);
	if (call.built == NULL)
		PG_RETURN_NULL();
	clientele_row_rules_evaluate(call.built, call.row, &call.clock);
	if (!clientele_row_rules_text(call.built, 0, &text))
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(text));
}

/* valid_until(row, rule [, as_of, time_zone]): NULL where time changes nothing. */
Datum
clientele_valid_until(PG_FUNCTION_ARGS)
{
	ClienteleRowCall call;
	TimestampTz horizon;

	clientele_row_call(fcinfo, build_timed, &call);
	if (call.built == NULL)
		PG_RETURN_NULL();
	clientele_row_rules_evaluate(call.built, call.row, &call.clock);
	horizon = clientele_row_rules_valid_until(call.built, 0);
	if (TIMESTAMP_IS_NOEND(horizon))
		PG_RETURN_NULL();
	PG_RETURN_TIMESTAMPTZ(horizon);
}
