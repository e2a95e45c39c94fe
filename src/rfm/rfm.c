/*
 * rfm.c
 *		SQL type rfm: a mergeable summary of one customer's events.
 *
 * First and last instant, number of events, exact sum of amounts.  From these
 * follow recency, frequency and monetary value, and two summaries of the same
 * customer (two branches, two months, two parallel workers) add up to the
 * summary of all events, whatever the order.
 *
 * An event without a time does not exist; neither does one at infinity.  An
 * event without an amount (NULL, NaN, infinity) counts and adds nothing.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "common/int.h"
#include "libpq/pqformat.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/fmgrprotos.h"

#include "base/local_time.h"
#include "compat.h"
#include "rfm/rfm.h"

#define HEADER_SIZE offsetof(ClienteleRfm, numeric)

PG_FUNCTION_INFO_V1(clientele_rfm_in);
PG_FUNCTION_INFO_V1(clientele_rfm_out);
PG_FUNCTION_INFO_V1(clientele_rfm_recv);
PG_FUNCTION_INFO_V1(clientele_rfm_send);
PG_FUNCTION_INFO_V1(clientele_rfm_add);
PG_FUNCTION_INFO_V1(clientele_rfm_plus);
PG_FUNCTION_INFO_V1(clientele_rfm_eq);
PG_FUNCTION_INFO_V1(clientele_rfm_ne);
PG_FUNCTION_INFO_V1(clientele_rfm_hash);
PG_FUNCTION_INFO_V1(clientele_rfm_hash_extended);
PG_FUNCTION_INFO_V1(clientele_rfm_recency);
PG_FUNCTION_INFO_V1(clientele_rfm_frequency);
PG_FUNCTION_INFO_V1(clientele_rfm_monetary);
PG_FUNCTION_INFO_V1(clientele_rfm_first_event);
PG_FUNCTION_INFO_V1(clientele_rfm_last_event);

/*
 * The value itself
 */

static void
check_stored(const ClienteleRfm *rfm)
{
	Size		size = VARSIZE(rfm);

	if (likely(size == HEADER_SIZE && rfm->version == CLIENTELE_RFM_VERSION &&
			   rfm->scale >= 0 && rfm->scale <= CLIENTELE_DECIMAL_MAX_SCALE))
		return;

	if (size < HEADER_SIZE)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("value of type rfm has %zu bytes, at least %zu expected", size, HEADER_SIZE)));
	if (rfm->version != CLIENTELE_RFM_VERSION)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("value of type rfm has format version %d, this library reads %d",
						rfm->version, CLIENTELE_RFM_VERSION),
				 errhint("If a newer clientele wrote it, install that release on this server.")));
	if (rfm->scale != CLIENTELE_DECIMAL_IS_NUMERIC ||
		size < HEADER_SIZE + VARHDRSZ + sizeof(uint16) ||
		size != HEADER_SIZE + VARSIZE_ANY(rfm->numeric))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("value of type rfm has a damaged sum (scale %d, %zu bytes)", rfm->scale, size)));
}

ClienteleRfm *
clientele_rfm_get(Datum value)
{
	ClienteleRfm *rfm = (ClienteleRfm *) PG_DETOAST_DATUM(value);

	check_stored(rfm);
	return rfm;
}

ClienteleDecimal
clientele_rfm_sum(const ClienteleRfm *rfm)
{
	ClienteleDecimal sum;

	sum.scale = rfm->scale;
	if (rfm->scale == CLIENTELE_DECIMAL_IS_NUMERIC)
		sum.u.numeric = (Numeric) rfm->numeric;
	else
		sum.u.units = rfm->units;
	return sum;
}

/* A new value; the sum's numeric, if it has one, is copied into it. */
static ClienteleRfm *
make_rfm(TimestampTz first, TimestampTz last, int64 count, ClienteleDecimal sum)
{
	Size		tail = sum.scale == CLIENTELE_DECIMAL_IS_NUMERIC ? VARSIZE(sum.u.numeric) : 0;
	ClienteleRfm *rfm = palloc(HEADER_SIZE + tail);

	SET_VARSIZE(rfm, HEADER_SIZE + tail);
	rfm->version = CLIENTELE_RFM_VERSION;
	rfm->scale = sum.scale;
	rfm->first = first;
	rfm->last = last;
	rfm->count = count;
	rfm->units = tail == 0 ? sum.u.units : 0;
	if (tail > 0)
		memcpy(rfm->numeric, sum.u.numeric, tail);
	return rfm;
}

