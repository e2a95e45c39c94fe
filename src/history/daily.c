/*
 * daily.c
 *		Days summed up: how many customers had a label at the end of each, and what they
 *		paid on it.
 *
 * The flips of a customer, his row and what he has paid are read in the order of keys and
 * merged.  A sweep along his days says what he contributes: one more under a label from this
 * day on, one less under another, and money.  All contributions are added up by day, label
 * and branch, in memory.  What customers had contributed before is taken away from what they do
 * by now, so that the table of days is changed only where something is different.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datum.h"
#include "utils/hsearch.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/typcache.h"

#include "base/arguments.h"
#include "base/decimal.h"
#include "compat.h"
#include "engine/stream.h"
#include "expression/cell.h"
#include "population/owner.h"

PG_FUNCTION_INFO_V1(clientele_contribute);

/* Texts have numbers; this is none. */
#define NOTHING (-1)

/* A name whose label is still to be found. */
#define UNKNOWN (-2)

/* A text that is met again and again. */
typedef struct Word
{
	const text *text;			/* first: the hash table's key */
	int			number;
} Word;

/* What customers contribute to a day. */
typedef struct Place
{
	DateADT		day;
	int			name;
	int			label;
	int			branch;
} Place;

typedef struct Sum
{
	Place		place;			/* first: the hash table's key */
	int64		customers;
	ClienteleDecimal revenue;
} Sum;

/* Rows in the order of keys. */
typedef struct Rows
{
	ClienteleQuery *query;
	ClienteleStream *stream;
	TupleTableSlot *row;		/* NULL: there are no more */
} Rows;

enum
{
	FLIP_KEY,
	FLIP_NAMES,
	FLIP_FROM,
	FLIP_TO,
	FLIP_DAY,
	FLIP_COUNTS
};

enum
{
	STORED_KEY,
	STORED_LABELS,
	STORED_TAGS
};

enum
{
	REVENUE_KEY,
	REVENUE_DAY,
	REVENUE_AMOUNT
};

/* A flip of the customer who is being swept. */
typedef struct Flip
{
	DateADT		day;
	bool		counts;
	int			name;
	int			to;
} Flip;

typedef struct Payment
{
	DateADT		day;
	ClienteleDecimal amount;
} Payment;

typedef struct Daily
{
	int			sign;
	DateADT		first_day;
	DateADT		last_day;
	MemoryContext context;		/* words and sums */
	MemoryContext scratch;		/* of one customer */
	HTAB	   *words;
	int			nwords;
	int			words_allocated;
	const text **texts;			/* of the words' numbers */
	HTAB	   *sums;
	int			branch;			/* the name of the branch, or NOTHING */
	int		   *followed;		/* the names of what a stored row has labels of */

	/* The customer who is being swept */
	int			nflips;
	int			flips_allocated;
	Flip	   *flips;
	int			npayments;
	int			payments_allocated;
	Payment    *payments;
	int			next_payment;
	int			nheld;			/* names that he has, or has had, labels of */
	int		   *held;
	int		   *labels;			/* by words' numbers: the label; UNKNOWN elsewhere */
} Daily;

/* ------------------------------------------------------------------
 * Words and sums
 * ------------------------------------------------------------------ */

static uint32
hash_word(const void *key, Size size)
{
	const text *word = *(const text *const *) key;

	(void) size;
	return hash_bytes((const unsigned char *) VARDATA_ANY(word), VARSIZE_ANY_EXHDR(word));
}

static int
compare_words(const void *a, const void *b, Size size)
{
	(void) size;
	return clientele_compare_text(*(const text *const *) a, *(const text *const *) b);
}

static HTAB *
make_words(MemoryContext context)
{
	HASHCTL		control = {.keysize = sizeof(text *),.entrysize = sizeof(Word),.hash = hash_word,.match = compare_words,.hcxt = context};

	return hash_create("clientele words", 256, &control, HASH_ELEM | HASH_FUNCTION | HASH_COMPARE | HASH_CONTEXT);
}

