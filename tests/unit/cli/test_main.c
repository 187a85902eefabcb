/* test_main.c - main() with its standard streams closed, with no argv at all, and with SIGCHLD ignored. */
#include "cli/command.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/proc.h"
#include "../test.h"

int coffer_main(int argc, char **argv);

#define main coffer_main
#include "cli/main.c" /* NOLINT(bugprone-suspicious-include): main() under another name */
#undef main

/* In place of the real one: says what it was given. */
int command_run(const char *const *argv)
{
	struct sigaction child;
	int open_fds = 0;

	if (sigaction(SIGCHLD, NULL, &child) < 0 || child.sa_handler != SIG_DFL)
		return EXIT_FAILURE;
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		open_fds += fcntl(fd, F_GETFD) >= 0;
	return open_fds * 10 + (argv[0] ? argv[0][0] - '0' : 0);
}

static int run_main(int argc, const char *first_closed)
{
	char program[] = "coffer";
	char argument[] = "7";
	char *argv[] = { program, argument, NULL };
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (pid == 0) {
		(void)signal(SIGCHLD, SIG_IGN);
		for (; *first_closed; first_closed++)
			(void)close(*first_closed - '0');
		_exit(coffer_main(argc, argc ? argv : argv + 2));
	}
	return proc_wait(pid);
}

static void arguments_without_the_program(void)
{
	CHECK_INT(37, run_main(2, ""));
	CHECK_INT(30, run_main(0, ""));
}

static void closed_streams_are_filled(void)
{
	CHECK_INT(37, run_main(2, "0"));
	CHECK_INT(37, run_main(2, "1"));
	CHECK_INT(37, run_main(2, "02"));
	CHECK_INT(37, run_main(2, "012"));
}

static const struct test tests[] = {
	TEST(arguments_without_the_program),
	TEST(closed_streams_are_filled),
};

TEST_MAIN(tests)
