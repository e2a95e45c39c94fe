/*
 * space.c
 *		The space that rules divide among them.
 */
#include "postgres.h"

#include "storage/shmem.h"
#include "utils/date.h"

#include "base/local_time.h"
#include "compat.h"
#include "expression/cell.h"
#include "lint/space.h"

static const ClienteleTruth unknown = {CLIENTELE_NO_CELL, CLIENTELE_NO_CELL};

/* ---------- sets and truths ---------- */

ClienteleDiagram
clientele_cells_and(ClienteleSpace *space, ClienteleDiagram a, ClienteleDiagram b)
{
	return space->collecting ? CLIENTELE_NO_CELL : clientele_diagram_and(space->diagrams, a, b);
}

ClienteleDiagram
clientele_cells_or(ClienteleSpace *space, ClienteleDiagram a, ClienteleDiagram b)
{
	return space->collecting ? CLIENTELE_NO_CELL : clientele_diagram_or(space->diagrams, a, b);
}

ClienteleDiagram
clientele_cells_without(ClienteleSpace *space, ClienteleDiagram a, ClienteleDiagram b)
{
	return space->collecting ? CLIENTELE_NO_CELL : clientele_diagram_without(space->diagrams, a, b);
}

ClienteleTruth
clientele_truth_and(ClienteleSpace *space, ClienteleTruth a, ClienteleTruth b)
{
	return (ClienteleTruth) {clientele_cells_and(space, a.holds, b.holds), clientele_cells_or(space, a.fails, b.fails)};
}

ClienteleTruth
clientele_truth_not(ClienteleTruth a)
{
	return (ClienteleTruth) {a.fails, a.holds};
}

ClienteleTruth
clientele_truth_or(ClienteleSpace *space, ClienteleTruth a, ClienteleTruth b)
{
	return clientele_truth_not(clientele_truth_and(space, clientele_truth_not(a), clientele_truth_not(b)));
}

/* ---------- dimensions ---------- */

void
clientele_space_begin(ClienteleSpace *space, pg_tz *zone)
{
	memset(space, 0, sizeof(*space));
	space->collecting = true;
	space->zone = zone;
	space->allocated = 8;
	space->dimensions = palloc(mul_size(sizeof(ClienteleDimension), space->allocated));
}

static int
find_dimension(const ClienteleSpace *space, const char *key)
{
	for (int i = 0; i < space->ndimensions; i++)
	{
		if (strcmp(space->dimensions[i].key, key) == 0)
			return i;
	}
	return -1;
}

static ClienteleDimension *
add_dimension(ClienteleSpace *space, const char *key, const char *text)
{
	ClienteleDimension *added;

	if (!space->collecting)
		elog(ERROR, "dimension \"%s\" was not collected", key);
	if (space->ndimensions == space->allocated)
	{
		space->allocated *= 2;
		space->dimensions = repalloc(space->dimensions, mul_size(sizeof(ClienteleDimension), space->allocated));
	}
	added = &space->dimensions[space->ndimensions++];
	memset(added, 0, sizeof(*added));
	added->key = key;
	added->text = text;
	added->allocated = 8;
	added->cuts = palloc(mul_size(sizeof(ClienteleCut), added->allocated));
	return added;
}

/* Truths are two numbers. */
static void
cut_in_two(ClienteleDimension *dimension)
{
	dimension->domain.type = CLIENTELE_BOOLEAN;
	dimension->cuts[0] = (ClienteleCut) {clientele_decimal_from_int64(0), true};
	dimension->ncuts = 1;
}

static int
missing_dimension(ClienteleSpace *space, const char *origin, const char *text, bool apart)
{
	const char *key = psprintf("missing %s", origin);
	int			found = find_dimension(space, key);
	ClienteleDimension *added;

	if (found >= 0)
		return found;
	added = add_dimension(space, key, text);
	added->is_missing = true;
	added->apart = apart;
	cut_in_two(added);
	return space->ndimensions - 1;
}

