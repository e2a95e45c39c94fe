/*
 * table_path.c
 *		Columns of a table, and of the tables its foreign keys lead to, as parts
 *		of a query.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_index.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/relcache.h"
#include "utils/syscache.h"

#include "base/nearest_name.h"
#include "population/table_path.h"

/* LEFT JOIN the table `relation` ON its column = a column of what stands before. */
typedef struct ClienteleTableJoin
{
	const char *from;			/* alias of the table with the foreign key */
	const char *column;			/* the foreign key's column */
	const char *alias;
	Oid			relation;
	const char *referenced;		/* the referenced column */
} ClienteleTableJoin;

ClienteleTablePaths *
clientele_table_paths(Oid relation, int number)
{
	ClienteleTablePaths *paths = palloc0(sizeof(ClienteleTablePaths));

	paths->relation = relation;
	paths->number = number;
	return paths;
}

static const char *
table_name(Oid relation)
{
	return quote_qualified_identifier(get_namespace_name(get_rel_namespace(relation)), get_rel_name(relation));
}

/* ---------- one step ---------- */

static const char *
nearest_column(Oid relation, const char *name)
{
	Relation	table = table_open(relation, AccessShareLock);
	ClienteleNearestName nearest;
	const char *result;

	clientele_nearest_begin(&nearest, name);
	for (int i = 0; i < RelationGetDescr(table)->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(RelationGetDescr(table), i);

		if (!attribute->attisdropped)
			clientele_nearest_offer(&nearest, NameStr(attribute->attname));
	}
	result = clientele_nearest_result(&nearest);
	if (result)
		result = pstrdup(result);
	table_close(table, AccessShareLock);
	return result;
}

/* The table and column that a foreign key of this one column references. */
static bool
follow_foreign_key(Oid relation, AttrNumber attribute, Oid *referenced, const char **column)
{
	Relation	table = table_open(relation, AccessShareLock);
	ListCell   *cell;
	bool		found = false;

	foreach(cell, RelationGetFKeyList(table))
	{
		ForeignKeyCacheInfo *key = lfirst_node(ForeignKeyCacheInfo, cell);

		if (key->nkeys != 1 || key->conkey[0] != attribute)
			continue;
		*referenced = key->confrelid;
		*column = get_attname(key->confrelid, key->confkey[0], false);
		found = true;
		break;
	}
	table_close(table, AccessShareLock);
	return found;
}

static const ClienteleTableJoin *
find_join(const ClienteleTablePaths *paths, const char *from, const char *column)
{
	ListCell   *cell;

	foreach(cell, paths->joins)
	{
		const ClienteleTableJoin *join = lfirst(cell);

		if (strcmp(join->from, from) == 0 && strcmp(join->column, column) == 0)
			return join;
	}
	return NULL;
}

static const ClienteleTableJoin *
add_join(ClienteleTablePaths *paths, const char *from, const char *column, Oid relation, const char *referenced)
{
	ClienteleTableJoin *join = palloc(sizeof(ClienteleTableJoin));

	join->from = from;
	join->column = column;
	join->alias = psprintf("t%d_%d", paths->number, list_length(paths->joins) + 1);
	join->relation = relation;
	join->referenced = referenced;
	paths->joins = lappend(paths->joins, join);
	return join;
}

/* ---------- a path ---------- */

