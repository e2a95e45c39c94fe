/*
 * engine_branches.c
 *		Parameters with values of their own for branches.
 *
 * What such parameters stand in is compiled once for each choice of values that some
 * branch has (a variant), with the values as literals in their place: so a window, a
 * condition on events or a limit of a bin may depend on the branch as on nothing else, and
 * is still known when the program is made.  The customer's branch says which variant is hers.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "miscadmin.h"

#include "compat.h"
#include "engine/engine_parts.h"
#include "expression/expression_function.h"

/* A register that says which variant is a customer's, and the text that computes it. */
typedef struct ClienteleVariantNumber
{
	const char *text;
	const ClienteleCell *branch;	/* what it calls so, in one model or another */
	ClienteleCell *cells;
} ClienteleVariantNumber;

/* ---------- values ---------- */

static const ClienteleDefinition *
find_parameter(const ClienteleModel *model, const char *name)
{
	for (int i = 0; i < model->ndefinitions; i++)
	{
		if (model->definitions[i].kind == CLIENTELE_PARAMETER && strcmp(model->definitions[i].name, name) == 0)
			return &model->definitions[i];
	}
	return NULL;
}

/* Its number in a branch that perhaps has none of its own; NULL = elsewhere. */
static const char *
value_in(const ClienteleDefinition *parameter, const char *branch)
{
	for (int i = 0; branch && i < parameter->nbranches; i++)
	{
		if (strcmp(parameter->branches[i].branch, branch) == 0)
			return parameter->branches[i].value;
	}
	return parameter->expression;
}

typedef struct Place
{
	const ClienteleModel *model;
	const char *branch;
} Place;

static bool
parameter_value(void *source, const char *name, ClienteleDecimal *result)
{
	const Place *place = source;
	const ClienteleDefinition *parameter = find_parameter(place->model, name);

	return parameter && clientele_decimal_from_string(value_in(parameter, place->branch), result);
}

ClienteleParameters
clientele_parameters_in(const ClienteleModel *model, const char *branch)
{
	ClienteleParameters parameters = {parameter_value, NULL};
	Place	   *place = palloc(sizeof(Place));

	place->model = model;
	place->branch = branch;
	parameters.source = place;
	return parameters;
}

/* ---------- who uses what ---------- */

/* Parameters, each once. */
typedef struct Uses
{
	const ClienteleEngineParts *parts;
	bool		only_branched;
	List	   *parameters;		/* of ClienteleDefinition */
} Uses;

static bool
is_local(const ClienteleEngineParts *parts, const char *name)
{
	for (int i = 0; i < parts->nlocals; i++)
	{
		if (strcmp(parts->locals[i].name, name) == 0)
			return true;
	}
	return false;
}

static void
add_use(Uses *uses, const ClienteleNode *name)
{
	const ClienteleDefinition *parameter;

	if (name->next_name || is_local(uses->parts, name->string))
		return;
	parameter = find_parameter(uses->parts->model, name->string);
	if (parameter && (parameter->nbranches > 0 || !uses->only_branched))
		uses->parameters = list_append_unique_ptr(uses->parameters, unconstify(ClienteleDefinition *, parameter));
}

static void
add_uses(Uses *uses, const ClienteleNode *node)
{
	if (node == NULL)
		return;
	check_stack_depth();
	if (node->kind == CLIENTELE_NODE_AGGREGATE)
	{
		add_uses(uses, node->aggregate->where);
		add_uses(uses, node->aggregate->window.from);
		add_uses(uses, node->aggregate->window.to);
		return;
	}
	if (node->kind == CLIENTELE_NODE_NAME)
		add_use(uses, node);
	for (const ClienteleNode *operand = node->first; operand; operand = operand->next)
		add_uses(uses, operand);
}

static void
add_uses_of_text(Uses *uses, const char *text)
{
	if (text)
		add_uses(uses, clientele_expression_parse(text, NULL));
}

/* In numbers that are the same for all. */
static void
add_uses_of_formulas(Uses *uses, const ClienteleDefinition *definition)
{
	const char **formulas;
	int			nformulas;

	add_uses_of_text(uses, definition->high_from_formula);
	for (int axis = 0; axis < CLIENTELE_RFM_AXES; axis++)
	{
		for (int i = 0; i < definition->cuts.ncuts[axis]; i++)
			add_uses_of_text(uses, definition->cut_formulas[axis][i]);
	}
	if (definition->card == NULL)
		return;
	formulas = clientele_scorecard_formulas(definition->card, &nformulas);
	for (int i = 0; i < nformulas; i++)
		add_uses_of_text(uses, formulas[i]);
}

