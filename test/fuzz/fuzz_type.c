/*
 * fuzz_type.c
 *		A fuzzer for one SQL type, given by the macro TYPE: what its input
 *		function is given is hostile text, or (with BINARY) what its receive
 *		function is given is hostile bytes.
 *
 * An error is a good answer.  A value must survive: its text must be read back
 * to an equal value with the same text, and so must its binary form.
 */
#include "server.h"

#include "lib/stringinfo.h"

#define JOIN_(a, b, c) a##b##c
#define JOIN(a, b, c) JOIN_(a, b, c)
#define FUNCTION(name) JOIN(clientele_, TYPE, name)

extern Datum FUNCTION(_in) (PG_FUNCTION_ARGS);
extern Datum FUNCTION(_out) (PG_FUNCTION_ARGS);
extern Datum FUNCTION(_recv) (PG_FUNCTION_ARGS);
extern Datum FUNCTION(_send) (PG_FUNCTION_ARGS);
extern Datum FUNCTION(_eq) (PG_FUNCTION_ARGS);
#ifdef READER
extern Datum READER(PG_FUNCTION_ARGS);
#endif

int			LLVMFuzzerTestOneInput(const uint8 *data, size_t size);

/* Receives bytes, which lie in a block of exactly their size. */
static bool
receive(const char *bytes, size_t size, Datum *value)
{
	StringInfoData message;

	message.data = palloc(size + 1);
	memcpy(message.data, bytes, size);
	message.data[size] = '\0';
	message.len = (int) size;
	message.maxlen = (int) size + 1;
	message.cursor = 0;
	return server_call(FUNCTION(_recv), PointerGetDatum(&message), value);
}

static const char *
text_of(Datum value)
{
	Datum		text;

	if (!server_call(FUNCTION(_out), value, &text))
		server_fail("a value that cannot be written", NULL, NULL);
	return DatumGetCString(text);
}

static void
check_same(Datum value, const char *text, Datum again, const char *way)
{
	const char *text_again = text_of(again);
	Datum		equal;

	if (strcmp(text, text_again) != 0)
		server_fail(way, text, text_again);
	if (!server_call2(FUNCTION(_eq), value, again, &equal) || !DatumGetBool(equal))
		server_fail("the same text and not equal", text, way);
}

static void
check_value(Datum value)
{
	const char *text = text_of(value);
	Datum		again;
	Datum		bytes;

	if (!server_call(FUNCTION(_in), CStringGetDatum(text), &again))
		server_fail("its own text is refused", text, NULL);
	check_same(value, text, again, "text changes when read back");

	if (!server_call(FUNCTION(_send), value, &bytes))
		server_fail("a value that cannot be sent", text, NULL);
	if (!receive(VARDATA_ANY(DatumGetPointer(bytes)), VARSIZE_ANY_EXHDR(DatumGetPointer(bytes)), &again))
		server_fail("its own binary form is refused", text, NULL);
	check_same(value, text, again, "value changes when received back");

#ifdef READER
	if (!server_call(READER, value, &again))
		server_fail("a value that cannot be read", text, NULL);
#endif
}

int
LLVMFuzzerTestOneInput(const uint8 *data, size_t size)
{
	Datum		value;
	bool		accepted;

	server_choose_encoding((const char *) data, size);
#ifdef BINARY
	accepted = receive((const char *) data, size, &value);
#else
	accepted = server_call(FUNCTION(_in), CStringGetDatum(pnstrdup((const char *) data, size)), &value);
#endif
	if (accepted)
		check_value(value);
	server_end_run();
	return 0;
}
