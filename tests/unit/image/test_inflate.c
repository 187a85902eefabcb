/*
 * test_inflate.c - gzip by our own decoder as by zlib: what zlib makes of many kinds of data, in pieces of any size,
 * and streams written bit by bit that are right or wrong in one way. Each is read by the loop for newer processors,
 * where this is one, by the one that runs anywhere, and by zlib.
 */
#include <errno.h>
#include <stdint.h>
#include <zlib.h>

#include "base/str.h"
#include "image/decompress.h"
#include "image/inflate.h"
#include "tests/unit/test.h"

enum { HEADER = 10, STREAM_MAX = 1 << 20, DATA_MAX = 100 * 1024, READ_MAX = 10000, BEHIND = 64 };

static const struct decompress_options decoders[] = {
	{ .compression = COMPRESSION_GZIP },
	{ .compression = COMPRESSION_GZIP, .portable = true },
	{ .compression = COMPRESSION_GZIP, .zlib = true },
};
enum { OURS = 2 }; /* of these */

static const unsigned char header[] = { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3 };

struct stream {
	unsigned char bytes[STREAM_MAX];
	size_t size, at, step;
	unsigned bit; /* of the last byte, to come next; 0: none is begun */
};

static ssize_t read_stream(void *context, void *buffer, size_t size, struct error *err)
{
	struct stream *stream = context;
	size_t part = stream->size - stream->at;

	(void)err;
	part = part > stream->step ? stream->step : part;
	part = part > size ? size : part;
	memcpy(buffer, stream->bytes + stream->at, part);
	stream->at += part;
	return (ssize_t)part;
}

/* Into data, which has the history in front, by reads of `piece`: how much, or -errno. */
static ssize_t decode(const struct decompress_options *options, struct stream *stream, size_t step, size_t piece,
		      unsigned char *data, struct error *err)
{
	const struct byte_source source = { .read = read_stream, .context = stream };
	auto_decompress struct decompress *decompress = decompress_open(options, &source);
	size_t done = 0;
	ssize_t got;

	stream->at = 0;
	stream->step = step;
	do {
		got = decompress_read(decompress, data + done, piece, err);
		if (got < 0)
			return got;
		done += (size_t)got;
		CHECK(done <= DATA_MAX);
	} while ((size_t)got == piece);
	return (ssize_t)done;
}

/* The same with one buffer for all reads. */
static ssize_t decode_in_place(const struct decompress_options *options, struct stream *stream, size_t piece,
			       unsigned char *data, struct error *err)
{
	const struct byte_source source = { .read = read_stream, .context = stream };
	auto_decompress struct decompress *decompress = decompress_open(options, &source);
	auto_free unsigned char *memory = xcalloc(1, DECOMPRESS_HISTORY + piece);
	size_t done = 0;
	ssize_t got;

	stream->at = 0;
	stream->step = SIZE_MAX;
	while ((got = decompress_read(decompress, memory + DECOMPRESS_HISTORY, piece, err)) > 0) {
		CHECK(done + (size_t)got <= DATA_MAX);
		memcpy(data + done, memory + DECOMPRESS_HISTORY, (size_t)got);
		done += (size_t)got;
	}
	return got < 0 ? got : (ssize_t)done;
}

static unsigned char *new_data(void)
{
	return xcalloc(1, DECOMPRESS_HISTORY + DATA_MAX + READ_MAX);
}

/* ---- what zlib writes ---- */

static uint32_t next_random(uint32_t *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8;
}

static void make_noise(unsigned char *data, uint32_t *state)
{
	for (size_t i = 0; i < DATA_MAX; i++)
		data[i] = (unsigned char)next_random(state);
}

static void make_text(unsigned char *data, uint32_t *state)
{
	for (size_t i = 0; i < DATA_MAX; i++)
		data[i] = (unsigned char)('a' + next_random(state) % 16 * (next_random(state) % 3));
}