static HTAB *
make_sums(MemoryContext context)
{
	HASHCTL		control = {.keysize = sizeof(Place),.entrysize = sizeof(Sum),.hcxt = context};

	return hash_create("clientele sums", 1024, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

static void
allow_words(Daily *daily)
{
	int			allocated = daily->words_allocated * 2;

	daily->texts = repalloc(daily->texts, mul_size(sizeof(text *), allocated));
	daily->held = repalloc(daily->held, mul_size(sizeof(int), allocated));
	daily->labels = repalloc(daily->labels, mul_size(sizeof(int), allocated));
	for (int i = daily->words_allocated; i < allocated; i++)
		daily->labels[i] = UNKNOWN;
	daily->words_allocated = allocated;
}

static int
number_of(Daily *daily, const text *written)
{
	bool		found;
	Word	   *word = hash_search(daily->words, &written, HASH_ENTER, &found);
	text	   *copy;

	if (found)
		return word->number;
	if (daily->nwords == daily->words_allocated)
		allow_words(daily);
	copy = MemoryContextAlloc(daily->context, VARSIZE_ANY(written));
	memcpy(copy, written, VARSIZE_ANY(written));
	word->text = copy;
	word->number = daily->nwords++;
	daily->texts[word->number] = word->text;
	return word->number;
}

static Sum *
sum_of(Daily *daily, DateADT day, int name)
{
	Place		place = {day, name, daily->labels[name], daily->branch == NOTHING ? NOTHING : Max(daily->labels[daily->branch], NOTHING)};
	bool		found;
	Sum		   *sum = hash_search(daily->sums, &place, HASH_ENTER, &found);

	if (!found)
	{
		sum->customers = 0;
		sum->revenue = (ClienteleDecimal) {{0}, 0};
	}
	return sum;
}

/* From that day on one more has the label that the customer has; or one less. */
static void
count(Daily *daily, DateADT day, int name, int sign)
{
	if (daily->labels[name] >= 0)
		sum_of(daily, day, name)->customers += sign * daily->sign;
}

static void
add_revenue(Daily *daily, const Payment *payment)
{
	ClienteleDecimal amount = daily->sign < 0 ? clientele_decimal_negate(payment->amount) : payment->amount;

	for (int i = 0; i < daily->nheld; i++)
	{
		Sum		   *sum;

		if (daily->labels[daily->held[i]] < 0)
			continue;
		sum = sum_of(daily, payment->day, daily->held[i]);
		if (!clientele_decimal_add(sum->revenue, amount, &sum->revenue))
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("the revenue of a day is too large")));
	}
}

/* ------------------------------------------------------------------
 * One customer
 * ------------------------------------------------------------------ */

/* The first that is said of a name is what it was in the beginning. */
static void
begin_with(Daily *daily, int name, int label)
{
	if (daily->labels[name] != UNKNOWN)
		return;
	daily->labels[name] = label;
	daily->held[daily->nheld++] = name;
}

/* What he has paid before a day, under the labels that he has. */
static void
pay_until(Daily *daily, DateADT day)
{
	while (daily->next_payment < daily->npayments && daily->payments[daily->next_payment].day < day)
	{
		const Payment *payment = &daily->payments[daily->next_payment++];

		if (payment->day >= daily->first_day)
			add_revenue(daily, payment);
	}
}

/* The flips from there on that are of one day; the branch may take all labels with it.  The next one. */
static int
flip_day(Daily *daily, int i, DateADT day)
{
	bool		moves = false;
	int			first = i;

	for (; i < daily->nflips && daily->flips[i].day <= day; i++)
		moves = moves || daily->flips[i].name == daily->branch;
	for (int n = 0; n < daily->nheld && moves; n++)
		count(daily, day, daily->held[n], -1);
	for (int f = first; f < i; f++)
	{
		int			name = daily->flips[f].name;

		if (!moves)
			count(daily, day, name, -1);
		daily->labels[name] = daily->flips[f].to;
		if (!moves)
			count(daily, day, name, 1);
	}
	for (int n = 0; n < daily->nheld && moves; n++)
		count(daily, day, daily->held[n], 1);
	return i;
}

