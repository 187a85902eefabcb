/*
 * layer_implied.c - see layer_implied.h. The layers that have such directories are walked; for each the layers are
 * asked from the top down whose it is, and where a layer below the first that has it answers, its path is noted. The
 * paths and their parents become a tar, which is unpacked as any layer is.
 */
#include "layer_implied.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/str.h"
#include "erofs_probe.h"
#include "hash.h"
#include "layer_pack.h"
#include "layer_store.h"
#include "layer_whiteout.h"
#include "store_write.h"
#include "tar_write.h"

enum { DEPTH_MAX = 512, PATHS_MAX = 16 * 1024 * 1024, FILE_MODE = 0600 };

static const char blob_file[] = "implied.tar";
static const char layer_file[] = "implied";

struct layer_view {
	int root; /* the top directory of what is unpacked */
	bool opaque, implies;
};

struct stack {
	struct staging *staging;
	struct layer_view *layers; /* lowest first */
	size_t count;
	char **paths; /* that some layer hides */
	size_t n_paths, paths_size;
};

static void stack_free(struct stack *stack)
{
	for (size_t i = 0; i < stack->count; i++)
		if (stack->layers[i].root >= 0)
			(void)close(stack->layers[i].root);
	for (size_t i = 0; i < stack->n_paths; i++)
		free(stack->paths[i]);
	free(stack->layers);
	free(stack->paths);
}

#define auto_stack auto_cleanup(stack_free)

static int failed(const char *path, int errnum, struct error *err)
{
	char shown[TAR_SHOWN_MAX];

	return fail(err, errnum, "look at the directory %s of the layers", tar_shown(path, shown));
}

/* ---- the layers ---- */

static int open_layer(const struct store *store, const struct digest *diff_id, struct error *err)
{
	const bool image = layer_stored_form(store, diff_id) == LAYER_IMAGE;
	char name[STORE_PATH_MAX];
	auto_free char *path = xasprintf("%s/%s", store_layer_name(diff_id, name), image ? "image" : "diff");
	auto_fd int fd = openat(store->root, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | (image ? 0 : O_DIRECTORY));
	int mount_fd;

	if (fd < 0)
		return fail(err, errno, "image store %s: open %s", store->path, path);
	if (!image)
		return take_fd(&fd);
	mount_fd = erofs_mount(fd);
	return mount_fd < 0 ? fail(err, errno, "image store %s: mount %s", store->path, path) : mount_fd;
}

/* *ret_any: there is a layer whose directories may hide some of those below. */
static int read_infos(const struct store *store, const struct image_record *record, struct stack *stack, bool *ret_any,
		      struct error *err)
{
	*ret_any = false;
	stack->layers = xcalloc(record->n_layers, sizeof(*stack->layers));
	for (size_t i = 0; i < record->n_layers; i++) {
		struct layer_info info;
		int r = layer_read_info(store, &record->layers[i].diff_id, &info, err);

		if (r < 0)
			return r;
		stack->layers[i] = (struct layer_view){ -1, info.opaque, info.implied > 0 };
		stack->count++;
		*ret_any |= i > 0 && info.implied > 0;
	}
	return 0;
}

static int open_layers(const struct store *store, const struct image_record *record, struct stack *stack,
		       struct error *err)
{
	for (size_t i = 0; i < stack->count; i++) {
		stack->layers[i].root = open_layer(store, &record->layers[i].diff_id, err);
		if (stack->layers[i].root < 0)
			return -err->code;
	}
	return 0;
}

/* ---- whose a directory is ---- */

/* The directory in one layer; -1: it has none. *ret_last: it is another than that of the layers below. One that is
   opaque itself is not: only what is in it. */
static int find_in_layer(const struct stack *stack, size_t layer, const char *path, int *ret_fd, bool *ret_last,
			 struct error *err)
{
	auto_free char *copy = xstrdup(path);
	auto_fd int fd = fcntl(stack->layers[layer].root, F_DUPFD_CLOEXEC, 0);
	bool opaque = false;
	char *rest = copy;
	const char *name;

	if (fd < 0)
		return failed(path, errno, err);
	*ret_fd = -1;
	*ret_last = stack->layers[layer].opaque;
	while ((name = strsep(&rest, "/")) != NULL) {
		int next = openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

		if (next < 0 && errno == ENOENT) {
			*ret_last |= opaque;
			return 0;
		}
		if (next < 0 && errno != ENOTDIR && errno != ELOOP)
			return failed(path, errno, err);
		if (next < 0) { /* a file or a whiteout */
			*ret_last = true;
			return 0;
		}
		(void)close(fd);
		fd = next;
		*ret_last |= opaque;
		opaque = layer_is_opaque(fd, stack->staging->store->user_xattrs);
	}
	*ret_fd = take_fd(&fd);
	return 0;
}

