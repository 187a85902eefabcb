/*
 * cgroup_manager.h - what of a container's cgroup depends on who manages the tree it is in: coffer itself (cgroupfs) or
 * systemd, which wants to make all but the last directory (cgroups/systemd.h). Private to runtime/.
 */
#pragma once

#include <sys/types.h>

#include "base/arena.h"
#include "base/error.h"
#include "cgroups/cgroup.h"
#include "host.h"
#include "state.h"

/*
 * The path of a container's cgroup by linux.cgroupsPath, which may be NULL or "". cgroupfs: an absolute path is taken
 * below the mount, another one beside the caller's own cgroup, and so is the id without one (runtime-spec: "Cgroups
 * Path" leaves that to the runtime). systemd: SLICE:PREFIX:NAME. Pure; in `arena`.
 */
int cgroup_manager_path(const struct host *host, struct arena *arena, const char *cgroups_path, const char *id,
			const char **ret_path, struct error *err);

/* Would cgroup_manager_make() take it as one that nobody uses? See cgroup_check_unused(). */
int cgroup_manager_check_unused(const struct host *host, const char *path, struct error *err);

/* Makes it with the controllers of the limits, and closes the connection to systemd. *ret_holder:
   systemd_start_scope(), to be let go of by systemd_let_go(); 0 if there is none. */
int cgroup_manager_make(struct host *host, const char *path, const char *id, const struct limit_plan *limits,
			struct cgroup **ret_cgroup, pid_t *ret_holder, struct error *err);

/* After an update of its limits: what of them the scope has, too, if there is one. */
int cgroup_manager_set_weights(enum cgroup_manager manager, const char *path, const struct scope_weights *weights,
			       struct error *err);

/* Removes it with what the manager made for it; one that is gone is success. */
int cgroup_manager_remove(enum cgroup_manager manager, const struct cgroup_host *host, const char *path,
			  struct error *err);
