/*
 * column.c
 *		How the columns of real tables enter the expression language.
 */
#include "postgres.h"

#include <ctype.h>
#include <math.h>

#include "access/htup_details.h"
#include "catalog/pg_enum.h"
#include "catalog/pg_type.h"
#include "common/shortest_dec.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/catcache.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/syscache.h"
#include "utils/uuid.h"

#include "base/local_time.h"
#include "base/nearest_name.h"
#include "compat.h"
#include "expression/column.h"

typedef struct EnumLabel
{
	Oid			value;			/* hash key */
	text	   *label;
} EnumLabel;

static bool
column_kind(Oid type, ClienteleColumnKind *kind, ClienteleType *language_type)
{
	static const struct
	{
		Oid			type;
		ClienteleColumnKind kind;
		ClienteleType language_type;
	}			types[] =
	{
		{BOOLOID, CLIENTELE_COLUMN_BOOL, CLIENTELE_BOOLEAN},
		{INT2OID, CLIENTELE_COLUMN_INT2, CLIENTELE_NUMBER},
		{INT4OID, CLIENTELE_COLUMN_INT4, CLIENTELE_NUMBER},
		{INT8OID, CLIENTELE_COLUMN_INT8, CLIENTELE_NUMBER},
		{FLOAT4OID, CLIENTELE_COLUMN_FLOAT4, CLIENTELE_NUMBER},
		{FLOAT8OID, CLIENTELE_COLUMN_FLOAT8, CLIENTELE_NUMBER},
		{NUMERICOID, CLIENTELE_COLUMN_NUMERIC, CLIENTELE_NUMBER},
		{TEXTOID, CLIENTELE_COLUMN_TEXT, CLIENTELE_TEXT},
		{VARCHAROID, CLIENTELE_COLUMN_TEXT, CLIENTELE_TEXT},
		{BPCHAROID, CLIENTELE_COLUMN_BPCHAR, CLIENTELE_TEXT},
		{NAMEOID, CLIENTELE_COLUMN_NAME, CLIENTELE_TEXT},
		{UUIDOID, CLIENTELE_COLUMN_UUID, CLIENTELE_TEXT},
		{DATEOID, CLIENTELE_COLUMN_DATE, CLIENTELE_DATE},
		{TIMESTAMPOID, CLIENTELE_COLUMN_TIMESTAMP, CLIENTELE_TIMESTAMP},
		{TIMESTAMPTZOID, CLIENTELE_COLUMN_TIMESTAMPTZ, CLIENTELE_TIMESTAMP},
		{TEXTARRAYOID, CLIENTELE_COLUMN_TEXT_ARRAY, CLIENTELE_TEXT_ARRAY},
		{VARCHARARRAYOID, CLIENTELE_COLUMN_TEXT_ARRAY, CLIENTELE_TEXT_ARRAY},
		{JSONBOID, CLIENTELE_COLUMN_JSONB, CLIENTELE_ANY},
	};

	for (int i = 0; i < (int) lengthof(types); i++)
	{
		if (types[i].type == type)
		{
			*kind = types[i].kind;
			*language_type = types[i].language_type;
			return true;
		}
	}
	if (get_typtype(type) != TYPTYPE_ENUM)
		return false;
	*kind = CLIENTELE_COLUMN_ENUM;
	*language_type = CLIENTELE_TEXT;
	return true;
}

bool
clientele_column_init(ClienteleColumn *column, Oid type, int32 typmod, Oid collation)
{
	memset(column, 0, sizeof(*column));
	column->type_oid = getBaseTypeAndTypmod(type, &typmod);
	if (!column_kind(column->type_oid, &column->kind, &column->type))
		return false;
	if (column->kind == CLIENTELE_COLUMN_NUMERIC && typmod >= (int32) VARHDRSZ)
		column->decimals = Max(clientele_numeric_typmod_scale(typmod), 0);

	/* its equality is not that of bytes, which is the only one we have */
	return !OidIsValid(collation) || get_collation_isdeterministic(collation);
}

const char *
clientele_column_types(void)
{
	return "boolean, integer, numeric, float, text, varchar, char, enum, uuid, date, timestamp, text[] and jsonb";
}

