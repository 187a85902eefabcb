/*
 * layer_dir.c - the sink that writes files below one directory (layer_sink.h). Names are resolved by layer_dirs.c; here
 * only single components are used, relative to a directory's fd and without following links.
 *
 * A whiteout in overlay form: if this layer has something of its own there, that hides the lower layers' anyway, and a
 * directory of its own is made opaque; else a character device 0:0. What then comes in its place replaces it, a
 * directory as an opaque one. So the order of entries does not matter. In the end there is no whiteout below an
 * opaque directory, where overlayfs would show it. Applied, a whiteout removes what this layer has not made
 * (layer_made.h).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/proc.h"
#include "base/str.h"
#include "layer_dirs.h"
#include "layer_made.h"
#include "layer_sink.h"
#include "layer_whiteout.h"
#include "layer_xattr.h"

enum attribute { OWNER = 1, MODE = 2 };
enum { PERMISSIONS = 0777 };

struct dir_sink {
	struct layer_sink sink;
	struct layer_dirs dirs;
	struct layer_made *made; /* NULL in overlay form */
	struct layer_xattr_rules rules;
	bool no_devices;
	uid_t uid; /* of what is made */
	gid_t gid;
	uint64_t skipped_devices, skipped_xattrs;
	bool whiteouts, has_top, opaque_root;
	mode_t umask; /* all bits where files may get an ACL of their directory's */
	/* The file that is being written. */
	int file;
	unsigned file_lacks; /* enum attribute */
	const struct tar_entry *entry;
	uint64_t written; /* up to here */
};

static int target_error(const char *what, int errnum, struct error *err)
{
	return fail(err, errnum, "%s", what);
}

static int owner_error(const struct tar_entry *entry, int errnum, struct error *err)
{
	if (errnum != EINVAL)
		return target_error("set the owner", errnum, err);
	return refuse(err,
		      "its owner %u:%u is not in the user namespace: an ordinary user has the ids that /etc/subuid and "
		      "/etc/subgid give (and newuidmap sets up), else one only",
		      entry->uid, entry->gid);
}

/* What is made is the caller's, but for its group in a directory of another's. */
static bool lacks_owner(const struct dir_sink *sink, const struct layer_dir *dir, const struct tar_entry *entry)
{
	return entry->uid != sink->uid || entry->gid != sink->gid || dir->gid != sink->gid;
}

/* Owner, attributes, mode and times, in this order: changing the owner takes set-id bits and capabilities away. What
   it does not lack it has since it was made. */
static int set_attributes(struct dir_sink *sink, int fd, const struct tar_entry *entry, unsigned lacks,
			  struct error *err)
{
	const struct timespec times[2] = { entry->mtime, entry->mtime };
	int r;

	if ((lacks & OWNER) && fchown(fd, entry->uid, entry->gid) < 0)
		return owner_error(entry, errno, err);
	r = entry->n_xattrs ? layer_xattr_set(fd, -1, NULL, entry, &sink->rules, &sink->skipped_xattrs, err) : 0;
	if (r < 0)
		return r;
	if ((lacks & MODE) && fchmod(fd, entry->mode) < 0)
		return target_error("set the mode", errno, err);
	return futimens(fd, times) < 0 ? target_error("set the time", errno, err) : 0;
}

/* The same for what is not opened: symlinks, devices, fifos. */
static int set_attributes_at(struct dir_sink *sink, const struct layer_dir *dir, const struct layer_entry *entry,
			     struct error *err)
{
	const struct tar_entry *tar = entry->tar;
	const struct timespec times[2] = { tar->mtime, tar->mtime };
	int r;

	if (lacks_owner(sink, dir, tar) && fchownat(dir->fd, entry->name, tar->uid, tar->gid, AT_SYMLINK_NOFOLLOW) < 0)
		return owner_error(tar, errno, err);
	r = layer_xattr_set(-1, dir->fd, entry->name, tar, &sink->rules, &sink->skipped_xattrs, err);
	if (r < 0)
		return r;
	if (tar->kind != TAR_SYMLINK && fchmodat(dir->fd, entry->name, tar->mode, AT_SYMLINK_NOFOLLOW) < 0)
		return target_error("set the mode", errno, err);
	return utimensat(dir->fd, entry->name, times, AT_SYMLINK_NOFOLLOW) < 0
		       ? target_error("set the time", errno, err)
		       : 0;
}

