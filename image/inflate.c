/* inflate.c - see inflate.h. A step takes all the bits it needs or none, so that it can be tried again with more. */
#include "inflate.h"

#include <assert.h>
#include <endian.h>
#include <string.h>

#include "base/cleanup.h"

enum { BLOCK_STORED, BLOCK_FIXED, BLOCK_DYNAMIC };
enum { LITLEN_MIN = 257, LITLEN_MAX = 286, DISTANCE_MAX = 30, PRECODE_MIN = 4, END_OF_BLOCK = 256 };
enum { HLIT_BITS = 5, HDIST_BITS = 5, HCLEN_BITS = 4 }; /* of these counts, as RFC 1951 calls them in 3.2.7 */
enum { REPEAT_LAST = 16 };                              /* of the precode; then 17 and 18, which repeat 0 */
enum { BITS_MAX = 63, LENGTH_BITS_MAX = 7 + 7 };

/* What the symbols from REPEAT_LAST on mean: 3.2.7. */
static const struct {
	uint8_t bits, base;
} repeats[] = { { 2, 3 }, { 3, 3 }, { 7, 11 } };

void inflate_begin(struct inflate *inflate, bool modern)
{
	inflate->bits = 0;
	inflate->n_bits = 0;
	inflate->state = INFLATE_BLOCK;
	inflate->left = 0;
	inflate->modern = modern;
}

/* One byte more: there is room, since nobody asks who has the 48 bits that a match may take. */
static bool pull(struct inflate *inflate, struct codec_io *io)
{
	if (io->in_left == 0)
		return false;
	inflate->bits |= (uint64_t)*io->in++ << inflate->n_bits;
	inflate->n_bits += 8;
	io->in_left--;
	return true;
}

/* As many bytes as there is room for, if fewer bits are there than a code length may take; none near the end. */
static void pull_many(struct inflate *inflate, struct codec_io *io)
{
	uint64_t word;
	unsigned count;

	if (inflate->n_bits >= LENGTH_BITS_MAX || io->in_left < sizeof(word))
		return;
	count = (BITS_MAX - inflate->n_bits) / 8;
	memcpy(&word, io->in, sizeof(word));
	inflate->bits |= le64toh(word) << inflate->n_bits;
	inflate->n_bits += 8 * count;
	inflate->bits &= (UINT64_C(1) << inflate->n_bits) - 1;
	io->in += count;
	io->in_left -= count;
}

static bool need(struct inflate *inflate, struct codec_io *io, unsigned count)
{
	while (inflate->n_bits < count)
		if (!pull(inflate, io))
			return false;
	return true;
}

static uint32_t take(struct inflate *inflate, unsigned count)
{
	const uint64_t value = inflate->bits & ((UINT64_C(1) << count) - 1);

	inflate->bits >>= count;
	inflate->n_bits -= count;
	return (uint32_t)value;
}

bool inflate_take(struct inflate *inflate, struct codec_io *io, unsigned count, uint32_t *ret)
{
	if (!need(inflate, io, count))
		return false;
	*ret = take(inflate, count);
	return true;
}

static int end_block(struct inflate *inflate)
{
	inflate->state = inflate->last ? INFLATE_ENDED : INFLATE_BLOCK;
	if (inflate->last)
		(void)take(inflate, inflate->n_bits % 8);
	return 1;
}

static int make_tables(struct inflate *inflate, struct error *err)
{
	if (inflate_table(ALPHABET_LITLEN, inflate->lengths, inflate->n_litlen, inflate->litlen) < 0)
		return refuse(err, "gzip: codes of literals and lengths that are no code");
	if (inflate_table(ALPHABET_DISTANCE, inflate->lengths + inflate->n_litlen, inflate->n_distance,
			  inflate->distances) < 0)
		return refuse(err, "gzip: codes of distances that are no code");
	inflate->state = INFLATE_CODES;
	return 1;
}

/* RFC 1951, 3.2.6 */
static int make_fixed(struct inflate *inflate, struct error *err)
{
	static const struct {
		size_t end;
		uint8_t length;
	} parts[] = { { 144, 8 }, { 256, 9 }, { 280, 7 }, { 288, 8 }, { 320, 5 } };
	size_t at = 0;

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		while (at < parts[i].end)
			inflate->lengths[at++] = parts[i].length;
	inflate->n_litlen = LITLEN_SYMBOLS;
	inflate->n_distance = DISTANCE_SYMBOLS;
	return make_tables(inflate, err);
}

static int read_block(struct inflate *inflate, struct codec_io *io, struct error *err)
{
	uint32_t header;

	if (!inflate_take(inflate, io, 3, &header))
		return 0;
	inflate->last = header & 1;
	switch (header >> 1) {
	case BLOCK_STORED:
		(void)take(inflate, inflate->n_bits % 8);
		inflate->state = INFLATE_STORED_SIZE;
		return 1;
	case BLOCK_FIXED:
		return make_fixed(inflate, err);
	case BLOCK_DYNAMIC:
		inflate->state = INFLATE_COUNTS;
		return 1;
	default:
		return refuse(err, "gzip: a block of no known type");
	}
}

