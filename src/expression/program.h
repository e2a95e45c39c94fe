/*
 * program.h
 *		Compiled expressions, and the one evaluator that runs them.
 *
 * A program works on a block of rows: a register is a column of cells, one for
 * each row of the block, and an instruction is a loop over the rows still
 * selected.  One customer at the till is a block of one.
 *
 * AND, OR, CASE and coalesce narrow the selection: what SQL would not evaluate
 * for a row is not evaluated for it here, so `b <> 0 and a / b > 2` is safe.
 */
#ifndef CLIENTELE_PROGRAM_H
#define CLIENTELE_PROGRAM_H

#include "postgres.h"

#include "utils/date.h"
#include "utils/timestamp.h"

#include "expression/cell.h"

typedef enum ClienteleOp
{
	/* selection */
	CLIENTELE_OP_ENTER,			/* push the rows where `a` passes `test`; none: jump */
	CLIENTELE_OP_NARROW,		/* keep only those rows; none: jump */
	CLIENTELE_OP_LEAVE,			/* pop */
	/* any type */
	CLIENTELE_OP_MOVE,
	CLIENTELE_OP_IS_NULL,		/* negated */
	CLIENTELE_OP_LEAST,			/* in place: a = the lesser of a and b; by value_type */
	CLIENTELE_OP_GREATEST,
	CLIENTELE_OP_UNTIL,			/* only of horizons: target holds as long as a */
	CLIENTELE_OP_SOONER,		/* in place, the same: a holds no longer than b */
	/* booleans; AND and OR work in place */
	CLIENTELE_OP_AND,
	CLIENTELE_OP_OR,
	CLIENTELE_OP_NOT,
	CLIENTELE_OP_IS_TRUE,		/* of what may be unknown */
	/* comparisons */
	CLIENTELE_OP_COMPARE_NUMBER,
	CLIENTELE_OP_COMPARE_INTEGER,	/* dates, timestamps */
	CLIENTELE_OP_COMPARE_TEXT,
	CLIENTELE_OP_COMPARE_BOOLEAN,
	CLIENTELE_OP_COMPARE_JSON,	/* two json scalars, typed when they are met */
	CLIENTELE_OP_IN,			/* by value_type; list sorted; negated */
	CLIENTELE_OP_LIKE,			/* negated */
	CLIENTELE_OP_STARTS_WITH,
	CLIENTELE_OP_CONTAINS,
	/* numbers */
	CLIENTELE_OP_ADD,
	CLIENTELE_OP_SUBTRACT,
	CLIENTELE_OP_MULTIPLY,
	CLIENTELE_OP_DIVIDE,
	CLIENTELE_OP_NEGATE,
	CLIENTELE_OP_ABS,
	CLIENTELE_OP_FLOOR,
	CLIENTELE_OP_ROUND,			/* places */
	/* time */
	CLIENTELE_OP_LOCAL_DATE,	/* timestamp to date */
	CLIENTELE_OP_ADD_DAYS,		/* date a plus number b; negated: minus */
	CLIENTELE_OP_DAYS_BETWEEN,	/* date a minus date b */
	CLIENTELE_OP_MONTHS_SINCE,
	CLIENTELE_OP_YEARS_SINCE,
	CLIENTELE_OP_MONTH,
	CLIENTELE_OP_DAY,
	CLIENTELE_OP_WEEKDAY,
	/* json */
	CLIENTELE_OP_JSON,			/* the value at `path` in document a, as value_type */
	CLIENTELE_OP_CALL,			/* what no instruction can do: detail->call */
	CLIENTELE_OP_END
} ClienteleOp;

typedef enum ClienteleTest
{
	CLIENTELE_TEST_ALL,
	CLIENTELE_TEST_NOT_FALSE,
	CLIENTELE_TEST_NOT_TRUE,
	CLIENTELE_TEST_TRUE,
	CLIENTELE_TEST_NULL
} ClienteleTest;

/*
 * How a value moves with time alone, where the binder can tell.  A comparison of
 * such a value is solved for the instant at which its truth turns.
 */
