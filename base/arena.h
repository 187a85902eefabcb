/*
 * arena.h - memory that lives and dies together: a decoded config with all its strings and arrays.
 * Allocation never fails (the process aborts when memory is out) and everything is zeroed.
 */
#pragma once

#include <stdalign.h>
#include <stddef.h>

#include "cleanup.h"

struct arena;

enum { ARENA_ROOM_SIZE = 3 * 1024 };

/* Memory of the caller's, on its stack, for the first of an arena: a command that needs no more makes the kernel map
   none, which takes longer than all else that is done with it. */
struct arena_room {
	alignas(max_align_t) unsigned char bytes[ARENA_ROOM_SIZE];
};

struct arena *arena_new(void);
struct arena *arena_in(struct arena_room *room); /* which outlives it */
void arena_free(struct arena *arena);            /* NULL-safe; frees every allocation of the arena */

void *arena_alloc(struct arena *arena, size_t size);
void *arena_array(struct arena *arena, size_t count, size_t size); /* aborts on overflow */
char *arena_strdup(struct arena *arena, const char *text);
char *arena_strndup(struct arena *arena, const char *text, size_t length);
char *arena_printf(struct arena *arena, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

DEFINE_AUTO(arena, struct arena, arena_free)
#define auto_arena auto_cleanup(cleanup_arena)
