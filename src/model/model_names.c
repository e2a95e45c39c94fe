/*
 * model_names.c
 *		What names in a model's expressions mean, and the columns that it reads.
 *
 * A name that is neither a parameter nor a definition is a column: inside an
 * aggregate one of its events, elsewhere one of the population's table.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"

#include "compat.h"
#include "expression/expression.h"
#include "expression/row_rules.h"
#include "model/model.h"

PG_FUNCTION_INFO_V1(clientele_model_columns_used);
PG_FUNCTION_INFO_V1(clientele_path_names);

int
clientele_model_find(const ClienteleModel *model, const char *name)
{
	for (int i = 0; i < model->ndefinitions; i++)
	{
		if (strcmp(model->definitions[i].name, name) == 0)
			return i;
	}
	return -1;
}

int
clientele_model_meant(const ClienteleModel *model, const char *name, const char **suffix)
{
	int			found = clientele_model_find(model, name);

	/* tags have a namespace of their own: has_tag('x') */
	*suffix = "";
	if (found >= 0 && model->definitions[found].kind != CLIENTELE_TAG)
		return found;
	for (int i = 0; i < model->ndefinitions; i++)
	{
		const ClienteleDefinition *definition = &model->definitions[i];
		size_t		length = strlen(definition->name);

		if (strncmp(definition->name, name, length) != 0 ||
			(definition->kind != CLIENTELE_RFM_GRID && definition->kind != CLIENTELE_CARD))
			continue;
		*suffix = name + length;
		if (strcmp(*suffix, "_score") == 0 ||
			(definition->kind == CLIENTELE_RFM_GRID &&
			 (strcmp(*suffix, "_r") == 0 || strcmp(*suffix, "_f") == 0 || strcmp(*suffix, "_m") == 0)))
			return i;
	}
	return -1;
}

/* Where names are looked for, and what becomes of a column that is found. */
typedef struct Walk
{
	HTAB	   *definitions;	/* names that are no columns outside aggregates ... */
	HTAB	   *parameters;		/* ... and those that are none anywhere */
	bool		in_groups;		/* r, f, m and score stand for the grid's own */
	ReturnSetInfo *result;
} Walk;

static HTAB *
make_set(const char *name)
{
	HASHCTL		control = {.keysize = NAMEDATALEN, .entrysize = NAMEDATALEN};

	return hash_create(name, 64, &control, HASH_ELEM | HASH_STRINGS);
}

static bool
is_in(HTAB *set, const char *name)
{
	/* A longer name would be cut and found by its beginning. */
	return strlen(name) < NAMEDATALEN && hash_search(set, name, HASH_FIND, NULL) != NULL;
}

static Datum
names_array(const ClienteleNode *path)
{
	ArrayBuildState *names = initArrayResult(TEXTOID, CurrentMemoryContext, false);

	for (; path != NULL; path = path->next_name)
		names = accumArrayResult(names, CStringGetTextDatum(path->string), false, TEXTOID, CurrentMemoryContext);
	return makeArrayResult(names, CurrentMemoryContext);
}

/* A path of NULL is an aggregate that reads no column: the source as such. */
static void
add_column(Walk *walk, const char *source, const ClienteleNode *path)
{
	Datum		values[2];
	bool		nulls[2] = {source == NULL, false};

	values[0] = source == NULL ? (Datum) 0 : CStringGetTextDatum(source);
	values[1] = names_array(path);
	tuplestore_putvalues(walk->result->setResult, walk->result->setDesc, values, nulls);
}

static bool
is_grid_name(const char *name)
{
	return strcmp(name, "r") == 0 || strcmp(name, "f") == 0 || strcmp(name, "m") == 0 || strcmp(name, "score") == 0;
}

/* The numbers beside a label are names, too: of a grid all, of a card its score. */
static void
add_number_names(HTAB *set, const ClienteleDefinition *definition)
{
	static const char *const suffixes[] = {"_score", "_r", "_f", "_m"};
	int			count = definition->kind == CLIENTELE_RFM_GRID ? lengthof(suffixes) : definition->kind == CLIENTELE_CARD ? 1 : 0;

	for (int i = 0; i < count; i++)
		hash_search(set, psprintf("%s%s", definition->name, suffixes[i]), HASH_ENTER, NULL);
}

