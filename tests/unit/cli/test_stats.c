/* test_stats.c - what `coffer stats` prints. */
#include "fake_runtime.h"

#include <errno.h>

#define IS(number)                                                                                                     \
	{                                                                                                              \
		.value = (number), .set = true                                                                         \
	}

static const struct cgroup_stats numbers = {
	.cpu_usage_us = IS(1234567),
	.memory_current = IS(1536),
	.memory_high = IS(UINT64_MAX),
	.memory_max = IS(67108864),
	.memory_some = IS(5),
	.memory_events_oom_kill = IS(2),
	.pids_current = IS(3),
};

static void table(void)
{
	fake.stats = numbers;
	CHECK_STR("ID      CPU     MEMORY  SOFT    HARD    PEAK    PRESSURE  OOM KILLS  PIDS    READ    WRITE\n"
		  "a       1.23 s  1.5K    max     64.0M   -       0.05%     2          3       -       -\n",
		  RUN("stats", "a").out);
}

static void json(void)
{
	struct outcome outcome;

	fake.stats = numbers;
	outcome = RUN("stats", "-f", "json", "a");
	CHECK_CONTAINS("[{\"id\":\"a\",\"cpu\":{\"usageUs\":1234567,\"userUs\":null", outcome.out);
	CHECK_CONTAINS("\"memory\":{\"current\":1536,\"peak\":null,\"max\":67108864,\"high\":null", outcome.out);
	CHECK_CONTAINS("\"pressure\":{\"cpuSome\":null,\"memorySome\":5,", outcome.out);
}

static void all_and_none(void)
{
	CHECK_STR("[]\n", RUN("stats", "--format", "json").out);
}

static void failures(void)
{
	struct outcome outcome;

	fake.error = (struct error){ .code = ENOENT, .text = "container `a` does not exist" };
	outcome = RUN("stats", "a");
	CHECK_INT(1, outcome.exit);
	CHECK_CONTAINS("does not exist", outcome.err);
	CHECK_CONTAINS("--interval: at most", RUN("stats", "--interval", "4000", "a").err);
}

static const struct test tests[] = {
	TEST(table),
	TEST(json),
	TEST(all_and_none),
	TEST(failures),
};

TEST_MAIN(tests)
