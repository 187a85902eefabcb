/* test_follow.c - what is told of containers that are processes of this test, and of a watcher that is one too. */
#include "runtime/follow.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/proc.h"
#include "base/str.h"
#include "tests/unit/test.h"

enum { SOON_MS = 10000, MOMENT_MS = 50 };

static char root[64];
static struct runtime runtime = { .root = root };
static struct error err;

static void start(void)
{
	strcpy(root, "/tmp/coffer-follow-XXXXXX");
	CHECK(mkdtemp(root) != NULL);
}

/* A container without a cgroup, whose init is a child of this test. */
static pid_t container(const char *id)
{
	struct state_dir dir;
	struct state state = { .id = id, .bundle = "/", .rootfs = "/", .created = "2026-01-01T00:00:00Z" };
	pid_t pid = fork();

	if (pid == 0) {
		(void)pause();
		_exit(0);
	}
	state.pid = pid;
	state.start_time = proc_start_time(pid);
	CHECK_INT(0, state_dir_reserve(root, id, &dir, &err));
	CHECK_INT(0, state_write(&dir, &state, &err));
	state_dir_close(&dir);
	return pid;
}

static void finish(pid_t pid)
{
	CHECK_INT(0, kill(pid, SIGKILL));
	CHECK_INT(pid, waitpid(pid, NULL, 0));
}

static void gone(const char *id)
{
	struct state_dir dir;

	CHECK_INT(0, state_dir_open(root, id, &dir, &err));
	CHECK_INT(0, state_dir_remove(&dir, &err));
	state_dir_close(&dir);
}

static struct followed next(struct follow *follow, int timeout_ms)
{
	struct followed followed;

	CHECK_INT(0, follow_next(follow, timeout_ms, &followed, &err));
	return followed;
}

static void one_until_its_end(void)
{
	auto_follow struct follow *follow = NULL;
	pid_t pid;

	start();
	CHECK_INT(-ENOENT, follow_new(&runtime, "a", &follow, &err));
	pid = container("a");
	CHECK_INT(0, follow_new(&runtime, "a", &follow, &err));
	CHECK_INT(FOLLOWED_NOTHING, next(follow, MOMENT_MS).kind);
	CHECK_INT(0, kill(pid, SIGKILL));
	CHECK_INT(FOLLOWED_EXIT, next(follow, SOON_MS).kind);
	CHECK_INT(FOLLOWED_END, next(follow, SOON_MS).kind);
	CHECK_INT(pid, waitpid(pid, NULL, 0));
	gone("a");
	CHECK_INT(0, rmdir(root));
}

static void all_and_those_that_come(void)
{
	auto_follow struct follow *follow = NULL;
	auto_arena struct arena *arena = arena_new();
	const char **ids;
	struct followed followed;
	pid_t first, second;

	start();
	first = container("first");
	CHECK_INT(0, follow_new(&runtime, NULL, &follow, &err));
	second = container("second");
	CHECK_INT(1, follow_ids(follow, arena, &ids));
	CHECK_INT(FOLLOWED_NOTHING, next(follow, MOMENT_MS).kind);
	CHECK_INT(2, follow_ids(follow, arena, &ids));
	CHECK_STR("first", ids[0]);
	CHECK_STR("second", ids[1]);
	finish(second);
	followed = next(follow, SOON_MS);
	CHECK_INT(FOLLOWED_EXIT, followed.kind);
	CHECK_STR("second", followed.id);
	CHECK(!followed.record.kills.set && !followed.record.peak.set);
	CHECK_INT(FOLLOWED_NOTHING, next(follow, MOMENT_MS).kind);
	finish(first);
	gone("first");
	gone("second");
	CHECK_INT(0, rmdir(root));
}

/* More than there may be files by default; one process is enough for all of them. */
static void very_many(void)
{
	enum { COUNT = 60, FEW = 32 };
	auto_follow struct follow *follow = NULL;
	auto_arena struct arena *arena = arena_new();
	struct rlimit before, now;
	const char **ids;
	char id[16];
	pid_t pid;

	start();
	pid = container("0");
	for (int i = 1; i < COUNT; i++) {
		struct state state = { .bundle = "/", .rootfs = "/", .created = "2026-01-01T00:00:00Z", .pid = pid };
		struct state_dir dir;

		(void)snprintf(id, sizeof(id), "%d", i);
		state.id = id;
		state.start_time = proc_start_time(pid);
		CHECK_INT(0, state_dir_reserve(root, id, &dir, &err));
		CHECK_INT(0, state_write(&dir, &state, &err));
		state_dir_close(&dir);
	}
	CHECK_INT(0, getrlimit(RLIMIT_NOFILE, &before));
	now = (struct rlimit){ FEW, before.rlim_max };
	CHECK_INT(0, setrlimit(RLIMIT_NOFILE, &now));
	CHECK_INT(0, follow_new(&runtime, NULL, &follow, &err));
	CHECK_INT(COUNT, follow_ids(follow, arena, &ids));
	CHECK_INT(0, setrlimit(RLIMIT_NOFILE, &before));
	finish(pid);
	for (int i = 0; i < COUNT; i++) {
		(void)snprintf(id, sizeof(id), "%d", i);
		CHECK_INT(FOLLOWED_EXIT, next(follow, SOON_MS).kind);
		gone(id);
	}
	CHECK_INT(0, rmdir(root));
}