int
clientele_space_dimension(ClienteleSpace *space, const char *key, const char *text, const ClienteleDomain *domain,
						  List *origins, bool apart)
{
	int			found = find_dimension(space, key);
	List	   *missing = NIL;
	ClienteleDimension *added;
	ListCell   *cell;

	if (found >= 0)
		return found;
	foreach(cell, domain->nullable ? origins : NIL)
		missing = list_append_unique_int(missing, missing_dimension(space, lfirst(cell), text, apart));
	added = add_dimension(space, key, text);
	added->domain = *domain;
	added->missing = missing;
	added->apart = apart;
	added->texts = list_copy(domain->texts);
	if (domain->type == CLIENTELE_BOOLEAN)
		cut_in_two(added);
	return space->ndimensions - 1;
}

static int
compare_cuts(const void *a, const void *b)
{
	const ClienteleCut *left = a;
	const ClienteleCut *right = b;
	int			order = clientele_decimal_compare(left->at, right->at);

	return order != 0 ? order : (int) left->after - (int) right->after;
}

/* Numbers with so many decimals next to a number: not above it, or not below. */
static ClienteleDecimal
step_beside(ClienteleDecimal number, int decimals, bool above)
{
	ClienteleDecimal step = {.u.units = 1,.scale = decimals};
	ClienteleDecimal result = clientele_decimal_round(number, decimals);
	int			order = clientele_decimal_compare(result, number);

	if (above && order < 0)
		(void) clientele_decimal_add(result, step, &result);
	else if (!above && order > 0)
		(void) clientele_decimal_subtract(result, step, &result);
	return result;
}

/* Numbers with so many decimals are cut in front of one of them, whatever is asked. */
static ClienteleCut
make_cut(const ClienteleDimension *dimension, ClienteleDecimal at, bool after)
{
	int			decimals = dimension->domain.decimals;
	ClienteleDecimal step = {.u.units = 1,.scale = decimals};

	if (decimals < 0)
		return (ClienteleCut) {at, after};
	if (!after)
		return (ClienteleCut) {step_beside(at, decimals, true), false};
	at = step_beside(at, decimals, false);
	if (!clientele_decimal_add(at, step, &at))
		return (ClienteleCut) {at, true};
	return (ClienteleCut) {at, false};
}

static void
add_cut(ClienteleDimension *dimension, ClienteleCut cut)
{
	if (dimension->ncuts == dimension->allocated)
	{
		dimension->allocated *= 2;
		dimension->cuts = repalloc(dimension->cuts, mul_size(sizeof(ClienteleCut), dimension->allocated));
	}
	dimension->cuts[dimension->ncuts++] = cut;
}

/* Whether a cut has nothing below it, or nothing above. */
static bool
is_below_all(const ClienteleDimension *dimension, ClienteleCut cut)
{
	ClienteleCut lowest = {dimension->domain.lowest, false};

	return dimension->domain.has_lowest && compare_cuts(&cut, &lowest) <= 0;
}

static bool
is_above_all(const ClienteleDimension *dimension, ClienteleCut cut)
{
	ClienteleCut highest = make_cut(dimension, dimension->domain.highest, true);

	return dimension->domain.has_highest && compare_cuts(&cut, &highest) >= 0;
}

/* Each cut once, and those alone that divide something. */
static void
order_cuts(ClienteleDimension *dimension)
{
	int			kept = 0;

	qsort(dimension->cuts, dimension->ncuts, sizeof(ClienteleCut), compare_cuts);
	for (int i = 0; i < dimension->ncuts; i++)
	{
		ClienteleCut cut = dimension->cuts[i];

		if (!is_below_all(dimension, cut) && !is_above_all(dimension, cut) &&
			(kept == 0 || compare_cuts(&dimension->cuts[kept - 1], &cut) != 0))
			dimension->cuts[kept++] = cut;
	}
	dimension->ncuts = kept;
}

static bool
is_open(const ClienteleDimension *dimension)
{
	return dimension->domain.type == CLIENTELE_TEXT && dimension->domain.texts == NIL;
}

/* A difference is not free where what it is made of is compared, too. */
static bool
shares_terms(const ClienteleSpace *space, const ClienteleDimension *dimension)
{
	for (int i = 0; i < space->ndimensions; i++)
	{
		const ClienteleDimension *other = &space->dimensions[i];
		ListCell   *cell;

		foreach(cell, other == dimension ? NIL : dimension->terms)
		{
			ListCell   *beside;

			if (strcmp(other->key, lfirst(cell)) == 0)
				return true;
			foreach(beside, other->terms)
			{
				if (strcmp(lfirst(beside), lfirst(cell)) == 0)
					return true;
			}
		}
	}
	return false;
}

