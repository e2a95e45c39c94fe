/*
 * fold.c
 *		Folding: the events of one customer become the values of all aggregates
 *		over their source, in one pass.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "common/int.h"
#include "storage/shmem.h"
#include "utils/memutils.h"

#include "engine/fold.h"

/* Up to this many distinct values, looking at each is faster than hashing. */
#define FEW_VALUES 8

/* Some events of a block, newest first. */
typedef struct Stretch
{
	const int  *rows;			/* NULL: those from `first` on */
	int			first;
	int			count;
} Stretch;

#define FOR_EACH_EVENT(i, stretch) \
	for (int k_ = 0, i; \
		 k_ < (stretch).count && ((i) = (stretch).rows ? (stretch).rows[k_] : (stretch).first + k_, true); \
		 k_++)

/* ---------- preparing ---------- */

void
clientele_fold_prepare(ClienteleFold *fold)
{
	fold->counting = palloc(sizeof(int) * CLIENTELE_EVENTS_CAPACITY);
	fold->entering = palloc(sizeof(int) * CLIENTELE_EVENTS_CAPACITY);
	for (int w = 0; w < fold->nwindows; w++)
	{
		ClienteleFoldWindow *window = &fold->windows[w];

		window->nslots = 0;
		window->slots = palloc(mul_size(sizeof(ClienteleSlot *), Max(fold->nslots, 1)));
		for (int s = 0; s < fold->nslots; s++)
		{
			if (fold->slots[s].window == w)
				window->slots[window->nslots++] = &fold->slots[s];
		}
	}
}

/* ---------- the clock ---------- */

/* Events from that day on: sets where it begins, and from where on it is certain. */
static void
set_day_bound(const ClienteleFold *fold, DateADT day, TimestampTz *begins, TimestampTz *settled)
{
	const ClienteleDayBegin *begin = clientele_day_begin(fold->days, day);

	*begins = begin->first;
	*settled = begin->settled;
}

/* The last day of a length of calendar time, and the first after it. */
static DateADT
day_after(const ClienteleFold *fold, ClienteleLength length)
{
	DateADT		day = clientele_day_before(fold->today, length.unit, length.number);

	return DATE_NOT_FINITE(day) ? day : day + 1;
}

/* Lengths are below a million hours, so that only the end of time is near. */
static TimestampTz
hours_before(TimestampTz instant, int64 hours)
{
	return instant - hours * USECS_PER_HOUR;
}

static TimestampTz
hours_after(TimestampTz instant, int64 hours)
{
	TimestampTz result;

	return pg_add_s64_overflow(instant, hours * USECS_PER_HOUR, &result) ? DT_NOEND : result;
}

static void
set_window(ClienteleFold *fold, ClienteleFoldWindow *window)
{
	window->has_low = window->kind != CLIENTELE_WINDOW_ALL;
	window->has_high = window->kind == CLIENTELE_WINDOW_BETWEEN;
	window->low_is_day = window->kind == CLIENTELE_WINDOW_SINCE || window->from.unit != CLIENTELE_HOURS;
	window->high_is_day = window->to.unit != CLIENTELE_HOURS;

	/* t > as_of - hours: from the microsecond after it */
	if (window->has_low && window->low_is_day)
	{
		window->low_day = window->kind == CLIENTELE_WINDOW_SINCE ? window->since : day_after(fold, window->from);
		set_day_bound(fold, window->low_day, &window->low, &window->low_settled);
	}
	else if (window->has_low)
		window->low = window->low_settled = hours_before(fold->as_of, window->from.number) + 1;
	else
		window->low = window->low_settled = DT_NOBEGIN;

	window->end = TIMESTAMP_IS_NOBEGIN(window->low) ? DT_NOBEGIN : window->low - fold->disorder;

	if (window->has_high && window->high_is_day)
	{
		window->high_day = day_after(fold, window->to);
		set_day_bound(fold, window->high_day, &window->high, &window->high_settled);
	}
	else if (window->has_high)
		window->high = window->high_settled = hours_before(fold->as_of, window->to.number) + 1;
	else
		window->high = window->high_settled = DT_NOEND;
	window->retreat = (window->has_low && window->low_is_day && window->kind != CLIENTELE_WINDOW_SINCE) ||
		(window->has_high && window->high_is_day) ? fold->retreat : DT_NOEND;
}

