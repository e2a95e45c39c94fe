/*
 * jsonb_value.h
 *		Reading jsonb documents into cells.
 */
#ifndef CLIENTELE_JSONB_VALUE_H
#define CLIENTELE_JSONB_VALUE_H

#include "pgtime.h"

#include "expression/cell.h"

/*
 * Reads the value at `path` of a jsonb document (detoasted) as `wanted`.
 *
 * A key that is absent, or null, is NULL.  False if the value is of another
 * type; `target` then holds it as CLIENTELE_ANY.  A date or a timestamp is a
 * string in ISO 8601; a timestamp without an offset is read in `zone`, and a
 * timestamp where a date is wanted gives its local date.
 *
 * CLIENTELE_ANY keeps the value as a JsonbValue: clientele_jsonb_kind names its
 * type and clientele_jsonb_compare compares two, false where they do not compare.
 */
extern bool clientele_jsonb_read(void *document, const ClienteleNode *path, ClienteleType wanted,
								struct pg_tz *zone, ClienteleCell *target);
extern const char *clientele_jsonb_kind(const ClienteleCell *cell);
extern bool clientele_jsonb_compare(const ClienteleCell *a, const ClienteleCell *b,
								   ClienteleComparison comparison, int *order);

/* A scalar's text, as ->> gives it. */
extern char *clientele_jsonb_to_string(const ClienteleCell *cell);

#endif							/* CLIENTELE_JSONB_VALUE_H */
