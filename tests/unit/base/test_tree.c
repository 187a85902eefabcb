/* test_tree.c - trees that are removed: files of all kinds, links to the outside, great depth, other file systems. */
#include "base/tree.h"

#include <errno.h>

#include "base/cleanup.h"
#include "tests/unit/mount_ns.h"

static int remove_it(void)
{
	struct error err = { 0 };
	int r = tree_remove(AT_FDCWD, "tree", &err);

	if (r < 0)
		fprintf(stderr, "# in child: %s\n", err.text);
	return r;
}

static int all_kinds_body(void)
{
	EXPECT(remove_it() == 0);
	EXPECT(put_file("tree", "a file") && remove_it() == 0 && access("tree", F_OK) < 0);
	EXPECT(mkdir("tree", 0) == 0 && remove_it() == 0 && access("tree", F_OK) < 0);
	EXPECT(mkdir("out", 0755) == 0 && put_file("out/kept", "kept"));
	EXPECT(mkdir("tree", 0755) == 0 && mkdir("tree/a", 0755) == 0 && mkdir("tree/a/b", 0755) == 0);
	EXPECT(mkdir("tree/a/b/c", 0) == 0 && mkdir("tree/0.removed", 0755) == 0 && put_file("tree/a/b/f", "f"));
	EXPECT(symlink("../../out", "tree/a/link") == 0 && symlink("/tmp/out", "tree/a/b/link") == 0);
	EXPECT(mknod("tree/whiteout", S_IFCHR, 0) == 0 && mkfifo("tree/a/fifo", 0600) == 0);
	EXPECT(put_file("tree/0.removed/x", "x"));
	EXPECT(remove_it() == 0 && access("tree", F_OK) < 0 && access("out/kept", F_OK) == 0);
	EXPECT(symlink("out", "tree") == 0 && remove_it() == 0 && access("out/kept", F_OK) == 0);
	return 0;
}

static void all_kinds(void)
{
	in_mount_ns(all_kinds_body);
}

/* Deeper than a path can be long, and than fds or stack would go. */
static int depth_body(void)
{
	auto_fd int fd = -1;

	EXPECT(mkdir("tree", 0755) == 0);
	fd = open("tree", O_PATH | O_CLOEXEC);
	for (int i = 0; i < 5000; i++) {
		int below;

		EXPECT(mkdirat(fd, "d", 0755) == 0);
		below = openat(fd, "d", O_PATH | O_CLOEXEC);
		EXPECT(below >= 0);
		(void)close(fd);
		fd = below;
	}
	EXPECT(remove_it() == 0 && access("tree", F_OK) < 0);
	return 0;
}

static void depth(void)
{
	in_mount_ns(depth_body);
}

static int other_file_system_body(void)
{
	struct error err = { 0 };

	EXPECT(mkdir("tree", 0755) == 0 && mkdir("tree/a", 0755) == 0 && mkdir("tree/a/m", 0755) == 0);
	EXPECT(mount("tmpfs", "/tmp/tree/a/m", "tmpfs", 0, NULL) == 0 && put_file("tree/a/m/kept", "kept"));
	EXPECT(tree_remove(AT_FDCWD, "tree", &err) == -EBUSY);
	EXPECT(strstr(err.text, "remove tree: Device or resource busy") || strstr(err.text, "busy"));
	EXPECT(access("tree/a/m/kept", F_OK) == 0);
	return 0;
}

static void other_file_system(void)
{
	in_mount_ns(other_file_system_body);
}

static const struct test tests[] = { TEST(all_kinds), TEST(depth), TEST(other_file_system) };

TEST_MAIN(tests)
