/* test_state_status.c - the status from process, gate and freezer, and pidfds against pid reuse. */
#include <errno.h>
#include <poll.h>

#include "cgroup_fixture.h"
#include "container_fixture.h"

static enum container_status status_of(const char *root, const char *id)
{
	auto_arena struct arena *arena = arena_new();
	enum container_status status = STATUS_MAX;
	struct state_dir dir;
	struct state state;
	struct error err = { 0 };

	CHECK_INT(0, state_dir_open(root, id, &dir, &err));
	CHECK_INT(0, state_read(&dir, arena, &state, &err));
	CHECK_INT(0, state_status(&dir, &state, &status, &err));
	state_dir_close(&dir);
	return status;
}

static void names(void)
{
	CHECK_STR("creating", status_name(STATUS_CREATING));
	CHECK_STR("created", status_name(STATUS_CREATED));
	CHECK_STR("running", status_name(STATUS_RUNNING));
	CHECK_STR("paused", status_name(STATUS_PAUSED));
	CHECK_STR("stopped", status_name(STATUS_STOPPED));
}

static void follows_the_process(void)
{
	const char *root = fixture_root();
	pid_t pid = fixture_container(root, "run", INIT_RUNS, NULL);

	(void)fixture_container(root, "wait", INIT_WAITS, NULL);
	(void)fixture_container(root, "end", INIT_ENDED, NULL);
	CHECK_INT(STATUS_RUNNING, status_of(root, "run"));
	CHECK_INT(STATUS_CREATED, status_of(root, "wait"));
	CHECK_INT(STATUS_STOPPED, status_of(root, "end"));
	CHECK_INT(0, kill(pid, SIGKILL));
	CHECK_INT(128 + SIGKILL, proc_wait(pid));
	CHECK_INT(STATUS_STOPPED, status_of(root, "run"));
}

static void a_gate_without_init_is_running(void)
{
	const char *root = fixture_root();
	struct state_dir dir;
	struct error err;

	(void)fixture_container(root, "x", INIT_RUNS, NULL);
	CHECK_INT(0, state_dir_open(root, "x", &dir, &err));
	(void)close(fixture_gate(&dir));
	CHECK(fixture_exists(root, "x/start.sock"));
	CHECK_INT(STATUS_RUNNING, status_of(root, "x"));
	state_dir_close(&dir);
}

static void creating_is_a_held_lock(void)
{
	const char *root = fixture_root();
	struct state_dir dir;
	struct error err;

	CHECK_INT(0, state_dir_reserve(root, "x", &dir, &err));
	CHECK_INT(STATUS_STOPPED, status_of(root, "x"));
	CHECK_INT(0, state_dir_lock(&dir, &err));
	CHECK_INT(STATUS_CREATING, status_of(root, "x"));
	CHECK_INT(STATUS_CREATING, status_of(root, "x"));
	state_dir_close(&dir);
	CHECK_INT(STATUS_STOPPED, status_of(root, "x"));
}

static void a_reused_pid_is_another_process(void)
{
	struct state state = { .id = "x", .pid = getpid(), .start_time = proc_start_time(getpid()) };
	struct error err;
	int pidfd;

	CHECK(state_alive(&state));
	pidfd = state_pidfd(&state, &err);
	CHECK(pidfd >= 0);
	(void)close(pidfd);
	state.start_time++;
	CHECK(!state_alive(&state));
	CHECK_INT(-ESRCH, state_pidfd(&state, &err));
	CHECK_STR("container not running", err.text);
	CHECK_INT(ESRCH, err.code);
}

static void no_process_is_not_running(void)
{
	static const struct state states[] = { { .pid = 0 },
					       { .pid = 0, .start_time = 1 },
					       { .pid = INT32_MAX },
					       { .pid = INT32_MAX, .start_time = 1 },
					       { .pid = -1, .start_time = 1 } };
	struct error err;

	for (size_t i = 0; i < ARRAY_SIZE(states); i++) {
		CHECK(!state_alive(&states[i]));
		CHECK_INT(-ESRCH, state_pidfd(&states[i], &err));
	}
}

static void frozen_is_paused(void)
{
	auto_test_cgroup struct test_cgroup test = test_cgroup_make("status");
	const char *root = fixture_root();
	struct error err;
	pid_t pid = fixture_container(root, "x", INIT_RUNS, test.path);

	CHECK_INT(0, cgroup_attach(test.cgroup, pid, &err));
	CHECK_INT(STATUS_RUNNING, status_of(root, "x"));
	CHECK_INT(0, cgroup_freeze(test.cgroup, true, 5000, &err));
	CHECK_INT(STATUS_PAUSED, status_of(root, "x"));
	CHECK_INT(0, cgroup_freeze(test.cgroup, false, 5000, &err));
	CHECK_INT(STATUS_RUNNING, status_of(root, "x"));
}

static void created_and_frozen_is_paused(void)
{
	auto_test_cgroup struct test_cgroup test = test_cgroup_make("status");
	const char *root = fixture_root();
	struct error err;
	pid_t pid = fixture_container(root, "x", INIT_WAITS, test.path);

	CHECK_INT(0, cgroup_attach(test.cgroup, pid, &err));
	CHECK_INT(STATUS_CREATED, status_of(root, "x"));
	CHECK_INT(0, cgroup_freeze(test.cgroup, true, 5000, &err));
	CHECK_INT(STATUS_PAUSED, status_of(root, "x"));
	CHECK_INT(0, cgroup_freeze(test.cgroup, false, 5000, &err));
	CHECK_INT(STATUS_CREATED, status_of(root, "x"));
}

static void a_missing_cgroup_is_not_paused(void)
{
	const char *root = fixture_root();

	test_cgroup_need();
	(void)fixture_container(root, "x", INIT_RUNS, "/coffer-test-none/x");
	CHECK_INT(STATUS_RUNNING, status_of(root, "x"));
}

static const struct test tests[] = {
	TEST(names),
	TEST(follows_the_process),
	TEST(a_gate_without_init_is_running),
	TEST(creating_is_a_held_lock),
	TEST(a_reused_pid_is_another_process),
	TEST(no_process_is_not_running),
	TEST(frozen_is_paused),
	TEST(created_and_frozen_is_paused),
	TEST(a_missing_cgroup_is_not_paused),
};
TEST_MAIN(tests)
