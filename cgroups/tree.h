/*
 * tree.h - inside cgroups/: cgroup paths and directories. What is below a container's cgroup may be made by the
 * container (delegation), so depth and number of directories are the adversary's choice: walking keeps one fd open and
 * its state on the heap, whatever the depth.
 */
#pragma once

#include <limits.h>
#include <stddef.h>

#include "base/error.h"

struct cgroup {
	int fd;     /* O_RDONLY directory */
	char *path; /* absolute, below the v2 mount */
};

struct cgroup_host;

/* Takes ownership of fd; copies path. */
struct cgroup *tree_new(int fd, const char *path);

/* Absolute, "/" or components that are not empty, ".", ".." or longer than NAME_MAX, no newline; -EINVAL with text. */
int tree_check_path(const char *path, struct error *err);

/* The same and not the root, on a host that has a v2 mount. */
int tree_check_target(const struct cgroup_host *host, const char *path, struct error *err);

/* A directory below root_fd by its checked path: beneath, no symlinks, no other mounts. fd or -errno without text. */
int tree_open(int root_fd, const char *path, int flags);

/* `path` without its leading slash, as *at() calls want it; "." for the root. */
const char *tree_relative(const char *path);

/*
 * Visits top_fd and every directory below it. enter() gets each directory before its children (depth 0 is top_fd
 * itself), leave() each but the top after its children, by parent fd and name. Either may be NULL; a negative result
 * ends the walk and is returned. Directories that vanish meanwhile are skipped.
 */
struct tree_visitor {
	int (*enter)(int fd, size_t depth, void *data);
	int (*leave)(int parent_fd, const char *name, void *data);
	void *data;
};

int tree_walk(int top_fd, const struct tree_visitor *visitor);
