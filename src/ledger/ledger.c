/*
 * ledger.c
 *		Points, stored value and gifts: what customers have, exactly.
 *
 * A lot's own entry and those that name it add up to what is left of it.  On a lot time does
 * not go back, whatever clocks do: so what is left of one is at no instant less than nothing,
 * nor more than was given.  The entries of an account are numbered in the order of writing, because who
 * writes has the customer's lock.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"

#include "ledger/ledger.h"
#include "own/own_table.h"

/* Columns of clientele.ledger_entry; releases only append to them. */
enum
{
	ENTRY_ID, ENTRY_POPULATION, ENTRY_KEY, ENTRY_ACCOUNT, ENTRY_ITEM, ENTRY_AMOUNT, ENTRY_LOT, ENTRY_VALID_UNTIL,
	ENTRY_CLAIM, ENTRY_REQUEST, ENTRY_AT, ENTRY_ACTOR, ENTRY_REASON, ENTRY_REFUND_OF,
	ENTRY_COLUMNS
};

typedef struct Lot
{
	int64		number;
	int64		claim_id;		/* that gave it; 0 = none */
	ClienteleDecimal remaining;
	ClienteleDecimal spent;		/* by the request that is refunded */
	TimestampTz latest;			/* of its entries */
	TimestampTz valid_until;
} Lot;

/* ---------- a row ---------- */

static const char *
text_of(const ClienteleOwnRow *row, int column)
{
	return row->nulls[column] ? NULL : TextDatumGetCString(row->values[column]);
}

static int64
number_of(const ClienteleOwnRow *row, int column)
{
	return row->nulls[column] ? 0 : DatumGetInt64(row->values[column]);
}

static ClienteleDecimal
amount_of(const ClienteleOwnRow *row)
{
	ClienteleDecimal amount;

	if (!clientele_decimal_from_datum(row->values[ENTRY_AMOUNT], &amount))
		elog(ERROR, "an amount of the ledger is no number");
	return amount;
}

static TimestampTz
valid_until_of(const ClienteleOwnRow *row)
{
	return row->nulls[ENTRY_VALID_UNTIL] ? DT_NOEND : DatumGetTimestampTz(row->values[ENTRY_VALID_UNTIL]);
}

static bool
is_text(const ClienteleOwnRow *row, int column, const char *value)
{
	const char *text = text_of(row, column);

	return text != NULL && value != NULL && strcmp(text, value) == 0;
}

static ClienteleDecimal
plus(ClienteleDecimal a, ClienteleDecimal b)
{
	ClienteleDecimal sum;

	if (!clientele_decimal_add(a, b, &sum))
		elog(ERROR, "a sum of the ledger is out of range");
	return sum;
}

static ClienteleDecimal
minus(ClienteleDecimal a, ClienteleDecimal b)
{
	return plus(a, clientele_decimal_negate(b));
}

static ClienteleDecimal
smaller(ClienteleDecimal a, ClienteleDecimal b)
{
	return clientele_decimal_compare(a, b) <= 0 ? a : b;
}

/* ---------- the lots of an account ---------- */

static Lot *
find_lot(HTAB *lots, int64 number)
{
	bool		found;
	Lot		   *lot = hash_search(lots, &number, HASH_ENTER, &found);

	if (!found)
	{
		memset(lot, 0, sizeof(Lot));
		lot->number = number;
		lot->latest = DT_NOBEGIN;
		lot->valid_until = DT_NOEND;
	}
	return lot;
}

static void
add_entry(HTAB *lots, const ClienteleOwnRow *row, const char *refunded)
{
	ClienteleDecimal amount = amount_of(row);
	Lot		   *lot;

	if (row->nulls[ENTRY_LOT])
	{
		lot = find_lot(lots, DatumGetInt64(row->values[ENTRY_ID]));
		lot->claim_id = number_of(row, ENTRY_CLAIM);
		lot->valid_until = valid_until_of(row);
	}
	else
		lot = find_lot(lots, DatumGetInt64(row->values[ENTRY_LOT]));
	lot->remaining = plus(lot->remaining, amount);
	lot->latest = Max(lot->latest, DatumGetTimestampTz(row->values[ENTRY_AT]));
	if (refunded && row->nulls[ENTRY_CLAIM] && !row->nulls[ENTRY_LOT] &&
		(is_text(row, ENTRY_REQUEST, refunded) || is_text(row, ENTRY_REFUND_OF, refunded)))
		lot->spent = minus(lot->spent, amount);
}

