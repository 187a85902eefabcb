/* test_layer_implied.c - whose the directories are that a layer has no entries for; and the layer that says so. */
#include "image/layer_implied.h"

#include "image/layer_store.h"
#include "image/layer_whiteout.h"
#include "store_fixture.h"
#include "tape.h"

enum { LAYERS_MAX = 3, FIRST_MODE = 0710, OWNER = 7, TIME = 1000, TEXT_MAX = 256 };

/* Layers as lists of names, lowest first: those that end in a slash are directories, of mode FIRST_MODE in the lowest
   layer and one more in each above. */
static const struct {
	const char *layers[LAYERS_MAX], *expected;
} cases[] = {
	{ { "a/ a/b/ a/b/c", "d/ d/e" }, "" },
	{ { "a/b/c", "x" }, "" },                 /* nobody has entries, and nobody is below */
	{ { "a/b/c", "a/b/d" }, "" },             /* nobody has entries */
	{ { "a/ a/b/ z/", "a/b/c" }, "a/ a/b/" }, /* with what leads to it */
	{ { "a/ a/b/", "a/ a/b/c" }, "a/ a/b/" }, /* the upper a is its own, and comes again */
	{ { "a/", "a/ a/b", "a/c" }, "a/" },      /* the highest entry counts */
	{ { "a/", "a/b/c" }, "a/" },              /* a/b is nobody's */
	{ { "a/", "b", "a/c" }, "a/" },           /* through a layer that has neither */
	{ { "a", "a/b" }, "" },                   /* a file below is no directory */
	{ { "a/", "a", "a/b" }, "" },             /* nor is what is below the file */
	{ { "a/", ".wh.a", "a/b" }, "" },         /* removed in between */
	{ { "a/", ".wh.a a/b" }, "" },            /* removed and made anew */
	{ { "a/", "a/b .wh.a" }, "" },            /* in whatever order */
	{ { "a/ b/", ".wh..wh..opq b/", "a/x b/x" }, "b/" },
	{ { "a/ a/b/", "a/.wh..wh..opq", "a/b/c" }, "a/" }, /* opaque is what is in it */
	{ { "a/ a/b/", "a/ a/.wh..wh..opq", "a/b/c" }, "a/" },
	{ { "b/ a/ c/", "c/x b/x a/x" }, "a/ b/ c/" },
};

static void tape_names(struct tape *tape, const char *names, unsigned mode)
{
	auto_free char *copy = xstrdup(names);
	char *rest = copy;

	for (const char *name = strsep(&rest, " "); name; name = strsep(&rest, " ")) {
		const bool directory = str_ends(name, "/");

		if (directory)
			tape_pax(tape, 'x', "SCHILY.xattr.trusted.note", "text", TAPE_END);
		(void)tape_entry(tape, &(struct tape_entry){ .name = name,
							     .type = directory ? '5' : '0',
							     .mode = mode,
							     .uid = directory ? OWNER : 0,
							     .mtime = TIME });
	}
	tape_end(tape);
}

static void put_layer(struct staging *staging, const char *names, unsigned mode, struct record_layer *ret)
{
	const struct layer_options options = { .form = LAYER_OVERLAY };
	auto_tape struct tape tape = { 0 };
	auto_fd int dir = temporary_open();
	auto_fd int fd = -1;
	struct layer_result result;
	struct error err = { 0 };

	tape_names(&tape, names, mode);
	temporary_write(dir, "tar", tape.bytes, tape.size);
	fd = openat(dir, "tar", O_RDONLY | O_CLOEXEC);
	if (layer_stage(staging, "layer", fd, DIGEST_SHA256, DIGEST_SHA256, &options, &result, &err) < 0)
		test_stop(TEST_FAILED, "%s: %s", names, err.text);
	CHECK_INT(0, layer_publish(staging, "layer", &result.diff_id, &err));
	*ret = (struct record_layer){ .diff_id = result.diff_id };
}

