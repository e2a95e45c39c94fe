/*
 * space.h
 *		The space that rules divide among them: a dimension for each thing they compare,
 *		cut where they compare it.
 *
 * Between two cuts a value may be what it likes, no rule sees a difference; so a
 * dimension has finitely many classes, and what a rule says is a set of cells.
 */
#ifndef CLIENTELE_SPACE_H
#define CLIENTELE_SPACE_H

#include "lib/stringinfo.h"
#include "nodes/pg_list.h"
#include "pgtime.h"

#include "base/decimal.h"
#include "expression/column.h"
#include "expression/expression_tree.h"
#include "lint/diagram.h"

/* Which values an expression can have at all. */
typedef struct ClienteleDomain
{
	ClienteleType type;			/* ANY: a key of a document */
	bool		nullable;
	const char *origin;			/* what is missing whenever it is, and only then; NULL =
								 * nothing else */
	bool		past;			/* a time that is never ahead */
	bool		has_lowest;		/* numbers */
	bool		has_highest;
	ClienteleDecimal lowest;
	ClienteleDecimal highest;
	int			decimals;		/* numbers: it has no more than these; -1 = not known */
	List	   *texts;			/* of char *: it has no others; NIL = not known */
	const ClienteleColumn *column;	/* whose type reads literals beside it, or NULL */
} ClienteleDomain;

/* Between the numbers up to `at` and those beyond it, where at itself is one of the former or not. */
typedef struct ClienteleCut
{
	ClienteleDecimal at;
	bool		after;
} ClienteleCut;

/* Days and instants are numbers, of days and of microseconds; truths are 0 and 1. */
typedef struct ClienteleDimension
{
	const char *key;			/* what is compared, in one spelling ... */
	const char *text;			/* ... and as people have written it */
	const char *other;			/* it is a difference, of text and of this; or NULL */
	ClienteleDomain domain;
	List	   *missing;		/* of int: dimensions that say whether it is missing: if one
								 * of them does */
	bool		is_missing;		/* it is such a dimension; class 0 is that it is */
	bool		apart;			/* it may depend on others, nobody knows how */
	List	   *terms;			/* of char *: what a difference is made of */
	int			ncuts;
	int			allocated;
	ClienteleCut *cuts;			/* ascending, when collected */
	List	   *texts;			/* of char *: what it is compared with; the domain's if
								 * there are no others */
	int			level;
	int			nclasses;		/* that cuts or texts make; of open texts the last class is
								 * all others */
} ClienteleDimension;

/* A set of cells where a condition holds, and one where it is false; else it is unknown. */
typedef struct ClienteleTruth
{
	ClienteleDiagram holds;
	ClienteleDiagram fails;
} ClienteleTruth;

/*
 * All conditions are gone through twice: first what they compare is collected, and every
 * truth is unknown; then the cells that they hold in are found.
 */
typedef struct ClienteleSpace
{
	bool		collecting;
	pg_tz	   *zone;
	int			ndimensions;
	int			allocated;
	ClienteleDimension *dimensions;
	int		   *order;			/* dimensions by level */
	ClienteleDiagrams *diagrams;
} ClienteleSpace;

extern void clientele_space_begin(ClienteleSpace *space, pg_tz *zone);
extern void clientele_space_collected(ClienteleSpace *space);

/*
 * The number of the dimension of that key, added where there is none: for the first time while collecting.  If it can be
 * missing, it is whenever one of its origins is.
 */
extern int	clientele_space_dimension(ClienteleSpace *space, const char *key, const char *text,
									  const ClienteleDomain *domain, List *origins, bool apart);

extern ClienteleTruth clientele_space_compare(ClienteleSpace *space, int dimension, ClienteleComparison comparison,
											  ClienteleDecimal constant);
extern ClienteleTruth clientele_space_equals(ClienteleSpace *space, int dimension, const char *text);

/* Of a dimension of truths. */
extern ClienteleTruth clientele_space_truth(ClienteleSpace *space, int dimension);

/* Where its value is missing. */
extern ClienteleDiagram clientele_space_missing(ClienteleSpace *space, int dimension);

/* Three-valued logic. */
extern ClienteleTruth clientele_truth_and(ClienteleSpace *space, ClienteleTruth a, ClienteleTruth b);
extern ClienteleTruth clientele_truth_not(ClienteleTruth a);
extern ClienteleTruth clientele_truth_or(ClienteleSpace *space, ClienteleTruth a, ClienteleTruth b);

/* Sets, briefly. */
extern ClienteleDiagram clientele_cells_and(ClienteleSpace *space, ClienteleDiagram a, ClienteleDiagram b);
extern ClienteleDiagram clientele_cells_or(ClienteleSpace *space, ClienteleDiagram a, ClienteleDiagram b);
extern ClienteleDiagram clientele_cells_without(ClienteleSpace *space, ClienteleDiagram a, ClienteleDiagram b);

/* How many dimensions that people can rely upon are cut at all. */
extern int	clientele_space_width(const ClienteleSpace *space);

/*
 * Of a set that is not empty: some cells that make a condition, as an expression writes it, and
 * a point among them, with the cells that it stands for.
 */
typedef struct ClienteleExample
{
	const char *condition;
	const char *point;
	ClienteleDiagram cells;
} ClienteleExample;

extern ClienteleExample clientele_space_example(ClienteleSpace *space, ClienteleDiagram diagram);

/* The dimensions apart that a set depends on, as text. */
extern char *clientele_space_apart(const ClienteleSpace *space, ClienteleDiagram diagram);

#endif							/* CLIENTELE_SPACE_H */
