/* cgroup_remove: missing, plain, trees of any depth, dying and living processes. */
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

#include "sandbox.h"

static void removes_what_is_there(void)
{
	struct cgroup_host host;
	struct error err;

	sandbox_enter(&host);
	CHECK_INT(0, cgroup_remove(&host, sandbox_path("missing/too"), &err));
	cgroup_close(sandbox_create(&host, "a"));
	CHECK_INT(0, cgroup_remove(&host, sandbox_path("a"), &err));
	CHECK(faccessat(host.root_fd, sandbox_path("a") + 1, F_OK, 0) < 0);
	/* The parent was made by cgroup_create too, but is shared: it stays. */
	CHECK(faccessat(host.root_fd, sandbox_path("") + 1, F_OK, 0) == 0);
	CHECK_INT(0, cgroup_remove(&host, sandbox_path("a"), &err));
	sandbox_leave(&host);
}

static void removes_trees(void)
{
	struct cgroup_host host;
	struct error err;

	sandbox_enter(&host);
	for (int i = 0; i < 20; i++) {
		char name[64];

		(void)snprintf(name, sizeof(name), "tree/%d/x/y", i);
		cgroup_close(sandbox_create(&host, name));
	}
	CHECK_INT(0, cgroup_remove(&host, sandbox_path("tree"), &err));
	CHECK(faccessat(host.root_fd, sandbox_path("tree") + 1, F_OK, 0) < 0);
	sandbox_leave(&host);
}

enum { DEEP = 400 };

/* A container with a delegated cgroup may nest as deep as it likes. */
static int remove_deep(const struct cgroup_host *host)
{
	const struct rlimit few = { 32, 32 };
	struct error err;
	int fd = openat(host->root_fd, sandbox_path("") + 1, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	for (int i = 0; i < DEEP; i++) {
		int next;

		if (mkdirat(fd, "d", 0755) < 0)
			return 1;
		next = openat(fd, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		(void)close(fd);
		fd = next;
	}
	(void)close(fd);
	if (setrlimit(RLIMIT_NOFILE, &few) < 0)
		return 2;
	return cgroup_remove(host, sandbox_path("d"), &err) < 0 ? 3 : 0;
}

static void removes_deep_trees(void)
{
	struct cgroup_host host;
	char path[256];

	sandbox_enter(&host);
	(void)snprintf(path, sizeof(path), "%s", sandbox_path(""));
	CHECK(mkdirat(host.root_fd, path + 1, 0755) == 0);
	CHECK_INT(0, remove_deep(&host)); /* last of all tests: the limit on fds stays */
	sandbox_leave(&host);
}

static void waits_for_the_dying(void)
{
	struct cgroup_host host;
	struct cgroup *cgroup;
	struct error err;
	pid_t pids[8];

	sandbox_enter(&host);
	for (int round = 0; round < 10; round++) {
		cgroup = sandbox_create(&host, "dying/child");
		for (size_t i = 0; i < ARRAY_SIZE(pids); i++)
			pids[i] = sandbox_sleeper(cgroup);
		CHECK_INT(0, cgroup_kill(cgroup, &err));
		if (cgroup_remove(&host, sandbox_path("dying"), &err) < 0)
			test_stop(TEST_FAILED, "%s", err.text);
		for (size_t i = 0; i < ARRAY_SIZE(pids); i++)
			CHECK_INT(SIGKILL, sandbox_reap(pids[i]));
		cgroup_close(cgroup);
	}
	sandbox_leave(&host);
}

static void gives_up_on_the_living(void)
{
	struct cgroup_host host;
	struct cgroup *cgroup;
	struct error err;
	struct timespec start;
	struct timespec end;
	char text[64];
	pid_t pid;

	sandbox_enter(&host);
	cgroup = sandbox_create(&host, "living");
	pid = sandbox_sleeper(cgroup);
	(void)clock_gettime(CLOCK_MONOTONIC, &start);
	CHECK_INT(-EBUSY, cgroup_remove(&host, sandbox_path("living"), &err));
	(void)clock_gettime(CLOCK_MONOTONIC, &end);
	(void)snprintf(text, sizeof(text), "it still has 1 processes, the first is %d", pid);
	CHECK_CONTAINS(text, err.text);
	CHECK(end.tv_sec - start.tv_sec < 10);
	CHECK_INT(0, cgroup_kill(cgroup, &err));
	CHECK_INT(SIGKILL, sandbox_reap(pid));
	cgroup_close(cgroup);
	sandbox_leave(&host);
}

static const struct test tests[] = {
	TEST(removes_what_is_there),  TEST(removes_trees),      TEST(waits_for_the_dying),
	TEST(gives_up_on_the_living), TEST(removes_deep_trees),
};
TEST_MAIN(tests)
