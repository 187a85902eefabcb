/* test_source_layout.c - layouts that are not what they say, and which image a tag means. */
#include "image/source_layout.h"

#include <errno.h>
#include <sys/stat.h>

#include "base/str.h"
#include "image/hash.h"
#include "tests/unit/temporary.h"
#include "tests/unit/test.h"

#define HEX_1 "1111111111111111111111111111111111111111111111111111111111111111"

static const char version[] = "{\"imageLayoutVersion\":\"1.0.0\"}";

/* A layout with an index.json of these entries. */
static int make_layout(const char *entries)
{
	int dir = temporary_open();
	auto_free char *index = xasprintf("{\"schemaVersion\":2,\"manifests\":[%s]}", entries);

	CHECK_INT(0, mkdirat(dir, "blobs", 0755));
	CHECK_INT(0, mkdirat(dir, "blobs/sha256", 0755));
	temporary_write(dir, "oci-layout", version, sizeof(version) - 1);
	temporary_write(dir, "index.json", index, strlen(index));
	return dir;
}

/* Writes the text as a blob; its entry is in the arena. */
static const char *add_manifest(struct arena *arena, int dir, const char *text, const char *tag)
{
	char name[DIGEST_TEXT_MAX];
	struct digest digest;

	hash_bytes(text, strlen(text), DIGEST_SHA256, &digest);
	temporary_write(dir, arena_printf(arena, "blobs/sha256/%s", digest.hex), text, strlen(text));
	return arena_printf(arena,
			    "{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%zu,\"annotations\":{"
			    "\"org.opencontainers.image.ref.name\":\"%s\"}}",
			    MEDIA_TYPE_OCI_MANIFEST, digest_text(&digest, name), strlen(text), tag);
}

static int first(struct arena *arena, int dir, const char *tag, struct document *ret, const char **ret_name,
		 struct error *err)
{
	auto_source struct source *source = NULL;
	int r = layout_source_open(arena, dup(dir), tag, "layout", &source, err);

	CHECK_INT(0, r);
	r = source->ops->document(source, arena, NULL, ret, err);
	if (ret_name)
		*ret_name = source->image_name;
	return r;
}

static void put_index(struct arena *arena, int dir, const char *first_entry, const char *second_entry)
{
	const char *index =
		arena_printf(arena, "{\"schemaVersion\":2,\"manifests\":[%s,%s]}", first_entry, second_entry);

	temporary_write(dir, "index.json", index, strlen(index));
}

static void tags(void)
{
	auto_arena struct arena *arena = arena_new();
	auto_fd int dir = make_layout("");
	const char *a = add_manifest(arena, dir, "A", "example.org/a:1");
	const char *b = add_manifest(arena, dir, "B", "latest");
	const char *name = NULL;
	struct document found;
	struct error err = { 0 };

	CHECK_INT(-ENOENT, first(arena, dir, NULL, &found, NULL, &err));
	put_index(arena, dir, a, b);
	CHECK_INT(0, first(arena, dir, "example.org/a:1", &found, &name, &err));
	CHECK_STR("A", found.text);
	CHECK_STR("example.org/a:1", name);
	CHECK_INT(0, first(arena, dir, NULL, &found, &name, &err)); /* latest */
	CHECK_STR("B", found.text);
	CHECK(name == NULL);
	CHECK_INT(-ENOENT, first(arena, dir, "c", &found, NULL, &err));
	CHECK_CONTAINS("it has: example.org/a:1, latest", err.text);
	put_index(arena, dir, a, add_manifest(arena, dir, "C", "other"));
	CHECK_INT(0, first(arena, dir, NULL, &found, NULL, &err)); /* by platform, from the index itself */
	CHECK_STR(MEDIA_TYPE_OCI_INDEX, found.media_type);
	put_index(arena, dir, a, add_manifest(arena, dir, "C", "example.org/a:1"));
	CHECK_INT(-EINVAL, first(arena, dir, "example.org/a:1", &found, NULL, &err));
	CHECK_CONTAINS("2 images with the tag", err.text);
}

static void lies(void)
{
	auto_arena struct arena *arena = arena_new();
	auto_fd int dir = make_layout("");
	const char *entry = add_manifest(arena, dir, "A", "a");
	struct document found;
	struct error err = { 0 };

	put_index(arena, dir, entry, add_manifest(arena, dir, "B", "b"));
	temporary_write(dir, arena_printf(arena, "blobs/sha256/%.64s", strstr(entry, "sha256:") + 7), "Z", 1);
	CHECK_INT(-EBADMSG, first(arena, dir, "a", &found, NULL, &err));
	temporary_write(dir, "oci-layout", "{}", 2);
	CHECK_INT(-EINVAL, first(arena, dir, "b", &found, NULL, &err));
	CHECK_CONTAINS("imageLayoutVersion", err.text);
	CHECK_INT(0, unlinkat(dir, "oci-layout", 0));
	CHECK_INT(-ENOENT, first(arena, dir, "b", &found, NULL, &err));
	CHECK_CONTAINS("no OCI layout", err.text);
}

/* Whatever lies there: only regular files below the layout are read. */
static void no_files(void)
{
	auto_fd int dir = make_layout("");
	int fd;

	CHECK_INT(0, mkfifoat(dir, "fifo", 0600));
	CHECK_INT(0, symlinkat("/etc/passwd", dir, "out"));
	CHECK_INT(0, symlinkat("../../../../../../etc/passwd", dir, "up"));
	CHECK_INT(0, symlinkat("index.json", dir, "in"));
	CHECK_INT(-EINVAL, layout_open_file(dir, "fifo"));
	CHECK_INT(-EINVAL, layout_open_file(dir, "blobs"));
	CHECK_INT(-ENOENT, layout_open_file(dir, "out"));
	CHECK_INT(-ENOENT, layout_open_file(dir, "up"));
	fd = layout_open_file(dir, "in");
	CHECK(fd >= 0);
	(void)close(fd);
}

static void foreign_layers(void)
{
	auto_arena struct arena *arena = arena_new();
	auto_fd int dir = make_layout("");
	auto_fd int out = openat(dir, "out", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	auto_source struct source *source = NULL;
	struct descriptor wanted = { .size = 3, .foreign = true };
	struct error err = { 0 };

	CHECK_INT(0, digest_parse("sha256:" HEX_1, &wanted.digest, &err));
	CHECK_INT(0, layout_source_open(arena, dup(dir), NULL, "layout", &source, &err));
	CHECK_INT(-ENOENT, source->ops->blob(source, &wanted, out, 0, NULL, &err));
	CHECK_CONTAINS("non-distributable", err.text);
	temporary_write(dir, "blobs/sha256/" HEX_1, "abc", 3);
	CHECK_INT(0, source->ops->blob(source, &wanted, out, 0, NULL, &err));
}

static const struct test tests[] = {
	TEST(tags),
	TEST(lies),
	TEST(no_files),
	TEST(foreign_layers),
};

TEST_MAIN(tests)
