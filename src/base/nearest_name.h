/*
 * nearest_name.h
 *		"Perhaps you mean ...": the known name nearest to an unknown one.
 */
#ifndef CLIENTELE_NEAREST_NAME_H
#define CLIENTELE_NEAREST_NAME_H

#include "postgres.h"

typedef struct ClienteleNearestName
{
	const char *wanted;
	const char *found;			/* the nearest offered so far, or NULL */
	int			distance;		/* its edit distance; none further is wanted */
} ClienteleNearestName;

extern void clientele_nearest_begin(ClienteleNearestName *state, const char *wanted);
extern void clientele_nearest_offer(ClienteleNearestName *state, const char *known);
extern const char *clientele_nearest_result(const ClienteleNearestName *state);

#endif							/* CLIENTELE_NEAREST_NAME_H */
