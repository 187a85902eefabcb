/* test_tripwire.c - thresholds, verdicts and writes, on plain files that stand for those of a cgroup. */
#include "cgroups/tripwire.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/str.h"
#include "tests/unit/test.h"

#define MIB (1024ULL * 1024)

enum { LIMIT = 67108864, GAP = 8388608 };

static const char *const names[] = { "memory.events.local", "cgroup.events", "memory.max",    "memory.high",
				     "memory.current",      "memory.stat",   "cgroup.freeze", "memory.swap.max",
				     "memory.swap.current", "cpu.max" };

static char path[40];
static int dir = -1;

static void put(const char *name, const char *text)
{
	int fd = openat(dir, name, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);

	CHECK_INT(0, fd_write_all(fd, text, strlen(text)));
	(void)close(fd);
}

static const char *get(const char *name)
{
	static char text[256];

	return fd_read_small(dir, name, text, sizeof(text)) < 0 ? "(none)" : text;
}

static struct tripwire start(void)
{
	struct tripwire wire;
	struct error err = { 0 };

	strcpy(path, "/tmp/coffer-tripwire-XXXXXX");
	CHECK(mkdtemp(path) != NULL);
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	put("memory.events.local", "low 0\nhigh 5\nmax 2\noom 0\noom_kill 0\n");
	put("cgroup.events", "populated 1\nfrozen 0\n");
	put("memory.max", "67108864\n");
	put("memory.high", "58720256\n");
	put("memory.current", "10000000\n");
	put("memory.stat", "anon 0\n");
	put("cgroup.freeze", "0\n");
	CHECK_INT(0, tripwire_open(dir, LIMIT, GAP, &wire, &err));
	return wire;
}

static void stop(struct tripwire *wire)
{
	tripwire_close(wire);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		(void)unlinkat(dir, names[i], 0);
	(void)close(dir);
	CHECK_INT(0, rmdir(path));
}

