/* fuzz_gzip.c - any bytes as gzip, by our own decoder, both its loops, and by zlib: all take or refuse them, and then
   make the same of them. */
#include "tests/fuzz/inflate.h"

enum { DECODERS = 3, OUTPUT_SIZE = DECOMPRESS_HISTORY + INFLATE_MAX };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct decompress_options decoders[DECODERS] = {
		{ .compression = COMPRESSION_GZIP, .zlib = true },
		{ .compression = COMPRESSION_GZIP },
		{ .compression = COMPRESSION_GZIP, .portable = true },
	};
	uint8_t *memory = malloc(DECODERS * (size_t)OUTPUT_SIZE), *first;
	ssize_t by_zlib = 0;

	if (!memory)
		abort();
	first = memory + DECOMPRESS_HISTORY;
	for (size_t i = 0; i < DECODERS && size > 0; i++) {
		uint8_t *const output = first + i * OUTPUT_SIZE;
		const ssize_t got = inflate_all(&decoders[i], data + 1, size - 1, data[0] * (size_t)4 + 1, output);

		if (i == 0)
			by_zlib = got;
		else if ((got < 0) != (by_zlib < 0) ||
			 (got >= 0 && (got != by_zlib || memcmp(first, output, (size_t)got) != 0)))
			abort();
	}
	free(memory);
	return 0;
}
