/*
 * horizon.c
 *		Until when the values of a timed program hold.
 *
 * Each register has a horizon for each row: an instant before which the passing of
 * time alone cannot change the value.  The rules stand in one switch, in
 * clientele_horizons_of_result; src/README.md has them as a table.  Any of them may
 * be early, none may be late.
 *
 * What keeps due rows few is that comparisons with elapsed time are solved: not
 * "tomorrow there is one more day", but "in 83 days there are more than 90".  When
 * binding ends, each comparison learns from the instruction that computes its
 * operand how that operand moves (ClienteleMotion).
 */
#include "postgres.h"

#include "base/day_clock.h"
#include "base/local_time.h"
#include "compat.h"
#include "expression/horizon.h"

#define FOR_EACH_ROW CLIENTELE_FOR_EACH_ROW

/* Parts of a date come again and again, with values from 1 on. */
#define PARTS		3			/* month, day, weekday */
#define PART_VALUES 32			/* the most of any, and 0 */

static const int part_values[PARTS] = {12, 31, 7};

/* Who writes a register. */
typedef struct Writer
{
	const ClienteleCell *cells;
	int			instruction;
	bool		moves;			/* in a register's first: time may change it */
} Writer;

struct ClienteleHorizons
{
	int			nwriters;
	Writer	   *writers;		/* by register, then in the order of instructions */

	/* of the clock */
	ClienteleDayClock *days;	/* NULL: no rule looks at the calendar */
	TimestampTz set_at;			/* the instant for which all below was found ... */
	DateADT		set_on;			/* ... and its day */
	TimestampTz retreat;		/* when the calendar will go back */
	TimestampTz tomorrow;		/* when it will be another day */
	TimestampTz next[PARTS][PART_VALUES];	/* when a part will next have the value */
	int			current[PARTS]; /* its value today ... */
	TimestampTz change[PARTS];	/* ... and when it will have another */
	bool		needs_parts;

	/* of the block: no row asks when a later day than this will come */
	DateADT    *last_day;
};

/* ---------- who computes a register ---------- */

/* The register that an instruction writes, or NULL. */
static const ClienteleCell *
written(const ClienteleInstruction *at)
{
	switch ((ClienteleOp) at->op)
	{
		case CLIENTELE_OP_LEAST:
		case CLIENTELE_OP_GREATEST:
		case CLIENTELE_OP_SOONER:
		case CLIENTELE_OP_AND:
		case CLIENTELE_OP_OR:
			return at->a;
		default:
			return at->target;
	}
}

static int
compare_writers(const void *a, const void *b)
{
	const Writer *first = a;
	const Writer *second = b;

	if (first->cells != second->cells)
		return first->cells < second->cells ? -1 : 1;
	return (first->instruction > second->instruction) - (first->instruction < second->instruction);
}

static void
find_writers(ClienteleProgram *program)
{
	struct ClienteleHorizons *horizons = program->horizons;

	horizons->writers = palloc(mul_size(sizeof(Writer), program->length));
	for (int i = 0; i < program->length; i++)
	{
		const ClienteleCell *cells = written(&program->instructions[i]);

		if (cells)
		{
			Writer	   *added = &horizons->writers[horizons->nwriters++];

			added->cells = cells;
			added->instruction = i;
			added->moves = false;
		}
	}
	qsort(horizons->writers, horizons->nwriters, sizeof(Writer), compare_writers);
}

/* Of the instructions that write a register the first, and how many there are. */
static Writer *
find_writer(const ClienteleProgram *program, const ClienteleCell *cells, int *count)
{
	const struct ClienteleHorizons *horizons = program->horizons;
	int			low = 0;
	int			high = horizons->nwriters;

	while (low < high)
	{
		int			middle = (low + high) / 2;

		if (horizons->writers[middle].cells < cells)
			low = middle + 1;
		else
			high = middle;
	}
	for (*count = 0; low + *count < horizons->nwriters; ++*count)
	{
		if (horizons->writers[low + *count].cells != cells)
			break;
	}
	return *count == 0 ? NULL : &horizons->writers[low];
}

static const ClienteleInstruction *
first_writer(const ClienteleProgram *program, const ClienteleCell *cells, int *count)
{
	const Writer *writer = find_writer(program, cells, count);

	return writer ? &program->instructions[writer->instruction] : NULL;
}

/* The instruction that alone computes a register, or NULL. */
static const ClienteleInstruction *
computed_by(const ClienteleProgram *program, const ClienteleCell *cells)
{
	int			count;
	const ClienteleInstruction *writer = first_writer(program, cells, &count);

	return count == 1 ? writer : NULL;
}

/* ---------- how operands move ---------- */

