/* limits_plan: for each resource what is written, in what order, which controllers it takes, and what is refused. */
#include "cgroups/limits.h"

#include <errno.h>

#include "base/str.h"
#include "cgroups/limits_plan.h"
#include "tests/unit/test.h"

static char planned[4096];

/* "file=text" of all writes, one a line; "?" in front of optional ones, " | file=text" for the second place. */
static const char *plan(const struct cgroup_limits *limits, const struct limits_now *now, uint32_t *ret_controllers)
{
	auto_arena struct arena *arena = arena_new();
	struct limit_plan result;
	struct error err = { .text = "" };
	size_t used = 0;

	planned[0] = '\0';
	if (limits_plan_from(arena, limits, now, &result, &err) < 0) {
		(void)snprintf(planned, sizeof(planned), "error %d: %s", err.code, err.text);
		return planned;
	}
	for (size_t i = 0; i < result.n_writes; i++) {
		const struct limit_write *write = &result.writes[i];

		used += (size_t)snprintf(planned + used, sizeof(planned) - used, "%s%s%s=%s%s%s%s%s", i ? "\n" : "",
					 write->optional ? "?" : "", write->file, write->text,
					 write->also_file ? " | " : "", write->also_file ? write->also_file : "",
					 write->also_file ? "=" : "", write->also_file ? write->also_text : "");
	}
	if (ret_controllers)
		*ret_controllers = result.controllers;
	return planned;
}

#define LIMITS(...) (&(const struct cgroup_limits){ __VA_ARGS__ })
#define NOW(...)    (&(const struct limits_now){ __VA_ARGS__ })
#define IS(number)                                                                                                     \
	{                                                                                                              \
		.value = (number), .set = true                                                                         \
	}
#define PLAN(...)    plan(LIMITS(__VA_ARGS__), NULL, NULL)
#define REFUSED(...) plan(LIMITS(__VA_ARGS__), NULL, NULL)

static void plans_nothing_for_nothing(void)
{
	uint32_t controllers = 1;

	CHECK_STR("", plan(LIMITS(0), NULL, &controllers));
	CHECK_INT(0, controllers);
	CHECK_STR("", plan(LIMITS(0), NOW(.memory_max = IS(5), .cpu_quota = IS(1), .cpu_period = IS(1)), NULL));
}

static void plans_memory(void)
{
	uint32_t controllers;

	CHECK_STR("memory.max=1048576", plan(LIMITS(.memory_limit = IS(1048576)), NULL, &controllers));
	CHECK_INT(1u << CGROUP_MEMORY, controllers);
	CHECK_STR("", PLAN(.memory_limit = IS(0), .memory_swap = IS(0), .memory_reservation = IS(0)));
	CHECK_STR("memory.max=9223372036854775807", PLAN(.memory_limit = IS(INT64_MAX)));
	CHECK_STR("memory.low=4096", PLAN(.memory_reservation = IS(4096)));
	CHECK_STR("?memory.low=max", PLAN(.memory_reservation = IS(-1)));
	/* No limit takes no controller. */
	CHECK_STR("?memory.max=max\n?memory.swap.max=max", plan(LIMITS(.memory_limit = IS(-1)), NULL, &controllers));
	CHECK_INT(0, controllers);
	CHECK_STR("error 22: linux.resources.memory.limit: -2 is neither a number of bytes nor -1 (no limit)",
		  REFUSED(.memory_limit = IS(-2)));
	CHECK_CONTAINS("linux.resources.memory.reservation: -9223372036854775808",
		       REFUSED(.memory_reservation = IS(INT64_MIN)));
}

static void plans_swap(void)
{
	CHECK_STR("memory.max=100\nmemory.swap.max=50", PLAN(.memory_limit = IS(100), .memory_swap = IS(150)));
	CHECK_STR("memory.max=100\n?memory.swap.max=0", PLAN(.memory_limit = IS(100), .memory_swap = IS(100)));
	CHECK_STR("memory.max=100\n?memory.swap.max=max", PLAN(.memory_limit = IS(100), .memory_swap = IS(-1)));
	CHECK_STR("memory.max=100", PLAN(.memory_limit = IS(100), .memory_swap = IS(0)));
	CHECK_STR("?memory.max=max\nmemory.swap.max=70", PLAN(.memory_limit = IS(-1), .memory_swap = IS(70)));
	CHECK_STR("?memory.swap.max=max", PLAN(.memory_swap = IS(-1)));
	CHECK_CONTAINS("error 22: linux.resources.memory.swap: needs linux.resources.memory.limit",
		       REFUSED(.memory_swap = IS(70)));
	CHECK_CONTAINS("needs linux.resources.memory.limit", REFUSED(.memory_swap = IS(70), .memory_limit = IS(0)));
	CHECK_CONTAINS("linux.resources.memory.swap: 99 is memory and swap together and may not be below the memory "
		       "limit, 100",
		       REFUSED(.memory_limit = IS(100), .memory_swap = IS(99)));
	CHECK_CONTAINS("linux.resources.memory.swap: -7 is neither",
		       REFUSED(.memory_limit = IS(9), .memory_swap = IS(-7)));
}

