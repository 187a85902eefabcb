/* test_command.c - global options, exit codes, the error line on stderr and in the log. */
#include "fake_runtime.h"

#include <errno.h>
#include <fcntl.h>
#include <time.h>

#include "base/fd.h"

static void global_options_reach_the_runtime(void)
{
	check_call(CALL("start") " id=c\n", RUN("start", "c"));
	check_call("start root=/r root-given manager=0 rootless=auto id=c\n", RUN("--root", "/r", "start", "c"));
	check_call("start root=/r root-given manager=0 rootless=auto id=c\n", RUN("--root=/r", "start", "c"));
	check_call("start root=/r root-given manager=0 rootless=auto id=c\n", RUN("-root", "/r", "start", "c"));
	check_call("start root=/default manager=2 rootless=yes id=c\n",
		   RUN("--cgroup-manager", "disabled", "--rootless", "start", "c"));
	check_call("start root=/default manager=0 rootless=no id=c\n", RUN("--rootless=false", "start", "c"));
	check_call(CALL("start") " id=c\n", RUN("--systemd-cgroup=false", "--debug", "start", "c"));
}

/* The line of containerd's shim, word by word. */
static void the_line_of_containerd(void)
{
	struct outcome outcome =
		RUN("--root", "/run/containerd/runc/k8s.io", "--log", "/dev/null", "--log-format", "json", "create",
		    "--bundle", "/b", "--pid-file", "/b/init.pid", "--console-socket", "/tmp/pty.sock",
		    "--no-new-keyring", "--preserve-fds", "2", "abc");

	CHECK_STR("", outcome.err);
	CHECK_STR("create root=/run/containerd/runc/k8s.io root-given manager=0 rootless=auto id=abc bundle=/b "
		  "pid-file=/b/init.pid console=/tmp/pty.sock fds=2 no-new-keyring\n",
		  outcome.calls);
	CHECK_INT(0, outcome.exit);
}

static void a_relative_root_is_made_absolute(void)
{
	char expected[4200];
	char here[4096];

	CHECK(getcwd(here, sizeof(here)));
	(void)snprintf(expected, sizeof(expected), "start root=%s/r root-given manager=0 rootless=auto id=c\n", here);
	check_call(expected, RUN("--root", "r", "start", "c"));
	check_usage("--root is empty", RUN("--root", "", "start", "c"));
}

static void the_manager_of_cgroups(void)
{
	check_call("force delete root=/default manager=1 rootless=auto id=c\n",
		   RUN("--systemd-cgroup", "delete", "--force", "c"));
	check_call("exec root=/default manager=1 rootless=auto id=c arg=ls fds=0\n",
		   RUN("--cgroup-manager", "systemd", "exec", "c", "ls"));
}

static void wrong_command_lines(void)
{
	check_usage("no command given (see: coffer --help)", RUN("--debug"));
	check_usage("unknown option --rot; did you mean --root? (see: coffer --help)", RUN("--rot", "/r", "list"));
	check_usage("--log-format: expected one of text, json, found \"xml\" (see: coffer --help)",
		    RUN("--log-format", "xml", "list"));
	check_usage("unknown option --force (see: coffer start --help)", RUN("start", "--force", "c"));
	check_usage("--root is an option of coffer itself: give it before list (see: coffer list --help)",
		    RUN("list", "--root", "/r"));
	check_usage("start: an argument is missing: coffer start ID (see: coffer start --help)", RUN("start"));
	check_usage("state: an argument is missing: coffer state ID (see: coffer state --help)", RUN("state"));
	check_usage("kill: an argument is missing: coffer kill ID [SIGNAL] (see: coffer kill --help)", RUN("kill"));
	check_usage("start: too many arguments: coffer start ID (see: coffer start --help)", RUN("start", "c", "d"));
	check_usage("list: too many arguments: coffer list (see: coffer list --help)", RUN("list", "c"));
	check_usage("--log: only a file can be logged to, not \"journald:x\"", RUN("--log", "journald:x", "list"));
	CHECK_CONTAINS("unknown command \"checkpoint\"; commands: create start run", RUN("checkpoint", "c").err);
	CHECK_CONTAINS("unknown command \"crate\"; did you mean \"create\"? commands:", RUN("crate", "c").err);
}

