/*
 * scan.c
 *		Customers, evaluated: a block of customers is read, each source's events
 *		are folded into it, the program runs over it, and rows come out.
 *
 * Customers and events come in one order, so all streams are merged as they are
 * read, and a scan holds one block of each, however many there are.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datum.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/typcache.h"

#include "compat.h"
#include "engine/by_hand.h"
#include "engine/engine_parts.h"
#include "engine/kept_level.h"
#include "engine/suppose.h"
#include "population/forgotten.h"

/* Events of a source that have been read ahead. */
typedef struct EventBlock
{
	ClienteleEngineSource *source;
	ClienteleStream *stream;
	MemoryContext context;		/* holds values of events */
	bool		at_end;			/* there are no more in the stream */
	int			count;
	int			next;			/* the first that is not folded yet */
	int64		place;			/* by place: the latest that was met */
	TimestampTz present;		/* events until then exist already ... */
	TimestampTz newest_bound;	/* ... and before this one only the newest of them
								 * matters */
	int			nruns;			/* stretches of one customer ... */
	int			run;			/* ... the one that `next` is in */
	Datum	   *run_keys;
	int		   *run_ends;
} EventBlock;

struct ClienteleScan
{
	ClienteleEngine *engine;	/* in use until ->context is gone */
	MemoryContext context;
	MemoryContextCallback release;
	ClienteleStream *customers;
	int			nsources;
	EventBlock *sources;
	EventBlock	statements;		/* of people; unused where there are none */

	/* how streams are merged */
	bool		by_place;		/* by int8, ascending; else by key, descending */
	Oid			key_type;
	Oid			key_collation;
	FmgrInfo	compare;
	bool		key_by_value;
	int16		key_length;

	TimestampTz as_of;			/* of the block of customers */
	const TimestampTz *instants;	/* of places in the list; NULL: it is one for all */
	int64		place;			/* by place: the latest customer's */
	TupleTableSlot *ahead;		/* a customer who has been read, but is of the next
								 * block; NULL: none */
	int			nrows;			/* in the block of customers */
	int			row;			/* the next to hand out */
	bool		at_end;
	ClienteleForgotten *forgotten;	/* NULL = nobody */
	ClienteleEventsVisitor visitor; /* NULL = nobody looks at events */
	void	   *visiting;
	const ClienteleSupposition *supposed;	/* NULL = nothing */
	Datum	   *merge_keys;
	Datum	   *keys;
	TimestampTz *due;
	int			tag_words;		/* of 64 tags each; the customers' first words, ... */
	uint64	   *tags;			/* ... then their second ones: bits, which tags they have */
	ArrayType  *array;			/* of the tags of the customer handed out; there is room
								 * for all ... */
	ArrayType  *no_tags;		/* ... and of none */
};

/* ---------- keys ---------- */

static inline int64
integer_key(Oid type, Datum key)
{
	switch (type)
	{
		case INT2OID:
			return DatumGetInt16(key);
		case INT4OID:
			return DatumGetInt32(key);
		default:
			return DatumGetInt64(key);
	}
}

static inline bool
is_integer(Oid type)
{
	return type == INT2OID || type == INT4OID || type == INT8OID;
}

/* Whether an event's key comes before, with, or after a customer's in the streams. */
static int
compare_keys(ClienteleScan *scan, Oid event_type, Datum event, Datum customer)
{
	if (scan->by_place)
		return (DatumGetInt64(event) > DatumGetInt64(customer)) - (DatumGetInt64(event) < DatumGetInt64(customer));
	if (is_integer(scan->key_type))
	{
		int64		a = integer_key(event_type, event);
		int64		b = integer_key(scan->key_type, customer);

		return (a < b) - (a > b);
	}
	return -DatumGetInt32(FunctionCall2Coll(&scan->compare, scan->key_collation, event, customer));
}

/* ---------- reading columns ---------- */

/* Puts a value into a register's cell; what would point into the tuple is copied. */
static void
read_value(const ClienteleInputColumn *column, Datum value, pg_tz *zone, int row)
{
	ClienteleCell *cell = &column->cells[row];

	clientele_column_read(column->column, value, zone, cell);
	if (cell->state == CLIENTELE_NULL)
		return;
	switch (column->column->kind)
	{
		case CLIENTELE_COLUMN_TEXT:
		case CLIENTELE_COLUMN_TEXT_ARRAY:
		case CLIENTELE_COLUMN_JSONB:
			if (cell->u.pointer == DatumGetPointer(value))
				cell->u.pointer = DatumGetPointer(datumCopy(value, false, -1));
			break;
		case CLIENTELE_COLUMN_NUMERIC:
			if (cell->scale == CLIENTELE_DECIMAL_IS_NUMERIC)
				cell->u.numeric = DatumGetNumericCopy(NumericGetDatum(cell->u.numeric));
			break;
		default:
			break;
	}
}