/* The directory of the highest layer with an entry for it, or else the highest at all; -1: it is no directory in the
   end. *ret_hidden: a layer above that one has it without an entry. */
static int find_owner(const struct stack *stack, const char *path, int *ret_fd, struct stat *ret_stat, bool *ret_hidden,
		      struct error *err)
{
	auto_fd int implied = -1;
	struct stat implied_stat = { 0 };
	bool last = false;

	for (size_t i = stack->count; i > 0 && !last; i--) {
		auto_fd int fd = -1;
		int r = find_in_layer(stack, i - 1, path, &fd, &last, err);

		if (r == 0 && fd >= 0 && fstat(fd, ret_stat) < 0)
			r = failed(path, errno, err);
		if (r < 0)
			return r;
		if (fd < 0)
			continue;
		if (!layer_is_implied(ret_stat)) {
			*ret_fd = take_fd(&fd);
			*ret_hidden = implied >= 0;
			return 0;
		}
		if (implied < 0) {
			implied = take_fd(&fd);
			implied_stat = *ret_stat;
		}
	}
	*ret_fd = take_fd(&implied);
	*ret_stat = implied_stat;
	*ret_hidden = false;
	return 0;
}

/* ---- which are hidden ---- */

static int note(struct stack *stack, const char *path, size_t length, struct error *err)
{
	stack->paths_size += length + 1;
	if (stack->paths_size > PATHS_MAX)
		return refuse(err, "more than %d bytes of names of directories that only lower layers have entries for",
			      PATHS_MAX);
	stack->paths = xreallocarray(stack->paths, stack->n_paths + 1, sizeof(*stack->paths));
	stack->paths[stack->n_paths++] = xasprintf("%.*s", (int)length, path);
	return 0;
}

/* With those that lead to it: in the new layer they would be without entries, too. */
static int note_if_hidden(struct stack *stack, const char *path, struct error *err)
{
	auto_fd int fd = -1;
	struct stat st;
	bool hidden;
	int r = find_owner(stack, path, &fd, &st, &hidden, err);

	if (r < 0 || !hidden)
		return r;
	for (const char *slash = strchr(path, '/'); r == 0 && slash; slash = strchr(slash + 1, '/'))
		r = note(stack, path, (size_t)(slash - path), err);
	return r < 0 ? r : note(stack, path, strlen(path), err);
}

static int walk(struct stack *stack, int dir_fd, const char *path, unsigned depth, struct error *err);

static int walk_into(struct stack *stack, int dir_fd, const char *path, const char *name, unsigned depth,
		     struct error *err)
{
	auto_free char *below = xasprintf("%s%s%s", path, *path ? "/" : "", name);
	auto_fd int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	int r = 0;

	if (fd < 0 && (errno == ENOTDIR || errno == ELOOP))
		return 0;
	if (fd < 0 || fstat(fd, &st) < 0)
		return failed(below, errno, err);
	if (layer_is_implied(&st))
		r = note_if_hidden(stack, below, err);
	return r < 0 ? r : walk(stack, fd, below, depth + 1, err);
}

