/*
 * stock_left.c
 *		What is left: of the limits that customers share, and of a customer's own.
 *
 * A till asks about all promotions at once, and mostly nothing has been taken since it asked before.  So the
 * session keeps what each scope had, and how old the pages were where its rows are: as long as they
 * stay so old, the rows are the same.  It keeps only what is settled: where no transaction that has not ended has
 * changed a row, so that also no commit or rollback makes it another, and what all snapshots
 * of later see.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/stratnum.h"
#include "access/table.h"
#include "access/transam.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "base/local_time.h"
#include "claim/claim.h"
#include "compat.h"
#include "own/own_relation.h"
#include "own/own_table.h"
#include "own/quiet_read.h"
#include "stock/expiry.h"
#include "stock/stock.h"
#include "stock/stock_parts.h"

/* ---------- what the session keeps ---------- */

/* Rows of one scope are seldom on more; then they are read each time. */
#define MOST_PAGES 8

/* Then all are let go. */
#define MOST_KEPT 4096

typedef struct ScopeKey
{
	int			promotion_id;
	int			kind;			/* a ClienteleStockKind */
	uint64		scope;			/* its name, hashed */
} ScopeKey;

typedef struct KeptPage
{
	BlockNumber block;
	XLogRecPtr	lsn;
} KeptPage;

typedef struct KeptScope
{
	ScopeKey	key;
	bool		valid;
	ClienteleDecimal left;		/* what it owes is below 0 */
	TransactionId newest;		/* that has written one of its rows */
	int			npages;
	KeptPage	pages[MOST_PAGES];
} KeptScope;

static HTAB *kept = NULL;
static Oid	kept_table = InvalidOid;

static void
let_go(void)
{
	if (kept != NULL)
		hash_destroy(kept);
	kept = NULL;
}

static void
relation_changed(Datum argument, Oid relation)
{
	(void) argument;
	if (!OidIsValid(relation) || relation == kept_table)
		kept_table = InvalidOid;
}

static void
begin_cache(Oid table)
{
	static bool is_registered = false;
	HASHCTL		control = {.keysize = sizeof(ScopeKey),.entrysize = sizeof(KeptScope)};

	if (!is_registered)
		CacheRegisterRelcacheCallback(relation_changed, (Datum) 0);
	is_registered = true;
	if (kept_table != table || (kept != NULL && hash_get_num_entries(kept) >= MOST_KEPT))
		let_go();
	kept_table = table;
	if (kept == NULL)
		kept = hash_create("clientele stock", 64, &control, HASH_ELEM | HASH_BLOBS);
}

/* The table, for one call. */
typedef struct Stock
{
	Relation	table;
	Relation	index;
	BlockNumber nblocks;
	Snapshot	snapshot;
	KeptPage	page;			/* looked at last */
} Stock;

/* Mostly the page is that of the scope before. */
static bool
is_as_old(Stock *stock, const KeptPage *page)
{
	Buffer		buffer;

	if (page->block >= stock->nblocks)
		return false;
	if (stock->page.block != page->block)
	{
		buffer = ReadBuffer(stock->table, page->block);
		stock->page = (KeptPage) {page->block, BufferGetLSNAtomic(buffer)};
		ReleaseBuffer(buffer);
	}
	return stock->page.lsn == page->lsn;
}

static bool
still_holds(const KeptScope *scope, Stock *stock)
{
	if (!scope->valid || (TransactionIdIsNormal(scope->newest) && !TransactionIdPrecedes(scope->newest, stock->snapshot->xmin)))
		return false;
	for (int i = 0; i < scope->npages; i++)
		if (!is_as_old(stock, &scope->pages[i]))
			return false;
	return true;
}

/* ---------- the rows of a scope ---------- */

static bool
note_page(KeptScope *scope, BlockNumber block, XLogRecPtr lsn)
{
	for (int i = 0; i < scope->npages; i++)
		if (scope->pages[i].block == block)
			return true;
	if (scope->npages == MOST_PAGES)
		return false;
	scope->pages[scope->npages++] = (KeptPage) {block, lsn};
	return true;
}

/* Whether a row that is seen will be seen by all who come later, unless its page changes. */
static bool
is_settled(HeapTupleHeader row, TransactionId *newest)
{
	TransactionId writer = HeapTupleHeaderGetXmin(row);

	if (!(row->t_infomask & HEAP_XMAX_INVALID) || TransactionIdIsCurrentTransactionId(writer))
		return false;
	if (TransactionIdIsNormal(writer) && (!TransactionIdIsNormal(*newest) || TransactionIdPrecedes(*newest, writer)))
		*newest = writer;
	return true;
}