/* Whether a window is where it was at another instant of the same day. */
static bool
lasts_all_day(const ClienteleFoldWindow *window)
{
	return window->low_is_day && (window->high_is_day || !window->has_high);
}

void
clientele_fold_set_clock(ClienteleFold *fold, TimestampTz as_of, ClienteleDayClock *days)
{
	DateADT		today = clientele_day_at(days, as_of);
	bool		same_day = fold->days == days && fold->today == today &&
		as_of >= fold->as_of && as_of < fold->retreat;

	fold->as_of = as_of;
	fold->today = today;
	fold->present = as_of + fold->future_tolerance;
	fold->days = days;
	fold->retreat = clientele_day_retreat(days, as_of);
	for (int w = 0; w < fold->nwindows; w++)
	{
		if (!same_day || !lasts_all_day(&fold->windows[w]))
			set_window(fold, &fold->windows[w]);
	}
}

/* ---------- windows ---------- */

/* Does not count yet: in the future, or not old enough for the window. */
static inline bool
is_entering(const ClienteleFold *fold, const ClienteleFoldWindow *window, TimestampTz at)
{
	if (at > fold->present)
		return true;
	if (at < window->high)
		return false;
	return at >= window->high_settled || clientele_day_at(fold->days, at) >= window->high_day;
}

static inline bool
is_too_old(const ClienteleFold *fold, const ClienteleFoldWindow *window, TimestampTz at)
{
	if (at >= window->low_settled)
		return false;
	return at < window->low || clientele_day_at(fold->days, at) < window->low_day;
}

/*
 * Finds which of a customer's events count in the window, and which will.  Where
 * the zone's calendar never goes backwards near the bounds, and events are in
 * perfect order, both are stretches.
 */
static void
look_through(ClienteleFold *fold, const ClienteleFoldWindow *window, const ClienteleEvents *events,
			 int from, int to, Stretch *counting, Stretch *entering)
{
	int			i = from;

	if (window->low == window->low_settled && window->high == window->high_settled && fold->disorder == 0)
	{
		TimestampTz last = Min(fold->present, window->high - 1);

		while (i < to && events->at[i] > last)
			i++;
		*entering = (Stretch) {NULL, from, i - from};
		counting->rows = NULL;
		counting->first = i;
		if (window->low == DT_NOBEGIN)
			i = to;
		while (i < to && events->at[i] >= window->low)
			i++;
		counting->count = i - counting->first;
		return;
	}

	*counting = (Stretch) {fold->counting, 0, 0};
	*entering = (Stretch) {fold->entering, 0, 0};
	for (; i < to; i++)
	{
		TimestampTz at = events->at[i];

		if (at < window->end)
			break;
		if (is_entering(fold, window, at))
			fold->entering[entering->count++] = i;
		else if (!is_too_old(fold, window, at))
			fold->counting[counting->count++] = i;
	}
}

/* The first day on which a length of days has passed since an event. */
static int64
day_of_age(const ClienteleFold *fold, TimestampTz at, ClienteleLength length)
{
	return clientele_first_day_since(clientele_day_at(fold->days, at), length.unit, length.number);
}

static bool
has_passed(const ClienteleFold *fold, TimestampTz at, ClienteleLength length)
{
	return day_of_age(fold, at, length) <= fold->today;
}

/* When it will have. */
static TimestampTz
day_comes(const ClienteleFold *fold, TimestampTz at, ClienteleLength length)
{
	return clientele_day_comes(fold->days, day_of_age(fold, at, length), fold->as_of);
}

