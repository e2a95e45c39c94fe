/*
 * json_tree.c
 *		JSON text as a tree that keeps what jsonb forgets.
 *
 * The words are core's: its parser calls the functions below as it meets them.
 */
#include "postgres.h"

#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"

#include "base/json_tree.h"
#include "compat.h"

/* Longer values are cut in messages: a message is not the place for a page. */
#define SHOWN_BYTES 60

/* Where the parser stands. */
typedef struct TreeBuilder
{
	ClienteleJson *root;
	ClienteleJson *open;		/* the innermost object or array not yet closed */
	const char *key;			/* key of the value that comes next */
} TreeBuilder;

static ClienteleJson *
add_value(TreeBuilder *builder, ClienteleJsonKind kind)
{
	ClienteleJson *value = palloc0(sizeof(ClienteleJson));
	ClienteleJson *parent = builder->open;

	value->kind = kind;
	value->key = builder->key;
	value->parent = parent;
	builder->key = NULL;

	if (parent == NULL)
		builder->root = value;
	else
	{
		if (parent->last == NULL)
			parent->first = value;
		else
			parent->last->next = value;
		parent->last = value;
		parent->nchildren++;
	}
	return value;
}

static ClienteleJsonActionResult
json_tree_object_start(void *state)
{
	TreeBuilder *builder = state;

	builder->open = add_value(builder, CLIENTELE_JSON_OBJECT);
	return CLIENTELE_JSON_ACTION_DONE;
}

static ClienteleJsonActionResult
json_tree_array_start(void *state)
{
	TreeBuilder *builder = state;

	builder->open = add_value(builder, CLIENTELE_JSON_ARRAY);
	return CLIENTELE_JSON_ACTION_DONE;
}

/* The end of an object or of an array. */
static ClienteleJsonActionResult
json_tree_close(void *state)
{
	TreeBuilder *builder = state;

	builder->open = builder->open->parent;
	return CLIENTELE_JSON_ACTION_DONE;
}

static ClienteleJsonActionResult
json_tree_key(void *state, char *key, bool isnull pg_attribute_unused())
{
	TreeBuilder *builder = state;

	builder->key = key;
	return CLIENTELE_JSON_ACTION_DONE;
}

static ClienteleJsonKind
scalar_kind(JsonTokenType token)
{
	switch (token)
	{
		case JSON_TOKEN_STRING:
			return CLIENTELE_JSON_STRING;
		case JSON_TOKEN_NUMBER:
			return CLIENTELE_JSON_NUMBER;
		case JSON_TOKEN_TRUE:
			return CLIENTELE_JSON_TRUE;
		case JSON_TOKEN_FALSE:
			return CLIENTELE_JSON_FALSE;
		case JSON_TOKEN_NULL:
			return CLIENTELE_JSON_NULL;
		default:
			elog(ERROR, "unexpected JSON token %d", (int) token);
	}
}

static ClienteleJsonActionResult
json_tree_scalar(void *state, char *text, JsonTokenType token)
{
	ClienteleJson *value = add_value(state, scalar_kind(token));

	value->text = text;
	return CLIENTELE_JSON_ACTION_DONE;
}

ClienteleJson *
clientele_json_tree_read(const char *text, const char *type_name, const char *hint, struct Node *escontext)
{
	TreeBuilder builder = {0};
	JsonSemAction actions = {0};
	JsonLexContext *lex;
	JsonParseErrorType error;

	actions.semstate = &builder;
	actions.object_start = json_tree_object_start;
	actions.object_end = json_tree_close;
	actions.array_start = json_tree_array_start;
	actions.array_end = json_tree_close;
	actions.object_field_start = json_tree_key;
	actions.scalar = json_tree_scalar;

	lex = makeJsonLexContextCstringLen(NULL, text, strlen(text), GetDatabaseEncoding(), true);
	error = pg_parse_json(lex, &actions);
	if (error != JSON_SUCCESS)
		ereturn(escontext, NULL,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("invalid input syntax for type %s: not JSON at line %d", type_name, lex->line_number),
				 errdetail_internal("%s", json_errdetail(error, lex)),
				 errhint("%s", hint)));
	return builder.root;
}

static void
add_jsonb_scalar(TreeBuilder *builder, const JsonbValue *scalar)
{
	static const ClienteleJsonKind kinds[] = {
		[jbvNull] = CLIENTELE_JSON_NULL, [jbvString] = CLIENTELE_JSON_STRING, [jbvNumeric] = CLIENTELE_JSON_NUMBER
	};

	if (scalar->type == jbvBool)
	{
		add_value(builder, scalar->val.boolean ? CLIENTELE_JSON_TRUE : CLIENTELE_JSON_FALSE)->text =
			scalar->val.boolean ? "true" : "false";
		return;
	}
	add_value(builder, kinds[scalar->type])->text =
		scalar->type == jbvString ? pnstrdup(scalar->val.string.val, scalar->val.string.len) :
		scalar->type == jbvNull ? "null" :
		DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(scalar->val.numeric)));
}

ClienteleJson *
clientele_json_tree_of_jsonb(struct JsonbContainer *document)
{
	TreeBuilder builder = {0};
	JsonbIterator *iterator = JsonbIteratorInit(document);
	JsonbIteratorToken token;
	JsonbValue	value;

	while ((token = JsonbIteratorNext(&iterator, &value, false)) != WJB_DONE)
	{
		switch (token)
		{
			case WJB_BEGIN_OBJECT:
				builder.open = add_value(&builder, CLIENTELE_JSON_OBJECT);
				break;
			case WJB_BEGIN_ARRAY:
				/* a scalar document is stored as an array of one */
				if (!value.val.array.rawScalar)
					builder.open = add_value(&builder, CLIENTELE_JSON_ARRAY);
				break;
			case WJB_END_OBJECT:
			case WJB_END_ARRAY:
				if (builder.open != NULL)
					builder.open = builder.open->parent;
				break;
			case WJB_KEY:
				builder.key = pnstrdup(value.val.string.val, value.val.string.len);
				break;
			default:
				add_jsonb_scalar(&builder, &value);
				break;
		}
	}
	return builder.root;
}

ClienteleJson *
clientele_json_take_member(ClienteleJson *object, const char *key)
{
	ClienteleJson *before = NULL;

	if (object->kind != CLIENTELE_JSON_OBJECT)
		return NULL;
	for (ClienteleJson *member = object->first; member != NULL; before = member, member = member->next)
	{
		if (strcmp(member->key, key) != 0)
			continue;
		if (before == NULL)
			object->first = member->next;
		else
			before->next = member->next;
		if (object->last == member)
			object->last = before;
		object->nchildren--;
		return member;
	}
	return NULL;
}

char *
clientele_json_show_text(const char *text)
{
	int			length = pg_mbcliplen(text, strlen(text), SHOWN_BYTES);

	return psprintf("\"%.*s%s\"", length, text, text[length] == '\0' ? "" : "...");
}

char *
clientele_json_show(const ClienteleJson *value)
{
	switch (value->kind)
	{
		case CLIENTELE_JSON_OBJECT:
			return pstrdup("an object");
		case CLIENTELE_JSON_ARRAY:
			return pstrdup("an array");
		case CLIENTELE_JSON_STRING:
			return clientele_json_show_text(value->text);
		default:
			/* A number may be long too; it is plain ASCII. */
			if (strlen(value->text) > SHOWN_BYTES)
				return psprintf("%.*s...", SHOWN_BYTES, value->text);
			return pstrdup(value->text);
	}
}
