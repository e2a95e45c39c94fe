/*
 * kept_level.c
 *		Levels that are kept: a ladder's or a card's label is the best that its rules
 *		have given since some day began.
 *
 * Levels are numbered from the best, 0, on; what has no label is below all of them.
 * A stretch is a time during which the rules give one level: from an instant up to
 * its horizon, where the next stretch begins.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "compat.h"
#include "engine/kept_level.h"

/* Beyond so many stretches ahead a horizon is taken that is early; who explains goes on. */
#define STRETCHES_AHEAD 100
#define STRETCHES_EXPLAINED 10000

/* Room for more events than this is freed after a block of customers. */
#define MANY_EVENTS (64 * CLIENTELE_EVENTS_CAPACITY)

/* Who explains looks so far back for when a level began. */
#define FURTHER_BACK (10 * (int64) 366 * USECS_PER_DAY)

/* No instant of the past is looked at before 1 January 4700 BC. */
#define EARLIEST (MIN_TIMESTAMP + 15 * (int64) 366 * USECS_PER_DAY)

/* A register of events that a fold of the past reads. */
typedef struct EventColumn
{
	const ClienteleCell *from;	/* in the block that is being read */
	ClienteleType type;			/* of what may point elsewhere; else ANY */
	ClienteleCell *cells;		/* of all customers of the block */
} EventColumn;

/* What a kept level remembers of a source. */
typedef struct KeptSource
{
	/* what changes place with the source's own while the past is bound */
	ClienteleFold fold;
	int			slots_allocated;
	int			windows_allocated;
	const char **slot_texts;
	ClienteleType *slot_types;

	int			ncolumns;
	EventColumn *columns;
	int		  **reads;			/* by slot: columns of argument, by and condition; -1: none */
	ClienteleEvents events;		/* of the customers of a block, one after the other */
	int			count;
	int			allocated;
	int		   *ends;			/* by row */
} KeptSource;

/* A column of the customer: in the block, and for the past. */
typedef struct CustomerColumn
{
	const ClienteleCell *from;
	ClienteleCell *cells;
} CustomerColumn;

struct ClienteleKeptLevel
{
	ClienteleEngineParts *parts;
	ClienteleEngineModel *model;	/* whose definition it is */
	int			definition;		/* its number */
	const ClienteleKeep *keep;
	int			number;			/* of its demote_after */
	int			nlevels;
	text	  **labels;
	const ClienteleCell *by_rules;	/* the label of now ... */
	ClienteleCell *level;		/* ... and the one that is kept */

	/* what changes place with that of ->parts while the past is bound */
	int			capacity;
	ClienteleBinder *binder;
	ClienteleProgram *program;
	ClienteleEngineDefinition *definitions;
	List	   *variant_numbers;

	const ClienteleCell *past;	/* the label, in ->program */
	int			ncolumns;
	CustomerColumn *columns;
	KeptSource *sources;		/* by number */
	MemoryContext context;		/* what one evaluation needs */
	ClienteleMoment moment;		/* that ->program and the folds are run at */

	TimestampTz as_of;			/* of the block ... */
	TimestampTz begins;			/* ... and the first instant that counts then */
	int			level_by_rules; /* of the latest customer ... */
	ClienteleKeptAnswer answer; /* ... and what else is known of him */
};

/* What has been seen of the stretches, in their order. */
typedef struct Trail
{
	int			best;
	TimestampTz since;			/* of the last stretches with it, one after another: when
								 * they began ... */
	TimestampTz until;			/* ... and ended */
} Trail;

/* ---------- binding ---------- */

static void
refuse_nested(const ClienteleEngineParts *parts, int definition)
{
	const char *outer = parts->model->definitions[parts->past->definition].name;
	const char *inner = parts->model->definitions[definition].name;

	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("the level \"%s\" is kept, but rests on \"%s\", which is kept, too", outer, inner),
			 errhint("Let only one of them be kept, or write the rules of \"%s\" with what \"%s\" rests on.", outer, inner)));
}