/* When an event of that time will leave the window. */
static TimestampTz
leaves_at(const ClienteleFold *fold, const ClienteleFoldWindow *window, TimestampTz at)
{
	if (window->kind == CLIENTELE_WINDOW_ALL || window->kind == CLIENTELE_WINDOW_SINCE || TIMESTAMP_NOT_FINITE(at))
		return DT_NOEND;
	if (!window->low_is_day)
		return hours_after(at, window->from.number);
	return day_comes(fold, at, window->from);
}

/* When an event that does not count yet will. */
static TimestampTz
enters_at(const ClienteleFold *fold, const ClienteleFoldWindow *window, TimestampTz at)
{
	TimestampTz exists;
	TimestampTz old_enough = DT_NOBEGIN;

	if (TIMESTAMP_NOT_FINITE(at))
		return DT_NOEND;
	exists = at - fold->future_tolerance;
	if (window->has_high && !window->high_is_day)
		old_enough = hours_after(at, window->to.number);
	/* one of later today may be old enough already */
	else if (window->has_high && !has_passed(fold, at, window->to))
		old_enough = day_comes(fold, at, window->to);
	return Max(Max(exists, old_enough), fold->as_of + 1);
}

/* ---------- one event ---------- */

static inline bool
event_counts(const ClienteleSlot *slot, int i)
{
	return (slot->condition == NULL || slot->condition[i].state == CLIENTELE_TRUE) &&
		(slot->argument == NULL || slot->argument[i].state != CLIENTELE_NULL);
}

/* A copy that outlives the block of events. */
static ClienteleCell
keep_cell(ClienteleFold *fold, ClienteleType type, const ClienteleCell *cell)
{
	ClienteleCell kept = *cell;
	MemoryContext old_context;

	if (type == CLIENTELE_TEXT)
	{
		kept.u.text = MemoryContextAlloc(fold->block_context, VARSIZE_ANY(cell->u.text));
		memcpy(kept.u.text, cell->u.text, VARSIZE_ANY(cell->u.text));
	}
	else if (type == CLIENTELE_NUMBER && cell->scale == CLIENTELE_DECIMAL_IS_NUMERIC)
	{
		old_context = MemoryContextSwitchTo(fold->block_context);
		kept.u.numeric = DatumGetNumericCopy(NumericGetDatum(cell->u.numeric));
		MemoryContextSwitchTo(old_context);
	}
	return kept;
}

static inline void
add_to_sum(ClienteleFold *fold, ClienteleDecimal *sum, bool *failed, const ClienteleCell *cell)
{
	MemoryContext old_context;
	int64		units;

	if (likely(cell->scale == sum->scale && cell->scale >= 0 &&
			   !pg_add_s64_overflow(sum->u.units, cell->u.integer, &units)))
	{
		sum->u.units = units;
		return;
	}
	old_context = MemoryContextSwitchTo(fold->block_context);
	if (!clientele_decimal_add(*sum, clientele_cell_number(cell), sum))
		*failed = true;
	MemoryContextSwitchTo(old_context);
}

/* ---------- crossings ---------- */

/* Rounds where that matters, and learns the scale that values have. */
static bool
crossing_holds_slow(ClienteleCrossing *crossing, ClienteleDecimal value)
{
	ClienteleDecimal unit = {{0}, value.scale};
	ClienteleDecimal scaled;

	if (value.scale >= 0 && (crossing->places < 0 || value.scale <= crossing->places) &&
		clientele_decimal_add(crossing->constant, unit, &scaled) && scaled.scale == value.scale)
		crossing->scaled = scaled;
	if (crossing->places >= 0 && clientele_decimal_scale(value) > crossing->places)
		value = clientele_decimal_round(value, crossing->places);
	return clientele_comparison_holds(crossing->comparison, clientele_decimal_compare(value, crossing->constant));
}

