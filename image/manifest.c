/*
 * manifest.c - see manifest.h. A document is checked in this order: JSON and its limits, its media type against the one
 * it came with, no member of the other kind of document, then its members by tables.
 */
#include "manifest.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base64.h"
#include "hash.h"

enum { MANIFEST_DEPTH = 12, SCHEMA_VERSION = 2, EMBEDDED_MAX = MANIFEST_MAX };

static const struct json_field platform_fields[] = {
	{ .key = "os", .kind = JSON_AS_STRING, .offset = offsetof(struct platform, os) },
	{ .key = "architecture", .kind = JSON_AS_STRING, .offset = offsetof(struct platform, architecture) },
	{ .key = "variant", .kind = JSON_AS_STRING, .offset = offsetof(struct platform, variant) },
	{ .key = "os.version", .kind = JSON_AS_STRING, .offset = offsetof(struct platform, os_version) },
	{ .key = NULL },
};

static const struct json_field descriptor_fields[] = {
	{ .key = "mediaType",
	  .kind = JSON_AS_STRING,
	  .offset = offsetof(struct descriptor, media_type),
	  .required = true },
	{ .key = "digest",
	  .kind = JSON_AS_CUSTOM,
	  .offset = offsetof(struct descriptor, digest),
	  .decode = digest_decode,
	  .required = true },
	{ .key = "size",
	  .kind = JSON_AS_U64,
	  .offset = offsetof(struct descriptor, size),
	  .required = true,
	  .max = INT64_MAX },
	{ .key = "urls", .kind = JSON_AS_STRING_LIST, .offset = offsetof(struct descriptor, urls) },
	{ .key = "annotations",
	  .kind = JSON_AS_STRING_MAP,
	  .offset = offsetof(struct descriptor, annotations),
	  .count_offset = offsetof(struct descriptor, n_annotations) },
	{ .key = "platform",
	  .kind = JSON_AS_OBJECT,
	  .offset = offsetof(struct descriptor, platform),
	  .fields = platform_fields },
	{ .key = "data", .kind = JSON_AS_STRING, .offset = offsetof(struct descriptor, data) },
	{ .key = NULL },
};

/* Embedded content must be what the descriptor says (descriptor.md "data"). */
static int check_data(struct arena *arena, const struct json *node, struct descriptor *descriptor, struct error *err)
{
	struct digest digest;
	auto_free char *bytes = NULL;
	size_t size;
	char *kept;

	bytes = base64_decode(descriptor->data, strlen(descriptor->data), &size);
	if (!bytes)
		return json_refuse(node, err, "data: expected base64");
	if (size != descriptor->size)
		return json_refuse(node, err, "data: has %zu bytes, size says %llu", size,
				   (unsigned long long)descriptor->size);
	hash_bytes(bytes, size, descriptor->digest.algorithm, &digest);
	if (!digest_eq(&digest, &descriptor->digest))
		return json_refuse(node, err, "data: is not what the digest says");
	kept = arena_alloc(arena, size + 1);
	memcpy(kept, bytes, size);
	descriptor->data = kept;
	descriptor->data_size = size;
	return 0;
}

static int decode_descriptor(struct arena *arena, const struct json *node, void *target, struct error *err)
{
	struct descriptor *descriptor = target;
	const struct media_type *type;
	int r = json_decode(arena, node, descriptor_fields, descriptor, err);

	if (r < 0)
		return r;
	type = media_type_find(descriptor->media_type);
	descriptor->kind = type ? type->kind : MEDIA_OTHER;
	descriptor->compression = type ? type->compression : COMPRESSION_NONE;
	descriptor->foreign = type && type->foreign;
	return descriptor->data ? check_data(arena, node, descriptor, err) : 0;
}

struct head {
	const char *media_type, *artifact_type;
	uint64_t schema_version;
};

static const struct json_field head_fields[] = {
	{ .key = "schemaVersion", .kind = JSON_AS_U64, .offset = offsetof(struct head, schema_version) },
	{ .key = "mediaType", .kind = JSON_AS_STRING, .offset = offsetof(struct head, media_type) },
	{ .key = "artifactType", .kind = JSON_AS_STRING, .offset = offsetof(struct head, artifact_type) },
	{ .key = NULL },
};

static const struct json_field index_fields[] = {
	{ .key = "manifests",
	  .kind = JSON_AS_ARRAY,
	  .offset = offsetof(struct index, manifests),
	  .decode = decode_descriptor,
	  .size = sizeof(struct descriptor),
	  .required = true,
	  .count_offset = offsetof(struct index, n_manifests) },
	{ .key = NULL },
};

