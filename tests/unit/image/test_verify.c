/* test_verify.c - damage to blobs and layers is found; layers are made again. */
#include "image/verify.h"

#include <errno.h>

#include "image/pull.h"
#include "made_fixture.h"

struct findings {
	size_t count, repaired;
	char last[256];
};

static void find(void *context_, const char *text, bool repaired)
{
	struct findings *findings = context_;

	findings->count++;
	findings->repaired += repaired;
	(void)snprintf(findings->last, sizeof(findings->last), "%s", text);
}

static struct image_record pull_made(struct arena *arena, struct store *store)
{
	const struct pull_options options = { .platform = { .os = "linux", .architecture = "amd64" } };
	auto_source struct source *source = made_source(arena, "one", "two");
	struct image_record record = { 0 };
	struct error err = { 0 };

	store_new(arena, store);
	if (pull_image(store, arena, source, &options, &record, &err) < 0)
		test_stop(TEST_FAILED, "%s", err.text);
	return record;
}

/* Returns how much is left damaged. */
static size_t verify(const struct store *store, const struct image_record *record, bool repair,
		     struct findings *findings)
{
	const struct verify_watch watch = { find, findings };
	struct error err = { 0 };
	size_t damaged = 0;

	*findings = (struct findings){ 0 };
	if (verify_image(store, record, repair, false, &watch, &damaged, &err) < 0)
		test_stop(TEST_FAILED, "%s", err.text);
	CHECK_INT(0, count_entries(store, "staging"));
	return damaged;
}

static void whole(void)
{
	auto_arena struct arena *arena = arena_new();
	struct findings findings = { 0 };
	struct store store;
	const struct image_record record = pull_made(arena, &store);

	CHECK_INT(0, verify(&store, &record, true, &findings));
	CHECK_INT(0, findings.count);
	store_close(&store);
}

static void layer(void)
{
	auto_arena struct arena *arena = arena_new();
	struct findings findings = { 0 };
	struct store store;
	const struct image_record record = pull_made(arena, &store);
	const char *file = arena_printf(arena, "layers/sha256/%s/diff/d/two", record.layers[1].diff_id.hex);

	temporary_write(store.root, file, "owt", 3);
	CHECK_INT(1, verify(&store, &record, false, &findings));
	CHECK_INT(0, verify(&store, &record, true, &findings));
	CHECK_INT(1, findings.repaired);
	CHECK_CONTAINS("d/two: the time differs", findings.last);
	CHECK_INT(0, verify(&store, &record, true, &findings));
	CHECK_INT(0, findings.count);
	store_close(&store);
}

static void missing_layer(void)
{
	auto_arena struct arena *arena = arena_new();
	struct findings findings = { 0 };
	struct store store;
	const struct image_record record = pull_made(arena, &store);
	const char *path = arena_printf(arena, "layers/sha256/%s", record.layers[0].diff_id.hex);

	temporary_remove(store.root, path);
	CHECK_INT(0, verify(&store, &record, true, &findings));
	CHECK_INT(1, findings.repaired);
	CHECK(exists(&store, path));
	store_close(&store);
}

static void blob(void)
{
	auto_arena struct arena *arena = arena_new();
	struct findings findings = { 0 };
	struct store store;
	const struct image_record record = pull_made(arena, &store);
	const char *path = arena_printf(arena, "blobs/sha256/%s", record.config.hex);
	auto_free char *bytes = xcalloc(1, record.config_size);

	temporary_write(store.root, path, bytes, record.config_size);
	CHECK_INT(1, verify(&store, &record, false, &findings));
	CHECK_CONTAINS("is damaged", findings.last);
	CHECK(exists(&store, path));
	CHECK_INT(1, verify(&store, &record, true, &findings));
	CHECK(!exists(&store, path));
	CHECK_INT(1, verify(&store, &record, true, &findings));
	CHECK_CONTAINS("is missing", findings.last);
	store_close(&store);
}

static const struct test tests[] = {
	TEST(whole),
	TEST(layer),
	TEST(missing_layer),
	TEST(blob),
};

TEST_MAIN(tests)
