/* store_name.c - names of images as file names, and back; see store.h. */
#include <errno.h>
#include <string.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "store.h"

enum { HEX_BASE = 16, ESCAPE_LENGTH = 3 };

static const char hex_digits[] = "0123456789ABCDEF";

static bool is_plain(const char *name, size_t at)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-:@[]";

	return strchr(plain, name[at]) || (name[at] == '.' && at > 0);
}

int store_escape_name(const char *name, char escaped[static STORE_NAME_MAX + 1], struct error *err)
{
	size_t used = 0;

	if (!*name)
		return refuse(err, "an image's name is empty");
	for (size_t i = 0; name[i]; i++) {
		unsigned char letter = (unsigned char)name[i];

		if (used + ESCAPE_LENGTH > STORE_NAME_MAX)
			return refuse_as(err, ENAMETOOLONG,
					 "image name \"%.64s...\": more than %d bytes as a file name", name,
					 STORE_NAME_MAX);
		if (is_plain(name, i)) {
			escaped[used++] = name[i];
		} else if (letter == '/') {
			escaped[used++] = '+';
		} else {
			escaped[used++] = '%';
			escaped[used++] = hex_digits[letter / HEX_BASE];
			escaped[used++] = hex_digits[letter % HEX_BASE];
		}
	}
	escaped[used] = '\0';
	return 0;
}

/* The byte that "%XX" stands for, 0 if this is no such text. */
static unsigned char unescape_byte(const char *text)
{
	const char *high = text[1] ? strchr(hex_digits, text[1]) : NULL;
	const char *low = high && text[2] ? strchr(hex_digits, text[2]) : NULL;

	return low ? (unsigned char)((high - hex_digits) * HEX_BASE + (low - hex_digits)) : 0;
}

char *store_unescape_name(struct arena *arena, const char *escaped)
{
	unsigned char *name = arena_alloc(arena, strlen(escaped) + 1);
	size_t used = 0;

	for (size_t i = 0; escaped[i]; i++) {
		if (escaped[i] == '%') {
			name[used] = unescape_byte(escaped + i);
			if (!name[used++])
				return NULL;
			i += ESCAPE_LENGTH - 1;
		} else if (escaped[i] == '+') {
			name[used++] = '/';
		} else if (is_plain(escaped, i)) {
			name[used++] = (unsigned char)escaped[i];
		} else {
			return NULL;
		}
	}
	return used ? (char *)name : NULL;
}
