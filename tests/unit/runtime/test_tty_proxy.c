/*
 * test_tty_proxy.c - a proxy process whose own terminal is one pty and whose container is another: this test holds the
 * far ends of both and the process it watches.
 */
#include <errno.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>

#include "container_fixture.h"
#include "runtime/tty.h"

struct setup {
	int user;      /* master of the proxy's own terminal */
	int user_peer; /* and its other end, to look at its settings */
	int app;       /* the container's end of the proxied pty */
	pid_t process; /* "the container" */
	pid_t proxy;
	struct termios before;
};

static void make_pty(int *ret_master, int *ret_peer)
{
	int unlock = 0;

	*ret_master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (*ret_master < 0)
		TEST_SKIP("no /dev/ptmx");
	CHECK_INT(0, ioctl(*ret_master, TIOCSPTLCK, &unlock));
	*ret_peer = ioctl(*ret_master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	CHECK(*ret_peer >= 0);
}

static pid_t sleeper(int signal_pipe)
{
	pid_t pid;

	(void)fflush(stdout);
	pid = fork();
	if (pid == 0) {
		sigset_t set;
		int number;

		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)sigemptyset(&set);
		(void)sigaddset(&set, SIGTERM);
		(void)sigprocmask(SIG_BLOCK, &set, NULL);
		(void)close(signal_pipe);
		(void)sigwait(&set, &number);
		_exit(number);
	}
	return pid;
}

/* input, output: -1 for the terminal. The child closes `other_end`, and runs the proxy in a session of its own. */
static struct setup start_proxy(int input, int output, int other_end)
{
	struct setup setup;
	int master;

	make_pty(&setup.user, &setup.user_peer);
	make_pty(&master, &setup.app);
	CHECK_INT(0, tcgetattr(setup.user_peer, &setup.before));
	setup.process = sleeper(master);
	setup.proxy = fork();
	if (setup.proxy == 0) {
		struct error err;
		int pidfd = proc_pidfd_open(setup.process);

		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)setsid();
		(void)ioctl(setup.user_peer, TIOCSCTTY, 0);
		(void)dup2(input >= 0 ? input : setup.user_peer, STDIN_FILENO);
		(void)dup2(output >= 0 ? output : setup.user_peer, STDOUT_FILENO);
		(void)close(setup.user);
		(void)close(setup.app);
		if (other_end >= 0)
			(void)close(other_end);
		_exit(tty_proxy(master, setup.process, pidfd, &err) == 0 ? 0 : 1);
	}
	(void)close(master);
	return setup;
}

/* Reads until `text` has come, at most 5 s. */
static void expect_text(int fd, const char *text)
{
	char seen[4096] = "";
	size_t used = 0;

	while (!strstr(seen, text)) {
		struct pollfd ready = { .fd = fd, .events = POLLIN };
		ssize_t got;

		if (poll(&ready, 1, 5000) <= 0)
			test_stop(TEST_FAILED, "\"%s\" did not come, but \"%s\"", text, seen);
		got = read(fd, seen + used, sizeof(seen) - 1 - used);
		CHECK(got > 0);
		used += (size_t)got;
		seen[used] = '\0';
	}
}

static void wait_until_raw(const struct setup *setup)
{
	struct termios now;

	for (int i = 0; i < 500; i++) {
		CHECK_INT(0, tcgetattr(setup->user_peer, &now));
		if (!(now.c_lflag & ICANON))
			return;
		(void)usleep(10 * 1000);
	}
	test_stop(TEST_FAILED, "the terminal did not become raw");
}

static void check_restored(const struct setup *setup)
{
	struct termios now;

	CHECK_INT(0, tcgetattr(setup->user_peer, &now));
	CHECK_INT(setup->before.c_lflag, now.c_lflag);
	CHECK_INT(setup->before.c_iflag, now.c_iflag);
	CHECK_INT(setup->before.c_oflag, now.c_oflag);
}

static void finish(const struct setup *setup)
{
	(void)close(setup->user);
	(void)close(setup->user_peer);
	(void)close(setup->app);
}

static void bytes_go_both_ways_and_the_terminal_comes_back(void)
{
	struct setup setup = start_proxy(-1, -1, -1);

	wait_until_raw(&setup);
	CHECK_INT(6, write(setup.user, "hello\r", 6));
	expect_text(setup.app, "hello\n");
	CHECK_INT(7, write(setup.app, "answer\n", 7));
	expect_text(setup.user, "answer\r\n");
	CHECK_INT(0, kill(setup.process, SIGKILL));
	(void)proc_wait(setup.process);
	CHECK_INT(0, proc_wait(setup.proxy));
	check_restored(&setup);
	finish(&setup);
}

static void output_before_the_end_is_not_lost(void)
{
	struct setup setup = start_proxy(-1, -1, -1);

	wait_until_raw(&setup);
	CHECK_INT(0, kill(setup.proxy, SIGSTOP));
	CHECK_INT(10, write(setup.app, "last words", 10));
	(void)close(setup.app);
	CHECK_INT(0, kill(setup.process, SIGKILL));
	(void)proc_wait(setup.process);
	CHECK_INT(0, kill(setup.proxy, SIGCONT));
	expect_text(setup.user, "last words");
	CHECK_INT(0, proc_wait(setup.proxy));
	setup.app = dup(setup.user_peer);
	check_restored(&setup);
	finish(&setup);
}

