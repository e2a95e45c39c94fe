/*
 * capture_install.c
 *		Putting the capture triggers on a clinic's table, and taking them off.
 *
 * The row trigger of a partitioned table reaches its partitions, also those to
 * come.  A statement trigger reaches none, so each partition gets the one for
 * TRUNCATE itself.  Both fire always: on replicas too.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/transam.h"
#include "access/xact.h"
#include "catalog/dependency.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/objectaddress.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_trigger.h"
#include "commands/extension.h"
#include "commands/trigger.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "parser/parse_func.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "capture/capture.h"
#include "compat.h"

PG_FUNCTION_INFO_V1(clientele_install_capture);
PG_FUNCTION_INFO_V1(clientele_remove_capture);
PG_FUNCTION_INFO_V1(clientele_watch_changed_sql);

/* ---------- the triggers ---------- */

typedef struct Kind
{
	const char *name;
	bool		row;
	int16		events;
} Kind;

static const Kind row_trigger = {
	CLIENTELE_ROW_TRIGGER, true, TRIGGER_TYPE_INSERT | TRIGGER_TYPE_UPDATE | TRIGGER_TYPE_DELETE
};
static const Kind truncate_trigger = {
	CLIENTELE_TRUNCATE_TRIGGER, false, TRIGGER_TYPE_TRUNCATE
};

static List *
capture_name(void)
{
	return list_make2(makeString(pstrdup("clientele")), makeString(pstrdup("capture")));
}

#define trigger_form(tuple) ((Form_pg_trigger) GETSTRUCT(tuple))

/* A trigger of ours on a relation; NULL if there is none. */
static HeapTuple
find_trigger(Oid relation, const Kind *kind)
{
	Relation	catalog = table_open(TriggerRelationId, AccessShareLock);
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple	trigger;

	ScanKeyInit(&keys[0], Anum_pg_trigger_tgrelid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(relation));
	ScanKeyInit(&keys[1], Anum_pg_trigger_tgname, BTEqualStrategyNumber, F_NAMEEQ, CStringGetDatum(kind->name));
	scan = systable_beginscan(catalog, TriggerRelidNameIndexId, true, NULL, 2, keys);
	trigger = systable_getnext(scan);
	if (HeapTupleIsValid(trigger) && trigger_form(trigger)->tgfoid == LookupFuncName(capture_name(), 0, NULL, false))
		trigger = heap_copytuple(trigger);
	else
		trigger = NULL;
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	return trigger;
}

/* Whether a relation has the trigger, and it fires always. */
static bool
has_trigger(Oid relation, const Kind *kind)
{
	HeapTuple	trigger = find_trigger(relation, kind);

	return trigger && trigger_form(trigger)->tgenabled == TRIGGER_FIRES_ALWAYS;
}

/* Drops a relation's own trigger; that of a partitioned table above it stays. */
static void
drop_trigger(Oid relation, const Kind *kind)
{
	HeapTuple	trigger = find_trigger(relation, kind);
	ObjectAddress address;

	if (!trigger || OidIsValid(trigger_form(trigger)->tgparentid))
		return;
	ObjectAddressSet(address, TriggerRelationId, trigger_form(trigger)->oid);
	performDeletion(&address, DROP_RESTRICT, 0);
	CommandCounterIncrement();
}

/* Has a trigger fire again that is there, but was disabled, or fires on no replica. */
static void
enable_trigger(Oid relation, const Kind *kind)
{
	HeapTuple	trigger = find_trigger(relation, kind);
	Relation	catalog;

	if (!trigger || trigger_form(trigger)->tgenabled == TRIGGER_FIRES_ALWAYS)
		return;
	catalog = table_open(TriggerRelationId, RowExclusiveLock);
	trigger_form(trigger)->tgenabled = TRIGGER_FIRES_ALWAYS;
	CatalogTupleUpdate(catalog, &trigger->t_self, trigger);
	table_close(catalog, RowExclusiveLock);
	CacheInvalidateRelcacheByRelid(relation);
	CommandCounterIncrement();
}

