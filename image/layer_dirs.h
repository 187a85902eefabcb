/*
 * layer_dirs.h - the directories of the target by their clean paths: a few are held open, and when one is let go its
 * time of modification is what it was before things were put into it. Private to layer*.c.
 *
 * Paths resolve by openat2 with RESOLVE_IN_ROOT: symlinks on the way are followed, but never out of the top directory.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>

#include "base/error.h"
#include "layer_made.h"

enum { LAYER_DIRS_HELD = 8 };

struct layer_dir {
	char *path; /* NULL: the slot is free */
	int fd;
	ino_t inode;
	gid_t gid; /* may be that of what is made in it: with the set-group-id bit, or as its file system is mounted */
	struct timespec mtime;
	bool dirty; /* something was put into it */
	uint64_t used;
};

struct layer_dirs {
	int root; /* borrowed */
	struct layer_dir slots[LAYER_DIRS_HELD];
	uint64_t clock;
	uint64_t implied;
	struct layer_made *made;  /* what is made here is noted there; may be NULL */
	const char *opaque_xattr; /* overlay form: a directory in place of something else gets this mark; or NULL */
	bool opaques;             /* one did */
};

void layer_dirs_init(struct layer_dirs *dirs, int root, struct layer_made *made, const char *opaque_xattr);
void layer_dirs_free(struct layer_dirs *dirs); /* without setting times */

/* The directory of this path, valid until the next call. Missing ones are made (layer_is_implied()) if `make`, and what
   is in their way and no symlink is replaced; without, -ENOENT has no text. */
int layer_dirs_get(struct layer_dirs *dirs, const char *path, bool make, struct layer_dir **ret, struct error *err);

/* Lets go of all. */
int layer_dirs_flush(struct layer_dirs *dirs, struct error *err);

/* Makes or merges the directory `name` in parent and holds it under path. *ret_merged: it was one already. Something
   else in its place is replaced. */
int layer_dirs_make(struct layer_dirs *dirs, struct layer_dir *parent, const char *name, const char *path,
		    struct layer_dir **ret, bool *ret_merged, struct error *err);

/* Overlay form: the name of this directory was removed. One without an entry is not that of the layers below. */
void layer_dirs_unmark(struct layer_dir *dir);

/* Overlay form: nothing that lower layers have in this directory is to be seen. */
int layer_dirs_set_opaque(struct layer_dirs *dirs, const struct layer_dir *dir, struct error *err);

/*
 * layer_prune() of what is in a held directory, or layer_prune_inside() of all of it (name NULL). All directories are
 * let go of unless the name is that of a plain file: dir is to be got anew.
 */
int layer_dirs_prune(struct layer_dirs *dirs, struct layer_dir *dir, const char *name, const struct layer_made *made,
		     struct error *err);
