/*
 * kept_level.h
 *		Levels that are kept: a ladder's or a card's label is the best that its rules
 *		have given since some day began (see keep.h).
 *
 * What the rules gave at an earlier instant is what they give with the facts of
 * today as of then.  So nothing is stored of the past: beside the program of all
 * definitions there is one, for one customer, of only what the level rests on, and
 * a fold of its aggregates.  They are run at instant after instant, from one horizon
 * to the next, over the customer's events, which are kept in memory for that.
 */
#ifndef CLIENTELE_KEPT_LEVEL_H
#define CLIENTELE_KEPT_LEVEL_H

#include "engine/by_hand.h"
#include "engine/engine_parts.h"

/* What is known of a customer's level, beside its label and until when that holds. */
typedef struct ClienteleKeptAnswer
{
	const char *by_rules;		/* the label that the rules give now; NULL = none */
	TimestampTz by_rules_until;
	TimestampTz since;			/* when they last began to give this level or a better one
								 * (DT_NOBEGIN = there is no level) ... */
	bool		since_earlier;	/* ... or before that: further back nobody looks */
	TimestampTz safe_until;		/* by time alone it is not lost before */
} ClienteleKeptAnswer;

/*
 * While definitions are bound: puts the kept level of one that keeps it in the place
 * of its label.  When all are: binds what these levels rest on.
 */
extern void clientele_kept_level_bind(ClienteleEngineParts *parts, int definition);
extern void clientele_kept_levels_bind_past(ClienteleEngineParts *parts);

/* While the past is bound: its register of a customer's column. */
extern ClienteleCell *clientele_kept_level_column(ClienteleKeptLevel *kept, const ClienteleCell *cells);

/* The customer and the instant at which the past is run. */
extern const ClienteleMoment *clientele_kept_level_moment(const ClienteleKeptLevel *kept);

/*
 * What a scan does with them.  The instants at which it evaluates are from as_of to
 * last: the first instant whose facts matter then.
 */
extern TimestampTz clientele_kept_level_begins(const ClienteleKeptLevel *kept, TimestampTz as_of, TimestampTz last);
extern ClienteleFold *clientele_kept_level_fold(ClienteleKeptLevel *kept, const ClienteleEngineSource *source);

/* A new block of customers; events of the customer being folded; that was all of them. */
extern void clientele_kept_levels_begin_block(ClienteleEngineParts *parts);
extern void clientele_kept_levels_add_events(ClienteleEngineSource *source, int from, int to);
extern void clientele_kept_levels_end_events(ClienteleEngineSource *source, int row);

/* In an engine that explains, once its customer has been evaluated. */
extern ClienteleKeptAnswer clientele_kept_level_explain(ClienteleKeptLevel *kept);

#endif							/* CLIENTELE_KEPT_LEVEL_H */
