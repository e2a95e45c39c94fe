/*
 * stock.c
 *		What is left of the limits that customers share: taking of it, giving back.
 *
 * Nothing is taken before all of it has been found and locked, so that what is found too little of
 * leaves no trace; then the rows are updated, last of all that a claim does, and only the
 * commit is between that and the next in line.
 */
#include "postgres.h"

#include "access/stratnum.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "base/arguments.h"
#include "base/local_time.h"
#include "own/fresh.h"
#include "own/own_table.h"
#include "stock/stock.h"
#include "stock/stock_parts.h"

PG_FUNCTION_INFO_V1(clientele_lock_stock);
PG_FUNCTION_INFO_V1(clientele_put_stock);

const char *const clientele_stock_kinds[CLIENTELE_STOCK_KINDS] = {"total", "branch", "day", "budget"};

/* As many as commits wait together, but not so many that each has next to nothing. */
#define MOST_STRIPES 32
#define CLAIMS_PER_STRIPE 8

/* A stripe, locked, and what is to be taken of it. */
typedef struct Part
{
	int			stripe;
	ClienteleOwnRow row;
	ClienteleDecimal remaining;
	ClienteleDecimal taken;
} Part;

/* What is taken of one limit. */
typedef struct Scope
{
	int			population_id;
	int			promotion_id;
	ClienteleStockKind kind;
	const char *scope;
	ClienteleDecimal limit;
	int			nstripes;		/* that it has, or is to have */
	ClienteleDecimal wanted;
	bool		is_new;			/* nothing has ever been taken of it: we make it */
	int			nparts;
	Part		parts[MOST_STRIPES];
} Scope;

/* ---------- names ---------- */

void
clientele_stock_share(const ClientelePopulation *population, int promotion_id)
{
	char		name[16];

	snprintf(name, sizeof(name), "%d", promotion_id);
	clientele_fresh_share(CLIENTELE_LOCK_PROMOTION, population->id, name);
}

/* lock_stock(population_id, promotion_id) */
Datum
clientele_lock_stock(PG_FUNCTION_ARGS)
{
	char		name[16];

	snprintf(name, sizeof(name), "%d", PG_GETARG_INT32(1));
	clientele_fresh_lock(CLIENTELE_LOCK_PROMOTION, PG_GETARG_INT32(0), name);
	PG_RETURN_VOID();
}

/* In the place of a stripe: making them. */
#define MAKING (-1)

static char *
lock_name(const Scope *scope, int stripe)
{
	return psprintf("%d/%s/%s/%d", scope->promotion_id, clientele_stock_kinds[scope->kind], scope->scope, stripe);
}

static bool
try_stripe(const Scope *scope, int stripe)
{
	char	   *name = lock_name(scope, stripe);
	bool		locked = clientele_fresh_try(CLIENTELE_LOCK_STOCK, scope->population_id, name);

	pfree(name);
	return locked;
}

static void
lock_stripe(const Scope *scope, int stripe)
{
	clientele_fresh_lock(CLIENTELE_LOCK_STOCK, scope->population_id, lock_name(scope, stripe));
}

static void
unlock_stripe(const Scope *scope, int stripe)
{
	clientele_fresh_unlock(CLIENTELE_LOCK_STOCK, scope->population_id, lock_name(scope, stripe));
}

/* Backends begin at different stripes. */
static int
first_stripe(const Scope *scope)
{
	return (int) (murmurhash32((uint32) MyProcPid) % scope->nstripes);
}

/* ---------- rows ---------- */

ClienteleDecimal
clientele_stock_number(Datum value)
{
	ClienteleDecimal number;

	if (!clientele_decimal_from_datum(value, &number))
		elog(ERROR, "stock is not a finite number");
	if (number.scale == CLIENTELE_DECIMAL_IS_NUMERIC)
		number.u.numeric = DatumGetNumericCopy(NumericGetDatum(number.u.numeric));
	return number;
}

static Datum
number_datum(ClienteleDecimal number)
{
	return NumericGetDatum(clientele_decimal_to_numeric(number));
}

static bool
is_enough(ClienteleDecimal there, ClienteleDecimal wanted)
{
	return clientele_decimal_compare(there, wanted) >= 0;
}

static bool
is_some(ClienteleDecimal there)
{
	return clientele_decimal_sign(there) > 0;
}

