/* test_layer_entry.c - names to paths, and what is a whiteout: a row each. */
#include "image/layer_entry.h"

#include <errno.h>

#include "tests/unit/test.h"

static int parse(const char *name, const char *link, enum tar_kind kind, char *ret, struct error *err)
{
	static const char *const marks[] = { "plain", "whiteout", "opaque" };
	const struct tar_entry tar = { .name = name, .link = link, .kind = kind };
	struct layer_paths paths = { 0 };
	struct layer_entry entry;
	int r = layer_entry_parse(&tar, 5, &paths, &entry, err);

	if (r == 0)
		(void)sprintf(ret, "%s [%s] [%s] [%s]", marks[entry.mark], entry.path, entry.dir, entry.name);
	if (r == 0 && kind == TAR_HARDLINK)
		(void)sprintf(ret + strlen(ret), " -> [%s] [%s]", entry.link_dir, entry.link_name);
	layer_paths_free(&paths);
	return r;
}

static void paths(void)
{
	static const char *const rows[][2] = {
		{ "a", "plain [a] [] [a]" },
		{ "/a/", "plain [a] [] [a]" },
		{ "./a//b/./c", "plain [a/b/c] [a/b] [c]" },
		{ "./", "plain [] [] []" },
		{ "/", "plain [] [] []" },
		{ "a/..b/c..", "plain [a/..b/c..] [a/..b] [c..]" },
		{ "1/2/3/4/5", "plain [1/2/3/4/5] [1/2/3/4] [5]" },
		{ ".wh.a", "whiteout [a] [] [a]" },
		{ "./d/.wh.a", "whiteout [d/a] [d] [a]" },
		{ "d/.wh...a", "whiteout [d/..a] [d] [..a]" },
		{ ".wh..wh..opq", "opaque [] [] []" },
		{ "d/.wh..wh..opq", "opaque [d] [] [d]" },
		{ "d/e/.wh..wh..opq", "opaque [d/e] [d] [e]" },
		{ "wh.a", "plain [wh.a] [] [wh.a]" },
		{ "a.wh.b", "plain [a.wh.b] [] [a.wh.b]" },
	};
	char got[256];
	struct error err;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CHECK_INT(0, parse(rows[i][0], "", TAR_DIRECTORY, got, &err));
		CHECK_STR(rows[i][1], got);
	}
}

static void refused(void)
{
	static const char *const rows[][2] = {
		{ "..", "component .." },
		{ "a/../b", "component .." },
		{ "a/..", "component .." },
		{ "1/2/3/4/5/6", "more than 5 components" },
		{ ".wh.", "a whiteout of \"\"" },
		{ "a/.wh..", "a whiteout of \".\"" },
		{ ".wh...", "a whiteout of \"..\"" },
		{ ".wh..wh.plnk", "AUFS" },
		{ ".wh..wh.", "AUFS" },
		{ ".wh.a/b", "below a whiteout" },
		{ "a/.wh.b/c", "below a whiteout" },
		{ ".wh..wh..opq/c", "below a whiteout" },
		{ ".wh.a/.wh..wh..opq", "below a whiteout" },
		{ ".", "top directory as something else" },
	};
	char got[256];
	struct error err;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CHECK_INT(-EINVAL, parse(rows[i][0], "", TAR_FILE, got, &err));
		CHECK_CONTAINS(rows[i][1], err.text);
	}
}

static void hard_links(void)
{
	static const char *const wrong[][2] = {
		{ "..", "component .." }, { "/", "top directory" },    { "./.", "top directory" },
		{ ".wh.a", "whiteout" },  { "a/.wh.b/c", "whiteout" },
	};
	char got[256];
	struct error err;

	CHECK_INT(0, parse("h", "/a/./b", TAR_HARDLINK, got, &err));
	CHECK_STR("plain [h] [] [h] -> [a] [b]", got);
	CHECK_INT(0, parse("h", "b", TAR_HARDLINK, got, &err));
	CHECK_STR("plain [h] [] [h] -> [] [b]", got);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		CHECK_INT(-EINVAL, parse("h", wrong[i][0], TAR_HARDLINK, got, &err));
		CHECK_CONTAINS(wrong[i][1], err.text);
	}
}

static const struct test tests[] = {
	TEST(paths),
	TEST(refused),
	TEST(hard_links),
};

TEST_MAIN(tests)
