/* store_mounts.h - which images `coffer image mount` has mounted: the source of such a mount names store and image. */
#pragma once

#include "base/arena.h"
#include "store.h"

/* What to mount the image with this hex as; unlike paths it is short enough for fsconfig(2). */
const char *store_mount_source(const struct store *store, struct arena *arena, const char *hex);

/* Where it is mounted in this mount namespace, the first place; NULL: nowhere. */
const char *store_mounted_at(const struct store *store, struct arena *arena, const char *hex);
