/*
 * rootfs.c - root and mounts: opened by the runtime, attached by init, pivoted into. See rootfs.h for the order.
 */
#include "rootfs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/path.h"
#include "base/str.h"
#include "base/syscalls.h"
#include "copyup.h"

static int set_propagation(int tree_fd, uint64_t propagation)
{
	struct mount_attr attr = { .propagation = propagation & ~(uint64_t)MS_REC };
	unsigned flags = AT_EMPTY_PATH | ((propagation & MS_REC) ? AT_RECURSIVE : 0);

	return sys_mount_setattr(tree_fd, "", flags, &attr) < 0 ? -errno : 0;
}

/*
 * A clone of a shared mount is its peer: what is mounted on the one appears on the other, and so on the host. So every
 * tree is cut off first, wholly, and takes on its own propagation then. A shared root is a new peer group, which begins
 * after pivot_root: that refuses shared mounts (share_root).
 */
static int cut_off(const struct rootfs *rootfs, int tree_fd)
{
	bool slave = !(rootfs->propagation & (MS_PRIVATE | MS_SHARED | MS_UNBINDABLE));

	return set_propagation(tree_fd, (slave ? MS_SLAVE : MS_PRIVATE) | MS_REC);
}

static int open_tree_root(const char *path, struct error *err)
{
	auto_fd int fd = sys_open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
	struct stat st;

	if (fd < 0)
		return fail(err, errno, "root.path: %s", path);
	if (fstat(fd, &st) < 0 || !S_ISDIR(st.st_mode))
		return fail(err, ENOTDIR, "root.path: %s", path);
	return take_fd(&fd);
}

static int open_overlay_root(struct overlay *overlay, const struct id_maps *container_maps, bool private_ns,
			     struct error *err)
{
	return overlay->fd >= 0 ? take_fd(&overlay->fd) : overlay_open(overlay, container_maps, private_ns, err);
}

static int open_root(const struct rootfs *rootfs, const struct id_maps *container_maps, bool private_ns,
		     struct error *err)
{
	auto_fd int fd = rootfs->overlay ? open_overlay_root(rootfs->overlay, container_maps, private_ns, err)
					 : open_tree_root(rootfs->path, err);
	int r;

	if (fd < 0)
		return fd;
	r = cut_off(rootfs, fd);
	if (r == 0 && rootfs->propagation && !(rootfs->propagation & MS_SHARED))
		r = set_propagation(fd, rootfs->propagation);
	return r < 0 ? fail(err, -r, "propagation of the root file system") : take_fd(&fd);
}

static int share_root(const struct rootfs *rootfs, const struct rootfs_fds *fds, struct error *err)
{
	int r = (rootfs->propagation & MS_SHARED) ? set_propagation(fds->root, rootfs->propagation) : 0;

	return r < 0 ? fail(err, -r, "linux.rootfsPropagation") : 0;
}

static int open_bind(const struct rootfs *rootfs, const struct mount *mount, const char *base_dir,
		     const struct id_maps *container_maps, struct error *err)
{
	auto_fd int fd = mount_open_source(mount, base_dir, err);
	auto_fd int userns = -1;
	int r;

	if (fd < 0)
		return fd;
	r = (mount->propagation & MS_SHARED) ? 0 : cut_off(rootfs, fd);
	if (r < 0)
		return fail(err, -r, "mount %s: propagation", mount->destination);
	if (mount->idmap != MOUNT_IDMAP_NONE) {
		userns = idmap_userns_fd(mount->id_maps.n_uids ? &mount->id_maps : container_maps, err);
		if (userns < 0)
			return context(err, "mount %s", mount->destination);
	}
	r = mount_set_attributes(mount, fd, userns, err);
	return r < 0 ? r : take_fd(&fd);
}

static int open_mounts(const struct rootfs *rootfs, const char *base_dir, const struct id_maps *container_maps,
		       struct rootfs_fds *fds, struct error *err)
{
	for (size_t i = 0; i < rootfs->n_mounts; i++) {
		const struct mount *mount = &rootfs->mounts[i];

		if (!mount->bind || mount->remount)
			continue;
		fds->mounts[i] = open_bind(rootfs, mount, base_dir, container_maps, err);
		if (fds->mounts[i] < 0)
			return -err->code;
	}
	return 0;
}

