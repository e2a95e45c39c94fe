/*
 * claim_answer.c
 *		What an application is told: as a row, and as it is kept for when it asks again.
 */
#include "postgres.h"

#include "funcapi.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "base/jsonb_object.h"
#include "base/local_time.h"
#include "claim/claim.h"
#include "compat.h"
#include "promotion/benefit_row.h"

/* ---------- of a claim ---------- */

void
clientele_answer_of_claim(ClienteleClaimAnswer *answer, const ClienteleOwnRow *claim, const ClientelePromotion *promotion)
{
	memset(answer, 0, sizeof(ClienteleClaimAnswer));
	answer->claim_id = DatumGetInt64(claim->values[CLAIM_ID]);
	answer->promotion_id = DatumGetInt32(claim->values[CLAIM_PROMOTION]);
	answer->state = clientele_claim_text(claim, CLAIM_STATE);
	answer->benefit = &promotion->benefit;
	answer->has_given = !claim->nulls[CLAIM_GIVEN];
	answer->amount = clientele_claim_number(claim, CLAIM_AMOUNT);
	answer->value = clientele_claim_number(claim, CLAIM_VALUE);
	answer->given = clientele_claim_number(claim, CLAIM_GIVEN);
	answer->expires_at = DatumGetTimestampTz(claim->values[CLAIM_EXPIRES_AT]);
}

void
clientele_answer_name(ClienteleClaimAnswer *answer, const ClientelePopulation *population)
{
	if (answer->promotion_id != 0)
		answer->promotion = pstrdup(NameStr(clientele_offered_number(population, answer->promotion_id)->name));
}

/* ---------- kept ---------- */

Jsonb *
clientele_answer_to_json(const ClienteleClaimAnswer *answer)
{
	ClienteleJsonbObject object;

	clientele_jsonb_begin(&object);
	clientele_jsonb_put_text(&object, "state", answer->state);
	if (answer->has_given)
	{
		clientele_jsonb_put_number(&object, "amount", answer->amount);
		clientele_jsonb_put_number(&object, "value", answer->value);
		clientele_jsonb_put_number(&object, "given", answer->given);
	}
	if (!TIMESTAMP_IS_NOEND(answer->expires_at))
		clientele_jsonb_put_text(&object, "expires_at", clientele_instant_to_string(answer->expires_at, NULL));
	if (answer->completes_team)
		clientele_jsonb_put_bool(&object, CLIENTELE_COMPLETES_TEAM, true);
	if (answer->policy != NULL)
		clientele_jsonb_put_text(&object, CLIENTELE_POLICY, answer->policy);
	return clientele_jsonb_end(&object);
}

void
clientele_answer_of_step(ClienteleClaimAnswer *answer, const ClienteleOwnRow *step)
{
	int64		claim_id = DatumGetInt64(step->values[STEP_CLAIM]);
	Jsonb	   *document = clientele_claim_json(step, STEP_ANSWER);
	ClienteleOwnTable *claims = clientele_own_open("claim");
	ClienteleOwnRow claim;
	char	   *expires_at = clientele_jsonb_text(document, "expires_at");

	if (!clientele_claim_get(claims, claim_id, &claim))
		clientele_refuse_gone(psprintf("claim %lld", (long long) claim_id));
	clientele_own_close(claims);
	memset(answer, 0, sizeof(ClienteleClaimAnswer));
	answer->claim_id = claim_id;
	answer->promotion_id = DatumGetInt32(claim.values[CLAIM_PROMOTION]);
	answer->state = clientele_jsonb_text(document, "state");
	answer->benefit = &clientele_offered_version(DatumGetInt32(claim.values[CLAIM_PROMOTION]),
												 DatumGetInt32(claim.values[CLAIM_VERSION]))->promotion->benefit;
	answer->has_given = clientele_jsonb_has(document, "given");
	answer->amount = clientele_jsonb_number(document, "amount");
	answer->value = clientele_jsonb_number(document, "value");
	answer->given = clientele_jsonb_number(document, "given");
	answer->expires_at = expires_at == NULL ? DT_NOEND :
		DatumGetTimestampTz(DirectFunctionCall3(timestamptz_in, CStringGetDatum(expires_at), ObjectIdGetDatum(InvalidOid),
												Int32GetDatum(-1)));
}

