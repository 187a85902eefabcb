/* tar_sparse.h - the map of a GNU sparse file: which ranges have data; private to tar*.c. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct tar_region {
	uint64_t offset, size;
};

struct tar_map {
	struct tar_region *regions;
	size_t count, capacity;
};

void tar_map_clear(struct tar_map *map);
void tar_map_add(struct tar_map *map, uint64_t offset, uint64_t size); /* the caller bounds the count */

/* Ranges ascend, do not overlap, end within the file, and have exactly as many bytes as are stored. */
int tar_map_check(const struct tar_map *map, uint64_t file_size, uint64_t stored, struct error *err);

/* A decimal number of at most 18 digits that ends at `end`; *text is moved behind it. 0 or -EINVAL without text. */
int tar_decimal(const char **text, const char *end, uint64_t *ret);

/* "offset,size,offset,size" of version 0.1. */
int tar_map_from_list(struct tar_map *map, const char *text, size_t length, struct error *err);
