/* test_store_write.c - files come whole, under their names; and images are listed. */
#include "image/store_write.h"

#include <errno.h>

#include "image/store_list.h"
#include "store_fixture.h"

static void blobs(void)
{
	auto_arena struct arena *arena = arena_new();
	const struct digest digest = digest_of("abc");
	struct error err = { 0 };
	struct staging staging;
	struct store store;
	int fd;

	store_new(arena, &store);
	staging = staging_new(&store);
	CHECK_INT(-ENOENT, store_open_blob(&store, &digest, 3, &err));
	CHECK_INT(0, store_put_blob(&staging, &digest, "abc", 3, &err));
	CHECK_INT(0, store_put_blob(&staging, &digest, "abc", 3, &err));
	fd = store_open_blob(&store, &digest, 3, &err);
	CHECK(fd >= 0);
	(void)close(fd);
	CHECK_INT(-ENOENT, store_open_blob(&store, &digest, 4, &err)); /* cut off, or not ours */
	staging_free(&staging);
	store_close(&store);
}

static void names_move(void)
{
	auto_arena struct arena *arena = arena_new();
	struct image_record found;
	struct image_record a;
	struct image_record b;
	struct error err = { 0 };
	struct staging staging;
	struct store store;

	store_new(arena, &store);
	a = put_image(arena, &store, "a");
	b = put_image(arena, &store, "b");
	CHECK_INT(0, store_find(&store, arena, "a", &found, &err));
	CHECK(digest_eq(&a.manifest, &found.manifest));
	staging = staging_new(&store);
	CHECK_INT(0, store_put_name(&staging, "docker.io/library/a:latest", b.manifest.hex, &err));
	staging_free(&staging);
	CHECK_INT(0, store_find(&store, arena, "a", &found, &err));
	CHECK(digest_eq(&b.manifest, &found.manifest));
	store_close(&store);
}

static void listed(void)
{
	auto_arena struct arena *arena = arena_new();
	struct stored_image *images;
	struct image_record b;
	struct error err = { 0 };
	struct store store;
	size_t count;

	store_new(arena, &store);
	(void)put_image(arena, &store, "c");
	b = put_image(arena, &store, "b");
	(void)put_image(arena, &store, "a");
	CHECK_INT(0, unlinkat(store.root, "names/docker.io+library+a:latest", 0));
	CHECK_INT(0, mkdirat(store.root, "containers/x", 0700));
	temporary_write(store.root, "containers/x/image", b.manifest.hex, strlen(b.manifest.hex));
	CHECK_INT(0, store_list(&store, arena, &images, &count, &err));
	CHECK_INT(3, count);
	CHECK_STR("docker.io/library/b:latest", images[0].names[0]);
	CHECK_STR("x", images[0].containers[0]);
	CHECK_STR("docker.io/library/c:latest", images[1].names[0]);
	CHECK_INT(0, images[2].n_names);
	CHECK(stored_image_by_hex(images, count, b.manifest.hex) == &images[0]);
	CHECK(stored_image_by_hex(images, count, "no") == NULL);
	store_close(&store);
}

static const struct test tests[] = {
	TEST(blobs),
	TEST(names_move),
	TEST(listed),
};

TEST_MAIN(tests)
