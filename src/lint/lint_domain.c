/*
 * lint_domain.c
 *		Which values an expression can have: bounds, decimals, whether it may be missing.
 *
 * What is said here holds for every customer; where nothing is said, anything may be.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_enum.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/catcache.h"
#include "utils/syscache.h"

#include "compat.h"
#include "lint/lint.h"

/* ---------- names ---------- */

const char *
clientele_lint_parameter(const ClienteleLintScope *scope, const ClienteleNode *node)
{
	const ClienteleModel *model = scope->lint->model;
	int			found = node->kind == CLIENTELE_NODE_NAME && !node->next_name ? clientele_model_find(model, node->string) : -1;

	return found >= 0 && model->definitions[found].kind == CLIENTELE_PARAMETER ? model->definitions[found].expression : NULL;
}

const ClienteleDefinition *
clientele_lint_meant(const ClienteleLintScope *scope, const ClienteleNode *node, const char **suffix)
{
	int			found;

	*suffix = "";
	if (node->kind != CLIENTELE_NODE_NAME || node->next_name || scope->source)
		return NULL;
	found = clientele_model_meant(scope->lint->model, node->string, suffix);
	return found < 0 ? NULL : &scope->lint->model->definitions[found];
}

ClientelePathColumn *
clientele_lint_column(const ClienteleLintScope *scope, const ClienteleNode *name)
{
	const ClienteleInput *input = scope->source ? &scope->source->input : &scope->lint->parts->customers;
	const char *problem;
	const char *hint;
	const ClienteleNode *place;

	return clientele_table_path(input->parts[0], name, &problem, &hint, &place);
}

/* ---------- columns ---------- */

static ClienteleDomain
anything(ClienteleType type)
{
	return (ClienteleDomain) {.type = type,.nullable = true,.decimals = -1};
}

static bool
may_be_null(const ClientelePathColumn *column)
{
	HeapTuple	tuple;
	bool		not_null = false;

	/* where a foreign key leads to, there may be no row */
	if (column->attribute == 0)
		return true;
	tuple = SearchSysCache2(ATTNUM, ObjectIdGetDatum(column->relation), Int16GetDatum(column->attribute));
	if (HeapTupleIsValid(tuple))
	{
		not_null = ((Form_pg_attribute) GETSTRUCT(tuple))->attnotnull;
		ReleaseSysCache(tuple);
	}
	return !not_null;
}

static List *
enum_labels(Oid type)
{
	CatCList   *members = SearchSysCacheList1(ENUMTYPOIDNAME, ObjectIdGetDatum(type));
	List	   *labels = NIL;

	for (int i = 0; i < members->n_members; i++)
		labels = lappend(labels, pstrdup(NameStr(((Form_pg_enum) GETSTRUCT(&members->members[i]->tuple))->enumlabel)));
	ReleaseSysCacheList(members);
	return labels;
}

static ClienteleDomain
column_domain(const ClienteleLintScope *scope, const ClienteleNode *name)
{
	ClientelePathColumn *path = clientele_lint_column(scope, name);
	ClienteleColumn *column = palloc(sizeof(ClienteleColumn));
	ClienteleDomain domain = anything(CLIENTELE_ANY);

	if (path == NULL || !clientele_column_init(column, path->type, path->typmod, path->collation))
		return domain;
	domain.type = column->type;
	domain.nullable = may_be_null(path);
	domain.column = column;
	switch (column->kind)
	{
		case CLIENTELE_COLUMN_INT2:
		case CLIENTELE_COLUMN_INT4:
		case CLIENTELE_COLUMN_INT8:
		case CLIENTELE_COLUMN_DATE:
		case CLIENTELE_COLUMN_TIMESTAMP:
		case CLIENTELE_COLUMN_TIMESTAMPTZ:
			domain.decimals = 0;
			break;
		case CLIENTELE_COLUMN_NUMERIC:
			/* NaN counts as missing */
			domain.nullable = true;
			if (path->typmod >= (int32) VARHDRSZ && clientele_numeric_typmod_scale(path->typmod) <= CLIENTELE_DECIMAL_MAX_SCALE)
				domain.decimals = Max(clientele_numeric_typmod_scale(path->typmod), 0);
			break;
		case CLIENTELE_COLUMN_FLOAT4:
		case CLIENTELE_COLUMN_FLOAT8:
			domain.nullable = true;
			break;
		case CLIENTELE_COLUMN_ENUM:
			domain.texts = enum_labels(column->type_oid);
			break;
		case CLIENTELE_COLUMN_JSONB:
			domain.column = NULL;
			domain.nullable = true;
			break;
		default:
			break;
	}
	return domain;
}

