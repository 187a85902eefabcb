/* siphash.c - see siphash.h. Eight bytes a step as a little-endian word; the last word carries the length. */
#include "siphash.h"

#include <endian.h>
#include <string.h>

enum { COMPRESS_ROUNDS = 2, FINISH_ROUNDS = 4, WORD = sizeof(uint64_t), LENGTH_SHIFT = 56 };

/* The distances are the paper's; the two marks tell the 128-bit variant from the 64-bit one. */
enum { TURN_A = 13, TURN_B = 16, TURN_C = 17, TURN_D = 21, HALF = 32, MARK_LOW = 0xee, MARK_HIGH = 0xdd };

struct state {
	uint64_t v0, v1, v2, v3;
};

static inline uint64_t rotate(uint64_t value, unsigned bits)
{
	return (value << bits) | (value >> (64 - bits));
}

static inline void rounds(struct state *s, int count)
{
	for (int i = 0; i < count; i++) {
		s->v0 += s->v1;
		s->v2 += s->v3;
		s->v1 = rotate(s->v1, TURN_A) ^ s->v0;
		s->v3 = rotate(s->v3, TURN_B) ^ s->v2;
		s->v0 = rotate(s->v0, HALF);
		s->v2 += s->v1;
		s->v0 += s->v3;
		s->v1 = rotate(s->v1, TURN_C) ^ s->v2;
		s->v3 = rotate(s->v3, TURN_D) ^ s->v0;
		s->v2 = rotate(s->v2, HALF);
	}
}

static inline void compress(struct state *s, uint64_t word)
{
	s->v3 ^= word;
	rounds(s, COMPRESS_ROUNDS);
	s->v0 ^= word;
}

struct hash128 siphash128(struct hash128 key, const void *data, size_t size)
{
	const unsigned char *bytes = data;
	size_t whole = size - size % WORD;
	struct hash128 result;
	uint64_t word;
	/* "somepseudorandomlygeneratedbytes" */
	struct state s = {
		key.low ^ UINT64_C(0x736f6d6570736575),
		key.high ^ UINT64_C(0x646f72616e646f6d) ^ MARK_LOW,
		key.low ^ UINT64_C(0x6c7967656e657261),
		key.high ^ UINT64_C(0x7465646279746573),
	};

	for (size_t i = 0; i < whole; i += WORD) {
		memcpy(&word, bytes + i, WORD);
		compress(&s, le64toh(word));
	}
	word = (uint64_t)size << LENGTH_SHIFT;
	for (size_t i = whole; i < size; i++)
		word |= (uint64_t)bytes[i] << (8 * (i - whole));
	compress(&s, word);
	s.v2 ^= MARK_LOW;
	rounds(&s, FINISH_ROUNDS);
	result.low = s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
	s.v1 ^= MARK_HIGH;
	rounds(&s, FINISH_ROUNDS);
	result.high = s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
	return result;
}
