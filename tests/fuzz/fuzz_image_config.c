/* fuzz_image_config.c - any bytes as an image configuration. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "image/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_arena struct arena *arena = arena_new();
	struct image_config config;
	struct error err = { 0 };
	int r = image_config_decode(arena, (const char *)data, size, &config, &err);

	if (r < 0) {
		if (err.code <= 0 || r != -err.code || !memchr(err.text, '\0', sizeof(err.text)))
			abort();
		return 0;
	}
	if (!config.platform.os || !config.platform.architecture)
		abort();
	if (str_list_length(config.volumes) != config.n_volumes)
		abort();
	for (size_t i = 0; i < config.n_diff_ids; i++)
		if (strlen(config.diff_ids[i].hex) < 64)
			abort();
	return 0;
}
