/*
 * engine.c
 *		Compiling a model: its definitions and the clinic's tables become one
 *		program and one fold per source.
 *
 * Definitions are bound in the order in which they depend on each other.  Grids
 * and ladders become expressions of the language itself, so what the language
 * knows about time holds for them, too; a scorecard is scored by layer 1.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "storage/shmem.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "base/nearest_name.h"
#include "capture/mark.h"
#include "engine/by_hand.h"
#include "engine/engine_catalog.h"
#include "engine/engine_parts.h"
#include "engine/kept_level.h"
#include "expression/expression_function.h"
#include "model/model_labels.h"

/* Digits of a numeric column, of which ->scale are decimals. */
#define NUMBER_PRECISION 28

static ClienteleOperand resolve_name(ClienteleScope *scope, ClienteleBinder *binder, const ClienteleNode *name);
static ClienteleOperand resolve_aggregate(ClienteleScope *scope, ClienteleBinder *binder, const ClienteleNode *node);
static ClienteleOperand resolve_tag(ClienteleScope *scope, ClienteleBinder *binder, const ClienteleNode *node);
static ClienteleOperand resolve_event_name(ClienteleScope *scope, ClienteleBinder *binder, const ClienteleNode *name);

/* ---------- finding what a name means ---------- */

ClienteleEngineSource *
clientele_engine_source(const ClienteleEngineParts *parts, const char *name)
{
	for (int i = 0; i < parts->model->nsources; i++)
	{
		if (strcmp(parts->model->sources[i].name, name) == 0)
			return parts->bound_model->sources[i];
	}
	return NULL;
}

/*
 * A parameter's number, as a literal; NULL if there is no such parameter.  Where definitions
 * name one with values for branches, those stand in its place already.
 */
static const ClienteleNode *
find_parameter(const ClienteleModel *model, const ClienteleNode *name)
{
	int			found = name->next_name ? -1 : clientele_model_find(model, name->string);
	ClienteleNode *literal;

	if (found < 0 || model->definitions[found].kind != CLIENTELE_PARAMETER)
		return NULL;
	if (model->definitions[found].nbranches > 0)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("parameter %s has values for branches, but a source's filter is the same for all customers",
						quote_identifier(name->string)),
				 errhint("Put the condition into the aggregates: count(payment where amount > %s).",
						 quote_identifier(name->string))));
	literal = palloc0(sizeof(ClienteleNode));
	literal->kind = CLIENTELE_NODE_NUMBER;
	literal->location = name->location;
	literal->height = 1;
	literal->string = model->definitions[found].expression;
	return literal;
}

static bool
is_timed(const ClienteleEngineParts *parts)
{
	return clientele_bind_program(parts->binder)->timed;
}

/* ---------- what texts mean ---------- */

void
clientele_engine_use_model(ClienteleEngineParts *parts, ClienteleEngineModel *model)
{
	parts->bound_model = model;
	parts->model = model->model;
	parts->definitions = model->definitions;
	parts->by_hand = model->by_hand;
}

/*
 * What the parameters are that a text may name, wherever it does.  Those that are not
 * written as they are called, but quoted, always count.
 */
static void
append_parameters(const ClienteleEngineParts *parts, StringInfo out, const char *text)
{
	for (int i = 0; i < parts->model->ndefinitions; i++)
	{
		const ClienteleDefinition *definition = &parts->model->definitions[i];

		if (definition->kind == CLIENTELE_PARAMETER &&
			(strstr(text, definition->name) || strpbrk(definition->name, "\"\\")))
			appendStringInfo(out, " %s", clientele_definition_print(definition));
	}
}

/* Where the definitions and sources are that an expression names. */
static void
append_meant(const ClienteleEngineParts *parts, StringInfo out, const ClienteleNode *node)
{
	const char *suffix;
	int			number = -1;

	check_stack_depth();
	if (node->kind == CLIENTELE_NODE_AGGREGATE)
	{
		appendStringInfo(out, " %p", (void *) clientele_engine_source(parts, node->first->string));
		return;
	}
	if (node->kind == CLIENTELE_NODE_NAME && node->next_name == NULL)
		number = clientele_model_meant(parts->model, node->string, &suffix);
	else if (node->kind == CLIENTELE_NODE_CALL && node->function == CLIENTELE_FN_HAS_TAG)
		number = clientele_model_find(parts->model, node->first->string);
	if (number >= 0)
		appendStringInfo(out, " %p", (void *) parts->definitions[number].cells);
	for (const ClienteleNode *operand = node->first; operand; operand = operand->next)
		append_meant(parts, out, operand);
}

static void
append_meant_text(const ClienteleEngineParts *parts, StringInfo out, const char *text)
{
	if (text)
		append_meant(parts, out, clientele_expression_parse(text, NULL));
}

/* A text of the events of a source, and what its parameters are. */
const char *
clientele_engine_event_meaning(const ClienteleEngineParts *parts, const char *text)
{
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfoString(&out, text);
	append_parameters(parts, &out, text);
	return out.data;
}

/* What a definition says, and what everything that it names means. */
static const char *
definition_meaning(const ClienteleEngineParts *parts, const ClienteleDefinition *definition)
{
	const char *text = clientele_definition_print(definition);
	StringInfoData out;
	ClienteleRule *rules;
	int			nrules = 0;

	initStringInfo(&out);
	appendStringInfoString(&out, text);
	append_parameters(parts, &out, text);
	if (clientele_uses_branches(parts, definition))
		append_meant_text(parts, &out, quote_identifier(parts->model->branch));
	if (definition->kind != CLIENTELE_PARAMETER)
		append_meant_text(parts, &out, definition->expression);
	for (int axis = 0; axis < CLIENTELE_RFM_AXES; axis++)
		append_meant_text(parts, &out, definition->axes[axis]);
	for (int i = 0; i < definition->nrungs; i++)
		append_meant_text(parts, &out, definition->rungs[i].when);
	if (definition->kind == CLIENTELE_CARD)
	{
		rules = clientele_scorecard_written_rules(definition->card, &nrules);
		for (int i = 0; i < nrules; i++)
			append_meant_text(parts, &out, rules[i].text);
	}
	return out.data;
}

/* ---------- columns ---------- */

static void
undefined_column(const ClienteleBinder *binder, const ClienteleNode *place, const char *problem, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_COLUMN),
			 errmsg("%s", problem),
			 hint ? errhint("%s", hint) : 0,
			 clientele_bind_error_position(binder, place)));
}

/* The column a path leads to, in each part; they must be of one type. */
static const char **
resolve_parts(const ClienteleInput *input, const ClienteleBinder *binder, const ClienteleNode *path,
			  ClientelePathColumn **first, AttrNumber *attributes)
{
	const char **sql = palloc(sizeof(char *) * input->nparts);

	for (int i = 0; i < input->nparts; i++)
	{
		const char *problem;
		const char *hint;
		const ClienteleNode *place;
		ClientelePathColumn *column = clientele_table_path(input->parts[i], path, &problem, &hint, &place);

		if (column == NULL)
			undefined_column(binder, place, problem, hint);
		sql[i] = column->sql;
		attributes[i] = column->attribute;
		if (i == 0)
			*first = column;
		else if (column->type != (*first)->type)
			ereport(ERROR,
					(errcode(ERRCODE_DATATYPE_MISMATCH),
					 errmsg("column %s is of type %s in table %s and of type %s in table %s",
							column->name, format_type_be((*first)->type), get_rel_name((*first)->relation),
							format_type_be(column->type), get_rel_name(column->relation)),
					 errhint("Tables of one source need the same types: ALTER TABLE %s ALTER COLUMN %s TYPE %s;",
							 get_rel_name(column->relation), quote_identifier(column->name),
							 format_type_be((*first)->type)),
					 clientele_bind_error_position(binder, place)));
		else if (column->typmod != (*first)->typmod)
			(*first)->typmod = -1;
	}
	return sql;
}

static ClienteleInputColumn *
find_input_column(ClienteleInput *input, const char *sql)
{
	for (int i = 0; i < input->ncolumns; i++)
	{
		if (strcmp(input->columns[i].sql[0], sql) == 0)
			return &input->columns[i];
	}
	return NULL;
}

static ClienteleInputColumn *
add_input_column(ClienteleInput *input, ClienteleBinder *binder, const ClienteleBinder *written,
				 const ClienteleNode *path,
				 const ClientelePathColumn *from, const char **sql, AttrNumber *attributes)
{
	ClienteleInputColumn *added;

	if (input->ncolumns == input->allocated)
	{
		input->allocated = Max(input->allocated * 2, 16);
		input->columns = input->columns ?
			repalloc(input->columns, mul_size(sizeof(ClienteleInputColumn), input->allocated)) :
			palloc(mul_size(sizeof(ClienteleInputColumn), input->allocated));
	}
	added = &input->columns[input->ncolumns];
	added->sql = sql;
	added->attributes = attributes;
	added->column = palloc(sizeof(ClienteleColumn));
	if (!clientele_column_init(added->column, from->type, from->typmod, from->collation))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("column %s of type %s cannot be used in an expression",
						from->name, format_type_with_typemod(from->type, from->typmod)),
				 errhint("The types that can: %s (text with a deterministic collation).", clientele_column_types()),
				 clientele_bind_error_position(written, path)));
	added->cells = clientele_bind_register(binder);
	input->ncolumns++;
	return added;
}

/* The register that a column is read to; the path is part of what `written` binds. */
static ClienteleOperand
use_column(ClienteleInput *input, ClienteleBinder *binder, const ClienteleBinder *written, const ClienteleNode *path)
{
	ClienteleOperand operand = {0};
	ClientelePathColumn *from = NULL;
	AttrNumber *attributes = palloc(sizeof(AttrNumber) * input->nparts);
	const char **sql = resolve_parts(input, written, path, &from, attributes);
	ClienteleInputColumn *column = find_input_column(input, sql[0]);

	if (column == NULL)
		column = add_input_column(input, binder, written, path, from, sql, attributes);
	operand.cells = column->cells;
	operand.type = column->column->type;
	operand.column = column->column;
	if (column->column->kind == CLIENTELE_COLUMN_JSONB)
	{
		operand.is_json = true;
		operand.json_path = from->rest;
		operand.column = NULL;
	}
	else if (column->column->kind == CLIENTELE_COLUMN_TIMESTAMP)
		clientele_bind_needs_zone(binder);
	return operand;
}

