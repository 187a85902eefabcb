/* test_manifest_platform.c - which image of an index is chosen. */
#include <errno.h>

#include "base/cleanup.h"
#include "image/manifest.h"
#include "tests/unit/test.h"

static struct descriptor entry(const char *os, const char *architecture, const char *variant)
{
	return (struct descriptor){ .kind = MEDIA_MANIFEST,
				    .platform = { .os = os, .architecture = architecture, .variant = variant } };
}

static void parsed(void)
{
	auto_arena struct arena *arena = arena_new();
	struct platform platform;
	struct error err = { 0 };

	CHECK_INT(0, platform_parse(arena, "linux/arm64/v8", &platform, &err));
	CHECK_STR("linux", platform.os);
	CHECK_STR("arm64", platform.architecture);
	CHECK_STR("v8", platform.variant);
	CHECK_INT(0, platform_parse(arena, "linux/x86_64", &platform, &err));
	CHECK_STR("amd64", platform.architecture);
	CHECK(platform.variant == NULL);
	CHECK_INT(0, platform_parse(arena, "linux/armhf", &platform, &err));
	CHECK_STR("v7", platform.variant);
	CHECK_INT(0, platform_parse(arena, NULL, &platform, &err));
	CHECK_STR("linux", platform.os);
}

static void refused(void)
{
	static const char *const texts[] = { "", "linux", "linux/", "/amd64", "linux/a/b/c", "linux/amd 64", "a//b" };
	auto_arena struct arena *arena = arena_new();
	struct platform platform;
	struct error err = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		CHECK_INT(-EINVAL, platform_parse(arena, texts[i], &platform, &err));
}

static void best_variant(void)
{
	struct descriptor entries[] = {
		entry("windows", "arm", "v7"), entry("linux", "amd64", NULL), entry("linux", "arm", "v5"),
		entry("linux", "arm", "v8"),   entry("linux", "arm", "v7"),   entry("linux", "arm", "v6"),
		entry("linux", "arm64", NULL), entry("linux", "arm64", "v9"), entry("unknown", "unknown", NULL),
	};
	const struct index index = { entries, ARRAY_SIZE(entries) };
	static const struct {
		const char *wanted;
		size_t found;
	} rows[] = {
		{ "linux/arm/v7", 4 },   { "linux/arm", 4 },      { "linux/arm/v6", 5 },
		{ "linux/arm/v5", 2 },   { "linux/arm64/v8", 6 }, { "linux/arm64", 6 },
		{ "linux/arm64/v9", 7 }, { "linux/amd64/v3", 1 }, { "windows/arm", 0 },
	};
	auto_arena struct arena *arena = arena_new();
	const struct descriptor *found;
	struct platform wanted;
	struct error err = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CHECK_INT(0, platform_parse(arena, rows[i].wanted, &wanted, &err));
		CHECK_INT(0, index_choose(&index, &wanted, &found, &err));
		CHECK_INT(rows[i].found, found - entries);
	}
	CHECK_INT(0, platform_parse(arena, "linux/s390x", &wanted, &err));
	CHECK_INT(-ENOENT, index_choose(&index, &wanted, &found, &err));
	CHECK_CONTAINS("no image for linux/s390x; there is: windows/arm/v7, linux/amd64", err.text);
}

static void without_platform(void)
{
	struct descriptor entries[] = { entry(NULL, NULL, NULL), { .kind = MEDIA_OTHER }, entry(NULL, NULL, NULL) };
	struct index index = { entries, 2 };
	const struct platform wanted = { .os = "linux", .architecture = "amd64" };
	const struct descriptor *found;
	struct error err = { 0 };

	CHECK_INT(0, index_choose(&index, &wanted, &found, &err));
	CHECK(found == &entries[0]);
	index.n_manifests = 3;
	CHECK_INT(-ENOENT, index_choose(&index, &wanted, &found, &err));
	index.n_manifests = 0;
	CHECK_INT(-ENOENT, index_choose(&index, &wanted, &found, &err));
	CHECK_CONTAINS("nothing for a known platform", err.text);
}

static const struct test tests[] = {
	TEST(parsed),
	TEST(refused),
	TEST(best_variant),
	TEST(without_platform),
};

TEST_MAIN(tests)
