/*
 * source_layout.h - images from directories and archives: OCI layouts (image-spec image-layout.md), the same in a tar,
 * and what `docker save` writes. Archives are unpacked to a staging directory of the store first; both are hostile:
 * files are opened below their directory only, regular ones only.
 */
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "ref.h"
#include "source.h"
#include "staging.h"
#include "store.h"

/* By ref->transport: REF_OCI, REF_OCI_ARCHIVE or REF_DOCKER_ARCHIVE. Without a tag: the only image, the one with the
   tag "latest", or else the one for the platform. Texts live in the arena. */
int source_open_path(const struct store *store, struct arena *arena, const struct image_ref *ref, struct source **ret,
		     struct error *err);

/* An OCI layout in a directory; takes dir_fd. tag may be NULL. */
int layout_source_open(struct arena *arena, int dir_fd, const char *tag, const char *name, struct source **ret,
		       struct error *err);

/* The file at this path for reading from its beginning, standard input for "-"; a pipe becomes a file without a name in
   the staging directory, since what is in it is read twice. */
int archive_open_file(const struct staging *staging, const char *path, struct error *err);

/* What the first bytes of a file say that it is. */
enum compression file_compression(int fd);

/* A regular file below dir_fd for reading, through symlinks that stay below it. -errno without text. */
int layout_open_file(int dir_fd, const char *path);