/* ---------- names in definitions ---------- */

static void
unknown_name(const ClienteleEngineParts *parts, const ClienteleBinder *binder, const ClienteleNode *name)
{
	ClienteleNearestName nearest;
	ClientelePathColumn *column;
	const char *problem;
	const char *hint;
	const ClienteleNode *place;

	int			tag = name->next_name ? -1 : clientele_model_find(parts->model, name->string);

	if (tag >= 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("%s is a tag", quote_identifier(name->string)),
				 errhint("Write has_tag('%s').", name->string),
				 clientele_bind_error_position(binder, name)));
	if (clientele_engine_source(parts, name->string))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("%s is a source: its events must be aggregated", quote_identifier(name->string)),
				 errhint("Write count(%s last 30 days) > 0.", quote_identifier(name->string)),
				 clientele_bind_error_position(binder, name)));

	column = clientele_table_path(parts->customers.parts[0], name, &problem, &hint, &place);
	Assert(column == NULL);
	(void) column;
	if (name->next_name == NULL)
	{
		clientele_nearest_begin(&nearest, name->string);
		for (int i = 0; i < parts->model->ndefinitions; i++)
			clientele_nearest_offer(&nearest, parts->model->definitions[i].name);
		if (clientele_nearest_result(&nearest))
			hint = psprintf("Perhaps you mean %s.", quote_identifier(clientele_nearest_result(&nearest)));
		problem = psprintf("%s is no parameter, definition or column of table %s",
						   quote_identifier(name->string), get_rel_name(parts->engine->relation));
	}
	undefined_column(binder, place, problem, hint);
}

static ClienteleOperand
definition_operand(const ClienteleEngineParts *parts, int number, const char *suffix)
{
	const ClienteleEngineDefinition *bound = &parts->definitions[number];
	ClienteleOperand operand = {0};

	Assert(bound->state == CLIENTELE_BOUND);
	operand.type = CLIENTELE_NUMBER;
	if (strcmp(suffix, "_score") == 0)
		operand.cells = bound->score;
	else if (strcmp(suffix, "_r") == 0)
		operand.cells = bound->axes[CLIENTELE_RECENCY];
	else if (strcmp(suffix, "_f") == 0)
		operand.cells = bound->axes[CLIENTELE_FREQUENCY];
	else if (strcmp(suffix, "_m") == 0)
		operand.cells = bound->axes[CLIENTELE_MONETARY];
	else
	{
		operand.cells = bound->cells;
		operand.type = bound->type;
	}
	return operand;
}

static ClienteleOperand
resolve_name(ClienteleScope *scope, ClienteleBinder *binder, const ClienteleNode *name)
{
	ClienteleEngineParts *parts = (ClienteleEngineParts *) scope;
	ClienteleOperand operand = {0};
	const char *suffix;
	int			number;
	const char *problem;
	const char *hint;
	const ClienteleNode *place;

	for (int i = 0; i < parts->nlocals && name->next_name == NULL; i++)
	{
		if (strcmp(parts->locals[i].name, name->string) == 0)
		{
			operand.cells = parts->locals[i].cells;
			operand.type = parts->locals[i].type;
			return operand;
		}
	}

	operand.literal = find_parameter(parts->model, name);
	if (operand.literal)
	{
		operand.type = CLIENTELE_NUMBER;
		return operand;
	}
	number = name->next_name ? -1 : clientele_model_meant(parts->model, name->string, &suffix);
	if (number >= 0)
		return definition_operand(parts, number, suffix);
	if (clientele_table_path(parts->customers.parts[0], name, &problem, &hint, &place) == NULL)
		unknown_name(parts, binder, name);
	operand = use_column(&parts->customers, binder, binder, name);

	/* what a kept level rests on has been bound before its past is */
	if (parts->past)
		operand.cells = clientele_kept_level_column(parts->past, operand.cells);
	return operand;
}

static ClienteleOperand
resolve_tag(ClienteleScope *scope, ClienteleBinder *binder, const ClienteleNode *node)
{
	ClienteleEngineParts *parts = (ClienteleEngineParts *) scope;
	const char *name = node->first->string;
	int			number = clientele_model_find(parts->model, name);
	ClienteleOperand operand = {0};
	ClienteleNearestName nearest;

	if (number < 0 || parts->model->definitions[number].kind != CLIENTELE_TAG)
	{
		clientele_nearest_begin(&nearest, name);
		for (int i = 0; i < parts->model->ndefinitions; i++)
		{
			if (parts->model->definitions[i].kind == CLIENTELE_TAG)
				clientele_nearest_offer(&nearest, parts->model->definitions[i].name);
		}
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("there is no tag \"%s\"", name),
				 clientele_nearest_result(&nearest) ?
				 errhint("Perhaps you mean '%s'.", clientele_nearest_result(&nearest)) :
				 errhint("Define it: SELECT define_tag('...', '%s', ...); without a rule, if only people give it.", name),
				 clientele_bind_error_position(binder, node->first)));
	}
	operand.cells = parts->definitions[number].cells;
	operand.type = CLIENTELE_BOOLEAN;
	return operand;
}

/* ---------- aggregates ---------- */

static ClienteleOperand
resolve_event_name(ClienteleScope *scope, ClienteleBinder *binder, const ClienteleNode *name)
{
	ClienteleEngineSource *source = (ClienteleEngineSource *) scope;
	ClienteleOperand operand = {0};

	operand.literal = find_parameter(source->engine->parts->model, name);
	if (operand.literal)
	{
		operand.type = CLIENTELE_NUMBER;
		return operand;
	}
	return use_column(&source->input, binder, binder, name);
}

static ClienteleLength
window_length(const ClienteleEngineParts *parts, const ClienteleBinder *binder,
			  const ClienteleNode *node, ClienteleUnit unit)
{
	const ClienteleNode *literal = node->kind == CLIENTELE_NODE_NAME ? find_parameter(parts->model, node) : node;
	ClienteleLength length = {0, unit};
	char	   *end;
	long		number;

	if (literal == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("%s is no parameter", quote_identifier(node->string)),
				 errhint("Set it: SELECT set_parameter('...', '%s', 30).", node->string),
				 clientele_bind_error_position(binder, node)));
	number = strtol(literal->string, &end, 10);
	if (*end != '\0' || number < 0 || number > 999999)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a window cannot be %s long", literal->string),
				 errhint("A length is a whole number from 0 to 999999."),
				 clientele_bind_error_position(binder, node)));
	length.number = (int) number;
	return length;
}

static bool
same_window(const ClienteleFoldWindow *a, const ClienteleFoldWindow *b)
{
	return a->kind == b->kind && a->since == b->since &&
		a->from.number == b->from.number && a->from.unit == b->from.unit &&
		a->to.number == b->to.number && a->to.unit == b->to.unit;
}

/* The number of the window, added to the fold if it is the first of its kind. */
static int
use_window(const ClienteleEngineParts *parts, const ClienteleBinder *binder,
		   ClienteleEngineSource *source, const ClienteleWindow *written)
{
	ClienteleFold *fold = &source->fold;
	ClienteleFoldWindow window = {0};
	ClienteleIsoTime date;

	window.kind = written->kind;
	switch (written->kind)
	{
		case CLIENTELE_WINDOW_ALL:
			break;
		case CLIENTELE_WINDOW_BETWEEN:
			window.to = window_length(parts, binder, written->to, written->to_unit);
			window.from = window_length(parts, binder, written->from, written->from_unit);
			break;
		case CLIENTELE_WINDOW_LAST:
			window.from = window_length(parts, binder, written->from, written->from_unit);
			break;
		case CLIENTELE_WINDOW_SINCE:
			if (!clientele_iso_date(written->from->string, &date))
				elog(ERROR, "\"%s\" is no date", written->from->string);
			window.since = clientele_iso_to_date(&date);
			break;
	}
	for (int i = 0; i < fold->nwindows; i++)
	{
		if (same_window(&fold->windows[i], &window))
			return i;
	}
	if (fold->nwindows == source->windows_allocated)
	{
		source->windows_allocated *= 2;
		fold->windows = repalloc(fold->windows, mul_size(sizeof(ClienteleFoldWindow), source->windows_allocated));
	}
	fold->windows[fold->nwindows] = window;
	return fold->nwindows++;
}

/* The event's column that an aggregate's argument names: payment.amount. */
static ClienteleCell *
use_argument(ClienteleEngineSource *source, const ClienteleBinder *binder, const ClienteleNode *argument,
			 bool number, bool ordered, ClienteleType *type)
{
	ClienteleOperand operand;
	const char *problem = NULL;

	operand = use_column(&source->input, source->binder, binder, argument->next_name);
	if (operand.is_json)
		problem = "a jsonb document";
	else if (operand.type == CLIENTELE_TEXT_ARRAY)
		problem = "a text array";
	else if (number && operand.type != CLIENTELE_NUMBER)
		problem = psprintf("a %s", clientele_type_name(operand.type));
	else if (ordered && (operand.type == CLIENTELE_BOOLEAN || operand.column->kind == CLIENTELE_COLUMN_ENUM))
		problem = operand.type == CLIENTELE_BOOLEAN ? "a boolean, which has no order" : "an enum, which has no order";
	if (problem)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("column %s is %s", argument->next_name->string, problem),
				 errhint(number ? "Give a column of numbers, as in sum(payment.amount)." :
						 ordered ? "min and max need an order; mode, first, last and count(distinct ...) do not." :
						 "Give a column of a plain type."),
				 clientele_bind_error_position(binder, argument)));
	*type = operand.type;
	return operand.cells;
}

static ClienteleEngineSource *
source_of(const ClienteleEngineParts *parts, const ClienteleBinder *binder, const ClienteleNode *argument)
{
	ClienteleEngineSource *source = clientele_engine_source(parts, argument->string);
	ClienteleNearestName nearest;

	if (source)
		return source;
	clientele_nearest_begin(&nearest, argument->string);
	for (int i = 0; i < parts->nsources; i++)
		clientele_nearest_offer(&nearest, parts->sources[i].model->name);
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("there is no source %s", quote_identifier(argument->string)),
			 clientele_nearest_result(&nearest) ?
			 errhint("Perhaps you mean %s.", quote_identifier(clientele_nearest_result(&nearest))) :
			 errhint("Register it: SELECT add_source('...', '%s', ...).", argument->string),
			 clientele_bind_error_position(binder, argument)));
	return NULL;
}

