/*
 * limits_apply and limits_update: on plain files every path and error text; on real cgroups whatever controllers this
 * host has on v2 (all of them in the test VM).
 */
#include <sys/stat.h>

#include "base/str.h"
#include "cgroups/limits.h"
#include "cgroups/scope_weights.h"
#include "cgroups/tree.h"
#include "sandbox.h"

enum { ALL_CONTROLLERS = (1 << CGROUP_CONTROLLER_MAX) - 1 };

#define LIMITS(...) (&(const struct cgroup_limits){ __VA_ARGS__ })
#define IS(number)                                                                                                     \
	{                                                                                                              \
		.value = (number), .set = true                                                                         \
	}

struct fake {
	char path[32];
	struct cgroup_host host;
	struct cgroup *cgroup;
};

static void start(struct fake *fake)
{
	int fd;

	strcpy(fake->path, "/tmp/coffer-limits-XXXXXX");
	CHECK(mkdtemp(fake->path) != NULL);
	fd = open(fake->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(fd >= 0);
	fake->host = (struct cgroup_host){ .root_fd = -1, .controllers = ALL_CONTROLLERS };
	fake->cgroup = tree_new(fd, "/fake");
}

static void put(const struct fake *fake, const char *name, const char *text)
{
	int fd = openat(fake->cgroup->fd, name, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);

	CHECK_INT(0, fd_write_all(fd, text, strlen(text)));
	(void)close(fd);
}

/* A plain file keeps what a shorter write leaves of it, so tests write texts that are not shorter. */
static const char *get(const struct fake *fake, const char *name)
{
	static char text[256];

	return fd_read_small(fake->cgroup->fd, name, text, sizeof(text)) < 0 ? "(none)" : text;
}

static void stop(struct fake *fake)
{
	static const char *const names[] = {
		"memory.max",          "memory.swap.max", "memory.current", "pids.max",           "io.weight",
		"io.bfq.weight",       "cpu.max",         "cpu.max.burst",  "cgroup.controllers", "memory.low",
		"memory.swap.current", "memory.high",     "memory.stat",    "cgroup.procs",       "cpu.idle",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		(void)unlinkat(fake->cgroup->fd, names[i], 0);
	cgroup_close(fake->cgroup);
	CHECK(rmdir(fake->path) == 0);
}

static int apply(const struct fake *fake, const struct cgroup_limits *limits, struct error *err)
{
	auto_arena struct arena *arena = arena_new();
	struct limit_plan plan;

	return limits_plan(arena, limits, &plan, err) < 0 ? -1 : limits_apply(&fake->host, fake->cgroup, &plan, err);
}

static void writes_the_plan(void)
{
	struct fake fake;
	struct error err;

	start(&fake);
	put(&fake, "memory.max", "");
	put(&fake, "memory.swap.max", "");
	put(&fake, "pids.max", "");
	CHECK_INT(0,
		  apply(&fake, LIMITS(.memory_limit = IS(65536), .memory_swap = IS(65600), .pids_limit = IS(7)), &err));
	CHECK_STR("65536", get(&fake, "memory.max"));
	CHECK_STR("64", get(&fake, "memory.swap.max"));
	CHECK_STR("7", get(&fake, "pids.max"));
	stop(&fake);
}

static void minds_what_is_optional(void)
{
	struct fake fake;
	struct error err;

	start(&fake);
	put(&fake, "memory.max", "");
	CHECK_INT(0, apply(&fake, LIMITS(.memory_limit = IS(100), .memory_swap = IS(100)), &err));
	CHECK_INT(0, apply(&fake, LIMITS(.memory_limit = IS(100), .memory_swap = IS(-1)), &err));
	CHECK_INT(0, apply(&fake, LIMITS(.pids_limit = IS(-1), .cpu_quota = IS(-1)), &err));
	CHECK_INT(-ENOENT, apply(&fake, LIMITS(.memory_limit = IS(100), .memory_swap = IS(150)), &err));
	CHECK_CONTAINS("write \"50\" to memory.swap.max of cgroup /fake", err.text);
	CHECK_CONTAINS("memory controller is not enabled", err.text);
	/* Nothing is ever created. */
	CHECK_STR("(none)", get(&fake, "memory.swap.max"));
	stop(&fake);
}

static void writes_both_weights(void)
{
	struct fake fake;
	struct error err;

	start(&fake);
	CHECK_INT(-ENOENT, apply(&fake, LIMITS(.io_weight = IS(500)), &err));
	CHECK_CONTAINS("io.weight", err.text);
	put(&fake, "io.bfq.weight", "");
	CHECK_INT(0, apply(&fake, LIMITS(.io_weight = IS(500)), &err));
	CHECK_STR("default 500", get(&fake, "io.bfq.weight"));
	put(&fake, "io.weight", "");
	CHECK_INT(0, apply(&fake, LIMITS(.io_weight = IS(600)), &err));
	CHECK_STR("default 600", get(&fake, "io.bfq.weight"));
	CHECK_STR("default 5960", get(&fake, "io.weight"));
	(void)unlinkat(fake.cgroup->fd, "io.bfq.weight", 0);
	CHECK_INT(0, apply(&fake, LIMITS(.io_weight = IS(700)), &err));
	stop(&fake);
}

static void refuses_missing_controllers(void)
{
	struct fake fake;
	struct error err;

	start(&fake);
	put(&fake, "memory.max", "");
	fake.host.controllers = 1u << CGROUP_PIDS;
	CHECK_INT(-ENOTSUP, apply(&fake, LIMITS(.memory_limit = IS(100)), &err));
	CHECK_CONTAINS("memory controller", err.text);
	CHECK_CONTAINS("cannot be set", err.text);
	CHECK_STR("", get(&fake, "memory.max"));
	stop(&fake);
}

static void updates_from_what_is_there(void)
{
	struct scope_weights weights;
	struct fake fake;
	struct error err;

	start(&fake);
	put(&fake, "cgroup.controllers", "cpu memory\n");
	put(&fake, "cpu.max", "30000 60000\n");
	put(&fake, "memory.max", "1000\n");
	put(&fake, "memory.swap.max", "");
	put(&fake, "memory.current", "900\n");
	CHECK_INT(0, limits_update(&fake.host, fake.cgroup, LIMITS(.cpu_quota = IS(50000)), false, NULL, &err));
	CHECK_STR("50000 60000", get(&fake, "cpu.max"));
	put(&fake, "cpu.idle", "1\n");
	CHECK_INT(0, limits_update(&fake.host, fake.cgroup, LIMITS(.cpu_idle = IS(0)), false, &weights, &err));
	CHECK(weights.values[SCOPE_CPU_WEIGHT].set);
	CHECK_INT(100, weights.values[SCOPE_CPU_WEIGHT].value);
	CHECK_INT(0, limits_update(&fake.host, fake.cgroup, LIMITS(.memory_swap = IS(1500)), false, NULL, &err));
	CHECK_STR("500", get(&fake, "memory.swap.max"));
	CHECK_STR("1000", get(&fake, "memory.max"));
	CHECK_INT(-EINVAL, limits_update(&fake.host, fake.cgroup,
					 LIMITS(.memory_limit = IS(800), .memory_check_before_update = true), false,
					 NULL, &err));
	CHECK_CONTAINS("in use now, 900", err.text);
	CHECK_STR("1000", get(&fake, "memory.max"));
	put(&fake, "memory.max", "max\n");
	CHECK_INT(0, limits_update(&fake.host, fake.cgroup, LIMITS(.memory_swap = IS(1500)), false, NULL, &err));
	CHECK_STR("1500", get(&fake, "memory.swap.max"));
	stop(&fake);
}

/* What is in use and cannot be reclaimed is not killed for: plain files never shrink. */
static void lowering_is_refused_with_the_numbers(void)
{
	struct fake fake;
	struct error err;

	start(&fake);
	put(&fake, "cgroup.controllers", "memory\n");
	put(&fake, "memory.max", "1000\n");
	put(&fake, "memory.high", "max\n");
	put(&fake, "memory.current", "900\n");
	put(&fake, "cgroup.procs", "");
	put(&fake, "memory.stat", "anon 700\nfile 150\nkernel 50\nshmem 20\n");
	CHECK_INT(-EBUSY, limits_update(&fake.host, fake.cgroup, LIMITS(.memory_limit = IS(800)), false, NULL, &err));
	CHECK_CONTAINS("800 bytes are too few: after reclaim 900 are still in use (anonymous 700, shared 20, file 150, "
		       "kernel 50)",
		       err.text);
	CHECK_STR("1000", get(&fake, "memory.max"));
	CHECK_STR("max", get(&fake, "memory.high"));
	CHECK_INT(0, limits_update(&fake.host, fake.cgroup, LIMITS(.memory_limit = IS(950)), false, NULL, &err));
	CHECK_STR("9500", get(&fake, "memory.max"));
	put(&fake, "memory.max", "1000\n");
	CHECK_INT(0, limits_update(&fake.host, fake.cgroup, LIMITS(.memory_limit = IS(800)), true, NULL, &err));
	CHECK_STR("8000", get(&fake, "memory.max"));
	stop(&fake);
}

/* As the kernel reads numbers: with units, in any base. */
static void lowering_counts_unified_too(void)
{
	static const struct {
		const char *text;
		int result;
	} cases[] = { { "700", -EBUSY }, { "1k", -EBUSY }, { "0x400", -EBUSY },
		      { "01K", -EBUSY }, { "1m", 0 },      { "max", 0 } };
	struct fake fake;
	struct error err;

	start(&fake);
	put(&fake, "cgroup.controllers", "memory\n");
	put(&fake, "memory.current", "900000\n");
	put(&fake, "cgroup.procs", "");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct limit_unified unified[] = { { "memory.max", "9999m" }, { "memory.max", cases[i].text } };

		put(&fake, "memory.max", "1000000\n");
		CHECK_INT(cases[i].result,
			  limits_update(&fake.host, fake.cgroup, LIMITS(.unified = unified, .n_unified = 2), false,
					NULL, &err));
	}
	stop(&fake);
}

static const char *real(const struct cgroup *cgroup, const char *name)
{
	static char text[256];

	return fd_read_small(cgroup_fd(cgroup), name, text, sizeof(text)) < 0 ? "(none)" : text;
}

static const struct real_case {
	uint32_t controllers;
	struct cgroup_limits limits;
	const char *file, *value;
} real_cases[] = {
	{ 1u << CGROUP_MEMORY, { .memory_limit = IS(64 << 20) }, "memory.max", "67108864" },
	{ 1u << CGROUP_MEMORY,
	  { .memory_limit = IS(64 << 20), .memory_swap = IS(96 << 20) },
	  "memory.swap.max",
	  "33554432" },
	{ 1u << CGROUP_MEMORY, { .memory_limit = IS(-1) }, "memory.swap.max", "max" },
	{ 1u << CGROUP_MEMORY, { .memory_reservation = IS(1 << 20) }, "memory.low", "1048576" },
	{ 1u << CGROUP_CPU, { .cpu_shares = IS(512) }, "cpu.weight", "59" },
	{ 1u << CGROUP_CPU, { .cpu_quota = IS(50000), .cpu_period = IS(200000) }, "cpu.max", "50000 200000" },
	{ 1u << CGROUP_CPU, { .cpu_quota = IS(50000), .cpu_burst = IS(20000) }, "cpu.max.burst", "20000" },
	{ 1u << CGROUP_CPU, { .cpu_idle = IS(1), .cpu_shares = IS(512) }, "cpu.idle", "1" },
	{ 1u << CGROUP_CPUSET, { .cpus = "0" }, "cpuset.cpus", "0" },
	{ 1u << CGROUP_CPUSET, { .mems = "0" }, "cpuset.mems", "0" },
	{ 1u << CGROUP_PIDS, { .pids_limit = IS(100) }, "pids.max", "100" },
	{ 1u << CGROUP_PIDS, { .pids_limit = IS(0) }, "pids.max", "0" },
	{ 1u << CGROUP_HUGETLB,
	  { .hugepages = &(struct limit_hugepage){ "2MB", 4 << 20 }, .n_hugepages = 1 },
	  "hugetlb.2MB.max",
	  "4194304" },
	{ 1u << CGROUP_HUGETLB,
	  { .hugepages = &(struct limit_hugepage){ "2MB", 4 << 20 }, .n_hugepages = 1 },
	  "hugetlb.2MB.rsvd.max",
	  "4194304" },
	{ 1u << CGROUP_MEMORY,
	  { .unified = &(struct limit_unified){ "memory.high", "32M" }, .n_unified = 1 },
	  "memory.high",
	  "33554432" },
};

static void check_real(const struct cgroup_host *host, const struct real_case *one)
{
	auto_arena struct arena *arena = arena_new();
	struct cgroup *cgroup = NULL;
	struct limit_plan plan;
	struct error err = { .text = "" };

	if (limits_plan(arena, &one->limits, &plan, &err) < 0 ||
	    cgroup_create(host, sandbox_path("limits"), one->controllers, &cgroup, &err) < 0 ||
	    limits_apply(host, cgroup, &plan, &err) < 0)
		test_stop(TEST_FAILED, "%s: %s", one->file, err.text);
	CHECK_STR(one->value, real(cgroup, one->file));
	cgroup_close(cgroup);
	CHECK_INT(0, cgroup_remove(host, sandbox_path("limits"), &err));
}

static void limits_real_cgroups(void)
{
	struct cgroup_host host;
	size_t tried = 0;

	sandbox_enter(&host);
	for (size_t i = 0; i < ARRAY_SIZE(real_cases); i++) {
		if (real_cases[i].controllers & ~host.controllers)
			continue;
		check_real(&host, &real_cases[i]);
		tried++;
	}
	sandbox_leave(&host);
	if (tried < ARRAY_SIZE(real_cases))
		TEST_SKIP("only %zu of %zu: this host lacks controllers on v2", tried, ARRAY_SIZE(real_cases));
}

/* A container made without limits gets the controller at its first update. */
static void enables_on_update(void)
{
	struct limit_hugepage page = { "2MB", 8 << 20 };
	struct cgroup_host host;
	struct cgroup *cgroup;
	struct error err = { .text = "" };

	sandbox_enter(&host);
	if (!(host.controllers & 1u << CGROUP_HUGETLB))
		TEST_SKIP("no hugetlb controller on v2 here");
	cgroup = sandbox_create(&host, "late/update");
	CHECK_STR("(none)", real(cgroup, "hugetlb.2MB.max"));
	if (limits_update(&host, cgroup, LIMITS(.hugepages = &page, .n_hugepages = 1), false, NULL, &err) < 0)
		test_stop(TEST_FAILED, "%s", err.text);
	CHECK_STR("8388608", real(cgroup, "hugetlb.2MB.max"));
	cgroup_close(cgroup);
	sandbox_leave(&host);
}

/* Every order of quota, burst and memory that update must get right, on the real kernel, which refuses wrong ones. */
static void updates_real_bandwidth(void)
{
	static const struct cgroup_limits steps[] = {
		{ .cpu_quota = IS(20000), .cpu_burst = IS(20000) },
		{ .cpu_quota = IS(5000), .cpu_burst = IS(4000) },
		{ .cpu_quota = IS(90000), .cpu_burst = IS(90000) },
		{ .cpu_quota = IS(-1) },
		{ .cpu_burst = IS(0) },
		{ .cpu_quota = IS(1000) },
	};
	struct cgroup_host host;
	struct cgroup *cgroup = NULL;
	struct error err = { .text = "" };

	sandbox_enter(&host);
	if (!(host.controllers & 1u << CGROUP_CPU))
		TEST_SKIP("no cpu controller on v2 here");
	CHECK_INT(0, cgroup_create(&host, sandbox_path("bandwidth"), 1u << CGROUP_CPU, &cgroup, &err));
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++)
		if (limits_update(&host, cgroup, &steps[i], false, NULL, &err) < 0)
			test_stop(TEST_FAILED, "step %zu: %s", i, err.text);
	CHECK_STR("1000 100000", real(cgroup, "cpu.max"));
	CHECK_INT(0, limits_update(&host, cgroup, LIMITS(.cpu_quota = IS(9000), .cpu_burst = IS(9000)), false, NULL,
				   &err));
	CHECK_INT(-EINVAL, limits_update(&host, cgroup, LIMITS(.cpu_quota = IS(8000)), false, NULL, &err));
	CHECK_CONTAINS("cpu.max.burst", err.text);
	cgroup_close(cgroup);
	sandbox_leave(&host);
}