/* All distances from 1 to 300 and near all lengths. */
static void make_runs(unsigned char *data, uint32_t *state)
{
	for (size_t at = 0; at < DATA_MAX;) {
		const size_t distance = next_random(state) % 300 + 1;

		for (size_t left = next_random(state) % 300 + 1; left > 0 && at < DATA_MAX; left--, at++)
			data[at] = at < distance ? (unsigned char)next_random(state) : data[at - distance];
		if (at < DATA_MAX)
			data[at++] = (unsigned char)next_random(state);
	}
}

/* What comes again after the whole window, less what zlib does not reach. */
static void make_far(unsigned char *data, uint32_t *state)
{
	const size_t distance = INFLATE_HISTORY - 262;

	for (size_t i = 0; i < DATA_MAX; i++)
		data[i] = i < distance ? (unsigned char)next_random(state) : data[i - distance];
}

/* One literal so frequent, others so rare that codes are as long as they can be. */
static void make_skewed(unsigned char *data, uint32_t *state)
{
	for (size_t i = 0; i < DATA_MAX; i++)
		data[i] = (unsigned char)__builtin_ctz(next_random(state) | 1U << 23);
}

static void compress_data(const unsigned char *data, size_t size, int level, int strategy, struct stream *ret)
{
	z_stream zlib = { 0 };

	CHECK_INT(Z_OK, deflateInit2(&zlib, level, Z_DEFLATED, MAX_WBITS + 16, 8, strategy));
	zlib.next_in = (unsigned char *)data;
	zlib.avail_in = (unsigned)size;
	zlib.next_out = ret->bytes + ret->size;
	zlib.avail_out = (unsigned)(STREAM_MAX - ret->size);
	CHECK_INT(Z_STREAM_END, deflate(&zlib, Z_FINISH));
	ret->size = STREAM_MAX - zlib.avail_out;
	(void)deflateEnd(&zlib);
}

static void expect_data(struct stream *stream, const unsigned char *data, size_t size)
{
	static const size_t steps[][2] = {
		{ SIZE_MAX, DATA_MAX + 1 }, { 4096, 1000 }, { 17, 321 }, { 100, 7 }, { 1, 33 }
	};
	auto_free unsigned char *got = new_data();
	struct error err;

	for (size_t i = 0; i < OURS; i++) {
		for (size_t k = 0; k < ARRAY_SIZE(steps); k++) {
			memset(got, 0, DECOMPRESS_HISTORY + DATA_MAX);
			CHECK_INT(size, decode(&decoders[i], stream, steps[k][0], steps[k][1], got + DECOMPRESS_HISTORY,
					       &err));
			CHECK(memcmp(data, got + DECOMPRESS_HISTORY, size) == 0);
		}
		CHECK_INT(size, decode_in_place(&decoders[i], stream, 5000, got + DECOMPRESS_HISTORY, &err));
		CHECK(memcmp(data, got + DECOMPRESS_HISTORY, size) == 0);
	}
}

static void what_zlib_writes(void)
{
	static void (*const makers[])(unsigned char *, uint32_t *) = { make_noise, make_text, make_runs, make_far,
								       make_skewed };
	static const struct {
		int level, strategy;
	} ways[] = { { 0, Z_DEFAULT_STRATEGY },
		     { 1, Z_DEFAULT_STRATEGY },
		     { 6, Z_DEFAULT_STRATEGY },
		     { 9, Z_DEFAULT_STRATEGY },
		     { 6, Z_HUFFMAN_ONLY },
		     { 6, Z_RLE },
		     { 6, Z_FIXED } };
	auto_free unsigned char *data = xcalloc(1, DATA_MAX);
	auto_free struct stream *stream = xcalloc(1, sizeof(*stream));
	uint32_t state = 1;

	for (size_t i = 0; i < ARRAY_SIZE(makers); i++) {
		makers[i](data, &state);
		for (size_t k = 0; k < ARRAY_SIZE(ways); k++) {
			stream->size = 0;
			compress_data(data, DATA_MAX, ways[k].level, ways[k].strategy, stream);
			expect_data(stream, data, DATA_MAX);
		}
	}
}

