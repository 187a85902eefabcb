/* fuzz_zstd.c - any bytes as zstd frames, in pieces of two sizes: the same comes out, or both are refused. */
#include "tests/fuzz/inflate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct decompress_options zstd = { .compression = COMPRESSION_ZSTD, .window_log = 20 };
	uint8_t *outputs = malloc(2 * (size_t)INFLATE_MAX);
	ssize_t in_pieces, at_once;

	if (!outputs)
		abort();
	if (size > 0) {
		in_pieces = inflate_all(&zstd, data + 1, size - 1, data[0] + (size_t)1, outputs);
		at_once = inflate_all(&zstd, data + 1, size - 1, 1 << 16, outputs + INFLATE_MAX);
		if ((in_pieces < 0) != (at_once < 0))
			abort();
		if (in_pieces >= 0 &&
		    (in_pieces != at_once || memcmp(outputs, outputs + INFLATE_MAX, (size_t)in_pieces) != 0))
			abort();
	}
	free(outputs);
	return 0;
}