static ClienteleDecimal
number_of(const Stock *stock, HeapTuple row, int column)
{
	bool		isnull;

	return clientele_stock_number(heap_getattr(row, column + 1, RelationGetDescr(stock->table), &isnull));
}

/* False if it has none: nothing has been taken of it. */
static bool
read_scope(const Stock *stock, const char *name, KeptScope *scope)
{
	ScanKeyData keys[3];
	ClienteleQuietRead *scan;
	HeapTuple	row;
	bool		found = false;

	scope->valid = true;
	scope->left = CLIENTELE_ZERO;
	scope->newest = InvalidTransactionId;
	scope->npages = 0;
	clientele_stock_keys(keys, scope->key.promotion_id, (ClienteleStockKind) scope->key.kind, name);
	scan = clientele_quiet_read_begin(stock->table, stock->index, stock->snapshot, 3, keys);
	while ((row = clientele_quiet_read_next(scan)) != NULL)
	{
		found = true;
		scope->valid = scope->valid && is_settled(row->t_data, &scope->newest) &&
			note_page(scope, ItemPointerGetBlockNumber(&row->t_self), clientele_quiet_read_page_lsn(scan));
		scope->left = clientele_money_add(scope->left, number_of(stock, row, STOCK_REMAINING));
		scope->left = clientele_money_subtract(scope->left, number_of(stock, row, STOCK_OWED));
	}
	clientele_quiet_read_end(scan);

	/* a number that does not fit the short form is not ours to keep */
	scope->valid = scope->valid && found && scope->left.scale >= 0;
	return found;
}

static ClienteleDecimal
left_of_scope(Stock *stock, int promotion_id, ClienteleStockKind kind, const char *name, ClienteleDecimal limit)
{
	ScopeKey	key = {promotion_id, kind, hash_bytes_extended((const unsigned char *) name, (int) strlen(name), 0)};
	KeptScope  *scope = hash_search(kept, &key, HASH_FIND, NULL);
	KeptScope	now = {.key = key};

	if (scope != NULL && still_holds(scope, stock))
		return scope->left;
	if (!read_scope(stock, name, &now))
		return limit;

	/* what we have been told while reading may have let all go */
	if (kept_table == RelationGetRelid(stock->table))
		*(KeptScope *) hash_search(kept, &key, HASH_ENTER, NULL) = now;
	return now.left;
}

/* ---------- the limits that customers share ---------- */

/* Of one promotion. */
typedef struct Left
{
	bool		limited[CLIENTELE_STOCK_KINDS];
	ClienteleDecimal numbers[CLIENTELE_STOCK_KINDS];
	bool		taken;			/* anything has been */
} Left;

static void
find_left(Stock *stock, const ClienteleOffered *promotion, const char *branch, DateADT day, Left *left)
{
	left->taken = false;
	for (int kind = 0; kind < CLIENTELE_STOCK_KINDS; kind++)
	{
		ClienteleDecimal limit;

		left->limited[kind] = clientele_stock_limit(promotion->bound->promotion, (ClienteleStockKind) kind, &limit) &&
			(kind != CLIENTELE_STOCK_BRANCH || branch != NULL);
		left->numbers[kind] = CLIENTELE_ZERO;
		if (!left->limited[kind])
			continue;
		left->numbers[kind] = left_of_scope(stock, promotion->id, (ClienteleStockKind) kind,
											clientele_stock_scope((ClienteleStockKind) kind, branch, day), limit);
		left->taken = left->taken || clientele_decimal_compare(left->numbers[kind], limit) != 0;
	}
}

/* Before it is said that it is sold out, every code is counted that nobody has claimed in time. */
static void
add_codes(const ClienteleOffered *promotion, TimestampTz now, Snapshot snapshot, Left *left)
{
	ClienteleDecimal *total = &left->numbers[CLIENTELE_STOCK_TOTAL];

	if (left->limited[CLIENTELE_STOCK_TOTAL] && clientele_decimal_sign(*total) <= 0)
		*total = clientele_money_add(*total, clientele_decimal_from_int64(clientele_codes_expired(promotion->id, now, snapshot)));
}

static bool
says(const ClienteleOwnRow *claim, int column, const char *wanted)
{
	return wanted != NULL && !claim->nulls[column] && strcmp(TextDatumGetCString(claim->values[column]), wanted) == 0;
}