/* Most columns are counts: they need no call. */
static void
read_columns(const ClienteleInput *input, const TupleTableSlot *slot, int first, pg_tz *zone, int row)
{
	const ClienteleInputColumn *columns = input->columns;
	const Datum *values = &slot->tts_values[first];
	const bool *nulls = &slot->tts_isnull[first];
	int			ncolumns = input->ncolumns;

	for (int i = 0; i < ncolumns; i++)
	{
		if (nulls[i])
			columns[i].cells[row].state = CLIENTELE_NULL;
		else if (columns[i].column->kind == CLIENTELE_COLUMN_INT4)
			clientele_cell_set_integer(&columns[i].cells[row], DatumGetInt32(values[i]));
		else if (columns[i].column->kind == CLIENTELE_COLUMN_INT8)
			clientele_cell_set_integer(&columns[i].cells[row], DatumGetInt64(values[i]));
		else
			read_value(&columns[i], values[i], zone, row);
	}
}

/* ---------- events ---------- */

/* When an event happened; false for eternity, which no event happens in. */
static bool
read_time(const ClienteleEngineSource *source, Datum value, pg_tz *zone, TimestampTz *result)
{
	DateADT		date;

	switch (source->time_type)
	{
		case DATEOID:
			date = DatumGetDateADT(value);
			if (DATE_NOT_FINITE(date) || date >= TIMESTAMP_END_JULIAN - POSTGRES_EPOCH_JDATE)
				return false;
			*result = clientele_instant((int64) date * USECS_PER_DAY, zone);
			break;
		case TIMESTAMPOID:
			*result = clientele_instant(DatumGetTimestamp(value), zone);
			break;
		default:
			*result = DatumGetTimestampTz(value);
	}
	return !TIMESTAMP_NOT_FINITE(*result);
}

/* Whether the event belongs to the customer of the run being read. */
static bool
continues_run(const ClienteleScan *scan, const EventBlock *block, Datum key)
{
	return block->nruns > 0 &&
		(scan->by_place || scan->key_by_value ? block->run_keys[block->nruns - 1] == key :
		 datum_image_eq(block->run_keys[block->nruns - 1], key, false, scan->key_length));
}

/* Whether an event of the run being read comes after another, and is too old to matter then. */
static bool
is_outdated(const EventBlock *block, TimestampTz at)
{
	return at < block->newest_bound && block->source->events.at[block->count - 1] <= block->present;
}

/*
 * Customers of a list, and their events, come in its order by the shape of the queries:
 * see that they do.  *latest is the place before.
 */
static void
check_place(const ClienteleScan *scan, int64 *latest, Datum place)
{
	if (!scan->by_place)
		return;
	if (DatumGetInt64(place) < *latest)
		elog(ERROR, "what is read of customer " INT64_FORMAT " comes after that of " INT64_FORMAT,
			 DatumGetInt64(place), *latest);
	*latest = DatumGetInt64(place);
}

static void
begin_run(const ClienteleScan *scan, EventBlock *block, Datum key)
{
	block->run_keys[block->nruns++] = scan->by_place || scan->key_by_value ? key :
		datumCopy(key, false, scan->key_length);
}

/* Reads the next events; their conditions are then evaluated, all at once. */
static void
read_events(ClienteleScan *scan, EventBlock *block)
{
	ClienteleEngineSource *source = block->source;
	pg_tz	   *zone = scan->engine->parts->zone;
	MemoryContext old_context;

	MemoryContextReset(block->context);
	block->count = block->next = block->nruns = block->run = 0;
	old_context = MemoryContextSwitchTo(block->context);
	while (block->count < CLIENTELE_EVENTS_CAPACITY)
	{
		TupleTableSlot *slot = clientele_stream_next(block->stream);

		if (TupIsNull(slot))
		{
			block->at_end = true;
			break;
		}
		slot_getallattrs(slot);
		if (slot->tts_isnull[1] || !read_time(source, slot->tts_values[1], zone, &source->events.at[block->count]))
			continue;
		if (continues_run(scan, block, slot->tts_values[0]))
		{
			if (is_outdated(block, source->events.at[block->count]))
				continue;
		}
		else
		{
			check_place(scan, &block->place, slot->tts_values[0]);
			begin_run(scan, block, slot->tts_values[0]);
		}
		read_columns(&source->input, slot, 2, zone, block->count);
		block->run_ends[block->nruns - 1] = ++block->count;
	}
	if (source->program->length > 1 && block->count > 0)
		clientele_program_run(source->program, block->count);
	MemoryContextSwitchTo(old_context);
}

