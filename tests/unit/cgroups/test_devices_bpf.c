/*
 * The device program, without a kernel: run by an interpreter of the few instructions it is made of, and compared with
 * rules applied one by one, for each access by itself. test_devices.c has the kernel.
 */
#include "cgroups/devices_bpf.h"

#include <stdbool.h>

#include "base/str.h"
#include "tests/unit/test.h"

enum {
	R = BPF_DEVCG_ACC_READ,
	W = BPF_DEVCG_ACC_WRITE,
	M = BPF_DEVCG_ACC_MKNOD,
	REGISTERS = 11,
	SEED = 20240917,
};

struct request {
	char type; /* 'b' or 'c' */
	uint32_t major, minor, access;
};

static uint64_t alu(uint8_t operation, uint64_t dst, uint64_t src)
{
	switch (operation) {
	case BPF_MOV:
		return src;
	case BPF_AND:
		return dst & src;
	case BPF_RSH:
		return dst >> src;
	case BPF_XOR:
		return dst ^ src;
	case BPF_OR:
		return dst | src;
	case BPF_SUB:
		return dst - src;
	case BPF_MUL:
		return dst * src;
	default:
		test_stop(TEST_FAILED, "unknown operation %#x", operation);
	}
}

static bool taken(uint8_t condition, uint32_t dst, uint32_t src)
{
	switch (condition) {
	case BPF_JEQ:
		return dst == src;
	case BPF_JSET:
		return (dst & src) != 0;
	default:
		test_stop(TEST_FAILED, "unknown condition %#x", condition);
	}
}

static uint32_t run(const struct bpf_insn *code, size_t count, const struct request *request)
{
	const uint32_t context[3] = {
		request->access << 16 | (request->type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR),
		request->major,
		request->minor,
	};
	uint64_t registers[REGISTERS] = { 0 };
	size_t pc = 0;

	while (pc < count) {
		const struct bpf_insn *insn = &code[pc++];
		uint8_t class = BPF_CLASS(insn->code);
		uint64_t *dst = &registers[insn->dst_reg];
		uint64_t src = BPF_SRC(insn->code) == BPF_X ? registers[insn->src_reg] : (uint64_t)insn->imm;

		if (insn->code == (BPF_JMP | BPF_EXIT))
			return (uint32_t)registers[0];
		if (class == BPF_LDX)
			*dst = context[insn->off / 4];
		else if (class == BPF_ALU)
			*dst = (uint32_t)alu(BPF_OP(insn->code), (uint32_t)*dst, (uint32_t)src);
		else if (class == BPF_ALU64)
			*dst = alu(BPF_OP(insn->code), *dst, src);
		else if (class != BPF_JMP32)
			test_stop(TEST_FAILED, "unknown class %#x", class);
		else if (taken(BPF_OP(insn->code), (uint32_t)*dst, (uint32_t)src))
			pc += (size_t)insn->off;
	}
	test_stop(TEST_FAILED, "ran off the end");
}

static bool rule_matches(const struct device_rule *rule, const struct request *request)
{
	return (rule->type == 'a' || rule->type == request->type) &&
	       (rule->major < 0 || rule->major == request->major) && (rule->minor < 0 || rule->minor == request->minor);
}

static bool expected(const struct device_rule *rules, size_t n_rules, const struct request *request)
{
	bool any = false;

	for (uint32_t bit = 1; bit <= W; bit <<= 1) {
		bool allow = false;

		for (size_t i = 0; i < n_rules; i++)
			if (rule_matches(&rules[i], request) && (rules[i].access & bit))
				allow = rules[i].allow;
		any |= allow;
		if ((request->access & bit) && !allow)
			return false;
	}
	return any;
}

static bool allowed(const struct device_rule *rules, size_t n_rules, char type, uint32_t major, uint32_t minor,
		    uint32_t access)
{
	const struct request request = { type, major, minor, access };
	auto_free struct bpf_insn *code = NULL;
	bool all;
	size_t count = devices_compile(rules, n_rules, &code, &all);
	uint32_t result = run(code, count, &request);

	CHECK(result <= 1);
	CHECK_INT(expected(rules, n_rules, &request), result);
	if (all)
		CHECK_INT(1, result);
	return result == 1;
}

static void denies_without_rules(void)
{
	CHECK(!allowed(NULL, 0, 'c', 1, 3, R));
	CHECK(!allowed(NULL, 0, 'b', 8, 0, M));
	CHECK(!allowed(NULL, 0, 'b', 8, 0, 0));
}

static void matches_fields(void)
{
	const struct device_rule rules[] = {
		{ true, 'c', 1, 3, R | W },
		{ true, 'b', 8, -1, R },
		{ true, 'c', -1, 9, M },
		{ true, 'a', 7, 7, W },
	};

	CHECK(allowed(rules, 4, 'c', 1, 3, R));
	CHECK(allowed(rules, 4, 'c', 1, 3, R | W));
	CHECK(!allowed(rules, 4, 'c', 1, 3, R | M));
	CHECK(!allowed(rules, 4, 'b', 1, 3, R));
	CHECK(!allowed(rules, 4, 'c', 1, 4, R));
	CHECK(!allowed(rules, 4, 'c', 2, 3, R));
	CHECK(allowed(rules, 4, 'b', 8, 1048575, R));
	CHECK(!allowed(rules, 4, 'b', 8, 1, W));
	CHECK(allowed(rules, 4, 'c', 4095, 9, M));
	CHECK(allowed(rules, 4, 'b', 7, 7, W));
	CHECK(allowed(rules, 4, 'c', 7, 7, W));
}

