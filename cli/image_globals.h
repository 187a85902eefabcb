/* image_globals.h - the options of coffer-image before the command. */
#pragma once

#include <stdbool.h>

struct image_globals {
	const char *store; /* NULL: store_default_path() */
	bool version;
};
