/*
 * flips.c
 *		What became different between two rows of a customer: labels and tags.
 *
 * One call finds all flips of a customer, as the three arrays of one row of the change
 * feed.  Every list is ascending bytewise by name, none twice, so one walk along them
 * finds the differences in the order of names.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "cell.h"

/* A row of the feed takes as many positions: see clientele.feed(). */
#define FLIPS_AT_MOST 4096

PG_FUNCTION_INFO_V1(clientele_flips);

typedef struct TextList
{
	Datum	   *values;
	bool	   *nulls;
	int			count;
	int			next;
} TextList;

typedef struct Flip
{
	text	   *name;
	text	   *from;			/* NULL: had no label, or not this tag */
	text	   *to;
} Flip;

typedef struct Walk
{
	TextList	names;			/* of what has labels */
	TextList	old_labels;
	TextList	new_labels;
	TextList	old_tags;
	TextList	new_tags;
	Flip		label;			/* the next of each; no name: there is none */
	Flip		tag;
} Walk;

typedef struct Flips
{
	int			count;
	Datum	   *names;
	Datum	   *from;
	bool	   *from_null;
	Datum	   *to;
	bool	   *to_null;
} Flips;

static TextList
read_list(FunctionCallInfo fcinfo, int argument)
{
	TextList	list = {NULL, NULL, 0, 0};

	if (!PG_ARGISNULL(argument))
		deconstruct_array(PG_GETARG_ARRAYTYPE_P(argument), TEXTOID, -1, false, TYPALIGN_INT,
						  &list.values, &list.nulls, &list.count);
	return list;
}

static text *
text_at(const TextList *list, int i)
{
	return i < list->count && !list->nulls[i] ? DatumGetTextPP(list->values[i]) : NULL;
}

/* What is not there comes after everything that is. */
static int
compare_names(const text *a, const text *b)
{
	if (a == NULL || b == NULL)
		return (a == NULL) - (b == NULL);
	return clientele_compare_text(a, b);
}

static Flip
next_label(Walk *walk)
{
	while (walk->names.next < walk->names.count)
	{
		int			i = walk->names.next++;
		text	   *from = text_at(&walk->old_labels, i);
		text	   *to = text_at(&walk->new_labels, i);

		if (compare_names(from, to) != 0)
			return (Flip) {text_at(&walk->names, i), from, to};
	}
	return (Flip) {NULL, NULL, NULL};
}

static Flip
next_tag(Walk *walk)
{
	text	   *before;
	text	   *after;

	do
	{
		int			order;

		before = text_at(&walk->old_tags, walk->old_tags.next);
		after = text_at(&walk->new_tags, walk->new_tags.next);
		order = compare_names(before, after);
		walk->old_tags.next += order <= 0;
		walk->new_tags.next += order >= 0;
		if (order < 0)
			return (Flip) {before, before, NULL};
		if (order > 0)
			return (Flip) {after, NULL, after};
	} while (before != NULL);
	return (Flip) {NULL, NULL, NULL};
}

/* Where a label became a tag of the same name, or a tag a label, that is one flip. */
static Flip
next_flip(Walk *walk)
{
	int			order = compare_names(walk->label.name, walk->tag.name);
	Flip		flip = order <= 0 ? walk->label : walk->tag;

	if (order == 0 && flip.from == NULL)
		flip.from = walk->tag.from;
	if (order == 0 && flip.to == NULL)
		flip.to = walk->tag.to;
	if (order <= 0)
		walk->label = next_label(walk);
	if (order >= 0)
		walk->tag = next_tag(walk);
	return flip;
}

static void
append(Flips *flips, const Flip *flip)
{
	int			i = flips->count++;

	flips->names[i] = PointerGetDatum(flip->name);
	flips->from[i] = PointerGetDatum(flip->from);
	flips->from_null[i] = flip->from == NULL;
	flips->to[i] = PointerGetDatum(flip->to);
	flips->to_null[i] = flip->to == NULL;
}

static Flips
find_flips(Walk *walk)
{
	int			most = walk->names.count + walk->old_tags.count + walk->new_tags.count + 1;
	Flips		flips = {
		.names = palloc(mul_size(most, sizeof(Datum))),
		.from = palloc(mul_size(most, sizeof(Datum))),
		.from_null = palloc(mul_size(most, sizeof(bool))),
		.to = palloc(mul_size(most, sizeof(Datum))),
		.to_null = palloc(mul_size(most, sizeof(bool))),
	};

	walk->label = next_label(walk);
	walk->tag = next_tag(walk);
	while (walk->label.name != NULL || walk->tag.name != NULL)
	{
		Flip		flip = next_flip(walk);

		if (compare_names(flip.from, flip.to) != 0)
			append(&flips, &flip);
	}
	if (flips.count > FLIPS_AT_MOST)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("%d labels and tags of one customer change at once", flips.count),
				 errdetail("The change feed takes %d of a customer at a time.", FLIPS_AT_MOST),
				 errhint("Publish and refresh with fewer new or dropped tags, then with the others.")));
	return flips;
}

static Datum
text_array(Datum *values, bool *nulls, int count)
{
	int			dimensions[] = {count};
	int			first[] = {1};

	return PointerGetDatum(construct_md_array(values, nulls, 1, dimensions, first, TEXTOID, -1, false, TYPALIGN_INT));
}

/* The row type of the result, looked up once per call site. */
static TupleDesc
result_type(FunctionCallInfo fcinfo)
{
	if (fcinfo->flinfo->fn_extra == NULL)
	{
		MemoryContext before = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
		TupleDesc	type;

		if (get_call_result_type(fcinfo, NULL, &type) != TYPEFUNC_COMPOSITE)
			elog(ERROR, "return type must be a row type");
		fcinfo->flinfo->fn_extra = BlessTupleDesc(type);
		MemoryContextSwitchTo(before);
	}
	return fcinfo->flinfo->fn_extra;
}

/* flips(names text[], old_labels text[], new_labels text[], old_tags text[], new_tags text[]) */
Datum
clientele_flips(PG_FUNCTION_ARGS)
{
	Walk		walk = {
		.names = read_list(fcinfo, 0),
		.old_labels = read_list(fcinfo, 1),
		.new_labels = read_list(fcinfo, 2),
		.old_tags = read_list(fcinfo, 3),
		.new_tags = read_list(fcinfo, 4),
	};
	Flips		flips = find_flips(&walk);
	bool		nulls[3] = {false, false, false};
	Datum		arrays[3];

	if (flips.count == 0)
		PG_RETURN_NULL();
	arrays[0] = text_array(flips.names, NULL, flips.count);
	arrays[1] = text_array(flips.from, flips.from_null, flips.count);
	arrays[2] = text_array(flips.to, flips.to_null, flips.count);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(result_type(fcinfo), arrays, nulls)));
}