/*
 * Whether a register whose first writer this is holds a coalesce: a copy of the
 * first argument, overwritten only where that is NULL.
 */
static bool
is_coalesce(const ClienteleProgram *program, const ClienteleInstruction *by)
{
	const ClienteleInstruction *end = &program->instructions[by[1].jump];

	if (by->op != CLIENTELE_OP_MOVE || by[1].op != CLIENTELE_OP_ENTER ||
		by[1].test != CLIENTELE_TEST_NULL || by[1].a != by->target)
		return false;
	for (const ClienteleInstruction *at = &program->instructions[program->length - 1]; at > end; at--)
	{
		if (written(at) == by->target)
			return false;
	}
	return true;
}

static ClienteleMotion
motion_of(const ClienteleProgram *program, const ClienteleCell *cells)
{
	ClienteleMotion motion = {0};
	int			writers;
	const ClienteleInstruction *by = first_writer(program, cells, &writers);

	if (cells == program->today)
		motion.kind = CLIENTELE_MOTION_DATE;
	if (cells == program->now)
		motion.kind = CLIENTELE_MOTION_NOW;
	if (by == NULL)
		return motion;

	if (writers > 1 && is_coalesce(program, by))
	{
		motion = motion_of(program, by->a);
		if (motion.where)
			motion.kind = CLIENTELE_STILL;
		motion.where = by->a;
		return motion;
	}
	if (writers > 1)
		return motion;

	switch ((ClienteleOp) by->op)
	{
		case CLIENTELE_OP_MOVE:
		case CLIENTELE_OP_ROUND:
		case CLIENTELE_OP_FLOOR:
			/* elapsed time is whole, so rounding changes nothing */
			return motion_of(program, by->a);
		case CLIENTELE_OP_DAYS_BETWEEN:
			if (by->a == program->today || by->b == program->today)
			{
				motion.kind = CLIENTELE_MOTION_DAYS;
				motion.falling = by->a != program->today;
				motion.of = motion.falling ? by->a : by->b;
			}
			break;
		case CLIENTELE_OP_ADD_DAYS:
			if (by->a == program->today)
			{
				motion.kind = CLIENTELE_MOTION_DATE;
				motion.minus = by->negated;
				motion.of = by->b;
			}
			break;
		case CLIENTELE_OP_MONTHS_SINCE:
		case CLIENTELE_OP_YEARS_SINCE:
			motion.kind = by->op == CLIENTELE_OP_MONTHS_SINCE ? CLIENTELE_MOTION_MONTHS : CLIENTELE_MOTION_YEARS;
			motion.of = by->a;
			break;
		case CLIENTELE_OP_MONTH:
		case CLIENTELE_OP_DAY:
		case CLIENTELE_OP_WEEKDAY:
			if (by->a == program->today)
				motion.kind = by->op == CLIENTELE_OP_MONTH ? CLIENTELE_MOTION_MONTH :
					by->op == CLIENTELE_OP_DAY ? CLIENTELE_MOTION_DAY : CLIENTELE_MOTION_WEEKDAY;
			break;
		default:
			break;
	}
	return motion;
}

static bool
moves_in_cycle(const ClienteleMotion *motion)
{
	return motion->kind >= CLIENTELE_MOTION_MONTH;
}

/* The register whose being NULL makes this one NULL, and nothing else does. */
static const ClienteleCell *
known_by(const ClienteleProgram *program, const ClienteleCell *cells)
{
	const ClienteleInstruction *by = computed_by(program, cells);

	if (cells == program->today)
		return NULL;
	if (by == NULL)
		return cells;
	switch ((ClienteleOp) by->op)
	{
		case CLIENTELE_OP_DAYS_BETWEEN:
			if (by->a != program->today && by->b != program->today)
				return cells;
			return known_by(program, by->a == program->today ? by->b : by->a);
		case CLIENTELE_OP_MOVE:
		case CLIENTELE_OP_NEGATE:
		case CLIENTELE_OP_ABS:
		case CLIENTELE_OP_FLOOR:
		case CLIENTELE_OP_ROUND:
		case CLIENTELE_OP_LOCAL_DATE:
		case CLIENTELE_OP_MONTHS_SINCE:
		case CLIENTELE_OP_YEARS_SINCE:
		case CLIENTELE_OP_MONTH:
		case CLIENTELE_OP_DAY:
		case CLIENTELE_OP_WEEKDAY:
			return known_by(program, by->a);
		default:
			return cells;
	}
}

/* No number of days, months or years is as great. */
#define BEYOND		(INT64CONST(1) << 40)

