/* staging.c - see staging.h. */
#include "staging.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "base/tree.h"

enum { DIRECTORY_MODE = 0700, FILE_MODE = 0600, MAKE_TRIES = 100, KEEP_MAX = 4 * 1024 * 1024 };
enum { PARTIAL_PAUSE_NS = 50 * 1000 * 1000 };

static const char partial_suffix[] = ".partial";

/* Is what the fd is open on still what the path leads to? */
static bool is_same(int root, const char *path, int fd)
{
	struct stat by_path;
	struct stat by_fd;

	return fstatat(root, path, &by_path, AT_SYMLINK_NOFOLLOW) == 0 && fstat(fd, &by_fd) == 0 &&
	       by_path.st_ino == by_fd.st_ino && by_path.st_dev == by_fd.st_dev;
}

/* Between its mkdir and its flock the directory is nobody's, and a cleaner may take it: then it is -EAGAIN. */
static int try_make(const struct store *store, struct staging *staging)
{
	unsigned long long number;
	int fd;

	if (getrandom(&number, sizeof(number), 0) != sizeof(number))
		return -errno;
	(void)snprintf(staging->name, sizeof(staging->name), "staging/%016llx", number);
	if (mkdirat(store->root, staging->name, DIRECTORY_MODE) < 0)
		return errno == EEXIST ? -EAGAIN : -errno;
	fd = openat(store->root, staging->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -EAGAIN : -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0 && is_same(store->root, staging->name, fd)) {
		staging->fd = fd;
		return 0;
	}
	(void)close(fd);
	return -EAGAIN;
}

int staging_make(const struct store *store, struct staging *ret, struct error *err)
{
	struct staging staging = { .store = store, .fd = -1 };
	int r = -EAGAIN;

	for (int i = 0; r == -EAGAIN && i < MAKE_TRIES; i++)
		r = try_make(store, &staging);
	if (r < 0)
		return fail(err, -r, "image store %s: make a staging directory", store->path);
	*ret = staging;
	return 0;
}

void staging_free(struct staging *staging)
{
	struct error ignored; /* what cannot be removed now is removed by the next */

	(void)tree_remove(staging->store->root, staging->name, &ignored);
	(void)close(staging->fd);
	staging->fd = -1;
}

static int append_keep(const struct staging *staging, const char *kind, const struct digest *digests, size_t count)
{
	auto_fd int fd = openat(staging->fd, "keep", O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, FILE_MODE);
	char text[DIGEST_TEXT_MAX];
	int r = fd < 0 ? -errno : 0;

	for (size_t i = 0; r == 0 && i < count; i++) {
		auto_free char *line = xasprintf("%s %s\n", kind, digest_text(&digests[i], text));

		r = fd_write_all(fd, line, strlen(line));
	}
	return r;
}

int staging_keep(struct staging *staging, const char *kind, const struct digest *digests, size_t count,
		 struct error *err)
{
	auto_fd int lock = store_lock(staging->store, false, err);
	int r;

	if (lock < 0)
		return lock;
	r = append_keep(staging, kind, digests, count);
	return r < 0 ? fail(err, -r, "image store %s: write %s/keep", staging->store->path, staging->name) : 0;
}

int staging_take(struct staging *staging, const char *path, struct error *err)
{
	unsigned long long number;
	char name[STAGING_NAME_MAX];

	if (getrandom(&number, sizeof(number), 0) != sizeof(number))
		return fail(err, errno, "getrandom");
	(void)snprintf(name, sizeof(name), "trash-%016llx", number);
	if (renameat(staging->store->root, path, staging->fd, name) < 0 && errno != ENOENT)
		return fail(err, errno, "image store %s: move %s to the trash", staging->store->path, path);
	return 0;
}

/* Removes one entry of staging if nobody holds it. What cannot be removed is left: it hurts nobody. */
static void clean_entry(const struct store *store, const char *name, bool partials)
{
	auto_free char *path = xasprintf("staging/%s", name);
	auto_fd int fd = -1;
	struct error ignored;
	struct stat st;

	if (name[0] == '.' || (str_ends(name, partial_suffix) && !partials))
		return;
	fd = openat(store->root, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0 || !is_same(store->root, path, fd))
		return;
	(void)tree_remove(store->root, path, &ignored);
}

int staging_clean(const struct store *store, bool partials, struct error *err)
{
	auto_dir DIR *dir = store_open_directory(store, "staging", err);
	const struct dirent *entry;

	if (!dir)
		return -err->code;
	while ((entry = readdir(dir)) != NULL)
		clean_entry(store, entry->d_name, partials);
	return 0;
}

static void read_kept(char *text, void (*kept)(void *context, const char *kind, const struct digest *digest),
		      void *context)
{
	char *next;

	for (char *line = strtok_r(text, "\n", &next); line; line = strtok_r(NULL, "\n", &next)) {
		char *space = strchr(line, ' ');
		struct digest digest;
		struct error ignored;

		if (!space)
			continue;
		*space = '\0';
		if (digest_parse(space + 1, &digest, &ignored) == 0)
			kept(context, line, &digest);
	}
}

int staging_each_kept(const struct store *store,
		      void (*kept)(void *context, const char *kind, const struct digest *digest), void *context_,
		      struct error *err)
{
	auto_dir DIR *dir = store_open_directory(store, "staging", err);
	const struct dirent *entry;

	if (!dir)
		return -err->code;
	while ((entry = readdir(dir)) != NULL) {
		auto_free char *path = xasprintf("staging/%s/keep", entry->d_name);
		auto_free char *text = NULL;
		int r;

		if (entry->d_name[0] == '.' || str_ends(entry->d_name, partial_suffix))
			continue;
		r = fd_read_file(store->root, path, KEEP_MAX, &text, NULL, err);
		if (r == -ENOENT || r == -ENOTDIR)
			continue;
		if (r < 0)
			return r;
		read_kept(text, kept, context_);
	}
	return 0;
}

int staging_open_partial(const struct store *store, const struct digest *digest, char name[static STORE_PATH_MAX],
			 struct error *err)
{
	static const struct timespec pause = { .tv_nsec = PARTIAL_PAUSE_NS };

	(void)snprintf(name, STORE_PATH_MAX, "staging/%s-%s%s", digest_algorithm_name(digest->algorithm), digest->hex,
		       partial_suffix);
	for (;;) {
		auto_fd int fd = openat(store->root, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, FILE_MODE);

		if (fd < 0)
			return fail(err, errno, "image store %s: open %s", store->path, name);
		if (flock(fd, LOCK_EX | LOCK_NB) == 0 && is_same(store->root, name, fd))
			return take_fd(&fd);
		(void)nanosleep(&pause, NULL);
	}
}
