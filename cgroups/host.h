/*
 * host.h - inside cgroups/: controllers by name, and why one is not there.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "cgroup.h"

/* Bits of the names in a space-separated list ("cpu io memory"); unknown names are left out. */
uint32_t host_parse_controllers(const char *list);

/* True if /proc/self/cgroup `text` shows the controller (any, for NULL) on a v1 hierarchy. */
bool host_on_v1(const char *text, const char *controller);

/* Copies the path of the v2 line of /proc/self/cgroup `text`; -ENOENT if there is none, -ENAMETOOLONG. */
int host_own_path(const char *text, char *buffer, size_t size);

/* Copies the mount point of the first cgroup2 mount in mountinfo `text`; -ENOENT if there is none. */
int host_find_mount(const char *text, char *buffer, size_t size);

/* 0 if the v2 root has all of the wanted controllers; else -ENOTSUP, with which is missing, why, and what to do. */
int host_require(const struct cgroup_host *host, uint32_t wanted, struct error *err);
