/*
 * events.h - inside cgroups/: the two flags of cgroup.events, "populated" (hierarchical) and "frozen".
 */
#pragma once

#include <stdbool.h>

enum cgroup_event { EVENT_POPULATED, EVENT_FROZEN };

/* 1, 0, or -errno without text (-ENOENT for the root cgroup, -ENODEV or -ENOENT for a removed one). */
int events_read(int cgroup_fd, enum cgroup_event event);

/* Waits until the flag has the wanted value, at most timeout_ms (negative: without end). 0, -ETIMEDOUT or -errno. */
int events_wait(int cgroup_fd, enum cgroup_event event, bool wanted, int timeout_ms);
