/* test_oom_log.c - lines of the kernel's log, a record a packet: whom they name, and whom they only seem to name. */
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cgroups/oom_log.h"
#include "tests/unit/test.h"

#define BEGIN  "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0"
#define KILL_A BEGIN ",oom_memcg=/coffer/a,task_memcg=/coffer/a,task=tail,pid=712,uid=0"

static void read_from(const char *const *records, const char *path, uint64_t since, size_t max, struct arena *arena,
		      struct oom_victims *ret)
{
	struct error err;
	int ends[2];

	CHECK_INT(0, socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends));
	for (; *records; records++)
		CHECK_INT(strlen(*records), send(ends[1], *records, strlen(*records), 0));
	*ret = (struct oom_victims){ 0 };
	CHECK_INT(0, oom_log_read(ends[0], path, since, max, arena, ret, &err));
	(void)close(ends[0]);
	(void)close(ends[1]);
}

/* One line, or none of this container: "PID UID NAME CGROUP LIMIT". */
static void one(const char *record, const char *path, const char *expected)
{
	auto_arena struct arena *arena = arena_new();
	const char *const records[] = { record, NULL };
	const struct oom_victim *victim;
	struct oom_victims victims;
	const char *got = "";

	read_from(records, path, 0, 1, arena, &victims);
	victim = &victims.list[0];
	if (victims.count)
		got = arena_printf(arena, "%d %u %s %s %s", victim->pid, victim->uid, victim->name, victim->cgroup,
				   victim->limit ? victim->limit : "host");
	CHECK_STR(expected, got);
}