typedef enum ClienteleMotionKind
{
	CLIENTELE_STILL,			/* not, or not so simply */
	CLIENTELE_MOTION_DAYS,		/* today minus date `of` */
	CLIENTELE_MOTION_DATE,		/* today, plus (or minus) as many days as in `of` */
	CLIENTELE_MOTION_MONTHS,	/* months since date `of` */
	CLIENTELE_MOTION_YEARS,
	CLIENTELE_MOTION_NOW,
	CLIENTELE_MOTION_MONTH,		/* today's month, 1 to 12, and again ... */
	CLIENTELE_MOTION_DAY,
	CLIENTELE_MOTION_WEEKDAY
} ClienteleMotionKind;

typedef struct ClienteleMotion
{
	uint8		kind;			/* ClienteleMotionKind */
	bool		on_right;		/* it is a comparison's right side that moves */
	bool		falling;		/* DAYS: the other way round, date minus today */
	bool		minus;			/* DATE: today minus the days */
	bool		turns;			/* a comparison of it with a constant has another
								 * truth from this whole number on, for good */
	int64		turn;
	const ClienteleCell *of;	/* a register; NULL where there is none */
	const ClienteleCell *where; /* only in rows where this register is not NULL;
								 * NULL = in all */
} ClienteleMotion;

/* What few instructions have, or only an error wants to know. */
typedef struct ClienteleDetail
{
	int			rule;			/* whose error it is ... */
	int			location;		/* ... and where in its text */
	int			places;			/* ROUND */
	ClienteleCell *list;		/* IN: sorted; LIKE: the pattern */
	int			list_length;
	const ClienteleNode *name;	/* JSON: as the rule has it, for messages ... */
	const ClienteleNode *path;	/* ... and the part that leads into a */
	void		(*call) (void *argument, int nrows);	/* CALL: for all rows; sets
														 * its registers' horizons, too */
	void	   *argument;
	const ClienteleCell *constant;	/* COMPARE: b, if it is one, else NULL; of two
									 * numbers it stands there */
	const ClienteleRange *ranges;	/* COMPARE_NUMBER: for which a it is true, by a's
									 * scale; NULL: not prepared */

	/* timed programs */
	ClienteleMotion motion;		/* of an operand */
	const ClienteleCell *known_by;	/* IS_NULL: the register that decides whether a
									 * is NULL, or NULL where time cannot change it */
	const TimestampTz *crossing;	/* COMPARE: the result's horizon for each row of
									 * the block, found by others; or NULL */
} ClienteleDetail;

/*
 * A truth that has just been found often goes straight into an AND or an OR with
 * the one that stands in the target.  AND: it may not rise above that one; OR: not
 * fall below it.  So the result is, without a branch,
 *
 *		max(min(found, standing | highest), standing & lowest)
 *
 * where these masks turn the standing truth (0 to 2) into a bound, or into none.
 */
#define CLIENTELE_UNBOUNDED_ABOVE	3
#define CLIENTELE_BOUNDED_ABOVE		0
#define CLIENTELE_UNBOUNDED_BELOW	0
#define CLIENTELE_BOUNDED_BELOW		3

/* Kept small: a hundred rules are to stay in the processor's nearest cache. */
typedef struct ClienteleInstruction
{
	uint8		op;				/* ClienteleOp */
	uint8		test;			/* ENTER, NARROW: ClienteleTest */
	uint8		comparison;		/* COMPARE: ClienteleComparison */
	uint8		value_type;		/* ClienteleType */
	bool		negated;
	uint8		highest;		/* of instructions that find a truth: the masks */
	uint8		lowest;			/* above */
	bool		lasting;		/* timed: time alone never changes the result */
	int			jump;			/* ENTER, NARROW: the LEAVE to go to */
	ClienteleCell *target;		/* registers: the cell of the block's row 0 */
	ClienteleCell *a;
	ClienteleCell *b;
	ClienteleDetail *detail;
} ClienteleInstruction;

/* A timestamp literal without an offset: an instant only once the zone is known. */
typedef struct ClienteleZonedConstant
{
	ClienteleCell *target;
	Timestamp	local;
} ClienteleZonedConstant;