void
clientele_space_collected(ClienteleSpace *space)
{
	ClienteleLevel *levels = palloc0(mul_size(sizeof(ClienteleLevel), Max(space->ndimensions, 1)));
	int			nlevels = 0;

	space->order = palloc(mul_size(sizeof(int), Max(space->ndimensions, 1)));
	for (int i = 0; i < space->ndimensions; i++)
	{
		ClienteleDimension *dimension = &space->dimensions[i];

		order_cuts(dimension);
		dimension->apart = dimension->apart || shares_terms(space, dimension);
		dimension->nclasses = dimension->domain.type == CLIENTELE_TEXT ?
			list_length(dimension->texts) + is_open(dimension) : dimension->ncuts + 1;
	}
	for (int apart = 0; apart <= 1; apart++)
	{
		for (int i = 0; i < space->ndimensions; i++)
		{
			ClienteleDimension *dimension = &space->dimensions[i];

			if (dimension->apart != (bool) apart)
				continue;
			levels[nlevels].nclasses = dimension->nclasses;
			levels[nlevels].has_null = dimension->is_missing;
			levels[nlevels].apart = dimension->apart;
			space->order[nlevels] = i;
			dimension->level = nlevels++;
		}
	}
	space->diagrams = clientele_diagrams(nlevels, levels);
	space->collecting = false;
}

int
clientele_space_width(const ClienteleSpace *space)
{
	int			width = 0;

	for (int i = 0; i < space->ndimensions; i++)
		width += !space->dimensions[i].apart && !space->dimensions[i].is_missing && space->dimensions[i].nclasses > 1;
	return width;
}

/* ---------- what a comparison selects ---------- */

/* From class `from` up to class `to`, not included. */
static ClienteleDiagram
classes_between(ClienteleSpace *space, const ClienteleDimension *dimension, int from, int to)
{
	bool	   *classes = palloc0(mul_size(sizeof(bool), dimension->nclasses));

	for (int i = from; i < to; i++)
		classes[i] = true;
	return clientele_diagram_of(space->diagrams, dimension->level, classes);
}

ClienteleDiagram
clientele_space_missing(ClienteleSpace *space, int number)
{
	ClienteleDiagram missing = CLIENTELE_NO_CELL;
	ListCell   *cell;

	foreach(cell, space->collecting ? NIL : space->dimensions[number].missing)
		missing = clientele_cells_or(space, missing, classes_between(space, &space->dimensions[lfirst_int(cell)], 0, 1));
	return missing;
}

/* True in these classes, false in the others, if the value is there. */
static ClienteleTruth
truth_between(ClienteleSpace *space, int number, int from, int to)
{
	ClienteleDiagram inside = classes_between(space, &space->dimensions[number], from, to);
	ClienteleDiagram known = clientele_cells_without(space, CLIENTELE_EVERY_CELL, clientele_space_missing(space, number));

	return (ClienteleTruth) {clientele_cells_and(space, known, inside), clientele_cells_without(space, known, inside)};
}

/* Below the cut. */
static ClienteleTruth
below(ClienteleSpace *space, int number, ClienteleDecimal at, bool after)
{
	ClienteleDimension *dimension = &space->dimensions[number];
	ClienteleCut cut = make_cut(dimension, at, after);
	int			end = 0;

	if (space->collecting)
	{
		add_cut(dimension, cut);
		return unknown;
	}
	if (is_above_all(dimension, cut))
		end = dimension->nclasses;
	else if (!is_below_all(dimension, cut))
		while (end < dimension->ncuts && compare_cuts(&dimension->cuts[end], &cut) <= 0)
			end++;
	return truth_between(space, number, 0, end);
}

ClienteleTruth
clientele_space_compare(ClienteleSpace *space, int dimension, ClienteleComparison comparison, ClienteleDecimal constant)
{
	switch (comparison)
	{
		case CLIENTELE_LT:
			return below(space, dimension, constant, false);
		case CLIENTELE_LE:
			return below(space, dimension, constant, true);
		case CLIENTELE_GT:
			return clientele_truth_not(below(space, dimension, constant, true));
		case CLIENTELE_GE:
			return clientele_truth_not(below(space, dimension, constant, false));
		case CLIENTELE_EQ:
			return clientele_truth_and(space, below(space, dimension, constant, true),
									   clientele_truth_not(below(space, dimension, constant, false)));
		case CLIENTELE_NE:
			return clientele_truth_not(clientele_space_compare(space, dimension, CLIENTELE_EQ, constant));
	}
	return unknown;
}

