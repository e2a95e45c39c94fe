/*
 * profile_rules.c
 *		What promotions ask of a profile, compiled.
 */
#include "postgres.h"

#include "access/table.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/resowner.h"
#include "utils/snapmgr.h"

#include "base/nearest_name.h"
#include "compat.h"
#include "engine/stream.h"
#include "offer/profile_rules.h"
#include "population/owner.h"
#include "population/reader.h"

/* ---------- the columns of the view ---------- */

ClienteleProfile *
clientele_profile_begin(const ClientelePopulation *population, pg_tz *zone)
{
	ClienteleProfile *profile = palloc0(sizeof(ClienteleProfile));
	Relation	view;

	profile->population_id = population->id;
	profile->population = pstrdup(NameStr(population->name));
	profile->schema = pstrdup(NameStr(population->target_schema));
	profile->key_column = pstrdup(NameStr(population->key_column));
	profile->owner = population->owner;
	profile->zone = zone;
	profile->view = clientele_view(profile->schema, profile->population, profile->owner);
	if (!OidIsValid(profile->view))
		return profile;
	view = table_open(profile->view, AccessShareLock);
	profile->columns = CreateTupleDescCopy(RelationGetDescr(view));
	profile->named = palloc(mul_size(profile->columns->natts, sizeof(ClienteleNamedColumn)));
	table_close(view, AccessShareLock);
	profile->fixed[CLIENTELE_PROFILE_MODEL_VERSION] = get_attnum(profile->view, "model_version");
	profile->fixed[CLIENTELE_PROFILE_TAGS] = get_attnum(profile->view, "tags");
	return profile;
}

/* A view that is not there yet may be any. */
bool
clientele_profile_reads(const ClienteleProfile *profile, Oid relation)
{
	return profile->view == relation || !OidIsValid(profile->view);
}

/* What is known of the row, not of the customer, is no part of a condition. */
static bool
is_nameable(Form_pg_attribute column)
{
	static const char *const others[] = {"tags", "evaluated_at", "due_at", "model_version"};

	for (size_t i = 0; i < lengthof(others); i++)
	{
		if (strcmp(NameStr(column->attname), others[i]) == 0)
			return false;
	}
	return !column->attisdropped;
}

/* Perhaps a metric of money. */
static bool
is_number(const ClienteleProfile *profile, Form_pg_attribute column)
{
	return (column->atttypid == INT4OID || column->atttypid == INT8OID || column->atttypid == NUMERICOID) &&
		strcmp(NameStr(column->attname), profile->key_column) != 0;
}

static Form_pg_attribute
find_attribute(const ClienteleProfile *profile, const char *name)
{
	for (int i = 0; i < profile->columns->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(profile->columns, i);

		if (is_nameable(attribute) && strcmp(NameStr(attribute->attname), name) == 0)
			return attribute;
	}
	return NULL;
}

/* NULL: none is near. */
static const char *
nearest_attribute(const ClienteleProfile *profile, const char *name, bool numbers)
{
	ClienteleNearestName nearest;

	clientele_nearest_begin(&nearest, name);
	for (int i = 0; i < profile->columns->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(profile->columns, i);

		if (is_nameable(attribute) && (!numbers || is_number(profile, attribute)))
			clientele_nearest_offer(&nearest, NameStr(attribute->attname));
	}
	return clientele_nearest_result(&nearest);
}

static void
refuse_column(const ClienteleProfile *profile, const char *name, const char *what, const ClienteleBinder *binder,
			  const ClienteleNode *place)
{
	const char *nearest = nearest_attribute(profile, name, place == NULL);

	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_COLUMN),
			 errmsg("population \"%s\" has no %s \"%s\"", profile->population, what, name),
			 nearest ? errhint("Perhaps you mean %s.", quote_identifier(nearest)) :
			 errhint("The columns of %s can be named; for anything else, define a metric first.",
					 quote_qualified_identifier(profile->schema, profile->population)),
			 place ? clientele_bind_error_position(binder, place) : 0));
}