/* The greatest whole number that is not above the cell's value. */
static int64
floor_of(ClienteleDecimal number)
{
	ClienteleDecimal floor = number.scale == 0 ? number : clientele_decimal_floor(number);

	if (floor.scale != 0)
		return clientele_decimal_sign(floor) < 0 ? -BEYOND : BEYOND;
	return Min(Max(floor.u.units, -BEYOND), BEYOND);
}

/*
 * Most rules compare elapsed time with a constant: once it has risen beyond, there is
 * nothing more to compute for a row.
 */
static void
find_turn(const ClienteleInstruction *at, ClienteleMotion *motion)
{
	const ClienteleCell *constant = at->detail->constant;
	ClienteleComparison comparison = (ClienteleComparison) at->comparison;
	ClienteleDecimal limit;

	if (at->op != CLIENTELE_OP_COMPARE_NUMBER || constant == NULL || constant->state == CLIENTELE_NULL ||
		comparison == CLIENTELE_EQ || comparison == CLIENTELE_NE || motion->falling ||
		(motion->kind != CLIENTELE_MOTION_DAYS && motion->kind != CLIENTELE_MOTION_MONTHS &&
		 motion->kind != CLIENTELE_MOTION_YEARS))
		return;
	limit = clientele_cell_number(constant);
	motion->turns = true;
	motion->turn = floor_of(limit);
	if (comparison == CLIENTELE_LE || comparison == CLIENTELE_GT ||
		clientele_decimal_compare(clientele_decimal_from_int64(motion->turn), limit) != 0)
		motion->turn++;
}

static void
find_motion(const ClienteleProgram *program, ClienteleInstruction *at)
{
	ClienteleMotion *motion = &at->detail->motion;

	switch ((ClienteleOp) at->op)
	{
		case CLIENTELE_OP_COMPARE_NUMBER:
		case CLIENTELE_OP_COMPARE_INTEGER:
			*motion = motion_of(program, at->a);
			if (motion->kind == CLIENTELE_STILL)
			{
				*motion = motion_of(program, at->b);
				motion->on_right = true;
			}
			find_turn(at, motion);
			break;
		case CLIENTELE_OP_IN:
			*motion = motion_of(program, at->a);
			break;
		case CLIENTELE_OP_MONTH:
		case CLIENTELE_OP_DAY:
		case CLIENTELE_OP_WEEKDAY:
			*motion = motion_of(program, at->target);
			program->horizons->needs_parts |= moves_in_cycle(motion);
			break;
		case CLIENTELE_OP_IS_NULL:
			at->detail->known_by = known_by(program, at->a);
			break;
		default:
			break;
	}
}

/* ---------- what lasts ---------- */

static int
compare_pointers(const void *a, const void *b)
{
	const ClienteleCell *first = *(const ClienteleCell *const *) a;
	const ClienteleCell *second = *(const ClienteleCell *const *) b;

	return (first > second) - (first < second);
}

/* Registers that nothing here writes are filled by folds, or by the clock. */
static bool
register_moves(const ClienteleProgram *program, const ClienteleCell *cells,
			   const ClienteleCell **lasting, int nlasting)
{
	int			count;
	const Writer *writer = find_writer(program, cells, &count);

	/*
	 * One that several instructions write, as for coalesce, is read by them before it
	 * is complete: what is heeded is only the end.
	 */
	if (count <= 1 && bsearch(&cells, lasting, nlasting, sizeof(ClienteleCell *), compare_pointers))
		return false;
	return writer == NULL || writer->moves;
}

/*
 * Finds the instructions that need no horizons, because neither they nor any other
 * that writes the same register has anything to do with time.  Most are such.
 */
static void
find_lasting(ClienteleProgram *program, const ClienteleCell **lasting, int nlasting)
{
	bool		found;
	int			count;

	qsort(lasting, nlasting, sizeof(ClienteleCell *), compare_pointers);
	do
	{
		found = false;
		for (int i = 0; i < program->length; i++)
		{
			const ClienteleInstruction *at = &program->instructions[i];
			Writer	   *writer = written(at) ? find_writer(program, written(at), &count) : NULL;

			if (writer == NULL || writer->moves)
				continue;
			writer->moves = at->op == CLIENTELE_OP_MONTHS_SINCE || at->op == CLIENTELE_OP_YEARS_SINCE ||
				(at->a && register_moves(program, at->a, lasting, nlasting)) ||
				(at->b && register_moves(program, at->b, lasting, nlasting));
			found |= writer->moves;
		}
	} while (found);

	for (int i = 0; i < program->length; i++)
	{
		ClienteleInstruction *at = &program->instructions[i];

		at->lasting = written(at) == NULL || !find_writer(program, written(at), &count)->moves;
	}
}

