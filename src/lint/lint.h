/*
 * lint.h
 *		Looking for what is odd in a draft that compiles.
 *
 *	lint.c				definition by definition
 *	lint_rules.c		rules that stand one after the other
 *	lint_card.c			scorecards
 *	lint_names.c		names that nobody uses, or that nothing answers to
 *	lint_values.c		literals that the data does not have
 *	lint_branches.c		the model as it is in a branch
 *		|
 *	lint_condition.c	a condition, as cells of a space (space.h)
 *	lint_domain.c		which values an expression can have
 */
#ifndef CLIENTELE_LINT_H
#define CLIENTELE_LINT_H

#include "engine/engine_parts.h"
#include "lint/space.h"

typedef struct ClienteleLint
{
	FunctionCallInfo fcinfo;	/* whose result the findings are */
	ClienteleEngineParts *parts;	/* what compiles of the draft */
	const ClienteleModel *model;	/* of that, with numbers for parameters ... */
	const char *branch;			/* ... as they are there; NULL: elsewhere */
	const char *object;			/* the definition being looked at */
	List	   *said;			/* of char *: findings, not to be repeated for branches */
	MemoryContext said_context;
	ClienteleDomain **domains;	/* of metrics' values and cards' scores, as they are asked
								 * for; by definition */
} ClienteleLint;

#define CLIENTELE_LINT_WARNING "warning"
#define CLIENTELE_LINT_NOTE "note"

/* A finding about lint->object. */
extern void clientele_lint_say(ClienteleLint *lint, const char *severity, const char *message, const char *hint);

/* Where a condition's names are looked up, and the space that conditions make. */
typedef struct ClienteleLintScope
{
	ClienteleSpace space;
	ClienteleLint *lint;
	const ClienteleEngineSource *source;	/* whose events; NULL: customers */
	const ClienteleDefinition *grid;	/* whose r, f, m and score are meant; or NULL */
	List	   *choices;		/* names that stand for one of a few values */
	ClienteleTruth **truths;	/* of tags and metrics, as they are asked for */
} ClienteleLintScope;

extern void clientele_lint_scope(ClienteleLintScope *scope, ClienteleLint *lint,
								 const ClienteleEngineSource *source, const ClienteleDefinition *grid);

/* lint_domain.c: which values an expression can have. */
extern ClienteleDomain clientele_lint_domain(ClienteleLintScope *scope, const ClienteleNode *node);

/* lint_condition.c: one spelling of what an expression is. */
extern const char *clientele_lint_key(ClienteleLintScope *scope, const ClienteleNode *node);

/* The literal that a parameter's name stands for, or NULL. */
extern const char *clientele_lint_parameter(const ClienteleLintScope *scope, const ClienteleNode *node);

/* The definition that a name of a customer means, or NULL. */
extern const ClienteleDefinition *clientele_lint_meant(const ClienteleLintScope *scope, const ClienteleNode *node,
													   const char **suffix);

/* The column of customers or events that a name leads to; NULL if it is none. */
extern ClientelePathColumn *clientele_lint_column(const ClienteleLintScope *scope, const ClienteleNode *name);

/* lint_condition.c: whether a tag has no rule, and only people give it. */
extern bool clientele_lint_is_by_hand(const ClienteleDefinition *tag);

/* lint_condition.c: where a condition holds.  Gone through twice, see space.h. */
extern ClienteleTruth clientele_lint_condition(ClienteleLintScope *scope, const ClienteleNode *node);

/* A number that does not depend on the customer. */
extern bool clientele_lint_constant(ClienteleLintScope *scope, const ClienteleNode *node, ClienteleDecimal *value);

/* One rule after the other; the first that holds counts. */
typedef struct ClienteleLintRule
{
	const char *name;			/* as messages call it: rule "gold" */
	const char *label;
	const char *when;			/* NULL: otherwise */
	ClienteleDiagram holds;
	ClienteleDiagram reached;	/* where it holds and none before it does */
} ClienteleLintRule;

/* lint_rules.c: finds ->holds and ->reached of each; false where it cannot be told. */
extern bool clientele_lint_find_cells(ClienteleLintScope *scope, ClienteleLintRule *rules, int nrules);

/* How findings about a list of rules speak. */
typedef struct ClienteleLintWords
{
	const char *rules;			/* "rule", "group", "bin" */
	const char *overlap;		/* severity of what several match */
	const char *before;			/* a rule to add, before and after its condition; NULL */
	const char *after;			/* where none can be added, ... */
	const char *otherwise;		/* the last one, for all others; ... then a hint */
	const char *gap;			/* severity of what none matches; NULL: it is meant */
} ClienteleLintWords;

extern void clientele_lint_rules(ClienteleLintScope *scope, ClienteleLintRule *rules, int nrules,
								 const ClienteleLintWords *words);

/* lint_card.c: a scorecard's bins and tiers; and the scores that it can come to. */
extern void clientele_lint_card(ClienteleLint *lint, const ClienteleDefinition *definition);
extern ClienteleDomain clientele_lint_card_scores(ClienteleLint *lint, const ClienteleDefinition *definition);

/* lint_names.c: what stands in expressions, and what nobody asks for. */
extern void clientele_lint_expressions(ClienteleLint *lint, const ClienteleDefinition *definition);
extern void clientele_lint_filter(ClienteleLint *lint, const ClienteleEngineSource *source);
extern void clientele_lint_unused(ClienteleLint *lint, const ClienteleModel *draft);

/* lint_values.c: literals that the data does not have. */
extern void clientele_lint_values(ClienteleLint *lint);

/* lint_branches.c: numbers in the place of parameters, as in a branch (NULL: elsewhere). */
extern const ClienteleModel *clientele_lint_model_in(const ClienteleModel *model, const char *branch);
extern List *clientele_lint_branches(const ClienteleModel *model);

/* Goes through the expressions of a definition as its author wrote them. */
typedef void (*ClienteleLintVisit) (void *state, const ClienteleNode *tree, const ClienteleDefinition *grid);
extern void clientele_lint_visit(const ClienteleDefinition *definition, ClienteleLintVisit visit, void *state);

#endif							/* CLIENTELE_LINT_H */
