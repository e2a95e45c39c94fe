/*
 * coupon_claim.c
 *		A code becomes a coupon of a customer, once; and a coupon one of another customer.
 *
 * The stock of a code was taken when it was issued: what is asked of the stock when it is claimed
 * is only what could not be known then, the day, the branch and the money.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"

#include "base/clock.h"
#include "claim/claim.h"
#include "coupon/coupon.h"
#include "own/fresh.h"
#include "population/reader.h"
#include "stock/stock.h"

PG_FUNCTION_INFO_V1(clientele_claim_code);
PG_FUNCTION_INFO_V1(clientele_try_claim_code);
PG_FUNCTION_INFO_V1(clientele_withdraw_codes);
PG_FUNCTION_INFO_V1(clientele_transfer_claim);

/* ------------------------------------------------------------------
 * claim_code
 * ------------------------------------------------------------------ */

/* What is looked at on the way. */
typedef struct Code
{
	const char *typed;
	ClienteleOwnTable *codes;
	ClienteleOwnTable *batches;
	ClienteleOwnRow row;
	ClienteleOwnRow batch;		/* zeros: there is no such code */
} Code;

static bool
get_code(ClienteleOwnTable *codes, const ClienteleRequest *request, const char *code, ClienteleOwnRow *row)
{
	ScanKeyData keys[2];

	clientele_own_keys_of(keys, request->population.id, code);
	return clientele_own_get(codes, "coupon_code_pkey", 2, keys, row);
}

static void
compare_code(const ClienteleRequest *request, const ClienteleWish *wish, Code *code, const ClienteleOwnRow *step)
{
	if (wish->code == NULL || !get_code(code->codes, request, wish->code, &code->row) || code->row.nulls[CODE_CLAIM] ||
		DatumGetInt64(code->row.values[CODE_CLAIM]) != DatumGetInt64(step->values[STEP_CLAIM]))
		clientele_request_refuse_other(request, "its code was another, or none");
}

static void
add_reason(ClienteleReasons *reasons, int errcode, const char *sentence)
{
	clientele_reasons_add(reasons, errcode, CLIENTELE_REASON_CODE, sentence);
}

/* Locks the code, and looks at it again.  Its batch it never leaves. */
static void
lock_code(const ClienteleRequest *request, const ClienteleWish *wish, Code *code)
{
	clientele_fresh_share(CLIENTELE_LOCK_BATCH, request->population.id, clientele_batch_name(code->row.values[CODE_BATCH]));
	clientele_fresh_lock(CLIENTELE_LOCK_CLAIM, request->population.id, wish->code);
	if (!get_code(code->codes, request, wish->code, &code->row) ||
		!clientele_batch_get(code->batches, code->row.values[CODE_BATCH], &code->batch))
		clientele_refuse_gone(psprintf("code %s", wish->code));
}

/* Whether it is there to be claimed; else a reason. */
static bool
find_code(const ClienteleRequest *request, const ClienteleWish *wish, Code *code, ClienteleReasons *reasons)
{
	TimestampTz valid_until;

	if (wish->code == NULL)
	{
		add_reason(reasons, CLIENTELE_ERRCODE_NOT_ELIGIBLE,
				   psprintf("\"%s\" is not a code: a character is wrong, missing, or too many", code->typed));
		return false;
	}
	if (!get_code(code->codes, request, wish->code, &code->row))
	{
		add_reason(reasons, CLIENTELE_ERRCODE_NOT_ELIGIBLE, psprintf("there is no code %s", code->typed));
		return false;
	}
	lock_code(request, wish, code);
	valid_until = DatumGetTimestampTz(code->batch.values[BATCH_VALID_UNTIL]);
	if (!code->row.nulls[CODE_CLAIM])
	{
		add_reason(reasons, CLIENTELE_ERRCODE_SOLD_OUT, psprintf("code %s has been used already", code->typed));
		return false;
	}
	if (valid_until <= request->now)
	{
		add_reason(reasons, CLIENTELE_ERRCODE_CLAIM_OVER,
				   psprintf("code %s was valid until %s", code->typed, timestamptz_to_str(valid_until)));
		return false;
	}
	if (!code->batch.nulls[BATCH_RETURNED])
	{
		add_reason(reasons, CLIENTELE_ERRCODE_CLAIM_OVER, psprintf("code %s has been withdrawn", code->typed));
		return false;
	}
	return true;
}

