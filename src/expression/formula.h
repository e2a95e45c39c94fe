/*
 * formula.h
 *		Arithmetic of numbers and parameters: what may stand for a number that is the
 *		same for all customers, such as the limit of a bin.
 *
 * A formula is an expression that consists of numbers, names, + - * / and parentheses.
 */
#ifndef CLIENTELE_FORMULA_H
#define CLIENTELE_FORMULA_H

#include "base/decimal.h"
#include "base/json_read.h"

/* What names stand for. */
typedef struct ClienteleParameters
{
	/* False if there is no parameter of that name. */
	bool		(*value) (void *source, const char *name, ClienteleDecimal *result);
	void	   *source;
} ClienteleParameters;

/* Whether the canonical text of an expression is a formula. */
extern bool clientele_is_formula(const char *text);

/* The first name in a formula that is no parameter, or NULL.  Without parameters: the first. */
extern const char *clientele_formula_unknown(const char *formula, const ClienteleParameters *parameters);

/*
 * An error where a name is unknown or the value cannot be had; `what` says of what it is.
 * A quotient is cut to as many decimals as a number in JSON may have.
 */
extern ClienteleDecimal clientele_formula_value(const char *formula, const ClienteleParameters *parameters,
												const char *what);

/* A number, or a formula in its place: then *formula is its text, and the number 0. */
extern bool clientele_json_read_bound(const ClienteleJsonReader *reader, const ClienteleJsonPlace *place,
									  const ClienteleJson *value, ClienteleDecimal *number, const char **formula);

#endif							/* CLIENTELE_FORMULA_H */
