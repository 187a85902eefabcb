/*
 * staging.h - what is being made: staging/<random>/, held by a flock on the directory for as long as its maker lives.
 *
 * staging/<random>/keep names the blobs and layers that its maker uses, published or about to be, a line each
 * ("blob sha256:...", "layer sha256:..."): garbage collection leaves them alone while the lock is held. It is written
 * under the store's shared lock, so that a collection sees it or is over before its writer looks what is there.
 *
 * staging/<alg>-<hex>.partial is a blob that is being fetched, locked by whoever fetches it; it stays for the next try.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "digest.h"
#include "store.h"

enum { STAGING_NAME_MAX = 48 };

struct staging {
	const struct store *store;
	int fd;                      /* the directory, with the lock */
	char name[STAGING_NAME_MAX]; /* "staging/<random>" */
};

int staging_make(const struct store *store, struct staging *ret, struct error *err);

/* Removes it with all that is in it. */
void staging_free(struct staging *staging);

/* Notes what its maker uses; more calls add to it. */
int staging_keep(struct staging *staging, const char *kind, const struct digest *digests, size_t count,
		 struct error *err);

/* Moves what is there (a path relative to the store's root) into the staging directory: trash, removed with it. A
   missing one is no error. */
int staging_take(struct staging *staging, const char *path, struct error *err);

/* Removes what dead makers left; with partials, fetched parts of blobs too, that nobody is fetching. */
int staging_clean(const struct store *store, bool partials, struct error *err);

/* Calls for each line of each living maker's keep file. */
int staging_each_kept(const struct store *store,
		      void (*kept)(void *context, const char *kind, const struct digest *digest), void *context,
		      struct error *err);

/* Opens (makes) the partial file of a blob and locks it, however long another fetches it. Its name is in name[]. */
int staging_open_partial(const struct store *store, const struct digest *digest, char name[static STORE_PATH_MAX],
			 struct error *err);

static inline void cleanup_staging(struct staging *staging)
{
	if (staging->fd >= 0)
		staging_free(staging);
}
#define auto_staging auto_cleanup(cleanup_staging)
