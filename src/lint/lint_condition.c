/*
 * lint_condition.c
 *		A condition, as the cells in which it holds and in which it is false.
 *
 * Comparisons of numbers and days become one sum compared with a constant:
 *
 *		today() - date(latest(payment)) < 30	is	days_since(latest(payment)) < 30
 *		a > b									is	a - b > 0
 *
 * so what is the same is one dimension, however it is written.  Labels and tags are
 * followed to the conditions they come from.  What compares only labels, scores of grids and
 * constants is asked of the compiler itself, for each value they can have.  What is left is a
 * dimension apart: it may be true or not.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/builtins.h"

#include "base/iso_time.h"
#include "base/local_time.h"
#include "compat.h"
#include "expression/expression_function.h"
#include "lint/lint.h"
#include "model/model_labels.h"

/* More terms than people write in a sum, and more combinations of labels than they compare. */
#define MOST_TERMS			16
#define MOST_COMBINATIONS	5000

static const ClienteleTruth unknown = {CLIENTELE_NO_CELL, CLIENTELE_NO_CELL};

void
clientele_lint_scope(ClienteleLintScope *scope, ClienteleLint *lint, const ClienteleEngineSource *source,
					 const ClienteleDefinition *grid)
{
	clientele_space_begin(&scope->space, lint->parts->zone);
	scope->lint = lint;
	scope->source = source;
	scope->grid = grid;
	scope->choices = NIL;
	scope->truths = NULL;
}

static const ClienteleNode *
parse(const char *text)
{
	return clientele_expression_parse(text, NULL);
}

/* A name as expressions write it. */
static char *
written(const char *name)
{
	ClienteleNode node = {.kind = CLIENTELE_NODE_NAME,.height = 1,.string = name};

	return clientele_expression_print(&node);
}

/* What is missing whenever an expression is. */
static List *
origin(ClienteleLintScope *scope, const ClienteleNode *node, const ClienteleDomain *domain)
{
	return list_make1(unconstify(char *, domain->origin ? domain->origin : clientele_lint_key(scope, node)));
}

/* ---------- what is a truth of its own ---------- */

static ClienteleTruth
truth_of_its_own(ClienteleLintScope *scope, const char *text, bool nullable, bool apart)
{
	ClienteleDomain domain = {.type = CLIENTELE_BOOLEAN,.nullable = nullable,.decimals = -1};

	return clientele_space_truth(&scope->space,
								 clientele_space_dimension(&scope->space, psprintf("truth %s", text), text, &domain,
														   list_make1(unconstify(char *, text)), apart));
}

/* Nothing is known of it but that it may be true or not. */
static ClienteleTruth
opaque(ClienteleLintScope *scope, const ClienteleNode *node)
{
	ClienteleNode copy = *node;
	ClienteleTruth truth;
	bool		is_opposite = node->negated;

	copy.negated = false;
	if (node->kind == CLIENTELE_NODE_COMPARE)
	{
		/* a <> b is the opposite of a = b, a >= b of a < b, and a > b of a <= b */
		is_opposite = node->comparison == CLIENTELE_NE || node->comparison == CLIENTELE_GE || node->comparison == CLIENTELE_GT;
		if (is_opposite)
			copy.comparison = node->comparison == CLIENTELE_NE ? CLIENTELE_EQ :
				node->comparison == CLIENTELE_GE ? CLIENTELE_LT : CLIENTELE_LE;
	}
	truth = truth_of_its_own(scope, clientele_expression_print(&copy), true, true);
	return is_opposite ? clientele_truth_not(truth) : truth;
}

/* ---------- names that stand for one of a few values ---------- */

/* Labels, and the scores of grids: each value with the cells in which it is had. */
typedef struct Choice
{
	const char *name;
	ClienteleType type;
	int			nvalues;
	ClienteleCell *values;		/* the last is missing */
	ClienteleDiagram *cells;
} Choice;

static Choice *
new_choice(const char *name, ClienteleType type, int most)
{
	Choice	   *choice = palloc0(sizeof(Choice));

	choice->name = name;
	choice->type = type;
	choice->values = palloc0(mul_size(sizeof(ClienteleCell), most + 1));
	choice->cells = palloc0(mul_size(sizeof(ClienteleDiagram), most + 1));
	return choice;
}

static void
add_number(Choice *choice, int value, ClienteleDiagram cells)
{
	clientele_cell_set_integer(&choice->values[choice->nvalues], value);
	choice->cells[choice->nvalues++] = cells;
}

/* Several rules may have one label. */
static void
add_label(ClienteleLintScope *scope, Choice *choice, const char *label, ClienteleDiagram cells)
{
	text	   *value = cstring_to_text(label);

	for (int i = 0; i < choice->nvalues; i++)
	{
		if (clientele_compare_text(choice->values[i].u.text, value) == 0)
		{
			choice->cells[i] = clientele_cells_or(&scope->space, choice->cells[i], cells);
			return;
		}
	}
	clientele_cell_set_text(&choice->values[choice->nvalues], value);
	choice->cells[choice->nvalues++] = cells;
}

/* What no other value has is where it is missing. */
static void
add_missing(ClienteleLintScope *scope, Choice *choice)
{
	ClienteleDiagram rest = scope->space.collecting ? CLIENTELE_NO_CELL : CLIENTELE_EVERY_CELL;

	for (int i = 0; i < choice->nvalues; i++)
		rest = clientele_cells_without(&scope->space, rest, choice->cells[i]);
	choice->values[choice->nvalues].state = CLIENTELE_NULL;
	choice->cells[choice->nvalues++] = rest;
}

/* The dimension of an axis of a grid: its scores, one by one. */
static int
axis_dimension(ClienteleLintScope *scope, const ClienteleDefinition *grid, int axis)
{
	static const char *const letters[CLIENTELE_RFM_AXES] = {"r", "f", "m"};
	ClienteleLintScope customers = *scope;
	const char *name = written(psprintf("%s_%s", grid->name, letters[axis]));
	ClienteleDomain domain = {.type = CLIENTELE_NUMBER,.has_lowest = true,.has_highest = true};
	ClienteleDomain value;
	int			dimension;

	customers.grid = NULL;
	value = clientele_lint_domain(&customers, parse(grid->axes[axis]));
	domain.nullable = value.nullable;
	domain.lowest = clientele_decimal_from_int64(1);
	domain.highest = clientele_decimal_from_int64(grid->cuts.ncuts[axis] + 1);
	dimension = clientele_space_dimension(&scope->space, psprintf("score %s", name),
										  scope->grid ? letters[axis] : name, &domain,
										  origin(&customers, parse(grid->axes[axis]), &value), false);
	if (scope->space.collecting)
	{
		for (int score = 1; score <= grid->cuts.ncuts[axis]; score++)
			(void) clientele_space_compare(&scope->space, dimension, CLIENTELE_LE, clientele_decimal_from_int64(score));
	}
	return dimension;
}

