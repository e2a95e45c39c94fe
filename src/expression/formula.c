/*
 * formula.c
 *		Arithmetic of numbers and parameters.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/builtins.h"

#include "expression/expression_tree.h"
#include "expression/formula.h"

static bool
is_formula(const ClienteleNode *node)
{
	check_stack_depth();
	switch (node->kind)
	{
		case CLIENTELE_NODE_NUMBER:
			return true;
		case CLIENTELE_NODE_NAME:
			return node->next_name == NULL;
		case CLIENTELE_NODE_NEGATE:
		case CLIENTELE_NODE_ADD:
		case CLIENTELE_NODE_SUBTRACT:
		case CLIENTELE_NODE_MULTIPLY:
		case CLIENTELE_NODE_DIVIDE:
			break;
		default:
			return false;
	}
	for (const ClienteleNode *operand = node->first; operand; operand = operand->next)
	{
		if (!is_formula(operand))
			return false;
	}
	return true;
}

bool
clientele_is_formula(const char *text)
{
	return is_formula(clientele_expression_parse(text, NULL));
}

static const char *
unknown_in(const ClienteleNode *node, const ClienteleParameters *parameters)
{
	const char *unknown = NULL;
	ClienteleDecimal ignored;

	check_stack_depth();
	if (node->kind == CLIENTELE_NODE_NAME)
		return parameters && parameters->value(parameters->source, node->string, &ignored) ? NULL : node->string;
	for (const ClienteleNode *operand = node->first; operand && unknown == NULL; operand = operand->next)
		unknown = unknown_in(operand, parameters);
	return unknown;
}

const char *
clientele_formula_unknown(const char *formula, const ClienteleParameters *parameters)
{
	return unknown_in(clientele_expression_parse(formula, NULL), parameters);
}

/* False: too large, or divided by zero. */
static bool
compute(const ClienteleNode *node, const ClienteleParameters *parameters, ClienteleDecimal *result)
{
	ClienteleDecimal a;
	ClienteleDecimal b;

	check_stack_depth();
	if (node->kind == CLIENTELE_NODE_NUMBER)
		return clientele_decimal_from_string(node->string, result);
	if (node->kind == CLIENTELE_NODE_NAME)
		return parameters->value(parameters->source, node->string, result);
	if (!compute(node->first, parameters, &a))
		return false;
	if (node->kind == CLIENTELE_NODE_NEGATE)
	{
		*result = clientele_decimal_negate(a);
		return true;
	}
	if (!compute(node->first->next, parameters, &b))
		return false;
	switch (node->kind)
	{
		case CLIENTELE_NODE_ADD:
			return clientele_decimal_add(a, b, result);
		case CLIENTELE_NODE_SUBTRACT:
			return clientele_decimal_subtract(a, b, result);
		case CLIENTELE_NODE_MULTIPLY:
			return clientele_decimal_multiply(a, b, result);
		case CLIENTELE_NODE_DIVIDE:
			return clientele_decimal_divide(a, b, result);
		default:
			elog(ERROR, "node %d in a formula", node->kind);
	}
	return false;
}

ClienteleDecimal
clientele_formula_value(const char *formula, const ClienteleParameters *parameters, const char *what)
{
	const char *unknown = clientele_formula_unknown(formula, parameters);
	ClienteleDecimal value;

	if (unknown)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("%s: %s is no parameter", what, quote_identifier(unknown)),
				 parameters ? errhint("Set it: SELECT set_parameter('...', '%s', 30).", unknown) :
				 errhint("It is the same for all: write a number. Parameters are those of a population's definitions.")));
	if (!compute(clientele_expression_parse(formula, NULL), parameters, &value))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("%s: %s has no value", what, formula),
				 errhint("It divides by zero, or is too large: change its parameters.")));
	return clientele_decimal_trim(clientele_decimal_round(value, CLIENTELE_DECIMAL_MAX_SCALE));
}

bool
clientele_json_read_bound(const ClienteleJsonReader *reader, const ClienteleJsonPlace *place,
						  const ClienteleJson *value, ClienteleDecimal *number, const char **formula)
{
	*formula = NULL;
	*number = clientele_decimal_from_int64(0);
	if (value->kind != CLIENTELE_JSON_STRING)
		return clientele_json_read_number(reader, place, value, number);
	if (!clientele_json_read_expression(reader, place, value, formula))
		return false;
	if (clientele_is_formula(*formula) && clientele_formula_unknown(*formula, NULL) == NULL)
		return clientele_json_refuse_kind(reader, place, value, "a number", "Write it without quotes, such as 12.5.");
	return clientele_is_formula(*formula) ||
		clientele_json_refuse(reader, place, ERRCODE_INVALID_PARAMETER_VALUE,
							  "Write a number, or the name of a parameter, such as \"dormant_days\" or \"2 * dormant_days\".",
							  psprintf("%s is not the same for all customers", clientele_json_show(value)));
}
