/*
 * customer.c
 *		Whether there is such a customer.
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "customer.h"
#include "forgotten.h"
#include "stream.h"

static ClienteleStream *
open_customer(const ClientelePopulation *population, Oid key_type, Datum key, Snapshot snapshot)
{
	AttrNumber	column = get_attnum(population->relation, NameStr(population->key_column));
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
