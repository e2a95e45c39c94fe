/*
 * own_relation.c
 *		The relations of our own catalog, by name.
 *
 * A claim asks for some twenty of them.  PostgreSQL's caches answer with two searches each, which is a twentieth of a
 * claim; so the session keeps the answers, until it is told that a relation or a schema has changed.
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "own_relation.h"

typedef struct KnownRelation
{
	NameData	name;			/* the key */
	Oid			relation;		/* InvalidOid: not known any more */
} KnownRelation;

static HTAB *known = NULL;

static void
forget(Oid relation)
{
	HASH_SEQ_STATUS status;
	KnownRelation *entry;

	hash_seq_init(&status, known);
	while ((entry = hash_seq_search(&status)) != NULL)
		if (!OidIsValid(relation) || entry->relation == relation)
			entry->relation = InvalidOid;
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
begin_cache(void)
{
	HASHCTL		control = {.keysize = sizeof(NameData),.entrysize = sizeof(KnownRelation)};

	known = hash_create("clientele relations", 64, &control, HASH_ELEM | HASH_STRINGS);
	CacheRegisterRelcacheCallback(relation_changed, (Datum) 0);
	CacheRegisterSyscacheCallback(NAMESPACEOID, schema_changed, (Datum) 0);
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
	KnownRelation *entry;
	Oid			relation;

	if (known == NULL)
		begin_cache();
	entry = hash_search(known, name, HASH_FIND, NULL);
	if (entry != NULL && OidIsValid(entry->relation))
		return entry->relation;

	/* looked up first: what is heard meanwhile is about what was kept, not about this */
	relation = look_up(name);
	entry = hash_search(known, name, HASH_ENTER, NULL);
	entry->relation = relation;
	return relation;
}
