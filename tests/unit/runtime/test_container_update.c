/* test_container_update.c - which containers take new limits. */
#include <errno.h>

#include "base/str.h"
#include "cgroup_fixture.h"
#include "container_fixture.h"

static void refuses_without_cgroup_or_process(void)
{
	const char *root = fixture_root();
	const struct runtime runtime = { .root = root };
	const struct cgroup_limits limits = { .pids_limit = { .value = 10, .set = true } };
	struct error err;

	(void)fixture_container(root, "run", INIT_RUNS, NULL);
	(void)fixture_container(root, "end", INIT_ENDED, NULL);
	CHECK_INT(-EINVAL, container_update(&runtime, "run", &limits, false, &err));
	CHECK_STR("cannot update container `run`: container `run` has no cgroup", err.text);
	CHECK_INT(-ESRCH, container_update(&runtime, "end", &limits, false, &err));
	CHECK_STR("cannot update container `end`: container not running", err.text);
	CHECK_INT(-ENOENT, container_update(&runtime, "none", &limits, false, &err));
	CHECK_STR("container `none` does not exist", err.text);
}

/* hugetlb is the one controller that a hybrid host is likely to have on v2. */
static void sets_a_limit(void)
{
	auto_test_cgroup struct test_cgroup test = test_cgroup_make("update");
	struct limit_hugepage page = { .page_size = "2MB", .limit = 4 * 1024 * 1024 };
	const struct cgroup_limits limits = { .hugepages = &page, .n_hugepages = 1 };
	const char *root = fixture_root();
	const struct runtime runtime = { .root = root };
	struct error err = { 0 };
	char text[64];
	pid_t pid;

	if (faccessat(cgroup_fd(test.cgroup), "hugetlb.2MB.max", W_OK, 0) < 0)
		TEST_SKIP("no hugetlb controller on v2 for a cgroup at the top");
	pid = fixture_container(root, "x", INIT_RUNS, test.path);
	CHECK_INT(0, cgroup_attach(test.cgroup, pid, &err));
	if (container_update(&runtime, "x", &limits, false, &err) < 0)
		test_stop(TEST_FAILED, "%s", err.text);
	CHECK(fd_read_small(cgroup_fd(test.cgroup), "hugetlb.2MB.max", text, sizeof(text)) > 0);
	CHECK_STR("4194304", text);
}

static const struct test tests[] = { TEST(refuses_without_cgroup_or_process), TEST(sets_a_limit) };
TEST_MAIN(tests)