/* The next events of one customer, *from up to *to; those of customers that do not exist are passed. */
static bool
next_events(ClienteleScan *scan, EventBlock *block, int row, int *from, int *to)
{
	for (;;)
	{
		int			order;

		if (block->next == block->count)
		{
			if (block->at_end)
				return false;
			read_events(scan, block);
			continue;
		}
		order = compare_keys(scan, block->source->key_type, block->run_keys[block->run], scan->merge_keys[row]);
		if (order > 0)
			return false;
		*from = block->next;
		*to = block->next = block->run_ends[block->run++];
		if (order == 0)
			return true;
	}
}

static void
fold_customer(ClienteleScan *scan, EventBlock *block, int row)
{
	ClienteleFold *fold = &block->source->fold;
	int			from;
	int			to;

	clientele_fold_begin(fold);
	if (scan->supposed)
		clientele_suppose_events(block->source, scan->supposed, scan->as_of);
	while (next_events(scan, block, row, &from, &to))
	{
		clientele_fold_events(fold, &block->source->events, from, to);
		clientele_kept_levels_add_events(block->source, from, to);
		if (scan->visitor)
			scan->visitor(scan->visiting, scan->keys[row], block->source, from, to);
	}
	clientele_fold_finish(fold, row);
	clientele_kept_levels_end_events(block->source, row);
}

/* What people have said of each customer of the block. */
static void
hear_people(ClienteleScan *scan)
{
	const ClienteleEngineParts *parts = scan->engine->parts;
	int			from;
	int			to;

	if (parts->by_hand == NULL)
		return;
	for (int m = 0; m < parts->nmodels; m++)
		clientele_by_hand_begin_block(parts->models[m].by_hand, scan->as_of);
	for (int row = 0; row < scan->nrows; row++)
	{
		while (next_events(scan, &scan->statements, row, &from, &to))
		{
			for (int m = 0; m < parts->nmodels; m++)
				clientele_by_hand_take(parts->models[m].by_hand, from, to, row);
		}
		for (int m = 0; m < parts->nmodels; m++)
			clientele_by_hand_finish(parts->models[m].by_hand, row);
	}
}

/* ---------- the clock ---------- */

static void
set_clock(ClienteleScan *scan, TimestampTz as_of)
{
	ClienteleEngineParts *parts = scan->engine->parts;
	ClienteleClock clock = {true, as_of, parts->zone};

	scan->as_of = as_of;
	clientele_program_set_clock(parts->program, &clock);
	for (int i = 0; i < parts->nsources; i++)
	{
		clientele_program_set_clock(parts->sources[i].program, &clock);
		clientele_fold_set_clock(&parts->sources[i].fold, as_of, parts->days);
	}
}

/* ---------- blocks of customers ---------- */

/*
 * Whether a customer is evaluated at the instant of the block that is being read.  The
 * first one sets it.
 */
static bool
is_of_block(ClienteleScan *scan, const TupleTableSlot *slot)
{
	TimestampTz instant;

	if (scan->instants == NULL)
		return true;
	instant = scan->instants[DatumGetInt64(slot->tts_values[0]) - 1];
	if (scan->nrows == 0)
		set_clock(scan, instant);
	return instant == scan->as_of;
}

static void
read_customers(ClienteleScan *scan)
{
	ClienteleEngineParts *parts = scan->engine->parts;

	scan->nrows = scan->row = 0;
	while (scan->nrows < parts->capacity)
	{
		TupleTableSlot *slot = scan->ahead ? scan->ahead : clientele_stream_next(scan->customers);

		scan->ahead = NULL;
		if (TupIsNull(slot))
		{
			scan->at_end = true;
			break;
		}
		slot_getallattrs(slot);
		check_place(scan, &scan->place, slot->tts_values[0]);
		if (scan->forgotten != NULL && clientele_is_forgotten(scan->forgotten, slot->tts_values[1]))
			continue;
		if (!is_of_block(scan, slot))
		{
			scan->ahead = slot;
			break;
		}
		scan->keys[scan->nrows] = datumCopy(slot->tts_values[1], scan->key_by_value, scan->key_length);
		scan->merge_keys[scan->nrows] = scan->by_place ? slot->tts_values[0] : scan->keys[scan->nrows];
		read_columns(&parts->customers, slot, 2, parts->zone, scan->nrows);
		scan->nrows++;
	}
}

