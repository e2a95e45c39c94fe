/*
 * bill.h
 *		A bill, read from jsonb: strictly, with the place of a mistake.
 *
 *	{"bill_id": "B-1001", "at": "2026-07-03T14:05:00+08:00", "branch": "1", "channel": "store",
 *	 "staff": "007",
 *	 "lines": [{"item": "facial", "category": "skin", "quantity": 2, "price": 300.00, "amount": 600.00}],
 *	 "amount": 600.00}
 */
#ifndef CLIENTELE_BILL_H
#define CLIENTELE_BILL_H

#include "postgres.h"

#include "utils/array.h"
#include "utils/jsonb.h"
#include "utils/timestamp.h"

#include "base/decimal.h"

/* Numbers of a bill are short enough that their sums and products are. */
#define CLIENTELE_BILL_DIGITS 12
#define CLIENTELE_BILL_DECIMALS 6

/* More lines than any till prints. */
#define CLIENTELE_BILL_LINES 1000

/* Texts are NULL where the bill does not say; so is a price. */
typedef struct ClienteleBillLine
{
	text	   *item;			/* always there */
	text	   *category;
	ClienteleDecimal quantity;	/* > 0 */
	bool		has_price;
	ClienteleDecimal price;		/* of one unit */
	ClienteleDecimal amount;	/* of the line */
} ClienteleBillLine;

typedef struct ClienteleBill
{
	text	   *bill_id;
	bool		has_at;
	bool		at_is_local;	/* written without an offset: the wall clock of the branch */
	Timestamp	local;			/* if so */
	TimestampTz at;				/* if not */
	text	   *branch;
	text	   *channel;
	text	   *staff;
	int			nlines;			/* 0 = the bill does not say */
	ClienteleBillLine *lines;
	ClienteleDecimal amount;	/* of all lines */
	ClienteleDecimal quantity;	/* of all lines; 0 without */
	ArrayType  *items;			/* of text; NULL without lines */
	ArrayType  *categories;
} ClienteleBill;

/* In the current memory context.  A mistake is an error. */
extern ClienteleBill *clientele_bill_read(Jsonb *document);

#endif							/* CLIENTELE_BILL_H */