static void lets_the_last_win(void)
{
	const struct device_rule rules[] = {
		{ false, 'a', -1, -1, R | W | M }, { true, 'c', -1, -1, M }, { true, 'c', 1, -1, R | W | M },
		{ false, 'c', 1, 5, W },           { true, 'c', 1, 5, M },   { false, 'b', -1, -1, R },
	};

	CHECK(allowed(rules, 6, 'c', 9, 9, M));
	CHECK(!allowed(rules, 6, 'c', 9, 9, R));
	CHECK(allowed(rules, 6, 'c', 1, 3, R | W | M));
	CHECK(allowed(rules, 6, 'c', 1, 5, R));
	CHECK(!allowed(rules, 6, 'c', 1, 5, R | W)); /* a part that is denied denies the whole */
	CHECK(allowed(rules, 6, 'c', 1, 5, R | M));
	CHECK(!allowed(rules, 6, 'b', 1, 3, R));
}

/* Reading by one rule and writing by another is reading and writing, as on v1. */
static void adds_accesses_up(void)
{
	const struct device_rule rules[] = { { true, 'c', 1, 3, R }, { true, 'c', 1, 3, W }, { true, 'c', 1, -1, M } };

	CHECK(allowed(rules, 3, 'c', 1, 3, R | W));
	CHECK(allowed(rules, 3, 'c', 1, 3, R | W | M));
	CHECK(!allowed(rules, 3, 'c', 1, 4, R | W));
}

static void cuts_what_cannot_matter(void)
{
	const struct device_rule deny[] = { { true, 'c', 1, 3, R }, { false, 'a', -1, -1, R | W | M } };
	const struct device_rule allow[] = { { false, 'c', 1, 3, R }, { true, 'a', -1, -1, R | W | M } };
	const struct device_rule most[] = { { true, 'a', -1, -1, R | W | M }, { false, 'c', 1, 3, R } };
	struct bpf_insn *code;
	bool all;
	size_t deny_count;

	deny_count = devices_compile(deny, 2, &code, &all);
	free(code);
	CHECK(!all);
	CHECK_INT(deny_count, devices_compile(NULL, 0, &code, &all));
	free(code);
	CHECK(!all);
	CHECK_INT(deny_count, devices_compile(allow, 2, &code, &all));
	free(code);
	CHECK(all);
	CHECK(devices_compile(most, 2, &code, &all) > deny_count);
	free(code);
	CHECK(!all);
	CHECK(!allowed(deny, 2, 'c', 1, 3, R));
	CHECK(allowed(allow, 2, 'c', 1, 3, R));
	CHECK(allowed(most, 2, 'c', 1, 3, W));
	CHECK(!allowed(most, 2, 'c', 1, 3, R));
}

static void compares_unsigned(void)
{
	const struct device_rule rules[] = { { true, 'c', UINT32_MAX, 0x80000000u, R } };

	CHECK(allowed(rules, 1, 'c', UINT32_MAX, 0x80000000u, R));
	CHECK(!allowed(rules, 1, 'c', UINT32_MAX, 0, R));
}

static uint32_t next(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

static void random_rule(uint32_t *state, struct device_rule *rule)
{
	rule->allow = next(state) % 2;
	rule->type = "abc"[next(state) % 3];
	rule->major = (int64_t)(next(state) % 4) - 1;
	rule->minor = (int64_t)(next(state) % 4) - 1;
	rule->access = 1 + next(state) % 7;
}

/* Few numbers, so that rules overlap a lot; every request for every set. allowed() compares. */
static void agrees_with_the_plain_reading(void)
{
	struct device_rule rules[12];
	uint32_t state = SEED;

	for (int round = 0; round < 300; round++) {
		size_t n_rules = next(&state) % (ARRAY_SIZE(rules) + 1);

		for (size_t i = 0; i < n_rules; i++)
			random_rule(&state, &rules[i]);
		for (uint32_t request = 0; request < 2 * 3 * 3 * 8; request++)
			(void)allowed(rules, n_rules, "bc"[request % 2], request / 2 % 3, request / 6 % 3,
				      request / 18);
	}
}

static void stays_right_with_many(void)
{
	static struct device_rule rules[1000];
	uint32_t state = SEED;

	for (uint32_t i = 0; i < ARRAY_SIZE(rules); i++) {
		random_rule(&state, &rules[i]);
		rules[i].major = i;
	}
	for (uint32_t i = 0; i < ARRAY_SIZE(rules); i += 37)
		for (uint32_t access = 0; access <= 7; access++)
			(void)allowed(rules, ARRAY_SIZE(rules), i % 2 ? 'b' : 'c', i, i % 3, access);
}

static const struct test tests[] = {
	TEST(denies_without_rules),
	TEST(matches_fields),
	TEST(lets_the_last_win),
	TEST(adds_accesses_up),
	TEST(cuts_what_cannot_matter),
	TEST(compares_unsigned),
	TEST(agrees_with_the_plain_reading),
	TEST(stays_right_with_many),
};
TEST_MAIN(tests)