static void orders_memory_updates(void)
{
	const struct cgroup_limits both = { .memory_limit = IS(100), .memory_swap = IS(150) };

	CHECK_STR("memory.max=100\nmemory.swap.max=50", plan(&both, NOW(.memory_max = IS(60)), NULL));
	CHECK_STR("memory.max=100\nmemory.swap.max=50", plan(&both, NOW(.memory_max = IS(100)), NULL));
	CHECK_STR("memory.swap.max=50\nmemory.max=100", plan(&both, NOW(.memory_max = IS(101)), NULL));
	CHECK_STR("memory.swap.max=50\nmemory.max=100", plan(&both, NOW(.memory_max = IS(UINT64_MAX)), NULL));
	/* Swap alone counts from the limit that is there. */
	CHECK_STR("memory.swap.max=90", plan(LIMITS(.memory_swap = IS(150)), NOW(.memory_max = IS(60)), NULL));
	CHECK_STR("memory.swap.max=150", plan(LIMITS(.memory_swap = IS(150)), NOW(.memory_max = IS(UINT64_MAX)), NULL));
	CHECK_CONTAINS("the memory limit, 160", plan(LIMITS(.memory_swap = IS(150)), NOW(.memory_max = IS(160)), NULL));
	CHECK_CONTAINS("needs linux.resources.memory.limit", plan(LIMITS(.memory_swap = IS(150)), NOW(0), NULL));
}

static void checks_before_update(void)
{
	const struct limits_now now = { .memory_current = IS(100), .memory_swap_current = IS(20) };

	CHECK_CONTAINS("error 22: linux.resources.memory.limit: 99 is below what is in use now, 100",
		       plan(LIMITS(.memory_check_before_update = true, .memory_limit = IS(99)), &now, NULL));
	CHECK_STR("memory.max=100",
		  plan(LIMITS(.memory_check_before_update = true, .memory_limit = IS(100)), &now, NULL));
	CHECK_CONTAINS("linux.resources.memory.swap: 119 is below what is in use now, 120",
		       plan(LIMITS(.memory_check_before_update = true, .memory_limit = IS(110), .memory_swap = IS(119)),
			    &now, NULL));
	CHECK_STR("memory.max=99", plan(LIMITS(.memory_limit = IS(99)), &now, NULL));
	CHECK_STR("?memory.max=max\n?memory.swap.max=max",
		  plan(LIMITS(.memory_check_before_update = true, .memory_limit = IS(-1)), &now, NULL));
	CHECK_STR("memory.max=99", PLAN(.memory_check_before_update = true, .memory_limit = IS(99)));
}

static void treats_v1_fields(void)
{
	CHECK_STR("", PLAN(.memory_kernel = IS(5), .memory_kernel_tcp = IS(5), .memory_use_hierarchy = true));
	CHECK_STR("", PLAN(.memory_swappiness = IS(0)));
	CHECK_STR("", PLAN(.memory_swappiness = IS(100)));
	CHECK_CONTAINS("linux.resources.memory.swappiness: 101 is not in 0..100",
		       REFUSED(.memory_swappiness = IS(101)));
	CHECK_CONTAINS("linux.resources.memory.disableOOMKiller: true", REFUSED(.memory_disable_oom_killer = true));
	CHECK_STR("", PLAN(.cpu_realtime_runtime = IS(0), .cpu_realtime_period = IS(0)));
	CHECK_CONTAINS("linux.resources.cpu.realtimeRuntime:", REFUSED(.cpu_realtime_runtime = IS(-1)));
	CHECK_CONTAINS("linux.resources.cpu.realtimePeriod:", REFUSED(.cpu_realtime_period = IS(1000000)));
	CHECK_STR("", PLAN(.io_leaf_weight = IS(500)));
	CHECK_CONTAINS("linux.resources.blockIO.leafWeight: 9 is not in 10..1000", REFUSED(.io_leaf_weight = IS(9)));
}

