/*
 * lint_rules.c
 *		Rules that stand one after the other: those that nobody can reach, and cells that
 *		none of them matches, or several.
 *
 * That there is no such cell is certain.  That there is one assumes that what the rules
 * compare can have any combination of values; dimensions apart are not relied upon.
 */
#include "postgres.h"

#include "utils/json.h"

#include "compat.h"
#include "lint/lint.h"

/* Counts beyond this are no help to anybody. */
#define MOST_CELLS	1000000

static ClienteleDiagram
holds_surely(ClienteleLintScope *scope, ClienteleDiagram diagram)
{
	return clientele_diagram_surely(scope->space.diagrams, diagram);
}

/* ---------- rules that are never reached ---------- */

/* The one rule before number `at` that matches all that it matches, or -1. */
static int
rule_around(ClienteleLintScope *scope, const ClienteleLintRule *rules, int at)
{
	for (int i = 0; i < at; i++)
	{
		if (clientele_cells_without(&scope->space, rules[at].holds, rules[i].holds) == CLIENTELE_NO_CELL)
			return i;
	}
	return -1;
}

static void
say_unreachable(ClienteleLintScope *scope, const ClienteleLintRule *rules, int at, const ClienteleLintWords *words)
{
	const ClienteleLintRule *rule = &rules[at];
	int			around = rule_around(scope, rules, at);

	if (rule->when == NULL)
		clientele_lint_say(scope->lint, CLIENTELE_LINT_NOTE,
						   psprintf("%s, for all others, can never be reached: the %ss before it match everybody",
									rule->name, words->rules),
						   "It does no harm. Drop it, or see whether one of the others matches more than is meant.");
	else if (rule->holds == CLIENTELE_NO_CELL)
		clientele_lint_say(scope->lint, CLIENTELE_LINT_WARNING, psprintf("%s can never hold", rule->name),
						   psprintf("Nobody can meet this: %s", rule->when));
	else if (around >= 0)
		clientele_lint_say(scope->lint, CLIENTELE_LINT_WARNING,
						   psprintf("%s can never be reached: %s, which comes before it, matches all that it matches",
									rule->name, rules[around].name),
						   psprintf("Put %s before %s, or drop it.", rule->name, rules[around].name));
	else
		clientele_lint_say(scope->lint, CLIENTELE_LINT_WARNING,
						   psprintf("%s can never be reached: together the %ss before it match all that it matches",
									rule->name, words->rules),
						   psprintf("Put %s further up, or drop it.", rule->name));
}

/* ---------- cells ---------- */

/* "10 of 125 cells are", or what else can be said of how many. */
static char *
cells_text(ClienteleLintScope *scope, ClienteleDiagram diagram)
{
	double		count = clientele_diagram_count(scope->space.diagrams, diagram);
	double		total = clientele_diagram_count(scope->space.diagrams, CLIENTELE_EVERY_CELL);

	if (clientele_space_width(&scope->space) < 2 || total > MOST_CELLS)
		return NULL;
	return psprintf("%.0f of %.0f cells", count, total);
}

/* What to write. */
static char *
gap_hint(const ClienteleExample *example, const ClienteleLintWords *words)
{
	StringInfoData hint;

	if (words->before == NULL)
		return pstrdup(words->otherwise);
	initStringInfo(&hint);
	appendStringInfo(&hint, "Add a %s such as %s", words->rules, words->before);
	escape_json(&hint, example->condition);
	appendStringInfo(&hint, "%s, or end with %s.", words->after, words->otherwise);
	return hint.data;
}

static void
say_gap(ClienteleLintScope *scope, ClienteleDiagram gap, const ClienteleLintWords *words)
{
	ClienteleExample example = clientele_space_example(&scope->space, gap);
	char	   *cells = cells_text(scope, gap);

	clientele_lint_say(scope->lint, words->gap,
					   cells ? psprintf("%s are matched by no %s, for example %s", cells, words->rules, example.point) :
					   psprintf("no %s matches %s", words->rules, example.condition),
					   gap_hint(&example, words));
}

static void
say_missing(ClienteleLintScope *scope, ClienteleDiagram gap, const ClienteleLintWords *words)
{
	ClienteleExample example = clientele_space_example(&scope->space, gap);

	clientele_lint_say(scope->lint, words->gap,
					   psprintf("no %s matches customers of whom %s", words->rules, example.condition),
					   gap_hint(&example, words));
}

/* There is not even a dimension to speak of. */
static void
say_nobody(ClienteleLintScope *scope, const ClienteleLintWords *words)
{
	clientele_lint_say(scope->lint, words->gap, psprintf("no %s matches anybody", words->rules),
					   words->before ? psprintf("End with %s.", words->otherwise) : words->otherwise);
}

