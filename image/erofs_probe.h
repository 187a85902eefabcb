/* erofs_probe.h - can containers start from layers that are EROFS images? */
#pragma once

#include "base/error.h"

/* Makes a small image in the directory, mounts it and an overlay of two of its directories, all detached; nothing is
   left. 0, or -EOPNOTSUPP with text: what the kernel does not do, and since when it does. */
int erofs_probe(int dir_fd, struct error *err);