static void
keep_soonest(TimestampTz *due, const TimestampTz *until, int nrows)
{
	for (int row = 0; row < nrows; row++)
		due[row] = Min(due[row], until[row]);
}

/* When the customers are due at the latest, as far as the folds can tell. */
static void
foresee_due(ClienteleScan *scan)
{
	ClienteleEngineParts *parts = scan->engine->parts;

	for (int row = 0; row < scan->nrows; row++)
		scan->due[row] = DT_NOEND;
	for (int i = 0; i < parts->nforeseen; i++)
		keep_soonest(scan->due, parts->foreseen[i], scan->nrows);
	if (parts->by_hand)
		clientele_by_hand_limit(parts->by_hand, scan->due);
	clientele_horizons_limit(parts->program, scan->due, scan->nrows);
}

/* When they are due, now that the program has run. */
static void
find_due(ClienteleScan *scan)
{
	ClienteleEngineParts *parts = scan->engine->parts;

	for (int i = 0; i < parts->nheeded; i++)
		keep_soonest(scan->due, clientele_horizons(parts->program, parts->heeded[i]), scan->nrows);
}

/* Turns the columns of tags into bits of each customer. */
static void
gather_tags(ClienteleScan *scan)
{
	const ClienteleEngine *engine = scan->engine;
	int			nrows = scan->nrows;

	memset(scan->tags, 0, sizeof(uint64) * scan->tag_words * engine->parts->capacity);
	for (int i = 0; i < engine->ntags; i++)
	{
		const ClienteleCell *cells = engine->parts->tag_cells[i];
		uint64	   *words = &scan->tags[i / 64 * engine->parts->capacity];
		uint64		bit = UINT64CONST(1) << (i % 64);

		/* without a branch, which could not be foreseen */
		for (int row = 0; row < nrows; row++)
			words[row] |= bit & -(uint64) (cells[row].state == CLIENTELE_TRUE);
	}
}

static void
evaluate_block(ClienteleScan *scan)
{
	ClienteleEngineParts *parts = scan->engine->parts;
	MemoryContext old_context;

	CHECK_FOR_INTERRUPTS();
	MemoryContextReset(parts->block_context);
	old_context = MemoryContextSwitchTo(parts->block_context);
	read_customers(scan);
	clientele_kept_levels_begin_block(parts);
	for (int i = 0; i < scan->nsources && scan->nrows > 0; i++)
	{
		for (int row = 0; row < scan->nrows; row++)
			fold_customer(scan, &scan->sources[i], row);
	}
	hear_people(scan);
	if (scan->nrows > 0)
	{
		if (parts->program->timed)
			foresee_due(scan);
		clientele_program_run(parts->program, scan->nrows);
		find_due(scan);
		gather_tags(scan);
	}
	MemoryContextSwitchTo(old_context);
}

/* ---------- rows ---------- */

/* A number with just the column's decimals; false if it has too many digits. */
static bool
number_datum(ClienteleDecimal number, int32 typmod, Datum *result)
{
	int			scale = (typmod - VARHDRSZ) & 0x7ff;
	int			precision = ((typmod - VARHDRSZ) >> 16) & 0xffff;
	ClienteleDecimal padded = {{0}, CLIENTELE_DECIMAL_IS_NUMERIC};

	if (typmod < 0)
	{
		*result = NumericGetDatum(clientele_decimal_to_numeric(number));
		return true;
	}
	if (number.scale >= 0 && number.scale <= scale)
		padded = clientele_decimal_round(number, scale);
	if (padded.scale == scale)
	{
		*result = NumericGetDatum(clientele_decimal_to_numeric(padded));
		return true;
	}
	if (strcspn(clientele_decimal_to_string(clientele_decimal_absolute(number)), ".") > (size_t) (precision - scale))
		return false;
	*result = DirectFunctionCall2(numeric, NumericGetDatum(clientele_decimal_to_numeric(number)), Int32GetDatum(typmod));
	return true;
}

