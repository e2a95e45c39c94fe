/*
 * audience.c
 *		Whether a promotion is for a customer, as his profile says.
 *
 * A profile is a row of the population's view, read as the population's owner: only the
 * columns that some audience or some "measure" names, once for each instant that matters.  A
 * row that is stored and still holds is also what the instants say since it was evaluated.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "fmgr.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "base/arguments.h"
#include "base/clock.h"
#include "base/local_time.h"
#include "base/result_row.h"
#include "compat.h"
#include "engine/stream.h"
#include "offer/audience.h"
#include "offer/profile_now.h"
#include "offer/profile_rules.h"
#include "own/own_relation.h"
#include "own/quiet_read.h"
#include "population/customer.h"
#include "population/reader.h"

PG_FUNCTION_INFO_V1(clientele_check_audience);
PG_FUNCTION_INFO_V1(clientele_customers_where);

/* A customer's profile at an instant. */
typedef struct ProfileRow
{
	struct ProfileRow *next;
	TimestampTz as_of;
	bool		exists;
	Datum	   *values;			/* CLIENTELE_PROFILE_... */
	bool	   *nulls;
} ProfileRow;

struct ClienteleAudience
{
	const ClientelePopulation *population;
	ClienteleProfile *profile;
	MemoryContext context;
	Oid			key_type;
	Datum		key;
	const char *key_text;		/* NULL = not needed yet */
	TimestampTz now;
	bool		past;			/* now is another instant than this one */
	TimestampTz before_bill;
	Snapshot	snapshot;
	ProfileRow *rows;			/* the first is of now */
	bool		refused_read;
	bool		refused;
};

/* check_audience(population, definition): an error unless it compiles. */
Datum
clientele_check_audience(PG_FUNCTION_ARGS)
{
	ClientelePopulation population;
	const ClienteleBoundPromotion *bound = clientele_promotion_bind(PG_GETARG_DATUM(1));
	const ClientelePromotion *promotion = bound->promotion;
	const char *measure = promotion->has_spend ? promotion->measure : NULL;

	clientele_population_get(text_to_cstring(PG_GETARG_TEXT_PP(0)), &population);
	if (promotion->audience != NULL || measure != NULL)
		(void) clientele_audience_compile(clientele_profile_begin(&population, clientele_branch_zone(&population, NULL)), promotion->audience, measure);
	PG_RETURN_VOID();
}

/* ---------- rows of the view ---------- */

/* The columns that are read, in the order of CLIENTELE_PROFILE_..., and whatever is named. */
static void
append_columns(StringInfo sql, const ClienteleProfile *profile)
{
	appendStringInfo(sql, "v.model_version, %s", profile->tags_read ? "v.tags" : "NULL::pg_catalog.text");
	for (int i = 0; i < profile->nnamed; i++)
		appendStringInfo(sql, ", v.%s", quote_identifier(profile->named[i].name));
}

/* Where it is read from: the view, or (at another instant) NAME_at. */
static void
append_view(StringInfo sql, const ClienteleProfile *profile, bool at)
{
	const char *view = at ? psprintf("%s_at", profile->population) : profile->population;

	if (!OidIsValid(clientele_view(profile->schema, view, profile->owner)))
		clientele_refuse_unpublished(profile->population);
	appendStringInfo(sql, " FROM %s AS v", quote_qualified_identifier(profile->schema, view));
}

static const char *
sql_of_one(ClienteleProfile *profile, bool at)
{
	StringInfoData sql;

	if (profile->sql[at] == NULL)
	{
		MemoryContext caller = MemoryContextSwitchTo(GetMemoryChunkContext(profile));

		initStringInfo(&sql);
		appendStringInfoString(&sql, "SELECT ");
		append_columns(&sql, profile);
		append_view(&sql, profile, at);
		appendStringInfo(&sql, " WHERE v.%s = $1%s", quote_identifier(profile->key_column), at ? " AND v.as_of = $2" : "");
		profile->sql[at] = sql.data;
		MemoryContextSwitchTo(caller);
	}
	return profile->sql[at];
}

