/*
 * json_read.c
 *		Reading definitions from JSON: strictly, with the place of a mistake.
 */
#include "postgres.h"

#include "base/json_read.h"
#include "base/nearest_name.h"
#include "base/rule_text.h"
#include "base/text_length.h"
#include "compat.h"
#include "expression/expression_tree.h"

/* Numbers have at most so many digits before the point, and after it. */
#define NUMBER_DIGITS 18

#define NUMBER_EXAMPLE "Write a plain JSON number, such as 12.5."
#define NAME_HINT "Names have 1 to 63 bytes."
#define TEXT_EXAMPLE "Write some text in double quotes, such as \"loyalty\"."
#define EXPRESSION_EXAMPLE "Write an expression in double quotes, such as \"visits + 1\"."

/* As in: definition "tier": card.characteristics[2].weight */
static void
append_place(StringInfo out, const ClienteleJsonPlace *place)
{
	if (place == NULL)
		return;
	if (place->title != NULL)
	{
		appendStringInfoString(out, place->title);
		return;
	}
	append_place(out, place->up);
	if (place->key == NULL)
		appendStringInfo(out, "[%d]", place->index);
	else
	{
		if (place->up != NULL && place->up->title != NULL)
			appendStringInfoString(out, ": ");
		else if (out->len > 0)
			appendStringInfoChar(out, '.');
		appendStringInfoString(out, place->key);
	}
}

static char *
place_text(const ClienteleJsonPlace *place)
{
	StringInfoData out;

	initStringInfo(&out);
	append_place(&out, place);
	return out.data;
}

bool
clientele_json_refuse(const ClienteleJsonReader *reader, const ClienteleJsonPlace *place,
					  int sqlstate, const char *hint, const char *message)
{
	char	   *where = place_text(place);

	ereturn(reader->escontext, false,
			(errcode(sqlstate),
			 errmsg("invalid %s: %s%s%s", reader->type_name, where, where[0] == '\0' ? "" : ": ", message),
			 errhint("%s", hint)));
}

bool
clientele_json_refuse_kind(const ClienteleJsonReader *reader, const ClienteleJsonPlace *place,
						   const ClienteleJson *value, const char *wanted, const char *hint)
{
	return clientele_json_refuse(reader, place, ERRCODE_INVALID_TEXT_REPRESENTATION, hint,
								 psprintf("%s where %s is needed", clientele_json_show(value), wanted));
}

bool
clientele_json_refuse_missing(const ClienteleJsonReader *reader, const ClienteleJsonPlace *place,
							  const char *key, const char *hint)
{
	return clientele_json_refuse(reader, place, ERRCODE_INVALID_TEXT_REPRESENTATION, hint,
								 psprintf("key \"%s\" is missing", key));
}

bool
clientele_json_require(const ClienteleJsonReader *reader, const ClienteleJsonPlace *up,
					   const ClienteleJson *value, const char *key, const char *hint)
{
	return value != NULL || clientele_json_refuse_missing(reader, up, key, hint);
}

static bool
refuse_unknown_key(const ClienteleJsonReader *reader, const ClienteleJsonPlace *place, const char *key,
				   const ClienteleJsonShape *shape)
{
	ClienteleNearestName nearest;
	const char *hint = shape->hint;

	clientele_nearest_begin(&nearest, key);
	for (int i = 0; i < shape->nkeys; i++)
		clientele_nearest_offer(&nearest, shape->keys[i]);
	if (clientele_nearest_result(&nearest) != NULL)
		hint = psprintf("Perhaps you mean \"%s\".  %s", clientele_nearest_result(&nearest), hint);
	return clientele_json_refuse(reader, place, ERRCODE_INVALID_TEXT_REPRESENTATION, hint,
								 psprintf("unknown key %s", clientele_json_show_text(key)));
}

static int
find_key(const ClienteleJsonShape *shape, const char *key)
{
	for (int i = 0; i < shape->nkeys; i++)
	{
		if (strcmp(shape->keys[i], key) == 0)
			return i;
	}
	return -1;
}

bool
clientele_json_read_object(const ClienteleJsonReader *reader, const ClienteleJsonPlace *place,
						   const ClienteleJson *value, const ClienteleJsonShape *shape,
						   const ClienteleJson **members)
{
	memset(members, 0, shape->nkeys * sizeof(*members));

	if (value->kind != CLIENTELE_JSON_OBJECT)
		return clientele_json_refuse_kind(reader, place, value, "an object", shape->hint);

	for (const ClienteleJson *member = value->first; member != NULL; member = member->next)
	{
		int			key = find_key(shape, member->key);

		if (key < 0)
			return refuse_unknown_key(reader, place, member->key, shape);
		if (members[key] != NULL)
			return clientele_json_refuse(reader, place, ERRCODE_DUPLICATE_JSON_OBJECT_KEY_VALUE,
										 "Each key may stand once in an object.",
										 psprintf("key \"%s\" stands twice", member->key));
		members[key] = member;
	}
	return true;
}