/* A very long word is cut, and the pointer to --help is still there. */
static void a_long_error_keeps_its_end(void)
{
	char word[2000] = "--";
	struct outcome outcome;

	memset(word + 2, 'x', sizeof(word) - 3);
	word[sizeof(word) - 1] = '\0';
	outcome = RUN("start", word);
	CHECK_CONTAINS("xxx (see: coffer start --help)\n", outcome.err);
	CHECK_INT(1, outcome.exit);
}

static void help_and_version(void)
{
	CHECK_CONTAINS("Usage: coffer [GLOBAL OPTION...] COMMAND", RUN("--help").out);
	CHECK_CONTAINS("Usage: coffer [GLOBAL OPTION...] COMMAND", RUN("-h", "start").out);
	CHECK_CONTAINS("Usage: coffer [GLOBAL OPTION...] COMMAND", RUN("help").out);
	CHECK_CONTAINS("Usage: coffer kill [OPTION...] ID [SIGNAL]", RUN("help", "kill").out);
	CHECK_CONTAINS("Usage: coffer kill [OPTION...] ID [SIGNAL]", RUN("kill", "--help").out);
	CHECK_CONTAINS("Usage: coffer exec [OPTION...] ID", RUN("exec", "-h").out);
	CHECK(str_starts(RUN("--version").out, "coffer version "));
	CHECK(str_starts(RUN("-v").out, "coffer version "));
	CHECK_STR(RUN("--version").out, RUN("version").out);
	CHECK_CONTAINS("\nspec: 1.3.0\n", RUN("version").out);
	CHECK_STR("", RUN("version").err);
	CHECK_CONTAINS("unknown command \"nothing\"", RUN("help", "nothing").err);
}

static struct outcome run_failing(int code, const char *text, const char *verb)
{
	fake.error.code = code;
	(void)snprintf(fake.error.text, sizeof(fake.error.text), "%s", text);
	return strcmp(verb, "exec") == 0 ? RUN(verb, "c", "ls") : RUN(verb, "c");
}

static void failures_of_the_runtime(void)
{
	struct outcome outcome = run_failing(ENOENT, "container `c` does not exist", "state");

	CHECK_INT(1, outcome.exit);
	CHECK_STR("coffer: error: container `c` does not exist\n", outcome.err);
	CHECK_STR("", outcome.out);
	CHECK_INT(1, run_failing(ESRCH, "container not running", "kill").exit);
	CHECK_INT(255, run_failing(ESRCH, "container not running", "exec").exit);
	CHECK_INT(1, run_failing(ENOENT, "container `c` does not exist", "run").exit);
	CHECK_INT(255, run_failing(ENOENT, "container `c` does not exist", "exec").exit);
}

static void programs_that_cannot_run(void)
{
	CHECK_INT(127, run_failing(ENOENT, "exec: \"ls\": not found", "run").exit);
	CHECK_INT(127, run_failing(ENOENT, "exec: \"ls\": not found", "exec").exit);
	CHECK_INT(127, run_failing(ENOTDIR, "exec: /a/b", "exec").exit);
	CHECK_INT(126, run_failing(EACCES, "exec: permission denied", "run").exit);
	CHECK_INT(126, run_failing(ENOEXEC, "exec: format", "exec").exit);
	CHECK_INT(126, run_failing(EISDIR, "exec: directory", "run").exit);
	CHECK_INT(255, run_failing(ENOMEM, "exec: memory", "exec").exit);
	CHECK_INT(1, run_failing(ENOMEM, "exec: memory", "run").exit);
	CHECK_INT(1, run_failing(ENOENT, "exec: \"ls\": not found", "start").exit);
	CHECK_INT(255, run_failing(EACCES, "open x", "exec").exit);
}

static void the_status_of_a_program(void)
{
	fake.exit = 7;
	CHECK_INT(7, RUN("run", "c").exit);
	fake.exit = 137;
	CHECK_INT(137, RUN("exec", "c", "ls").exit);
	fake.exit = 0;
	CHECK_INT(0, RUN("run", "c").exit);
}

