/* test_registry_push.c - what docker-registry never does: the least size of a chunk, odd places to upload to. */
#include <errno.h>

#include "base/arena.h"
#include "base/str.h"
#include "image/hash.h"
#include "image/registry.h"
#include "server.h"
#include "tests/unit/temporary.h"

#define BLOB "0123456789abcdefghij"

/* registry_put_blob() of BLOB in chunks of 3 to a server with these answers; the caller frees it. */
static struct server *put(const char *const *answers, int *ret_result, struct error *err)
{
	auto_arena struct arena *arena = arena_new();
	struct server *server = server_start(answers);
	const struct registry_options options = { .pause_ms = 1, .chunk = 3 };
	struct descriptor descriptor = { .size = strlen(BLOB) };
	int dir = temporary_open();
	auto_fd int fd = openat(dir, "blob", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	struct registry *registry = NULL;
	struct image_ref ref;

	(void)setenv("HOME", "/nowhere", 1);
	CHECK_INT(strlen(BLOB), write(fd, BLOB, strlen(BLOB)));
	hash_bytes(BLOB, strlen(BLOB), DIGEST_SHA256, &descriptor.digest);
	CHECK_INT(0, ref_parse(arena, arena_printf(arena, "localhost:%u/a:1", server->port), &ref, err));
	CHECK_INT(0, registry_open(&ref, &options, &registry, err));
	*ret_result = registry_put_blob(registry, &descriptor, fd, NULL, err);
	registry_close(registry);
	server_stop(server);
	(void)close(dir);
	return server;
}

#define MISSING "HTTP/1.1 404 No\nContent-Length: 0\n\n"

static void least_chunk(void)
{
	static const char *const answers[] = {
		MISSING,
		"HTTP/1.1 202 Go\nLocation: /up/1?x=y\nOCI-Chunk-Min-Length: 15\nContent-Length: 0\n\n",
		"HTTP/1.1 202 Go\nLocation: ../up/2\nContent-Length: 0\n\n",
		"HTTP/1.1 202 Go\nLocation: /up/3?z\nContent-Length: 0\n\n",
		"HTTP/1.1 201 Made\nContent-Length: 0\n\n",
		NULL,
	};
	struct error err = { 0 };
	int r;
	auto_free struct server *server = put(answers, &r, &err);

	if (r < 0)
		test_stop(TEST_FAILED, "%s", err.text);
	CHECK(strstr(server->requests, "HEAD /v2/a/blobs/sha256:") != NULL);
	CHECK(strstr(server->requests, "POST /v2/a/blobs/uploads/ HTTP") != NULL);
	CHECK(strstr(server->requests, "PATCH /up/1?x=y HTTP") &&
	      strstr(server->requests, "\r\n\r\n0123456789abcdePATCH"));
	CHECK(strstr(server->requests, "Content-Range: 0-14\r\n") &&
	      strstr(server->requests, "Content-Range: 15-19\r\n"));
	CHECK(strstr(server->requests, "PATCH /up/2 HTTP") && strstr(server->requests, "\r\n\r\nfghijPUT"));
	CHECK(strstr(server->requests, "PUT /up/3?z&digest=sha256") != NULL);
}

static void odd_places(void)
{
	static const char *const places[] = { "ftp://localhost/", "file:///etc/passwd", "http://u:p@localhost/",
					      "http://" };

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		char answer[200];
		const char *const answers[] = { MISSING, answer, NULL };
		struct error err = { 0 };
		int r;

		(void)snprintf(answer, sizeof(answer), "HTTP/1.1 202 Go\nLocation: %s\nContent-Length: 0\n\n",
			       places[i]);
		free(put(answers, &r, &err));
		if (r != -EPROTO || !strstr(err.text, "names no https address to upload to"))
			test_stop(TEST_FAILED, "%s: %d, %s", places[i], r, err.text);
	}
}

static void no_place(void)
{
	static const char *const answers[] = { MISSING, "HTTP/1.1 202 Go\nContent-Length: 0\n\n", NULL };
	struct error err = { 0 };
	int r;

	free(put(answers, &r, &err));
	CHECK_INT(-EPROTO, r);
}

/* Neither is sent: the server has no answers. */
static void bad_manifests(void)
{
	static const char *const answers[] = { NULL };
	auto_arena struct arena *arena = arena_new();
	struct server *server = server_start(answers);
	auto_free struct server *freed = server;
	const struct registry_options options = { .pause_ms = 1 };
	const struct document untyped = { .text = "{}", .length = 2 };
	const struct document split = { .text = "{}", .length = 2, .media_type = "a/b\r\nHost: x" };
	const struct document good = { .text = "{}", .length = 2, .media_type = "a/b" };
	struct registry *registry = NULL;
	struct image_ref ref;
	struct error err;

	CHECK_INT(0, ref_parse(arena, arena_printf(arena, "localhost:%u/a:1", server->port), &ref, &err));
	server_stop(server);
	CHECK_INT(0, registry_open(&ref, &options, &registry, &err));
	CHECK_INT(-EINVAL, registry_put_manifest(registry, &untyped, "1", &err));
	CHECK_INT(-EINVAL, registry_put_manifest(registry, &split, "1", &err));
	CHECK_INT(-EINVAL, registry_put_manifest(registry, &good, "1/../../x", &err));
	CHECK_INT(-EINVAL, registry_put_manifest(registry, &good, "1?x", &err));
	CHECK_INT(-EINVAL, registry_put_manifest(registry, &good, "", &err));
	registry_close(registry);
	CHECK_STR("", server->requests);
}

static const struct test tests[] = { TEST(least_chunk), TEST(odd_places), TEST(no_place), TEST(bad_manifests) };
TEST_MAIN(tests)