static ClienteleDiagram
score_cells(ClienteleLintScope *scope, int dimension, int score)
{
	return clientele_space_compare(&scope->space, dimension, CLIENTELE_EQ, clientele_decimal_from_int64(score)).holds;
}

static Choice *
axis_choice(ClienteleLintScope *scope, const ClienteleDefinition *grid, int axis, const char *name)
{
	int			nscores = grid->cuts.ncuts[axis] + 1;
	int			dimension = axis_dimension(scope, grid, axis);
	Choice	   *choice = new_choice(name, CLIENTELE_NUMBER, nscores);

	for (int score = 1; score <= nscores; score++)
		add_number(choice, score, score_cells(scope, dimension, score));
	return choice;
}

/* Every score of a grid, with its cell. */
static Choice *
score_choice(ClienteleLintScope *scope, const ClienteleDefinition *grid, const char *name)
{
	int			dimensions[CLIENTELE_RFM_AXES];
	int			nscores[CLIENTELE_RFM_AXES];
	Choice	   *choice;

	for (int axis = 0; axis < CLIENTELE_RFM_AXES; axis++)
	{
		nscores[axis] = grid->cuts.ncuts[axis] + 1;
		dimensions[axis] = axis_dimension(scope, grid, axis);
	}
	choice = new_choice(name, CLIENTELE_NUMBER, nscores[0] * nscores[1] * nscores[2]);
	for (int r = 1; r <= nscores[0]; r++)
	{
		ClienteleDiagram of_r = score_cells(scope, dimensions[0], r);

		for (int f = 1; f <= nscores[1]; f++)
		{
			ClienteleDiagram of_f = clientele_cells_and(&scope->space, of_r, score_cells(scope, dimensions[1], f));

			for (int m = 1; m <= nscores[2]; m++)
				add_number(choice, r * 100 + f * 10 + m,
						   clientele_cells_and(&scope->space, of_f, score_cells(scope, dimensions[2], m)));
		}
	}
	return choice;
}

static Choice *
scheme_choice(ClienteleLintScope *scope, const ClienteleDefinition *grid)
{
	Choice	   *scores = score_choice(scope, grid, grid->name);
	Choice	   *choice = new_choice(grid->name, CLIENTELE_TEXT, scores->nvalues + 1);
	const char *label;

	add_missing(scope, scores);
	for (int i = 0; i < scores->nvalues; i++)
	{
		int			score = (int) scores->values[i].u.integer;

		label = clientele_scheme_label(grid, grid->high_from, scores->values[i].state == CLIENTELE_NULL ? NULL : &score);
		if (label)
			add_label(scope, choice, label, scores->cells[i]);
	}
	return choice;
}

static Choice *
rungs_choice(ClienteleLintScope *scope, const ClienteleDefinition *definition)
{
	Choice	   *choice = new_choice(definition->name, CLIENTELE_TEXT, definition->nrungs);
	const ClienteleDefinition *outer = scope->grid;
	ClienteleDiagram rest = scope->space.collecting ? CLIENTELE_NO_CELL : CLIENTELE_EVERY_CELL;

	scope->grid = definition->kind == CLIENTELE_RFM_GRID ? definition : NULL;
	for (int i = 0; i < definition->nrungs; i++)
	{
		const ClienteleRung *rung = &definition->rungs[i];
		ClienteleDiagram holds = rung->when ? clientele_lint_condition(scope, parse(rung->when)).holds : rest;

		add_label(scope, choice, rung->label, clientele_cells_and(&scope->space, rest, holds));
		rest = clientele_cells_without(&scope->space, rest, holds);
	}
	scope->grid = outer;
	return choice;
}

/* A level that is kept follows from the past, too: it may be any. */
static Choice *
kept_choice(ClienteleLintScope *scope, const ClienteleDefinition *definition)
{
	const char **labels = clientele_definition_labels(definition);
	ClienteleDomain domain = {.type = CLIENTELE_TEXT,.nullable = true,.decimals = -1};
	char	   *name = written(definition->name);
	Choice	   *choice;
	int			dimension;

	for (int i = 0; labels[i]; i++)
		domain.texts = lappend(domain.texts, unconstify(char *, labels[i]));
	dimension = clientele_space_dimension(&scope->space, psprintf("kept %s", name), name, &domain, list_make1(name), false);
	choice = new_choice(definition->name, CLIENTELE_TEXT, list_length(domain.texts));
	for (int i = 0; labels[i]; i++)
		add_label(scope, choice, labels[i], clientele_space_equals(&scope->space, dimension, labels[i]).holds);
	return choice;
}

static int
card_dimension(ClienteleLintScope *scope, const ClienteleDefinition *definition)
{
	ClienteleDomain domain = clientele_lint_card_scores(scope->lint, definition);
	const char *name = written(psprintf("%s_score", definition->name));

	return clientele_space_dimension(&scope->space, psprintf("%d %s", CLIENTELE_NUMBER, name), name, &domain,
									 list_make1(unconstify(char *, name)), false);
}

static Choice *
card_choice(ClienteleLintScope *scope, const ClienteleDefinition *definition)
{
	const ClienteleScorecard *card = definition->card;
	Choice	   *choice = new_choice(definition->name, CLIENTELE_TEXT, card->ntiers);
	int			dimension = card_dimension(scope, definition);
	ClienteleDiagram rest = scope->space.collecting ? CLIENTELE_NO_CELL :
		clientele_cells_without(&scope->space, CLIENTELE_EVERY_CELL, clientele_space_missing(&scope->space, dimension));

	for (int i = 0; i < card->ntiers; i++)
	{
		ClienteleDiagram cells = card->tiers[i].has_at_least ?
			clientele_cells_and(&scope->space, rest,
								clientele_space_compare(&scope->space, dimension, CLIENTELE_GE, card->tiers[i].at_least).holds) : rest;

		add_label(scope, choice, card->tiers[i].label, cells);
		rest = clientele_cells_without(&scope->space, rest, cells);
	}
	return choice;
}

static Choice *
grid_choice(ClienteleLintScope *scope, const ClienteleDefinition *grid, const char *suffix, const char *name)
{
	if (strcmp(suffix, "_r") == 0 || strcmp(suffix, "r") == 0)
		return axis_choice(scope, grid, CLIENTELE_RECENCY, name);
	if (strcmp(suffix, "_f") == 0 || strcmp(suffix, "f") == 0)
		return axis_choice(scope, grid, CLIENTELE_FREQUENCY, name);
	if (strcmp(suffix, "_m") == 0 || strcmp(suffix, "m") == 0)
		return axis_choice(scope, grid, CLIENTELE_MONETARY, name);
	if (strcmp(suffix, "_score") == 0 || strcmp(suffix, "score") == 0)
		return score_choice(scope, grid, name);
	return grid->scheme ? scheme_choice(scope, grid) : rungs_choice(scope, grid);
}

