/*
 * rootfs.h - the mount namespace of a container, from the host's tree to pivot_root(2).
 *
 * Order (runtime-spec config.md "Root", "Mounts"; config-linux.md "Devices", "Default Devices"):
 *
 *	rootfs_open            runtime: root and bind sources become detached, finished mounts, before clone
 *	rootfs_attach          init: old tree cut off from the host, root mounted on top of "/"
 *	rootfs_mount_all       init: the mounts in their order
 *	rootfs_make_devices    init: default and listed devices, the links of /dev, the working directory
 *	rootfs_bind_console    init: /dev/console of a terminal
 *	                       (createContainer hooks)
 *	rootfs_pivot           init: pivot_root, the old tree is gone
 *	rootfs_protect         init: masked paths, read-only paths, read-only tmpfs and root
 *
 * The root is hostile: everything below it goes by fds from base/path.h, mounts are attached by fd.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "mount.h"
#include "overlay.h"

struct device_node {
	const char *path; /* absolute in the root: "/dev/fuse" */
	mode_t type;      /* S_IFCHR, S_IFBLK or S_IFIFO */
	unsigned major, minor;
	mode_t mode;       /* permissions */
	uint32_t uid, gid; /* container ids */
};

struct rootfs {
	const char *path;        /* absolute on the host; with an overlay only what error texts call it */
	struct overlay *overlay; /* the root is made of layers; NULL: it is the tree at `path` */
	bool read_only;
	uint64_t propagation; /* linux.rootfsPropagation: MS_*, 0 = MS_SLAVE | MS_REC */
	struct mount *mounts;
	size_t n_mounts;
	struct device_node *devices; /* listed ones; the defaults are added */
	size_t n_devices;
	const char **masked_paths;
	size_t n_masked_paths;
	const char **readonly_paths;
	size_t n_readonly_paths;
	const char *mount_label; /* SELinux context for new file systems, or NULL */
	/* filled by the plan */
	bool no_pivot;                 /* --no-pivot: move and chroot (initramfs) */
	const char *working_directory; /* made if missing; NULL: none */
};

/* Opened in the runtime's namespaces before clone, inherited by init. */
struct rootfs_fds {
	int root;    /* detached clone of the root's tree; attached later, the fd stays valid */
	int *mounts; /* per mount: detached bind, finished; -1: a new file system, init makes it. Once all are mounted:
			what rootfs_protect() makes read-only, else -1 */
	size_t n_mounts;
	int devpts; /* init: the container's own devpts mount, -1 if it has none */
	int proc;   /* a detached procfs of the container's pid namespace, made beforehand; -1: none */
};

/* container_maps: for idmapped mounts without maps of their own. base_dir: for relative sources (the bundle).
   private_ns and -EOPNOTSUPP: as overlay_open() has them. */
int rootfs_open(const struct rootfs *rootfs, const char *base_dir, const struct id_maps *container_maps,
		bool private_ns, struct rootfs_fds *ret_fds, struct error *err);
void rootfs_close(struct rootfs_fds *fds);

int rootfs_attach(const struct rootfs *rootfs, const struct rootfs_fds *fds, struct error *err);
int rootfs_mount_all(const struct rootfs *rootfs, struct rootfs_fds *fds, struct error *err);
int rootfs_make_devices(const struct rootfs *rootfs, const struct rootfs_fds *fds, struct error *err);
int rootfs_bind_console(const struct rootfs_fds *fds, int peer_fd, struct error *err);
int rootfs_pivot(const struct rootfs *rootfs, const struct rootfs_fds *fds, struct error *err);
int rootfs_protect(const struct rootfs *rootfs, const struct rootfs_fds *fds, struct error *err);
