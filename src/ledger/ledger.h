/*
 * ledger.h
 *		Points, stored value and gifts: what customers have, exactly.
 *
 * Entries are only added.  One that gives is a lot; one that uses names the lot it takes from, of
 * those that are valid the one that expires first.  A balance at an instant is what is left of
 * the lots that are valid then.  Call after the customer's lock.
 */
#ifndef CLIENTELE_LEDGER_H
#define CLIENTELE_LEDGER_H

#include "postgres.h"

#include "utils/timestamp.h"

#include "base/decimal.h"

typedef struct ClienteleLedgerEntry
{
	int			population_id;
	const char *key;
	const char *account;		/* 'points', 'stored value', 'gift' */
	const char *item;			/* "" = none */
	ClienteleDecimal amount;	/* > 0 */
	TimestampTz valid_until;	/* DT_NOEND: it stays */
	int64		claim_id;		/* 0 = none */
	const char *request_id;		/* NULL = none */
	TimestampTz at;
	Oid			actor;
	const char *reason;			/* NULL = none */
	const char *refund_of;		/* clientele_ledger_refund: the request that spent; else NULL */
} ClienteleLedgerEntry;

/* Gives; returns the number of the lot. */
extern int64 clientele_ledger_give(const ClienteleLedgerEntry *entry);

/* Uses so much of what is valid at entry->at; false, and nothing is used, if there is not so much. */
extern bool clientele_ledger_use(const ClienteleLedgerEntry *entry);

/*
 * Puts so much of what the request entry->refund_of has used back to where it came from; false,
 * and nothing comes back, if it was not so much.  What has expired meanwhile stays so.
 */
extern bool clientele_ledger_refund(const ClienteleLedgerEntry *entry);

/* What is left of what a claim has given (also where it has expired). */
extern ClienteleDecimal clientele_ledger_left_of_claim(int64 claim_id);

/* Takes back so much of what a claim has given, at most what is left; key, account and item are the claim's. */
extern void clientele_ledger_take_back(const ClienteleLedgerEntry *entry);

/* What could be used at an instant. */
extern ClienteleDecimal clientele_ledger_balance(int population_id, const char *key, const char *account, const char *item,
												 TimestampTz at);

/*
 * What a request has written: one entry for all, of which .amount is the sum and .at the
 * latest; false: nothing.  And what was left right after it.
 */
typedef struct ClienteleLedgerRequest
{
	ClienteleLedgerEntry entry;
	const char *verb;			/* 'credit', 'spend', 'refund'; 'claim': a step of a claim */
	int64		last_entry;
} ClienteleLedgerRequest;

extern bool clientele_ledger_find_request(int population_id, const char *request_id, ClienteleLedgerRequest *request);
extern ClienteleDecimal clientele_ledger_balance_after(const ClienteleLedgerRequest *request);

#endif							/* CLIENTELE_LEDGER_H */
