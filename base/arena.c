/* arena.c - a chain of blocks, bump-allocated; see arena.h. */
#include "arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include "str.h"

/* Of a block's data: the first is small, as most arenas are, each next one four times as large. */
enum { BLOCK_MIN = 456, BLOCK_MAX = 16 * 1024, BLOCK_GROWTH = 4 };

struct block {
	struct block *next;
	size_t used, size;
	alignas(max_align_t) unsigned char data[];
};

struct arena {
	struct block *blocks;
};

struct arena *arena_new(void)
{
	return xcalloc(1, sizeof(struct arena));
}

void arena_free(struct arena *arena)
{
	if (!arena)
		return;
	while (arena->blocks) {
		struct block *next = arena->blocks->next;

		free(arena->blocks);
		arena->blocks = next;
	}
	free(arena);
}

static size_t next_size(const struct arena *arena)
{
	if (!arena->blocks)
		return BLOCK_MIN;
	return arena->blocks->size < BLOCK_MAX / BLOCK_GROWTH ? arena->blocks->size * BLOCK_GROWTH : BLOCK_MAX;
}

/* Not zeroed: calloc() would touch pages that are never used. */
static void add_block(struct arena *arena, size_t need)
{
	const size_t usual = next_size(arena);
	const size_t size = need > usual ? need : usual;
	struct block *block;

	if (size > SIZE_MAX - sizeof(*block))
		abort();
	block = xreallocarray(NULL, 1, sizeof(*block) + size);
	*block = (struct block){ .size = size, .next = arena->blocks };
	arena->blocks = block;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	size_t need;
	void *memory;

	if (__builtin_add_overflow(size, alignof(max_align_t) - 1, &need))
		abort();
	need &= ~(alignof(max_align_t) - 1);
	if (!arena->blocks || arena->blocks->size - arena->blocks->used < need)
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
	va_list args;
	char *text;
	int length;

	va_start(args, fmt);
	length = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	if (length < 0)
		abort();
	text = arena_alloc(arena, (size_t)length + 1);
	va_start(args, fmt);
	(void)vsnprintf(text, (size_t)length + 1, fmt, args);
	va_end(args);
	return text;
}