static bool
is_grid_name(const char *name)
{
	return strcmp(name, "r") == 0 || strcmp(name, "f") == 0 || strcmp(name, "m") == 0 || strcmp(name, "score") == 0;
}

/* The values of such a name; NULL for any other. */
static Choice *
find_choice(ClienteleLintScope *scope, const ClienteleNode *name)
{
	const char *suffix;
	const ClienteleDefinition *definition = clientele_lint_meant(scope, name, &suffix);
	Choice	   *choice = NULL;
	ListCell   *cell;
	const char *key;

	if (name->kind != CLIENTELE_NODE_NAME || name->next_name || scope->source)
		return NULL;
	key = scope->grid && is_grid_name(name->string) ? psprintf("%s of %s", name->string, scope->grid->name) : name->string;
	foreach(cell, scope->choices)
	{
		if (strcmp(((Choice *) lfirst(cell))->name, key) == 0)
			return lfirst(cell);
	}
	if (scope->grid && is_grid_name(name->string))
		choice = grid_choice(scope, scope->grid, name->string, key);
	else if (definition == NULL)
		return NULL;
	else if (definition->keep && *suffix == '\0')
		choice = kept_choice(scope, definition);
	else if (definition->kind == CLIENTELE_RFM_GRID)
		choice = grid_choice(scope, definition, suffix, key);
	else if (definition->kind == CLIENTELE_LADDER)
		choice = rungs_choice(scope, definition);
	else if (definition->kind == CLIENTELE_CARD && *suffix == '\0')
		choice = card_choice(scope, definition);
	if (choice)
	{
		choice->name = key;
		add_missing(scope, choice);
		scope->choices = lappend(scope->choices, choice);
	}
	return choice;
}

/* ---------- what compares only such names and constants ---------- */

/* Functions that look at the clock, or at tags. */
static bool
asks_more(ClienteleFunction function)
{
	switch (function)
	{
		case CLIENTELE_FN_AGE:
		case CLIENTELE_FN_DAYS_SINCE:
		case CLIENTELE_FN_HAS_TAG:
		case CLIENTELE_FN_MONTHS_SINCE:
		case CLIENTELE_FN_NOW:
		case CLIENTELE_FN_TODAY:
		case CLIENTELE_FN_YEARS_SINCE:
			return true;
		default:
			return false;
	}
}

/* False if it names anything else; *choices are those it names. */
static bool
find_choices(ClienteleLintScope *scope, const ClienteleNode *node, List **choices)
{
	Choice	   *choice;

	check_stack_depth();
	switch (node->kind)
	{
		case CLIENTELE_NODE_AGGREGATE:
		case CLIENTELE_NODE_TIMESTAMP:
			return false;
		case CLIENTELE_NODE_NAME:
			if (clientele_lint_parameter(scope, node))
				return true;
			choice = find_choice(scope, node);
			if (choice == NULL)
				return false;
			*choices = list_append_unique_ptr(*choices, choice);
			return true;
		case CLIENTELE_NODE_CALL:
			if (asks_more(node->function))
				return false;
			break;
		default:
			break;
	}
	for (const ClienteleNode *operand = node->first; operand; operand = operand->next)
	{
		if (!find_choices(scope, operand, choices))
			return false;
	}
	return true;
}

/* The compiler's scope: each name is a register, a row for each combination of values. */
typedef struct Combinations
{
	ClienteleScope scope;		/* first */
	ClienteleLintScope *names;
	List	   *choices;
	List	   *registers;
} Combinations;

static ClienteleOperand
resolve_choice(ClienteleScope *scope, ClienteleBinder *binder, const ClienteleNode *name)
{
	Combinations *combinations = (Combinations *) scope;
	ClienteleOperand operand = {0};
	const char *literal = clientele_lint_parameter(combinations->names, name);
	Choice	   *choice;

	(void) binder;
	if (literal)
	{
		ClienteleNode *number = palloc0(sizeof(ClienteleNode));

		number->kind = CLIENTELE_NODE_NUMBER;
		number->height = 1;
		number->string = literal;
		operand.type = CLIENTELE_NUMBER;
		operand.literal = number;
		return operand;
	}
	choice = find_choice(combinations->names, name);
	operand.type = choice->type;
	for (int i = 0; i < list_length(combinations->choices); i++)
	{
		if (list_nth(combinations->choices, i) == choice)
			operand.cells = list_nth(combinations->registers, i);
	}
	return operand;
}

/* Of combination number n, the value of each choice. */
static int
value_of(const List *choices, int number, int n)
{
	for (int i = 0; i < number; i++)
		n /= ((Choice *) list_nth(choices, i))->nvalues;
	return n % ((Choice *) list_nth(choices, number))->nvalues;
}

static ClienteleDiagram
combination_cells(ClienteleLintScope *scope, const List *choices, int n)
{
	ClienteleDiagram cells = CLIENTELE_EVERY_CELL;

	for (int i = 0; i < list_length(choices); i++)
		cells = clientele_cells_and(&scope->space, cells, ((Choice *) list_nth(choices, i))->cells[value_of(choices, i, n)]);
	return cells;
}

static ClienteleTruth
ask_compiler(ClienteleLintScope *scope, const ClienteleNode *node, List *choices, int ncombinations)
{
	Combinations combinations = {.scope.resolve = resolve_choice,.names = scope,.choices = choices};
	ClienteleBinder *binder = clientele_bind_begin(&combinations.scope, ncombinations, false);
	ClienteleTruth truth = unknown;
	ClienteleProgram *program;
	ClienteleCell *answers;
	ClienteleType type;

	clientele_bind_lenient(binder);
	for (int i = 0; i < list_length(choices); i++)
	{
		ClienteleCell *cells = clientele_bind_register(binder);

		for (int n = 0; n < ncombinations; n++)
			cells[n] = ((Choice *) list_nth(choices, i))->values[value_of(choices, i, n)];
		combinations.registers = lappend(combinations.registers, cells);
	}
	answers = clientele_bind_rule(binder, clientele_expression_print(node), CLIENTELE_BOOLEAN, &type);
	program = clientele_bind_end(binder);
	clientele_program_run(program, ncombinations);
	for (int n = 0; n < ncombinations; n++)
	{
		ClienteleDiagram *of = answers[n].state == CLIENTELE_TRUE ? &truth.holds : &truth.fails;

		if (answers[n].state != CLIENTELE_NULL)
			*of = clientele_cells_or(&scope->space, *of, combination_cells(scope, choices, n));
	}
	return truth;
}

