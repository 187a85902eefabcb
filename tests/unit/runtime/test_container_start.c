/* test_container_start.c - start of containers in every state, execve errors, and what a crash leaves. */
#include <errno.h>

#include "base/str.h"
#include "container_fixture.h"

static int start(const char *root, const char *id, struct error *err)
{
	const struct runtime runtime = { .root = root };

	return container_start(&runtime, id, err);
}

static void starts_a_created_one_once(void)
{
	const char *root = fixture_root();
	struct error err = { 0 };

	(void)fixture_container(root, "x", INIT_WAITS, NULL);
	CHECK_INT(0, start(root, "x", &err));
	CHECK(!fixture_exists(root, "x/start.sock"));
	CHECK_INT(-EINVAL, start(root, "x", &err));
	CHECK_STR("cannot start container `x`: it is running, not created", err.text);
}

static void gives_the_error_of_execve(void)
{
	const char *root = fixture_root();
	struct error err;

	(void)fixture_container(root, "x", INIT_WAITS_FAILS, NULL);
	CHECK_INT(-ENOENT, start(root, "x", &err));
	CHECK_STR("exec: \"foo\": executable file not found in $PATH", err.text);
}

static void a_stopped_one_is_not_running(void)
{
	const char *root = fixture_root();
	struct error err;

	(void)fixture_container(root, "x", INIT_ENDED, NULL);
	CHECK_INT(-ESRCH, start(root, "x", &err));
	CHECK_CONTAINS("container not running", err.text);
}

static void a_missing_one_does_not_exist(void)
{
	struct error err;

	CHECK_INT(-ENOENT, start(fixture_root(), "x", &err));
	CHECK_STR("container `x` does not exist", err.text);
}

/* Init is killed while `start` waits for it: an error, not the end of file that means success. */
static void death_before_start_is_an_error(void)
{
	const char *root = fixture_root();
	struct error err;
	pid_t pid = fixture_container(root, "x", INIT_WAITS_DIES, NULL);
	pid_t killer;

	(void)fflush(stdout);
	killer = fork();
	if (killer == 0) {
		(void)usleep(200 * 1000);
		_exit(kill(pid, SIGKILL) == 0 ? 0 : 1);
	}
	CHECK_INT(-ECONNRESET, start(root, "x", &err));
	CHECK_INT(0, proc_wait(killer));
}

/* A `start` killed before SYNC_START leaves a container that can be started. */
static void starts_after_a_start_that_was_killed(void)
{
	const char *root = fixture_root();
	struct error err = { 0 };
	struct state_dir dir;
	int connection;

	(void)fixture_container(root, "x", INIT_WAITS, NULL);
	CHECK_INT(0, state_dir_open(root, "x", &dir, &err));
	CHECK_INT(0, start_gate_connect(&dir, &connection, &err));
	(void)close(connection);
	CHECK_INT(0, start(root, "x", &err));
	state_dir_close(&dir);
}

static void hooks_get_the_running_state(void)
{
	const char *root = fixture_root();
	auto_free char *config =
		xasprintf("{\"ociVersion\":\"1.0.2\",\"root\":{\"path\":\"rootfs\"},\"annotations\":{\"a\":\"b\"},"
			  "\"hooks\":{\"poststart\":[{\"path\":\"/bin/sh\",\"args\":"
			  "[\"sh\",\"-c\",\"/bin/cat >%s/out\"]}]}}",
			  root);
	auto_free char *out = xasprintf("%s/out", root);
	auto_free char *pid_part = NULL;
	struct error err = { 0 };
	pid_t pid = fixture_container(root, "x", INIT_WAITS, NULL);

	pid_part = xasprintf("\"pid\":%d,\"status\":\"running\"", pid);
	fixture_write(root, "x", "config.json", config);
	CHECK_INT(0, start(root, "x", &err));
	CHECK_CONTAINS(pid_part, fixture_read(out));
	CHECK_CONTAINS("\"annotations\":{\"a\":\"b\"}", fixture_read(out));
	CHECK_CONTAINS("\"ociVersion\":\"1.0.2\"", fixture_read(out));
}

/* runtime-spec runtime.md "Lifecycle": the container is stopped, and `start` says why. */
static void a_hook_that_fails_ends_the_container(void)
{
	const char *root = fixture_root();
	struct error err = { 0 };
	pid_t pid = fixture_container(root, "x", INIT_WAITS, NULL);
	siginfo_t end = { 0 };

	fixture_write(root, "x", "config.json",
		      "{\"ociVersion\":\"1.0.2\",\"root\":{\"path\":\"rootfs\"},"
		      "\"hooks\":{\"poststart\":[{\"path\":\"/bin/true\"},{\"path\":\"/bin/false\"}]}}");
	CHECK(start(root, "x", &err) < 0);
	CHECK_STR("hooks.poststart[1]: /bin/false: exit status 1", err.text);
	CHECK_INT(0, waitid(P_PID, (id_t)pid, &end, WEXITED | WNOWAIT));
	CHECK_INT(CLD_KILLED, end.si_code);
	CHECK_INT(SIGKILL, end.si_status);
}

static void hooks_may_call_for_the_container(void)
{
	const char *root = fixture_root();
	auto_free char *config = xasprintf("{\"ociVersion\":\"1.0.2\",\"root\":{\"path\":\"rootfs\"},"
					   "\"hooks\":{\"poststart\":[{\"path\":\"/bin/sh\",\"args\":[\"sh\",\"-c\","
					   "\"/usr/bin/flock -n %s/x /bin/true && echo free >%s/out\"]}]}}",
					   root, root);
	auto_free char *out = xasprintf("%s/out", root);
	struct error err = { 0 };

	if (access("/usr/bin/flock", X_OK) < 0)
		TEST_SKIP("no flock(1)");
	(void)fixture_container(root, "x", INIT_WAITS, NULL);
	fixture_write(root, "x", "config.json", config);
	CHECK_INT(0, start(root, "x", &err));
	CHECK_STR("free", fixture_read(out));
}

static const struct test tests[] = {
	TEST(starts_a_created_one_once),        TEST(gives_the_error_of_execve),
	TEST(a_stopped_one_is_not_running),     TEST(a_missing_one_does_not_exist),
	TEST(death_before_start_is_an_error),   TEST(starts_after_a_start_that_was_killed),
	TEST(hooks_get_the_running_state),      TEST(a_hook_that_fails_ends_the_container),
	TEST(hooks_may_call_for_the_container),
};
TEST_MAIN(tests)
