/* fuzz_challenge.c - any text as WWW-Authenticate: what is taken has no control characters and, a bearer, a realm. */
#include <ctype.h>
#include <stdlib.h>

#include "base/arena.h"
#include "image/challenge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const char *text)
{
	for (; text && *text; text++)
		if (iscntrl((unsigned char)*text) && *text != '\t')
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_arena struct arena *arena = arena_new();
	struct challenge challenge;
	struct error err;

	if (challenge_parse(arena, arena_strndup(arena, (const char *)data, size), &challenge, &err) < 0)
		return 0;
	if (challenge.scheme == CHALLENGE_BEARER && !challenge.realm)
		abort();
	check(challenge.realm);
	check(challenge.service);
	check(challenge.scope);
	return 0;
}
