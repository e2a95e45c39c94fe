/*
 * drift.c
 *		How many customers are in each bin of a model at an instant: of grids' axes,
 *		characteristics of scorecards, and labels; for each branch.
 *
 * Counted in one scan, whose rows go nowhere else.  A customer counts if by then there has
 * been an event: the customers' table tells of today's customers alone, and not since when.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "fmgr.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/snapmgr.h"

#include "base/result_row.h"
#include "compat.h"
#include "engine/engine_catalog.h"
#include "population/owner.h"

PG_FUNCTION_INFO_V1(clientele_distribution);

/* The first outputs; the items follow. */
enum Counted
{
	COUNTED_KNOWN, COUNTED_BRANCH, COUNTED_ITEMS
};

/* ---------- what is counted ---------- */

static void
add_output(ClienteleEngineParts *parts, const char *definition, const char *name, Oid type, ClienteleCell *cells)
{
	ClienteleEngine *engine = parts->engine;
	ClienteleOutput *output = &engine->outputs[engine->noutputs];

	output->name = name;
	output->definition = definition;
	output->role = CLIENTELE_OUTPUT_VALUE;
	output->type = type;
	output->typmod = -1;
	parts->output_cells[engine->noutputs++] = cells;
}

static ClienteleCell *
bind_text(ClienteleEngineParts *parts, const char *text, ClienteleType wanted)
{
	ClienteleType type;

	return clientele_engine_bind(parts, text, wanted, &type);
}

/* count(payment) > 0 or count(visit) > 0 */
static const char *
known_text(const ClienteleModel *model)
{
	StringInfoData text;

	if (model->nsources == 0)
		return "true";
	initStringInfo(&text);
	for (int i = 0; i < model->nsources; i++)
	{
		ClienteleNode source = {.kind = CLIENTELE_NODE_NAME,.height = 1,.string = model->sources[i].name};

		appendStringInfo(&text, "%scount(%s) > 0", i == 0 ? "" : " or ", clientele_expression_print(&source));
	}
	return text.data;
}

static void
add_branch(ClienteleEngineParts *parts)
{
	const ClienteleModel *model = parts->model;
	ClienteleNode metric = {.kind = CLIENTELE_NODE_NAME,.height = 1,.string = model->branch};
	ClienteleType type = CLIENTELE_TEXT;
	ClienteleCell *cells = clientele_engine_bind(parts, model->branch ? clientele_expression_print(&metric) : "null",
												 model->branch ? CLIENTELE_ANY : CLIENTELE_TEXT, &type);

	if (type != CLIENTELE_TEXT && type != CLIENTELE_NUMBER)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("metric \"%s\", which tells a customer's branch, is a %s", model->branch, clientele_type_name(type)),
				 errhint("Define it as a text or a number.")));
	add_output(parts, NULL, NULL, type == CLIENTELE_TEXT ? TEXTOID : NUMERICOID, cells);
}

/* Bins are counted from 0 by the program, and from 1 by people. */
static void
add_characteristics(ClienteleEngineParts *parts, const char *definition, const ClienteleEngineCard *card)
{
	for (int i = 0; i < card->card->ncharacteristics; i++)
	{
		ClienteleCell *bin = card->moving[i][CLIENTELE_CARD_BIN];

		if (bin == NULL)
			continue;			/* there is only one */
		parts->nlocals = 0;
		clientele_engine_push_local(parts, "bin", CLIENTELE_NUMBER, bin);
		add_output(parts, definition, card->card->characteristics[i].name, INT4OID,
				   bind_text(parts, "bin + 1", CLIENTELE_NUMBER));
		parts->nlocals = 0;
	}
}

static void
add_items(ClienteleEngineParts *parts, const ClienteleDefinition *definition, const ClienteleEngineDefinition *bound)
{
	switch (definition->kind)
	{
		case CLIENTELE_RFM_GRID:
			add_output(parts, definition->name, "label", TEXTOID, bound->by_rules);
			for (int axis = 0; axis < CLIENTELE_RFM_AXES; axis++)
				add_output(parts, definition->name, clientele_rfm_axis_names[axis], INT4OID, bound->axes[axis]);
			break;
		case CLIENTELE_CARD:
			if (bound->card->card->ntiers > 0)
				add_output(parts, definition->name, "tier", TEXTOID, bound->by_rules);
			add_characteristics(parts, definition->name, bound->card);
			break;
		case CLIENTELE_LADDER:
			add_output(parts, definition->name, "label", TEXTOID, bound->by_rules);
			break;
		default:
			break;
	}
}

