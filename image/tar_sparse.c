/* tar_sparse.c - see tar_sparse.h. */
#include "tar_sparse.h"

#include <errno.h>
#include <stdlib.h>

#include "base/str.h"

enum { DIGITS_MAX = 18, FIRST_CAPACITY = 16 };

void tar_map_clear(struct tar_map *map)
{
	free(map->regions);
	*map = (struct tar_map){ 0 };
}

void tar_map_add(struct tar_map *map, uint64_t offset, uint64_t size)
{
	if (map->count == map->capacity) {
		map->capacity = map->capacity ? 2 * map->capacity : FIRST_CAPACITY;
		map->regions = xreallocarray(map->regions, map->capacity, sizeof(*map->regions));
	}
	map->regions[map->count++] = (struct tar_region){ offset, size };
}

int tar_map_check(const struct tar_map *map, uint64_t file_size, uint64_t stored, struct error *err)
{
	uint64_t at = 0, sum = 0;

	for (size_t i = 0; i < map->count; i++) {
		const struct tar_region *region = &map->regions[i];

		if (region->offset < at)
			return refuse(err, "sparse map: range %zu overlaps the one before", i + 1);
		if (region->offset > file_size || region->size > file_size - region->offset)
			return refuse(err, "sparse map: range %zu ends behind the end of the file", i + 1);
		at = region->offset + region->size;
		sum += region->size; /* at most file_size in all */
	}
	if (sum != stored)
		return refuse(err, "sparse map: it has %llu bytes, but %llu are stored", (unsigned long long)sum,
			      (unsigned long long)stored);
	return 0;
}

int tar_decimal(const char **text, const char *end, uint64_t *ret)
{
	const char *at = *text;
	uint64_t value = 0;

	while (at < end && at - *text < DIGITS_MAX && *at >= '0' && *at <= '9')
		value = value * 10 + (uint64_t)(*at++ - '0');
	if (at == *text || (at < end && *at >= '0' && *at <= '9'))
		return -EINVAL;
	*text = at;
	*ret = value;
	return 0;
}

static bool take_comma(const char **text, const char *end)
{
	if (*text == end || **text != ',')
		return false;
	(*text)++;
	return true;
}

int tar_map_from_list(struct tar_map *map, const char *text, size_t length, struct error *err)
{
	const char *const end = text + length;

	while (text < end) {
		uint64_t offset, size;

		if (tar_decimal(&text, end, &offset) < 0 || !take_comma(&text, end) ||
		    tar_decimal(&text, end, &size) < 0 || (text < end && !take_comma(&text, end)))
			return refuse(err, "sparse map: not a list of numbers");
		tar_map_add(map, offset, size);
	}
	return 0;
}
