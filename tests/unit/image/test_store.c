/* test_store.c - a store is made, opened, refused, locked and searched. */
#include "image/store.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "tests/unit/temporary.h"
#include "tests/unit/test.h"

#define HEX_A  "aaaaaaaaaaaaaaaa1111111111111111111111111111111111111111111111aa"
#define HEX_B  "aaaaaaaaaaaaaaaa2222222222222222222222222222222222222222222222bb"
#define ID_A   "sha256:" HEX_A
#define ID_B   "sha256:" HEX_B
#define CONFIG "sha256:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"

static void put_image(const struct store *store, const char *hex, const char *name)
{
	auto_free char *record = xasprintf("{\"format\":1,\"manifest\":\"sha256:%s\",\"manifestType\":\"m\",\"config\":"
					   "\"" CONFIG "\",\"os\":\"linux\",\"architecture\":\"amd64\",\"layers\":[]}",
					   hex);
	auto_free char *path = xasprintf("images/%s", hex);

	temporary_write(store->root, path, record, strlen(record));
	if (name) {
		auto_free char *name_path = xasprintf("names/%s", name);

		temporary_write(store->root, name_path, hex, strlen(hex));
	}
}

static void open_new(struct arena *arena, struct store *store)
{
	const char *path = arena_printf(arena, "%s/not/there", temporary_directory());
	struct error err = { 0 };

	if (store_open(arena, path, store, &err) < 0)
		test_stop(TEST_FAILED, "%s", err.text);
}

static void made_and_opened(void)
{
	auto_arena struct arena *arena = arena_new();
	struct error err = { 0 };
	struct store store;
	struct stat st;

	open_new(arena, &store);
	CHECK_INT(0, fstat(store.root, &st));
	CHECK_INT(0700, st.st_mode & 07777);
	CHECK_INT(0, faccessat(store.root, "layers/sha512", F_OK, 0));
	CHECK_INT(0, faccessat(store.root, "version", F_OK, 0));
	store_close(&store);
	CHECK_INT(0, store_open(arena, store.path, &store, &err));
	store_close(&store);
}

/* What kill -9 leaves in the middle of making it. */
static void half_made(void)
{
	auto_arena struct arena *arena = arena_new();
	const char *path = arena_strdup(arena, temporary_directory());
	struct error err = { 0 };
	struct store store;

	CHECK_INT(0, mkdir(arena_printf(arena, "%s/blobs", path), 0700));
	CHECK_INT(0, store_open(arena, path, &store, &err));
	CHECK_INT(0, faccessat(store.root, "staging", F_OK, 0));
	store_close(&store);
}

static void refused(void)
{
	auto_arena struct arena *arena = arena_new();
	struct error err = { 0 };
	struct store store;
	const char *path;

	open_new(arena, &store);
	temporary_write(store.root, "version", "2\n", 2);
	store_close(&store);
	CHECK(store_open(arena, store.path, &store, &err) < 0);
	CHECK_CONTAINS("has version \"2\"", err.text);

	path = arena_strdup(arena, temporary_directory());
	CHECK_INT(0, mkdir(arena_printf(arena, "%s/home", path), 0700));
	CHECK_INT(-EEXIST, store_open(arena, path, &store, &err));
	CHECK_CONTAINS("is no image store", err.text);
	CHECK(access(arena_printf(arena, "%s/blobs", path), F_OK) < 0);

	path = arena_strdup(arena, temporary_directory());
	CHECK_INT(0, chmod(path, 0777));
	CHECK_INT(-EPERM, store_open(arena, path, &store, &err));
	CHECK_CONTAINS("written by others", err.text);
	CHECK(store_open(arena, "", &store, &err) < 0);
}

static void locks(void)
{
	auto_arena struct arena *arena = arena_new();
	struct error err = { 0 };
	struct store store;
	int first;
	int second;

	open_new(arena, &store);
	first = store_lock(&store, false, &err);
	second = store_lock(&store, false, &err);
	CHECK(first >= 0 && second >= 0);
	CHECK_INT(-1, flock(second, LOCK_EX | LOCK_NB));
	(void)close(first);
	CHECK_INT(0, flock(second, LOCK_EX | LOCK_NB));
	(void)close(second);
	store_close(&store);
}

