/*
 * layer_pipe.h - bytes from a producer in large batches: made by a thread of its own, or by the caller's when it asks.
 * Hashing, of these and of other bytes, is done by whichever thread would have to wait for the other. Private to
 * layer*.c.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/cleanup.h"
#include "base/error.h"

struct layer_pipe_work {
	/* Fills at most size bytes, as decompress_read() does; one thread at a time. */
	ssize_t (*produce)(void *context, void *buffer, size_t size, struct error *err);
	/* Called once for each batch, in their order, by any thread, one at a time. */
	void (*look)(void *context, const void *data, size_t size);
	/* A piece of what else is to be done, by any thread, one at a time: 1, 0 when there is no more, or -errno with
	   text. May be NULL. */
	int (*aside)(void *context, struct error *err);
	void *context;
};

struct layer_pipe;

/* beside: how many there are at the same time, this one too, which share 48 MiB for batches; 0 is 1. */
int layer_pipe_open(const struct layer_pipe_work *work, bool one_thread, size_t beside, struct layer_pipe **ret,
		    struct error *err);

/* The next batch, valid until the next call: 1; 0 at the end, when all have been looked at and nothing is left aside;
   or the -errno and text of what failed. */
int layer_pipe_next(struct layer_pipe *pipe, const void **ret, size_t *ret_size, struct error *err);

/* Ends the thread, wherever it is; NULL-safe. */
void layer_pipe_close(struct layer_pipe *pipe);

DEFINE_AUTO(layer_pipe, struct layer_pipe, layer_pipe_close)
#define auto_layer_pipe auto_cleanup(cleanup_layer_pipe)
