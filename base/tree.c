/*
 * tree.c - see tree.h. A directory that is many levels down and not empty moves up to the top one instead of being
 * entered, so there are never more levels, however deep somebody has made the tree.
 */
#include "tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cleanup.h"
#include "syscalls.h"

enum { NAME_SIZE = 32, DEPTH_MAX = 16 };

struct remover {
	int top;
	uint64_t moved; /* names given so far */
};

/* Reads a directory of this very file system. -errno without text. */
static int open_dir(int dir_fd, const char *name)
{
	const struct open_how how = {
		.flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV,
	};
	int fd = (int)syscall(SYS_openat2, dir_fd, name, &how, sizeof(how));

	return fd < 0 ? (errno == EXDEV ? -EBUSY : -errno) : fd;
}

/* A file or an empty directory; kind: d_type. 0, or -ENOTEMPTY and other -errno. */
static int remove_entry(int dir_fd, const char *name, int kind)
{
	if (kind != DT_DIR) {
		if (unlinkat(dir_fd, name, 0) == 0 || errno == ENOENT)
			return 0;
		if (errno != EISDIR && errno != EPERM)
			return -errno;
	}
	if (unlinkat(dir_fd, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	return errno == EEXIST ? -ENOTEMPTY : -errno;
}

static int move_up(struct remover *remover, int dir_fd, const char *name)
{
	for (;;) {
		char moved[NAME_SIZE];

		(void)snprintf(moved, sizeof(moved), "%llu.removed", (unsigned long long)remover->moved++);
		if (sys_renameat2(dir_fd, name, remover->top, moved, RENAME_NOREPLACE) == 0 || errno == ENOENT)
			return 0;
		if (errno != EEXIST)
			return -errno;
	}
}

static bool is_dot(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static int clear(struct remover *remover, int fd, unsigned depth);

/* What is in a directory goes first, unless that would be too deep: then it moves up, and its turn comes later. */
static int remove_directory(struct remover *remover, int dir_fd, const char *name, /* NOLINT(misc-no-recursion) */
			    unsigned depth)
{
	int fd;
	int r;

	if (depth == DEPTH_MAX)
		return move_up(remover, dir_fd, name);
	fd = open_dir(dir_fd, name);
	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	r = clear(remover, fd, depth + 1);
	if (r == 0)
		r = remove_entry(dir_fd, name, DT_DIR);
	return r == -ENOTEMPTY ? 0 : r; /* what came meanwhile: the next turn has it */
}

/* Removes what is in the directory fd, which is consumed. */
static int clear(struct remover *remover, int fd, unsigned depth) /* NOLINT(misc-no-recursion): DEPTH_MAX */
{
	auto_dir DIR *dir = fdopendir(fd);
	const struct dirent *entry;
	int r = 0;

	if (!dir) {
		r = -errno;
		(void)close(fd);
		return r;
	}
	while (r == 0 && (entry = readdir(dir)) != NULL) {
		if (is_dot(entry->d_name))
			continue;
		r = remove_entry(dirfd(dir), entry->d_name, entry->d_type);
		if (r == -ENOTEMPTY)
			r = remove_directory(remover, dirfd(dir), entry->d_name, depth);
	}
	return r;
}

int tree_remove(int dir_fd, const char *name, struct error *err)
{
	struct remover remover = { 0 };
	auto_fd int top = -1;
	int r = remove_entry(dir_fd, name, DT_UNKNOWN);

	if (r == -ENOTEMPTY) {
		top = open_dir(dir_fd, name);
		r = top == -ENOENT ? 0 : top < 0 ? top : -ENOTEMPTY;
	}
	remover.top = top;
	while (r == -ENOTEMPTY) {
		int fd = open_dir(top, ".");

		r = fd < 0 ? fd : clear(&remover, fd, 0);
		if (r == 0)
			r = remove_entry(dir_fd, name, DT_DIR);
	}
	return r < 0 ? fail(err, -r, "remove %s", name) : 0;
}