static void whose_it_was(void)
{
	static const struct {
		const char *record, *path, *expected;
	} cases[] = {
		{ "6,900,5000,-;" KILL_A "\n SUBSYSTEM=x\n", "/coffer/a", "712 0 tail /coffer/a /coffer/a" },
		{ "6,900,5000,-,caller=T712;" KILL_A "\n", "/coffer/a", "712 0 tail /coffer/a /coffer/a" },
		{ "6,900,5000,-;" KILL_A "\n", "/coffer", "712 0 tail /coffer/a /coffer/a" },
		{ "6,900,5000,-;" KILL_A "\n", "/coffer/a/b", "" },
		{ "6,900,5000,-;" KILL_A "\n", "/coffer/b", "" },
		{ "6,900,5000,-;" KILL_A "\n", "/cof", "" },
		/* Of a pod above, of a cgroup inside, of the host; and where cpuset has no name. */
		{ "6,1,1,-;" BEGIN ",oom_memcg=/pod,task_memcg=/pod/a/x,task=sh,pid=7,uid=1000\n", "/pod/a",
		  "7 1000 sh /pod/a/x /pod" },
		{ "6,1,1,-;" BEGIN ",oom_memcg=/,task_memcg=/pod/a,task=sh,pid=7,uid=1000\n", "/pod/a",
		  "7 1000 sh /pod/a /" },
		{ "6,1,1,-;" BEGIN ",oom_memcg=/pod/a/x,task_memcg=/pod/a/x/y,task=sh,pid=7,uid=0\n", "/pod/a",
		  "7 0 sh /pod/a/x/y /pod/a/x" },
		{ "6,1,1,-;oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=a,mems_allowed=0-1,global_oom,"
		  "task_memcg=/pod/a,task=sh,pid=7,uid=4294967294\n",
		  "/pod/a", "7 4294967294 sh /pod/a host" },
		{ "6,1,1,-;oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),oom_memcg=/a,task_memcg=/a,task=s,"
		  "pid=7,uid=0\n",
		  "/a", "7 0 s /a /a" },
		/* Written by a process; another line; no end; no process. */
		{ "12,900,5000,-;" KILL_A "\n", "/coffer/a", "" },
		{ "6,900,5000,-;tail invoked " KILL_A "\n", "/coffer/a", "" },
		{ "6,900,5000,-;" BEGIN ",oom_memcg=/coffer/a,task_memcg=/coffer/a,task=tail,pid=712,uid=\n",
		  "/coffer/a", "" },
		{ "6,900,5000,-;" BEGIN ",oom_memcg=/coffer/a,task_memcg=/coffer/a,task=tail,pid=0,uid=0\n",
		  "/coffer/a", "" },
		{ "6,900,5000,-;" BEGIN ",oom_memcg=/coffer/a,task_memcg=/coffer/a,pid=712,uid=0\n", "/coffer/a", "" },
		{ "6,99999999999999999999999,1,-;" KILL_A "\n", "/coffer/a", "" },
		{ "6,900;" KILL_A "\n", "/coffer/a", "" },
		{ "oom", "/coffer/a", "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		one(cases[i].record, cases[i].path, cases[i].expected);
}

/* What a container can choose: names of processes, of its cgroups, and with these the cpuset's. */
static void names_are_hostile(void)
{
	static const struct {
		const char *tail, *path, *expected;
	} cases[] = {
		{ ",oom_memcg=/b,task_memcg=/b,task=x,pid=1,uid=0,pid=9,uid=5\n", "/b", "9 5 x,pid=1,uid=0 /b /b" },
		{ ",oom_memcg=/b,task_memcg=/b,task=a\\x0a\\xc3\\xbc\\x5c\\x00,pid=9,uid=5\n", "/b",
		  "9 5 a\n\xc3\xbc\\? /b /b" },
		{ ",oom_memcg=/b,task_memcg=/b,task=,pid=9,uid=5\n", "/b", "9 5  /b /b" },
		/* /b/x,task_memcg= / a: not the container a's, for its neighbour nor for itself. */
		{ ",oom_memcg=/b,task_memcg=/b/x,task_memcg=/a,task=x,pid=9,uid=5\n", "/a", "" },
		{ ",oom_memcg=/b/x,task_memcg=/a,task_memcg=/b/x,task_memcg=/a,task=x,pid=9,uid=5\n", "/a", "" },
		{ ",oom_memcg=/b/x,task_memcg=/a,task_memcg=/b/x,task_memcg=/a,task=x,pid=9,uid=5\n", "/b",
		  "9 5 x /b/x,task_memcg=/a /b/x,task_memcg=/a" },
		{ ",oom_memcg=/pod,task_memcg=/pod/b/x,oom_memcg=/pod/a,task_memcg=/pod/a,task=x,pid=9,uid=5\n",
		  "/pod/a", "" },
		{ ",oom_memcg=/pod,task_memcg=/pod/b/,task_memcg=/pod/a,task=x,pid=9,uid=5\n", "/pod/a", "" },
		{ ",global_oom,task_memcg=/b/x,oom_memcg=/a,task_memcg=/a,task=x,pid=9,uid=5\n", "/a", "" },
	};
	/* A name has no slash: nothing in it can be a path. */
	one("6,1,1,-;oom-kill:constraint=C,nodemask=(null),cpuset=x,oom_memcg=,task_memcg=a,mems_allowed=0,oom_memcg=/"
	    "b,"
	    "task_memcg=/b,task=x,pid=9,uid=5\n",
	    "/b", "9 5 x /b /b");
	one("6,1,1,-;oom-kill:constraint=C,nodemask=(null),cpuset=x,cpuset=,mems_allowed=0,oom_memcg=/b,task_memcg=/b,"
	    "task=x,pid=9,uid=5\n",
	    "/b", "9 5 x /b /b");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_arena struct arena *arena = arena_new();

		one(arena_printf(arena, "6,1,1,-;" BEGIN "%s", cases[i].tail), cases[i].path, cases[i].expected);
	}
}

static void pieces(void)
{
	static const char *const records[] = {
		"6,10,1000,-;" BEGIN "\n",
		"6,11,1000,c;,oom_memcg=/a,task_memcg=/a\n",
		"6,12,1000,c;,task=x,pid=1,uid=0\n",
		/* Something else in between: what follows is no part of it. */
		"6,13,1000,-;" BEGIN "\n",
		"4,14,1000,-;usb 1-1: reset\n",
		"6,15,1000,c;,oom_memcg=/a,task_memcg=/a,task=x,pid=2,uid=0\n",
		/* One was lost. */
		"6,16,1000,-;" BEGIN "\n",
		"6,18,1000,c;,oom_memcg=/a,task_memcg=/a,task=x,pid=3,uid=0\n",
		"6,19,1000,-;" BEGIN ",oom_memcg=/a,task_memcg=/a,task=y,pid=4,uid=0\n",
		NULL,
	};
	auto_arena struct arena *arena = arena_new();
	struct oom_victims victims;

	read_from(records, "/a", 0, 4, arena, &victims);
	CHECK_INT(2, victims.count);
	CHECK_INT(1, victims.list[0].pid);
	CHECK_INT(4, victims.list[1].pid);
}

static void longer_than_any(void)
{
	static const char first[] = "6,1,1,-;" BEGIN;
	char piece[4096] = "6,2,1,c;,oom_memcg=/a/";
	char next[4096];
	const char *records[] = { first, piece, next, next, next, next, NULL };
	auto_arena struct arena *arena = arena_new();
	struct oom_victims victims;

	memset(piece + strlen(piece), 'x', sizeof(piece) - strlen(piece) - 1);
	memcpy(next, piece, sizeof(next));
	for (size_t i = 2; i < 6; i++) {
		records[i] = arena_strdup(arena, next);
		((char *)(uintptr_t)records[i])[2] = (char)('1' + i);
	}
	read_from(records, "/a", 0, 1, arena, &victims);
	CHECK_INT(0, victims.count);
}

/* Neither those of an earlier container with the same cgroup, nor more than have been counted. */
static void the_latest(void)
{
	auto_arena struct arena *arena = arena_new();
	const char *records[41] = { 0 };
	struct oom_victims victims;

	for (int i = 0; i < 40; i++)
		records[i] = arena_printf(arena, "6,%d,%d,-;" BEGIN ",oom_memcg=/a,task_memcg=/a,task=x,pid=%d,uid=0\n",
					  i, 1000 * i, 100 + i);
	read_from(records, "/a", 0, 3, arena, &victims);
	CHECK_INT(3, victims.count);
	CHECK_INT(137, victims.list[0].pid);
	CHECK_INT(139, victims.list[2].pid);
	read_from(records, "/a", 38500, 3, arena, &victims);
	CHECK_INT(1, victims.count);
	CHECK_INT(139, victims.list[0].pid);
	read_from(records, "/a", 0, 1000, arena, &victims);
	CHECK_INT(OOM_VICTIMS_MAX, victims.count);
	CHECK_INT(139, victims.list[OOM_VICTIMS_MAX - 1].pid);
}

static void what_is_not_known(void)
{
	auto_arena struct arena *arena = arena_new();
	struct oom_victims victims;
	struct error err;

	oom_log_victims("/coffer-test/nobody", 1, 0, arena, &victims);
	CHECK(victims.count == 0 && !victims.unnamed);
	oom_log_victims("/coffer-test/nobody", 1, 2, arena, &victims);
	CHECK_INT(0, victims.count);
	CHECK(strncmp(victims.unnamed, "2 of 2: ", strlen("2 of 2: ")) == 0);
	CHECK_INT(-EBADF, oom_log_read(-1, "/a", 0, 1, arena, &victims, &err));
}

static const struct test tests[] = {
	TEST(whose_it_was),    TEST(names_are_hostile), TEST(pieces),
	TEST(longer_than_any), TEST(the_latest),        TEST(what_is_not_known),
};

TEST_MAIN(tests)
