/*
 * expression_function.c
 *		The names of the expression language's functions and aggregates.
 */
#include "postgres.h"

#include "base/nearest_name.h"
#include "expression/expression_function.h"

/* In the order of the enum. */
static const ClienteleFunctionInfo functions[] =
{
	{CLIENTELE_FN_ABS, "abs", false, 1, 1, "abs(balance)"},
	{CLIENTELE_FN_AGE, "age", false, 1, 1, "age(birthday)"},
	{CLIENTELE_FN_COALESCE, "coalesce", false, 1, CLIENTELE_MAX_ARGUMENTS, "coalesce(budget, 0)"},
	{CLIENTELE_FN_CONTAINS, "contains", false, 2, 2, "contains(interests, 'skin')"},
	{CLIENTELE_FN_DATE, "date", false, 1, 1, "date(paid_at)"},
	{CLIENTELE_FN_DAY, "day", false, 1, 1, "day(birthday)"},
	{CLIENTELE_FN_DAYS_SINCE, "days_since", false, 1, 1, "days_since(last_visit)"},
	{CLIENTELE_FN_FLOOR, "floor", false, 1, 1, "floor(amount)"},
	{CLIENTELE_FN_GREATEST, "greatest", false, 1, CLIENTELE_MAX_ARGUMENTS, "greatest(visits, 1)"},
	{CLIENTELE_FN_HAS_TAG, "has_tag", false, 1, 1, "has_tag('vip')"},
	{CLIENTELE_FN_LEAST, "least", false, 1, CLIENTELE_MAX_ARGUMENTS, "least(visits, 10)"},
	{CLIENTELE_FN_MONTH, "month", false, 1, 1, "month(birthday)"},
	{CLIENTELE_FN_MONTHS_SINCE, "months_since", false, 1, 1, "months_since(last_visit)"},
	{CLIENTELE_FN_NOW, "now", false, 0, 0, "booked_at > now()"},
	{CLIENTELE_FN_ROUND, "round", false, 1, 2, "round(amount, 2)"},
	{CLIENTELE_FN_STARTS_WITH, "starts_with", false, 2, 2, "starts_with(phone, '138')"},
	{CLIENTELE_FN_TODAY, "today", false, 0, 0, "month(birthday) = month(today())"},
	{CLIENTELE_FN_WEEKDAY, "weekday", false, 1, 1, "weekday(paid_at)"},
	{CLIENTELE_FN_YEARS_SINCE, "years_since", false, 1, 1, "years_since(first_visit)"},
	{CLIENTELE_FN_AVG, "avg", true, 1, 1, "avg(payment.amount last 365 days)"},
	{CLIENTELE_FN_COUNT, "count", true, 1, 1, "count(payment last 7 days)"},
	{CLIENTELE_FN_EARLIEST, "earliest", true, 1, 1, "earliest(payment)"},
	{CLIENTELE_FN_FIRST, "first", true, 1, 1, "first(payment.category)"},
	{CLIENTELE_FN_LAST, "last", true, 1, 1, "last(payment.category)"},
	{CLIENTELE_FN_LATEST, "latest", true, 1, 1, "latest(payment)"},
	{CLIENTELE_FN_MAX, "max", true, 1, 1, "max(payment.amount)"},
	{CLIENTELE_FN_MIN, "min", true, 1, 1, "min(payment.amount)"},
	{CLIENTELE_FN_MODE, "mode", true, 1, 1, "mode(payment.category by sum(payment.amount))"},
	{CLIENTELE_FN_SUM, "sum", true, 1, 1, "sum(payment.amount last 365 days)"},
};

StaticAssertDecl(lengthof(functions) == CLIENTELE_FN_SUM + 1,
				 "every function has its line");

const ClienteleFunctionInfo *
clientele_function_find(const char *name, const char **nearest)
{
	ClienteleNearestName candidate;

	for (int i = 0; i < (int) lengthof(functions); i++)
		if (strcmp(functions[i].name, name) == 0)
			return &functions[i];
	clientele_nearest_begin(&candidate, name);
	for (int i = 0; i < (int) lengthof(functions); i++)
		clientele_nearest_offer(&candidate, functions[i].name);
	*nearest = clientele_nearest_result(&candidate);
	return NULL;
}

const ClienteleFunctionInfo *
clientele_function_info(ClienteleFunction function)
{
	Assert(functions[function].function == function);
	return &functions[function];
}
