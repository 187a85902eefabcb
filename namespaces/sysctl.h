/*
 * sysctl.h - kernel parameters that belong to a namespace the container owns (runtime-spec config-linux.md "sysctl").
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct sysctl {
	const char *name; /* "net.ipv4.ip_forward", "net/ipv4/ip_forward"; the first separator says which of the two is
			     it, and the other one then stands for itself: "net.ipv4.conf.eth0/1.forwarding" */
	const char *value;
};

/* Which namespaces the container has of its own: only their parameters may be set. */
struct sysctl_scope {
	bool ipc, network, uts;
	bool user;                         /* user.* limits of an own user namespace */
	bool own_hostname, own_domainname; /* the config sets this one by its own field already */
};

/* Refuses a name outside the scope, with '.', '..' or empty parts, kernel.hostname beside an own hostname field (and
   kernel.domainname likewise), and a value with a newline. Text names the parameter and what is missing. Pure. */
int sysctl_validate(const struct sysctl *sysctls, size_t n_sysctls, const struct sysctl_scope *scope,
		    struct error *err);

/* Writes them below proc_fd, the root of a procfs that nothing is mounted over: a detached fsmount, not a path. */
int sysctl_apply(int proc_fd, const struct sysctl *sysctls, size_t n_sysctls, struct error *err);
