/*
 * path.h - the only way to touch a path below a root file system, which is hostile.
 *
 * Everything resolves with openat2(2) under RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS relative to the root's own fd, so
 * "..", absolute symlinks and /proc links cannot leave it, and what comes back is an O_PATH fd: callers go on with the
 * fd, never with the string.
 */
#pragma once

#include <stdbool.h>
#include <sys/stat.h>

#include "error.h"

/* O_PATH | O_CLOEXEC | extra_flags fd of path inside root. -errno without text, since ENOENT is often no error. */
int path_open(int root_fd, const char *path, int extra_flags);

/* A real open (O_RDONLY, O_DIRECTORY ...) inside root. -errno without text. */
int path_open_flags(int root_fd, const char *path, int flags, mode_t mode);

enum path_kind { PATH_DIRECTORY, PATH_FILE };

/*
 * Opens path inside root as an O_PATH fd and makes what is missing: parents as directories (0755), the last component
 * as an empty directory (0755) or file (0644). Symlinks are followed inside the root only; where one leads to nothing,
 * what it leads to is made.
 */
int path_make(int root_fd, const char *path, enum path_kind kind, struct error *err);

/* Opens the parent directory of path inside root (made if missing) and copies the last component to name[256]. */
int path_make_parent(int root_fd, const char *path, char *name, struct error *err);

/* True if fd is on a file system of this magic number (linux/magic.h). */
bool path_on_fs(int fd, long magic);

/* True if fd is a character device of this number. */
bool path_is_device(int fd, unsigned major, unsigned minor);

/*
 * An O_RDWR-capable real path of an O_PATH fd: "/proc/self/fd/N" written to buffer[32]. Only for the runtime's own
 * mount namespace, where /proc is the host's.
 */
const char *path_of_fd(int fd, char *buffer);

/* True if `path` is absolute and, once split, has no component "..". */
bool path_is_clean(const char *path);
