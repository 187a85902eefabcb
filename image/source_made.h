/*
 * source_made.h - an image that is put together here: a config, layer files, and the manifest that is made of them.
 * What import, and the archives of `docker save`, which have no manifest, become to be pulled like any other.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "manifest.h"
#include "source.h"

/* An empty one; its name is copied. */
struct source *made_source_new(const char *name);

/* Adds the next layer: a whole blob (from offset 0), taken over. Its digest is computed; the media type is by the
   compression. */
int made_source_add_layer(struct source *source, int fd, enum compression compression, struct error *err);

/* The config's text, and with it the manifest: the last call. */
void made_source_finish(struct source *source, const char *config, size_t length);