/* Where conditions look at events alone: what moves with the clock is a window. */
static void
refuse_time(ClienteleEngineSource *source, const ClienteleBinder *binder, const ClienteleNode *condition)
{
	if (!clientele_bind_needs_as_of(source->binder))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("a condition on events cannot depend on the present time"),
			 errhint("Use a window: count(%s last 30 days).", quote_identifier(source->model->name)),
			 clientele_bind_error_position(binder, condition)));
}

/* What an event's condition, or a source's filter, says of the events of a block. */
static ClienteleCell *
bind_condition(ClienteleEngineSource *source, const ClienteleBinder *binder, const ClienteleNode *condition)
{
	ClienteleType type;
	ClienteleCell *cells;
	const char *text = clientele_expression_print(condition);

	cells = clientele_bind_rule(source->binder, source->filter == NULL ? text :
								psprintf("(%s) and (%s)", source->model->filter, text),
								CLIENTELE_BOOLEAN, &type);
	refuse_time(source, binder, condition);
	return cells;
}

static ClienteleType
result_type(const ClienteleNode *node, ClienteleType argument)
{
	switch (node->function)
	{
		case CLIENTELE_FN_COUNT:
		case CLIENTELE_FN_SUM:
		case CLIENTELE_FN_AVG:
			return CLIENTELE_NUMBER;
		case CLIENTELE_FN_EARLIEST:
		case CLIENTELE_FN_LATEST:
			return CLIENTELE_TIMESTAMP;
		default:
			return argument;
	}
}

static ClienteleSlot *
new_slot(ClienteleEngineSource *source)
{
	ClienteleFold *fold = &source->fold;

	if (fold->nslots == source->slots_allocated)
	{
		source->slots_allocated *= 2;
		fold->slots = repalloc(fold->slots, mul_size(sizeof(ClienteleSlot), source->slots_allocated));
		source->slot_texts = repalloc(source->slot_texts, mul_size(sizeof(char *), source->slots_allocated));
		source->slot_types = repalloc(source->slot_types, mul_size(sizeof(ClienteleType), source->slots_allocated));
	}
	memset(&fold->slots[fold->nslots], 0, sizeof(ClienteleSlot));
	return &fold->slots[fold->nslots];
}

static void
add_slot(ClienteleEngineParts *parts, ClienteleEngineSource *source, ClienteleBinder *binder,
		 const ClienteleNode *node, const char *text)
{
	const ClienteleAggregate *extras = node->aggregate;
	ClienteleSlot *slot = new_slot(source);
	ClienteleType by_type;

	slot->function = node->function;
	slot->distinct = extras->distinct;
	slot->argument_type = CLIENTELE_ANY;
	if (node->first->next_name)
		slot->argument = use_argument(source, binder, node->first,
									  node->function == CLIENTELE_FN_SUM || node->function == CLIENTELE_FN_AVG,
									  node->function == CLIENTELE_FN_MIN || node->function == CLIENTELE_FN_MAX,
									  &slot->argument_type);
	if (extras->by)
		slot->by = use_argument(source, binder, extras->by->first, true, false, &by_type);
	slot->condition = extras->where ? bind_condition(source, binder, extras->where) : source->filter;
	slot->window = use_window(parts, binder, source, &extras->window);
	slot->result = clientele_bind_register(parts->binder);
	source->slot_texts[source->fold.nslots] = text;
	source->slot_types[source->fold.nslots] = result_type(node, slot->argument_type);
	source->fold.nslots++;
}

/* The register of an aggregate: equal ones, wherever they stand, are one. */
static ClienteleOperand
resolve_aggregate(ClienteleScope *scope, ClienteleBinder *binder, const ClienteleNode *node)
{
	ClienteleEngineParts *parts = (ClienteleEngineParts *) scope;
	ClienteleEngineSource *source = source_of(parts, binder, node->first);
	const char *text = clientele_engine_event_meaning(parts, clientele_expression_print(node));
	ClienteleOperand operand = {0};
	int			found = 0;

	while (found < source->fold.nslots && strcmp(source->slot_texts[found], text) != 0)
		found++;
	if (found == source->fold.nslots)
		add_slot(parts, source, binder, node, text);
	operand.cells = source->fold.slots[found].result;
	operand.type = source->slot_types[found];
	return operand;
}

/* ---------- binding expressions ---------- */

static void
definition_error_callback(void *name)
{
	errcontext("definition \"%s\"", (const char *) name);
}

void
clientele_engine_push_local(ClienteleEngineParts *parts, const char *name, ClienteleType type, ClienteleCell *cells)
{
	ClienteleLocalName *local = &parts->locals[parts->nlocals++];

	local->name = name;
	local->type = type;
	local->cells = cells;
}

/* A grid has its axes and its score; a ladder, one for each rung; beside them stands the variant. */
static Size
most_locals(const ClienteleEngineParts *parts)
{
	int			most = CLIENTELE_RFM_AXES + 2;

	for (int m = 0; m < parts->nmodels; m++)
	{
		const ClienteleModel *model = parts->models[m].model;

		for (int i = 0; i < model->ndefinitions; i++)
			most = Max(most, CLIENTELE_RFM_AXES + 2 + model->definitions[i].nrungs);
	}
	return most;
}

/* Binds a text for each variant as one, of which the customer's is evaluated. */
static ClienteleCell *
bind_variants(ClienteleEngineParts *parts, const ClienteleVariants *variants, const char **texts,
			  ClienteleType wanted, ClienteleType *type)
{
	const char *name = clientele_unused_name(texts, variants->count);
	const char *text = clientele_variants_join(parts, variants, texts, name);
	ClienteleType ignored;
	ClienteleCell *cells;

	if (variants->number)
		clientele_engine_push_local(parts, name, CLIENTELE_NUMBER, variants->number);
	cells = clientele_bind_rule(parts->binder, text, wanted, type ? type : &ignored);
	if (variants->number)
		parts->nlocals--;
	return cells;
}

static ClienteleCell *
bind_text(ClienteleEngineParts *parts, const char *text, ClienteleType wanted, ClienteleType *type)
{
	const ClienteleVariants *variants = clientele_variants(parts, &text, 1);
	const char **texts = palloc(sizeof(char *) * variants->count);

	for (int i = 0; i < variants->count; i++)
		texts[i] = text;
	return bind_variants(parts, variants, texts, wanted, type);
}

ClienteleCell *
clientele_engine_bind(ClienteleEngineParts *parts, const char *text, ClienteleType wanted, ClienteleType *type)
{
	return bind_text(parts, text, wanted, type);
}

/* 'it''s' */
static void
append_literal(StringInfo text, const char *string)
{
	appendStringInfoChar(text, '\'');
	for (; *string; string++)
	{
		if (*string == '\'')
			appendStringInfoChar(text, '\'');
		appendStringInfoChar(text, *string);
	}
	appendStringInfoChar(text, '\'');
}

/* ---------- parameters ---------- */

/* Who explains wants to know the customer's own value. */
static void
bind_parameter(ClienteleEngineParts *parts, const ClienteleDefinition *definition, ClienteleEngineDefinition *bound)
{
	ClienteleNode name = {.kind = CLIENTELE_NODE_NAME,.height = 1,.string = definition->name};

	if (parts->purpose == CLIENTELE_TO_EXPLAIN)
		bound->cells = bind_text(parts, clientele_expression_print(&name), CLIENTELE_NUMBER, &bound->type);
}

/* ---------- metrics ---------- */

bool
clientele_is_elapsed(const ClienteleNode *node)
{
	if (node->kind != CLIENTELE_NODE_CALL)
		return false;
	switch (node->function)
	{
		case CLIENTELE_FN_DAYS_SINCE:
		case CLIENTELE_FN_MONTHS_SINCE:
		case CLIENTELE_FN_YEARS_SINCE:
		case CLIENTELE_FN_AGE:
			return true;
		default:
			return false;
	}
}

static bool
is_whole(const ClienteleNode *node)
{
	if (node->kind == CLIENTELE_NODE_AGGREGATE)
		return node->function == CLIENTELE_FN_COUNT;
	if (node->kind != CLIENTELE_NODE_CALL)
		return false;
	return clientele_is_elapsed(node) || node->function == CLIENTELE_FN_MONTH ||
		node->function == CLIENTELE_FN_DAY || node->function == CLIENTELE_FN_WEEKDAY;
}

static void
bind_metric(ClienteleEngineParts *parts, const ClienteleDefinition *definition, ClienteleEngineDefinition *bound)
{
	bound->cells = bind_text(parts, definition->expression, CLIENTELE_ANY, &bound->type);
	if (bound->type == CLIENTELE_ANY || bound->type == CLIENTELE_TEXT_ARRAY)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("a metric cannot be %s", bound->type == CLIENTELE_ANY ? "of an open type" : "an array"),
				 errhint("Metrics are numbers, texts, truths, dates and timestamps.")));
	if (bound->type == CLIENTELE_NUMBER && !is_whole(clientele_expression_parse(definition->expression, NULL)))
		bound->cells = clientele_bind_round(parts->binder, bound->cells, definition->scale);
}

/* ---------- grids ---------- */

/*
 * case when value < cut then score ... when value >= the last cut then score end
 *
 * Not "value is null" and "else": comparisons know best until when they hold.
 */
static char *
axis_score_expression(const ClienteleRfmGrid *grid, int axis)
{
	StringInfoData text;
	int			ncuts = grid->ncuts[axis];

	initStringInfo(&text);
	appendStringInfoString(&text, "case");
	for (int i = 0; i < ncuts; i++)
		appendStringInfo(&text, " when value < %s then %d",
						 clientele_decimal_to_string(grid->cuts[axis][i]),
						 axis == CLIENTELE_RECENCY ? ncuts + 1 - i : i + 1);
	appendStringInfo(&text, " when value >= %s then %d end",
					 clientele_decimal_to_string(grid->cuts[axis][ncuts - 1]),
					 axis == CLIENTELE_RECENCY ? 1 : ncuts + 1);
	return text.data;
}

