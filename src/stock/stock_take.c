/*
 * stock_take.c
 *		Taking of the stock: what has expired comes back first where there is not enough.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "stock/expiry.h"
#include "stock/stock.h"

/* Of the limits whose bits are in `limits`. */
static uint32
take(const ClientelePopulation *population, const ClienteleOffered *promotion, uint32 limits,
	 const char *branch, DateADT day, int claims, ClienteleDecimal value, TimestampTz now)
{
	uint32		lack;

	do
	{
		CHECK_FOR_INTERRUPTS();
		lack = clientele_stock_try(population, promotion, limits, branch, day, claims, value);
	}
	while (lack != 0 && clientele_claim_sweep(population, promotion->id, now) > 0);
	return lack;
}

uint32
clientele_stock_take(const ClientelePopulation *population, const ClienteleOffered *promotion,
					 const char *branch, DateADT day, int claims, ClienteleDecimal value, TimestampTz now)
{
	return take(population, promotion, CLIENTELE_LACK_ANY, branch, day, claims, value, now);
}

uint32
clientele_stock_reserve(const ClientelePopulation *population, const ClienteleOffered *promotion, int claims, TimestampTz now)
{
	return take(population, promotion, CLIENTELE_LACK_TOTAL, NULL, 0, claims, CLIENTELE_ZERO, now);
}

uint32
clientele_stock_take_reserved(const ClientelePopulation *population, const ClienteleOffered *promotion,
							  const char *branch, DateADT day, ClienteleDecimal value, TimestampTz now)
{
	return take(population, promotion, CLIENTELE_LACK_ANY & ~CLIENTELE_LACK_TOTAL, branch, day, 1, value, now);
}

uint32
clientele_stock_take_of_bill(const ClientelePopulation *population, const ClienteleOffered *promotion,
							 const char *branch, ClienteleDecimal value, TimestampTz now)
{
	return take(population, promotion, CLIENTELE_LACK_BRANCH | CLIENTELE_LACK_BUDGET, branch, 0, 1, value, now);
}
