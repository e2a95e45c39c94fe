/*
 * row_rules.c
 *		Expressions bound to a row type, and their values for one row.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "storage/shmem.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/typcache.h"

#include "base/local_time.h"
#include "base/nearest_name.h"
#include "compat.h"
#include "expression/expression_bind.h"
#include "expression/jsonb_value.h"
#include "expression/row_rules.h"

/* A column of the row that some rule names. */
typedef struct UsedColumn
{
	int			attribute;		/* its index in the row type */
	ClienteleColumn *column;
	ClienteleCell *cell;		/* where its value goes */
} UsedColumn;

struct ClienteleRowRules
{
	ClienteleScope scope;		/* first, so that resolve finds the rest */
	ClienteleRowType row;
	ClienteleProgram *program;
	MemoryContext row_context;	/* holds what one evaluation allocates */

	int			nrules;
	ClienteleCell **results;	/* each rule's cell ... */
	ClienteleType *types;		/* ... and type */

	/* rows of a composite type */
	TupleDesc	descriptor;
	UsedColumn *used;
	int			nused;
	Datum	   *values;			/* scratch for one row */
	bool	   *nulls;

	/* jsonb */
	ClienteleCell *document;
};

/* ---------- names ---------- */

/* The column of that name, or -1. */
static int
find_attribute(TupleDesc descriptor, const char *name)
{
	for (int i = 0; i < descriptor->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(descriptor, i);

		if (!attribute->attisdropped && strcmp(NameStr(attribute->attname), name) == 0)
			return i;
	}
	return -1;
}

static void
unknown_column(const ClienteleRowRules *rules, const ClienteleBinder *binder, const ClienteleNode *name)
{
	ClienteleNearestName nearest;
	StringInfoData hint;
	int			listed = 0;

	clientele_nearest_begin(&nearest, name->string);
	initStringInfo(&hint);
	appendStringInfoString(&hint, "The row has: ");
	for (int i = 0; i < rules->descriptor->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(rules->descriptor, i);

		if (attribute->attisdropped)
			continue;
		clientele_nearest_offer(&nearest, NameStr(attribute->attname));
		if (listed++ < 10)
			appendStringInfo(&hint, "%s%s", listed == 1 ? "" : ", ", NameStr(attribute->attname));
	}
	appendStringInfoString(&hint, listed > 10 ? ", ..." : ".");
	if (clientele_nearest_result(&nearest))
	{
		resetStringInfo(&hint);
		appendStringInfo(&hint, "Perhaps you mean %s.", clientele_nearest_result(&nearest));
	}

	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_COLUMN),
			 errmsg("the row has no column %s", name->string),
			 errhint("%s", hint.data),
			 clientele_bind_error_position(binder, name)));
}

/* The used column of that attribute, added if it is the first use. */
static UsedColumn *
use_column(ClienteleRowRules *rules, ClienteleBinder *binder, const ClienteleNode *name, int attribute)
{
	Form_pg_attribute form = TupleDescAttr(rules->descriptor, attribute);
	UsedColumn *added;

	for (int i = 0; i < rules->nused; i++)
	{
		if (rules->used[i].attribute == attribute)
			return &rules->used[i];
	}

	added = &rules->used[rules->nused];
	added->attribute = attribute;
	added->column = palloc(sizeof(ClienteleColumn));
	if (!clientele_column_init(added->column, form->atttypid, form->atttypmod, form->attcollation))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("column %s of type %s cannot be used in an expression",
						name->string, format_type_with_typemod(form->atttypid, form->atttypmod)),
				 errhint("Cast it in the row to one of %s (text with a deterministic collation).",
						 clientele_column_types()),
				 clientele_bind_error_position(binder, name)));
	added->cell = clientele_bind_register(binder);
	rules->nused++;
	return added;
}

static ClienteleOperand
resolve_column(ClienteleRowRules *rules, ClienteleBinder *binder, const ClienteleNode *name)
{
	ClienteleOperand operand = {0};
	int			attribute = find_attribute(rules->descriptor, name->string);
	UsedColumn *used;

	if (attribute < 0)
		unknown_column(rules, binder, name);
	used = use_column(rules, binder, name, attribute);
	operand.cells = used->cell;
	operand.type = used->column->type;
	operand.column = used->column;

	if (used->column->kind == CLIENTELE_COLUMN_JSONB)
	{
		operand.is_json = true;
		operand.json_path = name->next_name;
		operand.column = NULL;
	}
	else if (name->next_name)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("column %s is no jsonb document and has no part %s",
						name->string, name->next_name->string),
				 errhint("Join in SQL what the rule is to see, and pass it as a column of the row."),
				 clientele_bind_error_position(binder, name->next_name)));
	else if (used->column->kind == CLIENTELE_COLUMN_TIMESTAMP)
		clientele_bind_needs_zone(binder);
	return operand;
}

static ClienteleOperand
resolve_name(ClienteleScope *scope, ClienteleBinder *binder, const ClienteleNode *name)
{
	ClienteleRowRules *rules = (ClienteleRowRules *) scope;
	ClienteleOperand operand = {0};

	if (rules->row.kind != CLIENTELE_ROW_JSONB)
		return resolve_column(rules, binder, name);

	/* a document may lack any key: an unknown name is NULL there */
	operand.cells = rules->document;
	operand.is_json = true;
	operand.json_path = name;
	return operand;
}

/* ---------- binding ---------- */

/* Says which of many rules an error is about. */
static void
rule_error_callback(void *argument)
{
	const ClienteleRule *rule = argument;

	if (rule->place)
		errcontext("%s", rule->place);
}

