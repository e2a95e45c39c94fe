/*
 * server.c
 *		The little of a PostgreSQL server that a type's input and output need:
 *		memory, errors, strings, messages, encodings.
 *
 * Each function does what the server's function of that name does, as far as
 * the code under test can tell.
 */
#include "server.h"

#include <setjmp.h>

#include "common/jsonapi.h"
#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/varlena.h"

/* The stack a run may use; frames under the sanitizers are large. */
#define STACK_LIMIT (4 * 1024 * 1024)

/* ---------- memory ---------- */

MemoryContext CurrentMemoryContext = NULL;

/* Nobody asks a run to end. */
volatile sig_atomic_t InterruptPending = false;

static void **blocks;
static size_t nblocks;
static size_t blocks_allocated;

static void *
keep_block(void *block)
{
	if (nblocks == blocks_allocated)
	{
		blocks_allocated = blocks_allocated ? 2 * blocks_allocated : 1024;
		blocks = realloc(blocks, blocks_allocated * sizeof(void *));
	}
	blocks[nblocks++] = block;
	return block;
}

/* Where the block stands in the list; what was allocated last is found first. */
static size_t
find_block(const void *block)
{
	for (size_t i = nblocks; i-- > 0;)
	{
		if (blocks[i] == block)
			return i;
	}
	server_fail("freeing what was not allocated", NULL, NULL);
}

void *
palloc(Size size)
{
	if (!AllocSizeIsValid(size))
		elog(ERROR, "invalid memory alloc request size %zu", size);
	return keep_block(malloc(size));
}

void *
palloc0(Size size)
{
	return memset(palloc(size), 0, size);
}

void *
MemoryContextAlloc(MemoryContext context, Size size)
{
	(void) context;
	return palloc(size);
}

void *
MemoryContextAllocZero(MemoryContext context, Size size)
{
	(void) context;
	return palloc0(size);
}

void *
MemoryContextAllocZeroAligned(MemoryContext context, Size size)
{
	(void) context;
	return palloc0(size);
}

void *
repalloc(void *pointer, Size size)
{
	if (!AllocSizeIsValid(size))
		elog(ERROR, "invalid memory alloc request size %zu", size);
	return blocks[find_block(pointer)] = realloc(pointer, size);
}

void
pfree(void *pointer)
{
	size_t		i = find_block(pointer);

	free(pointer);
	blocks[i] = blocks[--nblocks];
}

void
server_end_run(void)
{
	while (nblocks > 0)
		free(blocks[--nblocks]);
}

Size
add_size(Size a, Size b)
{
	if (a + b < a)
		elog(ERROR, "requested shared memory size overflows size_t");
	return a + b;
}

Size
mul_size(Size a, Size b)
{
	if (a != 0 && a * b / a != b)
		elog(ERROR, "requested shared memory size overflows size_t");
	return a * b;
}

char *
pnstrdup(const char *text, Size length)
{
	char	   *copy;

	length = strnlen(text, length);
	copy = palloc(length + 1);
	memcpy(copy, text, length);
	copy[length] = '\0';
	return copy;
}

char *
pstrdup(const char *text)
{
	return pnstrdup(text, strlen(text));
}

/* ---------- errors ---------- */

ErrorContextCallback *error_context_stack = NULL;

static sigjmp_buf *handler;
static char *stack_base;
static char message_text[4096];
static int	position;

void
server_fail(const char *what, const char *a, const char *b)
{
	fprintf(stderr, "FAILED: %s\n", what);
	if (a)
		fprintf(stderr, "  %s\n", a);
	if (b)
		fprintf(stderr, "  %s\n", b);
	fprintf(stderr, "  last error: %s\n", message_text);
	abort();
}

const char *
server_error(void)
{
	return message_text;
}

bool
errstart(int elevel, const char *domain)
{
	(void) domain;
	position = 0;
	return elevel >= ERROR;
}

bool
errstart_cold(int elevel, const char *domain)
{
	return errstart(elevel, domain);
}

void
errfinish(const char *filename, int lineno, const char *funcname)
{
	(void) filename;
	(void) lineno;
	(void) funcname;
	for (ErrorContextCallback *context = error_context_stack; context; context = context->previous)
		context->callback(context->arg);
	error_context_stack = NULL;
	if (handler == NULL)
		server_fail("an error outside a call", NULL, NULL);
	siglongjmp(*handler, 1);
}

#if PG_VERSION_NUM >= 160000
/* Nobody asks here that errors be saved, so they are thrown. */
bool
errsave_start(struct Node *context, const char *domain)
{
	if (context != NULL)
		server_fail("an error is to be saved", NULL, NULL);
	return errstart(ERROR, domain);
}

