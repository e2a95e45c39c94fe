/*
 * promotion_functions.c
 *		The SQL functions in_term, benefit, best_promotions and refund.
 *
 * A call site keeps the promotions it has compiled and the bill it has read: one bill
 * mostly meets a hundred promotions.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "base/local_time.h"
#include "compat.h"
#include "promotion/benefit_row.h"
#include "promotion/promotion.h"

PG_FUNCTION_INFO_V1(clientele_in_term);
PG_FUNCTION_INFO_V1(clientele_benefit);
PG_FUNCTION_INFO_V1(clientele_best_promotions);
PG_FUNCTION_INFO_V1(clientele_refund);

/* Promotions kept compiled at one call site; then all are let go. */
#define KEPT_PROMOTIONS 1024
#define BUCKETS 256

typedef struct KeptPromotion
{
	struct KeptPromotion *next;
	uint32		hash;
	struct varlena *value;		/* what it was compiled from */
	ClienteleBoundPromotion *bound;
} KeptPromotion;

typedef struct CallSite
{
	MemoryContext context;		/* lives as long as the call site */
	MemoryContext promotions;	/* all that is compiled */
	int			nkept;
	KeptPromotion *buckets[BUCKETS];
	MemoryContext bill_context;
	struct varlena *document;	/* the bill read last; NULL = none ... */
	ClienteleBill *bill;		/* ... and what it says */
	text	   *zone_name;		/* the zone asked for last, or NULL ... */
	pg_tz	   *zone;
	TupleDesc	result;			/* of functions that return a row */
} CallSite;

/* ---------- what a call site keeps ---------- */

static CallSite *
call_site(FunctionCallInfo fcinfo)
{
	FmgrInfo   *flinfo = fcinfo->flinfo;
	CallSite   *site = flinfo->fn_extra;

	if (site != NULL)
		return site;
	site = MemoryContextAllocZero(flinfo->fn_mcxt, sizeof(CallSite));
	site->context = flinfo->fn_mcxt;
	site->promotions = AllocSetContextCreate(site->context, "clientele promotions", ALLOCSET_DEFAULT_SIZES);
	site->bill_context = AllocSetContextCreate(site->context, "clientele bill", ALLOCSET_SMALL_SIZES);
	flinfo->fn_extra = site;
	return site;
}

static struct varlena *
copy_value(const struct varlena *value)
{
	struct varlena *copy = palloc(VARSIZE_ANY(value));

	memcpy(copy, value, VARSIZE_ANY(value));
	return copy;
}

static bool
is_same(const struct varlena *a, const struct varlena *b)
{
	return VARSIZE_ANY(a) == VARSIZE_ANY(b) && memcmp(a, b, VARSIZE_ANY(a)) == 0;
}

static void
let_go(CallSite *site)
{
	memset(site->buckets, 0, sizeof(site->buckets));
	site->nkept = 0;
	MemoryContextReset(site->promotions);
}

/* One that fails to compile is not found, but counts: what it has allocated is let go in time. */
static const ClienteleBoundPromotion *
promotion_of(CallSite *site, Datum datum)
{
	struct varlena *value = PG_DETOAST_DATUM_PACKED(datum);
	uint32		hash = hash_bytes((unsigned char *) value, (int) VARSIZE_ANY(value));
	KeptPromotion **bucket = &site->buckets[hash % BUCKETS];
	KeptPromotion *kept;
	MemoryContext caller;

	for (kept = *bucket; kept != NULL; kept = kept->next)
	{
		if (kept->hash == hash && is_same(kept->value, value))
			return kept->bound;
	}
	if (site->nkept == KEPT_PROMOTIONS)
		let_go(site);
	site->nkept++;
	caller = MemoryContextSwitchTo(site->promotions);
	kept = palloc(sizeof(KeptPromotion));
	kept->hash = hash;
	kept->value = copy_value(value);
	kept->bound = clientele_promotion_bind(PointerGetDatum(kept->value));
	kept->next = *bucket;
	*bucket = kept;
	MemoryContextSwitchTo(caller);
	return kept->bound;
}

