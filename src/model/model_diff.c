/*
 * model_diff.c
 *		What one model says otherwise than another: a row for each value.
 *
 * Definitions and sources are matched by their names. Inside them, elements of a list
 * are matched if they are the same; then by their name or label; then if nothing but
 * that differs; then, where they have none, by where they stand between others that are
 * matched. So a rule that is put in shows as one rule more, and a bin whose bound moves as
 * a bound. The order of the definitions decides nothing but that of new columns,
 * and is not compared.
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"

#include "base/json_tree.h"
#include "base/json_write.h"
#include "base/result_row.h"
#include "compat.h"
#include "model/model.h"

PG_FUNCTION_INFO_V1(clientele_model_diff);

enum DiffColumn
{
	DIFF_NAME, DIFF_KIND, DIFF_CHANGE, DIFF_WHAT, DIFF_OLD, DIFF_NEW
};

typedef struct Diff
{
	FunctionCallInfo fcinfo;
	const char *name;			/* what is being compared ... */
	const char *kind;
	const char *change;			/* ... and what became of it as a whole */
	StringInfoData path;		/* to the value, inside it */
	int64		nrows;
} Diff;

/* A list in both models, element by element. */
typedef struct ListPair
{
	int			n[2];
	const ClienteleJson **elements[2];
	int		   *mates[2];		/* number of the other one's element; -1 = none */
	bool		named;			/* each has a name, and each another one */
} ListPair;

/* What must be equal for two elements to match. */
typedef const char *(*ElementKey) (const ClienteleJson *element);

typedef struct KeyedElement
{
	const char *key;
	int			number;
} KeyedElement;

static void compare(Diff *diff, const ClienteleJson *old, const ClienteleJson *new);
static void show_all(Diff *diff, const ClienteleJson *value, int side, bool skip_title);

/* ---------- trees ---------- */

static const ClienteleJson *
member_of(const ClienteleJson *object, const char *key)
{
	const ClienteleJson *member = object->kind == CLIENTELE_JSON_OBJECT ? object->first : NULL;

	while (member != NULL && strcmp(member->key, key) != 0)
		member = member->next;
	return member;
}

static const char *
tree_text(const ClienteleJson *value)
{
	StringInfoData text;

	initStringInfo(&text);
	clientele_json_append_tree(&text, value);
	return text.data;
}

/* A value as people write it: a text without its quotes. */
static const char *
text_of(const ClienteleJson *value)
{
	return value->text ? value->text : tree_text(value);
}

/* By what people know an element. */
static const ClienteleJson *
title_member(const ClienteleJson *element)
{
	const ClienteleJson *name = member_of(element, "name");

	return name ? name : member_of(element, "label");
}

static const char *
title_of(const ClienteleJson *element)
{
	const ClienteleJson *title = title_member(element);

	return title ? text_of(title) : NULL;
}

/* An element's values without its title; NULL where it has no title. */
static const char *
body_of(const ClienteleJson *element)
{
	const ClienteleJson *title = title_member(element);
	StringInfoData text;

	if (title == NULL)
		return NULL;
	initStringInfo(&text);
	for (const ClienteleJson *member = element->first; member != NULL; member = member->next)
	{
		if (member == title)
			continue;
		appendStringInfo(&text, "%s: ", member->key);
		clientele_json_append_tree(&text, member);
		appendStringInfoChar(&text, '\n');
	}
	return text.data;
}

/* ---------- rows ---------- */

/* Sides: 0 is the old model, 1 the new one. */
static void
put_row(Diff *diff, const char *old, const char *new)
{
	ClienteleResultRow row;

	CHECK_FOR_INTERRUPTS();
	clientele_result_clear(&row);
	clientele_result_set_text(&row, DIFF_NAME, diff->name);
	clientele_result_set_text(&row, DIFF_KIND, diff->kind);
	clientele_result_set_text(&row, DIFF_CHANGE, diff->change);
	clientele_result_set_text(&row, DIFF_WHAT, diff->path.len > 0 ? diff->path.data : NULL);
	clientele_result_set_text(&row, DIFF_OLD, old);
	clientele_result_set_text(&row, DIFF_NEW, new);
	clientele_result_put(diff->fcinfo, &row);
	diff->nrows++;
}