static inline bool
crossing_holds(ClienteleCrossing *crossing, ClienteleDecimal value)
{
	/* the constant in the values' own scale, once it is known */
	if (likely(value.scale == crossing->scaled.scale && value.scale >= 0))
		return clientele_comparison_holds(crossing->comparison,
								(value.u.units > crossing->scaled.u.units) - (value.u.units < crossing->scaled.u.units));
	return crossing_holds_slow(crossing, value);
}
static ClienteleDecimal
slot_number(const ClienteleSlot *slot)
{
	return slot->function == CLIENTELE_FN_SUM ? slot->sum : clientele_decimal_from_int64(slot->count);
}

/*
 * Before an event is added: what the truth will be once it and all older ones
 * have left.
 */
static inline void
note_crossings(ClienteleSlot *slot, TimestampTz at)
{
	for (int c = 0; c < slot->ncrossings; c++)
	{
		ClienteleCrossing *crossing = &slot->crossings[c];

		if (crossing_holds(crossing, slot_number(slot)))
			crossing->true_before = at;
		else
			crossing->false_before = at;
	}
}

/* True where what will come can only keep a truth as it is. */
static bool
entering_is_harmless(const ClienteleSlot *slot, const ClienteleCrossing *crossing, bool holds)
{
	if (slot->function == CLIENTELE_FN_SUM && slot->entering_negative)
		return false;
	switch (crossing->comparison)
	{
		case CLIENTELE_GT:
		case CLIENTELE_GE:
			return holds;
		case CLIENTELE_LT:
		case CLIENTELE_LE:
			return !holds;
		default:
			return false;
	}
}

static void
finish_crossings(ClienteleFold *fold, ClienteleSlot *slot, TimestampTz enters, int row)
{
	const ClienteleFoldWindow *window = &fold->windows[slot->window];

	for (int c = 0; c < slot->ncrossings; c++)
	{
		ClienteleCrossing *crossing = &slot->crossings[c];
		TimestampTz until;

		/* what leaves first is not certain where events are in disorder */
		if (slot->failed || (fold->disorder > 0 && !window->low_is_day))
			until = slot->until[row];
		else
		{
			bool		holds = crossing_holds(crossing, slot_number(slot));
			TimestampTz leaving = holds ? crossing->false_before : crossing->true_before;

			until = leaves_at(fold, window, leaving);
			if (!entering_is_harmless(slot, crossing, holds))
				until = Min(until, enters);
			until = Min(until, window->retreat);
		}
		crossing->until[row] = until;
	}
}

/* ---------- distinct values ---------- */

static uint32
hash_cell(ClienteleType type, const ClienteleCell *cell)
{
	ClienteleDecimal number;

	switch (type)
	{
		case CLIENTELE_TEXT:
			return hash_bytes((const unsigned char *) VARDATA_ANY(cell->u.text), VARSIZE_ANY_EXHDR(cell->u.text));
		case CLIENTELE_NUMBER:
			/* equal numbers may have different scales */
			number = clientele_decimal_trim(clientele_cell_number(cell));
			if (number.scale == CLIENTELE_DECIMAL_IS_NUMERIC)
			{
				char	   *text = clientele_decimal_to_string(number);
				uint32		hash = hash_bytes((const unsigned char *) text, strlen(text));

				pfree(text);
				return hash;
			}
			return hash_bytes_uint32((uint32) number.u.units ^ (uint32) (number.u.units >> 32) ^ number.scale);
		case CLIENTELE_BOOLEAN:
			return cell->state;
		default:
			return hash_bytes_uint32((uint32) cell->u.integer ^ (uint32) (cell->u.integer >> 32));
	}
}

static bool
same_value(ClienteleType type, const ClienteleCell *a, const ClienteleCell *b)
{
	if (type == CLIENTELE_BOOLEAN)
		return a->state == b->state;
	return clientele_compare_cells(type, a, b) == 0;
}

static int
compare_values(ClienteleType type, const ClienteleCell *a, const ClienteleCell *b)
{
	if (type == CLIENTELE_BOOLEAN)
		return (a->state > b->state) - (a->state < b->state);
	return clientele_compare_cells(type, a, b);
}

