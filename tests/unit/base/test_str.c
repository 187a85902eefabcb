/* test_str.c - numbers from text at their edges, comparisons, lists, and allocation that never fails. */
#include "base/str.h"

#include <errno.h>
#include <inttypes.h>

#include "base/cleanup.h"
#include "tests/unit/child.h"
#include "tests/unit/test.h"

static const struct {
	const char *text;
	uint64_t max;
	int result;
	uint64_t value;
} unsigned_rows[] = {
	{ "0", 0, 0, 0 },
	{ "00", 0, 0, 0 },
	{ "007", 10, 0, 7 },
	{ "10", 10, 0, 10 },
	{ "11", 10, -ERANGE, 0 },
	{ "18446744073709551615", UINT64_MAX, 0, UINT64_MAX },
	{ "18446744073709551616", UINT64_MAX, -ERANGE, 0 },
	{ "18446744073709551620", UINT64_MAX, -ERANGE, 0 },
	{ "99999999999999999999999999", UINT64_MAX, -ERANGE, 0 },
	{ "", 10, -EINVAL, 0 },
	{ " 1", 10, -EINVAL, 0 },
	{ "1 ", 10, -EINVAL, 0 },
	{ "1\n", 10, -EINVAL, 0 },
	{ "+1", 10, -EINVAL, 0 },
	{ "-1", 10, -EINVAL, 0 },
	{ "-0", 10, -EINVAL, 0 },
	{ "0x1", 10, -EINVAL, 0 },
	{ "1.0", 10, -EINVAL, 0 },
	{ "1a", 10, -EINVAL, 0 },
	{ "\xd9\xa1", 10, -EINVAL, 0 }, /* a digit elsewhere in Unicode */
};

static void unsigned_numbers(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(unsigned_rows); i++) {
		uint64_t value = 12345;
		int r = str_to_u64(unsigned_rows[i].text, unsigned_rows[i].max, &value);
		uint64_t expected = unsigned_rows[i].result == 0 ? unsigned_rows[i].value : 12345;

		if (r != unsigned_rows[i].result || value != expected)
			test_stop(TEST_FAILED, "\"%s\": %d, %" PRIu64, unsigned_rows[i].text, r, value);
	}
}

static const struct {
	const char *text;
	int64_t min, max;
	int result;
	int64_t value;
} signed_rows[] = {
	{ "0", 0, 0, 0, 0 },
	{ "-0", 0, 0, 0, 0 },
	{ "-1", -1, 0, 0, -1 },
	{ "-2", -1, 0, -ERANGE, 0 },
	{ "1", -1, 0, -ERANGE, 0 },
	{ "9223372036854775807", INT64_MIN, INT64_MAX, 0, INT64_MAX },
	{ "9223372036854775808", INT64_MIN, INT64_MAX, -ERANGE, 0 },
	{ "-9223372036854775807", INT64_MIN, INT64_MAX, 0, -INT64_MAX },
	{ "-9223372036854775808", INT64_MIN, INT64_MAX, 0, INT64_MIN },
	{ "-9223372036854775809", INT64_MIN, INT64_MAX, -ERANGE, 0 },
	{ "-18446744073709551617", INT64_MIN, INT64_MAX, -ERANGE, 0 },
	{ "", -1, 1, -EINVAL, 0 },
	{ "-", -1, 1, -EINVAL, 0 },
	{ "--1", -1, 1, -EINVAL, 0 },
	{ "-+1", -1, 1, -EINVAL, 0 },
	{ "+1", -1, 1, -EINVAL, 0 },
	{ "- 1", -1, 1, -EINVAL, 0 },
	{ "1-", -1, 1, -EINVAL, 0 },
};

static void signed_numbers(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(signed_rows); i++) {
		int64_t value = 12345;
		int r = str_to_i64(signed_rows[i].text, signed_rows[i].min, signed_rows[i].max, &value);
		int64_t expected = signed_rows[i].result == 0 ? signed_rows[i].value : 12345;

		if (r != signed_rows[i].result || value != expected)
			test_stop(TEST_FAILED, "\"%s\": %d, %" PRId64, signed_rows[i].text, r, value);
	}
}

static void comparisons(void)
{
	char copy[] = "same";

	CHECK(str_eq(NULL, NULL));
	CHECK(!str_eq(NULL, ""));
	CHECK(!str_eq("", NULL));
	CHECK(str_eq("", ""));
	CHECK(str_eq("same", copy));
	CHECK(!str_eq("same", "Same"));
	CHECK(str_starts("abc", "ab") && str_starts("abc", "abc") && str_starts("abc", "") && str_starts("", ""));
	CHECK(!str_starts("abc", "abcd") && !str_starts("", "a") && !str_starts("xab", "ab"));
	CHECK(str_ends("abc", "bc") && str_ends("abc", "abc") && str_ends("abc", "") && str_ends("", ""));
	CHECK(!str_ends("abc", "xabc") && !str_ends("", "a") && !str_ends("abx", "ab"));
}

static void lists(void)
{
	const char *const none[] = { NULL };
	const char *const two[] = { "", "b", NULL };

	CHECK_INT(0, str_list_length(NULL));
	CHECK_INT(0, str_list_length(none));
	CHECK_INT(2, str_list_length(two));
}

static void allocation(void)
{
	auto_free char *text = xasprintf("%s:%u", "a", 5u);
	auto_free char *copy = xstrdup(text);
	auto_free char *empty = xstrdup("");
	auto_free void *nothing = xcalloc(0, 8);
	auto_free int *numbers = xcalloc(3, sizeof(*numbers));

	CHECK_STR("a:5", text);
	for (int length = USUAL_TEXT - 2; length < USUAL_TEXT + 2; length++) {
		auto_free char *long_text = xasprintf("%*d", length, 7);

		CHECK_INT(length, strlen(long_text));
		CHECK(long_text[length - 1] == '7');
	}
	CHECK(copy != text);
	CHECK_STR("a:5", copy);
	CHECK_STR("", empty);
	CHECK(nothing != NULL);
	CHECK(numbers[0] == 0 && numbers[1] == 0 && numbers[2] == 0);
	numbers[2] = 7;
	numbers = xreallocarray(numbers, 1000, sizeof(*numbers));
	CHECK_INT(7, numbers[2]);
	/* realloc(3) to 0 bytes would free and answer NULL. */
	numbers = xreallocarray(numbers, 0, sizeof(*numbers));
	CHECK(numbers != NULL);
}

static int calloc_overflow(const void *size)
{
	(void)xcalloc(*(const size_t *)size, 2);
	return 0;
}

static int realloc_overflow(const void *size)
{
	(void)xreallocarray(NULL, *(const size_t *)size, 2);
	return 0;
}

static void overflow_aborts(void)
{
	const size_t size = SIZE_MAX / 2 + 2;

	CHECK_INT(1000 + SIGABRT, in_child(calloc_overflow, &size));
	CHECK_INT(1000 + SIGABRT, in_child(realloc_overflow, &size));
}

static const struct test tests[] = {
	TEST(unsigned_numbers), TEST(signed_numbers),  TEST(comparisons), TEST(lists),
	TEST(allocation),       TEST(overflow_aborts),
};
TEST_MAIN(tests)
