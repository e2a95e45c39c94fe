/*
 * suppose.h
 *		What if something more happened: a payment of so much, so many visits.
 *
 * Events that have not happened are folded with those that have, so that everything
 * they would count in is evaluated as if they had.
 */
#ifndef CLIENTELE_SUPPOSE_H
#define CLIENTELE_SUPPOSE_H

#include "engine/engine_parts.h"

/* A kind of event that moves a definition. */
typedef struct ClienteleLever
{
	int			source;			/* its number */
	int			slot;			/* an aggregate that it counts in: its condition is
								 * fulfilled, and its column has the amount */
	bool		by_amount;		/* how large one event is; else how many there are,
								 * without any amount */
	int			decimals;		/* of amounts */
	List	   *conditions;		/* texts: what is known of the event */
	bool	   *counts;			/* by aggregate of the source: it counts in that one, and
								 * the definition notices */
	const char *unit;			/* in words: payment.net, visit where kind = 'laser' */
} ClienteleLever;

/* So much of it: amounts in units of their last decimal. */
typedef struct ClienteleSupposition
{
	const ClienteleLever *lever;
	int64		size;
	const struct ClienteleSupposition *also;	/* NULL = that is all */
} ClienteleSupposition;

/*
 * The kinds of events that something in a definition, or in what it names, counts or
 * adds up: how many before how much, and those of which less must be known first.
 */
extern List *clientele_levers(const ClienteleEngineParts *parts, int definition);

/* Whether an expression could notice. */
extern bool clientele_lever_moves(const ClienteleEngineParts *parts, const ClienteleLever *lever, const char *expression);

/* Whether whoever is the one is also the other: of the same source and column, with less to fulfil. */
extern bool clientele_lever_includes(const ClienteleEngineParts *parts, const ClienteleLever *general,
									 const ClienteleLever *special);

/*
 * Sizes worth a try for a customer who has just been evaluated, ascending, from 1: where
 * something crosses a constant that it is compared with, and some in between.
 */
extern int	clientele_lever_sizes(const ClienteleEngineParts *parts, const ClienteleLever *lever, int64 **sizes);

/* A size in the unit. */
extern ClienteleDecimal clientele_lever_amount(const ClienteleLever *lever, int64 size);

/* scan.c: before its first customer, of an instance for one: as if this had happened, too. */
extern void clientele_scan_suppose(ClienteleScan *scan, const ClienteleSupposition *supposed);

/* Has a source fold what is supposed of it, at that instant. */
extern void clientele_suppose_events(ClienteleEngineSource *source, const ClienteleSupposition *supposed, TimestampTz at);

#endif							/* CLIENTELE_SUPPOSE_H */