/* The number of demote_after, which may be a parameter's. */
static int
resolve_number(const ClienteleModel *model, const ClienteleKeep *keep)
{
	const char *text = keep->number->kind == CLIENTELE_NODE_NUMBER ? keep->number->string : NULL;
	char	   *end;
	long		number;

	for (int i = 0; text == NULL && i < model->ndefinitions; i++)
	{
		const ClienteleDefinition *parameter = &model->definitions[i];

		if (parameter->kind != CLIENTELE_PARAMETER || strcmp(parameter->name, keep->number->string) != 0)
			continue;
		if (parameter->nbranches > 0)
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("a level cannot be kept for %s, which is not the same in all branches", keep->demote_after),
					 errhint("Set a parameter of its own, without branches.")));
		text = parameter->expression;
	}
	if (text == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("%s is no parameter", quote_identifier(keep->number->string)),
				 errhint("Set it: SELECT set_parameter('...', '%s', 12).", keep->number->string)));
	number = strtol(text, &end, 10);
	if (*end != '\0' || number < 1 || number > 999999)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a level cannot be kept for %s", keep->number->kind == CLIENTELE_NODE_NUMBER ? keep->demote_after :
						psprintf("%s, which is %s", keep->demote_after, text)),
				 errhint("A length is a whole number from 1 to 999999.")));
	return (int) number;
}

static void
list_levels(ClienteleKeptLevel *kept, const ClienteleDefinition *definition)
{
	kept->nlevels = definition->card ? definition->card->ntiers : definition->nrungs;
	kept->labels = palloc(mul_size(sizeof(text *), Max(kept->nlevels, 1)));
	for (int i = 0; i < kept->nlevels; i++)
		kept->labels[i] = cstring_to_text(definition->card ? definition->card->tiers[i].label : definition->rungs[i].label);
}

static void keep_block(void *argument, int nrows);

void
clientele_kept_level_bind(ClienteleEngineParts *parts, int number)
{
	const ClienteleDefinition *definition = &parts->model->definitions[number];
	ClienteleEngineDefinition *bound = &parts->definitions[number];
	ClienteleKeptLevel *kept;

	if (parts->past)
	{
		if (parts->past->definition != number)
			refuse_nested(parts, number);
		return;
	}
	kept = palloc0(sizeof(ClienteleKeptLevel));
	kept->parts = parts;
	kept->model = parts->bound_model;
	kept->definition = number;
	kept->keep = definition->keep;
	kept->number = definition->keep->number ? resolve_number(parts->model, definition->keep) : 0;
	list_levels(kept, definition);
	kept->moment.at = kept->as_of = DT_NOBEGIN;
	kept->by_rules = bound->cells;
	kept->level = clientele_bind_register(parts->binder);
	clientele_bind_call(parts->binder, keep_block, kept);
	bound->cells = kept->level;
	bound->kept = kept;
	parts->kept = lappend(parts->kept, kept);
}

#define EXCHANGE(type, a, b) \
	do { type exchanged_ = (a); (a) = (b); (b) = exchanged_; } while (0)

/* The past comes to stand where the present is bound, or leaves again. */
static void
exchange(ClienteleKeptLevel *kept)
{
	ClienteleEngineParts *parts = kept->parts;

	EXCHANGE(int, kept->capacity, parts->capacity);
	EXCHANGE(ClienteleBinder *, kept->binder, parts->binder);
	EXCHANGE(ClienteleProgram *, kept->program, parts->program);
	EXCHANGE(ClienteleEngineDefinition *, kept->definitions, parts->definitions);
	EXCHANGE(List *, kept->variant_numbers, parts->variant_numbers);
	for (int i = 0; i < parts->nsources; i++)
	{
		KeptSource *past = &kept->sources[i];
		ClienteleEngineSource *source = &parts->sources[i];

		EXCHANGE(ClienteleFold, past->fold, source->fold);
		EXCHANGE(int, past->slots_allocated, source->slots_allocated);
		EXCHANGE(int, past->windows_allocated, source->windows_allocated);
		EXCHANGE(const char **, past->slot_texts, source->slot_texts);
		EXCHANGE(ClienteleType *, past->slot_types, source->slot_types);
	}
}

