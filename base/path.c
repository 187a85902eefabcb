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

enum { RACE_RETRIES = 64 };

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

/*
 * The walk: `prefix` grows by one component a turn and is always resolved from the root again, so symlinks in the
 * middle keep RESOLVE_IN_ROOT's meaning; `parent` is what the prefix resolved to last.
 */
static int walk(int root_fd, const char *path, enum path_kind kind)
{
	char prefix[PATH_MAX] = "";
	char name[NAME_MAX + 1];
	auto_fd int parent = path_open(root_fd, "/", O_DIRECTORY);
	size_t used = 0;
	int r = 0;

	if (parent < 0)
		return parent;
	while (next_component(&path, name, &r)) {
		enum path_kind wanted = path[strspn(path, "/")] ? PATH_DIRECTORY : kind;
		int fd;
		int added = snprintf(prefix + used, sizeof(prefix) - used, "/%s", name);

		if (added < 0 || (size_t)added >= sizeof(prefix) - used)
			return -ENAMETOOLONG;
		used += (size_t)added;
		fd = path_open(root_fd, prefix, 0);
		if (fd == -ENOENT) {
			r = make_entry(parent, name, wanted);
			if (r < 0)
				return r;
			fd = path_open(root_fd, prefix, 0);
		}
		if (fd < 0)
			return fd;
		(void)close(parent);
		parent = fd;
	}
	return r < 0 ? r : take_fd(&parent);
}

int path_make(int root_fd, const char *path, enum path_kind kind, struct error *err)
{
	int fd = path_open(root_fd, path, 0);

	if (fd == -ENOENT)
		fd = walk(root_fd, path, kind);
	if (fd < 0)
		return fail(err, -fd, "make %s in the root file system", path);
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