static int walk(struct stack *stack, int dir_fd, const char *path, unsigned depth, struct error *err)
{
	auto_fd int list_fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_dir DIR *dir = list_fd < 0 ? NULL : fdopendir(list_fd);
	const struct dirent *entry;

	if (!dir)
		return failed(path, errno, err);
	(void)take_fd(&list_fd);
	if (depth > DEPTH_MAX)
		return refuse(err, "more than %d directories deep", DEPTH_MAX);
	while ((entry = readdir(dir)) != NULL) {
		int r;

		if (str_eq(entry->d_name, ".") || str_eq(entry->d_name, "..") ||
		    (entry->d_type != DT_DIR && entry->d_type != DT_UNKNOWN))
			continue;
		r = walk_into(stack, dir_fd, path, entry->d_name, depth, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* ---- the new layer ---- */

struct packer {
	int fd;
	struct hash *hash;
	uint64_t size;
};

static int put(void *context, const void *data, size_t size, struct error *err)
{
	struct packer *packer = context;
	int r = fd_write_all(packer->fd, data, size);

	if (r < 0)
		return fail(err, -r, "write %s", blob_file);
	hash_update(packer->hash, data, size);
	packer->size += size;
	return 0;
}

static int put_directory(const struct stack *stack, const char *path, const struct tar_target *target,
			 struct error *err)
{
	auto_free char *name = xasprintf("%s/", path);
	struct layer_attributes attributes = { 0 };
	auto_fd int fd = -1;
	struct tar_entry entry;
	struct stat st = { 0 };
	bool hidden;
	int r = find_owner(stack, path, &fd, &st, &hidden, err);

	if (r < 0 || fd < 0)
		return r < 0 ? r : failed(path, ENOENT, err);
	r = layer_attributes_read(fd, NULL, stack->staging->store->user_xattrs, &attributes, err);
	entry = (struct tar_entry){
		.name = name,
		.link = "",
		.kind = TAR_DIRECTORY,
		.mode = st.st_mode & 07777,
		.uid = st.st_uid,
		.gid = st.st_gid,
		.mtime = st.st_mtim,
		.xattrs = attributes.xattrs,
		.n_xattrs = attributes.count,
	};
	if (r == 0)
		r = tar_write_header(target, &entry, err);
	layer_attributes_free(&attributes);
	return r;
}

static int compare_paths(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* A path is in order behind those that lead to it. */
static int pack(const struct stack *stack, int fd, struct record_layer *ret, struct error *err)
{
	auto_hash struct hash *hash = hash_new(DIGEST_SHA256);
	struct packer packer = { .fd = fd, .hash = hash };
	const struct tar_target target = { .write = put, .context = &packer };
	int r = 0;

	qsort(stack->paths, stack->n_paths, sizeof(*stack->paths), compare_paths);
	for (size_t i = 0; r == 0 && i < stack->n_paths; i++)
		if (i == 0 || !str_eq(stack->paths[i], stack->paths[i - 1]))
			r = put_directory(stack, stack->paths[i], &target, err);
	if (r == 0)
		r = tar_write_end(&target, err);
	if (r < 0)
		return r;
	*ret = (struct record_layer){
		.media_type = "application/vnd.oci.image.layer.v1.tar",
		.blob_size = packer.size,
		.tar_size = packer.size,
	};
	hash_finish(hash, &ret->blob);
	ret->diff_id = ret->blob;
	return 0;
}

static int publish_blob(const struct staging *staging, int fd, const struct record_layer *layer, struct error *err)
{
	auto_fd int stored = store_open_blob(staging->store, &layer->blob, layer->blob_size, err);
	char name[STORE_PATH_MAX];

	if (stored != -ENOENT)
		return stored < 0 ? stored : 0;
	(void)store_blob_name(&layer->blob, name);
	if (fsync(fd) < 0 || renameat(staging->fd, blob_file, staging->store->root, name) < 0)
		return fail(err, errno, "image store %s: publish %s", staging->store->path, name);
	return 0;
}

static int publish(struct staging *staging, int fd, enum layer_form form, const struct record_layer *layer,
		   struct error *err)
{
	const struct layer_options options = { .form = form, .user_xattrs = staging->store->user_xattrs };
	struct layer_result result;
	int r = staging_keep(staging, "blob", &layer->blob, 1, err);

	if (r == 0)
		r = staging_keep(staging, "layer", &layer->diff_id, 1, err);
	if (r == 0 && !layer_is_stored(staging->store, &layer->diff_id)) {
		r = layer_stage(staging, layer_file, fd, DIGEST_SHA256, DIGEST_SHA256, &options, &result, err);
		if (r == 0)
			r = layer_sync(staging, err);
		if (r == 0)
			r = layer_publish(staging, layer_file, &layer->diff_id, err);
	}
	return r == 0 ? publish_blob(staging, fd, layer, err) : r;
}

int layer_implied_make(struct staging *staging, const struct image_record *record, enum layer_form form,
		       struct record_layer *ret, bool *ret_needed, struct error *err)
{
	auto_stack struct stack stack = { .staging = staging };
	auto_fd int fd = -1;
	bool any;
	int r = read_infos(staging->store, record, &stack, &any, err);

	*ret_needed = false;
	if (r < 0 || !any)
		return r;
	r = open_layers(staging->store, record, &stack, err);
	for (size_t i = 1; r == 0 && i < stack.count; i++)
		if (stack.layers[i].implies)
			r = walk(&stack, stack.layers[i].root, "", 0, err);
	if (r < 0 || !stack.n_paths)
		return r;
	fd = openat(staging->fd, blob_file, O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, FILE_MODE);
	if (fd < 0)
		return fail(err, errno, "make %s/%s", staging->name, blob_file);
	r = pack(&stack, fd, ret, err);
	if (r == 0)
		r = publish(staging, fd, form, ret, err);
	*ret_needed = r == 0;
	return r;
}
