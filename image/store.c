/*
 * store.c - the store opened, locked, searched and read: what a start from an image needs. See store.h; what writes to
 * it is in store_write.c and its neighbours.
 */
#include "store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/str.h"
#include "ref.h"

#define ELSEWHERE " ($COFFER_STORE names another)"

enum { STORE_MODE = 0700, FILE_MODE = 0600, VERSION_SIZE = 16, UID_MAP_SIZE = 256 };
enum { LOCK_TRIES = 30 * 1000, LOCK_PAUSE_NS = 1000 * 1000 }; /* 30 s; a lock is held for a few milliseconds */

/* The second is of a store whose layers were unpacked in a user namespace, whoever reads it. */
static const char store_version[] = "1";
static const char user_version[] = "1 user";

/* In the order in which they are made. */
static const char *const directories[] = {
	"blobs",         "blobs/sha256", "blobs/sha512", "layers",     "layers/sha256",
	"layers/sha512", "images",       "names",        "containers", "staging",
};

/* What else may lie in a store that is not finished. */
static const char *const files[] = { "version", "version.new", "lock" };

const char *store_default_path(struct arena *arena)
{
	const char *path = getenv("COFFER_STORE");
	const char *home;

	if (path && *path)
		return path;
	if (geteuid() == 0)
		return "/var/lib/coffer";
	path = getenv("XDG_DATA_HOME");
	if (path && *path == '/')
		return arena_printf(arena, "%s/coffer", path);
	home = getenv("HOME");
	return arena_printf(arena, "%s/.local/share/coffer", home && *home == '/' ? home : "");
}

/* Somebody else's store could hold anything, under the name of any image. */
static int check_owner(int root, const char *path, struct error *err)
{
	struct stat st;

	if (fstat(root, &st) < 0)
		return fail(err, errno, "image store %s", path);
	if (st.st_uid != geteuid() && st.st_uid != 0)
		return refuse_as(err, EPERM, "image store %s belongs to user %u" ELSEWHERE, path, st.st_uid);
	if (st.st_mode & (S_IWOTH | S_IWGRP))
		return refuse_as(err, EPERM, "image store %s can be written by others" ELSEWHERE, path);
	return 0;
}

static int make_path(const char *path, struct error *err)
{
	auto_free char *copy = xstrdup(path);

	for (char *slash = strchr(copy + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(copy, STORE_MODE) < 0 && errno != EEXIST)
			return fail(err, errno, "image store %s: make %s", path, copy);
		*slash = '/';
	}
	if (mkdir(copy, STORE_MODE) < 0 && errno != EEXIST)
		return fail(err, errno, "image store %s", path);
	return 0;
}

DIR *store_open_directory(const struct store *store, const char *path, struct error *err)
{
	auto_fd int fd = openat(store->root, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (dir)
		(void)take_fd(&fd);
	else
		(void)fail(err, errno, "image store %s: read %s", store->path, path);
	return dir;
}

static bool is_of_store(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(directories); i++)
		if (str_eq(name, directories[i]))
			return true;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		if (str_eq(name, files[i]))
			return true;
	return str_eq(name, ".") || str_eq(name, "..") || str_eq(name, "lost+found");
}

static int check_empty(const struct store *store, struct error *err)
{
	auto_dir DIR *dir = store_open_directory(store, ".", err);
	const struct dirent *entry;

	if (!dir)
		return -err->code;
	while ((entry = readdir(dir)) != NULL)
		if (!is_of_store(entry->d_name))
			return refuse_as(err, EEXIST, "%s is no image store: it has \"%.64s\" in it, and no version",
					 store->path, entry->d_name);
	return 0;
}

/* Is this the first user namespace, the only one where trusted.overlay.* can be set? */
static bool is_first_userns(void)
{
	char map[UID_MAP_SIZE];
	unsigned inside, outside, count;

	return fd_read_small(AT_FDCWD, "/proc/self/uid_map", map, sizeof(map)) > 0 &&
	       sscanf(map, "%u %u %u", &inside, &outside, &count) == 3 && inside == 0 && outside == 0 &&
	       count == UINT32_MAX;
}

/* What overlayfs asks of the file system that layers are on: attributes for its marks, and types in directories,
   without which it shows whiteouts. */
static int check_file_system(const struct store *store, bool first_userns, struct error *err)
{
	const char *name = first_userns ? "trusted.overlay.probe" : "user.overlay.probe";
	auto_dir DIR *dir = store_open_directory(store, ".", err);
	const struct dirent *entry;

	if (!dir)
		return -err->code;
	if (fsetxattr(store->root, name, "y", 1, 0) < 0 && errno == EOPNOTSUPP)
		return refuse_as(err, EOPNOTSUPP,
				 "image store %s: its file system keeps no attributes %.*s*, which layers "
				 "need" ELSEWHERE,
				 store->path, (int)(strrchr(name, '.') - name + 1), name);
	(void)fremovexattr(store->root, name);
	while ((entry = readdir(dir)) != NULL)
		if (entry->d_type == DT_UNKNOWN)
			return refuse_as(
				err, EOPNOTSUPP,
				"image store %s: its file system keeps no types in directories (d_type), which "
				"overlayfs needs: it was made without them" ELSEWHERE,
				store->path);
	return 0;
}

