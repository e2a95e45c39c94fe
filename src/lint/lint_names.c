/*
 * lint_names.c
 *		What stands in expressions and is not what it seems, and definitions that nobody
 *		names.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/builtins.h"

#include "base/nearest_name.h"
#include "compat.h"
#include "lint/lint.h"
#include "model/model_labels.h"

/* ---------- the expressions of a definition ---------- */

static void
visit_text(const char *text, const ClienteleDefinition *grid, ClienteleLintVisit visit, void *state)
{
	if (text)
		visit(state, clientele_expression_parse(text, NULL), grid);
}

void
clientele_lint_visit(const ClienteleDefinition *definition, ClienteleLintVisit visit, void *state)
{
	ClienteleRule *rules;
	int			nrules = 0;

	if (definition->kind == CLIENTELE_PARAMETER)
		return;
	visit_text(definition->expression, NULL, visit, state);
	for (int axis = 0; axis < CLIENTELE_RFM_AXES; axis++)
		visit_text(definition->axes[axis], NULL, visit, state);
	for (int i = 0; i < definition->nrungs; i++)
		visit_text(definition->rungs[i].when, definition->kind == CLIENTELE_RFM_GRID ? definition : NULL, visit, state);
	if (definition->card == NULL)
		return;
	rules = clientele_scorecard_written_rules(definition->card, &nrules);
	for (int i = 0; i < nrules; i++)
		visit_text(rules[i].text, NULL, visit, state);
}

/* ---------- labels that nothing answers ---------- */

static void
check_label(ClienteleLintScope *scope, const ClienteleNode *name, const ClienteleNode *literal)
{
	const char *suffix;
	const ClienteleDefinition *definition = clientele_lint_meant(scope, name, &suffix);
	ClienteleNearestName nearest;
	StringInfoData all;

	if (literal->kind != CLIENTELE_NODE_STRING || definition == NULL || *suffix != '\0' ||
		(definition->kind != CLIENTELE_RFM_GRID && definition->kind != CLIENTELE_CARD && definition->kind != CLIENTELE_LADDER))
		return;
	initStringInfo(&all);
	clientele_nearest_begin(&nearest, literal->string);
	for (const char **label = clientele_definition_labels(definition); *label; label++)
	{
		if (strcmp(*label, literal->string) == 0)
			return;
		clientele_nearest_offer(&nearest, *label);
		appendStringInfo(&all, "%s'%s'", all.len > 0 ? ", " : "", *label);
	}
	clientele_lint_say(scope->lint, CLIENTELE_LINT_WARNING,
					   psprintf("%s is never '%s'", clientele_expression_print(name), literal->string),
					   clientele_nearest_result(&nearest) ?
					   psprintf("Perhaps you mean '%s'.", clientele_nearest_result(&nearest)) :
					   psprintf("Its labels are %s.", all.data));
}

/* ---------- days that count double ---------- */

static bool
is_days_since(ClienteleLintScope *scope, const ClienteleNode *node)
{
	const char *suffix;
	const ClienteleDefinition *definition = clientele_lint_meant(scope, node, &suffix);

	if (definition && definition->kind == CLIENTELE_METRIC)
		node = clientele_expression_parse(definition->expression, NULL);
	return node->kind == CLIENTELE_NODE_CALL && node->function == CLIENTELE_FN_DAYS_SINCE;
}

/* days_since(x) <= n */
static void
check_days(ClienteleLintScope *scope, const ClienteleNode *node, const ClienteleNode *days, const ClienteleNode *bound)
{
	ClienteleDecimal number;
	ClienteleDecimal more;

	if (!is_days_since(scope, days) || !clientele_lint_constant(scope, bound, &number) || clientele_decimal_sign(number) <= 0)
		return;
	number = clientele_decimal_floor(number);
	if (!clientele_decimal_add(number, clientele_decimal_from_int64(1), &more))
		return;
	clientele_lint_say(scope->lint, CLIENTELE_LINT_NOTE,
					   psprintf("%s covers %s calendar days: today and the %s before it", clientele_expression_print(node),
								clientele_decimal_to_string(more), clientele_decimal_to_string(number)),
					   psprintf("If %s days are meant, as in \"last %s days\", write %s < %s.",
								clientele_decimal_to_string(number), clientele_decimal_to_string(number),
								clientele_expression_print(days), clientele_expression_print(bound)));
}

/* ---------- conditions on events ---------- */

/* What a filter and a condition leave of a source's events. */
static bool
is_empty(ClienteleLint *lint, const ClienteleEngineSource *source, const char *condition)
{
	ClienteleLintScope scope;
	ClienteleLintRule rule = {0};

	clientele_lint_scope(&scope, lint, source, NULL);
	rule.when = condition;
	return clientele_lint_find_cells(&scope, &rule, 1) && rule.holds == CLIENTELE_NO_CELL;
}

void
clientele_lint_filter(ClienteleLint *lint, const ClienteleEngineSource *source)
{
	const char *filter = source->model->filter;

	if (filter && is_empty(lint, source, filter))
		clientele_lint_say(lint, CLIENTELE_LINT_WARNING,
						   psprintf("the filter of source \"%s\" lets no event through", source->model->name),
						   psprintf("No event can meet this: %s", filter));
}

