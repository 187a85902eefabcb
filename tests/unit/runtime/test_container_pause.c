/* test_container_pause.c - pause and resume, and when they are refused. */
#include <errno.h>

#include "cgroup_fixture.h"
#include "container_fixture.h"

static void refuses_without_cgroup_or_process(void)
{
	const char *root = fixture_root();
	const struct runtime runtime = { .root = root };
	struct error err;

	(void)fixture_container(root, "run", INIT_RUNS, NULL);
	(void)fixture_container(root, "wait", INIT_WAITS, NULL);
	(void)fixture_container(root, "end", INIT_ENDED, NULL);
	CHECK_INT(-EINVAL, container_pause(&runtime, "run", &err));
	CHECK_STR("container `run` has no cgroup", err.text);
	CHECK_INT(-EINVAL, container_resume(&runtime, "run", &err));
	CHECK_STR("cannot resume container `run`: it is running, not paused", err.text);
	CHECK_INT(-EINVAL, container_pause(&runtime, "wait", &err));
	CHECK_STR("container `wait` has no cgroup", err.text);
	CHECK_INT(-ESRCH, container_pause(&runtime, "end", &err));
	CHECK_STR("cannot pause container `end`: container not running", err.text);
	CHECK_INT(-ESRCH, container_resume(&runtime, "end", &err));
	CHECK_INT(-ENOENT, container_pause(&runtime, "none", &err));
}

static void pauses_and_resumes(void)
{
	auto_test_cgroup struct test_cgroup test = test_cgroup_make("pause");
	const char *root = fixture_root();
	const struct runtime runtime = { .root = root };
	struct error err = { 0 };
	bool frozen = false;
	pid_t pid = fixture_container(root, "x", INIT_RUNS, test.path);

	CHECK_INT(0, cgroup_attach(test.cgroup, pid, &err));
	CHECK_INT(0, container_pause(&runtime, "x", &err));
	CHECK_INT(0, cgroup_is_frozen(test.cgroup, &frozen, &err));
	CHECK(frozen);
	CHECK_INT(-EINVAL, container_pause(&runtime, "x", &err));
	CHECK_STR("cannot pause container `x`: it is paused, not created or running", err.text);
	CHECK_INT(0, container_resume(&runtime, "x", &err));
	CHECK_INT(0, cgroup_is_frozen(test.cgroup, &frozen, &err));
	CHECK(!frozen);
}

static const struct test tests[] = { TEST(refuses_without_cgroup_or_process), TEST(pauses_and_resumes) };
TEST_MAIN(tests)
