/*
 * jsonb_object.h
 *		A flat jsonb object, such as an answer that is kept: written member by member, read by names.
 */
#ifndef CLIENTELE_JSONB_OBJECT_H
#define CLIENTELE_JSONB_OBJECT_H

#include "postgres.h"

#include "utils/jsonb.h"

#include "base/decimal.h"

typedef struct ClienteleJsonbObject
{
	JsonbParseState *state;
} ClienteleJsonbObject;

extern void clientele_jsonb_begin(ClienteleJsonbObject *object);
extern void clientele_jsonb_put_text(ClienteleJsonbObject *object, const char *name, const char *value);
extern void clientele_jsonb_put_number(ClienteleJsonbObject *object, const char *name, ClienteleDecimal value);
extern void clientele_jsonb_put_bool(ClienteleJsonbObject *object, const char *name, bool value);
extern Jsonb *clientele_jsonb_end(ClienteleJsonbObject *object);

/* What is missing, or of another kind, is NULL, 0 or false. */
extern bool clientele_jsonb_has(const Jsonb *document, const char *name);
extern char *clientele_jsonb_text(const Jsonb *document, const char *name);
extern ClienteleDecimal clientele_jsonb_number(const Jsonb *document, const char *name);
extern bool clientele_jsonb_bool(const Jsonb *document, const char *name);

#endif							/* CLIENTELE_JSONB_OBJECT_H */
