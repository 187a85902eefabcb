/* decompress_codec.h - what decompress.c and the codecs share; private to decompress*.c. */
#pragma once

#include <stddef.h>

#include "base/error.h"

struct decompress_options;

struct codec_io {
	const unsigned char *in;
	size_t in_left;
	unsigned char *out;
	size_t out_left;
};

/* Members of gzip and frames of zstd are called members here. */
struct codec {
	void *(*open)(const struct decompress_options *options); /* aborts when memory is out */
	void (*close)(void *state);
	/* Consumes and produces what it can. 1: a member has just ended, what follows is left in io; 0: goes on; or
	   -EINVAL with text. */
	int (*step)(void *state, struct codec_io *io, struct error *err);
};

extern const struct codec codec_gzip, codec_zlib, codec_zstd;