/* Whether an instruction does nothing: its horizons would be all it has. */
static bool
is_idle(const ClienteleInstruction *at)
{
	return at->lasting && (at->op == CLIENTELE_OP_UNTIL || at->op == CLIENTELE_OP_SOONER);
}

static void
drop_idle(ClienteleProgram *program)
{
	struct ClienteleHorizons *horizons = program->horizons;
	int		   *place = palloc(mul_size(sizeof(int), program->length));
	int			nwriters = 0;
	int			length = 0;

	for (int i = 0; i < program->length; i++)
		place[i] = is_idle(&program->instructions[i]) ? length : length++;
	for (int i = 0; i < horizons->nwriters; i++)
	{
		Writer		writer = horizons->writers[i];

		if (is_idle(&program->instructions[writer.instruction]))
			continue;
		writer.instruction = place[writer.instruction];
		horizons->writers[nwriters++] = writer;
	}
	horizons->nwriters = nwriters;
	for (int i = 0; i < program->length; i++)
	{
		ClienteleInstruction at = program->instructions[i];

		at.jump = place[at.jump];
		if (!is_idle(&at))
			program->instructions[place[i]] = at;
	}
	program->length = length;
	pfree(place);
}

void
clientele_horizons_prepare(ClienteleProgram *program, const ClienteleCell **lasting, int nlasting)
{
	program->horizons = palloc0(sizeof(struct ClienteleHorizons));
	program->horizons->last_day = palloc(mul_size(sizeof(DateADT), program->capacity));
	for (int i = 0; i < program->capacity; i++)
		program->horizons->last_day[i] = DATEVAL_NOEND;
	find_writers(program);
	for (int i = 0; i < program->length; i++)
		find_motion(program, &program->instructions[i]);
	find_lasting(program, lasting, nlasting);
	drop_idle(program);
}

bool
clientele_horizons_move(const ClienteleProgram *program, const ClienteleCell *cells)
{
	int			count;
	const Writer *writer = find_writer(program, cells, &count);

	/* folds and calls write registers of which no instruction does */
	return writer == NULL || writer->moves;
}

const ClienteleCell *
clientele_horizons_origin(const ClienteleProgram *program, const ClienteleCell *cells)
{
	const ClienteleInstruction *by = computed_by(program, cells);

	return by && (by->op == CLIENTELE_OP_MOVE || by->op == CLIENTELE_OP_ROUND) ?
		clientele_horizons_origin(program, by->a) : cells;
}

bool
clientele_program_threshold(const ClienteleProgram *program, int index, ClienteleThreshold *threshold)
{
	const ClienteleInstruction *at = &program->instructions[index];
	const ClienteleCell *constant = at->detail->constant;
	const ClienteleInstruction *by;

	if (at->lasting || at->op != CLIENTELE_OP_COMPARE_NUMBER || constant == NULL || constant->state == CLIENTELE_NULL)
		return false;
	threshold->detail = at->detail;
	threshold->constant = clientele_cell_number(constant);
	threshold->cells = at->a;
	threshold->comparison = (ClienteleComparison) at->comparison;
	by = computed_by(program, threshold->cells);
	threshold->is_rounded = by && by->op == CLIENTELE_OP_ROUND;
	threshold->places = threshold->is_rounded ? by->detail->places : 0;
	if (threshold->is_rounded)
		threshold->cells = by->a;
	return true;
}

/* ---------- the calendar ahead ---------- */

/* The instant on which a day comes, or the calendar goes back. */
static TimestampTz
on_day(const ClienteleProgram *program, int64 day)
{
	const struct ClienteleHorizons *horizons = program->horizons;

	/* what has come already may go again tomorrow */
	if (day <= program->today_date)
		return horizons->tomorrow;
	return Min(clientele_day_comes(horizons->days, day, program->as_of), horizons->retreat);
}

/* The same for a value of a row; never, where that is of no interest. */
static TimestampTz
on_day_in_row(const ClienteleProgram *program, int64 day, int row)
{
	return day > program->horizons->last_day[row] ? DT_NOEND : on_day(program, day);
}

static int
part_of(int part, DateADT date)
{
	return part == 0 ? clientele_month_of(date) : part == 1 ? clientele_day_of(date) : clientele_weekday_of(date);
}

/* For each value of a part, the next day after today that has it. */
static void
find_next_parts(ClienteleProgram *program)
{
	struct ClienteleHorizons *horizons = program->horizons;
	DateADT		today = program->today_date;

	for (int part = 0; part < PARTS; part++)
	{
		horizons->current[part] = part_of(part, today);
		horizons->change[part] = DT_NOEND;
		for (int value = 1; value <= part_values[part]; value++)
		{
			/* in months we step from first to first, among days one by one */
			int64		day = part == 0 ?
				clientele_first_day_since(today - clientele_day_of(today) + 1, CLIENTELE_MONTHS,
										  (value - horizons->current[part] + 11) % 12 + 1) : today + 1;

			while (part != 0 && part_of(part, (DateADT) day) != value)
				day++;
			horizons->next[part][value] = on_day(program, day);
			if (value != horizons->current[part])
				horizons->change[part] = Min(horizons->change[part], horizons->next[part][value]);
		}
	}
}