/* Members that end anywhere in a piece, and do not reach back into the one before. */
static void many_members(void)
{
	auto_free unsigned char *data = xcalloc(1, DATA_MAX);
	auto_free struct stream *stream = xcalloc(1, sizeof(*stream));
	uint32_t state = 2;
	size_t size = 0;

	make_text(data, &state);
	for (size_t part = 0; part < 300; size += part++)
		compress_data(data + size, part, (int)(part % 10), part % 3 ? Z_DEFAULT_STRATEGY : Z_FIXED, stream);
	expect_data(stream, data, size);
}

static void every_split(void)
{
	auto_free unsigned char *data = xcalloc(1, DATA_MAX), *got = new_data();
	auto_free struct stream *stream = xcalloc(1, sizeof(*stream));
	const size_t size = 700;
	uint32_t state = 3;
	struct error err;

	make_runs(data, &state);
	compress_data(data, size, 6, Z_DEFAULT_STRATEGY, stream);
	for (size_t i = 0; i < OURS; i++)
		for (size_t split = 1; split <= size; split++) {
			const size_t step = split < stream->size ? split : stream->size;

			CHECK_INT(size, decode(&decoders[i], stream, step, DATA_MAX, got + DECOMPRESS_HISTORY, &err));
			CHECK(memcmp(data, got + DECOMPRESS_HISTORY, size) == 0);
			CHECK_INT(size, decode(&decoders[i], stream, SIZE_MAX, split, got + DECOMPRESS_HISTORY, &err));
			CHECK(memcmp(data, got + DECOMPRESS_HISTORY, size) == 0);
		}
}

/* Any byte of it changed: taken or refused as by zlib. */
static void every_damage(void)
{
	auto_free unsigned char *data = xcalloc(1, DATA_MAX), *ours = new_data(), *zlib = new_data();
	auto_free struct stream *stream = xcalloc(1, sizeof(*stream));
	uint32_t state = 4;
	struct error err;

	make_runs(data, &state);
	compress_data(data, 3000, 6, Z_DEFAULT_STRATEGY, stream);
	for (size_t at = HEADER; at < stream->size; at++)
		for (unsigned bit = 0; bit < 8; bit += 3) {
			stream->bytes[at] ^= (unsigned char)(1U << bit);
			for (size_t i = 0; i < OURS; i++) {
				const ssize_t a =
					decode(&decoders[i], stream, SIZE_MAX, 9999, ours + DECOMPRESS_HISTORY, &err);
				const ssize_t b = decode(&decoders[OURS], stream, SIZE_MAX, 9999,
							 zlib + DECOMPRESS_HISTORY, &err);

				CHECK_INT(b, a);
				CHECK(a < 0 || memcmp(ours, zlib, DECOMPRESS_HISTORY + (size_t)a) == 0);
			}
			stream->bytes[at] ^= (unsigned char)(1U << bit);
		}
}

/* ---- bit by bit ---- */

static void put_bit(struct stream *stream, unsigned bit)
{
	if (stream->bit == 0)
		stream->bytes[stream->size++] = 0;
	stream->bytes[stream->size - 1] |= (unsigned char)(bit << stream->bit);
	stream->bit = (stream->bit + 1) % 8;
}

/* Bits in their order: codes as in RFC 1951, numbers from their lowest. Behind them what no decoder should need: enough
   for the fast loop, if there is room for that much output. */
static void write_bits(struct stream *stream, const char *bits)
{
	memcpy(stream->bytes, header, HEADER);
	stream->size = HEADER;
	stream->bit = 0;
	for (; *bits; bits++)
		if (*bits != ' ')
			put_bit(stream, *bits == '1');
	memset(stream->bytes + stream->size, 0, BEHIND);
	stream->size += BEHIND;
}