void
clientele_stock_keys(ScanKey keys, int promotion_id, ClienteleStockKind kind, const char *scope)
{
	clientele_own_key_equal(&keys[0], STOCK_KEY_PROMOTION, INT4OID, Int32GetDatum(promotion_id));
	clientele_own_key_equal(&keys[1], STOCK_KEY_KIND, TEXTOID, CStringGetTextDatum(clientele_stock_kinds[kind]));
	clientele_own_key_equal(&keys[2], STOCK_KEY_SCOPE, TEXTOID, CStringGetTextDatum(scope));
}

static void
find_scope(ClienteleOwnTable *stock, const Scope *scope, int stripe)
{
	ScanKeyData keys[4];

	clientele_stock_keys(keys, scope->promotion_id, scope->kind, scope->scope);
	if (stripe >= 0)
		clientele_own_key_equal(&keys[3], STOCK_KEY_STRIPE, INT2OID, Int16GetDatum((int16) stripe));
	/* total and budget have one scope */
	clientele_own_find(stock, "stock_pkey", stripe >= 0 ? 4 : scope->kind == 0 || scope->kind == 3 ? 2 : 3, keys);
}

/* One stripe, locked before; false if there is no such row. */
static bool
get_stripe(ClienteleOwnTable *stock, const Scope *scope, int stripe, Part *part)
{
	bool		found;

	find_scope(stock, scope, stripe);
	found = clientele_own_next(stock, &part->row);
	clientele_own_found(stock);
	if (!found)
		return false;
	part->stripe = stripe;
	part->remaining = clientele_stock_number(part->row.values[STOCK_REMAINING]);
	part->taken = CLIENTELE_ZERO;
	return true;
}

/* What is left in each stripe, as last committed; false if nothing has ever been taken. */
static bool
look_at_stripes(ClienteleOwnTable *stock, Scope *scope, ClienteleDecimal *remaining, ClienteleDecimal *owed,
				ClienteleDecimal *sum)
{
	ClienteleOwnRow row;
	bool		found = false;

	for (int i = 0; i < MOST_STRIPES; i++)
		remaining[i] = CLIENTELE_ZERO;
	*sum = *owed = CLIENTELE_ZERO;
	find_scope(stock, scope, -1);
	while (clientele_own_next_in_place(stock, &row))
	{
		int			stripe = DatumGetInt16(row.values[STOCK_STRIPE]);

		if (!found)
			scope->nstripes = 0;
		found = true;
		scope->nstripes++;
		remaining[stripe] = clientele_stock_number(row.values[STOCK_REMAINING]);
		*sum = clientele_money_add(*sum, remaining[stripe]);
		if (stripe == 0)
			*owed = clientele_stock_number(row.values[STOCK_OWED]);
	}
	clientele_own_found(stock);
	return found;
}

/* ---------- limits ---------- */

static int
stripes_of_claims(int limit)
{
	return Max(1, Min(MOST_STRIPES, limit / CLAIMS_PER_STRIPE));
}

/* The most that one claim is worth, as far as that can be known; 0 = not known. */
static ClienteleDecimal
largest_value(const ClientelePromotionBenefit *benefit)
{
	switch (benefit->kind)
	{
		case CLIENTELE_AMOUNT_OFF:
		case CLIENTELE_STORED_VALUE:
			return benefit->amount;
		case CLIENTELE_GIFT:
			return clientele_money_multiply(benefit->amount, clientele_decimal_from_int64(benefit->quantity));
		case CLIENTELE_PERCENT_OFF:
			return benefit->has_at_most ? benefit->at_most : CLIENTELE_ZERO;
		case CLIENTELE_SPEND_AND_REDUCE:
			return benefit->repeat ? CLIENTELE_ZERO : benefit->steps[benefit->nsteps - 1].off;
		default:
			return CLIENTELE_ZERO;
	}
}

static int
stripes_of_budget(const ClientelePromotion *promotion)
{
	ClienteleDecimal value = largest_value(&promotion->benefit);
	ClienteleDecimal claims;

	if (!is_some(value))
		return CLAIMS_PER_STRIPE;
	claims = clientele_money_times(promotion->budget, value);
	return is_enough(claims, clientele_decimal_from_int64(MOST_STRIPES * CLAIMS_PER_STRIPE)) ? MOST_STRIPES :
		stripes_of_claims((int) claims.u.units);
}

