/*
 * claim_bill.c
 *		What a bill has been given already: claims for one bill know of each other.
 *
 * A bill is known by its number in its branch.  One that does not say its number is another bill each
 * time.  Points and coupons that come by themselves are beside all that.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"

#include "claim/claim.h"

static bool
is_same_branch(const ClienteleOwnRow *claim, const ClienteleBill *bill)
{
	const char *branch = clientele_claim_text(claim, CLAIM_BRANCH);

	if (branch == NULL || bill->branch == NULL)
		return branch == NULL && bill->branch == NULL;
	return strcmp(branch, text_to_cstring(bill->branch)) == 0;
}

static void
add_claim(ClienteleBillClaims *claims, const ClientelePopulation *population, const ClienteleOwnRow *row)
{
	const ClienteleOffered *offered = clientele_offered_number(population, DatumGetInt32(row->values[CLAIM_PROMOTION]));
	ClienteleBillClaim *claim;

	if (offered->automatic)
		return;
	claim = palloc(sizeof(ClienteleBillClaim));
	claim->id = DatumGetInt64(row->values[CLAIM_ID]);
	claim->name = NameStr(offered->name);
	claim->promotion = clientele_offered_version(offered->id, DatumGetInt32(row->values[CLAIM_VERSION]))->promotion;
	claims->claims = lappend(claims->claims, claim);
	claims->off = clientele_money_add(claims->off, clientele_claim_number(row, CLAIM_AMOUNT));
}

void
clientele_bill_claims_read(ClienteleBillClaims *claims, const ClientelePopulation *population, ClienteleOwnTable *table,
						   const char *key, const ClienteleBill *bill, TimestampTz now)
{
	ClienteleOwnRow row;
	ScanKeyData keys[3];

	claims->claims = NIL;
	claims->off = CLIENTELE_ZERO;
	if (bill == NULL || bill->bill_id == NULL)
		return;
	clientele_own_keys_of(keys, population->id, key);
	clientele_own_key_equal(&keys[2], 4, TEXTOID, PointerGetDatum(bill->bill_id));
	clientele_own_find(table, "claim_of_customer", 3, keys);
	while (clientele_own_next(table, &row))
	{
		if (is_same_branch(&row, bill) && (clientele_claim_is(&row, "redeemed") || clientele_claim_is_held(&row, now)))
			add_claim(claims, population, &row);
	}
	clientele_own_found(table);
}

ClienteleDecimal
clientele_bill_claims_room(const ClienteleBillClaims *claims, const ClienteleBill *bill)
{
	return clientele_money_greatest(clientele_money_subtract(bill->amount, claims->off), CLIENTELE_ZERO);
}

void
clientele_bill_claims_decide(const ClienteleBillClaims *claims, const ClienteleBill *bill, const ClienteleOffered *promotion,
							 ClienteleReasons *reasons, ClienteleBenefit *benefit)
{
	const ListCell *cell;

	if (promotion->automatic)
		return;
	foreach(cell, claims->claims)
	{
		const ClienteleBillClaim *claim = lfirst(cell);

		if (clientele_promotions_exclude(promotion->bound->promotion, claim->promotion))
			clientele_reasons_add(reasons, CLIENTELE_ERRCODE_NOT_ELIGIBLE, CLIENTELE_REASON_EXCLUSIVE,
								  psprintf("not together with %s, which the bill has (claim %lld)", claim->name, (long long) claim->id));
	}
	if (claims->claims != NIL)
		clientele_benefit_limit(benefit, clientele_bill_claims_room(claims, bill));
}
