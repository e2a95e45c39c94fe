/*
 * scorecard_io.c
 *		The SQL type clientele.scorecard: text and binary form, equality.
 *
 * A value is the card's canonical text (rule_text.h).  Whatever way a card
 * comes in, it goes through the parser.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "fmgr.h"

#include "compat.h"
#include "scorecard.h"

const ClienteleRuleTextType clientele_scorecard_type = {"scorecard", 1};

PG_FUNCTION_INFO_V1(clientele_scorecard_in);
PG_FUNCTION_INFO_V1(clientele_scorecard_out);
PG_FUNCTION_INFO_V1(clientele_scorecard_recv);
PG_FUNCTION_INFO_V1(clientele_scorecard_send);
PG_FUNCTION_INFO_V1(clientele_scorecard_eq);
PG_FUNCTION_INFO_V1(clientele_scorecard_ne);
PG_FUNCTION_INFO_V1(clientele_scorecard_hash);

/*
 * Makes a value of anybody's text; NULL after a soft error.  The canonical text
 * may be the longer one, and must be readable too.
 */
static Datum
make_scorecard(const char *text, struct Node *escontext)
{
	ClienteleScorecard *card;
	char	   *canonical;

	if (!clientele_rule_text_check_length(&clientele_scorecard_type, strlen(text), escontext))
		return (Datum) 0;
	card = clientele_scorecard_parse(text, escontext);
	if (card == NULL)
		return (Datum) 0;
	canonical = clientele_scorecard_print(card);
	if (!clientele_rule_text_check_length(&clientele_scorecard_type, strlen(canonical), escontext))
		return (Datum) 0;
	return clientele_rule_text_make(&clientele_scorecard_type, canonical, strlen(canonical));
}

Datum
clientele_scorecard_in(PG_FUNCTION_ARGS)
{
	Datum		result = make_scorecard(PG_GETARG_CSTRING(0), fcinfo->context);

	if (result == (Datum) 0)
		PG_RETURN_NULL();
	PG_RETURN_DATUM(result);
}

Datum
clientele_scorecard_out(PG_FUNCTION_ARGS)
{
	PG_RETURN_CSTRING(clientele_rule_text_get(&clientele_scorecard_type, PG_GETARG_DATUM(0)));
}

Datum
clientele_scorecard_recv(PG_FUNCTION_ARGS)
{
	StringInfo	message = (StringInfo) PG_GETARG_POINTER(0);

	PG_RETURN_DATUM(make_scorecard(clientele_rule_text_recv(&clientele_scorecard_type, message), NULL));
}

Datum
clientele_scorecard_send(PG_FUNCTION_ARGS)
{
	PG_RETURN_DATUM(clientele_rule_text_send(&clientele_scorecard_type, PG_GETARG_DATUM(0)));
}

/* Canonical texts of equal cards are equal, version word included. */
static bool
equal_scorecards(struct varlena *a, struct varlena *b)
{
	return VARSIZE_ANY_EXHDR(a) == VARSIZE_ANY_EXHDR(b) &&
		memcmp(VARDATA_ANY(a), VARDATA_ANY(b), VARSIZE_ANY_EXHDR(a)) == 0;
}

Datum
clientele_scorecard_eq(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(equal_scorecards(PG_GETARG_VARLENA_PP(0), PG_GETARG_VARLENA_PP(1)));
}

Datum
clientele_scorecard_ne(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(!equal_scorecards(PG_GETARG_VARLENA_PP(0), PG_GETARG_VARLENA_PP(1)));
}

Datum
clientele_scorecard_hash(PG_FUNCTION_ARGS)
{
	struct varlena *card = PG_GETARG_VARLENA_PP(0);

	return hash_any((unsigned char *) VARDATA_ANY(card), VARSIZE_ANY_EXHDR(card));
}
