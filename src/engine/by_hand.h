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

#include "engine/engine_parts.h"

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

/* Whose past is looked at, and at which instant. */
typedef struct ClienteleMoment
{
	int			row;			/* of the block of customers */
	TimestampTz at;
} ClienteleMoment;

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
	TimestampTz as_of;			/* of the block of customers */
	int			nsaid;			/* of the block's customers, in their order */
	int			said_allocated;
	ClienteleSaid *said;
	int		   *ends;			/* of each row: where in ->said the next one begins */
} ClienteleByHand;

/* Whether anybody has ever said anything; InvalidOid: there is no table of it. */
extern bool clientele_by_hand_is_used(Oid relation);

/*
 * Compiling: begins, for the definitions of a model, and with what another reads (NULL:
 * nothing is read yet); and binds a definition that people may speak of.  From the register
 * of what its rules say comes that of what it answers.
 */
extern ClienteleByHand *clientele_by_hand_begin(ClienteleEngineParts *parts, const ClienteleByHand *other);
extern ClienteleCell *clientele_by_hand_bind(ClienteleByHand *by_hand, const ClienteleDefinition *definition,
											 ClienteleCell *rules);

/*
 * The same in a program of one customer's past: what people had said of him by then.
 */
extern ClienteleCell *clientele_by_hand_bind_past(ClienteleByHand *by_hand, const ClienteleDefinition *definition,
												  ClienteleCell *rules, ClienteleBinder *binder,
												  const ClienteleMoment *moment);

/*
 * A block of customers, to be heard before the program runs: begins; takes statements
 * `from` up to `to` of the block that has been read, about the customer of a row, again;
 * and goes on to the next row.
 */
extern void clientele_by_hand_begin_block(ClienteleByHand *by_hand, TimestampTz as_of);
extern void clientele_by_hand_take(ClienteleByHand *by_hand, int from, int to, int row);
extern void clientele_by_hand_finish(ClienteleByHand *by_hand, int row);

/* No customer is due later than a tag of his comes or goes that no definition is about. */
extern void clientele_by_hand_limit(const ClienteleByHand *by_hand, TimestampTz *due);

/* The names of such tags that a customer of the block has, in no order; NIL = none. */
extern List *clientele_by_hand_tags(const ClienteleByHand *by_hand, int row);

/* The statement about a definition that holds; NULL = none does. */
extern const ClienteleStatement *clientele_by_hand_standing(const ClienteleByHand *by_hand, int row, const char *definition);

/* Whether a label is another than at an instant before because somebody has pinned it, or taken a pin away. */
extern bool clientele_by_hand_intervened(const ClienteleByHand *by_hand, int row, const char *definition,
										 TimestampTz before);

#endif							/* CLIENTELE_BY_HAND_H */
