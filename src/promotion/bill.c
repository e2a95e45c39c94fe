/*
 * bill.c
 *		A bill, read from jsonb: strictly, with the place of a mistake.
 *
 * A bill that is read wrongly is money given wrongly: what is unknown, of another kind
 * or does not add up is refused.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/builtins.h"

#include "base/iso_time.h"
#include "base/json_read.h"
#include "base/local_time.h"
#include "base/money.h"
#include "compat.h"
#include "promotion/bill.h"

#define BILL_EXAMPLE \
	"A bill looks like {\"at\": \"2026-07-03T14:05:00+08:00\", \"branch\": \"1\", \"lines\": [{\"item\": \"facial\", " \
	"\"quantity\": 2, \"price\": 300.00}], \"amount\": 600.00}."
#define LINE_EXAMPLE \
	"A line looks like {\"item\": \"facial\", \"category\": \"skin\", \"quantity\": 2, \"price\": 300.00, \"amount\": 600.00}."
#define AT_HINT "Write an instant as \"2026-07-03T14:05:00+08:00\", or without an offset what the branch's clock says."
#define NEGATIVE_HINT "A discount is part of its line's amount; what comes back is a refund, and no line."

typedef ClienteleJsonPlace Place;
typedef ClienteleJsonReader Reader;
typedef ClienteleJsonShape Shape;

static const Reader reader = {"bill", NULL};

enum BillKey
{
	BILL_ID, BILL_AT, BILL_BRANCH, BILL_CHANNEL, BILL_STAFF, BILL_LINES, BILL_AMOUNT, BILL_KEYS
};
static const char *const bill_keys[BILL_KEYS] = {"bill_id", "at", "branch", "channel", "staff", "lines", "amount"};
static const Shape bill_shape = {BILL_KEYS, bill_keys, BILL_EXAMPLE};

enum LineKey
{
	LINE_ITEM, LINE_CATEGORY, LINE_QUANTITY, LINE_PRICE, LINE_AMOUNT, LINE_KEYS
};
static const char *const line_keys[LINE_KEYS] = {"item", "category", "quantity", "price", "amount"};
static const Shape line_shape = {LINE_KEYS, line_keys, LINE_EXAMPLE};

PG_FUNCTION_INFO_V1(clientele_check_bill);

static text *
read_text(const Place *up, const ClienteleJson *value)
{
	const char *result;

	(void) clientele_json_read_optional_text(&reader, up, value, &result);
	return result ? cstring_to_text(result) : NULL;
}

/* By which something is looked up. */
static text *
read_name(const ClienteleJson *value, enum BillKey key)
{
	Place		place = {NULL, bill_keys[key], 0, NULL};
	const char *name;

	(void) clientele_json_read_optional_text(&reader, NULL, value, &name);
	if (name == NULL)
		return NULL;
	(void) clientele_json_check_length(&reader, &place, value, name);
	return cstring_to_text(name);
}

/* Whatever is derived from a bill's numbers stays within these digits, too. */
static bool
is_short(ClienteleDecimal number)
{
	static const int64 limit = INT64CONST(1000000000000);

	number = clientele_decimal_trim(number);
	return clientele_decimal_compare(number, clientele_decimal_from_int64(limit)) < 0 &&
		clientele_decimal_scale(number) <= CLIENTELE_BILL_DECIMALS;
}

static bool
read_number(const Place *up, const ClienteleJson *value, ClienteleDecimal *result)
{
	Place		place = {up, NULL, 0, NULL};

	if (value == NULL)
		return false;
	place.key = value->key;
	(void) clientele_json_read_number(&reader, &place, value, result);
	if (clientele_decimal_sign(*result) < 0)
		clientele_json_refuse(&reader, &place, ERRCODE_INVALID_PARAMETER_VALUE, NEGATIVE_HINT,
							  psprintf("%s is below 0", clientele_json_show(value)));
	if (!is_short(*result))
		clientele_json_refuse(&reader, &place, ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE,
							  "Numbers of a bill have at most 12 digits before the point and 6 after it.",
							  psprintf("%s is not one of them", clientele_json_show(value)));
	*result = clientele_decimal_trim(*result);
	return true;
}

static void
read_at(const ClienteleJson *value, ClienteleBill *bill)
{
	Place		place = {NULL, bill_keys[BILL_AT], 0, NULL};
	ClienteleIsoTime time;
	const char *text;

	if (value == NULL)
		return;
	(void) clientele_json_read_text(&reader, &place, value, &text);
	if (!clientele_iso_timestamp(text, &time) || !time.has_time)
		clientele_json_refuse(&reader, &place, ERRCODE_INVALID_DATETIME_FORMAT, AT_HINT,
							  psprintf("%s is no instant", clientele_json_show(value)));
	bill->has_at = true;
	bill->at_is_local = !time.has_offset;
	if (bill->at_is_local)
		bill->local = clientele_iso_to_local(&time);
	else
		bill->at = clientele_iso_to_instant(&time);
}

