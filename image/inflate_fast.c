/*
 * inflate_fast.c - the loop where all the time goes; see inflate.h. What counts here is the chain from the bits to an
 * entry to the next bits, and branches that cannot be foreseen: literal or match is the only one left. So bits are
 * refilled without a branch, the next entry is on its way before a match is copied, and nearly all copies are of 32
 * bytes, needed or not. A round looks at none of its bounds, so the loop does it before each:
 *
 *	bits	A refill leaves 56 at least. Three literals take 45; a match takes 48, and comes first after one.
 *		A look-up behind them needs no more than the rest of the word, of which all 64 bits are right.
 *	input	At most two refills, of which the first moves by 7 bytes or less and the second reads 8.
 *	output	Two literals, a match, and what a copy writes too much.
 */
#include "inflate.h"

#include <assert.h>
#include <endian.h>
#include <string.h>

enum { WORD = 8, HALF = 16, COPY = 32, FULL_BITS = 56, COUNT_MASK = 63, AHEAD = 2048 };
enum { CODE_AND_EXTRA_MAX = CODE_MAX + 5 + CODE_MAX + 13, MATCH_MAX = 258, ROUND_LITERALS = 2 };

static_assert(CODE_AND_EXTRA_MAX <= (int)FULL_BITS && 3 * (int)CODE_MAX <= (int)FULL_BITS,
	      "a round without enough bits");
static_assert((int)FAST_IN >= 2 * (int)WORD - 1, "a round may read behind the input");
static_assert((int)FAST_OUT >= (int)ROUND_LITERALS + (int)MATCH_MAX + (int)COPY - 1,
	      "a round may write behind the room");

#define INLINE static inline __attribute__((always_inline))

/* `count` of `bits` is right in its lowest 6 bits only; the bits above those counted are right or 0. */
struct loop {
	const unsigned char *in;
	uint64_t bits, count;
	unsigned char *out;
	uint32_t entry; /* of the next literal or length, not taken yet */
	const unsigned char *history;
};

INLINE bool unlikely(uint32_t condition)
{
	return __builtin_expect(condition != 0, 0);
}

INLINE void refill(struct loop *loop)
{
	uint64_t word;

	memcpy(&word, loop->in, sizeof(word));
	loop->bits |= le64toh(word) << (loop->count & COUNT_MASK);
	loop->in += (~loop->count >> 3) & (WORD - 1);
	loop->count |= FULL_BITS;
}

INLINE void take(struct loop *loop, uint32_t entry)
{
	loop->bits >>= entry & ENTRY_TAKE;
	loop->count -= entry;
}

INLINE uint32_t look_up(const struct loop *loop, const uint32_t *table, unsigned bits)
{
	return table[loop->bits & ((UINT64_C(1) << bits) - 1)];
}

INLINE uint32_t look_further(struct loop *loop, const uint32_t *table, uint32_t entry)
{
	take(loop, entry);
	return look_up(loop, table + (entry >> ENTRY_VALUE_SHIFT), entry >> ENTRY_CODE_SHIFT & ENTRY_CODE);
}

/* Base and extra bits. */
INLINE size_t take_value(struct loop *loop, uint32_t entry)
{
	const uint64_t all = loop->bits & ((UINT64_C(1) << (entry & ENTRY_TAKE)) - 1);

	take(loop, entry);
	return (entry >> ENTRY_VALUE_SHIFT) + (all >> (entry >> ENTRY_CODE_SHIFT & ENTRY_CODE));
}

INLINE void put_literal(struct loop *loop, const uint32_t *litlen)
{
	take(loop, loop->entry);
	*loop->out++ = (unsigned char)(loop->entry >> ENTRY_VALUE_SHIFT);
	loop->entry = look_up(loop, litlen, LITLEN_BITS);
}

/* One there is, and up to two more; false: less than three. */
INLINE bool put_literals(struct loop *loop, const uint32_t *litlen)
{
	put_literal(loop, litlen);
	if (!(loop->entry & ENTRY_LITERAL))
		return false;
	put_literal(loop, litlen);
	if (!(loop->entry & ENTRY_LITERAL))
		return false;
	put_literal(loop, litlen);
	return true;
}

INLINE void copy_half(unsigned char *to, const unsigned char *from)
{
	unsigned char piece[HALF];

	memcpy(piece, from, HALF);
	memcpy(to, piece, HALF);
}

/* A pattern of less than 16 bytes: by 8, from as many patterns behind as are 8 bytes at least. */
static void repeat(unsigned char *to, size_t distance, const unsigned char *end)
{
	static const unsigned char period[] = { 0, 8, 8, 9, 8, 10, 12, 14 };
	const unsigned char *from = to - distance;

	if (distance < WORD) {
		for (unsigned i = 0; i < WORD; i++)
			to[i] = from[i];
		to += WORD;
		from = to - period[distance];
	}
	for (; to < end; to += WORD, from += WORD) {
		unsigned char piece[WORD];

		memcpy(piece, from, WORD);
		memcpy(to, piece, WORD);
	}
}

