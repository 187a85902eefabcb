/* tree_compare.h - whole directory trees, which are hostile: by directory fds, no link is followed. */
#pragma once

#include "base/error.h"

/* Are two trees the same: names, types, modes, owners, times (not of the top), contents, links, devices, attributes?
   0, or -ESTALE with the first difference as text, or another error. */
int tree_compare(int a_fd, int b_fd, struct error *err);
