/*
 * promotion_names.h
 *		The names that expressions over a bill and over one of its lines may use.
 */
#ifndef CLIENTELE_PROMOTION_NAMES_H
#define CLIENTELE_PROMOTION_NAMES_H

#include "expression/expression_tree.h"

typedef struct ClienteleName
{
	const char *name;
	ClienteleType type;
} ClienteleName;

typedef enum ClienteleBillName
{
	CLIENTELE_BILL_AMOUNT,
	CLIENTELE_BILL_BRANCH,
	CLIENTELE_BILL_CHANNEL,
	CLIENTELE_BILL_STAFF,
	CLIENTELE_BILL_QUANTITY,
	CLIENTELE_BILL_ITEMS,
	CLIENTELE_BILL_CATEGORIES,
	CLIENTELE_BILL_NAMES
} ClienteleBillName;

typedef enum ClienteleLineName
{
	CLIENTELE_LINE_ITEM,
	CLIENTELE_LINE_CATEGORY,
	CLIENTELE_LINE_QUANTITY,
	CLIENTELE_LINE_PRICE,
	CLIENTELE_LINE_AMOUNT,
	CLIENTELE_LINE_NAMES
} ClienteleLineName;

extern const ClienteleName clientele_bill_names[CLIENTELE_BILL_NAMES];
extern const ClienteleName clientele_line_names[CLIENTELE_LINE_NAMES];

#endif							/* CLIENTELE_PROMOTION_NAMES_H */
