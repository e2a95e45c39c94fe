/*
 * revenue.c
 *		What the clinic has earned by each customer on each day.
 *
 * The amounts are those that sum(source.amount) adds up: a model of nothing but these sums
 * is scanned as any other, and its events are looked at while they are folded.  So
 * filters, paths along foreign keys and days are the engine's own.
 */
#include "postgres.h"

#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "base/arguments.h"
#include "base/clock.h"
#include "compat.h"
#include "engine/engine_catalog.h"
#include "own/written_table.h"
#include "population/owner.h"

PG_FUNCTION_INFO_V1(clientele_write_revenue);
PG_FUNCTION_INFO_V1(clientele_revenue_by_day);

/* Customers who are read at once, where not all are. */
#define BATCH 10000

/* The columns of a population's table `revenue`. */
enum
{
	REVENUE_KEY,
	REVENUE_DAY,
	REVENUE_AMOUNT,
	REVENUE_COLUMNS
};

typedef struct Ledger
{
	/* where rows go: into the table, or else the result */
	ClienteleWrittenTable *table;
	ReturnSetInfo *result;
	FmgrInfo	key_output;
	DateADT		from;			/* days that are asked for, both included */
	DateADT		to;

	ClienteleDayClock *days;
	MemoryContext scratch;		/* of one row */

	/* the row that is being added up */
	bool		open;
	Datum		key;
	const ClienteleEngineSource *source;
	DateADT		day;
	ClienteleDecimal amount;
} Ledger;

static void
fill_row(const Ledger *ledger, Datum *values, bool *nulls)
{
	memset(nulls, 0, sizeof(bool) * REVENUE_COLUMNS);
	values[REVENUE_KEY] = ledger->key;
	values[REVENUE_DAY] = DateADTGetDatum(ledger->day);
	values[REVENUE_AMOUNT] = NumericGetDatum(clientele_decimal_to_numeric(ledger->amount));
}

static void
write_row(Ledger *ledger)
{
	MemoryContext caller = MemoryContextSwitchTo(ledger->scratch);

	if (ledger->table != NULL)
	{
		TupleTableSlot *row = clientele_write_row(ledger->table);

		fill_row(ledger, row->tts_values, row->tts_isnull);
		clientele_write_append(ledger->table);
	}
	else
	{
		Datum		values[REVENUE_COLUMNS];
		bool		nulls[REVENUE_COLUMNS];

		fill_row(ledger, values, nulls);
		values[REVENUE_KEY] = CStringGetTextDatum(OutputFunctionCall(&ledger->key_output, ledger->key));
		tuplestore_putvalues(ledger->result->setResult, ledger->result->setDesc, values, nulls);
	}
	ledger->open = false;
	MemoryContextSwitchTo(caller);
	MemoryContextReset(ledger->scratch);
}

static void
add_amount(Ledger *ledger, Datum key, const ClienteleEngineSource *source, DateADT day, ClienteleDecimal amount)
{
	ClienteleDecimal sum;

	if (ledger->open && ledger->key == key && ledger->source == source && ledger->day == day &&
		clientele_decimal_add(ledger->amount, amount, &sum))
	{
		ledger->amount = sum;
		return;
	}
	if (ledger->open)
		write_row(ledger);
	ledger->open = true;
	ledger->key = key;
	ledger->source = source;
	ledger->day = day;
	ledger->amount = amount;
}

/* Events come by customers, each one's newest first: a day's lie together. */
static void
add_events(void *visiting, Datum key, const ClienteleEngineSource *source, int from, int to)
{
	Ledger	   *ledger = visiting;
	const ClienteleSlot *sum = &source->fold.slots[0];

	for (int i = from; i < to; i++)
	{
		const ClienteleCell *amount = &sum->argument[i];
		DateADT		day;

		if (amount->state == CLIENTELE_NULL || (sum->condition != NULL && sum->condition[i].state != CLIENTELE_TRUE))
			continue;
		day = clientele_day_at(ledger->days, source->events.at[i]);
		if (day >= ledger->from && day <= ledger->to)
			add_amount(ledger, key, source, day, clientele_cell_number(amount));
	}
}

static void
write_customers(Ledger *ledger, ClienteleEngine *engine, const ClienteleKeys *keys, Snapshot snapshot)
{
	ClienteleScan *scan = clientele_scan_begin_taken(engine, clientele_clock_now(), keys, snapshot);
	Datum	   *values = palloc(sizeof(Datum) * (engine->noutputs + 3));
	bool	   *nulls = palloc(sizeof(bool) * (engine->noutputs + 3));

	clientele_scan_visit_events(scan, add_events, ledger);
	while (clientele_scan_next(scan, values, nulls))
	{
		/* the keys of a block are gone with it */
		if (ledger->open)
			write_row(ledger);
	}
	clientele_scan_end(scan);
}

