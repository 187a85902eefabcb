/* test_follow.c - what is told of containers that are processes of this test, and of a watcher that is one too. */
#include "runtime/follow.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
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
	CHECK_INT(FOLLOWED_NOTHING, next(follow, 1500).kind); /* it looks once a second */
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
	TEST(one_until_its_end),
	TEST(all_and_those_that_come),
	TEST(lines_of_the_watcher),
};

TEST_MAIN(tests)
