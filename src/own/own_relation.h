/*
 * own_relation.h
 *		The relations of our own catalog, by name.
 */
#ifndef CLIENTELE_OWN_RELATION_H
#define CLIENTELE_OWN_RELATION_H

#include "postgres.h"

/* The relation of that name in schema clientele; not locked. */
extern Oid	clientele_own_relation(const char *name);

#endif							/* CLIENTELE_OWN_RELATION_H */
