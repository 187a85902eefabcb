/*
 * layer_pack.c - a directory in overlay form back to the tar of a layer: see layer.h. Names in byte order, a directory
 * before what is in it; whiteouts and opaque marks by their names of the image-spec; of the overlayfs attributes those
 * that were escaped, unescaped. The top directory itself is no entry. Sockets are left out: tar has none.
 */
#include "layer.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "hash.h"
#include "layer_pack.h"
#include "layer_whiteout.h"
#include "tar_write.h"

enum { BUFFER_SIZE = 256 * 1024, DEPTH_MAX = 512, LINK_LENGTH = 4095, FIRST_CAPACITY = 64 };

/* The first name of a file that has several. */
struct first_name {
	dev_t device;
	ino_t inode;
	char *path;
};

struct packer {
	int out_fd;
	bool user_xattrs;
	struct hash *hash;
	uint64_t size;
	char *buffer;
	struct first_name *names;
	size_t n_names, names_size; /* the size is a power of two */
	struct tar_target target;
};

static int put(void *context, const void *data, size_t size, struct error *err)
{
	struct packer *packer = context;
	int r = fd_write_all(packer->out_fd, data, size);

	if (r < 0)
		return fail(err, -r, "write the layer");
	hash_update(packer->hash, data, size);
	packer->size += size;
	return 0;
}

static int cannot(const char *what, const char *path, int errnum, struct error *err)
{
	char shown[TAR_SHOWN_MAX];

	return fail(err, errnum, "%s %s", what, tar_shown(path, shown));
}

/* Where an inode is in the table, or would be: an open-addressed one, at most three quarters full. */
static struct first_name *place(struct first_name *names, size_t size, dev_t device, ino_t inode)
{
	size_t i = inode & (size - 1);

	while (names[i].path && (names[i].inode != inode || names[i].device != device))
		i = (i + 1) & (size - 1);
	return &names[i];
}

static void grow(struct packer *packer)
{
	const size_t size = packer->names_size ? 2 * packer->names_size : FIRST_CAPACITY;
	struct first_name *names = xcalloc(size, sizeof(*names));

	for (size_t i = 0; i < packer->names_size; i++)
		if (packer->names[i].path)
			*place(names, size, packer->names[i].device, packer->names[i].inode) = packer->names[i];
	free(packer->names);
	packer->names = names;
	packer->names_size = size;
}

/* The path under which this inode was packed already; else it is noted, and NULL. */
static const char *first_name(struct packer *packer, const struct stat *st, const char *path)
{
	struct first_name *name;

	if (packer->n_names >= packer->names_size / 4 * 3)
		grow(packer);
	name = place(packer->names, packer->names_size, st->st_dev, st->st_ino);
	if (name->path)
		return name->path;
	*name = (struct first_name){ st->st_dev, st->st_ino, xstrdup(path) };
	packer->n_names++;
	return NULL;
}

/* A whiteout or an opaque mark: an empty file. */
static int put_mark(struct packer *packer, const char *dir, const char *prefix, const char *name, struct error *err)
{
	auto_free char *path = xasprintf("%s%s%s%s", dir, *dir ? "/" : "", prefix, name);
	const struct tar_entry entry = { .name = path, .link = "" };

	return tar_write_header(&packer->target, &entry, err);
}

static int put_data(struct packer *packer, int fd, uint64_t size, struct error *err)
{
	uint64_t at = 0;

	while (at < size) {
		const size_t wanted = size - at < BUFFER_SIZE ? (size_t)(size - at) : BUFFER_SIZE;
		ssize_t got = pread(fd, packer->buffer, wanted, (off_t)at);
		int r;

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? fail(err, errno, "read") : refuse(err, "it has become shorter");
		r = put(packer, packer->buffer, (size_t)got, err);
		if (r < 0)
			return r;
		at += (uint64_t)got;
	}
	return tar_write_padding(&packer->target, size, err);
}