static int read_stored_size(struct inflate *inflate, struct codec_io *io, struct error *err)
{
	uint32_t sizes;

	if (!inflate_take(inflate, io, 32, &sizes))
		return 0;
	if ((sizes & UINT16_MAX) != (~sizes >> 16))
		return refuse(err, "gzip: a stored block whose sizes differ");
	inflate->left = sizes & UINT16_MAX;
	inflate->state = INFLATE_STORED;
	return 1;
}

static int read_stored(struct inflate *inflate, struct codec_io *io, struct error *err)
{
	size_t size;

	(void)err;
	for (; inflate->left > 0 && inflate->n_bits > 0 && io->out_left > 0; inflate->left--, io->out_left--)
		*io->out++ = (unsigned char)take(inflate, 8);
	size = inflate->left < io->out_left ? inflate->left : io->out_left;
	size = size < io->in_left ? size : io->in_left;
	memcpy(io->out, io->in, size);
	io->in += size;
	io->in_left -= size;
	io->out += size;
	io->out_left -= size;
	inflate->left -= size;
	return inflate->left == 0 ? end_block(inflate) : 0;
}

/* RFC 1951, 3.2.7 */
static int read_counts(struct inflate *inflate, struct codec_io *io, struct error *err)
{
	if (!need(inflate, io, HLIT_BITS + HDIST_BITS + HCLEN_BITS))
		return 0;
	inflate->n_litlen = LITLEN_MIN + take(inflate, HLIT_BITS);
	inflate->n_distance = 1 + take(inflate, HDIST_BITS);
	inflate->n_precode = PRECODE_MIN + take(inflate, HCLEN_BITS);
	if (inflate->n_litlen > LITLEN_MAX || inflate->n_distance > DISTANCE_MAX)
		return refuse(err, "gzip: a block with more codes than there are");
	memset(inflate->precode_lengths, 0, sizeof(inflate->precode_lengths));
	inflate->at = 0;
	inflate->state = INFLATE_PRECODE;
	return 1;
}

static int read_precode(struct inflate *inflate, struct codec_io *io, struct error *err)
{
	static const uint8_t order[] = { 16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15 };
	static_assert(ARRAY_SIZE(order) == PRECODE_SYMBOLS, "a symbol without a place");
	uint32_t length;

	for (; inflate->at < inflate->n_precode; inflate->at++) {
		if (!inflate_take(inflate, io, 3, &length))
			return 0;
		inflate->precode_lengths[order[inflate->at]] = (uint8_t)length;
	}
	if (inflate_table(ALPHABET_PRECODE, inflate->precode_lengths, PRECODE_SYMBOLS, inflate->precode) < 0)
		return refuse(err, "gzip: codes of code lengths that are no code");
	inflate->at = 0;
	inflate->state = INFLATE_LENGTHS;
	return 1;
}

/* A symbol of the precode, with its extra bits: lengths that follow. 0 or -EINVAL. */
static int take_lengths(struct inflate *inflate, uint32_t entry, struct error *err)
{
	const size_t all = inflate->n_litlen + inflate->n_distance;
	const uint32_t symbol = entry >> ENTRY_VALUE_SHIFT;
	size_t count;
	uint8_t length = 0;

	(void)take(inflate, entry & ENTRY_TAKE);
	if (symbol < REPEAT_LAST) {
		inflate->lengths[inflate->at++] = (uint8_t)symbol;
		return 0;
	}
	count = repeats[symbol - REPEAT_LAST].base + take(inflate, repeats[symbol - REPEAT_LAST].bits);
	if (symbol == REPEAT_LAST) {
		if (inflate->at == 0)
			return refuse(err, "gzip: a code length repeated before the first");
		length = inflate->lengths[inflate->at - 1];
	}
	if (count > all - inflate->at)
		return refuse(err, "gzip: more code lengths than codes");
	memset(inflate->lengths + inflate->at, length, count);
	inflate->at += count;
	return 0;
}

static int read_lengths(struct inflate *inflate, struct codec_io *io, struct error *err)
{
	while (inflate->at < inflate->n_litlen + inflate->n_distance) {
		uint32_t entry, symbol;
		unsigned wanted;
		int r;

		pull_many(inflate, io);
		entry = inflate->precode[inflate->bits & (PRECODE_ENTRIES - 1)];
		symbol = entry >> ENTRY_VALUE_SHIFT;
		wanted = entry & ENTRY_TAKE;
		if (symbol >= REPEAT_LAST)
			wanted += repeats[symbol - REPEAT_LAST].bits;
		if (inflate->n_bits < wanted) {
			if (!pull(inflate, io))
				return 0;
			continue;
		}
		r = take_lengths(inflate, entry, err);
		if (r < 0)
			return r;
	}
	if (inflate->lengths[END_OF_BLOCK] == 0)
		return refuse(err, "gzip: a block without a code for its end");
	return make_tables(inflate, err);
}

