/* cgroup_stats_read on files of our own: all numbers, missing ones, the kernel's odd formats, and garbage. */
#include "cgroups/stats.h"

#include "cgroups/tree.h"
#include "sandbox.h"

static const struct {
	const char *name, *text;
} full[] = {
	{ "cgroup.procs", "" },
	{ "cpu.stat", "usage_usec 1000\nuser_usec 600\nsystem_usec 400\ncore_sched.force_idle_usec 5\nnr_periods 7\n"
		      "nr_throttled 3\nthrottled_usec 2500\nnr_bursts 0\nburst_usec 0\n" },
	{ "memory.current", "123456\n" },
	{ "memory.peak", "234567\n" },
	{ "memory.max", "max\n" },
	{ "memory.high", "777\n" },
	{ "memory.low", "888\n" },
	{ "memory.min", "999\n" },
	{ "memory.pressure", "some avg10=12.34 avg60=0.00 avg300=0.00 total=5\nfull avg10=0.07 avg60=1.00 avg300=0.00 "
			     "total=1\n" },
	{ "cpu.pressure", "some avg10=100.00 avg60=0.00 avg300=0.00 total=5\n" },
	{ "io.pressure", "some avg10=x.00 avg60=0.00\n" },
	{ "memory.swap.current", "0\n" },
	{ "memory.swap.max", "4096\n" },
	{ "memory.zswap.current", "44\n" },
	{ "memory.zswap.max", "max\n" },
	{ "memory.stat", "anon 11\nfile 22\nkernel 33\nkernel_stack 44\npagetables 55\nshmem 66\nfile_mapped 77\n"
			 "anon_thp 88\n" },
	{ "memory.events", "low 1\nhigh 2\nmax 3\noom 4\noom_kill 5\noom_group_kill 6\n" },
	{ "pids.current", "9\n" },
	{ "pids.max", "100\n" },
	{ "io.stat", "8:16 rbytes=1459200 wbytes=314773504 rios=192 wios=353 dbytes=0 dios=0\n"
		     "8:0 8:32 rbytes=90430464 wbytes=299008000 rios=8950 wios=1252 dbytes=50331648 dios=3021\n" },
};

static char path[32];

static struct cgroup *start(void)
{
	int fd;

	strcpy(path, "/tmp/coffer-stats-XXXXXX");
	CHECK(mkdtemp(path) != NULL);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(fd >= 0);
	return tree_new(fd, "/fake");
}

static void put(const struct cgroup *cgroup, const char *name, const char *text)
{
	int fd = openat(cgroup->fd, name, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);

	CHECK_INT(0, fd_write_all(fd, text, strlen(text)));
	(void)close(fd);
}

static void stop(struct cgroup *cgroup)
{
	for (size_t i = 0; i < ARRAY_SIZE(full); i++)
		(void)unlinkat(cgroup->fd, full[i].name, 0);
	cgroup_close(cgroup);
	CHECK(rmdir(path) == 0);
}

#define CHECK_NUMBER(expected, field)                                                                                  \
	do {                                                                                                           \
		CHECK(stats.field.set);                                                                                \
		CHECK_INT(expected, stats.field.value);                                                                \
	} while (0)

static void reads_all(void)
{
	struct cgroup *cgroup = start();
	struct cgroup_stats stats;
	struct error err;

	for (size_t i = 0; i < ARRAY_SIZE(full); i++)
		put(cgroup, full[i].name, full[i].text);
	CHECK_INT(0, cgroup_stats_read(cgroup, &stats, &err));
	CHECK_NUMBER(1000, cpu_usage_us);
	CHECK_NUMBER(600, cpu_user_us);
	CHECK_NUMBER(400, cpu_system_us);
	CHECK_NUMBER(7, cpu_periods);
	CHECK_NUMBER(3, cpu_throttled_periods);
	CHECK_NUMBER(2500, cpu_throttled_us);
	CHECK_NUMBER(123456, memory_current);
	CHECK_NUMBER(234567, memory_peak);
	CHECK(stats.memory_max.set && stats.memory_max.value == UINT64_MAX);
	CHECK_NUMBER(777, memory_high);
	CHECK_NUMBER(888, memory_low);
	CHECK_NUMBER(999, memory_min);
	CHECK_NUMBER(1234, memory_some);
	CHECK_NUMBER(7, memory_full);
	CHECK_NUMBER(10000, cpu_some);
	CHECK(!stats.io_some.set);
	CHECK_NUMBER(0, memory_swap_current);
	CHECK_NUMBER(4096, memory_swap_max);
	CHECK_NUMBER(44, memory_zswap_current);
	CHECK(stats.memory_zswap_max.set && stats.memory_zswap_max.value == UINT64_MAX);
	CHECK_NUMBER(11, memory_anon);
	CHECK_NUMBER(22, memory_file);
	CHECK_NUMBER(33, memory_kernel);
	CHECK_NUMBER(66, memory_shmem);
	CHECK_NUMBER(1, memory_events_low);
	CHECK_NUMBER(2, memory_events_high);
	CHECK_NUMBER(3, memory_events_max);
	CHECK_NUMBER(4, memory_events_oom);
	CHECK_NUMBER(5, memory_events_oom_kill);
	CHECK_NUMBER(9, pids_current);
	CHECK_NUMBER(100, pids_max);
	CHECK_NUMBER(1459200 + 90430464, io_read_bytes);
	CHECK_NUMBER(314773504 + 299008000, io_write_bytes);
	CHECK_NUMBER(192 + 8950, io_read_ops);
	CHECK_NUMBER(353 + 1252, io_write_ops);
	stop(cgroup);
}

