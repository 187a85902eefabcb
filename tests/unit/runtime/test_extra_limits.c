/* test_extra_limits.c - annotations and --limit become lines of linux.resources.unified, behind those of the config. */
#include "runtime/extra_limits.h"

#include <errno.h>

#include "tests/unit/test.h"

static void order(void)
{
	auto_arena struct arena *arena = arena_new();
	struct limit_unified own[] = { { "memory.high", "1" } };
	const struct key_value annotations[] = {
		{ "run.coffer.limit.memory.high", "2" },
		{ "run.coffer.limits.memory.high", "9" },
		{ "run.coffer.limit.memory.min", "3" },
	};
	const char *const given[] = { "memory.high=4", "io.latency=8:0 target=5", NULL };
	struct cgroup_limits limits = { .unified = own, .n_unified = 1 };
	struct error err;

	CHECK_INT(0, extra_limits_add(arena, annotations, 3, given, &limits, &err));
	CHECK_INT(5, limits.n_unified);
	CHECK_STR("1", limits.unified[0].value);
	CHECK_STR("2", limits.unified[1].value);
	CHECK_STR("memory.min", limits.unified[2].file);
	CHECK_STR("4", limits.unified[3].value);
	CHECK_STR("io.latency", limits.unified[4].file);
	CHECK_STR("8:0 target=5", limits.unified[4].value);
}

static void nothing(void)
{
	auto_arena struct arena *arena = arena_new();
	struct cgroup_limits limits = { 0 };
	struct error err;

	CHECK_INT(0, extra_limits_add(arena, NULL, 0, NULL, &limits, &err));
	CHECK_INT(0, limits.n_unified);
}

static void broken(void)
{
	auto_arena struct arena *arena = arena_new();
	const char *const no_name[] = { "=4", NULL };
	const char *const no_value[] = { "memory.high", NULL };
	struct cgroup_limits limits = { 0 };
	struct error err;

	CHECK_INT(-EINVAL, extra_limits_add(arena, NULL, 0, no_name, &limits, &err));
	CHECK_CONTAINS("\"=4\"", err.text);
	CHECK_INT(-EINVAL, extra_limits_add(arena, NULL, 0, no_value, &limits, &err));
}

static const struct test tests[] = {
	TEST(order),
	TEST(nothing),
	TEST(broken),
};

TEST_MAIN(tests)
