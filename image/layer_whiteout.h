/* layer_whiteout.h - what in an unpacked layer is not the image's: whiteouts as overlayfs has them, and directories
   without an entry. Private to layer*.c. */
#pragma once

#include <stdbool.h>
#include <sys/stat.h>

#include "base/error.h"

/* A character device 0:0. */
bool layer_is_whiteout(const struct stat *st);

/* True for a directory with the mark of an opaque one. */
bool layer_is_opaque(int dir_fd, bool user_xattrs);

/*
 * A directory that no entry is there for, but something in it: root's, 0755, time 0 and, as a mark, a nanosecond, which
 * no tar without a pax header can say. Not marked is one whose name was removed first: it is not that of the layers
 * below. One that is marked and opaque is theirs, without what they have in it.
 */
enum { LAYER_IMPLIED_MODE = 0755, LAYER_IMPLIED_NS = 1 };
bool layer_is_implied(const struct stat *st);

/* Removes the whiteouts below opaque directories: nothing is there to hide, and overlayfs would list them. Times of
   directories stay. */
int layer_remove_hidden_whiteouts(int root_fd, bool user_xattrs, struct error *err);
