/* test_limits_lower.c - room below a smaller limit, on plain files that stand for those of a cgroup: nothing here gives
   memory back by itself, so what is in memory.current is what reclaim has left. */
#include "cgroups/limits_lower.h"

#include <errno.h>
#include <fcntl.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/str.h"
#include "cgroups/tree.h"
#include "tests/unit/test.h"

enum { TARGET = 50000000 };

static const char *const names[] = { "memory.current", "memory.high", "memory.reclaim", "cgroup.freeze",
				     "cgroup.events",  "memory.stat", "memory.max",     "cgroup.procs" };

static char path[40];
static int dir = -1;
static struct cgroup *cgroup;
static struct error err;
static bool frozen;

static void put(const char *name, const char *text)
{
	auto_fd int fd = openat(dir, name, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);

	CHECK_INT(0, fd_write_all(fd, text, strlen(text)));
}

/* A plain file keeps what was behind a shorter text; the kernel's do not. */
static const char *get(const char *name)
{
	static char text[64];
	ssize_t length = fd_read_small(dir, name, text, sizeof(text));

	text[length < 0 ? 0 : strcspn(text, "\n")] = '\0';
	return text;
}

static void start(const char *current, const char *is_frozen)
{
	strcpy(path, "/tmp/coffer-lower-XXXXXX");
	CHECK(mkdtemp(path) != NULL);
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	put("memory.current", current);
	put("memory.high", "max\n");
	put("memory.max", "max\n");
	put("memory.reclaim", "");
	put("memory.stat", "anon 60000000\nfile 123\nshmem 45\nkernel 678\n");
	put("cgroup.procs", "");
	put("cgroup.freeze", is_frozen);
	put("cgroup.events", "populated 1\nfrozen 1\n"); /* whoever asks is obeyed at once */
	cgroup = tree_new(dup(dir), "/fake");
	frozen = true;
}

static void stop(void)
{
	cgroup_close(cgroup);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		(void)unlinkat(dir, names[i], 0);
	(void)close(dir);
	CHECK_INT(0, rmdir(path));
}

static void plenty_of_room_touches_nothing(void)
{
	start("25000000\n", "0\n");
	CHECK_INT(0, lower_begin(cgroup, TARGET, &frozen, &err));
	CHECK(!frozen);
	CHECK_STR("0", get("cgroup.freeze"));
	CHECK_STR("max", get("memory.high"));
	CHECK_STR("", get("memory.reclaim"));
	stop();
}

static void little_room_is_held_by_a_freeze(void)
{
	start("40000000\n", "0\n");
	CHECK_INT(0, lower_begin(cgroup, TARGET, &frozen, &err));
	CHECK(frozen);
	CHECK_STR("1", get("cgroup.freeze"));
	CHECK_STR("", get("memory.reclaim"));
	lower_end(cgroup, frozen);
	CHECK_STR("0", get("cgroup.freeze"));
	stop();
}

static void too_much_is_asked_back_and_then_refused_with_the_numbers(void)
{
	start("60000000\n", "0\n");
	CHECK_INT(-EBUSY, lower_begin(cgroup, TARGET, &frozen, &err));
	CHECK(!frozen);
	CHECK_STR("10000000", get("memory.reclaim"));
	CHECK_STR("0", get("cgroup.freeze"));
	CHECK(str_starts(get("memory.high"), "max"));
	CHECK(strstr(err.text, "50000000 bytes are too few: after reclaim 60000000") != NULL);
	CHECK(strstr(err.text, "anonymous 60000000, shared 45, file 123, kernel 678") != NULL);
	stop();
}

/* A pause of somebody else is neither asked for again nor taken back. */
static void what_is_frozen_stays_so(void)
{
	start("40000000\n", "1\n");
	CHECK_INT(0, lower_begin(cgroup, TARGET, &frozen, &err));
	CHECK(!frozen);
	lower_end(cgroup, frozen);
	CHECK_STR("1", get("cgroup.freeze"));
	stop();
	start("60000000\n", "1\n");
	CHECK_INT(-EBUSY, lower_begin(cgroup, TARGET, &frozen, &err));
	CHECK_STR("1", get("cgroup.freeze"));
	stop();
}

/* One that is lower than the target brakes already. */
static void a_lower_memory_high_stays(void)
{
	start("60000000\n", "0\n");
	put("memory.high", "30000000\n");
	CHECK_INT(-EBUSY, lower_begin(cgroup, TARGET, &frozen, &err));
	CHECK_STR("30000000", get("memory.high"));
	stop();
}

/* A cgroup without the memory controller has nothing to lower. */
static void without_a_controller(void)
{
	start("60000000\n", "0\n");
	CHECK_INT(0, unlinkat(dir, "memory.current", 0));
	CHECK_INT(0, lower_begin(cgroup, TARGET, &frozen, &err));
	CHECK(!frozen);
	CHECK_STR("0", get("cgroup.freeze"));
	stop();
}

static const struct test tests[] = {
	TEST(plenty_of_room_touches_nothing),
	TEST(little_room_is_held_by_a_freeze),
	TEST(too_much_is_asked_back_and_then_refused_with_the_numbers),
	TEST(what_is_frozen_stays_so),
	TEST(a_lower_memory_high_stays),
	TEST(without_a_controller),
};

TEST_MAIN(tests)
