/*
 * nearest_name.c
 *		"Perhaps you mean ...": the known name nearest to an unknown one.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/varlena.h"

#include "base/nearest_name.h"
#include "compat.h"

PG_FUNCTION_INFO_V1(clientele_nearest_name);

/* Levenshtein's limit in core, in characters; names are shorter. */
#define LONGEST_NAME 255

void
clientele_nearest_begin(ClienteleNearestName *state, const char *wanted)
{
	int			characters = pg_mbstrlen(wanted);

	state->wanted = wanted;
	state->found = NULL;

	/* a third of the word may be mistyped, but never all of it */
	state->distance = characters > LONGEST_NAME ? 0 : Max(characters / 3, characters > 1 ? 1 : 0);
}

void
clientele_nearest_offer(ClienteleNearestName *state, const char *known)
{
	int			distance;

	if (state->distance == 0 || strlen(known) > LONGEST_NAME)
		return;
	distance = varstr_levenshtein_less_equal(state->wanted, (int) strlen(state->wanted),
											 known, (int) strlen(known),
											 1, 1, 1, state->distance, true);
	if (distance < state->distance || (distance == state->distance && state->found == NULL))
	{
		state->found = known;
		state->distance = distance;
	}
}

const char *
clientele_nearest_result(const ClienteleNearestName *state)
{
	return state->found;
}

/* nearest_name(wanted, known); NULL where none is near */
Datum
clientele_nearest_name(PG_FUNCTION_ARGS)
{
	ClienteleNearestName nearest;
	Datum	   *known;
	int			nknown;

	clientele_nearest_begin(&nearest, text_to_cstring(PG_GETARG_TEXT_PP(0)));
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(1), TEXTOID, -1, false, TYPALIGN_INT, &known, NULL, &nknown);
	for (int i = 0; i < nknown; i++)
		clientele_nearest_offer(&nearest, TextDatumGetCString(known[i]));
	if (clientele_nearest_result(&nearest) == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(clientele_nearest_result(&nearest)));
}
