/* test_oom_report.c - the processes of a container at its limit, which are children of this test, as JSON. */
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/str.h"
#include "cgroups/tree.h"
#include "runtime/oom_watcher.h"
#include "tests/unit/test.h"

enum { MIB = 1024 * 1024, GROUPS = 4000, PIDS_MAX = 4 };

static char path[40];
static int dir = -1;
static struct watched container;
static const struct watcher watcher = { .epoll = -1 };
static pid_t children[PIDS_MAX];
static size_t n_children;

static void start(void)
{
	strcpy(path, "/tmp/coffer-oom-XXXXXX");
	CHECK(mkdtemp(path) != NULL);
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	container = (struct watched){ .cgroup = tree_new(dup(dir), "/fake") };
	n_children = 0;
}

static void stop(void)
{
	for (size_t i = 0; i < n_children; i++) {
		(void)kill(children[i], SIGKILL);
		(void)waitpid(children[i], NULL, 0);
	}
	cgroup_close(container.cgroup);
	(void)unlinkat(dir, "cgroup.procs", 0);
	(void)close(dir);
	CHECK_INT(0, rmdir(path));
}

/* A process of this name that holds so much. */
static pid_t holder(const char *name, size_t mib, int groups)
{
	static gid_t list[GROUPS];
	int ready[2];
	char byte;
	pid_t pid;

	CHECK_INT(0, pipe(ready));
	pid = fork();
	if (pid == 0) {
		char *memory;

		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		memory = mmap(NULL, mib * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		for (int i = 0; i < groups; i++)
			list[i] = 1000000000 + (gid_t)i;
		if (memory == MAP_FAILED || (groups && setgroups((size_t)groups, list) < 0))
			_exit(1);
		memset(memory, 1, mib * MIB);
		(void)prctl(PR_SET_NAME, name);
		(void)!write(ready[1], "r", 1);
		(void)pause();
		_exit(0);
	}
	children[n_children++] = pid;
	(void)close(ready[1]);
	CHECK_INT(1, read(ready[0], &byte, 1));
	(void)close(ready[0]);
	return pid;
}

static void list(const pid_t *pids, size_t count)
{
	int fd = openat(dir, "cgroup.procs", O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);

	for (size_t i = 0; i < count; i++)
		(void)dprintf(fd, "%d\n", pids[i]);
	(void)close(fd);
}

static char *report(void)
{
	auto_json_writer struct json_writer *writer = json_writer_new(false);

	json_begin_object(writer, NULL);
	report_processes(writer, &watcher, &container);
	json_end_object(writer);
	return xstrdup(json_writer_text(writer, NULL));
}

/* The number of `member` in the object of process `pid`. */
static uint64_t number_of(const char *text, pid_t pid, const char *member)
{
	char key[64];
	const char *at;

	(void)snprintf(key, sizeof(key), "{\"pid\":%d,", pid);
	at = strstr(text, key);
	(void)snprintf(key, sizeof(key), "\"%s\":", member);
	at = at ? strstr(at, key) : NULL;
	CHECK(at != NULL);
	return strtoull(at + strlen(key), NULL, 10);
}

static void largest_first(void)
{
	auto_free char *text = NULL;
	pid_t pids[3];

	start();
	pids[0] = holder("small", 1, 0);
	pids[1] = holder("large", 24, 0);
	pids[2] = 999999999; /* has ended */
	list(pids, 3);
	CHECK_INT(pids[1], report_largest(&watcher, &container));
	text = report();
	CHECK_CONTAINS("\"processCount\":2", text);
	CHECK(strstr(text, "\"large\"") < strstr(text, "\"small\""));
	CHECK(number_of(text, pids[1], "anon") >= 24 * (uint64_t)MIB);
	CHECK_INT(pids[1], number_of(text, pids[1], "innerPid"));
	stop();
}

/* Whatever a name is made of, the line stays one line of JSON. */
static void a_name_is_any_bytes(void)
{
	auto_free char *text = NULL;
	pid_t pid;

	start();
	pid = holder("a\"\n\033[2J\xff\nState:", 1, 0);
	list(&pid, 1);
	text = report();
	CHECK_INT(strlen(text), strcspn(text, "\n\033\xff"));
	CHECK(strstr(text, "\"state\":\"S\"") || strstr(text, "\"state\":\"R\"")); /* on its way to sleep */
	CHECK(number_of(text, pid, "anon") >= MIB);
	stop();
}

/* The list of groups stands before the sizes in /proc/PID/status, and can be longer than what is read of it. */
static void many_groups_hide_nothing(void)
{
	auto_free char *text = NULL;
	pid_t pids[2];

	if (geteuid() != 0)
		TEST_SKIP("setgroups(2) needs root");
	start();
	pids[0] = holder("small", 1, 0);
	pids[1] = holder("hidden", 24, GROUPS);
	list(pids, 2);
	CHECK_INT(pids[1], report_largest(&watcher, &container));
	text = report();
	CHECK_CONTAINS("\"name\":\"hidden\"", text);
	CHECK(number_of(text, pids[1], "anon") >= 24 * (uint64_t)MIB);
	CHECK(number_of(text, pids[1], "anon") < 64 * (uint64_t)MIB);
	stop();
}

/* Of very many the first are looked at, and all are counted. */
static void very_many_are_not_all_looked_at(void)
{
	enum { MANY = 5000 };
	auto_free char *text = NULL;
	pid_t *pids = xcalloc(MANY, sizeof(*pids));

	start();
	pids[0] = holder("first", 1, 0);
	for (int i = 1; i < MANY; i++)
		pids[i] = 900000000 + i;
	list(pids, MANY);
	free(pids);
	text = report();
	CHECK_CONTAINS("\"processCount\":905,\"processes\":[{", text);
	stop();
}

static const struct test tests[] = {
	TEST(largest_first),
	TEST(a_name_is_any_bytes),
	TEST(many_groups_hide_nothing),
	TEST(very_many_are_not_all_looked_at),
};

TEST_MAIN(tests)
