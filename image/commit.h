/* commit.h - what a container of `coffer run --image` has written, as one more layer on its image. */
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "manifest.h"
#include "source.h"
#include "staging.h"

struct commit_options {
	const char *author, *comment; /* NULL: as the image has it; none */
};

/*
 * A source to pull from: the layers of the container's image, from the store's own blobs, and one of its upper
 * directory, packed to `staging`, which must outlive it. *ret_platform is the image's. The container should not be
 * writing. -ENOENT: there is no such container, or it is not one of an image's.
 */
int commit_source_open(struct staging *staging, struct arena *arena, const char *id,
		       const struct commit_options *options, struct source **ret, struct platform *ret_platform,
		       struct error *err);
