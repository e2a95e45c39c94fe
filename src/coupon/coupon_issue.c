/*
 * coupon_issue.c
 *		Coupons by the batch: issue_codes, and CALL issue_coupons.
 *
 * Codes are made in one transaction, and their stock is taken with them: who has a code
 * will not hear that there is nothing left.
 *
 * A segment is issued to by ranges of customers, from the greatest key down, a transaction for
 * each: within it customers are looked at, locked, and given what the stock then loses, and the batch
 * notes how far it is.  So it may be broken off at any time, and whoever makes the same request
 * once more goes on where it was; nobody is given two coupons of one batch, and nobody one who is not
 * of the segment at that moment.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "tcop/pquery.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "base/clock.h"
#include "base/local_time.h"
#include "base/statement.h"
#include "base/text_length.h"
#include "capture/capture.h"
#include "claim/claim.h"
#include "compat.h"
#include "coupon/coupon.h"
#include "expression/expression.h"
#include "offer/audience.h"
#include "own/fresh.h"
#include "population/owner.h"
#include "stock/stock.h"

PG_FUNCTION_INFO_V1(clientele_issue_codes);
PG_FUNCTION_INFO_V1(clientele_issue_coupons);

/* Customers of a transaction, unless the caller says how many: each may have to be locked. */
#define BATCH 1000
#define MOST_CUSTOMERS 10000

#define MOST_CODES 1000000

static const char *const refusal_words[CLIENTELE_COUPON_REFUSALS] = {
	"refuse automated decisions", "held out", "not of the audience", "have what one customer may have"
};

/* A request, and the batch that it has become. */
typedef struct Issue
{
	Oid			caller;
	const char *population_name;
	ClientelePopulation population;
	const char *promotion_name;
	const char *segment;		/* NULL: codes */
	int			quantity;
	const char *request_id;
	TimestampTz valid_until;	/* DT_NOEND: as long as the promotion */
	bool		transferable;
	const char *note;			/* NULL: none */

	/* As the last transaction left it. */
	int64		batch_id;		/* 0: not begun */
	int			done;
	int			left_out;
	char	   *last_key;		/* NULL: none */
	bool		ended;

	/* CALL issue_coupons */
	MemoryContext memory;		/* lives until the call ends */
	int			customers;		/* of a transaction */
	bool		atomic;			/* all in the caller's transaction */
	ClienteleRole before;
	char	   *range_query;
	char	   *segment_query;
	char	   *below;
	char	   *count_query;
	bool		is_personal;	/* the segment looks at the profile */
	int			given;			/* by this call */
	int			left[CLIENTELE_COUPON_REFUSALS];
} Issue;

/* ------------------------------------------------------------------
 * The batch
 * ------------------------------------------------------------------ */

static const char *
text_or_null(FunctionCallInfo fcinfo, int argument)
{
	return PG_ARGISNULL(argument) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(argument));
}

static const char *
given_text(FunctionCallInfo fcinfo, int argument, const char *name)
{
	const char *value = text_or_null(fcinfo, argument);

	if (value == NULL || *value == '\0')
		ereport(ERROR,
				(errcode(value ? ERRCODE_INVALID_PARAMETER_VALUE : ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg(value ? "%s must not be empty" : "%s must not be null", name)));
	return value;
}

static const char *
given_request(FunctionCallInfo fcinfo, int argument)
{
	const char *id = given_text(fcinfo, argument, "request_id");

	clientele_text_check_length("request_id", id);
	return id;
}

static void
check_valid_until(TimestampTz valid_until, TimestampTz now)
{
	if (valid_until <= now)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("coupons cannot be valid until %s", timestamptz_to_str(valid_until)),
				 errhint("It must lie ahead; NULL means as long as the promotion runs.")));
}

/* The promotion, which nobody changes until the transaction ends; an error unless coupons of it can be had. */
static const ClienteleOffered *
lock_promotion(const Issue *issue)
{
	const ClienteleOffered *offered = clientele_offered_find(&issue->population, issue->promotion_name);

	clientele_stock_share(&issue->population, offered->id);
	offered = clientele_offered_find(&issue->population, issue->promotion_name);
	if (offered->state == CLIENTELE_PAUSED)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("promotion \"%s\" is paused", issue->promotion_name),
				 errhint("SELECT clientele.resume_promotion('%s', '%s'); then ask once more, with the same request id.",
						 issue->population_name, issue->promotion_name)));
	if (offered->state == CLIENTELE_ENDED)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("promotion \"%s\" has ended", issue->promotion_name)));
	if (offered->bound->promotion->joiners > 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("promotion \"%s\" is bought in teams, which nobody can be issued", issue->promotion_name),
				 errhint("Issue coupons of a promotion without \"needs\".")));
	return offered;
}

