/*
 * by_hand.c
 *		What people say of customers, as an evaluation hears it.
 *
 * Statements come as the events of a source do: in the order of customers, newest first.
 * They are not folded, because few customers have any: those of a block are kept until
 * the next.  What a definition answers is copied from what its rules say, and then
 * changed in the rows of these customers alone.
 */
#include "postgres.h"

#include "access/table.h"
#include "storage/bufmgr.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "compat.h"
#include "engine/by_hand.h"
#include "model/model_labels.h"

/* A definition that people may speak of. */
typedef struct ClienteleSubject
{
	const ClienteleByHand *by_hand;
	text	   *name;
	const ClienteleDefinition *definition;
	ClienteleCell *rules;		/* register of what its rules say; NULL: nobody may speak
								 * of it, or it is not needed */
	ClienteleCell *answer;
	text	  **labels;			/* it can give; NULL ends them */
} ClienteleSubject;

/* The same in a program of the past of one customer. */
typedef struct PastSubject
{
	const ClienteleSubject *subject;
	const ClienteleMoment *moment;
	const ClienteleProgram *program;
	ClienteleCell *rules;
	ClienteleCell *answer;
} PastSubject;

bool
clientele_by_hand_is_used(Oid relation)
{
	Relation	table;
	bool		used;

	if (!OidIsValid(relation))
		return false;
	table = table_open(relation, AccessShareLock);
	used = RelationGetNumberOfBlocks(table) > 0;
	table_close(table, NoLock);
	return used;
}

/* ---------- compiling ---------- */

static int
compare_subjects(const void *a, const void *b)
{
	return clientele_compare_text(((const ClienteleSubject *) a)->name, ((const ClienteleSubject *) b)->name);
}

/* What names mean is known from the beginning; which of them have registers, as they are bound. */
ClienteleByHand *
clientele_by_hand_begin(ClienteleEngineParts *parts, const ClienteleByHand *other)
{
	const ClienteleModel *model = parts->model;
	ClienteleByHand *by_hand = palloc0(sizeof(ClienteleByHand));

	if (other)
		*by_hand = *other;
	by_hand->parts = parts;
	by_hand->subjects = palloc0(mul_size(sizeof(ClienteleSubject), Max(model->ndefinitions, 1)));
	for (int i = 0; i < model->ndefinitions; i++)
	{
		by_hand->subjects[i].by_hand = by_hand;
		by_hand->subjects[i].name = cstring_to_text(model->definitions[i].name);
		by_hand->subjects[i].definition = &model->definitions[i];
	}
	by_hand->nsubjects = model->ndefinitions;
	qsort(by_hand->subjects, by_hand->nsubjects, sizeof(ClienteleSubject), compare_subjects);
	by_hand->said_allocated = 64;
	by_hand->said = palloc(sizeof(ClienteleSaid) * by_hand->said_allocated);
	by_hand->ends = palloc(sizeof(int) * parts->capacity);
	return by_hand;
}

static ClienteleSubject *
find_subject(const ClienteleByHand *by_hand, text *name)
{
	ClienteleSubject wanted = {.name = name};

	return bsearch(&wanted, by_hand->subjects, by_hand->nsubjects, sizeof(ClienteleSubject), compare_subjects);
}

/* Where in ->said a row of the block begins. */
static int
begin_of_row(const ClienteleByHand *by_hand, int row)
{
	return row == 0 ? 0 : by_hand->ends[row - 1];
}

/* ---------- what holds ---------- */

/* The statement that was made last, at an instant; NULL = nothing had been said yet. */
static const ClienteleStatement *
latest(const ClienteleSaid *said, TimestampTz at)
{
	const ClienteleStatement *found = NULL;

	for (const ClienteleStatement *one = said->statements; one; one = one->next)
	{
		if (one->since <= at &&
			(found == NULL || one->since > found->since || (one->since == found->since && one->number > found->number)))
			found = one;
	}
	return found;
}

static bool
is_pin(const ClienteleSaid *said)
{
	return said->subject && said->subject->definition->kind != CLIENTELE_TAG;
}

static const ClienteleStatement *
standing(const ClienteleSaid *said, TimestampTz at)
{
	const ClienteleStatement *found = latest(said, at);

	return found && at < found->until && (found->label || !is_pin(said)) ? found : NULL;
}

/* Until when it is so by time alone. */
static TimestampTz
stands_until(const ClienteleSaid *said, TimestampTz at)
{
	const ClienteleStatement *holds = standing(said, at);
	TimestampTz until = holds ? holds->until : DT_NOEND;

	for (const ClienteleStatement *one = said->statements; one; one = one->next)
	{
		if (one->since > at)
			until = Min(until, one->since);
	}
	return until;
}

