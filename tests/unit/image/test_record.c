/* test_record.c - records of images: written, read back, and refused where they are not what was written. */
#include "image/record.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "tests/unit/test.h"

#define HEX_1 "1111111111111111111111111111111111111111111111111111111111111111"
#define HEX_2 "2222222222222222222222222222222222222222222222222222222222222222"

static struct digest digest_of(const char *text)
{
	struct digest digest = { 0 };
	struct error err;

	CHECK_INT(0, digest_parse(text, &digest, &err));
	return digest;
}

static void round_trip(void)
{
	auto_arena struct arena *arena = arena_new();
	struct record_layer layers[] = {
		{ .media_type = "t1", .blob_size = 7, .tar_size = UINT64_MAX },
		{ .media_type = "t2", .blob_size = 0, .tar_size = 1 },
	};
	struct image_record in = { .manifest_type = "m",
				   .manifest_size = 12,
				   .config_size = 99,
				   .os = "linux",
				   .architecture = "arm",
				   .variant = "v7",
				   .created = "2026-01-02T03:04:05Z",
				   .pulled = 1700000000,
				   .layers = layers,
				   .n_layers = 2,
				   .implied = &layers[1],
				   .n_implied = 1 };
	struct image_record out;
	struct error err = { 0 };
	auto_free char *text = NULL;
	size_t length;

	in.manifest = digest_of("sha512:" HEX_1 HEX_2);
	in.config = digest_of("sha256:" HEX_2);
	layers[0].blob = layers[1].diff_id = digest_of("sha256:" HEX_1);
	layers[1].blob = layers[0].diff_id = digest_of("sha256:" HEX_2);
	text = record_encode(&in, &length);
	CHECK_INT(0, record_decode(arena, "r", text, length, &out, &err));
	CHECK(digest_eq(&in.manifest, &out.manifest) && digest_eq(&in.config, &out.config));
	CHECK_STR("m", out.manifest_type);
	CHECK_INT(12, out.manifest_size);
	CHECK_INT(99, out.config_size);
	CHECK_STR("v7", out.variant);
	CHECK_STR("2026-01-02T03:04:05Z", out.created);
	CHECK_INT(1700000000, out.pulled);
	CHECK_INT(2, out.n_layers);
	CHECK(out.layers[0].tar_size == UINT64_MAX);
	CHECK(digest_eq(&layers[0].diff_id, &out.layers[0].diff_id));
	CHECK_STR("t2", out.layers[1].media_type);
	CHECK_INT(1, out.n_implied);
	CHECK(digest_eq(&layers[1].diff_id, &out.implied[0].diff_id));
}

static void refused(void)
{
	static const char good[] = "{\"format\":1,\"manifest\":\"sha256:" HEX_1 "\",\"manifestType\":\"m\",\"config\":"
				   "\"sha256:" HEX_2 "\",\"os\":\"linux\",\"architecture\":\"amd64\",\"layers\":[]}";
	static const struct {
		const char *from, *to, *reason;
	} rows[] = {
		{ "\"format\":1", "\"format\":2", "format" },
		{ "\"format\":1,", "", "format" },
		{ "sha256:" HEX_1, "sha256:../../x", "manifest: digest" },
		{ "\"layers\":[]", "\"layers\":[{}]", "layers[0]" },
		{ "\"layers\":[]", "\"layers\":{}", "layers" },
		{ "}", "", "r" },
	};
	auto_arena struct arena *arena = arena_new();
	struct image_record out;
	struct error err = { 0 };

	CHECK_INT(0, record_decode(arena, "r", good, strlen(good), &out, &err));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *at = strstr(good, rows[i].from);
		auto_free char *bad = NULL;

		CHECK(at != NULL);
		bad = xasprintf("%.*s%s%s", (int)(at - good), good, rows[i].to, at + strlen(rows[i].from));
		CHECK(record_decode(arena, "r", bad, strlen(bad), &out, &err) < 0);
		CHECK_CONTAINS(rows[i].reason, err.text);
	}
}

static const struct test tests[] = {
	TEST(round_trip),
	TEST(refused),
};

TEST_MAIN(tests)