/* The directory of a container, and as much of its life as has been: state.json without and with a process, and the
   process's end. */
static struct state_dir begin(const char *id)
{
	struct state_dir dir;

	CHECK_INT(0, state_dir_reserve(root, id, &dir, &err));
	return dir;
}

static void go_on(const struct state_dir *dir, unsigned writes)
{
	struct state state = { .id = dir->id, .bundle = "/", .rootfs = "/", .created = "2026-01-01T00:00:00Z" };

	CHECK_INT(0, state_write(dir, &state, &err));
	if (writes == 1)
		return;
	state.pid = fork();
	if (state.pid == 0)
		_exit(0);
	state.start_time = proc_start_time(state.pid);
	CHECK_INT(0, state_write(dir, &state, &err));
	CHECK_INT(state.pid, waitpid(state.pid, NULL, 0));
}

static void end(struct state_dir *dir)
{
	CHECK_INT(0, state_dir_remove(dir, &err));
	state_dir_close(dir);
}

/* Lives shorter than a look; `a` is over before it is looked at, `b` gone as well, `c` failed to be created. */
static void short_lives(void)
{
	auto_follow struct follow *follow = NULL;
	struct followed followed;
	struct state_dir kept, a, b, c;

	start();
	kept = begin("kept"); /* before anybody looked: its end is not told */
	go_on(&kept, 2);
	CHECK_INT(0, follow_new(&runtime, NULL, &follow, &err));
	a = begin("a");
	go_on(&a, 2);
	followed = next(follow, SOON_MS);
	CHECK_INT(FOLLOWED_EXIT, followed.kind);
	CHECK_STR("a", followed.id);
	end(&a);
	b = begin("b");
	c = begin("c");
	CHECK_INT(FOLLOWED_NOTHING, next(follow, MOMENT_MS).kind);
	go_on(&c, 1);
	end(&c);
	go_on(&b, 2);
	end(&b);
	followed = next(follow, SOON_MS);
	CHECK_INT(FOLLOWED_EXIT, followed.kind);
	CHECK_STR("b", followed.id);
	CHECK(!followed.record.kills.set && !followed.record.peak.set);
	CHECK_INT(FOLLOWED_NOTHING, next(follow, MOMENT_MS).kind);
	end(&kept);
	CHECK_INT(0, rmdir(root));
}

/* The root comes after the one who looks. */
static void a_root_that_comes(void)
{
	auto_follow struct follow *follow = NULL;
	struct state_dir a;

	start();
	CHECK_INT(0, rmdir(root));
	CHECK_INT(0, follow_new(&runtime, NULL, &follow, &err));
	CHECK_INT(FOLLOWED_NOTHING, next(follow, MOMENT_MS).kind);
	a = begin("a");
	CHECK_INT(FOLLOWED_NOTHING, next(follow, MOMENT_MS).kind);
	go_on(&a, 2);
	CHECK_INT(FOLLOWED_EXIT, next(follow, SOON_MS).kind);
	end(&a);
	CHECK_INT(0, rmdir(root));
}

/* Takes one subscription, answers and tells in pieces that are no lines, and ends. */
static void be_watcher(int listener)
{
	static const char *const pieces[] = { "{\"ok\":true}\n{\"type\":\"oom\",\"n\":1}\n{\"type\":",
					      "\"oom\",\"n\":2}\n{\"half" };
	char request[128];
	int fd = accept(listener, NULL, NULL);

	if (recv(fd, request, sizeof(request), 0) <= 0)
		_exit(1);
	for (size_t i = 0; i < ARRAY_SIZE(pieces); i++) {
		(void)!write(fd, pieces[i], strlen(pieces[i]));
		(void)usleep(MOMENT_MS * 1000);
	}
	_exit(0);
}

static void lines_of_the_watcher(void)
{
	auto_follow struct follow *follow = NULL;
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char path[96];
	pid_t pid;

	start();
	(void)snprintf(path, sizeof(path), "%s/.oom", root);
	CHECK_INT(0, mkdir(path, 0700));
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s/socket", path);
	CHECK_INT(0, bind(listener, (const struct sockaddr *)&address, sizeof(address)));
	CHECK_INT(0, listen(listener, 1));
	pid = fork();
	if (pid == 0)
		be_watcher(listener);
	CHECK_INT(0, follow_new(&runtime, NULL, &follow, &err));
	CHECK_STR("{\"type\":\"oom\",\"n\":1}", next(follow, SOON_MS).line);
	CHECK_STR("{\"type\":\"oom\",\"n\":2}", next(follow, SOON_MS).line);
	(void)close(listener);
	CHECK_INT(FOLLOWED_NOTHING, next(follow, MOMENT_MS * 4).kind);
	CHECK_INT(pid, waitpid(pid, NULL, 0));
	CHECK_INT(0, unlink(address.sun_path));
	CHECK_INT(0, rmdir(path));
	CHECK_INT(0, rmdir(root));
}

static const struct test tests[] = {
	TEST(one_until_its_end), TEST(all_and_those_that_come), TEST(very_many),
	TEST(short_lives),       TEST(a_root_that_comes),       TEST(lines_of_the_watcher),
};

TEST_MAIN(tests)