static int
text_class(const ClienteleDimension *dimension, const char *text)
{
	ListCell   *cell;

	foreach(cell, dimension->texts)
	{
		if (strcmp(lfirst(cell), text) == 0)
			return foreach_current_index(cell);
	}
	return -1;
}

ClienteleTruth
clientele_space_equals(ClienteleSpace *space, int number, const char *text)
{
	ClienteleDimension *dimension = &space->dimensions[number];
	int			class = text_class(dimension, text);

	if (space->collecting)
	{
		if (class < 0 && is_open(dimension))
			dimension->texts = lappend(dimension->texts, pstrdup(text));
		return unknown;
	}
	return class < 0 ? truth_between(space, number, 0, 0) : truth_between(space, number, class, class + 1);
}

ClienteleTruth
clientele_space_truth(ClienteleSpace *space, int number)
{
	return space->collecting ? unknown : truth_between(space, number, 1, 2);
}

/* ---------- examples ---------- */

static char *
quoted(const char *text)
{
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfoChar(&out, '\'');
	for (; *text; text++)
	{
		if (*text == '\'')
			appendStringInfoChar(&out, '\'');
		appendStringInfoChar(&out, *text);
	}
	appendStringInfoChar(&out, '\'');
	return out.data;
}

static char *
value_text(const ClienteleSpace *space, const ClienteleDimension *dimension, ClienteleDecimal value)
{
	if (value.scale == 0 && dimension->domain.type == CLIENTELE_DATE)
		return psprintf("date '%s'", clientele_date_to_string((DateADT) value.u.units));
	if (value.scale == 0 && dimension->domain.type == CLIENTELE_TIMESTAMP)
		return psprintf("timestamp '%s'", clientele_instant_to_string(value.u.units, space->zone));
	return clientele_decimal_to_string(value);
}

/* "spend >= 500"; a difference from nothing is a comparison of two. */
static char *
comparison_text(const ClienteleSpace *space, const ClienteleDimension *dimension, const char *comparison,
				ClienteleDecimal value)
{
	if (dimension->other && clientele_decimal_sign(value) == 0)
		return psprintf("%s %s %s", dimension->text, comparison, dimension->other);
	return psprintf("%s%s%s %s %s", dimension->text, dimension->other ? " - " : "", dimension->other ? dimension->other : "",
					comparison, value_text(space, dimension, value));
}

/* Where a run of classes begins and ends; false where it is open on that side. */
static bool
run_from(const ClienteleDimension *dimension, int from, ClienteleCut *cut)
{
	*cut = from > 0 ? dimension->cuts[from - 1] : (ClienteleCut) {dimension->domain.lowest, false};
	return from > 0 || dimension->domain.has_lowest;
}

static bool
run_to(const ClienteleDimension *dimension, int to, ClienteleCut *cut)
{
	if (to <= dimension->ncuts)
		*cut = dimension->cuts[to - 1];
	else if (dimension->domain.has_highest)
		*cut = make_cut(dimension, dimension->domain.highest, true);
	return to <= dimension->ncuts || dimension->domain.has_highest;
}

/* The number just below a cut, if there is one. */
static bool
greatest_below(const ClienteleDimension *dimension, ClienteleCut cut, ClienteleDecimal *value)
{
	ClienteleDecimal step = {.u.units = 1,.scale = dimension->domain.decimals};

	*value = cut.at;
	if (cut.after)
		return true;
	return dimension->domain.decimals >= 0 && clientele_decimal_subtract(cut.at, step, value);
}

/* Whether the run is one number. */
static bool
is_one_number(const ClienteleDimension *dimension, const ClienteleCut *from, const ClienteleCut *to, ClienteleDecimal *value)
{
	return !from->after && greatest_below(dimension, *to, value) && clientele_decimal_compare(*value, from->at) == 0;
}

