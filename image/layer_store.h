/*
 * layer_store.h - how a layer is kept: a directory in overlay form, layers/<alg>/<hex>/diff, or one file, an EROFS
 * image of the same, layers/<alg>/<hex>/image; and beside it `info`, what else was learnt when it was unpacked. Only
 * this and store_layer_path() know; overlays are made of both.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "layer.h"
#include "staging.h"
#include "store.h"

struct layer_info {
	uint64_t tar_size;
	bool opaque;  /* nothing of the layers below is to be seen: overlayfs has no such mark for the top of a layer */
	bool has_top; /* the layer says whose the root directory is, and what its mode */
	uint64_t implied; /* directories without an entry of their own; 0 if that is not known */
};

bool layer_is_stored(const struct store *store, const struct digest *diff_id);
int layer_read_info(const struct store *store, const struct digest *diff_id, struct layer_info *ret, struct error *err);

/* LAYER_OVERLAY or LAYER_IMAGE. */
enum layer_form layer_stored_form(const struct store *store, const struct digest *diff_id);

/* Unpacks the blob to the staging directory, under `name`, in the form of the options. The caller compares
   digests. */
int layer_stage(const struct staging *staging, const char *name, int blob_fd, enum digest_algorithm blob_algorithm,
		enum digest_algorithm diff_algorithm, const struct layer_options *options, struct layer_result *ret,
		struct error *err);

/* Makes durable all that was staged. */
int layer_sync(const struct staging *staging, struct error *err);

/* Moves a staged, durable layer to its place; one that came there meanwhile stays. Its name is durable once
   a record is. */
int layer_publish(const struct staging *staging, const char *name, const struct digest *diff_id, struct error *err);

/* 0 if the stored layer is the same as the staged one, which is of the same form; -ESTALE with the difference. */
int layer_compare(const struct staging *staging, const char *name, const struct digest *diff_id, struct error *err);

/* Puts the staged, durable layer in place of the stored one, which goes to the trash. */
int layer_replace(struct staging *staging, const char *name, const struct digest *diff_id, struct error *err);
