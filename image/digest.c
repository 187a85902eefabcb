/* digest.c - see digest.h. */
#include "digest.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"

static const struct {
	const char *name;
	size_t length; /* hexadecimal digits */
} algorithms[] = {
	[DIGEST_SHA256] = { "sha256", 64 },
	[DIGEST_SHA512] = { "sha512", 128 },
};

_Static_assert(ARRAY_SIZE(algorithms) == DIGEST_ALGORITHM_MAX, "a row an algorithm");

const char *digest_algorithm_name(enum digest_algorithm algorithm)
{
	return algorithms[algorithm].name;
}

static int parse_hex(const char *text, const char *hex, enum digest_algorithm algorithm, struct digest *ret,
		     struct error *err)
{
	size_t length = algorithms[algorithm].length;

	if (strlen(hex) != length || strspn(hex, "0123456789abcdef") != length)
		return refuse(err, "digest \"%.150s\": expected %zu lower-case hexadecimal digits after \"%s:\"", text,
			      length, algorithms[algorithm].name);
	*ret = (struct digest){ .algorithm = algorithm };
	memcpy(ret->hex, hex, length);
	return 0;
}

int digest_parse(const char *text, struct digest *ret, struct error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(algorithms); i++) {
		size_t length = strlen(algorithms[i].name);

		if (strncmp(text, algorithms[i].name, length) == 0 && text[length] == ':')
			return parse_hex(text, text + length + 1, (enum digest_algorithm)i, ret, err);
	}
	return refuse(err, "digest \"%.150s\": expected sha256: or sha512: and hexadecimal digits", text);
}

const char *digest_text(const struct digest *digest, char *buffer)
{
	(void)snprintf(buffer, DIGEST_TEXT_MAX, "%s:%s", algorithms[digest->algorithm].name, digest->hex);
	return buffer;
}

bool digest_eq(const struct digest *a, const struct digest *b)
{
	return a->algorithm == b->algorithm && str_eq(a->hex, b->hex);
}

int digest_decode(struct arena *arena, const struct json *node, void *target, struct error *err)
{
	const char *text;
	int r = json_string(node, &text, err);

	(void)arena;
	if (r == 0 && digest_parse(text, target, err) < 0)
		r = json_context(node, err);
	return r;
}
