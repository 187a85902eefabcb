/* tasks.h - inside cgroups/: the tasks (threads) of a cgroup and of what is below it, each in its turn. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

/* Goes on while it says so. A task outside the reader's pid namespace is 0: the reader itself in system calls. */
typedef bool task_fn(pid_t task, void *data);

/* Of this cgroup alone. 0, -ECANCELED when `act` has refused, or -errno. */
int tasks_of(int cgroup_fd, task_fn *act, void *data);

/* With all that is below, if that is 64 cgroups at most (-E2BIG), so that the time for it is bounded. */
int tasks_below(int cgroup_fd, task_fn *act, void *data);
