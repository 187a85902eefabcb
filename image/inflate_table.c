/*
 * inflate_table.c - see inflate_table.h. A stream has a table of each kind every 50 KB or so, hence no step per entry
 * where one per symbol does: in the order of codes each symbol has one entry in a table of as many bits as its code,
 * and such a table is doubled by copying it behind itself when codes get a bit longer.
 */
#include "inflate_table.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

#include "base/cleanup.h"

#define LITERAL(n)        ((uint32_t)(n) << ENTRY_VALUE_SHIFT | ENTRY_LITERAL)
#define LITERALS_4(n)     LITERAL(n), LITERAL((n) + 1), LITERAL((n) + 2), LITERAL((n) + 3)
#define LITERALS_16(n)    LITERALS_4(n), LITERALS_4((n) + 4), LITERALS_4((n) + 8), LITERALS_4((n) + 12)
#define LITERALS_64(n)    LITERALS_16(n), LITERALS_16((n) + 16), LITERALS_16((n) + 32), LITERALS_16((n) + 48)
#define BASE(base, extra) ((uint32_t)(base) << ENTRY_VALUE_SHIFT | (extra))

/* RFC 1951, 3.2.5: symbols as entries that take the extra bits only; 286 and 287 mean nothing. */
static const uint32_t litlen_symbols[] = {
	LITERALS_64(0), LITERALS_64(64), LITERALS_64(128), LITERALS_64(192), ENTRY_OTHER | ENTRY_END,
	BASE(3, 0),     BASE(4, 0),      BASE(5, 0),       BASE(6, 0),       BASE(7, 0),
	BASE(8, 0),     BASE(9, 0),      BASE(10, 0),      BASE(11, 1),      BASE(13, 1),
	BASE(15, 1),    BASE(17, 1),     BASE(19, 2),      BASE(23, 2),      BASE(27, 2),
	BASE(31, 2),    BASE(35, 3),     BASE(43, 3),      BASE(51, 3),      BASE(59, 3),
	BASE(67, 4),    BASE(83, 4),     BASE(99, 4),      BASE(115, 4),     BASE(131, 5),
	BASE(163, 5),   BASE(195, 5),    BASE(227, 5),     BASE(258, 0),     ENTRY_OTHER,
	ENTRY_OTHER,
};
static_assert(ARRAY_SIZE(litlen_symbols) == LITLEN_SYMBOLS, "a symbol without an entry");

/* 30 and 31 mean nothing. */
static const uint32_t distance_symbols[] = {
	BASE(1, 0),     BASE(2, 0),     BASE(3, 0),     BASE(4, 0),      BASE(5, 1),      BASE(7, 1),
	BASE(9, 2),     BASE(13, 2),    BASE(17, 3),    BASE(25, 3),     BASE(33, 4),     BASE(49, 4),
	BASE(65, 5),    BASE(97, 5),    BASE(129, 6),   BASE(193, 6),    BASE(257, 7),    BASE(385, 7),
	BASE(513, 8),   BASE(769, 8),   BASE(1025, 9),  BASE(1537, 9),   BASE(2049, 10),  BASE(3073, 10),
	BASE(4097, 11), BASE(6145, 11), BASE(8193, 12), BASE(12289, 12), BASE(16385, 13), BASE(24577, 13),
	ENTRY_OTHER,    ENTRY_OTHER,
};
static_assert(ARRAY_SIZE(distance_symbols) == DISTANCE_SYMBOLS, "a symbol without an entry");

/* 3.2.7: lengths of codes, and what repeats them. */
static const uint32_t precode_symbols[] = {
	BASE(0, 0),  BASE(1, 0),  BASE(2, 0),  BASE(3, 0),  BASE(4, 0),  BASE(5, 0),  BASE(6, 0),
	BASE(7, 0),  BASE(8, 0),  BASE(9, 0),  BASE(10, 0), BASE(11, 0), BASE(12, 0), BASE(13, 0),
	BASE(14, 0), BASE(15, 0), BASE(16, 0), BASE(17, 0), BASE(18, 0),
};
static_assert(ARRAY_SIZE(precode_symbols) == PRECODE_SYMBOLS, "a symbol without an entry");

static const struct {
	const uint32_t *symbols;
	unsigned bits;
} alphabets[] = {
	[ALPHABET_LITLEN] = { litlen_symbols, LITLEN_BITS },
	[ALPHABET_DISTANCE] = { distance_symbols, DISTANCE_BITS },
	[ALPHABET_PRECODE] = { precode_symbols, PRECODE_BITS },
};
static_assert(ARRAY_SIZE(alphabets) == ALPHABET_MAX, "an alphabet without symbols");

/* Symbols in the order of their codes. */
struct codes {
	const uint32_t *symbols;
	uint16_t count[CODE_MAX + 1]; /* by length */
	uint16_t sorted[LITLEN_SYMBOLS];
	unsigned at;   /* in sorted */
	uint32_t code; /* of that, its first bit lowest, as they come in the stream */
};

