/*
 * state.c - the state directory: reserved, opened, locked, listed, removed; see state.h and specs/state-dir.md.
 *
 * Order in a container's life: mkdir reserves the id -> flock -> files appear, each by rename -> ... -> flock -> files
 * go, state.json last -> rmdir frees the id. Whoever waited for the lock checks that the path still leads to the
 * directory it holds.
 */
#include "state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/str.h"
#include "fault.h"
#include "validate.h"

/* Sticky: the cleaners of /tmp and $XDG_RUNTIME_DIR leave such directories alone, whatever their age. */
enum { ROOT_MODE = 01700, DIR_MODE = 0700 };
enum { LOCK_TIMEOUT_MS = 10 * 1000, LOCK_DELAY_MAX_MS = 50, NS_PER_MS = 1000 * 1000 };
enum { PROC_LOCKS_MAX = 1024 * 1024 };

/* What may be in the directory, in the order of removal: while state.json is there, delete finds everything. */
static const char *const state_files[] = { "start.sock", "oom.json", "config.json", "state.json" };

/* Makes `root` and its missing parents. */
static int make_root(const char *root, struct error *err)
{
	auto_free char *path = xstrdup(root);

	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(path, ROOT_MODE) < 0 && errno != EEXIST)
			return fail(err, errno, "make state root %s", path);
		*slash = '/';
	}
	if (mkdir(path, ROOT_MODE) < 0 && errno != EEXIST)
		return fail(err, errno, "make state root %s", path);
	return 0;
}

/* A root that somebody else can write to could hold planted containers, with pids and cgroups to be killed. */
static int check_root(int root_fd, const char *root, struct error *err)
{
	struct stat st;

	if (fstat(root_fd, &st) < 0)
		return fail(err, errno, "stat state root %s", root);
	if (st.st_uid != 0 && st.st_uid != geteuid())
		return refuse_as(err, EPERM, "state root %s belongs to uid %u, not to root or uid %u", root, st.st_uid,
				 geteuid());
	if (st.st_mode & S_IWOTH)
		return refuse_as(err, EPERM, "state root %s can be written by every user", root);
	return 0;
}

int state_root_open(const char *root, bool make, int *ret_fd, struct error *err)
{
	auto_fd int fd = -1;
	int r;

	if (!*root)
		return refuse(err, "the state root is an empty path");
	fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT && make) {
		r = make_root(root, err);
		if (r < 0)
			return r;
		fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	if (fd < 0 && errno == ENOENT && !make)
		return -ENOENT;
	if (fd < 0)
		return fail(err, errno, "open state root %s", root);
	r = check_root(fd, root, err);
	if (r < 0)
		return r;
	*ret_fd = take_fd(&fd);
	return 0;
}

/* <root>/<id>, absolute, so that it holds after a chdir. */
static char *dir_path(const char *root, const char *id)
{
	auto_free char *cwd = *root == '/' ? NULL : getcwd(NULL, 0);

	if (!cwd)
		return xasprintf("%s/%s", root, id);
	return xasprintf("%s/%s/%s", cwd, root, id);
}

