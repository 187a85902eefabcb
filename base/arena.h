/*
 * arena.h - memory that lives and dies together: a decoded config with all its strings and arrays.
 * Allocation never fails (the process aborts when memory is out) and everything is zeroed.
 */
#pragma once

#include <stddef.h>

#include "cleanup.h"

struct arena;

struct arena *arena_new(void);
void arena_free(struct arena *arena); /* NULL-safe; frees every allocation of the arena */

void *arena_alloc(struct arena *arena, size_t size);
void *arena_array(struct arena *arena, size_t count, size_t size); /* aborts on overflow */
char *arena_strdup(struct arena *arena, const char *text);
char *arena_strndup(struct arena *arena, const char *text, size_t length);
char *arena_printf(struct arena *arena, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

DEFINE_AUTO(arena, struct arena, arena_free)
#define auto_arena auto_cleanup(cleanup_arena)
