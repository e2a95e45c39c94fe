/*
 * schema_change.c
 *		What a DDL command means for tables that are watched.
 *
 * No row trigger fires when a partition comes or goes, or a column gets another
 * type: event triggers do, for every command of their kind in the database.  One that
 * cannot concern us costs a look at its parse tree.  The effects of any other are
 * told to SQL (clientele.follow_schema_change), which knows what is watched, and where
 * every error becomes a warning: a clinic's DDL does not fail because of us.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "commands/event_trigger.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "nodes/makefuncs.h"
#include "nodes/parsenodes.h"
#include "parser/parse_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "capture/capture.h"
#include "compat.h"
#include "population/owner.h"

PG_FUNCTION_INFO_V1(clientele_schema_changes);
PG_FUNCTION_INFO_V1(clientele_ddl_effects);
PG_FUNCTION_INFO_V1(clientele_former_wholes);

/* ---------- which commands concern us ---------- */

/* Whether a command about one trigger, or (name NULL) many, is about ours. */
static bool
is_our_trigger(const char *name)
{
	return name == NULL || strcmp(name, CLIENTELE_ROW_TRIGGER) == 0 || strcmp(name, CLIENTELE_TRUNCATE_TRIGGER) == 0;
}

/*
 * The effect of a subcommand of ALTER TABLE; NULL if it has none on what a table holds
 * or on its triggers.  A column that goes breaks the definitions that name it, and
 * nothing else: what is stored is not made wrong.  It is when a name comes back that
 * its values may be others.
 */
static const char *
subcommand_effect(const AlterTableCmd *command)
{
	switch (command->subtype)
	{
		case AT_AttachPartition:
		case AT_DetachPartition:
		case AT_DetachPartitionFinalize:
		case AT_AddInherit:
		case AT_DropInherit:
			return "part";
		case AT_AddColumn:
		case AT_AlterColumnType:
#if PG_VERSION_NUM >= 170000
		case AT_SetExpression:
#endif
			return "column";
		case AT_AddConstraint:
			return IsA(command->def, Constraint) && castNode(Constraint, command->def)->contype == CONSTR_FOREIGN ?
				"reference" : NULL;
		case AT_EnableTrig:
		case AT_EnableAlwaysTrig:
		case AT_EnableReplicaTrig:
		case AT_EnableTrigAll:
		case AT_EnableTrigUser:
			return is_our_trigger(command->name) ? "enabled" : NULL;
		case AT_DisableTrig:
		case AT_DisableTrigAll:
		case AT_DisableTrigUser:
			return is_our_trigger(command->name) ? "disabled" : NULL;
		default:
			return NULL;
	}
}

/* ---------- telling SQL ---------- */

/* What a command has done. */
typedef struct Effect
{
	const char *kind;
	Oid			object;			/* to which table (label: type); schema, drop: none */
	const char *name;			/* of a column, label or schema: what it is called now ... */
	const char *former;			/* ... and was, if that is another */
	Oid			part;			/* what has become, or is no more, a part of the table */
} Effect;

static void
tell(const Effect *effect)
{
	ClienteleRole before;
	Oid			types[] = {TEXTOID, OIDOID, TEXTOID, TEXTOID, OIDOID};
	Datum		values[] = {
		CStringGetTextDatum(effect->kind), ObjectIdGetDatum(effect->object),
		effect->name ? CStringGetTextDatum(effect->name) : 0, effect->former ? CStringGetTextDatum(effect->former) : 0,
		ObjectIdGetDatum(effect->part)
	};
	char		nulls[] = {' ', ' ', effect->name ? ' ' : 'n', effect->former ? ' ' : 'n', ' ', '\0'};

	before = clientele_become(clientele_extension_owner());
	SPI_connect();
	if (SPI_execute_with_args("SELECT clientele.follow_schema_change($1, $2, $3, $4, $5)",
							  lengthof(types), types, values, nulls, false, 0) != SPI_OK_SELECT)
		elog(ERROR, "a change of the schema could not be followed");
	SPI_finish();
	clientele_become_again(&before);
}

/* A table by its name in the command; InvalidOid if there was none (IF EXISTS). */
static Oid
find_table(const RangeVar *name)
{
	return RangeVarGetRelid(name, NoLock, true);
}

static void
tell_of_subcommand(Oid table, const AlterTableCmd *command)
{
	Effect		effect = {.kind = subcommand_effect(command),.object = table};

	if (effect.kind == NULL)
		return;
	switch (command->subtype)
	{
		case AT_AddInherit:
		case AT_DropInherit:
			effect.part = table;
			effect.object = find_table(castNode(RangeVar, command->def));
			break;
		case AT_AttachPartition:
		case AT_DetachPartition:
		case AT_DetachPartitionFinalize:
			effect.part = find_table(castNode(PartitionCmd, command->def)->name);
			break;
		case AT_AddColumn:
			effect.name = castNode(ColumnDef, command->def)->colname;
			break;
		default:
			effect.name = command->name;
			break;
	}
	tell(&effect);
}

static void
tell_of_alteration(const AlterTableStmt *statement)
{
	Oid			table = statement->objtype == OBJECT_TABLE ? find_table(statement->relation) : InvalidOid;
	ListCell   *cell;

	if (OidIsValid(table))
		foreach(cell, statement->cmds)
			tell_of_subcommand(table, lfirst_node(AlterTableCmd, cell));
}