/* Writes up to 31 bytes more. In the order of memory: a distance may be shorter than the length. */
INLINE unsigned char *copy_match(unsigned char *to, size_t distance, size_t length)
{
	unsigned char *const end = to + length;
	const unsigned char *from = to - distance;

	if (unlikely(distance < HALF)) {
		repeat(to, distance, end);
		return end;
	}
	copy_half(to, from);
	copy_half(to + HALF, from + HALF);
	while (unlikely(to + COPY < end)) {
		to += COPY;
		from += COPY;
		copy_half(to, from);
		copy_half(to + HALF, from + HALF);
	}
	return end;
}

INLINE enum inflate_found put_match(struct loop *loop, const struct inflate *inflate)
{
	size_t length, distance;
	uint32_t entry;

	__builtin_prefetch(loop->out + AHEAD, 1);
	length = take_value(loop, loop->entry);
	entry = look_up(loop, inflate->distances, DISTANCE_BITS);
	if (unlikely(entry & ENTRY_OTHER)) {
		if (entry & ENTRY_TABLE)
			entry = look_further(loop, inflate->distances, entry);
		if (entry & ENTRY_OTHER)
			return INFLATE_BAD_CODE;
	}
	distance = take_value(loop, entry);
	loop->entry = look_up(loop, inflate->litlen, LITLEN_BITS);
	if (unlikely(distance > (size_t)(loop->out - loop->history)))
		return INFLATE_BAD_DISTANCE;
	loop->out = copy_match(loop->out, distance, length);
	return INFLATE_MORE;
}

/* Whole bytes that were not used go back, as far as they came from this piece. */
INLINE void finish(const struct loop *loop, struct inflate *inflate, struct codec_io *io)
{
	const unsigned char *in = loop->in;
	uint64_t count = loop->count & COUNT_MASK;

	for (; count >= 8 && in > io->in; count -= 8)
		in--;
	inflate->bits = loop->bits & ((UINT64_C(1) << count) - 1);
	inflate->n_bits = (unsigned)count;
	io->in_left -= (size_t)(in - io->in);
	io->in = in;
	io->out_left -= (size_t)(loop->out - io->out);
	io->out = loop->out;
}

INLINE enum inflate_found run(struct inflate *inflate, struct codec_io *io)
{
	const unsigned char *const in_end = io->in + io->in_left - FAST_IN;
	const unsigned char *const out_end = io->out + io->out_left - FAST_OUT;
	struct loop loop = {
		.in = io->in,
		.bits = inflate->bits,
		.count = inflate->n_bits,
		.out = io->out,
		.history = inflate->history,
	};
	enum inflate_found found = INFLATE_MORE;

	refill(&loop); /* the round does it again, which then moves nothing */
	loop.entry = look_up(&loop, inflate->litlen, LITLEN_BITS);
	do {
		refill(&loop);
		if (loop.entry & ENTRY_LITERAL) {
			if (put_literals(&loop, inflate->litlen))
				continue;
			refill(&loop);
		}
		if (unlikely(loop.entry & ENTRY_OTHER)) {
			if (loop.entry & ENTRY_TABLE)
				loop.entry = look_further(&loop, inflate->litlen, loop.entry);
			if (loop.entry & ENTRY_LITERAL) {
				put_literal(&loop, inflate->litlen);
				continue;
			}
			if (loop.entry & ENTRY_OTHER) {
				found = loop.entry & ENTRY_END ? INFLATE_BLOCK_END : INFLATE_BAD_CODE;
				take(&loop, loop.entry);
				break;
			}
		}
		found = put_match(&loop, inflate);
	} while (found == INFLATE_MORE && loop.out <= out_end && loop.in <= in_end);
	finish(&loop, inflate, io);
	return found;
}

#ifdef __x86_64__
static __attribute__((target("bmi,bmi2,avx2"))) enum inflate_found run_modern(struct inflate *inflate,
									      struct codec_io *io)
{
	return run(inflate, io);
}

bool inflate_modern(void)
{
	return __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("avx2");
}
#else
static enum inflate_found run_modern(struct inflate *inflate, struct codec_io *io)
{
	return run(inflate, io);
}

bool inflate_modern(void)
{
	return false;
}
#endif

enum inflate_found inflate_fast(struct inflate *inflate, struct codec_io *io)
{
	return inflate->modern ? run_modern(inflate, io) : run(inflate, io);
}
