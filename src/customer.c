/*
 * customer.c
 *		Whether there is such a customer.
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"

#include "customer.h"
#include "forgotten.h"
#include "owner.h"
#include "reader.h"
#include "stream.h"

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
	Snapshot	snapshot = RegisterSnapshot(GetLatestSnapshot());
	ClientelePopulation population;
	ClienteleRole caller;
	Oid			key_type;
	bool		found;

	if (!clientele_population_find_id(population_id, &population))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("the population of customer %s does not exist any more", key)));
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
