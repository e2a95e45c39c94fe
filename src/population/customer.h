/*
 * customer.h
 *		Whether there is such a customer.
 */
#ifndef CLIENTELE_CUSTOMER_H
#define CLIENTELE_CUSTOMER_H

#include "postgres.h"

#include "utils/snapshot.h"

#include "population/population.h"

/*
 * Whether the customer table has that key, as a registered snapshot sees it; one who is forgotten is as
 * unknown as one who never was.  As the population's owner, and without predicate locks where there is an index.
 */
extern bool clientele_customer_exists(const ClientelePopulation *population, Oid key_type, Datum key, Snapshot snapshot);

/* An error unless there is one this moment: for who has his lock, and is about to write something down of him. */
extern void clientele_customer_check(int population_id, char *key);

/* Until the end of the transaction nobody takes anything for a customer, nor says anything of him. */
extern void clientele_customer_lock_to_forget(int population_id, const char *key);

#endif							/* CLIENTELE_CUSTOMER_H */
