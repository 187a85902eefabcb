/*
 * kill.h - inside cgroups/: the way of cgroup_kill() on kernels before 5.14, apart so that a test can take it.
 */
#pragma once

#include "base/error.h"
#include "cgroup.h"

/* Freezes, sends SIGKILL to all, thaws; again until no process is left that was not signalled. */
int kill_by_walking(const struct cgroup *cgroup, struct error *err);