bool
clientele_stock_limit(const ClientelePromotion *promotion, ClienteleStockKind kind, ClienteleDecimal *limit)
{
	const ClientelePromotionStock *stock = &promotion->stock;
	int			claims = kind == CLIENTELE_STOCK_TOTAL ? stock->total : kind == CLIENTELE_STOCK_BRANCH ? stock->per_branch :
		stock->per_day;

	*limit = kind == CLIENTELE_STOCK_BUDGET ? promotion->budget : clientele_decimal_from_int64(claims);
	return kind == CLIENTELE_STOCK_BUDGET ? promotion->has_budget : claims != CLIENTELE_NO_LIMIT;
}

const char *
clientele_stock_scope(ClienteleStockKind kind, const char *branch, DateADT day)
{
	return kind == CLIENTELE_STOCK_BRANCH ? branch : kind == CLIENTELE_STOCK_DAY ? clientele_date_to_string(day) : "";
}

static void
begin_scope(Scope *scope, int population_id, int promotion_id, ClienteleStockKind kind)
{
	scope->population_id = population_id;
	scope->promotion_id = promotion_id;
	scope->kind = kind;
	scope->is_new = false;
	scope->nparts = 0;
}

/* The limit of that kind, and how it is divided; false if there is none. */
static bool
find_limit(const ClientelePromotion *promotion, ClienteleStockKind kind, Scope *scope)
{
	scope->kind = kind;
	if (!clientele_stock_limit(promotion, kind, &scope->limit))
		return false;
	scope->nstripes = kind == CLIENTELE_STOCK_BUDGET ? stripes_of_budget(promotion) : stripes_of_claims((int) scope->limit.u.units);
	return true;
}

/* What is taken, or given back, of a limit of that kind; false if nothing, or it is not known where. */
static bool
find_wanted(Scope *scope, const char *branch, DateADT day, int claims, ClienteleDecimal value)
{
	scope->wanted = scope->kind == CLIENTELE_STOCK_BUDGET ? value : clientele_decimal_from_int64(claims);
	if (!is_some(scope->wanted) || (scope->kind == CLIENTELE_STOCK_BRANCH && branch == NULL))
		return false;
	scope->scope = clientele_stock_scope(scope->kind, branch, day);
	return true;
}

/* ---------- making stripes ---------- */

/* An amount in equal parts, the first of which have what is more. */
static ClienteleDecimal
part_of(ClienteleDecimal amount, int nparts, int part)
{
	int			scale = clientele_decimal_scale(amount);
	ClienteleDecimal unit = {{1}, scale};
	ClienteleDecimal units = clientele_money_times(amount, unit);
	int64		all = units.u.units;

	if (units.scale != 0)
		elog(ERROR, "a limit is too large");
	unit.u.units = all / nparts + (part < all % nparts);
	return unit;
}

static void
make_stripes(ClienteleOwnTable *stock, const Scope *scope, ClienteleDecimal remaining, ClienteleDecimal owed)
{
	for (int i = 0; i < scope->nstripes; i++)
	{
		ClienteleOwnRow row = {0};

		row.values[STOCK_POPULATION] = Int32GetDatum(scope->population_id);
		row.values[STOCK_PROMOTION] = Int32GetDatum(scope->promotion_id);
		row.values[STOCK_KIND] = CStringGetTextDatum(clientele_stock_kinds[scope->kind]);
		row.values[STOCK_SCOPE] = CStringGetTextDatum(scope->scope);
		row.values[STOCK_STRIPE] = Int16GetDatum((int16) i);
		row.values[STOCK_REMAINING] = number_datum(part_of(remaining, scope->nstripes, i));
		row.values[STOCK_OWED] = number_datum(i == 0 ? owed : CLIENTELE_ZERO);
		clientele_own_insert(stock, &row);
	}
}

/* ---------- waiting ---------- */

/*
 * Who waits for stock has none in his hands but what he has taken.  So he never keeps anybody waiting while he waits
 * himself, and who has taken something waits only for those who have all that they want, and are about
 * to commit: there is nobody to meet half-way, in whatever order limits are looked at.
 */
