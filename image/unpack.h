/* unpack.h - a stored image as a bundle: a directory with rootfs and config.json (image-spec conversion.md). */
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "record.h"
#include "store.h"

/* Makes `path`, which must not exist and comes into being as a whole: until then it is .NAME.unpack beside it, which is
   removed on failure, and by the next call when this one is killed. name: for an annotation. */
int unpack_bundle(const struct store *store, struct arena *arena, const struct image_record *record, const char *name,
		  const char *path, struct error *err);
