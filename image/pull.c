/* pull.c - see pull.h: which image, its manifest and config, and at the end its record; the layers: pull_layers.c. */
#include "pull.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/str.h"
#include "config.h"
#include "hash.h"
#include "layer_implied.h"
#include "layer_store.h"
#include "pull_layers.h"
#include "ref.h"
#include "staging.h"
#include "store_write.h"

enum { NESTED_MAX = 4 }; /* indexes in indexes */

struct pull {
	const struct store *store;
	struct arena *arena;
	struct source *source;
	const struct pull_options *options;
	struct document document; /* the manifest's */
	struct digest digest;
	struct manifest manifest;
	const char *config_text;
	struct image_config config;
};

static int check_content(const char *what, const char *text, size_t length, const struct descriptor *wanted,
			 struct error *err)
{
	char expected[DIGEST_TEXT_MAX];
	struct digest found;

	if (length != wanted->size)
		return refuse_as(err, EBADMSG, "%s has %zu bytes, expected %" PRIu64, what, length, wanted->size);
	hash_bytes(text, length, wanted->digest.algorithm, &found);
	if (!digest_eq(&found, &wanted->digest))
		return refuse_as(err, EBADMSG, "%s is not what its digest says: %s", what,
				 digest_text(&wanted->digest, expected));
	return 0;
}

/* A manifest or index that a descriptor names; embedded data has been checked when the descriptor was decoded. */
static int get_document(struct pull *pull, const struct descriptor *wanted, struct document *ret, struct error *err)
{
	int r;

	if (wanted->data) {
		*ret = (struct document){ wanted->data, wanted->data_size, wanted->media_type };
		return 0;
	}
	if (wanted->size > MANIFEST_MAX)
		return refuse(err, "a manifest of %" PRIu64 " bytes, at most %d are read", wanted->size, MANIFEST_MAX);
	r = pull->source->ops->document(pull->source, pull->arena, wanted, ret, err);
	if (r < 0)
		return r;
	ret->media_type = wanted->media_type;
	return check_content("the manifest", ret->text, ret->length, wanted, err);
}

/* The first document is what the reference names; only if that has a digest is there one to compare with. */
static int get_first(struct pull *pull, struct document *ret, struct error *err)
{
	const struct digest *expected = pull->options->expected;
	int r = pull->source->ops->document(pull->source, pull->arena, NULL, ret, err);

	if (r < 0)
		return r;
	hash_bytes(ret->text, ret->length, expected ? expected->algorithm : DIGEST_SHA256, &pull->digest);
	if (expected && !digest_eq(expected, &pull->digest))
		return refuse_as(err, EBADMSG, "the manifest is not what its digest says");
	return 0;
}

static int choose_manifest(struct pull *pull, struct error *err)
{
	struct document document = { 0 };
	int r = get_first(pull, &document, err);

	for (int i = 0; r == 0 && media_kind(document.media_type) == MEDIA_INDEX; i++) {
		const struct descriptor *chosen = NULL;
		struct index index;

		if (i == NESTED_MAX)
			return refuse(err, "more than %d indexes in one another", NESTED_MAX);
		r = index_decode(pull->arena, document.text, document.length, document.media_type, &index, err);
		if (r == 0)
			r = index_choose(&index, &pull->options->platform, &chosen, err);
		if (r == 0)
			r = get_document(pull, chosen, &document, err);
		if (r == 0)
			pull->digest = chosen->digest;
	}
	if (r == 0)
		r = manifest_decode(pull->arena, document.text, document.length, document.media_type, &pull->manifest,
				    err);
	pull->document = document;
	return r;
}

/* By the source's way for blobs, through a file of the staging directory. */
static int fetch_config(struct pull *pull, const struct staging *staging, char **ret_text, size_t *ret_length,
			struct error *err)
{
	auto_fd int fd = openat(staging->fd, "config", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	int r;

	if (fd < 0)
		return fail(err, errno, "make %s/config", staging->name);
	r = pull->source->ops->blob(pull->source, &pull->manifest.config, fd, 0, NULL, err);
	return r < 0 ? r : fd_read_file(staging->fd, "config", IMAGE_CONFIG_MAX, ret_text, ret_length, err);
}

static int get_config(struct pull *pull, const struct staging *staging, struct error *err)
{
	const struct descriptor *wanted = &pull->manifest.config;
	auto_free char *text = NULL;
	size_t length = wanted->data_size;
	int r = 0;

	if (wanted->size > IMAGE_CONFIG_MAX)
		return refuse(err, "an image config of %" PRIu64 " bytes, at most %d are read", wanted->size,
			      IMAGE_CONFIG_MAX);
	pull->config_text = wanted->data;
	if (!wanted->data) {
		r = fetch_config(pull, staging, &text, &length, err);
		if (r == 0)
			r = check_content("the image config", text, length, wanted, err);
		if (r < 0)
			return r;
		pull->config_text = arena_strndup(pull->arena, text, length);
	}
	r = image_config_decode(pull->arena, pull->config_text, length, &pull->config, err);
	if (r == 0 && pull->config.n_diff_ids != pull->manifest.n_layers)
		r = refuse(err, "the config has %zu layers, the manifest %zu", pull->config.n_diff_ids,
			   pull->manifest.n_layers);
	if (r == 0 && pull->manifest.n_layers == 0)
		r = refuse(err, "the image has no layers");
	return r;
}

/* Before anything is looked for in the store: from here on garbage collection leaves it alone. */
static int keep_all(struct pull *pull, struct staging *staging, struct error *err)
{
	size_t count = pull->manifest.n_layers + 2;
	struct digest *blobs = arena_array(pull->arena, count, sizeof(*blobs));
	int r;

	blobs[0] = pull->digest;
	blobs[1] = pull->manifest.config.digest;
	for (size_t i = 0; i < pull->manifest.n_layers; i++)
		blobs[i + 2] = pull->manifest.layers[i].digest;
	r = staging_keep(staging, "blob", blobs, count, err);
	return r < 0 ? r : staging_keep(staging, "layer", pull->config.diff_ids, pull->config.n_diff_ids, err);
}

/* What lower layers say of directories that a higher one has no entries for, as one more layer. */
static int fill_implied(const struct pull *pull, struct staging *staging, struct image_record *record,
			struct error *err)
{
	bool needed;
	int r;

