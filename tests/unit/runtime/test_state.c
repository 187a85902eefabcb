/* test_state.c - reserve, open, lock, list and remove of state directories. */
#include "runtime/state.h"

#include <errno.h>
#include <sys/file.h>

#include "base/str.h"
#include "container_fixture.h"

static void reserves_once(void)
{
	const char *root = fixture_root();
	struct state_dir dir, second;
	struct error err;
	struct stat st;

	CHECK_INT(0, state_dir_reserve(root, "one", &dir, &err));
	CHECK_STR("one", dir.id);
	CHECK(str_ends(dir.path, "/one"));
	CHECK_INT(0, fstat(dir.fd, &st));
	CHECK_INT(0700, st.st_mode & 07777);
	CHECK_INT(FD_CLOEXEC, fcntl(dir.fd, F_GETFD));
	CHECK_INT(-EEXIST, state_dir_reserve(root, "one", &second, &err));
	CHECK_STR("container `one` already exists", err.text);
	state_dir_close(&dir);
	CHECK_INT(-1, dir.fd);
	state_dir_close(NULL);
}

static void makes_root_with_parents(void)
{
	auto_free char *root = xasprintf("%s/a/b/c", fixture_root());
	struct state_dir dir;
	struct error err;
	struct stat st;

	CHECK_INT(0, state_dir_reserve(root, "x", &dir, &err));
	CHECK_INT(0, stat(root, &st));
	CHECK_INT(01700, st.st_mode & 07777);
	state_dir_close(&dir);
}

static void refuses_hostile_ids(void)
{
	static const char *const ids[] = { "", ".", "..", "../x", "a/b", "a b", "a\n", "\xff" };
	const char *root = fixture_root();
	struct state_dir dir;
	struct error err;
	char big[4096];

	for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
		CHECK_INT(-EINVAL, state_dir_reserve(root, ids[i], &dir, &err));
		CHECK_INT(-EINVAL, state_dir_open(root, ids[i], &dir, &err));
	}
	memset(big, 'a', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	CHECK_INT(-EINVAL, state_dir_reserve(root, big, &dir, &err));
}

static void refuses_foreign_root(void)
{
	const char *root = fixture_root();
	struct state_dir dir;
	struct error err;

	CHECK_INT(0, chmod(root, 0777));
	CHECK_INT(-EPERM, state_dir_reserve(root, "x", &dir, &err));
	CHECK_CONTAINS("can be written by every user", err.text);
	CHECK_INT(0, chmod(root, 0755));
	if (geteuid() != 0)
		TEST_SKIP("a root of another user needs root");
	CHECK_INT(0, chown(root, 12345, (gid_t)-1));
	CHECK_INT(-EPERM, state_dir_open(root, "x", &dir, &err));
	CHECK_CONTAINS("belongs to uid 12345", err.text);
}

static void does_not_exist(void)
{
	const char *root = fixture_root();
	struct state_dir dir;
	struct error err;

	CHECK_INT(-ENOENT, state_dir_open(root, "none", &dir, &err));
	CHECK_STR("container `none` does not exist", err.text);
	CHECK_INT(-ENOENT, state_dir_open("/nonexistent/root", "none", &dir, &err));
	CHECK_STR("container `none` does not exist", err.text);
	CHECK_INT(ENOENT, err.code);
}

static void a_symlink_is_no_container(void)
{
	const char *root = fixture_root();
	auto_free char *link = xasprintf("%s/link", root);
	struct state_dir dir;
	struct error err;

	CHECK_INT(0, symlink("/etc", link));
	CHECK(state_dir_open(root, "link", &dir, &err) < 0);
}

