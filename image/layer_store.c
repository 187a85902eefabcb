/* layer_store.c - see layer_store.h. */
#include "layer_store.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/str.h"
#include "base/syscalls.h"
#include "hash.h"
#include "store_write.h"
#include "tree_compare.h"

enum { LAYER_MODE = 0700, TOP_MODE = 0755, FILE_MODE = 0600, INFO_MAX = 4096, INFO_DEPTH = 2 };

bool layer_is_stored(const struct store *store, const struct digest *diff_id)
{
	char name[STORE_PATH_MAX];

	return faccessat(store->root, store_layer_name(diff_id, name), F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

enum layer_form layer_stored_form(const struct store *store, const struct digest *diff_id)
{
	char name[STORE_PATH_MAX];
	auto_free char *image = xasprintf("%s/image", store_layer_name(diff_id, name));

	return faccessat(store->root, image, F_OK, AT_SYMLINK_NOFOLLOW) == 0 ? LAYER_IMAGE : LAYER_OVERLAY;
}

static const struct json_field info_fields[] = {
	{ .key = "tarSize", .kind = JSON_AS_U64, .offset = offsetof(struct layer_info, tar_size), .required = true },
	{ .key = "opaque", .kind = JSON_AS_BOOL, .offset = offsetof(struct layer_info, opaque), .required = true },
	{ .key = "top", .kind = JSON_AS_BOOL, .offset = offsetof(struct layer_info, has_top), .required = true },
	{ .key = "implied", .kind = JSON_AS_U64, .offset = offsetof(struct layer_info, implied) },
	{ .key = NULL },
};

int layer_read_info(const struct store *store, const struct digest *diff_id, struct layer_info *ret, struct error *err)
{
	static const struct json_limits limits = { .size = INFO_MAX, .depth = INFO_DEPTH };
	auto_arena struct arena *arena = arena_new();
	struct layer_info info = { 0 };
	char name[STORE_PATH_MAX];
	auto_free char *path = xasprintf("%s/info", store_layer_name(diff_id, name));
	auto_free char *text = NULL;
	struct json *root;
	size_t length;
	int r = fd_read_file(store->root, path, INFO_MAX, &text, &length, err);

	if (r == 0)
		r = json_parse(arena, path, text, length, &limits, &root, err);
	if (r == 0)
		r = json_decode(arena, root, info_fields, &info, err);
	if (r < 0)
		return context(err, "image store %s", store->path);
	*ret = info;
	return 0;
}

static int write_info(int layer_fd, const struct layer_info *info)
{
	auto_fd int fd = openat(layer_fd, "info", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, FILE_MODE);
	auto_json_writer struct json_writer *writer = json_writer_new(false);
	const char *text;
	size_t length;

	if (fd < 0)
		return -errno;
	json_begin_object(writer, NULL);
	json_put_u64(writer, "tarSize", info->tar_size);
	json_put_bool(writer, "opaque", info->opaque);
	json_put_bool(writer, "top", info->has_top);
	json_put_u64(writer, "implied", info->implied);
	json_end_object(writer);
	text = json_writer_text(writer, &length);
	return fd_write_all(fd, text, length);
}

/* What the layer is unpacked to: an fd, or -1 and errno. */
static int make_target(int layer_fd, enum layer_form form)
{
	if (form == LAYER_IMAGE)
		return openat(layer_fd, "image", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, FILE_MODE);
	if (mkdirat(layer_fd, "diff", TOP_MODE) < 0 || fchmodat(layer_fd, "diff", TOP_MODE, 0) < 0)
		return -1;
	return openat(layer_fd, "diff", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

int layer_stage(const struct staging *staging, const char *name, int blob_fd, enum digest_algorithm blob_algorithm,
		enum digest_algorithm diff_algorithm, const struct layer_options *options, struct layer_result *ret,
		struct error *err)
{
	auto_fd int layer = -1;
	auto_fd int target = -1;
	struct layer_info info;
	int r;

	if (mkdirat(staging->fd, name, LAYER_MODE) < 0)
		return fail(err, errno, "make %s/%s", staging->name, name);
	layer = openat(staging->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	target = layer < 0 ? -1 : make_target(layer, options->form);
	if (target < 0)
		return fail(err, errno, "make what is to be %s/%s", staging->name, name);
	r = layer_unpack(target, blob_fd, blob_algorithm, diff_algorithm, options, ret, err);
	if (r < 0)
		return r;
	info = (struct layer_info){ ret->tar_size, ret->opaque_root, ret->has_top, ret->implied };
	r = write_info(layer, &info);
	return r < 0 ? fail(err, -r, "write %s/%s/info", staging->name, name) : 0;
}

int layer_sync(const struct staging *staging, struct error *err)
{
	return syncfs(staging->fd) < 0 ? fail(err, errno, "image store %s: syncfs", staging->store->path) : 0;
}

int layer_publish(const struct staging *staging, const char *name, const struct digest *diff_id, struct error *err)
{
	char path[STORE_PATH_MAX];

	if (sys_renameat2(staging->fd, name, staging->store->root, store_layer_name(diff_id, path), RENAME_NOREPLACE) <
		    0 &&
	    errno != EEXIST)
		return fail(err, errno, "image store %s: publish %s", staging->store->path, path);
	return 0;
}

/* An image is made of a layer in one way only. */
static int compare_images(int stored, int staged, struct error *err)
{
	struct digest a;
	struct digest b;
	int r = hash_file(stored, DIGEST_SHA256, &a, err);

	if (r == 0)
		r = hash_file(staged, DIGEST_SHA256, &b, err);
	if (r < 0)
		return r;
	return digest_eq(&a, &b) ? 0 : refuse_as(err, ESTALE, "the image is another than its blob makes");
}

int layer_compare(const struct staging *staging, const char *name, const struct digest *diff_id, struct error *err)
{
	const bool image = layer_stored_form(staging->store, diff_id) == LAYER_IMAGE;
	const char *const what = image ? "image" : "diff";
	const int flags = O_RDONLY | O_NOFOLLOW | O_CLOEXEC | (image ? 0 : O_DIRECTORY);
	char path[STORE_PATH_MAX];
	auto_free char *stored_path = xasprintf("%s/%s", store_layer_name(diff_id, path), what);
	auto_free char *staged_path = xasprintf("%s/%s", name, what);
	auto_fd int stored = openat(staging->store->root, stored_path, flags);
	int missing = stored < 0 ? errno : 0;
	auto_fd int staged = openat(staging->fd, staged_path, flags);

	if (missing == ENOENT)
		return refuse_as(err, ESTALE, "missing");
	if (missing || staged < 0)
		return fail(err, missing ? missing : errno, "image store %s: open %s", staging->store->path,
			    missing ? stored_path : staged_path);
	return image ? compare_images(stored, staged, err) : tree_compare(stored, staged, err);
}

int layer_replace(struct staging *staging, const char *name, const struct digest *diff_id, struct error *err)
{
	char path[STORE_PATH_MAX];
	const struct store *store = staging->store;

	(void)store_layer_name(diff_id, path);
	if (sys_renameat2(staging->fd, name, store->root, path, RENAME_EXCHANGE) < 0 &&
	    (errno != ENOENT || renameat(staging->fd, name, store->root, path) < 0))
		return fail(err, errno, "image store %s: replace %s", store->path, path);
	return store_sync_directories(store, "layers", err);
}