/* ---------- what definitions answer then ---------- */

/* The answer has not been changed yet. */
static void
change_horizon(const ClienteleSaid *said, TimestampTz as_of, const ClienteleCell *answer, TimestampTz *until)
{
	TimestampTz said_until = stands_until(said, as_of);
	bool		had = !is_pin(said) && answer->state == CLIENTELE_TRUE;

	if (standing(said, as_of) == NULL)
		*until = had ? *until : Min(*until, said_until);
	else
		*until = had ? Max(*until, said_until) : said_until;
}

/* As the language would say it: by_hand or rules; coalesce(by_hand, rules). */
static void
change_answer(const ClienteleSaid *said, TimestampTz as_of, ClienteleCell *answer)
{
	const ClienteleStatement *holds = standing(said, as_of);

	if (holds && is_pin(said))
		clientele_cell_set_text(answer, holds->label);
	else if (holds)
		answer->state = CLIENTELE_TRUE;
}

static void
answer_block(void *argument, int nrows)
{
	const ClienteleSubject *subject = argument;
	const ClienteleByHand *by_hand = subject->by_hand;
	const ClienteleProgram *program = by_hand->parts->program;

	memcpy(subject->answer, subject->rules, sizeof(ClienteleCell) * nrows);
	if (program->timed)
		memcpy(clientele_horizons(program, subject->answer), clientele_horizons(program, subject->rules), sizeof(TimestampTz) * nrows);
	for (int i = 0; i < by_hand->nsaid; i++)
	{
		const ClienteleSaid *said = &by_hand->said[i];
		ClienteleCell *answer = &subject->answer[said->row];

		if (said->subject != subject)
			continue;
		if (program->timed)
			change_horizon(said, by_hand->as_of, answer, &clientele_horizons(program, subject->answer)[said->row]);
		change_answer(said, by_hand->as_of, answer);
	}
}

static void
answer_past(void *argument, int nrows)
{
	const PastSubject *past = argument;
	const ClienteleByHand *by_hand = past->subject->by_hand;
	TimestampTz *until = clientele_horizons(past->program, past->answer);

	(void) nrows;				/* one customer */
	*past->answer = *past->rules;
	*until = *clientele_horizons(past->program, past->rules);
	for (int i = begin_of_row(by_hand, past->moment->row); i < by_hand->ends[past->moment->row]; i++)
	{
		if (by_hand->said[i].subject != past->subject)
			continue;
		change_horizon(&by_hand->said[i], past->moment->at, past->answer, until);
		change_answer(&by_hand->said[i], past->moment->at, past->answer);
	}
}

ClienteleCell *
clientele_by_hand_bind(ClienteleByHand *by_hand, const ClienteleDefinition *definition, ClienteleCell *rules)
{
	ClienteleSubject *subject = find_subject(by_hand, cstring_to_text(definition->name));
	const char **labels = clientele_definition_labels(definition);
	int			nlabels = 0;

	while (labels[nlabels])
		nlabels++;
	subject->labels = palloc0(mul_size(sizeof(text *), nlabels + 1));
	for (int i = 0; i < nlabels; i++)
		subject->labels[i] = cstring_to_text(labels[i]);
	subject->rules = rules;
	subject->answer = clientele_bind_register(by_hand->parts->binder);
	clientele_bind_call(by_hand->parts->binder, answer_block, subject);
	return subject->answer;
}

ClienteleCell *
clientele_by_hand_bind_past(ClienteleByHand *by_hand, const ClienteleDefinition *definition, ClienteleCell *rules,
							ClienteleBinder *binder, const ClienteleMoment *moment)
{
	PastSubject *past = palloc(sizeof(PastSubject));

	*past = (PastSubject)
	{
		find_subject(by_hand, cstring_to_text(definition->name)), moment, clientele_bind_program(binder), rules,
			clientele_bind_register(binder)
	};
	clientele_bind_call(binder, answer_past, past);
	return past->answer;
}

/* ---------- a block of customers ---------- */

void
clientele_by_hand_begin_block(ClienteleByHand *by_hand, TimestampTz as_of)
{
	by_hand->nsaid = 0;
	by_hand->as_of = as_of;
}

static ClienteleSaid *
find_said(ClienteleByHand *by_hand, int row, const ClienteleSubject *subject, text *tag)
{
	ClienteleSaid *said;

	for (int i = begin_of_row(by_hand, row); i < by_hand->nsaid; i++)
	{
		said = &by_hand->said[i];
		if (said->subject == subject && (subject || clientele_compare_text(said->tag, tag) == 0))
			return said;
	}
	if (by_hand->nsaid == by_hand->said_allocated)
	{
		by_hand->said_allocated *= 2;
		by_hand->said = repalloc_huge(by_hand->said, mul_size(sizeof(ClienteleSaid), by_hand->said_allocated));
	}
	said = &by_hand->said[by_hand->nsaid++];
	*said = (ClienteleSaid) {.subject = subject,.row = row};
	if (subject == NULL)
		said->tag = cstring_to_text_with_len(VARDATA_ANY(tag), VARSIZE_ANY_EXHDR(tag));
	return said;
}

