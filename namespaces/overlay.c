/*
 * overlay.c - see overlay.h. Order: fds of the layers (through idmapped clones of their mounts if asked for), then the
 * fs context by the best way that this kernel knows.
 */
#include "overlay.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/path.h"
#include "base/str.h"
#include "base/syscalls.h"

/* FSCONFIG_SET_STRING takes so much, the NUL included. */
enum { VALUE_MAX = 256, LINK_SIZE = 32, SCRATCH_MODE = 0755, PERMISSIONS = 07777, OVERFLOW_ID = 65534 };

/* How layers are named, the best first. */
enum way { BY_FD, BY_LINK, BY_LIST, WAY_MAX };

struct layers {
	int *lowers,
		*mounts; /* mounts: idmapped clones that the lower layers are on, which last as long as their fds */
	size_t n_lowers;
	int upper, work; /* -1: none */
	int mount;       /* the tmpfs that upper and work are on, if it is one of ours */
};

static void layers_close(struct layers *layers)
{
	for (size_t i = 0; i < layers->n_lowers; i++) {
		cleanup_fd(&layers->lowers[i]);
		cleanup_fd(&layers->mounts[i]);
	}
	free(layers->lowers);
	free(layers->mounts);
	cleanup_fd(&layers->upper);
	cleanup_fd(&layers->work);
	cleanup_fd(&layers->mount);
}

#define auto_layers auto_cleanup(layers_close)

/* A user namespace may mount overlayfs since Linux 5.11, unless somebody forbids it: the kernel does not say who. */
static const char *why_forbidden(int errnum)
{
	return errnum == EPERM || errnum == EACCES
		       ? ": not allowed here; it takes root, or else a user namespace, Linux 5.11 and no security "
			 "module or seccomp filter against it (`coffer image unpack` and `coffer run --bundle` do "
			 "without)"
		       : "";
}

/* ---- the layers ---- */

static int open_below(int dir_fd, const char *name, struct error *err)
{
	int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	return fd < 0 ? fail(err, errno, "overlay: open %s", name) : fd;
}

static int set_mapped(int mount_fd, int userns_fd)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (uint64_t)(unsigned)userns_fd };

	return sys_mount_setattr(mount_fd, "", AT_EMPTY_PATH, &attr);
}

/* A clone of the directory's mount, with the ids of its files mapped. */
static int open_mapped(const char *path, int userns_fd, struct error *err)
{
	auto_fd int fd = sys_open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

	if (fd < 0)
		return fail(err, errno, "overlay: layer %s", path);
	if (set_mapped(fd, userns_fd) < 0)
		return fail(err, errno, "overlay: id-mapping of %s (does its file system support idmapped mounts?)",
			    path);
	return take_fd(&fd);
}

