/* test_export_layout.c - an image goes out to a layout and comes in again; other entries stay. */
#include "image/export.h"
#include "image/pull.h"
#include "image/source_layout.h"
#include "made_fixture.h"

static const struct pull_options options = { .platform = { .os = "linux", .architecture = "amd64" } };

static int pull_tag(const struct store *store, struct arena *arena, int layout, const char *tag,
		    struct image_record *ret, struct error *err)
{
	auto_source struct source *source = NULL;

	CHECK_INT(0, layout_source_open(arena, dup(layout), tag, "layout", &source, err));
	return pull_image(store, arena, source, &options, ret, err);
}

static void there_and_back(void)
{
	auto_arena struct arena *arena = arena_new();
	auto_source struct source *source = made_source(arena, "one", "two");
	auto_fd int layout = temporary_open();
	struct image_record record;
	struct image_record back;
	struct error err = { 0 };
	struct store store;
	struct store other;

	store_new(arena, &store);
	store_new(arena, &other);
	CHECK_INT(0, pull_image(&store, arena, source, &options, &record, &err));
	CHECK_INT(0, export_layout(&store, arena, &record, layout, "a", &err));
	CHECK_INT(0, export_layout(&store, arena, &record, layout, "b", &err));
	CHECK_INT(0, export_layout(&store, arena, &record, layout, "b", &err));
	if (pull_tag(&other, arena, layout, "b", &back, &err) < 0)
		test_stop(TEST_FAILED, "%s", err.text);
	CHECK(digest_eq(&record.manifest, &back.manifest));
	CHECK_INT(0, pull_tag(&other, arena, layout, "a", &back, &err));
	CHECK_INT(0, pull_tag(&other, arena, layout, NULL, &back, &err)); /* by its platform */
	CHECK(pull_tag(&other, arena, layout, "c", &back, &err) < 0);
	CHECK_CONTAINS("no image with the tag \"c\"", err.text);
	store_close(&store);
	store_close(&other);
}

static void missing_blob(void)
{
	auto_arena struct arena *arena = arena_new();
	auto_source struct source *source = made_source(arena, "one", "two");
	auto_fd int layout = temporary_open();
	struct image_record record;
	struct error err = { 0 };
	struct store store;

	store_new(arena, &store);
	CHECK_INT(0, pull_image(&store, arena, source, &options, &record, &err));
	CHECK_INT(0, unlinkat(store.root, arena_printf(arena, "blobs/sha256/%s", record.layers[1].blob.hex), 0));
	CHECK(export_layout(&store, arena, &record, layout, "a", &err) < 0);
	CHECK_CONTAINS("pull the image again", err.text);
	CHECK(faccessat(layout, "index.json", F_OK, 0) < 0);
	store_close(&store);
}

static const struct test tests[] = {
	TEST(there_and_back),
	TEST(missing_blob),
};

TEST_MAIN(tests)
