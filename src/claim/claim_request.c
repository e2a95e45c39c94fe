/*
 * claim_request.c
 *		Who asks for something, and whether he has asked before: a request is answered once.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "base/clock.h"
#include "base/text_length.h"
#include "claim/claim.h"
#include "own/fresh.h"
#include "population/reader.h"

char *
clientele_text_argument(FunctionCallInfo fcinfo, int argument, const char *name)
{
	clientele_check_given(fcinfo, argument, name);
	return text_to_cstring(PG_GETARG_TEXT_PP(argument));
}

int64
clientele_claim_argument(FunctionCallInfo fcinfo, int argument)
{
	clientele_check_given(fcinfo, argument, "claim_id");
	return PG_GETARG_INT64(argument);
}

/* ---------- rights ---------- */

static const ClienteleRight right_to_claim = {"claim", "INSERT"};

void
clientele_request_start(ClienteleRequest *request, Oid caller, const char *id)
{
	clientele_population_hold(&request->population);
	request->caller = caller;
	request->id = id;
	request->now = clientele_clock_now();
	request->steps = clientele_own_open("claim_step");
}

void
clientele_request_begin(ClienteleRequest *request, Oid caller, const char *population, const char *id)
{
	clientele_fresh_check_commit();
	clientele_population_get(population, &request->population);
	clientele_request_start(request, caller, id);
	clientele_check_allowed(caller, &request->population, 1, &right_to_claim);
}

void
clientele_request_begin_with_claim(ClienteleRequest *request, Oid caller, int64 claim_id, const char *id,
								   ClienteleOwnRow *claim)
{
	ClienteleOwnTable *claims;
	bool		found;

	clientele_fresh_check_commit();
	claims = clientele_own_open("claim");
	found = clientele_claim_get(claims, claim_id, claim) &&
		clientele_population_find_id(DatumGetInt32(claim->values[CLAIM_POPULATION]), &request->population);
	clientele_own_close(claims);
	if (!found || !clientele_is_allowed(caller, &request->population, 1, &right_to_claim))
		ereport(ERROR,
				(errcode(ERRCODE_NO_DATA_FOUND),
				 errmsg("there is no claim %lld that you may use", (long long) claim_id),
				 errhint("The number is what claim() has returned; INSERT on the population's view NAME_claim gives the right.")));
	clientele_request_start(request, caller, id);
}

void
clientele_request_end(ClienteleRequest *request)
{
	clientele_own_close(request->steps);
	request->steps = NULL;
}

/* ---------- repetition ---------- */

static void
check_id(const char *id)
{
	clientele_text_check_length("request_id", id);
	if (*id == '\0')
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("request_id must not be empty"),
				 errhint("Use the number that the application gives the request, and the same one if it has to repeat it: request_id => 'till-7/4711'.")));
}

/*
 * Where requests are written down.  Who is not in a hurry looks at all of them; a claim only at its own, because
 * each of the others would make it dearer by a twentieth.
 */
static const struct
{
	const char *table;
	const char *index;
	const char *what;
}			places[] = {
	[CLIENTELE_REQUEST_OF_CLAIM] = {"claim_step", "claim_step_request", "about a claim"},
	[CLIENTELE_REQUEST_OF_LEDGER] = {"ledger_entry", "ledger_entry_of_request", "an entry of the ledger"},
	[CLIENTELE_REQUEST_OF_MEMBERSHIP] = {"membership", "membership_of_request", "about a membership"},
	[CLIENTELE_REQUEST_OF_BATCH] = {"coupon_batch", "coupon_batch_request_id_population_id_key", "a batch of coupons"}
};

static bool
is_written(ClienteleRequestPlace place, int population_id, const char *id)
{
	ClienteleOwnTable *table = clientele_own_open(places[place].table);
	ScanKeyData keys[2];
	ClienteleOwnRow row;
	bool		found;

	clientele_own_keys_of(keys, population_id, id);
	found = clientele_own_get(table, places[place].index, 2, keys, &row);
	clientele_own_close(table);
	return found;
}

