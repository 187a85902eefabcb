/* cgroup_freeze, cgroup_is_frozen, cgroup_wait_empty. */
#include <sys/mman.h>

#include "sandbox.h"

static void freezes_and_thaws(void)
{
	struct cgroup_host host;
	struct cgroup *cgroup;
	struct error err;
	bool frozen = true;
	pid_t pids[3];

	sandbox_enter(&host);
	cgroup = sandbox_create(&host, "f");
	for (size_t i = 0; i < ARRAY_SIZE(pids); i++)
		pids[i] = sandbox_sleeper(cgroup);
	CHECK_INT(0, cgroup_is_frozen(cgroup, &frozen, &err));
	CHECK(!frozen);
	for (int round = 0; round < 5; round++) {
		CHECK_INT(0, cgroup_freeze(cgroup, true, 5000, &err));
		CHECK_INT(0, cgroup_is_frozen(cgroup, &frozen, &err));
		CHECK(frozen);
		CHECK_INT(0, cgroup_freeze(cgroup, false, 5000, &err));
		CHECK_INT(0, cgroup_is_frozen(cgroup, &frozen, &err));
		CHECK(!frozen);
	}
	CHECK_INT(0, cgroup_kill(cgroup, &err));
	for (size_t i = 0; i < ARRAY_SIZE(pids); i++)
		CHECK_INT(SIGKILL, sandbox_reap(pids[i]));
	cgroup_close(cgroup);
	sandbox_leave(&host);
}

/* As a `delete` does it at the same moment, or systemd. */
static void a_removed_one_is_not_frozen(void)
{
	struct cgroup_host host;
	struct cgroup *cgroup;
	struct error err;
	bool frozen = true;

	sandbox_enter(&host);
	cgroup = sandbox_create(&host, "f");
	CHECK_INT(0, cgroup_remove(&host, sandbox_path("f"), &err));
	CHECK_INT(0, cgroup_is_frozen(cgroup, &frozen, &err));
	CHECK(!frozen);
	cgroup_close(cgroup);
	sandbox_leave(&host);
}

static void times_out(void)
{
	struct cgroup_host host;
	struct cgroup *cgroup;
	struct cgroup *child;
	struct error err;
	pid_t pid;

	sandbox_enter(&host);
	cgroup = sandbox_create(&host, "f");
	child = sandbox_create(&host, "f/child");
	pid = sandbox_sleeper(child);
	CHECK_INT(0, cgroup_freeze(cgroup, true, 5000, &err));
	/* The child is frozen by its parent and cannot thaw alone. */
	CHECK_INT(-ETIMEDOUT, cgroup_freeze(child, false, 50, &err));
	CHECK_CONTAINS("still frozen after 50 ms", err.text);
	CHECK_CONTAINS("ancestor", err.text);
	CHECK_INT(-ETIMEDOUT, cgroup_wait_empty(child, 0, &err));
	CHECK_CONTAINS("still has processes", err.text);
	CHECK_INT(0, cgroup_freeze(cgroup, false, 5000, &err));
	CHECK_INT(0, cgroup_kill(cgroup, &err));
	CHECK_INT(SIGKILL, sandbox_reap(pid));
	CHECK_INT(0, cgroup_wait_empty(cgroup, 5000, &err));
	cgroup_close(child);
	cgroup_close(cgroup);
	sandbox_leave(&host);
}

enum { LONG_WRITE = 64 * 1024 * 1024 };

/* Tasks stop when they leave the kernel, and this one is in there for milliseconds at a time. */
static void write_for_long(void)
{
	int fd = memfd_create("long", MFD_CLOEXEC);
	char *data = calloc(1, LONG_WRITE);

	while (data && pwrite(fd, data, LONG_WRITE, 0) > 0)
		;
	_exit(1);
}

static void times_out_on_slow_tasks(void)
{
	struct cgroup_host host;
	struct cgroup *cgroup;
	struct error err;
	pid_t pid;
	int r = 0;

	sandbox_enter(&host);
	cgroup = sandbox_create(&host, "slow");
	pid = fork();
	if (pid == 0)
		write_for_long();
	CHECK_INT(0, cgroup_attach(cgroup, pid, &err));
	for (int round = 0; round < 200 && r == 0; round++) {
		(void)usleep(1000);
		r = cgroup_freeze(cgroup, true, 0, &err);
		CHECK_INT(0, r == 0 ? cgroup_freeze(cgroup, false, 5000, &err) : 0);
	}
	CHECK_INT(-ETIMEDOUT, r);
	CHECK_CONTAINS("is not frozen after 0 ms", err.text);
	CHECK_INT(0, cgroup_freeze(cgroup, true, 5000, &err));
	CHECK_INT(0, cgroup_kill(cgroup, &err));
	CHECK_INT(SIGKILL, sandbox_reap(pid));
	cgroup_close(cgroup);
	sandbox_leave(&host);
}

static void waits_until_empty(void)
{
	struct cgroup_host host;
	struct cgroup *cgroup;
	struct error err;
	pid_t pid;

	sandbox_enter(&host);
	cgroup = sandbox_create(&host, "w");
	CHECK_INT(0, cgroup_wait_empty(cgroup, 0, &err));
	pid = sandbox_sleeper(cgroup);
	CHECK_INT(0, cgroup_kill(cgroup, &err));
	CHECK_INT(0, cgroup_wait_empty(cgroup, 5000, &err));
	CHECK_INT(SIGKILL, sandbox_reap(pid));
	CHECK_INT(0, cgroup_remove(&host, sandbox_path("w"), &err));
	CHECK_INT(0, cgroup_wait_empty(cgroup, 0, &err));
	CHECK(cgroup_freeze(cgroup, true, 0, &err) < 0);
	cgroup_close(cgroup);
	sandbox_leave(&host);
}

static const struct test tests[] = {
	TEST(freezes_and_thaws),       TEST(a_removed_one_is_not_frozen), TEST(times_out),
	TEST(times_out_on_slow_tasks), TEST(waits_until_empty),
};
TEST_MAIN(tests)
