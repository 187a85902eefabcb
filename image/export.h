/* export.h - a stored image as others read it: an OCI layout, the same in a tar, what `docker load` takes, a registry.
   */
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "pull.h"
#include "record.h"
#include "ref.h"
#include "registry.h"
#include "store.h"

/* Into the layout in dir_fd, which is made if there is none; an entry with the same tag is replaced, others stay. Waits
   for another save to it, which has a lock on the directory until its dir_fd is closed. */
int export_layout(const struct store *store, struct arena *arena, const struct image_record *record, int dir_fd,
		  const char *tag, struct error *err);

/* By ref->transport: REF_OCI, REF_OCI_ARCHIVE, REF_DOCKER_ARCHIVE. name: what the image is called in the archive, or
   NULL. An archive appears at its path when it is whole; path "-" is standard output, and what
   is there but no file, /dev/stdout or a pipe, is written to. */
int export_to_path(const struct store *store, struct arena *arena, const struct image_record *record,
		   const struct image_ref *ref, const char *name, struct error *err);

/* Both hold the image: a `remove` meanwhile does not end them. */

/* jobs: layers at a time; 0: four. watch: PULL_SEND, then PULL_DONE, of each layer, sent or there already. */
int export_to_registry(const struct store *store, struct arena *arena, const struct image_record *record,
		       const struct image_ref *ref, const struct registry_options *options,
		       const struct pull_watch *watch, size_t jobs, struct error *err);