/* Until when a coupon can be used; an error if the promotion's term is over. */
static TimestampTz
expires_at(const Issue *issue, const ClienteleOffered *offered, TimestampTz now)
{
	TimestampTz end = clientele_claim_term_end(offered->bound->promotion, clientele_branch_zone(&issue->population, NULL));

	if (end <= now)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the term of promotion \"%s\" is over", issue->promotion_name),
				 errhint("Publish it with another \"term\".")));
	return Min(issue->valid_until, end);
}

static char *
text_of(const ClienteleOwnRow *batch, int column)
{
	return batch->nulls[column] ? NULL : TextDatumGetCString(batch->values[column]);
}

static bool
same_text(const char *one, const char *other)
{
	return one == NULL || other == NULL ? one == other : strcmp(one, other) == 0;
}

static const char *
promotion_of(const Issue *issue, int promotion_id)
{
	const ClienteleOfferedList *all = clientele_offered_all(&issue->population);

	for (int i = 0; i < all->count; i++)
	{
		if (all->promotions[i].id == promotion_id)
			return NameStr(all->promotions[i].name);
	}
	return NULL;
}

/* What the batch of the request says otherwise; NULL: nothing. */
static const char *
difference(const Issue *issue, const ClienteleOwnRow *batch)
{
	if (!same_text(promotion_of(issue, DatumGetInt32(batch->values[BATCH_PROMOTION])), issue->promotion_name))
		return "promotion";
	if (!same_text(text_of(batch, BATCH_SEGMENT), issue->segment))
		return "segment";
	if (issue->segment == NULL && DatumGetInt32(batch->values[BATCH_QUANTITY]) != issue->quantity)
		return "quantity";
	if (DatumGetBool(batch->values[BATCH_TRANSFERABLE]) != issue->transferable)
		return "transferable";
	if (DatumGetTimestampTz(batch->values[BATCH_VALID_UNTIL]) != issue->valid_until)
		return "valid_until";
	return same_text(text_of(batch, BATCH_NOTE), issue->note) ? NULL : "note";
}

/* The batch of the request, if there is one.  After the request's lock. */
static bool
look(Issue *issue)
{
	ClienteleOwnTable *batches = clientele_own_open("coupon_batch");
	ClienteleOwnRow batch;
	ScanKeyData keys[2];
	bool		found;
	const char *other;

	clientele_own_keys_of(keys, issue->population.id, issue->request_id);
	found = clientele_own_get(batches, "coupon_batch_request_id_population_id_key", 2, keys, &batch);
	clientele_own_close(batches);
	if (!found)
		return false;
	other = difference(issue, &batch);
	if (other)
		ereport(ERROR,
				(errcode(CLIENTELE_ERRCODE_OTHER_REQUEST),
				 errmsg("request id \"%s\" has been used for a batch with another %s", issue->request_id, other),
				 errhint("A repetition must say the same as the first request; another request needs an id of its own.")));
	issue->batch_id = DatumGetInt64(batch.values[BATCH_ID]);
	issue->done = DatumGetInt32(batch.values[BATCH_DONE]);
	issue->left_out = DatumGetInt32(batch.values[BATCH_LEFT_OUT]);
	issue->last_key = text_of(&batch, BATCH_LAST_KEY);
	issue->ended = !batch.nulls[BATCH_ENDED_AT];
	return true;
}

/*
 * Codes are all there when the transaction commits, and their batch is written as it will be: to update it would be
 * to read it, and a serializable transaction that reads its own row can fail for what others write beside it.
 */