static const struct json_field manifest_fields[] = {
	{ .key = "config",
	  .kind = JSON_AS_CUSTOM,
	  .offset = offsetof(struct manifest, config),
	  .decode = decode_descriptor,
	  .required = true },
	{ .key = "layers",
	  .kind = JSON_AS_ARRAY,
	  .offset = offsetof(struct manifest, layers),
	  .decode = decode_descriptor,
	  .size = sizeof(struct descriptor),
	  .required = true,
	  .count_offset = offsetof(struct manifest, n_layers) },
	{ .key = NULL },
};

/* A document that can be read as two kinds would be one thing to us and another to whoever scanned it
   (CVE-2021-41190). */
static int check_kind(const struct json *root, const char *media_type, struct head *head, struct error *err)
{
	static const char *const of_manifests[] = { "config", "layers", "fsLayers" };
	enum media_kind kind = media_kind(media_type);
	static const char *const of_indexes[] = { "manifests", "fsLayers" };
	const char *const *others = kind == MEDIA_INDEX ? of_manifests : of_indexes;
	size_t count = kind == MEDIA_INDEX ? ARRAY_SIZE(of_manifests) : ARRAY_SIZE(of_indexes);

	if (head->schema_version != SCHEMA_VERSION)
		return refuse(err, "schemaVersion is not 2: Docker's first image format is not read");
	if (head->media_type && !str_eq(head->media_type, media_type))
		return refuse(err, "says it is \"%.100s\", and came as \"%.100s\"", head->media_type, media_type);
	for (size_t i = 0; i < count; i++)
		if (json_get(root, others[i]))
			return refuse(err, "came as \"%.100s\", and has \"%s\"", media_type, others[i]);
	return 0;
}

/* Before the array of that many is allocated. */
static int check_count(const struct json *root, const char *key, size_t max, struct error *err)
{
	const struct json *list = json_get(root, key);

	if (list && list->count > max)
		return refuse(err, "%s: %zu entries, at most %zu are read", key, list->count, max);
	return 0;
}

static int read_document(struct arena *arena, const char *text, size_t length, const char *media_type,
			 enum media_kind kind, const struct json **ret_root, struct head *ret_head, struct error *err)
{
	static const struct json_limits limits = { .size = MANIFEST_MAX, .depth = MANIFEST_DEPTH };
	struct head head = { 0 };
	struct json *root;
	int r;

	if (media_kind(media_type) != kind)
		return refuse(err, "is a \"%.100s\", which is no %s", media_type ? media_type : "(no media type)",
			      kind == MEDIA_INDEX ? "image index" : "image manifest");
	r = json_parse(arena, kind == MEDIA_INDEX ? "image index" : "image manifest", text, length, &limits, &root,
		       err);
	if (r == 0)
		r = json_decode(arena, root, head_fields, &head, err);
	if (r == 0)
		r = check_kind(root, media_type, &head, err);
	if (r == 0)
		r = check_count(root, "manifests", INDEX_MANIFESTS_MAX, err);
	if (r == 0)
		r = check_count(root, "layers", MANIFEST_LAYERS_MAX, err);
	if (r < 0)
		return r;
	*ret_root = root;
	*ret_head = head;
	return 0;
}

int index_decode(struct arena *arena, const char *text, size_t length, const char *media_type, struct index *ret,
		 struct error *err)
{
	struct index index = { 0 };
	const struct json *root = NULL;
	struct head head = { 0 };
	int r = read_document(arena, text, length, media_type, MEDIA_INDEX, &root, &head, err);

	if (r == 0)
		r = json_decode(arena, root, index_fields, &index, err);
	if (r < 0)
		return context(err, "image index");
	*ret = index;
	return 0;
}

static int check_manifest(const struct manifest *manifest, const struct head *head, struct error *err)
{
	if (head->artifact_type)
		return refuse(err, "this is an artifact of type \"%.100s\", not a container image",
			      head->artifact_type);
	if (manifest->config.kind != MEDIA_CONFIG)
		return refuse(err, "this is an artifact, not a container image: its config is a \"%.100s\"",
			      manifest->config.media_type);
	for (size_t i = 0; i < manifest->n_layers; i++)
		if (manifest->layers[i].kind != MEDIA_LAYER)
			return refuse(err, "layers[%zu] is a \"%.100s\", which is no layer that can be unpacked", i,
				      manifest->layers[i].media_type);
	return 0;
}

int manifest_decode(struct arena *arena, const char *text, size_t length, const char *media_type, struct manifest *ret,
		    struct error *err)
{
	struct manifest manifest = { 0 };
	const struct json *root = NULL;
	struct head head = { 0 };
	int r = read_document(arena, text, length, media_type, MEDIA_MANIFEST, &root, &head, err);

	if (r == 0)
		r = json_decode(arena, root, manifest_fields, &manifest, err);
	if (r == 0)
		r = check_manifest(&manifest, &head, err);
	if (r < 0)
		return context(err, "image manifest");
	*ret = manifest;
	return 0;
}
