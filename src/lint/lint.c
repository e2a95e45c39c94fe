/*
 * lint.c
 *		What is odd in a draft that compiles: definition by definition.
 *
 * Nothing here stops anybody from publishing.  What is claimed to be impossible is so for
 * any data, as far as rules go: what people say by hand is left aside.  Only what
 * lint_values.c says looks at the data there are.
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "utils/memutils.h"

#include "base/result_row.h"
#include "compat.h"
#include "engine/engine_catalog.h"
#include "lint/lint.h"

PG_FUNCTION_INFO_V1(clientele_check_model);
PG_FUNCTION_INFO_V1(clientele_lint_model);

static const ClienteleLintWords ladder_words = {
	.rules = "rule",
	.overlap = CLIENTELE_LINT_NOTE,
	.gap = CLIENTELE_LINT_WARNING,
	.before = "{\"label\": \"...\", \"when\": ",
	.after = "}",
	.otherwise = "{\"label\": \"...\"}"
};

/* Groups are read as a table of cells, in which each belongs to one. */
static const ClienteleLintWords group_words = {
	.rules = "group",
	.overlap = CLIENTELE_LINT_WARNING,
	.gap = CLIENTELE_LINT_WARNING,
	.before = "{\"label\": \"...\", \"when\": ",
	.after = "}",
	.otherwise = "{\"label\": \"...\"}"
};

static char *
finding(const ClienteleLint *lint, const char *message)
{
	return psprintf("%s: %s", lint->object ? lint->object : "", message);
}

static bool
is_said(const ClienteleLint *lint, const char *message)
{
	const char *wanted = finding(lint, message);
	ListCell   *cell;

	foreach(cell, lint->said)
	{
		if (strcmp(lfirst(cell), wanted) == 0)
			return true;
	}
	return false;
}

static void
remember(ClienteleLint *lint, const char *message)
{
	MemoryContext old_context = MemoryContextSwitchTo(lint->said_context);

	lint->said = lappend(lint->said, finding(lint, message));
	MemoryContextSwitchTo(old_context);
}

void
clientele_lint_say(ClienteleLint *lint, const char *severity, const char *message, const char *hint)
{
	ClienteleResultRow row;

	if (lint->branch && is_said(lint, message))
		return;
	if (lint->branch)
		message = psprintf("in branch \"%s\": %s", lint->branch, message);
	else
		remember(lint, message);
	clientele_result_clear(&row);
	clientele_result_set_text(&row, 0, severity);
	clientele_result_set_text(&row, 1, lint->object);
	clientele_result_set_text(&row, 2, message);
	clientele_result_set_text(&row, 3, hint);
	clientele_result_put(lint->fcinfo, &row);
}

/* ---------- tags ---------- */

static void
check_tag(ClienteleLint *lint, const ClienteleDefinition *definition)
{
	ClienteleLintScope scope;
	ClienteleLintRule rule = {0};

	if (clientele_lint_is_by_hand(definition))
		return;
	clientele_lint_scope(&scope, lint, NULL, NULL);
	rule.when = definition->expression;
	if (!clientele_lint_find_cells(&scope, &rule, 1))
		clientele_lint_say(lint, CLIENTELE_LINT_NOTE, "the tag compares too much to be checked", NULL);
	else if (rule.holds == CLIENTELE_NO_CELL)
		clientele_lint_say(lint, CLIENTELE_LINT_WARNING, "by the rules nobody can ever have the tag",
						   psprintf("Nobody can meet this: %s", definition->expression));
	else if (rule.holds == CLIENTELE_EVERY_CELL)
		clientele_lint_say(lint, CLIENTELE_LINT_WARNING, "by the rules everybody always has the tag",
						   psprintf("Everybody meets this: %s", definition->expression));
}

/* ---------- ladders and grids ---------- */

/* By its label, and by its number where several have that label. */
static char *
rung_name(const ClienteleDefinition *definition, int number, const char *word)
{
	const char *label = definition->rungs[number].label;

	for (int i = 0; i < definition->nrungs; i++)
	{
		if (i != number && strcmp(definition->rungs[i].label, label) == 0)
			return psprintf("%s \"%s\" (number %d)", word, label, number + 1);
	}
	return psprintf("%s \"%s\"", word, label);
}

static void
check_rungs(ClienteleLint *lint, const ClienteleDefinition *definition, const ClienteleLintWords *words)
{
	ClienteleLintRule *rules = palloc0(mul_size(sizeof(ClienteleLintRule), Max(definition->nrungs, 1)));
	ClienteleLintScope scope;

	for (int i = 0; i < definition->nrungs; i++)
	{
		rules[i].label = definition->rungs[i].label;
		rules[i].when = definition->rungs[i].when;
		rules[i].name = rung_name(definition, i, words->rules);
	}
	clientele_lint_scope(&scope, lint, NULL, definition->kind == CLIENTELE_RFM_GRID ? definition : NULL);
	clientele_lint_rules(&scope, rules, definition->nrungs, words);
}