static void
begin_batch(Issue *issue, const ClienteleOffered *offered, TimestampTz now)
{
	Oid			types[] = {INT4OID, INT4OID, TEXTOID, INT4OID, BOOLOID, TIMESTAMPTZOID, REGROLEOID, TEXTOID, TIMESTAMPTZOID, TEXTOID};
	Datum		values[] = {Int32GetDatum(issue->population.id), Int32GetDatum(offered->id), (Datum) 0,
		Int32GetDatum(issue->quantity), BoolGetDatum(issue->transferable), TimestampTzGetDatum(issue->valid_until),
	ObjectIdGetDatum(issue->caller), CStringGetTextDatum(issue->request_id), TimestampTzGetDatum(now), (Datum) 0};
	char		nulls[] = {' ', ' ', issue->segment ? ' ' : 'n', ' ', ' ', ' ', ' ', ' ', ' ', issue->note ? ' ' : 'n'};
	bool		isnull;

	if (issue->segment)
		values[2] = CStringGetTextDatum(issue->segment);
	if (issue->note)
		values[9] = CStringGetTextDatum(issue->note);
	clientele_run("INSERT INTO clientele.coupon_batch (population_id, promotion_id, kind, segment, quantity, transferable,"
				  " valid_until, author, request_id, began_at, note, done, updated_at, ended_at)"
				  " SELECT $1, $2, CASE WHEN is_codes THEN 'codes' ELSE 'segment' END, $3, $4, $5, $6,"
				  " (SELECT r.rolname FROM pg_roles AS r WHERE r.oid = $7), $8, $9, $10,"
				  " CASE WHEN is_codes THEN $4 ELSE 0 END, CASE WHEN is_codes THEN $9 END, CASE WHEN is_codes THEN $9 END"
				  " FROM (SELECT $3 IS NULL AS is_codes) AS c RETURNING batch_id",
				  10, types, values, nulls);
	issue->batch_id = DatumGetInt64(clientele_answer(1, &isnull));
}

static void
note_progress(const Issue *issue, TimestampTz now)
{
	Oid			types[] = {INT8OID, INT4OID, INT4OID, TEXTOID, TIMESTAMPTZOID, BOOLOID};
	Datum		values[] = {Int64GetDatum(issue->batch_id), Int32GetDatum(issue->done), Int32GetDatum(issue->left_out), (Datum) 0,
	TimestampTzGetDatum(now), BoolGetDatum(issue->ended)};
	char		nulls[] = {' ', ' ', ' ', issue->last_key ? ' ' : 'n', ' ', ' '};

	if (issue->last_key)
		values[3] = CStringGetTextDatum(issue->last_key);
	clientele_run("UPDATE clientele.coupon_batch SET done = $2, left_out = $3, last_key = $4, updated_at = $5,"
				  " ended_at = CASE WHEN $6 THEN $5 END WHERE batch_id = $1", 6, types, values, nulls);
}

/* Finds the population for whose customers the caller may issue.  As the extension's owner. */
static void
enter(Issue *issue)
{
	Oid			types[] = {REGROLEOID, TEXTOID};
	Datum		values[] = {ObjectIdGetDatum(issue->caller), CStringGetTextDatum(issue->population_name)};

	clientele_run("SELECT FROM clientele.allowed_population($1, $2, 'claim UPDATE')", 2, types, values, NULL);
	clientele_population_get(issue->population_name, &issue->population);
	clientele_population_hold(&issue->population);
}

/* ------------------------------------------------------------------
 * Codes
 * ------------------------------------------------------------------ */

static void
make_codes(const Issue *issue)
{
	Oid			types[] = {INT4OID, INT8OID, INT4OID};
	Datum		values[] = {Int32GetDatum(issue->population.id), Int64GetDatum(issue->batch_id), (Datum) 0};
	int			made = 0;

	/* a number that there is already is not likely, but may be */
	while (made < issue->quantity)
	{
		values[2] = Int32GetDatum(issue->quantity - made);
		made += (int) clientele_run("INSERT INTO clientele.coupon_code (population_id, code, batch_id)"
										   " SELECT $1, clientele.random_code(), $2 FROM generate_series(1, $3)"
										   " ON CONFLICT DO NOTHING", 3, types, values, NULL);
	}
}