void
clientele_request_refuse_elsewhere(ClienteleRequestPlace own, int population_id, const char *id)
{
	for (int other = 0; other < (int) lengthof(places); other++)
	{
		if (other != (int) own && is_written((ClienteleRequestPlace) other, population_id, id))
			ereport(ERROR,
					(errcode(CLIENTELE_ERRCODE_OTHER_REQUEST),
					 errmsg("request \"%s\" was something else: it was %s", id, places[other].what),
					 errhint("A request is repeated exactly as it was; a new one has a new number.")));
	}
}

bool
clientele_request_answered(const ClienteleRequest *request, ClienteleOwnRow *step)
{
	ScanKeyData keys[2];

	check_id(request->id);
	clientele_fresh_lock(CLIENTELE_LOCK_REQUEST, request->population.id, request->id);
	clientele_own_keys_of(keys, request->population.id, request->id);
	return clientele_own_get(request->steps, "claim_step_request", 2, keys, step);
}

void
clientele_request_refuse_other(const ClienteleRequest *request, const char *what_differs)
{
	ereport(ERROR,
			(errcode(CLIENTELE_ERRCODE_OTHER_REQUEST),
			 errmsg("request \"%s\" was something else: %s", request->id, what_differs),
			 errhint("A request is repeated exactly as it was; a new one has a new number.")));
}

void
clientele_request_compare_verb(const ClienteleRequest *request, const ClienteleOwnRow *step, const char *verb)
{
	char	   *was = clientele_claim_text(step, STEP_STEP);

	if (strcmp(was, verb) != 0)
		clientele_request_refuse_other(request, psprintf("it was a %s, not a %s", was, verb));
}

void
clientele_request_compare_claim(const ClienteleRequest *request, const ClienteleOwnRow *step, int64 claim_id)
{
	int64		was = DatumGetInt64(step->values[STEP_CLAIM]);

	if (was != claim_id)
		clientele_request_refuse_other(request, psprintf("it was about claim %lld", (long long) was));
}

void
clientele_request_compare_bill(const ClienteleRequest *request, const ClienteleOwnRow *step, const Jsonb *bill)
{
	const Jsonb *was = clientele_claim_json(step, STEP_BILL);

	if ((was == NULL) != (bill == NULL) ||
		(was != NULL && compareJsonbContainers(unconstify(JsonbContainer *, &was->root),
											   unconstify(JsonbContainer *, &bill->root)) != 0))
		clientele_request_refuse_other(request, "its bill was another");
}

/* ---------- steps ---------- */

static void
set_json(ClienteleOwnRow *row, int column, Jsonb *document)
{
	if (document != NULL)
		clientele_claim_set(row, column, JsonbPGetDatum(document));
}

void
clientele_step_write(const ClienteleRequest *request, const ClienteleStep *step)
{
	ClienteleOwnRow row;
	NameData	actor;

	namestrcpy(&actor, GetUserNameFromId(request->caller, false));
	memset(row.nulls, true, sizeof(row.nulls));
	clientele_claim_set(&row, STEP_POPULATION, Int32GetDatum(request->population.id));
	clientele_claim_set(&row, STEP_CLAIM, Int64GetDatum(step->claim_id));
	clientele_claim_set_text(&row, STEP_STEP, step->step);
	clientele_claim_set_text(&row, STEP_REQUEST, request->id);
	clientele_claim_set(&row, STEP_AT, TimestampTzGetDatum(request->now));
	clientele_claim_set(&row, STEP_ACTOR, NameGetDatum(&actor));
	if (step->redeemed != NULL)
		clientele_claim_set(&row, STEP_REDEEMED, BoolGetDatum(*step->redeemed));
	if (step->amount != NULL)
		clientele_claim_set_number(&row, STEP_AMOUNT, *step->amount);
	clientele_claim_set_text(&row, STEP_REASON, step->reason);
	set_json(&row, STEP_BILL, step->bill);
	set_json(&row, STEP_ANSWER, step->answer);
	set_json(&row, STEP_EVIDENCE, step->evidence);
	clientele_own_insert(request->steps, &row);
}