static void
begin_past(ClienteleKeptLevel *kept)
{
	ClienteleEngineParts *parts = kept->parts;

	kept->capacity = 1;
	kept->binder = clientele_bind_begin(&parts->scope, 1, true);
	kept->definitions = palloc0(mul_size(sizeof(ClienteleEngineDefinition), parts->model->ndefinitions));
	kept->context = AllocSetContextCreate(parts->context, "clientele past", ALLOCSET_DEFAULT_SIZES);
	kept->sources = palloc0(mul_size(sizeof(KeptSource), Max(parts->nsources, 1)));
	for (int i = 0; i < parts->nsources; i++)
	{
		KeptSource *past = &kept->sources[i];
		const ClienteleFold *fold = &parts->sources[i].fold;

		past->slots_allocated = past->windows_allocated = 4;
		past->fold.slots = palloc(sizeof(ClienteleSlot) * past->slots_allocated);
		past->fold.windows = palloc(sizeof(ClienteleFoldWindow) * past->windows_allocated);
		past->slot_texts = palloc(sizeof(char *) * past->slots_allocated);
		past->slot_types = palloc(sizeof(ClienteleType) * past->slots_allocated);
		past->fold.future_tolerance = fold->future_tolerance;
		past->fold.disorder = fold->disorder;
	}
}

ClienteleCell *
clientele_kept_level_column(ClienteleKeptLevel *kept, const ClienteleCell *cells)
{
	CustomerColumn *added;

	for (int i = 0; i < kept->ncolumns; i++)
	{
		if (kept->columns[i].from == cells)
			return kept->columns[i].cells;
	}
	kept->columns = kept->columns == NULL ? palloc(sizeof(CustomerColumn)) :
		repalloc(kept->columns, mul_size(sizeof(CustomerColumn), kept->ncolumns + 1));
	added = &kept->columns[kept->ncolumns++];
	added->from = cells;
	added->cells = clientele_bind_register(kept->parts->binder);
	return added->cells;
}

/* The number of the column that a register of events becomes; -1: there is none. */
static int
use_event_column(KeptSource *past, const ClienteleCell *from, ClienteleType type)
{
	EventColumn *added;

	if (from == NULL)
		return -1;
	for (int i = 0; i < past->ncolumns; i++)
	{
		if (past->columns[i].from == from)
			return i;
	}
	added = &past->columns[past->ncolumns];
	added->from = from;
	added->type = type == CLIENTELE_TEXT || type == CLIENTELE_NUMBER ? type : CLIENTELE_ANY;
	added->cells = NULL;
	return past->ncolumns++;
}

static void
end_past_source(ClienteleKeptLevel *kept, KeptSource *past)
{
	ClienteleFold *fold = &past->fold;

	past->columns = palloc(mul_size(sizeof(EventColumn), Max(3 * fold->nslots, 1)));
	past->reads = palloc(mul_size(sizeof(int *), Max(fold->nslots, 1)));
	for (int i = 0; i < fold->nslots; i++)
	{
		ClienteleSlot *slot = &fold->slots[i];

		past->reads[i] = palloc(3 * sizeof(int));
		past->reads[i][0] = use_event_column(past, slot->argument, slot->argument_type);
		past->reads[i][1] = use_event_column(past, slot->by, CLIENTELE_NUMBER);
		past->reads[i][2] = use_event_column(past, slot->condition, CLIENTELE_BOOLEAN);
		slot->until = clientele_horizons(kept->program, slot->result);
	}
	past->ends = palloc0(mul_size(sizeof(int), kept->parts->capacity));
	fold->block_context = kept->context;
	clientele_fold_prepare(fold);
}

void
clientele_kept_levels_bind_past(ClienteleEngineParts *parts)
{
	ListCell   *cell;

	foreach(cell, parts->kept)
	{
		ClienteleKeptLevel *kept = lfirst(cell);

		clientele_engine_use_model(parts, kept->model);
		begin_past(kept);
		parts->past = kept;
		exchange(kept);
		clientele_engine_bind_definition(parts, kept->definition);
		kept->past = parts->definitions[kept->definition].cells;
		parts->program = clientele_bind_end(parts->binder);
		clientele_engine_add_crossings(parts);
		exchange(kept);
		parts->past = NULL;
		for (int i = 0; i < parts->nsources; i++)
			end_past_source(kept, &kept->sources[i]);
	}
	clientele_engine_use_model(parts, parts->models);
}

const ClienteleMoment *
clientele_kept_level_moment(const ClienteleKeptLevel *kept)
{
	return &kept->moment;
}

/* ---------- events ---------- */

ClienteleFold *
clientele_kept_level_fold(ClienteleKeptLevel *kept, const ClienteleEngineSource *source)
{
	kept->moment.at = DT_NOBEGIN;	/* the caller may set its clock */
	return &kept->sources[source - kept->parts->sources].fold;
}