void
clientele_horizons_set_clock(ClienteleProgram *program)
{
	struct ClienteleHorizons *horizons = program->horizons;

	/* now() stands only in comparisons, and they are solved: it needs no horizon */
	if (program->today == NULL)
		return;

	/* of a later instant of the day all is the same, if the calendar does not go back between */
	if (horizons->days == clientele_day_clock(program->zone) && horizons->set_on == program->today_date &&
		program->as_of >= horizons->set_at && program->as_of < horizons->retreat)
		return;
	horizons->set_at = program->as_of;
	horizons->set_on = program->today_date;
	horizons->days = clientele_day_clock(program->zone);
	horizons->retreat = clientele_day_retreat(horizons->days, program->as_of);
	horizons->tomorrow = Min(horizons->retreat,
							 clientele_day_comes(horizons->days, program->today_date + INT64CONST(1), program->as_of));
	for (int i = 0; i < program->capacity; i++)
		clientele_horizons(program, program->today)[i] = horizons->tomorrow;
	if (horizons->needs_parts)
		find_next_parts(program);
}

void
clientele_horizons_limit(ClienteleProgram *program, const TimestampTz *limits, int nrows)
{
	struct ClienteleHorizons *horizons = program->horizons;

	if (program->today == NULL)
		return;

	/* until the calendar goes back, what comes on a later day comes later */
	for (int row = 0; row < nrows; row++)
		horizons->last_day[row] = limits[row] < horizons->retreat ? clientele_day_at(horizons->days, limits[row]) :
			DATEVAL_NOEND;
}

/* ---------- solving ---------- */

/* The days that are added to today. */
static int64
days_added(const ClienteleMotion *motion, int row)
{
	int64		days = motion->of ? floor_of(clientele_cell_number(&motion->of[row])) : 0;

	return motion->minus ? -days : days;
}

/*
 * When the moving value will have risen to n, to which it has not; where it falls,
 * when its negative will have.
 */
static TimestampTz
when_risen(const ClienteleProgram *program, const ClienteleMotion *motion, int row, int64 n)
{
	const ClienteleCell *of = motion->of ? &motion->of[row] : NULL;

	switch ((ClienteleMotionKind) motion->kind)
	{
		case CLIENTELE_MOTION_NOW:
			return n;
		case CLIENTELE_MOTION_DAYS:
			return on_day_in_row(program, clientele_first_day_since((DateADT) of->u.integer, CLIENTELE_DAYS, n), row);
		case CLIENTELE_MOTION_MONTHS:
			return on_day_in_row(program, clientele_first_day_since((DateADT) of->u.integer, CLIENTELE_MONTHS, n), row);
		case CLIENTELE_MOTION_YEARS:
			return on_day_in_row(program, clientele_first_day_since((DateADT) of->u.integer, CLIENTELE_YEARS, n), row);
		case CLIENTELE_MOTION_DATE:
			return on_day_in_row(program, n - days_added(motion, row), row);
		default:
			break;
	}
	elog(ERROR, "motion %d does not rise", (int) motion->kind);
	return 0;
}

/*
 * When a value that moves upwards, and now is below `other` (order -1) or at it (0),
 * will make the comparison's truth turn.
 */
static TimestampTz
when_turned(const ClienteleProgram *program, const ClienteleMotion *motion, int row,
			ClienteleComparison comparison, int order, int64 other, bool other_is_whole)
{
	switch (comparison)
	{
		case CLIENTELE_LT:
		case CLIENTELE_GE:
			if (order == 0)
				return DT_NOEND;
			return when_risen(program, motion, row, other_is_whole ? other : other + 1);
		case CLIENTELE_LE:
		case CLIENTELE_GT:
			return when_risen(program, motion, row, other + 1);
		default:
			if (!other_is_whole)
				return DT_NOEND;
			return when_risen(program, motion, row, order == 0 ? other + 1 : other);
	}
}

/* The truth of an instruction at another value of a part of today's date; when it turns. */
typedef bool (*PartHolds) (const ClienteleInstruction *at, int row, int value);

