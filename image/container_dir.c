/* container_dir.c - see container_dir.h. */
#include "container_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/tree.h"

enum { STATE_PATH_MAX = 4096 };

bool container_dir_left_over(int dir_fd)
{
	auto_free char *state = NULL;
	struct error ignored;
	int r;

	if (flock(dir_fd, LOCK_EX | LOCK_NB) < 0)
		return false;
	r = fd_read_file(dir_fd, "state", STATE_PATH_MAX, &state, NULL, &ignored);
	/* Killed before it was written, which is before the state directory is made. */
	if (r == -ENOENT || (r == 0 && *state != '/'))
		return true;
	return r == 0 && access(state, F_OK) < 0 && errno == ENOENT;
}

static bool is_same(int fd, int parent, const char *name)
{
	struct stat own;
	struct stat there;

	return fstat(fd, &own) == 0 && fstatat(parent, name, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
	       own.st_ino == there.st_ino && own.st_dev == there.st_dev;
}

/* 1 if it is removed. The lock is held until then, so that a `run` of this name waits or finds another directory. */
static int prune_one(int parent, const char *name, struct error *err)
{
	auto_fd int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int r;

	if (fd < 0 || !container_dir_left_over(fd) || !is_same(fd, parent, name))
		return 0;
	r = tree_remove(parent, name, err);
	return r < 0 ? r : 1;
}

int container_dirs_prune(const struct store *store, size_t *ret_count, struct error *err)
{
	auto_fd int fd = openat(store->root, "containers", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_dir DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	int r = 0;

	*ret_count = 0;
	if (!dir)
		return fail(err, errno, "image store %s: containers", store->path);
	(void)take_fd(&fd);
	while (r >= 0 && (entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		r = prune_one(dirfd(dir), entry->d_name, err);
		*ret_count += r > 0;
	}
	return r < 0 ? context(err, "image store %s: containers", store->path) : 0;
}