static void
sweep(Daily *daily)
{
	MemoryContext caller = MemoryContextSwitchTo(daily->context);
	DateADT		today = daily->first_day;
	int			flips = 0;

	for (int n = 0; n < daily->nheld; n++)
		count(daily, today, daily->held[n], 1);

	/* those that count, on days that do not go back */
	for (int i = 0; i < daily->nflips; i++)
	{
		if (!daily->flips[i].counts)
			continue;
		today = Max(today, daily->flips[i].day);
		daily->flips[flips] = daily->flips[i];
		daily->flips[flips++].day = today;
	}
	daily->nflips = flips;
	for (int i = 0; i < flips && daily->flips[i].day <= daily->last_day;)
	{
		DateADT		day = daily->flips[i].day;

		pay_until(daily, day);
		i = flip_day(daily, i, day);
	}
	pay_until(daily, daily->last_day + 1);

	for (int n = 0; n < daily->nheld; n++)
		daily->labels[daily->held[n]] = UNKNOWN;
	daily->nheld = daily->nflips = daily->npayments = daily->next_payment = 0;
	MemoryContextSwitchTo(caller);
	MemoryContextReset(daily->scratch);
}

/* ------------------------------------------------------------------
 * Reading
 * ------------------------------------------------------------------ */

static void
next_row(Rows *rows)
{
	if (rows->stream == NULL)
		return;
	rows->row = clientele_stream_next(rows->stream);
	if (TupIsNull(rows->row))
		rows->row = NULL;
	else
		slot_getallattrs(rows->row);
}

static Rows
open_rows(const char *query, Snapshot snapshot)
{
	Rows		rows = {0};

	if (query == NULL)
		return rows;
	rows.query = clientele_query_prepare(query, 0, NULL);
	rows.stream = clientele_stream_open(rows.query, NULL, NULL, snapshot);
	next_row(&rows);
	return rows;
}

static void
close_rows(Rows *rows)
{
	if (rows->stream == NULL)
		return;
	clientele_stream_close(rows->stream);
	clientele_query_free(rows->query);
}

static int
words_of(Daily *daily, Datum array, int **numbers)
{
	Datum	   *values;
	bool	   *nulls;
	int			n;

	deconstruct_array(DatumGetArrayTypeP(array), TEXTOID, -1, false, TYPALIGN_INT, &values, &nulls, &n);
	*numbers = palloc(sizeof(int) * Max(n, 1));
	for (int i = 0; i < n; i++)
		(*numbers)[i] = nulls[i] ? NOTHING : number_of(daily, DatumGetTextPP(values[i]));
	return n;
}

static void
read_flips(Daily *daily, TupleTableSlot *row)
{
	int		   *names;
	int		   *from;
	int		   *to;
	int			n = words_of(daily, row->tts_values[FLIP_NAMES], &names);

	(void) words_of(daily, row->tts_values[FLIP_FROM], &from);
	(void) words_of(daily, row->tts_values[FLIP_TO], &to);
	while (daily->nflips + n > daily->flips_allocated)
	{
		daily->flips_allocated *= 2;
		daily->flips = repalloc(daily->flips, mul_size(sizeof(Flip), daily->flips_allocated));
	}
	for (int i = 0; i < n; i++)
	{
		begin_with(daily, names[i], from[i]);
		daily->flips[daily->nflips++] = (Flip)
		{
			DatumGetDateADT(row->tts_values[FLIP_DAY]), DatumGetBool(row->tts_values[FLIP_COUNTS]), names[i], to[i]
		};
	}
}

/* Of what has never flipped he has what he had in the beginning. */
static void
read_stored(Daily *daily, TupleTableSlot *row)
{
	int		   *words;
	int			n = words_of(daily, row->tts_values[STORED_LABELS], &words);

	for (int i = 0; i < n; i++)
		begin_with(daily, daily->followed[i], words[i]);
	n = words_of(daily, row->tts_values[STORED_TAGS], &words);
	for (int i = 0; i < n; i++)
		begin_with(daily, words[i], words[i]);
}