static char *log_of(const char *format, const char *path)
{
	char *text = NULL;
	struct error err = { 0 };
	struct outcome outcome;

	fake.error.code = EINVAL;
	(void)snprintf(fake.error.text, sizeof(fake.error.text), "bad \"id\"\n");
	(void)unlink(path);
	outcome = RUN("--log", path, "--log-format", format, "state", "c");
	CHECK_INT(1, outcome.exit);
	CHECK_STR("coffer: error: bad \"id\"?\n", outcome.err);
	CHECK_INT(0, fd_read_file(AT_FDCWD, path, 65536, &text, NULL, &err));
	(void)unlink(path);
	return text;
}

/* Podman reads the whole file as one object, containerd the last line; time must be RFC 3339. */
static void the_log_has_one_json_line(void)
{
	char path[64];
	auto_free char *text = NULL;
	struct tm parsed = { 0 };
	const char *rest;

	(void)snprintf(path, sizeof(path), "/tmp/coffer-test-log.%d", getpid());
	text = log_of("json", path);
	CHECK(str_starts(text, "{\"level\":\"error\",\"msg\":\"bad \\u0022id\\u0022\\u000a\",\"time\":\""));
	rest = strptime(strstr(text, "\"time\":\"") + 8, "%Y-%m-%dT%H:%M:%S", &parsed);
	CHECK(rest && *rest == '.');
	rest += 1 + strspn(rest + 1, "0123456789");
	CHECK_STR("Z\"}\n", rest);
}

static void the_log_as_text(void)
{
	char path[64];
	auto_free char *text = NULL;

	(void)snprintf(path, sizeof(path), "/tmp/coffer-test-log.%d", getpid());
	text = log_of("text", path);
	CHECK_STR("coffer: error: bad \"id\"?\n", text);
}

/* The option error comes after --log: its reader must see it. */
static void option_errors_are_logged(void)
{
	char path[64];
	auto_free char *text = NULL;
	struct error err = { 0 };
	struct outcome outcome;

	(void)snprintf(path, sizeof(path), "/tmp/coffer-test-log.%d", getpid());
	(void)unlink(path);
	outcome = RUN("--log", path, "--log-format=json", "--no-such", "state", "c");
	CHECK_INT(1, outcome.exit);
	CHECK_STR("coffer: error: unknown option --no-such (see: coffer --help)\n", outcome.err);
	CHECK_INT(0, fd_read_file(AT_FDCWD, path, 65536, &text, NULL, &err));
	(void)unlink(path);
	CHECK_CONTAINS("\"msg\":\"unknown option --no-such (see: coffer --help)\"", text);
	CHECK(strchr(text, '\n') == text + strlen(text) - 1);
}

static void json_without_a_file_goes_to_stderr_alone(void)
{
	struct outcome outcome;

	fake.error = (struct error){ .code = EINVAL, .text = "bad" };
	outcome = RUN("--log-format", "json", "state", "c");
	CHECK(str_starts(outcome.err, "{\"level\":\"error\",\"msg\":\"bad\","));
	CHECK(strchr(outcome.err, '\n') == outcome.err + strlen(outcome.err) - 1);
}

static void a_log_that_cannot_be_opened(void)
{
	struct outcome outcome = RUN("--log", "/no/such/dir/log", "state", "c");

	CHECK_STR("coffer: error: open log file /no/such/dir/log: No such file or directory\n", outcome.err);
	CHECK_STR("", outcome.calls);
	CHECK_INT(1, outcome.exit);
}

static const struct test tests[] = {
	TEST(global_options_reach_the_runtime),
	TEST(the_line_of_containerd),
	TEST(a_relative_root_is_made_absolute),
	TEST(the_manager_of_cgroups),
	TEST(wrong_command_lines),
	TEST(a_long_error_keeps_its_end),
	TEST(help_and_version),
	TEST(failures_of_the_runtime),
	TEST(programs_that_cannot_run),
	TEST(the_status_of_a_program),
	TEST(the_log_has_one_json_line),
	TEST(the_log_as_text),
	TEST(option_errors_are_logged),
	TEST(json_without_a_file_goes_to_stderr_alone),
	TEST(a_log_that_cannot_be_opened),
};

TEST_MAIN(tests)
