/* test_container_dir.c - directories of containers: which are left over, and that only these go. */
#include "image/container_dir.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/tree.h"
#include "tests/unit/test.h"

static int make_dir(const char *base, const char *name, const char *state)
{
	char path[512];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/containers/%s", base, name);
	CHECK_INT(0, mkdir(path, 0700));
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(fd >= 0 && mkdirat(fd, "upper", 0755) == 0 && mkdirat(fd, "upper/deep", 0) == 0);
	if (state) {
		auto_fd int file = openat(fd, "state", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

		CHECK_INT(0, fd_write_all(file, state, strlen(state)));
	}
	return fd;
}

static bool is_there(const char *base, const char *name)
{
	char path[512];

	(void)snprintf(path, sizeof(path), "%s/containers/%s", base, name);
	return access(path, F_OK) == 0;
}

static void only_left_overs_go(void)
{
	char base[] = "/tmp/coffer-test.XXXXXX";
	char live[64];
	char gone[64];
	struct error err = { 0 };
	struct store store = { .path = base };
	auto_fd int locked = -1;
	auto_fd int root = -1;
	size_t count;

	CHECK(mkdtemp(base));
	root = open(base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	store.root = root;
	CHECK_INT(0, mkdirat(root, "containers", 0700));
	CHECK_INT(0, mkdirat(root, "live", 0700));
	(void)snprintf(live, sizeof(live), "%s/live", base);
	(void)snprintf(gone, sizeof(gone), "%s/gone", base);
	(void)close(make_dir(base, "running", live));
	(void)close(make_dir(base, "rebooted", gone));
	(void)close(make_dir(base, "killed", NULL));
	(void)close(make_dir(base, "odd", "relative"));
	locked = make_dir(base, "locked", gone);
	CHECK_INT(0, flock(locked, LOCK_EX));
	CHECK_INT(0, symlinkat("../live", root, "containers/link"));
	CHECK_INT(0, container_dirs_prune(&store, &count, &err));
	CHECK_INT(3, count);
	CHECK(is_there(base, "running") && is_there(base, "locked") && is_there(base, "link"));
	CHECK(!is_there(base, "rebooted") && !is_there(base, "killed") && !is_there(base, "odd"));
	CHECK_INT(0, chdir("/tmp"));
	CHECK_INT(0, tree_remove(AT_FDCWD, base + strlen("/tmp/"), &err));
}

static const struct test tests[] = { TEST(only_left_overs_go) };

TEST_MAIN(tests)