static void
read_payment(Daily *daily, TupleTableSlot *row)
{
	Payment    *payment;

	if (daily->npayments == daily->payments_allocated)
	{
		daily->payments_allocated *= 2;
		daily->payments = repalloc(daily->payments, mul_size(sizeof(Payment), daily->payments_allocated));
	}
	payment = &daily->payments[daily->npayments++];
	payment->day = DatumGetDateADT(row->tts_values[REVENUE_DAY]);
	if (!clientele_decimal_from_datum(datumCopy(row->tts_values[REVENUE_AMOUNT], false, -1), &payment->amount))
		payment->amount = (ClienteleDecimal) {{0}, 0};
}

typedef struct Merge
{
	Rows		flips;
	Rows		stored;
	Rows		revenue;
	FmgrInfo   *compare;
	Oid			collation;
} Merge;

static int
compare_keys(const Merge *merge, Datum a, Datum b)
{
	return DatumGetInt32(FunctionCall2Coll(merge->compare, merge->collation, a, b));
}

/* The customer who comes next in any of the streams; false: there is none. */
static bool
next_key(const Merge *merge, Datum *key)
{
	const Rows *all[] = {&merge->flips, &merge->stored, &merge->revenue};
	bool		found = false;

	for (int i = 0; i < (int) lengthof(all); i++)
	{
		if (all[i]->row == NULL || (found && compare_keys(merge, all[i]->row->tts_values[0], *key) >= 0))
			continue;
		*key = all[i]->row->tts_values[0];
		found = true;
	}
	return found;
}

static void
read_rows(Daily *daily, const Merge *merge, Rows *rows, Datum key, void (*read) (Daily *daily, TupleTableSlot *row))
{
	while (rows->row != NULL && compare_keys(merge, rows->row->tts_values[0], key) == 0)
	{
		read(daily, rows->row);
		next_row(rows);
	}
}

static void
read_customers(Daily *daily, Merge *merge)
{
	Form_pg_attribute key_column = TupleDescAttr(clientele_stream_columns(merge->flips.stream), FLIP_KEY);
	TypeCacheEntry *type = lookup_type_cache(getBaseType(key_column->atttypid), TYPECACHE_CMP_PROC_FINFO);
	Datum		key = (Datum) 0;

	merge->compare = &type->cmp_proc_finfo;
	merge->collation = key_column->attcollation;
	while (next_key(merge, &key))
	{
		MemoryContext caller = MemoryContextSwitchTo(daily->scratch);

		CHECK_FOR_INTERRUPTS();
		key = datumCopy(key, type->typbyval, type->typlen);
		read_rows(daily, merge, &merge->flips, key, read_flips);
		read_rows(daily, merge, &merge->stored, key, read_stored);
		read_rows(daily, merge, &merge->revenue, key, read_payment);
		MemoryContextSwitchTo(caller);
		sweep(daily);
	}
}

/* ------------------------------------------------------------------
 * Handing on, and applying
 * ------------------------------------------------------------------ */

/* The attributes of clientele.day_sums: arrays of as many elements. */
enum
{
	SUMS_DAYS,
	SUMS_NAMES,
	SUMS_LABELS,
	SUMS_BRANCHES,
	SUMS_CUSTOMERS,
	SUMS_REVENUE,
	SUMS_ATTRIBUTES
};

static const Oid sums_types[SUMS_ATTRIBUTES] = {DATEOID, TEXTOID, TEXTOID, TEXTOID, INT8OID, NUMERICOID};