void
clientele_engine_list_items(ClienteleEngineParts *parts)
{
	const ClienteleModel *model = parts->model;
	Size		most = COUNTED_ITEMS;

	for (int i = 0; i < model->ndefinitions; i++)
		most += CLIENTELE_RFM_AXES + 1 + (model->definitions[i].card ? model->definitions[i].card->ncharacteristics : 0);
	parts->engine->outputs = palloc0(mul_size(sizeof(ClienteleOutput), most));
	parts->output_cells = palloc(mul_size(sizeof(ClienteleCell *), most));
	add_output(parts, NULL, NULL, BOOLOID, bind_text(parts, known_text(model), CLIENTELE_BOOLEAN));
	add_branch(parts);
	for (int i = 0; i < model->ndefinitions; i++)
		add_items(parts, &model->definitions[i], &parts->definitions[i]);
}

/* ---------- counting ---------- */

/* A piece of text; without data: NULL. */
typedef struct Slice
{
	const char *data;
	int			length;
} Slice;

typedef struct Bin
{
	int			item;			/* number of the output */
	Slice		branch;
	Slice		bin;
} Bin;

typedef struct BinCount
{
	Bin			bin;
	uint32		hash;
	char		status;
	int64		customers;
} BinCount;

static uint32
hash_slice(Slice slice)
{
	return slice.data ? hash_bytes((const unsigned char *) slice.data, slice.length) : 0;
}

static uint32
hash_bin(Bin bin)
{
	return hash_combine(hash_combine(murmurhash32(bin.item), hash_slice(bin.branch)), hash_slice(bin.bin));
}

static bool
same_slice(Slice a, Slice b)
{
	return (a.data == NULL) == (b.data == NULL) && a.length == b.length &&
		(a.length == 0 || memcmp(a.data, b.data, a.length) == 0);
}

static bool
same_bin(Bin a, Bin b)
{
	return a.item == b.item && same_slice(a.bin, b.bin) && same_slice(a.branch, b.branch);
}

#define SH_PREFIX clientele_bins
#define SH_ELEMENT_TYPE BinCount
#define SH_KEY_TYPE Bin
#define SH_KEY bin
#define SH_HASH_KEY(table, key) hash_bin(key)
#define SH_EQUAL(table, a, b) same_bin(a, b)
#define SH_STORE_HASH
#define SH_GET_HASH(table, element) (element)->hash
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

static Slice
copied(Slice slice)
{
	if (slice.data)
		slice.data = memcpy(palloc(slice.length + 1), slice.data, slice.length);
	return slice;
}

static void
count_customer(clientele_bins_hash *bins, int item, Slice branch, Slice label)
{
	bool		exists;
	Bin			bin = {item, branch, label};
	BinCount   *count = clientele_bins_insert(bins, bin, &exists);

	if (!exists)
	{
		count->bin.branch = copied(branch);
		count->bin.bin = copied(label);
		count->customers = 0;
	}
	count->customers++;
}

/* A value as text, in the buffer if it is a number. */
static Slice
slice_of(const ClienteleOutput *output, Datum value, bool isnull, char *buffer)
{
	Slice		slice = {NULL, 0};
	ClienteleDecimal number;

	if (isnull)
		return slice;
	if (output->type == TEXTOID)
	{
		text	   *string = DatumGetTextPP(value);

		slice.data = VARDATA_ANY(string);
		slice.length = VARSIZE_ANY_EXHDR(string);
	}
	else if (output->type == INT4OID)
	{
		slice.data = buffer;
		slice.length = pg_ltoa(DatumGetInt32(value), buffer);
	}
	else if (clientele_decimal_from_datum(value, &number))
	{
		slice.data = clientele_decimal_to_string(number);
		slice.length = strlen(slice.data);
	}
	return slice;
}