bool
clientele_uses_branches(const ClienteleEngineParts *parts, const ClienteleDefinition *definition)
{
	Uses		uses = {parts, true, NIL};
	ClienteleRule *rules;
	int			nrules = 0;

	if (parts->model->branch == NULL)
		return false;
	if (definition->kind == CLIENTELE_PARAMETER)
		return definition->nbranches > 0 && parts->purpose == CLIENTELE_TO_EXPLAIN;
	add_uses_of_text(&uses, definition->expression);
	for (int axis = 0; axis < CLIENTELE_RFM_AXES; axis++)
		add_uses_of_text(&uses, definition->axes[axis]);
	for (int i = 0; i < definition->nrungs; i++)
		add_uses_of_text(&uses, definition->rungs[i].when);
	if (definition->card)
	{
		rules = clientele_scorecard_written_rules(definition->card, &nrules);
		for (int i = 0; i < nrules; i++)
			add_uses_of_text(&uses, rules[i].text);
	}
	add_uses_of_formulas(&uses, definition);
	return uses.parameters != NIL;
}

char *
clientele_definition_title(const ClienteleEngineParts *parts, const ClienteleDefinition *definition, const char *branch)
{
	Uses		uses = {parts, false, NIL};
	StringInfoData title;
	ListCell   *cell;

	initStringInfo(&title);
	appendStringInfo(&title, "%s \"%s\"", clientele_definition_kinds[definition->kind], definition->name);
	add_uses_of_formulas(&uses, definition);
	foreach(cell, uses.parameters)
	{
		const ClienteleDefinition *parameter = lfirst(cell);

		appendStringInfo(&title, "%s%s = %s", cell == list_head(uses.parameters) ? " with " : ", ",
						 parameter->name, value_in(parameter, branch));
	}
	if (branch)
		appendStringInfo(&title, " in branch \"%s\"", branch);
	return title.data;
}

/* ---------- variants ---------- */

/* Whether two branches have the same values. */
static bool
are_alike(const List *parameters, const char *one, const char *other)
{
	ListCell   *cell;

	foreach(cell, parameters)
	{
		if (strcmp(value_in(lfirst(cell), one), value_in(lfirst(cell), other)) != 0)
			return false;
	}
	return true;
}

/* The branch, as a literal of its metric's type. */
static void
append_branch(StringInfo text, const ClienteleModel *model, ClienteleType type, const char *branch)
{
	ClienteleNode literal = {.kind = CLIENTELE_NODE_STRING,.height = 1,.string = branch};
	ClienteleDecimal number;

	if (type != CLIENTELE_NUMBER)
	{
		appendStringInfoString(text, clientele_expression_print(&literal));
		return;
	}
	if (!clientele_decimal_from_string(branch, &number) || strcmp(branch, clientele_decimal_to_string(number)) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("\"%s\" is no branch: metric \"%s\" is a number, such as 7", branch, model->branch),
				 errhint("Take its value away: SELECT clientele.set_parameter('...', '...', NULL, branch => '%s');", branch)));
	appendStringInfoString(text, clientele_decimal_to_string(number));
}

typedef struct Branch
{
	const char *name;
	int			variant;
} Branch;

/* case when home in ('pudong', 'xuhui') then 1 when home in ('jing''an') then 2 else 0 end */
static char *
number_text(const ClienteleEngineParts *parts, ClienteleType type, const Branch *branches, int nbranches, int nvariants)
{
	ClienteleNode metric = {.kind = CLIENTELE_NODE_NAME,.height = 1,.string = parts->model->branch};
	const char *name = clientele_expression_print(&metric);
	StringInfoData text;

	initStringInfo(&text);
	appendStringInfoString(&text, "case");
	for (int variant = 1; variant < nvariants; variant++)
	{
		const char *separator = "";

		appendStringInfo(&text, " when %s in (", name);
		for (int i = 0; i < nbranches; i++)
		{
			if (branches[i].variant != variant)
				continue;
			appendStringInfoString(&text, separator);
			append_branch(&text, parts->model, type, branches[i].name);
			separator = ", ";
		}
		appendStringInfo(&text, ") then %d", variant);
	}
	appendStringInfoString(&text, " else 0 end");
	return text.data;
}

