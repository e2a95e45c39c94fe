/*
 * customer.c
 *		Whether there is such a customer, and stays until what is said of him is written down.
 *
 * Who takes something for a customer has his lock, and so has who forgets him (fresh.h).  Who only says
 * something of him waits for neither: a till is not to wait for a list of people who are
 * tagged, nor one such list for another.  He shares a lock, which who forgets the customer has alone; many
 * customers have one together, so that a list of them does not fill the server's table of locks.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"

#include "base/text_length.h"
#include "engine/stream.h"
#include "own/fresh.h"
#include "population/customer.h"
#include "population/forgotten.h"
#include "population/owner.h"
#include "population/reader.h"

PG_FUNCTION_INFO_V1(clientele_speak_of);

static ClienteleStream *
open_customer(const ClientelePopulation *population, Oid key_type, Datum key, Snapshot snapshot)
{
	AttrNumber	column = clientele_population_key(population->relation, NameStr(population->key_column));
	ClienteleQuietTable table = {population->relation, column, 1, &column};
	ClienteleQuietPlan *plan = clientele_quiet_plan(1, &table, key_type, false);

	if (plan && clientele_quiet_is_indexed(plan) && clientele_quiet_allowed(plan))
		return clientele_stream_open_quiet(plan, key, NULL, snapshot);
	return clientele_stream_open(
		clientele_query_kept(psprintf("SELECT 1 FROM %s AS c WHERE c.%s = $1",
									  quote_qualified_identifier(get_namespace_name(get_rel_namespace(population->relation)),
																 get_rel_name(population->relation)),
									  quote_identifier(NameStr(population->key_column))), 1, &key_type),
		&key, NULL, snapshot);
}

bool
clientele_customer_exists(const ClientelePopulation *population, Oid key_type, Datum key, Snapshot snapshot)
{
	ClienteleForgotten *forgotten = clientele_forgotten_get(population->id, key_type, snapshot);
	ClienteleStream *stream = open_customer(population, key_type, key, snapshot);
	bool		found = clientele_stream_next(stream) != NULL;

	clientele_stream_close(stream);
	return found && !(forgotten && clientele_is_forgotten(forgotten, key));
}

void
clientele_customer_check(int population_id, char *key)
{
	Snapshot	snapshot;
	ClientelePopulation population;
	ClienteleRole caller;
	Oid			key_type;
	bool		found;

	clientele_population_hold_id(population_id, &population);
	snapshot = RegisterSnapshot(GetLatestSnapshot());
	key_type = getBaseType(clientele_population_key_type(&population));
	caller = clientele_become(population.owner);
	found = clientele_customer_exists(&population, key_type, clientele_key_of_text(key_type, key), snapshot);
	clientele_become_again(&caller);
	UnregisterSnapshot(snapshot);
	if (!found)
		ereport(ERROR,
				(errcode(ERRCODE_NO_DATA_FOUND),
				 errmsg("population \"%s\" has no customer %s", NameStr(population.name), key)));
}

/* ---------- what is said of him ---------- */

/* So many locks of what is said at most has a transaction. */
#define CROWDS 64

static char *
crowd_of(int population_id, const char *key)
{
	return psprintf("%u", clientele_fresh_order(CLIENTELE_LOCK_CROWD, population_id, key) % CROWDS);
}

/* The key as its type prints it. */
static char *
print_key(const ClientelePopulation *population, char *key)
{
	Oid			type = getBaseType(clientele_population_key_type(population));
	Oid			output;
	bool		is_varlena;

	getTypeOutputInfo(type, &output, &is_varlena);
	return OidOutputFunctionCall(output, clientele_key_of_text(type, key));
}

/* speak_of(population_id int, key text) */
Datum
clientele_speak_of(PG_FUNCTION_ARGS)
{
	ClientelePopulation population;
	char	   *key;

	clientele_population_hold_id(PG_GETARG_INT32(0), &population);
	key = print_key(&population, text_to_cstring(PG_GETARG_TEXT_PP(1)));
	clientele_text_check_length("key", key);
	clientele_fresh_share(CLIENTELE_LOCK_CROWD, population.id, crowd_of(population.id, key));
	clientele_customer_check(population.id, key);
	PG_RETURN_VOID();
}

/* For none of the two it is waited with the other: who has tagged a customer may claim for him, or the other way round. */
void
clientele_customer_lock_to_forget(int population_id, const char *key)
{
	const char *crowd = crowd_of(population_id, key);

	clientele_fresh_lock(CLIENTELE_LOCK_CUSTOMER, population_id, key);
	while (!clientele_fresh_try(CLIENTELE_LOCK_CROWD, population_id, crowd))
	{
		clientele_fresh_unlock(CLIENTELE_LOCK_CUSTOMER, population_id, key);
		clientele_fresh_lock(CLIENTELE_LOCK_CROWD, population_id, crowd);
		clientele_fresh_unlock(CLIENTELE_LOCK_CROWD, population_id, crowd);
		clientele_fresh_lock(CLIENTELE_LOCK_CUSTOMER, population_id, key);
	}
}