/* The value of an output; false: null. */
static bool
output_datum(ClienteleProgram *program, const ClienteleOutput *output, const ClienteleCell *cell, Datum *result)
{
	if (cell->state == CLIENTELE_NULL)
		return false;
	switch (output->type)
	{
		case BOOLOID:
			*result = BoolGetDatum(cell->state == CLIENTELE_TRUE);
			return true;
		case INT4OID:
			*result = Int32GetDatum((int32) cell->u.integer);
			return true;
		case INT8OID:
			*result = Int64GetDatum(cell->u.integer);
			return true;
		case NUMERICOID:
			if (number_datum(clientele_cell_number(cell), output->typmod, result))
				return true;
			program->failures++;
			return false;
		case DATEOID:
			*result = DateADTGetDatum((DateADT) cell->u.integer);
			return !DATE_NOT_FINITE((DateADT) cell->u.integer);
		case TIMESTAMPTZOID:
			*result = TimestampTzGetDatum(cell->u.integer);
			return !TIMESTAMP_NOT_FINITE(cell->u.integer);
		default:
			*result = PointerGetDatum(cell->u.text);
			return true;
	}
}

static int
compare_tags(const void *a, const void *b)
{
	return clientele_compare_text(DatumGetTextPP(*(const Datum *) a), DatumGetTextPP(*(const Datum *) b));
}

/* The tags that definitions give a customer, and others that people gave him. */
static Datum
all_tags_datum(const ClienteleScan *scan, int row, const List *others)
{
	const ClienteleEngineParts *parts = scan->engine->parts;
	Datum	   *tags = palloc(mul_size(sizeof(Datum), scan->engine->ntags + list_length(others)));
	int			count = 0;
	const ListCell *cell;

	for (int i = 0; i < scan->engine->ntags; i++)
	{
		if (scan->tags[i / 64 * parts->capacity + row] & (UINT64CONST(1) << (i % 64)))
			tags[count++] = PointerGetDatum(parts->tag_texts[i].text);
	}
	foreach(cell, others)
		tags[count++] = PointerGetDatum(lfirst(cell));
	qsort(tags, count, sizeof(Datum), compare_tags);
	return PointerGetDatum(construct_array(tags, count, TEXTOID, -1, false, TYPALIGN_INT));
}

/* The array of the tags that a customer has. */
static Datum
tags_datum(ClienteleScan *scan, int row)
{
	const ClienteleEngineParts *parts = scan->engine->parts;
	const List *others = parts->by_hand ? clientele_by_hand_tags(parts->by_hand, row) : NIL;
	ArrayType  *array = scan->array;
	char	   *to = (char *) array + ARR_OVERHEAD_NONULLS(1);
	int			count = 0;

	if (others != NIL)
		return all_tags_datum(scan, row, others);
	for (int w = 0; w < scan->tag_words; w++)
	{
		for (uint64 word = scan->tags[w * parts->capacity + row]; word != 0; word &= word - 1)
		{
			const ClienteleTagText *tag = &parts->tag_texts[w * 64 + pg_rightmost_one_pos64(word)];

			/* with what follows it: the next one, or the end, will stand there */
			for (Size i = 0; i < tag->size; i += CLIENTELE_TAG_CHUNK)
				memcpy(to + i, tag->text + i, CLIENTELE_TAG_CHUNK);
			to += tag->size;
			count++;
		}
	}
	if (count == 0)
		return PointerGetDatum(scan->no_tags);
	SET_VARSIZE(array, to - (char *) array);
	ARR_DIMS(array)[0] = count;
	return PointerGetDatum(array);
}

/* An array of one dimension that all tags fit into, from 1 on. */
static ArrayType *
room_for_tags(const ClienteleEngine *engine)
{
	Size		size = ARR_OVERHEAD_NONULLS(1) + CLIENTELE_TAG_CHUNK;
	ArrayType  *array;

	for (int i = 0; i < engine->ntags; i++)
		size += engine->parts->tag_texts[i].size;
	array = palloc0(size);
	array->ndim = 1;
	array->elemtype = TEXTOID;
	ARR_LBOUND(array)[0] = 1;
	return array;
}

static void
hand_out(ClienteleScan *scan, Datum *values, bool *nulls)
{
	ClienteleEngine *engine = scan->engine;
	ClienteleEngineParts *parts = engine->parts;
	MemoryContext old_context = MemoryContextSwitchTo(parts->block_context);
	int			row = scan->row++;
	int			column = 0;

	values[column] = scan->keys[row];
	nulls[column++] = false;
	for (int i = 0; i < engine->noutputs; i++, column++)
		nulls[column] = !output_datum(parts->program, &engine->outputs[i], &parts->output_cells[i][row], &values[column]);
	values[column] = tags_datum(scan, row);
	nulls[column++] = false;
	values[column] = TimestampTzGetDatum(scan->due[row]);
	nulls[column] = TIMESTAMP_IS_NOEND(scan->due[row]);
	MemoryContextSwitchTo(old_context);
}