/* Begins with sums that were handed on. */
static void
read_sums(Daily *daily, HeapTupleHeader sums)
{
	Datum	   *values[SUMS_ATTRIBUTES];
	bool	   *nulls[SUMS_ATTRIBUTES];
	int			n = 0;

	for (int c = 0; c < SUMS_ATTRIBUTES; c++)
	{
		TypeCacheEntry *type = lookup_type_cache(sums_types[c], 0);
		bool		isnull;
		Datum		array = GetAttributeByNum(sums, c + 1, &isnull);

		deconstruct_array(DatumGetArrayTypeP(array), sums_types[c], type->typlen, type->typbyval, type->typalign,
						  &values[c], &nulls[c], &n);
	}
	for (int i = 0; i < n; i++)
	{
		Place		place = {
			DatumGetDateADT(values[SUMS_DAYS][i]),
			number_of(daily, DatumGetTextPP(values[SUMS_NAMES][i])),
			number_of(daily, DatumGetTextPP(values[SUMS_LABELS][i])),
			nulls[SUMS_BRANCHES][i] ? NOTHING : number_of(daily, DatumGetTextPP(values[SUMS_BRANCHES][i]))
		};
		Sum		   *sum = hash_search(daily->sums, &place, HASH_ENTER, &(bool) {false});

		sum->customers = DatumGetInt64(values[SUMS_CUSTOMERS][i]);
		if (nulls[SUMS_REVENUE][i] || !clientele_decimal_from_datum(values[SUMS_REVENUE][i], &sum->revenue))
			sum->revenue = (ClienteleDecimal) {{0}, 0};
	}
}

static Datum
word(const Daily *daily, int number, bool *isnull)
{
	*isnull = number == NOTHING;
	return *isnull ? (Datum) 0 : PointerGetDatum(daily->texts[number]);
}

static Datum
array_of(Datum *values, bool *nulls, int n, Oid type)
{
	TypeCacheEntry *entry = lookup_type_cache(type, 0);

	return PointerGetDatum(construct_md_array(values, nulls, 1, &n, &(int) {1}, type, entry->typlen, entry->typbyval, entry->typalign));
}

/* The sums that are not nothing, as arrays; how many. */
static int
write_sums(Daily *daily, bool with_revenue, Datum *arrays)
{
	Datum	   *values[SUMS_ATTRIBUTES];
	bool	   *nulls[SUMS_ATTRIBUTES];
	int			allocated = Max((int) hash_get_num_entries(daily->sums), 1);
	int			n = 0;
	HASH_SEQ_STATUS scan;
	Sum		   *sum;

	for (int c = 0; c < SUMS_ATTRIBUTES; c++)
	{
		values[c] = MemoryContextAllocHuge(CurrentMemoryContext, mul_size(sizeof(Datum), allocated));
		nulls[c] = MemoryContextAllocHuge(CurrentMemoryContext, mul_size(sizeof(bool), allocated));
		memset(nulls[c], 0, mul_size(sizeof(bool), allocated));
	}
	hash_seq_init(&scan, daily->sums);
	while ((sum = hash_seq_search(&scan)) != NULL)
	{
		if (sum->customers == 0 && clientele_decimal_sign(sum->revenue) == 0)
			continue;
		values[SUMS_DAYS][n] = DateADTGetDatum(sum->place.day);
		values[SUMS_NAMES][n] = word(daily, sum->place.name, &nulls[SUMS_NAMES][n]);
		values[SUMS_LABELS][n] = word(daily, sum->place.label, &nulls[SUMS_LABELS][n]);
		values[SUMS_BRANCHES][n] = word(daily, sum->place.branch, &nulls[SUMS_BRANCHES][n]);
		values[SUMS_CUSTOMERS][n] = Int64GetDatum(sum->customers);
		values[SUMS_REVENUE][n] = NumericGetDatum(clientele_decimal_to_numeric(sum->revenue));
		nulls[SUMS_REVENUE][n] = !with_revenue;
		n++;
	}
	for (int c = 0; c < SUMS_ATTRIBUTES; c++)
		arrays[c] = n == 0 ? PointerGetDatum(construct_empty_array(sums_types[c])) : array_of(values[c], nulls[c], n, sums_types[c]);
	return n;
}

