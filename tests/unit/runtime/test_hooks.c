/* test_hooks.c - what a hook gets, how it ends, and that it never keeps the runtime waiting for ever. */
#include "runtime/hooks.h"

#include <errno.h>
#include <time.h>

#include "base/log.h"
#include "base/str.h"
#include "container_fixture.h"

#define SHELL(script)                                                                                                  \
	(const char *[])                                                                                               \
	{                                                                                                              \
		"sh", "-c", (script), NULL                                                                             \
	}

static int run(const struct hook *items, size_t count, const char *json, struct error *err)
{
	const struct hook_list list = { .items = (struct hook *)(uintptr_t)items, .count = count };

	return hooks_run(HOOK_POSTSTART, &list, json, err);
}

static int run_shell(const char *script, int64_t timeout_s, struct error *err)
{
	const struct hook hook = { .path = "/bin/sh", .args = SHELL(script), .timeout_s = timeout_s };

	return run(&hook, 1, "{}", err);
}

static double seconds(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void gets_state_args_and_env(void)
{
	auto_free char *file = xasprintf("%s/out", fixture_root());
	auto_free char *variable = xasprintf("OUT=%s", file);
	const char *env[] = { variable, "A=b c", NULL };
	const char *args[] = { "own-name",
			       "-c",
			       "{ echo \"$0 $1\"; /bin/cat; /usr/bin/env -u PWD -u SHLVL -u _ | /usr/bin/sort; } >$OUT",
			       "zero",
			       "one two",
			       NULL };
	const struct hook hook = { .path = "/bin/sh", .args = args, .env = env };
	auto_free char *expected = xasprintf("zero one two\n{\"id\":\"x\"}A=b c\n%s", variable);
	struct error err = { 0 };

	CHECK_INT(0, setenv("COFFER_LEAK", "1", 1));
	if (run(&hook, 1, "{\"id\":\"x\"}", &err) < 0)
		test_stop(TEST_FAILED, "%s", err.text);
	CHECK_STR(expected, fixture_read(file));
}

static void args0_is_as_given(void)
{
	auto_free char *file = xasprintf("%s/out", fixture_root());
	auto_free char *script = xasprintf("tr '\\0' ' ' </proc/$$/cmdline >%s", file);
	const char *args[] = { "given name", "-c", script, NULL };
	const char *env[] = { "PATH=/usr/bin:/bin", NULL };
	const struct hook hook = { .path = "/bin/sh", .args = args, .env = env };
	struct error err = { 0 };

	CHECK_INT(0, run(&hook, 1, "{}", &err));
	CHECK_CONTAINS("given name -c ", fixture_read(file));
}

static void absent_args_are_the_path(void)
{
	const struct hook hook = { .path = "/bin/true" };
	struct error err = { 0 };

	CHECK_INT(0, run(&hook, 1, "{}", &err));
}

static void stdin_may_be_opened_again(void)
{
	struct error err = { 0 };

	CHECK_INT(0, run_shell("test \"$(/bin/cat /dev/stdin)\" = '{}'", 0, &err));
}

static void big_state_does_not_block(void)
{
	const struct hook hook = { .path = "/bin/true" };
	auto_free char *json = xcalloc(1, 1024 * 1024 + 1);
	struct error err = { 0 };

	memset(json, 'j', 1024 * 1024);
	CHECK_INT(0, run(&hook, 1, json, &err));
}

static void inherits_no_fds_and_no_signal_setup(void)
{
	const struct sigaction ignore = { .sa_handler = SIG_IGN };
	const struct sigaction plain = { .sa_handler = SIG_DFL };
	struct error err = { 0 };
	int leak = open("/dev/null", O_RDONLY);
	sigset_t set, old;
	int r;

	CHECK(leak >= 0);
	CHECK_INT(0, sigaction(SIGHUP, &ignore, NULL));
	(void)sigfillset(&set);
	(void)sigprocmask(SIG_BLOCK, &set, &old);
	/* 3 is the shell's own, while it reads the directory. */
	r = run_shell("cd /proc/$$/fd; set -- *; test \"$*\" = '0 1 2 3' || { echo $*; exit 1; }; "
		      "while read -r key value; do case $key in SigBlk:|SigIgn:) "
		      "test $value = 0000000000000000 || { echo $key $value; exit 1; } ;; esac; "
		      "done </proc/self/status",
		      0, &err);
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
	CHECK_INT(0, sigaction(SIGHUP, &plain, NULL));
	(void)close(leak);
	if (r < 0)
		test_stop(TEST_FAILED, "%s", err.text);
}

static void errors_name_hook_and_reason(void)
{
	static const struct hook hooks[] = { { .path = "/bin/true" }, { .path = "/nonexistent/hook" } };
	const struct hook no_exec = { .path = "/etc/passwd" };
	struct error err;

	CHECK_INT(-ENOENT, run(hooks, 2, "{}", &err));
	CHECK_STR("hooks.poststart[1]: /nonexistent/hook: cannot run: No such file or directory", err.text);
	CHECK_INT(-EACCES, run(&no_exec, 1, "{}", &err));
	CHECK(run_shell("exit 3", 0, &err) < 0);
	CHECK_STR("hooks.poststart[0]: /bin/sh: exit status 3", err.text);
	CHECK(run_shell("kill -9 $$", 0, &err) < 0);
	CHECK_STR("hooks.poststart[0]: /bin/sh: killed by signal 9", err.text);
	CHECK(run_shell("echo one; echo '  two' >&2; printf '\\ta\\001b\\n\\n'; exit 1", 0, &err) < 0);
	CHECK_STR("hooks.poststart[0]: /bin/sh: exit status 1: one two a b", err.text);
}

static void the_end_of_long_output_is_kept(void)
{
	struct error err;

	CHECK(run_shell("i=0; while [ $i -lt 30000 ]; do echo line $i; i=$((i+1)); done; echo the end; exit 1", 0,
			&err) < 0);
	CHECK_CONTAINS(" line 29999 the end", err.text);
	CHECK(strlen(err.text) < sizeof(err.text));
	CHECK(!strstr(err.text, "line 100 "));
}

static void first_failure_ends_the_list(void)
{
	auto_free char *file = xasprintf("%s/out", fixture_root());
	auto_free char *script = xasprintf("echo >%s", file);
	const struct hook hooks[] = { { .path = "/bin/false" }, { .path = "/bin/sh", .args = SHELL(script) } };
	struct error err;

	CHECK(run(hooks, 2, "{}", &err) < 0);
	CHECK_INT(-1, access(file, F_OK));
}

static void run_all_goes_on_and_warns(void)
{
	const char *root = fixture_root();
	auto_free char *file = xasprintf("%s/out", root);
	auto_free char *log = xasprintf("%s/log", root);
	auto_free char *script = xasprintf("echo >%s", file);
	struct hook hooks[] = { { .path = "/bin/false" }, { .path = "/bin/sh", .args = SHELL(script) } };
	const struct hook_list list = { .items = hooks, .count = 2 };
	const struct log_options options = { .target = log, .level = LOG_LEVEL_WARNING };
	struct error err;

	CHECK_INT(0, log_open(&options, &err));
	hooks_run_all(&list, "{}");
	CHECK_INT(0, access(file, F_OK));
	CHECK_CONTAINS("warning: hooks.poststop[0]: /bin/false: exit status 1", fixture_read(log));
}

static void a_timeout_kills_the_group(void)
{
	auto_free char *file = xasprintf("%s/pid", fixture_root());
	auto_free char *script = xasprintf("echo waiting; /bin/sleep 60 & echo $! >%s; wait", file);
	struct error err;
	double begun = seconds();
	pid_t sleeper;

	CHECK_INT(-ETIMEDOUT, run_shell(script, 1, &err));
	CHECK(seconds() - begun < 5);
	CHECK_STR("hooks.poststart[0]: /bin/sh: killed after its timeout of 1 s: waiting", err.text);
	sleeper = atoi(fixture_read(file));
	CHECK(sleeper > 1);
	for (int i = 0; i < 100 && proc_start_time(sleeper); i++)
		(void)usleep(10 * 1000);
	CHECK_INT(0, proc_start_time(sleeper));
}

static void a_flood_does_not_beat_the_timeout(void)
{
	struct error err;
	double begun = seconds();

	CHECK_INT(-ETIMEDOUT, run_shell("while :; do echo flood; done", 1, &err));
	CHECK(seconds() - begun < 5);
}

static void background_processes_are_not_waited_for(void)
{
	struct error err = { 0 };
	double begun = seconds();

	CHECK_INT(0, run_shell("/bin/sleep 5 & exit 0", 0, &err));
	CHECK(run_shell("/bin/sleep 5 & echo why; exit 1", 0, &err) < 0);
	CHECK_CONTAINS("exit status 1: why", err.text);
	CHECK(seconds() - begun < 4);
}

static void huge_timeouts_do_not_overflow(void)
{
	struct error err = { 0 };

	CHECK_INT(0, run_shell("exit 0", INT64_MAX, &err));
	CHECK_INT(0, run_shell("exit 0", INT64_MAX / 1000, &err));
}

static void stage_names(void)
{
	CHECK_STR("prestart", hook_stage_name(HOOK_PRESTART));
	CHECK_STR("createRuntime", hook_stage_name(HOOK_CREATE_RUNTIME));
	CHECK_STR("createContainer", hook_stage_name(HOOK_CREATE_CONTAINER));
	CHECK_STR("startContainer", hook_stage_name(HOOK_START_CONTAINER));
	CHECK_STR("poststart", hook_stage_name(HOOK_POSTSTART));
	CHECK_STR("poststop", hook_stage_name(HOOK_POSTSTOP));
}

static const struct test tests[] = {
	TEST(gets_state_args_and_env),
	TEST(args0_is_as_given),
	TEST(absent_args_are_the_path),
	TEST(stdin_may_be_opened_again),
	TEST(big_state_does_not_block),
	TEST(inherits_no_fds_and_no_signal_setup),
	TEST(errors_name_hook_and_reason),
	TEST(the_end_of_long_output_is_kept),
	TEST(first_failure_ends_the_list),
	TEST(run_all_goes_on_and_warns),
	TEST(a_timeout_kills_the_group),
	TEST(a_flood_does_not_beat_the_timeout),
	TEST(background_processes_are_not_waited_for),
	TEST(huge_timeouts_do_not_overflow),
	TEST(stage_names),
};
TEST_MAIN(tests)
