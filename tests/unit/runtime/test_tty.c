/* test_tty.c - the pair on a devpts, stdio made of it, and the console socket. */
#include "runtime/tty.h"

#include <errno.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/path.h"
#include "base/str.h"
#include "container_fixture.h"

/* /dev/pts of the machine, if it has one; its ptmx is as good as any. */
static int devpts(void)
{
	int fd = open("/dev/pts", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || access("/dev/pts/ptmx", R_OK | W_OK) < 0)
		TEST_SKIP("no usable /dev/pts/ptmx");
	return fd;
}

static void opens_a_pair_with_size(void)
{
	auto_fd int dir = devpts();
	struct error err = { 0 };
	struct winsize size;
	int master, peer;
	char text[8] = "";

	CHECK_INT(0, tty_open_pair(dir, 40, 132, &master, &peer, &err));
	CHECK_INT(FD_CLOEXEC, fcntl(master, F_GETFD));
	CHECK_INT(FD_CLOEXEC, fcntl(peer, F_GETFD));
	CHECK(isatty(peer));
	CHECK_INT(0, ioctl(peer, TIOCGWINSZ, &size));
	CHECK_INT(40, size.ws_row);
	CHECK_INT(132, size.ws_col);
	CHECK_INT(3, write(peer, "abc", 3));
	CHECK_INT(3, read(master, text, sizeof(text)));
	CHECK_STR("abc", text);
	(void)close(peer);
	(void)close(master);
}

static void refuses_what_is_no_devpts(void)
{
	auto_free char *fake = xasprintf("%s/ptmx", fixture_root());
	auto_fd int dir = -1;
	struct error err;
	int master = -7, peer = -7;

	CHECK_INT(0, symlink("/dev/ptmx", fake));
	*strrchr(fake, '/') = '\0';
	dir = open(fake, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(dir >= 0);
	CHECK_INT(-EINVAL, tty_open_pair(dir, 0, 0, &master, &peer, &err));
	CHECK_CONTAINS("not on devpts", err.text);
	CHECK_INT(-7, master);
	CHECK_INT(-7, peer);
}

static void makes_stdio(void)
{
	auto_fd int dir = devpts();
	struct error err = { 0 };
	int master, peer;
	char text[64] = "";
	ssize_t got;
	pid_t pid;

	CHECK_INT(0, tty_open_pair(dir, 0, 0, &master, &peer, &err));
	(void)fflush(stdout);
	pid = fork();
	if (pid == 0) {
		struct stat st;

		(void)setsid();
		if (tty_make_stdio(peer, geteuid() == 0 ? 4711 : geteuid(), &err) < 0)
			_exit(1);
		if (fstat(STDIN_FILENO, &st) < 0 || (geteuid() == 0 && st.st_uid != 4711))
			_exit(2);
		for (int fd = 0; fd <= 2; fd++)
			if (!isatty(fd) || fcntl(fd, F_GETFD) != 0)
				_exit(3);
		/* Only a controlling terminal can be opened by this name. */
		_exit(open("/dev/tty", O_RDWR | O_CLOEXEC) < 0 ? 4 : write(STDERR_FILENO, "ok", 2) == 2 ? 0 : 5);
	}
	got = read(master, text, sizeof(text) - 1);
	CHECK_INT(0, proc_wait(pid));
	CHECK_INT(2, got);
	CHECK_STR("ok", text);
	(void)close(peer);
	(void)close(master);
}

static void no_session_is_an_error(void)
{
	int plain[2];
	struct error err;

	CHECK_INT(0, pipe(plain));
	CHECK_INT(-ENOTTY, tty_make_stdio(plain[0], geteuid(), &err));
	CHECK_CONTAINS("controlling", err.text);
	(void)close(plain[0]);
	(void)close(plain[1]);
}

static int console_listener(const char *directory, const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	/* A long path cannot be bound as it is. */
	CHECK_INT(0, chdir(directory));
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", strrchr(path, '/') + 1);
	CHECK_INT(0, bind(fd, (const struct sockaddr *)&address, sizeof(address)));
	CHECK_INT(0, listen(fd, 1));
	CHECK_INT(0, chdir("/"));
	return fd;
}

static void check_console(const char *directory)
{
	auto_free char *path = xasprintf("%s/console.sock", directory);
	auto_fd int listener = console_listener(directory, path);
	auto_fd int connection = -1;
	auto_fd int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	auto_fd int passed = -1;
	char payload[64] = "";
	struct error err = { 0 };

	if (tty_send_console(path, null, &err) < 0)
		test_stop(TEST_FAILED, "%s", err.text);
	connection = accept(listener, NULL, NULL);
	CHECK_INT(9, fd_receive(connection, payload, sizeof(payload), &passed));
	CHECK_STR("/dev/ptmx", payload);
	CHECK(passed >= 0 && path_is_device(passed, 1, 3));
	CHECK_INT(0, read(connection, payload, sizeof(payload)));
}

static void sends_to_the_console_socket(void)
{
	check_console(fixture_root());
}

static void long_console_paths_work(void)
{
	auto_free char *directory = xasprintf("%s/%0150d", fixture_root(), 1);

	CHECK_INT(0, mkdir(directory, 0700));
	check_console(directory);
}

static void console_errors_name_the_path(void)
{
	auto_free char *overlong = xcalloc(1, 5000);
	struct error err;

	CHECK_INT(-ENOENT, tty_send_console("/nonexistent/console.sock", 0, &err));
	CHECK_CONTAINS("console socket /nonexistent/console.sock", err.text);
	CHECK_INT(-EINVAL, tty_send_console("", 0, &err));
	memset(overlong, 'x', 4999);
	CHECK_INT(-ENAMETOOLONG, tty_send_console(overlong, 0, &err));
	overlong[0] = overlong[4500] = '/';
	CHECK_INT(-ENAMETOOLONG, tty_send_console(overlong, 0, &err));
}

static const struct test tests[] = {
	TEST(opens_a_pair_with_size),       TEST(refuses_what_is_no_devpts),   TEST(makes_stdio),
	TEST(no_session_is_an_error),       TEST(sends_to_the_console_socket), TEST(long_console_paths_work),
	TEST(console_errors_name_the_path),
};
TEST_MAIN(tests)
