/* test_exec.c - `coffer exec`: where its options end and the command begins. */
#include "fake_runtime.h"

static void a_command(void)
{
	check_call(CALL("exec") " id=c arg=ls arg=-l arg=--help fds=0\n", RUN("exec", "c", "ls", "-l", "--help"));
	check_call(CALL("exec") " id=c arg=ls arg=--pid-file fds=0 tty\n", RUN("exec", "-t", "c", "ls", "--pid-file"));
	check_call(CALL("exec") " id=c arg=sh arg=-- arg=x fds=0\n", RUN("exec", "c", "--", "sh", "--", "x"));
	check_call(CALL("exec") " id=c arg=ls fds=0\n", RUN("exec", "--", "c", "ls"));
}

static void every_option(void)
{
	check_call(CALL("exec") " id=c arg=id env=A=1 env=B= cap=CAP_KILL gid=5 gid=6 user=1:2 cwd=/w cgroup=sub "
				"pid-file=/p console=/s apparmor=prof label=lab fds=4 tty detach no-new-privs "
				"ignore-paused\n",
		   RUN("exec", "-td", "-u", "1:2", "-g", "5", "--additional-gids=6", "-e", "A=1", "--env", "B=", "-c",
		       "CAP_KILL", "--cwd=/w", "--cgroup", "sub", "--pid-file", "/p", "--console-socket", "/s",
		       "--apparmor", "prof", "--process-label", "lab", "--preserve-fds", "4", "--no-new-privs",
		       "--ignore-paused", "c", "id"));
}

/* conmon and containerd's shim. */
static void a_process_object(void)
{
	check_call(CALL("exec") " id=c process=/f pid-file=/p console=/s fds=0 detach\n",
		   RUN("exec", "--pid-file", "/p", "--process", "/f", "--detach", "--console-socket", "/s", "c"));
	check_call(CALL("exec") " id=c process=/f fds=0\n", RUN("exec", "-p", "/f", "c", "--"));
}

static void check_refused(const char *text, struct outcome outcome)
{
	CHECK_STR(text, outcome.err);
	CHECK_STR("", outcome.calls);
	CHECK_INT(255, outcome.exit);
}

static void neither_or_both(void)
{
	check_refused("coffer: error: neither a command nor --process is given\n", RUN("exec", "c"));
	check_refused("coffer: error: neither a command nor --process is given\n", RUN("exec", "c", "--"));
	check_refused("coffer: error: give either --process or a command, not both\n",
		      RUN("exec", "-p", "/f", "c", "ls"));
	check_usage("exec: an argument is missing: coffer exec ID [COMMAND [ARGUMENT...]] (see: coffer exec --help)",
		    RUN("exec", "-t"));
}

static const struct test tests[] = {
	TEST(a_command),
	TEST(every_option),
	TEST(a_process_object),
	TEST(neither_or_both),
};

TEST_MAIN(tests)