/* The condition that says of a dimension of numbers that it is in a run of classes. */
static char *
run_text(const ClienteleSpace *space, const ClienteleDimension *dimension, int from, int to)
{
	ClienteleCut low;
	ClienteleCut high;
	ClienteleDecimal value;
	bool		has_low = run_from(dimension, from, &low);
	bool		has_high = run_to(dimension, to, &high);
	char	   *lower;

	if (has_low && has_high && is_one_number(dimension, &low, &high, &value))
		return comparison_text(space, dimension, "=", value);

	/* bounds that every value keeps need not be said */
	has_low = from > 0;
	has_high = to < dimension->nclasses;
	lower = has_low ? comparison_text(space, dimension, low.after ? ">" : ">=", low.at) : NULL;
	if (!has_high)
		return lower;
	if (greatest_below(dimension, high, &value))
		high = (ClienteleCut) {value, true};
	return psprintf("%s%s%s", has_low ? lower : "", has_low ? " and " : "",
					comparison_text(space, dimension, high.after ? "<=" : "<", high.at));
}

/* A number of a class, a plain one where there is a choice. */
static ClienteleDecimal
number_in(const ClienteleDimension *dimension, int class)
{
	ClienteleDecimal one = clientele_decimal_from_int64(1);
	ClienteleDecimal zero = clientele_decimal_from_int64(0);
	ClienteleCut low;
	ClienteleCut high;
	bool		has_low = run_from(dimension, class, &low);
	bool		has_high = run_to(dimension, class + 1, &high);
	ClienteleDecimal value = zero;

	if (has_low && !low.after)
		return low.at;
	if (has_high && greatest_below(dimension, high, &value))
		return value;
	if (has_low && has_high)
	{
		/* between two numbers of a dense line */
		if (clientele_decimal_add(low.at, high.at, &value) &&
			clientele_decimal_multiply(value, (ClienteleDecimal) {.u.units = 5,.scale = 1}, &value))
			return value;
		return low.at;
	}
	if (has_low)
		(void) clientele_decimal_add(low.at, one, &value);
	else if (has_high)
		(void) clientele_decimal_subtract(high.at, one, &value);
	return value;
}

/* "level in ('gold', 'silver')" of the classes chosen. */
static char *
texts_text(const ClienteleDimension *dimension, const bool *chosen)
{
	bool		others = is_open(dimension) && chosen[dimension->nclasses - 1];
	StringInfoData list;
	int			count = 0;
	ListCell   *cell;

	initStringInfo(&list);
	foreach(cell, dimension->texts)
	{
		if (chosen[foreach_current_index(cell)] == others)
			continue;
		appendStringInfo(&list, "%s%s", count++ > 0 ? ", " : "", quoted(lfirst(cell)));
	}
	if (count == 1)
		return psprintf("%s %s %s", dimension->text, others ? "<>" : "=", list.data);
	return psprintf("%s %sin (%s)", dimension->text, others ? "not " : "", list.data);
}

/* The condition that a dimension is in the classes chosen, or in those of them around `class`. */
static char *
classes_text(const ClienteleSpace *space, const ClienteleDimension *dimension, const bool *chosen, int class)
{
	int			from = class;
	int			to = class + 1;

	if (dimension->is_missing)
		return psprintf(class == 0 ? "%s is null" : "%s is not null", dimension->text);
	if (dimension->domain.type == CLIENTELE_BOOLEAN)
		return class == 1 ? pstrdup(dimension->text) : psprintf("not %s", dimension->text);
	if (dimension->domain.type == CLIENTELE_TEXT)
		return texts_text(dimension, chosen);
	while (from > 0 && chosen[from - 1])
		from--;
	while (to < dimension->nclasses && chosen[to])
		to++;
	return run_text(space, dimension, from, to);
}

static char *
point_text(const ClienteleSpace *space, const ClienteleDimension *dimension, int class)
{
	bool	   *chosen = palloc0(mul_size(sizeof(bool), dimension->nclasses));

	chosen[class] = true;
	if (dimension->domain.type == CLIENTELE_BOOLEAN || dimension->domain.type == CLIENTELE_TEXT)
		return classes_text(space, dimension, chosen, class);
	return comparison_text(space, dimension, "=", number_in(dimension, class));
}

static void
append_and(StringInfo out, const char *text)
{
	appendStringInfo(out, "%s%s", out->len > 0 ? " and " : "", text);
}

