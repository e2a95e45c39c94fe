/*
 * compat.h
 *		Every difference between PostgreSQL majors, and nothing else.
 *
 * Code elsewhere is written for the newest form; this file gives older
 * servers that form.
 */
#ifndef CLIENTELE_COMPAT_H
#define CLIENTELE_COMPAT_H

#include "postgres.h"

#include "fmgr.h"

#if PG_VERSION_NUM >= 160000
#include "nodes/miscnodes.h"
#include "varatt.h"
#else

/* Soft errors came with 16: before, every input error is thrown. */
struct Node;
#define errsave(context, ...) \
	do { (void) (context); ereport(ERROR, __VA_ARGS__); } while (0)
#define ereturn(context, dummy_value, ...) \
	do { (void) (context); ereport(ERROR, __VA_ARGS__); return dummy_value; } while (0)
#define SOFT_ERROR_OCCURRED(context) ((void) (context), false)
#endif

/* 15 gave tuplesorts a set of options where a flag had been. */
#if PG_VERSION_NUM < 150000
#define TUPLESORT_NONE false
#endif

/* The next datum of a sort, ascending, as a copy that the caller owns. */
#if PG_VERSION_NUM >= 160000
#define clientele_tuplesort_getdatum(sort, value, isnull) \
	tuplesort_getdatum(sort, true, true, value, isnull, NULL)
#else
#define clientele_tuplesort_getdatum(sort, value, isnull) \
	tuplesort_getdatum(sort, true, value, isnull, NULL)
#endif

#endif							/* CLIENTELE_COMPAT_H */
