/*
 * flips.c
 *		What became different between two rows of a customer, labels, branch and tags, and
 *		the change feed, which keeps it.
 *
 * All flips of a customer by one evaluation are the three arrays of one row of the feed;
 * those of labels that somebody has pinned or freed are another row's.
 * Every list is ascending bytewise by name, none twice, so one walk along them finds the
 * differences in the order of names.
 */
#include "postgres.h"

#include "catalog/dependency.h"
#include "catalog/pg_type.h"
#include "commands/sequence.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "compat.h"
#include "engine/engine_parts.h"
#include "expression/cell.h"
#include "own/written_table.h"
#include "refresh/flips.h"

/* A row of the feed takes as many positions: see clientele.feed(). */
#define FLIPS_AT_MOST 4096

/* The columns of the feed, as make_data_tables() makes them. */
enum
{
	FEED_POSITION,
	FEED_KEY,
	FEED_NAMES,
	FEED_FROM_LABELS,
	FEED_TO_LABELS,
	FEED_EFFECTIVE_AT,
	FEED_RECORDED_AT,
	FEED_CAUSE,
	FEED_MODEL_VERSION,
	FEED_COLUMNS
};

struct ClienteleFeed
{
	ClienteleWrittenTable *table;
	Oid			positions;		/* a sequence */
	int			nlabels;
	text	  **names;
	TimestampTz recorded_at;
	int			version;
	int64		logged;
	MemoryContext scratch;		/* of one customer */
};

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
	const ClienteleFeed *feed;
	const ClienteleSegments *before;
	const ClienteleSegments *after;
	bool		pins;			/* only labels that somebody has pinned or freed; else the
								 * others, and tags */
	int			next_label;
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

/* ------------------------------------------------------------------
 * What is followed
 * ------------------------------------------------------------------ */

static int
compare_outputs(const void *a, const void *b)
{
	return strcmp((*(const ClienteleOutput *const *) a)->definition, (*(const ClienteleOutput *const *) b)->definition);
}

ClienteleFollowed *
clientele_followed(const ClienteleEngine *engine)
{
	const char *branch = engine->parts->model->branch;
	ClienteleFollowed *followed = palloc0(sizeof(ClienteleFollowed));

	followed->engine = engine;
	followed->names = palloc(sizeof(char *) * Max(engine->noutputs, 1));
	followed->outputs = palloc(sizeof(ClienteleOutput *) * Max(engine->noutputs, 1));
	for (int i = 0; i < engine->noutputs; i++)
	{
		const ClienteleOutput *output = &engine->outputs[i];

		if (output->role == CLIENTELE_OUTPUT_LABEL ||
			(output->role == CLIENTELE_OUTPUT_VALUE && branch != NULL && strcmp(output->definition, branch) == 0))
			followed->outputs[followed->count++] = output;
	}
	qsort(followed->outputs, followed->count, sizeof(ClienteleOutput *), compare_outputs);
	for (int i = 0; i < followed->count; i++)
		followed->names[i] = followed->outputs[i]->definition;
	return followed;
}

/* A branch may be a number: 3, whatever decimals the metric has. */
Datum
clientele_label(Datum value, Oid type)
{
	Oid			output;
	bool		is_varlena;

	if (type == TEXTOID)
		return value;
	if (type == NUMERICOID)
		value = DirectFunctionCall1(numeric_trim_scale, value);
	getTypeOutputInfo(type, &output, &is_varlena);
	return CStringGetTextDatum(OidOutputFunctionCall(output, value));
}

ClienteleSegments
clientele_segments(const ClienteleFollowed *followed, const Datum *outputs, const bool *nulls)
{
	Datum	   *labels = palloc(sizeof(Datum) * Max(followed->count, 1));
	bool	   *label_nulls = palloc(sizeof(bool) * Max(followed->count, 1));

	for (int i = 0; i < followed->count; i++)
	{
		int			column = (int) (followed->outputs[i] - followed->engine->outputs);

		label_nulls[i] = nulls[column];
		labels[i] = nulls[column] ? (Datum) 0 : clientele_label(outputs[column], followed->outputs[i]->type);
	}
	return (ClienteleSegments) {labels, label_nulls, outputs[followed->engine->noutputs], NULL};
}

/* ------------------------------------------------------------------
 * Flips
 * ------------------------------------------------------------------ */

static TextList
read_tags(const ClienteleSegments *segments)
{
	TextList	list = {NULL, NULL, 0, 0};

	if (segments)
		deconstruct_array(DatumGetArrayTypeP(segments->tags), TEXTOID, -1, false, TYPALIGN_INT,
						  &list.values, &list.nulls, &list.count);
	return list;
}

static text *
text_at(const TextList *list, int i)
{
	return i < list->count && !list->nulls[i] ? DatumGetTextPP(list->values[i]) : NULL;
}

static text *
label_at(const ClienteleSegments *segments, int i)
{
	return segments && !segments->label_nulls[i] ? DatumGetTextPP(segments->labels[i]) : NULL;
}

/* What is not there comes after everything that is. */
static int
compare_names(const text *a, const text *b)
{
	if (a == NULL || b == NULL)
		return (a == NULL) - (b == NULL);
	return clientele_compare_text(a, b);
}

static bool
is_pinned(const ClienteleSegments *after, int i)
{
	return after && after->pinned && after->pinned[i];
}

