/*
 * store.h - the image store: a directory, no daemon (specs/image-store.md).
 *
 *	version                  "1"
 *	lock                     flock: shared to take a reference, exclusive for the moment that things go to the trash
 *	blobs/<alg>/<hex>        configs, manifests, compressed layers
 *	layers/<alg>/<hex>/diff  a layer in overlay form, by its diffID: shared by the images that have it
 *	images/<hex>             the record of an image, by the digest of its manifest (record.h)
 *	names/<escaped name>     the hex of the image that has this name
 *	containers/<id>/         config.json, image (hex: a reference), upper, work: a container of `run --image`
 *	staging/<random>/        what is being made, or trash; its owner holds a flock on it, else the next removes it
 *
 * What is published is durable before its name is: data, then rename, then the parent directory, then the record.
 */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/error.h"
#include "digest.h"
#include "record.h"

struct store {
	const char *path;                                            /* absolute */
	int root, blobs, layers, images, names, containers, staging; /* directory fds */
	bool user_xattrs; /* of an ordinary user: overlay marks are user.overlay.* */
};

/* $COFFER_STORE, else /var/lib/coffer for root, else $XDG_DATA_HOME/coffer (~/.local/share/coffer). */
const char *store_default_path(struct arena *arena);

/* Opens the store, which is made (0700) if it is not there; a store of another version is refused. */
int store_open(struct arena *arena, const char *path, struct store *ret, struct error *err);
void store_close(struct store *store);

/* A held lock; close the fd to release. */
int store_lock(const struct store *store, bool exclusive, struct error *err);

/* The record of a stored image by name (normalised here) or by its hex or a prefix of 12 or more that is unambiguous.
   -ENOENT: "image NAME is not stored". */
int store_find(const struct store *store, struct arena *arena, const char *name_or_id, struct image_record *ret,
	       struct error *err);

/* A blob, whole (at most max bytes; configs and manifests); the caller frees. */
int store_read_blob(const struct store *store, const struct digest *digest, size_t max, char **ret_text,
		    size_t *ret_length, struct error *err);

/* "<store>/layers/sha256/<hex>/diff", in the arena: a lower directory of overlayfs. */
const char *store_layer_path(const struct store *store, struct arena *arena, const struct digest *diff_id);