/* Those whose keys the query returns, ascending. */
static void
write_listed(Ledger *ledger, ClienteleEngine *engine, const char *query, Snapshot snapshot)
{
	Portal		portal = SPI_cursor_open_with_args(NULL, query, 0, NULL, NULL, NULL, false, 0);
	Datum	   *list = palloc(sizeof(Datum) * BATCH);
	ClienteleKeys keys = {.kind = CLIENTELE_KEYS_LIST,.list = list};

	for (;;)
	{
		SPI_cursor_fetch(portal, true, BATCH);
		keys.nlist = (int) SPI_processed;
		if (keys.nlist == 0)
			break;
		for (int i = 0; i < keys.nlist; i++)
		{
			bool		isnull;

			list[i] = SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1, &isnull);
		}
		write_customers(ledger, engine, &keys, snapshot);
		SPI_freetuptable(SPI_tuptable);
	}
	SPI_cursor_close(portal);
}

/*
 * write_revenue(population_id, name, model, keys): adds the rows of the customers whose keys a
 * query returns, ascending, or NULL: of all.  The model's metrics are sums of sources, one of each.
 */
Datum
clientele_write_revenue(PG_FUNCTION_ARGS)
{
	char	   *name;
	ClienteleEngine *engine;
	Ledger		ledger = {.from = DATEVAL_NOBEGIN,.to = DATEVAL_NOEND};
	ClienteleRole caller;
	Snapshot	snapshot;

	clientele_require_arguments(fcinfo, CLIENTELE_ARGUMENTS_BELOW(3));
	name = NameStr(*PG_GETARG_NAME(1));
	engine = clientele_engine_of_model(PG_GETARG_INT32(0), clientele_rule_text_get(&clientele_model_type, PG_GETARG_DATUM(2)),
									   CLIENTELE_FOR_MANY, NULL);
	ledger.days = engine->parts->days;
	SPI_connect();
	caller = clientele_become(engine->owner);
	snapshot = RegisterSnapshot(GetActiveSnapshot());
	ledger.scratch = AllocSetContextCreate(CurrentMemoryContext, "clientele revenue", ALLOCSET_SMALL_SIZES);
	ledger.table = clientele_write_begin(clientele_data_table(name, "revenue", 0));
	if (PG_ARGISNULL(3))
		write_customers(&ledger, engine, &(ClienteleKeys)
						{
							.kind = CLIENTELE_KEYS_ALL
						}, snapshot);
	else
		write_listed(&ledger, engine, text_to_cstring(PG_GETARG_TEXT_PP(3)), snapshot);
	clientele_write_end(ledger.table);
	UnregisterSnapshot(snapshot);
	clientele_become_again(&caller);
	SPI_finish();
	PG_RETURN_VOID();
}

/* revenue_by_day(population_id, model, from, to): the same rows of all customers, as far as these days go. */
Datum
clientele_revenue_by_day(PG_FUNCTION_ARGS)
{
	ClienteleEngine *engine = clientele_engine_of_model(PG_GETARG_INT32(0),
														clientele_rule_text_get(&clientele_model_type, PG_GETARG_DATUM(1)),
														CLIENTELE_FOR_MANY, NULL);
	Ledger		ledger = {.days = engine->parts->days,.from = PG_GETARG_DATEADT(2),.to = PG_GETARG_DATEADT(3)};
	ClienteleRole caller;
	Snapshot	snapshot;
	Oid			output;
	bool		is_varlena;

	InitMaterializedSRF(fcinfo, 0);
	ledger.result = (ReturnSetInfo *) fcinfo->resultinfo;
	getTypeOutputInfo(engine->key_type, &output, &is_varlena);
	fmgr_info(output, &ledger.key_output);
	SPI_connect();
	caller = clientele_become(engine->owner);
	snapshot = RegisterSnapshot(GetActiveSnapshot());
	ledger.scratch = AllocSetContextCreate(CurrentMemoryContext, "clientele revenue", ALLOCSET_SMALL_SIZES);
	write_customers(&ledger, engine, &(ClienteleKeys)
					{
						.kind = CLIENTELE_KEYS_ALL
					}, snapshot);
	UnregisterSnapshot(snapshot);
	clientele_become_again(&caller);
	SPI_finish();
	return (Datum) 0;
}