static bool
is_word(const ClienteleCell *cell, const char *word)
{
	return cell->state != CLIENTELE_NULL && VARSIZE_ANY_EXHDR(cell->u.text) == strlen(word) &&
		memcmp(VARDATA_ANY(cell->u.text), word, strlen(word)) == 0;
}

/* Whether a statement is about that definition (NULL: a tag that is not defined). */
static bool
concerns(const ClienteleByHand *by_hand, int i, const ClienteleSubject *subject)
{
	bool		tag = is_word(&by_hand->kind[i], "tag");

	if (subject == NULL)
		return tag;
	return subject->rules != NULL && tag == (subject->definition->kind == CLIENTELE_TAG);
}

static text *
find_label(const ClienteleSubject *subject, const ClienteleCell *label)
{
	for (text **known = subject->labels; *known; known++)
	{
		if (label->state != CLIENTELE_NULL && clientele_compare_text(*known, label->u.text) == 0)
			return *known;
	}
	return NULL;
}

static const char *
copy_string(const ClienteleCell *cells, int i)
{
	return cells == NULL || cells[i].state == CLIENTELE_NULL ? NULL : text_to_cstring(cells[i].u.text);
}

void
clientele_by_hand_take(ClienteleByHand *by_hand, int from, int to, int row)
{
	MemoryContext caller = MemoryContextSwitchTo(by_hand->parts->block_context);

	for (int i = from; i < to; i++)
	{
		text	   *name = by_hand->name[i].u.text;
		const ClienteleSubject *subject = find_subject(by_hand, name);
		ClienteleStatement *statement;
		ClienteleSaid *said;

		if (!concerns(by_hand, i, subject))
			continue;
		said = find_said(by_hand, row, subject, name);
		statement = palloc0(sizeof(ClienteleStatement));
		statement->number = by_hand->number[i].u.integer;
		statement->since = by_hand->source.events.at[i];
		statement->until = by_hand->until[i].state == CLIENTELE_NULL ? DT_NOEND : by_hand->until[i].u.integer;
		statement->label = is_pin(said) ? find_label(subject, &by_hand->label[i]) : NULL;
		statement->author = copy_string(by_hand->author, i);
		statement->note = copy_string(by_hand->note, i);
		statement->next = said->statements;
		said->statements = statement;
	}
	MemoryContextSwitchTo(caller);
}

void
clientele_by_hand_finish(ClienteleByHand *by_hand, int row)
{
	by_hand->ends[row] = by_hand->nsaid;
}

void
clientele_by_hand_limit(const ClienteleByHand *by_hand, TimestampTz *due)
{
	for (int i = 0; i < by_hand->nsaid; i++)
	{
		const ClienteleSaid *said = &by_hand->said[i];

		if (said->subject == NULL)
			due[said->row] = Min(due[said->row], stands_until(said, by_hand->as_of));
	}
}

/* ---------- asking ---------- */

List *
clientele_by_hand_tags(const ClienteleByHand *by_hand, int row)
{
	List	   *tags = NIL;

	for (int i = begin_of_row(by_hand, row); i < by_hand->ends[row]; i++)
	{
		const ClienteleSaid *said = &by_hand->said[i];

		if (said->subject == NULL && standing(said, by_hand->as_of))
			tags = lappend(tags, said->tag);
	}
	return tags;
}

static const ClienteleSaid *
said_about(const ClienteleByHand *by_hand, int row, const char *definition)
{
	for (int i = begin_of_row(by_hand, row); i < by_hand->ends[row]; i++)
	{
		const ClienteleSaid *said = &by_hand->said[i];

		if (said->subject && strcmp(said->subject->definition->name, definition) == 0)
			return said;
	}
	return NULL;
}

const ClienteleStatement *
clientele_by_hand_standing(const ClienteleByHand *by_hand, int row, const char *definition)
{
	const ClienteleSaid *said = said_about(by_hand, row, definition);

	return said ? standing(said, by_hand->as_of) : NULL;
}

bool
clientele_by_hand_intervened(const ClienteleByHand *by_hand, int row, const char *definition, TimestampTz before)
{
	const ClienteleSaid *said = said_about(by_hand, row, definition);
	TimestampTz at = by_hand->as_of;

	return said && (standing(said, at) || (standing(said, before) && latest(said, before) != latest(said, at)));
}
