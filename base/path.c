/* path.c - see path.h. */
#include "path.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "cleanup.h"

enum { RACE_RETRIES = 64, LINKS_MAX = 40 /* the kernel's own limit: path_resolution(7) */, OVERFLOW_ID = 65534 };

int path_open_flags(int root_fd, const char *path, int flags, mode_t mode)
{
	struct open_how how = {
		.flags = (uint64_t)(unsigned)(flags | O_CLOEXEC),
		.mode = (flags & O_CREAT) ? mode : 0,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};

	/* openat2 answers EAGAIN when a rename anywhere raced with "..": try again a bounded number of times. */
	for (int i = 0; i < RACE_RETRIES; i++) {
		long fd = syscall(SYS_openat2, root_fd, *path ? path : ".", &how, sizeof(how));

		if (fd >= 0)
			return (int)fd;
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
	}
	return -EAGAIN;
}

int path_open(int root_fd, const char *path, int extra_flags)
{
	return path_open_flags(root_fd, path, O_PATH | extra_flags, 0);
}

/* Copies the next component of *path to name and advances; false at the end. Too long a name gives *ret
   -ENAMETOOLONG. */
static bool next_component(const char **path, char *name, int *ret)
{
	size_t length;

	*path += strspn(*path, "/");
	length = strcspn(*path, "/");
	*ret = 0;
	if (length == 0)
		return false;
	if (length > NAME_MAX) {
		*ret = -ENAMETOOLONG;
		return false;
	}
	memcpy(name, *path, length);
	name[length] = '\0';
	*path += length;
	return true;
}

static int make_entry(int parent, const char *name, enum path_kind kind)
{
	int fd;

	if (kind == PATH_DIRECTORY)
		return mkdirat(parent, name, 0755) < 0 && errno != EEXIST ? -errno : 0;
	fd = openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return errno == EEXIST ? 0 : -errno;
	(void)close(fd);
	return 0;
}

/* What is made so far, and what is still to come. */
struct walk {
	int root_fd;
	int parent;          /* what `done` resolved to last */
	char done[PATH_MAX]; /* grows by a component a turn */
	size_t used;
	char text[PATH_MAX];
	const char *rest; /* in text */
	unsigned links;
};

static int append(struct walk *walk, const char *name)
{
	int added = snprintf(walk->done + walk->used, sizeof(walk->done) - walk->used, "/%s", name);

	if (added < 0 || (size_t)added >= sizeof(walk->done) - walk->used)
		return -ENAMETOOLONG;
	walk->used += (size_t)added;
	return 0;
}

/*
 * A link that leads to nothing yet, as many images have for /etc/resolv.conf: the walk goes on along its target, so
 * that what it means is made, inside of the root like all else.
 */
static int follow(struct walk *walk, const char *name)
{
	char target[PATH_MAX];
	char text[PATH_MAX];
	ssize_t length = readlinkat(walk->parent, name, target, sizeof(target) - 1);
	int wanted;

	if (length < 0)
		return errno == EINVAL ? -ENOENT : -errno;
	if (++walk->links > LINKS_MAX)
		return -ELOOP;
	target[length] = '\0';
	wanted = snprintf(text, sizeof(text), "%s/%s", target, walk->rest);
	if (wanted < 0 || (size_t)wanted >= sizeof(text))
		return -ENAMETOOLONG;
	memcpy(walk->text, text, (size_t)wanted + 1);
	walk->rest = walk->text;
	if (target[0] != '/')
		return 0;
	walk->used = 0;
	(void)close(walk->parent);
	walk->parent = path_open(walk->root_fd, "/", O_DIRECTORY);
	return walk->parent < 0 ? walk->parent : 0;
}

/* One component: opened, made if it is missing. `done` is always resolved from the root again, so symlinks in the
   middle keep RESOLVE_IN_ROOT's meaning. */
static int step(struct walk *walk, const char *name, enum path_kind kind)
{
	size_t before = walk->used;
	int r = append(walk, name);
	int fd;

	if (r < 0)
		return r;
	fd = path_open(walk->root_fd, walk->done, 0);
	if (fd == -ENOENT) {
		r = make_entry(walk->parent, name, kind);
		if (r < 0)
			return r;
		fd = path_open(walk->root_fd, walk->done, 0);
	}
	if (fd == -ENOENT) {
		walk->used = before;
		walk->done[before] = '\0';
		return follow(walk, name);
	}
	if (fd < 0)
		return fd;
	(void)close(walk->parent);
	walk->parent = fd;
	return 0;
}

/* Of a user or group that this user namespace does not have: overlayfs makes nothing there, and neither may root. */
static bool is_foreign(int dir_fd, int result)
{
	struct stat st;

	return result == -EOVERFLOW || (result == -EACCES && geteuid() == 0 && dir_fd >= 0 && fstat(dir_fd, &st) == 0 &&
					st.st_uid == OVERFLOW_ID);
}

static int walk(int root_fd, const char *path, enum path_kind kind, bool *ret_foreign)
{
	struct walk walk = { .root_fd = root_fd, .parent = path_open(root_fd, "/", O_DIRECTORY) };
	char name[NAME_MAX + 1];
	int r = walk.parent;

	if (strlen(path) >= sizeof(walk.text))
		r = -ENAMETOOLONG;
	else
		memcpy(walk.text, path, strlen(path) + 1);
	walk.rest = walk.text;
	while (r >= 0 && next_component(&walk.rest, name, &r))
		r = step(&walk, name, walk.rest[strspn(walk.rest, "/")] ? PATH_DIRECTORY : kind);
	if (r >= 0)
		return walk.parent;
	*ret_foreign = is_foreign(walk.parent, r);
	cleanup_fd(&walk.parent);
	return r;
}

int path_make(int root_fd, const char *path, enum path_kind kind, struct error *err)
{
	int fd = path_open(root_fd, path, 0);
	bool foreign = false;

	if (fd == -ENOENT)
		fd = walk(root_fd, path, kind, &foreign);
	if (fd < 0)
		return fail(
			err, -fd, "make %s in the root file system%s", path,
			foreign ? " (its directory belongs to a user or group that the user namespace does not have)"
				: "");
	return fd;
}

int path_make_parent(int root_fd, const char *path, char *name, struct error *err)
{
	char parent[PATH_MAX];
	size_t length = strlen(path);
	size_t start;

	while (length > 0 && path[length - 1] == '/')
		length--;
	for (start = length; start > 0 && path[start - 1] != '/';)
		start--;
	if (length - start == 0 || length - start > NAME_MAX || length >= sizeof(parent))
		return refuse(err, "%s has no usable last component", path);
	memcpy(name, path + start, length - start);
	name[length - start] = '\0';
	if (strcmp(name, "..") == 0 || strcmp(name, ".") == 0)
		return refuse(err, "%s ends in %s", path, name);
	memcpy(parent, path, start);
	parent[start] = '\0';
	return path_make(root_fd, start ? parent : "/", PATH_DIRECTORY, err);
}

bool path_on_fs(int fd, long magic)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 && (long)fs.f_type == magic;
}

bool path_is_device(int fd, unsigned major, unsigned minor)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == makedev(major, minor);
}

const char *path_of_fd(int fd, char *buffer)
{
	(void)snprintf(buffer, 32, "/proc/self/fd/%d", fd);
	return buffer;
}

bool path_is_clean(const char *path)
{
	if (*path != '/')
		return false;
	while (*path) {
		size_t length;

		path += strspn(path, "/");
		length = strcspn(path, "/");
		if (length == 2 && path[0] == '.' && path[1] == '.')
			return false;
		path += length;
	}
	return true;
}
