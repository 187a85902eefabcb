/*
 * decompress.c - members and their boundaries, the same for all codecs; see decompress.h. At a boundary there is either
 * the end of the source or the magic number of a next member: a decoder would take less for granted, but each takes
 * something else.
 */
#include "decompress.h"

#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "base/str.h"
#include "decompress_codec.h"

enum { INPUT_SIZE = 32 * 1024, MAGIC_MAX = 4, SKIPPABLE = 5 };
enum { GZIP_FLAGS = 3, GZIP_RESERVED = 0xe0 }; /* where a member has its flags, and which mean nothing */

static const char *const names[] = {
	[COMPRESSION_NONE] = "uncompressed",
	[COMPRESSION_GZIP] = "gzip",
	[COMPRESSION_ZSTD] = "zstd",
};
static_assert(ARRAY_SIZE(names) == COMPRESSION_MAX, "a compression without a name");

struct decompress {
	enum compression compression;
	const struct codec *codec; /* NULL: plain bytes */
	void *state;
	struct byte_source source;
	bool source_ended;
	bool inside;      /* a member has begun and not ended */
	uint64_t members; /* that have begun */
	unsigned char *input;
	size_t at, length;
};

const char *compression_name(enum compression compression)
{
	return compression < COMPRESSION_MAX ? names[compression] : "unknown";
}

enum compression compression_of(const void *start, size_t size)
{
	static const unsigned char gzip[] = { 0x1f, 0x8b }, zstd[] = { 0x28, 0xb5, 0x2f, 0xfd };
	static const unsigned char skippable[] = { 0x2a, 0x4d, 0x18 }; /* behind 0x50 to 0x5f */
	const unsigned char *bytes = start;

	if (size >= sizeof(gzip) && memcmp(bytes, gzip, sizeof(gzip)) == 0)
		return COMPRESSION_GZIP;
	if (size >= sizeof(zstd) && memcmp(bytes, zstd, sizeof(zstd)) == 0)
		return COMPRESSION_ZSTD;
	if (size >= MAGIC_MAX && bytes[0] / 16 == SKIPPABLE && memcmp(bytes + 1, skippable, sizeof(skippable)) == 0)
		return COMPRESSION_ZSTD;
	return COMPRESSION_NONE;
}

struct decompress *decompress_open(const struct decompress_options *options, const struct byte_source *source)
{
	struct decompress *stream = xcalloc(1, sizeof(*stream));

	stream->compression = options->compression;
	stream->source = *source;
	stream->input = xcalloc(1, INPUT_SIZE);
	if (options->compression == COMPRESSION_GZIP)
		stream->codec = options->zlib ? &codec_zlib : &codec_gzip;
	if (options->compression == COMPRESSION_ZSTD)
		stream->codec = &codec_zstd;
	if (stream->codec)
		stream->state = stream->codec->open(options);
	return stream;
}

void decompress_close(struct decompress *stream)
{
	if (!stream)
		return;
	if (stream->codec)
		stream->codec->close(stream->state);
	free(stream->input);
	free(stream);
}

/* Reads on until `wanted` bytes are there or the source has ended. */
static int fill(struct decompress *stream, size_t wanted, struct error *err)
{
	if (stream->length - stream->at >= wanted || stream->source_ended)
		return 0;
	memmove(stream->input, stream->input + stream->at, stream->length - stream->at);
	stream->length -= stream->at;
	stream->at = 0;
	while (stream->length < wanted) {
		ssize_t got = stream->source.read(stream->source.context, stream->input + stream->length,
						  INPUT_SIZE - stream->length, err);

		if (got < 0)
			return (int)got;
		stream->source_ended = got == 0;
		if (got == 0)
			break;
		stream->length += (size_t)got;
	}
	return 0;
}

/* RFC 1952, 2.3.1.2: a reserved flag is an error, for it may mean a field of the header that is not known here.
   */
static bool has_reserved_flag(const struct decompress *stream)
{
	return stream->compression == COMPRESSION_GZIP && stream->length - stream->at > GZIP_FLAGS &&
	       (stream->input[stream->at + GZIP_FLAGS] & GZIP_RESERVED);
}

/* Between members: 1 when another begins, 0 at the end. */
static int begin_member(struct decompress *stream, struct error *err)
{
	const char *name = compression_name(stream->compression);
	enum compression found;
	size_t there;
	int r = fill(stream, MAGIC_MAX, err);

	if (r < 0)
		return r;
	there = stream->length - stream->at;
	if (there == 0 && stream->members > 0)
		return 0;
	found = compression_of(stream->input + stream->at, there);
	if (found == stream->compression) {
		if (has_reserved_flag(stream))
			return refuse(err, "%s: a reserved flag in a member's header", name);
		stream->members++;
		stream->inside = true;
		return 1;
	}
	if (stream->members > 0)
		return refuse(err, "%s: bytes behind the end that are not %s", name, name);
	return refuse(err, "should be %s, but is %s", name,
		      found == COMPRESSION_NONE ? "something else" : compression_name(found));
}

/* One step inside a member; one that gets nowhere is a member cut off. */
static int step(struct decompress *stream, struct codec_io *out, struct error *err)
{
	struct codec_io io = { .out = out->out, .out_left = out->out_left };
	size_t before;
	int r = fill(stream, 1, err);

	if (r < 0)
		return r;
	before = stream->length - stream->at;
	io.in = stream->input + stream->at;
	io.in_left = before;
	r = stream->codec->step(stream->state, &io, err);
	if (r < 0)
		return r;
	if (r == 0 && io.in_left == before && io.out_left == out->out_left)
		return refuse(err, "%s: cut off", compression_name(stream->compression));
	stream->at += before - io.in_left;
	stream->inside = r == 0;
	*out = io;
	return 0;
}

static ssize_t read_plain(struct decompress *stream, unsigned char *buffer, size_t size, struct error *err)
{
	size_t done = 0;

	while (done < size) {
		ssize_t got = stream->source.read(stream->source.context, buffer + done, size - done, err);

		if (got < 0)
			return got;
		if (got == 0)
			break;
		done += (size_t)got;
	}
	if (stream->members++ == 0 && compression_of(buffer, done) != COMPRESSION_NONE)
		return refuse(err, "should be uncompressed, but is %s", compression_name(compression_of(buffer, done)));
	return (ssize_t)done;
}

ssize_t decompress_read(struct decompress *stream, void *buffer, size_t size, struct error *err)
{
	struct codec_io out = { .out = buffer, .out_left = size };

	if (!stream->codec)
		return read_plain(stream, buffer, size, err);
	while (out.out_left > 0) {
		int r = stream->inside ? 1 : begin_member(stream, err);

		if (r == 0)
			break;
		if (r > 0)
			r = step(stream, &out, err);
		if (r < 0)
			return r;
	}
	return (ssize_t)(size - out.out_left);
}
