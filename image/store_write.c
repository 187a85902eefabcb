/* store_write.c - see store_write.h. */
#include "store_write.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/str.h"

enum { FILE_MODE = 0600 };

int store_sync_directory(const struct store *store, const char *path, struct error *err)
{
	auto_fd int fd = openat(store->root, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || fsync(fd) < 0)
		return fail(err, errno, "image store %s: fsync %s", store->path, path);
	return 0;
}

int store_sync_directories(const struct store *store, const char *kind, struct error *err)
{
	for (int i = 0; i < DIGEST_ALGORITHM_MAX; i++) {
		auto_free char *path = xasprintf("%s/%s", kind, digest_algorithm_name((enum digest_algorithm)i));
		int r = store_sync_directory(store, path, err);

		if (r < 0)
			return r;
	}
	return 0;
}

static int write_durable(const struct staging *staging, const void *data, size_t size)
{
	auto_fd int fd = openat(staging->fd, "file", O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, FILE_MODE);
	int r = fd < 0 ? -errno : fd_write_all(fd, data, size);

	if (r == 0 && fsync(fd) < 0)
		r = -errno;
	return r;
}

static int replace(const struct staging *staging, const char *path, const void *data, size_t size, struct error *err)
{
	int r = write_durable(staging, data, size);

	if (r == 0 && renameat(staging->fd, "file", staging->store->root, path) < 0)
		r = -errno;
	return r < 0 ? fail(err, -r, "image store %s: write %s", staging->store->path, path) : 0;
}

int store_put_file(const struct staging *staging, const char *path, const void *data, size_t size, struct error *err)
{
	auto_free char *parent = xstrdup(path);
	char *slash = strrchr(parent, '/');
	int r = replace(staging, path, data, size, err);

	if (slash)
		*slash = '\0';
	return r == 0 ? store_sync_directory(staging->store, slash ? parent : ".", err) : r;
}

int store_open_blob(const struct store *store, const struct digest *digest, uint64_t size, struct error *err)
{
	char name[STORE_PATH_MAX];
	auto_fd int fd = openat(store->root, store_blob_name(digest, name), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0 && errno == ENOENT)
		return -ENOENT;
	if (fd < 0 || fstat(fd, &st) < 0)
		return fail(err, errno, "image store %s: open %s", store->path, name);
	if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size != size)
		return -ENOENT;
	return take_fd(&fd);
}

int store_put_blob(const struct staging *staging, const struct digest *digest, const void *data, size_t size,
		   struct error *err)
{
	char name[STORE_PATH_MAX];
	int fd = store_open_blob(staging->store, digest, size, err);

	if (fd >= 0) {
		(void)close(fd);
		return 0;
	}
	if (fd != -ENOENT)
		return fd;
	return replace(staging, store_blob_name(digest, name), data, size, err);
}

int store_put_record(const struct staging *staging, const struct image_record *record, struct error *err)
{
	char path[STORE_PATH_MAX];
	auto_free char *text = NULL;
	size_t length;
	int r = store_sync_directories(staging->store, "blobs", err);

	if (r == 0)
		r = store_sync_directories(staging->store, "layers", err);
	if (r < 0)
		return r;
	(void)snprintf(path, sizeof(path), "images/%s", record->manifest.hex);
	text = record_encode(record, &length);
	return store_put_file(staging, path, text, length, err);
}

int store_put_name(const struct staging *staging, const char *name, const char *hex, struct error *err)
{
	char path[sizeof("names/") + STORE_NAME_MAX] = "names/";
	int r = store_escape_name(name, path + strlen(path), err);

	return r < 0 ? r : store_put_file(staging, path, hex, strlen(hex), err);
}

static int keep_layers(struct staging *staging, const struct record_layer *layers, size_t count, struct error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < count; i++) {
		r = staging_keep(staging, "blob", &layers[i].blob, 1, err);
		if (r == 0)
			r = staging_keep(staging, "layer", &layers[i].diff_id, 1, err);
	}
	return r;
}

int store_keep_image(struct staging *staging, const struct image_record *record, struct error *err)
{
	int r = staging_keep(staging, "blob", &record->manifest, 1, err);

	if (r == 0)
		r = staging_keep(staging, "blob", &record->config, 1, err);
	if (r == 0)
		r = keep_layers(staging, record->layers, record->n_layers, err);
	return r == 0 ? keep_layers(staging, record->implied, record->n_implied, err) : r;
}

int store_hold_image(const struct store *store, const struct image_record *record, struct staging *ret,
		     struct error *err)
{
	auto_staging struct staging staging = { .fd = -1 };
	int r = staging_make(store, &staging, err);

	if (r == 0)
		r = store_keep_image(&staging, record, err);
	if (r < 0 && r != -EROFS)
		return r;
	*ret = staging;
	staging.fd = -1;
	return 0;
}