/* All reasons why not; if there are none, what is shared has been taken. */
static void
decide(const ClienteleAsked *asked, const ClienteleWish *wish, Code *code, ClienteleFound *found, ClienteleReasons *reasons)
{
	const ClienteleRequest *request = asked->request;
	const char *branch = asked->bill && asked->bill->branch ? text_to_cstring(asked->bill->branch) : NULL;
	const ClientelePromotion *promotion;
	int			promotion_id;

	if (!find_code(request, wish, code, reasons))
		return;
	promotion_id = DatumGetInt32(code->batch.values[BATCH_PROMOTION]);
	clientele_stock_share(&request->population, promotion_id);
	found->promotion = clientele_offered_number(&request->population, promotion_id);
	found->batch = &code->batch;
	promotion = found->promotion->bound->promotion;
	found->expires_at = Min(DatumGetTimestampTz(code->batch.values[BATCH_VALID_UNTIL]), clientele_claim_term_end(promotion, asked->zone));
	clientele_decide_claim(asked, found->promotion, reasons, &found->benefit);
	clientele_decide_untaken(asked, found->promotion, CLIENTELE_LACK_ANY & ~CLIENTELE_LACK_TOTAL, &found->benefit, reasons);
	if (reasons->words != NIL)
		return;
	clientele_reasons_add_lack(reasons, clientele_stock_take_reserved(&request->population, found->promotion, branch, asked->moment.day,
																	  found->benefit.value, request->now),
							   NameStr(found->promotion->name));
	if (reasons->words != NIL || !wish->redeem)
		return;
	clientele_give_reserve(request, &promotion->benefit, found->benefit.given, reasons);
	if (reasons->words != NIL)
		clientele_stock_give_back_reserved(&request->population, promotion_id, branch, asked->moment.day, found->benefit.value);
}

static void
claim(const ClienteleRequest *request, const ClienteleWish *wish, Code *code, ClienteleClaimAnswer *answer)
{
	ClienteleAsked asked;
	ClienteleFound found = {0};

	clientele_asked_begin(&asked, request, wish->key_type, wish->key, wish->key_text, wish->bill);
	clientele_asked_check_customer(&asked);
	decide(&asked, wish, code, &found, &answer->reasons);
	answer->promotion_id = DatumGetInt32(code->batch.values[BATCH_PROMOTION]);
	if (answer->reasons.words == NIL)
	{
		clientele_claim_write(&asked, wish, &found, answer);
		clientele_claim_set(&code->row, CODE_CLAIM, Int64GetDatum(answer->claim_id));
		clientele_own_update(code->codes, &code->row);
	}
	clientele_asked_end(&asked);
}

/* caller, population, key, code, request_id, bill, redeem; what was typed. */
static const char *
claim_of_call(FunctionCallInfo fcinfo, ClienteleWish *wish, ClienteleClaimAnswer *answer)
{
	ClienteleRequest request;
	ClienteleOwnRow step;
	Code		code = {0};

	memset(wish, 0, sizeof(ClienteleWish));
	memset(answer, 0, sizeof(ClienteleClaimAnswer));
	clientele_request_begin(&request, PG_GETARG_OID(0), clientele_text_argument(fcinfo, 1, "population"),
							clientele_text_argument(fcinfo, 4, "request_id"));
	clientele_wish_key(wish, &request.population, clientele_text_argument(fcinfo, 2, "key"));
	code.typed = clientele_text_argument(fcinfo, 3, "code");
	wish->code = clientele_code_read(PG_GETARG_TEXT_PP(3));
	wish->document = PG_ARGISNULL(5) ? NULL : PG_GETARG_JSONB_P(5);
	wish->bill = wish->document ? clientele_bill_read(wish->document) : NULL;
	wish->redeem = !PG_ARGISNULL(6) && PG_GETARG_BOOL(6);
	if (wish->redeem && wish->bill == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("nothing is redeemed without a bill"),
				 errhint("Give the bill: bill => '{\"branch\": \"1\", \"amount\": 600.00}'.  Without one it is a coupon for later.")));

	code.codes = clientele_own_open("coupon_code");
	code.batches = clientele_own_open("coupon_batch");
	if (clientele_request_answered(&request, &step))
	{
		compare_code(&request, wish, &code, &step);
		clientele_wish_compare(&request, wish, &step);
		clientele_answer_of_step(answer, &step);
	}
	else
		claim(&request, wish, &code, answer);
	clientele_answer_name(answer, &request.population);
	clientele_own_close(code.batches);
	clientele_own_close(code.codes);
	clientele_request_end(&request);
	return code.typed;
}

Datum
clientele_claim_code(PG_FUNCTION_ARGS)
{
	ClienteleWish wish;
	ClienteleClaimAnswer answer;
	const char *typed = claim_of_call(fcinfo, &wish, &answer);

	if (answer.claim_id == 0)
		clientele_answer_refuse(&answer, psprintf("customer %s cannot use code %s", wish.key_text, typed));
	PG_RETURN_INT64(answer.claim_id);
}

