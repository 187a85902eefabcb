/* record.c - see record.h. The members: specs/image-store.md. */
#include "record.h"

#include "base/json.h"
#include "base/str.h"

enum { FORMAT = 1, RECORD_DEPTH = 4, RECORD_SIZE = 1024 * 1024 };

static const struct json_field layer_fields[] = {
	{ .key = "mediaType",
	  .kind = JSON_AS_STRING,
	  .offset = offsetof(struct record_layer, media_type),
	  .required = true },
	{ .key = "blob",
	  .kind = JSON_AS_CUSTOM,
	  .offset = offsetof(struct record_layer, blob),
	  .decode = digest_decode,
	  .required = true },
	{ .key = "diffId",
	  .kind = JSON_AS_CUSTOM,
	  .offset = offsetof(struct record_layer, diff_id),
	  .decode = digest_decode,
	  .required = true },
	{ .key = "blobSize", .kind = JSON_AS_U64, .offset = offsetof(struct record_layer, blob_size) },
	{ .key = "opaque", .kind = JSON_AS_BOOL, .offset = offsetof(struct record_layer, opaque) },
	{ .key = "top", .kind = JSON_AS_BOOL, .offset = offsetof(struct record_layer, has_top) },
	{ .key = "tarSize", .kind = JSON_AS_U64, .offset = offsetof(struct record_layer, tar_size) },
	{ .key = NULL },
};

/* A number that is not FORMAT is refused by its range. */
struct record_file {
	struct image_record image;
	uint64_t format;
};

static const struct json_field fields[] = {
	{ .key = "format",
	  .kind = JSON_AS_U64,
	  .offset = offsetof(struct record_file, format),
	  .required = true,
	  .min = FORMAT,
	  .max = FORMAT },
	{ .key = "manifest",
	  .kind = JSON_AS_CUSTOM,
	  .offset = offsetof(struct record_file, image.manifest),
	  .decode = digest_decode,
	  .required = true },
	{ .key = "manifestType",
	  .kind = JSON_AS_STRING,
	  .offset = offsetof(struct record_file, image.manifest_type),
	  .required = true },
	{ .key = "manifestSize", .kind = JSON_AS_U64, .offset = offsetof(struct record_file, image.manifest_size) },
	{ .key = "config",
	  .kind = JSON_AS_CUSTOM,
	  .offset = offsetof(struct record_file, image.config),
	  .decode = digest_decode,
	  .required = true },
	{ .key = "configSize", .kind = JSON_AS_U64, .offset = offsetof(struct record_file, image.config_size) },
	{ .key = "os", .kind = JSON_AS_STRING, .offset = offsetof(struct record_file, image.os), .required = true },
	{ .key = "architecture",
	  .kind = JSON_AS_STRING,
	  .offset = offsetof(struct record_file, image.architecture),
	  .required = true },
	{ .key = "variant", .kind = JSON_AS_STRING, .offset = offsetof(struct record_file, image.variant) },
	{ .key = "created", .kind = JSON_AS_STRING, .offset = offsetof(struct record_file, image.created) },
	{ .key = "pulled", .kind = JSON_AS_I64, .offset = offsetof(struct record_file, image.pulled) },
	{ .key = "layers",
	  .kind = JSON_AS_ARRAY,
	  .offset = offsetof(struct record_file, image.layers),
	  .fields = layer_fields,
	  .size = sizeof(struct record_layer),
	  .required = true,
	  .count_offset = offsetof(struct record_file, image.n_layers) },
	{ .key = "implied",
	  .kind = JSON_AS_ARRAY,
	  .offset = offsetof(struct record_file, image.implied),
	  .fields = layer_fields,
	  .size = sizeof(struct record_layer),
	  .count_offset = offsetof(struct record_file, image.n_implied) },
	{ .key = NULL },
};

int record_decode(struct arena *arena, const char *name, const char *text, size_t length, struct image_record *ret,
		  struct error *err)
{
	static const struct json_limits limits = { .size = RECORD_SIZE, .depth = RECORD_DEPTH };
	struct record_file file = { 0 };
	struct json *root;
	int r = json_parse(arena, name, text, length, &limits, &root, err);

	if (r < 0)
		return r;
	if (json_decode(arena, root, fields, &file, err) < 0)
		return context(err, "%s", name);
	*ret = file.image;
	return 0;
}

static void put_digest(struct json_writer *writer, const char *key, const struct digest *digest)
{
	char text[DIGEST_TEXT_MAX];

	json_put_string(writer, key, digest_text(digest, text));
}

static void put_optional(struct json_writer *writer, const char *key, const char *text)
{
	if (text)
		json_put_string(writer, key, text);
}

static void put_layers(struct json_writer *writer, const char *key, const struct record_layer *layers, size_t count)
{
	json_begin_array(writer, key);
	for (size_t i = 0; i < count; i++) {
		const struct record_layer *layer = &layers[i];

		json_begin_object(writer, NULL);
		json_put_string(writer, "mediaType", layer->media_type);
		put_digest(writer, "blob", &layer->blob);
		put_digest(writer, "diffId", &layer->diff_id);
		json_put_u64(writer, "blobSize", layer->blob_size);
		json_put_u64(writer, "tarSize", layer->tar_size);
		json_put_bool(writer, "opaque", layer->opaque);
		json_put_bool(writer, "top", layer->has_top);
		json_end_object(writer);
	}
	json_end_array(writer);
}

char *record_encode(const struct image_record *record, size_t *ret_length)
{
	auto_json_writer struct json_writer *writer = json_writer_new(false);

	json_begin_object(writer, NULL);
	json_put_u64(writer, "format", FORMAT);
	put_digest(writer, "manifest", &record->manifest);
	json_put_string(writer, "manifestType", record->manifest_type);
	json_put_u64(writer, "manifestSize", record->manifest_size);
	put_digest(writer, "config", &record->config);
	json_put_u64(writer, "configSize", record->config_size);
	json_put_string(writer, "os", record->os);
	json_put_string(writer, "architecture", record->architecture);
	put_optional(writer, "variant", record->variant);
	put_optional(writer, "created", record->created);
	json_put_i64(writer, "pulled", record->pulled);
	put_layers(writer, "layers", record->layers, record->n_layers);
	if (record->n_implied)
		put_layers(writer, "implied", record->implied, record->n_implied);
	json_end_object(writer);
	return xstrdup(json_writer_text(writer, ret_length));
}