static void plans_cpu(void)
{
	uint32_t controllers;

	CHECK_STR("cpu.weight=100", plan(LIMITS(.cpu_shares = IS(1024)), NULL, &controllers));
	CHECK_INT(1u << CGROUP_CPU, controllers);
	CHECK_STR("cpu.weight=1", PLAN(.cpu_shares = IS(1)));
	CHECK_STR("cpu.weight=10000", PLAN(.cpu_shares = IS(UINT64_MAX)));
	CHECK_STR("", PLAN(.cpu_shares = IS(0)));
	CHECK_STR("cpu.idle=1", PLAN(.cpu_idle = IS(1), .cpu_shares = IS(1024)));
	CHECK_STR("?cpu.idle=0\ncpu.weight=100", PLAN(.cpu_idle = IS(0), .cpu_shares = IS(1024)));
	CHECK_CONTAINS("linux.resources.cpu.idle: 2 is neither 0 nor 1", REFUSED(.cpu_idle = IS(2)));
	CHECK_CONTAINS("linux.resources.cpu.idle: -1", REFUSED(.cpu_idle = IS(-1)));
	CHECK_STR("cpuset.cpus=0-3,7\ncpuset.mems=0", plan(LIMITS(.cpus = "0-3,7", .mems = "0"), NULL, &controllers));
	CHECK_INT(1u << CGROUP_CPUSET, controllers);
	CHECK_STR("", PLAN(.cpus = "", .mems = ""));
}

static void plans_bandwidth(void)
{
	uint32_t controllers;

	CHECK_STR("cpu.max=50000 100000", PLAN(.cpu_quota = IS(50000)));
	CHECK_STR("cpu.max=50000 200000", PLAN(.cpu_quota = IS(50000), .cpu_period = IS(200000)));
	CHECK_STR("?cpu.max=max 200000", plan(LIMITS(.cpu_period = IS(200000)), NULL, &controllers));
	CHECK_INT(0, controllers);
	CHECK_STR("?cpu.max=max 100000", PLAN(.cpu_quota = IS(-1)));
	CHECK_STR("?cpu.max=max 100000", PLAN(.cpu_quota = IS(0)));
	CHECK_STR("", PLAN(.cpu_period = IS(0)));
	CHECK_STR("cpu.max=1000 1000", PLAN(.cpu_quota = IS(1000), .cpu_period = IS(1000)));
	CHECK_CONTAINS("linux.resources.cpu.quota: 999 us is below", REFUSED(.cpu_quota = IS(999)));
	CHECK_CONTAINS("linux.resources.cpu.quota: -2 is neither -1", REFUSED(.cpu_quota = IS(-2)));
	CHECK_CONTAINS("linux.resources.cpu.period: 999 us is not in 1000..1000000 us", REFUSED(.cpu_period = IS(999)));
	CHECK_CONTAINS("linux.resources.cpu.period: 1000001 us", REFUSED(.cpu_period = IS(1000001)));
}

static void updates_half_of_bandwidth(void)
{
	const struct limits_now now = { .cpu_quota = IS(30000), .cpu_period = IS(60000) };
	const struct limits_now free = { .cpu_quota = IS(UINT64_MAX), .cpu_period = IS(60000) };

	CHECK_STR("cpu.max=50000 60000", plan(LIMITS(.cpu_quota = IS(50000)), &now, NULL));
	CHECK_STR("cpu.max=30000 70000", plan(LIMITS(.cpu_period = IS(70000)), &now, NULL));
	CHECK_STR("?cpu.max=max 60000", plan(LIMITS(.cpu_quota = IS(-1)), &now, NULL));
	CHECK_STR("?cpu.max=max 70000", plan(LIMITS(.cpu_period = IS(70000)), &free, NULL));
	CHECK_STR("cpu.max=1000 1000", plan(LIMITS(.cpu_quota = IS(1000), .cpu_period = IS(1000)), &now, NULL));
}

