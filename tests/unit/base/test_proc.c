/* test_proc.c - children by clone3 and by path: ends and codes, pidfds, identity over time, and failures of execve. */
#include "base/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "tests/unit/temporary.h"
#include "tests/unit/child.h"

static pid_t child_that_exits(int status, int *ret_pidfd)
{
	pid_t pid = proc_clone(0, -1, ret_pidfd);

	if (pid == 0)
		_exit(status);
	return pid;
}

static pid_t child_that_waits(int *ret_pidfd)
{
	pid_t pid = proc_clone(0, -1, ret_pidfd);

	if (pid == 0)
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (pid == 0)
		for (;;)
			(void)pause();
	return pid;
}

/* ---- clone and wait ---- */

static void exit_codes(void)
{
	static const int codes[] = { 0, 1, 42, 127, 128, 255 };

	for (size_t i = 0; i < ARRAY_SIZE(codes); i++) {
		pid_t pid = child_that_exits(codes[i], NULL);

		CHECK(pid > 0);
		CHECK_INT(codes[i], proc_wait(pid));
	}
}

static void ends_by_signal(void)
{
	static const int signals[] = { SIGKILL, SIGTERM, SIGUSR1 };

	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		auto_fd int pidfd = -1;
		pid_t pid = child_that_waits(&pidfd);

		CHECK(pid > 0 && pidfd >= 0);
		CHECK_INT(FD_CLOEXEC, fcntl(pidfd, F_GETFD));
		CHECK_INT(0, proc_pidfd_send(pidfd, signals[i]));
		CHECK_INT(128 + signals[i], proc_wait_pidfd(pidfd));
		CHECK_INT(-ESRCH, proc_pidfd_send(pidfd, signals[i]));
		CHECK_INT(-ECHILD, proc_wait_pidfd(pidfd));
	}
}

static void waits_that_fail(void)
{
	CHECK_INT(-ECHILD, proc_wait(getpid()));
	CHECK_INT(-EBADF, proc_wait_pidfd(9999));
	CHECK_INT(-EBADF, proc_pidfd_send(9999, 0));
	CHECK_INT(-EINVAL, proc_pidfd_open(0));
	CHECK_INT(-ESRCH, proc_pidfd_open(INT32_MAX));
}

static void interrupted(int signal)
{
	(void)signal;
}

/* waitid(2) is interrupted by handlers; the status must not be lost to that. */
static void wait_goes_on_after_signals(void)
{
	const struct sigaction action = { .sa_handler = interrupted };
	struct sigaction before;
	pid_t parent = getpid();
	pid_t pid;

	CHECK_INT(0, sigaction(SIGUSR1, &action, &before));
	pid = proc_clone(0, -1, NULL);
	if (pid == 0) {
		for (int i = 0; i < 5; i++) {
			(void)usleep(2000);
			(void)kill(parent, SIGUSR1);
		}
		_exit(9);
	}
	CHECK_INT(9, proc_wait(pid));
	CHECK_INT(0, sigaction(SIGUSR1, &before, NULL));
}

static void clone_errors(void)
{
	int pidfd = 99;

	/* A thread needs a shared signal table; a file is no cgroup. */
	CHECK_INT(-EINVAL, proc_clone(CLONE_THREAD, -1, &pidfd));
	CHECK_INT(-EBADF, proc_clone(0, STDIN_FILENO, &pidfd));
	CHECK_INT(99, pidfd);
}

static int clones_a_sibling(const void *unused)
{
	int ends[2];
	pid_t pid;
	pid_t parent_of_sibling = 0;

	(void)unused;
	EXPECT(pipe(ends) == 0);
	pid = proc_clone(CLONE_PARENT, -1, NULL);
	if (pid == 0) {
		pid_t parent = getppid();

		(void)!write(ends[1], &parent, sizeof(parent));
		_exit(0);
	}
	EXPECT(pid > 0);
	EXPECT(read(ends[0], &parent_of_sibling, sizeof(parent_of_sibling)) == sizeof(parent_of_sibling));
	EXPECT(parent_of_sibling == getppid());
	/* It is none of this process's children. */
	EXPECT(proc_wait(pid) == -ECHILD);
	return 0;
}

