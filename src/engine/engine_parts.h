/*
 * engine_parts.h
 *		What a compiled model consists of: shared by engine.c, which makes it, and
 *		scan.c, which runs it.
 *
 *	customers' table --columns--> registers --+
 *											  +--program--> registers --> outputs, tags
 *	event tables --columns--> events' blocks --fold--+
 */
#ifndef CLIENTELE_ENGINE_PARTS_H
#define CLIENTELE_ENGINE_PARTS_H

#include "engine/engine.h"
#include "engine/fold.h"
#include "engine/stream.h"
#include "expression/column.h"
#include "expression/expression_bind.h"
#include "model/model.h"
#include "population/table_path.h"

/* What an instance is for. */
typedef enum ClienteleEnginePurpose
{
	CLIENTELE_FOR_MANY,			/* customers, in blocks */
	CLIENTELE_FOR_ONE,			/* a block of one */
	CLIENTELE_TO_EXPLAIN,		/* one, and what its answers rest on */
	CLIENTELE_TO_CALIBRATE,		/* the values of a grid's axes, in blocks */
	CLIENTELE_TO_COUNT,			/* the bins of everything that has some, in blocks */
	CLIENTELE_TO_SIMULATE		/* labels and tags of several models, in blocks */
} ClienteleEnginePurpose;

/* Customers in a block; a question about one customer has a block of one. */
#define CLIENTELE_CUSTOMERS_CAPACITY 256

/* A column that some expression names. */
typedef struct ClienteleInputColumn
{
	const char **sql;			/* in the query, one for each part ... */
	AttrNumber *attributes;		/* ... and in that part's table; 0 where a foreign
								 * key leads to another */
	ClienteleColumn *column;
	ClienteleCell *cells;		/* where it is read to */
} ClienteleInputColumn;

/* Tables that are read as one (the parts of a source), and their columns. */
typedef struct ClienteleInput
{
	const char *name;			/* of the source, for messages; NULL: customers */
	int			nparts;
	ClienteleTablePaths **parts;
	int			ncolumns;
	int			allocated;
	ClienteleInputColumn *columns;
	bool		quiet_known;	/* how one key's rows are read quietly; */
	ClienteleQuietPlan *quiet;	/* NULL: they cannot be */
} ClienteleInput;

/* The ways to ask for customers; each has its own query. */
typedef enum ClienteleShape
{
	CLIENTELE_SHAPE_ALL,
	CLIENTELE_SHAPE_FROM,		/* low <= key */
	CLIENTELE_SHAPE_BELOW,		/* key < high */
	CLIENTELE_SHAPE_BETWEEN,
	CLIENTELE_SHAPE_LIST,
	CLIENTELE_SHAPE_ONE
} ClienteleShape;

#define CLIENTELE_SHAPES 6

typedef struct ClienteleEngineSource
{
	ClienteleScope scope;		/* of the conditions on its events; first */
	ClienteleEngine *engine;
	const ClienteleModelSource *model;
	ClienteleInput input;
	const char **key_sql;		/* one for each part */
	const char **time_sql;
	AttrNumber *key_attributes; /* as of an input column */
	AttrNumber *time_attributes;
	Oid			key_type;
	Oid			time_type;		/* date, timestamp, timestamptz */
	ClienteleBinder *binder;
	ClienteleProgram *program;	/* conditions and filter; none: NULL */
	ClienteleCell *filter;		/* truths, or NULL */
	const char *filter_meaning; /* equal where sources can be shared */
	ClienteleEvents events;
	ClienteleFold fold;
	int			slots_allocated;
	int			windows_allocated;
	const char **slot_texts;	/* each slot's aggregate, to find it again */
	ClienteleType *slot_types;
	ClienteleQuery *queries[CLIENTELE_SHAPES];
} ClienteleEngineSource;

/* What of a card's characteristic changes with time. */
typedef enum ClienteleCardMoving
{
	CLIENTELE_CARD_BIN,
	CLIENTELE_CARD_WEIGHT,
	CLIENTELE_CARD_POINTS
} ClienteleCardMoving;

#define CLIENTELE_CARD_MOVING 3

/*
 * Parameters with values of their own for branches make definitions differ: one variant
 * for each choice of values that some branch has.  Variant 0 is that of the general values.
 */
