/* test_container_delete.c - delete in every state, after every crash, and never without an end. */
#include <errno.h>
#include <time.h>

#include "base/str.h"
#include "cgroup_fixture.h"
#include "container_fixture.h"

static int delete (const char *root, const char *id, bool force, struct error *err)
{
	const struct runtime runtime = { .root = root };

	return container_delete(&runtime, id, force, err);
}

static void stopped_and_created_are_deleted(void)
{
	const char *root = fixture_root();
	struct error err = { 0 };
	pid_t created = fixture_container(root, "wait", INIT_WAITS, NULL);

	(void)fixture_container(root, "end", INIT_ENDED, NULL);
	CHECK_INT(0, delete (root, "end", false, &err));
	CHECK(!fixture_exists(root, "end"));
	CHECK_INT(0, delete (root, "wait", false, &err));
	CHECK(!fixture_exists(root, "wait"));
	CHECK_INT(128 + SIGKILL, proc_wait(created));
}

static void running_needs_force(void)
{
	const char *root = fixture_root();
	struct error err = { 0 };
	pid_t pid = fixture_container(root, "x", INIT_RUNS, NULL);

	CHECK_INT(-EBUSY, delete (root, "x", false, &err));
	CHECK_STR("cannot delete container `x` that is not stopped: it is running; use --force", err.text);
	CHECK_INT(0, kill(pid, 0));
	CHECK_INT(0, delete (root, "x", true, &err));
	CHECK_INT(128 + SIGKILL, proc_wait(pid));
	CHECK(!fixture_exists(root, "x"));
}

static void missing_is_an_error_without_force(void)
{
	const char *root = fixture_root();
	struct error err = { 0 };

	CHECK_INT(-ENOENT, delete (root, "x", false, &err));
	CHECK_STR("container `x` does not exist", err.text);
	CHECK_INT(0, delete (root, "x", true, &err));
	CHECK_INT(0, delete ("/nonexistent/root", "x", true, &err));
	CHECK_INT(-EINVAL, delete (root, "../x", true, &err));
}

static void half_made_ones_go(void)
{
	const char *root = fixture_root();
	struct error err = { 0 };
	const struct state state = { .id = "early", .cgroup_path = NULL };
	struct state_dir dir;

	CHECK_INT(0, state_dir_reserve(root, "empty", &dir, &err));
	state_dir_close(&dir);
	CHECK_INT(0, delete (root, "empty", true, &err));
	CHECK(!fixture_exists(root, "empty"));
	CHECK_INT(0, state_dir_reserve(root, "early", &dir, &err));
	CHECK_INT(0, state_write(&dir, &state, &err));
	state_dir_close(&dir);
	fixture_write(root, "early", "config.json.77.tmp", "{");
	CHECK_INT(0, delete (root, "early", false, &err));
	CHECK(!fixture_exists(root, "early"));
}

/* Killed between clone and the second state.json: the process is only in the cgroup. */
static void an_unrecorded_process_is_found_in_the_cgroup(void)
{
	auto_test_cgroup struct test_cgroup test = test_cgroup_make("unrecorded");
	const char *root = fixture_root();
	const struct state state = { .id = "x", .cgroup_path = test.path };
	struct error err = { 0 };
	struct state_dir dir;
	struct cgroup *gone;
	pid_t pid;

	CHECK_INT(0, state_dir_reserve(root, "x", &dir, &err));
	CHECK_INT(0, state_write(&dir, &state, &err));
	state_dir_close(&dir);
	(void)fflush(stdout);
	pid = fork();
	if (pid == 0)
		for (;;)
			(void)pause();
	CHECK_INT(0, cgroup_attach(test.cgroup, pid, &err));
	CHECK_INT(0, delete (root, "x", true, &err));
	CHECK_INT(128 + SIGKILL, proc_wait(pid));
	CHECK_INT(-ENOENT, cgroup_open(&test.host, test.path, &gone, &err));
	CHECK(!fixture_exists(root, "x"));
}

static void leftovers_in_the_cgroup_of_a_stopped_one_are_killed(void)
{
	auto_test_cgroup struct test_cgroup test = test_cgroup_make("leftovers");
	const char *root = fixture_root();
	struct error err = { 0 };
	struct cgroup *gone;
	pid_t pid;

	(void)fixture_container(root, "x", INIT_ENDED, test.path);
	(void)fflush(stdout);
	pid = fork();
	if (pid == 0)
		for (;;)
			(void)pause();
	CHECK_INT(0, cgroup_attach(test.cgroup, pid, &err));
	CHECK_INT(0, delete (root, "x", false, &err));
	CHECK_INT(128 + SIGKILL, proc_wait(pid));
	CHECK_INT(-ENOENT, cgroup_open(&test.host, test.path, &gone, &err));
}