static TimestampTz
when_part_turned(const ClienteleProgram *program, const ClienteleInstruction *at, int row, PartHolds holds)
{
	const struct ClienteleHorizons *horizons = program->horizons;
	int			part = at->detail->motion.kind - CLIENTELE_MOTION_MONTH;
	bool		now = holds(at, row, horizons->current[part]);
	TimestampTz turned = DT_NOEND;

	for (int value = 1; value <= part_values[part]; value++)
	{
		if (horizons->next[part][value] < turned && holds(at, row, value) != now)
			turned = horizons->next[part][value];
	}
	return turned;
}

/* ---------- comparisons ---------- */

static bool
part_compares(const ClienteleInstruction *at, int row, int value)
{
	const ClienteleMotion *motion = &at->detail->motion;
	const ClienteleCell *other = motion->on_right ? &at->a[row] : &at->b[row];
	int			order = clientele_decimal_compare(clientele_decimal_from_int64(value), clientele_cell_number(other));

	return clientele_comparison_holds(motion->on_right ? clientele_comparison_mirrored(at->comparison) : at->comparison, order);
}

static TimestampTz
when_comparison_turned(const ClienteleProgram *program, const ClienteleInstruction *at, int row)
{
	const ClienteleMotion *motion = &at->detail->motion;
	const ClienteleCell *moving = motion->on_right ? &at->b[row] : &at->a[row];
	const ClienteleCell *other = motion->on_right ? &at->a[row] : &at->b[row];
	ClienteleComparison comparison = motion->on_right ? clientele_comparison_mirrored(at->comparison) : at->comparison;
	ClienteleDecimal limit;
	ClienteleDecimal value;
	int			order;
	int64		whole;

	if (at->a == at->b)
		return DT_NOEND;
	if (moves_in_cycle(motion))
		return when_part_turned(program, at, row, part_compares);
	if (at->op == CLIENTELE_OP_COMPARE_INTEGER)
	{
		/* a date or an instant; the infinite ones are never reached */
		if (moving->u.integer > other->u.integer || other->u.integer == DT_NOEND)
			return DT_NOEND;
		return when_turned(program, motion, row, comparison, moving->u.integer == other->u.integer ? 0 : -1,
						   other->u.integer, true);
	}

	value = clientele_cell_number(moving);
	limit = clientele_cell_number(other);
	if (motion->falling)
	{
		comparison = clientele_comparison_mirrored(comparison);
		value = clientele_decimal_negate(value);
		limit = clientele_decimal_negate(limit);
	}
	order = clientele_decimal_compare(value, limit);
	if (order > 0)
		return DT_NOEND;
	whole = floor_of(limit);
	return when_turned(program, motion, row, comparison, order, whole, limit.scale == 0 ||
					   clientele_decimal_compare(clientele_decimal_from_int64(whole), limit) == 0);
}

/* ---------- lists ---------- */

/* An item of the list as a whole number; false if it is none. */
static bool
whole_item(const ClienteleInstruction *at, int item, int64 *whole)
{
	const ClienteleCell *cell = &at->detail->list[item];

	if (at->value_type != CLIENTELE_NUMBER)
		*whole = cell->u.integer;
	else
		*whole = floor_of(clientele_cell_number(cell));
	return at->value_type != CLIENTELE_NUMBER ||
		clientele_decimal_compare(clientele_decimal_from_int64(*whole), clientele_cell_number(cell)) == 0;
}

static bool
list_has(const ClienteleInstruction *at, int row, int64 value)
{
	(void) row;
	for (int i = 0; i < at->detail->list_length; i++)
	{
		int64		item;

		if (whole_item(at, i, &item) && item == value)
			return true;
	}
	return false;
}

static bool
part_is_listed(const ClienteleInstruction *at, int row, int value)
{
	return list_has(at, row, value);
}

static TimestampTz
when_list_turned(const ClienteleProgram *program, const ClienteleInstruction *at, int row)
{
	const ClienteleMotion *motion = &at->detail->motion;
	int			sign = motion->falling ? -1 : 1;
	int64		value;
	int64		next = PG_INT64_MAX;

	if (moves_in_cycle(motion))
		return when_part_turned(program, at, row, part_is_listed);
	value = at->value_type == CLIENTELE_NUMBER ? floor_of(clientele_cell_number(&at->a[row])) : at->a[row].u.integer;
	if (list_has(at, row, value))
	{
		/* consecutive items are one stay */
		for (next = sign * value + 1; list_has(at, row, sign * next); next++)
			;
		return when_risen(program, motion, row, next);
	}
	for (int i = 0; i < at->detail->list_length; i++)
	{
		int64		item;

		if (whole_item(at, i, &item) && sign * item > sign * value)
			next = Min(next, sign * item);
	}
	return next == PG_INT64_MAX ? DT_NOEND : when_risen(program, motion, row, next);
}

/* ---------- the rules ---------- */

