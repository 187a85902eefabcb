/*
 * test_supervise.c - a foreground process: its end as a shell tells it, signals passed on to it, orphans reaped in the
 * meantime, and the caller's signal mask as it was afterwards. In children, whose signals are theirs.
 */
#include "runtime/supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/prctl.h>

#include "base/cleanup.h"
#include "base/proc.h"
#include "tests/unit/child.h"
#include "tests/unit/test.h"

/* The supervised process: its signal mask as a new program has it. */
static pid_t start(int (*body)(void), int *ret_pidfd)
{
	pid_t pid = proc_clone(0, -1, ret_pidfd);

	if (pid == 0) {
		sigset_t none;

		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)sigemptyset(&none);
		(void)sigprocmask(SIG_SETMASK, &none, NULL);
		_exit(body());
	}
	return pid;
}

/* master: of a terminal, or -1. */
static int supervised_at(int master, int (*body)(void), int *ret_exit)
{
	auto_supervise struct supervise supervise = SUPERVISE_NONE;
	struct error err;
	int pidfd = -1;
	pid_t pid;

	EXPECT(supervise_prepare(&supervise, &err) == 0);
	pid = start(body, &pidfd);
	EXPECT(pid > 0);
	EXPECT(supervise_wait(&supervise, pid, pidfd, master, ret_exit, &err) == 0);
	return 0;
}

static int supervised(int (*body)(void), int *ret_exit)
{
	return supervised_at(-1, body, ret_exit);
}

static int exits_42(void)
{
	return 42;
}

static int kills_itself(void)
{
	return kill(getpid(), SIGKILL);
}

static int ends_body(const void *unused)
{
	int status = -1;

	(void)unused;
	EXPECT(supervised(exits_42, &status) == 0 && status == 42);
	EXPECT(supervised(kills_itself, &status) == 0 && status == 128 + SIGKILL);
	EXPECT(waitpid(-1, NULL, __WALL) < 0 && errno == ECHILD);
	return 0;
}

static void ends(void)
{
	CHECK_INT(0, in_child(ends_body, NULL));
}

/* ---- signals ---- */

static const int passed[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2 };

/* Ends by the signal that its parent gets. */
static int signals_parent(int number)
{
	(void)kill(getppid(), number);
	while (pause() < 0)
		;
	return 0;
}

static int by_hup(void)
{
	return signals_parent(SIGHUP);
}

static int by_int(void)
{
	return signals_parent(SIGINT);
}

static int by_quit(void)
{
	return signals_parent(SIGQUIT);
}

static int by_term(void)
{
	return signals_parent(SIGTERM);
}

static int by_usr1(void)
{
	return signals_parent(SIGUSR1);
}

static int by_usr2(void)
{
	return signals_parent(SIGUSR2);
}

static int passed_body(const void *unused)
{
	static int (*const bodies[])(void) = { by_hup, by_int, by_quit, by_term, by_usr1, by_usr2 };

	(void)unused;
	(void)prctl(PR_SET_DUMPABLE, 0); /* no core file for SIGQUIT */
	for (size_t i = 0; i < sizeof(passed) / sizeof(passed[0]); i++) {
		int status = -1;

		EXPECT(supervised(bodies[i], &status) == 0 && status == 128 + passed[i]);
	}
	return 0;
}

static void signals_are_passed_on(void)
{
	CHECK_INT(0, in_child(passed_body, NULL));
}

/* One that came before the wait, even before the process was there, is not lost. */
static int early_body(const void *unused)
{
	auto_supervise struct supervise supervise = SUPERVISE_NONE;
	struct error err;
	int status = -1;
	int pidfd = -1;
	pid_t pid;

	(void)unused;
	EXPECT(supervise_prepare(&supervise, &err) == 0);
	EXPECT(raise(SIGTERM) == 0);
	pid = proc_clone(0, -1, &pidfd);
	if (pid == 0) {
		(void)signal(SIGTERM, SIG_DFL);
		supervise_end(&supervise); /* unblocks: SIGTERM of the parent was not for this one */
		for (;;)
			(void)pause();
	}
	EXPECT(supervise_wait(&supervise, pid, pidfd, -1, &status, &err) == 0);
	EXPECT(status == 128 + SIGTERM);
	return 0;
}

