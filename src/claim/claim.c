/*
 * claim.c
 *		claim(), try_claim(): may the customer have it, and then he has it, in one step.
 *
 * All that is asked and all that is taken is locked before it is looked at (fresh.h): the
 * request, the customer, the team, the promotion, the stock.  The stock is found last; the rows are written
 * when nothing can be refused any more, so that a refusal leaves nothing behind, without a savepoint.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "base/jsonb_object.h"
#include "base/text_length.h"
#include "claim/claim.h"
#include "coupon/coupon.h"
#include "own/fresh.h"
#include "population/reader.h"
#include "stock/expiry.h"
#include "stock/stock.h"

PG_FUNCTION_INFO_V1(clientele_claim);
PG_FUNCTION_INFO_V1(clientele_try_claim);

/* ---------- asked before ---------- */

static bool
is_team(const ClienteleWish *wish, const ClienteleOwnRow *claim)
{
	int64		team = claim->nulls[CLAIM_TEAM] ? 0 : DatumGetInt64(claim->values[CLAIM_TEAM]);

	return wish->team != 0 ? team == wish->team : team == 0 || team == DatumGetInt64(claim->values[CLAIM_ID]);
}

static void
compare_policy(const ClienteleRequest *request, const ClienteleWish *wish, const ClienteleOwnRow *step)
{
	const char *was = clientele_jsonb_text(clientele_claim_json(step, STEP_ANSWER), CLIENTELE_POLICY);

	if ((was == NULL) != (wish->policy == NULL))
		clientele_request_refuse_other(request, was ? "it was a claim_best, not a claim" : "it was a claim, not a claim_best");
	if (was != NULL && strcmp(was, wish->policy) != 0)
		clientele_request_refuse_other(request, "its policy was another");
}

void
clientele_wish_compare(const ClienteleRequest *request, const ClienteleWish *wish, const ClienteleOwnRow *step)
{
	int64		claim_id = DatumGetInt64(step->values[STEP_CLAIM]);
	ClienteleOwnTable *claims = clientele_own_open("claim");
	ClienteleOwnRow claim;

	clientele_request_compare_verb(request, step, "claim");
	compare_policy(request, wish, step);
	if (!clientele_claim_get(claims, claim_id, &claim))
		clientele_refuse_gone(psprintf("claim %lld", (long long) claim_id));
	clientele_own_close(claims);
	if ((strcmp(clientele_claim_text(&claim, CLAIM_ORIGIN), "code") == 0) != (wish->code != NULL))
		clientele_request_refuse_other(request, wish->code ? "it was without a code" : "it was by a code");
	if (wish->promotion != NULL &&
		clientele_offered_find(&request->population, wish->promotion)->id != DatumGetInt32(claim.values[CLAIM_PROMOTION]))
		clientele_request_refuse_other(request, "its promotion was another");
	if (strcmp(clientele_claim_text(&claim, CLAIM_KEY), wish->key_text) != 0 && !clientele_claim_was_transferred(claim_id))
		clientele_request_refuse_other(request, "its customer was another");
	clientele_request_compare_bill(request, step, wish->document);
	if (DatumGetBool(step->values[STEP_REDEEMED]) != wish->redeem)
		clientele_request_refuse_other(request, wish->redeem ? "it was not redeemed" : "it was redeemed at once");
	if (!is_team(wish, &claim))
		clientele_request_refuse_other(request, "its team was another");
}

/* ---------- the decision ---------- */

/* Locked, so that its limits stay what they are; then asked for again. */
static const ClienteleOffered *
lock_promotion(const ClienteleRequest *request, const char *name)
{
	clientele_stock_share(&request->population, clientele_offered_find(&request->population, name)->id);
	return clientele_offered_find(&request->population, name);
}