static void
check_aggregate(ClienteleLintScope *scope, const ClienteleNode *node)
{
	const ClienteleEngineSource *source = clientele_engine_source(scope->lint->parts, node->first->string);
	const char *filter = source->model->filter;
	const char *where = node->aggregate->where ? clientele_expression_print(node->aggregate->where) : NULL;

	if (where == NULL || (filter && is_empty(scope->lint, source, filter)))
		return;
	if (is_empty(scope->lint, source, where))
		clientele_lint_say(scope->lint, CLIENTELE_LINT_WARNING,
						   psprintf("%s looks at no event", clientele_expression_print(node)),
						   psprintf("No event can meet this: %s", where));
	else if (filter && is_empty(scope->lint, source, psprintf("(%s) and (%s)", filter, where)))
		clientele_lint_say(scope->lint, CLIENTELE_LINT_WARNING,
						   psprintf("%s looks at no event", clientele_expression_print(node)),
						   psprintf("The source has only events with: %s", filter));
}

/* ---------- the walk ---------- */

static void
walk(ClienteleLintScope *scope, const ClienteleNode *node)
{
	const ClienteleNode *first = node->first;

	check_stack_depth();
	switch (node->kind)
	{
		case CLIENTELE_NODE_AGGREGATE:
			check_aggregate(scope, node);
			return;
		case CLIENTELE_NODE_COMPARE:
			check_label(scope, first, first->next);
			check_label(scope, first->next, first);
			if (node->comparison == CLIENTELE_LE)
				check_days(scope, node, first, first->next);
			else if (node->comparison == CLIENTELE_GE)
				check_days(scope, node, first->next, first);
			break;
		case CLIENTELE_NODE_IN:
			for (const ClienteleNode *literal = first->next; literal; literal = literal->next)
				check_label(scope, first, literal);
			break;
		default:
			break;
	}
	for (const ClienteleNode *operand = first; operand; operand = operand->next)
		walk(scope, operand);
}

static void
check_expression(void *state, const ClienteleNode *tree, const ClienteleDefinition *grid)
{
	ClienteleLintScope scope;

	clientele_lint_scope(&scope, state, NULL, grid);
	walk(&scope, tree);
}

void
clientele_lint_expressions(ClienteleLint *lint, const ClienteleDefinition *definition)
{
	clientele_lint_visit(definition, check_expression, lint);
}

/* ---------- what nobody names ---------- */

typedef struct Uses
{
	const ClienteleModel *model;
	bool	   *used;			/* by definition */
} Uses;

static void
note_name(Uses *uses, const ClienteleNode *name)
{
	const char *suffix;
	int			number = name->kind == CLIENTELE_NODE_NAME && !name->next_name ?
		clientele_model_meant(uses->model, name->string, &suffix) : -1;

	if (number >= 0)
		uses->used[number] = true;
}

static void
note_names(void *state, const ClienteleNode *node, const ClienteleDefinition *grid)
{
	check_stack_depth();
	if (node == NULL)
		return;
	note_name(state, node);
	if (node->aggregate)
	{
		note_names(state, node->aggregate->window.from, grid);
		note_names(state, node->aggregate->window.to, grid);
		note_names(state, node->aggregate->where, grid);
		return;
	}
	for (const ClienteleNode *operand = node->first; operand; operand = operand->next)
		note_names(state, operand, grid);
}

/* Names in numbers that are the same for all. */
static void
note_formulas(Uses *uses, const ClienteleDefinition *definition)
{
	const char **formulas;
	int			nformulas = 0;

	visit_text(definition->high_from_formula, NULL, note_names, uses);
	for (int axis = 0; axis < CLIENTELE_RFM_AXES; axis++)
	{
		for (int i = 0; i < definition->cuts.ncuts[axis]; i++)
			visit_text(definition->cut_formulas[axis][i], NULL, note_names, uses);
	}
	if (definition->card == NULL)
		return;
	formulas = clientele_scorecard_formulas(definition->card, &nformulas);
	for (int i = 0; i < nformulas; i++)
		visit_text(formulas[i], NULL, note_names, uses);
}

void
clientele_lint_unused(ClienteleLint *lint, const ClienteleModel *draft)
{
	Uses		uses = {draft, palloc0(mul_size(sizeof(bool), Max(draft->ndefinitions, 1)))};

	for (int i = 0; i < draft->nsources; i++)
		visit_text(draft->sources[i].filter, NULL, note_names, &uses);
	for (int i = 0; i < draft->ndefinitions; i++)
	{
		clientele_lint_visit(&draft->definitions[i], note_names, &uses);
		note_formulas(&uses, &draft->definitions[i]);
	}
	if (draft->branch)
		uses.used[clientele_model_find(draft, draft->branch)] = true;
	for (int i = 0; i < draft->ndefinitions; i++)
	{
		const ClienteleDefinition *definition = &draft->definitions[i];

		lint->object = definition->name;
		if (uses.used[i])
			continue;
		if (definition->kind == CLIENTELE_PARAMETER)
			clientele_lint_say(lint, CLIENTELE_LINT_NOTE, "no definition uses the parameter",
							   psprintf("SELECT drop_definition('...', %s);", quote_literal_cstr(definition->name)));
		else if (definition->kind == CLIENTELE_METRIC)
			clientele_lint_say(lint, CLIENTELE_LINT_NOTE, "no definition uses the metric: it is only shown", NULL);
	}
}