int rootfs_open(const struct rootfs *rootfs, const char *base_dir, const struct id_maps *container_maps,
		bool private_ns, struct rootfs_fds *ret_fds, struct error *err)
{
	struct rootfs_fds fds = { .root = -1, .devpts = -1, .proc = -1, .n_mounts = rootfs->n_mounts };
	int r;

	fds.mounts = xcalloc(rootfs->n_mounts, sizeof(int));
	for (size_t i = 0; i < rootfs->n_mounts; i++)
		fds.mounts[i] = -1;
	fds.root = open_root(rootfs, container_maps, private_ns, err);
	r = fds.root < 0 ? fds.root : open_mounts(rootfs, base_dir, container_maps, &fds, err);
	if (r < 0) {
		rootfs_close(&fds);
		return r;
	}
	*ret_fds = fds;
	return 0;
}

void rootfs_close(struct rootfs_fds *fds)
{
	cleanup_fd(&fds->root);
	cleanup_fd(&fds->devpts);
	cleanup_fd(&fds->proc);
	for (size_t i = 0; i < fds->n_mounts; i++)
		cleanup_fd(&fds->mounts[i]);
	free(fds->mounts);
	*fds = (struct rootfs_fds){ .root = -1, .devpts = -1, .proc = -1 };
}

int rootfs_attach(const struct rootfs *rootfs, const struct rootfs_fds *fds, struct error *err)
{
	auto_fd int old_root = -1;

	/* Nothing of what follows may reach the host through a shared mount. */
	if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
		return errno == EINVAL ? refuse(err, "/ is no mount point here, as after a plain chroot: "
						     "bind the directory to itself before chroot")
				       : fail(err, errno, "make the old mounts slaves");
	old_root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (old_root < 0)
		return fail(err, errno, "open /");
	if (mount_attach(fds->root, old_root, err) < 0)
		return context(err, "root file system %s", rootfs->path);
	return 0;
}

/* The kind of mount point that `fd` needs: a file is mounted over a file. */
static enum path_kind kind_of(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && !S_ISDIR(st.st_mode) ? PATH_FILE : PATH_DIRECTORY;
}

static int copy_symlink(const struct mount *mount, int root_fd, int source_fd, struct error *err)
{
	char name[256];
	char target[4096];
	auto_fd int parent = path_make_parent(root_fd, mount->destination, name, err);
	ssize_t length;

	if (parent < 0)
		return parent;
	length = readlinkat(source_fd, "", target, sizeof(target) - 1);
	if (length < 0)
		return fail(err, errno, "mount %s: read link %s", mount->destination, mount->source);
	target[length] = '\0';
	if (symlinkat(target, parent, name) < 0 && errno != EEXIST)
		return fail(err, errno, "mount %s: copy link", mount->destination);
	return 0;
}

static bool is_symlink(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISLNK(st.st_mode);
}

static int open_target(const struct mount *mount, int root_fd, enum path_kind kind, struct error *err)
{
	int fd;

	if (!mount->destination_nofollow)
		return path_make(root_fd, mount->destination, kind, err);
	fd = path_open(root_fd, mount->destination, O_NOFOLLOW);
	if (fd == -ENOENT)
		return path_make(root_fd, mount->destination, kind, err);
	return fd < 0 ? fail(err, -fd, "open %s in the root file system", mount->destination) : fd;
}

/* A hostile root may have links where procfs and sysfs belong: these two go over real directories of the root only. */
static int check_kernel_target(const struct mount *mount, int root_fd, struct error *err)
{
	auto_fd int fd = -1;

	if (!str_eq(mount->type, "proc") && !str_eq(mount->type, "sysfs"))
		return 0;
	fd = path_open(root_fd, mount->destination, O_NOFOLLOW);
	if (fd >= 0 && is_symlink(fd))
		return refuse(err,
			      "mount %s: the root file system has a symbolic link there; %s is mounted over a real "
			      "directory only",
			      mount->destination, mount->type);
	return 0;
}

