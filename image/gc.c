/* gc.c - see gc.h: mark what records and living pulls name, sweep the rest. */
#include "gc.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "container_dir.h"
#include "ref.h"
#include "staging.h"
#include "store_list.h"
#include "store_mounts.h"
#include "store_write.h"

/* Paths relative to the root of the store: "blobs/sha256/<hex>". */
struct marks {
	char **paths;
	size_t count;
};

static void mark(struct marks *marks, const char *path)
{
	marks->paths = xreallocarray(marks->paths, marks->count + 1, sizeof(*marks->paths));
	marks->paths[marks->count++] = xstrdup(path);
}

static void free_marks(struct marks *marks)
{
	for (size_t i = 0; i < marks->count; i++)
		free(marks->paths[i]);
	free(marks->paths);
}

#define auto_marks auto_cleanup(free_marks)

static void mark_blob(struct marks *marks, const struct digest *digest)
{
	char name[STORE_PATH_MAX];

	mark(marks, store_blob_name(digest, name));
}

static void mark_layer(struct marks *marks, const struct digest *diff_id)
{
	char name[STORE_PATH_MAX];

	mark(marks, store_layer_name(diff_id, name));
}

static void mark_kept(void *context_, const char *kind, const struct digest *digest)
{
	if (str_eq(kind, "blob"))
		mark_blob(context_, digest);
	else
		mark_layer(context_, digest);
}

static void mark_layers(struct marks *marks, const struct record_layer *layers, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		mark_blob(marks, &layers[i].blob);
		mark_layer(marks, &layers[i].diff_id);
	}
}