static void
put_into_bucket(ClienteleSlot *slot, int value)
{
	uint32		at = slot->values[value].hash & (slot->nbuckets - 1);

	while (slot->buckets[at] >= 0)
		at = (at + 1) & (slot->nbuckets - 1);
	slot->buckets[at] = value;
}

static void
rebuild_buckets(ClienteleFold *fold, ClienteleSlot *slot)
{
	slot->nbuckets = slot->values_allocated * 2;
	slot->buckets = MemoryContextAllocHuge(fold->block_context, mul_size(sizeof(int), slot->nbuckets));
	memset(slot->buckets, -1, mul_size(sizeof(int), slot->nbuckets));
	for (int i = 0; i < slot->nvalues; i++)
		put_into_bucket(slot, i);
}

static ClienteleFoldValue *
add_value(ClienteleFold *fold, ClienteleSlot *slot, const ClienteleCell *cell, uint32 hash)
{
	ClienteleFoldValue *value;

	if (slot->nvalues == slot->values_allocated)
	{
		ClienteleFoldValue *larger;

		slot->values_allocated = slot->values_allocated == 0 ? FEW_VALUES : slot->values_allocated * 2;
		larger = MemoryContextAllocHuge(fold->block_context,
										mul_size(sizeof(ClienteleFoldValue), slot->values_allocated));
		if (slot->nvalues > 0)
			memcpy(larger, slot->values, mul_size(sizeof(ClienteleFoldValue), slot->nvalues));
		slot->values = larger;
		if (slot->values_allocated > FEW_VALUES)
			rebuild_buckets(fold, slot);
	}
	value = &slot->values[slot->nvalues++];
	memset(value, 0, sizeof(*value));
	value->cell = keep_cell(fold, slot->argument_type, cell);
	value->hash = hash;
	if (slot->values_allocated > FEW_VALUES)
		put_into_bucket(slot, slot->nvalues - 1);
	return value;
}

/* The customer's value equal to that of the event; *added if it is the first. */
static ClienteleFoldValue *
find_value(ClienteleFold *fold, ClienteleSlot *slot, const ClienteleCell *cell, bool *added)
{
	uint32		hash = hash_cell(slot->argument_type, cell);

	*added = false;
	if (slot->values_allocated <= FEW_VALUES)
	{
		for (int i = 0; i < slot->nvalues; i++)
		{
			if (slot->values[i].hash == hash && same_value(slot->argument_type, &slot->values[i].cell, cell))
				return &slot->values[i];
		}
	}
	else
	{
		for (uint32 at = hash & (slot->nbuckets - 1); slot->buckets[at] >= 0; at = (at + 1) & (slot->nbuckets - 1))
		{
			ClienteleFoldValue *value = &slot->values[slot->buckets[at]];

			if (value->hash == hash && same_value(slot->argument_type, &value->cell, cell))
				return value;
		}
	}
	*added = true;
	return add_value(fold, slot, cell, hash);
}

/* ---------- the aggregates ---------- */

static void
fold_count(ClienteleSlot *slot, const ClienteleEvents *events, Stretch stretch)
{
	if (stretch.rows == NULL && slot->condition == NULL && slot->argument == NULL && slot->ncrossings == 0)
	{
		if (stretch.count > 0)
		{
			slot->count += stretch.count;
			slot->oldest = events->at[stretch.first + stretch.count - 1];
		}
		return;
	}
	FOR_EACH_EVENT(i, stretch)
	{
		if (!event_counts(slot, i))
			continue;
		note_crossings(slot, events->at[i]);
		slot->count++;
		slot->oldest = events->at[i];
	}
}

/*
 * Once the newest event of a value leaves, the value is gone; the value that was
 * met last is the first of which that will be so.
 */
static void
fold_distinct(ClienteleFold *fold, ClienteleSlot *slot, const ClienteleEvents *events, Stretch stretch)
{
	FOR_EACH_EVENT(i, stretch)
	{
		bool		added;

		if (!event_counts(slot, i))
			continue;
		find_value(fold, slot, &slot->argument[i], &added);
		if (!added)
			continue;
		note_crossings(slot, events->at[i]);
		slot->count++;
		slot->oldest = events->at[i];
	}
}

