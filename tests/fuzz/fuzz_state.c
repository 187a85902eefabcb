/* fuzz_state.c - any bytes as state.json: what is accepted must be safe to kill and to remove. */
#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "base/str.h"
#include "runtime/hooks.h"
#include "runtime/state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_arena struct arena *arena = arena_new();
	struct state state = { 0 };
	struct error err = { 0 };
	int r = state_parse(arena, "x", (const char *)data, size, &state, &err);

	if (r < 0) {
		if (err.code <= 0 || r != -err.code || !memchr(err.text, '\0', sizeof(err.text)))
			abort();
		return 0;
	}
	if (!str_eq(state.id, "x") || state.pid < 0 || (state.pid > 0 && state.start_time == 0))
		abort();
	if (state.cgroup_path && (!path_is_clean(state.cgroup_path) || state.cgroup_path[1] == '\0'))
		abort();
	if (strlen(state_to_json(arena, &state, STATUS_RUNNING, "1.0.0", NULL, 0, false)) < strlen("{}"))
		abort();
	return 0;
}
