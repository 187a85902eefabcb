/* test_manifest.c - indexes and manifests of both kinds, and the lies that are refused. */
#include "image/manifest.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "tests/unit/test.h"

#define HEX     "1111111111111111111111111111111111111111111111111111111111111111"
#define DIGEST  "\"digest\":\"sha256:" HEX "\",\"size\":7"
#define CONFIG  "\"config\":{\"mediaType\":\"" MEDIA_TYPE_OCI_CONFIG "\"," DIGEST "}"
#define LAYER   "{\"mediaType\":\"" MEDIA_TYPE_OCI_LAYER "+gzip\"," DIGEST "}"
#define ABC_256 "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static void manifest(void)
{
	static const char text[] =
		"{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_TYPE_DOCKER_MANIFEST "\",\"config\":{\"mediaType\":"
		"\"" MEDIA_TYPE_DOCKER_CONFIG "\"," DIGEST "},\"layers\":[" LAYER
		",{\"mediaType\":\"application/vnd.docker.image.rootfs.foreign.diff.tar.gzip\"," DIGEST
		",\"urls\":[\"https://example.org/x\"],\"annotations\":{\"a\":\"b\"}},"
		"{\"mediaType\":\"" MEDIA_TYPE_OCI_LAYER "+zstd\"," DIGEST "}]}";
	auto_arena struct arena *arena = arena_new();
	struct manifest read;
	struct error err = { 0 };

	CHECK_INT(0, manifest_decode(arena, text, strlen(text), MEDIA_TYPE_DOCKER_MANIFEST, &read, &err));
	CHECK_INT(MEDIA_CONFIG, read.config.kind);
	CHECK_STR(HEX, read.config.digest.hex);
	CHECK_INT(3, read.n_layers);
	CHECK_INT(COMPRESSION_GZIP, read.layers[0].compression);
	CHECK(!read.layers[0].foreign && read.layers[1].foreign);
	CHECK_STR("https://example.org/x", read.layers[1].urls[0]);
	CHECK_STR("b", read.layers[1].annotations[0].value);
	CHECK_INT(COMPRESSION_ZSTD, read.layers[2].compression);
	CHECK_INT(7, read.layers[2].size);
}

static void embedded_data(void)
{
	static const char *const datas[] = { "YWJj", "YWJk", "YWJjZA==", "?" };
	static const char *const reasons[] = { NULL, "not what the digest says", "has 4 bytes", "base64" };

	for (size_t i = 0; i < ARRAY_SIZE(datas); i++) {
		auto_arena struct arena *arena = arena_new();
		auto_free char *text = xasprintf("{\"schemaVersion\":2,\"config\":{\"mediaType\":\"%s\",\"digest\":"
						 "\"sha256:" ABC_256 "\",\"size\":3,\"data\":\"%s\"},\"layers\":[]}",
						 MEDIA_TYPE_OCI_CONFIG, datas[i]);
		struct manifest read;
		struct error err = { 0 };
		int r = manifest_decode(arena, text, strlen(text), MEDIA_TYPE_OCI_MANIFEST, &read, &err);

		CHECK_INT(reasons[i] ? -EINVAL : 0, r);
		if (reasons[i])
			CHECK_CONTAINS(reasons[i], err.text);
		else
			CHECK(read.config.data_size == 3 && strcmp(read.config.data, "abc") == 0);
	}
}

