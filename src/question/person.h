/*
 * person.h
 *		One customer, evaluated to be asked about a definition: at any instant, also
 *		as if something more had happened.
 */
#ifndef CLIENTELE_PERSON_H
#define CLIENTELE_PERSON_H

#include "engine/by_hand.h"
#include "engine/engine_parts.h"
#include "engine/suppose.h"
#include "scorecard/scorecard_rows.h"

/* What a call asks. */
typedef struct ClienteleAsked
{
	ClienteleEngine *engine;
	bool		is_taken;		/* it explains, and is nobody else's; else one is taken */
	ClienteleKeys keys;			/* the customer */
	Snapshot	snapshot;
	TimestampTz as_of;
	int			definition;		/* its number */
} ClienteleAsked;

/* The customer at one instant: the only row of an engine's block. */
typedef struct ClientelePerson
{
	const ClienteleEngineParts *parts;
	ClienteleScan *scan;
} ClientelePerson;

/*
 * Evaluates the customer in an engine that explains; false if there is none.  What is
 * supposed to have happened by then is a list, or NULL.
 */
extern bool clientele_person_begin(const ClienteleAsked *asked, TimestampTz at, const ClienteleSupposition *supposed,
									ClientelePerson *person);
extern void clientele_person_end(ClientelePerson *person);

static inline const ClienteleDefinition *
clientele_person_definition(const ClientelePerson *person, int number)
{
	return &person->parts->model->definitions[number];
}

static inline const ClienteleEngineDefinition *
clientele_person_bound(const ClientelePerson *person, int number)
{
	return &person->parts->definitions[number];
}

/* Until when a register's value holds, and what people read of it. */
extern TimestampTz clientele_person_until(const ClientelePerson *person, const ClienteleCell *cell);
extern char *clientele_person_string(const ClientelePerson *person, const ClienteleCell *cell, ClienteleType type);

/* The range between cut points that an axis' score stands for, or "missing". */
extern const char *clientele_person_range(const ClientelePerson *person, int grid, int axis);

/* A scorecard, scored; what comes of it lies in the card's scratch. */
extern void clientele_person_score(const ClientelePerson *person, int card, ClienteleScoredCard *scored);

/* What somebody has said of the definition, and holds; NULL = nothing. */
extern const ClienteleStatement *clientele_person_statement(const ClientelePerson *person, int definition);

/* A line's item and condition as people read them; NULL = it has no condition. */
extern const char *clientele_person_item(const ClientelePerson *person, const ClienteleEngineCondition *line);
extern const char *clientele_person_condition(const ClientelePerson *person, const ClienteleEngineCondition *line);

/* How a definition that keeps its level does, in words. */
extern const char *clientele_person_keeps(const ClientelePerson *person, int definition);

/* The first rung, or group, that holds; -1 = none does. */
extern int	clientele_person_rung(const ClientelePerson *person, int definition);

#endif							/* CLIENTELE_PERSON_H */
