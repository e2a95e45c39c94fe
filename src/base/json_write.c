/*
 * json_write.c
 *		Writing canonical JSON: the members of an object, one after another; and a
 *		tree that was read, on one line or laid out for people.
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/json.h"

#include "base/json_write.h"

/* What is laid out has lines of at most so many characters, if values allow. */
#define LINE_CHARACTERS 110
#define INDENT 2

void
clientele_json_append_key(StringInfo out, const char *key)
{
	if (out->data[out->len - 1] != '{')
		appendStringInfoString(out, ", ");
	escape_json(out, key);
	appendStringInfoString(out, ": ");
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

/* ---------- trees ---------- */

static void
append_key_of(StringInfo out, const ClienteleJson *value)
{
	if (value->key == NULL)
		return;
	escape_json(out, value->key);
	appendStringInfoString(out, ": ");
}

void
clientele_json_append_tree(StringInfo out, const ClienteleJson *value)
{
	bool		object = value->kind == CLIENTELE_JSON_OBJECT;

	check_stack_depth();
	if (value->kind == CLIENTELE_JSON_STRING)
		escape_json(out, value->text);
	else if (value->text != NULL)
		appendStringInfoString(out, value->text);
	else
	{
		appendStringInfoChar(out, object ? '{' : '[');
		for (const ClienteleJson *child = value->first; child != NULL; child = child->next)
		{
			if (child != value->first)
				appendStringInfoString(out, ", ");
			append_key_of(out, child);
			clientele_json_append_tree(out, child);
		}
		appendStringInfoChar(out, object ? '}' : ']');
	}
}

/* Characters, not bytes: the same text whatever the encoding of the database. */
static bool
fits_line(const StringInfo out, int line_begin)
{
	return pg_mbstrlen_with_len(out->data + line_begin, out->len - line_begin) < LINE_CHARACTERS;
}

static void
begin_line(StringInfo out, int level, int *line_begin)
{
	appendStringInfoChar(out, '\n');
	*line_begin = out->len;
	appendStringInfoSpaces(out, level * INDENT);
}

static void
lay_out(StringInfo out, const ClienteleJson *value, int nopen, int level, int *line_begin)
{
	int			begin = out->len;
	bool		object = value->kind == CLIENTELE_JSON_OBJECT;

	check_stack_depth();
	CHECK_FOR_INTERRUPTS();
	if (level >= nopen || value->nchildren == 0)
	{
		clientele_json_append_tree(out, value);
		if (value->nchildren == 0 || fits_line(out, *line_begin))
			return;
		out->len = begin;
	}
	appendStringInfoChar(out, object ? '{' : '[');
	for (const ClienteleJson *child = value->first; child != NULL; child = child->next)
	{
		begin_line(out, level + 1, line_begin);
		append_key_of(out, child);
		lay_out(out, child, nopen, level + 1, line_begin);
		if (child->next != NULL)
			appendStringInfoChar(out, ',');
	}
	begin_line(out, level, line_begin);
	appendStringInfoChar(out, object ? '}' : ']');
}

void
clientele_json_lay_out(StringInfo out, const ClienteleJson *value, int nopen)
{
	int			line_begin = out->len;

	lay_out(out, value, nopen, 0, &line_begin);
}