static Flip
next_label(Walk *walk)
{
	while (walk->next_label < walk->feed->nlabels)
	{
		int			i = walk->next_label++;
		text	   *from = label_at(walk->before, i);
		text	   *to = label_at(walk->after, i);

		if (is_pinned(walk->after, i) == walk->pins && compare_names(from, to) != 0)
			return (Flip) {walk->feed->names[i], from, to};
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
	int			most = walk->feed->nlabels + walk->old_tags.count + walk->new_tags.count + 1;
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

/* Whether two values, neither of which is null, have the same bytes. */
static bool
same_bytes(Datum a, Datum b)
{
	return datum_image_eq(a, b, false, -1);
}

/* Mostly nothing is different, and seen without taking lists apart. */
static bool
same_segments(const ClienteleFeed *feed, const ClienteleSegments *before, const ClienteleSegments *after)
{
	if (before == NULL || after == NULL || !same_bytes(before->tags, after->tags))
		return false;
	for (int i = 0; i < feed->nlabels; i++)
		if (before->label_nulls[i] != after->label_nulls[i] ||
			(!before->label_nulls[i] && !same_bytes(before->labels[i], after->labels[i])))
			return false;
	return true;
}

/* ------------------------------------------------------------------
 * The feed
 * ------------------------------------------------------------------ */

static void
check_columns(Relation relation, Oid key_type)
{
	const Oid	types[FEED_COLUMNS] = {
		INT8OID, key_type, TEXTARRAYOID, TEXTARRAYOID, TEXTARRAYOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TEXTOID, INT4OID
	};
	TupleDesc	columns = RelationGetDescr(relation);
	bool		fits = columns->natts == FEED_COLUMNS;

	for (int i = 0; fits && i < FEED_COLUMNS; i++)
		fits = getBaseType(TupleDescAttr(columns, i)->atttypid) == types[i];
	if (!fits)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("columns of the change feed \"%s\" are not those that it was made with", RelationGetRelationName(relation)),
				 errhint("Tables in schema clientele_data are not to be altered.")));
}

ClienteleFeed *
clientele_feed_open(const char *population, Oid key_type, int version, TimestampTz recorded_at,
					int nlabels, const char *const *names)
{
	ClienteleFeed *feed = palloc0(sizeof(ClienteleFeed));
	Relation	relation;

	feed->table = clientele_write_begin(clientele_data_table(population, "change", 0));
	relation = clientele_write_relation(feed->table);
	check_columns(relation, key_type);
	feed->positions = clientele_identity_sequence(relation, FEED_POSITION + 1);
	feed->version = version;
	feed->recorded_at = recorded_at;
	feed->nlabels = nlabels;
	feed->names = palloc(mul_size(sizeof(text *), Max(nlabels, 1)));
	for (int i = 0; i < nlabels; i++)
		feed->names[i] = cstring_to_text(names[i]);
	feed->scratch = AllocSetContextCreate(CurrentMemoryContext, "clientele flips", ALLOCSET_DEFAULT_SIZES);
	return feed;
}

static void
append_flips(ClienteleFeed *feed, const Flips *flips, Datum key, TimestampTz effective_at, const char *cause)
{
	TupleTableSlot *row = clientele_write_row(feed->table);

	memset(row->tts_isnull, 0, sizeof(bool) * FEED_COLUMNS);
	row->tts_values[FEED_POSITION] = Int64GetDatum(nextval_internal(feed->positions, false));
	row->tts_values[FEED_KEY] = key;
	row->tts_values[FEED_NAMES] = text_array(flips->names, NULL, flips->count);
	row->tts_values[FEED_FROM_LABELS] = text_array(flips->from, flips->from_null, flips->count);
	row->tts_values[FEED_TO_LABELS] = text_array(flips->to, flips->to_null, flips->count);
	row->tts_values[FEED_EFFECTIVE_AT] = TimestampTzGetDatum(effective_at);
	row->tts_values[FEED_RECORDED_AT] = TimestampTzGetDatum(feed->recorded_at);
	row->tts_values[FEED_CAUSE] = CStringGetTextDatum(cause);
	row->tts_values[FEED_MODEL_VERSION] = Int32GetDatum(feed->version);
	clientele_write_append(feed->table);
	feed->logged += flips->count;
}

static void
log_flips(ClienteleFeed *feed, Datum key, const ClienteleSegments *before, const ClienteleSegments *after,
		  TimestampTz effective_at, const char *cause, bool pins)
{
	Walk		walk = {
		.feed = feed,
		.before = before,
		.after = after,
		.pins = pins,
		.old_tags = read_tags(pins ? NULL : before),
		.new_tags = read_tags(pins ? NULL : after),
	};
	Flips		flips = find_flips(&walk);

	if (flips.count > 0)
		append_flips(feed, &flips, key, effective_at, cause);
}

bool
clientele_feed_log(ClienteleFeed *feed, Datum key, const ClienteleSegments *before, const ClienteleSegments *after,
				   TimestampTz effective_at, const char *cause)
{
	MemoryContext caller = MemoryContextSwitchTo(feed->scratch);
	int64		logged = feed->logged;

	if (!same_segments(feed, before, after))
	{
		log_flips(feed, key, before, after, effective_at, cause, false);
		if (after && after->pinned)
			log_flips(feed, key, before, after, effective_at, "pin", true);
	}
	MemoryContextSwitchTo(caller);
	MemoryContextReset(feed->scratch);
	return feed->logged > logged;
}

int64
clientele_feed_close(ClienteleFeed *feed)
{
	clientele_write_end(feed->table);
	MemoryContextDelete(feed->scratch);
	return feed->logged;
}
