/* layer_dirs.c - see layer_dirs.h. */
#include "layer_dirs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/path.h"
#include "base/str.h"
#include "layer_whiteout.h"
#include "tar.h"

void layer_dirs_init(struct layer_dirs *dirs, int root, struct layer_made *made, const char *opaque_xattr)
{
	*dirs = (struct layer_dirs){ .root = root, .made = made, .opaque_xattr = opaque_xattr };
	for (size_t i = 0; i < LAYER_DIRS_HELD; i++)
		dirs->slots[i].fd = -1;
}

static void drop(struct layer_dir *slot)
{
	free(slot->path);
	if (slot->fd >= 0)
		(void)close(slot->fd);
	*slot = (struct layer_dir){ .fd = -1 };
}

void layer_dirs_free(struct layer_dirs *dirs)
{
	for (size_t i = 0; i < LAYER_DIRS_HELD; i++)
		drop(&dirs->slots[i]);
}

static int cannot(const char *what, const char *path, int errnum, struct error *err)
{
	char shown[TAR_SHOWN_MAX];

	return fail(err, errnum, "%s %s", what, *path ? tar_shown(path, shown) : "the top directory");
}

/* Lets go of one: its time is what it was. */
static int let_go(struct layer_dir *slot, struct error *err)
{
	const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, slot->mtime };
	int r = 0;

	if (slot->path && slot->dirty && futimens(slot->fd, times) < 0)
		r = cannot("set the time of", slot->path, errno, err);
	drop(slot);
	return r;
}

int layer_dirs_flush(struct layer_dirs *dirs, struct error *err)
{
	for (size_t i = 0; i < LAYER_DIRS_HELD; i++) {
		int r = let_go(&dirs->slots[i], err);

		if (r < 0)
			return r;
	}
	return 0;
}

/* A free place, the least recently used one if there is none. */
static int free_slot(struct layer_dirs *dirs, struct layer_dir **ret, struct error *err)
{
	struct layer_dir *oldest = &dirs->slots[0];

	for (size_t i = 0; i < LAYER_DIRS_HELD; i++) {
		if (!dirs->slots[i].path) {
			oldest = &dirs->slots[i];
			break;
		}
		if (dirs->slots[i].used < oldest->used)
			oldest = &dirs->slots[i];
	}
	*ret = oldest;
	return let_go(oldest, err);
}

/* Holds fd, which is closed on failure too. */
static int hold(struct layer_dirs *dirs, int fd_taken, const char *path, struct layer_dir **ret, struct error *err)
{
	auto_fd int fd = fd_taken;
	struct layer_dir *slot;
	struct stat st;
	int r;

	if (fstat(fd, &st) < 0)
		return cannot("look at", path, errno, err);
	/* Held already by another name, through a symlink: it has one saved time only. */
	for (size_t i = 0; i < LAYER_DIRS_HELD; i++)
		if (dirs->slots[i].path && dirs->slots[i].inode == st.st_ino) {
			r = let_go(&dirs->slots[i], err);
			if (r < 0)
				return r;
			if (fstat(fd, &st) < 0)
				return cannot("look at", path, errno, err);
		}
	r = free_slot(dirs, &slot, err);
	if (r < 0)
		return r;
	*slot = (struct layer_dir){
		.path = xstrdup(path),
		.fd = take_fd(&fd),
		.inode = st.st_ino,
		.gid = st.st_gid,
		.mtime = st.st_mtim,
		.used = ++dirs->clock,
	};
	*ret = slot;
	return 0;
}

static struct layer_dir *held(struct layer_dirs *dirs, const char *path)
{
	for (size_t i = 0; i < LAYER_DIRS_HELD; i++) {
		struct layer_dir *slot = &dirs->slots[i];

		if (slot->path && str_eq(slot->path, path)) {
			slot->used = ++dirs->clock;
			return slot;
		}
	}
	return NULL;
}

/* What is there already: 0, or -errno, with text unless it is ENOENT or ENOTDIR. */
static int get(struct layer_dirs *dirs, const char *path, struct layer_dir **ret, struct error *err)
{
	struct layer_dir *slot = held(dirs, path);
	int fd;

	if (slot) {
		*ret = slot;
		return 0;
	}
	fd = path_open_flags(dirs->root, path, O_RDONLY | O_DIRECTORY, 0);
	if (fd == -ENOENT || fd == -ENOTDIR)
		return fd;
	return fd < 0 ? cannot("open", path, -fd, err) : hold(dirs, fd, path, ret, err);
}

/* The component that ends at `end` of path, which is not there as a directory, below `parent`. */
static int imply(struct layer_dirs *dirs, struct layer_dir *parent, const char *prefix, struct layer_dir **ret,
		 struct error *err)
{
	const char *slash = strrchr(prefix, '/'), *name = slash ? slash + 1 : prefix;
	bool merged, replaced;
	struct stat st;
	int r;