static void
create_trigger(Oid relation, const Kind *kind)
{
	CreateTrigStmt *statement = makeNode(CreateTrigStmt);

	statement->trigname = pstrdup(kind->name);
	statement->funcname = capture_name();
	statement->row = kind->row;
	statement->timing = TRIGGER_TYPE_AFTER;
	statement->events = kind->events;
	CreateTriggerFiringOn(statement, NULL, relation, InvalidOid, InvalidOid, InvalidOid,
						  InvalidOid, InvalidOid, NULL, false, false, TRIGGER_FIRES_ALWAYS);
	CommandCounterIncrement();
}

/* ---------- which relations ---------- */

static void
refuse_stranger(Oid relation)
{
	if (!SearchSysCacheExists1(RELOID, ObjectIdGetDatum(relation)))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("there is no relation with OID %u", relation)));
	if (!clientele_owns_relation(relation, GetUserId()))
		aclcheck_error(ACLCHECK_NOT_OWNER, get_relkind_objtype(get_rel_relkind(relation)), get_rel_name(relation));
}

static void
refuse(Relation relation, const char *reason, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_WRONG_OBJECT_TYPE),
			 errmsg("changes of \"%s\" cannot be captured", RelationGetRelationName(relation)),
			 errdetail_internal("%s", reason),
			 errhint("%s", hint)));
}

/* Plain inheritance, unlike partitioning, leads rows past a parent's triggers. */
static bool
inherits_or_is_inherited(Relation relation)
{
	Oid			relid = RelationGetRelid(relation);

	return (!relation->rd_rel->relispartition && has_superclass(relid)) ||
		(relation->rd_rel->relkind == RELKIND_RELATION && find_inheritance_children(relid, NoLock) != NIL);
}

static bool
is_system_or_own(Oid relation)
{
	Oid			extension = getExtensionOfObject(RelationRelationId, relation);

	return relation < FirstNormalObjectId || get_rel_namespace(relation) == get_namespace_oid("clientele_data", true) ||
		(OidIsValid(extension) && extension == get_extension_oid("clientele", true));
}

static void
refuse_unfit(Relation relation)
{
	char		kind = relation->rd_rel->relkind;

	if (kind == RELKIND_FOREIGN_TABLE)
		refuse(relation, "It is a foreign table: what changes at the other server fires no trigger here.",
			   "Keep a local copy, for example by logical replication, and register that.");
	if (kind != RELKIND_RELATION && kind != RELKIND_PARTITIONED_TABLE)
		refuse(relation, "It is not a table.", "Register the table that the rows are written to.");
	if (is_system_or_own(RelationGetRelid(relation)))
		refuse(relation, "It belongs to the system or to this extension.", "Register a table of your own.");
	if (relation->rd_rel->relpersistence == RELPERSISTENCE_TEMP)
		refuse(relation, "It is a temporary table.", "Register a permanent table.");
	if (relation->rd_rel->relpersistence == RELPERSISTENCE_UNLOGGED)
		refuse(relation, "It is an unlogged table: a crash empties it, and no trigger fires.",
			   "ALTER TABLE ... SET LOGGED.");
	if (inherits_or_is_inherited(relation))
		refuse(relation, "It inherits or is inherited from: writes to a child fire no trigger of its parent.",
			   "Use partitions, or register tables without inheritance, several under one name if need be.");
	if (relation->rd_rules)
		refuse(relation, "It has rules, which may send a write elsewhere.",
			   "Replace the rules by triggers.");
}

/* A table and all its partitions, locked and (if asked for) fit, the table first. */
static List *
lock_with_partitions(Oid relid, LOCKMODE mode, bool refusing)
{
	List	   *relations;
	ListCell   *cell;

	/* Who may not touch it makes nobody wait for it; while he waited that may have changed. */
	refuse_stranger(relid);
	LockRelationOid(relid, mode);
	refuse_stranger(relid);
	relations = find_all_inheritors(relid, mode, NULL);
	foreach(cell, relations)
	{
		Relation	relation = table_open(lfirst_oid(cell), NoLock);

		if (refusing)
			refuse_unfit(relation);
		table_close(relation, NoLock);
	}
	return relations;
}