void
errsave_finish(struct Node *context, const char *filename, int lineno, const char *funcname)
{
	(void) context;
	errfinish(filename, lineno, funcname);
}
#endif

/* Whatever a message is made of is read, and must be text in the encoding. */
static int
take_message(const char *format, va_list arguments)
{
	char	   *text = NULL;
	int			length = vasprintf(&text, format, arguments);

	if (length < 0)
		server_fail("a message that cannot be formatted", format, NULL);
	if (pg_encoding_verifymbstr(GetDatabaseEncoding(), text, length) != length)
		server_fail("a message that is not in the encoding", text, NULL);
	strlcpy(message_text, text, sizeof(message_text));
	free(text);
	return 0;
}

#define MESSAGE_FUNCTION(name) \
int \
name(const char *fmt, ...) \
{ \
	va_list		arguments; \
	int			result; \
\
	va_start(arguments, fmt); \
	result = take_message(fmt, arguments); \
	va_end(arguments); \
	return result; \
}

MESSAGE_FUNCTION(errmsg)
MESSAGE_FUNCTION(errmsg_internal)
MESSAGE_FUNCTION(errdetail)
MESSAGE_FUNCTION(errdetail_internal)
MESSAGE_FUNCTION(errhint)
MESSAGE_FUNCTION(errcontext_msg)

int
errcode(int sqlerrcode)
{
	if (sqlerrcode == ERRCODE_INTERNAL_ERROR)
		server_fail("an error that calls itself internal", NULL, NULL);
	return 0;
}

int
set_errcontext_domain(const char *domain)
{
	(void) domain;
	return 0;
}

int
internalerrposition(int cursorpos)
{
	if (cursorpos < 0)
		server_fail("an error before the text's first character", NULL, NULL);
	position = cursorpos;
	return 0;
}

int
internalerrquery(const char *query)
{
	if (query && position > pg_mbstrlen(query) + 1)
		server_fail("an error behind the text's end", query, NULL);
	return 0;
}

int
getinternalerrposition(void)
{
	return position;
}

void
ExceptionalCondition(const char *condition, SERVER_ASSERTION_KIND const char *file, int line)
{
	(void) line;
	server_fail("an assertion", condition, file);
}

void
check_stack_depth(void)
{
	char		here;

	if (labs(stack_base - &here) > STACK_LIMIT)
		ereport(ERROR, (errcode(ERRCODE_STATEMENT_TOO_COMPLEX), errmsg("stack depth limit exceeded")));
}

static bool
call(PGFunction function, int nargs, Datum a, Datum b, Datum *result)
{
	LOCAL_FCINFO(fcinfo, 2);
	sigjmp_buf	local;
	char		base;

	InitFunctionCallInfoData(*fcinfo, NULL, nargs, InvalidOid, NULL, NULL);
	fcinfo->args[0].value = a;
	fcinfo->args[0].isnull = false;
	fcinfo->args[1].value = b;
	fcinfo->args[1].isnull = false;
	stack_base = &base;
	handler = &local;
	if (sigsetjmp(local, 0) != 0)
	{
		handler = NULL;
		return false;
	}
	*result = function(fcinfo);
	handler = NULL;
	if (fcinfo->isnull)
		server_fail("a NULL for a value", NULL, NULL);
	return true;
}

bool
server_call(PGFunction function, Datum argument, Datum *result)
{
	return call(function, 1, argument, (Datum) 0, result);
}

bool
server_call2(PGFunction function, Datum a, Datum b, Datum *result)
{
	return call(function, 2, a, b, result);
}

/* ---------- functions that call functions ---------- */

Datum
DirectFunctionCall1Coll(PGFunction function, Oid collation, Datum a)
{
	return DirectFunctionCall3Coll(function, collation, a, (Datum) 0, (Datum) 0);
}

Datum
DirectFunctionCall2Coll(PGFunction function, Oid collation, Datum a, Datum b)
{
	return DirectFunctionCall3Coll(function, collation, a, b, (Datum) 0);
}

Datum
DirectFunctionCall3Coll(PGFunction function, Oid collation, Datum a, Datum b, Datum c)
{
	LOCAL_FCINFO(fcinfo, 3);

	InitFunctionCallInfoData(*fcinfo, NULL, 3, collation, NULL, NULL);
	fcinfo->args[0].value = a;
	fcinfo->args[0].isnull = false;
	fcinfo->args[1].value = b;
	fcinfo->args[1].isnull = false;
	fcinfo->args[2].value = c;
	fcinfo->args[2].isnull = false;
	return function(fcinfo);
}

