/*
 * tree.c - see tree.h. A directory that is two levels down and not empty moves up to the top one first, so there are
 * never more than two levels: no recursion, however deep somebody has made the tree.
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

enum { NAME_SIZE = 32 };

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

/* A file or an empty directory. 0, or -ENOTEMPTY and other -errno. */
static int remove_entry(int dir_fd, const char *name)
{
	if (unlinkat(dir_fd, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return -errno;
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

/* Calls `each` for every entry; stops at its first failure. fd is consumed. */
static int for_each(int fd, int (*each)(struct remover *remover, int dir_fd, const char *name), struct remover *remover)
{
	auto_dir DIR *dir = fdopendir(fd);
	const struct dirent *entry;
	int r = 0;

	if (!dir) {
		r = -errno;
		(void)close(fd);
		return r;
	}
	while (r == 0 && (entry = readdir(dir)) != NULL)
		r = is_dot(entry->d_name) ? 0 : each(remover, dirfd(dir), entry->d_name);
	return r;
}

/* Second level: what is not empty moves up. */
static int clear_entry(struct remover *remover, int dir_fd, const char *name)
{
	int r = remove_entry(dir_fd, name);

	return r == -ENOTEMPTY ? move_up(remover, dir_fd, name) : r;
}

/* First level: a directory is emptied and goes. */
static int empty_entry(struct remover *remover, int dir_fd, const char *name)
{
	int r = remove_entry(dir_fd, name);
	int fd;

	if (r != -ENOTEMPTY)
		return r;
	fd = open_dir(dir_fd, name);
	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	r = for_each(fd, clear_entry, remover);
	if (r < 0)
		return r;
	r = remove_entry(dir_fd, name);
	return r == -ENOTEMPTY ? 0 : r; /* readdir may miss what came meanwhile: the next turn has it */
}

int tree_remove(int dir_fd, const char *name, struct error *err)
{
	struct remover remover = { 0 };
	auto_fd int top = -1;
	int r = remove_entry(dir_fd, name);

	if (r == -ENOTEMPTY) {
		top = open_dir(dir_fd, name);
		r = top == -ENOENT ? 0 : top < 0 ? top : -ENOTEMPTY;
	}
	remover.top = top;
	while (r == -ENOTEMPTY) {
		int fd = open_dir(top, ".");

		r = fd < 0 ? fd : for_each(fd, empty_entry, &remover);
		if (r == 0)
			r = remove_entry(dir_fd, name);
	}
	return r < 0 ? fail(err, -r, "remove %s", name) : 0;
}
