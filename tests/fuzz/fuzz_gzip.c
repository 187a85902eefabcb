/* fuzz_gzip.c - any bytes as gzip, by libisal and by zlib: both take or refuse them, and then make the same of them. */
#include "tests/fuzz/inflate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct decompress_options isal = { .compression = COMPRESSION_GZIP };
	const struct decompress_options zlib = { .compression = COMPRESSION_GZIP, .zlib = true };
	uint8_t *outputs = malloc(2 * (size_t)INFLATE_MAX);
	ssize_t by_isal, by_zlib;

	if (!outputs)
		abort();
	if (size > 0) {
		by_isal = inflate_all(&isal, data + 1, size - 1, data[0] + (size_t)1, outputs);
		by_zlib = inflate_all(&zlib, data + 1, size - 1, data[0] + (size_t)1, outputs + INFLATE_MAX);
		if ((by_isal < 0) != (by_zlib < 0))
			abort();
		if (by_isal >= 0 &&
		    (by_isal != by_zlib || memcmp(outputs, outputs + INFLATE_MAX, (size_t)by_isal) != 0))
			abort();
	}
	free(outputs);
	return 0;
}