/* What is wrong with these parts, or NULL. */
static const char *
find_fault(TimestampTz first, TimestampTz last, int64 count)
{
	if (!IS_VALID_TIMESTAMP(first) || !IS_VALID_TIMESTAMP(last))
		return "An instant is out of range.";
	if (first > last)
		return "The first event lies after the last.";
	if (count < 1)
		return "The count is less than 1; a customer without events is NULL.";
	if (count == 1 && first != last)
		return "One event cannot have two instants.";
	return NULL;
}

/*
 * Text form: (first,last,count,sum)
 *
 * Instants are written in UTC whatever DateStyle and TimeZone say, because the
 * output of an immutable function may not depend on settings.  They are read
 * only in that same form: 'now' or '1/2/2024' would mean something else
 * tomorrow or in another session.
 */

Datum
clientele_rfm_out(PG_FUNCTION_ARGS)
{
	ClienteleRfm *rfm = clientele_rfm_get(PG_GETARG_DATUM(0));
	Numeric		sum = clientele_decimal_to_numeric(clientele_rfm_sum(rfm));

	PG_RETURN_CSTRING(psprintf("(%s,%s," INT64_FORMAT ",%s)",
							   clientele_instant_to_string(rfm->first, NULL),
							   clientele_instant_to_string(rfm->last, NULL),
							   rfm->count,
							   DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(sum)))));
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
get_char(const char **p, char c)
{
	if (**p != c)
		return false;
	(*p)++;
	return true;
}

/* Whatever instant a tuple can hold, so that every value survives a dump. */
static bool
get_instant(const char **p, TimestampTz *instant)
{
	ClienteleIsoTime time;
	struct pg_tm tm;
	int			utc = 0;

	if (!clientele_iso_utc(p, &time))
		return false;
	memset(&tm, 0, sizeof(tm));
	tm.tm_year = time.year;
	tm.tm_mon = time.month;
	tm.tm_mday = time.day;
	tm.tm_hour = time.hour;
	tm.tm_min = time.minute;
	tm.tm_sec = time.second;
	return tm2timestamp(&tm, time.microsecond, &utc, instant) == 0;
}

static bool
get_count(const char **p, int64 *count)
{
	if (!is_digit(**p))
		return false;
	for (*count = 0; is_digit(**p); (*p)++)
		if (pg_mul_s64_overflow(*count, 10, count) ||
			pg_add_s64_overflow(*count, **p - '0', count))
			return false;
	return true;
}

/* Reads up to the closing parenthesis, which must end the text. */
static bool
get_sum(const char **p, ClienteleDecimal *sum)
{
	const char *end = strchr(*p, ')');
	char	   *text;
	bool		ok;

	if (end == NULL || end[1] != '\0' || strpbrk(*p, " \t\n\r\v\f") != NULL)
		return false;
	text = pnstrdup(*p, end - *p);
	ok = clientele_decimal_from_string(text, sum);
	*p = end + 1;
	return ok;
}

Datum
clientele_rfm_in(PG_FUNCTION_ARGS)
{
	const char *input = PG_GETARG_CSTRING(0);
	const char *p = input;
	const char *fault = NULL;
	TimestampTz first = 0;
	TimestampTz last = 0;
	int64		count = 0;
	ClienteleDecimal sum = {{0}, 0};

	if (!get_char(&p, '('))
		fault = "It does not start with \"(\".";
	else if (!get_instant(&p, &first) || !get_char(&p, ','))
		fault = "The first field is not an instant in UTC.";
	else if (!get_instant(&p, &last) || !get_char(&p, ','))
		fault = "The second field is not an instant in UTC.";
	else if (!get_count(&p, &count) || !get_char(&p, ','))
		fault = "The third field is not a count.";
	else if (!get_sum(&p, &sum))
		fault = "The fourth field is not a finite number, or something follows it that is not \")\".";
	else
		fault = find_fault(first, last, count);

	if (fault != NULL)
		ereturn(fcinfo->context, (Datum) 0,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("invalid input syntax for type rfm: \"%s\"", input),
				 errdetail_internal("%s", fault),
				 errhint("Write (first,last,count,sum), for example "
						 "(2024-01-05 01:30:00+00,2024-06-01 08:00:00+00,7,3480.50).")));
	PG_RETURN_POINTER(make_rfm(first, last, count, sum));
}

/*
 * Binary form: int16 version, then int64 first, last (as timestamptz) and
 * count, then the sum as numeric's own binary form.
 */

