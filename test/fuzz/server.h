/*
 * server.h
 *		The little of a PostgreSQL server that a type's input and output need.
 *
 * The fuzzers call the functions of src/ outside a server, where each run takes
 * microseconds.  Memory comes from malloc, so that the address sanitizer sees
 * every byte, and is freed after each run; an error jumps back to the run.
 */
#ifndef CLIENTELE_FUZZ_SERVER_H
#define CLIENTELE_FUZZ_SERVER_H

#include "postgres.h"

#include "fmgr.h"

#include "compat.h"

/* Bytes have no type since 16, and an assertion no kind. */
#if PG_VERSION_NUM >= 160000
typedef void ServerBytes;
#define SERVER_ASSERTION_KIND
#else
typedef char ServerBytes;
#define SERVER_ASSERTION_KIND const char *kind,
#endif

/* Calls a function of one argument; false if it raised an error. */
extern bool server_call(PGFunction function, Datum argument, Datum *result);
extern bool server_call2(PGFunction function, Datum a, Datum b, Datum *result);

/* What the last error said. */
extern const char *server_error(void);

/* Chooses UTF-8 where the text is valid UTF-8, else SQL_ASCII. */
extern void server_choose_encoding(const char *text, size_t length);

/* Frees what the run allocated; the last call of each run. */
extern void server_end_run(void);

/* Ends the process, so that the fuzzer keeps the input. */
pg_noreturn extern void server_fail(const char *what, const char *a, const char *b);

#endif							/* CLIENTELE_FUZZ_SERVER_H */