static void early_signals_are_not_lost(void)
{
	CHECK_INT(0, in_child(early_body, NULL));
}

/* ---- orphans ---- */

/* Leaves a child behind, which becomes the supervisor's, then waits for a byte that never comes. */
static int leaves_orphans(void)
{
	int ends[2];
	char byte;

	if (pipe(ends) < 0)
		return 1;
	for (int i = 0; i < 3; i++) {
		pid_t between = fork();

		if (between == 0) {
			if (fork() == 0)
				_exit(0);
			_exit(0);
		}
		(void)waitpid(between, NULL, 0);
	}
	(void)close(ends[1]);
	/* End of file when the orphans have ended too. */
	(void)!read(ends[0], &byte, 1);
	(void)usleep(100000);
	return 5;
}

static int orphans_body(const void *unused)
{
	int status = -1;

	(void)unused;
	EXPECT(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
	EXPECT(supervised(leaves_orphans, &status) == 0 && status == 5);
	EXPECT(waitpid(-1, NULL, __WALL | WNOHANG) < 0 && errno == ECHILD);
	return 0;
}

/* The same with a terminal. */
static int terminal_orphans_body(const void *unused)
{
	auto_fd int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	auto_fd int peer = -1;
	int status = -1;

	(void)unused;
	EXPECT(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
	peer = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
	EXPECT(peer >= 0 && prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
	EXPECT(supervised_at(master, leaves_orphans, &status) == 0 && status == 5);
	EXPECT(waitpid(-1, NULL, __WALL | WNOHANG) < 0 && errno == ECHILD);
	return 0;
}

static void orphans_are_reaped(void)
{
	CHECK_INT(0, in_child(orphans_body, NULL));
	CHECK_INT(0, in_child(terminal_orphans_body, NULL));
}

/* ---- the mask ---- */

static int mask_body(const void *unused)
{
	struct supervise supervise = SUPERVISE_NONE;
	struct error err;
	sigset_t mask;

	(void)unused;
	(void)sigemptyset(&mask);
	(void)sigaddset(&mask, SIGUSR2);
	EXPECT(sigprocmask(SIG_SETMASK, &mask, NULL) == 0);
	EXPECT(supervise_prepare(&supervise, &err) == 0 && supervise.signals >= 0);
	EXPECT(sigprocmask(SIG_SETMASK, NULL, &mask) == 0);
	EXPECT(sigismember(&mask, SIGTERM) == 1 && sigismember(&mask, SIGCHLD) == 1 && !sigismember(&mask, SIGSEGV));
	supervise_end(&supervise);
	supervise_end(&supervise); /* once is enough, twice no harm */
	EXPECT(supervise.signals == -1 && sigprocmask(SIG_SETMASK, NULL, &mask) == 0);
	EXPECT(sigismember(&mask, SIGUSR2) == 1 && !sigismember(&mask, SIGTERM) && !sigismember(&mask, SIGCHLD));
	return 0;
}

static void mask_comes_back(void)
{
	CHECK_INT(0, in_child(mask_body, NULL));
}

static int not_a_child_body(const void *unused)
{
	auto_supervise struct supervise supervise = SUPERVISE_NONE;
	struct error err;
	int status = -1;
	int pidfd = -1;
	pid_t pid;

	(void)unused;
	EXPECT(supervise_prepare(&supervise, &err) == 0);
	pid = start(exits_42, &pidfd);
	EXPECT(proc_wait(pid) == 42);
	EXPECT(supervise_wait(&supervise, pid, pidfd, -1, &status, &err) == -ECHILD && status == -1);
	EXPECT(strstr(err.text, "wait for the container: ") == err.text);
	return 0;
}

static void process_is_no_child(void)
{
	CHECK_INT(0, in_child(not_a_child_body, NULL));
}

static const struct test tests[] = {
	TEST(ends),
	TEST(signals_are_passed_on),
	TEST(early_signals_are_not_lost),
	TEST(orphans_are_reaped),
	TEST(mask_comes_back),
	TEST(process_is_no_child),
};
TEST_MAIN(tests)