static ClienteleCell *
bind_axis_score(ClienteleEngineParts *parts, const ClienteleEngineDefinition *bound, int axis)
{
	const ClienteleVariants *variants = bound->variants;
	const char **texts = palloc(sizeof(char *) * variants->count);
	ClienteleCell *score;

	for (int i = 0; i < variants->count; i++)
		texts[i] = axis_score_expression(&bound->cuts[i], axis);
	parts->nlocals = 0;
	clientele_engine_push_local(parts, "value", CLIENTELE_NUMBER, bound->values[axis]);
	score = bind_variants(parts, variants, texts, CLIENTELE_NUMBER, NULL);
	parts->nlocals = 0;
	return score;
}

/* The value of an axis; for recency, an instant or a day becomes the days since. */
static ClienteleCell *
bind_axis_value(ClienteleEngineParts *parts, const ClienteleDefinition *definition, int axis)
{
	ClienteleType type;
	ClienteleCell *value = bind_text(parts, definition->axes[axis], CLIENTELE_ANY, &type);

	if (axis == CLIENTELE_RECENCY && (type == CLIENTELE_DATE || type == CLIENTELE_TIMESTAMP))
	{
		parts->nlocals = 0;
		clientele_engine_push_local(parts, "value", type, value);
		value = bind_text(parts, "days_since(value)", CLIENTELE_NUMBER, &type);
		parts->nlocals = 0;
	}
	if (type != CLIENTELE_NUMBER)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("the %s of a grid cannot be a %s", clientele_rfm_axis_names[axis], clientele_type_name(type)),
				 errhint(axis == CLIENTELE_RECENCY ? "Give the last event's time, such as latest(payment), or a number of days." :
						 "Give a number, such as count(visit) or sum(payment.amount).")));
	return value;
}

/* case when score is null then '...' when score in (555, 554) then '...' ... end */
static char *
scheme_expression(const ClienteleDefinition *definition, int high_from)
{
	StringInfoData text;
	bool		done[1000] = {false};
	const char *without = clientele_scheme_label(definition, high_from, NULL);

	initStringInfo(&text);
	appendStringInfoString(&text, "case when score is null then ");
	if (without)
		append_literal(&text, without);
	else
		appendStringInfoString(&text, "null");
	for (int score = 111; score < 1000; score++)
	{
		const char *label;
		const char *separator = "";

		if (done[score] || !clientele_grid_has_score(&definition->cuts, score) ||
			(label = clientele_scheme_label(definition, high_from, &score)) == NULL)
			continue;
		appendStringInfoString(&text, " when score in (");
		for (int other = score; other < 1000; other++)
		{
			const char *other_label;

			if (!clientele_grid_has_score(&definition->cuts, other) ||
				(other_label = clientele_scheme_label(definition, high_from, &other)) == NULL || strcmp(other_label, label) != 0)
				continue;
			done[other] = true;
			appendStringInfo(&text, "%s%d", separator, other);
			separator = ", ";
		}
		appendStringInfoString(&text, ") then ");
		append_literal(&text, label);
	}
	appendStringInfoString(&text, " end");
	return text.data;
}

/* The conditions of rungs, each a register; then the first that holds. */
static ClienteleCell *
bind_rungs(ClienteleEngineParts *parts, const ClienteleDefinition *definition)
{
	StringInfoData text;
	ClienteleCell *result;
	int			nconditions = 0;
	ClienteleCell **conditions = palloc(mul_size(sizeof(ClienteleCell *), definition->nrungs));

	for (int i = 0; i < definition->nrungs; i++)
	{
		if (definition->rungs[i].when)
			conditions[nconditions++] = bind_text(parts, definition->rungs[i].when, CLIENTELE_BOOLEAN, NULL);
	}

	parts->nlocals = 0;
	initStringInfo(&text);
	appendStringInfoString(&text, "case");
	for (int i = 0; i < definition->nrungs; i++)
	{
		if (definition->rungs[i].when)
		{
			appendStringInfo(&text, " when rung_%d then ", parts->nlocals);
			clientele_engine_push_local(parts, psprintf("rung_%d", parts->nlocals), CLIENTELE_BOOLEAN,
										conditions[parts->nlocals]);
		}
		else
			appendStringInfoString(&text, " else ");
		append_literal(&text, definition->rungs[i].label);
	}
	appendStringInfoString(&text, " end");
	if (nconditions == 0)
	{
		resetStringInfo(&text);
		append_literal(&text, definition->rungs[0].label);
	}
	result = bind_text(parts, text.data, CLIENTELE_TEXT, NULL);
	parts->nlocals = 0;
	return result;
}

/* A grid's cuts in a variant, as numbers. */
static ClienteleRfmGrid
resolve_cuts(const ClienteleEngineParts *parts, const ClienteleDefinition *definition, const char *branch)
{
	ClienteleParameters parameters = clientele_parameters_in(parts->model, branch);
	char	   *title = clientele_definition_title(parts, definition, branch);
	ClienteleRfmGrid grid = definition->cuts;

	for (int axis = 0; axis < CLIENTELE_RFM_AXES; axis++)
	{
		for (int i = 0; i < grid.ncuts[axis]; i++)
		{
			char	   *what = psprintf("%s: cut %d of %s", title, i + 1, clientele_rfm_axis_names[axis]);

			if (definition->cut_formulas[axis][i])
				grid.cuts[axis][i] = clientele_formula_value(definition->cut_formulas[axis][i], &parameters, what);
			if (i > 0 && clientele_decimal_compare(grid.cuts[axis][i - 1], grid.cuts[axis][i]) > 0)
				ereport(ERROR,
						(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						 errmsg("%s, %s, is less than the one before it, %s", what,
								clientele_decimal_to_string(grid.cuts[axis][i]),
								clientele_decimal_to_string(grid.cuts[axis][i - 1])),
						 errhint("Change the parameters so that cuts ascend.")));
		}
	}
	return grid;
}

static int
resolve_high_from(const ClienteleEngineParts *parts, const ClienteleDefinition *definition, const char *branch)
{
	ClienteleParameters parameters = clientele_parameters_in(parts->model, branch);
	char	   *title;
	ClienteleDecimal value;

	if (definition->high_from_formula == NULL)
		return definition->high_from;
	title = psprintf("%s: high_from", clientele_definition_title(parts, definition, branch));
	value = clientele_formula_value(definition->high_from_formula, &parameters, title);
	if (value.scale != 0 || value.u.units < 2 || value.u.units > CLIENTELE_RFM_MAX_BINS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s cannot be %s", title, clientele_decimal_to_string(value)),
				 errhint("It is a whole number from 2 to %d.", CLIENTELE_RFM_MAX_BINS)));
	return (int) value.u.units;
}

/* The label by a built-in scheme. */
static ClienteleCell *
bind_scheme(ClienteleEngineParts *parts, const ClienteleDefinition *definition)
{
	const ClienteleVariants *variants = clientele_variants(parts, (const char **) &definition->high_from_formula,
														   definition->high_from_formula ? 1 : 0);
	const char **texts = palloc(sizeof(char *) * variants->count);

	for (int i = 0; i < variants->count; i++)
		texts[i] = scheme_expression(definition, resolve_high_from(parts, definition, variants->branches[i]));
	return bind_variants(parts, variants, texts, CLIENTELE_TEXT, NULL);
}

static void
bind_cuts(ClienteleEngineParts *parts, const ClienteleDefinition *definition, ClienteleEngineDefinition *bound)
{
	const char *formulas[CLIENTELE_RFM_AXES * CLIENTELE_RFM_MAX_CUTS];
	int			nformulas = 0;

	for (int axis = 0; axis < CLIENTELE_RFM_AXES; axis++)
	{
		for (int i = 0; i < definition->cuts.ncuts[axis]; i++)
		{
			if (definition->cut_formulas[axis][i])
				formulas[nformulas++] = definition->cut_formulas[axis][i];
		}
	}
	bound->variants = clientele_variants(parts, formulas, nformulas);
	bound->cuts = palloc(sizeof(ClienteleRfmGrid) * bound->variants->count);
	for (int i = 0; i < bound->variants->count; i++)
		bound->cuts[i] = resolve_cuts(parts, definition, bound->variants->branches[i]);
}

static void
bind_grid(ClienteleEngineParts *parts, const ClienteleDefinition *definition, ClienteleEngineDefinition *bound)
{
	static const char *const axis_names[CLIENTELE_RFM_AXES] = {"r", "f", "m"};

	if (!definition->has_cuts)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("RFM grid \"%s\" has no cut points yet", definition->name),
				 errhint("Find them: SELECT * FROM calibrate('...', '%s'); or give them: define_rfm(..., cuts => ...).",
						 definition->name)));
	bind_cuts(parts, definition, bound);
	for (int axis = 0; axis < CLIENTELE_RFM_AXES; axis++)
	{
		bound->values[axis] = bind_axis_value(parts, definition, axis);
		bound->axes[axis] = bind_axis_score(parts, bound, axis);
	}

	parts->nlocals = 0;
	for (int axis = 0; axis < CLIENTELE_RFM_AXES; axis++)
		clientele_engine_push_local(parts, axis_names[axis], CLIENTELE_NUMBER, bound->axes[axis]);
	bound->score = bind_text(parts, "r * 100 + f * 10 + m", CLIENTELE_NUMBER, NULL);
	clientele_engine_push_local(parts, "score", CLIENTELE_NUMBER, bound->score);
	bound->type = CLIENTELE_TEXT;
	if (definition->scheme)
		bound->cells = bind_scheme(parts, definition);
	else
		bound->cells = bind_rungs(parts, definition);
	parts->nlocals = 0;
}

/* ---------- scorecards ---------- */

static bool
card_answer(void *source, int rule, ClienteleDecimal *result)
{
	ClienteleEngineCard *card = source;
	const ClienteleCell *cell = &card->answers[rule][card->row];

	if (cell->state == CLIENTELE_NULL)
		return false;
	*result = clientele_cell_number(cell);
	return true;
}

static char *
card_answer_string(void *source, int rule)
{
	ClienteleEngineCard *card = source;

	return clientele_cell_to_string(&card->answers[rule][card->row], card->types[rule], card->engine->parts->zone);
}

