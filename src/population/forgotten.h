/*
 * forgotten.h
 *		Customers of whom nothing is to be known any more.
 */
#ifndef CLIENTELE_FORGOTTEN_H
#define CLIENTELE_FORGOTTEN_H

#include "postgres.h"

#include "utils/snapshot.h"

typedef struct ClienteleForgotten ClienteleForgotten;

/*
 * Who is forgotten, as a registered snapshot sees it, in the current memory context;
 * NULL if nobody is, which is what it mostly is.
 */
extern ClienteleForgotten *clientele_forgotten_get(int population_id, Oid key_type, Snapshot snapshot);

/* Whether this customer is.  The evaluator yields no row of him, whoever asks. */
extern bool clientele_is_forgotten(ClienteleForgotten *forgotten, Datum key);

#endif							/* CLIENTELE_FORGOTTEN_H */