	replaced = fstatat(parent->fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
	if (replaced && S_ISLNK(st.st_mode)) {
		char shown[TAR_SHOWN_MAX];

		return refuse_as(err, ELOOP, "the way leads through the symlink %s, which points to no directory",
				 tar_shown(prefix, shown));
	}
	r = layer_dirs_make(dirs, parent, name, prefix, ret, &merged, err);
	if (r < 0)
		return r;
	if (fchmod((*ret)->fd, LAYER_IMPLIED_MODE) < 0)
		return cannot("set the mode of", prefix, errno, err);
	/* In place of something that the layer removed or replaced, it is new. */
	(*ret)->mtime = (struct timespec){ .tv_nsec = replaced ? 0 : LAYER_IMPLIED_NS };
	(*ret)->dirty = true; /* so that the time is set */
	dirs->implied++;
	return 0;
}

static int make_all(struct layer_dirs *dirs, const char *path, struct layer_dir **ret, struct error *err)
{
	auto_free char *prefix = xstrdup(path);
	struct layer_dir *dir, *parent;
	int r = get(dirs, "", &dir, err);

	for (size_t length = 0; r == 0 && path[length];) {
		length += path[length] == '/';
		length += strcspn(path + length, "/");
		memcpy(prefix, path, length);
		prefix[length] = '\0';
		parent = dir;
		r = get(dirs, prefix, &dir, err);
		if (r == -ENOENT || r == -ENOTDIR)
			r = imply(dirs, parent, prefix, &dir, err);
	}
	if (r == 0)
		*ret = dir;
	return r;
}

int layer_dirs_get(struct layer_dirs *dirs, const char *path, bool make, struct layer_dir **ret, struct error *err)
{
	int r = get(dirs, path, ret, err);

	if (r != -ENOENT && r != -ENOTDIR)
		return r;
	return make ? make_all(dirs, path, ret, err) : -ENOENT;
}

/* Directories held below what goes, or by a way through it, are no more what their paths say: all are let go of. */
static int prune_flushed(struct layer_dirs *dirs, struct layer_dir *dir, const char *name,
			 const struct layer_made *made, struct error *err)
{
	auto_fd int fd = fcntl(dir->fd, F_DUPFD_CLOEXEC, 0);
	const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, dir->mtime };
	const ino_t inode = dir->inode;
	int r;

	if (fd < 0)
		return cannot("look at", dir->path, errno, err);
	r = layer_dirs_flush(dirs, err);
	if (r == 0)
		r = name ? layer_prune(fd, inode, name, made, err) : layer_prune_inside(fd, made, err);
	if (r >= 0 && futimens(fd, times) < 0)
		r = fail(err, errno, "set the time of a directory");
	return r < 0 ? r : 0;
}

int layer_dirs_prune(struct layer_dirs *dirs, struct layer_dir *dir, const char *name, const struct layer_made *made,
		     struct error *err)
{
	struct stat st;

	if (!name)
		return prune_flushed(dirs, dir, NULL, made, err);
	if (fstatat(dir->fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : cannot("look at", name, errno, err);
	if (S_ISDIR(st.st_mode) || S_ISLNK(st.st_mode))
		return prune_flushed(dirs, dir, name, made, err);
	dir->dirty = true;
	return layer_prune(dir->fd, dir->inode, name, made, err) < 0 ? -err->code : 0;
}

/* Makes the directory, in place of what is no directory. */
static int make_one(struct layer_dirs *dirs, struct layer_dir *parent, const char *name, bool *ret_merged,
		    bool *ret_replaced, struct error *err)
{
	struct stat st;

	*ret_merged = false;
	*ret_replaced = false;
	if (mkdirat(parent->fd, name, 0700) == 0)
		return 0;
	if (errno != EEXIST || fstatat(parent->fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return cannot("make the directory", name, errno, err);
	*ret_merged = S_ISDIR(st.st_mode);
	if (*ret_merged)
		return 0;
	*ret_replaced = true;
	if (S_ISLNK(st.st_mode)) /* ways through it end here */
		for (size_t i = 0; i < LAYER_DIRS_HELD; i++) {
			int r = &dirs->slots[i] == parent ? 0 : let_go(&dirs->slots[i], err);

			if (r < 0)
				return r;
		}
	if (unlinkat(parent->fd, name, 0) < 0 || mkdirat(parent->fd, name, 0700) < 0)
		return cannot("replace", name, errno, err);
	return 0;
}

int layer_dirs_make(struct layer_dirs *dirs, struct layer_dir *parent, const char *name, const char *path,
		    struct layer_dir **ret, bool *ret_merged, struct error *err)
{
	bool replaced;
	int r = make_one(dirs, parent, name, ret_merged, &replaced, err);
	int fd;

	if (r < 0)
		return r;
	parent->dirty |= !*ret_merged;
	layer_made_add(dirs->made, parent->inode, name);
	fd = openat(parent->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return cannot("open", path, errno, err);
	r = hold(dirs, fd, path, ret, err);
	return r == 0 && replaced && dirs->opaque_xattr ? layer_dirs_set_opaque(dirs, *ret, err) : r;
}

void layer_dirs_unmark(struct layer_dir *dir)
{
	if (dir->mtime.tv_sec != 0 || dir->mtime.tv_nsec != LAYER_IMPLIED_NS)
		return;
	dir->mtime.tv_nsec = 0;
	dir->dirty = true;
}

int layer_dirs_set_opaque(struct layer_dirs *dirs, const struct layer_dir *dir, struct error *err)
{
	dirs->opaques = true;
	if (fsetxattr(dir->fd, dirs->opaque_xattr, "y", 1, 0) < 0)
		return fail(err, errno, "set %s", dirs->opaque_xattr);
	return 0;
}
