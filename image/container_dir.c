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
#include "base/str.h"
#include "base/tree.h"

enum { STATE_PATH_MAX = 4096 };

const char *container_dir_boot(char text[static CONTAINER_DIR_BOOT_SIZE])
{
	if (fd_read_small(AT_FDCWD, "/proc/sys/kernel/random/boot_id", text, CONTAINER_DIR_BOOT_SIZE) < 0)
		*text = '\0';
	return text;
}

/* Without its state directory: was it to stay, and made before the last reboot? In doubt it is. */
static enum container_dir_use use_without_state(int dir_fd)
{
	char made[CONTAINER_DIR_BOOT_SIZE];
	char now[CONTAINER_DIR_BOOT_SIZE];
	ssize_t length = fd_read_small(dir_fd, "boot", made, sizeof(made));

	if (length == -ENOENT)
		return CONTAINER_DIR_LEFT_OVER;
	if (length > 0 && str_eq(made, container_dir_boot(now)))
		return CONTAINER_DIR_LEFT_OVER;
	return CONTAINER_DIR_KEPT;
}

enum container_dir_use container_dir_use(int dir_fd)
{
	auto_free char *state = NULL;
	struct error ignored;
	int r;

	if (flock(dir_fd, LOCK_EX | LOCK_NB) < 0)
		return CONTAINER_DIR_USED;
	r = fd_read_file(dir_fd, "state", STATE_PATH_MAX, &state, NULL, &ignored);
	/* Killed before it was written, which is before the state directory is made. */
	if (r == -ENOENT || (r == 0 && *state != '/'))
		return CONTAINER_DIR_LEFT_OVER;
	if (r < 0 || access(state, F_OK) == 0 || errno != ENOENT)
		return CONTAINER_DIR_USED;
	return use_without_state(dir_fd);
}

static bool is_same(int fd, int parent, const char *name)
{
	struct stat own;
	struct stat there;

	return fstat(fd, &own) == 0 && fstatat(parent, name, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
	       own.st_ino == there.st_ino && own.st_dev == there.st_dev;
}

/* What it is, or -errno. The lock is held until it is removed, so that a `run` of this name waits or finds another
   directory. */
static int prune_one(int parent, const char *name, struct error *err)
{
	auto_fd int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	enum container_dir_use use = fd < 0 ? CONTAINER_DIR_USED : container_dir_use(fd);
	int r = 0;

	if (use == CONTAINER_DIR_LEFT_OVER && is_same(fd, parent, name))
		r = tree_remove(parent, name, err);
	return r < 0 ? r : (int)use;
}

static const char **in_arena(struct arena *arena, const char *const *names, size_t count)
{
	const char **list = arena_array(arena, count + 1, sizeof(*list));

	if (count)
		memcpy(list, names, count * sizeof(*list));
	return list;
}

int container_dirs_prune(const struct store *store, struct arena *arena, const char ***ret_kept, struct error *err)
{
	auto_dir DIR *dir = store_open_directory(store, "containers", err);
	auto_free const char **kept = NULL;
	const struct dirent *entry;
	size_t count = 0;
	int r = 0;

	if (!dir)
		return -err->code;
	while (r >= 0 && (entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		r = prune_one(dirfd(dir), entry->d_name, err);
		if (r != CONTAINER_DIR_KEPT)
			continue;
		kept = xreallocarray(kept, count + 1, sizeof(*kept));
		kept[count++] = arena_strdup(arena, entry->d_name);
	}
	if (r < 0)
		return context(err, "image store %s: containers", store->path);
	*ret_kept = in_arena(arena, kept, count);
	return 0;
}
