/* decompress_zstd.c - zstd by libzstd, which reads skippable frames as frames without content. */
#include "decompress_codec.h"

#include <stdlib.h>
#include <zstd.h>

#include "decompress.h"

static void *zstd_open(const struct decompress_options *options)
{
	ZSTD_DCtx *context = ZSTD_createDCtx();
	ZSTD_bounds bounds = ZSTD_dParam_getBounds(ZSTD_d_windowLogMax);
	int wanted = options->window_log > (unsigned)bounds.upperBound ? bounds.upperBound : (int)options->window_log;

	if (!context)
		abort();
	if (ZSTD_isError(ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax,
						wanted < bounds.lowerBound ? bounds.lowerBound : wanted)))
		abort();
	return context;
}

static void zstd_close(void *memory)
{
	(void)ZSTD_freeDCtx(memory);
}

static int zstd_step(void *memory, struct codec_io *io, struct error *err)
{
	ZSTD_inBuffer in = { .src = io->in, .size = io->in_left };
	ZSTD_outBuffer out = { .dst = io->out, .size = io->out_left };
	size_t r = ZSTD_decompressStream(memory, &out, &in);

	if (ZSTD_isError(r))
		return refuse(err, "zstd: %s", ZSTD_getErrorName(r));
	io->in += in.pos;
	io->in_left -= in.pos;
	io->out += out.pos;
	io->out_left -= out.pos;
	return r == 0;
}

const struct codec codec_zstd = { .open = zstd_open, .close = zstd_close, .step = zstd_step };