/* The outermost of three has no limit of its own, as the root has no file at all. */
static void the_lowest_limit_above(void)
{
	struct tripwire wire = start();
	int own = wire.dir;

	CHECK(tripwire_above(&wire) == UINT64_MAX);
	CHECK_INT(0, mkdirat(dir, "a", 0700));
	CHECK_INT(0, mkdirat(dir, "a/b", 0700));
	wire.dir = openat(dir, "a/b", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(tripwire_above(&wire) == UINT64_MAX); /* "a" is where it ends */
	put("a/memory.max", "max\n");
	CHECK(tripwire_above(&wire) == LIMIT);
	put("a/memory.max", "4096\n");
	CHECK(tripwire_above(&wire) == 4096);
	(void)close(wire.dir);
	wire.dir = own;
	CHECK_INT(0, unlinkat(dir, "a/memory.max", 0));
	CHECK_INT(0, unlinkat(dir, "a/b", AT_REMOVEDIR));
	CHECK_INT(0, unlinkat(dir, "a", AT_REMOVEDIR));
	stop(&wire);
}

static void gaps(void)
{
	CHECK(tripwire_gap(1024 * MIB, 2) == 128 * MIB);
	CHECK(tripwire_gap(64 * MIB, 2) == 8 * MIB);
	CHECK(tripwire_gap(32 * MIB, 2) == 6 * MIB);
	CHECK(tripwire_gap(32 * MIB, 0) == tripwire_gap(32 * MIB, 1));
	CHECK(tripwire_gap(8 * MIB, 64) == 4 * MIB);
}

static void needs_every_file(void)
{
	struct tripwire wire = start();
	struct tripwire other = TRIPWIRE_NONE;
	struct error err;

	CHECK_INT(0, unlinkat(dir, "memory.stat", 0));
	CHECK_INT(-ENOENT, tripwire_open(dir, LIMIT, GAP, &other, &err));
	CHECK_CONTAINS("memory.stat", err.text);
	CHECK_INT(-1, other.dir);
	stop(&wire);
}

static void events_are_noticed_once(void)
{
	struct tripwire wire = start();

	CHECK_INT(0, tripwire_touched(&wire));
	put("memory.events.local", "low 9\nhigh 6\nmax 2\noom 0\n");
	CHECK_INT(1, tripwire_touched(&wire));
	CHECK_INT(0, tripwire_touched(&wire));
	put("memory.events.local", "low 9\nhigh 6\nmax 3\noom 0\n");
	CHECK_INT(1, tripwire_touched(&wire));
	put("memory.events.local", "low 10\nhigh 6\nmax 3\noom 0\noom_kill 1\n");
	CHECK_INT(0, tripwire_touched(&wire));
	stop(&wire);
}

static void lifted_and_put_back(void)
{
	struct tripwire wire = start();

	CHECK_INT(0, tripwire_lift(&wire));
	CHECK_STR("134217728", get("memory.max"));
	put("memory.max", "");
	CHECK_INT(0, tripwire_lift(&wire));
	CHECK_STR("", get("memory.max"));
	/* Nearer to what it was lifted to than half of the room: further up. */
	put("memory.current", "120000000\n");
	CHECK_INT(0, tripwire_lift(&wire));
	CHECK_STR("187108864", get("memory.max"));
	CHECK_INT(-EBUSY, tripwire_restore(&wire));
	put("memory.current", "62914561\n");
	CHECK_INT(-EBUSY, tripwire_restore(&wire));
	put("memory.current", "62914560\n");
	put("memory.max", "");
	CHECK_INT(0, tripwire_restore(&wire));
	CHECK_STR("67108864", get("memory.max"));
	CHECK(wire.lifted_to == 0);
	stop(&wire);
}

static void what_can_be_reclaimed_is_no_hit(void)
{
	struct tripwire wire = start();

	CHECK_INT(0, tripwire_is_hit(&wire));
	put("memory.current", "60000000\n");
	put("memory.stat", "anon 59000000\ninactive_file 0\nactive_file 0\nslab_reclaimable 0\n");
	CHECK_INT(1, tripwire_is_hit(&wire));
	put("memory.stat", "anon 30000000\nfile 29000000\ninactive_file 9000000\nactive_file 20000000\n");
	CHECK_INT(0, tripwire_is_hit(&wire));
	/* Shared memory counts as file in "file" alone. */
	put("memory.stat", "anon 30000000\nfile 29000000\nshmem 29000000\ninactive_file 0\nactive_file 0\n");
	CHECK_INT(1, tripwire_is_hit(&wire));
	/* Less than a 64th of memory.high is left to hope for. */
	put("memory.stat", "anon 58000000\ninactive_file 1500000\nactive_file 0\n");
	CHECK_INT(1, tripwire_is_hit(&wire));
	put("memory.stat", "anon 0\nslab_reclaimable 40000000\n");
	CHECK_INT(0, tripwire_is_hit(&wire));
	/* No swap of its own: what the host has does not count. */
	put("memory.stat", "anon 59000000\n");
	put("memory.swap.max", "0\n");
	put("memory.swap.current", "0\n");
	CHECK_INT(1, tripwire_is_hit(&wire));
	stop(&wire);
}

static void what_can_be_swapped(void)
{
	static const char stat[] = "anon 50\nkernel 900\ninactive_anon 20\nactive_anon 10\nunevictable 20\n";

	CHECK(tripwire_swappable(stat, 100, 100) == 30);
	CHECK(tripwire_swappable(stat, 7, 100) == 7);
	CHECK(tripwire_swappable(stat, 100, 8) == 8);
	CHECK(tripwire_swappable("anon 0\nkernel 900\n", 100, 100) == 0);
}

/* Four to one. */
static void what_can_be_compressed(void)
{
	static const char stat[] = "zswap 10\nzswapped 40\n";

	CHECK(tripwire_compressible(stat, 400, 1000) == 300);
	CHECK(tripwire_compressible(stat, 400, UINT64_MAX) == 300);
	CHECK(tripwire_compressible(stat, 400, 50) == 150);
	CHECK(tripwire_compressible(stat, 400, 0) == 0);
	CHECK(tripwire_compressible("zswap 10\nzswapped 40\nswapcached 20\n", 400, 1000) == 200);
	CHECK(tripwire_compressible("zswap 0\nzswapped 0\n", 400, 1000) == 0);
	CHECK(tripwire_compressible("zswap 40\nzswapped 40\n", 400, 1000) == 0);
	CHECK(tripwire_compressible("anon 1\n", 400, 1000) == 0);
}

static void freezes_and_thaws_its_own(void)
{
	struct tripwire wire = start();
	bool frozen, populated;

	CHECK_INT(0, tripwire_freeze(&wire));
	CHECK(wire.froze);
	CHECK_STR("1", get("cgroup.freeze"));
	CHECK_STR("67108864", get("memory.high"));
	CHECK_INT(0, tripwire_thaw(&wire));
	CHECK_STR("0", get("cgroup.freeze"));
	CHECK_STR("58720256", get("memory.high"));
	put("cgroup.freeze", "1\n");
	CHECK_INT(0, tripwire_freeze(&wire));
	CHECK(!wire.froze);
	CHECK_INT(0, tripwire_thaw(&wire));
	CHECK_STR("1", get("cgroup.freeze"));
	CHECK_STR("58720256", get("memory.high"));
	CHECK_INT(0, tripwire_state(&wire, &frozen, &populated));
	CHECK(!frozen && populated);
	put("cgroup.events", "populated 0\nfrozen 1\n");
	CHECK_INT(0, tripwire_state(&wire, &frozen, &populated));
	CHECK(frozen && !populated);
	stop(&wire);
}

/* Neither quota nor the search for pages to swap out while the tasks stop. */
static void a_freeze_is_held_up_by_nothing(void)
{
	struct tripwire wire = start();
	struct tripwire next;
	struct error err;

	if (fsetxattr(dir, "trusted.coffer.test", "", 0, 0) < 0) {
		stop(&wire);
		TEST_SKIP("no trusted extended attributes here: needs root, and a file system that has them");
	}
	put("cpu.max", "5000000000 100000"); /* as long as what replaces it */
	put("memory.swap.max", "67108");
	CHECK_INT(0, tripwire_freeze(&wire));
	CHECK_STR("1000000000 100000", get("cpu.max"));
	CHECK_STR("65536", get("memory.swap.max"));
	CHECK_INT(0, tripwire_open(dir, LIMIT, GAP, &next, &err)); /* after a death */
	CHECK_STR("5000000000 100000", get("cpu.max"));
	CHECK_STR("67108", get("memory.swap.max"));
	tripwire_close(&next);
	CHECK_INT(0, tripwire_thaw(&wire));
	CHECK_INT(0, tripwire_freeze(&wire));
	CHECK_STR("65536", get("memory.swap.max"));
	tripwire_put_back(&wire);
	CHECK_STR("5000000000 100000", get("cpu.max"));
	CHECK_STR("67108", get("memory.swap.max"));
	CHECK_STR("1", get("cgroup.freeze"));
	stop(&wire);
}

static void new_limits(void)
{
	struct tripwire wire = start();

	CHECK_INT(0, tripwire_set_limit(&wire, 99999999, 9999999));
	CHECK_STR("90000000", get("memory.high"));
	CHECK_STR("99999999", get("memory.max"));
	CHECK_INT(0, tripwire_lift(&wire));
	put("memory.max", "");
	put("memory.current", "10000000\n");
	/* While lifted, memory.max stays up. */
	CHECK_INT(0, tripwire_set_limit(&wire, 88888888, 8888888));
	CHECK_STR("80000000", get("memory.high"));
	CHECK_STR("", get("memory.max"));
	stop(&wire);
}

static const struct test tests[] = {
	TEST(gaps),
	TEST(the_lowest_limit_above),
	TEST(needs_every_file),
	TEST(events_are_noticed_once),
	TEST(lifted_and_put_back),
	TEST(what_can_be_reclaimed_is_no_hit),
	TEST(what_can_be_swapped),
	TEST(what_can_be_compressed),
	TEST(freezes_and_thaws_its_own),
	TEST(a_freeze_is_held_up_by_nothing),
	TEST(new_limits),
};

TEST_MAIN(tests)
