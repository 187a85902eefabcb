/* test_samples.c - numbers of cgroups as the texts of `stats` and `top`. */
#include "cli/samples.h"

#include "base/arena.h"
#include "base/str.h"
#include "tests/unit/test.h"

#define IS(number)                                                                                                     \
	{                                                                                                              \
		.value = (number), .set = true                                                                         \
	}

static void numbers(void)
{
	static const struct {
		struct opt_u64 number;
		const char *bytes, *percent, *plain;
	} cases[] = {
		{ { 0 }, "-", "-", "-" },
		{ { .value = 7 }, "-", "-", "-" }, /* not set, whatever is in it */
		{ IS(0), "0B", "0.00%", "0" },
		{ IS(5), "5B", "0.05%", "5" },
		{ IS(1023), "1023B", "10.23%", "1023" },
		{ IS(1024), "1.0K", "10.24%", "1024" },
		{ IS(1535), "1.4K", "15.35%", "1535" },
		{ IS(1048575), "1023.9K", "10485.75%", "1048575" },
		{ IS(1048576), "1.0M", "10485.76%", "1048576" },
		{ IS(1073741824), "1.0G", "10737418.24%", "1073741824" },
		{ IS(1649267441664), "1.5T", "16492674416.64%", "1649267441664" },
		{ IS(UINT64_MAX - 1), "16777215.9T", "184467440737095516.14%", "18446744073709551614" },
		{ IS(UINT64_MAX), "max", "184467440737095516.15%", "18446744073709551615" },
	};
	auto_arena struct arena *arena = arena_new();

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CHECK_STR(cases[i].bytes, sample_bytes(arena, &cases[i].number));
		CHECK_STR(cases[i].percent, sample_percent(arena, &cases[i].number));
		CHECK_STR(cases[i].plain, sample_number(arena, &cases[i].number));
	}
}

/* From a second to another, of one container among others. */
static void shares(void)
{
	static const struct {
		struct opt_u64 before, now;
		uint64_t us; /* between the two */
		const char *text;
	} cases[] = {
		{ IS(1000000), IS(1500000), 1000000, "50.00%" },
		{ IS(0), IS(2000000), 1000000, "200.00%" },
		{ IS(1000000), IS(1000000), 1000000, "0.00%" },
		{ IS(1000000), IS(1000333), 1000000, "0.03%" },
		{ { 0 }, IS(1234567), 1000000, "123.45%" },      /* its controller came in between: from nothing */
		{ IS(1000000), IS(1500000), 0, "1.50 s" },       /* no time has passed */
		{ IS(2000000), IS(1500000), 1000000, "1.50 s" }, /* another container of this id */
		{ IS(1000000), { 0 }, 1000000, "-" },
	};
	auto_arena struct arena *arena = arena_new();

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct sample olds[] = {
			{ .id = "b", .at_us = 5, .stats.cpu_usage_us = IS(77) },
			{ .id = "a", .at_us = 5000000, .stats.cpu_usage_us = cases[i].before },
		};
		const struct samples before = { olds, ARRAY_SIZE(olds) };
		const struct sample now = {
			.id = "a",
			.at_us = 5000000 + cases[i].us,
			.stats.cpu_usage_us = cases[i].now,
		};

		CHECK_STR(cases[i].text,
			  sample_share(arena, &now, &before, offsetof(struct cgroup_stats, cpu_usage_us)));
	}
}

static void the_first_share_is_seconds(void)
{
	auto_arena struct arena *arena = arena_new();
	const struct sample now = { .id = "a", .at_us = 1, .stats.cpu_throttled_us = IS(61234567) };

	CHECK_STR("61.23 s",
		  sample_share(arena, &now, &(struct samples){ 0 }, offsetof(struct cgroup_stats, cpu_throttled_us)));
	CHECK_STR("-", sample_share(arena, &now, &(struct samples){ 0 }, offsetof(struct cgroup_stats, cpu_usage_us)));
}

static const struct test tests[] = {
	TEST(numbers),
	TEST(shares),
	TEST(the_first_share_is_seconds),
};

TEST_MAIN(tests)