static void sort(struct codes *codes, const uint8_t *lengths, size_t symbols)
{
	uint16_t offset[CODE_MAX + 2] = { 0 };

	for (size_t i = 0; i < symbols; i++)
		codes->count[lengths[i]]++;
	codes->count[0] = 0;
	for (unsigned i = 1; i <= CODE_MAX; i++)
		offset[i + 1] = (uint16_t)(offset[i] + codes->count[i]);
	for (size_t i = 0; i < symbols; i++)
		if (lengths[i] > 0)
			codes->sorted[offset[lengths[i]]++] = (uint16_t)i;
}

/* What is left of the space of codes, in units of the longest; negative: there are too many. */
static int left_over(const struct codes *codes)
{
	int left = 1;

	for (unsigned i = 1; i <= CODE_MAX && left >= 0; i++)
		left = 2 * left - codes->count[i];
	return left;
}

static uint32_t take_entry(struct codes *codes, unsigned bits)
{
	return codes->symbols[codes->sorted[codes->at++]] + bits + (bits << ENTRY_CODE_SHIFT);
}

/* To the next code of as many bits: an addition that begins with the first bit. False: that was the last of all. */
static bool next_code(struct codes *codes, unsigned length)
{
	enum { HIGHEST = 31 };
	const uint32_t zeros = codes->code ^ ((1U << length) - 1);
	uint32_t bit;

	if (zeros == 0)
		return false;
	bit = 1U << (HIGHEST - __builtin_clz(zeros));
	codes->code = (codes->code & (bit - 1)) | bit;
	return true;
}

/* How many bits a second table needs that begins at a code of this length, of which `count` are left. */
static unsigned second_bits(const struct codes *codes, unsigned bits, unsigned length, unsigned count)
{
	unsigned filled = count;

	while (filled < 1U << (length - bits) && length < CODE_MAX)
		filled = 2 * filled + codes->count[++length];
	return length - bits;
}

/* Codes longer than the first table looks at. */
static void fill_second(struct codes *codes, unsigned bits, uint32_t *table)
{
	uint32_t prefix = UINT32_MAX, start = 0, end = 1U << bits;
	unsigned second = 0;

	for (unsigned length = bits + 1; length <= CODE_MAX; length++)
		for (unsigned count = codes->count[length]; count > 0; count--) {
			uint32_t entry;

			if ((codes->code & ((1U << bits) - 1)) != prefix) {
				prefix = codes->code & ((1U << bits) - 1);
				second = second_bits(codes, bits, length, count);
				start = end;
				end += 1U << second;
				table[prefix] = start << ENTRY_VALUE_SHIFT | ENTRY_OTHER | ENTRY_TABLE |
						second << ENTRY_CODE_SHIFT | bits;
			}
			entry = take_entry(codes, length - bits);
			for (uint32_t i = codes->code >> bits; i < 1U << second; i += 1U << (length - bits))
				table[start + i] = entry;
			(void)next_code(codes, length);
		}
}

/* A complete code. */
static void fill(struct codes *codes, unsigned bits, uint32_t *table)
{
	bool more = true;

	for (unsigned length = 1; length <= bits; length++) {
		for (unsigned count = codes->count[length]; count > 0; count--) {
			table[codes->code] = take_entry(codes, length);
			more = next_code(codes, length);
		}
		if (length < bits)
			memcpy(table + (1U << length), table, sizeof(*table) << length);
	}
	if (more)
		fill_second(codes, bits, table);
}

/* A code of one symbol or none: what is no code means nothing, and one bit tells. */
static void fill_incomplete(struct codes *codes, unsigned bits, uint32_t *table)
{
	const uint32_t entry = codes->count[1] ? take_entry(codes, 1) : ENTRY_OTHER | 1;

	for (unsigned i = 0; i < 1U << bits; i += 2) {
		table[i] = entry;
		table[i + 1] = ENTRY_OTHER | 1;
	}
}

int inflate_table(enum alphabet alphabet, const uint8_t *lengths, size_t symbols, uint32_t *table)
{
	enum { ALL = 1 << CODE_MAX, HALF = ALL / 2 };
	struct codes codes = { .symbols = alphabets[alphabet].symbols };
	const unsigned bits = alphabets[alphabet].bits;
	int left;

	sort(&codes, lengths, symbols);
	left = left_over(&codes);
	if (left == 0)
		fill(&codes, bits, table);
	else if (alphabet != ALPHABET_PRECODE &&
		 ((left == HALF && codes.count[1] == 1) || (left == ALL && alphabet == ALPHABET_DISTANCE)))
		fill_incomplete(&codes, bits, table);
	else
		return -1;
	return 0;
}
