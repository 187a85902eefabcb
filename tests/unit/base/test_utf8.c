/* Tests of base/utf8: the edges of RFC 3629, where lax decoders differ. */
#include "base/utf8.h"

#include "../test.h"

static const struct {
	const char *text;
	size_t length; /* of the first sequence, 0 = invalid */
} rows[] = {
	{ "a", 1 },
	{ "\x7f", 1 },
	{ "\xc2\x80", 2 },
	{ "\xdf\xbf", 2 },
	{ "\xe0\xa0\x80", 3 },
	{ "\xed\x9f\xbf", 3 },
	{ "\xee\x80\x80", 3 },
	{ "\xef\xbf\xbf", 3 },
	{ "\xf0\x90\x80\x80", 4 },
	{ "\xf4\x8f\xbf\xbf", 4 },
	{ "\x80", 0 },
	{ "\xc0\x80", 0 }, /* overlong NUL */
	{ "\xc1\xbf", 0 },
	{ "\xe0\x9f\xbf", 0 },     /* overlong */
	{ "\xed\xa0\x80", 0 },     /* surrogate */
	{ "\xf0\x8f\xbf\xbf", 0 }, /* overlong */
	{ "\xf4\x90\x80\x80", 0 }, /* above U+10FFFF */
	{ "\xf5\x80\x80\x80", 0 },
	{ "\xff", 0 },
	{ "\xc3", 0 }, /* cut */
	{ "\xe2\x82", 0 },
	{ "\xf0\x9f\x98", 0 },
	{ "\xe2\x82x", 0 },
};

static void sequences(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (utf8_sequence(rows[i].text, strlen(rows[i].text)) != rows[i].length)
			test_stop(TEST_FAILED, "row %zu: %zu, expected %zu", i,
				  utf8_sequence(rows[i].text, strlen(rows[i].text)), rows[i].length);
	CHECK_INT(0, utf8_sequence("", 0));
	CHECK_INT(1, utf8_sequence("\0", 1));
}

static void prefixes(void)
{
	char text[64];

	CHECK_INT(0, utf8_valid_prefix("", 0));
	CHECK_INT(12, utf8_valid_prefix("gr\xc3\xbc\xc3\x9f dich!", 12));
	/* A bad byte at every place, so that the eight-byte step meets it in each position. */
	for (size_t at = 0; at < sizeof(text); at++) {
		memset(text, 'a', sizeof(text));
		text[at] = (char)0xff;
		CHECK_INT(at, utf8_valid_prefix(text, sizeof(text)));
	}
	memset(text, 'a', sizeof(text));
	text[63] = (char)0xc3;
	CHECK_INT(63, utf8_valid_prefix(text, sizeof(text)));
}

static void one_line(void)
{
	char text[] = "a\nb\r\033[31m\x7f gr\xc3\xbc\xc3\x9f \xff\xc3";
	char empty[] = "";

	utf8_one_line(text);
	CHECK_STR("a?b??[31m? gr\xc3\xbc\xc3\x9f ??", text);
	utf8_one_line(empty);
	CHECK_STR("", empty);
}

static const struct test tests[] = { TEST(sequences), TEST(prefixes), TEST(one_line) };
TEST_MAIN(tests)