/* ---------- numbers ---------- */

static ClienteleDomain
whole(bool nullable)
{
	return (ClienteleDomain) {.type = CLIENTELE_NUMBER,.nullable = nullable,.decimals = 0};
}

static ClienteleDomain
whole_between(const ClienteleDomain *of, int lowest, int highest)
{
	ClienteleDomain domain = whole(of->nullable);

	domain.origin = of->origin;
	domain.has_lowest = domain.has_highest = true;
	domain.lowest = clientele_decimal_from_int64(lowest);
	domain.highest = clientele_decimal_from_int64(highest);
	return domain;
}

static ClienteleDomain
at_least_nothing(ClienteleDomain domain)
{
	domain.has_lowest = true;
	domain.lowest = clientele_decimal_from_int64(0);
	return domain;
}

static ClienteleDomain
constant(const char *literal)
{
	ClienteleDomain domain = anything(CLIENTELE_NUMBER);

	domain.nullable = false;
	domain.has_lowest = domain.has_highest = clientele_decimal_from_string(literal, &domain.lowest);
	if (domain.has_lowest)
	{
		domain.highest = domain.lowest = clientele_decimal_trim(domain.lowest);
		domain.decimals = domain.lowest.scale;
	}
	return domain;
}

static ClienteleDomain
word_constant(const char *string)
{
	ClienteleDomain domain = anything(CLIENTELE_ANY);

	domain.nullable = false;
	domain.texts = list_make1(unconstify(char *, string));
	return domain;
}

/* Bounds, which rounding keeps in order. */
static ClienteleDomain
rounded(ClienteleDomain domain, int decimals)
{
	if (domain.decimals < 0 || domain.decimals > decimals)
		domain.decimals = decimals;
	domain.lowest = clientele_decimal_round(domain.lowest, decimals);
	domain.highest = clientele_decimal_round(domain.highest, decimals);
	return domain;
}

static int
more_decimals(int a, int b)
{
	return a < 0 || b < 0 ? -1 : Max(a, b);
}

/* Values of either. */
static ClienteleDomain
either(ClienteleDomain a, ClienteleDomain b)
{
	if (a.type == CLIENTELE_ANY)
		a.type = b.type;
	a.past = a.past && b.past;
	a.has_lowest = a.has_lowest && b.has_lowest;
	a.has_highest = a.has_highest && b.has_highest;
	if (a.has_lowest && clientele_decimal_compare(b.lowest, a.lowest) < 0)
		a.lowest = b.lowest;
	if (a.has_highest && clientele_decimal_compare(b.highest, a.highest) > 0)
		a.highest = b.highest;
	a.decimals = more_decimals(a.decimals, b.decimals);
	a.texts = a.texts && b.texts ? list_concat_copy(a.texts, b.texts) : NIL;
	a.column = NULL;
	a.origin = NULL;
	return a;
}

static ClienteleDomain
sum_domain(ClienteleDomain a, ClienteleDomain b)
{
	ClienteleDomain sum = anything(CLIENTELE_NUMBER);

	sum.nullable = a.nullable || b.nullable;
	sum.decimals = more_decimals(a.decimals, b.decimals);
	sum.has_lowest = a.has_lowest && b.has_lowest && clientele_decimal_add(a.lowest, b.lowest, &sum.lowest);
	sum.has_highest = a.has_highest && b.has_highest && clientele_decimal_add(a.highest, b.highest, &sum.highest);
	return sum;
}

static ClienteleDomain
negative(ClienteleDomain domain)
{
	ClienteleDomain result = domain;

	result.has_lowest = domain.has_highest;
	result.has_highest = domain.has_lowest;
	if (result.has_lowest)
		result.lowest = clientele_decimal_negate(domain.highest);
	if (result.has_highest)
		result.highest = clientele_decimal_negate(domain.lowest);
	return result;
}

/* Signs are all that is followed through a product. */
static ClienteleDomain
product_domain(ClienteleDomain a, ClienteleDomain b)
{
	ClienteleDomain product = anything(CLIENTELE_NUMBER);

	product.nullable = a.nullable || b.nullable;
	if (a.decimals >= 0 && b.decimals >= 0 && a.decimals + b.decimals <= CLIENTELE_DECIMAL_MAX_SCALE)
		product.decimals = a.decimals + b.decimals;
	if (a.has_lowest && b.has_lowest && clientele_decimal_sign(a.lowest) >= 0 && clientele_decimal_sign(b.lowest) >= 0)
		product = at_least_nothing(product);
	return product;
}

/* ---------- calls and aggregates ---------- */