/* False if the condition is about more than choices. */
static bool
truth_of_choices(ClienteleLintScope *scope, const ClienteleNode *node, ClienteleTruth *truth)
{
	List	   *choices = NIL;
	int64		ncombinations = 1;
	ListCell   *cell;

	if (!find_choices(scope, node, &choices))
		return false;
	foreach(cell, choices)
	{
		ncombinations *= ((Choice *) lfirst(cell))->nvalues;
		if (ncombinations > MOST_COMBINATIONS)
			return false;
	}
	*truth = scope->space.collecting ? unknown : ask_compiler(scope, node, choices, (int) ncombinations);
	return true;
}

/* ---------- sums ---------- */

typedef struct Term
{
	const char *key;
	const char *text;
	const char *elapsed;		/* a day, from which that counts; or NULL */
	ClienteleDecimal coefficient;
	ClienteleDomain domain;
	List	   *origin;			/* one, what is missing whenever it is */
} Term;

/* Some terms and a constant; days and instants are numbers here. */
typedef struct Sum
{
	ClienteleType type;			/* of what is compared */
	bool		is_missing;		/* NULL */
	bool		failed;			/* it is no sum */
	int			nterms;
	Term		terms[MOST_TERMS];
	ClienteleDecimal constant;
} Sum;

static void add_to_sum(ClienteleLintScope *scope, Sum *sum, const ClienteleNode *node, ClienteleDecimal factor);

static void
add_constant(Sum *sum, ClienteleDecimal number, ClienteleDecimal factor)
{
	if (!clientele_decimal_multiply(number, factor, &number) ||
		!clientele_decimal_add(sum->constant, number, &sum->constant))
		sum->failed = true;
}

static void
add_term(ClienteleLintScope *scope, Sum *sum, const ClienteleNode *node, const char *key, const char *text,
		 const ClienteleDomain *domain, ClienteleDecimal factor)
{
	for (int i = 0; i < sum->nterms; i++)
	{
		if (strcmp(sum->terms[i].key, key) == 0)
		{
			if (!clientele_decimal_add(sum->terms[i].coefficient, factor, &sum->terms[i].coefficient))
				sum->failed = true;
			return;
		}
	}
	if (sum->nterms == MOST_TERMS)
	{
		sum->failed = true;
		return;
	}
	sum->terms[sum->nterms++] = (Term) {.key = key,.text = text,.coefficient = factor,.domain = *domain,
										   .origin = origin(scope, node, domain)};
}

/*
 * What a name stands for under other names, too: a metric that only calls a day or a count by a
 * name is that.  Other numbers a metric rounds.
 */
const char *
clientele_lint_key(ClienteleLintScope *scope, const ClienteleNode *node)
{
	const char *suffix;
	const ClienteleDefinition *definition = clientele_lint_meant(scope, node, &suffix);
	ClienteleDomain domain;

	check_stack_depth();
	if (definition == NULL || definition->kind != CLIENTELE_METRIC)
		return clientele_expression_print(node);
	domain = clientele_lint_domain(scope, node);
	if (domain.type == CLIENTELE_NUMBER && domain.decimals != 0)
		return clientele_expression_print(node);
	return clientele_lint_key(scope, parse(definition->expression));
}

static const char *
typed_key(ClienteleLintScope *scope, const ClienteleNode *node, ClienteleType type)
{
	return psprintf("%d %s", type, clientele_lint_key(scope, node));
}

static void
add_operand(ClienteleLintScope *scope, Sum *sum, const ClienteleNode *node, ClienteleDecimal factor)
{
	ClienteleDomain domain = clientele_lint_domain(scope, node);

	if (domain.type == CLIENTELE_ANY)
		domain.type = sum->type;
	add_term(scope, sum, node, typed_key(scope, node, domain.type), clientele_expression_print(node), &domain, factor);
}

/* The calendar day of an instant, or a day. */
static void
add_day(ClienteleLintScope *scope, Sum *sum, const ClienteleNode *node, ClienteleDecimal factor)
{
	ClienteleDomain domain = clientele_lint_domain(scope, node);
	ClienteleType type = sum->type;

	if (domain.type != CLIENTELE_TIMESTAMP)
	{
		sum->type = CLIENTELE_DATE;
		add_to_sum(scope, sum, node, factor);
		sum->type = type;
		return;
	}
	domain.type = CLIENTELE_DATE;
	domain.decimals = 0;
	domain.column = NULL;
	add_term(scope, sum, node, psprintf("%d date(%s)", CLIENTELE_DATE, clientele_lint_key(scope, node)),
			 psprintf("date(%s)", clientele_expression_print(node)), &domain, factor);
}

/* today() - day */
static void
add_days_since(ClienteleLintScope *scope, Sum *sum, const ClienteleNode *node, ClienteleDecimal factor)
{
	ClienteleDomain domain = {.type = CLIENTELE_DATE,.past = true};
	int			before = sum->nterms;

	add_day(scope, sum, node->first, clientele_decimal_negate(factor));
	for (int i = before; i < sum->nterms; i++)
		sum->terms[i].elapsed = clientele_expression_print(node);
	add_term(scope, sum, node, "today()", "today()", &domain, factor);
}

static void
add_call(ClienteleLintScope *scope, Sum *sum, const ClienteleNode *node, ClienteleDecimal factor)
{
	ClienteleDomain domain = clientele_lint_domain(scope, node);

	switch (node->function)
	{
		case CLIENTELE_FN_DAYS_SINCE:
			add_days_since(scope, sum, node, factor);
			break;
		case CLIENTELE_FN_DATE:
			add_day(scope, sum, node->first, factor);
			break;
		case CLIENTELE_FN_TODAY:
			add_term(scope, sum, node, "today()", "today()", &domain, factor);
			break;
		case CLIENTELE_FN_AGE:
		case CLIENTELE_FN_YEARS_SINCE:
			add_term(scope, sum, node, psprintf("age(%s)", clientele_lint_key(scope, node->first)), clientele_expression_print(node), &domain, factor);
			break;
		case CLIENTELE_FN_MONTH:
		case CLIENTELE_FN_DAY:
		case CLIENTELE_FN_WEEKDAY:
		case CLIENTELE_FN_MONTHS_SINCE:
			add_term(scope, sum, node, psprintf("%s(%s)", clientele_function_info(node->function)->name, clientele_lint_key(scope, node->first)),
					 clientele_expression_print(node), &domain, factor);
			break;
		default:
			add_operand(scope, sum, node, factor);
			break;
	}
}

