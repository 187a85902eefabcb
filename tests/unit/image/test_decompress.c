/* test_decompress.c - all codecs on good, cut, damaged, concatenated and mislabelled streams, in small and large
   reads. */
#include "image/decompress.h"

#include <errno.h>
#include <stdint.h>

#include "base/str.h"
#include "tests/unit/test.h"

/* "hello\n" by gzip -n; the same by zstd; a skippable frame of 3 bytes. */
static const unsigned char gzip_hello[] = {
	0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03, 0xcb, 0x48, 0xcd,
	0xc9, 0xc9, 0xe7, 0x02, 0x00, 0x20, 0x30, 0x3a, 0x36, 0x06, 0x00, 0x00, 0x00,
};
static const unsigned char zstd_hello[] = {
	0x28, 0xb5, 0x2f, 0xfd, 0x04, 0x58, 0x31, 0x00, 0x00, 'h', 'e', 'l', 'l', 'o', '\n', 0x53, 0x88, 0xbd, 0x91,
};
static const unsigned char skippable[] = { 0x50, 0x2a, 0x4d, 0x18, 0x03, 0x00, 0x00, 0x00, 'x', 'y', 'z' };

/* A stream in memory that gives at most `step` bytes at a time. */
struct memory {
	unsigned char bytes[256];
	size_t size, at, step;
};

static void append(struct memory *memory, const void *bytes, size_t size)
{
	CHECK(memory->size + size <= sizeof(memory->bytes));
	memcpy(memory->bytes + memory->size, bytes, size);
	memory->size += size;
}

static ssize_t read_memory(void *context, void *buffer, size_t size, struct error *err)
{
	struct memory *memory = context;
	size_t part = memory->size - memory->at;

	if (memory->step == SIZE_MAX)
		return refuse_as(err, EIO, "the disk is on fire");
	part = part > memory->step ? memory->step : part;
	part = part > size ? size : part;
	memcpy(buffer, memory->bytes + memory->at, part);
	memory->at += part;
	return (ssize_t)part;
}

/* Every codec for this compression. */
static const struct decompress_options codecs[] = {
	{ .compression = COMPRESSION_GZIP },
	{ .compression = COMPRESSION_GZIP, .portable = true },
	{ .compression = COMPRESSION_GZIP, .zlib = true },
	{ .compression = COMPRESSION_ZSTD, .window_log = 27 },
	{ .compression = COMPRESSION_NONE },
};

/* Reads it all in pieces to text, of 64 bytes; it is NUL-terminated. Returns the number of bytes or -errno. */
static ssize_t read_all(const struct decompress_options *options, struct memory *memory, size_t piece, char *text,
			struct error *err)
{
	const struct byte_source source = { .read = read_memory, .context = memory };
	auto_decompress struct decompress *stream = decompress_open(options, &source);
	auto_free char *buffer = xcalloc(1, DECOMPRESS_HISTORY + 64);
	size_t done = 0;
	ssize_t got;

	memory->at = 0;
	do {
		got = decompress_read(stream, buffer + DECOMPRESS_HISTORY + done, piece, err);
		if (got < 0)
			return got;
		CHECK((size_t)got <= piece);
		done += (size_t)got;
	} while ((size_t)got == piece);
	CHECK_INT(0, decompress_read(stream, buffer + DECOMPRESS_HISTORY + done, piece, err));
	memcpy(text, buffer + DECOMPRESS_HISTORY, done);
	text[done] = '\0';
	return (ssize_t)done;
}

static void expect(enum compression compression, const struct memory *memory, const char *text)
{
	char got[64];
	struct error err;

	for (size_t i = 0; i < ARRAY_SIZE(codecs); i++)
		for (size_t step = 1; codecs[i].compression == compression && step < 30; step++) {
			struct memory copy = *memory;

			copy.step = step;
			CHECK_INT(strlen(text), read_all(&codecs[i], &copy, step % 7 + 1, got, &err));
			CHECK_STR(text, got);
		}
}

static void expect_error(enum compression compression, const struct memory *memory, const char *part)
{
	char got[64];
	struct error err;

	for (size_t i = 0; i < ARRAY_SIZE(codecs); i++)
		for (size_t step = 1; codecs[i].compression == compression && step < 30; step++) {
			struct memory copy = *memory;

			copy.step = step;
			CHECK_INT(-EINVAL, read_all(&codecs[i], &copy, 8, got, &err));
			CHECK_CONTAINS(part, err.text);
		}
}

static void whole_streams(void)
{
	struct memory gzip = { 0 }, zstd = { 0 }, plain = { 0 };

	append(&gzip, gzip_hello, sizeof(gzip_hello));
	expect(COMPRESSION_GZIP, &gzip, "hello\n");
	append(&zstd, zstd_hello, sizeof(zstd_hello));
	expect(COMPRESSION_ZSTD, &zstd, "hello\n");
	append(&plain, "hello\n", 6);
	expect(COMPRESSION_NONE, &plain, "hello\n");
}