static int copy_covered(const struct mount *mount, int root_fd, int mount_fd, struct error *err)
{
	auto_fd int covered = path_open_flags(root_fd, mount->destination, O_RDONLY | O_DIRECTORY, 0);
	auto_fd int target = -1;

	if (covered == -ENOENT)
		return 0;
	if (covered < 0)
		return fail(err, -covered, "mount %s: open what it covers", mount->destination);
	target = openat(mount_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (target < 0)
		return fail(err, errno, "mount %s: open it", mount->destination);
	return copyup_tree(covered, target, err);
}

static int make_new_fs(const struct rootfs *rootfs, const struct mount *mount, struct rootfs_fds *fds,
		       struct error *err)
{
	auto_fd int fd = -1;
	int r;

	if (str_eq(mount->type, "proc") && fds->proc >= 0)
		return take_fd(&fds->proc);
	fd = mount_make_fs(mount, rootfs->mount_label, err);
	if (fd < 0 || !mount->tmpcopyup)
		return take_fd(&fd);
	r = copy_covered(mount, fds->root, fd, err);
	return r < 0 ? r : take_fd(&fd);
}

/* New file systems get their superblock and plain attributes when made; recursion and propagation come after. */
static int finish_new_fs(const struct mount *mount, int mount_fd, struct error *err)
{
	struct mount rest = *mount;

	rest.attr_set = 0;
	rest.attr_clear = 0;
	return mount_set_attributes(&rest, mount_fd, -1, err);
}

/* A tmpfs begins empty: what is mounted, made and copied into it needs it writable until then (rootfs_protect). */
static bool read_only_later(const struct mount *mount)
{
	return str_eq(mount->type, "tmpfs") && ((mount->attr_set | mount->recursive_set) & MOUNT_ATTR_RDONLY);
}

static int open_new_fs(const struct rootfs *rootfs, const struct mount *mount, struct rootfs_fds *fds,
		       struct error *err)
{
	struct mount now = *mount;
	auto_fd int fd = -1;
	int r;

	if (read_only_later(mount)) {
		now.attr_set &= ~(uint64_t)MOUNT_ATTR_RDONLY;
		now.recursive_set &= ~(uint64_t)MOUNT_ATTR_RDONLY;
		now.super_read_only = false;
	}
	fd = make_new_fs(rootfs, &now, fds, err);
	if (fd < 0)
		return fd;
	r = finish_new_fs(&now, fd, err);
	return r < 0 ? r : take_fd(&fd);
}

static int mount_one(const struct rootfs *rootfs, size_t index, struct rootfs_fds *fds, struct error *err)
{
	const struct mount *mount = &rootfs->mounts[index];
	auto_fd int mount_fd = fds->mounts[index];
	auto_fd int target = -1;
	int r = 0;

	fds->mounts[index] = -1;
	if (mount->remount) {
		target = path_open(fds->root, mount->destination, 0);
		return target < 0 ? fail(err, -target, "remount %s", mount->destination)
				  : mount_set_attributes(mount, target, -1, err);
	}
	if (mount_fd >= 0 && mount->copy_symlink && is_symlink(mount_fd))
		return copy_symlink(mount, fds->root, mount_fd, err);
	r = check_kernel_target(mount, fds->root, err);
	if (r < 0)
		return r;
	target = open_target(mount, fds->root, mount_fd >= 0 ? kind_of(mount_fd) : PATH_DIRECTORY, err);
	if (target < 0)
		return context(err, "mount %s", mount->destination);
	if (mount_fd >= 0 && mount->tmpcopyup)
		r = copy_covered(mount, fds->root, mount_fd, err);
	if (r < 0)
		return r;
	if (mount_fd < 0)
		mount_fd = open_new_fs(rootfs, mount, fds, err);
	if (mount_fd < 0)
		return mount_fd;
	if (mount_attach(mount_fd, target, err) < 0)
		return context(err, "mount %s", mount->destination);
	if (str_eq(mount->type, "devpts") && fds->devpts < 0)
		fds->devpts = take_fd(&mount_fd);
	if (read_only_later(mount))
		fds->mounts[index] = take_fd(&mount_fd);
	return 0;
}

int rootfs_mount_all(const struct rootfs *rootfs, struct rootfs_fds *fds, struct error *err)
{
	for (size_t i = 0; i < rootfs->n_mounts; i++) {
		int r = mount_one(rootfs, i, fds, err);

		if (r < 0)
			return r;
	}
	return 0;
}

/* --no-pivot: on an initramfs "/" has no parent mount, so pivot_root cannot work; the root moves over it instead. */
static int move_and_chroot(struct error *err)
{
	if (chroot(".") < 0 || chdir("/") < 0)
		return fail(err, errno, "chroot into the root file system");
	return 0;
}

static int change_root(const struct rootfs *rootfs, const struct rootfs_fds *fds, struct error *err)
{
	if (fchdir(fds->root) < 0)
		return fail(err, errno, "enter the root file system");
	if (rootfs->no_pivot)
		return move_and_chroot(err);
	if (syscall(SYS_pivot_root, ".", ".") < 0)
		return fail(err, errno, "pivot_root%s", errno == EINVAL ? " (on an initramfs use --no-pivot)" : "");
	/* The old root now lies over the new one at "."; detaching it leaves the new one alone. */
	if (umount2(".", MNT_DETACH) < 0)
		return fail(err, errno, "detach the old root");
	return chdir("/") < 0 ? fail(err, errno, "chdir /") : 0;
}

int rootfs_pivot(const struct rootfs *rootfs, const struct rootfs_fds *fds, struct error *err)
{
	int r = change_root(rootfs, fds, err);

	return r < 0 ? r : share_root(rootfs, fds, err);
}