static void
add_name(ClienteleLintScope *scope, Sum *sum, const ClienteleNode *node, ClienteleDecimal factor)
{
	const char *literal = clientele_lint_parameter(scope, node);
	const char *suffix;
	const ClienteleDefinition *definition = clientele_lint_meant(scope, node, &suffix);
	const ClienteleNode *inner;
	ClienteleDecimal number;
	int			before = sum->nterms;

	if (literal)
	{
		if (clientele_decimal_from_string(literal, &number))
			add_constant(sum, number, factor);
		return;
	}
	if ((scope->grid && is_grid_name(node->string)) || (definition && definition->kind == CLIENTELE_RFM_GRID))
	{
		/* a grid's scores beside other numbers */
		sum->failed = true;
		return;
	}
	inner = definition && definition->kind == CLIENTELE_METRIC ? parse(definition->expression) : NULL;
	if (inner && inner->kind == CLIENTELE_NODE_CALL && inner->function == CLIENTELE_FN_DAYS_SINCE)
	{
		add_days_since(scope, sum, inner, factor);
		if (before < sum->nterms)
			sum->terms[before].elapsed = node->string;
		return;
	}
	add_operand(scope, sum, node, factor);
}

static bool
is_constant(const ClienteleLintScope *scope, const ClienteleNode *node)
{
	switch (node->kind)
	{
		case CLIENTELE_NODE_NUMBER:
			return true;
		case CLIENTELE_NODE_NAME:
			return clientele_lint_parameter(scope, node) != NULL;
		case CLIENTELE_NODE_ADD:
		case CLIENTELE_NODE_SUBTRACT:
		case CLIENTELE_NODE_MULTIPLY:
		case CLIENTELE_NODE_DIVIDE:
		case CLIENTELE_NODE_NEGATE:
			return is_constant(scope, node->first) && (node->first->next == NULL || is_constant(scope, node->first->next));
		default:
			return false;
	}
}

bool
clientele_lint_constant(ClienteleLintScope *scope, const ClienteleNode *node, ClienteleDecimal *value)
{
	Sum			sum = {.type = CLIENTELE_NUMBER};

	if (!is_constant(scope, node))
		return false;
	add_to_sum(scope, &sum, node, clientele_decimal_from_int64(1));
	*value = sum.constant;
	return !sum.failed && !sum.is_missing;
}

static void
add_product(ClienteleLintScope *scope, Sum *sum, const ClienteleNode *node, ClienteleDecimal factor)
{
	const ClienteleNode *left = node->first;
	const ClienteleNode *right = node->first->next;
	ClienteleDecimal number;

	if (clientele_lint_constant(scope, left, &number) && clientele_decimal_multiply(number, factor, &number))
		add_to_sum(scope, sum, right, number);
	else if (clientele_lint_constant(scope, right, &number) && clientele_decimal_multiply(number, factor, &number))
		add_to_sum(scope, sum, left, number);
	else
		add_operand(scope, sum, node, factor);
}

static void
add_quotient(ClienteleLintScope *scope, Sum *sum, const ClienteleNode *node, ClienteleDecimal factor)
{
	ClienteleDecimal left;
	ClienteleDecimal right;

	if (!clientele_lint_constant(scope, node->first, &left) || !clientele_lint_constant(scope, node->first->next, &right))
		add_operand(scope, sum, node, factor);
	else if (clientele_decimal_divide(left, right, &left))
		add_constant(sum, left, factor);
	else
		sum->is_missing = true;
}

/* A literal day or instant, as the number that it is. */
static void
add_time(ClienteleLintScope *scope, Sum *sum, const ClienteleNode *node, ClienteleDecimal factor)
{
	ClienteleIsoTime time;
	int64		number;

	if (node->kind == CLIENTELE_NODE_DATE || (node->kind == CLIENTELE_NODE_STRING && sum->type == CLIENTELE_DATE))
	{
		if (!clientele_iso_date(node->string, &time))
		{
			sum->failed = true;
			return;
		}
		number = clientele_iso_to_date(&time);
	}
	else if (clientele_iso_timestamp(node->string, &time))
		number = time.has_offset ? clientele_iso_to_instant(&time) :
			clientele_instant(clientele_iso_to_local(&time), scope->space.zone);
	else
	{
		sum->failed = true;
		return;
	}
	add_constant(sum, clientele_decimal_from_int64(number), factor);
}

/* Adds factor times the value of a node. */
static void
add_to_sum(ClienteleLintScope *scope, Sum *sum, const ClienteleNode *node, ClienteleDecimal factor)
{
	ClienteleDecimal number;

	check_stack_depth();
	switch (node->kind)
	{
		case CLIENTELE_NODE_NUMBER:
			if (clientele_decimal_from_string(node->string, &number))
				add_constant(sum, number, factor);
			break;
		case CLIENTELE_NODE_STRING:
		case CLIENTELE_NODE_DATE:
		case CLIENTELE_NODE_TIMESTAMP:
			add_time(scope, sum, node, factor);
			break;
		case CLIENTELE_NODE_NULL:
			sum->is_missing = true;
			break;
		case CLIENTELE_NODE_NAME:
			add_name(scope, sum, node, factor);
			break;
		case CLIENTELE_NODE_ADD:
			add_to_sum(scope, sum, node->first, factor);
			add_to_sum(scope, sum, node->first->next, factor);
			break;
		case CLIENTELE_NODE_SUBTRACT:
			add_to_sum(scope, sum, node->first, factor);
			add_to_sum(scope, sum, node->first->next, clientele_decimal_negate(factor));
			break;
		case CLIENTELE_NODE_NEGATE:
			add_to_sum(scope, sum, node->first, clientele_decimal_negate(factor));
			break;
		case CLIENTELE_NODE_MULTIPLY:
			add_product(scope, sum, node, factor);
			break;
		case CLIENTELE_NODE_DIVIDE:
			add_quotient(scope, sum, node, factor);
			break;
		case CLIENTELE_NODE_CALL:
			add_call(scope, sum, node, factor);
			break;
		default:
			add_operand(scope, sum, node, factor);
			break;
	}
}

static int
compare_terms(const void *a, const void *b)
{
	return strcmp(((const Term *) a)->key, ((const Term *) b)->key);
}

static bool
is_today(const Term *term)
{
	return strcmp(term->key, "today()") == 0;
}

static void
negate_sum(Sum *sum)
{
	for (int i = 0; i < sum->nterms; i++)
		sum->terms[i].coefficient = clientele_decimal_negate(sum->terms[i].coefficient);
	sum->constant = clientele_decimal_negate(sum->constant);
}

/*
 * Terms that are left, in one order and with one sign: today() first if it is there.
 * Answers whether the sign was changed.
 */
static bool
normalize_sum(Sum *sum)
{
	int			kept = 0;

	for (int i = 0; i < sum->nterms; i++)
	{
		if (clientele_decimal_sign(sum->terms[i].coefficient) != 0)
			sum->terms[kept++] = sum->terms[i];
	}
	sum->nterms = kept;
	qsort(sum->terms, sum->nterms, sizeof(Term), compare_terms);
	for (int i = 1; i < sum->nterms; i++)
	{
		if (is_today(&sum->terms[i]))
		{
			Term		today = sum->terms[i];

			memmove(&sum->terms[1], &sum->terms[0], sizeof(Term) * i);
			sum->terms[0] = today;
		}
	}
	if (sum->nterms == 0 || clientele_decimal_sign(sum->terms[0].coefficient) > 0)
		return false;
	negate_sum(sum);
	return true;
}

