/* test_siphash.c - against values made by another implementation (openssl mac -macopt size:16 ... SIPHASH). */
#include "base/siphash.h"

#include <inttypes.h>

#include "tests/unit/test.h"

/* Key 00 01 .. 0f, message 00 01 .. length - 1: the reference's own way of making vectors. */
static const struct {
	size_t length;
	const char *hex;
} vectors[] = {
	{ 0, "a3817f04ba25a8e66df67214c7550293" },  { 1, "da87c1d86b99af44347659119b22fc45" },
	{ 7, "a1f1ebbed8dbc153c0b84aa61ff08239" },  { 8, "3b62a9ba6258f5610f83e264f31497b4" },
	{ 9, "264499060ad9baabc47f8b02bb6d71ed" },  { 15, "5493e99933b0a8117e08ec0f97cfc3d9" },
	{ 16, "6ee2a4ca67b054bbfd3315bf85230577" }, { 63, "5150d1772f50834a503e069a973fbd7c" },
};

static void matches_the_reference(void)
{
	const struct hash128 key = { UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908) };

	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		unsigned char message[64] = { 0 };
		char hex[33] = "";
		struct hash128 hash;

		for (size_t j = 0; j < vectors[i].length; j++)
			message[j] = (unsigned char)j;
		hash = siphash128(key, message, vectors[i].length);
		for (unsigned j = 0; j < 16; j++)
			(void)snprintf(hex + 2 * j, 3, "%02x",
				       (unsigned)((j < 8 ? hash.low : hash.high) >> (8 * (j % 8))) & 0xff);
		CHECK_STR(vectors[i].hex, hex);
	}
}

static void every_bit_counts(void)
{
	const struct hash128 key = { 1, 2 };
	unsigned char data[24] = { 0 };
	struct hash128 before = siphash128(key, data, sizeof(data));

	for (unsigned i = 0; i < 8 * sizeof(data); i++) {
		struct hash128 after;

		data[i / 8] ^= (unsigned char)(1u << (i % 8));
		after = siphash128(key, data, sizeof(data));
		CHECK(after.low != before.low && after.high != before.high);
		data[i / 8] ^= (unsigned char)(1u << (i % 8));
	}
	CHECK(siphash128(key, data, 23).low != before.low);
	CHECK(siphash128((struct hash128){ 1, 3 }, data, sizeof(data)).low != before.low);
}

static const struct test tests[] = { TEST(matches_the_reference), TEST(every_bit_counts) };
TEST_MAIN(tests)