bool
clientele_json_check_list(const ClienteleJsonReader *reader, const ClienteleJsonPlace *place,
						  const ClienteleJson *value, const char *hint)
{
	if (value->kind != CLIENTELE_JSON_ARRAY)
		return clientele_json_refuse_kind(reader, place, value, "a list", hint);
	if (value->nchildren == 0)
		return clientele_json_refuse(reader, place, ERRCODE_INVALID_PARAMETER_VALUE, hint, "the list is empty");
	return true;
}

bool
clientele_json_read_text(const ClienteleJsonReader *reader, const ClienteleJsonPlace *place,
						 const ClienteleJson *value, const char **result)
{
	if (value->kind != CLIENTELE_JSON_STRING)
		return clientele_json_refuse_kind(reader, place, value, "a text", TEXT_EXAMPLE);
	if (value->text[0] == '\0')
		return clientele_json_refuse(reader, place, ERRCODE_INVALID_PARAMETER_VALUE, TEXT_EXAMPLE,
									 "the text is empty");
	*result = value->text;
	return true;
}

bool
clientele_json_read_optional_text(const ClienteleJsonReader *reader, const ClienteleJsonPlace *up,
								  const ClienteleJson *value, const char **result)
{
	ClienteleJsonPlace place = {up, NULL, 0, NULL};

	*result = NULL;
	if (value == NULL)
		return true;
	place.key = value->key;
	return clientele_json_read_text(reader, &place, value, result);
}

bool
clientele_json_check_length(const ClienteleJsonReader *reader, const ClienteleJsonPlace *place,
							const ClienteleJson *value, const char *text)
{
	if (strlen(text) <= CLIENTELE_LONGEST_TEXT)
		return true;
	return clientele_json_refuse(reader, place, ERRCODE_STRING_DATA_RIGHT_TRUNCATION, "Give a shorter one.",
								 psprintf("%s has %zu bytes, but at most %d are allowed", clientele_json_show(value),
										  strlen(text), CLIENTELE_LONGEST_TEXT));
}

bool
clientele_json_read_name(const ClienteleJsonReader *reader, const ClienteleJsonPlace *up,
						 const ClienteleJson *value, const char *key, const char **result)
{
	ClienteleJsonPlace place = {up, key, 0, NULL};

	if (!clientele_json_require(reader, up, value, key, NAME_HINT) ||
		!clientele_json_read_text(reader, &place, value, result))
		return false;
	if (strlen(*result) >= NAMEDATALEN)
		return clientele_json_refuse(reader, &place, ERRCODE_NAME_TOO_LONG, NAME_HINT,
									 psprintf("%s has %zu bytes", clientele_json_show(value), strlen(*result)));
	return true;
}

bool
clientele_json_read_word(const ClienteleJsonReader *reader, const ClienteleJsonPlace *up,
						 const ClienteleJson *value, const char *key, int nwords,
						 const char *const *words, const char *hint, int *result)
{
	ClienteleJsonPlace place = {up, key, 0, NULL};
	const char *word;

	if (!clientele_json_require(reader, up, value, key, hint) ||
		!clientele_json_read_text(reader, &place, value, &word))
		return false;
	for (int i = 0; i < nwords; i++)
	{
		if (strcmp(word, words[i]) == 0)
		{
			*result = i;
			return true;
		}
	}
	return clientele_json_refuse(reader, &place, ERRCODE_INVALID_PARAMETER_VALUE, hint,
								 psprintf("unknown word %s", clientele_json_show(value)));
}

/*
 * Counts the digits before and after the point that a JSON number would have if
 * it were written without an exponent.
 */
static void
count_digits(const char *spelled, int *before, int *after)
{
	int			ndigits = 0;	/* seen so far */
	int			point = -1;		/* digits before the point, once it is seen */
	int			first = -1;		/* number of the first digit that is not 0 */
	int			last = -1;
	const char *c = spelled;

	for (; *c != '\0' && *c != 'e' && *c != 'E'; c++)
	{
		if (*c == '.')
			point = ndigits;
		else if (*c != '-')
		{
			if (*c != '0')
			{
				last = ndigits;
				if (first < 0)
					first = ndigits;
			}
			ndigits++;
		}
	}
	if (point < 0)
		point = ndigits;
	if (*c != '\0')
	{
		/* Both ends are far beyond what is allowed, and far from overflow. */
		long		exponent = strtol(c + 1, NULL, 10);

		point += (int) Max(Min(exponent, 1000000L), -1000000L);
	}

	*before = first < 0 ? 0 : Max(point - first, 0);
	*after = first < 0 ? 0 : Max(last + 1 - point, 0);
}