static bool
is_number(ClienteleDecimal value, int number)
{
	return clientele_decimal_compare(value, clientele_decimal_from_int64(number)) == 0;
}

/* 2 * a, or a. */
static char *
term_text(const Term *term)
{
	ClienteleDecimal coefficient = clientele_decimal_absolute(term->coefficient);

	return is_number(coefficient, 1) ? pstrdup(term->text) :
		psprintf("%s * %s", clientele_decimal_to_string(coefficient), term->text);
}

static int
decimals_of(const Sum *sum)
{
	int			decimals = 0;

	for (int i = 0; i < sum->nterms; i++)
	{
		int			scale = clientele_decimal_scale(clientele_decimal_trim(sum->terms[i].coefficient));

		if (sum->terms[i].domain.decimals < 0 || sum->terms[i].domain.decimals + scale > CLIENTELE_DECIMAL_MAX_SCALE)
			return -1;
		decimals = Max(decimals, sum->terms[i].domain.decimals + scale);
	}
	return decimals;
}

/* A difference, or a sum of more. */
static int
difference_dimension(ClienteleLintScope *scope, const Sum *sum)
{
	ClienteleDomain domain = {.type = CLIENTELE_NUMBER,.decimals = decimals_of(sum)};
	bool		is_difference = sum->nterms == 2 && clientele_decimal_sign(sum->terms[1].coefficient) < 0;
	List	   *terms = NIL;
	List	   *origins = NIL;
	StringInfoData key;
	StringInfoData text;
	int			dimension;

	initStringInfo(&key);
	initStringInfo(&text);
	for (int i = 0; i < sum->nterms; i++)
	{
		const Term *term = &sum->terms[i];

		domain.nullable = domain.nullable || term->domain.nullable;
		if (term->domain.nullable)
			origins = list_concat(origins, term->origin);
		appendStringInfo(&key, " %s*%s", clientele_decimal_to_string(term->coefficient), term->key);
		if (i == 0 || !is_difference)
			appendStringInfo(&text, "%s%s", i == 0 ? "" : clientele_decimal_sign(term->coefficient) < 0 ? " - " : " + ",
							 term_text(term));
		terms = lappend(terms, unconstify(char *, term->key));
	}
	dimension = clientele_space_dimension(&scope->space, key.data, text.data, &domain, origins, false);
	scope->space.dimensions[dimension].terms = terms;
	if (is_difference)
		scope->space.dimensions[dimension].other = term_text(&sum->terms[1]);
	return dimension;
}

/* today() - day is the days since. */
static int
elapsed_dimension(ClienteleLintScope *scope, const Sum *sum)
{
	const Term *day = &sum->terms[1];
	ClienteleDomain domain = {.type = CLIENTELE_NUMBER,.nullable = day->domain.nullable,.has_lowest = day->domain.past};

	domain.lowest = clientele_decimal_from_int64(0);
	return clientele_space_dimension(&scope->space, psprintf("days %s", day->key),
									 day->elapsed ? day->elapsed : psprintf("days_since(%s)", day->text), &domain,
									 day->origin, false);
}

/* The dimension of a sum that has terms, and what it is to be compared with. */
static int
sum_dimension(ClienteleLintScope *scope, const Sum *sum, ClienteleDecimal *value)
{
	const Term *first = &sum->terms[0];
	ClienteleDecimal product;

	*value = clientele_decimal_trim(clientele_decimal_negate(sum->constant));
	if (sum->nterms == 2 && is_today(first) && is_number(first->coefficient, 1) && is_number(sum->terms[1].coefficient, -1) &&
		sum->terms[1].domain.type == CLIENTELE_DATE)
		return elapsed_dimension(scope, sum);
	if (sum->nterms == 1)
	{
		ClienteleDecimal quotient = *value;

		if (is_number(first->coefficient, 1) ||
			(clientele_decimal_divide(*value, first->coefficient, &quotient) &&
			 clientele_decimal_multiply(quotient, first->coefficient, &product) &&
			 clientele_decimal_compare(product, *value) == 0))
		{
			*value = clientele_decimal_trim(quotient);
			return clientele_space_dimension(&scope->space, first->key, first->text, &first->domain, first->origin, false);
		}
	}
	return difference_dimension(scope, sum);
}

static void
begin_sum(ClienteleLintScope *scope, Sum *sum, ClienteleType type, const ClienteleNode *left, const ClienteleNode *right)
{
	memset(sum, 0, sizeof(*sum));
	sum->type = type;
	add_to_sum(scope, sum, left, clientele_decimal_from_int64(1));
	if (right)
		add_to_sum(scope, sum, right, clientele_decimal_from_int64(-1));
}

static ClienteleTruth
compare_sums(ClienteleLintScope *scope, const ClienteleNode *node, ClienteleType type, ClienteleComparison comparison,
			 const ClienteleNode *left, const ClienteleNode *right)
{
	Sum			sum;
	ClienteleDecimal value;
	int			dimension;

	begin_sum(scope, &sum, type, left, right);
	if (sum.failed)
		return opaque(scope, node);
	if (sum.is_missing)
		return unknown;
	if (normalize_sum(&sum))
		comparison = clientele_comparison_mirrored(comparison);
	if (sum.nterms > 0)
	{
		dimension = sum_dimension(scope, &sum, &value);
		return clientele_space_compare(&scope->space, dimension, comparison, value);
	}
	if (scope->space.collecting)
		return unknown;
	return clientele_comparison_holds(comparison, clientele_decimal_sign(sum.constant)) ?
		(ClienteleTruth) {CLIENTELE_EVERY_CELL, CLIENTELE_NO_CELL} : (ClienteleTruth) {CLIENTELE_NO_CELL, CLIENTELE_EVERY_CELL};
}

/* ---------- texts ---------- */

static int
text_dimension(ClienteleLintScope *scope, const ClienteleNode *node, const ClienteleDomain *domain)
{
	ClienteleDomain text = *domain;

	text.type = CLIENTELE_TEXT;
	return clientele_space_dimension(&scope->space, typed_key(scope, node, CLIENTELE_TEXT),
									 clientele_expression_print(node), &text, origin(scope, node, domain), false);
}

static ClienteleTruth
equals_text(ClienteleLintScope *scope, const ClienteleNode *node, const ClienteleNode *operand, const ClienteleNode *literal)
{
	ClienteleDomain domain = clientele_lint_domain(scope, operand);
	const char *problem;
	const char *hint;
	const char *text = literal->string;

	if (literal->kind == CLIENTELE_NODE_NULL)
		return unknown;
	if (domain.column)
		text = clientele_column_literal(domain.column, text, &problem, &hint);
	if (find_choice(scope, operand) || text == NULL)
		return opaque(scope, node);
	return clientele_space_equals(&scope->space, text_dimension(scope, operand, &domain), text);
}

