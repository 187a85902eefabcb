/*
 * pull.h - an image from any source into the store:
 *
 *	document -> platform -> manifest -> config -> layers, several at a time -> record -> name
 *
 * A layer that is stored is neither fetched nor unpacked again; a blob that came half way goes on from there.
 * Everything is compared with the digests of the manifest and the config before it is published, and durable before the
 * record is.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "layer.h"
#include "manifest.h"
#include "record.h"
#include "source.h"
#include "store.h"

enum pull_phase { PULL_FETCH, PULL_UNPACK, PULL_SEND, PULL_STORED, PULL_DONE }; /* send: export.h */

/* Who watches. begin comes once; layer from any thread, one call at a time for a layer: `bytes` of its blob are done in
   this phase. Both may be NULL. */
struct pull_watch {
	void (*begin)(void *context, const struct manifest *manifest);
	void (*layer)(void *context, size_t layer, enum pull_phase phase, uint64_t bytes);
	void *context;
};

struct pull_options {
	struct platform platform;          /* os and architecture are needed */
	const struct digest *expected;     /* of the first document, or NULL */
	const char *name;                  /* that the image gets; NULL: none */
	bool name_of_source;               /* without a name: the one that it has in the archive or layout, if any */
	unsigned jobs;                     /* layers at a time; 0: four, or one a processor if there are more */
	enum layer_form form;              /* of layers that are not stored yet: LAYER_OVERLAY or LAYER_IMAGE */
	const struct layer_limits *limits; /* NULL: the default */
	bool no_devices;                   /* see layer.h */
	struct pull_watch watch;
};

int pull_image(const struct store *store, struct arena *arena, struct source *source,
	       const struct pull_options *options, struct image_record *ret, struct error *err);