ClientelePathColumn *
clientele_table_path(ClienteleTablePaths *paths, const ClienteleNode *path,
					 const char **problem, const char **hint, const ClienteleNode **place)
{
	ClientelePathColumn *column;
	Oid			relation = paths->relation;
	const char *alias = psprintf("t%d", paths->number);

	for (const ClienteleNode *name = path;; name = name->next_name)
	{
		AttrNumber	attribute = get_attnum(relation, name->string);
		Oid			type;
		int32		typmod;
		Oid			collation;
		const ClienteleTableJoin *join;
		Oid			referenced;
		const char *referenced_column;

		*place = name;
		*hint = NULL;
		if (attribute <= 0)
		{
			const char *nearest = nearest_column(relation, name->string);

			*problem = psprintf("table %s has no column %s", table_name(relation), quote_identifier(name->string));
			if (nearest)
				*hint = psprintf("Perhaps you mean %s.", quote_identifier(nearest));
			return NULL;
		}
		get_atttypetypmodcoll(relation, attribute, &type, &typmod, &collation);
		if (name->next_name == NULL || getBaseType(type) == JSONBOID)
		{
			column = palloc(sizeof(ClientelePathColumn));
			column->relation = relation;
			column->name = name->string;
			column->sql = psprintf("%s.%s", alias, quote_identifier(name->string));
			column->attribute = name == path ? attribute : InvalidAttrNumber;
			column->type = type;
			column->typmod = typmod;
			column->collation = collation;
			column->rest = name->next_name;
			return column;
		}

		join = find_join(paths, alias, name->string);
		if (join == NULL)
		{
			if (!follow_foreign_key(relation, attribute, &referenced, &referenced_column))
			{
				*problem = psprintf("column %s of table %s is no foreign key that leads to %s",
									quote_identifier(name->string), table_name(relation),
									quote_identifier(name->next_name->string));
				*hint = psprintf("Declare it: ALTER TABLE %s ADD FOREIGN KEY (%s) REFERENCES ...;",
								 table_name(relation), quote_identifier(name->string));
				return NULL;
			}
			join = add_join(paths, alias, name->string, referenced, referenced_column);
		}
		relation = join->relation;
		alias = join->alias;
	}
}

List *
clientele_table_relations(const ClienteleTablePaths *paths)
{
	List	   *relations = list_make1_oid(paths->relation);
	ListCell   *cell;

	foreach(cell, paths->joins)
		relations = lappend_oid(relations, ((const ClienteleTableJoin *) lfirst(cell))->relation);
	return relations;
}

void
clientele_append_table(StringInfo query, const ClienteleTablePaths *paths)
{
	ListCell   *cell;

	appendStringInfo(query, "%s t%d", table_name(paths->relation), paths->number);
	foreach(cell, paths->joins)
	{
		const ClienteleTableJoin *join = lfirst(cell);

		appendStringInfo(query, " LEFT JOIN %s %s ON %s.%s = %s.%s",
						 table_name(join->relation), join->alias,
						 join->alias, quote_identifier(join->referenced),
						 join->from, quote_identifier(join->column));
	}
}

/* ---------- indexes ---------- */

bool
clientele_column_is_indexed(Oid relation_id, AttrNumber attribute)
{
	Relation	relation = table_open(relation_id, AccessShareLock);
	List	   *indexes = RelationGetIndexList(relation);
	ListCell   *cell;
	bool		found = false;

	foreach(cell, indexes)
	{
		HeapTuple	tuple = SearchSysCache1(INDEXRELID, ObjectIdGetDatum(lfirst_oid(cell)));
		Form_pg_index index;

		if (!HeapTupleIsValid(tuple))
			continue;
		index = (Form_pg_index) GETSTRUCT(tuple);
		found |= index->indisvalid && index->indkey.values[0] == attribute &&
			heap_attisnull(tuple, Anum_pg_index_indpred, NULL);
		ReleaseSysCache(tuple);
	}
	list_free(indexes);
	table_close(relation, AccessShareLock);
	return found;
}

bool
clientele_path_is_indexed(Oid relation, const ClienteleNode *path)
{
	for (const ClienteleNode *name = path;; name = name->next_name)
	{
		AttrNumber	attribute = get_attnum(relation, name->string);
		const char *referenced_column;

		if (attribute <= 0 || !clientele_column_is_indexed(relation, attribute))
			return false;
		if (name->next_name == NULL)
			return true;
		if (!follow_foreign_key(relation, attribute, &relation, &referenced_column))
			return false;
	}
}
