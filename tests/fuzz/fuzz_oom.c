/* fuzz_oom.c - any bytes as oom.json: what is accepted must be a policy that a watcher can carry out. */
#include <stdlib.h>
#include <string.h>

#include "runtime/oom.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_arena struct arena *arena = arena_new();
	struct oom_policy policy = { 0 };
	struct error err = { 0 };
	int r = oom_policy_parse(arena, (const char *)data, size, &policy, &err);

	if (r < 0) {
		if (err.code <= 0 || r != -err.code || !memchr(err.text, '\0', sizeof(err.text)))
			abort();
		return 0;
	}
	if (policy.gap == 0 || policy.gap >= policy.limit || policy.limit > INT64_MAX)
		abort();
	if ((policy.hook && policy.hook[0] != '/') || (policy.socket && policy.socket[0] != '/'))
		abort();
	if (strlen(oom_fallback_text(arena, &policy)) < strlen("stay"))
		abort();
	return 0;
}
