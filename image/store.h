/*
 * store.h - the image store: a directory, no daemon (specs/image-store.md).
 *
 *	version                  "1", or "1 user": made in a user namespace; written last when a store is made
 *	lock                     flock: shared to take a reference or to publish, exclusive while unused things go
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

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"
#include "digest.h"
#include "record.h"

/* All paths in the store are opened relative to `root`: "blobs/sha256/<hex>". */
struct store {
	const char *path; /* absolute */
	int root;         /* directory fd */
	bool user_xattrs; /* made in a user namespace: overlay marks are user.overlay.*, there are no device nodes */
};

enum {
	STORE_NAME_MAX = 255,                  /* an escaped name is a file name */
	STORE_RECORD_MAX = 1024 * 1024,        /* bytes of a record */
	STORE_ID_PREFIX_MIN = 12,              /* digits of an id that are enough to be one */
	STORE_PATH_MAX = 24 + DIGEST_TEXT_MAX, /* "layers/sha512/<hex>/diff" */
};

/* $COFFER_STORE, else /var/lib/coffer for root, else $XDG_DATA_HOME/coffer (~/.local/share/coffer). */
const char *store_default_path(struct arena *arena);

/* Opens the store, which is made (0700) if it is not there; a store of another version, of another user or that others
   can write to is refused, and so is a directory of other things. Five system calls when it is there. */
int store_open(struct arena *arena, const char *path, struct store *ret, struct error *err);
void store_close(struct store *store);

/* A directory of the store (path as "names", "." its own), to be read from its beginning; NULL with text. The caller
   closes it. */
DIR *store_open_directory(const struct store *store, const char *path, struct error *err);

/* A held lock as an fd; close it to release. Waits 30 s at most. */
int store_lock(const struct store *store, bool exclusive, struct error *err);

/* The record of a stored image by name (normalised here), its hex, "sha256:" and hex, or a prefix of 12 or more digits
   that is unambiguous. -ENOENT: "image NAME is not stored ...". Seven system calls by name. */
int store_find(const struct store *store, struct arena *arena, const char *name_or_id, struct image_record *ret,
	       struct error *err);

/* The same, but only its hex: the record is not looked at. -ENOENT without text. */
int store_find_hex(const struct store *store, struct arena *arena, const char *name_or_id,
		   char hex[static DIGEST_HEX_MAX + 1], struct error *err);

/* The record of the image with this hex. -ENOENT without text if there is none. */
int store_read_record(const struct store *store, struct arena *arena, const char *hex, struct image_record *ret,
		      struct error *err);

/* A blob, whole (at most max bytes; configs and manifests); the caller frees. */
int store_read_blob(const struct store *store, const struct digest *digest, size_t max, char **ret_text,
		    size_t *ret_length, struct error *err);

/* "<store>/layers/sha256/<hex>/diff", or "image" where it is kept as one file, in the arena: a lower layer of overlayfs
   (namespaces/overlay.h). */
const char *store_layer_path(const struct store *store, struct arena *arena, const struct digest *diff_id);

/* "blobs/sha256/<hex>" and "layers/sha256/<hex>", relative to the root, in buffer[STORE_PATH_MAX]; return buffer. */
const char *store_blob_name(const struct digest *digest, char *buffer);
const char *store_layer_name(const struct digest *diff_id, char *buffer);

/* The file name of an image's name: '/' is '+', other bytes than letters, digits and "._-:@[]" are %XX, a dot in front
   too. -ENAMETOOLONG with text. The way back: NULL if it is no such file name. */
int store_escape_name(const char *name, char escaped[static STORE_NAME_MAX + 1], struct error *err);
char *store_unescape_name(struct arena *arena, const char *escaped);
