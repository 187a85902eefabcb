/*
 * overlay.h - a root file system made of layers: overlayfs(5) as a detached mount, so that nothing is ever mounted on
 * the host and nothing stays behind when a runtime is killed.
 *
 * Layers are given to the kernel as fds (Linux 6.13), as /proc/self/fd links one by one (6.5), or as one list of the
 * same links: paths of any bytes and length work, and no path is parsed by the kernel.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "base/error.h"
#include "idmap.h"

struct overlay {
	const char *const *lowers; /* absolute, uppermost first, at least one; a file is an EROFS image (Linux 6.15) */
	size_t n_lowers;
	/* Absolute, with the directories "upper" and "work" in it. Scratch: both are on a tmpfs that goes with the
	   mount, and `dir` is any directory, on which init attaches it where the kernel takes no detached layers. */
	const char *dir;
	bool scratch;
	bool user_xattrs; /* marks are user.overlay.*: for mounts in a user namespace */
	bool is_volatile; /* what is written is thrown away: no syncing */
	bool idmap; /* lower layers hold the container's ids: they are seen through its maps; `dir` has the host's */
	const char *source; /* what mountinfo has for it; NULL: "overlay" */
	int fd;             /* it, made by overlay_open() beforehand, which rootfs_open() takes; -1: none */
};

/*
 * Returns the mount's fd. private_ns: the caller has a mount namespace of its own, in which the old tree is about to
 * go. -EOPNOTSUPP: it can only be made there, or, with idmap, not on this kernel.
 */
int overlay_open(const struct overlay *overlay, const struct id_maps *container_maps, bool private_ns,
		 struct error *err);

/* Mode and owner of a lower layer's top directory. */
int overlay_stat_lower(const char *path, struct stat *ret, struct error *err);

/* The lower layers alone, read-only, to look at: a directory fd. */
int overlay_open_lowers(const struct overlay *overlay, struct error *err);
