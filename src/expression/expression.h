/*
 * expression.h
 *		The SQL type clientele.expression.
 */
#ifndef CLIENTELE_EXPRESSION_H
#define CLIENTELE_EXPRESSION_H

#include "base/rule_text.h"

extern const ClienteleRuleTextType clientele_expression_type;

#define DatumGetExpressionText(datum) clientele_rule_text_get(&clientele_expression_type, datum)

#endif							/* CLIENTELE_EXPRESSION_H */
