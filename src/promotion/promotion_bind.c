/*
 * promotion_bind.c
 *		A promotion's conditions on a bill and its lines, compiled.
 *
 * The condition on the bill is taken apart at its outermost ANDs, so that each part that
 * does not hold can be named.  All parts are one program; lines are evaluated in blocks.
 */
#include "postgres.h"

#include "compat.h"
#include "expression/expression_bind.h"
#include "promotion/promotion.h"
#include "promotion/promotion_names.h"

/* Lines evaluated at once: few bills have more. */
#define LINE_BLOCK 16

const ClienteleName clientele_bill_names[CLIENTELE_BILL_NAMES] = {
	[CLIENTELE_BILL_AMOUNT] = {"amount", CLIENTELE_NUMBER},
	[CLIENTELE_BILL_BRANCH] = {"branch", CLIENTELE_TEXT},
	[CLIENTELE_BILL_CHANNEL] = {"channel", CLIENTELE_TEXT},
	[CLIENTELE_BILL_STAFF] = {"staff", CLIENTELE_TEXT},
	[CLIENTELE_BILL_QUANTITY] = {"quantity", CLIENTELE_NUMBER},
	[CLIENTELE_BILL_ITEMS] = {"items", CLIENTELE_TEXT_ARRAY},
	[CLIENTELE_BILL_CATEGORIES] = {"categories", CLIENTELE_TEXT_ARRAY}
};

const ClienteleName clientele_line_names[CLIENTELE_LINE_NAMES] = {
	[CLIENTELE_LINE_ITEM] = {"item", CLIENTELE_TEXT},
	[CLIENTELE_LINE_CATEGORY] = {"category", CLIENTELE_TEXT},
	[CLIENTELE_LINE_QUANTITY] = {"quantity", CLIENTELE_NUMBER},
	[CLIENTELE_LINE_PRICE] = {"price", CLIENTELE_NUMBER},
	[CLIENTELE_LINE_AMOUNT] = {"amount", CLIENTELE_NUMBER}
};

/* A program whose names are of one list. */
typedef struct NamedProgram
{
	ClienteleScope scope;		/* first, so that resolve finds the rest */
	const ClienteleName *names;
	int			nnames;
	ClienteleCell **cells;		/* by name: its register, or NULL where none asks for it */
	ClienteleProgram *program;
} NamedProgram;

struct ClientelePromotionRules
{
	NamedProgram *bill;			/* NULL = no condition */
	int			nparts;			/* of the condition */
	const char **parts;
	ClienteleCell **truths;		/* of each part */
	NamedProgram *line;			/* NULL = all lines */
	ClienteleCell *applies;
};

static ClienteleOperand
resolve_name(ClienteleScope *scope, ClienteleBinder *binder, const ClienteleNode *name)
{
	NamedProgram *named = (NamedProgram *) scope;
	ClienteleOperand operand = {0};

	for (int i = 0; i < named->nnames; i++)
	{
		if (strcmp(named->names[i].name, name->string) != 0)
			continue;
		if (named->cells[i] == NULL)
			named->cells[i] = clientele_bind_register(binder);
		operand.cells = named->cells[i];
		operand.type = named->names[i].type;
		return operand;
	}
	elog(ERROR, "a promotion was parsed with the name %s", name->string);
	return operand;
}

static NamedProgram *
make_program(int nnames, const ClienteleName *names)
{
	NamedProgram *named = palloc0(sizeof(NamedProgram));

	named->scope.resolve = resolve_name;
	named->names = names;
	named->nnames = nnames;
	named->cells = palloc0(mul_size(nnames, sizeof(ClienteleCell *)));
	return named;
}

static ClienteleProgram *
end_program(ClienteleBinder *binder)
{
	ClienteleProgram *program = clientele_bind_end(binder);
	ClienteleClock none = {0};

	clientele_program_set_clock(program, &none);
	return program;
}

static void
place_error_callback(void *place)
{
	errcontext("%s of a promotion", (const char *) place);
}

static void
bind_bill(ClientelePromotionRules *rules, const char *condition)
{
	ClienteleNode *tree = clientele_expression_parse(condition, NULL);
	bool		all_of = tree->kind == CLIENTELE_NODE_AND;
	ClienteleNode *part = all_of ? tree->first : tree;
	ClienteleBinder *binder;
	int			nparts = 0;

	for (const ClienteleNode *at = part; at != NULL; at = at->next)
		nparts++;
	rules->parts = palloc(mul_size(nparts, sizeof(char *)));
	rules->truths = palloc(mul_size(nparts, sizeof(ClienteleCell *)));
	rules->bill = make_program(CLIENTELE_BILL_NAMES, clientele_bill_names);
	binder = clientele_bind_begin(&rules->bill->scope, 1, false);
	for (; part != NULL; part = part->next)
	{
		ClienteleType type;

		rules->parts[rules->nparts] = clientele_expression_print(part);
		rules->truths[rules->nparts] = clientele_bind_rule(binder, rules->parts[rules->nparts], CLIENTELE_BOOLEAN, &type);
		rules->nparts++;
	}
	rules->bill->program = end_program(binder);
}

static void
bind_line(ClientelePromotionRules *rules, const char *condition)
{
	ClienteleBinder *binder;
	ClienteleType type;

	rules->line = make_program(CLIENTELE_LINE_NAMES, clientele_line_names);
	binder = clientele_bind_begin(&rules->line->scope, LINE_BLOCK, false);
	rules->applies = clientele_bind_rule(binder, condition, CLIENTELE_BOOLEAN, &type);
	rules->line->program = end_program(binder);
}

