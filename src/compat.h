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
#include "storage/shmem.h"		/* mul_size, which other headers have brought since 15 */

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

/* What is changed in a column's description has to be told since 18. */
#if PG_VERSION_NUM >= 180000
#define clientele_column_changed(columns, column) populate_compact_attribute(columns, column)
#else
#define clientele_column_changed(columns, column) ((void) 0)
#endif

/* A function that never returns is marked in front since 18, and by another name. */
#if PG_VERSION_NUM < 180000
#define pg_noreturn __attribute__((noreturn))
#endif

/* RETURNING may ask for the row as it was, or is to be, since 18: there may be none. */
#if PG_VERSION_NUM >= 180000
#define clientele_row_of_returning(variable) ((variable)->varreturningtype != VAR_RETURNING_DEFAULT)
#else
#define clientele_row_of_returning(variable) ((void) (variable), false)
#endif

/* JSON: what the parser's actions return came with 16, its buffer with 17. */
#include "common/jsonapi.h"

#if PG_VERSION_NUM >= 160000
typedef JsonParseErrorType ClienteleJsonActionResult;
#define CLIENTELE_JSON_ACTION_DONE JSON_SUCCESS
#else
typedef void ClienteleJsonActionResult;
#define CLIENTELE_JSON_ACTION_DONE
#endif

#if PG_VERSION_NUM < 170000
#define makeJsonLexContextCstringLen(lex, json, length, encoding, need_escapes) \
	makeJsonLexContextCstringLen(unconstify(char *, json), length, encoding, need_escapes)
#endif

/* The statistics of an index scan are handed in since 18. */
#if PG_VERSION_NUM >= 180000
#define clientele_index_beginscan(table, index, snapshot, nkeys) \
	index_beginscan(table, index, snapshot, NULL, nkeys, 0)
#else
#define clientele_index_beginscan(table, index, snapshot, nkeys) \
	index_beginscan(table, index, snapshot, nkeys, 0)
#endif

/* Index entries of an inserted row: 16 asks whether only summarizing indexes need them. */
#if PG_VERSION_NUM >= 160000
#define clientele_insert_index_tuples(result, slot, estate) \
	ExecInsertIndexTuples(result, slot, estate, false, false, NULL, NIL, false)
#else
#define clientele_insert_index_tuples(result, slot, estate) \
	ExecInsertIndexTuples(result, slot, estate, false, false, NULL, NIL)
#endif

/* An update says since 16 which indexes are to hear of it, before that whether any is. */
#if PG_VERSION_NUM >= 160000
#define ClienteleUpdatedIndexes TU_UpdateIndexes
#define CLIENTELE_ALL_INDEXES TU_All
#define clientele_index_is_updated(info, updated) \
	((updated) == TU_All || ((updated) == TU_Summarizing && (info)->ii_Summarizing))
#else
#define ClienteleUpdatedIndexes bool
#define CLIENTELE_ALL_INDEXES true
#define clientele_index_is_updated(info, updated) ((void) (info), (updated))
#endif

/* Since 17 whoever has made entries says when he has done. */
#if PG_VERSION_NUM >= 170000
#define clientele_index_insert_cleanup(index, info) index_insert_cleanup(index, info)
#else
#define clientele_index_insert_cleanup(index, info) ((void) (index), (void) (info))
#endif

/* The sequence of an identity column is asked for by its table, opened, since 17. */
#if PG_VERSION_NUM >= 170000
#define clientele_identity_sequence(relation, attribute) getIdentitySequence(relation, attribute, false)
#else
#define clientele_identity_sequence(relation, attribute) getIdentitySequence(RelationGetRelid(relation), attribute, false)
#endif

/* Generated columns that are computed when they are read came with 18. */
#if PG_VERSION_NUM >= 180000
#define clientele_is_virtual(attribute) ((attribute)->attgenerated == ATTRIBUTE_GENERATED_VIRTUAL)
#else
#define clientele_is_virtual(attribute) ((void) (attribute), false)
#endif

/* One function asks for the owner of any object since 16. */
#if PG_VERSION_NUM < 160000
#define clientele_owns_relation(relation, role) pg_class_ownercheck(relation, role)
#else
#define clientele_owns_relation(relation, role) object_ownercheck(RelationRelationId, relation, role)
#endif

#if PG_VERSION_NUM < 160000
#define clientele_may_use_schema(schema, role) (pg_namespace_aclcheck(schema, role, ACL_USAGE) == ACLCHECK_OK)
#else
#define clientele_may_use_schema(schema, role) (object_aclcheck(NamespaceRelationId, schema, role, ACL_USAGE) == ACLCHECK_OK)
#endif

/*
 * An expression inside a larger text: a saved error says at which place of the
 * text.  (A thrown one says it in its context.)
 */
