/*
 * decompress.h - the bytes of a compressed stream, by any of three codecs: gzip (RFC 1952) by our own decoder or by
 * zlib, zstd (RFC 8878), or plain. The stream is hostile. All members of a gzip file and all frames of a zstd file,
 * skippable ones too, are one stream; a stream that ends inside one, and bytes behind the last that begin none, are
 * errors.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/cleanup.h"
#include "base/error.h"

enum compression { COMPRESSION_NONE, COMPRESSION_GZIP, COMPRESSION_ZSTD, COMPRESSION_MAX };

/* Where bytes come from: fills at most size bytes; returns how many, 0 at the end, or -errno with text. */
struct byte_source {
	ssize_t (*read)(void *context, void *buffer, size_t size, struct error *err);
	void *context;
};

struct decompress_options {
	enum compression compression;
	bool zlib;     /* gzip by zlib instead of our own decoder */
	bool portable; /* our own without the instructions of newer processors; for tests, as zlib is */
	bool digested; /* the caller checks a digest of all that comes out, so the CRC of gzip is not; its length is */
	unsigned window_log; /* zstd: a frame that wants a larger window is refused; memory is up to 2^window_log */
};

struct decompress;

/* The source is borrowed, its context too. Never fails: what is wrong with a stream is found when it is read. */
struct decompress *decompress_open(const struct decompress_options *options, const struct byte_source *source);
void decompress_close(struct decompress *stream); /* NULL-safe */

enum { DECOMPRESS_HISTORY = 32 * 1024 };

/*
 * Fills buffer (size > 0) as far as the stream goes: returns size, less at the end, then 0; or -errno with text. After
 * an error only decompress_close() may follow. Matches of gzip are copied from what came out before: the last
 * DECOMPRESS_HISTORY bytes of it stay as they are until the next call. When that call is for the bytes right behind
 * them, they are used where they are; else they are copied to the DECOMPRESS_HISTORY bytes in front of the buffer,
 * which are lent for that. What is in the buffer behind the bytes returned is undefined.
 */

ssize_t decompress_read(struct decompress *stream, void *buffer, size_t size, struct error *err);

/* "gzip", "zstd", or "uncompressed". */
const char *compression_name(enum compression compression);

/* What the first bytes of a stream say. */
enum compression compression_of(const void *start, size_t size);

DEFINE_AUTO(decompress, struct decompress, decompress_close)
#define auto_decompress auto_cleanup(cleanup_decompress)
