/* test_ref.c - names to what they stand for, and what is no name. */
#include "image/ref.h"

#include <errno.h>

#include "base/arena.h"
#include "base/str.h"
#include "tests/unit/test.h"

#define HEX    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define TEN    "aaaaaaaaaa"
#define FIFTY  TEN TEN TEN TEN TEN
#define LONG   FIFTY FIFTY FIFTY FIFTY FIFTY
#define TAG128 FIFTY FIFTY TEN TEN "12345678"

static const struct {
	const char *text;
	enum ref_transport transport;
	const char *domain, *repository, *tag, *hex, *name;
} names[] = {
	{ "busybox", REF_NAME, "docker.io", "library/busybox", "latest", "", "docker.io/library/busybox:latest" },
	{ "busybox:1.36", REF_NAME, "docker.io", "library/busybox", "1.36", "", "docker.io/library/busybox:1.36" },
	{ "user/app", REF_NAME, "docker.io", "user/app", "latest", "", "docker.io/user/app:latest" },
	{ "docker.io/busybox", REF_NAME, "docker.io", "library/busybox", "latest", "",
	  "docker.io/library/busybox:latest" },
	{ "index.docker.io/a/b", REF_NAME, "docker.io", "a/b", "latest", "", "docker.io/a/b:latest" },
	{ "docker://quay.io/a/b/c:V_1.0-x", REF_REGISTRY, "quay.io", "a/b/c", "V_1.0-x", "", "quay.io/a/b/c:V_1.0-x" },
	{ "localhost/x", REF_NAME, "localhost", "x", "latest", "", "localhost/x:latest" },
	{ "localhost:5000/x", REF_NAME, "localhost:5000", "x", "latest", "", "localhost:5000/x:latest" },
	{ "localhost:5000", REF_NAME, "docker.io", "library/localhost", "5000", "",
	  "docker.io/library/localhost:5000" },
	{ "127.0.0.1:65535/x:t", REF_NAME, "127.0.0.1:65535", "x", "t", "", "127.0.0.1:65535/x:t" },
	{ "[::1]:5000/x", REF_NAME, "[::1]:5000", "x", "latest", "", "[::1]:5000/x:latest" },
	{ "[fe80::1]/x", REF_NAME, "[fe80::1]", "x", "latest", "", "[fe80::1]/x:latest" },
	{ "Host/x", REF_NAME, "Host", "x", "latest", "", "Host/x:latest" },
	{ "a.b/c_d/e__f/g---h.i", REF_NAME, "a.b", "c_d/e__f/g---h.i", "latest", "", "a.b/c_d/e__f/g---h.i:latest" },
	{ "busybox@sha256:" HEX, REF_NAME, "docker.io", "library/busybox", NULL, HEX,
	  "docker.io/library/busybox@sha256:" HEX },
	{ "a.b/c:1@sha256:" HEX, REF_NAME, "a.b", "c", "1", HEX, "a.b/c:1@sha256:" HEX },
	{ "x:" TAG128, REF_NAME, "docker.io", "library/x", TAG128, "", "docker.io/library/x:" TAG128 },
};

static void taken(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		auto_arena struct arena *arena = arena_new();
		struct image_ref ref;
		struct error err;

		if (ref_parse(arena, names[i].text, &ref, &err) < 0)
			test_stop(TEST_FAILED, "%s: %s", names[i].text, err.text);
		CHECK_INT(names[i].transport, ref.transport);
		CHECK_STR(names[i].domain, ref.domain);
		CHECK_STR(names[i].repository, ref.repository);
		CHECK(str_eq(names[i].tag, ref.tag));
		CHECK_STR(names[i].hex, ref.digest.hex);
		CHECK_STR(names[i].name, ref.name);
		CHECK(ref.path == NULL);
	}
}

/* A normalised name means itself. */
static void stable(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		auto_arena struct arena *arena = arena_new();
		struct image_ref ref;
		struct error err;

		CHECK_INT(0, ref_parse(arena, names[i].name, &ref, &err));
		CHECK_STR(names[i].name, ref.name);
	}
}

