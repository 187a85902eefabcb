/* base64.c - see base64.h. */
#include "base64.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"

enum { GROUP = 4, BYTES = 3, BITS = 6, MASK = 63, BYTE_BITS = 8, BYTE_MASK = 255, PAD = 64 };

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";

char *base64_encode(const void *data, size_t size)
{
	const unsigned char *bytes = data;
	size_t groups = size / BYTES + (size % BYTES != 0);
	char *text = xreallocarray(NULL, groups + 1, GROUP);
	char *next = text;

	for (size_t at = 0; at < size; at += BYTES) {
		size_t have = size - at < BYTES ? size - at : BYTES;
		uint32_t group = 0;

		for (size_t i = 0; i < BYTES; i++)
			group = group << BYTE_BITS | (i < have ? bytes[at + i] : 0);
		for (size_t i = 0; i < GROUP; i++)
			*next++ = alphabet[i <= have ? group >> (BITS * (GROUP - 1 - i)) & MASK : PAD];
	}
	*next = '\0';
	return text;
}

/* One group to its bytes; false if it is none. padding: how many "=" it ends with. */
static bool decode_group(const char *text, size_t padding, char *bytes)
{
	uint32_t group = 0;

	for (size_t i = 0; i < GROUP; i++) {
		const char *digit = i < GROUP - padding ? memchr(alphabet, text[i], PAD) : NULL;

		if (!digit && i < GROUP - padding)
			return false;
		group = group << BITS | (digit ? (uint32_t)(digit - alphabet) : 0);
	}
	for (size_t i = 0; i < BYTES; i++)
		bytes[i] = (char)(group >> (BYTE_BITS * (BYTES - 1 - i)) & BYTE_MASK);
	return (group & ((1U << (BYTE_BITS * padding)) - 1)) == 0;
}

char *base64_decode(const char *text, size_t length, size_t *ret_size)
{
	auto_free char *bytes = NULL;
	size_t padding = 0;
	size_t groups = length / GROUP;

	if (length % GROUP != 0)
		return NULL;
	if (length > 0 && text[length - 1] == '=')
		padding = text[length - 2] == '=' ? 2 : 1;
	bytes = xreallocarray(NULL, groups + 1, BYTES);
	for (size_t i = 0; i < groups; i++)
		if (!decode_group(text + i * GROUP, i + 1 == groups ? padding : 0, bytes + i * BYTES))
			return NULL;
	*ret_size = groups * BYTES - padding;
	bytes[*ret_size] = '\0';
	return take_ptr(bytes);
}