static ClienteleDomain
list_domain(ClienteleLintScope *scope, const ClienteleNode *node)
{
	ClienteleDomain domain = clientele_lint_domain(scope, node->first);

	/* each of them skips what is missing */
	for (const ClienteleNode *argument = node->first->next; argument; argument = argument->next)
	{
		ClienteleDomain other = clientele_lint_domain(scope, argument);
		bool		nullable = domain.nullable && other.nullable;

		domain = either(domain, other);
		domain.nullable = nullable;
	}
	return domain;
}

static ClienteleDomain
case_domain(ClienteleLintScope *scope, const ClienteleNode *node)
{
	ClienteleDomain domain = anything(CLIENTELE_ANY);
	bool		nullable = false;
	bool		is_first = true;
	const ClienteleNode *at = node->first;

	for (; at; at = at->next ? at->next->next : NULL)
	{
		ClienteleDomain other = clientele_lint_domain(scope, at->next ? at->next : at);

		nullable = nullable || other.nullable;
		domain = is_first ? other : either(domain, other);
		is_first = false;

		/* without an else, what no condition meets is missing */
		if (at->next && at->next->next == NULL)
			nullable = true;
	}
	domain.nullable = nullable;
	return domain;
}

static ClienteleDomain
call_domain(ClienteleLintScope *scope, const ClienteleNode *node)
{
	ClienteleDomain domain = anything(CLIENTELE_BOOLEAN);
	ClienteleDomain result;

	if (node->first)
		domain = clientele_lint_domain(scope, node->first);
	domain.column = NULL;
	if (node->first && domain.origin == NULL)
		domain.origin = clientele_lint_key(scope, node->first);
	switch (node->function)
	{
		case CLIENTELE_FN_AGE:
		case CLIENTELE_FN_DAYS_SINCE:
		case CLIENTELE_FN_MONTHS_SINCE:
		case CLIENTELE_FN_YEARS_SINCE:
			result = whole(domain.nullable);
			result.origin = domain.origin;
			return domain.past ? at_least_nothing(result) : result;
		case CLIENTELE_FN_MONTH:
			return whole_between(&domain, 1, 12);
		case CLIENTELE_FN_DAY:
			return whole_between(&domain, 1, 31);
		case CLIENTELE_FN_WEEKDAY:
			return whole_between(&domain, 1, 7);
		case CLIENTELE_FN_ABS:
			domain.has_highest = false;
			return at_least_nothing(domain);
		case CLIENTELE_FN_FLOOR:
			domain.lowest = clientele_decimal_floor(domain.lowest);
			domain.highest = clientele_decimal_floor(domain.highest);
			domain.decimals = 0;
			return domain;
		case CLIENTELE_FN_ROUND:
			return rounded(domain, node->first->next ? Max(atoi(node->first->next->string), 0) : 0);
		case CLIENTELE_FN_COALESCE:
		case CLIENTELE_FN_GREATEST:
		case CLIENTELE_FN_LEAST:
			return list_domain(scope, node);
		case CLIENTELE_FN_DATE:
			domain.type = CLIENTELE_DATE;
			domain.decimals = 0;
			return domain;
		case CLIENTELE_FN_TODAY:
			return (ClienteleDomain) {.type = CLIENTELE_DATE,.past = true};
		case CLIENTELE_FN_NOW:
			return (ClienteleDomain) {.type = CLIENTELE_TIMESTAMP,.past = true};
		default:
			return anything(CLIENTELE_BOOLEAN);
	}
}

static ClienteleDomain
aggregate_domain(const ClienteleLintScope *scope, const ClienteleNode *node)
{
	ClienteleLintScope events = *scope;
	ClienteleDomain domain = anything(CLIENTELE_NUMBER);

	events.source = clientele_engine_source(scope->lint->parts, node->first->string);
	if (node->first->next_name)
		domain = column_domain(&events, node->first->next_name);
	switch (node->function)
	{
		case CLIENTELE_FN_COUNT:
			return at_least_nothing(whole(false));
		case CLIENTELE_FN_SUM:
			domain.nullable = false;
			domain.column = NULL;
			return domain;
		case CLIENTELE_FN_AVG:
			return anything(CLIENTELE_NUMBER);
		case CLIENTELE_FN_EARLIEST:
		case CLIENTELE_FN_LATEST:
			return (ClienteleDomain) {.type = CLIENTELE_TIMESTAMP,.nullable = true,
									  .past = events.source->model->future_tolerance == 0};
		default:
			domain.nullable = true;
			domain.column = NULL;
			return domain;
	}
}

/* ---------- names ---------- */