typedef struct Busy
{
	const Scope *scope;			/* NULL: there is nothing to wait for */
	int			stripe;
} Busy;

static void
let_go(Scope *scope)
{
	while (scope->nparts > 0)
		unlock_stripe(scope, scope->parts[--scope->nparts].stripe);
	if (scope->is_new)
		unlock_stripe(scope, MAKING);
	scope->is_new = false;
}

static void
let_go_of_all(int nscopes, Scope *scopes)
{
	for (int i = 0; i < nscopes; i++)
		let_go(&scopes[i]);
}

/* Locks what is wanted of all scopes, or none of it and says what is busy.  Which limits have too little: bits of ClienteleStockLack. */
typedef uint32 (*Attempt) (ClienteleOwnTable *stock, int nscopes, Scope *scopes, Busy *busy);

static uint32
attempt_until_free(Attempt attempt, ClienteleOwnTable *stock, int nscopes, Scope *scopes)
{
	Busy		busy;
	uint32		lack = attempt(stock, nscopes, scopes, &busy);

	while (busy.scope != NULL)
	{
		Busy		waited_for = busy;

		CHECK_FOR_INTERRUPTS();
		lock_stripe(waited_for.scope, waited_for.stripe);
		lack = attempt(stock, nscopes, scopes, &busy);
		unlock_stripe(waited_for.scope, waited_for.stripe);
	}
	return lack;
}

/* ---------- reserving ---------- */

typedef enum Outcome
{
	RESERVED,					/* all that is wanted is locked */
	LACKING,					/* there is not so much */
	BUSY,						/* somebody else has it locked */
	CHANGED						/* somebody else has been there: look again */
} Outcome;

/* A stripe that has been locked: whether it has all that is wanted.  If not, it is let go. */
static bool
use_stripe(ClienteleOwnTable *stock, Scope *scope, int stripe)
{
	Part	   *part = &scope->parts[0];

	if (!get_stripe(stock, scope, stripe, part) || !is_enough(part->remaining, scope->wanted))
	{
		unlock_stripe(scope, stripe);
		return false;
	}
	part->taken = scope->wanted;
	scope->nparts = 1;
	return true;
}

/* One that nobody has locked, without looking for long. */
static bool
use_any_free(ClienteleOwnTable *stock, Scope *scope)
{
	int			first = first_stripe(scope);

	for (int i = 0; i < scope->nstripes; i++)
	{
		int			stripe = (first + i) % scope->nstripes;

		if (try_stripe(scope, stripe))
			return use_stripe(stock, scope, stripe);
	}
	return false;
}

/* One that has enough: a free one, or else the first that others let go. */
static Outcome
use_full(ClienteleOwnTable *stock, Scope *scope, const ClienteleDecimal *remaining, Busy *busy)
{
	int			first = first_stripe(scope);
	Outcome		outcome = LACKING;

	for (int i = 0; i < scope->nstripes; i++)
	{
		int			stripe = (first + i) % scope->nstripes;

		if (!is_enough(remaining[stripe], scope->wanted))
			continue;
		if (!try_stripe(scope, stripe))
		{
			if (outcome != BUSY)
				*busy = (Busy) {scope, stripe};
			outcome = BUSY;
		}
		else if (use_stripe(stock, scope, stripe))
			return RESERVED;
		else if (outcome == LACKING)
			outcome = CHANGED;
	}
	return outcome;
}

/* Several that together have enough. */
static Outcome
use_several(ClienteleOwnTable *stock, Scope *scope, const ClienteleDecimal *remaining, Busy *busy)
{
	ClienteleDecimal missing = scope->wanted;

	for (int stripe = 0; stripe < scope->nstripes && is_some(missing); stripe++)
	{
		Part	   *part = &scope->parts[scope->nparts];

		if (!is_some(remaining[stripe]))
			continue;
		if (!try_stripe(scope, stripe))
		{
			let_go(scope);
			*busy = (Busy) {scope, stripe};
			return BUSY;
		}
		scope->nparts++;
		part->stripe = stripe;
		if (!get_stripe(stock, scope, stripe, part))
			elog(ERROR, "stripe %d of the stock has gone", stripe);
		part->taken = clientele_money_least(missing, part->remaining);
		missing = clientele_money_subtract(missing, part->taken);
	}
	if (!is_some(missing))
		return RESERVED;
	let_go(scope);
	return CHANGED;
}