static const ClienteleEngineDefinition *
bound_branch(const ClienteleEngineParts *parts)
{
	int			metric = 0;

	while (strcmp(parts->model->definitions[metric].name, parts->model->branch) != 0)
		metric++;
	Assert(parts->definitions[metric].state == CLIENTELE_BOUND);
	return &parts->definitions[metric];
}

static ClienteleType
branch_type(const ClienteleEngineParts *parts)
{
	const ClienteleModel *model = parts->model;
	ClienteleType type = bound_branch(parts)->type;

	if (type != CLIENTELE_TEXT && type != CLIENTELE_NUMBER)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("metric \"%s\", which tells a customer's branch, is a %s", model->branch, clientele_type_name(type)),
				 errhint("Where parameters have values for branches, it must be a text or a number.")));
	return type;
}

/* The register of that text; one for all who have the same variants. */
static ClienteleCell *
use_number(ClienteleEngineParts *parts, const char *text)
{
	const ClienteleCell *branch = bound_branch(parts)->cells;
	ClienteleVariantNumber *number;
	ClienteleType type;
	ListCell   *cell;
	int			nlocals = parts->nlocals;

	foreach(cell, parts->variant_numbers)
	{
		number = lfirst(cell);
		if (strcmp(number->text, text) == 0 && number->branch == branch)
			return number->cells;
	}
	number = palloc(sizeof(ClienteleVariantNumber));
	number->text = text;
	number->branch = branch;
	parts->nlocals = 0;
	number->cells = clientele_bind_rule(parts->binder, text, CLIENTELE_NUMBER, &type);
	parts->nlocals = nlocals;
	parts->variant_numbers = lappend(parts->variant_numbers, number);
	return number->cells;
}

static int
compare_branches(const void *a, const void *b)
{
	return strcmp(((const Branch *) a)->name, ((const Branch *) b)->name);
}

/* All branches for which any of the parameters has a value, each once. */
static Branch *
list_branches(const List *parameters, int *nbranches)
{
	int			room = 0;
	Branch	   *branches;
	int			count = 0;
	ListCell   *cell;

	foreach(cell, parameters)
		room += ((ClienteleDefinition *) lfirst(cell))->nbranches;
	branches = palloc0(mul_size(sizeof(Branch), room));
	foreach(cell, parameters)
	{
		const ClienteleDefinition *parameter = lfirst(cell);

		for (int i = 0; i < parameter->nbranches; i++)
			branches[count++].name = parameter->branches[i].branch;
	}
	qsort(branches, count, sizeof(Branch), compare_branches);
	*nbranches = 0;
	for (int i = 0; i < count; i++)
	{
		if (*nbranches == 0 || strcmp(branches[*nbranches - 1].name, branches[i].name) != 0)
			branches[(*nbranches)++] = branches[i];
	}
	return branches;
}

const ClienteleVariants *
clientele_variants(ClienteleEngineParts *parts, const char **texts, int ntexts)
{
	ClienteleVariants *variants = palloc0(sizeof(ClienteleVariants));
	Uses		uses = {parts, true, NIL};
	Branch	   *branches;
	int			nbranches;

	variants->count = 1;
	variants->branches = palloc0(sizeof(char *) * CLIENTELE_MAX_VARIANTS);
	if (parts->model->branch == NULL)
		return variants;
	for (int i = 0; i < ntexts; i++)
		add_uses_of_text(&uses, texts[i]);
	variants->any = uses.parameters != NIL;
	branches = list_branches(uses.parameters, &nbranches);
	for (int i = 0; i < nbranches; i++)
	{
		int			variant = 0;

		while (variant < variants->count &&
			   !are_alike(uses.parameters, branches[i].name, variants->branches[variant]))
			variant++;
		if (variant == CLIENTELE_MAX_VARIANTS)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("branches have more than %d different choices of parameters' values", CLIENTELE_MAX_VARIANTS),
					 errhint("Give branches that are alike the same values.")));
		if (variant == variants->count)
			variants->branches[variants->count++] = branches[i].name;
		branches[i].variant = variant;
	}
	if (variants->count > 1)
		variants->number = use_number(parts, number_text(parts, branch_type(parts), branches, nbranches, variants->count));
	return variants;
}