/* issue_codes_for(caller, population, promotion, quantity, request_id, valid_until, transferable, note) */
Datum
clientele_issue_codes(PG_FUNCTION_ARGS)
{
	TimestampTz now = clientele_clock_now();
	Issue		issue = {
		.caller = PG_GETARG_OID(0),
		.population_name = given_text(fcinfo, 1, "population"),
		.promotion_name = given_text(fcinfo, 2, "promotion"),
		.request_id = given_request(fcinfo, 4),
		.valid_until = PG_ARGISNULL(5) ? DT_NOEND : PG_GETARG_TIMESTAMPTZ(5),
		.transferable = !PG_ARGISNULL(6) && PG_GETARG_BOOL(6),
		.note = text_or_null(fcinfo, 7)
	};

	clientele_check_given(fcinfo, 3, "quantity");
	issue.quantity = PG_GETARG_INT32(3);
	if (issue.quantity < 1 || issue.quantity > MOST_CODES)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("%d codes cannot be issued", issue.quantity),
				 errhint("Give a number from 1 to %d, e.g. quantity => 1000.", MOST_CODES)));
	clientele_fresh_check_commit();
	SPI_connect();
	enter(&issue);
	clientele_fresh_lock(CLIENTELE_LOCK_REQUEST, issue.population.id, issue.request_id);
	if (!look(&issue))
	{
		const ClienteleOffered *offered;

		clientele_request_refuse_elsewhere(CLIENTELE_REQUEST_OF_BATCH, issue.population.id, issue.request_id);
		offered = lock_promotion(&issue);
		check_valid_until(issue.valid_until, now);
		(void) expires_at(&issue, offered, now);
		if (clientele_stock_reserve(&issue.population, offered, issue.quantity, now) != 0)
			ereport(ERROR,
					(errcode(CLIENTELE_ERRCODE_SOLD_OUT),
					 errmsg("promotion \"%s\" has less than %d left", issue.promotion_name, issue.quantity),
					 errhint("Publish it with more \"stock\", and ask once more, with the same request id.")));
		begin_batch(&issue, offered, now);
		make_codes(&issue);
	}
	SPI_finish();
	PG_RETURN_INT64(issue.batch_id);
}

/* ------------------------------------------------------------------
 * A segment: the customers of a range
 * ------------------------------------------------------------------ */

/* A customer of the segment. */
typedef struct Customer
{
	char	   *name;			/* the key as text ... */
	Datum		key;			/* ... and in its own type */
	Datum		evidence;		/* that he is of the segment ... */
	Datum		audience;		/* ... and of the promotion's audience; 0: it has none */
	uint32		order;			/* of his lock */
	ClienteleCouponRefusal refusal; /* CLIENTELE_COUPON_REFUSALS: none, he is to get one */
} Customer;

typedef struct Customers
{
	int			count;
	Customer   *all;
	Oid			key_type;
} Customers;

static int
compare_order(const void *a, const void *b)
{
	const Customer *left = *(Customer *const *) a;
	const Customer *right = *(Customer *const *) b;

	return left->order < right->order ? -1 : left->order > right->order;
}

static void
lock_customers(const Issue *issue, const Customers *customers)
{
	Customer  **order = palloc(mul_size(sizeof(Customer *), Max(customers->count, 1)));

	for (int i = 0; i < customers->count; i++)
		order[i] = &customers->all[i];
	qsort(order, customers->count, sizeof(Customer *), compare_order);
	for (int i = 0; i < customers->count; i++)
		clientele_fresh_lock(CLIENTELE_LOCK_CUSTOMER, issue->population.id, order[i]->name);
}

/* The smallest key of the next range; NULL: there is none.  As the owner. */
static char *
next_range(const Issue *issue)
{
	Oid			types[] = {TEXTOID, INT4OID};
	Datum		values[] = {(Datum) 0, Int32GetDatum(issue->customers)};
	char		nulls[] = {issue->last_key ? ' ' : 'n', ' '};
	char	   *from;

	if (issue->last_key)
		values[0] = CStringGetTextDatum(issue->last_key);
	clientele_run(issue->range_query, 2, types, values, nulls);
	from = clientele_answer_text(CurrentMemoryContext, 1);
	return from;
}

