/* layers_mount.h - the root that containers would get from layers, mounted at a path of the host, to be looked at. */
#pragma once

#include <sys/stat.h>

#include "base/error.h"
#include "namespaces/overlay.h"

/* Mounts overlay->lowers read-only on `target`, a directory; its root looks like `top`. overlay->dir is any directory.
   Linux 6.15, and the right to mount. */
int layers_mount(const struct overlay *overlay, const struct stat *top, const char *target, struct error *err);

/* Takes such a mount away; -EINVAL with text if `target` is none. */
int layers_unmount(const char *target, struct error *err);
