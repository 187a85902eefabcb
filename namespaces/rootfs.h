/*
 * rootfs.h - the mount namespace of a container, from the host's tree to pivot_root(2).
 *
 * Order (runtime-spec config.md "Root", "Mounts"; config-linux.md): propagation of the old tree -> root bound to itself
 * detached -> mounts in their order -> default and listed devices, links, console -> [createContainer hooks] ->
 * pivot_root, old tree detached -> masked and read-only paths -> read-only root.
 * Everything below the root goes by fds (base/path.h); the root is hostile.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "mount.h"

struct device_node {
	const char *path;   /* absolute in the root: "/dev/fuse" */
	mode_t type;        /* S_IFCHR, S_IFBLK or S_IFIFO */
	unsigned major, minor;
	mode_t mode;        /* permissions */
	uint32_t uid, gid;  /* container ids */
};

struct rootfs {
	const char *path;               /* absolute on the host */
	bool read_only;
	uint64_t propagation;           /* linux.rootfsPropagation: MS_*, 0 = MS_SLAVE | MS_REC for the old tree */
	struct mount *mounts;
	size_t n_mounts;
	struct device_node *devices;    /* listed ones; the defaults (null zero full random urandom tty) are added */
	size_t n_devices;
	const char **masked_paths;
	size_t n_masked_paths;
	const char **readonly_paths;
	size_t n_readonly_paths;
	const char *mount_label;        /* SELinux context for new file systems, or NULL */
	bool bind_devices;              /* in a user namespace mknod is not allowed: bind the host's device nodes */
	bool own_user_ns;               /* the mount namespace belongs to a new user namespace */
	bool no_pivot;                  /* --no-pivot: MS_MOVE and chroot (initramfs) */
	bool cgroup_ns;                 /* the container has its own cgroup namespace */
	bool cgroup_v2_root_bind;       /* a "cgroup" mount binds the own cgroup instead of mounting cgroup2 */
};

/* Fds opened in the runtime's namespaces before clone and inherited by init. */
struct rootfs_fds {
	int root;               /* detached clone of the root's mount, -1 until opened (or opened in init) */
	int *sources;           /* per mount: detached bind source, or -1 */
	int *device_sources;    /* per device incl. defaults when bind_devices, or -1 */
	int *idmap_userns;      /* per mount: user namespace for the idmap, or -1 */
};