/* `source` is that of the aggregate around, or NULL. */
static void
walk_tree(Walk *walk, const ClienteleNode *node, const char *source)
{
	if (node == NULL)
		return;
	if (node->kind == CLIENTELE_NODE_NAME)
	{
		bool		is_column = !is_in(walk->parameters, node->string);

		if (source == NULL)
			is_column = is_column && !is_in(walk->definitions, node->string) &&
				!(walk->in_groups && is_grid_name(node->string));
		if (is_column)
			add_column(walk, source, node);
	}
	else if (node->kind == CLIENTELE_NODE_AGGREGATE)
	{
		const ClienteleAggregate *extras = node->aggregate;

		add_column(walk, node->first->string, node->first->next_name);
		walk_tree(walk, extras->by, NULL);
		walk_tree(walk, extras->where, node->first->string);
	}
	else
	{
		for (const ClienteleNode *operand = node->first; operand != NULL; operand = operand->next)
			walk_tree(walk, operand, source);
	}
}

static void
walk_text(Walk *walk, const char *text, const char *source)
{
	if (text != NULL)
		walk_tree(walk, clientele_expression_parse(text, NULL), source);
}

static void
walk_definition(Walk *walk, const ClienteleDefinition *definition)
{
	if (definition->kind == CLIENTELE_PARAMETER)
		return;
	walk_text(walk, definition->expression, NULL);
	for (int axis = 0; axis < CLIENTELE_RFM_AXES; axis++)
		walk_text(walk, definition->axes[axis], NULL);
	walk->in_groups = definition->kind == CLIENTELE_RFM_GRID;
	for (int i = 0; i < definition->nrungs; i++)
		walk_text(walk, definition->rungs[i].when, NULL);
	walk->in_groups = false;
	if (definition->card != NULL)
	{
		int			nrules;
		ClienteleRule *rules = clientele_scorecard_written_rules(definition->card, &nrules);

		for (int i = 0; i < nrules; i++)
			walk_text(walk, rules[i].text, NULL);
	}
}

Datum
clientele_model_columns_used(PG_FUNCTION_ARGS)
{
	ClienteleModel *model = clientele_model_parse(clientele_rule_text_get(&clientele_model_type, PG_GETARG_DATUM(0)), NULL);
	Walk		walk = {0};

	InitMaterializedSRF(fcinfo, 0);
	walk.result = (ReturnSetInfo *) fcinfo->resultinfo;
	walk.definitions = make_set("clientele definitions of a model");
	walk.parameters = make_set("clientele parameters of a model");
	for (int i = 0; i < model->ndefinitions; i++)
	{
		const ClienteleDefinition *definition = &model->definitions[i];
		HTAB	   *set = definition->kind == CLIENTELE_PARAMETER ? walk.parameters : walk.definitions;

		if (definition->kind != CLIENTELE_TAG)
			hash_search(set, definition->name, HASH_ENTER, NULL);
		add_number_names(set, definition);
	}
	for (int i = 0; i < model->nsources; i++)
	{
		walk_text(&walk, model->sources[i].filter, model->sources[i].name);
		if (model->sources[i].revenue)
			add_column(&walk, model->sources[i].name, clientele_expression_parse(model->sources[i].amount, NULL));
	}
	for (int i = 0; i < model->ndefinitions; i++)
		walk_definition(&walk, &model->definitions[i]);
	return (Datum) 0;
}

/* The names in a path such as bill_id.customer_id, as an expression would read them. */
Datum
clientele_path_names(PG_FUNCTION_ARGS)
{
	char	   *written = text_to_cstring(PG_GETARG_TEXT_PP(0));
	ClienteleNode *path = clientele_expression_parse(written, NULL);

	if (path->kind != CLIENTELE_NODE_NAME)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"%s\" is not the name of a column", written),
				 errhint("Name a column, such as 'customer_id', or a path along foreign keys, "
						 "such as 'bill_id.customer_id'.")));
	return names_array(path);
}