static bool to_kind(const struct stat *st, enum tar_kind *ret)
{
	static const struct {
		mode_t type;
		enum tar_kind kind;
	} kinds[] = {
		{ S_IFREG, TAR_FILE }, { S_IFDIR, TAR_DIRECTORY }, { S_IFLNK, TAR_SYMLINK },
		{ S_IFCHR, TAR_CHAR }, { S_IFBLK, TAR_BLOCK },     { S_IFIFO, TAR_FIFO },
	};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if ((st->st_mode & S_IFMT) == kinds[i].type) {
			*ret = kinds[i].kind;
			return true;
		}
	return false;
}

/* What stat says; kind is set. */
static void fill(struct tar_entry *entry, const struct stat *st)
{
	entry->mode = st->st_mode & 07777;
	entry->uid = st->st_uid;
	entry->gid = st->st_gid;
	entry->mtime = st->st_mtim;
	entry->major = major(st->st_rdev);
	entry->minor = minor(st->st_rdev);
	entry->size = entry->kind == TAR_FILE ? (uint64_t)st->st_size : 0;
}

/* Header and data of an open file or directory. */
static int put_open(struct packer *packer, int fd, const struct tar_entry *given, struct error *err)
{
	struct tar_entry entry = *given;
	struct layer_attributes attributes = { 0 };
	int r = layer_attributes_read(fd, NULL, packer->user_xattrs, &attributes, err);

	entry.xattrs = attributes.xattrs;
	entry.n_xattrs = attributes.count;
	if (r == 0)
		r = tar_write_header(&packer->target, &entry, err);
	if (r == 0 && entry.kind == TAR_FILE)
		r = put_data(packer, fd, entry.size, err);
	layer_attributes_free(&attributes);
	return r;
}

static int put_file(struct packer *packer, int dir_fd, const char *name, struct tar_entry *entry, struct error *err)
{
	auto_fd int fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	const char *first;

	if (fd < 0 || fstat(fd, &st) < 0)
		return cannot("open", entry->name, errno, err);
	if (!S_ISREG(st.st_mode))
		return cannot("open", entry->name, ESTALE, err);
	fill(entry, &st);
	first = st.st_nlink > 1 ? first_name(packer, &st, entry->name) : NULL;
	if (first) {
		entry->kind = TAR_HARDLINK;
		entry->link = first;
		return tar_write_header(&packer->target, entry, err);
	}
	return put_open(packer, fd, entry, err);
}

/* Symlinks, devices, fifos. */
static int put_other(struct packer *packer, int dir_fd, const char *name, const struct tar_entry *given,
		     const struct stat *st, struct error *err)
{
	const char *first = st->st_nlink > 1 ? first_name(packer, st, given->name) : NULL;
	struct layer_attributes attributes = { 0 };
	struct tar_entry entry = *given;
	char link[LINK_LENGTH + 1], path[LAYER_ATTRIBUTES_PATH];
	int r;

	fill(&entry, st);
	if (first) {
		entry.kind = TAR_HARDLINK;
		entry.link = first;
		return tar_write_header(&packer->target, &entry, err);
	}
	if (entry.kind == TAR_SYMLINK) {
		ssize_t length = readlinkat(dir_fd, name, link, LINK_LENGTH);

		if (length < 0)
			return cannot("read the link", entry.name, errno, err);
		link[length] = '\0';
		entry.link = link;
	}
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", dir_fd, name);
	r = layer_attributes_read(-1, path, packer->user_xattrs, &attributes, err);
	entry.xattrs = attributes.xattrs;
	entry.n_xattrs = attributes.count;
	if (r == 0)
		r = tar_write_header(&packer->target, &entry, err);
	layer_attributes_free(&attributes);
	return r;
}

static int put_directory(struct packer *packer, int dir_fd, const char *path, unsigned depth, struct error *err);

static int put_subdirectory(struct packer *packer, int dir_fd, const char *name, const char *path, unsigned depth,
			    struct error *err)
{
	auto_fd int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	auto_free char *slashed = xasprintf("%s/", path);
	struct tar_entry entry = { .name = slashed, .link = "", .kind = TAR_DIRECTORY };
	struct stat st;
	int r;