/* Views may have been altered since the columns were named. */
static void
check_columns(const ClienteleProfile *profile, TupleDesc columns)
{
	for (int i = 0; i < profile->nnamed; i++)
	{
		if (TupleDescAttr(columns, CLIENTELE_PROFILE_FIRST_NAMED + i)->atttypid != profile->named[i].oid)
			ereport(ERROR,
					(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
					 errmsg("column %s of population \"%s\" has been altered meanwhile", profile->named[i].name, profile->population),
					 errhint("Try again.")));
	}
}

static void
keep_row(ProfileRow *row, TupleDesc columns, TupleTableSlot *slot)
{
	slot_getallattrs(slot);
	row->exists = true;
	for (int i = 0; i < columns->natts; i++)
	{
		Form_pg_attribute column = TupleDescAttr(columns, i);

		row->nulls[i] = slot->tts_isnull[i];
		row->values[i] = row->nulls[i] ? (Datum) 0 : datumCopy(slot->tts_values[i], column->attbyval, column->attlen);
	}
}

/* From the view, or from NAME_at. */
static void
query_row(ClienteleAudience *audience, TimestampTz as_of, bool at, ProfileRow *row)
{
	Oid			types[] = {audience->key_type, TIMESTAMPTZOID};
	Datum		arguments[] = {audience->key, TimestampTzGetDatum(as_of)};
	const char *sql = sql_of_one(audience->profile, at);
	ClienteleStream *stream;
	TupleTableSlot *slot;

	stream = clientele_stream_open(clientele_query_kept(sql, at ? 2 : 1, types), arguments, NULL, audience->snapshot);
	check_columns(audience->profile, clientele_stream_columns(stream));
	slot = clientele_stream_next(stream);
	if (slot != NULL)
		keep_row(row, clientele_stream_columns(stream), slot);
	clientele_stream_close(stream);
}

/* As the population's owner; an error puts the caller back. */
static ProfileRow *
read_row(ClienteleAudience *audience, TimestampTz as_of, bool at)
{
	MemoryContext before = MemoryContextSwitchTo(audience->context);
	int			ncolumns = CLIENTELE_PROFILE_FIRST_NAMED + audience->profile->nnamed;
	ProfileRow *row = palloc0(sizeof(ProfileRow));
	ClienteleProfileNow now = CLIENTELE_PROFILE_ASK_VIEW;
	Oid			caller;
	int			security;

	row->as_of = as_of;
	row->values = palloc(mul_size(ncolumns, sizeof(Datum)));
	row->nulls = palloc(mul_size(ncolumns, sizeof(bool)));
	GetUserIdAndSecContext(&caller, &security);
	SetUserIdAndSecContext(audience->profile->owner, security | SECURITY_LOCAL_USERID_CHANGE | SECURITY_RESTRICTED_OPERATION);
	if (!at)
		now = clientele_profile_now(audience->profile, audience->population, audience->key_type, audience->key,
									audience->snapshot, row->values, row->nulls);
	if (now == CLIENTELE_PROFILE_ASK_VIEW)
		query_row(audience, as_of, at, row);
	else
		row->exists = now == CLIENTELE_PROFILE_IS_THERE;
	SetUserIdAndSecContext(caller, security);
	MemoryContextSwitchTo(before);
	return row;
}

static const ProfileRow *
row_now(ClienteleAudience *audience)
{
	if (audience->rows == NULL)
		audience->rows = read_row(audience, audience->now, audience->past);
	return audience->rows;
}

/* That it holds now says nothing of an instant before: what changed and changed back has left no trace in it. */
static const ProfileRow *
row_at(ClienteleAudience *audience, TimestampTz instant)
{
	const ProfileRow *now = row_now(audience);
	ProfileRow *row;

	if (instant >= audience->now || !now->exists)
		return now;
	for (row = audience->rows->next; row != NULL; row = row->next)
	{
		if (row->as_of == instant)
			return row;
	}
	row = read_row(audience, instant, true);
	row->next = audience->rows->next;
	audience->rows->next = row;
	return row;
}

/* The first instant of a term, on the population's clock. */
static TimestampTz
term_start(const ClienteleProfile *profile, const ClientelePromotion *promotion)
{
	return clientele_instant((Timestamp) promotion->term.from * USECS_PER_DAY, profile->zone);
}