/* Who of a range is in the segment now, the greatest key first, as ranges are.  As the owner. */
static Customers
customers_of_range(const Issue *issue, const char *from, TimestampTz now)
{
	Oid			types[] = {TIMESTAMPTZOID, TEXTOID, TEXTOID, TEXTOID};
	Datum		values[] = {TimestampTzGetDatum(now), (Datum) 0, CStringGetTextDatum(from), (Datum) 0};
	char		nulls[] = {' ', ' ', ' ', issue->last_key ? ' ' : 'n'};
	Customers	customers = {0};
	TupleDesc	columns;

	values[1] = CStringGetTextDatum(clientele_instant_to_string(now, clientele_branch_zone(&issue->population, NULL)));
	if (issue->last_key)
		values[3] = CStringGetTextDatum(issue->last_key);
	customers.count = (int) clientele_run(psprintf("%s%s ORDER BY 2 DESC", issue->segment_query, issue->last_key ? issue->below : ""),
										  4, types, values, nulls);
	columns = SPI_tuptable->tupdesc;
	customers.key_type = SPI_gettypeid(columns, 2);
	customers.all = palloc(mul_size(sizeof(Customer), Max(customers.count, 1)));
	for (int i = 0; i < customers.count; i++)
	{
		Customer   *customer = &customers.all[i];
		HeapTuple	row = SPI_tuptable->vals[i];
		bool		isnull;

		customer->name = SPI_getvalue(row, columns, 1);
		clientele_text_check_length("key", customer->name);
		customer->key = SPI_getbinval(row, columns, 2, &isnull);
		customer->evidence = SPI_getbinval(row, columns, 3, &isnull);
		customer->audience = (Datum) 0;
		customer->order = clientele_fresh_order(CLIENTELE_LOCK_CUSTOMER, issue->population.id, customer->name);
	}
	return customers;
}

ClienteleCouponRefusal
clientele_coupon_refusal(const ClientelePopulation *population, const ClienteleOffered *offered, ClienteleAudience *audience,
						 const char *key, bool is_personal, TimestampTz now, Snapshot snapshot)
{
	DateADT		day = clientele_local_date(now, clientele_branch_zone(population, NULL));
	ClienteleOwnTable *claims;
	int			of_customer;
	int			of_period;
	int			nunmet;
	const char **unmet;

	if ((is_personal || offered->bound->promotion->personal) && clientele_audience_refused(audience))
		return CLIENTELE_COUPON_REFUSED;
	if (clientele_audience_held_out(audience, offered))
		return CLIENTELE_COUPON_HELD_OUT;
	if (!clientele_audience_meets(audience, offered, &nunmet, &unmet))
		return CLIENTELE_COUPON_AUDIENCE;
	claims = clientele_own_open_as_of("claim", snapshot);
	clientele_stock_left_of_limits(claims, population, key, offered, day, now, &of_customer, &of_period);
	clientele_own_close(claims);
	return of_customer > 0 && of_period > 0 ? CLIENTELE_COUPON_REFUSALS : CLIENTELE_COUPON_LIMIT;
}

/* Says of each whether he is to get one; returns how many are. */
static int
judge(const Issue *issue, const ClienteleOffered *offered, const Customers *customers, TimestampTz now)
{
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext scratch = AllocSetContextCreate(caller, "clientele customer", ALLOCSET_DEFAULT_SIZES);
	int			count = 0;

	PushActiveSnapshot(GetLatestSnapshot());
	MemoryContextSwitchTo(scratch);
	for (int i = 0; i < customers->count; i++)
	{
		Customer   *customer = &customers->all[i];
		ClienteleAudience *audience = clientele_audience_begin(&issue->population, customers->key_type, customer->key, now, NULL,
															   GetActiveSnapshot());

		CHECK_FOR_INTERRUPTS();
		customer->refusal = clientele_coupon_refusal(&issue->population, offered, audience, customer->name,
													 issue->is_personal, now, GetActiveSnapshot());
		if (customer->refusal == CLIENTELE_COUPON_REFUSALS)
		{
			count++;
			if (offered->bound->promotion->audience != NULL)
			{
				Datum		evidence = JsonbPGetDatum(clientele_audience_evidence(audience, offered));

				MemoryContextSwitchTo(caller);
				customer->audience = datumCopy(evidence, false, -1);
				MemoryContextSwitchTo(scratch);
			}
		}
		MemoryContextReset(scratch);
	}
	MemoryContextSwitchTo(caller);
	PopActiveSnapshot();
	return count;
}