ClienteleCardAnswers
clientele_engine_card_answers(ClienteleEngineCard *card, int row)
{
	ClienteleCardAnswers answers = {card_answer, card_answer_string, card};

	card->row = row;
	card->card = card->cards[clientele_variant_of(card->variants, row)];
	return answers;
}

TimestampTz
clientele_engine_card_until(const ClienteleEngineCard *card, int characteristic, int row)
{
	TimestampTz until = DT_NOEND;

	for (int i = 0; i < CLIENTELE_CARD_MOVING; i++)
	{
		const ClienteleCell *cells = card->moving[characteristic][i];

		if (cells != NULL)
			until = Min(until, clientele_horizons(card->program, cells)[row]);
	}
	return until;
}

static void
set_card_horizons(ClienteleEngineCard *card, int row)
{
	ClienteleProgram *program = card->program;
	TimestampTz until = DT_NOEND;

	for (int i = 0; i < card->card->ncharacteristics; i++)
		until = Min(until, clientele_engine_card_until(card, i, row));
	clientele_horizons(program, card->score)[row] = until;
	clientele_horizons(program, card->tier)[row] = until;
}

static void
score_row(ClienteleEngineCard *card, int row)
{
	ClienteleCardAnswers answers = clientele_engine_card_answers(card, row);
	ClienteleCardResult result = {0};
	ClienteleProgram *program = card->program;

	result.parts = card->parts;
	clientele_scorecard_score(card->card, &answers, &result);
	card->score[row].state = card->tier[row].state = CLIENTELE_NULL;
	if (result.overflow)
		program->failures++;
	if (result.known)
		clientele_cell_set_number(&card->score[row], result.score);
	if (result.known && result.tier)
		clientele_cell_set_text(&card->tier[row], card->tiers[result.tier - card->card->tiers]);

	if (program->timed)
		set_card_horizons(card, row);
}

static void
score_block(void *argument, int nrows)
{
	for (int row = 0; row < nrows; row++)
		score_row(argument, row);
}

/*
 * Until when a range applies is a matter of its bounds, not of the value: so the
 * bin is found by an expression, too, whose horizon knows.
 */
static char *
bin_expression(const ClienteleCardCharacteristic *characteristic)
{
	int			last = characteristic->nbins - 1;
	StringInfoData text;

	initStringInfo(&text);
	appendStringInfoString(&text, "case");
	for (int i = 0; i < last; i++)
		appendStringInfo(&text, " when value < %s then %d",
						 clientele_decimal_to_string(characteristic->bins[i].below), i);
	if (last == 0)
		appendStringInfoString(&text, " when value is not null then 0 end");
	else
		appendStringInfo(&text, " when value >= %s then %d end",
						 clientele_decimal_to_string(characteristic->bins[last - 1].below), last);
	return text.data;
}

static ClienteleCell *
bind_bin(ClienteleEngineParts *parts, const ClienteleEngineCard *state, int characteristic, ClienteleCell *value)
{
	const char **texts = palloc(sizeof(char *) * state->variants->count);
	ClienteleCell *result;

	for (int i = 0; i < state->variants->count; i++)
		texts[i] = bin_expression(&state->cards[i]->characteristics[characteristic]);
	parts->nlocals = 0;
	clientele_engine_push_local(parts, "value", CLIENTELE_NUMBER, value);
	result = bind_variants(parts, state->variants, texts, CLIENTELE_NUMBER, NULL);
	parts->nlocals = 0;
	return result;
}

/* The card as it is in each variant, its formulas being numbers there. */
static void
resolve_card(ClienteleEngineParts *parts, const ClienteleDefinition *definition, ClienteleEngineCard *state)
{
	int			nformulas;
	const char **formulas = clientele_scorecard_formulas(definition->card, &nformulas);
	int			nrules;
	ClienteleRule *rules = clientele_scorecard_written_rules(definition->card, &nrules);
	const char **texts = palloc(mul_size(sizeof(char *), Max(nformulas + nrules, 1)));

	for (int i = 0; i < nformulas; i++)
		texts[i] = formulas[i];
	for (int i = 0; i < nrules; i++)
		texts[nformulas + i] = rules[i].text;
	state->variants = clientele_variants(parts, texts, nformulas + nrules);
	state->cards = palloc(sizeof(ClienteleScorecard *) * state->variants->count);
	for (int i = 0; i < state->variants->count; i++)
	{
		const char *branch = state->variants->branches[i];
		ClienteleParameters parameters = clientele_parameters_in(parts->model, branch);

		state->cards[i] = clientele_scorecard_resolve(definition->card, &parameters,
													  clientele_definition_title(parts, definition, branch));
	}
	state->card = state->cards[0];
}

/* Registers for the expressions of the card; where they differ, the customer's variant counts. */
static void
bind_card_rules(ClienteleEngineParts *parts, ClienteleEngineCard *state)
{
	int			count = state->variants->count;
	const char **texts = palloc(sizeof(char *) * count);
	ClienteleRule **rules = palloc(sizeof(ClienteleRule *) * count);

	for (int i = 0; i < count; i++)
		rules[i] = clientele_scorecard_rules(state->cards[i]);
	for (int rule = 0; rule < state->card->nrules; rule++)
	{
		for (int i = 0; i < count; i++)
			texts[i] = rules[i][rule].text;
		state->answers[rule] = bind_variants(parts, state->variants, texts, rules[0][rule].wanted, &state->types[rule]);
	}
}

static void
bind_card(ClienteleEngineParts *parts, const ClienteleDefinition *definition, ClienteleEngineDefinition *bound)
{
	const ClienteleScorecard *card;
	ClienteleEngineCard *state = palloc0(sizeof(ClienteleEngineCard));

	state->engine = parts->engine;
	state->program = clientele_bind_program(parts->binder);
	resolve_card(parts, definition, state);
	card = state->card;
	state->answers = palloc(mul_size(sizeof(ClienteleCell *), Max(card->nrules, 1)));
	state->types = palloc(mul_size(sizeof(ClienteleType), Max(card->nrules, 1)));
	bind_card_rules(parts, state);

	state->moving = palloc0(mul_size(sizeof(*state->moving), Max(card->ncharacteristics, 1)));
	for (int i = 0; i < card->ncharacteristics && is_timed(parts); i++)
	{
		const ClienteleCardCharacteristic *characteristic = &card->characteristics[i];
		ClienteleCell **moving = state->moving[i];

		if (characteristic->by_range)
			moving[CLIENTELE_CARD_BIN] = bind_bin(parts, state, i, state->answers[characteristic->value_rule]);
		else if (characteristic->bin_rule != CLIENTELE_CARD_NO_RULE)
			moving[CLIENTELE_CARD_BIN] = state->answers[characteristic->bin_rule];
		if (characteristic->weight_rule != CLIENTELE_CARD_NO_RULE)
			moving[CLIENTELE_CARD_WEIGHT] = state->answers[characteristic->weight_rule];
		if (characteristic->points_rule != CLIENTELE_CARD_NO_RULE)
			moving[CLIENTELE_CARD_POINTS] = state->answers[characteristic->points_rule];
	}

	state->parts = palloc(mul_size(sizeof(ClienteleCardPart), Max(card->ncharacteristics, 1)));
	state->tiers = palloc(mul_size(sizeof(text *), Max(card->ntiers, 1)));
	for (int i = 0; i < card->ntiers; i++)
		state->tiers[i] = cstring_to_text(card->tiers[i].label);
	bound->score = state->score = clientele_bind_register(parts->binder);
	bound->cells = state->tier = clientele_bind_register(parts->binder);
	bound->type = CLIENTELE_TEXT;
	bound->card = state;
	clientele_bind_call(parts->binder, score_block, state);
}

/* ---------- the order of definitions ---------- */

static void
bind_names(ClienteleEngineParts *parts, const ClienteleNode *node)
{
	const char *suffix;
	int			number = -1;

	check_stack_depth();
	if (node->kind == CLIENTELE_NODE_AGGREGATE)
		return;					/* events know no definitions */
	if (node->kind == CLIENTELE_NODE_NAME && node->next_name == NULL)
		number = clientele_model_meant(parts->model, node->string, &suffix);
	else if (node->kind == CLIENTELE_NODE_CALL && node->function == CLIENTELE_FN_HAS_TAG)
		number = clientele_model_find(parts->model, node->first->string);
	if (number >= 0)
		clientele_engine_bind_definition(parts, number);
	for (const ClienteleNode *operand = node->first; operand; operand = operand->next)
		bind_names(parts, operand);
}

static void
bind_names_of(ClienteleEngineParts *parts, const char *text)
{
	if (text)
		bind_names(parts, clientele_expression_parse(text, NULL));
}

/* Binds what a definition names. */
static void
bind_needed(ClienteleEngineParts *parts, const ClienteleDefinition *definition)
{
	ClienteleRule *rules;
	int			nrules = 0;

	bind_names_of(parts, definition->kind == CLIENTELE_PARAMETER ? NULL : definition->expression);
	if (clientele_uses_branches(parts, definition))
		clientele_engine_bind_definition(parts, clientele_model_find(parts->model, parts->model->branch));
	for (int axis = 0; axis < CLIENTELE_RFM_AXES; axis++)
		bind_names_of(parts, definition->axes[axis]);

	/* what a grid's groups name is the grid's own */
	for (int i = 0; i < definition->nrungs && definition->kind == CLIENTELE_LADDER; i++)
		bind_names_of(parts, definition->rungs[i].when);
	if (definition->kind == CLIENTELE_CARD)
	{
		rules = clientele_scorecard_written_rules(definition->card, &nrules);
		for (int i = 0; i < nrules; i++)
			bind_names_of(parts, rules[i].text);
	}
}

static void
refuse_cycle(const ClienteleEngineParts *parts, int number)
{
	StringInfoData names;

	initStringInfo(&names);
	for (int i = 0; i < parts->model->ndefinitions; i++)
	{
		if (parts->definitions[i].state == CLIENTELE_BINDING)
			appendStringInfo(&names, "%s%s", names.len ? ", " : "", parts->model->definitions[i].name);
	}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_RECURSION),
			 errmsg("definition \"%s\" depends on itself", parts->model->definitions[number].name),
			 errdetail("In the circle: %s.", names.data),
			 errhint("Let one of them do without the others."),
			 errcontext("definition \"%s\"", parts->model->definitions[number].name)));
}

