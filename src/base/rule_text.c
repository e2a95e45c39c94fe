/*
 * rule_text.c
 *		How a rule is stored: as its own canonical text, under a version word.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "libpq/pqformat.h"

#include "base/rule_text.h"
#include "compat.h"

static bool
check_length(const ClienteleRuleTextType *type, size_t length, struct Node *escontext)
{
	if (length > (size_t) type->max_length)
		ereturn(escontext, false,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("%s is %zu bytes long, but at most %d bytes are allowed",
						type->name, length, type->max_length),
				 errhint("Split it into several, each with a name of its own.")));
	return true;
}

static Datum
make_value(const ClienteleRuleTextType *type, const char *text, size_t length)
{
	Size		size = offsetof(ClienteleRuleText, text) + length;
	ClienteleRuleText *value = palloc(size);

	SET_VARSIZE(value, size);
	value->version = type->version;
	memcpy(value->text, text, length);
	return PointerGetDatum(value);
}

char *
clientele_rule_text_get(const ClienteleRuleTextType *type, Datum datum)
{
	ClienteleRuleText *value = (ClienteleRuleText *) PG_DETOAST_DATUM(datum);
	char	   *text;

	if (VARSIZE(value) < offsetof(ClienteleRuleText, text))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("stored %s is cut short", type->name)));
	if (value->version != type->version)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("stored %s has version %u, but this library reads version %u",
						type->name, value->version, type->version),
				 errhint("Install the library that wrote it, or run ALTER EXTENSION clientele UPDATE.")));

	text = pnstrdup(value->text, VARSIZE(value) - offsetof(ClienteleRuleText, text));
	if ((Pointer) value != DatumGetPointer(datum))
		pfree(value);
	return text;
}

Datum
clientele_rule_text_in(const ClienteleRuleTextType *type, const char *text, struct Node *escontext)
{
	char	   *canonical;

	if (!check_length(type, strlen(text), escontext))
		return (Datum) 0;
	canonical = type->canonical(text, escontext);

	/* spaces and quotes may have made it longer: what is stored must be readable */
	if (canonical == NULL || !check_length(type, strlen(canonical), escontext))
		return (Datum) 0;
	return make_value(type, canonical, strlen(canonical));
}

Datum
clientele_rule_text_send(const ClienteleRuleTextType *type, Datum value)
{
	StringInfoData message;
	char	   *text = clientele_rule_text_get(type, value);

	pq_begintypsend(&message);
	pq_sendint8(&message, (uint8) type->version);
	pq_sendtext(&message, text, (int) strlen(text));
	return PointerGetDatum(pq_endtypsend(&message));
}

Datum
clientele_rule_text_recv(const ClienteleRuleTextType *type, StringInfo message)
{
	int			version = pq_getmsgbyte(message);
	int			length;

	if (version != (int) type->version)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("binary %s has version %d, but this server reads version %u",
						type->name, version, type->version),
				 errhint("The first byte is the version, the rest is the %s's text.", type->name)));
	return clientele_rule_text_in(type, pq_getmsgtext(message, message->len - message->cursor, &length), NULL);
}

bool
clientele_rule_text_equal(const ClienteleRuleTextType *type, Datum a, Datum b)
{
	return strcmp(clientele_rule_text_get(type, a), clientele_rule_text_get(type, b)) == 0;
}

uint32
clientele_rule_text_hash(const ClienteleRuleTextType *type, Datum value)
{
	char	   *text = clientele_rule_text_get(type, value);

	return hash_bytes((unsigned char *) text, (int) strlen(text));
}
