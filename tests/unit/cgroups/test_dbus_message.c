/* test_dbus_message.c - messages byte for byte as the D-Bus Specification has them, and what is none. */
#include <errno.h>
#include <string.h>

#include "cgroups/dbus_message.h"
#include "manager.h"
#include "tests/unit/test.h"

/* ---- written ---- */

static const struct dbus_method method = { "/p", "a.b", "Get", "sa(sv)tb" };

/* clang-format off */
static const uint8_t call[] = {
	'l', 1, 0, 1,  44, 0, 0, 0,  7, 0, 0, 0,  62, 0, 0, 0,  /* body, serial and fields: how long */
	1, 1, 'o', 0,  2, 0, 0, 0,  '/', 'p', 0, 0, 0, 0, 0, 0, /* the fields, each at 8: path, */
	2, 1, 's', 0,  3, 0, 0, 0,  'a', '.', 'b', 0, 0, 0, 0, 0, /* interface, */
	3, 1, 's', 0,  3, 0, 0, 0,  'G', 'e', 't', 0, 0, 0, 0, 0, /* member, */
	8, 1, 'g', 0,  8, 's', 'a', '(', 's', 'v', ')', 't', 'b', 0, 0, 0, /* signature */
	2, 0, 0, 0,  'x', 'y', 0, 0, /* string */
	16, 0, 0, 0,  0, 0, 0, 0, /* array: how long from its first element on, which is aligned to 8 */
	1, 0, 0, 0,  'n', 0,  1, 'u', 0,  0, 0, 0,  5, 0, 0, 0, /* a string and a variant */
	255, 255, 255, 255, 255, 255, 255, 255,
	1, 0, 0, 0,
};
/* clang-format on */

static void a_call_is_as_the_specification_has_it(void)
{
	struct dbus_writer writer;
	size_t array;

	dbus_begin(&writer, 7, &method);
	dbus_put_string(&writer, "xy");
	array = dbus_begin_array(&writer, 8);
	dbus_begin_struct(&writer);
	dbus_put_string(&writer, "n");
	dbus_put_signature(&writer, "u");
	dbus_put_u32(&writer, 5);
	dbus_end_array(&writer, array, 8);
	dbus_put_u64(&writer, UINT64_MAX);
	dbus_put_bool(&writer, true);
	CHECK_INT(0, dbus_end(&writer));
	if (__BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__)
		TEST_SKIP("the bytes to compare with are a little endian machine's");
	CHECK_INT(sizeof(call), writer.length);
	for (size_t i = 0; i < sizeof(call); i++)
		CHECK_INT(call[i], writer.bytes[i]);
}

static void a_call_that_does_not_fit_is_refused(void)
{
	struct dbus_writer writer;
	char text[DBUS_WRITE_MAX];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	dbus_begin(&writer, 1, &method);
	dbus_put_string(&writer, text);
	dbus_put_u32(&writer, 1);
	CHECK_INT(-E2BIG, dbus_end(&writer));
}

/* ---- read ---- */

static struct manager_bytes made;

static void make(const struct manager_message *message, uint32_t reply_to)
{
	manager_write(&made, message, reply_to);
}

static void a_signal_is_read(void)
{
	const struct manager_message signal = { DBUS_SIGNAL, "JobRemoved",
						"uoss",      { "17", "/job/17", "a.scope", "done" },
						0,           false };
	struct dbus_message message;
	const char *text;
	uint32_t id;

	make(&signal, 0);
	CHECK_INT(made.length, dbus_length(made.bytes));
	CHECK_INT(0, dbus_parse(made.bytes, made.length, &message));
	CHECK_INT(DBUS_SIGNAL, message.type);
	CHECK_STR("JobRemoved", message.member);
	CHECK_STR("uoss", message.signature);
	CHECK_STR("", message.error_name);
	CHECK_INT(0, dbus_get_u32(&message, &id));
	CHECK_INT(17, id);
	CHECK_INT(0, dbus_get_string(&message, &text));
	CHECK_STR("/job/17", text);
	CHECK_INT(0, dbus_get_string(&message, &text));
	CHECK_INT(0, dbus_get_string(&message, &text));
	CHECK_STR("done", text);
	CHECK_INT(-EBADMSG, dbus_get_string(&message, &text));
	CHECK_INT(-EBADMSG, dbus_get_u32(&message, &id));
	CHECK_INT(-EBADMSG, dbus_get_signature(&message, &text));
}

