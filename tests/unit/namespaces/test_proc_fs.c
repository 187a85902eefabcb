/*
 * test_proc_fs.c - a procfs by fd: really procfs, attached nowhere, of the caller's pid namespace, not to be covered by
 * what is mounted on /proc; and refused without privilege.
 */
#include "namespaces/proc_fs.h"

#include <errno.h>
#include <linux/magic.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/path.h"
#include "tests/unit/mount_ns.h"

static int detached_body(void)
{
	struct error err;
	auto_fd int proc = proc_fs_open(&err);
	char text[64];

	EXPECT(proc >= 0 && fcntl(proc, F_GETFD) == FD_CLOEXEC);
	EXPECT(path_on_fs(proc, PROC_SUPER_MAGIC));
	EXPECT(strstr(text_of("/proc/self/mountinfo"), "(detached)") == NULL);
	/* What hides the /proc of paths does not hide this one. */
	EXPECT(mount("tmpfs", "/proc", "tmpfs", 0, NULL) == 0 && access("/proc/self", F_OK) < 0);
	EXPECT(fd_read_small(proc, "self/comm", text, sizeof(text)) > 0);
	EXPECT(fd_write_existing(proc, "thread-self/comm", "renamed") == 0);
	EXPECT(fd_read_small(proc, "self/comm", text, sizeof(text)) == 7 && strcmp(text, "renamed") == 0);
	return 0;
}

static void detached_and_uncoverable(void)
{
	in_mount_ns(detached_body);
}

static int as_pid_one(const void *unused)
{
	struct error err;
	auto_fd int proc = proc_fs_open(&err);
	char path[32];
	char self[16] = "";

	(void)unused;
	EXPECT(proc >= 0 && getpid() == 1);
	EXPECT(readlinkat(proc, "self", self, sizeof(self) - 1) == 1 && strcmp(self, "1") == 0);
	/* The numbers of the outer namespace mean nothing in it. */
	(void)snprintf(path, sizeof(path), "%d", 2);
	EXPECT(faccessat(proc, path, F_OK, 0) < 0);
	return 0;
}

static int own_namespace_body(void)
{
	EXPECT(unshare(CLONE_NEWPID) == 0);
	EXPECT(in_child(as_pid_one, NULL) == 0);
	return 0;
}

static void of_the_own_pid_namespace(void)
{
	in_mount_ns(own_namespace_body);
}

static int unprivileged_body(void)
{
	struct error err;

	EXPECT(setresgid(1000, 1000, 1000) == 0 && setresuid(1000, 1000, 1000) == 0);
	EXPECT(proc_fs_open(&err) == -EPERM);
	EXPECT(strstr(err.text, "Operation not permitted"));
	return 0;
}

static void refused_without_privilege(void)
{
	in_mount_ns(unprivileged_body);
}

static const struct test tests[] = {
	TEST(detached_and_uncoverable),
	TEST(of_the_own_pid_namespace),
	TEST(refused_without_privilege),
};
TEST_MAIN(tests)
