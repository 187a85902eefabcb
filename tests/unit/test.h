/*
 * test.h - the unit test harness: a table of test functions, TAP on stdout, a failed check ends its test only.
 *
 *	static void adds(void) { CHECK(1 + 1 == 2); CHECK_INT(2, 1 + 1); CHECK_STR("a", "a"); }
 *	static const struct test tests[] = { TEST(adds) };
 *	TEST_MAIN(tests)
 *
 * TEST_SKIP("reason") ends a test as skipped; the reason is printed.
 */
#pragma once

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct test {
	const char *name;
	void (*run)(void);
};

enum test_end { TEST_PASSED, TEST_FAILED, TEST_SKIPPED };

static jmp_buf test_jump;
static char test_reason[1024];

__attribute__((noreturn, unused, format(printf, 2, 3))) static void test_stop(enum test_end end, const char *fmt, ...)
{
	__builtin_va_list args;

	__builtin_va_start(args, fmt);
	(void)vsnprintf(test_reason, sizeof(test_reason), fmt, args);
	__builtin_va_end(args);
	longjmp(test_jump, (int)end);
}

/* clang-format off */
#define TEST(function) { #function, function }
/* clang-format on */
#define TEST_SKIP(...) test_stop(TEST_SKIPPED, __VA_ARGS__)

#define CHECK(condition)                                                                                               \
	do {                                                                                                           \
		if (!(condition))                                                                                      \
			test_stop(TEST_FAILED, "%s:%d: not true: %s", __FILE__, __LINE__, #condition);                 \
	} while (0)

#define CHECK_INT(expected, actual)                                                                                    \
	do {                                                                                                           \
		long long expected_ = (long long)(expected), actual_ = (long long)(actual);                            \
		if (expected_ != actual_)                                                                              \
			test_stop(TEST_FAILED, "%s:%d: %s is %lld, expected %lld", __FILE__, __LINE__, #actual,        \
				  actual_, expected_);                                                                 \
	} while (0)

#define CHECK_STR(expected, actual)                                                                                    \
	do {                                                                                                           \
		const char *expected_ = (expected), *actual_ = (actual);                                               \
		if (!actual_ || strcmp(expected_, actual_) != 0)                                                       \
			test_stop(TEST_FAILED, "%s:%d: %s is \"%s\", expected \"%s\"", __FILE__, __LINE__, #actual,    \
				  actual_ ? actual_ : "(null)", expected_);                                            \
	} while (0)

#define CHECK_CONTAINS(part, actual)                                                                                   \
	do {                                                                                                           \
		const char *part_ = (part), *actual_ = (actual);                                                       \
		if (!actual_ || !strstr(actual_, part_))                                                               \
			test_stop(TEST_FAILED, "%s:%d: %s is \"%s\", expected it to contain \"%s\"", __FILE__,         \
				  __LINE__, #actual, actual_ ? actual_ : "(null)", part_);                             \
	} while (0)

/* Alone, so that no local variable of the loop lives across setjmp. */
static enum test_end test_run(const struct test *test)
{
	enum test_end end = (enum test_end)setjmp(test_jump);

	if (end == TEST_PASSED)
		test->run();
	return end;
}

static int test_run_all(const struct test *tests, size_t count)
{
	int failed = 0;

	printf("1..%zu\n", count);
	for (size_t i = 0; i < count; i++) {
		enum test_end end = test_run(&tests[i]);

		if (end == TEST_FAILED)
			printf("# %s\n", test_reason);
		printf("%s %zu - %s%s%s\n", end == TEST_FAILED ? "not ok" : "ok", i + 1, tests[i].name,
		       end == TEST_SKIPPED ? " # SKIP " : "", end == TEST_SKIPPED ? test_reason : "");
		(void)fflush(stdout);
		failed |= end == TEST_FAILED;
	}
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#define TEST_MAIN(tests)                                                                                               \
	int main(void)                                                                                                 \
	{                                                                                                              \
		return test_run_all(tests, sizeof(tests) / sizeof((tests)[0]));                                        \
	}