/* As far as that entry. */
static HTAB *
read_lots(ClienteleOwnTable *entries, const ClienteleLedgerEntry *of, int64 last_entry, const char *refunded)
{
	HASHCTL		control = {.keysize = sizeof(int64),.entrysize = sizeof(Lot),.hcxt = CurrentMemoryContext};
	HTAB	   *lots = hash_create("lots of an account", 64, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	ScanKeyData keys[4];
	ClienteleOwnRow row;

	clientele_own_keys_of(keys, of->population_id, of->key);
	clientele_own_key_equal(&keys[2], 3, TEXTOID, CStringGetTextDatum(of->account));
	clientele_own_key_equal(&keys[3], 4, TEXTOID, CStringGetTextDatum(of->item));
	clientele_own_find(entries, "ledger_entry_of_customer", 4, keys);
	while (clientele_own_next(entries, &row))
	{
		CHECK_FOR_INTERRUPTS();
		if (DatumGetInt64(row.values[ENTRY_ID]) <= last_entry)
			add_entry(lots, &row, refunded);
	}
	clientele_own_found(entries);
	return lots;
}

static ClienteleDecimal
valid_at(HTAB *lots, TimestampTz at)
{
	ClienteleDecimal sum = clientele_decimal_from_int64(0);
	HASH_SEQ_STATUS all;
	Lot		   *lot;

	hash_seq_init(&all, lots);
	while ((lot = hash_seq_search(&all)) != NULL)
	{
		if (lot->valid_until > at)
			sum = plus(sum, lot->remaining);
	}
	return sum;
}

/* Which lots are concerned, and how much of each. */
typedef enum Choice
{
	VALID,						/* at entry->at */
	OF_CLAIM,					/* entry->claim_id has given, valid or not */
	SPENT						/* by the request entry->refund_of, and not come back yet */
} Choice;

static ClienteleDecimal
part_of(const Lot *lot, Choice choice, const ClienteleLedgerEntry *entry)
{
	switch (choice)
	{
		case VALID:
			return lot->valid_until > entry->at ? lot->remaining : clientele_decimal_from_int64(0);
		case OF_CLAIM:
			return lot->claim_id == entry->claim_id ? lot->remaining : clientele_decimal_from_int64(0);
		case SPENT:
			return lot->spent;
	}
	return clientele_decimal_from_int64(0);
}

/* What expires first comes first; what stays, last. */
static int
compare_lots(const ListCell *a, const ListCell *b)
{
	const Lot  *one = lfirst(a);
	const Lot  *other = lfirst(b);

	if (one->valid_until != other->valid_until)
		return one->valid_until < other->valid_until ? -1 : 1;
	return (one->number > other->number) - (one->number < other->number);
}

static int
compare_lots_backwards(const ListCell *a, const ListCell *b)
{
	return compare_lots(b, a);
}

/* ---------- writing ---------- */

static void
set(ClienteleOwnRow *row, int column, Datum value)
{
	row->values[column] = value;
	row->nulls[column] = false;
}

static void
set_text(ClienteleOwnRow *row, int column, const char *value)
{
	if (value)
		set(row, column, CStringGetTextDatum(value));
}

/* lot 0: it is one itself. */
static int64
insert(ClienteleOwnTable *entries, const ClienteleLedgerEntry *entry, ClienteleDecimal amount, int64 lot, TimestampTz at)
{
	int64		number = clientele_own_number("ledger_entry_entry_id_seq");
	ClienteleOwnRow row;
	NameData	actor;

	memset(row.nulls, true, sizeof(row.nulls));
	namestrcpy(&actor, GetUserNameFromId(entry->actor, false));
	set(&row, ENTRY_ID, Int64GetDatum(number));
	set(&row, ENTRY_POPULATION, Int32GetDatum(entry->population_id));
	set_text(&row, ENTRY_KEY, entry->key);
	set_text(&row, ENTRY_ACCOUNT, entry->account);
	set_text(&row, ENTRY_ITEM, entry->item);
	set(&row, ENTRY_AMOUNT, NumericGetDatum(clientele_decimal_to_numeric(amount)));
	if (lot != 0)
		set(&row, ENTRY_LOT, Int64GetDatum(lot));
	else if (!TIMESTAMP_NOT_FINITE(entry->valid_until))
		set(&row, ENTRY_VALID_UNTIL, TimestampTzGetDatum(entry->valid_until));
	if (entry->claim_id != 0)
		set(&row, ENTRY_CLAIM, Int64GetDatum(entry->claim_id));
	set_text(&row, ENTRY_REQUEST, entry->request_id);
	set(&row, ENTRY_AT, TimestampTzGetDatum(at));
	set(&row, ENTRY_ACTOR, NameGetDatum(&actor));
	set_text(&row, ENTRY_REASON, entry->reason);
	set_text(&row, ENTRY_REFUND_OF, entry->refund_of);
	clientele_own_insert(entries, &row);
	return number;
}

/* Divides entry->amount among lots, and enters their parts; all of it, or nothing. */
static bool
spread(ClienteleOwnTable *entries, const ClienteleLedgerEntry *entry, HTAB *lots, Choice choice)
{
	ClienteleDecimal wanted = entry->amount;
	ClienteleDecimal total = clientele_decimal_from_int64(0);
	List	   *chosen = NIL;
	const ListCell *cell;
	HASH_SEQ_STATUS all;
	Lot		   *lot;

	hash_seq_init(&all, lots);
	while ((lot = hash_seq_search(&all)) != NULL)
	{
		ClienteleDecimal part = part_of(lot, choice, entry);

		if (clientele_decimal_sign(part) <= 0)
			continue;
		chosen = lappend(chosen, lot);
		total = plus(total, part);
	}
	if (clientele_decimal_compare(total, wanted) < 0)
		return false;
	list_sort(chosen, choice == SPENT ? compare_lots_backwards : compare_lots);
	foreach(cell, chosen)
	{
		ClienteleDecimal part;

		lot = lfirst(cell);
		part = smaller(part_of(lot, choice, entry), wanted);
		if (clientele_decimal_sign(part) == 0)
			break;
		insert(entries, entry, choice == SPENT ? part : clientele_decimal_negate(part), lot->number, Max(entry->at, lot->latest));
		wanted = minus(wanted, part);
	}
	return true;
}

int64
clientele_ledger_give(const ClienteleLedgerEntry *entry)
{
	ClienteleOwnTable *entries = clientele_own_open("ledger_entry");
	int64		number = insert(entries, entry, entry->amount, 0, entry->at);

	clientele_own_close(entries);
	return number;
}

bool
clientele_ledger_use(const ClienteleLedgerEntry *entry)
{
	ClienteleOwnTable *entries = clientele_own_open("ledger_entry");
	HTAB	   *lots = read_lots(entries, entry, PG_INT64_MAX, NULL);
	bool		used = spread(entries, entry, lots, VALID);

	hash_destroy(lots);
	clientele_own_close(entries);
	return used;
}

bool
clientele_ledger_refund(const ClienteleLedgerEntry *entry)
{
	ClienteleOwnTable *entries = clientele_own_open("ledger_entry");
	HTAB	   *lots = read_lots(entries, entry, PG_INT64_MAX, entry->refund_of);
	bool		refunded = spread(entries, entry, lots, SPENT);

	hash_destroy(lots);
	clientele_own_close(entries);
	return refunded;
}

/* ---------- what a claim has given ---------- */

/* Into which account; false: it has given nothing. */
static bool
find_claim(ClienteleOwnTable *entries, int64 claim_id, ClienteleLedgerEntry *of)
{
	bool		found = false;
	ClienteleOwnRow row;
	ScanKeyData key;

	clientele_own_key_equal(&key, 1, INT8OID, Int64GetDatum(claim_id));
	clientele_own_find(entries, "ledger_entry_of_claim", 1, &key);
	while (!found && clientele_own_next(entries, &row))
		found = row.nulls[ENTRY_LOT];
	clientele_own_found(entries);
	if (found)
	{
		of->claim_id = claim_id;
		of->population_id = DatumGetInt32(row.values[ENTRY_POPULATION]);
		of->key = text_of(&row, ENTRY_KEY);
		of->account = text_of(&row, ENTRY_ACCOUNT);
		of->item = text_of(&row, ENTRY_ITEM);
	}
	return found;
}

static ClienteleDecimal
left_of_claim(HTAB *lots, const ClienteleLedgerEntry *of)
{
	ClienteleDecimal left = clientele_decimal_from_int64(0);
	HASH_SEQ_STATUS all;
	Lot		   *lot;

	hash_seq_init(&all, lots);
	while ((lot = hash_seq_search(&all)) != NULL)
		left = plus(left, part_of(lot, OF_CLAIM, of));
	return left;
}

ClienteleDecimal
clientele_ledger_left_of_claim(int64 claim_id)
{
	ClienteleOwnTable *entries = clientele_own_open("ledger_entry");
	ClienteleDecimal left = clientele_decimal_from_int64(0);
	ClienteleLedgerEntry of = {0};

	if (find_claim(entries, claim_id, &of))
		left = left_of_claim(read_lots(entries, &of, PG_INT64_MAX, NULL), &of);
	clientele_own_close(entries);
	return left;
}

void
clientele_ledger_take_back(const ClienteleLedgerEntry *entry)
{
	ClienteleOwnTable *entries = clientele_own_open("ledger_entry");
	ClienteleLedgerEntry taken = *entry;

	if (find_claim(entries, entry->claim_id, &taken))
	{
		HTAB	   *lots = read_lots(entries, &taken, PG_INT64_MAX, NULL);

		taken.amount = smaller(taken.amount, left_of_claim(lots, &taken));
		(void) spread(entries, &taken, lots, OF_CLAIM);
		hash_destroy(lots);
	}
	clientele_own_close(entries);
}

/* ---------- asking ---------- */

static ClienteleDecimal
balance(const ClienteleLedgerEntry *of, int64 last_entry)
{
	ClienteleOwnTable *entries = clientele_own_open("ledger_entry");
	ClienteleDecimal sum = valid_at(read_lots(entries, of, last_entry, NULL), of->at);

	clientele_own_close(entries);
	return sum;
}

ClienteleDecimal
clientele_ledger_balance(int population_id, const char *key, const char *account, const char *item, TimestampTz at)
{
	ClienteleLedgerEntry of = {.population_id = population_id,.key = key,.account = account,.item = item,.at = at};

	return balance(&of, PG_INT64_MAX);
}

ClienteleDecimal
clientele_ledger_balance_after(const ClienteleLedgerRequest *request)
{
	return balance(&request->entry, request->last_entry);
}

static const char *
verb_of(const ClienteleOwnRow *row)
{
	if (!row->nulls[ENTRY_CLAIM])
		return "claim";
	if (row->nulls[ENTRY_LOT])
		return "credit";
	return clientele_decimal_sign(amount_of(row)) < 0 ? "spend" : "refund";
}

bool
clientele_ledger_find_request(int population_id, const char *request_id, ClienteleLedgerRequest *request)
{
	ClienteleOwnTable *entries = clientele_own_open("ledger_entry");
	ClienteleLedgerEntry *entry = &request->entry;
	ClienteleOwnRow row;
	ScanKeyData keys[2];

	memset(request, 0, sizeof(ClienteleLedgerRequest));
	clientele_own_keys_of(keys, population_id, request_id);
	clientele_own_find(entries, "ledger_entry_of_request", 2, keys);
	while (clientele_own_next(entries, &row))
	{
		if (request->verb == NULL)
		{
			entry->population_id = population_id;
			entry->key = text_of(&row, ENTRY_KEY);
			entry->account = text_of(&row, ENTRY_ACCOUNT);
			entry->item = text_of(&row, ENTRY_ITEM);
			entry->valid_until = valid_until_of(&row);
			entry->at = DatumGetTimestampTz(row.values[ENTRY_AT]);
			entry->request_id = request_id;
			entry->reason = text_of(&row, ENTRY_REASON);
			entry->refund_of = text_of(&row, ENTRY_REFUND_OF);
			request->verb = verb_of(&row);
		}
		entry->amount = plus(entry->amount, clientele_decimal_absolute(amount_of(&row)));
		entry->at = Max(entry->at, DatumGetTimestampTz(row.values[ENTRY_AT]));
		request->last_entry = Max(request->last_entry, DatumGetInt64(row.values[ENTRY_ID]));
	}
	clientele_own_close(entries);
	return request->verb != NULL;
}