static TimestampTz
instant_of(const ClienteleAudience *audience, const ClientelePromotion *promotion)
{
	switch (promotion->audience_at)
	{
		case CLIENTELE_AT_TERM_START:
			return Min(term_start(audience->profile, promotion), audience->now);
		case CLIENTELE_AT_BILL:
			return audience->before_bill;
		case CLIENTELE_AT_BILL_INCLUDED:
			break;
	}
	return audience->now;
}

/*
 * Who waits for a promotion's lock may find that others have been published: their rules name other columns,
 * in another order, and what was read before is not for them.
 */
static void
read_for(ClienteleAudience *audience, const ClienteleAudienceRules *rules)
{
	if (audience->profile == rules->profile)
		return;
	audience->profile = rules->profile;
	audience->rows = NULL;
}

/* ---------- what is written down of a customer ---------- */

static const char *
key_text(ClienteleAudience *audience)
{
	Oid			output;
	bool		is_varlena;

	if (audience->key_text == NULL)
	{
		MemoryContext before = MemoryContextSwitchTo(audience->context);

		getTypeOutputInfo(audience->key_type, &output, &is_varlena);
		audience->key_text = OidOutputFunctionCall(output, audience->key);
		MemoryContextSwitchTo(before);
	}
	return audience->key_text;
}

/*
 * The latest row of one of our tables for a number and the customer, by its primary key; of
 * it, a column that is a boolean (0: none).  False if there is no row.  As of this moment, like the
 * promotions that lead to it: when we began to ask, there may have been no list.
 */
static bool
latest_row(ClienteleAudience *audience, const char *name, int number, AttrNumber attribute, bool *value)
{
	Relation	table = table_open(clientele_own_relation(name), AccessShareLock);
	Snapshot	snapshot = RegisterSnapshot(GetLatestSnapshot());
	Relation	index;
	ScanKeyData keys[2];
	ClienteleQuietRead *scan;
	HeapTuple	row;
	bool		found;
	bool		isnull;

	list_free(RelationGetIndexList(table));
	index = index_open(table->rd_pkindex, AccessShareLock);
	ScanKeyInit(&keys[0], 1, BTEqualStrategyNumber, F_INT4EQ, Int32GetDatum(number));
	ScanKeyEntryInitialize(&keys[1], 0, 2, BTEqualStrategyNumber, InvalidOid, C_COLLATION_OID, F_TEXTEQ,
						   CStringGetTextDatum(key_text(audience)));
	scan = clientele_quiet_read_begin_in_order(table, index, BackwardScanDirection, false, snapshot, 2, keys);
	row = clientele_quiet_read_next(scan);
	found = row != NULL;
	if (found && attribute != 0)
		*value = DatumGetBool(heap_getattr(row, attribute, RelationGetDescr(table), &isnull));
	clientele_quiet_read_end(scan);
	UnregisterSnapshot(snapshot);
	index_close(index, AccessShareLock);
	table_close(table, AccessShareLock);
	return found;
}

/* ---------- the interface ---------- */

static ClienteleAudience *
begin(const ClientelePopulation *population, Oid key_type, Datum key, TimestampTz now, bool past,
	  const ClienteleBill *bill, Snapshot snapshot)
{
	ClienteleAudience *audience = palloc0(sizeof(ClienteleAudience));
	TimestampTz at = now;

	audience->population = population;
	audience->profile = clientele_offered_all(population)->profile;
	audience->context = CurrentMemoryContext;
	audience->key_type = key_type;
	audience->key = key;
	audience->now = now;
	audience->past = past;
	audience->snapshot = snapshot;
	if (bill != NULL && bill->has_at)
		at = (bill->at_is_local ? clientele_instant(bill->local, clientele_branch_zone(population, bill->branch)) : bill->at) - 1;
	audience->before_bill = Min(at, now);
	return audience;
}

ClienteleAudience *
clientele_audience_begin(const ClientelePopulation *population, Oid key_type, Datum key, TimestampTz now,
						 const ClienteleBill *bill, Snapshot snapshot)
{
	return begin(population, key_type, key, now, false, bill, snapshot);
}

