/* inflate_table.h - decoding tables of DEFLATE's prefix codes (RFC 1951, 3.2.2); private to inflate*.c. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * An entry is found by the next bits of the stream, lowest first. It tells how many bits to take and what they mean:
 *
 *	bits 0-5	all to take: of the code, and the extra bits behind it
 *	bit 6		a literal
 *	bits 8-11	those of the code alone; with ENTRY_TABLE the bits that index the second table
 *	bit 15		ENTRY_OTHER: neither literal nor length nor distance, but
 *	bit 13		the end of the block
 *	bit 14		a second table: take bits 0-5, then look there
 *			without either, a code that means nothing
 *	bits 16-31	the literal, the base of a length or distance, or where the second table begins
 */
enum {
	ENTRY_TAKE = 0x3f,
	ENTRY_LITERAL = 1 << 6,
	ENTRY_CODE_SHIFT = 8,
	ENTRY_CODE = 15,
	ENTRY_END = 1 << 13,
	ENTRY_TABLE = 1 << 14,
	ENTRY_OTHER = 1 << 15,
	ENTRY_VALUE_SHIFT = 16,
};

enum { CODE_MAX = 15, LITLEN_SYMBOLS = 288, DISTANCE_SYMBOLS = 32, PRECODE_SYMBOLS = 19 };
enum { LITLEN_BITS = 11, DISTANCE_BITS = 8, PRECODE_BITS = 7 };

/*
 * A second table of 2^n entries is for codes of which the longest has n bits more than the first table looks at, and a
 * complete code as deep as that has at least n + 1 of them: so there are at most symbols * 2^n / (n + 1) entries, n = 4
 * or 7.
 */
enum {
	LITLEN_ENTRIES = (1 << LITLEN_BITS) + LITLEN_SYMBOLS * 16 / 5,
	DISTANCE_ENTRIES = (1 << DISTANCE_BITS) + DISTANCE_SYMBOLS * 128 / 8,
	PRECODE_ENTRIES = 1 << PRECODE_BITS,
};

enum alphabet { ALPHABET_LITLEN, ALPHABET_DISTANCE, ALPHABET_PRECODE, ALPHABET_MAX };

/*
 * Fills the table of an alphabet, whose size is above, from the lengths of its first `symbols` codes, 0 to CODE_MAX
 * each (7 for the precode). 0, or -1: more codes than there can be, or fewer. As with zlib a code of one symbol with
 * one bit is right, and one for no distances at all.
 */
int inflate_table(enum alphabet alphabet, const uint8_t *lengths, size_t symbols, uint32_t *table);
