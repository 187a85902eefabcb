/* layer_made.c - see layer_made.h. An open-addressed table of hashes; 0 is an empty place. */
#include "layer_made.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/siphash.h"
#include "base/str.h"
#include "tar.h"

enum { FIRST_SIZE = 1024, DEPTH_MAX = 512, NAME_SIZE = 256 };

struct layer_made {
	struct hash128 key;
	uint64_t *places;
	size_t size, used; /* size is a power of two */
};

struct layer_made *layer_made_new(void)
{
	struct layer_made *made = xcalloc(1, sizeof(*made));

	if (getrandom(&made->key, sizeof(made->key), 0) != (ssize_t)sizeof(made->key))
		abort();
	made->size = FIRST_SIZE;
	made->places = xcalloc(made->size, sizeof(*made->places));
	return made;
}

void layer_made_free(struct layer_made *made)
{
	if (!made)
		return;
	free(made->places);
	free(made);
}

static uint64_t hash_of(const struct layer_made *made, ino_t parent, const char *name)
{
	unsigned char data[sizeof(uint64_t) + NAME_SIZE];
	const uint64_t inode = parent;
	const size_t length = strnlen(name, NAME_SIZE);
	uint64_t hash;

	memcpy(data, &inode, sizeof(inode));
	memcpy(data + sizeof(inode), name, length);
	hash = siphash128(made->key, data, sizeof(inode) + length).low;
	return hash ? hash : 1;
}

/* The place that holds the hash, or the empty one where it would go. */
static uint64_t *place(uint64_t *places, size_t size, uint64_t hash)
{
	size_t i = hash & (size - 1);

	while (places[i] && places[i] != hash)
		i = (i + 1) & (size - 1);
	return &places[i];
}

static void grow(struct layer_made *made)
{
	const size_t size = 2 * made->size;
	uint64_t *places = xcalloc(size, sizeof(*places));

	for (size_t i = 0; i < made->size; i++)
		if (made->places[i])
			*place(places, size, made->places[i]) = made->places[i];
	free(made->places);
	made->places = places;
	made->size = size;
}

void layer_made_add(struct layer_made *made, ino_t parent, const char *name)
{
	uint64_t hash, *at;

	if (!made)
		return;
	if (made->used >= made->size / 4 * 3)
		grow(made);
	hash = hash_of(made, parent, name);
	at = place(made->places, made->size, hash);
	made->used += *at == 0;
	*at = hash;
}

bool layer_made_has(const struct layer_made *made, ino_t parent, const char *name)
{
	return made && *place(made->places, made->size, hash_of(made, parent, name)) != 0;
}

static int cannot(const char *what, const char *name, struct error *err)
{
	char shown[TAR_SHOWN_MAX];
	int saved = errno;

	return fail(err, saved, "%s %s", what, tar_shown(name, shown));
}

static int prune(int parent_fd, ino_t parent, const char *name, const struct layer_made *made, unsigned depth,
		 struct error *err);

/* 1 when something is left, then with the directory's time as it was. */
static int prune_children(int dir_fd, const struct layer_made *made, unsigned depth, struct error *err)
{
	int list_fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_dir DIR *dir = list_fd < 0 ? NULL : fdopendir(list_fd);
	const struct dirent *entry;
	struct stat st;
	int left = 0;

	if (!dir || fstat(dir_fd, &st) < 0) {
		int saved = errno;

		if (list_fd >= 0 && !dir)
			(void)close(list_fd);
		return fail(err, saved, "list a directory");
	}
	if (depth > DEPTH_MAX)
		return refuse(err, "what is to be removed is deeper than %d directories", DEPTH_MAX);
	while ((entry = readdir(dir)) != NULL) {
		int r;

		if (str_eq(entry->d_name, ".") || str_eq(entry->d_name, ".."))
			continue;
		r = prune(dir_fd, st.st_ino, entry->d_name, made, depth, err);
		if (r < 0)
			return r;
		left |= r;
	}
	if (left) {
		const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, st.st_mtim };

		if (futimens(dir_fd, times) < 0)
			return fail(err, errno, "restore the time of a directory");
	}
	return left;
}

static int prune(int parent_fd, ino_t parent, const char *name, const struct layer_made *made, unsigned depth,
		 struct error *err)
{
	const bool keep = layer_made_has(made, parent, name);
	struct stat st;
	int left;

	if (fstatat(parent_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : cannot("look at", name, err);
	if (S_ISDIR(st.st_mode)) {
		auto_fd int fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

		if (fd < 0)
			return cannot("open", name, err);
		left = prune_children(fd, made, depth + 1, err);
		if (left)
			return left;
	}
	if (keep)
		return 1;
	if (unlinkat(parent_fd, name, S_ISDIR(st.st_mode) ? AT_REMOVEDIR : 0) < 0)
		return cannot("remove", name, err);
	return 0;
}

int layer_prune(int parent_fd, ino_t parent, const char *name, const struct layer_made *made, struct error *err)
{
	return prune(parent_fd, parent, name, made, 0, err);
}

int layer_prune_inside(int dir_fd, const struct layer_made *made, struct error *err)
{
	return prune_children(dir_fd, made, 0, err);
}