static ClienteleCell *
bind_rule(ClienteleBinder *binder, const ClienteleRule *rule, ClienteleType *type)
{
	ErrorContextCallback callback;
	ClienteleCell *result;

	callback.callback = rule_error_callback;
	callback.arg = unconstify(ClienteleRule *, rule);
	callback.previous = error_context_stack;
	error_context_stack = &callback;
	result = clientele_bind_rule(binder, rule->text, rule->wanted, type);
	error_context_stack = callback.previous;
	return result;
}

ClienteleRowRules *
clientele_row_rules_bind(const ClienteleRowType *row, int nrules, const ClienteleRule *specs, bool timed)
{
	ClienteleRowRules *rules = palloc0(sizeof(ClienteleRowRules));
	ClienteleBinder *binder;
	int			width;

	rules->scope.resolve = resolve_name;
	rules->row = *row;
	rules->nrules = nrules;
	rules->results = palloc(mul_size(sizeof(ClienteleCell *), Max(nrules, 1)));
	rules->types = palloc(mul_size(sizeof(ClienteleType), Max(nrules, 1)));
	rules->row_context = AllocSetContextCreate(CurrentMemoryContext, "clientele row", ALLOCSET_SMALL_SIZES);

	if (row->kind != CLIENTELE_ROW_JSONB)
	{
		rules->descriptor = row->kind == CLIENTELE_ROW_COLUMNS ? row->columns :
			lookup_rowtype_tupdesc_copy(row->type, row->typmod);
		width = Max(rules->descriptor->natts, 1);
		rules->used = palloc(mul_size(sizeof(UsedColumn), width));
		rules->values = palloc(mul_size(sizeof(Datum), width));
		rules->nulls = palloc(mul_size(sizeof(bool), width));
	}

	binder = clientele_bind_begin(&rules->scope, 1, timed);
	if (row->kind == CLIENTELE_ROW_JSONB)
		rules->document = clientele_bind_register(binder);
	for (int i = 0; i < nrules; i++)
		rules->results[i] = bind_rule(binder, &specs[i], &rules->types[i]);
	rules->program = clientele_bind_end(binder);
	return rules;
}

/* ---------- evaluation ---------- */

static void
load_column(ClienteleRowRules *rules, UsedColumn *used, Datum value, bool isnull)
{
	if (isnull)
		used->cell->state = CLIENTELE_NULL;
	else
		clientele_column_read(used->column, value, rules->program->zone, used->cell);
}

static void
load_arguments(ClienteleRowRules *rules, const NullableDatum *columns)
{
	for (int i = 0; i < rules->nused; i++)
	{
		UsedColumn *used = &rules->used[i];

		load_column(rules, used, columns[used->attribute].value, columns[used->attribute].isnull);
	}
}

static void
load_composite(ClienteleRowRules *rules, Datum row)
{
	HeapTupleHeader header = DatumGetHeapTupleHeader(row);
	HeapTupleData tuple;

	tuple.t_len = HeapTupleHeaderGetDatumLength(header);
	ItemPointerSetInvalid(&tuple.t_self);
	tuple.t_tableOid = InvalidOid;
	tuple.t_data = header;
	heap_deform_tuple(&tuple, rules->descriptor, rules->values, rules->nulls);

	for (int i = 0; i < rules->nused; i++)
	{
		UsedColumn *used = &rules->used[i];

		load_column(rules, used, rules->values[used->attribute], rules->nulls[used->attribute]);
	}
}

void
clientele_row_rules_evaluate(ClienteleRowRules *rules, Datum row, const ClienteleClock *clock)
{
	MemoryContext old_context;

	clientele_program_set_clock(rules->program, clock);
	MemoryContextReset(rules->row_context);
	old_context = MemoryContextSwitchTo(rules->row_context);
	switch (rules->row.kind)
	{
		case CLIENTELE_ROW_COMPOSITE:
			load_composite(rules, row);
			break;
		case CLIENTELE_ROW_JSONB:
			rules->document->u.pointer = PG_DETOAST_DATUM(row);
			rules->document->state = CLIENTELE_KNOWN;
			break;
		case CLIENTELE_ROW_COLUMNS:
			load_arguments(rules, (const NullableDatum *) DatumGetPointer(row));
			break;
	}
	clientele_program_run(rules->program, 1);
	MemoryContextSwitchTo(old_context);
}

ClienteleType
clientele_row_rules_type(const ClienteleRowRules *rules, int rule)
{
	return rules->types[rule];
}

bool
clientele_row_rules_holds(const ClienteleRowRules *rules, int rule)
{
	Assert(rules->types[rule] == CLIENTELE_BOOLEAN);
	return rules->results[rule]->state == CLIENTELE_TRUE;
}

int
clientele_row_rules_which_hold(const ClienteleRowRules *rules, int *holding)
{
	int			count = 0;

	for (int i = 0; i < rules->nrules; i++)
	{
		holding[count] = i;
		count += rules->results[i]->state == CLIENTELE_TRUE;
	}
	return count;
}

bool
clientele_row_rules_number(const ClienteleRowRules *rules, int rule, ClienteleDecimal *result)
{
	const ClienteleCell *cell = rules->results[rule];

	Assert(rules->types[rule] == CLIENTELE_NUMBER);
	if (cell->state == CLIENTELE_NULL)
		return false;
	*result = clientele_cell_number(cell);
	return true;
}

bool
clientele_row_rules_text(const ClienteleRowRules *rules, int rule, char **result)
{
	*result = clientele_cell_to_string(rules->results[rule], rules->types[rule], rules->program->zone);
	return *result != NULL;
}

TimestampTz
clientele_row_rules_valid_until(const ClienteleRowRules *rules, int rule)
{
	return clientele_horizons(rules->program, rules->results[rule])[0];
}
