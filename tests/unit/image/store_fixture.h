/* store_fixture.h - a new store in a temporary directory, and what tests put into it. */
#pragma once

#include "base/cleanup.h"
#include "image/hash.h"
#include "image/record.h"
#include "image/staging.h"
#include "image/store.h"
#include "image/store_write.h"
#include "tests/unit/temporary.h"
#include "tests/unit/test.h"

__attribute__((unused)) static void store_new(struct arena *arena, struct store *store)
{
	const char *path = arena_printf(arena, "%s/store", temporary_directory());
	struct error err = { 0 };

	if (store_open(arena, path, store, &err) < 0)
		test_stop(TEST_FAILED, "%s", err.text);
}

/* A staging directory for one test; the caller frees it. */
__attribute__((unused)) static struct staging staging_new(const struct store *store)
{
	struct staging staging = { .fd = -1 };
	struct error err = { 0 };

	if (staging_make(store, &staging, &err) < 0)
		test_stop(TEST_FAILED, "%s", err.text);
	return staging;
}

__attribute__((unused)) static struct digest digest_of(const char *text)
{
	struct digest digest;

	hash_bytes(text, strlen(text), DIGEST_SHA256, &digest);
	return digest;
}

/* An image whose manifest, config and layer are these few bytes: `name` and what is added to it. */
__attribute__((unused)) static struct image_record put_image(struct arena *arena, const struct store *store,
							     const char *name)
{
	const char *parts[] = { arena_printf(arena, "%s manifest", name), arena_printf(arena, "%s config", name),
				arena_printf(arena, "%s layer", name) };
	struct record_layer *layer = arena_alloc(arena, sizeof(*layer));
	struct staging staging = staging_new(store);
	struct image_record record = { .manifest_type = "m", .os = "linux", .architecture = "amd64", .n_layers = 1 };
	struct error err = { 0 };

	*layer = (struct record_layer){ .media_type = "application/vnd.oci.image.layer.v1.tar" };
	layer->blob = layer->diff_id = digest_of(parts[2]);
	layer->blob_size = layer->tar_size = strlen(parts[2]);
	record.layers = layer;
	record.manifest = digest_of(parts[0]);
	record.manifest_size = strlen(parts[0]);
	record.config = digest_of(parts[1]);
	record.config_size = strlen(parts[1]);
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		const struct digest digest = digest_of(parts[i]);

		CHECK_INT(0, store_put_blob(&staging, &digest, parts[i], strlen(parts[i]), &err));
	}
	CHECK_INT(0, mkdirat(store->root, arena_printf(arena, "layers/sha256/%s", layer->diff_id.hex), 0700));
	CHECK_INT(0, store_put_record(&staging, &record, &err));
	CHECK_INT(0, store_put_name(&staging, arena_printf(arena, "docker.io/library/%s:latest", name),
				    record.manifest.hex, &err));
	staging_free(&staging);
	return record;
}

__attribute__((unused)) static bool exists(const struct store *store, const char *path)
{
	return faccessat(store->root, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Entries of a directory of the store. */
__attribute__((unused)) static size_t count_entries(const struct store *store, const char *path)
{
	int fd = openat(store->root, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	size_t count = 0;

	CHECK(dir != NULL);
	while (readdir(dir))
		count++;
	(void)closedir(dir);
	return count - 2;
}
