/* source_made.c - see source_made.h. */
#include "source_made.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/str.h"
#include "file_copy.h"
#include "hash.h"

struct made_layer {
	struct digest digest;
	uint64_t size;
	enum compression compression;
	int fd;
};

struct made {
	struct source source;
	char *name, *config, *manifest;
	size_t config_length, manifest_length;
	struct digest config_digest;
	struct made_layer *layers;
	size_t n_layers;
};

static int document(struct source *source, struct arena *arena, const struct descriptor *wanted, struct document *ret,
		    struct error *err)
{
	const struct made *made = (const struct made *)source;

	if (wanted)
		return refuse_as(err, ENOENT, "there is no other manifest");
	*ret = (struct document){ arena_strndup(arena, made->manifest, made->manifest_length), made->manifest_length,
				  MEDIA_TYPE_OCI_MANIFEST };
	return 0;
}

static int copy_config(const struct made *made, int out_fd, uint64_t have, struct error *err)
{
	int r = have > made->config_length
			? -EINVAL
			: fd_write_all(out_fd, made->config + have, made->config_length - (size_t)have);

	return r < 0 ? fail(err, -r, "write the image config") : 0;
}

static int blob(struct source *source, const struct descriptor *wanted, int out_fd, uint64_t have,
		const struct fetch_progress *progress, struct error *err)
{
	const struct made *made = (const struct made *)source;

	if (digest_eq(&wanted->digest, &made->config_digest))
		return copy_config(made, out_fd, have, err);
	for (size_t i = 0; i < made->n_layers; i++)
		if (digest_eq(&wanted->digest, &made->layers[i].digest))
			return file_copy_tail(made->layers[i].fd, out_fd, have, wanted->size, progress, err);
	return refuse_as(err, ENOENT, "there is no such layer");
}

static void close_made(struct source *source)
{
	struct made *made = (struct made *)source;

	for (size_t i = 0; i < made->n_layers; i++)
		(void)close(made->layers[i].fd);
	free(made->layers);
	free(made->name);
	free(made->config);
	free(made->manifest);
	free(made);
}

struct source *made_source_new(const char *name)
{
	static const struct source_ops ops = { .document = document, .blob = blob, .close = close_made };
	struct made *made = xcalloc(1, sizeof(*made));

	made->name = xstrdup(name);
	made->source = (struct source){ .ops = &ops, .name = made->name };
	return &made->source;
}

int made_source_add_layer(struct source *source, int fd, enum compression compression, struct error *err)
{
	struct made *made = (struct made *)source;
	auto_fd int owned = fd;
	struct made_layer layer = { .compression = compression };
	struct stat st;
	int r;

	if (made->n_layers >= MANIFEST_LAYERS_MAX)
		return refuse(err, "more than %d layers", MANIFEST_LAYERS_MAX);
	if (fstat(owned, &st) < 0)
		return fail(err, errno, "stat a layer");
	r = hash_file(owned, DIGEST_SHA256, &layer.digest, err);
	if (r < 0)
		return r;
	layer.size = (uint64_t)st.st_size;
	layer.fd = take_fd(&owned);
	made->layers = xreallocarray(made->layers, made->n_layers + 1, sizeof(*made->layers));
	made->layers[made->n_layers++] = layer;
	return 0;
}

static void put_descriptor(struct json_writer *writer, const char *key, const char *media_type,
			   const struct digest *digest, uint64_t size)
{
	char text[DIGEST_TEXT_MAX];

	json_begin_object(writer, key);
	json_put_string(writer, "mediaType", media_type);
	json_put_string(writer, "digest", digest_text(digest, text));
	json_put_u64(writer, "size", size);
	json_end_object(writer);
}

void made_source_finish(struct source *source, const char *config, size_t length)
{
	static const char *const layer_types[] = {
		[COMPRESSION_NONE] = MEDIA_TYPE_OCI_LAYER,
		[COMPRESSION_GZIP] = MEDIA_TYPE_OCI_LAYER "+gzip",
		[COMPRESSION_ZSTD] = MEDIA_TYPE_OCI_LAYER "+zstd",
	};
	auto_json_writer struct json_writer *writer = json_writer_new(false);
	struct made *made = (struct made *)source;

	made->config = xcalloc(length + 1, 1);
	memcpy(made->config, config, length);
	made->config_length = length;
	hash_bytes(config, length, DIGEST_SHA256, &made->config_digest);
	json_begin_object(writer, NULL);
	json_put_u64(writer, "schemaVersion", 2);
	json_put_string(writer, "mediaType", MEDIA_TYPE_OCI_MANIFEST);
	put_descriptor(writer, "config", MEDIA_TYPE_OCI_CONFIG, &made->config_digest, length);
	json_begin_array(writer, "layers");
	for (size_t i = 0; i < made->n_layers; i++)
		put_descriptor(writer, NULL, layer_types[made->layers[i].compression], &made->layers[i].digest,
			       made->layers[i].size);
	json_end_array(writer);
	json_end_object(writer);
	made->manifest = xstrdup(json_writer_text(writer, &made->manifest_length));
}
