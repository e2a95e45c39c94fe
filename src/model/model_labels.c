/*
 * model_labels.c
 *		The labels that a definition of a model can give.
 */
#include "postgres.h"

#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "nodes/pg_list.h"
#include "utils/builtins.h"

#include "base/nearest_name.h"
#include "compat.h"
#include "model/model_labels.h"

PG_FUNCTION_INFO_V1(clientele_check_label);

const char *
clientele_scheme_label(const ClienteleDefinition *grid, int high_from, const int *score)
{
	const char *label = clientele_rfm_group_label(grid->scheme, score, high_from ? &high_from : NULL);

	return label ? pg_any_to_server(label, strlen(label), PG_UTF8) : NULL;
}

bool
clientele_grid_has_score(const ClienteleRfmGrid *grid, int score)
{
	int			digits[CLIENTELE_RFM_AXES] = {score / 100, score / 10 % 10, score % 10};

	for (int axis = 0; axis < CLIENTELE_RFM_AXES; axis++)
	{
		if (digits[axis] < 1 || digits[axis] > grid->ncuts[axis] + 1)
			return false;
	}
	return true;
}

static List *
add_label(List *labels, const char *label)
{
	ListCell   *cell;

	foreach(cell, labels)
	{
		if (label == NULL || strcmp(lfirst(cell), label) == 0)
			return labels;
	}
	return label == NULL ? labels : lappend(labels, unconstify(char *, label));
}

static List *
scheme_labels(const ClienteleDefinition *grid)
{
	List	   *labels = NIL;

	/* where it is a parameter's, any number leads to the same labels */
	int			high_from = grid->high_from_formula ? 2 : grid->high_from;

	for (int score = 999; score >= 111; score--)
	{
		if (clientele_grid_has_score(&grid->cuts, score))
			labels = add_label(labels, clientele_scheme_label(grid, high_from, &score));
	}
	return add_label(labels, clientele_scheme_label(grid, high_from, NULL));
}

const char **
clientele_definition_labels(const ClienteleDefinition *definition)
{
	List	   *labels = NIL;
	const char **result;
	int			count = 0;
	ListCell   *cell;

	if (definition->kind == CLIENTELE_RFM_GRID && definition->scheme && definition->has_cuts)
		labels = scheme_labels(definition);
	for (int i = 0; i < definition->nrungs; i++)
		labels = add_label(labels, definition->rungs[i].label);
	for (int i = 0; definition->card && i < definition->card->ntiers; i++)
		labels = add_label(labels, definition->card->tiers[i].label);

	result = palloc0(mul_size(sizeof(char *), list_length(labels) + 1));
	foreach(cell, labels)
		result[count++] = lfirst(cell);
	return result;
}

/* ---------- check_label() ---------- */

static const ClienteleDefinition *
find_labelled(const ClienteleModel *model, const char *name)
{
	ClienteleNearestName nearest;

	clientele_nearest_begin(&nearest, name);
	for (int i = 0; i < model->ndefinitions; i++)
	{
		const ClienteleDefinition *definition = &model->definitions[i];
		bool		labelled = definition->kind == CLIENTELE_RFM_GRID || definition->kind == CLIENTELE_CARD ||
			definition->kind == CLIENTELE_LADDER;

		if (strcmp(definition->name, name) == 0)
		{
			if (labelled)
				return definition;
			ereport(ERROR,
					(errcode(ERRCODE_WRONG_OBJECT_TYPE),
					 errmsg("\"%s\" is a %s, which gives no label", name, clientele_definition_kinds[definition->kind]),
					 definition->kind == CLIENTELE_TAG ?
					 errhint("Give the customer the tag: SELECT clientele.tag_customer('...', ..., '%s').", name) :
					 errhint("Only the labels of grids, scorecards and ladders can be pinned.")));
		}
		if (labelled)
			clientele_nearest_offer(&nearest, definition->name);
	}
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("the live version has no definition \"%s\"", name),
			 clientele_nearest_result(&nearest) ?
			 errhint("Perhaps you mean '%s'.", clientele_nearest_result(&nearest)) :
			 errhint("Only the labels of grids, scorecards and ladders can be pinned.")));
	return NULL;
}

/* check_label(model, name text, label text): an error unless that definition of the model can give the label */
Datum
clientele_check_label(PG_FUNCTION_ARGS)
{
	ClienteleModel *model = clientele_model_parse(clientele_rule_text_get(&clientele_model_type, PG_GETARG_DATUM(0)), NULL);
	const char *name = text_to_cstring(PG_GETARG_TEXT_PP(1));
	const char *label = text_to_cstring(PG_GETARG_TEXT_PP(2));
	const char **labels = clientele_definition_labels(find_labelled(model, name));
	ClienteleNearestName nearest;
	StringInfoData all;

	initStringInfo(&all);
	clientele_nearest_begin(&nearest, label);
	for (; *labels; labels++)
	{
		if (strcmp(*labels, label) == 0)
			PG_RETURN_VOID();
		clientele_nearest_offer(&nearest, *labels);
		appendStringInfo(&all, "%s%s", all.len ? ", " : "", *labels);
	}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("\"%s\" has no label \"%s\"", name, label),
			 errdetail("Its labels are: %s.", all.data),
			 clientele_nearest_result(&nearest) ?
			 errhint("Perhaps you mean '%s'.", clientele_nearest_result(&nearest)) : 0));
	PG_RETURN_VOID();
}
