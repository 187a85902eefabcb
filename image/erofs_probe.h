/* erofs_probe.h - layers that are EROFS images, mounted; can containers start from them? */
#pragma once

#include "base/error.h"

/* A detached, read-only mount of the image file; -1 and errno. */
int erofs_mount(int image_fd);

/* Makes a small image in the directory, mounts it and an overlay of two of its directories, all detached; nothing is
   left. 0, or -EOPNOTSUPP with text: what the kernel does not do, and since when it does. */
int erofs_probe(int dir_fd, struct error *err);
