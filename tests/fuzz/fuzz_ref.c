/* fuzz_ref.c - any text as an image name: what is taken is taken again in its normal form, and means the same. */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "image/ref.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_arena struct arena *arena = arena_new();
	const char *text = arena_strndup(arena, (const char *)data, size);
	struct image_ref ref;
	struct image_ref again;
	struct error err;

	if (ref_parse(arena, text, &ref, &err) < 0 || ref.path)
		return 0;
	if (strstr(ref.domain, "..") || strchr(ref.domain, '/') || strstr(ref.repository, ".."))
		abort();
	if (ref_parse(arena, ref.name, &again, &err) < 0 || !str_eq(ref.name, again.name) ||
	    !str_eq(ref.domain, again.domain) || !str_eq(ref.repository, again.repository) ||
	    !str_eq(ref.tag, again.tag) || !digest_eq(&ref.digest, &again.digest))
		abort();
	return 0;
}
