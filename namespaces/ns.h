/*
 * ns.h - the one namespace table: clone flag, /proc name, OCI name.
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

enum ns_type { NS_USER, NS_PID, NS_NETWORK, NS_IPC, NS_UTS, NS_TIME, NS_CGROUP, NS_MOUNT, NS_TYPE_MAX };

struct ns_info {
	const char *name; /* runtime-spec: "user", "pid", "network", "ipc", "uts", "time", "cgroup", "mount" */
	const char *proc; /* /proc/PID/ns/ entry: "user", "pid", "net", "ipc", "uts", "time", "cgroup", "mnt" */
	uint64_t flag;    /* CLONE_NEW* */
};

const struct ns_info *ns_info(enum ns_type type);

/* Type of a runtime-spec name, or -EINVAL. */
int ns_by_name(const char *name);

/* Opens a namespace file and checks with NS_GET_NSTYPE that it is of this type. Returns the fd. */
int ns_open(enum ns_type type, const char *path, struct error *err);

/* setns(2) by table. */
int ns_join(enum ns_type type, int fd, struct error *err);
