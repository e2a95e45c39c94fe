/*
 * jsonb_value.c
 *		Reading jsonb documents into cells.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"

#include "base/local_time.h"
#include "expression/jsonb_value.h"

/* The whole document: a scalar is stored as an array of one. */
static JsonbValue *
root_value(Jsonb *document)
{
	JsonbValue *value = palloc(sizeof(JsonbValue));

	if (JB_ROOT_IS_SCALAR(document))
	{
		JsonbExtractScalar(&document->root, value);
		return value;
	}
	value->type = jbvBinary;
	value->val.binary.data = &document->root;
	value->val.binary.len = VARSIZE(document) - VARHDRSZ;
	return value;
}

/* Follows the path; NULL where it leads nowhere or to a json null. */
static JsonbValue *
find_value(Jsonb *document, const ClienteleNode *path)
{
	JsonbContainer *container = &document->root;
	JsonbValue *value = path ? NULL : root_value(document);

	for (; path; path = path->next_name)
	{
		if (container == NULL || !JsonContainerIsObject(container))
			return NULL;
		value = getKeyJsonValueFromContainer(container, path->string, (int) strlen(path->string), NULL);
		if (value == NULL)
			return NULL;
		container = value->type == jbvBinary ? value->val.binary.data : NULL;
	}
	return value && value->type != jbvNull ? value : NULL;
}

static char *
string_value(const JsonbValue *value)
{
	return pnstrdup(value->val.string.val, value->val.string.len);
}

static bool
read_number(const JsonbValue *value, ClienteleCell *target)
{
	ClienteleDecimal number;

	if (value->type != jbvNumeric || !clientele_decimal_from_numeric(value->val.numeric, &number))
		return false;
	clientele_cell_set_number(target, number);
	return true;
}

static bool
read_text(const JsonbValue *value, ClienteleCell *target)
{
	if (value->type != jbvString)
		return false;
	clientele_cell_set_text(target, cstring_to_text_with_len(value->val.string.val, value->val.string.len));
	return true;
}

static bool
read_boolean(const JsonbValue *value, ClienteleCell *target)
{
	if (value->type != jbvBool)
		return false;
	target->state = value->val.boolean ? CLIENTELE_TRUE : CLIENTELE_FALSE;
	return true;
}

/* Only the data tells whether a zone is wanted, so it is missed only here. */
static pg_tz *
needed_zone(pg_tz *zone)
{
	if (zone == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("a json timestamp is to be read as a calendar day or without an offset, but time_zone is not given"),
				 errhint("Pass it after as_of, such as 'Asia/Shanghai'.")));
	return zone;
}

static TimestampTz
iso_instant(const ClienteleIsoTime *time, pg_tz *zone)
{
	return time->has_offset ? clientele_iso_to_instant(time) :
		clientele_instant(clientele_iso_to_local(time), needed_zone(zone));
}

static bool
read_date(const JsonbValue *value, pg_tz *zone, ClienteleCell *target)
{
	ClienteleIsoTime time;

	if (value->type != jbvString || !clientele_iso_timestamp(string_value(value), &time))
		return false;
	clientele_cell_set_integer(target, time.has_time && time.has_offset ?
					   clientele_local_date(clientele_iso_to_instant(&time), needed_zone(zone)) :
					   clientele_iso_to_date(&time));
	return true;
}

static bool
read_timestamp(const JsonbValue *value, pg_tz *zone, ClienteleCell *target)
{
	ClienteleIsoTime time;

	if (value->type != jbvString || !clientele_iso_timestamp(string_value(value), &time))
		return false;
	clientele_cell_set_integer(target, iso_instant(&time, zone));
	return true;
}