/* A score that no value can have: cuts that are equal, or where no value is. */
static void
check_axis(ClienteleLint *lint, const ClienteleDefinition *grid, int axis)
{
	static const char letters[CLIENTELE_RFM_AXES] = {'r', 'f', 'm'};
	ClienteleLintScope scope;
	ClienteleDomain domain;
	int			ncuts = grid->cuts.ncuts[axis];

	clientele_lint_scope(&scope, lint, NULL, NULL);
	domain = clientele_lint_domain(&scope, clientele_expression_parse(grid->axes[axis], NULL));
	for (int bin = 0; bin <= ncuts; bin++)
	{
		const ClienteleDecimal *from = bin > 0 ? &grid->cuts.cuts[axis][bin - 1] : NULL;
		const ClienteleDecimal *below = bin < ncuts ? &grid->cuts.cuts[axis][bin] : NULL;

		if ((from && below && clientele_decimal_compare(*from, *below) >= 0) ||
			(below && domain.has_lowest && domain.type == CLIENTELE_NUMBER && clientele_decimal_compare(*below, domain.lowest) <= 0))
			clientele_lint_say(lint, CLIENTELE_LINT_NOTE,
							   psprintf("nobody can have %c = %d: no %s is %s", letters[axis],
										axis == CLIENTELE_RECENCY ? ncuts + 1 - bin : bin + 1,
										clientele_rfm_axis_names[axis], clientele_range_to_string(from, below)),
							   "Give fewer bins, or cut points that lie apart: define_rfm(..., cuts => ...).");
	}
}

/* ---------- the whole ---------- */

static void
check_definition(ClienteleLint *lint, const ClienteleDefinition *definition)
{
	clientele_lint_expressions(lint, definition);
	switch (definition->kind)
	{
		case CLIENTELE_RFM_GRID:
			for (int axis = 0; axis < CLIENTELE_RFM_AXES; axis++)
				check_axis(lint, definition, axis);
			if (definition->rungs)
				check_rungs(lint, definition, &group_words);
			break;
		case CLIENTELE_LADDER:
			check_rungs(lint, definition, &ladder_words);
			break;
		case CLIENTELE_CARD:
			clientele_lint_card(lint, definition);
			break;
		case CLIENTELE_TAG:
			check_tag(lint, definition);
			break;
		default:
			break;
	}
}

/* check_model(population_id, model): an error where it does not fit the tables. */
Datum
clientele_check_model(PG_FUNCTION_ARGS)
{
	(void) clientele_engine_of_model(PG_GETARG_INT32(0), clientele_rule_text_get(&clientele_model_type, PG_GETARG_DATUM(1)),
									 CLIENTELE_FOR_ONE, NULL);
	PG_RETURN_VOID();
}

/* Definition by definition; context is what one of them needs. */
static void
check_model(ClienteleLint *lint, MemoryContext context)
{
	MemoryContext old_context = MemoryContextSwitchTo(context);

	for (int i = 0; i < lint->parts->nsources + lint->model->ndefinitions; i++)
	{
		int			number = i - lint->parts->nsources;

		lint->domains = palloc0(mul_size(sizeof(ClienteleDomain *), Max(lint->model->ndefinitions, 1)));
		lint->object = number < 0 ? NULL : lint->model->definitions[number].name;
		if (number < 0)
			clientele_lint_filter(lint, &lint->parts->sources[i]);
		else
			check_definition(lint, &lint->model->definitions[number]);
		MemoryContextReset(context);
	}
	MemoryContextSwitchTo(old_context);
}

/*
 * lint_model(population_id, model, draft): model is what compiles of the draft.
 */
Datum
clientele_lint_model(PG_FUNCTION_ARGS)
{
	char	   *text = clientele_rule_text_get(&clientele_model_type, PG_GETARG_DATUM(1));
	ClienteleModel *draft = clientele_model_parse(clientele_rule_text_get(&clientele_model_type, PG_GETARG_DATUM(2)), NULL);
	ClienteleLint lint = {.fcinfo = fcinfo,.said_context = CurrentMemoryContext};
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "clientele lint", ALLOCSET_DEFAULT_SIZES);
	ClienteleModel *model;
	ListCell   *branch;

	InitMaterializedSRF(fcinfo, 0);
	lint.parts = clientele_engine_of_model(PG_GETARG_INT32(0), text, CLIENTELE_FOR_ONE, NULL)->parts;
	model = lint.parts->model;
	lint.model = clientele_lint_model_in(model, NULL);
	check_model(&lint, context);
	lint.domains = palloc0(mul_size(sizeof(ClienteleDomain *), Max(model->ndefinitions, 1)));
	clientele_lint_values(&lint);
	clientele_lint_unused(&lint, draft);
	foreach(branch, clientele_lint_branches(model))
	{
		lint.branch = lfirst(branch);
		lint.model = clientele_lint_model_in(model, lint.branch);
		check_model(&lint, context);
	}
	MemoryContextDelete(context);
	return (Datum) 0;
}