ClienteleAudience *
clientele_audience_begin_at(const ClientelePopulation *population, Oid key_type, Datum key, TimestampTz as_of,
							const ClienteleBill *bill, Snapshot snapshot)
{
	return begin(population, key_type, key, as_of, true, bill, snapshot);
}

/* What the version names may be other columns than those that are kept, so they are read anew. */
void
clientele_audience_use_version(ClienteleAudience *audience, ClienteleOffered *promotion)
{
	MemoryContext caller = MemoryContextSwitchTo(audience->context);

	audience->profile = clientele_profile_begin(audience->population, audience->profile->zone);
	audience->rows = NULL;
	promotion->audience = clientele_audience_bind(audience->profile, promotion->bound->promotion);
	MemoryContextSwitchTo(caller);
}

bool
clientele_audience_exists(ClienteleAudience *audience)
{
	return row_now(audience)->exists;
}

bool
clientele_audience_is_there(ClienteleAudience *audience)
{
	Oid			caller;
	int			security;
	bool		found;

	if (audience->rows != NULL)
		return audience->rows->exists;
	GetUserIdAndSecContext(&caller, &security);
	SetUserIdAndSecContext(audience->population->owner, security | SECURITY_LOCAL_USERID_CHANGE | SECURITY_RESTRICTED_OPERATION);
	found = clientele_customer_exists(audience->population, audience->key_type, audience->key, audience->snapshot);
	SetUserIdAndSecContext(caller, security);
	return found;
}

bool
clientele_audience_refused(ClienteleAudience *audience)
{
	if (!audience->refused_read)
		(void) latest_row(audience, "refusal", audience->population->id, 4, &audience->refused);
	audience->refused_read = true;
	return audience->refused;
}

/* As clientele.held_out says in SQL. */
bool
clientele_audience_held_out(ClienteleAudience *audience, const ClienteleOffered *promotion)
{
	const char *key;
	uint64		draw;
	ClienteleDecimal limit;

	if (clientele_decimal_sign(promotion->holdout) == 0)
		return false;
	key = key_text(audience);
	draw = hash_bytes_extended((const unsigned char *) key, (int) strlen(key), (uint64) promotion->id);
	if (!clientele_decimal_multiply(promotion->holdout, clientele_decimal_from_int64(100), &limit))
		elog(ERROR, "a holdout of promotion %d is too large", promotion->id);
	return clientele_decimal_compare(clientele_decimal_from_int64((int64) ((draw & PG_INT64_MAX) % 10000)), limit) < 0;
}

bool
clientele_audience_meets(ClienteleAudience *audience, const ClienteleOffered *promotion, int *nunmet, const char ***unmet)
{
	const ClienteleAudienceRules *rules = promotion->audience;
	const ClientelePromotion *definition = promotion->bound->promotion;
	const ProfileRow *row;
	TimestampTz instant;

	*nunmet = 0;
	*unmet = NULL;
	if (rules == NULL || (rules->program == NULL && rules->broken == NULL))
		return true;
	if (rules->broken == NULL && definition->audience_at == CLIENTELE_AT_TERM_START && promotion->is_frozen)
	{
		if (latest_row(audience, "frozen_audience", promotion->id, 0, NULL))
			return true;
		*unmet = palloc(sizeof(char *));
		(*unmet)[(*nunmet)++] = definition->audience;
		return false;
	}
	if (rules->broken != NULL)
	{
		*unmet = palloc(sizeof(char *));
		(*unmet)[(*nunmet)++] = rules->broken;
		return false;
	}
	read_for(audience, rules);
	instant = instant_of(audience, definition);
	row = row_at(audience, instant);
	if (row->exists)
		clientele_audience_run(rules, row->values, row->nulls, instant);
	for (int i = 0; i < rules->nparts; i++)
	{
		if (row->exists && rules->truths[i]->state == CLIENTELE_TRUE)
			continue;
		if (*unmet == NULL)
			*unmet = palloc(mul_size(rules->nparts, sizeof(char *)));
		(*unmet)[(*nunmet)++] = rules->parts[i];
	}
	return *nunmet == 0;
}