static void many_members(void)
{
	struct memory gzip = { 0 }, zstd = { 0 };

	for (int i = 0; i < 3; i++)
		append(&gzip, gzip_hello, sizeof(gzip_hello));
	expect(COMPRESSION_GZIP, &gzip, "hello\nhello\nhello\n");
	append(&zstd, skippable, sizeof(skippable));
	append(&zstd, zstd_hello, sizeof(zstd_hello));
	append(&zstd, skippable, sizeof(skippable));
	append(&zstd, zstd_hello, sizeof(zstd_hello));
	append(&zstd, skippable, sizeof(skippable));
	expect(COMPRESSION_ZSTD, &zstd, "hello\nhello\n");
}

static void every_truncation(void)
{
	for (size_t size = 1; size < sizeof(gzip_hello); size++) {
		struct memory gzip = { 0 };

		append(&gzip, gzip_hello, size);
		expect_error(COMPRESSION_GZIP, &gzip, size < 2 ? "should be gzip" : "cut off");
	}
	for (size_t size = 1; size < sizeof(zstd_hello); size++) {
		struct memory zstd = { 0 };

		append(&zstd, zstd_hello, size);
		expect_error(COMPRESSION_ZSTD, &zstd, size < 4 ? "should be zstd" : "cut off");
	}
}

static void garbage_behind(void)
{
	struct memory gzip = { 0 }, zstd = { 0 }, zeros = { 0 };

	append(&gzip, gzip_hello, sizeof(gzip_hello));
	append(&gzip, "\x1f", 1);
	expect_error(COMPRESSION_GZIP, &gzip, "behind the end");
	append(&zstd, zstd_hello, sizeof(zstd_hello));
	append(&zstd, "garbage", 7);
	expect_error(COMPRESSION_ZSTD, &zstd, "behind the end");
	append(&zeros, gzip_hello, sizeof(gzip_hello));
	append(&zeros, "\0\0\0\0\0\0\0\0", 8);
	expect_error(COMPRESSION_GZIP, &zeros, "behind the end");
}

static void reserved_flags(void)
{
	for (unsigned bit = 5; bit < 8; bit++) {
		struct memory gzip = { 0 };

		append(&gzip, gzip_hello, sizeof(gzip_hello));
		gzip.bytes[3] |= (unsigned char)(1U << bit);
		expect_error(COMPRESSION_GZIP, &gzip, "reserved flag");
	}
}

/* The last eight bytes of gzip are CRC and length, the last four of zstd a checksum. */
static void every_damaged_check(void)
{
	for (size_t i = 1; i <= 8; i++) {
		struct memory gzip = { 0 };

		append(&gzip, gzip_hello, sizeof(gzip_hello));
		gzip.bytes[gzip.size - i] ^= 1;
		expect_error(COMPRESSION_GZIP, &gzip, "gzip: ");
	}
	for (size_t i = 1; i <= 4; i++) {
		struct memory zstd = { 0 };

		append(&zstd, zstd_hello, sizeof(zstd_hello));
		zstd.bytes[zstd.size - i] ^= 1;
		expect_error(COMPRESSION_ZSTD, &zstd, "checksum");
	}
}

static void mislabelled(void)
{
	struct memory gzip = { 0 }, zstd = { 0 }, plain = { 0 }, empty = { 0 };

	append(&gzip, gzip_hello, sizeof(gzip_hello));
	expect_error(COMPRESSION_ZSTD, &gzip, "should be zstd, but is gzip");
	append(&zstd, zstd_hello, sizeof(zstd_hello));
	expect_error(COMPRESSION_GZIP, &zstd, "should be gzip, but is zstd");
	append(&plain, "hello\n", 6);
	expect_error(COMPRESSION_GZIP, &plain, "should be gzip, but is something else");
	expect_error(COMPRESSION_GZIP, &empty, "should be gzip");
	expect_error(COMPRESSION_ZSTD, &empty, "should be zstd");
	expect(COMPRESSION_NONE, &empty, "");
}

static void plain_that_is_not(void)
{
	struct memory gzip = { .step = 64 };
	char got[64];
	struct error err;

	append(&gzip, gzip_hello, sizeof(gzip_hello));
	CHECK_INT(-EINVAL, read_all(&codecs[4], &gzip, 32, got, &err));
	CHECK_CONTAINS("should be uncompressed, but is gzip", err.text);
}

/* A frame header that wants a window of 2^28 bytes; the data would come behind. */
static void large_window(void)
{
	static const unsigned char header[] = { 0x28, 0xb5, 0x2f, 0xfd, 0x00, (28 - 10) << 3, 0x01, 0x00, 0x00 };
	struct memory zstd = { 0 };

	append(&zstd, header, sizeof(header));
	expect_error(COMPRESSION_ZSTD, &zstd, "zstd: ");
}

static void source_fails(void)
{
	struct memory memory = { .step = SIZE_MAX };
	char got[64];
	struct error err;

	for (size_t i = 0; i < ARRAY_SIZE(codecs); i++) {
		CHECK_INT(-EIO, read_all(&codecs[i], &memory, 8, got, &err));
		CHECK_STR("the disk is on fire", err.text);
	}
}

static const struct test tests[] = {
	TEST(whole_streams),       TEST(many_members),   TEST(every_truncation),  TEST(garbage_behind),
	TEST(every_damaged_check), TEST(mislabelled),    TEST(plain_that_is_not), TEST(large_window),
	TEST(source_fails),        TEST(reserved_flags),
};

TEST_MAIN(tests)