bool
clientele_json_read_number(const ClienteleJsonReader *reader, const ClienteleJsonPlace *place,
						   const ClienteleJson *value, ClienteleDecimal *result)
{
	int			before;
	int			after;

	if (value->kind != CLIENTELE_JSON_NUMBER)
		return clientele_json_refuse_kind(reader, place, value, "a number", NUMBER_EXAMPLE);

	count_digits(value->text, &before, &after);
	if (before > NUMBER_DIGITS || after > NUMBER_DIGITS)
		return clientele_json_refuse(reader, place, ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE, NUMBER_EXAMPLE,
									 psprintf("%s has more than %d digits before or after the point",
											  clientele_json_show(value), NUMBER_DIGITS));
	if (before == 0 && after == 0)
		*result = clientele_decimal_from_int64(0);
	else if (!clientele_decimal_from_string(value->text, result))
		elog(ERROR, "cannot read the JSON number %s", value->text);
	return true;
}

bool
clientele_json_read_optional_number(const ClienteleJsonReader *reader, const ClienteleJsonPlace *up,
									const ClienteleJson *value, bool *present, ClienteleDecimal *result)
{
	ClienteleJsonPlace place = {up, NULL, 0, NULL};

	*present = (value != NULL);
	*result = clientele_decimal_from_int64(0);
	if (value == NULL)
		return true;
	place.key = value->key;
	return clientele_json_read_number(reader, &place, value, result);
}

bool
clientele_json_read_optional_int(const ClienteleJsonReader *reader, const ClienteleJsonPlace *up,
								 const ClienteleJson *value, int low, int high, int *result)
{
	ClienteleJsonPlace place = {up, NULL, 0, NULL};
	ClienteleDecimal number;

	if (value == NULL)
		return true;
	place.key = value->key;
	if (!clientele_json_read_number(reader, &place, value, &number))
		return false;
	number = clientele_decimal_trim(number);
	if (number.scale != 0 || number.u.units < low || number.u.units > high)
		return clientele_json_refuse(reader, &place, ERRCODE_INVALID_PARAMETER_VALUE,
									 psprintf("Write a whole number from %d to %d.", low, high),
									 psprintf("%s is not one of them", clientele_json_show(value)));
	*result = (int) number.u.units;
	return true;
}

/* Where the expression stands that is being read. */
typedef struct ExpressionPlace
{
	const ClienteleJsonReader *reader;
	const ClienteleJsonPlace *place;
} ExpressionPlace;

static void
expression_error_callback(void *arg)
{
	const ExpressionPlace *at = arg;
	int			position = getinternalerrposition();

	/* The client may show where the text stands in the query instead. */
	if (position > 0)
		errcontext("%s of a %s, character %d", place_text(at->place), at->reader->type_name, position);
	else
		errcontext("%s of a %s", place_text(at->place), at->reader->type_name);
}

bool
clientele_json_read_expression(const ClienteleJsonReader *reader, const ClienteleJsonPlace *place,
							   const ClienteleJson *value, const char **result)
{
	ExpressionPlace at = {reader, place};
	ErrorContextCallback callback;
	ClienteleNode *tree;

	if (value->kind != CLIENTELE_JSON_STRING)
		return clientele_json_refuse_kind(reader, place, value, "an expression", EXPRESSION_EXAMPLE);

	callback.callback = expression_error_callback;
	callback.arg = &at;
	callback.previous = error_context_stack;
	error_context_stack = &callback;
	tree = clientele_expression_parse(value->text, reader->escontext);
	error_context_stack = callback.previous;

	if (tree == NULL)
	{
		clientele_soft_error_place(reader->escontext,
								   psprintf("invalid %s: %s", reader->type_name, place_text(place)));
		return false;
	}
	*result = clientele_expression_print(tree);
	return true;
}

bool
clientele_json_read_optional_expression(const ClienteleJsonReader *reader, const ClienteleJsonPlace *up,
										const ClienteleJson *value, const char **result)
{
	ClienteleJsonPlace place = {up, NULL, 0, NULL};

	*result = NULL;
	if (value == NULL)
		return true;
	place.key = value->key;
	return clientele_json_read_expression(reader, &place, value, result);
}

bool
clientele_json_read_optional_column(const ClienteleJsonReader *reader, const ClienteleJsonPlace *up,
									const ClienteleJson *value, const char **result)
{
	ClienteleJsonPlace place = {up, NULL, 0, NULL};

	if (!clientele_json_read_optional_expression(reader, up, value, result))
		return false;
	if (*result == NULL || clientele_expression_parse(*result, NULL)->kind == CLIENTELE_NODE_NAME)
		return true;
	place.key = value->key;
	return clientele_json_refuse(reader, &place, ERRCODE_INVALID_PARAMETER_VALUE,
								 "Name a column, such as \"net\".",
								 psprintf("%s is not the name of a column", clientele_json_show(value)));
}
