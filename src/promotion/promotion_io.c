/*
 * promotion_io.c
 *		The SQL type clientele.promotion: text and binary form, equality.
 *
 * A value is the promotion's canonical text (rule_text.h).  Whatever way a promotion
 * comes in, it goes through the parser.
 */
#include "postgres.h"

#include "fmgr.h"

#include "compat.h"
#include "promotion/promotion.h"

static char *canonical_promotion(const char *text, struct Node *escontext);

const ClienteleRuleTextType clientele_promotion_type = {"promotion", 1, CLIENTELE_RULE_TEXT_MAX, canonical_promotion};

PG_FUNCTION_INFO_V1(clientele_promotion_in);
PG_FUNCTION_INFO_V1(clientele_promotion_out);
PG_FUNCTION_INFO_V1(clientele_promotion_recv);
PG_FUNCTION_INFO_V1(clientele_promotion_send);
PG_FUNCTION_INFO_V1(clientele_promotion_eq);
PG_FUNCTION_INFO_V1(clientele_promotion_ne);
PG_FUNCTION_INFO_V1(clientele_promotion_hash);

static char *
canonical_promotion(const char *text, struct Node *escontext)
{
	ClientelePromotion *promotion = clientele_promotion_parse(text, escontext);

	return promotion ? clientele_promotion_print(promotion) : NULL;
}

Datum
clientele_promotion_in(PG_FUNCTION_ARGS)
{
	Datum		value = clientele_rule_text_in(&clientele_promotion_type, PG_GETARG_CSTRING(0), fcinfo->context);

	if (value == (Datum) 0)
		PG_RETURN_NULL();
	return value;
}

Datum
clientele_promotion_out(PG_FUNCTION_ARGS)
{
	PG_RETURN_CSTRING(clientele_rule_text_get(&clientele_promotion_type, PG_GETARG_DATUM(0)));
}

Datum
clientele_promotion_recv(PG_FUNCTION_ARGS)
{
	return clientele_rule_text_recv(&clientele_promotion_type, (StringInfo) PG_GETARG_POINTER(0));
}

Datum
clientele_promotion_send(PG_FUNCTION_ARGS)
{
	return clientele_rule_text_send(&clientele_promotion_type, PG_GETARG_DATUM(0));
}

Datum
clientele_promotion_eq(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(clientele_rule_text_equal(&clientele_promotion_type, PG_GETARG_DATUM(0), PG_GETARG_DATUM(1)));
}

Datum
clientele_promotion_ne(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(!clientele_rule_text_equal(&clientele_promotion_type, PG_GETARG_DATUM(0), PG_GETARG_DATUM(1)));
}

Datum
clientele_promotion_hash(PG_FUNCTION_ARGS)
{
	return UInt32GetDatum(clientele_rule_text_hash(&clientele_promotion_type, PG_GETARG_DATUM(0)));
}
