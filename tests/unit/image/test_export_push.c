/* test_export_push.c - what is not sent at all; pushes that are: tests/image/pull.bats. */
#include <errno.h>

#include "image/export.h"
#include "image/gc.h"
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

struct removal {
	struct arena *arena;
	const struct store *store;
	const struct image_record *record;
	bool stayed;
};

static void remove_now(void *context, const struct manifest *manifest)
{
	struct removal *removal = context;
	struct gc_result result = { 0 };
	struct error err = { 0 };
	auto_fd int blob = -1;

	(void)manifest;
	CHECK_INT(0, gc_remove(removal->store, removal->arena, "whole", false, &result, &err));
	blob = store_open_blob(removal->store, &removal->record->manifest, removal->record->manifest_size, &err);
	removal->stayed = blob >= 0;
}

/* An image that has a manifest to read. */
static struct image_record put_whole_image(struct arena *arena, const struct store *store)
{
	struct image_record record = put_image(arena, store, "a");
	struct staging staging = staging_new(store);
	struct error err = { 0 };
	const char *text =
		arena_printf(arena,
			     "{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\","
			     "\"config\":{\"mediaType\":\"application/"
			     "vnd.oci.image.config.v1+json\",\"digest\":\"sha256:%s\",\"size\":%llu},"
			     "\"layers\":[{\"mediaType\":\"%s\",\"digest\":\"sha256:%s\",\"size\":%llu}]}",
			     record.config.hex, (unsigned long long)record.config_size, record.layers[0].media_type,
			     record.layers[0].blob.hex, (unsigned long long)record.layers[0].blob_size);

	record.manifest = digest_of(text);
	record.manifest_size = strlen(text);
	record.manifest_type = "application/vnd.oci.image.manifest.v1+json";
	CHECK_INT(0, store_put_blob(&staging, &record.manifest, text, strlen(text), &err));
	CHECK_INT(0, store_put_record(&staging, &record, &err));
	CHECK_INT(0, store_put_name(&staging, "docker.io/library/whole:latest", record.manifest.hex, &err));
	staging_free(&staging);
	return record;
}

/* What is being sent stays until that is over, and goes with the next collection. */
static void removed_meanwhile(void)
{
	static const struct registry_options options = { .pause_ms = 1 };
	auto_arena struct arena *arena = arena_new();
	struct image_record record;
	struct image_ref ref;
	struct error err = { 0 };
	struct store store;
	struct removal removal = { .arena = arena, .store = &store, .record = &record };
	const struct pull_watch watch = { .begin = remove_now, .context = &removal };
	struct gc_result result = { 0 };

	store_new(arena, &store);
	record = put_whole_image(arena, &store);
	CHECK_INT(0, ref_parse(arena, "localhost:1/a:1", &ref, &err));
	CHECK(export_to_registry(&store, arena, &record, &ref, &options, &watch, 0, &err) < 0); /* nobody is there */
	CHECK(removal.stayed);
	CHECK_INT(0, gc_prune(&store, arena, false, &result, &err));
	CHECK_INT(-ENOENT, store_open_blob(&store, &record.manifest, record.manifest_size, &err));
	store_close(&store);
}

static const struct test tests[] = {
	TEST(damaged_manifest),
	TEST(removed_meanwhile),
};

TEST_MAIN(tests)