static void
fold_sum(ClienteleFold *fold, ClienteleSlot *slot, const ClienteleEvents *events, Stretch stretch)
{
	FOR_EACH_EVENT(i, stretch)
	{
		if (!event_counts(slot, i))
			continue;
		if (slot->count++ == 0)
			slot->sum.scale = Max(slot->argument[i].scale, 0);
		if (slot->ncrossings > 0)
			note_crossings(slot, events->at[i]);
		add_to_sum(fold, &slot->sum, &slot->failed, &slot->argument[i]);

		/* a sum does not notice when nothing leaves */
		if (slot->argument[i].u.integer != 0 || slot->argument[i].scale < 0 || slot->function == CLIENTELE_FN_AVG)
			slot->oldest = events->at[i];
	}
}

static void
fold_extreme(ClienteleFold *fold, ClienteleSlot *slot, const ClienteleEvents *events, Stretch stretch, int sign)
{
	FOR_EACH_EVENT(i, stretch)
	{
		const ClienteleCell *cell;

		if (!event_counts(slot, i))
			continue;
		cell = &slot->argument[i];

		/* an equal one that is older does not last longer */
		if (slot->count++ > 0 && sign * compare_values(slot->argument_type, cell, &slot->best) <= 0)
			continue;
		slot->best = keep_cell(fold, slot->argument_type, cell);
		slot->best_at = events->at[i];
	}
}

/* first and last: of events at the same instant the least, or the greatest, value. */
static void
fold_end(ClienteleFold *fold, ClienteleSlot *slot, const ClienteleEvents *events, Stretch stretch, bool newest)
{
	FOR_EACH_EVENT(i, stretch)
	{
		const ClienteleCell *cell;
		bool		better;

		if (!event_counts(slot, i))
			continue;
		cell = &slot->argument[i];
		if (slot->count++ == 0)
			better = true;
		else if (events->at[i] != slot->best_at)
			better = newest == (events->at[i] > slot->best_at);
		else
			better = newest == (compare_values(slot->argument_type, cell, &slot->best) > 0);
		if (!better)
			continue;
		slot->best = keep_cell(fold, slot->argument_type, cell);
		slot->best_at = events->at[i];
	}
}

static void
fold_time(ClienteleSlot *slot, const ClienteleEvents *events, Stretch stretch, bool newest)
{
	FOR_EACH_EVENT(i, stretch)
	{
		if (event_counts(slot, i) &&
			(slot->count++ == 0 || newest == (events->at[i] > slot->best_at)))
			slot->best_at = events->at[i];
	}
}

static void
fold_mode(ClienteleFold *fold, ClienteleSlot *slot, const ClienteleEvents *events, Stretch stretch)
{
	FOR_EACH_EVENT(i, stretch)
	{
		ClienteleFoldValue *value;
		bool		added;

		if (!event_counts(slot, i))
			continue;
		value = find_value(fold, slot, &slot->argument[i], &added);
		slot->count++;
		if (added)
			value->newest = value->oldest = events->at[i];
		value->newest = Max(value->newest, events->at[i]);
		value->oldest = Min(value->oldest, events->at[i]);
		value->count++;
		if (slot->by && slot->by[i].state != CLIENTELE_NULL)
			add_to_sum(fold, &value->sum, &slot->failed, &slot->by[i]);
		slot->oldest = slot->count == 1 ? events->at[i] : Min(slot->oldest, events->at[i]);
	}
}