static int make_directory(struct dir_sink *sink, const struct layer_entry *entry, struct error *err)
{
	struct layer_dir *dir = NULL;
	bool merged = true;
	int r = layer_dirs_get(&sink->dirs, entry->dir, true, &dir, err);

	sink->has_top |= !*entry->path;
	if (r == 0 && *entry->name)
		r = layer_dirs_make(&sink->dirs, dir, entry->name, entry->path, &dir, &merged, err);
	if (r == 0 && merged)
		r = layer_xattr_clear(dir->fd, entry->tar, &sink->rules, err);
	if (r == 0)
		r = set_attributes(sink, dir->fd, entry->tar, OWNER | MODE, err);
	if (r < 0)
		return r;
	if (entry->tar->n_xattrs)
		sink->umask = PERMISSIONS;
	dir->mtime = entry->tar->mtime;
	dir->gid = entry->tar->gid;
	return 0;
}

/* Nearly all are made with their mode: to set it afterwards is one more transaction of a file system with a journal. */
static int open_file(struct dir_sink *sink, const struct layer_dir *dir, const struct layer_entry *entry)
{
	const bool lacks_mode = entry->tar->n_xattrs || (entry->tar->mode & (~(mode_t)PERMISSIONS | sink->umask));
	int fd = openat(dir->fd, entry->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
			lacks_mode ? 0600 : entry->tar->mode);

	if (fd < 0)
		return -errno;
	sink->file = fd;
	sink->file_lacks = (lacks_owner(sink, dir, entry->tar) ? OWNER : 0) | (lacks_mode ? MODE : 0);
	sink->entry = entry->tar;
	sink->written = 0;
	return 0;
}

static int make_node(struct dir_sink *sink, const struct layer_dir *dir, const struct layer_entry *entry)
{
	static const mode_t types[TAR_KIND_MAX] = {
		[TAR_CHAR] = S_IFCHR,
		[TAR_BLOCK] = S_IFBLK,
		[TAR_FIFO] = S_IFIFO,
	};
	const struct tar_entry *tar = entry->tar;

	(void)sink;
	return mknodat(dir->fd, entry->name, types[tar->kind] | 0600, makedev(tar->major, tar->minor)) < 0 ? -errno : 0;
}

static int make_symlink(struct dir_sink *sink, const struct layer_dir *dir, const struct layer_entry *entry)
{
	(void)sink;
	return symlinkat(entry->tar->link, dir->fd, entry->name) < 0 ? -errno : 0;
}

/* How one thing with a name is made: 0 or -errno, -EEXIST among them. */
typedef int (*make_function)(struct dir_sink *sink, const struct layer_dir *dir, const struct layer_entry *entry);

static int make_entry(struct dir_sink *sink, const struct layer_entry *entry, make_function make,
		      struct layer_dir **ret, struct error *err)
{
	struct layer_dir *dir = NULL;
	int r = layer_dirs_get(&sink->dirs, entry->dir, true, &dir, err);

	if (r < 0)
		return r;
	r = make(sink, dir, entry);
	if (r == -EEXIST) {
		r = layer_dirs_prune(&sink->dirs, dir, entry->name, NULL, err);
		if (r == 0)
			r = layer_dirs_get(&sink->dirs, entry->dir, true, &dir, err);
		if (r < 0)
			return r;
		r = make(sink, dir, entry);
	}
	if (r < 0)
		return target_error("make it", -r, err);
	dir->dirty = true;
	layer_made_add(sink->made, dir->inode, entry->name);
	*ret = dir;
	return 0;
}

static int make_other(struct dir_sink *sink, const struct layer_entry *entry, struct error *err)
{
	const struct tar_entry *tar = entry->tar;
	const bool device = tar->kind == TAR_CHAR || tar->kind == TAR_BLOCK;
	struct layer_dir *dir = NULL;
	int r;

	if (tar->kind == TAR_FILE)
		return make_entry(sink, entry, open_file, &dir, err);
	if (sink->rules.overlay && tar->kind == TAR_CHAR && tar->major == 0 && tar->minor == 0)
		return refuse(err, "a character device 0:0, which overlayfs takes for a whiteout");
	if (device && sink->no_devices) {
		sink->skipped_devices++;
		return 0;
	}
	r = make_entry(sink, entry, tar->kind == TAR_SYMLINK ? make_symlink : make_node, &dir, err);
	return r < 0 ? r : set_attributes_at(sink, dir, entry, err);
}

static int no_target(const struct dir_sink *sink, const struct layer_entry *entry, int errnum, struct error *err)
{
	char shown[TAR_SHOWN_MAX];

	return fail(err, errnum, "hard link to %s%s", tar_shown(entry->tar->link, shown),
		    errnum == ENOENT && sink->rules.overlay ? ", which is not in this layer" : "");
}

static bool same(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_dev == b->st_dev;
}