static const ClienteleBill *
bill_of(CallSite *site, Datum datum)
{
	struct varlena *document = PG_DETOAST_DATUM_PACKED(datum);
	MemoryContext caller;

	if (site->document != NULL && is_same(site->document, document))
		return site->bill;
	site->document = NULL;
	MemoryContextReset(site->bill_context);
	caller = MemoryContextSwitchTo(site->bill_context);
	site->bill = clientele_bill_read(DatumGetJsonbP(PointerGetDatum(document)));
	site->document = copy_value(document);
	MemoryContextSwitchTo(caller);
	return site->bill;
}

static pg_tz *
zone_of(CallSite *site, text *name)
{
	if (site->zone_name == NULL || !is_same((struct varlena *) site->zone_name, (struct varlena *) name))
	{
		pg_tz	   *zone = clientele_zone(name);
		MemoryContext caller = MemoryContextSwitchTo(site->context);

		if (site->zone_name != NULL)
			pfree(site->zone_name);
		site->zone_name = (text *) copy_value((struct varlena *) name);
		site->zone = zone;
		MemoryContextSwitchTo(caller);
	}
	return site->zone;
}

/* ---------- arguments ---------- */

/* NULL where the argument is. */
static const ClienteleDecimal *
read_number(Datum datum, bool isnull, const char *name, ClienteleDecimal *number)
{
	if (isnull)
		return NULL;
	if (!clientele_decimal_from_datum(datum, number))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s is not a finite number", name)));
	return number;
}

#define NUMBER_ARGUMENT(argument, name, number) \
	read_number(PG_GETARG_DATUM(argument), PG_ARGISNULL(argument), name, number)

static pg_tz *
zone_argument(FunctionCallInfo fcinfo, CallSite *site, int argument)
{
	if (PG_ARGISNULL(argument))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("which day and hour it is in the branch is asked, but time_zone is not given"),
				 errhint("Pass the branch's zone, such as 'Asia/Shanghai', or a bill whose \"at\" has no offset.")));
	return zone_of(site, PG_GETARG_TEXT_PP(argument));
}

/* as_of and time_zone, which follow each other; without as_of the bill says when. */
static ClienteleMoment
moment_argument(FunctionCallInfo fcinfo, CallSite *site, const ClienteleBill *bill, int as_of)
{
	if (!PG_ARGISNULL(as_of))
		return clientele_moment(PG_GETARG_TIMESTAMPTZ(as_of), zone_argument(fcinfo, site, as_of + 1));
	if (!bill->has_at)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("the bill does not say when, and as_of is not given"),
				 errhint("Write it into the bill: \"at\": \"2026-07-03T14:05:00+08:00\".")));
	if (bill->at_is_local)
		return clientele_moment_of_local(bill->local);
	return clientele_moment(bill->at, zone_argument(fcinfo, site, as_of + 1));
}

/* ---------- results ---------- */

static Datum
row_datum(FunctionCallInfo fcinfo, CallSite *site, ClienteleResultRow *row)
{
	if (site->result == NULL)
	{
		MemoryContext caller = MemoryContextSwitchTo(site->context);

		if (get_call_result_type(fcinfo, NULL, &site->result) != TYPEFUNC_COMPOSITE)
			elog(ERROR, "the function is to return a row");
		site->result = BlessTupleDesc(CreateTupleDescCopy(site->result));
		MemoryContextSwitchTo(caller);
	}
	Assert(site->result->natts <= CLIENTELE_RESULT_COLUMNS);
	return HeapTupleGetDatum(heap_form_tuple(site->result, row->values, row->nulls));
}

/* ---------- the functions ---------- */

/* in_term(promotion, at, time_zone) */
Datum
clientele_in_term(PG_FUNCTION_ARGS)
{
	CallSite   *site = call_site(fcinfo);
	const ClienteleBoundPromotion *bound = promotion_of(site, PG_GETARG_DATUM(0));
	ClienteleMoment moment = clientele_moment(PG_GETARG_TIMESTAMPTZ(1), zone_argument(fcinfo, site, 2));

	PG_RETURN_BOOL(clientele_promotion_outside(bound->promotion, moment) == 0);
}

