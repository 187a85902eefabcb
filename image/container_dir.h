/*
 * container_dir.h - containers/ID of the store after its maker: what a killed `coffer run --image`, or a reboot,
 * has left.
 *
 * Who makes such a directory, or runs its container in the foreground, holds a flock on it; its file "state" names the
 * container's state directory, which is gone after a reboot. Neither: nobody needs it any more.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "store.h"

/* Takes the lock of the directory fd, without waiting; true if it could and there is no such state directory. */
bool container_dir_left_over(int dir_fd);

/* Removes all that is left over; *ret_count of them. One that is made meanwhile is left alone. */
int container_dirs_prune(const struct store *store, size_t *ret_count, struct error *err);