/* 1: the name is a link to the target already, and nothing is to be done. */
static int check_link(struct dir_sink *sink, const struct layer_entry *entry, int target_fd, struct stat *ret,
		      struct error *err)
{
	struct layer_dir *dir = NULL;
	struct stat there;
	int r;

	if (fstatat(target_fd, entry->link_name, ret, AT_SYMLINK_NOFOLLOW) < 0)
		return no_target(sink, entry, errno, err);
	if (S_ISDIR(ret->st_mode))
		return no_target(sink, entry, EISDIR, err);
	if (sink->rules.overlay && layer_is_whiteout(ret))
		return no_target(sink, entry, ENOENT, err);
	r = layer_dirs_get(&sink->dirs, entry->dir, true, &dir, err);
	if (r < 0)
		return r;
	return fstatat(dir->fd, entry->name, &there, AT_SYMLINK_NOFOLLOW) == 0 && same(&there, ret);
}

/* What the link's name stood for is gone before the link is made; the target must not have gone with it. */
static int make_link(struct dir_sink *sink, const struct layer_entry *entry, struct error *err)
{
	struct layer_dir *dir = NULL;
	auto_fd int target_fd = -1;
	struct stat target;
	int r = layer_dirs_get(&sink->dirs, entry->link_dir, false, &dir, err);

	if (r < 0)
		return r == -ENOENT ? no_target(sink, entry, ENOENT, err) : r;
	target_fd = fcntl(dir->fd, F_DUPFD_CLOEXEC, 0);
	if (target_fd < 0)
		return target_error("hold a directory", errno, err);
	r = check_link(sink, entry, target_fd, &target, err);
	if (r != 0)
		return r < 0 ? r : 0;
	r = layer_dirs_get(&sink->dirs, entry->dir, true, &dir, err);
	if (r == 0)
		r = layer_dirs_prune(&sink->dirs, dir, entry->name, NULL, err);
	if (r == 0)
		r = layer_dirs_get(&sink->dirs, entry->dir, true, &dir, err);
	if (r < 0)
		return r;
	if (linkat(target_fd, entry->link_name, dir->fd, entry->name, 0) < 0)
		return no_target(sink, entry, errno, err);
	dir->dirty = true;
	layer_made_add(sink->made, dir->inode, entry->name);
	return 0;
}