#define STORED  "1 00 "
#define FIXED   "1 10 "
#define DYNAMIC "1 01 "
/* Numbers of codes: 257, 1; lengths of the precode's 18 and 1 are 1: so 0 is a length of 1, 1 and 7 bits repeat 0. */
#define COUNTS_1 DYNAMIC "00000 00000 0111 000 000 100 000 000000 000000 000000 000000 000000 000000 000 100 "
/* The same with 3 and with 11 distances. */
#define COUNTS_3  DYNAMIC "00000 01000 0111 000 000 100 000 000000 000000 000000 000000 000000 000000 000 100 "
#define COUNTS_11 DYNAMIC "00000 01010 0111 000 000 100 000 000000 000000 000000 000000 000000 000000 000 100 "
#define ZEROS(n)  "1 " n " " /* 11 and this, from the lowest bit */
#define ZEROS_138 ZEROS("1111111")

static const struct {
	const char *bits, *error;
} wrong[] = {
	{ "1 11", "a block of no known type" },
	{ STORED "00000 1000000000000000 0111111111111110", "a stored block whose sizes differ" },
	{ DYNAMIC "11111 00000 0000", "a block with more codes than there are" },
	{ DYNAMIC "00000 11111 0000", "a block with more codes than there are" },
	{ DYNAMIC "00000 00000 0000 100 100 100 000", "codes of code lengths that are no code" }, /* too many */
	{ DYNAMIC "00000 00000 0000 100 000 000 000", "codes of code lengths that are no code" }, /* too few */
	{ DYNAMIC "00000 00000 0000 000 000 000 000", "codes of code lengths that are no code" }, /* none */
	{ DYNAMIC "00000 00000 0000 100 000 000 100 1 00", "a code length repeated before the first" },
	{ COUNTS_1 ZEROS_138 ZEROS_138, "more code lengths than codes" },
	{ COUNTS_1 "0 0 " ZEROS_138 ZEROS("1101011"), "a block without a code for its end" },
	{ COUNTS_1 "0 0 " ZEROS_138 ZEROS("1001011") "0 0", "codes of literals and lengths that are no code" },
	{ COUNTS_3 "0 " ZEROS_138 ZEROS("0101011") "0 0 0 0", "codes of distances that are no code" },
	{ FIXED "0000001 00000", "a match from before the start" },
	{ FIXED "00110000 0000001 00001", "a match from before the start" },
	{ FIXED "00110000 0000001 11110", "a code that means nothing" },
	{ FIXED "11000110", "a code that means nothing" },
	/* The end is the only code. */
	{ COUNTS_1 ZEROS_138 ZEROS("1101011") "0 0 1", "a code that means nothing" },
};

/* By all decoders, in large and in small pieces. */
static void errors(void)
{
	auto_free struct stream *stream = xcalloc(1, sizeof(*stream));
	auto_free unsigned char *data = new_data();
	struct error err;

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		for (size_t k = 0; k < ARRAY_SIZE(decoders); k++)
			for (size_t step = 1; step < 100; step += 49) {
				const size_t piece = step == 99 ? 4096 : step;

				write_bits(stream, wrong[i].bits);
				CHECK_INT(-EINVAL,
					  decode(&decoders[k], stream, step, piece, data + DECOMPRESS_HISTORY, &err));
				if (k < OURS)
					CHECK_CONTAINS(wrong[i].error, err.text);
			}
}

