/* store_list.h - every image of the store, with its names and who uses it. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "record.h"
#include "store.h"

struct stored_image {
	const char *damaged;        /* why the record cannot be read; NULL: it can */
	struct image_record record; /* damaged: the digest of the manifest only */
	const char *hex;
	const char **names; /* sorted; NULL-terminated */
	size_t n_names;
	const char **containers; /* ids that refer to it, NULL-terminated */
	size_t n_containers;
	uint64_t size; /* of its layers, unpacked: as tar */
};

/* Sorted by the first name, nameless ones at the end. */
int store_list(const struct store *store, struct arena *arena, struct stored_image **ret, size_t *ret_count,
	       struct error *err);

/* The image of the list with this hex, or NULL. */
struct stored_image *stored_image_by_hex(struct stored_image *images, size_t count, const char *hex);
