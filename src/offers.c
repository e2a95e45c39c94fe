/*
 * offers.c
 *		offers() and best_offers(): what a customer is to have on a bill, of all promotions
 *		that run.
 *
 * They look at what claims would look at: the newest committed definitions and stock, and
 * the customer's profile as this moment sees it, the transaction's own rows included.
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"

#include "benefit_row.h"
#include "clock.h"
#include "compat.h"
#include "local_time.h"
#include "offer.h"
#include "reader.h"

PG_FUNCTION_INFO_V1(clientele_offers);
PG_FUNCTION_INFO_V1(clientele_best_offers);

/* Columns of offers(). */
enum
{
	OFFER_PROMOTION,
	OFFER_ELIGIBLE,
	OFFER_BENEFIT,
	OFFER_SPEND_MORE = OFFER_BENEFIT + CLIENTELE_BENEFIT_COLUMNS,
	OFFER_GIVEN_THEN,
	OFFER_REASONS,
	OFFER_MISSING,
	OFFER_REMAINING,
	OFFER_ENDS_AT
};

/* One call. */
typedef struct Question
{
	ClientelePopulation population;
	ClienteleBill *bill;		/* NULL = there is none yet */
	TimestampTz as_of;
	pg_tz	   *zone;			/* of the bill's branch */
	ClienteleMoment moment;		/* there, at as_of */
	Snapshot	snapshot;
	ClienteleAudience *audience;
	char	   *key;			/* as text, canonical */
	int			nanswers;
	ClienteleOfferAnswer *answers;
} Question;

/* ---------- what is asked ---------- */

static Datum
key_datum(FunctionCallInfo fcinfo, Oid type)
{
	if (get_fn_expr_argtype(fcinfo->flinfo, 1) == type)
		return PG_GETARG_DATUM(1);
	return clientele_key_of_text(type, clientele_key_argument(fcinfo, 1));
}

static char *
key_text(Oid type, Datum key)
{
	Oid			output;
	bool		is_varlena;

	getTypeOutputInfo(type, &output, &is_varlena);
	return OidOutputFunctionCall(output, key);
}

/* False where nobody is asked about. */
static bool
begin_question(FunctionCallInfo fcinfo, int as_of, Question *question)
{
	static const ClienteleRight rights[] = {{"claim", "INSERT"}, {"promotion", "SELECT"}};
	ClientelePopulation *population = &question->population;
	bool		past = !PG_ARGISNULL(as_of);
	Oid			key_type;
	Datum		key;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		return false;
	clientele_population_get(text_to_cstring(PG_GETARG_TEXT_PP(0)), population);
	clientele_check_allowed(GetUserId(), population, lengthof(rights), rights);
	if (past && TIMESTAMP_NOT_FINITE(PG_GETARG_TIMESTAMPTZ(as_of)))
		clientele_refuse_eternity();
	question->as_of = past ? PG_GETARG_TIMESTAMPTZ(as_of) : clientele_clock_now();
	question->bill = PG_ARGISNULL(2) ? NULL : clientele_bill_read(PG_GETARG_JSONB_P(2));
	question->zone = clientele_branch_zone(population, question->bill ? question->bill->branch : NULL);
	question->moment = clientele_moment(question->as_of, question->zone);

	key_type = get_atttype(population->relation, get_attnum(population->relation, NameStr(population->key_column)));
	key = key_datum(fcinfo, key_type);
	question->key = key_text(key_type, key);
	question->snapshot = RegisterSnapshot(GetLatestSnapshot());
	question->audience = past ?
		clientele_audience_begin_at(population, key_type, key, question->as_of, question->bill, question->snapshot) :
		clientele_audience_begin(population, key_type, key, question->as_of, question->bill, question->snapshot);
	return true;
}

static void
end_question(Question *question)
{
	clientele_audience_end(question->audience);
	UnregisterSnapshot(question->snapshot);
}

/* ---------- the answers ---------- */

/* Whether it is offered at all: its time is not over.  Earn rules are not asked for. */
static bool
is_running(const Question *question, const ClienteleOffered *offered)
{
	return !offered->automatic && (offered->state == CLIENTELE_PUBLISHED || offered->state == CLIENTELE_PAUSED) &&
		question->moment.day <= offered->bound->promotion->term.to;
}

static bool
has_stock(const ClientelePromotion *promotion)
{
	const ClientelePromotionStock *stock = &promotion->stock;

	return promotion->has_budget || stock->total != CLIENTELE_NO_LIMIT || stock->per_branch != CLIENTELE_NO_LIMIT ||
		stock->per_day != CLIENTELE_NO_LIMIT || stock->per_customer != CLIENTELE_NO_LIMIT ||
		stock->per_period != CLIENTELE_NO_LIMIT;
}

/* What is left of those that are limited. */
static void
look_at_stock(Question *question)
{
	Size		most = Max(question->nanswers, 1);
	const ClienteleOffered **limited = palloc(mul_size(most, sizeof(ClienteleOffered *)));
	DateADT    *days = palloc(mul_size(most, sizeof(DateADT)));
	ClienteleStockLeft *left = palloc(mul_size(most, sizeof(ClienteleStockLeft)));
	int		   *of_customer = palloc(mul_size(most, sizeof(int)));
	const char *branch = question->bill && question->bill->branch ? text_to_cstring(question->bill->branch) : NULL;
	int			nlimited = 0;

	for (int i = 0; i < question->nanswers; i++)
	{
		if (!has_stock(question->answers[i].offered->bound->promotion))
			continue;
		days[nlimited] = question->moment.day;
		limited[nlimited++] = question->answers[i].offered;
	}
	if (nlimited == 0)
		return;
	clientele_stock_left(&question->population, nlimited, limited, branch, days, question->as_of, question->snapshot, left);
	clientele_stock_left_of_customer(&question->population, question->key, nlimited, limited, days, question->as_of,
									 question->snapshot, of_customer);
	for (int i = 0, n = 0; n < nlimited; i++)
	{
		ClienteleOfferAnswer *answer = &question->answers[i];

		if (answer->offered != limited[n])
			continue;
		clientele_offer_limit(answer, &left[n], of_customer[n], CLIENTELE_NO_LIMIT);
		n++;
	}
}

