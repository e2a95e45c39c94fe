/*
 * statement.h
 *		Statements of ours, run by SPI, and what they answer.
 */
#ifndef CLIENTELE_STATEMENT_H
#define CLIENTELE_STATEMENT_H

#include "postgres.h"

/* Runs one; returns the number of rows.  Its arguments are as in SPI_execute_with_args. */
extern uint64 clientele_run(const char *sql, int nargs, Oid *types, Datum *values, const char *nulls);

/* A column, from 1, of the one row that the last one returned. */
extern Datum clientele_answer(int column, bool *isnull);

/* The same, where NULL is 0; and as text in that context, where NULL is NULL. */
extern int64 clientele_answer_int64(int column);
extern char *clientele_answer_text(MemoryContext context, int column);

#endif							/* CLIENTELE_STATEMENT_H */
