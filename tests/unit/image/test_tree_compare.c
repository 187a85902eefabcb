/* test_tree_compare.c - each kind of difference between two trees is found. */
#include "image/tree_compare.h"

#include <errno.h>
#include <sys/xattr.h>

#include "base/cleanup.h"
#include "tests/unit/temporary.h"
#include "tests/unit/test.h"

static const struct timespec times[2] = { { .tv_sec = 1000 }, { .tv_sec = 1000 } };

static int make_tree(void)
{
	static const char *const names[] = { "d/f", "d/l", "d/fifo", "d" };
	int dir = temporary_open();

	CHECK_INT(0, mkdirat(dir, "d", 0755));
	temporary_write(dir, "d/f", "text", 4);
	CHECK_INT(0, symlinkat("f", dir, "d/l"));
	CHECK_INT(0, mkfifoat(dir, "d/fifo", 0600));
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		CHECK_INT(0, utimensat(dir, names[i], times, AT_SYMLINK_NOFOLLOW));
	return dir;
}

static void same(void)
{
	auto_fd int a = make_tree();
	auto_fd int b = make_tree();
	struct error err = { 0 };

	if (tree_compare(a, b, &err) < 0)
		test_stop(TEST_FAILED, "%s", err.text);
}

static void content(int dir)
{
	temporary_write(dir, "d/f", "texu", 4);
	CHECK_INT(0, utimensat(dir, "d/f", times, 0));
}

static void size(int dir)
{
	temporary_write(dir, "d/f", "texts", 5);
	CHECK_INT(0, utimensat(dir, "d/f", times, 0));
}

static void mode(int dir)
{
	CHECK_INT(0, fchmodat(dir, "d/f", 04755, 0));
}

static void mtime(int dir)
{
	CHECK_INT(0, utimensat(dir, "d/f", NULL, 0));
}

static void target(int dir)
{
	CHECK_INT(0, unlinkat(dir, "d/l", 0));
	CHECK_INT(0, symlinkat("g", dir, "d/l"));
	CHECK_INT(0, utimensat(dir, "d/l", times, AT_SYMLINK_NOFOLLOW));
	CHECK_INT(0, utimensat(dir, "d", times, 0));
}

static void less(int dir)
{
	CHECK_INT(0, unlinkat(dir, "d/fifo", 0));
	CHECK_INT(0, utimensat(dir, "d", times, 0));
}

static void more(int dir)
{
	temporary_write(dir, "d/g", "", 0);
	CHECK_INT(0, utimensat(dir, "d", times, 0));
}

static void top_mode(int dir)
{
	CHECK_INT(0, fchmod(dir, 0700));
}

static void different(void)
{
	static const struct {
		void (*change)(int dir);
		const char *text;
	} rows[] = {
		{ content, "d/f: the content differs" },
		{ size, "d/f: size or number of links differs" },
		{ mode, "d/f: type or mode differs" },
		{ mtime, "d/f: the time differs" },
		{ target, "d/l: the link leads elsewhere" },
		{ less, "d/fifo: missing" },
		{ more, "d: has entries that do not belong there" },
		{ top_mode, ".: type or mode differs" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_fd int a = make_tree();
		auto_fd int b = make_tree();
		struct error err = { 0 };

		rows[i].change(b);
		CHECK_INT(-ESTALE, tree_compare(a, b, &err));
		CHECK_STR(rows[i].text, err.text);
	}
}

static void attributes(void)
{
	auto_fd int a = make_tree();
	auto_fd int b = make_tree();
	auto_fd int file = openat(b, "d/f", O_RDONLY | O_CLOEXEC);
	struct error err = { 0 };

	if (fsetxattr(file, "user.x", "y", 1, 0) < 0)
		TEST_SKIP("no user attributes on this file system");
	CHECK_INT(-ESTALE, tree_compare(a, b, &err));
	CHECK_STR("d/f: the extended attributes differ", err.text);
}

static const struct test tests[] = {
	TEST(same),
	TEST(different),
	TEST(attributes),
};

TEST_MAIN(tests)
