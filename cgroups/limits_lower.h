/*
 * limits_lower.h - inside cgroups/: room below a smaller memory.max before it is written, since the kernel kills where
 * there is none.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "cgroup.h"

/*
 * Brings memory.current to `target` bytes or below: memory.high as a brake, memory.reclaim, then a freeze, so that
 * nothing grows until memory.max is written. *ret_frozen: this call froze the cgroup, and lower_end() has to thaw it.
 * -EBUSY with the numbers, and all as it was, if that much cannot be reclaimed.
 */
int lower_begin(const struct cgroup *cgroup, uint64_t target, bool *ret_frozen, struct error *err);
void lower_end(const struct cgroup *cgroup, bool frozen);