static void
count_customers(ClienteleEngine *engine, TimestampTz as_of, clientele_bins_hash *bins)
{
	ClienteleKeys keys = {.kind = CLIENTELE_KEYS_ALL};
	Snapshot	snapshot = RegisterSnapshot(GetActiveSnapshot());
	ClienteleScan *scan = clientele_scan_begin_taken(engine, as_of, &keys, snapshot);
	MemoryContext row_context = AllocSetContextCreate(CurrentMemoryContext, "clientele counted row", ALLOCSET_SMALL_SIZES);
	Datum	   *values = palloc(sizeof(Datum) * (engine->noutputs + 3));
	bool	   *nulls = palloc(sizeof(bool) * (engine->noutputs + 3));
	char		buffer[16];

	/* the key comes before the outputs */
	while (clientele_scan_next(scan, values, nulls))
	{
		MemoryContext old_context = MemoryContextSwitchTo(row_context);
		Slice		branch;

		if (!nulls[1 + COUNTED_KNOWN] && DatumGetBool(values[1 + COUNTED_KNOWN]))
		{
			branch = slice_of(&engine->outputs[COUNTED_BRANCH], values[1 + COUNTED_BRANCH], nulls[1 + COUNTED_BRANCH], NULL);
			for (int item = COUNTED_ITEMS; item < engine->noutputs; item++)
			{
				Slice		label = slice_of(&engine->outputs[item], values[1 + item], nulls[1 + item], buffer);

				MemoryContextSwitchTo(old_context);
				count_customer(bins, item, branch, label);
				MemoryContextSwitchTo(row_context);
			}
		}
		MemoryContextSwitchTo(old_context);
		MemoryContextReset(row_context);
	}
	MemoryContextDelete(row_context);
	clientele_scan_end(scan);
	UnregisterSnapshot(snapshot);
}

/* The columns of distribution(); their order is that of the SQL declaration. */
enum DistributionColumn
{
	DISTRIBUTION_NAME, DISTRIBUTION_ITEM, DISTRIBUTION_BRANCH, DISTRIBUTION_BIN, DISTRIBUTION_CUSTOMERS
};

static void
set_slice(ClienteleResultRow *row, int column, Slice slice)
{
	if (slice.data)
		clientele_result_set(row, column, PointerGetDatum(cstring_to_text_with_len(slice.data, slice.length)));
}

static void
put_bin(FunctionCallInfo fcinfo, const ClienteleEngine *engine, const BinCount *count)
{
	const ClienteleOutput *output = &engine->outputs[count->bin.item];
	ClienteleResultRow row;

	clientele_result_clear(&row);
	clientele_result_set_text(&row, DISTRIBUTION_NAME, output->definition);
	clientele_result_set_text(&row, DISTRIBUTION_ITEM, output->name);
	set_slice(&row, DISTRIBUTION_BRANCH, count->bin.branch);
	set_slice(&row, DISTRIBUTION_BIN, count->bin.bin);
	clientele_result_set(&row, DISTRIBUTION_CUSTOMERS, Int64GetDatum(count->customers));
	clientele_result_put(fcinfo, &row);
}

/* distribution(population_id, model, as_of) */
Datum
clientele_distribution(PG_FUNCTION_ARGS)
{
	clientele_bins_hash *bins = clientele_bins_create(CurrentMemoryContext, 256, NULL);
	clientele_bins_iterator iterator;
	ClienteleEngine *engine;
	ClienteleRole caller;
	BinCount   *count;

	InitMaterializedSRF(fcinfo, 0);
	engine = clientele_engine_of_model(PG_GETARG_INT32(0), clientele_rule_text_get(&clientele_model_type, PG_GETARG_DATUM(1)),
									   CLIENTELE_TO_COUNT, NULL);
	caller = clientele_become(engine->owner);
	count_customers(engine, PG_GETARG_TIMESTAMPTZ(2), bins);
	clientele_become_again(&caller);
	clientele_bins_start_iterate(bins, &iterator);
	while ((count = clientele_bins_iterate(bins, &iterator)) != NULL)
		put_bin(fcinfo, engine, count);
	return (Datum) 0;
}
