/*
 * engine_conditions.c
 *		In an engine that explains: what definitions rest on, line by line, each with
 *		registers of its own.
 *
 * The same texts have been bound as parts of their definitions, where what is known
 * already spares the rest; here every clause is evaluated.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "miscadmin.h"

#include "compat.h"
#include "engine/engine_parts.h"

/* The definition whose lines are bound. */
typedef struct Binding
{
	ClienteleEngineParts *parts;
	ClienteleEngineDefinition *bound;
	bool		in_groups;		/* r, f, m and score are the grid's own */
	int			part;
	int			bin;
} Binding;

/* ---------- names ---------- */

int
clientele_engine_find_tag(const ClienteleModel *model, const char *name)
{
	for (int i = 0; i < model->ndefinitions; i++)
	{
		if (model->definitions[i].kind == CLIENTELE_TAG && strcmp(model->definitions[i].name, name) == 0)
			return i;
	}
	return -1;
}

/* The parameter that a node names, or NULL. */
static const ClienteleDefinition *
parameter_of(const ClienteleModel *model, const ClienteleNode *node)
{
	const char *suffix;
	int			number = node->kind == CLIENTELE_NODE_NAME && node->next_name == NULL ?
		clientele_model_meant(model, node->string, &suffix) : -1;

	return number >= 0 && model->definitions[number].kind == CLIENTELE_PARAMETER ? &model->definitions[number] : NULL;
}

/* A parameter's value, which may be that of the customer's branch. */
static const char *
parameter_value(const ClienteleEngineParts *parts, const ClienteleDefinition *parameter)
{
	const ClienteleCell *cell = parts->definitions[parameter - parts->model->definitions].cells;

	return cell && cell->state != CLIENTELE_NULL ?
		clientele_cell_to_string(cell, CLIENTELE_NUMBER, parts->zone) : parameter->expression;
}

/* Puts into the place of parameters what is to be printed there: as numbers, as these are not quoted. */
static void
replace_parameters(const ClienteleEngineParts *parts, ClienteleNode *node,
				   const char *(*text) (const ClienteleEngineParts *parts, const ClienteleNode *node,
										const ClienteleDefinition *parameter))
{
	const ClienteleDefinition *parameter;

	if (node == NULL)
		return;
	check_stack_depth();
	parameter = parameter_of(parts->model, node);
	if (parameter)
	{
		const char *string = text(parts, node, parameter);

		if (string == NULL)
			return;
		node->string = string;
		node->kind = CLIENTELE_NODE_NUMBER;
	}
	else if (node->kind == CLIENTELE_NODE_AGGREGATE)
	{
		replace_parameters(parts, node->aggregate->where, text);
		replace_parameters(parts, node->aggregate->window.from, text);
		replace_parameters(parts, node->aggregate->window.to, text);
	}
	else
	{
		for (ClienteleNode *operand = node->first; operand; operand = operand->next)
			replace_parameters(parts, operand, text);
	}
}

static const char *
shown_parameter(const ClienteleEngineParts *parts, const ClienteleNode *node, const ClienteleDefinition *parameter)
{
	return psprintf("%s [%s]", clientele_expression_print(node), parameter_value(parts, parameter));
}

char *
clientele_engine_show(const ClienteleEngineParts *parts, const char *expression)
{
	ClienteleNode *tree = clientele_expression_parse(expression, NULL);

	replace_parameters(parts, tree, shown_parameter);
	return clientele_expression_print(tree);
}

static const char *
bound_parameter(const ClienteleEngineParts *parts, const ClienteleNode *node, const ClienteleDefinition *parameter)
{
	(void) node;
	return parameter->nbranches > 0 ? parameter_value(parts, parameter) : NULL;
}

ClienteleNode *
clientele_engine_customers_own(const ClienteleEngineParts *parts, const char *expression)
{
	ClienteleNode *tree = clientele_expression_parse(expression, NULL);

	replace_parameters(parts, tree, bound_parameter);
	return tree;
}

/* ---------- lines ---------- */

