/*
 * expression_bind.h
 *		The compiler: from syntax trees to a program, in a scope of names.
 *
 * Here names meet columns, and types are checked: an error points at the word
 * it is about.
 */
#ifndef CLIENTELE_EXPRESSION_BIND_H
#define CLIENTELE_EXPRESSION_BIND_H

#include "expression/column.h"
#include "expression/program.h"

typedef struct ClienteleBinder ClienteleBinder;

/* What a name stands for. */
typedef struct ClienteleOperand
{
	ClienteleType type;
	ClienteleCell *cells;		/* the register that holds its value ... */
	bool		is_json;		/* ... or a json document, whose type is ANY ... */
	const ClienteleNode *json_path; /* ... and where in it the value is; NULL =
									 * the document itself */
	const ClienteleColumn *column;	/* whose type reads literals beside it, or NULL */
	const ClienteleNode *literal;	/* a parameter: the number it stands for, in
									 * place of cells; or NULL */
} ClienteleOperand;

/* Where names are looked up. */
typedef struct ClienteleScope ClienteleScope;
struct ClienteleScope
{
	/* Resolves a name or throws (clientele_bind_error_position gives the place). */
	ClienteleOperand (*resolve) (ClienteleScope *scope, ClienteleBinder *binder, const ClienteleNode *name);

	/*
	 * The register with an aggregate's value (and its type), or with the truth of
	 * has_tag('x').  Asked more than once about a node.  NULL where there are no
	 * events and no tags: then the binder refuses them.
	 */
	ClienteleOperand (*aggregate) (ClienteleScope *scope, ClienteleBinder *binder, const ClienteleNode *node);
	ClienteleOperand (*tag) (ClienteleScope *scope, ClienteleBinder *binder, const ClienteleNode *node);
};

/*
 * Everything is allocated in the memory context current at the beginning.  A
 * timed program also finds until when each value holds; see program.h.
 */
extern ClienteleBinder *clientele_bind_begin(ClienteleScope *scope, int capacity, bool timed);

/*
 * Compiles one more rule.  Its value stands in the returned register after each
 * run; *type is its type, which is `wanted` unless that is ANY.
 */
extern ClienteleCell *clientele_bind_rule(ClienteleBinder *binder, const char *text,
										  ClienteleType wanted, ClienteleType *type);

/*
 * The caller of a timed program heeds this register's horizons whatever else he
 * does, so that those of values computed from it are of no use to him.
 */
extern void clientele_bind_heeded(ClienteleBinder *binder, const ClienteleCell *cells);

/* The program that is being made. */
extern ClienteleProgram *clientele_bind_program(const ClienteleBinder *binder);

extern ClienteleProgram *clientele_bind_end(ClienteleBinder *binder);

/* A value that cannot be had becomes NULL, and is counted; as in timed programs. */
extern void clientele_bind_lenient(ClienteleBinder *binder);

/* The number of a register, rounded. */
extern ClienteleCell *clientele_bind_round(ClienteleBinder *binder, ClienteleCell *cells, int places);

/* Has a function called at this point of the program, for the rows of the block. */
extern void clientele_bind_call(ClienteleBinder *binder, void (*call) (void *argument, int nrows), void *argument);

/* The date from which a register of days_since, months_since or years_since counts. */
extern ClienteleCell *clientele_bind_elapsed_since(const ClienteleBinder *binder, const ClienteleCell *cells);

/* Whether what has been bound depends on the time of the call. */
extern bool clientele_bind_needs_as_of(const ClienteleBinder *binder);

/* For scopes: a new register, the zone's need, and the place of an error. */
extern ClienteleCell *clientele_bind_register(ClienteleBinder *binder);
extern void clientele_bind_needs_zone(ClienteleBinder *binder);
extern int	clientele_bind_error_position(const ClienteleBinder *binder, const ClienteleNode *node);

#endif							/* CLIENTELE_EXPRESSION_BIND_H */
