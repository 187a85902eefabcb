/*
 * rootfs_devices.c - device nodes, the links of /dev, the console: runtime-spec config-linux.md "Default Devices".
 *
 * mknod where the kernel lets us; where it does not (a user namespace), the host's own node is bound, after its device
 * number was checked on the fd. An entry that the root already has is accepted only if it is that very device. A /dev
 * that the config binds is somebody else's, often the host's own, and is left as it is.
 */
#include "rootfs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/path.h"
#include "base/str.h"
#include "base/syscalls.h"

enum { DEFAULT_MODE = 0666 };

static const struct device_node default_devices[] = {
	{ .path = "/dev/null", .type = S_IFCHR, .major = 1, .minor = 3, .mode = DEFAULT_MODE },
	{ .path = "/dev/zero", .type = S_IFCHR, .major = 1, .minor = 5, .mode = DEFAULT_MODE },
	{ .path = "/dev/full", .type = S_IFCHR, .major = 1, .minor = 7, .mode = DEFAULT_MODE },
	{ .path = "/dev/random", .type = S_IFCHR, .major = 1, .minor = 8, .mode = DEFAULT_MODE },
	{ .path = "/dev/urandom", .type = S_IFCHR, .major = 1, .minor = 9, .mode = DEFAULT_MODE },
	{ .path = "/dev/tty", .type = S_IFCHR, .major = 5, .minor = 0, .mode = DEFAULT_MODE },
};

static const struct {
	const char *name, *target;
} dev_links[] = {
	{ "fd", "/proc/self/fd" },
	{ "stdin", "/proc/self/fd/0" },
	{ "stdout", "/proc/self/fd/1" },
	{ "stderr", "/proc/self/fd/2" },
};

static bool is_node(int fd, const struct device_node *node)
{
	struct stat st;

	if (fstat(fd, &st) < 0 || (st.st_mode & S_IFMT) != node->type)
		return false;
	return node->type == S_IFIFO || st.st_rdev == makedev(node->major, node->minor);
}

