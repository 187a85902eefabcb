/* verify.c - see verify.h. */
#include "verify.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/tree.h"
#include "hash.h"
#include "layer_store.h"
#include "manifest.h"
#include "staging.h"
#include "store_write.h"

#define NO_LIMIT (UINT64_C(1) << 40)

enum { WINDOW_LOG_MAX = 31 }; /* that zstd can read at all */

struct verification {
	const struct store *store;
	struct staging staging;
	const struct verify_watch *watch;
	bool repair, no_devices;
	size_t damaged;
};

static void tell(struct verification *verification, bool repaired, const struct error *finding)
{
	if (!repaired)
		verification->damaged++;
	verification->watch->finding(verification->watch->context, finding->text, repaired);
}

/* The blob's fd if it is whole; -EBADMSG after a finding. */
static int check_blob(struct verification *verification, const struct digest *digest, uint64_t size, struct error *err)
{
	auto_fd int fd = store_open_blob(verification->store, digest, size, err);
	struct digest found = { 0 };
	char name[STORE_PATH_MAX];
	struct error finding;
	int r = fd < 0 ? fd : hash_file(fd, digest->algorithm, &found, err);

	if (r < 0 && r != -ENOENT)
		return r;
	if (r == 0 && digest_eq(&found, digest))
		return take_fd(&fd);
	(void)store_blob_name(digest, name);
	if (r == 0)
		(void)refuse(&finding, "%s is damaged", name);
	else
		(void)refuse(&finding, "%s is missing or has not %" PRIu64 " bytes", name, size);
	tell(verification, false, &finding);
	if (verification->repair && staging_take(&verification->staging, name, err) < 0)
		return -err->code;
	return -EBADMSG;
}

static int check_only_blob(struct verification *verification, const struct digest *digest, uint64_t size,
			   struct error *err)
{
	int fd = check_blob(verification, digest, size, err);

	if (fd >= 0)
		(void)close(fd);
	return fd < 0 && fd != -EBADMSG ? fd : 0;
}

/* The blob is the one that was taken with the limits of then. */
static const struct layer_limits no_limits = {
	.bytes = NO_LIMIT,
	.entries = NO_LIMIT,
	.ratio = NO_LIMIT,
	.path = NO_LIMIT,
	.depth = NO_LIMIT,
	.header = NO_LIMIT,
	.xattrs = NO_LIMIT,
	.tree = NO_LIMIT,
	.window_log = WINDOW_LOG_MAX,
};

static int stage_again(struct verification *verification, const struct record_layer *layer, int fd, struct error *err)
{
	const struct media_type *type = media_type_find(layer->media_type);
	const struct layer_options options = {
		.compression = type ? type->compression : COMPRESSION_NONE,
		.form = layer_stored_form(verification->store, &layer->diff_id),
		.limits = &no_limits,
		.user_xattrs = verification->store->user_xattrs,
		.no_devices = verification->no_devices,
	};
	struct layer_result result;
	int r = layer_stage(&verification->staging, "again", fd, layer->blob.algorithm, layer->diff_id.algorithm,
			    &options, &result, err);

	if (r == 0 && !digest_eq(&result.diff_id, &layer->diff_id))
		r = refuse_as(err, EBADMSG, "the unpacked layer is not what the image config says");
	return r;
}

static int compare_again(struct verification *verification, const struct record_layer *layer, struct error *err)
{
	struct error finding;
	char name[STORE_PATH_MAX];
	int r = layer_compare(&verification->staging, "again", &layer->diff_id, &finding);

	if (r == 0)
		return 0;
	(void)context(&finding, "%s", store_layer_name(&layer->diff_id, name));
	if (!verification->repair) {
		tell(verification, false, &finding);
		return 0;
	}
	r = layer_sync(&verification->staging, err);
	if (r == 0)
		r = layer_replace(&verification->staging, "again", &layer->diff_id, err);
	if (r == 0)
		tell(verification, true, &finding);
	return r;
}

static int verify_layer(struct verification *verification, const struct record_layer *layer, struct error *err)
{
	auto_fd int fd = check_blob(verification, &layer->blob, layer->blob_size, err);
	int r;

	if (fd < 0)
		return fd == -EBADMSG ? 0 : fd;
	r = stage_again(verification, layer, fd, err);
	if (r == 0)
		r = compare_again(verification, layer, err);
	return r < 0 ? r : tree_remove(verification->staging.fd, "again", err);
}

static int verify_all(struct verification *verification, const struct image_record *record, struct error *err)
{
	int r = store_keep_image(&verification->staging, record, err);

	if (r == 0)
		r = check_only_blob(verification, &record->manifest, record->manifest_size, err);
	if (r == 0)
		r = check_only_blob(verification, &record->config, record->config_size, err);
	for (size_t i = 0; r == 0 && i < record->n_layers; i++)
		r = verify_layer(verification, &record->layers[i], err);
	for (size_t i = 0; r == 0 && i < record->n_implied; i++)
		r = verify_layer(verification, &record->implied[i], err);
	return r;
}

int verify_image(const struct store *store, const struct image_record *record, bool repair, bool no_devices,
		 const struct verify_watch *watch, size_t *ret_damaged, struct error *err)
{
	struct verification verification = {
		.store = store, .watch = watch, .repair = repair, .no_devices = no_devices
	};
	int r = staging_make(store, &verification.staging, err);

	if (r < 0)
		return r;
	r = verify_all(&verification, record, err);
	staging_free(&verification.staging);
	if (r == 0)
		*ret_damaged = verification.damaged;
	return r;
}
