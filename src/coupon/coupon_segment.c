/*
 * coupon_segment.c
 *		A segment's condition, as the rows of a population's view can answer it.
 *
 * The view has tags as a column; has_tag('x') becomes contains(tags, 'x').  All else of
 * such a condition is about columns anyway.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "expression/expression.h"
#include "expression/expression_tree.h"

PG_FUNCTION_INFO_V1(clientele_segment_condition);
PG_FUNCTION_INFO_V1(clientele_segment_tags);

/* Has the column asked in the place of every has_tag, and hands on the names of the tags. */
static void
ask_column(ClienteleNode *node, ArrayBuildState **tags)
{
	if (node->kind == CLIENTELE_NODE_CALL && node->function == CLIENTELE_FN_HAS_TAG)
	{
		ClienteleNode *column = palloc0(sizeof(ClienteleNode));

		*tags = accumArrayResult(*tags, CStringGetTextDatum(node->first->string), false, TEXTOID, CurrentMemoryContext);
		column->kind = CLIENTELE_NODE_NAME;
		column->string = "tags";
		column->height = 1;
		column->next = node->first;
		node->first = column;
		node->function = CLIENTELE_FN_CONTAINS;
		return;
	}
	for (ClienteleNode *operand = node->first; operand; operand = operand->next)
		ask_column(operand, tags);
}

/* segment_condition(expression) */
Datum
clientele_segment_condition(PG_FUNCTION_ARGS)
{
	ClienteleNode *tree = clientele_expression_parse(DatumGetExpressionText(PG_GETARG_DATUM(0)), NULL);
	ArrayBuildState *tags = NULL;

	ask_column(tree, &tags);
	PG_RETURN_TEXT_P(cstring_to_text(clientele_expression_print(tree)));
}

/* segment_tags(expression): each as often as it is asked for; NULL: none is. */
Datum
clientele_segment_tags(PG_FUNCTION_ARGS)
{
	ClienteleNode *tree = clientele_expression_parse(DatumGetExpressionText(PG_GETARG_DATUM(0)), NULL);
	ArrayBuildState *tags = NULL;

	ask_column(tree, &tags);
	if (tags == NULL)
		PG_RETURN_NULL();
	PG_RETURN_DATUM(makeArrayResult(tags, CurrentMemoryContext));
}
