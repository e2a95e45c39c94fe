/*
 * reader.c
 *		Who may ask about a population's customers, and about whom.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "compat.h"
#include "population/owner.h"
#include "population/reader.h"

PG_FUNCTION_INFO_V1(clientele_check_allowed_sql);

/* The view of that name, and whose it is. */
static Oid
find_view(const char *schema, const char *name, Oid *owner)
{
	Oid			namespace = get_namespace_oid(schema, true);
	Oid			view = OidIsValid(namespace) ? get_relname_relid(name, namespace) : InvalidOid;
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(view));
	Form_pg_class form;

	if (!HeapTupleIsValid(tuple))
		return InvalidOid;
	form = (Form_pg_class) GETSTRUCT(tuple);
	*owner = form->relowner;
	if (form->relkind != RELKIND_VIEW)
		view = InvalidOid;
	ReleaseSysCache(tuple);
	return view;
}

Oid
clientele_view(const char *schema, const char *name, Oid owner)
{
	Oid			whose;
	Oid			view = find_view(schema, name, &whose);

	return OidIsValid(view) && whose == owner ? view : InvalidOid;
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

/*
 * Views of profiles are the population owner's, those of promotions the extension owner's, or, where a
 * dump was restored in another superuser's name, still that superuser's who made them.
 */
static bool
has_right(Oid caller, const ClientelePopulation *population, const ClienteleRight *right)
{
	const char *schema = NameStr(population->target_schema);
	const char *name = psprintf("%s_%s", NameStr(population->name), right->view);
	Oid			owner;
	Oid			view = find_view(schema, name, &owner);
	AclMode		mode = strcmp(right->privilege, "SELECT") == 0 ? ACL_SELECT :
		strcmp(right->privilege, "INSERT") == 0 ? ACL_INSERT : ACL_UPDATE;

	return OidIsValid(view) &&
		(owner == population->owner || owner == clientele_extension_owner() || superuser_arg(owner)) &&
		pg_class_aclcheck(view, caller, mode) == ACLCHECK_OK &&
		clientele_may_use_schema(get_namespace_oid(schema, false), caller);
}

bool
clientele_is_allowed(Oid caller, const ClientelePopulation *population, int nrights, const ClienteleRight *rights)
{
	bool		allowed = has_privs_of_role(caller, population->owner);

	for (int i = 0; i < nrights && !allowed; i++)
		allowed = has_right(caller, population, &rights[i]);
	return allowed;
}

void
clientele_check_allowed(Oid caller, const ClientelePopulation *population, int nrights, const ClienteleRight *rights)
{
	const ClienteleRight *last = &rights[nrights - 1];
	const char *schema = NameStr(population->target_schema);
	const char *role;
	Oid			namespace;

	if (clientele_is_allowed(caller, population, nrights, rights))
		return;
	role = quote_identifier(GetUserNameFromId(caller, false));
	namespace = get_namespace_oid(schema, true);
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("permission denied for promotions of population \"%s\"", NameStr(population->name)),
			 errhint("%sGRANT %s ON %s TO %s;",
					 OidIsValid(namespace) && !clientele_may_use_schema(namespace, caller) ?
					 psprintf("GRANT USAGE ON SCHEMA %s TO %s; ", quote_identifier(schema), role) : "",
					 last->privilege,
					 quote_qualified_identifier(schema, psprintf("%s_%s", NameStr(population->name), last->view)), role)));
}

/* check_allowed(caller, population, rights): rights such as 'claim INSERT'. */
Datum
clientele_check_allowed_sql(PG_FUNCTION_ARGS)
{
	ClientelePopulation population;
	ArrayType  *array = PG_GETARG_ARRAYTYPE_P(2);
	Datum	   *words;
	int			nrights;
	ClienteleRight *rights;

	clientele_population_get(text_to_cstring(PG_GETARG_TEXT_PP(1)), &population);
	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &words, NULL, &nrights);
	rights = palloc(mul_size(Max(nrights, 1), sizeof(ClienteleRight)));
	for (int i = 0; i < nrights; i++)
	{
		char	   *word = TextDatumGetCString(words[i]);
		char	   *space = strchr(word, ' ');

		if (space == NULL)
			elog(ERROR, "\"%s\" is no right", word);
		*space = '\0';
		rights[i] = (ClienteleRight) {word, space + 1};
	}
	clientele_check_allowed(PG_GETARG_OID(0), &population, nrights, rights);
	PG_RETURN_VOID();
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

/* REASSIGN OWNED gives what we have made to another role, but not the population; or it is not our view. */
static void
refuse_given_away(const char *name)
{
	ClientelePopulation population;
	Oid			whose;
	Oid			view;
	const char *view_name;

	clientele_population_get(name, &population);
	view = find_view(NameStr(population.target_schema), name, &whose);
	if (!OidIsValid(view) || whose == population.owner)
		return;
	view_name = quote_qualified_identifier(NameStr(population.target_schema), name);
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("view %s belongs to role %s, but population \"%s\" to role %s", view_name,
					GetUserNameFromId(whose, false), name, GetUserNameFromId(population.owner, false)),
			 errhint("If REASSIGN OWNED has given it away, give it back, and what else clientele has made for the population: ALTER VIEW %s OWNER TO %s;",
					 view_name, quote_identifier(GetUserNameFromId(population.owner, false)))));
}

void
clientele_refuse_unpublished(const char *population)
{
	refuse_given_away(population);
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
