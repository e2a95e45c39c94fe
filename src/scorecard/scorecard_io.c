/*
 * scorecard_io.c
 *		The SQL type clientele.scorecard: text and binary form, equality.
 *
 * A value is the card's canonical text (rule_text.h).  Whatever way a card
 * comes in, it goes through the parser.
 */
#include "postgres.h"

#include "fmgr.h"

#include "compat.h"
#include "scorecard/scorecard.h"

static char *canonical_scorecard(const char *text, struct Node *escontext);

const ClienteleRuleTextType clientele_scorecard_type = {"scorecard", 1, CLIENTELE_RULE_TEXT_MAX, canonical_scorecard};

PG_FUNCTION_INFO_V1(clientele_scorecard_in);
PG_FUNCTION_INFO_V1(clientele_scorecard_out);
PG_FUNCTION_INFO_V1(clientele_scorecard_recv);
PG_FUNCTION_INFO_V1(clientele_scorecard_send);
PG_FUNCTION_INFO_V1(clientele_scorecard_eq);
PG_FUNCTION_INFO_V1(clientele_scorecard_ne);
PG_FUNCTION_INFO_V1(clientele_scorecard_hash);

static char *
canonical_scorecard(const char *text, struct Node *escontext)
{
	ClienteleScorecard *card = clientele_scorecard_parse(text, escontext);

	return card ? clientele_scorecard_print(card) : NULL;
}

Datum
clientele_scorecard_in(PG_FUNCTION_ARGS)
{
	Datum		value = clientele_rule_text_in(&clientele_scorecard_type, PG_GETARG_CSTRING(0), fcinfo->context);

	if (value == (Datum) 0)
		PG_RETURN_NULL();
	return value;
}

Datum
clientele_scorecard_out(PG_FUNCTION_ARGS)
{
	PG_RETURN_CSTRING(clientele_rule_text_get(&clientele_scorecard_type, PG_GETARG_DATUM(0)));
}

Datum
clientele_scorecard_recv(PG_FUNCTION_ARGS)
{
	return clientele_rule_text_recv(&clientele_scorecard_type, (StringInfo) PG_GETARG_POINTER(0));
}

Datum
clientele_scorecard_send(PG_FUNCTION_ARGS)
{
	return clientele_rule_text_send(&clientele_scorecard_type, PG_GETARG_DATUM(0));
}

Datum
clientele_scorecard_eq(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(clientele_rule_text_equal(&clientele_scorecard_type, PG_GETARG_DATUM(0), PG_GETARG_DATUM(1)));
}

Datum
clientele_scorecard_ne(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(!clientele_rule_text_equal(&clientele_scorecard_type, PG_GETARG_DATUM(0), PG_GETARG_DATUM(1)));
}

Datum
clientele_scorecard_hash(PG_FUNCTION_ARGS)
{
	return UInt32GetDatum(clientele_rule_text_hash(&clientele_scorecard_type, PG_GETARG_DATUM(0)));
}