/* A metric's number in a row; false: there is none. */
static bool
measured(const ClienteleAudienceRules *rules, const ProfileRow *row, ClienteleDecimal *number)
{
	ClienteleCell cell;
	int			at = CLIENTELE_PROFILE_FIRST_NAMED + rules->measure;

	if (!row->exists || row->nulls[at])
		return false;
	clientele_column_read(&rules->profile->named[rules->measure].column, row->values[at], rules->profile->zone, &cell);
	if (cell.state == CLIENTELE_NULL)
		return false;
	*number = clientele_cell_number(&cell);
	return true;
}

bool
clientele_audience_spent(ClienteleAudience *audience, const ClienteleOffered *promotion, ClienteleDecimal *spent)
{
	const ClienteleAudienceRules *rules = promotion->audience;
	ClienteleDecimal before;
	TimestampTz start;

	if (rules == NULL || rules->measure < 0)
		return false;
	read_for(audience, rules);
	if (!measured(rules, row_now(audience), spent))
		return false;
	start = term_start(audience->profile, promotion->bound->promotion) - 1;
	if (!measured(rules, row_at(audience, Min(start, audience->now)), &before))
		return true;
	return clientele_decimal_subtract(*spent, before, spent);
}

void
clientele_audience_end(ClienteleAudience *audience)
{
	pfree(audience);
}

/* ---------- evidence ---------- */

static void
push_key(JsonbParseState **state, const char *name)
{
	JsonbValue	key = {.type = jbvString,.val.string = {.len = (int) strlen(name),.val = unconstify(char *, name)}};

	pushJsonbValue(state, WJB_KEY, &key);
}

static void
push_string(JsonbParseState **state, const char *name, const char *string)
{
	JsonbValue	value = {.type = jbvString,.val.string = {.len = (int) strlen(string),.val = unconstify(char *, string)}};

	push_key(state, name);
	pushJsonbValue(state, WJB_VALUE, &value);
}

static void
push_number(JsonbParseState **state, const char *name, ClienteleDecimal number)
{
	JsonbValue	value = {.type = jbvNumeric,.val.numeric = clientele_decimal_to_numeric(number)};

	push_key(state, name);
	pushJsonbValue(state, WJB_VALUE, &value);
}

static void
push_bool(JsonbParseState **state, const char *name, bool truth)
{
	JsonbValue	value = {.type = jbvBool,.val.boolean = truth};

	push_key(state, name);
	pushJsonbValue(state, WJB_VALUE, &value);
}

static void
push_cell(JsonbParseState **state, const char *name, const ClienteleCell *cell, ClienteleType type, pg_tz *zone)
{
	JsonbValue	null = {.type = jbvNull};

	if (cell->state == CLIENTELE_NULL)
	{
		push_key(state, name);
		pushJsonbValue(state, WJB_VALUE, &null);
	}
	else if (type == CLIENTELE_NUMBER)
		push_number(state, name, clientele_cell_number(cell));
	else if (type == CLIENTELE_BOOLEAN)
		push_bool(state, name, cell->state == CLIENTELE_TRUE);
	else
		push_string(state, name, clientele_cell_to_string(cell, type, zone));
}

static void
push_values(JsonbParseState **state, const ClienteleAudienceRules *rules, const ProfileRow *row, TimestampTz instant)
{
	const ClienteleProfile *profile = rules->profile;

	clientele_audience_run(rules, row->values, row->nulls, instant);
	push_key(state, "values");
	pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
	for (int i = 0; i < rules->nnames; i++)
		push_cell(state, profile->named[rules->names[i].column].name, rules->names[i].cell,
				  profile->named[rules->names[i].column].column.type, profile->zone);
	for (int i = 0; i < rules->ntags; i++)
		push_bool(state, psprintf("has_tag('%s')", rules->tags[i].tag), rules->tags[i].cell->state == CLIENTELE_TRUE);
	pushJsonbValue(state, WJB_END_OBJECT, NULL);
}

