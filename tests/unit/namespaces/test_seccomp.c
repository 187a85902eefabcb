/*
 * test_seccomp.c - filters are compiled and really loaded in a child, and system calls tell what they do. The test call
 * is getppid: it takes no arguments, so all six registers are free for comparisons, and it never fails by itself.
 */
#include "namespaces/seccomp.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/cleanup.h"
#include "tests/unit/child.h"
#include "profile.h"
#include "tests/unit/test.h"

static const char *getppid_name[] = { "getppid" };

/* 0 if the call went through, else its errno. */
static int call(uint64_t a, uint64_t b, uint64_t c)
{
	errno = 0;
	return syscall(SYS_getppid, a, b, c, 0, 0, 0) < 0 ? errno : 0;
}

static int load(const struct seccomp_profile *profile)
{
	struct seccomp_filter filter;
	struct error err;

	EXPECT(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	if (seccomp_compile(profile, -1, &filter, &err) < 0 || seccomp_filter_load(&filter, &err) < 0) {
		fprintf(stderr, "# %s\n", err.text);
		return __LINE__;
	}
	seccomp_filter_free(&filter);
	EXPECT(!filter.code && filter.count == 0);
	return 0;
}

/* One rule for getppid, everything else allowed. */
static int load_rule(uint32_t action, struct seccomp_arg *args, size_t n_args)
{
	struct seccomp_rule rule = { getppid_name, 1, action, args, n_args };
	const struct seccomp_profile profile = { .default_action = SCMP_ACT_ALLOW, .rules = &rule, .n_rules = 1 };

	return load(&profile);
}

static int errno_value(const void *unused)
{
	(void)unused;
	EXPECT(call(0, 0, 0) == 0);
	EXPECT(load_rule(SCMP_ACT_ERRNO(ENOTTY), NULL, 0) == 0);
	EXPECT(call(0, 0, 0) == ENOTTY);
	EXPECT(getpid() > 0);
	return 0;
}

static int end_by(const void *action)
{
	EXPECT(load_rule(*(const uint32_t *)action, NULL, 0) == 0);
	(void)call(0, 0, 0);
	return 0;
}

static void errno_and_kill(void)
{
	const uint32_t kill_process = SCMP_ACT_KILL_PROCESS, kill_thread = SCMP_ACT_KILL_THREAD, trap = SCMP_ACT_TRAP;
	const uint32_t log_it = SCMP_ACT_LOG;

	CHECK_INT(0, in_child(errno_value, NULL));
	CHECK_INT(1000 + SIGSYS, in_child(end_by, &kill_process));
	CHECK_INT(1000 + SIGSYS, in_child(end_by, &kill_thread));
	CHECK_INT(1000 + SIGSYS, in_child(end_by, &trap));
	CHECK_INT(0, in_child(end_by, &log_it));
}

struct comparison {
	int op;
	uint64_t value, value_two;
	uint64_t yes[3], no[3];
};

static int compare(const void *row)
{
	const struct comparison *c = row;
	struct seccomp_arg arg = { 1, c->value, c->value_two, c->op };

	EXPECT(load_rule(SCMP_ACT_ERRNO(ENOTTY), &arg, 1) == 0);
	for (int i = 0; i < 3; i++) {
		EXPECT(call(0, c->yes[i], 0) == ENOTTY);
		EXPECT(call(0, c->no[i], 0) == 0);
	}
	return 0;
}

static void comparisons_of_64_bits(void)
{
	const uint64_t v = 0x100000005; /* differs from 5 in the upper half only */
	const struct comparison rows[] = {
		{ SCMP_CMP_EQ, v, 0, { v, v, v }, { 5, v + 1, 0x200000005 } },
		{ SCMP_CMP_NE, v, 0, { 5, v + 1, 0x200000005 }, { v, v, v } },
		{ SCMP_CMP_LT, v, 0, { v - 1, 0xffffffff, 0 }, { v, v + 1, UINT64_MAX } },
		{ SCMP_CMP_LE, v, 0, { v, 0xffffffff, 0 }, { v + 1, 0x200000000, UINT64_MAX } },
		{ SCMP_CMP_GE, v, 0, { v, 0x200000000, UINT64_MAX }, { v - 1, 0xffffffff, 0 } },
		{ SCMP_CMP_GT, v, 0, { v + 1, 0x200000000, UINT64_MAX }, { v, 0xffffffff, 0 } },
		{ SCMP_CMP_MASKED_EQ,
		  0xf0000000f,
		  v,
		  { v, v | 0xff0, v | (1ull << 63) },
		  { 5, v | 2, v | (1ull << 34) } },
		{ SCMP_CMP_MASKED_EQ, 0x7e020000, 0, { 0, 0x11, 1ull << 40 }, { 0x20000, 0x10000000, 0x7e020000 } },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		CHECK_INT(0, in_child(compare, &rows[i]));
}

static int all_of_several(const void *unused)
{
	struct seccomp_arg args[] = { { 0, 1, 0, SCMP_CMP_EQ }, { 2, 3, 0, SCMP_CMP_GT } };

	(void)unused;
	EXPECT(load_rule(SCMP_ACT_ERRNO(ENOTTY), args, 2) == 0);
	EXPECT(call(1, 0, 4) == ENOTTY);
	EXPECT(call(1, 0, 3) == 0);
	EXPECT(call(2, 0, 4) == 0);
	return 0;
}

/* Two comparisons of one argument: each is enough, and so is the one of the other argument. */
static int any_of_one_argument(const void *unused)
{
	struct seccomp_arg args[] = { { 0, 1, 0, SCMP_CMP_EQ }, { 0, 5, 0, SCMP_CMP_EQ }, { 1, 9, 0, SCMP_CMP_EQ } };

	(void)unused;
	EXPECT(load_rule(SCMP_ACT_ERRNO(ENOTTY), args, 3) == 0);
	EXPECT(call(1, 0, 0) == ENOTTY);
	EXPECT(call(5, 0, 0) == ENOTTY);
	EXPECT(call(7, 9, 0) == ENOTTY);
	EXPECT(call(7, 0, 0) == 0);
	return 0;
}

static void several_comparisons(void)
{
	CHECK_INT(0, in_child(all_of_several, NULL));
	CHECK_INT(0, in_child(any_of_one_argument, NULL));
}

static int skipped_rules(const void *unused)
{
	const char *names[] = { "no_such_call", "arm_fadvise64_64", "s390_runtime_instr", "getppid", "" };
	struct seccomp_rule rules[] = {
		{ .names = getppid_name, .n_names = 1, .action = SCMP_ACT_ALLOW }, /* says what the default says */
		{ .names = names, .n_names = 5, .action = SCMP_ACT_ERRNO(EXDEV) },
		{ .names = names, .n_names = 5, .action = SCMP_ACT_ERRNO(EXDEV) },
	};
	const struct seccomp_profile profile = { .default_action = SCMP_ACT_ALLOW, .rules = rules, .n_rules = 3 };

	(void)unused;
	EXPECT(load(&profile) == 0);
	EXPECT(call(0, 0, 0) == EXDEV);
	return 0;
}

static void unknown_and_redundant_rules_are_skipped(void)
{
	CHECK_INT(0, in_child(skipped_rules, NULL));
}

static int every_flag(const void *unused)
{
	struct seccomp_rule rule = { .names = getppid_name, .n_names = 1, .action = SCMP_ACT_ERRNO(EXDEV) };
	struct seccomp_profile profile = { .default_action = SCMP_ACT_ALLOW, .rules = &rule, .n_rules = 1 };

	(void)unused;
	for (const char *const *name = seccomp_flag_names(); *name; name++) {
		uint64_t flag = 0;

		EXPECT(seccomp_flag_by_name(*name, &flag) == 0);
		profile.flags |= flag;
	}
	EXPECT(load(&profile) == 0);
	EXPECT(call(0, 0, 0) == EXDEV);
	return 0;
}

static void all_flags_load(void)
{
	CHECK_INT(0, in_child(every_flag, NULL));
}

static int large_allow_list(const void *unused)
{
	static const char *const without[] = { "getppid", "getpgid", NULL };
	struct large_profile large;

	(void)unused;
	large_profile_make(&large, without);
	EXPECT(large.rules[0].n_names > 300);
	EXPECT(load(&large.profile) == 0);
	EXPECT(call(0, 0, 0) == EPERM);
	EXPECT(syscall(SYS_getpgid, 0) < 0 && errno == EPERM);
	EXPECT(syscall(SYS_getpid) == getpid());
	EXPECT(syscall(SYS_getuid) == (long)getuid());
	EXPECT(syscall(SYS_personality, 0) >= 0);
	EXPECT(syscall(SYS_personality, 4) < 0 && errno == EPERM);
	EXPECT(syscall(SYS_unshare, 0) == 0);
	EXPECT(syscall(SYS_clone, CLONE_NEWUTS, 0, 0, 0, 0) < 0 && errno == EPERM);
	return 0;
}

static void docker_like_profile(void)
{
	CHECK_INT(0, in_child(large_allow_list, NULL));
}

#ifdef __x86_64__
static long call_as_32_bit(long number)
{
	long result;

	__asm__ volatile("int $0x80" : "=a"(result) : "a"(number) : "memory", "r8", "r9", "r10", "r11");
	return result;
}

enum { GETPPID_32 = 64, GETPID_32 = 20 };

static int thirty_two_bits(const void *with_architecture)
{
	uint32_t architectures[] = { SCMP_ARCH_X86_64, SCMP_ARCH_X86 };
	struct seccomp_rule rule = { .names = getppid_name, .n_names = 1, .action = SCMP_ACT_ERRNO(EXDEV) };
	const struct seccomp_profile profile = {
		.default_action = SCMP_ACT_ALLOW,
		.rules = &rule,
		.n_rules = 1,
		.architectures = architectures,
		.n_architectures = with_architecture ? 2 : 1,
	};

	EXPECT(load(&profile) == 0);
	EXPECT(call(0, 0, 0) == EXDEV);
	EXPECT(call_as_32_bit(GETPPID_32) == -EXDEV);
	EXPECT(call_as_32_bit(GETPID_32) == getpid());
	return 0;
}

static int has_32_bit_calls(const void *unused)
{
	(void)unused;
	EXPECT(call_as_32_bit(GETPID_32) == getpid());
	return 0;
}

static void foreign_architectures(void)
{
	if (in_child(has_32_bit_calls, NULL) != 0)
		TEST_SKIP("this kernel has no 32-bit system calls");
	CHECK_INT(0, in_child(thirty_two_bits, ""));
	/* An architecture that the profile does not name is not there at all. */
	CHECK_INT(1000 + SIGSYS, in_child(thirty_two_bits, NULL));
}
#else
static void foreign_architectures(void)
{
	TEST_SKIP("written for x86");
}
#endif

static int load_without_right(const void *unused)
{
	const struct seccomp_profile profile = { .default_action = SCMP_ACT_ALLOW };
	struct seccomp_filter filter;
	struct error err;

	(void)unused;
	EXPECT(geteuid() != 0 || setresuid(1000, 1000, 1000) == 0);
	EXPECT(seccomp_compile(&profile, -1, &filter, &err) == 0);
	EXPECT(seccomp_filter_load(&filter, &err) == -EACCES);
	EXPECT(strstr(err.text, "needs no_new_privs or CAP_SYS_ADMIN"));
	seccomp_filter_free(&filter);
	return 0;
}

static void load_needs_a_right(void)
{
	CHECK_INT(0, in_child(load_without_right, NULL));
}

static void wrong_profiles(void)
{
	struct seccomp_arg arg = { 6, 0, 0, SCMP_CMP_EQ };
	struct seccomp_rule rule = { getppid_name, 1, SCMP_ACT_ERRNO(1), &arg, 1 };
	uint32_t architecture = 0x12345;
	struct seccomp_profile profile = { .default_action = SCMP_ACT_ALLOW, .rules = &rule, .n_rules = 1 };
	struct seccomp_filter filter;
	struct error err;

	CHECK_INT(-EINVAL, seccomp_compile(&profile, -1, &filter, &err));
	CHECK_STR("seccomp: argument index 6 is not in 0..5", err.text);
	arg = (struct seccomp_arg){ 0, 0, 0, 0 };
	CHECK_INT(-EINVAL, seccomp_compile(&profile, -1, &filter, &err));
	CHECK_STR("seccomp: unknown comparison 0", err.text);
	arg.op = SCMP_CMP_MASKED_EQ + 1;
	CHECK_INT(-EINVAL, seccomp_compile(&profile, -1, &filter, &err));
	profile = (struct seccomp_profile){ SCMP_ACT_ALLOW, &architecture, 1, 0, NULL, 0 };
	CHECK(seccomp_compile(&profile, -1, &filter, &err) < 0);
	CHECK_CONTAINS("seccomp: add architecture 0x12345", err.text);
	profile = (struct seccomp_profile){ .default_action = 0x12345678 };
	CHECK(seccomp_compile(&profile, -1, &filter, &err) < 0);
	CHECK_CONTAINS("default action 0x12345678", err.text);
}

static const struct test tests[] = {
	TEST(errno_and_kill),        TEST(comparisons_of_64_bits),
	TEST(several_comparisons),   TEST(unknown_and_redundant_rules_are_skipped),
	TEST(all_flags_load),        TEST(docker_like_profile),
	TEST(foreign_architectures), TEST(load_needs_a_right),
	TEST(wrong_profiles),
};
TEST_MAIN(tests)