static void clone_parent(void)
{
	CHECK_INT(0, in_child(clones_a_sibling, NULL));
	/* The sibling has become a child of this process, one that ends without SIGCHLD. */
	CHECK(waitpid(-1, NULL, __WALL) > 0);
}

static void new_pid_namespace(void)
{
	pid_t pid;

	if (geteuid() != 0)
		TEST_SKIP("a pid namespace needs root");
	pid = proc_clone(CLONE_NEWPID, -1, NULL);
	if (pid == 0)
		_exit(getpid() == 1 ? 0 : 1);
	CHECK_INT(0, proc_wait(pid));
}

static void fd_of_another_process(void)
{
	auto_fd int dir = temporary_open();
	auto_fd int pidfd = -1;
	auto_fd int copy = -1;
	pid_t pid = child_that_waits(&pidfd);
	struct stat mine;
	struct stat its;

	copy = proc_pidfd_getfd(pidfd, dir);
	CHECK(copy >= 0 && fcntl(copy, F_GETFD) == FD_CLOEXEC);
	CHECK_INT(0, fstat(dir, &mine) | fstat(copy, &its));
	CHECK_INT(mine.st_ino, its.st_ino);
	CHECK_INT(-EBADF, proc_pidfd_getfd(pidfd, 9999));
	CHECK_INT(0, proc_pidfd_send(pidfd, SIGKILL));
	CHECK_INT(128 + SIGKILL, proc_wait(pid));
	CHECK_INT(-ESRCH, proc_pidfd_getfd(pidfd, dir));
}

/* ---- identity ---- */

static void umask_as_it_is(void)
{
	mode_t before = umask(0137);

	CHECK_INT(0137, proc_umask());
	CHECK_INT(0137, umask(before));
	CHECK_INT(before, proc_umask());
}

static void start_times(void)
{
	uint64_t mine = proc_start_time(getpid());
	auto_fd int pidfd = -1;
	pid_t pid;

	CHECK(mine > 0);
	CHECK_INT(mine, proc_start_time(getpid()));
	(void)usleep(30000); /* more than a clock tick, of which there are 100 a second */
	pid = child_that_waits(&pidfd);
	CHECK(proc_start_time(pid) > mine);
	CHECK_INT(0, proc_pidfd_send(pidfd, SIGKILL));
	CHECK_INT(128 + SIGKILL, proc_wait_pidfd(pidfd));
	CHECK_INT(0, proc_start_time(pid));
	CHECK_INT(0, proc_start_time(INT32_MAX));
	CHECK_INT(0, proc_start_time(-1));
}

static void zombies_have_none(void)
{
	pid_t pid = child_that_exits(0, NULL);
	siginfo_t info;

	CHECK_INT(0, waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT));
	CHECK_INT(0, proc_start_time(pid));
	CHECK_INT(0, proc_wait(pid));
}

/* The name in stat is chosen by the process: parentheses, blanks and a state of its own. */
static int renames_itself(const void *unused)
{
	uint64_t before = proc_start_time(getpid());
	static const char *const names[] = { ") Z 1 1 1", "a b) X (", "((((((", ")", " ", "\n" };

	(void)unused;
	EXPECT(before > 0);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		EXPECT(fd_write_existing(AT_FDCWD, "/proc/self/comm", names[i]) == 0);
		EXPECT(proc_start_time(getpid()) == before);
	}
	return 0;
}

static void hostile_names(void)
{
	CHECK_INT(0, in_child(renames_itself, NULL));
}

/* ---- spawn ---- */

static char *const no_environment[] = { NULL };

static void spawn_runs_with_stdin(void)
{
	auto_fd int dir = temporary_open();
	auto_fd int input = -1;
	char *const argv[] = { (char[]){ "sh" }, (char[]){ "-c" },
			       (char[]){ "read -r code && test -z \"$HOME$USER\" && exit \"$code\"" }, NULL };
	pid_t pid;

	temporary_write(dir, "input", "33\n", 3);
	input = openat(dir, "input", O_RDONLY | O_CLOEXEC);
	pid = proc_spawn("/bin/sh", argv, no_environment, input);
	CHECK(pid > 0);
	CHECK_INT(33, proc_wait(pid));
}