static const struct {
	const char *text;
	enum ref_transport transport;
	const char *path, *tag;
} paths[] = {
	{ "oci:dir", REF_OCI, "dir", NULL },
	{ "oci:/a/b c:v1", REF_OCI, "/a/b c", "v1" },
	{ "oci:d:docker.io/x:y", REF_OCI, "d", "docker.io/x:y" },
	{ "oci-archive:f.tar", REF_OCI_ARCHIVE, "f.tar", NULL },
	{ "docker-archive:./f.tar:busybox:latest", REF_DOCKER_ARCHIVE, "./f.tar", "busybox:latest" },
};

static void with_paths(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		auto_arena struct arena *arena = arena_new();
		struct image_ref ref;
		struct error err;

		CHECK_INT(0, ref_parse(arena, paths[i].text, &ref, &err));
		CHECK_INT(paths[i].transport, ref.transport);
		CHECK_STR(paths[i].path, ref.path);
		CHECK(str_eq(paths[i].tag, ref.tag));
		CHECK(!ref.name && !ref.domain && !ref.repository && ref.digest.hex[0] == '\0');
	}
}

static const char *const bad[] = {
	"",
	" ",
	"/",
	":",
	"@",
	"a/",
	"/a",
	"a//b",
	"a:",
	"A",
	"a.b/C",
	"a b",
	"a:b c",
	"a:-b",
	"a:.b",
	"-a",
	"a-",
	"_a",
	"a_",
	"a..b",
	"a.-b",
	"a___b",
	"a/../b",
	"../a",
	"./a",
	"a.b/../../etc",
	"..:5/a",
	"a:b:c",
	"a:b/",
	"a.b:/c",
	"a.b:0/c",
	"a.b:65536/c",
	"a.b:x/c",
	"a.b:000080/c",
	"-a.b/c",
	"a-.b/c",
	"a..b/c",
	".a/c",
	"a.:1/c",
	"[::1/x",
	"[::..]/x",
	"[::1::]/x",
	"[0:0]/x",
	"[0000000000000000000000000000000000000000000000000000001]/x",
	"[]/x",
	"[::1]x/y",
	"[::1]:/y",
	"[g::1]/y",
	"user@a.b/c",
	"a@",
	"a@sha256:12",
	"a@sha256:\n",
	"a@md5:" HEX, /* NOLINT(bugprone-suspicious-missing-comma): one name of two literals */

	"a@sha256:" HEX "@sha256:" HEX,
	"a@sha256:" HEX ":t",
	"a.b/c?x",
	"a.b/c#x",
	"a.b/c%2f",
	"a.b/c\\d",
	"a.b\n/c",
	"a.b/c\n",
	"a.b/\xc3\xa4",
	"docker://",
	"docker:///a",
	"docker://a.b/",
	"https://a.b/c",
	"x:" TAG128 "9",
	LONG LONG,
	"a.b/" LONG "aa",
	"oci:",
	"oci::tag",
	"oci:dir:",
	"oci:dir:a b",
	"oci:dir:\x1b[2J",
	"docker-archive::x",
};

/* What other programs take: the text says what to type instead. */
static void foreign(void)
{
	static const char *const texts[][2] = {
		{ "http://host/name", "--tls-verify=false" }, { "https://host/name:tag", "HOST[:PORT]/NAME[:TAG]" },
		{ "docker-daemon:name:tag", "docker save" },  { "containers-storage:name", "podman save" },
		{ "/tmp/image.tar", "oci-archive:FILE" },     { "../layout", "oci:DIR" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		auto_arena struct arena *arena = arena_new();
		struct image_ref ref;
		struct error err;

		CHECK_INT(-EINVAL, ref_parse(arena, texts[i][0], &ref, &err));
		CHECK_CONTAINS(texts[i][1], err.text);
	}
}

static void refused(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		auto_arena struct arena *arena = arena_new();
		struct image_ref ref = { .name = "kept" };
		struct error err = { 0 };

		if (ref_parse(arena, bad[i], &ref, &err) != -EINVAL || !*err.text || !str_eq(ref.name, "kept"))
			test_stop(TEST_FAILED, "\"%s\" was taken", bad[i]);
		for (const char *c = err.text; *c; c++)
			if ((unsigned char)*c < ' ')
				test_stop(TEST_FAILED, "\"%s\": control character in the error", bad[i]);
	}
}

static const struct test tests[] = { TEST(taken), TEST(stable), TEST(with_paths), TEST(foreign), TEST(refused) };
TEST_MAIN(tests)
