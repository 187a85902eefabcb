/* test_start_gate.c - the gate from both sides, and what is left when a side dies. */
#include "runtime/start_gate.h"

#include <errno.h>
#include <sched.h>

#include "base/str.h"
#include "container_fixture.h"

static void reserve(struct state_dir *dir)
{
	struct error err;

	CHECK_INT(0, state_dir_reserve(fixture_root(), "x", dir, &err));
}

static void made_with_mode_0600(void)
{
	struct state_dir dir;
	struct error err;
	struct stat st;
	int listener, second;
	mode_t mask = umask(0);

	reserve(&dir);
	listener = fixture_gate(&dir);
	(void)umask(mask);
	CHECK_INT(0, fstatat(dir.fd, "start.sock", &st, AT_SYMLINK_NOFOLLOW));
	CHECK(S_ISSOCK(st.st_mode));
	CHECK_INT(0600, st.st_mode & 07777);
	CHECK_INT(FD_CLOEXEC, fcntl(listener, F_GETFD));
	second = start_gate_socket(&err);
	CHECK_INT(-EADDRINUSE, start_gate_publish(&dir, second, &err));
	(void)close(second);
	(void)close(listener);
	state_dir_close(&dir);
}

static void long_paths_fit(void)
{
	auto_free char *root = xasprintf("%s/%0200d", fixture_root(), 1);
	struct state_dir dir;
	struct error err;
	char id[256];
	int listener, connection;

	memset(id, 'i', 255);
	id[255] = '\0';
	CHECK_INT(0, state_dir_reserve(root, id, &dir, &err));
	listener = fixture_gate(&dir);
	CHECK_INT(0, start_gate_connect(&dir, &connection, &err));
	(void)close(connection);
	(void)close(listener);
	state_dir_close(&dir);
}

static void exists_only_with_somebody_behind_it(void)
{
	struct state_dir dir;
	struct error err;
	int listener, connection;

	reserve(&dir);
	CHECK(!start_gate_exists(&dir));
	CHECK_INT(-ENOENT, start_gate_connect(&dir, &connection, &err));
	listener = fixture_gate(&dir);
	CHECK(start_gate_exists(&dir));
	(void)close(listener);
	CHECK(!start_gate_exists(&dir));
	CHECK_INT(-ECONNREFUSED, start_gate_connect(&dir, &connection, &err));
	CHECK_INT(0, start_gate_remove(&dir, &err));
	CHECK_INT(0, start_gate_remove(&dir, &err));
	CHECK_INT(-ENOENT, start_gate_connect(&dir, &connection, &err));
	state_dir_close(&dir);
}

/* An init that waits and then answers with `answer`, or closes if it is 0. */
static pid_t waiting_init(struct state_dir *dir, int answer)
{
	struct error err;
	int listener;
	pid_t pid;

	listener = fixture_gate(dir);
	(void)fflush(stdout);
	pid = fork();
	if (pid == 0) {
		struct error reply = { .code = answer, .text = "no" };
		int connection;

		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (start_gate_wait(listener, &connection, &err) < 0)
			_exit(1);
		if (answer)
			sync_send_error(connection, &reply);
		_exit(0);
	}
	(void)close(listener);
	return pid;
}

static void start_comes_through(void)
{
	struct state_dir dir;
	struct error err;
	int connection;
	pid_t pid;

	reserve(&dir);
	pid = waiting_init(&dir, EACCES);
	CHECK_INT(0, start_gate_connect(&dir, &connection, &err));
	CHECK_INT(0, sync_send(connection, SYNC_START, -1, &err));
	CHECK_INT(-EACCES, sync_expect(connection, SYNC_END, NULL, &err));
	CHECK_STR("no", err.text);
	CHECK_INT(0, proc_wait(pid));
	(void)close(connection);
	state_dir_close(&dir);
}

