/* run_dir.c - see run_dir.h. */
#include "run_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/str.h"
#include "image/container_dir.h"
#include "runtime/own_bundle.h"

enum { DIR_MODE = 0700, PUBLIC_DIR_MODE = 0755, FILE_MODE = 0644, PERMISSIONS = 07777, TRIES = 5 };
enum { NAME_SIZE = 32, TAKEN_MAX = 65536 };

static bool is_same(int fd, const char *path)
{
	struct stat own;
	struct stat there;

	return fstat(fd, &own) == 0 && lstat(path, &there) == 0 && own.st_ino == there.st_ino &&
	       own.st_dev == there.st_dev;
}

static int open_locked(const char *path)
{
	auto_fd int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0)
		return -errno;
	/* Between mkdir and flock it looked like a left-over. */
	return is_same(fd, path) ? take_fd(&fd) : -EAGAIN;
}

static int exists(const char *id, struct error *err)
{
	return refuse_as(err, EEXIST, "container `%s` already exists", id);
}

static int make_once(const char *path, const char *id, int *ret_fd, struct error *err)
{
	enum container_dir_use use;
	auto_fd int old = -1;
	int fd;

	if (mkdir(path, DIR_MODE) == 0) {
		fd = open_locked(path);
		if (fd >= 0)
			*ret_fd = fd;
		return fd < 0 ? -EAGAIN : 0;
	}
	if (errno != EEXIST)
		return fail(err, errno, "make %s", path);
	old = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (old < 0)
		return errno == ENOENT ? -EAGAIN : fail(err, errno, "open %s", path);
	use = container_dir_use(old);
	if (use == CONTAINER_DIR_KEPT)
		return refuse_as(err, EEXIST,
				 "container `%s` was kept, and its state is gone since a reboot; `coffer delete %s` "
				 "removes what it wrote",
				 id, id);
	if (use == CONTAINER_DIR_USED)
		return exists(id, err);
	fd = is_same(old, path) ? own_bundle_remove(path, err) : 0;
	return fd < 0 ? fd : -EAGAIN;
}

int run_dir_make(struct arena *arena, const struct store *store, const char *id, const char *state_path,
		 struct run_dir *ret, struct error *err)
{
	struct run_dir dir = { .path = arena_printf(arena, "%s/containers/%s", store->path, id), .fd = -1 };
	int r = -EAGAIN;

	if (access(state_path, F_OK) == 0)
		return exists(id, err);
	for (int i = 0; i < TRIES && r == -EAGAIN; i++)
		r = make_once(dir.path, id, &dir.fd, err);
	if (r == -EAGAIN)
		return exists(id, err);
	if (r == 0)
		r = run_dir_write(&dir, "state", state_path, strlen(state_path), err);
	if (r < 0) {
		run_dir_remove(&dir);
		run_dir_close(&dir);
		return r;
	}
	*ret = dir;
	return 0;
}

int run_dir_keep(const struct run_dir *dir, struct error *err)
{
	char boot[CONTAINER_DIR_BOOT_SIZE];

	(void)container_dir_boot(boot);
	return run_dir_write(dir, "boot", boot, strlen(boot), err);
}

int run_dir_write(const struct run_dir *dir, const char *name, const char *text, size_t length, struct error *err)
{
	auto_fd int fd = openat(dir->fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, FILE_MODE);
	int r = fd < 0 ? -errno : fd_write_all(fd, text, length);

	return r < 0 ? fail(err, -r, "write %s/%s", dir->path, name) : 0;
}

const uint32_t *run_dir_taken_ids(struct arena *arena, const struct store *store, size_t *ret_count)
{
	auto_fd int fd = openat(store->root, "containers", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_dir DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	uint32_t *taken = arena_array(arena, TAKEN_MAX, sizeof(*taken));
	const struct dirent *entry;
	size_t count = 0;

	if (dir)
		(void)take_fd(&fd);
	while (dir && count < TAKEN_MAX && (entry = readdir(dir)) != NULL) {
		char name[NAME_MAX + sizeof("/userns")];
		char text[NAME_SIZE];
		uint64_t first;

		(void)snprintf(name, sizeof(name), "%s/userns", entry->d_name);
		if (fd_read_small(dirfd(dir), name, text, sizeof(text)) > 0 &&
		    str_to_u64(text, UINT32_MAX, &first) == 0)
			taken[count++] = (uint32_t)first;
	}
	*ret_count = count;
	return taken;
}

int run_dir_make_layers(const struct run_dir *dir, const struct stat *top, uint32_t first, struct error *err)
{
	if (mkdirat(dir->fd, "upper", PUBLIC_DIR_MODE) < 0 || mkdirat(dir->fd, "work", PUBLIC_DIR_MODE) < 0 ||
	    fchmodat(dir->fd, "upper", top->st_mode & PERMISSIONS, 0) < 0)
		return fail(err, errno, "make the directories of %s", dir->path);
	/* An ordinary user's own layers are its own but for what is inside. */
	if ((top->st_uid + first != geteuid() || top->st_gid + first != getegid()) && geteuid() == 0 &&
	    fchownat(dir->fd, "upper", top->st_uid + first, top->st_gid + first, AT_SYMLINK_NOFOLLOW) < 0)
		return fail(err, errno, "chown %s/upper", dir->path);
	return 0;
}

int run_dir_make_volumes(const struct run_dir *dir, size_t count, uid_t owner, struct error *err)
{
	if (count && mkdirat(dir->fd, "volumes", DIR_MODE) < 0)
		return fail(err, errno, "make %s/volumes", dir->path);
	for (size_t i = 0; i < count; i++) {
		char name[NAME_SIZE];

		(void)snprintf(name, sizeof(name), "volumes/%zu", i);
		if (mkdirat(dir->fd, name, PUBLIC_DIR_MODE) < 0 ||
		    (owner && fchownat(dir->fd, name, owner, owner, AT_SYMLINK_NOFOLLOW) < 0))
			return fail(err, errno, "make %s/%s", dir->path, name);
	}
	return 0;
}

void run_dir_remove(const struct run_dir *dir)
{
	struct error err;

	if (dir->fd >= 0 && is_same(dir->fd, dir->path) && own_bundle_remove(dir->path, &err) < 0)
		log_message(LOG_LEVEL_WARNING, "%s", err.text);
}

static bool has_state(int dir_fd, const char *state_path)
{
	char found[PATH_MAX];

	return fd_read_small(dir_fd, "state", found, sizeof(found)) > 0 && str_eq(found, state_path);
}

bool run_dir_is_kept(int dir_fd, const char *state_path, struct stat *ret_made)
{
	return has_state(dir_fd, state_path) && access(state_path, F_OK) < 0 &&
	       container_dir_use(dir_fd) == CONTAINER_DIR_KEPT && fstatat(dir_fd, "boot", ret_made, 0) == 0;
}

int run_dir_delete(struct arena *arena, const char *id, const char *state_path, bool *ret_found, struct error *err)
{
	const char *path = arena_printf(arena, "%s/containers/%s", store_default_path(arena), id);
	auto_fd int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	*ret_found = fd >= 0 && has_state(fd, state_path) && container_dir_use(fd) != CONTAINER_DIR_USED &&
		     is_same(fd, path);
	return *ret_found ? own_bundle_remove(path, err) : 0;
}

void run_dir_close(struct run_dir *dir)
{
	cleanup_fd(&dir->fd);
	dir->fd = -1;
}
