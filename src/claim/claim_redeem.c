/*
 * claim_redeem.c
 *		redeem(): what is held is used.  By the version that it was claimed by, whatever has been
 *		published, paused or ended since.
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "claim/claim.h"
#include "own/fresh.h"
#include "population/reader.h"
#include "stock/stock.h"

PG_FUNCTION_INFO_V1(clientele_redeem);

/* ---------- the claim, and whether it can still be used ---------- */

static void
refuse_over(const ClienteleOwnRow *claim, TimestampTz now)
{
	int64		claim_id = DatumGetInt64(claim->values[CLAIM_ID]);
	const char *state = clientele_claim_text(claim, CLAIM_STATE);

	if (clientele_claim_is_held(claim, now))
		return;
	if (strcmp(state, "held") == 0 || strcmp(state, "expired") == 0)
		ereport(ERROR,
				(errcode(CLIENTELE_ERRCODE_CLAIM_OVER),
				 errmsg("claim %lld has expired", (long long) claim_id),
				 errdetail("It was held until %s.",
						   timestamptz_to_str(DatumGetTimestampTz(claim->values[CLAIM_EXPIRES_AT]))),
				 errhint("Claim it again, if there is any left.")));
	ereport(ERROR,
			(errcode(CLIENTELE_ERRCODE_CLAIM_OVER),
			 errmsg("claim %lld has been %s already", (long long) claim_id, state),
			 errhint("A request that is repeated has the same number, and is answered as it was.")));
}

static void
refuse_incomplete(const ClienteleRequest *request, const ClienteleOwnRow *claim)
{
	int64		team = DatumGetInt64(claim->values[CLAIM_TEAM]);

	if (!clientele_team_is_complete(team))
		ereport(ERROR,
				(errcode(CLIENTELE_ERRCODE_TEAM_INCOMPLETE),
				 errmsg("team %lld is not complete: %d of %d customers are there", (long long) team,
						clientele_team_count(team, request->now), clientele_team_size(team)),
				 errhint("Others join with claim(..., team => %lld).", (long long) team)));
}

/* ---------- a coupon meets its bill ---------- */

static const ClienteleBill *
bill_of(const ClienteleOwnRow *claim, Jsonb *document)
{
	Jsonb	   *claimed_for = clientele_claim_json(claim, CLAIM_BILL);

	if (claimed_for == NULL && document == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("claim %lld was made without a bill, so its bill is needed now",
						(long long) DatumGetInt64(claim->values[CLAIM_ID])),
				 errhint("Give the bill: bill => '{\"branch\": \"1\", \"amount\": 600.00}'.")));
	if (claimed_for == NULL)
		return clientele_bill_read(document);
	if (document != NULL && compareJsonbContainers(&claimed_for->root, &document->root) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("claim %lld is for another bill", (long long) DatumGetInt64(claim->values[CLAIM_ID])),
				 errhint("Leave the bill out, or give back this claim and claim for the other bill.")));
	return NULL;
}

static void
refuse(const ClienteleOwnRow *claim, const ClienteleReasons *reasons)
{
	ClienteleClaimAnswer answer = {.reasons = *reasons};

	if (reasons->words != NIL)
		clientele_answer_refuse(&answer, psprintf("claim %lld cannot be redeemed",
												  (long long) DatumGetInt64(claim->values[CLAIM_ID])));
}

/* What it gives on the bill, which the claim knows from now on.  Returns what has decided. */
static Jsonb *
meet_bill(const ClienteleRequest *request, const ClienteleOffered *promotion, ClienteleOwnRow *claim, Jsonb *document,
		  const ClienteleBill *bill)
{
	Oid			key_type = getBaseType(clientele_population_key_type(&request->population));
	char	   *key = clientele_claim_text(claim, CLAIM_KEY);
	ClienteleOffered claimed = *promotion;
	ClienteleReasons reasons = {NIL, NIL, 0};
	ClienteleBenefit benefit;
	ClienteleAsked asked;
	Jsonb	   *evidence;

	claimed.version = DatumGetInt32(claim->values[CLAIM_VERSION]);
	claimed.bound = clientele_offered_version(promotion->id, claimed.version);
	clientele_asked_begin(&asked, request, key_type, clientele_key_of_text(key_type, key), key, bill);
	clientele_asked_check_customer(&asked);
	if (claimed.version != promotion->version)
		clientele_audience_use_version(asked.audience, &claimed);
	clientele_decide_redeem(&asked, &claimed, strcmp(clientele_claim_text(claim, CLAIM_ORIGIN), "claim") != 0, &reasons, &benefit);
	refuse(claim, &reasons);
	clientele_reasons_add_lack(&reasons,
							   clientele_stock_take_of_bill(&request->population, promotion,
															bill->branch ? text_to_cstring(bill->branch) : NULL,
															benefit.value, request->now),
							   NameStr(promotion->name));
	refuse(claim, &reasons);
	clientele_claim_set_bill(claim, document, bill);
	clientele_claim_set_benefit(claim, &benefit, claimed.bound->promotion->benefit.kind);
	evidence = clientele_decide_evidence(&asked, &claimed);
	clientele_asked_end(&asked);
	return evidence;
}

