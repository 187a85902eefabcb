/* test_fd.c - whole files read to their bounds, written at once, and fds passed over sockets without a leak. */
#include "base/fd.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "tests/unit/temporary.h"
#include "tests/unit/child.h"

static int open_fds(void)
{
	auto_dir DIR *dir = opendir("/proc/self/fd");
	int count = 0;

	while (dir && readdir(dir))
		count++;
	return count;
}

/* ---- reading ---- */

static void read_file_at_its_bounds(void)
{
	auto_fd int dir = temporary_open();
	static char bytes[10000];
	static const size_t sizes[] = { 0, 1, 4094, 4095, 4096, 8192, sizeof(bytes) };

	memset(bytes, 'b', sizeof(bytes));
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		auto_free char *text = NULL;
		auto_free char *other = NULL;
		size_t length = 99;
		struct error err;

		temporary_write(dir, "file", bytes, sizes[i]);
		CHECK_INT(0, fd_read_file(dir, "file", sizes[i], &text, &length, &err));
		CHECK_INT(sizes[i], length);
		CHECK(memcmp(text, bytes, length) == 0 && text[length] == '\0');
		CHECK_INT(0, fd_read_file(dir, "file", SIZE_MAX, &other, NULL, &err));
		CHECK_INT(sizes[i], strlen(other));
	}
}

static void read_file_too_long(void)
{
	auto_fd int dir = temporary_open();
	char *text = NULL;
	struct error err;

	temporary_write(dir, "file", "12345", 5);
	CHECK_INT(-EFBIG, fd_read_file(dir, "file", 4, &text, NULL, &err));
	CHECK_CONTAINS("read file: more than 4 bytes", err.text);
	CHECK(text == NULL);
	/* A kernel file tells no size beforehand. */
	CHECK_INT(-EFBIG, fd_read_file(AT_FDCWD, "/proc/self/mountinfo", 10, &text, NULL, &err));
	CHECK_INT(-EFBIG, fd_read_file(AT_FDCWD, "/dev/zero", 20000, &text, NULL, &err));
	CHECK(text == NULL);
}

static void read_file_of_the_kernel(void)
{
	auto_free char *text = NULL;
	size_t length;
	struct error err;

	CHECK_INT(0, fd_read_file(AT_FDCWD, "/proc/self/status", 65536, &text, &length, &err));
	CHECK_INT(length, strlen(text));
	CHECK_CONTAINS("\nPid:", text);
}

static void read_file_errors(void)
{
	auto_fd int dir = temporary_open();
	char *text = NULL;
	struct error err;

	CHECK_INT(-ENOENT, fd_read_file(dir, "missing", 4, &text, NULL, &err));
	CHECK_STR("open missing: No such file or directory", err.text);
	CHECK_INT(-EISDIR, fd_read_file(dir, ".", 4, &text, NULL, &err));
	CHECK_STR("read .: Is a directory", err.text);
	CHECK(text == NULL);
}

static void read_small(void)
{
	auto_fd int dir = temporary_open();
	char buffer[8];

	temporary_write(dir, "file", "abc\n\n", 5);
	CHECK_INT(3, fd_read_small(dir, "file", buffer, sizeof(buffer)));
	CHECK_STR("abc", buffer);
	temporary_write(dir, "file", "\n\n\n", 3);
	CHECK_INT(0, fd_read_small(dir, "file", buffer, sizeof(buffer)));
	CHECK_STR("", buffer);
	temporary_write(dir, "file", "a\nb", 3);
	CHECK_INT(3, fd_read_small(dir, "file", buffer, sizeof(buffer)));
	CHECK_STR("a\nb", buffer);
	/* A longer file is cut to what fits with its NUL. */
	temporary_write(dir, "file", "0123456789", 10);
	CHECK_INT(7, fd_read_small(dir, "file", buffer, sizeof(buffer)));
	CHECK_STR("0123456", buffer);
	CHECK_INT(0, fd_read_small(dir, "file", buffer, 1));
	CHECK_STR("", buffer);
	CHECK_INT(-ENOENT, fd_read_small(dir, "missing", buffer, sizeof(buffer)));
	CHECK_INT(-EISDIR, fd_read_small(dir, ".", buffer, sizeof(buffer)));
}

/* ---- writing ---- */

static void write_existing(void)
{
	auto_fd int dir = temporary_open();
	char buffer[16];

	CHECK_INT(-ENOENT, fd_write_existing(dir, "file", "x"));
	temporary_write(dir, "file", "012345", 6);
	CHECK_INT(0, fd_write_existing(dir, "file", "ab"));
	CHECK_INT(6, fd_read_small(dir, "file", buffer, sizeof(buffer)));
	CHECK_STR("ab2345", buffer);
	CHECK_INT(0, fd_write_existing(dir, "file", ""));
	CHECK_INT(-EISDIR, fd_write_existing(dir, ".", "x"));
	CHECK_INT(-ENOSPC, fd_write_existing(AT_FDCWD, "/dev/full", "x"));
}

