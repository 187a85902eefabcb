/* test_import.c - directories and tars of any compression become the same layer; the config is what was asked for. */
#include "image/import.h"

#include <errno.h>

#include "base/fd.h"
#include "image/config.h"
#include "image/pull.h"
#include "made_fixture.h"

static const char *const env[] = { "A=b", NULL };
static const char *const cmd[] = { "/bin/x", "y", NULL };

static const struct import_options options = {
	.env = env, .cmd = cmd, .user = "7", .working_dir = "/w", .os = "linux", .architecture = "amd64", .comment = "c"
};

static int import_path(const struct store *store, struct arena *arena, const char *path, struct image_record *ret,
		       struct error *err)
{
	const struct pull_options pull = { .platform = { .os = "linux", .architecture = "amd64" } };
	struct staging staging = staging_new(store);
	struct source *source = NULL;
	int r = import_source_open(&staging, path, &options, &source, err);

	if (r == 0)
		r = pull_image(store, arena, source, &pull, ret, err);
	source_close(source);
	staging_free(&staging);
	return r;
}

static void directory(void)
{
	auto_arena struct arena *arena = arena_new();
	const char *path = arena_strdup(arena, temporary_directory());
	auto_fd int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_free char *text = NULL;
	struct image_config config;
	struct image_record record = { 0 };
	struct error err = { 0 };
	struct store store;
	char seen[8];
	size_t length;

	temporary_write(dir, "f", "text", 4);
	store_new(arena, &store);
	if (import_path(&store, arena, path, &record, &err) < 0)
		test_stop(TEST_FAILED, "%s", err.text);
	CHECK_INT(1, record.n_layers);
	CHECK(fd_read_small(AT_FDCWD,
			    arena_printf(arena, "%s/f", store_layer_path(&store, arena, &record.layers[0].diff_id)),
			    seen, sizeof(seen)) == 4);
	CHECK_INT(0, store_read_blob(&store, &record.config, IMAGE_CONFIG_MAX, &text, &length, &err));
	CHECK_INT(0, image_config_decode(arena, text, length, &config, &err));
	CHECK_STR("A=b", config.env[0]);
	CHECK_STR("y", config.cmd[1]);
	CHECK_STR("7", config.user);
	CHECK_STR("/w", config.working_dir);
	CHECK_STR("c", config.history[0].comment);
	CHECK(config.entrypoint == NULL);
	store_close(&store);
}

static void tar(void)
{
	auto_arena struct arena *arena = arena_new();
	const char *path = arena_strdup(arena, temporary_directory());
	auto_fd int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_fd int file = tar_of(dir, "one");
	struct image_record record = { 0 };
	struct error err = { 0 };
	struct store store;

	store_new(arena, &store);
	CHECK_INT(0, import_path(&store, arena, arena_printf(arena, "%s/one.tar", path), &record, &err));
	CHECK(digest_eq(&record.layers[0].blob, &record.layers[0].diff_id));
	store_close(&store);
}

static void refused(void)
{
	auto_arena struct arena *arena = arena_new();
	const char *path = arena_strdup(arena, temporary_directory());
	auto_fd int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct image_record record = { 0 };
	struct error err = { 0 };
	struct store store;

	store_new(arena, &store);
	CHECK_INT(-ENOENT, import_path(&store, arena, "/nowhere/at/all", &record, &err));
	CHECK(import_path(&store, arena, "/dev/null", &record, &err) < 0);
	CHECK_CONTAINS("expected a directory or a tar file", err.text);
	temporary_write(dir, "junk", "\x1f\x8bjunkjunkjunk", 14);
	CHECK(import_path(&store, arena, arena_printf(arena, "%s/junk", path), &record, &err) < 0);
	temporary_write(dir, "text", "this is no tar archive", 22);
	CHECK(import_path(&store, arena, arena_printf(arena, "%s/text", path), &record, &err) < 0);
	CHECK_INT(0, count_entries(&store, "images"));
	store_close(&store);
}

static const struct test tests[] = {
	TEST(directory),
	TEST(tar),
	TEST(refused),
};

TEST_MAIN(tests)