/* ---------- values ---------- */

/* Nothing here is compressed or out of line. */
struct varlena *
pg_detoast_datum(struct varlena *datum)
{
	return datum;
}

struct varlena *
pg_detoast_datum_packed(struct varlena *datum)
{
	return datum;
}

text *
cstring_to_text_with_len(const char *s, int length)
{
	text	   *result = palloc(length + VARHDRSZ);

	SET_VARSIZE(result, length + VARHDRSZ);
	memcpy(VARDATA(result), s, length);
	return result;
}

text *
cstring_to_text(const char *s)
{
	return cstring_to_text_with_len(s, (int) strlen(s));
}

/* Reads the elements, and makes no array of them. */
ArrayType *
construct_array(Datum *elems, int nelems, Oid elmtype, int elmlen, bool elmbyval, char elmalign)
{
	volatile size_t total = 0;

	(void) elmtype;
	(void) elmlen;
	(void) elmbyval;
	(void) elmalign;
	for (int i = 0; i < nelems; i++)
		total += VARSIZE(DatumGetPointer(elems[i]));
	return palloc0(sizeof(ArrayType));
}

/* ---------- strings ---------- */

void
initStringInfo(StringInfo string)
{
	string->maxlen = 64;
	string->data = palloc(string->maxlen);
	resetStringInfo(string);
}

StringInfo
makeStringInfo(void)
{
	StringInfo	string = palloc(sizeof(StringInfoData));

	initStringInfo(string);
	return string;
}

void
resetStringInfo(StringInfo string)
{
	string->data[0] = '\0';
	string->len = 0;
	string->cursor = 0;
}

void
enlargeStringInfo(StringInfo string, int needed)
{
	if (needed < 0 || (Size) needed >= MaxAllocSize - (Size) string->len)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("out of memory")));
	while (string->maxlen < string->len + needed + 1)
		string->maxlen *= 2;
	string->data = repalloc(string->data, string->maxlen);
}

void
appendBinaryStringInfo(StringInfo string, const ServerBytes *data, int length)
{
	enlargeStringInfo(string, length);
	memcpy(string->data + string->len, data, length);
	string->len += length;
	string->data[string->len] = '\0';
}

void
appendBinaryStringInfoNT(StringInfo string, const ServerBytes *data, int length)
{
	appendBinaryStringInfo(string, data, length);
}

void
appendStringInfoString(StringInfo string, const char *text)
{
	appendBinaryStringInfo(string, text, (int) strlen(text));
}

void
appendStringInfoChar(StringInfo string, char c)
{
	appendBinaryStringInfo(string, &c, 1);
}

void
appendStringInfo(StringInfo string, const char *fmt, ...)
{
	va_list		arguments;
	char	   *text = NULL;
	int			length;

	va_start(arguments, fmt);
	length = vasprintf(&text, fmt, arguments);
	va_end(arguments);
	appendBinaryStringInfo(string, text, length);
	free(text);
}

char *
psprintf(const char *fmt, ...)
{
	va_list		arguments;
	char	   *text = NULL;
	char	   *result;

	va_start(arguments, fmt);
	if (vasprintf(&text, fmt, arguments) < 0)
		server_fail("a text that cannot be formatted", fmt, NULL);
	va_end(arguments);
	result = pstrdup(text);
	free(text);
	return result;
}

void
escape_json(StringInfo out, const char *text)
{
	appendStringInfoChar(out, '"');
	for (const char *c = text; *c; c++)
	{
		switch (*c)
		{
			case '\b':
				appendStringInfoString(out, "\\b");
				break;
			case '\f':
				appendStringInfoString(out, "\\f");
				break;
			case '\n':
				appendStringInfoString(out, "\\n");
				break;
			case '\r':
				appendStringInfoString(out, "\\r");
				break;
			case '\t':
				appendStringInfoString(out, "\\t");
				break;
			case '"':
			case '\\':
				appendStringInfoChar(out, '\\');
				appendStringInfoChar(out, *c);
				break;
			default:
				if ((unsigned char) *c < ' ')
					appendStringInfo(out, "\\u%04x", (int) *c);
				else
					appendStringInfoChar(out, *c);
		}
	}
	appendStringInfoChar(out, '"');
}

/* The JSON parser is the server's own, from libpgcommon, but for its messages. */
char *
json_errdetail(JsonParseErrorType error, JsonLexContext *lex)
{
	return psprintf("JSON error %d at byte %d", (int) error, (int) (lex->token_start - lex->input));
}