Jsonb *
clientele_audience_evidence(ClienteleAudience *audience, const ClienteleOffered *promotion)
{
	const ClienteleAudienceRules *rules = promotion->audience;
	const ClientelePromotion *definition = promotion->bound->promotion;
	bool		has_condition = rules != NULL && rules->program != NULL;
	bool		frozen = has_condition && definition->audience_at == CLIENTELE_AT_TERM_START && promotion->is_frozen;
	TimestampTz instant = has_condition ? instant_of(audience, definition) : audience->now;
	const ProfileRow *row;
	JsonbParseState *state = NULL;
	ClienteleDecimal spent;

	if (rules != NULL)
		read_for(audience, rules);
	row = frozen ? row_now(audience) : row_at(audience, instant);
	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	push_string(&state, "as_of", clientele_instant_to_string(instant, audience->profile->zone));
	if (row->exists)
		push_number(&state, "model_version", clientele_decimal_from_int64(DatumGetInt32(row->values[CLIENTELE_PROFILE_MODEL_VERSION])));
	if (frozen)
		push_bool(&state, "frozen", true);
	else if (has_condition && row->exists)
		push_values(&state, rules, row, instant);
	if (clientele_audience_spent(audience, promotion, &spent))
		push_number(&state, "spent", spent);
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}

/* ---------- many customers ---------- */

/*
 * customers_where(population, condition, as_of): all customers of whom it is true, and the
 * version of the model that says so; as_of NULL = now.
 */
Datum
clientele_customers_where(PG_FUNCTION_ARGS)
{
	ClientelePopulation population;
	ClienteleProfile *profile;
	ClienteleAudienceRules *rules;
	bool		at = !PG_ARGISNULL(2);
	TimestampTz as_of = at ? PG_GETARG_TIMESTAMPTZ(2) : clientele_clock_now();
	Oid			types[] = {TIMESTAMPTZOID};
	Datum		arguments[] = {TimestampTzGetDatum(as_of)};
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext each = AllocSetContextCreate(caller, "clientele customer", ALLOCSET_SMALL_SIZES);
	Snapshot	snapshot = RegisterSnapshot(GetActiveSnapshot());
	StringInfoData sql;
	ClienteleStream *stream;
	TupleTableSlot *slot;
	Oid			user;
	int			security;

	clientele_require_arguments(fcinfo, CLIENTELE_ARGUMENTS_BELOW(2));
	InitMaterializedSRF(fcinfo, 0);
	clientele_population_get(text_to_cstring(PG_GETARG_TEXT_PP(0)), &population);
	profile = clientele_profile_begin(&population, clientele_branch_zone(&population, NULL));
	rules = clientele_audience_compile(profile, text_to_cstring(PG_GETARG_TEXT_PP(1)), NULL);

	initStringInfo(&sql);
	appendStringInfoString(&sql, "SELECT ");
	append_columns(&sql, profile);
	appendStringInfo(&sql, ", v.%s::pg_catalog.text", quote_identifier(profile->key_column));
	append_view(&sql, profile, at);
	if (at)
		appendStringInfoString(&sql, " WHERE v.as_of = $1");
	GetUserIdAndSecContext(&user, &security);
	SetUserIdAndSecContext(profile->owner, security | SECURITY_LOCAL_USERID_CHANGE | SECURITY_RESTRICTED_OPERATION);
	stream = clientele_stream_open(clientele_query_kept(sql.data, at ? 1 : 0, types), arguments, NULL, snapshot);
	while ((slot = clientele_stream_next(stream)) != NULL)
	{
		bool		holds = true;
		ClienteleResultRow row;

		slot_getallattrs(slot);
		MemoryContextReset(each);
		MemoryContextSwitchTo(each);
		clientele_audience_run(rules, slot->tts_values, slot->tts_isnull, as_of);
		for (int i = 0; holds && i < rules->nparts; i++)
			holds = rules->truths[i]->state == CLIENTELE_TRUE;
		MemoryContextSwitchTo(caller);
		if (!holds)
			continue;
		clientele_result_clear(&row);
		clientele_result_set(&row, 0, slot->tts_values[CLIENTELE_PROFILE_FIRST_NAMED + profile->nnamed]);
		clientele_result_set(&row, 1, slot->tts_values[CLIENTELE_PROFILE_MODEL_VERSION]);
		clientele_result_put(fcinfo, &row);
	}
	clientele_stream_close(stream);
	SetUserIdAndSecContext(user, security);
	UnregisterSnapshot(snapshot);
	return (Datum) 0;
}