static void relative_root_gives_absolute_path(void)
{
	const char *root = fixture_root();
	auto_free char *cwd = getcwd(NULL, 0);
	auto_free char *expected = xasprintf("%s/rel/x", root);
	struct state_dir dir;
	struct error err;

	CHECK_INT(0, chdir(root));
	CHECK_INT(0, state_dir_reserve("rel", "x", &dir, &err));
	CHECK_INT(0, chdir(cwd));
	CHECK_STR(expected, dir.path);
	CHECK_INT(0, state_dir_remove(&dir, &err));
	CHECK_INT(-1, access(expected, F_OK));
	state_dir_close(&dir);
}

/* A child takes the lock, tells it, and holds it for `hold_ms`; `remove` removes the directory before it lets go. */
static pid_t lock_in_child(const char *root, int hold_ms, bool remove)
{
	int ready[2];
	char byte;
	pid_t pid;

	CHECK_INT(0, pipe(ready));
	(void)fflush(stdout);
	pid = fork();
	if (pid == 0) {
		struct state_dir dir;
		struct error err;

		if (state_dir_open(root, "x", &dir, &err) < 0 || state_dir_lock(&dir, &err) < 0)
			_exit(1);
		(void)!write(ready[1], "", 1);
		(void)usleep((useconds_t)hold_ms * 1000);
		if (remove && state_dir_remove(&dir, &err) < 0)
			_exit(1);
		_exit(0);
	}
	CHECK_INT(1, read(ready[0], &byte, 1));
	(void)close(ready[0]);
	(void)close(ready[1]);
	return pid;
}

static void lock_waits(void)
{
	const char *root = fixture_root();
	struct state_dir dir;
	struct error err;
	pid_t pid;

	CHECK_INT(0, state_dir_reserve(root, "x", &dir, &err));
	pid = lock_in_child(root, 200, false);
	CHECK_INT(-1, flock(dir.fd, LOCK_EX | LOCK_NB));
	CHECK_INT(0, state_dir_lock(&dir, &err));
	CHECK_INT(0, proc_wait(pid));
	state_dir_close(&dir);
}

static void lock_notices_removal(void)
{
	const char *root = fixture_root();
	struct state_dir dir;
	struct error err;
	pid_t pid;

	CHECK_INT(0, state_dir_reserve(root, "x", &dir, &err));
	pid = lock_in_child(root, 100, true);
	CHECK_INT(-ENOENT, state_dir_lock(&dir, &err));
	CHECK_STR("container `x` does not exist", err.text);
	CHECK_INT(0, proc_wait(pid));
	state_dir_close(&dir);
}

static void lock_notices_another_container_of_the_id(void)
{
	const char *root = fixture_root();
	auto_free char *path = xasprintf("%s/x", root);
	struct state_dir dir;
	struct error err;

	CHECK_INT(0, state_dir_reserve(root, "x", &dir, &err));
	CHECK_INT(0, rmdir(path));
	CHECK_INT(0, mkdir(path, 0700));
	CHECK_INT(-ENOENT, state_dir_lock(&dir, &err));
	state_dir_close(&dir);
}

static void lock_wait_is_bounded_and_names_the_holder(void)
{
	const char *root = fixture_root();
	struct state_dir dir;
	struct error err;
	char holder[64];
	pid_t pid;

	CHECK_INT(0, state_dir_reserve(root, "x", &dir, &err));
	pid = lock_in_child(root, 60 * 1000, false);
	CHECK_INT(-EBUSY, state_dir_lock(&dir, &err));
	(void)snprintf(holder, sizeof(holder), "process %d holds its lock", pid);
	CHECK_CONTAINS(holder, err.text);
	CHECK_INT(0, kill(pid, SIGKILL));
	(void)proc_wait(pid);
	CHECK_INT(0, state_dir_lock(&dir, &err));
	state_dir_close(&dir);
}

