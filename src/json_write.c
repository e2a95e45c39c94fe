/*
 * json_write.c
 *		Writing canonical JSON: the members of an object, one after another.
 */
#include "postgres.h"

#include "utils/json.h"

#include "json_write.h"

void
clientele_json_append_key(StringInfo out, const char *key)
{
	if (out->data[out->len - 1] != '{')
		appendStringInfoString(out, ", ");
	appendStringInfo(out, "\"%s\": ", key);
}

void
clientele_json_append_text(StringInfo out, const char *key, const char *text)
{
	if (text == NULL)
		return;
	clientele_json_append_key(out, key);
	escape_json(out, text);
}

void
clientele_json_append_number(StringInfo out, const char *key, ClienteleDecimal number)
{
	clientele_json_append_key(out, key);
	appendStringInfoString(out, clientele_decimal_to_string(number));
}