Datum
clientele_rfm_send(PG_FUNCTION_ARGS)
{
	ClienteleRfm *rfm = clientele_rfm_get(PG_GETARG_DATUM(0));
	Numeric		sum = clientele_decimal_to_numeric(clientele_rfm_sum(rfm));
	bytea	   *sum_bytes = DatumGetByteaPP(DirectFunctionCall1(numeric_send, NumericGetDatum(sum)));
	StringInfoData message;

	pq_begintypsend(&message);
	pq_sendint16(&message, CLIENTELE_RFM_VERSION);
	pq_sendint64(&message, rfm->first);
	pq_sendint64(&message, rfm->last);
	pq_sendint64(&message, rfm->count);
	pq_sendbytes(&message, VARDATA_ANY(sum_bytes), VARSIZE_ANY_EXHDR(sum_bytes));
	PG_RETURN_BYTEA_P(pq_endtypsend(&message));
}

Datum
clientele_rfm_recv(PG_FUNCTION_ARGS)
{
	StringInfo	message = (StringInfo) PG_GETARG_POINTER(0);
	int			version = pq_getmsgint(message, 2);
	TimestampTz first;
	TimestampTz last;
	int64		count;
	Datum		numeric;
	ClienteleDecimal sum;
	const char *fault;

	if (version != CLIENTELE_RFM_VERSION)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("binary value of type rfm has format version %d, %d expected",
						version, CLIENTELE_RFM_VERSION)));
	first = pq_getmsgint64(message);
	last = pq_getmsgint64(message);
	count = pq_getmsgint64(message);
	numeric = DirectFunctionCall3(numeric_recv, PointerGetDatum(message),
								  ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));

	fault = find_fault(first, last, count);
	if (fault == NULL && !clientele_decimal_from_numeric(DatumGetNumeric(numeric), &sum))
		fault = "The sum is not finite.";
	if (fault != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid binary value of type rfm"),
				 errdetail_internal("%s", fault)));
	PG_RETURN_POINTER(make_rfm(first, last, count, sum));
}

/*
 * Accumulation
 */

/*
 * The first argument, for writing: in an aggregate the state itself, else (the
 * function called by hand) a copy.
 */
static ClienteleRfm *
get_writable(FunctionCallInfo fcinfo)
{
	struct varlena *stored = (struct varlena *) PG_GETARG_POINTER(0);

	if (VARATT_IS_EXTENDED(stored))
		return clientele_rfm_get(PG_GETARG_DATUM(0));	/* that is a copy */
	check_stored((ClienteleRfm *) stored);
	if (likely(AggCheckCallContext(fcinfo, NULL)))
		return (ClienteleRfm *) stored;
	return (ClienteleRfm *) PG_DETOAST_DATUM_COPY(PG_GETARG_DATUM(0));
}

/* Adds events to a writable value, in place where the new sum allows it. */
static ClienteleRfm *
accumulate(ClienteleRfm *rfm, TimestampTz first, TimestampTz last, int64 count, ClienteleDecimal amount)
{
	ClienteleDecimal sum;

	if (first < rfm->first)
		rfm->first = first;
	if (last > rfm->last)
		rfm->last = last;
	if (pg_add_s64_overflow(rfm->count, count, &rfm->count))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("count of events out of range")));

	if (likely(amount.scale == rfm->scale && amount.scale >= 0) &&
		likely(!pg_add_s64_overflow(rfm->units, amount.u.units, &sum.u.units)))
	{
		rfm->units = sum.u.units;
		return rfm;
	}

	if (!clientele_decimal_add(clientele_rfm_sum(rfm), amount, &sum))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("sum of amounts overflows numeric format")));
	if (sum.scale == CLIENTELE_DECIMAL_IS_NUMERIC)
		return make_rfm(rfm->first, rfm->last, rfm->count, sum);
	rfm->scale = sum.scale;
	rfm->units = sum.u.units;
	SET_VARSIZE(rfm, HEADER_SIZE);
	return rfm;
}

/*
 * rfm_add(rfm, occurred_at, amount): the transition function.
 *
 * The first value of a state is made in the caller's short-lived memory: the
 * aggregate's machinery copies it to where states live.
 */
Datum
clientele_rfm_add(PG_FUNCTION_ARGS)
{
	ClienteleDecimal amount = {{0}, 0};
	TimestampTz occurred_at;

	if (PG_ARGISNULL(1) || TIMESTAMP_NOT_FINITE(PG_GETARG_TIMESTAMPTZ(1)))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	occurred_at = PG_GETARG_TIMESTAMPTZ(1);

	/* Where there is no amount, it stays an integer zero. */
	if (!PG_ARGISNULL(2) && !clientele_decimal_from_datum(PG_GETARG_DATUM(2), &amount))
		amount = clientele_decimal_from_int64(0);

	if (PG_ARGISNULL(0))
		PG_RETURN_POINTER(make_rfm(occurred_at, occurred_at, 1, amount));
	PG_RETURN_POINTER(accumulate(get_writable(fcinfo), occurred_at, occurred_at, 1, amount));
}