static void an_error_says_what_it_answers(void)
{
	const struct manager_message error = { DBUS_ERROR, "a.b.NoSuchUnit", "s", { "no" }, 0, false };
	struct dbus_message message;

	make(&error, 12);
	CHECK_INT(0, dbus_parse(made.bytes, made.length, &message));
	CHECK_INT(DBUS_ERROR, message.type);
	CHECK_INT(12, message.reply_to);
	CHECK_STR("a.b.NoSuchUnit", message.error_name);
}

static void a_variant_is_read(void)
{
	const struct manager_message answer = { DBUS_RETURN, NULL, "v", { "/user.slice" }, 0, false };
	struct dbus_message message;
	const char *text;

	make(&answer, 1);
	CHECK_INT(0, dbus_parse(made.bytes, made.length, &message));
	CHECK_INT(0, dbus_get_signature(&message, &text));
	CHECK_STR("s", text);
	CHECK_INT(0, dbus_get_string(&message, &text));
	CHECK_STR("/user.slice", text);
}

/* Each of these changes one byte of a good answer: at, to what. */
static void broken_messages_are_refused(void)
{
	const struct manager_message answer = { DBUS_RETURN, NULL, "s", { "text" }, 0, false };
	static const uint8_t changes[][2] = {
		{ 0, 'X' },  /* byte order */
		{ 3, 2 },    /* version of the protocol */
		{ 4, 10 },   /* body: longer than the message */
		{ 12, 200 }, /* fields: the same */
		{ 12, 13 },  /* fields: end in the middle of one */
		{ 17, 9 },   /* signature of a variant: longer than all */
		{ 18, 'd' }, /* a type that no field has */
		{ 19, 1 },   /* a signature that does not end */
	};
	struct dbus_message message;

	make(&answer, 1);
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		uint8_t kept = made.bytes[changes[i][0]];

		made.bytes[changes[i][0]] = changes[i][1];
		if (dbus_parse(made.bytes, made.length, &message) != -EBADMSG)
			test_stop(TEST_FAILED, "change %zu was taken", i);
		made.bytes[changes[i][0]] = kept;
	}
	for (size_t length = 0; length < made.length; length++)
		CHECK_INT(-EBADMSG, dbus_parse(made.bytes, length, &message));
	CHECK_INT(0, dbus_parse(made.bytes, made.length, &message));
}

static void texts_end_where_they_say(void)
{
	const struct manager_message answer = { DBUS_RETURN, NULL, "s", { "text" }, 0, false };
	struct dbus_message message;
	const char *text;
	size_t body;

	make(&answer, 1);
	body = made.length - sizeof("text") - sizeof(uint32_t);
	made.bytes[body] = 3; /* no 0 there */
	CHECK_INT(0, dbus_parse(made.bytes, made.length, &message));
	CHECK_INT(-EBADMSG, dbus_get_string(&message, &text));
	made.bytes[body] = 4;
	made.bytes[made.length - 2] = '\0'; /* a 0 in it */
	CHECK_INT(0, dbus_parse(made.bytes, made.length, &message));
	CHECK_INT(-EBADMSG, dbus_get_string(&message, &text));
	memset(made.bytes + body, 0xff, sizeof(uint32_t));
	CHECK_INT(0, dbus_parse(made.bytes, made.length, &message));
	CHECK_INT(-EBADMSG, dbus_get_string(&message, &text));
}

/* Lengths whose sum would begin again at 0 where a size has 32 bits. */
static void what_is_too_long_is_no_message(void)
{
	const struct manager_message signal = { DBUS_SIGNAL, "JobRemoved", "s", { "x" }, 0, false };
	const uint32_t most = (1 << 27) - 1024, rest = UINT32_MAX - 15, more = 1 << 27;

	make(&signal, 0);
	memcpy(made.bytes + 4, &most, sizeof(most));
	CHECK(dbus_length(made.bytes) > most);
	memcpy(made.bytes + 4, &more, sizeof(more));
	CHECK_INT(0, dbus_length(made.bytes));
	memcpy(made.bytes + 4, &most, sizeof(most));
	memcpy(made.bytes + 12, &rest, sizeof(rest));
	CHECK_INT(0, dbus_length(made.bytes));
}

static const struct test tests[] = {
	TEST(a_call_is_as_the_specification_has_it),
	TEST(a_call_that_does_not_fit_is_refused),
	TEST(a_signal_is_read),
	TEST(an_error_says_what_it_answers),
	TEST(a_variant_is_read),
	TEST(broken_messages_are_refused),
	TEST(texts_end_where_they_say),
	TEST(what_is_too_long_is_no_message),
};
TEST_MAIN(tests)
