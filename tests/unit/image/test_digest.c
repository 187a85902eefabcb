/* test_digest.c - which texts are digests, and that they come back as they were. */
#include "image/digest.h"

#include <errno.h>

#include "base/cleanup.h"
#include "tests/unit/test.h"

#define EMPTY_256 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define SIXTEEN   "0123456789abcdef"

static void accepted(void)
{
	static const char *const texts[] = { "sha256:" EMPTY_256, "sha512:" EMPTY_256 EMPTY_256 };
	char buffer[DIGEST_TEXT_MAX];
	struct digest digest;
	struct error err;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		CHECK_INT(0, digest_parse(texts[i], &digest, &err));
		CHECK_STR(texts[i], digest_text(&digest, buffer));
		CHECK_INT(i, digest.algorithm);
	}
}

static void refused(void)
{
	static const char *const texts[] = {
		"",
		"sha256",
		"sha256:",
		EMPTY_256,
		"sha1:" EMPTY_256,
		"blake3:" EMPTY_256,
		"SHA256:" EMPTY_256,
		"sha256:" EMPTY_256 "0",
		"sha512:" EMPTY_256,
		"sha256:" EMPTY_256 EMPTY_256,
		"sha256:E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855",
		"sha256:../../../../../../../../../../../../../../../../../../etc/passwd",
		"sha256:" SIXTEEN SIXTEEN SIXTEEN "0123456789abcde/",
		"sha256: " EMPTY_256,
	};
	struct digest digest = { .hex = "kept" };

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct error err = { 0 };

		if (digest_parse(texts[i], &digest, &err) != -EINVAL || !strstr(err.text, "expected"))
			test_stop(TEST_FAILED, "\"%s\" was taken", texts[i]);
	}
	CHECK_STR("kept", digest.hex);
}

static void equality(void)
{
	struct digest a;
	struct digest b;
	struct error err;

	CHECK_INT(0, digest_parse("sha256:" EMPTY_256, &a, &err));
	CHECK_INT(0, digest_parse("sha256:" EMPTY_256, &b, &err));
	CHECK(digest_eq(&a, &b));
	b.algorithm = DIGEST_SHA512;
	CHECK(!digest_eq(&a, &b));
	b = a;
	b.hex[0] = 'f';
	CHECK(!digest_eq(&a, &b));
}

static const struct test tests[] = {
	TEST(accepted),
	TEST(refused),
	TEST(equality),
};

TEST_MAIN(tests)
