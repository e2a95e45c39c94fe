/*
 * column.h
 *		How the columns of real tables enter the expression language.
 *
 * The list of types is closed: nothing here calls a function that somebody else
 * defined.
 */
#ifndef CLIENTELE_COLUMN_H
#define CLIENTELE_COLUMN_H

#include "utils/hsearch.h"

#include "pgtime.h"

#include "expression/cell.h"

typedef enum ClienteleColumnKind
{
	CLIENTELE_COLUMN_BOOL,
	CLIENTELE_COLUMN_INT2,
	CLIENTELE_COLUMN_INT4,
	CLIENTELE_COLUMN_INT8,
	CLIENTELE_COLUMN_FLOAT4,
	CLIENTELE_COLUMN_FLOAT8,
	CLIENTELE_COLUMN_NUMERIC,
	CLIENTELE_COLUMN_TEXT,		/* also varchar */
	CLIENTELE_COLUMN_BPCHAR,	/* trailing blanks do not count */
	CLIENTELE_COLUMN_NAME,
	CLIENTELE_COLUMN_ENUM,		/* its label, which has no order but equality */
	CLIENTELE_COLUMN_UUID,		/* its canonical text */
	CLIENTELE_COLUMN_DATE,
	CLIENTELE_COLUMN_TIMESTAMP, /* read in the given zone */
	CLIENTELE_COLUMN_TIMESTAMPTZ,
	CLIENTELE_COLUMN_TEXT_ARRAY,
	CLIENTELE_COLUMN_JSONB		/* a document: names after it are its keys */
} ClienteleColumnKind;

typedef struct ClienteleColumn
{
	ClienteleColumnKind kind;
	ClienteleType type;			/* ANY for jsonb */
	Oid			type_oid;		/* domains resolved */
	int			decimals;		/* numeric(p, s): how many every value has; 0 =
								 * not known */
	HTAB	   *labels;			/* enum: label by OID, filled as they are met */
} ClienteleColumn;

/* False if columns of this type (or collation) have no place in expressions. */
extern bool clientele_column_init(ClienteleColumn *column, Oid type, int32 typmod, Oid collation);

/* The types that have, for a hint. */
extern const char *clientele_column_types(void);

/* Reads a value that is not NULL.  `zone` is set if the kind is TIMESTAMP. */
extern void clientele_column_read(ClienteleColumn *column, Datum value, pg_tz *zone, ClienteleCell *target);

/*
 * What a literal is when it is compared with the column: an enum's label must
 * exist, a uuid is put into canonical form, a number gets the column's decimals.
 * NULL if it can never be equal, with the reason in *problem.
 */
extern const char *clientele_column_literal(const ClienteleColumn *column, const char *literal,
											const char **problem, const char **hint);

#endif							/* CLIENTELE_COLUMN_H */