static void
free_room(KeptSource *past)
{
	pfree(past->events.at);
	past->events.at = NULL;
	for (int i = 0; i < past->ncolumns; i++)
	{
		pfree(past->columns[i].cells);
		past->columns[i].cells = NULL;
	}
	past->allocated = 0;
}

/* What an exceptional customer needed is not kept for all others. */
void
clientele_kept_levels_begin_block(ClienteleEngineParts *parts)
{
	ListCell   *cell;

	foreach(cell, parts->kept)
	{
		ClienteleKeptLevel *kept = lfirst(cell);

		for (int i = 0; i < parts->nsources; i++)
		{
			kept->sources[i].count = 0;
			if (kept->sources[i].allocated > MANY_EVENTS)
				free_room(&kept->sources[i]);
		}
	}
}

/* Makes room, and has the slots read from where the columns are now. */
static void
make_room(ClienteleKeptLevel *kept, KeptSource *past, int count)
{
	ClienteleFold *fold = &past->fold;
	MemoryContext caller;

	if (count <= past->allocated)
		return;
	caller = MemoryContextSwitchTo(kept->parts->context);
	past->allocated = Max(Max(count, 2 * past->allocated), CLIENTELE_EVENTS_CAPACITY);
	past->events.at = past->events.at == NULL ? palloc_extended(mul_size(sizeof(TimestampTz), past->allocated), MCXT_ALLOC_HUGE) :
		repalloc_huge(past->events.at, mul_size(sizeof(TimestampTz), past->allocated));
	for (int i = 0; i < past->ncolumns; i++)
	{
		ClienteleCell **cells = &past->columns[i].cells;

		*cells = *cells == NULL ? palloc_extended(mul_size(sizeof(ClienteleCell), past->allocated), MCXT_ALLOC_HUGE) :
			repalloc_huge(*cells, mul_size(sizeof(ClienteleCell), past->allocated));
	}
	for (int i = 0; i < fold->nslots; i++)
	{
		const int  *reads = past->reads[i];
		ClienteleSlot *slot = &fold->slots[i];

		slot->argument = reads[0] < 0 ? NULL : past->columns[reads[0]].cells;
		slot->by = reads[1] < 0 ? NULL : past->columns[reads[1]].cells;
		slot->condition = reads[2] < 0 ? NULL : past->columns[reads[2]].cells;
	}
	MemoryContextSwitchTo(caller);
}

/* What points into the block of events, which will be read over, is copied. */
static void
copy_values(const EventColumn *column, int first, int count)
{
	for (int i = first; i < first + count; i++)
	{
		ClienteleCell *cell = &column->cells[i];

		if (cell->state == CLIENTELE_NULL)
			continue;
		if (column->type == CLIENTELE_TEXT)
		{
			text	   *copy = palloc(VARSIZE_ANY(cell->u.text));

			memcpy(copy, cell->u.text, VARSIZE_ANY(cell->u.text));
			cell->u.text = copy;
		}
		else if (cell->scale == CLIENTELE_DECIMAL_IS_NUMERIC)
			cell->u.numeric = DatumGetNumericCopy(NumericGetDatum(cell->u.numeric));
	}
}

/* The caller's memory lasts as long as the block of customers. */
void
clientele_kept_levels_add_events(ClienteleEngineSource *source, int from, int to)
{
	ClienteleEngineParts *parts = source->engine->parts;
	int			count = to - from;
	ListCell   *cell;

	foreach(cell, parts->kept)
	{
		ClienteleKeptLevel *kept = lfirst(cell);
		KeptSource *past = &kept->sources[source - parts->sources];

		if (past->fold.nslots == 0)
			continue;
		make_room(kept, past, past->count + count);
		memcpy(&past->events.at[past->count], &source->events.at[from], sizeof(TimestampTz) * count);
		for (int i = 0; i < past->ncolumns; i++)
		{
			memcpy(&past->columns[i].cells[past->count], &past->columns[i].from[from], sizeof(ClienteleCell) * count);
			if (past->columns[i].type != CLIENTELE_ANY)
				copy_values(&past->columns[i], past->count, count);
		}
		past->count += count;
	}
}