static void
add(ClienteleDecimal *number, ClienteleDecimal more)
{
	*number = clientele_money_add(*number, more);
}

static void
add_claim(const ClienteleOwnRow *claim, const char *branch, DateADT day, Left *left)
{
	ClienteleDecimal one = clientele_decimal_from_int64(1);

	add(&left->numbers[CLIENTELE_STOCK_TOTAL], one);
	if (says(claim, CLAIM_BRANCH, branch))
		add(&left->numbers[CLIENTELE_STOCK_BRANCH], one);
	if (DatumGetDateADT(claim->values[CLAIM_DAY]) == day)
		add(&left->numbers[CLIENTELE_STOCK_DAY], one);
	add(&left->numbers[CLIENTELE_STOCK_BUDGET], clientele_claim_number(claim, CLAIM_VALUE));
}

/* Of several, the one that a claim is of; -1: none. */
static int
find_promotion(int count, const ClienteleOffered *const *promotions, const ClienteleOwnRow *claim)
{
	int			id = DatumGetInt32(claim->values[CLAIM_PROMOTION]);

	for (int i = 0; i < count; i++)
		if (promotions[i]->id == id)
			return i;
	return -1;
}

/* What has expired is free, though it has not been swept yet. */
static void
add_expired(const ClientelePopulation *population, int count, const ClienteleOffered *const *promotions, const char *branch,
			const DateADT *days, TimestampTz now, Snapshot snapshot, Left *left)
{
	ClienteleOwnTable *claims = clientele_own_open_as_of("claim", snapshot);
	ScanKeyData keys[2];
	ClienteleOwnRow claim;

	clientele_own_key_equal(&keys[0], 1, INT4OID, Int32GetDatum(population->id));
	clientele_own_key(&keys[1], 2, BTLessEqualStrategyNumber, F_TIMESTAMPTZ_LE, TimestampTzGetDatum(now));
	clientele_own_find(claims, "claim_held", 2, keys);
	while (clientele_own_next(claims, &claim))
	{
		int			i = clientele_claim_is(&claim, "held") ? find_promotion(count, promotions, &claim) : -1;

		CHECK_FOR_INTERRUPTS();
		if (i >= 0)
			add_claim(&claim, branch, days[i], &left[i]);
	}
	clientele_own_close(claims);
}

static int
claims_of(const Left *left, ClienteleStockKind kind)
{
	ClienteleDecimal number = left->numbers[kind];

	if (!left->limited[kind])
		return CLIENTELE_NO_LIMIT;
	if (clientele_decimal_sign(number) <= 0)
		return 0;
	if (number.scale == 0)
		return (int) number.u.units;
	return DatumGetInt32(DirectFunctionCall1(numeric_int4, NumericGetDatum(clientele_decimal_to_numeric(number))));
}

static void
open_stock(Stock *stock, Snapshot snapshot)
{
	stock->table = table_open(clientele_own_relation("stock"), AccessShareLock);
	stock->index = index_open(clientele_own_relation("stock_pkey"), AccessShareLock);
	stock->nblocks = RelationGetNumberOfBlocks(stock->table);
	stock->snapshot = snapshot;
	stock->page = (KeptPage) {InvalidBlockNumber, InvalidXLogRecPtr};
	begin_cache(RelationGetRelid(stock->table));
}

void
clientele_stock_left(const ClientelePopulation *population, int count, const ClienteleOffered *const *promotions,
					 const char *branch, const DateADT *days, TimestampTz now, Snapshot snapshot, ClienteleStockLeft *left)
{
	Left	   *found = palloc(mul_size(Max(count, 1), sizeof(Left)));
	bool		taken = false;
	Stock		stock;

	open_stock(&stock, snapshot);
	for (int i = 0; i < count; i++)
	{
		find_left(&stock, promotions[i], branch, days[i], &found[i]);
		taken = taken || found[i].taken;
	}
	index_close(stock.index, AccessShareLock);
	table_close(stock.table, AccessShareLock);
	if (taken)
		add_expired(population, count, promotions, branch, days, now, snapshot, found);
	for (int i = 0; i < count; i++)
	{
		add_codes(promotions[i], now, snapshot, &found[i]);
		left[i].total = claims_of(&found[i], CLIENTELE_STOCK_TOTAL);
		left[i].branch = claims_of(&found[i], CLIENTELE_STOCK_BRANCH);
		left[i].day = claims_of(&found[i], CLIENTELE_STOCK_DAY);
		left[i].has_budget = found[i].limited[CLIENTELE_STOCK_BUDGET];
		left[i].budget = clientele_money_greatest(found[i].numbers[CLIENTELE_STOCK_BUDGET], CLIENTELE_ZERO);
	}
	pfree(found);
}

