/*
 * model.h
 *		All definitions of a population as one value, SQL type model.
 *
 * A model names columns and labels, never an OID, and is stored as its canonical
 * JSON text: it means the same after a dump, in another session and beside the
 * draft that it was published from.
 *
 *	{"time_zone": "Asia/Shanghai", "branch": "home_branch",
 *	 "sources": [{"name": "payment", "amount": "net", "revenue": true, "branch": "branch_id",
 *				  "filter": "kind = 'sale'", "future_tolerance": 300}],
 *	 "definitions": [
 *	  {"kind": "parameter", "name": "dormant_days", "value": 180, "branches": {"pudong": 90}},
 *	  {"kind": "metric", "name": "spend", "value": "sum(payment.net last 365 days)", "scale": 2},
 *	  {"kind": "rfm", "name": "member", "recency": "latest(payment)", "frequency": "count(visit)",
 *	   "monetary": "spend", "bins": 5, "method": "quantile", "cuts": "recency 30, 2 * dormant_days; ...",
 *	   "calibrated_at": "2026-06-30 04:00:00+00:00", "scheme": "eight", "high_from": 4},
 *	  {"kind": "rfm", "name": "other", ..., "groups": [{"label": "best", "when": "r + f + m > 12"}, {"label": "rest"}]},
 *	  {"kind": "scorecard", "name": "tier", "card": {...}},
 *	  {"kind": "ladder", "name": "stage", "rules": [{"label": "new", "when": "..."}, {"label": "other"}],
 *	   "keep": {"demote_after": "12 months"}},
 *	  {"kind": "tag", "name": "sleeping", "when": "...", "family": "..."}]}
 *
 * Where a number is the same for all customers, a formula over parameters may stand for
 * it (formula.h).  future_tolerance is in seconds.  A name that a view needs for a column of its own is
 * refused, so that the columns of all definitions fit beside each other.
 */
#ifndef CLIENTELE_MODEL_H
#define CLIENTELE_MODEL_H

#include "postgres.h"

#include "base/json_read.h"
#include "base/rule_text.h"
#include "model/keep.h"
#include "rfm/rfm_cuts.h"
#include "scorecard/scorecard.h"

typedef enum ClienteleDefinitionKind
{
	CLIENTELE_PARAMETER,
	CLIENTELE_METRIC,
	CLIENTELE_RFM_GRID,
	CLIENTELE_CARD,
	CLIENTELE_LADDER,
	CLIENTELE_TAG
} ClienteleDefinitionKind;

/* One rung of a ladder, or one group of a grid. */
typedef struct ClienteleRung
{
	const char *label;
	const char *when;			/* canonical expression; NULL only in the last:
								 * otherwise */
} ClienteleRung;

/* A parameter's number in one branch. */
typedef struct ClienteleBranchValue
{
	const char *branch;
	const char *value;			/* a number as text */
} ClienteleBranchValue;

typedef struct ClienteleDefinition
{
	ClienteleDefinitionKind kind;
	const char *name;
	const char *expression;		/* PARAMETER: a number as text; METRIC: its
								 * value; TAG: when it holds; else NULL */
	int			nbranches;		/* PARAMETER: branches with a number of their own, */
	ClienteleBranchValue *branches; /* ascending, bytewise */
	int			scale;			/* METRIC: decimals, 0 .. 18; default 6 */
	const char *family;			/* TAG; NULL = none */
	const char *axes[CLIENTELE_RFM_AXES];	/* RFM_GRID: expressions */
	int			bins;			/* RFM_GRID: wanted of the calibration */
	const char *method;
	bool		has_cuts;		/* RFM_GRID: false = not calibrated yet */
	ClienteleRfmGrid cuts;
	ClienteleRfmFormulas cut_formulas[CLIENTELE_RFM_AXES];	/* in the place of cuts,
															 * or NULL */
	const char *calibrated_at;	/* RFM_GRID: the instant whose customers gave the
								 * cuts, as ISO text; NULL = they were typed */
	const char *scheme;			/* RFM_GRID: NULL where ->rungs are its groups */
	int			high_from;		/* RFM_GRID: 0 = not given */
	const char *high_from_formula;	/* in its place, or NULL */
	int			nrungs;			/* LADDER; RFM_GRID: groups whose conditions may
								 * name r, f, m and score */
	ClienteleRung *rungs;
	ClienteleScorecard *card;	/* CARD */
	ClienteleKeep *keep;		/* LADDER, CARD: how a level is kept; NULL = it is not */
} ClienteleDefinition;

typedef struct ClienteleModelSource
{
	const char *name;
	const char *amount;			/* column that is money, as expressions write
								 * it; NULL = none */
	bool		revenue;		/* ->amount is what the clinic earns: no deposit,
								 * no repayment */
	const char *branch;			/* column that is the place; NULL = none */
	const char *filter;			/* events that count; NULL = all */
	int64		future_tolerance;	/* microseconds by which an event may be ahead */
} ClienteleModelSource;

typedef struct ClienteleModel
{
	const char *time_zone;
	const char *branch;			/* the metric that says where a customer belongs;
								 * NULL = none does */
	int			nsources;
	ClienteleModelSource *sources;
	int			ndefinitions;
	ClienteleDefinition *definitions;	/* in the order of definition */
} ClienteleModel;

/* The longest text of a model, in bytes. */
#define CLIENTELE_MODEL_TEXT_MAX (4 * 1024 * 1024)

/* More sources than any clinic has. */
#define CLIENTELE_MAX_SOURCES 100

/* Decimals of a metric that says nothing of them. */
#define CLIENTELE_METRIC_SCALE 6

extern const ClienteleRuleTextType clientele_model_type;

/* The words for kinds of definitions, by ClienteleDefinitionKind. */
#define CLIENTELE_DEFINITION_KINDS 6
extern const char *const clientele_definition_kinds[CLIENTELE_DEFINITION_KINDS];

/*
 * Reads and checks the text of a model: syntax, unique names, what each kind must
 * have.  Names inside expressions are checked when it is compiled.
 */
extern ClienteleModel *clientele_model_parse(const char *text, struct Node *escontext);

/* The same of a tree, which is part of something else. */
extern ClienteleModel *clientele_model_read(const ClienteleJsonReader *reader, const ClienteleJson *json);

extern char *clientele_model_print(const ClienteleModel *model);

/* The number of the definition of that name, or -1. */
extern int	clientele_model_find(const ClienteleModel *model, const char *name);

/*
 * The definition that a name in an expression means, no tag; *suffix is what follows its
 * name: a grid's _score, _r, _f and _m, a card's _score.
 */
extern int	clientele_model_meant(const ClienteleModel *model, const char *name, const char **suffix);

/* One definition, as it stands in that text. */
extern char *clientele_definition_print(const ClienteleDefinition *definition);

#endif							/* CLIENTELE_MODEL_H */
