/* utf8.c - see utf8.h. Text of configs is nearly all ASCII, so that is skipped eight bytes at a time. */
#include "utf8.h"

#include <stdint.h>
#include <string.h>

#include "cleanup.h"

/* RFC 3629 section 4: the second byte's range depends on the first; further ones are always 80..BF. */
struct lead {
	uint8_t first, last; /* of the lead byte */
	uint8_t length;      /* of the sequence */
	uint8_t second_first, second_last;
};

static const struct lead leads[] = {
	{ 0xc2, 0xdf, 2, 0x80, 0xbf }, { 0xe0, 0xe0, 3, 0xa0, 0xbf }, { 0xe1, 0xec, 3, 0x80, 0xbf },
	{ 0xed, 0xed, 3, 0x80, 0x9f }, { 0xee, 0xef, 3, 0x80, 0xbf }, { 0xf0, 0xf0, 4, 0x90, 0xbf },
	{ 0xf1, 0xf3, 4, 0x80, 0xbf }, { 0xf4, 0xf4, 4, 0x80, 0x8f },
};

static const uint64_t high_bits = 0x8080808080808080;

enum { CONTINUATION_MASK = 0xc0, CONTINUATION = 0x80, ASCII_END = 0x80, DELETE = 0x7f };

static const struct lead *find_lead(uint8_t byte)
{
	for (size_t i = 0; i < ARRAY_SIZE(leads); i++)
		if (byte >= leads[i].first && byte <= leads[i].last)
			return &leads[i];
	return NULL;
}

size_t utf8_sequence(const char *text, size_t length)
{
	const uint8_t *bytes = (const uint8_t *)text;
	const struct lead *lead;

	if (length == 0)
		return 0;
	if (bytes[0] < ASCII_END)
		return 1;
	lead = find_lead(bytes[0]);
	if (!lead || length < lead->length || bytes[1] < lead->second_first || bytes[1] > lead->second_last)
		return 0;
	for (size_t i = 2; i < lead->length; i++)
		if ((bytes[i] & CONTINUATION_MASK) != CONTINUATION)
			return 0;
	return lead->length;
}

void utf8_one_line(char *text)
{
	size_t length = strlen(text);

	for (size_t i = 0; i < length;) {
		size_t step = utf8_sequence(text + i, length - i);

		if (step == 0 || (unsigned char)text[i] < ' ' || text[i] == DELETE)
			text[i] = '?';
		i += step ? step : 1;
	}
}

size_t utf8_valid_prefix(const char *text, size_t length)
{
	size_t at = 0;

	while (at < length) {
		uint64_t word;
		size_t step;

		if (length - at >= sizeof(word)) {
			memcpy(&word, text + at, sizeof(word));
			if (!(word & high_bits)) {
				at += sizeof(word);
				continue;
			}
		}
		step = utf8_sequence(text + at, length - at);
		if (step == 0)
			break;
		at += step;
	}
	return at;
}