static void
decide_team(const ClienteleAsked *asked, const ClienteleWish *wish, ClienteleFound *found, ClienteleReasons *reasons)
{
	const ClientelePromotion *promotion = found->promotion->bound->promotion;
	int			size = promotion->joiners;

	if (wish->team != 0 && promotion->joiners == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("promotion \"%s\" is not for teams", wish->promotion),
				 errhint("Its definition says so: \"needs\": {\"joiners\": 3, \"within\": {\"hours\": 24}}.")));
	if (promotion->joiners == 0)
		return;
	if (wish->team != 0)
	{
		clientele_team_join(asked, found->promotion, wish->team, reasons, &found->expires_at, &found->completes_team);
		size = clientele_team_size(wish->team);
	}
	else
		found->expires_at = asked->request->now + promotion->within_hours * USECS_PER_HOUR;
	if (wish->redeem && !found->completes_team)
		clientele_reasons_add(reasons, CLIENTELE_ERRCODE_TEAM_INCOMPLETE, CLIENTELE_REASON_TEAM,
							  psprintf("it takes %d customers, who are not there yet", size));
}

uint32
clientele_claim_take_stock(const ClienteleAsked *asked, const ClienteleFound *found)
{
	return clientele_stock_take(&asked->request->population, found->promotion,
								asked->bill && asked->bill->branch ? text_to_cstring(asked->bill->branch) : NULL,
								asked->moment.day, 1, found->benefit.value, asked->request->now);
}

void
clientele_claim_put_back_stock(const ClienteleAsked *asked, const ClienteleFound *found)
{
	clientele_stock_give_back(&asked->request->population, found->promotion->id,
							  asked->bill && asked->bill->branch ? text_to_cstring(asked->bill->branch) : NULL,
							  asked->moment.day, 1, found->benefit.value);
}

/* All reasons why not; if there are none, what is shared has been taken. */
static void
decide(const ClienteleAsked *asked, const ClienteleWish *wish, ClienteleFound *found, ClienteleReasons *reasons)
{
	memset(found, 0, sizeof(ClienteleFound));
	found->promotion = lock_promotion(asked->request, wish->promotion);
	found->expires_at = clientele_claim_term(found->promotion->bound->promotion, asked->request->now, asked->zone);
	clientele_decide_claim(asked, found->promotion, reasons, &found->benefit);
	decide_team(asked, wish, found, reasons);
	clientele_decide_untaken(asked, found->promotion, CLIENTELE_LACK_ANY, &found->benefit, reasons);
	if (reasons->words != NIL)
		return;
	clientele_reasons_add_lack(reasons, clientele_claim_take_stock(asked, found), NameStr(found->promotion->name));
	if (reasons->words != NIL || !wish->redeem)
		return;
	clientele_give_reserve(asked->request, &found->promotion->bound->promotion->benefit, found->benefit.given, reasons);
	if (reasons->words != NIL)
		clientele_claim_put_back_stock(asked, found);
}

/* ---------- the rows ---------- */

void
clientele_claim_write(const ClienteleAsked *asked, const ClienteleWish *wish, const ClienteleFound *found, ClienteleClaimAnswer *answer)
{
	const ClienteleRequest *request = asked->request;
	const ClientelePromotion *promotion = found->promotion->bound->promotion;
	ClienteleStep step = {.step = "claim",.redeemed = &wish->redeem,.bill = wish->document};
	ClienteleOwnRow row;

	clientele_claim_make(&row, request, wish->key_text, found->promotion, asked->moment.day, found->expires_at);
	if (wish->bill != NULL)
	{
		clientele_claim_set_bill(&row, wish->document, wish->bill);
		clientele_claim_set_benefit(&row, &found->benefit, promotion->benefit.kind);
	}
	if (found->batch != NULL)
	{
		clientele_claim_set_text(&row, CLAIM_ORIGIN, "code");
		clientele_claim_set(&row, CLAIM_ORIGIN_ID, found->batch->values[BATCH_ID]);
		clientele_claim_set(&row, CLAIM_TRANSFERABLE, found->batch->values[BATCH_TRANSFERABLE]);
	}
	if (promotion->joiners > 0)
		clientele_claim_set(&row, CLAIM_TEAM, wish->team != 0 ? Int64GetDatum(wish->team) : row.values[CLAIM_ID]);
	if (wish->redeem)
	{
		clientele_claim_set_text(&row, CLAIM_STATE, "redeemed");
		clientele_claim_set(&row, CLAIM_REDEEMED_AT, TimestampTzGetDatum(request->now));
	}
	clientele_own_insert(asked->claims, &row);
	if (found->completes_team)
		clientele_team_complete(request, wish->team, found->expires_at);
	if (wish->redeem)
		clientele_give(request, &row, &promotion->benefit, found->benefit.given);

	clientele_answer_of_claim(answer, &row, promotion);
	answer->completes_team = found->completes_team;
	answer->policy = wish->policy;
	step.claim_id = answer->claim_id;
	step.answer = clientele_answer_to_json(answer);
	step.evidence = clientele_decide_evidence(asked, found->promotion);
	clientele_step_write(request, &step);
}

