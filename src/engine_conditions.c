/*
 * engine_conditions.c
 *		In an engine that explains: what tags and ladders rest on, condition by
 *		condition, each with registers of its own.
 *
 * The same texts have been bound as parts of their definitions, where what is known
 * already spares the rest; here every condition is evaluated.
 */
#include "postgres.h"

#include "lib/stringinfo.h"

#include "compat.h"
#include "engine_parts.h"

static bool
is_parameter(const ClienteleModel *model, const ClienteleNode *operand)
{
	if (operand->kind != CLIENTELE_NODE_NAME || operand->next_name)
		return false;
	for (int i = 0; i < model->ndefinitions; i++)
	{
		if (model->definitions[i].kind == CLIENTELE_PARAMETER &&
			strcmp(model->definitions[i].name, operand->string) == 0)
			return true;
	}
	return false;
}

/* Whether a comparison's operand says something of the customer. */
static bool
is_telling(const ClienteleModel *model, const ClienteleNode *operand)
{
	return !clientele_node_is_literal(operand) && !is_parameter(model, operand) &&
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

static ClienteleEngineCondition *
add_condition(ClienteleEngineParts *parts, ClienteleEngineDefinition *bound, const char *item, const char *text,
			  const char *rule)
{
	ClienteleEngineCondition *added = &bound->conditions[bound->nconditions++];
	ClienteleType type;

	added->item = item;
	added->text = text;
	added->holds = clientele_engine_bind(parts, rule, CLIENTELE_BOOLEAN, &type);
	return added;
}

static void
add_operand(ClienteleEngineParts *parts, ClienteleEngineDefinition *bound, const ClienteleNode *operand)
{
	const char *text = clientele_expression_print(operand);
	const char *item = clientele_expression_print(compared(parts->model, operand));
	ClienteleEngineCondition *added = add_condition(parts, bound, item, text, text);

	added->value = clientele_engine_bind(parts, item, CLIENTELE_ANY, &added->type);
}

/* The operands of the outermost AND or OR. */
static void
bind_tag(ClienteleEngineParts *parts, const ClienteleDefinition *definition, ClienteleEngineDefinition *bound)
{
	const ClienteleNode *tree = clientele_expression_parse(definition->expression, NULL);
	int			noperands = 0;

	if (clientele_node_is_literal(tree))
		return;					/* false: only people give it */
	if (tree->kind != CLIENTELE_NODE_AND && tree->kind != CLIENTELE_NODE_OR)
	{
		bound->conditions = palloc0(sizeof(ClienteleEngineCondition));
		add_operand(parts, bound, tree);
		return;
	}
	for (const ClienteleNode *operand = tree->first; operand; operand = operand->next)
		noperands++;
	bound->conditions = palloc0(mul_size(sizeof(ClienteleEngineCondition), noperands));
	for (const ClienteleNode *operand = tree->first; operand; operand = operand->next)
		add_operand(parts, bound, operand);
}

/* case when rung_0 then false when rung_1 then false else true end */
static char *
otherwise(ClienteleEngineParts *parts, const ClienteleEngineDefinition *bound)
{
	StringInfoData text;

	if (bound->nconditions == 0)
		return "true";
	initStringInfo(&text);
	appendStringInfoString(&text, "case");
	for (int i = 0; i < bound->nconditions; i++)
	{
		const char *name = psprintf("rung_%d", i);

		appendStringInfo(&text, " when %s then false", name);
		clientele_engine_push_local(parts, name, CLIENTELE_BOOLEAN, bound->conditions[i].holds);
	}
	appendStringInfoString(&text, " else true end");
	return text.data;
}

static void
bind_ladder(ClienteleEngineParts *parts, const ClienteleDefinition *definition, ClienteleEngineDefinition *bound)
{
	bound->conditions = palloc0(mul_size(sizeof(ClienteleEngineCondition), definition->nrungs));
	for (int i = 0; i < definition->nrungs; i++)
	{
		const ClienteleRung *rung = &definition->rungs[i];

		if (rung->when)
			add_condition(parts, bound, rung->label, rung->when, rung->when);
		else
			add_condition(parts, bound, rung->label, "otherwise", otherwise(parts, bound));
	}
	parts->nlocals = 0;
}

void
clientele_engine_bind_conditions(ClienteleEngineParts *parts)
{
	for (int i = 0; i < parts->model->ndefinitions; i++)
	{
		const ClienteleDefinition *definition = &parts->model->definitions[i];

		if (definition->kind == CLIENTELE_TAG)
			bind_tag(parts, definition, &parts->definitions[i]);
		else if (definition->kind == CLIENTELE_LADDER)
			bind_ladder(parts, definition, &parts->definitions[i]);
	}
}
