/* tree_compare.c - see tree.h: both trees entry by entry, directories by a list of those that are still to be looked
   at. */
#include "tree_compare.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/path.h"
#include "base/str.h"

enum { BUFFER = 64 * 1024, XATTRS_MAX = 64 * 1024, LINK_MAX_LENGTH = 4096 };

struct comparison {
	char **todo; /* directories, relative to the tops */
	size_t count;
	char *a, *b; /* two buffers of BUFFER bytes */
};

static int differs(const char *path, const char *what, struct error *err)
{
	return refuse_as(err, ESTALE, "%.200s: %s", path, what);
}

static int compare_bytes(struct comparison *comparison, int a, int b, const char *path, struct error *err)
{
	off_t at = 0;

	for (;;) {
		ssize_t from_a = pread(a, comparison->a, BUFFER, at);
		ssize_t from_b = pread(b, comparison->b, BUFFER, at);

		if (from_a < 0 || from_b < 0)
			return fail(err, errno, "read %.200s", path);
		if (from_a != from_b || memcmp(comparison->a, comparison->b, (size_t)from_a) != 0)
			return differs(path, "the content differs", err);
		if (from_a == 0)
			return 0;
		at += from_a;
	}
}

static int compare_file(struct comparison *comparison, int a_dir, int b_dir, const char *name, const char *path,
			struct error *err)
{
	auto_fd int a = openat(a_dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	auto_fd int b = openat(b_dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (a < 0 || b < 0)
		return fail(err, errno, "open %.200s", path);
	return compare_bytes(comparison, a, b, path, err);
}

static int compare_link(int a_dir, int b_dir, const char *name, const char *path, struct error *err)
{
	char a[LINK_MAX_LENGTH];
	char b[LINK_MAX_LENGTH];
	ssize_t length = readlinkat(a_dir, name, a, sizeof(a));

	if (length < 0 || readlinkat(b_dir, name, b, sizeof(b)) != length || memcmp(a, b, (size_t)length) != 0)
		return differs(path, "the link leads elsewhere", err);
	return 0;
}

/* The value of an attribute, by a path through the directory's fd, since symlinks have them too. */
static ssize_t get_attribute(int dir, const char *name, const char *attribute, char *value)
{
	auto_free char *path = xasprintf("/proc/self/fd/%d/%s", dir, name);

	return lgetxattr(path, attribute, value, BUFFER);
}

static ssize_t list_attributes(int dir, const char *name, char *list)
{
	auto_free char *path = xasprintf("/proc/self/fd/%d/%s", dir, name);

	return llistxattr(path, list, XATTRS_MAX);
}

static int compare_attributes(struct comparison *comparison, int a_dir, int b_dir, const char *name, const char *path,
			      struct error *err)
{
	auto_free char *list = xcalloc(1, XATTRS_MAX);
	auto_free char *other = xcalloc(1, XATTRS_MAX);
	ssize_t length = list_attributes(a_dir, name, list);

	if (length != list_attributes(b_dir, name, other))
		return differs(path, "the extended attributes differ", err);
	for (ssize_t at = 0; at < length; at += (ssize_t)strlen(list + at) + 1) {
		ssize_t size = get_attribute(a_dir, name, list + at, comparison->a);

		if (size != get_attribute(b_dir, name, list + at, comparison->b) ||
		    (size > 0 && memcmp(comparison->a, comparison->b, (size_t)size) != 0))
			return differs(path, "the extended attributes differ", err);
	}
	return 0;
}

/* overlayfs's mark for what is not to be seen: only that it is there counts. */
static bool is_whiteout(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == 0;
}

static int compare_status(const struct stat *a, const struct stat *b, const char *path, struct error *err)
{
	if (a->st_mode != b->st_mode)
		return differs(path, "type or mode differs", err);
	if (a->st_uid != b->st_uid || a->st_gid != b->st_gid)
		return differs(path, "the owner differs", err);
	if (!is_whiteout(a) && (a->st_mtim.tv_sec != b->st_mtim.tv_sec || a->st_mtim.tv_nsec != b->st_mtim.tv_nsec))
		return differs(path, "the time differs", err);
	if (S_ISREG(a->st_mode) && (a->st_size != b->st_size || a->st_nlink != b->st_nlink))
		return differs(path, "size or number of links differs", err);
	if ((S_ISCHR(a->st_mode) || S_ISBLK(a->st_mode)) && a->st_rdev != b->st_rdev)
		return differs(path, "the device differs", err);
	return 0;
}

static int compare_entry(struct comparison *comparison, int a_dir, int b_dir, const char *name, const char *path,
			 struct error *err)
{
	struct stat a;
	struct stat b;
	int r;

	if (fstatat(a_dir, name, &a, AT_SYMLINK_NOFOLLOW) < 0 || fstatat(b_dir, name, &b, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? differs(path, "missing", err) : fail(err, errno, "stat %.200s", path);
	r = compare_status(&a, &b, path, err);
	if (r == 0)
		r = compare_attributes(comparison, a_dir, b_dir, name, path, err);
	if (r < 0)
		return r;
	if (S_ISREG(a.st_mode))
		return compare_file(comparison, a_dir, b_dir, name, path, err);
	if (S_ISLNK(a.st_mode))
		return compare_link(a_dir, b_dir, name, path, err);
	if (S_ISDIR(a.st_mode)) {
		comparison->todo = xreallocarray(comparison->todo, comparison->count + 1, sizeof(*comparison->todo));
		comparison->todo[comparison->count++] = xstrdup(path);
	}
	return 0;
}

static DIR *open_list(int fd)
{
	int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = copy < 0 ? NULL : fdopendir(copy);

	if (!dir && copy >= 0)
		(void)close(copy);
	return dir;
}

static size_t count_entries(int fd)
{
	auto_dir DIR *dir = open_list(fd);
	size_t count = 0;

	while (dir && readdir(dir))
		count++;
	return count;
}

static int compare_directory(struct comparison *comparison, int a_top, int b_top, const char *path, struct error *err)
{
	auto_fd int a = path_open_flags(a_top, *path ? path : ".", O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	auto_fd int b = path_open_flags(b_top, *path ? path : ".", O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	auto_dir DIR *dir = a < 0 ? NULL : open_list(a);
	const struct dirent *entry;
	size_t count = 0;

	if (!dir || b < 0)
		return fail(err, a < 0 ? -a : b < 0 ? -b : errno, "open %.200s", path);
	while ((entry = readdir(dir)) != NULL) {
		auto_free char *below = xasprintf("%s%s%s", path, *path ? "/" : "", entry->d_name);
		int r;

		count++;
		if (str_eq(entry->d_name, ".") || str_eq(entry->d_name, ".."))
			continue;
		r = compare_entry(comparison, a, b, entry->d_name, below, err);
		if (r < 0)
			return r;
	}
	return count_entries(b) == count ? 0 : differs(path, "has entries that do not belong there", err);
}

int tree_compare(int a_fd, int b_fd, struct error *err)
{
	auto_free char *buffer_a = xcalloc(1, BUFFER);
	auto_free char *buffer_b = xcalloc(1, BUFFER);
	struct comparison comparison = { .a = buffer_a, .b = buffer_b };
	struct stat a;
	struct stat b;
	int r;

	if (fstat(a_fd, &a) < 0 || fstat(b_fd, &b) < 0)
		return fail(err, errno, "stat");
	b.st_mtim = a.st_mtim;
	r = compare_status(&a, &b, ".", err);
	if (r == 0)
		r = compare_directory(&comparison, a_fd, b_fd, "", err);

	while (comparison.count > 0) {
		auto_free char *path = comparison.todo[--comparison.count];

		if (r == 0)
			r = compare_directory(&comparison, a_fd, b_fd, path, err);
	}
	free(comparison.todo);
	return r;
}