/*
 * rfm + rfm, also the transition and combine function of merge(rfm).  NULL is
 * a customer without events, so NULL + x is x.
 */
Datum
clientele_rfm_plus(PG_FUNCTION_ARGS)
{
	ClienteleRfm *other;

	if (PG_ARGISNULL(0) && PG_ARGISNULL(1))
		PG_RETURN_NULL();
	if (PG_ARGISNULL(1))
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	other = clientele_rfm_get(PG_GETARG_DATUM(1));
	if (PG_ARGISNULL(0))
		PG_RETURN_POINTER(other);
	PG_RETURN_POINTER(accumulate(get_writable(fcinfo), other->first, other->last, other->count,
								 clientele_rfm_sum(other)));
}

/*
 * Equality: the same instants, count and sum.  1.50 and 1.5 are the same sum,
 * as they are for numeric.
 */

static bool
rfm_equal(const ClienteleRfm *a, const ClienteleRfm *b)
{
	return a->first == b->first && a->last == b->last && a->count == b->count &&
		clientele_decimal_compare(clientele_rfm_sum(a), clientele_rfm_sum(b)) == 0;
}

Datum
clientele_rfm_eq(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(rfm_equal(clientele_rfm_get(PG_GETARG_DATUM(0)), clientele_rfm_get(PG_GETARG_DATUM(1))));
}

Datum
clientele_rfm_ne(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(!rfm_equal(clientele_rfm_get(PG_GETARG_DATUM(0)), clientele_rfm_get(PG_GETARG_DATUM(1))));
}

static uint64
rfm_hash(const ClienteleRfm *rfm, uint64 seed)
{
	int64		parts[3];
	Numeric		sum = clientele_decimal_to_numeric(clientele_rfm_sum(rfm));
	uint64		hash;

	parts[0] = rfm->first;
	parts[1] = rfm->last;
	parts[2] = rfm->count;
	hash = DatumGetUInt64(hash_any_extended((const unsigned char *) parts, sizeof(parts), seed));
	return hash_combine64(hash,
						  DatumGetUInt64(DirectFunctionCall2(hash_numeric_extended, NumericGetDatum(sum),
															 UInt64GetDatum(seed))));
}

Datum
clientele_rfm_hash(PG_FUNCTION_ARGS)
{
	PG_RETURN_UINT32((uint32) rfm_hash(clientele_rfm_get(PG_GETARG_DATUM(0)), 0));
}

Datum
clientele_rfm_hash_extended(PG_FUNCTION_ARGS)
{
	PG_RETURN_UINT64(rfm_hash(clientele_rfm_get(PG_GETARG_DATUM(0)), PG_GETARG_INT64(1)));
}

/*
 * Readers
 */

int32
clientele_rfm_days(const ClienteleRfm *rfm, const ClienteleToday *today)
{
	return today->day - clientele_local_date(rfm->last, today->zone);
}

/* recency(rfm, as_of, time_zone): local calendar days since the last event. */
Datum
clientele_rfm_recency(PG_FUNCTION_ARGS)
{
	ClienteleRfm *rfm = clientele_rfm_get(PG_GETARG_DATUM(0));
	ClienteleToday *today = fcinfo->flinfo->fn_extra;

	if (today == NULL)
		today = fcinfo->flinfo->fn_extra =
			MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(ClienteleToday));
	clientele_today(today, PG_GETARG_TIMESTAMPTZ(1), PG_GETARG_TEXT_PP(2));
	PG_RETURN_INT32(clientele_rfm_days(rfm, today));
}

Datum
clientele_rfm_frequency(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(clientele_rfm_get(PG_GETARG_DATUM(0))->count);
}

Datum
clientele_rfm_monetary(PG_FUNCTION_ARGS)
{
	ClienteleRfm *rfm = clientele_rfm_get(PG_GETARG_DATUM(0));

	PG_RETURN_NUMERIC(clientele_decimal_to_numeric(clientele_rfm_sum(rfm)));
}

Datum
clientele_rfm_first_event(PG_FUNCTION_ARGS)
{
	PG_RETURN_TIMESTAMPTZ(clientele_rfm_get(PG_GETARG_DATUM(0))->first);
}

Datum
clientele_rfm_last_event(PG_FUNCTION_ARGS)
{
	PG_RETURN_TIMESTAMPTZ(clientele_rfm_get(PG_GETARG_DATUM(0))->last);
}