static ClienteleEngineCondition *
add_line(Binding *binding, ClienteleEngineLine line, int depth)
{
	ClienteleEngineDefinition *bound = binding->bound;
	ClienteleEngineCondition *added;

	if (bound->nconditions == bound->conditions_allocated)
	{
		bound->conditions_allocated = Max(bound->conditions_allocated * 2, 8);
		bound->conditions = bound->conditions ?
			repalloc(bound->conditions, mul_size(sizeof(*added), bound->conditions_allocated)) :
			palloc(mul_size(sizeof(*added), bound->conditions_allocated));
	}
	added = &bound->conditions[bound->nconditions++];
	memset(added, 0, sizeof(*added));
	added->line = line;
	added->depth = depth;
	added->part = binding->part;
	added->bin = binding->bin;
	return added;
}

static void
set_value(const Binding *binding, ClienteleEngineCondition *line, const ClienteleNode *value)
{
	const char *text = clientele_expression_print(value);

	line->measured = text;
	line->value = clientele_engine_bind(binding->parts, text, CLIENTELE_ANY, &line->type);
}

static void
set_condition(const Binding *binding, ClienteleEngineCondition *line, const char *rule)
{
	ClienteleType type;

	line->rule = rule;
	line->holds = clientele_engine_bind(binding->parts, rule, CLIENTELE_BOOLEAN, &type);
}

/* ---------- what a value is made of ---------- */

static bool
is_grids_own(const Binding *binding, const ClienteleNode *name)
{
	static const char *const names[] = {"r", "f", "m", "score"};

	for (size_t i = 0; binding->in_groups && i < lengthof(names); i++)
	{
		if (name->next_name == NULL && strcmp(name->string, names[i]) == 0)
			return true;
	}
	return false;
}

static bool
has_line_of(const ClienteleEngineDefinition *bound, int from, const char *measured)
{
	for (int i = from; i < bound->nconditions; i++)
	{
		if (strcmp(bound->conditions[i].measured, measured) == 0)
			return true;
	}
	return false;
}

/*
 * Adds the aggregates and columns in an expression as lines of their own, once each,
 * beneath line number `above`, which tells of one of them perhaps itself; and notes
 * there which definitions it names.
 */
static void
add_constituents(Binding *binding, const ClienteleNode *node, int above)
{
	const ClienteleModel *model = binding->parts->model;
	ClienteleEngineDefinition *bound = binding->bound;
	const char *suffix;
	int			number = -1;
	bool		is_name = node->kind == CLIENTELE_NODE_NAME;

	check_stack_depth();
	if (is_name && (parameter_of(model, node) || is_grids_own(binding, node)))
		return;
	if (is_name && node->next_name == NULL)
		number = clientele_model_meant(model, node->string, &suffix);
	else if (node->kind == CLIENTELE_NODE_CALL && node->function == CLIENTELE_FN_HAS_TAG)
		number = clientele_engine_find_tag(model, node->first->string);

	if (number >= 0)
		bound->conditions[above].definitions = list_append_unique_int(bound->conditions[above].definitions, number);
	else if (is_name || node->kind == CLIENTELE_NODE_AGGREGATE)
	{
		int			depth = bound->conditions[above].depth + 1;

		if (!has_line_of(bound, above, clientele_expression_print(node)))
			set_value(binding, add_line(binding, CLIENTELE_LINE_VALUE, depth), node);
	}
	else
	{
		for (const ClienteleNode *operand = node->first; operand; operand = operand->next)
			add_constituents(binding, operand, above);
	}
}

/* A value that a definition measures. */
static void
add_value(Binding *binding, const char *text, int depth)
{
	const ClienteleNode *tree = clientele_expression_parse(text, NULL);

	set_value(binding, add_line(binding, CLIENTELE_LINE_VALUE, depth), tree);
	add_constituents(binding, tree, binding->bound->nconditions - 1);
}

/* Points or a weight, and how they are computed. */
static void
add_amount(Binding *binding, ClienteleEngineLine line, const char *item, const char *text, int depth)
{
	const ClienteleNode *tree = clientele_expression_parse(text, NULL);
	ClienteleEngineCondition *added = add_line(binding, line, depth);

	set_value(binding, added, tree);
	added->rule = text;
	added->item = item;
	add_constituents(binding, tree, binding->bound->nconditions - 1);
}

