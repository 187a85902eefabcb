/* test_config.c - image configurations: all that is read, and what is refused. */
#include "image/config.h"

#include <string.h>

#include "base/cleanup.h"
#include "tests/unit/test.h"

#define DIFF_1 "sha256:1111111111111111111111111111111111111111111111111111111111111111"
#define DIFF_2 "sha256:2222222222222222222222222222222222222222222222222222222222222222"
#define ROOTFS "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"" DIFF_1 "\",\"" DIFF_2 "\"]}"

static const char whole[] =
	"{\"created\":\"2026-01-02T03:04:05Z\",\"author\":\"A "
	"<a@example.org>\",\"architecture\":\"arm64\",\"os\":\"linux\","
	"\"variant\":\"v8\",\"os.version\":\"1\",\"config\":{\"User\":\"1:2\",\"ExposedPorts\":{\"80/tcp\":{},\"53/"
	"udp\":{}},"
	"\"Env\":[\"A=b\",\"PATH=/bin\"],\"Entrypoint\":[\"/init\"],\"Cmd\":null,\"Volumes\":{\"/data\":{}},"
	"\"WorkingDir\":\"/w\",\"Labels\":{\"k\":\"v\"},\"StopSignal\":\"SIGINT\",\"Unknown\":[{}]}," ROOTFS
	",\"history\":[{\"created_by\":\"first\",\"comment\":\"c\"},{\"created_by\":\"env\",\"empty_layer\":true}]}";

static void everything(void)
{
	auto_arena struct arena *arena = arena_new();
	struct image_config config;
	struct error err = { 0 };

	CHECK_INT(0, image_config_decode(arena, whole, strlen(whole), &config, &err));
	CHECK_STR("1:2", config.user);
	CHECK_STR("/w", config.working_dir);
	CHECK_STR("SIGINT", config.stop_signal);
	CHECK_STR("PATH=/bin", config.env[1]);
	CHECK(config.env[2] == NULL);
	CHECK_STR("/init", config.entrypoint[0]);
	CHECK(config.cmd == NULL);
	CHECK_INT(1, config.n_labels);
	CHECK_STR("v", config.labels[0].value);
	CHECK_INT(1, config.n_volumes);
	CHECK_STR("/data", config.volumes[0]);
	CHECK_INT(2, config.n_exposed_ports);
	CHECK_STR("53/udp", config.exposed_ports[1]);
	CHECK_STR("arm64", config.platform.architecture);
	CHECK_STR("v8", config.platform.variant);
	CHECK_STR("1", config.platform.os_version);
	CHECK_STR("2026-01-02T03:04:05Z", config.created);
	CHECK_STR("A <a@example.org>", config.author);
	CHECK_INT(2, config.n_diff_ids);
	CHECK_INT('2', config.diff_ids[1].hex[0]);
	CHECK_INT(2, config.n_history);
	CHECK_STR("first", config.history[0].created_by);
	CHECK(config.history[1].empty_layer);
}

static void least(void)
{
	static const char text[] = "{\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":null,"
				   "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[]}}";
	auto_arena struct arena *arena = arena_new();
	struct image_config config;
	struct error err = { 0 };

	CHECK_INT(0, image_config_decode(arena, text, strlen(text), &config, &err));
	CHECK(config.env == NULL && config.user == NULL && config.volumes == NULL);
	CHECK_INT(0, config.n_diff_ids);
}

static void refused(void)
{
	static const struct {
		const char *text, *reason;
	} rows[] = {
		{ "", "image config" },
		{ "[]", "expected an object" },
		{ "{\"os\":\"linux\"," ROOTFS "}", "architecture" },
		{ "{\"architecture\":\"amd64\"," ROOTFS "}", "os" },
		{ "{\"os\":\"linux\",\"architecture\":\"amd64\"}", "rootfs" },
		{ "{\"os\":\"linux\",\"architecture\":\"amd64\",\"rootfs\":{\"type\":\"layers\"}}", "diff_ids" },
		{ "{\"os\":\"linux\",\"architecture\":\"amd64\",\"rootfs\":{\"type\":\"tar\",\"diff_ids\":[]}}",
		  "rootfs.type: expected \"layers\"" },
		{ "{\"os\":\"linux\",\"architecture\":\"amd64\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"x\"]}}",
		  "rootfs.diff_ids[0]: digest \"x\"" },
		{ "{\"os\":\"linux\",\"architecture\":\"amd64\",\"config\":{\"Volumes\":[]}," ROOTFS "}",
		  "config.Volumes: expected an object" },
		{ "{\"os\":\"linux\",\"architecture\":\"amd64\",\"config\":{\"Env\":[1]}," ROOTFS "}",
		  "config.Env[0]" },
		{ "{\"os\":\"linux\",\"architecture\":\"amd64\",\"config\":{\"User\":\"a\\u0000b\"}," ROOTFS "}",
		  "NUL" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_arena struct arena *arena = arena_new();
		struct image_config config;
		struct error err = { 0 };

		CHECK(image_config_decode(arena, rows[i].text, strlen(rows[i].text), &config, &err) < 0);
		CHECK_CONTAINS(rows[i].reason, err.text);
	}
}

static const struct test tests[] = {
	TEST(everything),
	TEST(least),
	TEST(refused),
};

TEST_MAIN(tests)