static void *drain(void *fd)
{
	static char sink[4096];
	size_t total = 0;
	ssize_t got;

	while ((got = read(*(int *)fd, sink, sizeof(sink))) > 0)
		total += (size_t)got;
	return (void *)(uintptr_t)total;
}

/* More than a pipe holds, so that it goes in parts. */
static void write_all_in_parts(void)
{
	enum { SIZE = 300000 };
	auto_free char *bytes = calloc(1, SIZE);
	int ends[2];
	pthread_t reader;
	void *total;
	int r;

	CHECK(bytes && pipe2(ends, O_CLOEXEC) == 0);
	CHECK_INT(0, pthread_create(&reader, NULL, drain, &ends[0]));
	r = fd_write_all(ends[1], bytes, SIZE);
	(void)close(ends[1]);
	CHECK_INT(0, pthread_join(reader, &total));
	(void)close(ends[0]);
	CHECK_INT(0, r);
	CHECK_INT(SIZE, (uintptr_t)total);
	CHECK_INT(0, fd_write_all(-1, "", 0));
	CHECK_INT(-EBADF, fd_write_all(-1, "x", 1));
}

static void write_atomic(void)
{
	auto_fd int dir = temporary_open();
	mode_t before = umask(022);
	struct stat st;
	struct error err;
	char buffer[16];

	CHECK_INT(0, fd_write_atomic(dir, "file", "first, long", 11, 0600, &err));
	CHECK_INT(0, fd_write_atomic(dir, "file", "2nd", 3, 0644, &err));
	CHECK_INT(3, fd_read_small(dir, "file", buffer, sizeof(buffer)));
	CHECK_STR("2nd", buffer);
	CHECK_INT(0, fstatat(dir, "file", &st, 0));
	CHECK_INT(0644, st.st_mode & 07777);
	(void)umask(before);
}

/* A link in the place of the file is replaced, not followed; nothing is left behind when it cannot be. */
static void write_atomic_in_hostile_directory(void)
{
	auto_fd int dir = temporary_open();
	char temporary[64];
	struct stat st;
	struct error err;
	char buffer[16];

	temporary_write(dir, "victim", "safe", 4);
	CHECK_INT(0, symlinkat("victim", dir, "file"));
	CHECK_INT(0, fd_write_atomic(dir, "file", "new", 3, 0644, &err));
	CHECK_INT(4, fd_read_small(dir, "victim", buffer, sizeof(buffer)));
	CHECK_INT(0, fstatat(dir, "file", &st, AT_SYMLINK_NOFOLLOW));
	CHECK(S_ISREG(st.st_mode));

	(void)snprintf(temporary, sizeof(temporary), "other.%d.tmp", getpid());
	CHECK_INT(0, symlinkat("victim", dir, temporary));
	CHECK_INT(-ELOOP, fd_write_atomic(dir, "other", "new", 3, 0644, &err));
	CHECK_INT(4, fd_read_small(dir, "victim", buffer, sizeof(buffer)));

	CHECK_INT(0, mkdirat(dir, "directory", 0755));
	CHECK_INT(-EISDIR, fd_write_atomic(dir, "directory", "new", 3, 0644, &err));
	CHECK_CONTAINS("write directory: ", err.text);
	(void)snprintf(temporary, sizeof(temporary), "directory.%d.tmp", getpid());
	CHECK(faccessat(dir, temporary, F_OK, 0) < 0);
	CHECK_INT(-ENOENT, fd_write_atomic(dir, "no/file", "new", 3, 0644, &err));
}

/* ---- passing ---- */

static void send_and_receive(void)
{
	auto_fd int dir = temporary_open();
	auto_fd int got = 99;
	struct stat sent;
	struct stat received;
	int pair[2];
	char buffer[8] = "";

	CHECK_INT(0, socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair));
	CHECK_INT(0, fd_send(pair[0], "with", 4, dir));
	CHECK_INT(0, fd_send(pair[0], "without", 7, -1));
	CHECK_INT(4, fd_receive(pair[1], buffer, sizeof(buffer), &got));
	CHECK(memcmp(buffer, "with", 4) == 0);
	CHECK(got >= 0 && got != dir && (fcntl(got, F_GETFD) & FD_CLOEXEC));
	CHECK_INT(0, fstat(dir, &sent) | fstat(got, &received));
	CHECK_INT(sent.st_ino, received.st_ino);
	(void)close(got);
	got = 99;
	CHECK_INT(7, fd_receive(pair[1], buffer, sizeof(buffer), &got));
	CHECK_INT(-1, got);
	(void)close(pair[0]);
	got = 99;
	CHECK_INT(0, fd_receive(pair[1], buffer, sizeof(buffer), &got));
	CHECK_INT(-1, got);
	(void)close(pair[1]);
}