Datum
clientele_try_claim_code(PG_FUNCTION_ARGS)
{
	ClienteleWish wish;
	ClienteleClaimAnswer answer;

	(void) claim_of_call(fcinfo, &wish, &answer);
	return clientele_answer_row(fcinfo, &answer);
}

/* ------------------------------------------------------------------
 * withdraw_codes
 * ------------------------------------------------------------------ */

/* withdraw_codes_for(caller, population, batch) */
Datum
clientele_withdraw_codes(PG_FUNCTION_ARGS)
{
	static const ClienteleRight right = {"claim", "UPDATE"};
	ClientelePopulation population;
	ClienteleOwnTable *batches;
	ClienteleOwnRow batch;
	Datum		batch_id = PG_GETARG_DATUM(2);

	clientele_check_given(fcinfo, 2, "batch");
	clientele_fresh_check_commit();
	clientele_population_get(clientele_text_argument(fcinfo, 1, "population"), &population);
	clientele_population_hold(&population);
	clientele_check_allowed(PG_GETARG_OID(0), &population, 1, &right);
	batches = clientele_own_open("coupon_batch");
	clientele_fresh_lock(CLIENTELE_LOCK_BATCH, population.id, clientele_batch_name(batch_id));
	if (!clientele_batch_get(batches, batch_id, &batch) || DatumGetInt32(batch.values[BATCH_POPULATION]) != population.id ||
		strcmp(clientele_claim_text(&batch, BATCH_KIND), "codes") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("population \"%s\" has no batch of codes %lld", NameStr(population.name), (long long) DatumGetInt64(batch_id)),
				 errhint("SELECT * FROM %s;", quote_qualified_identifier(NameStr(population.target_schema),
																		psprintf("%s_coupon_batch", NameStr(population.name))))));
	if (batch.nulls[BATCH_RETURNED])
	{
		clientele_stock_share(&population, DatumGetInt32(batch.values[BATCH_PROMOTION]));
		(void) clientele_batch_return(&population, batches, &batch);
	}
	clientele_own_close(batches);
	PG_RETURN_INT32(DatumGetInt32(batch.values[BATCH_RETURNED]));
}

/* ------------------------------------------------------------------
 * transfer_claim
 * ------------------------------------------------------------------ */

/* The claim's population, and in whose name; what the caller may not give to others is not there. */
static void
begin_transfer(ClienteleRequest *request, Oid caller, int64 claim_id, const char *request_id)
{
	static const ClienteleRight right = {"claim", "UPDATE"};
	ClienteleOwnTable *claims;
	ClienteleOwnRow claim;
	bool		found;

	clientele_fresh_check_commit();
	claims = clientele_own_open("claim");
	found = clientele_claim_get(claims, claim_id, &claim) &&
		clientele_population_find_id(DatumGetInt32(claim.values[CLAIM_POPULATION]), &request->population);
	clientele_own_close(claims);
	if (!found || !clientele_is_allowed(caller, &request->population, 1, &right))
		ereport(ERROR,
				(errcode(ERRCODE_NO_DATA_FOUND),
				 errmsg("there is no claim %lld that %s may give to another customer", (long long) claim_id,
						GetUserNameFromId(caller, false)),
				 errhint("The number is what claim() has returned; UPDATE on the population's view NAME_claim gives the right.")));
	clientele_request_start(request, caller, request_id);
}

/* Whether it can be somebody else's. */
static void
check_transferable(const ClienteleRequest *request, const ClienteleOwnRow *claim, const ClienteleWish *to)
{
	long long	claim_id = DatumGetInt64(claim->values[CLAIM_ID]);

	if (!clientele_claim_is_held(claim, request->now))
		ereport(ERROR,
				(errcode(CLIENTELE_ERRCODE_CLAIM_OVER),
				 errmsg("claim %lld has %s", claim_id,
						clientele_claim_is(claim, "held") || clientele_claim_is(claim, "expired") ? "expired" : "been used or given back already")));
	if (!DatumGetBool(claim->values[CLAIM_TRANSFERABLE]))
		ereport(ERROR,
				(errcode(CLIENTELE_ERRCODE_NOT_ELIGIBLE),
				 errmsg("claim %lld is its customer's alone", claim_id),
				 errhint("What may be handed on is issued so: issue_coupons(..., transferable => true).")));
	if (!claim->nulls[CLAIM_BILL])
		ereport(ERROR,
				(errcode(CLIENTELE_ERRCODE_NOT_ELIGIBLE),
				 errmsg("claim %lld is for a bill of its customer already", claim_id)));
	if (strcmp(clientele_claim_text(claim, CLAIM_KEY), to->key_text) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("claim %lld is customer %s's already", claim_id, to->key_text)));
}

