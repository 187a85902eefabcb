/* test_manifest_media.c - the media types that are known. */
#include "image/manifest.h"
#include "tests/unit/test.h"

static void known(void)
{
	CHECK_INT(MEDIA_INDEX, media_kind(MEDIA_TYPE_DOCKER_LIST));
	CHECK_INT(MEDIA_MANIFEST, media_kind(MEDIA_TYPE_OCI_MANIFEST));
	CHECK_INT(MEDIA_CONFIG, media_kind(MEDIA_TYPE_DOCKER_CONFIG));
	CHECK_INT(MEDIA_LAYER, media_kind("application/vnd.oci.image.layer.nondistributable.v1.tar"));
	CHECK(media_type_find("application/vnd.oci.image.layer.nondistributable.v1.tar")->foreign);
	CHECK_INT(COMPRESSION_NONE, media_type_find(MEDIA_TYPE_OCI_LAYER)->compression);
	CHECK_INT(COMPRESSION_GZIP, media_type_find("application/vnd.docker.image.rootfs.diff.tar.gzip")->compression);
}

static void unknown(void)
{
	CHECK_INT(MEDIA_OTHER, media_kind("application/vnd.oci.empty.v1+json"));
	CHECK_INT(MEDIA_OTHER, media_kind(""));
	CHECK_INT(MEDIA_OTHER, media_kind(NULL));
	CHECK(media_type_find(MEDIA_TYPE_OCI_LAYER "+xz") == NULL);
}

static const struct test tests[] = {
	TEST(known),
	TEST(unknown),
};

TEST_MAIN(tests)
