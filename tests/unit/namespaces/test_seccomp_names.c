/* test_seccomp_names.c - names of the spec to libseccomp's values, and errno values. */
#include <errno.h>
#include <linux/seccomp.h>
#include <seccomp.h>

#include "namespaces/seccomp.h"
#include "tests/unit/test.h"

static const struct opt_u64 absent = { 0, false };

static int action(const char *name, struct opt_u64 errno_ret, uint32_t *ret_action)
{
	struct error err;

	return seccomp_action_by_name(name, errno_ret, ret_action, &err);
}

static void actions(void)
{
	uint32_t value = 0;

	CHECK_INT(0, action("SCMP_ACT_KILL", absent, &value));
	CHECK_INT(SCMP_ACT_KILL_THREAD, value);
	CHECK_INT(0, action("SCMP_ACT_KILL_PROCESS", absent, &value));
	CHECK_INT(0x80000000u, value);
	CHECK_INT(0, action("SCMP_ACT_LOG", absent, &value));
	CHECK_INT(0x7ffc0000u, value);
	CHECK_INT(0, action("SCMP_ACT_ERRNO", absent, &value));
	CHECK_INT(0x00050000u | EPERM, value);
	CHECK_INT(0, action("SCMP_ACT_ERRNO", (struct opt_u64){ ENOSYS, true }, &value));
	CHECK_INT(0x00050000u | ENOSYS, value);
	CHECK_INT(0, action("SCMP_ACT_ERRNO", (struct opt_u64){ 0, true }, &value));
	CHECK_INT(0x00050000u, value);
	CHECK_INT(0, action("SCMP_ACT_TRACE", absent, &value));
	CHECK_INT(0x7ff00000u | EPERM, value);
	CHECK_INT(0, action("SCMP_ACT_TRACE", (struct opt_u64){ 0xffff, true }, &value));
	CHECK_INT(0x7ff0ffffu, value);
}

static void wrong_actions(void)
{
	uint32_t value = 77;
	struct error err;

	CHECK_INT(-ENOTSUP, seccomp_action_by_name("SCMP_ACT_NOTIFY", absent, &value, &err));
	CHECK_CONTAINS("SCMP_ACT_NOTIFY", err.text);
	CHECK_INT(-EINVAL, seccomp_action_by_name("SCMP_ACT_MAYBE", absent, &value, &err));
	CHECK_STR("seccomp action SCMP_ACT_MAYBE is not known", err.text);
	CHECK_INT(-EINVAL, seccomp_action_by_name("SCMP_ACT_ALLOW", (struct opt_u64){ 1, true }, &value, &err));
	CHECK_STR("seccomp action SCMP_ACT_ALLOW takes no errno value", err.text);
	CHECK_INT(-EINVAL, seccomp_action_by_name("SCMP_ACT_ERRNO", (struct opt_u64){ 4096, true }, &value, &err));
	CHECK_STR("seccomp action SCMP_ACT_ERRNO: errno value 4096 is above 4095", err.text);
	CHECK_INT(-EINVAL, seccomp_action_by_name("SCMP_ACT_TRACE", (struct opt_u64){ 0x10000, true }, &value, &err));
	CHECK_INT(-EINVAL, seccomp_action_by_name("", absent, &value, &err));
	CHECK_INT(77, value);
}

static void every_listed_name_is_accepted(void)
{
	uint32_t value;
	uint64_t flag;
	int op;

	for (const char *const *name = seccomp_action_names(); *name; name++)
		CHECK_INT(0, action(*name, absent, &value));
	for (const char *const *name = seccomp_arch_names(); *name; name++)
		CHECK_INT(0, seccomp_arch_by_name(*name, &value));
	for (const char *const *name = seccomp_operator_names(); *name; name++)
		CHECK_INT(0, seccomp_operator_by_name(*name, &op));
	for (const char *const *name = seccomp_flag_names(); *name; name++)
		CHECK_INT(0, seccomp_flag_by_name(*name, &flag));
}

/* libseccomp knows each architecture by the same name in lower case. */
static void architectures(void)
{
	uint32_t value = 0;

	for (const char *const *name = seccomp_arch_names() + 1; *name; name++) {
		char lower[32] = "";

		for (size_t i = 0; (*name)[strlen("SCMP_ARCH_") + i]; i++) {
			char letter = (*name)[strlen("SCMP_ARCH_") + i];

			lower[i] = letter >= 'A' && letter <= 'Z' ? (char)(letter - 'A' + 'a') : letter;
		}
		CHECK_INT(0, seccomp_arch_by_name(*name, &value));
		CHECK_INT(seccomp_arch_resolve_name(lower), value);
	}
	CHECK_INT(-EINVAL, seccomp_arch_by_name("SCMP_ARCH_Z80", &value));
	CHECK_INT(-EINVAL, seccomp_arch_by_name("x86_64", &value));
}

static void operators_and_flags(void)
{
	uint64_t flag = 0;
	int op = 0;

	CHECK_INT(0, seccomp_operator_by_name("SCMP_CMP_MASKED_EQ", &op));
	CHECK_INT(SCMP_CMP_MASKED_EQ, op);
	CHECK_INT(0, seccomp_operator_by_name("SCMP_CMP_NE", &op));
	CHECK_INT(SCMP_CMP_NE, op);
	CHECK_INT(-EINVAL, seccomp_operator_by_name("SCMP_CMP_XX", &op));
	CHECK_INT(0, seccomp_flag_by_name("SECCOMP_FILTER_FLAG_LOG", &flag));
	CHECK_INT(SECCOMP_FILTER_FLAG_LOG, flag);
	CHECK_INT(0, seccomp_flag_by_name("SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", &flag));
	CHECK_INT(1 << 5, flag);
	CHECK_INT(-EINVAL, seccomp_flag_by_name("SECCOMP_FILTER_FLAG_NEW_LISTENER", &flag));
}

static const struct test tests[] = {
	TEST(actions),       TEST(wrong_actions),       TEST(every_listed_name_is_accepted),
	TEST(architectures), TEST(operators_and_flags),
};
TEST_MAIN(tests)