/* So many as are wanted, or as there are. */
static int
take(const Issue *issue, const ClienteleOffered *offered, int wanted, DateADT day, TimestampTz now)
{
	while (wanted > 0 && clientele_stock_take(&issue->population, offered, NULL, day, wanted, CLIENTELE_ZERO, now) != 0)
	{
		Snapshot	snapshot = RegisterSnapshot(GetLatestSnapshot());
		ClienteleStockLeft left;

		clientele_stock_left(&issue->population, 1, &offered, NULL, &day, now, snapshot, &left);
		UnregisterSnapshot(snapshot);
		wanted = Min(wanted - 1, Min(left.total, left.day));
	}
	return wanted;
}

/* Keeps the first so many who are to get one; who comes after the last of them is judged again when there is more. */
static void
keep(Issue *issue, Customers *customers, int most, bool all)
{
	int			kept = 0;

	for (int i = 0; i < customers->count && (all || kept < most); i++)
	{
		Customer   *customer = &customers->all[i];

		if (customer->refusal == CLIENTELE_COUPON_REFUSALS)
			customers->all[kept++] = *customer;
		else
		{
			issue->left[customer->refusal]++;
			issue->left_out++;
		}
	}
	customers->count = kept;
}

/* Of customers of the segment: all, or who is still to be asked. */
static int
count_segment(const Issue *issue, TimestampTz now)
{
	Oid			types[] = {TIMESTAMPTZOID, TEXTOID, TEXTOID, TEXTOID};
	Datum		values[] = {TimestampTzGetDatum(now), (Datum) 0, (Datum) 0, (Datum) 0};
	char		nulls[] = {' ', 'n', 'n', issue->last_key ? ' ' : 'n'};
	ClienteleRole before = clientele_become(issue->population.owner);
	int			count;

	if (issue->last_key)
		values[3] = CStringGetTextDatum(issue->last_key);
	clientele_run(psprintf("%s%s", issue->count_query, issue->last_key ? issue->below : ""), 4, types, values, nulls);
	count = (int) clientele_answer_int64(1);
	clientele_become_again(&before);
	return count;
}

static void
refuse_sold_out(const Issue *issue, TimestampTz now)
{
	ereport(ERROR,
			(errcode(CLIENTELE_ERRCODE_SOLD_OUT),
			 errmsg("promotion \"%s\" is sold out, before the segment is at its end", issue->promotion_name),
			 issue->atomic ? 0 : errdetail("%d coupons of the batch have been issued; %d customers of the segment went without.",
										   issue->done, count_segment(issue, now)),
			 errhint("Publish it with more \"stock\", or wait for tomorrow's, and ask once more, with the same request id.")));
}

/* Their keys, what has decided of the segment, or of the audience. */
typedef Datum (*ColumnOf) (const Customer *customer);

static Datum
name_of(const Customer *customer)
{
	return CStringGetTextDatum(customer->name);
}

static Datum
evidence_of(const Customer *customer)
{
	return customer->evidence;
}

static Datum
audience_of(const Customer *customer)
{
	return customer->audience;
}

static Datum
array_of(const Customers *customers, Oid type, ColumnOf column)
{
	Datum	   *elements = palloc(mul_size(sizeof(Datum), customers->count));
	bool	   *nulls = palloc(mul_size(sizeof(bool), customers->count));
	int			count = customers->count;
	int			first = 1;

	for (int i = 0; i < count; i++)
	{
		elements[i] = column(&customers->all[i]);
		nulls[i] = DatumGetPointer(elements[i]) == NULL;
	}
	return PointerGetDatum(construct_md_array(elements, nulls, 1, &count, &first, type, -1, false, TYPALIGN_INT));
}

