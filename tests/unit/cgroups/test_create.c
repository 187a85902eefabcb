/* cgroup_create, cgroup_check_unused and cgroup_open on a private cgroup2 mount. */
#include "cgroups/cgroup.h"

#include <sys/stat.h>

#include "base/str.h"
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

static const struct test tests[] = {
	TEST(refuses_bad_paths),  TEST(creates_leaf_and_parents),
	TEST(takes_nothing_over), TEST(refuses_files_for_names),
	TEST(rolls_back),
};
TEST_MAIN(tests)