static void
fold_slot(ClienteleFold *fold, ClienteleSlot *slot, const ClienteleEvents *events, Stretch stretch)
{
	switch (slot->function)
	{
		case CLIENTELE_FN_COUNT:
			if (slot->distinct)
				fold_distinct(fold, slot, events, stretch);
			else
				fold_count(slot, events, stretch);
			break;
		case CLIENTELE_FN_SUM:
		case CLIENTELE_FN_AVG:
			fold_sum(fold, slot, events, stretch);
			break;
		case CLIENTELE_FN_MIN:
			fold_extreme(fold, slot, events, stretch, -1);
			break;
		case CLIENTELE_FN_MAX:
			fold_extreme(fold, slot, events, stretch, 1);
			break;
		case CLIENTELE_FN_FIRST:
			fold_end(fold, slot, events, stretch, false);
			break;
		case CLIENTELE_FN_LAST:
			fold_end(fold, slot, events, stretch, true);
			break;
		case CLIENTELE_FN_EARLIEST:
			fold_time(slot, events, stretch, false);
			break;
		case CLIENTELE_FN_LATEST:
			fold_time(slot, events, stretch, true);
			break;
		case CLIENTELE_FN_MODE:
			fold_mode(fold, slot, events, stretch);
			break;
		default:
			elog(ERROR, "function %d is no aggregate", (int) slot->function);
	}
}

/* What will count in future: the event that will be the next, and its kind. */
static void
note_entering(ClienteleSlot *slot, const ClienteleEvents *events, Stretch stretch)
{
	FOR_EACH_EVENT(i, stretch)
	{
		if (!event_counts(slot, i))
			continue;
		slot->entering = Min(slot->entering, events->at[i]);
		if (slot->function == CLIENTELE_FN_SUM && clientele_decimal_sign(clientele_cell_number(&slot->argument[i])) < 0)
			slot->entering_negative = true;
	}
}

/* ---------- one customer ---------- */

static void
begin_slot(ClienteleSlot *slot)
{
	slot->count = 0;
	slot->sum = clientele_decimal_from_int64(0);
	slot->failed = false;
	slot->best.state = CLIENTELE_NULL;
	slot->oldest = DT_NOEND;
	slot->entering = DT_NOEND;
	slot->entering_negative = false;
	slot->values = NULL;
	slot->nvalues = 0;
	slot->values_allocated = 0;
	for (int c = 0; c < slot->ncrossings; c++)
		slot->crossings[c].true_before = slot->crossings[c].false_before = DT_NOBEGIN;
}

/* Most customers have nothing in most windows: aggregates begin with the first event. */
void
clientele_fold_begin(ClienteleFold *fold)
{
	for (int w = 0; w < fold->nwindows; w++)
		fold->windows[w].touched = false;
}

static void
begin_window(ClienteleFoldWindow *window)
{
	for (int s = 0; s < window->nslots; s++)
		begin_slot(window->slots[s]);
	window->touched = true;
}

void
clientele_fold_events(ClienteleFold *fold, const ClienteleEvents *events, int from, int to)
{
	for (int w = 0; w < fold->nwindows; w++)
	{
		ClienteleFoldWindow *window = &fold->windows[w];
		Stretch		counting;
		Stretch		entering;

		if (events->at[from] < window->end)
			continue;
		look_through(fold, window, events, from, to, &counting, &entering);
		if (counting.count == 0 && entering.count == 0)
			continue;
		if (!window->touched)
			begin_window(window);
		for (int s = 0; s < window->nslots; s++)
		{
			if (entering.count > 0)
				note_entering(window->slots[s], events, entering);
			if (counting.count > 0)
				fold_slot(fold, window->slots[s], events, counting);
		}
	}
}

void
clientele_fold_suppose(ClienteleFold *fold, const ClienteleEvents *events, int times)
{
	for (int i = 0; i < times; i++)
		clientele_fold_events(fold, events, 0, 1);
	for (int s = 0; s < fold->nslots; s++)
	{
		ClienteleSlot *slot = &fold->slots[s];

		slot->oldest = slot->entering = DT_NOEND;
		for (int c = 0; c < slot->ncrossings; c++)
			slot->crossings[c].true_before = slot->crossings[c].false_before = DT_NOBEGIN;
	}
}

