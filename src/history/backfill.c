/*
 * backfill.c
 *		CALL backfill_history: the change feed of the time before there was one.
 *
 * Customers are evaluated, by the live version and today's facts, at the ends of days in
 * the past, or from horizon to horizon, and what is different from one time to the next is
 * written into the feed.  Where the feed begins, the last state that was found so is joined
 * to the first one that the feed knows.  A batch is a transaction and has a range of customers, from the greatest key down,
 * and all their instants: so every customer has a whole history or none, whenever the call
 * was broken off, and nothing of him has to be remembered from one batch to the next.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/typcache.h"

#include "base/clock.h"
#include "base/statement.h"
#include "capture/capture.h"
#include "compat.h"
#include "engine/engine.h"
#include "population/owner.h"
#include "refresh/flips.h"

PG_FUNCTION_INFO_V1(clientele_backfill_history);

/* Customers of a batch, unless the caller says how many. */
#define BATCH 20000

/* If fewer than one of so many may be different, they are read one by one. */
#define FEW 4

typedef struct Backfill
{
	int			population_id;
	char	   *name;
	int			batch;
	bool		atomic;			/* all in the caller's transaction */
	MemoryContext memory;		/* lives until the call ends */
	ClienteleRole caller;

	/* As begin_backfill() has it. */
	int			version;
	Oid			owner;
	TimestampTz begins_at;		/* of the feed */
	TimestampTz *steps;			/* ascending */
	int			nsteps;			/* 0: there is nothing to do */
	bool		exact;			/* between them from horizon to horizon ... */
	TimestampTz until;			/* ... until then */
	char	   *done_from;		/* customers from this key on are done; NULL: none is */
	char	   *keys_query;		/* the keys of the next range */
	char	   *base_query;		/* what the feed knows of them first */

	/* For those who watch */
	int64		run;			/* 0 = not begun */
	int64		done;
	int64		total;
	int64		logged;
} Backfill;

/* A customer of the range, as the latest evaluation found him. */
typedef struct Customer
{
	bool		known;
	TimestampTz due;			/* as before until then */
	ClienteleSegments segments;
} Customer;

typedef struct Range
{
	const Backfill *backfill;
	ClienteleEngine *engine;
	ClienteleFollowed *followed;
	ClienteleFeed *feed;
	TypeCacheEntry *key_type;
	Datum	   *keys;			/* ascending */
	int			nkeys;
	bool		has_high;
	Datum		high;			/* keys are below it */
	Customer   *customers;		/* of the keys */
	MemoryContext context;
	MemoryContext scratch;		/* of one customer */
	Snapshot	snapshot;
} Range;

/* ------------------------------------------------------------------
 * The states of a range's customers
 * ------------------------------------------------------------------ */

