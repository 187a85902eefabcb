/*
 * events.h - inside cgroups/: the two flags of cgroup.events, "populated" (hierarchical) and "frozen".
 */
#pragma once

#include <stdbool.h>

enum cgroup_event { EVENT_POPULATED, EVENT_FROZEN };

/* 1, 0, or -errno without text (-ENOENT for the root cgroup, -ENODEV or -ENOENT for a removed one). */
int events_read(int cgroup_fd, enum cgroup_event event);

/*
 * Waits until the flag has the wanted value, at most timeout_ms (negative: without end). 0, -ETIMEDOUT or -errno.
 * Waiting for a thaw also ends when the cgroup is empty: the kernel may leave "frozen 1" for good on one whose tasks
 * were killed while frozen (seen on 6.18).
 */
int events_wait(int cgroup_fd, enum cgroup_event event, bool wanted, int timeout_ms);