typedef struct ClienteleVariants
{
	bool		any;			/* some parameter has values for branches ... */
	int			count;			/* ... by which so many differ */
	const char **branches;		/* one that has the variant's values; of the first NULL */
	ClienteleCell *number;		/* of the variant that is the customer's; NULL = count is 1 */
} ClienteleVariants;

/* Whoever has more has made a mistake. */
#define CLIENTELE_MAX_VARIANTS 100

/* A scorecard in the program: scored where its expressions have been evaluated. */
typedef struct ClienteleEngineCard
{
	ClienteleEngine *engine;
	ClienteleProgram *program;	/* in which it is scored */
	const ClienteleVariants *variants;
	const ClienteleScorecard **cards;	/* by variant; they differ in numbers alone */
	const ClienteleScorecard *card; /* of the row being scored */
	ClienteleCell **answers;	/* register of each of its expressions ... */
	ClienteleType *types;		/* ... and type */

	/* by characteristic: whose horizons count; NULL = it never moves */
	ClienteleCell *(*moving)[CLIENTELE_CARD_MOVING];
	ClienteleCell *score;
	ClienteleCell *tier;
	text	  **tiers;			/* labels, in the card's order */
	ClienteleCardPart *parts;	/* scratch */
	int			row;			/* being scored */
} ClienteleEngineCard;

/* What a line of an explanation is. */
typedef enum ClienteleEngineLine
{
	CLIENTELE_LINE_RUNG,		/* of a ladder, or a grid's group: the label, and its condition */
	CLIENTELE_LINE_CLAUSE,		/* of a condition; a comparison, or what else has no
								 * clauses itself */
	CLIENTELE_LINE_CLAUSES,		/* several of them, joined by AND or OR: they follow */
	CLIENTELE_LINE_BIN,			/* of a card, with a condition */
	CLIENTELE_LINE_POINTS,		/* what they are computed from, where that bin applies */
	CLIENTELE_LINE_VALUE		/* something that is computed on the way */
} ClienteleEngineLine;

/* A part of what a definition rests on, with registers of its own. */
typedef struct ClienteleEngineCondition
{
	ClienteleEngineLine line;
	int			depth;			/* 1: beneath the definition's answer; 2: beneath that; ... */
	int			part;			/* number of the characteristic, axis or rung that it
								 * belongs to ... */
	int			bin;			/* ... and of the bin, or -1 */
	const char *item;			/* the rung's label, or what it is called else; NULL = ... */
	const char *measured;		/* ... this expression, which is compared or computed */
	const char *rule;			/* the condition, or what computes the item; NULL = none, or
								 * otherwise */
	ClienteleCell *value;		/* of the item; NULL = a label has none */
	ClienteleType type;			/* of the value */
	ClienteleCell *holds;		/* NULL: it is no condition */
	List	   *definitions;	/* numbers of those it names, which rest on something in turn */
} ClienteleEngineCondition;

/* A ladder's or a card's level that is kept; see kept_level.h. */
typedef struct ClienteleKeptLevel ClienteleKeptLevel;

/* How a definition stands in the program. */
typedef struct ClienteleEngineDefinition
{
	enum
	{
		CLIENTELE_UNBOUND,
		CLIENTELE_BINDING,
		CLIENTELE_BOUND
	}			state;
	ClienteleType type;
	ClienteleCell *cells;		/* a metric's value, a label; a tag's truth, which may
								 * be unknown: then it is not there */
	ClienteleCell *by_rules;	/* the same, had nobody said anything */
	ClienteleCell *score;		/* of grids and cards */
	ClienteleCell *values[CLIENTELE_RFM_AXES];	/* of grids: what axes measure */
	ClienteleCell *axes[CLIENTELE_RFM_AXES];	/* of grids: their scores */
	const ClienteleVariants *variants;	/* of grids: their cuts, by variant */
	ClienteleRfmGrid *cuts;
	ClienteleEngineCard *card;	/* of cards */
	ClienteleKeptLevel *kept;	/* of ladders and cards whose level is kept; else NULL */
	const char *meaning;		/* TO_SIMULATE: equal where registers can be shared */
	int			nconditions;	/* in an engine that explains: what it rests on, a line
								 * before those beneath it */
	int			conditions_allocated;
	ClienteleEngineCondition *conditions;
} ClienteleEngineDefinition;

