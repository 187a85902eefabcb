/* unpack.h - a stored image as a bundle: a directory with rootfs and config.json (image-spec conversion.md). */
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "record.h"
#include "store.h"

/* Makes `path`, which must not exist; on failure what was made of it is removed. name: for an annotation. */
int unpack_bundle(const struct store *store, struct arena *arena, const struct image_record *record, const char *name,
		  const char *path, struct error *err);
