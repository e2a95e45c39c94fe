/*
 * door.c
 *		How a caller enters functions that run with the extension owner's rights.
 *
 * A function that writes our catalog must run as the extension's owner, and must
 * know in whose name.  A SECURITY DEFINER function cannot tell: its current_user is
 * its owner, and session_user knows neither of SET ROLE nor of a function with
 * somebody's rights that it is called from.  So what users call is f(...), with the
 * rights of the caller; it hands his role and its arguments on to f_for(caller, ...),
 * which nobody may call and which runs as its owner.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "parser/parse_func.h"
#include "storage/proc.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "population/reader.h"

PG_FUNCTION_INFO_V1(clientele_door_for_caller);
PG_FUNCTION_INFO_V1(clientele_door_for_key);
PG_FUNCTION_INFO_V1(clientele_door_with_patience);

/* Where a customer's key may be given in its own type. */
#define KEY_ARGUMENT 1

/* ---------- which function is behind ---------- */

/* Looked up once in a session, until a function or a schema changes: each statement would do it anew. */
typedef struct Door
{
	Oid			door;			/* the key */
	Oid			behind;
} Door;

static HTAB *doors = NULL;

static void
forget_doors(Datum argument, int cache, uint32 hash)
{
	(void) argument;
	(void) cache;
	(void) hash;
	if (doors != NULL)
		hash_destroy(doors);
	doors = NULL;
}

static void
begin_doors(void)
{
	static bool listens = false;
	HASHCTL		control = {.keysize = sizeof(Oid),.entrysize = sizeof(Door)};

	if (!listens)
	{
		CacheRegisterSyscacheCallback(PROCOID, forget_doors, (Datum) 0);
		CacheRegisterSyscacheCallback(NAMESPACEOID, forget_doors, (Datum) 0);
		listens = true;
	}
	doors = hash_create("clientele doors", 32, &control, HASH_ELEM | HASH_BLOBS);
}

/* f_for(regrole, ...) of f(...), in the same schema; keys are text there. */
static Oid
look_up(Oid door)
{
	Oid		   *types;
	int			ntypes;
	Oid			all[FUNC_MAX_ARGS];
	List	   *name;

	(void) get_func_signature(door, &types, &ntypes);
	all[0] = REGROLEOID;
	for (int i = 0; i < ntypes; i++)
		all[i + 1] = types[i] == ANYNONARRAYOID ? TEXTOID : types[i];
	name = list_make2(makeString(get_namespace_name(get_func_namespace(door))),
					  makeString(psprintf("%s_for", get_func_name(door))));
	return LookupFuncName(name, ntypes + 1, all, false);
}

static Oid
function_behind(Oid door)
{
	Door	   *known = doors ? hash_search(doors, &door, HASH_FIND, NULL) : NULL;
	Oid			behind;

	if (known != NULL)
		return known->behind;
	if (doors == NULL)
		begin_doors();
	behind = look_up(door);
	if (doors != NULL)			/* what has changed meanwhile is looked up again next time */
	{
		known = hash_search(doors, &door, HASH_ENTER, NULL);
		known->behind = behind;
	}
	return behind;
}

/* ---------- going through ---------- */

/*
 * With the key as text, unless it is NULL.  Our own arguments stay as they are: constants are put there once, for
 * all calls.
 */
static Datum
call_behind(FunctionCallInfo fcinfo, const char *key)
{
	LOCAL_FCINFO(behind, FUNC_MAX_ARGS);
	FmgrInfo   *function = fcinfo->flinfo->fn_extra;
	Datum		result;

	if (function == NULL)
	{
		function = MemoryContextAlloc(fcinfo->flinfo->fn_mcxt, sizeof(FmgrInfo));
		fmgr_info_cxt(function_behind(fcinfo->flinfo->fn_oid), function, fcinfo->flinfo->fn_mcxt);
		fcinfo->flinfo->fn_extra = function;
	}

	/* Its rights and settings are changed by fmgr, on the way in and out. */
	InitFunctionCallInfoData(*behind, function, fcinfo->nargs + 1, fcinfo->fncollation, NULL, fcinfo->resultinfo);
	behind->args[0].value = ObjectIdGetDatum(GetUserId());
	behind->args[0].isnull = false;
	for (int i = 0; i < fcinfo->nargs; i++)
		behind->args[i + 1] = fcinfo->args[i];
	if (key != NULL)
		behind->args[KEY_ARGUMENT + 1].value = CStringGetTextDatum(key);
	result = FunctionCallInvoke(behind);
	fcinfo->isnull = behind->isnull;
	return result;
}

Datum
clientele_door_for_caller(PG_FUNCTION_ARGS)
{
	return call_behind(fcinfo, NULL);
}

/* f(population, key anynonarray, ...), where there is f(population, key text, ...) as well. */
Datum
clientele_door_for_key(PG_FUNCTION_ARGS)
{
	return call_behind(fcinfo, PG_ARGISNULL(KEY_ARGUMENT) ? NULL : clientele_key_argument(fcinfo, KEY_ARGUMENT));
}

/*
 * f(...), which needs what tills and readers hold: they queue behind whoever waits for it, so nobody waits long
 * unless he says so.  The caller's own lock_timeout is what it was afterwards.
 */
Datum
clientele_door_with_patience(PG_FUNCTION_ARGS)
{
	int			level = NewGUCNestLevel();
	Datum		result;

	if (LockTimeout == 0)
		(void) set_config_option("lock_timeout", "2s", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	result = call_behind(fcinfo, NULL);
	AtEOXact_GUC(false, level);
	return result;
}
