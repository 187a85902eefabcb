/* test_oom_record.c - whether the kernel killed, and at whose limit, from plain files. */
#include "cgroups/oom_record.h"

#include "cgroups/tree.h"
#include "sandbox.h"

static const char *const names[] = { "cgroup.procs", "memory.events", "memory.events.local", "memory.peak" };

static void put(const struct cgroup *cgroup, const char *name, const char *text)
{
	int fd = openat(cgroup->fd, name, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);

	CHECK_INT(0, fd_write_all(fd, text, strlen(text)));
	(void)close(fd);
}

static void levels(void)
{
	static const struct {
		const char *events, *local, *name;
		uint64_t kills;
	} cases[] = {
		{ "low 0\nhigh 0\nmax 9\noom 0\noom_kill 0\n", "low 0\nhigh 0\nmax 9\noom 0\noom_kill 0\n", "none", 0 },
		/* An allocation that failed instead of killing. */
		{ "low 0\nhigh 0\nmax 9\noom 2\noom_kill 0\n", "low 0\nhigh 0\nmax 9\noom 2\noom_kill 0\n", "none", 0 },
		{ "low 0\nhigh 0\nmax 9\noom 2\noom_kill 1\n", "low 0\nhigh 0\nmax 9\noom 2\noom_kill 1\n", "own", 1 },
		{ "low 0\nhigh 0\nmax 9\noom 2\noom_kill 3\n", "low 0\nhigh 0\nmax 0\noom 0\noom_kill 0\n", "inside",
		  3 },
		{ "low 0\nhigh 0\nmax 0\noom 0\noom_kill 1\n", "low 0\nhigh 0\nmax 0\noom 0\noom_kill 1\n", "outside",
		  1 },
	};
	char path[] = "/tmp/coffer-record-XXXXXX";
	struct oom_record record;
	struct cgroup *cgroup;
	struct error err;

	CHECK(mkdtemp(path) != NULL);
	cgroup = tree_new(open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), "/fake");
	CHECK_INT(-ENOENT, oom_record_read(cgroup, &record, &err));
	put(cgroup, "cgroup.procs", "");
	CHECK_INT(0, oom_record_read(cgroup, &record, &err));
	CHECK(!record.kills.set && !record.peak.set);
	put(cgroup, "memory.peak", "4096\n");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		put(cgroup, "memory.events", cases[i].events);
		put(cgroup, "memory.events.local", cases[i].local);
		CHECK_INT(0, oom_record_read(cgroup, &record, &err));
		CHECK_STR(cases[i].name, oom_level_name(record.level));
		CHECK(record.kills.set && record.kills.value == cases[i].kills && record.peak.value == 4096);
	}
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		(void)unlinkat(cgroup->fd, names[i], 0);
	cgroup_close(cgroup);
	CHECK_INT(0, rmdir(path));
}

static const struct test tests[] = {
	TEST(levels),
};

TEST_MAIN(tests)
