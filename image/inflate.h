/*
 * inflate.h - DEFLATE (RFC 1951), as a stream: any pieces of input, any pieces of output. The input is hostile. What is
 * put out is written once and read again as the history of matches, so it has to stay where it is.
 *
 *	inflate.c	blocks, their headers, and codes near the end of a piece: a byte at a time
 *	inflate_fast.c	codes where there is enough of both
 *	inflate_table.c	the tables of both
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "decompress_codec.h"
#include "inflate_table.h"

enum { INFLATE_HISTORY = 32 * 1024 }; /* how far back a match can reach: 3.2.5 */

enum inflate_state {
	INFLATE_BLOCK, /* its header comes next */
	INFLATE_STORED_SIZE,
	INFLATE_STORED,
	INFLATE_COUNTS,
	INFLATE_PRECODE,
	INFLATE_LENGTHS,
	INFLATE_CODES,
	INFLATE_ENDED,
	INFLATE_STATES,
};

struct inflate {
	uint64_t bits;   /* taken from the input and not used yet, the next one lowest; those beyond are 0 */
	unsigned n_bits; /* below 64 */
	enum inflate_state state;
	bool last;                    /* this block */
	bool modern;                  /* inflate_modern() */
	const unsigned char *history; /* where it begins, during a step */
	size_t left;                  /* of a stored block, or of a match */
	size_t distance;              /* of that match */
	size_t n_litlen, n_distance;  /* codes of a dynamic block */
	size_t n_precode, at;         /* lengths in the header, and which is next */
	uint8_t lengths[LITLEN_SYMBOLS + DISTANCE_SYMBOLS];
	uint8_t precode_lengths[PRECODE_SYMBOLS];
	uint32_t precode[PRECODE_ENTRIES];
	uint32_t litlen[LITLEN_ENTRIES];
	uint32_t distances[DISTANCE_ENTRIES];
};

/* Whether this processor has the instructions of a faster build of the loop. */
bool inflate_modern(void);

/* At the start of a stream; modern: as above, or false for the loop that runs anywhere. */
void inflate_begin(struct inflate *inflate, bool modern);

/*
 * Consumes and produces what it can; matches reach back to `history`, which is io->out or bytes in front of it. Bytes
 * behind io->out that it did not count may be overwritten, all within io->out_left. 1: at the end of the stream, and
 * what follows is read by inflate_take(); 0: more input or room is wanted; or -EINVAL with text, then nothing may
 * follow. Fewer than 64 bits are kept from one step to the next.
 */
int inflate_step(struct inflate *inflate, const unsigned char *history, struct codec_io *io, struct error *err);

/* Up to 32 bits, from the lowest. False: that needs more input, and all there was is taken. */
bool inflate_take(struct inflate *inflate, struct codec_io *io, unsigned count, uint32_t *ret);

enum inflate_found { INFLATE_MORE, INFLATE_BLOCK_END, INFLATE_BAD_CODE, INFLATE_BAD_DISTANCE };

/* Private to inflate*.c: what inflate_fast() takes for granted, and codes as long as it is so. MORE: not any more. */
enum { FAST_IN = 16, FAST_OUT = 320 };
enum inflate_found inflate_fast(struct inflate *inflate, struct codec_io *io);