/* Whose key it is; NULL: he has come since the keys were read. */
static Customer *
customer_of(const Range *range, Datum key)
{
	int			low = 0;
	int			high = range->nkeys;

	while (low < high)
	{
		int			middle = low + (high - low) / 2;
		int			order = DatumGetInt32(FunctionCall2Coll(&range->key_type->cmp_proc_finfo, range->engine->key_collation,
															range->keys[middle], key));

		if (order == 0)
			return &range->customers[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static void
forget_segments(const Range *range, ClienteleSegments *segments)
{
	for (int i = 0; i < range->followed->count; i++)
		if (!segments->label_nulls[i])
			pfree(DatumGetPointer(segments->labels[i]));
	pfree(unconstify(Datum *, segments->labels));
	pfree(unconstify(bool *, segments->label_nulls));
	pfree(DatumGetPointer(segments->tags));
}

static ClienteleSegments
copy_segments(const Range *range, const ClienteleSegments *segments)
{
	int			count = range->followed->count;
	Datum	   *labels = palloc(sizeof(Datum) * Max(count, 1));
	bool	   *nulls = palloc(sizeof(bool) * Max(count, 1));

	for (int i = 0; i < count; i++)
	{
		nulls[i] = segments->label_nulls[i];
		labels[i] = nulls[i] ? (Datum) 0 : datumCopy(segments->labels[i], false, -1);
	}
	return (ClienteleSegments) {labels, nulls, datumCopy(segments->tags, false, -1), NULL};
}

/* What a customer is at an instant: the first is where his history begins, the others may be changes. */
static void
take_state(Range *range, Customer *customer, Datum key, const ClienteleSegments *segments, TimestampTz at)
{
	MemoryContext caller;

	if (customer->known && !clientele_feed_log(range->feed, key, &customer->segments, segments, at, "backfill"))
		return;
	caller = MemoryContextSwitchTo(range->context);
	if (customer->known)
		forget_segments(range, &customer->segments);
	customer->segments = copy_segments(range, segments);
	customer->known = true;
	MemoryContextSwitchTo(caller);
}

/* ------------------------------------------------------------------
 * Evaluating them
 * ------------------------------------------------------------------ */

static void
evaluate(Range *range, const ClienteleKeys *keys, TimestampTz as_of)
{
	int			noutputs = range->engine->noutputs;
	Datum	   *values = palloc(sizeof(Datum) * (noutputs + 3));
	bool	   *nulls = palloc(sizeof(bool) * (noutputs + 3));
	ClienteleScan *scan = clientele_scan_begin(range->engine, as_of, keys, range->snapshot);

	while (clientele_scan_next(scan, values, nulls))
	{
		TimestampTz at = clientele_scan_as_of(scan);
		Customer   *customer = customer_of(range, values[0]);
		MemoryContext caller = MemoryContextSwitchTo(range->scratch);
		ClienteleSegments segments;

		if (customer && customer->due <= at)
		{
			segments = clientele_segments(range->followed, values + 1, nulls + 1);
			take_state(range, customer, values[0], &segments, at);
			customer->due = nulls[noutputs + 2] ? DT_NOEND : DatumGetTimestampTz(values[noutputs + 2]);
			if (customer->due <= at)	/* it would be for ever */
				elog(ERROR, "a customer as of %s is due at once", timestamptz_to_str(at));
		}
		MemoryContextSwitchTo(caller);
		MemoryContextReset(range->scratch);
	}
	clientele_scan_end(scan);
}

/* All customers, or those of whom that instant may say something new, if they are few. */
static void
evaluate_step(Range *range, TimestampTz at)
{
	ClienteleKeys all = {
		.kind = CLIENTELE_KEYS_RANGE,
		.has_low = true,.low = range->keys[0],
		.has_high = range->has_high,.high = range->high
	};
	ClienteleKeys due = {.kind = CLIENTELE_KEYS_LIST};

	due.list = palloc(mul_size(sizeof(Datum), range->nkeys));
	for (int i = 0; i < range->nkeys; i++)
		if (range->customers[i].due <= at)
			due.list[due.nlist++] = range->keys[i];
	if (due.nlist > 0)
		evaluate(range, due.nlist < range->nkeys / FEW ? &due : &all, at);
}

/* By instants, and by keys where these are equal: customers lie in the order of theirs. */
static int
compare_due(const void *a, const void *b)
{
	const Customer *first = *(const Customer *const *) a;
	const Customer *second = *(const Customer *const *) b;

	if (first->due != second->due)
		return first->due < second->due ? -1 : 1;
	return first < second ? -1 : 1;
}

/* Each customer who is due until then, as of the instant at which he is; how many they were. */
static int
evaluate_due(Range *range, TimestampTz until)
{
	Customer  **due = palloc(mul_size(sizeof(Customer *), range->nkeys));
	TimestampTz *instants = palloc(mul_size(sizeof(TimestampTz), range->nkeys));
	ClienteleKeys keys = {.kind = CLIENTELE_KEYS_LIST,.instants = instants};

	for (int i = 0; i < range->nkeys; i++)
		if (range->customers[i].known && range->customers[i].due <= until)
			due[keys.nlist++] = &range->customers[i];
	if (keys.nlist == 0)
		return 0;
	qsort(due, keys.nlist, sizeof(Customer *), compare_due);
	keys.list = palloc(mul_size(sizeof(Datum), keys.nlist));
	for (int i = 0; i < keys.nlist; i++)
	{
		keys.list[i] = range->keys[due[i] - range->customers];
		instants[i] = due[i]->due;
	}
	evaluate(range, &keys, instants[0]);
	return keys.nlist;
}

/* From where the history begins to where the feed does, by days or from horizon to horizon. */
static void
follow(Range *range)
{
	const Backfill *backfill = range->backfill;
	MemoryContext step = AllocSetContextCreate(range->context, "clientele history step", ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(step);

	for (int i = 0; i < backfill->nsteps; i++)
	{
		evaluate_step(range, backfill->steps[i]);
		MemoryContextReset(step);
	}
	while (backfill->exact && evaluate_due(range, backfill->until) > 0)
		MemoryContextReset(step);
	MemoryContextSwitchTo(caller);
}

/* Where the feed begins, its customers are what it says of them first. */
static void
join_feed(Range *range, Datum keys)
{
	const Backfill *backfill = range->backfill;
	int			count = range->followed->count;
	Datum	   *labels = palloc(sizeof(Datum) * Max(count, 1));
	bool	   *nulls = palloc(sizeof(bool) * Max(count, 1));
	Oid			type = range->engine->key_array_type;

	clientele_run(backfill->base_query, 1, &type, &keys, NULL);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		HeapTuple	row = SPI_tuptable->vals[i];
		bool		isnull;
		Datum		key = SPI_getbinval(row, SPI_tuptable->tupdesc, 1, &isnull);
		Customer   *customer = customer_of(range, key);
		ClienteleSegments base = {labels, nulls, SPI_getbinval(row, SPI_tuptable->tupdesc, count + 2, &isnull), NULL};

		CHECK_FOR_INTERRUPTS();
		for (int n = 0; n < count; n++)
			labels[n] = SPI_getbinval(row, SPI_tuptable->tupdesc, n + 2, &nulls[n]);
		if (customer->known)
			clientele_feed_log(range->feed, key, &customer->segments, &base, backfill->begins_at, "backfill");
	}
	SPI_freetuptable(SPI_tuptable);
}

/* The history of the customers whose keys these are, in one snapshot. */
static int64
fill_range(Backfill *backfill, ArrayType *keys, bool has_high, Datum high)
{
	ClienteleEngine *engine = clientele_engine_get(backfill->population_id, backfill->version);
	Range		range = {.backfill = backfill,.engine = engine,.has_high = has_high,.high = high};
	MemoryContext caller;
	int16		length;
	bool		byval;
	char		alignment;
	int64		logged;

	CommandCounterIncrement();
	PushActiveSnapshot(GetTransactionSnapshot());
	range.snapshot = RegisterSnapshot(GetActiveSnapshot());
	range.context = AllocSetContextCreate(CurrentMemoryContext, "clientele history", ALLOCSET_DEFAULT_SIZES);
	range.scratch = AllocSetContextCreate(range.context, "clientele customer", ALLOCSET_DEFAULT_SIZES);
	caller = MemoryContextSwitchTo(range.context);
	range.key_type = lookup_type_cache(engine->key_type, TYPECACHE_CMP_PROC_FINFO);
	get_typlenbyvalalign(engine->key_type, &length, &byval, &alignment);
	deconstruct_array(keys, ARR_ELEMTYPE(keys), length, byval, alignment, &range.keys, NULL, &range.nkeys);
	range.customers = palloc0(mul_size(sizeof(Customer), range.nkeys));
	for (int i = 0; i < range.nkeys; i++)
		range.customers[i].due = DT_NOBEGIN;
	range.followed = clientele_followed(engine);
	range.feed = clientele_feed_open(backfill->name, engine->key_type, engine->version, clientele_clock_now(),
									 range.followed->count, range.followed->names);

	follow(&range);
	join_feed(&range, PointerGetDatum(keys));
	logged = clientele_feed_close(range.feed);

	UnregisterSnapshot(range.snapshot);
	PopActiveSnapshot();
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(range.context);
	return logged;
}

/* ------------------------------------------------------------------
 * Batches
 * ------------------------------------------------------------------ */

static void
announce(const Backfill *backfill)
{
	char	   *text = psprintf("clientele backfill %s", backfill->name);

	if (backfill->total > 0)
		text = psprintf("%s %d%%", text, (int) (Min(backfill->done, backfill->total) * 100 / backfill->total));
	(void) set_config_option("application_name", text, PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
}

static void
batch_begin(Backfill *backfill)
{
	if (!backfill->atomic)
		XactIsoLevel = XACT_READ_COMMITTED; /* whatever the session's default is */
	backfill->caller = clientele_become(clientele_extension_owner());
	announce(backfill);
	clientele_lock_population(backfill->population_id);
}

static void
batch_end(Backfill *backfill)
{
	clientele_become_again(&backfill->caller);
	if (!backfill->atomic)
	{
		SPI_commit();
		SPI_start_transaction();
	}
}

static void
note_progress(Backfill *backfill, bool finished)
{
	Oid			types[] = {INT4OID, INT8OID, INT8OID, INT8OID, BOOLOID};
	Datum		values[] = {Int32GetDatum(backfill->population_id), Int64GetDatum(backfill->run),
	Int64GetDatum(backfill->done), Int64GetDatum(backfill->total), BoolGetDatum(finished)};
	bool		isnull;

	clientele_run("SELECT clientele.note_progress($1, nullif($2, 0), 'backfill', $3, $4, $5)", 5, types, values, NULL);
	backfill->run = DatumGetInt64(clientele_answer(1, &isnull));
	SPI_freetuptable(SPI_tuptable);
}

static void
read_steps(Backfill *backfill, Datum steps)
{
	MemoryContext caller = MemoryContextSwitchTo(backfill->memory);
	Datum	   *values;

	deconstruct_array(DatumGetArrayTypePCopy(steps), TIMESTAMPTZOID, sizeof(TimestampTz), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE,
					  &values, NULL, &backfill->nsteps);
	backfill->steps = palloc(mul_size(sizeof(TimestampTz), Max(backfill->nsteps, 1)));
	for (int i = 0; i < backfill->nsteps; i++)
		backfill->steps[i] = DatumGetTimestampTz(values[i]);
	MemoryContextSwitchTo(caller);
}

/* Whether there is anything to be filled. */
static bool
begin(Backfill *backfill, FunctionCallInfo fcinfo)
{
	Oid			types[] = {INT4OID, DATEOID, DATEOID, INTERVALOID};
	Datum		values[] = {Int32GetDatum(backfill->population_id), PG_GETARG_DATUM(1), PG_GETARG_DATUM(2), PG_GETARG_DATUM(3)};
	char		nulls[] = {' ', ' ', PG_ARGISNULL(2) ? 'n' : ' ', PG_ARGISNULL(3) ? 'n' : ' '};
	bool		isnull;

	batch_begin(backfill);
	clientele_run("SELECT version, owner, begins_at, steps, until, done_from, done, total, keys_query, base_query"
				  " FROM clientele.begin_backfill($1, $2, $3, $4)", 4, types, values, nulls);
	backfill->version = DatumGetInt32(clientele_answer(1, &isnull));
	backfill->owner = DatumGetObjectId(clientele_answer(2, &isnull));
	backfill->begins_at = DatumGetTimestampTz(clientele_answer(3, &isnull));
	read_steps(backfill, clientele_answer(4, &isnull));
	backfill->exact = PG_ARGISNULL(3);
	backfill->until = DatumGetTimestampTz(clientele_answer(5, &isnull));
	backfill->done_from = clientele_answer_text(backfill->memory, 6);
	backfill->done = DatumGetInt64(clientele_answer(7, &isnull));
	backfill->total = DatumGetInt64(clientele_answer(8, &isnull));
	backfill->keys_query = clientele_answer_text(backfill->memory, 9);
	backfill->base_query = clientele_answer_text(backfill->memory, 10);
	SPI_freetuptable(SPI_tuptable);
	if (backfill->nsteps > 0)
		note_progress(backfill, false);
	batch_end(backfill);
	return backfill->nsteps > 0;
}

/* Fills the next range; false: there is none left. */
static bool
fill_next(Backfill *backfill)
{
	Oid			types[] = {TEXTOID, INT4OID};
	Datum		values[] = {(Datum) 0, Int32GetDatum(backfill->batch)};
	char		nulls[] = {backfill->done_from ? ' ' : 'n', ' '};
	ClienteleRole before = clientele_become(backfill->owner);
	SPITupleTable *answered;
	Datum		keys;
	Datum		high;
	bool		none;
	bool		no_high;

	if (backfill->done_from)
		values[0] = CStringGetTextDatum(backfill->done_from);
	clientele_run(backfill->keys_query, 2, types, values, nulls);
	answered = SPI_tuptable;
	keys = clientele_answer(1, &none);
	high = clientele_answer(3, &no_high);
	if (!none)
	{
		ArrayType  *array = DatumGetArrayTypeP(keys);

		backfill->done_from = clientele_answer_text(backfill->memory, 2);
		backfill->logged += fill_range(backfill, array, !no_high, high);
		backfill->done += ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	}
	SPI_freetuptable(answered);
	clientele_become_again(&before);
	return !none;
}

/* A transaction; false: all is done. */
static bool
fill(Backfill *backfill)
{
	Oid			types[] = {INT4OID, INT4OID, TEXTOID};
	Datum		values[] = {Int32GetDatum(backfill->population_id), Int32GetDatum(backfill->version), (Datum) 0};
	bool		more;

	batch_begin(backfill);
	clientele_run("SELECT clientele.check_backfill($1, $2)", 2, types, values, NULL);
	SPI_freetuptable(SPI_tuptable);
	more = fill_next(backfill);
	if (more)
	{
		values[2] = CStringGetTextDatum(backfill->done_from);
		clientele_run("UPDATE clientele.history SET done_from = $3 WHERE population_id = $1", 3, types, values, NULL);
	}
	else
		clientele_run("SELECT clientele.finish_backfill($1)", 1, types, values, NULL);
	note_progress(backfill, !more);
	batch_end(backfill);
	return more;
}

static bool
is_atomic(FunctionCallInfo fcinfo)
{
	return !(fcinfo->context != NULL && IsA(fcinfo->context, CallContext) &&
			 !castNode(CallContext, fcinfo->context)->atomic);
}

static void
refuse_missing(FunctionCallInfo fcinfo, int argument, const char *name)
{
	if (PG_ARGISNULL(argument))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s must not be null", name),
				 errhint("For example: CALL clientele.backfill_history('customer', '2023-01-31').")));
}

/* backfill_history(population, from_date, to_date, every, batch) */
Datum
clientele_backfill_history(PG_FUNCTION_ARGS)
{
	Backfill	backfill = {.atomic = is_atomic(fcinfo)};

	refuse_missing(fcinfo, 0, "population");
	refuse_missing(fcinfo, 1, "from_date");
	backfill.batch = PG_ARGISNULL(4) ? BATCH : PG_GETARG_INT32(4);
	if (backfill.batch < 1 || backfill.batch > 1000000)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("a batch of %d customers is not possible", backfill.batch),
				 errhint("Give a number from 1 to 1000000, e.g. batch => 20000.")));
	if (backfill.atomic && IsolationUsesXactSnapshot())
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TRANSACTION_STATE),
				 errmsg("backfill_history must see what others commit meanwhile, which this transaction's isolation level forbids"),
				 errhint("CALL it outside a transaction block, or BEGIN ISOLATION LEVEL READ COMMITTED.")));

	SPI_connect_ext(backfill.atomic ? 0 : SPI_OPT_NONATOMIC);
	clientele_capture_write();
	backfill.memory = CurrentMemoryContext;
	backfill.name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	backfill.population_id = clientele_population_of_caller(backfill.name);
	if (!backfill.atomic)
	{
		/* The first batch, too, shall have a transaction of its own. */
		SPI_commit();
		SPI_start_transaction();
	}

	if (begin(&backfill, fcinfo))
	{
		while (fill(&backfill))
			;
		ereport(NOTICE,
				(errmsg("population \"%s\": history of " INT64_FORMAT " customers, " INT64_FORMAT " changes",
						backfill.name, backfill.done, backfill.logged)));
	}
	SPI_finish();
	PG_RETURN_VOID();
}
