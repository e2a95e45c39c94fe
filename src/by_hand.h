/*
 * by_hand.h
 *		What people say of customers: tags that they give and take, labels that they pin.
 *
 *		clientele_data."<population>_manual" (number, key, kind, name, label, ..., since, until)
 *
 * A row is a statement, and is never changed.  At an instant that one holds which was made
 * last, of all that are about the same thing, until its term is over; one whose term is
 * empty (until = since) takes back what was said before.
 */
#ifndef CLIENTELE_BY_HAND_H
#define CLIENTELE_BY_HAND_H

#include "postgres.h"

#include "engine_parts.h"

typedef struct ClienteleStatement
{
	struct ClienteleStatement *next;	/* about the same, in no order to rely on */
	int64		number;
	TimestampTz since;
	TimestampTz until;			/* DT_NOEND: no term */
	text	   *label;			/* of a pin; NULL: this version cannot give it, so it
								 * does not hold */
	const char *author;			/* in an engine that explains ... */
	const char *note;			/* ... or NULL */
} ClienteleStatement;

/* What is said of a customer of the block about one thing. */
typedef struct ClienteleSaid
{
	const struct ClienteleSubject *subject; /* NULL: a tag that is not defined */
	text	   *tag;			/* its name */
	int			row;
	ClienteleStatement *statements;
} ClienteleSaid;

/* How it is read.  Kept from scan to scan, as the program's registers are. */
typedef struct ClienteleByHand
{
	ClienteleEngineSource source;
	ClienteleEngineParts *parts;
	ClienteleCell *kind;		/* columns of the block of statements ... */
	ClienteleCell *name;
	ClienteleCell *label;
	ClienteleCell *until;
	ClienteleCell *number;
	ClienteleCell *author;		/* ... and in an engine that explains; else NULL */
	ClienteleCell *note;
	int			nsubjects;
	struct ClienteleSubject *subjects;	/* ascending by name */
	int			nsaid;			/* of the block's customers, in their order */
	int			said_allocated;
	ClienteleSaid *said;
	int		   *ends;			/* of each row: where in ->said the next one begins */
} ClienteleByHand;

/* Whether anybody has ever said anything. */
extern bool clientele_by_hand_is_used(Oid relation);

/* Compiling: begins; and a definition that people may speak of has a register for it. */
extern ClienteleByHand *clientele_by_hand_begin(ClienteleEngineParts *parts);
extern void clientele_by_hand_add(ClienteleByHand *by_hand, const ClienteleDefinition *definition,
								  ClienteleEngineDefinition *bound);

/*
 * A block of customers: begins; takes statements `from` up to `to` of the block that has
 * been read, about the customer of a row, again; and fills his registers.
 */
extern void clientele_by_hand_begin_block(ClienteleByHand *by_hand);
extern void clientele_by_hand_take(ClienteleByHand *by_hand, int from, int to, int row);
extern void clientele_by_hand_finish(ClienteleByHand *by_hand, int row, TimestampTz as_of);

/* No customer is due later than a tag of his comes or goes that no definition is about. */
extern void clientele_by_hand_limit(const ClienteleByHand *by_hand, TimestampTz as_of, TimestampTz *due);

/* The names of such tags that a customer of the block has, in no order; NIL = none. */
extern List *clientele_by_hand_tags(const ClienteleByHand *by_hand, int row, TimestampTz as_of);

/* The statement about a definition that holds at an instant; NULL = none does. */
extern const ClienteleStatement *clientele_by_hand_standing(const ClienteleByHand *by_hand, int row,
															const char *definition, TimestampTz at);

/* Whether between two instants somebody pinned a label, or took a pin away. */
extern bool clientele_by_hand_intervened(const ClienteleByHand *by_hand, int row, const char *definition,
										 TimestampTz before, TimestampTz at);

#endif							/* CLIENTELE_BY_HAND_H */
