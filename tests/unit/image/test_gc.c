/* test_gc.c - what may be removed, what goes with it, and what stays. */
#include "image/gc.h"

#include <errno.h>

#include "image/store_list.h"
#include "image/store_mounts.h"
#include "store_fixture.h"
#include "tests/unit/mount_ns.h"

static const char *layer_path(struct arena *arena, const struct image_record *record)
{
	return arena_printf(arena, "layers/sha256/%s", record->layers[0].diff_id.hex);
}

static void removed_with_all(void)
{
	auto_arena struct arena *arena = arena_new();
	struct gc_result result = { 0 };
	struct image_record a;
	struct image_record b;
	struct error err = { 0 };
	struct store store;

	store_new(arena, &store);
	a = put_image(arena, &store, "a");
	b = put_image(arena, &store, "b");
	CHECK_INT(0, gc_remove(&store, arena, "a", false, &result, &err));
	CHECK_INT(1, result.images);
	CHECK_INT(1, result.layers);
	CHECK_INT(3, result.blobs);
	CHECK_INT(strlen("a manifesta configa layer"), result.blob_bytes);
	CHECK(!exists(&store, layer_path(arena, &a)) && exists(&store, layer_path(arena, &b)));
	CHECK_INT(3, count_entries(&store, "blobs/sha256"));
	CHECK_INT(1, count_entries(&store, "names"));
	CHECK_INT(0, count_entries(&store, "staging"));
	CHECK_INT(-ENOENT, gc_remove(&store, arena, "a", false, &result, &err));
	store_close(&store);
}

static void names(void)
{
	auto_arena struct arena *arena = arena_new();
	struct gc_result result = { 0 };
	struct image_record record;
	struct error err = { 0 };
	struct staging staging;
	struct store store;

	store_new(arena, &store);
	record = put_image(arena, &store, "a");
	staging = staging_new(&store);
	CHECK_INT(0, store_put_name(&staging, "docker.io/library/z:1", record.manifest.hex, &err));
	staging_free(&staging);
	CHECK_INT(-EINVAL, gc_remove(&store, arena, record.manifest.hex, false, &result, &err));
	CHECK_CONTAINS("has 2 names", err.text);
	CHECK_INT(0, gc_remove(&store, arena, "a", false, &result, &err));
	CHECK_INT(0, result.images);
	CHECK(exists(&store, layer_path(arena, &record)));
	CHECK_INT(0, gc_remove(&store, arena, record.manifest.hex, false, &result, &err));
	CHECK_INT(1, result.images);
	CHECK_INT(0, count_entries(&store, "images"));
	store_close(&store);
}

static void used_by_a_container(void)
{
	auto_arena struct arena *arena = arena_new();
	struct gc_result result = { 0 };
	struct image_record record;
	struct error err = { 0 };
	struct store store;

	store_new(arena, &store);
	record = put_image(arena, &store, "a");
	CHECK_INT(0, mkdirat(store.root, "containers/c1", 0700));
	temporary_write(store.root, "containers/c1/image", record.manifest.hex, strlen(record.manifest.hex));
	temporary_write(store.root, "containers/c1/state", "/", 1); /* what is there: the container is */
	CHECK_INT(-EBUSY, gc_remove(&store, arena, "a", false, &result, &err));
	CHECK_CONTAINS("used by container c1", err.text);
	CHECK_INT(0, gc_remove(&store, arena, "a", true, &result, &err)); /* the name only */
	CHECK_INT(0, gc_prune(&store, arena, true, &result, &err));
	CHECK_INT(0, result.images + result.layers + result.blobs);
	CHECK(exists(&store, layer_path(arena, &record)));
	CHECK_INT(0, unlinkat(store.root, "containers/c1/state", 0));
	CHECK_INT(0, gc_prune(&store, arena, false, &result, &err));
	CHECK_INT(1, result.images);
	CHECK(!exists(&store, layer_path(arena, &record)));
	store_close(&store);
}

static int mounted_body(void)
{
	auto_arena struct arena *arena = arena_new();
	struct gc_result result = { 0 };
	struct image_record record;
	struct error err = { 0 };
	struct store store;

	EXPECT(store_open(arena, "/tmp/store", &store, &err) == 0);
	record = put_image(arena, &store, "a");
	(void)put_image(arena, &store, "b");
	EXPECT(mkdir("at here", 0700) == 0 &&
	       mount(store_mount_source(&store, arena, record.manifest.hex), "at here", "tmpfs", 0, NULL) == 0);
	EXPECT(gc_remove(&store, arena, "a", false, &result, &err) == -EBUSY);
	EXPECT(strstr(err.text, "image a is mounted on /tmp/at here (") != NULL);
	EXPECT(gc_prune(&store, arena, true, &result, &err) == 0 && result.images == 1);
	EXPECT(exists(&store, layer_path(arena, &record)));
	EXPECT(gc_remove(&store, arena, "a", true, &result, &err) == 0 && result.images == 2);
	EXPECT(!exists(&store, layer_path(arena, &record)));
	store_close(&store);
	return 0;
}