/* The number of a column in ->named, which is `what`; where an error is, where it is in an expression. */
static int
name_column(ClienteleProfile *profile, const char *name, const char *what, const ClienteleBinder *binder,
			const ClienteleNode *place)
{
	Form_pg_attribute attribute;
	ClienteleNamedColumn *named;

	for (int i = 0; i < profile->nnamed; i++)
	{
		if (strcmp(profile->named[i].name, name) == 0)
			return i;
	}
	attribute = find_attribute(profile, name);
	if (attribute == NULL)
		refuse_column(profile, name, what, binder, place);
	named = &profile->named[profile->nnamed];
	if (!clientele_column_init(&named->column, attribute->atttypid, attribute->atttypmod, attribute->attcollation))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("column %s of type %s cannot be used in an expression", name, format_type_be(attribute->atttypid)),
				 errhint("Define a metric that gives one of %s.", clientele_column_types()),
				 place ? clientele_bind_error_position(binder, place) : 0));
	named->name = pstrdup(name);
	named->oid = attribute->atttypid;
	named->place = attribute->attnum;
	return profile->nnamed++;
}

static void
read_tags(ClienteleProfile *profile)
{
	static const Oid types[] = {INT4OID};
	Datum		id = Int32GetDatum(profile->population_id);
	Snapshot	snapshot = RegisterSnapshot(GetLatestSnapshot());
	ClienteleRole before = clientele_become(clientele_extension_owner());
	ClienteleStream *stream = clientele_stream_open(
		clientele_query_kept("SELECT d.name::pg_catalog.text FROM clientele.population AS p"
							 " JOIN clientele.version AS v ON v.population_id = p.population_id AND v.version = p.live_version"
							 " CROSS JOIN LATERAL clientele.model_definitions(v.model) AS d"
							 " WHERE p.population_id = $1 AND d.kind = 'tag'", 1, types), &id, NULL, snapshot);
	TupleTableSlot *slot;

	while ((slot = clientele_stream_next(stream)) != NULL)
	{
		bool		isnull;

		profile->tags = lappend(profile->tags, TextDatumGetCString(slot_getattr(slot, 1, &isnull)));
	}
	clientele_stream_close(stream);
	clientele_become_again(&before);
	UnregisterSnapshot(snapshot);
	profile->tags_read = true;
}

/* ---------- binding ---------- */

static ClienteleOperand
resolve_name(ClienteleScope *scope, ClienteleBinder *binder, const ClienteleNode *name)
{
	ClienteleAudienceRules *rules = (ClienteleAudienceRules *) scope;
	int			number = name_column(rules->profile, name->string, "column", binder, name);
	ClienteleColumn *column = &rules->profile->named[number].column;
	ClienteleOperand operand = {.type = column->type,.column = column};

	if (name->next_name)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("column %s has no part %s", name->string, name->next_name->string),
				 errhint("The columns of the population's view can be named, such as the labels of its ladders."),
				 clientele_bind_error_position(binder, name->next_name)));
	for (int i = 0; i < rules->nnames; i++)
	{
		if (rules->names[i].column == number)
			operand.cells = rules->names[i].cell;
	}
	if (operand.cells == NULL)
	{
		operand.cells = clientele_bind_register(binder);
		rules->names[rules->nnames++] = (ClienteleNameCell) {number, operand.cells};
	}
	if (column->kind == CLIENTELE_COLUMN_TIMESTAMP)
		clientele_bind_needs_zone(binder);
	return operand;
}