/* A step into a value; the caller goes back by leave(). */
static int
enter_member(Diff *diff, const char *key)
{
	int			before = diff->path.len;

	appendStringInfo(&diff->path, "%s%s", before > 0 ? "." : "", key);
	return before;
}

static int
enter_element(Diff *diff, const ClienteleJson *element, int number, bool named)
{
	int			before = diff->path.len;

	if (named)
		appendStringInfo(&diff->path, "[%s]", title_of(element));
	else
		appendStringInfo(&diff->path, "[%d]", number);
	return before;
}

static void
leave(Diff *diff, int before)
{
	diff->path.len = before;
	diff->path.data[before] = '\0';
}

/* ---------- lists ---------- */

static void
fill_list(ListPair *list, int side, const ClienteleJson *value)
{
	int			i = 0;

	list->n[side] = value ? value->nchildren : 0;
	list->elements[side] = palloc(mul_size(Max(list->n[side], 1), sizeof(ClienteleJson *)));
	list->mates[side] = palloc(mul_size(Max(list->n[side], 1), sizeof(int)));
	for (const ClienteleJson *element = value ? value->first : NULL; element != NULL; element = element->next, i++)
	{
		list->elements[side][i] = element;
		list->mates[side][i] = -1;
	}
}

static int
compare_keyed(const void *a, const void *b)
{
	const KeyedElement *one = a;
	const KeyedElement *other = b;
	int			order = strcmp(one->key, other->key);

	return order != 0 ? order : one->number - other->number;
}

/* The elements of a side that have no mate yet, by their keys. */
static KeyedElement *
keyed_elements(const ListPair *list, int side, ElementKey key, int *count)
{
	KeyedElement *keyed = palloc(mul_size(Max(list->n[side], 1), sizeof(KeyedElement)));

	*count = 0;
	for (int i = 0; i < list->n[side]; i++)
	{
		if (list->mates[side][i] >= 0)
			continue;
		keyed[*count].number = i;
		keyed[*count].key = key(list->elements[side][i]);
		if (keyed[*count].key != NULL)
			(*count)++;
	}
	qsort(keyed, *count, sizeof(KeyedElement), compare_keyed);
	return keyed;
}

static void
make_mates(ListPair *list, int old, int new)
{
	list->mates[0][old] = new;
	list->mates[1][new] = old;
}

/* Those of equal keys, the first with the first. */
static void
match_by(ListPair *list, ElementKey key)
{
	int			nold;
	int			nnew;
	KeyedElement *old = keyed_elements(list, 0, key, &nold);
	KeyedElement *new = keyed_elements(list, 1, key, &nnew);

	for (int i = 0, j = 0; i < nold && j < nnew;)
	{
		int			order = strcmp(old[i].key, new[j].key);

		if (order == 0)
			make_mates(list, old[i].number, new[j].number);
		i += order <= 0;
		j += order >= 0;
	}
}

static bool
is_single(const ListPair *list, int side, int number)
{
	return number < list->n[side] && list->mates[side][number] < 0 && title_of(list->elements[side][number]) == NULL;
}

/* After each pair, and at the beginning, what follows on both sides. */
static void
match_by_place(ListPair *list)
{
	for (int new = -1; new < list->n[1]; new++)
	{
		int			old = new < 0 ? -1 : list->mates[1][new];

		if (new >= 0 && old < 0)
			continue;
		if (is_single(list, 0, old + 1) && is_single(list, 1, new + 1))
			make_mates(list, old + 1, new + 1);
	}
}

static bool
titles_are_unique(const ListPair *list, int side)
{
	int			count;
	ListPair		all = *list;
	KeyedElement *keyed;

	all.mates[side] = palloc(mul_size(Max(list->n[side], 1), sizeof(int)));
	memset(all.mates[side], -1, list->n[side] * sizeof(int));
	keyed = keyed_elements(&all, side, title_of, &count);
	for (int i = 1; i < count; i++)
	{
		if (strcmp(keyed[i - 1].key, keyed[i].key) == 0)
			return false;
	}
	return count == list->n[side];
}