/* The examples of coffer-update(1): written as they are where the kernel has the file, else refused by its name. */
static void the_manual(void)
{
	static const struct limit_unified examples[] = {
		{ "memory.high", "400m" },  { "memory.zswap.max", "64m" },        { "cpu.uclamp.min", "20" },
		{ "cpu.uclamp.max", "60" }, { "io.latency", "8:0 target=10000" },
	};
	struct fake fake;

	start(&fake);
	for (size_t i = 0; i < ARRAY_SIZE(examples); i++) {
		struct limit_unified one = examples[i];
		const struct cgroup_limits limits = { .unified = &one, .n_unified = 1 };
		struct error err = { 0 };

		CHECK_INT(-ENOENT, apply(&fake, &limits, &err));
		CHECK_CONTAINS(one.file, err.text);
		CHECK_CONTAINS("this kernel does not have the file", err.text);
		put(&fake, one.file, "");
		CHECK_INT(0, apply(&fake, &limits, &err));
		CHECK_STR(one.value, get(&fake, one.file));
		CHECK_INT(0, unlinkat(fake.cgroup->fd, one.file, 0));
	}
	stop(&fake);
}

static const struct test tests[] = {
	TEST(lowering_is_refused_with_the_numbers),
	TEST(lowering_counts_unified_too),
	TEST(writes_the_plan),
	TEST(minds_what_is_optional),
	TEST(writes_both_weights),
	TEST(refuses_missing_controllers),
	TEST(updates_from_what_is_there),
	TEST(limits_real_cgroups),
	TEST(enables_on_update),
	TEST(updates_real_bandwidth),
	TEST(the_manual),
};
TEST_MAIN(tests)