/* A layer that is an EROFS image, mounted: Linux 6.12. */
static int mount_image(const char *path, struct error *err)
{
	auto_fd int context_fd = sys_fsopen("erofs", FSOPEN_CLOEXEC);
	int fd = -1;

	if (context_fd >= 0 && sys_fsconfig(context_fd, FSCONFIG_SET_STRING, "source", path, 0) == 0 &&
	    sys_fsconfig(context_fd, FSCONFIG_SET_FLAG, "ro", NULL, 0) == 0 &&
	    sys_fsconfig(context_fd, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0)
		fd = sys_fsmount(context_fd, FSMOUNT_CLOEXEC, 0);
	return fd < 0 ? fail(err, errno, "overlay: mount a layer as erofs") : fd;
}

static int open_image(const char *path, int userns_fd, int *ret_mount, struct error *err)
{
	char link[LINK_SIZE];
	auto_fd int file = open(path, O_RDONLY | O_CLOEXEC); /* paths of layers are longer than a value may be */

	if (file < 0)
		return fail(err, errno, "overlay: layer %s", path);
	*ret_mount = mount_image(path_of_fd(file, link), err);
	if (*ret_mount < 0)
		return context(err, "%s", path);
	if (userns_fd >= 0 && set_mapped(*ret_mount, userns_fd) < 0)
		return fail(err, errno, "overlay: id-mapping of %s", path);
	return open_below(*ret_mount, ".", err);
}

static int open_lower(const char *path, int userns_fd, int *ret_mount, struct error *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	*ret_mount = -1;
	if (fd < 0)
		return errno == ENOTDIR ? open_image(path, userns_fd, ret_mount, err)
					: fail(err, errno, "overlay: layer %s%s", path,
					       errno == ENOENT ? " (`coffer image verify` makes it again)" : "");
	if (userns_fd < 0)
		return fd;
	(void)close(fd);
	*ret_mount = open_mapped(path, userns_fd, err);
	return *ret_mount < 0 ? -err->code : open_below(*ret_mount, ".", err);
}

static int open_lowers(const struct overlay *overlay, int userns_fd, struct layers *layers, struct error *err)
{
	layers->lowers = xcalloc(overlay->n_lowers, sizeof(int));
	layers->mounts = xcalloc(overlay->n_lowers, sizeof(int));
	for (size_t i = 0; i < overlay->n_lowers; i++) {
		layers->lowers[i] = open_lower(overlay->lowers[i], userns_fd, &layers->mounts[i], err);
		layers->n_lowers++;
		if (layers->lowers[i] < 0)
			return -err->code;
	}
	return 0;
}

static int make_tmpfs(struct error *err)
{
	auto_fd int context_fd = sys_fsopen("tmpfs", FSOPEN_CLOEXEC);
	int fd;

	if (context_fd < 0 || sys_fsconfig(context_fd, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return fail(err, errno, "overlay: make a tmpfs%s", why_forbidden(errno));
	fd = sys_fsmount(context_fd, FSMOUNT_CLOEXEC, 0);
	return fd < 0 ? fail(err, errno, "overlay: make a tmpfs%s", why_forbidden(errno)) : fd;
}

/* A user or group that this user namespace does not have cannot be given: it stays the mounter's. */
static int make_like(int dir_fd, const char *name, const struct stat *st)
{
	const uid_t uids[] = { st->st_uid, (uid_t)-1 };
	const gid_t gids[] = { (gid_t)-1, st->st_gid };

	if (mkdirat(dir_fd, name, SCRATCH_MODE) < 0 || fchmodat(dir_fd, name, st->st_mode & PERMISSIONS, 0) < 0)
		return -errno;
	for (size_t i = 0; i < ARRAY_SIZE(uids); i++)
		if (fchownat(dir_fd, name, uids[i], gids[i], AT_SYMLINK_NOFOLLOW) < 0 && errno != EINVAL)
			return -errno;
	return 0;
}

/*
 * The kernel copies up nothing whose owner is not in the user namespace (EOVERFLOW), not even a directory in which
 * something is to be made: an ordinary user's container over root's tree could write to "/" alone, and its /etc/hosts
 * would have no place. The directories of the top are therefore there before, so that nothing has to be copied.
 */
static int make_foreign_dirs(int upper_fd, int lower_fd)
{
	auto_fd int fd = openat(lower_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_dir DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	int r = 0;

	if (!dir)
		return -errno;
	(void)take_fd(&fd);
	while (r == 0 && (entry = readdir(dir)) != NULL) {
		struct stat st;

		if (!str_eq(entry->d_name, ".") && !str_eq(entry->d_name, "..") &&
		    fstatat(lower_fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode) &&
		    (st.st_uid == OVERFLOW_ID || st.st_gid == OVERFLOW_ID))
			r = make_like(upper_fd, entry->d_name, &st);
	}
	return r;
}

/* The merged root shows mode and owner of the upper directory: they are those of the uppermost layer's, which with an
   idmapped layer are the container's already. */
static int make_scratch_dirs(int dir_fd, int lower_fd, bool user_xattrs, struct error *err)
{
	auto_fd int upper = -1;
	struct stat st;
	int r = fstat(lower_fd, &st) < 0 || mkdirat(dir_fd, "work", SCRATCH_MODE) < 0 ? -errno
										      : make_like(dir_fd, "upper", &st);

	if (r == 0 && user_xattrs) {
		upper = openat(dir_fd, "upper", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		r = upper < 0 ? -errno : make_foreign_dirs(upper, lower_fd);
	}
	return r < 0 ? fail(err, -r, "overlay: make upper and work directory") : 0;
}

/* Where the kernel takes layers of attached mounts only, the mount is attached in the own namespace. */
static int open_scratch(const struct overlay *overlay, bool attach, struct layers *layers, struct error *err)
{
	auto_fd int at = -1;

	layers->mount = make_tmpfs(err);
	if (layers->mount < 0)
		return layers->mount;
	if (attach) {
		/* The namespace is a copy: until it is cut off, what is mounted here is mounted on the host. */
		if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
			return fail(err, errno, "make the old mounts slaves");
		at = openat(AT_FDCWD, overlay->dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (at < 0 ||
		    sys_move_mount(layers->mount, "", at, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
			return fail(err, errno, "overlay: attach a tmpfs to %s", overlay->dir);
	}
	return make_scratch_dirs(layers->mount, layers->lowers[0], overlay->user_xattrs, err);
}

/* The upper directory is not idmapped: the kernel makes things there as the mounter, who is in no container's map. */
static int open_upper(const struct overlay *overlay, bool attach, struct layers *layers, struct error *err)
{
	auto_fd int dir = -1;
	int r = overlay->scratch ? open_scratch(overlay, attach, layers, err) : 0;

	if (r < 0)
		return r;
	dir = overlay->scratch ? fcntl(layers->mount, F_DUPFD_CLOEXEC, 0)
			       : openat(AT_FDCWD, overlay->dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return fail(err, errno, "overlay: open %s", overlay->dir);
	layers->upper = open_below(dir, "upper", err);
	layers->work = layers->upper < 0 ? -1 : open_below(dir, "work", err);
	return layers->work < 0 ? -err->code : 0;
}

/* ---- the mount ---- */

static int set_string(int context_fd, const char *key, const char *value)
{
	return sys_fsconfig(context_fd, FSCONFIG_SET_STRING, key, value, 0) < 0 ? -errno : 0;
}

static int set_layer(int context_fd, const char *key, int fd, enum way way)
{
	char link[LINK_SIZE];

	if (way == BY_FD)
		return sys_fsconfig(context_fd, FSCONFIG_SET_FD, key, NULL, fd) < 0 ? -errno : 0;
	return set_string(context_fd, key, path_of_fd(fd, link));
}

/* "12:13:14", relative to /proc/self/fd: three bytes a layer, so that some eighty fit in one value. */
static int set_list(int context_fd, const struct layers *layers)
{
	char list[VALUE_MAX] = "";
	size_t used = 0;

	for (size_t i = 0; i < layers->n_lowers; i++) {
		used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%d", i ? ":" : "", layers->lowers[i]);
		if (used >= sizeof(list))
			return -E2BIG;
	}
	return set_string(context_fd, "lowerdir", list);
}

static int set_lowers(int context_fd, const struct layers *layers, enum way way)
{
	int r = 0;

	if (way == BY_LIST)
		return set_list(context_fd, layers);
	for (size_t i = 0; r == 0 && i < layers->n_lowers; i++)
		r = set_layer(context_fd, "lowerdir+", layers->lowers[i], way);
	return r;
}

/*
 * Stated in full, whatever the host's module parameters say: no directory of a lower layer is renamed in place and no
 * file is copied up by half, so that an upper directory can become a layer.
 */
static int set_options(int context_fd, const struct overlay *overlay)
{
	/* With userxattr the kernel takes no other word than nofollow, which makes none either. */
	const char *const fixed[][2] = {
		{ "index", "off" },
		{ "metacopy", "off" },
		{ "redirect_dir", overlay->user_xattrs ? "nofollow" : "off" },
	};
	int r = set_string(context_fd, "source", overlay->source ? overlay->source : "overlay");

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(fixed); i++)
		r = set_string(context_fd, fixed[i][0], fixed[i][1]);
	if (r == 0 && overlay->user_xattrs && sys_fsconfig(context_fd, FSCONFIG_SET_FLAG, "userxattr", NULL, 0) < 0)
		r = -errno;
	if (r == 0 && overlay->is_volatile && sys_fsconfig(context_fd, FSCONFIG_SET_FLAG, "volatile", NULL, 0) < 0)
		r = -errno;
	return r;
}

static int set_all(int context_fd, const struct overlay *overlay, const struct layers *layers, enum way way)
{
	int r = set_lowers(context_fd, layers, way);

	if (r == 0 && layers->upper >= 0)
		r = set_layer(context_fd, "upperdir", layers->upper, way);
	if (r == 0 && layers->work >= 0)
		r = set_layer(context_fd, "workdir", layers->work, way);
	return r == 0 ? set_options(context_fd, overlay) : r;
}

/* The kernel says why on the fs context: "e overlay: No changes allowed in remount". */
static int explain(int context_fd, int errnum, struct error *err)
{
	char line[VALUE_MAX];
	ssize_t got = read(context_fd, line, sizeof(line) - 1);

	while (got > 2 && line[got - 1] == '\n')
		got--;
	line[got > 2 ? got : 2] = '\0';
	return fail(err, errnum, "overlay root file system%s%s", got > 2 ? ": " : "",
		    got > 2 ? line + 2 : why_forbidden(errnum));
}

/* File systems that overlayfs does not write to; it says so in other words, or in the kernel's log only. */
static const struct {
	unsigned long magic;
	const char *name;
} no_uppers[] = {
	{ OVERLAYFS_SUPER_MAGIC, "overlay" }, { NFS_SUPER_MAGIC, "NFS" },
	{ FUSE_SUPER_MAGIC, "FUSE" },         { V9FS_MAGIC, "9p" },
	{ CIFS_SUPER_MAGIC, "CIFS" },         { SMB2_SUPER_MAGIC, "SMB" },
	{ MSDOS_SUPER_MAGIC, "FAT" },         { EXFAT_SUPER_MAGIC, "exFAT" },
};

static int explain_upper(const struct overlay *overlay, int upper, struct error *err)
{
	struct statfs st;

	for (size_t i = 0; i < ARRAY_SIZE(no_uppers) && fstatfs(upper, &st) == 0; i++)
		if ((unsigned long)st.f_type == no_uppers[i].magic)
			return refuse_as(
				err, err->code,
				"overlay root file system: %s is on a file system of type %s, to which overlayfs "
				"does not write; a store on ext4, xfs, btrfs or tmpfs is what it takes "
				"($COFFER_STORE names one)",
				overlay->dir, no_uppers[i].name);
	return -err->code;
}

/* *ret_next: the way to try next, when the kernel does not know this one. Before Linux 6.5 overlayfs takes no fds at
   all, and notices a word that it does not know only when the file system is made: it is given the list at once. */
static int make_one_way(const struct overlay *overlay, const struct layers *layers, enum way way, enum way *ret_next,
			struct error *err)
{
	auto_fd int context_fd = sys_fsopen("overlay", FSOPEN_CLOEXEC);
	int fd;
	int r;

	*ret_next = WAY_MAX;
	if (context_fd < 0)
		return fail(err, errno, "file system overlay%s",
			    errno == ENODEV ? " (is the kernel module overlay loaded?)" : why_forbidden(errno));
	r = set_all(context_fd, overlay, layers, way);
	if (r == -EINVAL || r == -EBADF || (r == -EOPNOTSUPP && way == BY_FD))
		*ret_next = r == -EOPNOTSUPP ? BY_LIST : way + 1;
	if (r == -E2BIG)
		return refuse_as(err, E2BIG,
				 "overlay: %zu layers are more than this kernel takes at once (Linux 6.5 takes "
				 "any number)",
				 layers->n_lowers);
	if (r < 0)
		return explain(context_fd, -r, err);
	if (sys_fsconfig(context_fd, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return explain(context_fd, errno, err);
	fd = sys_fsmount(context_fd, FSMOUNT_CLOEXEC, 0);
	return fd < 0 ? fail(err, errno, "overlay root file system%s", why_forbidden(errno)) : fd;
}

/* Old kernels read the list when the file system is made, relative to the working directory of that moment. */
static int make_by_list(const struct overlay *overlay, const struct layers *layers, struct error *err)
{
	auto_fd int here = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	enum way next;
	int fd;

	if (chdir("/proc/self/fd") < 0)
		return fail(err, errno, "overlay: /proc/self/fd");
	fd = make_one_way(overlay, layers, BY_LIST, &next, err);
	if (here < 0 || fchdir(here) < 0)
		(void)chdir("/");
	return fd;
}

static int make_mount(const struct overlay *overlay, const struct layers *layers, struct error *err)
{
	enum way next;

	for (enum way way = BY_FD; way < BY_LIST; way = next) {
		int fd = make_one_way(overlay, layers, way, &next, err);

		if (next == WAY_MAX)
			return fd;
	}
	return make_by_list(overlay, layers, err);
}

/* Detached layers, that is idmapped and scratch ones: Linux 6.15. */
static int try_open(const struct overlay *overlay, int userns_fd, bool attach, struct error *err)
{
	auto_layers struct layers layers = { .upper = -1, .work = -1, .mount = -1 };
	int r = open_lowers(overlay, userns_fd, &layers, err);

	if (r == 0)
		r = open_upper(overlay, attach, &layers, err);
	if (r == 0)
		r = make_mount(overlay, &layers, err);
	if (r < 0 && layers.upper >= 0 && !overlay->scratch)
		r = explain_upper(overlay, layers.upper, err);
	/* The overlay has clones of its layers' mounts: what was attached must hide `dir` no longer. */
	if (r >= 0 && attach && umount2(overlay->dir, MNT_DETACH | UMOUNT_NOFOLLOW) < 0) {
		(void)close(r);
		return fail(err, errno, "overlay: detach the tmpfs from %s", overlay->dir);
	}
	return r;
}

int overlay_open(const struct overlay *overlay, const struct id_maps *container_maps, bool private_ns,
		 struct error *err)
{
	auto_fd int userns = -1;
	int fd;

	if (overlay->idmap) {
		userns = idmap_userns_fd(container_maps, err);
		if (userns < 0)
			return userns;
	}
	fd = try_open(overlay, userns, false, err);
	if (fd != -EINVAL || (!overlay->scratch && !overlay->idmap))
		return fd;
	if (overlay->idmap)
		return refuse_as(
			err, EOPNOTSUPP,
			"a root file system of layers in a user namespace needs idmapped layers of overlayfs, which "
			"this kernel does not take (Linux 6.15 does): use --userns=host");
	if (!private_ns)
		return refuse_as(err, EOPNOTSUPP, "overlay: a detached upper directory");
	return try_open(overlay, -1, true, err);
}

int overlay_stat_lower(const char *path, struct stat *ret, struct error *err)
{
	auto_fd int mount = -1;
	auto_fd int fd = open_lower(path, -1, &mount, err);

	if (fd < 0)
		return fd;
	return fstat(fd, ret) < 0 ? fail(err, errno, "overlay: layer %s", path) : 0;
}

int overlay_open_lowers(const struct overlay *overlay, struct error *err)
{
	auto_layers struct layers layers = { .upper = -1, .work = -1, .mount = -1 };
	const struct overlay looked_at = { .user_xattrs = overlay->user_xattrs };
	int r = open_lowers(overlay, -1, &layers, err);

	if (r < 0)
		return r;
	if (layers.n_lowers == 1)
		return take_fd(&layers.lowers[0]);
	return make_mount(&looked_at, &layers, err);
}
