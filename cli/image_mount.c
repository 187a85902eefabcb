/* image_mount.c - `coffer image mount` and `unmount`: part of this program, since layers are stacked here. */
#include "image_mount.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "image/store_mounts.h"
#include "run_layers.h"
#include "runtime/layers_mount.h"

static int find_and_mount(struct arena *arena, const struct store *store, const char *name, const char *target,
			  struct error *err)
{
	struct overlay overlay = {
		.dir = store->path, .user_xattrs = store->user_xattrs, .is_volatile = true, .fd = -1
	};
	struct image_record record = { 0 };
	struct stat top = { 0 };
	int r = store_find(store, arena, name, &record, err);

	overlay.source = store_mount_source(store, arena, record.manifest.hex);
	if (r == 0 && record.n_layers == 0)
		r = refuse(err, "image %s has no layers", name);
	if (r == 0)
		r = overlay_stat_lower(run_layers(store, arena, &record, &overlay), &top, err);
	return r < 0 ? r : layers_mount(&overlay, &top, target, err);
}

static int mount_image(struct arena *arena, const char *const *arguments, struct error *err)
{
	struct store store;
	int r = store_open(arena, store_default_path(arena), &store, err);

	if (r < 0)
		return r;
	r = find_and_mount(arena, &store, arguments[0], arguments[1], err);
	store_close(&store);
	return r;
}

static int unmount_image(struct arena *arena, const char *const *arguments, struct error *err)
{
	(void)arena;
	return layers_unmount(arguments[0], err);
}

static const struct {
	const char *name, *arguments, *summary;
	size_t count;
	int (*run)(struct arena *arena, const char *const *arguments, struct error *err);
} verbs[] = {
	{ "mount", "IMAGE DIR", "show a stored image at a directory, read-only", 2, mount_image },
	{ "unmount", "DIR", "end that", 1, unmount_image },
};

bool image_mount_is_verb(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		if (str_eq(name, verbs[i].name))
			return true;
	return false;
}

int image_mount_run(struct arena *arena, const char *const *arguments, struct error *err)
{
	size_t count = str_list_length(arguments) - 1;
	size_t i = 0;

	while (!str_eq(arguments[0], verbs[i].name))
		i++;
	if (count > 0 && (str_eq(arguments[1], "--help") || str_eq(arguments[1], "-h"))) {
		printf("Usage: coffer image %s %s\n%s\n", verbs[i].name, verbs[i].arguments, verbs[i].summary);
		return 0;
	}
	if (count != verbs[i].count)
		return refuse(err, "image %s: expected %s", verbs[i].name, verbs[i].arguments);
	return verbs[i].run(arena, arguments + 1, err);
}