/*
 * Of an instruction that is NULL where an operand is: the latest of the operands
 * that are NULL, else the sooner.
 */
static inline TimestampTz
strict(bool a_is_null, TimestampTz a, bool b_is_null, TimestampTz b)
{
	if (a_is_null && b_is_null)
		return Max(a, b);
	if (a_is_null)
		return a;
	if (b_is_null)
		return b;
	return Min(a, b);
}

/* Of AND and OR: the latest of the sides that decide alone, else the sooner. */
static inline TimestampTz
logic(uint8 deciding, uint8 a_state, TimestampTz a, uint8 b_state, TimestampTz b)
{
	return strict(a_state == deciding, a, b_state == deciding, b);
}

/* Of two operands, or one. */
static TimestampTz
operands(const ClienteleProgram *program, const ClienteleInstruction *at, int row)
{
	TimestampTz a = clientele_horizons(program, at->a)[row];

	if (at->b == NULL)
		return a;
	return strict(at->a[row].state == CLIENTELE_NULL, a,
				  at->b[row].state == CLIENTELE_NULL, clientele_horizons(program, at->b)[row]);
}

/* Of a comparison or a list whose operand moves; all operands are known. */
static TimestampTz
solved(const ClienteleProgram *program, const ClienteleInstruction *at, int row)
{
	const ClienteleMotion *motion = &at->detail->motion;
	TimestampTz result;

	if (at->op == CLIENTELE_OP_IN)
		result = when_list_turned(program, at, row);
	else
	{
		const ClienteleCell *other = motion->on_right ? at->a : at->b;

		result = Min(clientele_horizons(program, other)[row], when_comparison_turned(program, at, row));
	}
	if (motion->of)
		result = Min(result, clientele_horizons(program, motion->of)[row]);

	/* what time has left behind comes again where the calendar goes back */
	if (motion->kind != CLIENTELE_MOTION_NOW)
		result = Min(result, program->horizons->retreat);

	/* far ahead there is no such date any more */
	if (motion->kind == CLIENTELE_MOTION_DATE)
		result = Min(result, on_day_in_row(program, DATE_END_JULIAN - POSTGRES_EPOCH_JDATE - days_added(motion, row), row));
	return result;
}

static TimestampTz
comparison(const ClienteleProgram *program, const ClienteleInstruction *at, int row)
{
	const ClienteleMotion *motion = &at->detail->motion;

	if (motion->kind == CLIENTELE_STILL ||
		at->a[row].state == CLIENTELE_NULL || (at->b && at->b[row].state == CLIENTELE_NULL) ||
		(motion->where && motion->where[row].state == CLIENTELE_NULL))
		return operands(program, at, row);
	return solved(program, at, row);
}

/*
 * Of comparisons that turn once, as most do: what is over, and what is so far away that
 * nobody asks for it, is found without a look into the calendar.
 */
static void
turning(const ClienteleProgram *program, const ClienteleInstruction *at, ClienteleSelection rows)
{
	const ClienteleMotion motion = at->detail->motion;
	const ClienteleCell *moving = at->a;
	const TimestampTz *until = clientele_horizons(program, moving);
	const TimestampTz *of = clientele_horizons(program, motion.of);
	TimestampTz *target = clientele_horizons(program, at->target);
	TimestampTz retreat = program->horizons->retreat;
	const DateADT *last_day = program->horizons->last_day;
	int64		today = program->today_date;
	int64		least_days = motion.kind == CLIENTELE_MOTION_DAYS ? 1 : motion.kind == CLIENTELE_MOTION_MONTHS ? 28 : 365;
	int64		first_days = motion.kind == CLIENTELE_MOTION_DAYS ? 1 : 0;

	FOR_EACH_ROW(i, rows)
	{
		int64		missing = motion.turn - moving[i].u.integer;

		if (moving[i].state == CLIENTELE_NULL)
			target[i] = until[i];
		else if (unlikely(moving[i].scale != 0 || (motion.where && motion.where[i].state == CLIENTELE_NULL)))
			target[i] = comparison(program, at, i);
		else if (missing <= 0 || today + first_days + (missing - 1) * least_days > last_day[i])
			target[i] = Min(of[i], retreat);
		else
			target[i] = Min(Min(of[i], retreat), when_risen(program, &motion, i, motion.turn));
	}
}

