/*
 * profile.c
 *		profile(): one customer with all that is defined, as one jsonb value.
 *
 * It shows the row of the population's view, so whoever may select from that may ask;
 * of another instant it shows the row of NAME_at to the same people.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/json.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/snapmgr.h"

#include "compat.h"
#include "engine/stream.h"
#include "population/population.h"
#include "population/reader.h"

PG_FUNCTION_INFO_V1(clientele_profile);

static ClienteleQuery *
profile_query(const ClientelePopulation *population, Oid key_type, bool at)
{
	const char *view = at ? psprintf("%s_at", NameStr(population->name)) : NameStr(population->name);
	Oid			types[] = {key_type, TIMESTAMPTZOID};

	if (!OidIsValid(clientele_view(NameStr(population->target_schema), view, population->owner)))
		clientele_refuse_unpublished(NameStr(population->name));
	return clientele_query_kept(psprintf("SELECT v.* FROM %s AS v WHERE v.%s = $1%s",
										 quote_qualified_identifier(NameStr(population->target_schema), view),
										 quote_identifier(NameStr(population->key_column)),
										 at ? " AND v.as_of = $2" : ""),
								at ? 2 : 1, types);
}

/* ---------- a row as jsonb ---------- */

static JsonbValue
string_value(const char *string, int length)
{
	return (JsonbValue) {.type = jbvString,.val.string = {.len = length,.val = unconstify(char *, string)}};
}

static JsonbValue
number_value(Datum numeric)
{
	return (JsonbValue) {.type = jbvNumeric,.val.numeric = DatumGetNumeric(numeric)};
}

/* A value of a type that views have; of another, which a key may have, its text. */
static JsonbValue
scalar_value(Oid type, Datum datum)
{
	char	   *written;

	switch (type)
	{
		case BOOLOID:
			return (JsonbValue) {.type = jbvBool,.val.boolean = DatumGetBool(datum)};
		case INT2OID:
			return number_value(NumericGetDatum(int64_to_numeric(DatumGetInt16(datum))));
		case INT4OID:
			return number_value(NumericGetDatum(int64_to_numeric(DatumGetInt32(datum))));
		case INT8OID:
			return number_value(NumericGetDatum(int64_to_numeric(DatumGetInt64(datum))));
		case NUMERICOID:
			return number_value(datum);
		case FLOAT8OID:
			return number_value(DirectFunctionCall1(float8_numeric, datum));
		case TEXTOID:
		case VARCHAROID:
			{
				text	   *string = DatumGetTextPP(datum);

				return string_value(VARDATA_ANY(string), (int) VARSIZE_ANY_EXHDR(string));
			}
		case DATEOID:
		case TIMESTAMPTZOID:
			written = JsonEncodeDateTime(palloc(MAXDATELEN + 1), datum, type, NULL);
			return string_value(written, (int) strlen(written));
		default:
			{
				Oid			output;
				bool		is_varlena;

				getTypeOutputInfo(type, &output, &is_varlena);
				written = OidOutputFunctionCall(output, datum);
				return string_value(written, (int) strlen(written));
			}
	}
}

/* The view's text, "a, b", as an array. */
static void
push_tags(JsonbParseState **state, const JsonbValue *tags)
{
	const char *next = tags->val.string.val;
	const char *end = next + tags->val.string.len;

	pushJsonbValue(state, WJB_BEGIN_ARRAY, NULL);
	while (next < end)
	{
		const char *comma = next;
		JsonbValue	tag;

		while (comma < end && !(comma[0] == ',' && comma + 1 < end && comma[1] == ' '))
			comma++;
		tag = string_value(next, (int) (comma - next));
		pushJsonbValue(state, WJB_ELEM, &tag);
		next = comma + strlen(", ");
	}
	pushJsonbValue(state, WJB_END_ARRAY, NULL);
}

static int
compare_names(const void *a, const void *b, void *columns)
{
	const char *left = NameStr(TupleDescAttr((TupleDesc) columns, *(const int *) a)->attname);
	const char *right = NameStr(TupleDescAttr((TupleDesc) columns, *(const int *) b)->attname);
	int			longer = (int) strlen(left) - (int) strlen(right);

	return longer != 0 ? longer : strcmp(left, right);
}