/* Takes the registers of a definition of a model before that means the same. */
static bool
share_definition(ClienteleEngineParts *parts, int number)
{
	ClienteleEngineDefinition *bound = &parts->definitions[number];

	bound->meaning = definition_meaning(parts, &parts->model->definitions[number]);
	for (ClienteleEngineModel *before = parts->models; before < parts->bound_model; before++)
	{
		int			twin = clientele_model_find(before->model, parts->model->definitions[number].name);

		if (twin < 0 || before->definitions[twin].state != CLIENTELE_BOUND ||
			strcmp(before->definitions[twin].meaning, bound->meaning) != 0)
			continue;
		*bound = before->definitions[twin];
		return true;
	}
	return false;
}

/* A pin of a kept level says nothing of what its rules gave in the past. */
static void
bind_by_hand(ClienteleEngineParts *parts, int number)
{
	const ClienteleDefinition *definition = &parts->model->definitions[number];
	ClienteleEngineDefinition *bound = &parts->definitions[number];

	if (parts->past == NULL)
		bound->cells = clientele_by_hand_bind(parts->by_hand, definition, bound->by_rules);
	else if (definition->keep == NULL)
		bound->cells = clientele_by_hand_bind_past(parts->by_hand, definition, bound->by_rules, parts->binder,
												   clientele_kept_level_moment(parts->past));
}

void
clientele_engine_bind_definition(ClienteleEngineParts *parts, int number)
{
	const ClienteleDefinition *definition = &parts->model->definitions[number];
	ClienteleEngineDefinition *bound = &parts->definitions[number];
	ErrorContextCallback callback;

	check_stack_depth();
	if (bound->state == CLIENTELE_BOUND)
		return;
	if (bound->state == CLIENTELE_BINDING)
		refuse_cycle(parts, number);
	bound->state = CLIENTELE_BINDING;
	bind_needed(parts, definition);
	if (parts->purpose == CLIENTELE_TO_SIMULATE && parts->past == NULL && share_definition(parts, number))
		return;

	callback.callback = definition_error_callback;
	callback.arg = unconstify(char *, definition->name);
	callback.previous = error_context_stack;
	error_context_stack = &callback;
	switch (definition->kind)
	{
		case CLIENTELE_PARAMETER:
			bind_parameter(parts, definition, bound);
			break;
		case CLIENTELE_METRIC:
			bind_metric(parts, definition, bound);
			break;
		case CLIENTELE_RFM_GRID:
			bind_grid(parts, definition, bound);
			break;
		case CLIENTELE_CARD:
			bind_card(parts, definition, bound);
			break;
		case CLIENTELE_LADDER:
			bound->cells = bind_rungs(parts, definition);
			bound->type = CLIENTELE_TEXT;
			break;
		case CLIENTELE_TAG:
			bound->cells = bind_text(parts, definition->expression, CLIENTELE_BOOLEAN, &bound->type);
			break;
	}
	if (definition->keep)
		clientele_kept_level_bind(parts, number);
	bound->by_rules = bound->cells;
	if (parts->by_hand && definition->kind != CLIENTELE_PARAMETER && definition->kind != CLIENTELE_METRIC)
		bind_by_hand(parts, number);
	error_context_stack = callback.previous;
	bound->state = CLIENTELE_BOUND;
}

/* ---------- outputs ---------- */

static ClienteleOutput *
add_output(ClienteleEngineParts *parts, const ClienteleDefinition *definition, const char *suffix,
		   ClienteleOutputRole role, Oid type, ClienteleCell *cells)
{
	ClienteleEngine *engine = parts->engine;
	ClienteleOutput *output = &engine->outputs[engine->noutputs];

	output->name = psprintf("%s%s", definition->name, suffix);
	output->definition = definition->name;
	output->role = role;
	output->type = type;
	output->typmod = -1;
	output->unit = NULL;
	parts->output_cells[engine->noutputs++] = cells;
	return output;
}

static int32
numeric_typmod(int precision, int scale)
{
	return ((precision << 16) | scale) + VARHDRSZ;
}

static Oid
output_type(ClienteleType type)
{
	switch (type)
	{
		case CLIENTELE_BOOLEAN:
			return BOOLOID;
		case CLIENTELE_NUMBER:
			return NUMERICOID;
		case CLIENTELE_DATE:
			return DATEOID;
		case CLIENTELE_TIMESTAMP:
			return TIMESTAMPTZOID;
		default:
			return TEXTOID;
	}
}

static void
add_metric_output(ClienteleEngineParts *parts, const ClienteleDefinition *definition,
				  const ClienteleEngineDefinition *bound)
{
	const ClienteleNode *tree = clientele_expression_parse(definition->expression, NULL);
	ClienteleOutput *output;

	if (clientele_is_elapsed(tree))
	{
		output = add_output(parts, definition, "", CLIENTELE_OUTPUT_ELAPSED, DATEOID,
							clientele_bind_elapsed_since(parts->binder, bound->cells));
		output->unit = tree->function == CLIENTELE_FN_DAYS_SINCE ? "days" :
			tree->function == CLIENTELE_FN_MONTHS_SINCE ? "months" : "years";
		return;
	}
	output = add_output(parts, definition, "", CLIENTELE_OUTPUT_VALUE,
						bound->type == CLIENTELE_NUMBER && is_whole(tree) ? INT8OID : output_type(bound->type),
						bound->cells);
	if (output->type == NUMERICOID)
		output->typmod = numeric_typmod(NUMBER_PRECISION, definition->scale);
}

static void
add_outputs(ClienteleEngineParts *parts, const ClienteleDefinition *definition,
			const ClienteleEngineDefinition *bound)
{
	ClienteleOutput *output;

	switch (definition->kind)
	{
		case CLIENTELE_METRIC:
			add_metric_output(parts, definition, bound);
			break;
		case CLIENTELE_RFM_GRID:
			add_output(parts, definition, "", CLIENTELE_OUTPUT_LABEL, TEXTOID, bound->cells);
			add_output(parts, definition, "_score", CLIENTELE_OUTPUT_SCORE, INT4OID, bound->score);
			add_output(parts, definition, "_r", CLIENTELE_OUTPUT_PART, INT4OID, bound->axes[CLIENTELE_RECENCY]);
			add_output(parts, definition, "_f", CLIENTELE_OUTPUT_PART, INT4OID, bound->axes[CLIENTELE_FREQUENCY]);
			add_output(parts, definition, "_m", CLIENTELE_OUTPUT_PART, INT4OID, bound->axes[CLIENTELE_MONETARY]);
			break;
		case CLIENTELE_CARD:
			add_output(parts, definition, "", CLIENTELE_OUTPUT_LABEL, TEXTOID, bound->cells);
			output = add_output(parts, definition, "_score", CLIENTELE_OUTPUT_SCORE, NUMERICOID, bound->score);
			output->typmod = numeric_typmod(NUMBER_PRECISION, CLIENTELE_SCORE_DECIMALS);
			break;
		case CLIENTELE_LADDER:
			add_output(parts, definition, "", CLIENTELE_OUTPUT_LABEL, TEXTOID, bound->cells);
			break;
		default:
			break;
	}
}

static int
compare_tags(const void *a, const void *b, void *argument)
{
	const ClienteleModel *model = argument;

	return strcmp(model->definitions[*(const int *) a].name, model->definitions[*(const int *) b].name);
}

static ClienteleTagText
tag_text(const char *name)
{
	Size		size = VARHDRSZ + strlen(name);
	text	   *padded = palloc0(TYPEALIGN(CLIENTELE_TAG_CHUNK, size));

	SET_VARSIZE(padded, size);
	memcpy(VARDATA(padded), name, size - VARHDRSZ);
	return (ClienteleTagText) {(const char *) padded, INTALIGN(size)};
}

static void
list_tags(ClienteleEngineParts *parts)
{
	ClienteleEngine *engine = parts->engine;
	ClienteleModel *model = parts->model;
	int		   *numbers = palloc(mul_size(sizeof(int), Max(model->ndefinitions, 1)));

	for (int i = 0; i < model->ndefinitions; i++)
	{
		if (model->definitions[i].kind == CLIENTELE_TAG)
			numbers[engine->ntags++] = i;
	}
	qsort_arg(numbers, engine->ntags, sizeof(int), compare_tags, model);
	engine->tags = palloc(mul_size(sizeof(char *), Max(engine->ntags, 1)));
	parts->tag_cells = palloc(mul_size(sizeof(ClienteleCell *), Max(engine->ntags, 1)));
	parts->tag_texts = palloc(mul_size(sizeof(ClienteleTagText), Max(engine->ntags, 1)));
	for (int i = 0; i < engine->ntags; i++)
	{
		engine->tags[i] = model->definitions[numbers[i]].name;
		parts->tag_cells[i] = parts->definitions[numbers[i]].cells;
		parts->tag_texts[i] = tag_text(engine->tags[i]);
	}
}

static void
list_outputs(ClienteleEngineParts *parts)
{
	const ClienteleModel *model = parts->model;
	Size		most = 5 * Max(model->ndefinitions, 1);

	parts->engine->outputs = palloc(mul_size(sizeof(ClienteleOutput), most));
	parts->output_cells = palloc(mul_size(sizeof(ClienteleCell *), most));
	for (int i = 0; i < model->ndefinitions; i++)
		add_outputs(parts, &model->definitions[i], &parts->definitions[i]);
	list_tags(parts);

	/*
	 * A customer is due when the first of them is, so what follows from one need not
	 * say until when it holds, unless somebody wants to know just that.
	 */
	if (parts->purpose == CLIENTELE_TO_EXPLAIN)
		return;
	for (int i = 0; i < parts->engine->noutputs; i++)
		clientele_bind_heeded(parts->binder, parts->output_cells[i]);
	for (int i = 0; i < parts->engine->ntags; i++)
		clientele_bind_heeded(parts->binder, parts->tag_cells[i]);
}

/* ---------- the axes of a grid alone ---------- */