static int check_existing(int parent, const char *name, const struct device_node *node, struct error *err)
{
	auto_fd int fd = openat(parent, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return fail(err, errno, "device %s", node->path);
	if (!is_node(fd, node))
		return refuse(err,
			      "device %s: the root file system has something else there; mount a tmpfs on /dev or "
			      "remove it",
			      node->path);
	return 0;
}

/* The host's node, seen from init before pivot_root, checked by number, bound over an empty file. */
static int bind_host_node(int parent, const char *name, const struct device_node *node, struct error *err)
{
	auto_fd int source = sys_open_tree(AT_FDCWD, node->path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	auto_fd int target = -1;

	if (source < 0)
		return fail(err, errno, "device %s: the host's node", node->path);
	if (!is_node(source, node))
		return refuse(err,
			      "device %s: the host has another device there, and making one is not permitted in "
			      "a user namespace",
			      node->path);
	target = openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (target < 0)
		return fail(err, errno, "device %s: mount point", node->path);
	return mount_attach(source, target, err) < 0 ? context(err, "device %s", node->path) : 0;
}

static int make_node(int parent, const char *name, const struct device_node *node, struct error *err)
{
	/* init runs with umask 0, so the mode needs no chmod. */
	if (mknodat(parent, name, node->type | node->mode, makedev(node->major, node->minor)) == 0) {
		if ((node->uid || node->gid) && fchownat(parent, name, node->uid, node->gid, AT_SYMLINK_NOFOLLOW) < 0)
			return fail(err, errno, "device %s: owner %u:%u", node->path, node->uid, node->gid);
		return 0;
	}
	if (errno == EEXIST)
		return check_existing(parent, name, node, err);
	if (errno == EPERM)
		return bind_host_node(parent, name, node, err);
	return fail(err, errno, "device %s", node->path);
}

/* What is behind "/dev" in a path: "" for the directory itself, NULL for a path elsewhere. */
static const char *below_dev(const char *path)
{
	path += strspn(path, "/");
	if (!str_starts(path, "dev") || (path[strlen("dev")] && path[strlen("dev")] != '/'))
		return NULL;
	path += strlen("dev");
	return path + strspn(path, "/");
}

static bool binds_dev(const struct rootfs *rootfs)
{
	for (size_t i = 0; i < rootfs->n_mounts; i++) {
		const char *rest = below_dev(rootfs->mounts[i].destination);

		if (rest && !*rest && rootfs->mounts[i].bind)
			return true;
	}
	return false;
}

static int make_listed(const struct rootfs *rootfs, int root_fd, bool dev_too, struct error *err)
{
	for (size_t i = 0; i < rootfs->n_devices; i++) {
		const struct device_node *node = &rootfs->devices[i];
		char name[NAME_MAX + 1];
		auto_fd int parent = -1;
		int r;

		if (!dev_too && below_dev(node->path))
			continue;
		parent = path_make_parent(root_fd, node->path, name, err);
		r = parent < 0 ? parent : make_node(parent, name, node, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static bool is_listed(const struct rootfs *rootfs, const char *path)
{
	for (size_t i = 0; i < rootfs->n_devices; i++)
		if (strcmp(rootfs->devices[i].path, path) == 0)
			return true;
	/* A mount of the config right on the node (a bind of another device) stands for it too. */
	for (size_t i = 0; i < rootfs->n_mounts; i++)
		if (strcmp(rootfs->mounts[i].destination, path) == 0)
			return true;
	return false;
}

static int make_defaults(const struct rootfs *rootfs, int dev_fd, struct error *err)
{
	for (size_t i = 0; i < sizeof(default_devices) / sizeof(default_devices[0]); i++) {
		const struct device_node *node = &default_devices[i];
		int r = is_listed(rootfs, node->path) ? 0 : make_node(dev_fd, node->path + strlen("/dev/"), node, err);

		if (r < 0)
			return r;
	}
	return 0;
}

static int make_links(int dev_fd, bool devpts, struct error *err)
{
	for (size_t i = 0; i < sizeof(dev_links) / sizeof(dev_links[0]); i++)
		if (symlinkat(dev_links[i].target, dev_fd, dev_links[i].name) < 0 && errno != EEXIST)
			return fail(err, errno, "link /dev/%s", dev_links[i].name);
	if (!devpts || symlinkat("pts/ptmx", dev_fd, "ptmx") == 0)
		return 0;
	if (errno != EEXIST)
		return fail(err, errno, "link /dev/ptmx");
	/* The image's own ptmx would be the host's multiplexer. */
	if (unlinkat(dev_fd, "ptmx", 0) < 0 || symlinkat("pts/ptmx", dev_fd, "ptmx") < 0)
		return fail(err, errno, "replace /dev/ptmx");
	return 0;
}

static int make_working_directory(const struct rootfs *rootfs, int root_fd, struct error *err)
{
	auto_fd int fd = -1;

	if (!rootfs->working_directory || strcmp(rootfs->working_directory, "/") == 0)
		return 0;
	fd = path_make(root_fd, rootfs->working_directory, PATH_DIRECTORY, err);
	return fd < 0 ? context(err, "process.cwd") : 0;
}

int rootfs_make_devices(const struct rootfs *rootfs, const struct rootfs_fds *fds, struct error *err)
{
	auto_fd int dev = path_make(fds->root, "/dev", PATH_DIRECTORY, err);
	bool own_dev = !binds_dev(rootfs);
	int r;

	if (dev < 0)
		return dev;
	r = own_dev ? make_defaults(rootfs, dev, err) : 0;
	if (r == 0 && own_dev)
		r = make_links(dev, fds->devpts >= 0, err);
	if (r == 0)
		r = make_listed(rootfs, fds->root, own_dev, err);
	return r < 0 ? r : make_working_directory(rootfs, fds->root, err);
}

int rootfs_bind_console(const struct rootfs_fds *fds, int peer_fd, struct error *err)
{
	auto_fd int source = sys_open_tree(peer_fd, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
	auto_fd int dev = path_make(fds->root, "/dev", PATH_DIRECTORY, err);
	auto_fd int target = -1;

	if (dev < 0)
		return dev;
	if (source < 0)
		return fail(err, errno, "clone the console's mount");
	/* What the root has there is never opened: it may be a FIFO, or a device that opening does something to. */
	target = openat(dev, "console", O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (target < 0 && errno == ENOENT)
		target = openat(dev, "console", O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0620);
	if (target < 0)
		return fail(err, errno, "/dev/console");
	return mount_attach(source, target, err) < 0 ? context(err, "/dev/console") : 0;
}