ClienteleBoundPromotion *
clientele_promotion_bind(Datum value)
{
	ClienteleBoundPromotion *bound = palloc(sizeof(ClienteleBoundPromotion));
	ClientelePromotion *promotion =
		clientele_promotion_parse(clientele_rule_text_get(&clientele_promotion_type, value), NULL);
	ClientelePromotionRules *rules = palloc0(sizeof(ClientelePromotionRules));
	ErrorContextCallback callback;

	bound->promotion = promotion;
	bound->rules = rules;
	callback.callback = place_error_callback;
	callback.previous = error_context_stack;
	error_context_stack = &callback;
	callback.arg = "bill";
	if (promotion->bill != NULL)
		bind_bill(rules, promotion->bill);
	callback.arg = "benefit.applies_to";
	if (promotion->benefit.applies_to != NULL)
		bind_line(rules, promotion->benefit.applies_to);
	error_context_stack = callback.previous;
	return bound;
}

/* ---------- evaluation; a register of NULL is one that nothing asks for ---------- */

static void
set_text(ClienteleCell *cells, int row, text *value)
{
	if (cells == NULL)
		return;
	if (value == NULL)
		cells[row].state = CLIENTELE_NULL;
	else
		clientele_cell_set_text(&cells[row], value);
}

static void
set_number(ClienteleCell *cells, int row, bool known, ClienteleDecimal value)
{
	if (cells == NULL)
		return;
	if (known)
		clientele_cell_set_number(&cells[row], value);
	else
		cells[row].state = CLIENTELE_NULL;
}

static void
set_array(ClienteleCell *cells, ArrayType *value)
{
	if (cells == NULL)
		return;
	cells->u.array = value;
	cells->state = value ? CLIENTELE_KNOWN : CLIENTELE_NULL;
}

int
clientele_promotion_unmet(const ClienteleBoundPromotion *bound, const ClienteleBill *bill, const char ***unmet)
{
	const ClientelePromotionRules *rules = bound->rules;
	bool		has_lines = bill->nlines > 0;
	int			nunmet = 0;
	ClienteleCell **cells;

	*unmet = NULL;
	if (rules->bill == NULL)
		return 0;
	cells = rules->bill->cells;
	set_number(cells[CLIENTELE_BILL_AMOUNT], 0, true, bill->amount);
	set_text(cells[CLIENTELE_BILL_BRANCH], 0, bill->branch);
	set_text(cells[CLIENTELE_BILL_CHANNEL], 0, bill->channel);
	set_text(cells[CLIENTELE_BILL_STAFF], 0, bill->staff);
	set_number(cells[CLIENTELE_BILL_QUANTITY], 0, has_lines, bill->quantity);
	set_array(cells[CLIENTELE_BILL_ITEMS], bill->items);
	set_array(cells[CLIENTELE_BILL_CATEGORIES], bill->categories);
	clientele_program_run(rules->bill->program, 1);
	for (int i = 0; i < rules->nparts; i++)
	{
		if (rules->truths[i]->state == CLIENTELE_TRUE)
			continue;
		if (*unmet == NULL)
			*unmet = palloc(mul_size(rules->nparts, sizeof(char *)));
		(*unmet)[nunmet++] = rules->parts[i];
	}
	return nunmet;
}

bool *
clientele_promotion_lines(const ClienteleBoundPromotion *bound, const ClienteleBill *bill)
{
	const ClientelePromotionRules *rules = bound->rules;
	ClienteleCell **cells;
	bool	   *applies;

	if (rules->line == NULL)
		return NULL;
	cells = rules->line->cells;
	applies = palloc(mul_size(Max(bill->nlines, 1), sizeof(bool)));
	for (int begin = 0; begin < bill->nlines; begin += LINE_BLOCK)
	{
		int			nrows = Min(bill->nlines - begin, LINE_BLOCK);

		for (int row = 0; row < nrows; row++)
		{
			const ClienteleBillLine *line = &bill->lines[begin + row];

			set_text(cells[CLIENTELE_LINE_ITEM], row, line->item);
			set_text(cells[CLIENTELE_LINE_CATEGORY], row, line->category);
			set_number(cells[CLIENTELE_LINE_QUANTITY], row, true, line->quantity);
			set_number(cells[CLIENTELE_LINE_PRICE], row, line->has_price, line->price);
			set_number(cells[CLIENTELE_LINE_AMOUNT], row, true, line->amount);
		}
		clientele_program_run(rules->line->program, nrows);
		for (int row = 0; row < nrows; row++)
			applies[begin + row] = rules->applies[row].state == CLIENTELE_TRUE;
	}
	return applies;
}

bool
clientele_promotion_sees_lines(const ClienteleBoundPromotion *bound)
{
	const ClientelePromotionRules *rules = bound->rules;

	return bound->promotion->benefit.kind == CLIENTELE_FIXED_PRICE || rules->line != NULL ||
		(rules->bill != NULL && (rules->bill->cells[CLIENTELE_BILL_QUANTITY] != NULL ||
								 rules->bill->cells[CLIENTELE_BILL_ITEMS] != NULL ||
								 rules->bill->cells[CLIENTELE_BILL_CATEGORIES] != NULL));
}
