/*
 * weight.c - see weight.h. No libm: a shared library more costs every container start more than all of this file.
 *
 * The exponent factors to E = (l - 1)(l + 126)/612, and the rounded-up power is the smallest w with w >= 10^E, that is
 * 612 log2(w) >= (l - 1)(l + 126) log2(10). So all it takes is log2 of an integer, in fixed point, and a binary search
 * for w. The two sides are equal only for shares 2, 1024 and 262144; all other shares stay apart by far more than
 * TOLERANCE, which the unit test proves by trying every one.
 */
#include "weight.h"

enum {
	FRACTION_BITS = 44, /* of a logarithm */
	MANTISSA_BITS = 62,
	SHARES_MIN = 2,
	SHARES_MAX = 262144,
	WEIGHT_MAX = 10000,
	BLKIO_MIN = 10,
	BLKIO_SPAN = 990,
	WEIGHT_SPAN = WEIGHT_MAX - 1,
};

#define LOG2_10   58439977071430U /* log2(10) * 2^44 */
#define TOLERANCE (1 << 16)       /* 2^-28: error of 612 * log2() and of the product, with room */

/* l^2 + 125 l - 126 = (l - 1)(l + 126), and 612 is what the formula divides it by. */
enum { TOP_BIT = 63, ROOT = 126, DIVISOR = 612 };

/* log2(value) * 2^44, rounded down: each squaring of the mantissa yields one bit of the fraction. */
static uint64_t log2_fixed(uint64_t value)
{
	unsigned whole = TOP_BIT - (unsigned)__builtin_clzll(value);
	uint64_t mantissa = value << (MANTISSA_BITS - whole); /* 1 <= mantissa < 2 */
	uint64_t result = whole;

	for (int i = 0; i < FRACTION_BITS; i++) {
		mantissa = (uint64_t)(((unsigned __int128)mantissa * mantissa) >> MANTISSA_BITS);
		result <<= 1;
		if (mantissa >> (MANTISSA_BITS + 1)) {
			mantissa >>= 1;
			result |= 1;
		}
	}
	return result;
}

/* (l - 1)(l + 126) log2(10) * 2^44 */
static uint64_t scaled_exponent(uint64_t shares)
{
	const uint64_t one = (uint64_t)1 << FRACTION_BITS;
	uint64_t l = log2_fixed(shares);
	uint64_t product = (uint64_t)(((unsigned __int128)(l - one) * (l + ROOT * one)) >> FRACTION_BITS);

	return (uint64_t)(((unsigned __int128)product * LOG2_10) >> FRACTION_BITS);
}

uint64_t weight_of_shares(uint64_t shares)
{
	uint64_t low = 1;
	uint64_t high = WEIGHT_MAX;
	uint64_t exponent;

	if (shares <= SHARES_MIN)
		return 1;
	if (shares >= SHARES_MAX)
		return WEIGHT_MAX;
	exponent = scaled_exponent(shares);
	while (low < high) {
		uint64_t middle = (low + high) / 2;

		if (DIVISOR * log2_fixed(middle) + TOLERANCE >= exponent)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

uint64_t weight_of_blkio(uint64_t weight)
{
	return 1 + (weight - BLKIO_MIN) * WEIGHT_SPAN / BLKIO_SPAN;
}