static void
match_lists(ListPair *list, const ClienteleJson *old, const ClienteleJson *new)
{
	fill_list(list, 0, old);
	fill_list(list, 1, new);
	match_by(list, tree_text);
	match_by(list, title_of);
	match_by(list, body_of);
	match_by_place(list);
	list->named = titles_are_unique(list, 0) && titles_are_unique(list, 1);
}

/* The elements that both have, as one side has them in order. */
static char *
order_of(const ListPair *list, int side)
{
	StringInfoData text;

	initStringInfo(&text);
	for (int i = 0; i < list->n[side]; i++)
	{
		const ClienteleJson *element = list->elements[side][i];

		if (list->mates[side][i] < 0)
			continue;
		if (text.len > 0)
			appendStringInfoString(&text, ", ");
		if (list->named)
			appendStringInfoString(&text, title_of(element));
		else
			appendStringInfo(&text, "%d", side == 0 ? i : list->mates[side][i]);
	}
	return text.data;
}

static bool
order_changed(const ListPair *list)
{
	int			last = -1;

	for (int i = 0; i < list->n[1]; i++)
	{
		if (list->mates[1][i] < 0)
			continue;
		if (list->mates[1][i] < last)
			return true;
		last = list->mates[1][i];
	}
	return false;
}

static void
compare_lists(Diff *diff, const ClienteleJson *old, const ClienteleJson *new)
{
	ListPair		list;

	match_lists(&list, old, new);
	if (order_changed(&list))
		put_row(diff, order_of(&list, 0), order_of(&list, 1));
	for (int i = 0; i < list.n[1]; i++)
	{
		const ClienteleJson *element = list.elements[1][i];
		int			before = enter_element(diff, element, i, list.named);

		if (list.mates[1][i] >= 0)
			compare(diff, list.elements[0][list.mates[1][i]], element);
		else
			show_all(diff, element, 1, list.named);
		leave(diff, before);
	}
	for (int i = 0; i < list.n[0]; i++)
	{
		int			before;

		if (list.mates[0][i] >= 0)
			continue;
		before = enter_element(diff, list.elements[0][i], i, list.named);
		show_all(diff, list.elements[0][i], 0, list.named);
		leave(diff, before);
	}
}

/* ---------- values ---------- */

/* Everything that only one side has; a title that the path shows is not repeated. */
static void
show_all(Diff *diff, const ClienteleJson *value, int side, bool skip_title)
{
	check_stack_depth();
	if (value->nchildren == 0)
		put_row(diff, side == 0 ? text_of(value) : NULL, side == 1 ? text_of(value) : NULL);
	else if (value->kind == CLIENTELE_JSON_ARRAY)
	{
		ListPair		list;

		match_lists(&list, side == 0 ? value : NULL, side == 1 ? value : NULL);
		for (int i = 0; i < list.n[side]; i++)
		{
			int			before = enter_element(diff, list.elements[side][i], i, list.named);

			show_all(diff, list.elements[side][i], side, list.named);
			leave(diff, before);
		}
	}
	else
	{
		const ClienteleJson *title = skip_title && value->nchildren > 1 ? title_member(value) : NULL;

		for (const ClienteleJson *member = value->first; member != NULL; member = member->next)
		{
			int			before;

			if (member == title)
				continue;
			before = enter_member(diff, member->key);
			show_all(diff, member, side, false);
			leave(diff, before);
		}
	}
}

static void
compare_members(Diff *diff, const ClienteleJson *old, const ClienteleJson *new)
{
	for (const ClienteleJson *member = new->first; member != NULL; member = member->next)
	{
		int			before = enter_member(diff, member->key);

		compare(diff, member_of(old, member->key), member);
		leave(diff, before);
	}
	for (const ClienteleJson *member = old->first; member != NULL; member = member->next)
	{
		int			before;

		if (member_of(new, member->key) != NULL)
			continue;
		before = enter_member(diff, member->key);
		show_all(diff, member, 0, false);
		leave(diff, before);
	}
}

