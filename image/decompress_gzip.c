/*
 * decompress_gzip.c - members of gzip (RFC 1952): header, a DEFLATE stream, its CRC and length. The history of matches
 * is what was put out before, where it was put. The CRC takes time and says nothing new to a caller that has a digest
 * of the same bytes.
 */
#include "decompress_codec.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/str.h"
#include "decompress.h"
#include "inflate.h"

static_assert((int)DECOMPRESS_HISTORY >= (int)INFLATE_HISTORY, "a match may reach further back than history is kept");

enum { METHOD_DEFLATE = 8, HEADER_CRC = 2, HEADER_EXTRA = 4, HEADER_NAME = 8, HEADER_COMMENT = 16 };

enum part {
	PART_FIXED,
	PART_EXTRA_SIZE,
	PART_EXTRA,
	PART_NAME,
	PART_COMMENT,
	PART_CRC,
	PART_DATA,
	PART_SUM,
	PART_SIZE
};

struct gzip {
	enum part part;
	bool check_data, modern;
	uint32_t at;           /* bytes of this part so far */
	uint32_t flags, extra; /* of the header */
	uint32_t header_crc, crc, size;
	unsigned char *end; /* of what was put out */
	size_t history;     /* in front of it */
	struct inflate inflate;
};

static void begin(struct gzip *gzip)
{
	gzip->part = PART_FIXED;
	gzip->at = 0;
	gzip->header_crc = 0;
	gzip->crc = 0;
	gzip->size = 0;
	gzip->history = 0;
	inflate_begin(&gzip->inflate, gzip->modern);
}

static void *gzip_open(const struct decompress_options *options)
{
	struct gzip *gzip = xcalloc(1, sizeof(*gzip));

	gzip->check_data = !options->digested;
	gzip->modern = !options->portable && inflate_modern();
	begin(gzip);
	return gzip;
}

static void next_part(struct gzip *gzip)
{
	gzip->part++;
	gzip->at = 0;
}

static int fixed_byte(struct gzip *gzip, uint32_t byte, struct error *err)
{
	enum { METHOD = 2, FLAGS = 3, LAST = 9 }; /* the magic number was seen before */

	if (gzip->at == METHOD && byte != METHOD_DEFLATE)
		return refuse(err, "gzip: unknown compression method");
	if (gzip->at == FLAGS)
		gzip->flags = byte;
	if (gzip->at++ == LAST)
		next_part(gzip);
	return 0;
}

static int extra_size_byte(struct gzip *gzip, uint32_t byte, struct error *err)
{
	(void)err;
	gzip->extra = gzip->at == 0 ? byte : gzip->extra | byte << 8;
	if (gzip->at++ == 1)
		next_part(gzip);
	return 0;
}

static int extra_byte(struct gzip *gzip, uint32_t byte, struct error *err)
{
	(void)byte;
	(void)err;
	if (++gzip->at == gzip->extra)
		next_part(gzip);
	return 0;
}

static int text_byte(struct gzip *gzip, uint32_t byte, struct error *err)
{
	(void)err;
	if (byte == 0)
		next_part(gzip);
	return 0;
}

/* RFC 1952, 2.3.1: the lower half of the CRC of all before. */
static int crc_byte(struct gzip *gzip, uint32_t byte, struct error *err)
{
	if (byte != (gzip->header_crc >> 8 * gzip->at & UINT8_MAX))
		return refuse(err, "gzip: wrong checksum of a member's header");
	if (gzip->at++ == 1)
		next_part(gzip);
	return 0;
}

static bool is_absent(const struct gzip *gzip)
{
	static const uint8_t flags[] = {
		[PART_EXTRA_SIZE] = HEADER_EXTRA, [PART_EXTRA] = HEADER_EXTRA, [PART_NAME] = HEADER_NAME,
		[PART_COMMENT] = HEADER_COMMENT,  [PART_CRC] = HEADER_CRC,
	};

	return gzip->part != PART_FIXED &&
	       (!(gzip->flags & flags[gzip->part]) || (gzip->part == PART_EXTRA && gzip->extra == 0));
}

static int header_byte(struct gzip *gzip, uint32_t byte, struct error *err)
{
	static int (*const parts[])(struct gzip *, uint32_t, struct error *) = {
		[PART_FIXED] = fixed_byte, [PART_EXTRA_SIZE] = extra_size_byte, [PART_EXTRA] = extra_byte,
		[PART_NAME] = text_byte,   [PART_COMMENT] = text_byte,          [PART_CRC] = crc_byte,
	};
	static_assert(ARRAY_SIZE(parts) == PART_DATA, "a part of the header that nobody reads");
	const unsigned char bytes[] = { (unsigned char)byte };

	if (gzip->part != PART_CRC)
		gzip->header_crc = (uint32_t)crc32_z(gzip->header_crc, bytes, 1);
	return parts[gzip->part](gzip, byte, err);
}

/* 1: the data come next. */
static int read_header(struct gzip *gzip, struct codec_io *io, struct error *err)
{
	for (;;) {
		uint32_t byte;
		int r;

		while (gzip->part < PART_DATA && is_absent(gzip))
			next_part(gzip);
		if (gzip->part == PART_DATA)
			return 1;
		if (!inflate_take(&gzip->inflate, io, 8, &byte))
			return 0;
		r = header_byte(gzip, byte, err);
		if (r < 0)
			return r;
	}
}

/* 1: at their end. */
static int read_data(struct gzip *gzip, struct codec_io *io, struct error *err)
{
	unsigned char *const out = io->out;
	size_t made;
	int r;

	if (out != gzip->end && gzip->history > 0)
		memmove(out - gzip->history, gzip->end - gzip->history, gzip->history);
	r = inflate_step(&gzip->inflate, out - gzip->history, io, err);
	made = (size_t)(io->out - out);
	if (gzip->check_data)
		gzip->crc = (uint32_t)crc32_z(gzip->crc, out, made);
	gzip->size += (uint32_t)made;
	gzip->history = gzip->history + made < INFLATE_HISTORY ? gzip->history + made : INFLATE_HISTORY;
	gzip->end = io->out;
	return r;
}

/* These 64 bits are more than inflate keeps: so the next member begins with what is left in io. */
static int read_trailer(struct gzip *gzip, struct codec_io *io, struct error *err)
{
	uint32_t value;

	for (; gzip->part <= PART_SIZE; gzip->part++) {
		if (!inflate_take(&gzip->inflate, io, 32, &value))
			return 0;
		if (gzip->part == PART_SUM ? gzip->check_data && value != gzip->crc : value != gzip->size)
			return refuse(err, "gzip: wrong checksum or length at the end of a member");
	}
	return 1;
}

static int gzip_step(void *memory, struct codec_io *io, struct error *err)
{
	struct gzip *gzip = memory;
	int r = 1;

	if (gzip->part < PART_DATA)
		r = read_header(gzip, io, err);
	if (r == 1 && gzip->part == PART_DATA) {
		r = read_data(gzip, io, err);
		gzip->part += r == 1;
	}
	if (r == 1)
		r = read_trailer(gzip, io, err);
	if (r == 1)
		begin(gzip);
	return r;
}

const struct codec codec_gzip = { .open = gzip_open, .close = free, .step = gzip_step };
