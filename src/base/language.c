/*
 * language.c
 *		Words that people read, in the language that they ask for.
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "utils/builtins.h"

#include "base/language.h"

Datum
clientele_words_in(const ClienteleWords *words, Datum language)
{
	char	   *name = TextDatumGetCString(language);

	if (strcmp(name, "en") == 0)
		return CStringGetTextDatum(words->english);
	if (strcmp(name, "zh") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("there are no words for language \"%s\"", name),
				 errhint("Write 'en' or 'zh'.")));
	return CStringGetTextDatum(pg_any_to_server(words->chinese, strlen(words->chinese), PG_UTF8));
}
