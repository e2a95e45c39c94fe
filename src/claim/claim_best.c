/*
 * claim_best.c
 *		claim_best(): takes what best_offers() would say, all of it or what is best without what
 *		has just been sold out.
 */
#include "postgres.h"

#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "claim/claim.h"
#include "compat.h"
#include "promotion/benefit_row.h"
#include "stock/stock.h"

PG_FUNCTION_INFO_V1(clientele_claim_best);

/* One that is to be had, or is taken. */
typedef struct Chosen
{
	ClienteleFound found;
	int			version;		/* that was decided by ... */
	ClienteleDecimal holdout;	/* ... and how many were left out */
} Chosen;

static void
put(FunctionCallInfo fcinfo, const ClienteleRequest *request, ClienteleClaimAnswer *answer)
{
	clientele_answer_name(answer, &request->population);
	clientele_answer_put(fcinfo, answer);
}

/* ---------- asked before ---------- */

/* The first has the number of the request itself, so that whoever uses it for anything else is noticed. */
static ClienteleRequest
part_of(const ClienteleRequest *request, int number)
{
	ClienteleRequest part = *request;

	if (number > 1)
		part.id = psprintf("%s/%d", request->id, number);
	return part;
}

/* Those of earn() have numbers of their own all. */
static void
refuse_earned(const ClienteleRequest *request)
{
	ClienteleRequest part = *request;
	ClienteleOwnRow step;

	part.id = psprintf("%s/1", request->id);
	if (clientele_request_answered(&part, &step))
		clientele_request_refuse_other(request, psprintf("there is \"%s\" already", part.id));
}

/* Puts what was answered then; false if it was not asked. */
static bool
was_answered(FunctionCallInfo fcinfo, const ClienteleRequest *request, ClienteleWish *wish)
{
	for (int number = 1;; number++)
	{
		ClienteleRequest part = part_of(request, number);
		ClienteleClaimAnswer answer;
		ClienteleOwnRow step;

		if (!clientele_request_answered(&part, &step))
		{
			if (number == 1)
				refuse_earned(request);
			return number > 1;
		}
		clientele_wish_compare(&part, wish, &step);
		clientele_answer_of_step(&answer, &step);
		put(fcinfo, request, &answer);
	}
}

/* ---------- choosing ---------- */

/* Earn rules come by themselves, and who buys together says so. */
static bool
is_asked_for(const ClienteleOffered *promotion, const List *sold_out)
{
	return promotion->state == CLIENTELE_PUBLISHED && !promotion->automatic && promotion->bound->promotion->joiners == 0 &&
		!list_member_int(sold_out, promotion->id);
}

/* The best, in the order in which they apply. */
static int
choose(const ClienteleAsked *asked, const List *sold_out, ClienteleOfferPolicy policy, Chosen **chosen)
{
	const ClienteleOfferedList *list = clientele_offered_all(&asked->request->population);
	ClienteleOffer *offers = palloc0(mul_size(Max(list->count, 1), sizeof(ClienteleOffer)));
	int			noffers = 0;
	int			nchosen = 0;

	for (int i = 0; i < list->count; i++)
	{
		ClienteleReasons reasons = {NIL, NIL, 0};

		CHECK_FOR_INTERRUPTS();
		if (!is_asked_for(&list->promotions[i], sold_out))
			continue;
		clientele_decide_claim(asked, &list->promotions[i], &reasons, &offers[noffers].benefit);
		if (reasons.words != NIL)
			continue;
		offers[noffers].promotion = list->promotions[i].bound->promotion;
		offers[noffers++].position = list->promotions[i].id;
	}
	clientele_offers_choose(offers, noffers, clientele_bill_claims_room(&asked->bill_claims, asked->bill), policy);

	*chosen = palloc0(mul_size(Max(noffers, 1), sizeof(Chosen)));
	for (int i = 0; i < noffers; i++)
	{
		Chosen	   *one = &(*chosen)[nchosen];

		if (!offers[i].chosen)
			continue;
		one->found.promotion = clientele_offered_number(&asked->request->population, offers[i].position);
		one->found.expires_at = clientele_claim_term(offers[i].promotion, asked->request->now, asked->zone);
		one->found.benefit = offers[i].benefit;
		if (clientele_reduces_bill(offers[i].promotion->benefit.kind))
			one->found.benefit.amount = one->found.benefit.value = one->found.benefit.given = offers[i].amount;
		one->version = one->found.promotion->version;
		one->holdout = one->found.promotion->holdout;
		nchosen++;
	}
	return nchosen;
}

/* ---------- taking ---------- */

static int
compare_chosen(const void *a, const void *b)
{
	int			left = (*(Chosen *const *) a)->found.promotion->id;
	int			right = (*(Chosen *const *) b)->found.promotion->id;

	return left < right ? -1 : left > right;
}

