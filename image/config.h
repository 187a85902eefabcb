/*
 * config.h - the image configuration (image-spec config.md): what a program in this image is started with. From an
 * image: hostile. Bounds: 1 MiB, and every list by the JSON limits.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/json.h"
#include "digest.h"
#include "manifest.h"

enum { IMAGE_CONFIG_MAX = 1024 * 1024 };

/* How a layer was made: for people. Every text may be NULL. */
struct image_history {
	const char *created, *created_by, *author, *comment;
	bool empty_layer;
};

struct image_config {
	const char *user, *working_dir, *stop_signal;            /* NULL: not said */
	const char *const *env, *const *entrypoint, *const *cmd; /* NULL-terminated, or NULL */
	struct key_value *labels;
	size_t n_labels;
	const char **volumes, **exposed_ports; /* NULL-terminated, or NULL */
	size_t n_volumes, n_exposed_ports;
	const char *author, *created;
	struct platform platform; /* os and architecture are there */
	struct digest *diff_ids;  /* lowest layer first */
	size_t n_diff_ids;
	struct image_history *history;
	size_t n_history;
};

int image_config_decode(struct arena *arena, const char *text, size_t length, struct image_config *ret,
			struct error *err);