/* Whether a is preferred to b: more often, or more; later; less. */
static bool
is_preferred(const ClienteleSlot *slot, const ClienteleFoldValue *a, const ClienteleFoldValue *b)
{
	int			order = slot->by ? clientele_decimal_compare(a->sum, b->sum) :
		(a->count > b->count) - (a->count < b->count);

	if (order != 0)
		return order > 0;
	if (a->newest != b->newest)
		return a->newest > b->newest;
	return compare_values(slot->argument_type, &a->cell, &b->cell) < 0;
}

/* The preferred value, and the oldest event whose leaving could end that. */
static void
finish_mode(ClienteleSlot *slot)
{
	const ClienteleFoldValue *winner = &slot->values[0];

	for (int i = 1; i < slot->nvalues; i++)
	{
		if (is_preferred(slot, &slot->values[i], winner))
			winner = &slot->values[i];
	}
	slot->best = winner->cell;

	/* counts only shrink; sums may grow when a negative amount leaves */
	if (slot->by == NULL)
		slot->oldest = winner->oldest;
}

static void
finish_value(ClienteleFold *fold, ClienteleSlot *slot, ClienteleCell *result)
{
	ClienteleDecimal number;

	switch (slot->function)
	{
		case CLIENTELE_FN_COUNT:
			clientele_cell_set_integer(result, slot->count);
			break;
		case CLIENTELE_FN_SUM:
			clientele_cell_set_number(result, slot->sum);
			break;
		case CLIENTELE_FN_AVG:
			if (clientele_decimal_divide(slot->sum, clientele_decimal_from_int64(slot->count), &number))
				clientele_cell_set_number(result, number);
			else
				slot->failed = true;
			break;
		case CLIENTELE_FN_EARLIEST:
		case CLIENTELE_FN_LATEST:
			clientele_cell_set_integer(result, slot->best_at);
			slot->oldest = slot->best_at;
			break;
		case CLIENTELE_FN_MODE:
			finish_mode(slot);
			*result = slot->best;
			break;
		default:
			*result = slot->best;
			slot->oldest = slot->best_at;
	}
	if (slot->failed)
	{
		result->state = CLIENTELE_NULL;
		fold->failures++;
	}
}

/* The aggregate of no events. */
static void
set_empty(ClienteleSlot *slot, int row)
{
	if (slot->function == CLIENTELE_FN_COUNT || slot->function == CLIENTELE_FN_SUM)
		clientele_cell_set_integer(&slot->result[row], 0);
	else
		slot->result[row].state = CLIENTELE_NULL;
}

static void
finish_slot(ClienteleFold *fold, ClienteleSlot *slot, int row)
{
	const ClienteleFoldWindow *window = &fold->windows[slot->window];
	ClienteleCell *result = &slot->result[row];
	TimestampTz enters = slot->entering == DT_NOEND ? DT_NOEND : enters_at(fold, window, slot->entering);
	TimestampTz leaves = DT_NOEND;

	if (slot->count > 0)
	{
		finish_value(fold, slot, result);
		leaves = leaves_at(fold, window, slot->oldest);
	}
	else
		set_empty(slot, row);
	slot->until[row] = Min(Min(leaves, enters), window->retreat);
	if (slot->ncrossings > 0)
		finish_crossings(fold, slot, enters, row);
}

/* Of nothing, and nothing to come. */
static void
finish_untouched(const ClienteleFoldWindow *window, ClienteleSlot *slot, int row)
{
	set_empty(slot, row);
	slot->until[row] = window->retreat;
	for (int c = 0; c < slot->ncrossings; c++)
		slot->crossings[c].until[row] = window->retreat;
}

void
clientele_fold_finish(ClienteleFold *fold, int row)
{
	MemoryContext old_context = MemoryContextSwitchTo(fold->block_context);

	for (int w = 0; w < fold->nwindows; w++)
	{
		const ClienteleFoldWindow *window = &fold->windows[w];

		for (int s = 0; s < window->nslots; s++)
		{
			if (window->touched)
				finish_slot(fold, window->slots[s], row);
			else
				finish_untouched(window, window->slots[s], row);
		}
	}
	MemoryContextSwitchTo(old_context);
}
