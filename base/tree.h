/*
 * tree.h - a directory tree removed, whatever is in it.
 */
#pragma once

#include "error.h"

/*
 * Removes `name` in dir_fd, a file or a whole tree; a missing one is success. The tree may be hostile: symbolic links
 * are removed and not followed, any depth costs a few fds and little stack, and what is mounted below is left alone
 * (-EBUSY). Others may remove it at the same time.
 */
int tree_remove(int dir_fd, const char *name, struct error *err);