/* A tag that nobody can have would make its opposite mean everybody. */
static void
check_tag(ClienteleProfile *profile, ClienteleBinder *binder, const ClienteleNode *place)
{
	ClienteleNearestName nearest;
	ListCell   *cell;

	if (!profile->tags_read)
		read_tags(profile);
	foreach(cell, profile->tags)
		if (strcmp(lfirst(cell), place->string) == 0)
			return;
	clientele_nearest_begin(&nearest, place->string);
	foreach(cell, profile->tags)
		clientele_nearest_offer(&nearest, lfirst(cell));
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("there is no tag \"%s\"", place->string),
			 clientele_nearest_result(&nearest) ?
			 errhint("Perhaps you mean '%s'.", clientele_nearest_result(&nearest)) :
			 errhint("Define it, without a rule if only people give it: SELECT clientele.define_tag(%s, '%s'); then publish and refresh.",
					 quote_literal_cstr(profile->population), place->string),
			 clientele_bind_error_position(binder, place)));
}

static ClienteleOperand
resolve_tag(ClienteleScope *scope, ClienteleBinder *binder, const ClienteleNode *node)
{
	ClienteleAudienceRules *rules = (ClienteleAudienceRules *) scope;
	const char *tag = node->first->string;
	ClienteleOperand operand = {.type = CLIENTELE_BOOLEAN};

	for (int i = 0; i < rules->ntags; i++)
	{
		if (strcmp(rules->tags[i].tag, tag) == 0)
			operand.cells = rules->tags[i].cell;
	}
	if (operand.cells != NULL)
		return operand;
	check_tag(rules->profile, binder, node->first);
	if (rules->ntags == rules->tags_allocated)
	{
		rules->tags_allocated = Max(4, rules->tags_allocated * 2);
		rules->tags = rules->tags == NULL ? palloc(mul_size(rules->tags_allocated, sizeof(ClienteleTagCell))) :
			repalloc(rules->tags, mul_size(rules->tags_allocated, sizeof(ClienteleTagCell)));
	}
	operand.cells = clientele_bind_register(binder);
	rules->tags[rules->ntags++] = (ClienteleTagCell) {pstrdup(tag), operand.cells};
	return operand;
}

static void
place_error_callback(void *place)
{
	errcontext("%s", (const char *) place);
}

static void
bind_condition(ClienteleAudienceRules *rules, const char *condition)
{
	ClienteleNode *tree = clientele_expression_parse(condition, NULL);
	bool		all_of = tree->kind == CLIENTELE_NODE_AND;
	ClienteleBinder *binder;
	int			nparts = 0;

	for (const ClienteleNode *at = all_of ? tree->first : tree; at != NULL; at = at->next)
		nparts++;
	rules->parts = palloc(mul_size(nparts, sizeof(char *)));
	rules->truths = palloc(mul_size(nparts, sizeof(ClienteleCell *)));
	rules->names = palloc(mul_size(rules->profile->columns->natts, sizeof(ClienteleNameCell)));
	binder = clientele_bind_begin(&rules->scope, 1, false);
	clientele_bind_lenient(binder);
	for (const ClienteleNode *part = all_of ? tree->first : tree; part != NULL; part = part->next)
	{
		ClienteleType type;

		rules->parts[rules->nparts] = clientele_expression_print(part);
		rules->truths[rules->nparts] = clientele_bind_rule(binder, rules->parts[rules->nparts], CLIENTELE_BOOLEAN, &type);
		rules->nparts++;
	}
	rules->program = clientele_bind_end(binder);
}

static void
bind_measure(ClienteleAudienceRules *rules, const char *measure)
{
	rules->measure = name_column(rules->profile, measure, "metric", NULL, NULL);
	if (rules->profile->named[rules->measure].column.type != CLIENTELE_NUMBER)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("\"%s\" is no number, so nothing is spent by it", measure),
				 errhint("Name a metric of money, such as one defined as 'sum(payment.amount)'.")));
}

ClienteleAudienceRules *
clientele_audience_compile(ClienteleProfile *profile, const char *condition, const char *measure)
{
	ClienteleAudienceRules *rules = palloc0(sizeof(ClienteleAudienceRules));
	ErrorContextCallback callback = {.callback = place_error_callback,.previous = error_context_stack};

	rules->scope.resolve = resolve_name;
	rules->scope.tag = resolve_tag;
	rules->profile = profile;
	rules->measure = -1;
	if (!OidIsValid(profile->view))
		clientele_refuse_unpublished(profile->population);
	error_context_stack = &callback;
	callback.arg = "audience";
	if (condition != NULL)
		bind_condition(rules, condition);
	callback.arg = "spend.measure";
	if (measure != NULL)
		bind_measure(rules, measure);
	error_context_stack = callback.previous;
	return rules;
}

