/*
 * mount.h - one mount, from its fstab-like words to an fd, to its place below a root.
 *
 * New mount API only (fsopen(2), fsmount(2), open_tree(2), mount_setattr(2), move_mount(2); kernel 5.12 and later, 6.x
 * for the rest): a mount is made detached, given all its attributes, and attached last by fd, so nothing ever passes
 * through a path below the hostile root file system and no half-restricted mount is ever visible.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "idmap.h"

enum mount_idmap { MOUNT_IDMAP_NONE, MOUNT_IDMAP_PLAIN, MOUNT_IDMAP_RECURSIVE };

struct mount {
	const char *destination; /* absolute inside the root */
	const char *type;        /* "proc", "tmpfs", "bind" ...; NULL or "none" for a bind */
	const char *source;
	uint64_t attr_set, attr_clear;           /* MOUNT_ATTR_*: this mount */
	uint64_t recursive_set, recursive_clear; /* MOUNT_ATTR_*: this mount and all below (rro, rnosuid ...) */
	uint64_t propagation; /* MS_PRIVATE, MS_SLAVE, MS_SHARED or MS_UNBINDABLE, with MS_REC; 0: as the root's */
	bool bind, recursive_bind, remount;
	bool super_read_only, sync, dirsync,
		lazytime;  /* superblock flags of a new file system ("ro" sets both kinds) */
	bool tmpcopyup;    /* tmpfs (or a bind's empty directory) starts with a copy of what it covers */
	bool copy_symlink; /* bind of a symlink copies the link itself */
	bool source_nofollow, destination_nofollow;
	enum mount_idmap idmap;
	struct id_maps id_maps; /* of an idmapped mount; empty with idmap set: the container's own */
	const char **data;      /* n_data remaining file system options: "mode=755", "size=64k" */
	size_t n_data;
};

/*
 * Applies one option word: mount(8)'s, and runtime-spec 1.3 config.md "Linux mount options" with the recursive ones.
 * An unknown word is file system data for a new file system, and refused for a bind. Strings and arrays in `arena`.
 */
int mount_option_apply(struct arena *arena, struct mount *mount, const char *option, struct error *err);

/* NULL-terminated list of all options known by name, for `features`. */
const char *const *mount_option_names(void);

/* Runtime's namespaces, before clone: the detached tree of a bind's source, without attributes yet. Returns fd. */
int mount_open_source(const struct mount *mount, const char *base_dir, struct error *err);

/*
 * Container's namespaces: makes a detached mount of a new file system with all of its options and attributes.
 * Returns the mount fd.
 */
int mount_make_fs(const struct mount *mount, const char *label, struct error *err);

/* Sets attributes (and idmap with userns_fd >= 0) on a detached bind tree. */
int mount_set_attributes(const struct mount *mount, int mount_fd, int userns_fd, struct error *err);

/* Attaches a detached mount over what target_fd refers to. */
int mount_attach(int mount_fd, int target_fd, struct error *err);
