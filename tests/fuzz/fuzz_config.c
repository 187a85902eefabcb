/* fuzz_config.c - any bytes as config.json: reading and validating end in a config or in one error of one line. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/validate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_config struct config *config = NULL;
	struct error err = { 0 };
	int r = config_parse("/bundle", "config.json", (const char *)data, size, &config, &err);

	if (r == 0)
		r = config_validate(config, &err);
	if (r == 0)
		return 0;
	if (r != -err.code || err.code <= 0 || strncmp(err.text, "config.json:", strlen("config.json:")) != 0)
		abort();
	for (const char *c = err.text; *c; c++)
		if ((unsigned char)*c < ' ')
			abort();
	return 0;
}