void
clientele_kept_levels_end_events(ClienteleEngineSource *source, int row)
{
	ClienteleEngineParts *parts = source->engine->parts;
	ListCell   *cell;

	foreach(cell, parts->kept)
	{
		KeptSource *past = &((ClienteleKeptLevel *) lfirst(cell))->sources[source - parts->sources];

		past->ends[row] = past->count;
	}
}

/* ---------- one instant ---------- */

static int
level_of(const ClienteleKeptLevel *kept, const ClienteleCell *label)
{
	int			level = 0;

	if (label->state == CLIENTELE_NULL)
		return kept->nlevels;
	while (clientele_compare_text(label->u.text, kept->labels[level]) != 0)
		level++;
	return level;
}

static void
set_clock(ClienteleKeptLevel *kept, TimestampTz instant)
{
	ClienteleEngineParts *parts = kept->parts;
	ClienteleClock clock = {true, instant, parts->zone};

	if (kept->moment.at == instant)
		return;
	kept->moment.at = DT_NOBEGIN;
	clientele_program_set_clock(kept->program, &clock);
	for (int i = 0; i < parts->nsources; i++)
	{
		if (kept->sources[i].fold.nslots > 0)
			clientele_fold_set_clock(&kept->sources[i].fold, instant, parts->days);
	}
	kept->moment.at = instant;
}

/* The level that the rules give at an instant, and until when. */
static int
level_at(ClienteleKeptLevel *kept, int row, TimestampTz instant, TimestampTz *until)
{
	CHECK_FOR_INTERRUPTS();
	MemoryContextReset(kept->context);
	kept->moment.row = row;
	set_clock(kept, instant);
	for (int i = 0; i < kept->parts->nsources; i++)
	{
		KeptSource *past = &kept->sources[i];
		int			first = row == 0 ? 0 : past->ends[row - 1];

		if (past->fold.nslots == 0)
			continue;
		clientele_fold_begin(&past->fold);
		if (past->ends[row] > first)
			clientele_fold_events(&past->fold, &past->events, first, past->ends[row]);
		clientele_fold_finish(&past->fold, 0);
	}
	clientele_program_run(kept->program, 1);
	*until = clientele_horizons(kept->program, kept->past)[0];
	if (*until <= instant)
		elog(ERROR, "a horizon does not lie ahead");
	return level_of(kept, kept->past);
}

/* ---------- what counts ---------- */

static inline bool
explains(const ClienteleKeptLevel *kept)
{
	return kept->parts->purpose == CLIENTELE_TO_EXPLAIN;
}

/* The first instant of the first day that counts. */
static TimestampTz
begins_at(const ClienteleKeptLevel *kept, TimestampTz instant)
{
	ClienteleDayClock *days = kept->parts->days;
	DateADT		day = clientele_keep_first_day(kept->keep, kept->number, clientele_day_at(days, instant));

	return Max(clientele_day_begin(days, day)->first, EARLIEST);
}

TimestampTz
clientele_kept_level_begins(const ClienteleKeptLevel *kept, TimestampTz as_of, TimestampTz last)
{
	TimestampTz retreat = clientele_day_retreat(kept->parts->days, as_of);
	TimestampTz begins = begins_at(kept, as_of);

	/* where the calendar goes back a day, so does the first that counts */
	if (retreat <= last)
		begins = Min(begins, begins_at(kept, retreat));
	return explains(kept) ? Max(begins - FURTHER_BACK, EARLIEST) : begins;
}

/* When an instant, which counts now, will not any more. */
static TimestampTz
lapses_at(const ClienteleKeptLevel *kept, TimestampTz instant)
{
	ClienteleDayClock *days = kept->parts->days;
	DateADT		first_day;

	if (TIMESTAMP_IS_NOEND(instant))
		return DT_NOEND;

	/* it counts, so that its day or a later one has come before */
	first_day = clientele_keep_first_day(kept->keep, kept->number, clientele_day_at(days, kept->as_of));
	return clientele_day_comes(days, clientele_keep_lapses_on(kept->keep, kept->number,
															  Max(first_day, clientele_day_at(days, instant))),
							   kept->as_of);
}

/* ---------- one customer ---------- */

static void
note_stretch(Trail *trail, int level, TimestampTz from, TimestampTz until)
{
	if (level > trail->best)
		return;
	if (level < trail->best || from > trail->until)
		trail->since = from;
	trail->best = level;
	trail->until = until;
}

