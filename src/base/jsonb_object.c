/*
 * jsonb_object.c
 *		A flat jsonb object: written member by member, read by names.
 */
#include "postgres.h"

#include "base/jsonb_object.h"
#include "base/money.h"

static JsonbValue
string_value(const char *string)
{
	JsonbValue	value = {.type = jbvString,.val.string = {.len = (int) strlen(string),.val = unconstify(char *, string)}};

	return value;
}

/* ---------- writing ---------- */

void
clientele_jsonb_begin(ClienteleJsonbObject *object)
{
	object->state = NULL;
	(void) pushJsonbValue(&object->state, WJB_BEGIN_OBJECT, NULL);
}

static void
put(ClienteleJsonbObject *object, const char *name, JsonbValue value)
{
	JsonbValue	key = string_value(name);

	(void) pushJsonbValue(&object->state, WJB_KEY, &key);
	(void) pushJsonbValue(&object->state, WJB_VALUE, &value);
}

void
clientele_jsonb_put_text(ClienteleJsonbObject *object, const char *name, const char *value)
{
	put(object, name, string_value(value));
}

void
clientele_jsonb_put_number(ClienteleJsonbObject *object, const char *name, ClienteleDecimal value)
{
	put(object, name, (JsonbValue) {.type = jbvNumeric,.val.numeric = clientele_decimal_to_numeric(value)});
}

void
clientele_jsonb_put_bool(ClienteleJsonbObject *object, const char *name, bool value)
{
	put(object, name, (JsonbValue) {.type = jbvBool,.val.boolean = value});
}

Jsonb *
clientele_jsonb_end(ClienteleJsonbObject *object)
{
	return JsonbValueToJsonb(pushJsonbValue(&object->state, WJB_END_OBJECT, NULL));
}

/* ---------- reading ---------- */

static JsonbValue *
member(const Jsonb *document, const char *name)
{
	JsonbValue	key = string_value(name);

	return findJsonbValueFromContainer(unconstify(JsonbContainer *, &document->root), JB_FOBJECT, &key);
}

bool
clientele_jsonb_has(const Jsonb *document, const char *name)
{
	return member(document, name) != NULL;
}

char *
clientele_jsonb_text(const Jsonb *document, const char *name)
{
	JsonbValue *value = member(document, name);

	return value == NULL || value->type != jbvString ? NULL : pnstrdup(value->val.string.val, value->val.string.len);
}

ClienteleDecimal
clientele_jsonb_number(const Jsonb *document, const char *name)
{
	JsonbValue *value = member(document, name);
	ClienteleDecimal number = CLIENTELE_ZERO;

	if (value != NULL && value->type == jbvNumeric && !clientele_decimal_from_numeric(value->val.numeric, &number))
		number = CLIENTELE_ZERO;
	return number;
}

bool
clientele_jsonb_bool(const Jsonb *document, const char *name)
{
	JsonbValue *value = member(document, name);

	return value != NULL && value->type == jbvBool && value->val.boolean;
}