static bool
is_scalar(const ClienteleJson *value)
{
	return value->text != NULL;
}

/* Old may be NULL. */
static void
compare(Diff *diff, const ClienteleJson *old, const ClienteleJson *new)
{
	check_stack_depth();
	if (old == NULL)
		show_all(diff, new, 1, false);
	else if (is_scalar(old) && is_scalar(new))
	{
		if (old->kind != new->kind || strcmp(old->text, new->text) != 0)
			put_row(diff, old->text, new->text);
	}
	else if (old->kind != new->kind)
	{
		show_all(diff, old, 0, false);
		show_all(diff, new, 1, false);
	}
	else if (old->kind == CLIENTELE_JSON_OBJECT)
		compare_members(diff, old, new);
	else
		compare_lists(diff, old, new);
}

/* ---------- models ---------- */

/* What a part of a model is matched by. */
static const char *
part_key(const ClienteleJson *part)
{
	const ClienteleJson *kind = member_of(part, "kind");

	return psprintf("%s %s", kind ? kind->text : "source", member_of(part, "name")->text);
}

static void
begin_part(Diff *diff, const ClienteleJson *part, const char *change)
{
	const ClienteleJson *kind = member_of(part, "kind");

	diff->name = member_of(part, "name")->text;
	diff->kind = kind ? kind->text : "source";
	diff->change = change;
}

/* Its values but those by which it is known; a row of its own, if it has no others. */
static void
show_part(Diff *diff, const ClienteleJson *part, int side)
{
	int64		nrows = diff->nrows;

	begin_part(diff, part, side == 0 ? "dropped" : "added");
	for (const ClienteleJson *member = part->first; member != NULL; member = member->next)
	{
		int			before;

		if (strcmp(member->key, "kind") == 0 || strcmp(member->key, "name") == 0)
			continue;
		before = enter_member(diff, member->key);
		show_all(diff, member, side, false);
		leave(diff, before);
	}
	if (diff->nrows == nrows)
		put_row(diff, NULL, NULL);
}

/* Definitions, or sources. */
static void
compare_parts(Diff *diff, const ClienteleJson *old, const ClienteleJson *new)
{
	ListPair		list;

	fill_list(&list, 0, old);
	fill_list(&list, 1, new);
	match_by(&list, part_key);
	for (int i = 0; i < list.n[1]; i++)
	{
		if (list.mates[1][i] < 0)
			show_part(diff, list.elements[1][i], 1);
		else
		{
			begin_part(diff, list.elements[1][i], "changed");
			compare_members(diff, list.elements[0][list.mates[1][i]], list.elements[1][i]);
		}
	}
	for (int i = 0; i < list.n[0]; i++)
	{
		if (list.mates[0][i] < 0)
			show_part(diff, list.elements[0][i], 0);
	}
}

static void
compare_models(Diff *diff, ClienteleJson *old, ClienteleJson *new)
{
	static const char *const lists[] = {"sources", "definitions"};
	const ClienteleJson *old_parts[lengthof(lists)];
	const ClienteleJson *new_parts[lengthof(lists)];

	for (int i = 0; i < (int) lengthof(lists); i++)
	{
		old_parts[i] = clientele_json_take_member(old, lists[i]);
		new_parts[i] = clientele_json_take_member(new, lists[i]);
	}
	diff->kind = "population";
	diff->change = "changed";
	compare_members(diff, old, new);
	for (int i = 0; i < (int) lengthof(lists); i++)
		compare_parts(diff, old_parts[i], new_parts[i]);
}

static ClienteleJson *
argument_tree(Datum model)
{
	return clientele_json_tree_read(clientele_rule_text_get(&clientele_model_type, model), "model", "", NULL);
}

Datum
clientele_model_diff(PG_FUNCTION_ARGS)
{
	Diff		diff = {0};

	InitMaterializedSRF(fcinfo, 0);
	diff.fcinfo = fcinfo;
	initStringInfo(&diff.path);
	compare_models(&diff, argument_tree(PG_GETARG_DATUM(0)), argument_tree(PG_GETARG_DATUM(1)));
	return (Datum) 0;
}
