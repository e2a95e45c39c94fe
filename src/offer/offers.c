/*
 * offers.c
 *		offers() and best_offers(): what a customer is to have on a bill, of all promotions
 *		that run.
 *
 * They look at what claims would look at: the newest committed definitions and stock, and
 * the customer's profile as this moment sees it, the transaction's own rows included.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/tuplestore.h"

#include "base/clock.h"
#include "base/text_length.h"
#include "claim/claim.h"
#include "compat.h"
#include "population/reader.h"
#include "promotion/benefit_row.h"
#include "stock/stock.h"

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
	OFFER_TO_DAY
};

typedef struct Answer
{
	const ClienteleOffered *offered;
	ClienteleReasons reasons;	/* none: the customer may have it */
	ClienteleBenefit benefit;
	int			remaining;		/* how many he could still have; CLIENTELE_NO_LIMIT */
} Answer;

/* One call: asked as a claim asks, but of all promotions, and nothing is locked. */
typedef struct Question
{
	ClienteleRequest request;
	ClienteleAsked asked;
	int			nanswers;
	Answer	   *answers;
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
	ClienteleRequest *request = &question->request;
	ClienteleAsked *asked = &question->asked;
	bool		past = !PG_ARGISNULL(as_of);
	Oid			key_type;
	Datum		key;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		return false;
	memset(question, 0, sizeof(Question));
	clientele_population_get(text_to_cstring(PG_GETARG_TEXT_PP(0)), &request->population);
	clientele_population_hold(&request->population);
	clientele_check_allowed(GetUserId(), &request->population, lengthof(rights), rights);
	if (past && TIMESTAMP_NOT_FINITE(PG_GETARG_TIMESTAMPTZ(as_of)))
		clientele_refuse_eternity();
	request->now = past ? PG_GETARG_TIMESTAMPTZ(as_of) : clientele_clock_now();

	key_type = clientele_population_key_type(&request->population);
	key = key_datum(fcinfo, key_type);
	asked->request = request;
	asked->key = key_text(key_type, key);
	clientele_text_check_length("key", asked->key);
	asked->bill = PG_ARGISNULL(2) ? NULL : clientele_bill_read(PG_GETARG_JSONB_P(2));
	asked->zone = clientele_branch_zone(&request->population, asked->bill ? asked->bill->branch : NULL);
	asked->moment = clientele_moment(request->now, asked->zone);
	asked->snapshot = RegisterSnapshot(GetLatestSnapshot());
	asked->audience = past ?
		clientele_audience_begin_at(&request->population, key_type, key, request->now, asked->bill, asked->snapshot) :
		clientele_audience_begin(&request->population, key_type, key, request->now, asked->bill, asked->snapshot);
	asked->claims = clientele_own_open_as_of("claim", asked->snapshot);
	clientele_bill_claims_read(&asked->bill_claims, &request->population, asked->claims, asked->key, asked->bill, request->now);
	return true;
}

/* ---------- the answers ---------- */

/* Whether it is offered at all: its time is not over.  Earn rules are not asked for. */
static bool
is_running(const Question *question, const ClienteleOffered *offered)
{
	return !offered->automatic && (offered->state == CLIENTELE_PUBLISHED || offered->state == CLIENTELE_PAUSED) &&
		question->asked.moment.day <= offered->bound->promotion->term.to;
}

static bool
has_stock(const ClientelePromotion *promotion)
{
	const ClientelePromotionStock *stock = &promotion->stock;

	return promotion->has_budget || stock->total != CLIENTELE_NO_LIMIT || stock->per_branch != CLIENTELE_NO_LIMIT ||
		stock->per_day != CLIENTELE_NO_LIMIT || stock->per_customer != CLIENTELE_NO_LIMIT ||
		stock->per_period != CLIENTELE_NO_LIMIT;
}

static void
take_in_limits(const Question *question, Answer *answer, const ClienteleStockLeft *left, int of_customer, int of_period)
{
	uint32		lack = clientele_decide_lack(&question->asked, &answer->benefit, left);

	clientele_reasons_add_limits(&answer->reasons, answer->offered, of_customer, of_period);
	clientele_reasons_add_lack(&answer->reasons, lack, NameStr(answer->offered->name));
	answer->remaining = Min(Min(left->total, left->branch), Min(left->day, Min(of_customer, of_period)));
	if (lack & CLIENTELE_LACK_BUDGET)
		answer->remaining = 0;
}

