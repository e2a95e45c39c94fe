/*
 * owner.h
 *		Whose rights count: the caller's, the population's owner's, the extension's.
 *
 * Our catalog is read and written as the extension's owner.  Tables that belong to a
 * population's owner are touched as that owner only, because what hangs on them
 * (triggers, rules, policies) is his.
 */
#ifndef CLIENTELE_OWNER_H
#define CLIENTELE_OWNER_H

#include "postgres.h"

/* What is put back when work in somebody's name is done. */
typedef struct ClienteleRole
{
	Oid			user;
	int			security;
	int			guc_level;
} ClienteleRole;

/*
 * From here on everything runs as that role, names are found in pg_catalog, and row
 * security that would hide rows is an error.  Errors put everything back.
 */
extern ClienteleRole clientele_become(Oid role);
extern void clientele_become_again(const ClienteleRole *before);

extern Oid	clientele_extension_owner(void);

/*
 * The number of a population for whose owner the current user may act, else an error.
 * Within SPI.
 */
extern int	clientele_population_of_caller(const char *name);

/* Until the end of the transaction only we write this population's rows, feed and versions. */
extern void clientele_lock_population(int population_id);

#endif							/* CLIENTELE_OWNER_H */
