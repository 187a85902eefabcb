/* test_scope_weights.c - what of a plan a scope of systemd has to have, too. */
#include <string.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "cgroups/scope_weights.h"
#include "tests/unit/test.h"

static struct scope_weights weights_of(const struct limit_write *writes, size_t count, bool idle)
{
	const struct limit_plan plan = { .writes = (struct limit_write *)writes, .n_writes = count };

	return scope_weights_of(&plan, idle);
}

static void each_file_has_its_property(void)
{
	static const struct {
		const char *file, *text, *property;
		uint64_t value;
	} cases[] = {
		{ "cpu.weight", "59", "CPUWeight", 59 },
		{ "cpu.weight", "0x20", "CPUWeight", 32 },
		{ "cpu.idle", "1", "CPUWeight", 0 },
		{ "io.weight", "default 4950", "IOWeight", 4950 },
		{ "io.weight", "200", "IOWeight", 200 },
		{ "memory.low", "1048576", "MemoryLow", 1048576 },
		{ "memory.low", "64M", "MemoryLow", 64 << 20 },
		{ "memory.low", "max", "MemoryLow", UINT64_MAX },
		{ "memory.low", "0", "MemoryLow", 0 },
		{ "memory.min", "4k", "MemoryMin", 4096 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct limit_write write = { .file = cases[i].file, .text = cases[i].text };
		struct scope_weights weights = weights_of(&write, 1, false);
		int set = 0;

		CHECK(scope_weights_any(&weights));
		for (enum scope_weight k = 0; k < SCOPE_WEIGHT_MAX; k++) {
			if (!weights.values[k].set)
				continue;
			set++;
			CHECK_STR(cases[i].property, scope_weight_property(k));
			CHECK(weights.values[k].value == cases[i].value);
		}
		CHECK_INT(1, set);
	}
}

static void other_files_and_what_the_kernel_refuses_have_none(void)
{
	static const struct limit_write writes[] = {
		{ .file = "memory.max", .text = "1000" },       { .file = "cpu.max", .text = "1000 1000" },
		{ .file = "io.weight", .text = "8:0 200" },     { .file = "io.weight", .text = "default 0" },
		{ .file = "cpu.weight", .text = "10001" },      { .file = "cpu.weight", .text = "a few" },
		{ .file = "cpu.weight.nice", .text = "3" },     { .file = "cpu.idle", .text = "0" },
		{ .file = "io.bfq.weight", .text = "default" },
	};
	struct scope_weights weights = weights_of(writes, sizeof(writes) / sizeof(writes[0]), false);

	CHECK(!scope_weights_any(&weights));
}

static void the_last_write_of_a_file_counts(void)
{
	static const struct limit_write writes[] = {
		{ .file = "io.weight", .text = "default 10" }, { .file = "memory.low", .text = "1000" },
		{ .file = "io.weight", .text = "8:0 200" },    { .file = "memory.low", .text = "2000" },
		{ .file = "io.weight", .text = "default 20" },
	};
	struct scope_weights weights = weights_of(writes, 5, false);

	CHECK_INT(20, weights.values[SCOPE_IO_WEIGHT].value);
	CHECK_INT(2000, weights.values[SCOPE_MEMORY_LOW].value);
}

static void idle_is_a_weight(void)
{
	static const struct limit_write writes[] = {
		{ .file = "cpu.idle", .text = "0" },
		{ .file = "cpu.weight", .text = "300" },
		{ .file = "cpu.idle", .text = "1" },
		{ .file = "cpu.idle", .text = "0" },
	};
	static const struct {
		size_t from, count;
		bool idle, set;
		uint64_t value;
	} cases[] = {
		{ 0, 1, false, false, 0 }, { 0, 1, true, true, 100 },  { 0, 2, true, true, 300 },
		{ 1, 2, false, true, 0 },  { 1, 3, false, true, 100 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct scope_weights weights = weights_of(writes + cases[i].from, cases[i].count, cases[i].idle);

		CHECK_INT(cases[i].set, weights.values[SCOPE_CPU_WEIGHT].set);
		if (cases[i].set)
			CHECK_INT(cases[i].value, weights.values[SCOPE_CPU_WEIGHT].value);
	}
}

static void a_plan_of_the_spec_has_them(void)
{
	auto_arena struct arena *arena = arena_new();
	struct limit_unified unified = { "memory.min", "1M" };
	const struct cgroup_limits limits = {
		.cpu_shares = { 1024, true },
		.io_weight = { 500, true },
		.memory_reservation = { 1 << 20, true },
		.unified = &unified,
		.n_unified = 1,
	};
	struct scope_weights weights;
	struct limit_plan plan;
	struct error err;

	CHECK_INT(0, limits_plan(arena, &limits, &plan, &err));
	weights = scope_weights_of(&plan, false);
	CHECK_INT(100, weights.values[SCOPE_CPU_WEIGHT].value);
	CHECK_INT(4950, weights.values[SCOPE_IO_WEIGHT].value);
	CHECK_INT(1 << 20, weights.values[SCOPE_MEMORY_LOW].value);
	CHECK_INT(1 << 20, weights.values[SCOPE_MEMORY_MIN].value);
	for (enum scope_weight i = 0; i < SCOPE_WEIGHT_MAX; i++)
		CHECK(weights.values[i].set);
}

static const struct test tests[] = {
	TEST(each_file_has_its_property),      TEST(other_files_and_what_the_kernel_refuses_have_none),
	TEST(the_last_write_of_a_file_counts), TEST(idle_is_a_weight),
	TEST(a_plan_of_the_spec_has_them),
};
TEST_MAIN(tests)
