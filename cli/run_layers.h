/* run_layers.h - the layers of a stored image as overlayfs wants them. */
#pragma once

#include "base/arena.h"
#include "image/store.h"
#include "runtime/container.h"

/* Fills overlay->lowers, uppermost first, as far down as anything can be seen, in the arena. Returns the layer that
   says mode and owner of the root directory. */
const char *run_layers(const struct store *store, struct arena *arena, const struct image_record *record,
		       struct overlay *overlay);