/* The first class from which one of these cells of the diagram is left, or -1. */
static int
first_leading(ClienteleSpace *space, const ClienteleDimension *dimension, ClienteleDiagram diagram, ClienteleDiagram cells)
{
	for (int class = 0; class < dimension->nclasses; class++)
	{
		if (clientele_cells_and(space, clientele_diagram_rest(space->diagrams, diagram, class), cells) != CLIENTELE_NO_CELL)
			return class;
	}
	return -1;
}

/*
 * The class to go on with, and in chosen all that lead to the same.  If there are cells in which
 * nothing is missing it leads to such, else to what is missing as soon as can be.
 */
static int
choose_class(ClienteleSpace *space, const ClienteleDimension *dimension, ClienteleDiagram diagram, bool *chosen)
{
	ClienteleDiagram known = clientele_diagram_known(space->diagrams);
	bool		is_known = clientele_cells_and(space, diagram, known) != CLIENTELE_NO_CELL;
	int			class = is_known && dimension->is_missing ? 1 :
		first_leading(space, dimension, diagram, is_known ? known : CLIENTELE_EVERY_CELL);

	for (int i = 0; i < dimension->nclasses; i++)
		chosen[i] = clientele_diagram_rest(space->diagrams, diagram, i) == clientele_diagram_rest(space->diagrams, diagram, class);
	return class;
}

/* That a value is there need not be said where it is said which. */
static bool
is_implied(const ClienteleSpace *space, const ClienteleDimension *missing, const bool *said)
{
	for (int i = 0; i < space->ndimensions; i++)
	{
		if (said[i] && list_member_int(space->dimensions[i].missing, (int) (missing - space->dimensions)))
			return true;
	}
	return false;
}

ClienteleExample
clientele_space_example(ClienteleSpace *space, ClienteleDiagram diagram)
{
	ClienteleExample example = {.cells = CLIENTELE_EVERY_CELL};
	bool	   *said = palloc0(mul_size(sizeof(bool), Max(space->ndimensions, 1)));
	char	  **conditions = palloc0(mul_size(sizeof(char *), Max(space->ndimensions, 1)));
	char	  **points = palloc0(mul_size(sizeof(char *), Max(space->ndimensions, 1)));
	StringInfoData condition;
	StringInfoData point;

	while (diagram > CLIENTELE_EVERY_CELL)
	{
		int			number = space->order[clientele_diagram_level(space->diagrams, diagram)];
		const ClienteleDimension *dimension = &space->dimensions[number];
		bool	   *chosen = palloc(mul_size(sizeof(bool), dimension->nclasses));
		int			class = choose_class(space, dimension, diagram, chosen);

		said[number] = true;
		conditions[number] = classes_text(space, dimension, chosen, class);
		points[number] = point_text(space, dimension, class);
		example.cells = clientele_cells_and(space, example.cells, classes_between(space, dimension, class, class + 1));
		diagram = clientele_diagram_rest(space->diagrams, diagram, class);
	}
	initStringInfo(&condition);
	initStringInfo(&point);
	for (int level = 0; level < space->ndimensions; level++)
	{
		int			number = space->order[level];

		if (!said[number] || (space->dimensions[number].is_missing && is_implied(space, &space->dimensions[number], said)))
			continue;
		append_and(&condition, conditions[number]);
		append_and(&point, points[number]);
	}
	example.condition = condition.len > 0 ? condition.data : "true";
	example.point = point.len > 0 ? point.data : "true";
	return example;
}

char *
clientele_space_apart(const ClienteleSpace *space, ClienteleDiagram diagram)
{
	bool	   *asked = palloc0(mul_size(sizeof(bool), Max(space->ndimensions, 1)));
	StringInfoData out;

	initStringInfo(&out);
	clientele_diagram_levels(space->diagrams, diagram, asked);
	for (int level = 0; level < space->ndimensions; level++)
	{
		const ClienteleDimension *dimension = &space->dimensions[space->order[level]];

		if (asked[level] && dimension->apart)
			appendStringInfo(&out, "%s%s%s%s", out.len > 0 ? ", " : "", dimension->text,
							 dimension->other ? " against " : "", dimension->other ? dimension->other : "");
	}
	return out.data;
}
