/*
 * layer_sink.h - where the entries of a layer go: an interface. For each entry `entry` is called; for a regular file
 * that is no whiteout then `data` for each piece, offsets ascending, and `end`; after the last entry `finish`. What
 * `entry` is given stays valid until the next one. After an error only `close` follows. Private to layer*.c.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "layer.h"
#include "layer_entry.h"

struct layer_sink;

struct layer_sink_ops {
	int (*entry)(struct layer_sink *sink, const struct layer_entry *entry, struct error *err);
	int (*data)(struct layer_sink *sink, uint64_t offset, const void *data, size_t size, struct error *err);
	int (*end)(struct layer_sink *sink, struct error *err);
	/* Fills in what the sink counts: from skipped_devices on. */
	int (*finish)(struct layer_sink *sink, struct layer_result *result, struct error *err);
	void (*close)(struct layer_sink *sink); /* frees it */
};

/* The first member of each sink. */
struct layer_sink {
	const struct layer_sink_ops *ops;
	uint64_t implied; /* directories made so far that have no entry */
};

static inline void layer_sink_close(struct layer_sink *sink)
{
	if (sink)
		sink->ops->close(sink);
}

DEFINE_AUTO(layer_sink, struct layer_sink, layer_sink_close)
#define auto_layer_sink auto_cleanup(cleanup_layer_sink)

/* Files below dir_fd, which is borrowed. */
struct layer_sink *layer_dir_open(int dir_fd, const struct layer_options *options);

/* An EROFS image in image_fd, which is borrowed and empty. */
struct layer_sink *layer_erofs_open(int image_fd, const struct layer_options *options);
