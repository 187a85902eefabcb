/* arena.c - a chain of blocks, bump-allocated; see arena.h. */
#include "arena.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "str.h"

/* A small arena is one allocation, as most are small; each next block is four times as large. */
enum { ARENA_SIZE = 488, BLOCK_MIN = 2 * 1024, BLOCK_MAX = 16 * 1024, BLOCK_GROWTH = 4 };

struct block {
	struct block *next;
	size_t used, size;
	alignas(max_align_t) unsigned char data[];
};

struct arena {
	bool in_room;
	size_t next_size;
	struct block *blocks; /* the newest first; the last is `rest` */
	struct block rest;    /* of the arena's own memory */
};

static struct arena *begin(void *memory, size_t size, bool in_room)
{
	struct arena *arena = memory;

	*arena = (struct arena){ .in_room = in_room, .next_size = BLOCK_MIN, .blocks = &arena->rest };
	arena->rest.size = size - sizeof(*arena);
	return arena;
}

struct arena *arena_new(void)
{
	return begin(xreallocarray(NULL, 1, ARENA_SIZE), ARENA_SIZE, false);
}

struct arena *arena_in(struct arena_room *room)
{
	return begin(room->bytes, sizeof(room->bytes), true);
}

void arena_free(struct arena *arena)
{
	if (!arena)
		return;
	while (arena->blocks != &arena->rest) {
		struct block *next = arena->blocks->next;

		free(arena->blocks);
		arena->blocks = next;
	}
	if (!arena->in_room)
		free(arena);
}

/* Not zeroed: calloc() would touch pages that are never used. */
static void add_block(struct arena *arena, size_t need)
{
	const size_t size = need > arena->next_size ? need : arena->next_size;
	struct block *block;

	if (size > SIZE_MAX - sizeof(*block))
		abort();
	block = xreallocarray(NULL, 1, sizeof(*block) + size);
	*block = (struct block){ .size = size, .next = arena->blocks };
	arena->blocks = block;
	arena->next_size = size < BLOCK_MAX / BLOCK_GROWTH ? size * BLOCK_GROWTH : BLOCK_MAX;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	size_t need;
	void *memory;

	if (__builtin_add_overflow(size, alignof(max_align_t) - 1, &need))
		abort();
	need &= ~(alignof(max_align_t) - 1);
	if (arena->blocks->size - arena->blocks->used < need)
		add_block(arena, need);
	memory = arena->blocks->data + arena->blocks->used;
	arena->blocks->used += need;
	return memset(memory, 0, need);
}

void *arena_array(struct arena *arena, size_t count, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(count, size, &bytes))
		abort();
	return arena_alloc(arena, bytes);
}

char *arena_strndup(struct arena *arena, const char *text, size_t length)
{
	char *copy;

	if (length == SIZE_MAX)
		abort();
	copy = arena_alloc(arena, length + 1);
	memcpy(copy, text, length);
	return copy;
}

char *arena_strdup(struct arena *arena, const char *text)
{
	return arena_strndup(arena, text, strlen(text));
}

char *arena_printf(struct arena *arena, const char *fmt, ...)
{
	char usual[USUAL_TEXT];
	va_list args;
	char *text;
	int length;

	va_start(args, fmt);
	length = vsnprintf(usual, sizeof(usual), fmt, args);
	va_end(args);
	if (length < 0)
		abort();
	if (length < (int)sizeof(usual))
		return arena_strndup(arena, usual, (size_t)length);
	text = arena_alloc(arena, (size_t)length + 1);
	va_start(args, fmt);
	(void)vsnprintf(text, (size_t)length + 1, fmt, args);
	va_end(args);
	return text;
}
