/* test_error.c - codes and texts of errors, and that a text too long keeps the reason at its end. */
#include "base/error.h"

#include <errno.h>
#include <stdbool.h>

#include "tests/unit/test.h"

enum { TEXT_MAX = sizeof(((struct error *)0)->text) - 1 };

static char long_text[2 * TEXT_MAX];

static const char *letters(char letter, size_t count)
{
	memset(long_text, letter, count);
	long_text[count] = '\0';
	return long_text;
}

static bool ends_with(const char *text, const char *tail)
{
	size_t length = strlen(text);

	return length >= strlen(tail) && strcmp(text + length - strlen(tail), tail) == 0;
}

static void fail_has_the_reason(void)
{
	struct error err;

	CHECK_INT(-ENOENT, fail(&err, ENOENT, "open %s", "/x"));
	CHECK_INT(ENOENT, err.code);
	CHECK_STR("open /x: No such file or directory", err.text);
	CHECK_INT(-EPERM, fail(&err, EPERM, "%s", ""));
	CHECK_STR(": Operation not permitted", err.text);
}

/* No errno is a caller's mistake; it must not become success. */
static void fail_without_errno_is_an_error(void)
{
	struct error err;

	CHECK_INT(-EINVAL, fail(&err, 0, "odd"));
	CHECK_INT(EINVAL, err.code);
	CHECK_STR("odd", err.text);
	CHECK_INT(-EINVAL, fail(&err, -ENOENT, "odd"));
	CHECK_INT(EINVAL, err.code);
	CHECK_STR("odd", err.text);
}

static void refuse_stands_alone(void)
{
	struct error err;

	CHECK_INT(-EINVAL, refuse(&err, "value %d is above %d", 3, 2));
	CHECK_INT(EINVAL, err.code);
	CHECK_STR("value 3 is above 2", err.text);
}

static void refuse_with_a_code(void)
{
	struct error err;

	CHECK_INT(-ENOENT, refuse_as(&err, ENOENT, "container `%s` does not exist", "x"));
	CHECK_INT(ENOENT, err.code);
	CHECK_STR("container `x` does not exist", err.text);
	CHECK_INT(-EBUSY, refuse_as(&err, EBUSY, "%s", letters('r', TEXT_MAX + 100)));
	CHECK_INT(TEXT_MAX, strlen(err.text));
}

static void context_goes_in_front(void)
{
	struct error err;

	(void)fail(&err, EACCES, "mount");
	CHECK_INT(-EACCES, context(&err, "mounts[%d]", 2));
	CHECK_INT(-EACCES, context(&err, "%s", "config.json"));
	CHECK_STR("config.json: mounts[2]: mount: Permission denied", err.text);
	CHECK_INT(EACCES, err.code);
}

static void long_fail_keeps_the_reason(void)
{
	struct error err;

	for (size_t length = TEXT_MAX - 40; length < TEXT_MAX + 5; length++) {
		CHECK_INT(-EACCES, fail(&err, EACCES, "%s", letters('f', length)));
		CHECK(strlen(err.text) <= TEXT_MAX);
		CHECK(ends_with(err.text, "f: Permission denied"));
	}
	CHECK_INT(TEXT_MAX, strlen(err.text));
}

static void long_refuse_is_cut(void)
{
	struct error err;

	CHECK_INT(-EINVAL, refuse(&err, "%s", letters('r', TEXT_MAX + 100)));
	CHECK_INT(TEXT_MAX, strlen(err.text));
	CHECK_INT('r', err.text[TEXT_MAX - 1]);
}

/* A context of any length leaves a text that begins with it and still has something of what it is about. */
static void long_contexts(void)
{
	for (size_t length = 240; length < 270; length++) {
		struct error err;

		(void)fail(&err, EPERM, "inner");
		CHECK_INT(-EPERM, context(&err, "%s", letters('c', length)));
		CHECK_INT('c', err.text[0]);
		CHECK(ends_with(err.text, "c: inner: Operation not permitted"));
		CHECK(strlen(err.text) <= TEXT_MAX);
	}
}

static void context_of_long_fail_keeps_the_reason(void)
{
	struct error err;

	(void)fail(&err, EACCES, "%s", letters('f', TEXT_MAX));
	CHECK_INT(-EACCES, context(&err, "%s", letters('c', 300)));
	CHECK_INT(TEXT_MAX, strlen(err.text));
	CHECK(strncmp(err.text, "ccc", 3) == 0);
	CHECK(ends_with(err.text, "f: Permission denied"));
}

static void context_of_full_text(void)
{
	struct error err;

	(void)refuse(&err, "%s", letters('r', TEXT_MAX));
	CHECK_INT(-EINVAL, context(&err, "where"));
	CHECK_INT(TEXT_MAX, strlen(err.text));
	CHECK(strncmp(err.text, "where: rrr", 10) == 0);
	for (int i = 0; i < 100; i++)
		CHECK_INT(-EINVAL, context(&err, "%s", letters('c', 400)));
	CHECK_INT(TEXT_MAX, strlen(err.text));
}

/* The record on the init socket has no text length: a context must take an unterminated one too. */
static void context_of_unterminated_text(void)
{
	struct error err = { .code = EIO };

	memset(err.text, 'u', sizeof(err.text));
	CHECK_INT(-EIO, context(&err, "where"));
	CHECK_INT(TEXT_MAX, strlen(err.text));
	CHECK(strncmp(err.text, "where: uuu", 10) == 0);
}

static void context_of_empty(void)
{
	struct error err = { .code = EIO };

	CHECK_INT(-EIO, context(&err, "%s", ""));
	CHECK_STR(": ", err.text);
}

static const struct test tests[] = {
	TEST(fail_has_the_reason),   TEST(fail_without_errno_is_an_error),
	TEST(refuse_stands_alone),   TEST(refuse_with_a_code),
	TEST(context_goes_in_front), TEST(long_fail_keeps_the_reason),
	TEST(long_refuse_is_cut),    TEST(long_contexts),
	TEST(context_of_full_text),  TEST(context_of_unterminated_text),
	TEST(context_of_empty),      TEST(context_of_long_fail_keeps_the_reason),
};
TEST_MAIN(tests)