static void spawn_errors(void)
{
	auto_fd int dir = temporary_open();
	auto_fd int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	char *const argv[] = { (char[]){ "x" }, NULL };
	char path[64];

	CHECK_INT(-ENOENT, proc_spawn("/nonexistent/program", argv, no_environment, null));
	CHECK_INT(-EACCES, proc_spawn("/etc/passwd", argv, no_environment, null));
	CHECK_INT(-ENOTDIR, proc_spawn("/etc/passwd/x", argv, no_environment, null));
	temporary_write(dir, "garbage", "\177ELF garbage", 12);
	CHECK_INT(0, fchmodat(dir, "garbage", 0755, 0));
	(void)snprintf(path, sizeof(path), "/proc/%d/fd/%d/garbage", getpid(), dir);
	CHECK_INT(-ENOEXEC, proc_spawn(path, argv, no_environment, null));
	CHECK_INT(-EBADF, proc_spawn("/bin/true", argv, no_environment, 9999));
	/* Those that failed are waited for. */
	CHECK(waitpid(-1, NULL, __WALL) < 0 && errno == ECHILD);
}

/* The caller's stdin may be the very fd that is wanted, and marked close-on-exec. */
static int spawn_with_own_stdin(const void *unused)
{
	char *const argv[] = { (char[]){ "sh" }, (char[]){ "-c" }, (char[]){ "read -r a; test \"$a\" = hello" }, NULL };
	int ends[2];
	pid_t pid;

	(void)unused;
	EXPECT(pipe2(ends, O_CLOEXEC) == 0);
	EXPECT(write(ends[1], "hello\n", 6) == 6);
	EXPECT(dup3(ends[0], STDIN_FILENO, O_CLOEXEC) == STDIN_FILENO);
	pid = proc_spawn("/bin/sh", argv, no_environment, STDIN_FILENO);
	EXPECT(pid > 0);
	EXPECT(proc_wait(pid) == 0);
	return 0;
}

static void spawn_with_stdin_kept(void)
{
	CHECK_INT(0, in_child(spawn_with_own_stdin, NULL));
}

/* ---- alone ---- */

/* Its files are its own: what it closes is open here. */
static int says_and_ends(void *context)
{
	const int *ends = context;

	(void)close(ends[0]);
	(void)write(ends[1], "x", 1);
	return 0;
}

static int alone(const void *unused)
{
	char much[PROC_ALONE_BYTES + 1] = "";
	int ends[2];
	char byte;
	pid_t pid;

	(void)unused;
	EXPECT(pipe2(ends, O_CLOEXEC) == 0);
	EXPECT(proc_run_alone(says_and_ends, much, sizeof(much)) == -E2BIG);
	pid = proc_run_alone(says_and_ends, ends, sizeof(ends));
	EXPECT(pid > 0 && close(ends[1]) == 0);
	EXPECT(read(ends[0], &byte, 1) == 1 && byte == 'x');
	EXPECT(read(ends[0], &byte, 1) == 0);                  /* it has ended */
	EXPECT(waitpid(-1, NULL, 0) == -1 && errno == ECHILD); /* and nobody has to know */
	EXPECT(waitpid(pid, NULL, (int)__WCLONE) == pid);      /* but who asks for it */
	return 0;
}

static void nobody_waits_for_one_that_is_alone(void)
{
	CHECK_INT(0, in_child(alone, NULL));
}

static const struct test tests[] = {
	TEST(exit_codes),
	TEST(ends_by_signal),
	TEST(waits_that_fail),
	TEST(wait_goes_on_after_signals),
	TEST(clone_errors),
	TEST(clone_parent),
	TEST(new_pid_namespace),
	TEST(fd_of_another_process),
	TEST(umask_as_it_is),
	TEST(start_times),
	TEST(zombies_have_none),
	TEST(hostile_names),
	TEST(spawn_runs_with_stdin),
	TEST(spawn_errors),
	TEST(spawn_with_stdin_kept),
	TEST(nobody_waits_for_one_that_is_alone),
};
TEST_MAIN(tests)
