/*
 * json_write.h
 *		Writing canonical JSON: the members of an object, one after another; and a
 *		tree that was read, on one line or laid out for people.
 */
#ifndef CLIENTELE_JSON_WRITE_H
#define CLIENTELE_JSON_WRITE_H

#include "lib/stringinfo.h"

#include "base/decimal.h"
#include "base/json_tree.h"

/* Starts a member of the object that is being written. */
extern void clientele_json_append_key(StringInfo out, const char *key);

/* Members; a text of NULL is left out. */
extern void clientele_json_append_text(StringInfo out, const char *key, const char *text);
extern void clientele_json_append_number(StringInfo out, const char *key, ClienteleDecimal number);

/* A whole tree: on one line; or over lines, by `nopen` levels at least and where a line would be long. */
extern void clientele_json_append_tree(StringInfo out, const ClienteleJson *value);
extern void clientele_json_lay_out(StringInfo out, const ClienteleJson *value, int nopen);

#endif							/* CLIENTELE_JSON_WRITE_H */