/* ---------- encodings ---------- */

static int	encoding = PG_UTF8;

void
server_choose_encoding(const char *text, size_t length)
{
	bool		is_utf8 = pg_encoding_verifymbstr(PG_UTF8, text, (int) length) == (int) length;

	encoding = is_utf8 ? PG_UTF8 : PG_SQL_ASCII;
}

int
GetDatabaseEncoding(void)
{
	return encoding;
}

int
pg_mblen(const char *text)
{
	return pg_encoding_mblen(encoding, text);
}

int
pg_dsplen(const char *text)
{
	return pg_encoding_dsplen(encoding, text);
}

int
pg_mbstrlen_with_len(const char *text, int limit)
{
	int			count = 0;

	while (limit > 0 && *text)
	{
		int			length = pg_encoding_mblen(encoding, text);

		limit -= length;
		text += length;
		count++;
	}
	return count;
}

int
pg_mbstrlen(const char *text)
{
	return pg_mbstrlen_with_len(text, (int) strlen(text));
}

int
pg_mbcliplen(const char *text, int length, int limit)
{
	int			clipped = 0;

	while (length > 0 && *text)
	{
		int			one = pg_encoding_mblen(encoding, text);

		if (clipped + one > limit)
			break;
		clipped += one;
		text += one;
		length -= one;
	}
	return clipped;
}

char *
pg_any_to_server(const char *text, int length, int from)
{
	(void) length;
	(void) from;
	return unconstify(char *, text);
}

/* Distance in bytes is near enough for the choice of a hint. */
int
varstr_levenshtein_less_equal(const char *source, int slen, const char *target, int tlen,
							  int ins_c, int del_c, int sub_c, int max_d, bool trusted)
{
	int			row[256 + 1];

	(void) trusted;
	if (slen > 255 || tlen > 255)
		server_fail("a name too long for levenshtein", source, target);
	for (int j = 0; j <= tlen; j++)
		row[j] = j * ins_c;
	for (int i = 1; i <= slen; i++)
	{
		int			diagonal = row[0];

		row[0] = i * del_c;
		for (int j = 1; j <= tlen; j++)
		{
			int			substituted = diagonal + (source[i - 1] == target[j - 1] ? 0 : sub_c);

			diagonal = row[j];
			row[j] = Min(substituted, Min(row[j - 1] + ins_c, row[j] + del_c));
		}
	}
	return Min(row[tlen], max_d + 1);
}

/* ---------- messages of the protocol ---------- */

static const char *
take_bytes(StringInfo message, int count)
{
	const char *bytes = message->data + message->cursor;

	if (count < 0 || count > message->len - message->cursor)
		ereport(ERROR,
				(errcode(ERRCODE_PROTOCOL_VIOLATION), errmsg("insufficient data left in message")));
	message->cursor += count;
	return bytes;
}

int
pq_getmsgbyte(StringInfo message)
{
	return (unsigned char) *take_bytes(message, 1);
}

unsigned int
pq_getmsgint(StringInfo message, int size)
{
	const unsigned char *bytes = (const unsigned char *) take_bytes(message, size);
	unsigned int result = 0;

	for (int i = 0; i < size; i++)
		result = result << 8 | bytes[i];
	return result;
}

int64
pq_getmsgint64(StringInfo message)
{
	uint64		high = pq_getmsgint(message, 4);

	return (int64) (high << 32 | pq_getmsgint(message, 4));
}

char *
pq_getmsgtext(StringInfo message, int rawbytes, int *nbytes)
{
	const char *bytes = take_bytes(message, rawbytes);

	if (pg_encoding_verifymbstr(encoding, bytes, rawbytes) != rawbytes)
		ereport(ERROR,
				(errcode(ERRCODE_CHARACTER_NOT_IN_REPERTOIRE), errmsg("invalid byte sequence")));
	*nbytes = rawbytes;
	return pnstrdup(bytes, rawbytes);
}

void
pq_begintypsend(StringInfo message)
{
	initStringInfo(message);
	appendBinaryStringInfo(message, "\0\0\0\0", VARHDRSZ);
}

void
pq_sendbytes(StringInfo message, const ServerBytes *data, int length)
{
	appendBinaryStringInfo(message, data, length);
}

void
pq_sendtext(StringInfo message, const char *text, int length)
{
	appendBinaryStringInfo(message, text, length);
}

bytea *
pq_endtypsend(StringInfo message)
{
	SET_VARSIZE(message->data, message->len);
	return (bytea *) message->data;
}
