/*
 * own_relation.c
 *		The relations of our own catalog, by name.
 *
 * A claim asks for some twenty of them.  PostgreSQL's caches answer with two searches each, which is a twentieth of a
 * claim; so the session keeps the answers, until it is told that a relation or a schema has changed.  Who asks for a
 * name asks again from the same place, so it is looked for by where it is said, and compared.
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "common/hashfn.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "own/own_relation.h"

typedef struct KnownRelation
{
	NameData	name;
	Oid			relation;		/* InvalidOid: not known any more */
} KnownRelation;

/* Some hundred places ask; two that share an entry take turns. */
#define MOST_KNOWN 256

static KnownRelation known[MOST_KNOWN];

static void
forget(Oid relation)
{
	for (int i = 0; i < MOST_KNOWN; i++)
		if (!OidIsValid(relation) || known[i].relation == relation)
			known[i].relation = InvalidOid;
}

static void
relation_changed(Datum argument, Oid relation)
{
	(void) argument;
	forget(relation);
}

static void
schema_changed(Datum argument, int cache, uint32 hash)
{
	(void) argument;
	(void) cache;
	(void) hash;
	forget(InvalidOid);
}

static void
listen_once(void)
{
	static bool listens = false;

	if (listens)
		return;
	CacheRegisterRelcacheCallback(relation_changed, (Datum) 0);
	CacheRegisterSyscacheCallback(NAMESPACEOID, schema_changed, (Datum) 0);
	listens = true;
}

static Oid
look_up(const char *name)
{
	Oid			relation = get_relname_relid(name, get_namespace_oid("clientele", false));

	if (!OidIsValid(relation))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("clientele.%s is missing", name),
				 errhint("The library may be newer than what is installed in the database: ALTER EXTENSION clientele UPDATE;")));
	return relation;
}

Oid
clientele_own_relation(const char *name)
{
	KnownRelation *entry = &known[murmurhash32((uint32) (uintptr_t) name) % MOST_KNOWN];
	Oid			relation;

	if (OidIsValid(entry->relation) && strcmp(NameStr(entry->name), name) == 0)
		return entry->relation;
	listen_once();

	/* looked up first: what is heard meanwhile is about what was kept, not about this */
	relation = look_up(name);
	namestrcpy(&entry->name, name);
	entry->relation = relation;
	return relation;
}
