/* decompress_zlib.c - gzip by zlib: what our own decoder is compared with. */
#include "decompress_codec.h"

#include <stdlib.h>
#include <zlib.h>

#include "base/str.h"
#include "decompress.h"

enum {
	GZIP_ONLY = 16, /* added to the window bits: no zlib wrapper, no detection */
	STEP_MAX = 1 << 30,
};

static void *zlib_open(const struct decompress_options *options)
{
	z_stream *stream = xcalloc(1, sizeof(*stream));

	(void)options;
	if (inflateInit2(stream, MAX_WBITS + GZIP_ONLY) != Z_OK)
		abort();
	return stream;
}

static void zlib_close(void *memory)
{
	if (memory)
		(void)inflateEnd(memory);
	free(memory);
}

static unsigned clamp(size_t size)
{
	return size > STEP_MAX ? STEP_MAX : (unsigned)size;
}

static int zlib_step(void *memory, struct codec_io *io, struct error *err)
{
	z_stream *stream = memory;
	const unsigned in = clamp(io->in_left), out = clamp(io->out_left);
	int r;

	stream->next_in = (unsigned char *)io->in; /* zlib does not write there */
	stream->avail_in = in;
	stream->next_out = io->out;
	stream->avail_out = out;
	r = inflate(stream, Z_NO_FLUSH);
	if (r != Z_OK && r != Z_STREAM_END && r != Z_BUF_ERROR)
		return refuse(err, "gzip: %s", stream->msg ? stream->msg : "invalid deflate data");
	io->in += in - stream->avail_in;
	io->in_left -= in - stream->avail_in;
	io->out += out - stream->avail_out;
	io->out_left -= out - stream->avail_out;
	if (r != Z_STREAM_END)
		return 0;
	if (inflateReset(stream) != Z_OK)
		abort();
	return 1;
}

const struct codec codec_zlib = { .open = zlib_open, .close = zlib_close, .step = zlib_step };