#if PG_VERSION_NUM >= 160000
static inline void
clientele_soft_error_place(struct Node *escontext, const char *place)
{
	if (escontext != NULL && IsA(escontext, ErrorSaveContext) &&
		((ErrorSaveContext *) escontext)->error_data != NULL)
	{
		ErrorData  *error = ((ErrorSaveContext *) escontext)->error_data;

		error->message = error->internalpos > 0 ?
			psprintf("%s, character %d: %s", place, error->internalpos, error->message) :
			psprintf("%s: %s", place, error->message);
	}
}
#else
#define clientele_soft_error_place(escontext, place) ((void) (escontext), (void) (place))
#endif

/* Functions that return a set as a whole: one call since 15. */
#if PG_VERSION_NUM < 150000
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/tuplestore.h"

#define MAT_SRF_USE_EXPECTED_DESC 0x01

static inline void
InitMaterializedSRF(FunctionCallInfo fcinfo, int flags)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	MemoryContext caller;

	(void) flags;				/* it saves time only */
	if (rsinfo == NULL || !IsA(rsinfo, ReturnSetInfo) || (rsinfo->allowedModes & SFRM_Materialize) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("set-valued function called in context that cannot accept a set")));

	caller = MemoryContextSwitchTo(rsinfo->econtext->ecxt_per_query_memory);
	if (get_call_result_type(fcinfo, NULL, &rsinfo->setDesc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	rsinfo->returnMode = SFRM_Materialize;
	rsinfo->setResult = tuplestore_begin_heap(true, false, work_mem);
	MemoryContextSwitchTo(caller);
}
#endif

/* Parse analysis with known parameters has a name of its own since 15. */
#if PG_VERSION_NUM < 150000
#define pg_analyze_and_rewrite_fixedparams(statement, sql, types, count, environment) \
	pg_analyze_and_rewrite(statement, sql, unconstify(Oid *, types), count, environment)
#endif

/* The names that begin with ours are settings of ours alone. */
#if PG_VERSION_NUM < 150000
#define MarkGUCPrefixReserved(prefix) EmitWarningsOnPlaceholders(prefix)
#endif

/* A portal is no longer told since 18 that it is run once. */
#if PG_VERSION_NUM >= 180000
#define clientele_portal_run(portal, count, top, receiver, other, completion) \
	PortalRun(portal, count, top, receiver, other, completion)
#else
#define clientele_portal_run(portal, count, top, receiver, other, completion) \
	PortalRun(portal, count, top, true, receiver, other, completion)
#endif

/* Shared memory is asked for in a hook since 15, before that while the library is loaded. */
#if PG_VERSION_NUM >= 150000
#define clientele_hook_shmem_request(function, previous) \
	((previous) = shmem_request_hook, shmem_request_hook = (function))
#else
#define clientele_hook_shmem_request(function, previous) ((previous) = NULL, (function)())
#endif

/* What a check hook hands on is allocated by its own function since 16. */
#if PG_VERSION_NUM < 160000
#define guc_malloc(elevel, size) malloc(size)
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

/* EXPLAIN's own functions have headers of their own since 18. */
#if PG_VERSION_NUM >= 180000
#include "commands/explain_format.h"
#include "commands/explain_state.h"
#endif

/*
 * A path of a foreign scan as a whole: 17 asks for clauses that are pushed down,
 * 18 for the number of nodes that are disabled.  And the estimate of an array's length
 * has become a fraction, found with the help of statistics.
 */
#if PG_VERSION_NUM >= 180000
#define clientele_foreign_path(root, rel, rows, disabled, startup, total, outer) \
	create_foreignscan_path(root, rel, NULL, rows, disabled, startup, total, NIL, outer, NULL, NIL, NIL)
#elif PG_VERSION_NUM >= 170000
#define clientele_foreign_path(root, rel, rows, disabled, startup, total, outer) \
	create_foreignscan_path(root, rel, NULL, rows, startup, total, NIL, outer, NULL, NIL, NIL)
#else
#define clientele_foreign_path(root, rel, rows, disabled, startup, total, outer) \
	create_foreignscan_path(root, rel, NULL, rows, startup, total, NIL, outer, NULL, NIL)
#endif

#if PG_VERSION_NUM >= 170000
#define clientele_array_length(root, array) estimate_array_length(root, array)
#else
#define clientele_array_length(root, array) ((void) (root), estimate_array_length(array))
#endif

/* The scale in a numeric's type modifier; negative scales came with 15. */
static inline int
clientele_numeric_typmod_scale(int32 typmod)
{
#if PG_VERSION_NUM >= 150000
	return (((typmod - VARHDRSZ) & 0x7ff) ^ 1024) - 1024;
#else
	return (typmod - VARHDRSZ) & 0xffff;
#endif
}

#endif							/* CLIENTELE_COMPAT_H */
