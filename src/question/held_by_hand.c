/*
 * held_by_hand.c
 *		held_by_hand(): the statements about one customer that hold now, for who is about to
 *		make another one.
 *
 * He may be a till in the middle of a payment: so all is read without predicate locks,
 * where there are indexes to read by.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "nodes/pg_list.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"

#include "base/clock.h"
#include "base/result_row.h"
#include "compat.h"
#include "engine/stream.h"
#include "own/written_table.h"
#include "population/customer.h"
#include "population/owner.h"
#include "population/population.h"
#include "population/reader.h"

PG_FUNCTION_INFO_V1(clientele_held_by_hand);

/* Its columns after the first, which is int8. */
static const char *const statement_columns[] = {"since", "until", "number", "kind", "name"};

enum
{
	STATEMENT_SINCE = 1, STATEMENT_UNTIL, STATEMENT_NUMBER, STATEMENT_KIND, STATEMENT_NAME
};

/* The latest statement about something. */
typedef struct Latest
{
	const char *kind;
	const char *name;
	TimestampTz since;
	int64		number;
	bool		holds;
} Latest;

/* ---------- the customer ---------- */

static void
refuse_unknown(const ClientelePopulation *population, Oid key_type, Datum key, const char *key_text, Snapshot snapshot)
{
	if (!clientele_customer_exists(population, key_type, key, snapshot))
		ereport(ERROR,
				(errcode(ERRCODE_NO_DATA_FOUND),
				 errmsg("population \"%s\" has no customer %s", NameStr(population->name), key_text)));
}

/* ---------- statements ---------- */

static Latest *
latest_about(List **all, const char *kind, const char *name)
{
	ListCell   *cell;
	Latest	   *added;

	foreach(cell, *all)
	{
		Latest	   *one = lfirst(cell);

		if (strcmp(one->kind, kind) == 0 && strcmp(one->name, name) == 0)
			return one;
	}
	added = palloc(sizeof(Latest));
	*added = (Latest) {kind, name, DT_NOBEGIN, -1, false};
	*all = lappend(*all, added);
	return added;
}

static void
note_statement(List **all, TupleTableSlot *slot, TimestampTz now)
{
	const Datum *values;
	Latest	   *latest;
	TimestampTz since;
	int64		number;

	slot_getallattrs(slot);
	values = slot->tts_values;
	since = DatumGetTimestampTz(values[STATEMENT_SINCE]);
	number = DatumGetInt64(values[STATEMENT_NUMBER]);
	latest = latest_about(all, TextDatumGetCString(values[STATEMENT_KIND]), TextDatumGetCString(values[STATEMENT_NAME]));
	if (since > now || since < latest->since || (since == latest->since && number < latest->number))
		return;
	latest->since = since;
	latest->number = number;
	latest->holds = slot->tts_isnull[STATEMENT_UNTIL] || DatumGetTimestampTz(values[STATEMENT_UNTIL]) > now;
}

static List *
read_statements(const ClientelePopulation *population, Oid key_type, Datum key, Snapshot snapshot)
{
	AttrNumber	columns[lengthof(statement_columns)];
	ClienteleQuietTable table = {.ncolumns = lengthof(statement_columns),.columns = columns};
	TimestampTz now = clientele_clock_now();
	ClienteleQuietPlan *plan;
	ClienteleStream *stream;
	TupleTableSlot *slot;
	List	   *all = NIL;

	table.relation = clientele_data_table(NameStr(population->name), "manual", 0);
	table.key = get_attnum(table.relation, "key");
	for (int i = 0; i < table.ncolumns; i++)
		columns[i] = get_attnum(table.relation, statement_columns[i]);
	plan = clientele_quiet_plan(1, &table, key_type, false);
	stream = clientele_stream_open_quiet(plan, key, NULL, snapshot);
	while ((slot = clientele_stream_next(stream)) != NULL)
		note_statement(&all, slot, now);
	clientele_stream_close(stream);
	return all;
}

static void
put_held(FunctionCallInfo fcinfo, const List *all)
{
	const ListCell *cell;

	foreach(cell, all)
	{
		const Latest *latest = lfirst(cell);
		ClienteleResultRow row;

		if (!latest->holds)
			continue;
		clientele_result_clear(&row);
		clientele_result_set_text(&row, 0, latest->kind);
		clientele_result_set_text(&row, 1, latest->name);
		clientele_result_put(fcinfo, &row);
	}
}

/* held_by_hand(population text, key text) */
Datum
clientele_held_by_hand(PG_FUNCTION_ARGS)
{
	char	   *key_text = text_to_cstring(PG_GETARG_TEXT_PP(1));
	Snapshot	snapshot = RegisterSnapshot(GetActiveSnapshot());
	ClientelePopulation population;
	ClienteleRole caller;
	Oid			key_type;
	Datum		key;

	InitMaterializedSRF(fcinfo, 0);
	clientele_population_get(text_to_cstring(PG_GETARG_TEXT_PP(0)), &population);
	clientele_population_hold(&population);
	key_type = getBaseType(clientele_population_key_type(&population));
	key = clientele_key_of_text(key_type, key_text);
	caller = clientele_become(population.owner);
	refuse_unknown(&population, key_type, key, key_text, snapshot);
	put_held(fcinfo, read_statements(&population, key_type, key, snapshot));
	clientele_become_again(&caller);
	UnregisterSnapshot(snapshot);
	return (Datum) 0;
}