static void orders_burst(void)
{
	const struct limits_now now = { .cpu_quota = IS(30000), .cpu_period = IS(60000) };
	const struct limits_now free = { .cpu_quota = IS(UINT64_MAX), .cpu_period = IS(60000) };

	CHECK_STR("cpu.max=5000 100000\ncpu.max.burst=5000", PLAN(.cpu_quota = IS(5000), .cpu_burst = IS(5000)));
	CHECK_STR("?cpu.max.burst=0", PLAN(.cpu_burst = IS(0)));
	CHECK_CONTAINS("linux.resources.cpu.burst: 5001 us is above linux.resources.cpu.quota, 5000 us",
		       REFUSED(.cpu_quota = IS(5000), .cpu_burst = IS(5001)));
	/* Lowering: burst first. Raising above the quota of now: quota first. */
	CHECK_STR("cpu.max.burst=5000\ncpu.max=6000 60000",
		  plan(LIMITS(.cpu_quota = IS(6000), .cpu_burst = IS(5000)), &now, NULL));
	CHECK_STR("cpu.max=40000 60000\ncpu.max.burst=40000",
		  plan(LIMITS(.cpu_quota = IS(40000), .cpu_burst = IS(40000)), &now, NULL));
	CHECK_STR("cpu.max.burst=40000\ncpu.max=40000 60000",
		  plan(LIMITS(.cpu_quota = IS(40000), .cpu_burst = IS(40000)), &free, NULL));
}

static void plans_pids(void)
{
	uint32_t controllers;

	CHECK_STR("pids.max=32771", plan(LIMITS(.pids_limit = IS(32771)), NULL, &controllers));
	CHECK_INT(1u << CGROUP_PIDS, controllers);
	CHECK_STR("pids.max=0", PLAN(.pids_limit = IS(0)));
	CHECK_STR("?pids.max=max", plan(LIMITS(.pids_limit = IS(-1)), NULL, &controllers));
	CHECK_INT(0, controllers);
	CHECK_STR("?pids.max=max", PLAN(.pids_limit = IS(INT64_MIN)));
}

static void plans_io(void)
{
	struct limit_io_device devices[] = {
		{ .major = 8, .minor = 0, .weight = IS(10), .leaf_weight = IS(10), .rbps = IS(600), .wiops = IS(0) },
		{ .major = 253, .minor = 1048575, .wbps = IS(UINT64_MAX), .riops = IS(1) },
	};
	uint32_t controllers;

	CHECK_STR("io.weight=default 4950 | io.bfq.weight=default 500",
		  plan(LIMITS(.io_weight = IS(500)), NULL, &controllers));
	CHECK_INT(1u << CGROUP_IO, controllers);
	CHECK_STR("", PLAN(.io_weight = IS(0)));
	CHECK_STR("io.weight=8:0 1 | io.bfq.weight=8:0 10\nio.max=8:0 rbps=600 wiops=max\n"
		  "io.max=253:1048575 wbps=18446744073709551615 riops=1",
		  PLAN(.io_devices = devices, .n_io_devices = 2));
	CHECK_CONTAINS("linux.resources.blockIO.weight: 9 is not in 10..1000", REFUSED(.io_weight = IS(9)));
	CHECK_CONTAINS("linux.resources.blockIO.weight: 1001", REFUSED(.io_weight = IS(1001)));
	devices[0].weight.value = 1001;
	CHECK_CONTAINS("linux.resources.blockIO.weightDevice: 1001", REFUSED(.io_devices = devices, .n_io_devices = 1));
	devices[0].weight.value = 10;
	devices[0].leaf_weight.value = 5;
	CHECK_CONTAINS("linux.resources.blockIO.weightDevice: 5 is", REFUSED(.io_devices = devices, .n_io_devices = 1));
	devices[1].minor = 1048576;
	CHECK_CONTAINS("linux.resources.blockIO.throttle*Device: 253:1048576 is no device number",
		       REFUSED(.io_devices = &devices[1], .n_io_devices = 1));
	devices[1].minor = 0;
	devices[1].major = -1;
	CHECK_CONTAINS("-1:0 is no device number", REFUSED(.io_devices = &devices[1], .n_io_devices = 1));
}

static void plans_hugepages(void)
{
	static const char *const bad[] = { "", "2", "2M", "MB", "02MB", "2TB", "2MBs", "2mb", "0KB", "../x", "2MB/x" };
	struct limit_hugepage pages[] = { { "2MB", 209715200 }, { "1GB", 0 } };
	uint32_t controllers;

	CHECK_STR("?hugetlb.2MB.rsvd.max=209715200\nhugetlb.2MB.max=209715200\n?hugetlb.1GB.rsvd.max=0\nhugetlb.1GB."
		  "max=0",
		  plan(LIMITS(.hugepages = pages, .n_hugepages = 2), NULL, &controllers));
	CHECK_INT(1u << CGROUP_HUGETLB, controllers);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		/* On the heap, so that reading past the end is seen. */
		auto_free char *copy = xstrdup(bad[i]);

		pages[0].page_size = copy;
		CHECK_CONTAINS("error 22: linux.resources.hugepageLimits: \"",
			       REFUSED(.hugepages = pages, .n_hugepages = 1));
	}
	pages[0].page_size = NULL;
	CHECK_CONTAINS("is not a page size", REFUSED(.hugepages = pages, .n_hugepages = 1));
}

