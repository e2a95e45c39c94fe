/*
 * text_length.c
 *		How long a text may be by which something is looked up.
 *
 * Said before anything is done with it: an index would refuse it when it is written, with an error that
 * says nothing to who has typed it.
 */
#include "postgres.h"

#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"

#include "base/text_length.h"

PG_FUNCTION_INFO_V1(clientele_check_length);

/* So much of it is shown. */
#define SHOWN 40

void
clientele_text_check_length(const char *what, const char *text)
{
	int			length = (int) strlen(text);

	if (length > CLIENTELE_LONGEST_TEXT)
		ereport(ERROR,
				(errcode(ERRCODE_STRING_DATA_RIGHT_TRUNCATION),
				 errmsg("%s has %d bytes, but at most %d are allowed", what, length, CLIENTELE_LONGEST_TEXT),
				 errdetail("It begins with \"%.*s\".", pg_mbcliplen(text, length, SHOWN), text),
				 errhint("Give a shorter one.")));
}

/* check_length(what text, value text): the value */
Datum
clientele_check_length(PG_FUNCTION_ARGS)
{
	clientele_text_check_length(text_to_cstring(PG_GETARG_TEXT_PP(0)), text_to_cstring(PG_GETARG_TEXT_PP(1)));
	PG_RETURN_DATUM(PG_GETARG_DATUM(1));
}