int
clientele_variant_of(const ClienteleVariants *variants, int row)
{
	if (variants->number == NULL)
		return 0;
	return (int) clientele_decimal_floor(clientele_cell_number(&variants->number[row])).u.units;
}

/* ---------- texts ---------- */

/* Puts a number in the place of a name. */
static void
become_number(ClienteleNode *name, const char *value)
{
	ClienteleNode *number = name;

	if (value[0] == '-')
	{
		number = palloc0(sizeof(ClienteleNode));
		number->height = 1;
		name->kind = CLIENTELE_NODE_NEGATE;
		name->height = 2;
		name->first = name->last = number;
		value++;
	}
	number->kind = CLIENTELE_NODE_NUMBER;
	number->string = value;
}

static const char *
branch_value(const ClienteleEngineParts *parts, const ClienteleNode *node, const char *branch)
{
	Uses		uses = {parts, true, NIL};

	add_use(&uses, node);
	return uses.parameters == NIL ? NULL : value_in(linitial(uses.parameters), branch);
}

static void
put_length(const ClienteleEngineParts *parts, ClienteleNode *length, const char *branch)
{
	const char *value = length && length->kind == CLIENTELE_NODE_NAME ? branch_value(parts, length, branch) : NULL;

	if (value == NULL)
		return;
	if (strspn(value, "0123456789") != strlen(value) || strlen(value) > 6)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a window cannot be %s long, as by parameter \"%s\"%s", value, length->string,
						branch ? psprintf(" in branch \"%s\"", branch) : ""),
				 errhint("A length is a whole number from 0 to 999999.")));
	become_number(length, value);
}

/* Puts the values of a branch in the place of parameters that have such. */
static void
put_values(const ClienteleEngineParts *parts, ClienteleNode *node, const char *branch)
{
	const char *value;

	if (node == NULL)
		return;
	check_stack_depth();
	if (node->kind == CLIENTELE_NODE_AGGREGATE)
	{
		put_values(parts, node->aggregate->where, branch);
		put_length(parts, node->aggregate->window.from, branch);
		put_length(parts, node->aggregate->window.to, branch);
		return;
	}
	for (ClienteleNode *operand = node->first; operand; operand = operand->next)
		put_values(parts, operand, branch);
	value = node->kind == CLIENTELE_NODE_NAME ? branch_value(parts, node, branch) : NULL;
	if (value)
		become_number(node, value);
}

/* case when variant = 1 then ... else ... end; the first is that of all others */
static char *
case_text(const char *number_name, int narms, const char **arms)
{
	StringInfoData text;

	initStringInfo(&text);
	appendStringInfoString(&text, "case");
	for (int i = 1; i < narms; i++)
		appendStringInfo(&text, " when %s = %d then %s", number_name, i, arms[i]);
	appendStringInfo(&text, " else %s end", arms[0]);
	return text.data;
}

const char *
clientele_variants_join(ClienteleEngineParts *parts, const ClienteleVariants *variants, const char **texts,
						const char *number_name)
{
	const char **arms = palloc(sizeof(char *) * variants->count);
	const char **arguments = palloc(sizeof(char *) * variants->count);
	const char *function = NULL;
	bool		differ = false;

	if (!variants->any)
		return texts[0];
	for (int i = 0; i < variants->count; i++)
	{
		ClienteleNode *tree = clientele_expression_parse(texts[i], NULL);

		put_values(parts, tree, variants->branches[i]);
		arms[i] = clientele_expression_print(tree);
		if (clientele_is_elapsed(tree))
		{
			function = clientele_function_info(tree->function)->name;
			arguments[i] = clientele_expression_print(tree->first);
		}
		differ = differ || strcmp(arms[i], arms[0]) != 0;
	}
	if (!differ)
		return arms[0];

	/* elapsed time is known as such only where nothing is around it */
	if (function)
		return psprintf("%s(%s)", function, case_text(number_name, variants->count, arguments));
	return case_text(number_name, variants->count, arms);
}

const char *
clientele_unused_name(const char **texts, int ntexts)
{
	char	   *name = "variant";

	for (int i = 0; i < ntexts; i++)
	{
		while (strstr(texts[i], name))
			name = psprintf("%s_", name);
	}
	return name;
}