/* Overlay form: see above. */
static int put_whiteout(struct dir_sink *sink, const struct layer_entry *entry, struct error *err)
{
	static const struct timespec times[2];
	struct layer_dir *dir = NULL;
	struct stat st;
	int r = layer_dirs_get(&sink->dirs, entry->dir, true, &dir, err);

	if (r < 0)
		return r;
	if (mknodat(dir->fd, entry->name, S_IFCHR, makedev(0, 0)) == 0) {
		sink->whiteouts = true;
		dir->dirty = true;
		/* The same layer always makes the same tree. */
		return utimensat(dir->fd, entry->name, times, AT_SYMLINK_NOFOLLOW) < 0
			       ? target_error("set the time", errno, err)
			       : 0;
	}
	if (errno != EEXIST || fstatat(dir->fd, entry->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return target_error("make a whiteout", errno, err);
	if (!S_ISDIR(st.st_mode))
		return 0;
	r = layer_dirs_get(&sink->dirs, entry->path, false, &dir, err);
	if (r < 0)
		return target_error("make it opaque", -r, err);
	layer_dirs_unmark(dir);
	return layer_dirs_set_opaque(&sink->dirs, dir, err);
}

/* A directory that is opaque, made if it is not there. A file or symlink of this layer in its place hides as much. */
static int put_opaque(struct dir_sink *sink, const struct layer_entry *entry, struct error *err)
{
	struct layer_dir *dir = NULL;
	struct stat st;
	int r = layer_dirs_get(&sink->dirs, entry->dir, true, &dir, err);

	sink->opaque_root |= !*entry->path;
	if (r == 0 && *entry->name) {
		if (fstatat(dir->fd, entry->name, &st, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISDIR(st.st_mode) &&
		    !layer_is_whiteout(&st))
			return 0;
		r = layer_dirs_get(&sink->dirs, entry->path, true, &dir, err);
	}
	return r < 0 ? r : layer_dirs_set_opaque(&sink->dirs, dir, err);
}

/* Applied: what is there of lower layers goes. A directory that a symlink of theirs points to is not this one. */
static int apply_mark(struct dir_sink *sink, const struct layer_entry *entry, struct error *err)
{
	struct layer_dir *dir = NULL;
	struct stat st;
	int r = layer_dirs_get(&sink->dirs, entry->dir, false, &dir, err);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	if (entry->mark == LAYER_WHITEOUT)
		return layer_dirs_prune(&sink->dirs, dir, entry->name, sink->made, err);
	if (*entry->name) {
		if (fstatat(dir->fd, entry->name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISDIR(st.st_mode))
			return 0;
		r = layer_dirs_get(&sink->dirs, entry->path, false, &dir, err);
		if (r < 0)
			return r == -ENOENT ? 0 : r;
	}
	return layer_dirs_prune(&sink->dirs, dir, NULL, sink->made, err);
}

static int put_entry(struct dir_sink *sink, const struct layer_entry *entry, struct error *err)
{
	if (entry->mark != LAYER_PLAIN && !sink->rules.overlay)
		return apply_mark(sink, entry, err);
	if (entry->mark == LAYER_WHITEOUT)
		return put_whiteout(sink, entry, err);
	if (entry->mark == LAYER_OPAQUE)
		return put_opaque(sink, entry, err);
	if (entry->tar->kind == TAR_DIRECTORY)
		return make_directory(sink, entry, err);
	if (entry->tar->kind == TAR_HARDLINK)
		return make_link(sink, entry, err);
	return make_other(sink, entry, err);
}

static int dir_entry(struct layer_sink *base, const struct layer_entry *entry, struct error *err)
{
	struct dir_sink *sink = (struct dir_sink *)base;
	int r = put_entry(sink, entry, err);

	base->implied = sink->dirs.implied;
	return r;
}

static int dir_data(struct layer_sink *base, uint64_t offset, const void *data, size_t size, struct error *err)
{
	struct dir_sink *sink = (struct dir_sink *)base;
	const char *at = data;

	while (size > 0) {
		ssize_t done = pwrite(sink->file, at, size, (off_t)offset);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return target_error("write", done < 0 ? errno : ENOSPC, err);
		at += done;
		size -= (size_t)done;
		offset += (uint64_t)done;
	}
	sink->written = offset;
	return 0;
}

static int dir_end(struct layer_sink *base, struct error *err)
{
	struct dir_sink *sink = (struct dir_sink *)base;
	auto_fd int fd = take_fd(&sink->file);

	if (sink->written < sink->entry->size && ftruncate(fd, (off_t)sink->entry->size) < 0)
		return target_error("set the size", errno, err);
	return set_attributes(sink, fd, sink->entry, sink->file_lacks, err);
}

static int dir_finish(struct layer_sink *base, struct layer_result *result, struct error *err)
{
	struct dir_sink *sink = (struct dir_sink *)base;
	int r = layer_dirs_flush(&sink->dirs, err);

	if (r == 0 && sink->whiteouts && sink->dirs.opaques)
		r = layer_remove_hidden_whiteouts(sink->dirs.root, sink->rules.user_xattrs, err);
	if (r < 0)
		return r;
	result->skipped_devices = sink->skipped_devices;
	result->skipped_xattrs = sink->skipped_xattrs;
	result->has_top = sink->has_top;
	result->opaque_root = sink->opaque_root;
	return 0;
}

static void dir_close(struct layer_sink *base)
{
	struct dir_sink *sink = (struct dir_sink *)base;

	if (sink->file >= 0)
		(void)close(sink->file);
	layer_dirs_free(&sink->dirs);
	layer_made_free(sink->made);
	free(sink);
}

static const struct layer_sink_ops ops = {
	.entry = dir_entry,
	.data = dir_data,
	.end = dir_end,
	.finish = dir_finish,
	.close = dir_close,
};

static bool has_default_acl(int dir_fd)
{
	return fgetxattr(dir_fd, "system.posix_acl_default", NULL, 0) >= 0;
}

struct layer_sink *layer_dir_open(int dir_fd, const struct layer_options *options)
{
	struct dir_sink *sink = xcalloc(1, sizeof(*sink));

	sink->sink.ops = &ops;
	sink->made = options->form == LAYER_APPLY ? layer_made_new() : NULL;
	layer_dirs_init(&sink->dirs, dir_fd, sink->made,
			options->form == LAYER_OVERLAY ? layer_xattr_opaque(options->user_xattrs) : NULL);
	sink->rules.overlay = options->form == LAYER_OVERLAY;
	sink->rules.user_xattrs = options->user_xattrs;
	sink->no_devices = options->no_devices;
	sink->uid = geteuid();
	sink->gid = getegid();
	/* What is there already may have an ACL for what is made in it. */
	sink->umask = options->form == LAYER_OVERLAY && !has_default_acl(dir_fd) ? proc_umask() : PERMISSIONS;
	sink->file = -1;
	return &sink->sink;
}