/* In the order of their numbers, in which they are locked. */
static Chosen **
in_order(Chosen *chosen, int nchosen)
{
	Chosen	  **order = palloc(mul_size(Max(nchosen, 1), sizeof(Chosen *)));

	for (int i = 0; i < nchosen; i++)
		order[i] = &chosen[i];
	qsort(order, nchosen, sizeof(Chosen *), compare_chosen);
	return order;
}

/* Locks their promotions; false if one is another by then. */
static bool
lock_chosen(const ClientelePopulation *population, Chosen **order, int nchosen)
{
	bool		same = true;

	for (int i = 0; i < nchosen; i++)
		clientele_stock_share(population, order[i]->found.promotion->id);
	for (int i = 0; i < nchosen; i++)
	{
		const ClienteleOffered *now = clientele_offered_number(population, order[i]->found.promotion->id);

		same = same && now->version == order[i]->version && now->state == CLIENTELE_PUBLISHED &&
			clientele_decimal_compare(now->holdout, order[i]->holdout) == 0;
		order[i]->found.promotion = now;
	}
	return same;
}

static bool
take_one(const ClienteleAsked *asked, const ClienteleWish *wish, Chosen *one)
{
	ClienteleReasons reasons = {NIL, NIL, 0};

	if (clientele_claim_take_stock(asked, &one->found) != 0)
		return false;
	if (wish->redeem)
		clientele_give_reserve(asked->request, &one->found.promotion->bound->promotion->benefit, one->found.benefit.given, &reasons);
	if (reasons.words != NIL)
		clientele_claim_put_back_stock(asked, &one->found);
	return reasons.words == NIL;
}

static void
put_back(const ClienteleAsked *asked, const ClienteleWish *wish, const ClienteleFound *found)
{
	clientele_claim_put_back_stock(asked, found);
	if (wish->redeem)
		clientele_give_unreserve(asked->request, &found->promotion->bound->promotion->benefit, found->benefit.given);
}

/* All of them, or none: then the number of the one that is sold out; else 0. */
static int
take_chosen(const ClienteleAsked *asked, const ClienteleWish *wish, Chosen **order, int nchosen)
{
	for (int i = 0; i < nchosen; i++)
	{
		if (take_one(asked, wish, order[i]))
			continue;
		for (int taken = 0; taken < i; taken++)
			put_back(asked, wish, &order[taken]->found);
		return order[i]->found.promotion->id;
	}
	return 0;
}

static int
take_best(const ClienteleAsked *asked, const ClienteleWish *wish, ClienteleOfferPolicy policy, Chosen **chosen)
{
	List	   *sold_out = NIL;

	for (;;)
	{
		int			nchosen = choose(asked, sold_out, policy, chosen);
		Chosen	  **order = in_order(*chosen, nchosen);
		int			lacking;

		CHECK_FOR_INTERRUPTS();
		if (!lock_chosen(&asked->request->population, order, nchosen))
			continue;
		lacking = take_chosen(asked, wish, order, nchosen);
		if (lacking == 0)
			return nchosen;
		sold_out = lappend_int(sold_out, lacking);
	}
}

/* ---------- the function ---------- */

/* caller, population, key, request_id, bill, policy, redeem */
Datum
clientele_claim_best(PG_FUNCTION_ARGS)
{
	ClienteleRequest request;
	ClienteleRequest part;
	ClienteleWish wish = {0};
	ClienteleOfferPolicy policy = clientele_policy_argument(fcinfo, 5);
	ClienteleAsked asked;
	Chosen	   *chosen;
	int			nchosen;

	InitMaterializedSRF(fcinfo, 0);
	clientele_request_begin(&request, PG_GETARG_OID(0), clientele_text_argument(fcinfo, 1, "population"),
							clientele_text_argument(fcinfo, 3, "request_id"));
	clientele_wish_key(&wish, &request.population, clientele_text_argument(fcinfo, 2, "key"));
	if (PG_ARGISNULL(4))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("bill must not be null")));
	wish.document = PG_GETARG_JSONB_P(4);
	wish.bill = clientele_bill_read(wish.document);
	wish.redeem = !PG_ARGISNULL(6) && PG_GETARG_BOOL(6);
	wish.policy = clientele_offer_policies[policy];
	if (was_answered(fcinfo, &request, &wish))
	{
		clientele_request_end(&request);
		return (Datum) 0;
	}

	clientele_asked_begin(&asked, &request, wish.key_type, wish.key, wish.key_text, wish.bill);
	clientele_asked_check_customer(&asked);
	nchosen = take_best(&asked, &wish, policy, &chosen);
	asked.request = &part;
	for (int i = 0; i < nchosen; i++)
	{
		ClienteleClaimAnswer answer;

		part = part_of(&request, i + 1);
		clientele_claim_write(&asked, &wish, &chosen[i].found, &answer);
		put(fcinfo, &request, &answer);
	}
	clientele_asked_end(&asked);
	clientele_request_end(&request);
	return (Datum) 0;
}