static void mounted(void)
{
	in_mount_ns(mounted_body);
}

/* What a pull beside it has published, or is about to use. */
static void kept_by_a_pull(void)
{
	auto_arena struct arena *arena = arena_new();
	const struct digest blob = digest_of("new");
	struct gc_result result = { 0 };
	struct error err = { 0 };
	struct staging pull;
	struct store store;

	store_new(arena, &store);
	pull = staging_new(&store);
	CHECK_INT(0, staging_keep(&pull, "blob", &blob, 1, &err));
	CHECK_INT(0, store_put_blob(&pull, &blob, "new", 3, &err));
	CHECK_INT(0, gc_prune(&store, arena, true, &result, &err));
	CHECK_INT(0, result.blobs);
	staging_free(&pull);
	CHECK_INT(0, gc_prune(&store, arena, false, &result, &err));
	CHECK_INT(1, result.blobs);
	store_close(&store);
}

/* Between its record and its name. */
static void image_of_a_pull(void)
{
	auto_arena struct arena *arena = arena_new();
	struct gc_result result = { 0 };
	struct image_record record;
	struct error err = { 0 };
	struct staging pull;
	struct store store;

	store_new(arena, &store);
	record = put_image(arena, &store, "a");
	pull = staging_new(&store);
	CHECK_INT(0, staging_keep(&pull, "blob", &record.manifest, 1, &err));
	CHECK_INT(0, gc_remove(&store, arena, "a", false, &result, &err));
	CHECK_INT(0, gc_prune(&store, arena, true, &result, &err));
	CHECK_INT(0, result.images);
	CHECK_INT(1, count_entries(&store, "images"));
	staging_free(&pull);
	CHECK_INT(0, gc_prune(&store, arena, false, &result, &err));
	CHECK_INT(1, result.images);
	store_close(&store);
}

/* It may refer to anything, so nothing goes but images that can be read; until it is removed itself. */
static void damaged_record(void)
{
	auto_arena struct arena *arena = arena_new();
	struct gc_result result = { 0 };
	struct stored_image *images;
	struct image_record a;
	struct image_record b;
	struct error err = { 0 };
	struct store store;
	size_t count;

	store_new(arena, &store);
	a = put_image(arena, &store, "a");
	b = put_image(arena, &store, "b");
	CHECK_INT(0, unlinkat(store.root, arena_printf(arena, "images/%s", a.manifest.hex), 0));
	temporary_write(store.root, arena_printf(arena, "images/%s", a.manifest.hex), "{", 1);
	CHECK_INT(0, store_list(&store, arena, &images, &count, &err));
	CHECK_INT(2, count);
	CHECK_STR("docker.io/library/a:latest", images[0].names[0]);
	CHECK_CONTAINS(a.manifest.hex, images[0].damaged);
	CHECK(!images[1].damaged);
	CHECK_INT(0, gc_prune(&store, arena, true, &result, &err));
	CHECK_INT(1, result.damaged);
	CHECK_INT(1, result.images);
	CHECK_INT(0, result.layers + result.blobs);
	CHECK(exists(&store, layer_path(arena, &a)) && exists(&store, layer_path(arena, &b)));
	CHECK_INT(0, gc_remove(&store, arena, a.manifest.hex, false, &result, &err));
	CHECK_INT(0, result.damaged);
	CHECK_INT(0, count_entries(&store, "images") + count_entries(&store, "names"));
	CHECK_INT(0, count_entries(&store, "layers/sha256") + count_entries(&store, "blobs/sha256"));
	store_close(&store);
}

static void prune_takes_nameless_ones(void)
{
	auto_arena struct arena *arena = arena_new();
	struct gc_result result = { 0 };
	struct error err = { 0 };
	struct store store;

	store_new(arena, &store);
	(void)put_image(arena, &store, "a");
	(void)put_image(arena, &store, "b");
	CHECK_INT(0, unlinkat(store.root, "names/docker.io+library+b:latest", 0));
	CHECK_INT(0, gc_prune(&store, arena, false, &result, &err));
	CHECK_INT(1, result.images);
	CHECK_INT(0, gc_prune(&store, arena, true, &result, &err));
	CHECK_INT(2, result.images);
	CHECK_INT(0, count_entries(&store, "blobs/sha256"));
	store_close(&store);
}

static const struct test tests[] = {
	TEST(removed_with_all), TEST(names),           TEST(used_by_a_container),       TEST(mounted),
	TEST(kept_by_a_pull),   TEST(image_of_a_pull), TEST(prune_takes_nameless_ones), TEST(damaged_record),
};

TEST_MAIN(tests)
