/*
 * document.c
 *		The document by which definitions leave a database and come into another.
 *
 *	{"clientele_definitions": 1,
 *	 "time_zone": "Asia/Shanghai", "branch": "home",
 *	 "sources": [{"name": "payment",
 *				  "tables": [{"relation": "pos.payment", "key": "customer_id", "occurred_at": "paid_at"}],
 *				  "amount": "net", ...}],
 *	 "definitions": [...]}
 *
 * It is a model (model.h) that also says by which tables a source is filled, laid out
 * for people and their version control. Who imports it is told the place of a mistake.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"

#include "base/json_read.h"
#include "base/json_write.h"
#include "model/model.h"

#define TYPE_NAME "document"

/* What this reader reads; whatever changes the meaning of documents takes another number. */
#define DOCUMENT_VERSION "1"
#define VERSION_KEY "clientele_definitions"
#define DOCUMENT_HINT "A document is what clientele.export_definitions makes: {\"" VERSION_KEY "\": " DOCUMENT_VERSION \
	", \"time_zone\": ..., \"sources\": [...], \"definitions\": [...]}."

/* Levels that are always over lines: the document, the lists in it. */
#define OPEN_LEVELS 2

PG_FUNCTION_INFO_V1(clientele_document_model);
PG_FUNCTION_INFO_V1(clientele_lay_out);

typedef ClienteleJsonPlace Place;
typedef ClienteleJsonReader Reader;

enum TableKey
{
	TABLE_RELATION, TABLE_KEY, TABLE_OCCURRED_AT, TABLE_KEYS
};
static const char *const table_keys[TABLE_KEYS] = {"relation", "key", "occurred_at"};
static const ClienteleJsonShape table_shape = {
	TABLE_KEYS, table_keys,
	"A table of a source looks like {\"relation\": \"pos.payment\", \"key\": \"customer_id\", \"occurred_at\": \"paid_at\"}."
};

static void
check_table(const Reader *reader, const Place *place, const ClienteleJson *table)
{
	const ClienteleJson *members[TABLE_KEYS];
	const char *text;

	clientele_json_read_object(reader, place, table, &table_shape, members);
	for (int i = 0; i < TABLE_KEYS; i++)
	{
		if (members[i] == NULL)
			clientele_json_refuse_missing(reader, place, table_keys[i], table_shape.hint);
	}
	clientele_json_read_optional_text(reader, place, members[TABLE_RELATION], &text);
	clientele_json_read_optional_column(reader, place, members[TABLE_KEY], &text);
	clientele_json_read_optional_column(reader, place, members[TABLE_OCCURRED_AT], &text);
}

/* What a model does not have of a source. */
static void
take_tables(const Reader *reader, const Place *sources, int number, ClienteleJson *source)
{
	Place		place = {sources, NULL, number, NULL};
	Place		list = {&place, "tables", 0, NULL};
	ClienteleJson *tables = clientele_json_take_member(source, list.key);
	int			i = 0;

	if (tables == NULL)
		return;
	clientele_json_check_list(reader, &list, tables, table_shape.hint);
	for (const ClienteleJson *table = tables->first; table != NULL; table = table->next, i++)
	{
		Place		element = {&list, NULL, i, NULL};

		check_table(reader, &element, table);
	}
	if (clientele_json_take_member(source, list.key) != NULL)
		clientele_json_refuse(reader, &place, ERRCODE_DUPLICATE_JSON_OBJECT_KEY_VALUE,
							  "Each key may stand once in an object.", "key \"tables\" stands twice");
}

static void
check_version(const Reader *reader, const ClienteleJson *version)
{
	Place		place = {NULL, VERSION_KEY, 0, NULL};

	if (version == NULL)
		clientele_json_refuse_missing(reader, NULL, place.key, DOCUMENT_HINT);
	else if (version->kind != CLIENTELE_JSON_NUMBER || strcmp(version->text, DOCUMENT_VERSION) != 0)
		clientele_json_refuse(reader, &place, ERRCODE_FEATURE_NOT_SUPPORTED,
							  "Export it again with this version of clientele, or import it with the one that made it.",
							  psprintf("%s is not a version that can be read, which is " DOCUMENT_VERSION,
									   clientele_json_show(version)));
}

/* The model in a document, whose tables are well-formed if this returns. */
Datum
clientele_document_model(PG_FUNCTION_ARGS)
{
	Reader		reader = {TYPE_NAME, NULL};
	Place		place = {NULL, "sources", 0, NULL};
	ClienteleJson *document;
	ClienteleJson *member;

	document = clientele_json_tree_read(text_to_cstring(PG_GETARG_TEXT_PP(0)), TYPE_NAME, DOCUMENT_HINT, NULL);
	if (document->kind != CLIENTELE_JSON_OBJECT)
		clientele_json_refuse_kind(&reader, NULL, document, "an object", DOCUMENT_HINT);
	check_version(&reader, clientele_json_take_member(document, VERSION_KEY));
	for (member = document->first; member != NULL; member = member->next)
	{
		int			i = 0;

		if (strcmp(member->key, place.key) != 0 || member->kind != CLIENTELE_JSON_ARRAY)
			continue;
		for (ClienteleJson *source = member->first; source != NULL; source = source->next, i++)
			take_tables(&reader, &place, i, source);
	}
	return clientele_rule_text_in(&clientele_model_type, clientele_model_print(clientele_model_read(&reader, document)), NULL);
}

/* JSON in lines that people read and compare. */
Datum
clientele_lay_out(PG_FUNCTION_ARGS)
{
	StringInfoData out;

	initStringInfo(&out);
	clientele_json_lay_out(&out, clientele_json_tree_read(text_to_cstring(PG_GETARG_TEXT_PP(0)), TYPE_NAME, DOCUMENT_HINT, NULL),
						   OPEN_LEVELS);
	PG_RETURN_TEXT_P(cstring_to_text_with_len(out.data, out.len));
}
