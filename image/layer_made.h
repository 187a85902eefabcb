/*
 * layer_made.h - which names the layer that is being applied has made: whiteouts leave these alone. A set of keyed
 * 64-bit hashes of a directory's inode and a name. Private to layer*.c.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"

struct layer_made;

struct layer_made *layer_made_new(void);
void layer_made_free(struct layer_made *made);                                /* NULL-safe */
void layer_made_add(struct layer_made *made, ino_t parent, const char *name); /* made may be NULL */
bool layer_made_has(const struct layer_made *made, ino_t parent, const char *name);

/*
 * Removes `name` below parent_fd and all that is in it, but not what was made here (made NULL: everything) nor the
 * directories that lead to it. No links are followed. 1: something is left, 0: nothing, or -errno with text.
 */
int layer_prune(int parent_fd, ino_t parent, const char *name, const struct layer_made *made, struct error *err);

/* The same for what is in a directory. */
int layer_prune_inside(int dir_fd, const struct layer_made *made, struct error *err);