static void plans_rdma(void)
{
	struct limit_rdma rdma[] = {
		{ .device = "mlx5_1", .hca_handles = IS(3), .hca_objects = IS(10000) },
		{ .device = "rxe3", .hca_objects = IS(0) },
	};
	uint32_t controllers;

	CHECK_STR("rdma.max=mlx5_1 hca_handle=3 hca_object=10000\nrdma.max=rxe3 hca_object=0",
		  plan(LIMITS(.rdma = rdma, .n_rdma = 2), NULL, &controllers));
	CHECK_INT(1u << CGROUP_RDMA, controllers);
	rdma[1].hca_objects.set = false;
	CHECK_CONTAINS("linux.resources.rdma: rxe3: neither", REFUSED(.rdma = rdma, .n_rdma = 2));
	rdma[0].hca_objects.value = 1ull << 31;
	CHECK_CONTAINS("mlx5_1: above the kernel's greatest limit, 2147483647", REFUSED(.rdma = rdma, .n_rdma = 1));
	rdma[0].device = "a b";
	CHECK_CONTAINS("\"a b\" is no device name", REFUSED(.rdma = rdma, .n_rdma = 1));
	rdma[0].device = "";
	CHECK_CONTAINS("\"\" is no device name", REFUSED(.rdma = rdma, .n_rdma = 1));
}

static void plans_unified(void)
{
	static const char *const bad[] = { "",
					   ".",
					   "..",
					   "memory",
					   "a/b.c",
					   "../memory.max",
					   "/memory.max",
					   ".x",
					   "memory.max\n",
					   "cgroup/../memory.max" };
	struct limit_unified unified[] = {
		{ "io.max", "259:0 rbps=2097152\n253:0 wiops=120\n" },
		{ "memory.high", "1G" },
		{ "cgroup.max.depth", "3" },
		{ "future.knob", "" },
	};
	uint32_t controllers = 0;

	CHECK_STR("pids.max=5\nio.max=259:0 rbps=2097152\nio.max=253:0 wiops=120\nmemory.high=1G\ncgroup.max.depth=3\n"
		  "future.knob=",
		  plan(LIMITS(.unified = unified, .n_unified = 4, .pids_limit = IS(5)), NULL, &controllers));
	CHECK_INT(1u << CGROUP_IO | 1u << CGROUP_MEMORY | 1u << CGROUP_PIDS, controllers);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		unified[0].file = bad[i];
		CHECK_CONTAINS("error 22: linux.resources.unified: \"", REFUSED(.unified = unified, .n_unified = 1));
	}
}

static void plans_many(void)
{
	auto_arena struct arena *arena = arena_new();
	struct limit_unified unified[200];
	struct limit_plan result;
	struct error err;

	for (size_t i = 0; i < ARRAY_SIZE(unified); i++)
		unified[i] = (struct limit_unified){ arena_printf(arena, "misc.x%zu", i), "1" };
	CHECK_INT(0, limits_plan(arena, LIMITS(.unified = unified, .n_unified = 200), &result, &err));
	CHECK_INT(200, result.n_writes);
	CHECK_STR("misc.x0", result.writes[0].file);
	CHECK_STR("misc.x199", result.writes[199].file);
	CHECK_INT(CGROUP_MISC, result.writes[77].controller);
}

static const struct test tests[] = {
	TEST(plans_nothing_for_nothing), TEST(plans_memory),     TEST(plans_swap),    TEST(orders_memory_updates),
	TEST(checks_before_update),      TEST(treats_v1_fields), TEST(plans_cpu),     TEST(plans_bandwidth),
	TEST(updates_half_of_bandwidth), TEST(orders_burst),     TEST(plans_pids),    TEST(plans_io),
	TEST(plans_hugepages),           TEST(plans_rdma),       TEST(plans_unified), TEST(plans_many),
};
TEST_MAIN(tests)