/* The first who comes makes the stripes, when he takes: branches and days are not known before. */
static Outcome
use_new(ClienteleOwnTable *stock, Scope *scope, Busy *busy)
{
	ClienteleDecimal remaining[MOST_STRIPES];
	ClienteleDecimal owed;
	ClienteleDecimal sum;

	if (!try_stripe(scope, MAKING))
	{
		*busy = (Busy) {scope, MAKING};
		return BUSY;
	}
	scope->is_new = true;
	if (!look_at_stripes(stock, scope, remaining, &owed, &sum) && is_enough(scope->limit, scope->wanted))
		return RESERVED;
	let_go(scope);
	return is_enough(scope->limit, scope->wanted) ? CHANGED : LACKING;
}

/* What is left is looked at as last committed, so that nobody waits who would get nothing. */
static Outcome
look_and_reserve(ClienteleOwnTable *stock, Scope *scope, Busy *busy)
{
	ClienteleDecimal remaining[MOST_STRIPES];
	ClienteleDecimal owed;
	ClienteleDecimal sum;
	Outcome		outcome;

	if (!look_at_stripes(stock, scope, remaining, &owed, &sum))
		return use_new(stock, scope, busy);
	if (!is_enough(sum, scope->wanted))
		return LACKING;
	outcome = use_full(stock, scope, remaining, busy);
	return outcome == LACKING ? use_several(stock, scope, remaining, busy) : outcome;
}

/* Locks what is wanted of a limit, if nobody else has it. */
static Outcome
reserve(ClienteleOwnTable *stock, Scope *scope, Busy *busy)
{
	Outcome		outcome = use_any_free(stock, scope) ? RESERVED : CHANGED;

	while (outcome == CHANGED)
	{
		CHECK_FOR_INTERRUPTS();
		outcome = look_and_reserve(stock, scope, busy);
	}
	return outcome;
}

/* Where there is too little of one, it is not waited for another. */
static uint32
reserve_all(ClienteleOwnTable *stock, int nscopes, Scope *scopes, Busy *busy)
{
	uint32		lack = 0;

	for (int i = 0; i < nscopes; i++)
	{
		Outcome		outcome = reserve(stock, &scopes[i], busy);

		if (outcome == LACKING)
			lack |= 1 << scopes[i].kind;
		else if (outcome == BUSY && lack == 0)
		{
			let_go_of_all(i, scopes);
			return 0;
		}
	}
	busy->scope = NULL;
	return lack;
}

static void
take_reserved(ClienteleOwnTable *stock, Scope *scope)
{
	if (scope->is_new)
		make_stripes(stock, scope, clientele_money_subtract(scope->limit, scope->wanted), CLIENTELE_ZERO);
	for (int i = 0; i < scope->nparts; i++)
	{
		Part	   *part = &scope->parts[i];

		if (!is_enough(part->remaining, part->taken))
			elog(ERROR, "more is taken of a stock than there is");
		part->row.values[STOCK_REMAINING] = number_datum(clientele_money_subtract(part->remaining, part->taken));
		clientele_own_update(stock, &part->row);
	}
}

/* ---------- taking ---------- */

static uint32
take_what_is_there(int nscopes, Scope *scopes)
{
	ClienteleOwnTable *stock = clientele_own_open("stock");
	uint32		lack = attempt_until_free(reserve_all, stock, nscopes, scopes);

	if (lack != 0)
		let_go_of_all(nscopes, scopes);
	for (int i = 0; lack == 0 && i < nscopes; i++)
		take_reserved(stock, &scopes[i]);
	clientele_own_close(stock);
	return lack;
}

uint32
clientele_stock_try(const ClientelePopulation *population, const ClienteleOffered *promotion, uint32 limits,
					const char *branch, DateADT day, int claims, ClienteleDecimal value)
{
	Scope	   *scopes = palloc(CLIENTELE_STOCK_KINDS * sizeof(Scope));
	int			nscopes = 0;
	uint32		lack;

	for (int kind = 0; kind < CLIENTELE_STOCK_KINDS; kind++)
	{
		Scope	   *scope = &scopes[nscopes];

		begin_scope(scope, population->id, promotion->id, (ClienteleStockKind) kind);
		nscopes += (limits & (1 << kind)) != 0 && find_limit(promotion->bound->promotion, (ClienteleStockKind) kind, scope) &&
			find_wanted(scope, branch, day, claims, value);
	}
	lack = nscopes == 0 ? 0 : take_what_is_there(nscopes, scopes);
	pfree(scopes);
	return lack;
}

