/* test_size.c - numbers of bytes with units: what is read, what is refused, what does not fit. */
#include "base/size.h"

#include <errno.h>

#include "base/cleanup.h"
#include "tests/unit/test.h"

static void sizes(void)
{
	static const struct {
		const char *text;
		int64_t bytes;
	} good[] = {
		{ "0", 0 },
		{ "512", 512 },
		{ "512b", 512 },
		{ "1k", 1024 },
		{ "64M", 64LL << 20 },
		{ "1g", 1LL << 30 },
		{ "1gb", 1LL << 30 },
		{ "3GiB", 3LL << 30 },
		{ "2t", 2LL << 40 },
		{ "1p", 1LL << 50 },
		{ "-1", -1 },
		{ "9223372036854775807", INT64_MAX },
		{ "8191p", 8191LL << 50 },
		{ "0000000000000000000001", 1 },
	};
	static const char *const bad[] = { "",   "k",   "-2",   "-1k",  "+1",  "1 k", " 1",  "1.5g",
					   "1x", "1kk", "1kbb", "0x10", "1ki", "1e3", "one", "1b k" };
	static const char *const large[] = { "9223372036854775808", "8192p", "9007199254740992k",
					     "99999999999999999999999999999999999999999999" };
	int64_t bytes;

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		CHECK_INT(0, size_parse(good[i].text, &bytes));
		CHECK_INT(good[i].bytes, bytes);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (size_parse(bad[i], &bytes) != -EINVAL)
			test_stop(TEST_FAILED, "size \"%s\" was accepted", bad[i]);
	for (size_t i = 0; i < ARRAY_SIZE(large); i++)
		CHECK_INT(-ERANGE, size_parse(large[i], &bytes));
}

static const struct test tests[] = {
	TEST(sizes),
};

TEST_MAIN(tests)