/*
 * The columns in the order in which jsonb keeps its keys, so that nobody has to sort
 * them for each customer.  It is the one of the last call, or close to it: sorting what
 * is sorted is one pass.
 */
static const int *
order_of_keys(TupleDesc columns)
{
	static int *order = NULL;
	static int	count = 0;

	if (count != columns->natts)
	{
		order = order ? repalloc(order, sizeof(int) * columns->natts) :
			MemoryContextAlloc(TopMemoryContext, sizeof(int) * columns->natts);
		count = columns->natts;
		for (int i = 0; i < count; i++)
			order[i] = i;
	}
	qsort_arg(order, count, sizeof(int), compare_names, columns);
	return order;
}

static Datum
row_as_jsonb(TupleDesc columns, TupleTableSlot *slot)
{
	JsonbParseState *state = NULL;
	const int  *order = order_of_keys(columns);

	slot_getallattrs(slot);
	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	for (int place = 0; place < columns->natts; place++)
	{
		int			i = order[place];
		Form_pg_attribute column = TupleDescAttr(columns, i);
		JsonbValue	key = string_value(NameStr(column->attname), (int) strlen(NameStr(column->attname)));
		JsonbValue	value = {.type = jbvNull};

		if (!slot->tts_isnull[i])
			value = scalar_value(column->atttypid, slot->tts_values[i]);
		pushJsonbValue(&state, WJB_KEY, &key);
		if (value.type == jbvString && strcmp(NameStr(column->attname), "tags") == 0)
			push_tags(&state, &value);
		else
			pushJsonbValue(&state, WJB_VALUE, &value);
	}
	return JsonbPGetDatum(JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL)));
}

/* The query's row; false if there is none. */
static bool
first_row(ClienteleQuery *query, const Datum *arguments, Datum *result)
{
	Snapshot	snapshot = RegisterSnapshot(GetActiveSnapshot());
	ClienteleStream *stream = clientele_stream_open(query, arguments, NULL, snapshot);
	TupleTableSlot *slot = clientele_stream_next(stream);

	if (slot != NULL)
		*result = row_as_jsonb(clientele_stream_columns(stream), slot);
	clientele_stream_close(stream);
	UnregisterSnapshot(snapshot);
	return slot != NULL;
}

/* ---------- the call ---------- */

static Datum
key_datum(FunctionCallInfo fcinfo, Oid type)
{
	if (get_fn_expr_argtype(fcinfo->flinfo, 1) == type)
		return PG_GETARG_DATUM(1);
	return clientele_key_of_text(type, clientele_key_argument(fcinfo, 1));
}

/* profile(population text, key text or of its own type, as_of timestamptz) */
Datum
clientele_profile(PG_FUNCTION_ARGS)
{
	ClientelePopulation population;
	bool		at = !PG_ARGISNULL(2);
	Oid			key_type;
	Datum		arguments[2];
	Datum		result;
	Oid			caller;
	int			security;
	bool		found;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	if (at && TIMESTAMP_NOT_FINITE(PG_GETARG_TIMESTAMPTZ(2)))
		clientele_refuse_eternity();
	if (!clientele_population_find(text_to_cstring(PG_GETARG_TEXT_PP(0)), &population) ||
		!clientele_may_ask(NameStr(population.target_schema), NameStr(population.name), population.owner))
		PG_RETURN_NULL();

	key_type = clientele_population_key_type(&population);
	arguments[0] = key_datum(fcinfo, key_type);
	arguments[1] = at ? PG_GETARG_DATUM(2) : (Datum) 0;

	GetUserIdAndSecContext(&caller, &security);
	SetUserIdAndSecContext(population.owner, security | SECURITY_LOCAL_USERID_CHANGE | SECURITY_RESTRICTED_OPERATION);
	found = first_row(profile_query(&population, key_type, at), arguments, &result);
	SetUserIdAndSecContext(caller, security);
	if (!found)
		PG_RETURN_NULL();
	PG_RETURN_DATUM(result);
}
