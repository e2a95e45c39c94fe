/*
 * reader.c
 *		Who may ask about a population's customers, and about whom.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "compat.h"
#include "reader.h"

Oid
clientele_view(const char *schema, const char *name, Oid owner)
{
	Oid			namespace = get_namespace_oid(schema, true);
	Oid			view = OidIsValid(namespace) ? get_relname_relid(name, namespace) : InvalidOid;
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(view));
	Form_pg_class form;

	if (!HeapTupleIsValid(tuple))
		return InvalidOid;
	form = (Form_pg_class) GETSTRUCT(tuple);
	if (form->relkind != RELKIND_VIEW || form->relowner != owner)
		view = InvalidOid;
	ReleaseSysCache(tuple);
	return view;
}

bool
clientele_may_ask(const char *schema, const char *population, Oid owner)
{
	Oid			view;

	if (has_privs_of_role(GetUserId(), owner))
		return true;
	view = clientele_view(schema, population, owner);
	return OidIsValid(view) && pg_class_aclcheck(view, GetUserId(), ACL_SELECT) == ACLCHECK_OK;
}

char *
clientele_key_argument(FunctionCallInfo fcinfo, int argument)
{
	Oid			type = get_fn_expr_argtype(fcinfo->flinfo, argument);
	Oid			output;
	bool		is_varlena;

	getTypeOutputInfo(type, &output, &is_varlena);
	return OidOutputFunctionCall(output, PG_GETARG_DATUM(argument));
}

Datum
clientele_key_of_text(Oid type, char *text)
{
	Oid			input;
	Oid			parameter;

	getTypeInputInfo(type, &input, &parameter);
	return OidInputFunctionCall(input, text, parameter, -1);
}

void
clientele_refuse_unpublished(const char *population)
{
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("population \"%s\" has no live version yet", population),
			 errhint("Run SELECT clientele.publish(%s, 'first rules'); then CALL clientele.refresh(%s);",
					 quote_literal_cstr(population), quote_literal_cstr(population))));
}

void
clientele_refuse_eternity(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
			 errmsg("as_of cannot be infinite"),
			 errhint("Give an instant, such as '2026-06-12 10:00:00+08', or NULL for now.")));
}
