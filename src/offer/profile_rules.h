/*
 * profile_rules.h
 *		What promotions ask of a profile, compiled: the columns of a population's view that
 *		they name, and their conditions over them.
 */
#ifndef CLIENTELE_PROFILE_RULES_H
#define CLIENTELE_PROFILE_RULES_H

#include "postgres.h"

#include "access/tupdesc.h"
#include "nodes/pg_list.h"
#include "pgtime.h"

#include "expression/column.h"
#include "expression/expression_bind.h"
#include "expression/program.h"
#include "population/population.h"
#include "promotion/promotion.h"

/* The columns that are always read, and the first of those that somebody names. */
enum
{
	CLIENTELE_PROFILE_MODEL_VERSION,
	CLIENTELE_PROFILE_TAGS,
	CLIENTELE_PROFILE_FIRST_NAMED
};

/* A column of the view that somebody names. */
typedef struct ClienteleNamedColumn
{
	const char *name;
	AttrNumber	place;			/* in the view */
	Oid			oid;
	ClienteleColumn column;
} ClienteleNamedColumn;

/* The columns of a population's view, as far as promotions name them. */
typedef struct ClienteleProfile
{
	int			population_id;
	const char *population;
	const char *schema;
	const char *key_column;
	Oid			owner;
	pg_tz	   *zone;			/* of the population */
	Oid			view;			/* InvalidOid: nothing is published */
	TupleDesc	columns;		/* of the view */
	AttrNumber	fixed[CLIENTELE_PROFILE_FIRST_NAMED];	/* those that are always read */
	int			nnamed;
	ClienteleNamedColumn *named;			/* has room for all */
	List	   *tags;			/* char *: that the live version defines; read when one is asked for */
	bool		tags_read;
	const char *sql[2];			/* now; at another instant; NULL = not needed yet */
} ClienteleProfile;

/* Where a rule finds a column, or a tag, and where it wants it. */
typedef struct ClienteleNameCell
{
	int			column;			/* of ->named */
	ClienteleCell *cell;
} ClienteleNameCell;

typedef struct ClienteleTagCell
{
	const char *tag;
	ClienteleCell *cell;
} ClienteleTagCell;

typedef struct ClienteleAudienceRules
{
	ClienteleScope scope;		/* first, so that resolve finds the rest */
	ClienteleProfile *profile;
	ClienteleProgram *program;	/* NULL = everybody */
	int			nparts;
	const char **parts;			/* as text: */
	ClienteleCell **truths;		/* what stands between the outermost ANDs */
	int			nnames;
	ClienteleNameCell   *names;			/* has room for all */
	int			ntags;
	int			tags_allocated;
	ClienteleTagCell    *tags;
	int			measure;		/* of ->named; -1 = none */
	const char *broken;			/* why it cannot be asked any more; NULL = it can */
} ClienteleAudienceRules;

/*
 * Compiling, in the current memory context: begins; binds what a promotion asks of a
 * profile, NULL = nothing.  All is bound before anybody is asked about.
 */
extern ClienteleProfile *clientele_profile_begin(const ClientelePopulation *population, pg_tz *zone);
extern ClienteleAudienceRules *clientele_audience_bind(ClienteleProfile *profile, const ClientelePromotion *promotion);

/* The same where what does not compile is an error; either may be NULL. */
extern ClienteleAudienceRules *clientele_audience_compile(ClienteleProfile *profile, const char *condition, const char *measure);

/* Whether a profile has to be begun anew when that relation has changed. */
extern bool clientele_profile_reads(const ClienteleProfile *profile, Oid relation);

/* Evaluates a condition on a row of the view as of an instant; its cells have the answers. */
extern void clientele_audience_run(const ClienteleAudienceRules *rules, const Datum *values, const bool *nulls, TimestampTz as_of);

#endif							/* CLIENTELE_PROFILE_RULES_H */
