/*
 * reader.h
 *		Who may ask about a population's customers, and about whom.
 */
#ifndef CLIENTELE_READER_H
#define CLIENTELE_READER_H

#include "postgres.h"

#include "fmgr.h"

#include "population/population.h"

/*
 * One of the views of a population, by its name; InvalidOid if it is not there.  What
 * somebody else has put in its place is not.
 */
extern Oid	clientele_view(const char *schema, const char *name, Oid owner);

/*
 * Whether the current user may ask about single customers: whoever may select from
 * the population's view, and who may act as its owner.
 */
extern bool clientele_may_ask(const char *schema, const char *population, Oid owner);

/* A privilege on one of a population's views of promotions: {"claim", "INSERT"} is that on NAME_claim. */
typedef struct ClienteleRight
{
	const char *view;			/* what follows the population's name */
	const char *privilege;
} ClienteleRight;

/* Whether a role acts as the population's owner, or has one of these rights. */
extern bool clientele_is_allowed(Oid caller, const ClientelePopulation *population, int nrights, const ClienteleRight *rights);

/* An error if not, which says that the last of them is to be granted. */
extern void clientele_check_allowed(Oid caller, const ClientelePopulation *population, int nrights,
									const ClienteleRight *rights);

/* The customer's key, given as text or in its own type: as text, which fits all types of keys. */
extern char *clientele_key_argument(FunctionCallInfo fcinfo, int argument);

/* A key of that type from its text. */
extern Datum clientele_key_of_text(Oid type, char *text);

/* Errors. */
extern void clientele_refuse_unpublished(const char *population);
extern void clientele_refuse_eternity(void);

#endif							/* CLIENTELE_READER_H */