static void a_paused_one_goes_with_force(void)
{
	auto_test_cgroup struct test_cgroup test = test_cgroup_make("paused");
	const char *root = fixture_root();
	struct error err = { 0 };
	pid_t pid = fixture_container(root, "x", INIT_RUNS, test.path);

	CHECK_INT(0, cgroup_attach(test.cgroup, pid, &err));
	CHECK_INT(0, cgroup_freeze(test.cgroup, true, 5000, &err));
	CHECK_INT(-EBUSY, delete (root, "x", false, &err));
	CHECK_CONTAINS("it is paused; use --force", err.text);
	CHECK_INT(0, delete (root, "x", true, &err));
	CHECK_INT(128 + SIGKILL, proc_wait(pid));
}

/* The cgroup went in a delete that was killed before the directory did. */
static void a_second_delete_finishes(void)
{
	const char *root = fixture_root();
	struct error err = { 0 };

	test_cgroup_need();
	(void)fixture_container(root, "x", INIT_ENDED, "/coffer-test-none/x");
	CHECK_INT(0, delete (root, "x", false, &err));
	CHECK(!fixture_exists(root, "x"));
}

static void unreadable_state_goes_with_force_only(void)
{
	const char *root = fixture_root();
	struct error err = { 0 };

	(void)fixture_container(root, "x", INIT_ENDED, NULL);
	fixture_write(root, "x", "state.json", "garbage");
	CHECK_INT(-EINVAL, delete (root, "x", false, &err));
	CHECK_CONTAINS("state of container `x`", err.text);
	CHECK_INT(0, delete (root, "x", true, &err));
	CHECK(!fixture_exists(root, "x"));
}

static void state_of_another_version_stays(void)
{
	const char *root = fixture_root();
	struct error err = { 0 };

	(void)fixture_container(root, "x", INIT_ENDED, NULL);
	fixture_write(root, "x", "state.json", "{\"format\":99}");
	CHECK_INT(-ENOTSUP, delete (root, "x", true, &err));
	CHECK_CONTAINS("another version of coffer (format 99", err.text);
	CHECK(fixture_exists(root, "x/state.json"));
}

static void poststop_hooks_run_before_the_directory_goes(void)
{
	const char *root = fixture_root();
	auto_free char *config = xasprintf("{\"ociVersion\":\"1.0.2\",\"root\":{\"path\":\"rootfs\"},"
					   "\"hooks\":{\"poststop\":[{\"path\":\"/bin/sh\",\"args\":[\"sh\",\"-c\","
					   "\"{ /bin/cat; /bin/ls %s/x; } >%s/out\"]}]}}",
					   root, root);
	auto_free char *out = xasprintf("%s/out", root);
	struct error err = { 0 };

	(void)fixture_container(root, "x", INIT_ENDED, NULL);
	fixture_write(root, "x", "config.json", config);
	CHECK_INT(0, delete (root, "x", false, &err));
	CHECK_CONTAINS("\"pid\":0,\"status\":\"stopped\"", fixture_read(out));
	CHECK_CONTAINS("state.json", fixture_read(out));
	CHECK(!fixture_exists(root, "x"));
}

/* Another command waits for init with the lock in its hands, as `start` does when a startContainer hook hangs. */
static void force_frees_a_lock_that_waits_for_init(void)
{
	const char *root = fixture_root();
	struct error err = { 0 };
	time_t begun = time(NULL);
	pid_t init = fixture_container(root, "x", INIT_RUNS, NULL);
	pid_t starter;
	int ready[2];
	char byte;

	CHECK_INT(0, pipe(ready));
	(void)fflush(stdout);
	starter = fork();
	if (starter == 0) {
		struct state_dir dir;

		if (state_dir_open(root, "x", &dir, &err) < 0 || state_dir_lock(&dir, &err) < 0)
			_exit(1);
		(void)!write(ready[1], "", 1);
		while (proc_start_time(init))
			(void)usleep(10 * 1000);
		_exit(0);
	}
	CHECK_INT(1, read(ready[0], &byte, 1));
	CHECK_INT(0, delete (root, "x", true, &err));
	CHECK_INT(0, proc_wait(starter));
	CHECK_INT(128 + SIGKILL, proc_wait(init));
	CHECK(!fixture_exists(root, "x"));
	CHECK(time(NULL) - begun < 8);
}

static const struct test tests[] = {
	TEST(stopped_and_created_are_deleted),
	TEST(running_needs_force),
	TEST(missing_is_an_error_without_force),
	TEST(half_made_ones_go),
	TEST(an_unrecorded_process_is_found_in_the_cgroup),
	TEST(leftovers_in_the_cgroup_of_a_stopped_one_are_killed),
	TEST(a_paused_one_goes_with_force),
	TEST(a_second_delete_finishes),
	TEST(unreadable_state_goes_with_force_only),
	TEST(state_of_another_version_stays),
	TEST(poststop_hooks_run_before_the_directory_goes),
	TEST(force_frees_a_lock_that_waits_for_init),
};
TEST_MAIN(tests)