/* ---------- clauses ---------- */

/* Whether a comparison's operand says something of the customer. */
static bool
is_telling(const ClienteleModel *model, const ClienteleNode *operand)
{
	return !clientele_node_is_literal(operand) && !parameter_of(model, operand) &&
		!(operand->kind == CLIENTELE_NODE_CALL && operand->function == CLIENTELE_FN_NOW);
}

/* What a condition compares, or else the whole of it. */
static const ClienteleNode *
compared(const ClienteleModel *model, const ClienteleNode *condition)
{
	switch (condition->kind)
	{
		case CLIENTELE_NODE_COMPARE:
			if (!is_telling(model, condition->first) && is_telling(model, condition->last))
				return condition->last;
			/* FALLTHROUGH */
		case CLIENTELE_NODE_BETWEEN:
		case CLIENTELE_NODE_IN:
		case CLIENTELE_NODE_LIKE:
		case CLIENTELE_NODE_IS_NULL:
			return is_telling(model, condition->first) ? condition->first : condition;
		default:
			return condition;
	}
}

/* The AND or OR whose operands are a condition's clauses; NULL where it is one itself. */
static const ClienteleNode *
joined(const ClienteleNode *condition)
{
	while (condition->kind == CLIENTELE_NODE_NOT)
		condition = condition->first;
	return condition->kind == CLIENTELE_NODE_AND || condition->kind == CLIENTELE_NODE_OR ? condition : NULL;
}

static void
add_clause(Binding *binding, const ClienteleNode *clause, int depth)
{
	const ClienteleNode *operands = joined(clause);
	ClienteleEngineCondition *added;

	check_stack_depth();
	added = add_line(binding, operands ? CLIENTELE_LINE_CLAUSES : CLIENTELE_LINE_CLAUSE, depth);
	set_value(binding, added, compared(binding->parts->model, clause));
	set_condition(binding, added, clientele_expression_print(clause));
	if (operands == NULL)
	{
		add_constituents(binding, clause, binding->bound->nconditions - 1);
		return;
	}
	for (const ClienteleNode *operand = operands->first; operand; operand = operand->next)
		add_clause(binding, operand, depth + 1);
}

/* The clauses of a condition that has a line already. */
static void
add_clauses(Binding *binding, const char *rule, int depth)
{
	const ClienteleNode *tree = clientele_expression_parse(rule, NULL);

	if (clientele_node_is_literal(tree))
		return;					/* false: only people give it */
	if (tree->kind != CLIENTELE_NODE_AND && tree->kind != CLIENTELE_NODE_OR)
	{
		add_clause(binding, tree, depth);
		return;
	}
	for (const ClienteleNode *operand = tree->first; operand; operand = operand->next)
		add_clause(binding, operand, depth);
}

/* ---------- definitions ---------- */

/* Of a metric that is but a column or an aggregate, the answer says all. */
static void
bind_metric(Binding *binding, const ClienteleDefinition *definition)
{
	const ClienteleNode *tree = clientele_expression_parse(definition->expression, NULL);

	if (tree->kind == CLIENTELE_NODE_AGGREGATE)
		return;
	add_value(binding, definition->expression, 0);
}

/* case when rung_0 then false when rung_1 then false else true end */
static char *
otherwise(Binding *binding)
{
	const ClienteleEngineDefinition *bound = binding->bound;
	StringInfoData text;

	initStringInfo(&text);
	for (int i = 0; i < bound->nconditions; i++)
	{
		const ClienteleEngineCondition *rung = &bound->conditions[i];
		const char *name = psprintf("rung_%d", rung->part);

		if (rung->line != CLIENTELE_LINE_RUNG)
			continue;
		appendStringInfo(&text, "%s when %s then false", text.len ? "" : "case", name);
		clientele_engine_push_local(binding->parts, name, CLIENTELE_BOOLEAN, rung->holds);
	}
	appendStringInfoString(&text, text.len ? " else true end" : "true");
	return text.data;
}