/* A record longer than the buffer is cut by the kernel; the rest is not what the next call gets. */
static void receive_is_by_message(void)
{
	int pair[2];
	int got;
	char buffer[4];

	CHECK_INT(0, socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair));
	CHECK_INT(0, fd_send(pair[0], "longer", 6, -1));
	CHECK_INT(0, fd_send(pair[0], "b", 1, -1));
	CHECK_INT(4, fd_receive(pair[1], buffer, sizeof(buffer), &got));
	CHECK_INT(1, fd_receive(pair[1], buffer, sizeof(buffer), &got));
	CHECK_INT('b', buffer[0]);
	(void)close(pair[0]);
	(void)close(pair[1]);
}

static void send_fds(int socket, const int *fds, size_t count)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(8 * sizeof(int))];
	} control = { 0 };
	struct iovec part = { .iov_base = (char[]){ 'x' }, .iov_len = 1 };
	struct msghdr message = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = (socklen_t)CMSG_SPACE(count * sizeof(int)),
	};

	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	control.header.cmsg_len = (socklen_t)CMSG_LEN(count * sizeof(int));
	memcpy(CMSG_DATA(&control.header), fds, count * sizeof(int));
	CHECK_INT(1, sendmsg(socket, &message, MSG_NOSIGNAL));
}

/* A peer that passes more than one must not fill our table with fds that nobody knows of. */
static void surplus_fds_are_not_kept(void)
{
	auto_fd int dir = temporary_open();
	const int fds[] = { dir, dir, dir, dir, dir, dir, dir, dir };
	int pair[2];
	char byte;

	CHECK_INT(0, socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair));
	for (size_t count = 1; count <= ARRAY_SIZE(fds); count++) {
		int before = open_fds();
		int got = -1;

		send_fds(pair[0], fds, count);
		CHECK_INT(1, fd_receive(pair[1], &byte, 1, &got));
		CHECK_INT(before + (got >= 0), open_fds());
		if (got >= 0)
			(void)close(got);
	}
	(void)close(pair[0]);
	(void)close(pair[1]);
}

static void passing_errors(void)
{
	int pair[2];
	int got = 99;
	char byte;

	CHECK_INT(0, socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair));
	CHECK_INT(-EAGAIN, fd_receive(pair[1], &byte, 1, &got));
	CHECK_INT(-1, got);
	CHECK_INT(-EBADF, fd_send(pair[0], "x", 1, 9999));
	(void)close(pair[1]);
	/* The default action of SIGPIPE would end this program. */
	CHECK_INT(-EPIPE, fd_send(pair[0], "x", 1, -1));
	(void)close(pair[0]);
	CHECK_INT(-EBADF, fd_send(-1, "x", 1, -1));
	CHECK_INT(-EBADF, fd_receive(-1, &byte, 1, &got));
	CHECK_INT(-1, got);
}

/* ---- numbers and flags ---- */

static void cloexec(void)
{
	auto_fd int fd = open("/", O_PATH);

	CHECK_INT(0, fd_set_cloexec(fd, true));
	CHECK_INT(FD_CLOEXEC, fcntl(fd, F_GETFD));
	CHECK_INT(0, fd_set_cloexec(fd, false));
	CHECK_INT(0, fcntl(fd, F_GETFD));
	CHECK_INT(-EBADF, fd_set_cloexec(-1, true));
}

static int moves_from_stdio(const void *unused)
{
	int moved;

	(void)unused;
	(void)close(STDIN_FILENO);
	EXPECT(open("/", O_PATH | O_CLOEXEC) == STDIN_FILENO);
	moved = fd_above_stdio(STDIN_FILENO);
	EXPECT(moved > STDERR_FILENO);
	EXPECT(fcntl(moved, F_GETFD) == FD_CLOEXEC);
	EXPECT(fcntl(STDIN_FILENO, F_GETFD) < 0);
	EXPECT(fd_above_stdio(moved) == moved);
	EXPECT(fd_above_stdio(-1) == -EBADF);
	return 0;
}

static void above_stdio(void)
{
	CHECK_INT(0, in_child(moves_from_stdio, NULL));
}

static const struct test tests[] = {
	TEST(read_file_at_its_bounds),
	TEST(read_file_too_long),
	TEST(read_file_of_the_kernel),
	TEST(read_file_errors),
	TEST(read_small),
	TEST(write_existing),
	TEST(write_all_in_parts),
	TEST(write_atomic),
	TEST(write_atomic_in_hostile_directory),
	TEST(send_and_receive),
	TEST(receive_is_by_message),
	TEST(surplus_fds_are_not_kept),
	TEST(passing_errors),
	TEST(cloexec),
	TEST(above_stdio),
};
TEST_MAIN(tests)
