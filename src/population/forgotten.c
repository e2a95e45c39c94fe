/*
 * forgotten.c
 *		Customers of whom nothing is to be known any more.
 *
 * What is kept of them is a digest of the key and a secret of the population, so
 * that the list tells nobody who is on it.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/skey.h"
#include "access/stratnum.h"
#include "access/table.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/hsearch.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/relcache.h"

#include "compat.h"
#include "engine/stream.h"
#include "own/own_relation.h"
#include "own/quiet_read.h"
#include "population/forgotten.h"
#include "population/owner.h"

#define DIGEST_LENGTH 32

struct ClienteleForgotten
{
	HTAB	   *digests;
	bytea	   *secret;
	FmgrInfo	key_output;
	MemoryContext scratch;
};

static ClienteleForgotten *
begin_list(Datum secret, Oid key_type)
{
	HASHCTL		control = {.keysize = DIGEST_LENGTH,.entrysize = DIGEST_LENGTH,.hcxt = CurrentMemoryContext};
	ClienteleForgotten *forgotten = palloc(sizeof(ClienteleForgotten));
	Oid			output;
	bool		varlena;

	getTypeOutputInfo(key_type, &output, &varlena);
	fmgr_info(output, &forgotten->key_output);
	forgotten->secret = DatumGetByteaPCopy(secret);
	forgotten->digests = hash_create("clientele forgotten", 64, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	forgotten->scratch = AllocSetContextCreate(CurrentMemoryContext, "clientele forgotten", ALLOCSET_SMALL_SIZES);
	return forgotten;
}

/* Whether anybody is forgotten; mostly not, and that is found out without a query. */
static bool
is_anybody(int population_id, Snapshot snapshot)
{
	Relation	table = table_open(clientele_own_relation("forgotten"), AccessShareLock);
	Relation	index;
	ScanKeyData population;
	ClienteleQuietRead *scan;
	bool		found;

	list_free(RelationGetIndexList(table));
	index = index_open(table->rd_pkindex, AccessShareLock);
	ScanKeyInit(&population, 1, BTEqualStrategyNumber, F_INT4EQ, Int32GetDatum(population_id));
	scan = clientele_quiet_read_begin(table, index, snapshot, 1, &population);
	found = clientele_quiet_read_next(scan) != NULL;
	clientele_quiet_read_end(scan);
	index_close(index, AccessShareLock);
	table_close(table, AccessShareLock);
	return found;
}

static ClienteleForgotten *
read_list(int population_id, Oid key_type, Snapshot snapshot)
{
	static const Oid types[] = {INT4OID};
	ClienteleForgotten *forgotten = NULL;
	Datum		id = Int32GetDatum(population_id);
	ClienteleRole before = clientele_become(clientele_extension_owner());
	ClienteleStream *stream = clientele_stream_open(
		clientele_query_kept("SELECT s.secret, f.digest FROM clientele.population_secret AS s"
							 " JOIN clientele.forgotten AS f ON f.population_id = s.population_id"
							 " WHERE s.population_id = $1", 1, types), &id, NULL, snapshot);
	TupleTableSlot *slot;

	while ((slot = clientele_stream_next(stream)) != NULL)
	{
		bytea	   *digest;

		slot_getallattrs(slot);
		if (forgotten == NULL)
			forgotten = begin_list(slot->tts_values[0], key_type);
		digest = DatumGetByteaPP(slot->tts_values[1]);
		if (VARSIZE_ANY_EXHDR(digest) == DIGEST_LENGTH)
			(void) hash_search(forgotten->digests, VARDATA_ANY(digest), HASH_ENTER, NULL);
	}
	clientele_stream_close(stream);
	clientele_become_again(&before);
	return forgotten;
}

ClienteleForgotten *
clientele_forgotten_get(int population_id, Oid key_type, Snapshot snapshot)
{
	return is_anybody(population_id, snapshot) ? read_list(population_id, key_type, snapshot) : NULL;
}

bool
clientele_is_forgotten(ClienteleForgotten *forgotten, Datum key)
{
	MemoryContext old = MemoryContextSwitchTo(forgotten->scratch);
	char	   *text = OutputFunctionCall(&forgotten->key_output, key);
	bytea	   *digest;
	bool		found;

	text = pg_server_to_any(text, strlen(text), PG_UTF8);
	digest = DatumGetByteaPP(DirectFunctionCall1(sha256_bytea,
												 DirectFunctionCall2(byteacat, PointerGetDatum(forgotten->secret),
																	 PointerGetDatum(cstring_to_text(text)))));
	found = hash_search(forgotten->digests, VARDATA_ANY(digest), HASH_FIND, NULL) != NULL;
	MemoryContextSwitchTo(old);
	MemoryContextReset(forgotten->scratch);
	return found;
}
