/*
 * enable.h - inside cgroups/: controllers of a cgroup, given to it by its ancestors' cgroup.subtree_control.
 */
#pragma once

#include <stdint.h>

#include "base/error.h"
#include "cgroup.h"

/* Sees to it that the cgroup has the wanted controllers: one read if it does, else the ancestors from the root down,
   each written only if something is missing there. */
int enable_controllers(const struct cgroup_host *host, const struct cgroup *cgroup, uint32_t wanted, struct error *err);
