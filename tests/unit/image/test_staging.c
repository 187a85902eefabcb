/* test_staging.c - staging directories: held while their maker lives, then removed by the next. */
#include "image/staging.h"

#include <sys/file.h>

#include "store_fixture.h"
#include "tests/unit/child.h"

static void made_and_freed(void)
{
	auto_arena struct arena *arena = arena_new();
	struct staging staging;
	struct store store;

	store_new(arena, &store);
	staging = staging_new(&store);
	CHECK(exists(&store, staging.name));
	CHECK_INT(0, mkdirat(staging.fd, "a", 0700));
	staging_free(&staging);
	CHECK(!exists(&store, staging.name));
	CHECK_INT(-1, staging.fd);
	store_close(&store);
}

static int make_and_die(const void *store)
{
	struct staging staging;
	struct error err;

	EXPECT(staging_make(store, &staging, &err) == 0);
	return 0;
}

static void dead_ones_are_cleaned(void)
{
	auto_arena struct arena *arena = arena_new();
	struct error err = { 0 };
	struct staging alive;
	struct store store;

	store_new(arena, &store);
	alive = staging_new(&store);
	CHECK_INT(0, in_child(make_and_die, &store));
	CHECK_INT(2, count_entries(&store, "staging"));
	CHECK_INT(0, staging_clean(&store, false, &err));
	CHECK_INT(1, count_entries(&store, "staging"));
	CHECK(exists(&store, alive.name));
	staging_free(&alive);
	store_close(&store);
}

static void partial_files(void)
{
	auto_arena struct arena *arena = arena_new();
	const struct digest digest = digest_of("x");
	struct error err = { 0 };
	struct store store;
	char name[STORE_PATH_MAX];
	int fd;

	store_new(arena, &store);
	fd = staging_open_partial(&store, &digest, name, &err);
	CHECK(fd >= 0);
	CHECK_INT(0, staging_clean(&store, true, &err));
	CHECK(exists(&store, name)); /* it is locked */
	(void)close(fd);
	CHECK_INT(0, staging_clean(&store, false, &err));
	CHECK(exists(&store, name));
	CHECK_INT(0, staging_clean(&store, true, &err));
	CHECK(!exists(&store, name));
	store_close(&store);
}

struct seen {
	size_t blobs, layers;
	struct digest last;
};

static void see(void *context_, const char *kind, const struct digest *digest)
{
	struct seen *seen = context_;

	*(strcmp(kind, "blob") == 0 ? &seen->blobs : &seen->layers) += 1;
	seen->last = *digest;
}

static void kept(void)
{
	auto_arena struct arena *arena = arena_new();
	const struct digest digests[] = { digest_of("a"), digest_of("b") };
	struct seen seen = { 0 };
	struct error err = { 0 };
	struct staging staging;
	struct store store;

	store_new(arena, &store);
	staging = staging_new(&store);
	CHECK_INT(0, staging_keep(&staging, "blob", digests, 2, &err));
	CHECK_INT(0, staging_keep(&staging, "layer", &digests[1], 1, &err));
	CHECK_INT(0, staging_each_kept(&store, see, &seen, &err));
	CHECK_INT(2, seen.blobs);
	CHECK_INT(1, seen.layers);
	CHECK(digest_eq(&digests[1], &seen.last));
	staging_free(&staging);
	store_close(&store);
}

static void trash(void)
{
	auto_arena struct arena *arena = arena_new();
	struct error err = { 0 };
	struct staging staging;
	struct store store;

	store_new(arena, &store);
	temporary_write(store.root, "blobs/sha256/x", "x", 1);
	staging = staging_new(&store);
	CHECK_INT(0, staging_take(&staging, "blobs/sha256/x", &err));
	CHECK_INT(0, staging_take(&staging, "blobs/sha256/x", &err));
	CHECK(!exists(&store, "blobs/sha256/x"));
	staging_free(&staging);
	CHECK_INT(0, count_entries(&store, "staging"));
	store_close(&store);
}

static const struct test tests[] = {
	TEST(made_and_freed), TEST(dead_ones_are_cleaned), TEST(partial_files), TEST(kept), TEST(trash),
};

TEST_MAIN(tests)