static void found(void)
{
	/* NOLINTBEGIN(bugprone-suspicious-missing-comma): the macros are pieces */
	static const char *const names[] = {
		"busybox", "docker.io/library/busybox", "docker.io/library/busybox:latest", HEX_A,
		ID_A,      "aaaaaaaaaaaaaaaa1"
	};
	/* NOLINTEND(bugprone-suspicious-missing-comma) */
	auto_arena struct arena *arena = arena_new();
	struct image_record record;
	struct error err = { 0 };
	struct store store;

	open_new(arena, &store);
	put_image(&store, HEX_A, "docker.io+library+busybox:latest");
	put_image(&store, HEX_B, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (store_find(&store, arena, names[i], &record, &err) < 0)
			test_stop(TEST_FAILED, "%s: %s", names[i], err.text);
		CHECK_STR(HEX_A, record.manifest.hex);
	}
	CHECK_INT(-EINVAL, store_find(&store, arena, "aaaaaaaaaaaa", &record, &err));
	CHECK_CONTAINS("ambiguous", err.text);
	store_close(&store);
}

static void not_found(void)
{
	/* NOLINTBEGIN(bugprone-suspicious-missing-comma): the macros are pieces */
	static const char *const names[] = { "alpine", "busybox:1", "aaaaaaaaaaaaaaaab", ID_B, "gone", "oci:/tmp" };
	/* NOLINTEND(bugprone-suspicious-missing-comma) */
	auto_arena struct arena *arena = arena_new();
	struct image_record record;
	struct error err = { 0 };
	struct store store;

	open_new(arena, &store);
	put_image(&store, HEX_A, "docker.io+library+busybox:latest");
	temporary_write(store.root, "names/docker.io+library+gone:latest", HEX_B, strlen(HEX_B));
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		CHECK_INT(-ENOENT, store_find(&store, arena, names[i], &record, &err));
		CHECK_CONTAINS("is not stored", err.text);
	}
	temporary_write(store.root, "names/docker.io+library+odd:latest", "../../x", 7);
	CHECK_INT(-EINVAL, store_find(&store, arena, "odd", &record, &err));
	CHECK_CONTAINS("damaged", err.text);
	temporary_write(store.root, "images/" HEX_B, "{}", 2);
	CHECK_INT(-EINVAL, store_find(&store, arena, "gone", &record, &err));
	store_close(&store);
}

static void blobs_and_layers(void)
{
	auto_arena struct arena *arena = arena_new();
	struct error err = { 0 };
	struct digest digest;
	struct store store;
	auto_free char *text = NULL;
	size_t length;

	open_new(arena, &store);
	CHECK_INT(0, digest_parse(ID_A, &digest, &err));
	temporary_write(store.root, "blobs/sha256/" HEX_A, "abc", 3);
	CHECK_INT(0, store_read_blob(&store, &digest, 3, &text, &length, &err));
	CHECK_STR("abc", text);
	CHECK_INT(3, length);
	free(take_ptr(text));
	CHECK_INT(-EFBIG, store_read_blob(&store, &digest, 2, &text, &length, &err));
	CHECK_STR(arena_printf(arena, "%s/layers/sha256/" HEX_A "/diff", store.path),
		  store_layer_path(&store, arena, &digest));
	store_close(&store);
}

static void default_path(void)
{
	auto_arena struct arena *arena = arena_new();

	CHECK_INT(0, setenv("COFFER_STORE", "/x/y", 1));
	CHECK_STR("/x/y", store_default_path(arena));
	CHECK_INT(0, unsetenv("COFFER_STORE"));
	if (geteuid() == 0)
		CHECK_STR("/var/lib/coffer", store_default_path(arena));
}

static const struct test tests[] = {
	TEST(made_and_opened), TEST(half_made), TEST(refused),          TEST(locks),
	TEST(found),           TEST(not_found), TEST(blobs_and_layers), TEST(default_path),
};

TEST_MAIN(tests)