/* ---------- giving back ---------- */

/* Any stripe will do; -1: others have locked all. */
static int
try_any(const Scope *scope)
{
	int			first = first_stripe(scope);

	for (int i = 0; i < scope->nstripes; i++)
	{
		int			stripe = (first + i) % scope->nstripes;

		if (try_stripe(scope, stripe))
			return stripe;
	}
	return -1;
}

/* Locks the stripe that something comes back to, the first where it owes something; false: others have it.  A limit that is not kept has none. */
static bool
try_scope(ClienteleOwnTable *stock, Scope *scope, Busy *busy)
{
	ClienteleDecimal remaining[MOST_STRIPES];
	ClienteleDecimal owed;
	ClienteleDecimal sum;
	int			stripe;

	if (!look_at_stripes(stock, scope, remaining, &owed, &sum))
		return true;
	stripe = !is_some(owed) ? try_any(scope) : try_stripe(scope, 0) ? 0 : -1;
	if (stripe >= 0)
		scope->parts[scope->nparts++].stripe = stripe;
	else
		*busy = (Busy) {scope, is_some(owed) ? 0 : first_stripe(scope)};
	return stripe >= 0;
}

static uint32
try_all(ClienteleOwnTable *stock, int nscopes, Scope *scopes, Busy *busy)
{
	for (int i = 0; i < nscopes; i++)
	{
		if (try_scope(stock, &scopes[i], busy))
			continue;
		let_go_of_all(i, scopes);
		return 0;
	}
	busy->scope = NULL;
	return 0;
}

static void
put_back(ClienteleOwnTable *stock, Scope *scope)
{
	Part	   *part = &scope->parts[0];
	ClienteleDecimal amount = scope->wanted;

	if (scope->nparts == 0)
		return;
	if (!get_stripe(stock, scope, part->stripe, part))
		elog(ERROR, "stripe %d of the stock has gone", part->stripe);
	if (part->stripe == 0)
	{
		ClienteleDecimal owed = clientele_stock_number(part->row.values[STOCK_OWED]);
		ClienteleDecimal paid = clientele_money_least(owed, amount);

		part->row.values[STOCK_OWED] = number_datum(clientele_money_subtract(owed, paid));
		amount = clientele_money_subtract(amount, paid);
	}
	part->row.values[STOCK_REMAINING] = number_datum(clientele_money_add(part->remaining, amount));
	clientele_own_update(stock, &part->row);
}

/* False where it is not to wait, but would have to: then nothing is given back. */
static bool
give_back(const ClientelePopulation *population, int promotion_id, uint32 to,
		  const char *branch, DateADT day, int claims, ClienteleDecimal value, bool wait)
{
	ClienteleOwnTable *stock = clientele_own_open("stock");
	Scope	   *scopes = palloc(CLIENTELE_STOCK_KINDS * sizeof(Scope));
	int			nscopes = 0;
	Busy		busy = {NULL, 0};

	for (int kind = 0; kind < CLIENTELE_STOCK_KINDS; kind++)
	{
		Scope	   *scope = &scopes[nscopes];

		begin_scope(scope, population->id, promotion_id, (ClienteleStockKind) kind);
		nscopes += (to & (1 << kind)) != 0 && find_wanted(scope, branch, day, claims, value);
	}
	if (wait)
		(void) attempt_until_free(try_all, stock, nscopes, scopes);
	else
		(void) try_all(stock, nscopes, scopes, &busy);
	for (int i = 0; busy.scope == NULL && i < nscopes; i++)
		put_back(stock, &scopes[i]);
	pfree(scopes);
	clientele_own_close(stock);
	return busy.scope == NULL;
}

void
clientele_stock_give_back(const ClientelePopulation *population, int promotion_id,
						  const char *branch, DateADT day, int claims, ClienteleDecimal value)
{
	(void) give_back(population, promotion_id, CLIENTELE_LACK_ANY, branch, day, claims, value, true);
}

