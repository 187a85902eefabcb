/* cgroup_create, cgroup_open, cgroup_attach on a private cgroup2 mount. */
#include "cgroups/cgroup.h"

#include <sys/stat.h>

#include "base/proc.h"
#include "base/str.h"
#include "cgroups/tree.h"
#include "sandbox.h"

static bool exists(const struct cgroup_host *host, const char *path)
{
	return faccessat(host->root_fd, path + 1, F_OK, 0) == 0;
}

static void refuses_bad_paths(void)
{
	static const char *const bad[] = { "", "x", "/", "/a/../b", "/..", "/a//b", "/a/", "/./a", "/a\nb" };
	struct cgroup_host host = { .root_fd = open("/tmp", O_PATH | O_DIRECTORY | O_CLOEXEC) };
	struct cgroup *cgroup = NULL;
	struct error err;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		CHECK_INT(-EINVAL, cgroup_create(&host, bad[i], 0, &cgroup, &err));
		CHECK_INT(-EINVAL, cgroup_remove(&host, bad[i], &err));
		if (!str_eq(bad[i], "/"))
			CHECK_INT(-EINVAL, cgroup_open(&host, bad[i], &cgroup, &err));
		CHECK(cgroup == NULL);
	}
	cgroup_host_close(&host);
}

static void creates_leaf_and_parents(void)
{
	struct cgroup_host host;
	struct cgroup *cgroup;
	struct error err;

	sandbox_enter(&host);
	cgroup = sandbox_create(&host, "a/b/c");
	CHECK_STR(sandbox_path("a/b/c"), cgroup_path(cgroup));
	CHECK(faccessat(cgroup_fd(cgroup), "cgroup.procs", F_OK, 0) == 0);
	CHECK(fcntl(cgroup_fd(cgroup), F_GETFD) & FD_CLOEXEC);
	cgroup_close(cgroup);
	/* Again: new or empty will do. */
	cgroup = sandbox_create(&host, "a/b/c");
	cgroup_close(cgroup);
	CHECK_INT(0, cgroup_open(&host, sandbox_path("a"), &cgroup, &err));
	cgroup_close(cgroup);
	CHECK_INT(-ENOENT, cgroup_open(&host, sandbox_path("x"), &cgroup, &err));
	CHECK_CONTAINS("does not exist", err.text);
	CHECK_INT(0, cgroup_open(&host, "/", &cgroup, &err));
	cgroup_close(cgroup);
	cgroup_close(NULL);
	sandbox_leave(&host);
}

static void takes_nothing_over(void)
{
	struct cgroup_host host;
	struct cgroup *cgroup;
	struct cgroup *other = NULL;
	struct error err;
	pid_t pid;

	sandbox_enter(&host);
	cgroup = sandbox_create(&host, "used");
	CHECK_INT(0, cgroup_check_unused(&host, sandbox_path("missing"), &err));
	CHECK_INT(0, cgroup_check_unused(&host, sandbox_path("used"), &err));
	CHECK_INT(-EINVAL, cgroup_check_unused(&host, "/a/../b", &err));
	pid = sandbox_sleeper(cgroup);
	CHECK_INT(-EBUSY, cgroup_check_unused(&host, sandbox_path("used"), &err));
	CHECK_INT(-EBUSY, cgroup_create(&host, sandbox_path("used"), 0, &other, &err));
	CHECK_CONTAINS("already has processes", err.text);
	CHECK(exists(&host, sandbox_path("used")));
	(void)kill(pid, SIGKILL);
	CHECK_INT(SIGKILL, sandbox_reap(pid));
	CHECK_INT(0, cgroup_freeze(cgroup, true, 1000, &err));
	CHECK_INT(-EBUSY, cgroup_create(&host, sandbox_path("used"), 0, &other, &err));
	CHECK_CONTAINS("frozen", err.text);
	CHECK(other == NULL);
	cgroup_close(cgroup);
	sandbox_leave(&host);
}

static void refuses_files_for_names(void)
{
	struct cgroup_host host;
	struct cgroup *cgroup = NULL;
	struct error err;

	sandbox_enter(&host);
	cgroup_close(sandbox_create(&host, "x"));
	CHECK_INT(-EINVAL, cgroup_create(&host, sandbox_path("x/cgroup.procs"), 0, &cgroup, &err));
	CHECK_CONTAINS("control file", err.text);
	CHECK(cgroup_create(&host, sandbox_path("x/cgroup.procs/y"), 0, &cgroup, &err) < 0);
	CHECK(exists(&host, sandbox_path("x")));
	sandbox_leave(&host);
}

static void rolls_back(void)
{
	struct cgroup_host host;
	struct cgroup *cgroup = NULL;
	struct error err;

	sandbox_enter(&host);
	cgroup_close(sandbox_create(&host, "keep"));
	host.controllers = 0;
	CHECK_INT(-ENOTSUP, cgroup_create(&host, sandbox_path("keep/a/b/c"), 1u << CGROUP_MISC, &cgroup, &err));
	CHECK_CONTAINS("misc controller", err.text);
	CHECK(cgroup == NULL);
	CHECK(!exists(&host, sandbox_path("keep/a")));
	CHECK(exists(&host, sandbox_path("keep")));
	CHECK_INT(-ENOTSUP, cgroup_create(&host, sandbox_path("keep"), 1u << CGROUP_MISC, &cgroup, &err));
	CHECK(exists(&host, sandbox_path("keep")));
	/* Depth limit of an ancestor: half the way is made, and removed again. */
	CHECK_INT(0, cgroup_open(&host, sandbox_path("keep"), &cgroup, &err));
	CHECK_INT(0, fd_write_existing(cgroup_fd(cgroup), "cgroup.max.depth", "1"));
	cgroup_close(cgroup);
	CHECK_INT(-EAGAIN, cgroup_create(&host, sandbox_path("keep/a/b"), 0, &cgroup, &err));
	CHECK_CONTAINS("cgroup.max.depth", err.text);
	CHECK(!exists(&host, sandbox_path("keep/a")));
	sandbox_leave(&host);
}

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
	TEST(refuses_bad_paths),
	TEST(creates_leaf_and_parents),
	TEST(takes_nothing_over),
	TEST(refuses_files_for_names),
	TEST(rolls_back),
	TEST(attaches),
	TEST(explains_refused_attaches),
	TEST(explains_busy_cgroups),
	TEST(clones_into),
};
TEST_MAIN(tests)
