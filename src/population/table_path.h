/*
 * table_path.h
 *		Columns of a table, and of the tables its foreign keys lead to, as parts
 *		of a query.
 *
 * A path such as product_id.category names a column of the row that
 * product_id references.  It follows declared foreign keys of one column, which
 * lead to at most one row.
 */
#ifndef CLIENTELE_TABLE_PATH_H
#define CLIENTELE_TABLE_PATH_H

#include "postgres.h"

#include "lib/stringinfo.h"
#include "nodes/pg_list.h"

#include "expression/expression_tree.h"

/* A table in a FROM clause, and the joins that paths have asked for. */
typedef struct ClienteleTablePaths
{
	Oid			relation;
	int			number;			/* makes aliases unique in a query */
	List	   *joins;			/* of ClienteleTableJoin, in the order of FROM */
} ClienteleTablePaths;

typedef struct ClientelePathColumn
{
	Oid			relation;		/* that has the column */
	const char *name;
	const char *sql;			/* the column in the query */
	AttrNumber	attribute;		/* the column in the first table; 0 if it is in one
								 * that a foreign key leads to */
	Oid			type;
	int32		typmod;
	Oid			collation;
	const ClienteleNode *rest;	/* names after a jsonb column: its keys */
} ClientelePathColumn;

extern ClienteleTablePaths *clientele_table_paths(Oid relation, int number);

/*
 * Resolves a path, given as a name of an expression.  NULL if it leads nowhere: then
 * *problem and *hint say why, and *place is the name it is about.
 */
extern ClientelePathColumn *clientele_table_path(ClienteleTablePaths *paths, const ClienteleNode *path,
												 const char **problem, const char **hint,
												 const ClienteleNode **place);

/* The table, and those to which its paths lead. */
extern List *clientele_table_relations(const ClienteleTablePaths *paths);

/* The table with its joins, for FROM. */
extern void clientele_append_table(StringInfo query, const ClienteleTablePaths *paths);

/* Whether an index finds the rows that have a value of the column. */
extern bool clientele_column_is_indexed(Oid relation_id, AttrNumber attribute);

/* The same of the rows from which a path leads to a value: table by table, from its end. */
extern bool clientele_path_is_indexed(Oid relation, const ClienteleNode *path);

#endif							/* CLIENTELE_TABLE_PATH_H */