static void close_unlocks_although_a_child_has_the_fd(void)
{
	const char *root = fixture_root();
	struct state_dir dir, again;
	struct error err;
	pid_t pid;

	CHECK_INT(0, state_dir_reserve(root, "x", &dir, &err));
	CHECK_INT(0, state_dir_lock(&dir, &err));
	(void)fflush(stdout);
	pid = fork();
	if (pid == 0)
		for (;;)
			(void)pause();
	state_dir_close(&dir);
	CHECK_INT(0, state_dir_open(root, "x", &again, &err));
	CHECK_INT(0, flock(again.fd, LOCK_EX | LOCK_NB));
	state_dir_close(&again);
	CHECK_INT(0, kill(pid, SIGKILL));
	(void)proc_wait(pid);
}

static void removes_known_files_and_leftovers(void)
{
	const char *root = fixture_root();
	struct state_dir dir;
	struct error err;

	CHECK_INT(0, state_dir_reserve(root, "x", &dir, &err));
	fixture_write(root, "x", "state.json", "{}");
	fixture_write(root, "x", "config.json", "{}");
	fixture_write(root, "x", "start.sock", "");
	fixture_write(root, "x", "state.json.123.tmp", "");
	fixture_write(root, "x", "config.json.9.tmp", "");
	CHECK_INT(0, state_dir_remove(&dir, &err));
	CHECK(!fixture_exists(root, "x"));
	CHECK_INT(0, state_dir_remove(&dir, &err));
	state_dir_close(&dir);
}

static void leaves_what_it_does_not_know(void)
{
	const char *root = fixture_root();
	struct state_dir dir;
	struct error err;

	CHECK_INT(0, state_dir_reserve(root, "x", &dir, &err));
	fixture_write(root, "x", "precious", "");
	CHECK_INT(-ENOTEMPTY, state_dir_remove(&dir, &err));
	CHECK(fixture_exists(root, "x/precious"));
	state_dir_close(&dir);
}

static void lists_sorted(void)
{
	const char *root = fixture_root();
	auto_arena struct arena *arena = arena_new();
	auto_free char *odd = xasprintf("%s/not an id", root);
	static const char *const names[] = { "b", "a.1", "c-2", "B" };
	const char **ids;
	size_t count;
	struct error err;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct state_dir dir;

		CHECK_INT(0, state_dir_reserve(root, names[i], &dir, &err));
		state_dir_close(&dir);
	}
	fixture_write(root, ".", "a-file", "");
	CHECK_INT(0, mkdir(odd, 0700));
	CHECK_INT(0, state_list_ids(root, arena, &ids, &count, &err));
	CHECK_INT(4, count);
	CHECK_STR("B", ids[0]);
	CHECK_STR("a.1", ids[1]);
	CHECK_STR("b", ids[2]);
	CHECK_STR("c-2", ids[3]);
	CHECK(ids[4] == NULL);
}

static void lists_missing_and_empty_root(void)
{
	auto_arena struct arena *arena = arena_new();
	const char **ids;
	size_t count = 7;
	struct error err;

	CHECK_INT(0, state_list_ids("/nonexistent/root", arena, &ids, &count, &err));
	CHECK_INT(0, count);
	CHECK_INT(0, state_list_ids(fixture_root(), arena, &ids, &count, &err));
	CHECK_INT(0, count);
	CHECK(state_list_ids("", arena, &ids, &count, &err) < 0);
	CHECK(state_list_ids("/etc/passwd", arena, &ids, &count, &err) < 0);
}

static const struct test tests[] = {
	TEST(reserves_once),
	TEST(makes_root_with_parents),
	TEST(refuses_hostile_ids),
	TEST(refuses_foreign_root),
	TEST(does_not_exist),
	TEST(a_symlink_is_no_container),
	TEST(relative_root_gives_absolute_path),
	TEST(lock_waits),
	TEST(lock_notices_removal),
	TEST(lock_notices_another_container_of_the_id),
	TEST(lock_wait_is_bounded_and_names_the_holder),
	TEST(close_unlocks_although_a_child_has_the_fd),
	TEST(removes_known_files_and_leftovers),
	TEST(leaves_what_it_does_not_know),
	TEST(lists_sorted),
	TEST(lists_missing_and_empty_root),
};
TEST_MAIN(tests)
