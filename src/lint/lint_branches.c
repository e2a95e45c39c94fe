/*
 * lint_branches.c
 *		A model as it is in one branch: with numbers in the place of parameters and formulas.
 */
#include "postgres.h"

#include "compat.h"
#include "lint/lint.h"

static void
resolve_grid(ClienteleDefinition *grid, const ClienteleParameters *parameters)
{
	for (int axis = 0; axis < CLIENTELE_RFM_AXES; axis++)
	{
		for (int i = 0; i < grid->cuts.ncuts[axis]; i++)
		{
			if (grid->cut_formulas[axis][i])
				grid->cuts.cuts[axis][i] = clientele_formula_value(grid->cut_formulas[axis][i], parameters, grid->name);
		}
	}
	if (grid->high_from_formula)
		grid->high_from = atoi(clientele_decimal_to_string(clientele_formula_value(grid->high_from_formula, parameters, grid->name)));
}

const ClienteleModel *
clientele_lint_model_in(const ClienteleModel *model, const char *branch)
{
	ClienteleParameters parameters = clientele_parameters_in(model, branch);
	ClienteleModel *resolved = palloc(sizeof(ClienteleModel));

	*resolved = *model;
	resolved->definitions = palloc(mul_size(sizeof(ClienteleDefinition), Max(model->ndefinitions, 1)));
	for (int i = 0; i < model->ndefinitions; i++)
	{
		ClienteleDefinition *definition = &resolved->definitions[i];
		ClienteleDecimal number;

		*definition = model->definitions[i];
		if (definition->kind == CLIENTELE_PARAMETER && parameters.value(parameters.source, definition->name, &number))
			definition->expression = clientele_decimal_to_string(number);
		else if (definition->kind == CLIENTELE_RFM_GRID)
			resolve_grid(definition, &parameters);
		else if (definition->kind == CLIENTELE_CARD)
			definition->card = unconstify(ClienteleScorecard *,
										  clientele_scorecard_resolve(definition->card, &parameters, definition->name));
	}
	return resolved;
}

/* The branches of which some parameter has a value of its own, as far as branches count. */
List *
clientele_lint_branches(const ClienteleModel *model)
{
	List	   *branches = NIL;

	for (int i = 0; model->branch && i < model->ndefinitions; i++)
	{
		for (int b = 0; b < model->definitions[i].nbranches; b++)
		{
			const char *branch = model->definitions[i].branches[b].branch;
			bool		is_new = true;
			ListCell   *cell;

			foreach(cell, branches)
				is_new = is_new && strcmp(lfirst(cell), branch) != 0;
			if (is_new)
				branches = lappend(branches, unconstify(char *, branch));
		}
	}
	return branches;
}