static void reads_usage_alone(void)
{
	struct cgroup *cgroup = start();
	struct cgroup_stats stats;
	struct error err;

	for (size_t i = 0; i < ARRAY_SIZE(full); i++)
		put(cgroup, full[i].name, full[i].text);
	CHECK_INT(0, cgroup_stats_read_usage(cgroup, &stats, &err));
	CHECK_NUMBER(123456, memory_current);
	CHECK_NUMBER(234567, memory_peak);
	CHECK_NUMBER(0, memory_swap_current);
	CHECK_NUMBER(11, memory_anon);
	CHECK_NUMBER(22, memory_file);
	CHECK_NUMBER(33, memory_kernel);
	CHECK_NUMBER(66, memory_shmem);
	CHECK_NUMBER(5, memory_events_oom_kill);
	CHECK(!stats.cpu_usage_us.set && !stats.memory_max.set && !stats.memory_some.set && !stats.io_read_ops.set);
	stop(cgroup);
}

static void leaves_missing_unset(void)
{
	struct cgroup *cgroup = start();
	struct cgroup_stats stats;
	struct error err;

	put(cgroup, "cgroup.procs", "");
	put(cgroup, "cpu.stat", "usage_usec 5\nuser_usec 3\nsystem_usec 2\n");
	put(cgroup, "io.stat", "");
	CHECK_INT(0, cgroup_stats_read(cgroup, &stats, &err));
	CHECK_NUMBER(5, cpu_usage_us);
	CHECK(!stats.cpu_periods.set && !stats.memory_current.set && !stats.pids_max.set &&
	      !stats.memory_events_oom.set);
	CHECK(!stats.io_read_bytes.set && stats.io_read_bytes.value == 0);
	stop(cgroup);
}

static void survives_garbage(void)
{
	struct cgroup *cgroup = start();
	struct cgroup_stats stats;
	struct error err;

	put(cgroup, "cgroup.procs", "");
	put(cgroup, "cpu.stat",
	    "usage_usec\nuser_usec -5\nsystem_usec 18446744073709551616\nnr_periods 1x\nnr_throttled 2");
	put(cgroup, "memory.current", "");
	put(cgroup, "memory.max", "maximum\n");
	put(cgroup, "memory.stat", "\n\nfile\nanon 000000000000000000000000000001\nshmem 18446744073709551615");
	put(cgroup, "io.stat", "8:0 rbytes= wbytes=x rios=1 rios=\n8:1 xrbytes=5 wios=2");
	CHECK_INT(0, cgroup_stats_read(cgroup, &stats, &err));
	CHECK(!stats.cpu_usage_us.set && !stats.cpu_user_us.set && !stats.cpu_system_us.set && !stats.cpu_periods.set);
	CHECK_NUMBER(2, cpu_throttled_periods);
	CHECK(!stats.memory_current.set && !stats.memory_max.set && !stats.memory_anon.set && !stats.memory_file.set);
	CHECK(stats.memory_shmem.set && stats.memory_shmem.value == UINT64_MAX);
	CHECK(!stats.io_read_bytes.set && !stats.io_write_bytes.set);
	CHECK_NUMBER(1, io_read_ops);
	CHECK_NUMBER(2, io_write_ops);
	stop(cgroup);
}

static void fails_when_gone(void)
{
	struct cgroup_host host;
	struct cgroup *cgroup;
	struct cgroup_stats stats;
	struct error err;

	sandbox_enter(&host);
	cgroup = sandbox_create(&host, "s");
	CHECK_INT(0, cgroup_stats_read(cgroup, &stats, &err));
	CHECK(stats.cpu_usage_us.set);
	CHECK_INT(0, cgroup_remove(&host, sandbox_path("s"), &err));
	CHECK_INT(-ENOENT, cgroup_stats_read(cgroup, &stats, &err));
	CHECK_CONTAINS("it is gone", err.text);
	cgroup_close(cgroup);
	sandbox_leave(&host);
}

static const struct test tests[] = {
	TEST(reads_all),        TEST(reads_usage_alone), TEST(leaves_missing_unset),
	TEST(survives_garbage), TEST(fails_when_gone),
};
TEST_MAIN(tests)
