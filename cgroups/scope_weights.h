/*
 * scope_weights.h - what of a container's limits counts beside other cgroups only: weights, and memory that is
 * protected, which is never more than what the cgroup above has. In a scope of systemd the container's cgroup is alone,
 * so the scope has to have these, too, as properties (systemd.resource-control(5)): what is written to the scope's
 * files is undone whenever systemd applies its own.
 */
#pragma once

#include <stdbool.h>

#include "base/opt.h"
#include "limits.h"

enum scope_weight { SCOPE_CPU_WEIGHT, SCOPE_IO_WEIGHT, SCOPE_MEMORY_LOW, SCOPE_MEMORY_MIN, SCOPE_WEIGHT_MAX };

/* In the units of the properties: weights of 1..10000, and 0 for an idle cpu; bytes, UINT64_MAX for all. */
struct scope_weights {
	struct opt_u64 values[SCOPE_WEIGHT_MAX];
};

/* Of the writes of the plan to a cgroup that is idle (cpu.idle 1) or not. What the kernel would refuse to write is left
   out. Pure. */
struct scope_weights scope_weights_of(const struct limit_plan *plan, bool idle);

bool scope_weights_any(const struct scope_weights *weights);

/* All of them have the type "t". */
const char *scope_weight_property(enum scope_weight weight);