bool
clientele_scan_next(ClienteleScan *scan, Datum *values, bool *nulls)
{
	if (scan->row == scan->nrows && !scan->at_end)
		evaluate_block(scan);
	if (scan->row == scan->nrows)
		return false;
	hand_out(scan, values, nulls);
	return true;
}

int
clientele_scan_next_block(ClienteleScan *scan, const Datum **keys)
{
	scan->nrows = 0;
	if (!scan->at_end)
		evaluate_block(scan);
	*keys = scan->keys;
	return scan->nrows;
}

void
clientele_scan_visit_events(ClienteleScan *scan, ClienteleEventsVisitor visitor, void *visiting)
{
	scan->visitor = visitor;
	scan->visiting = visiting;
}

TimestampTz
clientele_scan_as_of(const ClienteleScan *scan)
{
	return scan->as_of;
}

bool
clientele_scan_pin_changed(const ClienteleScan *scan, const char *definition, TimestampTz before)
{
	const ClienteleByHand *by_hand = scan->engine->parts->by_hand;

	return by_hand && clientele_by_hand_intervened(by_hand, scan->row - 1, definition, before);
}

/* ---------- beginning and end ---------- */

static ClienteleShape
shape_of(const ClienteleKeys *keys)
{
	switch (keys->kind)
	{
		case CLIENTELE_KEYS_LIST:
			return keys->nlist == 1 ? CLIENTELE_SHAPE_ONE : CLIENTELE_SHAPE_LIST;
		case CLIENTELE_KEYS_ONE:
			return CLIENTELE_SHAPE_ONE;
		case CLIENTELE_KEYS_RANGE:
			return keys->has_low && keys->has_high ? CLIENTELE_SHAPE_BETWEEN :
				keys->has_low ? CLIENTELE_SHAPE_FROM :
				keys->has_high ? CLIENTELE_SHAPE_BELOW : CLIENTELE_SHAPE_ALL;
		default:
			return CLIENTELE_SHAPE_ALL;
	}
}

/* The keys as arguments of the queries; returns their count. */
static int
key_arguments(const ClienteleScan *scan, const ClienteleKeys *keys, Datum *arguments)
{
	int			count = 0;
	char		alignment;

	switch (keys->kind)
	{
		case CLIENTELE_KEYS_ALL:
			break;
		case CLIENTELE_KEYS_RANGE:
			if (keys->has_low)
				arguments[count++] = keys->low;
			if (keys->has_high)
				arguments[count++] = keys->high;
			break;
		case CLIENTELE_KEYS_ONE:
			arguments[count++] = keys->low;
			break;
		case CLIENTELE_KEYS_LIST:
			if (keys->nlist == 1)
			{
				arguments[count++] = keys->list[0];
				break;
			}
			alignment = lookup_type_cache(scan->key_type, 0)->typalign;
			arguments[count++] = PointerGetDatum(construct_array(keys->list, keys->nlist, scan->key_type,
																 scan->key_length, scan->key_by_value, alignment));
			break;
	}
	return count;
}

/*
 * How the tables of an input are read quietly: their first column, then those that
 * expressions name.  NULL where an ordinary query is needed: joins, partitions.
 */
static ClienteleQuietPlan *
make_quiet_plan(const ClienteleEngine *engine, const ClienteleInput *input, const AttrNumber *keys, const AttrNumber *first)
{
	ClienteleQuietTable *tables = palloc(sizeof(ClienteleQuietTable) * input->nparts);

	for (int part = 0; part < input->nparts; part++)
	{
		AttrNumber *columns = palloc(sizeof(AttrNumber) * (input->ncolumns + 1));

		if (input->parts[part]->joins != NIL)
			return NULL;
		columns[0] = first[part];
		for (int i = 0; i < input->ncolumns; i++)
			columns[i + 1] = input->columns[i].attributes[part];
		tables[part].relation = input->parts[part]->relation;
		tables[part].key = keys[part];
		tables[part].ncolumns = input->ncolumns + 1;
		tables[part].columns = columns;
	}
	return clientele_quiet_plan(input->nparts, tables, engine->key_type, input != &engine->parts->customers);
}

/*
 * One customer is read past the executor if an index finds him, and whatever it costs
 * where the caller's transaction would keep the trace of a query.
 */
