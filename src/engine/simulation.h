/*
 * simulation.h
 *		Customers under several models at once: how many have which label now and would
 *		have which one then, and what they are worth; or who they are.
 *
 * What is asked travels as one document, which the SQL function simulate writes:
 *
 *	{"population": "customer", "live": "...", "drafts": ["...", ...],
 *	 "revenue": "sum(payment.net last 12 months)", "name": "tier", "moves": true}
 *
 * live and drafts are texts of models.  revenue and name may be missing: money is NULL,
 * all labels and tags count.  moves: each customer whose label changes is a row.
 */
#ifndef CLIENTELE_SIMULATION_H
#define CLIENTELE_SIMULATION_H

#include "postgres.h"

#include "utils/snapshot.h"
#include "utils/timestamp.h"

#include "engine/engine.h"

typedef struct ClienteleSimulator ClienteleSimulator;

/* The columns that a row has. */
typedef enum ClienteleSimulationColumn
{
	CLIENTELE_SIMULATION_DRAFT, /* int4: which of the drafts, from 1 on */
	CLIENTELE_SIMULATION_DEFINITION,	/* text */
	CLIENTELE_SIMULATION_FROM,	/* text: the label; of a tag, its name; NULL: none */
	CLIENTELE_SIMULATION_TO,
	CLIENTELE_SIMULATION_CUSTOMERS, /* int8 */
	CLIENTELE_SIMULATION_REVENUE,	/* numeric */
	CLIENTELE_SIMULATION_KEY	/* text; NULL unless moves are asked for */
} ClienteleSimulationColumn;

#define CLIENTELE_SIMULATION_COLUMNS 7

/* Whose customers; palloc'd. */
extern char *clientele_simulation_population(Datum question);

/* Compiles the models.  All of it lives in the current memory context. */
extern ClienteleSimulator *clientele_simulator_begin(int population_id, Datum question);

/* Begins with some customers; those before have been read to the end, or not at all. */
extern void clientele_simulator_read(ClienteleSimulator *simulator, TimestampTz as_of, const ClienteleKeys *keys,
									 Snapshot snapshot);

/*
 * The next of their rows, valid until the next call; false: they have been read.  Unless
 * moves are asked for they have none, but count.
 */
extern bool clientele_simulator_next(ClienteleSimulator *simulator, Datum *values, bool *nulls);

/* The next sum over all customers that were read. */
extern bool clientele_simulator_next_sum(ClienteleSimulator *simulator, Datum *values, bool *nulls);

/* Ends reading some customers. */
extern void clientele_simulator_stop(ClienteleSimulator *simulator);

#endif							/* CLIENTELE_SIMULATION_H */
