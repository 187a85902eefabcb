/* extra_limits.c - see extra_limits.h. Names and values are checked by limits_plan(), as those of the config are. */
#include "extra_limits.h"

#include <string.h>

#include "base/str.h"

static struct limit_unified *grow(struct arena *arena, struct cgroup_limits *limits, size_t more)
{
	struct limit_unified *grown = arena_array(arena, limits->n_unified + more, sizeof(*grown));

	if (limits->n_unified)
		memcpy(grown, limits->unified, limits->n_unified * sizeof(*grown));
	limits->unified = grown;
	return grown;
}

int extra_limits_add(struct arena *arena, const struct key_value *annotations, size_t n_annotations,
		     const char *const *given, struct cgroup_limits *limits, struct error *err)
{
	const size_t prefix = strlen(EXTRA_LIMIT_ANNOTATION);
	size_t count = str_list_length(given);
	struct limit_unified *unified;

	for (size_t i = 0; i < n_annotations; i++)
		count += str_starts(annotations[i].key, EXTRA_LIMIT_ANNOTATION);
	if (count == 0)
		return 0;
	unified = grow(arena, limits, count);
	for (size_t i = 0; i < n_annotations; i++)
		if (str_starts(annotations[i].key, EXTRA_LIMIT_ANNOTATION))
			unified[limits->n_unified++] =
				(struct limit_unified){ annotations[i].key + prefix, annotations[i].value };
	for (; given && *given; given++) {
		const char *equals = strchr(*given, '=');

		if (!equals || equals == *given)
			return refuse(err, "--limit: expected FILE=VALUE like memory.high=64m, found \"%.100s\"",
				      *given);
		unified[limits->n_unified++] =
			(struct limit_unified){ arena_strndup(arena, *given, (size_t)(equals - *given)), equals + 1 };
	}
	return 0;
}