/* What is left of those that are limited. */
static void
look_at_stock(Question *question)
{
	const ClienteleAsked *asked = &question->asked;
	const ClientelePopulation *population = &question->request.population;
	Size		most = Max(question->nanswers, 1);
	Answer	  **limited = palloc(mul_size(most, sizeof(Answer *)));
	const ClienteleOffered **promotions = palloc(mul_size(most, sizeof(ClienteleOffered *)));
	DateADT    *days = palloc(mul_size(most, sizeof(DateADT)));
	ClienteleStockLeft *left = palloc(mul_size(most, sizeof(ClienteleStockLeft)));
	int		   *of_customer = palloc(mul_size(most, sizeof(int)));
	int		   *of_period = palloc(mul_size(most, sizeof(int)));
	const char *branch = asked->bill && asked->bill->branch ? text_to_cstring(asked->bill->branch) : NULL;
	int			nlimited = 0;

	for (int i = 0; i < question->nanswers; i++)
	{
		if (!has_stock(question->answers[i].offered->bound->promotion))
			continue;
		limited[nlimited] = &question->answers[i];
		promotions[nlimited] = question->answers[i].offered;
		days[nlimited++] = asked->moment.day;
	}
	if (nlimited == 0)
		return;
	clientele_stock_left(population, nlimited, promotions, branch, days, question->request.now, asked->snapshot, left);
	clientele_stock_left_of_all_limits(asked->claims, population, asked->key, nlimited, promotions, asked->moment.day,
									   question->request.now, of_customer, of_period);
	for (int i = 0; i < nlimited; i++)
		take_in_limits(question, limited[i], &left[i], of_customer[i], of_period[i]);
}

/* Of every running promotion, the larger priority first; none of a customer who is not there. */
static void
find_answers(Question *question)
{
	const ClienteleOfferedList *list = clientele_offered_all(&question->request.population);

	question->answers = palloc0(mul_size(Max(list->count, 1), sizeof(Answer)));
	if (list->count == 0 || !clientele_audience_exists(question->asked.audience))
		return;
	for (int i = 0; i < list->count; i++)
	{
		Answer	   *answer = &question->answers[question->nanswers];

		CHECK_FOR_INTERRUPTS();
		if (!is_running(question, &list->promotions[i]))
			continue;
		answer->offered = &list->promotions[i];
		answer->remaining = CLIENTELE_NO_LIMIT;
		clientele_decide_offer(&question->asked, answer->offered, &answer->reasons, &answer->benefit);
		question->nanswers++;
	}
	look_at_stock(question);
}

/* ---------- the functions ---------- */

static Datum
array_of(const List *texts)
{
	const char **elements;
	const ListCell *cell;
	int			count = 0;

	if (texts == NIL)
		return clientele_text_array(0, NULL);
	elements = palloc(mul_size(list_length(texts), sizeof(char *)));
	foreach(cell, texts)
		elements[count++] = lfirst(cell);
	return clientele_text_array(count, elements);
}

static HeapTuple
form_row(const Question *question, const Answer *answer, TupleDesc columns)
{
	const ClientelePromotion *promotion = answer->offered->bound->promotion;
	const ClienteleBenefit *benefit = &answer->benefit;
	bool		eligible = answer->reasons.words == NIL;
	ClienteleResultRow row;

	clientele_result_clear(&row);
	clientele_result_set(&row, OFFER_PROMOTION, PointerGetDatum(answer->offered->name_text));
	clientele_result_set(&row, OFFER_ELIGIBLE, BoolGetDatum(eligible));
	clientele_benefit_row_set(&row, OFFER_BENEFIT, &promotion->benefit, eligible && question->asked.bill != NULL,
							  &benefit->amount, &benefit->value, &benefit->given);
	clientele_result_set_number(&row, OFFER_SPEND_MORE, benefit->has_more ? &benefit->spend_more : NULL);
	clientele_result_set_number(&row, OFFER_GIVEN_THEN, benefit->has_then ? &benefit->given_then : NULL);
	clientele_result_set(&row, OFFER_REASONS, array_of(answer->reasons.words));
	clientele_result_set(&row, OFFER_MISSING, array_of(answer->reasons.sentences));
	if (answer->remaining != CLIENTELE_NO_LIMIT)
		clientele_result_set(&row, OFFER_REMAINING, Int32GetDatum(answer->remaining));
	if (!DATE_NOT_FINITE(promotion->term.to))
		clientele_result_set(&row, OFFER_TO_DAY, DateADTGetDatum(promotion->term.to));
	return heap_form_tuple(columns, row.values, row.nulls);
}

