/* manifest_media.c - the table of media types (image-spec media-types.md, and Docker's); see manifest.h. */
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "manifest.h"

static const struct media_type media_types[] = {
	{ MEDIA_TYPE_OCI_INDEX, MEDIA_INDEX, COMPRESSION_NONE, false },
	{ MEDIA_TYPE_DOCKER_LIST, MEDIA_INDEX, COMPRESSION_NONE, false },
	{ MEDIA_TYPE_OCI_MANIFEST, MEDIA_MANIFEST, COMPRESSION_NONE, false },
	{ MEDIA_TYPE_DOCKER_MANIFEST, MEDIA_MANIFEST, COMPRESSION_NONE, false },
	{ MEDIA_TYPE_OCI_CONFIG, MEDIA_CONFIG, COMPRESSION_NONE, false },
	{ MEDIA_TYPE_DOCKER_CONFIG, MEDIA_CONFIG, COMPRESSION_NONE, false },
	{ MEDIA_TYPE_OCI_LAYER, MEDIA_LAYER, COMPRESSION_NONE, false },
	{ MEDIA_TYPE_OCI_LAYER "+gzip", MEDIA_LAYER, COMPRESSION_GZIP, false },
	{ MEDIA_TYPE_OCI_LAYER "+zstd", MEDIA_LAYER, COMPRESSION_ZSTD, false },
	{ "application/vnd.oci.image.layer.nondistributable.v1.tar", MEDIA_LAYER, COMPRESSION_NONE, true },
	{ "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", MEDIA_LAYER, COMPRESSION_GZIP, true },
	{ "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd", MEDIA_LAYER, COMPRESSION_ZSTD, true },
	{ "application/vnd.docker.image.rootfs.diff.tar", MEDIA_LAYER, COMPRESSION_NONE, false },
	{ "application/vnd.docker.image.rootfs.diff.tar.gzip", MEDIA_LAYER, COMPRESSION_GZIP, false },
	{ "application/vnd.docker.image.rootfs.diff.tar.zstd", MEDIA_LAYER, COMPRESSION_ZSTD, false },
	{ "application/vnd.docker.image.rootfs.foreign.diff.tar", MEDIA_LAYER, COMPRESSION_NONE, true },
	{ "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", MEDIA_LAYER, COMPRESSION_GZIP, true },
};

const struct media_type *media_type_find(const char *name)
{
	for (size_t i = 0; name && i < ARRAY_SIZE(media_types); i++)
		if (str_eq(media_types[i].name, name))
			return &media_types[i];
	return NULL;
}

enum media_kind media_kind(const char *media_type)
{
	const struct media_type *found = media_type_find(media_type);

	return found ? found->kind : MEDIA_OTHER;
}