static ClienteleDomain
metric_domain(ClienteleLint *lint, const ClienteleDefinition *definition)
{
	ClienteleLintScope customers;
	const ClienteleNode *tree;
	ClienteleDomain domain;

	clientele_lint_scope(&customers, lint, NULL, NULL);
	tree = clientele_expression_parse(definition->expression, NULL);
	domain = clientele_lint_domain(&customers, tree);
	domain.column = NULL;
	if (domain.origin == NULL)
		domain.origin = clientele_lint_key(&customers, tree);
	return domain.type == CLIENTELE_NUMBER && domain.decimals != 0 ? rounded(domain, definition->scale) : domain;
}

/* Found once: metrics may stand on metrics. */
static ClienteleDomain
definition_domain(ClienteleLint *lint, const ClienteleDefinition *definition, const char *suffix)
{
	ClienteleDomain **found = &lint->domains[definition - lint->model->definitions];

	if (definition->kind != CLIENTELE_METRIC && *suffix == '\0')
		return anything(CLIENTELE_TEXT);
	if (definition->kind == CLIENTELE_RFM_GRID)
		return whole(true);
	if (*found == NULL)
	{
		ClienteleDomain domain = definition->kind == CLIENTELE_METRIC ? metric_domain(lint, definition) :
			clientele_lint_card_scores(lint, definition);

		*found = memcpy(palloc(sizeof(ClienteleDomain)), &domain, sizeof(ClienteleDomain));
	}
	return **found;
}

static ClienteleDomain
name_domain(ClienteleLintScope *scope, const ClienteleNode *node)
{
	const char *literal = clientele_lint_parameter(scope, node);
	const char *suffix;
	const ClienteleDefinition *definition;

	if (literal)
		return constant(literal);
	if (scope->grid && !node->next_name &&
		(strcmp(node->string, "r") == 0 || strcmp(node->string, "f") == 0 || strcmp(node->string, "m") == 0 ||
		 strcmp(node->string, "score") == 0))
		return whole(true);
	definition = clientele_lint_meant(scope, node, &suffix);
	return definition ? definition_domain(scope->lint, definition, suffix) : column_domain(scope, node);
}

/* ---------- the whole ---------- */

static ClienteleDomain
arithmetic_domain(ClienteleLintScope *scope, const ClienteleNode *node)
{
	ClienteleDomain a = clientele_lint_domain(scope, node->first);
	ClienteleDomain b = node->first->next ? clientele_lint_domain(scope, node->first->next) : a;
	bool		is_date = (a.type == CLIENTELE_DATE) != (b.type == CLIENTELE_DATE);
	ClienteleDomain domain;

	switch (node->kind)
	{
		case CLIENTELE_NODE_ADD:
		case CLIENTELE_NODE_SUBTRACT:
			domain = sum_domain(a, node->kind == CLIENTELE_NODE_ADD ? b : negative(b));
			if (is_date)
				domain.type = CLIENTELE_DATE;
			return domain;
		case CLIENTELE_NODE_MULTIPLY:
			return product_domain(a, b);
		case CLIENTELE_NODE_NEGATE:
			a.column = NULL;
			return negative(a);
		default:
			return anything(CLIENTELE_NUMBER);
	}
}

ClienteleDomain
clientele_lint_domain(ClienteleLintScope *scope, const ClienteleNode *node)
{
	check_stack_depth();
	switch (node->kind)
	{
		case CLIENTELE_NODE_NUMBER:
			return constant(node->string);
		case CLIENTELE_NODE_STRING:
			return word_constant(node->string);
		case CLIENTELE_NODE_NULL:
			return anything(CLIENTELE_ANY);
		case CLIENTELE_NODE_DATE:
			return (ClienteleDomain) {.type = CLIENTELE_DATE};
		case CLIENTELE_NODE_TIMESTAMP:
			return (ClienteleDomain) {.type = CLIENTELE_TIMESTAMP};
		case CLIENTELE_NODE_NAME:
			return name_domain(scope, node);
		case CLIENTELE_NODE_ADD:
		case CLIENTELE_NODE_SUBTRACT:
		case CLIENTELE_NODE_MULTIPLY:
		case CLIENTELE_NODE_DIVIDE:
		case CLIENTELE_NODE_NEGATE:
			return arithmetic_domain(scope, node);
		case CLIENTELE_NODE_CASE:
			return case_domain(scope, node);
		case CLIENTELE_NODE_CALL:
			return call_domain(scope, node);
		case CLIENTELE_NODE_AGGREGATE:
			return aggregate_domain(scope, node);
		default:
			return anything(CLIENTELE_BOOLEAN);
	}
}
