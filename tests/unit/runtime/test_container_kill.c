/* test_container_kill.c - signals to init and to all, and the texts that engines look for. */
#include <errno.h>

#include "cgroup_fixture.h"
#include "container_fixture.h"

static int send(const char *root, const char *id, int signal, bool all, struct error *err)
{
	const struct runtime runtime = { .root = root };

	return container_kill(&runtime, id, signal, all, err);
}

static void running_and_created_can_be_killed(void)
{
	const char *root = fixture_root();
	struct error err = { 0 };
	pid_t running = fixture_container(root, "run", INIT_RUNS, NULL);
	pid_t created = fixture_container(root, "wait", INIT_WAITS, NULL);

	CHECK_INT(0, send(root, "run", 0, false, &err));
	CHECK_INT(0, send(root, "run", SIGTERM, false, &err));
	CHECK_INT(128 + SIGTERM, proc_wait(running));
	CHECK_INT(0, send(root, "wait", SIGKILL, false, &err));
	CHECK_INT(128 + SIGKILL, proc_wait(created));
}

static void a_stopped_one_is_not_running(void)
{
	const char *root = fixture_root();
	struct error err;

	(void)fixture_container(root, "x", INIT_ENDED, NULL);
	CHECK_INT(-ESRCH, send(root, "x", SIGKILL, false, &err));
	CHECK_STR("container not running", err.text);
	CHECK_INT(-ESRCH, send(root, "x", 0, false, &err));
	CHECK_INT(0, send(root, "x", SIGKILL, true, &err));
}

static void a_missing_one_does_not_exist(void)
{
	struct error err;

	CHECK_INT(-ENOENT, send(fixture_root(), "x", SIGKILL, true, &err));
	CHECK_STR("container `x` does not exist", err.text);
}

static void bad_signals_are_the_kernels_to_refuse(void)
{
	const char *root = fixture_root();
	struct error err;

	(void)fixture_container(root, "x", INIT_RUNS, NULL);
	CHECK_INT(-EINVAL, send(root, "x", 65, false, &err));
	CHECK_CONTAINS("send signal 65 to container `x`", err.text);
}

/* `start` holds the lock for as long as a hook runs. */
static void a_held_lock_does_not_keep_kill_away(void)
{
	const char *root = fixture_root();
	struct error err = { 0 };
	struct state_dir dir;
	pid_t pid = fixture_container(root, "x", INIT_RUNS, NULL);

	CHECK_INT(0, state_dir_open(root, "x", &dir, &err));
	CHECK_INT(0, state_dir_lock(&dir, &err));
	CHECK_INT(0, send(root, "x", SIGKILL, false, &err));
	CHECK_INT(128 + SIGKILL, proc_wait(pid));
	state_dir_close(&dir);
}

static void all_without_cgroup_needs_a_pid_namespace(void)
{
	const char *root = fixture_root();
	struct state state = { .id = "shared", .pid = getpid(), .start_time = proc_start_time(getpid()) };
	struct state_dir dir;
	struct error err = { 0 };
	pid_t pid = fixture_container(root, "own", INIT_RUNS, NULL);

	CHECK_INT(0, send(root, "own", SIGKILL, true, &err));
	CHECK_INT(128 + SIGKILL, proc_wait(pid));
	CHECK_INT(0, state_dir_reserve(root, "shared", &dir, &err));
	CHECK_INT(0, state_write(&dir, &state, &err));
	state_dir_close(&dir);
	CHECK_INT(-EINVAL, send(root, "shared", SIGTERM, true, &err));
	CHECK_CONTAINS("neither a cgroup nor a pid namespace", err.text);
}

static void all_reaches_the_cgroup_without_init(void)
{
	auto_test_cgroup struct test_cgroup test = test_cgroup_make("kill");
	const char *root = fixture_root();
	struct error err = { 0 };
	pid_t others[2];

	(void)fixture_container(root, "x", INIT_ENDED, test.path);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		(void)fflush(stdout);
		others[i] = fork();
		if (others[i] == 0)
			for (;;)
				(void)pause();
		CHECK_INT(0, cgroup_attach(test.cgroup, others[i], &err));
	}
	CHECK_INT(0, send(root, "x", SIGTERM, true, &err));
	CHECK_INT(128 + SIGTERM, proc_wait(others[0]));
	CHECK_INT(128 + SIGTERM, proc_wait(others[1]));
	CHECK_INT(0, send(root, "x", SIGKILL, true, &err));
	CHECK_INT(0, send(root, "x", 0, true, &err));
}

static void a_paused_one_dies_of_sigkill(void)
{
	auto_test_cgroup struct test_cgroup test = test_cgroup_make("paused");
	const char *root = fixture_root();
	struct error err = { 0 };
	pid_t pid = fixture_container(root, "x", INIT_RUNS, test.path);

	CHECK_INT(0, cgroup_attach(test.cgroup, pid, &err));
	CHECK_INT(0, cgroup_freeze(test.cgroup, true, 5000, &err));
	CHECK_INT(0, send(root, "x", SIGKILL, false, &err));
	CHECK_INT(128 + SIGKILL, proc_wait(pid));
}

static const struct test tests[] = {
	TEST(running_and_created_can_be_killed),   TEST(a_stopped_one_is_not_running),
	TEST(a_missing_one_does_not_exist),        TEST(bad_signals_are_the_kernels_to_refuse),
	TEST(a_held_lock_does_not_keep_kill_away), TEST(all_without_cgroup_needs_a_pid_namespace),
	TEST(all_reaches_the_cgroup_without_init), TEST(a_paused_one_dies_of_sigkill),
};
TEST_MAIN(tests)
