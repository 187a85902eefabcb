/*
 * copyup.h - "tmpcopyup": a new tmpfs starts with a copy of the directory it covers.
 */
#pragma once

#include "base/error.h"

/*
 * Copies the tree below source_fd (a directory in the hostile root) into target_fd (an empty, detached tmpfs):
 * directories, regular files, symlinks, owners, modes, times; other kinds are skipped. Never crosses a mount, never
 * follows a link; depth and entry count are bounded.
 */
int copyup_tree(int source_fd, int target_fd, struct error *err);