static int open_dir(int root_fd, const char *root, const char *id, struct state_dir *ret_dir)
{
	int fd = openat(root_fd, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	*ret_dir = (struct state_dir){ .fd = fd, .path = dir_path(root, id), .id = xstrdup(id) };
	return 0;
}

static int missing(const char *id, struct error *err)
{
	return refuse_as(err, ENOENT, "container `%s` does not exist", id);
}

int state_dir_reserve(const char *root, const char *id, struct state_dir *ret_dir, struct error *err)
{
	auto_fd int root_fd = -1;
	int r = container_id_validate(id, err);

	if (r < 0)
		return r;
	r = state_root_open(root, true, &root_fd, err);
	if (r < 0)
		return r;
	if (mkdirat(root_fd, id, DIR_MODE) < 0) {
		if (errno == EEXIST)
			return refuse_as(err, EEXIST, "container `%s` already exists", id);
		return fail(err, errno, "make state directory %s/%s", root, id);
	}
	fault_point("state-directory-made");
	r = open_dir(root_fd, root, id, ret_dir);
	if (r < 0) {
		(void)unlinkat(root_fd, id, AT_REMOVEDIR);
		return fail(err, -r, "open state directory %s/%s", root, id);
	}
	return 0;
}

int state_dir_open(const char *root, const char *id, struct state_dir *ret_dir, struct error *err)
{
	auto_fd int root_fd = -1;
	int r = container_id_validate(id, err);

	if (r < 0)
		return r;
	r = state_root_open(root, false, &root_fd, err);
	if (r == -ENOENT)
		return missing(id, err);
	if (r < 0)
		return r;
	r = open_dir(root_fd, root, id, ret_dir);
	if (r == -ENOENT)
		return missing(id, err);
	if (r < 0)
		return fail(err, -r, "open state directory %s/%s", root, id);
	return 0;
}

void state_dir_unlock(const struct state_dir *dir)
{
	(void)flock(dir->fd, LOCK_UN);
}

void state_dir_close(struct state_dir *dir)
{
	if (!dir)
		return;
	if (dir->fd >= 0) {
		state_dir_unlock(dir); /* a forked child may still have a copy of the fd, and would go on holding it */
		(void)close(dir->fd);
	}
	free(dir->path);
	free(dir->id);
	*dir = (struct state_dir){ .fd = -1 };
}

/* The pid that holds a flock on this file, by proc_locks(5), or 0. */
static int lock_holder(const struct stat *st)
{
	auto_free char *text = NULL;
	struct error ignored;
	char *next;

	if (fd_read_file(AT_FDCWD, "/proc/locks", PROC_LOCKS_MAX, &text, NULL, &ignored) < 0)
		return 0;
	for (char *line = strtok_r(text, "\n", &next); line; line = strtok_r(NULL, "\n", &next)) {
		unsigned device_major, device_minor;
		unsigned long inode;
		int pid;

		/* "1: FLOCK  ADVISORY  WRITE 1234 00:1a:5678 0 EOF"; a waiter has "->" after the number. */
		if (sscanf(line, "%*d: FLOCK %*s %*s %d %x:%x:%lu", &pid, &device_major, &device_minor, &inode) == 4 &&
		    inode == st->st_ino && makedev(device_major, device_minor) == st->st_dev)
			return pid;
	}
	return 0;
}

static int busy(const struct state_dir *dir, struct error *err)
{
	struct stat st;
	int holder = fstat(dir->fd, &st) < 0 ? 0 : lock_holder(&st);

	if (holder > 0)
		return refuse_as(err, EBUSY, "container `%s` is busy: process %d holds its lock for more than %d s",
				 dir->id, holder, LOCK_TIMEOUT_MS / 1000);
	return refuse_as(err, EBUSY, "container `%s` is busy: another command holds its lock for more than %d s",
			 dir->id, LOCK_TIMEOUT_MS / 1000);
}

/* Removed, or removed and made anew, while this process waited? */
static int check_still_there(const struct state_dir *dir, struct error *err)
{
	struct stat held, named;

	if (fstat(dir->fd, &held) < 0)
		return fail(err, errno, "stat state directory %s", dir->path);
	if (lstat(dir->path, &named) < 0)
		return errno == ENOENT ? missing(dir->id, err) : fail(err, errno, "stat state directory %s", dir->path);
	if (named.st_ino != held.st_ino || named.st_dev != held.st_dev)
		return missing(dir->id, err);
	return 0;
}

int state_dir_lock(const struct state_dir *dir, struct error *err)
{
	long delay_ms = 1;

	for (long waited_ms = 0; flock(dir->fd, LOCK_EX | LOCK_NB) < 0; waited_ms += delay_ms) {
		struct timespec delay;

		if (errno != EWOULDBLOCK && errno != EINTR)
			return fail(err, errno, "lock state directory %s", dir->path);
		if (waited_ms >= LOCK_TIMEOUT_MS)
			return busy(dir, err);
		delay_ms = delay_ms * 2 < LOCK_DELAY_MAX_MS ? delay_ms * 2 : LOCK_DELAY_MAX_MS;
		delay = (struct timespec){ .tv_nsec = delay_ms * NS_PER_MS };
		(void)nanosleep(&delay, NULL);
	}
	return check_still_there(dir, err);
}

/* "state.json.1234.tmp": what fd_write_atomic() leaves when it is killed. */
static bool is_leftover(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(state_files); i++)
		if (str_starts(name, state_files[i]) && str_ends(name, ".tmp"))
			return true;
	return false;
}

static void remove_leftovers(const struct state_dir *dir)
{
	auto_dir DIR *entries = NULL;
	const struct dirent *entry;
	int fd = openat(dir->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return;
	entries = fdopendir(fd);
	if (!entries) {
		(void)close(fd);
		return;
	}
	while ((entry = readdir(entries)))
		if (is_leftover(entry->d_name))
			(void)unlinkat(dir->fd, entry->d_name, 0);
}

int state_dir_remove(struct state_dir *dir, struct error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(state_files); i++)
		if (unlinkat(dir->fd, state_files[i], 0) < 0 && errno != ENOENT)
			return fail(err, errno, "remove %s/%s", dir->path, state_files[i]);
	fault_point("state-files-removed");
	if (rmdir(dir->path) == 0 || errno == ENOENT)
		return 0;
	if (errno == ENOTEMPTY || errno == EEXIST) {
		remove_leftovers(dir);
		if (rmdir(dir->path) == 0)
			return 0;
	}
	return fail(err, errno, "remove state directory %s", dir->path);
}

static int compare_ids(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool is_container(int root_fd, const struct dirent *entry)
{
	struct stat st;
	struct error ignored;

	if (container_id_validate(entry->d_name, &ignored) < 0)
		return false;
	if (entry->d_type != DT_UNKNOWN)
		return entry->d_type == DT_DIR;
	return fstatat(root_fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

int state_list_ids(const char *root, struct arena *arena, const char ***ret_ids, size_t *ret_count, struct error *err)
{
	auto_dir DIR *entries = NULL;
	auto_free const char **ids = NULL;
	const struct dirent *entry;
	const char **sorted;
	size_t count = 0, capacity = 0;
	int root_fd = -1;
	int r = state_root_open(root, false, &root_fd, err);

	if (r < 0 && r != -ENOENT)
		return r;
	entries = r < 0 ? NULL : fdopendir(root_fd);
	if (r == 0 && !entries) {
		(void)close(root_fd);
		return fail(err, ENOMEM, "read state root %s", root);
	}
	while (entries && (entry = readdir(entries))) {
		if (!is_container(root_fd, entry))
			continue;
		if (count == capacity) {
			capacity = capacity ? capacity * 2 : 16;
			ids = xreallocarray(ids, capacity, sizeof(*ids));
		}
		ids[count++] = arena_strdup(arena, entry->d_name);
	}
	sorted = arena_array(arena, count + 1, sizeof(*sorted));
	if (count > 0) {
		memcpy(sorted, ids, count * sizeof(*sorted));
		qsort(sorted, count, sizeof(*sorted), compare_ids);
	}
	*ret_ids = sorted;
	*ret_count = count;
	return 0;
}
