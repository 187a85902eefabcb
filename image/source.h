/*
 * source.h - where an image comes from: one interface for OCI layouts, archives and registries. All of it is hostile;
 * the caller (pull.c) checks digest and size of what it gets.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "manifest.h"

/* A manifest or index, with the media type that the source says it has; NULL: it does not say. */
struct document {
	const char *text;
	size_t length;
	const char *media_type;
};

/* Called from the thread that fetches, now and then: bytes of the blob that are there. Non-zero stops: -ECANCELED. */
struct fetch_progress {
	int (*report)(void *context, uint64_t bytes);
	void *context;
};

struct source;

struct source_ops {
	/* digest NULL: what the reference names. */
	int (*document)(struct source *source, struct arena *arena, const struct descriptor *wanted,
			struct document *ret, struct error *err);
	/* Appends to out_fd, a file that holds the first `have` bytes of the blob and is positioned behind them, until
	   it is whole: never more than wanted->size bytes in all. On failure what came is there, for the next time.
	   A registry begins anew where a mirror gave wrong bytes. May be called from several threads at once. */
	int (*blob)(struct source *source, const struct descriptor *wanted, int out_fd, uint64_t have,
		    const struct fetch_progress *progress, struct error *err);
	void (*close)(struct source *source); /* frees it */
};

/* The first member of each source. */
struct source {
	const struct source_ops *ops;
	bool remote;            /* what came of a blob is worth keeping, even of a layer that cannot be unpacked */
	const char *name;       /* for error texts: "docker.io/library/busybox:latest", "oci:dir" */
	const char *image_name; /* under which the image was known where it was saved; NULL: none. Known once the first
				   document was read; as it stands there, so to be parsed */
};

static inline void source_close(struct source *source)
{
	if (source)
		source->ops->close(source);
}

DEFINE_AUTO(source, struct source, source_close)
#define auto_source auto_cleanup(cleanup_source)