static void
apply(const char *query, Datum *arrays)
{
	Oid			types[SUMS_ATTRIBUTES];

	for (int c = 0; c < SUMS_ATTRIBUTES; c++)
		types[c] = get_array_type(sums_types[c]);
	if (SPI_execute_with_args(query, SUMS_ATTRIBUTES, types, arrays, NULL, false, 0) < 0)
		elog(ERROR, "sums of days could not be applied: %s", query);
}

static char *
query_argument(FunctionCallInfo fcinfo, int n)
{
	return PG_ARGISNULL(n) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(n));
}

/*
 * contribute(owner, flips, stored, followed, branch, revenue, first_day, last_day, sign, before, apply): flips,
 * stored and revenue are queries for rows in the order of keys, as above.  The sums, added to those of before,
 * are handed on, or (apply is given) done with as it says.
 */
Datum
clientele_contribute(PG_FUNCTION_ARGS)
{
	const uint32 may_be_null = CLIENTELE_ARGUMENT(4) | CLIENTELE_ARGUMENT(5);
	Daily		daily = {.sign = PG_GETARG_INT32(8),.first_day = PG_GETARG_DATEADT(6),.last_day = PG_GETARG_DATEADT(7)};
	Merge		merge = {0};
	MemoryContext caller_context = CurrentMemoryContext;
	ClienteleRole caller;
	Snapshot	snapshot;
	TupleDesc	columns;
	Datum		arrays[SUMS_ATTRIBUTES];
	int			nsums;

	clientele_require_arguments(fcinfo, CLIENTELE_ARGUMENTS_BELOW(9) & ~may_be_null);
	if (get_call_result_type(fcinfo, NULL, &columns) != TYPEFUNC_COMPOSITE || columns->natts != SUMS_ATTRIBUTES)
		elog(ERROR, "sums of days are of another type");
	SPI_connect();
	daily.context = AllocSetContextCreate(caller_context, "clientele days", ALLOCSET_DEFAULT_SIZES);
	daily.scratch = AllocSetContextCreate(daily.context, "clientele customer", ALLOCSET_DEFAULT_SIZES);
	MemoryContextSwitchTo(daily.context);
	daily.words = make_words(daily.context);
	daily.sums = make_sums(daily.context);
	daily.words_allocated = 1;
	daily.texts = palloc(sizeof(text *));
	daily.held = palloc(sizeof(int));
	daily.labels = palloc(sizeof(int));
	daily.labels[0] = UNKNOWN;
	daily.flips_allocated = daily.payments_allocated = 64;
	daily.flips = palloc(sizeof(Flip) * daily.flips_allocated);
	daily.payments = palloc(sizeof(Payment) * daily.payments_allocated);
	(void) words_of(&daily, PG_GETARG_DATUM(3), &daily.followed);
	daily.branch = PG_ARGISNULL(4) ? NOTHING : number_of(&daily, PG_GETARG_TEXT_PP(4));

	if (!PG_ARGISNULL(9))
		read_sums(&daily, PG_GETARG_HEAPTUPLEHEADER(9));

	caller = clientele_become(PG_GETARG_OID(0));
	CommandCounterIncrement();
	PushActiveSnapshot(GetTransactionSnapshot());
	snapshot = RegisterSnapshot(GetActiveSnapshot());
	merge.flips = open_rows(query_argument(fcinfo, 1), snapshot);
	merge.stored = open_rows(query_argument(fcinfo, 2), snapshot);
	merge.revenue = open_rows(query_argument(fcinfo, 5), snapshot);
	read_customers(&daily, &merge);
	close_rows(&merge.flips);
	close_rows(&merge.stored);
	close_rows(&merge.revenue);
	UnregisterSnapshot(snapshot);
	PopActiveSnapshot();
	nsums = write_sums(&daily, merge.revenue.stream != NULL, arrays);
	if (!PG_ARGISNULL(10) && nsums > 0)
		apply(text_to_cstring(PG_GETARG_TEXT_PP(10)), arrays);
	clientele_become_again(&caller);
	SPI_finish();
	if (!PG_ARGISNULL(10))
		PG_RETURN_NULL();
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(columns), arrays, (bool[SUMS_ATTRIBUTES]) {false})));
}
