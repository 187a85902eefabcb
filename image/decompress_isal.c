/* decompress_isal.c - gzip by libisal, which is twice as fast as zlib. It checks header, CRC and length of a member. */
#include "decompress_codec.h"

#include <isa-l/igzip_lib.h>
#include <stdlib.h>

#include "base/str.h"

enum { STEP_MAX = 1 << 30 };

static void *isal_open(unsigned window_log)
{
	struct inflate_state *state = xcalloc(1, sizeof(*state));

	(void)window_log;
	isal_inflate_init(state);
	state->crc_flag = ISAL_GZIP;
	return state;
}

static const char *reason(int code)
{
	switch (code) {
	case ISAL_INVALID_WRAPPER:
		return "wrong member header";
	case ISAL_UNSUPPORTED_METHOD:
		return "unknown compression method";
	case ISAL_INCORRECT_CHECKSUM:
		return "wrong checksum or length at the end of a member";
	case ISAL_INVALID_LOOKBACK:
		return "a match from before the start";
	case ISAL_NEED_DICT:
		return "a dictionary is wanted";
	default:
		return "invalid deflate data";
	}
}

static unsigned clamp(size_t size)
{
	return size > STEP_MAX ? STEP_MAX : (unsigned)size;
}

static int isal_step(void *memory, struct codec_io *io, struct error *err)
{
	struct inflate_state *state = memory;
	const unsigned in = clamp(io->in_left), out = clamp(io->out_left);
	int r;

	state->next_in = (uint8_t *)io->in; /* it does not write there */
	state->avail_in = in;
	state->next_out = io->out;
	state->avail_out = out;
	r = isal_inflate(state);
	if (r < 0 || r == ISAL_NEED_DICT)
		return refuse(err, "gzip: %s", reason(r));
	io->in += in - state->avail_in;
	io->in_left -= in - state->avail_in;
	io->out += out - state->avail_out;
	io->out_left -= out - state->avail_out;
	if (state->block_state != ISAL_BLOCK_FINISH)
		return 0;
	isal_inflate_reset(state);
	return 1;
}

const struct codec codec_isal = { .open = isal_open, .close = free, .step = isal_step };