/* benefit(bill, promotion [, spent, as_of, time_zone]) */
Datum
clientele_benefit(PG_FUNCTION_ARGS)
{
	CallSite   *site = call_site(fcinfo);
	const ClienteleBoundPromotion *bound;
	const ClienteleBill *bill;
	ClienteleBenefit benefit;
	ClienteleDecimal spent;
	ClienteleResultRow row;
	ClienteleReason *why;
	const char **words;
	char	  **sentences;
	int			nreasons;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	bill = bill_of(site, PG_GETARG_DATUM(0));
	bound = promotion_of(site, PG_GETARG_DATUM(1));
	clientele_promotion_benefit(bound, bill, moment_argument(fcinfo, site, bill, 3),
								NUMBER_ARGUMENT(2, "spent", &spent), &benefit);

	clientele_result_clear(&row);
	clientele_result_set(&row, 0, BoolGetDatum(benefit.eligible));
	clientele_benefit_row_set(&row, 1, &bound->promotion->benefit, benefit.eligible, &benefit.amount, &benefit.value, &benefit.given);
	clientele_result_set_number(&row, 9, benefit.has_more ? &benefit.spend_more : NULL);
	clientele_result_set_number(&row, 10, benefit.has_then ? &benefit.given_then : NULL);
	why = palloc(mul_size(CLIENTELE_REASONS_OF_BILL + benefit.nunmet, sizeof(ClienteleReason)));
	words = palloc(mul_size(CLIENTELE_REASONS_OF_BILL + benefit.nunmet, sizeof(char *)));
	sentences = palloc(mul_size(CLIENTELE_REASONS_OF_BILL + benefit.nunmet, sizeof(char *)));
	nreasons = clientele_benefit_reasons(bound->promotion, &benefit, why, sentences);
	for (int i = 0; i < nreasons; i++)
		words[i] = clientele_reason_words[why[i]];
	clientele_result_set(&row, 11, clientele_text_array(nreasons, words));
	clientele_result_set(&row, 12, clientele_text_array(nreasons, (const char *const *) sentences));
	return row_datum(fcinfo, site, &row);
}

ClienteleOfferPolicy
clientele_policy_argument(FunctionCallInfo fcinfo, int argument)
{
	char	   *policy;

	if (PG_ARGISNULL(argument))
		return CLIENTELE_BEST_FOR_CUSTOMER;
	policy = text_to_cstring(PG_GETARG_TEXT_PP(argument));
	for (int i = 0; i < CLIENTELE_OFFER_POLICIES; i++)
	{
		if (strcmp(policy, clientele_offer_policies[i]) == 0)
			return (ClienteleOfferPolicy) i;
	}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("policy \"%s\" is not known", policy),
			 errhint("Policies are 'best for customer', 'priority order' and 'first'.")));
	return CLIENTELE_BEST_FOR_CUSTOMER;
}

static int
deconstruct(ArrayType *array, const char *name, Oid type, char alignment, Datum **elements, bool **nulls)
{
	int			count;

	if (ARR_NDIM(array) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("the array of %s has %d dimensions, but must have one", name, ARR_NDIM(array)),
				 errhint("Build it with array_agg(... ORDER BY ...).")));
	deconstruct_array(array, type, -1, false, alignment, elements, nulls, &count);
	return count;
}