	if (fd < 0 || fstat(fd, &st) < 0)
		return cannot("open", path, errno, err);
	fill(&entry, &st);
	r = put_open(packer, fd, &entry, err);
	return r < 0 ? r : put_directory(packer, fd, path, depth + 1, err);
}

static int put_one(struct packer *packer, int dir_fd, const char *dir, const char *name, unsigned depth,
		   struct error *err)
{
	auto_free char *path = xasprintf("%s%s%s", dir, *dir ? "/" : "", name);
	struct tar_entry entry = { .name = path, .link = "" };
	struct stat st;

	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return cannot("look at", path, errno, err);
	if (layer_is_whiteout(&st))
		return put_mark(packer, dir, ".wh.", name, err);
	if (str_starts(name, ".wh."))
		return cannot("a name that means a whiteout:", path, EINVAL, err);
	if (!to_kind(&st, &entry.kind))
		return 0;
	if (entry.kind == TAR_DIRECTORY)
		return put_subdirectory(packer, dir_fd, name, path, depth, err);
	if (entry.kind == TAR_FILE)
		return put_file(packer, dir_fd, name, &entry, err);
	return put_other(packer, dir_fd, name, &entry, &st, err);
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* All names but . and .., sorted; the caller frees each and the array. */
static int list(int dir_fd, char ***ret, size_t *ret_count, struct error *err)
{
	int list_fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_dir DIR *dir = list_fd < 0 ? NULL : fdopendir(list_fd);
	const struct dirent *entry;
	char **names = NULL;
	size_t count = 0;

	if (!dir) {
		int saved = errno;

		if (list_fd >= 0)
			(void)close(list_fd);
		return fail(err, saved, "list a directory");
	}
	while ((entry = readdir(dir)) != NULL) {
		if (str_eq(entry->d_name, ".") || str_eq(entry->d_name, ".."))
			continue;
		if (count % FIRST_CAPACITY == 0)
			names = xreallocarray(names, count + FIRST_CAPACITY, sizeof(*names));
		names[count++] = xstrdup(entry->d_name);
	}
	if (count)
		qsort(names, count, sizeof(*names), compare);
	*ret = names;
	*ret_count = count;
	return 0;
}

static int put_directory(struct packer *packer, int dir_fd, const char *path, unsigned depth, struct error *err)
{
	char **names = NULL;
	size_t count = 0;
	int r = 0;

	if (depth > DEPTH_MAX)
		return refuse(err, "more than %d directories deep", DEPTH_MAX);
	if (layer_is_opaque(dir_fd, packer->user_xattrs))
		r = put_mark(packer, path, "", ".wh..wh..opq", err);
	if (r == 0)
		r = list(dir_fd, &names, &count, err);
	for (size_t i = 0; r == 0 && i < count; i++)
		r = put_one(packer, dir_fd, path, names[i], depth, err);
	for (size_t i = 0; i < count; i++)
		free(names[i]);
	free(names);
	return r;
}

int layer_pack(int dir_fd, int out_fd, bool user_xattrs, struct digest *ret_diff_id, uint64_t *ret_size,
	       struct error *err)
{
	auto_hash struct hash *hash = hash_new(DIGEST_SHA256);
	auto_free char *buffer = xcalloc(1, BUFFER_SIZE);
	struct packer packer = { .out_fd = out_fd, .user_xattrs = user_xattrs, .hash = hash, .buffer = buffer };
	int r;

	packer.target = (struct tar_target){ .write = put, .context = &packer };
	r = put_directory(&packer, dir_fd, "", 0, err);
	if (r == 0)
		r = tar_write_end(&packer.target, err);
	for (size_t i = 0; i < packer.names_size; i++)
		free(packer.names[i].path);
	free(packer.names);
	if (r < 0)
		return r;
	hash_finish(hash, ret_diff_id);
	*ret_size = packer.size;
	return 0;
}
