/*
 * container_dir.h - containers/ID of the store after its maker: what a killed `coffer run --image`, or a reboot,
 * has left.
 *
 * Who makes such a directory, or runs its container in the foreground, holds a flock on it; its file "state" names the
 * container's state directory, which is gone after a reboot. The file "boot" is there if the container is to stay when
 * it has ended, and says during which boot it was made.
 */
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "store.h"

enum container_dir_use {
	CONTAINER_DIR_USED,      /* somebody holds it, or there is a state directory */
	CONTAINER_DIR_KEPT,      /* made before the last reboot, to stay: only `coffer delete` removes it */
	CONTAINER_DIR_LEFT_OVER, /* of a killed run: nobody needs it any more */
};

/* Of the directory fd, whose lock is taken, without waiting; an error counts as use. */
enum container_dir_use container_dir_use(int dir_fd);

/* What the file "boot" has in it: the id of this boot, empty if the kernel does not say, in text. */
enum { CONTAINER_DIR_BOOT_SIZE = 40 };
const char *container_dir_boot(char text[static CONTAINER_DIR_BOOT_SIZE]);

/* Removes all that is left over; one that is made meanwhile is left alone. *ret_kept: the ids of those that are kept,
   NULL-terminated, in the arena. */
int container_dirs_prune(const struct store *store, struct arena *arena, const char ***ret_kept, struct error *err);