/* What the bits from `at` on say, if there are enough of them: then the bits up to its end, else 0. */
static unsigned decode(const struct inflate *inflate, const uint32_t *table, unsigned bits, unsigned at,
		       uint32_t *ret_entry, size_t *ret_value)
{
	uint64_t next = inflate->bits >> at;
	uint32_t entry = table[next & ((1U << bits) - 1)];
	unsigned code;

	if ((entry & ENTRY_TABLE) && (entry & ENTRY_OTHER)) {
		at += bits;
		next >>= bits;
		bits = entry >> ENTRY_CODE_SHIFT & ENTRY_CODE;
		entry = table[(entry >> ENTRY_VALUE_SHIFT) + (next & ((1U << bits) - 1))];
	}
	code = entry >> ENTRY_CODE_SHIFT & ENTRY_CODE;
	at += entry & ENTRY_TAKE;
	*ret_entry = entry;
	*ret_value =
		(entry >> ENTRY_VALUE_SHIFT) + (size_t)((next & ((UINT64_C(1) << (entry & ENTRY_TAKE)) - 1)) >> code);
	return at <= inflate->n_bits ? at : 0;
}

static int bad_code(struct error *err)
{
	return refuse(err, "gzip: a code that means nothing");
}

static int bad_distance(struct error *err)
{
	return refuse(err, "gzip: a match from before the start");
}

/* The rest of a match, as far as there is room. */
static void put_match(struct inflate *inflate, struct codec_io *io)
{
	for (; inflate->left > 0 && io->out_left > 0; inflate->left--, io->out_left--, io->out++)
		*io->out = *(io->out - inflate->distance);
}

/* One code, with room for a byte: 1, 2 at the end of the block, 0 without enough bits, or -EINVAL. */
static int careful(struct inflate *inflate, struct codec_io *io, struct error *err)
{
	uint32_t entry, second;
	size_t value, distance;
	unsigned end = decode(inflate, inflate->litlen, LITLEN_BITS, 0, &entry, &value);

	if (end == 0)
		return 0;
	if (entry & ENTRY_OTHER) {
		if (!(entry & ENTRY_END))
			return bad_code(err);
		(void)take(inflate, end);
		return 2;
	}
	if (entry & ENTRY_LITERAL) {
		(void)take(inflate, end);
		*io->out++ = (unsigned char)(entry >> ENTRY_VALUE_SHIFT);
		io->out_left--;
		return 1;
	}
	end = decode(inflate, inflate->distances, DISTANCE_BITS, end, &second, &distance);
	if (end == 0)
		return 0;
	if (second & ENTRY_OTHER)
		return bad_code(err);
	if (distance > (size_t)(io->out - inflate->history))
		return bad_distance(err);
	inflate->bits >>= end;
	inflate->n_bits -= end;
	inflate->left = value;
	inflate->distance = distance;
	put_match(inflate, io);
	return 1;
}

static int read_codes(struct inflate *inflate, struct codec_io *io, struct error *err)
{
	int r = 1;

	put_match(inflate, io);
	while (io->out_left > 0) {
		if (io->in_left >= FAST_IN && io->out_left >= FAST_OUT) {
			const enum inflate_found found = inflate_fast(inflate, io);

			if (found == INFLATE_BAD_CODE || found == INFLATE_BAD_DISTANCE)
				return found == INFLATE_BAD_CODE ? bad_code(err) : bad_distance(err);
			if (found == INFLATE_BLOCK_END)
				return end_block(inflate);
		}
		r = careful(inflate, io, err);
		if (r < 0)
			return r;
		if (r == 2)
			return end_block(inflate);
		if (r == 0 && !pull(inflate, io))
			return 0;
	}
	return 0;
}

static int stay(struct inflate *inflate, struct codec_io *io, struct error *err)
{
	(void)inflate;
	(void)io;
	(void)err;
	return 0;
}

int inflate_step(struct inflate *inflate, const unsigned char *history, struct codec_io *io, struct error *err)
{
	static int (*const steps[])(struct inflate *, struct codec_io *, struct error *) = {
		[INFLATE_BLOCK] = read_block,     [INFLATE_STORED_SIZE] = read_stored_size,
		[INFLATE_STORED] = read_stored,   [INFLATE_COUNTS] = read_counts,
		[INFLATE_PRECODE] = read_precode, [INFLATE_LENGTHS] = read_lengths,
		[INFLATE_CODES] = read_codes,     [INFLATE_ENDED] = stay,
	};
	static_assert(ARRAY_SIZE(steps) == INFLATE_STATES, "a state without a step");
	int r;

	inflate->history = history;
	do
		r = steps[inflate->state](inflate, io, err);
	while (r > 0);
	return r < 0 ? r : inflate->state == INFLATE_ENDED;
}
