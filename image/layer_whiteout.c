/* layer_whiteout.c - see layer_whiteout.h. */
#include "layer_whiteout.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "layer_xattr.h"

enum { DEPTH_MAX = 512 };

bool layer_is_whiteout(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == makedev(0, 0);
}

bool layer_is_implied(const struct stat *st)
{
	return st->st_mode == (S_IFDIR | LAYER_IMPLIED_MODE) && st->st_uid == 0 && st->st_gid == 0 &&
	       st->st_mtim.tv_sec == 0 && st->st_mtim.tv_nsec == LAYER_IMPLIED_NS;
}

bool layer_is_opaque(int dir_fd, bool user_xattrs)
{
	char value[2];

	return fgetxattr(dir_fd, layer_xattr_opaque(user_xattrs), value, sizeof(value)) == 1 && value[0] == 'y';
}

static int walk(int dir_fd, bool hidden, bool user_xattrs, unsigned depth, struct error *err);

static int look_at(int dir_fd, const char *name, bool hidden, bool user_xattrs, unsigned depth, bool *removed,
		   struct error *err)
{
	auto_fd int fd = -1;
	struct stat st;

	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return fail(err, errno, "look for whiteouts");
	if (hidden && layer_is_whiteout(&st)) {
		*removed = true;
		return unlinkat(dir_fd, name, 0) < 0 ? fail(err, errno, "remove a whiteout") : 0;
	}
	if (!S_ISDIR(st.st_mode))
		return 0;
	fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return fail(err, errno, "look for whiteouts");
	return walk(fd, hidden || layer_is_opaque(fd, user_xattrs), user_xattrs, depth + 1, err);
}

static int walk(int dir_fd, bool hidden, bool user_xattrs, unsigned depth, struct error *err)
{
	int list_fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_dir DIR *dir = list_fd < 0 ? NULL : fdopendir(list_fd);
	const struct dirent *entry;
	bool removed = false;
	struct stat st;

	if (!dir || fstat(dir_fd, &st) < 0) {
		int saved = errno;

		if (list_fd >= 0 && !dir)
			(void)close(list_fd);
		return fail(err, saved, "look for whiteouts");
	}
	if (depth > DEPTH_MAX)
		return refuse(err, "more than %d directories deep", DEPTH_MAX);
	while ((entry = readdir(dir)) != NULL) {
		int r;

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
		    (entry->d_type != DT_DIR && entry->d_type != DT_CHR && entry->d_type != DT_UNKNOWN))
			continue;
		r = look_at(dir_fd, entry->d_name, hidden, user_xattrs, depth, &removed, err);
		if (r < 0)
			return r;
	}
	if (removed) {
		const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, st.st_mtim };

		if (futimens(dir_fd, times) < 0)
			return fail(err, errno, "restore the time of a directory");
	}
	return 0;
}

int layer_remove_hidden_whiteouts(int root_fd, bool user_xattrs, struct error *err)
{
	return walk(root_fd, layer_is_opaque(root_fd, user_xattrs), user_xattrs, 0, err);
}
