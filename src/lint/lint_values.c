/*
 * lint_values.c
 *		Literals that a column is compared with, and that occur nowhere in the data.
 *
 * The tables are read with the owner's rights: once for each column, and once more where a
 * literal was not found, for those that may be meant.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"

#include "base/nearest_name.h"
#include "compat.h"
#include "lint/lint.h"
#include "population/owner.h"

/* Of a column with more values than this none is offered in place of what is not there. */
#define MOST_VALUES 1000

/* As many are listed where none is near. */
#define MOST_LISTED 10

/* A literal, and the definition that it stands in. */
typedef struct Literal
{
	const char *object;
	const char *text;
	bool		found;
} Literal;

typedef struct ComparedColumn
{
	const char *source;			/* NULL: customers */
	const char *path;
	const char *values;			/* a query of its values, "v" */
	List	   *literals;
} ComparedColumn;

typedef struct Walk
{
	ClienteleLint *lint;
	ClienteleLintScope scope;
	List	   *columns;
} Walk;

/* ---------- what is compared ---------- */

static char *
values_query(const ClienteleInput *input, const ClienteleNode *path, ClienteleColumnKind kind)
{
	StringInfoData query;

	initStringInfo(&query);
	for (int i = 0; i < input->nparts; i++)
	{
		const char *problem;
		const char *hint;
		const ClienteleNode *place;
		ClientelePathColumn *column = clientele_table_path(input->parts[i], path, &problem, &hint, &place);

		appendStringInfo(&query, kind == CLIENTELE_COLUMN_TEXT_ARRAY ? "%sSELECT pg_catalog.unnest(%s)::text AS v FROM " :
						 "%sSELECT %s::text AS v FROM ", i > 0 ? " UNION ALL " : "", column->sql);
		clientele_append_table(&query, input->parts[i]);
	}
	return query.data;
}

static bool
has_words(ClienteleColumnKind kind)
{
	switch (kind)
	{
		case CLIENTELE_COLUMN_TEXT:
		case CLIENTELE_COLUMN_BPCHAR:
		case CLIENTELE_COLUMN_NAME:
		case CLIENTELE_COLUMN_ENUM:
		case CLIENTELE_COLUMN_TEXT_ARRAY:
			return true;
		default:
			return false;
	}
}

static ComparedColumn *
compared_column(Walk *walk, const ClienteleInput *input, const ClienteleNode *path, ClienteleColumnKind kind)
{
	const char *text = clientele_expression_print(path);
	ComparedColumn *column;
	ListCell   *cell;

	foreach(cell, walk->columns)
	{
		column = lfirst(cell);
		if (strcmp(column->path, text) == 0 &&
			(column->source == input->name || (column->source && input->name && strcmp(column->source, input->name) == 0)))
			return column;
	}
	column = palloc0(sizeof(ComparedColumn));
	column->source = input->name;
	column->path = text;
	column->values = values_query(input, path, kind);
	walk->columns = lappend(walk->columns, column);
	return column;
}

/* The column whose value an operand is; NULL if it is anything else. */
static const ClienteleNode *
column_path(Walk *walk, const ClienteleNode *operand, const ClienteleEngineSource **source)
{
	const char *suffix;
	const ClienteleDefinition *definition;

	check_stack_depth();
	if (operand->kind == CLIENTELE_NODE_AGGREGATE && operand->first->next_name && operand->function != CLIENTELE_FN_COUNT)
	{
		*source = clientele_engine_source(walk->lint->parts, operand->first->string);
		return operand->first->next_name;
	}
	if (operand->kind != CLIENTELE_NODE_NAME || clientele_lint_parameter(&walk->scope, operand))
		return NULL;
	*source = walk->scope.source;
	definition = clientele_lint_meant(&walk->scope, operand, &suffix);
	if (definition == NULL)
		return operand;
	return definition->kind == CLIENTELE_METRIC ?
		column_path(walk, clientele_expression_parse(definition->expression, NULL), source) : NULL;
}