/* A model in the program; most engines have one. */
typedef struct ClienteleEngineModel
{
	ClienteleModel *model;
	ClienteleEngineDefinition *definitions;
	struct ClienteleEngineSource **sources; /* of each source of the model */
	struct ClienteleByHand *by_hand;	/* what people have said of its definitions */
} ClienteleEngineModel;

/* A name that only expressions of our own making use. */
typedef struct ClienteleLocalName
{
	const char *name;
	ClienteleType type;
	ClienteleCell *cells;
} ClienteleLocalName;

/* Tags are copied in pieces of so many bytes. */
#define CLIENTELE_TAG_CHUNK 16

/* A tag's name as it stands in an array. */
typedef struct ClienteleTagText
{
	const char *text;			/* with zeros up to a whole number of pieces */
	Size		size;			/* up to where the next begins */
} ClienteleTagText;

typedef struct ClienteleEngineParts
{
	ClienteleScope scope;		/* of the definitions; first */
	ClienteleEngine *engine;
	MemoryContext context;		/* holds all of it */
	MemoryContext block_context;	/* what one block of customers needs */
	bool		in_use;			/* a scan runs it, or its memory is not freed yet */
	bool		stale;			/* a table has changed: compile anew */
	ClienteleEnginePurpose purpose;
	int			capacity;
	int			nmodels;
	ClienteleEngineModel *models;
	ClienteleEngineModel *bound_model;	/* whose names mean something, ... */
	ClienteleModel *model;		/* ... and what it is */
	pg_tz	   *zone;
	ClienteleDayClock *days;
	ClienteleInput customers;
	int			nsources;
	ClienteleEngineSource *sources;
	Oid			statements;		/* the table of what people have said of customers ... */
	struct ClienteleByHand *by_hand;	/* ... as it is read; NULL: it was empty */
	ClienteleEngineDefinition *definitions;
	int			nlocals;
	ClienteleLocalName *locals;
	List	   *kept;			/* of ClienteleKeptLevel */
	ClienteleKeptLevel *past;	/* the one whose past is being bound, or NULL */
	ClienteleCell *revenue;		/* TO_SIMULATE: of the customer; NULL: not asked for */
	ClienteleBinder *binder;
	List	   *variant_numbers;	/* of ClienteleVariantNumber, to find it again */
	ClienteleProgram *program;
	ClienteleCell **output_cells;
	ClienteleCell **tag_cells;
	ClienteleTagText *tag_texts;
	int			nheeded;		/* registers of outputs and tags that time can change */
	ClienteleCell **heeded;
	int			nforeseen;		/* horizons among theirs that folds have found before the
								 * program runs */
	TimestampTz **foreseen;
	ClienteleQuery *queries[CLIENTELE_SHAPES];
	List	   *relations;		/* tables whose changes make it stale */
} ClienteleEngineParts;

/* An instance that nobody uses, to begin a scan with at once; compiled if need be. */
extern ClienteleEngine *clientele_engine_take(const ClienteleEngine *engine, ClienteleEnginePurpose purpose);

/* scan.c: begins a scan as clientele_scan_begin does, with an instance that is taken. */
extern ClienteleScan *clientele_scan_begin_taken(ClienteleEngine *engine, TimestampTz as_of,
												 const ClienteleKeys *keys, Snapshot snapshot);

/* Binds the text of an author, or of our own making; all texts are bound by this. */
extern ClienteleCell *clientele_engine_bind(ClienteleEngineParts *parts, const char *text, ClienteleType wanted,
											ClienteleType *type);

/* drift.c: lists what is counted as outputs, of a model that is bound. */
extern void clientele_engine_list_items(ClienteleEngineParts *parts);

/* Whether an expression is nothing but the time since something. */
extern bool clientele_is_elapsed(const ClienteleNode *node);

/* engine_branches.c: whether a definition depends on the customer's branch by a parameter. */
extern bool clientele_uses_branches(const ClienteleEngineParts *parts, const ClienteleDefinition *definition);

/*
 * The variants of what these texts say; the branch is bound already.  Locals are no
 * parameters.
 */
extern const ClienteleVariants *clientele_variants(ClienteleEngineParts *parts, const char **texts, int ntexts);