static void refused_manifests(void)
{
	static const struct {
		const char *text, *media_type, *reason;
	} rows[] = {
		{ "{}", MEDIA_TYPE_OCI_INDEX, "no image manifest" },
		{ "{}", "text/html", "no image manifest" },
		{ "{}", NULL, "no image manifest" },
		{ "{}", MEDIA_TYPE_OCI_MANIFEST, "schemaVersion" },
		{ "{\"schemaVersion\":1,\"fsLayers\":[]}", MEDIA_TYPE_DOCKER_MANIFEST, "schemaVersion" },
		{ "{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_TYPE_OCI_INDEX "\"," CONFIG ",\"layers\":[]}",
		  MEDIA_TYPE_OCI_MANIFEST, "and came as" },
		{ "{\"schemaVersion\":2,\"manifests\":[]," CONFIG ",\"layers\":[]}", MEDIA_TYPE_OCI_MANIFEST,
		  "has \"manifests\"" },
		{ "{\"schemaVersion\":2,\"layers\":[]}", MEDIA_TYPE_OCI_MANIFEST, "config" },
		{ "{\"schemaVersion\":2," CONFIG "}", MEDIA_TYPE_OCI_MANIFEST, "layers" },
		{ "{\"schemaVersion\":2,\"artifactType\":\"a/b\"," CONFIG ",\"layers\":[]}", MEDIA_TYPE_OCI_MANIFEST,
		  "artifact of type \"a/b\"" },
		{ "{\"schemaVersion\":2,\"config\":{\"mediaType\":\"application/vnd.oci.empty.v1+json\"," DIGEST
		  "},\"layers\":[]}",
		  MEDIA_TYPE_OCI_MANIFEST, "artifact, not a container image" },
		{ "{\"schemaVersion\":2," CONFIG ",\"layers\":[{\"mediaType\":\"a/b\"," DIGEST "}]}",
		  MEDIA_TYPE_OCI_MANIFEST, "layers[0] is a \"a/b\"" },
		{ "{\"schemaVersion\":2," CONFIG ",\"layers\":[{\"mediaType\":\"a/b\",\"digest\":\"sha256:" HEX
		  "\",\"size\":-1}]}",
		  MEDIA_TYPE_OCI_MANIFEST, "layers[0].size" },
		{ "{\"schemaVersion\":2," CONFIG ",\"layers\":[{\"mediaType\":\"a/b\",\"digest\":\"sha256:../..\","
		  "\"size\":1}]}",
		  MEDIA_TYPE_OCI_MANIFEST, "layers[0].digest" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_arena struct arena *arena = arena_new();
		struct manifest read;
		struct error err = { 0 };
		int r = manifest_decode(arena, rows[i].text, strlen(rows[i].text), rows[i].media_type, &read, &err);

		CHECK_INT(-EINVAL, r);
		CHECK_CONTAINS(rows[i].reason, err.text);
	}
}

static void too_many(void)
{
	auto_arena struct arena *arena = arena_new();
	size_t room = 3 * ((size_t)INDEX_MANIFESTS_MAX + 2) + 200;
	char *text = arena_alloc(arena, room);
	char *end;
	struct index index;
	struct error err = { 0 };

	end = stpcpy(text, "{\"schemaVersion\":2,\"manifests\":[{}");
	for (int i = 0; i < INDEX_MANIFESTS_MAX; i++)
		end = stpcpy(end, ",{}");
	(void)stpcpy(end, "]}");
	CHECK_INT(-EINVAL, index_decode(arena, text, strlen(text), MEDIA_TYPE_OCI_INDEX, &index, &err));
	CHECK_CONTAINS("4097 entries", err.text);
}

static void index_of_images(void)
{
	static const char text[] =
		"{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":\"" MEDIA_TYPE_OCI_MANIFEST "\"," DIGEST
		",\"platform\":{\"os\":\"linux\",\"architecture\":\"arm\",\"variant\":\"v7\",\"os.version\":\"1\"},"
		"\"annotations\":{\"org.opencontainers.image.ref.name\":\"x\"}},{\"mediaType\":\"a/b\"," DIGEST "}]}";
	auto_arena struct arena *arena = arena_new();
	struct index index;
	struct error err = { 0 };

	CHECK_INT(0, index_decode(arena, text, strlen(text), MEDIA_TYPE_DOCKER_LIST, &index, &err));
	CHECK_INT(2, index.n_manifests);
	CHECK_STR("v7", index.manifests[0].platform.variant);
	CHECK_STR("1", index.manifests[0].platform.os_version);
	CHECK_STR("x", index.manifests[0].annotations[0].value);
	CHECK_INT(MEDIA_OTHER, index.manifests[1].kind);
	CHECK_INT(-EINVAL, index_decode(arena, text, strlen(text), MEDIA_TYPE_OCI_MANIFEST, &index, &err));
}

static const struct test tests[] = {
	TEST(manifest), TEST(embedded_data), TEST(refused_manifests), TEST(too_many), TEST(index_of_images),
};

TEST_MAIN(tests)
