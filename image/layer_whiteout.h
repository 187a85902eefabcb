/* layer_whiteout.h - whiteouts as overlayfs has them. Private to layer*.c. */
#pragma once

#include <stdbool.h>
#include <sys/stat.h>

#include "base/error.h"

/* A character device 0:0. */
bool layer_is_whiteout(const struct stat *st);

/* True for a directory with the mark of an opaque one. */
bool layer_is_opaque(int dir_fd, bool user_xattrs);

/* Removes the whiteouts below opaque directories: nothing is there to hide, and overlayfs would list them. Times of
   directories stay. */
int layer_remove_hidden_whiteouts(int root_fd, bool user_xattrs, struct error *err);
