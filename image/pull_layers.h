/* pull_layers.h - the layers of an image, several at a time, into the store: part of pull.c. */
#pragma once

#include "base/error.h"
#include "manifest.h"
#include "pull.h"
#include "source.h"
#include "staging.h"

/* The layers of the manifest, whose uncompressed digests are diff_ids (as many). On success all blobs and layers are
   published, their content durable; on failure those that were whole. */
int pull_layers(struct staging *staging, struct source *source, const struct manifest *manifest,
		const struct digest *diff_ids, const struct pull_options *options, struct error *err);
