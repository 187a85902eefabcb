/* test_base64.c - the examples of RFC 4648, all bytes both ways, and what is refused. */
#include "image/base64.h"

#include "base/cleanup.h"
#include "tests/unit/test.h"

static const char *const rows[][2] = {
	{ "", "" },
	{ "f", "Zg==" },
	{ "fo", "Zm8=" },
	{ "foo", "Zm9v" },
	{ "foob", "Zm9vYg==" },
	{ "fooba", "Zm9vYmE=" },
	{ "foobar", "Zm9vYmFy" },
};

static void examples(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *text = base64_encode(rows[i][0], strlen(rows[i][0]));
		size_t size = 99;
		auto_free char *bytes = base64_decode(rows[i][1], strlen(rows[i][1]), &size);

		CHECK_STR(rows[i][1], text);
		CHECK_STR(rows[i][0], bytes);
		CHECK_INT(strlen(rows[i][0]), size);
	}
}

static void all_bytes(void)
{
	unsigned char data[256];

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (unsigned char)(i * 167);
	for (size_t length = 0; length <= sizeof(data); length++) {
		auto_free char *text = base64_encode(data, length);
		size_t size = 0;
		auto_free char *bytes = base64_decode(text, strlen(text), &size);

		CHECK(bytes && size == length && memcmp(bytes, data, length) == 0);
	}
}

static void refused(void)
{
	static const char *const texts[] = { "Z",    "Zg",   "Zg=",  "Zm9v=", "Zg==Zg==", "=Zg=",     "Z===",
					     "====", "Zh==", "Zm9=", "Zm-v",  "Zm9v\nZm", "Zm9v Zm=", "Zm=v" };

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		size_t size = 7;
		auto_free char *bytes = base64_decode(texts[i], strlen(texts[i]), &size);

		if (bytes || size != 7)
			test_stop(TEST_FAILED, "\"%s\" was taken", texts[i]);
	}
	CHECK(base64_decode("Z\0==", 4, &(size_t){ 0 }) == NULL);
}

static const struct test tests[] = { TEST(examples), TEST(all_bytes), TEST(refused) };
TEST_MAIN(tests)
