/* test_arena.c - what an arena gives out is zeroed, aligned and apart from the rest; impossible sizes abort. */
#include "base/arena.h"

#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "tests/unit/child.h"
#include "tests/unit/test.h"

static bool is_zero(const unsigned char *memory, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (memory[i])
			return false;
	return true;
}

/* Sizes around a block's, so that each kind of step to a new block is taken; every piece is filled to its end. */
static void pieces_are_zeroed_aligned_and_apart(void)
{
	static const size_t sizes[] = { 0, 1, 15, 16, 17, 8000, 8384, 1, 16383, 16384, 16385, 100000, 3, 0, 0 };
	unsigned char *pieces[ARRAY_SIZE(sizes)];
	auto_arena struct arena *arena = arena_new();

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		pieces[i] = arena_alloc(arena, sizes[i]);
		CHECK(pieces[i] != NULL);
		CHECK_INT(0, (uintptr_t)pieces[i] % alignof(max_align_t));
		CHECK(is_zero(pieces[i], sizes[i]));
		memset(pieces[i], (int)i + 1, sizes[i]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
		for (size_t at = 0; at < sizes[i]; at++)
			CHECK_INT(i + 1, pieces[i][at]);
}

static void count_up(struct arena *arena)
{
	enum { COUNT = 5000 };
	size_t *first = arena_array(arena, COUNT, sizeof(*first));

	for (size_t i = 0; i < COUNT; i++) {
		size_t *piece = arena_alloc(arena, sizeof(*piece));

		CHECK_INT(0, *piece);
		first[i] = *piece = i;
	}
	for (size_t i = 0; i < COUNT; i++)
		CHECK_INT(i, first[i]);
}

static void many_small_pieces(void)
{
	struct arena_room room;
	auto_arena struct arena *on_heap = arena_new();
	auto_arena struct arena *in_room = arena_in(&room);

	count_up(on_heap);
	count_up(in_room);
}

static void a_room_is_used_first(void)
{
	struct arena_room room;
	auto_arena struct arena *arena = arena_in(&room);
	const unsigned char *end = room.bytes + sizeof(room.bytes);
	unsigned char *piece = arena_alloc(arena, 1000);

	CHECK(piece > room.bytes && piece + 1000 <= end);
	memset(piece, 1, 1000);
	piece = arena_alloc(arena, 1000);
	CHECK(piece > room.bytes && piece + 1000 <= end);
	CHECK(is_zero(piece, 1000));
	piece = arena_alloc(arena, 1000);
	CHECK(piece + 1000 <= room.bytes || piece >= end);
	CHECK(is_zero(piece, 1000));
}

static void printed_strings_of_all_lengths(void)
{
	auto_arena struct arena *arena = arena_new();

	for (int length = 1; length < 2 * USUAL_TEXT; length++) {
		const char *text = arena_printf(arena, "%*d", length, 7);

		CHECK_INT(length, strlen(text));
		CHECK(text[length - 1] == '7');
	}
}

static void strings(void)
{
	auto_arena struct arena *arena = arena_new();
	char big[40000];

	memset(big, 'x', sizeof(big));
	CHECK_STR("", arena_strdup(arena, ""));
	CHECK_STR("abc", arena_strdup(arena, "abc"));
	CHECK_STR("ab", arena_strndup(arena, "abc", 2));
	CHECK_STR("", arena_strndup(arena, "abc", 0));
	CHECK_STR("7-x", arena_printf(arena, "%d-%s", 7, "x"));
	CHECK_STR("", arena_printf(arena, "%s", ""));
	CHECK_INT(sizeof(big), strlen(arena_strndup(arena, big, sizeof(big))));
	CHECK_INT(30000, strlen(arena_printf(arena, "%30000d", 1)));
	/* As many bytes as said, with NUL bytes among them: JSON strings are copied by length. */
	CHECK(memcmp(arena_strndup(arena, "a\0b", 3), "a\0b", 4) == 0);
}

static int allocate_everything(const void *unused)
{
	(void)unused;
	(void)arena_alloc(arena_new(), SIZE_MAX);
	return 0;
}

static int allocate_almost_everything(const void *unused)
{
	(void)unused;
	(void)arena_alloc(arena_new(), SIZE_MAX - 64);
	return 0;
}

static int overflow_array(const void *unused)
{
	(void)unused;
	(void)arena_array(arena_new(), SIZE_MAX / 2 + 2, 2);
	return 0;
}

static int overflow_string(const void *unused)
{
	(void)unused;
	(void)arena_strndup(arena_new(), "", SIZE_MAX);
	return 0;
}

static void impossible_sizes_abort(void)
{
	CHECK_INT(1000 + SIGABRT, in_child(allocate_everything, NULL));
	CHECK_INT(1000 + SIGABRT, in_child(allocate_almost_everything, NULL));
	CHECK_INT(1000 + SIGABRT, in_child(overflow_array, NULL));
	CHECK_INT(1000 + SIGABRT, in_child(overflow_string, NULL));
}

static void free_of_nothing(void)
{
	arena_free(NULL);
	arena_free(arena_new());
}

static const struct test tests[] = {
	TEST(pieces_are_zeroed_aligned_and_apart),
	TEST(many_small_pieces),
	TEST(a_room_is_used_first),
	TEST(printed_strings_of_all_lengths),
	TEST(strings),
	TEST(impossible_sizes_abort),
	TEST(free_of_nothing),
};
TEST_MAIN(tests)
