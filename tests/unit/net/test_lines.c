/* test_lines.c - lines of keys and values, whole and broken. */
#include "net/lines.h"

#include "base/cleanup.h"
#include "tests/unit/test.h"

static struct error err;

static int read_text(const char *value, void *target, struct error *error)
{
	if (strcmp(value, "bad") == 0)
		return refuse(error, "is bad");
	(void)strncat(target, value, 8);
	return 0;
}

static const struct lines_key keys[] = { { "a", read_text }, { "bc", read_text }, { NULL, NULL } };

static int parse(const char *text, char *out)
{
	out[0] = '\0';
	return lines_parse(text, strlen(text), keys, out, &err);
}

static void lines(void)
{
	char out[64];

	CHECK_INT(0, parse("", out));
	CHECK_INT(0, parse("a 1\nbc 2 3\na 4\n", out));
	CHECK_STR("12 34", out);
	CHECK(parse("a 1", out) < 0);
	CHECK_CONTAINS("line 1: cut short", err.text);
	CHECK(parse("a 1\nb 2\n", out) < 0);
	CHECK_CONTAINS("line 2: unknown key in \"b 2\"", err.text);
	CHECK(parse("a 1\n\n", out) < 0);
	CHECK(parse("a\n", out) < 0);
	CHECK(parse(" 1\n", out) < 0);
	CHECK(parse("a bad\n", out) < 0);
	CHECK_STR("line 1: is bad", err.text);
	CHECK(lines_parse("a \0\n", 4, keys, out, &err) < 0);
}

static void long_ones(void)
{
	char text[LINE_MAX_SIZE + 8];
	char out[1024] = "";

	memset(text, 'x', sizeof(text));
	memcpy(text, "a ", 2);
	text[LINE_MAX_SIZE - 1] = '\n';
	CHECK_INT(0, lines_parse(text, LINE_MAX_SIZE, keys, out, &err));
	text[LINE_MAX_SIZE - 1] = 'x';
	text[LINE_MAX_SIZE] = '\n';
	CHECK(lines_parse(text, LINE_MAX_SIZE + 1, keys, out, &err) < 0);
	CHECK(lines_parse(text, LINES_MAX + 1, keys, out, &err) < 0);
}

static void written(void)
{
	struct lines record = { .text = NULL };

	lines_put(&record, "a", "%d", 1);
	for (int i = 0; i < 100; i++)
		lines_put(&record, "bc", "%s", "text");
	CHECK(strncmp(record.text, "a 1\nbc text\nbc text\n", 20) == 0);
	CHECK_INT(4 + 100 * 8, strlen(record.text));
	lines_done(&record);
	CHECK(!record.text);
}

static const struct test tests[] = { TEST(lines), TEST(long_ones), TEST(written) };
TEST_MAIN(tests)