static int
find_grid(const ClienteleModel *model, const char *name)
{
	int			number = clientele_model_find(model, name);
	ClienteleNearestName nearest;

	if (number >= 0 && model->definitions[number].kind == CLIENTELE_RFM_GRID)
		return number;
	clientele_nearest_begin(&nearest, name);
	for (int i = 0; i < model->ndefinitions; i++)
	{
		if (model->definitions[i].kind == CLIENTELE_RFM_GRID)
			clientele_nearest_offer(&nearest, model->definitions[i].name);
	}
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("there is no RFM grid \"%s\" in the draft", name),
			 clientele_nearest_result(&nearest) ?
			 errhint("Perhaps you mean '%s'.", clientele_nearest_result(&nearest)) :
			 errhint("Define it: SELECT define_rfm('...', '%s', ...).", name)));
	return -1;
}

/* What a calibration looks at: the values, whatever their cut points will be. */
static void
bind_axes(ClienteleEngineParts *parts, const char *name)
{
	int			number = find_grid(parts->model, name);
	const ClienteleDefinition *definition = &parts->model->definitions[number];

	parts->engine->outputs = palloc(sizeof(ClienteleOutput) * CLIENTELE_RFM_AXES);
	parts->output_cells = palloc(sizeof(ClienteleCell *) * CLIENTELE_RFM_AXES);
	parts->definitions[number].state = CLIENTELE_BINDING;
	bind_needed(parts, definition);
	for (int axis = 0; axis < CLIENTELE_RFM_AXES; axis++)
		add_output(parts, definition, clientele_rfm_axis_names[axis], CLIENTELE_OUTPUT_VALUE, NUMERICOID,
				   bind_axis_value(parts, definition, axis));
}

/* ---------- several models ---------- */

/* As a metric would be that says the same. */
static ClienteleCell *
bind_revenue(ClienteleEngineParts *parts, const char *text)
{
	ClienteleDefinition metric = {.kind = CLIENTELE_METRIC,.name = "revenue",.expression = text};

	bind_needed(parts, &metric);
	return bind_text(parts, text, CLIENTELE_NUMBER, NULL);
}

/* Labels and tags, and what they need; no outputs: who simulates reads the registers. */
static void
bind_simulation(ClienteleEngineParts *parts, const ClienteleSimulation *simulation)
{
	for (int m = 0; m < parts->nmodels; m++)
	{
		clientele_engine_use_model(parts, &parts->models[m]);
		for (int i = 0; i < parts->model->ndefinitions; i++)
		{
			const ClienteleDefinition *definition = &parts->model->definitions[i];

			if (clientele_is_simulated(simulation, definition))
				clientele_engine_bind_definition(parts, i);
		}
		if (m == 1 && simulation->revenue)
			parts->revenue = bind_revenue(parts, simulation->revenue);
	}
	clientele_engine_use_model(parts, parts->models);
}

/* ---------- what folds know of time ---------- */

static ClienteleSlot *
find_slot(ClienteleEngineParts *parts, const ClienteleCell *cells)
{
	for (int s = 0; s < parts->nsources; s++)
	{
		ClienteleFold *fold = &parts->sources[s].fold;

		for (int i = 0; i < fold->nslots; i++)
		{
			if (fold->slots[i].result == cells)
				return &fold->slots[i];
		}
	}
	return NULL;
}

/* Of outputs and tags, those that have anything to say about when a customer is due. */
static void
list_heeded(ClienteleEngineParts *parts)
{
	const ClienteleEngine *engine = parts->engine;

	parts->heeded = palloc(mul_size(sizeof(ClienteleCell *), Max(engine->noutputs + engine->ntags, 1)));
	parts->foreseen = palloc(mul_size(sizeof(TimestampTz *), Max(engine->noutputs + engine->ntags, 1)));
	for (int i = 0; i < engine->noutputs + engine->ntags; i++)
	{
		ClienteleCell *cells = i < engine->noutputs ? parts->output_cells[i] : parts->tag_cells[i - engine->noutputs];
		ClienteleSlot *slot = find_slot(parts, clientele_horizons_origin(parts->program, cells));

		/* who explains asks for each, however far away it is */
		if (slot && parts->purpose != CLIENTELE_TO_EXPLAIN)
			parts->foreseen[parts->nforeseen++] = clientele_horizons(parts->program, slot->result);
		else if (clientele_horizons_move(parts->program, cells))
			parts->heeded[parts->nheeded++] = cells;
	}
}

/* Until when a count or a sum stays on its side of a constant is known to the fold. */
static void
add_crossing(ClienteleEngineParts *parts, const ClienteleThreshold *threshold)
{
	ClienteleSlot *slot = find_slot(parts, threshold->cells);
	ClienteleCrossing *crossing;

	if (slot == NULL || (slot->function != CLIENTELE_FN_COUNT && slot->function != CLIENTELE_FN_SUM))
		return;
	slot->crossings = slot->crossings == NULL ? palloc(sizeof(ClienteleCrossing)) :
		repalloc(slot->crossings, mul_size(sizeof(ClienteleCrossing), slot->ncrossings + 1));
	crossing = &slot->crossings[slot->ncrossings++];
	crossing->comparison = threshold->comparison;
	crossing->constant = threshold->constant;
	crossing->scaled.scale = CLIENTELE_DECIMAL_IS_NUMERIC;
	crossing->places = threshold->is_rounded ? threshold->places : -1;
	crossing->until = palloc(mul_size(sizeof(TimestampTz), parts->capacity));
	threshold->detail->crossing = crossing->until;
}

void
clientele_engine_add_crossings(ClienteleEngineParts *parts)
{
	ClienteleThreshold threshold;

	for (int i = 0; i < parts->program->length && is_timed(parts); i++)
	{
		if (clientele_program_threshold(parts->program, i, &threshold))
			add_crossing(parts, &threshold);
	}
}

/* ---------- sources ---------- */

/* A column was checked when the source was registered, but it may have been altered. */
static void
refuse_retyped(const ClienteleEngine *engine, const char *source, const ClientelePathColumn *column, bool is_time)
{
	Oid			type = getBaseType(column->type);
	bool		fits = is_time ? type == TIMESTAMPTZOID || type == TIMESTAMPOID || type == DATEOID :
		clientele_key_family(type) == clientele_key_family(engine->key_type) && column->collation == engine->key_collation;

	if (!fits)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("source \"%s\" is broken: column %s of table %s is of type %s, which is no %s", source,
						quote_identifier(column->name),
						quote_qualified_identifier(get_namespace_name(get_rel_namespace(column->relation)), get_rel_name(column->relation)),
						format_type_be(column->type), is_time ? "time" : "key of this population"),
				 errhint("ALTER TABLE %s ALTER COLUMN %s TYPE %s USING ...;",
						 quote_qualified_identifier(get_namespace_name(get_rel_namespace(column->relation)), get_rel_name(column->relation)),
						 quote_identifier(column->name),
						 is_time ? "timestamptz" : format_type_be(engine->key_type))));
}

static void
resolve_source_columns(const ClienteleEngineParts *parts, ClienteleEngineSource *source, const ClienteleCatalogSource *rows)
{
	ClienteleInput *input = &source->input;

	source->key_sql = palloc(sizeof(char *) * input->nparts);
	source->time_sql = palloc(sizeof(char *) * input->nparts);
	source->key_attributes = palloc(sizeof(AttrNumber) * input->nparts);
	source->time_attributes = palloc(sizeof(AttrNumber) * input->nparts);
	for (int i = 0; i < input->nparts; i++)
	{
		const char *paths[2] = {rows[i].key_path, rows[i].occurred_at_path};

		for (int which = 0; which < 2; which++)
		{
			const char *problem;
			const char *hint;
			const ClienteleNode *place;
			ClientelePathColumn *column =
				clientele_table_path(input->parts[i], clientele_expression_parse(paths[which], NULL),
									 &problem, &hint, &place);

			if (column == NULL)
				ereport(ERROR,
						(errcode(ERRCODE_UNDEFINED_COLUMN),
						 errmsg("source \"%s\" is broken: %s", input->name, problem),
						 errhint("SELECT * FROM clientele.status(...) says how to repair it.")));
			refuse_retyped(parts->engine, input->name, column, which == 1);
			if (which == 0)
			{
				source->key_sql[i] = column->sql;
				source->key_attributes[i] = column->attribute;
				source->key_type = getBaseType(column->type);
			}
			else
			{
				source->time_sql[i] = column->sql;
				source->time_attributes[i] = column->attribute;
				source->time_type = getBaseType(column->type);
			}
		}
	}
}

static void
begin_source(ClienteleEngineParts *parts, ClienteleEngineSource *source, const ClienteleModelSource *model,
			 const ClienteleCatalogSource *rows, int nrows)
{
	ClienteleInput *input = &source->input;

	source->scope.resolve = resolve_event_name;
	source->engine = parts->engine;
	source->model = model;
	input->name = model->name;
	input->nparts = nrows;
	input->parts = palloc(sizeof(ClienteleTablePaths *) * nrows);
	for (int i = 0; i < nrows; i++)
		input->parts[i] = clientele_table_paths(rows[i].relation, i);
	resolve_source_columns(parts, source, rows);

	source->binder = clientele_bind_begin(&source->scope, CLIENTELE_EVENTS_CAPACITY, false);
	clientele_bind_lenient(source->binder);
	source->slots_allocated = 16;
	source->fold.slots = palloc(sizeof(ClienteleSlot) * source->slots_allocated);
	source->slot_texts = palloc(sizeof(char *) * source->slots_allocated);
	source->slot_types = palloc(sizeof(ClienteleType) * source->slots_allocated);
	source->windows_allocated = 16;
	source->fold.windows = palloc(sizeof(ClienteleFoldWindow) * source->windows_allocated);
	source->fold.future_tolerance = model->future_tolerance;

	/* a wall clock's reading that a change of offset has skipped */
	source->fold.disorder = source->time_type == TIMESTAMPOID ? 3 * USECS_PER_HOUR : 0;
	source->events.at = palloc(sizeof(TimestampTz) * CLIENTELE_EVENTS_CAPACITY);
	if (model->filter)
	{
		ClienteleType type;

		source->filter = clientele_bind_rule(source->binder, model->filter, CLIENTELE_BOOLEAN, &type);
		refuse_time(source, source->binder, clientele_expression_parse(model->filter, NULL));
	}
}

