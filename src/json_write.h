/*
 * json_write.h
 *		Writing canonical JSON: the members of an object, one after another.
 */
#ifndef CLIENTELE_JSON_WRITE_H
#define CLIENTELE_JSON_WRITE_H

#include "lib/stringinfo.h"

#include "decimal.h"

/* Starts a member of the object that is being written. */
extern void clientele_json_append_key(StringInfo out, const char *key);

/* Members; a text of NULL is left out. */
extern void clientele_json_append_text(StringInfo out, const char *key, const char *text);
extern void clientele_json_append_number(StringInfo out, const char *key, ClienteleDecimal number);

#endif							/* CLIENTELE_JSON_WRITE_H */
