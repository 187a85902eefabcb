/* test_dbus.c - a connection: who is let in, what is waited for and for how long, what is left out. */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "cgroups/dbus.h"
#include "manager.h"
#include "tests/unit/test.h"

enum { TIMEOUT_MS = 10 * 1000, SHORT_MS = 50 };

static const struct dbus_method method = { "/p", "a.b", "Get", "" };
static struct dbus dbus;
static struct error err;

static int call(struct dbus_message *ret_answer)
{
	struct dbus_writer writer;

	dbus_begin_call(&dbus, &writer, &method);
	return dbus_call(&dbus, &writer, ret_answer, &err);
}

static void connect_to(const char *welcome, const struct manager_message *messages, size_t count)
{
	CHECK_INT(0, dbus_connect(&dbus, manager_start(welcome, messages, count), TIMEOUT_MS, &err));
}

static void an_answer_comes_after_signals_and_answers_to_others(void)
{
	static const struct manager_message messages[] = {
		{ DBUS_SIGNAL, "UnitNew", "s", { "first" }, 0, true },
		{ DBUS_SIGNAL, "PropertiesChanged", "s", { "long" }, 40 * 1024, true }, /* longer than is read */
		{ DBUS_RETURN, NULL, "s", { "one" }, 0, false },
		{ DBUS_ERROR, "a.Error", "s", { "two" }, 0, false },
	};
	struct dbus_message answer;
	const char *text;

	connect_to(MANAGER_WELCOME, messages, 4);
	CHECK_INT(0, call(&answer));
	CHECK_INT(DBUS_RETURN, answer.type);
	CHECK_INT(1, answer.reply_to);
	CHECK_INT(0, dbus_get_string(&answer, &text));
	CHECK_STR("one", text);
	CHECK_INT(0, call(&answer));
	CHECK_INT(DBUS_ERROR, answer.type);
	CHECK_STR("a.Error", answer.error_name);
	dbus_close(&dbus);
}

/* Some managers say OK at once. */
static void a_short_welcome_is_one(void)
{
	static const struct manager_message messages[] = { { DBUS_RETURN, NULL, "s", { "one" }, 0, false } };
	struct dbus_message answer;

	connect_to("OK 0\r\n", messages, 1);
	CHECK_INT(0, call(&answer));
	dbus_close(&dbus);
}

static void who_is_not_let_in_hears_why(void)
{
	static const char *const refusals[] = { "REJECTED EXTERNAL\r\n", "DATA\r\nREJECTED\r\n", "ERROR\r\n" };

	for (size_t i = 0; i < 3; i++) {
		const char *path = manager_start(refusals[i], NULL, 0);

		CHECK_INT(-EACCES, dbus_connect(&dbus, path, TIMEOUT_MS, &err));
		CHECK_CONTAINS("systemd: \"", err.text);
		dbus_close(&dbus);
	}
}

static void nobody_listens(void)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/nobody", temporary_directory());
	dbus.fd = -1;
	CHECK_INT(-ENOENT, dbus_connect(&dbus, path, TIMEOUT_MS, &err));
	CHECK_CONTAINS(path, err.text);
	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	CHECK_INT(-ENAMETOOLONG, dbus_connect(&dbus, path, TIMEOUT_MS, &err));
}

static void silence_has_an_end(void)
{
	int64_t begin = clock_ms();
	struct dbus_message answer;

	CHECK_INT(-ETIMEDOUT, dbus_connect(&dbus, manager_start("", NULL, 0), SHORT_MS, &err));
	dbus_close(&dbus);
	CHECK_INT(0, dbus_connect(&dbus, manager_start(MANAGER_WELCOME, NULL, 0), TIMEOUT_MS, &err));
	dbus.timeout_ms = SHORT_MS;
	CHECK_INT(-ETIMEDOUT, call(&answer));
	CHECK_CONTAINS("does not answer", err.text);
	dbus_close(&dbus);
	CHECK(clock_ms() - begin >= SHORT_MS * 2);
}

static void a_manager_that_ends_is_told(void)
{
	static const struct manager_message messages[] = { { DBUS_RETURN, NULL, "s", { "one" }, 0, false },
							   { .type = 0 } };
	struct dbus_message answer;

	connect_to(MANAGER_WELCOME, messages, 2);
	CHECK_INT(0, call(&answer));
	CHECK(call(&answer) < 0);
	dbus_close(&dbus);
}

static void what_is_no_message_is_told(void)
{
	struct dbus_message answer;

	connect_to(MANAGER_WELCOME "this is no message of any kind", NULL, 0);
	CHECK_INT(-EBADMSG, call(&answer));
	dbus_close(&dbus);
}

static const struct test tests[] = {
	TEST(an_answer_comes_after_signals_and_answers_to_others),
	TEST(a_short_welcome_is_one),
	TEST(who_is_not_let_in_hears_why),
	TEST(nobody_listens),
	TEST(silence_has_an_end),
	TEST(a_manager_that_ends_is_told),
	TEST(what_is_no_message_is_told),
};
TEST_MAIN(tests)