/* ---------- rows that say what was said before ---------- */

/* In the short form; of others it is not known. */
static bool
same_number(ClienteleDecimal a, ClienteleDecimal b)
{
	return a.scale >= 0 && a.scale == b.scale && a.u.units == b.u.units;
}

static bool
same_texts(const List *a, const List *b)
{
	const ListCell *left;
	const ListCell *right;

	if (list_length(a) != list_length(b))
		return false;
	forboth(left, a, right, b)
	{
		if (lfirst(left) != lfirst(right) && strcmp(lfirst(left), lfirst(right)) != 0)
			return false;
	}
	return true;
}

static bool
is_same(const ClienteleOfferSaid *a, const ClienteleOfferSaid *b)
{
	return same_number(a->given, b->given) && same_number(a->spend_more, b->spend_more) &&
		same_number(a->given_then, b->given_then) && a->remaining == b->remaining &&
		same_texts(a->words, b->words) && same_texts(a->sentences, b->sentences);
}

static List *
copy_texts(const List *texts)
{
	List	   *copy = NIL;
	const ListCell *cell;

	foreach(cell, texts)
		copy = lappend(copy, pstrdup(lfirst(cell)));
	return copy;
}

/* For as long as the promotion is kept. */
static void
keep_row(ClienteleOfferRow *kept, HeapTuple row, const ClienteleOfferSaid *said, MemoryContext context)
{
	MemoryContext caller = MemoryContextSwitchTo(context);

	if (kept->row != NULL)
	{
		heap_freetuple(kept->row);
		kept->row = NULL;
		list_free_deep(kept->said.words);
		list_free_deep(kept->said.sentences);
	}
	kept->said = *said;
	kept->said.words = copy_texts(said->words);
	kept->said.sentences = copy_texts(said->sentences);
	kept->row = heap_copytuple(row);
	MemoryContextSwitchTo(caller);
}

static void
put_offer(FunctionCallInfo fcinfo, const Question *question, const Answer *answer)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	const ClienteleOffered *offered = answer->offered;
	const ClienteleBenefit *benefit = &answer->benefit;
	bool		eligible = answer->reasons.words == NIL;
	ClienteleOfferRow *kept = &offered->rows[eligible];
	ClienteleOfferSaid said = {
		.given = eligible ? benefit->given : CLIENTELE_ZERO,
		.spend_more = benefit->spend_more,
		.given_then = benefit->given_then,
		.remaining = answer->remaining,
		.words = answer->reasons.words,
		.sentences = answer->reasons.sentences
	};

	if (kept->row == NULL || !is_same(&kept->said, &said))
		keep_row(kept, form_row(question, answer, result->setDesc), &said, GetMemoryChunkContext(offered->rows));
	tuplestore_puttuple(result->setResult, kept->row);
}

/* Short values are not packed: whoever sends a row would unpack each of them. */
static void
leave_unpacked(TupleDesc columns)
{
	for (int i = 0; i < columns->natts; i++)
	{
		TupleDescAttr(columns, i)->attstorage = TYPSTORAGE_PLAIN;
		clientele_column_changed(columns, i);
	}
}

/* offers(population, key, bill [, as_of]) */
Datum
clientele_offers(PG_FUNCTION_ARGS)
{
	Question	question;

	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	if (!begin_question(fcinfo, 3, &question))
		return (Datum) 0;
	find_answers(&question);
	leave_unpacked(((ReturnSetInfo *) fcinfo->resultinfo)->setDesc);
	for (int i = 0; i < question.nanswers; i++)
		put_offer(fcinfo, &question, &question.answers[i]);
	clientele_asked_end(&question.asked);
	return (Datum) 0;
}

static const Answer *
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
		const Answer *answer = &question.answers[i];

		/* who buys together does so with claim(..., team => ...) */
		if (answer->reasons.words != NIL || answer->offered->bound->promotion->joiners > 0)
			continue;
		offers[noffers].promotion = answer->offered->bound->promotion;
		offers[noffers].position = answer->offered->id;
		offers[noffers++].benefit = answer->benefit;
	}
	clientele_offers_choose(offers, noffers, clientele_bill_claims_room(&question.asked.bill_claims, question.asked.bill),
							clientele_policy_argument(fcinfo, 3));
	for (int i = 0; i < noffers; i++)
	{
		if (offers[i].chosen)
			put_chosen(fcinfo, &question, &offers[i]);
	}
	clientele_asked_end(&question.asked);
	return (Datum) 0;
}