static bool
is_text_literal(const ClienteleNode *node)
{
	return node->kind == CLIENTELE_NODE_STRING || node->kind == CLIENTELE_NODE_NULL;
}

static ClienteleTruth
compare_texts(ClienteleLintScope *scope, const ClienteleNode *node, ClienteleComparison comparison,
			  const ClienteleNode *left, const ClienteleNode *right)
{
	const ClienteleNode *literal = is_text_literal(right) ? right : left;
	const ClienteleNode *operand = is_text_literal(right) ? left : right;
	ClienteleTruth truth;

	if (!is_text_literal(literal) || clientele_node_is_literal(operand) ||
		(comparison != CLIENTELE_EQ && comparison != CLIENTELE_NE))
		return opaque(scope, node);
	truth = equals_text(scope, node, operand, literal);
	return comparison == CLIENTELE_EQ ? truth : clientele_truth_not(truth);
}

/* ---------- conditions ---------- */

static ClienteleType
common_type(ClienteleLintScope *scope, const ClienteleNode *left, const ClienteleNode *right)
{
	ClienteleType type = clientele_lint_domain(scope, left).type;

	if (type == CLIENTELE_ANY)
		type = clientele_lint_domain(scope, right).type;
	return type == CLIENTELE_ANY ? CLIENTELE_TEXT : type;
}

/* `node` is the condition that the comparison is a part of. */
static ClienteleTruth
compare(ClienteleLintScope *scope, const ClienteleNode *node, ClienteleComparison comparison,
		const ClienteleNode *left, const ClienteleNode *right)
{
	ClienteleType type = common_type(scope, left, right);
	ClienteleTruth a;
	ClienteleTruth b;
	ClienteleTruth same;

	switch (type)
	{
		case CLIENTELE_NUMBER:
		case CLIENTELE_DATE:
		case CLIENTELE_TIMESTAMP:
			return compare_sums(scope, node, type, comparison, left, right);
		case CLIENTELE_TEXT:
			return compare_texts(scope, node, comparison, left, right);
		case CLIENTELE_BOOLEAN:
			a = clientele_lint_condition(scope, left);
			b = clientele_lint_condition(scope, right);
			same = clientele_truth_or(&scope->space, clientele_truth_and(&scope->space, a, b),
									  clientele_truth_and(&scope->space, clientele_truth_not(a), clientele_truth_not(b)));
			return comparison == CLIENTELE_EQ ? same : clientele_truth_not(same);
		default:
			return opaque(scope, node);
	}
}

static ClienteleTruth
between(ClienteleLintScope *scope, const ClienteleNode *node)
{
	const ClienteleNode *value = node->first;
	const ClienteleNode *low = value->next;
	ClienteleNode plain = *node;
	ClienteleTruth truth;

	plain.negated = false;
	if (common_type(scope, value, low) == CLIENTELE_TEXT)
		truth = opaque(scope, &plain);
	else
		truth = clientele_truth_and(&scope->space, compare(scope, &plain, CLIENTELE_GE, value, low),
									compare(scope, &plain, CLIENTELE_LE, value, low->next));
	return node->negated ? clientele_truth_not(truth) : truth;
}

static ClienteleTruth
in_list(ClienteleLintScope *scope, const ClienteleNode *node)
{
	ClienteleNode plain = *node;
	ClienteleTruth truth = {CLIENTELE_NO_CELL, CLIENTELE_EVERY_CELL};

	plain.negated = false;
	for (const ClienteleNode *literal = node->first->next; literal; literal = literal->next)
		truth = clientele_truth_or(&scope->space, truth, compare(scope, &plain, CLIENTELE_EQ, node->first, literal));
	return node->negated ? clientele_truth_not(truth) : truth;
}

static ClienteleTruth
is_null(ClienteleLintScope *scope, const ClienteleNode *node)
{
	const ClienteleNode *operand = node->first;
	ClienteleDomain domain = clientele_lint_domain(scope, operand);
	ClienteleDiagram missing;
	ClienteleTruth truth;
	ClienteleDecimal value;
	Sum			sum;

	switch (domain.type)
	{
		case CLIENTELE_NUMBER:
		case CLIENTELE_DATE:
		case CLIENTELE_TIMESTAMP:
			begin_sum(scope, &sum, domain.type, operand, NULL);
			(void) normalize_sum(&sum);
			if (sum.failed || sum.is_missing || sum.nterms == 0)
				return opaque(scope, node);
			missing = clientele_space_missing(&scope->space, sum_dimension(scope, &sum, &value));
			break;
		case CLIENTELE_BOOLEAN:
			truth = clientele_lint_condition(scope, operand);
			missing = clientele_cells_without(&scope->space, CLIENTELE_EVERY_CELL,
											  clientele_cells_or(&scope->space, truth.holds, truth.fails));
			break;
		case CLIENTELE_TEXT:
			missing = clientele_space_missing(&scope->space, text_dimension(scope, operand, &domain));
			break;
		case CLIENTELE_ANY:
			if (operand->kind == CLIENTELE_NODE_NAME)
			{
				missing = clientele_space_missing(&scope->space, text_dimension(scope, operand, &domain));
				break;
			}
			/* FALLTHROUGH */
		default:
			return opaque(scope, node);
	}
	truth = (ClienteleTruth) {missing, clientele_cells_without(&scope->space, CLIENTELE_EVERY_CELL, missing)};
	return node->negated ? clientele_truth_not(truth) : truth;
}

/* The truth of a tag or a metric, found once. */
static ClienteleTruth
definition_truth(ClienteleLintScope *scope, const ClienteleDefinition *definition)
{
	const ClienteleModel *model = scope->lint->model;
	const ClienteleDefinition *outer = scope->grid;
	int			number = (int) (definition - model->definitions);

	if (scope->truths == NULL)
		scope->truths = palloc0(mul_size(sizeof(ClienteleTruth *), model->ndefinitions));
	if (scope->truths[number] == NULL)
	{
		ClienteleTruth *truth = palloc(sizeof(ClienteleTruth));

		scope->grid = NULL;
		*truth = clientele_lint_condition(scope, parse(definition->expression));
		scope->grid = outer;
		scope->truths[number] = truth;
	}
	return *scope->truths[number];
}

/* A tag without a rule, which only people give. */
bool
clientele_lint_is_by_hand(const ClienteleDefinition *tag)
{
	return parse(tag->expression)->kind == CLIENTELE_NODE_FALSE;
}