static void size_follows(void)
{
	struct setup setup = start_proxy(-1, -1, -1);
	const struct winsize size = { .ws_row = 50, .ws_col = 161 };
	struct winsize seen = { 0 };

	wait_until_raw(&setup);
	CHECK_INT(0, ioctl(setup.user, TIOCSWINSZ, &size)); /* the kernel sends SIGWINCH to the proxy */
	for (int i = 0; i < 500 && seen.ws_col != 161; i++) {
		(void)usleep(10 * 1000);
		CHECK_INT(0, ioctl(setup.app, TIOCGWINSZ, &seen));
	}
	CHECK_INT(50, seen.ws_row);
	CHECK_INT(161, seen.ws_col);
	CHECK_INT(0, kill(setup.process, SIGKILL));
	(void)proc_wait(setup.process);
	CHECK_INT(0, proc_wait(setup.proxy));
	finish(&setup);
}

static void signals_are_passed_on(void)
{
	struct setup setup = start_proxy(-1, -1, -1);

	wait_until_raw(&setup);
	CHECK_INT(0, kill(setup.proxy, SIGTERM));
	CHECK_INT(SIGTERM, proc_wait(setup.process));
	CHECK_INT(0, proc_wait(setup.proxy));
	check_restored(&setup);
	finish(&setup);
}

static void goes_on_after_the_end_of_input(void)
{
	struct setup setup;
	int input[2];

	CHECK_INT(0, pipe2(input, O_CLOEXEC));
	CHECK_INT(6, write(input[1], "piped\n", 6));
	(void)close(input[1]);
	setup = start_proxy(input[0], -1, -1);
	(void)close(input[0]);
	expect_text(setup.app, "piped\n");
	CHECK_INT(1, write(setup.app, "1", 1));
	expect_text(setup.user, "1");
	CHECK_INT(1, write(setup.app, "2", 1));
	expect_text(setup.user, "2");
	CHECK_INT(0, kill(setup.process, SIGKILL));
	(void)proc_wait(setup.process);
	CHECK_INT(0, proc_wait(setup.proxy));
	finish(&setup);
}

/* The process closed its terminal and lives on: no spinning, and its end is still noticed. */
static void a_closed_terminal_waits_for_the_process(void)
{
	struct setup setup = start_proxy(-1, -1, -1);
	char path[64];
	char stat_text[1024];
	unsigned long used_ticks = 0;
	const char *field;

	wait_until_raw(&setup);
	(void)close(setup.app);
	setup.app = dup(setup.user_peer);
	CHECK_INT(4, write(setup.user, "typo", 4));
	(void)usleep(500 * 1000);
	(void)snprintf(path, sizeof(path), "/proc/%d/stat", setup.proxy);
	CHECK(fd_read_small(AT_FDCWD, path, stat_text, sizeof(stat_text)) > 0);
	field = strrchr(stat_text, ')');
	CHECK(field && sscanf(field, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu", &used_ticks) == 1);
	CHECK(used_ticks < 20);
	CHECK_INT(0, kill(setup.process, SIGKILL));
	(void)proc_wait(setup.process);
	CHECK_INT(0, proc_wait(setup.proxy));
	check_restored(&setup);
	finish(&setup);
}

/* More than any buffer holds: the proxy writes in pieces and loses nothing. */
static void much_output_arrives_whole(void)
{
	struct setup setup;
	int output[2];
	pid_t writer;
	size_t total = 0;
	char data[8192];

	CHECK_INT(0, pipe2(output, O_CLOEXEC));
	setup = start_proxy(-1, output[1], output[0]);
	(void)close(output[1]);
	wait_until_raw(&setup);
	writer = fork();
	if (writer == 0) {
		char block[1000];

		memset(block, 'x', sizeof(block));
		for (int i = 0; i < 500; i++)
			if (fd_write_all(setup.app, block, sizeof(block)) < 0)
				_exit(1);
		_exit(0);
	}
	while (total < 500 * 1000) {
		struct pollfd ready = { .fd = output[0], .events = POLLIN };
		ssize_t got;

		CHECK_INT(1, poll(&ready, 1, 5000));
		got = read(output[0], data, total % 3 ? sizeof(data) : 100);
		CHECK(got > 0);
		for (ssize_t i = 0; i < got; i++)
			CHECK_INT('x', data[i]);
		total += (size_t)got;
	}
	CHECK_INT(500 * 1000, total);
	CHECK_INT(0, proc_wait(writer));
	CHECK_INT(0, kill(setup.process, SIGKILL));
	(void)proc_wait(setup.process);
	CHECK_INT(0, proc_wait(setup.proxy));
	(void)close(output[0]);
	finish(&setup);
}

/* `coffer run -t ... | head`: the reader leaves, the container and the terminal must not suffer. */
static void a_lost_reader_is_no_death(void)
{
	struct setup setup;
	int output[2];

	CHECK_INT(0, pipe2(output, O_CLOEXEC));
	setup = start_proxy(-1, output[1], output[0]);
	(void)close(output[1]);
	(void)close(output[0]);
	wait_until_raw(&setup);
	for (int i = 0; i < 20; i++) {
		CHECK_INT(4, write(setup.app, "gone", 4));
		(void)usleep(5 * 1000);
	}
	CHECK_INT(0, kill(setup.process, SIGKILL));
	(void)proc_wait(setup.process);
	CHECK_INT(0, proc_wait(setup.proxy));
	check_restored(&setup);
	finish(&setup);
}

static const struct test tests[] = {
	TEST(bytes_go_both_ways_and_the_terminal_comes_back),
	TEST(output_before_the_end_is_not_lost),
	TEST(size_follows),
	TEST(signals_are_passed_on),
	TEST(goes_on_after_the_end_of_input),
	TEST(a_closed_terminal_waits_for_the_process),
	TEST(much_output_arrives_whole),
	TEST(a_lost_reader_is_no_death),
};
TEST_MAIN(tests)
