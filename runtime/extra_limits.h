/*
 * extra_limits.h - cgroup files beyond linux.resources: what `--limit FILE=VALUE` and the annotations
 * "run.coffer.limit.FILE" set, for engines that have no other way to say memory.high, memory.min, memory.zswap.max,
 * cpu.uclamp.min, io.latency and whatever the kernel has next. They act as more lines of linux.resources.unified.
 */
#pragma once

#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/json.h"
#include "cgroups/limits.h"

#define EXTRA_LIMIT_ANNOTATION "run.coffer.limit."

/* Adds the annotations and then `given` (NULL-terminated "FILE=VALUE", may be NULL): the last one of a file stays. */
int extra_limits_add(struct arena *arena, const struct key_value *annotations, size_t n_annotations,
		     const char *const *given, struct cgroup_limits *limits, struct error *err);