/* ---------- as a row ---------- */

/* Columns; those of a benefit without the days that coupons are valid. */
enum
{
	ROW_CLAIM,
	ROW_STATE,
	ROW_BENEFIT,
	ROW_EXPIRES_AT = ROW_BENEFIT + CLIENTELE_BENEFIT_COLUMNS - 1,
	ROW_REASONS,
	ROW_MISSING,
	ROW_PROMOTION,
	ROW_REDEEMED_PROMOTION = ROW_EXPIRES_AT /* what is redeemed has nothing of what is between */
};

Datum
clientele_row_of_call(FunctionCallInfo fcinfo, Datum *values, bool *nulls)
{
	TupleDesc	columns = fcinfo->flinfo->fn_extra;

	if (columns == NULL)
	{
		MemoryContext caller = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);

		if (get_call_result_type(fcinfo, NULL, &columns) != TYPEFUNC_COMPOSITE)
			elog(ERROR, "the function is to return a row");
		columns = BlessTupleDesc(CreateTupleDescCopy(columns));
		fcinfo->flinfo->fn_extra = columns;
		MemoryContextSwitchTo(caller);
	}
	return HeapTupleGetDatum(heap_form_tuple(columns, values, nulls));
}

static Datum
text_array(const List *texts)
{
	const char **elements = palloc(mul_size(Max(list_length(texts), 1), sizeof(char *)));
	const ListCell *cell;
	int			count = 0;

	foreach(cell, texts)
		elements[count++] = lfirst(cell);
	return clientele_text_array(count, elements);
}

static void
fill(ClienteleResultRow *row, const ClienteleClaimAnswer *answer)
{
	clientele_result_clear(row);
	if (answer->claim_id != 0)
	{
		clientele_result_set(row, ROW_CLAIM, Int64GetDatum(answer->claim_id));
		clientele_result_set_text(row, ROW_STATE, answer->state);
		clientele_benefit_row_set(row, ROW_BENEFIT, answer->benefit, answer->has_given, &answer->amount, &answer->value, &answer->given);
	}
}

static void
fill_of_claim(ClienteleResultRow *row, const ClienteleClaimAnswer *answer)
{
	fill(row, answer);
	row->nulls[ROW_EXPIRES_AT] = true;
	if (answer->claim_id != 0)
		clientele_result_set_horizon(row, ROW_EXPIRES_AT, answer->expires_at);
	clientele_result_set(row, ROW_REASONS, text_array(answer->reasons.words));
	clientele_result_set(row, ROW_MISSING, text_array(answer->reasons.sentences));
	clientele_result_set_text(row, ROW_PROMOTION, answer->promotion);
}

Datum
clientele_answer_row(FunctionCallInfo fcinfo, const ClienteleClaimAnswer *answer)
{
	ClienteleResultRow row;

	fill_of_claim(&row, answer);
	return clientele_row_of_call(fcinfo, row.values, row.nulls);
}

Datum
clientele_answer_row_of_redeemed(FunctionCallInfo fcinfo, const ClienteleClaimAnswer *answer)
{
	ClienteleResultRow row;

	fill(&row, answer);
	clientele_result_set_text(&row, ROW_REDEEMED_PROMOTION, answer->promotion);
	return clientele_row_of_call(fcinfo, row.values, row.nulls);
}

void
clientele_answer_put(FunctionCallInfo fcinfo, const ClienteleClaimAnswer *answer)
{
	ClienteleResultRow row;

	fill_of_claim(&row, answer);
	clientele_result_put(fcinfo, &row);
}

/* ---------- refused ---------- */

void
clientele_answer_refuse(const ClienteleClaimAnswer *answer, const char *what)
{
	StringInfoData all;
	ListCell   *cell;

	initStringInfo(&all);
	foreach(cell, answer->reasons.sentences)
		appendStringInfo(&all, "%s%s", all.len == 0 ? "" : "; ", (char *) lfirst(cell));
	ereport(ERROR,
			(errcode(answer->reasons.errcode),
			 errmsg("%s: %s", what, (char *) linitial(answer->reasons.sentences)),
			 errdetail("%s.", all.data),
			 errhint("clientele.offers() says beforehand what a customer may have; try_claim() and try_claim_code() refuse without an error.")));
}