/* The names in the blob; all but their modes is as it was below, and its layer has the same. */
static void check_layer(const struct store *store, const struct record_layer *layer, char *names)
{
	static const struct tar_limits limits = { .bytes = 1, .entries = 99, .path = 99, .header = 999, .xattrs = 99 };
	struct tape tape = { 0 };
	const struct tar_source source = { .next = tape_next, .context = &tape };
	auto_tar struct tar *tar = tar_open(&source, &limits);
	char path[STORE_PATH_MAX];
	auto_free char *text = NULL;
	struct tar_entry entry;
	struct error err = { 0 };

	CHECK_INT(0, store_read_blob(store, &layer->blob, 1 << 20, &text, &tape.size, &err));
	tape.bytes = (unsigned char *)text;
	while (tar_next(tar, &entry, &err) > 0) {
		auto_free char *stored = xasprintf("%s/diff/%s", store_layer_name(&layer->diff_id, path), entry.name);
		struct stat st;

		(void)sprintf(names + strlen(names), "%s%s", *names ? " " : "", entry.name);
		CHECK(entry.kind == TAR_DIRECTORY && entry.uid == OWNER && entry.mtime.tv_sec == TIME);
		CHECK(entry.n_xattrs == 1 && str_eq(entry.xattrs[0].name, "trusted.note"));
		CHECK(fstatat(store->root, stored, &st, 0) == 0 && !layer_is_implied(&st));
		CHECK_INT(entry.mode, st.st_mode & 07777);
	}
}

static void whose(void)
{
	if (geteuid() != 0)
		TEST_SKIP("needs root: owners, devices and trusted attributes");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_arena struct arena *arena = arena_new();
		struct record_layer layers[LAYERS_MAX], made = { 0 };
		struct image_record record = { .layers = layers };
		char names[TEXT_MAX] = "";
		struct staging staging;
		struct store store;
		struct error err = { 0 };
		bool needed;

		store_new(arena, &store);
		staging = staging_new(&store);
		for (; record.n_layers < LAYERS_MAX && cases[i].layers[record.n_layers]; record.n_layers++)
			put_layer(&staging, cases[i].layers[record.n_layers], FIRST_MODE + (unsigned)record.n_layers,
				  &layers[record.n_layers]);
		if (layer_implied_make(&staging, &record, LAYER_OVERLAY, &made, &needed, &err) < 0)
			test_stop(TEST_FAILED, "case %zu: %s", i, err.text);
		if (needed)
			check_layer(&store, &made, names);
		if (strcmp(cases[i].expected, names) != 0)
			test_stop(TEST_FAILED, "case %zu: \"%s\", expected \"%s\"", i, names, cases[i].expected);
		staging_free(&staging);
		store_close(&store);
	}
}

static void count_kept(void *context, const char *kind, const struct digest *digest)
{
	(void)kind;
	(void)digest;
	++*(int *)context;
}

/* Of two layers with entries the higher one; made twice it is the same; and garbage collection hears of it. */
static void highest_and_again(void)
{
	auto_arena struct arena *arena = arena_new();
	struct record_layer layers[LAYERS_MAX], made[2];
	struct image_record record = { .layers = layers, .n_layers = LAYERS_MAX };
	const char *const names[LAYERS_MAX] = { "a/", "a/ a/b", "a/c" };
	char path[STORE_PATH_MAX];
	auto_free char *stored = NULL;
	struct staging staging;
	struct store store;
	struct error err = { 0 };
	struct stat st;
	bool needed;
	int kept = 0;

	if (geteuid() != 0)
		TEST_SKIP("needs root: owners, devices and trusted attributes");
	store_new(arena, &store);
	staging = staging_new(&store);
	for (unsigned i = 0; i < LAYERS_MAX; i++)
		put_layer(&staging, names[i], FIRST_MODE + i, &layers[i]);
	for (int i = 0; i < 2; i++) {
		CHECK_INT(0, layer_implied_make(&staging, &record, LAYER_OVERLAY, &made[i], &needed, &err));
		CHECK(needed);
	}
	CHECK(digest_eq(&made[0].blob, &made[1].blob) && digest_eq(&made[0].diff_id, &made[0].blob));
	stored = xasprintf("%s/diff/a", store_layer_name(&made[0].diff_id, path));
	CHECK_INT(0, fstatat(store.root, stored, &st, 0));
	CHECK_INT(FIRST_MODE + 1, st.st_mode & 07777);
	CHECK_INT(0, staging_each_kept(&store, count_kept, &kept, &err));
	CHECK_INT(4, kept);
	staging_free(&staging);
	CHECK_INT(0, count_entries(&store, "staging"));
	store_close(&store);
}

static const struct test tests[] = {
	TEST(whose),
	TEST(highest_and_again),
};

TEST_MAIN(tests)
