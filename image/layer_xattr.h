/* layer_xattr.h - extended attributes of layers, and those of overlayfs among them. Private to layer*.c. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "tar.h"

struct layer_xattr_rules {
	bool overlay;     /* escape what overlayfs reads, instead of leaving it out */
	bool user_xattrs; /* overlayfs reads user.overlay.* instead of trusted.overlay.* */
};

/* "trusted.overlay.opaque" or the user's. */
const char *layer_xattr_opaque(bool user_xattrs);
/* "trusted.overlay." or the user's. */
const char *layer_xattr_overlay_prefix(bool user_xattrs);

/* The name under which an attribute of an image is stored: buffer[LAYER_XATTR_NAME_SIZE] or `name` itself; NULL: it is
   left out. */
enum { LAYER_XATTR_NAME_SIZE = 256 + sizeof("overlay.") };
const char *layer_xattr_stored_name(const char *name, const struct layer_xattr_rules *rules, char *buffer);

/* Attributes that are the machine's and no part of an image: labels of SELinux and the like. */
bool layer_xattr_is_machines(const char *name);

/*
 * Sets an entry's attributes on fd, or when fd is -1 on `name` in parent_fd itself, which may be a symlink or device.
 * What is not possible there is counted in *skipped, but for file capabilities, which are an error.
 */
int layer_xattr_set(int fd, int parent_fd, const char *name, const struct tar_entry *entry,
		    const struct layer_xattr_rules *rules, uint64_t *skipped, struct error *err);

/* Removes those that a directory has and the entry merged into it has not. */
int layer_xattr_clear(int fd, const struct tar_entry *entry, const struct layer_xattr_rules *rules, struct error *err);