static const ClienteleQuietPlan *
quiet_plan(ClienteleScan *scan, ClienteleInput *input, ClienteleShape shape, const AttrNumber *keys, const AttrNumber *first)
{
	if (shape != CLIENTELE_SHAPE_ONE)
		return NULL;
	if (!input->quiet_known)
	{
		MemoryContext caller = MemoryContextSwitchTo(scan->engine->parts->context);

		input->quiet = make_quiet_plan(scan->engine, input, keys, first);
		input->quiet_known = true;
		MemoryContextSwitchTo(caller);
	}
	return input->quiet && (clientele_quiet_is_indexed(input->quiet) || IsolationIsSerializable()) &&
		clientele_quiet_allowed(input->quiet) ? input->quiet : NULL;
}

static ClienteleStream *
open_customers(ClienteleScan *scan, ClienteleShape shape, const Datum *arguments, Snapshot snapshot)
{
	ClienteleEngine *engine = scan->engine;
	ClienteleInput *input = &engine->parts->customers;
	AttrNumber	key = input->quiet_known ? InvalidAttrNumber : get_attnum(engine->relation, engine->key_column);
	const ClienteleQuietPlan *quiet = quiet_plan(scan, input, shape, &key, &key);

	if (quiet)
		return clientele_stream_open_quiet(quiet, arguments[0], NULL, snapshot);
	return clientele_stream_open(clientele_customers_query(engine, shape), arguments, NULL, snapshot);
}

static ClienteleStream *
open_events(ClienteleScan *scan, ClienteleEngineSource *source, ClienteleShape shape, const Datum *arguments,
			const TimestampTz *bound, Snapshot snapshot)
{
	const ClienteleQuietPlan *quiet = quiet_plan(scan, &source->input, shape, source->key_attributes, source->time_attributes);

	if (quiet)
		return clientele_stream_open_quiet(quiet, arguments[0], bound, snapshot);
	return clientele_stream_open(clientele_events_query(scan->engine, source, shape), arguments, NULL, snapshot);
}

/* An instant before which events do not matter; false: there is none. */
typedef bool (*EventsBound) (const ClienteleEngineSource *source, const ClienteleFold *fold, TimestampTz *bound);

/*
 * Such an instant for all instants of a fold from the first to the last, if there is
 * one: the first one's.  Only where the calendar goes back a day before the last one,
 * later instants may look further back.
 */
static bool
earliest_bound_of(const ClienteleEngineSource *source, ClienteleFold *fold, EventsBound events_bound, TimestampTz first,
				  TimestampTz last, TimestampTz *bound)
{
	ClienteleDayClock *days = source->engine->parts->days;
	TimestampTz retreat;
	TimestampTz after;

	clientele_fold_set_clock(fold, first, days);
	retreat = fold->retreat;
	if (!events_bound(source, fold, bound))
		return false;
	if (retreat <= last)
	{
		clientele_fold_set_clock(fold, retreat, days);
		events_bound(source, fold, &after);
		clientele_fold_set_clock(fold, first, days);
		*bound = Min(*bound, after);
	}
	return true;
}

/* Such an instant for all of the scan, and for the past of levels that are kept. */
static bool
earliest_bound(ClienteleScan *scan, ClienteleEngineSource *source, EventsBound events_bound, TimestampTz last,
			   TimestampTz *bound)
{
	ListCell   *cell;

	if (!earliest_bound_of(source, &source->fold, events_bound, scan->as_of, last, bound))
		return false;
	foreach(cell, scan->engine->parts->kept)
	{
		ClienteleKeptLevel *kept = lfirst(cell);
		ClienteleFold *fold = clientele_kept_level_fold(kept, source);
		TimestampTz past;

		if (fold->nslots > 0 &&
			earliest_bound_of(source, fold, events_bound, clientele_kept_level_begins(kept, scan->as_of, last), last, &past))
			*bound = Min(*bound, past);
	}
	return true;
}

/* Events up to here exist at all instants that are looked at. */
static TimestampTz
always_present(const ClienteleScan *scan, const ClienteleEngineSource *source, TimestampTz last)
{
	TimestampTz present = source->fold.present;
	ListCell   *cell;

	foreach(cell, scan->engine->parts->kept)
		present = Min(present, clientele_kept_level_begins(lfirst(cell), scan->as_of, last) + source->fold.future_tolerance);
	return present;
}

