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

#endif							/* CLIENTELE_COMPAT_H */
