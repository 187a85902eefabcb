/* Weights: the fixed ends, the known middle, and every single value of shares against libm's long double. */
#include "cgroups/weight.h"

#include <math.h>

#include "tests/unit/test.h"

static void meets_known_points(void)
{
	CHECK_INT(1, weight_of_shares(2));
	CHECK_INT(59, weight_of_shares(512));
	CHECK_INT(100, weight_of_shares(1024));
	CHECK_INT(174, weight_of_shares(2048));
	CHECK_INT(10000, weight_of_shares(262144));
	CHECK(weight_of_shares(262143) <= 10000 && weight_of_shares(3) >= 1);
}

static void clamps_shares(void)
{
	CHECK_INT(1, weight_of_shares(0));
	CHECK_INT(1, weight_of_shares(1));
	CHECK_INT(10000, weight_of_shares(262145));
	CHECK_INT(10000, weight_of_shares(UINT64_MAX));
}

static uint64_t by_formula(uint64_t shares)
{
	long double l = log2l((long double)shares);
	long double power = powl(10, (l * l + 125 * l) / 612 - 7.0L / 34);

	return (uint64_t)ceill(power - 1e-9L); /* exact powers come out a rounding error above */
}

static void is_exact_everywhere(void)
{
	for (uint64_t shares = 2; shares <= 262144; shares++)
		if (by_formula(shares) != weight_of_shares(shares))
			test_stop(TEST_FAILED, "shares %lu: %lu, by formula %lu", (unsigned long)shares,
				  (unsigned long)weight_of_shares(shares), (unsigned long)by_formula(shares));
}

static void never_falls(void)
{
	uint64_t last = 0;

	for (uint64_t shares = 0; shares <= 262146; shares++) {
		uint64_t weight = weight_of_shares(shares);

		CHECK(weight >= last && weight >= 1 && weight <= 10000);
		last = weight;
	}
}

static void converts_blkio(void)
{
	CHECK_INT(1, weight_of_blkio(10));
	CHECK_INT(11, weight_of_blkio(11));
	CHECK_INT(4950, weight_of_blkio(500));
	CHECK_INT(10000, weight_of_blkio(1000));
}

static const struct test tests[] = {
	TEST(meets_known_points), TEST(clamps_shares),  TEST(is_exact_everywhere),
	TEST(never_falls),        TEST(converts_blkio),
};
TEST_MAIN(tests)