static void
begin_events(ClienteleScan *scan, EventBlock *block, ClienteleEngineSource *source, ClienteleShape shape,
			 const Datum *key_arguments, int nargs, TimestampTz last, Snapshot snapshot)
{
	Datum		arguments[3];
	TimestampTz bound;
	bool		bounded = earliest_bound(scan, source, clientele_events_bound, last, &bound);

	block->source = source;
	block->context = AllocSetContextCreate(scan->context, "clientele events", ALLOCSET_DEFAULT_SIZES);
	block->run_keys = palloc(sizeof(Datum) * (shape == CLIENTELE_SHAPE_ONE ? 1 : CLIENTELE_EVENTS_CAPACITY));
	block->run_ends = palloc(sizeof(int) * (shape == CLIENTELE_SHAPE_ONE ? 1 : CLIENTELE_EVENTS_CAPACITY));
	memcpy(arguments, key_arguments, sizeof(Datum) * nargs);
	if (bounded)
		arguments[nargs] = TimestampTzGetDatum(bound);
	block->present = always_present(scan, source, last);
	if (!earliest_bound(scan, source, clientele_events_newest_bound, last, &block->newest_bound))
		block->newest_bound = DT_NOBEGIN;
	block->stream = open_events(scan, source, shape, arguments, bounded ? &bound : NULL, snapshot);
}

static void
release_engine(void *engine)
{
	((ClienteleEngine *) engine)->parts->in_use = false;
}

ClienteleScan *
clientele_scan_begin(ClienteleEngine *model, TimestampTz as_of, const ClienteleKeys *keys, Snapshot snapshot)
{
	return clientele_scan_begin_taken(clientele_engine_take(model, keys->kind == CLIENTELE_KEYS_ONE ?
															CLIENTELE_FOR_ONE : CLIENTELE_FOR_MANY),
									  as_of, keys, snapshot);
}

ClienteleScan *
clientele_scan_begin_taken(ClienteleEngine *engine, TimestampTz as_of, const ClienteleKeys *keys, Snapshot snapshot)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "clientele scan", ALLOCSET_DEFAULT_SIZES);
	MemoryContext old_context = MemoryContextSwitchTo(context);
	ClienteleScan *scan = palloc0(sizeof(ClienteleScan));
	ClienteleShape shape = shape_of(keys);
	ClienteleEngineParts *parts = engine->parts;
	TypeCacheEntry *type = lookup_type_cache(engine->key_type, TYPECACHE_CMP_PROC_FINFO);
	Datum		arguments[2];
	int			nargs;

	scan->engine = engine;
	scan->context = context;
	scan->release.func = release_engine;
	scan->release.arg = engine;
	MemoryContextRegisterResetCallback(context, &scan->release);
	parts->in_use = true;
	scan->by_place = shape >= CLIENTELE_SHAPE_LIST;
	scan->key_type = engine->key_type;
	scan->key_collation = engine->key_collation;
	fmgr_info_copy(&scan->compare, &type->cmp_proc_finfo, context);
	scan->key_by_value = type->typbyval;
	scan->key_length = type->typlen;
	scan->merge_keys = palloc(sizeof(Datum) * parts->capacity);
	scan->keys = palloc(sizeof(Datum) * parts->capacity);
	scan->due = palloc(sizeof(TimestampTz) * parts->capacity);
	scan->tag_words = (engine->ntags + 63) / 64;
	scan->tags = palloc(sizeof(uint64) * Max(scan->tag_words, 1) * parts->capacity);
	scan->array = room_for_tags(engine);
	scan->no_tags = construct_empty_array(TEXTOID);

	scan->forgotten = clientele_forgotten_get(engine->population_id, engine->key_type, snapshot);

	scan->instants = keys->instants;
	set_clock(scan, as_of);
	nargs = key_arguments(scan, keys, arguments);
	scan->customers = open_customers(scan, shape, arguments, snapshot);
	scan->sources = palloc0(sizeof(EventBlock) * Max(parts->nsources, 1));
	for (int i = 0; i < parts->nsources; i++)
	{
		if (parts->sources[i].fold.nslots > 0)
			begin_events(scan, &scan->sources[scan->nsources++], &parts->sources[i], shape, arguments, nargs,
						 keys->instants ? keys->instants[keys->nlist - 1] : as_of, snapshot);
	}
	if (parts->by_hand)
		begin_events(scan, &scan->statements, &parts->by_hand->source, shape, arguments, nargs, as_of, snapshot);
	MemoryContextSwitchTo(old_context);
	return scan;
}

void
clientele_scan_suppose(ClienteleScan *scan, const ClienteleSupposition *supposed)
{
	Assert(scan->engine->parts->capacity == 1);
	scan->supposed = supposed;
}

void
clientele_scan_end(ClienteleScan *scan)
{
	clientele_stream_close(scan->customers);
	for (int i = 0; i < scan->nsources; i++)
		clientele_stream_close(scan->sources[i].stream);
	if (scan->statements.stream)
		clientele_stream_close(scan->statements.stream);
	MemoryContextDelete(scan->context);
}
