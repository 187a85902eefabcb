/* Paths, and the walk over trees of any depth and with hostile names; ordinary directories do for both. */
#include "cgroups/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cgroups/cgroup.h"
#include "tests/unit/test.h"

static void accepts_clean_paths(void)
{
	static const char *const good[] = { "/", "/a", "/a/b.slice/c-1:2", "/...", "/.a", "/a..", "/ space" };
	struct error err;

	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		CHECK_INT(0, tree_check_path(good[i], &err));
}

static void refuses_other_paths(void)
{
	static const struct {
		const char *path, *why;
	} bad[] = {
		{ "", "not absolute" },       { "a", "not absolute" },
		{ "../a", "not absolute" },   { "//", "empty component" },
		{ "//a", "empty component" }, { "/a//b", "empty component" },
		{ "/a/", "empty component" }, { "/.", "\".\"" },
		{ "/a/./b", "\".\"" },        { "/..", "\"..\"" },
		{ "/a/../b", "\"..\"" },      { "/a/../../b", "\"..\"" },
		{ "/a\n0::/b", "a newline" },
	};
	struct error err;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		CHECK_INT(-EINVAL, tree_check_path(bad[i].path, &err));
		CHECK_CONTAINS(bad[i].why, err.text);
	}
}

static void refuses_long_paths(void)
{
	char path[PATH_MAX + 2];
	struct error err;

	memset(path, 'a', sizeof(path));
	path[0] = '/';
	path[NAME_MAX + 1] = '\0';
	CHECK_INT(0, tree_check_path(path, &err));
	path[NAME_MAX + 1] = 'a';
	path[NAME_MAX + 2] = '\0';
	CHECK_INT(-EINVAL, tree_check_path(path, &err));
	CHECK_CONTAINS("longer than 255", err.text);
	for (size_t i = 0; i < PATH_MAX; i += 2)
		path[i] = '/';
	for (size_t i = 1; i < PATH_MAX; i += 2)
		path[i] = 'b';
	path[PATH_MAX] = '\0';
	CHECK_INT(-EINVAL, tree_check_path(path, &err));
	CHECK_CONTAINS("longer than 4095 bytes", err.text);
	path[PATH_MAX - 2] = '\0';
	CHECK_INT(0, tree_check_path(path, &err));
}

static void refuses_targets(void)
{
	struct cgroup_host host = { .root_fd = -1 };
	struct error err;

	CHECK_INT(-ENOTSUP, tree_check_target(&host, "/a", &err));
	CHECK_CONTAINS("no cgroup v2 mount", err.text);
	host.root_fd = 0;
	CHECK_INT(-EINVAL, tree_check_target(&host, "/", &err));
	CHECK_CONTAINS("root cgroup", err.text);
	CHECK_INT(0, tree_check_target(&host, "/a", &err));
}

static char temporary_path[] = "/tmp/coffer-tree-XXXXXX";

static int temporary(void)
{
	int fd;

	strcpy(temporary_path, "/tmp/coffer-tree-XXXXXX");
	CHECK(mkdtemp(temporary_path) != NULL);
	fd = open(temporary_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(fd >= 0);
	return fd;
}

static void discard(int fd)
{
	(void)close(fd);
	CHECK(rmdir(temporary_path) == 0);
}

static void stays_beneath(void)
{
	int fd = temporary();
	int other;

	CHECK(mkdirat(fd, "a", 0700) == 0 && symlinkat("/tmp", fd, "link") == 0);
	other = tree_open(fd, "/a", O_RDONLY);
	CHECK(other >= 0);
	(void)close(other);
	other = tree_open(fd, "/", O_PATH);
	CHECK(other >= 0);
	(void)close(other);
	CHECK_INT(-ENOENT, tree_open(fd, "/b", O_RDONLY));
	CHECK_INT(-ELOOP, tree_open(fd, "/link", O_RDONLY));
	CHECK_INT(-EXDEV, tree_open(fd, "/a/../..", O_RDONLY));
	(void)unlinkat(fd, "link", 0);
	(void)unlinkat(fd, "a", AT_REMOVEDIR);
	discard(fd);
}

struct seen {
	size_t entered, left, deepest;
	int stop_at; /* number of the enter() call that fails, 0 for none */
};

static int count_enter(int fd, size_t depth, void *data)
{
	struct seen *seen = data;

	(void)fd;
	seen->entered++;
	if (depth > seen->deepest)
		seen->deepest = depth;
	return seen->stop_at && seen->entered == (size_t)seen->stop_at ? -EIO : 0;
}

static int remove_left(int parent_fd, const char *name, void *data)
{
	((struct seen *)data)->left++;
	return unlinkat(parent_fd, name, AT_REMOVEDIR) < 0 ? -errno : 0;
}

static void walks_wide(void)
{
	struct seen seen = { 0 };
	const struct tree_visitor visitor = { count_enter, remove_left, &seen };
	int fd = temporary();

	for (int i = 0; i < 60; i++) {
		char name[32];

		(void)snprintf(name, sizeof(name), "%d", i);
		CHECK(mkdirat(fd, name, 0700) == 0);
		(void)snprintf(name, sizeof(name), "%d/x", i);
		CHECK(mkdirat(fd, name, 0700) == 0);
		(void)snprintf(name, sizeof(name), "%d/y", i);
		CHECK(mkdirat(fd, name, 0700) == 0);
	}
	CHECK_INT(0, tree_walk(fd, &visitor));
	CHECK_INT(181, seen.entered);
	CHECK_INT(180, seen.left);
	CHECK_INT(2, seen.deepest);
	/* All gone: post-order held. */
	seen = (struct seen){ 0 };
	CHECK_INT(0, tree_walk(fd, &visitor));
	CHECK_INT(1, seen.entered);
	discard(fd);
}

enum { DEEP = 600 };

/* Deeper than PATH_MAX allows names and than the fd limit would allow fds. */
static void walks_deep(void)
{
	struct seen seen = { 0 };
	const struct tree_visitor visitor = { count_enter, remove_left, &seen };
	const struct rlimit few = { 64, 64 };
	int top = temporary();
	int fd = dup(top);

	for (int i = 0; i < DEEP; i++) {
		int next;

		CHECK(mkdirat(fd, "deep-name", 0700) == 0);
		next = openat(fd, "deep-name", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		CHECK(next >= 0);
		(void)close(fd);
		fd = next;
	}
	(void)close(fd);
	CHECK_INT(0, setrlimit(RLIMIT_NOFILE, &few));
	CHECK_INT(0, tree_walk(top, &visitor));
	CHECK_INT(DEEP + 1, seen.entered);
	CHECK_INT(DEEP, seen.left);
	CHECK_INT(DEEP, seen.deepest);
	discard(top);
}

static void stops_on_error(void)
{
	struct seen seen = { .stop_at = 2 };
	const struct tree_visitor visitor = { count_enter, NULL, &seen };
	int fd = temporary();

	CHECK(mkdirat(fd, "a", 0700) == 0 && mkdirat(fd, "b", 0700) == 0);
	CHECK_INT(-EIO, tree_walk(fd, &visitor));
	CHECK_INT(2, seen.entered);
	(void)unlinkat(fd, "a", AT_REMOVEDIR);
	(void)unlinkat(fd, "b", AT_REMOVEDIR);
	discard(fd);
}

static const struct test tests[] = {
	TEST(accepts_clean_paths), TEST(refuses_other_paths), TEST(refuses_long_paths), TEST(refuses_targets),
	TEST(stays_beneath),       TEST(walks_wide),          TEST(walks_deep),         TEST(stops_on_error),
};
TEST_MAIN(tests)