static int write_version(int root, const char *path, bool first_userns, struct error *err)
{
	const char *version = first_userns ? store_version : user_version;
	auto_fd int fd = openat(root, "version.new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, FILE_MODE);
	int r = fd < 0 ? -errno : fd_write_all(fd, version, strlen(version));

	if (r == 0 && fsync(fd) < 0)
		r = -errno;
	if (r == 0 && renameat(root, "version.new", root, "version") < 0)
		r = -errno;
	if (r == 0 && fsync(root) < 0)
		r = -errno;
	return r < 0 ? fail(err, -r, "image store %s: write version", path) : 0;
}

/* Two that make it at the same time do the same; the exclusive lock is for the file version.new. */
static int make_store(const struct store *store, struct error *err)
{
	auto_fd int lock = -1;
	const bool first_userns = geteuid() == 0 && is_first_userns();
	int r = check_empty(store, err);

	if (r < 0)
		return r;
	lock = store_lock(store, true, err);
	if (lock < 0)
		return lock;
	for (size_t i = 0; i < ARRAY_SIZE(directories); i++)
		if (mkdirat(store->root, directories[i], STORE_MODE) < 0 && errno != EEXIST)
			return fail(err, errno, "image store %s: make %s", store->path, directories[i]);
	if (faccessat(store->root, "version", F_OK, 0) == 0)
		return 0;
	r = check_file_system(store, first_userns, err);
	return r < 0 ? r : write_version(store->root, store->path, first_userns, err);
}

static int check_version(struct store *store, struct error *err)
{
	char version[VERSION_SIZE];
	ssize_t length = fd_read_small(store->root, "version", version, sizeof(version));

	if (length == -ENOENT) {
		int r = make_store(store, err);

		if (r < 0)
			return r;
		length = fd_read_small(store->root, "version", version, sizeof(version));
	}
	if (length < 0)
		return fail(err, (int)-length, "image store %s: read version", store->path);
	store->user_xattrs = str_eq(version, user_version);
	if (!store->user_xattrs && !str_eq(version, store_version))
		return refuse(err, "image store %s has version \"%s\", this program reads version \"%s\"", store->path,
			      version, store_version);
	return 0;
}

static int absolute_path(struct arena *arena, const char *path, const char **ret, struct error *err)
{
	auto_free char *here = NULL;

	if (!*path)
		return refuse(err, "the image store's path is empty");
	*ret = path;
	if (*path == '/')
		return 0;
	here = getcwd(NULL, 0);
	if (!here)
		return fail(err, errno, "image store %s: current directory", path);
	*ret = arena_printf(arena, "%s/%s", here, path);
	return 0;
}

static int open_root(const char *path, int *ret, struct error *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT) {
		int r = make_path(path, err);

		if (r < 0)
			return r;
		fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	if (fd < 0)
		return errno == EACCES
			       ? refuse_as(err, EACCES, "open image store %s: Permission denied" ELSEWHERE, path)
			       : fail(err, errno, "open image store %s", path);
	*ret = fd;
	return 0;
}

int store_open(struct arena *arena, const char *path, struct store *ret, struct error *err)
{
	struct store store = { .root = -1 };
	auto_fd int root = -1;
	int r = absolute_path(arena, path, &store.path, err);

	if (r == 0)
		r = open_root(store.path, &root, err);
	if (r == 0)
		r = check_owner(root, store.path, err);
	if (r < 0)
		return r;
	store.root = root;
	r = check_version(&store, err);
	if (r < 0)
		return r;
	(void)take_fd(&root);
	*ret = store;
	return 0;
}

void store_close(struct store *store)
{
	if (store->root >= 0)
		(void)close(store->root);
	store->root = -1;
}

int store_lock(const struct store *store, bool exclusive, struct error *err)
{
	static const struct timespec pause = { .tv_nsec = LOCK_PAUSE_NS };
	auto_fd int fd = openat(store->root, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, FILE_MODE);

	if (fd < 0)
		return fail(err, errno, "image store %s: open lock", store->path);
	for (int i = 0; i < LOCK_TRIES; i++) {
		if (flock(fd, (exclusive ? LOCK_EX : LOCK_SH) | LOCK_NB) == 0)
			return take_fd(&fd);
		if (errno != EWOULDBLOCK && errno != EINTR)
			return fail(err, errno, "lock image store %s", store->path);
		(void)nanosleep(&pause, NULL);
	}
	return refuse_as(err, ETIMEDOUT, "image store %s is locked by another process", store->path);
}

const char *store_blob_name(const struct digest *digest, char *buffer)
{
	(void)snprintf(buffer, STORE_PATH_MAX, "blobs/%s/%s", digest_algorithm_name(digest->algorithm), digest->hex);
	return buffer;
}

const char *store_layer_name(const struct digest *diff_id, char *buffer)
{
	(void)snprintf(buffer, STORE_PATH_MAX, "layers/%s/%s", digest_algorithm_name(diff_id->algorithm), diff_id->hex);
	return buffer;
}

const char *store_layer_path(const struct store *store, struct arena *arena, const struct digest *diff_id)
{
	char name[STORE_PATH_MAX];
	const char *image = arena_printf(arena, "%s/image", store_layer_name(diff_id, name));

	if (faccessat(store->root, image, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return arena_printf(arena, "%s/%s", store->path, image);
	return arena_printf(arena, "%s/%s/diff", store->path, name);
}

int store_read_blob(const struct store *store, const struct digest *digest, size_t max, char **ret_text,
		    size_t *ret_length, struct error *err)
{
	char name[STORE_PATH_MAX];
	int r = fd_read_file(store->root, store_blob_name(digest, name), max, ret_text, ret_length, err);

	return r < 0 ? context(err, "image store %s", store->path) : 0;
}

int store_read_record(const struct store *store, struct arena *arena, const char *hex, struct image_record *ret,
		      struct error *err)
{
	char name[STORE_PATH_MAX];
	auto_free char *text = NULL;
	size_t length;
	int r;

	(void)snprintf(name, sizeof(name), "images/%s", hex);
	r = fd_read_file(store->root, name, STORE_RECORD_MAX, &text, &length, err);
	if (r == 0)
		r = record_decode(arena, name, text, length, ret, err);
	if (r == 0 && !str_eq(ret->manifest.hex, hex))
		r = refuse(err, "%s is the record of image %s", name, ret->manifest.hex);
	return r < 0 ? context(err, "image store %s", store->path) : 0;
}

static bool is_hex(const char *text, size_t length)
{
	return length > 0 && strspn(text, "0123456789abcdef") == length;
}

/* The one image whose hex begins with `prefix`, in hex[]; -ENOENT without text if there is none. */
static int find_prefix(const struct store *store, const char *prefix, char *hex, struct error *err)
{
	auto_dir DIR *dir = store_open_directory(store, "images", err);
	const struct dirent *entry;
	size_t found = 0;

	if (!dir)
		return -err->code;
	while ((entry = readdir(dir)) != NULL) {
		size_t length = strlen(entry->d_name);

		if (length > DIGEST_HEX_MAX || !is_hex(entry->d_name, length) || !str_starts(entry->d_name, prefix))
			continue;
		memcpy(hex, entry->d_name, length + 1);
		found++;
	}
	if (found > 1)
		return refuse(err, "image id %s is ambiguous: %zu images begin with it", prefix, found);
	return found ? 0 : -ENOENT;
}

/* The hex behind a name; -ENOENT without text. */
static int find_name(const struct store *store, const char *name, char *hex, struct error *err)
{
	char path[sizeof("names/") + STORE_NAME_MAX] = "names/";
	ssize_t length;
	int r = store_escape_name(name, path + strlen(path), err);

	if (r < 0)
		return r;
	length = fd_read_small(store->root, path, hex, DIGEST_HEX_MAX + 1);
	if (length == -ENOENT)
		return -ENOENT;
	if (length < 0)
		return fail(err, (int)-length, "image store %s: read %s", store->path, path);
	if (!is_hex(hex, (size_t)length))
		return refuse(err, "image store %s: %s is damaged", store->path, path);
	return 0;
}

/* A digest; then what looks like an id, which may still be a name; else a name. */
int store_find_hex(const struct store *store, struct arena *arena, const char *name_or_id,
		   char hex[static DIGEST_HEX_MAX + 1], struct error *err)
{
	const char *id = strchr(name_or_id, ':') ? strchr(name_or_id, ':') + 1 : name_or_id;
	struct image_ref ref = { 0 };
	struct digest digest;
	int r = digest_parse(name_or_id, &digest, err);

	if (r == 0)
		return find_prefix(store, id, hex, err);
	if (is_hex(name_or_id, strlen(name_or_id)) && strlen(name_or_id) >= STORE_ID_PREFIX_MIN) {
		r = find_prefix(store, name_or_id, hex, err);
		if (r != -ENOENT)
			return r;
	}
	r = ref_parse(arena, name_or_id, &ref, err);
	if (r < 0)
		return r;
	return ref.name ? find_name(store, ref.name, hex, err) : -ENOENT;
}

int store_find(const struct store *store, struct arena *arena, const char *name_or_id, struct image_record *ret,
	       struct error *err)
{
	char hex[DIGEST_HEX_MAX + 1];
	int r = store_find_hex(store, arena, name_or_id, hex, err);

	if (r == 0)
		r = store_read_record(store, arena, hex, ret, err);
	if (r == -ENOENT)
		return refuse_as(err, ENOENT, "image %.256s is not stored (`coffer image list` shows what is)",
				 name_or_id);
	return r;
}