static void
check_gaps(ClienteleLintScope *scope, ClienteleDiagram gap, const ClienteleLintWords *words)
{
	ClienteleDiagram certain = holds_surely(scope, gap);
	ClienteleDiagram known = clientele_cells_and(&scope->space, certain, clientele_diagram_known(scope->space.diagrams));
	ClienteleDiagram missing = clientele_cells_without(&scope->space, certain, clientele_diagram_known(scope->space.diagrams));

	if (certain == CLIENTELE_EVERY_CELL)
		say_nobody(scope, words);
	else if (certain != CLIENTELE_NO_CELL)
	{
		if (known != CLIENTELE_NO_CELL)
			say_gap(scope, certain, words);
		if (missing != CLIENTELE_NO_CELL)
			say_missing(scope, missing, words);
	}
	else if (gap != CLIENTELE_NO_CELL)
		clientele_lint_say(scope->lint, CLIENTELE_LINT_NOTE,
						   psprintf("whether every customer is matched by a %s cannot be told: it depends on %s",
									words->rules, clientele_space_apart(&scope->space, gap)),
						   words->before ? psprintf("If nobody is to be left out, end with %s.", words->otherwise) :
						   words->otherwise);
}

/* ---------- overlaps ---------- */

/* Who matches two rules of one label gets it either way. */
static bool
is_same_label(const ClienteleLintRule *a, const ClienteleLintRule *b)
{
	return a->label && b->label && strcmp(a->label, b->label) == 0;
}

/*
 * Of rules that overlap: one that an earlier one lies in whole stands there for the rest, as
 * people write ladders.  Rules that cross are worth a look.
 */
static bool
do_cross(ClienteleLintScope *scope, const ClienteleLintRule *earlier, const ClienteleLintRule *later)
{
	return clientele_cells_without(&scope->space, earlier->holds, later->holds) != CLIENTELE_NO_CELL &&
		clientele_cells_without(&scope->space, later->holds, earlier->holds) != CLIENTELE_NO_CELL;
}

/* The rules that hold all over the example's point. */
static char *
names_that_hold(ClienteleLintScope *scope, const ClienteleLintRule *rules, int nrules, const ClienteleExample *example)
{
	StringInfoData names;

	initStringInfo(&names);
	for (int i = 0; i < nrules; i++)
	{
		if (rules[i].when && clientele_cells_without(&scope->space, example->cells, rules[i].holds) == CLIENTELE_NO_CELL)
			appendStringInfo(&names, "%s%s", names.len > 0 ? " and " : "", rules[i].name);
	}
	return names.data;
}

static void
say_overlap(ClienteleLintScope *scope, const ClienteleLintRule *rules, int nrules, const ClienteleLintWords *words,
			ClienteleDiagram twice, ClienteleDiagram shown, const char *first)
{
	ClienteleExample example = clientele_space_example(&scope->space, shown);
	char	   *names = names_that_hold(scope, rules, nrules, &example);
	char	   *cells = cells_text(scope, twice);

	clientele_lint_say(scope->lint, words->overlap,
					   psprintf("%s matched by more than one %s, for example %s by %s",
								cells ? psprintf("%s are", cells) : "some customers are", words->rules, example.point, names),
					   psprintf("The first one counts, here %s. If that is not meant, change the order or the bounds.", first));
}

static void
check_overlaps(ClienteleLintScope *scope, const ClienteleLintRule *rules, int nrules, const ClienteleLintWords *words)
{
	ClienteleDiagram known = clientele_diagram_known(scope->space.diagrams);
	ClienteleDiagram twice = CLIENTELE_NO_CELL;
	ClienteleDiagram shown = CLIENTELE_NO_CELL;
	const char *first = NULL;
	bool		is_crossed = false;

	for (int i = 0; i < nrules; i++)
	{
		for (int j = i + 1; j < nrules; j++)
		{
			ClienteleDiagram both = rules[i].when && rules[j].when && !is_same_label(&rules[i], &rules[j]) ?
				holds_surely(scope, clientele_cells_and(&scope->space, rules[i].holds, rules[j].holds)) : CLIENTELE_NO_CELL;

			twice = clientele_cells_or(&scope->space, twice, both);
			if (clientele_cells_and(&scope->space, both, known) == CLIENTELE_NO_CELL || !do_cross(scope, &rules[i], &rules[j]))
				continue;
			if (!is_crossed)
			{
				shown = both;
				first = rules[i].name;
			}
			is_crossed = true;
		}
	}
	if (is_crossed)
		say_overlap(scope, rules, nrules, words, twice, shown, first);
}

/* ---------- the whole ---------- */

void
clientele_lint_rules(ClienteleLintScope *scope, ClienteleLintRule *rules, int nrules, const ClienteleLintWords *words)
{
	ClienteleDiagram rest = CLIENTELE_EVERY_CELL;

	if (!clientele_lint_find_cells(scope, rules, nrules))
	{
		clientele_lint_say(scope->lint, CLIENTELE_LINT_NOTE,
						   psprintf("the %ss compare too much to be checked against each other", words->rules), NULL);
		return;
	}
	for (int i = 0; i < nrules; i++)
	{
		if (rules[i].reached == CLIENTELE_NO_CELL)
			say_unreachable(scope, rules, i, words);
		rest = clientele_cells_without(&scope->space, rest, rules[i].holds);
	}
	if (words->gap)
		check_gaps(scope, rest, words);
	check_overlaps(scope, rules, nrules, words);
}
