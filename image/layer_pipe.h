/*
 * layer_pipe.h - bytes from a producer in large batches: made by a thread of its own, or by the caller's when it asks.
 * Private to layer*.c.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/cleanup.h"
#include "base/error.h"

/* Fills at most size bytes: how many, less than size only at the end, or -errno with text. One thread at a time. */
typedef ssize_t (*layer_produce)(void *context, void *buffer, size_t size, struct error *err);

struct layer_pipe;

int layer_pipe_open(layer_produce produce, void *context, bool one_thread, struct layer_pipe **ret, struct error *err);

/* The next batch, valid until the next call: 1, 0 at the end, or the producer's -errno and text. */
int layer_pipe_next(struct layer_pipe *pipe, const void **ret, size_t *ret_size, struct error *err);

/* Ends the thread, wherever it is; NULL-safe. */
void layer_pipe_close(struct layer_pipe *pipe);

DEFINE_AUTO(layer_pipe, struct layer_pipe, layer_pipe_close)
#define auto_layer_pipe auto_cleanup(cleanup_layer_pipe)