/* One claim of so many sweeps, so that more comes back than can expire. */
#define CLAIMS_PER_SWEEP 16

static void
claim(const ClienteleRequest *request, const ClienteleWish *wish, ClienteleClaimAnswer *answer)
{
	ClienteleOwnRow step;
	ClienteleAsked asked;
	ClienteleFound found;

	memset(answer, 0, sizeof(ClienteleClaimAnswer));
	if (clientele_request_answered(request, &step))
	{
		clientele_wish_compare(request, wish, &step);
		clientele_answer_of_step(answer, &step);
		return;
	}
	clientele_asked_begin(&asked, request, wish->key_type, wish->key, wish->key_text, wish->bill);
	if (wish->team != 0)
		clientele_team_lock(request, wish->team);
	decide(&asked, wish, &found, &answer->reasons);
	if (answer->reasons.words == NIL)
		clientele_claim_write(&asked, wish, &found, answer);
	if (answer->claim_id % CLAIMS_PER_SWEEP == 1)
		(void) clientele_claim_sweep_if_free(&request->population, found.promotion->id, request->now);
	clientele_asked_end(&asked);
}

/* ---------- the functions ---------- */

void
clientele_wish_key(ClienteleWish *wish, const ClientelePopulation *population, char *text)
{
	Oid			output;
	bool		is_varlena;

	wish->key_type = getBaseType(clientele_population_key_type(population));
	wish->key = clientele_key_of_text(wish->key_type, text);
	getTypeOutputInfo(wish->key_type, &output, &is_varlena);
	wish->key_text = OidOutputFunctionCall(output, wish->key);
	clientele_text_check_length("key", wish->key_text);
}

/* caller, population, key, promotion, request_id, bill, redeem, team */
static void
claim_of_call(FunctionCallInfo fcinfo, ClienteleWish *wish, ClienteleClaimAnswer *answer)
{
	ClienteleRequest request;

	memset(wish, 0, sizeof(ClienteleWish));
	clientele_request_begin(&request, PG_GETARG_OID(0), clientele_text_argument(fcinfo, 1, "population"),
							clientele_text_argument(fcinfo, 4, "request_id"));
	clientele_wish_key(wish, &request.population, clientele_text_argument(fcinfo, 2, "key"));
	wish->promotion = clientele_text_argument(fcinfo, 3, "promotion");
	wish->document = PG_ARGISNULL(5) ? NULL : PG_GETARG_JSONB_P(5);
	wish->bill = wish->document ? clientele_bill_read(wish->document) : NULL;
	wish->redeem = !PG_ARGISNULL(6) && PG_GETARG_BOOL(6);
	wish->team = PG_ARGISNULL(7) ? 0 : PG_GETARG_INT64(7);
	if (wish->redeem && wish->bill == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("nothing is redeemed without a bill"),
				 errhint("Give the bill: bill => '{\"branch\": \"1\", \"amount\": 600.00}'.  Without one it is a coupon for later.")));
	claim(&request, wish, answer);
	clientele_request_end(&request);
}

Datum
clientele_claim(PG_FUNCTION_ARGS)
{
	ClienteleWish		wish;
	ClienteleClaimAnswer answer;

	claim_of_call(fcinfo, &wish, &answer);
	if (answer.claim_id == 0)
		clientele_answer_refuse(&answer, psprintf("customer %s cannot have %s", wish.key_text, wish.promotion));
	PG_RETURN_INT64(answer.claim_id);
}

Datum
clientele_try_claim(PG_FUNCTION_ARGS)
{
	ClienteleWish		wish;
	ClienteleClaimAnswer answer;

	claim_of_call(fcinfo, &wish, &answer);
	return clientele_answer_row(fcinfo, &answer);
}