static void
note_literal(Walk *walk, const ClienteleNode *operand, const ClienteleNode *literal)
{
	ClienteleLintScope scope = walk->scope;
	const ClienteleEngineSource *source = NULL;
	const ClienteleNode *path = literal->kind == CLIENTELE_NODE_STRING ? column_path(walk, operand, &source) : NULL;
	ClientelePathColumn *found;
	ClienteleColumn column;
	ComparedColumn *compared;
	Literal    *noted;
	const char *problem;
	const char *hint;

	scope.source = source;
	found = path ? clientele_lint_column(&scope, path) : NULL;
	if (found == NULL || !clientele_column_init(&column, found->type, found->typmod, found->collation) || !has_words(column.kind))
		return;
	compared = compared_column(walk, source ? &source->input : &walk->lint->parts->customers, path, column.kind);
	noted = palloc0(sizeof(Literal));
	noted->object = walk->lint->object;
	noted->text = clientele_column_literal(&column, literal->string, &problem, &hint);
	compared->literals = lappend(compared->literals, noted);
}

static void
note_literals(Walk *walk, const ClienteleNode *node)
{
	const ClienteleNode *first = node->first;

	check_stack_depth();
	if (node->kind == CLIENTELE_NODE_AGGREGATE)
	{
		const ClienteleEngineSource *outer = walk->scope.source;

		walk->scope.source = clientele_engine_source(walk->lint->parts, first->string);
		if (node->aggregate->where)
			note_literals(walk, node->aggregate->where);
		walk->scope.source = outer;
		return;
	}
	if (node->kind == CLIENTELE_NODE_COMPARE)
	{
		note_literal(walk, first, first->next);
		note_literal(walk, first->next, first);
	}
	else if (node->kind == CLIENTELE_NODE_IN || (node->kind == CLIENTELE_NODE_CALL && node->function == CLIENTELE_FN_CONTAINS))
	{
		for (const ClienteleNode *literal = first->next; literal; literal = literal->next)
			note_literal(walk, first, literal);
	}
	for (const ClienteleNode *operand = first; operand; operand = operand->next)
		note_literals(walk, operand);
}

static void
visit(void *state, const ClienteleNode *tree, const ClienteleDefinition *grid)
{
	(void) grid;
	note_literals(state, tree);
}

/* ---------- what there is ---------- */

/* Texts that a query gives, as the owner would see them. */
static List *
read_texts(ClienteleLint *lint, const char *sql, Datum argument, Oid type)
{
	ClienteleRole caller = clientele_become(lint->parts->engine->owner);
	Snapshot	snapshot = RegisterSnapshot(GetActiveSnapshot());
	ClienteleQuery *query = clientele_query_prepare(sql, 1, &type);
	ClienteleStream *stream = clientele_stream_open(query, &argument, &(bool) {false}, snapshot);
	TupleTableSlot *slot;
	List	   *texts = NIL;

	while ((slot = clientele_stream_next(stream)) != NULL)
	{
		bool		is_null;
		Datum		value = slot_getattr(slot, 1, &is_null);

		CHECK_FOR_INTERRUPTS();
		texts = lappend(texts, TextDatumGetCString(value));
	}
	clientele_stream_close(stream);
	clientele_query_free(query);
	UnregisterSnapshot(snapshot);
	clientele_become_again(&caller);
	return texts;
}

static Datum
literal_array(const List *literals)
{
	ArrayBuildState *array = initArrayResult(TEXTOID, CurrentMemoryContext, false);
	ListCell   *cell;

	foreach(cell, literals)
		array = accumArrayResult(array, CStringGetTextDatum(((Literal *) lfirst(cell))->text), false, TEXTOID,
								 CurrentMemoryContext);
	return makeArrayResult(array, CurrentMemoryContext);
}