/* Of a table that is made as a part of another. */
static void
tell_of_creation(const CreateStmt *statement)
{
	Effect		effect = {.kind = "part"};

	if (statement->inhRelations == NIL)
		return;
	effect.object = effect.part = find_table(statement->relation);
	if (OidIsValid(effect.part))
		tell(&effect);
}

static void
tell_of_renaming(const RenameStmt *statement)
{
	Effect		effect = {.name = statement->newname,.former = statement->subname};

	if (statement->renameType == OBJECT_SCHEMA)
		effect.kind = "schema";
	else if (statement->renameType == OBJECT_COLUMN)
	{
		effect.kind = "column";
		effect.object = find_table(statement->relation);
	}
	if (effect.kind)
		tell(&effect);
}

static void
tell_of_label(const AlterEnumStmt *statement)
{
	Effect		effect = {.kind = "label",.name = statement->newVal,.former = statement->oldVal};

	effect.object = LookupTypeNameOid(NULL, makeTypeNameFromNameList(statement->typeName), true);
	if (effect.former)
		tell(&effect);
}

static void
tell_of_command(Node *statement)
{
	ListCell   *cell;

	switch (nodeTag(statement))
	{
		case T_AlterTableStmt:
			tell_of_alteration((AlterTableStmt *) statement);
			break;
		case T_CreateStmt:
		case T_CreateForeignTableStmt:
			tell_of_creation((CreateStmt *) statement);
			break;
		case T_CreateSchemaStmt:
			foreach(cell, ((CreateSchemaStmt *) statement)->schemaElts)
				if (IsA(lfirst(cell), CreateStmt))
					tell_of_creation(lfirst(cell));
			break;
		case T_RenameStmt:
			tell_of_renaming((RenameStmt *) statement);
			break;
		case T_AlterEnumStmt:
			tell_of_label((AlterEnumStmt *) statement);
			break;
		default:
			break;
	}
}

/* ---------- the event triggers ---------- */

/*
 * What has to be done before a command.  A table to be attached may have a trigger of
 * its own where the one from above is to come, and ATTACH would fail of it.  DETACH
 * CONCURRENTLY commits, with the rows gone, long before it ends.
 */
static void
prepare(const AlterTableStmt *statement)
{
	Oid			table = find_table(statement->relation);
	ListCell   *cell;

	foreach(cell, statement->cmds)
	{
		AlterTableCmd *command = lfirst_node(AlterTableCmd, cell);

		if (command->subtype == AT_AttachPartition && statement->objtype == OBJECT_TABLE)
			clientele_capture_make_way(table, find_table(castNode(PartitionCmd, command->def)->name));
		else if (command->subtype == AT_DetachPartition && castNode(PartitionCmd, command->def)->concurrent && OidIsValid(table))
			tell_of_subcommand(table, command);
	}
}

/* schema_changes() */
Datum
clientele_schema_changes(PG_FUNCTION_ARGS)
{
	EventTriggerData *event = (EventTriggerData *) fcinfo->context;

	if (!CALLED_AS_EVENT_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_EVENT_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("schema_changes() is for event triggers"),
				 errhint("They are made by CREATE EXTENSION clientele.")));
	if (strcmp(event->event, "sql_drop") == 0)
		tell(&(Effect) {.kind = "drop"});
	else if (strcmp(event->event, "ddl_command_end") == 0)
		tell_of_command(event->parsetree);
	else if (IsA(event->parsetree, AlterTableStmt))
		prepare((AlterTableStmt *) event->parsetree);
	PG_RETURN_VOID();
}

/* ---------- what a dropped table was part of ---------- */

/*
 * The rows that said so have just been deleted, but nobody can have removed them: who
 * asks for any sees them.  He may see older ones too, which does no harm.
 */
static List *
add_former_parents(List *relations, Relation inherits, Oid relation)
{
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	row;

	ScanKeyInit(&key, Anum_pg_inherits_inhrelid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(relation));
	scan = systable_beginscan(inherits, InheritsRelidSeqnoIndexId, true, SnapshotAny, 1, &key);
	while ((row = systable_getnext(scan)) != NULL)
		relations = list_append_unique_oid(relations, ((Form_pg_inherits) GETSTRUCT(row))->inhparent);
	systable_endscan(scan);
	return relations;
}

/* former_wholes(relation oid) */
Datum
clientele_former_wholes(PG_FUNCTION_ARGS)
{
	Relation	inherits = table_open(InheritsRelationId, AccessShareLock);
	List	   *relations = list_make1_oid(PG_GETARG_OID(0));
	Datum	   *values;

	for (int i = 0; i < list_length(relations); i++)
		relations = add_former_parents(relations, inherits, list_nth_oid(relations, i));
	table_close(inherits, AccessShareLock);

	values = palloc(mul_size(sizeof(Datum), list_length(relations)));
	for (int i = 0; i < list_length(relations); i++)
		values[i] = ObjectIdGetDatum(list_nth_oid(relations, i));
	PG_RETURN_ARRAYTYPE_P(construct_array(values, list_length(relations), OIDOID, sizeof(Oid), true, TYPALIGN_INT));
}
