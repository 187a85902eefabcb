/* fuzz_manifest.c - any bytes as a manifest and as an index: what is accepted keeps to its limits. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "image/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_error(int r, const struct error *err)
{
	if (r < 0 && (err->code <= 0 || r != -err->code || !memchr(err->text, '\0', sizeof(err->text))))
		abort();
}

static void check_descriptor(const struct descriptor *descriptor)
{
	if (!descriptor->media_type || descriptor->size > INT64_MAX)
		abort();
	if (descriptor->data && descriptor->data_size != descriptor->size)
		abort();
	if (strspn(descriptor->digest.hex, "0123456789abcdef") != strlen(descriptor->digest.hex) ||
	    strlen(descriptor->digest.hex) < 64)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_arena struct arena *arena = arena_new();
	const struct platform wanted = { .os = "linux", .architecture = "arm", .variant = "v7" };
	const struct descriptor *chosen;
	struct manifest manifest;
	struct index index;
	struct error err = { 0 };
	int r = manifest_decode(arena, (const char *)data, size, MEDIA_TYPE_OCI_MANIFEST, &manifest, &err);

	check_error(r, &err);
	if (r == 0)
		check_descriptor(&manifest.config);
	for (size_t i = 0; r == 0 && i < manifest.n_layers; i++)
		check_descriptor(&manifest.layers[i]);
	r = index_decode(arena, (const char *)data, size, MEDIA_TYPE_OCI_INDEX, &index, &err);
	check_error(r, &err);
	for (size_t i = 0; r == 0 && i < index.n_manifests; i++)
		check_descriptor(&index.manifests[i]);
	if (r == 0)
		check_error(index_choose(&index, &wanted, &chosen, &err), &err);
	return 0;
}
