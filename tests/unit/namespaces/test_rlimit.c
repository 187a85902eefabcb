/* test_rlimit.c - limit names and their effect in a child. */
#include <errno.h>

#include "tests/unit/child.h"
#include "namespaces/creds.h"
#include "tests/unit/test.h"

static void names(void)
{
	CHECK_INT(RLIMIT_NOFILE, rlimit_by_name("RLIMIT_NOFILE"));
	CHECK_INT(RLIMIT_CPU, rlimit_by_name("RLIMIT_CPU"));
	CHECK_INT(RLIMIT_RTTIME, rlimit_by_name("RLIMIT_RTTIME"));
	CHECK_INT(-EINVAL, rlimit_by_name("NOFILE"));
	CHECK_INT(-EINVAL, rlimit_by_name("rlimit_nofile"));
	CHECK_INT(-EINVAL, rlimit_by_name("RLIMIT_OFILE"));
	CHECK_INT(-EINVAL, rlimit_by_name(""));
}

static int lower_two(const void *unused)
{
	const struct rlimit_entry limits[] = {
		{ RLIMIT_NOFILE, "RLIMIT_NOFILE", { 20, 30 } },
		{ RLIMIT_CORE, "RLIMIT_CORE", { 0, 0 } },
	};
	struct rlimit got;
	struct error err;

	(void)unused;
	EXPECT(rlimits_apply(0, limits, 2, &err) == 0);
	EXPECT(getrlimit(RLIMIT_NOFILE, &got) == 0 && got.rlim_cur == 20 && got.rlim_max == 30);
	EXPECT(getrlimit(RLIMIT_CORE, &got) == 0 && got.rlim_cur == 0 && got.rlim_max == 0);
	return 0;
}

static void applies_all(void)
{
	struct error err;

	CHECK_INT(0, in_child(lower_two, NULL));
	CHECK_INT(0, rlimits_apply(0, NULL, 0, &err));
}

static void soft_above_hard(void)
{
	const struct rlimit_entry wrong = { RLIMIT_NOFILE, "RLIMIT_NOFILE", { 31, 30 } };
	const struct rlimit_entry unlimited = { RLIMIT_CORE, "RLIMIT_CORE", { RLIM_INFINITY, 5 } };
	struct error err;

	CHECK_INT(-EINVAL, rlimits_apply(0, &wrong, 1, &err));
	CHECK_STR("RLIMIT_NOFILE: soft limit 31 is above hard limit 30", err.text);
	CHECK_INT(-EINVAL, rlimits_apply(0, &unlimited, 1, &err));
	CHECK_STR("RLIMIT_CORE: soft limit 18446744073709551615 is above hard limit 5", err.text);
}

static int raise_without_right(const void *unused)
{
	const struct rlimit_entry low = { RLIMIT_NOFILE, "RLIMIT_NOFILE", { 20, 30 } };
	const struct rlimit_entry high = { RLIMIT_NOFILE, "RLIMIT_NOFILE", { 20, 31 } };
	struct error err;

	(void)unused;
	EXPECT(rlimits_apply(0, &low, 1, &err) == 0);
	EXPECT(geteuid() != 0 || setresuid(1000, 1000, 1000) == 0);
	EXPECT(rlimits_apply(0, &high, 1, &err) == -EPERM);
	EXPECT(strcmp(err.text, "set RLIMIT_NOFILE to 20:31: Operation not permitted") == 0);
	return 0;
}

static void error_names_the_limit(void)
{
	CHECK_INT(0, in_child(raise_without_right, NULL));
}

static const struct test tests[] = {
	TEST(names),
	TEST(applies_all),
	TEST(soft_above_hard),
	TEST(error_names_the_limit),
};
TEST_MAIN(tests)
