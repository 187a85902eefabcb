/* layer_pack.h - the attributes of a file as a layer has them. Private to layer*.c. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "tar.h"

enum { LAYER_ATTRIBUTES_PATH = 320 };

struct layer_attributes {
	struct tar_xattr *xattrs; /* sorted by name */
	size_t count;
};

/*
 * Those of fd, or when it is -1 of the path's last component itself. Without the machine's own and overlayfs's, whose
 * escaped ones are unescaped. What overlayfs keeps elsewhere (redirect, metacopy) is refused: the directory alone is
 * not the whole layer then.
 */
int layer_attributes_read(int fd, const char *path, bool user_xattrs, struct layer_attributes *ret, struct error *err);
void layer_attributes_free(struct layer_attributes *attributes);