/* Marks the literals that are there; false if one is not. */
static bool
find_literals(ClienteleLint *lint, const ComparedColumn *column)
{
	List	   *found = read_texts(lint, psprintf("SELECT DISTINCT c.v FROM (%s) AS c WHERE c.v = ANY ($1)", column->values),
								   literal_array(column->literals), TEXTARRAYOID);
	bool		all = true;
	ListCell   *cell;

	foreach(cell, column->literals)
	{
		Literal    *literal = lfirst(cell);
		ListCell   *beside;

		foreach(beside, found)
			literal->found = literal->found || strcmp(lfirst(beside), literal->text) == 0;
		all = all && literal->found;
	}
	return all;
}

static char *
value_hint(const List *values, const char *text)
{
	ClienteleNearestName nearest;
	StringInfoData list;
	ListCell   *cell;

	if (list_length(values) > MOST_VALUES)
		return NULL;
	clientele_nearest_begin(&nearest, text);

	/* what a column holds is told apart less well than names: gold, glod */
	if (nearest.distance > 0)
		nearest.distance = Max(nearest.distance, pg_mbstrlen(text) / 2);
	foreach(cell, values)
		clientele_nearest_offer(&nearest, lfirst(cell));
	if (clientele_nearest_result(&nearest))
		return psprintf("Perhaps you mean '%s'.", clientele_nearest_result(&nearest));
	if (list_length(values) > MOST_LISTED)
		return NULL;
	initStringInfo(&list);
	foreach(cell, values)
		appendStringInfo(&list, "%s'%s'", list.len > 0 ? ", " : "", (char *) lfirst(cell));
	return psprintf("Its values are %s.", list.data);
}

/* One definition may say it more than once. */
static bool
is_said(const List *literals, int at)
{
	const Literal *literal = list_nth(literals, at);

	for (int i = 0; i < at; i++)
	{
		const Literal *other = list_nth(literals, i);

		if (strcmp(other->text, literal->text) == 0 &&
			(other->object == literal->object || (other->object && literal->object && strcmp(other->object, literal->object) == 0)))
			return true;
	}
	return false;
}

static void
check_column(ClienteleLint *lint, const ComparedColumn *column)
{
	List	   *values;
	ListCell   *cell;

	if (find_literals(lint, column))
		return;
	values = read_texts(lint, psprintf("SELECT DISTINCT c.v FROM (%s) AS c WHERE c.v IS NOT NULL ORDER BY 1 LIMIT $1", column->values),
						Int64GetDatum(MOST_VALUES + 1), INT8OID);

	/* an empty column says nothing about what will be in it */
	foreach(cell, values ? column->literals : NIL)
	{
		Literal    *literal = lfirst(cell);

		if (literal->found || is_said(column->literals, foreach_current_index(cell)))
			continue;
		lint->object = literal->object;
		clientele_lint_say(lint, CLIENTELE_LINT_WARNING,
						   column->source ? psprintf("no event of source \"%s\" has %s = '%s'", column->source, column->path, literal->text) :
						   psprintf("no customer has %s = '%s'", column->path, literal->text),
						   value_hint(values, literal->text));
	}
}

void
clientele_lint_values(ClienteleLint *lint)
{
	const ClienteleEngineParts *parts = lint->parts;
	Walk		walk = {.lint = lint};
	ListCell   *cell;

	lint->object = NULL;
	for (int i = 0; i < parts->nsources; i++)
	{
		clientele_lint_scope(&walk.scope, lint, &parts->sources[i], NULL);
		if (parts->sources[i].model->filter)
			note_literals(&walk, clientele_expression_parse(parts->sources[i].model->filter, NULL));
	}
	clientele_lint_scope(&walk.scope, lint, NULL, NULL);
	for (int i = 0; i < lint->model->ndefinitions; i++)
	{
		lint->object = lint->model->definitions[i].name;
		clientele_lint_visit(&lint->model->definitions[i], visit, &walk);
	}
	foreach(cell, walk.columns)
		check_column(lint, lfirst(cell));
}
