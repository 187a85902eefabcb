/*
 * cgroup.h - one cgroup of the v2 hierarchy: made, opened, read, frozen, killed, removed.
 *
 * Kernel: Documentation/admin-guide/cgroup-v2.rst. Only v2: the unified mount, or the v2 half of a hybrid one with the
 * controllers it has. Limits are in limits.h, device access in devices.h, numbers in stats.h.
 * No function here knows OCI; paths are cgroup paths: absolute, "/" is the root of the v2 mount.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/cleanup.h"
#include "base/error.h"

enum cgroup_controller {
	CGROUP_CPUSET,
	CGROUP_CPU,
	CGROUP_IO,
	CGROUP_MEMORY,
	CGROUP_HUGETLB,
	CGROUP_PIDS,
	CGROUP_RDMA,
	CGROUP_MISC,
	CGROUP_CONTROLLER_MAX,
};

/* What the machine offers, probed once per command. */
struct cgroup_host {
	int root_fd;           /* O_PATH directory of the v2 mount, -1 if there is none */
	char mount_point[128]; /* "/sys/fs/cgroup", or "/sys/fs/cgroup/unified" on a hybrid host; found with statfs,
				  mountinfo only if it is elsewhere */
	char own_path[4096];   /* the v2 cgroup of the calling process, from /proc/self/cgroup; "" if it has none,
				  "/.." in front above the cgroup namespace */
	uint32_t controllers;  /* bit per enum cgroup_controller, of the root */
	bool hybrid;           /* other controllers are on v1 mounts */
};

int cgroup_host_probe(struct cgroup_host *ret_host, struct error *err);
void cgroup_host_close(struct cgroup_host *host);

const char *cgroup_controller_name(enum cgroup_controller controller);

/* A cgroup, held by its directory fd: survives renames of nothing and races with nobody. */
struct cgroup;

/*
 * Makes the cgroup and its missing parents, enabling `controllers` (bits) in every ancestor's cgroup.subtree_control on
 * the way. A controller that cannot be enabled is an error naming it and the ancestor (busy ancestor: the "no internal
 * processes" rule is explained). The leaf must be new or empty of processes. Whatever directories were made here are
 * removed again on failure.
 */
int cgroup_create(const struct cgroup_host *host, const char *path, uint32_t controllers, struct cgroup **ret_cgroup,
		  struct error *err);

/*
 * Would cgroup_create() take the cgroup as one that nobody uses? To be asked before the path is written down anywhere
 * as a container's: what is written down is killed when the container is deleted.
 */
int cgroup_check_unused(const struct cgroup_host *host, const char *path, struct error *err);

/* Enables what else the host has, where that works: memory.events, pids.current and the like are how engines see a
   container, limited or not. Best effort: a controller that cannot be had is left out. */
void cgroup_enable_available(const struct cgroup_host *host, const struct cgroup *cgroup);

int cgroup_open(const struct cgroup_host *host, const char *path, struct cgroup **ret_cgroup, struct error *err);
void cgroup_close(struct cgroup *cgroup); /* NULL-safe; removes nothing */

int cgroup_fd(const struct cgroup *cgroup);           /* directory fd for CLONE_INTO_CGROUP and openat; stays owned */
const char *cgroup_path(const struct cgroup *cgroup); /* absolute path below the v2 mount */

/* Gives the directory and the files listed in /sys/kernel/cgroup/delegate to uid:gid, so that a container with its own
   cgroup and user namespace can manage its subtree. */
int cgroup_delegate(const struct cgroup *cgroup, uid_t uid, gid_t gid, struct error *err);

/* Moves a process in; pid > 0. */
int cgroup_attach(const struct cgroup *cgroup, pid_t pid, struct error *err);

/* The text for a CLONE_INTO_CGROUP that failed with errno `code`: threaded, domain invalid, busy with children ...
   Returns -code. */
int cgroup_attach_failed(const struct cgroup *cgroup, int code, struct error *err);

/* cgroup.freeze, then waits on cgroup.events (poll, no busy loop) until it shows the state, at most timeout_ms
   (negative: without end): 0, or -ETIMEDOUT with text; what was asked for stays asked for. */
int cgroup_freeze(const struct cgroup *cgroup, bool frozen, int timeout_ms, struct error *err);
/* One that was removed meanwhile is not frozen. */
int cgroup_is_frozen(const struct cgroup *cgroup, bool *ret_frozen, struct error *err);

/* SIGKILL to every process of the subtree, by cgroup.kill where the kernel has it, else by walking frozen procs. */
int cgroup_kill(const struct cgroup *cgroup, struct error *err);

/* Any other signal to every process of the subtree. */
int cgroup_signal(const struct cgroup *cgroup, int signal, struct error *err);

/* All pids of the subtree in the caller's pid namespace, sorted; the caller frees. */
int cgroup_pids(const struct cgroup *cgroup, pid_t **ret_pids, size_t *ret_count, struct error *err);

/* Waits until the subtree is empty ("populated 0"), at most timeout_ms: 0, or -ETIMEDOUT with text. */
int cgroup_wait_empty(const struct cgroup *cgroup, int timeout_ms, struct error *err);

/*
 * Removes the cgroup at path with all its children, deepest first; a missing one is success. EBUSY right after a kill
 * is waited out (populated, then a short bounded back-off). Empty parents that coffer made are left: they are shared.
 */
int cgroup_remove(const struct cgroup_host *host, const char *path, struct error *err);

DEFINE_AUTO(cgroup, struct cgroup, cgroup_close)
#define auto_cgroup auto_cleanup(cleanup_cgroup)