/* Of every running promotion, the larger priority first; none of a customer who is not there. */
static void
find_answers(Question *question)
{
	const ClienteleOfferedList *list = clientele_offered_all(&question->population);

	question->nanswers = 0;
	question->answers = palloc(mul_size(Max(list->count, 1), sizeof(ClienteleOfferAnswer)));
	if (list->count == 0 || !clientele_audience_exists(question->audience))
		return;
	for (int i = 0; i < list->count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (is_running(question, &list->promotions[i]))
			clientele_offer_examine(question->audience, &list->promotions[i], question->bill, question->moment,
									&question->answers[question->nanswers++]);
	}
	look_at_stock(question);
}

/* ---------- the functions ---------- */

static void
put_offer(FunctionCallInfo fcinfo, const Question *question, const ClienteleOfferAnswer *answer)
{
	const ClientelePromotion *promotion = answer->offered->bound->promotion;
	const ClienteleBenefit *benefit = &answer->benefit;
	const char **words;
	char	  **sentences;
	int			nreasons = clientele_offer_reasons(answer, &words, &sentences);
	ClienteleResultRow row;

	clientele_result_clear(&row);
	clientele_result_set_text(&row, OFFER_PROMOTION, NameStr(answer->offered->name));
	clientele_result_set(&row, OFFER_ELIGIBLE, BoolGetDatum(answer->eligible));
	clientele_benefit_row_set(&row, OFFER_BENEFIT, &promotion->benefit, answer->eligible && question->bill != NULL,
							  &benefit->amount, &benefit->value, &benefit->given);
	clientele_result_set_number(&row, OFFER_SPEND_MORE, benefit->has_more ? &benefit->spend_more : NULL);
	clientele_result_set_number(&row, OFFER_GIVEN_THEN, benefit->has_then ? &benefit->given_then : NULL);
	clientele_result_set(&row, OFFER_REASONS, clientele_text_array(nreasons, words));
	clientele_result_set(&row, OFFER_MISSING, clientele_text_array(nreasons, (const char *const *) sentences));
	if (answer->remaining != CLIENTELE_NO_LIMIT)
		clientele_result_set(&row, OFFER_REMAINING, Int32GetDatum(answer->remaining));
	if (!DATE_IS_NOEND(promotion->term.to))
		clientele_result_set(&row, OFFER_ENDS_AT,
							 TimestampTzGetDatum(clientele_instant((Timestamp) (promotion->term.to + 1) * USECS_PER_DAY, question->zone)));
	clientele_result_put(fcinfo, &row);
}

/* offers(population, key, bill [, as_of]) */
Datum
clientele_offers(PG_FUNCTION_ARGS)
{
	Question	question;

	InitMaterializedSRF(fcinfo, 0);
	if (!begin_question(fcinfo, 3, &question))
		return (Datum) 0;
	find_answers(&question);
	for (int i = 0; i < question.nanswers; i++)
		put_offer(fcinfo, &question, &question.answers[i]);
	end_question(&question);
	return (Datum) 0;
}

static const ClienteleOfferAnswer *
answer_of(const Question *question, const ClienteleOffer *offer)
{
	for (int i = 0; i < question->nanswers; i++)
	{
		if (question->answers[i].offered->id == offer->position)
			return &question->answers[i];
	}
	elog(ERROR, "an offer is of no promotion");
	return NULL;
}

static void
put_chosen(FunctionCallInfo fcinfo, const Question *question, const ClienteleOffer *offer)
{
	const ClienteleOffered *offered = answer_of(question, offer)->offered;
	const ClientelePromotionBenefit *benefit = &offer->promotion->benefit;
	ClienteleResultRow row;

	clientele_result_clear(&row);
	clientele_result_set_text(&row, 0, NameStr(offered->name));
	clientele_benefit_row_set(&row, 1, benefit, true, &offer->amount,
							  clientele_reduces_bill(benefit->kind) ? &offer->amount : &offer->benefit.value,
							  &offer->benefit.given);
	clientele_result_put(fcinfo, &row);
}

/* best_offers(population, key, bill [, policy, as_of]) */
Datum
clientele_best_offers(PG_FUNCTION_ARGS)
{
	Question	question;
	ClienteleOffer *offers;
	int			noffers = 0;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(2) || !begin_question(fcinfo, 4, &question))
		return (Datum) 0;
	find_answers(&question);
	offers = palloc(mul_size(Max(question.nanswers, 1), sizeof(ClienteleOffer)));
	for (int i = 0; i < question.nanswers; i++)
	{
		const ClienteleOfferAnswer *answer = &question.answers[i];

		if (!answer->eligible)
			continue;
		offers[noffers].promotion = answer->offered->bound->promotion;
		offers[noffers].position = answer->offered->id;
		offers[noffers++].benefit = answer->benefit;
	}
	clientele_offers_choose(offers, noffers, question.bill->amount, clientele_policy_argument(fcinfo, 3));
	for (int i = 0; i < noffers; i++)
	{
		if (offers[i].chosen)
			put_chosen(fcinfo, &question, &offers[i]);
	}
	end_question(&question);
	return (Datum) 0;
}
