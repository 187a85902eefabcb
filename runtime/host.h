/*
 * host.h - what the machine and the caller are, probed once a command: the second, const input of the plan.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"
#include "cgroups/cgroup.h"
#include "cgroups/systemd.h"
#include "container.h"
#include "namespaces/idmap.h"

struct host {
	uid_t uid;
	gid_t gid;
	bool privileged;            /* effective uid 0 in the current user namespace: no namespace of our own needed */
	bool initial_user_ns;       /* the user namespace maps all ids 1:1 */
	bool apparmor, selinux;     /* the kernel has them enabled */
	struct id_maps caller_maps; /* not privileged: the ids that a user namespace of the caller can have */
	bool delegated;             /* not privileged: cgroups can be made beside the own and processes moved there */
	struct cgroup_host cgroup;  /* root_fd -1: no v2 mount, or the manager is "disabled" */
	const char *systemd_cgroup; /* what has its units, in the arena; NULL: the manager is another */
	struct systemd *systemd;    /* connected, until the cgroup is made */
	bool systemd_of_user;       /* it is the user's own */
};

/* Strings and maps live in `arena`. */
int host_probe(const struct runtime *runtime, struct arena *arena, struct host *ret_host, struct error *err);
void host_close(struct host *host);

/* The socket of the systemd whose scopes the caller's containers are in, the system's or the user's. In `arena`. */
int host_systemd_socket(struct arena *arena, const char **ret_socket, struct error *err);

/* Is this the initial user namespace? If not, the caller's other namespaces may belong to one above its own. */
bool host_in_initial_user_ns(void);
