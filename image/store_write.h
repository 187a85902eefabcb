/*
 * store_write.h - what comes into the store: durable before it can be found. Data goes to a staging directory, fsync,
 * rename; the directories of blobs and layers are synced before a record that may name what is in them, whoever put it
 * there, perhaps another pull a moment ago; the record's directory before the image's name.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "record.h"
#include "staging.h"
#include "store.h"

/* Writes data to the path (relative to the root), in place of what is there; durable under it. */
int store_put_file(const struct staging *staging, const char *path, const void *data, size_t size, struct error *err);

/* A blob from memory; one that is there is left as it is. Its name is durable once a record is. */
int store_put_blob(const struct staging *staging, const struct digest *digest, const void *data, size_t size,
		   struct error *err);

/* Makes the names of all blobs and layers durable before. */
int store_put_record(const struct staging *staging, const struct image_record *record, struct error *err);

/* Gives the image with this hex the name, which another may have had until now. */
int store_put_name(const struct staging *staging, const char *name, const char *hex, struct error *err);

/* Notes all that the image has, so that it stays for as long as the staging directory does, removed or not. */
int store_keep_image(struct staging *staging, const struct image_record *record, struct error *err);

/* The same with a staging directory of its own; *ret has none in a read-only store, where nothing is removed. */
int store_hold_image(const struct store *store, const struct image_record *record, struct staging *ret,
		     struct error *err);

/* fsync of a directory in the store. */
int store_sync_directory(const struct store *store, const char *path, struct error *err);

/* Directories of blobs or layers, all algorithms: "blobs", "layers". */
int store_sync_directories(const struct store *store, const char *kind, struct error *err);

/* A published blob of this size, opened; -ENOENT without text if there is none or it has another size. */
int store_open_blob(const struct store *store, const struct digest *digest, uint64_t size, struct error *err);
