/*
 * model_io.c
 *		The SQL type clientele.model: text and binary form, equality.
 *
 * A value is the model's canonical text (rule_text.h).  Whatever way a model
 * comes in, it goes through the parser.
 */
#include "postgres.h"

#include "fmgr.h"

#include "compat.h"
#include "model/model.h"

static char *canonical_model(const char *text, struct Node *escontext);

const ClienteleRuleTextType clientele_model_type = {"model", 1, CLIENTELE_MODEL_TEXT_MAX, canonical_model};

PG_FUNCTION_INFO_V1(clientele_model_in);
PG_FUNCTION_INFO_V1(clientele_model_out);
PG_FUNCTION_INFO_V1(clientele_model_recv);
PG_FUNCTION_INFO_V1(clientele_model_send);
PG_FUNCTION_INFO_V1(clientele_model_eq);
PG_FUNCTION_INFO_V1(clientele_model_ne);
PG_FUNCTION_INFO_V1(clientele_model_hash);

static char *
canonical_model(const char *text, struct Node *escontext)
{
	ClienteleModel *model = clientele_model_parse(text, escontext);

	return model ? clientele_model_print(model) : NULL;
}

Datum
clientele_model_in(PG_FUNCTION_ARGS)
{
	Datum		value = clientele_rule_text_in(&clientele_model_type, PG_GETARG_CSTRING(0), fcinfo->context);

	if (value == (Datum) 0)
		PG_RETURN_NULL();
	return value;
}

Datum
clientele_model_out(PG_FUNCTION_ARGS)
{
	PG_RETURN_CSTRING(clientele_rule_text_get(&clientele_model_type, PG_GETARG_DATUM(0)));
}

Datum
clientele_model_recv(PG_FUNCTION_ARGS)
{
	return clientele_rule_text_recv(&clientele_model_type, (StringInfo) PG_GETARG_POINTER(0));
}

Datum
clientele_model_send(PG_FUNCTION_ARGS)
{
	return clientele_rule_text_send(&clientele_model_type, PG_GETARG_DATUM(0));
}

Datum
clientele_model_eq(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(clientele_rule_text_equal(&clientele_model_type, PG_GETARG_DATUM(0), PG_GETARG_DATUM(1)));
}

Datum
clientele_model_ne(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(!clientele_rule_text_equal(&clientele_model_type, PG_GETARG_DATUM(0), PG_GETARG_DATUM(1)));
}

Datum
clientele_model_hash(PG_FUNCTION_ARGS)
{
	return UInt32GetDatum(clientele_rule_text_hash(&clientele_model_type, PG_GETARG_DATUM(0)));
}