/* ---------- what is left of a customer's own limits ---------- */

/* The first day of the calendar period that has the day. */
static DateADT
period_begin(DateADT day, ClienteleUnit period)
{
	switch (period)
	{
		case CLIENTELE_WEEKS:
			return day - (clientele_weekday_of(day) - 1);
		case CLIENTELE_MONTHS:
			return day - (clientele_day_of(day) - 1);
		case CLIENTELE_YEARS:
			day -= clientele_day_of(day) - 1;
			return clientele_day_before(day, CLIENTELE_MONTHS, clientele_month_of(day) - 1);
		default:
			return day;
	}
}

static void
count_claim(const ClienteleOwnRow *claim, const ClienteleOffered *promotion, DateADT day, int *claimed, int *in_period)
{
	const ClientelePromotionStock *limits = &promotion->bound->promotion->stock;

	(*claimed)++;
	if (limits->per_period != CLIENTELE_NO_LIMIT)
		*in_period += period_begin(DatumGetDateADT(claim->values[CLAIM_DAY]), limits->period) == period_begin(day, limits->period);
}

static void
count_claims(ClienteleOwnTable *claims, const ClientelePopulation *population, const char *key,
			 const ClienteleOffered *promotion, DateADT day, TimestampTz now, int *claimed, int *in_period)
{
	ScanKeyData keys[3];
	ClienteleOwnRow claim;

	*claimed = *in_period = 0;
	clientele_own_keys_of(keys, population->id, key);
	clientele_own_key_equal(&keys[2], 3, INT4OID, Int32GetDatum(promotion->id));
	clientele_own_find(claims, "claim_of_customer", 3, keys);
	while (clientele_own_next(claims, &claim))
	{
		if (clientele_claim_is(&claim, "redeemed") || clientele_claim_is_held(&claim, now))
			count_claim(&claim, promotion, day, claimed, in_period);
	}
	clientele_own_found(claims);
}

static int
left_of_limit(int limit, int claimed)
{
	return limit == CLIENTELE_NO_LIMIT ? CLIENTELE_NO_LIMIT : Max(0, limit - claimed);
}

void
clientele_stock_left_of_limits(ClienteleOwnTable *claims, const ClientelePopulation *population, const char *key,
							   const ClienteleOffered *promotion, DateADT day, TimestampTz now, int *of_customer, int *of_period)
{
	const ClientelePromotionStock *limits = &promotion->bound->promotion->stock;

	*of_customer = *of_period = CLIENTELE_NO_LIMIT;
	if (limits->per_customer == CLIENTELE_NO_LIMIT && limits->per_period == CLIENTELE_NO_LIMIT)
		return;
	count_claims(claims, population, key, promotion, day, now, of_customer, of_period);
	*of_customer = left_of_limit(limits->per_customer, *of_customer);
	*of_period = left_of_limit(limits->per_period, *of_period);
}

void
clientele_stock_left_of_all_limits(ClienteleOwnTable *claims, const ClientelePopulation *population, const char *key, int count,
								   const ClienteleOffered *const *promotions, DateADT day, TimestampTz now,
								   int *of_customer, int *of_period)
{
	ScanKeyData keys[2];
	ClienteleOwnRow claim;

	memset(of_customer, 0, mul_size(count, sizeof(int)));
	memset(of_period, 0, mul_size(count, sizeof(int)));
	clientele_own_keys_of(keys, population->id, key);
	clientele_own_find(claims, "claim_of_customer", 2, keys);
	while (clientele_own_next(claims, &claim))
	{
		int			i = find_promotion(count, promotions, &claim);

		if (i >= 0 && (clientele_claim_is(&claim, "redeemed") || clientele_claim_is_held(&claim, now)))
			count_claim(&claim, promotions[i], day, &of_customer[i], &of_period[i]);
	}
	clientele_own_found(claims);
	for (int i = 0; i < count; i++)
	{
		const ClientelePromotionStock *limits = &promotions[i]->bound->promotion->stock;

		of_customer[i] = left_of_limit(limits->per_customer, of_customer[i]);
		of_period[i] = left_of_limit(limits->per_period, of_period[i]);
	}
}