static void
look_back(ClienteleKeptLevel *kept, int row, Trail *trail)
{
	TimestampTz until;

	for (TimestampTz from = kept->begins; from < kept->as_of; from = until)
	{
		int			level = level_at(kept, row, from, &until);

		note_stretch(trail, level, from, until);
	}
}

/* When the level began, of which nothing before ->begins counts. */
static void
look_further_back(ClienteleKeptLevel *kept, int row, Trail *trail)
{
	TimestampTz first = Max(kept->begins - FURTHER_BACK, EARLIEST);
	TimestampTz since = kept->begins;
	TimestampTz until;

	for (TimestampTz from = first; from < kept->begins; from = until)
	{
		if (level_at(kept, row, from, &until) > trail->best)
			since = kept->begins;
		else
			since = Min(since, from);
	}
	trail->since = since;
	kept->answer.since_earlier = since == first;
}

/*
 * Until when the level stays what it is, by time alone: the rules give a better one, or
 * the last instant of this one lapses.  Who explains wants to know also until when it is
 * not lost, although there is a better one before.
 */
static TimestampTz
look_ahead(ClienteleKeptLevel *kept, int row, const Trail *trail, TimestampTz from)
{
	TimestampTz changes = DT_NOEND;
	TimestampTz lapses = TIMESTAMP_IS_NOEND(trail->until) ? DT_NOEND : lapses_at(kept, trail->until - 1);
	int			most = explains(kept) ? STRETCHES_EXPLAINED : STRETCHES_AHEAD;

	for (int i = 0; from <= lapses && !TIMESTAMP_IS_NOEND(from); i++)
	{
		TimestampTz until;
		int			level;

		if (i == most)
		{
			lapses = from;
			break;
		}
		level = level_at(kept, row, from, &until);
		if (level < trail->best)
			changes = Min(changes, from);
		if (level < trail->best && !explains(kept))
			return changes;
		if (level <= trail->best)
			lapses = TIMESTAMP_IS_NOEND(until) ? DT_NOEND : lapses_at(kept, until - 1);
		from = until;
	}
	kept->answer.safe_until = lapses;
	return Min(changes, lapses);
}

static void
keep_level(ClienteleKeptLevel *kept, int row)
{
	ClienteleEngineParts *parts = kept->parts;
	int			by_rules = level_of(kept, &kept->by_rules[row]);
	TimestampTz by_rules_until = clientele_horizons(parts->program, kept->by_rules)[row];
	TimestampTz until;
	Trail		trail = {kept->nlevels, kept->as_of, DT_NOBEGIN};

	for (int i = 0; i < kept->ncolumns; i++)
		kept->columns[i].cells[0] = kept->columns[i].from[row];

	/* better than the best is nothing */
	if (by_rules > 0 || explains(kept))
		look_back(kept, row, &trail);
	note_stretch(&trail, by_rules, kept->as_of, by_rules_until);
	kept->answer.since_earlier = false;
	if (explains(kept) && trail.since == kept->begins)
		look_further_back(kept, row, &trail);
	until = Min(look_ahead(kept, row, &trail, by_rules_until), clientele_day_retreat(parts->days, kept->as_of));

	kept->level[row].state = CLIENTELE_NULL;
	if (trail.best < kept->nlevels)
		clientele_cell_set_text(&kept->level[row], kept->labels[trail.best]);
	clientele_horizons(parts->program, kept->level)[row] = until;

	kept->answer.since = trail.best < kept->nlevels ? trail.since : DT_NOBEGIN;
	kept->level_by_rules = by_rules;
	kept->answer.by_rules_until = by_rules_until;
}

static void
keep_block(void *argument, int nrows)
{
	ClienteleKeptLevel *kept = argument;
	MemoryContext caller = MemoryContextSwitchTo(kept->context);

	if (kept->as_of != kept->parts->program->as_of)
	{
		kept->as_of = kept->parts->program->as_of;
		kept->begins = begins_at(kept, kept->as_of);
	}
	for (int row = 0; row < nrows; row++)
		keep_level(kept, row);
	MemoryContextSwitchTo(caller);
}

ClienteleKeptAnswer
clientele_kept_level_explain(ClienteleKeptLevel *kept)
{
	ClienteleKeptAnswer answer = kept->answer;

	if (kept->level_by_rules < kept->nlevels)
		answer.by_rules = text_to_cstring(kept->labels[kept->level_by_rules]);
	return answer;
}