/* Of a date's part, and of the months and years since it: until the next one. */
static TimestampTz
date_part(const ClienteleProgram *program, const ClienteleInstruction *at, int row)
{
	TimestampTz of = clientele_horizons(program, at->a)[row];
	DateADT		date = (DateADT) at->a[row].u.integer;

	if (moves_in_cycle(&at->detail->motion))
		return program->horizons->change[at->detail->motion.kind - CLIENTELE_MOTION_MONTH];
	if (at->a[row].state == CLIENTELE_NULL || DATE_NOT_FINITE(date))
		return of;
	if (at->op == CLIENTELE_OP_MONTHS_SINCE)
		return Min(of, on_day_in_row(program, clientele_first_day_since(date, CLIENTELE_MONTHS,
																		clientele_months_between(date, program->today_date) + 1),
									 row));
	if (at->op == CLIENTELE_OP_YEARS_SINCE)
		return Min(of, on_day_in_row(program, clientele_first_day_since(date, CLIENTELE_YEARS,
																		clientele_years_between(date, program->today_date) + 1),
									 row));
	return of;
}

/* Infinite dates have no distance: NULL. */
static TimestampTz
days_between(const ClienteleProgram *program, const ClienteleInstruction *at, int row)
{
	const ClienteleCell *a = &at->a[row];
	const ClienteleCell *b = &at->b[row];

	return strict(a->state == CLIENTELE_NULL || DATE_NOT_FINITE((DateADT) a->u.integer),
				  clientele_horizons(program, at->a)[row],
				  b->state == CLIENTELE_NULL || DATE_NOT_FINITE((DateADT) b->u.integer),
				  clientele_horizons(program, at->b)[row]);
}

static void
decide(const ClienteleProgram *program, ClienteleInstruction at, ClienteleSelection rows)
{
	uint8		deciding = at.op == CLIENTELE_OP_AND ? CLIENTELE_FALSE : CLIENTELE_TRUE;
	TimestampTz *a = clientele_horizons(program, at.a);
	const TimestampTz *b = clientele_horizons(program, at.b);

	FOR_EACH_ROW(i, rows)
		a[i] = logic(deciding, at.a[i].state, a[i], at.b[i].state, b[i]);
}

static void
copy_horizons(TimestampTz *target, const TimestampTz *from, ClienteleSelection rows)
{
	if (rows.rows == NULL)
		memcpy(target, from, sizeof(TimestampTz) * rows.count);
	else
		FOR_EACH_ROW(i, rows)
			target[i] = from[i];
}

#define HORIZONS(cells) clientele_horizons(program, cells)

void
clientele_horizons_of_result(ClienteleProgram *program, const ClienteleInstruction *at, ClienteleSelection rows)
{
	switch ((ClienteleOp) at->op)
	{
		case CLIENTELE_OP_ENTER:
		case CLIENTELE_OP_NARROW:
		case CLIENTELE_OP_LEAVE:
		case CLIENTELE_OP_CALL:
		case CLIENTELE_OP_END:
			break;
		case CLIENTELE_OP_AND:
		case CLIENTELE_OP_OR:
			decide(program, *at, rows);
			break;
		case CLIENTELE_OP_LEAST:
		case CLIENTELE_OP_GREATEST:
		case CLIENTELE_OP_SOONER:
			FOR_EACH_ROW(i, rows)
				HORIZONS(at->a)[i] = Min(HORIZONS(at->a)[i], HORIZONS(at->b)[i]);
			break;
		case CLIENTELE_OP_IS_NULL:
			if (at->detail->known_by)
				copy_horizons(HORIZONS(at->target), HORIZONS(at->detail->known_by), rows);
			else
				FOR_EACH_ROW(i, rows)
					HORIZONS(at->target)[i] = DT_NOEND;
			break;
		case CLIENTELE_OP_COMPARE_NUMBER:
		case CLIENTELE_OP_COMPARE_INTEGER:
		case CLIENTELE_OP_IN:
			if (at->detail->crossing)
				copy_horizons(HORIZONS(at->target), at->detail->crossing, rows);
			else if (at->detail->motion.turns)
				turning(program, at, rows);
			else
				FOR_EACH_ROW(i, rows)
					HORIZONS(at->target)[i] = comparison(program, at, i);
			break;
		case CLIENTELE_OP_DAYS_BETWEEN:
			FOR_EACH_ROW(i, rows)
				HORIZONS(at->target)[i] = days_between(program, at, i);
			break;
		case CLIENTELE_OP_MONTHS_SINCE:
		case CLIENTELE_OP_YEARS_SINCE:
		case CLIENTELE_OP_MONTH:
		case CLIENTELE_OP_DAY:
		case CLIENTELE_OP_WEEKDAY:
			FOR_EACH_ROW(i, rows)
				HORIZONS(at->target)[i] = date_part(program, at, i);
			break;
		default:
			if (at->b == NULL)
				copy_horizons(HORIZONS(at->target), HORIZONS(at->a), rows);
			else
				FOR_EACH_ROW(i, rows)
					HORIZONS(at->target)[i] = operands(program, at, i);
			break;
	}
}
