/* test_pull.c - an image made here is pulled from a source, and what does not fit together is refused. */
#include "image/pull.h"

#include <errno.h>

#include "base/fd.h"
#include "base/str.h"
#include "made_fixture.h"

static const struct platform here = { .os = "linux", .architecture = "amd64" };

static void check_layer(struct arena *arena, const struct store *store, const struct record_layer *layer,
			const char *name)
{
	char text[16];
	const char *path = arena_printf(arena, "%s/d/%s", store_layer_path(store, arena, &layer->diff_id), name);

	CHECK(fd_read_small(AT_FDCWD, path, text, sizeof(text)) > 0);
	CHECK_STR(name, text);
}

static void pulled(void)
{
	auto_arena struct arena *arena = arena_new();
	auto_source struct source *source = made_source(arena, "one", "two");
	const struct pull_options options = { .platform = here, .name = "docker.io/library/a:1", .jobs = 2 };
	struct image_record record;
	struct image_record found;
	struct error err = { 0 };
	struct store store;

	store_new(arena, &store);
	if (pull_image(&store, arena, source, &options, &record, &err) < 0)
		test_stop(TEST_FAILED, "%s", err.text);
	CHECK_INT(0, store_find(&store, arena, "a:1", &found, &err));
	CHECK(digest_eq(&record.manifest, &found.manifest));
	CHECK_INT(2, found.n_layers);
	check_layer(arena, &store, &found.layers[0], "one");
	check_layer(arena, &store, &found.layers[1], "two");
	CHECK_INT(0, count_entries(&store, "staging"));
	CHECK_INT(0, pull_image(&store, arena, source, &options, &record, &err));
	store_close(&store);
}

/* The digest of the second layer is not the config's: the first is kept, the image is not there. */
static void wrong_diff_id(void)
{
	auto_arena struct arena *arena = arena_new();
	auto_source struct source *source = made_source(arena, "one", "other");
	const struct pull_options options = { .platform = here, .jobs = 1 };
	struct image_record record;
	struct error err = { 0 };
	struct store store;

	store_new(arena, &store);
	CHECK_INT(-EBADMSG, pull_image(&store, arena, source, &options, &record, &err));
	CHECK_CONTAINS("made: layer 2 (sha256:", err.text);
	CHECK_CONTAINS("the unpacked layer is sha256:", err.text);
	CHECK_INT(0, count_entries(&store, "images"));
	CHECK_INT(1, count_entries(&store, "layers/sha256"));
	store_close(&store);
}

static void other_platform_and_digest(void)
{
	auto_arena struct arena *arena = arena_new();
	auto_source struct source *source = made_source(arena, "one", "two");
	const struct digest other = digest_of("x");
	struct pull_options options = { .platform = { .os = "linux", .architecture = "arm64" } };
	struct image_record record;
	struct error err = { 0 };
	struct store store;

	store_new(arena, &store);
	CHECK_INT(-EINVAL, pull_image(&store, arena, source, &options, &record, &err));
	CHECK_CONTAINS("the image is for linux/amd64", err.text);
	options.platform = here;
	options.expected = &other;
	CHECK_INT(-EBADMSG, pull_image(&store, arena, source, &options, &record, &err));
	CHECK_INT(0, count_entries(&store, "blobs/sha256"));
	store_close(&store);
}

/* ---- indexes in one another ---- */

struct nest {
	struct source source;
	struct source *inner;
	int depth; /* indexes in front of the inner one's manifest */
	int asked;
};

/* Each index names itself one deeper; the texts differ in a number only. */
static int nested_document(struct source *source, struct arena *arena, const struct descriptor *wanted,
			   struct document *ret, struct error *err)
{
	struct nest *nest = (struct nest *)source;
	const char *text = NULL;
	struct document manifest;

	CHECK_INT(0, nest->inner->ops->document(nest->inner, arena, NULL, &manifest, err));
	for (int i = nest->depth; i >= 0; i--) {
		const struct digest digest = digest_of(text ? text : manifest.text);
		char digest_buffer[DIGEST_TEXT_MAX];

		if (i == (wanted ? nest->asked + 1 : 0))
			break;
		text = arena_printf(arena,
				    "{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":\"%s\",\"digest\":\"%s\","
				    "\"size\":%zu,\"platform\":{\"os\":\"linux\",\"architecture\":\"amd64\"}}]}",
				    text ? MEDIA_TYPE_OCI_INDEX : MEDIA_TYPE_OCI_MANIFEST,
				    digest_text(&digest, digest_buffer), strlen(text ? text : manifest.text));
	}
	nest->asked = wanted ? nest->asked + 1 : 0;
	*ret = text ? (struct document){ text, strlen(text), MEDIA_TYPE_OCI_INDEX } : manifest;
	return 0;
}

static int nested_blob(struct source *source, const struct descriptor *wanted, int out_fd, uint64_t have,
		       const struct fetch_progress *progress, struct error *err)
{
	const struct nest *nest = (const struct nest *)source;

	return nest->inner->ops->blob(nest->inner, wanted, out_fd, have, progress, err);
}

static void nested_close(struct source *source)
{
	(void)source;
}

static void nested_indexes(void)
{
	static const struct source_ops ops = { nested_document, nested_blob, nested_close };
	auto_arena struct arena *arena = arena_new();
	auto_source struct source *inner = made_source(arena, "one", "two");
	const struct pull_options options = { .platform = here };
	struct image_record record;
	struct error err = { 0 };
	struct store store;

	store_new(arena, &store);
	for (int depth = 1; depth <= 6; depth++) {
		struct nest nest = { .source = { .ops = &ops, .name = "nest" }, .inner = inner, .depth = depth };
		int r = pull_image(&store, arena, &nest.source, &options, &record, &err);

		if (r < 0 && depth <= 4)
			test_stop(TEST_FAILED, "depth %d: %s", depth, err.text);
		CHECK_INT(depth <= 4 ? 0 : -EINVAL, r);
	}
	CHECK_CONTAINS("more than 4 indexes", err.text);
	store_close(&store);
}

static const struct test tests[] = {
	TEST(pulled),
	TEST(wrong_diff_id),
	TEST(other_platform_and_digest),
	TEST(nested_indexes),
};

TEST_MAIN(tests)
