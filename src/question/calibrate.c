/*
 * calibrate.c
 *		The values that a grid's cut points are to divide, and which these are now.
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"

#include "base/result_row.h"
#include "compat.h"
#include "engine/engine_catalog.h"
#include "expression/formula.h"
#include "model/model.h"
#include "population/owner.h"

PG_FUNCTION_INFO_V1(clientele_grid_values);
PG_FUNCTION_INFO_V1(clientele_grid_cuts);

static void
put_values(ReturnSetInfo *result, ClienteleEngine *engine, TimestampTz as_of)
{
	ClienteleKeys keys = {.kind = CLIENTELE_KEYS_ALL};
	Snapshot	snapshot = RegisterSnapshot(GetActiveSnapshot());
	ClienteleScan *scan = clientele_scan_begin_taken(engine, as_of, &keys, snapshot);
	Datum		values[CLIENTELE_RFM_AXES + 3];
	bool		nulls[CLIENTELE_RFM_AXES + 3];

	/* the key comes before them, tags and due_at after */
	while (clientele_scan_next(scan, values, nulls))
		tuplestore_putvalues(result->setResult, result->setDesc, values + 1, nulls + 1);
	clientele_scan_end(scan);
	UnregisterSnapshot(snapshot);
}

/* grid_values(population_id, model, grid, as_of): the axes' values of all customers. */
Datum
clientele_grid_values(PG_FUNCTION_ARGS)
{
	ClienteleEngine *engine;
	ClienteleRole caller;

	InitMaterializedSRF(fcinfo, 0);
	engine = clientele_engine_of_model(PG_GETARG_INT32(0), clientele_rule_text_get(&clientele_model_type, PG_GETARG_DATUM(1)),
									   CLIENTELE_TO_CALIBRATE, text_to_cstring(PG_GETARG_TEXT_PP(2)));
	caller = clientele_become(engine->owner);
	put_values((ReturnSetInfo *) fcinfo->resultinfo, engine, PG_GETARG_TIMESTAMPTZ(3));
	clientele_become_again(&caller);
	return (Datum) 0;
}

/* The columns of grid_cuts(); their order is that of the SQL declaration. */
enum CutColumn
{
	CUT_AXIS, CUT_NO, CUT_VALUE, CUT_FORMULA, CUT_IS_PARAMETER
};

static void
put_cut(FunctionCallInfo fcinfo, const ClienteleModel *model, const ClienteleDefinition *grid, int axis, int number)
{
	ClienteleParameters parameters = clientele_parameters_in(model, NULL);
	const char *formula = grid->cut_formulas[axis][number];
	ClienteleDecimal value = grid->cuts.cuts[axis][number];
	ClienteleResultRow row;

	if (formula)
		value = clientele_formula_value(formula, &parameters, grid->name);
	clientele_result_clear(&row);
	clientele_result_set_text(&row, CUT_AXIS, clientele_rfm_axis_names[axis]);
	clientele_result_set(&row, CUT_NO, Int32GetDatum(number + 1));
	clientele_result_set_number(&row, CUT_VALUE, &value);
	clientele_result_set_text(&row, CUT_FORMULA, formula);
	clientele_result_set(&row, CUT_IS_PARAMETER,
						 BoolGetDatum(formula && clientele_expression_parse(formula, NULL)->kind == CLIENTELE_NODE_NAME));
	clientele_result_put(fcinfo, &row);
}

/* grid_cuts(model, grid): the cuts that there are, where branches have none of their own. */
Datum
clientele_grid_cuts(PG_FUNCTION_ARGS)
{
	ClienteleModel *model = clientele_model_parse(clientele_rule_text_get(&clientele_model_type, PG_GETARG_DATUM(0)), NULL);
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(1));

	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; i < model->ndefinitions; i++)
	{
		const ClienteleDefinition *grid = &model->definitions[i];

		if (strcmp(grid->name, name) != 0 || grid->kind != CLIENTELE_RFM_GRID || !grid->has_cuts)
			continue;
		for (int axis = 0; axis < CLIENTELE_RFM_AXES; axis++)
		{
			for (int number = 0; number < grid->cuts.ncuts[axis]; number++)
				put_cut(fcinfo, model, grid, axis, number);
		}
	}
	return (Datum) 0;
}