bool
clientele_stock_try_give_back(const ClientelePopulation *population, int promotion_id,
							  const char *branch, DateADT day, ClienteleDecimal value)
{
	return give_back(population, promotion_id, CLIENTELE_LACK_ANY, branch, day, 1, value, false);
}

void
clientele_stock_unreserve(const ClientelePopulation *population, int promotion_id, int claims)
{
	(void) give_back(population, promotion_id, CLIENTELE_LACK_TOTAL, NULL, 0, claims, CLIENTELE_ZERO, true);
}

void
clientele_stock_give_back_reserved(const ClientelePopulation *population, int promotion_id,
								   const char *branch, DateADT day, ClienteleDecimal value)
{
	(void) give_back(population, promotion_id, CLIENTELE_LACK_ANY & ~CLIENTELE_LACK_TOTAL, branch, day, 1, value, true);
}

/* ---------- limits that change ---------- */

/*
 * What is taken of a promotion, by the scopes of a kind; values less what has come back of them, which
 * has no more decimals than money, whatever a division makes of it.
 */
#define TAKEN(scope) \
	"SELECT " scope ", pg_catalog.count(*)::numeric," \
	" coalesce(pg_catalog.sum(c.value - CASE WHEN c.taken_back = 0 OR c.given = 0 THEN 0 ELSE pg_catalog.trim_scale(pg_catalog.round(c.value * c.taken_back / c.given, 6)) END), 0)" \
	" FROM clientele.claim AS c WHERE c.promotion_id = $1 AND c.state IN ('held', 'redeemed') AND " scope " IS NOT NULL GROUP BY 1"

/* Codes keep their part of the total until they are claimed. */
#define TAKEN_OF_TOTAL \
	"SELECT ''::text, (SELECT pg_catalog.count(*) FROM clientele.claim AS c WHERE c.promotion_id = $1 AND c.state IN ('held', 'redeemed'))::numeric" \
	" + (SELECT pg_catalog.count(*) FROM clientele.coupon_batch AS b JOIN clientele.coupon_code AS k USING (batch_id)" \
	" WHERE b.promotion_id = $1 AND b.returned IS NULL AND k.claim_id IS NULL)"

static const char *const taken_queries[CLIENTELE_STOCK_KINDS] = {TAKEN_OF_TOTAL, TAKEN("c.branch"), TAKEN("pg_catalog.to_char(c.day, 'YYYY-MM-DD')"), TAKEN("''::text")};

static void
delete_stripes(ClienteleOwnTable *stock, const Scope *scope)
{
	ScanKeyData keys[2];
	ClienteleOwnRow row;

	clientele_own_key_equal(&keys[0], STOCK_KEY_PROMOTION, INT4OID, Int32GetDatum(scope->promotion_id));
	clientele_own_key_equal(&keys[1], STOCK_KEY_KIND, TEXTOID, CStringGetTextDatum(clientele_stock_kinds[scope->kind]));
	while (clientele_own_get(stock, "stock_pkey", 2, keys, &row))
		clientele_own_delete(stock, &row);
}

static void
make_scope(ClienteleOwnTable *stock, Scope *scope, ClienteleDecimal left)
{
	make_stripes(stock, scope, clientele_money_greatest(left, CLIENTELE_ZERO),
				 clientele_money_greatest(clientele_decimal_negate(left), CLIENTELE_ZERO));
}

/* A limit that there was not: with what has been taken so far; total and budget also if nothing has. */
static void
make_all_scopes(ClienteleOwnTable *stock, Scope *scope, bool anew)
{
	Oid			types[] = {INT4OID};
	Datum		values[] = {Int32GetDatum(scope->promotion_id)};
	uint64		count = anew ? 0 : clientele_fresh_run(taken_queries[scope->kind], 1, types, values, NULL);
	bool		isnull;

	for (uint64 i = 0; i < count; i++)
	{
		HeapTuple	row = SPI_tuptable->vals[i];
		TupleDesc	columns = SPI_tuptable->tupdesc;
		ClienteleDecimal taken = clientele_stock_number(SPI_getbinval(row, columns, scope->kind == CLIENTELE_STOCK_BUDGET ? 3 : 2, &isnull));

		scope->scope = SPI_getvalue(row, columns, 1);
		make_scope(stock, scope, clientele_money_subtract(scope->limit, taken));
	}
	if (count == 0 && (scope->kind == CLIENTELE_STOCK_TOTAL || scope->kind == CLIENTELE_STOCK_BUDGET))
	{
		scope->scope = "";
		make_scope(stock, scope, scope->limit);
	}
}