/*
 * A text for each variant as one, in which no parameter with branches is left.  The texts
 * are alike but for numbers; number_name is what the result calls the variant's number.
 */
extern const char *clientele_variants_join(ClienteleEngineParts *parts, const ClienteleVariants *variants, const char **texts,
									 const char *number_name);

/* A name that stands in none of the texts. */
extern const char *clientele_unused_name(const char **texts, int ntexts);

/* The parameters as they are in a branch; NULL = elsewhere. */
extern ClienteleParameters clientele_parameters_in(const ClienteleModel *model, const char *branch);

/* A definition, with the values in a branch of the parameters in its formulas, for messages. */
extern char *clientele_definition_title(const ClienteleEngineParts *parts, const ClienteleDefinition *definition,
										const char *branch);

/* Which variant is that of a row of the block. */
extern int	clientele_variant_of(const ClienteleVariants *variants, int row);

/*
 * In place of clientele_scan_next: the next block of customers, for those who look into
 * the registers themselves.  Returns their number, 0 at the end; *keys are theirs.
 */
extern int	clientele_scan_next_block(ClienteleScan *scan, const Datum **keys);

/*
 * Somebody who is to see the events of each customer beside the fold, in the order of customers: those
 * of a block from `from` up to `to`.  The key lives as long as the block of customers.
 */
typedef void (*ClienteleEventsVisitor) (void *visiting, Datum key, const ClienteleEngineSource *source, int from, int to);
extern void clientele_scan_visit_events(ClienteleScan *scan, ClienteleEventsVisitor visitor, void *visiting);

/* What a card's expressions answer for a row of the block. */
extern ClienteleCardAnswers clientele_engine_card_answers(ClienteleEngineCard *card, int row);

/* Until when a characteristic's bin, weight and points hold. */
extern TimestampTz clientele_engine_card_until(const ClienteleEngineCard *card, int characteristic, int row);

/* The source of that name, or NULL. */
extern ClienteleEngineSource *clientele_engine_source(const ClienteleEngineParts *parts, const char *name);

/* From here on names mean what they mean in this model. */
extern void clientele_engine_use_model(ClienteleEngineParts *parts, ClienteleEngineModel *model);

/* Gives a register a name; whoever does sets ->nlocals to 0 before and after. */
extern void clientele_engine_push_local(ClienteleEngineParts *parts, const char *name, ClienteleType type,
										ClienteleCell *cells);

/* For kept_level.c, which binds a second program: what engine.c does for the first one. */
extern void clientele_engine_bind_definition(ClienteleEngineParts *parts, int number);
extern void clientele_engine_add_crossings(ClienteleEngineParts *parts);

/* What an aggregate, or a filter, means: its text, and the parameters that it names. */
extern const char *clientele_engine_event_meaning(const ClienteleEngineParts *parts, const char *text);

/* engine_conditions.c: binds what definitions rest on, line by line. */
extern void clientele_engine_bind_conditions(ClienteleEngineParts *parts);

/* The tag of that name, or -1. */
extern int	clientele_engine_find_tag(const ClienteleModel *model, const char *name);

/*
 * In an engine that explains, once its customer has been evaluated: an expression as people
 * read it, each parameter with the customer's value, as days [180].
 */
extern char *clientele_engine_show(const ClienteleEngineParts *parts, const char *expression);

/* The same as it has been bound for the customer: numbers in the place of parameters that differ by branch. */
extern ClienteleNode *clientele_engine_customers_own(const ClienteleEngineParts *parts, const char *expression);

/* engine_query.c: the query of that shape for customers, or for a source's events. */
extern ClienteleQuery *clientele_customers_query(ClienteleEngine *engine, ClienteleShape shape);
extern ClienteleQuery *clientele_events_query(ClienteleEngine *engine, ClienteleEngineSource *source,
											  ClienteleShape shape);

/*
 * Whether that query's last argument is the instant before which no event matters to a
 * fold, which is the source's own or one of its past.
 */
extern bool clientele_events_bound(const ClienteleEngineSource *source, const ClienteleFold *fold, TimestampTz *bound);

/* Whether there is an instant before which only a customer's newest event matters. */
extern bool clientele_events_newest_bound(const ClienteleEngineSource *source, const ClienteleFold *fold,
										  TimestampTz *bound);

#endif							/* CLIENTELE_ENGINE_PARTS_H */