/* An array whose elements are strings or null. */
static bool
read_text_array(const JsonbValue *value, ClienteleCell *target)
{
	JsonbIterator *iterator;
	JsonbIteratorToken token;
	JsonbValue	element;
	Datum	   *texts;
	bool	   *nulls;
	int			dimensions[1];
	int			lower_bounds[1] = {1};
	int			count = 0;

	if (value->type != jbvBinary || !JsonContainerIsArray(value->val.binary.data))
		return false;
	texts = palloc(sizeof(Datum) * (JsonContainerSize(value->val.binary.data) + 1));
	nulls = palloc(sizeof(bool) * (JsonContainerSize(value->val.binary.data) + 1));
	iterator = JsonbIteratorInit(value->val.binary.data);
	while ((token = JsonbIteratorNext(&iterator, &element, true)) != WJB_DONE)
	{
		if (token != WJB_ELEM)
			continue;
		if (element.type != jbvString && element.type != jbvNull)
			return false;
		nulls[count] = element.type == jbvNull;
		texts[count++] = element.type == jbvNull ? (Datum) 0 :
			PointerGetDatum(cstring_to_text_with_len(element.val.string.val, element.val.string.len));
	}
	dimensions[0] = count;
	target->u.array = count == 0 ? construct_empty_array(TEXTOID) :
		construct_md_array(texts, nulls, 1, dimensions, lower_bounds, TEXTOID, -1, false, TYPALIGN_INT);
	target->state = CLIENTELE_KNOWN;
	return true;
}

bool
clientele_jsonb_read(void *document, const ClienteleNode *path, ClienteleType wanted,
					struct pg_tz *zone, ClienteleCell *target)
{
	JsonbValue *value = find_value(document, path);
	bool		fits = true;

	if (value == NULL)
	{
		target->state = CLIENTELE_NULL;
		return true;
	}
	switch (wanted)
	{
		case CLIENTELE_NUMBER:
			fits = read_number(value, target);
			break;
		case CLIENTELE_TEXT:
			fits = read_text(value, target);
			break;
		case CLIENTELE_BOOLEAN:
			fits = read_boolean(value, target);
			break;
		case CLIENTELE_DATE:
			fits = read_date(value, zone, target);
			break;
		case CLIENTELE_TIMESTAMP:
			fits = read_timestamp(value, zone, target);
			break;
		case CLIENTELE_TEXT_ARRAY:
			fits = read_text_array(value, target);
			break;
		case CLIENTELE_ANY:
			target->u.pointer = value;
			target->state = CLIENTELE_KNOWN;
			return true;
	}
	if (!fits)
	{
		target->u.pointer = value;
		target->state = CLIENTELE_KNOWN;
	}
	return fits;
}

const char *
clientele_jsonb_kind(const ClienteleCell *cell)
{
	const JsonbValue *value = cell->u.pointer;

	switch (value->type)
	{
		case jbvString:
			return "string";
		case jbvNumeric:
			return "number";
		case jbvBool:
			return "boolean";
		case jbvBinary:
			return JsonContainerIsArray(value->val.binary.data) ? "array" : "object";
		default:
			return "value";
	}
}

bool
clientele_jsonb_compare(const ClienteleCell *a, const ClienteleCell *b,
					   ClienteleComparison comparison, int *order)
{
	const JsonbValue *left = a->u.pointer;
	const JsonbValue *right = b->u.pointer;
	ClienteleCell left_cell = {0};
	ClienteleCell right_cell = {0};
	ClienteleType type;

	if (left->type != right->type)
		return false;
	if (read_number(left, &left_cell))
	{
		if (!read_number(right, &right_cell))
			return false;
		type = CLIENTELE_NUMBER;
	}
	else if (read_text(left, &left_cell))
	{
		read_text(right, &right_cell);
		type = CLIENTELE_TEXT;
	}
	else if (read_boolean(left, &left_cell))
	{
		/* true and false are equal or not, but neither is less */
		if (comparison != CLIENTELE_EQ && comparison != CLIENTELE_NE)
			return false;
		read_boolean(right, &right_cell);
		type = CLIENTELE_BOOLEAN;
	}
	else
		return false;
	*order = clientele_compare_cells(type, &left_cell, &right_cell);
	return true;
}

char *
clientele_jsonb_to_string(const ClienteleCell *cell)
{
	const JsonbValue *value = cell->u.pointer;
	ClienteleDecimal number;

	switch (value->type)
	{
		case jbvString:
			return string_value(value);
		case jbvNumeric:
			if (clientele_decimal_from_numeric(value->val.numeric, &number))
				return clientele_decimal_to_string(number);
			return DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(value->val.numeric)));
		case jbvBool:
			return pstrdup(value->val.boolean ? "true" : "false");
		case jbvBinary:
			return JsonbToCString(NULL, value->val.binary.data, value->val.binary.len);
		default:
			return NULL;
	}
}
