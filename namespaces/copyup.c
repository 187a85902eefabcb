/*
 * copyup.c - a bounded depth-first copy by directory fds. The source is hostile, so every entry is opened without
 * following links and looked at through its own fd; what changes meanwhile is copied as it was or refused.
 */
#include "copyup.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include "base/cleanup.h"

enum { DEPTH_MAX = 64, ENTRIES_MAX = 100000, LINK_MAX_LENGTH = 4096, CHUNK = 1 << 20 };

struct walk {
	dev_t device;
	unsigned depth;
	unsigned entries;
};

static int copy_directory(int source_fd, int target_fd, struct walk *walk, struct error *err);

static int copy_owner(int fd, const struct stat *st)
{
	const struct timespec times[2] = { st->st_atim, st->st_mtim };

	if (fchown(fd, st->st_uid, st->st_gid) < 0 || fchmod(fd, st->st_mode & 07777) < 0)
		return -errno;
	return futimens(fd, times) < 0 ? -errno : 0;
}

static int copy_bytes(int from, int to)
{
	ssize_t done;

	do
		done = sendfile(to, from, NULL, CHUNK);
	while (done > 0);
	return done < 0 ? -errno : 0;
}

static int copy_file(int source_dir, int target_dir, const char *name, const struct stat *expected)
{
	auto_fd int from = openat(source_dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	auto_fd int to = -1;
	struct stat st;
	int r;

	if (from < 0 || fstat(from, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_ino != expected->st_ino)
		return -ESTALE;
	to = openat(target_dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (to < 0)
		return -errno;
	r = copy_bytes(from, to);
	return r < 0 ? r : copy_owner(to, &st);
}

static int copy_link(int source_dir, int target_dir, const char *name, const struct stat *st)
{
	char target[LINK_MAX_LENGTH + 1];
	ssize_t length = readlinkat(source_dir, name, target, LINK_MAX_LENGTH);

	if (length < 0)
		return -errno;
	target[length] = '\0';
	if (symlinkat(target, target_dir, name) < 0)
		return -errno;
	return fchownat(target_dir, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

static int copy_subdirectory(int source_dir, int target_dir, const char *name, struct walk *walk, struct error *err)
{
	auto_fd int from = openat(source_dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	auto_fd int to = -1;
	struct stat st;
	int r;

	if (from < 0 || fstat(from, &st) < 0)
		return fail(err, errno, "tmpcopyup: open %s", name);
	if (mkdirat(target_dir, name, 0700) < 0)
		return fail(err, errno, "tmpcopyup: make %s", name);
	to = openat(target_dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (to < 0)
		return fail(err, errno, "tmpcopyup: open copy of %s", name);
	if (st.st_dev == walk->device) {
		r = copy_directory(from, to, walk, err);
		if (r < 0)
			return r;
	}
	r = copy_owner(to, &st);
	return r < 0 ? fail(err, -r, "tmpcopyup: owner of %s", name) : 0;
}

static int copy_entry(int source_dir, int target_dir, const char *name, struct walk *walk, struct error *err)
{
	struct stat st;
	int r = 0;

	if (++walk->entries > ENTRIES_MAX)
		return refuse(err, "tmpcopyup: more than %d entries", ENTRIES_MAX);
	if (fstatat(source_dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return fail(err, errno, "tmpcopyup: look at %s", name);
	if (S_ISDIR(st.st_mode))
		return copy_subdirectory(source_dir, target_dir, name, walk, err);
	if (S_ISREG(st.st_mode))
		r = copy_file(source_dir, target_dir, name, &st);
	else if (S_ISLNK(st.st_mode))
		r = copy_link(source_dir, target_dir, name, &st);
	return r < 0 ? fail(err, -r, "tmpcopyup: copy %s", name) : 0;
}

static int copy_directory(int source_fd, int target_fd, struct walk *walk, struct error *err)
{
	int list_fd = openat(source_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_dir DIR *dir = list_fd < 0 ? NULL : fdopendir(list_fd);
	const struct dirent *entry;

	if (!dir) {
		int saved = errno;

		if (list_fd >= 0)
			(void)close(list_fd);
		return fail(err, saved, "tmpcopyup: list directory");
	}
	if (walk->depth >= DEPTH_MAX)
		return refuse(err, "tmpcopyup: deeper than %d directories", DEPTH_MAX);
	walk->depth++;
	while ((entry = readdir(dir)) != NULL) {
		int r;

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		r = copy_entry(source_fd, target_fd, entry->d_name, walk, err);
		if (r < 0)
			return r;
	}
	walk->depth--;
	return 0;
}

int copyup_tree(int source_fd, int target_fd, struct error *err)
{
	struct walk walk = { 0 };
	struct stat st;
	int r;

	if (fstat(source_fd, &st) < 0)
		return fail(err, errno, "tmpcopyup: look at source");
	walk.device = st.st_dev;
	r = copy_directory(source_fd, target_fd, &walk, err);
	if (r < 0)
		return r;
	/* The mode of the tmpfs itself is an option of the mount; only the owner comes from what it covers. */
	if (fchownat(target_fd, "", st.st_uid, st.st_gid, AT_EMPTY_PATH) < 0) /* a mount's fd is O_PATH */
		return fail(err, errno, "tmpcopyup: owner");
	return 0;
}
