/*
 * config.h - the image configuration (image-spec config.md): what a program in this image is started with. From an
 * image: hostile. Bounds: 1 MiB, and every list by the JSON limits.
 */
#pragma once

#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/json.h"
#include "digest.h"
#include "manifest.h"

struct image_config {
	const char *user, *working_dir, *stop_signal;
	const char *const *env, *const *entrypoint, *const *cmd; /* NULL-terminated, or NULL */
	struct key_value *labels;
	size_t n_labels;
	const char **volumes, **exposed_ports;
	size_t n_volumes, n_exposed_ports;
	const char *author, *created;
	struct platform platform;
	struct digest *diff_ids;
	size_t n_diff_ids;
};

int image_config_decode(struct arena *arena, const char *text, size_t length, struct image_config *ret,
			struct error *err);
