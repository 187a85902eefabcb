/* test_store_name.c - names of images as names of files: never a path, never another image's. */
#include <errno.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "image/store.h"
#include "tests/unit/test.h"

static void known(void)
{
	static const struct {
		const char *name, *escaped;
	} rows[] = {
		{ "docker.io/library/busybox:latest", "docker.io+library+busybox:latest" },
		{ "localhost:5000/a@sha256:00", "localhost:5000+a@sha256:00" },
		{ "..", "%2E." },
		{ ".", "%2E" },
		{ "../../etc/passwd", "%2E.+..+etc+passwd" },
		{ "a+b%c d\n", "a%2Bb%25c%20d%0A" },
		{ "\xc3\xa9", "%C3%A9" },
		{ "[::1]:80/x", "[::1]:80+x" },
	};
	auto_arena struct arena *arena = arena_new();
	char escaped[STORE_NAME_MAX + 1];
	struct error err;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CHECK_INT(0, store_escape_name(rows[i].name, escaped, &err));
		CHECK_STR(rows[i].escaped, escaped);
		CHECK_STR(rows[i].name, store_unescape_name(arena, escaped));
	}
}

static void every_byte(void)
{
	auto_arena struct arena *arena = arena_new();
	char escaped[STORE_NAME_MAX + 1];
	struct error err;

	for (int byte = 1; byte < 256; byte++) {
		const char name[] = { (char)byte, 'x', (char)byte, '\0' };

		CHECK_INT(0, store_escape_name(name, escaped, &err));
		CHECK(!strchr(escaped, '/') && escaped[0] != '.');
		CHECK_STR(name, store_unescape_name(arena, escaped));
	}
}

static void refused(void)
{
	static const char *const texts[] = { "", "%", "%2", "%2g", "%00", "a%", ".x", "a b", "a\n" };
	auto_arena struct arena *arena = arena_new();
	char escaped[STORE_NAME_MAX + 1];
	char longest[STORE_NAME_MAX + 2] = "";
	struct error err;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		CHECK(store_unescape_name(arena, texts[i]) == NULL);
	CHECK_INT(-EINVAL, store_escape_name("", escaped, &err));
	memset(longest, 'a', STORE_NAME_MAX + 1);
	CHECK_INT(-ENAMETOOLONG, store_escape_name(longest, escaped, &err));
	CHECK_CONTAINS("more than 255 bytes", err.text);
}

static const struct test tests[] = {
	TEST(known),
	TEST(every_byte),
	TEST(refused),
};

TEST_MAIN(tests)
