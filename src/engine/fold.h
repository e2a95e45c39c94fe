/*
 * fold.h
 *		Folding: the events of one customer become the values of all aggregates
 *		over their source, in one pass.
 *
 * Events come newest first.  So a window is a stretch of them, an old event ends
 * the loop, and "until when does count(visit last 30 days) > 4 hold" is the day
 * on which the fifth-newest visit leaves the window: known when it is met.  What
 * is kept is one state per aggregate, whatever the number of events; only
 * count(distinct) and mode keep the customer's distinct values.
 */
#ifndef CLIENTELE_FOLD_H
#define CLIENTELE_FOLD_H

#include "postgres.h"

#include "base/day_clock.h"
#include "base/local_time.h"
#include "expression/expression_tree.h"
#include "expression/program.h"

/* Up to this many events are read before they are folded. */
#define CLIENTELE_EVENTS_CAPACITY 1024

/* A length of time, resolved: a parameter has become its number. */
typedef struct ClienteleLength
{
	int			number;
	ClienteleUnit unit;
} ClienteleLength;

/*
 * A truth about a count or a sum, `value comparison constant`, that some rule
 * asks for: until when time alone leaves it as it is.
 */
typedef struct ClienteleCrossing
{
	ClienteleComparison comparison;
	ClienteleDecimal constant;
	ClienteleDecimal scaled;	/* the same in a scale that values have had */
	int			places;			/* the value is rounded to them before; -1: not */
	TimestampTz *until;			/* the answer, one for each row of the block */

	/* the last event without which, and without all older ones, it is ... */
	TimestampTz true_before;	/* ... true; DT_NOBEGIN: none */
	TimestampTz false_before;	/* ... not true */
} ClienteleCrossing;

/* One of a customer's distinct values. */
typedef struct ClienteleFoldValue
{
	ClienteleCell cell;
	uint32		hash;
	int64		count;
	ClienteleDecimal sum;		/* mode ... by sum(...) */
	TimestampTz newest;
	TimestampTz oldest;
} ClienteleFoldValue;

/* One aggregate, and its state for the customer being folded. */
typedef struct ClienteleSlot
{
	ClienteleFunction function;
	bool		distinct;
	ClienteleType argument_type;
	ClienteleCell *argument;	/* register of the events' block; NULL: the rows,
								 * or their time */
	ClienteleCell *by;			/* mode: the amounts to add up, or NULL */
	ClienteleCell *condition;	/* truths; NULL: every event counts */
	int			window;			/* its number */
	ClienteleCell *result;		/* register of the customers' program ... */
	TimestampTz *until;			/* ... and its horizons */
	int			ncrossings;
	ClienteleCrossing *crossings;

	int64		count;			/* events that count */
	ClienteleDecimal sum;
	bool		failed;			/* the sum grew too large */
	ClienteleCell best;			/* min, max, first, last: the winner; state NULL:
								 * none yet ... */
	TimestampTz best_at;		/* ... and its newest event, or just its event */
	TimestampTz oldest;			/* the oldest event that the value depends on */
	TimestampTz entering;		/* the event that will count next; DT_NOEND: none */
	bool		entering_negative;	/* some that will count lessen the sum */
	ClienteleFoldValue *values; /* distinct, mode */
	int			nvalues;
	int			values_allocated;
	int		   *buckets;		/* hash table over them, once they are many; -1:
								 * empty */
	int			nbuckets;
} ClienteleSlot;

/* A stretch of time that moves with the clock; many aggregates share one. */
typedef struct ClienteleFoldWindow
{
	ClienteleWindowKind kind;
	ClienteleLength from;
	ClienteleLength to;
	DateADT		since;

	/* Where the clock has it: days of the zone, or instants for hours. */
	bool		has_low;
	bool		low_is_day;
	DateADT		low_day;		/* an event counts from this day on ... */
	TimestampTz low;			/* ... so never before this instant ... */
	TimestampTz low_settled;	/* ... and always from this one on */
	TimestampTz end;			/* no event counts that comes after one before this */
	bool		has_high;
	bool		high_is_day;
	DateADT		high_day;		/* it does not count yet from this day on */
	TimestampTz high;
	TimestampTz high_settled;
	TimestampTz retreat;		/* when the calendar goes back a day, and events
								 * that have left return; DT_NOEND if never */

	bool		touched;		/* some event of the customer counts, or will */
	int			nslots;			/* the aggregates that look through it */
	struct ClienteleSlot **slots;
} ClienteleFoldWindow;

/* Events in columns, newest first; of one customer after the other. */
typedef struct ClienteleEvents
{
	TimestampTz *at;
} ClienteleEvents;

typedef struct ClienteleFold
{
	int			nwindows;
	ClienteleFoldWindow *windows;
	int			nslots;
	ClienteleSlot *slots;
	int64		future_tolerance;	/* microseconds by which an event may be ahead */
	int64		disorder;		/* by which the order of events may be wrong:
								 * wall clock times that do not exist */
	int64		failures;		/* values that could not be had */

	TimestampTz as_of;
	DateADT		today;
	TimestampTz present;		/* later events do not exist yet */
	TimestampTz retreat;
	ClienteleDayClock *days;
	MemoryContext block_context;	/* the caller's: holds what the slots keep, until
									 * the block of customers is read */
	int		   *counting;		/* scratch: events of a window that are no stretch */
	int		   *entering;
} ClienteleFold;

/* Completes a fold whose windows and slots are described. */
extern void clientele_fold_prepare(ClienteleFold *fold);

extern void clientele_fold_set_clock(ClienteleFold *fold, TimestampTz as_of, ClienteleDayClock *days);

/* One customer: begin, events from `from` up to `to` of a block, again; finish. */
extern void clientele_fold_begin(ClienteleFold *fold);
extern void clientele_fold_events(ClienteleFold *fold, const ClienteleEvents *events, int from, int to);
extern void clientele_fold_finish(ClienteleFold *fold, int row);

/*
 * Before the customer's own events: as if the first event of the block had happened so
 * many times.  Whenever it is asked about, it happens then: so it never leaves.
 */
extern void clientele_fold_suppose(ClienteleFold *fold, const ClienteleEvents *events, int times);

#endif							/* CLIENTELE_FOLD_H */
