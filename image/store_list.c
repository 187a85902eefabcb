/* store_list.c - see store_list.h. Names and containers are read first: an image that comes meanwhile is merely not
   used yet, one that goes is skipped. */
#include "store_list.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/str.h"

/* Which image something refers to. */
struct reference {
	const char *name, *hex;
};

struct references {
	struct reference *items;
	size_t count;
};

static void add_reference(struct references *references, const char *name, const char *hex)
{
	references->items = xreallocarray(references->items, references->count + 1, sizeof(*references->items));
	references->items[references->count++] = (struct reference){ name, hex };
}

/* names/NAME, or containers/ID/image: text files with a hex. What is no such file is passed over. */
static int read_references(const struct store *store, struct arena *arena, const char *directory, const char *file,
			   struct references *references, struct error *err)
{
	auto_dir DIR *dir = store_open_directory(store, directory, err);
	const struct dirent *entry;
	char hex[DIGEST_HEX_MAX + 1];

	if (!dir)
		return -err->code;
	while ((entry = readdir(dir)) != NULL) {
		auto_free char *path = xasprintf("%s/%s%s", directory, entry->d_name, file);
		const char *name =
			*file ? arena_strdup(arena, entry->d_name) : store_unescape_name(arena, entry->d_name);

		if (entry->d_name[0] == '.' || !name || fd_read_small(store->root, path, hex, sizeof(hex)) <= 0)
			continue;
		add_reference(references, name, arena_strdup(arena, hex));
	}
	return 0;
}

static int compare_references(const void *a, const void *b)
{
	return strcmp(((const struct reference *)a)->name, ((const struct reference *)b)->name);
}

static const char **names_of(struct arena *arena, const struct references *references, const char *hex,
			     size_t *ret_count)
{
	const char **names = arena_array(arena, references->count + 1, sizeof(*names));
	size_t count = 0;

	for (size_t i = 0; i < references->count; i++)
		if (str_eq(references->items[i].hex, hex))
			names[count++] = references->items[i].name;
	*ret_count = count;
	return names;
}

static int compare_images(const void *a_, const void *b_)
{
	const struct stored_image *a = a_;
	const struct stored_image *b = b_;

	if (!a->n_names || !b->n_names)
		return a->n_names || b->n_names ? (a->n_names ? -1 : 1) : strcmp(a->hex, b->hex);
	return strcmp(a->names[0], b->names[0]);
}

/* A record's name: all that is known of a damaged one. */
static struct digest digest_of_hex(const char *hex)
{
	struct digest digest = { 0 };

	for (int i = 0; i < DIGEST_ALGORITHM_MAX; i++) {
		auto_free char *text = xasprintf("%s:%s", digest_algorithm_name((enum digest_algorithm)i), hex);
		struct error ignored;

		if (digest_parse(text, &digest, &ignored) == 0)
			return digest;
	}
	return (struct digest){ 0 };
}

static int read_image(const struct store *store, struct arena *arena, const char *hex, const struct references *names,
		      const struct references *containers, struct stored_image *ret, struct error *err)
{
	struct stored_image image = { .hex = arena_strdup(arena, hex) };
	int r = store_read_record(store, arena, hex, &image.record, err);

	if (r == -ENOENT)
		return r;
	if (r < 0) {
		image.damaged = arena_strdup(arena, err->text);
		image.record = (struct image_record){ .manifest = digest_of_hex(hex) };
	}
	image.names = names_of(arena, names, hex, &image.n_names);
	image.containers = names_of(arena, containers, hex, &image.n_containers);
	for (size_t i = 0; i < image.record.n_layers; i++)
		image.size += image.record.layers[i].tar_size;
	*ret = image;
	return 0;
}

static int list_images(const struct store *store, struct arena *arena, const struct references *names,
		       const struct references *containers, struct stored_image **ret, size_t *ret_count,
		       struct error *err)
{
	auto_dir DIR *dir = store_open_directory(store, "images", err);
	auto_free struct stored_image *images = NULL;
	const struct dirent *entry;
	size_t count = 0;

	if (!dir)
		return -err->code;
	while ((entry = readdir(dir)) != NULL) {
		int r;

		if (entry->d_name[0] == '.')
			continue;
		images = xreallocarray(images, count + 1, sizeof(*images));
		r = read_image(store, arena, entry->d_name, names, containers, &images[count], err);
		if (r == -ENOENT)
			continue;
		if (r < 0)
			return r;
		count++;
	}
	if (count)
		qsort(images, count, sizeof(*images), compare_images);
	*ret = arena_array(arena, count + 1, sizeof(**ret));
	if (count)
		memcpy(*ret, images, count * sizeof(*images));
	*ret_count = count;
	return 0;
}

int store_list(const struct store *store, struct arena *arena, struct stored_image **ret, size_t *ret_count,
	       struct error *err)
{
	struct references names = { 0 };
	struct references containers = { 0 };
	int r = read_references(store, arena, "names", "", &names, err);

	if (r == 0)
		r = read_references(store, arena, "containers", "/image", &containers, err);
	if (names.count)
		qsort(names.items, names.count, sizeof(*names.items), compare_references);
	if (r == 0)
		r = list_images(store, arena, &names, &containers, ret, ret_count, err);
	free(names.items);
	free(containers.items);
	return r;
}

struct stored_image *stored_image_by_hex(struct stored_image *images, size_t count, const char *hex)
{
	for (size_t i = 0; i < count; i++)
		if (str_eq(images[i].hex, hex))
			return &images[i];
	return NULL;
}
