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

static void put(int dir_fd, const char *name, const char *text)
{
	auto_fd int file = openat(dir_fd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	CHECK_INT(0, fd_write_all(file, text, strlen(text)));
}

/* state, boot: what these files have in them; NULL: they are not there. */
static int make_dir(const char *base, const char *name, const char *state, const char *boot)
{
	char path[512];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/containers/%s", base, name);
	CHECK_INT(0, mkdir(path, 0700));
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(fd >= 0 && mkdirat(fd, "upper", 0755) == 0 && mkdirat(fd, "upper/deep", 0) == 0);
	if (state)
		put(fd, "state", state);
	if (boot)
		put(fd, "boot", boot);
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
	auto_arena struct arena *arena = arena_new();
	char boot[CONTAINER_DIR_BOOT_SIZE];
	const char **kept;
	char live[64];
	char gone[64];
	struct error err = { 0 };
	struct store store = { .path = base };
	auto_fd int locked = -1;
	auto_fd int root = -1;

	CHECK(mkdtemp(base));
	root = open(base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	store.root = root;
	CHECK_INT(0, mkdirat(root, "containers", 0700));
	CHECK_INT(0, mkdirat(root, "live", 0700));
	(void)snprintf(live, sizeof(live), "%s/live", base);
	(void)snprintf(gone, sizeof(gone), "%s/gone", base);
	CHECK_INT(36, strlen(container_dir_boot(boot)));
	(void)close(make_dir(base, "running", live, "another boot"));
	(void)close(make_dir(base, "rebooted", gone, NULL));
	(void)close(make_dir(base, "kept", gone, "another boot"));
	(void)close(make_dir(base, "killed", NULL, NULL));
	(void)close(make_dir(base, "killed-late", gone, boot));
	(void)close(make_dir(base, "odd", "relative", NULL));
	locked = make_dir(base, "locked", gone, NULL);
	CHECK_INT(0, flock(locked, LOCK_EX));
	CHECK_INT(0, symlinkat("../live", root, "containers/link"));
	CHECK_INT(0, container_dirs_prune(&store, arena, &kept, &err));
	CHECK(kept[0] && !kept[1]);
	CHECK_STR("kept", kept[0]);
	CHECK(is_there(base, "running") && is_there(base, "locked") && is_there(base, "link"));
	CHECK(is_there(base, "kept") && !is_there(base, "killed-late"));
	CHECK(!is_there(base, "rebooted") && !is_there(base, "killed") && !is_there(base, "odd"));
	CHECK_INT(0, chdir("/tmp"));
	CHECK_INT(0, tree_remove(AT_FDCWD, base + strlen("/tmp/"), &err));
}

static const struct test tests[] = { TEST(only_left_overs_go) };

TEST_MAIN(tests)
