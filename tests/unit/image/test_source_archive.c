/* test_source_archive.c - an archive's names are its own: none of them means anything to the staging directory. */
#include <fcntl.h>

#include "image/source_layout.h"
#include "store_fixture.h"
#include "tape.h"

static void count(void *context, const char *kind, const struct digest *digest)
{
	(void)kind;
	(void)digest;
	++*(int *)context;
}

/* An archive of docker's with this beside it; the caller closes the source. */
static struct source *open_with(struct arena *arena, const struct store *store, const struct tape_entry *entry)
{
	struct image_ref ref = { .transport = REF_DOCKER_ARCHIVE };
	auto_fd int dir = temporary_open();
	auto_tape struct tape tape = { 0 };
	struct source *source = NULL;
	struct error err = { 0 };
	auto_free char *path = NULL;

	(void)tape_entry(&tape, entry);
	(void)tape_entry(&tape, &(struct tape_entry){ .name = "c", .data = "{}" });
	(void)tape_entry(&tape, &(struct tape_entry){ .name = "l", .data = "layer" });
	(void)tape_entry(&tape, &(struct tape_entry){ .name = "manifest.json",
						      .data = "[{\"Config\":\"c\",\"Layers\":[\"l\"]}]" });
	tape_end(&tape);
	temporary_write(dir, "archive.tar", tape.bytes, tape.size);
	path = xasprintf("/proc/self/fd/%d/archive.tar", dir);
	ref.path = path;
	if (source_open_path(store, arena, &ref, &source, &err) < 0)
		test_stop(TEST_FAILED, "%s", err.text);
	return source;
}

/* Whoever collects garbage reads the files of that name of all staging directories, with the store's lock held. */
static void keep_is_not_ours(void)
{
	const struct tape_entry entries[] = {
		{ .name = "keep",
		  .data = "blob sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n" },
		{ .name = "keep", .type = '6' },
		{ .name = "keep", .type = '2', .link = "/dev/zero" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(entries); i++) {
		auto_arena struct arena *arena = arena_new();
		struct store store = { .root = -1 };
		struct source *source;
		struct error err = { 0 };
		int kept = 0;

		store_new(arena, &store);
		source = open_with(arena, &store, &entries[i]);
		CHECK_INT(1, count_entries(&store, "staging"));
		CHECK_INT(0, staging_each_kept(&store, count, &kept, &err));
		CHECK_INT(0, kept);
		source_close(source);
		CHECK_INT(0, count_entries(&store, "staging"));
		store_close(&store);
	}
}

static const struct test tests[] = {
	TEST(keep_is_not_ours),
};

TEST_MAIN(tests)
