/* inflate.h - what the targets of decompress.c share: any bytes through a codec, at most 4 MiB of output. */
#pragma once

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "image/decompress.h"

enum { INFLATE_MAX = 4 << 20 };

struct inflate_input {
	const uint8_t *data;
	size_t left, piece;
};

static ssize_t inflate_read(void *context, void *buffer, size_t size, struct error *err)
{
	struct inflate_input *input = context;
	size_t part = input->left < input->piece ? input->left : input->piece;

	(void)err;
	part = part < size ? part : size;
	memcpy(buffer, input->data, part);
	input->data += part;
	input->left -= part;
	return (ssize_t)part;
}

/* All that comes out, to output, which has DECOMPRESS_HISTORY bytes in front; how much, or -errno. */
static ssize_t inflate_all(const struct decompress_options *options, const uint8_t *data, size_t size, size_t piece,
			   uint8_t *output)
{
	struct inflate_input input = { .data = data, .left = size, .piece = piece };
	const struct byte_source source = { .read = inflate_read, .context = &input };
	struct decompress *stream = decompress_open(options, &source);
	const size_t wanted = piece * 3 + 1;
	size_t done = 0;
	struct error err = { 0 };
	ssize_t got;

	do {
		const size_t part = wanted < INFLATE_MAX - done ? wanted : INFLATE_MAX - done;

		got = decompress_read(stream, output + done, part, &err);
		if (got > (ssize_t)part || (got < 0 && got != -err.code))
			abort();
		if (got < 0 || (size_t)got < part) {
			done += got > 0 ? (size_t)got : 0;
			break;
		}
		done += part;
	} while (done < INFLATE_MAX);
	decompress_close(stream);
	return got < 0 ? got : (ssize_t)done;
}