/* The eligible ones among the promotions of a call; its NULLs are none. */
static int
read_offers(FunctionCallInfo fcinfo, CallSite *site, const ClienteleBill *bill, ClienteleOffer **result)
{
	ArrayType  *promotions = PG_GETARG_ARRAYTYPE_P(1);
	Datum	   *elements;
	bool	   *nulls;
	Datum	   *spent = NULL;
	bool	   *spent_nulls = NULL;
	int			count = deconstruct(promotions, "promotions", ARR_ELEMTYPE(promotions), TYPALIGN_INT, &elements, &nulls);
	int			nspent = PG_ARGISNULL(3) ? 0 :
		deconstruct(PG_GETARG_ARRAYTYPE_P(3), "what is spent", NUMERICOID, TYPALIGN_INT, &spent, &spent_nulls);
	ClienteleMoment moment;
	int			noffers = 0;

	if (nspent > 0 && nspent != count)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("%d values of spent stand for %d promotions", nspent, count),
				 errhint("Write NULL for a promotion without a metric.")));
	if (count > KEPT_PROMOTIONS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("%d promotions, but at most %d are allowed", count, KEPT_PROMOTIONS),
				 errhint("Leave out those that are not running.")));

	/* none of this call may be let go before its end */
	if (site->nkept + count > KEPT_PROMOTIONS)
		let_go(site);
	moment = moment_argument(fcinfo, site, bill, 4);
	*result = palloc(mul_size(Max(count, 1), sizeof(ClienteleOffer)));
	for (int i = 0; i < count; i++)
	{
		ClienteleOffer *offer = &(*result)[noffers];
		const ClienteleBoundPromotion *bound;
		ClienteleDecimal number;
		bool		unknown = i >= nspent || spent_nulls[i];

		if (nulls[i])
			continue;
		bound = promotion_of(site, elements[i]);
		clientele_promotion_benefit(bound, bill, moment,
									read_number(unknown ? (Datum) 0 : spent[i], unknown, "spent", &number),
									&offer->benefit);
		offer->promotion = bound->promotion;
		offer->position = i + 1;
		noffers += offer->benefit.eligible;
	}
	return noffers;
}

/* best_promotions(bill, promotions [, policy, spent, as_of, time_zone]) */
Datum
clientele_best_promotions(PG_FUNCTION_ARGS)
{
	CallSite   *site = call_site(fcinfo);
	const ClienteleBill *bill;
	ClienteleOffer *offers;
	int			noffers;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		return (Datum) 0;
	bill = bill_of(site, PG_GETARG_DATUM(0));
	noffers = read_offers(fcinfo, site, bill, &offers);
	clientele_offers_choose(offers, noffers, bill->amount, clientele_policy_argument(fcinfo, 2));
	for (int i = 0; i < noffers; i++)
	{
		const ClienteleOffer *offer = &offers[i];
		ClienteleDecimal value;
		ClienteleResultRow row;

		if (!offer->chosen)
			continue;
		value = clientele_reduces_bill(offer->promotion->benefit.kind) ? offer->amount : offer->benefit.value;
		clientele_result_clear(&row);
		clientele_result_set(&row, 0, Int32GetDatum(offer->position));
		clientele_benefit_row_set(&row, 1, &offer->promotion->benefit, true, &offer->amount, &value, &offer->benefit.given);
		clientele_result_put(fcinfo, &row);
	}
	return (Datum) 0;
}

/* refund(bill, promotion, given [, refunded, kept, used, spent]) */
Datum
clientele_refund(PG_FUNCTION_ARGS)
{
	CallSite   *site = call_site(fcinfo);
	const ClienteleBoundPromotion *bound;
	ClienteleDecimal given;
	ClienteleDecimal refunded;
	ClienteleDecimal used = CLIENTELE_ZERO;
	ClienteleDecimal spent;
	ClienteleRefund refund;
	ClienteleResultRow row;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(2))
		PG_RETURN_NULL();
	bound = promotion_of(site, PG_GETARG_DATUM(1));
	(void) NUMBER_ARGUMENT(2, "given", &given);
	(void) NUMBER_ARGUMENT(5, "used", &used);
	clientele_promotion_refund(bound, bill_of(site, PG_GETARG_DATUM(0)), given,
							   NUMBER_ARGUMENT(3, "refunded", &refunded),
							   PG_ARGISNULL(4) ? NULL : clientele_bill_read(PG_GETARG_JSONB_P(4)),
							   used, NUMBER_ARGUMENT(6, "spent", &spent), &refund);

	clientele_result_clear(&row);
	clientele_result_set_text(&row, 0, clientele_refund_rules[bound->promotion->after_refund]);
	clientele_result_set_number(&row, 1, &refund.refunded);
	clientele_result_set_number(&row, 2, &refund.taken_back);
	clientele_result_set_number(&row, 3, &refund.from_balance);
	clientele_result_set_number(&row, 4, &refund.from_refund);
	clientele_result_set_number(&row, 5, &refund.uncovered);
	return row_datum(fcinfo, site, &row);
}
