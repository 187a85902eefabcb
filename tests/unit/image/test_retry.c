/* test_retry.c - which failures pass, how long a pause is, and who ends it. */
#include "image/retry.h"

#include <errno.h>
#include <time.h>

#include "tests/unit/test.h"

static void which(void)
{
	static const int passing[] = { 408, 429, 500, 502, 503, 504 };
	static const int lasting[] = { 200, 206, 301, 400, 401, 403, 404, 416, 418, 501, 505 };

	for (size_t i = 0; i < sizeof(passing) / sizeof(passing[0]); i++)
		CHECK(retry_helps(0, passing[i], false));
	for (size_t i = 0; i < sizeof(lasting) / sizeof(lasting[0]); i++)
		CHECK(!retry_helps(0, lasting[i], true));
	CHECK(retry_helps(-ECONNRESET, 0, false) && retry_helps(-ETIMEDOUT, 0, false));
	CHECK(!retry_helps(-ECONNREFUSED, 0, false) && !retry_helps(-EHOSTUNREACH, 0, false));
	CHECK(retry_helps(-ECONNREFUSED, 0, true) && retry_helps(-EHOSTUNREACH, 0, true));
	CHECK(!retry_helps(-ECANCELED, 0, true) && !retry_helps(-EKEYREJECTED, 0, true) &&
	      !retry_helps(-EPROTO, 0, true) && !retry_helps(-ENOSPC, 0, true) && !retry_helps(-EFBIG, 0, true));
}

static void pauses(void)
{
	const struct retry retry = { .pause_ms = 1000 };
	const struct retry long_one = { .pause_ms = UINT32_MAX };
	const struct retry none = { .pause_ms = 0 };

	CHECK_INT(500, retry_pause(&retry, 0, 0));
	CHECK_INT(1000, retry_pause(&retry, 0, 500));
	for (uint32_t random = 0; random < 5000; random++)
		CHECK(retry_pause(&retry, 0, random) >= 500 && retry_pause(&retry, 0, random) <= 1000);
	CHECK(retry_pause(&long_one, 0, UINT32_MAX) <= 30000);
	CHECK_INT(0, retry_pause(&none, 0, UINT32_MAX));
	CHECK(retry_pause(&retry, 7, 0) >= 7000 && retry_pause(&retry, 7, UINT32_MAX) <= 7500);
}

static void counts_down(void)
{
	struct retry retry = { .left = 2, .pause_ms = 1 };
	struct error err = { .code = EIO, .text = "as it was" };

	CHECK_INT(0, retry_wait(&retry, 0, NULL, 0, &err));
	CHECK_INT(2, retry.pause_ms);
	CHECK_INT(0, retry_wait(&retry, 0, NULL, 0, &err));
	CHECK_INT(4, retry.pause_ms);
	CHECK_INT(-EAGAIN, retry_wait(&retry, 0, NULL, 0, &err));
	CHECK_STR("as it was", err.text);
}

static void too_long(void)
{
	struct retry retry = { .left = 1, .pause_ms = 1 };
	struct error err;

	CHECK_INT(-EBUSY, retry_wait(&retry, UINT64_MAX, NULL, 0, &err));
	CHECK(strstr(err.text, "18446744073709551615 s"));
}

static int cancel(void *context_, uint64_t bytes)
{
	*(uint64_t *)context_ = bytes;
	return 1;
}

static void cancelled(void)
{
	struct retry retry = { .left = 1, .pause_ms = 20000 };
	uint64_t seen = 0;
	const struct fetch_progress progress = { cancel, &seen };
	struct error err;
	time_t began = time(NULL);

	CHECK_INT(-ECANCELED, retry_wait(&retry, 0, &progress, 42, &err));
	CHECK_INT(42, seen);
	CHECK(time(NULL) - began < 5);
}

static const struct test tests[] = { TEST(which), TEST(pauses), TEST(counts_down), TEST(too_long), TEST(cancelled) };
TEST_MAIN(tests)