static bool
all_have_triggers(List *relations)
{
	ListCell   *cell;

	foreach(cell, relations)
		if (!has_trigger(lfirst_oid(cell), &row_trigger) || !has_trigger(lfirst_oid(cell), &truncate_trigger))
			return false;
	return true;
}

/* ---------- putting on ---------- */

/* A partition's own row trigger makes way for the one that comes from above. */
static void
install_row_trigger(List *relations)
{
	Oid			relation = linitial_oid(relations);
	ListCell   *cell;

	if (has_trigger(relation, &row_trigger))
		return;
	foreach(cell, relations)
		drop_trigger(lfirst_oid(cell), &row_trigger);
	create_trigger(relation, &row_trigger);
}

static void
install(Oid relid)
{
	List	   *relations = lock_with_partitions(relid, ShareRowExclusiveLock, true);
	ListCell   *cell;

	foreach(cell, relations)
	{
		enable_trigger(lfirst_oid(cell), &row_trigger);
		enable_trigger(lfirst_oid(cell), &truncate_trigger);
	}
	install_row_trigger(relations);
	foreach(cell, relations)
		if (!has_trigger(lfirst_oid(cell), &truncate_trigger))
			create_trigger(lfirst_oid(cell), &truncate_trigger);
}

/* install_capture(relation regclass) */
Datum
clientele_install_capture(PG_FUNCTION_ARGS)
{
	Oid			relation = PG_GETARG_OID(0);

	/*
	 * If the triggers are there, nobody has to wait for us; and the weak lock
	 * keeps them there, because who removes them needs the strongest.
	 */
	if (!all_have_triggers(lock_with_partitions(relation, AccessShareLock, true)))
		install(relation);
	clientele_watch_changed(relation);
	PG_RETURN_VOID();
}

/*
 * Before `part` is attached to `whole`: where the trigger of the whole is to come, one
 * of its own would be in the way.
 */
void
clientele_capture_make_way(Oid whole, Oid part)
{
	ListCell   *cell;

	if (!OidIsValid(whole) || !OidIsValid(part) || !find_trigger(whole, &row_trigger) ||
		!clientele_owns_relation(part, GetUserId()))
		return;
	foreach(cell, find_all_inheritors(part, AccessExclusiveLock, NULL))
		drop_trigger(lfirst_oid(cell), &row_trigger);
}

/* ---------- taking off ---------- */

/* A partition may be watched by itself. */
static void
remove_or_keep(Oid relation)
{
	if (clientele_capture_is_watched(relation))
	{
		if (!has_trigger(relation, &row_trigger))
			install(relation);
	}
	else
		drop_trigger(relation, &truncate_trigger);
}

/* remove_capture(relation regclass) */
Datum
clientele_remove_capture(PG_FUNCTION_ARGS)
{
	Oid			relation = PG_GETARG_OID(0);
	List	   *relations;
	ListCell   *cell;

	if (!SearchSysCacheExists1(RELOID, ObjectIdGetDatum(relation)))
		PG_RETURN_VOID();		/* its triggers went with it */
	refuse_stranger(relation);
	clientele_watch_changed(relation);
	if (clientele_capture_is_watched(relation))
		PG_RETURN_VOID();

	/* While we waited for the lock somebody may have begun to watch it. */
	relations = lock_with_partitions(relation, AccessExclusiveLock, false);
	if (clientele_capture_is_watched(relation))
		PG_RETURN_VOID();
	drop_trigger(relation, &row_trigger);
	foreach(cell, relations)
		remove_or_keep(lfirst_oid(cell));
	PG_RETURN_VOID();
}

/* watch_changed(relation regclass) */
Datum
clientele_watch_changed_sql(PG_FUNCTION_ARGS)
{
	clientele_watch_changed(PG_GETARG_OID(0));
	PG_RETURN_VOID();
}