static void
bind_rungs(Binding *binding, const ClienteleDefinition *definition)
{
	ClienteleType type;

	for (int i = 0; i < definition->nrungs; i++)
	{
		const ClienteleRung *rung = &definition->rungs[i];
		ClienteleCell *holds = clientele_engine_bind(binding->parts, rung->when ? rung->when : otherwise(binding),
													 CLIENTELE_BOOLEAN, &type);
		ClienteleEngineCondition *added;

		binding->part = i;
		added = add_line(binding, CLIENTELE_LINE_RUNG, 1);
		added->item = rung->label;
		added->rule = rung->when;
		added->holds = holds;
		if (rung->when)
			add_clauses(binding, rung->when, 2);
	}
}

static void
bind_grid(Binding *binding, const ClienteleDefinition *definition)
{
	static const char *const axis_names[CLIENTELE_RFM_AXES] = {"r", "f", "m"};
	ClienteleEngineParts *parts = binding->parts;

	for (int axis = 0; axis < CLIENTELE_RFM_AXES; axis++)
	{
		binding->part = axis;
		add_value(binding, definition->axes[axis], 2);
	}
	parts->nlocals = 0;
	for (int axis = 0; axis < CLIENTELE_RFM_AXES; axis++)
		clientele_engine_push_local(parts, axis_names[axis], CLIENTELE_NUMBER, binding->bound->axes[axis]);
	clientele_engine_push_local(parts, "score", CLIENTELE_NUMBER, binding->bound->score);
	binding->in_groups = true;
	bind_rungs(binding, definition);
	parts->nlocals = 0;
}

static void
bind_bin(Binding *binding, const ClienteleCardBin *bin)
{
	const ClienteleNode *tree;

	if (bin->when)
	{
		tree = clientele_expression_parse(bin->when, NULL);
		set_condition(binding, add_line(binding, CLIENTELE_LINE_BIN, 2), bin->when);
		set_value(binding, &binding->bound->conditions[binding->bound->nconditions - 1], compared(binding->parts->model, tree));
		if (joined(tree))
			add_clauses(binding, bin->when, 3);
		else
			add_constituents(binding, tree, binding->bound->nconditions - 1);
	}
	if (bin->points.expression)
		add_amount(binding, CLIENTELE_LINE_POINTS, "points", bin->points.expression, 2);
}

static void
bind_card(Binding *binding, const ClienteleScorecard *card)
{
	for (int i = 0; i < card->ncharacteristics; i++)
	{
		const ClienteleCardCharacteristic *characteristic = &card->characteristics[i];

		binding->part = i;
		binding->bin = -1;
		if (characteristic->value)
			add_value(binding, characteristic->value, 2);
		if (characteristic->weight.expression)
			add_amount(binding, CLIENTELE_LINE_VALUE, "weight", characteristic->weight.expression, 2);
		for (int bin = 0; bin < characteristic->nbins; bin++)
		{
			binding->bin = bin;
			bind_bin(binding, &characteristic->bins[bin]);
		}
		binding->bin = characteristic->nbins;
		if (characteristic->missing)
			bind_bin(binding, characteristic->missing);
	}
}

void
clientele_engine_bind_conditions(ClienteleEngineParts *parts)
{
	for (int i = 0; i < parts->model->ndefinitions; i++)
	{
		const ClienteleDefinition *definition = &parts->model->definitions[i];
		Binding		binding = {.parts = parts,.bound = &parts->definitions[i],.bin = -1};

		switch (definition->kind)
		{
			case CLIENTELE_PARAMETER:
				break;
			case CLIENTELE_METRIC:
				bind_metric(&binding, definition);
				break;
			case CLIENTELE_RFM_GRID:
				bind_grid(&binding, definition);
				break;
			case CLIENTELE_CARD:
				bind_card(&binding, definition->card);
				break;
			case CLIENTELE_LADDER:
				bind_rungs(&binding, definition);
				parts->nlocals = 0;
				break;
			case CLIENTELE_TAG:
				add_clauses(&binding, definition->expression, 1);
				break;
		}
	}
}
