/*
 * stock_parts.h
 *		Rows of clientele.stock, for those who take of it (stock.c) and those who say what is
 *		left (stock_left.c).
 */
#ifndef CLIENTELE_STOCK_PARTS_H
#define CLIENTELE_STOCK_PARTS_H

#include "postgres.h"

#include "access/skey.h"
#include "utils/date.h"

#include "promotion/promotion.h"

/* Columns of clientele.stock, from 0; releases only append to them. */
enum
{
	STOCK_POPULATION, STOCK_PROMOTION, STOCK_KIND, STOCK_SCOPE, STOCK_STRIPE, STOCK_REMAINING, STOCK_OWED
};

/* The columns of its primary key, by their places there. */
enum
{
	STOCK_KEY_PROMOTION = 1, STOCK_KEY_KIND, STOCK_KEY_SCOPE, STOCK_KEY_STRIPE
};

/* The kinds of limits, in the order in which they are locked: bits of ClienteleStockLack. */
typedef enum ClienteleStockKind
{
	CLIENTELE_STOCK_TOTAL,
	CLIENTELE_STOCK_BRANCH,
	CLIENTELE_STOCK_DAY,
	CLIENTELE_STOCK_BUDGET,
	CLIENTELE_STOCK_KINDS
} ClienteleStockKind;

extern const char *const clientele_stock_kinds[CLIENTELE_STOCK_KINDS];

/* The limit of that kind; false if there is none. */
extern bool clientele_stock_limit(const ClientelePromotion *promotion, ClienteleStockKind kind, ClienteleDecimal *limit);

/* What a scope is called. */
extern const char *clientele_stock_scope(ClienteleStockKind kind, const char *branch, DateADT day);

/* Conditions on the first three columns of the primary key. */
extern void clientele_stock_keys(ScanKey keys, int promotion_id, ClienteleStockKind kind, const char *scope);

extern ClienteleDecimal clientele_stock_number(Datum value);

#endif							/* CLIENTELE_STOCK_PARTS_H */