typedef struct ClienteleProgram
{
	int			capacity;		/* rows in a block */
	bool		timed;			/* registers have horizons */
	bool		lenient;		/* a value that cannot be had is NULL instead of an
								 * error */
	int64		failures;		/* lenient: how many such values there were */
	ClienteleInstruction *instructions;
	int			length;
	const char **texts;			/* each rule's source, for messages */

	int			depth;			/* how deep ENTERs nest */
	int		  **selected;		/* scratch: the rows selected at each depth ... */
	int		   *outer;			/* ... and how many were, before the next deeper */

	/* time, filled by clientele_program_set_clock */
	bool		needs_as_of;
	bool		needs_zone;
	ClienteleCell *today;		/* NULL where no instruction wants it */
	ClienteleCell *now;
	ClienteleZonedConstant *zoned;
	int			nzoned;
	struct pg_tz *zone;
	DateADT		today_date;
	bool		clock_is_set;
	TimestampTz as_of;

	struct ClienteleHorizons *horizons; /* horizon.c's own; NULL unless timed */
} ClienteleProgram;

/* The rows of a block that an instruction works on. */
typedef struct ClienteleSelection
{
	const int  *rows;			/* NULL: the first `count` of the block */
	int			count;
} ClienteleSelection;

#define CLIENTELE_FOR_EACH_ROW(row, selection) \
	for (int k_ = 0, row; \
		 k_ < (selection).count && ((row) = (selection).rows ? (selection).rows[k_] : k_, true); \
		 k_++)

/*
 * The horizons of a timed program's register, one for each row of the block: an
 * instant before which the passing of time alone cannot change the value, and
 * DT_NOEND where it never can.  May be early, never late.
 */
static inline TimestampTz *
clientele_horizons(const ClienteleProgram *program, const ClienteleCell *cells)
{
	Assert(program->timed);
	return (TimestampTz *) unconstify(ClienteleCell *, cells + program->capacity);
}

/* Whether the horizons of a register are ever other than DT_NOEND. */
extern bool clientele_horizons_move(const ClienteleProgram *program, const ClienteleCell *cells);

/* The register that has the same horizons, and from which this one is computed; or itself. */
extern const ClienteleCell *clientele_horizons_origin(const ClienteleProgram *program, const ClienteleCell *cells);

/*
 * For the rows of the next run: instants, at or beyond which nobody asks for horizons,
 * so that what is as far away need not be looked for.
 */
extern void clientele_horizons_limit(ClienteleProgram *program, const TimestampTz *limits, int nrows);

/* The time arguments of a call; either may be absent. */
typedef struct ClienteleClock
{
	bool		has_as_of;
	TimestampTz as_of;
	struct pg_tz *zone;			/* NULL = not given */
} ClienteleClock;

/* Sets the time; a program that needs more of it than is given is refused. */
extern void clientele_program_set_clock(ClienteleProgram *program, const ClienteleClock *clock);

/*
 * Runs the program over the first `nrows` rows of its block.  What it allocates
 * goes to the current memory context, which the caller resets between blocks.
 */
extern void clientele_program_run(ClienteleProgram *program, int nrows);

/*
 * A comparison of a register's number with a constant, in a timed program.
 *
 * The register may be one that a fold fills, with a count or a sum; then the fold
 * can tell better than the evaluator when time alone will carry it across the
 * constant, and have its answer taken instead: it points detail->crossing to an
 * array with an instant for each row of the block, before the program runs.  These
 * instants must say all: until when the comparison's result cannot change.
 */
typedef struct ClienteleThreshold
{
	const ClienteleCell *cells; /* the register */
	bool		is_rounded;		/* what is compared is the register rounded ... */
	int			places;			/* ... to so many decimals */
	ClienteleComparison comparison; /* the register stands left of it */
	ClienteleDecimal constant;
	ClienteleDetail *detail;
} ClienteleThreshold;

/* Whether an instruction, by its index, is such a comparison. */
extern bool clientele_program_threshold(const ClienteleProgram *program, int index,
										ClienteleThreshold *threshold);

#endif							/* CLIENTELE_PROGRAM_H */
