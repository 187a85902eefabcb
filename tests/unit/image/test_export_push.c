/* test_export_push.c - what is not sent at all; pushes that are: tests/image/pull.bats. */
#include <errno.h>

#include "image/export.h"
#include "store_fixture.h"

/* A registry takes any manifest under a tag: that of a damaged file would be what the tag means. */
static void damaged_manifest(void)
{
	static const struct registry_options options = { .pause_ms = 1 };
	static const struct pull_watch watch;
	auto_arena struct arena *arena = arena_new();
	struct image_record record;
	struct image_ref ref;
	struct error err = { 0 };
	struct store store;
	char name[STORE_PATH_MAX];

	store_new(arena, &store);
	record = put_image(arena, &store, "a");
	CHECK_INT(0, ref_parse(arena, "localhost:1/a:1", &ref, &err));
	temporary_write(store.root, store_blob_name(&record.manifest, name), "b manifest", record.manifest_size);
	CHECK_INT(-EBADMSG, export_to_registry(&store, arena, &record, &ref, &options, &watch, 0, &err));
	CHECK_STR("the manifest is damaged in the store: pull the image again", err.text);
	store_close(&store);
}

static const struct test tests[] = {
	TEST(damaged_manifest),
};

TEST_MAIN(tests)
