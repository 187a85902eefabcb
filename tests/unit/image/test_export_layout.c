/* test_export_layout.c - an image goes out to a layout and comes in again; other entries stay. */
#include <fcntl.h>
#include <signal.h>

#include "image/export.h"
#include "image/gc.h"
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

/* What the signal's handler works on: a lease on a blob that is about to be read. */
static struct {
	struct arena *arena;
	const struct store *store;
	int lease_fd, removed, pruned;
} meanwhile;

static void remove_now(int signal)
{
	struct gc_result result = { 0 };
	struct error err;

	(void)signal;
	meanwhile.removed = gc_remove(meanwhile.store, meanwhile.arena, "whole", false, &result, &err);
	meanwhile.pruned = gc_prune(meanwhile.store, meanwhile.arena, true, &result, &err);
	(void)fcntl(meanwhile.lease_fd, F_SETLEASE, F_UNLCK);
}

/* An image is removed and the store pruned while it is saved: it arrives whole. Its blobs go with the next prune. */
static void removed_meanwhile(void)
{
	auto_arena struct arena *arena = arena_new();
	auto_source struct source *source = made_source(arena, "one", "two");
	auto_fd int layout = temporary_open();
	auto_fd int lease = -1;
	struct image_record record;
	struct image_record back;
	struct store store;
	struct store other;
	struct error err = { 0 };
	struct gc_result result = { 0 };
	struct pull_options named = options;
	const struct image_ref ref = { .transport = REF_OCI,
				       .path = arena_printf(arena, "/proc/self/fd/%d", layout),
				       .tag = "a" };
	const struct sigaction action = { .sa_handler = remove_now, .sa_flags = SA_RESTART };
	char name[STORE_PATH_MAX];

	store_new(arena, &store);
	store_new(arena, &other);
	named.name = "docker.io/library/whole:latest";
	CHECK_INT(0, pull_image(&store, arena, source, &named, &record, &err));
	lease = openat(store.root, store_blob_name(&record.layers[1].blob, name), O_RDWR | O_CLOEXEC);
	CHECK_INT(0, sigaction(SIGIO, &action, NULL));
	CHECK_INT(0, fcntl(lease, F_SETLEASE, F_WRLCK));
	meanwhile.arena = arena, meanwhile.store = &store, meanwhile.lease_fd = lease, meanwhile.removed = 1;
	if (export_to_path(&store, arena, &record, &ref, NULL, &err) < 0)
		test_stop(TEST_FAILED, "%s", err.text);
	CHECK_INT(0, meanwhile.removed);
	CHECK_INT(0, meanwhile.pruned);
	CHECK_INT(0, pull_tag(&other, arena, layout, "a", &back, &err));
	CHECK_INT(0, gc_prune(&store, arena, false, &result, &err));
	CHECK(result.blobs > 0 && faccessat(store.root, name, F_OK, 0) < 0);
	store_close(&store);
	store_close(&other);
}

static const struct test tests[] = {
	TEST(there_and_back),
	TEST(removed_meanwhile),
	TEST(missing_blob),
};

TEST_MAIN(tests)