static void
give(Issue *issue, const ClienteleOffered *offered, const Customers *customers, DateADT day, TimestampTz now)
{
	Oid			types[] = {INT4OID, INT4OID, INT4OID, TIMESTAMPTZOID, TIMESTAMPTZOID, DATEOID, INT8OID, BOOLOID,
	TEXTARRAYOID, JSONBARRAYOID, JSONBARRAYOID, REGROLEOID};
	Datum		values[] = {Int32GetDatum(issue->population.id), Int32GetDatum(offered->id), Int32GetDatum(offered->version),
		TimestampTzGetDatum(now), TimestampTzGetDatum(expires_at(issue, offered, now)), DateADTGetDatum(day), Int64GetDatum(issue->batch_id),
		BoolGetDatum(issue->transferable), array_of(customers, TEXTOID, name_of), array_of(customers, JSONBOID, evidence_of),
	array_of(customers, JSONBOID, audience_of), ObjectIdGetDatum(issue->caller)};

	clientele_run("WITH given AS ("
				  " INSERT INTO clientele.claim (population_id, promotion_id, version, key, state, claimed_at, expires_at, day,"
				  " origin, origin_id, transferable)"
				  " SELECT $1, $2, $3, k.key, 'held', $4, $5, $6, 'batch', $7, $8 FROM unnest($9) AS k (key)"
				  " RETURNING claim_id, key)"
				  " INSERT INTO clientele.claim_step (population_id, claim_id, step, at, actor, redeemed, evidence)"
				  " SELECT $1, g.claim_id, 'claim', $4, r.rolname, false,"
				  " coalesce(k.segment || k.audience || jsonb_build_object('values', (k.segment -> 'values') || coalesce(k.audience -> 'values', '{}')), k.segment)"
				  " FROM given AS g JOIN unnest($9, $10, $11) AS k (key, segment, audience) USING (key)"
				  " CROSS JOIN pg_roles AS r WHERE r.oid = $12", 12, types, values, NULL);
	issue->done += customers->count;
	issue->given += customers->count;
}

/* Coupons for those of a range who are to get one; for the first of them, if there are not so many.  Who the last was. */
static char *
give_range(Issue *issue, Customers *customers, char *from, TimestampTz now)
{
	const ClienteleOffered *offered = lock_promotion(issue);
	DateADT		day = clientele_local_date(now, clientele_branch_zone(&issue->population, NULL));
	int			wanted = judge(issue, offered, customers, now);
	int			taken = take(issue, offered, wanted, day, now);

	if (taken == 0 && wanted > 0)
		refuse_sold_out(issue, now);
	keep(issue, customers, taken, taken == wanted);
	if (taken > 0)
		give(issue, offered, customers, day, now);
	return taken < wanted ? customers->all[taken - 1].name : from;
}

/* The customers of the next range; false: there is none. */
static bool
issue_range(Issue *issue, TimestampTz now)
{
	ClienteleRole before = clientele_become(issue->population.owner);
	char	   *from = next_range(issue);
	Customers	customers = {0};

	if (from)
		customers = customers_of_range(issue, from, now);
	clientele_become_again(&before);
	if (from == NULL)
		return false;

	lock_customers(issue, &customers);
	issue->last_key = customers.count > 0 ? give_range(issue, &customers, from, now) : from;
	return true;
}

/* ------------------------------------------------------------------
 * CALL issue_coupons
 * ------------------------------------------------------------------ */

static void
transaction_begin(Issue *issue)
{
	if (!issue->atomic)
	{
		XactIsoLevel = XACT_READ_COMMITTED; /* whatever the session's default is */
		EnsurePortalSnapshotExists();	/* long texts are fetched under it */
	}
	clientele_fresh_check_commit();
	issue->before = clientele_become(clientele_extension_owner());
	SPI_connect();				/* what is allocated until its end, is gone then */
}

static void
transaction_end(Issue *issue)
{
	SPI_finish();
	clientele_become_again(&issue->before);
	if (!issue->atomic)
	{
		SPI_commit();
		SPI_start_transaction();
	}
}

/* How its customers are found. */
static void
read_queries(Issue *issue)
{
	Oid			types[] = {INT4OID, TEXTOID};
	Datum		values[] = {Int32GetDatum(issue->population.id), CStringGetTextDatum(issue->segment)};
	bool		isnull;

	clientele_run("SELECT s.range_query, s.segment_query, s.below, s.count_query, s.is_personal"
				  " FROM clientele.population AS p CROSS JOIN LATERAL clientele.segment_queries(p, $2::clientele.expression) AS s"
				  " WHERE p.population_id = $1", 2, types, values, NULL);
	issue->range_query = clientele_answer_text(issue->memory, 1);
	issue->segment_query = clientele_answer_text(issue->memory, 2);
	issue->below = clientele_answer_text(issue->memory, 3);
	issue->count_query = clientele_answer_text(issue->memory, 4);
	issue->is_personal = DatumGetBool(clientele_answer(5, &isnull));
}

