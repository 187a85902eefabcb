/*
 * record.h - what the store knows of one image: all that `run` and `list` need, in one small JSON file. The last thing
 * that is written when an image comes in and the first that goes.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "digest.h"

struct record_layer {
	const char *media_type;
	struct digest blob, diff_id;
	uint64_t blob_size, tar_size;
	bool opaque;  /* the layers below it are not to be seen: leave them out of an overlay */
	bool has_top; /* it says owner and mode of the root directory; of several the highest counts */
};

struct image_record {
	struct digest manifest; /* its hex is the image's id */
	const char *manifest_type;
	uint64_t manifest_size;
	struct digest config;
	uint64_t config_size;
	const char *os, *architecture, *variant; /* variant may be NULL */
	const char *created;                     /* RFC 3339 as the config says, or NULL */
	int64_t pulled;                          /* Unix time */
	struct record_layer *layers;             /* lowest first */
	size_t n_layers;
	struct record_layer *implied; /* n_implied, none or one: on top of all (layer_implied.h) */
	size_t n_implied;
};

/* name: for error texts. A record whose digests are no digests, or of another format, is refused. */
int record_decode(struct arena *arena, const char *name, const char *text, size_t length, struct image_record *ret,
		  struct error *err);
char *record_encode(const struct image_record *record, size_t *ret_length); /* caller frees */
