/* cgroup_attach, clone into a cgroup, and the texts for both when the kernel refuses. */
#include "base/proc.h"
#include "sandbox.h"

static void attaches(void)
{
	struct cgroup_host host;
	struct cgroup *cgroup;
	struct error err;
	pid_t *pids;
	size_t count;
	pid_t pid;

	sandbox_enter(&host);
	cgroup = sandbox_create(&host, "x");
	pid = sandbox_sleeper(cgroup);
	CHECK_INT(0, cgroup_pids(cgroup, &pids, &count, &err));
	CHECK_INT(1, count);
	CHECK_INT(pid, pids[0]);
	free(pids);
	CHECK_INT(-EINVAL, cgroup_attach(cgroup, 0, &err));
	CHECK_INT(-EINVAL, cgroup_attach(cgroup, -1, &err));
	(void)kill(pid, SIGKILL);
	CHECK_INT(SIGKILL, sandbox_reap(pid));
	CHECK_INT(-ESRCH, cgroup_attach(cgroup, pid, &err));
	CHECK_CONTAINS("No such process", err.text);
	cgroup_close(cgroup);
	sandbox_leave(&host);
}

static void explains_refused_attaches(void)
{
	struct cgroup_host host;
	struct cgroup *threaded;
	struct cgroup *invalid;
	struct error err;

	sandbox_enter(&host);
	threaded = sandbox_create(&host, "t/a");
	invalid = sandbox_create(&host, "t/b");
	CHECK_INT(0, fd_write_existing(cgroup_fd(threaded), "cgroup.type", "threaded"));
	CHECK_INT(-EOPNOTSUPP, cgroup_attach(invalid, getpid(), &err));
	CHECK_CONTAINS("domain invalid", err.text);
	CHECK_INT(-EOPNOTSUPP, proc_clone(0, cgroup_fd(invalid), NULL));
	CHECK_INT(-EOPNOTSUPP, cgroup_attach_failed(invalid, EOPNOTSUPP, &err));
	CHECK_CONTAINS("domain invalid", err.text);
	CHECK_INT(-EOPNOTSUPP, cgroup_attach_failed(threaded, EOPNOTSUPP, &err));
	CHECK_CONTAINS("\"threaded\"", err.text);
	cgroup_close(invalid);
	CHECK_INT(0, cgroup_remove(&host, sandbox_path("t/a"), &err));
	CHECK_INT(-ENOENT, cgroup_attach(threaded, getpid(), &err));
	CHECK_CONTAINS("was removed", err.text);
	cgroup_close(threaded);
	sandbox_leave(&host);
}

/* "No internal processes": a cgroup that passes a controller on takes no process. */
static void explains_busy_cgroups(void)
{
	struct cgroup_host host;
	struct cgroup *parent = NULL;
	struct cgroup *leaf = NULL;
	struct error err;
	uint32_t one;

	sandbox_enter(&host);
	one = sandbox_controller(&host);
	if (one == 0)
		TEST_SKIP("no controller on cgroup v2 here");
	CHECK_INT(0, cgroup_create(&host, sandbox_path("p/leaf"), one, &leaf, &err));
	CHECK_INT(0, cgroup_open(&host, sandbox_path("p"), &parent, &err));
	CHECK_INT(-EBUSY, cgroup_attach(parent, getpid(), &err));
	CHECK_CONTAINS("passes controllers to its children", err.text);
	cgroup_close(parent);
	cgroup_close(leaf);
	sandbox_leave(&host);
}

static void clones_into(void)
{
	struct cgroup_host host;
	struct cgroup *cgroup;
	struct error err;
	pid_t *pids;
	size_t count;
	pid_t pid;

	sandbox_enter(&host);
	cgroup = sandbox_create(&host, "clone");
	pid = proc_clone(0, cgroup_fd(cgroup), NULL);
	if (pid == 0)
		for (;;)
			pause();
	CHECK(pid > 0);
	CHECK_INT(0, cgroup_pids(cgroup, &pids, &count, &err));
	CHECK(count == 1 && pids[0] == pid);
	free(pids);
	CHECK_INT(0, cgroup_kill(cgroup, &err));
	CHECK_INT(SIGKILL, sandbox_reap(pid));
	cgroup_close(cgroup);
	sandbox_leave(&host);
}

static const struct test tests[] = {
	TEST(attaches),
	TEST(explains_refused_attaches),
	TEST(explains_busy_cgroups),
	TEST(clones_into),
};
TEST_MAIN(tests)
