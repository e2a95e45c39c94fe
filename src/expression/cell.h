/*
 * cell.h
 *		One value of the expression language, as a program holds it.
 */
#ifndef CLIENTELE_CELL_H
#define CLIENTELE_CELL_H

#include "postgres.h"

#include "pgtime.h"
#include "utils/array.h"

#include "base/decimal.h"
#include "expression/expression_tree.h"

/*
 * The state of a cell.  For a boolean it is the value itself, ordered so that
 * SQL's AND is the minimum, OR the maximum and NOT the mirror image.  For every
 * other type a known value has the state CLIENTELE_KNOWN.
 */
#define CLIENTELE_FALSE		0
#define CLIENTELE_NULL		1
#define CLIENTELE_TRUE		2
#define CLIENTELE_KNOWN		CLIENTELE_FALSE

typedef struct ClienteleCell
{
	union
	{
		int64		integer;	/* date: days since 2000; timestamp:
								 * microseconds since 2000; number: units */
		Numeric		numeric;	/* number of scale CLIENTELE_DECIMAL_IS_NUMERIC */
		text	   *text;		/* never compressed or out of line; may have a
								 * short header */
		ArrayType  *array;		/* of text */
		void	   *pointer;	/* a jsonb document, or a json scalar */
	}			u;
	int32		scale;			/* numbers: see decimal.h; text: its length */
	uint8		state;
	uint16		ends;			/* text: its first and last byte */
} ClienteleCell;

static inline ClienteleDecimal
clientele_cell_number(const ClienteleCell *cell)
{
	ClienteleDecimal number;

	number.u.units = cell->u.integer;
	number.scale = cell->scale;
	return number;
}

static inline void
clientele_cell_set_number(ClienteleCell *cell, ClienteleDecimal number)
{
	cell->u.integer = number.u.units;
	cell->scale = number.scale;
	cell->state = CLIENTELE_KNOWN;
}

static inline void
clientele_cell_set_text(ClienteleCell *cell, text *value)
{
	const char *bytes = VARDATA_ANY(value);
	int32		length = (int32) VARSIZE_ANY_EXHDR(value);

	cell->u.text = value;
	cell->scale = length;
	cell->ends = length == 0 ? 0 : (uint16) ((uint8) bytes[0] << 8 | (uint8) bytes[length - 1]);
	cell->state = CLIENTELE_KNOWN;
}

static inline void
clientele_cell_set_integer(ClienteleCell *cell, int64 value)
{
	cell->u.integer = value;
	cell->scale = 0;
	cell->state = CLIENTELE_KNOWN;
}

/*
 * Whether an order of -1, 0 or 1 is what the comparison asks for.  A table of
 * bits, because a branch on the order of two values of real data is mispredicted
 * too often.
 */
static inline bool
clientele_comparison_holds(ClienteleComparison comparison, int order)
{
	enum
	{
		LESS = 1, EQUAL = 2, GREATER = 4
	};
	static const uint8 accepted[] = {
		[CLIENTELE_EQ] = EQUAL,
		[CLIENTELE_NE] = LESS | GREATER,
		[CLIENTELE_LT] = LESS,
		[CLIENTELE_LE] = LESS | EQUAL,
		[CLIENTELE_GT] = GREATER,
		[CLIENTELE_GE] = GREATER | EQUAL
	};

	return (accepted[comparison] >> (order + 1)) & 1;
}

/* What a comparison asks of the other side. */
static inline ClienteleComparison
clientele_comparison_mirrored(ClienteleComparison comparison)
{
	switch (comparison)
	{
		case CLIENTELE_LT:
			return CLIENTELE_GT;
		case CLIENTELE_LE:
			return CLIENTELE_GE;
		case CLIENTELE_GT:
			return CLIENTELE_LT;
		case CLIENTELE_GE:
			return CLIENTELE_LE;
		default:
			return comparison;
	}
}

/* Units of numbers of one scale; none where low is above high. */
typedef struct ClienteleRange
{
	int64		low;
	int64		high;
} ClienteleRange;

/*
 * Which numbers with so many decimals stand left of a constant in a comparison that is
 * true; of CLIENTELE_NE those of which it is not.  The constant is short.
 */
extern ClienteleRange clientele_comparison_range(ClienteleComparison comparison, ClienteleDecimal constant, int scale);

/* Bytewise, as all order of text in clientele. */
extern int	clientele_compare_text(const text *a, const text *b);

/* Orders two known cells of one type. */
extern int	clientele_compare_cells(ClienteleType type, const ClienteleCell *a, const ClienteleCell *b);

/* What people read; instants in the zone, or in UTC without one.  NULL if unknown. */
extern char *clientele_cell_to_string(const ClienteleCell *cell, ClienteleType type, pg_tz *zone);

#endif							/* CLIENTELE_CELL_H */