/* The label of an enum value; each is looked up once. */
static text *
enum_label(ClienteleColumn *column, Oid value)
{
	EnumLabel  *entry;
	bool		found;

	if (column->labels == NULL)
	{
		HASHCTL		control = {0};

		control.keysize = sizeof(Oid);
		control.entrysize = sizeof(EnumLabel);
		control.hcxt = GetMemoryChunkContext(column);
		column->labels = hash_create("clientele enum labels", 16, &control,
									 HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	}
	entry = hash_search(column->labels, &value, HASH_FIND, NULL);
	if (entry == NULL)
	{
		HeapTuple	tuple = SearchSysCache1(ENUMOID, ObjectIdGetDatum(value));
		MemoryContext old_context;
		text	   *label;

		if (!HeapTupleIsValid(tuple))
			elog(ERROR, "cache lookup failed for enum value %u", value);
		old_context = MemoryContextSwitchTo(GetMemoryChunkContext(column));
		label = cstring_to_text(NameStr(((Form_pg_enum) GETSTRUCT(tuple))->enumlabel));
		MemoryContextSwitchTo(old_context);
		ReleaseSysCache(tuple);
		entry = hash_search(column->labels, &value, HASH_ENTER, &found);
		entry->label = label;
	}
	return entry->label;
}

/* char(n) without its padding. */
static text *
trimmed(Datum value)
{
	text	   *padded = DatumGetTextPP(value);
	int			length = bpchartruelen(VARDATA_ANY(padded), (int) VARSIZE_ANY_EXHDR(padded));

	return cstring_to_text_with_len(VARDATA_ANY(padded), length);
}

/*
 * A real as the shortest decimal that is read back as it: 0.1 is 0.1, not the
 * double that is nearest to the real that is nearest to it.
 */
static bool
read_float4(float4 value, ClienteleDecimal *number)
{
	char		digits[FLOAT_SHORTEST_DECIMAL_LEN];

	if (isnan(value) || isinf(value))
		return false;
	float_to_shortest_decimal_buf(value, digits);
	return clientele_decimal_from_string(digits, number);
}

static void
read_decimal(bool known, ClienteleDecimal number, ClienteleCell *target)
{
	if (known)
		clientele_cell_set_number(target, number);
	else
		target->state = CLIENTELE_NULL;
}

void
clientele_column_read(ClienteleColumn *column, Datum value, pg_tz *zone, ClienteleCell *target)
{
	ClienteleDecimal number = {{0}, 0};
	bool		known;

	target->state = CLIENTELE_KNOWN;
	switch (column->kind)
	{
		case CLIENTELE_COLUMN_BOOL:
			target->state = DatumGetBool(value) ? CLIENTELE_TRUE : CLIENTELE_FALSE;
			break;
		case CLIENTELE_COLUMN_INT2:
			target->u.integer = DatumGetInt16(value);
			target->scale = 0;
			break;
		case CLIENTELE_COLUMN_INT4:
			target->u.integer = DatumGetInt32(value);
			target->scale = 0;
			break;
		case CLIENTELE_COLUMN_INT8:
			target->u.integer = DatumGetInt64(value);
			target->scale = 0;
			break;
		case CLIENTELE_COLUMN_FLOAT4:
			known = read_float4(DatumGetFloat4(value), &number);
			read_decimal(known, number, target);
			break;
		case CLIENTELE_COLUMN_FLOAT8:
			known = clientele_decimal_from_float8(DatumGetFloat8(value), &number);
			read_decimal(known, number, target);
			break;
		case CLIENTELE_COLUMN_NUMERIC:
			known = clientele_decimal_from_datum(value, &number);
			read_decimal(known, number, target);
			break;
		case CLIENTELE_COLUMN_TEXT:
			clientele_cell_set_text(target, DatumGetTextPP(value));
			break;
		case CLIENTELE_COLUMN_BPCHAR:
			clientele_cell_set_text(target, trimmed(value));
			break;
		case CLIENTELE_COLUMN_NAME:
			clientele_cell_set_text(target, cstring_to_text(NameStr(*DatumGetName(value))));
			break;
		case CLIENTELE_COLUMN_ENUM:
			clientele_cell_set_text(target, enum_label(column, DatumGetObjectId(value)));
			break;
		case CLIENTELE_COLUMN_UUID:
			clientele_cell_set_text(target, cstring_to_text(DatumGetCString(DirectFunctionCall1(uuid_out, value))));
			break;
		case CLIENTELE_COLUMN_DATE:
			target->u.integer = DatumGetDateADT(value);
			break;
		case CLIENTELE_COLUMN_TIMESTAMP:
			target->u.integer = clientele_instant(DatumGetTimestamp(value), zone);
			break;
		case CLIENTELE_COLUMN_TIMESTAMPTZ:
			target->u.integer = DatumGetTimestampTz(value);
			break;
		case CLIENTELE_COLUMN_TEXT_ARRAY:
			target->u.array = DatumGetArrayTypeP(value);
			break;
		case CLIENTELE_COLUMN_JSONB:
			target->u.pointer = PG_DETOAST_DATUM(value);
			break;
	}
}

/* True if the enum has the label; *hint names the nearest otherwise. */
static bool
enum_has_label(Oid type, const char *label, const char **hint)
{
	CatCList   *list = SearchSysCacheList1(ENUMTYPOIDNAME, ObjectIdGetDatum(type));
	ClienteleNearestName nearest;
	bool		found = false;

	clientele_nearest_begin(&nearest, label);
	for (int i = 0; i < list->n_members && !found; i++)
	{
		Form_pg_enum member = (Form_pg_enum) GETSTRUCT(&list->members[i]->tuple);

		found = strcmp(NameStr(member->enumlabel), label) == 0;
		clientele_nearest_offer(&nearest, NameStr(member->enumlabel));
	}
	if (clientele_nearest_result(&nearest))
		*hint = psprintf("Perhaps you mean '%s'.", clientele_nearest_result(&nearest));
	else
		*hint = psprintf("SELECT enum_range(NULL::%s) lists its values.", format_type_be(type));
	ReleaseSysCacheList(list);
	return found;
}

/* A uuid's text in any of the forms uuid_in takes, in canonical form, or NULL. */
static const char *
canonical_uuid(const char *literal)
{
	char		hex[33];
	int			digits = 0;
	StringInfoData canonical;
	const char *at = literal;
	bool		braces = *at == '{';

	if (braces)
		at++;
	while (*at && digits < 32)
	{
		if (isxdigit((unsigned char) *at))
			hex[digits++] = (char) pg_ascii_tolower((unsigned char) *at++);
		else if (*at == '-' && digits % 4 == 0 && digits > 0 && at[-1] != '-')
			at++;
		else
			return NULL;
	}
	if (digits != 32 || strcmp(at, braces ? "}" : "") != 0)
		return NULL;

	initStringInfo(&canonical);
	for (int i = 0; i < 32; i++)
	{
		if (i == 8 || i == 12 || i == 16 || i == 20)
			appendStringInfoChar(&canonical, '-');
		appendStringInfoChar(&canonical, hex[i]);
	}
	return canonical.data;
}

/* A number with at least as many decimals as the column's values have. */
static const char *
padded_number(const char *number, int decimals)
{
	const char *point = strchr(number, '.');
	int			missing = decimals - (point ? (int) strlen(point + 1) : 0);
	StringInfoData padded;

	if (missing <= 0 || decimals > CLIENTELE_DECIMAL_MAX_SCALE)
		return number;
	initStringInfo(&padded);
	appendStringInfo(&padded, "%s%s", number, point ? "" : ".");
	for (int i = 0; i < missing; i++)
		appendStringInfoChar(&padded, '0');
	return padded.data;
}

const char *
clientele_column_literal(const ClienteleColumn *column, const char *literal,
						 const char **problem, const char **hint)
{
	const char *canonical;

	*hint = NULL;
	switch (column->kind)
	{
		case CLIENTELE_COLUMN_ENUM:
			if (enum_has_label(column->type_oid, literal, hint))
				return literal;
			*problem = psprintf("\"%s\" is not a value of enum %s", literal, format_type_be(column->type_oid));
			return NULL;
		case CLIENTELE_COLUMN_UUID:
			canonical = canonical_uuid(literal);
			if (canonical == NULL)
				*problem = psprintf("\"%s\" is not a uuid", literal);
			return canonical;
		case CLIENTELE_COLUMN_NUMERIC:
			/* two numbers of one scale are compared as integers */
			return padded_number(literal, column->decimals);
		case CLIENTELE_COLUMN_BPCHAR:
			return pnstrdup(literal, bpchartruelen(unconstify(char *, literal), (int) strlen(literal)));
		default:
			return literal;
	}
}