	record->implied = arena_alloc(pull->arena, sizeof(*record->implied));
	r = layer_implied_make(staging, record, pull->options->form, record->implied, &needed, err);
	record->n_implied = r == 0 && needed;
	return r;
}

static int fill_layers(const struct pull *pull, struct image_record *record, struct error *err)
{
	record->n_layers = pull->manifest.n_layers;
	record->layers = arena_array(pull->arena, record->n_layers + 1, sizeof(*record->layers));
	for (size_t i = 0; i < record->n_layers; i++) {
		const struct descriptor *layer = &pull->manifest.layers[i];
		struct layer_info info;
		int r = layer_read_info(pull->store, &pull->config.diff_ids[i], &info, err);

		if (r < 0)
			return r;
		record->layers[i] = (struct record_layer){
			.media_type = layer->media_type,
			.blob = layer->digest,
			.diff_id = pull->config.diff_ids[i],
			.blob_size = layer->size,
			.tar_size = info.tar_size,
			.opaque = info.opaque,
			.has_top = info.has_top,
		};
	}
	return 0;
}

/* A name that an archive has for the image may be anything: what is no name is left out. */
static const char *name_to_give(const struct pull *pull)
{
	struct image_ref ref = { 0 };
	struct error ignored;

	if (pull->options->name || !pull->options->name_of_source || !pull->source->image_name)
		return pull->options->name;
	return ref_parse(pull->arena, pull->source->image_name, &ref, &ignored) == 0 ? ref.name : NULL;
}

static int write_image(struct pull *pull, struct staging *staging, struct image_record *ret, struct error *err)
{
	const struct descriptor *config = &pull->manifest.config;
	struct image_record record = {
		.manifest = pull->digest,
		.manifest_type = pull->document.media_type,
		.manifest_size = pull->document.length,
		.config = config->digest,
		.config_size = config->size,
		.os = pull->config.platform.os,
		.architecture = pull->config.platform.architecture,
		.variant = pull->config.platform.variant,
		.created = pull->config.created,
		.pulled = time(NULL),
	};
	const char *name = name_to_give(pull);
	int r = fill_layers(pull, &record, err);

	if (r == 0)
		r = fill_implied(pull, staging, &record, err);
	if (r == 0)
		r = store_put_blob(staging, &config->digest, pull->config_text, config->size, err);
	if (r == 0)
		r = store_put_blob(staging, &pull->digest, pull->document.text, pull->document.length, err);
	if (r == 0)
		r = store_put_record(staging, &record, err);
	if (r == 0 && name)
		r = store_put_name(staging, name, record.manifest.hex, err);
	if (r == 0)
		*ret = record;
	return r;
}

static int check_platform(const struct pull *pull, struct error *err)
{
	const struct platform *wanted = &pull->options->platform;
	const struct platform *found = &pull->config.platform;

	if (str_eq(found->os, wanted->os) && str_eq(found->architecture, wanted->architecture))
		return 0;
	return refuse(err, "the image is for %.32s/%.32s, not for %s/%s (--platform takes another)", found->os,
		      found->architecture, wanted->os, wanted->architecture);
}

static int pull_all(struct pull *pull, struct image_record *ret, struct error *err)
{
	const struct pull_watch *watch = &pull->options->watch;
	auto_staging struct staging staging = { .fd = -1 };
	int r = staging_make(pull->store, &staging, err);

	if (r == 0)
		r = choose_manifest(pull, err);
	if (r == 0)
		r = get_config(pull, &staging, err);
	if (r == 0)
		r = check_platform(pull, err);
	if (r == 0)
		r = keep_all(pull, &staging, err);
	if (r < 0)
		return r;
	if (watch->begin)
		watch->begin(watch->context, &pull->manifest);
	r = pull_layers(&staging, pull->source, &pull->manifest, pull->config.diff_ids, pull->options, err);
	return r < 0 ? r : write_image(pull, &staging, ret, err);
}

int pull_image(const struct store *store, struct arena *arena, struct source *source,
	       const struct pull_options *options, struct image_record *ret, struct error *err)
{
	struct pull pull = { .store = store, .arena = arena, .source = source, .options = options };
	struct error ignored;

	(void)staging_clean(store, false, &ignored);
	return pull_all(&pull, ret, err) < 0 ? context(err, "%s", source->name) : 0;
}