/* Begins the batch, or finds it. */
static void
begin(Issue *issue)
{
	TimestampTz now = clientele_clock_now();

	transaction_begin(issue);
	enter(issue);
	if (issue->atomic)
		clientele_lock_population(issue->population.id);	/* as issue_next, and before the promotion */
	clientele_fresh_lock(CLIENTELE_LOCK_REQUEST, issue->population.id, issue->request_id);
	read_queries(issue);
	if (!look(issue))
	{
		const ClienteleOffered *offered;

		clientele_request_refuse_elsewhere(CLIENTELE_REQUEST_OF_BATCH, issue->population.id, issue->request_id);
		check_valid_until(issue->valid_until, now);
		issue->quantity = count_segment(issue, now);
		offered = lock_promotion(issue);
		(void) expires_at(issue, offered, now);
		begin_batch(issue, offered, now);
	}
	transaction_end(issue);
}

/* A transaction; false: all is done. */
static bool
issue_next(Issue *issue)
{
	TimestampTz now = clientele_clock_now();

	transaction_begin(issue);
	clientele_lock_population(issue->population.id);	/* nobody is forgotten meanwhile */
	clientele_fresh_lock(CLIENTELE_LOCK_REQUEST, issue->population.id, issue->request_id);
	if (!look(issue))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("batch " INT64_FORMAT " is not there any more", issue->batch_id)));
	if (!issue->ended)
	{
		issue->ended = !issue_range(issue, now);
		note_progress(issue, now);
	}
	transaction_end(issue);
	return !issue->ended;
}

static bool
is_atomic(FunctionCallInfo fcinfo)
{
	return !(fcinfo->context != NULL && IsA(fcinfo->context, CallContext) &&
			 !castNode(CallContext, fcinfo->context)->atomic);
}

static void
say_what_was_done(const Issue *issue)
{
	StringInfoData left;

	initStringInfo(&left);
	for (int i = 0; i < CLIENTELE_COUPON_REFUSALS; i++)
	{
		if (issue->left[i] > 0)
			appendStringInfo(&left, "%s %d %s", left.len > 0 ? "," : "; left out:", issue->left[i], refusal_words[i]);
	}
	ereport(NOTICE,
			(errmsg("population \"%s\": %d coupons of promotion \"%s\", batch " INT64_FORMAT "%s",
					issue->population_name, issue->given, issue->promotion_name, issue->batch_id, left.data)));
}

/* issue_coupons(population, promotion, segment, request_id, valid_until, transferable, note, batch) */
Datum
clientele_issue_coupons(PG_FUNCTION_ARGS)
{
	Issue		issue = {
		.caller = GetUserId(),
		.population_name = given_text(fcinfo, 0, "population"),
		.promotion_name = given_text(fcinfo, 1, "promotion"),
		.request_id = given_request(fcinfo, 3),
		.valid_until = PG_ARGISNULL(4) ? DT_NOEND : PG_GETARG_TIMESTAMPTZ(4),
		.transferable = !PG_ARGISNULL(5) && PG_GETARG_BOOL(5),
		.note = text_or_null(fcinfo, 6),
		.customers = PG_ARGISNULL(7) ? BATCH : PG_GETARG_INT32(7),
		.atomic = is_atomic(fcinfo)
	};

	if (PG_ARGISNULL(2))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("segment must not be null"),
				 errhint("Everybody is segment => 'true'.")));
	issue.segment = DatumGetExpressionText(PG_GETARG_DATUM(2));
	if (issue.customers < 1 || issue.customers > MOST_CUSTOMERS)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("a batch of %d customers is not possible", issue.customers),
				 errhint("Give a number from 1 to %d, e.g. batch => %d.", MOST_CUSTOMERS, BATCH)));
	if (issue.atomic && IsolationUsesXactSnapshot())
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TRANSACTION_STATE),
				 errmsg("issue_coupons must see what others commit meanwhile, which this transaction's isolation level forbids"),
				 errhint("CALL it outside a transaction block, or BEGIN ISOLATION LEVEL READ COMMITTED.")));

	SPI_connect_ext(issue.atomic ? 0 : SPI_OPT_NONATOMIC);
	clientele_capture_write();
	issue.memory = CurrentMemoryContext;
	if (!issue.atomic)
	{
		/* The first transaction, too, shall be one of our own. */
		SPI_commit();
		SPI_start_transaction();
	}
	begin(&issue);
	while (issue_next(&issue))
		;
	say_what_was_done(&issue);
	SPI_finish();
	PG_RETURN_VOID();
}