/* Whoever has no tag does not have it: it is never unknown. */
static ClienteleTruth
has_tag(ClienteleLintScope *scope, const ClienteleNode *node)
{
	const ClienteleModel *model = scope->lint->model;
	int			number = clientele_model_find(model, node->first->string);
	ClienteleDiagram holds;

	Assert(number >= 0 && model->definitions[number].kind == CLIENTELE_TAG);
	if (clientele_lint_is_by_hand(&model->definitions[number]))
		return truth_of_its_own(scope, clientele_expression_print(node), false, false);
	holds = definition_truth(scope, &model->definitions[number]).holds;
	return (ClienteleTruth) {holds, clientele_cells_without(&scope->space, CLIENTELE_EVERY_CELL, holds)};
}

static ClienteleTruth
name_truth(ClienteleLintScope *scope, const ClienteleNode *node)
{
	const char *suffix;
	const ClienteleDefinition *definition = clientele_lint_meant(scope, node, &suffix);
	ClienteleDomain domain;

	if (definition && definition->kind == CLIENTELE_METRIC)
		return definition_truth(scope, definition);
	domain = clientele_lint_domain(scope, node);
	if (domain.type != CLIENTELE_BOOLEAN)
		return opaque(scope, node);
	return truth_of_its_own(scope, clientele_expression_print(node), domain.nullable, false);
}

/* Restricts a truth to some cells. */
static ClienteleTruth
within(ClienteleLintScope *scope, ClienteleTruth truth, ClienteleDiagram cells)
{
	return (ClienteleTruth) {clientele_cells_and(&scope->space, truth.holds, cells),
							 clientele_cells_and(&scope->space, truth.fails, cells)};
}

static ClienteleTruth
join(ClienteleLintScope *scope, ClienteleTruth a, ClienteleTruth b)
{
	return (ClienteleTruth) {clientele_cells_or(&scope->space, a.holds, b.holds),
							 clientele_cells_or(&scope->space, a.fails, b.fails)};
}

static ClienteleTruth
case_truth(ClienteleLintScope *scope, const ClienteleNode *node)
{
	ClienteleTruth result = unknown;
	ClienteleDiagram rest = CLIENTELE_EVERY_CELL;
	const ClienteleNode *at = node->first;

	for (; at && at->next; at = at->next->next)
	{
		ClienteleDiagram holds = clientele_lint_condition(scope, at).holds;

		result = join(scope, result, within(scope, clientele_lint_condition(scope, at->next),
											clientele_cells_and(&scope->space, rest, holds)));
		rest = clientele_cells_without(&scope->space, rest, holds);
	}
	if (at)
		result = join(scope, result, within(scope, clientele_lint_condition(scope, at), rest));
	return result;
}

static ClienteleTruth
coalesce(ClienteleLintScope *scope, const ClienteleNode *node)
{
	ClienteleTruth result = unknown;
	ClienteleDiagram rest = CLIENTELE_EVERY_CELL;

	for (const ClienteleNode *argument = node->first; argument; argument = argument->next)
	{
		ClienteleTruth truth = within(scope, clientele_lint_condition(scope, argument), rest);

		result = join(scope, result, truth);
		rest = clientele_cells_without(&scope->space, rest, clientele_cells_or(&scope->space, truth.holds, truth.fails));
	}
	return result;
}

static ClienteleTruth
chain(ClienteleLintScope *scope, const ClienteleNode *node)
{
	ClienteleTruth truth = clientele_lint_condition(scope, node->first);

	for (const ClienteleNode *operand = node->first->next; operand; operand = operand->next)
	{
		ClienteleTruth other = clientele_lint_condition(scope, operand);

		truth = node->kind == CLIENTELE_NODE_AND ? clientele_truth_and(&scope->space, truth, other) :
			clientele_truth_or(&scope->space, truth, other);
	}
	return truth;
}

ClienteleTruth
clientele_lint_condition(ClienteleLintScope *scope, const ClienteleNode *node)
{
	ClienteleTruth truth;

	check_stack_depth();
	CHECK_FOR_INTERRUPTS();
	switch (node->kind)
	{
		case CLIENTELE_NODE_TRUE:
			return (ClienteleTruth) {CLIENTELE_EVERY_CELL, CLIENTELE_NO_CELL};
		case CLIENTELE_NODE_FALSE:
			return (ClienteleTruth) {CLIENTELE_NO_CELL, CLIENTELE_EVERY_CELL};
		case CLIENTELE_NODE_NULL:
			return unknown;
		case CLIENTELE_NODE_AND:
		case CLIENTELE_NODE_OR:
			return chain(scope, node);
		case CLIENTELE_NODE_NOT:
			return clientele_truth_not(clientele_lint_condition(scope, node->first));
		default:
			break;
	}
	if (truth_of_choices(scope, node, &truth))
		return truth;
	switch (node->kind)
	{
		case CLIENTELE_NODE_COMPARE:
			return compare(scope, node, node->comparison, node->first, node->first->next);
		case CLIENTELE_NODE_BETWEEN:
			return between(scope, node);
		case CLIENTELE_NODE_IN:
			return in_list(scope, node);
		case CLIENTELE_NODE_IS_NULL:
			return is_null(scope, node);
		case CLIENTELE_NODE_NAME:
			return name_truth(scope, node);
		case CLIENTELE_NODE_CASE:
			return case_truth(scope, node);
		case CLIENTELE_NODE_CALL:
			if (node->function == CLIENTELE_FN_HAS_TAG)
				return has_tag(scope, node);
			if (node->function == CLIENTELE_FN_COALESCE)
				return coalesce(scope, node);
			break;
		default:
			break;
	}
	return opaque(scope, node);
}

/* ---------- rules one after the other ---------- */

static void
go_through(ClienteleLintScope *scope, ClienteleLintRule *rules, int nrules)
{
	for (int axis = 0; scope->grid && axis < CLIENTELE_RFM_AXES; axis++)
		(void) axis_dimension(scope, scope->grid, axis);
	for (int i = 0; i < nrules; i++)
		rules[i].holds = rules[i].when ? clientele_lint_condition(scope, parse(rules[i].when)).holds : CLIENTELE_EVERY_CELL;
}

bool
clientele_lint_find_cells(ClienteleLintScope *scope, ClienteleLintRule *rules, int nrules)
{
	ClienteleDiagram rest = CLIENTELE_EVERY_CELL;

	go_through(scope, rules, nrules);
	clientele_space_collected(&scope->space);
	scope->choices = NIL;
	scope->truths = NULL;
	go_through(scope, rules, nrules);
	for (int i = 0; i < nrules; i++)
	{
		rules[i].reached = clientele_cells_and(&scope->space, rest, rules[i].holds);
		rest = clientele_cells_without(&scope->space, rest, rules[i].holds);
	}
	return !clientele_diagrams_exhausted(scope->space.diagrams);
}