/* Whoever gets it may have it, as one who claims it. */
static void
check_receiver(const ClienteleAsked *asked, const ClienteleOffered *promotion)
{
	static const char *const sentences[CLIENTELE_COUPON_REFUSALS] = {
		"he does not want automated decisions", "he is left out by chance, to measure what the promotion brings",
		"he is not of its audience", "he has had it as often as a customer may"
	};
	ClienteleCouponRefusal refusal = clientele_coupon_refusal(&asked->request->population, promotion, asked->audience, asked->key, false,
															  asked->request->now, asked->snapshot);

	if (refusal < CLIENTELE_COUPON_REFUSALS)
		ereport(ERROR,
				(errcode(refusal == CLIENTELE_COUPON_LIMIT ? CLIENTELE_ERRCODE_SOLD_OUT : CLIENTELE_ERRCODE_NOT_ELIGIBLE),
				 errmsg("customer %s cannot have %s: %s", asked->key, NameStr(promotion->name), sentences[refusal])));
}

/* {"from": key}, and what is known of the one who gets it. */
static Jsonb *
transfer_evidence(const ClienteleAsked *asked, const ClienteleOffered *promotion, const char *from)
{
	JsonbParseState *state = NULL;
	JsonbValue	name = {.type = jbvString,.val.string = {.len = strlen("from"),.val = "from"}};
	JsonbValue	key = {.type = jbvString,.val.string = {.len = (int) strlen(from),.val = unconstify(char *, from)}};
	Jsonb	   *decided = clientele_decide_evidence(asked, promotion);
	Datum		evidence;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	pushJsonbValue(&state, WJB_KEY, &name);
	pushJsonbValue(&state, WJB_VALUE, &key);
	evidence = JsonbPGetDatum(JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL)));
	if (decided != NULL)
		evidence = DirectFunctionCall2(jsonb_concat, evidence, JsonbPGetDatum(decided));
	return DatumGetJsonbP(evidence);
}

static void
transfer(const ClienteleRequest *request, int64 claim_id, const ClienteleWish *to)
{
	ClienteleOwnTable *claims = clientele_own_open("claim");
	ClienteleStep step = {.claim_id = claim_id,.step = "transfer",.reason = to->key_text};
	ClienteleOwnRow claim;
	ClienteleAsked asked;
	const ClienteleOffered *promotion;

	/* the giver loses something, which limits nobody: only who gets it is locked */
	clientele_asked_begin(&asked, request, to->key_type, to->key, to->key_text, NULL);
	clientele_asked_check_customer(&asked);
	clientele_claim_lock(request->population.id, claim_id);
	if (!clientele_claim_get(claims, claim_id, &claim))
		clientele_refuse_gone(psprintf("claim %lld", (long long) claim_id));
	check_transferable(request, &claim, to);
	clientele_stock_share(&request->population, DatumGetInt32(claim.values[CLAIM_PROMOTION]));
	promotion = clientele_offered_number(&request->population, DatumGetInt32(claim.values[CLAIM_PROMOTION]));
	check_receiver(&asked, promotion);
	step.evidence = transfer_evidence(&asked, promotion, clientele_claim_text(&claim, CLAIM_KEY));
	clientele_claim_set_text(&claim, CLAIM_KEY, to->key_text);
	clientele_own_update(claims, &claim);
	clientele_own_close(claims);
	clientele_step_write(request, &step);
	clientele_asked_end(&asked);
}

/* caller, claim_id, to_key, request_id */
Datum
clientele_transfer_claim(PG_FUNCTION_ARGS)
{
	ClienteleRequest request;
	ClienteleOwnRow step;
	ClienteleWish to = {0};
	int64		claim_id = clientele_claim_argument(fcinfo, 1);

	begin_transfer(&request, PG_GETARG_OID(0), claim_id, clientele_text_argument(fcinfo, 3, "request_id"));
	clientele_wish_key(&to, &request.population, clientele_text_argument(fcinfo, 2, "to_key"));
	if (clientele_request_answered(&request, &step))
	{
		clientele_request_compare_verb(&request, &step, "transfer");
		clientele_request_compare_claim(&request, &step, claim_id);
		if (strcmp(clientele_claim_text(&step, STEP_REASON), to.key_text) != 0)
			clientele_request_refuse_other(&request, "it was given to another customer");
	}
	else
		transfer(&request, claim_id, &to);
	clientele_request_end(&request);
	PG_RETURN_VOID();
}