/* The source of the model, or the equal one of a model before. */
static ClienteleEngineSource *
use_source(ClienteleEngineParts *parts, const ClienteleModelSource *model, const ClienteleCatalogModel *catalog)
{
	const char *filter = clientele_engine_event_meaning(parts, model->filter ? model->filter : "");
	ClienteleEngineSource *source = parts->sources;
	int			first = 0;
	int			count = 0;

	for (; source < parts->sources + parts->nsources; source++)
	{
		if (strcmp(source->model->name, model->name) == 0 && strcmp(source->filter_meaning, filter) == 0 &&
			source->model->future_tolerance == model->future_tolerance)
			return source;
	}
	while (first < catalog->nsources && strcmp(catalog->sources[first].name, model->name) != 0)
		first++;
	while (first + count < catalog->nsources && strcmp(catalog->sources[first + count].name, model->name) == 0)
		count++;
	if (count == 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("source \"%s\" is broken: it is not registered any more", model->name),
				 errhint("Register it again with add_source, or publish a model without it.")));
	begin_source(parts, source, model, &catalog->sources[first], count);
	source->filter_meaning = filter;
	parts->nsources++;
	return source;
}

static void
begin_sources(ClienteleEngineParts *parts, const ClienteleCatalogModel *catalog)
{
	Size		most = 1;

	for (int m = 0; m < parts->nmodels; m++)
		most += parts->models[m].model->nsources;
	parts->sources = palloc0(mul_size(sizeof(ClienteleEngineSource), most));
	for (int m = 0; m < parts->nmodels; m++)
	{
		ClienteleEngineModel *of = &parts->models[m];

		clientele_engine_use_model(parts, of);
		of->sources = palloc(mul_size(sizeof(ClienteleEngineSource *), Max(of->model->nsources, 1)));
		for (int i = 0; i < of->model->nsources; i++)
			of->sources[i] = use_source(parts, &of->model->sources[i], catalog);
	}
}

/* What people say is read as the events of a source are, but not folded. */
static ClienteleCell *
statement_column(ClienteleEngineSource *source, const char *name)
{
	const ClienteleNode *path = clientele_expression_parse(psprintf("\"%s\"", name), NULL);

	return use_column(&source->input, source->binder, source->binder, path).cells;
}

static void
begin_by_hand(ClienteleEngineParts *parts, Oid relation)
{
	static const ClienteleModelSource model = {.name = "by hand"};
	const ClienteleCatalogSource row = {model.name, relation, "\"key\"", "\"since\""};
	ClienteleByHand *by_hand;

	if (!clientele_by_hand_is_used(relation))
		return;
	clientele_engine_use_model(parts, parts->models);
	by_hand = clientele_by_hand_begin(parts, NULL);
	begin_source(parts, &by_hand->source, &model, &row, 1);
	by_hand->kind = statement_column(&by_hand->source, "kind");
	by_hand->name = statement_column(&by_hand->source, "name");
	by_hand->label = statement_column(&by_hand->source, "label");
	by_hand->until = statement_column(&by_hand->source, "until");
	by_hand->number = statement_column(&by_hand->source, "number");
	if (parts->purpose == CLIENTELE_TO_EXPLAIN)
	{
		by_hand->author = statement_column(&by_hand->source, "author");
		by_hand->note = statement_column(&by_hand->source, "note");
	}
	by_hand->source.program = clientele_bind_end(by_hand->source.binder);

	/* to each model it may mean something else */
	for (int m = 0; m < parts->nmodels; m++)
	{
		clientele_engine_use_model(parts, &parts->models[m]);
		parts->models[m].by_hand = m == 0 ? by_hand : clientele_by_hand_begin(parts, by_hand);
	}
	clientele_engine_use_model(parts, parts->models);
}

static void
end_sources(ClienteleEngineParts *parts)
{
	TimestampTz *unread = palloc(mul_size(sizeof(TimestampTz), parts->capacity));

	for (int i = 0; i < parts->nsources; i++)
	{
		ClienteleEngineSource *source = &parts->sources[i];

		source->program = clientele_bind_end(source->binder);
		for (int s = 0; s < source->fold.nslots; s++)
			source->fold.slots[s].until = is_timed(parts) ? clientele_horizons(parts->program, source->fold.slots[s].result) :
				unread;
		source->fold.block_context = parts->block_context;
		clientele_fold_prepare(&source->fold);
	}
}

/* ---------- the whole ---------- */

static void
note_relations(ClienteleEngineParts *parts, const ClienteleInput *input)
{
	for (int i = 0; i < input->nparts; i++)
		parts->relations = list_concat_unique_oid(parts->relations, clientele_table_relations(input->parts[i]));
}

/* Names must mean one thing: a definition may not hide a column. */
static void
refuse_ambiguous_names(const ClienteleEngineParts *parts)
{
	for (int i = 0; i < parts->model->ndefinitions; i++)
	{
		const ClienteleDefinition *definition = &parts->model->definitions[i];

		if (definition->kind == CLIENTELE_TAG ||
			get_attnum(parts->engine->relation, definition->name) == InvalidAttrNumber)
			continue;
		ereport(ERROR,
				(errcode(ERRCODE_AMBIGUOUS_COLUMN),
				 errmsg("\"%s\" is a definition and also a column of table %s",
						definition->name, get_rel_name(parts->engine->relation)),
				 errhint("Give the definition another name.")));
	}
}

static void
add_model(ClienteleEngineParts *parts, const char *text)
{
	ClienteleEngineModel *added = &parts->models[parts->nmodels++];

	added->model = clientele_model_parse(text, NULL);
	added->definitions = palloc0(mul_size(sizeof(ClienteleEngineDefinition), Max(added->model->ndefinitions, 1)));
	clientele_engine_use_model(parts, added);
	refuse_ambiguous_names(parts);
}

static void
add_models(ClienteleEngineParts *parts, const ClienteleCatalogModel *catalog)
{
	const ClienteleSimulation *simulation = catalog->simulation;
	int			ndrafts = simulation ? simulation->ndrafts : 0;

	parts->models = palloc0(mul_size(sizeof(ClienteleEngineModel), 1 + ndrafts));
	add_model(parts, catalog->model);
	for (int i = 0; i < ndrafts; i++)
		add_model(parts, simulation->drafts[i]);
	clientele_engine_use_model(parts, parts->models);
}

/* Who simulates does not ask until when; but kept levels go from one horizon to the next. */
static bool
needs_time(const ClienteleEngineParts *parts)
{
	bool		needed = parts->purpose != CLIENTELE_TO_SIMULATE;

	for (int m = 0; m < parts->nmodels && !needed; m++)
	{
		for (int i = 0; i < parts->models[m].model->ndefinitions; i++)
			needed |= parts->models[m].model->definitions[i].keep != NULL;
	}
	return needed;
}

ClienteleEngine *
clientele_engine_compile(const ClienteleCatalogModel *catalog, ClienteleEnginePurpose purpose)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "clientele engine", ALLOCSET_DEFAULT_SIZES);
	MemoryContext old_context = MemoryContextSwitchTo(context);
	ClienteleEngine *engine = palloc0(sizeof(ClienteleEngine));
	ClienteleEngineParts *parts = palloc0(sizeof(ClienteleEngineParts));

	engine->parts = parts;
	engine->population_id = catalog->population_id;
	engine->version = catalog->version;
	engine->relation = catalog->relation;
	engine->owner = catalog->owner;
	parts->statements = catalog->by_hand;
	engine->key_column = pstrdup(catalog->key_column);
	get_atttypetypmodcoll(catalog->relation, get_attnum(catalog->relation, catalog->key_column),
						  &engine->key_type, &(int32) {0}, &engine->key_collation);
	engine->key_type = getBaseType(engine->key_type);
	engine->key_array_type = get_array_type(engine->key_type);

	parts->scope.resolve = resolve_name;
	parts->scope.aggregate = resolve_aggregate;
	parts->scope.tag = resolve_tag;
	parts->engine = engine;
	parts->context = context;
	parts->block_context = AllocSetContextCreate(context, "clientele block", ALLOCSET_DEFAULT_SIZES);
	parts->purpose = purpose;
	parts->capacity = purpose == CLIENTELE_FOR_ONE || purpose == CLIENTELE_TO_EXPLAIN ? 1 : CLIENTELE_CUSTOMERS_CAPACITY;
	add_models(parts, catalog);
	parts->zone = clientele_zone(cstring_to_text(parts->model->time_zone));
	parts->days = clientele_day_clock(parts->zone);
	parts->customers.nparts = 1;
	parts->customers.parts = palloc(sizeof(ClienteleTablePaths *));
	parts->customers.parts[0] = clientele_table_paths(catalog->relation, 0);
	parts->locals = palloc(mul_size(sizeof(ClienteleLocalName), most_locals(parts)));

	parts->binder = clientele_bind_begin(&parts->scope, parts->capacity, needs_time(parts));
	clientele_bind_lenient(parts->binder);
	begin_sources(parts, catalog);
	begin_by_hand(parts, catalog->by_hand);
	if (purpose == CLIENTELE_TO_CALIBRATE)
		bind_axes(parts, catalog->grid);
	else if (purpose == CLIENTELE_TO_SIMULATE)
		bind_simulation(parts, catalog->simulation);
	else
	{
		for (int i = 0; i < parts->model->ndefinitions; i++)
			clientele_engine_bind_definition(parts, i);
		if (purpose == CLIENTELE_TO_EXPLAIN)
			clientele_engine_bind_conditions(parts);
		if (purpose == CLIENTELE_TO_COUNT)
			clientele_engine_list_items(parts);
		else
			list_outputs(parts);
	}
	parts->program = clientele_bind_end(parts->binder);
	list_heeded(parts);
	clientele_engine_add_crossings(parts);
	clientele_kept_levels_bind_past(parts);
	end_sources(parts);

	note_relations(parts, &parts->customers);
	for (int i = 0; i < parts->nsources; i++)
		note_relations(parts, &parts->sources[i].input);
	if (OidIsValid(catalog->by_hand))
		parts->relations = list_append_unique_oid(parts->relations, catalog->by_hand);
	MemoryContextSwitchTo(old_context);
	return engine;
}