/* ---------- the rows ---------- */

static void
write_redeemed(const ClienteleRequest *request, ClienteleOwnTable *claims, ClienteleOwnRow *claim, Jsonb *document,
			   Jsonb *evidence, ClienteleClaimAnswer *answer)
{
	const ClientelePromotion *promotion = clientele_offered_version(DatumGetInt32(claim->values[CLAIM_PROMOTION]),
																	 DatumGetInt32(claim->values[CLAIM_VERSION]))->promotion;
	ClienteleStep step = {.step = "redeem",.bill = document,.evidence = evidence};
	ClienteleDecimal given = clientele_claim_number(claim, CLAIM_GIVEN);
	ClienteleReasons reasons = {NIL, NIL, 0};

	clientele_give_reserve(request, &promotion->benefit, given, &reasons);
	refuse(claim, &reasons);
	clientele_claim_set_text(claim, CLAIM_STATE, "redeemed");
	clientele_claim_set(claim, CLAIM_REDEEMED_AT, TimestampTzGetDatum(request->now));
	clientele_own_update(claims, claim);
	clientele_give(request, claim, &promotion->benefit, given);
	clientele_answer_of_claim(answer, claim, promotion);
	step.claim_id = answer->claim_id;
	step.answer = clientele_answer_to_json(answer);
	clientele_step_write(request, &step);
}

static void
redeem(const ClienteleRequest *request, ClienteleOwnRow *claim, Jsonb *document, ClienteleClaimAnswer *answer)
{
	ClienteleOwnTable *claims = clientele_own_open("claim");
	const ClienteleBill *bill;
	const ClienteleOffered *promotion;
	Jsonb	   *evidence = NULL;

	clientele_claim_lock_all(request, claims, claim);
	refuse_over(claim, request->now);
	if (!claim->nulls[CLAIM_TEAM])
		refuse_incomplete(request, claim);
	bill = bill_of(claim, document);
	clientele_stock_share(&request->population, DatumGetInt32(claim->values[CLAIM_PROMOTION]));
	promotion = clientele_offered_number(&request->population, DatumGetInt32(claim->values[CLAIM_PROMOTION]));
	if (bill != NULL)
		evidence = meet_bill(request, promotion, claim, document, bill);
	write_redeemed(request, claims, claim, document, evidence, answer);
	clientele_own_close(claims);
}

/* caller, claim_id, request_id, bill */
Datum
clientele_redeem(PG_FUNCTION_ARGS)
{
	ClienteleRequest request;
	ClienteleOwnRow claim;
	ClienteleOwnRow step;
	ClienteleClaimAnswer answer;
	int64		claim_id = clientele_claim_argument(fcinfo, 1);
	Jsonb	   *document = PG_ARGISNULL(3) ? NULL : PG_GETARG_JSONB_P(3);

	clientele_request_begin_with_claim(&request, PG_GETARG_OID(0), claim_id,
									   clientele_text_argument(fcinfo, 2, "request_id"), &claim);
	if (clientele_request_answered(&request, &step))
	{
		clientele_request_compare_verb(&request, &step, "redeem");
		clientele_request_compare_claim(&request, &step, claim_id);
		clientele_request_compare_bill(&request, &step, document);
		clientele_answer_of_step(&answer, &step);
	}
	else
		redeem(&request, &claim, document, &answer);
	clientele_answer_name(&answer, &request.population);
	clientele_request_end(&request);
	return clientele_answer_row_of_redeemed(fcinfo, &answer);
}
