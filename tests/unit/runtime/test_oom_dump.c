/* test_oom_dump.c - a process of a container as JSON: a child of this test, with names that are hard to print. */
#include "runtime/oom_dump.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/proc.h"
#include "base/str.h"
#include "runtime/state.h"
#include "tests/unit/temporary.h"
#include "tests/unit/test.h"

enum { MIB = 1024 * 1024, HELD = 8 * MIB };

static struct error err;

/* Of a container without a cgroup init is the only process. */
static const char *container_of(pid_t pid)
{
	const char *root = temporary_directory();
	struct state state = { .id = "a", .bundle = "/", .rootfs = "/", .created = "2026-01-01T00:00:00Z", .pid = pid };
	struct state_dir dir;

	state.start_time = proc_start_time(pid);
	CHECK_INT(0, state_dir_reserve(root, "a", &dir, &err));
	CHECK_INT(0, state_write(&dir, &state, &err));
	state_dir_close(&dir);
	return root;
}

/* Holds memory with a file mapped and open whose name is one that lines are cut at. */
static _Noreturn void hold(const char *directory, int ready)
{
	char path[128];
	char *memory = mmap(NULL, HELD, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd;

	(void)snprintf(path, sizeof(path), "%s/a b\nRss: 7\xff\"", directory);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (memory == MAP_FAILED || fd < 0 || ftruncate(fd, MIB) < 0 ||
	    mmap(NULL, MIB, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED)
		_exit(1);
	memset(memory, 1, HELD);
	(void)!write(ready, "r", 1);
	(void)pause();
	_exit(0);
}

static pid_t holder(const char *directory)
{
	int ready[2];
	char byte;
	pid_t pid;

	CHECK_INT(0, pipe(ready));
	(void)fflush(stdout);
	pid = fork();
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		hold(directory, ready[1]);
	}
	(void)close(ready[1]);
	CHECK_INT(1, read(ready[0], &byte, 1));
	(void)close(ready[0]);
	return pid;
}

static uint64_t sum(const struct json *mappings, const char *member)
{
	uint64_t total = 0;

	for (const struct json *at = mappings->first; at; at = at->next) {
		uint64_t bytes = 0;

		CHECK(json_get(at, "range") && json_get(at, "permissions"));
		CHECK_INT(0, json_u64(json_get(at, member), UINT64_MAX, &bytes, &err));
		total += bytes;
	}
	return total;
}

/* Is there an item with a member that has this in it? */
static bool has(const struct json *list, const char *member, const char *part)
{
	for (const struct json *at = list->first; at; at = at->next) {
		const struct json *value = json_get(at, member);

		if (value && strstr(value->text, part))
			return true;
	}
	return false;
}

static void what_it_is_and_holds(void)
{
	const struct json_limits limits = { .size = 64 * (size_t)MIB, .depth = 8 };
	auto_json_writer struct json_writer *writer = json_writer_new(false);
	auto_arena struct arena *arena = arena_new();
	char directory[64];
	struct runtime runtime = { 0 };
	struct json *root = NULL;
	const char *text;
	size_t length;
	pid_t pid;

	strcpy(directory, temporary_directory());
	pid = holder(directory);
	runtime.root = container_of(pid);
	CHECK_INT(0, oom_dump(&runtime, "a", pid, writer, &err));
	(void)kill(pid, SIGKILL);
	CHECK_INT(pid, waitpid(pid, NULL, 0));
	text = json_writer_text(writer, &length);
	CHECK_INT(0, json_parse(arena, "dump", text, length, &limits, &root, &err));
	CHECK_STR("a", json_get(root, "id")->text);
	CHECK_STR("test_runtime_oo", json_get(json_get(root, "status"), "Name")->text); /* 15 bytes are kept */
	CHECK_CONTAINS("test_runtime_oom_dump", json_get(root, "executable")->text);
	CHECK_CONTAINS("test_runtime_oom_dump", json_get(root, "commandLine")->first->text);
	CHECK_INT(1, json_get(root, "commandLine")->count);
	CHECK(sum(json_get(root, "mappings"), "resident") >= HELD);
	CHECK(sum(json_get(root, "mappings"), "anonymous") >= HELD);
	CHECK(has(json_get(root, "mappings"), "path", "/a b\\012Rss: 7"));
	CHECK(has(json_get(root, "files"), "target", "/a b\nRss: 7"));
	CHECK_INT(1, json_get(root, "threads")->count);
	CHECK_STR(json_get(json_get(root, "threads")->first, "tid")->text,
		  arena_printf(arena, "%d", pid)); /* the main thread's is the process's */
}

static void only_of_the_container(void)
{
	auto_json_writer struct json_writer *writer = json_writer_new(false);
	struct runtime runtime = { 0 };
	pid_t pid = fork();

	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)pause();
		_exit(0);
	}
	runtime.root = container_of(pid);
	CHECK_INT(-ESRCH, oom_dump(&runtime, "a", getpid(), writer, &err));
	CHECK_CONTAINS("is not in container `a`", err.text);
	CHECK_INT(-ESRCH, oom_dump(&runtime, "a", 999999999, writer, &err));
	CHECK_INT(-ENOENT, oom_dump(&runtime, "b", pid, writer, &err));
	(void)kill(pid, SIGKILL);
	CHECK_INT(pid, waitpid(pid, NULL, 0));
	CHECK_INT(-ESRCH, oom_dump(&runtime, "a", pid, writer, &err));
}

static const struct test tests[] = {
	TEST(what_it_is_and_holds),
	TEST(only_of_the_container),
};

TEST_MAIN(tests)