static int compare_paths(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int mark_all(const struct store *store, struct arena *arena, struct marks *marks, size_t *ret_damaged,
		    struct error *err)
{
	struct stored_image *images = NULL;
	size_t count = 0;
	int r = staging_each_kept(store, mark_kept, marks, err);

	if (r == 0)
		r = store_list(store, arena, &images, &count, err);
	if (r < 0)
		return r;
	*ret_damaged = 0;
	for (size_t i = 0; i < count; i++) {
		const struct image_record *record = &images[i].record;

		*ret_damaged += images[i].damaged != NULL;

		mark_blob(marks, &record->manifest);
		mark_blob(marks, &record->config);
		mark_layers(marks, record->layers, record->n_layers);
		mark_layers(marks, record->implied, record->n_implied);
	}
	if (marks->count)
		qsort(marks->paths, marks->count, sizeof(*marks->paths), compare_paths);
	return 0;
}

struct sweep {
	const struct store *store;
	struct staging *trash;
	const struct marks *marks;
	struct gc_result *result;
};

static void count_swept(const struct sweep *sweep, const char *kind, const char *path)
{
	struct stat st;

	if (str_eq(kind, "layers")) {
		sweep->result->layers++;
		return;
	}
	sweep->result->blobs++;
	if (fstatat(sweep->store->root, path, &st, AT_SYMLINK_NOFOLLOW) == 0)
		sweep->result->blob_bytes += (uint64_t)st.st_size;
}

static int sweep_directory(const struct sweep *sweep, const char *kind, const char *algorithm, struct error *err)
{
	auto_free char *directory = xasprintf("%s/%s", kind, algorithm);
	auto_dir DIR *dir = store_open_directory(sweep->store, directory, err);
	const struct dirent *entry;

	if (!dir)
		return -err->code;
	while ((entry = readdir(dir)) != NULL) {
		auto_free char *path = xasprintf("%s/%s", directory, entry->d_name);
		int r;

		if (entry->d_name[0] == '.' ||
		    (sweep->marks->count &&
		     bsearch(&path, sweep->marks->paths, sweep->marks->count, sizeof(path), compare_paths)))
			continue;
		count_swept(sweep, kind, path);
		r = staging_take(sweep->trash, path, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* With the exclusive lock held. */
static int collect(const struct store *store, struct arena *arena, struct staging *trash, struct gc_result *result,
		   struct error *err)
{
	static const char *const kinds[] = { "layers", "blobs" };
	struct marks marks = { 0 };
	const struct sweep sweep = { store, trash, &marks, result };
	int r = mark_all(store, arena, &marks, &result->damaged, err);

	for (size_t i = 0; r == 0 && !result->damaged && i < ARRAY_SIZE(kinds) * DIGEST_ALGORITHM_MAX; i++)
		r = sweep_directory(&sweep, kinds[i % ARRAY_SIZE(kinds)],
				    digest_algorithm_name((enum digest_algorithm)(i / ARRAY_SIZE(kinds))), err);
	free_marks(&marks);
	return r;
}

static int remove_file(const struct store *store, const char *directory, const char *name, struct error *err)
{
	auto_free char *path = xasprintf("%s/%s", directory, name);

	if (unlinkat(store->root, path, 0) < 0 && errno != ENOENT)
		return fail(err, errno, "image store %s: remove %s", store->path, path);
	return store_sync_directory(store, directory, err);
}

static int remove_name(const struct store *store, const char *name, struct error *err)
{
	char escaped[STORE_NAME_MAX + 1];
	int r = store_escape_name(name, escaped, err);

	return r < 0 ? r : remove_file(store, "names", escaped, err);
}

/* Is a living pull about to give it a name? */
static bool is_kept(const struct marks *kept, const struct stored_image *image)
{
	char name[STORE_PATH_MAX];
	bool found = false;

	(void)store_blob_name(&image->record.manifest, name);
	for (size_t i = 0; i < kept->count; i++)
		found |= str_eq(kept->paths[i], name);
	return found;
}

/* Names first: a name without its image is as if it were not there. */
static int remove_image(const struct store *store, const struct marks *kept, const struct stored_image *image,
			struct gc_result *result, struct error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < image->n_names; i++)
		r = remove_name(store, image->names[i], err);
	if (r < 0 || image->n_containers || is_kept(kept, image))
		return r;
	result->images++;
	return remove_file(store, "images", image->hex, err);
}

/* Was it the name that was typed, and not the id? */
static const char *typed_name(struct arena *arena, const struct stored_image *image, const char *text)
{
	struct image_ref ref = { 0 };
	struct error ignored;

	if (ref_parse(arena, text, &ref, &ignored) < 0 || !ref.name)
		return NULL;
	for (size_t i = 0; i < image->n_names; i++)
		if (str_eq(image->names[i], ref.name))
			return ref.name;
	return NULL;
}

static int remove_found(const struct store *store, struct arena *arena, const struct marks *kept,
			const struct stored_image *image, const char *text, bool force, struct gc_result *result,
			struct error *err)
{
	const char *name = typed_name(arena, image, text);
	const char *mounted = force ? NULL : store_mounted_at(store, arena, image->hex);

	if (name && image->n_names > 1)
		return remove_name(store, name, err);
	if (image->n_containers && !force)
		return refuse_as(err, EBUSY, "image %s is used by container %s", text, image->containers[0]);
	if (mounted)
		return refuse_as(err, EBUSY, "image %.256s is mounted on %.512s (`coffer image unmount` ends that)",
				 text, mounted);
	if (image->n_names > 1 && !force)
		return refuse(err, "image %s has %zu names: remove them one by one, or use --force", text,
			      image->n_names);
	return remove_image(store, kept, image, result, err);
}

int gc_remove(const struct store *store, struct arena *arena, const char *name_or_id, bool force,
	      struct gc_result *result, struct error *err)
{
	auto_staging struct staging trash = { .fd = -1 };
	auto_fd int lock = -1;
	char hex[DIGEST_HEX_MAX + 1] = "";
	struct stored_image *images = NULL;
	const struct stored_image *image = NULL;
	auto_marks struct marks kept = { 0 };
	size_t count = 0;
	int r = staging_make(store, &trash, err);

	if (r < 0)
		return r;
	lock = store_lock(store, true, err);
	if (lock < 0)
		return lock;
	/* Before names are read: a pull that ends meanwhile has given its name by then, or counts as living. */
	r = staging_each_kept(store, mark_kept, &kept, err);
	if (r == 0)
		r = store_find_hex(store, arena, name_or_id, hex, err);
	if (r == 0)
		r = store_list(store, arena, &images, &count, err);
	if (r < 0 && r != -ENOENT)
		return r;
	image = stored_image_by_hex(images, count, hex);
	if (!image)
		return refuse_as(err, ENOENT, "image %.256s is not stored (`coffer image list` shows what is)",
				 name_or_id);
	r = remove_found(store, arena, &kept, image, name_or_id, force, result, err);
	if (r == 0)
		r = collect(store, arena, &trash, result, err);
	return r;
}

static int prune_images(const struct store *store, struct arena *arena, bool all, struct gc_result *result,
			struct error *err)
{
	struct stored_image *images = NULL;
	auto_marks struct marks kept = { 0 };
	size_t count = 0;
	int r = staging_each_kept(store, mark_kept, &kept, err); /* before the names: see gc_remove() */

	if (r == 0)
		r = store_list(store, arena, &images, &count, err);
	for (size_t i = 0; r == 0 && i < count; i++)
		if ((all || images[i].n_names == 0) && images[i].n_containers == 0 && !images[i].damaged &&
		    !store_mounted_at(store, arena, images[i].hex))
			r = remove_image(store, &kept, &images[i], result, err);
	return r;
}

int gc_prune(const struct store *store, struct arena *arena, bool all, struct gc_result *result, struct error *err)
{
	auto_staging struct staging trash = { .fd = -1 };
	auto_fd int lock = -1;
	int r = staging_make(store, &trash, err);

	if (r == 0)
		r = staging_clean(store, true, err);
	if (r < 0)
		return r;
	lock = store_lock(store, true, err);
	if (lock < 0)
		return lock;
	/* What a killed `coffer run --image` has left refers to an image, too. */
	r = container_dirs_prune(store, arena, &result->kept, err);
	if (r == 0)
		r = prune_images(store, arena, all, result, err);
	return r < 0 ? r : collect(store, arena, &trash, result, err);
}