/* Clients that vanish, or talk nonsense, do not use the gate up. */
static void init_outlives_bad_clients(void)
{
	struct state_dir dir;
	struct error err;
	int connection;
	pid_t pid;

	reserve(&dir);
	pid = waiting_init(&dir, 0);
	for (int i = 0; i < 3; i++) {
		CHECK_INT(0, start_gate_connect(&dir, &connection, &err));
		if (i == 1)
			CHECK_INT(0, fd_send(connection, "x", 1, -1));
		if (i == 2)
			CHECK_INT(0, sync_send(connection, SYNC_READY, -1, &err));
		(void)close(connection);
	}
	CHECK(start_gate_exists(&dir));
	CHECK_INT(0, start_gate_connect(&dir, &connection, &err));
	CHECK_INT(0, sync_send(connection, SYNC_START, -1, &err));
	CHECK_INT(0, sync_expect(connection, SYNC_END, NULL, &err));
	CHECK_INT(0, proc_wait(pid));
	(void)close(connection);
	state_dir_close(&dir);
}

/* In a new user namespace without maps every id is the overflow id: the maker has to be let in all the same. */
static void unmapped_init_lets_its_maker_in(void)
{
	struct state_dir dir;
	struct error err;
	int listener, connection, answer, status;
	pid_t pid;

	reserve(&dir);
	listener = fixture_gate(&dir);
	(void)fflush(stdout);
	pid = fork();
	if (pid == 0) {
		if (unshare(CLONE_NEWUSER) < 0)
			_exit(77);
		_exit(start_gate_wait(listener, &connection, &err) < 0 ? 1 : 0);
	}
	(void)close(listener);
	CHECK_INT(0, start_gate_connect(&dir, &connection, &err));
	CHECK_INT(0, sync_send(connection, SYNC_START, -1, &err));
	answer = sync_expect(connection, SYNC_END, NULL, &err);
	status = proc_wait(pid);
	if (status == 77)
		TEST_SKIP("no user namespaces here");
	CHECK_INT(0, answer);
	CHECK_INT(0, status);
	(void)close(connection);
	state_dir_close(&dir);
}

static void another_user_is_turned_away(void)
{
	struct state_dir dir;
	struct error err;
	int connection;
	pid_t init, stranger;

	if (geteuid() != 0)
		TEST_SKIP("needs root to be two users");
	reserve(&dir);
	CHECK_INT(0, chown(dir.path, 4711, (gid_t)-1));
	init = waiting_init(&dir, 0);
	CHECK_INT(0, fchownat(dir.fd, "start.sock", 4711, (gid_t)-1, 0));
	(void)fflush(stdout);
	stranger = fork();
	if (stranger == 0) {
		/* The directory fd leads past the 0700 root and the file is its own: only the peer check is left. */
		if (setresuid(4711, 4711, 4711) < 0 || prctl(PR_SET_DUMPABLE, 1) < 0 ||
		    start_gate_connect(&dir, &connection, &err) < 0)
			_exit(2);
		if (sync_send(connection, SYNC_START, -1, &err) == 0 &&
		    sync_expect(connection, SYNC_END, NULL, &err) == 0)
			_exit(0);
		_exit(3);
	}
	CHECK_INT(3, proc_wait(stranger));
	CHECK_INT(0, kill(init, 0));
	CHECK(start_gate_exists(&dir));
	CHECK_INT(0, start_gate_connect(&dir, &connection, &err));
	CHECK_INT(0, sync_send(connection, SYNC_START, -1, &err));
	CHECK_INT(0, sync_expect(connection, SYNC_END, NULL, &err));
	CHECK_INT(0, proc_wait(init));
	(void)close(connection);
	state_dir_close(&dir);
}

static const struct test tests[] = {
	TEST(made_with_mode_0600),
	TEST(long_paths_fit),
	TEST(exists_only_with_somebody_behind_it),
	TEST(start_comes_through),
	TEST(init_outlives_bad_clients),
	TEST(unmapped_init_lets_its_maker_in),
	TEST(another_user_is_turned_away),
};
TEST_MAIN(tests)
