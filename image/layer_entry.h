/* layer_entry.h - what a tar entry means in a layer (image-spec layer.md): paths and whiteouts. Private to layer*.c. */
#pragma once

#include <stdint.h>

#include "base/error.h"
#include "tar.h"

enum layer_mark {
	LAYER_PLAIN,
	LAYER_WHITEOUT, /* hides what lower layers have of this name */
	LAYER_OPAQUE,   /* hides what lower layers have in this directory */
};

/*
 * Paths are clean: relative to the top, components joined by single slashes, none of them empty, ".", ".." or longer
 * than NAME_MAX; "" is the top itself. The name of a whiteout is that of what it hides, an opaque one's its directory.
 */
struct layer_entry {
	const struct tar_entry *tar;
	enum layer_mark mark;
	const char *path;                 /* dir and name together */
	const char *dir, *name;           /* name "": the top directory */
	const char *link_dir, *link_name; /* the target of a hard link */
};

/* The memory of one entry's paths. */
struct layer_paths {
	char *path, *dir, *link;
};

void layer_paths_free(struct layer_paths *paths);

int layer_entry_parse(const struct tar_entry *tar, uint64_t depth_max, struct layer_paths *paths,
		      struct layer_entry *ret, struct error *err);
