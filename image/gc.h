/*
 * gc.h - images and what only they needed go. Under the store's exclusive lock what nobody refers to is moved to a
 * staging directory, which takes a rename each; it is removed after the lock was released.
 *
 * In use is what a record names (a damaged one may name anything), and what the keep file of a living pull names. The
 * image of a container (its file containers/<id>/image) cannot be removed.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "store.h"

struct gc_result {
	size_t images, layers, blobs;
	uint64_t blob_bytes;
	size_t damaged;    /* records that cannot be read: as long as there is one, no layer and no blob goes */
	const char **kept; /* gc_prune(): containers whose state is gone since a reboot, NULL-terminated; they stay */
};

/* Takes the name from its image, or, by id, all names: several only with force. The image goes with its last name; one
   that a container uses is refused, with force it loses the names only. One that is mounted (store_mounts.h) is
   refused, with force it goes, and the mount is left empty. */
int gc_remove(const struct store *store, struct arena *arena, const char *name_or_id, bool force,
	      struct gc_result *result, struct error *err);

/* Images without a name (all: every image) that no container uses and that are not mounted, unused blobs and layers,
   partial blobs, and what dead processes left. */
int gc_prune(const struct store *store, struct arena *arena, bool all, struct gc_result *result, struct error *err);