typedef struct ScopeLeft
{
	const char *scope;
	ClienteleDecimal left;		/* what it owes is below 0 */
} ScopeLeft;

static List *
find_scopes(ClienteleOwnTable *stock, const Scope *scope)
{
	ScanKeyData keys[2];
	ClienteleOwnRow row;
	List	   *scopes = NIL;
	ScopeLeft  *last = NULL;

	clientele_own_key_equal(&keys[0], STOCK_KEY_PROMOTION, INT4OID, Int32GetDatum(scope->promotion_id));
	clientele_own_key_equal(&keys[1], STOCK_KEY_KIND, TEXTOID, CStringGetTextDatum(clientele_stock_kinds[scope->kind]));
	clientele_own_find(stock, "stock_pkey", 2, keys);
	while (clientele_own_next(stock, &row))
	{
		char	   *name = TextDatumGetCString(row.values[STOCK_SCOPE]);

		if (last == NULL || strcmp(last->scope, name) != 0)
		{
			last = palloc(sizeof(ScopeLeft));
			last->scope = name;
			last->left = CLIENTELE_ZERO;
			scopes = lappend(scopes, last);
		}
		last->left = clientele_money_add(last->left, clientele_stock_number(row.values[STOCK_REMAINING]));
		last->left = clientele_money_subtract(last->left, clientele_stock_number(row.values[STOCK_OWED]));
	}
	clientele_own_found(stock);
	return scopes;
}

/* A limit that becomes another: each scope has so much more, or less. */
static void
change_all_scopes(ClienteleOwnTable *stock, Scope *scope, ClienteleDecimal before)
{
	List	   *scopes = find_scopes(stock, scope);
	ClienteleDecimal more = clientele_money_subtract(scope->limit, before);
	ListCell   *cell;

	delete_stripes(stock, scope);
	foreach(cell, scopes)
	{
		const ScopeLeft *one = lfirst(cell);

		scope->scope = one->scope;
		make_scope(stock, scope, clientele_money_add(one->left, more));
	}
}

static bool
is_same_limit(const ClientelePromotion *before, const ClientelePromotion *after, int kind)
{
	Scope		a;
	Scope		b;
	bool		had = find_limit(before, kind, &a);

	return had == find_limit(after, kind, &b) &&
		(!had || (clientele_decimal_compare(a.limit, b.limit) == 0 && a.nstripes == b.nstripes));
}

/* put_stock(population_id, promotion_id, before, after): before is NULL where none was published; after lock_stock */
Datum
clientele_put_stock(PG_FUNCTION_ARGS)
{
	ClientelePromotion *before;
	ClientelePromotion *after;
	ClienteleOwnTable *stock;
	Scope	   *scope = palloc0(sizeof(Scope));
	Scope		old;

	clientele_require_arguments(fcinfo, CLIENTELE_ARGUMENTS_BELOW(4) & ~CLIENTELE_ARGUMENT(2));
	before = PG_ARGISNULL(2) ? NULL : clientele_promotion_bind(PG_GETARG_DATUM(2))->promotion;
	after = clientele_promotion_bind(PG_GETARG_DATUM(3))->promotion;
	scope->population_id = PG_GETARG_INT32(0);
	scope->promotion_id = PG_GETARG_INT32(1);
	SPI_connect();
	stock = clientele_own_open("stock");
	for (int kind = 0; kind < CLIENTELE_STOCK_KINDS; kind++)
	{
		if (before != NULL && is_same_limit(before, after, kind))
			continue;
		scope->kind = kind;
		if (before != NULL && find_limit(before, kind, &old) && find_limit(after, kind, scope))
		{
			change_all_scopes(stock, scope, old.limit);
			continue;
		}
		delete_stripes(stock, scope);
		if (find_limit(after, kind, scope))
			make_all_scopes(stock, scope, before == NULL);
	}
	clientele_own_close(stock);
	SPI_finish();
	PG_RETURN_VOID();
}
