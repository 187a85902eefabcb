/*
 * rootfs_protect.c - masked paths, read-only paths, read-only tmpfs and root: runtime-spec config-linux.md "Masked
 * Paths", "Readonly Paths"; config.md "Root", "Mounts".
 *
 * A masked file is covered by the null device, a masked directory by an empty read-only tmpfs that all of them share.
 * Runs after pivot_root; the null device used is the container's own /dev/null, taken by fd and checked by number
 * (CVE-2025-31133), and every path is resolved inside the root.
 */
#include "rootfs.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/path.h"
#include "base/syscalls.h"

enum { NULL_MAJOR = 1, NULL_MINOR = 3 };

struct covers {
	int null_fd;  /* O_PATH of the null device */
	int empty_fd; /* mount of the shared empty tmpfs, -1 until needed */
};

static int open_null(int root_fd, struct error *err)
{
	auto_fd int fd = path_open(root_fd, "/dev/null", O_NOFOLLOW);

	if (fd < 0)
		return fail(err, -fd, "linux.maskedPaths: /dev/null in the root file system");
	if (!path_is_device(fd, NULL_MAJOR, NULL_MINOR))
		return refuse(err, "linux.maskedPaths: /dev/null in the root file system is not the null device");
	return take_fd(&fd);
}

static int make_empty(struct error *err)
{
	const struct mount tmpfs = {
		.destination = "(masked directories)",
		.type = "tmpfs",
		.source = "tmpfs",
		.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC,
		.super_read_only = true,
		.data = (const char *[]){ "nr_blocks=1", "nr_inodes=1" },
		.n_data = 2,
	};

	return mount_make_fs(&tmpfs, NULL, err);
}

static int clone_mount(int fd, const char *what, struct error *err)
{
	int clone = sys_open_tree(fd, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);

	return clone < 0 ? fail(err, errno, "clone %s", what) : clone;
}

/* move_mount consumes a detached mount, so the first directory takes it and each further one a clone of it. */
static int next_empty(struct covers *covers, struct error *err)
{
	int fd;

	if (covers->empty_fd >= 0)
		return clone_mount(covers->empty_fd, "the empty directory", err);
	covers->empty_fd = make_empty(err);
	if (covers->empty_fd < 0)
		return covers->empty_fd;
	fd = fcntl(covers->empty_fd, F_DUPFD_CLOEXEC, 0);
	return fd < 0 ? fail(err, errno, "duplicate the empty directory's fd") : fd;
}

static int mask(int target, struct covers *covers, struct error *err)
{
	auto_fd int cover = -1;
	struct stat st;

	if (fstat(target, &st) < 0)
		return fail(err, errno, "look at masked path");
	cover = S_ISDIR(st.st_mode) ? next_empty(covers, err) : clone_mount(covers->null_fd, "/dev/null", err);
	return cover < 0 ? cover : mount_attach(cover, target, err);
}

static int mask_all(const struct rootfs *rootfs, int root_fd, struct error *err)
{
	auto_fd int null_fd = rootfs->n_masked_paths ? open_null(root_fd, err) : -1;
	struct covers covers = { .null_fd = null_fd, .empty_fd = -1 };
	int r = 0;

	if (rootfs->n_masked_paths && null_fd < 0)
		return null_fd;
	for (size_t i = 0; i < rootfs->n_masked_paths && r == 0; i++) {
		auto_fd int target = path_open(root_fd, rootfs->masked_paths[i], 0);

		/* What this kernel does not have needs no mask. */
		if (target == -ENOENT || target == -ENOTDIR)
			continue;
		r = target < 0 ? fail(err, -target, "open") : mask(target, &covers, err);
		if (r < 0)
			r = context(err, "linux.maskedPaths[%zu]: %s", i, rootfs->masked_paths[i]);
	}
	cleanup_fd(&covers.empty_fd);
	return r;
}

static int protect_path(int target, struct error *err)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };
	auto_fd int clone =
		sys_open_tree(target, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE);

	if (clone < 0)
		return fail(err, errno, "clone");
	if (sys_mount_setattr(clone, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr) < 0)
		return fail(err, errno, "make read-only");
	return mount_attach(clone, target, err);
}

static int protect_all(const struct rootfs *rootfs, int root_fd, struct error *err)
{
	for (size_t i = 0; i < rootfs->n_readonly_paths; i++) {
		auto_fd int target = path_open(root_fd, rootfs->readonly_paths[i], 0);

		if (target == -ENOENT || target == -ENOTDIR)
			continue;
		if (target < 0)
			return fail(err, -target, "linux.readonlyPaths[%zu]: %s", i, rootfs->readonly_paths[i]);
		if (protect_path(target, err) < 0)
			return context(err, "linux.readonlyPaths[%zu]: %s", i, rootfs->readonly_paths[i]);
	}
	return 0;
}

static int make_read_only(int mount_fd)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };

	return sys_mount_setattr(mount_fd, "", AT_EMPTY_PATH, &attr) < 0 ? -errno : 0;
}

static int finish_mounts(const struct rootfs *rootfs, const struct rootfs_fds *fds, struct error *err)
{
	for (size_t i = 0; i < fds->n_mounts; i++) {
		int r = fds->mounts[i] < 0 ? 0 : make_read_only(fds->mounts[i]);

		if (r < 0)
			return fail(err, -r, "mount %s: make it read-only", rootfs->mounts[i].destination);
	}
	return 0;
}

int rootfs_protect(const struct rootfs *rootfs, const struct rootfs_fds *fds, struct error *err)
{
	int r = mask_all(rootfs, fds->root, err);

	if (r == 0)
		r = protect_all(rootfs, fds->root, err);
	if (r == 0)
		r = finish_mounts(rootfs, fds, err);
	if (r < 0 || !rootfs->read_only)
		return r;
	r = make_read_only(fds->root);
	return r < 0 ? fail(err, -r, "make the root read-only") : 0;
}
