/*
 * nearest_name.c
 *		"Perhaps you mean ...": the known name nearest to an unknown one.
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "utils/varlena.h"

#include "nearest_name.h"

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