/* What zlib takes, too: codes with one symbol, and none for distances. */
static void short_codes(void)
{
	static const struct {
		const char *bits, *text;
		size_t size;
	} right[] = {
		{ COUNTS_1 ZEROS_138 ZEROS("1101011") "0 0 0", "", 0 },
		{ COUNTS_11 "0 " ZEROS_138 ZEROS("0101011") "0 " ZEROS("0000000") "0 0 1", "\0\0", 2 },
		{ FIXED "01110001 01110010 0000001 00000 0000000", "ABBBB", 5 },
		{ FIXED "0000000", "", 0 },
	};
	auto_free struct stream *stream = xcalloc(1, sizeof(*stream));
	auto_free unsigned char *data = new_data();
	struct error err;

	for (size_t i = 0; i < ARRAY_SIZE(right); i++)
		for (size_t k = 0; k < ARRAY_SIZE(decoders); k++) {
			const size_t size = right[i].size;
			const uint32_t sums[] = {
				(uint32_t)crc32(0, (const unsigned char *)right[i].text, (unsigned)size), (uint32_t)size
			};

			write_bits(stream, right[i].bits);
			stream->size -= BEHIND;
			memcpy(stream->bytes + stream->size, sums, sizeof(sums));
			stream->size += sizeof(sums);
			CHECK_INT(size, decode(&decoders[k], stream, 3, 9, data + DECOMPRESS_HISTORY, &err));
			CHECK(memcmp(right[i].text, data + DECOMPRESS_HISTORY, size) == 0);
		}
}

/* With a digest of the data the CRC says nothing new; the length is checked. */
static void checksum(void)
{
	const struct decompress_options digested = { .compression = COMPRESSION_GZIP, .digested = true };
	auto_free struct stream *stream = xcalloc(1, sizeof(*stream));
	auto_free unsigned char *data = new_data();
	struct error err;

	compress_data((const unsigned char *)"text", 4, 6, Z_DEFAULT_STRATEGY, stream);
	stream->bytes[stream->size - 5] ^= 1;
	CHECK_INT(-EINVAL, decode(&decoders[0], stream, 9, 9, data + DECOMPRESS_HISTORY, &err));
	CHECK_STR("gzip: wrong checksum or length at the end of a member", err.text);
	CHECK_INT(4, decode(&digested, stream, 9, 9, data + DECOMPRESS_HISTORY, &err));
	stream->bytes[stream->size - 1] ^= 1;
	CHECK_INT(-EINVAL, decode(&digested, stream, 9, 9, data + DECOMPRESS_HISTORY, &err));
}

/* All fields of a header, with its own CRC or a wrong one. */
static void headers(void)
{
	static const unsigned char fields[] = { 0x1f, 0x8b, 8, 0x1f, 0, 0, 0, 0, 0, 3, 2, 0, 'e', 'x', 'n', 0, 'c', 0 };
	auto_free struct stream *plain = xcalloc(1, sizeof(*plain)), *stream = xcalloc(1, sizeof(*stream));
	auto_free unsigned char *data = new_data();
	const uint32_t crc = (uint32_t)crc32(0, fields, sizeof(fields));
	struct error err;

	compress_data((const unsigned char *)"text", 4, 6, Z_DEFAULT_STRATEGY, plain);
	memcpy(stream->bytes, fields, sizeof(fields));
	memcpy(stream->bytes + sizeof(fields), &crc, 2);
	memcpy(stream->bytes + sizeof(fields) + 2, plain->bytes + HEADER, plain->size - HEADER);
	stream->size = sizeof(fields) + 2 + plain->size - HEADER;
	for (size_t i = 0; i < ARRAY_SIZE(decoders); i++)
		for (size_t step = 1; step < 30; step++)
			CHECK_INT(4, decode(&decoders[i], stream, step, 9, data + DECOMPRESS_HISTORY, &err));
	stream->bytes[sizeof(fields)] ^= 1;
	CHECK_INT(-EINVAL, decode(&decoders[0], stream, 9, 9, data + DECOMPRESS_HISTORY, &err));
	CHECK_STR("gzip: wrong checksum of a member's header", err.text);
	stream->bytes[2] = 7;
	CHECK_INT(-EINVAL, decode(&decoders[0], stream, 9, 9, data + DECOMPRESS_HISTORY, &err));
	CHECK_STR("gzip: unknown compression method", err.text);
}

static const struct test tests[] = {
	TEST(what_zlib_writes), TEST(many_members), TEST(every_split), TEST(every_damage),
	TEST(errors),           TEST(short_codes),  TEST(checksum),    TEST(headers),
};

TEST_MAIN(tests)