static void
read_line(const Place *list, int number, const ClienteleJson *value, ClienteleBillLine *line)
{
	Place		place = {list, NULL, number, NULL};
	const ClienteleJson *members[LINE_KEYS];

	(void) clientele_json_read_object(&reader, &place, value, &line_shape, members);
	(void) clientele_json_require(&reader, &place, members[LINE_ITEM], line_keys[LINE_ITEM], LINE_EXAMPLE);
	line->item = read_text(&place, members[LINE_ITEM]);
	line->category = read_text(&place, members[LINE_CATEGORY]);
	line->has_price = read_number(&place, members[LINE_PRICE], &line->price);
	if (!read_number(&place, members[LINE_QUANTITY], &line->quantity))
		line->quantity = clientele_decimal_from_int64(1);
	else if (clientele_decimal_sign(line->quantity) == 0)
		clientele_json_refuse(&reader, &place, ERRCODE_INVALID_PARAMETER_VALUE, NEGATIVE_HINT, "\"quantity\" is 0");
	if (read_number(&place, members[LINE_AMOUNT], &line->amount))
		return;
	if (!line->has_price)
		clientele_json_refuse_missing(&reader, &place, line_keys[LINE_AMOUNT],
									  "Write the \"amount\" of the line, or the \"price\" of one unit.");
	line->amount = clientele_decimal_trim(clientele_money_multiply(line->quantity, line->price));
	if (!is_short(line->amount))
		clientele_json_refuse(&reader, &place, ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE,
							  "Write the \"amount\" of the line, rounded.",
							  psprintf("quantity times price is %s", clientele_decimal_to_string(line->amount)));
}

/* What conditions ask of all lines together. */
static void
summarize_lines(ClienteleBill *bill)
{
	Datum	   *items = palloc(mul_size(bill->nlines, sizeof(Datum)));
	Datum	   *categories = palloc(mul_size(bill->nlines, sizeof(Datum)));
	int			ncategories = 0;

	for (int i = 0; i < bill->nlines; i++)
	{
		const ClienteleBillLine *line = &bill->lines[i];

		items[i] = PointerGetDatum(line->item);
		if (line->category != NULL)
			categories[ncategories++] = PointerGetDatum(line->category);
		bill->quantity = clientele_money_add(bill->quantity, line->quantity);
		bill->amount = clientele_money_add(bill->amount, line->amount);
	}
	bill->amount = clientele_decimal_trim(bill->amount);
	bill->items = construct_array(items, bill->nlines, TEXTOID, -1, false, TYPALIGN_INT);
	bill->categories = construct_array(categories, ncategories, TEXTOID, -1, false, TYPALIGN_INT);
}

static void
read_lines(const ClienteleJson *value, ClienteleBill *bill)
{
	Place		list = {NULL, bill_keys[BILL_LINES], 0, NULL};
	int			i = 0;

	(void) clientele_json_check_list(&reader, &list, value, LINE_EXAMPLE);
	if (value->nchildren > CLIENTELE_BILL_LINES)
		clientele_json_refuse(&reader, &list, ERRCODE_PROGRAM_LIMIT_EXCEEDED, "Divide the bill.",
							  psprintf("%d lines, but at most %d are allowed", value->nchildren, CLIENTELE_BILL_LINES));
	bill->nlines = value->nchildren;
	bill->lines = palloc0(mul_size(value->nchildren, sizeof(ClienteleBillLine)));
	for (const ClienteleJson *line = value->first; line != NULL; line = line->next)
	{
		read_line(&list, i, line, &bill->lines[i]);
		i++;
	}
	summarize_lines(bill);
	if (!is_short(bill->amount))
		clientele_json_refuse(&reader, &list, ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE, "Divide the bill.",
							  psprintf("the amounts add up to %s", clientele_decimal_to_string(bill->amount)));
}

ClienteleBill *
clientele_bill_read(Jsonb *document)
{
	Place		amount_place = {NULL, bill_keys[BILL_AMOUNT], 0, NULL};
	ClienteleBill *bill = palloc0(sizeof(ClienteleBill));
	const ClienteleJson *members[BILL_KEYS];
	ClienteleDecimal amount;

	(void) clientele_json_read_object(&reader, NULL, clientele_json_tree_of_jsonb(&document->root), &bill_shape, members);
	bill->bill_id = read_name(members[BILL_ID], BILL_ID);
	read_at(members[BILL_AT], bill);
	bill->branch = read_name(members[BILL_BRANCH], BILL_BRANCH);
	bill->channel = read_text(NULL, members[BILL_CHANNEL]);
	bill->staff = read_name(members[BILL_STAFF], BILL_STAFF);
	if (members[BILL_LINES] != NULL)
		read_lines(members[BILL_LINES], bill);
	if (!read_number(NULL, members[BILL_AMOUNT], &amount))
	{
		if (bill->nlines == 0)
			clientele_json_refuse_missing(&reader, NULL, bill_keys[BILL_AMOUNT], BILL_EXAMPLE);
	}
	else if (bill->nlines == 0)
		bill->amount = amount;
	else if (clientele_decimal_compare(amount, bill->amount) != 0)
		clientele_json_refuse(&reader, &amount_place, ERRCODE_INVALID_PARAMETER_VALUE,
							  "Leave it out, or write the sum of the lines' amounts.",
							  psprintf("%s where the lines add up to %s", clientele_json_show(members[BILL_AMOUNT]),
									   clientele_decimal_to_string(bill->amount)));
	return bill;
}

/* check_bill(bill): true, or an error that says what is wrong, and where. */
Datum
clientele_check_bill(PG_FUNCTION_ARGS)
{
	(void) clientele_bill_read(PG_GETARG_JSONB_P(0));
	PG_RETURN_BOOL(true);
}