/* What a condition says of columns that are others by now; not what has only kept us from looking. */
static bool
is_misfit(int errcode)
{
	int			category = ERRCODE_TO_CATEGORY(errcode);

	return category == ERRCODE_SYNTAX_ERROR_OR_ACCESS_RULE_VIOLATION || category == ERRCODE_DATA_EXCEPTION ||
		category == ERRCODE_FEATURE_NOT_SUPPORTED || errcode == ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE;
}

/* The metric that its spend is measured by; NULL: none, or the bill itself. */
static const char *
measure_of(const ClientelePromotion *promotion)
{
	return promotion->has_spend ? promotion->measure : NULL;
}

/*
 * A promotion whose names are gone is for nobody, and says why: it does not keep others
 * from being offered.
 */
ClienteleAudienceRules *
clientele_audience_bind(ClienteleProfile *profile, const ClientelePromotion *promotion)
{
	ClienteleAudienceRules *volatile rules = NULL;
	MemoryContext caller = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;

	if (promotion->audience == NULL && measure_of(promotion) == NULL)
		return NULL;
	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(caller);
	PG_TRY();
	{
		rules = clientele_audience_compile(profile, promotion->audience, measure_of(promotion));
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(caller);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
		MemoryContextSwitchTo(caller);
		CurrentResourceOwner = owner;
		if (!is_misfit(error->sqlerrcode))
			ReThrowError(error);
		rules = palloc0(sizeof(ClienteleAudienceRules));
		rules->profile = profile;
		rules->measure = -1;
		rules->broken = psprintf("the promotion does not fit the population any more: %s", error->message);
	}
	PG_END_TRY();
	MemoryContextSwitchTo(caller);
	CurrentResourceOwner = owner;
	return rules;
}

/* ---------- a row against the rules ---------- */

/* Whether the view's text, "a, b", has that tag. */
static bool
has_tag(const text *tags, const char *tag)
{
	size_t		length = strlen(tag);
	const char *next = VARDATA_ANY(tags);
	const char *end = next + VARSIZE_ANY_EXHDR(tags);

	while (next < end)
	{
		const char *comma = next;

		while (comma < end && !(comma[0] == ',' && comma + 1 < end && comma[1] == ' '))
			comma++;
		if ((size_t) (comma - next) == length && memcmp(next, tag, length) == 0)
			return true;
		next = comma + strlen(", ");
	}
	return false;
}

static void
load(const ClienteleAudienceRules *rules, const Datum *values, const bool *nulls)
{
	ClienteleProfile *profile = rules->profile;

	for (int i = 0; i < rules->nnames; i++)
	{
		const ClienteleNameCell *name = &rules->names[i];
		int			at = CLIENTELE_PROFILE_FIRST_NAMED + name->column;

		if (nulls[at])
			name->cell->state = CLIENTELE_NULL;
		else
			clientele_column_read(&profile->named[name->column].column, values[at], profile->zone, name->cell);
	}
	for (int i = 0; i < rules->ntags; i++)
		rules->tags[i].cell->state = !nulls[CLIENTELE_PROFILE_TAGS] && has_tag(DatumGetTextPP(values[CLIENTELE_PROFILE_TAGS]), rules->tags[i].tag) ?
			CLIENTELE_TRUE : CLIENTELE_FALSE;
}

void
clientele_audience_run(const ClienteleAudienceRules *rules, const Datum *values, const bool *nulls, TimestampTz as_of)
{
	ClienteleClock clock = {.has_as_of = true,.as_of = as_of,.zone = rules->profile->zone};

	load(rules, values, nulls);
	clientele_program_set_clock(rules->program, &clock);
	clientele_program_run(rules->program, 1);
}
