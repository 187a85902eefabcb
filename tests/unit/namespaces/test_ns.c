/* test_ns.c - the namespace table, and opening and joining by it. */
#include "namespaces/ns.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "tests/unit/child.h"
#include "tests/unit/test.h"

static void names_match_the_spec(void)
{
	static const char *const spec[] = { "user", "pid", "network", "ipc", "uts", "time", "cgroup", "mount" };

	for (int i = 0; i < NS_TYPE_MAX; i++) {
		CHECK_STR(spec[i], ns_info((enum ns_type)i)->name);
		CHECK_INT(i, ns_by_name(spec[i]));
	}
	CHECK_INT(-EINVAL, ns_by_name("net"));
	CHECK_INT(-EINVAL, ns_by_name("mnt"));
	CHECK_INT(-EINVAL, ns_by_name(""));
	CHECK_INT(-EINVAL, ns_by_name("Pid"));
}

static void opens_every_own_namespace(void)
{
	struct error err;

	for (int i = 0; i < NS_TYPE_MAX; i++) {
		char path[64];
		auto_fd int fd = -1;

		(void)snprintf(path, sizeof(path), "/proc/self/ns/%s", ns_info((enum ns_type)i)->proc);
		fd = ns_open((enum ns_type)i, path, &err);
		if (fd < 0)
			printf("# %s\n", err.text);
		CHECK(fd >= 0);
		CHECK(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	}
}

static void wrong_type_is_named(void)
{
	struct error err;

	CHECK_INT(-EINVAL, ns_open(NS_PID, "/proc/self/ns/net", &err));
	CHECK_STR("/proc/self/ns/net is a network namespace, not a pid namespace", err.text);
}

static void other_files_are_refused(void)
{
	char fifo[] = "/tmp/coffer-test-ns-XXXXXX";
	struct error err;

	CHECK_INT(-EINVAL, ns_open(NS_PID, "/dev/null", &err));
	CHECK_CONTAINS("/dev/null is not a namespace file", err.text);
	CHECK_INT(-EINVAL, ns_open(NS_PID, "/etc/passwd", &err));
	CHECK_INT(-ENOENT, ns_open(NS_UTS, "/no/such/file", &err));
	CHECK_STR("open uts namespace /no/such/file: No such file or directory", err.text);

	CHECK(mkdtemp(fifo));
	CHECK_INT(0, rmdir(fifo));
	CHECK_INT(0, mkfifo(fifo, 0600));
	CHECK_INT(-EINVAL, ns_open(NS_UTS, fifo, &err)); /* and does not hang */
	CHECK_INT(0, unlink(fifo));
}

static int leave_and_rejoin(const void *unused)
{
	struct error err;
	struct stat before, away, back;
	int fd = ns_open(NS_UTS, "/proc/self/ns/uts", &err);

	(void)unused;
	EXPECT(fd >= 0);
	EXPECT(stat("/proc/self/ns/uts", &before) == 0);
	EXPECT(unshare(CLONE_NEWUTS) == 0);
	EXPECT(stat("/proc/self/ns/uts", &away) == 0);
	EXPECT(away.st_ino != before.st_ino);
	EXPECT(ns_join(NS_NETWORK, fd, &err) == -EINVAL);
	EXPECT(strcmp(err.text, "join the network namespace: Invalid argument") == 0);
	EXPECT(ns_join(NS_UTS, fd, &err) == 0);
	EXPECT(stat("/proc/self/ns/uts", &back) == 0);
	EXPECT(back.st_ino == before.st_ino);
	return 0;
}

static void joins(void)
{
	if (geteuid() != 0)
		TEST_SKIP("setns needs root");
	CHECK_INT(0, in_child(leave_and_rejoin, NULL));
}

static const struct test tests[] = {
	TEST(names_match_the_spec),
	TEST(opens_every_own_namespace),
	TEST(wrong_type_is_named),
	TEST(other_files_are_refused),
	TEST(joins),
};
TEST_MAIN(tests)
